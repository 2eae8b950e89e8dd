#include "compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <variant>

#include "guest_files.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"
#include "text_table.h"

namespace smmuvp::platform {

namespace po = boost::program_options;

namespace {

using Value = std::variant<std::uint64_t, std::int64_t, double>;
using Values = std::map<std::string, Value>;

double number(const Value& value) {
  return std::visit([](auto v) { return static_cast<double>(v); }, value);
}

std::string value_text(const Value& value) {
  return std::visit([](auto v) { return fmt::format("{}", v); }, value);
}

struct Tolerance {
  std::string glob;
  double part = 0;  // of A's value
  std::string text;
  bool used = false;
};

// '*' is any text, '?' any character. No more work than the lengths' product.
bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  for (std::size_t t = 0; t < text.size();) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

// "5%", "0.05" or "any".
std::optional<double> tolerance_part(std::string_view text) {
  if (text == "any") return std::numeric_limits<double>::infinity();
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.remove_suffix(1);
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return {};
  double part = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  // A bare 5 is as likely meant for 5 % as for 500 %.
  if (!percent && part > 1) return {};
  return percent ? part / 100 : part;
}

Tolerance read_tolerance(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  Tolerance t;
  t.glob = equals == std::string::npos ? "*" : text.substr(0, equals);
  t.text = equals == std::string::npos ? text : text.substr(equals + 1);
  const std::optional<double> part = tolerance_part(t.text);
  if (!part || t.glob.empty()) {
    throw ConfigError("tolerance",
                      fmt::format("--tolerance: '{}' is no tolerance; expected [GLOB=]PART, for example "
                                  "'*.tlb_misses=5%', 'smmu0.*=0.05' or 'cpu0.*=any'; a PART without % is at "
                                  "most 1",
                                  text));
  }
  t.part = *part;
  return t;
}

std::optional<Value> value_of(const nlohmann::json& json) {
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) return json.get<double>();
  return {};
}

Values read_report(const std::string& path) {
  constexpr std::size_t most_bytes = 256 << 20;
  std::vector<std::uint8_t> data;
  std::string error;
  if (!read_file(path, most_bytes, data, error)) throw ConfigError("", error);
  nlohmann::json report;
  try {
    report = nlohmann::json::parse(data.begin(), data.end());
  } catch (const nlohmann::json::parse_error& e) {
    throw ConfigError("", fmt::format("{}: no JSON at byte {}", path, e.byte));
  } catch (const nlohmann::json::exception& e) {
    throw ConfigError("", fmt::format("{}: no JSON: {}", path, e.what()));
  }
  if (!report.is_object() || !report.contains("statistics") || !report["statistics"].is_object())
    throw ConfigError("", fmt::format("{}: no report of smmu-vp run --json: it has no 'statistics'", path));
  if (!report.contains("digest") || !report["digest"].is_string())
    throw ConfigError("", fmt::format("{}: no report of smmu-vp run --json: it has no 'digest'", path));
  // A run that was refused or broken off has counted nothing, and nothing equals nothing.
  if (report["digest"].get_ref<const std::string&>().empty()) {
    const std::string verdict = report.contains("verdict") && report["verdict"].is_string()
                                    ? report["verdict"].get<std::string>()
                                    : "unknown";
    throw ConfigError("", fmt::format("{}: the report of a run without a result, whose verdict is '{}'; "
                                      "expected one of a run that took place, so repeat it",
                                      path, verdict));
  }
  Values values;
  for (const char* key : {"sim_time_ps", "instructions"}) {
    if (!report.contains(key)) continue;
    if (const std::optional<Value> value = value_of(report[key])) values[key] = *value;
  }
  for (const auto& [component, counters] : report["statistics"].items()) {
    if (!counters.is_object())
      throw ConfigError("", fmt::format("{}: statistics.{} is no object", path, component));
    for (const auto& [counter, json] : counters.items()) {
      const std::optional<Value> value = value_of(json);
      if (!value)
        throw ConfigError("", fmt::format("{}: statistics.{}.{} is no number", path, component, counter));
      values[fmt::format("{}.{}", component, counter)] = *value;
    }
  }
  return values;
}

// Of A. Infinite if there is nothing to relate to.
double difference(const Value& a, const Value& b) {
  double more = number(b) - number(a);
  // Counters have 64 bits, and a double would lose some.
  const auto* from = std::get_if<std::uint64_t>(&a);
  const auto* to = std::get_if<std::uint64_t>(&b);
  if (from != nullptr && to != nullptr)
    more = *to >= *from ? static_cast<double>(*to - *from) : -static_cast<double>(*from - *to);
  if (more == 0) return 0;
  return number(a) == 0 ? std::numeric_limits<double>::infinity() : more / std::abs(number(a));
}

std::string difference_text(double part) {
  if (std::isinf(part)) return "from 0";
  const double percent = part * 100;
  return std::abs(percent) < 0.01 ? fmt::format("{:+.1e} %", percent) : fmt::format("{:+.2f} %", percent);
}

const char* const help = R"(smmu-vp compare A B [--tolerance [GLOB=]PART]...

Compares the statistics of two reports of `smmu-vp run --json`, and sim_time_ps and instructions. A key is
COMPONENT.COUNTER, as smmu0.tlb_misses. What differs, or is in one report only, is shown in a table.

