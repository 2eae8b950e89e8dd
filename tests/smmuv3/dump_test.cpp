// Dumps: what they show, and that looking changes nothing.
#include "smmuvp/smmuv3/dump.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "smmuvp/test/core.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t page = 0x12'3456'7000;

DumpSection dump_of(World& w) {
  return dump(w.smmu, "smmu0 (smmuv3)", [&w](const smmu::MemoryOp& op) {
    EXPECT_EQ(op.kind, smmu::MemoryOpKind::read);
    return w.memory.carry_out(op);
  });
}

const DumpSection& part(const DumpSection& s, const std::string& title) {
  for (const DumpSection& below : s.sections) {
    if (below.title == title) return below;
  }
  ADD_FAILURE() << "no section '" << title << "' in " << to_text(s);
  static const DumpSection none;
  return none;
}

std::string cell(const DumpSection& s, const std::string& row, const std::string& column) {
  for (std::size_t i = 0; i < s.columns.size(); ++i) {
    if (s.columns[i] != column) continue;
    for (const auto& cells : s.rows) {
      if (std::find(cells.begin(), cells.end(), row) != cells.end()) return cells[i];
    }
  }
  ADD_FAILURE() << "no " << row << " or " << column << " in " << to_text(s);
  return "";
}

bool has_note(const DumpSection& s, const std::string& note) {
  return std::find(s.notes.begin(), s.notes.end(), note) != s.notes.end();
}

struct Dump : testing::Test {
  Dump() {
    w.start();
    EXPECT_TRUE(vas.map(page, 0x8000'0000, 0x1000));
  }
  World w;
  pgtable::Builder& vas = w.stream(1, 0x77);
};

TEST_F(Dump, RegistersStandByNameWithOffsetAndValue) {
  const DumpSection registers = part(dump_of(w), "registers");
  EXPECT_EQ(cell(registers, "SMMU_STRTAB_BASE", "value"), "0x10000000");
  EXPECT_EQ(cell(registers, "SMMU_STRTAB_BASE", "offset"), "0x80");
  EXPECT_EQ(cell(registers, "SMMU_CR0ACK", "value"), "0xd");
}

TEST_F(Dump, OnlyValidEntriesOfALinearStreamTableAreShown) {
  w.put_ste(0x20, ste_bypass());
  const DumpSection table = part(dump_of(w), "Stream table");
  EXPECT_EQ(table.notes[0], "linear, 2^8 streams, at 0x10000000");
  ASSERT_EQ(table.sections.size(), 2U);
  EXPECT_EQ(table.sections[1].title, "stream 0x20");
  const DumpSection& stream = part(table, "stream 0x1");
  ASSERT_EQ(stream.sections.size(), 2U);
  const DumpSection& ste = part(stream, "STE at 0x10000040");
  EXPECT_TRUE(has_note(ste, "legal"));
  EXPECT_TRUE(has_note(ste, "not cached"));
  EXPECT_EQ(cell(ste, "Config", "value"), "0b101");
  EXPECT_EQ(cell(part(stream, "CD at 0x40000040"), "ASID", "value"), "0x77");
}

TEST_F(Dump, NeighboursWithTheSameStandTogether) {
  for (std::uint32_t sid = 0x20; sid < 0x30; ++sid) w.put_ste(sid, ste_abort());
  w.put_ste(0x28, ste_bypass());
  w.stream(0x30);
  w.stream(0x31);
  const DumpSection table = part(dump_of(w), "Stream table");
  std::vector<std::string> titles;
  for (const DumpSection& s : table.sections) titles.push_back(s.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"stream 0x1", "streams 0x20 to 0x27, each as the first",
                                              "stream 0x28", "streams 0x29 to 0x2f, each as the first",
                                              "stream 0x30", "stream 0x31"}));
}

