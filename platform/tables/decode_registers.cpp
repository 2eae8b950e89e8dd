#include "decode_registers.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "register_names.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/field_text.h"
#include "smmuvp/smmuv2/explain_register.h"
#include "smmuvp/smmuv2/register_fields.h"
#include "structure_words.h"

namespace smmuvp::tables {

namespace po = boost::program_options;

namespace {

po::options_description make_options() {
  po::options_description options("Options of smmuv2", 110, 60);
  options.add_options()(
      "as", po::value<std::string>()->value_name("TEXT"),
      "of a register with several formats those that have TEXT in their title, such as "
      "'stage 2' or 'aarch64', and of these the ones that the value can be of, if there are "
      "any")("nonzero", "leave out fields that are 0")("json", "JSON instead of text")(
      "color", po::value<std::string>()->value_name("WHEN")->default_value("auto", ""),
      "auto, always or never")("help,h", "the help of decode");
  return options;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  return text;
}

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

using Formats = std::vector<const StructureInfo*>;

struct Value {
  std::string name;  // as it was given
  NamedRegister named;
  std::uint64_t value = 0;
  std::size_t line = 0;  // of a log
};

std::vector<ExplainedField> explain(const StructureInfo& format, std::uint64_t word) {
  if (format.fields.size() == 0) return {};
  return smmuv2::explain_register(format, word);
}

bool has_wrong(const StructureInfo& format, std::uint64_t word) {
  const std::vector<ExplainedField> fields = explain(format, word);
  return std::any_of(fields.begin(), fields.end(), [](const ExplainedField& f) { return f.wrong; });
}

// Whether a title has the text from the beginning of a word on: "Secure" is not in "Non-secure".
bool says(const StructureInfo& format, const std::string& text) {
  return (" " + upper(format.title)).find(" " + upper(text)) != std::string::npos;
}

// Those that the value can be of: by TYPE, or without bits that must not be.
Formats possible(const Value& v) {
  const Formats& all = v.named.formats;
  for (const Field* f : all[0]->fields) {  // one format for each value, the last for what is above
    if (std::string_view(f->name) == "TYPE") {
      return {all[std::min<std::size_t>(get(v.value, *f), all.size() - 1)]};
    }
  }
  Formats found;
  std::copy_if(all.begin(), all.end(), std::back_inserter(found),
               [&](const StructureInfo* format) { return !has_wrong(*format, v.value); });
  return found;
}

// Those that --as asks for and the value can be of; if there is none, those that --as asks for.
Formats chosen(const Value& v, const std::optional<std::string>& as) {
  const Formats& all = v.named.formats;
  if (all.empty()) return {&v.named.whole};
  if (all.size() == 1) return all;
  Formats wanted;
  std::copy_if(all.begin(), all.end(), std::back_inserter(wanted),
               [&](const StructureInfo* format) { return !as || says(*format, *as); });
  const Formats can_be = possible(v);
  Formats both;
  std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(both), [&](const StructureInfo* format) {
    return std::find(can_be.begin(), can_be.end(), format) != can_be.end();
  });
  return both.empty() ? wanted : both;
}

struct Request {
  bool nonzero = false;
  bool json = false;
  bool colour = false;
  bool shown(const ExplainedField& p) const { return !nonzero || p.value != 0 || p.wrong; }
};

void print(const Request& request, const Value& v, const StructureInfo& format, const Output& output) {
  const std::string line = v.line != 0 ? fmt::format("line {}: ", v.line) : "";
  output.print(bold(fmt::format("{}{} = {:#x}: {} ({})", line, v.name, v.value, format.title, format.clause),
                    request.colour) +
               "\n");
  std::vector<Row> rows{{"bits", "field", "value", "meaning"}};
  std::vector<bool> wrong;
  for (const ExplainedField& p : explain(format, v.value)) {
    if (!request.shown(p)) continue;
    rows.push_back({bits_words(p), p.name, p.text, p.meaning});
    wrong.push_back(p.wrong);
  }
  if (wrong.empty()) return output.print(format.fields.size() == 0 ? "" : "  all fields are 0\n");
  const std::vector<std::string> lines = columns(rows);
  output.print("  " + lines[0] + "\n");
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const std::string text = (wrong[i] ? "! " : "  ") + lines[i + 1];
    output.print((wrong[i] ? red(text, request.colour) : text) + "\n");
  }
}

nlohmann::ordered_json json_of(const Request& request, const Value& v, const StructureInfo& format) {
  using json = nlohmann::ordered_json;
  json fields = json::array();
  for (const ExplainedField& p : explain(format, v.value)) {
    if (!request.shown(p)) continue;
    fields.push_back({{"name", p.name},
                      {"high", p.high},
                      {"low", p.low},
                      {"value", fmt::format("{:#x}", p.value)},
                      {"text", p.text},
                      {"meaning", p.meaning},
                      {"wrong", p.wrong}});
  }
  json j = {{"register", format.name},
            {"title", format.title},
            {"clause", format.clause},
            {"value", fmt::format("{:#x}", v.value)},
            {"fields", std::move(fields)}};
  if (v.line != 0) j["line"] = v.line;
  return j;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text, bool with_0x) {
  const bool has_0x = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (with_0x && !has_0x) return std::nullopt;
  if (has_0x) text.remove_prefix(2);
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || error != std::errc() || last != end) return std::nullopt;
  return value;
}

