// Commands of the Secure Command queue, and SSec (IHI 0070 4.1.6, 4.2 to 4.4, 4.7).
#include <gtest/gtest.h>

#include <string>

#include "secure_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using smmu::Step;

constexpr Origin secure_queue{SecSid::secure, false, false, false};

Features all_commands(bool SEL2) {
  Features f = SEL2 ? with_sel2() : with_secure();
  f.Hyp = true;
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  return f;
}

TEST(SecureCommands, EachOpcodeIsLegalOnTheQueuesThatItIsFor) {
  for (const bool SEL2 : {false, true}) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
      for (const bool secure : {false, true}) {
        for (const std::uint64_t ssec : {std::uint64_t{0}, SSec}) {
          const CommandInfo* info = find_command(static_cast<std::uint8_t>(opcode));
          const char* why = "";
          const Command c = Command::decode({opcode | ssec, 0});
          const bool legal = check_command(c, all_commands(SEL2), why, secure ? secure_queue : Origin{}) ==
                             CommandError::CERROR_NONE;
          const bool el3 = opcode == 0x18 || opcode == 0x1a;
          const bool sel2 = opcode >= 0x50 && opcode <= 0x60;
          bool expected = info != nullptr;
          if (opcode == 0x07 || opcode == 0x40 || opcode == 0x41 || opcode >= 0x70) expected = false;
          if (el3) expected = secure;
          if (sel2) expected = expected && secure && SEL2;
          if (expected && info->has_SSec && ssec != 0) expected = secure;  // 4.1.6
          EXPECT_EQ(legal, expected) << std::hex << opcode << " SSec " << ssec << " secure " << secure;
          if (!legal && info != nullptr) {
            EXPECT_NE(std::string(why), "");
          }
        }
      }
    }
  }
}

TEST(SecureCommands, ThoseOfSecureEl2AreRefusedByName) {
  const char* why = "";
  check_command(Command::decode({0x60, 0}), all_commands(false), why, secure_queue);
  EXPECT_EQ(std::string(why), "CMD_TLBI_SNH_ALL, with S_IDR1.SEL2 == 0");
  check_command(Command::decode({0x60, 0}), all_commands(true), why);
  EXPECT_EQ(std::string(why), "CMD_TLBI_SNH_ALL, on the Non-secure queue");
}

TEST(SecureCommands, AnErrorStopsTheSecureQueueAlone) {
  SecureWorld w;
  w.start();
  w.s_start();
  w.s_command(0x60);  // without SEL2
  EXPECT_EQ(w.s_read(0x809c) >> 24, 1U) << "CERROR_ILL";
  EXPECT_EQ(w.s_read(0x8060), GERROR_CMDQ_ERR);
  w.s_push(0x46);
  w.command(0x46);
  EXPECT_TRUE(w.commands_done());
  EXPECT_FALSE(w.s_commands_done());
  w.memory.write(SecureWorld::secure(World::cmdq), 0x18);
  w.s_write(0x8064, GERROR_CMDQ_ERR);
  w.work();
  EXPECT_TRUE(w.s_commands_done());
  w.command(0x18);
  EXPECT_EQ(w.read(0x9c) >> 24, 1U) << "CMD_TLBI_EL3_ALL on the Non-secure queue";
}

