// Permissions and domains of the Short-descriptor format (DDI 0487 G5.6).
#include <gtest/gtest.h>

#include "short_tables.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr unsigned PR = Rights::privileged_read;
constexpr unsigned PW = Rights::privileged_write;
constexpr unsigned PX = Rights::privileged_execute;
constexpr unsigned UR = Rights::unprivileged_read;
constexpr unsigned UW = Rights::unprivileged_write;
constexpr unsigned UX = Rights::unprivileged_execute;
constexpr unsigned everything = PR | PW | PX | UR | UW | UX;

// The rights of VA 0, found by trying each access; the reported rights have to say the same.
unsigned rights(ShortBench& bench, int level) {
  unsigned found = 0;
  for (const bool privileged : {true, false}) {
    const AccessType accesses[] = {AccessType::read, AccessType::write, AccessType::execute};
    for (unsigned i = 0; i < 3; ++i) {
      const Result r = bench.translate(0, accesses[i], privileged);
      if (r.ok()) {
        found |= 1U << (i + (privileged ? 0 : 3));
        continue;
      }
      EXPECT_EQ(r.fault.kind, FaultKind::permission);
      EXPECT_EQ(r.fault.level, level);
      EXPECT_EQ(r.fault.access, accesses[i]);
      EXPECT_EQ(r.fault.privileged, privileged);
    }
  }
  EXPECT_EQ(bench.translate(0, AccessType::none).rights.bits, found);
  return found;
}

template <class Change>
void expect_rights(const ShortFields& fields, unsigned expected, Change change) {
  for (const ShortLeafKind kind : all_short_leaves) {
    SCOPED_TRACE(static_cast<int>(kind));
    ShortBench bench;
    change(bench.config.stage1);
    map_short(bench, kind, 0, fields);
    EXPECT_EQ(rights(bench, level_of(kind)), expected) << "AP " << fields.AP;
  }
}
void expect_rights(const ShortFields& fields, unsigned expected) {
  expect_rights(fields, expected, [](Stage1Config&) {});
}

ShortFields with_AP(unsigned AP) {
  ShortFields f;
  f.AP = AP;
  return f;
}
ShortFields data_only(unsigned AP) {
  ShortFields f = with_AP(AP);
  f.XN = true;
  return f;
}

// Table G5-9
TEST(V7sPermission, AP20GrantsDataAccess) {
  const unsigned table[8] = {0, PR | PW, PR | PW | UR, PR | PW | UR | UW, 0, PR, PR | UR, PR | UR};
  for (unsigned AP = 0; AP < 8; ++AP) expect_rights(data_only(AP), table[AP]);
}

// Table G5-7
TEST(V7sPermission, AP21GrantsDataAccessWithAFE) {
  const unsigned table[4] = {PR | PW, PR | PW | UR | UW, PR, PR | UR};
  for (unsigned AP = 0; AP < 4; ++AP) {
    expect_rights(data_only(AP << 1 | 1), table[AP], [](Stage1Config& c) { c.v7s.AFE = true; });
  }
}

TEST(V7sPermission, ExecutionNeedsTheRightToRead) {
  expect_rights(with_AP(0b000), 0);
  expect_rights(with_AP(0b001), PR | PW | PX);
  expect_rights(with_AP(0b010), PR | PW | PX | UR | UX);
  expect_rights(with_AP(0b011), everything);
  expect_rights(with_AP(0b101), PR | PX);
  expect_rights(with_AP(0b111), PR | PX | UR | UX);
}

TEST(V7sPermission, XNForbidsExecutionToAllAndPXNToPrivilegedCode) {
  ShortFields f;
  f.XN = true;
  expect_rights(f, PR | PW | UR | UW);
  f.XN = false;
  f.PXN = true;
  expect_rights(f, PR | PW | UR | UW | UX);
}

TEST(V7sPermission, WXNForbidsExecutionOfWhatIsWritable) {
  const unsigned table[8] = {0, PR | PW, PR | PW | UR | UX, PR | PW | UR | UW,
                             0, PR | PX, PR | PX | UR | UX, PR | PX | UR | UX};
  for (unsigned AP = 0; AP < 8; ++AP) {
    expect_rights(with_AP(AP), table[AP], [](Stage1Config& c) { c.WXN = true; });
  }
}

TEST(V7sPermission, UWXNForbidsPrivilegedExecutionOfWhatUnprivilegedCodeCanWrite) {
  for (const unsigned AP : {0b001U, 0b010U, 0b101U, 0b110U, 0b111U}) {
    const unsigned data[8] = {0, PR | PW | PX, PR | PW | PX | UR | UX, 0,
                              0, PR | PX,      PR | PX | UR | UX,      PR | PX | UR | UX};
    expect_rights(with_AP(AP), data[AP], [](Stage1Config& c) { c.UWXN = true; });
  }
  expect_rights(with_AP(0b011), PR | PW | UR | UW | UX, [](Stage1Config& c) { c.UWXN = true; });
}

