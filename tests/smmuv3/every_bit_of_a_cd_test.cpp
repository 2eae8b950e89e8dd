// Each bit of a valid CD, turned over. The table is written from IHI 0070 5.4, field by field; it knows no
// field of the model's.
#include <gtest/gtest.h>

#include "every_bit.h"

namespace smmuvp::smmuv3 {
namespace {

struct CdRow {
  const char* what;
  unsigned high, low;
  Effect el1, el2;  ///< of StreamWorlds NS-EL1 and NS-EL2
};

constexpr CdRow cd_rows[] = {
    {"T0SZ: 25, then 24, 27, 29, 17", 3, 0, acts, acts},
    {"T0SZ: 25, then 9, 57", 5, 4, illegal, illegal},
    {"TG0: 64 and 16 KiB are not there", 7, 6, illegal, illegal},
    {"IR0, OR0, SH0", 13, 8, acts, acts},
    {"EPD0", 14, 14, acts, same},
    {"ENDI", 15, 15, acts, acts},
    {"T1SZ: 25, then 24, 27, 29, 17", 19, 16, acts, same},
    {"T1SZ: 25, then 9, 57", 21, 20, illegal, same},
    {"TG1: 64 KiB is not there, 0b00 is Reserved", 23, 22, illegal, same},
    {"IR1, OR1, SH1", 29, 24, acts, same},
    {"EPD1", 30, 30, acts, same},
    {"V", 31, 31, illegal, illegal},
    {"IPS: 44 bits, then 48 and 52, capped at OAS", 33, 32, same, same},
    {"IPS: 44 bits, then 32", 34, 34, acts, acts},
    {"AFFD", 35, 35, acts, acts},
    {"WXN", 36, 36, acts, acts},
    {"UWXN: VMSAv8-32", 37, 37, same, same},
    {"TBI0", 38, 38, acts, acts},
    {"TBI1", 39, 39, acts, same},
    {"PAN", 40, 40, acts, same},
    {"AA64: no VMSAv8-32", 41, 41, illegal, illegal},
    {"HD, HA: IDR0.HTTU is 0", 43, 42, illegal, illegal},
    {"S: STALL_MODEL is 0b01", 44, 44, illegal, illegal},
    {"R", 45, 45, acts, acts},
    {"A", 46, 46, acts, acts},
    {"ASET", 47, 47, acts, same},
    {"ASID", 63, 48, acts, same},
    {"NSCFG0: Secure streams", 64, 64, same, same},
    {"HAD0", 65, 65, acts, acts},
    {"E0PD0, HAFT: IDR3.E0PD is 0, HTTU is not 0b11", 67, 66, same, same},
    {"TTB0[11:4]: a table is aligned to its size", 75, 68, same, same},
    {"TTB0", 107, 76, acts, acts},
    {"TTB0 beyond IPS", 115, 108, illegal, illegal},
    {"RES0 without VMSAv9-128, PnCH, EPAN, HWU0xx", 127, 116, same, same},
    {"NSCFG1: Secure streams", 128, 128, same, same},
    {"HAD1", 129, 129, acts, same},
    {"E0PD1, AIE: IDR3.E0PD and AIE are 0", 131, 130, same, same},
    {"TTB1[11:4]: a table is aligned to its size", 139, 132, same, same},
    {"TTB1", 171, 140, acts, same},
    {"TTB1 beyond IPS", 179, 172, illegal, same},
    {"RES0 without VMSAv9-128, DS, PIE, HWU1xx", 191, 180, same, same},
    {"MAIR", 255, 192, acts, acts},
    {"AMAIR, IMPLEMENTATION DEFINED, PARTID, PMG, PIIU, PIIP", 511, 256, same, same},
};

// With MPAM and STE.S1MPAM: PARTID 5 and PMG 3. Values beyond the maxima are 0.
constexpr CdRow mpam_rows[] = {{"PARTID", 367, 352, acts, acts}, {"PMG", 375, 368, acts, acts}};

class EveryBitOfACd : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr std::uint32_t sid = 1;
  static constexpr std::uint64_t low = 0x4000;
  static constexpr std::uint64_t high = 0xffff'ffff'ffc0'0000ULL;
  static constexpr std::uint64_t far = 0x7f'0000'0000;  // of 39 bits of address

  bool el2() const { return GetParam(); }

