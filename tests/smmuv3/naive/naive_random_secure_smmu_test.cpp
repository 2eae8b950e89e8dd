// SPDX-License-Identifier: MIT
//
// Random structures, registers, commands and accesses of both Security states: nothing throws, no Non-secure
// stream or register access reaches Secure memory, and SIF lets no Non-secure fetch out.
#include <random>

#include "test_secure_smmu.h"

using namespace naive_smmuv3_test;

namespace {

class NaiveRandomSecure : public SecureSmmu {
 protected:
  uint64_t any() { return m_random(); }
  unsigned up_to(unsigned n) { return unsigned(m_random() % (n + 1)); }
  bool sometimes(unsigned one_in) { return m_random() % one_in == 0; }
  Space any_space() { return sometimes(2) ? Space::secure : Space::non_secure; }

  void random_features() {
    features = {};
    features.SECURE_IMPL = true;
    features.SEL2 = !sometimes(4);
    features.S_MSI = sometimes(2);
    features.S_SIDSIZE = up_to(6);
    features.STALL_MODEL = sometimes(4) ? up_to(2) : 0;
    features.STALL_MAX = features.STALL_MODEL == 1 ? 0 : 1 + up_to(3);
    features.ASID16 = !sometimes(4);
    features.VMID16 = !sometimes(4);
    features.ATTR_PERMS_OVR = !sometimes(4);
    features.GRAN16K = sometimes(2);
    features.GRAN64K = sometimes(2);
    features.OAS = up_to(5);
    if (features.GRAN64K && sometimes(2)) {
      features.VAX = 1;
      features.DS = sometimes(2);
      if (sometimes(2)) features.OAS = 6;
    }
    features.TTF = 2 + up_to(1);
    features.VATOS = sometimes(2);
    features.VMW = sometimes(2);
    features.BA_VATOS = features.VATOS ? 1 : 0;
    features.ECMDQ = sometimes(2);
    features.S_ECMDQ = features.S_MSI && sometimes(2);
    features.S_CMDQ_CONTROL_PAGES.ADDR = 0x60000;
    if (sometimes(2)) {
      features.MPAM = true;
      features.MPAM_MAX = {up_to(0x3F), 1 + up_to(3)};
      features.S_MPAM_MAX = {up_to(0x3F), up_to(3)};
      features.HAS_MPAM_NS = sometimes(2);
    }
    choices.nsstalld_refuses_secure_s2s = sometimes(2);
    choices.vms_fetch = Choices::VmsFetch{int(up_to(2))};
    choices.atos_bypass_NS = sometimes(2);
    choices.atos_looks_at_sel2_first = sometimes(2);
    choices.secure_atos_needs_smmuen_of_stream = sometimes(2);
    choices.page1_aliases_page0 = sometimes(2);
    S_CR0 = 0b1101 | (sometimes(2) ? 0x20u : 0u) | (sometimes(4) ? 0x200u : 0u);
    S_CR2 = up_to(3);
  }

