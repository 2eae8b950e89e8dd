// Whose translations each TLB invalidation takes with a Secure state, from either queue (IHI 0070 4.4.2 to
// 4.4.4), and that it takes no others.
#include <gtest/gtest.h>

#include <vector>

#include "secure_world.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Stages;
using smmu::CacheKey;

constexpr std::uint64_t here = 0x1234'5000;
constexpr std::uint64_t elsewhere = 0x1234'6000;

struct Tlbi {
  std::uint8_t opcode = 0;
  bool secure = false;  // the queue
  std::uint16_t vmid = 1;
  std::uint16_t asid = 1;
  bool NS = false;
};

struct E2H {
  bool non_secure;
  bool secure;
};

/// As 4.4 says.
bool goes(const Tlbi& c, const E2H& e2h, bool SEL2, const CacheKey& e) {
  const auto world = static_cast<StreamWorld>(e.tag.regime);
  const StreamWorld el1 = c.secure ? StreamWorld::Secure : StreamWorld::NS_EL1;
  const bool of_stage1 = e.tag.stages != Stages::stage2;
  const bool by_vmid = !(c.secure && !SEL2) ? e.tag.vmid == c.vmid : e.tag.vmid == 0;
  const bool by_asid = e.global || e.tag.asid == c.asid;
  const bool address = e.input == here;
  const bool ns_el2 = world == (e2h.non_secure ? StreamWorld::NS_EL2_E2H : StreamWorld::NS_EL2);
  const bool s_el2 = world == (e2h.secure ? StreamWorld::S_EL2_E2H : StreamWorld::S_EL2);
  switch (c.opcode) {
    case 0x10:
      return world == el1 && of_stage1 && by_vmid;
    case 0x11:
      return world == el1 && of_stage1 && by_vmid && !e.global && e.tag.asid == c.asid;
    case 0x12:
      return world == el1 && of_stage1 && by_vmid && by_asid && address;
    case 0x13:
      return world == el1 && of_stage1 && by_vmid && address;
    case 0x18:
      return world == StreamWorld::EL3;
    case 0x1a:
      return world == StreamWorld::EL3 && address;
    case 0x20:
      return world == StreamWorld::NS_EL2 || world == StreamWorld::NS_EL2_E2H;
    case 0x21:
      return world == StreamWorld::NS_EL2_E2H && !e.global && e.tag.asid == c.asid;
    case 0x22:
      return ns_el2 && (!e2h.non_secure || by_asid) && address;
    case 0x23:
      return ns_el2 && address;
    case 0x28:
      return world == StreamWorld::NS_EL1 && e.tag.vmid == c.vmid;
    case 0x2a:
      return world == StreamWorld::NS_EL1 && !of_stage1 && e.tag.vmid == c.vmid && address;
    case 0x30:
      return world == StreamWorld::NS_EL1;
    case 0x50:
      return world == StreamWorld::S_EL2 || world == StreamWorld::S_EL2_E2H;
    case 0x51:
      return world == StreamWorld::S_EL2_E2H && !e.global && e.tag.asid == c.asid;
    case 0x52:
      return s_el2 && (!e2h.secure || by_asid) && address;
    case 0x53:
      return s_el2 && address;
    case 0x58:
      return world == StreamWorld::Secure && e.tag.vmid == c.vmid;
    case 0x5a:  // 4.4.3.3: NS names the space of the IPA, which takes the place of an ASID
      return world == StreamWorld::Secure && !of_stage1 && e.tag.vmid == c.vmid && address &&
             e.tag.asid == (c.NS ? 0 : 1);
    default:  // 0x60
      return world == StreamWorld::Secure;
  }
}

