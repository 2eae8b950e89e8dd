// Hardware update of Access flags and dirty state (IHI 0070 3.13, 5.2, 5.4, 6.3.1 HTTU).
#include <functional>
#include <memory>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using smmu::Step;

constexpr std::uint64_t AP1 = 1 << 6, AP2 = 1 << 7, AF = 1 << 10, DBM = 1ULL << 51;
constexpr std::uint64_t S2AP_write = 1 << 7;

Features with_httu(unsigned HTTU) {
  Features f;
  f.HTTU = static_cast<std::uint8_t>(HTTU);
  return f;
}

/// Stream 1 translates by stage 1, stream 2 by stage 2 and stream 3 by both; each page has its descriptor.
class FlagUpdate : public ::testing::Test {
 protected:
  static constexpr std::uint64_t va = 0x1000, ipa = 0x7000'0000, pa = 0x8000'0000;

  explicit FlagUpdate(unsigned HTTU = 2, bool HA = true, bool HD = true,
                      const Structures& s = World::untimed())
      : w(with_httu(HTTU), s) {
    pgtable::Config two = stage2_config();
    two.stage2.HA = HA;
    two.stage2.HD = HD;
    ipas = &w.guest(two);
    pgtable::Config one = Stage2World::stage1_config();
    one.stage1.HA = HA;
    one.stage1.HD = HD;
    vas = &w.builder(one);
    nested = &w.nested_space(one);
    pgtable::Mapping m;
    m.unprivileged = true;
    EXPECT_TRUE(vas->map(va, pa, 0x1000, m));
    EXPECT_TRUE(nested->map(va, ipa, 0x1000, m));
    EXPECT_TRUE(ipas->map(ipa, pa, 0x1000));
    w.put(World::cd_address(1), cd_for(vas->config(), 1));
    w.put_ste(1, ste_stage1(World::cd_address(1)));
    w.stage2_stream(2, *ipas);
    w.put(World::cd_address(3), cd_for(nested->config(), 3));
    w.put_ste(3, ste_nested(Stage2World::ipa_of(World::cd_address(3)), ipas->config().stage2));
  }
  std::uint64_t input(std::uint32_t sid) const { return sid == 2 ? ipa : va; }
  /// Physical address of the descriptor of the page: of stage 1, but of stream 2.
  std::uint64_t leaf(std::uint32_t sid) {
    if (sid == 2) return w.descriptor(*ipas, ipa);
    return sid == 1 ? w.descriptor(*vas, va) : w.descriptor(*nested, va) - Stage2World::offset;
  }
  /// Of stage 2, for the table of stage 1 that leaf(3) is in.
  std::uint64_t table_leaf() { return w.descriptor(*ipas, leaf(3) + Stage2World::offset); }
  std::uint64_t cd_leaf() { return w.descriptor(*ipas, Stage2World::ipa_of(World::cds)); }
  std::uint64_t value(std::uint64_t at) { return w.memory.read(at, 8); }
  /// Read-only, and writable once it is marked dirty.
  void make_clean(std::uint32_t sid) {
    w.change(leaf(sid), sid == 2 ? DBM : DBM | AP2, sid == 2 ? S2AP_write : 0);
  }
  bool is_dirty(std::uint32_t sid) {
    return sid == 2 ? (value(leaf(sid)) & S2AP_write) != 0 : (value(leaf(sid)) & AP2) == 0;
  }
  Expected fault(std::uint32_t sid, std::uint64_t type, bool write = true) {
    Expected e{type, sid};
    e.RnW = !write;
    e.S2 = sid == 2;
    e.InputAddr = input(sid);
    e.IPA = sid == 2 ? ipa : 0;
    return e;
  }

  Stage2World w;
  pgtable::Builder* ipas = nullptr;
  pgtable::Builder* vas = nullptr;
  pgtable::Builder* nested = nullptr;
};

class AccessFlagUpdate : public FlagUpdate {
 protected:
  AccessFlagUpdate() : FlagUpdate(1, true, false) {}
};

