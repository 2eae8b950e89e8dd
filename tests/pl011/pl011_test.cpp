#include "smmuvp/pl011/pl011.h"

#include <gtest/gtest.h>

#include <string>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

constexpr std::uint64_t DR = 0x000, FR = 0x018, LCR_H = 0x02c, CR = 0x030, IMSC = 0x038, MIS = 0x040,
                        ICR = 0x044;
constexpr std::uint64_t RXFE = 1 << 4, RXI = 1 << 4, TXI = 1 << 5, RTI = 1 << 6;

struct Console : ConsoleBackend {
  void put(std::uint8_t byte) override { out += static_cast<char>(byte); }
  int get() override {
    if (in.empty()) return -1;
    const int c = static_cast<unsigned char>(in.front());
    in.erase(0, 1);
    return c;
  }
  bool has_input() const override { return true; }
  std::string in, out;
};

struct Bench {
  Bench() {
    master.socket.bind(uart.registers);
    slow_master.socket.bind(slow.registers);
    uart.irq(irq);
    uart.reset(reset);
    slow.irq(slow_irq);
    slow.reset(slow_reset);
    uart.set_backend(&console);
    slow.set_backend(&slow_console);
    test::advance();
  }
  static Params params(const char* timing) {
    Params p(pl011_type().params);
    p.set("timing", timing);
    p.set("poll_ns", std::uint64_t{1000});
    return p;
  }
  test::CapturingHost host;
  Pl011 uart{"uart", params("none"), host};
  Pl011 slow{"slow", params("baud"), host};
  test::Master master{"master"};
  test::Master slow_master{"slow_master"};
  sc_core::sc_signal<bool> irq, reset, slow_irq, slow_reset;
  Console console, slow_console;
};

Bench& bench() {
  static Bench b;
  for (auto* line : {&b.reset, &b.slow_reset}) {
    line->write(true);
    test::advance();
    line->write(false);
    test::advance();
  }
  b.console.in.clear();
  b.console.out.clear();
  b.slow_console.out.clear();
  return b;
}

TEST(Pl011, WhatIsWrittenReachesTheConsole) {
  Bench& b = bench();
  for (const char c : std::string("boot\n")) b.master.put(DR, static_cast<std::uint64_t>(c), 1);
  EXPECT_EQ(b.console.out, "boot\n");
}

TEST(Pl011, InputIsPolledAndRaisesTheReceiveTimeoutInterrupt) {
  Bench& b = bench();
  b.master.put(IMSC, RXI | RTI);
  b.console.in = "ok";
  test::advance(10'000'000);
  EXPECT_TRUE(b.irq.read());
  EXPECT_EQ(b.master.get(MIS), RTI);
  EXPECT_EQ(b.master.get(DR), 'o');
  EXPECT_EQ(b.master.get(DR), 'k');
  EXPECT_EQ(b.master.get(FR) & RXFE, RXFE);
  test::advance();
  EXPECT_FALSE(b.irq.read());
}

TEST(Pl011, InputWaitsOutsideUntilTheGuestAccessesARegister) {
  Bench& b = bench();
  b.console.in = "for others";
  test::advance(100'000'000);
  EXPECT_EQ(b.console.in, "for others");
  EXPECT_EQ(b.master.get(FR) & RXFE, RXFE);
  test::advance(10'000'000);
  EXPECT_EQ(b.master.get(DR), 'f');
}

TEST(Pl011, InputWaitsOutsideWhileTheFifoIsFull) {
  Bench& b = bench();
  b.master.put(IMSC, RXI);
  b.console.in = std::string(40, 'i');
  test::advance(100'000'000);
  EXPECT_EQ(b.console.in.size(), 8U);
  std::string got;
  for (int i = 0; i < 40; ++i) {
    got += static_cast<char>(b.master.get(DR));
    test::advance(2'000'000);
  }
  EXPECT_EQ(got, std::string(40, 'i'));
}

TEST(Pl011, ADriverThatEmptiesTheFifoBeforeItUnmasksLosesOneCharacterOfTheInputAtMost) {
  Bench& b = bench();
  const std::string typed = "modprobe smmu-test\npoweroff -f; # more than a FIFO\n";
  b.master.get(FR);
  b.console.in = typed;
  test::advance(100'000'000);
  EXPECT_EQ(b.console.in, typed.substr(1));
  for (int i = 0; i < 64 && (b.master.get(FR) & RXFE) == 0; ++i) b.master.get(DR);
  b.master.put(IMSC, RXI | RTI);
  std::string got;
  for (std::size_t i = 0; i < 2 * typed.size(); ++i) {
    test::advance(1'000'000);
    while ((b.master.get(FR) & RXFE) == 0) got += static_cast<char>(b.master.get(DR));
  }
  EXPECT_EQ(got, typed.substr(1));
}

