// VMSAv8-32 Long-descriptor format, stage 1: ranges, levels, addresses and faults (DDI 0487 G5.5).
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <set>

#include "table_memory.h"
#include "word_memory.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t TTBR0 = 0x40000000;
constexpr std::uint64_t TTBR1 = 0x50000000;
constexpr std::uint64_t AF = bit(10);
constexpr std::uint64_t page = AF | 3;
constexpr std::uint64_t block = AF | 1;

Config long_config() {
  Config config;
  config.stage1.format = Format::lpae32;
  config.stage1.output_size = 40;
  config.stage1.MAIR = 0x1817161514131211;
  for (unsigned i = 0; i < 2; ++i) {
    config.stage1.tables[i].EPD = false;
    config.stage1.tables[i].TxSZ = 0;
    config.stage1.tables[i].base = i == 0 ? TTBR0 : TTBR1;
  }
  return config;
}

struct LongBench {
  explicit LongBench(const Config& c = long_config()) : config(c) {}

  // Stores the descriptor of va at a level of TTBR0's tables, T0SZ 0 or 1; tables are made where none are.
  void set(std::uint64_t va, int level, std::uint64_t descriptor) {
    std::uint64_t table = TTBR0;
    for (int l = 1; l < level; ++l) {
      const std::uint64_t address = table + index(va, l) * 8;
      if (memory.load32(address) == 0) memory.store64(address, (next_table += 0x1000) | 3);
      table = (memory.load32(address) | std::uint64_t{memory.load32(address + 4)} << 32) & 0xfffffff000;
    }
    memory.store64(table + index(va, level) * 8, descriptor);
  }
  static std::uint64_t index(std::uint64_t va, int level) {
    return (va >> (12 + 9 * (3 - level))) & (level == 1 ? 3 : 511);
  }
  Result translate(std::uint64_t va, AccessType access = AccessType::read, bool privileged = true) {
    memory.forget();
    WalkRequest request;
    request.va = va;
    request.access = access;
    request.privileged = privileged;
    return walk(config, request, memory);
  }

  Config config;
  WordMemory memory;
  std::uint64_t next_table = 0x60000000;
};

void expect_fault(const Result& r, FaultKind kind, int level) {
  EXPECT_STREQ(to_string(r.fault.kind), to_string(kind));
  EXPECT_EQ(r.fault.level, level);
  EXPECT_EQ(r.fault.stage, Stage::stage1);
  EXPECT_EQ(r.fault.va, r.va);
}

TEST(Lpae32Walk, PageIsFoundThroughThreeLevels) {
  LongBench bench;
  const std::uint64_t va = 0xd2345678;
  bench.set(va, 3, 0xab9abcd000 | page);
  const Result r = bench.translate(va);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0xab9abcd678U);
  EXPECT_EQ(r.block_shift, 12);
  EXPECT_EQ(r.stage1.level, 3);
  ASSERT_EQ(r.descriptors.size(), 3U);
  EXPECT_EQ(r.descriptors[0], TTBR0 + (va >> 30) * 8);
  EXPECT_EQ(r.descriptors[1] & 0xfff, ((va >> 21) & 511) * 8);
  EXPECT_EQ(r.descriptors[2] & 0xfff, ((va >> 12) & 511) * 8);
}

TEST(Lpae32Walk, BlocksAre1GiBAndAre2MiB) {
  LongBench bench;
  bench.set(0x40000000, 1, 0xff40000000 | block);
  Result r = bench.translate(0x52345678);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0xff52345678U);
  EXPECT_EQ(r.block_shift, 30);
  EXPECT_EQ(r.stage1.level, 1);
  bench.set(0x80200000, 2, 0xff80600000 | block);
  r = bench.translate(0x80345678);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0xff80745678U);
  EXPECT_EQ(r.block_shift, 21);
  EXPECT_EQ(r.stage1.level, 2);
}

// Table G5-2, said as the table does: from where to where each TTBR is used.
std::optional<int> range_of(unsigned T0SZ, unsigned T1SZ, std::uint64_t va) {
  const std::uint64_t size0 = bit(32 - T0SZ);
  const std::uint64_t first1 = bit(32) - bit(32 - T1SZ);
  if (T0SZ == 0 && T1SZ == 0) return 0;
  if (T1SZ == 0) return va < size0 ? 0 : 1;
  if (T0SZ == 0) return va < first1 ? 0 : 1;
  if (va < size0) return 0;
  if (va >= first1) return 1;
  return std::nullopt;
}

