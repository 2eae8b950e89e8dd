#include "smmuvp/gic/gic.h"

#include <gtest/gtest.h>

#include <deque>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

struct Bench {
  Bench() {
    distributor.socket.bind(gic.distributor);
    interface.socket.bind(gic.cpu_interface);
    frame.socket.bind(gic.v2m);
    for (const Port& p : gic.ports()) {
      if (const auto* in = std::get_if<LineIn*>(&p.object)) (**in)(signal(p.name));
      if (const auto* out = std::get_if<LineOut*>(&p.object)) (**out)(signal(p.name));
    }
    test::advance();
  }
  static Params params() {
    Params p(gic_type().params);
    p.set("cpus", std::uint64_t{2});
    p.set("num_spis", std::uint64_t{64});
    p.set("v2m_spi_base", std::uint64_t{32});
    p.set("v2m_spi_count", std::uint64_t{16});
    return p;
  }
  sc_core::sc_signal<bool>& signal(const std::string& name) {
    auto& s = signals[name];
    if (!s) s = std::make_unique<sc_core::sc_signal<bool>>();
    return *s;
  }
  void line(const std::string& name, bool level) {
    signal(name).write(level);
    test::advance();
  }
  void enable(unsigned intid, bool edge) {
    distributor.put(0x100 + intid / 32 * 4, 1U << (intid % 32));
    distributor.put(0x400 + intid, 0x80, 1);
    distributor.put(0x800 + intid, 1, 1);
    distributor.put(0xc00 + intid / 16 * 4, edge ? 2U << (intid % 16 * 2) : 0);
  }

  test::CapturingHost host;
  Gic gic{"gic", params(), host};
  test::Master distributor{"distributor"}, interface { "interface" }, frame{"frame"};
  std::map<std::string, std::unique_ptr<sc_core::sc_signal<bool>>> signals;
};

/// Reset, all lines low, both interfaces on.
Bench& bench() {
  static Bench b;
  for (auto& [name, s] : b.signals) {
    if (name[0] == 's' || name[0] == 'p') s->write(false);
  }
  b.line("reset", true);
  b.line("reset", false);
  b.distributor.put(0x000, 1);
  for (const std::uint64_t cpu : {0U, 1U}) {
    AccessExtension who;
    who.tag = cpu;
    for (const auto& [at, value] : {std::pair{0x4U, 0xffU}, {0x0U, 1U}}) {
      std::uint32_t data = value;
      tlm::tlm_generic_payload p;
      test::Master::fill(p, tlm::TLM_WRITE_COMMAND, at, &data, 4);
      p.set_extension(&who);
      EXPECT_EQ(b.interface.send(p), tlm::TLM_OK_RESPONSE);
      p.clear_extension(&who);
    }
  }
  return b;
}

TEST(Gic, ALevelInputRaisesAndLowersTheOutput) {
  Bench& b = bench();
  b.enable(32 + 5, false);
  b.line("spi5", true);
  EXPECT_TRUE(b.signal("irq0").read());
  EXPECT_FALSE(b.signal("irq1").read());
  EXPECT_EQ(b.interface.get(0x0c), 37U);
  test::advance();
  EXPECT_FALSE(b.signal("irq0").read());
  b.line("spi5", false);
  b.interface.put(0x10, 37);
  test::advance();
  EXPECT_FALSE(b.signal("irq0").read());
}

TEST(Gic, AShortPulseOnAnEdgeInputIsKept) {
  Bench& b = bench();
  b.enable(32 + 6, true);
  b.line("spi6", true);
  b.line("spi6", false);
  EXPECT_TRUE(b.signal("irq0").read());
  EXPECT_EQ(b.interface.get(0x0c), 38U);
  b.interface.put(0x10, 38);
}

TEST(Gic, TheTagOfAnAccessTellsTheProcessor) {
  Bench& b = bench();
  AccessExtension who;
  who.tag = 1;
  std::uint32_t enable = 1U << 27;
  tlm::tlm_generic_payload p;
  test::Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x100, &enable, 4);
  p.set_extension(&who);
  EXPECT_EQ(b.distributor.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.distributor.get(0x100), 0xffffU) << "processor 0's copy";
  b.line("ppi0_11", true);
  EXPECT_FALSE(b.signal("irq0").read() || b.signal("irq1").read());
  b.line("ppi1_11", true);
  EXPECT_TRUE(b.signal("irq1").read());
  std::uint32_t taken = 0;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, 0x0c, &taken, 4);
  EXPECT_EQ(b.interface.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(taken, 27U);
  p.clear_extension(&who);
}

TEST(Gic, AMessageRaisesAnInterrupt) {
  Bench& b = bench();
  b.enable(64 + 3, true);
  b.frame.put(0x40, 64 + 3);
  test::advance();
  EXPECT_TRUE(b.signal("irq0").read());
  EXPECT_EQ(b.interface.get(0x0c), 67U);
  b.interface.put(0x10, 67);
}

TEST(Gic, AccessesOutsideAFrameGetAnAddressError) {
  Bench& b = bench();
  std::uint32_t data = 0;
  EXPECT_EQ(b.distributor.read(0x1000, &data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.interface.read(0x2000, &data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.interface.read(0x1000, &data, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.frame.read(0x1000, &data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(Gic, TheDeviceTreeNodeFollowsLinuxsBinding) {
  Bench& b = bench();
  DtNode node("device");
  b.gic.describe(node);
  EXPECT_EQ(node.name(), "interrupt-controller");
  ASSERT_EQ(node.children().size(), 1U);
  const DtNode& frame = node.children()[0];
  EXPECT_EQ(frame.name(), "v2m");
  EXPECT_EQ(std::get<DtNode::Cells>(frame.properties()[2].value), DtNode::Cells{64});
  EXPECT_EQ(std::get<DtNode::Cells>(frame.properties()[3].value), DtNode::Cells{16});
}

TEST(Gic, StateComesBackFromAnArchiveWithItsOutputs) {
  Bench& b = bench();
  b.enable(64 + 4, true);
  b.frame.put(0x40, 64 + 4);
  test::advance();
  const auto saved = test::save(b.gic);
  EXPECT_EQ(b.interface.get(0x0c), 68U);
  test::advance();
  EXPECT_FALSE(b.signal("irq0").read());
  EXPECT_EQ(test::load(b.gic, saved), "");
  test::advance();
  EXPECT_TRUE(b.signal("irq0").read());
}

// A message and a wire on one SPI would be one interrupt to the guest.
TEST(Gic, TheSpisOfTheMsiFrameAreTakenAndTheRestAreFree) {
  for (const Port& p : bench().gic.ports()) {
    if (p.name.rfind("spi", 0) != 0) continue;
    const int n = std::stoi(p.name.substr(3));
    EXPECT_EQ(!p.taken.empty(), n >= 32 && n < 48) << p.name;
  }
}

TEST(Gic, EachFrameStatesItsSize) {
  EXPECT_EQ(bench().gic.ports().at(0).size, 0x1000U);
  EXPECT_EQ(bench().gic.ports().at(1).size, 0x2000U);
  EXPECT_EQ(bench().gic.ports().at(2).size, 0x1000U);
}

}  // namespace
}  // namespace smmuvp
