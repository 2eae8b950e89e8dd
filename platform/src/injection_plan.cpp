#include "injection_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

#include "duration.h"
#include "guest_files.h"
#include "smmuvp/base/params.h"
#include "toml_table.h"

namespace smmuvp::platform {

namespace {

constexpr std::size_t most_rules = 1000;
constexpr std::uint64_t plan_bytes = 1 << 20;

struct KindName {
  InjectionKind kind;
  const char* name;
};
constexpr KindName kinds[] = {{InjectionKind::abort, "abort"},       {InjectionKind::flip, "flip"},
                              {InjectionKind::drop, "drop"},         {InjectionKind::delay, "delay"},
                              {InjectionKind::conflict, "conflict"}, {InjectionKind::full, "full"}};

// One [[inject]], being read.
class RuleReader {
 public:
  RuleReader(const TomlValue& value, std::size_t number)
      : m_table(value, fmt::format("[[inject]] {}", number)), m_place(value.place) {}

  InjectionRule read();

 private:
  using Site = InjectionSite;

  std::string what(const char* key) const { return fmt::format("{}: {}", m_table.what(), key); }
  std::optional<std::uint64_t> number(const char* key, std::uint64_t least, std::uint64_t most);
  std::optional<std::uint64_t> time(const char* key);
  void condition(const char* key, std::string text, std::function<bool(const Site&)> holds);
  void take_kind();
  void take_flip();
  void take_conditions();
  void take_level();
  void take_access();
  void take_range(const char* key, std::optional<std::uint64_t> Site::*member);
  void take_times();
  void take_counts();

