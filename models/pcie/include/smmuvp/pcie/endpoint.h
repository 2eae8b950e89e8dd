// A testdev behind a BAR, with messages: docs/pcie.md, Endpoint and Interrupts.
#pragma once
#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/pcie/function.h"
#include "smmuvp/testdev/testdev_core.h"

namespace smmuvp::pcie {

/// What is behind the configuration space of an endpoint. The owner calls update() after whatever changes
/// the function's registers.
class Endpoint {
 public:
  /// @param function  outlives the endpoint
  Endpoint(Function& function, Diag& diag);

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
  /// Follows the registers: interrupt status, pending messages. Cheap, and changes nothing a second time.
  void update();
  const TestdevCore& device() const { return m_core; }
  std::uint64_t messages() const { return m_messages; }

  /// Function Level Reset, or that of the bus above; configuration space included.
  void reset();
  void visit(Archive& archive);

 private:
  enum class Out : std::uint8_t { Nothing, Device, Message };

  std::uint32_t level() const;
  bool next_message(DmaOperation& operation, DmaBuffer& data);
  /// The message of a bit of IRQ_STATUS.
  static unsigned vector_of(unsigned bit, const MessageControl& control) {
    return bit < control.count ? bit : control.count - 1;
  }

  Function& m_function;
  TestdevCore m_core;
  std::vector<std::uint8_t> m_memory;
  std::uint32_t m_told = 0;  // bits of the level whose message has gone
  Out m_out = Out::Nothing;  // whose request is under way; a reset does not call it back
  std::uint64_t m_messages = 0;
};

}  // namespace smmuvp::pcie