// A row of the platform's dumps: name, offset and value, as Non-secure software reads it.
// @return whether the line is one
bool take_dump_row(const std::string& line, std::size_t number, std::vector<Value>& values) {
  std::istringstream words(line);
  std::string names, offset, value_text, more;
  if (!(words >> names >> offset >> value_text) || words >> more) return false;
  const auto value = hexadecimal(value_text, true);
  if (!hexadecimal(offset, true) || !value) return false;
  std::istringstream parts(names);  // two where two share an offset: "SMMU_CB2_PRRR/SMMU_CB2_MAIR0"
  for (std::string name; std::getline(parts, name, '/');) {
    const bool both_states = name.rfind("SMMU_s", 0) == 0;
    NamedRegister named = find_register_of_log(both_states ? "SMMU_NS" + name.substr(6) : name);
    if (!named.formats.empty()) values.push_back({name, std::move(named), *value, number});
  }
  return true;
}

// What a line of a log has of registers: "fsr=0x402", "FSR    = 00000402", "GFSR 0x2", "GFSR: 0x2",
// and what the platform traces: "register=SMMU_S2CR0 value=0x20000".
void take_line(const std::string& line, std::size_t number, std::vector<Value>& values) {
  if (take_dump_row(line, number, values)) return;
  std::size_t at = 0;
  const auto word = [&] {
    const std::size_t from = at;
    while (at < line.size() && is_name(line[at])) ++at;
    return line.substr(from, at - from);
  };
  const auto skip = [&](char c) {
    while (at < line.size() && line[at] == c) ++at;
  };
  while (at < line.size()) {
    if (!is_name(line[at])) {
      ++at;
      continue;
    }
    const std::string name = word();
    const std::size_t behind = at;
    skip(' ');
    constexpr std::string_view traced = "value=";
    if (line.compare(at, traced.size(), traced) == 0) at += traced.size() - 1;
    const bool assigned = at < line.size() && (line[at] == '=' || line[at] == ':');
    if (assigned) ++at;
    skip(' ');
    const auto value = hexadecimal(word(), !assigned);
    NamedRegister named = value ? find_register_of_log(name) : NamedRegister{};
    if (named.formats.empty()) {
      at = behind;  // what follows may be a name
      continue;
    }
    values.push_back({name, std::move(named), *value, number});
  }
}

Value value_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError("", fmt::format("decode smmuv2: {}: expected REGISTER=VALUE, such as FSR=0x402, or - "
                                      "for a log on standard input",
                                      tables::quoted(text)));
  }
  Value v;
  v.name = text.substr(0, equals);
  v.named = find_register(v.name);
  const std::string digits = text.substr(equals + 1);
  const bool bare = hexadecimal(digits, false) && !hexadecimal(digits, true);
  v.value = parse_hex(bare ? "0x" + digits : digits, v.name, v.named.whole.bytes * 8U);
  return v;
}

// With registers of one format each, one that is in no title would go unnoticed.
void check_as(const std::string& as) {
  const auto& all = smmuv2::register_formats();
  if (std::any_of(all.begin(), all.end(), [&](const StructureInfo* format) { return says(*format, as); })) {
    return;
  }
  throw ConfigError("as",
                    fmt::format("--as: {} is in no title of a register; expected for example 'stage 1', "
                                "'stage 2', 'aarch64', 'short', 'long', 'fault', 'secure' or 'non-secure'",
                                tables::quoted(as)));
}

}  // namespace

std::string register_help() {
  std::ostringstream options;
  options << make_options();
  return options.str();
}

void decode_registers(const std::vector<std::string>& arguments, std::istream& input, const Output& output) {
  const po::variables_map map =
      parse_options(make_options(), "values", fmt::format("decode {}", register_kind), arguments);
  std::vector<std::string> texts;
  if (map.count("values") != 0) texts = map["values"].as<std::vector<std::string>>();
  if (!texts.empty()) texts.erase(texts.begin());  // the kind's own word
  if (texts.empty()) {
    throw ConfigError("",
                      "decode smmuv2: no register given; expected for example FSR=0x402, or - for a log "
                      "on standard input");
  }
  Request request;
  request.nonzero = map.count("nonzero") != 0;
  request.json = map.count("json") != 0;
  request.colour = use_colour(map["color"].as<std::string>(), output.terminal);
  std::optional<std::string> as;
  if (map.count("as") != 0) as = map["as"].as<std::string>();
  if (as && as->empty()) {
    throw ConfigError("as", "--as needs a text that is in the title of a format, such as 'stage 1'");
  }

  std::vector<Value> values;
  for (const std::string& text : texts) {
    if (text != "-") {
      values.push_back(value_of(text));
      continue;
    }
    std::istringstream log(bytes_of_file("-", input, std::nullopt));
    std::string line;
    const std::size_t before = values.size();
    for (std::size_t number = 1; std::getline(log, line); ++number) take_line(line, number, values);
    if (values.size() == before) {
      throw ConfigError("",
                        "decode smmuv2: standard input names no register with a value, such as fsr=0x402");
    }
  }
  const auto has_choice = [](const Value& v) { return v.named.formats.size() > 1; };
  if (as && std::none_of(values.begin(), values.end(), has_choice)) check_as(*as);
  nlohmann::ordered_json registers = nlohmann::ordered_json::array();
  bool first = true;
  for (const Value& v : values) {
    const Formats formats = chosen(v, as);
    if (formats.empty()) {
      std::string titles;
      for (const StructureInfo* f : v.named.formats)
        titles += fmt::format("{}{}", titles.empty() ? "" : "; ", f->title);
      throw ConfigError(
          "as", fmt::format("--as: {} is in no title of {}: {}", tables::quoted(*as), v.name, titles));
    }
    for (const StructureInfo* format : formats) {
      if (request.json) {
        registers.push_back(json_of(request, v, *format));
        continue;
      }
      if (!first) output.print("\n");
      first = false;
      print(request, v, *format, output);
    }
  }
  if (request.json) {
    output.print(nlohmann::ordered_json{{"registers", std::move(registers)}}.dump(
                     2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) +
                 "\n");
  }
}

}  // namespace smmuvp::tables
