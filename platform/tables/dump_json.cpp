#include "dump_json.h"

#include <cstddef>
#include <utility>

namespace smmuvp::tables {

nlohmann::ordered_json json_of(const DumpSection& section) {
  using Json = nlohmann::ordered_json;
  Json j = {{"title", section.title}};
  if (!section.notes.empty()) j["notes"] = section.notes;
  if (!section.columns.empty()) {
    Json rows = Json::array();
    for (const auto& cells : section.rows) {
      Json row = Json::object();
      for (std::size_t i = 0; i < cells.size() && i < section.columns.size(); ++i)
        row[section.columns[i]] = cells[i];
      rows.push_back(std::move(row));
    }
    j["rows"] = std::move(rows);
  }
  if (!section.sections.empty()) {
    Json sections = Json::array();
    for (const DumpSection& below : section.sections) sections.push_back(json_of(below));
    j["sections"] = std::move(sections);
  }
  return j;
}

}  // namespace smmuvp::tables
