// Explanations of accesses: what they tell, and that asking changes nothing.
#include "smmuvp/smmuv2/explain_access.h"

#include <gtest/gtest.h>

#include <string>

#include "formats_world.h"
#include "smmuvp/test/core.h"
#include "two_states.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;

constexpr std::uint64_t page = 0x12'3456'7000;
constexpr unsigned bank = 3;

AccessExplanation explain_in(World& w, const smmu::AccessRequest& q) {
  return explain(w.smmu, q, [&w](const smmu::MemoryOp& op) {
    EXPECT_EQ(op.kind, smmu::MemoryOpKind::read);
    return w.memory.carry_out(op);
  });
}
AccessExplanation explain_in(World& w, std::uint32_t sid, std::uint64_t address,
                             AccessKind kind = AccessKind::read) {
  return explain_in(w, World::request(sid, address, kind));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const smmu::RegisterFact* find(const std::vector<smmu::RegisterFact>& registers, const std::string& name) {
  for (const smmu::RegisterFact& r : registers) {
    if (r.name == name) return &r;
  }
  return nullptr;
}
std::uint64_t value(const std::vector<smmu::RegisterFact>& registers, const std::string& name) {
  const smmu::RegisterFact* r = find(registers, name);
  EXPECT_NE(r, nullptr) << "no " << name;
  return r != nullptr ? r->value : 0;
}
std::uint64_t field(const smmu::RegisterFact* r, const std::string& name) {
  if (r == nullptr) return ~0ULL;
  for (const ExplainedField& f : r->fields) {
    if (f.name == name) return f.value;
  }
  ADD_FAILURE() << r->name << " has no " << name;
  return 0;
}

/// What a bank's registers read of a fault.
void expect_recorded(World& w, unsigned n, const ExplainedFault& f) {
  const std::string b = "SMMU_CB" + std::to_string(n) + "_";
  EXPECT_EQ(w.read_cb(n, FSR), value(f.registers, b + "FSR"));
  EXPECT_EQ(w.read_cb(n, FAR, 8), value(f.registers, b + "FAR"));
  EXPECT_EQ(w.read_cb(n, FSYNR0), value(f.registers, b + "FSYNR0"));
  EXPECT_EQ(w.read(w.gr1(CBFRSYNRA0 + 4 * n), 4, w.secure_of(n)),
            value(f.registers, "SMMU_CBFRSYNRA" + std::to_string(n)));
}

struct Explain : testing::Test {
  Explain() {
    w.start();
    EXPECT_TRUE(vas.map(page, 0x8000'0000, 0x1000));
  }
  std::uint64_t leaf() { return vas.descriptor_address(page, 3).value_or(0); }
  void SCTLR_is(std::uint32_t bits) { w.write_cb(bank, SCTLR, SCTLR_M | SCTLR_AFE | SCTLR_TRE | bits); }
  World w;
  pgtable::Builder& vas = w.stream64(5, bank);
};

TEST_F(Explain, AColdAccessIsExplainedFromRegistersToOutput) {
  const AccessExplanation e = explain_in(w, 5, page + 0x10);
  EXPECT_EQ(field(find(e.registers, "SMMU_CR0"), "USFCFG"), 1U);
  EXPECT_EQ(find(e.registers, "SMMU_SCR1"), nullptr) << "there are no Security states";
  EXPECT_EQ(field(find(e.registers, "SMMU_SMR5"), "ID"), 5U);
  EXPECT_EQ(field(find(e.registers, "SMMU_S2CR5"), "CBNDX"), bank);
  EXPECT_EQ(field(find(e.registers, "SMMU_CBAR3"), "TYPE"), 1U);
  EXPECT_EQ(field(find(e.registers, "SMMU_CBA2R3"), "VA64"), 1U);
  EXPECT_EQ(field(find(e.registers, "SMMU_CB3_SCTLR"), "M"), 1U);
  EXPECT_EQ(field(find(e.registers, "SMMU_CB3_TCR"), "T0SZ"), 25U);
  EXPECT_EQ(field(find(e.registers, "SMMU_CB3_TCR2"), "PASize"), 5U);
  EXPECT_EQ(value(e.registers, "SMMU_CB3_TTBR0"), w.read_cb(bank, TTBR0, 8));
  EXPECT_EQ(value(e.registers, "SMMU_CB3_MAIR1"), w.read_cb(bank, MAIR1));
  EXPECT_EQ(find(e.registers, "SMMU_CB3_FSR"), nullptr) << "it has no fault";
  ASSERT_TRUE(e.translation);
  ASSERT_EQ(e.translation->walk.steps.size(), 3U) << "T0SZ 25: levels 1 to 3";
  EXPECT_EQ(e.translation->walk.steps[2].op.address, leaf());
  EXPECT_EQ(e.now.answer.outcome, Outcome::forward);
  EXPECT_EQ(e.now.answer.output, 0x8000'0010U);
  EXPECT_FALSE(e.stale());
  const std::string text = to_text(e);
  EXPECT_TRUE(has(text, "group 5: context bank 3\n")) << text;
  EXPECT_TRUE(has(text, "context bank 3: stage 1, AArch64, Non-secure, VMID 0x0, ASID 0x1\n")) << text;
  EXPECT_TRUE(has(text, "    T0SZ = 25 (39-bit input addresses)\n")) << text;
  EXPECT_TRUE(has(text, "stage 1 level 3, VA 0x1234567010: descriptor at")) << text;
  EXPECT_TRUE(has(text, "now: the access goes on to 0x80000010")) << text;
  EXPECT_FALSE(has(text, "STALE")) << text;
}

TEST_F(Explain, WhatIsCachedAsInMemoryIsNotStale) {
  w.access(5, page);
  const AccessExplanation e = explain_in(w, 5, page);
  EXPECT_TRUE(e.now.at_tbu);
  ASSERT_TRUE(e.translation && e.translation->tlb);
  EXPECT_FALSE(e.translation->tlb_stale);
  EXPECT_EQ(e.translation->tables.size(), 1U);
  EXPECT_FALSE(e.stale()) << to_text(e);
}

TEST_F(Explain, AStaleTlbEntryIsShownBesideWhatMemorySays) {
  w.access(5, page);
  w.memory.write(leaf(), w.memory.read(leaf(), 8) ^ 0x1'0000);  // another page, without an invalidation
  const AccessExplanation e = explain_in(w, 5, page);
  EXPECT_TRUE(e.translation->tlb_stale);
  EXPECT_EQ(e.now.answer.output, 0x8000'0000U);
  EXPECT_EQ(e.memory.answer.output, 0x8001'0000U);
  const std::string text = to_text(e);
  EXPECT_TRUE(has(text, "TLB: STALE: cached: 0x80000000")) << text;
  EXPECT_TRUE(has(text, "micro TLB of TBU 0: STALE: cached: 0x80000000")) << text;
  EXPECT_TRUE(has(text, "STALE: caches give another answer than memory")) << text;
}

TEST_F(Explain, AnUnmappedPageThatIsStillCachedIsStale) {
  w.access(5, page);
  w.memory.write(leaf(), 0);
  const AccessExplanation e = explain_in(w, 5, page);
  EXPECT_EQ(e.now.answer.outcome, Outcome::forward);
  EXPECT_TRUE(e.now.faults.empty());
  ASSERT_EQ(e.memory.faults.size(), 1U);
  EXPECT_EQ(e.memory.faults[0].name, "SMMU_CB3_FSR.TF");
  EXPECT_TRUE(e.stale());
  EXPECT_TRUE(has(to_text(e), "the descriptor is invalid")) << to_text(e);
}

TEST_F(Explain, AFaultIsToldByTheRegistersThatThenReadOfIt) {
  auto q = World::request(5, page + 0x5000, AccessKind::write);
  q.privileged = true;
  const AccessExplanation e = explain_in(w, q);
  EXPECT_EQ(e.now.answer.outcome, Outcome::abort);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].fate, FaultFate::recorded);
  EXPECT_TRUE(e.now.recorded);
  EXPECT_EQ(w.read_cb(bank, FSR) & ~(3U << 9), 0U) << "asking records nothing";
  const std::string text = to_text(e);
  EXPECT_TRUE(has(text, "fault SMMU_CB3_FSR.TF, recorded; no stall: SMMU_CB3_SCTLR.CFCFG is 0\n")) << text;
  EXPECT_TRUE(has(text, "WNR = 1 (a write)")) << text;
  w.access(q);
  expect_recorded(w, bank, e.now.faults[0]);
}

// 3.7.3: a fault meets what FSR, HUPCF and CFCFG say.
TEST_F(Explain, AFaultBehindAnotherIsMergedWithHupcf) {
  SCTLR_is(SCTLR_HUPCF | SCTLR_CFRE);
  w.access(5, page + 0x5000);
  const AccessExplanation e = explain_in(w, 5, page + 0x6000);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].fate, FaultFate::merged);
  EXPECT_FALSE(e.now.recorded);
  EXPECT_NE(find(e.registers, "SMMU_CB3_FSR"), nullptr);
  EXPECT_TRUE(has(to_text(e), "not recorded, but MULTI is set: SMMU_CB3_FSR is 0x2")) << to_text(e);
  w.access(5, page + 0x6000);
  EXPECT_NE(w.read_cb(bank, FSR) & 1U << 31, 0U);
  EXPECT_EQ(w.read_cb(bank, FAR, 8), page + 0x5000);
}

TEST_F(Explain, WithoutHupcfWhatComesToABankWithAFaultIsTerminatedUnlooked) {
  w.access(5, page + 0x5000);
  const AccessExplanation e = explain_in(w, 5, page);  // is mapped
  EXPECT_EQ(e.now.answer.outcome, Outcome::abort);
  EXPECT_TRUE(e.now.faults.empty());
  EXPECT_TRUE(has(e.now.why_not, "HUPCF is 0: what comes is terminated")) << e.now.why_not;
  EXPECT_EQ(w.access(5, page).outcome, Outcome::abort);
  EXPECT_EQ(e.translation->walk.result.output, 0x8000'0000U) << "of a walk that is not made";
}

TEST_F(Explain, AStalledFaultIsToldAndNoStallIsEntered) {
  SCTLR_is(SCTLR_CFCFG | SCTLR_CFRE);
  const AccessExplanation e = explain_in(w, 5, page + 0x5000);
  EXPECT_TRUE(e.now.stalls);
  EXPECT_TRUE(e.now.recorded);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].fate, FaultFate::stalls);
  EXPECT_TRUE(has(to_text(e), "recorded; the access stalls until SMMU_CB3_RESUME")) << to_text(e);
  EXPECT_EQ(w.smmu.interface().stalls().waiting(), 0U);
  Access stalled(w.smmu, World::request(5, page + 0x5000));
  EXPECT_FALSE(w.run(stalled));
  expect_recorded(w, bank, e.now.faults[0]);

  // HUPCF is 0: what comes now waits, whether or not it would fault.
  const AccessExplanation behind = explain_in(w, 5, page);
  EXPECT_TRUE(behind.now.stalls);
  EXPECT_TRUE(behind.now.faults.empty());
  EXPECT_TRUE(has(behind.now.why_not, "waits for SMMU_CB3_RESUME")) << behind.now.why_not;
  EXPECT_EQ(w.smmu.interface().stalls().waiting(), 1U) << "the access, and no question";
}

TEST_F(Explain, AFaultBehindAStalledOneWaits) {
  SCTLR_is(SCTLR_CFCFG | SCTLR_CFRE | SCTLR_HUPCF);
  Access stalled(w.smmu, World::request(5, page + 0x5000));
  EXPECT_FALSE(w.run(stalled));
  EXPECT_EQ(explain_in(w, 5, page).now.answer.outcome, Outcome::forward) << "HUPCF is 1";
  const AccessExplanation e = explain_in(w, 5, page + 0x6000);
  EXPECT_TRUE(e.now.stalls);
  EXPECT_FALSE(e.now.recorded);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].fate, FaultFate::waits);
}

