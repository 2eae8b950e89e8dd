// What the CPU core needs of a libunicorn engine beyond the calls that it makes itself. Two classes do it:
// PrivateAccess reaches into structures of the library that it knows, PublicAccess uses nothing but the
// public interface. docs/cpu.md has the table of needs.
#pragma once

#include <unicorn/unicorn.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace smmuvp::cpu {

/// Exception numbers as the library has them.
namespace uc_exception {
constexpr int undefined = 1, svc = 2, prefetch_abort = 3, data_abort = 4, breakpoint = 7, hvc = 11, smc = 13;
constexpr int interrupt = 0x10000, wfi = 0x10001, debug = 0x10002, yield = 0x10004, atomic = 0x10005;
}  // namespace uc_exception

/// MRS and MSR operands, or with op0 = 1 those of SYS.
struct SystemRegister {
  unsigned op0, op1, crn, crm, op2;
};

/// What a running engine reports.
class EngineOwner {
 public:
  /// A synchronous exception; PC is that of exception entry (behind SVC, HVC and SMC, else at the
  /// instruction).
  virtual void exception_raised(int number) = 0;
  /// The execution loop was left: WFI, YIELD (WFE too), ...
  virtual void loop_left(int number) = 0;
  /// Whether an interrupt may be taken now: not behind the end of a quantum, wherever the library looks.
  virtual bool takes_interrupts() const = 0;
  /// An IRQ or FIQ exception was entered.
  virtual void interrupt_taken() = 0;
  /// The guest needs what this library cannot do; the run cannot go on.
  virtual void beyond_engine(const std::string& what) = 0;
  /// Code is being translated from this page of host memory. True the first time.
  virtual bool code_translated(const void* host_page) = 0;
  virtual bool holds_code(const void* host_page) = 0;
  /// After watch_maintenance(): a SYS instruction (DC, IC, AT, TLBI) is about to be executed.
  virtual void maintenance(const SystemRegister& operation, uint64_t operand) = 0;
  /// Where RAM with a physical address lies in host memory; null when there is none.
  virtual uint8_t* host_address(uint64_t physical) = 0;

 protected:
  ~EngineOwner() = default;
};

class EngineAccess {
 public:
  using RegisterRead = uint64_t (*)(void* owner);
  using RegisterWrite = void (*)(void* owner, uint64_t value);

  virtual ~EngineAccess() = default;

  /// What cannot be done this way, for the user; empty when nothing is lost.
  virtual std::string limitation() const = 0;
  /// Right after uc_open: the library's TLB works in pages of 1 KiB, as ancient Arm cores have.
  virtual void use_4k_pages(uc_engine* engine) = 0;
  /// Binds to an engine that has its CPU model and its exits. The engine outlives this object, or detach() is
  /// called first. Returns an empty text, or what failed.
  virtual std::string attach(uc_engine* engine, EngineOwner& owner) = 0;
  virtual void detach() = 0;
  /// All memory is mapped.
  virtual void memory_mapped() = 0;

  // ---- Registers. Inside a call-back, those of the instruction that made it.
  virtual uint64_t pc() const = 0;
  virtual void set_pc(uint64_t value) = 0;
  virtual uint64_t x(unsigned n) const = 0;  ///< X0..X30, 31 is SP
  virtual void set_x(unsigned n, uint64_t value) = 0;
  /// The execution loop caches EL, MMU and trap state; needed after registers were written from outside.
  virtual void registers_changed() = 0;
  virtual void flush_tlb() = 0;
  /// Translates by the tables of the current EL, without side effects.
  virtual std::optional<uint64_t> translate(uint64_t va) = 0;

