#include "smmuvp/pl011/pl011_core.h"

#include <gtest/gtest.h>

#include <string>

#include "smmuvp/test/core.h"

namespace smmuvp {
namespace {

// Offsets and bits as DDI 0183 chapter 3 has them.
constexpr std::uint32_t DR = 0x000, RSR = 0x004, FR = 0x018, IBRD = 0x024, FBRD = 0x028, LCR_H = 0x02c,
                        CR = 0x030, IFLS = 0x034, IMSC = 0x038, RIS = 0x03c, MIS = 0x040, ICR = 0x044,
                        DMACR = 0x048;
constexpr std::uint64_t UARTEN = 1, LBE = 1 << 7, TXE = 1 << 8, RXE = 1 << 9, DTR = 1 << 10, RTS = 1 << 11,
                        CTSEn = 1 << 15;
constexpr std::uint64_t on = UARTEN | TXE | RXE;
constexpr std::uint64_t fifos = 0x70;  // 8 bits, FEN
constexpr std::uint64_t BUSY = 1 << 3, RXFE = 1 << 4, TXFF = 1 << 5, RXFF = 1 << 6, TXFE = 1 << 7;
constexpr std::uint64_t RXI = 1 << 4, TXI = 1 << 5, RTI = 1 << 6, OEI = 1 << 10;

class Pl011CoreTest : public ::testing::Test, public Pl011Client {
 protected:
  void transmit(std::uint8_t byte) override { sent += static_cast<char>(byte); }
  static Pl011Config slow() {
    Pl011Config c;
    c.baud_timing = true;
    return c;
  }
  void receive(Pl011Core& uart, int n) {
    for (int i = 0; i < n; ++i) uart.receive(static_cast<std::uint8_t>(i));
  }

  test::CapturingDiag sink;
  Diag diag{&sink, "uart"};
  std::string sent;
};

TEST_F(Pl011CoreTest, EachRegisterHasItsResetValue) {
  Pl011Core uart({}, *this, diag);
  for (const RegisterInfo& info : uart.registers().table()) {
    if (info.offset == FR) continue;
    EXPECT_EQ(uart.read(info.offset, 4), info.reset) << info.name;
  }
  EXPECT_EQ(uart.read(CR, 4), 0x300U);
  EXPECT_EQ(uart.read(IFLS, 4), 0x12U);
  EXPECT_EQ(uart.read(FR, 4) & 0xf8, RXFE | TXFE);
  EXPECT_EQ(uart.read(RIS, 4) & 0x7f0, 0U);
}

TEST_F(Pl011CoreTest, IdentificationTellsPartDesignerAndRevision) {
  Pl011Core uart({}, *this, diag);
  Pl011Config old;
  old.r1p5 = false;
  Pl011Core r1p4(old, *this, diag);
  const auto id = [](Pl011Core& u, std::uint32_t at) {
    return u.read(at, 4) | u.read(at + 4, 4) << 8 | u.read(at + 8, 4) << 16 | u.read(at + 12, 4) << 24;
  };
  EXPECT_EQ(id(uart, 0xfe0), 0x00341011U);
  EXPECT_EQ(id(r1p4, 0xfe0), 0x00241011U);
  EXPECT_EQ(id(uart, 0xff0), 0xb105f00dU);
}

TEST_F(Pl011CoreTest, WritesReachOnlyWritableBits) {
  Pl011Core uart({}, *this, diag);
  for (const RegisterInfo& info : uart.registers().table()) {
    if (info.offset == DR || info.offset == RSR || info.offset == ICR || info.offset == LCR_H) continue;
    const std::uint64_t before = uart.peek(info.offset, 4);
    uart.write(info.offset, 4, 0xffffffff);
    if (info.access == Access::RO && info.offset != FR && info.offset != RIS && info.offset != MIS) {
      EXPECT_EQ(uart.peek(info.offset, 4), before) << info.name;
    } else if (info.access == Access::RW) {
      EXPECT_EQ(uart.peek(info.offset, 4), info.write_mask) << info.name;
    }
  }
  EXPECT_EQ(uart.read(0x008, 4), 0U) << "no register";
}

TEST_F(Pl011CoreTest, ACharacterLeavesAtOnceWithoutBaudTiming) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, 0x60);
  uart.write(CR, 4, on);
  for (const char c : std::string("hello")) {
    uart.write(DR, 1, static_cast<std::uint64_t>(c));
    EXPECT_EQ(uart.read(FR, 4) & (TXFF | BUSY), 0U);
  }
  EXPECT_EQ(sent, "hello");
}

