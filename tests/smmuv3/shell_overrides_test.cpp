// Attributes, privilege and kind of accesses, as they go in and out of the SystemC module.
#include <array>
#include <vector>

#include "shell_bench.h"

namespace smmuvp::shell {
namespace {

TEST_F(Shell, AttributesThatAMasterGivesGoThroughABypassAndGiveWayToAStage1) {
  Bench& b = bench();
  b.world.put_ste(9, smmuv3::ste_bypass());
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    AccessExtension e;
    e.stream_valid = true;
    const auto write = [&](std::uint32_t sid, std::uint64_t address) {
      e.stream_id = sid;
      std::uint32_t v = 0;
      EXPECT_EQ(b.transport(address, &v, 4, true, &e), tlm::TLM_OK_RESPONSE);
    };
    write(9, 0x8000'0000);
    e.attributes_valid = true;
    e.request_memory_type = 0x50;  // Reserved for its inner level: Write-Through Transient
    e.request_shareability = Shareability::inner;
    write(9, 0x8000'0000);
    e.request_memory_type = 0x08;
    write(9, 0x8000'0000);
    write(7, 0x10000);
  });
  ASSERT_EQ(b.seen.size(), 4U);
  EXPECT_EQ(b.seen[0].extension.memory_type, 0xffU) << "of a master that gives none";
  EXPECT_EQ(b.seen[0].extension.shareability, Shareability::non_shareable);
  EXPECT_EQ(b.seen[1].extension.memory_type, 0x53U);
  EXPECT_EQ(b.seen[1].extension.shareability, Shareability::inner);
  EXPECT_EQ(b.seen[2].extension.memory_type, 0x08U);
  EXPECT_EQ(b.seen[2].extension.shareability, Shareability::outer);
  EXPECT_EQ(b.seen[3].extension.memory_type, 0xffU) << "that of the page";
}

// ---- overrides of incoming attributes (5.2, 6.3.14, 13.1)

struct Override {
  unsigned MemAttr = 0, MTCFG = 0, ALLOCCFG = 0, SHCFG = 1, PRIVCFG = 0, INSTCFG = 0;

  std::uint32_t gbpa() const {
    return smmuv3::GBPA_Update | INSTCFG << 18 | PRIVCFG << 16 | SHCFG << 12 | ALLOCCFG << 8 | MTCFG << 4 |
           MemAttr;
  }
  smmuv3::Structure ste() const {
    smmuv3::Structure s = smmuv3::ste_bypass().set(96, 4, MemAttr).set(100, 1, MTCFG).set(101, 4, ALLOCCFG);
    return s.set(108, 2, SHCFG).set(112, 2, PRIVCFG).set(114, 2, INSTCFG);
  }
  /// What an access goes on with that comes as Write-Back, Read- and Write-Allocate, Non-shareable.
  void expect(const AccessExtension& out, bool privileged, bool instruction) const {
    SCOPED_TRACE(::testing::Message()
                 << "MemAttr " << MemAttr << " MTCFG " << MTCFG << " ALLOCCFG " << ALLOCCFG << " SHCFG "
                 << SHCFG << " PRIVCFG " << PRIVCFG << " INSTCFG " << INSTCFG);
    const unsigned levels = MTCFG != 0 ? MemAttr : 0xf;  // as MemAttr[3:0] of stage 2
    const unsigned outer = levels >> 2, inner = levels & 3;
    EXPECT_EQ(out.privileged, PRIVCFG >= 2 ? PRIVCFG == 3 : privileged);
    EXPECT_EQ(out.instruction, INSTCFG >= 2 ? INSTCFG == 3 : instruction);
    if (outer == 0 || inner == 0) {  // the latter alone is Reserved, and Device-nGnRnE
      EXPECT_EQ(out.memory_type, outer == 0 ? inner << 2 : 0U);
      EXPECT_EQ(static_cast<unsigned>(out.shareability), 2U) << "13.1.7";
      EXPECT_EQ(out.allocation_hints, 0U);
      return;
    }
    const bool given = (ALLOCCFG & 8) != 0;  // 0b1RWT
    const unsigned RW = given ? ALLOCCFG >> 1 & 3 : 3;
    const bool transient = given && (ALLOCCFG & 1) != 0 && RW != 0;
    const auto mair = [&](unsigned level) {
      if (level == 1) return 4U;                          // Non-cacheable
      if (transient) return (level == 2 ? 0U : 4U) | RW;  // Write-Through, Write-Back: 0b00RW, 0b01RW
      return (level == 2 ? 8U : 12U) | RW;
    };
    EXPECT_EQ(out.memory_type, mair(outer) << 4 | mair(inner));
    const bool cacheable = outer != 1 || inner != 1;
    EXPECT_EQ(static_cast<unsigned>(out.shareability), !cacheable ? 2U : SHCFG == 1 ? 0U : SHCFG);
    const unsigned hints = (RW >> 1 & 1) | (RW & 1) << 1 | (transient ? 4U : 0U);
    EXPECT_EQ(out.allocation_hints, outer != 1 ? hints : 0U) << "of the outer level";
  }
  /// Each value of each field of types, with each of the others; each of privilege and instruction.
  static std::vector<Override> all() {
    std::vector<Override> all;
    for (unsigned i = 0; i < 2048; ++i) {
      Override o;
      o.MemAttr = i & 15;
      o.MTCFG = i >> 4 & 1;
      o.ALLOCCFG = i >> 5 & 15;
      o.SHCFG = i >> 9 & 3;
      o.PRIVCFG = (i ^ i >> 2) & 3;
      o.INSTCFG = (i >> 2 ^ i >> 6) & 3;
      all.push_back(o);
    }
    return all;
  }
};

TEST_F(Shell, OverridesOfGbpaReachThePayload) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.set(0x20, 0);
    unsigned n = 0;
    for (const Override& o : Override::all()) {
      b.set(0x44, o.gbpa());
      AccessExtension e;
      e.privileged = (n & 1) != 0;
      e.instruction = (n++ & 2) != 0;
      const AccessExtension in = e;
      std::uint32_t v = 0;
      EXPECT_EQ(b.transport(0x1000, &v, 4, false, &e), tlm::TLM_OK_RESPONSE);
      ASSERT_EQ(b.seen.size(), n);
      o.expect(b.seen.back().extension, in.privileged, in.instruction);
    }
    b.set(0x44, Override{}.gbpa());
  });
}