  // ---- The execution loop
  /// uc_emu_start at pc(), without an end.
  virtual uc_err start() = 0;
  /// Ends start(). Never from a device call-back: the library tests for it after every load and store,
  /// and then goes back to the start of the block, which repeats what has been done of it.
  virtual void stop() = 0;
  /// After start() came back: completes what call-backs could only note. True when the engine is to be
  /// started again, unless the owner wants to stop.
  virtual bool resume() = 0;
  /// The address that uc_ctl_set_exits was given, for a single step.
  virtual void set_exit(std::optional<uint64_t> va) = 0;
  /// Levels of the interrupt inputs.
  virtual void set_lines(bool irq, bool fiq) = 0;
  /// From a block call-back only. True: the block is not run, because the engine looks at the lines itself.
  /// False: no line is taken now; the block is run, and the next one must ask again.
  virtual bool look_at_lines() = 0;
  /// Whether before_block() must be called before each block, and look_at_lines() while a line is high.
  virtual bool polls() const = 0;
  /// False: the block is not run.
  virtual bool before_block(uint64_t address) = 0;
  /// From exception_raised(): enters the exception, as the architecture says: SPSR, ELR, ESR, FAR, SP,
  /// PSTATE, PC.
  virtual void take_exception() = 0;

  // ---- Accesses to devices
  enum class Accessor { data, fetch, table_walk, abandoned };
  struct Access {
    Accessor accessor;
    std::optional<uint32_t> instruction;  ///< of a data access, when it lies in RAM
  };
  /// To be called once in each call-back of a device. An access that is `abandoned` answers 0 and has no
  /// effect: its instruction was refused already. May take an instruction abort, and does not return then.
  virtual Access begin_access(uint64_t physical, unsigned size) = 0;
  /// Whether the library cuts aligned 8-byte accesses in two, low half first.
  virtual bool halves_accesses() const = 0;
  /// Abandon the instruction and take a synchronous exception. They may longjmp into the library: no object
  /// with a destructor may be alive in the callers up to the library.
  virtual void external_abort(uint64_t va, uint64_t pa, unsigned size, bool write, bool fetch,
                              bool slave_error) = 0;
  virtual void alignment_fault(uint64_t va, bool write) = 0;
  /// From a block call-back.
  virtual void pc_alignment_fault(uint64_t va) = 0;

  // ---- Translated code
  /// Drops code translated from this host memory.
  virtual void invalidate(const void* host, size_t length) = 0;
  /// Drops code translated from this host memory, all of it and its page's. Code that is translated from the
  /// page from now on is reported again.
  virtual void forget_page(const void* host_page) = 0;

  // ---- Other processors
  /// Reports SYS instructions to the owner from now on. Returns an empty text, or what failed.
  virtual std::string watch_maintenance() = 0;
  /// Does the local form of a TLBI ...IS, with that `op2`, for another processor.
  virtual void invalidate_translations(unsigned op2, uint64_t operand) = 0;
  /// The virtual address that the exclusive monitor is set for; none while it is open.
  virtual std::optional<uint64_t> exclusive_address() const = 0;
  /// Opens the monitor. Within a block that has already loaded exclusively, only the next block may know.
  virtual void clear_exclusive() = 0;

  // ---- System registers
  /// Replaces how a system register is read and written, keeping its access checks. `write` may be null.
  /// False when the CPU has no such register.
  virtual bool replace(const SystemRegister& reg, void* owner, RegisterRead read, RegisterWrite write) = 0;
  /// Makes a system register UNDEFINED. False when there is none already.
  virtual bool remove(const SystemRegister& reg) = 0;
  /// Changes the value of a read-only, constant register.
  virtual bool set_constant(const SystemRegister& reg, uint64_t value) = 0;
  virtual std::optional<uint64_t> constant(const SystemRegister& reg) const = 0;
};

/// Reaches into the installed library. Null when it is none that this project knows, or fails its self-test;
/// `why` then says what differs. The self-test runs once a process.
std::unique_ptr<EngineAccess> make_private_access(std::string& why);

/// The public interface alone. Null when the library cannot even do that.
std::unique_ptr<EngineAccess> make_public_access(std::string& why);

}  // namespace smmuvp::cpu
