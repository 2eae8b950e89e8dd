// Software that asks what becomes of an address, around an SMMUv3 core (IHI 0070 chapter 9).
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "smmuvp/base/archive.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {

using smmu::Step;

// Where the groups of registers are; each has them at the same distances.
inline constexpr std::uint32_t GATOS_at = 0x100, S_GATOS_at = 0x8100;
inline constexpr std::uint32_t of_CTRL = 0, of_SID = 8, of_ADDR = 0x10, of_PAR = 0x18;
inline constexpr std::uint32_t CTRL = GATOS_at, SID = GATOS_at + of_SID, ADDR = GATOS_at + of_ADDR,
                               PAR = GATOS_at + of_PAR;
inline constexpr std::uint64_t TYPE_stage1 = 1 << 10, TYPE_stage2 = 2 << 10, TYPE_both = 3 << 10;
inline constexpr std::uint64_t PnU = 1 << 9, RnW = 1 << 8, InD = 1 << 7, HTTUI = 1 << 6;
inline constexpr std::uint64_t va = 0x1000;
inline constexpr std::uint64_t ipa = 0x20'0000;
inline constexpr std::uint64_t pa = 0x9000'0000;

inline Features with_atos() {
  Features f;
  f.ATOS = true;
  return f;
}

/// PAR of a fault.
constexpr std::uint64_t fault(std::uint64_t FAULTCODE, std::uint64_t REASON = 0, std::uint64_t FADDR = 0) {
  return FADDR | FAULTCODE << 4 | REASON << 1 | 1;
}
/// PAR of a success.
constexpr std::uint64_t success(std::uint64_t address, std::uint64_t ATTR, std::uint64_t SH,
                                bool larger = false) {
  return ATTR << 56 | address | (larger ? 1ULL << 11 : 0) | SH << 8;
}

/// A group of registers, as software of a Security state reaches it.
class AtosRegisterGroup {
 public:
  AtosRegisterGroup(World& world, std::uint32_t at, AccessSecurity security = AccessSecurity::NonSecure)
      : m_world(world), m_at(at), m_security(security) {}

  std::uint64_t read(std::uint32_t offset, unsigned bytes = 8) {
    std::uint64_t v = 0;
    m_world.smmu.window().at(m_at).read(m_at + offset, bytes, m_security, m_world.now, v);
    return v;
  }
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 8) {
    m_world.smmu.window().at(m_at).write(m_at + offset, bytes, m_security, m_world.now, value);
  }
  bool runs() { return read(of_CTRL, 4) != 0; }
  void begin(std::uint64_t sid, std::uint64_t addr) {
    write(of_SID, sid);
    write(of_ADDR, addr);
    write(of_CTRL, 1, 4);
  }
  std::uint64_t ask(std::uint64_t sid, std::uint64_t addr) {
    begin(sid, addr);
    EXPECT_TRUE(runs()) << "nothing happens inside the write";
    m_world.work();
    EXPECT_FALSE(runs());
    return read(of_PAR);
  }

 private:
  World& m_world;
  std::uint32_t m_at;
  AccessSecurity m_security;
};

class AtosWorld : public Stage2World {
 public:
  explicit AtosWorld(const Features& features = with_atos(), const Structures& structures = untimed())
      : Stage2World(features, structures) {}

  std::uint64_t read64(std::uint32_t offset) {
    std::uint64_t v = 0;
    smmu.interface().read(offset, 8, AccessSecurity::NonSecure, now, v);
    return v;
  }
  void begin(std::uint64_t sid, std::uint64_t addr) {
    write(SID, sid, 8);
    write(ADDR, addr, 8);
    write(CTRL, 1);
  }
  std::uint64_t ask(std::uint64_t sid, std::uint64_t addr) {
    begin(sid, addr);
    EXPECT_EQ(read(CTRL), 1U) << "nothing happens inside the write";
    work();
    EXPECT_EQ(read(CTRL), 0U);
    return read64(PAR);
  }
  smmu::Worker& atos() { return smmu.interface().atos(); }

  /// Stream 1 with stage 1, stream 2 with stage 2, stream 3 with both: va -> ipa -> pa.
  void three_streams() {
    pgtable::Builder& s1 = stream(1);
    ASSERT_TRUE(s1.map(va, pa, 0x1000));
    ipas = &guest();
    ASSERT_TRUE(ipas->map(ipa, pa, 0x1000));
    stage2_stream(2, *ipas);
    both = &nested_stream(3, *ipas);
    ASSERT_TRUE(both->map(va, ipa, 0x1000));
  }
  pgtable::Builder* ipas = nullptr;
  pgtable::Builder* both = nullptr;
};

inline std::vector<std::uint8_t> saved(Smmu& smmu) {
  ArchiveWriter writer;
  smmu.visit(writer);
  EXPECT_TRUE(writer.ok()) << writer.error();
  return writer.data();
}

}  // namespace smmuvp::smmuv3
