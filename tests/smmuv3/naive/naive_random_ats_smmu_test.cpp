// SPDX-License-Identifier: MIT
//
// Random structures and tables: what a Translation Request grants, ordinary and Translated transactions may
// do, and reach the same memory. Random messages and commands throw nothing.
#include <random>

#include "test_ats.h"

using namespace naive_smmuv3_test;

namespace {

class NaiveRandomAts : public NaiveAts {
 protected:
  uint64_t any() { return m_random(); }
  unsigned up_to(unsigned n) { return unsigned(m_random() % (n + 1)); }
  bool sometimes(unsigned one_in) { return m_random() % one_in == 0; }

  void random_features() {
    features = {};
    features.ATS = true;
    features.ATSRECERR = sometimes(2);
    features.NS1ATS = sometimes(4);
    features.PRI = sometimes(2);
    features.PRIQS = up_to(4);
    features.STALL_MODEL = 1;
    features.STALL_MAX = 0;
    features.HTTU = up_to(2);
    features.TTF = 2 + up_to(1);
    features.SSIDSIZE = sometimes(8) ? 0 : 20;
    features.PPS = features.PRI && features.SSIDSIZE != 0 && sometimes(2);
    features.ATTR_PERMS_OVR = sometimes(2);
    features.E0PD = sometimes(2);
    features.FWB = sometimes(2);
    features.XNX = sometimes(2);
    features.OAS = 2 + up_to(3);
    features.GRAN16K = sometimes(2);
    choices = {};
    choices.grants_write_with_nw = sometimes(2);
    choices.split_request_flags = Choices::SplitFlags{int(up_to(2))};
    choices.ats_size_is_contiguous = sometimes(2);
    choices.walk.permission_fault_updates_access_flag = sometimes(2);
    choices.walk.execute_from_device_faults = sometimes(2);
  }

  void random_structures() {
    ste = m_plain_ste;
    cd = m_plain_cd;
    config(sometimes(8) ? up_to(7) : sometimes(3) ? 5 + up_to(1) : 7);
    ste[1] = (ste[1] & ~(EATS_FULL | EATS_SPLIT)) | (uint64_t{sometimes(4) ? up_to(3) : 1 + up_to(1)} << 28);
    if (sometimes(2)) ste[0] |= PASIDS;
    ste[1] |= up_to(3);  // S1DSS
    if (sometimes(2)) ste[1] |= any() & (uint64_t{0xF} << 48);
    if (sometimes(2)) cd[0] |= any() & (one(42) | one(43) | one(40) | one(36));
    if (sometimes(2)) ste[2] |= any() & (one(55) | one(56));
    for (unsigned n = sometimes(3) ? up_to(3) : 0; n > 0; n--) ste[up_to(3)] ^= one(up_to(63));
    for (unsigned n = sometimes(3) ? up_to(3) : 0; n > 0; n--) cd[up_to(3)] ^= one(up_to(63));
    const uint64_t leaf = 0x0068'0000'0000'00C0;  // XN, PXN or XNX, DBM, and permissions
    for (unsigned n = 0; n < 4; n++) {
      memory.put64(STAGE1 + 8 * n, block(GIB * up_to(3), (any() & leaf) | (sometimes(6) ? 0 : AF) | INNER));
      memory.put64(STAGE2 + 8 * n,
                   block(n == 0 ? 0 : GIB * (4 + up_to(3)), (any() & leaf) | (sometimes(2) ? S2_READ : 0) |
                                                                (sometimes(6) ? 0 : AF) | S2_WB | INNER));
    }
    if (!sometimes(4)) memory.put64(STAGE2, block(0, AF | S2_READ | S2_WRITE | S2_WB));
  }

  void random_request() {
    treq.StreamID = sometimes(16) ? up_to(20) : 0;
    treq.SSV = sometimes(8) || (bit(ste[0], 59) && !sometimes(3));
    treq.SubstreamID = sometimes(8) ? up_to(8) : 1 + up_to(2);
    treq.Exe = sometimes(2);
    treq.Priv = sometimes(2);
    treq.NW = sometimes(2);
    treq.address = sometimes(16) ? any() : any() & 0x7FFF'FFFF;
  }

  /// An ordinary transaction of the same origin
  Outcome ordinary(AccessType type, bool fetch = false) {
    AccessRequest access;
    access.StreamID = treq.StreamID;
    access.SSV = treq.SSV;
    access.SubstreamID = treq.SubstreamID;
    access.privileged = treq.SSV && treq.Priv;
    access.instruction = fetch;
    access.type = type;
    access.address = treq.address;
    return smmu->access(access);
  }

  std::mt19937_64 m_random{1};
  const std::array<uint64_t, 8> m_plain_ste = ste;
  const std::array<uint64_t, 8> m_plain_cd = cd;
  unsigned m_granted = 0, m_split = 0;

