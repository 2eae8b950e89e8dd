// The CpuCore on libunicorn: memory map, call-backs, quantum, timers and registers of one engine.
#pragma once

#include <unicorn/unicorn.h>

#include <array>
#include <functional>
#include <list>
#include <map>
#include <set>

#include "dead_end.h"
#include "engine_access.h"
#include "generic_timer.h"
#include "load_store.h"
#include "semihosting.h"
#include "smmuvp/cpu/cpu_core.h"

namespace smmuvp::cpu {

class UnicornCore final : public CpuCore, private EngineOwner {
 public:
  /// `limitation` is what limitation() says.
  UnicornCore(CpuHost& host, std::unique_ptr<EngineAccess> access, std::string limitation);
  ~UnicornCore() override;
  UnicornCore(const UnicornCore&) = delete;
  UnicornCore& operator=(const UnicornCore&) = delete;

  /// Makes the engine. Returns an empty text, or what failed.
  std::string open();

  std::string add_ram(uint64_t base, uint64_t size, void* host) override;
  void join(unsigned number, unsigned count, CpuCore& first) override;
  void broadcast_tlbis() override { m_broadcasts = true; }
  void receive(const Maintenance& maintenance) override;
  void reset(uint64_t entry, const std::array<uint64_t, 4>& arguments) override;
  Stop run(uint64_t instructions) override;
  void request_stop() override;
  void limit_quantum(uint64_t instructions) override;
  uint64_t quantum_instructions() const override { return m_count; }
  void set_irq(bool level) override;
  void set_fiq(bool level) override;
  void invalidate_code(uint64_t phys, uint64_t length) override;
  void note_store() override {
    m_store_noted = true;
    m_limit = 0;
  }
  uint64_t store_site(uint64_t first, uint64_t end, uint64_t phys) override;
  std::vector<uint64_t> return_addresses(size_t most) override;
  void update_timers() override;
  std::optional<uint64_t> timer_deadline() const override;
  const std::vector<std::string>& register_names() const override { return m_names; }
  std::optional<uint64_t> read_register(const std::string& name) const override;
  bool write_register(const std::string& name, uint64_t value) override;
  void visit(Archive& archive) override;
  std::optional<uint64_t> translate(uint64_t va) override;
  size_t debug_read(uint64_t va, void* data, size_t length) override;
  size_t debug_write(uint64_t va, const void* data, size_t length) override;
  bool set_breakpoint(uint64_t va) override;
  void clear_breakpoint(uint64_t va) override;
  void step_next() override { m_step = Step::armed; }
  Stop resume() override;
  std::string limitation() const override { return m_limitation; }
  const CpuStatistics& statistics() const override { return m_statistics; }

  /// DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n> for n 0 to 15, in that order for each n.
  static constexpr unsigned debug_register_count = 64;
  uint64_t debug_register(unsigned i) const { return m_debug_registers[i]; }
  void set_debug_register(unsigned i, uint64_t value);

 private:
  void replace_debug_registers();
  struct Ram {
    uint64_t base, size;
    uint8_t* host;
    std::vector<uint64_t> code_pages;  // a bit a page: code was translated from it
  };
  // A range of addresses without RAM, as one MMIO region of the library.
  struct Gap {
    UnicornCore* core;
    uint64_t base;
  };
  // How a device call-back ends; plain data, because the library may be left by longjmp on a fault.
  struct Outcome {
    enum class Kind { value, external_abort, alignment_fault } kind;
    uint64_t value, va, address;
    unsigned size;
    bool write, fetch, slave_error;
  };
  struct RegisterAccess {
    std::function<uint64_t()> read;
    std::function<void(uint64_t)> write;
  };

  enum class Step { none, armed, executing };

  std::string map_memory();
  void close();
  void replace_system_registers();
  void make_register_table();

  static uint64_t on_mmio_read(uc_engine* uc, uint64_t offset, unsigned size, void* user);
  static void on_mmio_write(uc_engine* uc, uint64_t offset, unsigned size, uint64_t value, void* user);
  static void on_block(uc_engine* uc, uint64_t address, uint32_t size, void* user);
  static void on_breakpoint(uc_engine* uc, uint64_t address, uint32_t size, void* user);
  static void on_translated(uc_engine* uc, uc_tb* block, uc_tb* previous, void* user);
  static void on_hint(uc_engine* uc, uint64_t address, uint32_t size, void* user);

  Stop execute();
  Stop error() const;
  void begin_step();
  void end_step();
  void debug_stop(uint64_t pc);
  bool hook_breakpoint(uint64_t va);
  void forget_code_at(uint64_t va, uint64_t length);
  bool block_at_limit(uint64_t address);
  void tell_stores(uint64_t end);
  const uint8_t* on_stack(uint64_t va);

