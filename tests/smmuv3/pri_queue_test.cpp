// Page requests, the PRI queue, and what happens when it cannot take them (IHI 0070 chapter 8).
#include <gtest/gtest.h>

#include "pri_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

std::uint64_t number_at(const std::array<std::uint64_t, 2>& entry, unsigned high, unsigned low) {
  return bits(entry, high, low);
}

TEST(PriRecord, HasTheFieldsOfTheRequestAtTheirPlaces) {
  PriWorld w;
  w.start_pri();
  PageRequest p;
  p.StreamID = 0x0000'0012;
  p.SSV = true;
  p.SubstreamID = 0x9a;
  p.PRGIndex = 0x1ff;
  p.PageAddress = 0xffff'0123'4567'8000;
  p.Last = p.W = p.X = p.Priv = true;
  EXPECT_EQ(w.ask(p), Outcome::razwi) << "posted, and taken";
  const auto e = w.pop();
  ASSERT_TRUE(e);
  EXPECT_EQ((*e)[0], 1ULL << 63 | 1ULL << 62 | 1ULL << 61 | 1ULL << 59 | 1ULL << 58 | 0x9aULL << 32 | 0x12);
  EXPECT_EQ((*e)[1], 0xffff'0123'4567'8000ULL | 0x1ff);
  EXPECT_EQ(PageRequest::decode(*e).words(), *e);
  EXPECT_TRUE(w.messages().empty());
}

TEST(PriRecord, HasNoXNorPrivNorSubstreamIDWithoutSsv) {
  PriWorld w;
  w.start_pri();
  PageRequest p = PriWorld::page(5, 7, false);
  p.SubstreamID = 3;
  p.X = p.Priv = true;
  w.ask(p);
  EXPECT_EQ((*w.pop())[0], 1ULL << 60 | 5);
}

TEST(PriRecord, HasNoSsvWithoutSubstreams) {
  Features f = with_pri();
  f.SSIDSIZE = 0;
  PriWorld w(f);
  w.start_pri();
  w.ask(PriWorld::page(5, 7, true, 3));
  EXPECT_EQ((*w.pop())[0], 1ULL << 62 | 1ULL << 60 | 5);
}

TEST(PriRecord, IsWrittenWithTheAttributesOfQueues) {
  PriWorld w;
  w.start_pri();
  w.only_ask(PriWorld::page(1, 0));
  PriQueue& q = w.smmu.interface().page_requests();
  ASSERT_EQ(q.step(w.now), smmu::Step::need);
  EXPECT_EQ(q.op().address, PriWorld::priq);
  EXPECT_EQ(q.op().size, 16U);
  EXPECT_EQ(q.op().attributes.SH, pgtable::Shareability::inner);
  EXPECT_EQ(w.read(PriWorld::PROD), 0U) << "not before it is in memory";
}

TEST(PriRequest, IsAcceptedWhateverTheStreamsConfigurationSays) {
  PriWorld w;
  w.start_pri();
  w.put_ste(1, ste_abort());
  for (const std::uint32_t sid : {1U, 2U, 0xffffU}) w.ask(PriWorld::page(sid, 0));
  EXPECT_EQ(w.used(), 3U);
  EXPECT_FALSE(w.pop_event());
}

TEST(PriRequest, IsNeverMadeByATranslationFault) {
  PriWorld w;
  w.start_pri();
  w.stream(1);
  w.access(1, 0x5000);
  EXPECT_TRUE(w.pop_event());
  EXPECT_EQ(w.used(), 0U);
}

TEST(PriRequest, IsAnUnsupportedTransactionWithoutPri) {
  Features f = with_pri();
  f.PRI = false;
  PriWorld w(f);
  w.start();
  EXPECT_EQ(w.ask(PriWorld::page(1, 0)), Outcome::abort);
  EXPECT_EQ(bits(*w.pop_event(), 7, 0), 1U) << "F_UUT";
}

TEST(PriRequest, ThatADebuggerMakesIsNone) {
  PriWorld w;
  w.start_pri();
  smmu::AccessRequest r = w.request_of(PriWorld::page(1, 0));
  r.debug = true;
  w.access(r);
  EXPECT_EQ(w.used(), 0U);
  EXPECT_FALSE(w.pop_event());
}

TEST(PriQueue, KeepsTheOrderOfRequestsAndWraps) {
  PriWorld w;
  w.start_pri();
  for (std::uint16_t i = 0; i < 20; ++i) {
    w.ask(PriWorld::page(1, i, i % 3 == 0));
    const auto e = w.pop();
    ASSERT_TRUE(e);
    EXPECT_EQ(number_at(*e, 72, 64), i);
    EXPECT_EQ(w.read(PriWorld::PROD), (i + 1U) & 7U);
  }
}

TEST(PriQueue, OfOneEntryHasAWrapBitOnly) {
  PriWorld w;
  w.write(0xc0, PriWorld::priq, 8);
  w.start(8, PriWorld::all);
  w.ask(PriWorld::page(1, 3));
  EXPECT_EQ(w.read(PriWorld::PROD), 1U);
  w.write(PriWorld::CONS, 1);
  w.ask(PriWorld::page(1, 4));
  EXPECT_EQ(w.read(PriWorld::PROD), 0U);
  EXPECT_EQ(w.memory.read(PriWorld::priq + 8, 8) & 0x1ff, 4U);
}

TEST(PriQueue, WritesRequestsOfAMasterThatRunsAheadInTheOrderOfTheirTimes) {
  PriWorld w;
  w.start_pri();
  PageRequest late = PriWorld::page(1, 1), early = PriWorld::page(2, 2);
  late.time = 5000;
  early.time = 1000;
  w.only_ask(late);
  w.only_ask(early);
  w.work();
  EXPECT_EQ(number_at(*w.pop(), 72, 64), 2U);
  EXPECT_EQ(number_at(*w.pop(), 72, 64), 1U);
}

// 6.3.9.5, 8.2
TEST(PriQueue, ThatIsNotEnabledAnswersEachRequestWithResponseFailureAndNoPasid) {
  for (const std::uint32_t cr0 : {0U, CR0_PRIQEN, CR0_SMMUEN, CR0_implemented}) {
    PriWorld w;
    w.start_pri(cr0);
    w.put_ste(1, ste_bypass().set(82, 1, 1));
    for (const bool last : {false, true}) {
      EXPECT_EQ(w.ask(PriWorld::page(1, 0x155, last, 3)), Outcome::razwi);
      const AtcMessage m = w.message();
      EXPECT_EQ(m.kind, AtcMessage::Kind::page_response);
      EXPECT_EQ(m.response, Response::failure);
      EXPECT_EQ(m.StreamID, 1U);
      EXPECT_EQ(m.PRGI, 0x155U);
      EXPECT_FALSE(m.SSV);
    }
    EXPECT_EQ(w.read(PriWorld::PROD), 0U) << "neither an entry nor an overflow";
    EXPECT_EQ(w.irqs.priq, 0);
    EXPECT_FALSE(w.pop_event());
  }
}

TEST(PriQueue, TakesNothingFromASecureStreamAndAnswersItWithResponseFailure) {
  Features f = with_pri();
  f.SECURE_IMPL = true;
  PriWorld w(f);
  w.start_pri();
  ProgrammingInterface& secure = *w.smmu.secure_interface();
  secure.atc_messages().connect(true);
  secure.write(0x8020, 4, AccessSecurity::Secure, w.now, PriWorld::all);  // S_CR0
  w.work();
  std::uint64_t S_CR0ACK = 0;
  secure.read(0x8024, 4, AccessSecurity::Secure, w.now, S_CR0ACK);
  EXPECT_EQ(S_CR0ACK, CR0_implemented) << "it has no PRIQEN";
  smmu::AccessRequest r = w.request_of(PriWorld::page(1, 0x77, true, 3));
  r.secure_stream = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::razwi);
  EXPECT_EQ(w.used(), 0U);
  EXPECT_TRUE(w.messages().empty());
  const auto taken = secure.atc_messages().take(secure.atc_messages().departure().value_or(0));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->message.response, Response::failure);
  EXPECT_EQ(taken->message.PRGI, 0x77U);
  EXPECT_FALSE(taken->message.SSV);
}

