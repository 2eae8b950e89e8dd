// Where packets come from: the ring and two levels of indirect buffers.
#include <algorithm>
#include <cstddef>

#include "adreno_registers.h"
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/base/little_endian.h"

namespace smmuvp {

using namespace adreno;

namespace {

constexpr std::uint32_t largest = 22;  // BUFSZ and BLKSZ
constexpr std::uint64_t page = 4096;

/// Words of the sizes in CP_RB_CNTL.
std::uint32_t size_words(std::uint32_t field) { return 2U << std::min(field & 0x3f, largest); }

}  // namespace

std::uint32_t AdrenoCore::ring_words() const { return size_words(reg(CP_RB_CNTL)); }

// The ring's size may have changed since CP_RB_RPTR was set.
std::uint32_t AdrenoCore::ring_position(std::uint32_t ahead) const {
  return (reg(CP_RB_RPTR) + ahead) & (ring_words() - 1);
}

bool AdrenoCore::ring_ends_at(std::uint64_t wptr) const {
  return ring_position(0) == (wptr & (ring_words() - 1));
}

std::uint64_t AdrenoCore::packet_address() const {
  return m_level == 0 ? reg64(CP_RB_BASE) + 4ULL * ring_position(0) : m_sources[m_level].address;
}

// Takes words of the packet at hand, or wants them from memory. @return false if there are none yet.
bool AdrenoCore::gather() {
  Source& s = m_sources[m_level];
  if (s.at == s.size) return fetch();
  const std::uint32_t word = s.words[s.at++];
  ++s.ahead;
  m_packet.push_back(word);
  if (m_needed == 0) return take_header();
  const std::uint32_t n = std::min(s.size - s.at, m_needed - static_cast<std::uint32_t>(m_packet.size()));
  m_packet.insert(m_packet.end(), s.words.begin() + s.at, s.words.begin() + s.at + n);
  s.at += n;
  s.ahead += n;
  return true;
}

bool AdrenoCore::take_header() {
  const PacketHeader h = header();
  if (!h.wrong.empty()) {
    stop(CP_OPCODE_ERROR, h.wrong);
    return false;
  }
  if (h.info != nullptr && m_level != 0 && h.info->ring_only) {
    stop(CP_OPCODE_ERROR, std::string(h.info->name) + " is for the ring alone");
    return false;
  }
  if (h.info != nullptr && m_level == levels - 1 && h.info->opcode == CP_INDIRECT_BUFFER) {
    stop(CP_OPCODE_ERROR, "CP_INDIRECT_BUFFER is in a buffer of the second level");
    return false;
  }
  m_needed = h.words + 1;
  m_step = 0;
  m_done = m_sum = 0;
  m_polls = 0;
  m_failed = false;
  return true;
}

bool AdrenoCore::fetch() {
  Source& s = m_sources[m_level];
  std::uint64_t address = 0;
  std::uint32_t n = 0;
  if (m_level == 0) {
    const std::uint32_t at = ring_position(s.ahead);
    const std::uint32_t ready = ((reg(CP_RB_WPTR) & (ring_words() - 1)) - at) & (ring_words() - 1);
    n = std::min(ready, ring_words() - at);
    address = reg64(CP_RB_BASE) + 4ULL * at;
    if (n == 0) return false;
  } else if (s.left == s.ahead) {
    if (!m_packet.empty()) {
      stop(CP_OPCODE_ERROR, "an indirect buffer ends inside a packet");
      return false;
    }
    // Back in the buffer above, behind the packet that led here.
    s = {};
    --m_level;
    m_packet.assign(1, m_sources[m_level].header);
    finish();
    return true;
  } else {
    n = s.left - s.ahead;
    address = s.address + 4ULL * s.ahead;
  }
  const auto room = static_cast<std::uint32_t>((page - address % page) / 4);
  n = std::min({n, prefetch_words, std::max(room, 1U)});
  want(Purpose::Fetch, Port::Memory, false, address, 4 * n);
  return true;
}

void AdrenoCore::fetched(DmaResponse response, const DmaBuffer& data) {
  progress();
  if (response != DmaResponse::Ok) {
    memory_error(response);
    return;
  }
  Source& s = m_sources[m_level];
  s.at = 0;
  s.size = std::min(m_operation.length / 4, prefetch_words);
  for (std::uint32_t i = 0; i < s.size; ++i) {
    s.words[i] = static_cast<std::uint32_t>(load_little_endian(&data[std::size_t{4} * i], 4));
  }
}

// The packet that leads to a buffer is finished when the buffer is.
void AdrenoCore::enter(std::uint64_t address, std::uint32_t words) {
  m_sources[m_level].header = m_packet[0];
  m_packet.clear();
  m_needed = 0;
  ++m_level;
  Source& s = m_sources[m_level];
  s = {};
  s.address = canonical(address);
  s.left = words;
}

void AdrenoCore::finish() {
  Source& s = m_sources[m_level];
  if (m_level == 0) {
    m_registers.set(CP_RB_RPTR, ring_position(s.ahead));
    m_moved += s.ahead;
    const bool update = (reg(CP_RB_CNTL) & RB_CNTL_NO_UPDATE) == 0;
    m_shadow_due = update && (ring_empty() || m_moved >= size_words(reg(CP_RB_CNTL) >> 8));
  } else {
    s.address = canonical(s.address + 4ULL * s.ahead);
    s.left -= s.ahead;
  }
  s.ahead = 0;
  ++m_counters.packets;
  progress();
  if (m_packet_hook) m_packet_hook(m_level, m_packet[0]);
  m_packet.clear();
  m_needed = 0;
}

void AdrenoCore::write_shadow() {
  m_shadow_due = false;
  m_moved = 0;
  store_little_endian(m_data.data(), reg(CP_RB_RPTR), 4);
  want(Purpose::Shadow, Port::Memory, true, reg64(CP_RB_RPTR_ADDR), 4);
}

}  // namespace smmuvp
