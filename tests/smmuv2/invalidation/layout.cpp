#include "layout.h"

#include <memory>

namespace smmuvp::smmuv2::invalidation {
namespace {

constexpr std::uint64_t page = 0x1000;
constexpr unsigned short_pages = 12;  // of a space: 4 of level 1, 8 tables of level 2
// Tables of large granules are 64 KiB apart, of which the first 4 KiB are read.
constexpr std::uint64_t large_base = structures_base + 0x2'0000;
constexpr std::uint64_t large_table = 0x1'0000;
constexpr unsigned large_tables = 5;  // of a space: 1 of level 1, 4 of level 2
constexpr unsigned structure_pages =
    (large_base - structures_base + 2 * two_level_spaces * large_tables * large_table) / page;
constexpr std::array<Scheme, 3> two_level_schemes{Scheme::Short, Scheme::Granule16, Scheme::Granule64};

const char* to_string(Scheme scheme) {
  static constexpr const char* names[] = {"AArch64, 4 KiB", "AArch64, 16 KiB", "AArch64, 64 KiB",
                                          "Long-descriptors", "Short-descriptors"};
  return names[static_cast<unsigned>(scheme)];
}

Place at(unsigned i, unsigned j, unsigned k) {
  return {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(j), static_cast<std::uint8_t>(k)};
}

void fill_two_levels(Image& image, test::Random& random, Scheme scheme, unsigned space, unsigned bank) {
  const auto chance = [&](unsigned of) { return random.below(of) == 0; };
  const auto leaf = [&](unsigned level) -> Word {
    if (level == 2 && chance(8)) return 0;
    Leaf l;
    l.output = Place::random(random).address();
    l.writable = !chance(4);
    l.nG = !chance(3);
    return two_level_leaf(scheme, level, l);
  };
  for (unsigned i = 2; i < 4; ++i) {
    for (unsigned j = 0; j < 2; ++j) {
      const auto copy = static_cast<unsigned>(random.below(2));
      image.put(two_level_descriptor(scheme, space, 1, 0, bank, at(i, j, 0)),
                chance(4) ? leaf(1)
                          : two_level_pointer(scheme, two_level_table(scheme, space, 2, copy, at(i, j, 0))));
      for (unsigned c = 0; c < 2; ++c) {
        for (unsigned k = 0; k < 3; ++k) {
          image.put(two_level_descriptor(scheme, space, 2, c, bank, at(i, j, k)), leaf(2));
        }
      }
    }
  }
}

Image make_image(unsigned variant) {
  Image image;
  test::Random random(0x2a9e + variant);
  fill_stage1(image, random);
  for (unsigned space = 0; space < stage2_spaces; ++space) {
    fill_stage2(image, random, space, structure_pages);
  }
  for (const Scheme scheme : two_level_schemes) {
    for (unsigned space = 0; space < two_level_spaces; ++space) {
      for (unsigned bank = 0; bank < 2; ++bank) fill_two_levels(image, random, scheme, space, bank);
    }
  }
  return image;
}

}  // namespace

std::string to_string(const BankValue& v) {
  std::string s = to_string(v.scheme);
  s += v.M ? ", M 1" : ", M 0";
  if (v.nested) s += ", with stage 2 of bank " + std::to_string(stage2[v.second]);
  return s + ", spaces " + std::to_string(v.spaces[0]) + " and " + std::to_string(v.spaces[1]) + ", ASID " +
         std::to_string(v.asid) + ", VMID " + std::to_string(v.vmid);
}

std::array<std::uint64_t, 2> roots(unsigned bank, const BankValue& v) {
  if (is_stage2(bank)) return {stage2_root(v.spaces[0] % stage2_spaces), 0};
  if (v.two_levels()) return {two_level_table(v.scheme, v.spaces[0] % two_level_spaces, 1, 0, {}), 0};
  return {stage1_root(v.spaces[0], 0), has_two_ranges(bank, v) ? stage1_root(v.spaces[1], 1) : 0};
}

std::uint64_t two_level_table(Scheme scheme, unsigned space, unsigned level, unsigned copy, const Place& p) {
  if (scheme != Scheme::Short) {
    const unsigned first = ((scheme == Scheme::Granule16 ? 0U : two_level_spaces) + space) * large_tables;
    return large_base + (first + (level == 1 ? 0 : 1 + (p.i - 2U) * 2U + copy)) * large_table;
  }
  const std::uint64_t root = structures_base + space * short_pages * page;
  if (level == 1) return root;
  return root + (4 + ((p.i - 2U) * 2U + p.j) * 2U + copy) * page;
}

std::uint64_t two_level_descriptor(Scheme scheme, unsigned space, unsigned level, unsigned copy,
                                   unsigned bank, const Place& p) {
  const std::uint64_t va = p.address();
  std::uint64_t offset = 0;
  if (scheme == Scheme::Granule16) {
    offset = 8 * (level == 1 ? va >> 25U : va >> 14U & 0x7ffU);
  } else if (scheme == Scheme::Granule64) {
    offset = 8 * (level == 1 ? va >> 29U : va >> 16U & 0x1fffU);
  } else {
    offset = 4 * (level == 1 ? va >> 20U : va >> 12U & 0xffU);
  }
  return two_level_table(scheme, space, level, copy, p) + offset + bank * bank_distance;
}

Word two_level_pointer(Scheme scheme, std::uint64_t table) {
  return table | (scheme == Scheme::Short ? 1U : 3U);
}

Word two_level_leaf(Scheme scheme, unsigned level, const Leaf& leaf) {
  if (scheme != Scheme::Short) {
    const bool is16 = scheme == Scheme::Granule16;
    const unsigned large = level == 1 ? (is16 ? 25 : 29) : (is16 ? 14 : 16);
    Leaf l = leaf;
    l.output = leaf.output >> large << large;
    return leaf1(level + 1, l);  // as levels 2 and 3
  }
  const unsigned shift = level == 1 ? 20 : 12;
  Word w = (leaf.output >> shift << shift) | 2U | 3U << 2U;  // C, B
  w |= level == 1 ? 3U << 10U : 3U << 4U;                    // AP[1], and AP[0] as Access flag
  if (!leaf.writable) w |= level == 1 ? 1U << 15U : 1U << 9U;
  if (leaf.nG) w |= level == 1 ? 1U << 17U : 1U << 11U;
  return w;
}

const Image& image(unsigned variant) {
  static std::array<std::unique_ptr<Image>, images> made;
  std::unique_ptr<Image>& one = made[variant % images];
  if (!one) one = std::make_unique<Image>(make_image(variant % images));
  return *one;
}

const char* to_string(StepKind kind) {
  static constexpr const char* names[] = {
      "Short level 1",         "Short level 2",      "large granule level 2",
      "large granule level 3", "stage 1 level 1",    "stage 1 level 2",
      "stage 1 level 3",       "stage 2 of a table", "stage 2 of an output"};
  return names[static_cast<unsigned>(kind)];
}

TableRead descriptor_read(std::uint64_t address) {
  if (is_table_read(address)) return table_read(address);
  const StepKind kind = step_kind(address);
  const bool first = kind == StepKind::short_level1 || kind == StepKind::large_granule_level1;
  return {1, first ? 1U : 2U, TableRead::Of::output};
}

StepKind step_kind(std::uint64_t address) {
  if (!is_table_read(address)) {
    const std::uint64_t ipa = address & (bank_distance - 1);
    if (ipa >= large_base) {
      const std::uint64_t number = (ipa - large_base) / large_table % large_tables;
      return number == 0 ? StepKind::large_granule_level1 : StepKind::large_granule_level2;
    }
    const std::uint64_t number = (ipa - structures_base) / page % short_pages;
    return number < 4 ? StepKind::short_level1 : StepKind::short_level2;
  }
  const TableRead read = table_read(address);
  if (read.stage == 2) {
    return read.of == TableRead::Of::output ? StepKind::stage2_of_output : StepKind::stage2_of_table;
  }
  return static_cast<StepKind>(static_cast<unsigned>(StepKind::stage1_level1) + read.level - 1);
}

}  // namespace smmuvp::smmuv2::invalidation
