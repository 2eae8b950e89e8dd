// Where registers are, and how they are accessed (IHI 0062 chapter 8, 9.1, 9.5, 16.1, 17.2).
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;

struct Layout {
  bool PAGESIZE;
  std::uint8_t NUMPAGENDXB;
};

Features with(Layout layout) {
  Features f;
  f.PAGESIZE = layout.PAGESIZE;
  f.NUMPAGENDXB = layout.NUMPAGENDXB;
  f.NUMCB = static_cast<std::uint8_t>(std::min(128U, 2U << layout.NUMPAGENDXB));
  return f;
}

// 8.1.1, 8.1.2: NUMPAGE = 2^(NUMPAGENDXB + 1) pages in each half
TEST(AddressMap, HasTwoHalvesOfNumpagePages) {
  for (const bool PAGESIZE : {false, true}) {
    for (std::uint8_t NUMPAGENDXB = 0; NUMPAGENDXB < 8; ++NUMPAGENDXB) {
      World w(with({PAGESIZE, NUMPAGENDXB}));
      const std::uint32_t page = PAGESIZE ? 0x10000 : 0x1000;
      const std::uint32_t half = page << (NUMPAGENDXB + 1);
      EXPECT_EQ(w.smmu.features().window_bytes(), 2 * half);
      const std::uint64_t IDR1 = w.read(offsets::IDR1);
      EXPECT_EQ(IDR1 >> 31, PAGESIZE ? 1U : 0U);
      EXPECT_EQ(IDR1 >> 28 & 7U, NUMPAGENDXB);
      // SMMU_CBn_BASE = SMMU_CB_BASE + n * PAGESIZE
      const std::uint32_t banks = std::min(128U, 2U << NUMPAGENDXB);
      for (const std::uint32_t n : {0U, banks - 1}) {
        w.write(half + n * page + FAR, 0x1000 + n, 8);
        EXPECT_EQ(w.read(half + n * page + FAR, 8), 0x1000 + n);
      }
      EXPECT_EQ(w.read(half + FAR, 8), 0x1000 + (banks == 1 ? banks - 1 : 0));
      // Global Register Space 1 is the second page.
      w.write(page + CBAR0 + 4 * (banks - 1), 1U << 16);
      EXPECT_EQ(w.read(page + CBAR0 + 4 * (banks - 1)) >> 16 & 3U, 1U);
    }
  }
}

