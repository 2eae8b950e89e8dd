// Page requests, their responses, and how a PASID is stopped. docs/pcie.md, Page requests.
#include "ats_fixture.h"
#include "smmuvp/test/edited_archive.h"

namespace smmuvp {
namespace {

using namespace test;

constexpr std::uint64_t va = 0x100000;
constexpr std::uint64_t pa = Upstream::base + 0x200000;
constexpr unsigned success = 0, invalid = 1, failure = 15;

class PageRequestTest : public ::testing::Test {
 protected:
  void make(const std::string& topology = AtsHost::plain, std::uint32_t allocation = 8,
            const pcie::AtsConfig& ats = {}) {
    host = std::make_unique<AtsHost>(topology, ats);
    host->enable(0, allocation);
    host->start();
    pri = host->capability(ID_PRI);
  }
  void SetUp() override { make(); }
  /// A job that finds no rights, up to where it waits. @return its slot
  unsigned wait_for_pages(std::uint64_t length = 64, std::uint32_t flags = SSV | PAGES,
                          std::uint32_t pasid = 5) {
    const unsigned slot = host->submit({OP_WRITE | flags, 0, va, length, pasid});
    host->run();
    EXPECT_EQ(host->status(slot), 0U) << "it waits";
    return slot;
  }
  std::vector<DmaOperation> requests() const {
    std::vector<DmaOperation> all;
    for (const DmaOperation& o : host->up.seen) {
      if (o.ats == DmaAts::PageRequest) all.push_back(o);
    }
    return all;
  }
  bool respond(std::uint16_t PRGI, unsigned code, int pasid = 5) {
    const bool taken = host->endpoint().page_response(
        PRGI, pasid >= 0, pasid >= 0 ? static_cast<std::uint32_t>(pasid) : 0, code);
    host->run();
    return taken;
  }
  std::uint32_t status() { return host->get_config(pri + PRI_STATUS); }

  std::unique_ptr<AtsHost> host;
  std::uint32_t pri = 0;
};

TEST_F(PageRequestTest, AJobWithoutRightsAsksForThePageAndTriesOnce) {
  const unsigned slot = wait_for_pages();
  ASSERT_EQ(requests().size(), 1U);
  const DmaOperation r = requests()[0];
  EXPECT_EQ(r.address, va);
  EXPECT_EQ(r.length, 8U);
  EXPECT_TRUE(r.write && r.substream_valid && r.ats_fields.last && r.ats_fields.wants_write);
  EXPECT_FALSE(r.ats_fields.wants_read || r.privileged || r.instruction);
  EXPECT_EQ(r.substream_id, 5U);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 1U);
  host->up.map(5, va, {pa});
  EXPECT_TRUE(respond(r.ats_fields.PRGI, success));
  EXPECT_EQ(host->status(slot), OK);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 0U);
  EXPECT_EQ(status(), PASID_REQUIRED);
  // A page that the response did not bring is not asked for again.
  host->up.unmap(5, va);
  host->invalidate(5, va, va + 0xfff);
  const unsigned next = wait_for_pages();
  respond(requests()[1].ats_fields.PRGI, success);
  EXPECT_EQ(host->status(next), NO_RIGHTS);
  EXPECT_EQ(requests().size(), 2U);
}

TEST_F(PageRequestTest, ReadsAskForReadAndInstructionsForExecute) {
  host->submit({OP_READ | SSV | PAGES | INST | PRIV, va + 0x123, 0, 64, 5});
  host->run();
  ASSERT_EQ(requests().size(), 1U);
  const DmaOperation r = requests()[0];
  EXPECT_EQ(r.address, va);
  EXPECT_TRUE(r.ats_fields.wants_read && r.instruction && r.privileged);
  EXPECT_FALSE(r.ats_fields.wants_write);
}