TEST_F(Pl011CoreTest, FirmwareInitLeavesTheTransmitterOn) {
  Pl011Config c;
  c.firmware_init = true;
  Pl011Core uart(c, *this, diag);
  EXPECT_EQ(uart.read(CR, 4), on);
  EXPECT_EQ(uart.read(LCR_H, 4), fifos);
  EXPECT_EQ(uart.read(IBRD, 4), 13U);  // 24 MHz / (16 * 115200) = 13.02
  EXPECT_EQ(uart.read(FBRD, 4), 1U);
  uart.write(DR, 4, 'x');
  EXPECT_EQ(sent, "x");
}

TEST_F(Pl011CoreTest, ADisabledUartKeepsCharactersUntilItIsEnabled) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, fifos);
  for (int i = 0; i < 33; ++i) uart.write(DR, 4, 'a' + static_cast<unsigned>(i % 26));
  EXPECT_EQ(sent, "");
  EXPECT_EQ(uart.read(FR, 4) & TXFF, TXFF);
  EXPECT_EQ(sink.count("UARTDR.disabled"), Diag::limit);
  EXPECT_EQ(sink.count("UARTDR.full"), 1U);
  EXPECT_EQ(uart.lost(), 1U);
  uart.write(CR, 4, on);
  EXPECT_EQ(sent, "abcdefghijklmnopqrstuvwxyzabcdef");
  uart.receive('x');
  EXPECT_EQ(uart.read(DR, 4), 'x');
  uart.write(CR, 4, 0);
  uart.receive('y');
  EXPECT_EQ(uart.read(FR, 4) & RXFE, RXFE);
}

TEST_F(Pl011CoreTest, TheTransmitInterruptComesWithTheTransitionToTheTriggerLevel) {
  Pl011Core uart(slow(), *this, diag);
  uart.write(IBRD, 4, 13);
  uart.write(LCR_H, 4, fifos);
  uart.write(IFLS, 4, 2);  // 1/2: 16 of 32
  uart.write(CR, 4, on);
  EXPECT_EQ(uart.read(RIS, 4) & TXI, 0U) << "an empty FIFO alone raises nothing";
  for (int i = 0; i < 18; ++i) uart.write(DR, 4, 'a');  // one on the line, 17 in the FIFO
  EXPECT_EQ(uart.read(RIS, 4) & TXI, 0U);
  EXPECT_EQ(uart.read(FR, 4) & BUSY, BUSY);
  uart.character_sent();
  EXPECT_EQ(uart.read(RIS, 4) & TXI, TXI);
  EXPECT_FALSE(uart.irq());
  uart.write(IMSC, 4, TXI);
  EXPECT_TRUE(uart.irq());
  EXPECT_EQ(uart.read(MIS, 4), TXI);
  uart.write(ICR, 4, TXI);
  EXPECT_FALSE(uart.irq());
  uart.character_sent();
  EXPECT_FALSE(uart.irq()) << "below the level already: no transition";
  while (uart.transmitting()) uart.character_sent();
  EXPECT_EQ(uart.read(FR, 4) & (TXFE | BUSY), TXFE);
  EXPECT_EQ(sent.size(), 18U);
}

TEST_F(Pl011CoreTest, FillingTheFifoAboveItsLevelClearsTheTransmitInterrupt) {
  Pl011Core uart(slow(), *this, diag);
  uart.write(IBRD, 4, 13);
  uart.write(LCR_H, 4, fifos);
  uart.write(IFLS, 4, 0);  // 1/8: 4
  uart.write(CR, 4, on);
  for (int i = 0; i < 6; ++i) uart.write(DR, 4, 'a');
  uart.character_sent();
  EXPECT_EQ(uart.read(RIS, 4) & TXI, TXI);
  uart.write(DR, 4, 'a');
  EXPECT_EQ(uart.read(RIS, 4) & TXI, 0U);
}

