// TLB maintenance that processors broadcast: what each TLBI instruction takes, and that it takes no more;
// ASET, PTM, and groups of VMIDs (IHI 0070 3.17, 6.3.9, 6.3.12).
#include <gtest/gtest.h>

#include <set>

#include "cache_bench.h"
#include "smmuvp/base/broadcast_tlbi.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Stages;
using Regime = BroadcastTlbi::Regime;
using Scope = BroadcastTlbi::Scope;

constexpr std::uint64_t here = 0x1234'5000;
constexpr std::uint64_t elsewhere = 0x1234'6000;
constexpr auto EL1 = static_cast<std::uint8_t>(StreamWorld::NS_EL1);
constexpr auto EL2 = static_cast<std::uint8_t>(StreamWorld::NS_EL2);
constexpr auto E2H = static_cast<std::uint8_t>(StreamWorld::NS_EL2_E2H);

Features with_btm() {
  Features f;
  f.BTM = f.Hyp = f.VMW = true;
  return f;
}

/// A message as a processor makes it.
BroadcastTlbi tlbi(unsigned op1, unsigned crm, unsigned op2, std::uint64_t operand = 0,
                   std::uint16_t vmid = 0, bool e2h = false) {
  TlbiContext context;
  context.vmid = vmid;
  context.e2h = e2h;
  const auto t = decode_tlbi(op1, 8, crm, op2, operand, context);
  EXPECT_TRUE(t);
  return t.value_or(BroadcastTlbi{});
}
std::uint64_t va_and_asid(std::uint64_t address, std::uint16_t asid) {
  return (address >> 12U & ((std::uint64_t{1} << 44U) - 1)) | std::uint64_t{asid} << 48U;
}

void participate(CacheBench& b, std::uint32_t cr2 = CR2_RECINVSID, std::uint32_t cr0 = CR0_implemented) {
  b.w.write(0x20, 0);
  b.w.work();
  b.w.write(0x2c, cr2);
  b.w.write(0x20, cr0);
  b.w.work();
  b.forget();
}

/// Entries of every kind and ASET, at two addresses, and the tables above them.
/// @param globals  these alone: in a TLB they would make room for others of their page
void fill(CacheBench& b, bool globals = false) {
  constexpr std::uint16_t numbers[] = {0, 1, 2};
  const auto put = [&](const smmu::Tag& tag, bool global) {
    CacheKey k = CacheBench::page(here);
    k.tag = tag;
    k.global = global;
    for (const std::uint64_t input : {here, elsewhere}) {
      k.input = input;
      b.put_everywhere(k);
    }
    if (global) return;  // tables are of an ASID
    CacheKey t = CacheBench::table(here, 12, 3);
    t.tag = tag;
    b.put(Cache::walk_cache, t);
  };
  const auto each_stages = {Stages::stage1, Stages::nested};
  if (globals) {
    for (const std::uint16_t vmid : numbers) {
      for (const std::uint8_t aset : {std::uint8_t{0}, std::uint8_t{1}}) {
        for (const Stages stages : each_stages) put({EL1, stages, aset, vmid, 0}, true);
      }
    }
    for (const std::uint8_t world : {EL2, E2H}) put({world, Stages::stage1, 0, 0, 0}, true);
    return;
  }
  std::uint8_t aset = 0;
  for (const std::uint16_t number : numbers) {
    put({EL1, Stages::stage2, 0, number, 0}, false);
    for (const std::uint16_t asid : numbers) {
      for (const Stages stages : each_stages) put({EL1, stages, aset, number, asid}, false);
      aset ^= 1U;
    }
    put({E2H, Stages::stage1, aset, 0, number}, false);
  }
  put({EL2, Stages::stage1, 0, 0, 0}, false);
}

