// Responses by software, interrupts and times of the PRI queue (IHI 0070 3.18, 4.5.2, 6.3.34 to 6.3.36, 7.5).
#include <gtest/gtest.h>

#include <string>

#include "pri_world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t doorbell = 0x7000'0040;

std::uint64_t group(std::uint16_t PRGI, std::uint8_t Resp) { return PRGI | std::uint64_t{Resp} << 12; }

TEST(PriResp, SendsItsResponseToTheDevice) {
  struct Row {
    std::uint8_t Resp;
    Response code;
  };
  for (const Row& row :
       {Row{RESP_ResponseFailure, Response::failure}, Row{RESP_InvalidRequest, Response::invalid_request},
        Row{RESP_Success, Response::success}}) {
    PriWorld w;
    w.start_pri();
    w.command(PriWorld::pri_resp(0x1234, 0x9a), group(0x1ff, row.Resp));
    const AtcMessage m = w.message();
    EXPECT_EQ(m.kind, AtcMessage::Kind::page_response);
    EXPECT_EQ(m.StreamID, 0x1234U);
    EXPECT_TRUE(m.SSV);
    EXPECT_EQ(m.SubstreamID, 0x9aU);
    EXPECT_EQ(m.PRGI, 0x1ffU);
    EXPECT_EQ(m.response, row.code);
    w.command(PriWorld::pri_resp(1), group(0, row.Resp));
    EXPECT_FALSE(w.message().SSV);
    EXPECT_TRUE(w.commands_done());
  }
}

TEST(PriResp, ReservedResponseCodeIsIllegal) {
  PriWorld w;
  w.start_pri();
  w.command(PriWorld::pri_resp(1), group(0, 3));
  EXPECT_EQ(w.read(0x9c) >> 24, 1U) << "CERROR_ILL";
  EXPECT_TRUE(w.error(GERROR_CMDQ_ERR));
  EXPECT_TRUE(w.messages().empty());
  EXPECT_FALSE(w.commands_done());
}

TEST(PriResp, IsIllegalWithoutPri) {
  Features f = with_pri();
  f.PRI = false;
  PriWorld w(f);
  w.start();
  w.command(PriWorld::pri_resp(1), group(0, RESP_Success));
  EXPECT_EQ(w.read(0x9c) >> 24, 1U);
}

TEST(PriResp, IsIgnoredWhileSmmuenIs0) {
  PriWorld w;
  w.start_pri(CR0_CMDQEN | CR0_PRIQEN);
  w.command(PriWorld::pri_resp(1), group(0, RESP_Success));
  EXPECT_TRUE(w.commands_done());
  EXPECT_TRUE(w.messages().empty());
}

TEST(PriResp, HasNoPasidWithoutSubstreams) {
  Features f = with_pri();
  f.SSIDSIZE = 0;
  PriWorld w(f);
  w.start_pri();
  w.command(PriWorld::pri_resp(1, 3), group(4, RESP_Success));
  EXPECT_FALSE(w.message().SSV);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "CMD_PRI_RESP.SSV");
}

// 4.1.7
TEST(PriResp, OfIdsBeyondTheirSizesAffectsNothing) {
  PriWorld w;
  w.start_pri();
  w.command(PriWorld::pri_resp(0x10000), group(0, RESP_Success));
  w.command(PriWorld::pri_resp(1, 0x100), group(0, RESP_Success));
  EXPECT_TRUE(w.messages().empty());
  EXPECT_EQ(w.diag.all.size(), 2U);
  w.command(PriWorld::pri_resp(1) | 0x100ULL << 12, group(0, RESP_Success));
  EXPECT_EQ(w.messages().size(), 1U) << "SubstreamID is IGNORED without SSV";
  EXPECT_EQ(w.diag.all.size(), 2U);
}

TEST(PriResp, NeverMovesRdAndNeedsNoRequest) {
  PriWorld w;
  w.start_pri();
  w.ask(PriWorld::page(1, 5));
  w.ask(PriWorld::page(1, 6));
  w.command(PriWorld::pri_resp(1), group(6, RESP_Success));
  w.command(PriWorld::pri_resp(1), group(5, RESP_Success));
  w.command(PriWorld::pri_resp(1), group(5, RESP_Success));
  w.command(PriWorld::pri_resp(7), group(9, RESP_Success));
  const auto told = w.messages();
  ASSERT_EQ(told.size(), 4U) << "no group and no order is asked for";
  EXPECT_EQ(told[0].PRGI, 6U);
  EXPECT_EQ(told[3].StreamID, 7U);
  EXPECT_EQ(w.read(PriWorld::CONS), 0U);
  EXPECT_EQ(w.used(), 2U);
}

