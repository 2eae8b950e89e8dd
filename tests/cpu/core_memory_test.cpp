// Aborts, devices and translations as the CPU core reports and performs them.
#include <cstring>
#include <random>

#include "machine.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t va_low = 0x0000123456780000, va_high = 0xffff800012340000;

// ---- Aborts by the MMU

TEST(CpuAborts, TranslationFaultsNameLevelAddressAndDirection) {
  for (const unsigned level : {0u, 1u, 2u, 3u}) {
    for (const bool write : {false, true}) {
      for (const uint64_t va : {va_low + 0x124, va_high + 0x128}) {
        Machine m;
        m.start(write ? "store_word" : "load_word");
        m.enable_mmu();
        if (level > 0) m.descriptor(va, level);
        m.set("X1", va);
        m.run();
        const auto log = m.exceptions();
        ASSERT_EQ(log.size(), 1u);
        EXPECT_EQ(log[0].vector, 0x200u);
        EXPECT_EQ(log[0].ec(), 0x25u);
        EXPECT_EQ(log[0].fsc(), 0x04u + level);
        EXPECT_EQ(log[0].wnr(), write);
        EXPECT_EQ(log[0].far, va);
        EXPECT_EQ(log[0].elr, m.symbol(write ? "store_word" : "load_word"));
      }
    }
  }
}

TEST(CpuAborts, AWriteToReadOnlyMemoryIsAPermissionFault) {
  Machine m;
  m.start("store_word");
  m.map_page(va_low, Machine::scratch, Machine::read_only);
  m.enable_mmu();
  m.set("X1", va_low + 8);
  m.run();
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].esr, 0x9600004fu);
  EXPECT_EQ(log[0].far, va_low + 8);
}

TEST(CpuAborts, FetchFaultsAreInstructionAborts) {
  Machine m;
  m.start("call_x1");
  m.map_page(va_low, Machine::scratch, Machine::no_exec);
  m.enable_mmu();
  m.set("X1", va_low + 8);
  m.run();
  m.set("X28", 0);
  m.set("PC", m.symbol("call_x1"));
  m.set("X1", va_high + 8);
  m.run();
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].esr, 0x8600000fu) << "execute-never, level 3";
  EXPECT_EQ(log[0].far, va_low + 8);
  EXPECT_EQ(log[1].esr, 0x86000004u) << "translation, level 0";
  EXPECT_EQ(log[1].elr, va_high + 8);
}

TEST(CpuAborts, UnalignedExclusivesAreAlignmentFaults) {
  Machine m;
  m.start("load_exclusive");
  m.set("X1", Machine::scratch + 1);
  m.run();
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].esr, 0x96000021u);
  EXPECT_EQ(log[0].far, Machine::scratch + 1);
}

TEST(CpuAborts, AMisalignedPcIsAPcAlignmentFault) {
  Machine m;
  m.start("call_x1");
  m.set("X1", m.symbol("return_42") + 2);
  m.run();
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].ec(), 0x22u);
  EXPECT_EQ(log[0].far, m.symbol("return_42") + 2);
  EXPECT_EQ(log[0].elr, m.symbol("return_42") + 2);
}

TEST(CpuAborts, UnknownInstructionsAndRegistersAreUndefined) {
  for (const char* name : {"undefined_word", "read_unknown_register", "read_cycle_counter"}) {
    Machine m;
    if (m.limited() && name == std::string("read_cycle_counter")) continue;
    m.start(name);
    EXPECT_EQ(m.run().reason, StopReason::wfi);
    const auto log = m.exceptions();
    ASSERT_EQ(log.size(), 1u) << name;
    EXPECT_EQ(log[0].esr, 0x02000000u) << name;
    EXPECT_EQ(log[0].elr, m.symbol(name)) << name;
  }
}

TEST(CpuAborts, WritesToReadOnlyCountersAreUndefined) {
  for (const uint32_t word : {0xd51be03fu, 0xd51be05fu}) {  // MSR CNTPCT_EL0, XZR; MSR CNTVCT_EL0, XZR
    Machine m;
    m.at<uint32_t>(Machine::scratch) = word;
    m.at<uint32_t>(Machine::scratch + 4) = 0xd503207f;  // WFI
    m.start("_start");
    m.set("PC", Machine::scratch);
    m.run();
    ASSERT_EQ(m.exceptions().size(), 1u);
    EXPECT_EQ(m.exceptions()[0].esr, 0x02000000u);
  }
}

