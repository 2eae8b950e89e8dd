// What every register window does with a payload before its registers see it.
#pragma once
#include <cstdint>
#include <cstring>
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
};

/// Checks a payload. @return true if `access` is to be carried out; otherwise the payload carries its answer:
/// address error outside the window, burst error for a shape that no register access has, byte enable error
/// for partial enables, command error for a compare-and-swap, or OK for an ignore command.
inline bool begin_register_access(tlm::tlm_generic_payload& payload, std::uint32_t window,
                                  RegisterAccess& access) {
  const std::uint64_t address = payload.get_address();
  const unsigned bytes = payload.get_data_length();
  const auto answer = [&](tlm::tlm_response_status status) {
    payload.set_response_status(status);
    return false;
  };
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) return answer(tlm::TLM_OK_RESPONSE);
  if (address >= window || bytes > window - address) return answer(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || address % bytes != 0 ||
      payload.get_streaming_width() < bytes || payload.get_data_ptr() == nullptr) {
    return answer(tlm::TLM_BURST_ERROR_RESPONSE);
  }
  if (const unsigned char* enables = payload.get_byte_enable_ptr()) {
    const unsigned n = payload.get_byte_enable_length();
    bool all = n != 0;
    for (unsigned i = 0; i < n && i < bytes; ++i) all = all && enables[i] == TLM_BYTE_ENABLED;
    if (!all) return answer(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  }
  if (payload.get_extension<CompareSwapExtension>() != nullptr)
    return answer(tlm::TLM_COMMAND_ERROR_RESPONSE);
  access = {static_cast<std::uint32_t>(address), bytes, payload.is_write(), 0};
  if (access.write) access.value = load_little_endian(payload.get_data_ptr(), bytes);
  return true;
}

/// Puts a read's value into the payload and answers OK.
inline void end_register_access(tlm::tlm_generic_payload& payload, const RegisterAccess& access,
                                std::uint64_t value) {
  if (!access.write) store_little_endian(payload.get_data_ptr(), value, access.bytes);
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
  if (payload.is_read()) std::memset(payload.get_data_ptr(), 0, payload.get_data_length());
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
