// A client's payload on its way through a TBU: cut into parts that one translation covers.
#pragma once

#include <cstdint>
#include <functional>
#include <tlm>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/tlm/access_extension.h"

namespace smmuvp::smmu {

/// What a payload asks for.
struct TransactionShape {
  AccessRequest request;     ///< of its first byte; `time` is not set
  std::uint64_t length = 0;  ///< bytes of data
  std::uint64_t window = 0;  ///< bytes of addresses: the streaming width, where it is smaller
  bool ignore = false;       ///< TLM_IGNORE_COMMAND: nothing to do
  bool malformed = false;    ///< no length, or it wraps around the end of the address space
};

/// Reads a payload and its extensions. Only AccessExtension's `in` part is looked at.
/// @param default_stream_id  for a master that gives none
TransactionShape shape_of(tlm::tlm_generic_payload& payload, std::uint32_t default_stream_id,
                          std::uint8_t port);

/// How the parts of a transaction are translated and sent on.
class TransactionSteps {
 public:
  virtual ~TransactionSteps() = default;
  virtual AccessAnswer translate(const AccessRequest& request) = 0;
  /// Sends the payload, which now is the part, downstream. Its response status tells the outcome.
  virtual void forward(tlm::tlm_generic_payload& payload, const AccessAnswer& answer) = 0;
};

/// Runs the parts in order, until one is terminated or fails downstream, and leaves the payload as it was
/// but for data and response: TLM_OK_RESPONSE, TLM_ADDRESS_ERROR_RESPONSE for an access that the SMMU
/// aborted, or the response from downstream. A compare-and-swap cannot be cut: one that no single translation
/// covers, or with a streaming width below its length, gets TLM_BURST_ERROR_RESPONSE. Earlier parts stay
/// done. RAZ/WI gives TLM_OK_RESPONSE, and zero for all data from the terminated part on.
void run_transaction(tlm::tlm_generic_payload& payload, const TransactionShape& shape,
                     TransactionSteps& steps);

/// As run_transaction(), for transport_dbg: needs no rights, and looks at neither streaming width nor byte
/// enables, which a debug payload need not set. The response status stays as it was.
void run_debug_transaction(tlm::tlm_generic_payload& payload, std::uint32_t default_stream_id,
                           std::uint8_t port, TransactionSteps& steps);

/// Writes an answer into the `out` part of the extension.
void set_output(AccessExtension& extension, const AccessAnswer& answer);

/// An SMMU-originated operation as a payload, for the time of one transport call. Carries no
/// compare-and-swap: that does nothing, and is answered unsupported_atomic.
class OpPayload {
 public:
  explicit OpPayload(const MemoryOp& op);
  ~OpPayload();
  OpPayload(const OpPayload&) = delete;
  OpPayload& operator=(const OpPayload&) = delete;

  tlm::tlm_generic_payload& payload() { return m_payload; }
  /// After the transport. @param bytes  how many transport_dbg() moved, or the size
  MemoryAnswer answer(std::uint64_t bytes, TimePs time) const;

 private:
  std::array<std::uint8_t, MemoryOp::max_size> m_data;
  std::uint8_t m_size;
  tlm::tlm_generic_payload m_payload;
  AccessExtension m_extension;
};

}  // namespace smmuvp::smmu