  TomlTable m_table;
  Place m_place;
  InjectionRule m_rule;
};

std::optional<std::uint64_t> RuleReader::number(const char* key, std::uint64_t least, std::uint64_t most) {
  const TomlValue* v = m_table.take(key);
  if (v == nullptr) return std::nullopt;
  const std::uint64_t n = toml_number(*v, what(key), most);
  if (n < least) config_error(v->place, key, fmt::format("{} must be at least {}", what(key), least));
  return n;
}

std::optional<std::uint64_t> RuleReader::time(const char* key) {
  const TomlValue* v = m_table.take(key);
  if (v == nullptr) return std::nullopt;
  std::uint64_t ps = 0;
  const std::string text = toml_text(*v, what(key));
  if (!parse_duration(text, ps)) {
    config_error(
        v->place, key,
        fmt::format("{}: '{}' is no time (expected for example \"10us\" or \"2.5ms\")", what(key), text));
  }
  return ps;
}

// @param key  that has been taken
void RuleReader::condition(const char* key, std::string text, std::function<bool(const Site&)> holds) {
  m_rule.conditions.push_back({key, std::move(text), m_table.take(key)->place, std::move(holds)});
}

void RuleReader::take_kind() {
  const TomlValue& v = m_table.need("do");
  const std::string word = toml_text(v, what("do"));
  m_rule.kind_place = v.place;
  std::vector<std::string> names;
  for (const KindName& k : kinds) {
    names.emplace_back(k.name);
    if (word == k.name) m_rule.what.kind = k.kind;
  }
  if (m_rule.what.kind == InjectionKind::none) {
    const std::string near = nearest(word, names);
    config_error(v.place, "do",
                 fmt::format("{}: '{}' is none of {}{}", what("do"), word, fmt::join(names, ", "),
                             near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  const bool delays = m_rule.what.kind == InjectionKind::delay;
  const TomlValue* by = m_table.take("time");
  const auto ps = time("time");
  if (by != nullptr && !delays)
    config_error(by->place, "time", fmt::format("{} goes with do = \"delay\" alone", what("time")));
  if (delays && (!ps || *ps == 0)) {
    config_error(by != nullptr ? by->place : v.place, "time",
                 fmt::format("{}: do = \"delay\" needs a time of more than 0, for example time = \"100us\"",
                             m_table.what()));
  }
  // Simulated time and what is added to it stay far from the end of the numbers.
  if (ps && *ps > std::numeric_limits<std::uint64_t>::max() / 4)
    config_error(by->place, "time", fmt::format("{} is too long", what("time")));
  m_rule.what.delay_ps = ps.value_or(0);
}

void RuleReader::take_flip() {
  const TomlValue* v = m_table.take("flip");
  const bool flips = m_rule.what.kind == InjectionKind::flip;
  if (v == nullptr) {
    if (!flips) return;
    config_error(m_rule.kind_place, "flip",
                 fmt::format("{}: do = \"flip\" needs the bits to invert, for example flip = \"0x1\", or a "
                             "list with one number for each 64-bit word",
                             m_table.what()));
  }
  if (!flips) config_error(v->place, "flip", fmt::format("{} goes with do = \"flip\" alone", what("flip")));
  std::array<std::uint64_t, 8>& words = m_rule.what.flip;
  if (!v->is_array()) {
    words[0] = toml_number(*v, what("flip"));
  } else if (v->array.empty() || v->array.size() > words.size()) {
    config_error(
        v->place, "flip",
        fmt::format("{} has {} words, and must have 1 to {}", what("flip"), v->array.size(), words.size()));
  } else {
    for (std::size_t i = 0; i < v->array.size(); ++i) words[i] = toml_number(v->array[i], what("flip"));
  }
  if (std::all_of(words.begin(), words.end(), [](std::uint64_t w) { return w == 0; }))
    config_error(v->place, "flip", fmt::format("{} inverts no bit", what("flip")));
}

void RuleReader::take_level() {
  const TomlValue* v = m_table.take("level");
  if (v == nullptr) return;
  // Tables of 52-bit addresses begin at level -1.
  int level = -1;
  if (!v->is_integer() || v->integer != -1) level = static_cast<int>(toml_number(*v, what("level"), 3));
  condition("level", fmt::format("level {}", level), [level](const Site& s) { return s.level == level; });
}

void RuleReader::take_access() {
  const TomlValue* v = m_table.take("access");
  if (v == nullptr) return;
  const std::vector<std::string> names = {"read", "write", "atomic"};
  const std::string word = toml_text(*v, what("access"));
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end()) {
    const std::string near = nearest(word, names);
    config_error(v->place, "access",
                 fmt::format("{}: '{}' is none of read, write, atomic{}", what("access"), word,
                             near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  const auto access = static_cast<InjectionAccess>(found - names.begin());
  condition("access", fmt::format("access {}", word), [access](const Site& s) { return s.access == access; });
}

void RuleReader::take_range(const char* key, std::optional<std::uint64_t> Site::*member) {
  const TomlValue* v = m_table.take(key);
  if (v == nullptr) return;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (!v->is_array()) {
    first = last = toml_number(*v, what(key));
  } else {
    if (v->array.size() != 2) {
      config_error(v->place, key,
                   fmt::format("{} must be an address, or [first, last] with both in it", what(key)));
    }
    first = toml_number(v->array[0], what(key));
    last = toml_number(v->array[1], what(key));
    if (first > last) {
      config_error(v->place, key,
                   fmt::format("{}: the first, {:#x}, is behind the last, {:#x}", what(key), first, last));
    }
  }
  condition(key,
            first == last ? fmt::format("{} {:#x}", key, first)
                          : fmt::format("{} {:#x} to {:#x}", key, first, last),
            [=](const Site& s) { return s.*member && *(s.*member) >= first && *(s.*member) <= last; });
}

void RuleReader::take_times() {
  const auto from = time("from");
  const auto until = time("until");
  if (from) {
    condition("from", fmt::format("from {}", duration_text(*from)),
              [from](const Site& s) { return s.time_ps >= *from; });
  }
  if (!until) return;
  if (*until <= from.value_or(0)) {
    config_error(m_table.take("until")->place, "until",
                 fmt::format("{} must be after {}", what("until"), from ? "from" : "0"));
  }
  condition("until", fmt::format("until {}", duration_text(*until)),
            [until](const Site& s) { return s.time_ps < *until; });
}

void RuleReader::take_conditions() {
  if (const auto n = number("stage", 1, 2)) {
    condition("stage", fmt::format("stage {}", *n), [n](const Site& s) { return s.stage == *n; });
  }
  take_level();
  if (const auto n = number("stream", 0, 0xffff'ffff)) {
    condition("stream", fmt::format("stream {:#x}", *n), [n](const Site& s) { return s.stream == *n; });
  }
  if (const auto n = number("substream", 0, 0xf'ffff)) {
    condition("substream", fmt::format("substream {:#x}", *n),
              [n](const Site& s) { return s.substream == *n; });
  }
  take_access();
  take_range("iova", &Site::iova);
  take_range("address", &Site::address);
  take_times();
}

// One injection unless something else is said; with `every` as often as there are matches.
void RuleReader::take_counts() {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  const auto nth = number("nth", 1, most);
  const auto every = number("every", 1, most);
  const auto count = number("count", 1, most);
  m_rule.every = every.value_or(1);
  m_rule.nth = nth.value_or(m_rule.every);
  m_rule.most = count;
  if (!count && !every) m_rule.most = 1;
  m_rule.required = count.value_or(1);
}

InjectionRule RuleReader::read() {
  m_rule.place = m_place;
  m_rule.name = toml_text(m_table.need("name"), what("name"));
  const Place& name_place = m_table.take("name")->place;
  if (m_rule.name.empty() || m_rule.name.size() > 64)
    config_error(name_place, "name", fmt::format("{} must have 1 to 64 characters", what("name")));
  if (const TomlValue* v = m_table.take("smmu")) {
    m_rule.smmu = toml_text(*v, what("smmu"));
    m_rule.smmu_place = v->place;
  }
  const TomlValue& at = m_table.need("at");
  m_rule.at = toml_text(at, what("at"));
  m_rule.at_place = at.place;
  if (const TomlValue* v = m_table.take("of")) {
    m_rule.of = toml_text(*v, what("of"));
    m_rule.of_place = v->place;
    condition("of", "of " + m_rule.of, [of = m_rule.of](const Site& s) { return s.of == of; });
  }
  take_kind();
  take_flip();
  take_conditions();
  take_counts();
  m_table.finish();
  if (m_rule.what.kind == InjectionKind::flip) {  // of an update nothing is read
    m_rule.conditions.push_back({"", "a read", m_rule.kind_place, [](const Site& s) { return !s.updates; }});
  }
  return std::move(m_rule);
}

}  // namespace

const char* to_string(InjectionKind kind) {
  for (const KindName& k : kinds) {
    if (k.kind == kind) return k.name;
  }
  return "none";
}

std::vector<InjectionRule> read_injection_plan_text(const std::string& text, const std::string& file) {
  const TomlValue root = parse_toml(text, file);
  TomlTable table(root, "the plan");
  const TomlValue* list = table.take("inject");
  table.finish();
  const auto is_table = [](const TomlValue& v) { return v.is_table(); };
  if (list == nullptr) config_error({file, 0, 0}, "inject", "the plan has no [[inject]]");
  if (!list->is_array() || !std::all_of(list->array.begin(), list->array.end(), is_table)) {
    config_error(list->place, "inject", "'inject' must be a list of tables: write [[inject]] before each");
  }
  if (list->array.empty()) config_error(list->place, "inject", "the plan has no [[inject]]");
  if (list->array.size() > most_rules)
    config_error(list->place, "inject", fmt::format("more than {} [[inject]]", most_rules));
  std::vector<InjectionRule> rules;
  std::set<std::string> names;
  for (const TomlValue& value : list->array) {
    rules.push_back(RuleReader(value, rules.size() + 1).read());
    if (!names.insert(rules.back().name).second) {
      config_error(rules.back().place, "name",
                   fmt::format("two [[inject]] have the name '{}'", rules.back().name));
    }
  }
  return rules;
}

std::vector<InjectionRule> read_injection_plan(const std::string& path) {
  std::vector<std::uint8_t> data;
  std::string error;
  if (!read_file(path, plan_bytes, data, error)) throw ConfigError("inject", "--inject: " + error);
  return read_injection_plan_text({data.begin(), data.end()}, path);
}

}  // namespace smmuvp::platform
