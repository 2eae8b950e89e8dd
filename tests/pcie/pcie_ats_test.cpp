// The host between functions with ATS and an SMMU: requests, messages, time. docs/pcie.md, ATS, PASID and
// PRI.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "ats_upstream.h"
#include "smmuvp/pcie/pcie.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "software.h"

namespace smmuvp {
namespace {

using namespace test;

constexpr std::uint32_t DEV_CTRL = 0x008, RING_BASE = 0x010, RING_SIZE = 0x018, PROD = 0x01c, CONS = 0x020;
constexpr std::uint64_t ring = Upstream::base + 0x1000;
constexpr std::uint64_t va = 0x200000;
constexpr std::uint64_t pa = Upstream::base + 0x200000;
constexpr std::uint64_t other_pa = Upstream::base + 0x400000;
constexpr std::uint32_t stream_base = 0x1000;
constexpr std::uint64_t ns = 1000;

/// Stands for the SMMU: answers after a time, and sends messages.
struct Smmu : sc_core::sc_module {
  explicit Smmu(const sc_core::sc_module_name& n) : sc_core::sc_module(n), in("in"), out("out") {
    in.register_b_transport(this, &Smmu::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const auto* e = p.get_extension<AccessExtension>();
    auto* ats = p.get_extension<AtsExtension>();
    ASSERT_NE(e, nullptr);
    streams.insert(e->stream_id);
    DmaOperation o;
    o.write = p.is_write();
    o.address = p.get_address();
    o.length = p.get_data_length();
    o.substream_valid = e->substream_valid;
    o.substream_id = e->substream_id;
    o.privileged = e->privileged;
    o.instruction = e->instruction;
    o.ats = static_cast<DmaAts>(e->ats);
    EXPECT_EQ(ats != nullptr, o.ats == DmaAts::TranslationRequest || o.ats == DmaAts::PageRequest);
    if (ats != nullptr) {
      o.ats_fields.no_write = ats->no_write;
      o.ats_fields.PRGI = ats->PRGI;
      o.ats_fields.last = ats->last;
      o.ats_fields.wants_read = ats->read;
      o.ats_fields.wants_write = ats->write;
    }
    if (before != sc_core::SC_ZERO_TIME) wait(before);
    if (o.ats == DmaAts::Translated) {
      EXPECT_EQ(dead.count(o.address & ~0xfffULL), 0U) << "at a translation whose invalidation has completed";
    }
    DmaBuffer data{};
    if (o.write) std::memcpy(data.data(), p.get_data_ptr(), o.length);
    const DmaResponse response = up.perform(o, data);
    if (!o.write && o.ats != DmaAts::TranslationRequest) std::memcpy(p.get_data_ptr(), data.data(), o.length);
    if (o.ats == DmaAts::TranslationRequest && knows_ats) answer(o.ats_fields.translation, *ats);
    if (after != sc_core::SC_ZERO_TIME) wait(after);
    delay += annotated;
    p.set_response_status(response == DmaResponse::Ok ? tlm::TLM_OK_RESPONSE
                                                      : tlm::TLM_GENERIC_ERROR_RESPONSE);
  }
  static void answer(const DmaTranslation& t, AtsExtension& ats) {
    ats.status = static_cast<AtsStatus>(t.status);
    ats.translated_address = t.address;
    ats.size_shift = t.size_shift;
    ats.read = t.read;
    ats.write = t.write;
    ats.execute = t.execute;
    ats.privileged = t.privileged;
    ats.global = t.global;
    ats.untranslated_only = t.untranslated_only;
  }
  tlm::tlm_response_status send(std::uint32_t stream, int pasid, const AtsMessageExtension& message,
                                std::uint64_t address = 0) {
    AccessExtension who;
    who.secure_stream = secure;
    who.stream_id = stream;
    who.stream_valid = true;
    who.substream_valid = pasid >= 0;
    who.substream_id = pasid >= 0 ? static_cast<std::uint32_t>(pasid) : 0;
    AtsMessageExtension what = message;
    std::uint8_t nothing[8] = {};
    tlm::tlm_generic_payload p;
    Master::fill(p, tlm::TLM_WRITE_COMMAND, address, nothing, 8);
    p.set_extension(&who);
    p.set_extension(&what);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    out->b_transport(p, delay);
    p.clear_extension(&who);
    p.clear_extension(&what);
    sc_core::wait(delay);
    return p.get_response_status();
  }
  bool secure = false;  // messages are of the SMMU's Secure state
  tlm::tlm_response_status invalidate(std::uint32_t stream, int pasid, std::uint64_t address,
                                      std::uint8_t shift = 12) {
    AtsMessageExtension m;
    m.size_shift = shift;
    return send(stream, pasid, m, address);
  }
  tlm::tlm_response_status respond(std::uint32_t stream, int pasid, std::uint16_t PRGI,
                                   PageResponseCode code = PageResponseCode::success) {
    AtsMessageExtension m;
    m.message = AtsMessage::page_response;
    m.PRGI = PRGI;
    m.code = code;
    return send(stream, pasid, m);
  }

  tlm_utils::simple_target_socket<Smmu, platform_buswidth> in;
  tlm_utils::simple_initiator_socket<Smmu, platform_buswidth> out;
  Upstream up;
  std::set<std::uint32_t> streams;
  std::set<std::uint64_t> dead;
  sc_core::sc_time before, after, annotated;
  bool knows_ats = true;
};

/// Keeps the lines of traces while it is told to.
class TracingHost : public CapturingHost {
 public:
  TracingHost() { sink.set_on(false); }
  TraceSink* trace() override { return &sink; }
  std::string lines;
  TextTraceSink sink{
      {"pcie.address_type", "pcie.translation", "pcie.ats", "pcie.request"},
      [](void* to, std::string_view line) { static_cast<TracingHost*>(to)->lines.append(line); },
      this};
};

struct Bench {
  Bench() {
    config.socket.bind(pci.ecam);
    cpu.socket.bind(pci.mmio);
    pci.dma.bind(smmu.in);
    smmu.out.bind(pci.ats);
    pci.inta(inta);
    pci.intb(intb);
    pci.intc(intc);
    pci.intd(intd);
    pci.reset(reset);
    test::advance();
  }
  static Params params() {
    Params p(pcie_type().params);
    p.set("topology", "dma, port[dma(ats, pasid=8, pri)], port[switch[dma(ats, pasid=8), dma]]");
    p.set("stream_base", stream_base);
    p.set("stream_count", 0x800);
    p.set("bytes_per_us", 1000);  // a byte a nanosecond
    p.set("ats", true);
    p.set("ats_queue_depth", 2);
    return p;
  }
  TracingHost host;
  Pcie pci{"pci", params(), host};
  Smmu smmu{"smmu"};
  Runner runner{"runner"};
  Master config{"config"};
  Master cpu{"cpu"};
  sc_core::sc_signal<bool> inta, intb, intc, intd, reset;
};

/// Reset, set up by software, ATS, PASID and PRI enabled.
class PcieAts : public ::testing::Test {
 protected:
  PcieAts() : b(bench()), software(made()) {
    b.smmu.before = b.smmu.after = b.smmu.annotated = sc_core::SC_ZERO_TIME;
    b.smmu.knows_ats = true;
    b.reset.write(true);
    test::advance(100'000'000);
    b.reset.write(false);
    test::advance();
    b.smmu.up = Upstream();
    b.smmu.dead.clear();
    b.smmu.streams.clear();
    set_up();
    b.host.diagnostics.clear();
  }
  void set_up() {
    software = made();
    software.enumerate();
    function = software.function(1, 0);
    put(0x120 + PASID_CONTROL, PASID_ENABLE | PASID_EXECUTE | PASID_PRIVILEGED);
    put(0x100 + ATS_CONTROL, ATS_ENABLE);
    put(0x110 + PRI_ALLOCATION, 8, 4);
    put(0x110 + PRI_CONTROL, PRI_ENABLE);
    b.cpu.put(function.registers - 0x10000000 + RING_BASE, ring, 8);
    put_register(RING_SIZE, 8);
    put_register(DEV_CTRL, 1);
    m_prod = 0;
  }
  Software made() {
    return {[this](std::uint32_t offset, unsigned bytes) {
              return static_cast<std::uint32_t>(b.config.get(offset, bytes));
            },
            [this](std::uint32_t offset, unsigned bytes, std::uint32_t value) {
              b.config.put(offset, value, bytes);
            }};
  }
  static Bench& bench() {
    static Bench b;
    return b;
  }
  void put(std::uint32_t offset, std::uint32_t value, unsigned bytes = 2) {
    b.config.put(function.config + offset, value, bytes);
  }
  std::uint32_t get_register(std::uint32_t offset) {
    return static_cast<std::uint32_t>(b.cpu.get(function.registers - 0x10000000 + offset));
  }
  void put_register(std::uint32_t offset, std::uint32_t value) {
    b.cpu.put(function.registers - 0x10000000 + offset, value);
  }
  void submit(std::uint32_t flags, std::uint64_t dst, std::uint64_t length, std::uint64_t src = 0) {
    std::uint8_t* d = b.smmu.up.at(ring + 64ULL * (m_prod % 8));
    std::memset(d, 0, 64);
    const std::uint32_t pasid = 5;
    std::memcpy(d, &flags, 4);
    std::memcpy(d + 0x08, &pasid, 4);
    std::memcpy(d + 0x10, &src, 8);
    std::memcpy(d + 0x18, &dst, 8);
    std::memcpy(d + 0x20, &length, 8);
    put_register(PROD, ++m_prod);
  }
  void restart() { m_prod = 0; }
  std::uint32_t word(unsigned slot, unsigned offset) {
    std::uint32_t v = 0;
    std::memcpy(&v, b.smmu.up.at(ring + 64ULL * slot + offset), 4);
    return v;
  }
  std::uint32_t status(unsigned slot = 0) { return word(slot, 0x28); }
  void map(unsigned pages, std::uint64_t to) {
    for (unsigned i = 0; i < pages; ++i) b.smmu.up.map(5, va + 0x1000 * i, {to + 0x1000 * i});
  }