/// As 3.17 and the instruction say.
bool goes(const BroadcastTlbi& t, const CacheKey& e, bool table) {
  const bool el1 = e.tag.regime == EL1;
  if (t.secure || t.regime == Regime::el3) return false;
  if (t.regime == Regime::el1 ? !el1 : e.tag.regime != (t.regime == Regime::el2 ? EL2 : E2H)) return false;
  const bool of_stage1 = e.tag.stages != Stages::stage2;
  const bool of_vmid = !el1 || e.tag.vmid == t.vmid;
  const bool by_address = (table && !t.leaf) || (!table && t.first <= e.input && e.input <= t.last);
  const bool has_asid = t.regime != Regime::el2;
  const bool shared = !has_asid || e.tag.asid_set == 0;
  switch (t.scope) {
    case Scope::all:
      return true;
    case Scope::vmid:
      return of_vmid;
    case Scope::vmid_stage1:
      return of_vmid && of_stage1;
    case Scope::asid:
      return of_vmid && of_stage1 && shared && !e.global && e.tag.asid == t.asid;
    case Scope::va:
      return of_vmid && of_stage1 && shared && by_address && (!has_asid || e.global || e.tag.asid == t.asid);
    case Scope::va_any_asid:
      return of_vmid && of_stage1 && by_address;
    case Scope::ipa:
      return of_vmid && !of_stage1 && by_address;
  }
  return false;
}

std::string words_of(const Put& p) {
  return std::string(cache_names[static_cast<unsigned>(p.cache)]) + ", StreamWorld " +
         std::to_string(p.key.tag.regime) + ", stages " +
         std::to_string(static_cast<unsigned>(p.key.tag.stages)) + ", VMID " +
         std::to_string(p.key.tag.vmid) + ", ASID " + std::to_string(p.key.tag.asid) + ", ASET " +
         std::to_string(p.key.tag.asid_set) + ", global " + std::to_string(p.key.global) + ", input " +
         std::to_string(p.key.input);
}

void expect_taken(CacheBench& b, const BroadcastTlbi& t) {
  for (const Put& p : b.all) {
    ASSERT_EQ(b.is_there(p), !goes(t, p.key, p.cache == Cache::walk_cache))
        << t.instruction << ", VMID " << t.vmid << ", ASID " << t.asid << ": " << words_of(p);
  }
}

struct Encoding {
  unsigned op1, crm, op2;
  bool by_address, range, of_ipa;
};
// DDI 0487 C5.5
constexpr Encoding encodings[] = {
    {0, 1, 0, false, false, false}, {0, 1, 1, true, false, false},  {0, 1, 2, false, false, false},
    {0, 1, 3, true, false, false},  {0, 1, 5, true, false, false},  {0, 1, 7, true, false, false},
    {0, 2, 1, true, true, false},   {0, 2, 3, true, true, false},   {0, 2, 5, true, true, false},
    {0, 2, 7, true, true, false},   {0, 3, 0, false, false, false}, {0, 3, 1, true, false, false},
    {0, 3, 2, false, false, false}, {0, 3, 3, true, false, false},  {0, 3, 5, true, false, false},
    {0, 3, 7, true, false, false},  {0, 5, 1, true, true, false},   {0, 5, 3, true, true, false},
    {0, 5, 5, true, true, false},   {0, 5, 7, true, true, false},   {4, 0, 1, true, false, true},
    {4, 0, 2, true, true, true},    {4, 0, 5, true, false, true},   {4, 0, 6, true, true, true},
    {4, 1, 0, false, false, false}, {4, 1, 1, true, false, false},  {4, 1, 4, false, false, false},
    {4, 1, 5, true, false, false},  {4, 1, 6, false, false, false}, {4, 2, 1, true, true, false},
    {4, 2, 5, true, true, false},   {4, 3, 0, false, false, false}, {4, 3, 1, true, false, false},
    {4, 3, 4, false, false, false}, {4, 3, 5, true, false, false},  {4, 3, 6, false, false, false},
    {4, 4, 0, true, false, true},   {4, 4, 3, true, true, true},    {4, 4, 4, true, false, true},
    {4, 4, 7, true, true, true},    {4, 5, 1, true, true, false},   {4, 5, 5, true, true, false},
    {6, 3, 0, false, false, false}, {6, 3, 1, true, false, false},  {6, 3, 5, true, false, false},
};

