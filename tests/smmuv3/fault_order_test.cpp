// Which of several mistakes is reported, and what is forgotten of a fault (IHI 0070 3.21.1, 5.4.2, 6.3.9.6,
// 7.3.22).
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using smmu::Step;

constexpr std::uint64_t va = 0x1000, pa = 0x8000'0000;
constexpr std::uint64_t valid = 1, AP1 = 1 << 6, AF = 1 << 10, beyond_IPS = 1ULL << 46;

std::uint64_t type_of_event(World& w) {
  const auto e = w.pop_event();
  return e ? bits(*e, 7, 0) : 0;
}

TEST(FaultOrder, EachMistakeOfStage1HidesThoseBehindIt) {
  Features f;
  f.SSIDSIZE = 8;
  World w(f);
  w.start();
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.write(0x88, 1U << 16 | 6U << 6 | 8);
  w.write(0x20, CR0_implemented);
  constexpr std::uint64_t level2 = 0x6000'0000;
  const std::uint32_t sid = 5;
  pgtable::Builder& b = w.space();
  ASSERT_TRUE(b.map(va, pa, 0x1000));
  const std::uint64_t leaf = b.descriptor_address(va, 3).value();
  const std::uint64_t table = b.descriptor_address(va, 2).value();
  const std::uint64_t good_leaf = w.memory.read(leaf, 8);
  const std::uint64_t good_table = w.memory.read(table, 8);
  const Structure good_cd = cd_for(b.config(), 1);
  const Structure good_ste = ste_stage1(World::cds).set(59, 5, 1);  // S1CDMax: two CDs

  // All of them at once.
  w.memory.write(leaf, (good_leaf | beyond_IPS) & ~(AF | AP1 | valid));
  w.memory.write(table, good_table | beyond_IPS);
  w.put(World::cds + 64, Structure(good_cd).set(31, 1, 0));
  w.memory.make_abort(World::cds);
  w.put(level2 + 64 * sid, Structure(good_ste).set(0, 1, 0));
  w.memory.make_abort(level2);
  auto q = World::request(sid, va);
  q.substream_valid = true;
  q.substream_id = 2;

  struct Mistake {
    std::uint64_t type;
    std::function<void()> mend;
  };
  const std::vector<Mistake> mistakes = {
      {0x02, [&] { w.memory.write(World::strtab, level2 | 7); }},  // C_BAD_STREAMID
      {0x03, [&] { w.memory.make_ok(level2); }},                   // F_STE_FETCH
      {0x04, [&] { w.put(level2 + 64 * sid, good_ste); }},         // C_BAD_STE
      {0x08, [&] { q.substream_id = 1; }},                         // C_BAD_SUBSTREAMID
      {0x09, [&] { w.memory.make_ok(World::cds); }},               // F_CD_FETCH
      {0x0a, [&] { w.put(World::cds + 64, good_cd); }},            // C_BAD_CD
      {0x11,
       [&] {
         w.memory.write(table, good_table);
         w.memory.make_abort(leaf);
       }},                                      // F_ADDR_SIZE of a table
      {0x0b, [&] { w.memory.make_ok(leaf); }},  // F_WALK_EABT
      {0x10, [&] { w.memory.write(leaf, (good_leaf | beyond_IPS) & ~(AF | AP1)); }},  // F_TRANSLATION
      {0x11, [&] { w.memory.write(leaf, good_leaf & ~(AF | AP1)); }},                 // F_ADDR_SIZE
      {0x12, [&] { w.memory.write(leaf, good_leaf & ~AP1); }},                        // F_ACCESS
      {0x13, [&] { w.memory.write(leaf, good_leaf); }},                               // F_PERMISSION
  };
  for (const Mistake& m : mistakes) {
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_EQ(type_of_event(w), m.type);
    EXPECT_FALSE(w.pop_event()) << "one record a transaction";
    m.mend();
    w.command(0x04, 31);  // CMD_CFGI_ALL
    w.command(0x30);      // CMD_TLBI_NSNH_ALL
  }
  EXPECT_EQ(w.access(q).outcome, Outcome::forward);
}

TEST(FaultOrder, AStructureThatIsNotValidIsThatAloneAndIsNotTold) {
  World w;
  w.start();
  Structure s;
  s.words.fill(~0ULL);
  w.put_ste(1, Structure(s).set(0, 1, 0));
  EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
  EXPECT_EQ(type_of_event(w), 0x04U);
  w.put_ste(2, ste_stage1(World::cds));
  w.put(World::cds, Structure(s).set(31, 1, 0));
  EXPECT_EQ(w.access(2, va).outcome, Outcome::abort);
  EXPECT_EQ(type_of_event(w), 0x0aU);
  EXPECT_TRUE(w.diag.all.empty());
}