TEST_F(Pl011CoreTest, WithoutFifosEachCharacterSentRaisesTheTransmitInterrupt) {
  for (const bool baud : {false, true}) {
    Pl011Config c;
    c.baud_timing = baud;
    Pl011Core uart(c, *this, diag);
    uart.write(CR, 4, on);
    uart.write(DR, 4, 'a');
    if (baud) {
      uart.write(DR, 4, 'b');
      EXPECT_EQ(uart.read(RIS, 4) & TXI, 0U);
      EXPECT_EQ(uart.read(FR, 4) & TXFF, TXFF);
      uart.character_sent();
    }
    EXPECT_EQ(uart.read(RIS, 4) & TXI, TXI);
  }
}

TEST_F(Pl011CoreTest, TheReceiveInterruptComesAtTheTriggerLevelAndGoesBelowIt) {
  struct Case {
    unsigned selection;
    int level32, level16;
  };
  for (const Case& k : {Case{0, 4, 2}, {1, 8, 4}, {2, 16, 8}, {3, 24, 12}, {4, 28, 14}}) {
    for (const bool r1p5 : {true, false}) {
      Pl011Config c;
      c.r1p5 = r1p5;
      Pl011Core uart(c, *this, diag);
      uart.write(LCR_H, 4, fifos);
      uart.write(IFLS, 4, k.selection << 3);
      uart.write(CR, 4, on);
      uart.write(IMSC, 4, RXI);
      const int level = r1p5 ? k.level32 : k.level16;
      receive(uart, level - 1);
      EXPECT_FALSE(uart.irq()) << level;
      receive(uart, 1);
      EXPECT_TRUE(uart.irq()) << level;
      uart.read(DR, 4);
      EXPECT_FALSE(uart.irq()) << level;
    }
  }
}

TEST_F(Pl011CoreTest, TheReceiveTimeoutInterruptGoesWhenTheFifoIsEmptied) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, fifos);
  uart.write(CR, 4, on);
  uart.write(IMSC, 4, RTI);
  uart.receive_timeout();
  EXPECT_FALSE(uart.irq()) << "nothing was received";
  receive(uart, 2);
  EXPECT_FALSE(uart.irq());
  uart.receive_timeout();
  EXPECT_TRUE(uart.irq());
  uart.read(DR, 4);
  EXPECT_TRUE(uart.irq());
  uart.read(DR, 4);
  EXPECT_FALSE(uart.irq());
  receive(uart, 1);
  uart.receive_timeout();
  uart.write(ICR, 4, RTI);
  EXPECT_FALSE(uart.irq());
}

TEST_F(Pl011CoreTest, AnOverrunKeepsTheFifoAndIsToldInUartrsrAndWithTheNextCharacter) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, fifos);
  uart.write(CR, 4, on);
  receive(uart, 32);
  EXPECT_FALSE(uart.can_receive());
  EXPECT_EQ(uart.read(FR, 4) & RXFF, RXFF);
  uart.receive(0xee);
  EXPECT_EQ(uart.read(RIS, 4) & OEI, OEI);
  EXPECT_EQ(uart.read(RSR, 4), 8U);
  EXPECT_EQ(uart.read(DR, 4), 0U) << "the oldest character";
  uart.write(RSR, 4, 0);
  EXPECT_EQ(uart.read(RSR, 4), 0U);
  uart.receive(0x77);
  uart.read(DR, 4);
  uart.receive(0x78);
  for (unsigned i = 2; i < 32; ++i) EXPECT_EQ(uart.read(DR, 4), i);
  EXPECT_EQ(uart.read(DR, 4), 0x877U) << "UARTDR.OE: characters before this one were lost";
  EXPECT_EQ(uart.read(DR, 4), 0x78U);
  EXPECT_EQ(uart.overruns(), 1U);
}

