// Counters by TBU and stream, in the form that counting a hit of the micro TLB takes few instructions.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/statistics.h"

namespace smmuvp::smmu {

/// Which streams are counted by themselves. A client can send any of 2^32 StreamIDs, so they are bounded:
/// the first ones that have a valid configuration. The rest is counted together.
class CountedStreams {
 public:
  static constexpr std::uint16_t most = 128;
  static constexpr std::uint16_t other = 0;  ///< the slot of the rest
  static constexpr std::uint16_t slots = most + 1;

  /// The name of a Secure stream; that of a Non-secure one is its StreamID.
  static constexpr std::uint64_t secure(std::uint32_t stream_id) {
    return std::uint64_t{1} << 32U | stream_id;
  }
  /// The slot of a stream; `other` if it has none.
  std::uint16_t find(std::uint64_t stream) const {
    for (unsigned i = bucket(stream); m_table[i] != other; i = (i + 1) % buckets) {
      if (m_streams[m_table[i] - 1U] == stream) return m_table[i];
    }
    return other;
  }
  /// As find(), after giving the stream a slot if there is one left.
  std::uint16_t add(std::uint64_t stream);
  /// Streams and their slots, by StreamID.
  std::vector<std::pair<std::uint64_t, std::uint16_t>> sorted() const;
  std::uint16_t size() const { return static_cast<std::uint16_t>(m_streams.size()); }
  void visit(Archive& archive);

 private:
  static constexpr unsigned buckets = 2 * most;  // never full: a search ends
  static unsigned bucket(std::uint64_t stream) {
    return (static_cast<std::uint32_t>(stream) ^ static_cast<std::uint32_t>(stream >> 32U)) * 0x9e3779b9U >>
           24U;
  }
  static_assert(buckets == 256);

  std::vector<std::uint64_t> m_streams;          // of slot i + 1
  std::array<std::uint16_t, buckets> m_table{};  // slots, by hash
};

/// The counters of one TBU, by slot of CountedStreams.
class TbuCounters {
 public:
  /// Accesses that a TBU answers: all that has to be counted of one, by what its answer says.
  struct Hits {
    std::uint64_t count = 0;
    TimePs time = 0;
  };
  /// Where hits of a micro TLB entry are counted. Finished answers keep it.
  static constexpr std::uint16_t hits_of(std::uint16_t slot, bool translated) {
    return static_cast<std::uint16_t>(2U * slot + (translated ? 1U : 0U));
  }
  /// Likewise of accesses that pass a disabled SMMU: they are no hits.
  static constexpr std::uint16_t passing = 2U * CountedStreams::slots;
  static constexpr std::uint16_t hit_counters = passing + 1U;

  TbuCounters() : m_hits(hit_counters), m_rest(CountedStreams::slots) {}

  void count_hit(std::uint16_t counter, TimePs time) {
    Hits& h = m_hits[counter];
    ++h.count;
    h.time += time;
  }
  /// Of all other accesses.
  AccessStatistics& rest(std::uint16_t slot) { return m_rest[slot]; }
  AccessStatistics of(std::uint16_t slot) const;
  AccessStatistics total() const;
  void reset();
  /// @param streams  how many slots are in use beside `other`
  void visit(Archive& archive, std::uint16_t streams);

 private:
  std::vector<Hits> m_hits;
  std::vector<AccessStatistics> m_rest;
};

}  // namespace smmuvp::smmu
