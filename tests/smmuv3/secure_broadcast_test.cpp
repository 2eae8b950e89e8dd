// TLB maintenance that processors broadcast from Secure state and EL3: whose entries each TLBI instruction
// takes, and S_CR2.PTM and S_CR0.VMW (IHI 0070 3.17.2, 3.17.6, 6.3.57, 6.3.60).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "secure_world.h"
#include "smmuvp/base/broadcast_tlbi.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Stages;
using smmu::CacheKey;
using Regime = BroadcastTlbi::Regime;
using Scope = BroadcastTlbi::Scope;

constexpr std::uint64_t here = 0x1234'5000;
constexpr std::uint64_t elsewhere = 0x1234'6000;
constexpr std::uint32_t VMW_2 = 2U << CR0_VMW_shift;

Features with_btm(bool SEL2) {
  Features f = SEL2 ? with_sel2() : with_secure();
  f.BTM = f.Hyp = f.VMW = true;
  return f;
}

struct Participation {
  bool non_secure = true;
  bool secure = true;
};

class Caches {
 public:
  explicit Caches(const Features& f, Participation takes = {}, std::uint32_t cr0 = CR0_implemented,
                  std::uint32_t s_cr0 = CR0_implemented)
      : w(f), SEL2(f.SEL2) {
    w.start(8, 0);
    w.write(0x2c, CR2_RECINVSID | (takes.non_secure ? 0U : CR2_PTM));
    w.write(0x20, cr0);
    w.s_start(8, s_cr0, CR2_RECINVSID | (takes.secure ? 0U : CR2_PTM));
    w.work();
  }

  /// Entries of every StreamWorld, VMID, ASID and ASET.
  /// @param globals  these alone: in a TLB they would make room for others of their page
  void fill(bool globals) {
    constexpr std::uint16_t numbers[] = {0, 1, 2};
    std::uint8_t aset = 0;
    const auto put = [&](StreamWorld world, Stages stages, std::uint16_t vmid, std::uint16_t asid) {
      CacheKey k;
      const bool has_asids = world == StreamWorld::NS_EL1 || world == StreamWorld::Secure ||
                             world == StreamWorld::NS_EL2_E2H || world == StreamWorld::S_EL2_E2H;
      const bool of_ipas = stages == Stages::stage2;
      k.tag = {static_cast<std::uint8_t>(world), stages, has_asids && !of_ipas ? aset : std::uint8_t{0}, vmid,
               asid};
      aset ^= 1U;
      k.global = globals;
      for (const std::uint64_t input : {here, elsewhere}) {
        k.input = input;
        w.smmu.engine().tlb().insert(k, {});
        if (of_ipas) w.smmu.engine().ipa_cache().insert(k, {});
        all.push_back(k);
      }
    };
    for (const StreamWorld el1 : {StreamWorld::NS_EL1, StreamWorld::Secure}) {
      const bool vmids = el1 == StreamWorld::NS_EL1 || SEL2;
      for (const std::uint16_t vmid : numbers) {
        if (vmid != 0 && !vmids) continue;
        for (const std::uint16_t asid : numbers) {
          if (globals && asid != 0) continue;
          put(el1, Stages::stage1, vmid, asid);
          if (vmids) put(el1, Stages::nested, vmid, asid);
        }
        if (!vmids || globals) continue;
        put(el1, Stages::stage2, vmid, 0);                                  // IPAs, or Non-secure ones
        if (el1 == StreamWorld::Secure) put(el1, Stages::stage2, vmid, 1);  // Secure IPAs
      }
    }
    for (const StreamWorld e2h : {StreamWorld::NS_EL2_E2H, StreamWorld::S_EL2_E2H}) {
      for (const std::uint16_t asid : numbers) {
        if (!globals || asid == 0) put(e2h, Stages::stage1, 0, asid);
      }
    }
    if (globals) return;
    for (const StreamWorld world : {StreamWorld::NS_EL2, StreamWorld::S_EL2, StreamWorld::EL3}) {
      put(world, Stages::stage1, 0, 0);
    }
  }
  template <class Cache>
  static bool holds(const Cache& cache, const CacheKey& key) {
    bool there = false;
    cache.for_each([&](const auto& e) {
      const CacheKey k = e.key();
      there = there || (k.input == key.input && k.global == key.global && k.tag.vmid == key.tag.vmid &&
                        k.tag.regime == key.tag.regime && k.tag.stages == key.tag.stages &&
                        k.tag.asid_set == key.tag.asid_set && (k.global || k.tag.asid == key.tag.asid));
    });
    return there;
  }
  bool is_there(const CacheKey& k) { return holds(w.smmu.engine().tlb(), k); }
  bool ipa_is_there(const CacheKey& k) { return holds(w.smmu.engine().ipa_cache(), k); }
  void forget() {
    w.smmu.engine().tlb().clear();
    w.smmu.engine().ipa_cache().clear();
    all.clear();
  }

