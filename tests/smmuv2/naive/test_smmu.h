// SPDX-License-Identifier: MIT
//
// A naive SMMUv2 with memory, one stream and small tables, for its own tests. Every expected word in the
// tests was worked out on paper from the fields of IHI 0062.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "bits.h"
#include "model.h"
#include "test_memory.h"

namespace naive_smmuv2_test {

using namespace naive_smmuv2;
using naive_test::AF;
using Kind = Outcome::Kind;

constexpr uint64_t GIB = uint64_t{1} << 30;
constexpr uint64_t STAGE1 = 0x10000;
constexpr uint64_t STAGE2 = 0x20000;
constexpr uint64_t USER = uint64_t{1} << 6;
constexpr uint64_t READ_ONLY = uint64_t{1} << 7;
constexpr uint64_t INNER = uint64_t{3} << 8;
constexpr uint64_t S2_READ = uint64_t{1} << 6;
constexpr uint64_t S2_WRITE = uint64_t{1} << 7;
constexpr uint64_t S2_WB = uint64_t{0xF} << 2;
inline uint64_t block(uint64_t address, uint64_t bits) { return address | bits | 1; }

// SCTLR
constexpr uint32_t M = 1u << 0;
constexpr uint32_t CFRE = 1u << 5;
constexpr uint32_t CFIE = 1u << 6;
constexpr uint32_t CFCFG = 1u << 7;
constexpr uint32_t HUPCF = 1u << 8;
// CR0
constexpr uint32_t CLIENTPD = 1u << 0;
constexpr uint32_t GFRE = 1u << 1;
constexpr uint32_t GFIE = 1u << 2;
constexpr uint32_t STALLD = 1u << 8;
constexpr uint32_t GSE = 1u << 9;
constexpr uint32_t USFCFG = 1u << 10;
constexpr uint32_t SMCFCFG = 1u << 21;

/// Stream 5 goes to bank 4, a stage 1 bank of AArch64 with 4 KiB granules and 39 bits, so that tables start
/// at level 1. It maps VA 0..1 GiB to 1..2 GiB. Bank 3 is a stage 2 bank: 0..1 GiB to itself, 1..2 GiB
/// to 3..4 GiB. Security states are told by the requests.
class NaiveSmmuv2 : public testing::Test {
 protected:
  NaiveSmmuv2() {
    parameters.SSDTP = 0;
    parameters.unknown = 0;
    memory.put64(STAGE1, block(GIB, AF | USER | INNER));
    memory.put64(STAGE2, block(0, AF | S2_READ | S2_WRITE | S2_WB | INNER));
    memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_READ | S2_WRITE | S2_WB | INNER));
    request.StreamID = 5;
  }
  void build() { smmu.emplace(parameters, memory, choices); }
  /// Builds the SMMU and configures stream and banks.
  void start() {
    build();
    write(CR0, GFIE | GFRE | USFCFG | SMCFCFG);
    stream(0, 5, 4);
    write(cbar(4), CBAR);
    write(cba2r(4), 1);
    write(cb(4, 0x30), 0x00803519);  // T0SZ 25, EPD1, 4 KiB, Inner Shareable Write-Back walks
    write(cb(4, 0x10), 0x00038005);  // SEP 7, PASize 48
    write(cb(4, 0x20), STAGE1, 8);
    write(cb(4, 0x38), 0x000004FF);  // 0 Write-Back, 1 Device-nGnRE
    write(cb(4, 0x00), SCTLR);
    write(cbar(3), 0);
    write(cba2r(3), 1);
    write(cb(3, 0x30), 0x00053559);  // T0SZ 25, SL0 1, PASize 48
    write(cb(3, 0x20), STAGE2, 8);
    write(cb(3, 0x00), SCTLR2);
  }
  void stream(unsigned group, unsigned id, uint32_t S2CR, bool secure = false) {
    write(0x800 + 4 * group, 0x80000000 | id, 4, secure);
    write(0xC00 + 4 * group, S2CR, 4, secure);
  }
  [[nodiscard]] uint64_t page() const { return parameters.page_bytes(); }
  [[nodiscard]] uint64_t cb(unsigned n, unsigned offset) const {
    return (parameters.pages() + n) * page() + offset;
  }
  [[nodiscard]] uint64_t cbar(unsigned n) const { return page() + 4 * n; }
  [[nodiscard]] uint64_t cbfrsynra(unsigned n) const { return page() + 0x400 + 4 * n; }
  [[nodiscard]] uint64_t cba2r(unsigned n) const { return page() + 0x800 + 4 * n; }
  uint64_t read(uint64_t offset, unsigned bytes = 4, bool secure = false) {
    return smmu->read(offset, bytes, secure).value;
  }
  void write(uint64_t offset, uint64_t value, unsigned bytes = 4, bool secure = false) {
    smmu->write(offset, bytes, secure, value);
  }
  Outcome access(uint64_t address, AccessType type = AccessType::read) {
    if (!smmu.has_value()) start();
    request.address = address;
    request.type = type;
    return smmu->access(request);
  }
  Forwarded forwarded(uint64_t address, AccessType type = AccessType::read) {
    const Outcome outcome = access(address, type);
    EXPECT_EQ(outcome.kind, Kind::forwarded);
    return outcome.forwarded;
  }
  void expect_fault(unsigned bank, uint32_t FSR, uint32_t FSYNR0, uint64_t FAR) {
    EXPECT_EQ(read(cb(bank, 0x58)), FSR);
    EXPECT_EQ(read(cb(bank, 0x68)), FSYNR0);
    EXPECT_EQ(read(cb(bank, 0x60), 8), FAR);
  }
  void expect_global_fault(uint32_t GFSR, uint32_t GFSYNR0, uint32_t GFSYNR1, uint64_t GFAR) {
    EXPECT_EQ(read(0x48), GFSR);
    EXPECT_EQ(read(0x50), GFSYNR0);
    EXPECT_EQ(read(0x54), GFSYNR1);
    EXPECT_EQ(read(0x40, 8), GFAR);
  }
  /// Makes bank 4 the first of two, bank 3 the second.
  void nest() {
    start();
    write(cbar(4), 0x00030300);  // TYPE 11, CBNDX 3
  }

  static constexpr uint64_t CR0 = 0;
  naive_test::TestMemory memory;
  Parameters parameters;
  Choices choices;
  std::optional<Smmu> smmu;
  AccessRequest request;
  uint32_t CBAR = 0x0001F300;  // TYPE 01, Write-Back, Non-shareable: changes nothing
  uint32_t SCTLR = M | CFRE | CFIE;
  uint32_t SCTLR2 = M | CFRE | CFIE;
};

}  // namespace naive_smmuv2_test