TEST(PriIrq, ComesWhenTheQueueBecomesNonEmpty) {
  PriWorld w;
  w.start_pri();
  w.ask(PriWorld::page(1, 0, false));
  EXPECT_EQ(w.irqs.priq, 1);
  w.ask(PriWorld::page(1, 1));
  EXPECT_EQ(w.irqs.priq, 1);
  w.take_all();
  w.ask(PriWorld::page(1, 2));
  EXPECT_EQ(w.irqs.priq, 2);
  for (int i = 0; i < 5; ++i) w.ask(PriWorld::page(1, 3));
  EXPECT_EQ(w.irqs.priq, 2) << "an overflow has no interrupt of its own";
  EXPECT_EQ(w.irqs.eventq + w.irqs.gerror, 0);
}

TEST(PriIrq, IsOffWithoutPriqIrqen) {
  PriWorld w;
  w.start_pri();
  w.write(0x50, IRQ_CTRL_implemented);
  w.ask(PriWorld::page(1, 0));
  EXPECT_EQ(w.irqs.priq, 0);
  EXPECT_EQ(w.used(), 1U);
}

TEST(PriIrq, ComesWithLastOnlyForEachRequestThatHasLastAndIsRecordedOrOverflows) {
  PriWorld w;
  w.start_pri();
  w.configure_irq(0, 0, PRIQ_IRQ_CFG2_LO);
  w.ask(PriWorld::page(1, 0, false));
  EXPECT_EQ(w.irqs.priq, 0);
  w.ask(PriWorld::page(1, 0));
  EXPECT_EQ(w.irqs.priq, 1);
  w.ask(PriWorld::page(1, 1));
  EXPECT_EQ(w.irqs.priq, 2) << "though it was not empty";
  w.ask(PriWorld::stop_marker(1, 1));
  EXPECT_EQ(w.irqs.priq, 3) << "it has the L bit";
  w.ask(PriWorld::page(1, 2, false));  // overflows
  EXPECT_EQ(w.irqs.priq, 3);
  w.ask(PriWorld::page(1, 2));
  EXPECT_EQ(w.irqs.priq, 4);
  w.ask(PriWorld::stop_marker(1, 1));
  EXPECT_EQ(w.irqs.priq, 5);
  w.write(0x20, CR0_implemented);
  w.ask(PriWorld::page(1, 3));
  EXPECT_EQ(w.irqs.priq, 5) << "what is discarded for any other reason does not interrupt";
  w.write(0x20, PriWorld::all);
  w.take_all();
  w.memory.make_abort(PriWorld::priq);
  w.ask(PriWorld::page(1, 4));
  EXPECT_EQ(w.irqs.priq, 5);
}

