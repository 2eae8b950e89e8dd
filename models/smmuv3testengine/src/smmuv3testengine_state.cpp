// Saving and restoring a test engine. What is loaded is not trusted: only what commands could have led to is
// taken.
#include <array>

#include "smmuv3testengine_registers.h"
#include "smmuvp/smmuv3testengine/smmuv3testengine_core.h"

namespace smmuvp {

namespace {

std::array<std::uint64_t Smmuv3TestEngineCore::Counters::*, 8> counter_members() {
  using C = Smmuv3TestEngineCore::Counters;
  return {&C::commands,   &C::failed,        &C::misconfigured, &C::accesses,
          &C::read_bytes, &C::written_bytes, &C::msis,          &C::msis_aborted};
}

}  // namespace

void Smmuv3TestEngineCore::visit(Archive& archive) {
  archive.begin("smmuv3testengine");
  m_registers.visit(archive);
  archive.value("number", m_number);
  if (m_number >> 48 != 0) archive.fail("number", "more accesses than can have been made");
  for (std::uint32_t& turn : m_turn) archive.value("turn", turn);
  for (const auto member : counter_members()) archive.value("counter", m_counters.*member);

  std::vector<std::uint32_t> busy;
  for (const auto& entry : m_work) busy.push_back(entry.first);
  archive.list("frames", busy, frames(), [&](std::uint32_t& frame) { archive.value("frame", frame); });
  if (archive.loading()) {
    m_work.clear();
    for (auto& ready : m_ready) ready.clear();
    for (const std::uint32_t frame : busy) {
      if (frame < frames()) m_work[frame];
    }
    if (m_work.size() != busy.size()) archive.fail("frames", "names a frame twice, or one that is not there");
  }
  for (auto& [frame, work] : m_work) visit_work(archive, frame, work);
  archive.end();
  if (!archive.loading()) return;

  for (std::uint32_t frame = 0; archive.ok() && frame < frames(); ++frame) {
    const auto found = m_work.find(frame);
    const bool works = found != m_work.end() && found->second.command != HALTED;
    if (running(frame) != works) archive.fail("frames", "cmd says otherwise than what the frame does");
  }
  if (!archive.ok()) {
    m_number = 0;  // nothing is under way any more
    reset();
    return;
  }
  for (const auto& [frame, work] : m_work) m_ready[port_of(frame, work)].insert(frame);
}

void Smmuv3TestEngineCore::visit_work(Archive& archive, std::uint32_t frame, Work& work) {
  archive.begin("work");
  archive.value("command", work.command);
  archive.value("number", work.number);
  const bool commanded = work.command != HALTED;
  bool possible = !commanded || (work.command == cmd(frame) && wrong_with(frame, work.command) == nullptr);
  if (archive.loading()) work.range = commanded && possible ? range_of(frame) : TestEngineRange();
  possible = work.range.visit(archive) && possible;
  archive.optional("piece", work.piece, [&](TestEnginePiece& piece) {
    archive.value("offset", piece.offset);
    archive.value("bytes", piece.bytes);
  });
  archive.bytes("copied", work.copied);
  archive.optional("msi", work.msi, [&](TestEngineMessage& msi) {
    msi.write.visit(archive);
    archive.value("data", msi.data);
    archive.value("port", msi.port);
  });
  archive.end();
  if (!archive.loading()) return;
  possible = possible && (commanded || work.msi) && (!commanded || work.piece || !work.range.done());
  if (work.piece) {
    const TestEnginePiece& p = *work.piece;
    possible = possible && commanded && p.bytes >= 1 && p.bytes <= dma_burst_bytes &&
               p.offset <= work.range.last() && p.bytes - 1 <= work.range.last() - p.offset;
  }
  if (!work.copied.empty()) {
    possible = possible && work.command == MEMCPY && work.piece && work.copied.size() == work.piece->bytes;
  }
  if (work.msi) {
    const DmaOperation& w = work.msi->write;
    possible = possible && w.write && w.length == 4 && work.msi->port < m_config.ports && !work.piece;
  }
  // A piece is taken when its access is made, and has one made for it at every time but between the two
  // halves of a copy.
  if (work.number != 0) possible = possible && (work.msi || work.piece) && work.number <= m_number;
  if (work.number == 0 && work.piece) possible = possible && !work.copied.empty();
  if (!possible) archive.fail("work", "the state of a frame is impossible");
}

bool Smmuv3TestEngineCore::resume(const DmaOperation& access) {
  const std::uint32_t frame = frame_of(access);
  const auto found = m_work.find(frame);
  if (found == m_work.end() || found->second.number == 0 || found->second.number != access.epoch / frames()) {
    return true;  // a reset had overtaken it when it was saved
  }
  const DmaOperation own = operation(frame, found->second);
  m_ready[port_of(frame, found->second)].erase(frame);
  return own.write == access.write && own.address == access.address && own.length == access.length;
}

}  // namespace smmuvp
