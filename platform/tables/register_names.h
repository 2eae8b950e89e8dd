// Which register of an SMMUv2 a word names: as the specification, a driver or a log has it.
#pragma once

#include <string>
#include <vector>

#include "smmuvp/base/fields.h"

namespace smmuvp::tables {

/// A register that a word names.
struct NamedRegister {
  StructureInfo whole{};                      ///< as a number, without fields
  std::vector<const StructureInfo*> formats;  ///< empty: it has no fields
};

/// The register that a word names, in capitals or not. SMMU_, CBn_ and an index may be left out, and so may
/// what Linux's driver puts before a name. A small s before it is of both Security states; without it, or
/// with NS, which names the alias of 9.3, it is of the Non-secure one.
/// @throws ConfigError that says what there is; also of an index that no SMMU has
NamedRegister find_register(const std::string& word);

/// The same for words of a log. @return one without formats where there is no such register with fields
NamedRegister find_register_of_log(const std::string& word);

}  // namespace smmuvp::tables
