// Micro TLB: found by owner, dropped by tag or owner.
#include "smmuvp/smmu/micro_tlb.h"

#include <gtest/gtest.h>

#include "cache_archive.h"
#include "smmuvp/smmu/tbu.h"
#include "smmuvp/smmu/tlb.h"

namespace smmuvp::smmu {
namespace {

using pgtable::Stages;
using Micro = MicroTlb<TlbEntry>;

CacheKey key(std::uint64_t input, std::uint16_t asid, unsigned shift = 12, bool global = false) {
  CacheKey k;
  k.tag.asid = asid;
  k.global = global;
  k.shift = static_cast<std::uint8_t>(shift);
  k.input = input;
  return k;
}

TlbEntry to(std::uint64_t output) {
  TlbEntry e;
  e.output = output;
  return e;
}

TEST(MicroTlb, FindsByOwnerAndAddressSmallestFirst) {
  Micro m({1, 16});
  m.insert(1, key(0, 7, 21), to(1));
  m.insert(1, key(0x1000, 7), to(2));
  m.insert(2, key(0x1000, 7), to(3));
  EXPECT_EQ(m.lookup(1, 0x1fff)->value.output, 2U);
  EXPECT_EQ(m.lookup(1, 0x2000)->value.output, 1U);
  EXPECT_EQ(m.lookup(2, 0x1fff)->value.output, 3U);
  EXPECT_EQ(m.lookup(2, 0x2000), nullptr);
  EXPECT_EQ(m.lookup(3, 0x1000), nullptr);
}

TEST(MicroTlb, AnEntryOfTheSameOwnerAddressAndSizeIsReplacedWhateverItsTag) {
  Micro m({1, 16});
  m.insert(1, key(0x1000, 7), to(1));
  m.insert(1, key(0x1000, 8, 12, true), to(2));
  EXPECT_EQ(m.size(), 1U);
  EXPECT_EQ(m.lookup(1, 0x1000)->value.output, 2U);
  Invalidation what;
  what.regime = std::uint8_t{0};
  what.vmid = std::uint16_t{0};
  what.asid = std::uint16_t{7};
  what.asid_spares_global = true;
  EXPECT_EQ(m.invalidate(what), 0U);
}

TEST(MicroTlb, AnInvalidationDropsTheEntriesOfAllOwnersWithThatTag) {
  Micro m({1, 16});
  for (std::uint64_t owner = 0; owner < 4; ++owner) m.insert(owner, key(0x1000, owner == 3 ? 8 : 7), to(1));
  Invalidation what;
  what.regime = std::uint8_t{0};
  what.vmid = std::uint16_t{0};
  what.asid = std::uint16_t{7};
  what.range = {0x1000, 0x1000};
  EXPECT_EQ(m.invalidate(what), 3U);
  EXPECT_NE(m.probe(3, 0x1000), nullptr);
}

TEST(MicroTlb, DropsByOwner) {
  Micro m({4, 4});
  for (std::uint64_t owner = 0; owner < 4; ++owner) {
    m.insert(owner, key(0x1000, 7), to(1));
    m.insert(owner, key(0x2000, 7), to(1));
  }
  EXPECT_EQ(m.drop_owner(2), 2U);
  EXPECT_EQ(m.probe(2, 0x1000), nullptr);
  EXPECT_EQ(m.drop_owner(0, ~std::uint64_t{1}), 4U);
  EXPECT_EQ(m.size(), 2U);
  EXPECT_NE(m.probe(3, 0x1000), nullptr);
}

TEST(MicroTlb, AUseCountsAndAProbeDoesNot) {
  Micro m({1, 2});
  m.insert(1, key(0x1000, 7), to(1));
  m.insert(1, key(0x2000, 7), to(2));
  m.lookup(1, 0x1000);
  m.probe(1, 0x2000);
  m.insert(1, key(0x3000, 7), to(3));
  EXPECT_NE(m.probe(1, 0x1000), nullptr);
  EXPECT_EQ(m.probe(1, 0x2000), nullptr);
}

Micro filled() {
  Micro m({2, 2});
  for (std::uint64_t i = 0; i < 20; ++i) {
    m.insert(i % 3, key(i % 4 << 12, static_cast<std::uint16_t>(i % 5)), to(i));
  }
  return m;
}

TEST(MicroTlb, RoundTripHasTheSameFuture) {
  Micro a = filled();
  Micro b({2, 2});
  ASSERT_EQ(load_error(b, saved(a)), "");
  for (std::uint64_t i = 0; i < 50; ++i) {
    ASSERT_EQ(saved(a), saved(b));
    for (Micro* m : {&a, &b}) {
      m->lookup(i % 3, i * 7 % 4 << 12);
      m->insert(i % 4, key(i % 5 << 12, static_cast<std::uint16_t>(i % 5)), to(i));
      if (i % 8 == 7) m->drop_owner(1);
    }
  }
}

TEST(FinishedAnswer, SaysOfEachKindOfAccessAtOnceWhatTheGeneralRulesSay) {
  for (unsigned n = 0; n < 1U << 12; ++n) {
    FinishedAnswer f;
    f.rights.bits = static_cast<std::uint8_t>(n & 127U);
    f.privileged = {(n >> 7 & 1U) != 0, (n >> 8 & 1U) != 0};
    f.instruction = {(n >> 9 & 1U) != 0, (n >> 10 & 1U) != 0};
    f.data_privileged = (n >> 11 & 1U) != 0;
    f.work_out();
    for (unsigned index = 0; index < 8; ++index) {
      AccessRequest r;
      r.kind = (index & 4U) != 0 ? AccessKind::write : AccessKind::read;
      r.instruction = (index & 2U) != 0;
      r.privileged = (index & 1U) != 0;
      ASSERT_EQ(FinishedAnswer::index_of(r.is_write(), r.privileged, r.instruction), index);
      AccessAnswer a;
      apply(f, r, 12, a);
      ASSERT_EQ(f.serves_index(index), serves(f, r)) << n << ' ' << index;
      ASSERT_TRUE(!f.data_privileged || (a.privileged && !a.instruction));
      ASSERT_EQ(f.privileged_of_index(index), a.privileged) << n << ' ' << index;
      ASSERT_EQ(f.instruction_of_index(index), a.instruction) << n << ' ' << index;
    }
  }
}

TEST(MicroTlb, DamagedArchivesAreRefusedOrHarmless) {
  Micro a = filled();
  expect_damage_is_harmless(saved(a), Micro({2, 2}), [](Micro& m) {
    m.insert(1, key(0x1000, 1), to(1));
    m.drop_owner(1);
  });
}

}  // namespace
}  // namespace smmuvp::smmu
