// SPDX-License-Identifier: MIT
//
// A naive SMMU with ATS, for the tests of it. Full ATS at stage 1, ATSCHK, REC_CFG_ATS and RECINVSID set.
#pragma once

#include <string>

#include "test_smmu.h"

namespace naive_smmuv3_test {

using Status = TranslationCompletion::Status;
constexpr uint64_t EXECUTE_NEVER = one(54) | one(53);
constexpr uint64_t EATS_FULL = one(28);
constexpr uint64_t EATS_SPLIT = one(29);
constexpr uint64_t PASIDS = uint64_t{3} << 59;  // S1CDMax
constexpr uint32_t ATSCHK_0 = 0b01101, ATSCHK_1 = 0b11101;

/// Set members, then ask()
class NaiveAts : public NaiveSmmu {
 protected:
  NaiveAts() {
    features.ATS = features.ATSRECERR = true;
    config(0b101);
    ste[1] |= EATS_FULL;
    CR2 = 0b1010;  // REC_CFG_ATS, RECINVSID
  }
  void ready() {
    if (!smmu.has_value()) start();
    smmu->write(0x20, 4, CR0);
    put_structures();
    put(CDS + 64, cd);  // of Substream 1
  }
  TranslationCompletion ask(uint64_t address, bool NW = true) {
    ready();
    treq.address = address;
    treq.NW = NW;
    return smmu->request_translation(treq);
  }
  /// With the PASID 1
  void with_pasid(bool Exe, bool Priv) {
    ste[0] |= PASIDS;
    treq.SSV = true;
    treq.SubstreamID = 1;
    treq.Exe = Exe;
    treq.Priv = Priv;
  }
  /// The rights of a Completion, as letters
  std::string rights(const TranslationCompletion& completion) {
    EXPECT_EQ(completion.status, Status::success);
    EXPECT_FALSE(completion.G || completion.U || completion.N);
    std::string text;
    if (completion.R) text += 'R';
    if (completion.W) text += 'W';
    if (completion.Exe) text += 'X';
    if (completion.Priv) text += 'P';
    if (!completion.R && !completion.W && !completion.Exe) {
      EXPECT_EQ(completion.shift, 12u);
    }
    return text;
  }
  void page(uint64_t bits) { memory.put64(STAGE1, block(GIB, bits)); }
  void stage2_page(uint64_t bits) { memory.put64(STAGE2 + 8, block(3 * GIB, bits)); }
  void expect(Status status, unsigned number_of_events, uint64_t address = 0x1000) {
    EXPECT_EQ(ask(address).status, status);
    EXPECT_EQ(events(), number_of_events);
  }

  TranslationRequest treq;
  uint32_t CR0 = ATSCHK_1;
};

}  // namespace naive_smmuv3_test
