// Typed trace points. A component declares each point once; a sink decides which are on and how they look.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// One value of a trace record: a number (printed in hexadecimal) or text.
struct TraceValue {
  std::string_view name;
  std::uint64_t number = 0;
  std::string_view text = {};
  bool is_text = false;
};

/// Where trace records go. What it wants may change at any time, also while simulation runs.
class SMMUVP_EXPORT TraceSink {
 public:
  TraceSink() : m_epoch(std::make_shared<std::uint64_t>(0)) {}
  TraceSink(const TraceSink&) = delete;
  TraceSink& operator=(const TraceSink&) = delete;
  virtual ~TraceSink() = default;
  /// @param point  the point's full name, for example "smmu.translate". Asked once a component and point, and
  /// once more after each wants_changed().
  virtual bool wants(std::string_view source, std::string_view point) = 0;
  /// @param time_ps  simulated time in picoseconds
  virtual void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                      const TraceValue* values, std::size_t count) = 0;

  /// wants() answers otherwise than before: components ask anew at their next record. Called by who changes
  /// it, on the thread that simulates.
  void wants_changed() { ++*m_epoch; }
  /// How often wants_changed() was called.
  std::uint64_t epoch() const { return *m_epoch; }

 protected:
  /// For a sink that passes on to `next`: what `next` wants is what this one wants.
  struct Before {
    const TraceSink& next;
  };
  explicit TraceSink(Before before) : m_epoch(before.next.m_epoch) {}

 private:
  std::shared_ptr<std::uint64_t> m_epoch;  // one for a chain of sinks, whichever of them ends first
};

/// A trace point with the types of its values, declared as a constant:
/// `constexpr TracePoint<std::uint32_t, std::uint64_t> trace_bypass{"smmu.bypass", "a bypassed access",
/// {"sid", "address"}};`
template <class... Values>
struct TracePoint {
  const char* name;
  const char* doc;
  std::array<const char*, sizeof...(Values)> fields;
};

/// A trace point without its types, as `smmu-vp trace-points` lists it.
struct TracePointInfo {
  template <class... Values>
  TracePointInfo(const TracePoint<Values...>& point)
      : name(point.name), doc(point.doc), fields(point.fields.begin(), point.fields.end()) {}
  std::string name;
  std::string doc;
  std::vector<std::string> fields;
};

/// True if a filter names a point: its full name, or a prefix ending in '*'.
SMMUVP_EXPORT bool trace_filter_matches(std::string_view filter, std::string_view point);

/// A component's front end to a sink; emits nothing, at the cost of one test, when there is no sink.
class SMMUVP_EXPORT Tracer {
 public:
  Tracer(TraceSink* sink, std::string source) : m_sink(sink), m_source(std::move(source)) {}
  bool on() const { return m_sink != nullptr; }

  template <class... Values, class... Given>
  void emit(std::uint64_t time_ps, const TracePoint<Values...>& point, const Given&... given) {
    static_assert(sizeof...(Values) == sizeof...(Given), "a trace point's values are all given");
    if (m_sink == nullptr || !wanted(point.name)) return;
    std::size_t i = 0;
    const std::array<TraceValue, sizeof...(Values)> values{
        make<Values>(point.fields[i++], static_cast<const Values&>(given))...};
    m_sink->record(time_ps, m_source, point.name, values.data(), values.size());
  }

 private:
  template <class T>
  static TraceValue make(const char* name, const T& v) {
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      return {name, 0, std::string_view(v), true};
    } else {
      return {name, static_cast<std::uint64_t>(v), {}, false};
    }
  }
  bool wanted(const char* name);

  TraceSink* m_sink;
  std::string m_source;
  std::vector<std::pair<const char*, bool>>
      m_known;                // by address of the point's name: a point is one constant
  std::uint64_t m_epoch = 0;  // of m_sink, that m_known holds for
};

/// Writes one line a record: "<time_ps> <source> <point> name=0x… name=text".
class SMMUVP_EXPORT TextTraceSink : public TraceSink {
 public:
  /// @param filters  points to print: full names, or a prefix ending in '*'; empty means all.
  /// @param write    receives each finished line, newline included.
  using Write = void (*)(void* context, std::string_view line);
  TextTraceSink(std::vector<std::string> filters, Write write, void* context)
      : m_filters(std::move(filters)), m_write(write), m_context(context) {}
  /// Replaces the filters; from now on.
  void set_filters(std::vector<std::string> filters);
  /// Off: prints nothing until it is on again. It starts on.
  void set_on(bool on);
  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;

 private:
  std::vector<std::string> m_filters;
  bool m_on = true;
  Write m_write;
  void* m_context;
};

}  // namespace smmuvp