class SecureCaches {
 public:
  SecureCaches(const Features& f, const E2H& e2h) : w(f) {
    w.start(8, 0);
    w.write(0x2c, CR2_RECINVSID | (e2h.non_secure ? CR2_E2H : 0U));
    w.write(0x20, CR0_implemented);
    w.s_start(8, CR0_implemented, CR2_RECINVSID | (e2h.secure ? CR2_E2H : 0U));
  }
  void fill(bool SEL2) {
    const auto put = [&](StreamWorld world, Stages stages, std::uint16_t vmid, std::uint16_t asid,
                         bool global) {
      CacheKey k;
      k.tag = {static_cast<std::uint8_t>(world), stages, static_cast<std::uint8_t>(global ? 3 : 0), vmid,
               asid};
      k.global = global;
      for (const std::uint64_t input : {here, elsewhere}) {
        k.input = input;
        all.push_back(k);
        w.smmu.engine().tlb().insert(k, {});
        if (stages == Stages::stage2) w.smmu.engine().ipa_cache().insert(k, {});
      }
    };
    for (const StreamWorld el1 : {StreamWorld::NS_EL1, StreamWorld::Secure}) {
      const bool vmids = el1 == StreamWorld::NS_EL1 || SEL2;
      for (std::uint16_t vmid = 0; vmid < (vmids ? 3 : 1); ++vmid) {
        for (const Stages stages : {Stages::stage1, Stages::nested}) {
          if (stages == Stages::nested && !vmids) continue;
          put(el1, stages, vmid, 0, true);
          for (std::uint16_t asid = 0; asid < 3; ++asid) put(el1, stages, vmid, asid, false);
        }
        if (!vmids) continue;
        put(el1, Stages::stage2, vmid, 0, false);
        if (el1 == StreamWorld::Secure) put(el1, Stages::stage2, vmid, 1, false);
      }
    }
    for (const StreamWorld e2h : {StreamWorld::NS_EL2_E2H, StreamWorld::S_EL2_E2H}) {
      put(e2h, Stages::stage1, 0, 0, true);
      for (std::uint16_t asid = 0; asid < 3; ++asid) put(e2h, Stages::stage1, 0, asid, false);
    }
    for (const StreamWorld world : {StreamWorld::NS_EL2, StreamWorld::S_EL2, StreamWorld::EL3}) {
      put(world, Stages::stage1, 0, 0, false);
    }
  }
  template <class Cache>
  static bool holds(const Cache& cache, const CacheKey& key) {
    bool there = false;
    cache.for_each([&](const auto& e) {
      const CacheKey k = e.key();
      there = there || (k.input == key.input && k.global == key.global && k.tag.vmid == key.tag.vmid &&
                        k.tag.regime == key.tag.regime && k.tag.stages == key.tag.stages &&
                        (k.global || k.tag.asid == key.tag.asid));
    });
    return there;
  }
  void forget() {
    w.smmu.engine().tlb().clear();
    w.smmu.engine().ipa_cache().clear();
    all.clear();
  }

  SecureWorld w;
  std::vector<CacheKey> all;
};

TEST(SecureTlbiScopes, OfEachCommandOfEachQueueAreExactlyWhatItNames) {
  constexpr unsigned opcodes[] = {0x10, 0x11, 0x12, 0x13, 0x18, 0x1a, 0x20, 0x21, 0x22, 0x23,
                                  0x28, 0x2a, 0x30, 0x50, 0x51, 0x52, 0x53, 0x58, 0x5a, 0x60};
  for (const bool SEL2 : {false, true}) {
    for (const E2H e2h : {E2H{false, false}, E2H{true, false}, E2H{false, true}, E2H{true, true}}) {
      if (e2h.secure && !SEL2) continue;
      Features f = SEL2 ? with_sel2() : with_secure();
      f.Hyp = true;
      SecureCaches b(f, e2h);
      for (const unsigned opcode : opcodes) {
        for (const bool secure : {false, true}) {
          const bool of_secure = opcode == 0x18 || opcode == 0x1a || opcode >= 0x50;
          if (of_secure && !secure) continue;
          if (opcode >= 0x50 && !SEL2) continue;
          for (const std::uint16_t tag : {std::uint16_t{0}, std::uint16_t{1}}) {
            for (const bool NS : {false, true}) {
              if (NS && opcode != 0x5a) continue;
              const Tlbi c{static_cast<std::uint8_t>(opcode), secure, tag, tag, NS};
              b.fill(SEL2);
              const std::uint64_t word0 = opcode | std::uint64_t{tag} << 32 | std::uint64_t{tag} << 48;
              const std::uint64_t word1 = here | (NS ? 1ULL << 63 : 0);
              secure ? b.w.s_command(word0, word1) : static_cast<void>(b.w.command(word0, word1));
              ASSERT_TRUE(secure ? b.w.s_commands_done() : b.w.commands_done()) << std::hex << opcode;
              for (const CacheKey& k : b.all) {
                const bool stays = !goes(c, e2h, SEL2, k);
                ASSERT_EQ(SecureCaches::holds(b.w.smmu.engine().tlb(), k), stays)
                    << opcode_name(c.opcode) << ", Secure queue " << secure << ", E2H " << e2h.non_secure
                    << e2h.secure << ", VMID and ASID " << tag << ", NS " << NS << ": StreamWorld "
                    << unsigned{k.tag.regime} << ", stages " << static_cast<unsigned>(k.tag.stages)
                    << ", VMID " << k.tag.vmid << ", ASID " << k.tag.asid << ", global " << k.global;
                if (k.tag.stages != Stages::stage2) continue;
                ASSERT_EQ(SecureCaches::holds(b.w.smmu.engine().ipa_cache(), k), stays) << "IPA cache";
              }
              b.forget();
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
