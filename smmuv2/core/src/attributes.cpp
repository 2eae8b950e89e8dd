#include "smmuvp/smmuv2/attributes.h"

#include "smmuvp/smmu/attributes.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

using pgtable::Attributes;
using pgtable::Shareability;

// One level of a MAIR byte of Normal memory: 0b0100 is Non-cacheable; bit 3 is not transient, bit 2
// Write-Back, bit 1 Read-Allocate, bit 0 Write-Allocate.
constexpr unsigned non_cacheable = 0b0100;

// Hint fields: 0b10 and 0b11 override, 0b00 and the Reserved 0b01 do not (Table 2-4).
constexpr bool overrides(unsigned field) { return (field & 2U) != 0; }

template <class F>
std::uint8_t each_level(std::uint8_t mair, F change) {
  if (pgtable::is_device(mair)) return mair;
  unsigned out = 0;
  for (const unsigned shift : {0U, 4U}) {
    const unsigned level = mair >> shift & 0xfU;
    out |= (level == non_cacheable ? level : change(level, shift)) << shift;
  }
  return static_cast<std::uint8_t>(out);
}

// Hints of a level. A level without Read- and Write-Allocate has no encoding as transient: it is not.
constexpr unsigned with(unsigned level, bool read, bool write, bool transient) {
  const bool allocates = read || write;
  return (level & 0b0100U) | (transient && allocates ? 0U : 0b1000U) | (read ? 0b0010U : 0U) |
         (write ? 0b0001U : 0U);
}
constexpr bool read_allocates(unsigned level) { return (level & 0b0010U) != 0; }
constexpr bool write_allocates(unsigned level) { return (level & 0b0001U) != 0; }
constexpr bool is_transient(unsigned level) { return (level & 0b1000U) == 0; }

// RACFG and WACFG: 0b10 allocates, 0b11 does not.
constexpr bool allocate(unsigned field, bool given) { return overrides(field) ? field == 2U : given; }

template <class T>
T field(std::uint32_t word, const Field& f) {
  return static_cast<T>(get(word, f));
}

}  // namespace

Override Override::from_sCR0(std::uint32_t sCR0) {
  Override o;
  o.MTCFG = is_set(sCR0, sCR0_MTCFG);
  o.MemAttr = field<std::uint8_t>(sCR0, sCR0_MemAttr);
  o.SHCFG = field<std::uint8_t>(sCR0, sCR0_SHCFG);
  o.RACFG = field<std::uint8_t>(sCR0, sCR0_RACFG);
  o.WACFG = field<std::uint8_t>(sCR0, sCR0_WACFG);
  o.TRANSIENTCFG = field<std::uint8_t>(sCR0, sCR0_TRANSIENTCFG);
  o.NSCFG = field<std::uint8_t>(sCR0, SCR0_NSCFG);
  return o;
}

Override Override::from_bypass(std::uint32_t S2CR) {
  Override o;
  o.MTCFG = is_set(S2CR, S2CR_MTCFG);
  o.MemAttr = field<std::uint8_t>(S2CR, S2CR_MemAttr);
  o.SHCFG = field<std::uint8_t>(S2CR, S2CR_SHCFG);
  o.RACFG = field<std::uint8_t>(S2CR, S2CR_RACFG);
  o.WACFG = field<std::uint8_t>(S2CR, S2CR_WACFG);
  o.TRANSIENTCFG = field<std::uint8_t>(S2CR, S2CR_TRANSIENTCFG);
  o.NSCFG = field<std::uint8_t>(S2CR, S2CR_NSCFG);
  return o;
}

Override Override::from_translation(std::uint32_t S2CR, bool DIPANS) {
  Override o = from_bypass(S2CR);
  o.INSTCFG = field<std::uint8_t>(S2CR, S2CR_INSTCFG);
  o.PRIVCFG = field<std::uint8_t>(S2CR, S2CR_PRIVCFG);
  if (o.PRIVCFG == 1) o.PRIVCFG = DIPANS ? 3 : 2;  // Table 2-4; IDR2.DIPANS
  return o;
}

Override Override::from_SCTLR(std::uint32_t SCTLR) {
  Override o;
  o.MTCFG = is_set(SCTLR, SCTLR_MTCFG);
  o.MemAttr = field<std::uint8_t>(SCTLR, SCTLR_MemAttr);
  o.SHCFG = field<std::uint8_t>(SCTLR, SCTLR_SHCFG);
  o.RACFG = field<std::uint8_t>(SCTLR, SCTLR_RACFG);
  o.WACFG = field<std::uint8_t>(SCTLR, SCTLR_WACFG);
  o.TRANSIENTCFG = field<std::uint8_t>(SCTLR, SCTLR_TRANSIENTCFG);
  o.NSCFG = field<std::uint8_t>(SCTLR, SCTLR_NSCFG);
  return o;
}

