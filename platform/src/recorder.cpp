#include "recorder.h"

#include <algorithm>
#include <cstring>

#include "smmuvp/tlm/dump_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "system.h"
#include "trace_hub.h"

namespace smmuvp::platform {

namespace {

constexpr std::string_view fault_point = "smmu.fault";
constexpr std::string_view stall_point = "smmu.stall";
constexpr std::string_view command_point = "smmu.command";
constexpr std::string_view command_error_point = "smmu.command_error";
constexpr std::string_view write_point = "smmu.register_write";
// A look takes milliseconds, and more with large Stream tables: the next one comes when twice the time has
// passed.
constexpr std::uint64_t looks_apart = 2;
constexpr std::uint64_t first_look_ps = 100'000'000;
// A guest may switch its SMMU off and on for ever.
constexpr unsigned most_looks_before_off = 16;

bool starts_with(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

std::size_t sections_below(const DumpSection& section) {
  std::size_t n = section.sections.size();
  for (const DumpSection& below : section.sections) n += sections_below(below);
  return n;
}

// How much of streams it shows: structures of Stream tables, or S2CRs that lead to a context bank
// (IHI 0062 9.6.23, TYPE 0b00).
std::size_t structures_in(const DumpSection& contents) {
  std::size_t n = 0;
  for (const DumpSection& section : contents.sections) {
    if (section.title.find("tream table") != std::string::npos) n += sections_below(section);
    if (section.title != "registers") continue;
    for (const auto& row : section.rows) {
      if (row.size() < 3 || !starts_with(row[0], "SMMU_S2CR")) continue;
      n += (std::strtoull(row[2].c_str(), nullptr, 0) >> 16 & 3) == 0 ? 1U : 0U;
    }
  }
  return n;
}

}  // namespace

// ---- console

void ConsoleText::put(std::string_view bytes) {
  m_bytes += bytes.size();
  const std::size_t n = std::min(bytes.size(), most_head - m_head.size());
  m_head += bytes.substr(0, n);
  m_tail += bytes.substr(n);
  if (m_tail.size() > 2 * most_tail) m_tail.erase(0, m_tail.size() - most_tail);
}

std::string ConsoleText::tail() const {
  return m_tail.size() > most_tail ? m_tail.substr(m_tail.size() - most_tail) : m_tail;
}

std::uint64_t ConsoleText::left_out() const {
  return m_bytes - m_head.size() - std::min(m_tail.size(), most_tail);
}

// ---- counters

class Recorder::Parts : public StatVisitor {
 public:
  explicit Parts(Recorder& to) : m_to(to) {}
  void begin(Scope& scope) { m_scope = &scope; }
  void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
    m_to.take(*m_scope, name, value);
  }

 private:
  Recorder& m_to;
  Scope* m_scope = nullptr;
};

class Recorder::Counters : public StatVisitor {
 public:
  Counters(Recorder& to, const std::string& smmu) : m_to(to), m_smmu(smmu), m_parts(to) {}
  void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
    if (std::find(Scope::counters.begin(), Scope::counters.end(), name) == Scope::counters.end()) return;
    m_at = m_to.next_scope(m_at, m_smmu, "", "");
    m_to.take(m_to.m_scopes[m_at], name, value);
  }
  StatVisitor* part(std::string_view kind, std::string_view name) override {
    m_at = m_to.next_scope(m_at, m_smmu, kind, name);
    m_parts.begin(m_to.m_scopes[m_at]);
    return &m_parts;
  }

 private:
  Recorder& m_to;
  const std::string& m_smmu;
  Parts m_parts;
  std::size_t m_at = 0;  // the scope that came last
};

std::size_t Recorder::next_scope(std::size_t last, const std::string& smmu, std::string_view kind,
                                 std::string_view name) {
  // Nearly always they come in the order in which they came first.
  for (std::size_t i = last; i < m_scopes.size() && i < last + 2; ++i) {
    const Scope& s = m_scopes[i];
    if (s.name == name && s.kind == kind && s.smmu == smmu) return i;
  }
  const auto [at, is_new] =
      m_scope_of.try_emplace({smmu, std::string(kind), std::string(name)}, m_scopes.size());
  if (is_new) {
    Scope made{smmu, std::string(kind), std::string(name)};
    for (std::size_t& series : made.series) series = m_timeline.add();
    m_scopes.push_back(std::move(made));
  }
  return at->second;
}

