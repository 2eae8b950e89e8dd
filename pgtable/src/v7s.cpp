// VMSAv8-32 Short-descriptor format (DDI 0487 G5.4).
#include "descriptor.h"
#include "short_descriptor.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {
namespace {

using namespace detail;
namespace sd = short_descriptor;

constexpr unsigned field(std::uint32_t value, unsigned shift, std::uint32_t mask) {
  return (value >> shift) & mask;
}

// G5.4.2: what the four kinds of leaf say, each with its fields at other places
struct ShortLeaf {
  unsigned shift;
  std::uint64_t block;
  unsigned AP;     // AP[2:0]
  unsigned TEXCB;  // TEX[2:0], C, B
  bool S, nG, XN, PXN, NS;
};

constexpr unsigned make_ap(bool AP2, unsigned AP10) { return (AP2 ? 0b100U : 0U) | AP10; }
constexpr unsigned make_texcb(unsigned TEX, std::uint32_t d) {
  return TEX << 2 | ((d & sd::C) != 0 ? 0b10U : 0U) | ((d & sd::B) != 0 ? 0b01U : 0U);
}

// G5.4.1.1
ShortLeaf section(std::uint32_t d) {
  ShortLeaf leaf{};
  if ((d & sd::section_is_super) != 0) {
    leaf.shift = sd::supersection_shift;
    leaf.block = (d & sd::supersection_address_mask) |
                 std::uint64_t{field(d, sd::supersection_PA35_32_shift, 0xf)} << 32 |
                 std::uint64_t{field(d, sd::supersection_PA39_36_shift, 0xf)} << 36;
  } else {
    leaf.shift = sd::section_shift;
    leaf.block = d & sd::section_address_mask;
  }
  leaf.AP = make_ap((d & sd::section_AP2) != 0, field(d, sd::section_AP_shift, sd::AP_mask));
  leaf.TEXCB = make_texcb(field(d, sd::section_TEX_shift, sd::TEX_mask), d);
  leaf.S = (d & sd::section_S) != 0;
  leaf.nG = (d & sd::section_nG) != 0;
  leaf.XN = (d & sd::section_XN) != 0;
  leaf.PXN = (d & sd::section_PXN) != 0;
  leaf.NS = (d & sd::section_NS) != 0;
  return leaf;
}

// G5.4.1.2; PXN and NS are those of the level 1 descriptor `table`.
ShortLeaf page(std::uint32_t d, std::uint32_t table) {
  const bool small = (d & sd::small_page_type) != 0;
  ShortLeaf leaf{};
  leaf.shift = small ? sd::small_page_shift : sd::large_page_shift;
  leaf.block = d & (small ? sd::small_page_address_mask : sd::large_page_address_mask);
  leaf.AP = make_ap((d & sd::page_AP2) != 0, field(d, sd::page_AP_shift, sd::AP_mask));
  leaf.TEXCB =
      make_texcb(field(d, small ? sd::small_page_TEX_shift : sd::large_page_TEX_shift, sd::TEX_mask), d);
  leaf.S = (d & sd::page_S) != 0;
  leaf.nG = (d & sd::page_nG) != 0;
  leaf.XN = (d & (small ? sd::small_page_XN : sd::large_page_XN)) != 0;
  leaf.PXN = (table & sd::table_PXN) != 0;
  leaf.NS = (table & sd::table_NS) != 0;
  return leaf;
}

// G5.6.4: DACR
enum class Domain : unsigned { no_access = 0b00, client = 0b01, reserved = 0b10, manager = 0b11 };

// G5.6.1, G5.6.3 (pseudocode AArch32.S1SDHasPermissionsFault): Table G5-9, or Table G5-7 with AFE; execution
// needs the right to read.
Rights client_rights(const ShortLeaf& leaf, bool AFE, bool WXN, bool UWXN, bool PAN) {
  const unsigned AP = AFE ? leaf.AP | 1U : leaf.AP;  // AP[2:1] means what AP[2:0] does with AP[0] = 1
  // 0b100 is reserved: taken as no access
  const bool accessible = (AP & 0b011U) != 0;
  const bool writable = accessible && (AP & 0b100U) == 0;
  bool pr = accessible;
  bool pw = writable;
  const bool ur = (AP & 0b010U) != 0;
  const bool uw = writable && (AP & 0b011U) == 0b011U;
  const bool px = pr && !leaf.XN && !leaf.PXN && !(WXN && pw) && !(UWXN && uw);
  const bool ux = ur && !leaf.XN && !(WXN && uw);
  if (PAN && ur) pr = pw = false;  // G5.6.2: data accesses only
  const unsigned bits = (pr ? Rights::privileged_read : 0U) | (pw ? Rights::privileged_write : 0U) |
                        (px ? Rights::privileged_execute : 0U) | (ur ? Rights::unprivileged_read : 0U) |
                        (uw ? Rights::unprivileged_write : 0U) | (ux ? Rights::unprivileged_execute : 0U);
  return Rights{static_cast<std::uint8_t>(bits)};
}

// MAIR bytes of what short descriptors can name
constexpr unsigned device_nGnRnE = 0x00;
constexpr unsigned device_nGnRE = 0x04;
constexpr unsigned normal_non_cacheable = 0x44;
// Table G5-13 and NMRR.{IRn, ORn}: Non-cacheable, Write-Back Write-Allocate, Write-Through, Write-Back
constexpr unsigned cacheability(unsigned encoding) {
  constexpr unsigned nibbles[4] = {0b0100, 0b1111, 0b1010, 0b1110};
  return nibbles[encoding & 3U];
}
constexpr unsigned normal(unsigned outer, unsigned inner) {
  return cacheability(outer) << 4 | cacheability(inner);
}

constexpr Attributes attributes(unsigned memory, Shareability normal_SH) {
  return effective({static_cast<std::uint8_t>(memory), normal_SH});
}

// G5.7.2, Table G5-12 (pseudocode AArch32.DefaultTEXDecode). Reserved encodings may act as any other one, and
// one is IMPLEMENTATION DEFINED: the strictest type.
Attributes default_attributes(unsigned TEXCB, bool S) {
  const Shareability SH = S ? Shareability::outer : Shareability::non_shareable;
  if ((TEXCB & 0b10000U) != 0) return attributes(normal(TEXCB >> 2, TEXCB), SH);
  switch (TEXCB) {
    case 0b00001:
    case 0b01000:
      return attributes(device_nGnRE, SH);
    case 0b00010:
    case 0b00011:
      return attributes(normal(TEXCB, TEXCB), SH);
    case 0b00100:
      return attributes(normal_non_cacheable, SH);
    case 0b00111:
      return attributes(normal(0b01, 0b01), SH);
    default:
      return attributes(device_nGnRnE, SH);
  }
}

// G5.7.3, Tables G5-14 and G5-15 (pseudocode AArch32.RemappedTEXDecode). Encoding 6 is IMPLEMENTATION
// DEFINED: remapped as the others are. PRRR.{DS0, DS1} have no effect, all Device memory is Outer Shareable.
Attributes remapped_attributes(unsigned TEXCB, bool S, std::uint32_t PRRR, std::uint32_t NMRR) {
  const unsigned n = TEXCB & 0b111U;
  Shareability SH = Shareability::non_shareable;
  const bool shareable = (PRRR & bit(S ? 19 : 18)) != 0;                                      // NS1, NS0
  if (shareable) SH = (PRRR & bit(24 + n)) != 0 ? Shareability::inner : Shareability::outer;  // NOSn
  switch (field(PRRR, 2 * n, 3)) {
    case 0b01:
      return attributes(device_nGnRE, SH);
    case 0b10:
      return attributes(normal(field(NMRR, 16 + 2 * n, 3), field(NMRR, 2 * n, 3)), SH);
    default:  // 0b11 is reserved
      return attributes(device_nGnRnE, SH);
  }
}

}  // namespace

