// The registers of a function, for the files that know them by name.
#pragma once
#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/pcie/function.h"

namespace smmuvp::pcie::rows {

// One row has 32 bits; registers of 8 and 16 bits share them, low first.
enum Id : std::uint16_t {
  VENDOR_DEVICE,
  COMMAND_STATUS,
  REVISION_CLASS,
  CACHE_LINE_HEADER_TYPE,
  BAR0,
  BAR1,
  BAR2,
  BAR3,
  SUBSYSTEM,
  CAPABILITIES,
  INTERRUPT,  // of a bridge with Bridge Control
  BUS_NUMBERS,
  IO_SECONDARY_STATUS,
  MEMORY_WINDOW,
  PREFETCHABLE_WINDOW,
  PREFETCHABLE_BASE_UPPER,
  PREFETCHABLE_LIMIT_UPPER,
  PM_CAPABILITY,
  PMCSR,
  MSI_CONTROL,
  MSI_ADDRESS,
  MSI_UPPER_ADDRESS,
  MSI_DATA,
  MSI_MASK,
  MSI_PENDING,
  SSID_CAPABILITY,
  SSID,
  EXPRESS_CAPABILITY,
  DEVICE_CAPABILITIES,
  DEVICE_CONTROL,
  LINK_CAPABILITIES,
  LINK_CONTROL,
  ROOT_CONTROL,
  DEVICE_CAPABILITIES_2,
  LINK_CAPABILITIES_2,
  ACS_HEADER,
  ACS_CONTROL,
  ATS_HEADER,
  ATS_CONTROL,
  PRI_HEADER,
  PRI_CONTROL_STATUS,
  PRI_CAPACITY,
  PRI_ALLOCATION,
  PASID_HEADER,
  PASID_CONTROL,
};

constexpr const char* sheet = "docs/pcie.md";

/// The extended capabilities, one behind the other.
void add_extended(std::vector<RegisterInfo>& table, const FunctionInfo& info, const AtsConfig& ats);

}  // namespace smmuvp::pcie::rows
