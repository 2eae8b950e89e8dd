#include "smmuvp/smmu/in_flight.h"

#include <limits>

namespace smmuvp::smmu {

void InFlight::leave_earlier(FlightToken token, TimePs time) {
  const std::uint64_t i = token.generation - m_first;
  if (token.generation < m_first || i >= m_generations.size() || m_generations[i].open == 0) return;
  Generation& g = m_generations[i];
  --g.open;
  g.end = std::max(g.end, time);
  g.lasted(token, time);
  if (i == m_left) count_left();
}

void InFlight::visit(Archive& archive) {
  constexpr std::uint64_t most = 1U << 20;
  archive.begin("in_flight");
  archive.value("first", m_first);
  archive.time("end", m_end);
  archive.list("generations", m_generations, most, [&](Generation& g) {
    archive.value("open", g.open);
    archive.time("end", g.end);
    archive.value("longest", g.longest);
  });
  archive.end();
  if (!archive.loading()) return;
  m_left = 0;
  bool sane =
      !m_generations.empty() && m_first != 0 && m_first <= std::numeric_limits<std::uint64_t>::max() / 2;
  for (const Generation& g : m_generations) {
    sane = sane && g.open <= std::numeric_limits<std::uint32_t>::max();
  }
  if (!sane) archive.fail("generations", "no numbers that transactions can have");
  if (!archive.ok()) {
    m_first = 1;
    clear();
    return;
  }
  find_last();
  count_left();
}

void InFlight::visit(Archive& archive, FlightToken& token) {
  if (token.generation < m_first) token = {};  // of before a clear()
  archive.value("token", token.generation);
  if (token.valid()) archive.moment("begin", token.begin);
  if (!archive.loading() || token.generation < m_first) return;
  const std::uint64_t i = token.generation - m_first;
  if (!archive.ok() || i >= m_generations.size()) {
    archive.fail("token", "of no transaction that is under way");
    token = {};
    return;
  }
  ++m_generations[i].open;
  m_left = std::min<std::size_t>(m_left, i);
}

}  // namespace smmuvp::smmu