void Walk::start_v7s(const WalkSetup& setup) {
  const std::uint64_t va = m_request.va;
  if (exceeds(va, 32)) return end_with(Stage::stage1, FaultKind::translation, 1);
  // G5.4.4: TTBR1 translates what has a bit of VA[31:32-N] set.
  const unsigned range = exceeds(va, setup.m_stage1[0].input_bits) ? 1 : 0;
  m_result.range = static_cast<std::uint8_t>(range);
  m_stage1 = setup.m_stage1[range];
  if (m_stage1.EPD) return end_with(Stage::stage1, FaultKind::translation, 1);  // G5.3.4: PD0, PD1
  m_v7s = setup.m_v7s;
  m_level = 1;
  // G5.3.5.1: all table accesses are made to the address space of the walk, whatever NS says.
  m_table_space = m_stage1.NS ? AddressSpace::non_secure : m_rules.space;
  m_state = State::stage1_question;
}

// Order of checks as in the pseudocode: AArch32.S1WalkSD finds Translation and Access flag faults (G5.14.5),
// its caller AArch32.S1TranslateSD then checks the domain (G5.14.7) and, of clients only, the permissions.
void Walk::take_v7s(std::uint32_t descriptor) {
  const unsigned type = descriptor & sd::type_mask;
  if (type == 0b00) return end_with(Stage::stage1, FaultKind::translation, m_level);

  ShortLeaf leaf{};
  if (m_level == 1) {
    // G5.6.4: supersections have no domain field, they are in domain 0.
    const bool supersection = type != sd::table_type && (descriptor & sd::section_is_super) != 0;
    m_result.domain = static_cast<std::uint8_t>(supersection ? 0U : sd::domain_of(descriptor));
    if (type == sd::table_type) {
      m_v7s_table = descriptor;
      m_level = 2;
      if (!m_unaccessed) m_found = Found::stage1_table;
      return need_stage1(sd::level2_address(descriptor, m_request.va));
    }
    leaf = section(descriptor);
  } else {
    leaf = page(descriptor, m_v7s_table);
  }

  // Supersections alone have addresses of more than 32 bits (G5.4.1.1).
  if (exceeds(leaf.block, m_stage1.output_size)) {
    return end_with(Stage::stage1, FaultKind::address_size, m_level);
  }
  if (m_v7s.AFE && (leaf.AP & sd::AP_access_flag) == 0 && !m_stage1.AFFD) {  // G5.6.5
    return end_with(Stage::stage1, FaultKind::access_flag, m_level);
  }

  // G5.6.4. The reserved value may act as any other one. Also of an access that asks for no permission: what
  // it would leave in a TLB could not tell a Domain fault from a Permission fault.
  const Domain domain = static_cast<Domain>(field(m_v7s.DACR, 2U * (m_result.domain & sd::domain_mask), 3));
  if (domain == Domain::no_access || domain == Domain::reserved) {
    return end_with(Stage::stage1, FaultKind::domain, m_level);
  }
  const Rights rights = domain == Domain::manager
                            ? Rights{Rights::all}
                            : client_rights(leaf, m_v7s.AFE, m_rules.wxn, m_rules.uwxn, m_rules.pan);
  const Rights usable = m_request.DIPAN ? without_DIPAN_rights(rights) : rights;
  if (check_permission(usable, m_request) == PermissionCheck::denied) {
    m_result.fault.rights = usable;
    return end_with(Stage::stage1, FaultKind::permission, m_level);
  }

  const bool from_non_secure = m_table_space == AddressSpace::non_secure;
  Result& r = m_result;
  r.stage1.valid = true;
  r.stage1.level = m_level;
  r.stage1.block_shift = static_cast<std::uint8_t>(leaf.shift);
  r.stage1.range_shift = r.stage1.block_shift;
  r.stage1.descriptor = descriptor;
  r.block_shift = r.stage1.block_shift;
  r.range_shift = r.stage1.range_shift;
  r.nG = leaf.nG || (m_rules.space == AddressSpace::secure && from_non_secure);
  r.rights = rights;
  r.attributes = m_v7s.TRE ? remapped_attributes(leaf.TEXCB, leaf.S, m_v7s.PRRR, m_v7s.NMRR)
                           : default_attributes(leaf.TEXCB, leaf.S);
  r.space = from_non_secure || leaf.NS ? AddressSpace::non_secure : AddressSpace::secure;
  r.output = leaf.block | (m_request.va & low_bits(leaf.shift));
  finish_stage1();
}

}  // namespace smmuvp::pgtable
