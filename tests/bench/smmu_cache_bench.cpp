// Caches of the engine and of configuration: what a lookup and an invalidation cost the host, whatever the
// geometry that is modelled.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/smmu/micro_tlb.h"
#include "smmuvp/smmu/tlb.h"
#include "smmuvp/smmuv3/config_cache.h"

namespace {

using namespace smmuvp::smmu;
using smmuvp::pgtable::Stages;

constexpr std::uint16_t per_asid = 10;  // entries of one ASID
constexpr std::uint64_t iova = 0xffff'0000'0000;

CacheKey key_of(std::uint32_t i, unsigned shift = 12) {
  CacheKey k;
  k.tag.asid = static_cast<std::uint16_t>(i / per_asid);
  k.shift = static_cast<std::uint8_t>(shift);
  k.input = iova + (std::uint64_t{i % per_asid} << shift);
  return k;
}

/// The ways of a benchmark; 0 stands for all of them.
CacheGeometry geometry_of(const benchmark::State& state) {
  const auto entries = static_cast<std::uint32_t>(state.range(0));
  const auto ways = state.range(1) == 0 ? entries : static_cast<std::uint32_t>(state.range(1));
  return {entries / ways, ways};
}

/// Half full, so that no set has replaced much: ASIDs of `per_asid` pages each at the same addresses.
std::uint32_t fill(Tlb& tlb) {
  const std::uint32_t n = tlb.geometry().entries() / 2;
  for (std::uint32_t i = 0; i < n; ++i) tlb.insert(key_of(i), {});
  return n;
}

// The next one to look at, in no order that hardware foresees.
struct Walk {
  std::uint32_t n;
  std::uint32_t x = 1;
  std::uint32_t operator()() {
    x = x * 1664525U + 1013904223U;
    return static_cast<std::uint32_t>(std::uint64_t{x} * n >> 32U);
  }
};

void tlb_hit(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  Walk next{fill(tlb)};
  for (auto _ : state) {
    const CacheKey k = key_of(next());
    benchmark::DoNotOptimize(tlb.lookup(k.tag, k.input));
  }
}

void tlb_hit_of_two_sizes(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  Walk next{fill(tlb) / 2};
  tlb.clear();
  for (std::uint32_t i = 0; i < next.n; ++i) tlb.insert(key_of(i, i % 2 == 0 ? 12 : 21), {});
  for (auto _ : state) {
    const std::uint32_t i = next();
    const CacheKey k = key_of(i, i % 2 == 0 ? 12 : 21);
    benchmark::DoNotOptimize(tlb.lookup(k.tag, k.input));
  }
}

void micro_tlb_hit(benchmark::State& state) {
  MicroTlb<TlbEntry> tlb(geometry_of(state));
  Walk next{tlb.geometry().entries() / 2};
  for (std::uint32_t i = 0; i < next.n; ++i) tlb.insert(i / per_asid, key_of(i), {});
  for (auto _ : state) {
    const std::uint32_t i = next();
    benchmark::DoNotOptimize(tlb.lookup(i / per_asid, key_of(i).input));
  }
}

void config_hit(benchmark::State& state) {
  struct Nothing {
    std::uint64_t words[8] = {};
    void visit(smmuvp::Archive& /*archive*/) {}
  };
  smmuvp::smmuv3::ConfigCache<Nothing> cache(geometry_of(state));
  Walk next{cache.geometry().entries() / 2};
  for (std::uint32_t i = 0; i < next.n; ++i) cache.insert(i, 0, {});
  for (auto _ : state) benchmark::DoNotOptimize(cache.lookup(next(), 0));
}

Invalidation of(const CacheKey& k) {
  Invalidation what;
  what.regime = k.tag.regime;
  what.vmid = k.tag.vmid;
  return what;
}

// Invalidates, and puts back what went: `insert` is what the second half costs.
void insert(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  Walk next{fill(tlb)};
  for (auto _ : state) tlb.insert(key_of(next()), {});
}

void invalidate_va_and_insert(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  Walk next{fill(tlb)};
  std::uint64_t n = 0;
  for (auto _ : state) {
    const CacheKey k = key_of(next());
    Invalidation what = of(k);
    what.asid = k.tag.asid;
    what.range = {k.input, k.input};
    n += tlb.invalidate(what);
    tlb.insert(k, {});
  }
  state.counters["dropped"] = benchmark::Counter(static_cast<double>(n), benchmark::Counter::kAvgIterations);
}

// The page is one that no ASID has.
void invalidate_va_of_nothing(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  Walk next{fill(tlb)};
  for (auto _ : state) {
    const CacheKey k = key_of(next());
    Invalidation what = of(k);
    what.asid = k.tag.asid;
    what.range = {k.input + 0x10'0000, k.input + 0x10'0000};
    benchmark::DoNotOptimize(tlb.invalidate(what));
  }
}

void invalidate_vaa_of_nothing(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  Walk next{fill(tlb)};
  for (auto _ : state) {
    const CacheKey k = key_of(next());
    Invalidation what = of(k);
    what.range = {k.input + 0x10'0000, k.input + 0x10'0000};
    benchmark::DoNotOptimize(tlb.invalidate(what));
  }
}

void invalidate_asid_and_insert_10(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  Walk next{fill(tlb) / per_asid};
  for (auto _ : state) {
    const std::uint32_t first = next() * per_asid;
    Invalidation what = of(key_of(first));
    what.asid = key_of(first).tag.asid;
    what.asid_spares_global = true;
    benchmark::DoNotOptimize(tlb.invalidate(what));
    for (std::uint32_t i = 0; i < per_asid; ++i) tlb.insert(key_of(first + i), {});
  }
}

// Any range of more pages than there are entries, of an ASID that has none.
void invalidate_long_range_of_nothing(benchmark::State& state) {
  Tlb tlb(geometry_of(state));
  fill(tlb);
  Invalidation what = of({});
  what.asid = std::uint16_t{0xffff};
  what.range = {0, iova};
  for (auto _ : state) benchmark::DoNotOptimize(tlb.invalidate(what));
}

}  // namespace

int main(int argc, char** argv) {
  const auto add = [](const char* name, void (*function)(benchmark::State&)) {
    auto* b = benchmark::RegisterBenchmark(name, function)->ArgNames({"entries", "ways"})->MinTime(0.1);
    for (const std::int64_t entries : {64, 2048, 65536}) {
      for (const std::int64_t ways : {4, 16, 0}) b->Args({entries, ways});
    }
  };
  add("micro TLB hit", micro_tlb_hit);
  add("TLB hit", tlb_hit);
  add("TLB hit, 2 sizes", tlb_hit_of_two_sizes);
  add("configuration hit", config_hit);
  add("TLB insert", insert);
  add("by VA and ASID, insert", invalidate_va_and_insert);
  add("by VA and ASID, nothing there", invalidate_va_of_nothing);
  add("by VA, nothing there", invalidate_vaa_of_nothing);
  add("by ASID, insert 10", invalidate_asid_and_insert_10);
  add("by long range, nothing there", invalidate_long_range_of_nothing);

  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
