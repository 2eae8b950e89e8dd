// Memory with all that was ever in it, for tests that ask what an SMMU may still know of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace smmuvp::smmu::invalidation {

using Word = std::uint64_t;
/// Counts what happens in a schedule: no two things happen at the same tick.
using Tick = std::uint32_t;
constexpr Tick never = ~Tick{0};

/// Words that are always written together.
using StructureWords = std::array<Word, 8>;

/// What lies in memory when a schedule begins.
class Image {
 public:
  Word word(std::uint64_t address) const {
    const auto found = m_words.find(address);
    return found == m_words.end() ? 0 : found->second;
  }
  void put(std::uint64_t address, Word word) { m_words[address] = word; }
  void put(std::uint64_t address, const StructureWords& words) {
    for (unsigned n = 0; n < words.size(); ++n) put(address + 8U * n, words[n]);
  }

 private:
  std::unordered_map<std::uint64_t, Word> m_words;
};

/// By addresses of whole descriptors, of whatever size they are.
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
  /// As for_each_version(), for a structure.
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
  struct Version {
    Tick at = 0;
    Word value = 0;
  };
  Word nth(std::uint64_t address, std::size_t n) const {
    const auto found = m_changed.find(address);
    return found == m_changed.end() ? m_image.word(address) : found->second[n].value;
  }
  const Image& m_image;
  std::unordered_map<std::uint64_t, std::vector<Version>> m_changed;
};

std::string hex(std::uint64_t value);

}  // namespace smmuvp::smmu::invalidation
