#include "smmuvp/gic/gic_core.h"

#include <gtest/gtest.h>

#include "smmuvp/test/core.h"

namespace smmuvp {
namespace {

// Offsets as IHI 0048 chapter 4 has them.
constexpr std::uint32_t DCTLR = 0x000, TYPER = 0x004, IGROUPR = 0x080, ISENABLER = 0x100, ICENABLER = 0x180,
                        ISPENDR = 0x200, ICPENDR = 0x280, ISACTIVER = 0x300, ICACTIVER = 0x380,
                        IPRIORITYR = 0x400, ITARGETSR = 0x800, ICFGR = 0xc00, SGIR = 0xf00, CPENDSGIR = 0xf10,
                        SPENDSGIR = 0xf20, ICPIDR2 = 0xfe8;
constexpr std::uint32_t CTLR = 0x00, PMR = 0x04, BPR = 0x08, IAR = 0x0c, EOIR = 0x10, RPR = 0x14,
                        HPPIR = 0x18, ABPR = 0x1c, AIAR = 0x20, AEOIR = 0x24, AHPPIR = 0x28, APR = 0xd0,
                        NSAPR = 0xe0, IIDR = 0xfc, DIR = 0x1000;
constexpr std::uint32_t EOImode = 1 << 9, FIQEn = 1 << 3, AckCtl = 1 << 2;
constexpr unsigned spurious = 1023;

/// A GIC with both groups on and all priorities allowed.
class Gic {
 public:
  explicit Gic(Diag& diag, GicConfig config = {}) : core(config, diag), cpus(config.cpus) {
    dput(DCTLR, 3);
    for (unsigned cpu = 0; cpu < cpus; ++cpu) {
      put(CTLR, 1, cpu);
      put(PMR, 0xff, cpu);
    }
  }
  std::uint32_t dget(std::uint32_t at, unsigned bytes = 4, unsigned cpu = 0) {
    return static_cast<std::uint32_t>(core.read(GicCore::Frame::Distributor, cpu, at, bytes));
  }
  void dput(std::uint32_t at, std::uint64_t v, unsigned bytes = 4, unsigned cpu = 0) {
    core.write(GicCore::Frame::Distributor, cpu, at, bytes, v);
  }
  std::uint32_t get(std::uint32_t at, unsigned cpu = 0) {
    return static_cast<std::uint32_t>(core.read(GicCore::Frame::CpuInterface, cpu, at, 4));
  }
  void put(std::uint32_t at, std::uint64_t v, unsigned cpu = 0) {
    core.write(GicCore::Frame::CpuInterface, cpu, at, 4, v);
  }
  void enable(unsigned intid, unsigned priority, bool edge = false) {
    dput(IPRIORITYR + intid, priority, 1);
    const std::uint32_t at = ICFGR + intid / 16 * 4;
    const std::uint32_t bit = 2U << (intid % 16 * 2);
    dput(at, edge ? dget(at) | bit : dget(at) & ~bit);
    dput(ISENABLER + intid / 32 * 4, 1U << (intid % 32));
  }
  bool pending(unsigned intid) { return (dget(ISPENDR + intid / 32 * 4) >> (intid % 32) & 1) != 0; }
  bool active(unsigned intid) { return (dget(ISACTIVER + intid / 32 * 4) >> (intid % 32) & 1) != 0; }

