#include "smmuvp/adreno/adreno_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "adreno_registers.h"
#include "smmuvp/base/error.h"

namespace smmuvp {

using namespace adreno;

namespace {

constexpr std::uint64_t stalled_after_ps = 10'000'000;  // RBBM_STATUS3
constexpr std::uint64_t ps_per_s = 1'000'000'000'000;

AdrenoConfig checked(const AdrenoConfig& config) {
  if (config.clock_hz == 0) throw ConfigError("clock_hz", "0 Hz");
  return config;
}

}  // namespace

AdrenoCore::AdrenoCore(const AdrenoConfig& config, Diag& diag)
    : m_config(checked(config)), m_diag(diag), m_registers(register_table(), *this) {
  m_packet.reserve(max_words + 1);
}

// What is written while it is held in reset does nothing, so nothing but RBBM_SW_RESET_CMD need be kept.
void AdrenoCore::reset() {
  ++m_epoch;
  m_registers.reset();
  m_state = State::Free;
  m_level = 0;
  m_sources = {};
  m_packet.clear();
  m_needed = 0;
  m_moved = 0;
  m_shadow_due = false;
  m_stopped = false;
  m_bad_header = 0;
  m_protected = false;
  m_hang_told = false;
  m_wake_at = 0;
  m_reset_at = m_progress_at = m_now;
  publish();
}

// ---- time

std::uint64_t AdrenoCore::cycles_ps(std::uint64_t cycles) const {
  const std::uint64_t whole = cycles / m_config.clock_hz;
  return whole * ps_per_s +
         static_cast<std::uint64_t>(static_cast<unsigned __int128>(cycles % m_config.clock_hz) * ps_per_s /
                                    m_config.clock_hz);
}

// 19.2 MHz: 192 ticks in 10 us.
std::uint64_t AdrenoCore::always_on() const {
  constexpr std::uint64_t span = 10'000'000;
  const std::uint64_t ps = m_now - m_reset_at;
  return ps / span * 192 + ps % span * 192 / span;
}

void AdrenoCore::progress() {
  m_progress_at = m_now;
  m_hang_told = false;
}

std::optional<std::uint64_t> AdrenoCore::hang_at() const {
  const std::uint32_t cntl = reg(RBBM_INTERFACE_HANG_INT_CNTL);
  if ((cntl & HANG_ENABLE) == 0 || m_hang_told || !running() || !busy()) return std::nullopt;
  return m_progress_at + cycles_ps(std::max(cntl & HANG_CYCLES, 1U));
}

std::optional<std::uint64_t> AdrenoCore::next_event() const {
  std::optional<std::uint64_t> at = hang_at();
  if (m_wake_at > m_now && running() && !m_stopped) at = std::min(at.value_or(m_wake_at), m_wake_at);
  return at;
}

void AdrenoCore::advance(std::uint64_t now) {
  m_now = std::max(m_now, now);
  const auto hang = hang_at();
  if (hang && *hang <= m_now) {
    m_hang_told = true;
    ++m_counters.hangs;
    raise(INT_RBBM_HANG_DETECT);
  }
  publish();
}

// ---- registers

bool AdrenoCore::takes(std::uint32_t offset, unsigned bytes) {
  return (bytes == 4 || bytes == 8) && offset % bytes == 0;
}

std::uint64_t AdrenoCore::read(std::uint32_t offset, unsigned bytes) {
  std::uint64_t value = 0;
  publish();
  if (takes(offset, bytes)) m_registers.read(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

void AdrenoCore::write(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  if (takes(offset, bytes)) m_registers.write(offset, bytes, AccessSecurity::NonSecure, value);
  publish();
}

std::uint64_t AdrenoCore::peek(std::uint32_t offset, unsigned bytes) const {
  std::uint64_t value = 0;
  if (takes(offset, bytes)) m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

bool AdrenoCore::irq() const { return (reg(RBBM_INT_0_STATUS) & reg(RBBM_INT_0_MASK)) != 0; }

std::uint64_t AdrenoCore::reg64(std::uint16_t low) const {
  return std::uint64_t{reg(static_cast<std::uint16_t>(low + 1))} << 32 | reg(low);
}

void AdrenoCore::set64(std::uint16_t low, std::uint64_t value) {
  m_registers.set(low, value & 0xffffffff);
  m_registers.set(static_cast<std::uint16_t>(low + 1), value >> 32);
}

std::uint64_t AdrenoCore::register_read(std::uint16_t id, std::uint32_t, AccessSecurity,
                                        std::uint64_t stored) {
  if (id == CP_INTERRUPT_STATUS) m_registers.set(CP_INTERRUPT_STATUS, 0);
  return stored;
}

void AdrenoCore::register_written(std::uint16_t id, std::uint32_t, AccessSecurity, std::uint64_t old,
                                  std::uint64_t value, std::uint64_t written, std::uint64_t) {
  switch (id) {
    case RBBM_INT_CLEAR_CMD:
      m_registers.set(RBBM_INT_0_STATUS, reg(RBBM_INT_0_STATUS) & ~written);
      m_registers.set(RBBM_INT_CLEAR_CMD, 0);
      break;
    case RBBM_SW_RESET_CMD:
      if ((value & ~old & SW_RESET) != 0) {
        reset();
        m_registers.set(RBBM_SW_RESET_CMD, SW_RESET);
      }
      break;
    case CP_RB_WPTR:
      if (value >= ring_words()) {
        m_diag.guest_error(
            "CP_RB_WPTR", fmt::format("CP_RB_WPTR is {}; the ring has {} words", value, ring_words()), sheet);
      }
      if (!busy_until(old)) progress();
      break;
    case CP_SQE_CNTL:
    case RBBM_INTERFACE_HANG_INT_CNTL:
      progress();
      break;
    default:
      break;
  }
}

void AdrenoCore::raise(std::uint32_t interrupt, std::uint32_t why) {
  m_registers.set(RBBM_INT_0_STATUS, reg(RBBM_INT_0_STATUS) | interrupt);
  m_registers.set(CP_INTERRUPT_STATUS, reg(CP_INTERRUPT_STATUS) | why);
}

void AdrenoCore::stop(std::uint32_t why, const std::string& text) {
  m_stopped = true;
  ++m_counters.errors;
  raise(INT_CP_HW_ERROR, why);
  if (why == CP_OPCODE_ERROR) m_bad_header = m_packet[0];
  if (!text.empty()) m_diag.guest_error("packet", text, sheet, {}, packet_address());
}

// What follows from everything else. Debuggers read it, too.
void AdrenoCore::publish() {
  std::uint32_t status = 0;
  if (busy()) status |= STATUS_CP_BUSY | STATUS_GPU_BUSY_IGN_AHB;
  if (out(Port::Memory)) status |= STATUS_VBIF_BUSY;
  m_registers.set(RBBM_STATUS, status);
  const bool stalled = out(Port::Memory) && m_now - m_taken_at >= stalled_after_ps;
  m_registers.set(RBBM_STATUS3, stalled ? STATUS3_SMMU_STALLED_ON_FAULT : 0);
  set64(CP_IB1_BASE, m_level >= 1 ? m_sources[1].address : 0);
  m_registers.set(CP_IB1_REM_SIZE, m_level >= 1 ? m_sources[1].left : 0);
  set64(CP_IB2_BASE, m_level >= 2 ? m_sources[2].address : 0);
  m_registers.set(CP_IB2_REM_SIZE, m_level >= 2 ? m_sources[2].left : 0);
  m_registers.set(CP_SQE_STAT_DATA, reg(CP_SQE_STAT_ADDR) == 1 ? m_bad_header : 0);
  set64(CP_ALWAYS_ON_COUNTER, always_on());
}

// ---- the worker

bool AdrenoCore::running() const {
  return reg(CP_SQE_CNTL) == SQE_CNTL_RUN && (reg(RBBM_SW_RESET_CMD) & SW_RESET) == 0;
}

std::uint64_t AdrenoCore::reg_wptr() const { return m_registers.get(CP_RB_WPTR); }

bool AdrenoCore::busy_until(std::uint64_t wptr) const {
  return m_stopped || m_state != State::Free || m_level != 0 || !m_packet.empty() || m_shadow_due ||
         !ring_ends_at(wptr);
}

// A GPU address has 49 bits, and the upper one is its sign.
std::uint64_t AdrenoCore::canonical(std::uint64_t address) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 48;
  address &= 2 * sign - 1;
  return (address & sign) != 0 ? address | ~(sign - 1) : address;
}

void AdrenoCore::want(Purpose purpose, Port port, bool write, std::uint64_t address, std::uint32_t length) {
  const std::uint32_t apriv = reg(CP_APRIV_CNTL);
  m_purpose = purpose;
  m_port = port;
  m_operation = {};
  m_operation.write = write;
  m_operation.address = port == Port::Memory ? canonical(address) : address;
  m_operation.length = length;
  m_operation.epoch = m_epoch;
  if (port == Port::Smmu) {
    m_operation.privileged = true;
  } else {
    m_operation.stream_id = m_config.stream_id;
    const std::uint32_t bit = purpose == Purpose::Shadow  ? APRIV_RBRPWB
                              : purpose == Purpose::Fetch ? APRIV_RBFETCH
                                                          : APRIV_RBPRIVLEVEL;
    m_operation.privileged = (m_level == 0 || purpose == Purpose::Shadow) && (apriv & bit) != 0;
  }
  m_state = State::Ready;
}

// Ends: what is prefetched has few packets, and everything else wants an access or waits for something.
void AdrenoCore::work() {
  while (m_state == State::Free && running() && !m_stopped && m_wake_at <= m_now) {
    if (m_shadow_due) {
      write_shadow();
    } else if (m_needed != 0 && m_packet.size() == m_needed) {
      execute();
    } else if (!gather()) {
      return;
    }
  }
}

bool AdrenoCore::next(Port port, DmaOperation& operation, DmaBuffer& data) {
  if (!running()) return false;
  work();
  const bool take = waiting(port);
  if (take) {
    m_state = State::Out;
    m_out[index(port)] = true;
    if (port == Port::Memory) m_taken_at = m_now;
    operation = m_operation;
    data = m_data;
  }
  publish();
  return take;
}

void AdrenoCore::complete(Port port, const DmaOperation& operation, DmaResponse response,
                          const DmaBuffer& data) {
  m_out[index(port)] = false;
  if (operation.epoch == m_epoch && m_state == State::Out && m_port == port) {
    m_state = State::Free;
    if (response == DmaResponse::Ok && port == Port::Memory) {
      (m_operation.write ? m_counters.written_bytes : m_counters.read_bytes) += m_operation.length;
    }
    switch (m_purpose) {
      case Purpose::Fetch:
        fetched(response, data);
        break;
      case Purpose::Packet:
        answered(response, data);
        break;
      case Purpose::Shadow:
        progress();
        if (response != DmaResponse::Ok) memory_error(response);
        break;
    }
  }
  publish();
}

}  // namespace smmuvp
