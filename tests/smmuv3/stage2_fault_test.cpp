// Faults of stage 2, for the input, for tables of stage 1 and for CDs: records and ends (IHI 0070 5.5, 7.3).
#include <tuple>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;

constexpr std::uint64_t valid = 1, S2AP_read = 1 << 6, S2AP_write = 1 << 7, AF = 1 << 10;
constexpr std::uint64_t beyond_output = 1ULL << 44;

/// Whose IPA it is that stage 2 faults on.
enum class Of { input, output, table, cd };
enum class Why { translation, address_size, access_flag, permission, abort };
struct Transaction {
  const char* name;
  AccessKind kind;
  bool privileged, instruction;
};
constexpr Transaction transactions[] = {{"read", AccessKind::read, false, false},
                                        {"privileged_write", AccessKind::write, true, true},
                                        {"fetch", AccessKind::read, false, true},
                                        {"privileged_fetch", AccessKind::read, true, true},
                                        {"atomic", AccessKind::atomic, false, true}};

/// Stream 2 translates by both stages, stream 1 by stage 2 alone.
class Stage2Faults : public ::testing::Test {
 protected:
  static constexpr std::uint32_t stream = 2;
  static constexpr std::uint64_t va = 0x1678, ipa = 0x7000'0678, pa = 0x8000'0678;
  Stage2Faults() : ipas(w.guest()), vas(w.nested_stream(stream, ipas)) {
    w.stage2_stream(1, ipas);
    pgtable::Mapping all;
    all.privileged_execute = all.unprivileged_execute = true;
    EXPECT_TRUE(ipas.map(ipa & ~0xfffULL, pa & ~0xfffULL, 0x1000, all));
    // Execution by privileged code asks for a page that unprivileged code cannot write.
    EXPECT_TRUE(vas.map(va & ~0xfffULL, ipa & ~0xfffULL, 0x1000, all));
    pgtable::Mapping code = all;
    code.writable = false;
    EXPECT_TRUE(vas.map(0x2000, ipa & ~0xfffULL, 0x1000, code));
  }
  /// The IPA that faults: of the descriptor of stage 1's last level, or of the others.
  std::uint64_t address(Of of) {
    switch (of) {
      case Of::table:
        return vas.descriptor_address(va, 3).value_or(0);
      case Of::cd:
        return Stage2World::ipa_of(World::cd_address(stream));
      default:
        return ipa;
    }
  }
  void spoil(Why why, std::uint64_t at) {
    const std::uint64_t descriptor = w.descriptor(ipas, at);
    switch (why) {
      case Why::translation:
        return w.change(descriptor, 0, valid);
      case Why::address_size:
        return w.change(descriptor, beyond_output, 0);
      case Why::access_flag:
        return w.change(descriptor, 0, AF);
      case Why::permission:
        return w.change(descriptor, 1ULL << 54, S2AP_read | S2AP_write);  // and XN
      case Why::abort:
        return w.memory.make_abort(descriptor);
    }
  }
  static std::uint64_t type(Why why) {
    switch (why) {
      case Why::translation:
        return 0x10;
      case Why::address_size:
        return 0x11;
      case Why::access_flag:
        return 0x12;
      case Why::permission:
        return 0x13;
      case Why::abort:
        break;
    }
    return 0x0b;
  }
  smmu::AccessRequest request(Of of, const Transaction& t) {
    const std::uint32_t sid = of == Of::input ? 1 : stream;
    auto q = World::request(sid, of == Of::input                               ? ipa
                                 : t.instruction && t.kind == AccessKind::read ? 0x2678
                                                                               : va);
    q.kind = t.kind;
    q.privileged = t.privileged;
    q.instruction = t.instruction;
    return q;
  }
  Expected expected(Of of, Why why, const smmu::AccessRequest& q) {
    Expected e{type(why), q.stream_id};
    e.PnU = q.privileged;
    e.RnW = q.kind == AccessKind::read;
    e.InD = q.instruction && e.RnW;
    e.CLASS = of == Of::cd ? 0 : of == Of::table ? 1 : 2;
    e.TTRnW = of == Of::table && why == Why::permission;
    e.InputAddr = q.address;
    e.IPA = address(of);
    // One table of stage 2 translates all tables of stage 1: it aborts for the first of them.
    const auto first = vas.descriptor_address(va, 1);
    e.FetchAddr = w.descriptor(ipas, of == Of::table ? first.value_or(0) : address(of));
    return e;
  }
  Stage2World w;
  pgtable::Builder& ipas;
  pgtable::Builder& vas;
};