TEST(PriQueue, NeverAnswersAStopMarker) {
  PriWorld w;
  w.start_pri(0);
  w.ask(PriWorld::stop_marker(1, 2));  // not enabled
  w.write(0x20, PriWorld::all);
  w.ask(PriWorld::stop_marker(1, 2));  // recorded
  EXPECT_EQ((*w.pop())[0], 1ULL << 63 | 1ULL << 62 | 2ULL << 32 | 1);
  for (int i = 0; i < 6; ++i) w.ask(PriWorld::stop_marker(1, 2));
  EXPECT_TRUE(w.overflowed()) << "a message that finds no room, too";
  w.take_all();
  w.memory.make_abort(PriWorld::priq);
  w.ask(PriWorld::stop_marker(1, 2));
  EXPECT_TRUE(w.error(GERROR_PRIQ_ABT_ERR));
  w.ask(PriWorld::stop_marker(1, 2));
  EXPECT_TRUE(w.messages().empty());
}

TEST(PriQueue, TakesWhatLooksLikeAStopMarkerWithoutAPasidForAPageRequest) {
  PriWorld w;
  w.start_pri(0);
  PageRequest p = PriWorld::page(1, 4);
  p.R = false;
  w.ask(p);
  EXPECT_EQ(w.message().response, Response::failure);
}

