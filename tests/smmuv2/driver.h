// Tables and registers of an SMMUv2 as a driver would write them, for benches of its core and of its module.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "../smmu/test_memory.h"
#include "offsets.h"
#include "smmuvp/pgtable/builder.h"

namespace smmuvp::smmuv2 {

class Driver {
 public:
  static constexpr std::uint64_t tables = 0x5000'0000;

  /// @param page  of registers. @param window  all of them (8.1.2)
  Driver(std::uint32_t page, std::uint32_t window) : m_page(page), m_window(window) {}
  virtual ~Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // ---- registers
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4, bool secure = false) {
    write_register(offset, value, bytes, secure);
  }
  /// Whether a bank's registers are for Secure accesses alone.
  virtual bool secure_of(unsigned bank) const = 0;
  std::uint32_t gr1(std::uint32_t offset) const { return m_page + offset; }
  std::uint32_t cb(unsigned bank, std::uint32_t offset) const {
    return m_window / 2 + bank * m_page + offset;
  }
  void write_cb(unsigned bank, std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    write(cb(bank, offset), value, bytes, secure_of(bank));
  }
  /// The SMMU is on, and each fault reported and an interrupt.
  void start(std::uint32_t more = 0) {
    using namespace offsets;
    write(sCR0, CR0_GFRE | CR0_GFIE | CR0_GCFGFRE | CR0_GCFGFIE | CR0_USFCFG | CR0_SMCFCFG | more);
  }
  void map_stream(unsigned group, std::uint32_t id, std::uint32_t S2CR, std::uint32_t mask = 0) {
    write(offsets::S2CR0 + 4 * group, S2CR);
    write(offsets::SMR0 + 4 * group, offsets::SMR_VALID | mask << 16 | id);
  }

  // ---- tables
  /// As at first: memory is empty, and nothing of it in use.
  void forget_tables() {
    memory = {};
    builders.clear();
    m_next_table = tables;
  }
  /// Empty tables of any configuration; base addresses are the builder's.
  pgtable::Builder& builder(const pgtable::Config& c) {
    builders.emplace_back(
        c, [this](const pgtable::MemoryOp& op) { return memory.carry_out(op); },
        [this](std::uint64_t size) -> std::optional<std::uint64_t> { return allocate(size); });
    return builders.back();
  }
  /// Room for a table, aligned to its size.
  std::uint64_t allocate(std::uint64_t size) {
    m_next_table = (m_next_table + size - 1) & ~(size - 1);
    const std::uint64_t at = m_next_table;
    m_next_table += size;
    return at;
  }
  /// AArch64 stage 1 of two ranges of 39 bits.
  static pgtable::Config config64() {
    pgtable::Config c;
    c.stage1.output_size = 48;
    c.stage1.MAIR = 0xff440400'00000000ULL | 0x00ff;
    for (auto& t : c.stage1.tables) {
      t.EPD = false;
      t.TxSZ = 25;
    }
    return c;
  }
  static std::uint32_t TG0_of(pgtable::Granule g) {
    return g == pgtable::Granule::size_4k ? 0 : g == pgtable::Granule::size_64k ? 1 : 2;
  }
  static std::uint32_t TG1_of(pgtable::Granule g) {
    return g == pgtable::Granule::size_4k ? 2 : g == pgtable::Granule::size_64k ? 3 : 1;
  }
  /// A bank with AArch64 stage 1 by a configuration's tables; UBS 49 is the sign's place.
  void bank64(unsigned bank, const pgtable::Config& c, std::uint16_t asid = 1, std::uint8_t vmid = 0,
              std::uint32_t SCTLR_bits = 0, std::uint32_t CBAR = offsets::CBAR_stage1) {
    using namespace offsets;
    const auto& t = c.stage1.tables;
    write(gr1(CBA2R0 + 4 * bank), CBA2R_VA64, 4, secure_of(bank));
    write(gr1(CBAR0 + 4 * bank), CBAR | vmid, 4, secure_of(bank));
    // PASize 48, 16-bit ASIDs, SEP 7
    write_cb(bank, TCR2,
             5U | 1U << 4 | 7U << 15 | std::uint32_t{c.stage1.HA} << 10 | std::uint32_t{c.stage1.HD} << 11);
    write_cb(bank, TCR,
             t[0].TxSZ | std::uint32_t{t[0].EPD} << 7 | 1U << 8 | 1U << 10 | 3U << 12 |
                 TG0_of(t[0].granule) << 14 | std::uint32_t{t[1].TxSZ} << 16 | std::uint32_t{t[1].EPD} << 23 |
                 1U << 24 | 1U << 26 | 3U << 28 | TG1_of(t[1].granule) << 30);
    write_cb(bank, TTBR0, t[0].base | std::uint64_t{asid} << 48, 8);
    write_cb(bank, TTBR1, t[1].base, 8);
    write_cb(bank, MAIR0, static_cast<std::uint32_t>(c.stage1.MAIR));
    write_cb(bank, MAIR1, static_cast<std::uint32_t>(c.stage1.MAIR >> 32));
    write_cb(bank, FSR, ~0U);
    write_cb(bank, SCTLR,
             SCTLR_M | SCTLR_TRE | SCTLR_AFE | SCTLR_CFRE | SCTLR_CFIE |
                 std::uint32_t{c.stage1.big_endian} << 4 | SCTLR_bits);
  }
  /// A stream with AArch64 stage 1 by a bank of its own.
  pgtable::Builder& stream64(std::uint32_t sid, unsigned bank, std::uint16_t asid = 1,
                             std::uint32_t SCTLR_bits = 0) {
    pgtable::Builder& b = builder(config64());
    bank64(bank, b.config(), asid, 0, SCTLR_bits);
    map_stream(sid, sid, offsets::S2CR_translate | bank);
    return b;
  }
  /// AArch64 stage 2 of 40-bit IPAs from level 1.
  static pgtable::Config config_stage2() {
    pgtable::Config c;
    c.stages = pgtable::Stages::stage2;
    c.stage2.T0SZ = 24;
    c.stage2.start_level = 1;
    c.stage2.output_size = 48;
    return c;
  }
  void bank_stage2(unsigned bank, const pgtable::Config& c, std::uint8_t vmid = 0,
                   std::uint32_t SCTLR_bits = 0) {
    using namespace offsets;
    const auto& s2 = c.stage2;
    const int SL0 = (s2.granule == pgtable::Granule::size_4k ? 2 : 3) - s2.start_level;
    write(gr1(CBA2R0 + 4 * bank), CBA2R_VA64);
    write(gr1(CBAR0 + 4 * bank), CBAR_stage2 | vmid);
    write_cb(bank, TCR,
             static_cast<std::uint32_t>(s2.T0SZ) | static_cast<std::uint32_t>(SL0) << 6 | 1U << 8 | 1U << 10 |
                 3U << 12 | TG0_of(s2.granule) << 14 | 5U << 16 | std::uint32_t{s2.HA} << 21 |
                 std::uint32_t{s2.HD} << 22);
    write_cb(bank, TTBR0, s2.base, 8);
    write_cb(bank, FSR, ~0U);
    write_cb(bank, SCTLR, SCTLR_M | SCTLR_CFRE | SCTLR_CFIE | SCTLR_bits);
  }

  smmu::TestMemory memory;
  std::deque<pgtable::Builder> builders;

 private:
  virtual void write_register(std::uint32_t offset, std::uint64_t value, unsigned bytes, bool secure) = 0;

  std::uint32_t m_page, m_window;
  std::uint64_t m_next_table = tables;
};

}  // namespace smmuvp::smmuv2
