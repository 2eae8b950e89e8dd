#include "html_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "register_words.h"
#include "smmuvp/base/utf8.h"
#include "system.h"

namespace smmuvp::platform {

namespace {

using Json = nlohmann::ordered_json;

// The page is for people, and has a size that a browser opens at once.
constexpr std::size_t most_rows = 64;         // of a table of a snapshot
constexpr std::size_t most_registers = 1024;  // of one of registers
constexpr std::size_t most_sections = 256;
constexpr std::size_t most_streams = 24;  // whose counts over time are shown
constexpr std::size_t most_faults = 2000;
constexpr std::size_t most_records = 2000;

// Texts that come again and again are written once.
class Strings {
 public:
  std::size_t of(const std::string& text) {
    const auto [at, is_new] = m_index.try_emplace(text, m_list.size());
    if (is_new) m_list.push_back(to_valid_utf8(text));
    return at->second;
  }
  Json take() { return std::move(m_list); }

 private:
  std::unordered_map<std::string, std::size_t> m_index;
  Json m_list = Json::array();
};

// [[first bucket, value, value, ...], ...] without runs of zeros.
Json sparse(const std::vector<std::uint64_t>& values) {
  Json runs = Json::array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0) continue;
    Json run = Json::array({i});
    for (; i < values.size() && values[i] != 0; ++i) run.push_back(values[i]);
    runs.push_back(std::move(run));
  }
  return runs;
}

// Whole SMMUs and TBUs, and of streams those with the most accesses.
std::vector<const Scope*> shown_scopes(const Recorder& recorder) {
  std::vector<const Scope*> shown, streams;
  for (const Scope& s : recorder.scopes()) (s.kind == "stream" ? streams : shown).push_back(&s);
  std::stable_sort(streams.begin(), streams.end(),
                   [](const Scope* a, const Scope* b) { return a->last[0] > b->last[0]; });
  if (streams.size() > most_streams) streams.resize(most_streams);
  std::sort(streams.begin(), streams.end());  // they lie in one array: the order in which they came
  shown.insert(shown.end(), streams.begin(), streams.end());
  return shown;
}

Json timeline(const Recorder& recorder) {
  const Timeline& t = recorder.timeline();
  Json scopes = Json::array();
  for (const Scope* s : shown_scopes(recorder)) {
    Json counts = Json::array();
    for (const std::size_t series : s->series) counts.push_back(sparse(t.values(series)));
    scopes.push_back({{"smmu", s->smmu}, {"kind", s->kind}, {"name", s->name}, {"counts", counts}});
  }
  Json commands = Json::array();
  for (const auto& [key, series] : recorder.commands())
    commands.push_back({{"smmu", key.first}, {"name", key.second}, {"counts", sparse(t.values(series))}});
  return {{"width_ps", t.width_ps()},
          {"counters", Scope::counters},
          {"scopes", std::move(scopes)},
          {"commands", std::move(commands)}};
}

// Faults that no event record tells of, which the report has.
Json faults(const Recorder& recorder, const PlatformHost& host) {
  std::vector<std::string> with_events;
  for (const Event& e : host.trace_hub().events()) {
    if (with_events.empty() || with_events.back() != e.source) with_events.push_back(e.source);
  }
  Json list = Json::array();
  std::uint64_t left_out = recorder.fault_count() - recorder.faults().size();
  for (const RecordedFault& f : recorder.faults()) {
    const bool told = f.record == "recorded" &&
                      std::find(with_events.begin(), with_events.end(), f.source) != with_events.end();
    if (told || f.outcome == "stall") continue;
    if (list.size() == most_faults) {
      ++left_out;
      continue;
    }
    list.push_back({{"time_ps", f.time_ps},
                    {"source", f.source},
                    {"sid", hex_text(f.sid)},
                    {"address", hex_text(f.address)},
                    {"event", f.event},
                    {"outcome", f.outcome},
                    {"record", f.record}});
  }
  return {{"list", std::move(list)}, {"left_out", left_out}};
}

