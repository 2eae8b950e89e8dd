// Page requests through the SystemC module: payloads in at a TBU, entries, the interrupt, responses out
// (IHI 0070 chapter 8).
#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "pri_world.h"
#include "shell_bench.h"
#include "smmuvp/tlm/ats_extension.h"

namespace smmuvp::shell {
namespace {

using sc_core::sc_time;
using smmuv3::PriWorld;

struct Told {
  AtsMessageExtension message;
  std::uint32_t StreamID;
  std::optional<std::uint32_t> PASID;
};

struct PriBench : Bench {
  explicit PriBench(const sc_core::sc_module_name& name) : Bench(name, parameters()) {
    smmu.ats.bind(device_port);
    smmu.priq_irq.bind(priq);
    device_port.register_b_transport(this, &PriBench::on_message);
    SMMUVP_HAS_PROCESS(PriBench);
    SC_METHOD(count_priq);
    sensitive << priq.posedge_event();
    dont_initialize();
  }
  static Params parameters() {
    Params p = SmmuV3<>::default_params();
    p.set("ATS", true);
    p.set("PRI", true);
    p.set("PRIQS", 8);
    p.set("SSIDSIZE", 8);
    return p;
  }
  void count_priq() { ++priq_edges; }
  void on_message(tlm::tlm_generic_payload& p, sc_time&) {
    const auto* m = p.get_extension<AtsMessageExtension>();
    const auto* a = p.get_extension<AccessExtension>();
    if (m == nullptr || a == nullptr) {
      ADD_FAILURE() << "a message without its extensions";
      return;
    }
    told.push_back({*m, a->stream_id,
                    a->substream_valid ? std::optional<std::uint32_t>(a->substream_id) : std::nullopt});
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  tlm::tlm_response_status request(std::uint32_t sid, std::uint16_t PRGI, bool last, bool write,
                                   std::optional<std::uint32_t> PASID) {
    unsigned char nothing[8] = {};
    tlm::tlm_generic_payload p;
    p.set_command(tlm::TLM_WRITE_COMMAND);
    p.set_address(0x7654'3000);
    p.set_data_ptr(nothing);
    p.set_data_length(8);
    p.set_streaming_width(8);
    AccessExtension a;
    a.stream_valid = true;
    a.stream_id = sid;
    a.substream_valid = PASID.has_value();
    a.substream_id = PASID.value_or(0);
    a.ats = AtsPhase::PageRequest;
    AtsExtension e;
    e.PRGI = PRGI;
    e.last = last;
    e.read = !write;
    e.write = write;
    p.set_extension(&a);
    p.set_extension(&e);
    sc_time delay;
    master->b_transport(p, delay);
    p.clear_extension(&a);
    p.clear_extension(&e);
    return p.get_response_status();
  }

  tlm_utils::simple_target_socket<PriBench, 64> device_port{"device_port"};
  sc_core::sc_signal<bool> priq{"priq"};
  std::vector<Told> told;
  int priq_edges = 0;
};

TEST(PriShell, ARequestBecomesAnEntryAndAnInterruptAndResponsesGoToTheDevice) {
  PriBench b("bench");
  const auto& ports = b.smmu.ports();
  EXPECT_TRUE(std::any_of(ports.begin(), ports.end(),
                          [](const Port& p) { return p.name == "priq_irq" && p.dt_name == "priq"; }));
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  smmu::TestMemory& memory = b.world.memory;
  b.in_simulation([&] {
    b.set(0xc0, PriWorld::priq | PriWorld::log2_requests, 8);
    b.set(0x80, smmuv3::World::strtab, 8);
    b.set(0x88, 8);
    b.set(0x50, 7);
    b.set(0x20, 3);
    EXPECT_EQ(b.reg(0x24), 3U);

    EXPECT_EQ(b.request(7, 0x155, true, false, 0x2a), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.priq_edges, 1);
    EXPECT_EQ(b.reg(PriWorld::PROD), 1U);
    EXPECT_EQ(memory.read(PriWorld::priq, 8), 1ULL << 63 | 1ULL << 62 | 1ULL << 60 | 0x2aULL << 32 | 7);
    EXPECT_EQ(memory.read(PriWorld::priq + 8, 8), 0x7654'3000U | 0x155);

    b.set(PriWorld::CONS, 1U << 31 | 1);
    EXPECT_EQ(b.request(7, 3, true, false, std::nullopt), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    ASSERT_EQ(b.told.size(), 1U);
    EXPECT_EQ(b.told[0].message.message, AtsMessage::page_response);
    EXPECT_EQ(b.told[0].message.code, PageResponseCode::success);
    EXPECT_EQ(b.told[0].message.PRGI, 3U);
    EXPECT_EQ(b.told[0].StreamID, 7U);
    EXPECT_FALSE(b.told[0].PASID);

    b.set(0x20, 0);
    EXPECT_EQ(b.request(9, 4, false, true, 5), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    ASSERT_EQ(b.told.size(), 2U);
    EXPECT_EQ(b.told[1].message.code, PageResponseCode::response_failure);
    EXPECT_EQ(b.told[1].StreamID, 9U);
    EXPECT_FALSE(b.told[1].PASID);
    EXPECT_EQ(b.priq_edges, 1);
  });
  EXPECT_EQ(b.told.size(), 2U);
  EXPECT_TRUE(b.seen.empty()) << "a page request goes nowhere";
}

}  // namespace
}  // namespace smmuvp::shell

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
