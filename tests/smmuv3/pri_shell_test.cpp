// Page requests through the SystemC module: payloads in at a TBU, entries, the interrupt, responses out
// (IHI 0070 chapter 8).
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "pri_world.h"
#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/process.h"

namespace smmuvp::shell {
namespace {

using sc_core::sc_time;
using smmuv3::PriWorld;

struct Told {
  AtsMessageExtension message;
  std::uint32_t StreamID;
  std::optional<std::uint32_t> PASID;
};

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name) : sc_module(name), smmu("smmu0", parameters()) {
    device.bind(smmu.tbu_in[0]);
    cpu.bind(smmu.registers);
    smmu.tbu_out[0].bind(data);
    smmu.walk.bind(walk);
    smmu.ats.bind(ats);
    smmu.priq_irq.bind(priq);
    data.register_b_transport(this, &Bench::on_data);
    walk.register_b_transport(this, &Bench::on_walk);
    ats.register_b_transport(this, &Bench::on_ats);
    SMMUVP_HAS_PROCESS(Bench);
    SC_METHOD(count);
    sensitive << priq.posedge_event();
    dont_initialize();
    SC_THREAD(run);
  }
  static Params parameters() {
    Params p = SmmuV3<>::default_params();
    p.set("ATS", true);
    p.set("PRI", true);
    p.set("PRIQS", 8);
    p.set("SSIDSIZE", 8);
    return p;
  }
  void count() { ++edges; }
  void on_data(tlm::tlm_generic_payload& p, sc_time&) {
    ADD_FAILURE() << "a page request goes nowhere";
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void on_walk(tlm::tlm_generic_payload& p, sc_time&) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      unsigned char& byte = memory.at(p.get_address() + i);
      if (p.is_write()) {
        byte = p.get_data_ptr()[i];
      } else {
        p.get_data_ptr()[i] = byte;
      }
    }
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void on_ats(tlm::tlm_generic_payload& p, sc_time&) {
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
  void run() {
    set(0xc0, PriWorld::priq | PriWorld::log2_requests, 8);
    set(0x80, smmuv3::World::strtab, 8);
    set(0x88, 8);
    set(0x50, 7);
    set(0x20, 3);
    EXPECT_EQ(get(0x24), 3U);

    EXPECT_EQ(request(7, 0x155, true, false, 0x2a), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(edges, 1);
    EXPECT_EQ(get(PriWorld::PROD), 1U);
    EXPECT_EQ(memory.read(PriWorld::priq, 8), 1ULL << 63 | 1ULL << 62 | 1ULL << 60 | 0x2aULL << 32 | 7);
    EXPECT_EQ(memory.read(PriWorld::priq + 8, 8), 0x7654'3000U | 0x155);

    set(PriWorld::CONS, 1U << 31 | 1);
    EXPECT_EQ(request(7, 3, true, false, std::nullopt), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].message.message, AtsMessage::page_response);
    EXPECT_EQ(told[0].message.code, PageResponseCode::success);
    EXPECT_EQ(told[0].message.PRGI, 3U);
    EXPECT_EQ(told[0].StreamID, 7U);
    EXPECT_FALSE(told[0].PASID);

    set(0x20, 0);
    EXPECT_EQ(request(9, 4, false, true, 5), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1].message.code, PageResponseCode::response_failure);
    EXPECT_EQ(told[1].StreamID, 9U);
    EXPECT_FALSE(told[1].PASID);
    EXPECT_EQ(edges, 1);
    ended = true;
    sc_core::sc_stop();
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
    device->b_transport(p, delay);
    p.clear_extension(&a);
    p.clear_extension(&e);
    return p.get_response_status();
  }
  std::uint64_t access(std::uint64_t offset, std::uint64_t value, unsigned bytes, bool write) {
    unsigned char buffer[8];
    for (unsigned i = 0; i < 8; ++i) buffer[i] = static_cast<unsigned char>(value >> (8 * i));
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(offset);
    p.set_data_ptr(buffer);
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    sc_time delay;
    cpu->b_transport(p, delay);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    std::uint64_t v = 0;
    for (unsigned i = bytes; i-- > 0;) v = v << 8 | buffer[i];
    return v;
  }
  void set(std::uint64_t offset, std::uint64_t value, unsigned bytes = 4) {
    access(offset, value, bytes, true);
  }
  std::uint32_t get(std::uint64_t offset) { return static_cast<std::uint32_t>(access(offset, 0, 4, false)); }

  SmmuV3<> smmu;
  tlm_utils::simple_initiator_socket<Bench, 64> device{"device"}, cpu{"cpu"};
  tlm_utils::simple_target_socket<Bench, 64> data{"data"}, walk{"walk_target"}, ats{"ats_target"};
  sc_core::sc_signal<bool> priq{"priq"};
  smmu::TestMemory memory;
  std::vector<Told> told;
  int edges = 0;
  bool ended = false;
};

TEST(PriShell, ARequestBecomesAnEntryAndAnInterruptAndResponsesGoToTheDevice) {
  Bench b("bench");
  const auto& ports = b.smmu.ports();
  EXPECT_TRUE(std::any_of(ports.begin(), ports.end(),
                          [](const Port& p) { return p.name == "priq_irq" && p.dt_name == "priq"; }));
  sc_core::sc_start();
  EXPECT_TRUE(b.ended);
}

}  // namespace
}  // namespace smmuvp::shell

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
