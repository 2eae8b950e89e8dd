// What has a value at each moment, found in trace records: wires, queues, slots in use.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "smmuvp/base/trace.h"

namespace smmuvp::platform {

class System;

/// Names of an interrupt controller's inputs: "smmu0.eventq_irq", by controller and INTID.
using LineNames = std::map<std::pair<std::string, std::uint64_t>, std::string>;
LineNames line_names(const System& system);

class TraceLevels {
 public:
  enum class Kind {
    Wire,   ///< 0 or 1
    Level,  ///< goes up and down, from 0
    Total,  ///< goes up, from 0
  };
  struct Signal {
    Kind kind;
    std::string source;  ///< the component
    std::string group;   ///< within it; may be empty
    std::string name;
    std::uint64_t value = 0;
  };
  struct Change {
    std::size_t signal;
    bool is_new;          ///< it is the first change of the signal
    std::uint64_t value;  ///< from now on
  };

  void set_line_names(LineNames names) { m_line_names = std::move(names); }
  /// Whether records of a point may change something.
  static bool is_point(const TracePointInfo& point);
  /// Of all records, in the order of their times.
  std::optional<Change> take(std::uint64_t time_ps, std::string_view source, std::string_view point,
                             const TraceValue* values, std::size_t count);
  const Signal& signal(std::size_t i) const { return m_signals[i]; }
  std::size_t size() const { return m_signals.size(); }

 private:
  /// Its number, and whether it is new.
  std::pair<std::size_t, bool> find(Kind kind, std::string_view source, std::string_view group,
                                    std::string_view name);
  Change set(Kind kind, std::string_view source, std::string_view group, std::string_view name,
             std::uint64_t value);
  Change move(Kind kind, std::string_view source, std::string_view group, std::string_view name, bool up);
  bool knows(std::string_view source, std::string_view group, std::string_view name) const;
  std::string wire_name(std::string_view source, std::string_view point, const TraceValue* values,
                        std::size_t count) const;

  LineNames m_line_names;
  std::vector<Signal> m_signals;
  std::unordered_map<std::string, std::size_t> m_known;  // by source, group and name
};

}  // namespace smmuvp::platform
