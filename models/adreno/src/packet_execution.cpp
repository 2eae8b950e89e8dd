// What packets do to memory.
#include <algorithm>
#include <cstddef>

#include "adreno_registers.h"
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/base/little_endian.h"

namespace smmuvp {

using namespace adreno;

namespace {

constexpr std::uint64_t page = 4096;

constexpr std::uint32_t EVENT_TIMESTAMP = 1U << 30;
constexpr std::uint32_t EVENT_IRQ = 1U << 31;
constexpr std::uint32_t MEM_TO_MEM_DOUBLE = 1U << 29;
constexpr std::uint32_t WAIT_SIGNED = 1U << 3;

// Polls: how far apart, and how that grows.
constexpr std::uint32_t poll_cycles = 256;
constexpr std::uint32_t polls_alike = 64;
constexpr std::uint32_t most_doublings = 6;

enum Poll : unsigned { POLL_REGISTER, POLL_MEMORY };

// cp_cond_function of adreno_pm4.xml.
bool holds(unsigned function, std::int64_t value, std::int64_t ref) {
  switch (function) {
    case 1:
      return value < ref;
    case 2:
      return value <= ref;
    case 3:
      return value == ref;
    case 4:
      return value != ref;
    case 5:
      return value >= ref;
    case 6:
      return value > ref;
    default:
      return true;
  }
}

std::uint64_t room(std::uint64_t address) { return page - address % page; }

}  // namespace

std::uint64_t AdrenoCore::address_at(unsigned i) const {
  return canonical(std::uint64_t{word(i + 1)} << 32 | (word(i) & ~3U));
}

// The packet at hand is there. One step: an access, a wait, or the end.
void AdrenoCore::execute() {
  const PacketHeader h = header();
  if (h.info == nullptr) {
    write_registers();
    return;
  }
  switch (h.info->opcode) {
    case CP_WAIT_REG_MEM:
      wait_reg_mem();
      break;
    case CP_MEM_WRITE:
      mem_write();
      break;
    case CP_REG_TO_MEM:
      reg_to_mem();
      break;
    case CP_INDIRECT_BUFFER:
      enter(address_at(0), word(2) & 0xfffff);
      break;
    case CP_MEM_TO_REG:
      mem_to_reg();
      break;
    case CP_EVENT_WRITE:
      event_write();
      break;
    case CP_SMMU_TABLE_UPDATE:
      table_update();
      break;
    case CP_SET_PROTECTED_MODE:
      m_protected = (word(0) & 1) != 0;
      finish();
      break;
    case CP_WHERE_AM_I:
      if (m_step != 0) {
        finish();
        break;
      }
      store_little_endian(m_data.data(), ring_position(m_sources[0].ahead), 4);
      access_memory(true, address_at(0), 4);
      break;
    case CP_MEM_TO_MEM:
      mem_to_mem();
      break;
    case CP_MEMCPY:
      memcpy_words();
      break;
    case CP_NOP:
    case CP_WAIT_MEM_WRITES:
    case CP_WAIT_FOR_ME:
    case CP_WAIT_FOR_IDLE:
    case CP_ME_INIT:
      finish();
      break;
  }
}

void AdrenoCore::access_memory(bool write, std::uint64_t address, std::uint64_t length) {
  want(Purpose::Packet, Port::Memory, write, address, static_cast<std::uint32_t>(length));
}

/// Bytes that a packet moves in accesses of their own, which m_done counts.
std::uint64_t AdrenoCore::packet_bytes() const {
  const PacketHeader h = header();
  if (h.info == nullptr) return 0;
  switch (h.info->opcode) {
    case CP_MEM_WRITE:
      return 4 * (std::uint64_t{h.words} - 2);
    case CP_REG_TO_MEM:
      return std::uint64_t{4} * std::max(word(0) >> 18 & 0xfff, 1U);
    case CP_MEM_TO_REG:
      return std::uint64_t{4} * std::max(word(0) >> 19 & 0x7ff, 1U);
    case CP_MEMCPY:
      return std::uint64_t{4} * word(0);
    default:
      return 0;
  }
}

void AdrenoCore::mem_write() {
  const std::uint64_t left = packet_bytes() - m_done;
  if (left == 0) {
    finish();
    return;
  }
  const std::uint64_t address = canonical(address_at(0) + m_done);
  const std::uint64_t n = std::min(left, room(address));
  const std::size_t first = 2 + m_done / 4;
  for (std::size_t i = 0; i < n / 4; ++i) {
    store_little_endian(&m_data[4 * i], word(static_cast<unsigned>(first + i)), 4);
  }
  access_memory(true, address, n);
}

// Reads at even steps, and writes what they read at odd ones.
void AdrenoCore::memcpy_words() {
  const std::uint64_t left = packet_bytes() - m_done;
  if (left == 0) {
    finish();
    return;
  }
  const std::uint64_t from = canonical(address_at(1) + m_done);
  const std::uint64_t to = canonical(address_at(3) + m_done);
  const std::uint64_t n = std::min({left, room(from), room(to)});
  if (m_step % 2 == 0) {
    access_memory(false, from, n);
  } else {
    access_memory(true, to, n);
  }
}

// Step k reads source k, the last one writes.
void AdrenoCore::mem_to_mem() {
  const std::uint32_t sources = (m_needed - 1 - 3) / 2;
  const unsigned bytes = (word(0) & MEM_TO_MEM_DOUBLE) != 0 ? 8 : 4;
  if (m_step > 0 && m_step <= sources) {
    const std::uint64_t value = load_little_endian(m_data.data(), bytes);
    m_sum += (word(0) >> (m_step - 1) & 1) != 0 ? 0 - value : value;
  }
  if (m_step < sources) {
    access_memory(false, address_at(3 + 2 * m_step), bytes);
  } else if (m_step == sources) {
    store_little_endian(m_data.data(), m_sum, bytes);
    access_memory(true, address_at(1), bytes);
  } else {
    finish();
  }
}

void AdrenoCore::event_write() {
  const std::uint32_t flags = word(0);
  if (m_needed > 2 && m_step == 0) {
    const bool timestamp = (flags & EVENT_TIMESTAMP) != 0;
    store_little_endian(m_data.data(), timestamp ? always_on() : word(3), timestamp ? 8 : 4);
    access_memory(true, address_at(1), timestamp ? 8 : 4);
    return;
  }
  if ((flags & EVENT_IRQ) != 0 && !m_failed) raise(event_interrupt(flags & 0xff));
  finish();
}

void AdrenoCore::wait_reg_mem() {
  const unsigned function = word(0) & 7;
  const unsigned poll = word(0) >> 4 & 3;
  if (function == 7 || poll > POLL_MEMORY) {
    stop(CP_OPCODE_ERROR, function == 7 ? "CP_WAIT_REG_MEM has a reserved FUNCTION"
                                        : "CP_WAIT_REG_MEM polls what there is not here");
    return;
  }
  std::uint32_t value = 0;
  if (poll == POLL_REGISTER) {
    if (!read_from_packet(word(1) & 0x3ffff, value)) return;
  } else if (m_step == 0) {
    access_memory(false, address_at(1), 4);
    return;
  } else {
    value = static_cast<std::uint32_t>(load_little_endian(m_data.data(), 4));
  }
  value &= word(4);
  const bool is_signed = (word(0) & WAIT_SIGNED) != 0;
  const auto extend = [is_signed](std::uint32_t v) {
    return is_signed ? std::int64_t{static_cast<std::int32_t>(v)} : std::int64_t{v};
  };
  if (holds(function, extend(value), extend(word(3)))) {
    finish();
    return;
  }
  poll_again();
}

void AdrenoCore::poll_again() {
  m_step = 0;
  const bool of_packet = header().info->opcode == CP_WAIT_REG_MEM;
  const std::uint64_t cycles = std::max(of_packet ? word(5) : 0, poll_cycles);
  m_wake_at = m_now + cycles_ps(cycles << std::min(m_polls / polls_alike, most_doublings));
  m_polls = std::min(m_polls + 1, polls_alike * most_doublings);
}

// ---- answers

void AdrenoCore::answered(DmaResponse response, const DmaBuffer& data) {
  m_failed = response != DmaResponse::Ok;
  if (m_port == Port::Smmu && m_failed) {
    raise(INT_CP_AHB_ERROR);
    stop(CP_AHB_ERROR, "an access to the SMMU's registers had an error");
    return;
  }
  if (m_failed) memory_error(response);
  if (!m_operation.write) {
    if (m_failed) {
      m_data.fill(0);
    } else {
      std::copy_n(data.begin(), m_operation.length, m_data.begin());
    }
  }
  const Opcode opcode = header().info->opcode;
  if (m_polls == 0) progress();  // else it has polled before, in vain
  const bool counts = opcode == CP_MEMCPY ? m_operation.write : packet_bytes() != 0;
  if (counts) m_done += m_operation.length;
  ++m_step;
}

// CP_HW_FAULT's layout is the sheet's own.
void AdrenoCore::memory_error(DmaResponse response) {
  ++m_counters.memory_errors;
  const bool fetch = m_purpose == Purpose::Fetch;
  const std::uint32_t level = m_purpose == Purpose::Shadow ? 0 : m_level;
  m_registers.set(CP_HW_FAULT, (m_operation.write ? 1U : 0U) | (fetch ? 2U : 0U) | level << 4 |
                                   static_cast<std::uint32_t>(response) << 8);
  if (fetch) {
    stop(CP_HW_FAULT_ERROR, {});
  } else {
    raise(INT_CP_HW_ERROR, CP_HW_FAULT_ERROR);
  }
}

}  // namespace smmuvp
