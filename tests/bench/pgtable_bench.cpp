// A four-level walk beside the four dependent loads that it cannot avoid.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "smmuvp/pgtable/builder.h"
#include "smmuvp/pgtable/walk.h"

namespace {

using namespace smmuvp::pgtable;

// Tables for `pages` scattered pages, in one block of host memory from address 0.
struct Tables {
  explicit Tables(unsigned pages) : bytes(64U << 20) {
    Config wanted;
    wanted.stage1.tables[0].EPD = false;
    Builder builder(
        wanted, [this](const MemoryOp& op) { return access(op); },
        [this](std::uint64_t size) {
          const std::uint64_t address = next;
          next += size;
          return std::optional<std::uint64_t>(address);
        });
    std::uint64_t va = 0;
    for (unsigned i = 0; i < pages; ++i) {
      va = (va * 0x5851f42d4c957f2d + 0x14057b7ef767814f) & 0x00ffffff000;  // scattered over 16 GiB or so
      builder.map(va, std::uint64_t{i} << 12, 0x1000);
      vas.push_back(va);
    }
    config = builder.config();
  }
  MemoryResponse access(const MemoryOp& op) {
    MemoryResponse response;
    if (op.address > bytes.size() - 8) return {MemoryStatus::external_abort, 0};
    if (op.kind == MemoryOpKind::read) {
      std::memcpy(&response.data, &bytes[op.address], 8);
    } else {
      std::memcpy(&bytes[op.address], &op.desired, 8);
    }
    return response;
  }
  std::uint64_t load(std::uint64_t address) const {
    std::uint64_t value = 0;
    std::memcpy(&value, &bytes[address], 8);
    return value;
  }

  std::vector<std::uint8_t> bytes;
  std::uint64_t next = 0x1000;
  Config config;
  std::vector<std::uint64_t> vas;
};

void dependent_loads(benchmark::State& state) {
  const Tables tables(static_cast<unsigned>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state) {
    const std::uint64_t va = tables.vas[i % tables.vas.size()];
    std::uint64_t d = tables.config.stage1.tables[0].base;
    for (unsigned shift = 39; shift >= 12; shift -= 9) {
      d = tables.load((d & 0xfffffffff000) + ((va >> shift) & 0x1ff) * 8);
    }
    benchmark::DoNotOptimize(d);
    i += 1 + (d >> 63);  // always 1: each chain waits for the one before, as it does in a walk
  }
}

void four_level_walk(benchmark::State& state) {
  Tables tables(static_cast<unsigned>(state.range(0)));
  const WalkSetup setup(tables.config);
  std::size_t i = 0;
  for (auto _ : state) {
    WalkRequest request;
    request.va = tables.vas[i % tables.vas.size()];
    Walk w(setup, request);
    while (w.step() == Step::need) w.complete(tables.access(w.op()));
    if (!w.result().ok()) state.SkipWithError("fault");
    benchmark::DoNotOptimize(w.result().output);
    i += 1 + (w.result().output >> 63);
  }
}

void permission_check(benchmark::State& state) {
  Rights rights{Rights::privileged_read | Rights::privileged_write};
  for (auto _ : state) {
    benchmark::DoNotOptimize(rights);
    benchmark::DoNotOptimize(check_permission(rights, AccessType::write, true));
  }
}

}  // namespace

BENCHMARK(dependent_loads)->Arg(64)->Arg(4096);
BENCHMARK(four_level_walk)->Arg(64)->Arg(4096);
BENCHMARK(permission_check);
