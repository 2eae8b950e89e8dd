// One performance monitor counter group (IHI 0070 chapter 10).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmu/monitor.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/pmcg_interrupt.h"
#include "smmuvp/smmuv3/pmcg_registers.h"
#include "smmuvp/smmuv3/register_window.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// Counters count in their registers, events as they come. Cycles are those of simulated time and of
/// Structures::clock, with `timing` off too: they are counted when software looks, and, where an overflow has
/// consequences, at the moment of it, by the worker. The worker also sends the interrupt, by wire and as MSI.
/// Security states: none but the Non-secure one is observed (10.6).
class Pmcg : public smmu::Worker, public RegisterBlock, private RegisterObserver {
 public:
  /// @param interface  of the SMMU that it is in. @param group  0: of the TCU, n + 1: of TBU n
  /// @param changed  called when other counters count than before
  Pmcg(const Parts& parts, const ProgrammingInterface& interface, unsigned group,
       std::function<void()> changed);

  // ---- events

  void count(PmcgEvent event, const smmu::MonitoredCause& cause);
  /// Whether an enabled counter counts an event that is not the clock's.
  bool counts_events() const { return !m_of_events.empty(); }
  bool counts(PmcgEvent event) const;

  // ---- software. Offsets are those of the register window

  void read(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
            std::uint64_t& value) override;
  void write(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
             std::uint64_t value) override;
  /// Counters of cycles as software saw them last.
  void peek(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const override;

  // ---- the interrupt

  /// Whether there was an edge since it was last asked.
  bool take_edge() { return m_interrupt.take_edge(); }
  bool irq_enabled() const { return (reg(SMMU_PMCG_IRQ_CTRL) & PMCG_IRQEN) != 0; }
  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_interrupt.op(); }
  bool waiting() const override { return m_interrupt.waiting(); }
  void complete(const smmu::MemoryAnswer& answer) override;

  // ---- the rest

  unsigned group() const { return m_group; }
  /// "pmcg0".
  const std::string& name() const { return m_name; }
  const RegisterFile& registers() const { return m_registers; }
  /// Where an offset of the table is in the register window.
  std::uint32_t window_offset(std::uint32_t local) const {
    return local < pmcg_page1 ? m_features.page0(m_group) + local
                              : m_features.page1(m_group) + (local - pmcg_page1);
  }
  /// What counts, and what it counts.
  std::vector<std::pair<unsigned, PmcgEvent>> enabled_counters() const;
  void reset();
  /// As new, after reset().
  void renew() { m_counted_until = 0; }
  void visit(Archive& archive);

 private:
  /// Registers that show the same bits, one for each counter: one sets them, the other clears.
  struct Pair {
    PmcgReg set;
    PmcgReg clear;
  };
  static constexpr Pair enables{SMMU_PMCG_CNTENSET0, SMMU_PMCG_CNTENCLR0};
  static constexpr Pair interrupts{SMMU_PMCG_INTENSET0, SMMU_PMCG_INTENCLR0};
  static constexpr Pair overflows{SMMU_PMCG_OVSSET0, SMMU_PMCG_OVSCLR0};

  struct Counting {
    std::uint8_t counter;
    PmcgEvent event;
  };

  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  void register_write_ignored(std::uint16_t id, std::uint32_t index) override;
  bool pair_written(PmcgReg id, std::uint64_t old, std::uint64_t written);
  void set_pair(const Pair& pair, std::uint64_t bits);

  std::uint64_t reg(PmcgReg id, unsigned index = 0) const { return m_registers.get(id, index); }
  bool bit(const Pair& pair, unsigned counter) const { return (reg(pair.set) >> counter & 1U) != 0; }
  std::uint32_t local(std::uint32_t offset) const;
  std::uint64_t last_count() const { return low_bits(m_features.bits); }

  bool considers(unsigned counter, std::uint32_t stream_id) const;
  void advance(smmu::TimePs now);
  void count_cycles(smmu::TimePs until);
  /// When the counter next overflows if it counts cycles; nothing beyond the end of time.
  std::optional<smmu::TimePs> cycle_overflow(unsigned counter) const;
  bool has_consequences(unsigned counter) const;
  bool interrupts_by(unsigned counter) const;
  /// @return whether the counter overflowed
  bool add(unsigned counter, std::uint64_t events);
  void overflowed(unsigned counter, smmu::TimePs time);
  void capture(smmu::TimePs time);
  void update_irq_ack();
  void refresh(bool tell);

  Parts m_parts;
  const ProgrammingInterface& m_interface;
  const PmcgFeatures& m_features;
  unsigned m_group;
  std::string m_name;
  std::function<void()> m_changed;
  RegisterFile m_registers;
  PmcgInterrupt m_interrupt;
  smmu::TimePs m_counted_until = 0;  // cycles
  smmu::TimePs m_written_at = 0;     // the time of the write that is being carried out
  bool m_running = false;            // CR.E; with hisilicon_162001900, whether it has been 1
  // What registers say, for refresh() to work out:
  std::vector<std::uint8_t> m_of_cycles;  // enabled counters, by what they count
  std::vector<Counting> m_of_events;      // likewise
  std::uint64_t m_idle = 0;               // likewise: what they should count does not exist
};

}  // namespace smmuvp::smmuv3