TEST_F(Pl011CoreTest, TheOverrunInUartrsrStaysUntilUartecrIsWritten) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, fifos);
  uart.write(CR, 4, on);
  receive(uart, 33);
  EXPECT_EQ(uart.read(DR, 4), 0U);
  EXPECT_EQ(uart.read(RSR, 4), 8U);
  uart.receive(0x77);
  EXPECT_EQ(uart.read(DR, 4), 1U);
  EXPECT_EQ(uart.read(RSR, 4), 8U);
  uart.write(ICR, 4, OEI);
  EXPECT_EQ(uart.read(RSR, 4), 8U);
  uart.write(RSR, 4, 0);
  EXPECT_EQ(uart.read(RSR, 4), 0U);
}

TEST_F(Pl011CoreTest, UartecrClearsTheOverrunAndReadingCharactersDoesNotBringItBack) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, fifos);
  uart.write(CR, 4, on);
  receive(uart, 33);
  uart.write(RSR, 4, 0xff);
  EXPECT_EQ(uart.read(RSR, 4), 0U);
  EXPECT_EQ(uart.read(DR, 4), 0U);
  EXPECT_EQ(uart.read(RSR, 4), 0U);
  uart.receive(0x77);
  for (unsigned i = 1; i < 32; ++i) uart.read(DR, 4);
  EXPECT_EQ(uart.read(DR, 4), 0x877U) << "UARTDR.OE is a bit of its own";
  EXPECT_EQ(uart.read(RSR, 4), 0U);
}

TEST_F(Pl011CoreTest, LoopbackReceivesWhatIsSentAndNothingElse) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, fifos);
  uart.write(CR, 4, on | LBE);
  EXPECT_FALSE(uart.can_receive());
  uart.receive('z');
  uart.write(DR, 4, 'q');
  EXPECT_EQ(sent, "");
  EXPECT_EQ(uart.read(DR, 4), 'q');
  EXPECT_EQ(uart.read(FR, 4) & RXFE, RXFE);
}

TEST_F(Pl011CoreTest, LoopbackFeedsModemOutputsToModemInputs) {
  Pl011Core uart({}, *this, diag);
  uart.write(CR, 4, on | LBE);
  uart.write(ICR, 4, 0x7ff);
  EXPECT_EQ(uart.read(FR, 4) & 0x107, 0U);
  uart.write(CR, 4, on | LBE | RTS | DTR);
  EXPECT_EQ(uart.read(FR, 4) & 0x107, 3U) << "CTS and DSR";
  EXPECT_EQ(uart.read(RIS, 4) & 0xf, 0xaU) << "CTS and DSR changed";
  uart.write(CR, 4, on | LBE | CTSEn);
  uart.write(DR, 4, 'h');
  EXPECT_EQ(uart.received(), 0U) << "not clear to send";
  uart.write(CR, 4, on | LBE | CTSEn | RTS);
  EXPECT_EQ(uart.received(), 1U);
}

TEST_F(Pl011CoreTest, SwitchingFenEmptiesTheFifos) {
  Pl011Core uart({}, *this, diag);
  uart.write(LCR_H, 4, fifos);
  uart.write(CR, 4, on);
  receive(uart, 5);
  uart.write(CR, 4, 0);
  uart.write(LCR_H, 4, 0x60);
  EXPECT_EQ(uart.read(FR, 4) & RXFE, RXFE);
  uart.write(CR, 4, on);
  receive(uart, 1);
  EXPECT_EQ(uart.read(FR, 4) & RXFF, RXFF) << "one character deep";
  EXPECT_EQ(uart.read(RIS, 4) & RXI, RXI);
}

TEST_F(Pl011CoreTest, WordsShorterThanEightBitsLeaveTheUpperBitsZero) {
  for (unsigned wlen = 0; wlen < 4; ++wlen) {
    Pl011Core uart({}, *this, diag);
    sent.clear();
    uart.write(LCR_H, 4, wlen << 5);
    uart.write(CR, 4, on);
    uart.write(DR, 4, 0xff);
    uart.receive(0xff);
    EXPECT_EQ(sent, std::string(1, static_cast<char>((0x20 << wlen) - 1)));
    EXPECT_EQ(uart.read(DR, 4), (0x20U << wlen) - 1);
  }
}

