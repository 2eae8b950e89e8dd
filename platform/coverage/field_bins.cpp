#include "field_bins.h"

#include <fmt/format.h>

#include <string_view>

namespace smmuvp::coverage {

bool FieldBins::has_points(const Field& field) {
  switch (field.use) {
    case FieldUse::implementation_defined:
    case FieldUse::software:
    case FieldUse::unplaced:
      return false;
    default:
      break;
  }
  // Arrays are of permission indirection and overlays alone, which are not built.
  if (field.elements > 1) return false;
  const std::string_view when = field.when == nullptr ? "" : field.when;
  return when != "SMMU_IDR5.D128 == 1" && when != "a Realm Command queue";
}

FieldBins::FieldBins(const Field& field, const std::string& prefix, std::vector<Point>& points)
    : m_field(&field), m_first(points.size()) {
  const std::string name = prefix + field.name;
  const std::string clause = field.clause;
  const std::string meaning = field.meaning;
  const bool by_value = field.use == FieldUse::number || field.use == FieldUse::code;
  if (field.value_count != 0) {
    m_rule = Rule::named;
    for (unsigned i = 0; i < field.value_count; ++i) {
      const FieldValue& v = field.values[i];
      if (!v.reserved) points.push_back({fmt::format("{}={}", name, v.value), clause, v.meaning});
    }
  } else if (field.width() <= 2 && by_value) {
    m_rule = Rule::each;
    for (unsigned v = 0; v <= field.mask(); ++v)
      points.push_back({fmt::format("{}={}", name, v), clause, meaning});
  } else if (by_value || field.use == FieldUse::log2) {
    points.push_back({name + "=0", clause, meaning});
    points.push_back({name + "!=0", clause, meaning});
  } else {
    m_rule = Rule::not_zero;
    points.push_back({name + "!=0", clause, meaning});
  }
}

void FieldBins::count(const std::uint64_t* words, std::vector<std::uint64_t>& counts) const {
  const std::uint64_t value = get(words[m_field->word()], *m_field);
  switch (m_rule) {
    case Rule::named: {
      std::size_t at = m_first;
      for (unsigned i = 0; i < m_field->value_count; ++i) {
        const FieldValue& v = m_field->values[i];
        if (v.reserved) continue;
        if (v.value == value) ++counts[at];
        ++at;
      }
      break;
    }
    case Rule::each:
      ++counts[m_first + value];
      break;
    case Rule::zero_or_not:
      ++counts[m_first + (value != 0 ? 1 : 0)];
      break;
    case Rule::not_zero:
      if (value != 0) ++counts[m_first];
      break;
  }
}

std::vector<FieldBins> bins_of(const FieldList& fields, const std::string& prefix, std::vector<Point>& points,
                               const Field* but) {
  std::vector<FieldBins> bins;
  for (const Field* f : fields) {
    if (f != but && FieldBins::has_points(*f)) bins.emplace_back(*f, prefix, points);
  }
  return bins;
}

}  // namespace smmuvp::coverage
