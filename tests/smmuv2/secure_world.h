// An SMMU with two Security states, of which Secure software has taken some groups and banks, for tests.
#pragma once

#include "formats_world.h"

namespace smmuvp::smmuv2 {

/// Groups from 60 on and banks from 28 on are Secure.
class SecureWorld : public FormatsWorld {
 public:
  static constexpr unsigned first_group = 60, first_bank = 28;

  static Features features() {
    Features f;
    f.SES = true;
    return f;
  }
  explicit SecureWorld(const Features& f = features()) : FormatsWorld(f) {
    set_SCR1(first_bank | first_group << 8 | std::uint32_t{f.NUMIRPT} << 16);
    write(offsets::sGFSR, ~0U, 4, true);
    write(offsets::sGFSR, ~0U);
  }
  void set_SCR1(std::uint32_t value) { write(offsets::SCR1, value, 4, true); }
  void more_SCR1(std::uint32_t bits) {
    set_SCR1(static_cast<std::uint32_t>(read(offsets::SCR1, 4, true)) | bits);
  }
  void map_secure(unsigned group, std::uint32_t id, std::uint32_t S2CR) {
    write(offsets::S2CR0 + 4 * group, S2CR, 4, true);
    write(offsets::SMR0 + 4 * group, offsets::SMR_VALID | id, 4, true);
  }
  /// Both copies of sCR0.
  void start_both(std::uint32_t more = 0) {
    using namespace offsets;
    start(more);
    write(sCR0, CR0_GFRE | CR0_GFIE | CR0_GCFGFRE | CR0_GCFGFIE | CR0_USFCFG | CR0_SMCFCFG | more, 4, true);
  }
  static smmu::AccessRequest secure_request(std::uint32_t sid, std::uint64_t address,
                                            smmu::AccessKind kind = smmu::AccessKind::read) {
    smmu::AccessRequest r = request(sid, address, kind);
    r.space = pgtable::AddressSpace::secure;
    return r;
  }
};

}  // namespace smmuvp::smmuv2