TEST_F(Explain, WhyAFaultDoesNotStallIsTold) {
  SCTLR_is(SCTLR_CFCFG | SCTLR_CFRE);
  w.start(CR0_STALLD);
  const AccessExplanation e = explain_in(w, 5, page + 0x5000);
  EXPECT_FALSE(e.now.stalls);
  EXPECT_TRUE(has(to_text(e), "no stall: sCR0.STALLD is 1")) << to_text(e);
}

TEST_F(Explain, TheStallOfAnyBankHoldsAllWithGse) {
  SCTLR_is(SCTLR_CFCFG | SCTLR_CFRE);
  w.start(CR0_GSE);
  pgtable::Builder& other = w.stream64(6, 4, 2);
  ASSERT_TRUE(other.map(page, 0x9000'0000, 0x1000));
  Access stalled(w.smmu, World::request(5, page + 0x5000));
  EXPECT_FALSE(w.run(stalled));
  const AccessExplanation e = explain_in(w, 6, page);
  EXPECT_TRUE(e.now.stalls);
  EXPECT_TRUE(has(e.now.why_not, "sCR0.GSE is 1: all wait for SMMU_CB3_RESUME")) << e.now.why_not;
}

TEST_F(Explain, ADeniedAccessIsToldWithTheFieldsThatDenyIt) {
  w.memory.write(leaf(), w.memory.read(leaf(), 8) | 0x80);  // AP[2]: read-only
  const AccessExplanation e = explain_in(w, 5, page, AccessKind::write);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].name, "SMMU_CB3_FSR.PF");
  EXPECT_TRUE(has(to_text(e), "Permission fault, stage 1, level 3: AP")) << to_text(e);
}

