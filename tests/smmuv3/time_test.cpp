// What holds of time whatever the parameters: more of a structure never hurts one stream, idle time adds
// nothing, and results are those of the order alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "smmuvp/test/core.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::StructureTiming;
using smmu::TimePs;

constexpr TimePs clock_ps = 1000;
constexpr TimePs memory_ps = 20 * clock_ps;
constexpr std::uint32_t streams = 3;
constexpr unsigned pages = 48;  // of each stream, in three last tables

/// One access of a trace.
struct Sent {
  std::uint32_t sid;
  std::uint64_t address;
  TimePs gap;  // after the one before was sent, or was answered
};

std::uint64_t page(unsigned i) { return std::uint64_t{i % 3} << 30U | std::uint64_t{i / 3} << 12U; }

/// As gem5's defaults, in small: traces of some pages fill it.
Structures small() {
  const auto pipelined = [](TimePs clocks) { return StructureTiming{clocks * clock_ps, clock_ps, 1}; };
  const auto lanes = [](TimePs clocks, std::uint32_t width) {
    return StructureTiming{clocks * clock_ps, clocks * clock_ps, width};
  };
  Structures s;
  s.port = s.micro_tlb = s.walk_port = pipelined(1);
  s.link = pipelined(8);
  s.config = s.tlb = s.ipa_cache = lanes(3, 3);
  s.walk_cache = lanes(4, 4);
  s.walker = lanes(0, 16);
  s.ports = 2;
  s.micro_tlb_geometry = {2, 2};
  s.tlb_sets = 4;
  s.tlb_ways = 2;
  s.walk_cache_sets = 2;
  s.walk_cache_ways = 2;
  return s;
}

/// Other latencies and widths, some of them 0.
Structures random_times(test::Random& random) {
  const auto time = [&random] {
    const TimePs latency = random.below(12) * clock_ps;
    const std::uint32_t width = 1 + static_cast<std::uint32_t>(random.below(3));
    return StructureTiming{latency, random.below(2) == 0 ? latency : std::min(latency, clock_ps), width};
  };
  Structures s = small();
  for (StructureTiming* t : {&s.port, &s.micro_tlb, &s.link, &s.config, &s.tlb, &s.walk_cache, &s.ipa_cache,
                             &s.walk_port, &s.command}) {
    *t = time();
  }
  s.walker = {random.below(4) * clock_ps, 0, 1 + static_cast<std::uint32_t>(random.below(4))};
  return s;
}

/// An SMMU whose streams have their tables.
class Timed : public World {
 public:
  explicit Timed(const Structures& structures) : World({}, structures) {
    memory.latency = memory_ps;
    start();
    for (std::uint32_t sid = 0; sid < streams; ++sid) {
      pgtable::Builder& b = stream(sid, static_cast<std::uint16_t>(sid));
      for (unsigned i = 0; i < pages; ++i) b.map(page(i), 0x8000'0000 + (i << 12U), 0x1000);
    }
  }
  smmu::AccessAnswer send(std::uint32_t sid, std::uint64_t address, TimePs at, std::uint8_t port = 0) {
    auto q = request(sid, address);
    q.time = at;
    q.port = port;
    return access(q);
  }
  /// What each access of a trace takes, with configuration cached: sent at its time, or when the one before
  /// is answered.
  std::vector<TimePs> run(const std::vector<Sent>& trace, bool one_by_one) {
    for (std::uint32_t sid = 0; sid < streams; ++sid) send(sid, page(0), 0);
    std::vector<TimePs> takes;
    TimePs at = long_after;
    for (const Sent& s : trace) {
      at += s.gap;
      const TimePs end = send(s.sid, s.address, at).time;
      takes.push_back(end - at);
      if (one_by_one) at = end;
    }
    return takes;
  }
  /// All pages of a stream, so that they hit from now on where caches are large enough.
  void warm(std::uint32_t sid, std::uint8_t port = 0) {
    for (unsigned i = 0; i < pages; ++i) send(sid, page(i), i * 150 * clock_ps, port);
  }
  static constexpr TimePs long_after = 10'000 * clock_ps;
};

/// One stream through `n` pages in order, over and over, some accesses a page.
std::vector<Sent> in_order(unsigned n, unsigned a_page, TimePs gap) {
  std::vector<Sent> trace;
  for (unsigned i = 0; i < 300; ++i) {
    trace.push_back({0, page(i / a_page % n) + i % a_page * 64, gap * clock_ps});
  }
  return trace;
}
std::vector<Sent> random_trace(test::Random& random, TimePs most) {
  std::vector<Sent> trace(300);
  for (Sent& s : trace) {
    s.sid = static_cast<std::uint32_t>(random.below(streams));
    s.address = page(static_cast<unsigned>(random.below(pages))) + 8 * random.below(512);
    s.gap = random.below(most + 1) * clock_ps;
  }
  return trace;
}
TimePs sum(const std::vector<TimePs>& takes) {
  TimePs all = 0;
  for (const TimePs t : takes) all += t;
  return all;
}
/// From the first request to the last answer.
TimePs whole(const std::vector<Sent>& trace, const std::vector<TimePs>& takes) {
  TimePs at = 0;
  TimePs end = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    at += trace[i].gap;
    end = std::max(end, at + takes[i]);
  }
  return end;
}

