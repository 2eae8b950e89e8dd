// How a platform may wire an SMMUv2 of given features; answers of WiringRules.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/smmuv2/features.h"
#include "smmuvp/tlm/wiring_rules.h"

namespace smmuvp::smmuv2 {

std::string refused_base(const Features& features, std::uint64_t base);
std::string missing_port(const Features& features, const std::string& name);
/// A device tree lists interrupts by place, global ones first, then those of banks
/// (bindings/iommu/arm,smmu.yaml).
std::vector<WiringRules::InterruptFinding> check_interrupts(const Features& features,
                                                            const std::vector<std::string>& wired);

}  // namespace smmuvp::smmuv2
