// What the Builder writes in the Short-descriptor format (DDI 0487 G5.4).
#include "encoding.h"
#include "short_descriptor.h"

namespace smmuvp::pgtable::detail {
namespace {

using namespace short_descriptor;

constexpr int sections_level = 1;

class ShortEncoding : public Encoding {
 public:
  ShortEncoding(const Stage1Config& config, unsigned range) : m_afe(config.v7s.AFE) {
    m_geometry.start_level = 1;
    m_geometry.last_level = 2;
    m_geometry.page_shift = small_page_shift;
    m_geometry.stride = section_shift - small_page_shift;
    m_geometry.entry_shift = short_descriptor::descriptor_size_shift;
    // TTBCR.N takes bits from the table of TTBR0 only.
    m_geometry.first_index_bits = input_bits - section_shift - (range == 0 ? config.v7s.N : 0U);
    m_big_endian = config.big_endian;
  }

  unsigned table_address_bits() const override { return 32; }
  Kind kind(std::uint64_t descriptor, int level) const override {
    const std::uint32_t type = low(descriptor) & type_mask;
    if (type == 0) return Kind::invalid;
    return level == sections_level && type == table_type ? Kind::table : Kind::leaf;
  }

  std::uint64_t table_address(std::uint64_t descriptor) const override {
    return low(descriptor) & table_address_mask;
  }
  std::uint64_t table(std::uint64_t address, const Mapping& mapping) const override {
    return make_table(address, mapping.domain, mapping.NS, needs_pxn(mapping));
  }
  bool table_takes(std::uint64_t descriptor, const Mapping& mapping) const override {
    const std::uint32_t d = low(descriptor);
    return ((d >> domain_shift) & domain_mask) == mapping.domain && ((d & table_NS) != 0) == mapping.NS &&
           table_takes_rights(descriptor, mapping);
  }
  // XN forbids execution to both privileges: a table without PXN takes what no privilege executes.
  bool table_takes_rights(std::uint64_t descriptor, const MappingRights& r) const override {
    const bool PXN = (low(descriptor) & table_PXN) != 0;
    return PXN ? !r.privileged_execute : !needs_pxn(r);
  }
  std::uint64_t table_for_rights(std::uint64_t descriptor, const MappingRights& r) const override {
    return (low(descriptor) & ~table_PXN) | (needs_pxn(r) ? table_PXN : 0);
  }

  const char* refusal(const Mapping& mapping) const override {
    if (mapping.AttrIndx > 31) return "TEX, C and B have five bits";
    if (mapping.domain > domain_mask) return "domain is 0 to 15";
    if (mapping.SH == Shareability::reserved || static_cast<unsigned>(mapping.SH) > 3) {
      return "shareability 1 is reserved";
    }
    if (!mapping.accessed && !m_afe) return "v7s has an Access flag with AFE only";
    return refusal_of_rights(mapping);
  }
  const char* refusal_of_rights(const MappingRights& r) const override {
    if (r.DBM) return "only vmsa64 has dirty state";
    if (!r.readable && m_afe) return "with AFE leaves are always readable";
    if (!r.readable && r.writable) return "a write right needs a read right";
    if (!r.readable && (r.privileged_execute || r.unprivileged_execute))
      return "execution needs a read right";
    if (r.unprivileged_execute && !r.unprivileged) return "unprivileged execution needs a read right";
    if (r.unprivileged && r.privileged_execute && !r.unprivileged_execute) {
      return "XN forbids execution to both privileges";
    }
    return nullptr;
  }
  bool has_leaves(int) const override { return true; }
  unsigned run(int level, const Mapping& mapping) const override {
    if (!mapping.contiguous || (level == sections_level && mapping.domain != 0)) return 0;
    return log2_repeated;
  }
  unsigned output_bits(int level, bool in_run) const override {
    return level == sections_level && in_run ? short_descriptor::output_bits : 32;
  }

  std::uint64_t leaf(const Mapping& m, std::uint64_t output, int level, bool in_run) const override {
    const std::uint32_t TEX = (m.AttrIndx >> 2U) & TEX_mask;
    const bool S = m.SH != Shareability::non_shareable;
    std::uint32_t d = ((m.AttrIndx & 0b10U) != 0 ? C : 0) | ((m.AttrIndx & 0b01U) != 0 ? B : 0);
    std::uint32_t AF_bit = 0;
    if (level == sections_level) {
      d |= section_type | TEX << section_TEX_shift | (S ? section_S : 0) | (m.nG ? section_nG : 0) |
           (m.NS ? section_NS : 0);
      d |= in_run ? super_address(output)
                  : (low(output) & section_address_mask) | std::uint32_t{m.domain} << domain_shift;
      AF_bit = AP_access_flag << section_AP_shift;
    } else {
      d |= (S ? page_S : 0) | (m.nG ? page_nG : 0);
      d |= in_run ? large_page_type | (low(output) & large_page_address_mask) | TEX << large_page_TEX_shift
                  : small_page_type | (low(output) & small_page_address_mask) | TEX << small_page_TEX_shift;
      AF_bit = AP_access_flag << page_AP_shift;
    }
    if (m_afe && m.accessed) d |= AF_bit;
    return with_rights(d, level, m);
  }

