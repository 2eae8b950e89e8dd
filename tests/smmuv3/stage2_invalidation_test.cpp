// TLB commands with VMIDs and stage 2: what each takes, and what it leaves (IHI 0070 3.17, 4.4).
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;

std::uint64_t vmid(std::uint64_t v) { return v << 32; }
std::uint64_t asid(std::uint64_t a) { return a << 48; }

enum Kind { stage1, stage2, nested };
/// A stream and whose entries it makes.
struct Owner {
  Kind kind;
  std::uint16_t VMID, ASID;
  bool global = false;
};
constexpr Owner owners[] = {{stage1, 1, 1},       {stage1, 1, 2}, {stage1, 2, 1},       {stage1, 1, 3, true},
                            {stage1, 2, 3, true}, {stage2, 1, 0}, {stage2, 2, 0},       {nested, 1, 1},
                            {nested, 1, 2},       {nested, 2, 1}, {nested, 1, 3, true}, {nested, 2, 3, true}};
constexpr std::uint32_t owner_count = 12;

/// Each stream has cached two pages, at the same addresses as all others. Global entries have an ASET of
/// their own, so that they match no other stream (3.17.1); commands disregard it (4.4).
class TwoGuests : public Stage2World {
 public:
  static constexpr std::uint64_t page = 0x1000, other = 0x40'5000, ipa = 0x7000'0000;

