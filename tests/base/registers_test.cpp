#include "smmuvp/base/registers.h"

#include <gtest/gtest.h>

namespace smmuvp {
namespace {

enum Reg : std::uint16_t { ID, CTRL, STATUS, BASE, CMD, ACK, BANKED, SECRET, ARRAY };

std::vector<RegisterInfo> table() {
  std::vector<RegisterInfo> t = {
      {ID, "ID", 0x0, 4, Access::RO, 0x1234, 0, "c"},
      {CTRL, "CTRL", 0x4, 4, Access::RW, 0, 0x3, "c"},
      {STATUS, "STATUS", 0x8, 4, Access::W1C, 0xf, 0x7, "c"},
      {BASE, "BASE", 0x10, 8, Access::RW, 0, 0xfffffffffffff000, "c"},
      {CMD, "CMD", 0x18, 4, Access::WO, 0, 0xffffffff, "c"},
      {ACK, "ACK", 0x1c, 4, Access::AckMirror, 0, 0, "c"},
      {BANKED, "BANKED", 0x20, 4, Access::RW, 5, 0xff, "c", SecurityBank::Banked},
      {SECRET, "SECRET", 0x24, 4, Access::RW, 9, 0xff, "c", SecurityBank::SecureOnly},
      {ARRAY, "ARRAYn", 0x40, 4, Access::RW, 0, 0xffffffff, "c", SecurityBank::Common, 4, 8},
  };
  t[3].guard = CTRL;
  t[3].guard_mask = 1;
  return t;
}

struct Device : RegisterObserver {
  RegisterFile file{table(), *this};
  std::vector<std::string> log;
  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity,
                              std::uint64_t stored) override {
    log.push_back("r" + std::to_string(id) + "." + std::to_string(index));
    return stored;
  }
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity, std::uint64_t, std::uint64_t,
                        std::uint64_t, std::uint64_t) override {
    log.push_back("w" + std::to_string(id) + "." + std::to_string(index));
  }
  void register_write_ignored(std::uint16_t id, std::uint32_t) override {
    log.push_back("i" + std::to_string(id));
  }
  std::uint64_t read(std::uint32_t offset, unsigned n = 4, AccessSecurity s = AccessSecurity::NonSecure) {
    std::uint64_t v = 0;
    file.read(offset, n, s, v);
    return v;
  }
  RegisterHit write(std::uint32_t offset, std::uint64_t v, unsigned n = 4,
                    AccessSecurity s = AccessSecurity::NonSecure) {
    return file.write(offset, n, s, v);
  }
};

TEST(RegisterFile, ReadOnlyIgnoresWrites) {
  Device d;
  d.write(0, 0xffffffff);
  EXPECT_EQ(d.read(0), 0x1234U);
}

TEST(RegisterFile, OnlyBitsOfTheWriteMaskAreWritten) {
  Device d;
  d.write(4, 0xffffffff);
  EXPECT_EQ(d.read(4), 0x3U);
}

TEST(RegisterFile, WriteOneToClearClearsOnlyWhatIsWrittenAsOne) {
  Device d;
  d.write(8, 0x9);
  EXPECT_EQ(d.read(8), 0xeU);  // bit 3 is not clearable
}

TEST(RegisterFile, AWriteOnlyRegisterReadsZeroAndTheDeviceSeesIt) {
  Device d;
  d.write(0x18, 7);
  EXPECT_EQ(d.read(0x18), 0U);
  EXPECT_EQ(d.file.get(CMD), 7U);
}

TEST(RegisterFile, AnAckRegisterChangesOnlyByTheDevice) {
  Device d;
  d.write(0x1c, 1);
  EXPECT_EQ(d.read(0x1c), 0U);
  d.file.set(ACK, 1);
  EXPECT_EQ(d.read(0x1c), 1U);
}

TEST(RegisterFile, AGuardedRegisterIgnoresWritesWhileEnabled) {
  Device d;
  d.write(0x10, 0x5000, 8);
  d.write(4, 1);
  d.log.clear();
  d.write(0x10, 0x6000, 8);
  EXPECT_EQ(d.log, std::vector<std::string>{"i3"});
  EXPECT_EQ(d.read(0x10, 8), 0x5000U);
}

TEST(RegisterFile, A64BitRegisterTakesTwoHalves) {
  Device d;
  d.write(0x10, 0x89abc000);
  d.write(0x14, 0x1);
  EXPECT_EQ(d.read(0x10, 8), 0x189abc000U);
  EXPECT_EQ(d.read(0x14), 1U);
}

