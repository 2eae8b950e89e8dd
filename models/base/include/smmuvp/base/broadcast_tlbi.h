// TLB maintenance that processors broadcast: TLBI instructions of Inner or Outer Shareable scope (DDI 0487
// C5.5, D5.10).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// What a TLBI instruction says of the entries that are to go. Fields that its scope has no use for are 0.
struct BroadcastTlbi {
  /// Whose translations.
  enum class Regime : std::uint8_t {
    el1,      ///< EL1&0
    el2,      ///< EL2 with HCR_EL2.E2H 0
    el2_e2h,  ///< EL2&0, or EL2 with HCR_EL2.E2H 1
    el3,
  };
  enum class Scope : std::uint8_t {
    all,          ///< of the regime: ALLE1 (all VMIDs, both stages), ALLE2, ALLE3
    vmid,         ///< VMALLS12E1: of a VMID, both stages
    vmid_stage1,  ///< VMALLE1: of a VMID, stage 1
    asid,         ///< ASIDE1: not global
    va,           ///< VAE1, VAE2, VAE3: by VA and, where there are any, ASID; global ones go by VA
    va_any_asid,  ///< VAAE1
    ipa,          ///< IPAS2E1: of stage 2
  };

  const char* instruction = "";  ///< "VAE1IS", for messages; a literal
  Regime regime = Regime::el1;
  bool secure = false;  ///< of Secure state
  Scope scope = Scope::all;
  std::uint16_t vmid = 0;   ///< 8-bit ones zero-extended; 0 of a processor without EL2
  std::uint16_t asid = 0;   ///< likewise
  std::uint64_t first = 0;  ///< first and last address: a VA, sign-extended from bit 55, or an IPA
  std::uint64_t last = 0;
  bool leaf = false;            ///< ...L...: tables stay
  std::uint8_t granule = 0;     ///< log2 of the granule that entries have to go; 0: any
  std::uint8_t level = 0;       ///< that of their leaves, 1 to 3; 0: any
  bool non_secure_ipa = false;  ///< of Secure state, by IPA: of the Non-secure space of IPAs
};

/// What decides the meaning of TLBI beside its encoding and its operand.
struct TlbiContext {
  bool secure = false;
  std::uint16_t vmid = 0;    ///< VTTBR_EL2.VMID; of Secure state 0 without Secure EL2 (SCR_EL3.EEL2 0)
  bool e2h = false;          ///< HCR_EL2.E2H
  bool el2_and_tge = false;  ///< executed at EL2 with E2H and TGE 1: ...E1 is of EL2&0
  bool has_ttl = false;      ///< FEAT_TTL: bits of the operand name a level
};

/// The message of SYS #op1, C`crn`, C`crm`, #op2, Xt. Those without broadcast scope, and what is no TLBI of
/// translations, have none. Whether the processor has the instruction at its Exception level is not asked.
SMMUVP_EXPORT std::optional<BroadcastTlbi> decode_tlbi(unsigned op1, unsigned crn, unsigned crm, unsigned op2,
                                                       std::uint64_t operand, const TlbiContext& context);

}  // namespace smmuvp