  GicCore core;
  unsigned cpus;
};

class GicTest : public ::testing::Test {
 protected:
  static GicConfig smp(unsigned n) {
    GicConfig c;
    c.cpus = n;
    return c;
  }
  test::CapturingDiag sink;
  Diag diag{&sink, "gic"};
};

TEST_F(GicTest, IdentificationFollowsTheConfiguration) {
  GicConfig c;
  c.num_spis = 988;
  c.cpus = 4;
  Gic gic(diag, c);
  EXPECT_EQ(gic.dget(TYPER), 31U | 3U << 5);
  EXPECT_EQ(gic.dget(ICPIDR2) >> 4, 2U);
  EXPECT_EQ(gic.get(IIDR) >> 16 & 0xf, 2U);
  EXPECT_EQ(gic.get(IIDR) & 0xfff, 0x43bU);
  EXPECT_EQ(Gic(diag).dget(TYPER), 3U);
}

TEST_F(GicTest, ConfigurationsThatNoGicHasAreRefused) {
  for (const GicConfig& c : {GicConfig{0, 32, 5, 0, 0}, GicConfig{9, 32, 5, 0, 0}, GicConfig{1, 33, 5, 0, 0},
                             GicConfig{1, 992, 5, 0, 0}, GicConfig{1, 0, 5, 0, 0}, GicConfig{1, 32, 3, 0, 0},
                             GicConfig{1, 32, 5, 30, 3}, GicConfig{1, 32, 5, 0, 33}}) {
    EXPECT_THROW(GicCore(c, diag), ConfigError);
  }
}

TEST_F(GicTest, ResetDisablesAllButSgis) {
  GicCore core({}, diag);
  const auto d = [&](std::uint32_t at) { return core.read(GicCore::Frame::Distributor, 0, at, 4); };
  EXPECT_EQ(d(DCTLR), 0U);
  EXPECT_EQ(d(ISENABLER), 0xffffU);
  EXPECT_EQ(d(ISENABLER + 4), 0U);
  EXPECT_EQ(d(ICFGR), 0xaaaaaaaaU);
  EXPECT_EQ(d(ICFGR + 8), 0U);
  EXPECT_EQ(d(ITARGETSR + 32), 0U);
  EXPECT_EQ(core.read(GicCore::Frame::CpuInterface, 0, RPR, 4), 0xffU);
  EXPECT_EQ(core.read(GicCore::Frame::CpuInterface, 0, IAR, 4), spurious);
}

TEST_F(GicTest, ALevelInterruptIsPendingWhileItsInputIsHigh) {
  Gic gic(diag);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  EXPECT_TRUE(gic.core.irq(0));
  EXPECT_TRUE(gic.pending(40));
  gic.core.set_line(40, false);
  EXPECT_FALSE(gic.core.irq(0));
  EXPECT_FALSE(gic.pending(40));
  EXPECT_EQ(gic.get(IAR), spurious);

  gic.core.set_line(40, true);
  EXPECT_EQ(gic.get(IAR), 40U);
  EXPECT_FALSE(gic.core.irq(0)) << "active and pending is not signalled";
  EXPECT_TRUE(gic.pending(40));
  EXPECT_TRUE(gic.active(40));
  gic.put(EOIR, 40);
  EXPECT_TRUE(gic.core.irq(0)) << "still high";
  gic.core.set_line(40, false);
  EXPECT_FALSE(gic.core.irq(0));
}

TEST_F(GicTest, AnEdgeInterruptIsLatchedUntilAcknowledged) {
  Gic gic(diag);
  gic.enable(41, 0x80, true);
  gic.core.set_line(41, true);
  gic.core.set_line(41, false);
  EXPECT_TRUE(gic.core.irq(0));
  EXPECT_EQ(gic.get(IAR), 41U);
  EXPECT_FALSE(gic.pending(41));
  gic.core.set_line(41, true);
  EXPECT_TRUE(gic.pending(41));
  gic.put(EOIR, 41);
  EXPECT_EQ(gic.get(IAR), 41U) << "the edge while active counts";
  gic.put(EOIR, 41);
  gic.core.set_line(41, true);
  EXPECT_EQ(gic.get(IAR), spurious) << "high alone does not";
}

TEST_F(GicTest, SoftwareSetsAndClearsPending) {
  Gic gic(diag);
  for (const bool edge : {false, true}) {
    gic.enable(42, 0x80, edge);
    gic.dput(ISPENDR + 4, 1U << 10);
    EXPECT_TRUE(gic.core.irq(0));
    gic.dput(ICPENDR + 4, 1U << 10);
    EXPECT_FALSE(gic.core.irq(0));
    gic.dput(ISPENDR + 4, 1U << 10);
    EXPECT_EQ(gic.get(IAR), 42U);
    EXPECT_FALSE(gic.pending(42));
    gic.put(EOIR, 42);
  }
  gic.enable(42, 0x80, false);
  gic.core.set_line(42, true);
  gic.dput(ICPENDR + 4, 1U << 10);
  EXPECT_TRUE(gic.pending(42)) << "clearing does not lower the input";
}

TEST_F(GicTest, EachEnableGatesTheInterrupt) {
  Gic gic(diag);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  gic.dput(ICENABLER + 4, 1U << 8);
  EXPECT_FALSE(gic.core.irq(0));
  EXPECT_EQ(gic.dget(ICENABLER + 4), 0U);
  gic.dput(ISENABLER + 4, 1U << 8);
  EXPECT_TRUE(gic.core.irq(0));
  gic.dput(DCTLR, 2);
  EXPECT_FALSE(gic.core.irq(0));
  gic.dput(DCTLR, 1);
  EXPECT_TRUE(gic.core.irq(0));
  gic.put(CTLR, 0);
  EXPECT_FALSE(gic.core.irq(0));
  gic.dput(ICENABLER, 0xffff);
  EXPECT_EQ(gic.dget(ISENABLER), 0xffffU) << "SGIs stay enabled";
}

TEST_F(GicTest, ThePriorityMaskLetsHigherPrioritiesThrough) {
  Gic gic(diag);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  gic.put(PMR, 0x80);
  EXPECT_FALSE(gic.core.irq(0)) << "equal is not higher";
  EXPECT_EQ(gic.get(IAR), spurious);
  EXPECT_EQ(gic.get(HPPIR), 40U) << "whatever the mask";
  gic.put(PMR, 0x88);
  EXPECT_TRUE(gic.core.irq(0));
}

TEST_F(GicTest, PrioritiesHaveTheConfiguredBits) {
  for (unsigned bits = 4; bits <= 8; ++bits) {
    GicConfig c;
    c.priority_bits = bits;
    Gic gic(diag, c);
    const std::uint32_t mask = 0xff00U >> bits & 0xff;
    gic.dput(IPRIORITYR + 40, 0xff, 1);
    EXPECT_EQ(gic.dget(IPRIORITYR + 40, 1), mask);
    EXPECT_EQ(gic.dget(IPRIORITYR + 41, 1), 0U) << "one byte at a time";
    EXPECT_EQ(gic.get(PMR), mask);
    gic.put(BPR, 0);
    EXPECT_EQ(gic.get(BPR), bits >= 7 ? 0 : 7 - bits);
  }
}

TEST_F(GicTest, TheHighestPriorityComesFirstAndTheLowestNumberAmongEquals) {
  Gic gic(diag);
  gic.enable(50, 0x40);
  gic.enable(40, 0x80);
  gic.enable(60, 0x40);
  for (const unsigned i : {40U, 60U, 50U}) gic.core.set_line(i, true);
  EXPECT_EQ(gic.get(HPPIR), 50U);
  EXPECT_EQ(gic.get(IAR), 50U);
  EXPECT_EQ(gic.get(IAR), spurious) << "60 has the same priority and 40 a lower one";
  EXPECT_EQ(gic.get(RPR), 0x40U);
}

TEST_F(GicTest, AHigherPriorityPreemptsAndTheDropRestoresTheRunningPriority) {
  Gic gic(diag);
  gic.enable(40, 0x80);
  gic.enable(50, 0x40);
  gic.core.set_line(40, true);
  EXPECT_EQ(gic.get(IAR), 40U);
  EXPECT_EQ(gic.get(RPR), 0x80U);
  EXPECT_EQ(gic.get(APR), 1U << 16);
  gic.core.set_line(50, true);
  EXPECT_TRUE(gic.core.irq(0));
  EXPECT_EQ(gic.get(IAR), 50U);
  EXPECT_EQ(gic.get(RPR), 0x40U);
  gic.core.set_line(50, false);
  gic.put(EOIR, 50);
  EXPECT_EQ(gic.get(RPR), 0x80U);
  gic.core.set_line(40, false);
  gic.put(EOIR, 40);
  EXPECT_EQ(gic.get(RPR), 0xffU);
}

TEST_F(GicTest, TheBinaryPointDecidesWhatPreempts) {
  Gic gic(diag);
  gic.enable(40, 0x98);
  gic.enable(50, 0x88);
  gic.put(BPR, 4);  // group priority is bits 7:5
  gic.core.set_line(40, true);
  EXPECT_EQ(gic.get(IAR), 40U);
  EXPECT_EQ(gic.get(RPR), 0x80U);
  gic.core.set_line(50, true);
  EXPECT_FALSE(gic.core.irq(0)) << "same group priority";
  gic.put(BPR, 3);
  EXPECT_FALSE(gic.core.irq(0)) << "0x80 is still running";
}

TEST_F(GicTest, SplitEndOfInterruptDropsThePriorityAndLeavesTheInterruptActive) {
  Gic gic(diag);
  gic.put(CTLR, 1 | EOImode);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  EXPECT_EQ(gic.get(IAR), 40U);
  gic.put(EOIR, 40);
  EXPECT_EQ(gic.get(RPR), 0xffU);
  EXPECT_TRUE(gic.active(40));
  EXPECT_FALSE(gic.core.irq(0));
  gic.put(DIR, 40);
  EXPECT_FALSE(gic.active(40));
  EXPECT_TRUE(gic.core.irq(0));
}

TEST_F(GicTest, SoftwareSetsAndClearsActive) {
  Gic gic(diag);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  gic.dput(ISACTIVER + 4, 1U << 8);
  EXPECT_FALSE(gic.core.irq(0));
  gic.dput(ICACTIVER + 4, 1U << 8);
  EXPECT_TRUE(gic.core.irq(0));
}

TEST_F(GicTest, WrongEndsOfInterruptChangeNothingAndAreTold) {
  Gic gic(diag);
  gic.put(EOIR, spurious);
  EXPECT_TRUE(sink.diagnostics.empty());
  gic.put(EOIR, 40);
  EXPECT_EQ(sink.count("EOIR.idle"), 1U);
  gic.put(EOIR, 900);
  EXPECT_EQ(sink.count("EOIR.intid"), 1U);
  gic.put(DIR, 40);
  EXPECT_EQ(sink.count("DIR.EOImode"), 1U);
}

TEST_F(GicTest, TargetsAreRazWiOnAUniprocessor) {
  Gic gic(diag);
  gic.dput(ITARGETSR + 40, 0xff, 1);
  EXPECT_EQ(gic.dget(ITARGETSR + 40, 1), 0U);
  EXPECT_EQ(gic.dget(ITARGETSR, 4), 0U);
}

TEST_F(GicTest, AnSpiGoesToItsTargetsAndOneOfThemTakesIt) {
  Gic gic(diag, smp(3));
  EXPECT_EQ(gic.dget(ITARGETSR, 4, 2), 0x04040404U) << "read-only: who am I";
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  EXPECT_FALSE(gic.core.irq(0) || gic.core.irq(1) || gic.core.irq(2));
  gic.dput(ITARGETSR + 40, 0xff, 1);
  EXPECT_EQ(gic.dget(ITARGETSR + 40, 1), 7U);
  gic.dput(ITARGETSR + 40, 6, 1);
  EXPECT_FALSE(gic.core.irq(0));
  EXPECT_TRUE(gic.core.irq(1) && gic.core.irq(2));
  EXPECT_EQ(gic.get(IAR, 2), 40U);
  EXPECT_FALSE(gic.core.irq(1));
  EXPECT_EQ(gic.get(IAR, 1), spurious);
}

TEST_F(GicTest, PpisArePrivate) {
  Gic gic(diag, smp(2));
  gic.dput(ISENABLER, 1U << 30, 4, 1);
  EXPECT_EQ(gic.dget(ISENABLER, 4, 0), 0xffffU);
  gic.core.set_line(30, true, 0);
  EXPECT_FALSE(gic.core.irq(0) || gic.core.irq(1));
  gic.core.set_line(30, true, 1);
  EXPECT_TRUE(gic.core.irq(1));
  EXPECT_FALSE(gic.core.irq(0));
  EXPECT_EQ(gic.get(IAR, 1), 30U);
}

TEST_F(GicTest, AnSgiReachesEachTargetWithItsSender) {
  Gic gic(diag, smp(3));
  gic.dput(SGIR, 6U << 16 | 5, 4, 0);  // list: 1 and 2
  gic.dput(SGIR, 1U << 24 | 5, 4, 1);  // all but me: 0 and 2
  gic.dput(SGIR, 2U << 24 | 7, 4, 0);  // me
  EXPECT_EQ(gic.get(IAR, 2), 5U) << "from 0, the lowest sender first";
  EXPECT_EQ(gic.get(IAR, 2), spurious) << "SGI 5 is active";
  gic.put(EOIR, 5, 2);
  EXPECT_EQ(gic.get(IAR, 2), 5U | 1U << 10) << "from 1";
  gic.put(EOIR, 5U | 1U << 10, 2);
  EXPECT_EQ(gic.get(IAR, 2), spurious);
  EXPECT_EQ(gic.get(IAR, 1), 5U);
  EXPECT_EQ(gic.get(IAR, 0), 5U | 1U << 10);
  gic.put(EOIR, 5U | 1U << 10, 0);
  EXPECT_EQ(gic.get(IAR, 0), 7U);
  gic.dput(SGIR, 3U << 24, 4, 0);
  EXPECT_EQ(sink.count("GICD_SGIR.filter"), 1U);
}

TEST_F(GicTest, PendingSgisAreSetAndClearedBySender) {
  Gic gic(diag, smp(2));
  gic.dput(SPENDSGIR + 3, 3, 1, 1);
  EXPECT_EQ(gic.dget(CPENDSGIR, 4, 1), 0x03000000U);
  EXPECT_EQ(gic.dget(ISPENDR, 4, 1), 8U);
  gic.dput(ICPENDR, 8, 4, 1);
  EXPECT_EQ(gic.dget(ISPENDR, 4, 1), 8U) << "GICD_ICPENDR0 has no SGI bits";
  gic.dput(CPENDSGIR + 3, 1, 1, 1);
  EXPECT_EQ(gic.get(IAR, 1), 3U | 1U << 10);
}

TEST_F(GicTest, Group0GoesToFiqWhenTold) {
  Gic gic(diag);
  gic.put(CTLR, 1 | FIQEn);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  EXPECT_TRUE(gic.core.fiq(0));
  EXPECT_FALSE(gic.core.irq(0));
}

TEST_F(GicTest, Group1IsTakenByTheAliasedRegisters) {
  Gic gic(diag);
  gic.dput(IGROUPR + 4, 1U << 8);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  EXPECT_FALSE(gic.core.irq(0)) << "GICC_CTLR.EnableGrp1 is 0";
  gic.put(CTLR, 3 | FIQEn);
  EXPECT_TRUE(gic.core.irq(0));
  EXPECT_FALSE(gic.core.fiq(0));
  EXPECT_EQ(gic.get(HPPIR), 1022U);
  EXPECT_EQ(gic.get(AHPPIR), 40U);
  EXPECT_EQ(gic.get(IAR), 1022U);
  EXPECT_EQ(gic.get(AIAR), 40U);
  EXPECT_EQ(gic.get(NSAPR), 1U << 16);
  gic.put(EOIR, 40);
  EXPECT_EQ(sink.count("EOIR.group"), 1U);
  gic.put(AEOIR, 40);
  EXPECT_EQ(gic.get(RPR), 0xffU);
  gic.put(CTLR, 3 | AckCtl);
  EXPECT_EQ(gic.get(IAR), 40U) << "AckCtl lets GICC_IAR take Group 1";
  gic.put(EOIR, 40);
  EXPECT_FALSE(gic.active(40));
  gic.put(ABPR, 0);
  EXPECT_EQ(gic.get(ABPR), 3U);
}

TEST_F(GicTest, InterruptsThatAreNotThereAreRazWi) {
  Gic gic(diag);
  for (const std::uint32_t at : {ISENABLER, ISPENDR, ISACTIVER, IGROUPR}) {
    gic.dput(at + 4 * 4, 0xffffffff);
    EXPECT_EQ(gic.dget(at + 4 * 4), 0U);
  }
  gic.dput(IPRIORITYR + 128, 0xff, 1);
  EXPECT_EQ(gic.dget(IPRIORITYR + 128, 1), 0U);
  GicConfig most;
  most.num_spis = 988;
  Gic big(diag, most);
  big.dput(ISENABLER + 31 * 4, 0xffffffff);
  EXPECT_EQ(big.dget(ISENABLER + 31 * 4), 0x0fffffffU);
  big.enable(1019, 0x10);
  big.core.set_line(1019, true);
  EXPECT_EQ(big.get(IAR), 1019U);
}

TEST_F(GicTest, MessagesSetEdgeTriggeredSpisOfTheFrame) {
  GicConfig c;
  c.v2m_spi_base = 64;
  c.v2m_spi_count = 32;
  Gic gic(diag, c);
  const auto send = [&](std::uint32_t intid) { gic.core.write(GicCore::Frame::V2m, 0, 0x40, 4, intid); };
  EXPECT_EQ(gic.core.read(GicCore::Frame::V2m, 0, 0x008, 4), 96U << 16 | 32);
  gic.enable(100, 0x80, true);
  send(100);
  EXPECT_EQ(gic.get(IAR), 100U);
  gic.put(EOIR, 100);
  EXPECT_EQ(gic.get(IAR), spurious);
  send(95);
  send(128);
  EXPECT_EQ(sink.count("MSI_SETSPI_NS"), 2U);
  gic.enable(101, 0x80, false);
  send(101);
  EXPECT_EQ(sink.count("MSI_SETSPI_NS.level"), 1U);
  EXPECT_FALSE(gic.core.irq(0));
  Gic none(diag);
  EXPECT_EQ(none.core.read(GicCore::Frame::V2m, 0, 0x008, 4), 0U);
}

TEST_F(GicTest, PeekingAcknowledgesNothing) {
  Gic gic(diag);
  gic.enable(40, 0x80);
  gic.core.set_line(40, true);
  gic.core.peek(GicCore::Frame::CpuInterface, 0, IAR, 4);
  EXPECT_EQ(gic.core.peek(GicCore::Frame::CpuInterface, 0, HPPIR, 4), 40U);
  EXPECT_EQ(gic.core.peek(GicCore::Frame::Distributor, 0, ISPENDR + 4, 4), 1U << 8);
  EXPECT_TRUE(gic.core.irq(0));
  EXPECT_EQ(gic.get(IAR), 40U);
}

TEST_F(GicTest, StateComesBackFromAnArchive) {
  Gic gic(diag, smp(2));
  gic.enable(40, 0x80);
  gic.dput(ITARGETSR + 40, 3, 1);
  gic.core.set_line(40, true);
  gic.dput(SGIR, 2U << 16 | 5, 4, 0);
  EXPECT_EQ(gic.get(IAR, 0), 40U);
  const auto saved = test::save(gic.core);
  Gic other(diag, smp(2));
  EXPECT_EQ(test::load(other.core, saved), "");
  EXPECT_EQ(test::save(other.core), saved);
  EXPECT_EQ(other.get(RPR, 0), 0x80U);
  EXPECT_EQ(other.get(IAR, 1), 5U);
  other.put(EOIR, 40, 0);
  EXPECT_TRUE(other.core.irq(0));
  for (std::size_t n = 0; n < saved.size(); n += 997) {
    EXPECT_NE(test::load(other.core, {saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(n)}), "");
  }
}

TEST_F(GicTest, RandomAccessesAcknowledgeOnlyWhatExists) {
  for (const unsigned cpus : {1U, 3U}) {
    GicConfig c = smp(cpus);
    c.v2m_spi_count = 20;
    Gic gic(diag, c);
    test::Random random(7);
    for (int i = 0; i < 150'000; ++i) {
      const auto cpu = static_cast<unsigned>(random.below(cpus));
      const unsigned bytes = 1U << random.below(4);
      const auto frame = static_cast<GicCore::Frame>(random.below(3));
      const std::uint64_t room = frame == GicCore::Frame::Distributor ? 0x1000
                                 : random.below(8) == 0               ? 0x2000
                                                                      : 0x100;
      const auto offset = static_cast<std::uint32_t>(random.below(room)) / bytes * bytes;
      if (random.below(4) == 0) {
        gic.core.set_line(static_cast<unsigned>(random.below(1100)), random.below(2) != 0, cpu);
      } else if (random.below(3) == 0) {
        gic.core.read(frame, cpu, offset, bytes);
      } else {
        gic.core.write(frame, cpu, offset, bytes, random.likely());
      }
      if (random.below(16) == 0) {
        const std::uint32_t taken = gic.get(IAR, cpu);
        ASSERT_TRUE((taken & 0x3ff) < 128 || taken == 1022 || taken == 1023) << taken;
        ASSERT_EQ(gic.core.irq(cpu) && gic.core.fiq(cpu), false);
        gic.put(EOIR, taken, cpu);
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp
