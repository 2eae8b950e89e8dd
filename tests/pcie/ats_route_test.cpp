// Where requests with an address type of their own go. docs/pcie.md, Between functions.
#include "ats_fixture.h"

namespace smmuvp {
namespace {

using namespace test;
using pcie::Routed;
using Way = Routed::Way;

constexpr std::uint64_t in_memory = 0x40000000;
constexpr std::uint16_t TB = 2, DT = 64;

Routed route(const Host& host, unsigned bus, unsigned number, std::uint64_t address, DmaAts type) {
  return host.pci.route(host.index(bus, 0, number), address, 8, type);
}

constexpr DmaAts types[] = {DmaAts::None, DmaAts::TranslationRequest, DmaAts::Translated,
                            DmaAts::PageRequest};

TEST(AtsRoute, AHostWithoutAnSmmuThatKnowsAtsTakesNoneOfThem) {
  Host host("port[dma(ats, pri)]", {}, 64, {32, 32, 32, false});
  for (const DmaAts type : types) {
    EXPECT_EQ(route(host, 1, 0, in_memory, type).way, type == DmaAts::None ? Way::Host : Way::Unsupported);
  }
}

TEST(AtsRoute, TranslationBlockingEndsWhatIsNotUntranslated) {
  Host host("port[switch[dma(ats, pri), dma]]");
  for (const std::uint32_t port : {Software::at(0, 1), Software::at(2, 0)}) {
    host.pci.config_write(port + ACS_CONTROL, 2, TB);
    for (const DmaAts type : types) {
      const bool blocked = type == DmaAts::TranslationRequest || type == DmaAts::Translated;
      EXPECT_EQ(route(host, 3, 0, in_memory, type).way, blocked ? Way::Blocked : Way::Host);
    }
    host.pci.config_write(port + ACS_CONTROL, 2, 0);
  }
  // That of a port beside the way concerns nobody.
  host.pci.config_write(Software::at(2, 1) + ACS_CONTROL, 2, TB);
  EXPECT_EQ(route(host, 3, 0, in_memory, DmaAts::Translated).way, Way::Host);
  // It is a Completer Abort.
  host.pci.config_write(Software::at(2, 0) + ACS_CONTROL, 2, TB);
  const Routed routed = route(host, 3, 0, in_memory, DmaAts::Translated);
  host.pci.refused(host.index(3, 0), routed, in_memory, true);
  EXPECT_EQ(host.pci.config_read(Software::at(3, 0) + STATUS, 2) & 0x3000, 0x1000U);
}

TEST(AtsRoute, DirectTranslatedP2PLetsTranslatedRequestsGoToAPeer) {
  Host host("port[switch[dma(ats), dma]]");
  const std::uint64_t peer = host.software.function(4, 0).memory;
  const auto set = [&](std::uint16_t down, std::uint16_t root) {
    host.pci.config_write(Software::at(2, 0) + ACS_CONTROL, 2, down);
    host.pci.config_write(Software::at(0, 1) + ACS_CONTROL, 2, root);
  };
  set(RR | UF, RR | UF);
  for (const DmaAts type : {DmaAts::None, DmaAts::Translated}) {
    EXPECT_EQ(route(host, 3, 0, peer, type).way, Way::Host);
  }
  set(RR | UF | DT, RR | UF);
  EXPECT_EQ(route(host, 3, 0, peer, DmaAts::None).way, Way::Host);
  EXPECT_EQ(route(host, 3, 0, peer, DmaAts::TranslationRequest).way, Way::Host);
  EXPECT_EQ(route(host, 3, 0, peer, DmaAts::Translated).way, Way::Peer);
  EXPECT_EQ(route(host, 3, 0, in_memory, DmaAts::Translated).way, Way::Host);
  set(RR | UF | DT | TB, RR | UF);
  EXPECT_EQ(route(host, 3, 0, peer, DmaAts::Translated).way, Way::Blocked);
}

TEST(AtsRoute, FunctionsOfOneDeviceHaveItToo) {
  Host host("port[dma-acs(ats)+dma]");
  const std::uint64_t peer = host.software.function(1, 0, 1).memory;
  host.software.set_acs(RR | UF);
  EXPECT_EQ(route(host, 1, 0, peer, DmaAts::Translated).way, Way::Host);
  host.pci.config_write(Software::at(1, 0, 0) + ACS_CONTROL, 2, RR | DT);
  EXPECT_EQ(route(host, 1, 0, peer, DmaAts::Translated).way, Way::Peer);
  EXPECT_EQ(route(host, 1, 0, peer, DmaAts::None).way, Way::Host);
}

TEST(AtsRoute, PageRequestsAreMessagesAndNeedNoBusMaster) {
  Host host("port[dma(ats, pri)]", {9});
  for (const std::uint32_t f : {Software::at(0, 1), Software::at(9, 0)})
    host.pci.config_write(f + COMMAND, 2, MEMORY);
  for (const DmaAts type : types) {
    const Routed routed = route(host, 9, 0, in_memory, type);
    EXPECT_EQ(routed.way, type == DmaAts::PageRequest ? Way::Host : Way::Unsupported);
    EXPECT_EQ(routed.requester_id, 0x900U);
  }
  host.pci.config_write(Software::at(9, 0) + PMCSR, 2, 3);
  EXPECT_EQ(route(host, 9, 0, in_memory, DmaAts::PageRequest).way, Way::Unsupported);
}

TEST(AtsRoute, AnAddresseeIsFoundByTheNumbersOfNow) {
  Host host("port[dma+dma], port[bridge[dma]]", {9, 12, 13});
  const auto at = [&](std::uint32_t id) {
    const auto to = host.pci.addressee(id);
    return to.exists ? host.pci.name_of(to.function) : "nobody";
  };
  EXPECT_EQ(at(0x901), "09:00.1");
  EXPECT_EQ(at(0x902), "nobody");
  EXPECT_EQ(at(0x008), "00:01.0");
  EXPECT_EQ(at(0x800), "nobody");
  EXPECT_EQ(at(0xd00), "0d:00.0");
  EXPECT_EQ(at(0xffff), "nobody");
  host.pci.config_write(Software::at(0, 1) + BUS_NUMBERS + 1, 1, 10);
  EXPECT_EQ(at(0x901), "nobody");
  host.pci.config_write(Software::at(0, 1) + BUS_NUMBERS + 2, 1, 10);
  EXPECT_EQ(at(0xa01), "0a:00.1");
  host.pci.config_write(Software::at(0, 1) + BRIDGE_CONTROL, 2, 0x40);
  EXPECT_EQ(at(0xa01), "nobody") << "the bus is in reset";
}

}  // namespace
}  // namespace smmuvp