// 9.6.1, DIPANS
TEST_F(Explain, PrivilegeThatPrivcfgDeniesIsTold) {
  w.write(S2CR0 + 4 * 5, S2CR_translate | bank | 1U << 24);
  const AccessExplanation e = explain_in(w, 5, page);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].name, "SMMU_CB3_FSR.PF");
  EXPECT_TRUE(has(to_text(e), "DIPAN is on")) << to_text(e);
  w.access(5, page);
  expect_recorded(w, bank, e.now.faults[0]);
}

TEST_F(Explain, AnAddressThatNoWalkLooksUpIsToldWithWhatIsWrong) {
  const AccessExplanation e = explain_in(w, 5, 1ULL << 60);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].name, "SMMU_CB3_FSR.UUT");
  EXPECT_EQ(e.now.why, "the address has more bits than IDR2.UBS");
  EXPECT_FALSE(e.translation);
}

TEST_F(Explain, AStaleWalkCachePointerIsShownWithTheTableThatMemoryHas) {
  w.access(5, page);
  const std::uint64_t level2 = vas.descriptor_address(page, 2).value_or(0);
  const std::uint64_t copy = w.allocate(0x1000);
  w.memory.write(level2, copy | 3);
  const AccessExplanation e = explain_in(w, 5, page + 0x1000);
  ASSERT_EQ(e.translation->tables.size(), 1U);
  EXPECT_TRUE(e.translation->tables[0].stale());
  ASSERT_TRUE(e.translation->tables[0].memory);
  EXPECT_EQ(e.translation->tables[0].memory->address, copy);
}

