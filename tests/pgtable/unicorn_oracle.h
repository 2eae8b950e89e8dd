// Unicorn's AArch64 MMU as an independent answer to walks of both stages.
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

  /// Takes over the registers of a walkable VMSAv8-64 Config, PAN excepted. With stage 2 alone stage 1 is
  /// off; `normal_input` then chooses what it gives: Write-Back memory (HCR_EL2.DC), else Device-nGnRnE.
  void set_registers(const Config& config, bool normal_input = false) {
    const bool stage2 = config.stages != Stages::stage1;
    std::uint64_t HCR = std::uint64_t{1} << 31;  // RW
    if (stage2) {
      HCR |= 1 | std::uint64_t{config.stage2.PTW} << 2;
      set_stage2(config.stage2);
    }
    if (config.stages == Stages::stage2) {
      HCR |= std::uint64_t{normal_input} << 12;
      write(3, 0, 1, 0, 0, 0);  // SCTLR_EL1.M
    } else if (config.regime == Regime::el2) {
      set_single(config.stage1, 4);
    } else if (config.regime == Regime::el3) {
      set_single(config.stage1, 6);
    } else {
      set_el1_0(config.stage1);
    }
    if (stage2) write(3, 4, 1, 0, 0, std::uint64_t{config.stage2.big_endian} << 25);  // SCTLR_EL2.EE
    write(3, 4, 1, 1, 0, HCR);
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
  void set_el1_0(const Stage1Config& s1) {
    std::uint64_t TCR = 0;
    for (unsigned i = 0; i < 2; ++i) {
      const TableConfig& t = s1.tables[i];
      TCR |= std::uint64_t{t.TxSZ} << (16 * i);
      TCR |= std::uint64_t{t.EPD} << (7 + 16 * i);
      TCR |= std::uint64_t{t.TBI} << (37 + i);
      TCR |= std::uint64_t{t.HPD} << (41 + i);
      write(3, 0, 2, 0, i, t.base);
    }
    TCR |= encoded_tg0(s1.tables[0].granule) << 14;
    TCR |= encoded_tg1(s1.tables[1].granule) << 30;
    TCR |= encoded_size(s1.output_size) << 32;
    write(3, 0, 2, 0, 2, TCR);
    write(3, 0, 10, 2, 0, s1.MAIR);
    write(3, 0, 1, 0, 0, sctlr(s1));
  }
  // op1 4: EL2, 6: EL3
  void set_single(const Stage1Config& s1, std::uint32_t op1) {
    const TableConfig& t = s1.tables[0];
    std::uint64_t TCR = t.TxSZ;
    TCR |= encoded_tg0(t.granule) << 14;
    TCR |= encoded_size(s1.output_size) << 16;
    TCR |= std::uint64_t{t.TBI} << 20;
    TCR |= std::uint64_t{t.HPD} << 24;
    write(3, op1, 2, 0, 0, t.base);
    write(3, op1, 2, 0, 2, TCR);
    write(3, op1, 10, 2, 0, s1.MAIR);
    write(3, op1, 1, 0, 0, sctlr(s1));
  }
  void set_stage2(const Stage2Config& s2) {
    // VTCR_EL2.SL0 counts levels from the bottom, and from level 2 with the 4 KiB granule.
    const int last = s2.granule == Granule::size_4k ? 2 : 3;
    std::uint64_t VTCR = static_cast<std::uint8_t>(s2.T0SZ);
    VTCR |= static_cast<std::uint64_t>(last - s2.start_level) << 6;
    VTCR |= encoded_tg0(s2.granule) << 14;
    VTCR |= encoded_size(s2.output_size) << 16;
    write(3, 4, 2, 1, 2, VTCR);
    write(3, 4, 2, 1, 0, s2.base);
  }

  static std::uint64_t sctlr(const Stage1Config& s1) {
    return 1U | std::uint64_t{s1.WXN} << 19 | std::uint64_t{s1.big_endian} << 25;
  }
  static std::uint64_t encoded_tg0(Granule g) {
    return g == Granule::size_4k ? 0 : g == Granule::size_64k ? 1 : 2;
  }
  static std::uint64_t encoded_tg1(Granule g) {
    return g == Granule::size_4k ? 2 : g == Granule::size_64k ? 3 : 1;
  }
  static std::uint64_t encoded_size(unsigned output_size) {
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
    if ((address & 4) != 0) return self->m_value >> 32;
    self->m_reads.push_back(address);
    self->m_value = self->m_memory(address);
    return self->m_value & 0xffffffffU;
  }

  Memory m_memory;
  std::vector<std::uint64_t> m_reads;
  std::uint64_t m_value = 0;
};

