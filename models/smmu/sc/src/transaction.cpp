#include "smmuvp/smmu_sc/transaction.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "smmuvp/smmu/attributes.h"
#include "smmuvp/tlm/compare_swap_extension.h"

namespace smmuvp::smmu {

namespace {

smmuvp::AddressSpace space_of(AddressSpace space) {
  switch (space) {
    case AddressSpace::non_secure:
      return smmuvp::AddressSpace::NonSecure;
    case AddressSpace::secure:
      return smmuvp::AddressSpace::Secure;
    case AddressSpace::realm:
      return smmuvp::AddressSpace::Realm;
    case AddressSpace::root:
      break;
  }
  return smmuvp::AddressSpace::Root;
}

smmuvp::Shareability shareability_of(Shareability s) {
  switch (s) {
    case Shareability::outer:
      return smmuvp::Shareability::OuterShareable;
    case Shareability::inner:
      return smmuvp::Shareability::InnerShareable;
    default:
      return smmuvp::Shareability::NonShareable;
  }
}

/// The fields of a payload that parts change.
struct Saved {
  explicit Saved(tlm::tlm_generic_payload& p)
      : address(p.get_address()),
        data(p.get_data_ptr()),
        length(p.get_data_length()),
        width(p.get_streaming_width()),
        enables(p.get_byte_enable_ptr()),
        enable_length(p.get_byte_enable_length()) {}
  void restore(tlm::tlm_generic_payload& p) const {
    p.set_address(address);
    p.set_data_ptr(data);
    p.set_data_length(length);
    p.set_streaming_width(width);
    p.set_byte_enable_ptr(enables);
    p.set_byte_enable_length(enable_length);
  }
  bool enabled(std::uint64_t byte) const {
    return enables == nullptr || enable_length == 0 || enables[byte % enable_length] != TLM_BYTE_DISABLED;
  }

  std::uint64_t address;
  unsigned char* data;
  unsigned length;
  unsigned width;
  unsigned char* enables;
  unsigned enable_length;
};

// Bytes from `address` on that the answer covers.
std::uint64_t covered(std::uint64_t address, const AccessAnswer& answer) {
  if (answer.region_shift >= 64) return ~std::uint64_t{0};
  const std::uint64_t size = std::uint64_t{1} << answer.region_shift;
  return size - (address & (size - 1));
}

}  // namespace

TransactionShape shape_of(tlm::tlm_generic_payload& payload, std::uint32_t default_stream_id,
                          std::uint8_t port) {
  TransactionShape s;
  s.ignore = payload.is_read() == payload.is_write();
  s.length = payload.get_data_length();
  s.window = std::min<std::uint64_t>(s.length, payload.get_streaming_width());
  AccessRequest& r = s.request;
  r.address = payload.get_address();
  r.kind = payload.is_write() ? AccessKind::write : AccessKind::read;
  if (payload.is_write() && payload.get_extension<CompareSwapExtension>() != nullptr) {
    r.kind = AccessKind::atomic;
  }
  r.stream_id = default_stream_id;
  r.port = port;
  if (const auto* e = payload.get_extension<AccessExtension>()) {
    if (e->stream_valid) r.stream_id = e->stream_id;
    r.substream_valid = e->substream_valid;
    r.substream_id = e->substream_id & 0xfffffU;
    r.privileged = e->privileged;
    r.instruction = e->instruction;
    if (e->ats != AtsPhase::None) r.unsupported = Unsupported::ats;
  }
  s.malformed = s.window == 0 || s.request.address + (s.window - 1) < s.request.address;
  if (s.malformed) r.unsupported = Unsupported::malformed;
  return s;
}

void set_output(AccessExtension& e, const AccessAnswer& answer) {
  e.output_space = space_of(answer.space);
  e.memory_type = answer.attributes.memory;
  e.shareability = shareability_of(answer.attributes.shareability);
  e.allocation_hints = allocation_hints(answer.attributes.memory);
}

void run_transaction(tlm::tlm_generic_payload& payload, const TransactionShape& shape,
                     TransactionSteps& steps) {
  payload.set_dmi_allowed(false);  // the hint of a target behind a translation would be wrong
  if (shape.ignore) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return;
  }
  const Saved saved(payload);
  std::vector<unsigned char> enables;
  std::uint64_t done = 0;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
  do {
    const std::uint64_t in_window = shape.malformed ? 0 : done % shape.window;
    AccessRequest request = shape.request;
    request.address += in_window;
    const AccessAnswer answer = steps.translate(request);
    if (answer.outcome == Outcome::abort) {
      status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
      break;
    }
    if (answer.outcome == Outcome::razwi) {
      if (payload.is_read()) {
        for (std::uint64_t i = done; i < shape.length; ++i) {
          if (saved.enabled(i)) saved.data[i] = 0;
        }
      }
      break;
    }
    const std::uint64_t region = covered(request.address, answer);
    if (shape.request.kind == AccessKind::atomic && (region < shape.window || shape.window < shape.length)) {
      status = tlm::TLM_BURST_ERROR_RESPONSE;
      break;
    }
    payload.set_address(answer.output);
    if (done == 0 && region >= shape.window) {
      steps.forward(payload, answer);  // whole, streaming included
      done = shape.length;
    } else {
      const std::uint64_t part = std::min({region, shape.window - in_window, shape.length - done});
      payload.set_data_ptr(saved.data + done);
      payload.set_data_length(static_cast<unsigned>(part));
      payload.set_streaming_width(static_cast<unsigned>(part));
      if (saved.enables != nullptr && saved.enable_length != 0) {
        enables.resize(static_cast<std::size_t>(part));
        for (std::uint64_t i = 0; i < part; ++i) {
          enables[static_cast<std::size_t>(i)] = saved.enables[(done + i) % saved.enable_length];
        }
        payload.set_byte_enable_ptr(enables.data());
        payload.set_byte_enable_length(static_cast<unsigned>(part));
      }
      payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
      steps.forward(payload, answer);
      done += part;
    }
    status = payload.get_response_status();
  } while (status == tlm::TLM_OK_RESPONSE && done < shape.length);
  saved.restore(payload);
  payload.set_dmi_allowed(false);
  payload.set_response_status(status);
}

