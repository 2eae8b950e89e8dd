#include "trace_levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "system.h"

namespace smmuvp::platform {

namespace {

constexpr std::array<std::string_view, 7> level_points{"smmu.queue",      "smmu.transaction", "smmu.walk",
                                                       "smmu.walk_begin", "smmu.stall",       "smmu.resume",
                                                       "smmu.translate"};

const TraceValue* find_value(const TraceValue* values, std::size_t count, std::string_view name) {
  const auto* at = std::find_if(values, values + count, [&](const TraceValue& v) { return v.name == name; });
  return at == values + count ? nullptr : at;
}

std::uint64_t number(const TraceValue* values, std::size_t count, std::string_view name) {
  const TraceValue* value = find_value(values, count, name);
  return value == nullptr ? 0 : value->number;
}

std::string key(std::string_view source, std::string_view group, std::string_view name) {
  return fmt::format("{}\n{}\n{}", source, group, name);
}

}  // namespace

LineNames line_names(const System& system) {
  LineNames names;
  const Instance* controller = system.interrupt_controller();
  if (controller == nullptr) return names;
  for (const auto& instance : system.instances()) {
    for (const WiredInterrupt& line : instance->interrupts) {
      if (line.id.kind != InterruptId::Kind::Spi) continue;  // each processor has a PPI of that number
      names[{controller->config->name, line.id.number + 32U}] =
          instance->config->name + "_" + line.port->name;
    }
  }
  return names;
}

bool TraceLevels::is_point(const TracePointInfo& point) {
  return (!point.fields.empty() && point.fields.back() == "level") ||
         std::find(level_points.begin(), level_points.end(), point.name) != level_points.end();
}

bool TraceLevels::knows(std::string_view source, std::string_view group, std::string_view name) const {
  return m_known.count(key(source, group, name)) != 0;
}

std::pair<std::size_t, bool> TraceLevels::find(Kind kind, std::string_view source, std::string_view group,
                                               std::string_view name) {
  const auto [at, is_new] = m_known.try_emplace(key(source, group, name), m_signals.size());
  if (is_new) m_signals.push_back({kind, std::string(source), std::string(group), std::string(name)});
  return {at->second, is_new};
}

TraceLevels::Change TraceLevels::set(Kind kind, std::string_view source, std::string_view group,
                                     std::string_view name, std::uint64_t value) {
  const auto [at, is_new] = find(kind, source, group, name);
  m_signals[at].value = value;
  return {at, is_new, value};
}

// What ends without having begun was under way when a state was loaded.
TraceLevels::Change TraceLevels::move(Kind kind, std::string_view source, std::string_view group,
                                      std::string_view name, bool up) {
  const auto [at, is_new] = find(kind, source, group, name);
  std::uint64_t& value = m_signals[at].value;
  if (up) {
    ++value;
  } else if (value != 0) {
    --value;
  }
  return {at, is_new, value};
}

// A point whose last value is a level tells of a wire, which the others name.
std::string TraceLevels::wire_name(std::string_view source, std::string_view point, const TraceValue* values,
                                   std::size_t count) const {
  if (point == "gic.line") {
    const std::uint64_t intid = number(values, count, "intid");
    const auto name = m_line_names.find({std::string(source), intid});
    if (name != m_line_names.end()) return fmt::format("irq{}_{}", intid, name->second);
    if (intid >= 32) return fmt::format("irq{}", intid);
    return fmt::format("irq{}_cpu{}", intid, number(values, count, "cpu"));
  }
  std::string name(point.substr(point.find('.') + 1));
  for (std::size_t i = 0; i + 1 < count; ++i) {
    name += values[i].is_text ? fmt::format("_{}", values[i].text) : fmt::format("_{}", values[i].number);
  }
  return name;
}

std::optional<TraceLevels::Change> TraceLevels::take(std::uint64_t time_ps, std::string_view source,
                                                     std::string_view point, const TraceValue* values,
                                                     std::size_t count) {
  if (count != 0 && values[count - 1].name == "level" && !values[count - 1].is_text) {
    const std::string name = wire_name(source, point, values, count);
    const std::uint64_t level = values[count - 1].number != 0 ? 1 : 0;
    // Inputs are looked at when simulation begins: that is no change.
    if (time_ps == 0 && level == 0 && !knows(source, "", name)) return std::nullopt;
    return set(Kind::Wire, source, "", name, level);
  }
  if (point == "smmu.queue") {
    const TraceValue* queue = find_value(values, count, "queue");
    if (queue == nullptr) return std::nullopt;
    std::string name = number(values, count, "secure") != 0 ? "S_" : "";
    name += queue->text;
    if (queue->text == "ECMDQ") name += fmt::format("{}", number(values, count, "number"));
    return set(Kind::Level, source, "queues", name, number(values, count, "used"));
  }
  if (point == "smmu.transaction") {
    return move(Kind::Level, source, "transactions", fmt::format("TBU{}", number(values, count, "tbu")),
                number(values, count, "begins") != 0);
  }
  if (point == "smmu.walk_begin" || point == "smmu.walk") {
    return move(Kind::Level, source, "", "walks", point == "smmu.walk_begin");
  }
  if (point == "smmu.stall" || point == "smmu.resume") {
    return move(Kind::Level, source, "", "stalled", point == "smmu.stall");
  }
  if (point == "smmu.translate" && number(values, count, "tlb_hit") != 0) {
    return move(Kind::Total, source, "", "TLB hits", true);
  }
  return std::nullopt;
}

}  // namespace smmuvp::platform