/// The address translation operations.
class Translator : public UnicornMmu {
 public:
  explicit Translator(Memory memory) : UnicornMmu(std::move(memory)) {
    map_everything();
    set_pstate(0x4003cd);  // EL3h, PAN
  }
  /// PAR_EL1 after AT S1E1R, S1E1W, S1E0R, S1E0W; with `pan` (privileged only) S1E1RP, S1E1WP, which honour
  /// PSTATE.PAN.
  std::uint64_t stage1(bool privileged, bool store, bool pan, std::uint64_t va) {
    return at(0, pan ? 9 : 8, (privileged ? 0U : 2U) + (store ? 1U : 0U), va);
  }
  /// AT S12E1R, S12E1W, S12E0R, S12E0W.
  std::uint64_t both_stages(bool privileged, bool store, std::uint64_t va) {
    return at(4, 8, (privileged ? 4U : 6U) + (store ? 1U : 0U), va);
  }
  /// AT S1E2R, S1E2W, S1E3R, S1E3W.
  std::uint64_t single(Regime regime, bool store, std::uint64_t va) {
    return at(regime == Regime::el2 ? 4 : 6, 8, store ? 1U : 0U, va);
  }

 private:
  std::uint64_t at(std::uint32_t op1, std::uint32_t crm, std::uint32_t op2, std::uint64_t va) {
    write(1, op1, 7, crm, op2, va);
    std::uint64_t par = 0;
    check(uc_reg_read(m_uc, UC_ARM64_REG_PAR_EL1, &par), "PAR_EL1");
    return par;
  }
};

/// Instruction fetches at one exception level, 0 to 3.
class Fetcher : public UnicornMmu {
 public:
  Fetcher(Memory memory, unsigned exception_level) : UnicornMmu(std::move(memory)), m_el(exception_level) {
    // The engine refreshes its cached execution state only in an exception return, so one is run.
    const std::uint32_t code[4] = {0xd69f03e0, 0xd503201f, 0xd503201f, 0xd503201f};  // ERET, NOP
    check(uc_mem_map(m_uc, 0, 0x1000, UC_PROT_ALL), "code page");
    check(uc_mem_write(m_uc, 0, code, sizeof code), "code");
    set_pstate(0x3cd);
    const std::uint64_t target = 4;
    check(uc_reg_write(m_uc, UC_ARM64_REG_ELR_EL1, &target), "ELR_EL1");
    check(uc_reg_write(m_uc, UC_ARM64_REG_ELR_EL3, &target), "ELR_EL3");
    const unsigned SPx = m_el == 0 ? 0 : 1;
    write(3, 6, 4, 0, 0, 0x3c0U | m_el << 2 | SPx);  // SPSR_EL3
    check(uc_emu_start(m_uc, 0, 12, 0, 2), "ERET");
    check(uc_mem_unmap(m_uc, 0, 0x1000), "code page");
    map_everything();
    uc_hook hook = 0;
    check(uc_hook_add(m_uc, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(on_interrupt), this, 1, 0), "hook");
  }
  unsigned exception_level() const { return m_el; }
  /// Whether the MMU lets a 4-byte aligned, untagged address be fetched. Nothing runs: callback memory is not
  /// executable, so a permitted fetch ends in an engine error of its own.
  bool allowed(std::uint64_t va) {
    if (m_el == 3) {
      write(1, 6, 8, 7, 0, 0);  // TLBI ALLE3
    } else if (m_el == 2) {
      write(1, 4, 8, 7, 0, 0);  // TLBI ALLE2
    } else {
      write(1, 4, 8, 7, 4, 0);  // TLBI ALLE1
    }
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
  unsigned m_el;
  int m_interrupt = -1;
};

}  // namespace smmuvp::pgtable::test