// The library notes syndromes in one place, whatever it does meanwhile.
TEST(CpuAborts, TheSyndromeIsThatOfTheExceptionAlthoughCodeIsDroppedBeforeIt) {
  Machine m;
  m.map_page(va_high, Machine::scratch, Machine::no_exec);
  m.enable_mmu();
  m.at<uint32_t>(Machine::scratch + 0x1000) = 0xd50b7521;  // IC IVAU, X1
  m.at<uint32_t>(Machine::scratch + 0x1004) = 0xd40000a1;  // SVC #5
  m.at<uint32_t>(Machine::scratch + 0x1008) = 0xd503207f;  // WFI
  m.start("_start");
  m.set("PC", Machine::scratch + 0x1000);
  m.set("X1", va_high);
  m.run();
  ASSERT_EQ(m.exceptions().size(), 1u);
  EXPECT_EQ(m.exceptions()[0].esr, 0x56000005u);
}

TEST(CpuLimits, AGuestThatNeedsMoreThanTheLibraryCanDoEndsWithTheNameOfIt) {
  Machine m;
  if (!m.limited()) GTEST_SKIP() << "this libunicorn is known; run with CPU_TEST_PUBLIC=1";
  m.start("read_cycle_counter");
  Stop stop = m.run();
  EXPECT_EQ(stop.reason, StopReason::unsupported);
  EXPECT_NE(stop.text.find("Performance Monitors"), std::string::npos) << stop.text;
  EXPECT_EQ(m.run().reason, StopReason::unsupported) << "there is no way on";
  Machine el0;
  if (el0.takes_exceptions_from_el0()) return;
  el0.start("enter_el0");
  el0.set("X20", el0.symbol("el0_semihosting"));
  stop = el0.run();
  EXPECT_EQ(stop.reason, StopReason::unsupported);
  EXPECT_NE(stop.text.find("EL0"), std::string::npos) << stop.text;
}

// ---- External aborts

TEST(CpuExternalAborts, AreSynchronousAndNameTheVirtualAddress) {
  for (const bool write : {false, true}) {
    for (const bool slave : {false, true}) {
      Machine m;
      m.start(write ? "store_word" : "load_word");
      m.map_page(va_high, slave ? Machine::refuses : Machine::nothing, Machine::device_type);
      m.enable_mmu();
      m.set("X0", 0x77);
      m.set("X1", va_high + 0x124);
      EXPECT_EQ(m.run().reason, StopReason::wfi);
      const auto log = m.exceptions();
      ASSERT_EQ(log.size(), 1u);
      EXPECT_EQ(log[0].vector, 0x200u);
      EXPECT_EQ(log[0].esr, 0x96000010u | (write ? 0x40u : 0u) | (slave ? 0x200u : 0u));
      EXPECT_EQ(log[0].far, va_high + 0x124);
      EXPECT_EQ(log[0].elr, m.symbol(write ? "store_word" : "load_word"));
      EXPECT_EQ(m.reg("X0"), 0x77u) << "the destination keeps its value";
      ASSERT_EQ(m.accesses.size(), 1u);
      EXPECT_EQ(m.accesses[0].pc, log[0].elr);
    }
  }
}

// The address that each form of `access_forms` touches first, as an offset from X1; none for a prefetch.
constexpr std::optional<int64_t> offsets[] = {0, 16, 16, 0, -8, 16, -8, -16, 0, 32,          16,
                                              8, 1,  2,  4, 32, 8,  3,  32,  0, 0,           0,
                                              0, 0,  8,  8, 16, 0,  0,  -1,  0, std::nullopt};

