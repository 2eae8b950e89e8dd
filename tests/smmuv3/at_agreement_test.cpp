// Non-blocking transactions of an SMMUv3 do what blocking ones do, and take as long.
#include <string>
#include <vector>

#include "../smmu/at/agreement.h"

namespace smmuvp::at {
namespace {

class OfTwoLevels : public Agreement {
  void fresh() override { b.fresh(true); }
};

TEST_F(OfTwoLevels, ATwoLevelStreamTableTakesTheSameTimeInBothStyles) {
  const Result r = agree(
      [this] {
        map(7, 0x10000, 0x8000'0000);
        b.world.memory.write(smmuv3::World::strtab, 0x6000'0000 | 9);
        b.world.put(0x6000'0000 + 64 * 7, smmuv3::ste_stage1(smmuv3::World::cd_address(7)));
      },
      0x10010);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.fetched.size(), 6U);
}

TEST_F(Agreement, BypassTakesTheSameTimeInBothStyles) {
  const Result r = agree([this] { b.world.put_ste(7, smmuv3::ste_bypass()); }, 0x8000'0000, 16, true);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.downstream, std::vector<std::uint64_t>{0x8000'0000});
}

TEST_F(Agreement, RazWiTakesTheSameTimeInBothStyles) {
  const Result r = agree(
      [this] {
        pgtable::Builder& t = map(7, 0x10000, 0x8000'0000);
        smmuv3::Structure cd = smmuv3::cd_for(t.config(), 1);
        b.world.put(smmuv3::World::cd_address(7), cd.set(46, 1, 0));
      },
      0x90000, 4);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.data, std::vector<std::uint8_t>(4, 0));
}

TEST_F(Agreement, AnUpdateOfFlagsTakesTheSameTimeInBothStyles) {
  constexpr std::uint64_t AP2 = 1 << 7, AF = 1 << 10, DBM = 1ULL << 51;
  std::uint64_t leaf = 0;
  const Result r = agree(
      [&] {
        pgtable::Builder& t = map(7, 0x10000, 0x8000'0000);
        smmuv3::Structure cd = smmuv3::cd_for(t.config(), 7);
        b.world.put(smmuv3::World::cd_address(7), cd.set(42, 2, 3));  // HD and HA
        leaf = t.descriptor_address(0x10000, 3).value_or(0);
        b.world.memory.write(leaf, (b.world.memory.read(leaf, 8) | DBM | AP2) & ~AF);
      },
      0x10010, 4, true);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.fetched.size(), 6U) << "the last descriptor is read, and swapped";
  EXPECT_EQ(b.world.memory.read(leaf, 8) & (AF | AP2), AF);
}

}  // namespace
}  // namespace smmuvp::at
