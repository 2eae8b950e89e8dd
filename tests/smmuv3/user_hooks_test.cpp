// What a program's own code tells an SMMUv3 alone, and is told.
#include "user_bench.h"

namespace smmuvp::user {
namespace {

TEST_F(User, AnIdentityHookTellsSubstreamAndAddressSpace) {
  ASSERT_TRUE(b.world.stream(9).map(0x20000, 0x8100'0000, 0x1000));
  b.run([&] {
    Transfer t(9, 0x20010);
    b.edge.smmu.set_identity_hook(0, [](const Payload& p, Identity& identity) {
      identify(p, identity);
      identity.address_space = AddressSpace::secure;
      identity.substream_valid = true;
      identity.substream_id = 0x1234'5678;
    });
    EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    while (b.edge.get(0x100a8) != 1) wait(ns(100));
  });
  // C_BAD_SUBSTREAMID has no SSV (7.3.9); SubstreamID: its 20 bits; StreamID
  EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq, 8), 0x08U | 0x45678ULL << 12 | 9ULL << 32);
  EXPECT_EQ(b.host.count("SEC_SID"), 1U);
}

TEST_F(User, AStreamIDBeyondSidsizeThatAHookGivesIsTerminatedWithADiagnostic) {
  b.run([&] {
    b.edge.smmu.set_identity_hook(0, identify);
    Transfer t(0x1'0000, 0x20010);
    EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
  ASSERT_EQ(b.host.diagnostics.size(), 1U);
  EXPECT_EQ(b.host.diagnostics[0].site, "StreamID.SIDSIZE");
  EXPECT_EQ(b.host.diagnostics[0].stream_id, 0x1'0000U);
}

TEST_F(User, AnOwnAccessHookSeesQueuesWithoutAClient) {
  std::vector<std::string> seen;
  b.run([&] {
    b.edge.smmu.set_own_access_hook([&](Payload& p, const OwnAccess& access) {
      if (access.client) return;
      EXPECT_FALSE(access.tbu);
      seen.push_back(std::string(access.purpose) + (p.is_write() ? " written" : " read"));
    });
    Transfer t(7, 0x20010);
    EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    while (b.edge.get(0x100a8) != 1) wait(ns(100));
    b.edge.sync();
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"event written", "command read"}));
}

}  // namespace
}  // namespace smmuvp::user
