// Random programs on two cores: one reaches into the library, the other has its public interface alone.
// Written from one contract and by different means, they must agree on every register, exception and device
// access.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "machine.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t program = Machine::scratch;

class Generator {
 public:
  explicit Generator(uint32_t seed) : m_random(seed) {}

  // Less than 1 KiB, the page of a library whose page size cannot be set, so that blocks end alike. X1 is a
  // device, X2 memory, X3 nothing, X4 a place that refuses, X5 an instruction that changes.
  std::vector<uint32_t> program_words() {
    std::vector<uint32_t> words;
    while (words.size() < 200) words.push_back(word(200 - words.size()));
    words.push_back(0x14000000 | ((0u - 200u) & 0x3ffffff));  // B to the start
    return words;
  }

 private:
  uint32_t pick(uint32_t n) { return static_cast<uint32_t>(m_random() % n); }
  uint32_t target() { return 8 + pick(10); }  // X8 to X17

  uint32_t word(size_t left) {
    const uint32_t base = 1 + (pick(4) == 0 ? pick(4) : pick(2)), offset = pick(16);
    switch (pick(30)) {
      case 0:
        return 0xf9400000 | offset << 10 | base << 5 | target();  // LDR X
      case 1:
        return 0xf9000000 | offset << 10 | base << 5 | target();  // STR X
      case 2:
        return 0xb9400000 | offset << 10 | base << 5 | target();  // LDR W
      case 3:
        return 0xb9000000 | offset << 10 | base << 5 | target();  // STR W
      case 4:
        return 0x39400000 | offset << 10 | base << 5 | target();  // LDRB
      case 5:
        return 0x79000000 | offset << 10 | base << 5 | target();  // STRH
      case 6:
        return 0xa9400000 | offset << 15 | 18u << 10 | base << 5 | target();  // LDP Xt, X18
      case 7:
        return 0xa9000000 | offset << 15 | 18u << 10 | base << 5 | target();  // STP Xt, X18
      case 8:
        return 0x3dc00000 | offset << 10 | base << 5 | pick(8);  // LDR Q
      case 9:
        return 0x3d800000 | offset << 10 | base << 5 | pick(8);  // STR Q
      case 10:
        return 0xf8400000 | (1 + pick(30)) << 12 | base << 5 | target();  // LDUR X, unaligned as often as not
      case 11:
        return 0xc85f7c00 | base << 5 | target();  // LDXR
      case 12:
        return 0xc8007c00 | 19u << 16 | base << 5 | target();  // STXR W19
      case 13:
        return 0xd53be040 | target();  // MRS CNTVCT_EL0
      case 14:
        return 0xd51be340 | target();  // MSR CNTV_CVAL_EL0
      case 15:
        return pick(4) == 0 ? 0xd51be320 | target() : 0xd503201f;  // MSR CNTV_CTL_EL0
      case 16:
        return pick(2) == 0 ? 0xd50342df : 0xd50342ff;  // MSR DAIFSet, #2; DAIFClr
      case 17:
        return pick(2) == 0 ? 0xd503203f : 0xd503205f;  // YIELD, WFE
      case 18:
        return 0xd4000001 | pick(100) << 5;  // SVC
      case 19:
        return pick(3) == 0 ? 0x00000000 : 0xd5380000 | target();  // UDF; MRS MIDR_EL1
      case 20:
        return 0x54000000 | (1 + pick(static_cast<uint32_t>(left) + 1) % 8) << 5 | pick(14);  // B.cond
      case 21:
        return 0xb4000000 | (1 + pick(static_cast<uint32_t>(left) + 1) % 8) << 5 | target();  // CBZ
      case 22:
        return 0xd5033fdf;  // ISB
      case 23:
        return 0xf1000400 | target() << 5 | target();  // SUBS
      case 24:
        return 0xb90000b4;  // STR W20, [X5]: into the program itself
      case 25:
        return 0xd50b7525;  // IC IVAU, X5
      case 26:
        return 0xd5033f5f;  // CLREX
      case 27:
        return 0x9b007c00 | target() << 16 | target() << 5 | target();  // MUL
      case 28:
        return 0x91000400 | target() << 5 | target();  // ADD
      default:
        return 0x8b000000 | target() << 16 | target() << 5 | target();  // ADD
    }
  }

  std::mt19937 m_random;
};

