// What all translations of one SMMU share: caches, the time of their structures, what is under way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/injection.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu/calendar.h"
#include "smmuvp/smmu/grants.h"
#include "smmuvp/smmu/in_flight.h"
#include "smmuvp/smmu/monitor.h"
#include "smmuvp/smmu/on_its_way.h"
#include "smmuvp/smmu/open_walks.h"
#include "smmuvp/smmu/statistics.h"
#include "smmuvp/smmu/stream_statistics.h"
#include "smmuvp/smmu/tbu.h"
#include "smmuvp/smmu/tlb.h"
#include "smmuvp/smmu/walk_caches.h"

namespace smmuvp::smmu {

/// Sizes and times of the structures that a request passes.
struct EngineStructures : TbuStructures {
  bool timing = true;       ///< false: no calendars, the SMMU itself takes no time
  bool merge_walks = true;  ///< who misses a page that another is walking for waits, and does not walk
  std::uint32_t ports = 1;  ///< TBUs
  std::uint32_t tlb_sets = 512;
  std::uint32_t tlb_ways = 4;
  std::uint32_t walk_cache_sets = 128;
  std::uint32_t walk_cache_ways = 4;
  std::uint32_t ipa_cache_sets = 32;
  std::uint32_t ipa_cache_ways = 4;
  StructureTiming config;      ///< configuration caches
  StructureTiming tlb;         ///< main TLB
  StructureTiming walk_cache;  ///< pointers to tables
  StructureTiming ipa_cache;   ///< stage 2 translations
  StructureTiming walker;      ///< width: concurrent walks. latency: of starting one
  StructureTiming walk_port;   ///< the port of table walks and structure fetches
  Adversity adversity;         ///< its delays count with `timing`
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
  const Tlb& tlb() const { return m_tlb; }
  const TableCache& walk_cache() const { return m_walk_cache; }
  const IpaCache& ipa_cache() const { return m_ipa_cache; }
  Tracer& tracer() { return m_tracer; }
  OpenWalks& open_walks() { return m_open_walks; }
  const OpenWalks& open_walks() const { return m_open_walks; }
  InFlight& in_flight() { return m_in_flight; }
  const InFlight& in_flight() const { return m_in_flight; }

  // ---- statistics

  /// Of the whole SMMU: sums over TBUs, and the TCU's.
  Statistics statistics() const;
  TcuStatistics& tcu_statistics() { return m_statistics; }
  /// Where an access that came by `port` is counted, but for what count_at_tbu() counts. Lasts as long as
  /// the engine. @param slot  of streams()
  AccessStatistics& counters(std::uint8_t port, std::uint16_t slot) {
    return tbu_of(port).counters.rest(slot);
  }
  CountedStreams& streams() { return m_streams; }
  AccessStatistics tbu_statistics(std::uint8_t port) const { return m_tbus[port].counters.total(); }
  /// @param slot  of streams()
  AccessStatistics stream_statistics(std::uint16_t slot) const;
  /// Reports, as parts, those of each TBU, of each stream that had an access, and of the rest.
  void report_parts(StatVisitor& visitor) const;
  /// All counters begin again at 0.
  void reset_statistics();

  /// An access has been let through or terminated; those of ATS have traces of their own.
  /// @param instruction  after overrides
  void trace_access(TimePs time, const AccessRequest& request, bool instruction) {
    if (__builtin_expect(m_tracer.on(), 0) && request.ats == AtsPhase::none)
      emit_access(time, request, instruction);
  }

  /// A transaction takes a slot of its TBU, or gives it back.
  void trace_transaction(TimePs time, const AccessRequest& request, bool begins) {
    if (__builtin_expect(m_tracer.on(), 0)) emit_transaction(time, request, begins);
  }

  // ---- performance monitors

  /// Whom to tell what happens to accesses; nullptr: nobody. @param hits  it is told of accesses that TBUs
  /// have finished answers for, too. Their answers, times and statistics are the same, at a cost to the host,
  /// and clients hold no direct memory pointers meanwhile.
  void set_monitor(Monitor* monitor, bool hits);
  bool monitored() const { return m_monitor != nullptr; }
  void tell(MonitoredEvent event, const MonitoredCause& cause) {
    if (__builtin_expect(m_monitor != nullptr, 0)) m_monitor->happened(event, cause);
  }
  void tell(MonitoredEvent event, const AccessRequest& request, TimePs time) {
    if (__builtin_expect(m_monitor != nullptr, 0)) {
      m_monitor->happened(event, {request.port, request.stream_id, request.secure_stream, time});
    }
  }