TEST(Lpae32Walk, T0SZAndT1SZSplitTheAddresses) {
  for (unsigned T0SZ = 0; T0SZ <= 7; ++T0SZ) {
    for (unsigned T1SZ = 0; T1SZ <= 7; ++T1SZ) {
      LongBench bench;
      bench.config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(T0SZ);
      bench.config.stage1.tables[1].TxSZ = static_cast<std::uint8_t>(T1SZ);
      std::set<std::uint64_t> addresses;
      for (unsigned n = 0; n <= 7; ++n) {
        for (const std::uint64_t edge : {bit(32 - n), bit(32) - bit(32 - n)}) {
          for (const std::uint64_t va : {edge - 1, edge, edge + 0x12345678})
            addresses.insert(va & 0xffffffff);
        }
      }
      for (const std::uint64_t va : addresses) {
        SCOPED_TRACE(testing::Message() << T0SZ << " " << T1SZ << std::hex << " " << va);
        const Result r = bench.translate(va);
        const std::optional<int> range = range_of(T0SZ, T1SZ, va);
        // There are no tables: a Translation fault in any case, without any read in a gap.
        if (!range) {
          expect_fault(r, FaultKind::translation, 1);
          EXPECT_TRUE(r.descriptors.empty());
          continue;
        }
        EXPECT_EQ(r.range, *range);
        // G5.5.7.1: TxSZ below 2 starts at level 1, else at level 2.
        const unsigned TxSZ = *range == 0 ? T0SZ : T1SZ;
        const unsigned shift = TxSZ < 2 ? 30 : 21;
        expect_fault(r, FaultKind::translation, TxSZ < 2 ? 1 : 2);
        const std::uint64_t index = (va & (bit(32 - TxSZ) - 1)) >> shift;
        ASSERT_EQ(r.descriptors.size(), 1U);
        EXPECT_EQ(r.descriptors[0], (*range == 0 ? TTBR0 : TTBR1) + index * 8);
      }
    }
  }
}

TEST(Lpae32Walk, AddressBeyond32BitsIsATranslationFaultAtLevel1WithoutAnyRead) {
  for (const Regime regime : {Regime::el1_0, Regime::el2}) {
    LongBench bench;
    bench.config.regime = regime;
    for (const std::uint64_t va : {bit(32), bit(63), ~std::uint64_t{0}, std::uint64_t{0xffffffff00000000}}) {
      expect_fault(bench.translate(va), FaultKind::translation, 1);
      EXPECT_TRUE(bench.memory.ops().empty());
    }
  }
}

TEST(Lpae32Walk, EPD0AndEPD1DisableWalksOfTheirRange) {
  LongBench bench;
  bench.config.stage1.tables[0].TxSZ = 1;
  bench.config.stage1.tables[1].TxSZ = 1;
  bench.memory.store64(TTBR0, block);
  bench.memory.store64(TTBR1, block);
  EXPECT_TRUE(bench.translate(0).ok());
  EXPECT_TRUE(bench.translate(0x80000000).ok());
  bench.config.stage1.tables[0].EPD = true;
  expect_fault(bench.translate(0), FaultKind::translation, 1);
  EXPECT_TRUE(bench.memory.ops().empty());
  EXPECT_TRUE(bench.translate(0x80000000).ok());
  bench.config.stage1.tables[0].EPD = false;
  bench.config.stage1.tables[1].EPD = true;
  EXPECT_TRUE(bench.translate(0).ok());
  expect_fault(bench.translate(0x80000000), FaultKind::translation, 1);
}

TEST(Lpae32Walk, PL2HasOneRange) {
  LongBench bench;
  bench.config.regime = Regime::el2;
  for (unsigned T0SZ = 0; T0SZ <= 7; ++T0SZ) {
    bench.config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(T0SZ);
    EXPECT_EQ(bench.translate(bit(32 - T0SZ) - 1).descriptors.size(), 1U);
    const Result r = bench.translate(bit(32 - T0SZ));
    expect_fault(r, FaultKind::translation, 1);
    EXPECT_TRUE(r.descriptors.empty());
  }
}