TEST_F(PageRequestTest, AGroupHasConsecutivePagesAndOneLast) {
  host->put_register(ATS_CTRL, 4 << 8);
  const unsigned slot = wait_for_pages(0x2800);
  auto all = requests();
  ASSERT_EQ(all.size(), 3U) << "no more than the job needs";
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(all[i].address, va + 0x1000 * i);
    EXPECT_EQ(all[i].ats_fields.PRGI, all[0].ats_fields.PRGI);
    EXPECT_EQ(all[i].ats_fields.last, i == 2);
  }
  for (unsigned i = 0; i < 3; ++i) host->up.map(5, va + 0x1000 * i, {pa + 0x1000 * i});
  respond(all[0].ats_fields.PRGI, success);
  EXPECT_EQ(host->status(slot), OK);
  EXPECT_EQ(requests().size(), 3U);
}

TEST_F(PageRequestTest, NoMoreIsOutstandingThanAllocated) {
  make(AtsHost::plain, 2);
  host->put_register(ATS_CTRL, 8 << 8);
  wait_for_pages(0x8000);
  EXPECT_EQ(requests().size(), 2U);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 2U);
  // A job that is stopped leaves its group; the next one waits for room.
  host->put_register(DEV_CTRL, 0);
  host->start();
  wait_for_pages();
  EXPECT_EQ(requests().size(), 2U);
  respond(0, success);
  ASSERT_EQ(requests().size(), 3U);
  EXPECT_EQ(requests()[2].ats_fields.PRGI, 1U);
  // Above the capacity the capacity counts; 0 lets none go.
  make(AtsHost::plain, 100, {32, 32, 3, true});
  host->put_register(ATS_CTRL, 8 << 8);
  wait_for_pages(0x8000);
  EXPECT_EQ(requests().size(), 3U);
  make(AtsHost::plain, 0);
  EXPECT_EQ(host->run({OP_WRITE | SSV | PAGES, 0, va, 64, 5}), NO_RIGHTS);
}

TEST_F(PageRequestTest, ResponsesEndTheJobAsTheyTell) {
  struct Case {
    unsigned code;
    std::uint32_t expected, bits;
  };
  for (const Case& c : {Case{invalid, PAGE_INVALID, 0}, Case{failure, PAGE_FAILURE, RESPONSE_FAILURE},
                        Case{7, PAGE_FAILURE, RESPONSE_FAILURE}}) {
    make();
    const unsigned slot = wait_for_pages();
    respond(0, c.code);
    EXPECT_EQ(host->status(slot), c.expected) << c.code;
    EXPECT_EQ(status(), PASID_REQUIRED | c.bits);
  }
}

TEST_F(PageRequestTest, BehindAFailureNothingIsAskedUntilItIsEnabledAnew) {
  wait_for_pages();
  respond(0, failure);
  EXPECT_EQ(host->run({OP_WRITE | SSV | PAGES, 0, va, 64, 5}), NO_RIGHTS);
  respond(9, success);
  EXPECT_EQ(status() & UPRGI, 0U) << "later responses are ignored";
  host->put_config(pri + PRI_STATUS, RESPONSE_FAILURE);
  EXPECT_EQ(status(), PASID_REQUIRED);
  EXPECT_EQ(host->run({OP_WRITE | SSV | PAGES, 0, va, 64, 5}), NO_RIGHTS);
  host->put_config(pri + PRI_CONTROL, 0);
  EXPECT_EQ(status(), PASID_REQUIRED | STOPPED);
  host->put_config(pri + PRI_CONTROL, PRI_ENABLE);
  wait_for_pages();
  EXPECT_EQ(requests().size(), 2U);
}

TEST_F(PageRequestTest, AnUnexpectedResponseIsSeenInStatus) {
  for (const auto& [PRGI, pasid] : {std::pair{1, 5}, {0, 6}, {0, -1}}) {
    make();
    const unsigned slot = wait_for_pages();
    respond(static_cast<std::uint16_t>(PRGI), success, pasid);
    EXPECT_EQ(status(), PASID_REQUIRED | UPRGI) << PRGI << " " << pasid;
    EXPECT_EQ(host->status(slot), 0U) << "the job waits on";
    EXPECT_EQ(host->captured.count("PRGI"), 1U);
    host->put_config(pri + PRI_STATUS, UPRGI);
    EXPECT_EQ(status(), PASID_REQUIRED);
  }
  // A function whose responses carry no PASID does not look at it.
  make("port[dma(ats, pasid=8, pri-plain)]");
  const unsigned slot = wait_for_pages();
  host->up.map(5, va, {pa});
  respond(0, success, -1);
  EXPECT_EQ(host->status(slot), OK);
  EXPECT_EQ(status(), 0U);
}