class Stage2Fault : public Stage2Faults,
                    public ::testing::WithParamInterface<std::tuple<Of, Why, unsigned>> {};

TEST_P(Stage2Fault, AbortsAndIsRecordedWithEveryFieldAtItsBits) {
  const auto [of, why, index] = GetParam();
  const auto q = request(of, transactions[index]);
  spoil(why, address(of));
  // CD.A == 0 is of stage 1: the end of a fault of stage 2 is always an abort (5.5).
  w.put(World::cd_address(stream), cd_for(vas.config(), 1).set(46, 1, 0));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), expected(of, why, q).record())
        << "again: what was cached on the way changes nothing";
    EXPECT_FALSE(w.pop_event().has_value());
  }
}

TEST_P(Stage2Fault, IsNotRecordedWithS2r0UnlessItIsAnExternalAbort) {
  const auto [of, why, index] = GetParam();
  const auto q = request(of, transactions[index]);
  spoil(why, address(of));
  w.put_ste(stream,
            ste_nested(Stage2World::ipa_of(World::cd_address(stream)), ipas.config().stage2).set(186, 1, 0));
  w.put_ste(1, ste_stage2(ipas.config().stage2).set(186, 1, 0));
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  if (why == Why::abort) {
    EXPECT_EQ(w.event(), expected(of, why, q).record());
  } else {
    EXPECT_FALSE(w.pop_event().has_value());
  }
  EXPECT_EQ(w.smmu.engine_statistics().faults, 1U);
  EXPECT_EQ(w.smmu.engine_statistics().aborts, 1U);
}

std::string name_of(const ::testing::TestParamInfo<Stage2Fault::ParamType>& i) {
  static const char* const of[] = {"input", "output", "table", "cd"};
  static const char* const why[] = {"translation", "address_size", "access_flag", "permission", "abort"};
  return std::string(of[static_cast<unsigned>(std::get<0>(i.param))]) + "_" +
         why[static_cast<unsigned>(std::get<1>(i.param))] + "_" + transactions[std::get<2>(i.param)].name;
}
INSTANTIATE_TEST_SUITE_P(Matrix, Stage2Fault,
                         ::testing::Combine(::testing::Values(Of::input, Of::output, Of::table, Of::cd),
                                            ::testing::Values(Why::translation, Why::address_size,
                                                              Why::access_flag, Why::permission, Why::abort),
                                            ::testing::Range(0U, 5U)),
                         name_of);

TEST_F(Stage2Faults, OfATableDescriptorAreFoundAtItsOwnLevel) {
  // A table of stage 2 that lies beyond S2PS, and an invalid descriptor above the last level.
  const std::uint64_t level2 = w.descriptor(ipas, ipa, 2);
  for (const bool beyond : {true, false}) {
    const std::uint64_t before = w.memory.read(level2, 8);
    w.change(level2, beyond ? beyond_output : 0, beyond ? 0 : valid);
    EXPECT_EQ(w.access(1, ipa).outcome, Outcome::abort);
    Expected e{beyond ? 0x11ULL : 0x10ULL, 1};
    e.InputAddr = e.IPA = ipa;
    EXPECT_EQ(w.event(), e.record());
    w.memory.write(level2, before);
  }
}

TEST_F(Stage2Faults, OfAnyTableOfStage1CarryTheIpaOfItsDescriptorsPage) {
  for (int level = 1; level <= 3; ++level) {
    const std::uint64_t at = vas.descriptor_address(va, level).value();
    w.command(0x30);
    const std::uint64_t before = w.memory.read(w.descriptor(ipas, at), 8);
    spoil(Why::translation, at);
    EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
    Expected e{0x10, stream};
    e.CLASS = 1;
    e.InputAddr = va;
    e.IPA = at;
    EXPECT_EQ(w.event(), e.record()) << "level " << level;
    w.memory.write(w.descriptor(ipas, at), before);
  }
}

TEST_F(Stage2Faults, AnIpaBeyondS2t0szIsATranslationFaultOfEachClass) {
  constexpr std::uint64_t beyond = 1ULL << 40;
  Expected e{0x10, stream};
  e.InputAddr = va;
  e.IPA = beyond;
  // The output of stage 1.
  const std::uint64_t leaf = vas.descriptor_address(va, 3).value() - Stage2World::offset;
  w.memory.write(leaf, beyond | 0x743);
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), e.record());
  // A table: its descriptor's IPA is told by page.
  const std::uint64_t table = vas.descriptor_address(va, 2).value() - Stage2World::offset;
  w.memory.write(table, beyond | 3);
  w.command(0x30);
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
  e.CLASS = 1;
  EXPECT_EQ(w.event(), e.record());
  // The CD.
  w.put_ste(stream, ste_nested(beyond, ipas.config().stage2));
  w.command(0x03 | std::uint64_t{stream} << 32);
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
  e.CLASS = 0;
  EXPECT_EQ(w.event(), e.record());
}

