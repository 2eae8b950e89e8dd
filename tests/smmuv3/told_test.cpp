// Diagnostics of structures and commands: where they lie, and what they hold.
#include <gtest/gtest.h>

#include <string>

#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

struct Told : testing::Test {
  Told() { w.start(); }
  Diagnostic last(const std::string& site) {
    for (auto d = w.diag.all.rbegin(); d != w.diag.all.rend(); ++d) {
      if (d->site == site) return *d;
    }
    ADD_FAILURE() << "no diagnostic of " << site;
    return {};
  }
  static bool ends(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
  }
  World w;
};

TEST_F(Told, AnIllegalSteHasItsAddressAndItsWords) {
  w.put_ste(3, Structure().set(0, 1, 1).set(1, 3, 6));  // stage 2 of VMSAv8-32
  w.access(3, 0x1000);
  const Diagnostic d = last("STE.ILLEGAL");
  EXPECT_EQ(d.address, World::strtab + 3 * 64);
  EXPECT_TRUE(ends(d.text, "; the STE is 0xd 0x0 0x0 0x0 0x0 0x0 0x0 0x0")) << d.text;
}

TEST_F(Told, AStructureThatIsCachedHasWordsAndNoAddress) {
  w.put_ste(3, Structure().set(0, 1, 1).set(1, 3, 6));
  w.access(3, 0x1000);
  w.access(3, 0x1000);
  const Diagnostic d = last("STE.ILLEGAL");
  EXPECT_FALSE(d.address);
  EXPECT_TRUE(ends(d.text, "; the STE is 0xd 0x0 0x0 0x0 0x0 0x0 0x0 0x0")) << d.text;
}

TEST_F(Told, AnIllegalCdHasItsAddressAndItsWords) {
  Structure cd;
  cd.set(31, 1, 1);
  w.put(World::cd_address(3), cd);
  w.put_ste(3, ste_stage1(World::cd_address(3)));
  w.access(3, 0x1000);
  const Diagnostic d = last("CD.ILLEGAL");
  EXPECT_EQ(d.address, World::cd_address(3));
  EXPECT_TRUE(ends(d.text, "; the CD is 0x80000000 0x0 0x0 0x0 0x0 0x0 0x0 0x0")) << d.text;
}

TEST_F(Told, AnIllegalCommandHasItsAddressAndItsWords) {
  w.command(0xff, 0x1234);
  const Diagnostic d = last("CMDQ.CERROR_ILL");
  EXPECT_EQ(d.address, World::cmdq);
  EXPECT_TRUE(ends(d.text, "; the command is 0xff 0x1234")) << d.text;
}

TEST_F(Told, ReservedBitsOfACommandAreToldWithItsWords) {
  w.command(0x04, 31 | 1ULL << 63);  // CMD_CFGI_ALL
  bool told = false;
  for (const Diagnostic& d : w.diag.all) {
    told = told || ends(d.text, "; the command is 0x4 0x800000000000001f");
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace smmuvp::smmuv3
