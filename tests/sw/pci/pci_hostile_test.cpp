// Configuration spaces that no specification allows: the guest's PCI core ends, soon, and goes on with the
// rest.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

#include "space.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using pcitest::Bar;
using pcitest::Function;
using pcitest::Kind;
using pcitest::Space;

const std::vector<host_window> kWindows{{0x10000000, 0x10000000, 0x1000000, false}};

// Answers reads by a function, and forgets writes.
struct Answers {
  std::function<std::uint32_t(unsigned bus, unsigned devfn, unsigned where)> read;
  std::function<void(unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value)>
      write = [](unsigned, unsigned, unsigned, unsigned, std::uint32_t) {};
  std::uint64_t requests = 0;

  host_config_space interface() {
    return {this,
            [](void* self, unsigned bus, unsigned devfn, unsigned where, unsigned size) {
              auto* a = static_cast<Answers*>(self);
              a->requests++;
              const std::uint32_t word = a->read(bus, devfn, where & ~3U);
              return word >> (8 * (where & 3)) & (0xffffffffU >> (32 - 8 * size));
            },
            [](void* self, unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value) {
              auto* a = static_cast<Answers*>(self);
              a->requests++;
              a->write(bus, devfn, where, size, value);
            }};
  }
};

std::vector<host_function> probe(const host_config_space& space, unsigned last_bus = 255) {
  std::vector<host_function> found;
  EXPECT_TRUE(host_pci_probe(&space, 0, last_bus, kWindows.data(), static_cast<unsigned>(kWindows.size())));
  for (unsigned i = 0; i < host_pci_count(); i++) host_pci_function(i, &found.emplace_back());
  EXPECT_EQ(host_pci_remove(), 0U);
  return found;
}

TEST(HostilePci, ABusOnWhichNobodyAnswersIsEmpty) {
  for (const std::uint32_t nobody : {0xffffffffU, 0U, 0xffffU, 0xffff0000U}) {
    Answers a{[=](unsigned, unsigned, unsigned) { return nobody; }};
    EXPECT_TRUE(probe(a.interface()).empty());
    EXPECT_LT(a.requests, 40U);
  }
}

TEST(HostilePci, ASpaceThatReadsTheSameEverywhereHasFunctionsWithoutAddresses) {
  for (const std::uint32_t same :
       {0x01010101U, 0x00810081U, 0x11111111U, 0x7f7f7f7fU, 0x80808080U, 0xfefefefeU, 0x12345678U}) {
    Answers a{[=](unsigned, unsigned, unsigned) { return same; }};
    for (const host_function& f : probe(a.interface()))
      for (const host_bar& bar : f.bars) EXPECT_FALSE(bar.assigned);
    EXPECT_LT(a.requests, 1000000U);
  }
}

TEST(HostilePci, RandomWordsEnd) {
  for (unsigned seed = 0; seed < 300; seed++) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    // Few functions answer, or each would be a bridge to more.
    Answers a{[&](unsigned, unsigned devfn, unsigned where) {
      return where == 0 && (devfn * 2654435761U >> 28) != seed % 16 ? 0xffffffffU
                                                                    : static_cast<std::uint32_t>(random());
    }};
    probe(a.interface());
    EXPECT_LT(a.requests, 3000000U);
  }
}

// What libFuzzer does, from seeds.
TEST(HostilePci, BytesThatAreNoConfigurationSpaceEnd) {
  std::mt19937 random(1);
  for (unsigned round = 0; round < 1500; round++) {
    std::vector<std::uint8_t> bytes(16 + random() % 600);
    for (auto& b : bytes) {
      const auto word = static_cast<std::uint32_t>(random());
      // Header types, capability lists and sizes are mostly of few bits.
      b = static_cast<std::uint8_t>(word & 3 ? word >> 8 & word >> 16 & word >> 24 : word >> 8);
    }
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
}

TEST(HostilePci, ListsOfCapabilitiesThatGoInCirclesAreReadOnce) {
  Space space(0);
  Function& f = add(space.root(), Kind::integrated, 8, {});
  f.poke(0x40, 2, 0x5001);
  f.poke(0x50, 2, 0x4005);
  const auto found = probe(space.interface());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_LT(space.requests, 1000U);
}

TEST(HostilePci, ExtendedCapabilitiesThatGoInCirclesAreReadOnce) {
  Space space(0);
  Function& f = add(space.root(), Kind::integrated, 8, {});
  f.poke(0x100, 4, 0x20010001);
  f.poke(0x200, 4, 0x10010002);
  const auto found = probe(space.interface());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_LT(space.requests, 3000U);
}

TEST(HostilePci, APointerIntoTheHeaderIsTheEndOfTheList) {
  Space space(0);
  Function& f = add(space.root(), Kind::integrated, 8, {});
  f.poke(0x34, 1, 0x3c);
  EXPECT_EQ(probe(space.interface()).size(), 1U);
}

TEST(HostilePci, ABridgeThatKeepsNoBusNumbersHasNothingBelow) {
  Space space(0);
  Function& port = add(space.root(), Kind::root_port, 8, {});
  add(*port.below, Kind::endpoint, 0, {});
  port.poke(0x18, 4, 0);
  port.allow(0x18, 4, 0x00ff00ff);
  const auto found = probe(space.interface());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].number, 0U);
}

TEST(HostilePci, ABridgeThatClaimsAllBusesLeavesNoneForThoseBehindIt) {
  Space space(0);
  for (const unsigned slot : {1U, 2U}) {
    Function& port = add(space.root(), Kind::root_port, slot << 3, {});
    add(*port.below, Kind::endpoint, 0, {});
    // Of the subordinate number 0xff and 0 are kept.
    if (slot == 1) port.allow(0x18, 4, 0x0000ffff);
  }
  EXPECT_EQ(probe(space.interface()).size(), 3U);
}