  // ---- injected faults

  /// Whom to ask for them; nullptr: nobody.
  void set_injector(Injector* injector) { m_injector = injector; }
  Injector* injector() const { return m_injector; }
  /// What is to be injected into the lookup of an access.
  bool injects_conflict(const AccessRequest& request, TimePs time) {
    return __builtin_expect(m_injector != nullptr, 0) && ask_for_conflict(request, time);
  }
  /// How much longer a synchronisation takes. @param which  as a site's `of`
  TimePs injected_sync_delay(std::string_view which, TimePs time) {
    return __builtin_expect(m_injector == nullptr, 1) ? 0 : ask_for_delay(which, time);
  }
  /// Whether a queue is to look full for a record. @param queue  as a place's name
  bool injects_full(std::string_view queue, std::uint32_t stream_id, TimePs time) {
    return __builtin_expect(m_injector != nullptr, 0) && ask_for_full(queue, stream_id, time);
  }

  // ---- invalidation

  /// How often something was invalidated. What began under an older generation fills no cache: it may have
  /// read what the invalidation announces a change of.
  std::uint64_t generation() const { return m_generation; }
  /// Begins a new generation.
  void overtake() { ++m_generation; }
  /// @param command  what asked for it, for traces
  void invalidate(const Invalidation& what, std::string_view command, TimePs now);
  /// Whether a translation is cached that invalidate() would take, for messages. Takes the time of all.
  bool caches_translation(const Invalidation& what) const;

  // ---- TBUs

  /// TBUs answer what they have finished answers for.
  void open_tbus();
  /// TBUs answer nothing, or let everything of the first 2^shift bytes pass by `bypass`.
  void close_tbus(const std::optional<FinishedAnswer>& bypass = {}, std::uint8_t shift = 0);
  /// Whether TBUs keep answers for a request at all.
  static bool has_owner(const AccessRequest& request) {
    return !request.debug && request.space == AddressSpace::non_secure && !request.secure_stream &&
           request.unsupported == Unsupported::none && request.ats == AtsPhase::none;
  }
  /// Whom a TBU keeps an answer for: a stream, or one of its substreams, which the upper half names. That of
  /// a stream alone is its number.
  static std::uint64_t owner_of(const AccessRequest& request) {
    const std::uint64_t substream = request.substream_valid ? request.substream_id | 1U << 31 : 0;
    return substream << 32 | request.stream_id;
  }
  /// Answers an access that a TBU has a finished answer for, and counts it; otherwise nothing has changed.
  bool answer_at_tbu(const AccessRequest& request, AccessAnswer& answer) {
    if (!has_owner(request)) return false;
    Tbu& tbu = tbu_of(request.port);
    const Found found = find_at_tbu(tbu, owner_of(request), request.address);
    if (found.answer == nullptr) return m_hits_monitored && answer_by_hidden(tbu, request, answer);
    if (!serves(*found.answer, request)) return false;
    apply(*found.answer, request, found.shift, answer);
    answer.time = count_at_tbu(tbu, found, request.time);
    return true;
  }

