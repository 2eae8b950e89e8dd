#include "smmuvp/tlm/dma_master.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstring>
#include <deque>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"

namespace smmuvp {
namespace {

constexpr std::uint64_t ns = 1000;

/// Has a list of operations; each takes a nanosecond a byte.
struct Client : DmaClient {
  struct Done {
    DmaOperation operation;
    DmaResponse response;
    DmaBuffer data;
    sc_core::sc_time at;
  };
  bool next_operation(DmaOperation& operation, DmaBuffer& data) override {
    if (todo.empty()) return false;
    operation = todo.front();
    todo.pop_front();
    data.fill(0x5a);
    return true;
  }
  std::uint64_t operation_ps(const DmaOperation& operation) const override { return operation.length * rate; }
  void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) override {
    done.push_back({operation, response, data, sc_core::sc_time_stamp()});
  }
  std::deque<DmaOperation> todo;
  std::vector<Done> done;
  std::uint64_t rate = ns;
};

/// Keeps what came; answers `response` and 0xa7 for each byte read, after a wait or by annotation.
struct Target : sc_core::sc_module {
  explicit Target(const sc_core::sc_module_name& n) : sc_core::sc_module(n), socket("socket") {
    socket.register_b_transport(this, &Target::b_transport);
  }
  struct Seen {
    bool write;
    std::uint64_t address;
    unsigned length;
    unsigned width;
    std::uint8_t first;
    AccessExtension who;
    sc_core::sc_time at;
  };
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const auto* e = p.get_extension<AccessExtension>();
    ASSERT_NE(e, nullptr);
    seen.push_back({p.is_write(), p.get_address(), p.get_data_length(), p.get_streaming_width(),
                    *p.get_data_ptr(), *e, sc_core::sc_time_stamp()});
    if (auto* ats = p.get_extension<AtsExtension>()) {
      asked.push_back(*ats);
      ats->status = AtsStatus::success;
      ats->translated_address = 0x123456789000;
      ats->size_shift = 21;
      ats->read = ats->execute = ats->global = true;
    }
    if (stall != sc_core::SC_ZERO_TIME) wait(stall);
    if (p.is_read()) std::memset(p.get_data_ptr(), 0xa7, p.get_data_length());
    p.set_response_status(response);
    delay += annotated;
  }
  tlm_utils::simple_target_socket<Target, platform_buswidth> socket;
  std::vector<Seen> seen;
  std::vector<AtsExtension> asked;
  sc_core::sc_time stall = sc_core::SC_ZERO_TIME;
  sc_core::sc_time annotated = sc_core::SC_ZERO_TIME;
  tlm::tlm_response_status response = tlm::TLM_OK_RESPONSE;
};

/// A master between its client and its target. The client has no state of its own to save.
struct Device : sc_core::sc_module {
  explicit Device(const sc_core::sc_module_name& n)
      : sc_core::sc_module(n), socket("socket"), master("master", socket, client), target("target") {
    socket.bind(target.socket);
  }
  void visit(Archive& archive) { master.visit(archive); }
  void start(std::initializer_list<DmaOperation> operations) {
    client.todo.insert(client.todo.end(), operations);
    master.kick();
  }
  Client client;
  DmaSocket socket;
  DmaMaster master;
  Target target;
};

struct Bench {
  Bench() { test::advance(); }
  Device device{"device"};
  Device other{"other"};
};

