// Walks beside the dependent loads that they cannot avoid: each descriptor's address is in the one before.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "ratio_reporter.h"
#include "smmuvp/pgtable/walk.h"

namespace {

using namespace smmuvp::pgtable;

constexpr std::uint64_t page_or_table = 3;
constexpr std::uint64_t leaf_attributes = 1U << 10 | 3U << 8 | 1U << 6;  // AF, SH, AP[1] or S2AP[0]
constexpr std::uint64_t stage2_attributes = leaf_attributes | 1U << 7 | 0xfU << 2;  // S2AP[1], Write-Back

// Shape of a table tree, with numbers of its own: the baseline must not share code with what is measured.
struct Shape {
  unsigned granule_shift;
  unsigned stride;
  unsigned levels;
};
constexpr Shape shape_4k{12, 9, 4};
constexpr Shape shape_16k{14, 11, 4};
constexpr Shape shape_64k{16, 13, 3};

// One block of host memory from address 0, with tables in it.
class Memory {
 public:
  Memory() : m_bytes(std::size_t{96} << 20) {}

  std::uint64_t allocate(std::uint64_t size) {
    m_next = (m_next + size - 1) & ~(size - 1);
    const std::uint64_t address = m_next;
    m_next += size;
    return address;
  }
  std::uint64_t load(std::uint64_t address) const {
    std::uint64_t value = 0;
    std::memcpy(&value, &m_bytes[address], 8);
    return value;
  }
  void store(std::uint64_t address, std::uint64_t value) { std::memcpy(&m_bytes[address], &value, 8); }
  std::uint64_t top() const { return m_next; }

  MemoryResponse operator()(const MemoryOp& op) const {
    MemoryResponse response;
    if (op.address > m_bytes.size() - 8) return {MemoryStatus::external_abort, 0};
    std::memcpy(&response.data, &m_bytes[op.address], 8);
    return response;
  }

