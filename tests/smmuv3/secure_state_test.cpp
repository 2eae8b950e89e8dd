// The Secure state in saved states, resets, dumps and explanations.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "secure_stage2_world.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/explain_access.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using smmu::Step;

std::vector<std::uint8_t> saved(Smmu& smmu, Access* access = nullptr) {
  ArchiveWriter w;
  smmu.visit(w);
  if (access != nullptr) access->visit(w);
  return w.data();
}

TEST(SecureState, IsSavedAndGoesOn) {
  SecureWorld w(with_sel2());
  w.start();
  w.s_start(8, CR0_implemented | CR0_SIF, CR2_RECINVSID | CR2_E2H);
  ASSERT_TRUE(w.s_stream(1, 3, 2).map(0x1000, 0x9000'1000, 0x1000));
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'1000, 0x1000));
  w.s_access(1, 0x1000);
  w.access(1, 0x1000);
  w.s_access(9, 0x1000);
  SecureWorld v(with_sel2());
  v.memory = w.memory;
  ArchiveReader reader(saved(w.smmu));
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(saved(v.smmu), saved(w.smmu));
  EXPECT_EQ(v.s_access(1, 0x1000).output, 0x9000'1000U);
  EXPECT_EQ(v.access(1, 0x1000).output, 0x8000'1000U);
  EXPECT_EQ(v.smmu.engine_statistics().walks, w.smmu.engine_statistics().walks) << "from the TLB";
  EXPECT_EQ(v.s_event()[0], 4U | of_stream(9));
}

TEST(SecureState, AnAccessIsSavedAtEachMoment) {
  for (unsigned steps = 0; steps < 8; ++steps) {
    SecureWorld w;
    w.s_start();
    ASSERT_TRUE(w.s_stream(1).map(0x1000, 0x9000'1000, 0x1000));
    Access a(w.smmu, SecureWorld::s_request(1, 0x1000));
    for (unsigned i = 0; i < steps && a.step() == Step::need; ++i) a.complete(w.memory.carry_out(a.op()));
    a.step();
    SecureWorld v;
    v.memory = w.memory;
    ArchiveReader reader(saved(w.smmu, &a));
    v.smmu.visit(reader);
    Access b(v.smmu);
    b.visit(reader);
    ASSERT_TRUE(reader.complete()) << steps << ": " << reader.error();
    EXPECT_EQ(saved(v.smmu, &b), saved(w.smmu, &a));
    while (b.step() == Step::need) {
      EXPECT_EQ(b.op().space, AddressSpace::secure);
      b.complete(v.memory.carry_out(b.op()));
    }
    EXPECT_EQ(b.answer().output, 0x9000'1000U);
    EXPECT_EQ(b.answer().space, AddressSpace::secure);
  }
}

// Its walk is of the Security state as well, though it has no rules of stage 1.
TEST(SecureState, AnAccessThroughStage2IsSavedAtEachMoment) {
  for (const unsigned Config : {6U, 7U}) {
    for (unsigned steps = 0; steps < 10; ++steps) {
      const auto make = [Config] {
        auto w = std::make_unique<SecureStage2World>();
        pgtable::Builder& b = w->tables_in(S, SecureWorld::s_config());
        EXPECT_TRUE(b.map(0x1000, 0x1000, 0x1000));
        w->s_put(World::cd_address(1), cd_for(b.config(), 1));
        w->s_put_ste(1, w->ste(Config));
        return w;
      };
      const auto w = make();
      Access a(w->smmu, SecureWorld::s_request(1, 0x1000));
      for (unsigned i = 0; i < steps && a.step() == Step::need; ++i) {
        a.complete(w->memory.carry_out(a.op()));
      }
      a.step();
      const auto v = make();
      ArchiveReader reader(saved(w->smmu, &a));
      v->smmu.visit(reader);
      Access b(v->smmu);
      b.visit(reader);
      ASSERT_TRUE(reader.complete()) << Config << " " << steps << ": " << reader.error();
      while (b.step() == Step::need) b.complete(v->memory.carry_out(b.op()));
      EXPECT_EQ(b.answer().output, SecureStage2World::s_page);
    }
  }
}

TEST(SecureState, StallsOfBothStatesAreSavedTogether) {
  Features f = with_secure();
  f.STALL_MODEL = 0;
  f.STALL_MAX = 2;
  SecureWorld w(f);
  w.start();
  w.s_start();
  w.put(World::cd_address(1), cd_for(w.space().config(), 1).set(44, 1, 1));
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  w.s_put(World::cd_address(1),
          cd_for(w.tables_in(AddressSpace::secure, SecureWorld::s_config()).config(), 1).set(44, 1, 1));
  w.s_put_ste(1, ste_stage1(World::cd_address(1)));
  std::vector<std::unique_ptr<Access>> all;
  for (const std::uint64_t address : {0x1000, 0x2000}) {
    all.push_back(std::make_unique<Access>(w.smmu, World::request(1, address)));
    all.push_back(std::make_unique<Access>(w.smmu, SecureWorld::s_request(1, address)));
  }
  for (auto& a : all) {
    while (a->step() == Step::need) a->complete(w.memory.carry_out(a->op()));
    w.work();
  }
  ArchiveReader reader(saved(w.smmu));
  w.smmu.visit(reader);
  EXPECT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(w.smmu.interface().stalls().size() + w.s_interface().stalls().size(), 2U);
}

TEST(SecureState, ADamagedArchiveIsRefused) {
  SecureWorld w(with_sel2());
  w.s_start(8, CR0_implemented, CR2_E2H);
  w.s_stream(1, 3, 2);
  w.s_access(1, 0x1000);
  const std::vector<std::uint8_t> good = saved(w.smmu);
  for (std::size_t at = 0; at < good.size(); at += 97) {
    std::vector<std::uint8_t> bad = good;
    bad[at] ^= 0xff;
    SecureWorld v(with_sel2());
    v.memory = w.memory;
    ArchiveReader reader(bad);
    v.smmu.visit(reader);
    v.s_access(1, 0x1000);  // and goes on, whatever it is now
  }
}

TEST(SecureState, AResetClearsBothInterfaces) {
  SecureWorld w;
  w.start();
  w.s_start();
  w.s_put_ste(1, ste_bypass());
  w.s_access(1, 0x1000);
  Access a(w.smmu, SecureWorld::s_request(1, 0x1000));
  w.smmu.reset();
  EXPECT_EQ(a.step(), Step::done);
  EXPECT_EQ(a.answer().outcome, Outcome::abort);
  EXPECT_EQ(w.s_read(0x8020), 0U);
  EXPECT_EQ(w.s_interface().parts().configs.stes.size(), 0U);
  w.smmu.hold(true);
  EXPECT_EQ(w.s_access(1, 0x1000).outcome, Outcome::abort);
  w.smmu.hold(false);
  EXPECT_EQ(w.s_access(1, 0x1000).outcome, Outcome::forward);
}

// ---- dumps and explanations

smmu::DebugMemory memory_of(SecureWorld& w) {
  return [&w](const smmu::MemoryOp& op) { return w.memory.carry_out(op); };
}

const DumpSection* find(const DumpSection& in, const std::string& title) {
  for (const DumpSection& s : in.sections) {
    if (s.title.find(title) != std::string::npos) return &s;
    if (const DumpSection* below = find(s, title)) return below;
  }
  return nullptr;
}

TEST(SecureState, ADumpShowsBothInterfaces) {
  SecureWorld w(with_sel2());
  w.start();
  w.s_start();
  ASSERT_TRUE(w.s_stream(5, 1, 1).map(0x1000, 0x9000'1000, 0x1000));
  ASSERT_TRUE(w.stream(6).map(0x1000, 0x8000'1000, 0x1000));
  w.s_access(5, 0x1000);
  w.access(6, 0x1000);
  w.s_push(0x60);
  const DumpSection all = dump(w.smmu, "smmu0", memory_of(w));
  const DumpSection* secure = find(all, "Secure programming interface");
  ASSERT_NE(secure, nullptr);
  const std::string text = to_text(*secure);
  EXPECT_NE(text.find("SMMU_S_CR0"), std::string::npos);
  EXPECT_NE(text.find("CMD_TLBI_SNH_ALL"), std::string::npos);
  ASSERT_NE(find(*secure, "stream 0x5"), nullptr);
  EXPECT_EQ(find(*secure, "stream 0x6"), nullptr);
  EXPECT_NE(to_text(all).find("EL3"), std::string::npos) << "the StreamWorld of a TLB entry";
  std::size_t secure_registers = 0;
  for (const auto& [name, value] : register_values(w.smmu)) {
    if (name.rfind("SMMU_S_", 0) == 0) ++secure_registers;
  }
  EXPECT_GT(secure_registers, 30U);
  SecureWorld none{Features{}};
  EXPECT_EQ(find(dump(none.smmu, "smmu0", memory_of(none)), "Secure programming interface"), nullptr);
}

TEST(SecureState, AnExplanationOfASecureAccessGoesItsWay) {
  SecureWorld w(with_sel2());
  w.start();
  w.s_start(8, CR0_implemented | CR0_SIF);
  ASSERT_TRUE(w.s_stream(5).map(0x1000, 0x9000'1000, 0x1000));
  const AccessExplanation e = explain(w.smmu, SecureWorld::s_request(5, 0x1000), memory_of(w));
  EXPECT_EQ(e.now.answer.output, 0x9000'1000U);
  EXPECT_EQ(e.now.answer.space, AddressSpace::secure);
  EXPECT_NE(to_text(e).find("SMMU_S_CR0ACK"), std::string::npos);
  EXPECT_NE(to_text(e).find("SIF 1"), std::string::npos);
  ASSERT_TRUE(e.translation);
  EXPECT_TRUE(e.translation->walk.result.ok());
  EXPECT_FALSE(e.stale());
  w.s_access(5, 0x1000);
  EXPECT_FALSE(explain(w.smmu, SecureWorld::s_request(5, 0x1000), memory_of(w)).stale());
}

TEST(SecureState, CommandsOfASecureQueueAreJudgedSo) {
  const std::uint64_t words[2] = {0x60, 0};
  Ste of_queue;
  EXPECT_FALSE(explain(StructureKind::command, words, with_sel2(), of_queue).verdict->legal);
  of_queue.origin.sec_sid = SecSid::secure;
  EXPECT_TRUE(explain(StructureKind::command, words, with_sel2(), of_queue).verdict->legal);
}

}  // namespace
}  // namespace smmuvp::smmuv3