std::uint64_t operand_of(const Encoding& e, std::uint16_t asid) {
  // Of ranges: 4 KiB granule, NUM 0, SCALE 0: two pages from `elsewhere` on, which is even.
  if (e.range) return elsewhere >> 12U | std::uint64_t{1} << 46U | std::uint64_t{asid} << 48U;
  if (!e.by_address) return std::uint64_t{asid} << 48U;
  return e.of_ipa ? here >> 12U : va_and_asid(here, asid);
}

TEST(Broadcast, OfEachInstructionTakesExactlyWhatItNames) {
  CacheBench b(with_btm());
  participate(b);
  for (const Encoding& e : encodings) {
    for (const bool e2h : {false, true}) {
      for (const std::uint16_t number : {std::uint16_t{0}, std::uint16_t{1}}) {
        const BroadcastTlbi t = tlbi(e.op1, e.crm, e.op2, operand_of(e, number), number, e2h);
        for (const bool globals : {false, true}) {
          fill(b, globals);
          b.w.smmu.broadcast(t, 0);
          expect_taken(b, t);
          if (HasFatalFailure()) return;
          b.forget();
        }
      }
    }
  }
}

// 3.17: what would be of a state or stage that is not there is ignored, and the stages that are there are
// affected.
TEST(Broadcast, OfSecureStateAndEl3TakesNothing) {
  CacheBench b(with_btm());
  participate(b);
  fill(b);
  BroadcastTlbi t = tlbi(0, 3, 0);
  t.secure = true;
  b.w.smmu.broadcast(t, 0);
  b.w.smmu.broadcast(tlbi(6, 3, 0), 0);
  for (const Put& p : b.all) ASSERT_TRUE(b.is_there(p)) << words_of(p);
  EXPECT_EQ(b.w.smmu.statistics().tlbi_broadcasts, 0U);
}

TEST(Broadcast, WithoutStage2IsOfVmid0) {
  Features f = with_btm();
  f.S2P = f.VMID16 = f.Hyp = f.VMW = false;
  CacheBench b(f);
  participate(b);
  CacheKey k = CacheBench::page(here);
  k.tag.vmid = 0;
  b.put(Cache::tlb, k);
  b.w.smmu.broadcast(tlbi(0, 3, 0, 0, 7), 0);
  EXPECT_TRUE(b.is_there(b.all.front()));
  b.w.smmu.broadcast(tlbi(4, 3, 6, 0, 0), 0);  // VMALLS12E1IS
  EXPECT_FALSE(b.is_there(b.all.front()));
}

// 3.17.4: the bottom 8 bits match where the others are 0.
TEST(Broadcast, OfWideAsidsAndVmidsTakesNothingOfAnSmmuThatHasNone) {
  Features f = with_btm();
  f.ASID16 = f.VMID16 = false;
  CacheBench b(f);
  participate(b);
  fill(b);
  b.w.smmu.broadcast(tlbi(0, 3, 2, va_and_asid(0, 0x101), 1), 0);
  b.w.smmu.broadcast(tlbi(0, 3, 0, 0, 0x101), 0);
  for (const Put& p : b.all) ASSERT_TRUE(b.is_there(p)) << words_of(p);
  b.w.smmu.broadcast(tlbi(0, 3, 0, 0, 1), 0);
  expect_taken(b, tlbi(0, 3, 0, 0, 1));
}

// ---- ASET

