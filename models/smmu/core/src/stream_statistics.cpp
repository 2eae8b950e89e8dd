#include "smmuvp/smmu/stream_statistics.h"

#include <algorithm>

namespace smmuvp::smmu {

std::uint16_t CountedStreams::add(std::uint64_t stream) {
  const std::uint16_t known = find(stream);
  if (known != other || m_streams.size() == most) return known;
  m_streams.push_back(stream);
  unsigned i = bucket(stream);
  while (m_table[i] != other) i = (i + 1) % buckets;
  return m_table[i] = size();
}

std::vector<std::pair<std::uint64_t, std::uint16_t>> CountedStreams::sorted() const {
  std::vector<std::pair<std::uint64_t, std::uint16_t>> list;
  for (const std::uint64_t stream : m_streams) {
    list.emplace_back(stream, static_cast<std::uint16_t>(list.size() + 1));
  }
  std::sort(list.begin(), list.end());
  return list;
}

void CountedStreams::visit(Archive& archive) {
  std::vector<std::uint64_t> streams = m_streams;
  archive.list("counted_streams", streams, most,
               [&archive](std::uint64_t& stream) { archive.value("stream", stream); });
  if (!archive.loading()) return;
  *this = {};
  if (!archive.ok()) return;
  for (const std::uint64_t stream : streams) {
    if (find(stream) != other) archive.fail("counted_streams", "a stream is there twice");
    add(stream);
  }
}

AccessStatistics TbuCounters::of(std::uint16_t slot) const {
  AccessStatistics s = m_rest[slot];
  const Hits& translated = m_hits[hits_of(slot, true)];
  const Hits& bypassed = m_hits[hits_of(slot, false)];
  const Hits none;
  const Hits& passed = slot == CountedStreams::other ? m_hits[passing] : none;
  s.accesses += translated.count + bypassed.count + passed.count;
  s.micro_tlb_hits += translated.count + bypassed.count;
  s.translations += translated.count;
  s.bypasses += bypassed.count + passed.count;
  s.translation_time += translated.time + bypassed.time + passed.time;
  return s;
}

AccessStatistics TbuCounters::total() const {
  AccessStatistics sum;
  for (std::uint16_t slot = 0; slot < CountedStreams::slots; ++slot) sum += of(slot);
  return sum;
}

// In place: translations under way have references.
void TbuCounters::reset() {
  std::fill(m_hits.begin(), m_hits.end(), Hits{});
  std::fill(m_rest.begin(), m_rest.end(), AccessStatistics{});
}

void TbuCounters::visit(Archive& archive, std::uint16_t streams) {
  archive.begin("counters");
  if (archive.loading()) reset();
  const auto visit_hits = [&archive](Hits& h) {
    archive.value("count", h.count);
    archive.value("time", h.time);
  };
  for (std::uint16_t slot = 0; slot <= streams && slot < CountedStreams::slots; ++slot) {
    visit_hits(m_hits[hits_of(slot, false)]);
    visit_hits(m_hits[hits_of(slot, true)]);
    m_rest[slot].visit(archive);
  }
  visit_hits(m_hits[passing]);
  archive.end();
}

}  // namespace smmuvp::smmu