  /// `outcome` went on to where the Completion, or a Translated transaction by it, leads
  void expect_same(const Outcome& outcome, const TranslationCompletion& completion, AccessType type) {
    ASSERT_EQ(outcome.kind, Outcome::Kind::forwarded);
    AccessRequest access;
    access.translated = true;
    access.StreamID = treq.StreamID;
    access.type = type;
    access.address = completion.address + truncate(treq.address, completion.shift);
    const Outcome translated = smmu->access(access);
    ASSERT_EQ(translated.kind, Outcome::Kind::forwarded);
    EXPECT_EQ(translated.forwarded.address, outcome.forwarded.address);
  }
};

}  // namespace

TEST_F(NaiveRandomAts, WhatIsGrantedTransactionsMayDo) {
  for (unsigned round = 0; round < 8000; round++) {
    random_features();
    smmu.reset();
    memory = {};
    CR0 = sometimes(4) ? ATSCHK_0 : ATSCHK_1;
    random_structures();
    random_request();
    ready();
    for (uint64_t n = 2; n < 4; n++) put(CDS + 64 * n, cd);
    const TranslationCompletion completion = smmu->request_translation(treq);
    if (completion.status != Status::success) {
      EXPECT_FALSE(completion.R || completion.W || completion.Exe);
      continue;
    }
    EXPECT_GE(completion.shift, 12u);
    EXPECT_EQ(truncate(completion.address, completion.shift), 0u);
    const bool identity = completion.R && completion.W && completion.lookup == nullptr;
    const bool incoming = !features.ATTR_PERMS_OVR || !bit(ste[1], 51);
    // Instruction of INSTCFG, XNX and PRIVCFG are not those of a Translated transaction without a PASID
    if (!incoming || identity) continue;
    const bool split = completion.lookup != nullptr && completion.lookup->ste.EATS == 0b10;
    m_granted += completion.R || completion.W ? 1 : 0;
    m_split += split ? 1 : 0;
    if (completion.R) expect_same(ordinary(AccessType::read), completion, AccessType::read);
    if (completion.W) expect_same(ordinary(AccessType::write), completion, AccessType::write);
    if (completion.Exe) {
      EXPECT_TRUE(treq.Exe && treq.SSV && completion.R);
      EXPECT_EQ(ordinary(AccessType::read, true).kind, Outcome::Kind::forwarded);
    }
    if (!completion.R && treq.NW) {
      EXPECT_NE(ordinary(AccessType::read).kind, Outcome::Kind::forwarded);
    }
    if (!completion.W && !treq.NW) {
      EXPECT_NE(ordinary(AccessType::write).kind, Outcome::Kind::forwarded);
    }
    if (HasFailure()) break;
  }
  // The draw is not all refusals
  EXPECT_GT(m_granted, 500u);
  EXPECT_GT(m_split, 100u);
}

TEST_F(NaiveRandomAts, NothingThrowsAndEveryAnswerIsLegal) {
  for (unsigned round = 0; round < 1000; round++) {
    random_features();
    smmu.reset();
    memory = {};
    CR2 = up_to(15);
    start();
    smmu->set_atc_handler([this](const AtcInvalidation& message) {
      EXPECT_LE(message.shift, 64u);
      EXPECT_EQ(truncate(message.address, message.shift), 0u);
      return sometimes(2) ? AtcAnswer::completed : AtcAnswer::timed_out;
    });
    for (unsigned n = 0; n < 24; n++) {
      if (n == 0 || sometimes(3)) random_structures();
      memory.aborting.clear();
      if (sometimes(8)) memory.aborting = {(any() & 0xF'0000) + up_to(64)};
      CR0 = sometimes(4) ? up_to(31) : 0b11111;
      random_request();
      ready();
      const TranslationCompletion completion = smmu->request_translation(treq);
      if (completion.status == Status::success) {
        EXPECT_TRUE(completion.shift >= 12 && completion.shift <= 64);
      }
      PageRequest page;
      page.StreamID = up_to(20);
      page.SSV = sometimes(2);
      page.SubstreamID = up_to(3);
      page.Last = sometimes(2);
      page.R = sometimes(2);
      page.PRGIndex = static_cast<unsigned>(any());
      if (features.PRI) smmu->page_request(page);
      if (sometimes(2)) command(0x40 + up_to(1), any());
      if (sometimes(2)) command(sometimes(2) ? any() : 0x46, any());
      if (sometimes(4)) acknowledge();
      if (sometimes(4)) smmu->write(0x100AC, 4, smmu->read(0x100A8, 4));
      if (sometimes(8)) smmu->write(0x100CC, 4, any());
      if (sometimes(8)) smmu->write(0xC0 + 4 * up_to(7), 4, any());
      for (const PrgResponse& response : smmu->take_prg_responses()) {
        EXPECT_LE(response.PRGIndex, 0x1FFu);
        EXPECT_TRUE(features.SSIDSIZE != 0 || !response.SSV);
        EXPECT_TRUE(response.ResponseCode == PRG_SUCCESS || response.ResponseCode == PRG_INVALID_REQUEST ||
                    response.ResponseCode == PRG_RESPONSE_FAILURE);
      }
    }
    if (HasFailure()) break;
  }
}
