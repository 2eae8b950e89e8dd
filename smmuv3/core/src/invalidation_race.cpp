#include "smmuvp/smmuv3/invalidation_race.h"

#include <algorithm>

namespace smmuvp::smmuv3 {

namespace {

// Those of configuration and TLBs, 4.3 and 4.4; ATS invalidations and what follows are not affected.
bool is_affected(std::uint8_t opcode) {
  return opcode >= static_cast<std::uint8_t>(Opcode::CMD_CFGI_STE) &&
         opcode < static_cast<std::uint8_t>(Opcode::CMD_ATC_INV);
}

}  // namespace

bool InvalidationRace::loses(const Command& command) {
  if (!is_affected(command.opcode)) return false;
  const auto repeated = std::find_if(m_lost.begin(), m_lost.end(), [&command](const Lost& lost) {
    return lost.syncs != 0 && lost.words == command.words;
  });
  if (repeated != m_lost.end()) {
    m_lost.erase(repeated);
    return false;
  }
  if (!m_quiet) return false;
  m_traffic = m_traffic || m_in_flight.barrier() != *m_quiet;  // asked no more often than has to be
  if (!m_traffic) return false;
  if (m_lost.size() == most_lost) m_lost.erase(m_lost.begin());
  m_lost.push_back({command.words, 0});
  return true;
}

void InvalidationRace::synchronised() {
  m_quiet = m_in_flight.barrier();
  m_traffic = false;
  for (Lost& lost : m_lost) ++lost.syncs;
  const auto old = [](const Lost& lost) { return lost.syncs > most_syncs; };
  m_lost.erase(std::remove_if(m_lost.begin(), m_lost.end(), old), m_lost.end());
}

void InvalidationRace::reset() {
  m_quiet.reset();
  m_traffic = false;
  m_lost.clear();
}

void InvalidationRace::visit(Archive& archive) {
  archive.begin("invalidation_race");
  archive.optional("quiet", m_quiet, [&archive](auto& quiet) { archive.value("barrier", quiet); });
  archive.value("traffic", m_traffic);
  archive.list("lost", m_lost, most_lost, [&archive](Lost& lost) {
    archive.value("words", lost.words);
    archive.value("syncs", lost.syncs);
    if (lost.syncs <= most_syncs) return;
    archive.fail("syncs", "of a command that is forgotten");
    lost.syncs = most_syncs;
  });
  archive.end();
}

}  // namespace smmuvp::smmuv3
