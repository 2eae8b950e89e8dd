#include "smmuvp/tlm/register_device.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "smmuvp/test/bench.h"

namespace smmuvp {
namespace {

/// Two registers of 4 bytes: a value that reading clears, and an interrupt request in bit 0.
struct TwoRegisters {
  std::uint64_t read(std::uint32_t offset, unsigned bytes) {
    const std::uint64_t v = peek(offset, bytes);
    if (offset == 0) value = 0;
    return v;
  }
  void write(std::uint32_t offset, unsigned, std::uint64_t v) { (offset == 0 ? value : request) = v; }
  std::uint64_t peek(std::uint32_t offset, unsigned bytes) const {
    const std::uint64_t v = offset < 4 ? value : request;
    return v >> (8 * (offset % 4)) & (bytes == 1 ? 0xff : 0xffffffff);
  }
  bool irq() const { return (request & 1) != 0; }
  void reset() { value = request = 0; }
  void visit(Archive& archive) {
    archive.value("value", value);
    archive.value("request", request);
  }
  std::uint64_t value = 0;
  std::uint64_t request = 0;
};

constexpr TracePoint<bool> trace_irq{"two.irq", "the interrupt line changed", {"level"}};

/// What a small device is beside its core.
class Two : public CoreDevice<TwoRegisters> {
 public:
  Two(const sc_core::sc_module_name& name, Host& host, bool raz_wi)
      : CoreDevice(name,
                   {"two", "window", 0x10, "two registers", "request", "clears both", trace_irq, raz_wi},
                   Params({}), host, m_core) {}

