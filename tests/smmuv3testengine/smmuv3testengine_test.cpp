// The component on its buses, without an SMMU.
#include "smmuvp/smmuv3testengine/smmuv3testengine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "frame.h"
#include "smmuvp/memory/memory.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

using namespace engine;
constexpr std::uint64_t us = 1'000'000;  // in picoseconds

class TracingHost : public test::CapturingHost, public TraceSink {
 public:
  TraceSink* trace() override { return this; }
  bool wants(std::string_view source, std::string_view) override { return source == "te"; }
  void record(std::uint64_t, std::string_view, std::string_view point, const TraceValue* values,
              std::size_t count) override {
    std::string line(point);
    for (std::size_t i = 0; i < count; ++i) {
      line += " " + std::string(values[i].name) + "=" + std::to_string(values[i].number);
    }
    records.push_back(line);
  }
  std::vector<std::string> records;
};

/// Between a port and the memory: keeps what each access said of itself, and can hold one address back.
struct Wire : sc_core::sc_module {
  explicit Wire(const sc_core::sc_module_name& n) : sc_core::sc_module(n), in("in"), out("out") {
    in.register_b_transport(this, &Wire::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const auto* e = p.get_extension<AccessExtension>();
    ASSERT_NE(e, nullptr);
    seen.push_back(*e);
    if (held != 0 && p.get_address() / 0x1000 == held / 0x1000) wait(release);
    out->b_transport(p, delay);
  }
  tlm_utils::simple_target_socket<Wire, platform_buswidth> in;
  tlm_utils::simple_initiator_socket<Wire, platform_buswidth> out;
  std::vector<AccessExtension> seen;
  std::uint64_t held = 0;
  sc_core::sc_event release;
};

struct Bench {
  Bench() {
    cpu.socket.bind(dev.registers);
    for (unsigned i = 0; i < 2; ++i) {
      dev.dma(i).bind(wires[i]->in);
      wires[i]->out.bind(memories[i]->socket);
    }
    dev.reset(reset);
    // Modules are made before simulation starts.
    Params many(smmuv3testengine_type().params);
    many.set("ports", std::uint64_t{64});
    many.set("outstanding", std::uint64_t{17});
    try {
      smmuv3testengine_type().create("many", many, host);
    } catch (const ConfigError& e) {
      too_many_are_refused = std::string(e.what()).find("outstanding") != std::string::npos;
    }
    test::advance();
  }
  static Params params() {
    Params p(smmuv3testengine_type().params);
    p.set("ports", std::uint64_t{2});
    p.set("outstanding", std::uint64_t{2});
    p.set("bytes_per_us", std::uint64_t{1000});  // a byte a nanosecond
    return p;
  }
  void set_up(std::uint32_t f, std::uint64_t from, std::uint64_t to_incl) {
    cpu.put(frame(f) + substreamid, no_substream);
    cpu.put(frame(f) + streamid, 0x30 + f);
    cpu.put(frame(f) + attributes, write_back << 16 | write_back);
    cpu.put(frame(f) + begin, from, 8);
    cpu.put(frame(f) + end_incl, to_incl, 8);
    cpu.put(frame(f) + stride, 1, 8);
  }
  std::uint64_t get(std::uint32_t f, std::uint32_t field, unsigned bytes = 4) {
    return cpu.get(frame(f) + field, bytes);
  }

  TracingHost host;
  Smmuv3TestEngine dev{"te", params(), host};
  Memory memory{"memory", Params(memory_type().params), host};
  Memory memory1{"memory1", Params(memory_type().params), host};
  Wire wire0{"wire0"}, wire1{"wire1"};
  Memory* memories[2] = {&memory, &memory1};
  Wire* wires[2] = {&wire0, &wire1};
  test::Master cpu{"cpu"};
  sc_core::sc_signal<bool> reset;
  bool too_many_are_refused = false;
};

/// After a reset, with nothing under way.
Bench& bench() {
  static Bench b;
  for (Wire* w : b.wires) {
    w->held = 0;
    w->release.notify(sc_core::SC_ZERO_TIME);
  }
  b.reset.write(true);
  test::advance(100 * us);
  b.reset.write(false);
  test::advance();
  for (Wire* w : b.wires) w->seen.clear();
  b.host.records.clear();
  b.host.diagnostics.clear();
  return b;
}

TEST(TestEngine, ACopyGoesThroughMemory) {
  Bench& b = bench();
  std::memset(b.memory.data() + 0x10000, 0x5a, 8192);
  b.set_up(0, 0x10000, 0x11fff);
  b.cpu.put(frame(0) + udata0, 0x20000, 8);
  b.cpu.put(frame(0) + cmd, MEMCPY);
  EXPECT_EQ(b.get(0, cmd), MEMCPY) << "it has only begun";
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), HALTED);
  EXPECT_EQ(std::memcmp(b.memory.data() + 0x10000, b.memory.data() + 0x20000, 8192), 0);
  EXPECT_EQ(b.get(0, returned), 4U);
}