void Recorder::take(Scope& scope, std::string_view counter, std::uint64_t value) {
  for (std::size_t i = 0; i < Scope::counters.size(); ++i) {
    if (counter != Scope::counters[i]) continue;
    m_timeline.count(scope.series[i], m_sampled_ps, value - scope.last[i]);
    scope.last[i] = value;
    return;
  }
}

void Recorder::connect(const System& system) {
  m_system = &system;
  for (const auto& instance : system.instances()) {
    const auto* dump = dynamic_cast<const DumpControl*>(instance->component.get());
    const std::string& type = instance->type->type;
    if (dump == nullptr || (type != "smmuv2" && type != "smmuv3")) continue;
    Smmu smmu{instance.get(), dump};
    smmu.has_events = type == "smmuv3";
    m_smmus.emplace(instance->config->name, std::move(smmu));
    m_order.push_back(instance->config->name);
  }
}

std::uint64_t Recorder::sample(std::uint64_t now_ps) {
  // What has been counted since belongs to the time before now.
  m_sampled_ps = now_ps == 0 ? 0 : now_ps - 1;
  const std::uint64_t end = m_timeline.bucket_end(now_ps);
  for (auto& [name, smmu] : m_smmus) {
    Counters counters(*this, name);
    smmu.instance->component->statistics(counters);
    if (!smmu.changed || now_ps < smmu.next_look_ps) continue;
    smmu.changed = false;
    smmu.next_look_ps = std::max(now_ps * looks_apart, first_look_ps);
    keep_fullest(smmu, look(smmu, "most set up", now_ps));
  }
  return end - now_ps;
}

void Recorder::finish(std::uint64_t now_ps) {
  sample(now_ps);
  for (auto& [name, smmu] : m_smmus) smmu.end = look(smmu, "end of the run", now_ps);
}

// ---- snapshots

Snapshot Recorder::look(const Smmu& smmu, const char* when, std::uint64_t time_ps) const {
  return {smmu.instance->config->name, when, time_ps, smmu.dump->contents()};
}

void Recorder::keep_fullest(Smmu& smmu, Snapshot snapshot) {
  const std::size_t structures = structures_in(snapshot.contents);
  if (structures == 0 || structures < smmu.structures) return;
  smmu.structures = structures;
  smmu.fullest = std::move(snapshot);
}

std::vector<Snapshot> Recorder::snapshots() const {
  std::vector<Snapshot> all;
  for (const std::string& name : m_order) {
    const Smmu& smmu = m_smmus.find(name)->second;
    for (const auto* one : {&smmu.first_fault, &smmu.fullest, &smmu.end}) {
      if (*one) all.push_back(**one);
    }
  }
  return all;
}

// ---- trace

bool Recorder::wants(std::string_view source, std::string_view point) {
  (void)source;  // components ask before it knows them
  return point == fault_point || point == event_point || point == command_point || point == write_point ||
         point == stall_point || point == command_error_point;
}