TEST(CpuExternalAborts, NameTheAddressForEveryAddressingFormAndChangeNoRegister) {
  Machine m;
  m.map_page(va_low, Machine::nothing, Machine::user);  // for LDTR, which is checked as EL0
  m.map_page(va_low - 0x1000, Machine::nothing + 0x1000);
  m.enable_mmu();
  const uint64_t first = m.symbol("access_forms");
  const uint64_t count = (m.symbol("access_forms_end") - first) / 4;
  ASSERT_EQ(count, std::size(offsets));
  for (uint64_t i = 0; i < count; ++i) {
    m.start("access_forms");
    m.at<uint64_t>(m.symbol("exception_count")) = 0;
    m.set("PC", first + 4 * i);
    m.set("X0", 0xaa);
    m.set("X1", va_low);
    m.set("X2", 2);
    m.set("X3", 0xfffffff8);
    m.set("X4", 0xbb);
    m.set("X28", m.symbol("access_forms_end"));
    EXPECT_EQ(m.run().reason, StopReason::wfi);
    const auto log = m.exceptions();
    if (!offsets[i]) {
      EXPECT_TRUE(log.empty()) << i;
      continue;
    }
    ASSERT_EQ(log.size(), 1u) << i;
    EXPECT_EQ(log[0].ec(), 0x25u) << i;
    EXPECT_EQ(log[0].fsc(), 0x10u) << i;
    EXPECT_EQ(log[0].far, va_low + static_cast<uint64_t>(*offsets[i])) << i;
    EXPECT_EQ(log[0].elr, first + 4 * i) << i;
    EXPECT_EQ(m.reg("X1"), va_low) << i;
    EXPECT_EQ(m.reg("X0"), 0xaau) << i;
    EXPECT_EQ(m.reg("X4"), 0xbbu) << i;
    const bool ldtr = m.at<uint32_t>(first + 4 * i) == 0xf8408820;
    EXPECT_EQ(m.accesses.back().privileged, !ldtr) << i;
  }
}

TEST(CpuExternalAborts, OfALiteralNameItsAddress) {
  Machine m;
  m.start("load_literal");
  const uint64_t literal = m.symbol("load_literal") + 0x40000;
  m.map_block(literal & ~uint64_t{0x1fffff}, literal & ~uint64_t{0x1fffff});
  m.enable_mmu();
  // The block of the literal becomes pages, of which one leads nowhere.
  m.set("SCTLR_EL1", m.reg("SCTLR_EL1") & ~uint64_t{1});
  const uint64_t block = literal & ~uint64_t{0x1fffff};
  *m.descriptor(block, 2) = 0;
  for (uint64_t page = 0; page < 512; ++page) {
    const uint64_t va = block + page * 0x1000;
    m.map_page(va, va == (literal & ~uint64_t{0xfff}) ? Machine::nothing : va);
  }
  m.set("SCTLR_EL1", m.reg("SCTLR_EL1") | 1);
  m.run();
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].fsc(), 0x10u);
  EXPECT_EQ(log[0].far, literal);
}

TEST(CpuExternalAborts, AFetchFromWhereNoRamIsIsAnInstructionAbort) {
  for (const uint64_t target : {Machine::nothing, Machine::device}) {
    Machine m;
    m.start("call_x1");
    m.map_page(va_high, target);
    m.enable_mmu();
    m.set("X1", va_high + 0x10);
    m.run();
    const auto log = m.exceptions();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_EQ(log[0].esr, 0x86000010u);
    EXPECT_EQ(log[0].far, va_high + 0x10);
    EXPECT_EQ(log[0].elr, va_high + 0x10);
    EXPECT_TRUE(m.accesses.empty()) << "devices see no fetches";
  }
}

TEST(CpuExternalAborts, FromEl0GoToTheLowerElVector) {
  Machine m;
  if (!m.takes_exceptions_from_el0()) GTEST_SKIP() << m.core->limitation();
  m.start("enter_el0");
  m.map_page(0x10000, m.symbol("el0_program") & ~uint64_t{0xfff}, Machine::user | Machine::read_only);
  m.map_page(va_low, Machine::nothing, Machine::user);
  m.enable_mmu();
  m.set("X20", 0x10000 + (m.symbol("el0_program") & 0xfff));
  m.set("X1", va_low + 0x40);
  m.run(1, 60);
  const auto log = m.exceptions();
  ASSERT_GE(log.size(), 1u);
  EXPECT_EQ(log[0].vector, 0x400u);
  EXPECT_EQ(log[0].esr, 0x92000010u);
  EXPECT_EQ(log[0].far, va_low + 0x40);
  ASSERT_EQ(m.accesses.size(), 1u);
  EXPECT_FALSE(m.accesses[0].privileged);
}

TEST(CpuExternalAborts, ATableThatIsNotInRamReadsAsInvalidAndIsDiagnosed) {
  Machine m;
  m.start("load_word");
  m.enable_mmu();
  *m.descriptor(va_low, 0) = Machine::nothing | 3;
  m.set("X1", va_low);
  m.run();
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].fsc(), 0x05u);
  EXPECT_EQ(m.diagnostics.size(), 1u);
}