  --tolerance [GLOB=]PART   how far B's value may be from A's, as a part of A's: 5%, 0.05, or any; default 0. It is
                            for the keys that GLOB matches ('*' is any text, '?' any character), or for all. Of
                            several that match a key the last counts. May be repeated

Examples
  smmu-vp compare before.json after.json
  smmu-vp compare before.json after.json --tolerance 1% --tolerance '*.tlb_misses=5%' --tolerance 'sim_time_ps=any'

Exit code 0: nothing differs by more than its tolerance; 1: something does, or is missing; 64: no such command line
or file, or a report of a run that did not take place (its digest is empty).
)";

struct Options {
  std::vector<std::string> files;
  std::vector<Tolerance> tolerances;
  bool help = false;
};

Options read_options(const std::vector<std::string>& arguments) {
  po::options_description known;
  known.add_options()("help,h", "")("tolerance", po::value<std::vector<std::string>>()->composing(), "")(
      "files", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("files", -1);
  po::variables_map map;
  try {
    po::store(po::command_line_parser(arguments)
                  .options(known)
                  .positional(positional)
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              map);
  } catch (const po::error& e) {
    throw ConfigError("", fmt::format("{}; 'smmu-vp compare --help' shows the options", e.what()));
  }
  Options options;
  options.help = map.count("help") != 0;
  if (options.help) return options;
  if (map.count("files") != 0) options.files = map["files"].as<std::vector<std::string>>();
  if (options.files.size() != 2)
    throw ConfigError("", "expected: smmu-vp compare A B; 'smmu-vp compare --help' shows the options");
  if (map.count("tolerance") != 0) {
    for (const std::string& text : map["tolerance"].as<std::vector<std::string>>())
      options.tolerances.push_back(read_tolerance(text));
  }
  return options;
}

}  // namespace

bool compare(const std::vector<std::string>& arguments, const std::function<void(std::string_view)>& print) {
  Options options = read_options(arguments);
  if (options.help) {
    print(help);
    return true;
  }
  const Values a = read_report(options.files[0]);
  const Values b = read_report(options.files[1]);
  std::map<std::string, bool> keys;
  for (const Values* values : {&a, &b}) {
    for (const auto& [key, value] : *values) keys[key] = true;
  }
  std::size_t equal = 0;
  std::size_t within = 0;
  std::size_t differ = 0;
  std::size_t missing = 0;
  std::vector<TableRow> rows{{"key", "A", "B", "difference", "tolerance", ""}};
  for (const auto& [key, known] : keys) {
    const Tolerance* tolerance = nullptr;
    for (Tolerance& t : options.tolerances) {
      if (!glob_matches(t.glob, key)) continue;
      t.used = true;
      tolerance = &t;
    }
    const auto in_a = a.find(key);
    const auto in_b = b.find(key);
    if (in_a == a.end() || in_b == b.end()) {
      ++missing;
      rows.push_back({printable(key), in_a == a.end() ? "-" : value_text(in_a->second),
                      in_b == b.end() ? "-" : value_text(in_b->second), "", "",
                      in_a == a.end() ? "missing in A" : "missing in B"});
      continue;
    }
    const double part = difference(in_a->second, in_b->second);
    if (part == 0) {
      ++equal;
      continue;
    }
    const bool good = tolerance != nullptr && std::abs(part) <= tolerance->part;
    ++(good ? within : differ);
    rows.push_back({printable(key), value_text(in_a->second), value_text(in_b->second), difference_text(part),
                    tolerance == nullptr ? "0" : printable(tolerance->text), good ? "within" : "differs"});
  }
  for (const Tolerance& t : options.tolerances) {
    if (!t.used)
      throw ConfigError("tolerance",
                        fmt::format("--tolerance: no key of either report matches '{}'", t.glob));
  }
  if (rows.size() > 1) print(text_table(rows));
  print(fmt::format("  {} keys: {} equal, {} within tolerance, {} differ, {} missing\n", keys.size(), equal,
                    within, differ, missing));
  return differ == 0 && missing == 0;
}

}  // namespace smmuvp::platform