 private:
  TwoRegisters m_core;
};

struct Bench {
  Bench() {
    for (auto& [dev, master, irq] :
         {std::tie(two, cpu, line), std::tie(lenient, lenient_cpu, lenient_line)}) {
      master.socket.bind(dev.registers);
      dev.irq(irq);
      dev.reset(reset);
    }
    test::advance();
  }
  test::CapturingHost host;
  Two two{"two", host, false};
  Two lenient{"lenient", host, true};
  test::Master cpu{"cpu"}, lenient_cpu{"lenient_cpu"};
  sc_core::sc_signal<bool> line, lenient_line, reset;
};

Bench& bench() {
  static Bench b;
  b.reset.write(true);
  test::advance();
  b.reset.write(false);
  test::advance();
  return b;
}

TEST(RegisterDevice, ItsPortsAreThoseOfItsSheet) {
  const auto& ports = bench().two.ports();
  ASSERT_EQ(ports.size(), 3U);
  EXPECT_EQ(ports[0].name, "window");
  EXPECT_EQ(ports[0].size, 0x10U);
  EXPECT_EQ(ports[1].name, "irq");
  EXPECT_FALSE(ports[1].optional);
  EXPECT_EQ(ports[2].name, "reset");
  EXPECT_TRUE(ports[2].optional);
}

TEST(RegisterDevice, ReadsAndWritesReachTheCore) {
  Bench& b = bench();
  b.cpu.put(0, 0x11223344);
  EXPECT_EQ(b.cpu.get(0), 0x11223344U);
  EXPECT_EQ(b.cpu.get(0), 0U) << "reading has cleared it";
  EXPECT_EQ(b.cpu.delay, sc_core::SC_ZERO_TIME);
}

TEST(RegisterDevice, ADebugReadHasNoSideEffect) {
  Bench& b = bench();
  b.cpu.put(0, 0x11223344);
  std::array<std::uint8_t, 3> data{};
  tlm::tlm_generic_payload p;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, 0, data.data(), data.size());
  EXPECT_EQ(b.cpu.socket->transport_dbg(p), 3U);
  EXPECT_EQ(data, (std::array<std::uint8_t, 3>{0x44, 0x33, 0x22}));
  EXPECT_EQ(b.cpu.get(0), 0x11223344U);
}

TEST(RegisterDevice, AnAccessOutsideTheWindowIsAnAddressError) {
  Bench& b = bench();
  std::uint8_t data[8]{};
  EXPECT_EQ(b.cpu.read(0x10, data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.lenient_cpu.read(0x10, data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.lenient_cpu.read(0xe, data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(RegisterDevice, AnAccessOfAnotherShapeIsABurstErrorOrRazWiAsTheSheetSays) {
  Bench& b = bench();
  std::array<std::uint8_t, 3> data{0xee, 0xee, 0xee};
  EXPECT_EQ(b.cpu.read(0, data.data(), 3), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(data[0], 0xee);
  b.lenient_cpu.put(0, 5);
  EXPECT_EQ(b.lenient_cpu.write(0, data.data(), 3), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.lenient_cpu.read(1, data.data(), 2), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(data, (std::array<std::uint8_t, 3>{0, 0, 0xee}));
  EXPECT_EQ(b.lenient_cpu.get(0), 5U);
}

/// An access of `data` with `enables`, sent as it is.
tlm::tlm_response_status send(test::Master& master, tlm::tlm_command command, std::uint64_t address,
                              std::vector<std::uint8_t>& data, std::vector<std::uint8_t> enables) {
  tlm::tlm_generic_payload p;
  test::Master::fill(p, command, address, data.data(), data.size());
  p.set_byte_enable_ptr(enables.data());
  p.set_byte_enable_length(static_cast<unsigned>(enables.size()));
  return master.send(p);
}

TEST(RegisterDevice, AlignedEnabledLanesOfAWiderBeatAreTheNarrowerAccess) {
  Bench& b = bench();
  const auto on = std::uint8_t{TLM_BYTE_ENABLED}, off = std::uint8_t{TLM_BYTE_DISABLED};
  for (const unsigned lane : {0U, 4U}) {
    std::vector<std::uint8_t> data(16, 0xee), enables(16, off);
    for (unsigned i = 0; i < 4; ++i) {
      enables[lane + i] = on;
      data[lane + i] = static_cast<std::uint8_t>(lane + i + 1);
    }
    ASSERT_EQ(send(b.cpu, tlm::TLM_WRITE_COMMAND, 0, data, enables), tlm::TLM_OK_RESPONSE) << lane;
  }
  EXPECT_EQ(b.cpu.get(0), 0x04030201U);
  EXPECT_EQ(b.cpu.get(4), 0x08070605U);
  b.cpu.put(0, 0x11223344);
  std::vector<std::uint8_t> data(8, 0xee);
  ASSERT_EQ(send(b.cpu, tlm::TLM_READ_COMMAND, 0, data, {on, on, on, on, off, off, off, off}),
            tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(data, (std::vector<std::uint8_t>{0x44, 0x33, 0x22, 0x11, 0xee, 0xee, 0xee, 0xee}));
}

TEST(RegisterDevice, EnabledLanesThatMakeNoAccessAreAByteEnableError) {
  Bench& b = bench();
  const auto on = std::uint8_t{TLM_BYTE_ENABLED}, off = std::uint8_t{TLM_BYTE_DISABLED};
  const std::vector<std::vector<std::uint8_t>> bad = {{on, off, on, off, off, off, off, off},  // gaps
                                                      {off, on, on, off, off, off, off, off},  // misaligned
                                                      {on, on, on, off, off, off, off, off},   // 3 bytes
                                                      {on, off},                               // repeated
                                                      {off}};                                  // none
  for (const auto& enables : bad) {
    std::vector<std::uint8_t> data(8, 0xee);
    EXPECT_EQ(send(b.cpu, tlm::TLM_READ_COMMAND, 0, data, enables), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    EXPECT_EQ(send(b.lenient_cpu, tlm::TLM_READ_COMMAND, 0, data, enables), tlm::TLM_OK_RESPONSE);
    for (std::size_t i = 0; i < data.size(); ++i) {
      EXPECT_EQ(data[i], enables[i % enables.size()] == on ? 0 : 0xee) << "only what is enabled is zero";
    }
  }
}

TEST(RegisterDevice, TheLineFollowsTheCoreAndItsRisingEdgesAreCounted) {
  Bench& b = bench();
  const std::uint64_t before = test::Statistics(b.two)["interrupts"];
  for (int i = 0; i < 2; ++i) {
    b.cpu.put(4, 1);
    b.cpu.put(4, 3);
    test::advance();
    EXPECT_TRUE(b.line.read());
    b.cpu.put(4, 2);
    test::advance();
    EXPECT_FALSE(b.line.read());
  }
  EXPECT_EQ(test::Statistics(b.two)["interrupts"], before + 2);
}

TEST(RegisterDevice, ARisingEdgeOfResetClearsTheCoreAndTheLine) {
  Bench& b = bench();
  b.cpu.put(0, 7);
  b.cpu.put(4, 1);
  b.reset.write(true);
  test::advance();
  EXPECT_EQ(b.cpu.get(0), 0U);
  EXPECT_FALSE(b.line.read());
  b.cpu.put(0, 7);
  b.reset.write(false);
  test::advance();
  EXPECT_EQ(b.cpu.get(0), 7U) << "the falling edge does nothing";
}

TEST(RegisterDevice, AnArchiveBringsBackTheRegistersTheLineAndTheCount) {
  Bench& b = bench();
  b.cpu.put(0, 9);
  b.cpu.put(4, 1);
  const std::uint64_t interrupts = test::Statistics(b.two)["interrupts"];
  const auto saved = test::save(b.two);
  b.cpu.put(4, 0);
  test::advance();
  EXPECT_FALSE(b.line.read());
  ASSERT_EQ(test::load(b.two, saved), "");
  test::advance();
  EXPECT_TRUE(b.line.read());
  EXPECT_EQ(b.cpu.get(0), 9U);
  EXPECT_EQ(test::Statistics(b.two)["interrupts"], interrupts);
}

}  // namespace
}  // namespace smmuvp
