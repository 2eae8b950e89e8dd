// Raw values of the architecture's registers, decoded into a pgtable::Config.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/pgtable/config.h"

namespace smmuvp::tables {

/// What a register asks for and the walker has not got: one sentence each.
using Notes = std::vector<std::string>;

// Each sets what its register holds; reserved encodings are a ConfigError that names the field.

/// TCR_EL1, or TCR_EL2 with E2H (DDI 0487 D24, TCR_EL1).
void take_tcr_el1(std::uint64_t value, pgtable::Config& config, Notes& notes);
/// TCR_EL2 without E2H and TCR_EL3, which have one range (DDI 0487 D24, TCR_EL2).
void take_tcr_el2(std::uint64_t value, pgtable::Config& config, Notes& notes);
/// TTBCR (DDI 0487 G8): with EAE=1 in lpae32, with EAE=0 in v7s. @throws ConfigError if EAE says otherwise
void take_ttbcr(std::uint64_t value, pgtable::Config& config, Notes& notes);
/// HTCR (DDI 0487 G8): lpae32 in regime el2.
void take_htcr(std::uint64_t value, pgtable::Config& config);
/// VTCR_EL2 for vmsa64, VTCR for lpae32 (DDI 0487 D24, G8).
void take_vtcr(std::uint64_t value, pgtable::Config& config, Notes& notes);

/// TTBRn: base address without ASID and CnP; v7s: walk attributes too. Needs the other fields to be there:
/// they say how 52-bit addresses are encoded.
void take_ttbr(std::uint64_t value, unsigned range, pgtable::Config& config);
/// VTTBR: base address without VMID and CnP.
void take_vttbr(std::uint64_t value, pgtable::Config& config);

}  // namespace smmuvp::tables