std::uint8_t effective_MemAttr(std::uint8_t MemAttr) {
  return MemAttr >= 4 && (MemAttr & 3U) == 0 ? std::uint8_t{0} : MemAttr;
}

pgtable::Shareability shareability_of(std::uint8_t SHCFG, Shareability zero) {
  switch (SHCFG) {
    case 1:
      return Shareability::outer;
    case 2:
      return Shareability::inner;
    case 3:
      return Shareability::non_shareable;
    default:
      return zero;
  }
}

// 2.4.2, transform_by_register
Attributes Override::attributes(Attributes incoming) const {
  // What was Device or Non-cacheable and becomes cacheable has the shareability that came in, not the one
  // that took effect (2.4).
  Attributes a{pgtable::effective_memory(incoming.memory), incoming.SH};
  if (MTCFG) {
    // No allocation, unless a level was cacheable before: that keeps its hints.
    const std::uint8_t type = smmu::with_hints(smmu::mair_of_mem_attr(effective_MemAttr(MemAttr)), 0);
    a.memory = smmu::with_hints_of(type, a.memory);
  }
  a.memory = each_level(a.memory, [this](unsigned level, unsigned) {
    const bool transient = overrides(TRANSIENTCFG) ? TRANSIENTCFG == 3U : is_transient(level);
    return with(level, allocate(RACFG, read_allocates(level)), allocate(WACFG, write_allocates(level)),
                transient);
  });
  if (SHCFG != 0) a.SH = shareability_of(SHCFG, a.SH);
  return pgtable::effective(a);
}

smmu::AttributeRule Override::privileged() const {
  if (PRIVCFG == 0) return {};
  return smmu::AttributeRule::forced(PRIVCFG == 3);
}

smmu::AttributeRule Override::instruction() const {
  if (INSTCFG == 0) return {};
  return smmu::AttributeRule::forced(INSTCFG != 2);  // 0b01 is Instruction (Table 2-4)
}

pgtable::AddressSpace Override::space(pgtable::AddressSpace incoming) const {
  if (NSCFG == 0) return incoming;
  return NSCFG == 2 ? pgtable::AddressSpace::secure : pgtable::AddressSpace::non_secure;  // 0b01 is 0b11
}

pgtable::Stage2Attributes stage2_attributes_of_CBAR(std::uint32_t CBAR) {
  pgtable::Stage2Attributes a;
  a.MemAttr = effective_MemAttr(field<std::uint8_t>(CBAR, CBAR_MemAttr));
  a.SH = shareability_of(field<std::uint8_t>(CBAR, CBAR_BPSHCFG), Shareability::outer);  // Table 2-4
  a.allocation = static_cast<std::uint8_t>(get(CBAR, CBAR_WACFG) << 2 | get(CBAR, CBAR_RACFG));
  return a;
}

pgtable::Stage2Attributes stage2_attributes_of_SCTLR(std::uint32_t SCTLR) {
  pgtable::Stage2Attributes a;
  a.MemAttr = effective_MemAttr(field<std::uint8_t>(SCTLR, SCTLR_MemAttr));
  // 17.3.3: 0b00 is Non-shareable
  a.SH = shareability_of(field<std::uint8_t>(SCTLR, SCTLR_SHCFG), Shareability::non_shareable);
  a.allocation = static_cast<std::uint8_t>(get(SCTLR, SCTLR_WACFG) << 2 | get(SCTLR, SCTLR_RACFG));
  return a;
}

Attributes combine(Attributes stage1, const pgtable::Stage2Attributes& stage2) {
  return pgtable::with_allocation(pgtable::combine(stage1, stage2, false), stage2.allocation);
}

Attributes with_transience_of(Attributes a, Attributes input) {
  const bool device = pgtable::is_device(input.memory);
  a.memory = each_level(a.memory, [&](unsigned level, unsigned shift) {
    const unsigned given = input.memory >> shift & 0xfU;
    const bool transient = !device && given != non_cacheable && is_transient(given);
    return with(level, read_allocates(level), write_allocates(level), transient);
  });
  return a;
}

}  // namespace smmuvp::smmuv2
