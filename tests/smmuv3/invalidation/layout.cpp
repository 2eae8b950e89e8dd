#include "layout.h"

#include <memory>
#include <sstream>

#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3::invalidation {
namespace {

constexpr std::uint64_t page = 0x1000;
constexpr std::uint64_t stage2_size = 0x2'0000;  // of the tables of one stage 2
constexpr std::uint64_t space_pages = 26;

// Pages of the tables of a stage 1 space: roots, level 2, level 3
std::uint64_t stage1_page(const Node& n, const Place& p) {
  const unsigned i = p.i - 2U;
  if (n.level == 1) return n.ttb;
  if (n.level == 2) return 2 + (n.ttb * 2U + i) * 2U + n.copy;
  return 10 + ((n.ttb * 2U + i) * 2U + p.j) * 2U + n.copy;
}

// Pages of the tables of a stage 2: two concatenated roots, level 2, level 3
std::uint64_t stage2_page(const Node& n, const Place& p) {
  if (n.level == 1) return 0;
  if (n.level == 2) return 2 + (p.i - 1U) * 2U + n.copy;
  return 8 + ((p.i - 2U) * 2U + p.j) * 2U + n.copy;
}

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
std::uint64_t stage1_root(unsigned space, unsigned ttb) {
  return stage1_base + (space * space_pages + ttb) * page;
}
std::uint64_t stage2_root(unsigned space) { return stage2_base + space * stage2_size; }

std::uint64_t table_address(const Node& n, const Place& p) {
  if (n.stage == 2) return stage2_base + n.space * stage2_size + stage2_page(n, p) * page;
  return stage1_base + (n.space * space_pages + stage1_page(n, p)) * page + n.bank * bank_distance;
}
std::uint64_t descriptor_address(const Node& n, const Place& p) {
  const unsigned index = n.level == 1 ? p.i : n.level == 2 ? p.j : p.k;
  return table_address(n, p) + 8ULL * index;
}
std::uint64_t structure_table(unsigned space, std::uint64_t ipa) {
  return stage2_root(space) + (ipa >= stage1_base ? 17 : 16) * page;
}
std::uint64_t structure_descriptor(unsigned space, unsigned level, std::uint64_t ipa) {
  if (level == 3) return structure_table(space, ipa) + 8 * ((ipa >> 12U) & 511U);
  return stage2_root(space) + 2 * page + 8 * ((ipa >> 21U) & 511U);
}

Word leaf1(unsigned level, const Leaf& leaf) {
  Word w = leaf.output | 1U | (level == 3 ? 2U : 0U);
  w |= Word{1} << 6U | Word{3} << 8U | Word{1} << 10U;  // AP[1], Inner Shareable, AF
  if (!leaf.writable) w |= Word{1} << 7U;
  if (leaf.nG) w |= Word{1} << 11U;
  return w;
}
Word leaf2(unsigned level, const Leaf& leaf) {
  Word w = leaf.output | 1U | (level == 3 ? 2U : 0U);
  w |= Word{0xf} << 2U | Word{3} << 8U | Word{1} << 10U;  // Normal Write-Back, Inner Shareable, AF
  return w | (leaf.writable ? Word{3} : Word{1}) << 6U;   // S2AP
}
Word table(std::uint64_t address) { return address | 3U; }

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

// ---- Image

void Image::put(std::uint64_t address, const StructureWords& words) {
  for (unsigned n = 0; n < words.size(); ++n) m_words[address + 8U * n] = words[n];
}

Image::Image(unsigned variant) {
  test::Random random(0x1a9e + variant);
  const auto chance = [&](unsigned of) { return random.below(of) == 0; };
  const auto place = [&] {
    return Place{static_cast<std::uint8_t>(2 + random.below(2)), static_cast<std::uint8_t>(random.below(2)),
                 static_cast<std::uint8_t>(random.below(3))};
  };
  // Leaves of stage 1 lead to addresses in use, and those of stage 2 to one of seven banks.
  const auto leaf = [&](const Node& n, const Place& p) {
    if (n.level == 3 && chance(8)) return Word{0};
    Leaf l;
    const std::uint64_t mask = ~((std::uint64_t{1} << shift_of(n.level)) - 1);
    l.writable = !chance(4);
    l.nG = !chance(3);
    l.output = n.stage == 1 ? place().address() & mask
                            : (p.address() & mask) + (1 + random.below(7)) * bank_distance;
    return n.stage == 1 ? leaf1(n.level, l) : leaf2(n.level, l);
  };
  const auto fill = [&](Node n) {
    for (std::uint8_t i = 2; i < 4; ++i) {
      n.level = 1;
      const bool block = n.stage == 2 ? chance(6) : chance(5);
      Node below = n;
      below.level = 2;
      below.bank = 0;
      below.copy = static_cast<std::uint8_t>(random.below(2));
      const Place at{i, 0, 0};
      m_words[descriptor_address(n, at)] = block ? leaf(n, at) : table(table_address(below, at));
      for (n.copy = 0; n.copy < 2; ++n.copy) {
        for (std::uint8_t j = 0; j < 2; ++j) {
          n.level = 2;
          below.level = 3;
          below.copy = static_cast<std::uint8_t>(random.below(2));
          const Place p{i, j, 0};
          m_words[descriptor_address(n, p)] = chance(3) ? leaf(n, p) : table(table_address(below, p));
          n.level = 3;
          for (std::uint8_t k = 0; k < 3; ++k) m_words[descriptor_address(n, {i, j, k})] = leaf(n, {i, j, k});
        }
      }
      n.copy = 0;
    }
  };
  for (std::uint8_t space = 0; space < stage1_spaces; ++space) {
    for (std::uint8_t ttb = 0; ttb < 2; ++ttb) {
      for (std::uint8_t bank = 0; bank < 2; ++bank) fill({1, space, ttb, 1, 0, bank});
    }
  }
  for (std::uint8_t space = 0; space < stage2_spaces; ++space) {
    fill({2, space, 0, 1, 0, 0});
    // CDs and stage 1 tables are where their IPAs say, or in the other bank.
    const std::uint64_t level2 = stage2_root(space) + 2 * page;
    m_words[stage2_root(space) + 8 * 1] = table(level2);
    for (const std::uint64_t region : {cd_base, stage1_base}) {
      const Leaf block{region, true, true};
      m_words[structure_descriptor(space, 2, region)] =
          chance(3) ? leaf2(2, block) : table(structure_table(space, region));
      const unsigned pages = region == cd_base ? cd_slots : stage1_pages;
      for (unsigned n = 0; n < pages; ++n) {
        const Leaf l{region + n * page + (chance(4) ? bank_distance : 0), true, true};
        m_words[structure_descriptor(space, 3, region + n * page)] = leaf2(3, l);
      }
    }
  }
  for (unsigned slot = 0; slot < cd_slots; ++slot) {
    for (unsigned bank = 0; bank < 2; ++bank) {
      CdValue cd;
      for (auto& s : cd.spaces) s = static_cast<std::uint8_t>(random.below(stage1_spaces));
      cd.asid = static_cast<std::uint16_t>(1 + random.below(2));
      cd.aset = chance(4);
      put(cd_address(slot, bank), encode(cd));
    }
  }
  for (const std::uint32_t sid : streams) {
    m_words[l1std_address(sid)] = l1std(sid, 0);
    for (unsigned copy = 0; copy < 2; ++copy) {
      SteValue v;
      static constexpr SteType types[] = {SteType::stage1, SteType::stage1, SteType::stage2, SteType::nested,
                                          SteType::nested, SteType::nested, SteType::bypass};
      v.type = types[random.below(7)];
      v.cd_slot = static_cast<std::uint8_t>(random.below(cd_slots));
      v.vmid = static_cast<std::uint16_t>((v.type == SteType::stage1 ? 0 : 2) + random.below(2));
      v.stage2_space = static_cast<std::uint8_t>(v.vmid & 1U);
      v.el2 = v.type == SteType::stage1 && chance(3);
      put(ste_address(sid, true, copy), encode(v));
      if (copy == 0) put(ste_address(sid, false, 0), encode(v));
    }
  }
}

const Image& Image::get(unsigned variant) {
  static std::array<std::unique_ptr<Image>, variants> images;
  std::unique_ptr<Image>& image = images[variant % variants];
  if (!image) image.reset(new Image(variant % variants));
  return *image;
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
  const std::uint64_t ipa = address & (bank_distance - 1);
  if (ipa < stage1_base) return StepKind::cd;
  if (ipa < stage2_base) {
    const std::uint64_t number = (ipa - stage1_base) / page % space_pages;
    return number < 2    ? StepKind::stage1_level1
           : number < 10 ? StepKind::stage1_level2
                         : StepKind::stage1_level3;
  }
  const std::uint64_t number = (address - stage2_base) % stage2_size / page;
  const std::uint64_t index = (address & (page - 1)) / 8;
  if (number < 2) return index < 2 ? StepKind::stage2_level1_structure : StepKind::stage2_level1_output;
  if (number < 4) return index < 128 ? StepKind::stage2_level2_cd : StepKind::stage2_level2_table;
  if (number < 8) return StepKind::stage2_level2_output;
  if (number < 16) return StepKind::stage2_level3_output;
  return number == 16 ? StepKind::stage2_level3_cd : StepKind::stage2_level3_table;
}

unsigned level_of(StepKind kind) {
  switch (kind) {
    case StepKind::stage1_level1:
    case StepKind::stage2_level1_structure:
    case StepKind::stage2_level1_output:
      return 1;
    case StepKind::stage1_level2:
    case StepKind::stage2_level2_cd:
    case StepKind::stage2_level2_table:
    case StepKind::stage2_level2_output:
      return 2;
    default:
      return 3;
  }
}

std::string hex(std::uint64_t value) {
  std::ostringstream s;
  s << "0x" << std::hex << value;
  return s.str();
}

}  // namespace smmuvp::smmuv3::invalidation