// 3.17: of an ASID that is not shared, what matches by ASID may stay, and here does; all else is affected.
TEST(Aset, OfOneKeepsItsEntriesFromBroadcastsByAsidAlone) {
  const auto key = [](std::uint8_t aset, bool global) {
    CacheKey k = CacheBench::page(here);
    k.tag.asid_set = aset;
    k.global = global;
    return k;
  };
  struct Case {
    unsigned op1, crm, op2;
    bool by_asid;
  };
  for (const Case& c :
       {Case{0, 3, 1, true}, Case{0, 3, 5, true}, Case{0, 3, 2, true}, Case{0, 3, 3, false},
        Case{0, 3, 7, false}, Case{0, 3, 0, false}, Case{4, 3, 6, false}, Case{4, 3, 4, false}}) {
    for (const bool global : {false, true}) {
      if (global && c.op2 == 2 && c.op1 == 0) continue;  // ASIDE1 leaves global ones in any case
      for (const std::uint8_t aset : {std::uint8_t{0}, std::uint8_t{1}}) {
        CacheBench b(with_btm());
        participate(b);
        CacheKey k = key(aset, global);
        if (global) k.tag.asid = 0;
        b.put_everywhere(k);
        const std::uint64_t operand = c.op2 == 2 ? va_and_asid(0, 1) : va_and_asid(here, 1);
        b.w.smmu.broadcast(tlbi(c.op1, c.crm, c.op2, operand, 1), 0);
        for (const Put& p : b.all) {
          EXPECT_EQ(b.is_there(p), c.by_asid && aset == 1)
              << c.op1 << " " << c.crm << " " << c.op2 << ": " << words_of(p);
        }
      }
    }
  }
}

// 3.17: commands, and lookups of what is not global, look at no ASET.
TEST(Aset, MakesNoDifferenceToCommandsAndLookups) {
  CacheBench b(with_btm());
  participate(b);
  CacheKey k = CacheBench::page(here);
  k.tag.asid_set = 1;
  b.put_everywhere(k);
  smmu::Tag other = k.tag;
  other.asid_set = 0;
  EXPECT_NE(b.w.smmu.engine().tlb().probe(other, here), nullptr);
  Tlbi c;
  c.address = here;
  b.w.command(c.word0(), c.word1());
  for (const Put& p : b.all) EXPECT_FALSE(b.is_there(p));
}

