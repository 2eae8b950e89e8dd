// SPDX-License-Identifier: MIT
//
// A naive SMMU with memory, queues and small tables, for its own tests. Every expected word in the tests was
// worked out on paper from the figures and fields of IHI 0070.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "bits.h"
#include "model.h"

namespace naive_smmuv3_test {

using namespace naive_smmuv3;

/// Sparse; what was never written reads as zero. Accesses that touch an aborting address abort.
class TestMemory : public naive_smmuv3::Memory {
 public:
  std::optional<std::vector<uint8_t>> read(uint64_t address, size_t bytes) override {
    if (aborts(address, bytes)) return std::nullopt;
    std::vector<uint8_t> data;
    for (size_t n = 0; n < bytes; n++) data.push_back(byte(address + n));
    return data;
  }
  bool write(uint64_t address, const std::vector<uint8_t>& data) override {
    if (aborts(address, data.size())) return false;
    for (size_t n = 0; n < data.size(); n++) m_bytes[address + n] = data[n];
    return true;
  }
  bool write_msi(uint64_t address, const std::vector<uint8_t>& data, uint8_t attributes,
                 Shareability shareability) override {
    messages.emplace_back(attributes, shareability);
    return write(address, data);
  }
  naive::Swap compare_and_swap(uint64_t address, const Word& expected, const Word& desired) override {
    if (aborts(address, 8)) return naive::Swap::external_abort;
    for (size_t n = 0; n < 8; n++) {
      if (byte(address + n) != expected[n]) return naive::Swap::differs;
    }
    for (size_t n = 0; n < 8; n++) m_bytes[address + n] = desired[n];
    return naive::Swap::done;
  }
  void put64(uint64_t address, uint64_t value) { write(address, little_endian_bytes(value, 8)); }
  uint64_t get64(uint64_t address) const {
    uint64_t value = 0;
    for (unsigned n = 0; n < 8; n++) value |= uint64_t{byte(address + n)} << (8 * n);
    return value;
  }

  std::set<uint64_t> aborting;
  std::vector<std::pair<unsigned, Shareability>> messages;  ///< types of MSIs

 private:
  bool aborts(uint64_t address, size_t bytes) const {
    const auto next = aborting.lower_bound(address);
    return next != aborting.end() && *next < address + bytes;
  }
  uint8_t byte(uint64_t address) const {
    const auto found = m_bytes.find(address);
    return found == m_bytes.end() ? uint8_t{0} : found->second;
  }
  std::map<uint64_t, uint8_t> m_bytes;
};

/// The Non-secure and the Secure physical address space, which hold different things at the same addresses.
class TestBus : public naive_smmuv3::Memory {
 public:
  TestBus(TestMemory& non_secure, TestMemory& secure) : m_non_secure(non_secure), m_secure(secure) {}
  std::optional<std::vector<uint8_t>> read(uint64_t, size_t) override { return std::nullopt; }
  bool write(uint64_t, const std::vector<uint8_t>&) override { return false; }
  naive::Swap compare_and_swap(uint64_t, const Word&, const Word&) override {
    return naive::Swap::external_abort;
  }
  std::optional<std::vector<uint8_t>> read_from(Space space, uint64_t address, size_t bytes) override {
    labels[address] = next;
    return in(space).read(address, bytes);
  }
  bool write_to(Space space, uint64_t address, const std::vector<uint8_t>& data) override {
    labels[address] = next;
    return in(space).write(address, data);
  }
  bool write_msi_to(Space space, uint64_t address, const std::vector<uint8_t>& data, uint8_t attributes,
                    Shareability shareability) override {
    labels[address] = next;
    return in(space).write_msi(address, data, attributes, shareability);
  }
  naive::Swap compare_and_swap_in(Space space, uint64_t address, const Word& expected,
                                  const Word& desired) override {
    labels[address] = next;
    return in(space).compare_and_swap(address, expected, desired);
  }

  void labels_next(const MpamLabel& label) override { next = label; }

  unsigned secure_accesses = 0;
  MpamLabel next;
  std::map<uint64_t, MpamLabel> labels;  ///< of the last access to an address

