#include "perfetto_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace smmuvp::platform {

namespace {

constexpr std::uint64_t ps_per_ns = 1000;
constexpr std::uint64_t spurious = 1020;  // INTIDs from here on name no interrupt (IHI 0048 3.2.5)

// Points that are instants: on which track of the component, and which value names them.
struct Instant {
  std::string_view point, track, name;
};
constexpr std::array<Instant, 20> instants{{
    {"smmu.event", "events", "event"},
    {"smmu.msi", "MSIs", "source"},
    {"smmu.tlb_invalidate", "TLB invalidations", "command"},
    {"smmu.register_write", "register writes", "register"},
    {"smmu.command_error", "command errors", "error"},
    {"smmu.atos", "address translation operations", "register"},
    {"smmu.ats_request", "ATS", "answer"},
    {"smmu.atc_message", "messages to ATCs", "message"},
    {"smmu.page_request", "page requests", "outcome"},
    {"smmu.pmcg_overflow", "counter overflows", ""},
    {"pcie.translation", "translation requests", "function"},
    {"pcie.ats", "messages of the SMMU", "message"},
    {"gic.message", "MSIs", ""},
    {"mali.chain", "job chains", ""},
    {"mali.fault", "faults", ""},
    {"smmuv3testengine.command", "commands", ""},
    {"smmuv3testengine.end", "commands", ""},
    {"cpu.external_abort", "external aborts", ""},
    {"router.decode_error", "decode errors", "initiator"},
    {"memory.error", "errors", ""},
}};

// Those with rules of their own.
constexpr std::array<std::string_view, 10> special{
    "smmu.access",  "smmu.translate", "smmu.fault",      "smmu.stall", "smmu.resume",
    "smmu.command", "smmu.sync",      "gic.acknowledge", "gic.end",    "smmu.command_error"};

const Instant* find_instant(std::string_view point) {
  const auto* at =
      std::find_if(instants.begin(), instants.end(), [&](const Instant& i) { return i.point == point; });
  return at == instants.end() ? nullptr : at;
}

bool takes_time(const TracePointInfo& point) {
  return !point.fields.empty() && point.fields.back() == "took_ps";
}

// Levels are counters and durations are seen.
bool is_shown_otherwise(const TraceValue& v) { return v.name == "took_ps" || v.name == "level"; }

std::string_view suffix(std::string_view point) { return point.substr(point.find('.') + 1); }

std::string queue_name(std::uint64_t queue, bool secure) {
  const char* prefix = secure ? "S_" : "";
  return queue == 0 ? fmt::format("{}CMDQ", prefix) : fmt::format("{}ECMDQ{}", prefix, queue - 1);
}

std::vector<std::pair<TraceValue, std::string>> kept(const PerfettoWriter::Arguments& arguments) {
  std::vector<std::pair<TraceValue, std::string>> list;
  for (const TraceValue& v : arguments) list.emplace_back(v, std::string(v.text));
  return list;
}

PerfettoWriter::Arguments given_back(const std::vector<std::pair<TraceValue, std::string>>& list) {
  PerfettoWriter::Arguments arguments;
  for (const auto& [value, text] : list) {
    arguments.push_back(value);
    arguments.back().text = text;
  }
  return arguments;
}

}  // namespace

// ---- records

const TraceValue* PerfettoTrace::Record::find(std::string_view name) const {
  const TraceValue* at =
      std::find_if(values, values + count, [&](const TraceValue& v) { return v.name == name; });
  return at == values + count ? nullptr : at;
}

std::uint64_t PerfettoTrace::Record::number(std::string_view name) const {
  const TraceValue* value = find(name);
  return value == nullptr ? 0 : value->number;
}

std::string_view PerfettoTrace::Record::text(std::string_view name) const {
  const TraceValue* value = find(name);
  return value == nullptr ? std::string_view() : value->text;
}

PerfettoTrace::Arguments PerfettoTrace::Record::arguments() const {
  Arguments list;
  std::copy_if(values, values + count, std::back_inserter(list),
               [](const TraceValue& v) { return !is_shown_otherwise(v); });
  return list;
}

void PerfettoTrace::set_points(const std::vector<TracePointInfo>& points) {
  for (const TracePointInfo& point : points) {
    const bool is_special = std::find(special.begin(), special.end(), point.name) != special.end();
    if (is_special || takes_time(point) || TraceLevels::is_point(point) ||
        find_instant(point.name) != nullptr)
      m_wanted.insert(point.name);
  }
  wants_changed();
}

void PerfettoTrace::set_line_names(const LineNames& names) {
  m_line_names = names;
  m_levels.set_line_names(names);
}

bool PerfettoTrace::wants(std::string_view, std::string_view point) {
  return m_wanted.find(point) != m_wanted.end();
}