TEST(PriMsi, FollowsTheEntryAndProd) {
  PriWorld w;
  w.start_pri();
  w.configure_irq(doorbell, 0xcafe'0021, 0x3f);
  w.only_ask(PriWorld::page(1, 5));
  for (bool worked = true; worked;) {
    worked = false;
    for (smmu::Worker* worker : w.smmu.workers()) {
      if (worker != &w.smmu.interface().msis()) worked = w.work_on(*worker) || worked;
    }
  }
  EXPECT_EQ(w.read(PriWorld::PROD), 1U);
  EXPECT_EQ(w.memory.read(doorbell, 4), 0U);
  w.work();
  EXPECT_EQ(w.memory.read(doorbell, 4), 0xcafe'0021U);
  EXPECT_EQ(w.irqs.priq, 1) << "the wire, too";
}

TEST(PriMsi, IsNotSentToAddress0) {
  PriWorld w;
  w.start_pri();
  w.configure_irq(0, 0x1234, 0);
  w.ask(PriWorld::page(1, 5));
  EXPECT_EQ(w.used(), 1U);
  EXPECT_EQ(w.irqs.priq, 1) << "the wire has it";
  EXPECT_EQ(w.smmu.statistics().msis, 0U);
}

TEST(PriMsi, ThatIsAbortedHasAGlobalErrorOfItsOwn) {
  PriWorld w;
  w.start_pri();
  w.configure_irq(doorbell, 1, 0);
  w.memory.make_abort(doorbell);
  w.ask(PriWorld::page(1, 5));
  EXPECT_TRUE(w.error(GERROR_MSI_PRIQ_ABT_ERR));
  EXPECT_FALSE(w.error(GERROR_PRIQ_ABT_ERR));
  EXPECT_EQ(w.irqs.gerror, 1);
  EXPECT_EQ(w.used(), 1U);
}

TEST(PriMsi, KeepsIrqCtrlackUntilItIsComplete) {
  PriWorld w;
  w.start_pri();
  w.configure_irq(doorbell, 1, 0);
  w.only_ask(PriWorld::page(1, 5));
  for (int i = 0; i < 2; ++i) w.work_on(w.smmu.interface().page_requests());
  w.write(0x50, 0);
  EXPECT_EQ(w.read(0x54), IRQ_CTRL_PRIQ_IRQEN);
  w.work();
  EXPECT_EQ(w.read(0x54), 0U);
}

TEST(PriTime, AnEntryIsWrittenWhenItsRequestHasComeAndWritesFollowOneAnother) {
  Structures s;
  s.port = s.walk_port = {1000, 1000, 1};
  PriWorld w(with_pri(), s);
  w.start_pri();
  w.memory.latency = 500;
  PageRequest p = PriWorld::page(1, 1);
  p.time = 100'000;
  w.only_ask(p);
  w.only_ask(p);
  PriQueue& q = w.smmu.interface().page_requests();
  EXPECT_EQ(q.due(), std::optional<smmu::TimePs>(101'000)) << "the port's latency later";
  ASSERT_EQ(q.step(101'000), smmu::Step::need);
  EXPECT_EQ(q.op().time, 102'000U);
  q.complete(w.memory.carry_out(q.op()));
  EXPECT_GE(*q.due(), 102'500U) << "after the end of the one before";
}

// What Linux's driver does: probe, reset, and its thread (drivers/iommu/arm/arm-smmu-v3).
TEST(PriDriver, OfLinuxTakesRequestsAndDeniesWhatItDoesNotExpect) {
  Features f = with_pri();
  f.PRIQS = 19;
  PriWorld w(f);
  ASSERT_EQ(w.read(0) >> 16 & 1, 1U);
  const unsigned most = std::min(8U, w.read(4) >> 11 & 31U);
  ASSERT_EQ(most, 8U);
  // reset: CR1, CR2, tables; then one queue after the other, each CR0 bit waited for
  w.write(0x28, 0xd75);
  w.write(0x2c, CR2_RECINVSID);
  w.write(0x80, World::strtab | 1ULL << 62, 8);
  w.write(0x88, 8);
  std::uint32_t enables = 0;
  const auto enable = [&](std::uint32_t bit) {
    enables |= bit;
    w.write(0x20, enables);
    w.work();
    EXPECT_EQ(w.read(0x24), enables);
  };
  w.write(0x90, World::cmdq | World::log2_cmds | 1ULL << 62, 8);
  w.write(0x98, 0);
  w.write(0x9c, 0);
  enable(CR0_CMDQEN);
  w.write(0xa0, World::eventq | World::log2_events | 1ULL << 62, 8);
  w.write(0x100a8, 0);
  w.write(0x100ac, 0);
  enable(CR0_EVENTQEN);
  w.write(0xc0, PriWorld::priq | most | 1ULL << 62, 8);
  w.write(PriWorld::PROD, 0);
  w.write(PriWorld::CONS, 0);
  enable(CR0_PRIQEN);
  // interrupts: off, MSI addresses cleared, then on
  w.write(0x50, 0);
  w.write(0xd0, 0, 8);
  w.write(0x50, 7);
  w.work();
  EXPECT_EQ(w.read(0x54), 7U);
  enable(CR0_SMMUEN);
  EXPECT_TRUE(w.diag.all.empty());

  for (std::uint16_t i = 0; i < 3; ++i) w.ask(PriWorld::page(0x21, 7, i == 2, 5));
  EXPECT_EQ(w.irqs.priq, 1);
  // the thread: until it is empty
  std::uint32_t cons = w.read(PriWorld::CONS);
  while (cons != (w.read(PriWorld::PROD) & ~QUEUE_OVFLG)) {
    const std::uint64_t at = PriWorld::priq + 16ULL * (cons & 0xff);
    const std::uint64_t evt0 = w.memory.read(at, 8), evt1 = w.memory.read(at + 8, 8);
    const auto sid = static_cast<std::uint32_t>(evt0);
    const auto ssid = static_cast<std::uint32_t>(evt0 >> 32 & 0xfffff);
    if ((evt0 >> 62 & 1) != 0) {  // PRI_RESP_DENY
      w.command(PriWorld::pri_resp(sid, (evt0 >> 63) != 0 ? std::optional(ssid) : std::nullopt),
                group(evt1 & 0x1ff, RESP_ResponseFailure));
    }
    cons = (cons + 1) & 0x1ff;
    w.write(PriWorld::CONS, cons);
  }
  EXPECT_EQ(cons, 3U);
  const AtcMessage m = w.message();
  EXPECT_EQ(m.StreamID, 0x21U);
  EXPECT_EQ(m.SubstreamID, 5U);
  EXPECT_TRUE(m.SSV);
  EXPECT_EQ(m.PRGI, 7U);
  EXPECT_EQ(m.response, Response::failure);
  EXPECT_TRUE(w.diag.all.empty());
}

}  // namespace
}  // namespace smmuvp::smmuv3