TEST_F(Dump, ATwoLevelStreamTableIsFollowedThroughItsLevel1Descriptors) {
  w.write(0x20, 0);
  w.work();
  constexpr std::uint64_t level2 = 0x1100'0000;
  w.memory.write(World::strtab + 8 * 2, level2 | 7);  // streams 0x80 to 0xbf
  w.put(level2 + 64 * 3, ste_bypass());
  w.write(0x88, 8 | 6 << 6 | 1 << 16);
  w.write(0x20, CR0_implemented);
  w.work();
  const DumpSection table = part(dump_of(w), "Stream table");
  EXPECT_EQ(table.notes[0], "two levels, SPLIT 6, 2^8 streams, at 0x10000000");
  EXPECT_TRUE(has_note(table, "1 entries with V = 1")) << to_text(table);
  const DumpSection& stream = part(table, "stream 0x83");
  EXPECT_EQ(cell(part(stream, "L1STD at 0x10000010"), "L2Ptr", "value"), "0x11000000");
  EXPECT_EQ(cell(part(stream, "STE at 0x110000c0"), "Config", "value"), "0b100");
}

TEST_F(Dump, AStreamTableThatMemoryDoesNotHaveIsToldOnce) {
  w.memory.make_abort(World::strtab + 0x1000);
  const DumpSection table = part(dump_of(w), "Stream table");
  EXPECT_TRUE(has_note(
      table, "memory answers with an abort for 64 structures, the first at 0x10001000 of stream 0x40"))
      << to_text(table);
  EXPECT_EQ(table.sections.size(), 1U);
}

TEST_F(Dump, CachedStructuresOfStreamsThatMemoryHasNoMoreAreShownAsStale) {
  w.access(1, page);
  w.put_ste(1, Structure());
  const DumpSection contents = dump_of(w);
  const DumpSection& stream = part(part(contents, "Stream table"), "stream 0x1");
  const DumpSection& ste = part(stream, "STE at 0x10000040");
  EXPECT_EQ(ste.notes.at(0), "words 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0");
  const DumpSection& cached = part(ste, "STALE: cached, and other than in memory");
  EXPECT_EQ(cell(cached, "Config", "value"), "0b101");
  EXPECT_EQ(cell(part(contents, "STE cache"), "0x1", "valid"), "yes");
  EXPECT_EQ(cell(part(contents, "CD cache"), "0x1", "valid"), "yes");
}

TEST_F(Dump, CachesShowTheirEntriesByTagAndAddress) {
  w.access(1, page);
  const DumpSection contents = dump_of(w);
  const DumpSection& tlb = part(contents, "TLB");
  ASSERT_EQ(tlb.rows.size(), 1U);
  EXPECT_EQ(tlb.rows[0][0], "NS-EL1");
  EXPECT_EQ(tlb.rows[0][3], "0x77");
  EXPECT_EQ(tlb.rows[0][4], "0x1234567000");
  EXPECT_EQ(tlb.rows[0][6], "0x80000000");
  const DumpSection& micro = part(contents, "micro TLB of TBU 0");
  ASSERT_EQ(micro.rows.size(), 1U);
  EXPECT_EQ(micro.rows[0][0], "0x1");
  EXPECT_EQ(part(contents, "walk cache").rows.size(), 2U);
}

TEST_F(Dump, RegimesStandByTheirNames) {
  Features features;
  features.Hyp = true;
  World v(features);
  v.start();
  std::vector<std::string> names;
  for (const std::uint32_t CR2 : {0U, CR2_E2H}) {
    v.write(0x20, 0);
    v.work();
    v.write(0x2c, CR2);
    v.write(0x20, CR0_implemented);
    v.command(0x04, 31);
    pgtable::Builder& b = v.stream(1);
    EXPECT_TRUE(b.map(page, 0x8000'0000, 0x1000));
    v.put_ste(1, ste_stage1(World::cd_address(1)).set(94, 2, 2));
    v.access(1, page);
  }
  const DumpSection tlb = part(dump_of(v), "TLB");
  for (const auto& row : tlb.rows) names.push_back(row[0]);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"NS-EL2", "NS-EL2-E2H"}));
}

/// The titles of sections below.
std::vector<std::string> titles_of(const DumpSection& s) {
  std::vector<std::string> titles;
  for (const DumpSection& below : s.sections) titles.push_back(below.title);
  return titles;
}

