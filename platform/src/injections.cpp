#include "injections.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "duration.h"
#include "smmuvp/base/params.h"
#include "smmuvp/tlm/injection_control.h"
#include "system.h"

namespace smmuvp::platform {

namespace {

struct Target {
  std::string name;
  InjectionControl* control;
};

const InjectionPlace* find_place(const InjectionControl& control, const std::string& name) {
  for (const InjectionPlace& place : control.injection_places()) {
    if (name == place.name) return &place;
  }
  return nullptr;
}

// What one may have meant, and all that there is.
std::string choice(const std::string& word, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::string near = nearest(word, names);
  return fmt::format("{}there {} {}", near.empty() ? "" : fmt::format("did you mean '{}'? ", near),
                     names.size() == 1 ? "is" : "are", fmt::join(names, ", "));
}

bool has_fact(const InjectionPlace& place, const std::string& key) {
  const InjectionFacts& f = place.facts;
  if (key == "stage" || key == "level") return f.descriptor;
  if (key == "stream") return f.stream;
  if (key == "substream" || key == "access" || key == "iova") return f.client;
  if (key == "address") return f.address;
  return true;  // all sites have a time; `of` is looked at apart
}

void check_rule(const InjectionRule& rule, const InjectionPlace& place) {
  const std::vector<InjectionKind>& kinds = place.kinds;
  if (std::find(kinds.begin(), kinds.end(), rule.what.kind) == kinds.end()) {
    std::vector<std::string> names;
    names.reserve(kinds.size());
    for (const InjectionKind kind : kinds) names.emplace_back(to_string(kind));
    config_error(rule.kind_place, "do",
                 fmt::format("'{}': at = \"{}\" takes do = \"{}\", not \"{}\"", rule.name, rule.at,
                             fmt::join(names, "\" or \""), to_string(rule.what.kind)));
  }
  for (const InjectionCondition& c : rule.conditions) {
    if (!has_fact(place, c.key)) {
      config_error(c.place, c.key,
                   fmt::format("'{}': at = \"{}\" knows no {}: {}", rule.name, rule.at, c.key, place.doc));
    }
  }
  if (rule.of.empty()) return;
  const std::vector<std::string>& sources = place.sources;
  if (sources.empty()) {
    config_error(rule.of_place, "of",
                 fmt::format("'{}': at = \"{}\" has nothing to tell apart by 'of'", rule.name, rule.at));
  }
  if (std::find(sources.begin(), sources.end(), rule.of) == sources.end()) {
    config_error(
        rule.of_place, "of",
        fmt::format("'{}': no {} is of '{}'; {}", rule.name, rule.at, rule.of, choice(rule.of, sources)));
  }
}

// @return the targets that a rule is for
std::vector<Target> targets_of(const InjectionRule& rule, const std::vector<Target>& all) {
  std::vector<std::string> names;
  std::vector<Target> named;
  for (const Target& t : all) {
    names.push_back(t.name);
    if (rule.smmu.empty() || rule.smmu == t.name) named.push_back(t);
  }
  if (named.empty()) {
    config_error(rule.smmu_place, "smmu",
                 fmt::format("'{}': '{}' is no SMMU of the platform; {}", rule.name, rule.smmu,
                             choice(rule.smmu, names)));
  }
  std::vector<std::string> places;
  std::vector<Target> targets;
  for (const Target& t : named) {
    for (const InjectionPlace& place : t.control->injection_places()) places.emplace_back(place.name);
    const InjectionPlace* place = find_place(*t.control, rule.at);
    if (place == nullptr) continue;
    check_rule(rule, *place);
    targets.push_back(t);
  }
  if (targets.empty()) {
    config_error(rule.at_place, "at",
                 fmt::format("'{}': {} has no place '{}' to inject at; {}", rule.name,
                             rule.smmu.empty() ? "no SMMU of the platform" : rule.smmu, rule.at,
                             choice(rule.at, places)));
  }
  return targets;
}

}  // namespace

/// What one SMMU asks.
class Injections::OfSmmu : public Injector {
 public:
  OfSmmu(std::string name, TraceSink* trace, const Print& print)
      : m_name(std::move(name)), m_tracer(trace, m_name), m_print(print) {}

  const std::string& name() const { return m_name; }
  void add(State& state, InjectionPoint point) {
    m_states.push_back(&state);
    m_wants[static_cast<std::size_t>(point)] = true;
  }
  bool wants(InjectionPoint point) const override { return m_wants[static_cast<std::size_t>(point)]; }
  Injection at(const InjectionSite& site) override;

 private:
  static bool matches(State& state, const InjectionSite& site);
  void fire(State& state, const InjectionSite& site);