// ---- Devices

TEST(CpuDevices, SeeEachAccessInItsOwnSize) {
  Machine m;
  m.start("load_double");
  m.set("X1", Machine::device + 8);
  m.run();
  m.start("store_pair");
  m.set("X1", Machine::device + 0x10);
  m.set("X2", 0x1111111122222222);
  m.set("X3", 0x3333333344444444);
  m.run();
  m.start("load_quad");
  m.set("X1", Machine::device + 0x20);
  m.run();
  ASSERT_EQ(m.accesses.size(), 5u);
  for (const BusAccess& a : m.accesses) EXPECT_EQ(a.size, 8u);
  EXPECT_EQ(m.accesses[1].value, 0x1111111122222222u);
  EXPECT_EQ(m.accesses[2].address, Machine::device + 0x18);
  EXPECT_EQ(m.accesses[2].value, 0x3333333344444444u);
  EXPECT_EQ(m.reg("X2"), 0xa5a5a5a500000000u | (Machine::device + 0x20));
  EXPECT_EQ(m.reg("X3"), 0xa5a5a5a500000000u | (Machine::device + 0x28));
}

TEST(CpuDevices, UnalignedAccessesAndZeroBlocksFaultBeforeTheDeviceSeesThem) {
  for (const bool mmu : {false, true}) {
    for (const char* name : {"load_unaligned", "zero_block"}) {
      Machine m;
      m.start(name);
      m.map_page(va_low, Machine::device, Machine::device_type);
      if (mmu) m.enable_mmu();
      const uint64_t base = mmu ? va_low : Machine::device;
      m.set("X1", base + (name[0] == 'l' ? 4 : 64));
      m.run();
      const auto log = m.exceptions();
      ASSERT_EQ(log.size(), 1u) << name;
      EXPECT_EQ(log[0].esr, name[0] == 'l' ? 0x96000021u : 0x96000061u) << name;
      EXPECT_EQ(log[0].far, base + (name[0] == 'l' ? 4u : 64u)) << name;
      EXPECT_TRUE(m.accesses.empty()) << name;
    }
  }
}

TEST(CpuDevices, UnalignedAccessesToNormalMemoryOnTheBusAreMade) {
  Machine m;
  m.start("load_unaligned");
  m.map_page(va_low, Machine::device);
  m.enable_mmu();
  m.set("X1", va_low + 4);
  m.run();
  EXPECT_TRUE(m.exceptions().empty());
  EXPECT_EQ(m.accesses.size(), 2u);
}

TEST(CpuDevices, TakeExclusivesAsALoadAndAStore) {
  Machine m;
  m.start("exclusive_increment");
  m.set("X1", Machine::device);
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_TRUE(m.exceptions().empty());
  EXPECT_EQ(m.reg("X2"), 0u);
  ASSERT_GE(m.accesses.size(), 2u);
  EXPECT_TRUE(m.accesses.back().write);
  EXPECT_EQ(m.accesses.back().value, Machine::device + 1);
}

// ---- Translations

TEST(CpuTranslations, RamIsFoundAtAnyVirtualAddress) {
  const uint64_t vas[] = {0,
                          0x08000000,
                          Machine::device,
                          Machine::ram_base + 0x8000000,
                          0x0000fffffffff000,
                          0xffff000000000000,
                          0xffff800080000000,
                          0xffffffff00000000,
                          0xfffffffffffff000};
  Machine m;
  m.enable_mmu();
  uint64_t pa = Machine::scratch;
  for (const uint64_t va : vas) {
    m.map_page(va, pa);
    m.at<uint64_t>(pa) = va ^ 0x5555;
    m.start("load_double");
    m.set("X1", va);
    EXPECT_EQ(m.run().reason, StopReason::wfi);
    EXPECT_EQ(m.reg("X0"), va ^ 0x5555) << std::hex << va;
    m.start("store_double");
    m.set("X0", 0x1234);
    m.set("X1", va + 8);
    m.run();
    EXPECT_EQ(m.at<uint64_t>(pa + 8), 0x1234u) << std::hex << va;
    std::memcpy(m.ram(pa), m.ram(m.symbol("return_42")), 8);
    m.core->invalidate_code(pa, 8);
    m.start("call_once");
    m.set("X1", va);
    m.run();
    EXPECT_EQ(m.reg("X10"), 42u) << std::hex << va;
    pa += 0x1000;
  }
  EXPECT_TRUE(m.exceptions().empty());
  EXPECT_TRUE(m.accesses.empty());
}

