// The fields of the ID registers, and the identities of SMMUs that public documents show (IHI 0070 6.3.1 to
// 6.3.8).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

/// A field of IDR0, IDR1, IDR3, IDR5, S_IDR1, MPAMIDR or S_MPAMIDR.
struct IdField {
  std::uint32_t IdRegisters::*reg;
  const char* register_name;
  const char* name;  ///< and of its parameter, if it has one
  std::uint8_t high;
  std::uint8_t low;
  /// Gives features the value; nullptr: nothing but 0 is built, and there is no parameter.
  void (*set)(Features& features, std::uint32_t value) = nullptr;
  std::uint32_t most = 1;  ///< the largest value that has a meaning here

  /// Of the Secure state: without it there is nothing to say.
  bool secure() const { return reg == &IdRegisters::S_IDR1 || reg == &IdRegisters::S_MPAMIDR; }
  std::uint32_t get(const IdRegisters& id) const {
    return (id.*reg >> low) & ((std::uint32_t{2} << (high - low)) - 1);
  }
};

/// From the most significant bit of IDR0 on.
const std::vector<IdField>& id_fields();

/// The SMMU that a public document, or program, shows.
struct Personality {
  const char* name;
  const char* source;
  IdRegisters id;        ///< what its ID registers read as
  bool with_all = true;  ///< false: fields that are not built are left out without a word
  bool has_IIDR = true;  ///< false: the source does not show it
};

const std::vector<Personality>& personalities();
/// nullptr: there is none of that name.
const Personality* find_personality(const std::string& name);

/// The nearest value from `wanted` down that is built; none for a field that has no parameter.
std::optional<std::uint32_t> built_value(const IdField& field, std::uint32_t wanted);
/// The features of a personality, as far as they are built and legal together.
Features features_of(const Personality& personality);

/// A field in which an SMMU differs from what it is to look like.
struct IdDifference {
  const IdField* field;
  std::uint32_t wanted;
  std::uint32_t is;
};
/// In the order of id_fields(). IDR2, IDR4, IIDR and AIDR are not among them.
std::vector<IdDifference> id_differences(const IdRegisters& wanted, const IdRegisters& is);
/// "IDR0.ATS 0 instead of 1, IDR0.PRI 0 instead of 1".
std::string to_text(const std::vector<IdDifference>& differences);

}  // namespace smmuvp::smmuv3
