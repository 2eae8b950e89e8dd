#include "smmuvp/smmu/engine.h"

#include <algorithm>
#include <string>
#include <utility>

#include "smmuvp/base/error.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/smmu/client_access.h"
#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmu {

namespace {

const EngineStructures& checked(const EngineStructures& s) {
  if (s.ports == 0) throw ConfigError("ports", "an SMMU has at least one TBU");
  return s;
}

}  // namespace

void Engine::emit_access(TimePs time, const AccessRequest& r, bool instruction) {
  m_tracer.emit(time, smmu::trace_access, r.stream_id, r.substream_valid, r.substream_id, r.address,
                kind_name(r.kind, instruction), r.privileged, r.secure_stream, std::uint32_t{r.port},
                time - std::min(time, r.time));
}

void Engine::emit_transaction(TimePs time, const AccessRequest& r, bool begins) {
  m_tracer.emit(time, smmu::trace_transaction, std::uint32_t{r.port}, r.stream_id, r.address, begins);
}

Engine::Engine(const EngineStructures& structures, Tracer& tracer)
    : m_structures(checked(structures)),
      m_tracer(tracer),
      m_tlb({structures.tlb_sets, structures.tlb_ways}),
      m_walk_cache({structures.walk_cache_sets, structures.walk_cache_ways}, "walk_cache"),
      m_ipa_cache({structures.ipa_cache_sets, structures.ipa_cache_ways}, "ipa_cache"),
      m_tbus(structures.ports, Tbu(structures)),
      m_grants(structures.ports),
      m_config(structures.config),
      m_tlb_calendar(structures.tlb),
      m_walk_cache_calendar(structures.walk_cache),
      m_ipa_cache_calendar(structures.ipa_cache),
      m_walker(structures.walker),
      m_walk_port(structures.walk_port),
      m_walk_delays(structures.adversity, "walk", structures.adversity.walk_delay) {}

template <class F>
void Engine::for_each_calendar(F f) {
  for (Tbu& t : m_tbus) {
    for (Calendar* c : {&t.port, &t.lookup, &t.to_tcu, &t.from_tcu}) f(*c);
  }
  for (Calendar* c :
       {&m_config, &m_tlb_calendar, &m_walk_cache_calendar, &m_ipa_cache_calendar, &m_walker, &m_walk_port}) {
    f(*c);
  }
}

void Engine::finish_at_tbu(const AccessRequest& request, const CacheKey& key, FinishedAnswer answer,
                           std::uint16_t slot, TimePs until) {
  if (!m_tbus_open || !has_owner(request)) return;
  answer.counter = TbuCounters::hits_of(slot, answer.translated);
  answer.work_out();
  Tbu& tbu = tbu_of(request.port);
  const std::uint64_t owner = owner_of(request);
  const auto* before = until != 0 ? tbu.answers.probe_hidden(owner, request.address) : nullptr;
  const bool same_size = before != nullptr && before->shift() == key.shift;
  const auto& entry = tbu.answers.insert(owner, key, answer);
  const bool known = same_size && before == &entry;
  // What takes the place of an answer is there when that is.
  if (merges() && !known) tbu.on_its_way.put(tbu.answers.slot_of(entry), request.time, until);
}

TimePs Engine::wait_at_tbu(const Tbu& tbu, const MicroTlb<FinishedAnswer>::Entry& entry, TimePs begin,
                           TimePs end) {
  const TimePs there = tbu.on_its_way.there(tbu.answers.slot_of(entry), begin);
  if (there <= end) return end;
  ++m_statistics.walks_merged;
  return there;
}

void Engine::close_tbus(const std::optional<FinishedAnswer>& bypass, std::uint8_t shift) {
  m_tbus_open = false;
  m_hidden_bypass.reset();
  m_bypass = bypass;
  if (m_bypass) {
    m_bypass->counter = TbuCounters::passing;
    m_bypass->work_out();
  }
  m_bypass_shift = shift;
  show_bypass();
  forget_answers(0, 0);
}