/// Both states have stream 1 and its STE and CD cached.
struct TwoStreams : SecureWorld {
  explicit TwoStreams(const Features& f = all_commands(true)) : SecureWorld(f) {
    start();
    s_start();
    EXPECT_TRUE(stream(1).map(0x1000, 0x8000'1000, 0x1000));
    EXPECT_TRUE(s_stream(1).map(0x1000, 0x9000'1000, 0x1000));
    access(1, 0x1000);
    s_access(1, 0x1000);
  }
  std::size_t stes(bool of_secure) {
    return (of_secure ? s_interface() : smmu.interface()).parts().configs.stes.size();
  }
  std::size_t cds(bool of_secure) {
    return (of_secure ? s_interface() : smmu.interface()).parts().configs.cds.size();
  }
};

TEST(SecureCommands, CfgiIsAboutTheStateThatSsecNames) {
  struct Case {
    std::uint64_t word0, word1;
    bool ste;
  };
  for (const Case& c : {Case{0x03 | of_stream(1), 0, true}, Case{0x04, 31, true}, Case{0x04, 3, true},
                        Case{0x05 | of_stream(1), 0, false}, Case{0x06 | of_stream(1), 0, false}}) {
    for (const bool secure_queue_used : {false, true}) {
      for (const bool ssec : {false, true}) {
        if (ssec && !secure_queue_used) continue;
        TwoStreams w;
        const std::uint64_t word0 = c.word0 | (ssec ? SSec : 0);
        secure_queue_used ? w.s_command(word0, c.word1) : static_cast<void>(w.command(word0, c.word1));
        EXPECT_EQ(w.cds(ssec), 0U);
        EXPECT_EQ(w.cds(!ssec), 1U) << "and no other";
        EXPECT_EQ(w.stes(ssec), c.ste ? 0U : 1U);
        EXPECT_EQ(w.stes(!ssec), 1U);
        // A Non-secure answer of a TBU goes with a Non-secure configuration alone.
        EXPECT_EQ(w.smmu.engine().tbus()[0].answers.size(), ssec ? 1U : 0U);
      }
    }
  }
}

TEST(SecureCommands, APrefetchIsOfTheStreamThatSsecNames) {
  for (const bool ssec : {false, true}) {
    SecureWorld w;
    w.start();
    w.s_start();
    ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'1000, 0x1000));
    ASSERT_TRUE(w.s_stream(1).map(0x1000, 0x9000'1000, 0x1000));
    w.s_command(0x02 | of_stream(1) | (ssec ? SSec : 0), 0x1000);
    EXPECT_TRUE(w.s_commands_done());
    EXPECT_EQ(w.smmu.parts().configs.cds.size(), ssec ? 0U : 1U);
    EXPECT_EQ(w.s_interface().parts().configs.cds.size(), ssec ? 1U : 0U);
    ASSERT_EQ(w.smmu.engine().tlb().size(), 1U);
    w.smmu.engine().tlb().for_each([&](const auto& e) {
      EXPECT_EQ(e.value.output, ssec ? 0x9000'1000U : 0x8000'1000U);
      EXPECT_EQ(e.value.space, ssec ? AddressSpace::secure : AddressSpace::non_secure);
    });
    // By SMMUEN of the state that it names (4.2).
    w.s_command(0x04 | SSec, 31);
    w.s_command(0x04, 31);
    (ssec ? w.s_write(0x8020, CR0_CMDQEN) : w.write(0x20, CR0_CMDQEN));
    w.work();
    if (!ssec) {
      w.s_command(0x01 | of_stream(1));
      EXPECT_EQ(w.smmu.parts().configs.stes.size(), 0U);
    } else {
      w.s_command(0x01 | of_stream(1) | SSec);
      EXPECT_EQ(w.s_interface().parts().configs.stes.size(), 0U);
    }
  }
}

TEST(SecureCommands, APrefetchWaitsForTheOneBeforeOfTheSameStateAlone) {
  SecureWorld w;
  w.start();
  w.s_start();
  w.s_stream(1);
  w.stream(1);
  w.s_push(0x02 | of_stream(1) | SSec, 0x1000 | 3);
  w.s_push(0x02 | of_stream(1), 0x1000 | 3);
  w.s_push(0x02 | of_stream(1) | SSec, 0x1000 | 3);
  w.work();
  EXPECT_TRUE(w.s_commands_done());
  EXPECT_EQ(w.smmu.statistics().prefetches, 3U);
}

TEST(SecureCommands, StreamIDsAreOutOfRangeByTheSizeOfTheStateThatIsNamed) {
  Features f = with_secure();
  f.SIDSIZE = 8;
  f.S_SIDSIZE = 4;
  SecureWorld w(f);
  w.start();
  w.s_start();
  w.s_command(0x03 | of_stream(0x20));
  EXPECT_TRUE(w.diag.all.empty());
  w.s_command(0x03 | of_stream(0x20) | SSec);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_NE(w.diag.all[0].text.find("S_IDR1.S_SIDSIZE"), std::string::npos);
  w.s_command(0x04 | of_stream(0x20) | SSec, 7);
  EXPECT_EQ(w.diag.all.size(), 1U) << "bits below Range + 1 are IGNORED";
}

// 4.4: tags that are too wide; 4.4.2: VMIDs of the Secure state count with SEL2.
TEST(SecureCommands, WideTagsAreDiagnosedWhereTheyCount) {
  Features f = with_sel2();
  f.ASID16 = f.VMID16 = false;
  SecureWorld w(f);
  w.s_start();
  const auto told = [&](std::uint64_t word0) {
    w.diag.all.clear();
    w.s_command(word0);
    return w.diag.all.size();
  };
  EXPECT_EQ(told(0x10 | 0x100ULL << 32), 1U) << "CMD_TLBI_NH_ALL, VMID";
  EXPECT_EQ(told(0x52 | 0x100ULL << 48), 0U) << "CMD_TLBI_S_EL2_VA without E2H";
  EXPECT_EQ(told(0x51 | 0x100ULL << 48), 1U) << "CMD_TLBI_S_EL2_ASID";
  SecureWorld without(with_secure());
  without.s_start();
  without.s_command(0x10 | 0x100ULL << 32);
  EXPECT_TRUE(without.s_commands_done());
}

TEST(SecureCommands, NsOfAPrefetchIsRes0ButOfASecureStreamWithSel2) {
  const CommandInfo& info = *find_command(0x02);
  const std::uint64_t NS = CMD_PREFETCH_ADDR_NS.in_word();
  const auto reserved = [&](std::uint64_t word0, const Features& f) {
    return reserved_bits(Command::decode({word0, NS}), info, f)[1] != 0;
  };
  EXPECT_FALSE(reserved(0x02 | SSec, with_sel2()));
  EXPECT_TRUE(reserved(0x02, with_sel2()));
  EXPECT_TRUE(reserved(0x02 | SSec, with_secure()));
}

// ---- stalls (4.7.1, 4.7.2)

struct StallWorld : SecureWorld {
  explicit StallWorld(std::uint16_t most = 4) : SecureWorld(features(most)) {
    start();
    s_start();
    put(cd_address(1), cd_for(space().config(), 1).set(44, 1, 1));
    put_ste(1, ste_stage1(cd_address(1)));
    s_put(cd_address(1), cd_for(tables_in(AddressSpace::secure, s_config()).config(), 1).set(44, 1, 1));
    s_put_ste(1, ste_stage1(cd_address(1)));
  }
  static Features features(std::uint16_t most) {
    Features f = all_commands(false);
    f.STALL_MAX = most;
    return f;
  }
  Step run(Access& a) {
    Step step = a.step();
    while (step == Step::need) {
      a.complete(memory.carry_out(a.op()));
      step = a.step();
    }
    work();
    return step;
  }
};

TEST(SecureStalls, AreRecordedAndResumedInTheirOwnState) {
  StallWorld w;
  Access ns(w.smmu, World::request(1, 0x1000));
  Access s(w.smmu, SecureWorld::s_request(1, 0x1000));
  EXPECT_EQ(w.run(ns), Step::stalled);
  EXPECT_EQ(w.run(s), Step::stalled);
  const Record of_ns = *w.pop_event();
  const Record of_s = w.s_event();
  EXPECT_EQ(bits(of_s, 95, 95), 1U);
  const std::uint64_t ns_tag = bits(of_ns, 79, 64);
  const std::uint64_t s_tag = bits(of_s, 79, 64);
  w.command(0x44 | of_stream(1), s_tag);
  w.command(0x45 | of_stream(1) | SSec);
  EXPECT_EQ(w.read(0x9c) >> 24, 1U) << "SSec is ILLEGAL on the Non-secure queue";
  EXPECT_EQ(s.step(), Step::stalled) << "a Non-secure command is nothing to a Secure stall";
  w.s_command(0x44 | of_stream(1) | SSec | 1U << 13, s_tag);
  EXPECT_EQ(w.run(s), Step::done);
  EXPECT_EQ(s.answer().outcome, Outcome::abort);
  if (ns_tag != s_tag) {
    EXPECT_EQ(ns.step(), Step::stalled);
  }
  w.s_command(0x44 | of_stream(1) | 1U << 13, ns_tag);
  EXPECT_EQ(w.run(ns), Step::done) << "with SSec 0 the Secure queue resumes Non-secure ones";
}

TEST(SecureStalls, StallTermIsOfTheStateThatSsecNames) {
  for (const bool ssec : {false, true}) {
    StallWorld w;
    Access ns(w.smmu, World::request(1, 0x1000));
    Access s(w.smmu, SecureWorld::s_request(1, 0x1000));
    w.run(ns);
    w.run(s);
    w.s_command(0x45 | of_stream(1) | (ssec ? SSec : 0));
    EXPECT_EQ(w.run(ns), ssec ? Step::stalled : Step::done);
    EXPECT_EQ(w.run(s), ssec ? Step::done : Step::stalled);
  }
}

// 6.3.6: so many records of any Event queue, without an answer.
TEST(SecureStalls, StallMaxIsOfBothStatesTogether) {
  StallWorld w(2);
  Access ns(w.smmu, World::request(1, 0x1000));
  Access s(w.smmu, SecureWorld::s_request(1, 0x1000));
  Access second_s(w.smmu, SecureWorld::s_request(1, 0x2000));
  Access second_ns(w.smmu, World::request(1, 0x2000));
  for (Access* a : {&ns, &s, &second_s, &second_ns}) EXPECT_EQ(w.run(*a), Step::stalled);
  EXPECT_TRUE(w.pop_event());
  EXPECT_FALSE(w.pop_event());
  EXPECT_TRUE(w.s_pop_event());
  EXPECT_FALSE(w.s_pop_event()) << "two records wait for an answer";
  w.command(0x44 | of_stream(1) | 1U << 13, *ns.stag());
  EXPECT_EQ(w.run(ns), Step::done);
  const auto of_ns = w.pop_event();
  const auto of_s = w.s_pop_event();
  EXPECT_NE(of_ns.has_value(), of_s.has_value()) << "one of those that waited has the STAG";
  w.command(0x45 | of_stream(1));
  w.s_command(0x45 | of_stream(1) | SSec);
  for (Access* a : {&s, &second_s, &second_ns}) EXPECT_EQ(w.run(*a), Step::done);
}

TEST(SecureStalls, DisablingOneStateEndsItsStallsAndFreesTheirTagsForTheOther) {
  StallWorld w(1);
  Access s(w.smmu, SecureWorld::s_request(1, 0x1000));
  Access ns(w.smmu, World::request(1, 0x1000));
  EXPECT_EQ(w.run(s), Step::stalled);
  EXPECT_EQ(w.run(ns), Step::stalled);
  EXPECT_FALSE(w.pop_event());
  w.s_write(0x8020, CR0_CMDQEN | CR0_EVENTQEN);
  w.work();
  EXPECT_EQ(w.run(s), Step::done);
  EXPECT_EQ(w.run(ns), Step::stalled);
  EXPECT_TRUE(w.pop_event());
  w.write(0x20, 0);
  w.work();
  EXPECT_EQ(w.run(ns), Step::done);
}

// 4.7.3: of a Secure CMD_SYNC that follows commands about Non-secure streams.
TEST(SecureCommands, ASyncOfTheSecureQueueMakesEventsOfBothStatesVisible) {
  SecureWorld w;
  w.start();
  w.s_start();
  {
    Access a(w.smmu, World::request(3, 0x1000));  // C_BAD_STE
    while (a.step() == Step::need) a.complete(w.memory.carry_out(a.op()));
    ASSERT_EQ(a.step(), Step::done);
  }
  w.s_push(0x46);
  // The Secure Command queue alone goes on: the Non-secure record is not written yet.
  while (w.work_on(w.s_interface().commands())) {
  }
  EXPECT_FALSE(w.s_commands_done());
  w.work();
  EXPECT_TRUE(w.s_commands_done());
  EXPECT_TRUE(w.pop_event());
}

}  // namespace
}  // namespace smmuvp::smmuv3
