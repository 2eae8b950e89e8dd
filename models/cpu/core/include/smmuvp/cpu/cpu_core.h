// An AArch64 processing element without SystemC: runs quanta of instructions, takes interrupts,
// keeps its generic timers, answers PSCI and semihosting, and reaches everything that is not RAM through its
// host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"

namespace smmuvp::cpu {

/// Why run() came back.
enum class StopReason {
  quantum,      ///< the instructions asked for have been executed, or request_stop() was called
  wfi,          ///< WFI with no interrupt line high: idle until set_irq(true) or set_fiq(true)
  wfe,          ///< WFE: idle for a while; waking early is always allowed (DDI 0487 D1.6.1, spurious wake-up)
  yield,        ///< YIELD: the guest is spinning
  cpu_off,      ///< PSCI CPU_OFF: this processor is off until the next reset()
  power_off,    ///< PSCI SYSTEM_OFF
  reset,        ///< PSCI SYSTEM_RESET
  warm_reset,   ///< PSCI SYSTEM_RESET2, SYSTEM_WARM_RESET
  exit,         ///< semihosting SYS_EXIT or SYS_EXIT_EXTENDED; Stop::status has the guest's status
  dead_end,     ///< an exception of which no instruction can be executed; Stop::text has its registers
  debug,        ///< before an instruction with a breakpoint, or after a step; resume() continues the quantum
  unsupported,  ///< the guest needs what the installed libunicorn cannot do; Stop::text names it
  error,  ///< the model cannot go on; Stop::text says why. Not reachable by guest code that the model knows
};

/// The result of one quantum.
struct Stop {
  StopReason reason = StopReason::quantum;
  uint64_t instructions = 0;  ///< executed in this quantum; an exception counts as one more
  uint64_t status = 0;        ///< for StopReason::exit
  std::string text;           ///< for StopReason::error, unsupported and dead_end
};

/// How the bus answered.
enum class BusStatus {
  ok,
  decode_error,  ///< nothing is there: synchronous external abort with ESR_EL1.ISS.EA = 0
  slave_error,   ///< refused by what is there: synchronous external abort with ESR_EL1.ISS.EA = 1
};

/// One access to something that is not RAM. Naturally aligned, 1, 2, 4 or 8 bytes.
struct BusAccess {
  uint64_t address = 0;  ///< physical
  uint64_t value = 0;    ///< written, or to be filled in by a read; little-endian, upper bytes zero
  unsigned size = 0;     ///< bytes
  bool write = false;
  bool privileged = false;  ///< the access is made at EL1
  uint64_t pc = 0;          ///< of the instruction
};

enum class Timer { virt, phys };

/// What PSCI says of a processor (DEN 0022 5.7.3, AFFINITY_INFO).
enum class Power { on, off, on_pending };

/// A maintenance instruction of one processor that concerns all of the Inner Shareable domain (DDI 0487
/// D5.10, TLBI ...IS; B2.4.4, IC IVAU and IC IALLUIS).
struct Maintenance {
  enum class Kind { translations, code, all_code };
  Kind kind = Kind::translations;
  unsigned tlbi_op2 = 0;  ///< which TLBI: op2 of its encoding; op1 is 0, CRm 3
  uint64_t operand = 0;   ///< of the TLBI
  uint64_t address = 0;   ///< physical, of code
  uint64_t length = 0;
};

/// What a program learns of its surroundings by semihosting. Addresses are 0 where nobody knows them.
struct SemihostingEnvironment {
  std::string command_line;                                                 ///< SYS_GET_CMDLINE
  uint64_t heap_base = 0, heap_limit = 0, stack_base = 0, stack_limit = 0;  ///< SYS_HEAPINFO
};

/// What the CPU needs from its surroundings. All calls come from inside run(), on its thread. What is about
/// other processors has defaults for a CPU that is alone.
class CpuHost {
 public:
  virtual ~CpuHost() = default;
  /// May block (a SystemC host waits here). May call set_irq(), set_fiq(), invalidate_code() and
  /// request_stop().
  virtual BusStatus bus_access(BusAccess& access) = 0;
  /// The system counter (CNTPCT_EL0), 62.5 MHz, at this instruction. Never decreases.
  virtual uint64_t counter() = 0;
  /// A timer's interrupt output changed.
  virtual void timer_output(Timer timer, bool level) = 0;
  /// CpuCore::timer_deadline() may have changed: the host may want to end the quantum earlier.
  virtual void timer_deadline_changed() = 0;
  /// What the processor with this affinity (MPIDR_EL1.Aff3 to Aff0) does; none if there is no such.
  virtual std::optional<Power> power(uint64_t affinity) {
    return affinity == 0 ? std::optional<Power>(Power::on) : std::nullopt;
  }
  /// The processor is about to be off. False, and it stays on, when all others are off.
  virtual bool power_off() { return false; }
  /// Switches on the processor with this affinity, which is off: it begins at `entry` with `context` in X0.
  virtual void power_on(uint64_t affinity, uint64_t entry, uint64_t context) {
    (void)affinity, (void)entry, (void)context;
  }
  /// SEVL, and SEV for the processor itself: sets its event register (DDI 0487 D1.16.1).
  virtual void set_event() {}
  /// SEV: the other processors' event registers are to be set when this quantum, which ends now, is over.
  virtual void send_event() {}
  /// WFE: whether the event register was set. It is cleared.
  virtual bool take_event() { return false; }
  /// Hands what CpuCore::receive() takes to all other processors, at once. May block as bus_access() may.
  /// @param pc  of the instruction, as far as it is known. @return whether others may have run meanwhile
  virtual bool broadcast(const Maintenance& maintenance, uint64_t pc) {
    (void)maintenance, (void)pc;
    return false;
  }
  /// Where messages for the author of the guest go.
  virtual Diag& diag() = 0;
  /// Asked at each exception: true ends the quantum. Exceptions are so slow that a quantum of them takes
  /// long.
  virtual bool pause_requested() { return false; }
  /// After CpuCore::note_store(): instructions from `first` up to but not including `end` have been executed
  /// meanwhile, and nothing behind them. Does not block.
  virtual void stores_noticed(uint64_t first, uint64_t end) { (void)first, (void)end; }
  /// A program writes to the console by semihosting. Without a console it is lost.
  virtual void semihosting_write(std::string_view text) { (void)text; }
  /// The next byte of the console's input, -1 at its end. `wait` blocks, as bus_access() may, until there is
  /// one; else -1 also says that there is none now.
  virtual int semihosting_read(bool wait) {
    (void)wait;
    return -1;
  }
  virtual const SemihostingEnvironment& semihosting_environment() {
    static const SemihostingEnvironment unknown;
    return unknown;
  }
};

struct CpuStatistics {
  uint64_t instructions = 0;
  uint64_t exceptions = 0;  ///< synchronous exceptions taken, PSCI and semihosting calls not counted
  uint64_t interrupts = 0;  ///< IRQs and FIQs taken
  uint64_t mmio_reads = 0;
  uint64_t mmio_writes = 0;
  uint64_t external_aborts = 0;
  uint64_t code_invalidations = 0;  ///< of which at least one page held translated code
};

class CpuCore {
 public:
  virtual ~CpuCore() = default;