struct DumpSubstreams : testing::Test {
  static Features features() {
    Features f;
    f.SSIDSIZE = 20;
    f.CD2L = true;
    return f;
  }
  void put_cd(std::uint64_t address, std::uint16_t asid) { w.put(address, cd_for(tables.config(), asid)); }
  DumpSection stream() { return part(part(dump_of(w), "Stream table"), "stream 0x1"); }
  static constexpr std::uint64_t cds = 0x6000'0000;
  Stage2World w{features()};
  pgtable::Builder& tables = w.space();
};

TEST_F(DumpSubstreams, EveryValidCdOfALinearTableIsShown) {
  for (const unsigned i : {0U, 2U, 7U}) put_cd(cds + 64 * i, static_cast<std::uint16_t>(0x10 + i));
  for (const unsigned S1DSS : {0U, 1U}) {
    w.put_ste(1, ste_stage1(cds).set(59, 5, 3).set(64, 2, S1DSS));
    const DumpSection s = stream();
    EXPECT_EQ(titles_of(s), (std::vector<std::string>{"STE at 0x10000040", "substream 0x0", "substream 0x2",
                                                      "substream 0x7"}));
    EXPECT_TRUE(has_note(s, "S1CDMax 3: 3 CDs with V = 1"));
    EXPECT_EQ(cell(part(part(s, "substream 0x7"), "CD at 0x600001c0"), "ASID", "value"), "0x17");
  }
  w.put_ste(1, ste_stage1(cds).set(59, 5, 3).set(64, 2, 2));
  EXPECT_EQ(titles_of(stream()), (std::vector<std::string>{"STE at 0x10000040", "CD at 0x60000000",
                                                           "substream 0x2", "substream 0x7"}))
      << "CD 0 is that of accesses without a SubstreamID";
}

TEST_F(DumpSubstreams, TablesOfTwoLevelsAreFollowedThroughTheirLevel1Descriptors) {
  constexpr std::uint64_t leaf = 0x6100'0000;
  w.memory.write(cds + 8 * 2, leaf | 1);  // substreams 0x80 to 0xbf
  put_cd(leaf + 64 * 3, 0x33);
  w.put_ste(1, ste_stage1(cds).set(59, 5, 20).set(4, 2, 1));
  const DumpSection s = stream();
  EXPECT_EQ(titles_of(s), (std::vector<std::string>{"STE at 0x10000040", "substream 0x83"}));
  EXPECT_EQ(titles_of(part(s, "substream 0x83")),
            (std::vector<std::string>{"L1CD at 0x60000010", "CD at 0x610000c0"}));
}

TEST_F(DumpSubstreams, TablesOfANestedStreamAreReachedThroughStage2) {
  pgtable::Builder& ipas = w.guest();
  ASSERT_TRUE(ipas.map(Stage2World::ipa_of(cds), cds, 0x1000));  // 64 of the 2^7 CDs
  put_cd(cds + 64 * 5, 0x15);
  w.put_ste(1, ste_nested(Stage2World::ipa_of(cds), ipas.config().stage2).set(59, 5, 7));
  const DumpSection s = stream();
  EXPECT_EQ(titles_of(s), (std::vector<std::string>{"STE at 0x10000040", "substream 0x5"}));
}

TEST_F(DumpSubstreams, ACdThatIsOnlyCachedIsShownAsStale) {
  put_cd(cds + 64 * 5, 0x15);
  w.put_ste(1, ste_stage1(cds).set(59, 5, 3));
  smmu::AccessRequest q = World::request(1, page);
  q.substream_valid = true;
  q.substream_id = 5;
  w.access(q);
  w.put(cds + 64 * 5, Structure());
  const DumpSection s = stream();
  EXPECT_TRUE(has_note(s, "S1CDMax 3: 0 CDs with V = 1"));
  const DumpSection& cd = part(part(s, "substream 0x5"), "CD at 0x60000140");
  EXPECT_EQ(titles_of(cd), std::vector<std::string>{"STALE: cached, and other than in memory"});
}

