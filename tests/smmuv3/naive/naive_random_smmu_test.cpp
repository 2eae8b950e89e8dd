// SPDX-License-Identifier: MIT
//
// Random structures, tables, registers, commands and accesses: whatever a guest writes, the naive SMMU ends
// each access in a way that the specification has, and throws nothing.
#include <random>

#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {

class NaiveRandom : public NaiveSmmu {
 protected:
  uint64_t any() { return m_random(); }
  unsigned up_to(unsigned n) { return unsigned(m_random() % (n + 1)); }
  bool sometimes(unsigned one_in) { return m_random() % one_in == 0; }

  Features random_features() {
    Features f;
    f.ST_LEVEL = 1;
    f.TERM_MODEL = sometimes(4);
    f.STALL_MODEL = up_to(2);
    f.STALL_MAX = f.STALL_MODEL == 1 ? 0 : 1 + up_to(3);
    f.TTENDIAN = sometimes(4) ? 2 + up_to(1) : 0;
    f.CD2L = !sometimes(4);
    f.VMID16 = !sometimes(4);
    f.ASID16 = !sometimes(4);
    f.HTTU = up_to(2);
    f.TTF = 1 + up_to(2);
    if (sometimes(6)) f.S1P = f.HAD = f.Hyp = false;
    if (f.S1P && sometimes(6)) f.S2P = f.PTWNNC = f.Hyp = false;
    f.Hyp = f.Hyp && !sometimes(4);
    f.HAD = f.HAD && !sometimes(4);
    f.SSIDSIZE = sometimes(4) ? 0 : up_to(20);
    f.ATTR_TYPES_OVR = !sometimes(4);
    f.ATTR_PERMS_OVR = !sometimes(4);
    f.MTEPERM = f.S2P && sometimes(2);
    f.EPAN = sometimes(2);
    f.E0PD = sometimes(2);
    f.STT = sometimes(2);
    f.FWB = sometimes(2);
    f.RIL = sometimes(2);
    f.GRAN16K = sometimes(2);
    f.GRAN64K = sometimes(2);
    f.OAS = up_to(5);
    f.XNX = !sometimes(4);
    if (f.GRAN64K && sometimes(2)) {
      f.VAX = 1;
      if (sometimes(2)) f.OAS = 6;
      f.DS = sometimes(2);
    }
    if (f.minor_version() == 0) {
      f.XNX = f.DS = false;
      f.VAX = 0;
      if (f.OAS == 6) f.OAS = 5;
    }
    return f;
  }

  void random_choices() {
    choices.ste_beyond_oas_faults = sometimes(2);
    choices.s1contextptr_beyond_ias_is_bad = sometimes(2);
    choices.l2ptr_beyond_ias_is_bad = sometimes(2);
    choices.s1contextptr_beyond_oas_v30 = Choices::Beyond{int(up_to(2))};
    choices.l2ptr_beyond_oas_v30 = Choices::Beyond{int(up_to(2))};
    choices.aligns_s1contextptr = sometimes(2);
    choices.s2t0sz_out_of_range_is_illegal_v30 = sometimes(2);
    choices.txsz_out_of_range_is_illegal_v30 = sometimes(2);
    choices.retries_unrecorded_stalls = sometimes(2);
    choices.event_write_abort_is_asynchronous = sometimes(2);
    choices.event_write_abort_loses_stall_record = sometimes(2);
    choices.at_stall_max = Choices::AtStallMax{int(up_to(1))};
    choices.suppresses_duplicate_stalls = sometimes(2);
    choices.walk.permission_fault_updates_access_flag = sometimes(2);
  }

  /// The structures of the fixture with some fields changed, or whole noise
  void random_structures() {
    ste = m_plain_ste;
    cd = m_plain_cd;
    config(sometimes(8) ? up_to(7) : 4 + up_to(3));
    for (auto* words : {&ste, &cd}) {
      for (unsigned n = up_to(6); n > 0; n--) (*words)[up_to(3)] ^= one(up_to(63));
      if (sometimes(16)) {
        for (uint64_t& word : *words) word = any();
      }
    }
    if (sometimes(2)) {
      cd[0] |= one(44);
      ste[2] |= one(57);
    }
    if (sometimes(3)) cd[0] = (cd[0] & ~uint64_t{0xFF}) | up_to(255);
    if (sometimes(3)) ste[2] = (ste[2] & ~(uint64_t{0xFFFF} << 32)) | (uint64_t{up_to(0xFFFF)} << 32);
    if (sometimes(3)) ste[2] = (ste[2] & ~(uint64_t{7} << 48)) | (uint64_t{up_to(7)} << 48);
    for (unsigned n = 0; n < 8; n++) {
      memory.put64(STAGE1 + 8 * n,
                   (any() & 0x0078'0000'0000'0FFF) | (any() & 0x3'C007'F000) | (up_to(7) != 0 ? 1u : 0u));
      memory.put64(STAGE2 + 8 * n, n == 0 && !sometimes(4)
                                       ? block(0, AF | S2_READ | S2_WRITE | S2_WB)
                                       : (any() & 0x0078'0000'0000'0FFF) | (any() & 0x3'C007'F000) | 1);
    }
  }

  void random_access() {
    request.StreamID = sometimes(16) ? up_to(20) : 0;
    request.SSV = sometimes(3);
    request.SubstreamID = up_to(4);
    request.instruction = sometimes(2);
    request.privileged = sometimes(2);
    request.attributes = static_cast<uint8_t>(any());
    const uint64_t address = sometimes(4) ? any() : any() & 0x1'FFFF'FFFF;
    const Outcome outcome = access(address, AccessType{int(up_to(2))});
    check(outcome);
    for (const auto& [id, finished] : smmu->take_finished()) check(finished);
  }

  void check(const Outcome& outcome) {
    if (outcome.kind == Outcome::Kind::forwarded) {
      EXPECT_FALSE(beyond(outcome.forwarded.address, smmu->features().oas_bits()));
    }
    if (outcome.kind == Outcome::Kind::razwi) {
      EXPECT_FALSE(smmu->features().TERM_MODEL);
    }
    if (outcome.kind == Outcome::Kind::stalled) {
      EXPECT_NE(smmu->features().STALL_MODEL, 1u);
    }
  }

  std::mt19937_64 m_random{1};
  const std::array<uint64_t, 8> m_plain_ste = ste;
  const std::array<uint64_t, 8> m_plain_cd = cd;
};

}  // namespace

TEST_F(NaiveRandom, NothingThrowsAndEveryOutcomeIsLegal) {
  for (unsigned round = 0; round < 1000; round++) {
    features = random_features();
    random_choices();
    smmu.reset();
    memory = {};
    CR2 = up_to(3);
    for (unsigned n = 0; n < 24; n++) {
      if (n == 0 || sometimes(3)) random_structures();
      memory.aborting.clear();
      if (sometimes(8)) memory.aborting = {(any() & 0x7'0000) + up_to(64)};
      random_access();
      switch (up_to(7)) {
        case 0:
          command(0x44 | (uint64_t{up_to(3)} << 12), up_to(3));
          break;
        case 1:
          command(sometimes(2) ? any() : 0x44 + up_to(2), any());
          break;
        case 2:
          acknowledge();
          smmu->write(0x100AC, 4, smmu->read(0x100A8, 4));
          break;
        case 3:
          smmu->write(4 * up_to(0x50), 4, any());
          break;
        case 4:
          smmu->write(0x108, 8, 0);
          smmu->write(0x110, 8, any() & 0x1'FFFF'FFFF);
          smmu->write(0x100, 4, 1);
          break;
        default:
          break;
      }
    }
  }
}
