// The examples of docs/pgtable.md, which transcripts.py holds against what stands between the marks.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <utility>
#include <vector>

// [walk]
#include "smmuvp/pgtable/builder.h"
#include "smmuvp/pgtable/explain.h"
#include "smmuvp/pgtable/walk.h"

using namespace smmuvp::pgtable;

// Little-endian RAM at an address; whatever lies outside of it answers with an external abort.
struct Ram {
  std::uint64_t base;
  std::vector<unsigned char> bytes;

  MemoryResponse operator()(const MemoryOp& op) {
    MemoryResponse response;
    if (op.address < base || op.address - base > bytes.size() - op.size) {
      response.status = MemoryStatus::external_abort;
      return response;
    }
    unsigned char* p = bytes.data() + (op.address - base);
    std::memcpy(&response.data, p, op.size);
    const bool swap = op.kind == MemoryOpKind::compare_and_swap && response.data == op.expected;
    if (swap || op.kind == MemoryOpKind::write) std::memcpy(p, &op.desired, op.size);
    return response;
  }
};
// [end]

namespace {

TEST(Example, OfTheDocumentation) {
  // [build]
  Ram ram{0x80000000, std::vector<unsigned char>(0x100000)};
  std::uint64_t next = ram.base;  // tables are made one behind the other
  const auto allocate = [&](std::uint64_t size) {
    next = (next + size - 1) & ~(size - 1);
    return std::optional<std::uint64_t>(std::exchange(next, next + size));
  };

  Config config;                        // VMSAv8-64, stage 1, EL1&0
  config.stage1.tables[0].EPD = false;  // walk the low range ...
  config.stage1.tables[0].TxSZ = 25;    // ... of 2^39 bytes
  config.stage1.MAIR = 0xff;            // Attr0: Normal, Write-Back
  Builder builder(config, std::ref(ram), allocate);
  BuildResult built = builder.map(0x400000, 0x90000000, 0x201000);  // a block and a page
  // [end]
  ASSERT_TRUE(built) << built.reason;

  // [translate]
  WalkRequest request;
  request.va = 0x400123;
  request.access = AccessType::write;
  Result result = walk(builder.config(), request, ram);
  // result.ok(), result.output == 0x90000123, result.block_shift == 21: a block of 2 MiB
  request.access = AccessType::execute;
  result = walk(builder.config(), request, ram);
  // result.fault.kind == FaultKind::permission, result.fault.level == 2
  // [end]
  EXPECT_EQ(result.fault.kind, FaultKind::permission);
  EXPECT_EQ(result.fault.level, 2);
  request.access = AccessType::write;
  result = walk(builder.config(), request, ram);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.output, 0x90000123U);
  EXPECT_EQ(result.block_shift, 21);

  // [resume]
  const WalkSetup setup(builder.config());  // checked and digested once, for many walks
  Walk w(setup, request);
  while (w.step() == Step::need) {
    const MemoryOp& op = w.op();  // what is needed: a read or compare-and-swap of one descriptor
    // ... time passes, other walks go on, this one can be copied or saved ...
    w.complete(ram(op));
  }
  // w.result()
  // [end]
  EXPECT_EQ(w.result().output, result.output);

  // [cache]
  std::map<std::uint64_t, TablePointer> tables;  // by bits of the input, of level 3
  const auto cached_walk = [&] {
    Walk walk(setup, request);
    std::uint64_t region = 0;
    for (;;) {
      while (const auto question = walk.question()) {
        region = question->input >> question->region_shift(3);
        const auto found = tables.find(region);
        if (found == tables.end() || !walk.start_at(found->second)) walk.start_at_base();
      }
      if (walk.step() == Step::done) return walk.result();
      walk.complete(ram(walk.op()));
      const auto table = walk.found_table();
      if (table && table->level == 3) tables[region] = *table;
    }
  };
  // [end]
  request.va = 0x600000;  // the page
  EXPECT_EQ(cached_walk().descriptors.size(), 3U);
  const Result short_walk = cached_walk();
  EXPECT_EQ(short_walk.descriptors.size(), 1U);
  EXPECT_EQ(short_walk.output, 0x90200000U);

  // [explain]
  const auto leaf = explain(DescriptorFormat::lpae64_s1, 2, result.stage1.descriptor);
  // leaf->title == "block, 2 MiB at 0x90000000"
  for ([[maybe_unused]] const Field& field : leaf->fields) {
    // field.name, field.high, field.low, field.value, field.meaning, field.wrong
  }
  // [end]
  EXPECT_EQ(leaf->title, "block, 2 MiB at 0x90000000");
}

}  // namespace
