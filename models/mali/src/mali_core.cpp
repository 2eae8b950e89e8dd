#include "smmuvp/mali/mali_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "mali_registers.h"
#include "smmuvp/base/error.h"

namespace smmuvp {

using namespace mali;  // NOLINT(google-build-using-namespace): the sheet's names

namespace {

MaliConfig checked(const MaliConfig& c) {
  const auto require = [](const char* name, std::uint64_t value, std::uint64_t min, std::uint64_t max) {
    if (value < min || value > max) {
      throw ConfigError(name, fmt::format("{} is {}, expected {} to {}", name, value, min, max));
    }
  };
  require("slots", c.slots, 1, MaliConfig::max_slots);
  require("address_spaces", c.address_spaces, 1, MaliConfig::max_address_spaces);
  require("shader_cores", c.shader_cores, 1, 32);
  require("clock_hz", c.clock_hz, 1, 1'000'000'000'000);
  require("timestamp_hz", c.timestamp_hz, 1, 1'000'000'000'000);
  return c;
}

// DmaOperation::epoch: the slot's own, its address space, its number.
std::uint64_t pack(std::uint64_t epoch, std::uint32_t as, std::uint32_t slot) {
  return epoch << 8 | as << 4 | slot;
}

}  // namespace

MaliCore::MaliCore(const MaliConfig& config, Diag& diag)
    : m_config(checked(config)),
      m_diag(diag),
      m_registers(mali::registers(m_config), *this),
      m_spaces(config.address_spaces, MaliAddressSpace(config.tlb_entries, config.has_TRANSCFG())),
      m_commands(config.address_spaces),
      m_on_their_way(config.address_spaces),
      m_slots(config.slots) {
  configure(m_registers, m_config);
  clear_state();
  show();
}

// ---- registers

std::uint64_t MaliCore::read(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes) {
  elapsed(now_ps);
  std::uint64_t value = 0;
  if (bytes == 4) m_registers.read(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

void MaliCore::write(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  elapsed(now_ps);
  if (bytes == 4) m_registers.write(offset, bytes, AccessSecurity::NonSecure, value);
  show();
}

std::uint64_t MaliCore::peek(std::uint32_t offset, unsigned bytes) const {
  std::uint64_t value = 0;
  m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

bool MaliCore::irq(Line line) const {
  constexpr std::array<std::uint16_t, 3> STAT{JOB_INT_STAT, MMU_INT_STAT, GPU_INT_STAT};
  return m_registers.get(STAT[static_cast<unsigned>(line)]) != 0;
}

void MaliCore::raise(std::uint16_t RAWSTAT, std::uint32_t bits) {
  m_registers.set(RAWSTAT, m_registers.get(RAWSTAT) | bits);
}

// What follows from other state, so that peek() and reads find it.
void MaliCore::show() {
  for (const std::uint16_t RAWSTAT : {GPU_INT_RAWSTAT, JOB_INT_RAWSTAT, MMU_INT_RAWSTAT}) {
    const auto MASK = static_cast<std::uint16_t>(RAWSTAT + 2);
    const auto STAT = static_cast<std::uint16_t>(RAWSTAT + 3);
    m_registers.set(STAT, m_registers.get(RAWSTAT) & m_registers.get(MASK));
  }
  const bool running =
      std::any_of(m_slots.begin(), m_slots.end(), [](const MaliSlot& s) { return s.busy(); });
  for (unsigned d = 0; d < m_power.size(); ++d) {
    set64(m_registers, READY_LO, m_power[d].ready, d);
    set64(m_registers, PWRTRANS_LO, m_power[d].moving, d);
  }
  set64(m_registers, PWRACTIVE_LO, running ? m_power[L2].ready : 0, L2);
  set64(m_registers, GPU_CYCLE_COUNT_LO, cycles());
  set64(m_registers, GPU_TIMESTAMP_LO, timestamp());
  for (std::uint32_t a = 0; a < m_config.address_spaces; ++a) {
    m_registers.set(AS_STATUS, m_commands[a].code != 0 ? 1 : 0, a);
  }
  m_registers.set(GPU_STATUS, status());
}

void MaliCore::register_written(std::uint16_t id, std::uint32_t index, AccessSecurity, std::uint64_t old,
                                std::uint64_t value, std::uint64_t written, std::uint64_t) {
  switch (id) {
    case GPU_INT_RAWSTAT:
    case JOB_INT_RAWSTAT:
    case MMU_INT_RAWSTAT:
      m_registers.set(id, old | written);
      break;
    case GPU_INT_CLEAR:
      m_registers.set(GPU_INT_RAWSTAT, m_registers.get(GPU_INT_RAWSTAT) & ~written);
      break;
    case JOB_INT_CLEAR:
      clear_job_interrupts(static_cast<std::uint32_t>(written));
      break;
    case MMU_INT_CLEAR:
      m_registers.set(MMU_INT_RAWSTAT, m_registers.get(MMU_INT_RAWSTAT) & ~written);
      for (std::uint32_t a = 0; a < m_config.address_spaces; ++a) tell_next_fault(a);
      break;
    default:
      if (id >= JS_HEAD_LO && id <= JS_FLUSH_ID_NEXT) {
        written_slot(id, index, old, id == JS_COMMAND ? written : value);
      } else if (id == AS_COMMAND) {
        mmu_command(index, static_cast<std::uint32_t>(written));
      } else {
        written_gpu(id, index, written);
      }
      break;
  }
}

void MaliCore::written_gpu(std::uint16_t id, std::uint32_t index, std::uint64_t value) {
  switch (id) {
    case GPU_CMD:
      command(static_cast<std::uint32_t>(value));
      break;
    case PWRON_LO:
    case PWROFF_LO:
      power(index, value, id == PWRON_LO);
      break;
    case PWRON_HI:
    case PWROFF_HI:
      power(index, value << 32, id == PWRON_HI);
      break;
    default:
      break;
  }
}

void MaliCore::written_slot(std::uint16_t id, std::uint32_t slot, std::uint64_t old, std::uint64_t value) {
  switch (id) {
    case JS_COMMAND:
      slot_command(slot, static_cast<std::uint32_t>(value));
      break;
    case JS_COMMAND_NEXT:
      if (value > 1 || m_resetting) {
        if (value > 1) {
          m_diag.guest_error(
              "JS_COMMAND_NEXT",
              fmt::format("{} was written to JS{}_COMMAND_NEXT; 0 NOP and 1 START are there", value, slot),
              sheet);
        }
        m_registers.set(JS_COMMAND_NEXT, old, slot);
      }
      start(m_slots[slot]);
      break;
    default:
      if (m_registers.get(JS_COMMAND_NEXT, slot) == 0) break;
      m_registers.set(id, old, slot);
      m_diag.guest_error("JS_NEXT",
                         fmt::format("a _NEXT register of slot {} was written while "
                                     "JS_COMMAND_NEXT is START",
                                     slot),
                         sheet);
      break;
  }
}

// ---- time

void MaliCore::elapsed(std::uint64_t now_ps) {
  m_now = std::max(m_now, now_ps);
  if (m_resetting && m_reset_due <= m_now) {
    m_resetting = false;
    raise(GPU_INT_RAWSTAT, RESET_COMPLETED);
  }
  for (unsigned d = 0; d < m_power.size(); ++d) elapse_power(d);
  for (std::uint32_t a = 0; a < m_config.address_spaces; ++a) elapse_command(a);
  show();
}

std::optional<std::uint64_t> MaliCore::next_event() const {
  std::optional<std::uint64_t> at;
  const auto due = [&at](std::uint64_t ps) {
    if (!at || ps < *at) at = ps;
  };
  if (m_resetting) due(m_reset_due);
  for (const Power& p : m_power) {
    if (p.moving != 0) due(p.due);
  }
  for (const Command& c : m_commands) {
    // One whose time has come waits for an access.
    if (c.code != 0 && c.due > m_now) due(c.due);
  }
  return at;
}

// ---- the bus

bool MaliCore::next(std::uint64_t now_ps, DmaOperation& access, DmaBuffer& data) {
  elapsed(now_ps);
  bool found = false;
  for (std::uint32_t i = 0; i < m_config.slots && !found; ++i) {
    const std::uint32_t slot = (m_turn + i) % m_config.slots;
    found = advance(m_slots[slot], access, data);
    if (found) m_turn = (slot + 1) % m_config.slots;
  }
  show();
  return found;
}

void MaliCore::issue(MaliSlot& slot, DmaOperation& access, DmaBuffer& data) {
  access = {};
  access.stream_id = m_config.stream_id;
  access.epoch = pack(slot.epoch, slot.as, number(slot));
  if (slot.state == MaliSlot::State::Walk) {
    access.address = slot.walk->op().address;
    access.length = slot.walk->op().size;
  } else {
    access.address = slot.pa;
    access.length = slot.length;
    access.write = slot.write;
    access.starts_request = slot.phase == MaliSlot::Phase::Fetch;
    if (slot.write) std::copy_n(slot.piece.begin(), slot.length, data.begin());
  }
  slot.issued = true;
  ++m_on_their_way[slot.as];
}

void MaliCore::complete(std::uint64_t now_ps, const DmaOperation& access, DmaResponse response,
                        const DmaBuffer& data) {
  elapsed(now_ps);
  const auto number = static_cast<std::uint32_t>(access.epoch & 0xf);
  const auto as = static_cast<std::uint32_t>(access.epoch >> 4 & 0xf);
  if (number >= m_config.slots || as >= m_config.address_spaces) return;
  if (m_on_their_way[as] != 0) --m_on_their_way[as];
  MaliSlot& slot = m_slots[number];
  if (slot.issued && access.epoch == pack(slot.epoch, slot.as, number)) {
    slot.issued = false;
    accessed(slot, response, data);
  }
  elapse_command(as);  // it may have waited for this access
  show();
}

void MaliCore::reset(std::uint64_t now_ps) {
  m_now = std::max(m_now, now_ps);
  clear_state();
  show();
}

}  // namespace smmuvp