  void random_structures() {
    ste = m_plain_ste;
    cd = m_plain_cd;
    config(4 + up_to(3));
    for (auto* words : {&ste, &cd}) {
      for (unsigned n = up_to(6); n > 0; n--) (*words)[up_to(6)] ^= one(up_to(63));
    }
    strw(sometimes(2) ? 0 : up_to(3));
    nscfg(up_to(3));
    ste[3] ^= up_to(3);
    ste[6] ^= up_to(3);
    if (sometimes(2)) cd[0] &= ~one(30);
    if (sometimes(3)) cd[1] ^= 1;
    if (sometimes(4)) cd[0] |= one(44);
    if (sometimes(4)) ste[2] |= one(57);
    if (sometimes(3)) ste[4] = (ste[4] & ~(uint64_t{0xFFFF} << 32)) | (uint64_t{up_to(0xFFFF)} << 32);
    if (sometimes(2)) ste[1] |= one(26);
    for (TestMemory* where : {&memory, &secure_memory}) {
      for (unsigned n = 0; n < 8; n++) {
        where->put64(STAGE1 + 8 * n, (any() & 0x8078'0000'0000'0FFF) | (any() & 0x3'C007'F000) | 1);
        for (uint64_t table : {STAGE2, SECURE_STAGE2}) {
          where->put64(table + 8 * n, n == 0 && !sometimes(4)
                                          ? block(0, AF | S2_READ | S2_WRITE | S2_WB)
                                          : (any() & 0x0078'0000'0000'0FFF) | (any() & 0x3'C007'F000) | 1);
        }
      }
      put(*where, STREAM_TABLE, ste);
      put(*where, CDS, cd);
    }
  }

  void random_access() {
    request.SEC_SID = any_space();
    request.NS = sometimes(2);
    request.StreamID = sometimes(16) ? up_to(20) : 0;
    request.SSV = sometimes(8);
    request.instruction = sometimes(2);
    request.privileged = sometimes(2);
    request.address = sometimes(4) ? any() : any() & 0x1'FFFF'FFFF;
    request.type = AccessType{int(up_to(2))};
    const unsigned before = bus.secure_accesses;
    const Outcome outcome = smmu->access(request);
    if (request.SEC_SID == Space::non_secure) {
      EXPECT_EQ(bus.secure_accesses, before);
      EXPECT_TRUE(outcome.forwarded.NS);
      EXPECT_TRUE(outcome.forwarded.mpam.NS);
    }
    const bool SIF = request.SEC_SID == Space::secure && (s_read(0x20) & 0x20) != 0;
    const auto& lookup = outcome.forwarded.lookup;
    const bool two_stages = lookup != nullptr && lookup->ste.stage2();
    if (outcome.kind == Outcome::Kind::forwarded && SIF && !two_stages) {
      EXPECT_FALSE(outcome.forwarded.NS && outcome.forwarded.instruction);
    }
  }

  void random_registers() {
    static constexpr uint64_t pages[] = {0, S, 0x10000, 0x18000, 0x20000, 0x30000, 0x40000, 0x60000};
    const Space space = any_space();
    const uint64_t offset = pages[up_to(7)] + 4 * (sometimes(4) ? up_to(0x2FFF) : up_to(0x70));
    const uint64_t before = s_read(offset % 0x8000);
    smmu->read(offset, 4, space);
    smmu->write(offset, 4, any(), space);
    if (space == Space::non_secure && offset >= S && offset < 0x10000) {
      EXPECT_EQ(s_read(offset % 0x8000), before);
    }
  }

  void random_atos() {
    const Space space = any_space();
    const bool virtual_atos = sometimes(2);
    const uint64_t group = virtual_atos ? (space == Space::secure ? 0x20A00u : 0x30A00u)
                                        : (space == Space::secure ? S + 0x100 : 0x100u);
    smmu->write(group + 8, 8, sometimes(2) ? one(53) : 0, space);
    smmu->write(group + 16, 8, any() & 0x1'FFFF'FFFF, space);
    smmu->write(group, 4, 1, space);
  }

  std::mt19937_64 m_random{2};
  const std::array<uint64_t, 8> m_plain_ste = ste;
  const std::array<uint64_t, 8> m_plain_cd = cd;
};

}  // namespace

TEST_F(NaiveRandomSecure, NothingThrowsAndTheStatesStayApart) {
  for (unsigned round = 0; round < 1000; round++) {
    random_features();
    memory = {};
    secure_memory = {};
    smmu.reset();
    start_secure();
    for (unsigned n = 0; n < 24; n++) {
      if (n == 0 || sometimes(3)) random_structures();
      for (TestMemory* where : {&memory, &secure_memory}) {
        where->aborting.clear();
        if (sometimes(8)) where->aborting = {(any() & 0x7'0000) + up_to(64)};
      }
      random_access();
      switch (up_to(5)) {
        case 0:
          command(sometimes(2) ? any() : 0x40 + up_to(6), any());
          acknowledge();
          break;
        case 1:
          s_command(sometimes(2) ? any() : (0x40 + up_to(6)) | (sometimes(2) ? SSEC : 0), any());
          s_acknowledge();
          break;
        case 2:
          random_registers();
          break;
        case 3:
          random_atos();
          break;
        default:
          break;
      }
      smmu->take_finished();
    }
  }
}
