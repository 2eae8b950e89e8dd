#include "report.h"
#include "fault_json.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/base/version.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace smmuvp::platform {

namespace {

using Json = nlohmann::ordered_json;

const char* result_name(KtapCase::Result result) {
  switch (result) {
    case KtapCase::Result::Passed:
      return "passed";
    case KtapCase::Result::Failed:
      return "failed";
    case KtapCase::Result::Skipped:
      return "skipped";
  }
  return "failed";
}

Json tests(const KtapReport& ktap, std::uint64_t required) {
  Json json;
  json["required"] = required;
  json["passed"] = ktap.count(KtapCase::Result::Passed);
  json["failed"] = ktap.count(KtapCase::Result::Failed);
  json["skipped"] = ktap.count(KtapCase::Result::Skipped);
  json["problems"] = Json::array();
  for (const std::string& p : ktap.problems) json["problems"].push_back(to_valid_utf8(p));
  json["cases"] = Json::array();
  for (const KtapCase& c : ktap.cases) {
    json["cases"].push_back({{"suite", to_valid_utf8(c.suite)},
                             {"name", to_valid_utf8(c.name)},
                             {"result", result_name(c.result)},
                             {"reason", to_valid_utf8(c.reason)}});
  }
  return json;
}

Json events(const TraceHub& trace) {
  Json list = Json::array();
  for (const Event& event : trace.events()) {
    Json one = {{"time_ps", event.time_ps}, {"source", event.source}};
    for (const auto& [name, value] : event.fields) one[name] = to_valid_utf8(value);
    list.push_back(std::move(one));
  }
  return list;
}

Json diagnostics(const PlatformHost& host) {
  Json list = Json::array();
  for (const Reported& r : host.diagnostics()) {
    const Diagnostic& d = r.diagnostic;
    Json one;
    one["time_ps"] = r.time_ps;
    one["kind"] = d.kind == DiagKind::GuestError  ? "guest-error"
                  : d.kind == DiagKind::HostError ? "host-error"
                                                  : "unimplemented";
    one["source"] = d.source;
    one["site"] = d.site;
    one["text"] = to_valid_utf8(d.text);
    one["clause"] = d.clause;
    if (d.stream_id) one["stream_id"] = *d.stream_id;
    if (d.address) one["address"] = fmt::format("{:#x}", *d.address);
    if (r.pc) one["pc"] = fmt::format("{:#x}", *r.pc);
    list.push_back(std::move(one));
  }
  return list;
}

Json writer(const checker::Writer& w) {
  Json one = {{"name", w.name}, {"time_ps", w.time_ps}};
  if (w.pc) one["pc"] = fmt::format("{:#x}", *w.pc);
  if (!w.place.empty()) one["symbol"] = to_valid_utf8(w.place);
  if (!w.functions.empty()) one["function"] = to_valid_utf8(w.functions[0]);
  if (!w.lines.empty() && !w.lines[0].empty()) one["line"] = to_valid_utf8(w.lines[0]);
  if (w.functions.size() < 2) return one;
  one["caller_lines"] = Json::array();
  for (std::size_t i = 1; i < w.lines.size(); ++i) one["caller_lines"].push_back(to_valid_utf8(w.lines[i]));
  one["callers"] = Json::array();
  for (std::size_t i = 1; i < w.functions.size(); ++i)
    one["callers"].push_back(to_valid_utf8(w.functions[i]));
  return one;
}

Json baseline(const CheckReport& report) {
  Json stale = Json::array();
  for (const auto& [f, of] : *report.baseline) {
    if (of.found >= of.expected) continue;
    Json one = {{"rule", f.rule}, {"smmu", f.smmu}};
    if (f.stream_id) one["stream_id"] = *f.stream_id;
    if (!f.what.empty()) one["what"] = to_valid_utf8(f.what);
    if (!f.function.empty()) one["function"] = to_valid_utf8(f.function);
    one["expected"] = of.expected;
    one["found"] = of.found;
    stale.push_back(std::move(one));
  }
  std::uint64_t all = 0;
  for (const std::uint64_t n : report.counts) all += n;
  return {{"new", all - report.known_count()}, {"known", report.known_count()}, {"stale", stale}};
}

// Findings of --check.
Json check(const CheckReport& report) {
  Json list = Json::array();
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    const checker::Finding& f = report.findings[i];
    const checker::Rule& r = rule(f.rule);
    Json one = {{"rule", r.id},        {"severity", checker::to_string(report.severity(f.rule))},
                {"smmu", f.smmu},      {"title", r.title},
                {"text", f.text},      {"clause", clause_of(f)},
                {"time_ps", f.time_ps}};
    if (f.stream_id) one["stream_id"] = *f.stream_id;
    if (f.substream_id) one["substream_id"] = *f.substream_id;
    if (f.iova) one["iova"] = fmt::format("{:#x}", *f.iova);
    if (f.address) one["address"] = fmt::format("{:#x}", *f.address);
    if (f.writer) one["writer"] = writer(*f.writer);
    if (f.issuer) one["issuer"] = writer(*f.issuer);
    if (f.remover) one["remover"] = writer(*f.remover);
    if (report.baseline) one["known"] = report.is_known(i);
    list.push_back(std::move(one));
  }
  Json counts = Json::object();
  for (std::size_t i = 0; i < report.counts.size(); ++i) {
    if (report.counts[i] != 0) counts[checker::rules[i].id] = report.counts[i];
  }
  Json json = {{"fails_from", checker::to_string(report.fails_from)},
               {"looks", report.looks},
               {"pages", report.pages},
               {"counts", counts}};
  if (report.baseline) json["baseline"] = baseline(report);
  json["findings"] = list;
  return json;
}