// ---- hits and misses

TEST(Time, AHitIsNeverSlowerThanAMissWhateverElseIsUnderWay) {
  test::Random random(1);
  std::array<unsigned, 3> faster{};
  for (int i = 0; i < 300; ++i) {
    const Structures structures = random_times(random);
    const std::vector<Sent> before = random_trace(random, 20);
    const Sent last = before[before.size() - 1 - random.below(4)];
    const TimePs at = whole(before, std::vector<TimePs>(before.size(), 0)) + Timed::long_after -
                      random.below(100) * clock_ps;
    // The same bookings; what may be hit goes, step by step.
    enum Dropped : std::uint8_t { nothing, micro_tlb, tlbs, all };
    TimePs less = 0;
    for (const Dropped dropped : {nothing, micro_tlb, tlbs, all}) {
      Timed w(structures);
      w.run(before, false);
      w.smmu.prune(0);
      smmu::Engine& e = w.smmu.engine();
      if (dropped != nothing) e.forget_answers(0, 0);
      if (dropped >= tlbs) e.tlb().invalidate({});
      if (dropped == all) e.invalidate({}, "test", 0);
      const std::uint64_t merged = w.smmu.engine_statistics().walks_merged;
      const TimePs takes = w.send(last.sid, last.address, at).time - at;
      // Who waits for the walk of another has not hit: that walk may end later than one of its own would.
      if (w.smmu.engine_statistics().walks_merged != merged) continue;
      EXPECT_GE(takes, less) << "run " << i << ", dropped " << unsigned{dropped};
      if (dropped != nothing && takes > less) ++faster[dropped - 1U];
      less = takes;
    }
  }
  for (const unsigned f : faster) EXPECT_GT(f, 100U) << "the cases differ";
}

// ---- more of a structure

struct Sweep {
  const char* name;
  std::function<void(Structures&, std::uint32_t)> set;
};
const std::array<Sweep, 3> ways = {{
    {"micro TLB ways", [](Structures& s, std::uint32_t n) { s.micro_tlb_geometry.ways = n; }},
    {"TLB ways", [](Structures& s, std::uint32_t n) { s.tlb_ways = n; }},
    {"walk cache ways", [](Structures& s, std::uint32_t n) { s.walk_cache_ways = n; }},
}};
const std::array<Sweep, 5> lanes_of_hits = {{
    {"port", [](Structures& s, std::uint32_t n) { s.port.width = n; }},
    {"micro TLB", [](Structures& s, std::uint32_t n) { s.micro_tlb.width = n; }},
    {"link", [](Structures& s, std::uint32_t n) { s.link.width = n; }},
    {"configuration", [](Structures& s, std::uint32_t n) { s.config.width = n; }},
    {"TLB", [](Structures& s, std::uint32_t n) { s.tlb.width = n; }},
}};
const std::array<Sweep, 3> lanes_of_walks = {{
    {"walk cache", [](Structures& s, std::uint32_t n) { s.walk_cache.width = n; }},
    {"walkers", [](Structures& s, std::uint32_t n) { s.walker.width = n; }},
    {"walk port", [](Structures& s, std::uint32_t n) { s.walk_port.width = n; }},
}};

/// What the trace takes with 1, 2, 3, 4 and 8 of a structure's ways or lanes: `compare` each with the next.
/// @param warm  pages of stream 0 are known before
void grow(
    const Sweep& sweep, Structures structures, const std::vector<Sent>& trace, bool one_by_one,
    const std::function<void(const std::vector<TimePs>& less, const std::vector<TimePs>& more)>& compare,
    bool warm = false) {
  std::vector<TimePs> less;
  for (const std::uint32_t n : {1U, 2U, 3U, 4U, 8U}) {
    sweep.set(structures, n);
    Timed w(structures);
    if (warm) w.warm(0);
    const std::vector<TimePs> more = w.run(trace, one_by_one);
    if (!less.empty()) compare(less, more);
    less = more;
  }
}

