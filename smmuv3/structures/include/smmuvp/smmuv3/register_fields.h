// Fields of registers that say how the Stream table is read and what bypasses get (IHI
// 0070 6.3.14, 6.3.24, 6.3.25).
#pragma once

#include "smmuvp/smmuv3/fields.h"

namespace smmuvp::smmuv3 {

inline constexpr Field GBPA_MemAttr{"MemAttr", 3, 0, "IHI 0070 6.3.14", "as STE.MemAttr"};
inline constexpr Field GBPA_MTCFG{"MTCFG", 4, 4, "IHI 0070 6.3.14", "as STE.MTCFG"};
inline constexpr Field GBPA_ALLOCCFG{"ALLOCCFG", 11, 8, "IHI 0070 6.3.14", "as STE.ALLOCCFG"};
inline constexpr Field GBPA_SHCFG{"SHCFG", 13, 12, "IHI 0070 6.3.14", "as STE.SHCFG"};
inline constexpr Field GBPA_PRIVCFG{"PRIVCFG", 17, 16, "IHI 0070 6.3.14", "as STE.PRIVCFG"};
inline constexpr Field GBPA_INSTCFG{"INSTCFG", 19, 18, "IHI 0070 6.3.14", "as STE.INSTCFG"};

inline constexpr Field STRTAB_BASE_ADDR =
    Field{"ADDR", 55, 6, "IHI 0070 6.3.24", "the Stream table"}.address_from(6);
inline constexpr Field STRTAB_BASE_CFG_LOG2SIZE{"LOG2SIZE", 5, 0, "IHI 0070 6.3.25",
                                                "StreamID bits of the table"};
inline constexpr Field STRTAB_BASE_CFG_SPLIT{"SPLIT", 10, 6, "IHI 0070 6.3.25", "StreamID bits of level 2"};
inline constexpr Field STRTAB_BASE_CFG_FMT{"FMT", 17, 16, "IHI 0070 6.3.25", "1: two levels"};

}  // namespace smmuvp::smmuv3