void PerfettoTrace::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                           const TraceValue* values, std::size_t count) {
  const Record r{time_ps, source, point, values, count};
  level(r);
  if (point == "smmu.access") return access(r);
  if (point == "smmu.translate" || point == "smmu.fault") return answer(r);
  if (point == "smmu.stall") return stall(r);
  if (point == "smmu.resume") return resume(r);
  if (point == "smmu.command") return command(r);
  if (point == "smmu.sync" || point == "smmu.command_error") sync(r);
  if (point == "gic.acknowledge" || point == "gic.end") return interrupt(r);
  if (const Instant* i = find_instant(point)) {
    return instant(r, i->track, i->name.empty() ? suffix(point) : r.text(i->name));
  }
  if (count == 0 || values[count - 1].name != "took_ps") return;
  const TraceValue* what = r.find("what");
  const TraceValue* write = r.find("write");
  const std::string_view name = what != nullptr      ? what->text
                                : write == nullptr   ? suffix(point)
                                : write->number != 0 ? "write"
                                                     : "read";
  slice(lanes(source, suffix(point)), time_ps - std::min(time_ps, values[count - 1].number), time_ps,
        point.substr(0, point.find('.')), name, r.arguments());
}

// ---- tracks

PerfettoTrace::Track PerfettoTrace::process(std::string_view source) {
  Track& at = m_processes[std::string(source)];
  if (at == 0) at = m_writer.add_process(source);
  return at;
}

PerfettoTrace::Track PerfettoTrace::track(std::string_view source, std::string_view name) {
  Track& at = m_tracks[fmt::format("{}\n{}", source, name)];
  if (at == 0) at = m_writer.add_track(process(source), name);
  return at;
}

PerfettoTrace::Lanes& PerfettoTrace::lanes(std::string_view source, std::string_view name) {
  Lanes& at = m_lanes[fmt::format("{}\n{}", source, name)];
  if (at.parent == 0) at = {process(source), std::string(name)};
  return at;
}

PerfettoTrace::Lanes& PerfettoTrace::stream_lanes(const Record& r) {
  const std::string tbu = fmt::format("TBU {}", r.number("tbu"));
  const std::string stream =
      fmt::format("{}StreamID {:#x}", r.number("secure") != 0 ? "Secure " : "", r.number("sid"));
  const auto known = m_lanes.find(fmt::format("{}\n{}\n{}", r.source, tbu, stream));
  if (known != m_lanes.end()) return known->second;
  const bool fits = m_streams[fmt::format("{}\n{}", r.source, tbu)]++ < most_streams;
  const std::string name = fits ? stream : "other streams";
  Lanes& at = m_lanes[fmt::format("{}\n{}\n{}", r.source, tbu, name)];
  if (at.parent == 0) at = {track(r.source, tbu), name};
  return at;
}

// On the lane that became free last: in the order of their ends this takes the fewest lanes.
void PerfettoTrace::slice(Lanes& lanes, std::uint64_t begin_ps, std::uint64_t end_ps,
                          std::string_view category, std::string_view name, const Arguments& arguments) {
  const std::uint64_t begin = begin_ps / ps_per_ns;
  const std::uint64_t end = std::max(begin, end_ps / ps_per_ns);
  auto lane = lanes.tracks.end();
  for (auto i = lanes.tracks.begin(); i != lanes.tracks.end(); ++i) {
    if (i->second <= begin && (lane == lanes.tracks.end() || lane->second < i->second)) lane = i;
  }
  if (lane == lanes.tracks.end())
    lane = lanes.tracks.insert(lane, {m_writer.add_track(lanes.parent, lanes.name), 0});
  lane->second = end;
  m_writer.begin_slice(lane->first, begin, category, name, arguments);
  m_writer.end_slice(lane->first, end);
}

void PerfettoTrace::instant(const Record& r, std::string_view track_name, std::string_view name) {
  m_writer.instant(track(r.source, track_name), r.time_ps / ps_per_ns, r.point.substr(0, r.point.find('.')),
                   name, r.arguments());
}

void PerfettoTrace::level(const Record& r) {
  const auto change = m_levels.take(r.time_ps, r.source, r.point, r.values, r.count);
  if (!change) return;
  if (change->is_new) {
    const TraceLevels::Signal& s = m_levels.signal(change->signal);
    const Track parent = s.group.empty() ? process(s.source) : track(s.source, s.group);
    m_counters.push_back(m_writer.add_counter(parent, s.name));
  }
  m_writer.count(m_counters[change->signal], r.time_ps / ps_per_ns, change->value);
}

// ---- an SMMU's accesses

void PerfettoTrace::answer(const Record& r) {
  Answer& a = m_answers[std::string(r.source)];
  a = {r.time_ps, r.number("sid"), r.number("address"), {}};
  for (const char* name : {"output", "tlb_hit", "event", "outcome", "record"}) {
    if (const TraceValue* value = r.find(name)) a.values.emplace_back(*value, std::string(value->text));
  }
  if (r.point == "smmu.fault") instant(r, "faults", r.text("event"));
}