TEST(RegisterFile, AWideAccessReachesTwoRegistersLowFirst) {
  Device d;
  EXPECT_EQ(d.write(0, 0x2'ffffffff, 8), RegisterHit::Hit);
  EXPECT_EQ(d.log, std::vector<std::string>{"w1.0"});
  EXPECT_EQ(d.read(0, 8), 0x2'00001234U);
}

TEST(RegisterFile, ANarrowAccessReachesItsBytesOnly) {
  Device d;
  d.write(0x40, 0x11223344);
  d.write(0x41, 0xaa, 1);
  EXPECT_EQ(d.read(0x40), 0x1122aa44U);
  EXPECT_EQ(d.read(0x42, 2), 0x1122U);
}

TEST(RegisterFile, BanksAreApartAndSecureOnlyIsHiddenFromNonSecure) {
  Device d;
  d.write(0x20, 1, 4, AccessSecurity::Secure);
  d.write(0x20, 2, 4, AccessSecurity::NonSecure);
  EXPECT_EQ(d.read(0x20, 4, AccessSecurity::Secure), 1U);
  EXPECT_EQ(d.read(0x20, 4, AccessSecurity::NonSecure), 2U);
  d.write(0x24, 1, 4, AccessSecurity::NonSecure);
  EXPECT_EQ(d.read(0x24, 4, AccessSecurity::NonSecure), 0U);
  EXPECT_EQ(d.read(0x24, 4, AccessSecurity::Secure), 9U);
}

TEST(RegisterFile, ArraysHaveStridesAndNames) {
  Device d;
  d.write(0x50, 5);
  EXPECT_EQ(d.log, std::vector<std::string>{"w8.2"});
  EXPECT_EQ(d.file.name_at(0x50), "ARRAY2");
  EXPECT_EQ(d.write(0x54, 5), RegisterHit::Unmapped);
}

TEST(RegisterFile, AnIndexStandsWhereTheNameHasIt) {
  RegisterObserver observer;
  const RegisterFile banks(
      {{0, "CBn_FSR", 0x58, 4, Access::RW, 0, 0xffffffff, "c", SecurityBank::Common, 12, 0x1000}}, observer);
  EXPECT_EQ(banks.name_at(0xb058), "CB11_FSR");
  const RegisterFile bank({{0, "CBn_FSR", 0x58, 4, Access::RW, 0, 0xffffffff, "c"}}, observer);
  EXPECT_EQ(bank.name_at(0x58), "CB0_FSR") << "of one alone";
  const RegisterFile pair(
      {{0, "CBn_PRRR/CBn_MAIR0", 0x38, 4, Access::RW, 0, 0xffffffff, "c", SecurityBank::Common, 12, 0x1000}},
      observer);
  EXPECT_EQ(pair.name_at(0xb038), "CB11_PRRR/CB11_MAIR0") << "of two that share an offset";
}

TEST(RegisterFile, UnmappedAndMisalignedAccessesReadZeroAndChangeNothing) {
  Device d;
  EXPECT_EQ(d.write(0x1000, 1), RegisterHit::Unmapped);
  EXPECT_EQ(d.write(0x5, 1, 4), RegisterHit::Unmapped);
  EXPECT_EQ(d.write(0x4, 1, 3), RegisterHit::Unmapped);
  EXPECT_EQ(d.read(0xfffffffc, 4), 0U);
  EXPECT_TRUE(d.log.empty());
}

TEST(RegisterFile, PeekHasNoSideEffect) {
  Device d;
  std::uint64_t v = 0;
  d.file.peek(0, 4, AccessSecurity::NonSecure, v);
  EXPECT_EQ(v, 0x1234U);
  EXPECT_TRUE(d.log.empty());
}

TEST(RegisterFile, EveryRegisterOfTheTableObeysItsPolicy) {
  for (const RegisterInfo& info : table()) {
    Device d;
    d.write(info.offset, ~0ULL, info.bytes, AccessSecurity::Secure);
    const std::uint64_t stored = d.file.get(info.id, 0, AccessSecurity::Secure);
    switch (info.access) {
      case Access::RO:
      case Access::AckMirror:
        EXPECT_EQ(stored, info.reset) << info.name;
        break;
      case Access::W1C:
        EXPECT_EQ(stored, info.reset & ~info.write_mask) << info.name;
        break;
      default:
        EXPECT_EQ(stored & ~info.write_mask, info.reset & ~info.write_mask) << info.name;
        EXPECT_EQ(stored & info.write_mask, info.write_mask) << info.name;
    }
  }
}

struct BadRow {
  RegisterInfo row;
  const char* text;
};
class ARowThat : public ::testing::TestWithParam<BadRow> {};

TEST_P(ARowThat, CannotBeIsRefusedByName) {
  Device d;
  auto t = table();
  t.push_back(GetParam().row);
  try {
    RegisterFile file(t, d);
    FAIL() << GetParam().text;
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), GetParam().text);
  }
}
constexpr std::uint16_t X = ARRAY + 1;
constexpr auto common = SecurityBank::Common;
RegisterInfo with_guard(RegisterInfo row, std::uint16_t guard) {
  row.guard = guard;
  return row;
}
INSTANTIATE_TEST_SUITE_P(
    Tables, ARowThat,
    ::testing::Values(
        BadRow{{X, "X", 0x4, 4, Access::RO, 0, 0, "c"},
               "registers CTRL at 0x4 and X at 0x4 overlap; give one of them another offset or stride"},
        BadRow{{X, "X", 0x14, 4, Access::RO, 0, 0, "c"},
               "registers BASE at 0x10 and X at 0x14 overlap; give one of them another offset or stride"},
        BadRow{{X, "Xn", 0x2c, 4, Access::RO, 0, 0, "c", common, 4, 0xc},
               "registers X3 at 0x50 and ARRAY2 at 0x50 overlap; give one of them another offset or stride"},
        BadRow{{X, "Xn", 0x100, 8, Access::RO, 0, 0, "c", common, 2, 4},
               "register Xn at 0x100 has elements 4 bytes apart; the stride must be a multiple of 8"},
        BadRow{{CTRL, "X", 0x100, 4, Access::RO, 0, 0, "c"},
               "register X at 0x100 has the id 1 of CTRL at 0x4; each row needs its own"},
        BadRow{{X, "X", 0x100, 3, Access::RO, 0, 0, "c"},
               "register X at 0x100 is 3 bytes wide; give it 4 or 8"},
        BadRow{{X, "X", 0x102, 4, Access::RO, 0, 0, "c"},
               "register X at 0x102 is not aligned to its width; its offset must be a multiple of 4"},
        BadRow{{X, "Xn", 0x100, 4, Access::RO, 0, 0, "c", common, 2, 6},
               "register Xn at 0x100 has elements 6 bytes apart; the stride must be a multiple of 4"},
        BadRow{{X, "Xn", 0x100, 4, Access::RO, 0, 0, "c", common, 0},
               "register Xn at 0x100 has no element; give it a count of 1 or more"},
        BadRow{{X, "Xn", 0x100, 4, Access::RO, 0, 0, "c", common, 0x10001, 0x10000},
               "register Xn at 0x100 ends at 0x100000104; offsets have 32 bits: lower its count or stride"},
        BadRow{with_guard({X, "X", 0x100, 4, Access::RO, 0, 0, "c"}, X + 1),
               "register X at 0x100 has the guard 10, which no row of the table has"}));

TEST(RegisterFile, AnOffsetIsLocatedByteByByte) {
  Device d;
  const auto at = d.file.locate(0x53);
  ASSERT_TRUE(at);
  EXPECT_EQ(at->id, ARRAY);
  EXPECT_EQ(at->index, 2U);
  EXPECT_EQ(at->offset, 3U);
  EXPECT_EQ(at->bytes, 4U);
  EXPECT_EQ(d.file.locate(0x17)->offset, 7U);
  EXPECT_EQ(d.file.locate(0x17)->bytes, 8U);
  for (std::uint32_t nothing : {0xcU, 0x54U, 0x1000U, 0xffff'ffffU}) EXPECT_FALSE(d.file.locate(nothing));
}

TEST(RegisterFile, ARegisterMayBeTheLastOf32BitsOfOffset) {
  Device d;
  RegisterFile file({{ID, "LAST", 0xffff'fff8, 8, Access::RW, 0, ~0ULL, "c"}}, d);
  EXPECT_EQ(file.write(0xffff'fffc, 4, AccessSecurity::NonSecure, 1), RegisterHit::Hit);
  EXPECT_EQ(file.get(ID), std::uint64_t{1} << 32);
}

TEST(RegisterFile, ATableMayBeEmpty) {
  Device d;
  RegisterFile file({}, d);
  std::uint64_t v = 1;
  EXPECT_EQ(file.read(0, 8, AccessSecurity::Secure, v), RegisterHit::Unmapped);
  EXPECT_EQ(v, 0U);
}

TEST(RegisterFile, StateSurvivesSaveAndRestore) {
  Device a, b;
  a.write(4, 3);
  a.write(0x20, 7, 4, AccessSecurity::Secure);
  ArchiveWriter w;
  a.file.visit(w);
  ArchiveReader r(w.data());
  b.file.visit(r);
  EXPECT_TRUE(r.complete());
  EXPECT_EQ(b.read(4), 3U);
  EXPECT_EQ(b.read(0x20, 4, AccessSecurity::Secure), 7U);
}

}  // namespace
}  // namespace smmuvp
