// What the core of an SMMUv3 takes to translate an access that hits, beside dependent loads of as many bytes
// as the entries have that are touched. No SystemC.
#include <benchmark/benchmark.h>

#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../smmuv3/world.h"
#include "fixed_iterations.h"

namespace {

using namespace smmuvp;
using smmu::AccessAnswer;
using smmu::AccessRequest;
using smmuv3::World;

constexpr smmu::TimePs period = 10000;  // between two accesses
constexpr unsigned pruning = 64;        // accesses that simulated time stands still for
using Entry = smmu::MicroTlb<smmu::FinishedAnswer>::Entry;

struct Sizes {
  std::uint32_t streams;
  std::uint32_t pages;  ///< of all streams together
};

std::string name_of(const char* what, const Sizes& sizes) {
  return std::string(what) + "/" + std::to_string(sizes.streams) + "/" + std::to_string(sizes.pages);
}

AccessRequest request_of(std::uint32_t i, const Sizes& sizes) {
  return World::request(i % sizes.streams, std::uint64_t{i / sizes.streams} << 12);
}

/// The next of n, in no order that hardware foresees, and known only with the answer before it: one
/// translation waits for the other.
class Next {
 public:
  explicit Next(std::uint32_t n) : m_n(n) {}
  std::uint32_t operator()(const AccessAnswer& answer) {
    m_x = m_x * 1664525U + 1013904223U + answer.region_shift;
    return static_cast<std::uint32_t>(std::uint64_t{m_x} * m_n >> 32U);
  }

 private:
  std::uint32_t m_n;
  std::uint32_t m_x = 1;
};

smmuv3::Structures structures_of(bool timing) {
  smmuv3::Structures s;
  s.timing = timing;
  // As the component's defaults, in clocks of 1 ns
  s.port = {1000, 1000, 1};
  s.micro_tlb = {1000, 1000, 1};
  s.link = {8000, 1000, 1};
  s.config = {3000, 3000, 3};
  s.tlb = {3000, 3000, 3};
  return s;
}

void translate(benchmark::State& state, World& world, const Sizes& sizes) {
  Next next(sizes.pages);
  AccessAnswer answer;
  static smmu::TimePs now = 0;  // goes on from call to call
  unsigned count = 0;
  for (auto _ : state) {
    AccessRequest request = request_of(next(answer), sizes);
    request.time = now;
    if (!world.smmu.translate_fast(request, answer)) {
      state.SkipWithError("no hit");
      break;
    }
    benchmark::DoNotOptimize(answer);
    if (++count % pruning == 0) world.smmu.prune(now);
    now += period;
  }
}

// Answers are put where accesses would put them: a million walks would take longer than all the rest.
std::unique_ptr<World> filled(const Sizes& sizes, bool timing) {
  smmuv3::Structures structures = structures_of(timing);
  structures.micro_tlb_geometry = {1, std::max(sizes.pages, 64U)};
  auto world = std::make_unique<World>(smmuv3::Features{}, structures);
  world->start(16);
  const smmu::FinishedAnswer answer = [] {
    smmu::FinishedAnswer a;
    a.rights.bits = 0xff & ~pgtable::Rights::write_needs_update;
    return a;
  }();
  for (std::uint32_t i = 0; i < sizes.pages; ++i) {
    const AccessRequest request = request_of(i, sizes);
    smmu::CacheKey key;
    key.tag.asid = static_cast<std::uint16_t>(request.stream_id);
    key.input = request.address;
    world->smmu.engine().finish_at_tbu(request, key, answer);
  }
  return world;
}

void hit(benchmark::State& state, const Sizes& sizes, bool timing) {
  // The library calls several times, until it knows how often to measure.
  static std::string filled_with;
  static std::unique_ptr<World> world;
  const std::string name = name_of(timing ? "timed" : "untimed", sizes);
  if (filled_with != name) {
    world.reset();
    world = filled(sizes, timing);
    filled_with = name;
  }
  translate(state, *world, sizes);
}

void main_tlb_hit(benchmark::State& state, const Sizes& sizes, bool timing) {
  smmuv3::Structures structures = structures_of(timing);
  structures.micro_tlb_geometry = {1, 1};
  World world({}, structures);
  world.start(16);
  for (std::uint32_t s = 0; s < sizes.streams; ++s) {
    pgtable::Builder& b = world.stream(s, static_cast<std::uint16_t>(s + 1));
    const std::uint64_t bytes = std::uint64_t{sizes.pages / sizes.streams} << 12;
    if (!b.map(0, 0x8000'0000, bytes)) return state.SkipWithError("no room for tables");
    for (std::uint64_t address = 0; address < bytes; address += 0x1000) world.access(s, address);
  }
  translate(state, world, sizes);
}

/// Each load's address is in the one before.
void loads(benchmark::State& state, const Sizes& sizes) {
  struct Line {
    std::uint32_t next;
    unsigned char rest[sizeof(Entry) - 4];
  };
  std::vector<Line> lines(sizes.pages);
  std::vector<std::uint32_t> order(sizes.pages);
  for (std::uint32_t i = 0; i < sizes.pages; ++i) order[i] = i;
  std::uint64_t x = 1;
  for (std::uint32_t i = sizes.pages - 1; i > 0; --i) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    std::swap(order[i], order[(x >> 32U) * (i + 1) >> 32U]);
  }
  for (std::uint32_t i = 0; i < sizes.pages; ++i) lines[order[i]].next = order[(i + 1) % sizes.pages];
  std::uint32_t at = 0;
  for (auto _ : state) {
    at = lines[at].next;
    benchmark::DoNotOptimize(at);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t iterations = smmuvp::bench::take_iterations(argc, argv);
  const auto add = [iterations](const std::string& name, auto function, auto... arguments) {
    smmuvp::bench::limit(*benchmark::RegisterBenchmark(name.c_str(), function, arguments...), iterations);
  };
  for (const Sizes& sizes :
       {Sizes{1, 1}, {1, 64}, {16, 64}, {1, 1000000}, {65536, 65536}, {65536, 1000000}}) {
    add(name_of("hit", sizes), hit, sizes, false);
    add(name_of("loads", sizes), loads, sizes);
  }
  for (const bool timing : {false, true}) {
    const char* suffix = timing ? ", timed" : "";
    if (timing) add(name_of("hit, timed", {16, 64}), hit, Sizes{16, 64}, true);
    add(name_of(("main TLB hit" + std::string(suffix)).c_str(), {16, 64}), main_tlb_hit, Sizes{16, 64},
        timing);
  }
  // What the table needs to know of this host and of the entries.
  const long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  benchmark::AddCustomContext("entry_bytes", std::to_string(sizeof(Entry)));
  benchmark::AddCustomContext("l2_bytes", std::to_string(l2 > 0 ? l2 : 1 << 20));
  benchmark::AddCustomContext("compiler", SMMUVP_BENCH_COMPILER);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
