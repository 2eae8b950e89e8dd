// docs/pcie.md, Topology.
#include "smmuvp/pcie/topology.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "smmuvp/base/error.h"
#include "smmuvp/test/core.h"

namespace smmuvp::pcie {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_topology(text);
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.key(), "topology");
    return e.what();
  }
  return "";
}

TEST(Topology, FunctionsStandWhereTheTextPutsThem) {
  struct Expected {
    Kind kind;
    int parent;
    unsigned device, function;
    bool acs, multifunction, conventional;
  };
  const Expected expected[] = {
      {Kind::Endpoint, -1, 1, 0, false, false, false},
      {Kind::RootPort, -1, 2, 0, true, false, false},
      {Kind::Endpoint, 1, 0, 0, false, true, false},
      {Kind::Endpoint, 1, 0, 1, true, true, false},
      {Kind::RootPort, -1, 3, 0, false, false, false},
      {Kind::ExpressToPciBridge, 4, 0, 0, false, false, false},
      {Kind::Endpoint, 5, 0, 0, false, false, true},
      {Kind::PciBridge, 5, 1, 0, false, false, true},
      {Kind::Endpoint, 7, 0, 0, false, false, true},
      {Kind::RootPort, -1, 4, 0, true, false, false},
      {Kind::UpstreamPort, 9, 0, 0, false, false, false},
      {Kind::DownstreamPort, 10, 0, 0, true, false, false},
      {Kind::Endpoint, 11, 0, 0, false, false, false},
      {Kind::DownstreamPort, 10, 1, 0, true, false, false},
      {Kind::UpstreamPort, 13, 0, 0, false, false, false},
      {Kind::DownstreamPort, 14, 0, 0, false, false, false},
      {Kind::Endpoint, 15, 0, 0, false, false, false},
  };
  const auto f = parse_topology(
      "dma, port[dma+dma-acs], port-noacs[bridge[dma, bridge[dma]]],\n port[ switch[dma,switch-noacs[dma]] "
      "]");
  ASSERT_EQ(f.size(), std::size(expected));
  for (std::size_t i = 0; i < f.size(); ++i) {
    EXPECT_EQ(f[i].kind, expected[i].kind) << i;
    EXPECT_EQ(f[i].parent, expected[i].parent) << i;
    EXPECT_EQ(f[i].device, expected[i].device) << i;
    EXPECT_EQ(f[i].function, expected[i].function) << i;
    EXPECT_EQ(f[i].acs, expected[i].acs) << i;
    EXPECT_EQ(f[i].multifunction, expected[i].multifunction) << i;
    EXPECT_EQ(f[i].conventional, expected[i].conventional) << i;
  }
  EXPECT_EQ(buses_of(f), 11U);
}

TEST(Topology, EmptyBracketsAreABusWithNothingOnIt) {
  EXPECT_EQ(parse_topology("port[]").size(), 1U);
  EXPECT_EQ(parse_topology("port[switch[]], port[bridge[]]").size(), 4U);
}

TEST(Topology, AMistakeIsToldWithItsPlace) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"", "there is no function"},
      {"dna", "did you mean 'dma'? at character 1"},
      {"dma, ", "expected one of"},
      {"dma dma", "expected ',' or the end at character 5"},
      {"port", "expected '['"},
      {"port[dma", "expected ',' or ']'"},
      {"port[dma]]", "expected ',' or the end at character 10"},
      {"port[dma, dma]", "a link has one device"},
      {"port[port[dma]]", "a root port stands on bus 0"},
      {"switch[dma]", "a switch stands below a port"},
      {"port[bridge[switch[dma]]]", "a switch stands below a port"},
      {"bridge[dma]", "a bridge stands below a port or another bridge"},
      {"port[bridge[dma-acs]]", "a conventional function has no ACS"},
      {"dma+port[dma]", "only endpoints can be functions of one device"},
      {"dma+dma+dma+dma+dma+dma+dma+dma+dma", "no more than 8 functions"},
      {"port[bridge[bridge[bridge[bridge[bridge[bridge[bridge[bridge[dma]]]]]]]]]", "no more than 8 deep"},
  };
  for (const auto& [text, why] : mistakes) {
    EXPECT_NE(refusal(text).find(why), std::string::npos) << text << " -> " << refusal(text);
  }
  std::string many = "dma";
  for (unsigned i = 1; i < 31; ++i) many += ",dma";
  EXPECT_EQ(parse_topology(many).size(), 31U);
  EXPECT_NE(refusal(many + ",dma").find("no more than 32 devices"), std::string::npos);
  EXPECT_EQ(parse_topology(many + "+dma").size(), 32U);
  EXPECT_NE(refusal(many + "+dma+dma").find("no more than 32 functions"), std::string::npos);
}

TEST(Topology, AnyTextIsATopologyOrARefusal) {
  const char* const words[] = {"dma", "dma-acs", "port", "switch", "bridge", "[",
                               "]",   ",",       "+",    " ",      "x",      "port-noacs"};
  test::Random random(1);
  unsigned taken = 0;
  for (unsigned i = 0; i < 20000; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(12); n != 0; --n) text += words[random.below(std::size(words))];
    if (!refusal(text).empty()) continue;
    ++taken;
    int index = 0;
    for (const FunctionInfo& f : parse_topology(text)) EXPECT_LT(f.parent, index++) << text;
  }
  EXPECT_GT(taken, 100U);
}

}  // namespace
}  // namespace smmuvp::pcie
