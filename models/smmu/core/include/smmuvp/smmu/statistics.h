// Counters of the engine: what any SMMU counts of its accesses and translations.
#pragma once

#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/stats.h"

namespace smmuvp::smmu {

/// What is counted of accesses: of each TBU and stream, when an access is over.
struct AccessStatistics {
  std::uint64_t accesses = 0;
  std::uint64_t translations = 0;
  std::uint64_t bypasses = 0;
  std::uint64_t aborts = 0;
  std::uint64_t razwi = 0;
  std::uint64_t faults = 0;
  std::uint64_t micro_tlb_hits = 0;
  std::uint64_t micro_tlb_misses = 0;
  std::uint64_t tlb_hits = 0;
  std::uint64_t tlb_misses = 0;
  std::uint64_t tlb_rewalks = 0;
  std::uint64_t translation_time = 0;

  AccessStatistics& operator+=(const AccessStatistics& other);
  void report(StatVisitor& visitor) const;
  void visit(Archive& archive);
};

/// What is counted of the TCU, whoever it works for.
struct TcuStatistics {
  std::uint64_t micro_tlb_invalidated = 0;
  std::uint64_t tlb_fills = 0;
  std::uint64_t tlb_fills_dropped = 0;
  std::uint64_t tlb_invalidated = 0;
  std::uint64_t walks = 0;
  std::uint64_t walks_merged = 0;
  std::uint64_t walk_cache_hits = 0;
  std::uint64_t walk_cache_misses = 0;
  std::uint64_t walk_cache_invalidated = 0;
  std::uint64_t ipa_hits = 0;
  std::uint64_t ipa_misses = 0;
  std::uint64_t ipa_invalidated = 0;
  std::uint64_t walk_reads = 0;
  std::uint64_t dmi_grants = 0;
  std::uint64_t dmi_withdrawals = 0;
  std::uint64_t dmi_excess = 0;

  void report(StatVisitor& visitor) const;
  void visit(Archive& archive);
};

/// All of an SMMU.
struct Statistics : AccessStatistics, TcuStatistics {
  void report(StatVisitor& visitor) const {
    AccessStatistics::report(visitor);
    TcuStatistics::report(visitor);
  }
};

}  // namespace smmuvp::smmu