  SecureWorld w;
  bool SEL2;
  std::vector<CacheKey> all;
};

struct Instruction {
  unsigned op1, crm, op2;
  Scope scope;
};
// DDI 0487 C5.5. Ranges and forms of other scope mean the same entries (broadcast_test.cpp).
constexpr Instruction instructions[] = {
    {0, 3, 0, Scope::vmid_stage1}, {0, 3, 1, Scope::va},   {0, 1, 1, Scope::va},  {0, 3, 2, Scope::asid},
    {0, 3, 3, Scope::va_any_asid}, {4, 0, 1, Scope::ipa},  {4, 3, 0, Scope::all}, {4, 3, 1, Scope::va},
    {4, 3, 4, Scope::all},         {4, 3, 6, Scope::vmid}, {6, 3, 0, Scope::all}, {6, 3, 1, Scope::va},
};

struct Sent {
  Instruction instruction;
  bool secure = false;
  bool e2h = false;
  bool NS = false;  // of an IPA
  std::uint16_t number = 0;

  BroadcastTlbi message() const {
    TlbiContext context;
    context.secure = secure;
    context.vmid = number;
    context.e2h = e2h;
    std::uint64_t operand = here >> 12U;
    if (instruction.scope == Scope::ipa) {
      operand |= NS ? std::uint64_t{1} << 63U : 0;
    } else {
      operand |= std::uint64_t{number} << 48U;
    }
    const auto t = decode_tlbi(instruction.op1, 8, instruction.crm, instruction.op2, operand, context);
    EXPECT_TRUE(t);
    return t.value_or(BroadcastTlbi{});
  }
  StreamWorld world() const {
    if (instruction.op1 == 6) return StreamWorld::EL3;
    const bool el2 = instruction.op1 == 4 && instruction.crm == 3 && instruction.op2 < 2;
    if (!el2) return secure ? StreamWorld::Secure : StreamWorld::NS_EL1;
    if (secure) return e2h ? StreamWorld::S_EL2_E2H : StreamWorld::S_EL2;
    return e2h ? StreamWorld::NS_EL2_E2H : StreamWorld::NS_EL2;
  }
};

/// As 3.17, 3.17.2 and the instruction say.
bool goes(const Sent& s, bool SEL2, const CacheKey& e) {
  const StreamWorld world = s.world();
  if (static_cast<StreamWorld>(e.tag.regime) != world) return false;
  const bool el1 = world == StreamWorld::NS_EL1 || world == StreamWorld::Secure;
  const bool has_asids = el1 || world == StreamWorld::NS_EL2_E2H || world == StreamWorld::S_EL2_E2H;
  const bool has_vmids = world == StreamWorld::NS_EL1 || (world == StreamWorld::Secure && SEL2);
  const bool of_vmid = !has_vmids || e.tag.vmid == s.number;
  const bool of_stage1 = e.tag.stages != Stages::stage2;
  const bool shared = !has_asids || e.tag.asid_set == 0;
  const bool of_asid = !has_asids || e.global || e.tag.asid == s.number;
  const bool of_space = world != StreamWorld::Secure || e.tag.asid == (s.NS ? 0 : 1);
  switch (s.instruction.scope) {
    case Scope::all:
      return true;
    case Scope::vmid:
      return of_vmid;
    case Scope::vmid_stage1:
      return of_vmid && of_stage1;
    case Scope::asid:
      return of_vmid && of_stage1 && shared && !e.global && e.tag.asid == s.number;
    case Scope::va:
      return of_vmid && of_stage1 && shared && of_asid && e.input == here;
    case Scope::va_any_asid:
      return of_vmid && of_stage1 && e.input == here;
    case Scope::ipa:
      return of_vmid && !of_stage1 && of_space && e.input == here;
  }
  return false;
}