TEST(V7sPermission, PANForbidsPrivilegedDataAccessToWhatUnprivilegedCodeCanAccess) {
  const auto pan = [](Stage1Config& c) { c.PAN = true; };
  expect_rights(with_AP(0b001), PR | PW | PX, pan);
  expect_rights(with_AP(0b010), PX | UR | UX, pan);
  expect_rights(with_AP(0b011), PX | UR | UW | UX, pan);
  expect_rights(with_AP(0b101), PR | PX, pan);
  expect_rights(with_AP(0b111), PX | UR | UX, pan);
}

TEST(V7sPermission, AtomicAccessNeedsReadAndWrite) {
  ShortBench bench;
  map_short(bench, ShortLeafKind::section, 0, with_AP(0b010));
  EXPECT_TRUE(bench.translate(0, AccessType::read_write, true).ok());
  EXPECT_EQ(bench.translate(0, AccessType::read_write, false).fault.kind, FaultKind::permission);
}

TEST(V7sPermission, PermissionsOfAManagerDomainAreNotChecked) {
  ShortFields f = data_only(0b000);
  f.PXN = true;
  expect_rights(f, everything, [](Stage1Config& c) {
    c.v7s.DACR = 0xffffffff;
    c.WXN = c.UWXN = c.PAN = true;
  });
}

TEST(V7sPermission, AccessToANoAccessDomainIsADomainFault) {
  for (const ShortLeafKind kind : all_short_leaves) {
    for (const std::uint32_t value : {0b00U, 0b10U}) {  // the reserved value acts as no access
      for (unsigned domain = 0; domain < 16; ++domain) {
        ShortBench bench;
        ShortFields f;
        f.domain = domain;
        map_short(bench, kind, 0, f);
        const unsigned expected = kind == ShortLeafKind::super ? 0 : domain;
        bench.config.stage1.v7s.DACR = ~(3U << (2 * expected)) | value << (2 * expected);
        for (const AccessType access : {AccessType::read, AccessType::write, AccessType::execute,
                                        AccessType::read_write, AccessType::none}) {
          const Result r = bench.translate(0, access);
          EXPECT_EQ(r.fault.kind, FaultKind::domain);
          EXPECT_EQ(r.fault.level, level_of(kind));
          EXPECT_EQ(r.fault.domain, expected);
        }
        bench.config.stage1.v7s.DACR = 1U << (2 * expected);
        const Result r = bench.translate(0);
        EXPECT_TRUE(r.ok());
        EXPECT_EQ(r.domain, expected);
      }
    }
  }
}

TEST(V7sPermission, SupersectionIsInDomain0) {
  ShortBench bench;
  // Bits [8:5] are PA[39:36] here, no domain.
  bench.level1(0, short_bits::super | short_bits::section_AP(0b011) | short_bits::domain(5));
  bench.config.stage1.v7s.DACR = 0b01;
  const Result r = bench.translate(0);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.domain, 0);
  bench.config.stage1.v7s.DACR = ~std::uint32_t{3};
  EXPECT_EQ(bench.translate(0).fault.kind, FaultKind::domain);
}

TEST(V7sPermission, ClearAP0IsAnAccessFlagFaultWithAFEAlone) {
  for (const ShortLeafKind kind : all_short_leaves) {
    ShortBench bench;
    map_short(bench, kind, 0, with_AP(0b010));
    EXPECT_TRUE(bench.translate(0).ok());
    bench.config.stage1.v7s.AFE = true;
    const Result r = bench.translate(0);
    EXPECT_EQ(r.fault.kind, FaultKind::access_flag);
    EXPECT_EQ(r.fault.level, level_of(kind));
    bench.config.stage1.AFFD = true;
    EXPECT_TRUE(bench.translate(0, AccessType::write, false).ok());
  }
}

// Pseudocode AArch32.S1TranslateSD
TEST(V7sPermission, AccessFlagFaultComesBeforeDomainFaultBeforePermissionFault) {
  for (const ShortLeafKind kind : all_short_leaves) {
    ShortBench bench;
    map_short(bench, kind, 0, with_AP(0b100));
    bench.config.stage1.v7s.AFE = true;
    bench.config.stage1.v7s.DACR = 0;
    EXPECT_EQ(bench.translate(0, AccessType::write).fault.kind, FaultKind::access_flag);
    bench.config.stage1.v7s.DACR = 0xffffffff;  // managers have Access flags too
    EXPECT_EQ(bench.translate(0, AccessType::write).fault.kind, FaultKind::access_flag);
    map_short(bench, kind, 0, with_AP(0b101));
    bench.config.stage1.v7s.DACR = 0;
    EXPECT_EQ(bench.translate(0, AccessType::write).fault.kind, FaultKind::domain);
    bench.config.stage1.v7s.DACR = 0x55555555;
    EXPECT_EQ(bench.translate(0, AccessType::write).fault.kind, FaultKind::permission);
  }
}

TEST(V7sPermission, TranslationFaultAtLevel2ComesBeforeDomainFault) {
  ShortBench bench;
  bench.level2(0, 0, short_bits::domain(3));
  bench.config.stage1.v7s.DACR = 0;
  const Result r = bench.translate(0);
  EXPECT_EQ(r.fault.kind, FaultKind::translation);
  EXPECT_EQ(r.fault.level, 2);
  EXPECT_EQ(r.fault.domain, 3);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