  Structure make(World& w) const {
    pgtable::Builder& b = w.space();
    for (const std::uint64_t base : {low, high}) {
      pgtable::Mapping m;
      for (unsigned i = 0; i < 8; ++i) {
        m.AttrIndx = static_cast<std::uint8_t>(i);
        EXPECT_TRUE(b.map(base + 0x1000ULL * i, 0x9'8000'0000 + 0x1000ULL * i, 0x1000, m));
      }
      m = {};
      m.accessed = false;
      EXPECT_TRUE(b.map(base + 0x8000, 0x9'8000'8000, 0x1000, m));
      m = {};
      m.nG = false;
      EXPECT_TRUE(b.map(base + 0x9000, 0x9'8000'9000, 0x1000, m));
      m = {};
      m.unprivileged = false;
      m.privileged_execute = m.unprivileged_execute = true;
      EXPECT_TRUE(b.map(base + 0xa000, 0x9'8000'a000, 0x1000, m));
      // Below a table that forbids writes
      EXPECT_TRUE(b.map(base + 0x20'0000, 0x9'8020'0000, 0x1000));
      const std::uint64_t table = b.descriptor_address(base + 0x20'0000, 2).value_or(0);
      w.memory.write(table, w.memory.read(table, 8) | 1ULL << 62);
    }
    EXPECT_TRUE(b.map(far, 0x9'9000'0000, 0x1000));
    Structure cd = cd_for(b.config(), 1);
    cd.words[3] = ~0ULL;
    return cd;
  }
  std::vector<AccessRequest> accesses() const {
    std::vector<AccessRequest> all;
    const auto add = [&all](std::uint64_t address) -> AccessRequest& {
      all.push_back(World::request(sid, address));
      return all.back();
    };
    for (const std::uint64_t base : {low, high}) {
      for (unsigned i = 0; i < 10; ++i) add(base + 0x1000ULL * i);
      add(base).privileged = true;
      AccessRequest& fetch = add(base + 0xa000);
      fetch.privileged = fetch.instruction = true;
      add(base + 0x20'0000).kind = smmu::AccessKind::write;
      add(base ^ 1ULL << 60);  // a tag
    }
    add(far);
    add(0x80'0000'0000);  // beyond 39 bits, of either range
    add(~0x80'0000'0fffULL);
    return all;
  }
  std::string see(unsigned bit, bool mpam = false) const {
    Features f;
    f.Hyp = true;
    World w(mpam ? add_mpam(f) : f);
    w.start();
    Structure cd = make(w);
    if (mpam) cd.set(352, 16, 5).set(368, 8, 3);
    if (bit < 512) cd.words[bit / 64] ^= 1ULL << (bit % 64);
    w.put(World::cd_address(sid), cd);
    w.put_ste(sid, ste_stage1(World::cd_address(sid)).set(94, 2, el2() ? 2 : 0).set(90, 1, mpam));
    return seen(w, accesses());
  }
  void check(const CdRow& row, const std::string& before, bool mpam = false) const {
    for (unsigned bit = row.low; bit <= row.high; ++bit) {
      SCOPED_TRACE(::testing::Message() << (el2() ? "EL2" : "EL1") << ", bit " << bit << ", " << row.what);
      const std::string after = see(bit, mpam);
      const bool bad = has_event(after, 0x0a, sid);
      switch (el2() ? row.el2 : row.el1) {
        case same:
          EXPECT_EQ(after, before);
          break;
        case acts:
          EXPECT_NE(after, before);
          EXPECT_FALSE(bad);
          break;
        default:
          EXPECT_TRUE(bad);
          break;
      }
    }
  }
};

TEST_P(EveryBitOfACd, DoesWhatItsFieldSays) {
  const std::string before = see(512);
  ASSERT_FALSE(has_event(before, 0x0a, sid)) << before;
  unsigned next = 0;
  for (const CdRow& row : cd_rows) {
    ASSERT_EQ(row.low, next) << row.what << ": each bit is in one row";
    next = row.high + 1;
    check(row, before);
  }
  EXPECT_EQ(next, 512U);
}

TEST_P(EveryBitOfACd, OfMpamDoesWhatItsFieldSays) {
  const std::string before = see(512, true);
  ASSERT_FALSE(has_event(before, 0x0a, sid)) << before;
  for (const CdRow& row : mpam_rows) check(row, before, true);
}
INSTANTIATE_TEST_SUITE_P(StreamWorlds, EveryBitOfACd, ::testing::Bool());

}  // namespace
}  // namespace smmuvp::smmuv3
