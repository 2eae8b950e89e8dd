#include "why.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "duration.h"
#include "guest_files.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"
#include "story_text.h"
#include "text_table.h"

namespace smmuvp::platform {

namespace po = boost::program_options;

namespace {

using Json = nlohmann::ordered_json;

const char* const help = R"(smmu-vp why RUN.json [FAULT] [--json]

Says why accesses were denied in a run: what decided, in the order in which the SMMU looks at it, with addresses, values
and fields, who wrote it last (of a run with --check), which bit said no, what was recorded, and what would have made
the access legal. RUN.json is a report of `smmu-vp run --json`. Without FAULT: a table of all faults and events.

FAULT is one of
  NUMBER            as the table has it, from 0
  last              the last one that the report has
  event:NUMBER      the one that an event of the report belongs to
  KEY:VALUE,...     the first that fits: sid, ssid, iova (any address of its 4 KiB page), kind, smmu

  --json            the entry of the report, instead of text; without FAULT all of them

Examples
  smmu-vp run vp-configs/gki-smmuv3.toml --json run.json
  smmu-vp why run.json
  smmu-vp why run.json 3
  smmu-vp why run.json sid:0x100,iova:0xfbffb100

Exit code 0; 64: no such command line, file or fault.
)";

std::optional<std::uint64_t> number(std::string_view text) {
  const bool hexadecimal = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (hexadecimal) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[noreturn]] void wrong(const std::string& text) { throw ConfigError("", text); }

Json read_report(const std::string& path) {
  constexpr std::size_t most_bytes = 256 << 20;
  std::vector<std::uint8_t> data;
  std::string error;
  if (!read_file(path, most_bytes, data, error)) wrong(error);
  // Nested far deeper than any report, a parser's own stack would be the limit.
  std::size_t depth = 0;
  const auto shallow = [&depth](int level, Json::parse_event_t, Json&) {
    depth = std::max<std::size_t>(depth, static_cast<std::size_t>(level));
    return level < 32;
  };
  Json report;
  try {
    report = Json::parse(data.begin(), data.end(), shallow);
  } catch (const Json::parse_error& e) {
    wrong(fmt::format("{}: no JSON at byte {}", path, e.byte));
  } catch (const Json::exception& e) {
    wrong(fmt::format("{}: no JSON: {}", path, e.what()));
  }
  if (!report.is_object() || !report.contains("schema"))
    wrong(fmt::format("{}: no report of smmu-vp run --json: it has no 'schema'", path));
  const std::string schema = text_of(report, "schema");
  if (schema != "smmu-vp-report-1") {
    wrong(fmt::format("{}: a report of schema '{}'; expected 'smmu-vp-report-1', as this smmu-vp writes it",
                      path, schema));
  }
  if (!report.contains("faults"))
    wrong(fmt::format("{}: the report has no 'faults': it is of an older smmu-vp; repeat the run", path));
  for (const char* key : {"faults", "events"}) {
    if (!report.contains(key) || !report[key].is_array())
      wrong(fmt::format("{}: '{}' is no array", path, key));
    for (std::size_t i = 0; i < report[key].size(); ++i) {
      if (!report[key][i].is_object()) wrong(fmt::format("{}: {}[{}] is no object", path, key, i));
    }
  }
  return report;
}

std::string table(const Json& report) {
  std::vector<TableRow> rows = {
      {"fault", "time", "SMMU", "SID", "SSID", "address", "access", "kind", "outcome", "event", "more"}};
  std::vector<bool> told(report["events"].size());
  for (std::size_t i = 0; i < report["faults"].size(); ++i) {
    const Json& f = report["faults"][i];
    std::string event = "-";
    if (f.contains("event") && f["event"].is_number_unsigned()) {
      const auto n = f["event"].get<std::uint64_t>();
      event = std::to_string(n);
      if (n < told.size()) told[static_cast<std::size_t>(n)] = true;
    }
    const std::uint64_t more = number_of(f, "more");
    const std::string ssid = text_of(f, "ssid");
    rows.push_back({std::to_string(i), duration_text(number_of(f, "time_ps")), text_of(f, "source"),
                    text_of(f, "sid"), ssid.empty() ? "-" : ssid, text_of(f, "address"), text_of(f, "access"),
                    text_of(f, "kind"), text_of(f, "outcome"), event,
                    more == 0 ? "" : fmt::format("+{}", more)});
  }
  std::string text = rows.size() > 1 ? text_table(rows) : "no fault of an SMMU\n";
  if (const std::uint64_t dropped = number_of(report, "faults_dropped"); dropped != 0)
    text += fmt::format("{} more faults are like one of these, or beyond what is kept\n", dropped);
  rows = {{"event", "time", "SMMU", "SID", "address", "kind"}};
  std::size_t others = 0;
  constexpr std::size_t most = 50;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (told[i] || others++ >= most) continue;
    const Json& e = report["events"][i];
    rows.push_back({std::to_string(i), duration_text(number_of(e, "time_ps")), text_of(e, "source"),
                    text_of(e, "sid"), text_of(e, "address"), text_of(e, "event")});
  }
  if (others == 0) return text;
  text += fmt::format("\n{} events are of none of these faults{}\n", others,
                      others > most ? fmt::format("; the first {}:", most) : ":");
  return text + text_table(rows);
}

