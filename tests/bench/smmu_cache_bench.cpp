// Caches of the engine and of configuration: what a lookup and an invalidation cost the host, whatever the
// geometry that is modelled.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "fixed_iterations.h"
#include "smmuvp/smmu/micro_tlb.h"
#include "smmuvp/smmu/tlb.h"
#include "smmuvp/smmu/walk_caches.h"
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

// ---- Each structure that an invalidation by address looks at: lookup, insertion, and invalidation with
// insertion. Entry i is of an ASID, or, of stage 2 alone, which has none, of a VMID.

struct MicroTlbPart {
  using Cache = MicroTlb<TlbEntry>;
  static CacheKey key(std::uint32_t i) { return key_of(i); }
  static void insert(Cache& cache, std::uint32_t i) { cache.insert(i / per_asid, key(i), {}); }
  static const void* lookup(Cache& cache, std::uint32_t i) {
    return cache.lookup(i / per_asid, key(i).input);
  }
};
template <class C>
struct TaggedPart {
  using Cache = C;
  static CacheKey key(std::uint32_t i) {
    if constexpr (std::is_same_v<C, IpaCache>) {
      CacheKey k = key_of(i);
      k.tag = {0, Stages::stage2, 0, k.tag.asid, 0};
      k.input = i % per_asid << 12;
      return k;
    }
    return key_of(i, std::is_same_v<C, TableCache> ? 21 : 12);
  }
  static void insert(Cache& cache, std::uint32_t i) { cache.insert(key(i), {}); }
  static const void* lookup(Cache& cache, std::uint32_t i) { return cache.lookup(key(i).tag, key(i).input); }
};

template <class Part>
typename Part::Cache half_full(const benchmark::State& state) {
  typename Part::Cache cache(geometry_of(state));
  for (std::uint32_t i = 0; i < cache.geometry().entries() / 2; ++i) Part::insert(cache, i);
  return cache;
}

template <class Part>
void part_lookup(benchmark::State& state) {
  auto cache = half_full<Part>(state);
  Walk next{cache.geometry().entries() / 2};
  for (auto _ : state) benchmark::DoNotOptimize(Part::lookup(cache, next()));
}

template <class Part>
void part_insert(benchmark::State& state) {
  auto cache = half_full<Part>(state);
  Walk next{cache.geometry().entries() / 2};
  for (auto _ : state) Part::insert(cache, next());
}

template <class Part>
void part_invalidate_and_insert(benchmark::State& state) {
  auto cache = half_full<Part>(state);
  Walk next{cache.geometry().entries() / 2};
  std::uint64_t n = 0;
  for (auto _ : state) {
    const std::uint32_t i = next();
    const CacheKey k = Part::key(i);
    Invalidation what = of(k);
    what.stages = mask_of(k.tag.stages);
    if (k.tag.stages != Stages::stage2) what.asid = k.tag.asid;
    what.range = {k.input, k.input};
    n += cache.invalidate(what);
    Part::insert(cache, i);
  }
  // Below 1 where ways are few: a set can have got more than it holds.
  state.counters["dropped"] = benchmark::Counter(static_cast<double>(n), benchmark::Counter::kAvgIterations);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t iterations = smmuvp::bench::take_iterations(argc, argv);
  const auto add = [iterations](const std::string& name, void (*function)(benchmark::State&)) {
    auto* b = benchmark::RegisterBenchmark(name.c_str(), function)->ArgNames({"entries", "ways"});
    smmuvp::bench::limit(*b, iterations);
    for (const std::int64_t entries : {64, 2048, 65536}) {
      for (const std::int64_t ways : {4, 16, 0}) b->Args({entries, ways});
    }
  };
  const auto add_part = [&add](const std::string& name, auto part) {
    using Part = decltype(part);
    add(name + ": lookup", part_lookup<Part>);
    add(name + ": insert", part_insert<Part>);
    add(name + ": by address, insert", part_invalidate_and_insert<Part>);
  };
  add("TLB hit, 2 sizes", tlb_hit_of_two_sizes);
  add("configuration hit", config_hit);
  add("by VA and ASID, nothing there", invalidate_va_of_nothing);
  add("by VA, nothing there", invalidate_vaa_of_nothing);
  add("by ASID, insert 10", invalidate_asid_and_insert_10);
  add("by long range, nothing there", invalidate_long_range_of_nothing);
  add_part("micro TLB", MicroTlbPart{});
  add_part("main TLB", TaggedPart<Tlb>{});
  add_part("walk cache", TaggedPart<TableCache>{});
  add_part("IPA cache", TaggedPart<IpaCache>{});

  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
