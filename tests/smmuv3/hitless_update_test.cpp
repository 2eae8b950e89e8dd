// Structures that are rewritten 64 bits at a time while they are in use (IHI 0070 3.21.3): each access goes
// by the old structure or by the new one, and none faults.
#include <gtest/gtest.h>

#include <string>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using Words = std::array<std::uint64_t, 8>;

constexpr std::uint32_t sid = 1;
constexpr std::uint64_t va = 0x4000;

/// What a structure says with these values, by 5.2: bits that are IGNORED may be rewritten at any time.
Words used_by(const Words& ste) {
  const std::uint64_t Config = ste[0] >> 1 & 7;
  Words used{};
  used[0] = ~0ULL;
  used[1] = ~0xffULL;                       // but for the fields of stage 1
  if ((Config & 1) != 0) used[1] = ~0ULL;   // S1DSS, S1CIR, S1COR, S1CSH
  if ((Config & 3) != 0) used[2] = 0xffff;  // S2VMID
  if ((Config & 2) != 0) used[2] = used[3] = ~0ULL;
  return used;
}

/// A step of an update: the word that is stored.
struct Store {
  unsigned word;
  std::uint64_t value;
};

/// Words that differ only where one of both does not look, then word 0, which decides, then the rest.
std::vector<Store> stores(const Words& from, const Words& to) {
  const Words old_used = used_by(from);
  const Words new_used = used_by(to);
  std::vector<Store> all;
  for (unsigned i = 1; i < 8; ++i) {
    EXPECT_EQ((from[i] ^ to[i]) & old_used[i] & new_used[i], 0U) << "such an update has to go through V = 0";
    const std::uint64_t both = (from[i] & old_used[i]) | (to[i] & new_used[i]);
    if (both != from[i]) all.push_back({i, both});
  }
  all.push_back({0, to[0]});
  for (unsigned i = 1; i < 8; ++i) all.push_back({i, to[i]});
  return all;
}

/// Everything that STEs of each kind need. All translate `va`, each to an output of its own.
class HitlessUpdate : public ::testing::Test {
 protected:
  enum Kind : unsigned { bypass, stage1, other_cd, stage2, nested, kinds };
  static constexpr std::uint64_t outputs[kinds] = {va, 0x8100'0000, 0x8200'0000, 0x8300'0000, 0x8400'0000};
  static constexpr std::uint64_t other = 7;  // a CD

