// How a non-blocking transaction that was saved under way goes on after loading.
#pragma once
#include <cstdint>
#include <tlm>

#include "smmuvp/base/export.h"

namespace smmuvp {
struct SMMUVP_EXPORT ResumeExtension;
}
// Its type and its id have one home, the library smmuvp-tlm, for whoever uses it.
extern template class SMMUVP_EXPORT tlm::tlm_extension<smmuvp::ResumeExtension>;

namespace smmuvp {

/// A payload is a pointer, so it is not saved. Its initiator sends it again with BEGIN_REQ, as it was at
/// first but for its data, at the simulated time of loading and in the order in which it was sent at first,
/// with `resumed` set for the time of the call. A target that has loaded the transaction goes on with it, and
/// answers with the phase that it had reached: TLM_ACCEPTED before END_REQ, else TLM_UPDATED with END_REQ or
/// BEGIN_RESP. All further phases come at their own times. A target that does not know this extension sees a
/// new transaction.
struct SMMUVP_EXPORT ResumeExtension : tlm::tlm_extension<ResumeExtension> {
  /// The initiator's name of the transaction, from its first BEGIN_REQ on: not that of another one which is
  /// open at the same socket and asks for the same. 0: it has none, and is known by its order and what it
  /// asks for.
  std::uint64_t id = 0;
  bool resumed = false;  ///< it was sent before the state was saved

  tlm_extension_base* clone() const override;
  void copy_from(const tlm_extension_base& other) override {
    *this = static_cast<const ResumeExtension&>(other);
  }
};

}  // namespace smmuvp
