// Unicorn's ARM MMU (Cortex-A15) as an independent answer to walks of the AArch32 formats.
//
// A write to an ATS operation's encoding runs the operation, so no guest code is needed: set the registers,
// write the address, read PAR. Execute permission does not show in PAR; for that a fetch is tried.
#pragma once

#include <unicorn/unicorn.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable::test {

class UnicornAArch32 {
 public:
  /// Answers the little-endian 32-bit value at a 4-byte aligned address.
  using Memory = std::function<std::uint32_t(std::uint64_t address)>;

  enum class Mode {
    system,  ///< Supervisor and User: stage 1 operations and fetches
    hyp,     ///< Hyp: operations of both stages and of PL2
  };

  UnicornAArch32(Memory memory, Mode mode) : m_memory(std::move(memory)) {
    check(uc_open(UC_ARCH_ARM, UC_MODE_ARM, &m_uc), "uc_open");
    check(uc_ctl_set_cpu_model(m_uc, UC_CPU_ARM_CORTEX_A15), "cpu model");
    // A failed descriptor read outside uc_emu_start() would end the process: everything is mapped. The engine
    // cuts offsets into callback memory to 32 bits: one window for every 4 GiB.
    m_windows.resize(256);
    for (std::size_t i = 0; i < m_windows.size(); ++i) {
      m_windows[i] = {this, std::uint64_t{i} << 32};
      check(uc_mmio_map(m_uc, m_windows[i].base, std::uint64_t{1} << 32, on_read, &m_windows[i], nullptr,
                        nullptr),
            "memory");
    }
    uc_hook hook = 0;
    check(uc_hook_add(m_uc, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(on_interrupt), this, 1, 0), "hook");
    if (mode == Mode::hyp) {
      // Out of Hyp mode a stage 2 fault on a table would raise an exception and end the process.
      write(1, 0, 1, 0, 0);  // SCR
      set_CPSR(0x1d6);       // Monitor
      write(1, 0, 1, 0, 1);  // SCR.NS
      set_CPSR(0x1da);       // Hyp
    } else {
      write(1, 0, 1, 0, 1);  // SCR.NS
    }
  }
  UnicornAArch32(const UnicornAArch32&) = delete;
  UnicornAArch32& operator=(const UnicornAArch32&) = delete;
  ~UnicornAArch32() { uc_close(m_uc); }

  /// Takes over the registers of a walkable Config of AArch32 formats. Bits [47:40] of tables are left out:
  /// the engine would read there.
  void set_registers(const Config& config) {
    constexpr std::uint64_t address = (std::uint64_t{1} << 40) - 1;
    const Stage1Config& s1 = config.stage1;
    const TableConfig* t = s1.tables.data();
    const bool pl2 = config.regime == Regime::el2;
    std::uint64_t SCTLR = 0xc50078 | std::uint64_t{1} << 23;  // XP
    SCTLR |= std::uint64_t{s1.WXN} << 19 | std::uint64_t{s1.UWXN} << 20 | std::uint64_t{s1.big_endian} << 25;
    SCTLR |= std::uint64_t{s1.v7s.TRE} << 28 | std::uint64_t{s1.v7s.AFE} << 29;
    if (config.stages != Stages::stage2) SCTLR |= 1;  // M
    if (pl2) {
      write(1, 4, 0, 0, SCTLR & (std::uint64_t{1} << 19 | std::uint64_t{1} << 25 | 1));  // HSCTLR
      write(2, 4, 0, 2, t[0].TxSZ | std::uint64_t{t[0].HPD} << 24);                      // HTCR
      write64(2, 4, t[0].base & address);                                                // HTTBR
      write(10, 4, 2, 0, s1.MAIR & 0xffffffff);                                          // HMAIR0
      write(10, 4, 2, 1, s1.MAIR >> 32);                                                 // HMAIR1
      return;
    }
    write(1, 0, 0, 0, SCTLR);
    if (config.stages != Stages::stage2 && s1.format == Format::v7s) {
      write(2, 0, 0, 2, s1.v7s.N | std::uint64_t{t[0].EPD} << 4 | std::uint64_t{t[1].EPD} << 5);  // TTBCR
      write(2, 0, 0, 0, t[0].base & 0xffffffff);
      write(2, 0, 0, 1, t[1].base & 0xffffffff);
      write(10, 0, 2, 0, s1.v7s.PRRR);
      write(10, 0, 2, 1, s1.v7s.NMRR);
      set_DACR(s1.v7s.DACR);
    } else if (config.stages != Stages::stage2) {
      std::uint64_t TTBCR = std::uint64_t{1} << 31;  // EAE
      TTBCR |= t[0].TxSZ | std::uint64_t{t[0].EPD} << 7;
      TTBCR |= std::uint64_t{t[1].TxSZ} << 16 | std::uint64_t{t[1].EPD} << 23;
      write(2, 0, 0, 2, TTBCR);
      write64(2, 0, t[0].base & address);
      write64(2, 1, t[1].base & address);
      write(10, 0, 2, 0, s1.MAIR & 0xffffffff);
      write(10, 0, 2, 1, s1.MAIR >> 32);
    }
    if (config.stages == Stages::stage1) return;
    const Stage2Config& s2 = config.stage2;
    // VTCR.S repeats the sign of T0SZ; SL0 counts levels from the bottom.
    const std::uint64_t VTCR = (static_cast<std::uint8_t>(s2.T0SZ) & 0xfU) | (s2.T0SZ < 0 ? 0x10U : 0U) |
                               static_cast<std::uint64_t>(2 - s2.start_level) << 6;
    write(2, 4, 1, 2, VTCR);
    write64(2, 6, s2.base & address);                       // VTTBR
    write(1, 4, 0, 0, std::uint64_t{s2.big_endian} << 25);  // HSCTLR.EE
    write(1, 4, 1, 0, 1 | std::uint64_t{s2.PTW} << 2);      // HCR.VM
  }
  void set_DACR(std::uint32_t value) { write(3, 0, 0, 0, value); }