  HitlessUpdate() : ipas(w.guest()) {
    pgtable::Builder* s1[2] = {&w.space(), &w.space()};
    for (const unsigned i : {0U, 1U}) {
      EXPECT_TRUE(s1[i]->map(va, outputs[stage1 + i], 0x1000));
      w.put(World::cd_address(i == 0 ? sid : other),
            cd_for(s1[i]->config(), static_cast<std::uint16_t>(i + 1)));
    }
    EXPECT_TRUE(ipas.map(va, outputs[stage2], 0x1000));
    pgtable::Builder& n = w.nested_space(Stage2World::stage1_config());
    EXPECT_TRUE(n.map(va, 0x7000'0000, 0x1000));
    EXPECT_TRUE(ipas.map(0x7000'0000, outputs[nested], 0x1000));
    w.put(World::cd_address(2), cd_for(n.config(), 3));
  }
  /// By word 0 alone one sees which it is; VMIDs are those of one virtual machine.
  Structure ste(Kind kind) const {
    switch (kind) {
      case stage1:
      case other_cd:
        return ste_stage1(World::cd_address(kind == stage1 ? sid : other))
            .set(66, 2, 1)
            .set(70, 2, 3)
            .set(128, 16, 9);
      case stage2:
        return ste_stage2(ipas.config().stage2, 9);
      case nested:
        return ste_nested(Stage2World::ipa_of(World::cd_address(2)), ipas.config().stage2, 9)
            .set(66, 2, 1)
            .set(70, 2, 3);
      default:
        return ste_bypass();
    }
  }
  void store(std::uint64_t structure, const Store& s) { w.memory.write(structure + 8 * s.word, s.value); }
  void cfgi_ste() {
    w.command(0x3 | std::uint64_t{sid} << 32, 1);
    w.command(0x46);
  }
  /// An access that finds nothing cached, and one that finds what this World has.
  std::vector<std::uint64_t> both_ways() {
    Stage2World cold;
    cold.memory = w.memory;
    std::vector<std::uint64_t> seen;
    for (Stage2World* world : {&cold, &w}) {
      const auto a = world->access(sid, va);
      EXPECT_EQ(a.outcome, Outcome::forward) << (world == &w ? "cached" : "uncached");
      EXPECT_FALSE(world->pop_event());
      EXPECT_TRUE(world->diag.all.empty());
      seen.push_back(a.output);
    }
    return seen;
  }
  static void expect_old_or_new(const std::vector<std::uint64_t>& seen, std::uint64_t before,
                                std::uint64_t after) {
    for (const std::uint64_t output : seen)
      EXPECT_TRUE(output == before || output == after) << std::hex << output;
  }

  Stage2World w;
  pgtable::Builder& ipas;
};

TEST_F(HitlessUpdate, OfAnSteFromEachConfigToEachOtherIsSeenWholeOrNotAtAll) {
  for (unsigned from = 0; from < kinds; ++from) {
    for (unsigned to = 0; to < kinds; ++to) {
      SCOPED_TRACE(::testing::Message() << from << " to " << to);
      const Structure a = ste(static_cast<Kind>(from));
      const Structure b = ste(static_cast<Kind>(to));
      w.put_ste(sid, a);
      cfgi_ste();
      w.command(0x30);
      both_ways();
      bool decided = false;
      for (const Store& s : stores(a.words, b.words)) {
        store(World::strtab + 64 * sid, s);
        decided = decided || s.word == 0;
        const auto seen = both_ways();
        expect_old_or_new(seen, outputs[from], outputs[to]);
        EXPECT_EQ(seen[0], outputs[decided ? to : from]) << "word " << s.word;
        cfgi_ste();
        EXPECT_EQ(both_ways()[1], outputs[decided ? to : from]) << "after CMD_CFGI_STE and CMD_SYNC";
      }
    }
  }
}

TEST_F(HitlessUpdate, UnderAnAccessIsSeenWholeOrNotAtAll) {
  for (const Kind to : {other_cd, nested, bypass, stage2}) {
    const Structure a = ste(stage1);
    const Structure b = ste(to);
    const std::vector<Store> all = stores(a.words, b.words);
    for (unsigned before = 0; before < 6; ++before) {  // operations of the access
      SCOPED_TRACE(::testing::Message() << "to " << to << " after " << before);
      w.put_ste(sid, a);
      cfgi_ste();
      w.command(0x30);
      Access access(w.smmu, World::request(sid, va));
      for (unsigned i = 0; i < before && access.step() == smmu::Step::need; ++i) {
        access.complete(w.memory.carry_out(access.op()));
      }
      for (const Store& s : all) store(World::strtab + 64 * sid, s);
      w.finish(access);
      EXPECT_EQ(access.answer().outcome, Outcome::forward);
      expect_old_or_new({access.answer().output}, outputs[stage1], outputs[to]);
      EXPECT_FALSE(w.pop_event());
    }
  }
}

TEST_F(HitlessUpdate, OfOneWordOfACdIsSeenWholeOrNotAtAll) {
  pgtable::Builder& b = w.space();
  ASSERT_TRUE(b.map(va, 0x8500'0000, 0x1000));
  const Structure before = cd_for(w.builders[1].config(), 1);
  w.put(World::cd_address(sid), before);
  w.put_ste(sid, ste(stage1));
  struct Case {
    const char* what;
    unsigned word;
    std::uint64_t value;
    std::uint64_t output;
  };
  const Words other_space = cd_for(b.config(), 1).words;
  Structure renamed = before;
  renamed.set(48, 16, 0x77).set(45, 1, 0);
  for (const Case& c :
       {Case{"ASID and R", 0, renamed.words[0], outputs[stage1]},
        Case{"TTB0", 1, other_space[1], 0x8500'0000}, Case{"MAIR", 3, 0x44, outputs[stage1]}}) {
    SCOPED_TRACE(c.what);
    w.put(World::cd_address(sid), before);
    cfgi_ste();
    w.command(0x30);
    both_ways();
    store(World::cd_address(sid), {c.word, c.value});
    expect_old_or_new(both_ways(), outputs[stage1], c.output);
    w.command(0x5 | std::uint64_t{sid} << 32, 1);  // CMD_CFGI_CD
    w.command(0x46);
    expect_old_or_new(both_ways(), outputs[stage1], c.output);
    w.command(0x30);  // what TLBs may hold of it (5.4.1)
    w.command(0x46);
    for (const std::uint64_t output : both_ways()) EXPECT_EQ(output, c.output);
  }
}

TEST_F(HitlessUpdate, ThatGoesThroughV0ShowsTheOldOneTheNewOneOrCBadCd) {
  // 3.21.3.1: several words that only hold together
  const Structure a = cd_for(w.builders[1].config(), 1);
  pgtable::Config wide = w.builders[1].config();
  for (auto& t : wide.stage1.tables) t.TxSZ = 16;
  pgtable::Builder& b = w.builder(wide);
  ASSERT_TRUE(b.map(va, 0x8600'0000, 0x1000));
  const Structure z = cd_for(b.config(), 1);
  w.put(World::cd_address(sid), a);
  w.put_ste(sid, ste(stage1));
  std::vector<Store> all{{0, a.words[0] & ~(1ULL << 31)}};
  for (unsigned i = 1; i < 8; ++i) all.push_back({i, z.words[i]});
  all.push_back({0, z.words[0] & ~(1ULL << 31)});
  all.push_back({0, z.words[0]});
  EXPECT_EQ(w.access(sid, va).output, outputs[stage1]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    store(World::cd_address(sid), all[i]);
    for (const bool told : {false, true}) {
      if (told) {
        w.command(0x5 | std::uint64_t{sid} << 32, 1);
        w.command(0x30);
        w.command(0x46);
      }
      const auto seen = w.access(sid, va);
      const auto e = w.pop_event();
      if (seen.outcome == Outcome::forward) {
        EXPECT_TRUE(seen.output == outputs[stage1] || seen.output == 0x8600'0000U) << i;
        EXPECT_FALSE(e);
        EXPECT_TRUE(!told || i + 1 == all.size()) << "invalid, and said so: " << i;
      } else {
        ASSERT_TRUE(e);
        EXPECT_EQ(*e, (Record{0x0a | std::uint64_t{sid} << 32, 0, 0, 0}));
      }
    }
  }
  EXPECT_EQ(w.access(sid, va).output, 0x8600'0000U);
  EXPECT_TRUE(w.diag.all.empty()) << "V of 0 is no mistake";
}

}  // namespace
}  // namespace smmuvp::smmuv3
