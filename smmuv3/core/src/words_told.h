// The words of a structure at the end of a diagnostic, as `smmu-vp decode` takes them.
#pragma once

#include <string>

#include "smmuvp/base/number_text.h"

namespace smmuvp::smmuv3 {

/// "; the STE is 0x3 0x0 ...".
template <class Words>
std::string words_told(const char* structure, const Words& words) {
  std::string text = std::string("; the ") + structure + " is";
  for (const auto word : words) text += " " + number_text(word, Notation::Hexadecimal);
  return text;
}

}  // namespace smmuvp::smmuv3