 private:
  TestMemory& in(Space space) {
    if (space == Space::secure) secure_accesses++;
    return space == Space::secure ? m_secure : m_non_secure;
  }
  TestMemory& m_non_secure;
  TestMemory& m_secure;
};

using Words = std::array<uint64_t, 4>;

constexpr uint64_t one(unsigned n) { return uint64_t{1} << n; }

constexpr uint64_t STREAM_TABLE = 0x10000;
constexpr uint64_t COMMANDS = 0x20000;
constexpr uint64_t EVENTS = 0x30000;
constexpr uint64_t CDS = 0x40000;
constexpr uint64_t STAGE1 = 0x50000;
constexpr uint64_t STAGE2 = 0x60000;

// Descriptors: a level 1 block of 1 GiB
constexpr uint64_t AF = one(10);
constexpr uint64_t USER = one(6);
constexpr uint64_t READ_ONLY = one(7);
constexpr uint64_t DBM = one(51);
constexpr uint64_t S2_READ = one(6);
constexpr uint64_t S2_WRITE = one(7);
constexpr uint64_t S2_WB = uint64_t{0xF} << 2;
constexpr uint64_t S2_DEVICE = uint64_t{0x1} << 2;
constexpr uint64_t INNER = uint64_t{3} << 8;
constexpr uint64_t GIB = uint64_t{1} << 30;
inline uint64_t block(uint64_t address, uint64_t bits) { return address | bits | 1; }

/// 4 KiB granules, 39 bits of input at each stage, so that tables start at level 1. Stage 1 maps VA 0..1 GiB
/// to 1..2 GiB; stage 2 maps 0..1 GiB to itself (the tables lie there) and 1..2 GiB to 3..4 GiB.
class NaiveSmmu : public testing::Test {
 protected:
  NaiveSmmu() {
    cd[0] = 25 | one(30) | one(31) | (uint64_t{5} << 32) | one(41) | one(45) |
            one(46);  // T0SZ, EPD1, V, IPS, AA64, R, A
    cd[1] = STAGE1;
    cd[3] = 0x04FF;  // MAIR: 0 WB, 1 Device-nGnRE
    ste[0] = one(0) | CDS;
    ste[1] = one(44);  // SHCFG: use incoming
    ste[2] = 1 | (uint64_t{25} << 32) | (uint64_t{1} << 38) | (uint64_t{5} << 48) | one(51) | one(58);
    ste[3] = STAGE2;
    memory.put64(STAGE1, block(GIB, AF | USER | INNER));
    memory.put64(STAGE2, block(0, AF | S2_READ | S2_WRITE | S2_WB | INNER));
    memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_READ | S2_WRITE | S2_WB | INNER));
  }

  /// Builds the SMMU, with queues of eight entries and everything enabled.
  void start() {
    smmu.emplace(features, bus, choices);
    smmu->write(0x80, 8, STREAM_TABLE);
    smmu->write(0x88, 4, 4);
    smmu->write(0x90, 8, COMMANDS | 3);
    smmu->write(0xA0, 8, EVENTS | 3);
    smmu->write(0x2C, 4, CR2);
    smmu->write(0x50, 4, 0b101);
    smmu->write(0x20, 4, 0b1101);
  }
  void config(unsigned Config) { ste[0] = (ste[0] & ~uint64_t{0xE}) | (uint64_t{Config} << 1); }
  void put(uint64_t address, const std::array<uint64_t, 8>& words) { put(memory, address, words); }
  static void put(TestMemory& where, uint64_t address, const std::array<uint64_t, 8>& words) {
    for (unsigned n = 0; n < 8; n++) where.put64(address + 8 * n, words[n]);
  }
  void put_structures() {
    put(STREAM_TABLE + 64 * uint64_t{request.StreamID}, ste);
    put(CDS, cd);
  }
  /// Writes STE and CD, and lets the request go.
  Outcome access(uint64_t address, AccessType type = AccessType::read) {
    put_structures();
    request.address = address;
    request.type = type;
    if (!smmu.has_value()) start();
    return smmu->access(request);
  }
  /// What is forwarded; anything else fails the test.
  Forwarded forwarded(uint64_t address, AccessType type = AccessType::read) {
    const Outcome outcome = access(address, type);
    EXPECT_EQ(outcome.kind, Outcome::Kind::forwarded);
    return outcome.forwarded;
  }
  void expect_abort(uint64_t address, AccessType type = AccessType::read) {
    EXPECT_EQ(access(address, type).kind, Outcome::Kind::aborted);
  }
  unsigned events() { return unsigned(smmu->read(0x100A8, 4) - smmu->read(0x100AC, 4)) & 0xF; }
  Words event(unsigned n) {
    Words words;
    for (unsigned i = 0; i < 4; i++) words[i] = memory.get64(EVENTS + 32 * n + 8 * i);
    return words;
  }
  /// The one event that was recorded
  Words only_event() {
    EXPECT_EQ(events(), 1u);
    return event(0);
  }
  /// Puts a command into the queue and runs it.
  void command(uint64_t low, uint64_t high = 0) {
    if (!smmu.has_value()) start();
    const uint64_t PROD = smmu->read(0x98, 4);
    memory.put64(COMMANDS + 16 * (PROD & 7), low);
    memory.put64(COMMANDS + 16 * (PROD & 7) + 8, high);
    smmu->write(0x98, 4, (PROD + 1) & 0xF);
    smmu->run_commands();
  }
  /// CMDQ_CONS.ERR if the error is active, else 0
  unsigned command_error() {
    const uint64_t active = smmu->read(0x60, 4) ^ smmu->read(0x64, 4);
    return (active & 1) != 0 ? unsigned(smmu->read(0x9C, 4) >> 24) : 0;
  }
  void acknowledge() { smmu->write(0x64, 4, smmu->read(0x60, 4)); }

  TestMemory memory, secure_memory;
  TestBus bus{memory, secure_memory};
  Features features;
  Choices choices;
  std::optional<Smmu> smmu;
  std::array<uint64_t, 8> ste{};
  std::array<uint64_t, 8> cd{};
  AccessRequest request;
  uint32_t CR2 = 0b10;  // RECINVSID
};

}  // namespace naive_smmuv3_test
