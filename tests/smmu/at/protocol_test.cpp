// Non-blocking transactions of either SMMU: payloads, resets, breaches of the protocol.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "at_bench.h"  // of the SMMU at hand
#include "by_hand.h"
#include "smmuvp/smmu_sc/payload.h"
#include "smmuvp/tlm/compare_swap_extension.h"

namespace smmuvp::at {
namespace {

class Protocol : public At {
 protected:
  /// Past the checker, which would complain first.
  tlm::tlm_sync_enum send(Payload& p, tlm::tlm_phase phase) {
    sc_time delay;
    return b.tbu(0).nb_transport_fw(p, phase, delay);
  }
  tlm::tlm_sync_enum answer(Payload& p, tlm::tlm_phase phase) {
    sc_time delay;
    return b.tbu(0).nb_transport_bw(p, phase, delay);
  }
};

// ---- payloads

TEST_F(Protocol, TargetsSeeTheTranslationAndMastersTheirPayloadAsItWas) {
  ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x11000, 0x9000'0000, 0x1000));
  b.in_simulation([&] {
    // Without an extension of its own: StreamID 7 is the TBU's. The master checks what comes back.
    b.master.issue(0x10ff8, std::vector<std::uint8_t>(16, 0x5a), true, 0);
    wait(ns(2000));
  });
  ASSERT_EQ(b.target.seen.size(), 2U);
  EXPECT_EQ(b.target.seen[0].address, 0x8000'0ff8U);
  EXPECT_EQ(b.target.seen[1].address, 0x9000'0000U);
  EXPECT_EQ(b.target.seen[1].extension.memory_type, 0xffU);
  EXPECT_EQ(b.memory.at(0x9000'0007), 0x5a);
}

TEST_F(Protocol, APayloadWithoutAMemoryManagerIsServedAndNotTouchedAfterItsResponse) {
  map(7, 0x10000, 0x8000'0000);
  b.memory.write(0x8000'0000, 0x11223344, 4);
  b.target.style = Target::Style::completed;  // one that needs none either
  auto raw = std::make_unique<Raw>(0x10000, false);
  std::uint32_t value = 0;
  b.master.others = [&](Payload& p) {
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    std::memcpy(&value, raw->data, 4);
    raw.reset();
  };
  b.in_simulation([&] {
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay;
    EXPECT_EQ(b.above.nb_transport_fw(raw->payload, phase, delay), tlm::TLM_ACCEPTED);
    wait(ns(1000));
  });
  EXPECT_EQ(value, 0x11223344U);
  EXPECT_EQ(raw, nullptr);
}

TEST_F(Protocol, AnOperationsPayloadKeepsNothingOfTheOneBefore) {
  smmu::MemoryOp op;
  op.kind = smmu::MemoryOpKind::compare_and_swap;
  op.size = 8;
  smmu::OpPayload p(op);
  p.payload().get_extension<AccessExtension>()->tag = 5;
  p.payload().get_extension<CompareSwapExtension>()->answered = true;
  p.payload().set_response_status(tlm::TLM_OK_RESPONSE);
  p.prepare(op);
  EXPECT_EQ(p.payload().get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
  EXPECT_EQ(p.payload().get_extension<AccessExtension>()->tag, 0U);
  EXPECT_FALSE(p.payload().get_extension<CompareSwapExtension>()->answered);
  op.kind = smmu::MemoryOpKind::read;
  p.prepare(op);
  EXPECT_EQ(p.payload().get_extension<CompareSwapExtension>(), nullptr);
}

TEST_F(Protocol, TlmIgnoreCommandIsAnsweredAndGoesNowhere) {
  b.in_simulation([&] {
    Operation& op = b.master.operations.emplace_back();
    op.address = 0x10000;
    op.data.resize(4);
    op.ignore = true;
    b.master.send(op);
    wait(ns(100));
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(op.answered, op.begun) << "its BEGIN_RESP is the END_REQ too";
  });
  EXPECT_TRUE(b.target.seen.empty());
}

// ---- reset

TEST_F(At, AResetAbortsWhatIsOpenAndSendsNothingOfBefore) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  map(10, 0x10000, 0xa000'0000);
  b.in_simulation([&] {
    warm(0x10000, 7);
    b.target.held = [](std::uint64_t) { return true; };
    b.tables.held = [](std::uint64_t) { return true; };
    const Operation& downstream = b.master.read(0x10000, 7);
    const Operation& walking = b.master.read(0x10000, 9);
    const Operation& another = b.master.read(0x10100, 10);
    b.master.read(0x10010, 7);
    const Operation& waits = b.master.read(0x10020, 7);
    wait(ns(1000));
    EXPECT_EQ(b.below.open(), 2U);
    EXPECT_EQ(b.walks.open(), 2U);
    EXPECT_EQ(waits.accepted, sc_time()) << "all slots are taken";
    const std::size_t sent = b.target.seen.size();
    const std::uint64_t aborts = b.statistic("aborts");
    b.pulse_reset();
    wait(ns(10));
    EXPECT_EQ(b.statistic("aborts") - aborts, 2U) << "of translations";
    EXPECT_EQ(walking.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(another.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_FALSE(downstream.done) << "the target has its payload and data";
    b.target.release();
    b.tables.release();
    wait(ns(1000));
    EXPECT_EQ(b.target.seen.size(), sent);
    for (const Operation& op : b.master.operations) {
      EXPECT_EQ(op.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_TRUE(op.done);
    }
    EXPECT_EQ(b.master.order.back(), &waits);
  });
  // And it works on.
  b.in_simulation([&] {
    b.start();
    wait(ns(100));
    const Operation& op = b.master.read(0x10000, 9);
    wait(ns(1000));
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
  });
}

TEST_F(At, AResetBetweenTwoPartsSendsNoSecondPartInEitherStyle) {
  ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x11000, 0x9000'0000, 0x1000));
  sc_core::sc_event release;
  b.in_simulation([&] {
    b.target.held = [](std::uint64_t) { return true; };
    const Operation& op = b.master.issue(0x10ff0, std::vector<std::uint8_t>(32), true);
    wait(ns(1000));
    b.pulse_reset();
    b.target.release();
    wait(ns(1000));
    EXPECT_EQ(op.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(seen(b.target), std::vector<std::uint64_t>{0x8000'0ff0});
    b.start();
    wait(ns(100));
    b.target.blocked = &release;
    bool done = false;
    sc_core::sc_spawn([&] {
      Operation same;
      same.address = 0x10ff0;
      same.data.resize(32);
      same.write = true;
      EXPECT_EQ(b.blocking(b.master, same).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
      done = true;
    });
    wait(ns(1000));
    b.pulse_reset();
    release.notify();
    wait(ns(1000));
    EXPECT_TRUE(done);
    EXPECT_EQ(b.target.seen.size(), 2U);
  });
}

TEST_F(At, APartThatWaitsForTheDownstreamSocketIsTakenBackByAReset) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    warm(0x10000);
    b.target.accept = ns(500);  // a slow END_REQ
    b.target.latency = [](const Payload&) { return ns(600); };
    const Operation& first = b.master.read(0x10000);
    const Operation& second = b.master.read(0x10010);
    wait(ns(100));
    b.pulse_reset();
    wait(ns(2000));
    EXPECT_EQ(b.target.seen.size(), 1U);
    EXPECT_EQ(first.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(second.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.master.order.front(), &first);
  });
}

TEST_F(At, AFetchThatWaitsForTheWalkSocketIsNotSentAfterAReset) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.in_simulation([&] {
    b.tables.accept = ns(500);  // a slow END_REQ
    b.tables.latency = [](const Payload&) { return ns(600); };
    b.master.read(0x10000, 7);
    b.master.read(0x10000, 9);
    wait(ns(100));
    EXPECT_EQ(b.tables.seen.size(), 1U);
    b.pulse_reset();
    wait(ns(10));
    EXPECT_TRUE(b.master.all_done());
    wait(ns(2000));
    EXPECT_EQ(b.tables.seen.size(), 1U);
  });
}

TEST_F(At, LoadingFreesSocketsWhoseEndReqIsOfBefore) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.in_simulation([&] {
    warm(0x10000, 7);
    b.target.accept = b.tables.accept = ns(5000);
    b.target.latency = b.tables.latency = [](const Payload&) { return ns(6000); };
    Operation& downstream = b.master.read(0x10000, 7);
    Operation& walking = b.master.read(0x10000, 9);
    wait(ns(100));
    ArchiveWriter saved;
    b.smmu.visit(saved);
    ArchiveReader reader(saved.data());
    b.smmu.visit(reader);
    EXPECT_TRUE(reader.complete()) << reader.error();
    b.master.forget_payloads();
    for (Checker* c : {&b.above, &b.below, &b.walks}) c->clear();
    b.target.defaults();
    b.tables.defaults();
    for (Operation* op : {&downstream, &walking}) b.master.send(*op);
    wait(ns(1000));
    EXPECT_TRUE(b.master.all_done());
    for (Checker* c : {&b.below, &b.walks}) c->relaxed = true;  // phases of before are still to come
    wait(ns(10000));
    EXPECT_EQ(b.master.order.size(), 2U);
    for (Checker* c : {&b.below, &b.walks}) c->clear();
  });
}

// ---- breaches

TEST_F(Protocol, ASecondBeginReqBeforeEndReqIsReportedAndRefused) {
  map(7, 0x10000, 0x8000'0000);
  Errors errors;
  b.in_simulation([&] {
    b.master.read(0x10000);
    wait(sc_core::SC_ZERO_TIME);
    wait(sc_core::SC_ZERO_TIME);
    Raw second(0x12340);
    EXPECT_EQ(send(second.payload, tlm::BEGIN_REQ), tlm::TLM_COMPLETED);
    EXPECT_EQ(second.payload.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(second.payload.get_ref_count(), 1);
    wait(ns(1000));
  });
  EXPECT_EQ(
      Errors::one(),
      "/smmu-vp/bench.smmu0.tbu_0.at: BEGIN_REQ before the END_REQ of another payload; it gets an error "
      "response (read of 4 bytes at 0x12340)");
}

TEST_F(Protocol, BeginReqOfAnOpenPayloadIsReported) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  Errors errors;
  b.in_simulation([&] {
    b.master.read(0x10000);
    wait(ns(1000));
    Payload& open = const_cast<Payload&>(*b.above.of(tlm::BEGIN_REQ).front().payload);
    EXPECT_EQ(send(open, tlm::BEGIN_REQ), tlm::TLM_ACCEPTED);
    b.target.release();
    wait(ns(1000));
  });
  EXPECT_NE(Errors::one().find("has begun and not ended"), std::string::npos);
}

TEST_F(Protocol, AnEndRespWithoutABeginRespIsReported) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  Errors errors;
  b.in_simulation([&] {
    b.master.read(0x10000);
    wait(ns(1000));
    Raw unknown(0x12340);
    EXPECT_EQ(send(unknown.payload, tlm::END_RESP), tlm::TLM_COMPLETED);
    EXPECT_NE(Errors::one().find("not in its response phase (read of 4 bytes at 0x12340)"),
              std::string::npos);
    Errors::all().clear();
    Payload& open = const_cast<Payload&>(*b.above.of(tlm::BEGIN_REQ).front().payload);
    send(open, tlm::END_RESP);
    EXPECT_NE(Errors::one().find("not in its response phase"), std::string::npos);
    b.target.release();
    wait(ns(1000));
  });
}

TEST_F(Protocol, ASecondEndRespIsReported) {
  map(7, 0x10000, 0x8000'0000);
  b.master.end = Master::End::later;
  b.master.end_delay = ns(10000);
  Errors errors;
  b.in_simulation([&] {
    const Operation& op = b.master.read(0x10000);
    while (op.status == tlm::TLM_INCOMPLETE_RESPONSE) wait(ns(1));
    Payload& open = const_cast<Payload&>(*b.above.of(tlm::BEGIN_REQ).front().payload);
    tlm::tlm_phase phase = tlm::END_RESP;
    sc_time delay = ns(50);
    b.tbu(0).nb_transport_fw(open, phase, delay);
    EXPECT_TRUE(Errors::all().empty());
    send(open, tlm::END_RESP);
    EXPECT_NE(Errors::one().find("not in its response phase"), std::string::npos);
    wait(ns(20000));  // and the master's own
  });
  EXPECT_EQ(Errors::all().size(), 2U);
}

TEST_F(Protocol, PhasesOfTheWrongDirectionAreReported) {
  Errors errors;
  Raw raw(0x10000);
  const std::vector<tlm::tlm_phase_enum> forward{tlm::UNINITIALIZED_PHASE, tlm::END_REQ, tlm::BEGIN_RESP};
  const std::vector<tlm::tlm_phase_enum> back{tlm::UNINITIALIZED_PHASE, tlm::BEGIN_REQ, tlm::END_RESP};
  for (tlm::tlm_phase_enum phase : forward) EXPECT_EQ(send(raw.payload, phase), tlm::TLM_ACCEPTED);
  for (tlm::tlm_phase_enum phase : back) EXPECT_EQ(answer(raw.payload, phase), tlm::TLM_ACCEPTED);
  ASSERT_EQ(Errors::all().size(), 6U);
  EXPECT_NE(Errors::all()[1].find("END_REQ on the forward path"), std::string::npos);
  EXPECT_NE(Errors::all()[5].find("END_RESP on the backward path"), std::string::npos);
}

TEST_F(Protocol, PhasesOfATargetForAPayloadThatItHasNotAreReported) {
  Errors errors;
  Raw raw(0x10000);
  EXPECT_EQ(answer(raw.payload, tlm::END_REQ), tlm::TLM_ACCEPTED);
  EXPECT_EQ(answer(raw.payload, tlm::BEGIN_RESP), tlm::TLM_COMPLETED);
  EXPECT_EQ(Errors::all().size(), 2U);
  EXPECT_EQ(raw.payload.get_ref_count(), 1);
}

TLM_DECLARE_EXTENDED_PHASE(FOREIGN);

TEST_F(Protocol, IgnorablePhasesAreIgnored) {
  Errors errors;
  Raw raw(0x10000);
  EXPECT_EQ(send(raw.payload, FOREIGN), tlm::TLM_ACCEPTED);
  EXPECT_EQ(answer(raw.payload, FOREIGN), tlm::TLM_ACCEPTED);
  EXPECT_TRUE(Errors::all().empty());
}

}  // namespace
}  // namespace smmuvp::at