TEST_F(Dump, AMicroTlbShowsItsEntriesByStreamAndThoseOfABypassWithoutATag) {
  ASSERT_TRUE(w.stream(2, 0x78).map(page, 0x9000'0000, 0x1000));
  w.put_ste(3, ste_bypass());
  for (const std::uint32_t sid : {3U, 2U, 1U}) w.access(sid, page);
  const DumpSection contents = dump_of(w);
  const DumpSection& micro = part(contents, "micro TLB of TBU 0");
  ASSERT_EQ(micro.rows.size(), 3U) << to_text(micro);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(micro.rows[i][0], "0x" + std::to_string(i + 1));
  EXPECT_EQ(micro.rows[1][4], "0x78");
  EXPECT_EQ(micro.rows[2][1], "none");
}

TEST(DumpNested, TheIpaCacheShowsStage2) {
  Stage2World w;
  pgtable::Builder& ipas = w.guest();
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x9000'0000, 0x1000));
  ASSERT_TRUE(w.nested_stream(1, ipas).map(page, 0x7000'0000, 0x1000));
  w.access(1, page);
  const DumpSection contents = dump_of(w);
  const DumpSection& cache = part(contents, "IPA cache");
  ASSERT_FALSE(cache.rows.empty());
  EXPECT_EQ(cache.rows[0][1], "2");
  EXPECT_EQ(cache.rows[0][2], "0x7");
  EXPECT_EQ(cache.rows[0][3], "-") << "stage 2 has no ASID";
  EXPECT_EQ(cell(cache, "0x70000000", "output"), "0x90000000");
  EXPECT_EQ(part(contents, "TLB").rows.at(0)[1], "1+2");
}

TEST_F(Dump, QueuesShowTheEntriesBetweenConsAndProd) {
  w.access(1, 0x5000);  // F_TRANSLATION
  w.push(0x12 | 1ULL << 48, 0x8000'1000);
  const DumpSection contents = dump_of(w);
  const DumpSection& commands = part(contents, "Command queue");
  ASSERT_EQ(commands.sections.size(), 1U);
  EXPECT_EQ(commands.sections[0].title, "entry 0x0 at 0x20000000: CMD_TLBI_NH_VA");
  EXPECT_EQ(cell(commands.sections[0], "ASID", "value"), "0x1");
  const DumpSection& events = part(contents, "Event queue");
  ASSERT_EQ(events.sections.size(), 1U);
  EXPECT_EQ(events.sections[0].title, "entry 0x0 at 0x30000000: F_TRANSLATION");
  EXPECT_EQ(cell(events.sections[0], "InputAddr", "value"), "0x5000");
  w.pop_event();
  EXPECT_TRUE(part(dump_of(w), "Event queue").sections.empty());
}

TEST_F(Dump, AQueueWhoseIndexesAreInconsistentIsToldAndNotRead) {
  w.write(0x100ac, 5);  // CONS ahead of PROD
  const DumpSection events = part(dump_of(w), "Event queue");
  EXPECT_TRUE(has_note(events, "PROD and CONS are inconsistent: more entries are used than there are"))
      << to_text(events);
  EXPECT_TRUE(events.sections.empty());
}

TEST_F(Dump, AnEntryOfAQueueThatMemoryDoesNotHaveIsTold) {
  w.push(0x46);
  w.memory.make_abort(World::cmdq);
  const DumpSection commands = part(dump_of(w), "Command queue");
  ASSERT_EQ(commands.sections.size(), 1U);
  EXPECT_EQ(commands.sections[0].title, "entry 0x0 at 0x20000000: memory answers with an abort");
}

TEST_F(Dump, ARecordThatWaitsToBeWrittenIsShown) {
  Access access(w.smmu, World::request(1, 0x5000));
  for (smmu::Step step = access.step(); step == smmu::Step::need; step = access.step()) {
    access.complete(w.memory.carry_out(access.op()));
  }
  const DumpSection pending = part(dump_of(w), "event records that wait to be written");
  ASSERT_EQ(pending.sections.size(), 1U);
  EXPECT_EQ(pending.sections[0].title, "F_TRANSLATION");
}

TEST_F(Dump, StalledAccessesAreShownWithTheirTags) {
  Features features;
  features.STALL_MODEL = 0;
  features.STALL_MAX = 4;
  World stalling(features);
  stalling.start();
  stalling.put(World::cd_address(1), cd_for(stalling.space().config(), 1).set(44, 1, 1));
  stalling.put_ste(1, ste_stage1(World::cd_address(1)));
  Access access(stalling.smmu, World::request(1, 0x5000));
  smmu::Step step = access.step();
  for (; step == smmu::Step::need; step = access.step()) {
    access.complete(stalling.memory.carry_out(access.op()));
  }
  ASSERT_EQ(step, smmu::Step::stalled);
  stalling.work();
  const DumpSection stalls = part(dump_of(stalling), "stalled accesses");
  ASSERT_EQ(stalls.rows.size(), 1U);
  EXPECT_EQ(stalls.rows[0],
            (std::vector<std::string>{"0x1", "-", "0x0", "0x5000", "F_TRANSLATION", "written"}));
}

TEST_F(Dump, WalksThatAreOpenAreShown) {
  Access access(w.smmu, World::request(1, page));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(access.step(), smmu::Step::need);
    access.complete(w.memory.carry_out(access.op()));
  }
  ASSERT_EQ(access.step(), smmu::Step::need);
  const DumpSection contents = dump_of(w);
  const DumpSection& under_way = part(contents, "under way");
  EXPECT_EQ(under_way.notes[0], "a synchronisation waits for 1 translations and transactions");
  ASSERT_EQ(under_way.rows.size(), 1U);
  EXPECT_EQ(under_way.rows[0][4], "0x1234567000");
}

TEST_F(Dump, LookingChangesNothing) {
  w.access(1, page);
  w.access(1, 0x5000);
  const auto before = test::save(w.smmu);
  const std::size_t diagnostics = w.diag.all.size();
  const std::string first = to_text(dump_of(w));
  EXPECT_EQ(to_text(dump_of(w)), first);
  EXPECT_EQ(test::save(w.smmu), before);
  EXPECT_EQ(w.diag.all.size(), diagnostics);
}

TEST_F(Dump, AnSmmuThatIsOffReadsNoStreamTable) {
  w.write(0x20, 0);
  w.work();
  w.memory.make_abort(World::strtab);
  const DumpSection table = part(dump_of(w), "Stream table");
  EXPECT_EQ(table.notes, std::vector<std::string>{"SMMUEN is 0: not in use"});
}

TEST(DumpLimit, ALargeTableEndsAfterSoManyReads) {
  Features features;
  features.SIDSIZE = 32;
  World w(features);
  w.start(32);
  std::uint64_t reads = 0;
  const DumpSection s = dump(w.smmu, "smmu0", [&reads](const smmu::MemoryOp&) {
    ++reads;
    smmu::MemoryAnswer a;
    a.status = smmu::MemoryStatus::external_abort;
    return a;
  });
  EXPECT_EQ(reads, most_dumped_reads);
  EXPECT_TRUE(has_note(part(s, "Stream table"), "only the first 1048576 structures were looked at"));
}

// Every word is an STE that has 2^20 CDs, and every CD is valid.
TEST(DumpLimit, ATableOfTablesEndsAfterSoManyReadsAndSections) {
  Features features;
  features.SIDSIZE = 32;
  features.SSIDSIZE = 20;
  World w(features);
  w.start(32);
  std::uint64_t reads = 0;
  const DumpSection s = dump(w.smmu, "smmu0", [&reads](const smmu::MemoryOp& op) {
    ++reads;
    smmu::MemoryAnswer a;
    const Structure ste = ste_stage1(0x4000'0000).set(59, 5, 20).set(31, 1, 1);
    for (unsigned i = 0; i < op.size / 8U; ++i)
      smmu::store_word(a.data, i, i == 0 ? ste.words[0] : op.address);
    return a;
  });
  const DumpSection& table = part(s, "Stream table");
  std::uint64_t shown = 0;
  for (const DumpSection& stream : table.sections) {
    ++shown;
    for (const DumpSection& below : stream.sections)
      shown += below.title.rfind("substream", 0) == 0 ? 1U : 0U;
  }
  EXPECT_EQ(shown, most_dumped_structures);
  EXPECT_LE(reads, 2 * most_dumped_reads + 8 * most_dumped_structures);
  EXPECT_TRUE(has_note(table, "only the first 1048576 structures were looked at"));
  EXPECT_EQ(table.notes.back().rfind("only the first 16384 streams and CDs are shown, and ", 0), 0U)
      << table.notes.back();
}

// The second stream's is not looked through to its end.
TEST(DumpLimit, LargeTablesOfCdsEndAfterSoManyReads) {
  Features features;
  features.SSIDSIZE = 20;
  World w(features);
  w.start();
  w.put_ste(1, ste_stage1(0x4000'0000).set(59, 5, 20));
  w.put_ste(2, ste_stage1(0x5000'0000).set(59, 5, 20));
  const DumpSection s = dump(w.smmu, "smmu0", [&w](const smmu::MemoryOp& op) {
    return op.address < 0x4000'0000 ? w.memory.carry_out(op) : smmu::MemoryAnswer();
  });
  const DumpSection& table = part(s, "Stream table");
  EXPECT_TRUE(has_note(part(table, "stream 0x1"), "S1CDMax 20: 0 CDs with V = 1"));
  EXPECT_TRUE(
      has_note(table, "only the first 1048576 structures and descriptors of CD tables were looked at"));
}

// Software can make 2^19 entries of each queue out of nothing, by PROD and CONS.
TEST(DumpLimit, AFullQueueEndsAfterSoManyEntries) {
  Features features;
  features.CMDQS = features.EVENTQS = 19;
  World w(features);
  w.write(0x90, World::cmdq | 19, 8);
  w.write(0xa0, World::eventq | 19, 8);
  w.write(0x98, 1U << 19);
  w.write(0x100a8, 1U << 19);
  w.write(0x20, CR0_EVENTQEN | CR0_CMDQEN);
  std::uint64_t reads = 0;
  const DumpSection s = dump(w.smmu, "smmu0", [&reads](const smmu::MemoryOp& op) {
    ++reads;
    smmu::MemoryAnswer a;
    a.data.fill(static_cast<std::uint8_t>(op.address >> 4));
    return a;
  });
  for (const char* title : {"Command queue", "Event queue"}) {
    const DumpSection& queue = part(s, title);
    EXPECT_EQ(queue.sections.size(), most_dumped_structures) << title;
    EXPECT_TRUE(
        has_note(queue, "only the first " + std::to_string(most_dumped_structures) + " of them are shown"))
        << title;
  }
  EXPECT_EQ(reads, 2 * most_dumped_structures);
}

// Stage 2 of each stream gives no address of its CDs, without a single read.
TEST(DumpLimit, TablesOfCdsThatStage2DoesNotReachEndAfterSoManyStructures) {
  Features features;
  features.SSIDSIZE = 20;
  Stage2World w(features);
  const pgtable::Builder& ipas = w.guest();
  for (const std::uint32_t sid : {1U, 2U}) {
    w.put_ste(
        sid,
        ste_nested(0x200'0000'0000, ipas.config().stage2, static_cast<std::uint16_t>(sid)).set(59, 5, 20));
  }
  const DumpSection table = part(dump_of(w), "Stream table");
  EXPECT_TRUE(has_note(part(table, "stream 0x1"), "S1CDMax 20: 0 CDs with V = 1")) << to_text(table);
  EXPECT_TRUE(
      has_note(table, "only the first 1048576 structures and descriptors of CD tables were looked at"))
      << to_text(table);
}

}  // namespace
}  // namespace smmuvp::smmuv3