void run_debug_transaction(tlm::tlm_generic_payload& payload, std::uint32_t default_stream_id,
                           std::uint8_t port, TransactionSteps& steps) {
  const Saved saved(payload);
  const tlm::tlm_response_status status = payload.get_response_status();
  payload.set_streaming_width(payload.get_data_length());
  payload.set_byte_enable_ptr(nullptr);
  TransactionShape shape = shape_of(payload, default_stream_id, port);
  shape.request.kind = AccessKind::translate;
  if (!shape.malformed && !shape.ignore) run_transaction(payload, shape, steps);
  saved.restore(payload);
  payload.set_response_status(status);
}

namespace {

tlm::tlm_command command_of(MemoryOpKind kind) {
  switch (kind) {
    case MemoryOpKind::read:
      return tlm::TLM_READ_COMMAND;
    case MemoryOpKind::write:
      return tlm::TLM_WRITE_COMMAND;
    case MemoryOpKind::compare_and_swap:
      break;
  }
  return tlm::TLM_IGNORE_COMMAND;  // a plain write would store without comparing
}

}  // namespace

OpPayload::OpPayload(const MemoryOp& op) : m_data(op.data), m_size(op.size) {
  m_payload.set_command(command_of(op.kind));
  m_payload.set_address(op.address);
  m_payload.set_data_ptr(m_data.data());
  m_payload.set_data_length(op.size);
  m_payload.set_streaming_width(op.size);
  m_payload.set_byte_enable_ptr(nullptr);
  m_payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  AccessAnswer attributes;
  attributes.space = op.space;
  attributes.attributes = op.attributes;
  set_output(m_extension, attributes);
  m_extension.privileged = true;  // IHI 0070 13.1.2: SMMU-originated accesses are Data, Privileged
  m_payload.set_extension(&m_extension);
}

OpPayload::~OpPayload() { m_payload.clear_extension(&m_extension); }

MemoryAnswer OpPayload::answer(std::uint64_t bytes, TimePs time) const {
  MemoryAnswer a;
  const bool ok = m_payload.get_response_status() == tlm::TLM_OK_RESPONSE && bytes == m_size;
  a.status = ok ? MemoryStatus::ok : MemoryStatus::external_abort;
  if (m_payload.get_command() == tlm::TLM_IGNORE_COMMAND) a.status = MemoryStatus::unsupported_atomic;
  a.data = m_data;
  a.time = time;
  return a;
}

}  // namespace smmuvp::smmu