// What --inject has done.
Json injections(const std::vector<InjectionRecord>& records) {
  Json list = Json::array();
  for (const InjectionRecord& r : records) {
    Json one = {{"name", to_valid_utf8(r.name)},
                {"at", r.at},
                {"do", r.kind},
                {"fired", r.fired},
                {"required", r.required},
                {"complete", r.complete()},
                {"candidates", r.candidates},
                {"matches", r.matches}};
    one["conditions"] = Json::array();
    for (const auto& [condition, passed] : r.passed)
      one["conditions"].push_back({{"condition", to_valid_utf8(condition)}, {"passed", passed}});
    one["hits"] = Json::array();
    for (const InjectionHit& hit : r.hits) {
      Json what = {{"time_ps", hit.time_ps}, {"smmu", hit.smmu}};
      if (!hit.of.empty()) what["of"] = hit.of;
      if (hit.stream) what["stream_id"] = *hit.stream;
      if (hit.substream) what["substream_id"] = *hit.substream;
      if (hit.iova) what["iova"] = fmt::format("{:#x}", *hit.iova);
      if (hit.address) what["address"] = fmt::format("{:#x}", *hit.address);
      one["hits"].push_back(std::move(what));
    }
    list.push_back(std::move(one));
  }
  return list;
}

Json console_matches(const RunRecord& record) {
  Json list = Json::array();
  for (const ConsoleMatch& m : record.matches)
    list.push_back(
        {{"line", m.line}, {"pattern", to_valid_utf8(m.pattern)}, {"text", to_valid_utf8(m.text)}});
  return list;
}

Json allowed(const std::vector<Waiver>& waivers) {
  Json list = Json::array();
  for (const Waiver& w : waivers) {
    Json one = {{"site", to_valid_utf8(w.site)}, {"count", w.count}};
    if (w.most) one["most"] = *w.most;
    list.push_back(std::move(one));
  }
  return list;
}

Json boot(const std::vector<BootPart>& parts) {
  Json list = Json::array();
  for (const BootPart& part : parts) {
    Json one = {{"what", part.what}};
    if (!part.name.empty()) one["name"] = to_valid_utf8(part.name);
    one["bytes"] = part.bytes;
    one["sha256"] = part.sha256;
    list.push_back(std::move(one));
  }
  return list;
}