TEST(Pl011, AGuestThatPollsUartfrReceivesAllInputWithoutAnInterrupt) {
  Bench& b = bench();
  const std::string typed(70, 'p');
  b.console.in = typed;
  std::string got;
  for (std::size_t i = 0; i < 3 * typed.size(); ++i) {
    test::advance(1'000'000);
    if ((b.master.get(FR) & RXFE) == 0) got += static_cast<char>(b.master.get(DR));
  }
  EXPECT_EQ(got, typed);
  EXPECT_FALSE(b.irq.read());
}

TEST(Pl011, EitherReceiveInterruptUnmaskedLetsInputFillTheFifo) {
  for (const std::uint64_t unmasked : {RXI, RTI}) {
    Bench& b = bench();
    b.console.in = std::string(40, 'f');
    b.master.put(IMSC, unmasked);
    test::advance(100'000'000);
    EXPECT_EQ(b.console.in.size(), 8U) << unmasked;
  }
}

TEST(Pl011, InputWaitsOutsideUntilTheReceiverIsOn) {
  Bench& b = bench();
  b.master.put(CR, 0);
  b.console.in = "x";
  test::advance(10'000'000);
  EXPECT_EQ(b.console.in, "x");
  b.master.put(CR, 0x301);
  test::advance(10'000'000);
  EXPECT_EQ(b.master.get(DR), 'x');
}

TEST(Pl011, TheInterruptLineFollowsMaskAndClear) {
  Bench& b = bench();
  b.master.put(IMSC, TXI);
  b.master.put(DR, 'a');
  test::advance();
  EXPECT_TRUE(b.irq.read());
  b.master.put(ICR, TXI);
  test::advance();
  EXPECT_FALSE(b.irq.read());
}

TEST(Pl011, BaudTimingSendsACharacterEveryTenBitTimes) {
  Bench& b = bench();
  for (const char c : std::string("abc")) b.slow_master.put(DR, static_cast<std::uint64_t>(c));
  EXPECT_EQ(b.slow_console.out, "");
  const std::uint64_t character = 10 * 833ULL * 250'000'000'000 / 24'000'000;  // 8N1 at 115200
  test::advance(character + 1000);
  EXPECT_EQ(b.slow_console.out, "a");
  test::advance(2 * character);
  EXPECT_EQ(b.slow_console.out, "abc");
}

TEST(Pl011, ResetStopsTheSenderAndRestoresTheRegisters) {
  Bench& b = bench();
  b.slow_master.put(DR, 'a');
  b.slow_master.put(IMSC, 0x7ff);
  bench();
  EXPECT_EQ(b.slow_master.get(IMSC), 0U);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.slow_console.out, "");
}

TEST(Pl011, AccessesThatNoRegisterTakesAreAnswered) {
  Bench& b = bench();
  std::uint8_t data[16]{};
  EXPECT_EQ(b.master.read(0x1000, data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.master.read(0xffc, data, 8), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.master.read(0x0, data, 16), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.master.read(0x2, data, 4), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.master.read(0x0, data, 3), tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST(Pl011, DebugReadsTakeNoCharacter) {
  Bench& b = bench();
  b.master.get(FR);
  b.console.in = "z";
  test::advance(10'000'000);
  std::uint8_t data[4]{};
  tlm::tlm_generic_payload p;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, DR, data, 4);
  EXPECT_EQ(b.master.socket->transport_dbg(p), 4U);
  EXPECT_EQ(data[0], 'z');
  EXPECT_EQ(b.master.get(DR), 'z');
}

TEST(Pl011, TheDeviceTreeNodeFollowsLinuxsBinding) {
  Bench& b = bench();
  DtNode node("device");
  b.uart.describe(node);
  EXPECT_EQ(node.name(), "serial");
  ASSERT_EQ(node.properties().size(), 2U);
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value),
            (DtNode::Strings{"arm,pl011", "arm,primecell"}));
}

TEST(Pl011, StateComesBackFromAnArchive) {
  Bench& b = bench();
  b.master.put(LCR_H, 0x70);
  b.master.put(IMSC, TXI);
  b.master.put(DR, 'a');
  const auto saved = test::save(b.uart);
  b.master.put(IMSC, 0);
  test::advance();
  EXPECT_FALSE(b.irq.read());
  EXPECT_EQ(test::load(b.uart, saved), "");
  test::advance();
  EXPECT_TRUE(b.irq.read());
}

}  // namespace
}  // namespace smmuvp
