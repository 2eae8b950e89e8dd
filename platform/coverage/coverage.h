// Functional coverage of a run: which structures, commands, events, formats and registers of SMMUs were used.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "field_bins.h"
#include "smmuvp/base/trace.h"

namespace smmuvp::coverage {

/// Counts what SMMUs of one kind do. Made of the tables that the models themselves are made of.
class SmmuCoverage {
 public:
  virtual ~SmmuCoverage() = default;
  virtual bool wants(std::string_view point) const = 0;
  virtual void record(std::string_view source, std::string_view point, const TraceValue* values) = 0;
  /// All that there is, in a fixed order, and how often each was used.
  const std::vector<Point>& points() const { return m_points; }
  const std::vector<std::uint64_t>& counts() const { return m_counts; }

 protected:
  std::size_t add(std::string name, std::string clause, std::string meaning);
  void made() { m_counts.assign(m_points.size(), 0); }
  std::vector<Point> m_points;
  std::vector<std::uint64_t> m_counts;
};

std::unique_ptr<SmmuCoverage> make_smmuv3_coverage();
std::unique_ptr<SmmuCoverage> make_smmuv2_coverage();

/// Gets traces of all SMMUs of a run. Takes no simulated time and changes nothing.
class Coverage : public TraceSink {
 public:
  Coverage();
  /// A component. Those that are no SMMUs are ignored. @param kind  its type, "smmuv3"
  void add(const std::string& name, const std::string& kind);

  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;

  /// The document of docs/ci.md, with a line end. @param run  the run's name
  std::string json(const std::string& run, const std::string& version) const;

 private:
  std::vector<std::unique_ptr<SmmuCoverage>> m_kinds;  // SMMUv3, SMMUv2
  std::map<std::string, SmmuCoverage*, std::less<>> m_sources;
};

/// All points that there are, for tools: JSON, or a table.
std::string points_json(const std::string& version);
std::string points_table();

}  // namespace smmuvp::coverage
