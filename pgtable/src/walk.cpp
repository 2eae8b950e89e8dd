#include "smmuvp/pgtable/walk.h"

#include "vmsa64.h"

namespace smmuvp::pgtable {
namespace {

constexpr bool exceeds(std::uint64_t address, unsigned bits) { return (address >> bits) != 0; }

// DDI 0487 D8.4, direct permissions of a regime with unprivileged accesses
Rights stage1_rights(std::uint64_t descriptor, unsigned table, bool WXN, bool PAN) {
  const bool writable = (descriptor & vmsa64::AP_read_only) == 0 && (table & vmsa64::APTable_read_only) == 0;
  const bool ur =
      (descriptor & vmsa64::AP_unprivileged) != 0 && (table & vmsa64::APTable_privileged_only) == 0;
  const bool uw = ur && writable;
  // What unprivileged code can write, privileged code cannot execute.
  bool px = (descriptor & vmsa64::PXN) == 0 && (table & vmsa64::PXNTable) == 0 && !uw;
  bool ux = (descriptor & vmsa64::UXN) == 0 && (table & vmsa64::UXNTable) == 0;
  if (WXN) {
    px = px && !writable;
    ux = ux && !uw;
  }
  // PAN concerns data accesses only, so WXN above has seen the right that PAN now takes away.
  const bool pr = !(PAN && ur);
  const bool pw = pr && writable;
  unsigned bits = 0;
  if (pr) bits |= Rights::privileged_read;
  if (pw) bits |= Rights::privileged_write;
  if (px) bits |= Rights::privileged_execute;
  if (ur) bits |= Rights::unprivileged_read;
  if (uw) bits |= Rights::unprivileged_write;
  if (ux) bits |= Rights::unprivileged_execute;
  return Rights{static_cast<std::uint8_t>(bits)};
}

}  // namespace

Walk::Walk(const Config& config, const WalkRequest& request) : m_request(request) {
  m_result.va = request.va;
  start(config);
}

void Walk::start(const Config& config) {
  if (!is_walkable(config)) return end_with(FaultKind::configuration);
  const std::uint64_t va = m_request.va;
  const Stage1Config& s1 = config.stage1;

  // DDI 0487 D8.2.4: VA[55] selects the range, with or without a tag; EPD is a Translation fault, level 0.
  m_result.range = static_cast<std::uint8_t>((va >> 55) & 1);
  const TableConfig& t = s1.tables[m_result.range];
  if (t.EPD) return end_with(FaultKind::translation);

  // D8.2.4, D8.8: all bits above the range, the tag excepted, equal VA[55]; else Translation fault, level 0.
  const unsigned ia_bits = 64U - t.TxSZ;
  const std::uint64_t excess = m_result.range != 0 ? ~va : va;
  const std::uint64_t examined = t.TBI ? excess & vmsa64::low_bits(56) : excess;
  if (exceeds(examined, ia_bits)) return end_with(FaultKind::translation);

  // D8.2.3: Address size fault, level 0, for the address in TTBR, whatever level comes first. Misaligned bits
  // are taken as zero, one of the choices for this CONSTRAINED UNPREDICTABLE case.
  if (exceeds(t.base, s1.output_size)) return end_with(FaultKind::address_size);
  m_level = static_cast<std::int8_t>(vmsa64::start_level(ia_bits));
  const unsigned index_bits = ia_bits - vmsa64::level_shift(m_level);
  m_table = t.base & ~vmsa64::low_bits(index_bits + vmsa64::descriptor_size_shift);
  m_table_space = t.NS ? AddressSpace::non_secure : config.space;

  m_hpd = t.HPD;
  m_wxn = s1.WXN;
  m_pan = s1.PAN;
  m_affd = s1.AFFD;
  m_output_size = s1.output_size;
  m_ia_bits = static_cast<std::uint8_t>(ia_bits);
  m_space = config.space;
  m_mair = s1.MAIR;
  m_op.big_endian = s1.big_endian;
  m_op.attributes = t.walk_attributes;
  need_descriptor(index_bits);
}

void Walk::need_descriptor(unsigned index_bits) {
  const std::uint64_t index = (m_request.va >> vmsa64::level_shift(m_level)) & vmsa64::low_bits(index_bits);
  m_op.address = m_table | (index << vmsa64::descriptor_size_shift);
  m_op.space = m_table_space;
  m_op.level = m_level;
  m_result.descriptors.add(m_op.address);
}

void Walk::complete(const MemoryResponse& response) {
  if (!m_asked) return;
  m_asked = false;
  if (response.status != MemoryStatus::ok) {
    m_result.fault.fault_class = FaultClass::table;
    m_result.fault.table_address = m_op.address;
    return end_with(FaultKind::external_abort);
  }
  const std::uint64_t descriptor = response.data;
  const bool table_or_page = (descriptor & vmsa64::table_or_page) != 0;
  if ((descriptor & vmsa64::valid) == 0) return end_with(FaultKind::translation);
  if (table_or_page && m_level < vmsa64::last_level) return take_table(descriptor);
  // D8.3, D8.3.1.2: 0b01 is a block at levels 1 and 2. It is reserved at level 0 (without 52-bit addresses)
  // and at level 3, and then behaves as invalid.
  if (!table_or_page && (m_level == 0 || m_level == vmsa64::last_level))
    return end_with(FaultKind::translation);
  take_leaf(descriptor);
}

void Walk::take_table(std::uint64_t descriptor) {
  m_table = descriptor & vmsa64::address_mask;
  if (exceeds(m_table, m_output_size)) return end_with(FaultKind::address_size);
  if (!m_hpd) {
    m_table_permissions |= static_cast<std::uint8_t>((descriptor >> vmsa64::table_permissions_shift) & 0xf);
  }
  // From a Non-secure table there is no way back to Secure; HPD does not disable NSTable.
  if ((descriptor & vmsa64::NSTable) != 0) m_table_space = AddressSpace::non_secure;
  ++m_level;
  need_descriptor(vmsa64::bits_per_level);
}

// Order of checks as in DDI 0487 D8 (pseudocode of the stage 1 walk): output size, Access flag, permission.
void Walk::take_leaf(std::uint64_t descriptor) {
  const unsigned shift = vmsa64::level_shift(m_level);
  const std::uint64_t block = descriptor & vmsa64::address_mask & ~vmsa64::low_bits(shift);
  if (exceeds(block, m_output_size)) return end_with(FaultKind::address_size);
  if ((descriptor & vmsa64::AF) == 0 && !m_affd) return end_with(FaultKind::access_flag);
  const Rights rights = stage1_rights(descriptor, m_table_permissions, m_wxn, m_pan);
  if (check_permission(rights, m_request) == PermissionCheck::denied) return end_with(FaultKind::permission);

  const unsigned attr_index = static_cast<unsigned>(descriptor >> vmsa64::AttrIndx_shift) & 7;
  const bool from_non_secure = m_table_space == AddressSpace::non_secure;
  // The hint counts only where one entry for the whole range would translate this descriptor's part as the
  // descriptor does, and would let no address out of the VA range or the output size (DDI 0487 D8.7.1).
  const unsigned contiguous_range = shift + vmsa64::contiguous_shift;
  const bool contiguous =
      (descriptor & vmsa64::Contiguous) != 0 && contiguous_range <= m_ia_bits &&
      contiguous_range <= m_output_size &&
      ((block ^ m_request.va) & vmsa64::low_bits(contiguous_range) & ~vmsa64::low_bits(shift)) == 0;

  m_result.stage1.valid = true;
  m_result.stage1.level = m_level;
  m_result.stage1.block_shift = static_cast<std::uint8_t>(shift);
  m_result.stage1.range_shift = static_cast<std::uint8_t>(contiguous ? contiguous_range : shift);
  m_result.stage1.descriptor = descriptor;
  m_result.block_shift = m_result.stage1.block_shift;
  m_result.range_shift = m_result.stage1.range_shift;
  // A Secure translation that went through NSTable=1 is treated as non-global.
  m_result.nG = (descriptor & vmsa64::nG) != 0 || (m_space == AddressSpace::secure && from_non_secure);
  m_result.rights = rights;
  m_result.attributes.memory = static_cast<std::uint8_t>(m_mair >> (8 * attr_index));
  m_result.attributes.SH = static_cast<Shareability>((descriptor >> vmsa64::SH_shift) & 3);
  m_result.space =
      from_non_secure || (descriptor & vmsa64::NS) != 0 ? AddressSpace::non_secure : AddressSpace::secure;
  m_result.output = block | (m_request.va & vmsa64::low_bits(shift));
  m_done = true;
}

void Walk::end_with(FaultKind kind) {
  Fault& f = m_result.fault;
  f.kind = kind;
  f.level = m_level;
  f.access = m_request.access;
  f.privileged = m_request.privileged;
  f.va = m_request.va;
  m_done = true;
}

// Whether the state is one that a walk can reach: an archive may hold anything.
bool Walk::is_consistent() const {
  const Result& r = m_result;
  if (r.range > 1 || r.stage1.block_shift > 48 || r.block_shift > 48 || r.range_shift > 48) return false;
  if (m_done) return true;
  return m_level >= 0 && m_level <= vmsa64::last_level && m_ia_bits >= 25 && m_ia_bits <= 48 &&
         m_output_size >= 32 && m_output_size <= 48 && m_op.kind == MemoryOpKind::read && m_op.size == 8 &&
         (m_op.address & 7) == 0;
}

const char* to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::none:
      return "none";
    case FaultKind::translation:
      return "translation";
    case FaultKind::address_size:
      return "address size";
    case FaultKind::access_flag:
      return "access flag";
    case FaultKind::permission:
      return "permission";
    case FaultKind::domain:
      return "domain";
    case FaultKind::external_abort:
      return "external abort on a table access";
    case FaultKind::unsupported_atomic:
      return "unsupported atomic update of a table";
    case FaultKind::configuration:
      return "configuration";
  }
  return "?";
}

}  // namespace smmuvp::pgtable
