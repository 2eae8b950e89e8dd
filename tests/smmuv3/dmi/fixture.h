// What tests of one rule each have in common: a system whose client holds pointers.
#pragma once

#include "bench.h"

namespace smmuvp::dmi {

constexpr std::uint64_t va = 0x10000;
constexpr std::uint64_t pa = Ram::base;
constexpr std::uint64_t vmid = 3;
// IHI 0070 4.3, 4.4
constexpr std::uint64_t of_stream = std::uint64_t{stream_id} << 32;
constexpr std::uint64_t of_vmid = vmid << 32;
constexpr std::uint64_t of_asid = std::uint64_t{1} << 48;

struct Systems {
  static Params of_level() {
    Params p = SmmuV3<>::default_params();
    p.set("reset", "level");
    return p;
  }
  static Params of_four_queues() {
    Params p = SmmuV3<>::default_params();
    p.set("MSI", true);
    p.set("ECMDQ", true);
    p.set("CMDQ_CONTROL_PAGE_LOG2NUMP", 1);
    p.set("CMDQ_CONTROL_PAGE_LOG2NUMQ", 1);
    return p;
  }
  System of_edges{"system"};
  System of_levels{"held_system", of_level()};
  System of_ecmdqs{"queues_system", of_four_queues()};
};
inline Systems& systems() {
  static Systems s;  // all before simulation starts
  return s;
}

class Dmi : public ::testing::Test {
 protected:
  void SetUp() override { s.restart(); }
  /// The pages from `at` on, by stage 1 alone. ASID 1, VMID 0.
  pgtable::Builder& map(std::uint64_t at = va, std::uint64_t to = pa, std::uint64_t size = 0x1000,
                        const pgtable::Mapping& mapping = {}) {
    pgtable::Builder& tables = s.world.stream(stream_id);
    EXPECT_TRUE(tables.map(at, to, size, mapping));
    return tables;
  }
  /// Translates, so that a TBU has the answer, and asks.
  bool grant(std::uint64_t at = va, bool write = false) {
    s.client.access(at, 4, write);
    return s.client.ask(at, write);
  }
  /// Whether a command takes back a pointer that is there, before the CMD_SYNC that follows completes.
  bool withdraws(std::uint64_t word0, std::uint64_t word1 = 0) {
    s.client.withdrawn.clear();
    EXPECT_TRUE(grant());
    s.client.on_withdrawal = [this] {
      EXPECT_NE(s.cpu.get(0x9c), s.cpu.get(0x98)) << "CMD_SYNC is still to come";
    };
    s.command(word0, word1);
    s.client.on_withdrawal = nullptr;
    EXPECT_EQ(s.client.pointers.size(), s.client.withdrawn.empty() ? 1U : 0U);
    s.client.pointers.clear();
    return !s.client.withdrawn.empty();
  }
  using World = smmuv3::World;
  static constexpr Range page{va, va + 0xfff};
  System& s = systems().of_edges;
};

}  // namespace smmuvp::dmi