// One request at a time: lanes do not matter, and LRU keeps what fewer ways keep.
TEST(Time, MoreWaysNeverMakeAStreamOfOneRequestAtATimeSlower) {
  test::Random random(1);
  std::vector<std::vector<Sent>> traces;
  for (const unsigned n : {6U, 12U, 24U, pages}) {
    for (const unsigned a_page : {1U, 3U}) traces.push_back(in_order(n, a_page, 0));
  }
  for (int i = 0; i < 20; ++i) {
    traces.push_back(random_trace(random, 60));
    for (Sent& s : traces.back()) s.sid = 0;
  }
  for (const Sweep& sweep : ways) {
    SCOPED_TRACE(sweep.name);
    unsigned faster = 0;
    for (const std::vector<Sent>& trace : traces) {
      grow(sweep, small(), trace, true, [&](const auto& less, const auto& more) {
        EXPECT_LE(sum(more), sum(less));
        faster += sum(more) < sum(less) ? 1 : 0;
      });
    }
    EXPECT_GT(faster, 10U);
  }
}

// Whatever the micro TLB misses hits the main TLB: all go through the structures in the order of requests.
TEST(Time, AWiderStructureMakesNoHitOfAStreamSlowerHoweverManyAreOutstanding) {
  test::Random random(1);
  std::array<unsigned, lanes_of_hits.size()> faster{};
  for (int i = 0; i < 40; ++i) {
    Structures structures = random_times(random);
    structures.tlb_sets = 64;
    const std::vector<Sent> trace = in_order(12, 1 + i % 3, random.below(4));
    for (std::size_t k = 0; k < lanes_of_hits.size(); ++k) {
      SCOPED_TRACE(std::string(lanes_of_hits[k].name) + ", run " + std::to_string(i));
      const auto compare = [&](const auto& less, const auto& more) {
        for (std::size_t n = 0; n < trace.size(); ++n) ASSERT_LE(more[n], less[n]) << n;
        faster[k] += sum(more) < sum(less) ? 1 : 0;
      };
      grow(lanes_of_hits[k], structures, trace, false, compare, true);
    }
  }
  for (std::size_t k = 0; k < faster.size(); ++k) EXPECT_GT(faster[k], 10U) << lanes_of_hits[k].name;
}

// Walks that overlap meet at the walk port, and caches work one behind the other: there a request that comes
// earlier, or an entry that stays longer, can be in another's way. The rates are such that the SMMU keeps up.
TEST(Time, MoreOfAStructureMakesFewerThanOneInAHundredRandomAccessesSlower) {
  std::vector<Sweep> all(ways.begin(), ways.end());
  all.insert(all.end(), lanes_of_hits.begin(), lanes_of_hits.end());
  all.insert(all.end(), lanes_of_walks.begin(), lanes_of_walks.end());
  for (const bool one_by_one : {true, false}) {
    for (const Sweep& sweep : all) {
      SCOPED_TRACE(sweep.name);
      test::Random random(1);
      unsigned accesses = 0;
      unsigned slower = 0;
      unsigned faster = 0;
      for (int i = 0; i < 20; ++i) {
        grow(sweep, small(), random_trace(random, 60), one_by_one, [&](const auto& less, const auto& more) {
          accesses += static_cast<unsigned>(more.size());
          for (std::size_t k = 0; k < more.size(); ++k) {
            slower += more[k] > less[k] ? 1U : 0U;
            faster += more[k] < less[k] ? 1U : 0U;
          }
        });
      }
      RecordProperty(std::string(sweep.name) + (one_by_one ? ", one by one" : ""),
                     std::to_string(slower) + " slower, " + std::to_string(faster) + " faster");
      EXPECT_LT(100 * slower, accesses) << slower << " of " << accesses;
      EXPECT_LE(slower, faster);
    }
  }
}

// ---- idle time