TEST(CpuTranslations, ADeviceIsFoundAtAVirtualAddressWhereRamIs) {
  Machine m;
  m.start("load_word");
  const uint64_t va = Machine::ram_base + 0x1800000;
  m.map_page(va, Machine::device, Machine::device_type);
  m.enable_mmu();
  m.at<uint32_t>(va) = 0xdead;
  m.set("X1", va + 0x18);
  m.run();
  ASSERT_EQ(m.accesses.size(), 1u);
  EXPECT_EQ(m.accesses[0].address, Machine::device + 0x18);
  EXPECT_EQ(m.reg("X0"), Machine::device + 0x18);
}

TEST(CpuTranslations, TheTopByteIsIgnoredWhereTbiSaysSo) {
  Machine m;
  m.start("load_double");
  m.map_page(va_low, Machine::scratch);
  m.enable_mmu();
  m.at<uint64_t>(Machine::scratch) = 99;
  m.set("X1", va_low | (uint64_t{0x5a} << 56));
  m.run();
  EXPECT_EQ(m.reg("X0"), 99u);
  EXPECT_TRUE(m.exceptions().empty());
}

TEST(CpuTranslations, AnAddressInNeitherRangeIsATranslationFaultAtLevel0) {
  Machine m;
  m.start("load_double");
  m.enable_mmu();
  m.set("X1", 0x00f0000000000000 | va_low);
  m.run();
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].esr, 0x96000004u);
  EXPECT_EQ(log[0].far, 0x00f0000000000000 | va_low);
}

TEST(CpuTranslations, AChangedDescriptorCountsAfterTlbi) {
  Machine m;
  m.start("load_double");
  m.map_page(va_low, Machine::scratch);
  m.enable_mmu();
  m.at<uint64_t>(Machine::scratch) = 1;
  m.at<uint64_t>(Machine::scratch + 0x1000) = 2;
  m.set("X1", va_low);
  m.run();
  EXPECT_EQ(m.reg("X0"), 1u);
  m.map_page(va_low, Machine::scratch + 0x1000);
  m.start("flush_and_load");
  m.run();
  EXPECT_EQ(m.reg("X0"), 2u);
}

TEST(CpuTranslations, SeveralMemoryRegionsAreReached) {
  Machine m({{0x80000000, 1 << 20}, {0x880000000, 1 << 20}, {0x80100000, 1 << 20}});
  m.start("copy_words");
  m.at<uint32_t>(0x80000000) = 0x11;
  m.at<uint32_t>(0x800ffffc) = 0x22;
  m.at<uint32_t>(0x80100000) = 0x33;
  m.set("X0", 0x800ffffc);
  m.set("X1", 0x880000000);
  m.set("X2", 2);
  m.run();
  EXPECT_EQ(m.at<uint32_t>(0x880000000), 0x22u);
  EXPECT_EQ(m.at<uint32_t>(0x880000004), 0x33u) << "contiguous regions";
}

TEST(CpuTranslations, El0AndEl1AlternateWithTheirOwnRights) {
  Machine m;
  if (!m.takes_exceptions_from_el0()) GTEST_SKIP() << m.core->limitation();
  m.start("enter_el0");
  m.map_page(0x10000, m.symbol("el0_program") & ~uint64_t{0xfff}, Machine::user | Machine::read_only);
  m.map_page(0x08000000, Machine::scratch);  // for EL1 only, where a device's physical address is
  m.enable_mmu();
  m.set("X20", 0x10000 + (m.symbol("el0_program") & 0xfff));
  m.set("X21", 0x7000);
  m.set("X1", 0x08000000);
  m.run(1, 150);
  const auto log = m.exceptions();
  ASSERT_GE(log.size(), 3u);
  EXPECT_EQ(m.reg("X0"), 0x7000u) << "SP_EL0";
  EXPECT_EQ(log[0].esr, 0x9200000fu) << "EL0 may not read it";
  EXPECT_EQ(log[0].far, 0x08000000u);
  EXPECT_EQ(log[0].spsr & 0xf, 0u);
  EXPECT_EQ(log[1].esr, 0x56000007u);
  EXPECT_EQ(log[2].esr, 0x56000008u);
  EXPECT_EQ(m.reg("SP_EL1"), Machine::stack);
}

