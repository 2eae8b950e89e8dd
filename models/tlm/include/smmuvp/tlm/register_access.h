// What every register window does with a payload before its registers see it.
#pragma once
#include <cstdint>
#include <tlm>

#include "smmuvp/base/little_endian.h"
#include "smmuvp/tlm/compare_swap_extension.h"

namespace smmuvp {

/// A checked access to a register window: naturally aligned, 1, 2, 4 or 8 bytes, inside the window.
struct RegisterAccess {
  std::uint32_t offset = 0;
  unsigned bytes = 0;
  bool write = false;
  std::uint64_t value = 0;  ///< what is written, little-endian
  unsigned lane = 0;        ///< where the bytes lie in the payload's data
  /// As AccessExtension says; for whoever tells of accesses that it refuses.
  bool privileged = false;
  bool instruction = false;
};

/// The bytes of a payload that are enabled, if they are contiguous.
struct EnabledLanes {
  unsigned first = 0;
  unsigned count = 0;  ///< 0: none are, or they have gaps
};

inline EnabledLanes enabled_lanes(const tlm::tlm_generic_payload& payload) {
  const unsigned bytes = payload.get_data_length();
  const unsigned char* enables = payload.get_byte_enable_ptr();
  const unsigned n = payload.get_byte_enable_length();
  if (enables == nullptr) return {0, bytes};
  EnabledLanes lanes;
  for (unsigned i = 0; n != 0 && i < bytes; ++i) {
    if (enables[i % n] != TLM_BYTE_ENABLED) continue;
    if (lanes.count == 0) lanes.first = i;
    if (i != lanes.first + lanes.count) return {};
    ++lanes.count;
  }
  return lanes;
}

/// Checks a payload. One whose enabled bytes are contiguous, aligned and 1, 2, 4 or 8 is the access of those
/// bytes: a bus that is wider than a register has no other way to say it. @return true if `access` is to be
/// carried out; otherwise the payload carries its answer: address error outside the window, burst error for a
/// shape that no register access has, byte enable error for enables that make none, command error for a
/// compare-and-swap, or OK for an ignore command.
inline bool begin_register_access(tlm::tlm_generic_payload& payload, std::uint32_t window,
                                  RegisterAccess& access) {
  const auto answer = [&](tlm::tlm_response_status status) {
    payload.set_response_status(status);
    return false;
  };
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) return answer(tlm::TLM_OK_RESPONSE);
  const EnabledLanes lanes = enabled_lanes(payload);
  const unsigned bytes = lanes.count != 0 ? lanes.count : payload.get_data_length();
  const std::uint64_t address = payload.get_address() + lanes.first;
  if (address < lanes.first || address >= window || bytes > window - address) {
    return answer(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  }
  if (payload.get_streaming_width() < payload.get_data_length() || payload.get_data_ptr() == nullptr) {
    return answer(tlm::TLM_BURST_ERROR_RESPONSE);
  }
  if (lanes.count == 0 && payload.get_data_length() != 0) return answer(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || address % bytes != 0) {
    return answer(bytes == payload.get_data_length() ? tlm::TLM_BURST_ERROR_RESPONSE
                                                     : tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  }
  if (payload.get_extension<CompareSwapExtension>() != nullptr)
    return answer(tlm::TLM_COMMAND_ERROR_RESPONSE);
  access = {static_cast<std::uint32_t>(address), bytes, payload.is_write(), 0, lanes.first};
  if (access.write) access.value = load_little_endian(payload.get_data_ptr() + access.lane, bytes);
  return true;
}

/// Puts a read's value into the payload and answers OK.
inline void end_register_access(tlm::tlm_generic_payload& payload, const RegisterAccess& access,
                                std::uint64_t value) {
  if (!access.write) store_little_endian(payload.get_data_ptr() + access.lane, value, access.bytes);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

/// b_transport of a register window: checks, carries out by `carry_out(access) -> value that a read gives`,
/// and answers. @return whether the access was carried out.
template <class CarryOut>
bool register_transport(tlm::tlm_generic_payload& payload, std::uint32_t window, CarryOut carry_out) {
  RegisterAccess access;
  if (!begin_register_access(payload, window, access)) return false;
  end_register_access(payload, access, carry_out(access));
  return true;
}

/// For windows where an access of a shape that no register has is RAZ/WI: turns that answer of
/// begin_register_access() into zeros and OK. @return whether it was that answer.
inline bool make_other_shape_raz_wi(tlm::tlm_generic_payload& payload) {
  const tlm::tlm_response_status status = payload.get_response_status();
  if (status != tlm::TLM_BURST_ERROR_RESPONSE && status != tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE) return false;
  if (payload.get_data_ptr() == nullptr || payload.get_data_length() == 0) return false;
  if (payload.is_read()) {
    // Bytes that are not enabled stay as they are.
    const unsigned char* enables = payload.get_byte_enable_ptr();
    const unsigned n = payload.get_byte_enable_length();
    for (unsigned i = 0; i < payload.get_data_length(); ++i) {
      if (enables == nullptr || n == 0 || enables[i % n] == TLM_BYTE_ENABLED) payload.get_data_ptr()[i] = 0;
    }
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return true;
}

/// transport_dbg of a register window: reads by `peek(offset, bytes) -> value`, one byte at a time so that
/// any range works; writes nothing. @return bytes read.
template <class Peek>
unsigned debug_register_read(tlm::tlm_generic_payload& payload, std::uint32_t window, Peek peek) {
  const std::uint64_t address = payload.get_address();
  if (!payload.is_read() || address >= window || payload.get_data_ptr() == nullptr) return 0;
  unsigned n = payload.get_data_length();
  if (n > window - address) n = static_cast<unsigned>(window - address);
  for (unsigned i = 0; i < n; ++i) {
    payload.get_data_ptr()[i] = static_cast<unsigned char>(peek(static_cast<std::uint32_t>(address) + i, 1U));
  }
  return n;
}

}  // namespace smmuvp
