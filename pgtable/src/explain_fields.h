// How explanations are put together: fields are added from the most significant bit down.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "smmuvp/pgtable/explain.h"

namespace smmuvp::pgtable::detail {

class FieldList {
 public:
  FieldList(std::uint64_t descriptor, Explanation& to) : m_descriptor(descriptor), m_to(to) {}

  std::uint64_t bits(unsigned high, unsigned low) const {
    const unsigned count = high - low + 1;
    const std::uint64_t value = m_descriptor >> low;
    return count >= 64 ? value : value & ((std::uint64_t{1} << count) - 1);
  }
  bool bit(unsigned n) const { return bits(n, n) != 0; }

  void add(unsigned high, unsigned low, std::string name, FieldUse use, std::string meaning,
           bool wrong = false) {
    m_to.fields.push_back({std::move(name), static_cast<std::uint8_t>(high), static_cast<std::uint8_t>(low),
                           bits(high, low), use, std::move(meaning), wrong});
  }
  void attribute(unsigned high, unsigned low, std::string name, std::string meaning, bool wrong = false) {
    add(high, low, std::move(name), FieldUse::attribute, std::move(meaning), wrong);
  }
  void flag(unsigned n, std::string name, const char* set, const char* clear) {
    attribute(n, n, std::move(name), bit(n) ? set : clear);
  }
  /// `why`: where other settings or features give the bits a meaning.
  void res0(unsigned high, unsigned low, const std::string& why = "") {
    const bool wrong = bits(high, low) != 0;
    std::string meaning = wrong ? "must be 0" : "";
    if (!why.empty()) meaning += (meaning.empty() ? "" : "; ") + why;
    add(high, low, "RES0", FieldUse::res0, std::move(meaning), wrong);
  }
  void ignored(unsigned high, unsigned low, std::string meaning = "free for software") {
    add(high, low, "IGNORED", FieldUse::software, std::move(meaning));
  }
  void software(unsigned high, unsigned low, std::string meaning = "") {
    add(high, low, "software use", FieldUse::software, std::move(meaning));
  }
  void undocumented(unsigned high, unsigned low, std::string meaning = "Linux writes 0") {
    add(high, low, "undocumented", FieldUse::undocumented, std::move(meaning));
  }

 private:
  std::uint64_t m_descriptor;
  Explanation& m_to;
};

Explanation explain_long(DescriptorFormat format, int level, std::uint64_t d, const ExplainSettings& s);
Explanation explain_short(int level, std::uint32_t d, const ExplainSettings& s);

/// "0x1234".
std::string hex(std::uint64_t value);
/// "0b0101", of `count` digits.
std::string binary(std::uint64_t value, unsigned count);
/// Sets title from kind, size_shift and address.
void set_title(Explanation& e, int level);

}  // namespace smmuvp::pgtable::detail
