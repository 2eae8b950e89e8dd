// What the Builder writes in the Long-descriptor formats: VMSAv8-64, VMSAv8-32 LPAE, Mali; both stages.
#include "encoding.h"

namespace smmuvp::pgtable::detail {
namespace {

class LongEncoding : public Encoding {
 public:
  explicit LongEncoding(const Lookup& lookup) : m_lookup(lookup) {
    m_geometry.start_level = lookup.start_level;
    m_geometry.last_level = last_level;
    m_geometry.page_shift = lookup.granule_shift;
    m_geometry.stride = lookup.stride;
    m_geometry.entry_shift = descriptor_size_shift;
    m_geometry.first_index_bits = lookup.first_index_bits;
    m_big_endian = lookup.big_endian;
  }

  unsigned table_address_bits() const override { return m_lookup.output_size; }
  Kind kind(std::uint64_t descriptor, int level) const override {
    return kind_of(m_lookup.kinds, level, descriptor);
  }
  std::uint64_t table_address(std::uint64_t descriptor) const override {
    return output_address(m_lookup, descriptor);
  }
  std::uint64_t table(std::uint64_t address, const Mapping&) const override {
    return encode_address(address) | 0b11;
  }
  bool table_takes(std::uint64_t, const Mapping&) const override { return true; }
  bool table_takes_rights(std::uint64_t, const MappingRights&) const override { return true; }
  std::uint64_t table_for_rights(std::uint64_t descriptor, const MappingRights&) const override {
    return descriptor;
  }

  bool has_leaves(int level) const override { return level == last_level || kind(0b01, level) == Kind::leaf; }
  // DDI 0487 D8.7.1; a run that is larger than the input range or the output size is no run.
  unsigned run(int level, const Mapping& mapping) const override {
    if (!mapping.contiguous || level < 0) return 0;
    const unsigned log2_leaves = m_lookup.contiguous[static_cast<unsigned>(level)];
    const unsigned range = level_shift(m_lookup, level) + log2_leaves;
    return range <= m_lookup.input_bits && range <= m_lookup.output_size ? log2_leaves : 0;
  }
  unsigned output_bits(int, bool) const override { return m_lookup.output_size; }

  std::uint64_t leaf(const Mapping& mapping, std::uint64_t output, int level, bool in_run) const override {
    std::uint64_t d = encode_address(output) | attributes(mapping) | rights(mapping);
    // Level 3: 0b11 is a page; on a Mali 0b01 at every level.
    d |= level == last_level && m_lookup.format != Format::mali_lpae ? 0b11U : 0b01U;
    // With DS bits [9:8] are OA[51:50].
    if (!m_lookup.DS) d |= static_cast<std::uint64_t>(mapping.SH) << SH_shift;
    if (in_run) d |= Contiguous;
    return d;
  }

  unsigned run_of(std::uint64_t leaf, int level) const override {
    Mapping mapping;
    mapping.contiguous = (leaf & Contiguous) != 0;
    return run(level, mapping);
  }
  bool run_is_leaf() const override { return false; }
  std::uint64_t without_run(std::uint64_t leaf, int, std::uint64_t) const override {
    return leaf & ~Contiguous;
  }
  bool can_leave_run(std::uint64_t, int) const override { return true; }
  std::uint64_t with_rights(std::uint64_t leaf, int, const MappingRights& r) const override {
    return (leaf & ~rights_mask()) | rights(r);
  }

  std::uint64_t part(std::uint64_t leaf, int level, std::uint64_t index) const override {
    const std::uint64_t output = output_address(m_lookup, leaf) & ~low_bits(level_shift(m_lookup, level));
    std::uint64_t d = leaf & ~(m_lookup.address_mask | m_lookup.high_mask);
    d |= encode_address(output | index << level_shift(m_lookup, level + 1));
    if (level + 1 == last_level && m_lookup.format != Format::mali_lpae) d |= 0b11;
    return d;
  }
  std::uint64_t table_of_parts(std::uint64_t address, std::uint64_t) const override {
    return encode_address(address) | 0b11;
  }

 protected:
  virtual std::uint64_t attributes(const Mapping& mapping) const = 0;
  virtual std::uint64_t rights(const MappingRights& rights) const = 0;
  virtual std::uint64_t rights_mask() const = 0;

  const Lookup& lookup() const { return m_lookup; }

 private:
  std::uint64_t encode_address(std::uint64_t address) const {
    return (address & m_lookup.address_mask) | ((address >> m_lookup.high_shift) & m_lookup.high_mask);
  }

  Lookup m_lookup;
};

const char* common_refusal(const Mapping& mapping) {
  if (mapping.AttrIndx > 7) return "AttrIndx is 0 to 7";
  if (mapping.MemAttr > 0xf) return "MemAttr has four bits";
  if (static_cast<unsigned>(mapping.SH) > 3) return "SH has two bits";
  if (mapping.domain != 0) return "only v7s has domains";
  return nullptr;
}

// DDI 0487 D8.4, G5.5. In regimes with one privilege AP[1] is RES1, PXN and nG are RES0.
class Stage1Encoding : public LongEncoding {
 public:
  Stage1Encoding(const Lookup& lookup, bool two_privileges)
      : LongEncoding(lookup), m_two_privileges(two_privileges) {}

