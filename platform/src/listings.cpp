#include "listings.h"

#include <fmt/format.h>

#include "smmuvp/base/number_text.h"
#include "text_table.h"

namespace smmuvp::platform {

namespace {

const char* type_name(ParamType type) {
  switch (type) {
    case ParamType::Bool:
      return "bool";
    case ParamType::Uint:
      return "uint";
    case ParamType::Text:
      return "text";
    case ParamType::Choice:
      return "choice";
    case ParamType::Path:
      return "path";
  }
  return "";
}

std::string range(const ParamInfo& info) {
  if (info.type == ParamType::Choice) return fmt::format("{}", fmt::join(info.choices, "|"));
  if (info.type != ParamType::Uint) return "";
  if (info.min == 0 && info.max == ~0ULL) return "";
  const Notation notation = notation_of(info.default_value);
  return number_text(info.min, notation) + ".." + number_text(info.max, notation);
}

std::string params_of(const ComponentType& type) {
  std::string text = fmt::format("{}: {}\n", type.type, type.doc);
  if (type.params.empty()) return text + "  no parameters\n";
  std::vector<TableRow> rows{{"name", "type", "default", "range", "meaning"}};
  for (const ParamInfo& p : type.params) {
    rows.push_back(
        {p.name, type_name(p.type), p.default_value.empty() ? "\"\"" : p.default_value, range(p), p.doc});
  }
  return text + text_table(rows);
}

std::string trace_points_of(const ComponentType& type) {
  std::string text = fmt::format("{}: {}\n", type.type, type.doc);
  if (type.trace_points.empty()) return text + "  no trace points\n";
  std::vector<TableRow> rows{{"name", "fields", "meaning"}};
  for (const TracePointInfo& p : type.trace_points) {
    rows.push_back({p.name, fmt::format("{}", fmt::join(p.fields, " ")), p.doc});
  }
  return text + text_table(rows);
}

// What `of` says of one type, or of each that there is.
std::string tables(PluginCatalogue& plugins, const std::string& type,
                   std::string (*of)(const ComponentType&)) {
  if (!type.empty()) return of(plugins.find(type));
  plugins.load_all();
  std::string text;
  for (const auto& file : plugins.files()) {
    for (std::size_t i = 0; i < file->type_count; ++i)
      text += (text.empty() ? "" : "\n") + of(file->types[i]);
  }
  return text;
}

}  // namespace

std::string params_table(PluginCatalogue& plugins, const std::string& type) {
  return tables(plugins, type, params_of);
}

std::string trace_table(PluginCatalogue& plugins, const std::string& type) {
  return tables(plugins, type, trace_points_of);
}

std::string components_table(PluginCatalogue& plugins) {
  plugins.load_all();
  std::vector<TableRow> rows{{"type", "meaning", "plugin"}};
  std::string refused;
  for (const auto& file : plugins.files()) {
    for (std::size_t i = 0; i < file->type_count; ++i)
      rows.push_back({file->types[i].type, file->types[i].doc, file->path});
    if (!file->refusal.empty()) refused += fmt::format("  refused {}: {}\n", file->path, file->refusal);
  }
  return text_table(rows) + refused + fmt::format("  looked in {}\n", fmt::join(plugins.directories(), ", "));
}

}  // namespace smmuvp::platform