TEST(CpuTranslations, DebugAccessesTranslateWithoutSideEffects) {
  Machine m;
  m.map_page(va_high, Machine::scratch);
  m.map_page(va_high + 0x1000, Machine::scratch + 0x5000);
  m.enable_mmu();
  m.at<uint32_t>(Machine::scratch + 0xffc) = 0x11111111;
  m.at<uint32_t>(Machine::scratch + 0x5000) = 0x22222222;
  uint64_t value = 0;
  EXPECT_EQ(m.core->debug_read(va_high + 0xffc, &value, 8), 8u);
  EXPECT_EQ(value, 0x2222222211111111u);
  EXPECT_EQ(m.core->debug_read(va_high + 0x1ffc, &value, 8), 4u);
  EXPECT_EQ(m.core->translate(va_high + 0x1008).value(), Machine::scratch + 0x5008);
  EXPECT_FALSE(m.core->translate(va_low).has_value());
  EXPECT_TRUE(m.exceptions().empty());
}

// ---- Code that changes

// DDI 0487 B2.9.2: a store by another observer opens the monitor of the granule, 64 bytes here.
TEST(CpuExclusives, AWriteByAnotherMasterToTheGranuleFailsTheStore) {
  Machine m;
  m.start("exclusive_with_a_yield");
  m.set("X1", Machine::scratch + 0x48);
  ASSERT_EQ(m.run().reason, StopReason::yield);
  m.core->invalidate_code(Machine::scratch + 0x7f, 8);  // of which one byte is in the granule
  m.run();
  EXPECT_EQ(m.reg("X3"), 1u);
}

TEST(CpuExclusives, AWriteByAnotherMasterBesideTheGranuleDoesNot) {
  Machine m;
  m.start("exclusive_with_a_yield");
  m.set("X1", Machine::scratch + 0x48);
  m.set("X2", 0x5eed);
  ASSERT_EQ(m.run().reason, StopReason::yield);
  m.core->invalidate_code(Machine::scratch + 0x80, 64);
  m.core->invalidate_code(Machine::scratch, 64);
  m.run();
  EXPECT_EQ(m.reg("X3"), 0u);
  EXPECT_EQ(m.at<uint64_t>(Machine::scratch + 0x48), 0x5eedu);
}

TEST(CpuCode, OwnStoresToCodeAreExecuted) {
  Machine m;
  m.start("call_twice");
  std::memcpy(m.ram(Machine::scratch), m.ram(m.symbol("return_42")), 8);
  m.set("X1", Machine::scratch);
  m.set("X3", Machine::scratch);
  m.set("X2", 0xd2800860);  // MOV X0, #67
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_EQ(m.reg("X10"), 42u);
  EXPECT_EQ(m.reg("X11"), 67u);
}

TEST(CpuCode, OwnStoresThroughAnotherVirtualAddressAreExecuted) {
  Machine m;
  m.start("call_twice");
  m.map_page(va_low, Machine::scratch);
  m.map_page(va_high, Machine::scratch);
  m.enable_mmu();
  std::memcpy(m.ram(Machine::scratch), m.ram(m.symbol("return_42")), 8);
  m.set("X1", va_high);
  m.set("X3", va_low);
  m.set("X2", 0xd2800860);
  m.run();
  EXPECT_EQ(m.reg("X10"), 42u);
  EXPECT_EQ(m.reg("X11"), 67u);
}

TEST(CpuCode, OwnStoresAreExecutedWhereDataWasStoredBefore) {
  for (const bool mmu : {false, true}) {
    Machine m;
    if (mmu) m.enable_mmu();
    for (const uint64_t base :
         {Machine::scratch, Machine::scratch + 0x800}) {  // the second time in a page of code
      m.start("store_call_store_call");
      m.at<uint32_t>(base + 4) = 0xd65f03c0;  // RET
      m.core->invalidate_code(base, 8);
      m.set("X1", base);
      m.set("X2", 0xd2800860);  // MOV X0, #67
      m.set("X3", 0xd2800880);  // MOV X0, #68
      EXPECT_EQ(m.run().reason, StopReason::wfi);
      EXPECT_EQ(m.reg("X10"), 67u);
      EXPECT_EQ(m.reg("X11"), 68u);
    }
  }
}

