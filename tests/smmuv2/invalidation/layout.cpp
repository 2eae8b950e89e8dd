#include "layout.h"

#include <memory>

namespace smmuvp::smmuv2::invalidation {
namespace {

constexpr std::uint64_t page = 0x1000;
constexpr unsigned short_pages = 12;  // of a space: 4 of level 1, 8 tables of level 2

const char* to_string(Scheme scheme) {
  return scheme == Scheme::AArch64 ? "AArch64"
         : scheme == Scheme::Long  ? "Long-descriptors"
                                   : "Short-descriptors";
}

Place at(unsigned i, unsigned j, unsigned k) {
  return {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(j), static_cast<std::uint8_t>(k)};
}

void fill_short(Image& image, test::Random& random, unsigned space, unsigned bank) {
  const auto chance = [&](unsigned of) { return random.below(of) == 0; };
  const auto leaf = [&](unsigned level) -> Word {
    if (level == 2 && chance(8)) return 0;
    Leaf l;
    l.output = Place::random(random).address();
    l.writable = !chance(4);
    l.nG = !chance(3);
    return short_leaf(level, l);
  };
  for (unsigned i = 2; i < 4; ++i) {
    for (unsigned j = 0; j < 2; ++j) {
      const auto copy = static_cast<unsigned>(random.below(2));
      image.put(short_descriptor(space, 1, 0, bank, at(i, j, 0)),
                chance(4) ? leaf(1) : short_pointer(short_table(space, 2, copy, at(i, j, 0))));
      for (unsigned c = 0; c < 2; ++c) {
        for (unsigned k = 0; k < 3; ++k) image.put(short_descriptor(space, 2, c, bank, at(i, j, k)), leaf(2));
      }
    }
  }
}

Image make_image(unsigned variant) {
  Image image;
  test::Random random(0x2a9e + variant);
  fill_stage1(image, random);
  for (unsigned space = 0; space < stage2_spaces; ++space) {
    fill_stage2(image, random, space, short_spaces * short_pages);
  }
  for (unsigned space = 0; space < short_spaces; ++space) {
    for (unsigned bank = 0; bank < 2; ++bank) fill_short(image, random, space, bank);
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
  if (v.scheme == Scheme::Short) return {short_table(v.spaces[0] % short_spaces, 1, 0, {}), 0};
  const bool two = v.VA64() && bank != hyp_bank;
  return {stage1_root(v.spaces[0], 0), two ? stage1_root(v.spaces[1], 1) : 0};
}

std::uint64_t short_table(unsigned space, unsigned level, unsigned copy, const Place& p) {
  const std::uint64_t root = structures_base + space * short_pages * page;
  if (level == 1) return root;
  return root + (4 + ((p.i - 2U) * 2U + p.j) * 2U + copy) * page;
}

std::uint64_t short_descriptor(unsigned space, unsigned level, unsigned copy, unsigned bank, const Place& p) {
  const std::uint64_t index = level == 1 ? p.address() >> 20U : p.address() >> 12U & 0xffU;
  return short_table(space, level, copy, p) + 4 * index + bank * bank_distance;
}

Word short_leaf(unsigned level, const Leaf& leaf) {
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
  static constexpr const char* names[] = {"Short level 1",       "Short level 2",   "stage 1 level 1",
                                          "stage 1 level 2",     "stage 1 level 3", "stage 2 of a table",
                                          "stage 2 of an output"};
  return names[static_cast<unsigned>(kind)];
}

TableRead descriptor_read(std::uint64_t address) {
  if (is_table_read(address)) return table_read(address);
  return {1, step_kind(address) == StepKind::short_level1 ? 1U : 2U, TableRead::Of::output};
}

StepKind step_kind(std::uint64_t address) {
  if (!is_table_read(address)) {
    const std::uint64_t number = (address & (bank_distance - 1)) - structures_base;
    return number / page % short_pages < 4 ? StepKind::short_level1 : StepKind::short_level2;
  }
  const TableRead read = table_read(address);
  if (read.stage == 2) {
    return read.of == TableRead::Of::output ? StepKind::stage2_of_output : StepKind::stage2_of_table;
  }
  return static_cast<StepKind>(static_cast<unsigned>(StepKind::stage1_level1) + read.level - 1);
}

}  // namespace smmuvp::smmuv2::invalidation