TEST_F(PageRequestTest, AResponseBeforeTheLastRequestIsUnexpected) {
  host->put_register(ATS_CTRL, 2 << 8);
  host->submit({OP_WRITE | SSV | PAGES, 0, va, 0x2000, 5});
  while (requests().empty()) ASSERT_TRUE(host->step());
  host->endpoint().page_response(0, true, 5, success);
  EXPECT_EQ(status(), PASID_REQUIRED | UPRGI);
  host->run();
  EXPECT_EQ(requests().size(), 2U);
}

TEST_F(PageRequestTest, StoppedRisesWhenNothingIsOutstanding) {
  wait_for_pages();
  host->put_config(pri + PRI_CONTROL, 0);
  EXPECT_EQ(status() & STOPPED, 0U);
  host->up.map(5, va, {pa});
  respond(0, success);
  EXPECT_EQ(status() & STOPPED, STOPPED);
  EXPECT_EQ(host->status(0), OK);
  host->invalidate(5, va, va + 0xfff);
  host->up.unmap(5, va);
  EXPECT_EQ(host->run({OP_WRITE | SSV | PAGES, 0, va, 64, 5}), NO_RIGHTS);
  EXPECT_EQ(host->captured.count("pages"), 1U);
  EXPECT_EQ(requests().size(), 1U);
}

TEST_F(PageRequestTest, AGroupThatHasBegunIsSentToItsEnd) {
  host->put_register(ATS_CTRL, 3 << 8);
  host->submit({OP_WRITE | SSV | PAGES, 0, va, 0x3000, 5});
  while (requests().empty()) ASSERT_TRUE(host->step());
  host->put_config(pri + PRI_CONTROL, 0);
  host->put_register(DEV_CTRL, 0);
  host->run();
  ASSERT_EQ(requests().size(), 3U);
  EXPECT_TRUE(requests()[2].ats_fields.last);
  EXPECT_EQ(status() & STOPPED, 0U);
  respond(0, success);
  EXPECT_EQ(status() & STOPPED, STOPPED);
}

TEST_F(PageRequestTest, ResetGivesUpWhatIsOutstanding) {
  const unsigned slot = wait_for_pages();
  host->put_config(pri + PRI_CONTROL, PRI_ENABLE | PRI_RESET);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 1U) << "not while it is enabled";
  host->put_config(pri + PRI_CONTROL, PRI_RESET);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 0U);
  EXPECT_EQ(status() & STOPPED, STOPPED);
  host->run();
  EXPECT_EQ(host->status(slot), PAGE_FAILURE);
  EXPECT_EQ(host->response(slot), 0U);
  respond(0, success);
  EXPECT_EQ(status() & UPRGI, UPRGI);
}

TEST_F(PageRequestTest, ARequestThatIsNotTakenEndsTheJob) {
  host->up.page_response = DmaResponse::Address;
  EXPECT_EQ(host->run({OP_WRITE | SSV | PAGES, 0, va, 64, 5}), PAGE_FAILURE);
  EXPECT_EQ(host->response(0), 1U);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 0U);
}

TEST_F(PageRequestTest, IndicesGoAroundAndLeaveOutWhatIsOutstanding) {
  wait_for_pages();  // PRGI 0
  for (unsigned i = 1; i <= 512; ++i) {
    host->put_register(DEV_CTRL, 0);
    host->start();
    wait_for_pages();
    const std::uint16_t PRGI = requests().back().ats_fields.PRGI;
    ASSERT_EQ(PRGI, i < 512 ? i : 1);
    host->endpoint().page_response(PRGI, true, 5, invalid);
  }
}

