// The little system that invalidation schedules run in: where its structures and tables lie, and how they are
// encoded. Every stream, address space and stage 2 is made of a few places whose content software changes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace smmuvp::smmuv3::invalidation {

using Word = std::uint64_t;
/// Counts what happens in a schedule: no two things happen at the same tick.
using Tick = std::uint32_t;
constexpr Tick never = ~Tick{0};

using StructureWords = std::array<Word, 8>;

// ---- places

/// A node of a translation table: the path to it says which addresses it translates.
struct Node {
  std::uint8_t stage = 1;  ///< 1 or 2
  std::uint8_t space = 0;  ///< which stage 1 address space, or which stage 2
  std::uint8_t ttb = 0;    ///< stage 1: TTB0 or TTB1
  std::uint8_t level = 3;  ///< of the descriptor: 1 to 3
  std::uint8_t copy = 0;   ///< levels 2 and 3: which of two tables that can take each other's place
  std::uint8_t bank = 0;   ///< stage 1: physical copy that stage 2 can choose
};

constexpr unsigned stage1_spaces = 3;
constexpr unsigned stage2_spaces = 2;
constexpr unsigned cd_slots = 4;
constexpr std::array<std::uint32_t, 5> streams{1, 2, 3, 66, 67};

constexpr std::uint64_t l1std_base = 0x1000'0000;  ///< two levels, SPLIT 6
constexpr std::uint64_t ste_leaves = 0x1100'0000;  ///< + copy, index
constexpr std::uint64_t linear_base = 0x1200'0000;
constexpr std::uint64_t cd_base = 0x4000'0000;      ///< each CD in a page of its own; an IPA with stage 2
constexpr std::uint64_t stage1_base = 0x5000'0000;  ///< stage 1 tables; IPAs with stage 2
constexpr std::uint64_t stage2_base = 0x6000'0000;
/// Distance between an IPA and what stage 2 can make of it, times 0 to 7. CDs and stage 1 tables have
/// content at 0 and 1 of it.
constexpr std::uint64_t bank_distance = 0x4'0000'0000;
constexpr std::uint64_t upper_range = 0xffff'ff80'0000'0000;  ///< first address of TTB1, T1SZ 25

/// Addresses in use have i of 2 or 3, j of 0 or 1, k of 0 to 2, in virtual and in intermediate addresses.
struct Place {
  std::uint8_t i = 2;
  std::uint8_t j = 0;
  std::uint8_t k = 0;
  std::uint64_t address() const {
    return std::uint64_t{i} << 30U | std::uint64_t{j} << 21U | std::uint64_t{k} << 12U;
  }
};

constexpr unsigned shift_of(unsigned level) { return 39U - 9U * level; }

std::uint64_t cd_address(unsigned slot, unsigned bank);
std::uint64_t ste_address(std::uint32_t sid, bool two_level, unsigned copy);
std::uint64_t l1std_address(std::uint32_t sid);
Word l1std(std::uint32_t sid, unsigned copy);
std::uint64_t stage1_root(unsigned space, unsigned ttb);
std::uint64_t stage2_root(unsigned space);
/// The table that `node`'s descriptor for `place` lies in.
std::uint64_t table_address(const Node& node, const Place& place);
std::uint64_t descriptor_address(const Node& node, const Place& place);
/// Stage 2, of the page of a CD or a stage 1 table: level 3, or level 2 for the whole region.
std::uint64_t structure_descriptor(unsigned space, unsigned level, std::uint64_t ipa);
/// The level 3 table of that region.
std::uint64_t structure_table(unsigned space, std::uint64_t ipa);
/// All pages that hold stage 1 tables, in bank 0.
constexpr unsigned stage1_pages = stage1_spaces * 26;

// ---- descriptors (DDI 0487 D8.3)

struct Leaf {
  std::uint64_t output = 0;
  bool writable = true;
  bool nG = true;  ///< stage 1
};
Word leaf1(unsigned level, const Leaf& leaf);
Word leaf2(unsigned level, const Leaf& leaf);
Word table(std::uint64_t address);

// ---- structures (IHI 0070 5.2, 5.4)

enum class SteType : std::uint8_t { invalid, abort, bypass, stage1, stage2, nested };
const char* to_string(SteType type);