void Recorder::record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                      const TraceValue* values, std::size_t count) {
  const auto at = m_smmus.find(source);
  // One for each event, whoever tells of it.
  if (point == event_point && m_event_words.size() < TraceHub::most_events)
    m_event_words.emplace_back(at == m_smmus.end() || count < 6
                                   ? std::nullopt
                                   : words_of_event(at->second, values[4].number, values[5].number != 0));
  if (at == m_smmus.end() || point == event_point) return;
  Smmu& smmu = at->second;
  if (point == command_point) {
    const std::pair key(at->first, std::string(values[0].text));
    auto series = m_commands.find(key);
    if (series == m_commands.end() && m_commands.size() < most_command_series)
      series = m_commands.emplace(key, m_timeline.add()).first;
    if (series != m_commands.end()) m_timeline.count(series->second, time_ps);
    if (starts_with(values[0].text, "CMD_CFGI")) smmu.changed = true;
  } else if (point == write_point) {
    written(smmu, time_ps, values);
  } else if (point == fault_point) {
    faulted(smmu, time_ps, values);
  } else {
    ++m_fault_count;
    if (m_faults.size() >= most_faults) return;
    if (point == stall_point) {
      m_faults.push_back({time_ps, at->first, values[0].number, values[1].number, std::string(values[2].text),
                          "stall", "waits for software"});
    } else {
      m_faults.push_back(
          {time_ps, at->first, 0, 0, std::string(values[0].text), "command error", "GERROR.CMDQ_ERR"});
    }
  }
}

void Recorder::faulted(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values) {
  ++m_fault_count;
  if (m_faults.size() < most_faults) {
    m_faults.push_back({time_ps, smmu.instance->config->name, values[0].number, values[1].number,
                        std::string(values[2].text), std::string(values[3].text),
                        std::string(values[4].text)});
  }
  if (smmu.first_fault) return;
  smmu.first_fault = look(smmu, "first fault", time_ps);
  Snapshot same = *smmu.first_fault;
  same.when = "most set up";
  keep_fullest(smmu, std::move(same));
}

// The trace comes before the write takes effect.
void Recorder::written(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values) {
  const std::string_view name = values[0].text;
  const bool bit0 = (values[1].number & 1) != 0;
  if (starts_with(name, "SMMU_EVENTQ_BASE") || starts_with(name, "SMMU_S_EVENTQ_BASE"))
    smmu.queues_known = false;
  if (starts_with(name, "SMMU_S2CR") || starts_with(name, "SMMU_CBAR")) smmu.changed = true;
  // CR0.SMMUEN (IHI 0070 6.3.9.6); CR0.CLIENTPD (IHI 0062 9.6.2)
  const bool is_CR0 = name == "SMMU_CR0" || name == "SMMU_sCR0" || name == "SMMU_NSCR0";
  if (!is_CR0) return;
  const bool was_on = smmu.on;
  smmu.on = name == "SMMU_CR0" ? bit0 : !bit0;
  if (!was_on || smmu.on || smmu.looks_before_off >= most_looks_before_off) return;
  ++smmu.looks_before_off;
  keep_fullest(smmu, look(smmu, "before it was switched off", time_ps));
}

std::optional<EventWords> Recorder::words_of_event(Smmu& smmu, std::uint64_t prod, bool secure) {
  if (!smmu.has_events) return std::nullopt;
  if (!smmu.queues_known) {
    smmu.queues_known = true;
    smmu.eventq_base = {};
    for (const auto& [name, value] : smmu.dump->register_values()) {
      if (name == "SMMU_EVENTQ_BASE") smmu.eventq_base[0] = value;
      if (name == "SMMU_S_EVENTQ_BASE") smmu.eventq_base[1] = value;
    }
  }
  // ADDR is [55:5] and aligned to the size of the queue, whose LOG2SIZE is at most 19 (IHI 0070 6.3.26); PROD
  // is behind the record, and has a bit that says how often the queue wrapped.
  const std::uint64_t base = smmu.eventq_base[secure ? 1 : 0];
  const std::uint64_t entries = std::uint64_t{1} << std::min<std::uint64_t>(base & 0x1f, 19);
  const std::uint64_t bytes = entries * sizeof(EventWords);
  const std::uint64_t address =
      (base & 0x00ff'ffff'ffff'ffe0ULL & ~(bytes - 1)) + ((prod - 1) & (entries - 1)) * sizeof(EventWords);
  for (const MemoryRange& m : m_system->memories()) {
    if (address < m.base || m.size < sizeof(EventWords) || address - m.base > m.size - sizeof(EventWords))
      continue;
    EventWords words{};
    std::memcpy(words.data(), m.control->data() + (address - m.base), sizeof words);
    return words;
  }
  return std::nullopt;
}

}  // namespace smmuvp::platform
