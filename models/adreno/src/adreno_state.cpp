// Saving and restoring, in the middle of a packet too.
#include "adreno_registers.h"
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/base/little_endian.h"

namespace smmuvp {

using namespace adreno;

void AdrenoCore::visit(Archive& archive) {
  archive.begin("adreno");
  m_registers.visit(archive);
  archive.moment("reset_at", m_reset_at);
  archive.moment("progress_at", m_progress_at);
  archive.moment("taken_at", m_taken_at);
  archive.time("wake_at", m_wake_at);
  archive.value("hang_told", m_hang_told);
  archive.value("stopped", m_stopped);
  archive.value("bad_header", m_bad_header);
  archive.value("protected", m_protected);
  archive.value("epoch", m_epoch);
  archive.value("state", m_state);
  archive.value("purpose", m_purpose);
  archive.value("port", m_port);
  m_operation.visit(archive);
  std::vector<std::uint8_t> data(m_data.begin(), m_data.end());
  archive.bytes("data", data);
  archive.value("out_memory", m_out[0]);
  archive.value("out_smmu", m_out[1]);
  archive.value("level", m_level);
  for (Source& s : m_sources) {
    archive.begin("source");
    archive.value("address", s.address);
    archive.value("left", s.left);
    archive.value("ahead", s.ahead);
    archive.value("at", s.at);
    archive.value("size", s.size);
    archive.value("header", s.header);
    archive.value("words", s.words);
    archive.end();
  }
  archive.value("moved", m_moved);
  archive.value("shadow_due", m_shadow_due);
  archive.list("packet", m_packet, max_words + 1, [&](std::uint32_t& word) { archive.value("", word); });
  archive.value("needed", m_needed);
  archive.value("step", m_step);
  archive.value("done", m_done);
  archive.value("sum", m_sum);
  archive.value("polls", m_polls);
  archive.value("failed", m_failed);
  archive.value("packets", m_counters.packets);
  archive.value("table_updates", m_counters.table_updates);
  archive.value("errors", m_counters.errors);
  archive.value("memory_errors", m_counters.memory_errors);
  archive.value("hangs", m_counters.hangs);
  archive.value("read_bytes", m_counters.read_bytes);
  archive.value("written_bytes", m_counters.written_bytes);
  archive.end();
  if (!archive.loading()) return;
  m_now = archive.now();
  if (data.size() != m_data.size() || !possible()) {
    archive.fail("adreno", "the state of the command processor is impossible");
    m_out = {};
    reset();
    return;
  }
  std::copy(data.begin(), data.end(), m_data.begin());
  publish();
}

// What execute(), answered() and gather() rely on.
bool AdrenoCore::possible() const {
  if (m_state > State::Out || m_purpose > Purpose::Shadow || m_port > Port::Smmu || m_level >= levels)
    return false;
  for (const Source& s : m_sources) {
    if (s.at > s.size || s.size > prefetch_words) return false;
  }
  for (unsigned level = 1; level <= m_level; ++level) {
    const Source& s = m_sources[level];
    const PacketHeader led_here = parse_header(m_sources[level - 1].header);
    if (s.address % 4 != 0 || s.left < s.ahead || s.left - s.ahead < s.size - s.at) return false;
    if (led_here.info == nullptr || led_here.info->opcode != CP_INDIRECT_BUFFER) return false;
  }
  if (!m_packet.empty()) {
    const PacketHeader h = header();
    if (h.wrong.empty() ? m_needed != h.words + 1 && !m_stopped : !m_stopped) return false;
    if (m_packet.size() > m_needed && !m_stopped) return false;
  } else if (m_needed != 0) {
    return false;
  }
  const bool whole = m_needed != 0 && m_packet.size() == m_needed;
  if (!m_stopped && !m_packet.empty() && !whole && (m_done != 0 || m_step != 0)) return false;
  if (whole && !m_stopped) {
    if (m_done > packet_bytes() || m_done % 4 != 0) return false;
    if (header().info != nullptr && header().info->opcode == CP_WAIT_REG_MEM && m_step > 1) return false;
  }
  const DmaOperation& o = m_operation;
  if (o.length > dma_burst_bytes) return false;
  if (m_state == State::Free) return true;
  if (o.length == 0 || o.epoch != m_epoch || m_stopped) return false;
  if (m_state == State::Out && !m_out[index(m_port)]) return false;
  if (m_purpose == Purpose::Packet) {
    if (!whole || header().info == nullptr) return false;
    return packet_bytes() == 0 || o.length <= packet_bytes() - m_done;
  }
  return m_purpose == Purpose::Shadow || (o.length % 4 == 0 && !whole && o.length <= 4 * prefetch_words);
}

}  // namespace smmuvp
