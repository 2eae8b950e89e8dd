// What a program's own code tells either SMMU, and is told.
#include <string>
#include <vector>

#include "smmuvp/base/error.h"
#include "user_bench.h"  // of the SMMU at hand

namespace smmuvp::user {
namespace {

TEST_F(User, AnIdentityHookTellsWhoseAPayloadIs) {
  b.map(9, 0x20000, 0x8100'0000);
  b.edge.memory.write(0x8100'0010, 0x1122);
  b.run([&] {
    Transfer t(9, 0x20010);
    EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "of the TBU's stream";
    b.edge.smmu.set_identity_hook(0, identify);
    for (const bool blocking : {true, false}) {
      t.data[0] = 0;
      EXPECT_EQ(b.wide.send(t.payload, blocking), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(t.data[0], 0x22);
    }
    t.data[0] = 0;
    EXPECT_EQ(b.wide.socket->transport_dbg(t.payload), 16U);
    EXPECT_EQ(t.data[0], 0x22);
    b.edge.smmu.set_identity_hook(0, {});
    EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
}

TEST_F(User, AnIdentityHookTellsPrivilegeAndInstruction) {
  pgtable::Mapping code;
  code.unprivileged_execute = true;
  b.map(9, 0x20000, 0x8100'0000, code);
  b.run([&] {
    b.edge.smmu.set_identity_hook(0, identify);
    Transfer t(9, 0x20010);
    for (const bool fetch : {false, true}) {
      t.tag.fetch = fetch;
      t.tag.kernel = !fetch;
      EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_OK_RESPONSE);
      ASSERT_FALSE(b.edge.arrived.empty());
      EXPECT_EQ(b.edge.arrived.back().privileged, !fetch);
      EXPECT_EQ(b.edge.arrived.back().instruction, fetch);
    }
  });
}

TEST_F(User, AnIdentityHookSeesWhatAnExtensionSays) {
  b.map(9, 0x20000, 0x8100'0000);
  std::uint32_t found = 0;
  b.run([&] {
    b.edge.smmu.set_identity_hook(0, [&](const Payload&, Identity& identity) {
      found = identity.stream_id;
      identity.stream_id = 9;
    });
    Transfer t(0, 0x20010);
    AccessExtension extension;
    extension.stream_id = 5;
    extension.stream_valid = true;
    t.payload.set_extension(&extension);
    EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_OK_RESPONSE);
    t.payload.clear_extension(&extension);
  });
  EXPECT_EQ(found, 5U);
}

TEST_F(User, AHookOfATbuThatIsNotThereIsRefused) {
  const auto refusal = [](auto set) -> std::string {
    try {
      set();
    } catch (const ConfigError& e) {
      EXPECT_EQ(e.key(), "tbus");
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(
      refusal([&] { b.edge.smmu.set_identity_hook(2, identify); }),
      std::string("bench.edge.smmu (") + b.edge.smmu.kind() +
          "): set_identity_hook: there is no TBU 2, the last is TBU 1; the parameter 'tbus' gives more");
  EXPECT_NE(refusal([&] { b.edge.smmu.set_order_hook(9, {}); }), "");
}

TEST_F(User, AnOrderHookTellsWhatStaysInOrder) {
  ASSERT_TRUE(b.map(7, 0x10000, 0x8000'0000).map(0x20000, 0x8100'0000, 0x1000));
  for (const bool hook : {false, true}) {
    if (hook) {
      b.edge.smmu.set_order_hook(0, [](const Payload& p, const Identity& identity) {
        EXPECT_EQ(identity.stream_id, 7U);
        return p.get_address();
      });
    }
    b.run([&] {
      b.edge.invalidate(7);
      Transfer warm(7, 0x20000), miss(7, 0x10000), hit(7, 0x20000);
      EXPECT_EQ(b.wide.send(warm.payload, true), tlm::TLM_OK_RESPONSE);
      b.wide.order.clear();
      b.wide.begin(miss.payload);
      b.wide.begin(hit.payload);
      wait(ns(2000));
      const std::vector<const Payload*> in_order{&miss.payload, &hit.payload};
      const std::vector<const Payload*> overtaken{&hit.payload, &miss.payload};
      EXPECT_EQ(b.wide.order, hook ? overtaken : in_order);
    });
  }
}

TEST_F(User, AnOwnAccessHookSeesWalksWithTheirClientAndItsExtensionsReachTheBus) {
  b.map(9, 0x20000, 0x8100'0000);
  b.run([&] {
    b.edge.smmu.set_identity_hook(0, identify);
    bool debug = false;
    b.edge.smmu.set_own_access_hook([&](Payload& p, const OwnAccess& access) {
      EXPECT_EQ(access.tbu, 0U);
      ASSERT_TRUE(access.client);
      EXPECT_EQ(access.client->stream_id, 9U);
      EXPECT_EQ(access.debug, debug);
      p.set_extension(new BusTag(std::string(access.purpose)));
    });
    Transfer t(9, 0x20010);
    debug = true;
    EXPECT_EQ(b.wide.socket->transport_dbg(t.payload), 16U);
    EXPECT_EQ(b.edge.walked, own_accesses);
    debug = false;
    for (const bool blocking : {true, false}) {
      b.edge.smmu.set_own_access_hook([&](Payload& p, const OwnAccess& access) {
        if (access.client) {
          EXPECT_EQ(access.client->stream_id, 9U);
          EXPECT_EQ(access.tbu, 0U);
        }
        p.set_extension(new BusTag(std::string(access.purpose)));
      });
      b.edge.invalidate(9);
      b.edge.walked.clear();
      EXPECT_EQ(b.wide.send(t.payload, blocking), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(b.edge.walked, own_accesses) << (blocking ? "b_transport" : "nb_transport");
    }
    b.edge.smmu.set_own_access_hook({});
    b.edge.invalidate(9);
    b.edge.walked.clear();
    EXPECT_EQ(b.wide.send(t.payload, false), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.edge.walked, std::vector<std::string>(own_accesses.size()))
        << "nothing is left of earlier tags";
  });
  EXPECT_EQ(BusTag::live, 0);
}

TEST_F(User, TbusOfOneSmmuHaveWidthsOfTheirOwn) {
  b.map(7, 0x10000, 0x8000'0000);
  b.map(8, 0x10000, 0x8200'0000);
  b.run([&] {
    for (const bool blocking : {true, false}) {
      b.edge.lengths.clear();
      Transfer wide(0, 0x10000, tlm::TLM_WRITE_COMMAND);
      wide.data.fill(0x5a);
      EXPECT_EQ(b.wide.send(wide.payload, blocking), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(b.edge.memory.read(0x8000'0008, 8), 0x5a5a5a5a'5a5a5a5aU);
      std::uint32_t word = 0x12345678;
      Payload narrow;
      test::Master::fill(narrow, tlm::TLM_WRITE_COMMAND, 0x10004, &word, 4);
      EXPECT_EQ(b.narrow.send(narrow, blocking), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(b.edge.memory.read(0x8200'0004, 4), 0x12345678U);
      EXPECT_EQ(b.edge.lengths, (std::vector<unsigned>{16, 4}));
      b.edge.memory.write(0x8000'0008, 0);
      b.edge.memory.write(0x8200'0004, 0, 4);
    }
    Transfer debug(0, 0x10000);
    b.edge.memory.write(0x8000'0008, 0x33);
    EXPECT_EQ(b.wide.socket->transport_dbg(debug.payload), 16U);
    EXPECT_EQ(debug.data[8], 0x33);
  });
}

}  // namespace
}  // namespace smmuvp::user