TEST(Lpae32Walk, InvalidAndReservedDescriptorsFaultAtTheirLevel) {
  for (int level = 1; level <= 3; ++level) {
    for (const std::uint64_t type : {0U, 2U, 1U}) {
      if (type == 1 && level < 3) continue;  // a block
      LongBench bench;
      bench.set(0x1000, level, AF | 0x5000 | type);
      const Result r = bench.translate(0x1000);
      expect_fault(r, FaultKind::translation, level);
      EXPECT_EQ(r.descriptors.size(), static_cast<std::size_t>(level));
    }
  }
}

TEST(Lpae32Walk, AddressBits47To40AreAnAddressSizeFaultAtTheirLevel) {
  for (unsigned n = 40; n < 48; ++n) {
    for (int level = 1; level <= 3; ++level) {
      LongBench bench;
      bench.set(0, level, bit(n) | AF | 3);
      expect_fault(bench.translate(0), FaultKind::address_size, level);
      if (level == 3) continue;
      bench.set(0, level, bit(n) | block);
      expect_fault(bench.translate(0), FaultKind::address_size, level);
    }
    LongBench bench;
    bench.config.stage1.tables[0].base = bit(n) | TTBR0;
    const Result r = bench.translate(0);
    expect_fault(r, FaultKind::address_size, 0);
    EXPECT_TRUE(r.descriptors.empty());
  }
}

TEST(Lpae32Walk, AddressBits51To48AreIgnored) {
  LongBench bench;
  bench.set(0, 3, std::uint64_t{0xf} << 48 | 0x5000 | page);
  EXPECT_EQ(bench.translate(0).output, 0x5000U);
}

TEST(Lpae32Walk, FirstTableIsAlignedToItsSize) {
  for (unsigned TxSZ = 0; TxSZ <= 7; ++TxSZ) {
    LongBench bench;
    bench.config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
    const unsigned x = TxSZ < 2 ? 5 - TxSZ : 14 - TxSZ;  // BADDR is [39:x]
    bench.config.stage1.tables[0].base = TTBR0 + bit(x) + (bit(x) - 1);
    EXPECT_EQ(bench.translate(0).descriptors[0], TTBR0 + bit(x));
  }
}

TEST(Lpae32Walk, ClearAccessFlagFaultsAtTheLeaf) {
  for (int level = 1; level <= 3; ++level) {
    LongBench bench;
    bench.set(0, level, level == 3 ? 3 : 1);
    expect_fault(bench.translate(0), FaultKind::access_flag, level);
    bench.config.stage1.AFFD = true;
    EXPECT_TRUE(bench.translate(0).ok());
  }
}

TEST(Lpae32Walk, AddressSizeFaultComesBeforeAccessFlagFaultBeforePermissionFault) {
  LongBench bench;
  constexpr std::uint64_t read_only = bit(7);
  bench.set(0, 3, bit(45) | read_only | 3);
  expect_fault(bench.translate(0, AccessType::write), FaultKind::address_size, 3);
  bench.set(0, 3, read_only | 3);
  expect_fault(bench.translate(0, AccessType::write), FaultKind::access_flag, 3);
  bench.set(0, 3, read_only | page);
  expect_fault(bench.translate(0, AccessType::write), FaultKind::permission, 3);
}

TEST(Lpae32Walk, AttrIndxSelectsAByteOfMAIR1AndMAIR0) {
  for (unsigned i = 0; i < 8; ++i) {
    LongBench bench;
    bench.set(0, 3, std::uint64_t{i} << 2 | std::uint64_t{i & 3} << 8 | page);
    const Result r = bench.translate(0);
    EXPECT_EQ(r.attributes.memory, 0x11 + i);
    EXPECT_EQ(r.attributes.SH, static_cast<Shareability>(i & 3));
  }
}

TEST(Lpae32Walk, NGIsTakenFromTheLeafAndIsNoMatterOfPL2) {
  LongBench bench;
  bench.set(0, 3, page);
  EXPECT_FALSE(bench.translate(0).nG);
  bench.set(0, 3, page | bit(11));
  EXPECT_TRUE(bench.translate(0).nG);
  bench.config.regime = Regime::el2;
  EXPECT_FALSE(bench.translate(0).nG);
}

