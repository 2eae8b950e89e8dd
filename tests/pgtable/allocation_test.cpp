// No walk allocates: every operator new of this binary is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "smmuvp/pgtable/walk.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

// Not inlined: GCC takes a free() that it sees alone for the wrong end of what operator new returned.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size != 0 ? size : 1)) return p;
  throw std::bad_alloc();
}
// What std::stable_sort of GoogleTest takes; a sanitizer's own would not fit the operator delete below.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(size != 0 ? size : 1);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t /*size*/) noexcept { std::free(p); }

namespace smmuvp::pgtable::test {
namespace {

// Valid descriptors, tables mostly, spread by a hash of their address.
MemoryResponse any_descriptor(const MemoryOp& op) {
  std::uint64_t h = op.address * 0x9e3779b97f4a7c15;
  h ^= h >> 29;
  if (op.kind == MemoryOpKind::compare_and_swap) return {MemoryStatus::ok, op.expected};
  return {MemoryStatus::ok, (h & 0x7fffffc0) | 3};
}

Config config_of(Stages stages, Format format, bool updates) {
  Config config;
  config.stages = stages;
  config.stage1.format = format;
  const bool vmsa64 = format == Format::vmsa64;
  config.stage1.output_size = vmsa64 ? 48 : 40;
  config.stage1.HA = config.stage1.HD = updates && vmsa64;
  config.stage1.v7s.DACR = 0x55555555;
  config.stage2.HA = config.stage2.HD = updates;
  for (TableConfig& t : config.stage1.tables) {
    t.EPD = false;
    t.TxSZ = format == Format::lpae32 ? 0 : 16;
  }
  return config;
}

TEST(Walk, AllocatesNothing) {
  for (const Format format : {Format::vmsa64, Format::lpae32, Format::v7s, Format::mali_lpae}) {
    for (const Stages stages : {Stages::stage1, Stages::stage2, Stages::nested}) {
      if (format == Format::mali_lpae && stages == Stages::nested) continue;  // a Mali has no stage 2
      for (const bool updates : {false, true}) {
        const WalkSetup setup(config_of(stages, format, updates));
        ASSERT_TRUE(setup.ok());
        unsigned operations = 0;
        const std::uint64_t before = allocations;
        for (std::uint64_t va = 0; va < 0xc0000000; va += 0x1234567) {
          WalkRequest request;
          request.va = va;
          request.access = AccessType::write;
          Walk w(setup, request);
          while (w.step() == Step::need) {
            w.complete(any_descriptor(w.op()));
            ++operations;
          }
        }
        EXPECT_EQ(allocations - before, 0U);
        EXPECT_GT(operations, 100U);
      }
    }
  }
}

TEST(Walk, AllocationsAreSeenByThisTest) {
  const std::uint64_t before = allocations;
  (void)validate(Config());
  Config bad;
  bad.stage1.output_size = 1;
  EXPECT_EQ(validate(bad).size(), 1U);
  EXPECT_GT(allocations, before);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