  unsigned run_of(std::uint64_t leaf, int level) const override {
    return is_run(low(leaf), level) ? log2_repeated : 0;
  }
  bool run_is_leaf() const override { return true; }
  std::uint64_t without_run(std::uint64_t leaf, int level, std::uint64_t input) const override {
    const std::uint32_t d = low(leaf);
    if (!is_run(d, level)) return d;
    if (level == sections_level) {
      return (d & ~(low_bits32(supersection_shift) & section_address_mask) & ~section_is_super &
              ~(domain_mask << domain_shift)) |
             (low(input) & low_bits32(supersection_shift) & section_address_mask);
    }
    const std::uint32_t fields = page_AP2 | page_S | page_nG | C | B | AP_mask << page_AP_shift;
    return small_page_type | (d & fields) | (d & large_page_address_mask) |
           (low(input) & low_bits32(large_page_shift) & small_page_address_mask) |
           ((d >> large_page_TEX_shift) & TEX_mask) << small_page_TEX_shift |
           ((d & large_page_XN) != 0 ? small_page_XN : 0);
  }
  bool can_leave_run(std::uint64_t leaf, int level) const override {
    const std::uint32_t d = low(leaf);
    return level != sections_level || !is_run(d, level) || (super_output(d) >> 32) == 0;
  }

  std::uint64_t with_rights(std::uint64_t leaf, int level, const MappingRights& r) const override {
    std::uint32_t d = low(leaf);
    const bool XN_bit = !r.privileged_execute && !r.unprivileged_execute;
    unsigned AP_shift = page_AP_shift;
    std::uint32_t AP2 = page_AP2;
    std::uint32_t XN_mask = is_run(d, level) ? large_page_XN : small_page_XN;
    if (level == sections_level) {
      AP_shift = section_AP_shift;
      AP2 = section_AP2;
      XN_mask = section_XN;
      d = (d & ~section_PXN) | (needs_pxn(r) ? section_PXN : 0);
    }
    d = (d & ~XN_mask) | (XN_bit ? XN_mask : 0);
    // AP[2:1] as in other formats. AP[0] is the Access flag with AFE; without, it is clear only where nothing
    // is allowed.
    const bool none = !r.readable;
    const std::uint32_t kept = m_afe ? d & AP_access_flag << AP_shift : 0;
    d &= ~(AP2 | AP_mask << AP_shift);
    d |= kept;
    if (!none) {
      if (!m_afe) d |= AP_access_flag << AP_shift;
      if (r.unprivileged) d |= std::uint32_t{0b10} << AP_shift;
      if (!r.writable) d |= AP2;
    }
    return d;
  }

  // Of a section
  std::uint64_t part(std::uint64_t leaf, int, std::uint64_t index) const override {
    const std::uint32_t d = low(leaf);
    return small_page_type | (d & section_address_mask) | low(index) << small_page_shift | (d & (C | B)) |
           ((d >> section_TEX_shift) & TEX_mask) << small_page_TEX_shift |
           ((d >> section_AP_shift) & AP_mask) << page_AP_shift | ((d & section_AP2) != 0 ? page_AP2 : 0) |
           ((d & section_S) != 0 ? page_S : 0) | ((d & section_nG) != 0 ? page_nG : 0) |
           ((d & section_XN) != 0 ? small_page_XN : 0);
  }
  std::uint64_t table_of_parts(std::uint64_t address, std::uint64_t leaf) const override {
    const std::uint32_t d = low(leaf);
    return make_table(address, (d >> domain_shift) & domain_mask, (d & section_NS) != 0,
                      (d & section_PXN) != 0);
  }

 private:
  static constexpr unsigned log2_repeated = 4;
  static_assert(1U << log2_repeated == repeated_entries);

  static std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
  static bool needs_pxn(const MappingRights& r) { return r.unprivileged_execute && !r.privileged_execute; }
  static bool is_run(std::uint32_t leaf, int level) {
    return level == sections_level ? (leaf & section_is_super) != 0 : (leaf & type_mask) == large_page_type;
  }
  static std::uint64_t super_output(std::uint32_t d) {
    return (d & supersection_address_mask) |
           static_cast<std::uint64_t>((d >> supersection_PA35_32_shift) & 0xf) << 32 |
           static_cast<std::uint64_t>((d >> supersection_PA39_36_shift) & 0xf) << 36;
  }
  static std::uint32_t super_address(std::uint64_t output) {
    return section_is_super | (low(output) & supersection_address_mask) |
           (low(output >> 32) & 0xf) << supersection_PA35_32_shift |
           (low(output >> 36) & 0xf) << supersection_PA39_36_shift;
  }
  static std::uint64_t make_table(std::uint64_t address, std::uint32_t domain, bool NS_bit, bool PXN_bit) {
    return table_type | (low(address) & table_address_mask) | domain << domain_shift |
           (NS_bit ? table_NS : 0) | (PXN_bit ? table_PXN : 0);
  }

  bool m_afe;
};

}  // namespace

std::unique_ptr<Encoding> make_short_encoding(const Stage1Config& config, unsigned range) {
  return std::make_unique<ShortEncoding>(config, range);
}

}  // namespace smmuvp::pgtable::detail
