// Between payloads with their extensions and what SMMU cores know.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <tlm>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/injection.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/compare_swap_extension.h"
#include "smmuvp/tlm/smmu_hooks.h"

namespace smmuvp::smmu {

/// What a payload asks for.
struct TransactionShape {
  AccessRequest request;     ///< of its first byte; `time` is not set
  std::uint64_t length = 0;  ///< bytes of data
  std::uint64_t window = 0;  ///< bytes of addresses: the streaming width, where it is smaller
  bool ignore = false;       ///< TLM_IGNORE_COMMAND: nothing to do
  bool malformed = false;    ///< no length, or it wraps around the end of the address space

  /// Whether a payload of shape `other` can be this one, sent again.
  bool same(const TransactionShape& other) const;
  /// Fails on what no payload asks for.
  void visit(Archive& archive);
};

/// Reads a payload and its extensions. Only AccessExtension's `in` part is looked at.
/// @param default_stream_id  for a master that gives none
TransactionShape shape_of(tlm::tlm_generic_payload& payload, std::uint32_t default_stream_id,
                          std::uint8_t port);

/// What hooks see of a request, and what they have said.
Identity identity_of(const AccessRequest& request);
void set_identity(AccessRequest& request, const Identity& identity);

/// Writes an answer into the `out` part of the extension.
void set_output(AccessExtension& extension, const AccessAnswer& answer);
/// Writes the answer to a Translation Request into the `out` part of its AtsExtension.
void set_ats_answer(tlm::tlm_generic_payload& payload, const AtsAnswer& answer);

void visit(Archive& archive, tlm::tlm_response_status& status);

/// The fields of a payload that parts change.
class SavedPayload {
 public:
  SavedPayload() = default;
  explicit SavedPayload(const tlm::tlm_generic_payload& p)
      : address(p.get_address()),
        data(p.get_data_ptr()),
        length(p.get_data_length()),
        width(p.get_streaming_width()),
        enables(p.get_byte_enable_ptr()),
        enable_length(p.get_byte_enable_length()) {}
  void restore(tlm::tlm_generic_payload& p) const;
  bool enabled(std::uint64_t byte) const {
    return enables == nullptr || enable_length == 0 || enables[byte % enable_length] != TLM_BYTE_DISABLED;
  }

  std::uint64_t address = 0;
  unsigned char* data = nullptr;
  unsigned length = 0;
  unsigned width = 0;
  unsigned char* enables = nullptr;
  unsigned enable_length = 0;
};

/// An SMMU-originated operation as a payload, for the time of one transport. A compare-and-swap is a write
/// with CompareSwapExtension; a target that does not answer the extension has none: unsupported_atomic.
class OpPayload {
 public:
  OpPayload() = default;
  explicit OpPayload(const MemoryOp& op) { prepare(op); }
  ~OpPayload() { clear(); }
  OpPayload(const OpPayload&) = delete;
  OpPayload& operator=(const OpPayload&) = delete;

  /// Makes it this operation's, whatever it was before.
  void prepare(const MemoryOp& op);
  /// Takes its extensions off, and frees those of an OwnAccessHook.
  void clear();
  tlm::tlm_generic_payload& payload() { return m_payload; }
  /// For an OwnAccessHook, whose extensions clear() frees: a search that others need not pay for.
  tlm::tlm_generic_payload& payload_to_tag() {
    m_tagged = true;
    return m_payload;
  }
  /// After prepare(): abort and flip show in the answer, and an update that is aborted changes nothing.
  void inject(const Injection& injection);
  /// After the transport. @param bytes  how many transport_dbg() moved, or the size
  MemoryAnswer answer(std::uint64_t bytes, TimePs time) const;
  /// Saves or restores what the transport has brought so far, after prepare().
  void visit_response(Archive& archive);

 private:
  std::array<std::uint8_t, MemoryOp::max_size> m_data{};
  std::uint8_t m_size = 0;
  MemoryOpKind m_kind = MemoryOpKind::read;
  bool m_tagged = false;
  std::optional<Injection> m_injection;
  tlm::tlm_generic_payload m_payload;
  AccessExtension m_extension;
  CompareSwapExtension m_compare_swap;
};

}  // namespace smmuvp::smmu