TEST_F(FlagUpdate, AnyAccessSetsAClearAccessFlag) {
  for (const std::uint32_t sid : {1U, 2U, 3U}) {
    for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::atomic}) {
      w.change(leaf(sid), 0, AF);
      w.command(0x30);
      const std::uint64_t before = value(leaf(sid));
      EXPECT_EQ(w.access(sid, input(sid), kind).output, pa);
      EXPECT_EQ(value(leaf(sid)), before | AF) << sid;
      EXPECT_TRUE(w.access(sid, input(sid), kind).tlb_hit);
    }
  }
  EXPECT_EQ(w.memory.swaps, 9U);
  EXPECT_FALSE(w.pop_event().has_value());
}

TEST_F(AccessFlagUpdate, IsAllThatHttu1Does) {
  for (const std::uint32_t sid : {1U, 2U}) {
    make_clean(sid);
    w.change(leaf(sid), 0, AF);
    EXPECT_EQ(w.access(sid, input(sid)).outcome, Outcome::forward);
    EXPECT_NE(value(leaf(sid)) & AF, 0U);
    EXPECT_EQ(w.access(sid, input(sid), AccessKind::write).outcome, Outcome::abort) << "DBM means nothing";
    EXPECT_EQ(w.event(), fault(sid, 0x13).record());
    EXPECT_FALSE(is_dirty(sid));
  }
}

TEST_F(FlagUpdate, AWriteMakesACleanPageDirtyAndOtherAccessesDoNot) {
  for (const std::uint32_t sid : {1U, 2U, 3U}) {
    for (const AccessKind kind : {AccessKind::write, AccessKind::atomic}) {
      make_clean(sid);
      w.command(0x30);
      EXPECT_EQ(w.access(sid, input(sid)).outcome, Outcome::forward);
      EXPECT_FALSE(is_dirty(sid)) << sid;
      EXPECT_EQ(w.access(sid, input(sid), kind).outcome, Outcome::forward);
      EXPECT_TRUE(is_dirty(sid)) << sid;
      EXPECT_NE(value(leaf(sid)) & DBM, 0U) << "3.13.3.1: DBM is never changed";
    }
  }
  EXPECT_FALSE(w.pop_event().has_value());
}

TEST_F(FlagUpdate, AnEntryOfACleanPageServesReadsAndIsWalkedAgainForTheFirstWriteOnly) {
  for (const std::uint32_t sid : {1U, 2U, 3U}) {
    make_clean(sid);
    ASSERT_FALSE(w.access(sid, input(sid)).tlb_hit);
    EXPECT_TRUE(w.access(sid, input(sid) + 8).tlb_hit);
    const std::uint64_t rewalks = w.smmu.engine().statistics().tlb_rewalks;
    EXPECT_FALSE(w.access(sid, input(sid), AccessKind::write).tlb_hit);
    EXPECT_EQ(w.smmu.engine().statistics().tlb_rewalks, rewalks + 1);
    EXPECT_TRUE(is_dirty(sid));
    const unsigned swaps = w.memory.swaps;
    EXPECT_TRUE(w.access(sid, input(sid) + 16, AccessKind::write).tlb_hit);
    EXPECT_EQ(w.memory.swaps, swaps);
  }
}

TEST_F(FlagUpdate, ADirectPointerToACleanPageIsForReadingUntilItIsDirty) {
  make_clean(1);
  const auto writable = [&] {
    smmu::AccessAnswer a;
    const auto region = w.smmu.engine().direct_region(World::request(1, va), a);
    EXPECT_TRUE(region && region->read);
    return region && region->write;
  };
  w.access(1, va);
  EXPECT_FALSE(writable());
  w.access(1, va, AccessKind::write);
  EXPECT_TRUE(writable());
}

TEST_F(FlagUpdate, OfBothFlagsIsOneSwap) {
  make_clean(1);
  w.change(leaf(1), 0, AF);
  w.access(1, va, AccessKind::write);
  EXPECT_EQ(value(leaf(1)) & (AF | AP2), AF);
  EXPECT_EQ(w.memory.swaps, 1U);
}