struct SteValue {
  SteType type = SteType::invalid;
  std::uint8_t cd_slot = 0;
  std::uint16_t vmid = 0;
  std::uint8_t stage2_space = 0;
  bool el2 = false;  ///< of stage1: StreamWorld NS-EL2-E2H, which has no VMIDs
};
struct CdValue {
  bool valid = true;
  std::array<std::uint8_t, 2> spaces{};  ///< of TTB0 and TTB1
  std::uint16_t asid = 1;
  bool aset = false;
};
StructureWords encode(const SteValue& ste);
StructureWords encode(const CdValue& cd);

// ---- memory, with all that was ever in it

/// What lies in memory when a schedule begins. A few variants, made once.
class Image {
 public:
  static constexpr unsigned variants = 16;
  static const Image& get(unsigned variant);
  Word word(std::uint64_t address) const {
    const auto found = m_words.find(address);
    return found == m_words.end() ? 0 : found->second;
  }

 private:
  explicit Image(unsigned variant);
  void put(std::uint64_t address, const StructureWords& words);
  std::unordered_map<std::uint64_t, Word> m_words;
};

struct Version {
  Tick at = 0;
  Word value = 0;
};

class Memory {
 public:
  explicit Memory(const Image& image) : m_image(image) {}
  Word read(std::uint64_t address) const {
    const auto found = m_changed.find(address);
    return found == m_changed.end() ? m_image.word(address) : found->second.back().value;
  }
  void write(Tick now, std::uint64_t address, Word value) {
    std::vector<Version>& v = m_changed[address];
    if (v.empty()) v.push_back({0, m_image.word(address)});
    v.push_back({now, value});
  }
  void write(Tick now, std::uint64_t address, const StructureWords& words) {
    for (unsigned n = 0; n < words.size(); ++n) write(now, address + 8U * n, words[n]);
  }
  /// Calls visit(value, first tick, tick after the last) for everything that was ever at `address`.
  template <class Visitor>
  void for_each_version(std::uint64_t address, Visitor visit) const {
    const auto found = m_changed.find(address);
    if (found == m_changed.end()) {
      visit(m_image.word(address), Tick{0}, never);
      return;
    }
    const std::vector<Version>& v = found->second;
    for (std::size_t n = 0; n < v.size(); ++n) {
      visit(v[n].value, v[n].at, n + 1 < v.size() ? v[n + 1].at : never);
    }
  }
  /// As for_each_version(), for a structure, whose words are always written together.
  template <class Visitor>
  void for_each_structure(std::uint64_t address, Visitor visit) const {
    std::size_t n = 0;
    for_each_version(address, [&](Word /*first*/, Tick from, Tick to) {
      StructureWords words{};
      for (unsigned w = 0; w < words.size(); ++w) words[w] = nth(address + 8U * w, n);
      ++n;
      visit(words, from, to);
    });
  }
  StructureWords structure(std::uint64_t address) const {
    StructureWords words{};
    for (unsigned w = 0; w < words.size(); ++w) words[w] = read(address + 8U * w);
    return words;
  }

 private:
  Word nth(std::uint64_t address, std::size_t n) const {
    const auto found = m_changed.find(address);
    return found == m_changed.end() ? m_image.word(address) : found->second[n].value;
  }
  const Image& m_image;
  std::unordered_map<std::uint64_t, std::vector<Version>> m_changed;
};

// ---- what an access reads

/// Steps of an access, by what it reads. Stage 2 is told apart by what it translates.
enum class StepKind : std::uint8_t {
  l1std,
  ste,
  cd,
  stage1_level1,
  stage1_level2,
  stage1_level3,
  stage2_level1_structure,  ///< of a CD or a stage 1 table
  stage2_level1_output,
  stage2_level2_cd,
  stage2_level2_table,
  stage2_level2_output,
  stage2_level3_cd,
  stage2_level3_table,
  stage2_level3_output,
  count,
};
constexpr unsigned step_kinds = static_cast<unsigned>(StepKind::count);
const char* to_string(StepKind kind);
/// What lies at an address that the SMMU reads for an access.
StepKind step_kind(std::uint64_t address);
constexpr bool is_stage1(StepKind kind) {
  return kind >= StepKind::stage1_level1 && kind <= StepKind::stage1_level3;
}
constexpr bool is_stage2(StepKind kind) { return kind >= StepKind::stage2_level1_structure; }
/// Level of a descriptor.
unsigned level_of(StepKind kind);

std::string hex(std::uint64_t value);

}  // namespace smmuvp::smmuv3::invalidation
