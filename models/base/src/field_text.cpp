#include "smmuvp/base/field_text.h"

#include <cstdio>

namespace smmuvp {

namespace {

std::string binary(std::uint64_t value, unsigned bits) {
  std::string text = "0b";
  for (unsigned i = bits; i-- > 0;) text += ((value >> i) & 1) != 0 ? '1' : '0';
  return text;
}

// Elements that are not 0, by index.
std::string elements_text(const Field& f, std::uint64_t value, bool& wrong) {
  const unsigned bits = f.width() / f.elements;
  std::string text;
  for (unsigned i = 0; i < f.elements; ++i) {
    const std::uint64_t element = (value >> (i * bits)) & low_bits(bits);
    if (element == 0) continue;
    const FieldValue* named = named_value(f, element);
    wrong = wrong || named == nullptr || named->reserved;
    text += (text.empty() ? "" : "; ") + std::to_string(i) + ": " +
            (named != nullptr ? named->meaning : "Reserved");
  }
  return std::string(f.meaning) + (text.empty() ? "" : ": " + text);
}

}  // namespace

std::string hex_text(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string value_text(const Field& f, std::uint64_t value) {
  if (f.use == FieldUse::address) return hex_text(value << f.shift);
  if (f.use == FieldUse::code && f.elements == 1 && f.width() > 1) return binary(value, f.width());
  const bool count = f.use == FieldUse::number || f.use == FieldUse::region_size || f.use == FieldUse::log2;
  if (f.width() == 1 || (count && f.width() <= 8)) return std::to_string(value);
  return hex_text(value);
}

const FieldValue* named_value(const Field& f, std::uint64_t value) {
  for (unsigned i = 0; i < f.value_count; ++i) {
    if (f.values[i].value == value) return &f.values[i];
  }
  return nullptr;
}

std::string meaning_text(const Field& f, std::uint64_t value, bool& wrong) {
  if (f.elements > 1) return elements_text(f, value, wrong);
  if (f.use == FieldUse::region_size) return std::to_string(64 - value) + "-bit input addresses";
  if (f.use == FieldUse::log2) return std::string(f.meaning) + ": 2^" + std::to_string(value);
  // What a flag means is what its 1 means.
  const bool clear_flag = f.width() == 1 && value == 0 && *f.meaning != 0;
  if (f.value_count == 0) return std::string(clear_flag ? "1: " : "") + f.meaning;
  const FieldValue* named = named_value(f, value);
  wrong = named == nullptr || named->reserved;
  return named != nullptr ? named->meaning : "Reserved";
}

}  // namespace smmuvp