// For each event of the report its words, and fields that are not 0 as name, value, meaning; null: not known.
Json records(const Recorder& recorder, const PlatformHost& host, Strings& strings) {
  Json list = Json::array();
  const auto& events = host.trace_hub().events();
  for (std::size_t i = 0; i < recorder.event_words().size() && i < events.size() && i < most_records; ++i) {
    const auto& words = recorder.event_words()[i];
    if (!words) {
      list.push_back(nullptr);
      continue;
    }
    const tables::InWords said = tables::event_in_words(words->data());
    // Software, or a device, may have written over it meanwhile.
    const bool is_it = !events[i].fields.empty() && events[i].fields[0].second == said.title;
    if (!is_it) {
      list.push_back(nullptr);
      continue;
    }
    Json one = Json::array();
    for (const std::uint64_t word : *words) one.push_back(hex_text(word));
    Json fields = Json::array();
    for (const ExplainedField& f : said.fields) {
      if (f.value == 0 && !f.wrong) continue;
      for (const std::string* text : {&f.name, &f.text, &f.meaning}) fields.push_back(strings.of(*text));
    }
    one.push_back(std::move(fields));
    list.push_back(std::move(one));
  }
  return list;
}

Json section_of(const DumpSection& s, Strings& strings) {
  Json j = {{"t", strings.of(s.title)}};
  Json notes = Json::array();
  for (const std::string& note : s.notes) notes.push_back(strings.of(note));
  const auto shorten = [&](std::size_t have, std::size_t most, const char* what) {
    if (have > most) notes.push_back(strings.of(fmt::format("{} of {} {} are shown", most, have, what)));
    return std::min(have, most);
  };
  const std::size_t rows =
      shorten(s.rows.size(), s.title == "registers" ? most_registers : most_rows, "rows");
  const std::size_t below = shorten(s.sections.size(), most_sections, "parts");
  if (!notes.empty()) j["n"] = std::move(notes);
  if (rows != 0) {
    for (const std::string& column : s.columns) j["c"].push_back(strings.of(column));
    for (std::size_t i = 0; i < rows; ++i) {
      Json row = Json::array();
      for (const std::string& cell : s.rows[i]) row.push_back(strings.of(cell));
      j["r"].push_back(std::move(row));
    }
  }
  for (std::size_t i = 0; i < below; ++i) j["s"].push_back(section_of(s.sections[i], strings));
  return j;
}

Json snapshots(const Recorder& recorder, Strings& strings) {
  Json list = Json::array();
  for (const Snapshot& s : recorder.snapshots()) {
    Json one = {{"smmu", s.smmu}, {"when", s.when}, {"time_ps", s.time_ps}};
    one["contents"] = section_of(s.contents, strings);
    const DumpSection mapping = tables::stream_mapping_of(s.contents);
    if (!mapping.sections.empty()) one["mapping"] = section_of(mapping, strings);
    list.push_back(std::move(one));
  }
  return list;
}

Json memory_map(const System& system) {
  Json list = Json::array();
  for (const auto& instance : system.instances()) {
    const std::string& type = instance->type->type;
    for (const Window& w : instance->windows) {
      Json one = {{"name", instance->config->name},
                  {"type", type},
                  {"kind", instance->memory != nullptr   ? "memory"
                           : type.rfind("smmuv", 0) == 0 ? "SMMU"
                                                         : "device"},
                  {"port", w.port},
                  {"base", hex_text(w.base)},
                  {"size", hex_text(w.size)}};
      if (instance->smmu != nullptr) one["behind"] = instance->smmu->config->name;
      list.push_back(std::move(one));
    }
  }
  return list;
}

Json meaning_of(const std::vector<Statistic>& counters) {
  Json list = Json::object();
  for (const Statistic& s : counters) list[s.name] = {s.unit, s.doc};
  return list;
}

Json console(const ConsoleText& text) {
  constexpr std::string_view keep = "\n\t";
  return {{"head", printable(text.head(), keep)},
          {"left_out", text.left_out()},
          {"tail", printable(text.tail(), keep)}};
}

// '<' could end the element or begin a comment in it; none of these stands outside of strings.
std::string for_script(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<' || c == '>' || c == '&') {
      text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string html_data(const RunRecord& record, const PlatformHost& host, const Recorder* recorder) {
  Json data = {{"format", "smmu-vp-html-1"}};
  data["report"] = Json::parse(json_report(record, host));
  data["report"]["host"].erase("wall_seconds");
  data["meanings"] = Json::object();
  for (const auto& [component, list] : record.statistics) data["meanings"][component] = meaning_of(list);
  if (recorder != nullptr && recorder->system() != nullptr) {
    Strings strings;
    data["timeline"] = timeline(*recorder);
    data["faults"] = faults(*recorder, host);
    data["records"] = records(*recorder, host, strings);
    data["snapshots"] = snapshots(*recorder, strings);
    data["strings"] = strings.take();
    data["memory_map"] = memory_map(*recorder->system());
    data["console"] = console(recorder->console());
  }
  return for_script(data.dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace smmuvp::platform
