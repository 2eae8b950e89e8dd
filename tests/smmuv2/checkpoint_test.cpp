// Saving and restoring an SMMUv2 and its accesses at each step, and states that none can be in.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats_world.h"
#include "smmuvp/test/core.h"
#include "smmuvp/test/edited_archive.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;
using smmu::Step;
using namespace fsr_bit;

/// A nested stream, one of short descriptors, one of a bypass, one that no group matches.
void prepare(FormatsWorld& w, std::uint32_t SCTLR_bits = 0) {
  pgtable::Builder* s2 = nullptr;
  auto& s1 = w.nested64(6, 5, s2, SCTLR_bits, SCTLR_bits);
  ASSERT_TRUE(s1.map(0x1000, 0x40'0000, 0x1000));
  ASSERT_TRUE(s1.map(0x2000, 0x50'0000, 0x1000));
  ASSERT_TRUE(s2->map(0x40'0000, 0x9000'0000, 0x1000));
  auto& bs = w.builder(FormatsWorld::config_short());
  pgtable::Mapping m;
  m.AttrIndx = 3;
  ASSERT_TRUE(bs.map(0x1000, 0xa000'0000, 0x1000, m));
  w.bank_short(3, bs.config(), 1, 0, SCTLR_bits);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.map_stream(1, 10, S2CR_translate | 3);
  w.map_stream(2, 11, S2CR_bypass);
  w.write(sGFSR, ~0U);
  w.start();
}

std::vector<std::uint8_t> saved(World& w, Access* access = nullptr) {
  ArchiveWriter writer;
  w.smmu.visit(writer);
  if (access != nullptr) access->visit(writer);
  EXPECT_TRUE(writer.ok()) << writer.error();
  return writer.data();
}

struct End {
  Outcome outcome;
  std::uint64_t output;
  pgtable::Attributes attributes;
  std::vector<std::uint64_t> fetches;
  bool operator==(const End& o) const {
    return outcome == o.outcome && output == o.output && attributes == o.attributes && fetches == o.fetches;
  }
};

// Up to `most` operations of it. @return the end, or what there was until then
End run(World& w, Access& a, unsigned most = ~0U) {
  End e{};
  while (e.fetches.size() < most && a.step() == Step::need) {
    e.fetches.push_back(a.op().address);
    a.complete(w.memory.carry_out(a.op()));
  }
  if (most == ~0U) a.step();
  e.outcome = a.answer().outcome;
  e.output = a.answer().output;
  e.attributes = a.answer().attributes;
  return e;
}

TEST(Checkpoint, AnAccessGoesOnFromEachOfItsOperationsAsIfItHadNeverStopped) {
  for (const std::pair<std::uint32_t, std::uint64_t>& which :
       {std::pair<std::uint32_t, std::uint64_t>{9, 0x1004},
        {9, 0x2004},
        {9, 0x5004},
        {10, 0x1004},
        {10, 0x5004},
        {11, 0x1004},
        {12, 0x1004}}) {
    SCOPED_TRACE(::testing::Message() << which.first << " " << which.second);
    const auto request = World::request(which.first, which.second);
    FormatsWorld reference;
    prepare(reference);
    End whole{};
    {
      Access a(reference.smmu, request);
      whole = run(reference, a);
    }
    const std::vector<std::uint8_t> after = saved(reference);
    for (unsigned n = 0; n <= whole.fetches.size(); ++n) {
      SCOPED_TRACE(n);
      FormatsWorld w;
      prepare(w);
      FormatsWorld v;
      v.memory = w.memory;
      End both{};
      {
        Access a(w.smmu, request);
        both = run(w, a, n);
        ArchiveReader reader(saved(w, &a));
        v.smmu.visit(reader);
        Access b(v.smmu);
        b.visit(reader);
        ASSERT_TRUE(reader.complete()) << reader.error();
        const End rest = run(v, b);
        both.outcome = rest.outcome;
        both.output = rest.output;
        both.attributes = rest.attributes;
        both.fetches.insert(both.fetches.end(), rest.fetches.begin(), rest.fetches.end());
      }
      EXPECT_TRUE(both == whole);
      EXPECT_EQ(saved(v), after);
    }
  }
}

TEST(Checkpoint, AStalledAccessAndThoseBehindItAreResumedAfterwards) {
  for (const unsigned RESUME_value : {0U, 1U}) {
    FormatsWorld w;
    prepare(w, SCTLR_CFCFG);
    Access stalled(w.smmu, World::request(9, 0x2004));
    Access waits(w.smmu, World::request(9, 0x1004));
    EXPECT_FALSE(w.run(stalled));
    EXPECT_FALSE(w.run(waits));
    ArchiveWriter writer;
    w.smmu.visit(writer);
    stalled.visit(writer);
    waits.visit(writer);
    FormatsWorld v;
    v.memory = w.memory;
    ArchiveReader reader(writer.data());
    v.smmu.visit(reader);
    Access stalled2(v.smmu);
    Access waits2(v.smmu);
    stalled2.visit(reader);
    waits2.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    EXPECT_EQ(v.FSR_of(5), TF | SS);
    EXPECT_TRUE(v.smmu.levels().context[5]);
    EXPECT_EQ(stalled2.step(), Step::stalled);
    v.write_cb(5, FSR, ~0U);
    v.write_cb(5, RESUME, RESUME_value);
    EXPECT_EQ(v.run(stalled2), RESUME_value == 1);
    if (RESUME_value == 0) {
      EXPECT_FALSE(v.run(waits2)) << "behind the fault that came again";
      continue;
    }
    EXPECT_EQ(stalled2.answer().outcome, Outcome::abort);
    EXPECT_TRUE(v.run(waits2));
    EXPECT_EQ(waits2.answer().output, 0x9000'0004U);
  }
}

TEST(Checkpoint, AnAddressTranslationOperationGoesOnFromEachOfItsFetches) {
  FormatsWorld reference;
  prepare(reference);
  reference.write_cb(6, ATS1PR, 0x1000, 8);
  reference.work();
  const std::uint64_t expected = reference.read_cb(6, PAR, 8);
  EXPECT_EQ(expected & 0xffff'ffff'f001, 0x40'0000U);
  for (unsigned n = 0; n < 12; ++n) {
    SCOPED_TRACE(n);
    FormatsWorld w;
    prepare(w);
    w.write_cb(6, ATS1PR, 0x1000, 8);
    smmu::Worker& worker = *w.smmu.workers()[0];
    for (unsigned i = 0; i < n && worker.step(w.now) == Step::need; ++i) {
      worker.complete(w.memory.carry_out(worker.op()));
    }
    FormatsWorld v;
    v.memory = w.memory;
    EXPECT_EQ(test::load(v.smmu, test::save(w.smmu)), "");
    if (v.smmu.workers()[0]->waiting()) {
      smmu::Worker& other = *v.smmu.workers()[0];
      other.complete(v.memory.carry_out(other.op()));
    }
    v.work();
    EXPECT_EQ(v.read_cb(6, ATSR), 0U);
    EXPECT_EQ(v.read_cb(6, PAR, 8), expected);
  }
}

TEST(Checkpoint, CachesRegistersAndLinesAreAsTheyWere) {
  FormatsWorld w;
  prepare(w);
  w.access(9, 0x1004);
  w.access(10, 0x5004);
  w.access(12, 0x1000);
  FormatsWorld v;
  EXPECT_EQ(test::load(v.smmu, test::save(w.smmu)), "");
  EXPECT_EQ(test::save(v.smmu), test::save(w.smmu));
  EXPECT_TRUE(v.smmu.levels().context[3]);
  EXPECT_TRUE(v.smmu.levels().NSgIrpt);
  EXPECT_TRUE(v.access(9, 0x1004).tlb_hit) << "without a table in memory";
  EXPECT_EQ(v.access(10, 0x1004).outcome, Outcome::abort) << "behind the fault";
}

// ---- states that cannot be

/// What is said of `w` and an access of it with another value of one name, of an SMMU that goes on after it.
std::string error_with(World& w, Access* a, const std::string& path, std::uint64_t value) {
  FormatsWorld v;
  v.memory = w.memory;
  test::EditedReader reader(saved(w, a), {{path, value}});
  v.smmu.visit(reader);
  Access b(v.smmu);
  if (a != nullptr) {
    b.visit(reader);
    if (!reader.ok()) {
      EXPECT_EQ(b.step(), Step::done);
      EXPECT_EQ(b.answer().outcome, Outcome::abort);
    }
  }
  EXPECT_TRUE(reader.edited()) << "nothing has the name " << path;
  v.smmu.reset();
  EXPECT_EQ(v.access(9, 0x1234).output, 0x1234U) << "after " << reader.error();
  return reader.error();
}

TEST(DamagedState, OfAnAccessIsRefused) {
  FormatsWorld w;
  prepare(w, SCTLR_CFCFG);
  const std::string refused = "no access can be in this state";
  const auto error = [&](Access& a, const char* path, std::uint64_t value) {
    return error_with(w, &a, path, value);
  };
  {
    Access a(w.smmu, World::request(9, 0x1004));
    ASSERT_EQ(a.step(), Step::need);
    EXPECT_EQ(error(a, "access/state", 1), "") << "as it was";
    EXPECT_NE(error(a, "access/state", 5), "");
    EXPECT_NE(error(a, "access/first", 32).find(refused), std::string::npos);
    EXPECT_NE(error(a, "access/second", 0xffff).find(refused), std::string::npos);
    EXPECT_NE(error(a, "access/stall", 1).find(refused), std::string::npos);
    EXPECT_NE(error(a, "access/stalled_bank", 99).find(refused), std::string::npos);
    EXPECT_NE(error(a, "access/counted", 0xffff), "");
  }
  Access a(w.smmu, World::request(9, 0x2004));
  EXPECT_FALSE(w.run(a));
  EXPECT_EQ(error(a, "access/state", 2), "") << "as it was";
  EXPECT_NE(error(a, "access/stall", 77).find(refused), std::string::npos);
  EXPECT_NE(error(a, "fault/bank", 32).find(refused), std::string::npos);
  EXPECT_NE(error(a, "access/waiting", 1).find(refused), std::string::npos);
  EXPECT_NE(error(a, "access/state", 1), "");
}

TEST(DamagedState, OfStallsIsRefused) {
  FormatsWorld w;
  prepare(w, SCTLR_CFCFG);
  Access a(w.smmu, World::request(9, 0x2004));
  EXPECT_FALSE(w.run(a));
  const std::string refused = "an access that cannot wait";
  EXPECT_EQ(error_with(w, nullptr, "entries/bank", 5), "") << "as it was";
  EXPECT_NE(error_with(w, nullptr, "entries/bank", 32).find(refused), std::string::npos);
  EXPECT_NE(error_with(w, nullptr, "entries/id", 0).find(refused), std::string::npos);
  EXPECT_NE(error_with(w, nullptr, "entries/id", 99).find(refused), std::string::npos);
  w.write_cb(5, FSR, ~0U);
  w.write_cb(5, RESUME, 0);
  EXPECT_NE(error_with(w, nullptr, "answer/what", 3), "");
}

TEST(DamagedState, OfAnAddressTranslationOperationIsRefused) {
  FormatsWorld w;
  prepare(w);
  w.write_cb(6, ATS1PR, 0x1000, 8);
  ASSERT_EQ(w.smmu.workers()[0]->step(w.now), Step::need);
  EXPECT_EQ(error_with(w, nullptr, "queue/bank", 6), "") << "as it was";
  EXPECT_NE(error_with(w, nullptr, "queue/bank", 32), "");
  EXPECT_NE(error_with(w, nullptr, "queue/stall", 1), "");
  EXPECT_NE(error_with(w, nullptr, "address_translation/begun", 0), "");
}

TEST(DamagedState, OfEveryLengthIsRefused) {
  FormatsWorld w;
  prepare(w, SCTLR_CFCFG);
  Access a(w.smmu, World::request(9, 0x2004));
  EXPECT_FALSE(w.run(a));
  const std::vector<std::uint8_t> whole = saved(w, &a);
  FormatsWorld v;
  for (std::size_t n = 0; n < whole.size(); n += 1 + whole.size() / 300) {
    ArchiveReader reader({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)});
    v.smmu.visit(reader);
    Access b(v.smmu);
    b.visit(reader);
    EXPECT_FALSE(reader.ok()) << n;
    v.run(b);
  }
  v.smmu.reset();
  EXPECT_EQ(v.access(9, 0x1234).output, 0x1234U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