class Side {
 public:
  Side(LibraryUse use, uint32_t seed) : m(use), m_random(seed) {
    Generator generator(seed);
    const auto words = generator.program_words();
    std::memcpy(m.ram(program), words.data(), 4 * words.size());
    m.start("_start");
    m.set("PC", program);
    m.set("X1", Machine::device);
    m.set("X2", Machine::scratch + 0x10000);
    m.set("X3", Machine::nothing);
    m.set("X4", Machine::refuses);
    // The instruction that the program replaces, and by what: ADD X8, X8, #1, then #2.
    const uint64_t changing = program + 4 * (m_random() % 200);
    m.at<uint32_t>(changing) = 0x91000508;
    m.set("X5", changing);
    m.set("X20", 0x91000908);
    m.set("PSTATE", 0x3c5 & ~uint64_t{m_random() & 0x80});
    m.on_access = [this](BusAccess& a) {
      if (a.write && a.address % 64 == 0) m.core->set_irq((a.value & 1) != 0);
      if (!a.write) a.value = a.size == 8 ? a.address * 0x100000001 : a.address & 0xff;
      return BusStatus::ok;
    };
    if (seed % 2 != 0) m.enable_mmu();
  }
  Stop quantum() { return m.run(1, 20 + m_random() % 300); }

  Machine m;

 private:
  std::mt19937 m_random;
};

void expect_alike(Machine& a, Machine& b, const std::string& where) {
  for (const std::string& name : a.core->register_names()) {
    ASSERT_EQ(a.reg(name), b.reg(name)) << name << ' ' << where;
  }
  ASSERT_EQ(a.instructions, b.instructions) << where;
  ASSERT_EQ(a.accesses.size(), b.accesses.size()) << where;
  for (size_t i = 0; i < a.accesses.size(); ++i) {
    const BusAccess &x = a.accesses[i], &y = b.accesses[i];
    ASSERT_EQ(x.address, y.address) << where << ", access " << i;
    ASSERT_EQ(x.value, y.value) << where << ", access " << i;
    ASSERT_EQ(x.size, y.size) << where << ", access " << i;
    ASSERT_EQ(x.write, y.write) << where << ", access " << i;
    ASSERT_EQ(x.pc, y.pc) << where << ", access " << i;
  }
  const auto before = a.exceptions(), after = b.exceptions();
  ASSERT_EQ(before.size(), after.size()) << where;
  for (size_t i = 0; i < before.size(); ++i) {
    ASSERT_EQ(before[i].esr, after[i].esr) << where << ", exception " << i;
    ASSERT_EQ(before[i].far, after[i].far) << where << ", exception " << i;
    ASSERT_EQ(before[i].elr, after[i].elr) << where << ", exception " << i;
  }
}

TEST(CpuCompare, ThePublicInterfaceAloneGivesWhatThePrivatePartsGive) {
  {
    const Machine known(LibraryUse::automatic);
    if (known.limited()) GTEST_SKIP() << known.core->limitation();
  }
  uint64_t exceptions = 0, interrupts = 0, accesses = 0, aborts = 0;
  const char* seeds = std::getenv("CPU_COMPARE_SEEDS");
  const unsigned long last = seeds == nullptr ? 60 : std::strtoul(seeds, nullptr, 10);
  for (uint32_t seed = 1; seed <= last; ++seed) {
    Side known(LibraryUse::automatic, seed), open(LibraryUse::public_only, seed);
    for (unsigned i = 0; i < 40; ++i) {
      const Stop a = known.quantum(), b = open.quantum();
      const std::string where = "seed " + std::to_string(seed) + ", quantum " + std::to_string(i);
      ASSERT_EQ(a.reason, b.reason) << where << ' ' << a.text << b.text;
      ASSERT_EQ(a.instructions, b.instructions) << where;
      ASSERT_NO_FATAL_FAILURE(expect_alike(known.m, open.m, where));
    }
    const CpuStatistics& s = known.m.core->statistics();
    exceptions += s.exceptions;
    interrupts += s.interrupts;
    accesses += known.m.accesses.size();
    aborts += s.external_aborts;
  }
  // The programs reach what they are to compare.
  EXPECT_GT(exceptions, last * 10);
  EXPECT_GT(interrupts, last / 2);
  EXPECT_GT(accesses, last * 10);
  EXPECT_GT(aborts, last);
  std::printf("%lu programs: %lu exceptions, %lu interrupts, %lu accesses, %lu external aborts\n", last,
              static_cast<unsigned long>(exceptions), static_cast<unsigned long>(interrupts),
              static_cast<unsigned long>(accesses), static_cast<unsigned long>(aborts));
}

}  // namespace
}  // namespace smmuvp::cpu
