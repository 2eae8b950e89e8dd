// The capabilities of ATS, PASID and PRI, and the attributes that bring them. docs/pcie.md.
#include "ats_fixture.h"
#include "smmuvp/base/error.h"

namespace smmuvp {
namespace {

using namespace test;

TEST(AtsConfig, AFunctionWithoutTheAttributesHasNoneOfTheCapabilities) {
  AtsHost host("port[dma]");
  EXPECT_EQ(host.get_config(0x100, 4), 0U);
  EXPECT_EQ(host.get_config(0x94, 4), 0U);
  EXPECT_EQ(host.pci.config_read(Software::at(0, 1) + 0x94, 4), 0U);
  EXPECT_EQ(host.pci.config_read(Software::at(0, 1) + ACS_CONTROL - 2, 2), 0x1fU);
  for (const std::uint32_t offset : {ATS_CAPS, ATS_CTRL, ATC_LIMIT, ATC_USED, PAGES_OUTSTANDING}) {
    host.put_register(offset, 0xffffffff);
    EXPECT_EQ(host.get_register(offset), 0U);
  }
}

TEST(AtsConfig, TheCapabilitiesStandBehindEachOther) {
  AtsHost host("port[dma+dma-acs(ats, pasid=16, pri)]");
  EXPECT_EQ(host.get_config(0x100, 4), 0x1101000dU);
  EXPECT_EQ(host.get_config(0x104, 4), 0x4cU);
  EXPECT_EQ(host.get_config(0x110, 4), 0x1201000fU);
  EXPECT_EQ(host.get_config(0x114, 4), 0x60U) << "a depth of 32 reads 0";
  EXPECT_EQ(host.get_config(0x120, 4), 0x13010013U) << "Page Request, and PASID behind it";
  EXPECT_EQ(host.get_config(0x124, 4), 0x81000000U) << "Stopped, PRG Response PASID Required";
  EXPECT_EQ(host.get_config(0x128, 4), 32U);
  EXPECT_EQ(host.get_config(0x130, 4), 0x0001001bU);
  EXPECT_EQ(host.get_config(0x134, 4), 0x1006U);
  EXPECT_EQ(host.get_register(ATS_CAPS), 32U << 16 | 16 << 8 | 7);
  // The function beside it has none.
  EXPECT_EQ(host.pci.config_read(Software::at(1, 0, 0) + 0x100, 4), 0U);
}

TEST(AtsConfig, WithoutAcsTheFirstStandsAtTheStart) {
  AtsHost host("port[dma(pasid=1)]");
  EXPECT_EQ(host.get_config(0x100, 4), 0x0001001bU);
  EXPECT_EQ(host.get_config(0x104, 4), 0x0106U);
  EXPECT_EQ(host.get_register(ATS_CAPS), 0x102U);
  AtsHost plain("port[dma(ats, pasid=3, pri-plain)]", {7, 5, 9, true});
  EXPECT_EQ(plain.get_config(0x104, 4), 0x65U);
  EXPECT_EQ(plain.get_config(0x114, 4), 0x01000000U) << "responses carry no PASID";
  EXPECT_EQ(plain.get_config(0x118, 4), 9U);
  EXPECT_EQ(plain.get_register(ATC_LIMIT), 7U);
  AtsHost no_pasid("port[dma(ats, pri)]");
  EXPECT_EQ(no_pasid.get_config(0x104, 4), 0x20U) << "Global Invalidate needs PASID";
  EXPECT_EQ(no_pasid.get_config(0x114, 4), 0x01000000U);
}

TEST(AtsConfig, PortsAboveOfferPrefixesAndDirectTranslatedP2P) {
  AtsHost host("port[switch[dma(ats, pasid=4), dma]], port[dma]");
  const auto read = [&](unsigned bus, unsigned device, std::uint32_t offset) {
    return host.pci.config_read(Software::at(bus, device) + offset, 4);
  };
  for (const auto& [bus, device] : {std::pair{0U, 1U}, {1U, 0U}, {2U, 0U}}) {
    EXPECT_EQ(read(bus, device, 0x94), 0x00600000U) << bus << ":" << device;
  }
  EXPECT_EQ(read(2, 1, 0x94), 0U);
  EXPECT_EQ(read(0, 2, 0x94), 0U);
  EXPECT_EQ(read(0, 1, 0x104), 0x5fU);
  EXPECT_EQ(read(2, 0, 0x104), 0x5fU);
  EXPECT_EQ(read(2, 1, 0x104), 0x1fU);
}

TEST(AtsConfig, ControlRegistersKeepWhatTheyHave) {
  AtsHost host("port[dma(ats, pasid=8, pri)]");
  host.put_config(0x100 + ATS_CONTROL, 0x7fff);
  EXPECT_EQ(host.get_config(0x100 + ATS_CONTROL), 0x001fU);
  host.put_config(0x100 + ATS_CONTROL, 0x8003);
  EXPECT_EQ(host.get_config(0x100 + ATS_CONTROL), 0x8003U);
  // Base 10.5.1.3: STU belongs to what is cached.
  host.put_config(0x100 + ATS_CONTROL, 0x8001);
  EXPECT_EQ(host.get_config(0x100 + ATS_CONTROL), 0x8003U);
  EXPECT_EQ(host.captured.count("capabilities"), 1U);
  host.put_config(0x120 + PASID_CONTROL, 0xffff);
  EXPECT_EQ(host.get_config(0x120 + PASID_CONTROL), 7U);
  host.put_config(0x110 + PRI_ALLOCATION, 0x12345678, 4);
  EXPECT_EQ(host.get_config(0x110 + PRI_ALLOCATION, 4), 0x12345678U);
  host.put_config(0x110 + PRI_CONTROL, 0xffff);
  EXPECT_EQ(host.get_config(0x110 + PRI_CONTROL), 1U) << "Reset reads 0";
  EXPECT_EQ(host.get_config(0x110 + PRI_STATUS), 0x8000U) << "Stopped is 0 while enabled";
  host.put_config(0x110 + PRI_CONTROL, 0);
  EXPECT_EQ(host.get_config(0x110 + PRI_STATUS), 0x8100U);
}

TEST(AtsConfig, SoftwareIsToldOfWhatTheSpecificationLeavesUndefined) {
  struct Case {
    const char* what;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> writes;
    unsigned diagnostics;
  };
  for (const Case& c : {
           Case{"the order of drivers", {{0x126, 7}, {0x106, 0x8000}, {0x11c, 8}, {0x114, 1}}, 0},
           Case{"PASID behind ATS", {{0x106, 0x8000}, {0x126, 1}}, 1},
           Case{"PRI without ATS", {{0x11c, 8}, {0x114, 1}}, 1},
           Case{"PRI without an allocation", {{0x106, 0x8000}, {0x114, 1}}, 1},
           Case{"an allocation above the capacity", {{0x11c, 33}}, 1},
           Case{"an allocation while enabled", {{0x106, 0x8000}, {0x11c, 8}, {0x114, 1}, {0x11c, 9}}, 1},
           Case{"Reset with Enable", {{0x106, 0x8000}, {0x11c, 8}, {0x114, 3}}, 1},
       }) {
    AtsHost host;
    host.captured.diagnostics.clear();
    for (const auto& [offset, value] : c.writes) host.put_config(offset, value);
    EXPECT_EQ(host.captured.count("capabilities"), c.diagnostics) << c.what;
  }
  AtsHost alone(AtsHost::plain, {32, 32, 32, false});
  alone.captured.diagnostics.clear();
  alone.put_config(0x106, 0x8000);
  EXPECT_EQ(alone.captured.count("capabilities"), 1U);
}

TEST(AtsConfig, AttributesThatMakeNoSenseAreRefusedWithTheirPlace) {
  for (const char* text :
       {"dma(", "dma()", "dma(ats", "dma(ats,)", "dma(acs)", "dma(pasid)", "dma(pasid=0)", "dma(pasid=21)",
        "dma(pasid=99999999999)", "dma(pri)", "dma(pasid=1, pri-plain)", "port(ats)[dma]",
        "port[bridge[dma(ats)]]", "dma(ats))", "port[switch(ats)[dma]]", "dma(pasid=1x)"}) {
    EXPECT_THROW(pcie::parse_topology(text), ConfigError) << text;
  }
  const auto functions = pcie::parse_topology("dma( ats , pasid = 20,pri ), dma(pri, ats)");
  EXPECT_EQ(functions[0].pasid_bits, 20U);
  EXPECT_TRUE(functions[0].pri_takes_pasid);
  EXPECT_TRUE(functions[1].pri);
  EXPECT_FALSE(functions[1].pri_takes_pasid) << "there is no PASID to take";
}

}  // namespace
}  // namespace smmuvp