TEST(Lpae32Walk, SecureWalkObeysNSAndNSTable) {
  LongBench bench;
  bench.config.space = AddressSpace::secure;
  bench.set(0, 3, page);
  EXPECT_EQ(bench.translate(0).space, AddressSpace::secure);
  bench.set(0, 3, page | bit(5));
  EXPECT_EQ(bench.translate(0).space, AddressSpace::non_secure);
  bench.set(0, 3, page);
  bench.set(0, 1, bench.memory.load32(TTBR0) | bit(63));
  const Result r = bench.translate(0);
  EXPECT_EQ(r.space, AddressSpace::non_secure);
  EXPECT_TRUE(r.nG);
  ASSERT_EQ(bench.memory.ops().size(), 3U);
  EXPECT_EQ(bench.memory.ops()[0].space, AddressSpace::secure);
  EXPECT_EQ(bench.memory.ops()[1].space, AddressSpace::non_secure);
  EXPECT_EQ(bench.memory.ops()[2].space, AddressSpace::non_secure);
}

TEST(Lpae32Walk, ContiguousBitIsAHintOf16Entries) {
  LongBench bench;
  bench.set(0x3000, 3, 0x80003000 | page | bit(52));
  EXPECT_EQ(bench.translate(0x3000).range_shift, 16);
  bench.set(0x200000, 2, 0x80200000 | block | bit(52));
  EXPECT_EQ(bench.translate(0x200000).range_shift, 25);
  bench.set(0x40000000, 1, 0x40000000 | block | bit(52));  // 16 GiB: more than there are addresses
  EXPECT_EQ(bench.translate(0x40000000).range_shift, 30);
}

TEST(Lpae32Walk, BigEndianTablesAreReadAsSuch) {
  LongBench bench;
  bench.config.stage1.big_endian = true;
  bench.memory.store64(TTBR0, __builtin_bswap64(0xab40000000 | block));
  const Result r = bench.translate(0x1234);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0xab40001234U);
}

constexpr unsigned PR = Rights::privileged_read;
constexpr unsigned PW = Rights::privileged_write;
constexpr unsigned PX = Rights::privileged_execute;
constexpr unsigned UR = Rights::unprivileged_read;
constexpr unsigned UW = Rights::unprivileged_write;
constexpr unsigned UX = Rights::unprivileged_execute;
constexpr std::uint64_t AP1 = bit(6);
constexpr std::uint64_t AP2 = bit(7);
constexpr std::uint64_t PXN = bit(53);
constexpr std::uint64_t XN = bit(54);
constexpr std::uint64_t PXNTable = bit(59);
constexpr std::uint64_t XNTable = bit(60);
constexpr std::uint64_t APTable0 = bit(61);
constexpr std::uint64_t APTable1 = bit(62);

// A page at VA 0 with the given leaf bits, table bits in the level 1 descriptor.
struct PermissionBench : LongBench {
  explicit PermissionBench(std::uint64_t leaf, std::uint64_t table = 0) {
    set(0, 3, 0x5000 | page | leaf);
    set(0, 1, memory.load32(TTBR0) | table);
  }
  // The rights, found by trying each access; the reported rights have to say the same.
  unsigned rights() {
    unsigned found = 0;
    const AccessType accesses[] = {AccessType::read, AccessType::write, AccessType::execute};
    for (const bool privileged : {true, false}) {
      for (unsigned i = 0; i < 3; ++i) {
        const Result r = translate(0, accesses[i], privileged);
        if (r.ok()) {
          found |= 1U << (i + (privileged ? 0 : 3));
        } else {
          expect_fault(r, FaultKind::permission, 3);
        }
      }
    }
    EXPECT_EQ(translate(0, AccessType::none).rights.bits, found);
    return found;
  }
};

// Table G5-7
TEST(Lpae32Permission, APGrantsDataAccess) {
  EXPECT_EQ(PermissionBench(XN).rights(), PR | PW);
  EXPECT_EQ(PermissionBench(XN | AP1).rights(), PR | PW | UR | UW);
  EXPECT_EQ(PermissionBench(XN | AP2).rights(), PR);
  EXPECT_EQ(PermissionBench(XN | AP2 | AP1).rights(), PR | UR);
}

