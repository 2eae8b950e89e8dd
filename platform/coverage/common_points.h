// What coverage counts of both SMMUs: leaves of walks, accesses to registers, invalidations.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "field_bins.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/base/trace.h"

namespace smmuvp::coverage {

/// Leaves by stage, format, granule and level.
class LeafPoints {
 public:
  /// @param smmu  "smmuv3". @param short_descriptors  it walks VMSAv8-32 short descriptors, too
  LeafPoints(const std::string& smmu, bool short_descriptors, std::vector<Point>& points);
  /// The values of smmu.leaf.
  void count(const TraceValue* values, std::vector<std::uint64_t>& counts) const;

 private:
  std::unordered_map<std::string, std::size_t> m_at;
};

/// Which registers software has read and written. Elements of an array count as one.
class RegisterPoints {
 public:
  void add(const std::string& smmu, const RegisterInfo& row, std::vector<Point>& points);
  /// The table's name of what trace points call "SMMU_CB3_SCTLR"; empty: it is in no table.
  const std::string& name_of(std::string_view name);
  void count(std::string_view name, bool write, std::vector<std::uint64_t>& counts);

 private:
  struct Place {
    std::size_t read;  // its point; that of writes follows
    bool has_write;
  };
  std::unordered_map<std::string, Place> m_at;               // by the table's name
  std::unordered_map<std::string, std::string> m_canonical;  // of names that came
};

/// Invalidations by command or register: whether they have taken entries.
class InvalidationPoints {
 public:
  void add(const std::string& smmu, const std::string& name, const std::string& clause,
           std::vector<Point>& points);
  void count(std::string_view name, std::uint64_t entries, std::vector<std::uint64_t>& counts) const;

 private:
  std::unordered_map<std::string, std::size_t> m_at;  // none; some
};

}  // namespace smmuvp::coverage