std::string words_of(const BroadcastTlbi& t, const CacheKey& k) {
  return std::string(t.instruction) + (t.secure ? ", Secure" : ", Non-secure") + ", VMID " +
         std::to_string(t.vmid) + ", ASID " + std::to_string(t.asid) + ": StreamWorld " +
         std::to_string(k.tag.regime) + ", stages " + std::to_string(static_cast<unsigned>(k.tag.stages)) +
         ", VMID " + std::to_string(k.tag.vmid) + ", ASID " + std::to_string(k.tag.asid) + ", ASET " +
         std::to_string(k.tag.asid_set) + ", global " + std::to_string(k.global) + ", input " +
         std::to_string(k.input);
}

void expect_taken(Caches& b, const Sent& s, bool takes) {
  for (const bool globals : {false, true}) {
    b.fill(globals);
    const BroadcastTlbi t = s.message();
    b.w.smmu.broadcast(t, 0);
    for (const CacheKey& k : b.all) {
      const bool stays = !takes || !goes(s, b.SEL2, k);
      ASSERT_EQ(b.is_there(k), stays) << words_of(t, k);
      if (k.tag.stages != Stages::stage2) continue;
      ASSERT_EQ(b.ipa_is_there(k), stays) << "IPA cache: " << words_of(t, k);
    }
    b.forget();
  }
}

/// Every message: of either state and EL2, of numbers that entries have, of both spaces of IPAs.
std::vector<Sent> messages() {
  std::vector<Sent> sent;
  for (const Instruction& i : instructions) {
    for (const bool secure : {false, true}) {
      for (const bool e2h : {false, true}) {
        for (const bool NS : {false, true}) {
          if (NS && (i.scope != Scope::ipa || !secure)) continue;
          for (const std::uint16_t number : {std::uint16_t{0}, std::uint16_t{1}}) {
            sent.push_back({i, secure, e2h, NS, number});
          }
        }
      }
    }
  }
  return sent;
}

// 3.17.2, 3.17.2.1
TEST(SecureBroadcast, OfEachInstructionTakesExactlyWhatItNamesOfItsSecurityState) {
  for (const bool SEL2 : {false, true}) {
    Caches b(with_btm(SEL2));
    for (const Sent& s : messages()) {
      expect_taken(b, s, true);
      if (HasFatalFailure()) return;
    }
  }
}

// 6.3.12, 6.3.60: S_CR2.PTM is about Secure EL1, Secure EL2 and EL3 alone, CR2.PTM about the others.
TEST(SecureBroadcast, IsLetByWherePtmOfItsSecurityStateIs1) {
  for (const Participation& takes :
       {Participation{false, false}, Participation{true, false}, Participation{false, true}}) {
    Caches b(with_btm(true), takes);
    EXPECT_EQ(b.w.smmu.takes_part_in_broadcasts(), takes.non_secure || takes.secure);
    for (const Sent& s : messages()) {
      const bool secure = s.secure || s.instruction.op1 == 6;
      expect_taken(b, s, secure ? takes.secure : takes.non_secure);
      if (HasFatalFailure()) return;
    }
  }
}

// 6.3.60: 1 after reset (recommended), guarded by S_CR0.SMMUEN, RES0 without IDR0.BTM.
TEST(SecureBroadcast, SCr2PtmIsThereWithBtmAndGuardedByTheEnableOfItsState) {
  SecureWorld w(with_btm(false));
  EXPECT_EQ(w.s_read(0x802c), CR2_PTM);
  w.s_write(0x802c, 0);
  EXPECT_EQ(w.s_read(0x802c), 0U);
  w.s_write(0x802c, ~0U);
  EXPECT_EQ(w.s_read(0x802c), CR2_PTM | CR2_RECINVSID);
  w.s_write(0x8020, CR0_SMMUEN);
  w.work();
  w.s_write(0x802c, 0);
  EXPECT_EQ(w.s_read(0x802c), CR2_PTM | CR2_RECINVSID);
  EXPECT_EQ(w.read(0x2c), CR2_PTM) << "that of the Non-secure state";
  SecureWorld without;
  EXPECT_EQ(without.s_read(0x802c), 0U);
  without.s_write(0x802c, CR2_PTM);
  EXPECT_EQ(without.s_read(0x802c), 0U);
  EXPECT_FALSE(without.smmu.takes_part_in_broadcasts());
}

