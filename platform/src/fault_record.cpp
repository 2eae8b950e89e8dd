#include "fault_record.h"

#include <algorithm>

#include "trace_hub.h"

namespace smmuvp::platform {

namespace {

constexpr std::string_view fault_point = "smmu.fault";
constexpr std::string_view stall_point = "smmu.stall";
constexpr std::uint64_t page = 4096;
// In a key: the access waits for software.
constexpr std::uint64_t stall_bit = 1U << 16;

// The value of a name; an empty one of a name that is not there.
const TraceValue& value_of(const TraceValue* values, std::size_t count, std::string_view name) {
  static const TraceValue none{};
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i].name == name) return values[i];
  }
  return none;
}

AccessQuestion::Kind kind_of(std::string_view kind) {
  return kind == "write"     ? AccessQuestion::Kind::write
         : kind == "atomic"  ? AccessQuestion::Kind::atomic
         : kind == "execute" ? AccessQuestion::Kind::execute
                             : AccessQuestion::Kind::read;
}

AccessQuestion::Ats ats_of(std::string_view ats) {
  return ats == "request"      ? AccessQuestion::Ats::translation_request
         : ats == "translated" ? AccessQuestion::Ats::translated
                               : AccessQuestion::Ats::none;
}

AccessQuestion question_of(const TraceValue* values, std::size_t count) {
  const auto value = [&](std::string_view name) -> const TraceValue& {
    return value_of(values, count, name);
  };
  AccessQuestion q;
  q.stream_id = static_cast<std::uint32_t>(value("sid").number);
  if (value("ssv").number != 0) q.substream_id = static_cast<std::uint32_t>(value("ssid").number);
  q.address = value("address").number;
  q.kind = kind_of(value("kind").text);
  q.privileged = value("privileged").number != 0;
  q.tbu = static_cast<unsigned>(value("tbu").number);
  q.secure = value("secure").number != 0;
  q.ats = ats_of(value("ats").text);
  return q;
}

}  // namespace

void FaultRecorder::add(const std::string& name, const ExplainControl& smmu) {
  m_smmus.push_back({name, &smmu});
}

bool FaultRecorder::wants(std::string_view, std::string_view point) {
  return point == fault_point || point == stall_point || point == event_point;
}

std::size_t FaultRecorder::name_number(std::string_view event) {
  const auto at = std::find(m_names.begin(), m_names.end(), event);
  if (at != m_names.end()) return static_cast<std::size_t>(at - m_names.begin());
  m_names.emplace_back(event);
  return m_names.size() - 1;
}

void FaultRecorder::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                           const TraceValue* values, std::size_t count) {
  const auto smmu =
      std::find_if(m_smmus.begin(), m_smmus.end(), [&](const Smmu& s) { return s.name == source; });
  // The number of an event is that of TraceHub, whosever it is.
  if (point == event_point) {
    if (smmu != m_smmus.end()) event(*smmu, values, count);
    ++m_events;
    return;
  }
  if (smmu == m_smmus.end()) return;
  const auto value = [&](std::string_view name) -> const TraceValue& {
    return value_of(values, count, name);
  };
  const AccessQuestion q = question_of(values, count);
  const bool stalls = point == stall_point;
  const std::string_view name = value("event").text;
  Key key{static_cast<std::size_t>(smmu - m_smmus.begin()),
          std::uint64_t{q.stream_id} | (q.secure ? std::uint64_t{1} << 32 : 0),
          q.substream_id ? std::uint64_t{*q.substream_id} + 1 : 0,
          name_number(name),
          static_cast<std::uint64_t>(q.kind) << 8 | static_cast<std::uint64_t>(q.ats) | stall_bit,
          q.address / page};
  if (!stalls) {
    const auto stalled = m_known.find(key);
    if (stalled != m_known.end() && m_faults[stalled->second].waiting != 0) {
      --m_faults[stalled->second].waiting;
      m_faults[stalled->second].ended = true;
      return;
    }
    std::get<4>(key) &= ~stall_bit;
  }
  if (const auto known = m_known.find(key); known != m_known.end()) {
    FaultRecord& before = m_faults[known->second];
    if (m_faults.size() >= m_limits.first) {
      if (stalls) ++before.waiting;
      ++m_count;
      ++before.more;
      before.last_time_ps = time_ps;
      m_last = known->second;
      return;
    }
  }
  ++m_count;
  m_last.reset();
  if (m_faults.size() >= m_limits.most) return;
  fault(time_ps, *smmu,
        {std::string(name), stalls ? "stall" : std::string(value("outcome").text),
         std::string(value("record").text), std::string(value("walk").text), q},
        key);
}

void FaultRecorder::fault(std::uint64_t time_ps, const Smmu& smmu, const FaultTrace& trace, const Key& key) {
  AccessQuestion question = trace.question;
  // A fault of an SMMUv2 is recorded by now, and keeps the next one from being looked at.
  question.afresh = trace.event != "none" && trace.event != "waits";
  const Explanation explanation = smmu.explain->explain(question);
  FaultRecord record;
  record.time_ps = record.last_time_ps = time_ps;
  record.source = smmu.name;
  record.trace = trace;
  record.kind = fault_name(trace, explanation);
  record.story = story_of(trace, explanation, m_writers);
  record.waiting = trace.outcome == "stall" ? 1 : 0;
  m_last = m_faults.size();
  m_known[key] = m_faults.size();
  const bool tells = trace.event != "none" && (trace.outcome == "stall" || trace.record == "recorded");
  if (tells && record.kind.find('.') == std::string::npos) m_told.push_back(m_faults.size());
  m_faults.push_back(std::move(record));
}

// The first event of its stream, type and address that comes after a fault is the fault's.
void FaultRecorder::event(const Smmu& smmu, const TraceValue* values, std::size_t count) {
  if (m_told.empty()) return;
  const std::uint64_t sid = value_of(values, count, "sid").number;
  const std::uint64_t address = value_of(values, count, "address").number;
  const std::string_view name = value_of(values, count, "event").text;
  const auto at = std::find_if(m_told.begin(), m_told.end(), [&](std::size_t i) {
    const FaultRecord& f = m_faults[i];
    return f.trace.question.stream_id == sid && f.trace.question.address == address &&
           f.trace.event == name && f.source == smmu.name;
  });
  if (at == m_told.end()) return;
  m_faults[*at].event = m_events;
  m_told.erase(at);
}

std::string why_no_event(const FaultRecord& f) {
  if (f.event) return "";
  if (f.kind.find("FSR.") != std::string::npos) return "an SMMUv2 records faults in registers";
  if (f.trace.event == "none" || f.trace.event == "waits") return f.trace.record;
  if (f.trace.outcome != "stall" && f.trace.record != "recorded") return f.trace.record;
  return "it was not written by the end of the run: no room in the Event queue, or the record was lost";
}

}  // namespace smmuvp::platform