  Bench& b;
  Software software;
  Found function;
  static constexpr std::uint32_t stream = stream_base + 0x100;

 private:
  std::uint32_t m_prod = 0;
};

TEST_F(PcieAts, AJobGoesThroughTheAtcWithTheFunctionsStream) {
  map(2, pa);
  submit(OP_WRITE | SSV, va + 0x800, 0x1000);
  test::advance(100'000 * ns);
  EXPECT_EQ(status(), OK);
  EXPECT_EQ(b.smmu.streams, std::set<std::uint32_t>{stream});
  EXPECT_EQ(b.smmu.up.count(DmaAts::TranslationRequest), 2U);
  EXPECT_EQ(b.smmu.up.count(DmaAts::Translated), 2U);
  EXPECT_NE(*b.smmu.up.at(pa + 0x809), 0);
  EXPECT_TRUE(b.host.diagnostics.empty());
}

TEST_F(PcieAts, ATranslationThatNobodyAnswersIsUnsupported) {
  b.smmu.knows_ats = false;
  submit(OP_WRITE | SSV, va, 64);
  test::advance(100'000 * ns);
  EXPECT_EQ(status(), TRANSLATION_ERROR);
  EXPECT_EQ(word(0, 0x2c), 1U);
  EXPECT_EQ(b.host.count("unanswered"), 1U);
  EXPECT_EQ(b.config.get(function.config + STATUS, 2) & 0x3000, 0x2000U);
}

TEST_F(PcieAts, CompleterAbortsAndBlockedTranslationsAreTargetAborts) {
  b.smmu.up.status = DmaTranslationStatus::CompleterAbort;
  submit(OP_WRITE | SSV, va, 64);
  test::advance(100'000 * ns);
  EXPECT_EQ(status(0), TRANSLATION_ERROR);
  EXPECT_EQ(word(0, 0x2c), 5U);
  EXPECT_EQ(b.config.get(function.config + STATUS, 2) & 0x3000, 0x1000U);
  EXPECT_EQ(b.host.count("request"), 0U);
  put(STATUS, 0x3000);
  b.smmu.up.status = DmaTranslationStatus::Success;
  map(1, pa);
  b.config.put(Software::at(0, 2) + ACS_CONTROL, 2, 2);  // Translation Blocking
  submit(OP_WRITE | SSV, va, 64);
  test::advance(100'000 * ns);
  EXPECT_EQ(status(1), TRANSLATION_ERROR);
  EXPECT_EQ(word(1, 0x2c), 5U);
  EXPECT_EQ(b.smmu.up.count(DmaAts::TranslationRequest), 1U);
  EXPECT_EQ(b.config.get(function.config + STATUS, 2) & 0x3000, 0x1000U);
  EXPECT_EQ(b.host.count("request"), 1U);
}

TEST_F(PcieAts, MessagesForWhomTheyDoNotReach) {
  b.runner.run([&] {
    EXPECT_EQ(b.smmu.invalidate(stream, 5, va), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.smmu.invalidate(stream + 1, 5, va), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.smmu.invalidate(0, 5, va), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "below stream_base";
    EXPECT_EQ(b.smmu.invalidate(stream_base + 0x800, 5, va), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.smmu.respond(stream + 1, 5, 0), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("message"), 4U);
    b.smmu.secure = true;
    EXPECT_EQ(b.smmu.respond(stream, 5, 0), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "functions are Non-secure";
    b.smmu.secure = false;
    EXPECT_EQ(b.host.count("message"), 5U);
    // A function without ATS, a bridge: unsupported, and no completion comes.
    EXPECT_EQ(b.smmu.invalidate(stream_base + 0x08, 5, va), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("invalidation"), 1U);
    EXPECT_EQ(b.smmu.invalidate(stream_base + 0x10, 5, va), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("message"), 6U);
    EXPECT_EQ(b.smmu.respond(stream_base + 0x400, 5, 0), tlm::TLM_GENERIC_ERROR_RESPONSE) << "without PRI";
    EXPECT_EQ(b.host.count("response"), 1U);
    // A function whose requester ID is none of the host's.
    b.config.put(Software::at(0, 2) + BUS_NUMBERS, 0x090900, 4);
    EXPECT_EQ(b.smmu.invalidate(stream_base + 0x900, 5, va), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    // What is no message.
    std::uint8_t nothing[8] = {};
    tlm::tlm_generic_payload p;
    Master::fill(p, tlm::TLM_WRITE_COMMAND, 0, nothing, 8);
    sc_core::sc_time delay;
    b.smmu.out->b_transport(p, delay);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_COMMAND_ERROR_RESPONSE);
  });
}

TEST_F(PcieAts, AnInvalidationAtAnyMomentOfAJobIsHeeded) {
  for (const bool annotated : {false, true}) {
    bool waited = false;
    for (unsigned part = 0; part < 120; ++part) {
      b.smmu.dead.clear();
      map(3, pa);
      (annotated ? b.smmu.annotated : b.smmu.after) = sc_core::sc_time(300, sc_core::SC_NS);
      b.smmu.before = annotated ? sc_core::SC_ZERO_TIME : sc_core::sc_time(200, sc_core::SC_NS);
      b.runner.run([&] {
        EXPECT_EQ(b.smmu.invalidate(stream, 5, 0, 64), tlm::TLM_OK_RESPONSE);
        submit(OP_WRITE | SSV, va + 0xf80, 0x1100);
        wait(sc_core::sc_time(part * 50, sc_core::SC_NS));
        map(3, other_pa);
        const sc_core::sc_time begun = sc_core::sc_time_stamp();
        // The pages one by one, then as a range that holds them.
        for (unsigned i = 0; i < 3 && part % 2 == 0; ++i)
          EXPECT_EQ(b.smmu.invalidate(stream, 5, va + 0x1000 * i), tlm::TLM_OK_RESPONSE);
        if (part % 2 != 0) {
          EXPECT_EQ(b.smmu.invalidate(stream, 5, va, 14), tlm::TLM_OK_RESPONSE);
        }
        waited = waited || sc_core::sc_time_stamp() - begun > sc_core::sc_time(600, sc_core::SC_NS);
        for (unsigned i = 0; i < 3; ++i) b.smmu.dead.insert(pa + 0x1000 * i);
        wait(sc_core::sc_time(20, sc_core::SC_US));
        EXPECT_EQ(get_register(CONS), (part + 1U + (annotated ? 120U : 0U)));
        EXPECT_EQ(status((part + (annotated ? 120U : 0U)) % 8), OK) << part;
      });
    }
    EXPECT_TRUE(waited);
    b.smmu.before = b.smmu.after = b.smmu.annotated = sc_core::SC_ZERO_TIME;
  }
}

TEST_F(PcieAts, TheQueueTakesAsManyInvalidationsAsItsDepth) {
  map(1, pa);
  b.smmu.after = sc_core::sc_time(10, sc_core::SC_US);
  submit(OP_WRITE | SSV, va, 64);
  std::vector<unsigned> ended;
  b.runner.run([&] {
    while (b.smmu.up.count(DmaAts::Translated) == 0) wait(sc_core::sc_time(100, sc_core::SC_NS));
    // Two wait for the access; the third one's address is another, but it is not taken yet.
    for (unsigned i = 0; i < 3; ++i) {
      sc_core::sc_spawn([&, i] {
        b.smmu.invalidate(stream, 5, i < 2 ? va : va + 0x5000);
        ended.push_back(i);
      });
      wait(sc_core::sc_time(100, sc_core::SC_NS));
    }
    wait(sc_core::sc_time(5, sc_core::SC_US));
    EXPECT_TRUE(ended.empty());
    wait(sc_core::sc_time(10, sc_core::SC_US));
    EXPECT_EQ(ended.size(), 3U);
  });
}

TEST_F(PcieAts, AnInvalidationTakesTheTimeOfItsMessages) {
  b.runner.run([&] {
    const sc_core::sc_time begun = sc_core::sc_time_stamp();
    EXPECT_EQ(b.smmu.invalidate(stream, 5, va), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(sc_core::sc_time_stamp() - begun, sc_core::sc_time(48, sc_core::SC_NS))
        << "24 bytes there and back, at a byte a nanosecond";
    put_register(ATS_CTRL, NO_COMPLETION);
    EXPECT_EQ(b.smmu.invalidate(stream, 5, va), tlm::TLM_GENERIC_ERROR_RESPONSE);
  });
}

TEST_F(PcieAts, APageRequestIsAnsweredThroughThePort) {
  submit(OP_WRITE | SSV | PAGES, va, 64);
  test::advance(100'000 * ns);
  EXPECT_EQ(status(), 0U);
  EXPECT_EQ(b.smmu.up.count(DmaAts::PageRequest), 1U);
  EXPECT_EQ(get_register(PAGES_OUTSTANDING), 1U);
  map(1, pa);
  b.runner.run([&] {
    EXPECT_EQ(b.smmu.respond(stream, 5, 0), tlm::TLM_OK_RESPONSE);
    wait(sc_core::sc_time(10, sc_core::SC_US));
  });
  EXPECT_EQ(status(), OK);
  submit(OP_WRITE | SSV | PAGES, va + 0x1000, 64);
  test::advance(100'000 * ns);
  b.runner.run([&] {
    EXPECT_EQ(b.smmu.respond(stream, 5, 1, PageResponseCode::response_failure), tlm::TLM_OK_RESPONSE);
    wait(sc_core::sc_time(10, sc_core::SC_US));
  });
  EXPECT_EQ(status(1), PAGE_FAILURE);
  EXPECT_EQ(b.config.get(function.config + 0x116, 2), PASID_REQUIRED | RESPONSE_FAILURE);
  submit(OP_PASID_STOP | SSV | MARKER, 0, 0);
  test::advance(100'000 * ns);
  EXPECT_EQ(status(2), OK);
}

TEST_F(PcieAts, AnInvalidationSurvivesResetsAndSavedStates) {
  map(1, pa);
  b.smmu.after = sc_core::sc_time(10, sc_core::SC_US);
  for (const bool load : {false, true}) {
    submit(OP_WRITE | SSV, va, 64);
    std::stringstream saved;
    bool ended = false;
    b.runner.run([&] {
      const std::size_t before = b.smmu.up.count(DmaAts::Translated);
      ASSERT_FALSE(b.pci.save(saved));
      while (b.smmu.up.count(DmaAts::Translated) == before) wait(sc_core::sc_time(100, sc_core::SC_NS));
      sc_core::sc_spawn([&] {
        EXPECT_EQ(b.smmu.invalidate(stream, 5, va), tlm::TLM_OK_RESPONSE);
        ended = true;
      });
      wait(sc_core::sc_time(1, sc_core::SC_US));
      EXPECT_FALSE(ended);
      if (load) {
        ASSERT_FALSE(b.pci.load(saved));
        wait(sc_core::sc_time(1, sc_core::SC_US));
        EXPECT_TRUE(ended) << "what it waited for is gone with the state";
      } else {
        put(DEVICE_CONTROL, 0x8000);
        wait(sc_core::sc_time(5, sc_core::SC_US));
        EXPECT_FALSE(ended) << "the access is still on its way";
      }
      wait(sc_core::sc_time(100, sc_core::SC_US));
      EXPECT_TRUE(ended);
    });
    if (!load) set_up();
  }
}

TEST_F(PcieAts, SavedWorkGoesOn) {
  map(2, pa);
  b.smmu.after = sc_core::sc_time(100, sc_core::SC_NS);
  for (unsigned part = 0; part < 60; ++part) {
    b.runner.run([&] { b.smmu.invalidate(stream, 5, 0, 64); });
    submit(OP_WRITE | SSV, va + 0x800, 0x1000);
    test::advance(part * 100 * ns);
    std::stringstream saved;
    ASSERT_FALSE(b.pci.save(saved));
    test::advance(20'000 * ns);
    ASSERT_EQ(status(part % 8), OK);
    std::memset(b.smmu.up.at(pa), 0, 0x2000);
    ASSERT_FALSE(b.pci.load(saved));
    test::advance(20'000 * ns);
    EXPECT_EQ(get_register(CONS), part + 1);
    if (part < 5) {
      EXPECT_NE(*b.smmu.up.at(pa + 0x1009), 0) << part;
    }
  }
}

TEST_F(PcieAts, WithDirectTranslatedP2PATranslatedRequestReachesAPeerWithoutTheHost) {
  function = software.function(4, 0);
  const std::uint64_t peer = software.function(5, 0).memory;
  put(0x110 + PASID_CONTROL, PASID_ENABLE);
  put(0x100 + ATS_CONTROL, ATS_ENABLE);
  for (const bool direct : {true, false}) {
    // P2P Request Redirect, Upstream Forwarding, and Direct Translated P2P or not.
    software.set_acs(direct ? 0x54 : 0x14);
    b.smmu.up.seen.clear();
    b.cpu.put(function.registers - 0x10000000 + RING_BASE, ring, 8);
    put_register(DEV_CTRL, 0);
    put_register(RING_SIZE, 8);
    put_register(DEV_CTRL, 1);
    restart();
    submit(OP_WRITE | TRANSLATED, peer + 0x40, 64);
    test::advance(100'000 * ns);
    EXPECT_EQ(status(), direct ? OK : WRITE_ERROR) << "the stub has no function";
    EXPECT_EQ(b.smmu.up.count(DmaAts::Translated), direct ? 0U : 1U);
    EXPECT_EQ(b.cpu.get(peer - 0x10000000 + 0x48, 8), 0x9e3779b97f4a7c15U);
  }
}

TEST_F(PcieAts, ItCountsWhatItDoes) {
  const Statistics before(b.pci);
  map(1, pa);
  submit(OP_WRITE | SSV, va, 64);
  submit(OP_WRITE | SSV, va + 0x100, 64);
  submit(OP_WRITE | SSV | PAGES, va + 0x1000, 64);
  test::advance(100'000 * ns);
  b.runner.run([&] {
    b.smmu.invalidate(stream, 5, va);
    b.smmu.respond(stream, 5, 0, PageResponseCode::invalid_request);
  });
  b.smmu.up.status = DmaTranslationStatus::UnsupportedRequest;
  submit(OP_WRITE | SSV, va, 64);
  test::advance(100'000 * ns);
  const Statistics after(b.pci);
  const auto more = [&](const char* name) { return after[name] - before[name]; };
  EXPECT_EQ(more("atc_hits"), 1U);
  EXPECT_EQ(more("atc_misses"), 3U);
  EXPECT_EQ(more("translation_requests"), 3U);
  EXPECT_EQ(more("translation_errors"), 1U);
  EXPECT_EQ(more("translated_requests"), 2U);
  EXPECT_EQ(more("invalidations"), 1U);
  EXPECT_EQ(more("page_requests"), 1U);
  EXPECT_EQ(more("page_responses"), 1U);
}

TEST_F(PcieAts, TracesTellOfTranslationsAndMessages) {
  map(1, pa);
  b.host.lines.clear();
  b.host.sink.set_on(true);
  submit(OP_READ | SSV, 0, 64, va + 0x40);
  test::advance(100'000 * ns);
  b.runner.run([&] { b.smmu.invalidate(stream, 5, va); });
  b.host.sink.set_on(false);
  for (const char* text :
       {"pcie.request function=01:00.0 way=host requester=0x100 address=0x200000 length=0x8 write=0x0\n",
        "pcie.address_type function=01:00.0 type=translation address=0x200000",
        "pcie.translation function=01:00.0 address=0x200000 status=0x1 translated=0x40200000 size_shift=0xc "
        "read=0x1 write=0x0",
        "pcie.address_type function=01:00.0 type=translated address=0x40200040",
        "pcie.ats sid=0x1100 message=invalidate address=0x200000 size_shift=0xc PRGI=0x0 code=0x0 ok=0x1"}) {
    EXPECT_NE(b.host.lines.find(text), std::string::npos) << text << "\nin\n" << b.host.lines;
  }
}

TEST_F(PcieAts, ItsNodeSaysThatAtsIsSupported) {
  DtNode node("device");
  b.pci.describe(node);
  const auto& properties = node.properties();
  EXPECT_TRUE(std::any_of(properties.begin(), properties.end(),
                          [](const auto& p) { return p.name == "ats-supported"; }));
}

}  // namespace
}  // namespace smmuvp
