// What a translation context bank makes of transactions: its registers, and those of the bank of stage 2,
// decoded (IHI 0062 2.6, chapters 10, 16 and 17).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/base/registers.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmuv2/attributes.h"
#include "smmuvp/smmuv2/features.h"

namespace smmuvp::smmuv2 {

/// Translation regimes that TLB entries are tagged with (Table 2-5).
enum class Regime : std::uint8_t {
  NonSecure,  ///< by VMID, and by ASID; stage 2 by VMID
  Secure,     ///< by ASID
  Hyp,        ///< neither, nor by Security state
  Monitor,    ///< neither
};

/// CBARn.TYPE (10.2.1)
enum class BankType : std::uint8_t { stage2 = 0, stage1 = 1, fault = 2, nested = 3 };

/// The state of a bank that its TLB maintenance, its FSR and its registers' formats go by.
struct BankState {
  BankType TYPE = BankType::stage1;
  bool secure = false;
  bool VA64 = false;
  bool HYPC = false;  ///< where it counts: TYPE 0b01
  bool MONC = false;  ///< likewise, Secure and AArch64
  bool EAE = false;   ///< its effective value (16.5.38)
  Regime regime = Regime::NonSecure;
  std::uint16_t VMID = 0;  ///< 0 where entries are not tagged by it
};

/// Which banks are Secure, and of which formats they can be.
struct Banks {
  const RegisterFile& registers;
  const Features& features;

  /// From NSNUMCBO up (9.6.24).
  bool is_secure(unsigned bank) const;
  bool exists(unsigned bank) const { return bank < features.NUMCB; }
  BankState state(unsigned bank) const;
  /// Whether the bank's ASID has 16 bits, not 8 (TCR2.AS, 16.5.39).
  bool wide_ASID(unsigned bank) const;
};

/// Why a transaction does not get as far as a context (3.8.4).
enum class Refusal : std::uint8_t { none, UCBF, ICF };

/// What is decoded of an initial context, for any address.
struct Context {
  Refusal refusal = Refusal::none;
  bool refused_nested = false;  ///< the syndrome's Nested
  const char* refused_why = "";
  unsigned first = 0;   ///< the initial bank
  unsigned second = 0;  ///< with `nested`
  bool nested = false;
  bool stage1 = false;  ///< the initial bank is of the stage 1 format
  BankState state;      ///< of the initial bank
  bool second_VA64 = false;

  bool stage1_on = false;  ///< SCTLR.M of the stage
  bool stage2_on = false;
  /// Where a stage is on and its configuration is one that no walk can have: every access that comes to it
  /// faults. Of both stages, that is the fetch of a descriptor of stage 1.
  bool stage1_unwalkable = false;
  bool stage2_unwalkable = false;
  pgtable::Config config;  ///< of the stages that are on
  smmu::TranslationContext translation;
  /// Of a stage 1 that is there and off.
  std::optional<Override> stage1_off;
  /// Attributes without a stage 2 walk: of CBARn, or of a stage 2 that is off.
  std::optional<pgtable::Stage2Attributes> stage2_attributes;
  bool short_descriptors = false;
  /// EPD0 of a bank that has TTBR0 alone (1.5.2): a TLB miss is a Translation fault.
  bool EPD0 = false;

  // ---- sizes, in bits
  std::uint8_t stage1_output = 48;  ///< of a stage 1 that is off
  std::uint8_t stage2_output = 48;  ///< of a stage 2 that is off
  /// Of what stage 1 translates to, where a stage 2 that is off takes it: no walk looks at that.
  std::uint8_t stage2_limit = 64;
  std::uint8_t ipa_size = 48;            ///< IDR2.IAS
  std::optional<std::uint8_t> sign_bit;  ///< addresses are sign-extended from it (1.6.4)

  bool translates() const { return stage1_on || stage2_on; }
};

/// @param bank            the initial bank, which may not exist
/// @param secure          of the transaction
/// @param with_tags       TBI counts: for address translation operations (16.5.39)
Context decode_context(const Banks& banks, unsigned bank, bool secure, bool with_tags);

}  // namespace smmuvp::smmuv2