TEST(Time, IdleGapsAddNothing) {
  test::Random random(1);
  for (int i = 0; i < 60; ++i) {
    const Structures structures = random_times(random);
    std::vector<Sent> trace = random_trace(random, 20);
    for (Sent& s : trace) s.gap += 500 * clock_ps;  // all that came before is over
    const std::vector<TimePs> takes = Timed(structures).run(trace, false);
    for (Sent& s : trace) s.gap += random.below(1'000'000'000);  // no multiple of a clock
    EXPECT_EQ(Timed(structures).run(trace, false), takes) << i;
  }
}

TEST(Time, AnIdleGapInAStreamOfHitsMakesNoneOfThemSlower) {
  test::Random random(1);
  unsigned faster = 0;
  for (int i = 0; i < 60; ++i) {
    Structures structures = random_times(random);
    structures.tlb_sets = 64;
    std::vector<Sent> trace = in_order(12, 1 + i % 3, random.below(4));
    const auto run = [&] {
      Timed w(structures);
      w.warm(0);
      return w.run(trace, false);
    };
    const std::vector<TimePs> dense = run();
    for (Sent& s : trace) s.gap += random.below(10) == 0 ? random.below(200) * clock_ps : 0;
    const std::vector<TimePs> takes = run();
    for (std::size_t k = 0; k < trace.size(); ++k) ASSERT_LE(takes[k], dense[k]) << "run " << i << ", " << k;
    faster += sum(takes) < sum(dense) ? 1 : 0;
  }
  EXPECT_GT(faster, 10U);
}

// ---- initiators that run ahead

TEST(Time, InitiatorsFarApartInLocalTimeInventNoContention) {
  test::Random random(1);
  for (int i = 0; i < 60; ++i) {
    Structures structures = random_times(random);
    structures.micro_tlb_geometry = {64, 16};
    structures.tlb_sets = structures.walk_cache_sets = 64;  // nothing is replaced: they share time alone
    structures.tlb_ways = structures.walk_cache_ways = 16;
    std::array<std::vector<Sent>, 2> traces;
    std::array<std::vector<TimePs>, 2> alone;
    for (std::uint32_t p = 0; p < 2; ++p) {
      traces[p] = random_trace(random, 30);
      for (Sent& s : traces[p]) s.sid = p;
      alone[p] = Timed(structures).run(traces[p], false);
    }
    Timed w(structures);
    w.run({}, false);
    // The second is a millisecond ahead, and both are served in turn.
    std::array<TimePs, 2> at{Timed::long_after, Timed::long_after + 1'000'000 * clock_ps};
    std::array<std::size_t, 2> next{};
    while (next[0] < traces[0].size() || next[1] < traces[1].size()) {
      std::size_t p = random.below(2);
      if (next[p] == traces[p].size()) p = 1 - p;
      const Sent& s = traces[p][next[p]];
      at[p] += s.gap;
      ASSERT_EQ(w.send(s.sid, s.address, at[p]).time - at[p], alone[p][next[p]]) << "run " << i;
      ++next[p];
    }
  }
}

// ---- order decides results

/// Everything but times that software and devices see of one order of accesses and commands.
class Results {
 public:
  /// @param seed  of the order
  Results(std::uint64_t seed, const Structures& structures, TimePs memory, TimePs spread)
      : m_random(seed), m_world(structures), m_spread(spread) {
    m_world.memory.latency = memory;
    for (int i = 0; i < 400; ++i) act();
    while (!m_open.empty()) go_on(m_random.below(m_open.size()));
    work();
    std::sort(m_events.begin(), m_events.end());  // they are written in the order of their times
    for (const auto& e : m_events) {
      note("event");
      for (const std::uint64_t word : e) note(word);
    }
    // Which hits come before what they hit is there is a matter of time alone.
    struct Counters : StatVisitor {
      void stat(std::string_view name, std::uint64_t v, std::string_view unit, std::string_view) override {
        if (unit != "ps" && name != "walks_merged")
          text += ", " + std::string(name) + " " + std::to_string(v);
      }
      std::string text;
    } counters;
    m_world.smmu.engine_statistics().report(counters);
    log.push_back(counters.text);
  }
  std::vector<std::string> log;
  unsigned waited = 0;  ///< steps of accesses for the walks of others

 private:
  void note(const std::string& what) { log.push_back(what); }
  void note(std::uint64_t what) { log.back() += " " + std::to_string(what); }

  void work() {
    m_world.work();
    while (const auto e = m_world.pop_event()) m_events.push_back(*e);
  }
  void act() {
    switch (m_random.below(8)) {
      case 0:
      case 1:
        begin();
        break;
      case 2:
        command();
        break;
      case 3:
        change();
        break;
      default:
        if (!m_open.empty()) go_on(m_random.below(m_open.size()));
        break;
    }
  }
  void begin() {
    auto q = World::request(static_cast<std::uint32_t>(m_random.below(streams + 1)),
                            page(static_cast<unsigned>(m_random.below(12))));
    const AccessKind kinds[] = {AccessKind::read, AccessKind::write, AccessKind::atomic};
    q.kind = kinds[m_random.below(3)];
    q.port = static_cast<std::uint8_t>(m_random.below(2));
    q.can_wait = m_random.below(2) == 0;
    m_at += m_random.below(40) * m_spread;
    q.time = m_at;
    smmu::AccessAnswer answer;
    if (m_world.smmu.translate_fast(q, answer)) return tell(answer);
    m_open.push_back(std::make_unique<Access>(m_world.smmu, q));
  }
  void go_on(std::size_t i) {
    Access& a = *m_open[i];
    switch (a.step()) {
      case smmu::Step::need:
        a.complete(m_world.memory.carry_out(a.op()));
        break;
      case smmu::Step::stalled:
        work();
        break;
      case smmu::Step::waits:
        ++waited;
        break;
      case smmu::Step::done:
        tell(a.answer());
        m_open.erase(m_open.begin() + static_cast<std::ptrdiff_t>(i));
        work();  // no record is lost
        break;
    }
  }
  void tell(const smmu::AccessAnswer& a) {
    note("answer");
    for (const std::uint64_t v : {std::uint64_t(a.outcome), a.output, std::uint64_t{a.region_shift},
                                  std::uint64_t{a.attributes.memory}, std::uint64_t(a.attributes.SH),
                                  std::uint64_t{a.privileged}, std::uint64_t{a.tlb_hit}}) {
      note(v);
    }
  }
  void command() {
    const std::uint64_t asid = m_random.below(streams);
    const std::uint64_t commands[] = {0x30, 0x46, 0x11 | asid << 48, 0x12 | asid << 48, 0x03 | asid << 32};
    const std::uint64_t word0 = commands[m_random.below(5)];
    const bool va = (word0 & 0xff) == 0x12;
    m_world.push(word0, va                       ? page(static_cast<unsigned>(m_random.below(12)))
                        : (word0 & 0xff) == 0x03 ? 1
                                                 : 0);
    work();
    note("command");
    note(m_world.read(0x9c));
  }
  void change() {
    pgtable::Builder& b = m_world.builders[m_random.below(streams)];
    const std::uint64_t va = page(static_cast<unsigned>(m_random.below(12)));
    pgtable::Mapping mapping;
    mapping.writable = m_random.below(2) == 0;
    const std::uint64_t pa = 0x9000'0000 + (m_random.below(64) << 12U);
    b.unmap(va, 0x1000);
    if (m_random.below(3) != 0) b.map(va, pa, 0x1000, mapping);
  }

  test::Random m_random;
  Timed m_world;
  TimePs m_spread;
  TimePs m_at = 0;
  std::vector<std::array<std::uint64_t, 4>> m_events;
  std::vector<std::unique_ptr<Access>> m_open;
};

TEST(Time, OneOrderOfAccessesAndCommandsGivesTheSameResultsWithAnyTiming) {
  std::array<unsigned, 3> seen{};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Structures untimed = small();
    untimed.timing = false;
    const Results results(seed, untimed, 0, 0);
    const std::vector<std::string>& expected = results.log;
    seen[2] += results.waited;
    test::Random random(seed);
    for (int i = 0; i < 4; ++i) {
      const Structures structures = random_times(random);
      const TimePs memory = random.below(100) * clock_ps;
      const TimePs spread = random.below(3) * clock_ps;
      const std::vector<std::string> log = Results(seed, structures, memory, spread).log;
      const auto [one, other] = std::mismatch(log.begin(), log.end(), expected.begin(), expected.end());
      ASSERT_TRUE(one == log.end() && other == expected.end())
          << "order " << seed << ", at " << one - log.begin() << " of " << expected.size() << ": "
          << (one == log.end() ? "nothing" : *one) << ", expected "
          << (other == expected.end() ? "nothing" : *other);
    }
    for (const std::string& line : expected) {
      if (line.rfind("event", 0) == 0) ++seen[0];
      if (line.rfind("answer 0", 0) == 0) ++seen[1];
    }
  }
  EXPECT_GT(seen[0], 100U) << "faults are recorded";
  EXPECT_GT(seen[1], 1000U) << "accesses are forwarded";
  EXPECT_GT(seen[2], 100U) << "accesses wait for the walks of others";
}

}  // namespace
}  // namespace smmuvp::smmuv3