TEST_F(Shell, OverridesOfAnSteReachThePayload) {
  Bench& b = bench();
  b.in_simulation([&] {
    unsigned n = 0;
    for (const Override& o : Override::all()) {
      const std::uint32_t sid = n % 256;
      if (sid == 0) {  // the next 256 STEs
        b.push(0x4, 31);
        b.push(0x46);
        while (b.reg(0x98) != b.reg(0x9c)) wait(sc_time(100, sc_core::SC_NS));
      }
      b.world.put_ste(sid, o.ste());
      AccessExtension e;
      e.stream_id = sid;
      e.stream_valid = true;
      e.privileged = (n & 1) != 0;
      e.instruction = (n++ & 2) != 0;
      const AccessExtension in = e;
      std::uint32_t v = 0;
      EXPECT_EQ(b.transport(0x1000, &v, 4, false, &e), tlm::TLM_OK_RESPONSE);
      ASSERT_EQ(b.seen.size(), n);
      o.expect(b.seen.back().extension, in.privileged, in.instruction);
      e = in;
      b.seen.pop_back();
      EXPECT_EQ(b.transport(0x1000, &v, 4, true, &e), tlm::TLM_OK_RESPONSE);
      EXPECT_FALSE(b.seen.back().extension.instruction) << "writes are Data";
    }
  });
}

TEST_F(Shell, APageThatHitsServesTheAccessesOfItsRightsAndNoOthers) {
  Bench& b = bench();
  struct Page {
    bool writable, unprivileged, privileged_execute, unprivileged_execute;
  };
  const std::array<Page, 4> pages{{{true, true, false, false},
                                   {false, true, false, true},
                                   {true, false, false, false},
                                   {false, false, true, false}}};
  pgtable::Builder& t = b.world.stream(7);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    pgtable::Mapping m;
    m.writable = pages[i].writable;
    m.unprivileged = pages[i].unprivileged;
    m.privileged_execute = pages[i].privileged_execute;
    m.unprivileged_execute = pages[i].unprivileged_execute;
    ASSERT_TRUE(t.map(0x10000 + 0x1000 * i, 0x8000'0000 + 0x1000 * i, 0x1000, m));
  }
  const auto access = [&](std::size_t page, bool write, bool privileged, bool instruction) {
    AccessExtension e;
    e.privileged = privileged;
    e.instruction = instruction;
    std::uint32_t v = 0;
    return b.transport(0x10000 + 0x1000 * page, &v, 4, write, &e) == tlm::TLM_OK_RESPONSE;
  };
  b.in_simulation([&] {
    for (std::size_t i = 0; i < pages.size(); ++i) ASSERT_TRUE(access(i, false, true, false));
    for (unsigned n = 0; n < 2 * 8 * pages.size(); ++n) {
      const std::size_t i = n / 8 % pages.size();
      const Page& page = pages[i];
      const bool write = (n & 4U) != 0;
      const bool instruction = (n & 2U) != 0;
      const bool privileged = (n & 1U) != 0;
      bool allowed = privileged || page.unprivileged;
      if (write) {
        allowed = allowed && page.writable;
      } else if (instruction) {
        allowed = privileged ? page.privileged_execute : page.unprivileged_execute;
      }
      b.seen.clear();
      ASSERT_EQ(access(i, write, privileged, instruction), allowed)
          << "page " << i << " write " << write << " instruction " << instruction << " privileged "
          << privileged;
      ASSERT_EQ(b.seen.size(), allowed ? 1U : 0U);
      if (!allowed) continue;
      ASSERT_EQ(b.seen[0].extension.privileged, privileged);
      ASSERT_EQ(b.seen[0].extension.instruction, instruction && !write) << "writes are Data";
    }
  });
}

}  // namespace
}  // namespace smmuvp::shell
