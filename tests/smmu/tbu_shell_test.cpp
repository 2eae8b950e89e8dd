// A TBU's shell with accesses that stall, as both SMMUs have them.
#include "smmuvp/smmu_sc/tbu_shell.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/resume_extension.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {
namespace {

using sc_core::sc_time;

/// One to one by pages, where software has let it; else stalled.
class Gate : public Translator {
 public:
  bool translate_fast(const AccessRequest&, AccessAnswer&) override { return false; }
  std::unique_ptr<AccessObject> translate(const AccessRequest& request) override {
    ++translations;
    return std::make_unique<Access>(*this, request);
  }
  std::unique_ptr<AccessObject> blank() override { return std::make_unique<Access>(*this, AccessRequest()); }
  bool open = false;
  int translations = 0;

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
    addresses.push_back(payload.get_address());
    delay += sc_time(100, sc_core::SC_NS);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  tlm::tlm_sync_enum on_response(tlm::tlm_generic_payload& p, tlm::tlm_phase& phase, sc_time&) {
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    ended = true;
    responses.push_back(&p);
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
    gate.translations = parts = 0;
    addresses.clear();
    responses.clear();
    test::Master::fill(payload, tlm::TLM_READ_COMMAND, 0xff8, data.data(), data.size());
    test::Master::fill(behind, tlm::TLM_READ_COMMAND, 0x10, data_behind.data(), data_behind.size());
  }
  tlm::tlm_phase begin(tlm::tlm_generic_payload& p) {
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay;
    master->nb_transport_fw(p, phase, delay);
    return phase;
  }
  /// One that stalls, and one of the same stream that is translated at once and stays behind it.
  void begin_both() {
    begin(payload);
    test::advance(1'000'000);
    begin(behind);
    test::advance(1'000'000);
    EXPECT_EQ(addresses, std::vector<std::uint64_t>{0xff8});
    EXPECT_EQ(gate.translations, 3);
  }
  void let_through() {
    gate.open = true;
    shell.may_progress();
    test::advance(1'000'000);
  }
  bool synchronised() { return engine.in_flight().done(engine.in_flight().barrier()); }
  void visit(Archive& archive) {
    archive.set_now(to_ps(sc_core::sc_time_stamp()));
    ASSERT_TRUE(shell.begin_visit(archive));
    engine.visit(archive);
    shell.visit(archive);
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
  std::array<std::uint8_t, 4> data_behind{};
  tlm::tlm_generic_payload payload;
  tlm::tlm_generic_payload behind;
  std::vector<std::uint64_t> addresses;  ///< of parts
  std::vector<const tlm::tlm_generic_payload*> responses;
  int parts = 0;
  bool ended = false;
};

struct Benches {
  Benches() { test::advance(); }  // threads wait for go
  Bench b{"bench"};
  Bench other{"other"};
};
Benches& benches() {
  static Benches both;
  return both;
}

// IHI 0062 5.4.2: maintenance does not rely on the progress of clients.
TEST(TbuShell, AStalledTransactionKeepsNoSynchronisationOpen) {
  Bench& b = benches().b;
  for (const bool blocking : {true, false}) {
    SCOPED_TRACE(blocking ? "b_transport" : "nb_transport");
    b.prepare();
    const InFlight::Barrier before = b.engine.in_flight().barrier();
    EXPECT_TRUE(b.engine.in_flight().done(before));
    if (blocking) {
      b.go.notify(sc_core::SC_ZERO_TIME);
    } else {
      b.begin(b.payload);
    }
    test::advance(1'000'000);
    EXPECT_EQ(b.parts, 1);
    EXPECT_FALSE(b.ended) << "the second part is stalled";
    EXPECT_TRUE(b.synchronised());

    b.let_through();
    EXPECT_TRUE(b.ended);
    EXPECT_EQ(b.parts, 2);
    EXPECT_EQ(b.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.engine.in_flight().all(), 0U);
  }
}

TEST(TbuShell, ATransactionBehindAStalledOneKeepsNoSynchronisationOpenAndUsesNothingOfBeforeAnInvalidation) {
  Bench& b = benches().b;
  for (const bool invalidated : {false, true}) {
    SCOPED_TRACE(invalidated);
    b.prepare();
    b.begin_both();
    EXPECT_TRUE(b.synchronised());
    if (invalidated) b.engine.overtake();
    b.let_through();
    EXPECT_EQ(b.addresses, (std::vector<std::uint64_t>{0xff8, 0x1000, 0x10})) << "in order";
    EXPECT_EQ(b.responses, (std::vector<const tlm::tlm_generic_payload*>{&b.payload, &b.behind}));
    EXPECT_EQ(b.gate.translations, invalidated ? 4 : 3);
    EXPECT_EQ(b.behind.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.engine.in_flight().all(), 0U);
  }
}

TEST(TbuShell, AStalledTransactionAndTheOneBehindItAreSavedAndGoOnWhenTheirInitiatorSendsThemAgain) {
  Bench& b = benches().b;
  Bench& other = benches().other;
  ResumeExtension first;
  ResumeExtension second;
  for (const bool invalidated : {false, true}) {
    SCOPED_TRACE(invalidated);
    b.prepare();
    first.id = 1;
    second.id = 2;
    b.payload.set_extension(&first);
    b.behind.set_extension(&second);
    b.begin_both();
    if (invalidated) b.engine.overtake();
    ArchiveWriter saved;
    b.visit(saved);
    ASSERT_TRUE(saved.ok()) << saved.error();
    b.let_through();
    b.payload.clear_extension(&first);
    b.behind.clear_extension(&second);

    other.prepare();
    ArchiveReader reader(saved.data());
    other.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    first.resumed = second.resumed = true;
    other.payload.set_extension(&first);
    other.behind.set_extension(&second);
    EXPECT_EQ(other.begin(other.behind), tlm::END_REQ) << "in any order: ids tell which is which";
    EXPECT_EQ(other.begin(other.payload), tlm::END_REQ);
    first.resumed = second.resumed = false;
    test::advance(1'000'000);
    EXPECT_EQ(other.parts, 0);
    EXPECT_TRUE(other.synchronised());
    other.let_through();
    EXPECT_EQ(other.addresses, (std::vector<std::uint64_t>{0x1000, 0x10})) << "the first part had ended";
    EXPECT_EQ(other.responses, (std::vector<const tlm::tlm_generic_payload*>{&other.payload, &other.behind}));
    EXPECT_EQ(other.gate.translations, invalidated ? 1 : 0);
    for (const auto* p : {&other.payload, &other.behind}) {
      EXPECT_EQ(p->get_response_status(), tlm::TLM_OK_RESPONSE);
    }
    EXPECT_EQ(other.engine.in_flight().all(), 0U);
    other.payload.clear_extension(&first);
    other.behind.clear_extension(&second);
  }
}

}  // namespace
}  // namespace smmuvp::smmu
