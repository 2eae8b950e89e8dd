#include "smmuvp/smmu/engine.h"

#include "smmuvp/base/error.h"
#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmu {

namespace {

const EngineStructures& checked(const EngineStructures& s) {
  if (s.ports == 0) throw ConfigError("ports", "an SMMU has at least one TBU");
  return s;
}

}  // namespace

Engine::Engine(const EngineStructures& structures, Tracer& tracer)
    : m_structures(checked(structures)),
      m_tracer(tracer),
      m_tlb({structures.tlb_sets, structures.tlb_ways}),
      m_ports(structures.ports, Calendar(structures.port)),
      m_config(structures.config),
      m_tlb_calendar(structures.tlb),
      m_walker(structures.walker),
      m_walk_port(structures.walk_port) {}

void Engine::invalidate(const Invalidation& what, std::string_view command, TimePs now) {
  overtake();
  const std::uint64_t n = m_tlb.invalidate(what);
  m_statistics.tlb_invalidated += n;
  m_tracer.emit(now, trace_tlb_invalidate, command, n);
}

void Engine::prune(TimePs now) {
  if (now == m_pruned) return;
  m_pruned = now;
  for (Calendar& c : m_ports) c.prune(now);
  m_config.prune(now);
  m_tlb_calendar.prune(now);
  m_walker.prune(now);
  m_walk_port.prune(now);
}

void Engine::reset() {
  m_tlb.clear();
  overtake();
  ++m_reset_count;
  m_in_flight.clear();
  for (Calendar& c : m_ports) c.clear();
  m_config.clear();
  m_tlb_calendar.clear();
  m_walker.clear();
  m_walk_port.clear();
}

void Engine::visit(Archive& archive) {
  archive.begin("engine");
  m_tlb.visit(archive);
  for (Calendar& c : m_ports) c.visit(archive);
  m_config.visit(archive);
  m_tlb_calendar.visit(archive);
  m_walker.visit(archive);
  m_walk_port.visit(archive);
  m_statistics.visit(archive);
  archive.end();
  if (archive.loading()) overtake();
}

}  // namespace smmuvp::smmu
