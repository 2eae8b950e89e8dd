// A TBU's shell with accesses that stall, as both SMMUs have them.
#include "smmuvp/smmu_sc/tbu_shell.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <memory>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/process.h"

namespace smmuvp::smmu {
namespace {

using sc_core::sc_time;

/// One to one by pages, where software has let it; else stalled.
class Gate : public Translator {
 public:
  bool translate_fast(const AccessRequest&, AccessAnswer&) override { return false; }
  std::unique_ptr<AccessObject> translate(const AccessRequest& request) override {
    return std::make_unique<Access>(*this, request);
  }
  bool open = false;

 private:
  class Access : public AccessObject {
   public:
    Access(const Gate& gate, const AccessRequest& request) : m_gate(gate) {
      m_answer.outcome = Outcome::forward;
      m_answer.output = request.address;
      m_answer.region_shift = 12;
      m_answer.time = request.time;
    }
    Step step() override { return m_answer.output < 0x1000 || m_gate.open ? Step::done : Step::stalled; }
    const MemoryOp& op() const override { return m_op; }
    void complete(const MemoryAnswer&) override {}
    const AccessAnswer& answer() const override { return m_answer; }
    void visit(Archive& archive) override { m_answer.visit(archive); }

   private:
    const Gate& m_gate;
    AccessAnswer m_answer;
    MemoryOp m_op;
  };
};

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name),
        tracer(nullptr, "smmu0"),
        engine(EngineStructures{}, tracer),
        shell("shell", {engine, gate, {}, [] {}}, out),
        tbu("tbu0", shell, {0, 1, 4}, out, in.get_base_port()) {
    in.bind(tbu);
    master.bind(in);
    out.bind(tbu);
    out.bind(memory);
    master.register_nb_transport_bw(this, &Bench::on_response);
    memory.register_b_transport(this, &Bench::on_data);
    SMMUVP_HAS_PROCESS(Bench);
    SC_THREAD(block);
  }
  void on_data(tlm::tlm_generic_payload& payload, sc_time& delay) {
    ++parts;
    delay += sc_time(100, sc_core::SC_NS);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  tlm::tlm_sync_enum on_response(tlm::tlm_generic_payload&, tlm::tlm_phase& phase, sc_time&) {
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    ended = true;
    return tlm::TLM_COMPLETED;
  }
  void block() {
    while (true) {
      wait(go);
      sc_time delay;
      tbu.b_transport(payload, delay);
      ended = true;
    }
  }
  /// Two parts: one is let through, one stalls.
  void prepare() {
    gate.open = ended = false;
    parts = 0;
    test::Master::fill(payload, tlm::TLM_READ_COMMAND, 0xff8, data.data(), data.size());
  }

  Tracer tracer;
  Engine engine;
  Gate gate;
  tlm_utils::simple_initiator_socket<Bench> master{"master"};
  tlm::tlm_target_socket<> in{"in"};
  tlm::tlm_initiator_socket<> out{"out"};
  tlm_utils::simple_target_socket<Bench> memory{"memory"};
  SmmuShell shell;
  TbuShell tbu;
  sc_core::sc_event go;
  std::array<std::uint8_t, 16> data{};
  tlm::tlm_generic_payload payload;
  int parts = 0;
  bool ended = false;
};

// IHI 0062 5.4.2: maintenance does not rely on the progress of clients.
TEST(TbuShell, AStalledTransactionKeepsNoSynchronisationOpen) {
  static Bench b("bench");
  test::advance();  // the thread waits for go
  for (const bool blocking : {true, false}) {
    SCOPED_TRACE(blocking ? "b_transport" : "nb_transport");
    b.prepare();
    const InFlight::Barrier before = b.engine.in_flight().barrier();
    EXPECT_TRUE(b.engine.in_flight().done(before));
    if (blocking) {
      b.go.notify(sc_core::SC_ZERO_TIME);
    } else {
      tlm::tlm_phase phase = tlm::BEGIN_REQ;
      sc_time delay;
      b.master->nb_transport_fw(b.payload, phase, delay);
    }
    test::advance(1'000'000);
    EXPECT_EQ(b.parts, 1);
    EXPECT_FALSE(b.ended) << "the second part is stalled";
    EXPECT_TRUE(b.engine.in_flight().done(b.engine.in_flight().barrier()));

    b.gate.open = true;
    b.shell.may_progress();
    test::advance(1'000'000);
    EXPECT_TRUE(b.ended);
    EXPECT_EQ(b.parts, 2);
    EXPECT_EQ(b.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.engine.in_flight().all(), 0U);
  }
}

}  // namespace
}  // namespace smmuvp::smmu