void Engine::show_bypass() {
  std::optional<FinishedAnswer>& from = m_hits_monitored ? m_bypass : m_hidden_bypass;
  if (!from) return;
  (m_hits_monitored ? m_hidden_bypass : m_bypass) = from;
  from.reset();
}

void Engine::set_monitor(Monitor* monitor, bool hits) {
  m_monitor = monitor;
  if (m_hits_monitored == hits) return;
  m_hits_monitored = hits;
  for (Tbu& tbu : m_tbus) tbu.answers.hide(hits);
  show_bypass();
  if (hits) withdraw_grants();
}

Engine::Found Engine::find_hidden(const Tbu& tbu, const AccessRequest& request) const {
  const auto* entry = tbu.answers.probe_hidden(owner_of(request), request.address);
  if (entry != nullptr) return {&entry->value, entry->shift(), entry};
  if (!m_hidden_bypass || request.address >> m_bypass_shift != 0) return {nullptr, 0, nullptr};
  return {&*m_hidden_bypass, m_bypass_shift, nullptr};
}

Statistics Engine::statistics() const {
  Statistics s;
  static_cast<TcuStatistics&>(s) = m_statistics;
  for (const Tbu& tbu : m_tbus) s += tbu.counters.total();
  return s;
}

bool Engine::answer_by_hidden(Tbu& tbu, const AccessRequest& request, AccessAnswer& answer) {
  const Found found = find_hidden(tbu, request);
  if (found.answer == nullptr || !serves(*found.answer, request)) return false;
  apply(*found.answer, request, found.shift, answer);
  answer.time = count_at_tbu(tbu, found, request.time);
  tell(MonitoredEvent::access, request, request.time);
  return true;
}

AccessStatistics Engine::stream_statistics(std::uint16_t slot) const {
  AccessStatistics s;
  for (const Tbu& tbu : m_tbus) s += tbu.counters.of(slot);
  return s;
}

void Engine::report_parts(StatVisitor& visitor) const {
  const auto report_part = [&visitor](const char* kind, const std::string& name, const AccessStatistics& s) {
    if (StatVisitor* part = visitor.part(kind, name)) s.report(*part);
  };
  for (unsigned port = 0; port < m_tbus.size(); ++port) {
    report_part("tbu", std::to_string(port), tbu_statistics(static_cast<std::uint8_t>(port)));
  }
  for (const auto& [stream, slot] : m_streams.sorted()) {
    const AccessStatistics s = stream_statistics(slot);
    const bool secure = stream >> 32U != 0;
    const std::string name = number_text(static_cast<std::uint32_t>(stream), Notation::Hexadecimal);
    if (s.accesses != 0) report_part("stream", (secure ? "secure-" : "") + name, s);
  }
  const AccessStatistics other = stream_statistics(CountedStreams::other);
  if (other.accesses != 0) report_part("stream", "other", other);
}

void Engine::reset_statistics() {
  m_statistics = {};
  for (Tbu& tbu : m_tbus) tbu.counters.reset();
}

void Engine::open_tbus() {
  if (m_tbus_open) return;
  m_tbus_open = true;
  m_bypass.reset();
  m_hidden_bypass.reset();
  withdraw([](Grants& g) { return g.withdraw_all(); });
}

void Engine::forget_answers(std::uint64_t match, std::uint64_t mask) {
  for (Tbu& tbu : m_tbus) tbu.answers.drop_owner(match, mask);
  withdraw([&](Grants& g) { return g.forget(match, mask); });
}

// @param f  gives how many it withdrew
template <class F>
void Engine::withdraw(F f) {
  for (const auto& grants : m_grants) {
    if (grants) m_statistics.dmi_withdrawals += f(*grants);
  }
}

Grants& Engine::allow_grants(std::uint8_t port, std::uint32_t stream_id, Grants::Withdraw withdraw) {
  std::unique_ptr<Grants>& grants = m_grants.at(port);
  grants = std::make_unique<Grants>(stream_id, std::move(withdraw));
  return *grants;
}