TEST_F(FlagUpdate, MakesNoPageWritableThatIsNotForAnotherReason) {
  struct Case {
    const char* name;
    std::function<void()> spoil;
    bool privileged;
  };
  const std::uint64_t table = w.descriptor(*vas, va, 2);
  const Case cases[] = {
      {"no DBM", [&] { w.change(leaf(1), AP2, DBM); }, true},
      {"APTable", [&] { w.change(table, 1ULL << 62, 0); }, true},
      {"privileged pages", [&] { w.change(leaf(1), 0, AP1); }, false},
      {"PAN", [&] { w.put(World::cd_address(1), cd_for(vas->config(), 1).set(40, 1, 1)); }, true},
  };
  const std::uint64_t tables[2] = {value(leaf(1)), value(table)};
  for (const Case& c : cases) {
    make_clean(1);
    c.spoil();
    w.command(0x30);
    w.command(0x04, 31);
    auto q = World::request(1, va, AccessKind::write);
    q.privileged = c.privileged;
    EXPECT_EQ(w.access(q).outcome, Outcome::abort) << c.name;
    Expected e = fault(1, 0x13);
    e.PnU = c.privileged;
    EXPECT_EQ(w.event(), e.record()) << c.name;
    EXPECT_FALSE(is_dirty(1)) << c.name;
    w.memory.write(leaf(1), tables[0]);
    w.memory.write(table, tables[1]);
  }
  make_clean(2);
  w.change(leaf(2), 0, 1 << 6 | DBM);  // neither readable nor DBM
  EXPECT_EQ(w.access(2, ipa, AccessKind::write).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), fault(2, 0x13).record());
  EXPECT_FALSE(is_dirty(2));
}

TEST_F(FlagUpdate, WxnTakesACleanPageForWritable) {
  make_clean(1);
  w.put(World::cd_address(1), cd_for(vas->config(), 1).set(36, 1, 1));
  auto q = World::request(1, va);
  q.instruction = true;
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
}

TEST_F(FlagUpdate, IsNotMadeByDebugAccesses) {
  for (const std::uint32_t sid : {1U, 2U, 3U}) {
    make_clean(sid);
    w.change(leaf(sid), 0, AF);
    const std::uint64_t before = value(leaf(sid));
    for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::translate}) {
      auto q = World::request(sid, input(sid), kind);
      q.debug = true;
      EXPECT_EQ(w.access(q).output, pa);
    }
    EXPECT_EQ(value(leaf(sid)), before);
  }
  EXPECT_EQ(w.memory.swaps, 0U);
}

TEST_F(FlagUpdate, AffdIsIgnoredWithHa) {
  w.put(World::cd_address(1), cd_for(vas->config(), 1).set(35, 1, 1));
  w.put_ste(2, ste_stage2(ipas->config().stage2).set(181, 1, 1));
  for (const std::uint32_t sid : {1U, 2U}) {
    w.change(leaf(sid), 0, AF);
    w.access(sid, input(sid));
    EXPECT_NE(value(leaf(sid)) & AF, 0U);
  }
}

TEST_F(FlagUpdate, LooksAfreshAtADescriptorThatChangedBeforeTheSwap) {
  for (const std::uint32_t sid : {1U, 2U}) {
    // Somebody sets the flag, clears the descriptor, or maps another page.
    for (const std::uint64_t now : {value(leaf(sid)), std::uint64_t{0}, value(leaf(sid)) + 0x5000}) {
      const std::uint64_t before = value(leaf(sid));
      w.change(leaf(sid), 0, AF);
      w.command(0x30);
      Access a(w.smmu, World::request(sid, input(sid)));
      bool swapped = false;
      while (a.step() == Step::need) {
        if (a.op().kind == smmu::MemoryOpKind::compare_and_swap) {
          EXPECT_EQ(a.op().address, leaf(sid));
          EXPECT_STREQ(a.op().purpose, "TTD");
          w.memory.write(leaf(sid), now);
          swapped = true;
        }
        a.complete(w.memory.carry_out(a.op()));
      }
      EXPECT_TRUE(swapped);
      EXPECT_EQ(value(leaf(sid)), now) << "and is not written over";
      if (now == 0) {
        EXPECT_EQ(a.answer().outcome, Outcome::abort);
        w.work();
        EXPECT_EQ(w.event(), fault(sid, 0x10, false).record());
      } else {
        EXPECT_EQ(a.answer().output, now & 0xf'ffff'f000);
      }
      w.memory.write(leaf(sid), before);
    }
  }
}