TEST(CpuCode, WritesByOthersAreExecutedOnceTheyAreReported) {
  Machine m;
  m.map_page(va_high, Machine::scratch);
  m.enable_mmu();
  std::memcpy(m.ram(Machine::scratch), m.ram(m.symbol("return_42")), 8);
  for (const uint32_t value : {42u, 43u, 44u}) {
    m.at<uint32_t>(Machine::scratch) = 0xd2800000 | (value << 5);
    m.core->invalidate_code(Machine::scratch, 4);
    m.start("call_once");
    m.set("X1", va_high);
    m.run();
    EXPECT_EQ(m.reg("X10"), value);
  }
  EXPECT_EQ(m.core->statistics().code_invalidations, 2u) << "the first write came before any execution";
}

TEST(CpuCode, ThatChangesWhileItMayNotBeFetchedIsExecutedWhenItMay) {
  Machine m;
  m.map_page(va_high, Machine::scratch);
  m.enable_mmu();
  std::memcpy(m.ram(Machine::scratch), m.ram(m.symbol("return_42")), 8);
  uint64_t* descriptor = m.descriptor(va_high, 3);
  for (const uint32_t value : {42u, 43u, 44u}) {
    *descriptor |= Machine::no_exec;
    m.set("TTBR1_EL1", m.reg("TTBR1_EL1"));  // and with it, TLBs are empty
    m.at<uint32_t>(Machine::scratch) = 0xd2800000 | (value << 5);
    m.core->invalidate_code(Machine::scratch, 4096);
    *descriptor &= ~uint64_t{Machine::no_exec};
    m.set("TTBR1_EL1", m.reg("TTBR1_EL1"));
    m.start("call_once");
    m.set("X1", va_high);
    EXPECT_EQ(m.run().reason, StopReason::wfi);
    EXPECT_EQ(m.reg("X10"), value);
  }
}

TEST(CpuCode, ReportsAboutDataCostNothing) {
  Machine m;
  m.start("copy_words");
  m.set("X0", Machine::scratch);
  m.set("X1", Machine::scratch + 0x1000);
  m.set("X2", 64);
  m.run();
  m.core->invalidate_code(Machine::scratch, 0x10000);
  m.core->invalidate_code(0, 0x1000);
  m.core->invalidate_code(~uint64_t{0} - 10, 100);
  EXPECT_EQ(m.core->statistics().code_invalidations, 0u);
}

TEST(CpuCode, MayBeReplacedFromADeviceAccessOfTheSameCode) {
  Machine m;
  m.start("load_word");
  m.set("X1", Machine::device);
  m.on_access = [&](BusAccess& a) {
    a.value = 5;
    const uint64_t here = m.symbol("load_word");
    std::memset(m.ram(here - 64), 0, 4);
    m.core->invalidate_code(here & ~uint64_t{0xfff}, 0x1000);
    return BusStatus::ok;
  };
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_EQ(m.reg("X0"), 5u);
}

// ---- Whatever a guest does

TEST(CpuRobustness, RandomInstructionsNeitherCrashNorHang) {
  std::mt19937_64 random(20240607);
  for (int round = 0; round < 60; ++round) {
    Machine m;
    m.start("_start");
    if (round % 2 != 0) m.enable_mmu();
    for (uint64_t i = 0; i < 4096; ++i) {
      auto word = static_cast<uint32_t>(random());
      // Half of them loads, stores and system instructions, which random words rarely are.
      if (i % 4 == 1) word = (word & 0xf1ffffff) | 0x08000000;
      if (i % 4 == 3) word = (word & 0x003fffff) | 0xd5000000;
      m.at<uint32_t>(Machine::scratch + 4 * i) = word;
    }
    m.core->invalidate_code(Machine::scratch, 4096 * 4);
    for (int x = 0; x < 31; ++x) {
      const uint64_t places[] = {Machine::scratch, Machine::device, Machine::nothing, Machine::stack,
                                 random()};
      m.set("X" + std::to_string(x), places[random() % 5] + (random() % 3 == 0 ? random() % 64 : 0));
    }
    m.set("X28", 0);
    for (int start = 0; start < 40; ++start) {
      m.set("PC", Machine::scratch + 4 * (random() % 4096));
      m.set("PSTATE", 0x3c5);
      for (int quantum = 0; quantum < 4; ++quantum) {
        const Stop stop = m.core->run(300);
        ASSERT_NE(stop.reason, StopReason::error) << stop.text;
        ASSERT_LT(stop.instructions, 1500u);
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp::cpu