// 8.1
TEST(PriOverflow, TogglesOvflgOnceAndKeepsEntriesOutUntilItIsAcknowledged) {
  PriWorld w;
  w.start_pri();
  for (std::uint16_t i = 0; i < 4; ++i) w.ask(PriWorld::page(1, i, false));
  EXPECT_FALSE(w.overflowed());
  EXPECT_TRUE(w.messages().empty());
  w.ask(PriWorld::page(1, 4, false));
  EXPECT_EQ(w.read(PriWorld::PROD), QUEUE_OVFLG | 4U);
  w.ask(PriWorld::page(1, 5, false));
  EXPECT_EQ(w.read(PriWorld::PROD), QUEUE_OVFLG | 4U);
  EXPECT_TRUE(w.messages().empty()) << "without Last they are ignored in silence";
  EXPECT_FALSE(w.error(~0U)) << "no global error";

  while (w.pop()) {
  }
  w.ask(PriWorld::page(1, 6, true));
  EXPECT_EQ(w.read(PriWorld::PROD), QUEUE_OVFLG | 4U)
      << "there is room, and the overflow is not acknowledged";
  EXPECT_EQ(w.message().PRGI, 6U);

  w.write(PriWorld::CONS, w.read(PriWorld::CONS) | QUEUE_OVFLG);
  w.ask(PriWorld::page(1, 7));
  EXPECT_EQ(number_at(*w.pop(), 72, 64), 7U);
  EXPECT_TRUE(w.messages().empty());
  for (std::uint16_t i = 0; i < 5; ++i) w.ask(PriWorld::page(1, i, false));
  EXPECT_EQ(w.read(PriWorld::PROD) & QUEUE_OVFLG, 0U) << "another overflow toggles it back";
}

TEST(PriOverflow, IsActiveWhereverSoftwareMakesTheFlagsDiffer) {
  PriWorld w;
  w.start_pri();
  w.write(PriWorld::CONS, QUEUE_OVFLG);
  w.ask(PriWorld::page(1, 0));
  EXPECT_EQ(w.read(PriWorld::PROD), 0U);
  EXPECT_EQ(w.message().response, Response::success);
}

