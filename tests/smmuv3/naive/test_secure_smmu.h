// SPDX-License-Identifier: MIT
//
// A naive SMMU with a Secure interface, whose structures are those of test_smmu.h in Secure memory.
#pragma once

#include "test_smmu.h"

namespace naive_smmuv3_test {

constexpr uint64_t SECURE_STAGE2 = 0x68000;
constexpr uint64_t S = 0x8000;  // offset of the Secure registers
constexpr uint64_t TTD_NS = one(5);
constexpr uint64_t SSEC = one(10);

/// As NaiveSmmu, of a Secure stream; all that is fetched is Secure unless a test says otherwise. Stage 2 maps
/// Secure IPAs as there, and 1..2 GiB of the Non-secure IPA space to 5..6 GiB.
class SecureSmmu : public NaiveSmmu {
 protected:
  SecureSmmu() {
    features.SECURE_IMPL = true;
    features.SEL2 = true;
    features.S_MSI = true;
    features.S_SIDSIZE = 16;
    ste[4] = (uint64_t{25} << 32) | (uint64_t{1} << 38);  // S_S2T0SZ, S_S2SL0
    ste[6] = SECURE_STAGE2;
    secure_memory.put64(STAGE1, block(GIB, AF | USER | INNER));
    secure_memory.put64(SECURE_STAGE2, block(0, AF | S2_READ | S2_WRITE | S2_WB | INNER));
    secure_memory.put64(SECURE_STAGE2 + 8, block(3 * GIB, AF | S2_READ | S2_WRITE | S2_WB | INNER));
    secure_memory.put64(STAGE2, block(0, AF | S2_READ | S2_WRITE | S2_WB | INNER));
    secure_memory.put64(STAGE2 + 8, block(5 * GIB, AF | S2_READ | S2_WRITE | S2_WB | INNER));
    request.SEC_SID = Space::secure;
    request.NS = false;
  }
  void start_secure() {
    start();
    s_write(0x80, 8, STREAM_TABLE);
    s_write(0x88, 4, 4);
    s_write(0x90, 8, COMMANDS | 3);
    s_write(0xA0, 8, EVENTS | 3);
    s_write(0x2C, 4, S_CR2);
    s_write(0x50, 4, 0b101);
    s_write(0x20, 4, S_CR0);
  }
  uint64_t s_read(uint64_t offset, unsigned bytes = 4) {
    return smmu->read(S + offset, bytes, Space::secure);
  }
  void s_write(uint64_t offset, unsigned bytes, uint64_t value) {
    smmu->write(S + offset, bytes, value, Space::secure);
  }
  /// Writes STE and CD into Secure memory, and lets the request go.
  Outcome s_access(uint64_t address, AccessType type = AccessType::read) {
    put(secure_memory, STREAM_TABLE + 64 * uint64_t{request.StreamID}, ste);
    put(secure_memory, CDS, cd);
    request.address = address;
    request.type = type;
    if (!smmu.has_value()) start_secure();
    return smmu->access(request);
  }
  Forwarded s_forwarded(uint64_t address, AccessType type = AccessType::read) {
    const Outcome outcome = s_access(address, type);
    EXPECT_EQ(outcome.kind, Outcome::Kind::forwarded);
    return outcome.forwarded;
  }
  void expect_s_abort(uint64_t address, AccessType type = AccessType::read) {
    EXPECT_EQ(s_access(address, type).kind, Outcome::Kind::aborted);
  }
  unsigned s_events() { return unsigned(s_read(0xA8) - s_read(0xAC)) & 0xF; }
  Words s_event(unsigned n) {
    Words words;
    for (unsigned i = 0; i < 4; i++) words[i] = secure_memory.get64(EVENTS + 32 * n + 8 * i);
    return words;
  }
  Words only_s_event() {
    EXPECT_EQ(s_events(), 1u);
    EXPECT_EQ(events(), 0u);
    return s_event(0);
  }
  /// Puts a command into the Secure queue and runs it.
  void s_command(uint64_t low, uint64_t high = 0) {
    if (!smmu.has_value()) start_secure();
    const uint64_t PROD = s_read(0x98);
    secure_memory.put64(COMMANDS + 16 * (PROD & 7), low);
    secure_memory.put64(COMMANDS + 16 * (PROD & 7) + 8, high);
    s_write(0x98, 4, (PROD + 1) & 0xF);
    smmu->run_commands();
  }
  /// S_CMDQ_CONS.ERR if the error is active, else 0
  unsigned s_command_error() {
    return ((s_read(0x60) ^ s_read(0x64)) & 1) != 0 ? unsigned(s_read(0x9C) >> 24) : 0;
  }
  void s_acknowledge() { s_write(0x64, 4, s_read(0x60)); }
  void nscfg(unsigned NSCFG) { ste[1] = (ste[1] & ~(uint64_t{3} << 46)) | (uint64_t{NSCFG} << 46); }
  void strw(unsigned STRW) { ste[1] = (ste[1] & ~(uint64_t{3} << 30)) | (uint64_t{STRW} << 30); }

  uint32_t S_CR0 = 0b1101;
  uint32_t S_CR2 = 0b10;  // RECINVSID
};

}  // namespace naive_smmuv3_test