TEST_F(Stage2Faults, AnOutputOfStage1BeyondIpsIsAFaultOfStage1) {
  w.put(World::cd_address(stream), cd_for(vas.config(), 1, 2));  // IPS 40 bits
  const std::uint64_t leaf = vas.descriptor_address(va, 3).value() - Stage2World::offset;
  w.memory.write(leaf, 1ULL << 40 | 0x743);
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
  Expected e{0x11, stream};
  e.S2 = false;
  e.InputAddr = va;
  EXPECT_EQ(w.event(), e.record());
}

TEST_F(Stage2Faults, AStage1PermissionFaultComesBeforeOneOfItsOutput) {
  spoil(Why::translation, ipa);
  Expected e{0x13, stream};
  e.S2 = e.RnW = false;
  e.InputAddr = 0x2678;
  EXPECT_EQ(w.access(stream, 0x2678, AccessKind::write).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), e.record());
  e = {0x10, stream};
  e.InputAddr = 0x2678;
  e.IPA = ipa;
  EXPECT_EQ(w.access(stream, 0x2678).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), e.record());
}

TEST_F(Stage2Faults, OfStage1InANestedStreamEndAsTheCdSays) {
  for (unsigned A = 0; A < 2; ++A) {
    for (unsigned R = 0; R < 2; ++R) {
      w.put(World::cd_address(stream), cd_for(vas.config(), 1).set(46, 1, A).set(45, 1, R));
      w.put_ste(stream, ste_nested(Stage2World::ipa_of(World::cd_address(stream)), ipas.config().stage2)
                            .set(186, 1, 1 - R));
      w.command(0x04, 31);
      EXPECT_EQ(w.access(stream, 0x9000).outcome, A != 0 ? Outcome::abort : Outcome::razwi);
      Expected e{0x10, stream};
      e.S2 = false;
      e.InputAddr = 0x9000;
      const auto record = w.pop_event();
      EXPECT_EQ(record.has_value(), R != 0);
      if (record) {
        EXPECT_EQ(*record, e.record());
      }
    }
  }
}

TEST_F(Stage2Faults, AnAbortOfAStage1DescriptorItselfIsOfStage1) {
  // 7.3.12: S2 == 0, CLASS TT; the address is that after stage 2.
  const std::uint64_t at = vas.descriptor_address(va, 3).value() - Stage2World::offset;
  w.memory.make_abort(at);
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
  Expected e{0x0b, stream};
  e.S2 = false;
  e.CLASS = 1;
  e.InputAddr = va;
  e.FetchAddr = at;
  EXPECT_EQ(w.event(), e.record());
}

TEST_F(Stage2Faults, AnAbortOfACdItselfIsFCdFetchWithItsPhysicalAddress) {
  w.memory.make_abort(World::cds);
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), (Record{0x09 | std::uint64_t{stream} << 32, 0, 0, World::cd_address(stream)}));
  w.memory.make_ok(World::cds);
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::forward);
}

TEST_F(Stage2Faults, ACdThatStage2FindsIsCheckedLikeAnyOther) {
  w.put(World::cd_address(stream), cd_for(vas.config(), 1).set(31, 1, 0));
  EXPECT_EQ(w.access(stream, va).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), (Record{0x0a | std::uint64_t{stream} << 32, 0, 0, 0}));
}

TEST_F(Stage2Faults, AreReportedWithTheAttributesAfterTheOverrides) {
  for (const Of of : {Of::input, Of::output, Of::table, Of::cd}) {
    const std::uint64_t descriptor = w.descriptor(ipas, address(of));
    const std::uint64_t before = w.memory.read(descriptor, 8);
    spoil(Why::translation, address(of));
    // PRIVCFG: Privileged, INSTCFG: Instruction
    w.put_ste(stream, ste_nested(Stage2World::ipa_of(World::cd_address(stream)), ipas.config().stage2)
                          .set(112, 2, 3)
                          .set(114, 2, 3));
    w.put_ste(1, ste_stage2(ipas.config().stage2).set(112, 2, 3).set(114, 2, 3));
    w.command(0x30);
    w.command(0x04, 31);
    for (const AccessKind kind : {AccessKind::read, AccessKind::write}) {
      auto q = request(of, {"", kind, false, false});
      if (of != Of::input && kind == AccessKind::read) q.address = 0x2678;
      EXPECT_EQ(w.access(q).outcome, Outcome::abort);
      q.privileged = q.instruction = true;
      EXPECT_EQ(w.event(), expected(of, Why::translation, q).record());
    }
    w.memory.write(descriptor, before);
  }
}

