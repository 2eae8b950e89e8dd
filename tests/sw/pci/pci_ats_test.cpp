// ATS, page requests and PASIDs: what the guest's PCI core turns on and off in the capabilities of chapter
// 10 and 7.8.8 of the PCI Express Base Specification, and in which order.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "space.h"

namespace {

using pcitest::Function;
using pcitest::Kind;
using pcitest::Space;

constexpr unsigned kAts = 0x110, kPri = 0x120, kPasid = 0x130;

// A write to one of the three control registers.
struct Write {
  unsigned where;
  std::uint32_t value;
  bool operator==(const Write& o) const { return where == o.where && value == o.value; }
};

class PciAts : public ::testing::Test {
 protected:
  // An integrated endpoint with all three capabilities behind ACS; a port above it where `port` is set.
  Function& endpoint(bool with_port, bool prefixes = true) {
    pcitest::Options isolated;
    isolated.acs_cap = 0x1f;
    pcitest::Bus* bus = &m_space.root();
    if (with_port) {
      Function& port = add(*bus, Kind::root_port, 8, isolated);
      port.poke(0x40 + 0x24, 4, prefixes ? 0x00200000 : 0);
      bus = port.below.get();
    }
    Function& f = add(*bus, with_port ? Kind::endpoint : Kind::integrated, with_port ? 0 : 8, {});
    f.poke(0x40 + 0x24, 4, 0x00200000);
    f.poke(0x100, 4, 0x0001000d | kAts << 20);
    f.poke(kAts, 4, 0x0001000f | kPri << 20);
    f.poke(kAts + 4, 2, 0x0025);
    f.allow(kAts + 6, 2, 0x801f);
    f.poke(kPri, 4, 0x00010013 | kPasid << 20);
    f.poke(kPri + 6, 2, 0x8100);
    f.poke(kPri + 8, 4, 24);
    f.allow(kPri + 4, 2, 1);
    f.allow(kPri + 0xc, 4, 0xffffffff);
    f.poke(kPasid, 4, 0x0001001b);
    f.poke(kPasid + 4, 2, 0x0a06);
    f.allow(kPasid + 6, 2, 7);
    return f;
  }

  bool probe(bool ats_supported) {
    const host_window window{0x10000000, 0x10000000, 0x1000000, false};
    m_interface = m_space.interface();
    m_recording = {
        this,
        [](void* self, unsigned bus, unsigned devfn, unsigned where, unsigned size) {
          auto* t = static_cast<PciAts*>(self);
          return t->m_interface.read(t->m_interface.context, bus, devfn, where, size);
        },
        [](void* self, unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value) {
          auto* t = static_cast<PciAts*>(self);
          if (where >= kAts) t->m_writes.push_back({where, value});
          t->m_interface.write(t->m_interface.context, bus, devfn, where, size, value);
        }};
    if (!host_pci_probe(&m_recording, 0, 255, &window, 1)) return false;
    host_pci_ats_supported(ats_supported);
    m_writes.clear();
    return true;
  }

  void TearDown() override { EXPECT_EQ(host_pci_remove(), 0U); }

  unsigned last() { return host_pci_count() - 1; }

