// Configuration space, read a second time from docs/pcie.md.
#include <algorithm>
#include <map>

#include "fixture.h"

namespace smmuvp {
namespace {

using test::Software;

/// 32 bits of configuration space as the sheet has them.
struct Word {
  std::uint32_t reset = 0;
  std::uint32_t writable = 0;
};
using Words = std::map<std::uint32_t, Word>;

Words with_power_management(Words w, std::uint32_t next) {
  w[0x34] = {0x40};
  w[0x40] = {0x00030001 | next << 8};
  w[0x44] = {0x8, 0x3};
  return w;
}
Words with_express(Words w, std::uint32_t type, std::uint32_t capabilities) {
  w[0x70] = {0x00020010 | type << 20};
  w[0x74] = {capabilities};
  w[0x78] = {0x2810, 0x78ff};
  if (type == 9) return w;
  w[0x7c] = {0x11};
  w[0x80] = {0x00110000, 0xcb};
  w[0x9c] = {2};
  return w;
}
Words with_acs(Words w, std::uint32_t bits) {
  w[0x100] = {0x0001000d};
  w[0x104] = {bits, bits << 16};
  return w;
}
Words endpoint(bool conventional, bool several, unsigned number) {
  Words w{{0x00, {0x10f01af4}},
          {0x04, {0x00100000, 0x546}},
          {0x08, {0x08800001}},
          {0x0c, {several ? 0x00800000U : 0U, 0xff}},
          {0x10, {0x4, 0xfffff000}},
          {0x14, {0, 0xffffffff}},
          {0x18, {0xc, 0xffff0000}},
          {0x1c, {0, 0xffffffff}},
          {0x2c, {0x10f01af4}},
          {0x3c, {(number % 4 + 1) << 8, 0xff}},
          {0x50, {conventional ? 0x01840005U : 0x01847005U, 0x00710000}},
          {0x54, {0, 0xfffffffc}},
          {0x58, {0, 0xffffffff}},
          {0x5c, {0, 0xffff}},
          {0x60, {0, 0xf}},
          {0x64, {}}};
  return with_power_management(w, 0x50);
}
Words bridge(std::uint32_t device, std::uint32_t next) {
  return with_power_management({{0x00, {device << 16 | 0x1af4}},
                                {0x04, {0x00100000, 0x546}},
                                {0x08, {0x06040001}},
                                {0x0c, {0x00010000, 0xff}},
                                {0x18, {0, 0x00ffffff}},
                                {0x20, {0, 0xfff0fff0}},
                                {0x24, {0x00010001, 0xfff0fff0}},
                                {0x28, {0, 0xffffffff}},
                                {0x2c, {0, 0xffffffff}},
                                {0x3c, {0, 0x004300ff}}},
                               next);
}

struct Sheet {
  const char* what;
  Words words;
  unsigned bus, device, number;
  bool extended;
};

const char* const everything =
    "dma, port[dma+dma-acs], port-noacs[bridge[dma, bridge[dma]]], port[switch[dma, dma]], "
    "port[switch-noacs[]]";

std::vector<Sheet> sheets() {
  Words root = with_express(bridge(0x10f1, 0x70), 4, 0x8000);
  root[0x8c] = {0, 0x1f};
  Words conventional_bridge = bridge(0x10f5, 0x50);
  conventional_bridge[0x50] = {0x0d};
  conventional_bridge[0x54] = {0x10f51af4};
  return {
      {"integrated endpoint", with_express(endpoint(false, false, 0), 9, 0x10008000), 0, 1, 0, true},
      {"root port", with_acs(root, 0x1f), 0, 2, 0, true},
      {"function 0", with_express(endpoint(false, true, 0), 0, 0x10008000), 1, 0, 0, true},
      {"function 1 with ACS", with_acs(with_express(endpoint(false, true, 1), 0, 0x10008000), 0xc), 1, 0, 1,
       true},
      {"root port without ACS", root, 0, 3, 0, true},
      {"bridge", with_express(bridge(0x10f4, 0x70), 7, 0x8000), 2, 0, 0, true},
      {"conventional endpoint", endpoint(true, false, 0), 3, 0, 0, false},
      {"conventional bridge", conventional_bridge, 3, 1, 0, false},
      {"endpoint behind both", endpoint(true, false, 0), 4, 0, 0, false},
      {"upstream port", with_express(bridge(0x10f2, 0x70), 5, 0x8000), 5, 0, 0, true},
      {"downstream port", with_acs(with_express(bridge(0x10f3, 0x70), 6, 0x8000), 0x1f), 6, 1, 0, true},
      {"upstream port without ports", with_express(bridge(0x10f2, 0x70), 5, 0x8000), 9, 0, 0, true},
  };
}

TEST(PcieConfig, EveryRegisterResetsToAndTakesWhatTheSheetSays) {
  for (const Sheet& s : sheets()) {
    Host host(everything);
    const std::uint32_t at = Software::at(s.bus, s.device, s.number);
    pcie::Function fresh(host.pci.function(host.index(s.bus, s.device, s.number)).info());
    for (std::uint32_t offset = 0; offset < 0x1000; offset += 4) {
      const auto found = s.words.find(offset);
      const Word word = found != s.words.end() ? found->second : Word{};
      EXPECT_EQ(fresh.read(offset, 4), word.reset) << s.what << std::hex << " reset of 0x" << offset;
      if (offset == 0x44) continue;  // PMCSR: below
      for (const std::uint32_t value : {0xffffffffU, 0x5a5a5a5aU, 0x00000000U, 0xa5a5a5a5U}) {
        fresh.write(offset, 4, value);
        EXPECT_EQ(fresh.read(offset, 4), (word.reset & ~word.writable) | (value & word.writable))
            << s.what << std::hex << " 0x" << offset << " written " << value;
        for (unsigned byte = 0; byte < 4; ++byte) {
          EXPECT_EQ(fresh.read(offset + byte, 1), fresh.read(offset, 4) >> 8 * byte & 0xff);
          EXPECT_EQ(fresh.peek(offset + byte, 1), fresh.read(offset + byte, 1));
        }
        // A narrow write touches no neighbour.
        const std::uint32_t before = fresh.read(offset, 4);
        fresh.write(offset + 1, 1, 0xff);
        EXPECT_EQ(fresh.read(offset, 4), before | (word.writable & 0xff00))
            << s.what << std::hex << " 0x" << offset;
      }
      fresh.reset();
    }
    // The same through the window, where what is conventional ends at 0x100.
    for (std::uint32_t offset = 0x100; offset < 0x1000; offset += 4) {
      if (!s.extended) {
        EXPECT_EQ(host.pci.config_read(at + offset, 4), 0xffffffffU) << s.what;
      } else if (s.words.count(offset) == 0) {
        EXPECT_EQ(host.pci.config_read(at + offset, 4), 0U) << s.what;
      }
    }
  }
}

TEST(PcieConfig, SoftwareFindsEveryFunctionAndNothingElse) {
  Host host(everything);
  std::vector<std::uint32_t> found;
  std::vector<std::uint32_t> expected;
  for (const auto& f : host.software.functions()) found.push_back(f.config);
  for (std::uint32_t bus = 0; bus < 64; ++bus) {
    for (std::uint32_t at = bus << 20; at < (bus + 1) << 20; at += 0x1000) {
      if (host.pci.config_read(at, 4) != 0xffffffff) expected.push_back(at);
    }
  }
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, expected);
  EXPECT_EQ(found.size(), host.pci.size());
  // A function that is not there: all ones of any width, and writes are lost.
  host.pci.config_write(Software::at(0, 9) + 4, 2, 7);
  EXPECT_EQ(host.pci.config_read(Software::at(0, 9), 1), 0xffU);
  EXPECT_EQ(host.pci.config_read(Software::at(0, 9), 2), 0xffffU);
  EXPECT_EQ(host.pci.config_read(Software::at(0, 9), 8), 0xffffffffffffffffU);
  EXPECT_EQ(host.pci.config_read(Software::at(0, 1), 8), 0x00100006'10f01af4U);
  EXPECT_TRUE(host.captured.diagnostics.empty());
}

TEST(PcieConfig, ABarTellsItsSizeAndKeepsItsKind) {
  Host host("dma");
  const std::uint32_t at = Software::at(0, 1);
  for (const std::uint32_t offset : {0x10U, 0x14U, 0x18U, 0x1cU}) host.pci.config_write(at + offset, 4, ~0U);
  EXPECT_EQ(host.pci.config_read(at + 0x10, 8), 0xffffffff'fffff004U);
  EXPECT_EQ(host.pci.config_read(at + 0x18, 8), 0xffffffff'ffff000cU);
  // At the very end of 64 bits it is still no more than its size.
  EXPECT_FALSE(host.pci.function(0).bar_hit(0, 4));
  EXPECT_TRUE(host.pci.function(0).bar_hit(0xffffffff'fffffffc, 4));
  EXPECT_FALSE(host.pci.function(0).bar_hit(0xffffffff'fffffffc, 8));
}

TEST(PcieConfig, BusNumbersOfAnyKindLeadAsTheRuleSays) {
  const auto functions = pcie::parse_topology(everything);
  test::Random random(7);
  for (unsigned round = 0; round < 300; ++round) {
    Host host(everything);
    std::vector<unsigned> secondary(functions.size()), subordinate(functions.size());
    for (std::size_t i = functions.size(); i-- > 0;) {
      if (!functions[i].is_bridge()) continue;
      secondary[i] = static_cast<unsigned>(random.below(12));
      subordinate[i] = static_cast<unsigned>(random.below(12));
    }
    // From below to above, as long as software's numbers lead there.
    std::vector<std::uint32_t> config(functions.size());
    const auto numbers = [&](std::size_t i) {
      return functions[i].parent < 0
                 ? 0U
                 : static_cast<unsigned>(
                       host.pci.function(static_cast<std::size_t>(functions[i].parent)).secondary_bus());
    };
    for (std::size_t i = 0; i < functions.size(); ++i)
      config[i] = Software::at(numbers(i), functions[i].device, functions[i].function);
    for (std::size_t i = functions.size(); i-- > 0;) {
      if (functions[i].is_bridge())
        host.pci.config_write(config[i] + 0x18, 4, secondary[i] << 8 | subordinate[i] << 16);
    }
    for (unsigned bus = 0; bus < 12; ++bus) {
      for (unsigned device = 0; device < 6; ++device) {
        for (unsigned number = 0; number < 2; ++number) {
          // The sheet's rule, with the numbers that were written.
          int on = -1;
          bool lost = false;
          while (!lost && (on < 0 ? bus != 0 : secondary[static_cast<std::size_t>(on)] != bus)) {
            int next = -2;
            unsigned lowest = 99;
            for (std::size_t i = 0; i < functions.size(); ++i) {
              if (functions[i].parent != on || !functions[i].is_bridge() || secondary[i] == 0) continue;
              if (secondary[i] > bus || bus > subordinate[i] || functions[i].device >= lowest) continue;
              lowest = functions[i].device;
              next = static_cast<int>(i);
            }
            lost = next == -2;
            on = next;
          }
          std::uint32_t expected = 0xffffffff;
          for (std::size_t i = 0; !lost && i < functions.size(); ++i) {
            if (functions[i].parent == on && functions[i].device == device && functions[i].function == number)
              expected = host.pci.function(i).peek(0, 4);
          }
          EXPECT_EQ(host.pci.config_read(Software::at(bus, device, number), 4), expected)
              << round << ": " << bus << ":" << device << "." << number;
        }
      }
    }
  }
}

TEST(PcieConfig, ABridgeInResetHidesAndResetsWhatIsBelow) {
  Host host("port[switch[dma, dma]]");
  const std::uint32_t port = Software::at(0, 1);
  EXPECT_EQ(host.software.functions().size(), 6U);
  host.pci.config_write(port + test::BRIDGE_CONTROL, 2, 0x40);
  EXPECT_EQ(host.pci.config_read(Software::at(1, 0), 4), 0xffffffffU);
  host.pci.config_write(port + test::BRIDGE_CONTROL, 2, 0);
  EXPECT_EQ(host.pci.config_read(Software::at(1, 0), 4), 0x10f21af4U);
  EXPECT_EQ(host.pci.config_read(Software::at(1, 0) + test::COMMAND, 2), 0U);
  EXPECT_EQ(host.pci.config_read(Software::at(1, 0) + test::BUS_NUMBERS, 4), 0U);
  EXPECT_EQ(host.pci.config_read(port + test::COMMAND, 2), 6U);
}

TEST(PcieConfig, APowerStateThatIsNotThereIsNotTaken) {
  Host host("dma");
  const std::uint32_t pmcsr = Software::at(0, 1) + test::PMCSR;
  host.pci.config_write(pmcsr, 2, 3);
  EXPECT_EQ(host.pci.config_read(pmcsr, 2), 0xbU);
  for (const unsigned state : {1U, 2U}) {
    host.pci.config_write(pmcsr, 2, state);
    EXPECT_EQ(host.pci.config_read(pmcsr, 2), 0xbU);
  }
  host.pci.config_write(pmcsr, 2, 0);
  EXPECT_EQ(host.pci.config_read(pmcsr, 2), 0x8U);
}

TEST(PcieConfig, ATopologyNeedsBusesEnough) {
  EXPECT_THROW(Host("port[switch[dma, dma]]", {}, 4), ConfigError);
  EXPECT_NO_THROW(Host("port[switch[dma, dma]]", {}, 5));
}

TEST(PcieConfig, SavedStateIsAllOfIt) {
  Host host(everything);
  host.put(host.software.function(1, 0).memory, 0x1234567);
  host.put(host.software.function(1, 0).registers + RING_SIZE, 9);
  const auto saved = test::save(host.pci);
  Host other(everything, {9, 3, 4, 5, 6, 7, 8, 10, 11});
  ASSERT_EQ(test::load(other.pci, saved), "");
  EXPECT_EQ(test::save(other.pci), saved);
  EXPECT_EQ(other.get(host.software.function(1, 0).memory), 0x1234567U);
  EXPECT_EQ(other.get(host.software.function(1, 0).registers + RING_SIZE), 9U);
  other.pci.reset();
  EXPECT_EQ(other.pci.config_read(Software::at(0, 2) + test::BUS_NUMBERS, 4), 0U);
}

}  // namespace
}  // namespace smmuvp
