#include "tables.h"

#include <sstream>

namespace smmuvp::smmu::invalidation {
namespace {

constexpr std::uint64_t page = 0x1000;
constexpr std::uint64_t stage2_size = 0x2'0000;  // of the tables of one stage 2
constexpr std::uint64_t space_pages = 26;
constexpr unsigned stage1_pages = stage1_spaces * space_pages;  // that hold stage 1 tables, in bank 0

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

class Filler {
 public:
  Filler(Image& image, test::Random& random) : m_image(image), m_random(random) {}

  bool chance(unsigned of) { return m_random.below(of) == 0; }

  // All tables of a space
  void fill(Node n) {
    for (std::uint8_t i = 2; i < 4; ++i) {
      n.level = 1;
      const bool block = n.stage == 2 ? chance(6) : chance(5);
      Node below = n;
      below.level = 2;
      below.bank = 0;
      below.copy = static_cast<std::uint8_t>(m_random.below(2));
      const Place at{i, 0, 0};
      m_image.put(descriptor_address(n, at), block ? leaf(n, at) : table(table_address(below, at)));
      for (n.copy = 0; n.copy < 2; ++n.copy) {
        for (std::uint8_t j = 0; j < 2; ++j) {
          n.level = 2;
          below.level = 3;
          below.copy = static_cast<std::uint8_t>(m_random.below(2));
          const Place p{i, j, 0};
          m_image.put(descriptor_address(n, p), chance(3) ? leaf(n, p) : table(table_address(below, p)));
          n.level = 3;
          for (std::uint8_t k = 0; k < 3; ++k) {
            m_image.put(descriptor_address(n, {i, j, k}), leaf(n, {i, j, k}));
          }
        }
      }
      n.copy = 0;
    }
  }

 private:
  Word leaf(const Node& n, const Place& p) {
    if (n.level == 3 && chance(8)) return Word{0};
    const bool writable = !chance(4);
    const bool nG = !chance(3);
    return random_leaf(m_random, n, p, writable, nG);
  }

  Image& m_image;
  test::Random& m_random;
};

}  // namespace

Place Place::random(test::Random& random) {
  Place p;
  p.i = static_cast<std::uint8_t>(2 + random.below(2));
  p.j = static_cast<std::uint8_t>(random.below(2));
  p.k = static_cast<std::uint8_t>(random.below(3));
  return p;
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

Word random_leaf(test::Random& random, const Node& n, const Place& p, bool writable, bool nG) {
  const std::uint64_t mask = ~((std::uint64_t{1} << shift_of(n.level)) - 1);
  Leaf l;
  l.writable = writable;
  l.nG = nG;
  if (n.stage == 1) {
    l.output = Place::random(random).address() & mask;
    return leaf1(n.level, l);
  }
  l.output = (p.address() & mask) + (1 + random.below(7)) * bank_distance;
  return leaf2(n.level, l);
}

void fill_stage1(Image& image, test::Random& random) {
  Filler filler(image, random);
  for (std::uint8_t space = 0; space < stage1_spaces; ++space) {
    for (std::uint8_t ttb = 0; ttb < 2; ++ttb) {
      for (std::uint8_t bank = 0; bank < 2; ++bank) filler.fill({1, space, ttb, 1, 0, bank});
    }
  }
}

void fill_stage2(Image& image, test::Random& random, unsigned space, unsigned structure_pages) {
  Filler filler(image, random);
  filler.fill({2, static_cast<std::uint8_t>(space), 0, 1, 0, 0});
  image.put(stage2_root(space) + 8, table(stage2_root(space) + 2 * page));
  for (const std::uint64_t region : {structures_base, stage1_base}) {
    const Leaf block{region, true, true};
    image.put(structure_descriptor(space, 2, region),
              filler.chance(3) ? leaf2(2, block) : table(structure_table(space, region)));
    const unsigned pages = region == structures_base ? structure_pages : stage1_pages;
    for (unsigned n = 0; n < pages; ++n) {
      const Leaf l{region + n * page + (filler.chance(4) ? bank_distance : 0), true, true};
      image.put(structure_descriptor(space, 3, region + n * page), leaf2(3, l));
    }
  }
}

bool is_table_read(std::uint64_t address) { return (address & (bank_distance - 1)) >= stage1_base; }

TableRead table_read(std::uint64_t address) {
  using Of = TableRead::Of;
  const std::uint64_t ipa = address & (bank_distance - 1);
  if (ipa < stage2_base) {
    const std::uint64_t number = (ipa - stage1_base) / page % space_pages;
    return {1, number < 2 ? 1U : number < 10 ? 2U : 3U, Of::output};
  }
  const std::uint64_t number = (address - stage2_base) % stage2_size / page;
  const std::uint64_t index = (address & (page - 1)) / 8;
  if (number < 2) return {2, 1, index < 2 ? Of::structure : Of::output};
  if (number < 4) return {2, 2, index < 128 ? Of::structure : Of::table};
  if (number < 8) return {2, 2, Of::output};
  if (number < 16) return {2, 3, Of::output};
  return {2, 3, number == 16 ? Of::structure : Of::table};
}

std::string hex(std::uint64_t value) {
  std::ostringstream s;
  s << "0x" << std::hex << value;
  return s.str();
}

}  // namespace smmuvp::smmu::invalidation
