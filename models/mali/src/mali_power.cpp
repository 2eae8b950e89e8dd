// GPU control: commands, reset, power, counters.
#include <fmt/format.h>

#include "mali_registers.h"
#include "smmuvp/mali/mali_core.h"

namespace smmuvp {

using namespace mali;  // NOLINT(google-build-using-namespace): the sheet's names

namespace {

enum GpuCommand : std::uint32_t {
  NOP,
  SOFT_RESET,
  HARD_RESET,
  PRFCNT_CLEAR,
  PRFCNT_SAMPLE,
  CYCLE_COUNT_START,
  CYCLE_COUNT_STOP,
  CLEAN_CACHES,
  CLEAN_INV_CACHES,
};

// ps * hz / 10^12 rounded down; hz is at most 10^12.
std::uint64_t ticks(std::uint64_t ps, std::uint64_t hz) {
  constexpr std::uint64_t mega = 1'000'000;
  constexpr std::uint64_t second = mega * mega;
  const std::uint64_t micro = ps % second / mega * hz;  // hz / 10^6 each
  return ps / second * hz + micro / mega + (micro % mega * mega + ps % mega * hz) / second;
}

}  // namespace

void MaliCore::command(std::uint32_t code) {
  if (m_resetting && code != SOFT_RESET && code != HARD_RESET) return;
  switch (code) {
    case NOP:
    case PRFCNT_CLEAR:
      break;
    case SOFT_RESET:
    case HARD_RESET:
      begin_reset();
      break;
    case PRFCNT_SAMPLE:
      m_diag.unimplemented("GPU_CMD.PRFCNT_SAMPLE", "there are no performance counters to sample", sheet);
      raise(GPU_INT_RAWSTAT, PRFCNT_SAMPLE_COMPLETED);
      break;
    case CYCLE_COUNT_START:
      if (!m_counting) m_counting_since = m_now;
      m_counting = true;
      break;
    case CYCLE_COUNT_STOP:
      m_cycles_before = cycles();
      m_counting = false;
      break;
    case CLEAN_CACHES:
    case CLEAN_INV_CACHES:
      raise(GPU_INT_RAWSTAT, CLEAN_CACHES_COMPLETED);
      break;
    default:
      m_diag.guest_error("GPU_CMD", fmt::format("{:#x} was written to GPU_CMD, which is no command", code),
                         sheet);
      break;
  }
}

void MaliCore::begin_reset() {
  clear_state();
  ++m_counters.resets;
  m_resetting = true;
  m_reset_due = m_now + m_config.reset_ps;
}

void MaliCore::clear_state() {
  m_registers.reset();
  m_resetting = false;
  m_power = {};
  m_counting = false;
  m_cycles_before = 0;
  for (MaliAddressSpace& space : m_spaces) space.reset();
  for (Command& c : m_commands) c = {};
  for (MaliSlot& slot : m_slots) {
    const std::uint64_t epoch = slot.epoch + 1;
    slot = {};
    slot.epoch = epoch;
  }
  m_turn = 0;
}

// ---- power

void MaliCore::power(unsigned domain, std::uint64_t cores, bool on) {
  if (m_resetting) return;
  Power& p = m_power[domain];
  cores &= get64(m_registers, PRESENT_LO, domain);
  p.wanted = on ? p.wanted | cores : p.wanted & ~cores;
  if (p.moving == 0) begin_transition(p);
  elapse_power(domain);
}

void MaliCore::begin_transition(Power& p) {
  p.moving = p.wanted ^ p.ready;
  p.due = m_now + m_config.power_ps;
}

void MaliCore::elapse_power(unsigned domain) {
  Power& p = m_power[domain];
  // At most twice: what was asked for meanwhile begins now.
  for (int i = 0; i < 2 && p.moving != 0 && p.due <= m_now; ++i) {
    p.ready ^= p.moving;
    p.moving = 0;
    raise(GPU_INT_RAWSTAT, POWER_CHANGED_SINGLE);
    begin_transition(p);
    bool all = true;
    for (const Power& other : m_power) all = all && other.moving == 0;
    if (all) raise(GPU_INT_RAWSTAT, POWER_CHANGED_ALL);
  }
  if (domain != L2 || p.ready != 0) return;
  for (MaliSlot& slot : m_slots) {
    if (slot.busy()) end_chain(slot, JOB_POWER_FAULT);
  }
}

// ---- what registers show

std::uint64_t MaliCore::cycles() const {
  if (!m_counting) return m_cycles_before;
  const std::uint64_t since = m_now > m_counting_since ? m_now - m_counting_since : 0;
  return m_cycles_before + ticks(since, m_config.clock_hz);
}

std::uint64_t MaliCore::timestamp() const { return ticks(m_now, m_config.timestamp_hz); }

// Bits: as SoC vendors' headers name them (docs/mali.md, GPU_STATUS).
std::uint32_t MaliCore::status() const {
  bool moving = m_resetting;
  for (const Power& p : m_power) moving = moving || p.moving != 0;
  bool running = false;
  bool faulting = false;
  for (const MaliSlot& s : m_slots) {
    running = running || s.busy();
    faulting = faulting || (s.busy() && s.state == MaliSlot::State::Fault);
  }
  const bool irqs = irq(Line::Job) || irq(Line::Mmu) || irq(Line::Gpu);
  const auto bit = [](bool is, unsigned n) { return is ? 1U << n : 0U; };
  return bit(running || moving, 0) | bit(moving, 1) | bit(running, 3) | bit(faulting, 4) | bit(irqs, 5) |
         bit(m_counting, 6);
}

}  // namespace smmuvp
