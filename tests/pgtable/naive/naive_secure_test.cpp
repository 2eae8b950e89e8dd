// SPDX-License-Identifier: MIT
//
// Secure streams: the two IPA spaces of stage 2, and instruction fetches of Non-secure memory.
#include "test_memory.h"

using namespace naive;
using namespace naive_test;

namespace {

constexpr uint64_t NS = uint64_t{1} << 5;
constexpr uint64_t S2_WB = mem_attr(0xF);

/// Stage 2 of a Secure stream: 40 bits, 4 KiB, level 1. The tables of the Non-secure IPA space lie at
/// 0x10000, those of the Secure one at 0x20000: IPA 0 is PA 1 GiB through the former and PA 2 GiB through the
/// latter, and IPA 1 GiB is PA 0 in both.
class SecureStage2 : public testing::Test {
 protected:
  SecureStage2() {
    s2.T0SZ = 24;
    s2.SL0 = 1;
    s2.VTTBR = 0x10000;
    s2.secure.emplace();
    s2.secure->VTTBR = 0x20000;
    const uint64_t leaf = BLOCK | AF | S2R | S2W | S2_WB;
    memory.put64(0x10000, 0x40000000 | leaf);
    memory.put64(0x20000, 0x80000000 | leaf);
    memory.put64(0x10008, leaf);
    memory.put64(0x20008, leaf);
    s1.space = Space::secure;
    s1.T0SZ = 25;
    s1.TTBR0 = 0x40030000;  // PA 0x30000
    s1.MAIR = 0xFF;
    memory.put64(0x30000, 0 | BLOCK | AF);
  }
  Answer alone(Space ipa_space) {
    configuration.stage2 = s2;
    request.input_space = ipa_space;
    return translate(configuration, request, memory);
  }
  Answer nested(Access access = Access::read) {
    configuration.stage1 = s1;
    configuration.stage2 = s2;
    request.access = access;
    return translate(configuration, request, memory);
  }

  TestMemory memory;
  Configuration configuration;
  Request request;
  Stage1_64 s1;
  Stage2_64 s2;
};

class SecureFetch : public testing::Test {
 protected:
  SecureFetch() {
    s1.space = Space::secure;
    s1.T0SZ = 25;
    s1.TTBR0 = 0x10000;
    s1.MAIR = 0xFF;
    s1.SIF = true;
    ld.space = Space::secure;
    ld.TTBR0 = 0x10000;
    ld.MAIR0 = 0xFF;
    ld.SIF = true;
  }
  template <typename Stage1>
  Answer walk(const Stage1& stage1, Access access) {
    configuration.stage1 = stage1;
    Request request;
    request.access = access;
    return translate(configuration, request, memory);
  }

  TestMemory memory;
  Configuration configuration;
  Stage1_64 s1;
  Stage1_LD ld;
};

}  // namespace

TEST_F(SecureStage2, TheSpaceOfTheIpaChoosesTheTables) {
  Answer answer = alone(Space::non_secure);
  EXPECT_EQ(translated(answer).address, 0x40000000u);
  EXPECT_EQ(answer.reads[0].address, 0x10000u);
  answer = alone(Space::secure);
  EXPECT_EQ(translated(answer).address, 0x80000000u);
  EXPECT_EQ(answer.reads[0].address, 0x20000u);
}

struct Spaces {
  bool SW, SA, NSW, NSA;
  // of the walk and of the output, where 1 is Non-secure
  bool secure_walk, secure_output, non_secure_walk, non_secure_output;
};

TEST_F(SecureStage2, TheFourBitsChooseTheSpacesOfWalksAndOutputs) {
  // Each bit of the Secure IPA space makes the outputs of both spaces Non-secure
  const Spaces table[] = {
      {false, false, false, false, false, false, false, false},
      {false, false, false, true, false, false, false, true},
      {false, false, true, false, false, false, true, true},
      {false, true, false, false, false, true, false, true},
      {true, false, false, false, true, true, false, true},
      {true, true, true, true, true, true, true, true},
  };
  auto space = [](bool ns) { return ns ? Space::non_secure : Space::secure; };
  for (const Spaces& row : table) {
    s2.secure->SW = row.SW;
    s2.secure->SA = row.SA;
    s2.secure->NSW = row.NSW;
    s2.secure->NSA = row.NSA;
    Answer answer = alone(Space::secure);
    EXPECT_EQ(answer.reads[0].space, space(row.secure_walk));
    EXPECT_EQ(translated(answer).space, space(row.secure_output));
    answer = alone(Space::non_secure);
    EXPECT_EQ(answer.reads[0].space, space(row.non_secure_walk));
    EXPECT_EQ(translated(answer).space, space(row.non_secure_output));
  }
}