// ---- streams and global faults

TEST_F(Explain, AnUnknownStreamIsToldByGlobalRegisters) {
  const AccessExplanation e = explain_in(w, 0x77, page, AccessKind::write);
  ASSERT_EQ(e.now.faults.size(), 1U);
  const ExplainedFault& f = e.now.faults[0];
  EXPECT_EQ(f.name, "SMMU_GFSR.USF");
  EXPECT_TRUE(e.now.recorded);
  EXPECT_EQ(e.mapping, "no group has the StreamID: USFCFG 1, a fault");
  EXPECT_TRUE(e.context.empty());
  EXPECT_EQ(w.read(sGFSR), 0U) << "asking records nothing";
  w.access(0x77, page, AccessKind::write);
  EXPECT_EQ(w.read(sGFSR), value(f.registers, "SMMU_GFSR"));
  EXPECT_EQ(w.read(sGFAR, 8), value(f.registers, "SMMU_GFAR"));
  EXPECT_EQ(w.read(sGFSYNR0), value(f.registers, "SMMU_GFSYNR0"));
  EXPECT_EQ(w.read(sGFSYNR1), value(f.registers, "SMMU_GFSYNR1"));

  const AccessExplanation second = explain_in(w, 0x78, page);
  ASSERT_EQ(second.now.faults.size(), 1U);
  EXPECT_EQ(second.now.faults[0].fate, FaultFate::merged);
  EXPECT_TRUE(has(to_text(second), "not recorded, but MULTI is set: SMMU_GFSR is 0x2")) << to_text(second);
}

