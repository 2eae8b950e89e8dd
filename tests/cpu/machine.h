// A machine for the CPU tests: RAM, a bus that the test programs, a counter driven by instructions, page
// tables.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "smmuvp/cpu/cpu_core.h"

namespace smmuvp::cpu {

struct Exception {
  uint64_t vector, esr, far, elr, spsr;
  unsigned ec() const { return static_cast<unsigned>(esr >> 26) & 0x3f; }
  unsigned fsc() const { return static_cast<unsigned>(esr) & 0x3f; }
  bool wnr() const { return (esr & 0x40) != 0; }
};

class Machine : public CpuHost, private DiagSink {
 public:
  static constexpr uint64_t ram_base = 0x40000000, ram_size = 32 << 20;
  static constexpr uint64_t device = 0x09000000;   // answers
  static constexpr uint64_t nothing = 0x0a000000;  // decode error, as is every other address
  static constexpr uint64_t refuses = 0x0b000000;  // slave error
  static constexpr uint64_t tables = 0x41000000, stack = 0x40f00000, scratch = 0x40e00000;

  explicit Machine(std::map<uint64_t, uint64_t> more_ram = {});
  explicit Machine(LibraryUse use, std::map<uint64_t, uint64_t> more_ram = {});
  ~Machine() override;

  /// Whether the core uses the library by its public interface alone (CPU_TEST_PUBLIC in the environment, or
  /// a library that is not known), and whether it then still takes exceptions from EL0.
  bool limited() const { return !core->limitation().empty(); }
  bool takes_exceptions_from_el0() const {
    return core->limitation().find("no exceptions from EL0") == std::string::npos;
  }

  /// Puts PC at a symbol of the guest program, with VBAR_EL1 at its vectors.
  void start(const std::string& symbol);
  /// Runs quanta until the CPU does something else than use them up; at most `quanta`.
  Stop run(uint64_t quanta = 100, uint64_t instructions = 10000);
  uint64_t reg(const std::string& name) { return core->read_register(name).value(); }
  void set(const std::string& name, uint64_t value) {
    ASSERT_TRUE(core->write_register(name, value)) << name;
  }
  uint64_t symbol(const std::string& name) const { return m_symbols.at(name); }

  uint8_t* ram(uint64_t phys);
  template <class T>
  T& at(uint64_t phys) {
    return *reinterpret_cast<T*>(ram(phys));
  }
  std::vector<Exception> exceptions();

  // ---- Translation tables, 4 KiB granule, 48-bit addresses
  enum : uint64_t {
    read_only = 2u << 6,
    user = 1u << 6,
    device_type = 1u << 2,
    no_user_exec = uint64_t{1} << 54,
    no_exec = uint64_t{1} << 53,
    write_back = 0
  };
  void map_page(uint64_t va, uint64_t pa, uint64_t attributes = write_back);
  void map_block(uint64_t va, uint64_t pa, uint64_t attributes = write_back);  // 2 MiB
  uint64_t* descriptor(uint64_t va, unsigned level);
  /// Maps the guest program, its data, stack and scratch to themselves, and switches the MMU on.
  void enable_mmu();

  // ---- CpuHost
  BusStatus bus_access(BusAccess& access) override;
  uint64_t counter() override;
  void timer_output(Timer timer, bool level) override;
  void timer_deadline_changed() override;
  Diag& diag() override { return m_diag; }
  bool pause_requested() override { return on_exception && on_exception(); }
  void semihosting_write(std::string_view text) override { written += text; }
  void stores_noticed(uint64_t first, uint64_t end) override {
    if (on_stores) on_stores(first, end);
  }

  std::vector<BusAccess> accesses;
  std::function<BusStatus(BusAccess&)>
      on_access;                       // for `device`; null answers its address, masked to the size
  std::function<bool()> on_exception;  // answers pause_requested(); null: false
  std::function<void(uint64_t, uint64_t)> on_stores;  // of stores_noticed()
  std::map<Timer, bool> outputs;
  std::vector<Diagnostic> diagnostics;
  std::string written;        // by semihosting
  uint64_t instructions = 0;  // executed in finished quanta; 16 of them are a tick of the counter
  std::unique_ptr<CpuCore> core;

 private:
  void report(const Diagnostic& d) override { diagnostics.push_back(d); }
  void load_program();

  std::map<uint64_t, std::vector<uint8_t>> m_ram;
  std::map<std::string, uint64_t> m_symbols;
  Diag m_diag;
  uint64_t m_next_table = tables;
  bool m_running = false;
};

}  // namespace smmuvp::cpu