std::size_t find(const Json& report, const std::string& what) {
  const Json& faults = report["faults"];
  const std::string range = faults.empty() ? std::string("the report has none")
                                           : fmt::format("the report has 0 to {}", faults.size() - 1);
  if (what == "last") {
    if (faults.empty()) wrong("last: " + range);
    return faults.size() - 1;
  }
  if (what.find(':') == std::string::npos) {
    const auto n = number(what);
    if (!n)
      wrong(fmt::format(
          "'{}' is no fault; expected a number, last, event:NUMBER, or for example sid:0x100,iova:0x1000",
          what));
    if (*n >= faults.size()) wrong(fmt::format("there is no fault {}; {}", *n, range));
    return static_cast<std::size_t>(*n);
  }
  std::vector<std::pair<std::string, std::string>> wanted;
  for (std::size_t at = 0; at <= what.size();) {
    const std::size_t end = std::min(what.find(',', at), what.size());
    const std::string word = what.substr(at, end - at);
    const std::size_t colon = word.find(':');
    at = end + 1;
    const std::string key = word.substr(0, colon);
    const bool textual = key == "kind" || key == "smmu";
    const bool known = textual || key == "sid" || key == "ssid" || key == "iova" || key == "event";
    if (colon == std::string::npos || !known || (!textual && !number(word.substr(colon + 1)))) {
      wrong(fmt::format(
          "'{}': expected sid:NUMBER, ssid:NUMBER, iova:NUMBER, event:NUMBER, kind:NAME or smmu:NAME", word));
    }
    wanted.emplace_back(key, word.substr(colon + 1));
  }
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const Json& f = faults[i];
    bool all = true;
    for (const auto& [key, value] : wanted) {
      if (key == "kind" || key == "smmu") {
        all = all && text_of(f, key == "kind" ? "kind" : "source") == value;
      } else if (key == "event") {
        all = all && f.contains("event") && f["event"].is_number_unsigned() &&
              f["event"].get<std::uint64_t>() == *number(value);
      } else {
        const auto has = number(text_of(f, key == "iova" ? "address" : key.c_str()));
        const unsigned shift = key == "iova" ? 12 : 0;
        all = all && has && *has >> shift == *number(value) >> shift;
      }
    }
    if (all) return i;
  }
  wrong(fmt::format("no fault is {}; 'smmu-vp why' without it lists those that there are", what));
}

}  // namespace

void why(const std::vector<std::string>& arguments, const std::function<void(std::string_view)>& print,
         bool colour) {
  po::options_description known;
  known.add_options()("help,h", "")("json", "")("words", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("words", -1);
  po::variables_map map;
  try {
    po::store(po::command_line_parser(arguments)
                  .options(known)
                  .positional(positional)
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              map);
  } catch (const po::error& e) {
    wrong(fmt::format("{}; 'smmu-vp why --help' tells the options", e.what()));
  }
  if (map.count("help") != 0) return print(help);
  std::vector<std::string> words;
  if (map.count("words") != 0) words = map["words"].as<std::vector<std::string>>();
  if (words.empty() || words.size() > 2) wrong("expected: smmu-vp why RUN.json [FAULT] [--json]");
  const Json report = read_report(words[0]);
  const bool json = map.count("json") != 0;
  const auto dump = [](const Json& j) {
    return j.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  if (words.size() == 1) return print(json ? dump(report["faults"]) : table(report));
  const std::size_t i = find(report, words[1]);
  print(json ? dump(report["faults"][i]) : story_text(report["faults"][i], i, colour));
}

}  // namespace smmuvp::platform
