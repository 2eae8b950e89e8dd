// What a device with an Address Translation Cache keeps.
#include "script.h"

namespace smmuvp::checker {
namespace {

constexpr std::uint64_t page = Script::page;
constexpr std::uint64_t other = 0xa000'0f03;

TEST(Atc, WhatADeviceKeepsIsInvalidatedBehindTheTlb) {
  struct Case {
    const char* what;
    Told told;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {"both, in their order", {}, [](Script& s) { s.tlbi(), s.sync(), s.atc_inv(), s.sync(); }},
      {"all of the device", {}, [](Script& s) { s.tlbi(), s.sync(), s.atc_inv(0, 52), s.sync(); }},
      {"a range around it",
       {},
       [](Script& s) { s.tlbi(), s.sync(), s.atc_inv(Script::iova - 0x2000, 2), s.sync(); }},
      {"the TLB alone", {"atc.missing"}, [](Script& s) { s.tlbi(), s.sync(); }},
      {"another page",
       {"atc.missing"},
       [](Script& s) { s.tlbi(), s.sync(), s.atc_inv(Script::iova + 0x1000), s.sync(); }},
      {"another device",
       {"atc.missing"},
       [](Script& s) { s.tlbi(), s.sync(), s.atc_inv(Script::iova, 0, 6), s.sync(); }},
      {"the ATC first", {"atc.order"}, [](Script& s) { s.atc_inv(), s.tlbi(), s.sync(); }},
      {"without a CMD_SYNC in between", {"atc.order"}, [](Script& s) { s.tlbi(), s.atc_inv(), s.sync(); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s;
    s.use(page);
    s.checker.granted(s.smmu, 5, Script::iova, 12);
    s.store(Script::level3, page, 0);
    c.software(s);
    s.store(Script::level3, 0, other);
    EXPECT_EQ(s.told(), c.told);
  }
}

TEST(Atc, ADeviceThatHasAskedForNothingKeepsNothing) {
  Script s;
  s.use(page);
  for (const std::uint64_t beside : {Script::iova - 0x1000, Script::iova + 0x1000})
    s.checker.granted(s.smmu, 5, beside, 12);
  s.store(Script::level3, page, 0);
  s.tlbi();
  s.sync();
  s.store(Script::level3, 0, other);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Atc, AnInvalidationOfAnotherDeviceIsNotEarlyForThisOne) {
  Script s;
  s.use(page);
  for (const std::uint32_t stream_id : {5U, 6U}) s.checker.granted(s.smmu, stream_id, Script::iova, 12);
  s.store(Script::level3, page, 0);
  s.atc_inv(Script::iova, 0, 6);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Atc, WhatADeviceIsToldOfAfterTheChangeIsRight) {
  Script s;
  s.use(page);
  s.checker.granted(s.smmu, 5, Script::iova, 12);
  s.store(Script::level3, page, 0);
  s.tlbi();
  s.sync();
  s.atc_inv();
  s.sync();
  s.checker.granted(s.smmu, 5, Script::iova, 12);  // by another descriptor of a run, for example
  s.store(Script::level3, 0, other);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Atc, AStreamThatIsDetachedKeepsNothingWhenSoftwareGoesOn) {
  constexpr std::uint64_t valid = Script::cd | 0xb;  // V, Config stage 1
  struct Case {
    const char* what;
    bool right;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {"the ATC is invalidated", true, [](Script& s) { s.atc_inv(0, 52), s.sync(); }},
      {"its TLB entries, and the ATC behind those", true,
       [](Script& s) { s.command(0x11 | 1ULL << 32 | 2ULL << 48), s.sync(), s.atc_inv(0, 52), s.sync(); }},
      {"nothing is", false, [](Script&) {}},
      {"a part of it is", false, [](Script& s) { s.atc_inv(0x4000'0000), s.sync(); }},
  };
  for (const Case& c : cases) {
    for (const bool goes_on : {false, true}) {
      SCOPED_TRACE(c.what);
      Script s;
      s.ste_words = {valid};
      s.use(page);
      s.checker.granted(s.smmu, 5, Script::iova, 12);
      s.store(Script::ste, valid, 0);
      s.command(0x03 | 5ULL << 32, 1);
      s.sync();
      c.software(s);
      if (goes_on) {
        s.command(0x11 | 1ULL << 32 | 9ULL << 48);  // of another address space
        s.sync();
      } else {
        s.end();
      }
      EXPECT_EQ(s.told(), c.right ? Told{} : Told{"atc.missing"});
    }
  }
}

}  // namespace
}  // namespace smmuvp::checker
