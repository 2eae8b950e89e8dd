// Everything that depends on the private layout and the private functions of libunicorn 2.0.1, and nothing
// else. Why each piece is needed stands beside it; a self-test on a scratch engine runs before any of it is
// used.
#pragma once

#include <unicorn/unicorn.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace smmuvp::cpu {

/// Exception numbers as UC_HOOK_INTR and the exception filter see them.
namespace uc_exception {
constexpr int undefined = 1, svc = 2, prefetch_abort = 3, data_abort = 4, breakpoint = 7, hvc = 11, smc = 13;
constexpr int interrupt = 0x10000, wfi = 0x10001, debug = 0x10002, yield = 0x10004, atomic = 0x10005;
}  // namespace uc_exception

class UnicornInternals {
 public:
  using SystemRegisterRead = uint64_t (*)(void* owner);
  using SystemRegisterWrite = void (*)(void* owner, uint64_t value);
  struct SystemRegister {
    unsigned op0, op1, crn, crm, op2;
  };
  /// What a running engine reports that the public interface has no hook for. `owner` is the one given to
  /// attach().
  struct Observer {
    void (*loop_exit)(void* owner, int exception);  ///< the execution loop was left: WFI, WFE or YIELD, ...
    void (*interrupt_taken)(void* owner);           ///< an IRQ or FIQ exception was entered
  };

  /// Empty when the installed library is the expected one and behaves as this file assumes; else what
  /// differs. Runs once a process, on an engine of its own with memory of its own.
  static const std::string& self_test();

  UnicornInternals() = default;
  ~UnicornInternals();
  UnicornInternals(const UnicornInternals&) = delete;
  UnicornInternals& operator=(const UnicornInternals&) = delete;

  /// The library's TLB works in pages of 1 KiB, as ancient Arm cores have; AArch64 has none below 4 KiB. To
  /// be called right after uc_open: the public setting is for the other architecture.
  static void use_4k_pages(uc_engine* engine);

  /// Binds to an engine. The engine outlives this object or detach() is called first.
  void attach(uc_engine* engine, void* owner, const Observer& observer);
  void detach();

  /// The public accessors lack a write of PC that does not leave the execution loop.
  uint64_t pc() const;
  void set_pc(uint64_t value);
  uint64_t x(unsigned n) const;  ///< X0..X30, 31 is SP
  void set_x(unsigned n, uint64_t value);

  /// Interrupt lines as the execution loop sees them; it looks when PSTATE.DAIF unmasks, and when it is
  /// entered.
  void set_lines(bool irq, bool fiq);
  /// From a block call-back only: the block is not executed, and the execution loop looks at the lines. From
  /// a device call-back this would be wrong, as would be uc_emu_stop: the library tests for it after every
  /// load and store as well, and then goes back to the start of the block, which repeats what has been done
  /// of it.
  void leave_block_chain();
  /// Enters the exception that UC_HOOK_INTR reports, as the architecture says: SPSR, ELR, ESR, FAR, SP,
  /// PSTATE, PC.
  void take_exception();
  /// The execution loop caches EL, MMU and trap state; needed after registers were written from outside.
  void registers_changed();
  void flush_tlb();
  void clear_exclusive_monitor();
  /// Drops code translated from this host memory. Library memory tracking sees only the CPU's own stores.
  void invalidate(const void* host, size_t length);

  /// Who makes the MMIO access that a call-back serves. Only valid there, and before leave_access().
  enum class Accessor { data, fetch, table_walk };
  Accessor accessor() const;
  /// To be called once in each call-back, after accessor(): the library does not mark table walks itself.
  /// Returns the host return address that the functions below want.
  uintptr_t enter_access();
  /// Makes PC and condition state those of the accessing instruction.
  void restore_state(uintptr_t return_address);
  /// Where the code at a virtual address that is being fetched lies in host memory, null when not in RAM.
  const void* code_host(uint64_t va);
  /// The instruction word at PC, none when PC is not in RAM. May take an instruction abort (does not return
  /// then).
  std::optional<uint32_t> instruction_at_pc();

  /// Abandon the instruction and take a synchronous exception. They longjmp into the library: no object with
  /// a destructor may be alive in the callers up to the library.
  [[noreturn]] void external_abort(uint64_t va, uint64_t pa, unsigned size, bool write, bool fetch,
                                   bool slave_error, uintptr_t return_address);
  [[noreturn]] void alignment_fault(uint64_t va, bool write, uintptr_t return_address);
  [[noreturn]] void pc_alignment_fault(uint64_t va);

  /// Translates by the tables of the current EL, without side effects.
  std::optional<uint64_t> translate(uint64_t va) const;

  /// To be called when all memory is mapped. Lets MMIO call-backs see 8-byte accesses whole, which the
  /// library would cut in two, and has UC_HOOK_MEM_WRITE_PROT called for each store that its TLB does not let
  /// through.
  void prepare_regions();
  /// The library looks for code to invalidate at every single store, because its notes of clean pages are
  /// stubs. From the hook above: lets later stores to this page through at once, unless `holds_code` says
  /// otherwise.
  void unwatch_stores(uint64_t va, bool (*holds_code)(void* owner, const void* host), void* owner);
  /// The opposite, for a page of host memory that code is about to be translated from.
  void watch_stores(const void* host_page);

  /// Replaces how a system register is read and written, keeping its access checks. `write` may be null.
  /// False when the CPU has no such register.
  bool replace(const SystemRegister& reg, SystemRegisterRead read, SystemRegisterWrite write);
  /// Makes a system register UNDEFINED. False when there is none already.
  bool remove(const SystemRegister& reg);
  /// Changes the value of a read-only, constant register.
  bool set_constant(const SystemRegister& reg, uint64_t value);
  std::optional<uint64_t> constant(const SystemRegister& reg) const;

 private:
  struct Test;
  void* reginfo(const SystemRegister& reg) const;

  uc_engine* m_engine = nullptr;
  char* m_cpu = nullptr;  // CPUState, the start of ARMCPU
  char* m_env = nullptr;  // CPUARMState
};

}  // namespace smmuvp::cpu
