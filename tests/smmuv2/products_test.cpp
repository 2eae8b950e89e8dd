// SMMUv1, products, and what drivers do with them (IHI 0062 1.1.4; ARM DDI 0517 for MMU-500).
#include <gtest/gtest.h>

#include "formats_world.h"
#include "two_states.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;

Features version1() {
  Features f;
  f.version = 1;
  f.EXIDS = f.DIPANS = f.HADS = f.VMID16S = false;
  f.PTFSv8_4kB = f.PTFSv8_16kB = f.PTFSv8_64kB = false;
  f.HAFDBS = 0;
  f.UBS = f.OAS = f.IAS = 40;
  f.NUMIRPT = 8;
  return f;
}

// 1.1.4, and the notes of the registers
TEST(Smmuv1, HasNoneOfTheRegistersAndFieldsOfSmmuv2) {
  World w(version1());
  for (const std::uint32_t offset : {TLBIVAH64, TLBIVALH64, TLBIVMIDS1, STLBIALLM}) {
    w.write(offset, ~0U);
    EXPECT_EQ(w.read(offset), 0U);
  }
  w.write(w.gr1(CBA2R0), ~0U);
  EXPECT_EQ(w.read(w.gr1(CBA2R0)), 0U);
  for (const std::uint32_t offset : {TCR2, IPAFAR}) {
    w.write_cb(0, offset, ~0U);
    EXPECT_EQ(w.read_cb(0, offset), 0U) << offset;
  }
  Features one_stage = version1();  // where SMMUv2 has FAR at IPAFAR
  one_stage.NTS = false;
  World w1(one_stage);
  w1.write(w1.gr1(CBAR0), CBAR_stage2);
  w1.write_cb(0, FAR, 0x1234);
  EXPECT_EQ(w1.read_cb(0, FAR), 0x1234U);
  EXPECT_EQ(w1.read_cb(0, IPAFAR), 0U);
  w.write_cb(0, FSRRESTORE, ~0U);
  EXPECT_EQ(w.read_cb(0, FSR) & (1U << 7 | 1U << 8 | 3U << 9), 0U);  // ASF, UUT, Format
  w.write(sGFSRRESTORE, ~0U);
  EXPECT_EQ(w.read(sGFSR) >> 8 & 1U, 0U);  // UUT
  EXPECT_EQ(w.read(offsets::IDR2), 0x22U);
  w.write(SMR0, ~0U);
  EXPECT_EQ(w.read(SMR0), SMR_VALID | 0x7fffU << 16 | 0x7fffU);
}