// ---- permissions

struct Grant {
  bool read, write, privileged_execute, unprivileged_execute;
};
// DDI 0487 D8.4: S2AP[0] reads, S2AP[1] writes; XN[1:0] with FEAT_XNX 0b00 execution by both, 0b01 by
// unprivileged, 0b10 by none, 0b11 by privileged code; without it XN[1] alone counts. Execution asks for no
// right to read.
Grant grant(unsigned S2AP, unsigned XN, bool XNX) {
  Grant g{(S2AP & 1) != 0, (S2AP & 2) != 0, true, true};
  if (!XNX) {
    g.privileged_execute = g.unprivileged_execute = XN < 2;
  } else {
    g.privileged_execute = XN == 0 || XN == 3;
    g.unprivileged_execute = XN == 0 || XN == 1;
  }
  return g;
}

TEST(Stage2Permissions, S2apAndXnGrantByPrivilegeWhatTheirTableSays) {
  for (const bool XNX : {true, false}) {
    Features f;
    f.HAD = XNX;  // SMMUv3.1 has IDR3.XNX, 3.0 has not
    Stage2World w(f);
    pgtable::Builder& ipas = w.ipa_space();
    ASSERT_TRUE(ipas.map(0x1000, 0x8000'0000, 0x1000));
    w.stage2_stream(1, ipas);
    const std::uint64_t leaf = w.descriptor(ipas, 0x1000);
    for (unsigned S2AP = 0; S2AP < 4; ++S2AP) {
      for (unsigned XN = 0; XN < 4; ++XN) {
        w.memory.write(leaf, 0x8000'0000 | AF | 0x33f | S2AP << 6 | std::uint64_t{XN} << 53);
        w.command(0x30);
        const Grant g = grant(S2AP, XN, XNX);
        for (int warm = 0; warm < 2; ++warm) {
          for (const bool privileged : {false, true}) {
            for (const auto& [kind, instruction] :
                 {std::pair{AccessKind::read, false}, std::pair{AccessKind::write, false},
                  std::pair{AccessKind::read, true}, std::pair{AccessKind::atomic, false}}) {
              bool allowed =
                  instruction ? (privileged ? g.privileged_execute : g.unprivileged_execute) : g.read;
              if (kind == AccessKind::write) allowed = g.write;
              if (kind == AccessKind::atomic) allowed = g.read && g.write;
              auto q = World::request(1, 0x1000, kind);
              q.privileged = privileged;
              q.instruction = instruction;
              const auto a = w.access(q);
              EXPECT_EQ(a.outcome, allowed ? Outcome::forward : Outcome::abort)
                  << "S2AP " << S2AP << " XN " << XN << " XNX " << XNX << " privileged " << privileged
                  << " instruction " << instruction << " kind " << static_cast<int>(kind);
              if (allowed) continue;
              Expected e{0x13, 1};
              e.PnU = privileged;
              e.InD = instruction;
              // 13.1.1: an atomic that may write and may not read is told as a read.
              e.RnW = kind == AccessKind::read || (kind == AccessKind::atomic && g.write);
              e.InputAddr = e.IPA = 0x1000;
              EXPECT_EQ(w.event(), e.record());
            }
          }
        }
      }
    }
  }
}

TEST_F(Stage2Faults, AnAtomicThatMayNotReadAtStage2IsToldAsAReadAndOtherwiseAsAWrite) {
  struct Case {
    std::uint64_t S2AP;
    bool RnW;
  };
  for (const Case& c : {Case{0, false}, Case{S2AP_read, false}, Case{S2AP_write, true}}) {
    const std::uint64_t leaf = w.descriptor(ipas, ipa);
    w.change(leaf, c.S2AP, (S2AP_read | S2AP_write) & ~c.S2AP);
    for (const std::uint32_t sid : {1U, stream}) {
      w.command(0x30);
      EXPECT_EQ(w.access(sid, sid == 1 ? ipa : va, AccessKind::atomic).outcome, Outcome::abort);
      Expected e{0x13, sid};
      e.RnW = c.RnW;
      e.InputAddr = sid == 1 ? ipa : va;
      e.IPA = ipa;
      EXPECT_EQ(w.event(), e.record());
    }
  }
}

TEST_F(Stage2Faults, AnAtomicIsToldAsAWriteWhereItIsTheTableOrCdThatMayNotBeRead) {
  // 13.1.1: RnW is 0 for all other causes, though the page could be written.
  for (const Of of : {Of::table, Of::cd}) {
    const std::uint64_t leaf = w.descriptor(ipas, address(of));
    w.change(leaf, 0, S2AP_read);
    w.command(0x30);
    w.command(0x04, 31);
    const auto q = request(of, transactions[4]);
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), expected(of, Why::permission, q).record());
    w.change(leaf, S2AP_read, 0);
  }
}

TEST_F(Stage2Faults, TablesAndCdsAreReadAsDataWhateverTheTransactionIs) {
  // 7.3.16: read permission is all that they need: neither to be written nor to be executed.
  for (const Of of : {Of::table, Of::cd}) {
    w.change(w.descriptor(ipas, address(of)), 1ULL << 54, S2AP_write);
  }
  for (const Transaction& t : transactions) {
    w.command(0x30);
    w.command(0x04, 31);
    EXPECT_EQ(w.access(request(Of::output, t)).outcome, Outcome::forward) << t.name;
  }
}

// ---- S2PTW

TEST_F(Stage2Faults, S2ptwRefusesTablesAndCdsInDeviceMemoryAndNothingElse) {
  for (const bool PTW : {false, true}) {
    w.put_ste(
        stream,
        ste_nested(Stage2World::ipa_of(World::cd_address(stream)), ipas.config().stage2).set(182, 1, PTW));
    for (const Of of : {Of::output, Of::table, Of::cd}) {
      const std::uint64_t leaf = w.descriptor(ipas, address(of));
      for (const std::uint64_t MemAttr : {0U, 1U, 2U, 3U, 5U, 10U, 15U}) {
        w.change(leaf, MemAttr << 2, 15 << 2 & ~(MemAttr << 2));
        w.command(0x30);
        w.command(0x04, 31);
        for (const AccessKind kind : {AccessKind::read, AccessKind::atomic}) {
          const auto q = request(of, {"", kind, false, false});
          const bool refused = PTW && of != Of::output && MemAttr < 4;
          EXPECT_EQ(w.access(q).outcome, refused ? Outcome::abort : Outcome::forward) << MemAttr;
          if (refused) {
            EXPECT_EQ(w.event(), expected(of, Why::permission, q).record());
          }
        }
      }
    }
  }
}

TEST_F(Stage2Faults, S2ptwHoldsForIpasThatAreKnownFromOtherAccesses) {
  // The IPA cache knows the page of the table from an access of stream 1.
  w.put_ste(stream,
            ste_nested(Stage2World::ipa_of(World::cd_address(stream)), ipas.config().stage2).set(182, 1, 1));
  const std::uint64_t table = address(Of::table);
  w.change(w.descriptor(ipas, table), 1 << 2, 14 << 2);
  EXPECT_EQ(w.access(1, table).outcome, Outcome::forward);
  const auto q = request(Of::table, transactions[0]);
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), expected(Of::table, Why::permission, q).record());
}