TEST(Lpae32Permission, XNForbidsExecutionToAllAndPXNToPrivilegedCode) {
  EXPECT_EQ(PermissionBench(AP1).rights(), PR | PW | PX | UR | UW | UX);
  EXPECT_EQ(PermissionBench(AP1 | PXN).rights(), PR | PW | UR | UW | UX);
  EXPECT_EQ(PermissionBench(AP1 | XN).rights(), PR | PW | UR | UW);
}

TEST(Lpae32Permission, UnprivilegedExecutionNeedsTheRightToRead) {
  EXPECT_EQ(PermissionBench(0).rights(), PR | PW | PX);
  EXPECT_EQ(PermissionBench(AP1, APTable0).rights(), PR | PW | PX);
}

// Table G5-8
TEST(Lpae32Permission, APTableTakesRightsAway) {
  EXPECT_EQ(PermissionBench(XN | AP1, APTable0).rights(), PR | PW);
  EXPECT_EQ(PermissionBench(XN | AP1, APTable1).rights(), PR | UR);
  EXPECT_EQ(PermissionBench(XN | AP1, APTable0 | APTable1).rights(), PR);
}

TEST(Lpae32Permission, XNTableAndPXNTableForbidExecution) {
  EXPECT_EQ(PermissionBench(AP1, XNTable).rights(), PR | PW | UR | UW);
  EXPECT_EQ(PermissionBench(AP1, PXNTable).rights(), PR | PW | UR | UW | UX);
}

TEST(Lpae32Permission, HPDDisablesTableBits) {
  PermissionBench bench(AP1, APTable0 | APTable1 | XNTable | PXNTable);
  EXPECT_EQ(bench.rights(), PR);
  bench.config.stage1.tables[0].HPD = true;
  EXPECT_EQ(bench.rights(), PR | PW | PX | UR | UW | UX);
}

TEST(Lpae32Permission, WXNForbidsExecutionOfWhatIsWritable) {
  const struct {
    std::uint64_t leaf, table;
    unsigned rights;
  } rows[] = {{0, 0, PR | PW},
              {AP1, 0, PR | PW | UR | UW},
              {AP2, 0, PR | PX},
              {AP1 | AP2, 0, PR | PX | UR | UX},
              {AP1, APTable1, PR | PX | UR | UX}};
  for (const auto& row : rows) {
    PermissionBench bench(row.leaf, row.table);
    bench.config.stage1.WXN = true;
    EXPECT_EQ(bench.rights(), row.rights) << row.leaf;
  }
}

TEST(Lpae32Permission, UWXNForbidsPrivilegedExecutionOfWhatUnprivilegedCodeCanWrite) {
  const struct {
    std::uint64_t leaf, table;
    unsigned rights;
  } rows[] = {{0, 0, PR | PW | PX},
              {AP1, 0, PR | PW | UR | UW | UX},
              {AP1 | AP2, 0, PR | PX | UR | UX},
              {AP1, APTable0, PR | PW | PX},
              {AP1, APTable1, PR | PX | UR | UX}};
  for (const auto& row : rows) {
    PermissionBench bench(row.leaf, row.table);
    bench.config.stage1.UWXN = true;
    EXPECT_EQ(bench.rights(), row.rights) << row.leaf;
  }
}

TEST(Lpae32Permission, PANForbidsPrivilegedDataAccessToWhatUnprivilegedCodeCanAccess) {
  PermissionBench shared(AP1);
  shared.config.stage1.PAN = true;
  EXPECT_EQ(shared.rights(), PX | UR | UW | UX);
  PermissionBench own(0);
  own.config.stage1.PAN = true;
  EXPECT_EQ(own.rights(), PR | PW | PX);
}

TEST(Lpae32Permission, PL2KnowsNeitherAP1NorPXNNorAPTable0) {
  for (const std::uint64_t ignored : {std::uint64_t{0}, AP1, PXN, AP1 | PXN}) {
    PermissionBench bench(ignored, APTable0 | PXNTable);
    bench.config.regime = Regime::el2;
    EXPECT_EQ(bench.rights() & (PR | PW | PX), PR | PW | PX);
    bench.config.stage1.WXN = true;
    EXPECT_EQ(bench.rights() & (PR | PW | PX), PR | PW);
  }
  PermissionBench bench(0, APTable1 | XNTable);
  bench.config.regime = Regime::el2;
  EXPECT_EQ(bench.rights() & (PR | PW | PX), PR);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