  void serve(uint64_t address, unsigned size, bool write, uint64_t value, Outcome& outcome);
  BusStatus bus_access(const std::optional<LoadStore>& insn, BusAccess& access);
  void serve_data(uint64_t address, unsigned size, bool write, uint64_t value, Outcome& outcome, bool known,
                  uint32_t word);
  void raise(const Outcome& outcome);
  bool is_device_memory(uint64_t va);

  // With other processors
  std::string watch_others();
  void find_hints(uint64_t va, unsigned size);
  void hint(uint32_t word);
  bool wait_for_store_exclusive();
  void lose_monitor();
  void lose_monitor_at(uint64_t phys, uint64_t length);
  void drop_code(uint64_t phys, uint64_t length);

  // EngineOwner
  void exception_raised(int number) override;
  void loop_left(int number) override;
  bool takes_interrupts() const override { return !m_stop_requested && m_count < m_budget; }
  void interrupt_taken() override { ++m_statistics.interrupts; }
  void beyond_engine(const std::string& what) override;
  bool code_translated(const void* host_page) override;
  bool holds_code(const void* host_page) override;
  uint8_t* host_address(uint64_t physical) override;
  void maintenance(const SystemRegister& operation, uint64_t operand) override;

  void stop(StopReason reason);
  void fail(const std::string& text);
  void handle_exception(int number);
  void take_exception();
  ExceptionState exception_state() const;
  void lines_changed();
  void firmware_call();
  bool semihosting_call();
  uint64_t now();
  void timer_written();
  unsigned current_el() const;
  std::optional<uint32_t> read_word(uint64_t va);
  Ram* find_ram(uint64_t phys, uint64_t length);
  Ram* find_host(const void* host);
  template <class Copy>
  size_t debug_access(uint64_t va, size_t length, Copy copy);
  uint64_t get(int reg) const;
  void set(int reg, uint64_t value);
  uint64_t get_system(const SystemRegister& reg) const;
  void set_system(const SystemRegister& reg, uint64_t value);
  void set_pstate(uint64_t value);

  CpuHost& m_host;
  Semihosting m_semihosting;
  uc_engine* m_engine = nullptr;
  const std::unique_ptr<EngineAccess> m_access;
  const bool m_polls;
  bool m_each_block = false;  // needs more than to be counted
  std::vector<Ram> m_ram;
  std::list<Gap> m_gaps;
  const std::string m_limitation;
  bool m_mapped = false;
  bool m_running = false;

  uint64_t m_count = 0;
  uint64_t m_budget = 0;
  uint64_t m_limit = 0;  // m_budget, or 0 when the next block call-back has something to do
  bool m_look_at_lines = false;
  volatile bool m_store_noted = false;  // by a signal handler
  bool m_stop_requested = false;
  StopReason m_reason = StopReason::quantum;
  uint64_t m_status = 0;
  std::string m_error;
  bool m_unsupported = false;  // m_error is about what the library cannot do

  // With other processors. An address of a hint stays hooked, as one of a breakpoint does.
  unsigned m_number = 0;
  bool m_shared = false;
  bool m_broadcasts = false;  // who is no processor wants to know of TLBI
  std::set<uint64_t> m_hints;
  bool m_search_blocks = false;  // for hints, when they are executed
  uint64_t m_overrun = 0;        // instructions executed when the quantum was over; 0: it is not

  // Debugging. An address stays hooked for good: code that was translated for another address space may still
  // call the hook.
  std::set<uint64_t> m_breakpoints, m_hooked;
  uint64_t m_block = 0, m_block_end = 0;
  uint64_t m_stack_page = 0;  // where return_addresses() has read last, in this quantum
  const uint8_t* m_stack_host = nullptr;
  Step m_step = Step::none;
  uint64_t m_step_pc = 0;
  bool m_step_set_ntwi = false;
  bool m_debug_stop = false;
  uint64_t m_debug_pc = 0;
  bool m_resuming = false;

  // The half of an access that the library has cut, with the address of the other.
  struct Half {
    uint64_t address = 0, value = 0;
    bool valid = false;
  };
  Half m_half;

  bool m_irq = false, m_fiq = false;
  GenericTimer m_virt, m_phys;
  bool m_virt_output = false, m_phys_output = false;
  std::array<std::uint64_t, debug_register_count> m_debug_registers{};
  DeadEnd m_dead_end;
  CpuStatistics m_statistics;
  std::vector<std::string> m_names;
  std::map<std::string, RegisterAccess> m_registers;
};

}  // namespace smmuvp::cpu
