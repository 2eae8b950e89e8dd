// Secure streams with stage 2 around an SMMUv3 core: two spaces of IPAs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "secure_world.h"

namespace smmuvp::smmuv3 {

inline constexpr AddressSpace NS = AddressSpace::non_secure;
inline constexpr AddressSpace S = AddressSpace::secure;
inline constexpr AddressSpace spaces[] = {NS, S};

/// S_S2TTB and its fields as those of a second Stage2Config; bits of `controls`: SW, SA, NSW, NSA.
inline Structure& add_secure_stage2(Structure& s, const pgtable::Stage2Config& c, unsigned controls) {
  s.set(288, 6, static_cast<std::uint64_t>(c.T0SZ))
      .set(294, 2, S2SL0_of(c) & 3)
      .set(302, 2, TG0_of(c.granule));
  s.set(386, 1, S2SL0_of(c) >> 2);
  s.words[6] |= c.base;
  return s.set(384, 1, controls & 1)
      .set(385, 1, controls >> 1 & 1)
      .set(192, 1, controls >> 2 & 1)
      .set(193, 1, controls >> 3 & 1);
}

/// Both IPA spaces have the page 0x1000, and World's CDs and tables of stage 1 at their own addresses.
struct SecureStage2World : SecureWorld {
  explicit SecureStage2World(unsigned with_controls = 0, const Features& f = with_sel2())
      : SecureWorld(f), controls(with_controls) {
    start();
    s_start();
    sipa = &tables_in(table_space(S), stage2_config());
    nsipa = &tables_in(table_space(NS), stage2_config());
    EXPECT_TRUE(sipa->map(0x1000, s_page, 0x1000));
    EXPECT_TRUE(nsipa->map(0x1000, ns_page, 0x1000));
    for (pgtable::Builder* b : {sipa, nsipa}) {
      EXPECT_TRUE(b->map(cds, cds, 0x1000));
      EXPECT_TRUE(b->map(tables, tables, 0x10'0000));
    }
  }
  AddressSpace table_space(AddressSpace ipa) const { return (controls & (ipa == S ? 1U : 4U)) != 0 ? NS : S; }
  // The pseudocode of 13.4.4.
  AddressSpace output_space(AddressSpace ipa) const {
    const bool sipa_ns = (controls & 3) != 0;
    return (ipa == S ? sipa_ns : sipa_ns || (controls & 12) != 0) ? NS : S;
  }
  Structure ste(unsigned Config, std::uint16_t vmid = 7) {
    Structure s = Config == 6 ? ste_stage2(nsipa->config().stage2, vmid)
                              : ste_nested(cd_address(1), nsipa->config().stage2, vmid);
    return add_secure_stage2(s, sipa->config().stage2, controls);
  }
  std::vector<std::pair<std::string, AddressSpace>> run(const smmu::AccessRequest& r,
                                                        smmu::AccessAnswer& answer) {
    std::vector<std::pair<std::string, AddressSpace>> all;
    Access access(smmu, r);
    while (access.step() == smmu::Step::need) {
      all.emplace_back(access.op().purpose, access.op().space);
      access.complete(memory.carry_out(access.op()));
    }
    answer = access.answer();
    work();
    return all;
  }

  static constexpr std::uint64_t s_page = 0x9000'1000;
  static constexpr std::uint64_t ns_page = 0xa000'1000;
  unsigned controls;
  pgtable::Builder* sipa = nullptr;
  pgtable::Builder* nsipa = nullptr;
};

}  // namespace smmuvp::smmuv3