void PerfettoTrace::access(const Record& r) {
  Arguments arguments = r.arguments();
  const Answer& a = m_answers[std::string(r.source)];
  if (a.time_ps == r.time_ps && a.sid == r.number("sid") && a.address == r.number("address")) {
    const Arguments more = given_back(a.values);
    arguments.insert(arguments.end(), more.begin(), more.end());
  }
  slice(stream_lanes(r), r.time_ps - std::min(r.time_ps, r.number("took_ps")), r.time_ps, "smmu",
        r.text("kind"), arguments);
}

PerfettoTrace::Open PerfettoTrace::opened(const Record& r, std::uint64_t begin_ps, std::string_view track,
                                          std::string_view name) {
  return {begin_ps, std::string(track), std::string(name), kept(r.arguments())};
}

void PerfettoTrace::stall(const Record& r) {
  m_stalls.emplace(std::tuple{std::string(r.source), r.number("sid"), r.number("address")},
                   opened(r, r.time_ps, "stalls", r.text("event")));
}

void PerfettoTrace::resume(const Record& r) {
  const std::uint64_t begin = r.time_ps - std::min(r.time_ps, r.number("took_ps"));
  const auto [first, last] =
      m_stalls.equal_range({std::string(r.source), r.number("sid"), r.number("address")});
  const auto at = std::find_if(first, last, [&](const auto& s) { return s.second.begin_ps == begin; });
  std::string name = "stall";
  if (at != last) {
    name = at->second.name;
    m_stalls.erase(at);
  }
  slice(lanes(r.source, "stalls"), begin, r.time_ps, "smmu", name, r.arguments());
}

// ---- commands, interrupts

void PerfettoTrace::command(const Record& r) {
  const std::uint64_t begin = r.time_ps - std::min(r.time_ps, r.number("took_ps"));
  const std::string queue = queue_name(r.number("queue"), r.number("secure") != 0);
  const std::string_view name = r.text("command");
  if (name == "CMD_SYNC") {
    m_syncs.insert_or_assign({std::string(r.source), queue}, opened(r, r.time_ps, queue, name));
    return;
  }
  slice(lanes(r.source, queue), begin, r.time_ps, "smmu", name, r.arguments());
}

// Complete, or given up.
void PerfettoTrace::sync(const Record& r) {
  const auto at =
      m_syncs.find({std::string(r.source), queue_name(r.number("queue"), r.number("secure") != 0)});
  if (at == m_syncs.end()) return;
  const Open& open = at->second;
  slice(lanes(r.source, open.track), open.begin_ps, r.time_ps, "smmu", open.name, given_back(open.values));
  m_syncs.erase(at);
}

// Handling is nested by priority; an interrupt that is ended out of order ends those within it.
void PerfettoTrace::interrupt(const Record& r) {
  const std::uint64_t value = r.number("value");
  const std::uint64_t intid = value & 0x3ff;
  const std::uint64_t ns = r.time_ps / ps_per_ns;
  const std::uint64_t cpu = r.number("cpu");
  const Track where = track(r.source, fmt::format("interrupts of CPU {}", cpu));
  std::vector<Handling>& stack = m_handling[{std::string(r.source), cpu}];
  if (r.point == "gic.acknowledge") {
    if (intid >= spurious) return;
    const auto line = m_line_names.find({std::string(r.source), intid});
    std::string name = fmt::format("INTID {}", intid);
    if (line != m_line_names.end()) name += " " + line->second;
    m_writer.begin_slice(where, ns, "gic", name, r.arguments());
    stack.push_back({name, value});
    return;
  }
  const auto at =
      std::find_if(stack.rbegin(), stack.rend(), [&](const Handling& h) { return h.value == value; });
  if (at == stack.rend()) return;
  for (auto n = at - stack.rbegin() + 1; n != 0; --n) {
    m_writer.end_slice(where, ns);
    stack.pop_back();
  }
}

// ---- the rest

void PerfettoTrace::diagnostic(const Reported& reported) {
  const Diagnostic& d = reported.diagnostic;
  const std::string text = to_text(d);
  m_writer.instant(track(d.source, "diagnostics"), reported.time_ps / ps_per_ns, "diagnostics", d.site,
                   {{"text", 0, text, true}});
}

void PerfettoTrace::finish(std::uint64_t time_ps) {
  const auto close = [&](std::string_view source, const Open& open) {
    Arguments arguments = given_back(open.values);
    arguments.push_back({"end", 0, "the run's", true});
    slice(lanes(source, open.track), open.begin_ps, std::max(time_ps, open.begin_ps), "smmu", open.name,
          arguments);
  };
  for (const auto& [key, open] : m_stalls) close(std::get<0>(key), open);
  for (const auto& [key, open] : m_syncs) close(key.first, open);
  for (const auto& [key, stack] : m_handling) {
    for (std::size_t n = stack.size(); n != 0; --n) {
      m_writer.end_slice(track(key.first, fmt::format("interrupts of CPU {}", key.second)),
                         time_ps / ps_per_ns);
    }
  }
  m_stalls.clear();
  m_syncs.clear();
  m_handling.clear();
}

}  // namespace smmuvp::platform
