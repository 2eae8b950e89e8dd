// ATS by the sockets of the module (smmuvp/tlm/ats_extension.h).
#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <functional>
#include <optional>
#include <sstream>
#include <vector>

#include "ats_world.h"
#include "shell_bench.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/resume_extension.h"

namespace smmuvp {
namespace {

using sc_core::sc_time;
using smmuv3::World;

constexpr std::uint64_t va = 0x40'0000;
constexpr std::uint64_t pa = 0x8000'0000;
constexpr std::uint32_t sid = 7;

sc_time ns(double n) { return {n, sc_core::SC_NS}; }

/// A Translation Request or a transaction of a device.
struct Request {
  explicit Request(std::uint64_t address, AtsPhase phase, bool write = false) {
    access.stream_id = sid;
    access.stream_valid = true;
    access.ats = phase;
    payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(address);
    payload.set_data_ptr(data);
    payload.set_data_length(8);
    payload.set_streaming_width(8);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    payload.set_extension(&access);
    if (phase == AtsPhase::TranslationRequest) payload.set_extension(&ats);
  }
  ~Request() {
    payload.clear_extension(&access);
    payload.clear_extension(&ats);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  unsigned char data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  AccessExtension access;
  AtsExtension ats;
  tlm::tlm_generic_payload payload;
};

struct Message {
  std::uint64_t address = 0;
  std::uint32_t stream_id = 0;
  bool substream_valid = false;
  std::uint32_t substream_id = 0;
  AtsMessageExtension extension;
  sc_time at;
};

struct AtsBench : shell::Bench {
  AtsBench(const sc_core::sc_module_name& name, bool ATS) : Bench(name, parameters(ATS)) {
    master.register_nb_transport_bw(
        this,
        static_cast<tlm::tlm_sync_enum (Bench::*)(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_time&)>(
            &AtsBench::on_backward));
    if (ATS) smmu.ats.bind(device_port);
    device_port.register_b_transport(this, &AtsBench::on_message);
    smmu.gerror_irq.bind(gerror);
    smmu.power.bind(power);
  }
  static Params parameters(bool ATS) {
    Params p = SmmuV3<>::default_params();
    p.set("ATS", ATS);
    p.set("ATSRECERR", ATS);
    p.set("SSIDSIZE", std::uint64_t{8});
    p.set("atc_timeout", std::uint64_t{10'000});
    return p;
  }
  void on_message(tlm::tlm_generic_payload& p, sc_time& delay) {
    const auto* access = p.get_extension<AccessExtension>();
    const auto* message = p.get_extension<AtsMessageExtension>();
    ASSERT_NE(access, nullptr);
    ASSERT_NE(message, nullptr);
    EXPECT_TRUE(p.is_write());
    EXPECT_TRUE(access->stream_valid);
    messages.push_back({p.get_address(), access->stream_id, access->substream_valid, access->substream_id,
                        *message, sc_core::sc_time_stamp() + delay});
    p.set_response_status(device(p, delay));
  }
  tlm::tlm_sync_enum on_backward(tlm::tlm_generic_payload&, tlm::tlm_phase& phase, sc_time& delay) {
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    answered_at = sc_core::sc_time_stamp() + delay;
    answered.notify(sc_core::SC_ZERO_TIME);
    return tlm::TLM_COMPLETED;
  }
  /// In the simulation: sends it, and waits for its time. @return when it ended
  sc_time blocking(Request& r) {
    sc_time d;
    master->b_transport(r.payload, d);
    wait(d);
    return sc_core::sc_time_stamp();
  }
  sc_time non_blocking(Request& r) {
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time d;
    EXPECT_EQ(master->nb_transport_fw(r.payload, phase, d), tlm::TLM_ACCEPTED);
    wait(answered);
    return answered_at;
  }
  bool commands_done() { return reg(0x98) == (reg(0x9c) & 0xfffff); }
  /// In the simulation: from reset on, with va at pa for stream `sid`.
  void fresh() {
    reset.write(true);
    wait(ns(1));
    reset.write(false);
    wait(ns(1));
    world.clear();
    start();
    set(0x20, smmuv3::CR0_implemented | smmuv3::CR0_ATSCHK);
    space = &world.stream(sid);
    EXPECT_TRUE(space->map(va, pa, 0x1000));
    world.put_ste(sid, smmuv3::with_ats(smmuv3::ste_stage1(World::cd_address(sid)), smmuv3::full_ats));
    wait(ns(100));
  }

  pgtable::Builder* space = nullptr;
  tlm_utils::simple_target_socket_optional<AtsBench, 64> device_port{"device_port"};
  sc_core::sc_signal<bool> gerror{"gerror"};
  sc_core::sc_signal<bool> power{"power", true};
  sc_core::sc_event answered{"answered"};
  sc_time answered_at;
  std::function<tlm::tlm_response_status(tlm::tlm_generic_payload&, sc_time&)> device;
  std::vector<Message> messages;
};

AtsBench& bench() {
  static AtsBench b("bench", true);
  return b;
}
/// Without ATS, and with nothing bound to `ats`.
AtsBench& plain() {
  static AtsBench b("plain", false);
  return b;
}

class AtsShell : public ::testing::Test {
 protected:
  AtsShell() : b(bench()) {}
  void SetUp() override {
    b.device = [](tlm::tlm_generic_payload&, sc_time&) { return tlm::TLM_OK_RESPONSE; };
    b.in_simulation([this] { b.fresh(); });
    b.seen.clear();
    b.messages.clear();
  }
  void invalidate_and_sync() {
    b.push(0x40 | std::uint64_t{sid} << 32, va);
    b.push(0x46);
  }
  std::uint64_t error() { return b.reg(0x9c) >> 24 & 0x7f; }

  AtsBench& b;
};

TEST_F(AtsShell, ATranslationRequestIsAnsweredAndGoesNowhere) {
  Request r(va + 0x128, AtsPhase::TranslationRequest);
  b.in_simulation([&] { b.blocking(r); });
  EXPECT_EQ(r.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.ats.status, AtsStatus::success);
  EXPECT_EQ(r.ats.translated_address, pa);
  EXPECT_EQ(r.ats.size_shift, 12);
  EXPECT_TRUE(r.ats.read && r.ats.write);
  EXPECT_FALSE(r.ats.execute || r.ats.privileged || r.ats.global || r.ats.untranslated_only ||
               r.ats.no_snoop);
  EXPECT_TRUE(b.seen.empty());
  EXPECT_EQ(r.data[3], 4) << "its data are not touched";
}

TEST_F(AtsShell, ATranslationRequestTakesTheSameTimeInBothStyles) {
  sc_time blocking, non_blocking;
  Request first(va, AtsPhase::TranslationRequest);
  Request second(va, AtsPhase::TranslationRequest);
  b.in_simulation([&] {
    sc_time from = sc_core::sc_time_stamp();
    blocking = b.blocking(first) - from;
    b.fresh();
    from = sc_core::sc_time_stamp();
    non_blocking = b.non_blocking(second) - from;
  });
  EXPECT_EQ(blocking, non_blocking);
  EXPECT_GT(blocking, ns(100)) << "structures and tables are read";
  EXPECT_EQ(second.ats.status, AtsStatus::success);
  EXPECT_EQ(second.ats.translated_address, pa);
  EXPECT_EQ(second.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
  EXPECT_TRUE(b.seen.empty());
}

TEST_F(AtsShell, ATranslationRequestThatIsRefusedIsAnsweredSo) {
  b.world.put_ste(sid, smmuv3::ste_bypass());
  Request r(va, AtsPhase::TranslationRequest);
  b.in_simulation([&] { b.blocking(r); });
  EXPECT_EQ(r.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.ats.status, AtsStatus::unsupported_request);
  EXPECT_FALSE(r.ats.read || r.ats.write);
}

TEST_F(AtsShell, ATranslationRequestThatCannotBeAnsweredIsRefusedAsUnsupported) {
  Request r(va, AtsPhase::TranslationRequest);
  r.payload.clear_extension(&r.ats);
  Request written(va, AtsPhase::TranslationRequest, true);
  b.in_simulation([&] {
    b.blocking(r);
    b.blocking(written);
  });
  EXPECT_EQ(r.payload.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(written.payload.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(written.ats.status, AtsStatus::unanswered);
  EXPECT_TRUE(b.seen.empty());
}

TEST_F(AtsShell, ATranslatedTransactionGoesOnAtItsAddressAndOneThatIsForbiddenDoesNot) {
  Request r(pa + 0x10, AtsPhase::Translated, true);
  b.in_simulation([&] { b.blocking(r); });
  EXPECT_EQ(r.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
  ASSERT_EQ(b.seen.size(), 1U);
  EXPECT_EQ(b.seen[0].address, pa + 0x10);
  EXPECT_EQ(b.world.memory.read(pa + 0x10, 8), 0x0807'0605'0403'0201U);
  Request forbidden(pa, AtsPhase::Translated, true);
  forbidden.access.stream_id = sid + 1;
  b.world.put_ste(sid + 1, smmuv3::ste_bypass());
  b.in_simulation([&] { b.blocking(forbidden); });
  EXPECT_EQ(forbidden.payload.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.seen.size(), 1U);
}

TEST_F(AtsShell, WithoutAtschkATranslatedTransactionTakesTheTimeOfItsPortAlone) {
  Request r(pa, AtsPhase::Translated);
  sc_time took;
  b.in_simulation([&] {
    b.set(0x20, smmuv3::CR0_implemented);
    const sc_time from = sc_core::sc_time_stamp();
    took = b.blocking(r) - from;
  });
  EXPECT_EQ(took, ns(1 + 5)) << "and of memory";
}

TEST_F(AtsShell, DebuggersSeeTranslatedAddressesAndAskNothing) {
  b.world.memory.write(pa, 0x1122'3344);
  Request asks(va, AtsPhase::TranslationRequest);
  Request reads(pa, AtsPhase::Translated);
  unsigned asked = 1;
  unsigned read = 0;
  b.in_simulation([&] {
    asked = b.master->transport_dbg(asks.payload);
    read = b.master->transport_dbg(reads.payload);
  });
  EXPECT_EQ(asked, 0U);
  EXPECT_EQ(asks.ats.status, AtsStatus::unanswered);
  EXPECT_EQ(read, 8U);
  EXPECT_EQ(reads.data[0], 0x44);
}

TEST_F(AtsShell, TranslationRequestsAndTranslatedTransactionsAreExplained) {
  using Outcome = Explanation::End::Outcome;
  using Answer = Explanation::End::Answer;
  AccessQuestion q;
  q.stream_id = sid;
  q.address = va + 0x128;
  q.ats = AccessQuestion::Ats::translation_request;
  Explanation e = b.smmu.explain(q);
  EXPECT_EQ(e.now.outcome, Outcome::answered);
  EXPECT_EQ(e.now.answer, Answer::success);
  EXPECT_EQ(e.now.output, pa);
  EXPECT_EQ(e.now.size_shift, 12U);
  EXPECT_TRUE(e.now.read && e.now.write);
  EXPECT_FALSE(e.now.execute) << "it is not asked for";
  EXPECT_NE(e.text.find("Translation Request"), std::string::npos) << e.text;
  q.no_write = true;
  EXPECT_NE(b.smmu.explain(q).text.find("Translation Request, not to write"), std::string::npos);
  q.no_write = false;
  q.kind = AccessQuestion::Kind::write;  // requests neither write nor read
  EXPECT_EQ(b.smmu.explain(q).now.answer, Answer::success);
  q.kind = AccessQuestion::Kind::read;
  q.address = va + 0x1000;
  e = b.smmu.explain(q);
  EXPECT_EQ(e.now.answer, Answer::success);
  EXPECT_FALSE(e.now.read || e.now.write) << "a fault of translation gives no rights";
  EXPECT_TRUE(e.now.fault.empty());
  q.ats = AccessQuestion::Ats::translated;
  q.address = pa + 0x128;
  e = b.smmu.explain(q);
  EXPECT_EQ(e.now.outcome, Outcome::forward);
  EXPECT_EQ(e.now.answer, Answer::none);
  EXPECT_EQ(e.now.output, pa + 0x128);
  q.stream_id = sid + 1;  // C_BAD_STE
  EXPECT_EQ(b.smmu.explain(q).now.outcome, Outcome::abort);
  q.ats = AccessQuestion::Ats::translation_request;
  e = b.smmu.explain(q);
  EXPECT_EQ(e.now.outcome, Outcome::answered);
  EXPECT_EQ(e.now.answer, Answer::completer_abort);
  b.world.put_ste(sid + 1, smmuv3::ste_bypass());
  e = b.smmu.explain(q);
  EXPECT_EQ(e.now.answer, Answer::unsupported_request);
  EXPECT_EQ(e.now.fault, "F_BAD_ATS_TREQ");
  EXPECT_TRUE(b.messages.empty());
  EXPECT_TRUE(b.seen.empty());
}

/// A request that is asked in the non-blocking style, by a name.
struct Named : Request {
  explicit Named(bool resumed = false) : Request(va + 0x128, AtsPhase::TranslationRequest) {
    resume.id = 1;
    resume.resumed = resumed;
    payload.set_extension(&resume);
  }
  ~Named() { payload.clear_extension(&resume); }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
  ResumeExtension resume;
};

TEST_F(AtsShell, ATranslationRequestThatIsUnderWayIsSavedAndAnsweredToWhoeverSendsItAgain) {
  unsigned moments = 0;
  for (double at = 1; at < 500 && !HasFailure(); at += 9) {
    SCOPED_TRACE(at);
    b.in_simulation([&] {
      b.fresh();
      Named first;
      tlm::tlm_phase phase = tlm::BEGIN_REQ;
      sc_time d;
      b.answered_at = sc_core::SC_ZERO_TIME;
      ASSERT_EQ(b.master->nb_transport_fw(first.payload, phase, d), tlm::TLM_ACCEPTED);
      wait(ns(at));
      if (b.answered_at != sc_core::SC_ZERO_TIME) return;
      std::stringstream saved;
      const auto refused = b.smmu.save(saved);
      ASSERT_FALSE(refused) << to_text(*refused);
      wait(b.answered);
      wait(ns(1000));
      ASSERT_FALSE(b.smmu.load(saved));
      Named again(true);
      phase = tlm::BEGIN_REQ;
      b.answered_at = sc_core::SC_ZERO_TIME;
      const tlm::tlm_sync_enum status = b.master->nb_transport_fw(again.payload, phase, d);
      ASSERT_TRUE(status == tlm::TLM_ACCEPTED || (status == tlm::TLM_UPDATED && phase == tlm::END_REQ));
      again.resume.resumed = false;
      wait(ns(1000));
      ASSERT_NE(b.answered_at, sc_core::SC_ZERO_TIME);
      for (const Named* r : {&first, &again}) {
        EXPECT_EQ(r->payload.get_response_status(), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(r->ats.status, AtsStatus::success);
        EXPECT_EQ(r->ats.translated_address, pa);
        EXPECT_EQ(r->ats.size_shift, 12);
        EXPECT_TRUE(r->ats.read && r->ats.write);
      }
      ++moments;
    });
  }
  EXPECT_GE(moments, 10U) << "its walk takes that long";
  EXPECT_TRUE(b.seen.empty()) << "it goes nowhere";
}

TEST_F(AtsShell, ABlockingTranslationRequestThatIsUnderWayKeepsAStateFromBeingSaved) {
  sc_core::sc_event release;
  b.on_own_access = [&](tlm::tlm_generic_payload&) { sc_core::wait(release); };
  bool over = false;
  b.in_simulation([&] {
    sc_core::sc_spawn([&] {
      Request r(va, AtsPhase::TranslationRequest);
      b.blocking(r);
      EXPECT_EQ(r.ats.status, AtsStatus::success);
      over = true;
    });
    wait(ns(500));
    std::stringstream saved;
    const auto refused = b.smmu.save(saved);
    ASSERT_TRUE(refused);
    EXPECT_NE(to_text(*refused).find("tbu_0"), std::string::npos) << to_text(*refused);
    b.on_own_access = nullptr;
    release.notify();
  });
  EXPECT_TRUE(over);
  std::stringstream saved;
  EXPECT_FALSE(b.smmu.save(saved));
}

TEST_F(AtsShell, ADeviceIsToldWhatToInvalidate) {
  b.in_simulation([&] {
    b.push(0x40 | 1U << 9 | 1U << 11 | 5U << 12 | std::uint64_t{sid} << 32, va | 3);
    b.push(0x46);
  });
  ASSERT_EQ(b.messages.size(), 1U);
  const Message& m = b.messages[0];
  EXPECT_EQ(m.extension.message, AtsMessage::invalidate);
  EXPECT_EQ(m.address, va);
  EXPECT_EQ(m.extension.size_shift, 15);
  EXPECT_EQ(m.stream_id, sid);
  EXPECT_TRUE(m.substream_valid);
  EXPECT_EQ(m.substream_id, 5U);
  EXPECT_TRUE(m.extension.global);
  EXPECT_TRUE(b.commands_done());
}

TEST_F(AtsShell, ASyncWaitsForADeviceThatWaitsOrIsAhead) {
  for (const bool waits : {false, true}) {
    sc_time done;
    b.device = [waits](tlm::tlm_generic_payload&, sc_time& delay) {
      if (waits) {
        sc_core::wait(ns(3000));
      } else {
        delay += ns(3000);
      }
      return tlm::TLM_OK_RESPONSE;
    };
    b.messages.clear();
    b.in_simulation([&] {
      invalidate_and_sync();
      while (!b.commands_done()) wait(ns(10));
      done = sc_core::sc_time_stamp();
    });
    ASSERT_EQ(b.messages.size(), 1U);
    EXPECT_GE(done, b.messages[0].at + ns(3000));
    EXPECT_LT(done, b.messages[0].at + ns(3200));
  }
}

TEST_F(AtsShell, AnAccessGoesOnWhileADeviceDoesNotAnswer) {
  sc_core::sc_event never;
  b.device = [&](tlm::tlm_generic_payload&, sc_time&) {
    sc_core::wait(never);
    return tlm::TLM_OK_RESPONSE;
  };
  Request r(va, AtsPhase::None);
  b.in_simulation([&] {
    invalidate_and_sync();
    wait(ns(1000));
    b.blocking(r);
  });
  EXPECT_EQ(r.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(error(), 3U) << "CERROR_ATC_INV_SYNC";
  EXPECT_EQ(b.reg(0x60) ^ b.reg(0x64), smmuv3::GERROR_CMDQ_ERR);
  b.device = [](tlm::tlm_generic_payload&, sc_time&) { return tlm::TLM_OK_RESPONSE; };
  b.in_simulation([&] {
    never.notify();
    wait(ns(10));
    b.set(0x64, b.reg(0x60));
    invalidate_and_sync();
  });
  EXPECT_TRUE(b.commands_done());
  EXPECT_EQ(b.messages.size(), 2U);
}

TEST_F(AtsShell, WhoAnswersWithAnErrorHasTimedOutAndWhoIsNotThereHasNothingToInvalidate) {
  b.device = [](tlm::tlm_generic_payload&, sc_time&) { return tlm::TLM_ADDRESS_ERROR_RESPONSE; };
  b.in_simulation([&] { invalidate_and_sync(); });
  EXPECT_TRUE(b.commands_done());
  b.device = [](tlm::tlm_generic_payload&, sc_time&) { return tlm::TLM_GENERIC_ERROR_RESPONSE; };
  b.in_simulation([&] { invalidate_and_sync(); });
  EXPECT_EQ(error(), 3U);
}

TEST_F(AtsShell, WithoutAtsRequestsAreRefusedAndTheCommandIsIllegal) {
  AtsBench& p = plain();
  Request r(va, AtsPhase::TranslationRequest);
  Request t(pa, AtsPhase::Translated);
  p.in_simulation([&] {
    p.fresh();
    p.blocking(r);
    p.blocking(t);
    p.push(0x40 | std::uint64_t{sid} << 32, va);
  });
  EXPECT_EQ(r.payload.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(t.payload.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(p.reg(0x9c) >> 24 & 0x7f, 1U);
}

TEST_F(AtsShell, NothingLeavesForADeviceWithoutAClockAndNothingOfBeforeAfterALossOfPower) {
  sc_core::sc_event release;
  b.device = [&](tlm::tlm_generic_payload&, sc_time&) {
    sc_core::wait(release);
    return tlm::TLM_OK_RESPONSE;
  };
  for (sc_core::sc_signal<bool>* line : {&b.clock, &b.power}) {
    const bool loses = line == &b.power;
    b.messages.clear();
    b.in_simulation([&] {
      b.fresh();
      for (unsigned i = 0; i < 2; ++i) b.push(0x40 | std::uint64_t{sid} << 32, va);
      wait(ns(1000));
      EXPECT_EQ(b.messages.size(), 1U) << "the second one waits";
      line->write(false);
      wait(ns(1));
      release.notify();
      wait(ns(5000));
      EXPECT_EQ(b.messages.size(), 1U);
      line->write(true);
      wait(ns(1000));
      EXPECT_EQ(b.messages.size(), loses ? 1U : 2U);
      release.notify();
      wait(ns(1000));
    });
  }
}

TEST_F(AtsShell, WhatIsBeingInvalidatedIsInvalidatedAgainFromASavedState) {
  sc_core::sc_event release;
  b.device = [&](tlm::tlm_generic_payload&, sc_time&) {
    sc_core::wait(release);
    return tlm::TLM_OK_RESPONSE;
  };
  std::stringstream saved;
  b.in_simulation([&] {
    invalidate_and_sync();
    wait(ns(1000));
    EXPECT_FALSE(b.smmu.save(saved));
    release.notify();
    wait(ns(1000));
    EXPECT_TRUE(b.commands_done());
    EXPECT_FALSE(b.smmu.load(saved));
    wait(ns(1000));
    EXPECT_FALSE(b.commands_done());
    EXPECT_EQ(b.messages.size(), 2U);
    release.notify();
  });
  EXPECT_TRUE(b.commands_done());
}

void elaborate() {
  bench();
  plain();
}

}  // namespace
}  // namespace smmuvp

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::elaborate();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