  explicit TwoGuests(const Features& f = {}) : Stage2World(f) {
    pgtable::Builder* guests[2] = {&guest(), &guest()};
    for (pgtable::Builder* g : guests) {
      for (const std::uint64_t at : {page, other}) {
        EXPECT_TRUE(g->map(at, 0x9000'0000 + at, 0x1000));
        EXPECT_TRUE(g->map(ipa + at, 0xa000'0000 + at, 0x1000));
      }
    }
    for (std::uint32_t i = 0; i < owner_count; ++i) {
      const Owner& o = owners[i];
      const pgtable::Builder& g = *guests[o.VMID - 1];
      if (o.kind == stage2) {
        stage2_stream(i, g, o.VMID);
        continue;
      }
      pgtable::Mapping m;
      m.nG = !o.global;
      pgtable::Builder& b = o.kind == stage1 ? space() : nested_stream(i, g, o.VMID, o.ASID);
      if (o.kind == stage1) {
        put_ste(i, ste_stage1(cd_address(i)).set(128, 16, o.VMID));
      }
      put(cd_address(i), cd_for(b.config(), o.ASID).set(47, 1, o.global));
      for (const std::uint64_t at : {page, other}) EXPECT_TRUE(b.map(at, ipa + at, 0x1000, m));
    }
    for (int warm = 0; warm < 2; ++warm) {
      for (std::uint32_t i = 0; i < owner_count; ++i) {
        for (const std::uint64_t at : {page, other}) EXPECT_EQ(access(i, at).tlb_hit, warm == 1) << i;
      }
    }
  }
  bool cached(std::uint32_t i, std::uint64_t at) { return access(i, at).tlb_hit; }
};

struct Command {
  const char* name;
  std::uint64_t words[2];
  bool (*takes)(const Owner& o, std::uint64_t at);
};

bool of_stage1(const Owner& o) { return o.kind != stage2; }
bool nothing(const Owner&, std::uint64_t) { return false; }
constexpr std::uint64_t page = TwoGuests::page;

class TlbCommand : public ::testing::TestWithParam<Command> {};

TEST_P(TlbCommand, TakesWhatItsScopeSaysOfEachStageVmidAndAsidAndNothingElse) {
  TwoGuests w;
  w.command(GetParam().words[0], GetParam().words[1]);
  ASSERT_TRUE(w.commands_done());
  std::uint64_t taken = 0;
  for (std::uint32_t i = 0; i < owner_count; ++i) {
    for (const std::uint64_t at : {page, TwoGuests::other}) {
      const bool takes = GetParam().takes(owners[i], at);
      taken += takes ? 1 : 0;
      EXPECT_EQ(w.cached(i, at), !takes) << "stream " << i << " at " << std::hex << at;
    }
  }
  EXPECT_EQ(w.smmu.engine_statistics().tlb_invalidated, taken);
}

INSTANTIATE_TEST_SUITE_P(
    Scopes, TlbCommand,
    ::testing::Values(
        Command{"NH_ALL",
                {0x10 | vmid(1), 0},
                [](const Owner& o, std::uint64_t) { return of_stage1(o) && o.VMID == 1; }},
        Command{"NH_ALL_of_VMID_0", {0x10, 0}, nothing},
        Command{"NH_ASID",
                {0x11 | vmid(1) | asid(1), 0},
                [](const Owner& o, std::uint64_t) {
                  return of_stage1(o) && o.VMID == 1 && o.ASID == 1 && !o.global;
                }},
        Command{"NH_ASID_of_global_entries", {0x11 | vmid(1) | asid(3), 0}, nothing},
        Command{"NH_VA",
                {0x12 | vmid(1) | asid(1), page},
                [](const Owner& o, std::uint64_t at) {
                  return of_stage1(o) && o.VMID == 1 && (o.ASID == 1 || o.global) && at == page;
                }},
        Command{"NH_VA_Leaf",
                {0x12 | vmid(2) | asid(1), page | 1},
                [](const Owner& o, std::uint64_t at) {
                  return of_stage1(o) && o.VMID == 2 && (o.ASID == 1 || o.global) && at == page;
                }},
        Command{"NH_VA_of_VMID_0", {0x12 | asid(1), page}, nothing},
        Command{"NH_VAA",
                {0x13 | vmid(1), page},
                [](const Owner& o, std::uint64_t at) { return of_stage1(o) && o.VMID == 1 && at == page; }},
        Command{"NH_VAA_Leaf",
                {0x13 | vmid(2), page | 1},
                [](const Owner& o, std::uint64_t at) { return of_stage1(o) && o.VMID == 2 && at == page; }},
        Command{"NH_VAA_of_an_IPA", {0x13 | vmid(1), TwoGuests::ipa + page}, nothing},
        Command{"S2_IPA",
                {0x2a | vmid(1), page},
                [](const Owner& o, std::uint64_t at) { return !of_stage1(o) && o.VMID == 1 && at == page; }},
        Command{"S2_IPA_Leaf",
                {0x2a | vmid(2), page | 1},
                [](const Owner& o, std::uint64_t at) { return !of_stage1(o) && o.VMID == 2 && at == page; }},
        Command{"S2_IPA_with_Reserved_bits_above_its_address",
                {0x2a | vmid(1), 0xf0'0000'0000'0000 | page},
                [](const Owner& o, std::uint64_t at) { return !of_stage1(o) && o.VMID == 1 && at == page; }},
        Command{"S2_IPA_of_nested_outputs", {0x2a | vmid(1), TwoGuests::ipa + page}, nothing},
        Command{"S12_VMALL", {0x28 | vmid(2), 0}, [](const Owner& o, std::uint64_t) { return o.VMID == 2; }},
        Command{"S12_VMALL_of_another_VMID", {0x28 | vmid(0x101), 0}, nothing},
        Command{"NSNH_ALL", {0x30, 0}, [](const Owner&, std::uint64_t) { return true; }},
        Command{"NSNH_ALL_with_fields_it_has_not",
                {0x30 | vmid(9) | asid(9), ~0ULL},
                [](const Owner&, std::uint64_t) { return true; }},
        Command{"CFGI_ALL", {0x04, 31}, nothing}, Command{"SYNC", {0x46, 0}, nothing}),
    [](const auto& i) { return std::string(i.param.name); });

TEST(Vmids, EntriesOfDifferentKindsAndVmidsDoNotMix) {
  TwoGuests w;  // has seen that nothing hits before it was walked for its own stream
  for (std::uint32_t i = 0; i < owner_count; ++i) {
    const Owner& o = owners[i];
    const std::uint64_t expected = o.kind == stage1   ? TwoGuests::ipa
                                   : o.kind == stage2 ? 0x9000'0000
                                                      : 0xa000'0000;
    EXPECT_EQ(w.access(i, page).output, expected + page) << i;
  }
}

TEST(Vmids, WideTagsOfCommandsNameNothingWithoutVmid16AndAsid16) {
  Features f;
  f.VMID16 = f.ASID16 = false;
  for (const std::uint64_t command :
       {0x10 | vmid(0x101), 0x11 | vmid(0x101) | asid(1), 0x11 | vmid(1) | asid(0x101), 0x13 | vmid(0x101),
        0x28 | vmid(0x101), 0x2a | vmid(0x101)}) {
    TwoGuests w(f);
    w.command(command, page);
    EXPECT_TRUE(w.commands_done());
    EXPECT_EQ(w.smmu.engine_statistics().tlb_invalidated, 0U) << std::hex << command;
    EXPECT_EQ(w.diag.all.size(),
              (command & 0xff) == 0x10 || (command & 0xff) == 0x11 || (command & 0xff) == 0x28 ? 2U : 1U)
        << "told once for the tag, and for word 1 where it has no field";
  }
}

TEST(Vmids, AreNotMatchedWithoutStage2) {
  Features f;
  f.S2P = f.VMID16 = false;
  for (const std::uint64_t command : {0x10 | vmid(9), 0x11 | vmid(9) | asid(1), 0x13 | vmid(9)}) {
    World w(f);
    w.start();
    ASSERT_TRUE(w.stream(1).map(page, 0x8000'0000, 0x1000));
    w.put_ste(1, ste_stage1(World::cd_address(1)).set(128, 16, 5));
    w.access(1, page);
    EXPECT_TRUE(w.access(1, page).tlb_hit);
    w.command(command, page);
    EXPECT_FALSE(w.access(1, page).tlb_hit) << std::hex << command;
  }
}

TEST(Vmids, CommandsOfStage2AreIllegalWithoutIt) {
  Features f;
  f.S2P = f.VMID16 = false;
  for (const std::uint64_t opcode : {0x28U, 0x2aU}) {
    World w(f);
    w.start();
    w.command(opcode);
    EXPECT_EQ(w.read(0x60) & 1, 1U) << "GERROR.CMDQ_ERR";
    EXPECT_EQ(w.read(0x9c), 1U << 24) << "CERROR_ILL, at the command";
  }
}

TEST(Vmids, ASteThatChangesItsVmidLeavesTheEntriesOfTheOldOne) {
  Stage2World w;
  pgtable::Builder& ipas = w.ipa_space();
  ASSERT_TRUE(ipas.map(page, 0x8000'0000, 0x1000));
  w.stage2_stream(1, ipas, 1);
  w.access(1, page);
  w.stage2_stream(1, ipas, 2);
  w.command(0x03 | 1ULL << 32);
  EXPECT_FALSE(w.access(1, page).tlb_hit);
  w.stage2_stream(1, ipas, 1);
  w.command(0x03 | 1ULL << 32);
  EXPECT_TRUE(w.access(1, page).tlb_hit);
}

TEST(Vmids, StreamsOfOneVmidShareEntries) {
  Stage2World w;
  pgtable::Builder& ipas = w.guest();
  ASSERT_TRUE(ipas.map(page, 0x8000'0000, 0x1000));
  w.stage2_stream(1, ipas, 1);
  w.stage2_stream(3, ipas, 1);
  w.access(1, page);
  EXPECT_TRUE(w.access(3, page).tlb_hit);
}

// ---- what an invalidation of an IPA does, and what it leaves to others

class IpaInvalidation : public ::testing::Test {
 protected:
  static constexpr std::uint64_t ipa = 0x7000'0000, old_pa = 0x8000'0000, new_pa = 0x9000'0000;
  IpaInvalidation() : ipas(w.guest()), vas(w.nested_stream(2, ipas)) {
    w.stage2_stream(1, ipas);
    EXPECT_TRUE(ipas.map(ipa, old_pa, 0x1000));
    EXPECT_TRUE(vas.map(page, ipa, 0x1000));
    EXPECT_EQ(w.access(1, ipa).output, old_pa);
    EXPECT_EQ(w.access(2, page).output, old_pa);
    w.memory.write(w.descriptor(ipas, ipa), (w.memory.read(w.descriptor(ipas, ipa), 8) & 0xfff) | new_pa);
  }
  Stage2World w;
  pgtable::Builder& ipas;
  pgtable::Builder& vas;
};

TEST_F(IpaInvalidation, KeepsCombinedEntriesUntilThoseOfStage1Go) {
  w.command(0x2a | vmid(7), ipa);
  EXPECT_EQ(w.access(1, ipa).output, new_pa);
  EXPECT_EQ(w.access(2, page).output, old_pa) << "4.4.3.1: combined entries may stay, and here they do";
  w.command(0x10 | vmid(7));
  EXPECT_EQ(w.access(2, page).output, new_pa);
}

TEST_F(IpaInvalidation, IsNeededWhereEntriesOfStage1AloneGo) {
  w.command(0x10 | vmid(7));
  EXPECT_EQ(w.access(2, page).output, old_pa) << "stage 2 is cached by itself";
  EXPECT_EQ(w.access(1, ipa).output, old_pa);
  w.command(0x13 | vmid(7), page);
  w.command(0x2a | vmid(7), ipa | 1);
  EXPECT_EQ(w.access(2, page).output, new_pa);
}

TEST_F(IpaInvalidation, OfAnotherPageOrVmidChangesNothing) {
  for (const auto& [v, at] : {std::pair{8U, ipa}, std::pair{7U, ipa + 0x1000}, std::pair{7U, page}}) {
    w.command(0x2a | vmid(v), at);
    w.command(0x10 | vmid(7));
    EXPECT_EQ(w.access(1, ipa).output, old_pa);
    EXPECT_EQ(w.access(2, page).output, old_pa);
  }
}

TEST_F(IpaInvalidation, VmallTakesBothStages) {
  w.command(0x28 | vmid(7));
  EXPECT_EQ(w.access(1, ipa).output, new_pa);
  EXPECT_EQ(w.access(2, page).output, new_pa);
}

TEST_F(IpaInvalidation, NsnhAllTakesBothStages) {
  w.command(0x30);
  EXPECT_EQ(w.access(2, page).output, new_pa);
  EXPECT_EQ(w.access(1, ipa).output, new_pa);
}

TEST(BlockInvalidation, AnyAddressWithinABlockTakesIt) {
  for (const std::uint64_t size : {std::uint64_t{0x20'0000}, std::uint64_t{0x4000'0000}}) {
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{0x1000}, size - 0x1000}) {
      Stage2World w;
      pgtable::Builder& ipas = w.ipa_space();
      ASSERT_TRUE(ipas.map(0x1'0000'0000, 0x2'0000'0000, size));
      w.stage2_stream(1, ipas);
      w.access(1, 0x1'0000'0000);
      w.command(0x2a | vmid(7), 0x1'0000'0000 + size);
      EXPECT_TRUE(w.access(1, 0x1'0000'0000).tlb_hit);
      w.command(0x2a | vmid(7), 0x1'0000'0000 + at);
      EXPECT_FALSE(w.access(1, 0x1'0000'0000).tlb_hit);
    }
  }
}

// ---- tables that are cached

/// What a walk of `at` finds after its level 2 descriptor was made to point to another table.
class CachedTables : public IpaInvalidation {
 protected:
  void point_elsewhere(pgtable::Builder& b, std::uint64_t at, std::uint64_t offset, std::uint64_t output) {
    const std::uint64_t table = w.allocate(0x1000);
    const std::uint64_t descriptor = w.descriptor(b, at, 2) - offset;
    const std::uint64_t leaf = w.descriptor(b, at) - offset;
    w.memory.write(table + (leaf & 0xfff), (w.memory.read(leaf, 8) & 0xffe0'0000'0000'0fff) | output);
    w.memory.write(descriptor, (table + offset) | 3);
  }
};

TEST_F(CachedTables, OfStage1GoWithLeaf0AndStayWithLeaf1) {
  ASSERT_TRUE(ipas.map(ipa + 0x5000, new_pa + 0x5000, 0x1000));
  point_elsewhere(vas, page, Stage2World::offset, ipa + 0x5000);
  for (const std::uint64_t opcode : {0x12U, 0x13U}) {
    w.command(opcode | vmid(7) | (opcode == 0x12 ? asid(1) : 0), page | 1);
    EXPECT_EQ(w.access(2, page).output, old_pa) << "the old table's page: its pointer is cached";
  }
  w.command(0x13 | vmid(6), page);
  w.command(0x12 | vmid(7) | asid(2), page);
  w.command(0x2a | vmid(7), page);
  w.command(0x13 | vmid(7), page | 1);
  EXPECT_EQ(w.access(2, page).output, old_pa);
  w.command(0x12 | vmid(7) | asid(1), page);
  EXPECT_EQ(w.access(2, page).output, new_pa + 0x5000);
}

TEST_F(CachedTables, OfStage2GoWithLeaf0AndStayWithLeaf1) {
  w.memory.write(w.descriptor(ipas, ipa), (w.memory.read(w.descriptor(ipas, ipa), 8) & 0xfff) | old_pa);
  point_elsewhere(ipas, ipa, 0, new_pa + 0x5000);
  w.command(0x2a | vmid(7), ipa | 1);
  EXPECT_EQ(w.access(1, ipa).output, old_pa) << "the pointer to the old table is cached";
  w.command(0x10 | vmid(7));
  w.command(0x2a | vmid(6), ipa);
  w.command(0x2a | vmid(7), ipa | 1);
  EXPECT_EQ(w.access(1, ipa).output, old_pa);
  w.command(0x2a | vmid(7), ipa);
  EXPECT_EQ(w.access(1, ipa).output, new_pa + 0x5000);
}

TEST_F(CachedTables, AnIpaOfAStage1TableThatMovesIsFoundAfterItsInvalidation) {
  // The hypervisor moves the page of the last table: same IPA, other memory.
  const std::uint64_t leaf = w.descriptor(vas, page);
  const std::uint64_t moved = w.allocate(0x1000);
  ASSERT_TRUE(ipas.map(ipa + 0x5000, new_pa + 0x5000, 0x1000));
  w.memory.write(moved + (leaf & 0xfff),
                 (w.memory.read(leaf - Stage2World::offset, 8) & 0xffe0'0000'0000'0fff) | (ipa + 0x5000));
  const std::uint64_t s2 = w.descriptor(ipas, leaf);
  w.memory.write(s2, (w.memory.read(s2, 8) & 0xfff) | moved);
  w.command(0x10 | vmid(7));
  EXPECT_EQ(w.access(2, page).output, old_pa) << "the table's IPA is cached";
  w.command(0x2a | vmid(7), leaf & ~0xfffULL);
  EXPECT_EQ(w.access(2, page).output, old_pa) << "and so is the combined entry";
  w.command(0x13 | vmid(7), page | 1);
  EXPECT_EQ(w.access(2, page).output, new_pa + 0x5000)
      << "the pointer to the table is an IPA: it still holds";
}

TEST_F(CachedTables, MakeWalksShorter) {
  ASSERT_TRUE(ipas.map(ipa + 0x1000, old_pa + 0x1000, 0x1000));
  ASSERT_TRUE(vas.map(page + 0x1000, ipa + 0x1000, 0x1000));
  const auto reads_of = [&](std::uint32_t sid, std::uint64_t at) {
    const auto before = w.smmu.engine_statistics().walk_reads;
    EXPECT_EQ(w.access(sid, at).outcome, Outcome::forward);
    return w.smmu.engine_statistics().walk_reads - before;
  };
  EXPECT_EQ(reads_of(2, page + 0x1000), 2U) << "one leaf of each stage: tables and the table's IPA are known";
  EXPECT_EQ(reads_of(1, ipa + 0x1000), 0U) << "the IPA is known from the nested walk";
  w.command(0x30);
  // Three tables of stage 1. Stage 2 has three levels for the first one's IPA, the last alone for the others
  // beside it, and again three for the output's.
  EXPECT_EQ(reads_of(2, page + 0x1000), 3U + 3 + 1 + 1 + 3);
}

// ---- overtaking

TEST(Stage2Overtaking, AWalkThatAnInvalidationOvertakesFillsNoCacheOfEitherStage) {
  for (const std::uint64_t command : {0x10 | vmid(7), 0x2a | vmid(7), 0x28 | vmid(7), std::uint64_t{0x30}}) {
    for (unsigned at = 0;; ++at) {
      Stage2World w;
      pgtable::Builder& ipas = w.guest();
      pgtable::Builder& vas = w.nested_stream(2, ipas);
      ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000));
      ASSERT_TRUE(vas.map(page, 0x7000'0000, 0x1000));
      auto a = std::make_unique<Access>(w.smmu, World::request(2, page));
      unsigned step = 0;
      bool overtaken = false;
      while (a->step() == smmu::Step::need) {
        if (step++ == at) {
          w.push(command, 0x7000'0000);
          w.push(0x46);
          EXPECT_EQ(w.work(), smmu::Step::stalled) << "CMD_SYNC waits for it";
          overtaken = true;
        }
        a->complete(w.memory.carry_out(a->op()));
      }
      EXPECT_EQ(a->answer().output, 0x8000'0000U);
      a.reset();
      EXPECT_EQ(w.work(), smmu::Step::done);
      if (!overtaken) break;
      ASSERT_LT(at, 40U);
      EXPECT_EQ(w.smmu.engine_statistics().tlb_fills, 0U);
      // Both tables change after the CMD_SYNC. What had been found before the command can still be there
      // where it is not of its scope; nothing of the step it overtook may be.
      ASSERT_TRUE(ipas.unmap(0x7000'0000, 0x1000));
      if ((command & 0xff) == 0x10) continue;
      EXPECT_EQ(w.access(2, page).outcome, Outcome::abort) << std::hex << command << " at " << at;
      EXPECT_EQ(bits(w.event(), 7, 0), 0x10U);
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
