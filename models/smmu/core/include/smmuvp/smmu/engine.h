// What all translations of one SMMU share: caches, the time of their structures, what is under way.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/calendar.h"
#include "smmuvp/smmu/in_flight.h"
#include "smmuvp/smmu/statistics.h"
#include "smmuvp/smmu/tlb.h"
#include "smmuvp/smmu/walk_caches.h"

namespace smmuvp::smmu {

/// Sizes and times of the structures that a request passes.
struct EngineStructures {
  bool timing = true;  ///< false: no calendars, the SMMU itself takes no time
  std::uint32_t tlb_sets = 512;
  std::uint32_t tlb_ways = 4;
  std::uint32_t walk_cache_sets = 128;
  std::uint32_t walk_cache_ways = 4;
  std::uint32_t ipa_cache_sets = 32;
  std::uint32_t ipa_cache_ways = 4;
  std::uint32_t ports = 1;     ///< TBUs
  StructureTiming port;        ///< acceptance at a TBU
  StructureTiming config;      ///< configuration caches
  StructureTiming tlb;         ///< main TLB
  StructureTiming walk_cache;  ///< pointers to tables
  StructureTiming ipa_cache;   ///< stage 2 translations
  StructureTiming walker;      ///< width: concurrent walks. latency: of starting one
  StructureTiming walk_port;   ///< the port of table walks and structure fetches
};

/// The caches and calendars of one SMMU, and the accounting of its accesses. Knows no configuration and no
/// register: those are its user's.
class Engine {
 public:
  /// @param tracer  outlives the engine
  Engine(const EngineStructures& structures, Tracer& tracer);

  Tlb& tlb() { return m_tlb; }
  TableCache& walk_cache() { return m_walk_cache; }
  IpaCache& ipa_cache() { return m_ipa_cache; }
  Statistics& statistics() { return m_statistics; }
  const Statistics& statistics() const { return m_statistics; }
  Tracer& tracer() { return m_tracer; }
  InFlight& in_flight() { return m_in_flight; }
  const InFlight& in_flight() const { return m_in_flight; }

  // ---- invalidation

  /// How often something was invalidated. What began under an older generation fills no cache: it may have
  /// read what the invalidation announces a change of.
  std::uint64_t generation() const { return m_generation; }
  /// Begins a new generation.
  void overtake() { ++m_generation; }
  /// @param command  what asked for it, for traces
  void invalidate(const Invalidation& what, std::string_view command, TimePs now);

  // ---- time: each books the structure for a request at `at` and gives the time of its answer

  bool timing() const { return m_structures.timing; }
  TimePs pass_port(std::uint8_t port, TimePs at) {
    return timing() ? m_ports[port % m_ports.size()].book(at) : at;
  }
  TimePs pass_config(TimePs at) { return timing() ? m_config.book(at) : at; }
  TimePs pass_tlb(TimePs at) { return timing() ? m_tlb_calendar.book(at) : at; }
  TimePs pass_walk_cache(TimePs at) { return timing() ? m_walk_cache_calendar.book(at) : at; }
  TimePs pass_ipa_cache(TimePs at) { return timing() ? m_ipa_cache_calendar.book(at) : at; }
  TimePs pass_walk_port(TimePs at) { return timing() ? m_walk_port.book(at) : at; }
  /// When a walk that is asked for at `at` finds a walker; begins after the walker's latency.
  TimePs walker_free(TimePs at) { return timing() ? m_walker.earliest(at) : at; }
  TimePs walker_latency() const { return timing() ? m_walker.timing().latency : 0; }
  /// The walk that walker_free() gave `begin` for is over.
  void walker_done(TimePs begin, TimePs end) {
    if (timing()) m_walker.occupy(begin, end);
  }
  /// Simulated time has reached `now`: bookings before it are forgotten.
  void prune(TimePs now);

  // ---- the rest

  /// Accesses that began before a reset are aborted: they see this number change.
  std::uint64_t reset_count() const { return m_reset_count; }
  /// Empties caches and calendars, forgets what is under way.
  void reset();
  /// Saves or restores caches, calendars and counters.
  void visit(Archive& archive);

 private:
  template <class F>
  void for_each_calendar(F f);

  EngineStructures m_structures;
  Tracer& m_tracer;
  Tlb m_tlb;
  TableCache m_walk_cache;
  IpaCache m_ipa_cache;
  std::uint64_t m_generation = 0;
  std::uint64_t m_reset_count = 0;
  InFlight m_in_flight;
  std::vector<Calendar> m_ports;
  Calendar m_config;
  Calendar m_tlb_calendar;
  Calendar m_walk_cache_calendar;
  Calendar m_ipa_cache_calendar;
  Calendar m_walker;
  Calendar m_walk_port;
  TimePs m_pruned = 0;
  Statistics m_statistics;
};

}  // namespace smmuvp::smmu