TEST(TestEngine, FramesMoveTheirBytesAtTheSameTime) {
  Bench& b = bench();
  for (const std::uint32_t f : {0U, 1U}) {
    b.set_up(f, 0x10000, 0x10fff);
    b.cpu.put(frame(f) + cmd, SUM64);
  }
  test::advance(4096 * 1000 - 1000);
  EXPECT_EQ(b.get(0, cmd), SUM64);
  test::advance(2000);
  EXPECT_EQ(b.get(0, cmd), HALTED);
  EXPECT_EQ(b.get(1, cmd), HALTED);
}

TEST(TestEngine, MoreFramesThanMayBeOutstandingTakeTurns) {
  Bench& b = bench();
  for (std::uint32_t f = 0; f < 5; ++f) {
    b.set_up(f, 0x10000, 0x10fff);
    b.cpu.put(frame(f) + cmd, SUM64);
  }
  test::advance(5000 * 1000);
  const auto halted = [&] {
    unsigned n = 0;
    for (std::uint32_t f = 0; f < 5; ++f) n += b.get(f, cmd) == HALTED ? 1 : 0;
    return n;
  };
  EXPECT_EQ(halted(), 2U);
  test::advance(10'000 * 1000);
  EXPECT_EQ(halted(), 5U);
}

TEST(TestEngine, AFrameWhoseAccessWaitsHoldsUpNoOther) {
  Bench& b = bench();
  b.wire0.held = 0x10000;
  b.set_up(0, 0x10000, 0x10fff);
  b.cpu.put(frame(0) + cmd, SUM64);
  test::advance(100 * us);
  b.set_up(1, 0x20000, 0x23fff);
  b.cpu.put(frame(1) + cmd, RAND48);
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), SUM64);
  EXPECT_EQ(b.get(1, cmd), HALTED);
  b.wire0.release.notify();
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), HALTED);
}

TEST(TestEngine, AFrameGoesOutAtItsDownstreamPortWithItsIdentity) {
  Bench& b = bench();
  b.set_up(2, 0x10000, 0x10007);
  b.cpu.put(frame(2) + port_index, 1);
  b.cpu.put(frame(2) + substreamid, 0x12345);
  b.cpu.put(frame(2) + attributes, 0x8533);  // Non-cacheable, Outer, instruction, privileged
  b.cpu.put(frame(2) + cmd, SUM64);
  test::advance(100 * us);
  EXPECT_TRUE(b.wire0.seen.empty());
  ASSERT_EQ(b.wire1.seen.size(), 1U);
  const AccessExtension& e = b.wire1.seen[0];
  EXPECT_TRUE(e.stream_valid);
  EXPECT_EQ(e.stream_id, 0x32U);
  EXPECT_TRUE(e.substream_valid);
  EXPECT_EQ(e.substream_id, 0x12345U);
  EXPECT_TRUE(e.privileged);
  EXPECT_TRUE(e.instruction);
  EXPECT_EQ(e.address_space, AddressSpace::non_secure);
  EXPECT_TRUE(e.attributes_valid);
  EXPECT_EQ(e.request_memory_type, 0x44);
  EXPECT_EQ(e.request_shareability, Shareability::outer);
}

TEST(TestEngine, AFrameThatChangesItsPortWhileAMessageIsOutGoesOnThere) {
  Bench& b = bench();
  b.set_up(0, 0x10000, 0x10007);
  b.cpu.put(frame(0) + msiaddress, 0x30000, 8);
  b.cpu.put(frame(0) + msidata, 0x77);
  b.wire0.held = 0x30000;
  b.cpu.put(frame(0) + cmd, SUM64);
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), HALTED);
  b.cpu.put(frame(0) + port_index, 1);
  b.cpu.put(frame(0) + cmd, SUM64);
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), SUM64);
  b.wire0.held = 0;
  b.wire0.release.notify();
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), HALTED);
  EXPECT_EQ(b.memory.data()[0x30000], 0x77);
  EXPECT_EQ(b.wire1.seen.size(), 2U);
}

TEST(TestEngine, AnAddressWithoutMemoryEndsInErrorAndAMessageThatAbortsIsMarked) {
  Bench& b = bench();
  b.set_up(0, 1ULL << 40, (1ULL << 40) + 7);
  b.cpu.put(frame(0) + msiaddress, 1ULL << 41, 8);
  b.cpu.put(frame(0) + cmd, SUM64);
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), ERROR);
  EXPECT_EQ(b.get(0, udata2, 8), 1ULL << 40);
  EXPECT_EQ(b.get(0, uctrl), 1U);
}

