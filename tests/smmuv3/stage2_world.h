// Streams with stage 2 and nested translation around an SMMUv3 core.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "world.h"

namespace smmuvp::smmuv3 {

using Record = std::array<std::uint64_t, 4>;

/// Stage 2 alone with a 4 KiB granule. By default 40-bit IPAs from level 1: two concatenated tables.
inline pgtable::Config stage2_config(std::int8_t T0SZ = 24, std::int8_t start_level = 1) {
  pgtable::Config c;
  c.stages = pgtable::Stages::stage2;
  c.stage2.T0SZ = T0SZ;
  c.stage2.start_level = start_level;
  c.stage2.output_size = 44;
  c.stage2.XNX = true;
  return c;
}

/// VTCR_EL2.{SL2, SL0} (DDI 0487 D8.2)
inline std::uint64_t S2SL0_of(const pgtable::Stage2Config& c) {
  if (c.granule != pgtable::Granule::size_4k) return static_cast<std::uint64_t>(3 - c.start_level);
  if (c.start_level == 3) return 3;
  return c.start_level < 0 ? 4 : static_cast<std::uint64_t>(2 - c.start_level);
}

/// Stage 2 fields as a driver writes them (5.2): S2PS 44 bits, VMSAv8-64, S2R.
inline Structure& add_stage2(Structure& s, const pgtable::Stage2Config& c, std::uint16_t vmid) {
  s.set(128, 16, vmid).set(160, 6, static_cast<std::uint64_t>(c.T0SZ)).set(166, 2, S2SL0_of(c) & 3);
  s.set(168, 2, 1).set(170, 2, 1).set(172, 2, 3).set(174, 2, TG0_of(c.granule)).set(176, 3, 4);
  s.set(179, 1, c.format == pgtable::Format::vmsa64).set(183, 1, c.HD).set(184, 1, c.HA);
  s.set(89, 1, c.FWB).set(194, 1, S2SL0_of(c) >> 2).set(195, 1, c.DS);
  s.set(180, 1, c.big_endian).set(181, 1, c.AFFD).set(182, 1, c.PTW).set(186, 1, 1);
  s.words[3] |= c.base;
  return s;
}

inline Structure ste_stage2(const pgtable::Stage2Config& c, std::uint16_t vmid = 7) {
  Structure s = ste_bypass().set(1, 3, 6);
  return add_stage2(s, c, vmid);
}
/// @param cd  its IPA
inline Structure ste_nested(std::uint64_t cd, const pgtable::Stage2Config& c, std::uint16_t vmid = 7) {
  Structure s = ste_stage1(cd).set(1, 3, 7);
  return add_stage2(s, c, vmid);
}

/// A World whose CDs and tables of nested streams lie in IPA space: whatever is at `pa` has the IPA
/// `ipa_of(pa)`, so that an IPA that is used as it is goes nowhere.
class Stage2World : public World {
 public:
  static constexpr std::uint64_t offset = 0x10'0000'0000;
  static constexpr std::uint64_t ipa_of(std::uint64_t pa) { return pa + offset; }

  explicit Stage2World(const Features& features = {}, const Structures& structures = untimed())
      : World(features, structures) {
    start();
  }
  /// Empty tables of stage 2.
  pgtable::Builder& ipa_space(const pgtable::Config& c = stage2_config()) { return builder(c); }
  /// The same with World's CDs and tables in it, page by page.
  pgtable::Builder& guest(const pgtable::Config& c = stage2_config()) {
    pgtable::Builder& b = ipa_space(c);
    EXPECT_TRUE(b.map(ipa_of(cds), cds, 0x1000));
    EXPECT_TRUE(b.map(ipa_of(tables), tables, 0x10'0000));
    return b;
  }
  /// Stage 1 tables in IPA space, as space() makes them.
  pgtable::Builder& nested_space(const pgtable::Config& c) {
    builders.emplace_back(
        c,
        [this](pgtable::MemoryOp op) {
          op.address -= offset;
          return memory.carry_out(op);
        },
        [this](std::uint64_t size) -> std::optional<std::uint64_t> { return ipa_of(allocate(size)); });
    return builders.back();
  }
  static pgtable::Config stage1_config() {
    pgtable::Config c;
    c.stage1.output_size = 44;
    c.stage1.MAIR = 0x00ff;
    for (auto& t : c.stage1.tables) {
      t.EPD = false;
      t.TxSZ = 25;
    }
    return c;
  }
  void stage2_stream(std::uint32_t sid, const pgtable::Builder& ipas, std::uint16_t vmid = 7) {
    put_ste(sid, ste_stage2(ipas.config().stage2, vmid));
  }
  /// A nested stream with new tables of stage 1.
  pgtable::Builder& nested_stream(std::uint32_t sid, const pgtable::Builder& ipas, std::uint16_t vmid = 7,
                                  std::uint16_t asid = 1) {
    pgtable::Builder& b = nested_space(stage1_config());
    put(cd_address(sid), cd_for(b.config(), asid));
    put_ste(sid, ste_nested(ipa_of(cd_address(sid)), ipas.config().stage2, vmid));
    return b;
  }
  /// The descriptor of stage 2 that translates `ipa` at `level`.
  std::uint64_t descriptor(pgtable::Builder& b, std::uint64_t ipa, int level = 3) {
    const auto at = b.descriptor_address(ipa, level);
    EXPECT_TRUE(at.has_value());
    return at.value_or(0);
  }
  /// Sets and clears bits of a descriptor in memory.
  void change(std::uint64_t at, std::uint64_t set, std::uint64_t clear) {
    memory.write(at, (memory.read(at, 8) | set) & ~clear);
  }
  /// Takes the oldest record, which must be there.
  Record event() {
    const auto e = pop_event();
    EXPECT_TRUE(e.has_value());
    return e.value_or(Record{});
  }
};

/// The record of a fault, every bit of it (7.3).
struct Expected {
  std::uint64_t type = 0x10;
  std::uint32_t StreamID = 0;
  bool PnU = false, InD = false, RnW = true, S2 = true;
  std::uint64_t CLASS = 2;
  bool TTRnW = false;
  std::uint64_t InputAddr = 0;
  std::uint64_t IPA = 0;
  std::uint64_t FetchAddr = 0;

  Record record() const {
    Record r{};
    r[0] = type | std::uint64_t{StreamID} << 32;
    r[1] = std::uint64_t{PnU} << 33 | std::uint64_t{InD} << 34 | std::uint64_t{RnW} << 35 |
           std::uint64_t{S2} << 39 | CLASS << 40 | std::uint64_t{TTRnW} << 44;
    r[2] = InputAddr;
    r[3] = type == 0x0b ? FetchAddr : IPA & ~0xfffULL;
    return r;
  }
};

}  // namespace smmuvp::smmuv3
