// The registers that decide about an access, and those that would tell of its fault, as software reads them.
#pragma once

#include <string>
#include <vector>

#include "smmuvp/smmu/explain_access.h"
#include "smmuvp/smmuv2/faults.h"
#include "smmuvp/smmuv2/path.h"
#include "smmuvp/smmuv2/programming_interface.h"

namespace smmuvp::smmuv2 {

struct Decided {
  std::vector<smmu::RegisterFact> registers;
  std::string mapping;
  std::string context;
  const Context* bank = nullptr;  ///< that the stream is led to; good until the next register write
  std::uint32_t S2CR = 0;         ///< with `bank`
};

/// @param path  of the access: its Security state counts
Decided deciding_registers(ProgrammingInterface& interface, const Features& features,
                           const smmu::AccessRequest& request, const Path& path);

/// "SMMU_CB3_FSR".
std::string bank_name(unsigned bank, const char* what);
std::vector<smmu::RegisterFact> registers_of(const GlobalFault& fault, const Features& features);
/// @param stalls  FSR.SS
std::vector<smmu::RegisterFact> registers_of(const ContextFault& fault, const Faults& faults,
                                             const BankState& bank, bool stalls);

}  // namespace smmuvp::smmuv2