TEST(TestEngine, ARangeWithoutEndLetsTimePassAndEndsWithAReset) {
  Bench& b = bench();
  b.set_up(0, 0, ~0ULL - 8);
  b.wire0.held = 0;
  b.cpu.put(frame(0) + stride, 1ULL << 12, 8);
  b.cpu.put(frame(0) + cmd, SUM64);
  const sc_core::sc_time before = sc_core::sc_time_stamp();
  test::advance(50 * us);
  EXPECT_EQ(sc_core::sc_time_stamp() - before, sc_core::sc_time(50, sc_core::SC_US));
  EXPECT_EQ(b.get(0, cmd), SUM64);
  b.reset.write(true);
  test::advance(us);
  b.reset.write(false);
  EXPECT_EQ(b.get(0, cmd), HALTED);
  const std::size_t made = b.wire0.seen.size();
  EXPECT_GT(made, 5U);
  test::advance(100 * us);
  EXPECT_EQ(b.wire0.seen.size(), made);
}

TEST(TestEngine, AnAccessThatAResetOvertakesReachesItsTargetAndNoFrame) {
  Bench& b = bench();
  b.wire0.held = 0x10000;
  b.set_up(0, 0x10000, 0x10fff);
  b.cpu.put(frame(0) + cmd, RAND48);
  test::advance(us);
  b.memory.data()[0x10000] = b.memory.data()[0x10001] = 0;
  b.reset.write(true);
  test::advance(us);
  b.reset.write(false);
  b.set_up(0, 0x20000, 0x20fff);
  b.wire0.held = 0x20000;
  b.cpu.put(frame(0) + cmd, SUM64);
  test::advance(us);
  b.wire0.held = 0;
  b.wire0.release.notify();
  test::advance(2 * us);
  EXPECT_NE(b.memory.data()[0x10000] | b.memory.data()[0x10001], 0);
  EXPECT_EQ(b.get(0, returned), 0U);
  test::advance(100 * us);
  EXPECT_EQ(b.get(0, cmd), HALTED);
  EXPECT_EQ(b.get(0, returned), 1U);
}

TEST(TestEngine, SecureSoftwareMakesAFrameItsOwn) {
  Bench& b = bench();
  AccessExtension e;
  e.address_space = AddressSpace::secure;
  std::uint32_t value = 0;
  const auto secure = [&](tlm::tlm_command command, std::uint32_t at) {
    tlm::tlm_generic_payload p;
    test::Master::fill(p, command, at, &value, 4);
    p.set_extension(&e);
    EXPECT_EQ(b.cpu.send(p), tlm::TLM_OK_RESPONSE);
    p.clear_extension(&e);
  };
  b.set_up(4, 0x10000, 0x10007);
  secure(tlm::TLM_WRITE_COMMAND, frame(4) + pctrl);
  EXPECT_EQ(b.get(4, cmd), NO_FRAME);
  EXPECT_EQ(b.get(4, begin, 8), 0U);
  value = SUM64;
  secure(tlm::TLM_WRITE_COMMAND, frame(4) + cmd);
  test::advance(100 * us);
  secure(tlm::TLM_READ_COMMAND, frame(4) + cmd);
  EXPECT_EQ(value, HALTED);
  ASSERT_EQ(b.wire0.seen.size(), 1U);
  EXPECT_EQ(b.wire0.seen[0].address_space, AddressSpace::secure);
}

TEST(TestEngine, DebugReadsShowEveryByteAndChangeNothing) {
  Bench& b = bench();
  b.set_up(0, 0x1234'5678'9abc'def0, ~0ULL);
  const std::vector<std::uint8_t> before = test::save(b.dev);
  std::vector<std::uint8_t> bytes(0x20000);
  tlm::tlm_generic_payload p;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, 0, bytes.data(), bytes.size());
  EXPECT_EQ(b.cpu.socket->transport_dbg(p), 0x20000U);
  EXPECT_EQ(bytes[begin], 0xf0);
  EXPECT_EQ(bytes[begin + 7], 0x12);
  EXPECT_EQ(bytes[0x80], HALTED);
  p.set_command(tlm::TLM_WRITE_COMMAND);
  EXPECT_EQ(b.cpu.socket->transport_dbg(p), 0U);
  EXPECT_EQ(test::save(b.dev), before);
}