// ---- order (7.3.22)

TEST_F(Stage2Faults, AreReportedInTheOrderInWhichTheyAreMet) {
  // All of them at once, then one after the other mended.
  const auto q = request(Of::output, transactions[0]);
  const Of order[] = {Of::cd, Of::table, Of::output};
  std::uint64_t before[3] = {};
  for (unsigned i = 0; i < 3; ++i) {
    before[i] = w.memory.read(w.descriptor(ipas, address(order[i])), 8);
    spoil(Why::permission, address(order[i]));
  }
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), expected(order[i], Why::permission, q).record());
    w.memory.write(w.descriptor(ipas, address(order[i])), before[i]);
  }
  EXPECT_EQ(w.access(q).outcome, Outcome::forward);
}

TEST_F(Stage2Faults, OneLeafReportsAddressSizeBeforeAccessFlagBeforePermission) {
  const std::uint64_t leaf = w.descriptor(ipas, ipa);
  const std::uint64_t good = w.memory.read(leaf, 8);
  const auto q = request(Of::input, transactions[0]);
  std::uint64_t bad = (good | beyond_output) & ~(AF | S2AP_read | S2AP_write);
  for (const Why why : {Why::address_size, Why::access_flag, Why::permission}) {
    w.memory.write(leaf, bad);
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), expected(Of::input, why, q).record());
    bad = why == Why::address_size ? bad & ~beyond_output : bad | AF;
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
