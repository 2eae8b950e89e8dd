// What the guest's Adreno driver makes of registers: faults (IHI 0062 16.5.9, 16.5.10), errors and addresses
// (docs/adreno.md).
#include <gtest/gtest.h>

#include <string>
#include <vector>

extern "C" {
#include <adreno-smmu.h>
#include <msm-decode.h>
}

namespace {

msm_fault decode(u32 fsr, u32 fsynr0 = 0, u64 far = 0, u64 ttbr0 = 0) {
  adreno_smmu_fault regs{};
  regs.fsr = fsr;
  regs.fsynr0 = fsynr0;
  regs.far = far;
  regs.ttbr0 = ttbr0;
  msm_fault fault{};
  msm_decode_fault(&regs, &fault);
  return fault;
}

TEST(Address, HasItsSignInAllBitsFrom48On) {
  EXPECT_EQ(msm_canonical(0x0001000000006800), 0xffff000000006800u);
  EXPECT_EQ(msm_canonical(0xffff000000006800), 0xffff000000006800u);
  EXPECT_EQ(msm_canonical(0x0000ffffffffffff), 0x0000ffffffffffffu);
  EXPECT_EQ(msm_canonical(0xfffe000000001000), 0x0000000000001000u) << "bits 63:49 are ignored";
}

TEST(Fault, NamesWhatRefusedIt) {
  EXPECT_STREQ(decode(1u << 1).why, "not mapped");
  EXPECT_STREQ(decode(1u << 2).why, "without Access flag");
  EXPECT_STREQ(decode(1u << 3).why, "not permitted");
  EXPECT_STREQ(decode(1u << 4).why, "a table could not be read");
  EXPECT_STREQ(decode(1u << 7).why, "beyond the address size");
  EXPECT_STREQ(decode(1u << 31).why, "unknown");
}

TEST(Fault, IsToRepairOnlyWhereNothingIsMapped) {
  for (unsigned bit = 0; bit < 32; ++bit) EXPECT_EQ(decode(1u << bit).missing, bit == 1) << bit;
}

TEST(Fault, KnowsTheProcessByTheTagInTtbr0) {
  const msm_fault f = decode(1u << 1 | 1u << 30, 1u << 4, 0x7fff12345678, 0x01fe0000deadb000);
  EXPECT_EQ(f.asid, 0x1feu);
  EXPECT_EQ(f.ttbr0, 0xdeadb000u);
  EXPECT_EQ(f.addr, 0x7fff12345678u);
  EXPECT_EQ(f.fsr, 0x40000002u);
  EXPECT_EQ(f.fsynr0, 0x10u);
  EXPECT_TRUE(f.write && f.stalled && !f.priv && !f.kernel);
}

TEST(Fault, KnowsTheKernelsHalfAndItsAccesses) {
  const msm_fault f = decode(1u << 3, 1u << 5, 0x0001000000001000);
  EXPECT_TRUE(f.kernel && f.priv && !f.write && !f.stalled);
  EXPECT_EQ(f.addr, 0xffff000000001000u);
}

TEST(Error, StopsTheGpuUnlessItIsOfDataAlone) {
  struct Row {
    u32 interrupt, cp, hw_fault;
    bool stopped;
    const char* why;
  };
  const std::vector<Row> rows = {
      {0, 0, 0, false, nullptr},
      {1u << 20, 0, 0, false, nullptr},
      {1u << 9, 1u << 0, 0, true, "bad packet"},
      {1u << 9, 1u << 4, 0, true, "protected register"},
      {1u << 9, 1u << 5, 0, true, "SMMU registers"},
      {1u << 1, 0, 0, true, "SMMU registers"},
      {1u << 9, 1u << 2, 0, false, "memory access"},
      {1u << 9, 1u << 2, 1u << 0, false, "memory access"},
      {1u << 9, 1u << 2, 1u << 1, true, "packets could not be read"},
      {1u << 23, 0, 0, true, "hang"},
      // What came with it: the worst counts, and a stale CP_INTERRUPT_STATUS does not.
      {1u << 9 | 1u << 23, 1u << 0 | 1u << 2, 0, true, "bad packet"},
      {1u << 20, 1u << 0, 0, false, nullptr},
  };
  for (const Row& row : rows) {
    msm_error e{};
    e.int_status = row.interrupt;
    e.interrupt_status = row.cp;
    e.hw_fault = row.hw_fault;
    msm_decode_error(&e);
    EXPECT_EQ(e.stopped, row.stopped) << std::hex << row.interrupt << ' ' << row.cp;
    if (row.why == nullptr)
      EXPECT_EQ(e.why, nullptr);
    else
      EXPECT_STREQ(e.why, row.why);
  }
}

}  // namespace
