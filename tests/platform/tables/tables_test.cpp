// Registers, fields and dumps of the command "walk".
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <set>

#include "command_line.h"
#include "config_fields.h"
#include "dump_memory.h"
#include "registers.h"
#include "smmuvp/base/error.h"
#include "walk_options.h"

namespace smmuvp::tables {
namespace {

using namespace pgtable;

Config config_of(const std::vector<std::string>& options, std::vector<std::string>* notes = nullptr) {
  std::vector<std::string> arguments = {"dump", "--base", "0x0", "0x0"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const WalkOptions parsed = parse_walk_options(arguments);
  if (notes != nullptr) *notes = parsed.notes;
  return parsed.config;
}

std::string refusal(const std::vector<std::string>& options) {
  try {
    config_of(options);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(WalkFields, EachFieldIsSetByItsNameAndNoOther) {
  std::set<std::string> names;
  for (const ConfigField& f : config_fields()) {
    EXPECT_TRUE(names.insert(f.name).second) << f.name << " is there twice";
    const std::string before = f.get(Config());
    Config config;
    bool changed = false;
    for (const char* text : {"true", "false", "1", "2", "64k", "v7s", "nested", "el3", "secure", "inner"}) {
      if (!f.set(config, text) || f.get(config) == before) continue;
      changed = true;
      break;
    }
    EXPECT_TRUE(changed) << f.name;
    for (const ConfigField& other : config_fields()) {
      if (other.name == f.name) continue;
      EXPECT_EQ(other.get(config), other.get(Config())) << f.name << " sets " << other.name;
    }
    Config again;
    EXPECT_TRUE(f.set(again, f.get(config))) << f.name << " takes what it prints";
    EXPECT_EQ(f.get(again), f.get(config));
    for (const char* text : {"", "nonsense", "99999999999999999999", "-129", "1x"}) {
      EXPECT_FALSE(f.set(again, text)) << f.name << " = " << text;
    }
  }
}

// Does not compile once config.h has another member: it then belongs into config_fields.cpp, and here.
TEST(WalkFields, EveryFieldOfAConfigIsThere) {
  const Config config;
  [[maybe_unused]] const auto& [stages, regime, space, stage1, stage2, secure_stage2] = config;
  [[maybe_unused]] const auto& [f1, tables, MAIR, size1, LPA1, DS1, WXN, UWXN, PAN, EPAN, be1, AFFD1, HA1,
                                HD1, SIF, v7s] = stage1;
  [[maybe_unused]] const auto& [base, TxSZ, granule, EPD, TBI, HPD, E0PD, NS, attributes1] = tables[0];
  [[maybe_unused]] const auto& [N, DACR, AFE, TRE, PRRR, NMRR] = v7s;
  [[maybe_unused]] const auto& [f2, base2, T0SZ, level, granule2, size2, LPA2, DS2, be2, AFFD2, HA2, HD2, PTW,
                                PTWNNC, FWB, XNX, SMMUv2, attributes2] = stage2;
  [[maybe_unused]] const auto& [IRGN, ORGN, SH] = attributes2;
  [[maybe_unused]] const auto& [base3, T0SZ3, level3, granule3, SW, SA, NSW, NSA] = secure_stage2;
  const std::size_t of_attributes = 3;
  const std::size_t of_tables = 2 * (8 + of_attributes);
  EXPECT_EQ(config_fields().size(), 3 + 14 + of_tables + 6 + 17 + of_attributes + 8);
}

TEST(WalkRegisters, TCR_EL1SetsBothRanges) {
  const std::uint64_t tcr = 25 | 1U << 8 | 2U << 10 | 3U << 12 | 1U << 14 | 20U << 16 | 2U << 28 |
                            1ULL << 30 | 4ULL << 32 | 1ULL << 38 | 1ULL << 39 | 1ULL << 40 | 1ULL << 41 |
                            1ULL << 56 | 1ULL << 53;
  Config c;
  Notes notes;
  take_tcr_el1(tcr, c, notes);
  const TableConfig& low = c.stage1.tables[0];
  const TableConfig& high = c.stage1.tables[1];
  EXPECT_EQ(low.TxSZ, 25);
  EXPECT_EQ(high.TxSZ, 20);
  EXPECT_EQ(low.granule, Granule::size_64k);
  EXPECT_EQ(high.granule, Granule::size_16k);
  EXPECT_EQ(low.walk_attributes.IRGN, 1);
  EXPECT_EQ(low.walk_attributes.ORGN, 2);
  EXPECT_EQ(low.walk_attributes.SH, Shareability::inner);
  EXPECT_EQ(high.walk_attributes.SH, Shareability::outer);
  EXPECT_FALSE(low.EPD);
  EXPECT_FALSE(low.TBI);
  EXPECT_TRUE(high.TBI);
  EXPECT_TRUE(low.HPD);
  EXPECT_FALSE(high.HPD);
  EXPECT_TRUE(high.E0PD);
  EXPECT_EQ(c.stage1.output_size, 44);
  EXPECT_TRUE(c.stage1.HA);
  EXPECT_TRUE(c.stage1.HD);
  EXPECT_FALSE(c.stage1.LPA);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("NFD0"), std::string::npos);
}

TEST(WalkRegisters, TCRsEPDDisablesARange) {
  Config c;
  Notes notes;
  take_tcr_el1(16 | 1U << 7 | 16U << 16 | 2U << 30, c, notes);
  EXPECT_TRUE(c.stage1.tables[0].EPD);
  EXPECT_FALSE(c.stage1.tables[1].EPD);
  // The granule of a disabled range may hold anything; of another one not.
  EXPECT_NO_THROW(take_tcr_el1(16 | 1U << 23, c, notes));
  EXPECT_THROW(take_tcr_el1(16, c, notes), ConfigError) << "TG1 0b00 is reserved";
}

TEST(WalkRegisters, TCR_EL2HasOneRange) {
  Config c;
  Notes notes;
  take_tcr_el2(20 | 2U << 14 | 5U << 16 | 1U << 20 | 1U << 21 | 1U << 24 | 1ULL << 32, c, notes);
  const TableConfig& t = c.stage1.tables[0];
  EXPECT_EQ(t.TxSZ, 20);
  EXPECT_EQ(t.granule, Granule::size_16k);
  EXPECT_EQ(c.stage1.output_size, 48);
  EXPECT_TRUE(t.TBI);
  EXPECT_TRUE(t.HPD);
  EXPECT_TRUE(c.stage1.HA);
  EXPECT_FALSE(c.stage1.HD);
  EXPECT_TRUE(c.stage1.DS);
}

TEST(WalkRegisters, HDWithoutHAIsWithoutEffect) {
  Config c;
  Notes notes;
  take_tcr_el1(1ULL << 40 | 1U << 23, c, notes);
  EXPECT_FALSE(c.stage1.HD);
}

TEST(WalkRegisters, VTCR_EL2NamesTheStartLevelByGranule) {
  const auto level = [](std::uint64_t vtcr) {
    Config c;
    Notes notes;
    take_vtcr(vtcr, c, notes);
    return static_cast<int>(c.stage2.start_level);
  };
  const std::uint64_t SL0 = 1U << 6;
  const std::uint64_t g64k = 1U << 14;
  const std::uint64_t g16k = 2U << 14;
  const std::uint64_t DS = 1ULL << 32;
  const std::uint64_t SL2 = 1ULL << 33;
  EXPECT_EQ(level(0), 2);
  EXPECT_EQ(level(SL0), 1);
  EXPECT_EQ(level(2 * SL0), 0);
  EXPECT_EQ(level(3 * SL0), 3);
  EXPECT_EQ(level(SL2 | DS), -1);
  EXPECT_EQ(level(g16k), 3);
  EXPECT_EQ(level(g16k | 3 * SL0), 0);
  EXPECT_EQ(level(g64k | 2 * SL0), 1);
  EXPECT_THROW(level(SL2), ConfigError) << "SL2 needs DS";
}

TEST(WalkRegisters, VTCROfAArch32HasASignedSize) {
  Config c;
  c.stage2.format = Format::lpae32;
  Notes notes;
  take_vtcr(0x18 | 1U << 6, c, notes);  // S and T0SZ[3]
  EXPECT_EQ(c.stage2.T0SZ, -8);
  EXPECT_EQ(c.stage2.start_level, 1);
  EXPECT_TRUE(notes.empty());
  take_vtcr(0x7, c, notes);
  EXPECT_EQ(c.stage2.T0SZ, 7);
  EXPECT_EQ(c.stage2.start_level, 2);
  EXPECT_THROW(take_vtcr(2U << 6, c, notes), ConfigError);
}

TEST(WalkRegisters, TTBCRIsOfTheFormatThatEAESelects) {
  const std::vector<std::string> long_format = {"--format", "lpae32-s1", "--ttbr0", "0x1000"};
  auto with = [&](const char* ttbcr, std::vector<std::string> words) {
    words.insert(words.end(), {"--ttbcr", ttbcr});
    return words;
  };
  EXPECT_EQ(config_of(with("0x80000003", long_format)).stage1.tables[0].TxSZ, 3);
  EXPECT_NE(refusal(with("0x3", long_format)).find("--format v7s"), std::string::npos);
  const std::vector<std::string> short_format = {"--format", "v7s", "--ttbr0", "0x4000", "--ttbr1", "0x8000"};
  const Config c = config_of(with("0x22", short_format));
  EXPECT_EQ(c.stage1.v7s.N, 2);
  EXPECT_FALSE(c.stage1.tables[0].EPD);
  EXPECT_TRUE(c.stage1.tables[1].EPD) << "PD1";
  EXPECT_NE(refusal(with("0x80000000", short_format)).find("--format lpae32-s1"), std::string::npos);
}

TEST(WalkRegisters, TTBRsAreFreedOfASIDAndCnP) {
  EXPECT_EQ(config_of({"--format", "lpae64-s1", "--ttbr0", "0x1234000080010001"}).stage1.tables[0].base,
            0x80010000U);
  EXPECT_EQ(config_of({"--format", "lpae64-s2", "--vttbr", "0x00ff000080010001"}).stage2.base, 0x80010000U);
  EXPECT_EQ(config_of({"--format", "v7s", "--ttbr0", "0x8000404a"}).stage1.tables[0].base, 0x80004000U);
}

TEST(WalkRegisters, Bits5To2OfATTBRAreAddressBits51To48WhereAddressesAreThatLong) {
  const std::vector<std::string> words = {"--format", "lpae64-s1", "--ttbr0", "0x8001003c"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return config_of(more).stage1.tables[0].base;
  };
  EXPECT_EQ(with({}), 0x8001003cU);
  EXPECT_EQ(with({"--ds", "--ips", "52"}), 0xf'0000'8001'0000U);
  EXPECT_EQ(with({"--granule", "64k", "--lpa", "--ips", "52"}), 0xf'0000'8001'0000U);
}

TEST(WalkOptions, OptionsStandOverRegistersAndSetOverBoth) {
  EXPECT_EQ(
      config_of({"--format", "lpae64-s1", "--ttbr0", "0x0", "--tcr", "0x80800019"}).stage1.tables[0].TxSZ,
      25);
  EXPECT_EQ(config_of({"--format", "lpae64-s1", "--ttbr0", "0x0", "--tcr", "0x80800019", "--t0sz", "30"})
                .stage1.tables[0]
                .TxSZ,
            30);
  const Config c = config_of({"--format", "lpae64-s1", "--ttbr0", "0x1000", "--t0sz", "30", "--set",
                              "stage1.tables[0].TxSZ=31", "--set", "stage1.tables[0].base=0x2000"});
  EXPECT_EQ(c.stage1.tables[0].TxSZ, 31);
  EXPECT_EQ(c.stage1.tables[0].base, 0x2000U);
}

TEST(WalkOptions, SizesWithoutAPrefixAreOfTheFirstStageThatIsWalked) {
  EXPECT_EQ(config_of({"--format", "lpae64-s2", "--vttbr", "0x0", "--t0sz", "32"}).stage2.T0SZ, 32);
  const Config nested = config_of({"--format", "lpae64-s1+lpae64-s2", "--vttbr", "0x0", "--ttbr0", "0x0",
                                   "--t0sz", "32", "--s2-t0sz", "25", "--ha"});
  EXPECT_EQ(nested.stage1.tables[0].TxSZ, 32);
  EXPECT_EQ(nested.stage2.T0SZ, 25);
  EXPECT_TRUE(nested.stage1.HA && nested.stage2.HA);
}

TEST(WalkOptions, StartLevelOfStage2IsFoundWhereItIsNotGiven) {
  const auto level = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"--format", "lpae64-s2", "--vttbr", "0x0"});
    return static_cast<int>(config_of(more).stage2.start_level);
  };
  EXPECT_EQ(level({"--t0sz", "16"}), 0);
  EXPECT_EQ(level({"--t0sz", "25"}), 1);
  EXPECT_EQ(level({"--t0sz", "16", "--granule", "16k"}), 1);
  EXPECT_EQ(level({"--t0sz", "22", "--granule", "64k"}), 2);
  EXPECT_EQ(level({"--t0sz", "12", "--ds"}), -1);
  EXPECT_EQ(config_of({"--format", "lpae32-s2", "--vttbr", "0x0", "--t0sz=-8"}).stage2.start_level, 1);
}

TEST(WalkOptions, ARefusedConfigurationSaysEachReasonWithItsValue) {
  const std::string text = refusal({"--format", "lpae64-s1", "--ttbr0", "0x0", "--t0sz", "60", "--set",
                                    "stage1.HD=true", "--set", "stage1.output_size=33"});
  EXPECT_NE(text.find("stage1.tables[0].TxSZ = 60: must be"), std::string::npos) << text;
  EXPECT_NE(text.find("stage1.HD = true: needs HA"), std::string::npos) << text;
  EXPECT_NE(text.find("stage1.output_size = 33: must be"), std::string::npos) << text;
}

TEST(WalkOptions, ARefusalIsOneLineWhateverTheWordWas) {
  const std::string word = "a\nsmmu-vp: \x1b[2J" + std::string(80, 'x');
  const std::vector<std::string> s1 = {"--format", "lpae64-s1", "--ttbr0", "0x0"};
  for (const char* option : {"--format", "--access", "--set", "--regime", "--mair", "--t1sz", "--granule"}) {
    std::vector<std::string> options = s1;
    if (option == s1[0]) options.clear();
    options.insert(options.end(), {option, word});
    const std::string text = refusal(options);
    EXPECT_NE(text.find("'a\\x0asmmu-vp: \\x1b[2Jxxx"), std::string::npos) << option << ": " << text;
    EXPECT_NE(text.find("x...'"), std::string::npos) << option << ": " << text;
    EXPECT_EQ(text.find_first_of("\n\x1b"), std::string::npos) << option;
  }
}

class DumpFile {
 public:
  explicit DumpFile(const std::string& bytes) : m_path(::testing::TempDir() + "smmuvp_dump_test.bin") {
    write(bytes);
  }
  ~DumpFile() { std::remove(m_path.c_str()); }
  void write(const std::string& bytes) const { std::ofstream(m_path, std::ios::binary) << bytes; }
  const std::string& path() const { return m_path; }

 private:
  std::string m_path;
};

MemoryOp read_at(std::uint64_t address, std::uint8_t size = 8) {
  MemoryOp op;
  op.address = address;
  op.size = size;
  return op;
}

TEST(Dump, HoldsItsBytesInEitherByteOrderAndNothingElse) {
  const DumpFile file("\x01\x02\x03\x04\x05\x06\x07\x08\x09");
  DumpMemory memory;
  memory.add(file.path(), 0x1000);
  EXPECT_EQ(memory.access(read_at(0x1000)).data, 0x0807060504030201U);
  MemoryOp op = read_at(0x1000, 4);
  op.big_endian = true;
  EXPECT_EQ(memory.access(op).data, 0x01020304U);
  for (const std::uint64_t outside : {0xff8ULL, 0x1008ULL, 0x2000ULL, ~7ULL, 0ULL}) {
    EXPECT_EQ(memory.access(read_at(outside)).status, MemoryStatus::external_abort) << outside;
  }
}

TEST(Dump, AtTheEndOfTheAddressSpaceIsReadToItsLastByte) {
  const DumpFile file(std::string(16, 'a'));
  DumpMemory memory;
  memory.add(file.path(), ~std::uint64_t{0} - 15);
  EXPECT_EQ(memory.access(read_at(~std::uint64_t{0} - 7)).status, MemoryStatus::ok);
  DumpMemory beyond;
  EXPECT_THROW(beyond.add(file.path(), ~std::uint64_t{0} - 14), ConfigError);
}

TEST(Dump, WritesStayBesideTheFileUntilForgotten) {
  const DumpFile file(std::string(16, '\0'));
  DumpMemory memory;
  memory.add(file.path(), 0);
  MemoryOp swap = read_at(8);
  swap.kind = MemoryOpKind::compare_and_swap;
  swap.expected = 1;
  swap.desired = 2;
  EXPECT_EQ(memory.access(swap).data, 0U) << "refused: memory holds another value";
  EXPECT_EQ(memory.access(read_at(8)).data, 0U);
  swap.expected = 0;
  swap.big_endian = true;
  EXPECT_EQ(memory.access(swap).data, 0U);
  EXPECT_EQ(memory.access(read_at(8)).data, std::uint64_t{2} << 56);
  EXPECT_EQ(memory.access(read_at(0)).data, 0U);
  memory.forget_writes();
  EXPECT_EQ(memory.access(read_at(8)).data, 0U);
}

TEST(Dump, ThatBecameShorterAnswersWithAnAbort) {
  const DumpFile file(std::string(4096, 'a'));
  DumpMemory memory;
  memory.add(file.path(), 0);
  file.write("aaaa");
  EXPECT_EQ(memory.access(read_at(0x800)).status, MemoryStatus::external_abort);
  EXPECT_EQ(memory.access(read_at(0)).status, MemoryStatus::external_abort);
}

}  // namespace
}  // namespace smmuvp::tables
