// Coverage points of the fields of a structure, a command, an event or a register.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/fields.h"

namespace smmuvp::coverage {

/// One thing that a run can have used. Names are stable: "smmuv3/STE/Config=5".
struct Point {
  std::string name;
  std::string clause;   ///< "IHI 0070 5.2"
  std::string meaning;  ///< may be empty
};

/// The points of one field. A field of named values has one for each that is not Reserved, a field of up to
/// two bits one for each value; numbers have "=0" and "!=0". Of addresses, identifiers and sizes, "!=0"
/// alone.
class FieldBins {
 public:
  /// Adds the field's points. @param prefix  "smmuv3/STE/"
  FieldBins(const Field& field, const std::string& prefix, std::vector<Point>& points);

  /// Counts a value. @param words  that the field is in
  void count(const std::uint64_t* words, std::vector<std::uint64_t>& counts) const;
  const Field& field() const { return *m_field; }

  /// False: software's, IMPLEMENTATION DEFINED, or of a feature that no SMMU of this program has.
  static bool has_points(const Field& field);

 private:
  enum class Rule : std::uint8_t { named, each, zero_or_not, not_zero };
  const Field* m_field;
  Rule m_rule = Rule::zero_or_not;
  std::size_t m_first;
};

/// Those of a list. @param but  a field that has none, as an opcode; may be nullptr
std::vector<FieldBins> bins_of(const FieldList& fields, const std::string& prefix, std::vector<Point>& points,
                               const Field* but = nullptr);

}  // namespace smmuvp::coverage