TEST_F(SecureStage2, EachSpaceHasItsOwnSizeGranuleAndStart) {
  s2.secure->T0SZ = 34;  // 30 bits, from level 2
  s2.secure->SL0 = 0;
  memory.put64(0x20000, 0x80000000 | BLOCK | AF | S2R | S2W | S2_WB);
  EXPECT_EQ(translated(alone(Space::secure)).stage2->leaf_level, 2);
  EXPECT_EQ(translated(alone(Space::non_secure)).stage2->leaf_level, 1);
  request.address = 0x40000000;
  EXPECT_EQ(faulted(alone(Space::secure)).kind, FaultKind::translation);
  EXPECT_EQ(translated(alone(Space::non_secure)).address, 0u);
  const System system;
  const Stage2_64 secure = stage2_of_ipa(s2, Space::secure);
  EXPECT_EQ(stage2_start(system, {}, secure)->level, 2);
  EXPECT_EQ(stage2_start(system, {}, stage2_of_ipa(s2, Space::non_secure))->level, 1);
}

TEST_F(SecureStage2, TheOutputSpaceOfStage1ChoosesTheTablesOfTheOutput) {
  Answer answer = nested();
  EXPECT_EQ(translated(answer).address, 0x80000000u);
  EXPECT_EQ(translated(answer).space, Space::secure);
  memory.put64(0x30000, 0 | BLOCK | AF | NS);
  answer = nested();
  EXPECT_EQ(translated(answer).address, 0x40000000u);
  // stage 2 for the descriptor, the descriptor, stage 2 for the output
  EXPECT_EQ(answer.reads[0].address, 0x20008u);
  EXPECT_EQ(answer.reads[2].address, 0x10000u);
}

TEST_F(SecureStage2, TheSpaceOfAStage1TableChoosesTheTablesOfItsFetch) {
  s1.NSCFG0 = true;
  s2.secure->NSA = true;
  const Answer answer = nested();
  EXPECT_EQ(answer.reads[0].address, 0x10008u);
  EXPECT_EQ(answer.reads[1].address, 0x30000u);
  EXPECT_EQ(answer.reads[1].space, Space::non_secure);
  EXPECT_TRUE(translated(answer).nG);
  EXPECT_EQ(translated(answer).address, 0x40000000u);
}

TEST_F(SecureStage2, AFaultNamesTheSpaceOfItsIpa) {
  memory.put64(0x20000, 0);
  EXPECT_EQ(faulted(nested()).ipa_space, Space::secure);
  memory.put64(0x30000, 0 | BLOCK | AF | NS);
  memory.put64(0x10000, 0);
  EXPECT_EQ(faulted(nested()).ipa_space, Space::non_secure);
}

TEST_F(SecureStage2, AFetchOfANonSecureIpaFaultsAtStage1WithSif) {
  s1.SIF = true;
  memory.put64(0x30000, 0 | BLOCK | AF | NS);
  memory.put64(0x10000, 0);  // Stage 2 would fault too
  const Fault fault = faulted(nested(Access::execute));
  EXPECT_EQ(fault.kind, FaultKind::permission);
  EXPECT_EQ(fault.stage, 1u);
}

TEST_F(SecureFetch, SifForbidsFetchesOfNonSecureMemoryAlone) {
  for (bool lpae : {false, true}) {
    auto answer = [&](Access access) { return lpae ? walk(ld, access) : walk(s1, access); };
    memory.put64(0x10000, 0 | BLOCK | AF);
    EXPECT_NE(answer(Access::execute).translation(), nullptr);
    memory.put64(0x10000, 0 | BLOCK | AF | NS);
    EXPECT_EQ(faulted(answer(Access::execute)).kind, FaultKind::permission);
    EXPECT_EQ(translated(answer(Access::read)).space, Space::non_secure);
    EXPECT_FALSE(translated(answer(Access::read)).permissions.privileged.execute);
  }
}

TEST_F(SecureFetch, SifDoesNotConcernNonSecureStreams) {
  s1.space = Space::non_secure;
  memory.put64(0x10000, 0 | BLOCK | AF | NS);
  EXPECT_NE(walk(s1, Access::execute).translation(), nullptr);
}
