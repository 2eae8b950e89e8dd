// A Mali GPU without SystemC: control, job manager and MMU of docs/mali.md.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/mali/mali_address_space.h"
#include "smmuvp/mali/mali_config.h"
#include "smmuvp/mali/mali_slot.h"

namespace smmuvp {

/// Time is given to each call, in picoseconds from the start of simulation, and never goes back. The owner
/// calls elapsed() at the time that next_event() names. It asks next() for an access, makes it in its own
/// time, and gives the answer to complete(); several may be out at a time, one of a slot each. The answer to
/// one that a stop or a reset has overtaken is ignored. A restored state waits for the answers that the saved
/// one waited for.
class MaliCore : private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x4000;
  /// The three interrupt lines.
  enum class Line : std::uint8_t { Job, Mmu, Gpu };

  /// @throws ConfigError for numbers out of the ranges of MaliConfig
  MaliCore(const MaliConfig& config, Diag& diag);

  // ---- software's side
  std::uint64_t read(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes);
  void write(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes, std::uint64_t value);
  /// Without side effects; what follows time is that of the last call that gave one.
  std::uint64_t peek(std::uint32_t offset, unsigned bytes) const;
  bool irq(Line line) const;
  const RegisterFile& registers() const { return m_registers; }

  // ---- time
  void elapsed(std::uint64_t now_ps);
  /// When something happens by itself; nothing while nothing is due.
  std::optional<std::uint64_t> next_event() const;

  // ---- the bus side
  /// @return false if there is nothing to do until a register is written or time passes. `data` is what a
  /// write writes. `starts_request` marks the read of a job.
  bool next(std::uint64_t now_ps, DmaOperation& access, DmaBuffer& data);
  /// `data` is what a read read.
  void complete(std::uint64_t now_ps, const DmaOperation& access, DmaResponse response,
                const DmaBuffer& data);

  void reset(std::uint64_t now_ps);
  void visit(Archive& archive);

  struct Counters {
    std::uint64_t chains, ended_chains, failed_chains, jobs, page_faults, walks, tlb_hits, read_bytes,
        written_bytes, copied_bytes, resets;
  };
  const Counters& counters() const { return m_counters; }
  void reset_counters() { m_counters = {}; }

  /// For traces: the chain that ended last, and the fault that was told last. Counters say when.
  struct Ended {
    std::uint32_t slot, status;
    std::uint64_t job;
  };
  struct Told {
    std::uint32_t as, status;
    std::uint64_t address;
  };
  const Ended& last_end() const { return m_last_end; }
  const Told& last_fault() const { return m_last_fault; }

 private:
  /// Shader cores, tiler, L2: what is on, what shall be, what is changing.
  struct Power {
    std::uint64_t ready = 0;
    std::uint64_t wanted = 0;
    std::uint64_t moving = 0;
    std::uint64_t due = 0;
  };
  static constexpr unsigned L2 = 2;
  /// A command of AS_COMMAND that is being worked on; NOP if none is.
  struct Command {
    std::uint32_t code = 0;
    std::uint64_t LOCKADDR = 0;
    std::uint64_t due = 0;
  };

  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  void written_gpu(std::uint16_t id, std::uint32_t index, std::uint64_t value);
  void written_slot(std::uint16_t id, std::uint32_t slot, std::uint64_t old, std::uint64_t value);
  void written_address_space(std::uint16_t id, std::uint32_t as, std::uint64_t value);
  void show();
  void raise(std::uint16_t RAWSTAT, std::uint32_t bits);

  // mali_power.cpp: GPU control
  void command(std::uint32_t code);
  void begin_reset();
  void clear_state();
  void power(unsigned domain, std::uint64_t cores, bool on);
  void begin_transition(Power& p);
  void elapse_power(unsigned domain);
  std::uint64_t cycles() const;
  std::uint64_t timestamp() const;
  std::uint32_t status() const;

  // mali_faults.cpp: commands and faults of the MMU
  void mmu_command(std::uint32_t as, std::uint32_t code);
  void elapse_command(std::uint32_t as);
  void try_again(std::uint32_t as);
  void fault(MaliSlot& slot, std::uint32_t code, bool bus_error = false);
  void tell_fault(MaliSlot& slot);
  void tell_next_fault(std::uint32_t as);
  bool translate(MaliSlot& slot);
  void walked(MaliSlot& slot);
  void gpu_fault(std::uint64_t address);

  // mali_jobs.cpp: slots, chains, jobs
  std::uint32_t number(const MaliSlot& slot) const {
    return static_cast<std::uint32_t>(&slot - m_slots.data());
  }
  void clear_job_interrupts(std::uint32_t bits);
  void slot_command(std::uint32_t slot, std::uint32_t code);
  void start(MaliSlot& slot);
  void begin_job(MaliSlot& slot, std::uint64_t address);
  void begin_access(MaliSlot& slot, MaliSlot::Phase phase, bool write, std::uint64_t va,
                    std::uint32_t length);
  bool advance(MaliSlot& slot, DmaOperation& access, DmaBuffer& data);
  void issue(MaliSlot& slot, DmaOperation& access, DmaBuffer& data);
  void accessed(MaliSlot& slot, DmaResponse response, const DmaBuffer& data);
  void fetched(MaliSlot& slot, const DmaBuffer& data);
  void write_value(MaliSlot& slot);
  void begin_copy(MaliSlot& slot);
  void copy_piece(MaliSlot& slot);
  void finish_job(MaliSlot& slot, std::uint32_t code, std::uint64_t fault_pointer = 0);
  void job_over(MaliSlot& slot);
  void end_chain(MaliSlot& slot, std::uint32_t code);
  void end_by_unmapping(MaliSlot& slot);

  MaliConfig m_config;
  Diag& m_diag;
  RegisterFile m_registers;
  std::uint64_t m_now = 0;

  bool m_resetting = false;
  std::uint64_t m_reset_due = 0;
  std::array<Power, 3> m_power{};
  bool m_counting = false;  // cycle counter
  std::uint64_t m_cycles_before = 0;
  std::uint64_t m_counting_since = 0;
  std::vector<MaliAddressSpace> m_spaces;
  std::vector<Command> m_commands;            // by address space
  std::vector<std::uint32_t> m_on_their_way;  // accesses without an answer, by address space
  std::vector<MaliSlot> m_slots;
  std::uint32_t m_turn = 0;  // slot that is asked first
  Counters m_counters{};
  Ended m_last_end{};
  Told m_last_fault{};
};

}  // namespace smmuvp