TEST(TestEngine, AccessesOfOtherShapesOrOutsideMeetABusError) {
  Bench& b = bench();
  std::array<std::uint8_t, 16> data{};
  EXPECT_EQ(b.cpu.read(0, data.data(), 16), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.cpu.write(2, data.data(), 4), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.cpu.read(0x20000, data.data(), 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(TestEngine, TracePointsTellCommandsAccessesAndEnds) {
  Bench& b = bench();
  b.set_up(1, 0x10000, 0x10007);
  b.cpu.put(frame(1) + cmd, SUM64);
  test::advance(100 * us);
  const std::vector<std::string> expected{"smmuv3testengine.command frame=1 written=4 cmd=4",
                                          "smmuv3testengine.access frame=1 sid=49 ssid=0 ssv=0 address=65536 "
                                          "length=8 write=0 response=0 took_ps=8000",
                                          "smmuv3testengine.end frame=1 cmd=1"};
  EXPECT_EQ(b.host.records, expected);
}

TEST(TestEngine, StatisticsCountWhatWasDone) {
  Bench& b = bench();
  const test::Statistics before(b.dev);
  b.set_up(1, 0x10000, 0x10fff);
  b.cpu.put(frame(1) + cmd, SUM64);
  b.cpu.put(frame(2) + cmd, SUM64);  // stride is 0
  test::advance(100 * us);
  const test::Statistics after(b.dev);
  EXPECT_EQ(after["commands"] - before["commands"], 1U);
  EXPECT_EQ(after["misconfigured"] - before["misconfigured"], 1U);
  EXPECT_EQ(after["read_bytes"] - before["read_bytes"], 4096U);
  EXPECT_EQ(b.host.count("misconfigured"), 1U);
}

TEST(TestEngine, MoreProcessesThanAHostShouldRunAreRefused) { EXPECT_TRUE(bench().too_many_are_refused); }

TEST(TestEngine, TheDeviceTreeNodeNamesItAndArmsDriver) {
  DtNode node("device");
  bench().dev.describe(node);
  EXPECT_EQ(node.name(), "test-engine");
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value),
            (DtNode::Strings{"smmu-vp,smmuv3testengine", "arm,smmute"}));
}

TEST(TestEngine, AnArchiveTakenDuringWorkContinuesAllFrames) {
  Bench& b = bench();
  for (unsigned i = 0; i < 0x8000; ++i)
    b.memory.data()[0x10000 + i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  const auto start = [&] {
    for (std::uint32_t f = 0; f < 3; ++f) {
      b.set_up(f, 0x10000, 0x17fff);
      b.cpu.put(frame(f) + seed, f * 5);
      b.cpu.put(frame(f) + udata0, 0x40000 + 0x10000 * f, 8);
      b.cpu.put(frame(f) + cmd, MEMCPY);
    }
  };
  const auto copied = [&](std::uint32_t f) {
    return std::memcmp(b.memory.data() + 0x10000, b.memory.data() + 0x40000 + 0x10000 * f, 0x8000) == 0;
  };
  std::memset(b.memory.data() + 0x40000, 0, 0x30000);
  start();
  test::advance(21 * us);
  EXPECT_EQ(b.get(2, cmd), MEMCPY);
  const auto saved = test::save(b.dev);
  const std::vector<std::uint8_t> memory_then(b.memory.data() + 0x40000, b.memory.data() + 0x70000);
  test::advance(1000 * us);
  const std::uint64_t counts[] = {b.get(0, returned), b.get(1, returned), b.get(2, returned)};
  std::copy(memory_then.begin(), memory_then.end(), b.memory.data() + 0x40000);
  bench();
  ASSERT_EQ(test::load(b.dev, saved), "");
  EXPECT_EQ(b.get(2, cmd), MEMCPY);
  test::advance(1000 * us);
  for (std::uint32_t f = 0; f < 3; ++f) {
    EXPECT_EQ(b.get(f, cmd), HALTED);
    EXPECT_EQ(b.get(f, returned), counts[f]) << "no access twice";
    EXPECT_TRUE(copied(f)) << f;
  }
}

TEST(TestEngine, AnArchiveWithAnAccessThatNoFrameMakesIsRefused) {
  Bench& b = bench();
  b.wire0.held = 0x10000;
  b.set_up(0, 0x10000, 0x10fff);
  b.cpu.put(frame(0) + cmd, SUM64);
  test::advance(us);
  const auto saved = test::save(b.dev);
  // The address of the operation that a master has, 0x10000: little-endian, within a few bytes of its name.
  const std::string name = "address";
  bool refused = false;
  for (auto at = saved.begin(); !refused;) {
    at = std::search(at, saved.end(), name.begin(), name.end());
    if (at == saved.end()) break;
    at += static_cast<std::ptrdiff_t>(name.size());
    const auto number = std::find(at, at + 12, 0x01);
    if (number == at + 12) continue;
    auto broken = saved;
    broken[static_cast<std::size_t>(number - saved.begin())] = 0x02;
    refused = test::load(b.dev, broken).find("no frame makes") != std::string::npos;
  }
  EXPECT_TRUE(refused);
  EXPECT_EQ(b.get(0, cmd), HALTED);
}

}  // namespace
}  // namespace smmuvp
