// Counters of an SMMUv3 beside the engine's.
#pragma once

#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/stats.h"

namespace smmuvp::smmuv3 {

struct Statistics {
  std::uint64_t config_hits = 0;
  std::uint64_t config_misses = 0;
  std::uint64_t events = 0;
  std::uint64_t events_lost = 0;
  std::uint64_t events_merged = 0;
  std::uint64_t stalls = 0;
  std::uint64_t stalls_retried = 0;
  std::uint64_t commands = 0;
  std::uint64_t syncs = 0;
  std::uint64_t tlbi_broadcasts = 0;
  std::uint64_t msis = 0;
  std::uint64_t atos = 0;
  std::uint64_t prefetches = 0;
  std::uint64_t ats_requests = 0;
  std::uint64_t ats_translated = 0;
  std::uint64_t atc_invalidations = 0;
  std::uint64_t atc_timeouts = 0;
  std::uint64_t page_requests = 0;
  std::uint64_t page_requests_lost = 0;
  std::uint64_t page_responses = 0;

  void report(StatVisitor& visitor) const;
  void visit(Archive& archive);
};

}  // namespace smmuvp::smmuv3