TEST_F(PageRequestTest, AJobThatWaitsEndsWhenItsPasidIsDisabled) {
  const unsigned slot = wait_for_pages();
  host->put_config(host->capability(ID_PASID) + PASID_CONTROL, 0);
  host->run();
  EXPECT_EQ(host->status(slot), WRITE_ERROR);
  EXPECT_EQ(host->response(slot), 1U);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 1U) << "its group stays outstanding";
  respond(0, success);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 0U);
  EXPECT_EQ(status(), PASID_REQUIRED);
}

TEST_F(PageRequestTest, AJobThatWaitsGoesOnUntranslatedWhenAtsIsDisabled) {
  const unsigned slot = wait_for_pages();
  host->up.map(5, va, {pa});
  host->put_config(host->capability(ID_ATS) + ATS_CONTROL, 0);
  host->run();
  EXPECT_EQ(host->status(slot), OK);
  EXPECT_EQ(host->up.count(DmaAts::Translated), 0U);
  EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 1U);
}

TEST_F(PageRequestTest, APasidIsStoppedByAMarkerOrWhenItsResponsesHaveCome) {
  for (const bool marker : {true, false}) {
    make();
    wait_for_pages();
    host->put_register(DEV_CTRL, 0);
    host->start();
    const unsigned slot = host->submit({OP_PASID_STOP | SSV | (marker ? MARKER : 0), 0, 0, 0, 5});
    host->run();
    if (!marker) {
      EXPECT_EQ(host->status(slot), 0U);
      EXPECT_EQ(requests().size(), 1U);
      respond(0, success);
    } else {
      ASSERT_EQ(requests().size(), 2U);
      const DmaOperation r = requests()[1];
      EXPECT_TRUE(r.ats_fields.last && r.substream_valid);
      EXPECT_FALSE(r.ats_fields.wants_read || r.ats_fields.wants_write);
      EXPECT_EQ(r.address, 0U);
      EXPECT_EQ(r.substream_id, 5U);
      EXPECT_EQ(host->get_register(PAGES_OUTSTANDING), 0U) << "no response is expected";
    }
    EXPECT_EQ(host->status(slot), OK);
    // Of another PASID there is nothing to wait for.
    EXPECT_EQ(host->run({OP_PASID_STOP | SSV, 0, 0, 0, 6}), OK);
    EXPECT_EQ(host->run({OP_PASID_STOP, 0, 0, 0, 6}), BAD_DESCRIPTOR);
  }
}

TEST_F(PageRequestTest, AFunctionWithoutPriTakesNoResponses) {
  make("port[dma(ats, pasid=8)]");
  EXPECT_FALSE(respond(0, success));
  EXPECT_EQ(host->captured.count("response"), 1U);
}

TEST_F(PageRequestTest, ASavedTransferThatIsLongerThanABurstIsRefused) {
  wait_for_pages();
  for (const std::uint64_t length : {std::uint64_t{4097}, std::uint64_t{0xffff'ffff}}) {
    test::EditedReader reader(test::save(host->pci), {{"translator/operation/length", length}});
    AtsHost other;
    other.pci.visit(reader);
    EXPECT_TRUE(reader.edited());
    EXPECT_NE(reader.error().find("longer than a burst"), std::string::npos) << reader.error();
    other.run();
  }
}

TEST_F(PageRequestTest, SavedStateWaitsForTheSameResponse) {
  host->put_register(ATS_CTRL, 2 << 8);
  host->submit({OP_WRITE | SSV | PAGES, 0, va, 0x2000, 5});
  for (unsigned steps = 0; steps < 5; ++steps) {
    const auto saved = test::save(host->pci);
    AtsHost other;
    ASSERT_EQ(test::load(other.pci, saved), "");
    EXPECT_EQ(test::save(other.pci), saved) << steps;
    other.up.memory = host->up.memory;
    other.run();
    for (unsigned i = 0; i < 2; ++i) other.up.map(5, va + 0x1000 * i, {pa + 0x1000 * i});
    other.endpoint().page_response(0, true, 5, success);
    other.run();
    EXPECT_EQ(other.status(0), OK) << steps;
    host->step();
  }
}

}  // namespace
}  // namespace smmuvp
