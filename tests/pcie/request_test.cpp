// Where requests go, with and without ACS, and who they say they are. docs/pcie.md, Endpoint.
#include <algorithm>
#include <optional>

#include "fixture.h"

namespace smmuvp {
namespace {

using pcie::Routed;
using test::Found;
using test::RR;
using test::Software;
using test::UF;
using Way = Routed::Way;

constexpr std::uint64_t in_memory = 0x40000000;

Routed route(const Host& host, unsigned bus, unsigned device, unsigned number, std::uint64_t address,
             std::uint32_t length = 64) {
  return host.pci.route(host.index(bus, device, number), address, length);
}

TEST(PcieRequest, ARequesterIdIsWhereTheFunctionStandsByTheNumbersOfNow) {
  Host host("dma, port[dma+dma], port[switch[dma, dma]]", {17, 20, 21, 33, 34});
  EXPECT_EQ(route(host, 0, 1, 0, in_memory).requester_id, 0x0008U);
  EXPECT_EQ(route(host, 17, 0, 1, in_memory).requester_id, 0x1101U);
  EXPECT_EQ(route(host, 34, 0, 0, in_memory).requester_id, 0x2200U);
  EXPECT_EQ(route(host, 34, 0, 0, in_memory).way, Way::Host);
  host.pci.config_write(Software::at(0, 2) + test::BUS_NUMBERS + 1, 1, 18);
  EXPECT_EQ(route(host, 18, 0, 1, in_memory).requester_id, 0x1201U);
}

TEST(PcieRequest, AllBehindABridgeToPciAreItsSecondaryBus) {
  Host host("port[bridge[dma, dma, bridge[dma, dma]]]", {3, 9, 14});
  for (const auto& [bus, device] : {std::pair{9U, 0U}, {9U, 1U}, {14U, 0U}, {14U, 1U}}) {
    const Routed routed = route(host, bus, device, 0, in_memory);
    EXPECT_EQ(routed.way, Way::Host);
    EXPECT_EQ(routed.requester_id, 0x0900U) << bus << ":" << device;
  }
}

TEST(PcieRequest, BusMasterEnableIsNeededAllTheWayUp) {
  Host host("port[switch[dma, dma]]");
  EXPECT_EQ(route(host, 3, 0, 0, in_memory).way, Way::Host);
  for (const Found& f : host.software.functions()) {
    const bool on_the_way = f.config != Software::at(2, 1) && f.config != Software::at(4, 0);
    host.pci.config_write(f.config + test::COMMAND, 2, test::MEMORY);
    EXPECT_EQ(route(host, 3, 0, 0, in_memory).way, on_the_way ? Way::Unsupported : Way::Host)
        << std::hex << f.config;
    host.pci.config_write(f.config + test::COMMAND, 2, test::MEMORY | test::MASTER);
    host.pci.config_write(f.config + test::PMCSR, 2, 3);
    EXPECT_EQ(route(host, 3, 0, 0, in_memory).way, on_the_way ? Way::Unsupported : Way::Host)
        << std::hex << f.config;
    host.pci.config_write(f.config + test::PMCSR, 2, 0);
  }
}

TEST(PcieRequest, WithoutAcsAFunctionOfTheSwitchAnswersBehindTheBackOfTheHost) {
  Host host("port-noacs[switch-noacs[dma, dma]]");
  const Found& peer = host.software.function(4, 0);
  const Routed routed = route(host, 3, 0, 0, peer.memory + 0x80);
  EXPECT_EQ(routed.way, Way::Peer);
  EXPECT_EQ(routed.function, host.index(4, 0));
  EXPECT_EQ(routed.hit.bar, 2U);
  EXPECT_EQ(routed.hit.offset, 0x80U);
  std::uint8_t data[4] = {1, 2, 3, 4};
  host.pci.peer_access(routed, true, data, 4);
  EXPECT_EQ(host.get(peer.memory + 0x80), 0x04030201U);
}

TEST(PcieRequest, WithAcsItGoesToTheHost) {
  Host host("port[switch[dma, dma]]");
  const std::uint64_t peer = host.software.function(4, 0).memory;
  const auto way = [&] { return route(host, 3, 0, 0, peer).way; };
  EXPECT_EQ(way(), Way::Peer) << "the bits are clear after reset";
  // Redirect at the downstream port takes it to the root port, whose own window it is.
  host.pci.config_write(Software::at(2, 0) + test::ACS_CONTROL, 2, RR);
  EXPECT_EQ(way(), Way::Peer) << "the root port turns it back";
  host.pci.config_write(Software::at(0, 1) + test::ACS_CONTROL, 2, UF);
  EXPECT_EQ(way(), Way::Host);
  host.pci.config_write(Software::at(2, 0) + test::ACS_CONTROL, 2, UF);
  EXPECT_EQ(way(), Way::Peer) << "the switch needs P2P Request Redirect";
  host.software.set_acs(0x1f);
  EXPECT_EQ(way(), Way::Host);
}

TEST(PcieRequest, FunctionsOfOneDeviceReachEachOtherUnlessTheyRedirect) {
  Host host("port[dma+dma-acs+dma-acs]");
  const auto way = [&](unsigned from, unsigned to) {
    return route(host, 1, 0, from, host.software.function(1, 0, to).registers, 4).way;
  };
  EXPECT_EQ(way(0, 1), Way::Peer);
  EXPECT_EQ(way(1, 2), Way::Peer);
  host.software.set_acs(RR | UF);
  EXPECT_EQ(way(0, 1), Way::Peer) << "function 0 has no ACS";
  EXPECT_EQ(way(1, 2), Way::Host);
  EXPECT_EQ(way(2, 0), Way::Host);
}

TEST(PcieRequest, OnAConventionalBusEverybodyHearsEverything) {
  Host host("port[bridge[dma, dma, bridge[dma]]]");
  host.software.set_acs(0x1f);
  const std::uint64_t first = host.software.function(2, 0).memory;
  const std::uint64_t inner = host.software.function(3, 0).memory;
  EXPECT_EQ(route(host, 2, 1, 0, first).way, Way::Peer);
  EXPECT_EQ(route(host, 2, 1, 0, inner).way, Way::Peer);
  EXPECT_EQ(route(host, 3, 0, 0, first).way, Way::Peer);
  EXPECT_EQ(route(host, 2, 0, 0, in_memory).way, Way::Host);
  // Inside the bridge's window, and nobody's.
  EXPECT_EQ(route(host, 2, 0, 0, inner + 0x30000).way, Way::Unsupported);
  EXPECT_EQ(route(host, 2, 0, 0, first).way, Way::Unsupported) << "its own memory: it does not answer itself";
}

TEST(PcieRequest, FromOnePortToAnotherTheWayIsThroughTheHost) {
  Host host("dma, port-noacs[dma], port-noacs[dma]");
  EXPECT_EQ(route(host, 1, 0, 0, host.software.function(2, 0).memory).way, Way::Host);
  EXPECT_EQ(route(host, 1, 0, 0, host.software.function(0, 1).memory).way, Way::Host);
  EXPECT_EQ(route(host, 0, 1, 0, host.software.function(2, 0).memory).way, Way::Host);
  // Nor from one device of bus 0 to another, though functions of one device need none.
  Host devices("dma+dma, dma");
  EXPECT_EQ(route(devices, 0, 1, 0, devices.software.function(0, 1, 1).memory).way, Way::Peer);
  EXPECT_EQ(route(devices, 0, 1, 0, devices.software.function(0, 2).memory).way, Way::Host);
}

TEST(PcieRequest, AnIdThatTheHostHasNotIsUnsupported) {
  Host host("port[dma]", {70}, 64);
  EXPECT_EQ(route(host, 70, 0, 0, in_memory).way, Way::Unsupported);
}

TEST(PcieRequest, AnUnsupportedRequestIsSeenInStatusAndTold) {
  Host host("dma");
  const std::uint32_t config = Software::at(0, 1);
  host.pci.config_write(config + test::COMMAND, 2, test::MEMORY);
  const Routed routed = route(host, 0, 1, 0, in_memory);
  host.pci.refused(0, routed, in_memory, true);
  EXPECT_EQ(host.captured.count("request"), 1U);
  EXPECT_NE(host.captured.diagnostics[0].text.find("00:01.0"), std::string::npos);
  EXPECT_EQ(host.pci.config_read(config + test::STATUS, 2) & 0x3000, 0x2000U);
  host.pci.target_aborted(0);
  EXPECT_EQ(host.pci.config_read(config + test::STATUS, 2) & 0x3000, 0x3000U);
  host.pci.config_write(config + test::STATUS, 2, 0x2000);
  EXPECT_EQ(host.pci.config_read(config + test::STATUS, 2) & 0x3000, 0x1000U);
}

TEST(PcieRequest, WhatNobodyBehindABridgeAnswersIsInItsSecondaryStatus) {
  Host host("port[switch[dma]]");
  const std::uint64_t nobody = host.software.function(3, 0).memory + 0x40000;
  EXPECT_EQ(host.get(nobody), 0xffffffffU);
  const auto status = [&](unsigned bus, unsigned device) {
    return host.pci.config_read(Software::at(bus, device) + test::SECONDARY_STATUS, 2);
  };
  EXPECT_EQ(status(2, 0), 0x2000U);
  EXPECT_EQ(status(1, 0), 0U);
  host.pci.config_write(Software::at(2, 0) + test::SECONDARY_STATUS, 2, 0x2000);
  EXPECT_EQ(status(2, 0), 0U);
}

// ---- the rules of the sheet, once more, from configuration space alone

class Naive {
 public:
  explicit Naive(Host& host) : m_host(host) {
    for (const Found& f : host.software.functions()) m_functions.push_back(f.config);
  }

