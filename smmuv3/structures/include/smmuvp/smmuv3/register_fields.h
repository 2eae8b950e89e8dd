// Fields of registers that say how the Stream table is read, what bypasses get, and what an address
// translation operation asks and answers (IHI 0070 6.3.14, 6.3.24, 6.3.25, 6.3.38 to 6.3.40, 6.3.84 to
// 6.3.86). Those of GATOS are those of each group of registers.
#pragma once

#include "smmuvp/base/fields.h"

namespace smmuvp::smmuv3 {

inline constexpr Field GBPA_MemAttr{"MemAttr", 3, 0, "IHI 0070 6.3.14", "as STE.MemAttr"};
inline constexpr Field GBPA_MTCFG{"MTCFG", 4, 4, "IHI 0070 6.3.14", "as STE.MTCFG"};
inline constexpr Field GBPA_ALLOCCFG{"ALLOCCFG", 11, 8, "IHI 0070 6.3.14", "as STE.ALLOCCFG"};
inline constexpr Field GBPA_SHCFG{"SHCFG", 13, 12, "IHI 0070 6.3.14", "as STE.SHCFG"};
inline constexpr Field GBPA_NSCFG{"NSCFG", 15, 14, "IHI 0070 6.3.63", "as STE.NSCFG; of S_GBPA only"};
inline constexpr Field GBPA_PRIVCFG{"PRIVCFG", 17, 16, "IHI 0070 6.3.14", "as STE.PRIVCFG"};
inline constexpr Field GBPA_INSTCFG{"INSTCFG", 19, 18, "IHI 0070 6.3.14", "as STE.INSTCFG"};

inline constexpr Field STRTAB_BASE_ADDR =
    Field{"ADDR", 55, 6, "IHI 0070 6.3.24", "the Stream table"}.address_from(6);
inline constexpr Field STRTAB_BASE_CFG_LOG2SIZE{"LOG2SIZE", 5, 0, "IHI 0070 6.3.25",
                                                "StreamID bits of the table"};
inline constexpr Field STRTAB_BASE_CFG_SPLIT{"SPLIT", 10, 6, "IHI 0070 6.3.25", "StreamID bits of level 2"};
inline constexpr Field STRTAB_BASE_CFG_FMT{"FMT", 17, 16, "IHI 0070 6.3.25", "1: two levels"};

inline constexpr Field GATOS_SID_STREAMID{"STREAMID", 31, 0, "IHI 0070 6.3.38", ""};
inline constexpr Field GATOS_SID_SUBSTREAMID{"SUBSTREAMID", 51, 32, "IHI 0070 6.3.38", ""};
inline constexpr Field GATOS_SID_SSID_VALID{"SSID_VALID", 52, 52, "IHI 0070 6.3.38", "SUBSTREAMID counts"};
inline constexpr Field GATOS_SID_SSEC{"SSEC", 53, 53, "IHI 0070 6.3.84", "1: a Secure stream; of S_GATOS"};

inline constexpr Field GATOS_ADDR_NS{"NS", 4, 4, "IHI 0070 6.3.85", "1: a Non-secure IPA; of S_GATOS"};
inline constexpr Field GATOS_ADDR_HTTUI{"HTTUI", 6, 6, "IHI 0070 6.3.39", "no flag is updated"};
inline constexpr Field GATOS_ADDR_InD{"InD", 7, 7, "IHI 0070 6.3.39", "1: instruction"};
inline constexpr Field GATOS_ADDR_RnW{"RnW", 8, 8, "IHI 0070 6.3.39", "1: read"};
inline constexpr Field GATOS_ADDR_PnU{"PnU", 9, 9, "IHI 0070 6.3.39", "1: privileged"};
inline constexpr Field GATOS_ADDR_TYPE{"TYPE", 11, 10, "IHI 0070 6.3.39", "1: stage 1, 2: stage 2, 3: both"};
inline constexpr Field GATOS_ADDR_ADDR =
    Field{"ADDR", 63, 12, "IHI 0070 6.3.39", "input address"}.address_from(12);

inline constexpr Field PAR_FAULT{"FAULT", 0, 0, "IHI 0070 6.3.40", "1: a fault"};
inline constexpr Field PAR_REASON{"REASON", 2, 1, "IHI 0070 6.3.40", "fault: what was being translated"};
inline constexpr Field PAR_NSIPA{"NSIPA", 3, 3, "IHI 0070 6.3.86", "fault: FADDR is a Non-secure IPA"};
inline constexpr Field PAR_FAULTCODE{"FAULTCODE", 11, 4, "IHI 0070 6.3.40", "fault: 9.1.5"};
inline constexpr Field PAR_SH{"SH", 9, 8, "IHI 0070 6.3.40", "success: shareability"};
inline constexpr Field PAR_NS{"NS", 10, 10, "IHI 0070 6.3.86", "success: the output is Non-secure"};
inline constexpr Field PAR_Size{"Size", 11, 11, "IHI 0070 6.3.40", "success: 1: larger than 4 KiB"};
inline constexpr Field PAR_ADDR =
    Field{"ADDR", 55, 12, "IHI 0070 6.3.40", "success: output and size; fault: FADDR"}.address_from(12);
inline constexpr Field PAR_ATTR{"ATTR", 63, 56, "IHI 0070 6.3.40", "success: as a MAIR byte"};

}  // namespace smmuvp::smmuv3
