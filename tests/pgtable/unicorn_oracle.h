// Unicorn's AArch64 MMU as an independent answer to stage 1 walks.
//
// A write to an AT operation's encoding runs the operation, so no guest code is needed: set the registers,
// write the address, read PAR_EL1. Physical memory is a callback, which also tells which descriptors were
// read. Execute permission does not show in PAR; for that a fetch is tried (Fetcher).
#pragma once

#include <unicorn/unicorn.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable::test {

class UnicornMmu {
 public:
  /// Answers the little-endian 64-bit value at an 8-byte aligned address.
  using Memory = std::function<std::uint64_t(std::uint64_t address)>;

  UnicornMmu(const UnicornMmu&) = delete;
  UnicornMmu& operator=(const UnicornMmu&) = delete;
  ~UnicornMmu() { uc_close(m_uc); }

  /// Takes over the EL1&0 registers of a walkable stage 1 Config, PAN excepted.
  void set_registers(const Config& config) {
    const Stage1Config& s1 = config.stage1;
    std::uint64_t TCR = 0;
    for (unsigned i = 0; i < 2; ++i) {
      const TableConfig& t = s1.tables[i];
      TCR |= std::uint64_t{t.TxSZ} << (16 * i);
      TCR |= std::uint64_t{t.EPD} << (7 + 16 * i);
      TCR |= std::uint64_t{t.TBI} << (37 + i);
      TCR |= std::uint64_t{t.HPD} << (41 + i);
      write(3, 0, 2, 0, i, t.base);
    }
    TCR |= std::uint64_t{2} << 30;  // TG1: 4 KiB
    TCR |= ips(s1.output_size) << 32;
    write(3, 0, 2, 0, 2, TCR);
    write(3, 0, 10, 2, 0, s1.MAIR);
    write(3, 0, 1, 0, 0, 1U | std::uint64_t{s1.WXN} << 19 | std::uint64_t{s1.big_endian} << 25);  // SCTLR_EL1
  }

  /// Physical addresses of the descriptors read since the last forget().
  const std::vector<std::uint64_t>& reads() const { return m_reads; }
  void forget() { m_reads.clear(); }

 protected:
  explicit UnicornMmu(Memory memory) : m_memory(std::move(memory)) {
    check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &m_uc), "uc_open");
    check(uc_ctl_set_cpu_model(m_uc, UC_CPU_ARM64_MAX), "cpu model");
    write(3, 6, 1, 1, 0, 0x501);                   // SCR_EL3: RW, HCE, NS
    write(3, 4, 1, 1, 0, std::uint64_t{1} << 31);  // HCR_EL2: RW
  }

  static void check(uc_err error, const char* what) {
    if (error != UC_ERR_OK) throw std::runtime_error(std::string(what) + ": " + uc_strerror(error));
  }
  void write(std::uint32_t op0, std::uint32_t op1, std::uint32_t crn, std::uint32_t crm, std::uint32_t op2,
             std::uint64_t value) {
    uc_arm64_cp_reg reg{crn, crm, op0, op1, op2, value};
    check(uc_reg_write(m_uc, UC_ARM64_REG_CP_REG, &reg), "system register");
  }
  void set_pstate(std::uint32_t value) { check(uc_reg_write(m_uc, UC_ARM64_REG_PSTATE, &value), "PSTATE"); }
  // A failed descriptor read outside uc_emu_start() would end the process: everything is mapped.
  void map_everything() {
    check(uc_mmio_map(m_uc, 0, std::uint64_t{1} << 48, on_read, this, nullptr, nullptr), "memory");
  }

  uc_engine* m_uc = nullptr;

 private:
  static std::uint64_t ips(unsigned output_size) {
    switch (output_size) {
      case 32:
        return 0;
      case 36:
        return 1;
      case 40:
        return 2;
      case 42:
        return 3;
      case 44:
        return 4;
      default:
        return 5;
    }
  }
  // Called for 4 bytes at a time, the low word first.
  static std::uint64_t on_read(uc_engine*, std::uint64_t address, unsigned, void* user) {
    auto* self = static_cast<UnicornMmu*>(user);
    const std::uint64_t aligned = address & ~std::uint64_t{7};
    const bool high = (address & 4) != 0;
    if (!high) self->m_reads.push_back(aligned);
    const std::uint64_t value = self->m_memory(aligned);
    return high ? value >> 32 : value & 0xffffffffU;
  }

  Memory m_memory;
  std::vector<std::uint64_t> m_reads;
};

/// AT S1E1R, S1E1W, S1E0R, S1E0W, S1E1RP, S1E1WP.
class Translator : public UnicornMmu {
 public:
  explicit Translator(Memory memory) : UnicornMmu(std::move(memory)) {
    map_everything();
    set_pstate(0x4003cd);  // EL3h, PAN
  }
  /// PAR_EL1. `pan` (privileged only) uses the operations that honour PSTATE.PAN.
  std::uint64_t at(bool privileged, bool store, bool pan, std::uint64_t va) {
    write(1, 0, 7, pan ? 9 : 8, (privileged ? 0U : 2U) + (store ? 1U : 0U), va);
    std::uint64_t par = 0;
    check(uc_reg_read(m_uc, UC_ARM64_REG_PAR_EL1, &par), "PAR_EL1");
    return par;
  }
};

/// Instruction fetches at EL1 or EL0.
class Fetcher : public UnicornMmu {
 public:
  Fetcher(Memory memory, bool privileged) : UnicornMmu(std::move(memory)) {
    // The engine refreshes its cached execution state only in an exception return, so one is run.
    const std::uint32_t code[4] = {0xd69f03e0, 0xd503201f, 0xd503201f, 0xd503201f};  // ERET, NOP
    check(uc_mem_map(m_uc, 0, 0x1000, UC_PROT_ALL), "code page");
    check(uc_mem_write(m_uc, 0, code, sizeof code), "code");
    set_pstate(0x3cd);
    const std::uint64_t target = 4;
    check(uc_reg_write(m_uc, UC_ARM64_REG_ELR_EL1, &target), "ELR_EL1");
    check(uc_reg_write(m_uc, UC_ARM64_REG_ELR_EL3, &target), "ELR_EL3");
    write(3, 6, 4, 0, 0, privileged ? 0x3c5 : 0x3c0);  // SPSR_EL3
    check(uc_emu_start(m_uc, 0, 12, 0, 2), "ERET");
    check(uc_mem_unmap(m_uc, 0, 0x1000), "code page");
    map_everything();
    uc_hook hook = 0;
    check(uc_hook_add(m_uc, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(on_interrupt), this, 1, 0), "hook");
  }
  /// Whether the MMU lets a 4-byte aligned, untagged address be fetched. Nothing runs: callback memory is not
  /// executable, so a permitted fetch ends in an engine error of its own.
  bool allowed(std::uint64_t va) {
    write(1, 4, 8, 7, 4, 0);  // TLBI ALLE1
    m_interrupt = -1;
    const uc_err e = uc_emu_start(m_uc, va, va + 64, 0, 1);
    constexpr int prefetch_abort = 3;
    if (m_interrupt == prefetch_abort) return false;
    if (e != UC_ERR_FETCH_PROT && e != UC_ERR_FETCH_UNMAPPED)
      throw std::runtime_error("unexpected end of a fetch");
    return true;
  }

 private:
  static void on_interrupt(uc_engine* uc, std::uint32_t number, void* user) {
    static_cast<Fetcher*>(user)->m_interrupt = static_cast<int>(number);
    uc_emu_stop(uc);
  }
  int m_interrupt = -1;
};

}  // namespace smmuvp::pgtable::test
