// Fields of registers, declared once: decoding, dumps and tools read the same rows.
#pragma once

#include <vector>

#include "smmuvp/smmuv2/bank_fields.h"
#include "smmuvp/smmuv2/global_fields.h"
#include "smmuvp/smmuv2/monitor_fields.h"
#include "smmuvp/smmuv2/stream_fields.h"

namespace smmuvp::smmuv2 {

/// Every format of every register that has fields. A StructureInfo's name is the register's.
const std::vector<const StructureInfo*>& register_formats();

}  // namespace smmuvp::smmuv2