  Space m_space{0};
  host_config_space m_interface{}, m_recording{};
  std::vector<Write> m_writes;
};

TEST_F(PciAts, AreTurnedOnAndOffByTheirRegistersAlone) {
  Function& f = endpoint(true);
  ASSERT_TRUE(probe(true));
  EXPECT_EQ(host_pci_ats(last(), host_enable_pasid, 6), 0);
  EXPECT_EQ(host_pci_ats(last(), host_enable_ats, 14), 0);
  EXPECT_EQ(host_pci_ats(last(), host_reset_pri, 0), 0);
  EXPECT_EQ(host_pci_ats(last(), host_enable_pri, 100), 0);
  // The unit is written before it is enabled, and the allocation is no more than the capacity.
  const std::vector<Write> on{{kPasid + 6, 7}, {kAts + 6, 2},    {kAts + 6, 0x8002}, {kPri + 4, 2},
                              {kPri + 6, 3},   {kPri + 0xc, 24}, {kPri + 4, 1}};
  EXPECT_EQ(m_writes, on);
  EXPECT_EQ(f.get(kAts + 6, 2), 0x8002U);
  m_writes.clear();
  EXPECT_EQ(host_pci_ats(last(), host_disable_pri, 0), 0);
  EXPECT_EQ(host_pci_ats(last(), host_disable_ats, 0), 0);
  EXPECT_EQ(host_pci_ats(last(), host_disable_pasid, 0), 0);
  const std::vector<Write> off{{kPri + 4, 0}, {kAts + 6, 2}, {kPasid + 6, 0}};
  EXPECT_EQ(m_writes, off);
}

TEST_F(PciAts, AreWhatTheCapabilitiesSay) {
  endpoint(true);
  ASSERT_TRUE(probe(true));
  EXPECT_EQ(host_pci_ats(last(), host_max_pasids, 0), 1 << 10);
  EXPECT_EQ(host_pci_ats(last(), host_pasid_features, 0), 6);
  EXPECT_EQ(host_pci_ats(last(), host_response_has_pasid, 0), 1);
}

TEST_F(PciAts, AHostThatDoesNotSupportAtsHasNeitherItNorPageRequests) {
  endpoint(true);
  ASSERT_TRUE(probe(false));
  EXPECT_LT(host_pci_ats(last(), host_enable_ats, 12), 0);
  EXPECT_LT(host_pci_ats(last(), host_enable_pri, 1), 0);
  EXPECT_TRUE(m_writes.empty());
}

TEST_F(PciAts, PasidsAreNotTurnedOnBehindAtsNorTwice) {
  endpoint(false);
  ASSERT_TRUE(probe(true));
  EXPECT_EQ(host_pci_ats(last(), host_enable_ats, 12), 0);
  EXPECT_LT(host_pci_ats(last(), host_enable_ats, 12), 0);
  EXPECT_LT(host_pci_ats(last(), host_enable_pasid, 0), 0);
  EXPECT_EQ(host_pci_ats(last(), host_disable_ats, 0), 0);
  EXPECT_EQ(host_pci_ats(last(), host_enable_pasid, 0), 0);
  EXPECT_LT(host_pci_ats(last(), host_enable_pasid, 0), 0);
}

TEST_F(PciAts, PasidsNeedPortsThatPassPrefixes) {
  endpoint(true, false);
  ASSERT_TRUE(probe(true));
  EXPECT_LT(host_pci_ats(last(), host_enable_pasid, 0), 0);
  EXPECT_TRUE(m_writes.empty());
}

TEST_F(PciAts, PageRequestsAreNotTurnedOnBeforeAllHaveStopped) {
  Function& f = endpoint(true);
  ASSERT_TRUE(probe(true));
  f.poke(kPri + 6, 2, 0x8000);
  EXPECT_LT(host_pci_ats(last(), host_enable_pri, 1), 0);
  EXPECT_EQ(host_pci_ats(last(), host_stopped, 0), 0);
  f.poke(kPri + 6, 2, 0x8100);
  EXPECT_EQ(host_pci_ats(last(), host_enable_pri, 1), 0);
  EXPECT_LT(host_pci_ats(last(), host_reset_pri, 0), 0);
}

TEST_F(PciAts, WidthsAndSizesBeyondWhatThereIsAreRefusedOrCut) {
  Function& f = endpoint(true);
  f.poke(kPasid + 4, 2, 0x1f00);
  ASSERT_TRUE(probe(true));
  EXPECT_EQ(host_pci_ats(last(), host_max_pasids, 0), 1 << 20);
  EXPECT_LT(host_pci_ats(last(), host_enable_pasid, 2), 0);
  EXPECT_LT(host_pci_ats(last(), host_enable_ats, 11), 0);
  EXPECT_LT(host_pci_ats(last(), host_enable_ats, 44), 0);
  EXPECT_EQ(host_pci_ats(last(), host_enable_ats, 43), 0);
}

TEST_F(PciAts, WhatFirmwareHasLeftOnIsOff) {
  Function& f = endpoint(true);
  f.poke(kAts + 6, 2, 0x8001);
  f.poke(kPri + 4, 2, 1);
  f.poke(kPasid + 6, 2, 7);
  ASSERT_TRUE(probe(true));
  EXPECT_EQ(f.get(kAts + 6, 2) & 0x8000, 0U);
  EXPECT_EQ(f.get(kPri + 4, 2) & 1, 0U);
  EXPECT_EQ(f.get(kPasid + 6, 2), 0U);
}

}  // namespace