// The entry that a walk makes is of the CD's ASET.
TEST(Aset, OfTheCdIsThatOfItsTranslations) {
  for (const unsigned aset : {0U, 1U}) {
    World w(with_btm());
    w.start();
    w.write(0x20, 0);
    w.work();
    w.write(0x2c, CR2_RECINVSID);
    w.write(0x20, CR0_implemented);
    pgtable::Builder& space = w.space();
    ASSERT_TRUE(space.map(here, 0x9000'0000, 0x1000));
    w.put(World::cd_address(1), cd_for(space.config(), 5).set(47, 1, aset));
    w.put_ste(1, ste_stage1(World::cd_address(1)));
    ASSERT_EQ(w.access(1, here).outcome, smmu::Outcome::forward);
    ASSERT_EQ(w.smmu.engine().tlb().size(), 1U);
    w.smmu.broadcast(tlbi(0, 3, 1, va_and_asid(here, 5)), 0);
    EXPECT_EQ(w.smmu.engine().tlb().size(), aset);
  }
}

// ---- PTM and BTM

// 6.3.12: PTM is there with BTM, is 1 after reset as recommended, and keeps every entry.
TEST(Ptm, IsSetAfterResetAndLetsBroadcastsBy) {
  CacheBench b(with_btm());
  EXPECT_EQ(b.w.read(0x0) >> 5U & 1U, 1U);
  World fresh(with_btm());
  EXPECT_EQ(fresh.read(0x2c), CR2_PTM);
  participate(b, CR2_RECINVSID | CR2_PTM);
  fill(b);
  for (const Encoding& e : encodings) {
    b.w.smmu.broadcast(tlbi(e.op1, e.crm, e.op2, operand_of(e, 1), 1), 0);
  }
  for (const Put& p : b.all) ASSERT_TRUE(b.is_there(p)) << words_of(p);
}

TEST(Ptm, IsRes0WithoutBtmAndNothingIsTaken) {
  CacheBench b{Features{}};
  EXPECT_EQ(b.w.read(0x0) & (1U << 5U | 1U << 17U), 0U);
  participate(b, CR2_RECINVSID | CR2_PTM);
  EXPECT_EQ(b.w.read(0x2c), CR2_RECINVSID);
  EXPECT_FALSE(b.w.smmu.takes_broadcasts());
  fill(b);
  b.w.smmu.broadcast(tlbi(4, 3, 4), 0);
  for (const Put& p : b.all) ASSERT_TRUE(b.is_there(p)) << words_of(p);
}

// 6.3.12: guarded by SMMUEN.
TEST(Ptm, IsReadOnlyWhileSmmuenIs1) {
  World w(with_btm());
  w.start();
  w.write(0x2c, CR2_PTM);
  EXPECT_EQ(w.read(0x2c), CR2_RECINVSID);
}

// 6.3.9.6: entries are invalidated while SMMUEN is 0.
TEST(Broadcast, IsTakenWhileSmmuenIs0) {
  World w(with_btm());
  w.write(0x2c, 0);
  w.smmu.engine().tlb().insert(CacheBench::page(here), {});
  w.smmu.broadcast(tlbi(0, 3, 3, va_and_asid(here, 0), 1), 0);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 0U);
}

// A walk that has read from the tables, at whichever of its reads, leaves nothing of before the TLBI behind.
TEST(Broadcast, OvertakesWalksThatAreUnderWay) {
  for (unsigned at = 0;; ++at) {
    World w(with_btm());
    w.write(0x2c, 0);
    w.start();
    ASSERT_EQ(w.read(0x2c) & CR2_PTM, 0U);
    pgtable::Builder& b = w.stream(1);
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    auto a = std::make_unique<Access>(w.smmu, World::request(1, 0x1000));
    bool overtaken = false;
    for (unsigned step = 0; a->step() == smmu::Step::need; ++step) {
      if (step == at) {
        w.smmu.broadcast(tlbi(0, 3, 0), w.now);
        overtaken = true;
      }
      a->complete(w.memory.carry_out(a->op()));
    }
    EXPECT_EQ(a->answer().output, 0x8000'0000U) << "it goes on with what it has read";
    a.reset();
    if (!overtaken) {
      EXPECT_NE(at, 0U);
      EXPECT_NE(w.smmu.engine_statistics().tlb_fills, 0U);
      break;
    }
    EXPECT_EQ(w.smmu.engine_statistics().tlb_fills, 0U) << "step " << at;
    ASSERT_TRUE(b.unmap(0x1000, 0x1000));
    w.access(1, 0x1000);
    const auto e = w.pop_event();
    ASSERT_TRUE(e) << "step " << at;
    EXPECT_EQ((*e)[0] & 0xff, 0x10U);
  }
}

// ---- VMIDs in groups

// 6.3.9: so many low bits of the VMID are ignored by commands and by broadcasts; Reserved values are as 0.
TEST(Vmw, GroupsVmidsForEachInvalidationThatNamesOne) {
  struct Case {
    unsigned opcode;         // of the command
    unsigned op1, crm, op2;  // of the instruction
  };
  constexpr Case cases[] = {{0x10, 0, 3, 0}, {0x11, 0, 3, 2}, {0x12, 0, 3, 1},
                            {0x13, 0, 3, 3}, {0x28, 4, 3, 6}, {0x2a, 4, 0, 1}};
  constexpr std::uint16_t vmid = 0x125;
  for (const bool wide : {false, true}) {
    for (unsigned VMW = 0; VMW < 8; ++VMW) {
      Features f = with_btm();
      f.VMID16 = wide;
      CacheBench b(f);
      participate(b, CR2_RECINVSID, CR0_implemented | VMW << 6U);
      EXPECT_EQ(b.w.read(0x24), CR0_implemented | VMW << 6U);
      const unsigned ignored = VMW > 4 ? 0 : VMW;
      const std::uint16_t named = wide ? vmid : vmid & 0xffU;
      for (const Case& c : cases) {
        for (const bool broadcast : {false, true}) {
          for (unsigned i = 0; i < 64; ++i) {
            CacheKey k = CacheBench::page(here);
            k.tag = {EL1, c.opcode == 0x2a ? Stages::stage2 : Stages::stage1, 0,
                     static_cast<std::uint16_t>((named & ~63U) | i), std::uint16_t(c.opcode == 0x2a ? 0 : 1)};
            b.put(Cache::tlb, k);
          }
          if (broadcast) {
            const std::uint64_t operand = c.opcode == 0x2a ? here >> 12U : va_and_asid(here, 1);
            b.w.smmu.broadcast(tlbi(c.op1, c.crm, c.op2, operand, named), 0);
          } else {
            Tlbi t;
            t.opcode = static_cast<std::uint8_t>(c.opcode);
            t.vmid = named;
            t.address = here;
            b.w.command(t.word0(), t.word1());
          }
          for (const Put& p : b.all) {
            ASSERT_EQ(b.is_there(p), (p.key.tag.vmid ^ named) >> ignored != 0)
                << "VMW " << VMW << ", opcode " << c.opcode << (broadcast ? ", broadcast: " : ": ")
                << words_of(p);
          }
          b.forget();
        }
      }
    }
  }
}

// 3.17.6: lookups match all bits.
TEST(Vmw, LetsNoVmidAliasAnotherOnLookup) {
  CacheBench b(with_btm());
  participate(b, CR2_RECINVSID, CR0_implemented | 4U << 6U);
  const CacheKey k = CacheBench::page(here);
  b.put(Cache::tlb, k);
  smmu::Tag other = k.tag;
  other.vmid ^= 1U;
  EXPECT_NE(b.w.smmu.engine().tlb().probe(k.tag, here), nullptr);
  EXPECT_EQ(b.w.smmu.engine().tlb().probe(other, here), nullptr);
}

TEST(Vmw, TouchesNothingOfEl2) {
  CacheBench b(with_btm());
  participate(b, CR2_RECINVSID, CR0_implemented | 4U << 6U);
  fill(b);
  const BroadcastTlbi t = tlbi(4, 3, 0);  // ALLE2IS
  b.w.smmu.broadcast(t, 0);
  expect_taken(b, t);
}

TEST(Vmw, IsRes0WithoutIdr0VmwAndNeedsStage2) {
  World w;
  w.start(8, CR0_implemented | 3U << 6U);
  EXPECT_EQ(w.read(0x20), CR0_implemented);
  EXPECT_EQ(w.read(0x24), CR0_implemented);
  Features f;
  f.VMW = true;
  EXPECT_EQ(f.problem(), nullptr);
  f.S2P = f.VMID16 = false;
  ASSERT_NE(f.problem(), nullptr);
  EXPECT_EQ(std::string(f.problem()).substr(0, 3), "VMW");
}

TEST(Vmw, OfAReservedValueIsDiagnosed) {
  World w(with_btm());
  w.write(0x20, 5U << 6U);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all.front().site, "CR0.VMW");
  EXPECT_EQ(w.read(0x20), 5U << 6U);
}

// ---- What is told

Structures that_tell() {
  Structures s = World::untimed();
  s.tell_tlbi = true;
  return s;
}

TEST(BroadcastTold, OnceAKindWhereTheSmmuTakesNoPartInWhatItCaches) {
  for (const bool BTM : {false, true}) {
    Features f;
    f.BTM = BTM;
    World w(f, that_tell());
    if (BTM) w.write(0x2c, CR2_PTM);
    EXPECT_TRUE(w.smmu.takes_broadcasts());
    const BroadcastTlbi t = tlbi(0, 3, 1, va_and_asid(here, 1), 1);
    w.smmu.broadcast(t, 0);
    EXPECT_TRUE(w.diag.all.empty()) << "nothing is cached";
    CacheKey k = CacheBench::page(elsewhere);
    w.smmu.engine().tlb().insert(k, {});
    k.input = here;
    k.tag.asid_set = 1;
    w.smmu.engine().tlb().insert(k, {});
    w.smmu.broadcast(t, 0);
    EXPECT_TRUE(w.diag.all.empty()) << "what is cached there is not shared";
    k.tag.asid_set = 0;
    w.smmu.engine().tlb().insert(k, {});
    w.smmu.broadcast(tlbi(0, 3, 1, va_and_asid(here, 2), 1), 0);
    w.smmu.broadcast(tlbi(0, 3, 1, va_and_asid(here, 1), 2), 0);
    EXPECT_TRUE(w.diag.all.empty()) << "of another ASID or VMID";
    for (int i = 0; i < 3; ++i) w.smmu.broadcast(t, 0);
    ASSERT_EQ(w.diag.all.size(), 1U);
    EXPECT_EQ(w.diag.all.front().site, BTM ? "TLBI VAE1IS.PTM" : "TLBI VAE1IS.BTM");
    EXPECT_EQ(w.diag.all.front().address, here);
    w.smmu.broadcast(tlbi(0, 3, 0, 0, 1), 0);
    EXPECT_EQ(w.diag.all.size(), 2U) << "another kind";
    EXPECT_EQ(w.smmu.engine().tlb().size(), 2U);
  }
}

TEST(BroadcastTold, OfATranslationThatAsetKeeps) {
  World w(with_btm(), that_tell());
  w.write(0x2c, 0);
  CacheKey k = CacheBench::page(here);
  k.tag.asid_set = 1;
  w.smmu.engine().tlb().insert(k, {});
  w.smmu.broadcast(tlbi(0, 3, 1, va_and_asid(here, 1), 1), 0);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all.front().site, "TLBI VAE1IS.ASET");
}

