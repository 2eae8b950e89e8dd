// What configuration has said of one transaction, as it was when the transaction came to it.
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/tbu.h"
#include "smmuvp/smmu/tlb.h"
#include "smmuvp/smmuv2/attributes.h"
#include "smmuvp/smmuv2/context.h"

namespace smmuvp::smmuv2 {

/// A fault of an address that no walk finds.
struct AddressFault {
  std::uint32_t bit = 0;  ///< of fsr; 0: none
  bool second = false;    ///< of the bank of stage 2
  int level = 0;
  const char* why = "";
};

struct Path {
  bool secure = false;  ///< of the device (2.2); kept over a retry
  std::uint16_t SSD_Index = 0;
  Override stream;      ///< of S2CRn
  bool pan = false;     ///< PRIVCFG 0b01 with DIPANS
  bool SIF = false;     ///< SCR1.SIF, of a Secure device
  unsigned first = 0;   ///< the initial bank
  unsigned second = 0;  ///< with `nested`
  bool nested = false;
  bool stage1 = false;  ///< the initial bank is of the stage 1 format
  bool stage1_on = false;
  bool stage2_on = false;
  bool short_descriptors = false;
  bool VA64 = false;
  bool privileged_bank = false;  ///< HYPC or MONC
  bool EPD0 = false;             ///< Context::EPD0
  bool second_VA64 = false;
  bool stage2_unwalkable = false;  ///< Context::stage2_unwalkable
  std::uint8_t stage2_limit = 64;  ///< Context::stage2_limit
  std::optional<Override> stage1_off;
  std::optional<pgtable::Stage2Attributes> stage2_attributes;

  /// S2CRn of TYPE translation context.
  void take_stream(std::uint32_t S2CR, const Features& features);
  void take(const Context& context);
  bool privileged(const smmu::AccessRequest& request) const {
    return privileged_bank || stream.privileged().of(request.privileged);
  }
  /// Walks see to it that unprivileged rights of stage 1 take the privileged ones away (9.6.1, DIPANS).
  bool DIPAN() const { return pan && stage1_on && !privileged_bank; }
  bool instruction(const smmu::AccessRequest& request) const {
    return !request.is_write() && stream.instruction().of(request.instruction);
  }
  /// What goes downstream, and whom it serves: rights that PAN and SIF take away are not in it (2.4).
  /// @param entry  nullptr: nothing translates, and the region begins at `output`
  smmu::FinishedAnswer answer(const smmu::AccessRequest& request, const smmu::TlbEntry* entry,
                              std::uint64_t output) const;
  /// Whether an access with the rights of `entry` is refused for what PAN, or SIF, takes away.
  bool refused(const smmu::AccessRequest& request, const smmu::FinishedAnswer& answer) const;
  void visit(Archive& archive);
};

/// Sizes of input and output addresses (1.6.4, 3.7.2, 3.8.4), as far as no walk looks at them.
/// @param address  becomes the one that stage 1, or stage 2 alone, translates
AddressFault check_address(const Context& context, const Features& features, std::uint64_t& address);

}  // namespace smmuvp::smmuv2
