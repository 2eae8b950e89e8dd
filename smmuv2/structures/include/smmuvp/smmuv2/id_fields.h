// The fields of the ID registers as a table, and what real SMMUs read as: an instance can be told to look
// like one of them, and how it differs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/fields.h"
#include "smmuvp/smmuv2/features.h"

namespace smmuvp::smmuv2 {

/// A field of IDR0, IDR1, IDR2 or IDR7.
struct IdField {
  std::uint32_t IdRegisters::*reg;
  const char* register_name;
  const Field* field;  ///< its name is that of the parameter, if there is one
  /// Gives features the value; nullptr: nothing but 0 is built, and there is no parameter.
  void (*set)(Features& features, std::uint32_t value) = nullptr;

  const char* name() const { return field->name; }
  std::uint32_t get(const IdRegisters& id) const {
    return static_cast<std::uint32_t>(smmuvp::get(id.*reg, *field));
  }
};

/// From the most significant bit of IDR0 on.
const std::vector<IdField>& id_fields();

/// The SMMU that a public document, program or log shows.
struct Personality {
  const char* name;
  const char* source;
  const char* unsourced;   ///< what of it no public source shows, chosen here; "" if nothing
  const char* compatible;  ///< in device trees
  bool is_part;            ///< there is such a part; false: it is what is built here
  IdRegisters id;          ///< what Secure software reads, or all do
  /// What no ID register says.
  void (*others)(Features& features);
};

const std::vector<Personality>& personalities();
/// nullptr: there is none of that name.
const Personality* find_personality(const std::string& name);

/// The features of a personality, as far as they are built.
Features features_of(const Personality& personality);

/// A field in which an SMMU differs from what it is to look like.
struct IdDifference {
  const IdField* field;
  std::uint32_t wanted;
  std::uint32_t is;
};
/// In the order of id_fields(). IDR3 to IDR6, PIDR and CIDR are not among them.
std::vector<IdDifference> id_differences(const IdRegisters& wanted, const IdRegisters& is);
/// "IDR0.EXIDS 0 instead of 1, IDR2.E2HS 0 instead of 1".
std::string to_text(const std::vector<IdDifference>& differences);

}  // namespace smmuvp::smmuv2
