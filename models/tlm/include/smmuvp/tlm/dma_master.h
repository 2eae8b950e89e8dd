// The shell of any device that reads and writes memory by itself.
#pragma once
#include <cstdint>
#include <systemc>
#include <tlm>

#include <tlm_utils/simple_initiator_socket.h>
#include "smmuvp/base/archive.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/base/export.h"
#include "smmuvp/tlm/component.h"

namespace smmuvp {

class DmaMaster;
using DmaSocket = tlm_utils::simple_initiator_socket<DmaMaster, platform_buswidth>;

/// The device around a DmaMaster, or its core.
class SMMUVP_EXPORT DmaClient {
 public:
  virtual ~DmaClient() = default;
  /// What is to be done next. @param data  what a write writes. @return false: nothing until kick().
  virtual bool next_operation(DmaOperation& operation, DmaBuffer& data) = 0;
  /// Time of an operation in picoseconds, on top of what the bus has annotated.
  virtual std::uint64_t operation_ps(const DmaOperation& operation) const = 0;
  /// Called once for each operation that next_operation() gave, when its time has passed; the client may have
  /// been reset meanwhile (see DmaOperation::epoch). @param data  what a read read.
  virtual void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) = 0;
};

/// Carries out a client's operations, one after the other. Each goes out as a payload with an
/// AccessExtension, Translation Requests and Page Requests with an AtsExtension beside it; then the delay
/// that the target has annotated and the operation's own time pass, at least a picosecond, so that time
/// advances whatever a guest asks for; then the client gets the answer.
///
/// A reset of the client stops nothing that is under way: an operation that has been issued reaches its
/// target, its answer comes when it would have come, and no other one follows before.
///
/// visit() may be called at any time outside of this master's own calls. After loading,
/// - an operation whose target had not answered (its transport call had not returned) is issued again, once;
/// - one that had been answered is not: what was left of its time passes, and the client gets the saved
///   answer;
/// - what this master had under way before the loading is forgotten. The client never hears of it; a
///   transport call that has not returned is waited for, since it cannot be withdrawn, and what it writes
///   goes to its target.
/// The client's state belongs to the same archive: whoever saves a master saves its client, so that epochs
/// agree.
class SMMUVP_EXPORT DmaMaster : public sc_core::sc_module {
 public:
  /// Both outlive the master. Several masters may share a socket, each with an operation of its own under
  /// way.
  DmaMaster(const sc_core::sc_module_name& name, DmaSocket& socket, DmaClient& client);

  /// There may be something to do; at any time, from any process.
  void kick() { m_kick.notify(sc_core::SC_ZERO_TIME); }
  /// Whether an operation is under way.
  bool busy() const { return m_phase != Phase::Idle; }
  /// The operation that is under way; nullptr if none is.
  const DmaOperation* under_way() const { return busy() ? &m_operation : nullptr; }
  void visit(Archive& archive);

 private:
  enum class Phase : std::uint8_t { Idle, Issued, Answered };

  void work();
  void issue();
  void finish();
  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

  DmaSocket& m_socket;
  DmaClient& m_client;
  Phase m_phase = Phase::Idle;
  DmaOperation m_operation;
  DmaBuffer m_data{};
  DmaResponse m_response = DmaResponse::Ok;
  sc_core::sc_time m_end;        // Answered: when the client gets the answer
  DmaBuffer m_wire{};            // what the payload points to: loading must not change it under a target
  std::uint64_t m_loadings = 0;  // an answer that comes after another one of these is not asked for any more
  sc_core::sc_event m_kick;
  sc_core::sc_event m_loaded;
};

/// Time of `bytes` at a rate, in picoseconds rounded down.
constexpr std::uint64_t transfer_ps(std::uint64_t bytes, std::uint64_t bytes_per_us) {
  return bytes * 1'000'000 / bytes_per_us;
}

}  // namespace smmuvp
