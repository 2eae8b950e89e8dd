// A testdev behind a BAR, with messages: docs/pcie.md, Endpoint and Interrupts.
#pragma once
#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/pcie/function.h"
#include "smmuvp/pcie/translator.h"
#include "smmuvp/testdev/testdev_core.h"

namespace smmuvp::pcie {

/// What is behind the configuration space of an endpoint. The owner calls update() after whatever changes
/// the function's registers.
class Endpoint {
 public:
  /// @param function  outlives the endpoint
  Endpoint(Function& function, Diag& diag, const AtsConfig& ats = {});

  /// An access to a BAR: `hit` and `length` as Function::bar_hit() found them.
  void access(const BarHit& hit, bool write, std::uint8_t* data, std::uint32_t length);
  void peek(const BarHit& hit, std::uint8_t* data, std::uint32_t length) const;

  /// The next request, as TestdevCore has it: a message that is due before what testdev does. The StreamID is
  /// the owner's.
  bool next(DmaOperation& operation, DmaBuffer& data);
  /// @return whether what was answered was a message
  bool complete(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data);

  /// The pin asserts INTx.
  bool intx() const;

  // ---- messages of the SMMU
  /// Where an Invalidate Request leads. `lost`: no completion comes.
  struct Invalidating {
    bool lost = false;
    std::uint64_t use = 0;  ///< what invalidated() is to be asked with
  };
  Invalidating invalidate(AtcInvalidation invalidation);
  bool invalidated(std::uint64_t use) const { return m_translator.uses_ended(use); }
  /// @return whether the function takes Page Responses
  bool page_response(std::uint16_t PRGI, bool pasid_valid, std::uint32_t pasid, unsigned code);
  const Translator& translator() const { return m_translator; }
  /// Global Invalidate Supported.
  bool takes_global() const { return m_function.info().ats && m_function.info().pasid_bits != 0; }

  /// Follows the registers: interrupt status, pending messages. Cheap, and changes nothing a second time.
  void update();
  const TestdevCore& device() const { return m_core; }
  std::uint64_t messages() const { return m_messages; }

  /// Reset of Page Request Control.
  void reset_page_requests();
  /// Function Level Reset, or that of the bus above; configuration space included.
  void reset();
  void visit(Archive& archive);

 private:
  enum class Out : std::uint8_t { Nothing, Device, Message, Marker };

  std::uint32_t level() const;
  bool next_message(DmaOperation& operation, DmaBuffer& data);
  bool next_access(DmaOperation& operation, DmaBuffer& data);
  bool next_stop(DmaOperation& operation, DmaBuffer& data);
  bool may_have(const DmaOperation& access) const;
  AccessPlan plan() const;
  void follow_ats();
  void complain();
  /// The message of a bit of IRQ_STATUS.
  static unsigned vector_of(unsigned bit, const MessageControl& control) {
    return bit < control.count ? bit : control.count - 1;
  }

  Function& m_function;
  Diag& m_diag;
  TestdevCore m_core;
  Translator m_translator;
  AtsControl m_control;  // as it was when follow_ats() last looked
  std::vector<std::uint8_t> m_memory;
  std::uint32_t m_told = 0;  // bits of the level whose message has gone
  Out m_out = Out::Nothing;  // whose request is under way; a reset does not call it back
  std::uint64_t m_messages = 0;
};

}  // namespace smmuvp::pcie
