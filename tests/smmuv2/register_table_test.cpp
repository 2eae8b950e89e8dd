// Where registers are, and who reaches which of their bits.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "registers_fixture.h"

namespace smmuvp::smmuv2 {
namespace {

Features everything() {
  Features f = two_states();
  f.SSDTP = 3;
  f.NUMSSDNDXB = 15;
  f.counter_groups = 3;
  f.CGNC = 15;
  f.mmu500_registers = true;
  return f;
}
Features smmuv1() {
  Features f;
  f.version = 1;
  f.EXIDS = f.DIPANS = f.HADS = f.VMID16S = f.PTFSv8_64kB = f.PTFSv8_16kB = f.PTFSv8_4kB = false;
  f.HAFDBS = 0;
  f.UBS = f.IAS = f.OAS = 40;
  return f;
}
Features stage2_alone() {
  Features f;
  f.S1TS = f.NTS = false;
  return f;
}

// ---- the maps of IHI 0062, written down once more

struct Place {
  Reg id;
  std::uint32_t offset;
  unsigned bytes;
};

// Table 9-1
constexpr Place global0[] = {
    {SMMU_sCR0, 0x000, 4},       {SMMU_SCR1, 0x004, 4},       {SMMU_sCR2, 0x008, 4},
    {SMMU_sACR, 0x010, 4},       {SMMU_IDR0, 0x020, 4},       {SMMU_IDR1, 0x024, 4},
    {SMMU_IDR2, 0x028, 4},       {SMMU_IDR3, 0x02c, 4},       {SMMU_IDR4, 0x030, 4},
    {SMMU_IDR5, 0x034, 4},       {SMMU_IDR6, 0x038, 4},       {SMMU_IDR7, 0x03c, 4},
    {SMMU_sGFAR, 0x040, 8},      {SMMU_sGFSR, 0x048, 4},      {SMMU_sGFSRRESTORE, 0x04c, 4},
    {SMMU_sGFSYNR0, 0x050, 4},   {SMMU_sGFSYNR1, 0x054, 4},   {SMMU_sGFSYNR2, 0x058, 4},
    {SMMU_STLBIALL, 0x060, 4},   {SMMU_TLBIVMID, 0x064, 4},   {SMMU_TLBIALLNSNH, 0x068, 4},
    {SMMU_TLBIALLH, 0x06c, 4},   {SMMU_sTLBGSYNC, 0x070, 4},  {SMMU_sTLBGSTATUS, 0x074, 4},
    {SMMU_TLBIVAH, 0x078, 4},    {SMMU_STLBIVALM, 0x0a0, 8},  {SMMU_STLBIVAM, 0x0a8, 8},
    {SMMU_TLBIVALH64, 0x0b0, 8}, {SMMU_TLBIVMIDS1, 0x0b8, 4}, {SMMU_STLBIALLM, 0x0bc, 4},
    {SMMU_TLBIVAH64, 0x0c0, 8},  {SMMU_sGPAR, 0x180, 8},      {SMMU_sGATSR, 0x188, 4},
    {SMMU_PIDR4, 0xfd0, 4},      {SMMU_PIDR5, 0xfd4, 4},      {SMMU_PIDR6, 0xfd8, 4},
    {SMMU_PIDR7, 0xfdc, 4},      {SMMU_PIDR0, 0xfe0, 4},      {SMMU_PIDR1, 0xfe4, 4},
    {SMMU_PIDR2, 0xfe8, 4},      {SMMU_PIDR3, 0xfec, 4},      {SMMU_CIDR0, 0xff0, 4},
    {SMMU_CIDR1, 0xff4, 4},      {SMMU_CIDR2, 0xff8, 4},      {SMMU_CIDR3, 0xffc, 4},
};
constexpr Place translation_operations[] = {
    {SMMU_sGATS1UR, 0x100, 8},  {SMMU_sGATS1UW, 0x108, 8},  {SMMU_sGATS1PR, 0x110, 8},
    {SMMU_sGATS1PW, 0x118, 8},  {SMMU_sGATS12UR, 0x120, 8}, {SMMU_sGATS12UW, 0x128, 8},
    {SMMU_sGATS12PR, 0x130, 8}, {SMMU_sGATS12PW, 0x138, 8},
};
constexpr Place aliases[] = {
    {SMMU_NSCR0, 0x400, 4},      {SMMU_NSCR2, 0x408, 4},        {SMMU_NSACR, 0x410, 4},
    {SMMU_NSGFAR, 0x440, 8},     {SMMU_NSGFSR, 0x448, 4},       {SMMU_NSGFSRRESTORE, 0x44c, 4},
    {SMMU_NSGFSYNR0, 0x450, 4},  {SMMU_NSGFSYNR1, 0x454, 4},    {SMMU_NSGFSYNR2, 0x458, 4},
    {SMMU_NSTLBGSYNC, 0x470, 4}, {SMMU_NSTLBGSTATUS, 0x474, 4}, {SMMU_NSGATS1UR, 0x500, 8},
    {SMMU_NSGATS1UW, 0x508, 8},  {SMMU_NSGATS1PR, 0x510, 8},    {SMMU_NSGATS1PW, 0x518, 8},
    {SMMU_NSGATS12UR, 0x520, 8}, {SMMU_NSGATS12UW, 0x528, 8},   {SMMU_NSGATS12PR, 0x530, 8},
    {SMMU_NSGATS12PW, 0x538, 8}, {SMMU_NSGPAR, 0x580, 8},       {SMMU_NSGATSR, 0x588, 4},
};
// Tables 16-1 and 17-1
constexpr Place bank[] = {
    {SMMU_CBn_SCTLR, 0x000, 4},      {SMMU_CBn_ACTLR, 0x004, 4},      {SMMU_CBn_RESUME, 0x008, 4},
    {SMMU_CBn_TCR2, 0x010, 4},       {SMMU_CBn_TTBR0, 0x020, 8},      {SMMU_CBn_TTBR1, 0x028, 8},
    {SMMU_CBn_TCR, 0x030, 4},        {SMMU_CBn_CONTEXTIDR, 0x034, 4}, {SMMU_CBn_PRRR_MAIR0, 0x038, 4},
    {SMMU_CBn_NMRR_MAIR1, 0x03c, 4}, {SMMU_CBn_PAR, 0x050, 8},        {SMMU_CBn_FSR, 0x058, 4},
    {SMMU_CBn_FSRRESTORE, 0x05c, 4}, {SMMU_CBn_FAR, 0x060, 8},        {SMMU_CBn_FSYNR0, 0x068, 4},
    {SMMU_CBn_FSYNR1, 0x06c, 4},     {SMMU_CBn_IPAFAR, 0x070, 8},     {SMMU_CBn_TLBIVA, 0x600, 8},
    {SMMU_CBn_TLBIVAA, 0x608, 8},    {SMMU_CBn_TLBIASID, 0x610, 4},   {SMMU_CBn_TLBIALL, 0x618, 4},
    {SMMU_CBn_TLBIVAL, 0x620, 8},    {SMMU_CBn_TLBIVAAL, 0x628, 8},   {SMMU_CBn_TLBIIPAS2, 0x630, 8},
    {SMMU_CBn_TLBIIPAS2L, 0x638, 8}, {SMMU_CBn_TLBSYNC, 0x7f0, 4},    {SMMU_CBn_TLBSTATUS, 0x7f4, 4},
    {SMMU_CBn_ATSR, 0x8f0, 4},
};
constexpr Place bank_translation_operations[] = {
    {SMMU_CBn_ATS1PR, 0x800, 8},
    {SMMU_CBn_ATS1PW, 0x808, 8},
    {SMMU_CBn_ATS1UR, 0x810, 8},
    {SMMU_CBn_ATS1UW, 0x818, 8},
};
constexpr Place bank_monitors[] = {
    {SMMU_CBn_PMCFGR, 0xf00, 4},     {SMMU_CBn_PMCR, 0xf04, 4},         {SMMU_CBn_PMCEID0, 0xf20, 4},
    {SMMU_CBn_PMCEID1, 0xf24, 4},    {SMMU_CBn_PMCNTENSET, 0xf40, 4},   {SMMU_CBn_PMCNTENCLR, 0xf44, 4},
    {SMMU_CBn_PMINTENSET, 0xf48, 4}, {SMMU_CBn_PMINTENCLR, 0xf4c, 4},   {SMMU_CBn_PMOVSCLR, 0xf50, 4},
    {SMMU_CBn_PMOVSSET, 0xf58, 4},   {SMMU_CBn_PMAUTHSTATUS, 0xfb8, 4},
};
// Table 12-1
constexpr Place monitors[] = {
    {PMCFGR, 0xe00, 4},  {PMCR, 0xe04, 4},         {PMCEID0, 0xe20, 4},
    {PMCEID1, 0xe24, 4}, {PMAUTHSTATUS, 0xfb8, 4}, {PMDEVTYPE, 0xfcc, 4},
};

struct Expected {
  Reg id;
  std::uint32_t index;
  unsigned first;  // byte of the register
};

/// What is at each word of the map.
std::map<std::uint32_t, Expected> expected_map(const Features& f) {
  std::map<std::uint32_t, Expected> map;
  const auto put = [&](std::uint32_t offset, Reg id, unsigned bytes, std::uint32_t index = 0) {
    for (unsigned at = 0; at < bytes; at += 4) map[offset + at] = {id, index, at};
  };
  const auto put_all = [&](std::uint32_t base, const auto& places, unsigned bytes = 0,
                           std::uint32_t index = 0) {
    for (const Place& p : places) put(base + p.offset, p.id, bytes != 0 ? bytes : p.bytes, index);
  };
  const auto array = [&](std::uint32_t offset, Reg id, unsigned count) {
    for (unsigned k = 0; k < count; ++k) put(offset + 4 * k, id, 4, k);
  };
  const std::uint32_t page = f.PAGESIZE ? 0x10000 : 0x1000;
  const unsigned operation = f.version == 1 ? 4 : 8;  // 9.6.5: 32 bits in SMMUv1
  put_all(0, global0);
  put_all(0, translation_operations, operation);
  if (f.SES) {
    put_all(0, aliases);
    if (f.version == 1) {
      for (std::uint32_t at = 0x504; at < 0x540; at += 8) map.erase(at);
    }
  }
  array(0x800, SMMU_SMRn, f.NUMSMRG);
  array(0xc00, SMMU_S2CRn, f.NUMSMRG);
  if (f.mmu500_registers) array(0x80, SMMU_DBGRPTRTBU, 1);
  if (f.mmu500_registers) array(0x84, SMMU_DBGRDATATBU, 1);
  if (f.mmu500_registers) array(0x88, SMMU_DBGRPTRTCU, 1);
  if (f.mmu500_registers) array(0x8c, SMMU_DBGRDATATCU, 1);
  // Table 10-1
  array(page, SMMU_CBARn, f.NUMCB);
  array(page + 0x400, SMMU_CBFRSYNRAn, f.NUMCB);
  array(page + 0x800, SMMU_CBA2Rn, f.NUMCB);
  const unsigned counters = unsigned{f.counter_groups} * f.CGNC;
  if (counters != 0) {
    array(3 * page, PMEVCNTRn, counters);
    array(3 * page + 0x400, PMEVTYPERn, counters);
    array(3 * page + 0x800, PMCGCRn, f.counter_groups);
    array(3 * page + 0xa00, PMCGSMRn, f.counter_groups);
    const unsigned words = (counters + 31) / 32;
    array(3 * page + 0xc00, PMCNTENSETx, words);
    array(3 * page + 0xc20, PMCNTENCLRx, words);
    array(3 * page + 0xc40, PMINTENSETx, words);
    array(3 * page + 0xc60, PMINTENCLRx, words);
    array(3 * page + 0xc80, PMOVSCLRx, words);
    array(3 * page + 0xcc0, PMOVSSETx, words);
    put_all(3 * page, monitors);
  }
  const unsigned ssd_bits = f.SSDTP == 0 ? 0 : f.SSDTP == 3 ? 16 : f.NUMSSDNDXB;
  if (ssd_bits != 0) array(4 * page, SMMU_SSDRn, ssd_bits < 5 ? 1 : 1U << (ssd_bits - 5));
  for (unsigned n = 0; n < f.NUMCB; ++n) {
    const std::uint32_t base = (2U << f.NUMPAGENDXB) * page + n * page;  // 8.1.2
    put_all(base, bank, 0, n);
    put_all(base, bank_translation_operations, operation, n);
    if (counters != 0) {
      put_all(base, bank_monitors, 0, n);
      for (unsigned m = 0; m < 15; ++m) {
        put(base + 0xe00 + 4 * m, static_cast<Reg>(SMMU_CBn_PMEVCNTR0 + m), 4, n);
        put(base + 0xe80 + 4 * m, static_cast<Reg>(SMMU_CBn_PMEVTYPER0 + m), 4, n);
      }
    }
  }
  return map;
}

void expect_map(const Features& f, const char* what) {
  ASSERT_STREQ(f.problem(), nullptr) << what;
  RegisterObserver observer;
  const RegisterFile file(register_table(f), observer);
  const auto map = expected_map(f);
  unsigned wrong = 0;
  for (std::uint32_t offset = 0; offset < window_size(f) && wrong < 10; offset += 4) {
    const auto at = file.locate(offset);
    const auto want = map.find(offset);
    const bool same = want == map.end()
                          ? !at
                          : at && at->id == want->second.id && at->index == want->second.index &&
                                at->offset == want->second.first;
    EXPECT_TRUE(same) << what << ": " << std::hex << offset << " is " << file.name_at(offset);
    wrong += same ? 0U : 1U;
  }
}

TEST(RegisterTable, EveryRegisterIsWhereItsClauseSaysAndNoOtherIsThere) {
  expect_map(Features{}, "default");
  expect_map(two_states(), "two Security states");
  expect_map(everything(), "everything");
  expect_map(smmuv1(), "SMMUv1");
  expect_map(stage2_alone(), "stage 2 alone");
}

TEST(RegisterTable, OffsetsDoNotScaleWithThePagesOfTheMap) {
  Features f = everything();
  f.PAGESIZE = true;
  f.NUMPAGENDXB = 4;
  expect_map(f, "64 KiB pages");
}

TEST(RegisterTable, FirstAndLastBankAreInTheUpperHalfForEverySizeOfTheMap) {
  for (unsigned PAGESIZE = 0; PAGESIZE < 2; ++PAGESIZE) {
    for (unsigned n = 0; n < 8; ++n) {
      Features f;
      f.PAGESIZE = PAGESIZE != 0;
      f.NUMPAGENDXB = static_cast<std::uint8_t>(n);
      f.NUMCB = static_cast<std::uint8_t>(std::min(2U << n, 128U));
      ASSERT_STREQ(f.problem(), nullptr);
      const Registers r(f);
      const std::uint32_t page = PAGESIZE != 0 ? 0x10000 : 0x1000;
      const std::uint32_t half = (2U << n) * page;
      EXPECT_EQ(r.file.locate(half)->index, 0U);
      EXPECT_EQ(r.file.locate(half)->id, SMMU_CBn_SCTLR);
      EXPECT_EQ(r.file.locate(half + (f.NUMCB - 1U) * page)->index, f.NUMCB - 1U);
      EXPECT_FALSE(r.file.locate(half + f.NUMCB * page));  // 8.3: RAZ/WI
    }
  }
}

TEST(RegisterTable, NamesAreTheSpecifications) {
  const Registers r(everything());
  EXPECT_EQ(r.file.name_at(0x000), "SMMU_sCR0");
  EXPECT_EQ(r.file.name_at(0x80c), "SMMU_SMR3");
  EXPECT_EQ(r.file.name_at(0xc04), "SMMU_S2CR1");
  EXPECT_EQ(r.file.name_at(0x1808), "SMMU_CBA2R2");
  EXPECT_EQ(r.file.name_at(0x400), "SMMU_NSCR0");
  EXPECT_EQ(Registers(smmuv1()).file.info(SMMU_CBn_TCR).name, std::string("SMMU_CBn_TTBCR"));  // 16.5.38
}

TEST(RegisterTable, EveryRowHasItsClause) {
  for (const RegisterInfo& row : register_table(everything())) {
    const std::string clause = row.clause;
    EXPECT_TRUE(clause.rfind("IHI 0062 ", 0) == 0 || clause.rfind("ARM DDI 0517 ", 0) == 0) << row.name;
  }
}

// ---- two Security states

TEST(RegisterTable, BankedRegistersHaveACopyForEachSecurityState) {
  // 9.1
  for (const Place& p :
       {Place{SMMU_sGFAR, 0x40, 8}, Place{SMMU_sGFSYNR0, 0x50, 4}, Place{SMMU_sGFSYNR1, 0x54, 4},
        Place{SMMU_sGPAR, 0x180, 8}, Place{SMMU_sCR0, 0x0, 4}}) {
    Registers r(two_states());
    r.file.set(p.id, 0x10, 0, Secure);
    r.file.set(p.id, 0x20, 0, NonSecure);
    EXPECT_EQ(r.read(p.offset, Secure), 0x10U) << std::hex << p.offset;
    EXPECT_EQ(r.read(p.offset, NonSecure), 0x20U) << std::hex << p.offset;
    EXPECT_EQ(r.read(p.offset + 0x400, Secure), 0x20U) << "9.3: the alias";
    EXPECT_EQ(r.read(p.offset + 0x400, NonSecure), 0U) << "the alias is for Secure accesses";
  }
}

TEST(RegisterTable, SecureOnlyRegistersAreHiddenFromNonSecureAccesses) {
  for (const RegisterInfo& row : register_table(everything())) {
    const std::string name = row.name;
    const bool secure = name == "SMMU_SCR1" || name.rfind("SMMU_STLBI", 0) == 0 ||
                        name.rfind("SMMU_NS", 0) == 0 || name == "SMMU_SSDRn";
    EXPECT_EQ(row.bank == SecurityBank::SecureOnly, secure) << name;
  }
}

TEST(RegisterTable, WithOneSecurityStateThereAreNoCopiesAliasesOrSecureRegisters) {
  for (const RegisterInfo& row : register_table(Features{})) {
    EXPECT_EQ(row.bank, SecurityBank::Common) << row.name;
    EXPECT_EQ(std::string(row.name).rfind("SMMU_NS", 0), std::string::npos) << row.name;
  }
  Registers r{Features{}};
  EXPECT_EQ(r.write_ones(0x4, Secure), 0U) << "SCR1 is RAZ/WI";
}

TEST(RegisterTable, AnAliasIsWrittenAsTheNonSecureCopyIs) {
  Registers r(two_states());
  const std::uint64_t written = r.write_ones(0x400, Secure);
  EXPECT_EQ(written, 0x8fffffffU);
  EXPECT_EQ(r.read(0x0, NonSecure), written);
  EXPECT_EQ(r.read(0x0, Secure), 1U) << "the Secure copy is as reset left it";
  r.file.set(SMMU_sGFSR, 0x8000000f, 0, NonSecure);
  r.file.write(0x448, 4, Secure, 0x80000001);
  EXPECT_EQ(r.read(0x48, NonSecure), 0xeU);
}

TEST(RegisterTable, OnlySecureSoftwareWritesAnSsdIndex) {
  Registers r(two_states());  // 9.6.18: 8 bits of SSD_Index
  EXPECT_EQ(r.write_ones(0x54, NonSecure), 0xffffU);
  EXPECT_EQ(r.write_ones(0x54, Secure), 0x00ffffffU);
  EXPECT_EQ(r.write_ones(0x454, Secure), 0x00ffffffU);
}

// ---- bits that writes reach

TEST(RegisterTable, Cr0HasTheBitsOfItsSecurityState) {
  Registers r(two_states());
  EXPECT_EQ(r.write_ones(0x0, NonSecure), 0x8fffffffU);  // 9.6.3: without HYPMODE
  EXPECT_EQ(r.write_ones(0x0, Secure), 0x3ffff7ffU);
}

TEST(RegisterTable, Cr0LacksWhatIsNotBuilt) {
  Features f = two_states();
  f.VMID16S = f.EXIDS = f.stalls = f.STALLD = f.GSE = f.CAF = false;
  f.SMCFCFG = FixedBit::one;
  Registers r(f);
  EXPECT_EQ(r.write_ones(0x0, NonSecure), 0x0ffffcc7U);
  r.file.write(0x0, 4, NonSecure, 0);
  EXPECT_EQ(r.read(0x0, NonSecure), 1U << 21) << "SMCFCFG is fixed";
}

TEST(RegisterTable, Scr1HasTheBitsThatCount) {
  // 9.6.24; NSNUMIRPTO is fixed, and GEFRO 0 where clients are told of aborts (3.10)
  EXPECT_EQ(Registers(two_states()).write_ones(0x4, Secure), 0x1d01ffffU);
  Features f = two_states();
  f.NUMIRPT = 8;
  f.CAF = false;
  f.SCR1_GEFRO = FixedBit::programmable;
  EXPECT_EQ(Registers(f).write_ones(0x4, Secure), 0x0fffffffU);
  f.NSNUMCBO_fixed = true;
  f.SCR1_GEFRO = FixedBit::zero;
  EXPECT_EQ(Registers(f).write_ones(0x4, Secure), 0x0d08ff20U);
}

// 3.10, note: where aborts are told to clients, EF, GEFRO and NSSTATE are RAZ/WI; NSSTATE is of configuration
// access faults too (3.9).
TEST(RegisterTable, ExternalFaultsHaveNoBitsUnlessTheyAreRecorded) {
  for (const bool EF : {false, true}) {
    for (const bool CAF : {false, true}) {
      Features f = two_states();
      f.EF = EF;
      f.CAF = CAF;
      Registers r(f);
      for (const AccessSecurity side : {NonSecure, Secure}) {
        r.file.set(SMMU_sGFSR, 0, 0, side);
        EXPECT_EQ(r.file.policy(SMMU_sGFSR, 0, side).write_mask >> 6 & 1, EF ? 1U : 0U);
      }
      EXPECT_EQ(r.write_ones(0x50, Secure) >> 4 & 1, EF || CAF ? 1U : 0U);
      EXPECT_EQ(r.write_ones(0x50, NonSecure) >> 4 & 1, 0U);
    }
  }
}

TEST(RegisterTable, StreamMappingRegistersHaveTheBitsOfAllTheirFormats) {
  Features f = two_states();
  EXPECT_EQ(Registers(f).write_ones(0x800), 0xffffffffU);  // 9.6.25
  EXPECT_EQ(Registers(f).write_ones(0xc00), 0x3fffffffU);  // 9.6.23
  f.SES = false;
  f.SSDTP = 0;
  f.EXIDS = false;
  f.NUMSIDB = 7;
  f.CBNDX_bits = 5;
  EXPECT_EQ(Registers(f).write_ones(0x800), 0x807f007fU);
  EXPECT_EQ(Registers(f).write_ones(0xc00), 0x3ff3fb1fU);
  f.SMS = false;
  EXPECT_EQ(Registers(f).write_ones(0x800), 0U) << "9.6.25: RAZ/WI with stream indexing";
  EXPECT_EQ(Registers(f).write_ones(0xc00), 0x3ff3fb1fU);
  f.SMS = true;
  f.NUMSIDB = 0;
  EXPECT_EQ(Registers(f).write_ones(0x800), 0x80000000U) << "a StreamID of no bits";
}

TEST(RegisterTable, BankAttributesHaveTheBitsOfAllTheirFormats) {
  Features f = two_states();
  EXPECT_EQ(Registers(f).write_ones(0x1000), 0x00ffffffU);  // 10.2.1; interrupts are the banks' own
  EXPECT_EQ(Registers(f).write_ones(0x1800), 0xffff0003U);  // 10.2.2
  f.NUMIRPT = 8;
  f.VMID16S = false;
  EXPECT_EQ(Registers(f).write_ones(0x1000), 0xffffffffU);
  EXPECT_EQ(Registers(f).write_ones(0x1800), 0x3U);
  f.PTFS = 2;
  Registers r(f);
  EXPECT_EQ(r.read(0x1800), 1U) << "VA64 is RAO";
  EXPECT_EQ(r.write_ones(0x1800), 0x3U);
  r.file.write(0x1800, 4, NonSecure, 0);
  EXPECT_EQ(r.read(0x1800), 1U);
}

TEST(RegisterTable, TheTypeOfABankOfOneStageMayBeFixed) {
  Features f = stage2_alone();
  f.CBFIXED = true;
  EXPECT_EQ(Registers(f).write_ones(0x1000), 0xffU);
  f = Features{};
  f.S2TS = f.NTS = false;
  f.CBFIXED = true;
  EXPECT_EQ(Registers(f).write_ones(0x1000), 0x00fdffffU);
  EXPECT_EQ(Registers(f).read(0x1000), 0x00010000U);
}

TEST(RegisterTable, ABankHasTheBitsOfBothStages) {
  const Features f = two_states();
  const std::uint32_t base = f.window_bytes() / 2;
  Registers r(f);
  EXPECT_EQ(r.write_ones(base + 0x00), 0x7ffff7ffU);                        // SCTLR
  EXPECT_EQ(r.write_ones(base + 0x04), 0U);                                 // ACTLR
  EXPECT_EQ(r.write_ones(base + 0x10), 0x4003cf77U);                        // TCR2
  EXPECT_EQ(r.write_ones(base + 0x20, NonSecure, 8), ~std::uint64_t{0});    // TTBR0
  EXPECT_EQ(r.write_ones(base + 0x28, NonSecure, 8), ~std::uint64_t{0});    // TTBR1
  EXPECT_EQ(r.write_ones(base + 0x30), 0xffffffffU);                        // TCR
  EXPECT_EQ(r.write_ones(base + 0x34), 0xffffffffU);                        // CONTEXTIDR
  EXPECT_EQ(r.write_ones(base + 0x38), 0xffffffffU);                        // PRRR, MAIR0
  EXPECT_EQ(r.write_ones(base + 0x3c), 0xffffffffU);                        // NMRR, MAIR1
  EXPECT_EQ(r.write_ones(base + 0x50, NonSecure, 8), 0xff00ffffffffffffU);  // PAR
  EXPECT_EQ(r.write_ones(base + 0x60, NonSecure, 8), 0x0001ffffffffffffU);  // FAR: UBS
  EXPECT_EQ(r.write_ones(base + 0x68), 0x00ff0f7fU);                        // FSYNR0
  EXPECT_EQ(r.write_ones(base + 0x70, NonSecure, 8), 0x0001ffffffffffffU);  // IPAFAR
  for (std::uint32_t at : {0x08, 0x5c, 0x600, 0x610, 0x618, 0x7f0, 0x800}) {
    EXPECT_EQ(r.write_ones(base + at), 0U) << "reads of operations give 0, " << std::hex << at;
  }
  EXPECT_EQ(r.write_ones(base + 0x7f4), 0U) << "TLBSTATUS";
}

TEST(RegisterTable, ABankLacksWhatIsNotBuilt) {
  Features f = stage2_alone();
  f.UBS = f.IAS = f.OAS = 40;
  f.stalls = f.STALLD = f.GSE = f.HADS = false;
  f.HAFDBS = 0;
  const std::uint32_t base = f.window_bytes() / 2;
  Registers r(f);
  EXPECT_EQ(r.write_ones(base + 0x00), 0x0fefc17fU);                        // SCTLR
  EXPECT_EQ(r.write_ones(base + 0x10), 0U);                                 // TCR2
  EXPECT_EQ(r.write_ones(base + 0x20, NonSecure, 8), 0x000000ffffffffffU);  // TTBR0
  EXPECT_EQ(r.write_ones(base + 0x28, NonSecure, 8), 0U);                   // TTBR1
  EXPECT_EQ(r.write_ones(base + 0x30), 0x0007ffffU);                        // TCR: EAE is no storage
  EXPECT_EQ(r.write_ones(base + 0x34), 0U);                                 // CONTEXTIDR
  EXPECT_EQ(r.write_ones(base + 0x50, NonSecure, 8), 0U);                   // PAR
  EXPECT_EQ(r.write_ones(base + 0x60, NonSecure, 8), 0x000000ffffffffffU);  // FAR
  EXPECT_EQ(r.read(base + 0x70, NonSecure, 8), 0x000000ffffffffffU) << "17.3.2: IPAFAR shows FAR";
  r.file.write(base + 0x70, 8, NonSecure, 0);
  EXPECT_EQ(r.read(base + 0x60, NonSecure, 8), 0x000000ffffffffffU) << "and is read-only";
}

TEST(RegisterTable, ABankForStage2AloneHasNoRegistersOfStage1) {
  Features f;
  f.NUMS2CB = 2;
  Registers r(f);
  const std::uint32_t base = f.window_bytes() / 2;
  for (std::uint32_t n = 0; n < 3; ++n) {
    for (std::uint32_t at : {0x10, 0x28, 0x34, 0x38, 0x3c, 0x50}) {  // 17.1
      EXPECT_EQ(r.write_ones(base + n * 0x1000 + at) != 0, n == 2) << n << ", " << std::hex << at;
    }
    EXPECT_NE(r.write_ones(base + n * 0x1000 + 0x20), 0U) << "TTBR0";
  }
}

TEST(RegisterTable, TranslationOperationsThatAreAbsentAreRazWi) {
  Features f;
  f.ATOSNS = true;
  Registers r(f);
  EXPECT_EQ(r.write_ones(0x180, NonSecure, 8), 0U);  // GPAR
  EXPECT_EQ(r.file.info(SMMU_sGATS1PR).access, Access::RO);
  EXPECT_EQ(r.file.info(SMMU_CBn_ATS1PR).access, Access::RO);
  EXPECT_EQ(r.write_ones(f.window_bytes() / 2 + 0x50, NonSecure, 8), 0U);  // PAR
}

TEST(RegisterTable, Smmuv1HasNoneOfWhatSmmuv2Brought) {
  Features f = smmuv1();
  f.SES = true;
  Registers r(f);
  for (const Reg id :
       {SMMU_STLBIVALM, SMMU_STLBIVAM, SMMU_TLBIVALH64, SMMU_TLBIVMIDS1, SMMU_STLBIALLM, SMMU_TLBIVAH64,
        SMMU_CBn_TLBIIPAS2, SMMU_CBn_TLBIIPAS2L, SMMU_CBn_TCR2, SMMU_CBA2Rn, SMMU_CBn_IPAFAR}) {
    EXPECT_EQ(r.file.info(id).write_mask, 0U) << r.file.info(id).name;
    EXPECT_EQ(r.file.info(id).access, Access::RO) << r.file.info(id).name;
  }
  const std::uint32_t base = f.window_bytes() / 2;
  EXPECT_EQ(r.write_ones(base + 0x30), 0xffc77fffU & ~0U) << "TTBCR has no field of AArch64";
  r.file.set(SMMU_CBn_FSR, 0x800001fe);
  r.file.write(base + 0x58, 4, NonSecure, 0xffffffff);
  EXPECT_EQ(r.read(base + 0x58), 0x180U) << "ASF and UUT are reserved";
}

TEST(RegisterTable, FaultStatusIsClearedBitByBitAndSsAndFormatAreNot) {
  Features f;
  Registers r(f);
  const std::uint32_t FSR = f.window_bytes() / 2 + 0x58;
  r.file.set(SMMU_CBn_FSR, 0xc00007fe);
  r.file.write(FSR, 4, NonSecure, 0x2);
  EXPECT_EQ(r.read(FSR), 0xc00007fcU);
  r.file.write(FSR, 4, NonSecure, 0xffffffff);
  EXPECT_EQ(r.read(FSR), 0x40000600U);
  r.file.set(SMMU_sGFSR, 0x8000016f);
  r.file.write(0x48, 4, NonSecure, 0x1);
  EXPECT_EQ(r.read(0x48), 0x8000016eU);
}

TEST(RegisterTable, UnimplementedContextInterruptsFaultOnlyWhereTheyAreAssigned) {
  Features f;
  Registers own(f);
  own.file.set(SMMU_sGFSR, 0x10);
  EXPECT_EQ(own.write_ones(0x48), 0x10U) << "3.6.2: there is no such fault, nor a bit to clear";
  f.NUMIRPT = 4;
  Registers assigned(f);
  assigned.file.set(SMMU_sGFSR, 0x10);
  EXPECT_EQ(assigned.write_ones(0x48), 0U);
}

TEST(RegisterTable, MonitorsSayHowManyTheyAre) {
  Features f;
  f.counter_groups = 3;
  f.CGNC = 15;
  Registers r(f);
  EXPECT_EQ(r.read(0x3e00), 2U << 24 | 31U << 8 | 44U);  // PMCFGR
  EXPECT_EQ(r.read(0x3800), 15U << 24);                  // PMCGCR0
  EXPECT_EQ(r.write_ones(0x3800), 0x0f000fffU);
  EXPECT_EQ(r.read(0x3e20), 0x70703U);  // PMCEID0
  EXPECT_EQ(r.read(0x3fcc), 0x56U);     // PMDEVTYPE
  EXPECT_EQ(r.write_ones(0x3c00), 0xffffffffU);
  EXPECT_EQ(r.write_ones(0x3c04), 0x1fffU) << "45 counters";
  EXPECT_EQ(r.write_ones(0x3000), 0xffffffffU);
  EXPECT_EQ(r.write_ones(0x3400), 0xf000ffffU);
  EXPECT_EQ(r.write_ones(0x3e04), 0x1U) << "PMCR.P reads as 0";
}

TEST(RegisterTable, TheSsdTableHasABitForEachIndex) {
  Features f = two_states();
  Registers r(f);
  EXPECT_EQ(r.file.info(SMMU_SSDRn).count, 8U);
  EXPECT_EQ(r.read(0x4000, Secure), 0xffffffffU) << "resets to Non-secure here";
  EXPECT_EQ(r.read(0x4000, NonSecure), 0U);
  f.NUMSSDNDXB = 3;
  f.SSDR_non_secure = false;
  Registers small(f);
  EXPECT_EQ(small.read(0x4000, Secure), 0U);
  EXPECT_EQ(small.write_ones(0x4000, Secure), 0xffU);
}

}  // namespace
}  // namespace smmuvp::smmuv2
