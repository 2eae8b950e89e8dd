// The four interfaces through an adapter between sockets of two widths.
#include "smmuvp/tlm/width_adapter.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <utility>
#include <vector>

#include "smmuvp/test/bench.h"

namespace smmuvp {
namespace {

using Payload = tlm::tlm_generic_payload;
using sc_core::sc_time;

/// A master of 128 bits and a target of 32. The target writes down what it gets.
struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name) : sc_module(name) {
    master.bind(adapter.in);
    adapter.out.bind(target);
    master.register_nb_transport_bw(this, &Bench::on_backward);
    master.register_invalidate_direct_mem_ptr(this, &Bench::on_invalidation);
    target.register_b_transport(this, &Bench::on_blocking);
    target.register_nb_transport_fw(this, &Bench::on_forward);
    target.register_transport_dbg(this, &Bench::on_debug);
    target.register_get_direct_mem_ptr(this, &Bench::on_dmi);
  }
  void on_blocking(Payload& p, sc_time& delay) {
    seen = &p;
    delay += sc_time(7, sc_core::SC_NS);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  tlm::tlm_sync_enum on_forward(Payload& p, tlm::tlm_phase& phase, sc_time& delay) {
    seen = &p;
    phase = tlm::END_REQ;
    delay += sc_time(3, sc_core::SC_NS);
    return tlm::TLM_UPDATED;
  }
  tlm::tlm_sync_enum on_backward(Payload& p, tlm::tlm_phase& phase, sc_time&) {
    answered = &p;
    return phase == tlm::BEGIN_RESP ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
  }
  unsigned on_debug(Payload& p) { return p.get_data_length() - 1; }
  bool on_dmi(Payload& p, tlm::tlm_dmi& dmi) {
    dmi.set_start_address(p.get_address());
    dmi.set_end_address(p.get_address() + 0xfff);
    dmi.set_dmi_ptr(data);
    return true;
  }
  void on_invalidation(sc_dt::uint64 start, sc_dt::uint64 end) { invalidations.emplace_back(start, end); }

  tlm_utils::simple_initiator_socket<Bench, 128> master{"master"};
  WidthAdapter<128, 32> adapter{"adapter"};
  tlm_utils::simple_target_socket<Bench, 32> target{"target"};
  unsigned char data[16] = {};
  const Payload* seen = nullptr;
  const Payload* answered = nullptr;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> invalidations;
};

TEST(WidthAdapter, PassesTheFourInterfacesOnUnchangedBothWays) {
  static Bench b("bench");
  test::advance();
  Payload p;
  test::Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x1000, b.data, sizeof b.data);
  sc_time delay(1, sc_core::SC_NS);
  b.master->b_transport(p, delay);
  EXPECT_EQ(std::exchange(b.seen, nullptr), &p);
  EXPECT_EQ(delay, sc_time(8, sc_core::SC_NS));
  EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);

  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  EXPECT_EQ(b.master->nb_transport_fw(p, phase, delay), tlm::TLM_UPDATED);
  EXPECT_EQ(b.seen, &p);
  EXPECT_EQ(phase, tlm::END_REQ);
  EXPECT_EQ(delay, sc_time(11, sc_core::SC_NS));
  phase = tlm::BEGIN_RESP;
  EXPECT_EQ(b.target->nb_transport_bw(p, phase, delay), tlm::TLM_COMPLETED);
  EXPECT_EQ(b.answered, &p);

  EXPECT_EQ(b.master->transport_dbg(p), 15U);

  tlm::tlm_dmi dmi;
  EXPECT_TRUE(b.master->get_direct_mem_ptr(p, dmi));
  EXPECT_EQ(dmi.get_dmi_ptr(), b.data);
  EXPECT_EQ(dmi.get_end_address(), 0x1fffU);
  b.target->invalidate_direct_mem_ptr(0x1000, 0x1fff);
  ASSERT_EQ(b.invalidations.size(), 1U);
  EXPECT_EQ(b.invalidations[0], (std::pair<std::uint64_t, std::uint64_t>{0x1000, 0x1fff}));
}

}  // namespace
}  // namespace smmuvp