  /// 32-bit PAR after ATS1CPR, CPW, CUR, CUW with short descriptors.
  std::uint32_t stage1_short(bool privileged, bool store, std::uint64_t va) {
    write(7, 0, 8, operation(privileged, store), va);
    return static_cast<std::uint32_t>(read(7, 0, 4, 0));
  }
  /// 64-bit PAR after the same with long descriptors.
  std::uint64_t stage1_long(bool privileged, bool store, std::uint64_t va) {
    write(7, 0, 8, operation(privileged, store), va);
    return PAR64();
  }
  /// ATS12NSOPR, OPW, OUR, OUW; Hyp mode.
  std::uint64_t both_stages(bool privileged, bool store, std::uint64_t va) {
    write(7, 0, 8, 4 + operation(privileged, store), va);
    return PAR64();
  }
  /// ATS1HR, ATS1HW; Hyp mode.
  std::uint64_t pl2(bool store, std::uint64_t va) {
    write(7, 4, 8, store ? 1 : 0, va);
    return PAR64();
  }
  /// Whether the MMU lets a 4-byte aligned address be fetched in Supervisor or User mode. Nothing runs:
  /// callback memory is not executable, so a permitted fetch ends in an engine error of its own.
  bool fetch(bool privileged, std::uint64_t va) {
    write(8, 0, 7, 0, 0);  // TLBIALL
    set_CPSR(privileged ? 0x1d3 : 0x1d0);
    m_interrupt = -1;
    const uc_err e = uc_emu_start(m_uc, va, va + 64, 0, 1);
    set_CPSR(0x1d3);
    constexpr int prefetch_abort = 3;
    if (m_interrupt == prefetch_abort) return false;
    if (e != UC_ERR_FETCH_PROT && e != UC_ERR_FETCH_UNMAPPED)
      throw std::runtime_error("unexpected end of a fetch");
    return true;
  }

  /// Physical addresses of the 32-bit words read since the last forget(); a long descriptor is two.
  const std::vector<std::uint64_t>& reads() const { return m_reads; }
  void forget() { m_reads.clear(); }

 private:
  struct Window {
    UnicornAArch32* self;
    std::uint64_t base;
  };

  static void check(uc_err error, const char* what) {
    if (error != UC_ERR_OK) throw std::runtime_error(std::string(what) + ": " + uc_strerror(error));
  }
  static std::uint32_t operation(bool privileged, bool store) {
    return (privileged ? 0U : 2U) + (store ? 1U : 0U);
  }
  void write(std::uint32_t crn, std::uint32_t opc1, std::uint32_t crm, std::uint32_t opc2, std::uint64_t v) {
    uc_arm_cp_reg reg{15, 0, 0, crn, crm, opc1, opc2, v};
    check(uc_reg_write(m_uc, UC_ARM_REG_CP_REG, &reg), "system register");
  }
  void write64(std::uint32_t crm, std::uint32_t opc1, std::uint64_t v) {
    uc_arm_cp_reg reg{15, 1, 0, 0, crm, opc1, 0, v};
    check(uc_reg_write(m_uc, UC_ARM_REG_CP_REG, &reg), "64-bit system register");
  }
  std::uint64_t read(std::uint32_t crn, std::uint32_t opc1, std::uint32_t crm, std::uint32_t opc2) {
    uc_arm_cp_reg reg{15, 0, 0, crn, crm, opc1, opc2, 0};
    check(uc_reg_read(m_uc, UC_ARM_REG_CP_REG, &reg), "system register");
    return reg.val;
  }
  std::uint64_t PAR64() {
    uc_arm_cp_reg reg{15, 1, 0, 0, 7, 0, 0, 0};
    check(uc_reg_read(m_uc, UC_ARM_REG_CP_REG, &reg), "PAR");
    return reg.val;
  }
  void set_CPSR(std::uint32_t value) { check(uc_reg_write(m_uc, UC_ARM_REG_CPSR, &value), "CPSR"); }

  static std::uint64_t on_read(uc_engine*, std::uint64_t offset, unsigned, void* user) {
    const auto* window = static_cast<Window*>(user);
    const std::uint64_t address = window->base + offset;
    window->self->m_reads.push_back(address);
    return window->self->m_memory(address);
  }
  static void on_interrupt(uc_engine* uc, std::uint32_t number, void* user) {
    static_cast<UnicornAArch32*>(user)->m_interrupt = static_cast<int>(number);
    uc_emu_stop(uc);
  }

  uc_engine* m_uc = nullptr;
  Memory m_memory;
  std::vector<Window> m_windows;
  std::vector<std::uint64_t> m_reads;
  int m_interrupt = -1;
};

}  // namespace smmuvp::pgtable::test
