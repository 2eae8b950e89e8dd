// Whose translations each TLB invalidation takes: by StreamWorld, stage, VMID, ASID and address (IHI
// 0070 4.4.2 to 4.4.4), and that it takes no others.
#include <gtest/gtest.h>

#include "cache_bench.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Stages;

constexpr std::uint64_t here = 0x1234'5000;
constexpr std::uint64_t elsewhere = 0x1234'6000;

/// As 4.4 says. @param table  of a table whose region holds both addresses
bool goes(const Tlbi& c, bool E2H, const CacheKey& e, bool table) {
  const auto world = static_cast<StreamWorld>(e.tag.regime);
  const bool el1 = world == StreamWorld::NS_EL1;
  const bool of_stage1 = e.tag.stages != Stages::stage2;
  const bool by_asid = e.global || e.tag.asid == c.asid;
  const bool by_address = (table && !c.leaf) || (!table && e.input == here);
  // 4.4.2.8: governed by CR2.E2H
  const bool el2 = world == (E2H ? StreamWorld::NS_EL2_E2H : StreamWorld::NS_EL2);
  switch (c.opcode) {
    case 0x10:  // CMD_TLBI_NH_ALL
      return el1 && of_stage1 && e.tag.vmid == c.vmid;
    case 0x11:  // CMD_TLBI_NH_ASID
      return el1 && of_stage1 && e.tag.vmid == c.vmid && !e.global && e.tag.asid == c.asid;
    case 0x12:  // CMD_TLBI_NH_VA
      return el1 && of_stage1 && e.tag.vmid == c.vmid && by_asid && by_address;
    case 0x13:  // CMD_TLBI_NH_VAA
      return el1 && of_stage1 && e.tag.vmid == c.vmid && by_address;
    case 0x20:  // CMD_TLBI_EL2_ALL
      return !el1;
    case 0x21:  // CMD_TLBI_EL2_ASID
      return world == StreamWorld::NS_EL2_E2H && !e.global && e.tag.asid == c.asid;
    case 0x22:  // CMD_TLBI_EL2_VA: without E2H, ASID is ignored
      return el2 && (!E2H || by_asid) && by_address;
    case 0x23:  // CMD_TLBI_EL2_VAA
      return el2 && by_address;
    case 0x28:  // CMD_TLBI_S12_VMALL
      return el1 && e.tag.vmid == c.vmid;
    case 0x2a:  // CMD_TLBI_S2_IPA
      return el1 && !of_stage1 && e.tag.vmid == c.vmid && by_address;
    default:  // CMD_TLBI_NSNH_ALL
      return el1;
  }
}

Features with_el2() {
  Features f;
  f.Hyp = true;
  return f;
}

/// Entries of every kind, at two addresses, and the tables above them.
void fill(CacheBench& b) {
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
  constexpr auto EL1 = static_cast<std::uint8_t>(StreamWorld::NS_EL1);
  constexpr auto EL2 = static_cast<std::uint8_t>(StreamWorld::NS_EL2);
  constexpr auto E2H = static_cast<std::uint8_t>(StreamWorld::NS_EL2_E2H);
  constexpr std::uint16_t numbers[] = {0, 1, 2};
  // Global ones first: one takes the place of that of its ASID.
  for (const std::uint16_t vmid : numbers) {
    for (const Stages stages : {Stages::stage1, Stages::nested}) put({EL1, stages, 1, vmid, 0}, true);
  }
  for (const std::uint8_t world : {EL2, E2H}) put({world, Stages::stage1, 1, 0, 0}, true);
  for (const std::uint16_t number : numbers) {
    put({EL1, Stages::stage2, 0, number, 0}, false);
    for (const std::uint16_t asid : numbers) {
      for (const Stages stages : {Stages::stage1, Stages::nested}) {
        put({EL1, stages, 0, number, asid}, false);
      }
    }
    put({E2H, Stages::stage1, 0, 0, number}, false);
  }
  put({EL2, Stages::stage1, 0, 0, 0}, false);
}

TEST(TlbiScopes, OfEachCommandAreExactlyWhatItNames) {
  for (const bool E2H : {false, true}) {
    CacheBench b(with_el2(), E2H);
    for (const unsigned opcode :
         {0x10U, 0x11U, 0x12U, 0x13U, 0x20U, 0x21U, 0x22U, 0x23U, 0x28U, 0x2aU, 0x30U}) {
      for (const bool leaf : {false, true}) {
        const bool has_leaf = (opcode & 2U) != 0;  // by address
        if (leaf && !has_leaf) continue;
        for (const std::uint16_t tag : {std::uint16_t{0}, std::uint16_t{1}}) {
          Tlbi c;
          c.opcode = static_cast<std::uint8_t>(opcode);
          c.vmid = c.asid = tag;
          c.leaf = leaf;
          c.address = here;
          fill(b);
          b.w.command(c.word0(), c.word1());
          ASSERT_TRUE(b.w.commands_done());
          for (const Put& p : b.all) {
            ASSERT_EQ(b.is_there(p), !goes(c, E2H, p.key, p.cache == Cache::walk_cache))
                << opcode_name(c.opcode) << ", E2H " << E2H << ", Leaf " << leaf << ", VMID and ASID " << tag
                << ": " << cache_names[static_cast<unsigned>(p.cache)] << ", StreamWorld "
                << unsigned{p.key.tag.regime} << ", stages " << static_cast<unsigned>(p.key.tag.stages)
                << ", VMID " << p.key.tag.vmid << ", ASID " << p.key.tag.asid << ", global " << p.key.global
                << ", input " << std::hex << p.key.input;
          }
          b.forget();
        }
      }
    }
  }
}