// 3.21.1, DDI 0487: no descriptor that gives a Translation, Access flag or Address size fault is cached.
TEST(FaultsForgotten, AMappingIsSeenWithoutAnInvalidation) {
  for (const int level : {1, 2, 3}) {
    for (const std::uint64_t fault : {0x10U, 0x11U, 0x12U}) {
      if (fault == 0x12 && level != 3) continue;  // tables have no Access flag
      SCOPED_TRACE(::testing::Message() << "level " << level << ", event " << fault);
      World w;
      w.start();
      pgtable::Builder& b = w.stream(1);
      ASSERT_TRUE(b.map(va, pa, 0x1000));
      const std::uint64_t at = b.descriptor_address(va, level).value();
      const std::uint64_t good = w.memory.read(at, 8);
      const std::uint64_t bad = fault == 0x10   ? good & ~valid
                                : fault == 0x11 ? good | beyond_IPS
                                                : good & ~AF;
      w.memory.write(at, bad);
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
        EXPECT_EQ(type_of_event(w), fault);
      }
      w.memory.write(at, good);
      EXPECT_EQ(w.access(1, va).outcome, Outcome::forward);
    }
  }
}

TEST(FaultsForgotten, AMappingOfStage2IsSeenWithoutAnInvalidation) {
  for (const bool nested : {false, true}) {
    for (const std::uint64_t fault : {0x10U, 0x11U, 0x12U}) {
      Stage2World w;
      pgtable::Builder& ipas = w.guest();
      constexpr std::uint64_t ipa = 0x20'0000;
      ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
      if (nested) {
        ASSERT_TRUE(w.nested_stream(1, ipas).map(va, ipa, 0x1000));
      } else {
        w.stage2_stream(1, ipas);
      }
      const std::uint64_t at = w.descriptor(ipas, ipa);
      const std::uint64_t good = w.memory.read(at, 8);
      w.memory.write(at, fault == 0x10 ? good & ~valid : fault == 0x11 ? good | beyond_IPS : good & ~AF);
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(w.access(1, nested ? va : ipa).outcome, Outcome::abort);
        EXPECT_EQ(bits(w.event(), 7, 0), fault);
      }
      w.memory.write(at, good);
      EXPECT_EQ(w.access(1, nested ? va : ipa).outcome, Outcome::forward);
    }
  }
}

TEST(TopByte, IsIgnoredInTheHalfOfItsTbiAlone) {
  constexpr std::uint64_t upper = 0xffff'ffff'ffff'f000;
  for (const unsigned TBI : {0U, 1U, 2U, 3U}) {
    World w;
    w.start();
    pgtable::Builder& b = w.stream(1);
    ASSERT_TRUE(b.map(va, pa, 0x1000));
    ASSERT_TRUE(b.map(upper, pa + 0x1000, 0x1000));
    w.put(World::cd_address(1), cd_for(b.config(), 1).set(38, 1, TBI & 1).set(39, 1, TBI >> 1));
    const std::uint64_t tagged_lower = va | 0xa5ULL << 56, tagged_upper = upper & ~(0xa5ULL << 56);
    EXPECT_EQ(w.access(1, tagged_lower).outcome, (TBI & 1) != 0 ? Outcome::forward : Outcome::abort) << TBI;
    EXPECT_EQ(w.access(1, tagged_upper).outcome, (TBI & 2) != 0 ? Outcome::forward : Outcome::abort) << TBI;
    EXPECT_EQ(w.access(1, va).output, pa);
    EXPECT_EQ(w.access(1, upper).output, pa + 0x1000);
  }
}

// ---- 3.4, 6.3.9.6

TEST(Disabled, NothingIsReadAndNothingIsRecorded) {
  World w;
  w.start(8, CR0_CMDQEN | CR0_EVENTQEN);
  w.put_ste(1, ste_abort());
  for (const std::uint32_t sid : {0U, 1U, 0xffff'ffffU}) {
    for (const std::uint64_t address : {std::uint64_t{0x1000}, std::uint64_t{1} << 44, ~std::uint64_t{0}}) {
      Access a(w.smmu, World::request(sid, address));
      ASSERT_EQ(a.step(), Step::done) << "no structure is read";
      if (address >> 44 != 0) {
        EXPECT_EQ(a.answer().outcome, Outcome::abort);
        continue;
      }
      EXPECT_EQ(a.answer().outcome, Outcome::forward);
      EXPECT_EQ(a.answer().output, address);
    }
  }
  w.work();
  EXPECT_EQ(w.read(0x100a8), 0U) << "an address beyond the OAS is aborted without a record";
}

}  // namespace
}  // namespace smmuvp::smmuv3