/// Both idle, nothing seen.
Bench& bench() {
  static Bench b;
  test::advance(1'000'000'000);
  for (Device* d : {&b.device, &b.other}) {
    EXPECT_FALSE(d->master.busy());
    d->client.todo.clear();
    d->client.done.clear();
    d->client.rate = ns;
    d->target.seen.clear();
    d->target.asked.clear();
    d->target.stall = d->target.annotated = sc_core::SC_ZERO_TIME;
    d->target.response = tlm::TLM_OK_RESPONSE;
  }
  return b;
}

DmaOperation operation(bool write, std::uint64_t address, std::uint32_t length) {
  DmaOperation o;
  o.write = write;
  o.address = address;
  o.length = length;
  return o;
}

sc_core::sc_time nanoseconds(double n) { return sc_core::sc_time(n, sc_core::SC_NS); }

TEST(DmaMaster, AnOperationCarriesWhoMakesItAndItsData) {
  Device& d = bench().device;
  DmaOperation o = operation(true, 0x1234, 64);
  o.stream_id = 0x40;
  o.substream_valid = true;
  o.substream_id = 7;
  o.privileged = true;
  o.tag = 0x99;
  DmaOperation fetch = operation(false, 0x2000, 4);
  fetch.instruction = true;
  d.start({o, fetch});
  test::advance(100 * ns);
  ASSERT_EQ(d.target.seen.size(), 2U);
  const Target::Seen& w = d.target.seen[0];
  EXPECT_TRUE(w.write);
  EXPECT_EQ(w.address, 0x1234U);
  EXPECT_EQ(w.length, 64U);
  EXPECT_EQ(w.width, 64U);
  EXPECT_EQ(w.first, 0x5a);
  EXPECT_TRUE(w.who.stream_valid);
  EXPECT_EQ(w.who.stream_id, 0x40U);
  EXPECT_TRUE(w.who.substream_valid);
  EXPECT_EQ(w.who.substream_id, 7U);
  EXPECT_TRUE(w.who.privileged);
  EXPECT_FALSE(w.who.instruction);
  EXPECT_EQ(w.who.tag, 0x99U);
  const Target::Seen& r = d.target.seen[1];
  EXPECT_FALSE(r.write);
  EXPECT_FALSE(r.who.substream_valid);
  EXPECT_FALSE(r.who.privileged);
  EXPECT_TRUE(r.who.instruction);
}

TEST(DmaMaster, WhatAReadReadsComesBackToTheClient) {
  Device& d = bench().device;
  DmaOperation o = operation(false, 0, 16);
  o.epoch = 0xe;
  d.start({o});
  test::advance(100 * ns);
  ASSERT_EQ(d.client.done.size(), 1U);
  EXPECT_EQ(d.client.done[0].operation.epoch, 0xeU);
  EXPECT_EQ(d.client.done[0].response, DmaResponse::Ok);
  EXPECT_EQ(d.client.done[0].data[15], 0xa7);
  EXPECT_FALSE(d.master.busy());
}

TEST(DmaMaster, ATranslationRequestBringsItsAnswerBackAlsoThroughASavedState) {
  Bench& b = bench();
  DmaOperation request = operation(false, 0x5000, 8);
  request.ats = DmaAts::TranslationRequest;
  request.ats_fields.no_write = true;
  b.device.start({request});
  test::advance(4 * ns);
  const auto saved = test::save(b.device);
  ASSERT_EQ(test::load(b.other, saved), "");
  test::advance(100 * ns);
  ASSERT_EQ(b.device.target.asked.size(), 1U);
  EXPECT_TRUE(b.device.target.asked[0].no_write);
  EXPECT_EQ(b.device.target.seen[0].who.ats, AtsPhase::TranslationRequest);
  EXPECT_TRUE(b.other.target.seen.empty());
  for (const Device* d : {&b.device, &b.other}) {
    ASSERT_EQ(d->client.done.size(), 1U);
    const DmaTranslation& t = d->client.done[0].operation.ats_fields.translation;
    EXPECT_EQ(t.status, DmaTranslationStatus::Success);
    EXPECT_EQ(t.address, 0x123456789000U);
    EXPECT_EQ(t.size_shift, 21U);
    EXPECT_TRUE(t.read && t.execute && t.global);
    EXPECT_FALSE(t.write || t.privileged || t.untranslated_only);
  }
}

TEST(DmaMaster, APageRequestAndATranslatedAccessCarryWhatTheyAre) {
  Device& d = bench().device;
  DmaOperation page = operation(true, 0x5000, 8);
  page.ats = DmaAts::PageRequest;
  page.ats_fields.PRGI = 0x1ff;
  page.ats_fields.last = page.ats_fields.wants_write = true;
  DmaOperation translated = operation(true, 0x6000, 8);
  translated.ats = DmaAts::Translated;
  d.start({page, translated});
  test::advance(100 * ns);
  ASSERT_EQ(d.target.seen.size(), 2U);
  ASSERT_EQ(d.target.asked.size(), 1U) << "only requests have the extension";
  EXPECT_EQ(d.target.seen[0].who.ats, AtsPhase::PageRequest);
  EXPECT_EQ(d.target.asked[0].PRGI, 0x1ffU);
  EXPECT_TRUE(d.target.asked[0].last && d.target.asked[0].write);
  EXPECT_FALSE(d.target.asked[0].read);
  EXPECT_EQ(d.target.seen[1].who.ats, AtsPhase::Translated);
}

TEST(DmaMaster, EveryErrorResponseComesBackAsItself) {
  Device& d = bench().device;
  const std::pair<tlm::tlm_response_status, DmaResponse> all[] = {
      {tlm::TLM_ADDRESS_ERROR_RESPONSE, DmaResponse::Address},
      {tlm::TLM_COMMAND_ERROR_RESPONSE, DmaResponse::Command},
      {tlm::TLM_BURST_ERROR_RESPONSE, DmaResponse::Burst},
      {tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE, DmaResponse::ByteEnable},
      {tlm::TLM_GENERIC_ERROR_RESPONSE, DmaResponse::Generic},
      {tlm::TLM_INCOMPLETE_RESPONSE, DmaResponse::Generic}};
  for (const auto& [status, response] : all) {
    d.target.response = status;
    d.start({operation(true, 0, 4)});
    test::advance(100 * ns);
    EXPECT_EQ(d.client.done.back().response, response) << status;
  }
  EXPECT_EQ(d.client.done.size(), std::size(all));
}

TEST(DmaMaster, AnOperationTakesTheAnnotatedDelayAndItsOwnTime) {
  Device& d = bench().device;
  d.target.annotated = nanoseconds(30);
  const sc_core::sc_time start = sc_core::sc_time_stamp();
  d.start({operation(true, 0, 8), operation(true, 8, 4)});
  test::advance(200 * ns);
  ASSERT_EQ(d.client.done.size(), 2U);
  EXPECT_EQ(d.client.done[0].at - start, nanoseconds(38));
  EXPECT_EQ(d.target.seen[1].at - start, nanoseconds(38)) << "one after the other";
  EXPECT_EQ(d.client.done[1].at - start, nanoseconds(72));
}

TEST(DmaMaster, AnOperationThatTakesNoTimeLetsTimeAdvance) {
  Device& d = bench().device;
  d.client.rate = 0;
  const sc_core::sc_time start = sc_core::sc_time_stamp();
  d.start({operation(true, 0, 8), operation(true, 8, 4)});
  test::advance(ns);
  ASSERT_EQ(d.client.done.size(), 2U);
  EXPECT_EQ(d.client.done[1].at - start, sc_core::sc_time(2, sc_core::SC_PS));
}

TEST(DmaMaster, AnIdleMasterAsksAgainWhenItIsKicked) {
  Device& d = bench().device;
  d.client.todo.push_back(operation(true, 0, 8));
  test::advance(100 * ns);
  EXPECT_TRUE(d.target.seen.empty());
  d.master.kick();
  test::advance(100 * ns);
  EXPECT_EQ(d.target.seen.size(), 1U);
}

TEST(DmaMaster, AKickDuringAnOperationIsNotLost) {
  Device& d = bench().device;
  d.target.stall = nanoseconds(50);
  d.start({operation(true, 0, 8)});
  test::advance(10 * ns);
  EXPECT_TRUE(d.master.busy());
  d.start({operation(true, 8, 8)});
  test::advance(20 * ns);
  EXPECT_EQ(d.target.seen.size(), 1U) << "one is out at a time";
  test::advance(200 * ns);
  EXPECT_EQ(d.client.done.size(), 2U);
}

TEST(DmaMaster, AnOperationWhoseTargetHadNotAnsweredIsIssuedAgainOnceAfterLoading) {
  Bench& b = bench();
  b.device.target.stall = nanoseconds(50);
  DmaOperation o = operation(true, 0x100, 8);
  o.epoch = 3;
  b.device.start({o});
  test::advance(10 * ns);
  const auto saved = test::save(b.device);
  test::advance(200 * ns);
  EXPECT_EQ(b.device.client.done.size(), 1U);

  ASSERT_EQ(test::load(b.other, saved), "");
  EXPECT_EQ(test::save(b.other), saved);
  test::advance(200 * ns);
  ASSERT_EQ(b.other.target.seen.size(), 1U);
  EXPECT_EQ(b.other.target.seen[0].address, 0x100U);
  EXPECT_EQ(b.other.target.seen[0].first, 0x5a);
  ASSERT_EQ(b.other.client.done.size(), 1U);
  EXPECT_EQ(b.other.client.done[0].operation.epoch, 3U);
}

TEST(DmaMaster, AnAnsweredOperationIsNotIssuedAgainAfterLoadingAndEndsAfterTheTimeThatWasLeft) {
  Bench& b = bench();
  b.device.target.response = tlm::TLM_BURST_ERROR_RESPONSE;
  b.device.start({operation(false, 0x100, 100)});
  test::advance(40 * ns);
  const auto saved = test::save(b.device);
  ASSERT_EQ(test::load(b.other, saved), "");
  EXPECT_EQ(test::save(b.other), saved);
  const sc_core::sc_time start = sc_core::sc_time_stamp();
  test::advance(200 * ns);
  EXPECT_TRUE(b.other.target.seen.empty());
  ASSERT_EQ(b.other.client.done.size(), 1U);
  EXPECT_EQ(b.other.client.done[0].response, DmaResponse::Burst);
  EXPECT_EQ(b.other.client.done[0].data[99], 0xa7);
  EXPECT_EQ(b.other.client.done[0].at - start, nanoseconds(60));
}

TEST(DmaMaster, LoadingAnIdleStateForgetsAnOperationThatWaitsForItsTime) {
  Device& d = bench().device;
  const auto idle = test::save(d);
  d.start({operation(true, 0, 100)});
  test::advance(40 * ns);
  ASSERT_EQ(test::load(d, idle), "");
  d.start({operation(true, 0x200, 8)});
  test::advance(10 * ns);
  EXPECT_EQ(d.target.seen.size(), 2U) << "the old one's time is not waited for";
  test::advance(200 * ns);
  ASSERT_EQ(d.client.done.size(), 1U);
  EXPECT_EQ(d.client.done[0].operation.address, 0x200U);
}

TEST(DmaMaster, AnOperationAtItsTargetWhileAnotherIsLoadedIsWaitedForAndItsAnswerDropped) {
  Bench& b = bench();
  b.other.target.stall = nanoseconds(50);
  b.other.start({operation(false, 0x100, 8)});
  test::advance(10 * ns);
  const auto saved = test::save(b.other);

  Device& d = b.device;
  d.target.stall = nanoseconds(500);
  d.start({operation(false, 0x900, 16)});
  test::advance(10 * ns);
  ASSERT_EQ(test::load(d, saved), "");
  EXPECT_EQ(test::save(d), saved);
  test::advance(480 * ns);
  EXPECT_EQ(d.target.seen.size(), 1U);
  test::advance(2000 * ns);
  ASSERT_EQ(d.target.seen.size(), 2U);
  EXPECT_EQ(d.target.seen[1].address, 0x100U);
  ASSERT_EQ(d.client.done.size(), 1U);
  EXPECT_EQ(d.client.done[0].operation.address, 0x100U);
}

TEST(DmaMaster, AnArchiveWithAnImpossibleOperationIsRefusedAndLeavesTheMasterIdle) {
  Bench& b = bench();
  b.device.target.stall = nanoseconds(50);
  b.device.start({operation(true, 0x100, 8)});
  test::advance(10 * ns);
  auto saved = test::save(b.device);
  for (std::size_t n = 0; n < saved.size(); n += 7) {
    EXPECT_NE(test::load(b.other, {saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(n)}), "");
    EXPECT_FALSE(b.other.master.busy());
  }
  test::Random random(5);
  for (int i = 0; i < 2000; ++i) {
    auto wrong = saved;
    wrong[random.below(wrong.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
    const bool taken = test::load(b.other, wrong).empty();
    EXPECT_TRUE(taken || !b.other.master.busy());
    test::advance(300 * ns);
  }
  test::advance(1'000'000 * ns);
  ASSERT_EQ(test::load(b.other, test::save(b.device)), "");
}

}  // namespace
}  // namespace smmuvp
