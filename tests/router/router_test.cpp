#include "smmuvp/router/router.h"

#include <gtest/gtest.h>

#include <array>

#include "smmuvp/memory/memory.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"

namespace smmuvp {
namespace {

using test::Master;

Params memory_params(std::uint64_t bytes) {
  Params p(memory_type().params);
  p.set("size", bytes);
  p.set("latency_ps", std::uint64_t{100});
  return p;
}
Params router_params() {
  Params p(router_type().params);
  p.set("latency_ps", std::uint64_t{10});
  return p;
}

/// Remembers the last payload and can withdraw DMI.
struct Spy : sc_core::sc_module {
  explicit Spy(const sc_core::sc_module_name& n) : sc_core::sc_module(n), socket("socket") {
    socket.register_b_transport(this, &Spy::b_transport);
    socket.register_get_direct_mem_ptr(this, &Spy::get_direct_mem_ptr);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time&) {
    address = p.get_address();
    extension = p.get_extension<AccessExtension>();
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& p, tlm::tlm_dmi& dmi) {
    dmi_address = p.get_address();
    dmi.set_dmi_ptr(&buffer);
    dmi.set_start_address(0);
    dmi.set_end_address(~0ULL);  // more than the router gives
    dmi.allow_read();
    return true;
  }
  tlm_utils::simple_target_socket<Spy, platform_buswidth> socket;
  std::uint64_t address = 0;
  std::uint64_t dmi_address = 0;
  AccessExtension* extension = nullptr;
  unsigned char buffer = 0;
};

struct Bench {
  Bench() {
    a.socket.bind(router.add_initiator("a"));
    b.socket.bind(router.add_initiator("b"));
    router.add_target("low", 0x1000, 0x1000).bind(low.socket);
    router.add_target("spy", 0x10000, 0x1000).bind(spy.socket);
    router.add_target("next", 0x2000, 0x1000).bind(next.socket);
    router.add_target("top", ~0ULL - 0xfff, 0x1000).bind(top.socket);
    test::advance();  // elaborates
  }
  test::CapturingHost host;
  Router router{"router", router_params(), host};
  Memory low{"low", memory_params(0x1000), host};
  Memory next{"next", memory_params(0x1000), host};
  Memory top{"top", memory_params(0x1000), host};
  Spy spy{"spy"};
  Master a{"a"};
  Master b{"b"};
};

Bench& bench() {
  static Bench b;
  b.host.diagnostics.clear();
  b.a.invalidations.clear();
  b.b.invalidations.clear();
  return b;
}

std::string refusal(Bench& b, const char* name, std::uint64_t base, std::uint64_t size) {
  try {
    b.router.add_target(name, base, size);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(Router, EmptyWrappingAndOverlappingRangesAreRefusedByName) {
  Bench& b = bench();
  EXPECT_NE(refusal(b, "nothing", 0x5000, 0).find("nothing"), std::string::npos);
  EXPECT_NE(refusal(b, "round", 0x5000, ~0ULL).find("round"), std::string::npos);
  for (const auto& [base, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0x10fff, 1}, {0x10000, 1}, {0xffff, 2}, {0x8000, 0x10000}, {0x10400, 0x10}}) {
    const std::string text = refusal(b, "intruder", base, size);
    EXPECT_NE(text.find("intruder"), std::string::npos) << text;
    EXPECT_NE(text.find("spy"), std::string::npos) << text;
  }
}

TEST(Router, EachTargetSeesAddressesRelativeToItsBase) {
  Bench& b = bench();
  b.a.put(0x1010, 0x11, 4);
  b.b.put(0x2010, 0x22, 4);
  b.b.put(~0ULL - 7, 0x33, 8);
  EXPECT_EQ(b.low.data()[0x10], 0x11);
  EXPECT_EQ(b.next.data()[0x10], 0x22);
  EXPECT_EQ(b.top.data()[0xff8], 0x33);
  EXPECT_EQ(b.b.get(0x1010, 4), 0x11U);
  EXPECT_EQ(b.b.delay, sc_core::sc_time(110, sc_core::SC_PS));
}

TEST(Router, ThePayloadComesBackWithItsAddressAndExtensions) {
  Bench& b = bench();
  AccessExtension ext;
  tlm::tlm_generic_payload p;
  std::uint32_t data = 0;
  p.set_extension(&ext);
  Master::fill(p, tlm::TLM_READ_COMMAND, 0x10020, &data, 4);
  EXPECT_EQ(b.a.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.spy.address, 0x20U);
  EXPECT_EQ(b.spy.extension, &ext);
  EXPECT_EQ(p.get_address(), 0x10020U);
  p.clear_extension(&ext);
}

TEST(Router, AnAddressWithoutTargetGetsAnAddressErrorAndADiagnostic) {
  Bench& b = bench();
  std::uint32_t data = 0;
  for (const std::uint64_t address : {0x0ULL, 0xfffULL, 0x3000ULL, 0x20000ULL}) {
    EXPECT_EQ(b.a.read(address, &data, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE) << address;
  }
  EXPECT_EQ(b.host.count("decode"), 4U);
  ASSERT_FALSE(b.host.diagnostics.empty());
  EXPECT_EQ(b.host.diagnostics.back().address, 0x20000U);
}

TEST(Router, AnAccessOverATargetsEndGetsAnAddressErrorEvenIfAnotherTargetFollows) {
  Bench& b = bench();
  b.a.put(0x1ff8, 0, 8);
  b.a.put(0x2000, 0, 8);
  std::uint64_t data = ~0ULL;
  EXPECT_EQ(b.a.write(0x1ffc, &data, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.a.get(0x1ff8, 8), 0U);
  EXPECT_EQ(b.a.get(0x2000, 8), 0U);
  EXPECT_EQ(b.host.count("straddle"), 1U);
  std::array<std::uint8_t, 16> wide{};
  EXPECT_EQ(b.a.read(~0ULL - 7, wide.data(), wide.size()), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(Router, DmiIsTranslatedAndCutToTheTargetsRange) {
  Bench& b = bench();
  tlm::tlm_generic_payload p;
  tlm::tlm_dmi dmi;
  Master::fill(p, tlm::TLM_READ_COMMAND, 0x2800, nullptr, 0);
  ASSERT_TRUE(b.a.socket->get_direct_mem_ptr(p, dmi));
  EXPECT_EQ(dmi.get_start_address(), 0x2000U);
  EXPECT_EQ(dmi.get_end_address(), 0x2fffU);
  EXPECT_EQ(dmi.get_dmi_ptr(), b.next.data());
  EXPECT_EQ(dmi.get_read_latency(), sc_core::sc_time(110, sc_core::SC_PS));
  EXPECT_EQ(p.get_address(), 0x2800U);

  p.set_address(0x10008);
  ASSERT_TRUE(b.a.socket->get_direct_mem_ptr(p, dmi));
  EXPECT_EQ(b.spy.dmi_address, 8U);
  EXPECT_EQ(dmi.get_start_address(), 0x10000U);
  EXPECT_EQ(dmi.get_end_address(), 0x10fffU);

  p.set_address(0x4000);
  EXPECT_FALSE(b.a.socket->get_direct_mem_ptr(p, dmi));
  EXPECT_EQ(dmi.get_start_address(), 0x3000U);
  EXPECT_EQ(dmi.get_end_address(), 0xffffU);
}

TEST(Router, WithdrawalOfDmiReachesEveryInitiatorTranslated) {
  Bench& b = bench();
  b.spy.socket->invalidate_direct_mem_ptr(0x100, ~0ULL);
  for (Master* m : {&b.a, &b.b}) {
    ASSERT_EQ(m->invalidations.size(), 1U);
    EXPECT_EQ(m->invalidations[0], std::make_pair(std::uint64_t{0x10100}, std::uint64_t{0x10fff}));
  }
  b.spy.socket->invalidate_direct_mem_ptr(0x1000, 0x2000);
  EXPECT_EQ(b.a.invalidations.size(), 1U) << "outside of what the router shows";
}

TEST(Router, DebugAccessesAreTranslatedAndStopAtTheTargetsEnd) {
  Bench& b = bench();
  b.a.put(0x1ffc, 0xabcdef01, 4);
  std::array<std::uint8_t, 8> data{};
  tlm::tlm_generic_payload p;
  Master::fill(p, tlm::TLM_READ_COMMAND, 0x1ffc, data.data(), data.size());
  EXPECT_EQ(b.a.socket->transport_dbg(p), 4U);
  EXPECT_EQ(data[0], 0x01);
  EXPECT_EQ(p.get_address(), 0x1ffcU);
  EXPECT_EQ(p.get_data_length(), 8U);
  p.set_address(0x0);
  EXPECT_EQ(b.a.socket->transport_dbg(p), 0U);
  EXPECT_TRUE(b.host.diagnostics.empty()) << "a debugger's probing is no guest error";
}

TEST(Router, CountersComeBackFromAnArchive) {
  Bench& b = bench();
  ArchiveWriter saved;
  b.router.visit(saved);
  const std::uint64_t before = test::Statistics(b.router)["to_low"];
  b.a.get(0x1000, 4);
  EXPECT_EQ(test::Statistics(b.router)["to_low"], before + 1);
  ArchiveReader reader(saved.data());
  b.router.visit(reader);
  EXPECT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(test::Statistics(b.router)["to_low"], before);
}

}  // namespace
}  // namespace smmuvp
