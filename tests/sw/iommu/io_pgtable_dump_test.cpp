// What the guest says of its tables is what pgtable/ says of the same descriptors, in the same words.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <regex>
#include <sstream>

#include "io_pgtable_tables.h"
#include "smmuvp/pgtable/explain.h"

using namespace smmuvp::pgtable;

namespace {

struct Line {
  std::uint64_t iova = 0;
  std::uint64_t value = 0;
  std::string format;
  std::string granule;
  int level = 0;
  std::string title;
  std::string fields;
  std::uint64_t more = 0;
};

std::vector<Line> dump(const Tables& tables, std::uint64_t first, std::uint64_t last) {
  std::string text;
  const auto entry = [](void* from, unsigned long iova, unsigned depth, io_pgtable_entry* e) {
    auto* ops = static_cast<io_pgtable_ops*>(from);
    ops->entry(ops, iova, depth, e);
  };
  const auto put = [](void* to, const char* line) { *static_cast<std::string*>(to) += line; };
  EXPECT_EQ(io_pgtable_dump(first, last, entry, tables.ops(), put, &text), 0);
  static const std::regex shape(
      "0x([0-9a-f]{16})  0x([0-9a-f]+)  ([a-z0-9-]+)(?:, (\\d+ KiB granule))?, level (\\d): ([^;]+)"
      "(?:; ([^;]+))?(?:; and (\\d+) more up to 0x([0-9a-f]+))?");
  std::vector<Line> lines;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one);) {
    std::smatch m;
    if (!std::regex_match(one, m, shape)) {
      ADD_FAILURE() << one;
      continue;
    }
    Line line{std::stoull(m[1], nullptr, 16),
              std::stoull(m[2], nullptr, 16),
              m[3],
              m[4],
              std::stoi(m[5]),
              m[6],
              m[7],
              m[8].matched ? std::stoull(m[8]) : 0};
    lines.push_back(line);
  }
  return lines;
}

std::string bits(const Field& f) {
  std::string digits;
  for (int bit = f.high - f.low; bit >= 0; --bit) digits += (f.value >> bit & 1) != 0 ? '1' : '0';
  return (f.high == f.low ? "" : "0b") + digits;
}

DescriptorFormat format_of(const Wanted& w) {
  switch (w.format) {
    case ARM_32_LPAE_S1:
      return DescriptorFormat::lpae32_s1;
    case ARM_32_LPAE_S2:
      return DescriptorFormat::lpae32_s2;
    case ARM_64_LPAE_S1:
      return DescriptorFormat::lpae64_s1;
    case ARM_64_LPAE_S2:
      return DescriptorFormat::lpae64_s2;
    case ARM_V7S:
      return DescriptorFormat::v7s;
    default:
      return DescriptorFormat::mali;
  }
}

Explanation explained(const Tables& tables, const Line& line) {
  ExplainSettings s;
  if (line.granule == "16 KiB granule") s.granule = Granule::size_16k;
  if (line.granule == "64 KiB granule") s.granule = Granule::size_64k;
  s.LPA = tables.cfg().oas == 52;
  s.secure = (tables.wanted().quirks & IO_PGTABLE_QUIRK_ARM_NS) != 0;
  EXPECT_EQ(line.format, to_string(format_of(tables.wanted())));
  return explain(format_of(tables.wanted()), line.level, line.value, s).value_or(Explanation{});
}

// Fields of ours are those of the explanation; one that the explanation has beside them is 0, or NS.
void expect_same(const Explanation& e, const Line& line) {
  EXPECT_EQ(line.title, e.title);
  if (!e.is_leaf()) {
    EXPECT_EQ(line.fields, "");
    return;
  }
  std::string fields;
  for (const Field& f : e.fields) {
    const std::string words = f.name + " " + bits(f);
    const bool told = (", " + line.fields + ",").find(", " + words + ",") != std::string::npos;
    if (told) fields += (fields.empty() ? "" : ", ") + words;
    if (f.use == FieldUse::attribute && !told) {
      EXPECT_TRUE(f.value == 0 || f.name.substr(0, 2) == "NS" || f.name == "Domain")
          << f.name << " of " << line.title;
    }
  }
  EXPECT_EQ(fields, line.fields) << line.title;
}

TEST(IoPgtableDump, TellsEachEntryInTheWordsOfDecoding) {
  FormatModules modules;
  std::mt19937_64 rnd(13);
  for (const Wanted& wanted : every_kind()) {
    Tables tables(wanted);
    ASSERT_EQ(tables.error(), 0) << wanted;
    std::uint64_t mapped = 0;
    const std::uint64_t limit = std::min<std::uint64_t>(1ULL << wanted.ias, 1ULL << 44);
    for (unsigned i = 0; i < 12; ++i) {
      const auto sizes = tables.sizes();
      const std::uint64_t size = sizes[rnd() % sizes.size()];
      const std::uint64_t count = 1 + rnd() % 5;
      const std::uint64_t room = 1ULL << tables.leaf_oas(size);
      if (size * count > limit || size * count > room) continue;
      const std::uint64_t iova = tables.base() + rnd() % (limit - size * count + 1) / size * size;
      const std::uint64_t pa = rnd() % (room - size * count + 1) / size * size;
      int prot = 1 + static_cast<int>(rnd() % 63);
      if ((prot & (IOMMU_READ | IOMMU_WRITE)) == 0) prot |= IOMMU_READ;
      tables.map(iova, pa, size, count, prot);
      mapped += tables.mapped();
    }
    std::uint64_t told = 0;
    const std::uint64_t end = tables.base() + (1ULL << wanted.ias) - 1;
    for (const Line& line : dump(tables, tables.base(), end)) {
      const Explanation e = explained(tables, line);
      expect_same(e, line);
      if (!e.is_leaf()) continue;
      told += (line.more + 1) << e.size_shift;
      for (const std::uint64_t n : {std::uint64_t{0}, line.more}) {
        EXPECT_EQ(tables.lookup(line.iova + (n << e.size_shift)), e.address.value_or(1) + (n << e.size_shift))
            << wanted;
      }
    }
    EXPECT_EQ(told, mapped) << wanted;
  }
}

TEST(IoPgtableDump, TellsLeavesSideBySideAsOne) {
  FormatModules modules;
  Tables tables({ARM_64_LPAE_S1, 39, 48, SZ_4K | SZ_2M});
  ASSERT_EQ(tables.map(0x1000, 0x80000000, SZ_4K, 700), 0);
  const std::vector<Line> lines = dump(tables, 0, (1ULL << 39) - 1);
  ASSERT_EQ(lines.size(), 5U) << "a table of level 2, two of level 3, and pages of each";
  EXPECT_EQ(lines[2].more, 510U);
  EXPECT_EQ(lines[4].more, 188U) << "a table stands between";
  ASSERT_EQ(tables.unmap(0x5000, SZ_4K), SZ_4K);
  EXPECT_EQ(dump(tables, 0, (1ULL << 39) - 1).size(), 6U);
}

TEST(IoPgtableDump, OfOneAddressTellsTheWayToIt) {
  FormatModules modules;
  Tables tables({ARM_64_LPAE_S1, 39, 48, SZ_4K | SZ_2M});
  ASSERT_EQ(tables.map(0x40000000, 0x80000000, SZ_4K, 3), 0);
  const std::vector<Line> lines = dump(tables, 0x40001234, 0x40001234);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[2].iova, 0x40001000U);
  EXPECT_EQ(lines[2].title, "page, 4 KiB at 0x80001000");
  EXPECT_EQ(dump(tables, 0x40003000, 0x40003000).size(), 2U) << "nothing is mapped there";
}

}  // namespace
