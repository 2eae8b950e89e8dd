// Atomic compare-and-swap, which the generic payload has no command for.
#pragma once
#include <cstdint>
#include <tlm>

namespace smmuvp {

/// A write of 4 or 8 bytes with this extension is a compare-and-swap: the target compares its memory with
/// `expected` (little-endian value, of the payload's length) and stores the payload's data if they are equal,
/// in one step. The target sets `answered`; a target that does not know the extension leaves it false, and
/// must not be trusted to have compared. `observed` is the value before, `swapped` whether it was stored.
struct CompareSwapExtension : tlm::tlm_extension<CompareSwapExtension> {
  std::uint64_t expected = 0;
  std::uint64_t observed = 0;
  bool swapped = false;
  bool answered = false;

  tlm_extension_base* clone() const override { return new CompareSwapExtension(*this); }
  void copy_from(const tlm_extension_base& other) override {
    *this = static_cast<const CompareSwapExtension&>(other);
  }
};

}  // namespace smmuvp