TEST_F(Explain, AnUnknownStreamBypassesWhereUsfcfgSaysSo) {
  w.write(sCR0, CR0_GFRE);
  const AccessExplanation e = explain_in(w, 0x77, page);
  EXPECT_EQ(e.now.answer.output, page);
  EXPECT_EQ(e.mapping, "no group has the StreamID: USFCFG 0, a bypass");
}

TEST_F(Explain, GroupsThatConflictAreAllShown) {
  w.map_stream(9, 5, S2CR_translate | bank);
  const AccessExplanation e = explain_in(w, 5, page);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].name, "SMMU_GFSR.SMCF");
  EXPECT_NE(find(e.registers, "SMMU_SMR5"), nullptr);
  EXPECT_NE(find(e.registers, "SMMU_SMR9"), nullptr);
  EXPECT_EQ(e.mapping, "group 5, 9 match: SMCFCFG 1, a fault");
}

TEST_F(Explain, AContextThatIsRefusedIsToldWithWhatIsWrong) {
  w.write(w.gr1(CBAR0 + 4 * bank), 2U << 16);
  const AccessExplanation e = explain_in(w, 5, page);
  ASSERT_EQ(e.now.faults.size(), 1U);
  EXPECT_EQ(e.now.faults[0].name, "SMMU_GFSR.ICF");
  EXPECT_EQ(e.now.why, "CBAR.TYPE has stage 2 fault");
  EXPECT_FALSE(e.translation);
}

TEST_F(Explain, ABypassIsTold) {
  w.map_stream(7, 7, S2CR_bypass);
  const AccessExplanation e = explain_in(w, 7, page);
  EXPECT_EQ(e.now.answer.output, page);
  EXPECT_EQ(e.mapping, "group 7: bypass");
  w.write(sCR0, CR0_CLIENTPD);
  EXPECT_EQ(explain_in(w, 5, page).mapping, "CLIENTPD is 1: everything bypasses");
}

TEST_F(Explain, AnSmmuThatIsHeldInResetAbortsAndRecordsNothing) {
  w.smmu.hold(true);
  const AccessExplanation e = explain_in(w, 5, page);
  EXPECT_EQ(e.now.answer.outcome, Outcome::abort);
  EXPECT_EQ(e.now.why_not, "the SMMU is held in reset");
  EXPECT_TRUE(has(to_text(e), "held in reset")) << to_text(e);
}

// 3.6.2
TEST(ExplainInterrupts, AFaultWhoseInterruptIsNotThereIsToldGloballyToo) {
  Features f;
  f.NUMIRPT = 4;
  World w(f);
  w.start();
  w.stream64(5, bank);
  w.write(w.gr1(CBAR0 + 4 * bank), CBAR_stage1 | 9U << 24);  // IRPTNDX
  const AccessExplanation e = explain_in(w, 5, page);
  ASSERT_EQ(e.now.faults.size(), 2U);
  EXPECT_EQ(e.now.faults[0].name, "SMMU_CB3_FSR.TF");
  EXPECT_EQ(e.now.faults[1].name, "SMMU_GFSR.UCIF");
  w.access(5, page);
  EXPECT_EQ(w.read(sGFSR), value(e.now.faults[1].registers, "SMMU_GFSR"));
  EXPECT_EQ(w.read(sGFSYNR0), value(e.now.faults[1].registers, "SMMU_GFSYNR0"));
}