// 16.5.9: ASF and UUT are reserved. An address that is too large is a Translation fault (16.5.40, 17.3.9), an
// unsupported transaction an external one (3.10).
TEST(Smmuv1, HasTranslationAndExternalFaultsForWhatHasBitsOfItsOwnInSmmuv2) {
  Features f = version1();
  f.UBS = f.IAS = f.OAS = 36;
  FormatsWorld w(f);
  auto& b = w.builder(FormatsWorld::config_long());
  ASSERT_TRUE(b.map(0x1000, 0x10'0000'0000, 0x1000));
  w.bank_long(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  w.access(9, 0x1234);
  w.expect_fault(3, fsr_bit::TF, 0x1234, 3, 9);
  w.write_cb(3, ATS1PR, 0x1000);
  w.work();
  EXPECT_EQ(w.read_cb(3, PAR, 8) & 0xffU, 1U | fsr_bit::TF);
  w.clear(3);
  w.access(9, 0x10'0000'1234);  // more than the bus has
  EXPECT_EQ(w.read_cb(3, FSR), fsr_bit::EF);
  EXPECT_EQ(w.read_cb(3, FSYNR0) & fsynr_bit::PTWF, 0U);
  w.write(sGFSR, ~0U);
  auto r = World::request(9, 0x1234);
  r.unsupported = smmu::Unsupported::malformed;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_global(gfsr_bit::EF, 0x1234, 0, 9);
  w.write(sGFSR, gfsr_bit::EF);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 3.6.2: interrupts are assignable, one too
// 9.6.20, 16.5.14: ICF is reserved
TEST(Smmuv1, HasNoInvalidContextFaultInPar) {
  World w(version1());
  w.start();
  w.write(w.gr1(CBAR0 + 4 * 3), 2U << 16);
  w.write_cb(3, ATS1PR, 0x1000);
  w.write(sGATS1PR, 0x1003);
  w.work();
  EXPECT_EQ(w.read_cb(3, PAR, 8), 1U);
  EXPECT_EQ(w.read(sGPAR, 8), 1U);
}

TEST(Smmuv1, AssignsInterruptsToBanks) {
  Features f = version1();
  f.NUMIRPT = 1;
  World w(f);
  EXPECT_EQ(w.smmu.levels().context.size(), 1U);
  w.write(w.gr1(CBAR0 + 4 * 5), 1U << 16 | 0U << 24);
  w.write_cb(5, SCTLR, SCTLR_CFIE);
  w.write_cb(5, FSRRESTORE, 1U << 1);
  EXPECT_TRUE(w.smmu.levels().context[0]);
}

// A driver probes the width of masks by writing ones, and reads back what is there.
TEST(Driver, ProbesMasksByWritingOnes) {
  World w;
  w.write(SMR0, 0x7fff);
  EXPECT_EQ(w.read(SMR0) & 0x7fffU, 0x7fffU);
  w.write(SMR0, 0x7fffU << 16);
  EXPECT_EQ(w.read(SMR0) >> 16 & 0x7fffU, 0x7fffU);
  w.write(sCR0, CR0_EXIDENABLE);
  w.write(SMR0, 0xffffU << 16);
  EXPECT_EQ(w.read(SMR0), 0xffffU << 16);
}

// It resets whatever the registers held: faults, groups, banks, TLB; then it lets clients in.
TEST(Driver, ResetsAnSmmuThatHoldsAnything) {
  for (const std::uint64_t seed : {1ULL, 2ULL, 3ULL}) {
    Features f;
    f.reset_fill = seed;
    World w(f);
    w.write(sGFSR, w.read(sGFSR));
    for (unsigned n = 0; n < 64; ++n) {
      w.write(SMR0 + 4 * n, 0);
      w.write(S2CR0 + 4 * n, S2CR_fault);
    }
    for (unsigned bank = 0; bank < 32; ++bank) {
      w.write_cb(bank, SCTLR, 0);
      w.write_cb(bank, FSR, ~0U);
    }
    w.write(TLBIALLH, ~0U);
    w.write(TLBIALLNSNH, ~0U);
    w.write(sTLBGSYNC, 0);
    EXPECT_EQ(w.read(sTLBGSTATUS), 0U);
    w.start();
    EXPECT_EQ(w.read(sGFSR), 0U);
    EXPECT_FALSE(w.smmu.levels().NSgIrpt);
    EXPECT_EQ(w.access(9, 0).outcome, Outcome::abort);
    auto& b = w.stream64(9, 3);
    b.map(0x1000, 0x2000, 0x1000);
    EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
    EXPECT_TRUE(w.diag.all.empty());
  }
}

// MMU-500: sACR.CACHE_LOCK, which resets to 1, of either Security state locks ACTLR.
TEST(Mmu500, CacheLockLocksActlr) {
  for (const bool both : {false, true}) {
    Features f;
    f.mmu500_registers = true;
    f.SES = both;
    World w(f);
    const std::uint32_t CPRE = 1U << 1, CACHE_LOCK = 1U << 26;
    EXPECT_EQ(w.read(sACR) & CACHE_LOCK, CACHE_LOCK);
    EXPECT_EQ(w.read_cb(3, ACTLR), 3U);
    w.write_cb(3, ACTLR, 0);
    EXPECT_EQ(w.read_cb(3, ACTLR), 3U);
    w.write(sACR, 1U << 8 | 1U << 10);
    EXPECT_EQ(w.read(sACR), 1U << 8 | 1U << 10);
    w.write_cb(3, ACTLR, 3U & ~CPRE);
    EXPECT_EQ(w.read_cb(3, ACTLR), both ? 3U : 1U);
    if (!both) continue;
    w.write(sACR, 0, 4, secure);
    w.write_cb(3, ACTLR, 3U & ~CPRE);
    EXPECT_EQ(w.read_cb(3, ACTLR), 1U);
  }
}

// MMU-500: what sACR and ACTLR say of TLBs, walk caches and prefetch is for hardware that is not here.
TEST(Mmu500, BitsOfCachesAndPrefetchAreHeldAndChangeNoAnswerTimeOrCount) {
  const std::uint32_t caches = 7U << 2, TLBEN = 7U << 8, DP4K = 3U << 24;
  struct Seen {
    std::vector<std::uint64_t> answers;
    std::uint64_t micro_tlb_hits, tlb_hits, tlb_misses, walk_reads;
  };
  const auto seen = [](std::uint32_t ACR, std::uint32_t ACTLR_value) {
    Features f;
    f.mmu500_registers = true;
    World w(f, Structures());
    w.write(sACR, ACR);
    EXPECT_EQ(w.read(sACR), ACR);
    auto& tables = w.stream64(9, 3);
    for (const std::uint64_t page : {0x1000, 0x2000}) tables.map(page, page + 0x1000, 0x1000);
    w.map_stream(10, 10, S2CR_bypass);
    w.map_stream(11, 11, S2CR_translate | 4U);
    w.write(w.gr1(CBAR0 + 4 * 4), CBAR_stage1);  // with SCTLR.M 0
    w.write_cb(3, ACTLR, ACTLR_value);
    EXPECT_EQ(w.read_cb(3, ACTLR), ACTLR_value);
    w.write(sCR0, CR0_GFRE);  // without USFCFG: streams without a match pass
    Seen s{};
    for (const std::uint32_t stream : {9, 10, 11, 12, 9, 10, 11, 12}) {
      for (const std::uint64_t page : {0x1000, 0x2000}) {
        const smmu::AccessAnswer a = w.access(stream, page);
        EXPECT_EQ(a.outcome, Outcome::forward) << stream;
        s.answers.insert(s.answers.end(), {a.output, a.time});
      }
    }
    const smmu::Statistics e = w.smmu.engine_statistics();
    s.micro_tlb_hits = e.micro_tlb_hits;
    s.tlb_hits = e.tlb_hits;
    s.tlb_misses = e.tlb_misses;
    s.walk_reads = e.walk_reads;
    return s;
  };
  const Seen expected = seen(caches, 3);  // as after reset, but not locked
  EXPECT_EQ(expected.tlb_misses, 2U) << "a page each: nothing has fetched the other one";
  for (const std::uint32_t ACR : {0U, TLBEN, caches | DP4K, caches | TLBEN | DP4K}) {
    for (const std::uint32_t ACTLR_value : {0U, 1U, 2U, 3U}) {
      const Seen is = seen(ACR, ACTLR_value);
      EXPECT_EQ(is.answers, expected.answers) << ACR << ' ' << ACTLR_value;
      EXPECT_EQ(is.micro_tlb_hits, expected.micro_tlb_hits);
      EXPECT_EQ(is.tlb_hits, expected.tlb_hits);
      EXPECT_EQ(is.tlb_misses, expected.tlb_misses);
      EXPECT_EQ(is.walk_reads, expected.walk_reads);
    }
  }
}

// MMU-500: pointers to entries of its TLBs are held; there is nothing behind them.
TEST(Mmu500, DebugPointersAreHeldAndTheirDataReadZero) {
  Features f;
  World other(f);
  f.mmu500_registers = true;
  World w(f);
  w.stream64(9, 3).map(0x1000, 0x2000, 0x1000);
  w.start();
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  constexpr std::uint32_t DBGRPTRTBU = 0x80, DBGRDATATBU = 0x84, DBGRPTRTCU = 0x88, DBGRDATATCU = 0x8c;
  for (const std::uint32_t pointer : {DBGRPTRTBU, DBGRPTRTCU}) {
    EXPECT_EQ(w.read(pointer), 0U);
    for (const std::uint32_t value : {0xffff'ffffU, 0x0000'0010U, 0U}) {
      w.write(pointer, value);
      EXPECT_EQ(w.read(pointer), value);
      EXPECT_EQ(w.read(pointer + 4), 0U);
    }
  }
  for (const std::uint32_t data : {DBGRDATATBU, DBGRDATATCU}) {
    w.write(data, ~0U);
    EXPECT_EQ(w.read(data), 0U);
  }
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  for (std::uint32_t offset = DBGRPTRTBU; offset <= DBGRDATATCU; offset += 4) {
    other.write(offset, ~0U);
    EXPECT_EQ(other.read(offset), 0U) << "no MMU-500";
  }
}

// Two SMMUs share nothing.
TEST(TwoSmmus, ShareNoTlb) {
  World a;
  World other;
  for (World* w : {&a, &other}) {
    auto& b = w->stream64(9, 3, 5);
    b.map(0x1000, w == &a ? 0x2000 : 0x3000, 0x1000);
    w->start();
  }
  EXPECT_EQ(a.access(9, 0x1000).output, 0x2000U);
  EXPECT_EQ(other.access(9, 0x1000).output, 0x3000U);
  other.write(TLBIALLNSNH, 0);
  EXPECT_TRUE(a.access(9, 0x1000).tlb_hit);
}

}  // namespace
}  // namespace smmuvp::smmuv2