std::optional<DirectRegion> Engine::direct_region(const AccessRequest& request, AccessAnswer& answer) {
  const std::uint64_t address = request.address;
  const Found found = find_at_tbu(tbu_of(request.port), request.stream_id, address);
  if (found.answer == nullptr) return std::nullopt;
  DirectRegion region;
  if (found.entry != nullptr) {
    region.key = found.entry->key();
  } else {
    region.key.tag.regime = no_regime;
    region.key.shift = found.shift;
  }
  apply(*found.answer, request, found.shift, answer);
  const std::uint64_t inside = (std::uint64_t{1} << found.shift) - 1;
  region.input = {address & ~inside, address | inside};
  region.output = {found.answer->output, found.answer->output | inside};
  region.read = found.answer->serves_index(FinishedAnswer::index_of(false, false, false));
  region.write = found.answer->serves_index(FinishedAnswer::index_of(true, false, false));
  if (timing()) {
    region.latency = m_structures.port.latency;
    if (found.entry != nullptr) region.latency += m_structures.micro_tlb.latency;
  }
  return region;
}

void Engine::withdraw_output(std::uint8_t port, const AddressRange& output) {
  if (const auto& grants = m_grants.at(port)) {
    m_statistics.dmi_withdrawals += grants->invalidate_output(output, m_statistics.dmi_excess);
  }
}

void Engine::invalidate(const Invalidation& what, std::string_view command, TimePs now) {
  overtake();
  const std::uint64_t n = m_tlb.invalidate(what);
  m_statistics.tlb_invalidated += n;
  for (Tbu& tbu : m_tbus) m_statistics.micro_tlb_invalidated += tbu.answers.invalidate(what);
  m_statistics.walk_cache_invalidated += m_walk_cache.invalidate(what);
  m_statistics.ipa_invalidated += m_ipa_cache.invalidate(what);
  m_tracer.emit(now, trace_tlb_invalidate, command, n);
  withdraw([&](Grants& g) { return g.invalidate(what); });
}

// Those at TBUs have been in the TLB, and may have outlived it there. IPA cache and walk cache hold no
// answers.
bool Engine::caches_translation(const Invalidation& what) const {
  return m_tlb.has_any(what) ||
         std::any_of(m_tbus.begin(), m_tbus.end(), [&](const Tbu& tbu) { return tbu.answers.has_any(what); });
}

void Engine::prune_all(TimePs now) {
  m_pruned = now;
  m_in_flight.prune(now);
  if (timing()) for_each_calendar([now](Calendar& c) { c.prune(now); });  // else nothing is booked
}

void Engine::withdraw_grants() {
  withdraw([](Grants& g) { return g.withdraw_all(); });
}

void Engine::reset() {
  for (Tbu& tbu : m_tbus) {
    tbu.answers.clear();
    tbu.on_its_way.clear();
  }
  m_tlb.clear();
  m_tlb_on_its_way.clear();
  m_open_walks.clear();
  m_walk_cache.clear();
  m_ipa_cache.clear();
  overtake();
  ++m_reset_count;
  m_in_flight.clear();
  for_each_calendar([](Calendar& c) { c.clear(); });
  withdraw_grants();
}

void Engine::renew() {
  m_in_flight.renew();
  m_open_walks = {};
  m_streams = {};
  m_pruned = 0;
  reset_statistics();  // reset() counts what it withdraws
}

void Engine::visit(Archive& archive) {
  archive.begin("engine");
  for (Tbu& tbu : m_tbus) {
    tbu.answers.visit(archive);
    tbu.on_its_way.visit(archive, std::max(m_pruned, archive.now()), tbu.answers.geometry().entries());
  }
  m_tlb.visit(archive);
  m_tlb_on_its_way.visit(archive, std::max(m_pruned, archive.now()), m_tlb.geometry().entries());
  m_walk_cache.visit(archive);
  m_ipa_cache.visit(archive);
  for_each_calendar([&archive](Calendar& c) { c.visit(archive); });
  m_walk_delays.visit(archive);
  m_open_walks.visit(archive);
  m_in_flight.visit(archive);
  m_statistics.visit(archive);
  m_streams.visit(archive);
  for (Tbu& tbu : m_tbus) tbu.counters.visit(archive, m_streams.size());
  archive.end();
  if (archive.loading()) overtake();
}

}  // namespace smmuvp::smmu