 private:
  std::vector<std::uint8_t> m_bytes;
  std::uint64_t m_next = 0x10000;
};

constexpr std::uint64_t address_of(std::uint64_t descriptor, const Shape& s) {
  return descriptor & 0xffffffffffff & ~((std::uint64_t{1} << s.granule_shift) - 1);
}
constexpr std::uint64_t index_of(std::uint64_t input, const Shape& s, unsigned left) {
  return ((input >> (s.granule_shift + s.stride * left)) & ((std::uint64_t{1} << s.stride) - 1)) * 8;
}

void map(Memory& memory, const Shape& s, std::uint64_t base, std::uint64_t input, std::uint64_t leaf) {
  std::uint64_t table = base;
  for (unsigned left = s.levels - 1; left > 0; --left) {
    const std::uint64_t at = table + index_of(input, s, left);
    if (memory.load(at) == 0) {
      memory.store(at, memory.allocate(std::uint64_t{1} << s.granule_shift) | page_or_table);
    }
    table = address_of(memory.load(at), s);
  }
  memory.store(table + index_of(input, s, 0), leaf | page_or_table);
}

std::uint64_t chase(const Memory& memory, const Shape& s, std::uint64_t base, std::uint64_t input) {
  std::uint64_t d = base;
  for (unsigned left = s.levels; left-- > 0;) d = memory.load(address_of(d, s) + index_of(input, s, left));
  return d;
}

// 4096 pages, scattered over 64 GiB or so: their tables do not fit the first-level cache.
std::vector<std::uint64_t> scattered(const Shape& s) {
  std::vector<std::uint64_t> pages;
  std::uint64_t va = 0;
  for (unsigned i = 0; i < 4096; ++i) {
    va = va * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
    pages.push_back((va >> 24 & 0xfffffffff) >> s.granule_shift << s.granule_shift);
  }
  return pages;
}

struct Stage1 {
  explicit Stage1(const Shape& s) : shape(s), pages(scattered(s)) {
    base = memory.allocate(std::uint64_t{1} << s.granule_shift);
    for (const std::uint64_t va : pages) map(memory, s, base, va, (va & 0xffffff0000) | leaf_attributes);
    TableConfig& t = config.stage1.tables[0];
    t.EPD = false;
    t.base = base;
    t.granule = static_cast<Granule>(s.granule_shift);
    t.TxSZ = static_cast<std::uint8_t>(64 - s.granule_shift - s.stride * s.levels);
    if (t.TxSZ < 16) t.TxSZ = 16;
  }
  Shape shape;
  Memory memory;
  std::vector<std::uint64_t> pages;
  std::uint64_t base = 0;
  Config config;
};

// Stage 2 maps every page of the memory onto itself.
struct Nested : Stage1 {
  Nested() : Stage1(shape_4k) {
    const std::uint64_t top = memory.top();
    stage2_base = memory.allocate(0x1000);
    for (std::uint64_t ipa = 0; ipa < top; ipa += 0x1000) {
      map(memory, shape_4k, stage2_base, ipa, ipa | stage2_attributes);
    }
    for (const std::uint64_t va : pages) {
      const std::uint64_t ipa = va & 0xffffff0000;
      map(memory, shape_4k, stage2_base, ipa, ipa | stage2_attributes);
    }
    config.stages = Stages::nested;
    config.stage2.base = stage2_base;
  }
  std::uint64_t stage2_base = 0;
};

// Calls visit(page, i) for ever; the next page depends on the answer, so that one walk waits for the other.
template <class Visit>
void run(benchmark::State& state, const std::vector<std::uint64_t>& pages, Visit visit) {
  std::size_t i = 0;
  for (auto _ : state) {
    std::uint64_t answer = visit(pages[i & 4095]);
    benchmark::DoNotOptimize(answer);
    i += answer == 0 ? 2 : 1;  // always 1
  }
}

void loads(benchmark::State& state, const Shape& shape) {
  const Stage1 t(shape);
  run(state, t.pages, [&](std::uint64_t va) { return chase(t.memory, t.shape, t.base, va); });
}

template <class Setup>
void walks(benchmark::State& state, const Memory& memory, const std::vector<std::uint64_t>& pages,
           const Setup& setup) {
  run(state, pages, [&](std::uint64_t va) {
    WalkRequest request;
    request.va = va;
    Walk w(setup, request);
    while (w.step() == Step::need) w.complete(memory(w.op()));
    if (!w.result().ok()) state.SkipWithError("fault");
    return w.result().output;
  });
}

void stage1_walk(benchmark::State& state, const Shape& shape) {
  const Stage1 t(shape);
  walks(state, t.memory, t.pages, WalkSetup(t.config));
}

void stage1_walk_from_config(benchmark::State& state, const Shape& shape) {
  const Stage1 t(shape);
  walks(state, t.memory, t.pages, t.config);
}

void nested_loads(benchmark::State& state) {
  const Nested t;
  const auto physical = [&](std::uint64_t ipa) {
    return address_of(chase(t.memory, shape_4k, t.stage2_base, ipa), shape_4k) | (ipa & 0xfff);
  };
  run(state, t.pages, [&](std::uint64_t va) {
    std::uint64_t d = t.base;
    for (unsigned left = 4; left-- > 0;) {
      d = t.memory.load(physical(address_of(d, shape_4k) + index_of(va, shape_4k, left)));
    }
    return physical(address_of(d, shape_4k));
  });
}

void nested_walk(benchmark::State& state) {
  const Nested t;
  walks(state, t.memory, t.pages, WalkSetup(t.config));
}

// Short descriptors: a first table of 4096 entries, second ones of 256. 4096 small pages of 4 GiB.
struct Short {
  Short() {
    base = memory.allocate(0x4000);
    for (const std::uint64_t page : scattered(shape_4k)) {
      const std::uint64_t va = page & 0xfffff000;
      const std::uint64_t at = base + (va >> 20) * 4;
      if (load(at) == 0) store(at, static_cast<std::uint32_t>(memory.allocate(0x400)) | 1);
      store((load(at) & ~0x3ffU) + (va >> 12 & 0xff) * 4, static_cast<std::uint32_t>(va) | 0x32);  // AP 0b011
      pages.push_back(va);
    }
    config.stage1.format = Format::v7s;
    config.stage1.output_size = 40;
    config.stage1.tables[0].EPD = false;
    config.stage1.tables[0].base = base;
    config.stage1.v7s.DACR = 0x55555555;
  }
  std::uint32_t load(std::uint64_t address) const { return static_cast<std::uint32_t>(memory.load(address)); }
  void store(std::uint64_t address, std::uint32_t value) {
    memory.store(address, (memory.load(address) >> 32) << 32 | value);
  }
  Memory memory;
  std::uint64_t base = 0;
  std::vector<std::uint64_t> pages;
  Config config;
};

void short_loads(benchmark::State& state) {
  const Short t;
  run(state, t.pages, [&](std::uint64_t va) {
    return std::uint64_t{t.load((t.load(t.base + (va >> 20) * 4) & ~0x3ffU) + (va >> 12 & 0xff) * 4)};
  });
}

void short_walk(benchmark::State& state) {
  const Short t;
  walks(state, t.memory, t.pages, WalkSetup(t.config));
}

void one_branch(benchmark::State& state) {
  std::uint8_t bits = Rights::privileged_read | Rights::privileged_write;
  for (auto _ : state) {
    benchmark::DoNotOptimize(bits);
    benchmark::DoNotOptimize((bits & Rights::privileged_write) != 0);
  }
}

void permission_check(benchmark::State& state) {
  Rights rights{Rights::privileged_read | Rights::privileged_write};
  AccessType access = AccessType::write;
  for (auto _ : state) {
    benchmark::DoNotOptimize(rights);
    benchmark::DoNotOptimize(access);
    benchmark::DoNotOptimize(check_permission(rights, access, true));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto add = [](const char* name, auto function, auto... arguments) {
    benchmark::RegisterBenchmark(name, function, arguments...)->Repetitions(7)->MinTime(0.1);
  };
  add("4 loads, 4 KiB", loads, shape_4k);
  add("stage 1 walk, 4 KiB", stage1_walk, shape_4k);
  add("stage 1 walk, setup included", stage1_walk_from_config, shape_4k);
  add("4 loads, 16 KiB", loads, shape_16k);
  add("stage 1 walk, 16 KiB", stage1_walk, shape_16k);
  add("3 loads, 64 KiB", loads, shape_64k);
  add("stage 1 walk, 64 KiB", stage1_walk, shape_64k);
  add("24 loads, nested 4 KiB", nested_loads);
  add("nested walk, 4 KiB", nested_walk);
  add("2 loads, short descriptors", short_loads);
  add("stage 1 walk, short descriptors", short_walk);
  add("1 test of a bit", one_branch);
  add("permission check", permission_check);

  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  smmuvp::bench::RatioReporter reporter({
      {"stage 1 walk, 4 KiB", "4 loads, 4 KiB", 4},
      {"stage 1 walk, setup included", "4 loads, 4 KiB"},
      {"stage 1 walk, 16 KiB", "4 loads, 16 KiB", 4},
      {"stage 1 walk, 64 KiB", "3 loads, 64 KiB"},
      {"nested walk, 4 KiB", "24 loads, nested 4 KiB"},
      {"stage 1 walk, short descriptors", "2 loads, short descriptors"},
      {"permission check", "1 test of a bit"},
  });
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.failed() ? 1 : 0;
}
