// Stage 2 of the Secure state: two spaces of IPAs, each with tables of its own (IHI 0070 3.10.2.2).
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "table_memory.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr AddressSpace spaces[] = {AddressSpace::non_secure, AddressSpace::secure};
constexpr std::uint64_t NS = bit(5);
constexpr std::uint64_t nG = bit(11);
constexpr std::uint64_t NSTable = bit(63);

/// One page of each space of IPAs, and tables of stage 1 in both, whose IPAs are physical addresses less
/// `offset`. Memory knows of each table of stage 2 whose it is.
class SecureBench {
 public:
  static constexpr std::uint64_t offset = 0x1'0000'0000;     // of Secure IPAs
  static constexpr std::uint64_t ns_offset = 0x2'0000'0000;  // of Non-secure IPAs

  SecureBench() {
    Config ns;
    ns.stages = Stages::stage2;
    ns.stage2.T0SZ = 25;
    ns.stage2.start_level = 1;
    ns.stage2.XNX = true;
    Config s = ns;
    s.stage2.T0SZ = 20;  // 44 bits, 16 KiB
    s.stage2.granule = Granule::size_16k;
    s.stage2.start_level = 1;
    m_ns.emplace(ns, memory_of(), TableAllocator{0x4000'0000});
    m_s.emplace(s, memory_of(), TableAllocator{0x6000'0000});
    Mapping everything;
    everything.privileged_execute = everything.unprivileged_execute = true;
    EXPECT_TRUE(m_ns->map(0, ns_offset, 0x100'0000, everything));
    EXPECT_TRUE(m_s->map(0, offset, 0x100'0000, everything));
    config = m_ns->config();
    config.space = AddressSpace::secure;
    config.secure_stage2.base = m_s->config().stage2.base;
    config.secure_stage2.T0SZ = 20;
    config.secure_stage2.start_level = 1;
    config.secure_stage2.granule = Granule::size_16k;
    config.stage1 = two_range_config().stage1;
    config.stage1.tables[0].TxSZ = 25;  // levels 1 to 3
    config.stage1.tables[0].base = 0x10000;
    config.stage1.tables[1].EPD = true;
    table(0x10000, 0x11000 | 3);
    table(0x11000, 0x12000 | 3);
    table(0x12000, 0x20000 | bit(10) | bit(6) | 3);
  }
  /// Writes a descriptor at the same IPA of both spaces.
  void table(std::uint64_t ipa, std::uint64_t value) {
    memory.store(offset + ipa, value);
    memory.store(ns_offset + ipa, value);
  }
  void set_stages(Stages stages) { config.stages = stages; }
  void set_controls(unsigned bits) {
    config.secure_stage2.SW = (bits & 1) != 0;
    config.secure_stage2.SA = (bits & 2) != 0;
    config.secure_stage2.NSW = (bits & 4) != 0;
    config.secure_stage2.NSA = (bits & 8) != 0;
  }
  AddressSpace table_space(AddressSpace ipa) const {
    const auto& s = config.secure_stage2;
    const bool non_secure = ipa == AddressSpace::secure ? s.SW : s.NSW;
    return non_secure ? AddressSpace::non_secure : AddressSpace::secure;
  }
  // As the pseudocode of 13.4.4 has it.
  AddressSpace output_space(AddressSpace ipa) const {
    const auto& s = config.secure_stage2;
    const bool sipa_ns = s.SW || s.SA;
    const bool nsipa_ns = s.NSW || sipa_ns || s.NSA;
    const bool non_secure = ipa == AddressSpace::secure ? sipa_ns : nsipa_ns;
    return non_secure ? AddressSpace::non_secure : AddressSpace::secure;
  }
  /// Whose tables of stage 2 an address lies in.
  static AddressSpace owner(std::uint64_t address) {
    return address >= 0x6000'0000 ? AddressSpace::secure : AddressSpace::non_secure;
  }
  Result translate(std::uint64_t va, AddressSpace space = AddressSpace::secure,
                   AccessType access = AccessType::read) {
    memory.forget();
    WalkRequest request;
    request.va = va;
    request.access = access;
    request.space = space;
    return walk(config, request, memory);
  }

  TableMemory memory;
  Config config;

 private:
  std::function<MemoryResponse(const MemoryOp&)> memory_of() {
    return [this](const MemoryOp& op) { return memory(op); };
  }
  std::optional<Builder> m_ns;
  std::optional<Builder> m_s;
};

TEST(SecureStage2, TheSpaceOfAnIpaChoosesItsTablesAndTheirSpaceAndThatOfTheOutput) {
  for (unsigned controls = 0; controls < 16; ++controls) {
    for (const AddressSpace ipa : spaces) {
      SecureBench bench;
      bench.set_stages(Stages::stage2);
      bench.set_controls(controls);
      const Result r = bench.translate(0x20123, ipa);
      ASSERT_TRUE(r.ok());
      const bool secure = ipa == AddressSpace::secure;
      EXPECT_EQ(r.output, (secure ? SecureBench::offset : SecureBench::ns_offset) + 0x20123);
      EXPECT_EQ(r.space, bench.output_space(ipa)) << controls;
      for (const MemoryOp& op : bench.memory.ops()) {
        EXPECT_EQ(SecureBench::owner(op.address), ipa);
        EXPECT_EQ(op.space, bench.table_space(ipa)) << controls;
      }
    }
  }
}

TEST(SecureStage2, WithoutASecureSpaceThereIsOneSpaceOfIpas) {
  SecureBench bench;
  bench.set_stages(Stages::stage2);
  bench.set_controls(0);
  bench.config.space = AddressSpace::non_secure;
  for (const AddressSpace space : spaces) {
    const Result r = bench.translate(0x20123, space);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.output, SecureBench::ns_offset + 0x20123);
    EXPECT_EQ(r.space, AddressSpace::non_secure);
    for (const MemoryOp& op : bench.memory.ops()) EXPECT_EQ(op.space, AddressSpace::non_secure);
  }
}

TEST(SecureStage2, EachDescriptorOfStage1IsReadThroughTheSpaceThatNscfgAndNstableGive) {
  struct Case {
    bool NSCFG;
    int NSTable;  // level of the table descriptor that has it; 0: none
    bool leaf_NS;
    unsigned secure_tables;  // so many of the three are read through Secure IPAs
    bool secure_output;
  };
  constexpr Case cases[] = {{false, 0, false, 3, true},  {false, 0, true, 3, false},
                            {false, 1, false, 1, false}, {false, 2, false, 2, false},
                            {true, 0, false, 0, false},  {true, 0, true, 0, false}};
  for (const Case& c : cases) {
    for (unsigned controls = 0; controls < 16; ++controls) {
      SecureBench bench;
      bench.set_stages(Stages::nested);
      bench.set_controls(controls);
      bench.config.stage1.tables[0].NS = c.NSCFG;
      bench.table(0x10000, 0x11000 | 3 | (c.NSTable == 1 ? NSTable : 0));
      bench.table(0x11000, 0x12000 | 3 | (c.NSTable == 2 ? NSTable : 0));
      bench.table(0x12000, 0x20000 | bit(10) | bit(6) | 3 | (c.leaf_NS ? NS : 0));
      const Result r = bench.translate(0x123);
      ASSERT_TRUE(r.ok());
      unsigned seen = 0;
      for (const MemoryOp& op : bench.memory.ops()) {
        const AddressSpace ipa = seen < c.secure_tables || (seen == 3 && c.secure_output)
                                     ? AddressSpace::secure
                                     : AddressSpace::non_secure;
        if (op.stage == Stage::stage1) {
          EXPECT_EQ(op.space, bench.output_space(ipa)) << controls;
          ++seen;
        } else {
          EXPECT_EQ(SecureBench::owner(op.address), ipa) << seen;
          EXPECT_EQ(op.space, bench.table_space(ipa)) << controls;
        }
      }
      EXPECT_EQ(seen, 3U);
      const AddressSpace out = c.secure_output ? AddressSpace::secure : AddressSpace::non_secure;
      EXPECT_EQ(r.space, bench.output_space(out));
      EXPECT_EQ(r.output, (c.secure_output ? SecureBench::offset : SecureBench::ns_offset) + 0x20123);
      // 3.17.1: what is read through a Non-secure IPA is not global.
      EXPECT_EQ(r.nG, c.secure_tables < 3);
    }
  }
}

TEST(SecureStage2, NGOfADescriptorOfASecureIpaCounts) {
  SecureBench bench;
  bench.set_stages(Stages::nested);
  bench.table(0x12000, 0x20000 | bit(10) | bit(6) | 3 | nG);
  EXPECT_TRUE(bench.translate(0).nG);
}

TEST(SecureStage2, AFaultTellsTheSpaceOfItsIpa) {
  SecureBench bench;
  bench.set_stages(Stages::stage2);
  for (const AddressSpace ipa : spaces) {
    const Result r = bench.translate(0x200'0000, ipa);
    EXPECT_EQ(r.fault.kind, FaultKind::translation);
    EXPECT_EQ(r.fault.ipa, 0x200'0000U);
    EXPECT_EQ(r.fault.ipa_space, ipa);
  }
  // Of tables of stage 1, and of the output.
  bench.set_stages(Stages::nested);
  bench.table(0x11000, 0x200'0000 | 3 | NSTable);
  Result r = bench.translate(0);
  EXPECT_EQ(r.fault.ipa, 0x200'0000U);
  EXPECT_TRUE(r.fault.on_table_walk);
  EXPECT_EQ(r.fault.ipa_space, AddressSpace::non_secure);
  bench.table(0x11000, 0x200'0000 | 3);
  EXPECT_EQ(bench.translate(0).fault.ipa_space, AddressSpace::secure);
  bench.table(0x11000, 0x12000 | 3);
  bench.table(0x12000, 0x200'0000 | bit(10) | bit(6) | 3 | NS);
  r = bench.translate(0);
  EXPECT_FALSE(r.fault.on_table_walk);
  EXPECT_EQ(r.fault.ipa_space, AddressSpace::non_secure);
}

TEST(SecureStage2, EachSpaceHasItsOwnInputSize) {
  SecureBench bench;
  bench.set_stages(Stages::stage2);
  const Result ns = bench.translate(std::uint64_t{1} << 40, AddressSpace::non_secure);
  EXPECT_EQ(ns.fault.kind, FaultKind::translation);
  EXPECT_EQ(ns.fault.level, 0);
  EXPECT_TRUE(bench.memory.ops().empty());
  bench.translate(std::uint64_t{1} << 40, AddressSpace::secure);
  EXPECT_FALSE(bench.memory.ops().empty()) << "44 bits";
}

TEST(SecureStage2, AnUpdateOfStage1IsMadeWhereStage2HasFoundItsDescriptor) {
  SecureBench bench;
  bench.set_stages(Stages::nested);
  bench.set_controls(2);
  bench.config.stage1.HA = true;
  bench.config.stage1.tables[0].NS = true;
  bench.table(0x12000, 0x20000 | bit(6) | 3);
  ASSERT_TRUE(bench.translate(0).ok());
  bool updated = false;
  for (const MemoryOp& op : bench.memory.ops()) {
    if (op.kind != MemoryOpKind::compare_and_swap) continue;
    updated = true;
    EXPECT_EQ(op.address, SecureBench::ns_offset + 0x12000);
    EXPECT_EQ(op.space, AddressSpace::non_secure);
  }
  EXPECT_TRUE(updated);
}

// IHI 0070 6.3.57: what stage 1 gives as Non-secure is not executable; at stage 1 alone and before stage 2.
TEST(SecureStage2, SifTakesExecutionFromWhatStage1GivesAsNonSecure) {
  for (const Stages stages : {Stages::stage1, Stages::nested}) {
    for (const bool SIF : {false, true}) {
      for (const bool non_secure : {false, true}) {
        SecureBench bench;
        bench.set_stages(stages);
        bench.config.stage1.SIF = SIF;
        const std::uint64_t leaf = 0x20000 | bit(10) | 3 | (non_secure ? NS : 0);
        bench.table(0x12000, leaf);
        bench.memory.store(0x10000, 0x11000 | 3);
        bench.memory.store(0x11000, 0x12000 | 3);
        bench.memory.store(0x12000, leaf);
        const Result r = bench.translate(0, AddressSpace::secure, AccessType::execute);
        EXPECT_EQ(r.ok(), !(SIF && non_secure));
        if (!r.ok()) {
          EXPECT_EQ(r.fault.kind, FaultKind::permission);
          EXPECT_EQ(r.fault.stage, Stage::stage1);
        }
        EXPECT_TRUE(bench.translate(0).ok()) << "reads";
      }
    }
  }
  SecureBench bench;
  bench.set_stages(Stages::stage1);
  bench.config.stage1.SIF = true;
  bench.config.space = AddressSpace::non_secure;
  bench.memory.store(0x10000, 0x11000 | 3);
  bench.memory.store(0x11000, 0x12000 | 3);
  bench.memory.store(0x12000, 0x20000 | bit(10) | 3 | NS);
  EXPECT_TRUE(bench.translate(0, AddressSpace::secure, AccessType::execute).ok())
      << "of Secure streams alone";
}

TEST(SecureStage2, QuestionsSayWhichSpaceTheyAreOfAndAnswersAreOfIt) {
  SecureBench bench;
  bench.set_stages(Stages::stage2);
  bench.set_controls(4);  // NSW: tables of Non-secure IPAs are Non-secure
  std::map<AddressSpace, std::vector<TablePointer>> tables;
  std::map<AddressSpace, std::optional<Stage2Translation>> leaf;
  for (const AddressSpace ipa : spaces) {
    WalkRequest request;
    request.va = 0x20123;
    request.space = ipa;
    Walk w(bench.config, request);
    ASSERT_TRUE(w.question());
    EXPECT_EQ(w.question()->space, ipa);
    EXPECT_EQ(w.stage2_space(), ipa);
    while (w.step() == Step::need) {
      w.complete(bench.memory(w.op()));
      if (const auto t = w.found_table()) tables[ipa].push_back(*t);
      if (const auto f = w.found_stage2()) leaf[ipa] = f;
    }
    ASSERT_TRUE(w.result().ok());
    ASSERT_FALSE(tables[ipa].empty());
    for (const TablePointer& t : tables[ipa]) EXPECT_EQ(t.space, bench.table_space(ipa));
    ASSERT_TRUE(leaf[ipa]);
  }
  for (const AddressSpace ipa : spaces) {
    WalkRequest request;
    request.va = 0x20123;
    request.space = ipa;
    const AddressSpace other = ipa == AddressSpace::secure ? AddressSpace::non_secure : AddressSpace::secure;
    Walk w(bench.config, request);
    EXPECT_FALSE(w.start_at(tables[other].back())) << "a table of the other space";
    EXPECT_TRUE(w.start_at(tables[ipa].back()));
    Walk known(bench.config, request);
    ASSERT_TRUE(known.use(*leaf[ipa]));
    EXPECT_EQ(known.step(), Step::done);
    EXPECT_EQ(known.result().space, bench.output_space(ipa));
  }
}

TEST(SecureStage2, BothTablesHaveToBeWalkable) {
  SecureBench bench;
  bench.set_stages(Stages::stage2);
  EXPECT_TRUE(is_walkable(bench.config));
  Config c = bench.config;
  c.secure_stage2.start_level = 3;
  EXPECT_FALSE(is_walkable(c));
  c.space = AddressSpace::non_secure;
  EXPECT_TRUE(is_walkable(c)) << "the Secure ones are not there";
  c = bench.config;
  c.stage2.format = Format::lpae32;
  c.stage2.output_size = 40;
  c.stage2.T0SZ = 0;
  c.space = AddressSpace::non_secure;
  EXPECT_TRUE(is_walkable(c));
  c.space = AddressSpace::secure;
  EXPECT_FALSE(is_walkable(c)) << "IHI 0070 5.2: no VMSAv8-32";
}

TEST(SecureStage2, SetupsDifferByEachOfItsFields) {
  SecureBench bench;
  bench.set_stages(Stages::nested);
  const WalkSetup setup(bench.config);
  EXPECT_TRUE(setup == WalkSetup(bench.config));
  const auto differs = [&](auto change) {
    Config c = bench.config;
    change(c.secure_stage2);
    return !(setup == WalkSetup(c));
  };
  EXPECT_TRUE(differs([](SecureStage2Config& s) { s.base ^= 0x1'0000'0000; }));
  EXPECT_TRUE(differs([](SecureStage2Config& s) { s.T0SZ = 21; }));
  EXPECT_TRUE(differs([](SecureStage2Config& s) { s.SW = true; }));
  EXPECT_TRUE(differs([](SecureStage2Config& s) { s.SA = true; }));
  EXPECT_TRUE(differs([](SecureStage2Config& s) { s.NSW = true; }));
  EXPECT_TRUE(differs([](SecureStage2Config& s) { s.NSA = true; }));
  Config c = bench.config;
  c.stage1.SIF = true;
  EXPECT_FALSE(setup == WalkSetup(c));
}

}  // namespace
}  // namespace smmuvp::pgtable::test