// ---- both stages

struct ExplainNested : testing::Test {
  static constexpr std::uint64_t ipa = 0x7000'0000;
  static constexpr unsigned second = 8;
  ExplainNested() {
    w.start();
    w.bank_stage2(second, ipas.config(), 2);
    w.bank64(bank, vas.config(), 1, 2, 0, CBAR_nested | second << 8);
    w.map_stream(5, 5, S2CR_translate | bank);
    EXPECT_TRUE(ipas.map(ipa, 0x8000'0000, 0x1000));
    EXPECT_TRUE(ipas.map(World::tables, World::tables, 0x20'0000));
    EXPECT_TRUE(vas.map(page, ipa, 0x1000));
  }
  std::uint64_t leaf_of_ipa() { return ipas.descriptor_address(ipa, 3).value_or(0); }
  World w;
  pgtable::Builder& ipas = w.builder(World::config_stage2());
  pgtable::Builder& vas = w.builder(World::config64());
};

TEST_F(ExplainNested, RegistersAndDescriptorsOfBothBanksAreThere) {
  const AccessExplanation e = explain_in(w, 5, page);
  EXPECT_EQ(field(find(e.registers, "SMMU_CBAR3"), "CBNDX"), second);
  EXPECT_EQ(field(find(e.registers, "SMMU_CB8_TCR"), "T0SZ"), 24U);
  EXPECT_EQ(find(e.registers, "SMMU_CB8_TTBR1"), nullptr) << "stage 2 has none";
  ASSERT_TRUE(e.translation);
  EXPECT_EQ(e.translation->walk.result.ipa, ipa);
  EXPECT_EQ(e.now.answer.output, 0x8000'0000U);
  const std::string text = to_text(e);
  EXPECT_TRUE(has(text, "VMID 0x2, ASID 0x1; context bank 8: stage 2\n")) << text;
  EXPECT_TRUE(has(text, "stage 2 level 3, IPA 0x70000000")) << text;
}

// 17.3.1, 17.3.2
TEST_F(ExplainNested, AFaultOfStage2IsOfItsBankWithTheIpa) {
  w.memory.write(leaf_of_ipa(), 0);
  const AccessExplanation e = explain_in(w, 5, page);
  ASSERT_EQ(e.now.faults.size(), 1U);
  const ExplainedFault& f = e.now.faults[0];
  EXPECT_EQ(f.name, "SMMU_CB8_FSR.TF");
  EXPECT_EQ(value(f.registers, "SMMU_CB8_IPAFAR"), ipa);
  EXPECT_EQ(field(find(f.registers, "SMMU_CB8_FSYNR0"), "S1CBNDX"), bank);
  w.access(5, page);
  expect_recorded(w, second, f);
  EXPECT_EQ(w.read_cb(second, IPAFAR, 8), ipa);
}

TEST_F(ExplainNested, AStaleIpaCacheEntryIsShownBesideWhatMemorySays) {
  w.access(5, page);
  ASSERT_FALSE(explain_in(w, 5, page).stale()) << to_text(explain_in(w, 5, page));
  w.memory.write(leaf_of_ipa(), w.memory.read(leaf_of_ipa(), 8) ^ 0x1'0000);
  const AccessExplanation e = explain_in(w, 5, page);
  bool found = false;
  for (const auto& part : e.translation->ipas) {
    if (part.input != ipa) continue;
    found = true;
    EXPECT_TRUE(part.stale());
  }
  EXPECT_TRUE(found);
  EXPECT_TRUE(has(to_text(e), "IPA cache for 0x70000000: STALE")) << to_text(e);
}

// 9.6.1, DIPANS: what stage 1 lets in counts, whether stage 2 does or not
TEST_F(ExplainNested, ATlbEntryIsStaleByWhomStage1LetsIn) {
  pgtable::Mapping m;
  m.unprivileged = false;
  ASSERT_TRUE(vas.map(page + 0x1000, ipa, 0x1000, m));
  w.map_stream(5, 5, S2CR_translate | bank | 3U << 24);
  EXPECT_EQ(w.access(5, page + 0x1000).outcome, Outcome::forward);
  EXPECT_FALSE(explain_in(w, 5, page + 0x1000).stale());
  const std::uint64_t at = vas.descriptor_address(page + 0x1000, 3).value_or(0);
  w.memory.write(at, w.memory.read(at, 8) & ~(1ULL << 54));  // UXN; stage 2 lets nobody execute
  EXPECT_TRUE(explain_in(w, 5, page + 0x1000).translation->tlb_stale);
}

// ---- two Security states

TEST(ExplainSecure, TheCopyOfTheSecurityStateDecides) {
  TwoStates w;
  pgtable::Builder& vas = w.secure_stream(40, 5, 20);
  ASSERT_TRUE(vas.map(page, 0x8000'0000, 0x1000));
  const AccessExplanation e = explain_in(w, TwoStates::from(AddressSpace::secure, 5, page));
  EXPECT_NE(find(e.registers, "SMMU_SCR1"), nullptr);
  EXPECT_NE(find(e.registers, "SMMU_SCR0"), nullptr);
  EXPECT_EQ(find(e.registers, "SMMU_CR0"), nullptr);
  EXPECT_EQ(e.mapping, "group 40: context bank 20");
  EXPECT_EQ(e.now.answer.output, 0x8000'0000U);
  const AccessExplanation other = explain_in(w, TwoStates::from(AddressSpace::non_secure, 5, page));
  ASSERT_EQ(other.now.faults.size(), 1U);
  EXPECT_EQ(other.now.faults[0].name, "SMMU_GFSR.USF") << "the group is Secure";
  const AccessExplanation unknown = explain_in(w, TwoStates::from(AddressSpace::secure, 6, page));
  ASSERT_EQ(unknown.now.faults.size(), 1U);
  EXPECT_EQ(unknown.now.faults[0].name, "SMMU_SGFSR.USF");
}

TEST(ExplainSecure, TheTableOfSecurityStatesIsTold) {
  TwoStates w(with_table());
  const AccessExplanation e = explain_in(w, 0x25, page);
  const smmu::RegisterFact* SSDR = find(e.registers, "SMMU_SSDR1");
  ASSERT_NE(SSDR, nullptr);
  EXPECT_EQ(SSDR->meaning, "SSD_Index 0x25 is Non-secure");
}

// ---- nothing is changed

TEST_F(Explain, AskingChangesNothing) {
  SCTLR_is(SCTLR_CFCFG | SCTLR_CFRE | SCTLR_CFIE);
  w.map_stream(9, 0x77, S2CR_bypass);
  w.access(5, page);
  w.memory.write(leaf(), 0);
  const auto before = test::save(w.smmu);
  const smmu::Statistics counted = w.smmu.engine_statistics();
  const auto faults = w.smmu.statistics().context_faults + w.smmu.statistics().global_faults;
  for (const std::uint64_t address : {page, page + 0x1000, std::uint64_t{0}, ~std::uint64_t{0}}) {
    for (const std::uint32_t sid : {5U, 6U, 0x77U, 0xffffU}) to_text(explain_in(w, sid, address));
  }
  EXPECT_EQ(test::save(w.smmu), before);
  EXPECT_EQ(w.smmu.engine_statistics().accesses, counted.accesses);
  EXPECT_EQ(w.smmu.statistics().context_faults + w.smmu.statistics().global_faults, faults);
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(ExplainTraced, AskingIsNotTraced) {
  struct Sink : TraceSink {
    bool wants(std::string_view, std::string_view) override { return true; }
    void record(std::uint64_t, std::string_view, std::string_view, const TraceValue*, std::size_t) override {
      ++records;
    }
    unsigned records = 0;
  } sink;
  World w({}, World::untimed(), &sink);
  w.start();
  ASSERT_TRUE(w.stream64(5, bank).map(page, 0x8000'0000, 0x1000));
  w.access(5, page);
  const unsigned before = sink.records;
  EXPECT_GT(before, 0U);
  for (const std::uint64_t address : {page, page + 0x1000}) explain_in(w, 5, address);
  EXPECT_EQ(sink.records, before);
}

// 16.5.7, 16.5.25, 16.5.27: what short descriptors go by
TEST(ExplainFormats, ABankOfShortDescriptorsIsToldWithItsRemapRegisters) {
  FormatsWorld w;
  w.start();
  pgtable::Builder& vas = w.builder(FormatsWorld::config_short());
  ASSERT_TRUE(vas.map(0x1000, 0x8000'0000, 0x1000));
  w.bank_short(bank, vas.config(), 7);
  w.map_stream(5, 5, S2CR_translate | bank);
  const AccessExplanation e = explain_in(w, 5, 0x1000);
  EXPECT_EQ(field(find(e.registers, "SMMU_CB3_CONTEXTIDR"), "ASID"), 7U);
  EXPECT_EQ(value(e.registers, "SMMU_CB3_PRRR"), w.read_cb(bank, PRRR));
  EXPECT_EQ(value(e.registers, "SMMU_CB3_NMRR"), w.read_cb(bank, NMRR));
  EXPECT_EQ(e.now.answer.output, 0x8000'0000U);
}

TEST(ExplainFormats, ABankOfLongDescriptorsIsToldWithItsTcr) {
  FormatsWorld w;
  w.start();
  pgtable::Builder& vas = w.builder(FormatsWorld::config_long());
  ASSERT_TRUE(vas.map(0x1000, 0x8000'0000, 0x1000));
  w.bank_long(bank, vas.config());
  w.map_stream(5, 5, S2CR_translate | bank);
  EXPECT_EQ(field(find(explain_in(w, 5, 0x1000).registers, "SMMU_CB3_TCR"), "EAE"), 1U);
}

// 7.2
TEST(ExplainSecure, WithoutASecureStateASecureAccessPasses) {
  World w;
  w.start();
  smmu::AccessRequest q = World::request(5, page);
  q.space = AddressSpace::secure;
  const AccessExplanation e = explain_in(w, q);
  EXPECT_TRUE(has(e.mapping, "it passes")) << e.mapping;
  EXPECT_EQ(e.now.answer.outcome, Outcome::forward);
}

// Of an image of registers: what they say is in effect, and nothing else comes of it.
TEST(Restore, PutsARegisterBackWithoutWhatAWriteDoes) {
  World w;
  w.start();
  w.map_stream(0, 9, S2CR_fault);
  w.smmu.interface().restore(SMMU_CBn_FSR, bank, 1U << 30 | 1U << 1);
  EXPECT_EQ(w.read_cb(bank, FSR) & (1U << 30 | 1U << 1), 1U << 30 | 1U << 1) << "SS, which no write sets";
  w.smmu.interface().restore(SMMU_S2CRn, 0, S2CR_bypass);
  EXPECT_EQ(w.access(9, 0x1234).outcome, Outcome::forward);
}

// 16.5.39, TCR2.HA: an update of an Access flag is foreseen, and not made.
TEST(ExplainUpdates, ADescriptorWhoseUpdateWouldBeMadeIsOnlyRead) {
  constexpr std::uint64_t AF = 1 << 10;
  World w;
  w.start();
  pgtable::Config c = World::config64();
  c.stage1.HA = true;
  pgtable::Builder& vas = w.builder(c);
  ASSERT_TRUE(vas.map(page, 0x8000'0000, 0x1000));
  w.bank64(bank, vas.config());
  w.map_stream(5, 5, S2CR_translate | bank);
  const std::uint64_t leaf = vas.descriptor_address(page, 3).value_or(0);
  w.memory.write(leaf, w.memory.read(leaf, 8) & ~AF);
  EXPECT_EQ(explain_in(w, 5, page).now.answer.outcome, Outcome::forward);
  EXPECT_EQ(w.memory.read(leaf, 8) & AF, 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
