#include "decode_registers.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

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
  options.add_options()("as", po::value<std::string>()->value_name("TEXT"),
                        "of a register with several formats those that have TEXT in their title, such as "
                        "'stage 2' or 'aarch64'; without it, those that the value can be of")(
      "nonzero", "leave out fields that are 0")("json", "JSON instead of text")(
      "color", po::value<std::string>()->value_name("WHEN")->default_value("auto", ""),
      "auto, always or never")("help,h", "the help of decode");
  return options;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  return text;
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Without SMMU_, and CBn_ or CB3_.
std::string without_prefixes(std::string name) {
  if (name.rfind("SMMU_", 0) == 0) name.erase(0, 5);
  if (name.rfind("CB", 0) != 0) return name;
  std::size_t at = 2;
  if (at < name.size() && name[at] == 'N') {
    ++at;
  } else {
    while (at < name.size() && is_digit(name[at])) ++at;
  }
  if (at > 2 && at < name.size() && name[at] == '_') name.erase(0, at + 1);
  return name;
}

/// A format's name, taken apart.
struct Name {
  std::string stem;           // in capitals
  bool indexed = false;       // an array, whose index may follow
  bool either_state = false;  // a small s: of both Security states, which may be left out
};

Name name_of(const StructureInfo& format) {
  std::string text = format.name;
  Name n;
  if (text.rfind("SMMU_", 0) == 0) text.erase(0, 5);
  if (text.back() == 'n' || text.back() == 'm') {
    n.indexed = true;
    text.pop_back();
  }
  n.either_state = text[0] == 's';
  n.stem = without_prefixes(upper(text));
  return n;
}

bool fits(const Name& name, const std::string& word) {
  const auto is = [&](const std::string& stem) {
    if (word == stem) return true;
    if (!name.indexed || word.rfind(stem, 0) != 0) return false;
    const std::string index = word.substr(stem.size());
    return index == "N" || index == "M" || std::all_of(index.begin(), index.end(), is_digit);
  };
  return is(name.stem) || (name.either_state && is(name.stem.substr(1)));
}

using Formats = std::vector<const StructureInfo*>;

// All formats of the register that a word names: as the specification, or as a driver does.
Formats formats_of(const std::string& word) {
  std::string name = without_prefixes(upper(word));
  if (name == "FSYNR") name = "FSYNR0";
  static const std::vector<std::pair<Name, const StructureInfo*>> known = [] {
    std::vector<std::pair<Name, const StructureInfo*>> all;
    for (const StructureInfo* format : smmuv2::register_formats()) all.emplace_back(name_of(*format), format);
    return all;
  }();
  Formats found;
  for (const auto& [stem, format] : known) {
    if (fits(stem, name)) found.push_back(format);
  }
  return found;
}

struct Value {
  std::string name;  // as it was given
  Formats formats;
  std::uint64_t value = 0;
  std::size_t line = 0;  // of a log
};

bool has_wrong(const StructureInfo& format, std::uint64_t word) {
  const std::vector<ExplainedField> fields = smmuv2::explain_register(format, word);
  return std::any_of(fields.begin(), fields.end(), [](const ExplainedField& f) { return f.wrong; });
}

// Those that --as asks for; without, that of TYPE, or those that the value can be of.
Formats chosen(const Value& v, const std::optional<std::string>& as) {
  const Formats& all = v.formats;
  if (all.size() == 1) return all;
  Formats found;
  if (!as) {
    for (const Field* f : all[0]->fields) {  // one format for each value, the last for what is above
      if (std::string_view(f->name) == "TYPE") {
        return {all[std::min<std::size_t>(get(v.value, *f), all.size() - 1)]};
      }
    }
    std::copy_if(all.begin(), all.end(), std::back_inserter(found),
                 [&](const StructureInfo* format) { return !has_wrong(*format, v.value); });
    return found.empty() ? all : found;
  }
  std::copy_if(all.begin(), all.end(), std::back_inserter(found), [&](const StructureInfo* format) {
    return upper(format->title).find(upper(*as)) != std::string::npos;
  });
  return found;
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
  for (const ExplainedField& p : smmuv2::explain_register(format, v.value)) {
    if (!request.shown(p)) continue;
    rows.push_back({bits_words(p), p.name, p.text, p.meaning});
    wrong.push_back(p.wrong);
  }
  if (wrong.empty()) return output.print("  all fields are 0\n");
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
  for (const ExplainedField& p : smmuv2::explain_register(format, v.value)) {
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

// What a line of a log has of registers: "fsr=0x402", "FSR    = 00000402", "GFSR 0x2", "GFSR: 0x2".
void take_line(const std::string& line, std::size_t number, std::vector<Value>& values) {
  std::size_t at = 0;
  const auto word = [&] {
    const std::size_t from = at;
    while (at < line.size() && is_name(line[at])) ++at;
    return line.substr(from, at - from);
  };
  while (at < line.size()) {
    if (!is_name(line[at])) {
      ++at;
      continue;
    }
    const std::string name = word();
    const std::size_t behind = at;
    const auto spaces = [&] {
      while (at < line.size() && line[at] == ' ') ++at;
    };
    spaces();
    const bool assigned = at < line.size() && (line[at] == '=' || line[at] == ':');
    if (assigned) ++at;
    spaces();
    const auto value = hexadecimal(word(), !assigned);
    Formats formats = value ? formats_of(name) : Formats{};
    if (formats.empty()) {
      at = behind;  // what follows may be a name
      continue;
    }
    values.push_back({name, std::move(formats), *value, number});
  }
}

std::string names_of_registers() {
  std::set<std::string> names;
  for (const StructureInfo* format : smmuv2::register_formats()) {
    std::string name = format->name;
    if (name.rfind("SMMU_", 0) == 0) name.erase(0, 5);
    if (name.rfind("CBn_", 0) == 0) name.erase(0, 4);
    names.insert(name);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
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
  v.formats = formats_of(v.name);
  if (v.formats.empty()) {
    throw ConfigError("", fmt::format("decode smmuv2: {} is no register that has fields; there are: {}",
                                      tables::quoted(v.name), names_of_registers()));
  }
  v.value = parse_hex(text.substr(equals + 1), v.name, v.formats[0]->bytes * 8U);
  return v;
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
  nlohmann::ordered_json registers = nlohmann::ordered_json::array();
  bool first = true;
  for (const Value& v : values) {
    const Formats formats = chosen(v, as);
    if (formats.empty()) {
      std::string titles;
      for (const StructureInfo* f : v.formats)
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