TEST(HostilePci, ABridgeThatKeepsNoWindowLeavesWhatIsBelowWithoutAddresses) {
  Space space(0);
  Function& port = add(space.root(), Kind::root_port, 8, {});
  add_bar(add(*port.below, Kind::endpoint, 0, {}), 0, Bar{0x1000, false, false});
  add_bar(add(space.root(), Kind::integrated, 16, {}), 0, Bar{0x1000, false, false});
  port.allow(0x20, 4, 0);
  const auto found = probe(space.interface());
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found[1].bars[0].assigned) << "beside it";
  EXPECT_FALSE(found[2].bars[0].assigned) << "below it";
  EXPECT_EQ(port.get(0x04, 2) & 6U, 0U) << "and it passes nothing on";
}

// Each bus has a bridge, whose registers are one and the same.
TEST(HostilePci, ABridgeThatIsBelowItselfIsEnteredAtMost32Times) {
  std::uint32_t buses = 0;
  Answers a{[&](unsigned, unsigned devfn, unsigned where) -> std::uint32_t {
    if (devfn) return 0xffffffff;
    return where == 0      ? 0x12341234
           : where == 8    ? 0x06040000
           : where == 0xc  ? 0x00010000
           : where == 0x18 ? buses
                           : 0;
  }};
  a.write = [&](unsigned, unsigned, unsigned where, unsigned size, std::uint32_t value) {
    if (where == 0x18 && size == 4) buses = value;
  };
  EXPECT_EQ(probe(a.interface()).size(), 33U);
}

// Every function of every bus is a bridge with BARs of a MiB.
TEST(HostilePci, BridgesEverywhereEndWithTheBusNumbers) {
  std::map<unsigned, std::uint32_t> kept;
  Answers a{[&](unsigned bus, unsigned devfn, unsigned where) -> std::uint32_t {
    switch (where) {
      case 0:
        return 0x12341234;
      case 8:
        return 0x06040000;
      case 0xc:
        return 0x00810000;
      case 0x10:
        return 0xfff00000;
      case 0x18:
      case 0x20:
        return kept[bus << 16 | devfn << 8 | where];
      default:
        return 0;
    }
  }};
  a.write = [&](unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value) {
    if (size == 4 && (where == 0x18 || where == 0x20)) kept[bus << 16 | devfn << 8 | where] = value;
  };
  const auto found = probe(a.interface(), 40);
  EXPECT_EQ(found.size(), 41U * 256);
  EXPECT_LT(a.requests, 41U * 256 * 120);
}

TEST(HostilePci, ABarThatTakesBitsWhichAreNoSizeHasNoAddress) {
  for (const std::uint32_t bits : {0xff0ff000U, 0x0ffff000U, 0x80000010U, 0x7fffffffU & ~0xfU}) {
    Space space(0);
    Function& f = add(space.root(), Kind::integrated, 8, {});
    f.allow(0x10, 4, bits);
    const auto found = probe(space.interface());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_FALSE(found[0].bars[0].assigned) << std::hex << bits;
  }
}

TEST(HostilePci, ABarThatCannotBeWrittenIsNone) {
  Space space(0);
  Function& f = add(space.root(), Kind::integrated, 8, {});
  f.poke(0x10, 4, 0xfffffff0);
  const auto found = probe(space.interface());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].bars[0].assigned);
}

TEST(HostilePci, HugeBarsAreLeftOutAndTheOthersHaveAddresses) {
  Space space(0);
  for (unsigned slot = 1; slot < 5; slot++) {
    Function& f = add(space.root(), Kind::integrated, slot << 3, {});
    add_bar(f, 0, Bar{1ULL << (59 + slot), true, true});
    add_bar(f, 2, Bar{0x1000, false, false});
  }
  for (const host_function& f : probe(space.interface())) {
    EXPECT_FALSE(f.bars[0].assigned);
    EXPECT_TRUE(f.bars[2].assigned);
  }
}

TEST(HostilePci, WhatDoesNotFitBelowABridgeIsLeftOutFromTheLargestOn) {
  Space space(0);
  Function& port = add(space.root(), Kind::root_port, 8, {});
  Function& f = add(*port.below, Kind::endpoint, 0, {});
  add_bar(f, 0, Bar{0x800000, false, false});
  add_bar(f, 1, Bar{0x1000000, false, false});
  add_bar(f, 2, Bar{0x1000, false, false});
  const auto found = probe(space.interface());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[1].bars[0].assigned);
  EXPECT_FALSE(found[1].bars[1].assigned);
  EXPECT_TRUE(found[1].bars[2].assigned);
}

TEST(HostilePci, HeadersOfUnknownTypesAreLeftAlone) {
  Space space(0);
  for (unsigned type = 2; type < 0x80; type++) {
    Space one(0);
    Function& f = add(one.root(), Kind::integrated, 8, {});
    f.poke(0x0e, 1, type);
    f.poke(0x04, 2, 6);
    EXPECT_TRUE(probe(one.interface()).empty());
    EXPECT_EQ(f.get(0x04, 2), 6U);
  }
}

TEST(HostilePci, WhatIsFoundSendsNothingAndAnswersNowhere) {
  Space space(0);
  Function& f = add(space.root(), Kind::integrated, 8, {});
  f.poke(0x04, 2, 7);
  f.poke(0x30, 4, 0xfff00001);
  f.allow(0x30, 4, 0xfffff801);
  probe(space.interface());
  EXPECT_EQ(f.get(0x04, 2) & 7U, 0U);
  EXPECT_EQ(f.get(0x30, 4) & 1U, 0U);
}

}  // namespace
