// Memory attributes of a transaction on its way: overrides by registers, and the combination with stage 2
// (IHI 0062 2.4).
#pragma once

#include <cstdint>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/tbu.h"

namespace smmuvp::smmuv2 {

/// What one register makes of the attributes that come in: sCR0, S2CRn, or the SCTLR of a stage 1 bank whose
/// M is 0. Fields that a register does not have are as "default".
struct Override {
  bool MTCFG = false;
  std::uint8_t MemAttr = 0;
  std::uint8_t SHCFG = 0;
  std::uint8_t RACFG = 0;
  std::uint8_t WACFG = 0;
  std::uint8_t TRANSIENTCFG = 0;
  std::uint8_t NSCFG = 0;
  std::uint8_t INSTCFG = 0;
  std::uint8_t PRIVCFG = 0;

  static Override from_sCR0(std::uint32_t sCR0);
  /// Of TYPE bypass.
  static Override from_bypass(std::uint32_t S2CR);
  /// Of TYPE translation context. @param DIPANS  PRIVCFG 0b01 is "privileged access never", and privileged
  static Override from_translation(std::uint32_t S2CR, bool DIPANS);
  static Override from_SCTLR(std::uint32_t SCTLR);

  /// Type, shareability and allocation hints after it, made consistent (2.4.2, transform_by_register).
  pgtable::Attributes attributes(pgtable::Attributes incoming) const;
  smmu::AttributeRule privileged() const;
  /// Of reads: writes are Data.
  smmu::AttributeRule instruction() const;
  /// Of transactions of a Secure device; those of others stay Non-secure (2.2).
  pgtable::AddressSpace space(pgtable::AddressSpace incoming) const;
};

/// MemAttr as it takes effect: Reserved values are Device-nGnRnE (9.4, Table 2-4).
std::uint8_t effective_MemAttr(std::uint8_t MemAttr);
/// BPSHCFG, and the SHCFG of stage 2: what `zero` says where it is 0b00.
pgtable::Shareability shareability_of(std::uint8_t SHCFG, pgtable::Shareability zero);
/// Stage 2 attributes of a CBARn of TYPE 0b01, and of the SCTLR of a stage 2 bank whose M is 0.
pgtable::Stage2Attributes stage2_attributes_of_CBAR(std::uint32_t CBAR);
pgtable::Stage2Attributes stage2_attributes_of_SCTLR(std::uint32_t SCTLR);

/// Combines those of stage 1 with stage 2's (2.4.2, Combine): the stronger type and shareability; allocation
/// hints of stage 2 where it has some.
pgtable::Attributes combine(pgtable::Attributes stage1, const pgtable::Stage2Attributes& stage2);
/// Short descriptors say nothing of transience: the input does (1.5.2).
pgtable::Attributes with_transience_of(pgtable::Attributes attributes, pgtable::Attributes input);

}  // namespace smmuvp::smmuv2
