#include "layout.h"

#include <memory>

#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3::invalidation {
namespace {

constexpr std::uint64_t page = 0x1000;

void set(StructureWords& words, unsigned low, unsigned width, Word value) {
  const Word mask = (Word{1} << width) - 1;
  words[low / 64] |= (value & mask) << (low % 64);
}

}  // namespace

std::uint64_t cd_address(unsigned slot, unsigned bank) {
  return cd_base + slot * page + bank * bank_distance;
}
std::uint64_t l1std_address(std::uint32_t sid) { return l1std_base + 8ULL * (sid >> 6U); }
std::uint64_t ste_address(std::uint32_t sid, bool two_level, unsigned copy) {
  if (!two_level) return linear_base + 64ULL * sid;
  return ste_leaves + copy * 0x1'0000ULL + (sid >> 6U) * page + 64ULL * (sid & 63U);
}
Word l1std(std::uint32_t sid, unsigned copy) {
  return (ste_leaves + copy * 0x1'0000ULL + (sid >> 6U) * page) | 7U;  // Span: 2^6 STEs
}

const char* to_string(SteType type) {
  static constexpr const char* names[] = {"V 0", "abort", "bypass", "stage 1", "stage 2", "nested"};
  return names[static_cast<unsigned>(type)];
}

StructureWords encode(const SteValue& v) {
  StructureWords w{};
  if (v.type == SteType::invalid) return w;
  static constexpr Word configs[] = {0, 0, 4, 5, 6, 7};
  set(w, 0, 1, 1);
  set(w, 1, 3, configs[static_cast<unsigned>(v.type)]);
  set(w, 108, 2, 1);  // SHCFG: incoming
  set(w, 128, 16, v.vmid);
  if (v.type == SteType::stage1 && v.el2) set(w, 94, 2, 2);  // STRW; CR2.E2H is 1
  if (v.type == SteType::stage1 || v.type == SteType::nested) w[0] |= cd_address(v.cd_slot, 0);
  if (v.type == SteType::stage2 || v.type == SteType::nested) {
    set(w, 160, 6, 24);  // S2T0SZ: 40 bits
    set(w, 166, 2, 1);   // S2SL0: level 1
    set(w, 168, 2, 1);
    set(w, 170, 2, 1);
    set(w, 172, 2, 3);
    set(w, 176, 3, 4);  // S2PS: 44 bits
    set(w, 179, 1, 1);  // S2AA64
    set(w, 186, 1, 1);  // S2R
    w[3] |= stage2_root(v.stage2_space);
  }
  return w;
}

StructureWords encode(const CdValue& v) {
  StructureWords w{};
  for (const unsigned ttb : {0U, 1U}) {
    const unsigned at = 16 * ttb;
    set(w, at, 6, 25);
    set(w, at + 6, 2, 2 * ttb);  // TG0 0, TG1 2: 4 KiB
    set(w, at + 8, 2, 1);
    set(w, at + 10, 2, 1);
    set(w, at + 12, 2, 3);
    w[1 + ttb] = stage1_root(v.spaces[ttb], ttb);
  }
  w[3] = 0xff;  // MAIR
  set(w, 31, 1, v.valid ? 1 : 0);
  set(w, 32, 3, 4);  // IPS: 44 bits
  set(w, 41, 1, 1);  // AA64
  set(w, 45, 1, 1);  // R
  set(w, 46, 1, 1);  // A
  set(w, 47, 1, v.aset ? 1 : 0);
  set(w, 48, 16, v.asid);
  return w;
}

// ---- images

namespace {

Image make_image(unsigned variant) {
  Image image;
  test::Random random(0x1a9e + variant);
  const auto chance = [&](unsigned of) { return random.below(of) == 0; };
  fill_stage1(image, random);
  for (unsigned space = 0; space < stage2_spaces; ++space) fill_stage2(image, random, space, cd_slots);
  for (unsigned slot = 0; slot < cd_slots; ++slot) {
    for (unsigned bank = 0; bank < 2; ++bank) {
      CdValue cd;
      for (auto& s : cd.spaces) s = static_cast<std::uint8_t>(random.below(stage1_spaces));
      cd.asid = static_cast<std::uint16_t>(1 + random.below(2));
      cd.aset = chance(4);
      image.put(cd_address(slot, bank), encode(cd));
    }
  }
  for (const std::uint32_t sid : streams) {
    image.put(l1std_address(sid), l1std(sid, 0));
    for (unsigned copy = 0; copy < 2; ++copy) {
      SteValue v;
      static constexpr SteType types[] = {SteType::stage1, SteType::stage1, SteType::stage2, SteType::nested,
                                          SteType::nested, SteType::nested, SteType::bypass};
      v.type = types[random.below(7)];
      v.cd_slot = static_cast<std::uint8_t>(random.below(cd_slots));
      v.vmid = static_cast<std::uint16_t>((v.type == SteType::stage1 ? 0 : 2) + random.below(2));
      v.stage2_space = static_cast<std::uint8_t>(v.vmid & 1U);
      v.el2 = v.type == SteType::stage1 && chance(3);
      image.put(ste_address(sid, true, copy), encode(v));
      if (copy == 0) image.put(ste_address(sid, false, 0), encode(v));
    }
  }
  return image;
}

}  // namespace

const Image& image(unsigned variant) {
  static std::array<std::unique_ptr<Image>, images> made;
  std::unique_ptr<Image>& one = made[variant % images];
  if (!one) one = std::make_unique<Image>(make_image(variant % images));
  return *one;
}

// ---- steps

const char* to_string(StepKind kind) {
  static constexpr const char* names[] = {
      "L1STD",
      "STE",
      "CD",
      "stage 1 level 1",
      "stage 1 level 2",
      "stage 1 level 3",
      "stage 2 level 1 of a CD or table",
      "stage 2 level 1 of an output",
      "stage 2 level 2 of a CD",
      "stage 2 level 2 of a table",
      "stage 2 level 2 of an output",
      "stage 2 level 3 of a CD",
      "stage 2 level 3 of a table",
      "stage 2 level 3 of an output",
  };
  return names[static_cast<unsigned>(kind)];
}

StepKind step_kind(std::uint64_t address) {
  if (address < ste_leaves) return StepKind::l1std;
  if (address < cd_base) return StepKind::ste;
  if (!is_table_read(address)) return StepKind::cd;
  const TableRead read = table_read(address);
  const auto plus = [](StepKind first, unsigned n) {
    return static_cast<StepKind>(static_cast<unsigned>(first) + n);
  };
  if (read.stage == 1) return plus(StepKind::stage1_level1, read.level - 1);
  const auto of = static_cast<unsigned>(read.of);
  if (read.level == 1) return plus(StepKind::stage2_level1_structure, of == 0 ? 0 : 1);
  return plus(read.level == 2 ? StepKind::stage2_level2_cd : StepKind::stage2_level3_cd, of);
}

}  // namespace smmuvp::smmuv3::invalidation
