// What a register says, field by field, in words: for tools and messages, never part of a translation.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/field_text.h"

namespace smmuvp::smmuv2 {

/// Fields of a value by one of the formats of its register (register_formats()), from the least significant
/// on. RES0 bits that are set stand between them.
std::vector<ExplainedField> explain_register(const StructureInfo& format, std::uint64_t value);

}  // namespace smmuvp::smmuv2
