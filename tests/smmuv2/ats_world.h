// Banks for address translation operations, and how software makes them.
#pragma once

#include "world.h"

namespace smmuvp::smmuv2 {

struct AtsWorld : World {
  explicit AtsWorld(const Features& f = {}) : World(f) { start(); }

  /// Bank 3 and stream 3: AArch64.
  pgtable::Builder& stage1(std::uint32_t SCTLR_bits = 0) {
    pgtable::Builder& b = stream64(3, 3, 1, SCTLR_bits);
    b.map(0x1000, 0x2'0000'2000, 0x1000);
    pgtable::Mapping device;
    device.AttrIndx = 1;
    b.map(0x3000, 0x4000, 0x1000, device);
    return b;
  }
  /// Bank 3: sections and a supersection.
  void short_descriptors() {
    using namespace offsets;
    pgtable::Config c;
    c.stage1.format = pgtable::Format::v7s;
    c.stage1.output_size = 40;
    c.stage1.v7s.DACR = 0x5555'5555;
    c.stage1.v7s.AFE = true;
    c.stage1.tables[0].EPD = false;
    c.stage1.tables[1].EPD = true;
    pgtable::Builder& b = builder(c);
    pgtable::Mapping m;
    m.AttrIndx = 0b00111;  // Write-Back, Write-Allocate
    b.map(0x10'0000, 0x20'0000, 0x10'0000, m);
    m.AttrIndx = 0b00000;  // Strongly-ordered
    b.map(0x30'0000, 0x40'0000, 0x10'0000, m);
    m.AttrIndx = 0b00010;  // Write-Through
    b.map(0x50'0000, 0x70'0000, 0x10'0000, m);
    m.contiguous = true;
    b.map(0x1000'0000, 0x12'2200'0000, 0x100'0000, m);
    write(gr1(CBA2R0 + 4 * 3), 0);
    write(gr1(CBAR0 + 4 * 3), CBAR_stage1);
    write_cb(3, TCR, 1U << 5);
    write_cb(3, TTBR0, b.config().stage1.tables[0].base, 8);
    write_cb(3, FSR, ~0U);
    write_cb(3, SCTLR, SCTLR_M | SCTLR_AFE);
  }
  /// Bank 6 with stage 2 in bank 5, and stream 9.
  void nested(std::uint32_t SCTLR_of_stage2 = 0) {
    using namespace offsets;
    s2 = &builder(config_stage2());
    s1 = &builder(config64());
    s1->map(0x1000, 0x40'0000, 0x1000);
    s1->map(0x2000, 0x50'0000, 0x1000);
    for (std::uint64_t a = tables; a < tables + 0x10'0000; a += 0x1000) s2->map(a, a, 0x1000);
    s2->map(0x40'0000, 0x9000'0000, 0x1000);
    bank_stage2(5, s2->config(), 0, SCTLR_of_stage2);
    bank64(6, s1->config(), 1, 0, 0, CBAR_nested | 5U << 8);
    map_stream(9, 9, S2CR_translate | 6);
  }
  /// PAR of an operation of a bank.
  std::uint64_t ats(std::uint32_t operation, std::uint64_t address, unsigned bank = 3) {
    write_cb(bank, operation, address, 8);
    work();
    return read_cb(bank, offsets::PAR, 8);
  }
  /// GPAR of a global one.
  std::uint64_t gats(std::uint32_t operation, std::uint64_t address, unsigned bank = 3, bool secure = false) {
    write(operation, address | bank, 8, secure);
    work();
    return read(offsets::sGPAR, 8, secure);
  }
  /// A PAR of a fault but for Format, bits [9:8].
  static std::uint64_t plain(std::uint64_t PAR_is) { return PAR_is & ~std::uint64_t{0x300}; }
  static std::uint64_t PA(std::uint64_t PAR_is) { return PAR_is & 0x0000'ffff'ffff'f000ULL; }

  pgtable::Builder* s1 = nullptr;
  pgtable::Builder* s2 = nullptr;
};

}  // namespace smmuvp::smmuv2