  /// "host", "unsupported", or the function that answers.
  std::string way(std::uint32_t from, std::uint64_t address, std::uint32_t length) {
    m_address = address;
    m_length = length;
    if (!enabled(from, 4)) return "unsupported";
    if (several(from) && !has_acs(from, RR)) {
      for (const std::uint32_t other : on(from >> 20)) {
        if (other != from && (other >> 15) == (from >> 15) && bar(other)) return name(other);
      }
    }
    return up(from, from >> 20, false);
  }

 private:
  std::uint64_t reg(std::uint32_t at, unsigned bytes) { return m_host.pci.config_peek(at, bytes); }
  static std::string name(std::uint32_t f) { return std::to_string(f >> 12); }
  std::vector<std::uint32_t> on(std::uint32_t bus) {
    std::vector<std::uint32_t> found;
    for (const std::uint32_t f : m_functions) {
      if (f >> 20 == bus) found.push_back(f);
    }
    return found;
  }
  bool several(std::uint32_t f) { return (reg(f + test::HEADER_TYPE, 1) & 0x80) != 0; }
  bool bridge(std::uint32_t f) { return (reg(f + test::HEADER_TYPE, 1) & 0x7f) == 1; }
  bool enabled(std::uint32_t f, unsigned bit) {
    return (reg(f + test::COMMAND, 2) & bit) != 0 && (reg(f + test::PMCSR, 1) & 3) == 0;
  }
  /// 4 root port, 6 downstream port, …; 99: a conventional bridge
  unsigned type(std::uint32_t f) {
    return reg(f + 0x41, 1) == 0x70 ? static_cast<unsigned>(reg(f + 0x72, 1) >> 4) : 99;
  }
  bool has_acs(std::uint32_t f, unsigned bit) {
    return (reg(f + test::ACS, 4) & 0xffff) == 0xd && (reg(f + test::ACS_CONTROL, 2) & bit) != 0;
  }
  bool inside(std::uint64_t first, std::uint64_t last) const {
    return m_address >= first && m_address <= last && m_address + m_length - 1 <= last;
  }
  bool bar(std::uint32_t f) {
    if (bridge(f) || !enabled(f, 2)) return false;
    const std::uint64_t registers = reg(f + test::BAR0, 8) & ~0xfffULL;
    const std::uint64_t memory = reg(f + test::BAR2, 8) & ~0xffffULL;
    return inside(registers, registers + 0xfff) || inside(memory, memory + 0xffff);
  }
  bool window(std::uint32_t f) {
    if (!bridge(f) || !enabled(f, 2)) return false;
    const std::uint64_t first = (reg(f + test::MEMORY_BASE, 2) & 0xfff0) << 16;
    const std::uint64_t last = (reg(f + test::MEMORY_LIMIT, 2) & 0xfff0) << 16 | 0xfffff;
    const std::uint64_t pf_first = reg(f + 0x28, 4) << 32 | (reg(f + test::PREFETCHABLE_BASE, 2) & 0xfff0)
                                                                << 16;
    const std::uint64_t pf_last =
        reg(f + 0x2c, 4) << 32 | (reg(f + test::PREFETCHABLE_LIMIT, 2) & 0xfff0) << 16 | 0xfffff;
    return inside(first, last) || inside(pf_first, pf_last);
  }
  std::string down(std::uint32_t bus, std::uint32_t without) {
    for (const std::uint32_t f : on(bus)) {
      if (f == without) continue;
      if (bar(f)) return name(f);
      if (window(f)) return down(static_cast<std::uint32_t>(reg(f + 0x19, 1)), ~0U);
    }
    return "unsupported";
  }
  std::string up(std::uint32_t from, std::uint32_t bus, bool redirected) {
    if (bus == 0) return "host";
    std::uint32_t above = ~0U;
    for (const std::uint32_t f : m_functions) {
      if (bridge(f) && reg(f + 0x19, 1) == bus) above = f;
    }
    const unsigned kind = type(above);
    if (kind == 99 || kind == 7) {
      const std::string peer = down(bus, from);
      if (peer != "unsupported" || window(above)) return peer;
    } else if (kind == 4 || kind == 6) {
      if (window(above) && !has_acs(above, UF)) return down(bus, ~0U);
      redirected = kind == 6 && window(above);
    }
    if (kind == 6 && !redirected) {
      for (const std::uint32_t port : on(above >> 20)) {
        if (port == above || !window(port)) continue;
        if (!has_acs(above, RR)) return down(static_cast<std::uint32_t>(reg(port + 0x19, 1)), ~0U);
        redirected = true;
        break;
      }
    }
    if (kind == 5 && window(above) && !redirected) return "unsupported";
    if (!enabled(above, 4)) return "unsupported";
    return up(above, above >> 20, redirected);
  }