  /// What a TBU knows of an address of a stream.
  struct Found {
    const FinishedAnswer* answer;                  ///< nullptr: nothing
    std::uint8_t shift;                            ///< holds for the aligned 2^shift bytes around the address
    const MicroTlb<FinishedAnswer>::Entry* entry;  ///< nullptr: it is no micro TLB entry
  };
  /// Only of accesses that has_owner() is true of. @param owner  owner_of() them
  __attribute__((always_inline)) Found find_at_tbu(const Tbu& tbu, std::uint64_t owner,
                                                   std::uint64_t address) const {
    const auto* entry = tbu.answers.probe(owner, address);
    if (__builtin_expect(entry != nullptr, 1)) return {&entry->value, entry->shift(), entry};
    // Closed TBUs have no entries.
    if (!m_bypass || address >> m_bypass_shift != 0) return {nullptr, 0, nullptr};
    return {&*m_bypass, m_bypass_shift, nullptr};
  }
  /// As find_at_tbu(), of what is hidden while hits are monitored, too.
  Found find_any_at_tbu(const Tbu& tbu, const AccessRequest& request) const {
    const Found found = find_at_tbu(tbu, owner_of(request), request.address);
    return found.answer == nullptr && m_hits_monitored ? find_hidden(tbu, request) : found;
  }
  /// The access goes by what was found. @return when it is let through
  __attribute__((always_inline)) TimePs count_at_tbu(Tbu& tbu, const Found& found, TimePs begin) {
    TimePs end = begin;
    if (timing()) end = tbu.port.book(end);
    if (found.entry != nullptr) {
      tbu.answers.use(*found.entry);
      if (timing()) {
        end = tbu.lookup.book(end);
        if (__builtin_expect(begin < tbu.on_its_way.latest(), 0))
          end = wait_at_tbu(tbu, *found.entry, begin, end);
      }
    }
    tbu.counters.count_hit(found.answer->counter, end - begin);
    return end;
  }
  const std::vector<Tbu>& tbus() const { return m_tbus; }
  Tbu& tbu_of(std::uint8_t port) { return m_tbus[port < m_tbus.size() ? port : 0]; }
  /// A TBU keeps an answer. @param key  of the region, by the client's address. @param slot  of streams()
  /// @param until  when the answer is there, of one that took a walk; 0: at once
  void finish_at_tbu(const AccessRequest& request, const CacheKey& key, FinishedAnswer answer,
                     std::uint16_t slot = CountedStreams::other, TimePs until = 0);
  /// The TLB has been filled for an access that arrived at `since`, by a walk that ended at `until`.
  void filled_tlb(const Tlb::Entry& entry, TimePs since, TimePs until) {
    if (merges()) m_tlb_on_its_way.put(m_tlb.slot_of(entry), since, until);
  }
  /// When an entry of the TLB serves an access that arrived at `arrived` and has looked it up by `at`: then,
  /// or with the end of the walk that it comes from.
  TimePs there_in_tlb(const Tlb::Entry& entry, TimePs arrived, TimePs at) const {
    if (at >= m_tlb_on_its_way.latest()) return at;
    return std::max(at, m_tlb_on_its_way.there(m_tlb.slot_of(entry), arrived));
  }
  bool merge_walks() const { return m_structures.merge_walks; }
  /// Configuration of streams with (StreamID & mask) == match is no longer what answers were made of. A mask
  /// of 32 bits goes for all their substreams.
  void forget_answers(std::uint64_t match, std::uint64_t mask = ~std::uint64_t{0});

  // ---- direct memory pointers of clients

  /// The client of a port may hold pointers from now on: its accesses are all Non-secure, unprivileged data
  /// of this stream, without SubstreamID. Whatever withdraws a pointer calls `withdraw` before it returns,
  /// when caches have changed.
  Grants& allow_grants(std::uint8_t port, std::uint32_t stream_id, Grants::Withdraw withdraw);
  /// What a pointer of that client can be for around a request's address, before downstream has a say. The
  /// TBU tells what it holds, and nothing changes: no walk is made for it, so none can be overtaken.
  /// @param answer  becomes that of the request, but for the time
  std::optional<DirectRegion> direct_region(const AccessRequest& request, AccessAnswer& answer);
  /// Before something changes as a whole, for example because a state is loaded: no archive holds pointers.
  /// Clients are told, and may access meanwhile.
  void withdraw_grants();
  /// Output addresses are no longer what downstream gave pointers for. @param port  where it said so
  void withdraw_output(std::uint8_t port, const AddressRange& output);

  // ---- time: each books the structure for a request at `at` and gives the time of its answer

  bool timing() const { return m_structures.timing; }
  const Adversity& adversity() const { return m_structures.adversity; }
  TimePs pass_port(std::uint8_t port, TimePs at) { return timing() ? tbu_of(port).port.book(at) : at; }
  TimePs pass_micro_tlb(std::uint8_t port, TimePs at) { return timing() ? tbu_of(port).lookup.book(at) : at; }
  TimePs pass_to_tcu(std::uint8_t port, TimePs at) { return timing() ? tbu_of(port).to_tcu.book(at) : at; }
  TimePs pass_from_tcu(std::uint8_t port, TimePs at) {
    return timing() ? tbu_of(port).from_tcu.book(at) : at;
  }
  /// What a port takes for an access that it is free for.
  TimePs port_latency() const { return timing() ? m_structures.port.latency : 0; }
  TimePs pass_config(TimePs at) { return timing() ? m_config.book(at) : at; }
  TimePs pass_tlb(TimePs at) { return timing() ? m_tlb_calendar.book(at) : at; }
  TimePs pass_walk_cache(TimePs at) { return timing() ? m_walk_cache_calendar.book(at) : at; }
  TimePs pass_ipa_cache(TimePs at) { return timing() ? m_ipa_cache_calendar.book(at) : at; }
  TimePs pass_walk_port(TimePs at) {
    if (!timing()) return at;
    const TimePs passed = m_walk_port.book(at);
    return __builtin_expect(m_walk_delays.any(), 0) ? passed + m_walk_delays.draw() : passed;
  }
  /// When a walk that is asked for at `at` finds a walker; begins after the walker's latency.
  TimePs walker_free(TimePs at) { return timing() ? m_walker.earliest(at) : at; }
  TimePs walker_latency() const { return timing() ? m_walker.timing().latency : 0; }
  /// The walk that walker_free() gave `begin` for is over.
  void walker_done(TimePs begin, TimePs end) {
    if (timing()) m_walker.occupy(begin, end);
  }
  /// Simulated time has reached `now`: bookings before it are forgotten.
  void prune(TimePs now) {
    if (now != m_pruned) prune_all(now);
  }

