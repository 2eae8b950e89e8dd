#include "story_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "duration.h"
#include "smmuvp/base/utf8.h"
#include "text_table.h"

namespace smmuvp::platform {

namespace {

using Json = nlohmann::ordered_json;

bool is_true(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

const Json& list_of(const Json& object, const char* key) {
  static const Json none = Json::array();
  const auto at = object.find(key);
  return at != object.end() && at->is_array() ? *at : none;
}

const Json& object_of(const Json& object, const char* key) {
  static const Json none = Json::object();
  const auto at = object.find(key);
  return at != object.end() && at->is_object() ? *at : none;
}

std::string indented(const std::string& table, const char* indent) {
  std::string text;
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = table.find('\n', at);
    const std::string line = table.substr(at, end - at);
    text += indent + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return text;
}

std::string writer_text(const Json& writer) {
  std::string text = "last written by " + text_of(writer, "name");
  if (const std::string pc = text_of(writer, "pc"); !pc.empty()) text += ", pc " + pc;
  if (const std::string symbol = text_of(writer, "symbol"); !symbol.empty()) text += ", " + symbol;
  return text + ", at " + duration_text(number_of(writer, "time_ps"));
}

std::string step_text(const Json& step, bool colour) {
  const bool decides = is_true(step, "decides");
  std::string head = text_of(step, "what");
  if (const std::string address = text_of(step, "address"); !address.empty()) head += " at " + address;
  std::string words;
  for (const Json& word : list_of(step, "words")) {
    if (word.is_string()) words += " " + printable(word.get<std::string>());
  }
  if (!words.empty()) head += ":" + words;
  if (const std::string meaning = text_of(step, "meaning"); !meaning.empty()) head += ", " + meaning;
  std::string text = fmt::format("{}{} {}{}\n", decides && colour ? "\033[31m" : "", decides ? "=>" : "  ",
                                 head, decides && colour ? "\033[0m" : "");
  if (const Json& writer = object_of(step, "writer"); !writer.empty())
    text += "       " + writer_text(writer) + "\n";
  std::vector<TableRow> rows;
  for (const Json& f : list_of(step, "fields")) {
    if (!f.is_object()) continue;
    const std::string mark = is_true(f, "decides") ? "=>" : is_true(f, "wrong") ? "!" : "";
    rows.push_back({mark, fmt::format("[{}]", text_of(f, "bits")), text_of(f, "name"), text_of(f, "value"),
                    text_of(f, "meaning")});
  }
  return text + indented(text_table(rows), "    ");
}

}  // namespace

std::string text_of(const Json& object, const char* key) {
  const auto at = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && at != object.end() && at->is_string() ? printable(at->get<std::string>()) : "";
}

std::uint64_t number_of(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto at = object.find(key);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

std::string access_text(const Json& f) {
  std::string text = fmt::format("{}{}stream {}", text_of(f, "source"),
                                 is_true(f, "secure") ? ": Secure " : ": ", text_of(f, "sid"));
  if (const std::string ssid = text_of(f, "ssid"); !ssid.empty()) text += ", substream " + ssid;
  text += ", address " + text_of(f, "address") + ": ";
  const std::string ats = text_of(f, "ats");
  if (ats == "request") return text + fmt::format("Translation Request, by TBU {}", number_of(f, "tbu"));
  if (ats == "translated") text += "Translated ";
  return text + fmt::format("{}, {}, by TBU {}", text_of(f, "access"),
                            is_true(f, "privileged") ? "privileged" : "unprivileged", number_of(f, "tbu"));
}

std::string story_text(const Json& f, std::size_t number, bool colour) {
  const Json& e = object_of(f, "explanation");
  std::string text =
      fmt::format("fault {} at {}, {}\n", number, duration_text(number_of(f, "time_ps")), access_text(f));
  if (const std::uint64_t more = number_of(f, "more"); more != 0)
    text += fmt::format("  and {} more like it, the last at {}\n", more,
                        duration_text(number_of(f, "last_time_ps")));
  text += "\nverdict\n  " + text_of(e, "verdict");
  if (const std::string clause = text_of(e, "clause"); !clause.empty()) text += fmt::format(" ({})", clause);
  text += "\n";
  if (is_true(e, "stale")) text += "  STALE: a cache held something else than memory\n";
  text += "\nstep by step; => is what said no\n";
  for (const Json& step : list_of(e, "steps")) {
    if (step.is_object()) text += step_text(step, colour);
  }
  text += "\nrecorded\n";
  const auto event = f.find("event");
  text += event != f.end() && event->is_number_unsigned()
              ? fmt::format("  as event {}\n", event->get<std::uint64_t>())
              : fmt::format("  no event: {}\n", text_of(f, "event"));
  std::vector<TableRow> rows;
  for (const auto& [name, value] : object_of(e, "record").items())
    rows.push_back({printable(name), value.is_string() ? printable(value.get<std::string>()) : "?"});
  text += indented(text_table(rows), " ");
  const std::string legal = text_of(e, "would_be_legal");
  return text + "\nwould be legal\n  " +
         (legal.empty() ? "not known: the explanation does not agree with what was recorded" : legal) + "\n";
}

}  // namespace smmuvp::platform