class PriOverflowAnswer : public ::testing::Test {
 protected:
  /// A world whose queue has overflowed.
  static std::unique_ptr<PriWorld> full(bool PPS = false, std::uint8_t SSIDSIZE = 8) {
    Features f = with_pri();
    f.PPS = PPS;
    f.SSIDSIZE = SSIDSIZE;
    auto w = std::make_unique<PriWorld>(f);
    w->start_pri();
    w->write(PriWorld::CONS, QUEUE_OVFLG);
    return w;
  }
};

TEST_F(PriOverflowAnswer, IsSuccessWithoutAPasidWhereTheRequestHasNone) {
  for (const bool PPS : {false, true}) {
    auto w = full(PPS);
    w->ask(PriWorld::page(1, 9));  // whatever STE 1 is
    const AtcMessage m = w->message();
    EXPECT_EQ(m.response, Response::success);
    EXPECT_EQ(m.StreamID, 1U);
    EXPECT_EQ(m.PRGI, 9U);
    EXPECT_FALSE(m.SSV);
    EXPECT_FALSE(w->pop_event());
  }
}

TEST_F(PriOverflowAnswer, HasThePasidOfTheRequestAsSteParSays) {
  for (const bool PPAR : {false, true}) {
    // 5.2.1: a stream that aborts is valid as well
    for (const Structure& ste : {ste_bypass(), ste_abort(), ste_stage1(0x1234'0000)}) {
      auto w = full();
      w->put_ste(1, Structure(ste).set(82, 1, PPAR ? 1 : 0));
      w->ask(PriWorld::page(1, 9, true, 0x2a));
      const AtcMessage m = w->message();
      EXPECT_EQ(m.response, Response::success);
      EXPECT_EQ(m.SSV, PPAR);
      EXPECT_EQ(m.SubstreamID, PPAR ? 0x2aU : 0U);
      EXPECT_FALSE(w->pop_event());
    }
  }
}

TEST_F(PriOverflowAnswer, HasThePasidWithPpsAndReadsNoSte) {
  auto w = full(true);
  w->memory.make_abort(World::strtab);
  w->ask(PriWorld::page(1, 9, true, 0x2a));
  const AtcMessage m = w->message();
  EXPECT_EQ(m.response, Response::success);
  EXPECT_TRUE(m.SSV);
  EXPECT_EQ(m.SubstreamID, 0x2aU);
}

TEST_F(PriOverflowAnswer, HasNoPasidWithoutSubstreams) {
  auto w = full(false, 0);
  w->put_ste(1, ste_bypass().set(82, 1, 1));
  w->ask(PriWorld::page(1, 9, true, 0x2a));
  const AtcMessage m = w->message();
  EXPECT_EQ(m.response, Response::success);
  EXPECT_FALSE(m.SSV);
}

TEST_F(PriOverflowAnswer, IsFailureWithoutAPasidWhereTheSteCannotBeChecked) {
  struct Row {
    const char* what;
    std::uint32_t sid;
    void (*make)(PriWorld&);
    unsigned event;
    bool by_RECINVSID;
  };
  for (const Row& row :
       {Row{"out of range", 0x100, [](PriWorld&) {}, 0x02, true},
        Row{"V is 0", 1, [](PriWorld& w) { w.put_ste(1, ste_bypass().set(0, 1, 0).set(82, 1, 1)); }, 0x04,
            false},
        Row{"ILLEGAL", 1, [](PriWorld& w) { w.put_ste(1, ste_stage1(0).set(59, 5, 31).set(82, 1, 1)); }, 0x04,
            false},
        Row{"abort", 1, [](PriWorld& w) { w.memory.make_abort(World::strtab); }, 0x03, false}}) {
    for (const bool REC_CFG_ATS : {false, true}) {
      for (const bool RECINVSID : {false, true}) {
        SCOPED_TRACE(row.what);
        auto w = full();
        w->write(0x20, CR0_EVENTQEN | CR0_CMDQEN | CR0_PRIQEN);
        w->work();
        w->write(0x2c, (REC_CFG_ATS ? CR2_REC_CFG_ATS : 0U) | (RECINVSID ? CR2_RECINVSID : 0U));
        w->write(0x20, PriWorld::all);
        row.make(*w);
        w->ask(PriWorld::page(row.sid, 9, true, 0x2a));
        const AtcMessage m = w->message();
        EXPECT_EQ(m.response, Response::failure);
        EXPECT_FALSE(m.SSV);
        EXPECT_EQ(m.StreamID, row.sid);
        EXPECT_EQ(m.PRGI, 9U);
        const auto event = w->pop_event();
        ASSERT_EQ(event.has_value(), REC_CFG_ATS && (RECINVSID || !row.by_RECINVSID));
        if (!event) continue;
        EXPECT_EQ(bits(*event, 7, 0), row.event);
        EXPECT_EQ(bits(*event, 63, 32), row.sid);
        EXPECT_EQ(bits(*event, 31, 11), 0x2aU << 1 | 1U) << "SubstreamID, SSV";
        if (row.event == 3) {
          EXPECT_EQ((*event)[3], World::strtab + 64);
        }
      }
    }
  }
}

TEST_F(PriOverflowAnswer, UsesTheCachedSteUntilItIsInvalidated) {
  auto w = full();
  w->put_ste(1, ste_bypass().set(82, 1, 1));
  w->ask(PriWorld::page(1, 1, true, 3));
  EXPECT_TRUE(w->message().SSV);
  w->put_ste(1, ste_bypass());
  w->ask(PriWorld::page(1, 1, true, 3));
  EXPECT_TRUE(w->message().SSV);
  w->command(0x03 | 1ULL << 32, 1);
  w->command(0x46);
  w->ask(PriWorld::page(1, 1, true, 3));
  EXPECT_FALSE(w->message().SSV);
}

TEST_F(PriOverflowAnswer, ACmdSyncWaitsForTheUseOfAnSte) {
  auto w = full();
  w->put_ste(1, ste_bypass().set(82, 1, 1));
  w->only_ask(PriWorld::page(1, 1, true, 3));
  PriQueue& q = w->smmu.interface().page_requests();
  ASSERT_EQ(q.step(w->now), smmu::Step::need) << "the STE";
  w->push(0x03 | 1ULL << 32, 1);
  w->push(0x46);
  while (w->work_on(w->commands())) {
  }
  EXPECT_FALSE(w->commands_done());
  w->work();
  EXPECT_TRUE(w->commands_done());
}

TEST_F(PriOverflowAnswer, AnEventOfItsLookUpWaitsForRoom) {
  Features f = with_pri();
  Structures s = World::untimed();
  s.event_buffer = 1;
  PriWorld w(f, s);
  w.start_pri(0);
  w.write(0x2c, CR2_REC_CFG_ATS | CR2_RECINVSID);
  w.write(0x20, PriWorld::all);
  w.write(PriWorld::CONS, QUEUE_OVFLG);
  Access a(w.smmu, World::request(9, 0x1000));  // C_BAD_STE
  while (a.step() == smmu::Step::need) a.complete(w.memory.carry_out(a.op()));
  w.only_ask(PriWorld::page(1, 1, true, 3));
  PriQueue& q = w.smmu.interface().page_requests();
  ASSERT_EQ(q.step(w.now), smmu::Step::need);
  q.complete(w.memory.carry_out(q.op()));
  EXPECT_EQ(q.step(w.now), smmu::Step::stalled);
  EXPECT_FALSE(q.due());
  w.work();
  EXPECT_EQ(bits(*w.pop_event(), 63, 32), 9U);
  EXPECT_EQ(bits(*w.pop_event(), 63, 32), 1U);
}

// 8.2, 7.2.2
TEST(PriAbort, IsAGlobalErrorAndAnswersTheRequestWithResponseFailure) {
  PriWorld w;
  w.start_pri();
  w.memory.make_abort(PriWorld::priq);
  w.ask(PriWorld::page(1, 0x11, false, 3));
  EXPECT_TRUE(w.error(GERROR_PRIQ_ABT_ERR));
  EXPECT_EQ(w.irqs.gerror, 1);
  EXPECT_EQ(w.irqs.priq, 0);
  EXPECT_EQ(w.read(PriWorld::PROD), 0U);
  AtcMessage m = w.message();
  EXPECT_EQ(m.response, Response::failure);
  EXPECT_EQ(m.PRGI, 0x11U);
  EXPECT_FALSE(m.SSV);

  w.memory.make_ok(PriWorld::priq);
  w.ask(PriWorld::page(1, 0x12, false, 3));
  EXPECT_EQ(w.read(PriWorld::PROD), 0U) << "nothing is written while it is active";
  m = w.message();
  EXPECT_EQ(m.response, Response::failure);
  EXPECT_EQ(m.PRGI, 0x12U);
  EXPECT_FALSE(m.SSV);

  w.write(0x64, w.read(0x60));
  w.ask(PriWorld::page(1, 0x13));
  EXPECT_EQ(number_at(*w.pop(), 72, 64), 0x13U);
  EXPECT_TRUE(w.messages().empty());
}

TEST(PriDisable, IsAcknowledgedWhenTheRequestsThatCameBeforeAreInTheQueue) {
  for (const std::uint32_t bit : {CR0_PRIQEN, CR0_SMMUEN}) {
    PriWorld w;
    w.start_pri();
    w.only_ask(PriWorld::page(1, 1));
    w.only_ask(PriWorld::page(1, 2));
    PriQueue& q = w.smmu.interface().page_requests();
    ASSERT_EQ(q.step(w.now), smmu::Step::need);
    w.write(0x20, PriWorld::all & ~bit);
    EXPECT_EQ(w.read(0x24), PriWorld::all);
    w.only_ask(PriWorld::page(1, 3));
    w.work();
    EXPECT_EQ(w.read(0x24), PriWorld::all & ~bit);
    EXPECT_EQ(w.used(), 2U);
    EXPECT_EQ(w.message().PRGI, 3U) << "it came when the queue was being disabled";
  }
}

TEST(PriBuffer, HoldsAMasterUntilThereIsRoom) {
  Structures s = World::untimed();
  s.page_request_buffer = 1;
  PriWorld w(with_pri(), s);
  w.start_pri();
  w.only_ask(PriWorld::page(1, 1));
  Access a(w.smmu, w.request_of(PriWorld::page(1, 2)));
  EXPECT_EQ(a.step(), smmu::Step::stalled);
  EXPECT_EQ(a.step(), smmu::Step::stalled);
  w.work();
  EXPECT_EQ(a.step(), smmu::Step::done);
  w.work();
  EXPECT_EQ(w.used(), 2U);
}

TEST(PriBuffer, AResetWhileAMasterWaitsEndsItsRequest) {
  Structures s = World::untimed();
  s.page_request_buffer = 1;
  PriWorld w(with_pri(), s);
  w.start_pri();
  w.only_ask(PriWorld::page(1, 1));
  Access a(w.smmu, w.request_of(PriWorld::page(1, 2)));
  EXPECT_EQ(a.step(), smmu::Step::stalled);
  w.smmu.reset();
  EXPECT_EQ(a.step(), smmu::Step::done);
  EXPECT_EQ(a.answer().outcome, Outcome::abort);
}

TEST(PriStatistics, CountWhatIsRecordedWhatIsLostAndWhatTheSmmuAnswers) {
  PriWorld w;
  w.start_pri();
  for (std::uint16_t i = 0; i < 6; ++i) w.ask(PriWorld::page(1, i));
  w.ask(PriWorld::stop_marker(1, 1));
  EXPECT_EQ(w.smmu.statistics().page_requests, 4U);
  EXPECT_EQ(w.smmu.statistics().page_requests_lost, 3U);
  EXPECT_EQ(w.smmu.statistics().page_responses, 2U);
  w.command(PriWorld::pri_resp(1), 2U << 12);
  EXPECT_EQ(w.smmu.statistics().page_responses, 2U) << "software's own are not among them";
}

}  // namespace
}  // namespace smmuvp::smmuv3