  // ---- the rest

  /// Accesses that began before a reset are aborted: they see this number change.
  std::uint64_t reset_count() const { return m_reset_count; }
  /// Empties caches and calendars, forgets what is under way.
  void reset();
  /// After reset(): counters and numbers begin again, so that all is as new. There must be no transactions,
  /// whose tokens would stand for others.
  void renew();
  /// Saves or restores caches, calendars and counters.
  void visit(Archive& archive);
  /// Saves or restores the generation, or the reset count, under which something began, as whether that is
  /// still the same. After visit().
  void visit_generation(Archive& archive, std::uint64_t& generation) const {
    visit_since(archive, "overtaken", m_generation, generation);
  }
  void visit_reset_count(Archive& archive, std::uint64_t& count) const {
    visit_since(archive, "reset", m_reset_count, count);
  }

 private:
  bool ask_for_conflict(const AccessRequest& request, TimePs time);
  TimePs ask_for_delay(std::string_view which, TimePs time);
  bool ask_for_full(std::string_view queue, std::uint32_t stream_id, TimePs time);
  __attribute__((noinline)) void emit_access(TimePs time, const AccessRequest& request, bool instruction);
  __attribute__((noinline)) void emit_transaction(TimePs time, const AccessRequest& request, bool begins);
  static void visit_since(Archive& archive, const char* name, std::uint64_t now, std::uint64_t& then) {
    bool changed = then != now;
    archive.value(name, changed);
    if (archive.loading()) then = changed ? now - 1 : now;
  }
  template <class F>
  void for_each_calendar(F f);
  void prune_all(TimePs now);
  /// Whether an access waits for what is on its way: without time nothing is.
  bool merges() const { return m_structures.timing && m_structures.merge_walks; }
  __attribute__((noinline)) TimePs wait_at_tbu(const Tbu& tbu, const MicroTlb<FinishedAnswer>::Entry& entry,
                                               TimePs begin, TimePs end);
  Found find_hidden(const Tbu& tbu, const AccessRequest& request) const;
  __attribute__((noinline)) bool answer_by_hidden(Tbu& tbu, const AccessRequest& request,
                                                  AccessAnswer& answer);
  void show_bypass();
  template <class F>
  void withdraw(F f);
  EngineStructures m_structures;
  Tracer& m_tracer;
  Tlb m_tlb;
  TableCache m_walk_cache;
  IpaCache m_ipa_cache;
  std::uint64_t m_generation = 0;
  std::uint64_t m_reset_count = 0;
  OnItsWay m_tlb_on_its_way;
  OpenWalks m_open_walks;
  InFlight m_in_flight;
  std::vector<Tbu> m_tbus;
  bool m_tbus_open = false;
  std::optional<FinishedAnswer> m_bypass;  // none while hits are monitored, either
  std::uint8_t m_bypass_shift = 0;
  std::vector<std::unique_ptr<Grants>> m_grants;  // by port; none where its client may hold no pointers
  Calendar m_config;
  Calendar m_tlb_calendar;
  Calendar m_walk_cache_calendar;
  Calendar m_ipa_cache_calendar;
  Calendar m_walker;
  Calendar m_walk_port;
  Delays m_walk_delays;
  TimePs m_pruned = 0;
  TcuStatistics m_statistics;
  CountedStreams m_streams;
  std::optional<FinishedAnswer> m_hidden_bypass;  // m_bypass, while hits are monitored
  Monitor* m_monitor = nullptr;                   // whoever sets it does so again after loading
  bool m_hits_monitored = false;   // what TBUs have is hidden, so that each access comes to answer_at_tbu()
  Injector* m_injector = nullptr;  // no part of a saved state
};

}  // namespace smmuvp::smmu
