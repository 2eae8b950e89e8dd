// Atomic compare-and-swap, which the generic payload has no command for.
#pragma once
#include <cstdint>
#include <tlm>

#include "smmuvp/base/export.h"

namespace smmuvp {
struct SMMUVP_EXPORT CompareSwapExtension;
}
// Its type and its id have one home, the library smmuvp-tlm, for whoever uses it.
extern template class SMMUVP_EXPORT tlm::tlm_extension<smmuvp::CompareSwapExtension>;

namespace smmuvp {

/// A write of 4 or 8 bytes with this extension is a compare-and-swap: the target compares its memory with
/// `expected` (little-endian value, of the payload's length) and stores the payload's data if they are equal,
/// in one step. The target sets `answered`; a target that does not know the extension leaves it false, and
/// must not be trusted to have compared. `observed` is the value before, `swapped` whether it was stored.
struct SMMUVP_EXPORT CompareSwapExtension : tlm::tlm_extension<CompareSwapExtension> {
  std::uint64_t expected = 0;
  std::uint64_t observed = 0;
  bool swapped = false;
  bool answered = false;

  tlm_extension_base* clone() const override;
  void copy_from(const tlm_extension_base& other) override {
    *this = static_cast<const CompareSwapExtension&>(other);
  }
};

}  // namespace smmuvp