TEST(BroadcastTold, NotUnlessItIsAskedFor) {
  World w;
  w.smmu.engine().tlb().insert(CacheBench::page(here), {});
  w.smmu.broadcast(tlbi(0, 3, 1, va_and_asid(here, 1), 1), 0);
  EXPECT_TRUE(w.diag.all.empty());
}

// ---- Against commands

// 4.4: the commands are similar to the messages, so that sequences of them leave the same entries. ASET is 0,
// which is where they differ.
TEST(BroadcastRandom, SequencesLeaveWhatTheEquivalentCommandsLeave) {
  struct Equal {
    unsigned op1, crm, op2;
    std::uint8_t opcode;
    bool leaf, by_address, of_ipa, range;
  };
  constexpr Equal equals[] = {
      {0, 3, 0, 0x10, false, false, false, false}, {0, 3, 2, 0x11, false, false, false, false},
      {0, 3, 1, 0x12, false, true, false, false},  {0, 3, 5, 0x12, true, true, false, false},
      {0, 3, 3, 0x13, false, true, false, false},  {0, 3, 7, 0x13, true, true, false, false},
      {0, 2, 1, 0x12, false, true, false, true},   {0, 2, 7, 0x13, true, true, false, true},
      {4, 3, 6, 0x28, false, false, false, false}, {4, 0, 1, 0x2a, false, true, true, false},
      {4, 0, 5, 0x2a, true, true, true, false},    {4, 0, 2, 0x2a, false, true, true, true},
      {4, 3, 4, 0x30, false, false, false, false}, {0, 1, 1, 0x12, false, true, false, false},
      {4, 3, 1, 0x22, false, true, false, false},  {4, 2, 5, 0x22, true, true, false, true}};
  std::uint64_t x = 0x9e3779b97f4a7c15;
  const auto random = [&x](std::uint64_t n) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    return (x >> 33U) % n;
  };
  Features f = with_btm();
  f.RIL = true;
  for (int round = 0; round < 300; ++round) {
    const bool e2h = random(2) != 0;
    const std::uint32_t cr2 = CR2_RECINVSID | (e2h ? CR2_E2H : 0U);
    const auto VMW = static_cast<std::uint32_t>(random(6));
    CacheBench by_messages(f, e2h);
    CacheBench by_commands(f, e2h);
    for (CacheBench* b : {&by_messages, &by_commands}) participate(*b, cr2, CR0_implemented | VMW << 6U);
    std::vector<CacheKey> keys;
    for (int i = 0; i < 60; ++i) {
      CacheKey k;
      const unsigned granule = random(3) == 0 ? 16 : 12;
      const int level = random(3) == 0 ? 2 : 3;
      k = CacheBench::page(0x4000'0000 + (random(24) << 12U), granule, level);
      if (random(8) == 0) k.input |= 0xffff'0000'0000'0000;
      k.tag = {EL1, static_cast<Stages>(random(3)), 0, static_cast<std::uint16_t>(random(8)),
               static_cast<std::uint16_t>(random(3))};
      if (random(6) == 0) {
        k.tag = {e2h ? E2H : EL2, Stages::stage1, 0, 0, static_cast<std::uint16_t>(e2h ? random(3) : 0)};
      }
      if (k.tag.stages == Stages::stage2) {
        k.tag.asid = 0;
        k.input &= 0xffff'ffff;
      } else if (random(4) == 0) {
        k.global = true;
        k.tag.asid = 0;
      }
      keys.push_back(k);
    }
    for (CacheBench* b : {&by_messages, &by_commands}) {
      for (const CacheKey& k : keys) {
        b->put_everywhere(k);
        CacheKey t = CacheBench::table(k.input, k.granule, 3);
        t.tag = k.tag;
        if (!k.global) b->put(Cache::walk_cache, t);
      }
    }
    for (int i = 0; i < 4; ++i) {
      const Equal& e = equals[random(std::size(equals))];
      Tlbi c;
      c.opcode = e.opcode;
      c.vmid = static_cast<std::uint16_t>(e.op1 == 4 && (e.opcode == 0x22) ? 0 : random(8));
      c.asid = static_cast<std::uint16_t>(random(3));
      c.leaf = e.leaf;
      c.address = 0x4000'0000 + (random(24) << 12U);
      std::uint64_t operand = va_and_asid(c.address, c.asid);
      if (e.of_ipa) operand = c.address >> 12U;
      if (e.range) {
        c.TG = random(2) == 0 ? 1 : 3;
        c.address &= ~std::uint64_t{0xffff};
        c.NUM = static_cast<unsigned>(random(4));
        c.TTL = random(2) == 0 ? 0 : 3;
        const auto scale = static_cast<unsigned>(random(2));
        c.SCALE = 5 * scale + 1;
        operand = c.address >> c.granule() | std::uint64_t{c.TTL} << 37U | std::uint64_t{c.NUM} << 39U |
                  std::uint64_t{scale} << 44U | std::uint64_t{c.TG} << 46U |
                  (e.of_ipa ? 0 : std::uint64_t{c.asid} << 48U);
      }
      by_messages.w.smmu.broadcast(tlbi(e.op1, e.crm, e.op2, operand, c.vmid, e2h), 0);
      by_commands.w.command(c.word0(), c.word1());
      ASSERT_TRUE(by_commands.w.commands_done());
      for (std::size_t p = 0; p < by_messages.all.size(); ++p) {
        ASSERT_EQ(by_messages.is_there(by_messages.all[p]), by_commands.is_there(by_commands.all[p]))
            << "round " << round << ", opcode " << unsigned{e.opcode} << ": " << words_of(by_messages.all[p]);
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
