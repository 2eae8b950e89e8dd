// What tests of one rule each have in common: a system whose client holds pointers.
#pragma once

#include <vector>

#include "bench.h"

namespace smmuvp::dmi {

constexpr std::uint64_t va = 0x10000;
constexpr std::uint64_t pa = Ram::base;
constexpr std::uint16_t asid = 1;
constexpr std::uint8_t vmid = 3;  // where a test chooses one

struct Systems {
  System of_edges{"system", {}};
  System of_levels{"held_system", {"level"}};
  System of_table{"table_system", {"edge", true}};
  System of_one_state{"one_state_system", {"edge", false, false}};
};
inline Systems& systems() {
  static Systems s;  // all before simulation starts
  return s;
}

class Dmi : public ::testing::Test {
 protected:
  void SetUp() override { s.restart(); }
  /// The pages from `at` on, by stage 1 of bank 0.
  pgtable::Builder& map(std::uint64_t at = va, std::uint64_t to = pa, std::uint64_t size = 0x1000,
                        const pgtable::Mapping& mapping = {}) {
    pgtable::Builder& tables = r.stream64(stream_id, 0, asid);
    EXPECT_TRUE(tables.map(at, to, size, mapping));
    return tables;
  }
  /// By stage 2 of bank 1 alone.
  pgtable::Builder& map_stage2(const pgtable::Mapping& mapping = {}) {
    pgtable::Builder& tables = r.builder(smmuv2::Driver::config_stage2());
    EXPECT_TRUE(tables.map(va, pa, 0x1000, mapping));
    r.bank_stage2(1, tables.config(), vmid);
    r.map_stream(stream_id, stream_id, S2CR_translate | 1);
    return tables;
  }
  static constexpr std::uint64_t ipa = 0x7000'0000;
  /// By stage 1 of bank 0, whose output is `ipa`, and stage 2 of bank 1.
  void map_nested(const pgtable::Mapping& stage1 = {}, const pgtable::Mapping& stage2 = {}) {
    pgtable::Builder& ipas = r.builder(smmuv2::Driver::config_stage2());
    EXPECT_TRUE(ipas.map(ipa, pa, 0x1000, stage2));
    // Its tables are where they are for stage 2, too.
    EXPECT_TRUE(ipas.map(smmuv2::Driver::tables, smmuv2::Driver::tables, 0x20'0000));
    pgtable::Builder& vas = r.builder(smmuv2::Driver::config64());
    EXPECT_TRUE(vas.map(va, ipa, 0x1000, stage1));
    r.bank_stage2(1, ipas.config(), vmid);
    r.bank64(0, vas.config(), asid, vmid, 0, CBAR_nested | 1U << 8);
    r.map_stream(stream_id, stream_id, S2CR_translate | 0);
  }
  /// Translates, so that a TBU has the answer, and asks.
  bool grant(std::uint64_t at = va, bool write = false) {
    s.client.access(at, 4, write);
    return s.client.ask(at, write);
  }
  /// Whether a register write takes back a pointer that is there, before it completes.
  bool withdraws(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4, bool secure = false) {
    s.client.withdrawn.clear();
    EXPECT_TRUE(grant());
    r.set(offset, value, bytes, secure);
    EXPECT_EQ(s.client.pointers.size(), s.client.withdrawn.empty() ? 1U : 0U);
    s.client.pointers.clear();
    return !s.client.withdrawn.empty();
  }
  static AccessExtension secure_access() {
    AccessExtension e;
    e.stream_id = stream_id;
    e.stream_valid = true;
    e.address_space = AddressSpace::secure;
    return e;
  }
  static constexpr Range page{va, va + 0xfff};
  System& s = systems().of_edges;
  smmuv2::ModuleDriver& r = s.regs;
};

/// As TLBIVA and its kind name a page of AArch64 (16.5.33).
constexpr std::uint64_t by_va(std::uint64_t address, std::uint64_t of_asid = asid) {
  return of_asid << 48 | address >> 12;
}

}  // namespace smmuvp::dmi