  Host& m_host;
  std::vector<std::uint32_t> m_functions;
  std::uint64_t m_address = 0;
  std::uint32_t m_length = 0;
};

std::string item(test::Random& random, unsigned depth, bool conventional);

std::string list(test::Random& random, unsigned depth, bool conventional, std::uint64_t most) {
  std::string text;
  for (std::uint64_t n = 1 + random.below(most); n != 0; --n)
    text += (text.empty() ? "" : ", ") + item(random, depth, conventional);
  return text;
}

std::string item(test::Random& random, unsigned depth, bool conventional) {
  const std::uint64_t what = depth == 0 ? 0 : random.below(conventional ? 3 : 5);
  if (what == 2) return "bridge[" + list(random, depth - 1, true, 3) + "]";
  if (what > 2)
    return std::string(random.below(2) != 0 ? "switch[" : "switch-noacs[") +
           list(random, depth - 1, false, 3) + "]";
  if (conventional || random.below(3) != 0) return "dma";
  return random.below(2) != 0 ? "dma+dma-acs" : "dma-acs+dma-acs";
}

TEST(PcieRequest, RandomHierarchiesFollowTheRulesOfTheSheet) {
  test::Random random(11);
  std::map<std::string, unsigned> ways;
  unsigned made = 0;
  for (unsigned round = 0; round < 400; ++round) {
    std::string topology = "dma";
    for (std::uint64_t n = 1 + random.below(3); n != 0; --n)
      topology +=
          std::string(random.below(2) != 0 ? ", port[" : ", port-noacs[") + item(random, 3, false) + "]";
    std::optional<Host> made_host;
    try {
      made_host.emplace(topology);
    } catch (const ConfigError&) {
      continue;  // more than 32 functions
    }
    ++made;
    Host& host = *made_host;
    const auto& functions = host.software.functions();
    for (const Found& f : functions) {
      if (random.below(8) == 0)
        host.pci.config_write(f.config + test::COMMAND, 2, static_cast<std::uint32_t>(random.below(4)) << 1);
      if (random.below(16) == 0) host.pci.config_write(f.config + test::PMCSR, 2, 3);
      host.pci.config_write(f.config + test::ACS_CONTROL, 2,
                            static_cast<std::uint32_t>(random.next() & 0x1f));
      if (f.bridge && random.below(16) == 0)
        host.pci.config_write(f.config + test::MEMORY_LIMIT, 2,
                              static_cast<std::uint32_t>(random.below(0x40)) << 4 | 0x1000);
    }
    Naive naive(host);
    for (unsigned k = 0; k < 200; ++k) {
      const Found& from = functions[random.below(functions.size())];
      if (from.bridge) continue;
      const Found& to = functions[random.below(functions.size())];
      const std::uint64_t base = random.below(2) != 0 ? to.registers : to.memory;
      const std::uint64_t address =
          to.bridge ? in_memory : base + random.below(4) * 0x4000 + random.below(0x1000);
      const auto length = static_cast<std::uint32_t>(1 + random.below(0x1000));
      const std::size_t index = host.index(from.config >> 20, from.config >> 15 & 31, from.config >> 12 & 7);
      const Routed routed = host.pci.route(index, address, length);
      std::string got = routed.way == Way::Host ? "host" : "unsupported";
      if (routed.way == Way::Peer) {
        for (const Found& f : functions) {
          if (host.index(f.config >> 20, f.config >> 15 & 31, f.config >> 12 & 7) == routed.function)
            got = std::to_string(f.config >> 12);
        }
        ++ways["peer"];
      } else {
        ++ways[got];
      }
      ASSERT_EQ(got, naive.way(from.config, address, length))
          << topology << " from " << host.pci.name_of(index) << std::hex << " to " << address << " length "
          << length;
    }
  }
  EXPECT_GT(made, 200U);
  EXPECT_GT(ways["host"], 1000U);
  EXPECT_GT(ways["peer"], 1000U);
  EXPECT_GT(ways["unsupported"], 1000U);
}

TEST(PcieRequest, NothingThatSoftwareWritesBreaksTheHierarchy) {
  test::Random random(5);
  for (unsigned round = 0; round < 20; ++round) {
    Host host(round % 2 == 0
                  ? "dma-acs+dma, port-noacs[dma+dma-acs], port[switch[dma, bridge[dma, bridge[dma]]]]"
                  : "dma-acs(ats)+dma(pasid=3), port-noacs[dma(ats, pasid=8, pri)], port[switch[dma(ats, "
                    "pasid=20, pri-plain), bridge[dma]]]");
    DmaBuffer data{};
    for (unsigned k = 0; k < 3000; ++k) {
      const unsigned bytes = 1U << random.below(4);
      const auto& f = host.software.functions()[random.below(host.software.functions().size())];
      const auto offset =
          static_cast<std::uint32_t>(random.below(random.below(4) == 0 ? 0x1000 : 0x140)) & ~(bytes - 1);
      switch (random.below(8)) {
        case 0:
          host.pci.config_write(f.config + offset, bytes, random.likely());
          break;
        case 1: {
          const std::uint64_t value = host.pci.config_read(f.config + offset, bytes);
          EXPECT_EQ(host.pci.config_peek(f.config + offset, bytes), value);
          break;
        }
        case 2:
          host.pci.config_write(static_cast<std::uint32_t>(random.below(64ULL << 20)) & ~7U, bytes,
                                random.likely());
          break;
        case 3:
          host.put(f.registers + (random.below(0x58) & ~7ULL), random.likely(), 4U << random.below(2));
          break;
        case 4:
          host.pci.memory_access(random.below(32 << 20), random.below(2) != 0, data.data(),
                                 static_cast<std::uint32_t>(1 + random.below(4096)));
          break;
        case 5:
          host.pci.config_write(f.config + test::COMMAND, 2, test::MEMORY | test::MASTER);
          break;
        default: {
          const std::size_t index = random.below(host.pci.size());
          pcie::Endpoint* endpoint = host.pci.endpoint(index);
          DmaOperation operation;
          if (endpoint == nullptr || !endpoint->next(operation, data)) break;
          const Routed routed = host.pci.route(index, operation.address, operation.length, operation.ats);
          if (routed.way == Way::Peer)
            host.pci.peer_access(routed, operation.write, data.data(), operation.length);
          if (routed.way == Way::Unsupported || routed.way == Way::Blocked)
            host.pci.refused(index, routed, operation.address, operation.write);
          if (routed.way == Way::Host) {
            EXPECT_LT(routed.requester_id, 64U * 256);
          }
          if (!operation.write) {
            for (unsigned i = 0; i < 64; ++i) data[i] = static_cast<std::uint8_t>(random.likely());
          }
          endpoint->complete(operation, static_cast<DmaResponse>(random.below(8) % 6), data);
          break;
        }
      }
      ASSERT_LT(host.pci.intx(), 16U);
    }
    const auto saved = test::save(host.pci);
    ASSERT_EQ(test::load(host.pci, saved), "");
    ASSERT_EQ(test::save(host.pci), saved);
  }
}

}  // namespace
}  // namespace smmuvp