  std::string m_name;
  Tracer m_tracer;
  const Print& m_print;
  std::vector<State*> m_states;
  std::array<bool, 6> m_wants{};
};

bool Injections::OfSmmu::matches(State& state, const InjectionSite& site) {
  ++state.record.candidates;
  for (std::size_t i = 0; i < state.rule.conditions.size(); ++i) {
    if (!state.rule.conditions[i].holds(site)) return false;
    ++state.record.passed[i].second;
  }
  ++state.record.matches;
  return true;
}

// Of several that are due at one site the first of the plan is injected; the others stay due.
Injection Injections::OfSmmu::at(const InjectionSite& site) {
  State* firing = nullptr;
  if (!wants(site.point)) return {};
  for (State* state : m_states) {
    const InjectionRule& rule = state->rule;
    if (rule.at != site.what || !matches(*state, site) || firing != nullptr) continue;
    const std::uint64_t match = state->record.matches;
    if (match < rule.nth || (match - rule.nth) % rule.every != 0) continue;
    if (rule.most && state->record.fired >= *rule.most) continue;
    firing = state;
  }
  if (firing == nullptr) return {};
  fire(*firing, site);
  return firing->rule.what;
}

void Injections::OfSmmu::fire(State& state, const InjectionSite& site) {
  InjectionRecord& record = state.record;
  ++record.fired;
  const InjectionHit hit{site.time_ps,   m_name,    std::string(site.of), site.stream,
                         site.substream, site.iova, site.address};
  if (record.hits.size() < InjectionRecord::most) record.hits.push_back(hit);
  m_tracer.emit(site.time_ps, trace_injected, std::string_view(record.name), std::string_view(record.at),
                std::string_view(record.kind), site.stream.value_or(0), site.iova.value_or(0),
                site.address.value_or(0));
  m_print(record, hit);
}

Injections::Injections(std::vector<InjectionRule> rules, Print print) : m_print(std::move(print)) {
  for (InjectionRule& rule : rules) {
    State state;
    state.record.name = rule.name;
    state.record.at = rule.at;
    state.record.kind = to_string(rule.what.kind);
    state.record.required = rule.required;
    state.record.nth = rule.nth;
    state.record.every = rule.every;
    for (const InjectionCondition& c : rule.conditions) state.record.passed.emplace_back(c.text, 0);
    state.rule = std::move(rule);
    m_states.push_back(std::move(state));
  }
}

Injections::~Injections() = default;

void Injections::connect(const System& system, TraceSink* trace) {
  std::vector<Target> all;
  for (const auto& instance : system.instances()) {
    auto* control = dynamic_cast<InjectionControl*>(instance->component.get());
    if (control == nullptr) continue;
    all.push_back({instance->config->name, control});
    m_smmus.push_back(std::make_unique<OfSmmu>(instance->config->name, trace, m_print));
  }
  if (all.empty()) throw ConfigError("inject", "--inject: the platform has no SMMU to inject faults into");
  for (State& state : m_states) {
    for (const Target& target : targets_of(state.rule, all)) {
      for (const auto& smmu : m_smmus) {
        if (smmu->name() == target.name) smmu->add(state, find_place(*target.control, state.rule.at)->point);
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) all[i].control->set_injector(m_smmus[i].get());
}

std::vector<InjectionRecord> Injections::records() const {
  std::vector<InjectionRecord> records;
  for (const State& state : m_states) records.push_back(state.record);
  return records;
}

std::string to_text(const InjectionRecord& record, const InjectionHit& hit) {
  std::string text = fmt::format("{} at {}", record.kind, record.at);
  if (!hit.of.empty()) text += " of " + hit.of;
  if (hit.stream) text += fmt::format(", stream {:#x}", *hit.stream);
  if (hit.substream) text += fmt::format(", substream {:#x}", *hit.substream);
  if (hit.iova) text += fmt::format(", IOVA {:#x}", *hit.iova);
  if (hit.address) text += fmt::format(", address {:#x}", *hit.address);
  return fmt::format("{}: {}", hit.smmu, text);
}

std::string shortfall(const InjectionRecord& r) {
  std::string text = r.fired == 0 ? fmt::format("'{}' did not fire", r.name)
                                  : fmt::format("'{}' fired {} times of {}", r.name, r.fired, r.required);
  text += fmt::format(": {} came to {}", r.candidates == 0 ? "nothing" : std::to_string(r.candidates), r.at);
  std::uint64_t before = r.candidates;
  for (const auto& [condition, passed] : r.passed) {
    if (before == 0) break;
    text += fmt::format(", {} of them {}", passed == 0 ? "none" : std::to_string(passed), condition);
    before = passed;
  }
  const std::uint64_t needed = r.nth + (r.required - 1) * r.every;
  if (r.matches != 0 && r.matches < needed) text += fmt::format("; match {} was needed", needed);
  if (r.matches >= needed) text += "; another injection was due at the same place";
  return text;
}

std::string missing(const std::vector<InjectionRecord>& records) {
  std::string first;
  std::size_t more = 0;
  for (const InjectionRecord& r : records) {
    if (r.complete()) continue;
    if (first.empty()) {
      first = shortfall(r);
    } else {
      ++more;
    }
  }
  return more == 0 ? first : fmt::format("{}; and {} more", first, more);
}

}  // namespace smmuvp::platform