  const char* refusal(const Mapping& mapping) const override {
    if (const char* common = common_refusal(mapping)) return common;
    return refusal_of_rights(mapping);
  }
  const char* refusal_of_rights(const MappingRights& r) const override {
    if (!r.readable) return "stage 1 leaves are always readable";
    if (!m_two_privileges && r.unprivileged_execute) return "the regime has no unprivileged execution";
    if (lookup().format == Format::vmsa64) return nullptr;
    if (r.DBM) return "only vmsa64 has dirty state";
    if (r.unprivileged_execute && !r.unprivileged) return "unprivileged execution needs a read right";
    if (m_two_privileges && r.unprivileged && r.privileged_execute && !r.unprivileged_execute) {
      return "XN forbids execution to both privileges";
    }
    return nullptr;
  }

 protected:
  std::uint64_t attributes(const Mapping& mapping) const override {
    std::uint64_t d = static_cast<std::uint64_t>(mapping.AttrIndx) << AttrIndx_shift;
    if (mapping.NS) d |= NS;
    if (mapping.accessed) d |= AF;
    if (mapping.nG && m_two_privileges) d |= nG;
    return d;
  }
  std::uint64_t rights(const MappingRights& r) const override {
    std::uint64_t d = r.writable ? 0 : AP_read_only;
    if (r.DBM) d |= DBM;
    if (!m_two_privileges) return d | AP_unprivileged | (r.privileged_execute ? 0 : XN);
    if (r.unprivileged) d |= AP_unprivileged;
    if (!r.privileged_execute) d |= PXN;
    const bool shared = lookup().format == Format::lpae32;
    if (!r.unprivileged_execute && !(shared && r.privileged_execute)) d |= XN;
    return d;
  }
  std::uint64_t rights_mask() const override {
    return AP_unprivileged | AP_read_only | PXN | XN | (lookup().format == Format::vmsa64 ? DBM : 0);
  }

 private:
  bool m_two_privileges;
};

// Rights where other formats have AP, as in stage 2; no Access flag, no nG. As Linux's io-pgtable makes it.
class MaliEncoding : public LongEncoding {
 public:
  using LongEncoding::LongEncoding;

  const char* refusal(const Mapping& mapping) const override {
    if (const char* common = common_refusal(mapping)) return common;
    if (!mapping.accessed) return "a Mali has no Access flag";
    if (mapping.NS) return "a Mali has no NS";
    if (mapping.contiguous) return "a Mali has no contiguous hint";
    return refusal_of_rights(mapping);
  }
  const char* refusal_of_rights(const MappingRights& r) const override {
    if (r.unprivileged_execute) return "a Mali has no unprivileged execution";
    if (r.DBM) return "only vmsa64 has dirty state";
    if (r.privileged_execute && !r.readable) return "execution needs a read right";
    return nullptr;
  }

 protected:
  std::uint64_t attributes(const Mapping& mapping) const override {
    return static_cast<std::uint64_t>(mapping.AttrIndx) << AttrIndx_shift;
  }
  std::uint64_t rights(const MappingRights& r) const override {
    return (r.readable ? S2AP_read : 0) | (r.writable ? S2AP_write : 0) |
           (r.privileged_execute ? 0 : PXN | XN);
  }
  std::uint64_t rights_mask() const override { return S2AP_read | S2AP_write | PXN | XN; }
};

// DDI 0487 D8.4. With XNX 0b01 forbids privileged and 0b11 unprivileged execution, 0b10 both.
class Stage2Encoding : public LongEncoding {
 public:
  using LongEncoding::LongEncoding;

  const char* refusal(const Mapping& mapping) const override {
    if (const char* common = common_refusal(mapping)) return common;
    if (mapping.NS) return "stage 2 leaves have no NS";
    return refusal_of_rights(mapping);
  }
  const char* refusal_of_rights(const MappingRights& r) const override {
    if (!lookup().XNX && r.privileged_execute != r.unprivileged_execute) {
      return "without XNX stage 2 has one XN for both privileges";
    }
    if (lookup().format == Format::vmsa64) return nullptr;
    if (r.DBM) return "only vmsa64 has dirty state";
    // IHI 0070 5.2, STE.S2AA64: VMSAv8-32 cannot make a page execute-only.
    if (!r.readable && (r.privileged_execute || r.unprivileged_execute))
      return "execution needs a read right";
    return nullptr;
  }

 protected:
  std::uint64_t attributes(const Mapping& mapping) const override {
    return static_cast<std::uint64_t>(mapping.MemAttr) << MemAttr_shift | (mapping.accessed ? AF : 0);
  }
  std::uint64_t rights(const MappingRights& r) const override {
    std::uint64_t xn = 0b10;
    if (r.privileged_execute) {
      xn = r.unprivileged_execute ? 0b00 : 0b11;
    } else if (r.unprivileged_execute) {
      xn = 0b01;
    }
    return (r.readable ? S2AP_read : 0) | (r.writable ? S2AP_write : 0) | (r.DBM ? DBM : 0) |
           xn << S2XN_shift;
  }
  std::uint64_t rights_mask() const override {
    return S2AP_read | S2AP_write | std::uint64_t{0b11} << S2XN_shift |
           (lookup().format == Format::vmsa64 ? DBM : 0);
  }
};

}  // namespace

std::unique_ptr<Encoding> make_long_encoding(const Lookup& lookup, Stage stage, bool two_privileges) {
  if (stage == Stage::stage2) return std::make_unique<Stage2Encoding>(lookup);
  if (lookup.format == Format::mali_lpae) return std::make_unique<MaliEncoding>(lookup);
  return std::make_unique<Stage1Encoding>(lookup, two_privileges);
}

}  // namespace smmuvp::pgtable::detail