// 8.3: above the last context bank, RAZ/WI up to SMMU_TOP
TEST(AddressMap, IsRazWiAboveTheLastContextBank) {
  Features f;
  f.NUMCB = 5;
  World w(f);
  w.start();
  for (const std::uint32_t bank : {5U, 6U, 31U}) {
    w.write(w.cb(bank, FAR), ~0ULL, 8);
    EXPECT_TRUE(w.ok);
    EXPECT_EQ(w.read(w.cb(bank, FAR), 8), 0U);
    EXPECT_TRUE(w.ok);
  }
  w.write(w.smmu.features().window_bytes() - 4, ~0U);
  EXPECT_EQ(w.read(w.smmu.features().window_bytes() - 4), 0U);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 8.2: offsets in a page do not follow PAGESIZE; what a larger page has more is reserved
TEST(AddressMap, RegisterOffsetsAreTheSameIn64KiBPages) {
  World w(with({true, 4}));
  w.write(S2CR0, S2CR_fault);
  EXPECT_EQ(w.read(S2CR0), S2CR_fault);
  w.write(w.gr1(CBA2R0 + 4), CBA2R_VA64);
  EXPECT_EQ(w.read(w.gr1(CBA2R0 + 4)), CBA2R_VA64);
  for (std::uint32_t offset = 0x1000; offset < 0x10000; offset += 0x400) {
    w.write(offset, ~0U);
    EXPECT_EQ(w.read(offset), 0U) << offset;
    w.write(w.cb(1, offset), ~0U);
    EXPECT_EQ(w.read(w.cb(1, offset)), 0U) << offset;
  }
}

// 8.2, 14, 15: what is not built is IMPLEMENTATION DEFINED address space, here RAZ/WI
TEST(AddressMap, PagesOfWhatIsNotBuiltAreRazWi) {
  Features f;
  f.NUMPAGENDXB = 5;
  World w(f);
  EXPECT_EQ(w.read(offsets::IDR0) >> 15 & 1U, 0U);       // EXSMRGS
  EXPECT_EQ(w.read(offsets::IDR2) >> 16 & 0x2fffU, 0U);  // COMPINDEXS, E2HS, EXNUMSMRG
  EXPECT_EQ(w.read(offsets::IDR2) >> 27 & 1U, 0U);       // E2HS
  for (std::uint32_t page = 2; page < 64; ++page) {
    for (const std::uint32_t offset : {0x000U, 0x004U, 0x800U, 0xc00U, 0xffcU}) {
      w.write(page * 0x1000 + offset, ~0U);
      EXPECT_EQ(w.read(page * 0x1000 + offset), 0U) << page;
    }
  }
  // sCR0.HYPMODE and SCR1, sCR2 have no bits for them either.
  w.write(sCR0, 1U << 30 | 1U);
  EXPECT_EQ(w.read(sCR0), 1U);
  w.write(sCR2, ~0U);
  EXPECT_EQ(w.read(sCR2), 0U);
}

// 9.1, 16.1: at the register's own size; 64-bit registers of banks by halves too
TEST(RegisterAccess, A64BitRegisterIsAccessedWholeAndByHalves) {
  World w;
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  w.write_cb(3, TTBR0, 0x1234'5678'9abc'd000, 8);
  EXPECT_EQ(w.read_cb(3, TTBR0), 0x9abc'd000U);
  EXPECT_EQ(w.read_cb(3, TTBR0 + 4), 0x1234'5678U);
  // a driver that stores the high half first
  w.write_cb(3, TTBR1 + 4, 0x0042'0000);
  w.write_cb(3, TTBR1, 0x8000'0000);
  EXPECT_EQ(w.read_cb(3, TTBR1, 8), 0x0042'0000'8000'0000U);
  w.write(sGFAR, 0x1'2345'6789, 8);
  EXPECT_EQ(w.read(sGFAR), 0x2345'6789U);
  EXPECT_EQ(w.read(sGFAR + 4), 1U);
}

TEST(RegisterAccess, OtherSizesAreRazWiAndDiagnosed) {
  World w;
  w.write(S2CR0, S2CR_fault);
  for (const unsigned bytes : {1U, 2U}) {
    w.diag.all.clear();
    w.write(S2CR0, 0, bytes);
    EXPECT_TRUE(w.ok);
    EXPECT_EQ(w.read(S2CR0, bytes), 0U);
    EXPECT_FALSE(w.diag.all.empty());
  }
  EXPECT_EQ(w.read(S2CR0), S2CR_fault);
  w.write(S2CR0, 0, 8);  // two 32-bit registers at once
  EXPECT_EQ(w.read(S2CR0, 8), 0U);
  EXPECT_EQ(w.read(S2CR0), S2CR_fault);
  w.write(S2CR0 + 2, 0);
  EXPECT_EQ(w.read(S2CR0), S2CR_fault);
}

// 3.9
TEST(RegisterAccess, InsideABankNothingRaisesAConfigurationAccessFault) {
  World w;
  w.write(sGFSR, ~0U);
  w.start();
  for (std::uint32_t offset = 0; offset < 0x1000; offset += 4) {
    w.read_cb(7, offset);
    EXPECT_TRUE(w.ok);
    if (offset == RESUME || offset == FSRRESTORE) continue;
    w.write_cb(7, offset, ~0U);
    EXPECT_TRUE(w.ok);
  }
  w.work();
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 9.1: types WO and RO
TEST(RegisterAccess, WriteOnlyRegistersReadAs0AndReadOnlyOnesKeepTheirValue) {
  World w;
  for (const std::uint32_t offset :
       {sGFSRRESTORE, TLBIVMID, TLBIALLNSNH, TLBIALLH, sTLBGSYNC, TLBIVAH, TLBIVAH64}) {
    w.write(offset, ~0U);
    EXPECT_EQ(w.read(offset), 0U) << offset;
  }
  for (const std::uint32_t offset : {offsets::IDR0, offsets::IDR1, offsets::IDR2, 0x2cU, 0x30U, 0x34U, 0x38U,
                                     offsets::IDR7, sTLBGSTATUS, sGATSR}) {
    const std::uint64_t before = w.read(offset);
    w.write(offset, ~before);
    EXPECT_EQ(w.read(offset), before) << offset;
  }
  for (const std::uint32_t offset : {RESUME, FSRRESTORE, TLBIVA, TLBIASID, TLBSYNC, ATS1PR}) {
    w.write_cb(2, offset, ~0U);
    EXPECT_EQ(w.read_cb(2, offset), 0U) << offset;
  }
  for (const std::uint32_t offset : {TLBSTATUS, ATSR}) {
    w.work();
    w.write_cb(2, offset, 1);
    EXPECT_EQ(w.read_cb(2, offset), 0U) << offset;
  }
}

// 9.5, 16.4: a field that is reserved in the current format is kept, and takes effect with another format
TEST(MultiFormatRegister, KeepsReservedFieldsUntilTheFormatChanges) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  // CBNDX, INSTCFG and PRIVCFG are reserved in a fault context.
  const std::uint32_t fields = 3U | 1U << 26 | 3U << 24;
  w.write(S2CR0 + 4 * 9, S2CR_fault | fields);
  EXPECT_EQ(w.read(S2CR0 + 4 * 9), S2CR_fault | fields);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
  // Attributes are those of TYPE 0b01; of a nested CBAR the same bits are CBNDX.
  w.write(w.gr1(CBAR0 + 4 * 4), 3U << 16 | 0xff12U);
  w.write(w.gr1(CBAR0 + 4 * 4), w.read(w.gr1(CBAR0 + 4 * 4)) & ~(2U << 16));
  EXPECT_EQ(w.read(w.gr1(CBAR0 + 4 * 4)), 1U << 16 | 0xff12U);
  // TTBR's upper half says nothing to short descriptors.
  w.write(w.gr1(CBA2R0 + 4 * 5), 0);
  w.write_cb(5, TCR, 0);
  w.write_cb(5, TTBR0, 0x00ab'0000'0000'4000, 8);
  EXPECT_EQ(w.read_cb(5, TTBR0, 8), 0x00ab'0000'0000'4000U);
  // 16.5.39: with TCR2.AS 0 the upper byte of the ASID reads back.
  w.write_cb(5, TCR2, 0);
  w.write_cb(5, TTBR0, 0xcdab'0000'0000'4000, 8);
  EXPECT_EQ(w.read_cb(5, TTBR0, 8), 0xcdab'0000'0000'4000U);
}

// 16.4: what TCR and CONTEXTIDR hold is there again when the bank is of the format that has it
TEST(MultiFormatRegister, KeepsATcrOverEachFormat) {
  World w;
  const std::uint32_t all = 0x8a7f'3f33;
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  w.write_cb(3, TCR, all);
  const std::uint64_t stored = w.read_cb(3, TCR);
  w.write_cb(3, CONTEXTIDR, 0x1234'5678);
  w.write(w.gr1(CBA2R0 + 4 * 3), CBA2R_VA64);
  EXPECT_EQ(w.read_cb(3, TCR), stored);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage2);
  EXPECT_EQ(w.read_cb(3, TCR), stored);
  EXPECT_EQ(w.read_cb(3, CONTEXTIDR), 0U) << "17.1: no register of this format";
  w.write_cb(3, CONTEXTIDR, ~0U);
  w.write(w.gr1(CBA2R0 + 4 * 3), 0);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  EXPECT_EQ(w.read_cb(3, TCR), stored);
  EXPECT_EQ(w.read_cb(3, CONTEXTIDR), 0x1234'5678U);
}

// 9.6.23: bits of the fault format that have a meaning in others take effect when TYPE changes
TEST(MultiFormatRegister, AFieldTakesEffectWithItsFormat) {
  World w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  w.start();
  w.write(S2CR0 + 4 * 9, S2CR_fault | 3U);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
  w.write(S2CR0 + 4 * 9, (w.read(S2CR0 + 4 * 9) & ~(3U << 16)) | S2CR_translate);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
}

// 9.6.23, 9.6.25: the same number of bits in every instance; those above are RAZ/WI
TEST(NarrowField, IsRazWiAboveItsWidthInEveryInstance) {
  Features f;
  f.EXIDS = false;
  f.NUMSIDB = 9;
  f.NUMCB = 8;
  f.CBNDX_bits = 3;
  World w(f);
  for (const unsigned n : {0U, 1U, 63U}) {
    w.write(SMR0 + 4 * n, ~0U);
    EXPECT_EQ(w.read(SMR0 + 4 * n), 1U << 31 | 0x1ffU << 16 | 0x1ffU);
    w.write(S2CR0 + 4 * n, 0xff);
    EXPECT_EQ(w.read(S2CR0 + 4 * n), 7U);
  }
  // 10.2.1: with an interrupt of its own for each bank there is no IRPTNDX (3.6.2).
  w.write(w.gr1(CBAR0), 0xffU << 24);
  EXPECT_EQ(w.read(w.gr1(CBAR0)), 0U);
}

// 2.3.3, 2.6.2: here they are RAZ/WI
TEST(MissingRegister, IsRazWi) {
  Features f;
  f.NUMSMRG = 4;
  f.NUMCB = 4;
  World w(f);
  w.start();
  for (const std::uint32_t offset : {SMR0 + 4 * 4, SMR0 + 4 * 127, S2CR0 + 4 * 4, S2CR0 + 4 * 127}) {
    w.write(offset, ~0U);
    EXPECT_TRUE(w.ok);
    EXPECT_EQ(w.read(offset), 0U);
  }
  for (const std::uint32_t offset : {CBAR0 + 4 * 4, CBFRSYNRA0 + 4 * 4, CBA2R0 + 4 * 127}) {
    w.write(w.gr1(offset), ~0U);
    EXPECT_TRUE(w.ok);
    EXPECT_EQ(w.read(w.gr1(offset)), 0U);
  }
}

// 9.6.15, 16.5.9: bit by bit; 9.6.16, 16.5.10
TEST(FaultStatus, A1ClearsItsBitA0KeepsIt) {
  World w;
  const std::uint32_t global =
      0x8000'01afU;  // all but UCIF, which is no fault with interrupts of their own, and PF
  w.write(sGFSRRESTORE, global);
  const std::uint64_t all = w.read(sGFSR);
  EXPECT_EQ(all & 0x8000'000fU, 0x8000'000fU);
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((all >> bit & 1U) == 0) continue;
    w.write(sGFSRRESTORE, global);
    w.write(sGFSR, 1U << bit);
    EXPECT_EQ(w.read(sGFSR), all & ~(1U << bit));
  }
  const std::uint32_t Format = 3U << 9;
  w.write_cb(4, FSRRESTORE, 0xffff'ffffU);
  const std::uint64_t bank = w.read_cb(4, FSR) & ~Format;
  EXPECT_EQ(bank, 0x8000'01feU);  // not SS
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((bank >> bit & 1U) == 0) continue;
    w.write_cb(4, FSRRESTORE, 0xffff'ffffU);
    w.write_cb(4, FSR, 1U << bit);
    EXPECT_EQ(w.read_cb(4, FSR) & ~Format, bank & ~(1U << bit));
  }
}

// 3.6.3: a restored fault interrupts like one that has happened
TEST(FaultStatus, RestoringItRaisesTheInterrupts) {
  World w;
  w.start();
  w.write(sGFSRRESTORE, 1U << 1);
  EXPECT_TRUE(w.smmu.levels().NSgIrpt);
  w.write(sGFSRRESTORE, 0);
  EXPECT_EQ(w.read(sGFSR), 0U);
  EXPECT_FALSE(w.smmu.levels().NSgIrpt);
  w.write_cb(2, SCTLR, SCTLR_CFIE);
  w.write_cb(2, FSRRESTORE, 1U << 3);
  EXPECT_TRUE(w.smmu.levels().context[2]);
  w.write_cb(2, FSRRESTORE, 0);
  EXPECT_FALSE(w.smmu.levels().context[2]);
}

// 5.1: an access goes by the registers before a write or after it, never by half of a 64-bit one
TEST(RegisterAccess, A64BitWriteIsAtomicToTransactions) {
  World w;
  auto& low = w.stream64(9, 3);
  auto& high = w.builder(World::config64());
  low.map(0x1000, 0x2000, 0x1000);
  high.map(0x1000, 0x7000, 0x1000);
  w.start();
  Access a(w.smmu, World::request(9, 0x1000));
  ASSERT_EQ(a.step(), smmu::Step::need);
  w.write_cb(3, TTBR0, high.config().stage1.tables[0].base | std::uint64_t{2} << 48, 8);
  w.run(a);
  EXPECT_TRUE(a.answer().output == 0x2000U || a.answer().output == 0x7000U);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x7000U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
