// Which TLB entries each TLB maintenance operation takes (IHI
// 0062 2.5, 5.4.1, 9.6.26-9.6.36, 16.5.30-16.5.35, 17.3.4, 17.3.5). Entries that an operation does not name
// stay here, which is a choice: 2.5 permits to drop more.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "two_states.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using Names = std::set<std::string>;

constexpr std::uint64_t page1 = 0x1000, page2 = 0x2000, page_of_global = 0x9000;

Features without_nesting() {
  Features f = two_states();
  f.NTS = false;
  return f;
}

/// TLB entries of every kind, each of a stream, a bank and tables of its own.
struct Entries : TwoStates {
  explicit Entries(const Features& f = two_states()) : TwoStates(f) {
    non_secure("v1a1", 3, 1, 1);
    non_secure("v1a2", 4, 1, 2);
    non_secure("v2a1", 6, 2, 1);
    pgtable::Mapping global;
    global.nG = false;
    add("v1global", 5, AddressSpace::non_secure, config64(), page_of_global, global);
    bank64(5, last().config(), 3, 1);
    map_stream(5, 5, S2CR_translate | 5);
    auto& s2 = builder(config_stage2());
    s2.map(page1, 0x8000, 0x2000);
    bank_stage2(7, s2.config(), 1);
    map_stream(7, 7, S2CR_translate | 7);
    streams["v1stage2"] = {7, page1, AddressSpace::non_secure};
    non_secure("hyp", 8, 0, 0);
    write(gr1(CBAR0 + 4 * 8), CBAR_stage1 | CBAR_HYPC);
    secure_one("s1", 16, 1, 40);
    secure_one("s2", 17, 2, 41);
    secure_one("mon", 18, 0, 42);
    write(gr1(CBA2R0 + 4 * 18), CBA2R_VA64 | CBA2R_MONC, 4, secure);
    fill();
  }
  void add(const std::string& name, std::uint32_t id, AddressSpace space, pgtable::Config c, std::uint64_t va,
           const pgtable::Mapping& m = {}) {
    c.space = space;
    pgtable::Builder& b = builder(c);
    b.map(va, 0x8'0000, 0x1000, m);
    if (va == page1) b.map(page2, 0x9'0000, 0x1000, m);
    streams[name] = {id, va, space};
  }
  pgtable::Builder& last() { return builders.back(); }
  void non_secure(const std::string& name, unsigned bank, std::uint8_t vmid, std::uint16_t asid) {
    add(name, bank, AddressSpace::non_secure, config64(), page1);
    bank64(bank, last().config(), asid, vmid);
    map_stream(bank, bank, S2CR_translate | bank);
  }
  void secure_one(const std::string& name, unsigned bank, std::uint16_t asid, unsigned group) {
    add(name, bank, AddressSpace::secure, config64(), page1);
    bank64(bank, last().config(), asid);
    map_secure(group, bank, S2CR_translate | bank);
  }
  bool hits(const std::string& name, std::uint64_t va) {
    const Stream& s = streams[name];
    const auto a = access(from(s.space, s.id, va));
    EXPECT_EQ(a.outcome, smmu::Outcome::forward) << name;
    return a.tlb_hit;
  }
  void fill() {
    for (const auto& [name, s] : streams) {
      hits(name, s.va);
      if (s.va == page1) hits(name, page2);
      EXPECT_TRUE(hits(name, s.va)) << name;
    }
  }
  /// Streams whose entry of the first page is gone. They are filled again.
  Names gone() {
    Names out;
    for (const auto& [name, s] : streams) {
      if (!hits(name, s.va)) out.insert(name);
    }
    return out;
  }
  /// Whether those of the second page are all there.
  bool second_pages_stay() {
    bool all = true;
    for (const auto& [name, s] : streams) all = all && (s.va != page1 || hits(name, page2));
    return all;
  }
  struct Stream {
    std::uint32_t id;
    std::uint64_t va;
    AddressSpace space;
  };
  std::map<std::string, Stream> streams;
};

const Names all_of_VMID_1{"v1a1", "v1a2", "v1global", "v1stage2"};

// 9.6.26-9.6.29: the data says nothing
TEST(GlobalMaintenance, TakesItsKindWhateverIsWritten) {
  Entries w;
  for (const std::uint32_t data : {0U, 1U, ~0U}) {
    w.write(STLBIALL, data, 4, secure);
    EXPECT_EQ(w.gone(), (Names{"s1", "s2", "mon"})) << data;  // of Hyp: IMPLEMENTATION DEFINED
    w.write(STLBIALLM, data, 4, secure);
    EXPECT_EQ(w.gone(), (Names{"mon"})) << data;
    w.write(TLBIALLH, data);
    EXPECT_EQ(w.gone(), (Names{"hyp"})) << data;
    w.write(TLBIALLNSNH, data);
    EXPECT_EQ(w.gone(), (Names{"v1a1", "v1a2", "v1global", "v1stage2", "v2a1"})) << data;
  }
}

// 9.6.35
TEST(TLBIVMID, TakesBothStagesOfTheVmid) {
  Entries w;
  w.write(TLBIVMID, 1);
  EXPECT_EQ(w.gone(), all_of_VMID_1);
  w.write(TLBIVMID, 2);
  EXPECT_EQ(w.gone(), (Names{"v2a1"}));
  w.write(TLBIVMID, 0);
  EXPECT_EQ(w.gone(), Names{});  // neither Secure nor Hyp
  w.write(TLBIVMID, 0x101);      // another of 16 bits
  EXPECT_EQ(w.gone(), Names{});
  w.write(TLBIVMID, 0x10001);
  EXPECT_EQ(w.gone(), all_of_VMID_1);
}

TEST(TLBIVMID, Has8BitsWithoutVmid16s) {
  Features f = two_states();
  f.VMID16S = false;
  Entries w(f);
  w.write(TLBIVMID, 0x101);
  EXPECT_EQ(w.gone(), all_of_VMID_1);
}

// 1.6.6, 9.6.35
TEST(TLBIVMID, Names16BitVmidsWithVmid16en) {
  Entries w;
  w.write(sCR0, w.read(sCR0) | CR0_VMID16EN);
  w.write(w.gr1(CBA2R0 + 4 * 3), 0x1234'0001);
  w.write(w.gr1(CBA2R0 + 4 * 4), 0x1235'0001);
  w.fill();
  w.write(TLBIVMID, 0x34);
  EXPECT_FALSE(w.gone().count("v1a1"));
  w.write(TLBIVMID, 0x1234);
  EXPECT_EQ(w.gone(), (Names{"v1a1"}));
}

// 9.6.36: with NTS whatever is tagged with the VMID
TEST(TLBIVMIDS1, TakesStage1OfTheVmidAndWithNestingStage2Too) {
  Entries w;
  w.write(TLBIVMIDS1, 1);
  EXPECT_EQ(w.gone(), all_of_VMID_1);
  Entries alone(without_nesting());
  alone.write(TLBIVMIDS1, 1);
  EXPECT_EQ(alone.gone(), (Names{"v1a1", "v1a2", "v1global"}));
}

// 9.6.32-9.6.34
TEST(HypByAddress, TakesThePageOfHypEntriesOnly) {
  Entries w;
  w.write(TLBIVAH, 0x1fff);
  EXPECT_EQ(w.gone(), (Names{"hyp"}));
  EXPECT_TRUE(w.second_pages_stay());
  for (const std::uint32_t operation : {TLBIVAH64, TLBIVALH64}) {
    w.write(operation, 1, 8);
    EXPECT_EQ(w.gone(), (Names{"hyp"}));
    EXPECT_TRUE(w.second_pages_stay());
    w.write(operation, 1);  // 32 bits are zero-extended
    EXPECT_EQ(w.gone(), (Names{"hyp"}));
    w.write(operation, 0xfff0'0000'0000'0001, 8);  // bits above 43 are reserved
    EXPECT_EQ(w.gone(), (Names{"hyp"}));
  }
}

TEST(HypByAddress, HasNoAarch32FormWithoutAarch32) {
  Features f = two_states();
  f.PTFS = 2;
  Entries w(f);
  w.write(TLBIVAH, 0x1000);
  EXPECT_EQ(w.gone(), Names{});
  for (const std::uint32_t operation : {TLBIVAH64, TLBIVALH64}) {
    w.write(operation, 0x0000'0800'0000'0001, 8);  // Address[55] is 1
    EXPECT_EQ(w.gone(), Names{});
  }
}

// 9.6.33: "For AArch32 translation schemes, bits[55:32] are treated as zero"
TEST(HypByAddress, TreatsUpperBitsAsZeroForAarch32) {
  Entries w;
  pgtable::Config c;
  c.stage1.format = pgtable::Format::lpae32;
  c.stage1.output_size = 40;
  c.regime = pgtable::Regime::el2;
  c.stage1.MAIR = 0xff;
  c.stage1.tables[0].EPD = false;
  c.stage1.tables[0].TxSZ = 0;
  auto& b = w.builder(c);
  ASSERT_TRUE(b.map(page1, 0x7000, 0x1000));
  w.write(w.gr1(CBA2R0 + 4 * 8), 0);
  w.write_cb(8, TCR, 0);
  w.write_cb(8, TTBR0, b.config().stage1.tables[0].base, 8);
  w.write(TLBIALLH, 0);
  EXPECT_FALSE(w.hits("hyp", page1));
  EXPECT_TRUE(w.hits("hyp", page1));
  w.write(TLBIVAH64, 0xff'0000'0001ULL, 8);
  EXPECT_FALSE(w.hits("hyp", page1));
}

// 9.6.30, 9.6.31
TEST(MonitorByAddress, TakesThePageOfMonitorEntriesOnly) {
  Entries w;
  for (const std::uint32_t operation : {STLBIVAM, STLBIVALM}) {
    w.write(operation, 1, 8, secure);
    EXPECT_EQ(w.gone(), (Names{"mon"}));
    EXPECT_TRUE(w.second_pages_stay());
    w.write(operation, 3, 8, secure);
    EXPECT_EQ(w.gone(), Names{});
  }
}

// 9.6.30, 9.6.31, 9.6.33, 9.6.34: "A 32-bit write to the upper word of the register is ignored"
TEST(UpperWord, OfAnOperationIsIgnored) {
  TwoStates w;
  pgtable::Builder& hyp = w.builder(World::config64());
  ASSERT_TRUE(hyp.map(0, 0x5000, 0x1000));
  w.bank64(8, hyp.config(), 0, 0, 0, CBAR_stage1 | CBAR_HYPC);
  w.map_stream(8, 8, S2CR_translate | 8);
  ASSERT_TRUE(w.secure_stream(42, 18, 18).map(0, 0x6000, 0x1000));
  w.write(w.gr1(CBA2R0 + 4 * 18), CBA2R_VA64 | CBA2R_MONC, 4, secure);
  const auto hits = [&w](bool monitor) {
    return w
        .access(
            TwoStates::from(monitor ? AddressSpace::secure : AddressSpace::non_secure, monitor ? 18 : 8, 0))
        .tlb_hit;
  };
  for (const std::uint32_t operation : {TLBIVAH64, TLBIVALH64, STLBIVAM, STLBIVALM}) {
    const bool monitor = operation == STLBIVAM || operation == STLBIVALM;
    hits(monitor);
    EXPECT_TRUE(hits(monitor)) << operation;
    w.write(operation + 4, 0, 4, secure);
    EXPECT_TRUE(hits(monitor)) << operation;
    w.write(operation, 0, 4, secure);
    EXPECT_FALSE(hits(monitor)) << operation;
  }
  EXPECT_EQ(w.smmu.statistics().tlbi, 4U);
}

// 16.5.30
TEST(TLBIALL, TakesStage1OfTheVmidOrAllOfTheRegimeOfItsBank) {
  Entries w;
  w.write_cb(3, TLBIALL, ~0U);
  EXPECT_EQ(w.gone(), (Names{"v1a1", "v1a2", "v1global"}));
  w.write_cb(6, TLBIALL, 0);
  EXPECT_EQ(w.gone(), (Names{"v2a1"}));
  w.write_cb(8, TLBIALL, 0);
  EXPECT_EQ(w.gone(), (Names{"hyp"}));
  w.write_cb(16, TLBIALL, 0);
  EXPECT_EQ(w.gone(), (Names{"s1", "s2"}));
  w.write_cb(18, TLBIALL, 0);
  EXPECT_EQ(w.gone(), (Names{"mon"}));
}

// 16.5.31
TEST(TLBIASID, TakesNonGlobalEntriesOfVmidAndAsid) {
  Entries w;
  w.write_cb(3, TLBIASID, 2);
  EXPECT_EQ(w.gone(), (Names{"v1a2"}));
  w.write_cb(3, TLBIASID, 3);  // of the bank with the global page
  EXPECT_EQ(w.gone(), Names{});
  w.write_cb(6, TLBIASID, 1);
  EXPECT_EQ(w.gone(), (Names{"v2a1"}));
  w.write_cb(17, TLBIASID, 1);
  EXPECT_EQ(w.gone(), (Names{"s1"}));
  w.write_cb(3, TLBIASID, 0x0101);  // AArch64: 16 bits
  EXPECT_EQ(w.gone(), Names{});
  w.write(w.gr1(CBA2R0 + 4 * 9), 0);
  w.write(w.gr1(CBAR0 + 4 * 9), CBAR_stage1 | 1);
  w.write_cb(9, TLBIASID, 0x0102);  // AArch32: 8 bits
  EXPECT_EQ(w.gone(), (Names{"v1a2"}));
}

// 16.5.31, 16.5.32: with TCR2.AS 0 the upper 8 bits must be written as 0.
TEST(TlbiOfAnAsidOf16Bits, OfABankWithAsidsOf8IsDiagnosedAndTakesGlobalEntriesAlone) {
  Entries w;
  const std::uint64_t with_AS = w.read_cb(3, TCR2);
  w.write_cb(3, TCR2, with_AS & ~(1ULL << 4));
  w.diag.all.clear();
  const auto diagnosed = [&w] {
    const std::size_t n = w.diag.all.size();
    w.diag.all.clear();
    return n != 0;
  };
  w.write_cb(3, TLBIASID, 0x0102);
  EXPECT_TRUE(diagnosed());
  w.write_cb(3, TLBIVA, 1 | std::uint64_t{0x0102} << 48, 8);
  EXPECT_TRUE(diagnosed());
  EXPECT_EQ(w.gone(), Names{});
  w.write_cb(3, TLBIVA, 9 | std::uint64_t{0x0102} << 48, 8);
  EXPECT_TRUE(diagnosed());
  EXPECT_EQ(w.gone(), (Names{"v1global"}));
  w.write_cb(3, TLBIVAA, 2 | std::uint64_t{0x0102} << 48, 8);
  w.write_cb(8, TLBIVA, 2 | std::uint64_t{0x0102} << 48, 8);
  EXPECT_FALSE(diagnosed()) << "they have no ASID";
  w.write_cb(3, TCR2, with_AS);
  w.write_cb(3, TLBIASID, 0x0102);
  EXPECT_FALSE(diagnosed());
}

// 16.5.32, 16.5.35
TEST(TLBIVA, TakesThePageOfTheAsidOrOfGlobalEntries) {
  Entries w;
  for (const std::uint32_t operation : {TLBIVA, TLBIVAL}) {
    w.write_cb(3, operation, 1 | std::uint64_t{2} << 48, 8);
    EXPECT_EQ(w.gone(), (Names{"v1a2"}));
    EXPECT_TRUE(w.second_pages_stay());
    w.write_cb(3, operation, 9 | std::uint64_t{77} << 48, 8);
    EXPECT_EQ(w.gone(), (Names{"v1global"}));
    w.write_cb(6, operation, 1 | std::uint64_t{2} << 48, 8);
    EXPECT_EQ(w.gone(), Names{});  // of another VMID
    w.write_cb(16, operation, 1 | std::uint64_t{2} << 48, 8);
    EXPECT_EQ(w.gone(), (Names{"s2"}));
    w.write_cb(8, operation, 1 | std::uint64_t{5} << 48, 8);  // HYPC: no ASID
    EXPECT_EQ(w.gone(), (Names{"hyp"}));
    w.write_cb(3, operation, 1);  // 32 bits are zero-extended: ASID 0
    EXPECT_EQ(w.gone(), Names{});
    w.write_cb(3, operation + 4, 1U << 16);  // ... and the upper half alone is ignored
    EXPECT_EQ(w.gone(), Names{});
  }
}

TEST(TLBIVA, OfAnAarch32BankHas32BitsAndAnAsidOf8) {
  Entries w;
  w.write(w.gr1(CBA2R0 + 4 * 9), 0);
  w.write(w.gr1(CBAR0 + 4 * 9), CBAR_stage1 | 1);
  for (const std::uint32_t operation : {TLBIVA, TLBIVAL}) {
    w.write_cb(9, operation, 0x1002);
    EXPECT_EQ(w.gone(), (Names{"v1a2"}));
    EXPECT_TRUE(w.second_pages_stay());
    w.write_cb(9, operation, 0xffff'0000'0000'1001, 8);  // the upper half of 64 bits is ignored
    EXPECT_EQ(w.gone(), (Names{"v1a1"}));
  }
  for (const std::uint32_t operation : {TLBIVAA, TLBIVAAL}) {
    w.write_cb(9, operation, 0xffff'0000'0000'1fff, 8);
    EXPECT_EQ(w.gone(), (Names{"v1a1", "v1a2"}));
    EXPECT_TRUE(w.second_pages_stay());
  }
}

// 16.5.33, 16.5.34
TEST(TLBIVAA, TakesThePageOfAnyAsid) {
  Entries w;
  for (const std::uint32_t operation : {TLBIVAA, TLBIVAAL}) {
    w.write_cb(3, operation, 1 | std::uint64_t{99} << 48, 8);
    EXPECT_EQ(w.gone(), (Names{"v1a1", "v1a2"}));
    EXPECT_TRUE(w.second_pages_stay());
    w.write_cb(3, operation, 9, 8);
    EXPECT_EQ(w.gone(), (Names{"v1global"}));
    w.write_cb(17, operation, 1, 8);
    EXPECT_EQ(w.gone(), (Names{"s1", "s2"}));
  }
}

// 17.1, 17.3.4: the stage 2 format has its own
TEST(TLBIIPAS2, TakesThePageOfStage2EntriesOfItsVmid) {
  Entries w;
  for (const std::uint32_t operation : {TLBIIPAS2, TLBIIPAS2L}) {
    w.write_cb(7, operation, 1, 8);
    EXPECT_EQ(w.gone(), (Names{"v1stage2"}));
    EXPECT_TRUE(w.second_pages_stay());
    w.write_cb(7, operation, 0xffff'fff0'0000'0001, 8);  // bits above 35 are reserved
    EXPECT_EQ(w.gone(), (Names{"v1stage2"}));
    w.write_cb(7, operation, 1);
    EXPECT_EQ(w.gone(), (Names{"v1stage2"}));
    w.write_cb(7, operation, 3, 8);
    EXPECT_EQ(w.gone(), Names{});
    w.write_cb(3, operation, 1, 8);  // not in the stage 1 format
    EXPECT_EQ(w.gone(), Names{});
  }
  for (const std::uint32_t operation : {TLBIVA, TLBIVAA, TLBIVAL, TLBIVAAL}) w.write_cb(7, operation, 1, 8);
  w.write_cb(7, TLBIALL, 0);
  w.write_cb(7, TLBIASID, 1);
  EXPECT_EQ(w.gone(), Names{});
}

// 17.3.4: AArch32 treats bits [47:40] as zero
TEST(TLBIIPAS2, OfAnAarch32BankHas40Bits) {
  Entries w;
  w.write(w.gr1(CBAR0 + 4 * 9), CBAR_stage2 | 1);
  w.write(w.gr1(CBA2R0 + 4 * 9), 0);
  w.write_cb(9, TLBIIPAS2, 1ULL << 28 | 1, 8);
  EXPECT_EQ(w.gone(), (Names{"v1stage2"}));
  w.write(w.gr1(CBA2R0 + 4 * 9), CBA2R_VA64);
  w.write_cb(9, TLBIIPAS2, 1ULL << 28 | 1, 8);
  EXPECT_EQ(w.gone(), Names{});
}

// 17.3.4: "above the address space size indicated by IAS, the extra bits are ignored"
TEST(TLBIIPAS2, IgnoresBitsAboveTheIas) {
  Features f = two_states();
  f.IAS = 40;
  Entries w(f);
  w.write_cb(7, TLBIIPAS2, 1ULL << 28 | 1, 8);
  EXPECT_EQ(w.gone(), (Names{"v1stage2"}));
}

}  // namespace
}  // namespace smmuvp::smmuv2
