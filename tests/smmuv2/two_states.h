// Two Security states, as their tests set them up.
#pragma once

#include "world.h"

namespace smmuvp::smmuv2 {

using pgtable::AddressSpace;

constexpr bool secure = true;

inline Features two_states() {
  Features f;
  f.SES = true;
  return f;
}
/// Where the SSD table says what a StreamID is.
inline Features with_table(std::uint8_t bits = 8) {
  Features f = two_states();
  f.SSDTP = 1;
  f.NUMSSDNDXB = bits;
  return f;
}

/// Groups from 32 on and banks from 16 on are Secure; both states translate and report.
struct TwoStates : World {
  explicit TwoStates(const Features& f = two_states()) : World(f) {
    SCR1_is(0);
    for (const bool side : {false, true}) {
      write(offsets::sGFSR, ~0U, 4, side);
      write(offsets::sCR0,
            offsets::CR0_GFRE | offsets::CR0_GFIE | offsets::CR0_GCFGFRE | offsets::CR0_GCFGFIE |
                offsets::CR0_USFCFG | offsets::CR0_SMCFCFG,
            4, side);
    }
  }
  void SCR1_is(std::uint32_t bits, unsigned groups = 32, unsigned banks = 16) {
    write(offsets::SCR1, bits | groups << 8 | banks, 4, secure);
  }
  void map_secure(unsigned group, std::uint32_t id, std::uint32_t S2CR) {
    write(offsets::S2CR0 + 4 * group, S2CR, 4, secure);
    write(offsets::SMR0 + 4 * group, offsets::SMR_VALID | id, 4, secure);
  }
  /// An AArch64 stage 1 of the Secure side, whose ASID is the bank's number; its leaves are Secure.
  pgtable::Builder& secure_stream(unsigned group, std::uint32_t id, unsigned bank,
                                  std::uint32_t SCTLR_bits = 0) {
    pgtable::Config c = config64();
    c.space = AddressSpace::secure;
    pgtable::Builder& b = builder(c);
    bank64(bank, b.config(), static_cast<std::uint16_t>(bank), 0, SCTLR_bits);
    map_secure(group, id, offsets::S2CR_translate | bank);
    return b;
  }
  static smmu::AccessRequest from(AddressSpace space, std::uint32_t id, std::uint64_t address,
                                  smmu::AccessKind kind = smmu::AccessKind::read) {
    auto r = request(id, address, kind);
    r.space = space;
    return r;
  }
};

}  // namespace smmuvp::smmuv2