  /// Maps host memory as RAM. `base` and `size` are multiples of 4 KiB, regions do not overlap, `host`
  /// outlives the core. Returns an empty text, or what is wrong.
  virtual std::string add_ram(uint64_t base, uint64_t size, void* host) = 0;

  /// Tells the core that it is processor `number` of `count`: MPIDR_EL1.Aff0, and with more than one of them
  /// exclusives, events and maintenance that take the others into account. `first` is processor 0, made by
  /// the same function, and has the files of semihosting for all. Before add_ram() and reset().
  virtual void join(unsigned number, unsigned count, CpuCore& first) = 0;
  /// Tells the core that CpuHost::broadcast() is to have its TLBI ...IS, also where it is the only processor.
  /// Before reset().
  virtual void broadcast_tlbis() = 0;
  /// What another processor broadcasts. Callable at any time.
  virtual void receive(const Maintenance& maintenance) = 0;

  /// Puts every register into its reset state: EL1h, interrupts masked, MMU and caches off, PC = entry, X0 to
  /// X3 = arguments. Not from inside run().
  virtual void reset(uint64_t entry, const std::array<uint64_t, 4>& arguments) = 0;

  /// Runs up to `instructions` (at least one block of straight-line code is executed).
  virtual Stop run(uint64_t instructions) = 0;
  /// Ends the running quantum at the next block. Callable from a host call-back.
  virtual void request_stop() = 0;
  /// Makes the running quantum end after `instructions` in total. Only ever shortens it. Callable from a host
  /// call-back.
  virtual void limit_quantum(uint64_t instructions) = 0;
  /// Instructions executed in the running quantum so far; whole blocks, so up to a block ahead.
  virtual uint64_t quantum_instructions() const = 0;

