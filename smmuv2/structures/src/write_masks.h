// Which bits of registers software writes, by what an instance has. Registers that have several formats keep
// the bits of all of them (IHI 0062 9.5, 16.4).
#pragma once

#include <cstdint>

#include "smmuvp/smmuv2/features.h"

namespace smmuvp::smmuv2::mask {

std::uint64_t sCR0(const Features& f, AccessSecurity copy);
std::uint64_t SCR1(const Features& f);
std::uint64_t sACR(const Features& f);
std::uint64_t sGFAR(const Features& f);
std::uint64_t sGFSR(const Features& f, AccessSecurity copy);
std::uint64_t sGFSYNR0(const Features& f, AccessSecurity copy);
/// GFSYNR1 and CBFRSYNRA. @param all  SSD_Index too
std::uint64_t stream_syndrome(const Features& f, bool all);
std::uint64_t PAR(const Features& f);
std::uint64_t SMR(const Features& f);
std::uint64_t S2CR(const Features& f);
std::uint64_t CBAR(const Features& f);
std::uint64_t CBA2R(const Features& f);

std::uint64_t SCTLR(const Features& f);
std::uint64_t ACTLR(const Features& f);
std::uint64_t TCR(const Features& f);
std::uint64_t TCR2(const Features& f);
std::uint64_t TTBR(const Features& f);
std::uint64_t FSR(const Features& f);
std::uint64_t FAR(const Features& f);
std::uint64_t FSYNR0(const Features& f);
std::uint64_t IPAFAR(const Features& f);

}  // namespace smmuvp::smmuv2::mask