TEST_F(FlagUpdate, OfBigEndianTablesIsInTheirByteOrder) {
  pgtable::Config c = vas->config();
  c.stage1.big_endian = true;
  pgtable::Builder& big = w.builder(c);
  pgtable::Mapping m;
  m.accessed = false;
  ASSERT_TRUE(big.map(va, pa, 0x1000, m));
  w.put(World::cd_address(1), cd_for(big.config(), 1));
  const std::uint64_t at = w.descriptor(big, va);
  const std::uint64_t before = __builtin_bswap64(value(at));
  EXPECT_EQ(w.access(1, va).output, pa);
  EXPECT_EQ(__builtin_bswap64(value(at)), before | AF);
}

TEST_F(FlagUpdate, ThatMemoryCannotMakeIsAWalkAbortAndTold) {
  w.memory.atomics = false;
  for (const std::uint32_t sid : {1U, 2U}) {
    w.change(leaf(sid), 0, AF);
    EXPECT_EQ(w.access(sid, input(sid)).outcome, Outcome::abort);
    Expected e = fault(sid, 0x0b, false);
    e.CLASS = sid == 1 ? 1 : 2;
    e.FetchAddr = leaf(sid);
    EXPECT_EQ(w.event(), e.record());
    EXPECT_EQ(value(leaf(sid)) & AF, 0U);
  }
  ASSERT_FALSE(w.diag.all.empty());
  EXPECT_EQ(w.diag.all[0].site, "HTTU.atomic");
}

TEST_F(FlagUpdate, ThatAbortsIsAWalkAbort) {
  w.change(leaf(1), 0, AF);
  Access a(w.smmu, World::request(1, va));
  while (a.step() == Step::need) {
    if (a.op().kind == smmu::MemoryOpKind::compare_and_swap) w.memory.make_abort(leaf(1));
    a.complete(w.memory.carry_out(a.op()));
  }
  w.memory.make_ok(leaf(1));
  w.work();
  Expected e = fault(1, 0x0b, false);
  e.CLASS = 1;
  e.FetchAddr = leaf(1);
  EXPECT_EQ(w.event(), e.record());
  EXPECT_TRUE(w.diag.all.empty());
}

// ---- both stages (3.13.5)

TEST_F(FlagUpdate, OfStage1MakesThePageOfItsTableDirtyAtStage2) {
  make_clean(3);
  w.change(table_leaf(), DBM, S2AP_write);
  w.change(leaf(2), DBM, S2AP_write);
  EXPECT_EQ(w.access(3, va).outcome, Outcome::forward);
  EXPECT_EQ(w.memory.swaps, 0U) << "a read changes nothing, and fills all caches";
  EXPECT_EQ(w.access(3, va, AccessKind::write).outcome, Outcome::forward);
  EXPECT_TRUE(is_dirty(3));
  EXPECT_NE(value(table_leaf()) & S2AP_write, 0U);
  EXPECT_NE(value(leaf(2)) & S2AP_write, 0U);
  EXPECT_EQ(w.memory.swaps, 3U);
  EXPECT_TRUE(w.access(3, va, AccessKind::write).tlb_hit);
}

TEST_F(FlagUpdate, OfStage1NeedsTheRightToWriteItsTableAtStage2) {
  for (const bool warm : {false, true}) {
    make_clean(3);
    w.change(table_leaf(), 0, S2AP_write | DBM);
    w.command(0x30);
    if (warm) {
      EXPECT_EQ(w.access(3, va).outcome, Outcome::forward);
    }
    EXPECT_EQ(w.access(3, va, AccessKind::write).outcome, Outcome::abort);
    Expected e{0x13, 3};
    e.RnW = false;
    e.CLASS = 1;
    e.TTRnW = false;  // 7.3.16: the table was to be written
    e.InputAddr = va;
    e.IPA = leaf(3) + Stage2World::offset;
    EXPECT_EQ(w.event(), e.record());
    EXPECT_FALSE(is_dirty(3));
  }
  // An Access flag is an update as well, and of a read.
  w.change(leaf(3), 0, AF);
  w.command(0x30);
  EXPECT_EQ(w.access(3, va).outcome, Outcome::abort);
  Expected e{0x13, 3};
  e.CLASS = 1;
  e.InputAddr = va;
  e.IPA = leaf(3) + Stage2World::offset;
  EXPECT_EQ(w.event(), e.record());
  // A table that may not be read is another thing.
  w.change(table_leaf(), 0, 3 << 6);
  w.command(0x30);
  EXPECT_EQ(w.access(3, va).outcome, Outcome::abort);
  e.TTRnW = true;
  EXPECT_EQ(w.event(), e.record());
}