Json modules(const std::vector<ModuleFile>& files) {
  const ModuleTotal loaded = total_of(files, true);
  const ModuleTotal others = total_of(files, false);
  Json json = {{"loaded", loaded.count},
               {"loaded_bytes", loaded.bytes},
               {"not_loaded", others.count},
               {"not_loaded_bytes", others.bytes}};
  json["files"] = Json::array();
  for (const ModuleFile& f : files)
    json["files"].push_back({{"name", to_valid_utf8(f.name)}, {"bytes", f.bytes}, {"loaded", f.loaded}});
  return json;
}

Json counters(const std::vector<Statistic>& list) {
  Json json = Json::object();
  for (const Statistic& s : list) json[s.name] = s.value;
  return json;
}

Json texts(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& text : list) json.push_back(to_valid_utf8(text));
  return json;
}

}  // namespace

const char* program_version() { return SMMUVP_VERSION_TEXT; }

std::uint64_t RunRecord::total(const std::string& name) const {
  std::uint64_t sum = 0;
  for (const auto& [component, list] : statistics) {
    for (const Statistic& s : list) {
      if (s.name == name) sum += s.value;
    }
  }
  return sum;
}

bool RunRecord::has(const std::string& name) const {
  for (const auto& [component, list] : statistics) {
    for (const Statistic& s : list) {
      if (s.name == name) return true;
    }
  }
  return false;
}

std::string json_report(const RunRecord& record, const PlatformHost& host) {
  Json json;
  json["schema"] = "smmu-vp-report-1";
  json["version"] = program_version();
  json["name"] = to_valid_utf8(record.name);
  json["platform"] = to_valid_utf8(record.platform);
  json["settings"] = texts(record.settings);
  if (record.adverse)
    json["adverse"] = {{"seed", record.adverse->seed}, {"settings", texts(record.adverse->settings)}};
  json["verdict"] = info(record.verdict.code).name;
  json["exit_code"] = static_cast<int>(record.verdict.code);
  json["reason"] = to_valid_utf8(record.verdict.reason);
  json["digest"] = record.digest;
  json["untimed_digest"] = record.untimed_digest;
  json["digest_parts"] = Json::object();
  for (const auto& [part, digest] : record.digest_parts) json["digest_parts"][part] = digest;
  json["sim_time_ps"] = record.sim_time_ps;
  json["instructions"] = record.instructions;
  json["statistics"] = Json::object();
  for (const auto& [component, list] : record.statistics) json["statistics"][component] = counters(list);
  json["statistics_by_part"] = Json::object();
  for (const auto& [component, parts] : record.parts) {
    for (const PartStatistics& part : parts)
      json["statistics_by_part"][component][part.kind][part.name] = counters(part.counters);
  }
  json["event_count"] = host.trace_hub().event_count();
  json["events"] = events(host.trace_hub());
  json["events_dropped"] = host.trace_hub().event_count() - host.trace_hub().events().size();
  json["fault_count"] = record.fault_count;
  json["faults"] = json_of(record.faults, host.trace_hub().events().size());
  json["faults_dropped"] = record.fault_count - record.faults.size();
  json["guest_errors"] = host.guest_errors();
  json["unimplemented"] = host.unimplemented();
  json["host_errors"] = host.host_errors();
  json["diagnostics"] = diagnostics(host);
  json["diagnostics_dropped"] =
      host.guest_errors() + host.unimplemented() + host.host_errors() - host.diagnostics().size();
  json["allowed"] = allowed(record.waivers);
  if (record.check.on) json["check"] = check(record.check);
  if (!record.injections.empty()) json["injections"] = injections(record.injections);
  json["console_match_count"] = record.match_count;
  json["console_matches"] = console_matches(record);
  json["boot"] = boot(record.boot);
  json["modules"] = modules(record.modules);
  json["tests"] = tests(record.ktap, record.min_tests);
  // The only values that differ between two runs of the same platform.
  json["host"] = {{"wall_seconds", record.wall_seconds},
                  {"config", to_valid_utf8(record.config_file)},
                  {"arguments", texts(record.words)},
                  {"limitations", texts(host.limitations())}};
  return json.dump(2) + "\n";
}

}  // namespace smmuvp::platform