// 4.4: of the wider tag nothing can be there; 4.4.2.8: what is ignored is not looked at.
TEST(TlbiScopes, OfWideAsidsAreNothingWithoutAsid16) {
  Features f = with_el2();
  f.ASID16 = false;
  for (const bool E2H : {false, true}) {
    CacheBench b(f, E2H);
    for (const unsigned opcode : {0x21U, 0x22U}) {
      fill(b);
      Tlbi c;
      c.opcode = static_cast<std::uint8_t>(opcode);
      c.vmid = 0;
      c.asid = 0x101;
      c.address = here;
      b.w.command(c.word0(), c.word1());
      for (const Put& p : b.all) {
        EXPECT_EQ(b.is_there(p), !goes(c, E2H, p.key, p.cache == Cache::walk_cache));
      }
      const bool ignored = opcode == 0x22 && !E2H;
      EXPECT_EQ(b.w.diag.all.empty(), ignored);
      b.w.diag.all.clear();
      b.forget();
    }
  }
}

// The value when the command is carried out, not when it was queued.
TEST(TlbiScopes, OfEl2FollowE2hAsItIsWhenTheyAreCarriedOut) {
  CacheBench b(with_el2(), false);
  fill(b);
  Tlbi c;
  c.opcode = 0x23;
  c.vmid = c.asid = 0;
  c.address = here;
  b.w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  b.w.work();
  b.forget();  // disabling has withdrawn what was at TBUs
  b.w.write(0x2c, CR2_RECINVSID | CR2_E2H);
  CacheKey k = CacheBench::page(here);
  for (const StreamWorld world : {StreamWorld::NS_EL2, StreamWorld::NS_EL2_E2H}) {
    k.tag = {static_cast<std::uint8_t>(world), Stages::stage1, 0, 0, 0};
    b.put(Cache::tlb, k);
  }
  b.w.push(c.word0(), c.word1());
  b.w.work();
  for (const Put& p : b.all) EXPECT_EQ(b.is_there(p), !goes(c, true, p.key, false));
}

// ---- parameters out of range (4.1.7)

TEST(OutOfRange, ParametersAffectNothingAndAreDiagnosed) {
  struct Case {
    std::uint64_t word0;
    std::uint64_t word1;
    const char* site;  // nullptr: it is in range
  };
  constexpr std::uint64_t beyond = std::uint64_t{1} << 48U;  // StreamID 2^16, where SIDSIZE is 16
  constexpr Case cases[] = {
      {0x03 | beyond, 0, "CMD_CFGI_STE.StreamID"},
      {0x03 | beyond >> 1U, 0, nullptr},
      {0x04 | beyond, 3, "CMD_CFGI_STE_RANGE.StreamID"},
      {0x04 | beyond, 16, nullptr},                // bits below Range + 1 are IGNORED
      {0x04 | 0xffffffffULL << 32U, 31, nullptr},  // CMD_CFGI_ALL
      {0x05 | beyond, 0, "CMD_CFGI_CD.StreamID"},
      {0x06 | beyond, 0, "CMD_CFGI_CD_ALL.StreamID"},
      {0x05 | 4U << 12U, 0, "CMD_CFGI_CD.SubstreamID"},  // SSIDSIZE is 2
      {0x05 | 3U << 12U, 0, nullptr},
      {0x01 | beyond, 0, nullptr},  // hints (4.2)
      {0x02 | beyond | 1U << 11U | 0xfU << 12U, 0, nullptr},
  };
  Features f;
  f.SSIDSIZE = 2;
  for (const Case& k : cases) {
    World w(f);
    w.start();
    ASSERT_TRUE(w.stream(3).map(0x1000, 0x8000'1000, 0x1000));
    w.access(3, 0x1000);
    const std::uint64_t missed = w.smmu.statistics().config_misses;
    w.command(k.word0, k.word1);
    EXPECT_TRUE(w.commands_done());
    EXPECT_EQ(w.read(0x60), 0U);
    ASSERT_EQ(w.diag.all.size(), k.site == nullptr ? 0U : 1U) << std::hex << k.word0;
    if (k.site == nullptr) continue;
    EXPECT_EQ(w.diag.all[0].site, k.site);
    w.access(World::request(3, 0x7000));
    EXPECT_EQ(w.smmu.statistics().config_misses, missed);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