  /// Interrupt inputs, level-sensitive. Taken at the next block boundary when unmasked. Callable at any time.
  virtual void set_irq(bool level) = 0;
  virtual void set_fiq(bool level) = 0;

  /// Somebody else than a processor wrote to RAM: forget translations made from there, and lose the exclusive
  /// monitor if it is set for there (DDI 0487 B2.9.2). Cheap where no code was.
  virtual void invalidate_code(uint64_t phys, uint64_t length) = 0;

  /// Somebody has noticed a store to RAM: CpuHost::stores_noticed() is called behind the block that runs now,
  /// before its next access to a device, or at the end of the quantum. Callable at any time, and in a signal
  /// handler.
  virtual void note_store() = 0;
  /// The instruction from `first` up to `end` that accessed a physical address last, as far as registers tell
  /// that; else the first that accesses memory; else `first`. Within CpuHost::stores_noticed().
  virtual uint64_t store_site(uint64_t first, uint64_t end, uint64_t phys) = 0;
  /// CpuControl::return_addresses().
  virtual std::vector<uint64_t> return_addresses(size_t most) = 0;

  /// Re-evaluates both timers against CpuHost::counter() and drives their outputs.
  virtual void update_timers() = 0;
  /// The counter value at which an enabled, unmasked timer will fire next; none when no timer will.
  virtual std::optional<uint64_t> timer_deadline() const = 0;

  /// Architectural registers by name: X0..X30, SP_EL0, SP_EL1, PC, PSTATE, V0_LO, V0_HI, ..., SCTLR_EL1,
  /// CNTV_CVAL_EL0, ... All that a checkpoint needs. Not from inside run().
  virtual const std::vector<std::string>& register_names() const = 0;
  virtual std::optional<uint64_t> read_register(const std::string& name) const = 0;
  virtual bool write_register(const std::string& name, uint64_t value) = 0;
  /// Saves or restores every register of register_names(). While loading, RAM has already been replaced:
  /// translated code and TLBs are dropped. The exclusive monitor is not saved; it is open after loading.
  virtual void visit(Archive& archive) = 0;

  /// Translates with the current EL's tables, without side effects; none on a fault.
  virtual std::optional<uint64_t> translate(uint64_t va) = 0;
  /// Access to RAM by virtual address, without side effects. Returns how many bytes were accessible.
  virtual size_t debug_read(uint64_t va, void* data, size_t length) = 0;
  virtual size_t debug_write(uint64_t va, const void* data, size_t length) = 0;

  /// Stops with StopReason::debug before the instruction at this virtual address is executed. Memory is not
  /// changed. False for a misaligned address, or when too many different ones (4096) have been asked for.
  /// Not from inside run(), as the next three.
  virtual bool set_breakpoint(uint64_t va) = 0;
  virtual void clear_breakpoint(uint64_t va) = 0;
  /// The next run() or resume() stops with StopReason::debug after one instruction, or at the vector of the
  /// exception that it takes. It executes an instruction with a breakpoint, takes no interrupt, and does not
  /// idle.
  virtual void step_next() = 0;
  /// Continues the quantum that stopped with StopReason::debug; Stop::instructions counts from its start.
  virtual Stop resume() = 0;

  virtual const CpuStatistics& statistics() const = 0;
  /// What this core can do less of than others because of the installed library, in one line; empty: nothing.
  virtual std::string limitation() const = 0;
};

/// How the core uses libunicorn.
enum class LibraryUse {
  automatic,    ///< by its private parts where they are known and pass a self-test, else as public_only
  public_only,  ///< by its public interface alone
};

/// A Cortex-A72 on libunicorn, 2.0.1 or later. Returns null and sets `error` when the installed library
/// cannot serve. `host` outlives the core.
std::unique_ptr<CpuCore> make_unicorn_core(CpuHost& host, LibraryUse use, std::string& error);

}  // namespace smmuvp::cpu