TEST_F(FlagUpdate, OfTheFetchOfACdIsOfTheAccessFlagOnly) {
  w.change(cd_leaf(), DBM, AF | S2AP_write);
  const std::uint64_t before = value(cd_leaf());
  EXPECT_EQ(w.access(3, va, AccessKind::write).outcome, Outcome::forward);
  EXPECT_EQ(value(cd_leaf()), before | AF) << "3.13.3.1: never S2AP[1] for a CD";
}

TEST_F(FlagUpdate, OfOneStageLeavesTheOtherToItsOwnConfiguration) {
  // Stage 2 without HA: its flags fault.
  w.put_ste(3, ste_nested(Stage2World::ipa_of(World::cd_address(3)), ipas->config().stage2).set(183, 2, 0));
  w.change(leaf(3), 0, AF);
  EXPECT_EQ(w.access(3, va).outcome, Outcome::forward);
  EXPECT_NE(value(leaf(3)) & AF, 0U);
  w.change(leaf(2), 0, AF);
  w.command(0x30);
  EXPECT_EQ(w.access(3, va).outcome, Outcome::abort);
  Expected e{0x12, 3};
  e.InputAddr = va;
  e.IPA = ipa;
  EXPECT_EQ(w.event(), e.record());
}

TEST_F(FlagUpdate, ByAWriteThatHasWaitedForTheWalkOfARead) {
  make_clean(1);
  w.access(1, va + 0x1000);  // the configuration
  w.pop_event();
  auto q = World::request(1, va);
  q.can_wait = true;
  auto first = std::make_unique<Access>(w.smmu, q);
  ASSERT_EQ(first->step(), Step::need);
  q.kind = AccessKind::write;
  auto second = std::make_unique<Access>(w.smmu, q);
  ASSERT_EQ(second->step(), Step::waits);
  w.finish(*first);
  EXPECT_FALSE(is_dirty(1));
  w.finish(*second);
  EXPECT_EQ(second->answer().outcome, Outcome::forward);
  EXPECT_TRUE(is_dirty(1));
}

// ---- configuration

TEST(FlagUpdateSte, S2haAndS2hdAreLegalAsHttuSays) {
  for (unsigned HTTU = 0; HTTU < 3; ++HTTU) {
    const Features f = with_httu(HTTU);
    for (unsigned HA = 0; HA < 2; ++HA) {
      for (unsigned HD = 0; HD < 2; ++HD) {
        const bool legal = HTTU == 2 || (HD == 0 && (HTTU == 1 || HA == 0));
        Structure s = ste_stage2(stage2_config().stage2).set(184, 1, HA).set(183, 1, HD);
        const Ste ste = Ste::decode(s.words, f);
        EXPECT_EQ(ste.valid, legal) << "HTTU " << HTTU << " S2HA " << HA << " S2HD " << HD;
        Structure c = cd_for(Stage2World::stage1_config(), 1).set(43, 1, HA).set(42, 1, HD);
        const Cd cd = Cd::decode(c.words, f);
        EXPECT_EQ(cd.valid, legal) << "HTTU " << HTTU << " HA " << HA << " HD " << HD;
        if (!legal) continue;
        // HD without HA behaves as neither.
        EXPECT_EQ(ste.stage2.HD, HA == 1 && HD == 1);
        EXPECT_EQ(cd.config.stage1.HD, HA == 1 && HD == 1);
        EXPECT_EQ(cd.config.stage1.HA, HA == 1);
      }
    }
    EXPECT_EQ(id_registers(f).IDR0 >> 6 & 3, HTTU);
  }
  EXPECT_STREQ(with_httu(3).problem(), "HTTU is 0, 1 or 2");
}

}  // namespace
}  // namespace smmuvp::smmuv3