// 6.3.60: with S_CR2.PTM 1 somebody may count on what stays.
TEST(SecureBroadcast, ThatIsLetByIsToldWithTheNameOfItsRegister) {
  Structures structures = World::untimed();
  structures.tell_tlbi = true;
  World w(with_btm(false), structures);
  CacheKey k;
  k.tag = {static_cast<std::uint8_t>(StreamWorld::Secure), Stages::stage1, 0, 0, 1};
  k.input = here;
  w.smmu.engine().tlb().insert(k, {});
  const Sent s{instructions[1], true, false, false, 1};
  w.smmu.broadcast(Sent{instructions[1], false, false, false, 1}.message(), 0);
  EXPECT_TRUE(w.diag.all.empty()) << "Non-secure ones name another";
  w.smmu.broadcast(s.message(), 0);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all.front().site, "TLBI VAE1IS.S_PTM");
  EXPECT_NE(w.diag.all.front().text.find("S_CR2.PTM is 1"), std::string::npos);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 1U);
}

// 3.17.2.1: without Secure EL2 Secure translations have no VMIDs, whatever a message says.
TEST(SecureBroadcast, WithoutSel2IsOfAnyVmid) {
  Caches b(with_btm(false));
  for (const std::uint16_t vmid : {std::uint16_t{0}, std::uint16_t{7}, std::uint16_t{0x107}}) {
    b.fill(false);
    Sent s{instructions[0], true, false, false, vmid};
    b.w.smmu.broadcast(s.message(), 0);
    for (const CacheKey& k : b.all) {
      EXPECT_EQ(b.is_there(k), static_cast<StreamWorld>(k.tag.regime) != StreamWorld::Secure);
    }
    b.forget();
  }
}

// 3.17.6, 6.3.57: S_CR0.VMW is about Secure VMIDs, CR0.VMW about Non-secure ones.
TEST(SecureVmw, GroupsTheVmidsOfItsSecurityStateForCommandsAndBroadcasts) {
  constexpr StreamWorld worlds[] = {StreamWorld::NS_EL1, StreamWorld::Secure};
  for (const bool of_secure : {false, true}) {
    Caches b(with_btm(true), {}, CR0_implemented | (of_secure ? 0U : VMW_2),
             CR0_implemented | (of_secure ? VMW_2 : 0U));
    EXPECT_EQ(b.w.s_read(0x8024) & CR0_VMW, of_secure ? VMW_2 : 0U);
    for (const bool secure : {false, true}) {
      for (const bool broadcast : {false, true}) {
        for (std::uint16_t vmid = 0; vmid < 16; ++vmid) {
          for (const StreamWorld world : worlds) {
            CacheKey k;
            k.tag = {static_cast<std::uint8_t>(world), Stages::stage1, 0, vmid, 1};
            k.input = here;
            b.w.smmu.engine().tlb().insert(k, {});
            b.all.push_back(k);
          }
        }
        if (broadcast) {
          b.w.smmu.broadcast(Sent{instructions[0], secure, false, false, 5}.message(), 0);
        } else if (secure) {
          b.w.s_command(0x10 | std::uint64_t{5} << 32U);  // CMD_TLBI_NH_ALL
        } else {
          b.w.command(0x10 | std::uint64_t{5} << 32U);
        }
        for (const CacheKey& k : b.all) {
          const bool of_state = static_cast<StreamWorld>(k.tag.regime) == worlds[secure ? 1 : 0];
          const bool of_group = secure == of_secure ? k.tag.vmid >> 2U == 1 : k.tag.vmid == 5;
          ASSERT_EQ(b.is_there(k), !(of_state && of_group))
              << "VMW of Secure state " << of_secure << ", Secure " << secure << ", broadcast " << broadcast
              << ", StreamWorld " << unsigned{k.tag.regime} << ", VMID " << k.tag.vmid;
        }
        b.forget();
      }
    }
  }
}

// 6.3.57: Reserved values behave as 0; the field is RES0 without IDR0.VMW.
TEST(SecureVmw, OfAReservedValueIsDiagnosedAndMatchesExactly) {
  SecureWorld w(with_btm(true));
  w.s_write(0x8020, 6U << CR0_VMW_shift);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all.front().site, "S_CR0.VMW");
  EXPECT_EQ(w.s_interface().vmid_bits_ignored(), 0U);
  w.s_write(0x8020, 4U << CR0_VMW_shift);
  EXPECT_EQ(w.s_interface().vmid_bits_ignored(), 4U);
  EXPECT_EQ(w.smmu.interface().vmid_bits_ignored(), 0U);
  SecureWorld without;
  without.s_write(0x8020, CR0_VMW);
  EXPECT_EQ(without.s_read(0x8020), 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
