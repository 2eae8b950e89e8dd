// What a component holds, for people and tools: parts with notes and tables, and parts below them.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/export.h"

namespace smmuvp {

struct DumpSection {
  std::string title;
  std::vector<std::string> notes;              ///< a sentence or a fact each
  std::vector<std::string> columns;            ///< headings; empty: there is no table
  std::vector<std::vector<std::string>> rows;  ///< as long as `columns` each
  std::vector<DumpSection> sections;           ///< in the order in which they are shown

  /// Adds a section below this one. The reference is good until the next one is added.
  DumpSection& add(std::string name, std::vector<std::string> headings = {}) {
    sections.push_back({std::move(name), {}, std::move(headings), {}, {}});
    return sections.back();
  }
};

/// Lines that are indented below their title, tables with columns that line up. The same section gives the
/// same text, and what a terminal would obey is not in it.
SMMUVP_EXPORT std::string to_text(const DumpSection& section);

}  // namespace smmuvp
