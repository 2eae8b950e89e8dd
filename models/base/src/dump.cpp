#include "smmuvp/base/dump.h"

#include <algorithm>
#include <cstddef>

#include "smmuvp/base/utf8.h"

namespace smmuvp {

namespace {

void add_line(const std::string& line, std::size_t indent, std::string& text) {
  text += std::string(indent, ' ') + printable(line);
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
}

void add_table(const DumpSection& s, std::size_t indent, std::string& text) {
  std::vector<std::size_t> widths(s.columns.size());
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  };
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) {
      if (i != 0) line += "  ";
      line += row[i] + std::string(widths[i] - row[i].size(), ' ');
    }
    add_line(line, indent, text);
  };
  measure(s.columns);
  for (const auto& row : s.rows) measure(row);
  print(s.columns);
  for (const auto& row : s.rows) print(row);
}

void add(const DumpSection& s, std::size_t indent, std::string& text) {
  constexpr std::size_t step = 2;
  add_line(s.title, indent, text);
  for (const std::string& note : s.notes) add_line(note, indent + step, text);
  if (!s.rows.empty()) add_table(s, indent + step, text);
  for (const DumpSection& below : s.sections) add(below, indent + step, text);
}

}  // namespace

std::string to_text(const DumpSection& section) {
  std::string text;
  add(section, 0, text);
  return text;
}

}  // namespace smmuvp