TEST_F(Pl011CoreTest, TheBaudRateTakesEffectWithUartlcrH) {
  Pl011Core uart(slow(), *this, diag);
  uart.write(IBRD, 4, 1);
  uart.write(FBRD, 4, 32);  // 1.5
  EXPECT_EQ(uart.bit_time_ps(), 666'666U) << "the divisor 1 of reset";
  uart.write(LCR_H, 4, 0x6a);                 // 8 bits, parity, two stop bits
  EXPECT_EQ(uart.bit_time_ps(), 1'000'000U);  // 16 * 1.5 / 24 MHz
  EXPECT_EQ(uart.character_time_ps(), 12 * 1'000'000U) << "start, 8 data, parity, 2 stop";
  uart.write(IBRD, 4, 0);
  uart.write(LCR_H, 4, 0x60);
  EXPECT_EQ(sink.count("UARTIBRD.zero"), 1U);
  EXPECT_GT(uart.character_time_ps(), 0U);
}

TEST_F(Pl011CoreTest, GuestErrorsAndWhatIsNotModelledAreTold) {
  Pl011Core uart({}, *this, diag);
  uart.write(CR, 4, on);
  uart.write(LCR_H, 4, fifos);
  EXPECT_EQ(sink.count("UARTLCR_H.enabled"), 1U);
  uart.write(IFLS, 4, 7);
  EXPECT_EQ(sink.count("UARTIFLS.reserved"), 1U);
  uart.write(DMACR, 4, 1);
  uart.write(DMACR, 4, 3);
  EXPECT_EQ(sink.count("UARTDMACR"), 1U);
}

TEST_F(Pl011CoreTest, StateComesBackFromAnArchive) {
  Pl011Core uart(slow(), *this, diag);
  uart.write(IBRD, 4, 13);
  uart.write(LCR_H, 4, fifos);
  uart.write(CR, 4, on);
  uart.write(IMSC, 4, RXI | TXI);
  receive(uart, 20);
  for (int i = 0; i < 20; ++i) uart.write(DR, 4, 'a');
  const auto saved = test::save(uart);
  Pl011Core other(slow(), *this, diag);
  EXPECT_EQ(test::load(other, saved), "");
  EXPECT_EQ(test::save(other), saved);
  EXPECT_TRUE(other.irq());
  EXPECT_TRUE(other.transmitting());
  EXPECT_EQ(other.read(DR, 4), uart.read(DR, 4));
  for (std::size_t n = 0; n < saved.size(); n += 7) {
    EXPECT_NE(test::load(other, {saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(n)}), "");
  }
}

TEST_F(Pl011CoreTest, RandomAccessesKeepTheFlagsConsistent) {
  for (const bool baud : {false, true}) {
    Pl011Config c;
    c.baud_timing = baud;
    Pl011Core uart(c, *this, diag);
    test::Random random(42);
    for (int i = 0; i < 200'000; ++i) {
      const auto bytes = 1U << random.below(4);
      const auto offset =
          static_cast<std::uint32_t>(random.below(random.below(8) == 0 ? 0x1000 : 0x50)) / bytes * bytes;
      switch (random.below(8)) {
        case 0:
          uart.receive(static_cast<std::uint8_t>(random.next()));
          break;
        case 1:
          uart.character_sent();
          break;
        case 2:
          uart.receive_timeout();
          break;
        case 3:
        case 4:
          uart.read(offset, bytes);
          break;
        default:
          uart.write(offset, bytes, random.likely());
          break;
      }
      const std::uint64_t fr = uart.peek(FR, 4);
      ASSERT_NE(fr & (TXFE | TXFF), TXFE | TXFF);
      ASSERT_NE(fr & (RXFE | RXFF), RXFE | RXFF);
      ASSERT_EQ(uart.peek(MIS, 4), uart.peek(RIS, 4) & uart.peek(IMSC, 4));
      ASSERT_EQ(uart.irq(), uart.peek(MIS, 4) != 0);
      ASSERT_GT(uart.character_time_ps(), 0U);
    }
  }
}

}  // namespace
}  // namespace smmuvp
