// What masters and targets may send to either SMMU against the rules of TLM: it is answered or reported, and
// what comes after it is served.
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "at_bench.h"  // of the SMMU at hand
#include "by_hand.h"
#include "smmuvp/test/core.h"

namespace smmuvp::at {
namespace {

/// Checkers let everything through.
class Hostile : public At {
 protected:
  void SetUp() override {
    At::SetUp();
    map(7, 0x10000, 0x8000'0000);
    for (Checker* c : b.checkers()) c->relaxed = true;
  }
  void TearDown() override {
    for (Checker* c : b.checkers()) c->clear();
    for (Target* t : {&b.target, &b.tables}) t->defaults();
    b.master.by_hand = nullptr;
    b.in_simulation([this] {
      warm(0x10000);
      const Operation& op = b.master.read(0x10000);
      wait(ns(2000));
      EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE) << "it works on, in both styles";
    });
    At::TearDown();
  }
  /// In the simulation. @return the response
  tlm::tlm_response_status send(Payload& p, bool blocking) {
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    sc_time delay;
    if (blocking) {
      b.above.b_transport(p, delay);
      return p.get_response_status();
    }
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    b.master.others = [](Payload&) {};
    b.above.nb_transport_fw(p, phase, delay);
    wait(ns(2000));
    b.master.others = nullptr;
    return p.get_response_status();
  }
};

// ---- payloads

TEST_F(Hostile, PayloadsOfImpossibleShapesAreTerminatedInBothStylesAndComeBackAsTheyWere) {
  std::vector<unsigned char> page(0x1000);
  const struct {
    const char* name;
    std::function<void(Payload&)> shape;
    tlm::tlm_response_status status;
    bool reaches_memory = false;
  } payloads[] = {
      {"no length", [](Payload& p) { p.set_data_length(0); }, tlm::TLM_ADDRESS_ERROR_RESPONSE},
      {"no streaming width", [](Payload& p) { p.set_streaming_width(0); }, tlm::TLM_ADDRESS_ERROR_RESPONSE},
      {"no data", [](Payload& p) { p.set_data_ptr(nullptr); }, tlm::TLM_GENERIC_ERROR_RESPONSE},
      {"beyond the last address", [](Payload& p) { p.set_address(~0ULL - 1); },
       tlm::TLM_ADDRESS_ERROR_RESPONSE},
      {"nothing mapped behind the first page",
       [&page](Payload& p) {
         p.set_data_ptr(page.data());
         p.set_data_length(~0U);
         p.set_streaming_width(~0U);
       },
       tlm::TLM_ADDRESS_ERROR_RESPONSE, true},
      {"byte enables of no length",
       [&page](Payload& p) {
         p.set_byte_enable_ptr(page.data());
         p.set_byte_enable_length(0);
       },
       tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE, true},
      {"nothing to do, and no data",
       [](Payload& p) {
         p.set_command(tlm::TLM_IGNORE_COMMAND);
         p.set_data_ptr(nullptr);
         p.set_data_length(0);
       },
       tlm::TLM_OK_RESPONSE},
  };
  b.in_simulation([&] {
    warm(0x10000);
    for (Checker* c : b.checkers()) c->relaxed = true;
    for (const auto& what : payloads) {
      for (const bool write : {false, true}) {
        for (const bool blocking : {true, false}) {
          SCOPED_TRACE(std::string(what.name) + (write ? ", written" : ", read") +
                       (blocking ? ", b_transport" : ", nb_transport"));
          b.target.seen.clear();
          Raw raw(0x10000);
          Payload& p = raw.payload;
          if (write) p.set_write();
          what.shape(p);
          const auto fields = [&p] {
            return std::make_tuple(p.get_address(), p.get_data_ptr(), p.get_data_length(),
                                   p.get_streaming_width(), p.get_byte_enable_ptr(),
                                   p.get_byte_enable_length(), p.get_ref_count());
          };
          const auto before = fields();
          EXPECT_EQ(send(p, blocking), what.status);
          EXPECT_EQ(b.target.seen.empty(), !what.reaches_memory);
          EXPECT_EQ(fields(), before);
        }
      }
    }
  });
}

TEST_F(Hostile, ByteEnablesOfNoLengthAreNotCutWhereAPayloadIs) {
  ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x11000, 0x9000'0000, 0x1000));
  b.in_simulation([&] {
    for (const bool blocking : {true, false}) {
      Raw raw(0x10ffc);
      raw.payload.set_data_length(8);
      raw.payload.set_streaming_width(8);
      raw.payload.set_byte_enable_ptr(raw.data);
      raw.payload.set_byte_enable_length(0);
      EXPECT_EQ(send(raw.payload, blocking), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    }
  });
}

TEST_F(Hostile, WhatNoExtensionCanSayIsAnsweredInBothStyles) {
  test::Random random(1);
  const auto byte = [&random] { return static_cast<std::uint8_t>(random.below(4) == 0 ? random.next() : 0); };
  b.in_simulation([&] {
    for (unsigned n = 0; n < 400; ++n) {
      AccessExtension e;
      e.address_space = static_cast<AddressSpace>(byte());
      e.stream_valid = true;
      e.stream_id = random.below(2) == 0 ? 7 : static_cast<std::uint32_t>(random.next());
      e.substream_valid = random.below(4) == 0;
      e.substream_id = static_cast<std::uint32_t>(random.next());
      e.ats = static_cast<AtsPhase>(byte());
      e.attributes_valid = random.below(2) == 0;
      e.request_memory_type = static_cast<std::uint8_t>(random.next());
      e.request_shareability = static_cast<Shareability>(byte());
      Raw raw(random.below(2) == 0 ? 0x10000 : random.next());
      raw.payload.set_extension(&e);
      EXPECT_NE(send(raw.payload, n % 2 == 0), tlm::TLM_INCOMPLETE_RESPONSE);
      b.above.transport_dbg(raw.payload);
      EXPECT_EQ(raw.payload.get_extension<AccessExtension>(), &e);
      raw.payload.clear_extension(&e);
    }
  });
}

TEST_F(Hostile, DebugAccessesAndRequestsForPointersOfImpossibleShapesMoveNothing) {
  const std::function<void(Payload&)> shapes[] = {
      [](Payload& p) { p.set_data_length(0); },
      [](Payload& p) { p.set_data_ptr(nullptr); },
      [](Payload& p) { p.set_address(~0ULL - 1); },
  };
  for (const auto& shape : shapes) {
    Raw raw(0x10000);
    shape(raw.payload);
    EXPECT_EQ(b.above.transport_dbg(raw.payload), 0U);
    tlm::tlm_dmi dmi;
    EXPECT_FALSE(b.above.get_direct_mem_ptr(raw.payload, dmi));
  }
}

TEST_F(Hostile, RegisterAccessesOfImpossibleShapesAreAnswered) {
  const std::function<void(Payload&)> shapes[] = {
      [](Payload& p) { p.set_data_length(0); },
      [](Payload& p) { p.set_streaming_width(0); },
      [](Payload& p) { p.set_data_ptr(nullptr); },
      [](Payload& p) { p.set_address(~0ULL - 1); },
      [](Payload& p) { p.set_address(~0ULL - 3); },
      [](Payload& p) { p.set_command(tlm::TLM_IGNORE_COMMAND); },
      [](Payload& p) {
        p.set_byte_enable_ptr(p.get_data_ptr());
        p.set_byte_enable_length(0);
      },
  };
  b.in_simulation([&] {
    for (const auto& shape : shapes) {
      for (const bool write : {false, true}) {
        Raw raw(0);
        if (write) raw.payload.set_write();
        shape(raw.payload);
        sc_time delay;
        b.cpu->b_transport(raw.payload, delay);
        EXPECT_NE(raw.payload.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
        b.cpu->transport_dbg(raw.payload);
      }
    }
  });
}

// ---- phases of targets, of memory and of tables

/// Which socket's target misbehaves.
class HostileTarget : public Hostile, public ::testing::WithParamInterface<bool> {
 protected:
  Target& target() { return GetParam() ? b.tables : b.target; }
  /// In the simulation: a target sends a phase.
  void tell(Payload& p, tlm::tlm_phase phase) {
    sc_time delay;
    target().socket->nb_transport_bw(p, phase, delay);
  }
  /// A read that the target answers so. What it asks of tables it has to walk for.
  void read(const std::function<tlm::tlm_sync_enum(Payload&, tlm::tlm_phase&)>& answer) {
    b.in_simulation([&] {
      target().by_hand = [&](Payload& p, tlm::tlm_phase& phase) {
        if (phase == tlm::END_RESP) return tlm::TLM_COMPLETED;
        Target::transfer(b.memory, p);
        return answer(p, phase);
      };
      const Operation& op = b.master.read(0x10000);
      wait(ns(3000));
      EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    });
  }
  /// What is sent after the call.
  void later(const std::function<void()>& f) {
    sc_core::sc_spawn([f] {
      wait(ns(10));
      f();
    });
  }
  std::size_t m_calls = 0;
};

TEST_P(HostileTarget, ThatRepeatsItsPhasesIsReportedAndTheTransactionEndsOnce) {
  Errors errors;
  read([&](Payload& p, tlm::tlm_phase&) {
    ++m_calls;
    later([this, &p] {
      for (const tlm::tlm_phase_enum phase : {tlm::END_REQ, tlm::END_REQ}) tell(p, phase);
      tell(p, tlm::BEGIN_RESP);
      for (const tlm::tlm_phase_enum phase : {tlm::END_REQ, tlm::BEGIN_RESP}) tell(p, phase);
    });
    return tlm::TLM_ACCEPTED;
  });
  ASSERT_EQ(Errors::all().size(), 3 * m_calls);
  EXPECT_NE(Errors::all()[0].find("END_REQ of a payload that waits for none"), std::string::npos);
  EXPECT_NE(Errors::all()[1].find("END_REQ of a payload that waits for none"), std::string::npos);
  EXPECT_NE(Errors::all()[2].find("BEGIN_RESP of a payload that has not been sent, or has ended"),
            std::string::npos);
}

TEST_P(HostileTarget, ThatAnswersWithinTheCallAndByItsResultHasAnsweredOnce) {
  Errors errors;
  for (const tlm::tlm_sync_enum result : {tlm::TLM_COMPLETED, tlm::TLM_UPDATED, tlm::TLM_ACCEPTED}) {
    b.in_simulation([this] { b.fresh(); });
    map(7, 0x10000, 0x8000'0000);
    read([&, result](Payload& p, tlm::tlm_phase& phase) {
      tell(p, tlm::BEGIN_RESP);
      phase = tlm::BEGIN_RESP;
      return result;
    });
    EXPECT_TRUE(Errors::all().empty());
  }
}

TEST_P(HostileTarget, ThatHasUpdatedToBeginRespMayNotSendItToo) {
  Errors errors;
  read([&](Payload& p, tlm::tlm_phase& phase) {
    ++m_calls;
    later([this, &p] { tell(p, tlm::BEGIN_RESP); });
    phase = tlm::BEGIN_RESP;
    return tlm::TLM_UPDATED;
  });
  ASSERT_EQ(Errors::all().size(), m_calls);
  EXPECT_NE(Errors::all()[0].find("BEGIN_RESP of a payload that has not been sent, or has ended"),
            std::string::npos);
}

TEST_P(HostileTarget, ThatUpdatesToAnImpossiblePhaseIsReportedAndMayStillAnswer) {
  for (const tlm::tlm_phase_enum impossible : {tlm::UNINITIALIZED_PHASE, tlm::BEGIN_REQ, tlm::END_RESP}) {
    SCOPED_TRACE(tlm::tlm_phase(impossible).get_name());
    m_calls = 0;
    b.in_simulation([this] { b.fresh(); });
    map(7, 0x10000, 0x8000'0000);
    Errors errors;
    read([&, impossible](Payload& p, tlm::tlm_phase& phase) {
      ++m_calls;
      later([this, &p] { tell(p, tlm::BEGIN_RESP); });
      phase = impossible;
      return tlm::TLM_UPDATED;
    });
    ASSERT_EQ(Errors::all().size(), m_calls);
    EXPECT_NE(Errors::all()[0].find("END_REQ or BEGIN_RESP was expected"), std::string::npos);
  }
}

TEST_P(HostileTarget, ThatSendsPhasesOfPayloadsThatNobodyHasSentIsReported) {
  Errors errors;
  Raw raw(0x10000);
  b.in_simulation([&] {
    for (const tlm::tlm_phase_enum phase : {tlm::END_REQ, tlm::BEGIN_RESP, tlm::BEGIN_REQ, tlm::END_RESP}) {
      tell(raw.payload, phase);
    }
  });
  EXPECT_EQ(Errors::all().size(), 4U);
  EXPECT_EQ(raw.payload.get_ref_count(), 1);
}

INSTANTIATE_TEST_SUITE_P(Sockets, HostileTarget, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Walk" : "Downstream"; });

TEST_F(Hostile, TablesThatNobodyAnswersForAreAnExternalAbort) {
  b.in_simulation([&] {
    b.tables.by_hand = [](Payload&, tlm::tlm_phase&) { return tlm::TLM_COMPLETED; };
    const Operation& op = b.master.read(0x10000);
    wait(ns(2000));
    EXPECT_EQ(op.status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << "the response is as incomplete as it was";
  });
}

// ---- phases of masters

TEST_F(Hostile, AMasterThatUpdatesToAnImpossiblePhaseIsReportedAndItsTransactionHasEnded) {
  for (const tlm::tlm_phase_enum impossible : {tlm::UNINITIALIZED_PHASE, tlm::BEGIN_REQ, tlm::BEGIN_RESP}) {
    SCOPED_TRACE(tlm::tlm_phase(impossible).get_name());
    Errors errors;
    Raw raw(0x10000);
    b.in_simulation([&] {
      b.master.by_hand = [&](Payload&, tlm::tlm_phase& phase) {
        if (phase == tlm::END_REQ) return tlm::TLM_ACCEPTED;
        phase = impossible;
        return tlm::TLM_UPDATED;
      };
      EXPECT_EQ(send(raw.payload, false), tlm::TLM_OK_RESPONSE);
      b.master.by_hand = nullptr;
    });
    EXPECT_NE(Errors::one().find("END_RESP was expected"), std::string::npos);
    EXPECT_EQ(raw.payload.get_ref_count(), 1);
  }
}

TEST_F(Hostile, AMasterThatEndsAResponseThatAnotherPayloadHasIsReported) {
  Errors errors;
  Raw raw(0x10000);
  b.master.end = Master::End::later;
  b.master.end_delay = ns(500);
  b.in_simulation([&] {
    const Operation& op = b.master.read(0x10000);
    while (op.status == tlm::TLM_INCOMPLETE_RESPONSE) wait(ns(1));
    tlm::tlm_phase phase = tlm::END_RESP;
    sc_time delay;
    EXPECT_EQ(b.above.nb_transport_fw(raw.payload, phase, delay), tlm::TLM_COMPLETED);
    EXPECT_NE(Errors::one().find("not in its response phase"), std::string::npos);
    const Operation& next = b.master.read(0x10000);
    wait(ns(400));
    EXPECT_EQ(next.status, tlm::TLM_INCOMPLETE_RESPONSE) << "the first one has not ended";
    wait(ns(2000));
    EXPECT_EQ(next.status, tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(Errors::all().size(), 1U);
  b.master.end = Master::End::completed;
}

TEST_F(Hostile, AMasterThatRepeatsItsPhasesIsReportedAndItsTransactionEndsOnce) {
  Errors errors;
  Raw raw(0x10000);
  b.in_simulation([&] {
    const auto again = [&](tlm::tlm_phase phase) {
      sc_time delay;
      b.above.nb_transport_fw(raw.payload, phase, delay);
    };
    b.master.by_hand = [&](Payload&, tlm::tlm_phase& phase) {
      again(tlm::BEGIN_REQ);
      if (phase == tlm::BEGIN_RESP) again(tlm::END_RESP);
      again(tlm::END_RESP);
      return phase == tlm::END_REQ ? tlm::TLM_ACCEPTED : tlm::TLM_COMPLETED;
    };
    EXPECT_EQ(send(raw.payload, false), tlm::TLM_OK_RESPONSE);
    b.master.by_hand = nullptr;
  });
  ASSERT_EQ(Errors::all().size(), 4U);
  for (const std::size_t n : {0U, 2U}) {
    EXPECT_NE(Errors::all()[n].find("has begun and not ended"), std::string::npos);
    EXPECT_NE(Errors::all()[n + 1].find("not in its response phase"), std::string::npos);
  }
  EXPECT_EQ(raw.payload.get_ref_count(), 1);
}

}  // namespace
}  // namespace smmuvp::at
