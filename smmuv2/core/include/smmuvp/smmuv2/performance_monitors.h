// The Performance Monitors Extension: counters of events, in groups that a context bank can be given (IHI
// 0062 chapters 6 and 12, 16.5.15 to 16.5.26).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv2/faults.h"
#include "smmuvp/smmuv2/parts.h"
#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::smmuv2 {

/// What filters ask of the transaction that an event comes from (6.6, 12.2.12).
struct MonitoredTransaction {
  std::uint32_t StreamID = 0;
  bool secure = false;               ///< of the device (2.2)
  bool privileged = false;           ///< as it came in
  bool write = false;                ///< far atomics are reads (6.3)
  std::optional<unsigned> first{};   ///< the initial bank, if it got as far
  std::optional<unsigned> second{};  ///< the bank of stage 2 of a nested one
};

/// Counters count in their registers. Transactions are counted as they come. Cycles are those of simulated
/// time and of Structures::clock, with `timing` off too; they are counted when software looks, and, where an
/// interrupt is due, by the worker.
///
/// While an enabled counter counts accesses, TBUs keep no answers: what a TBU answers reaches no object of
/// the core, and its statistics know neither direction nor privilege. Counting is exact then, costs nothing
/// while nobody counts, and makes each access go to the TCU, which takes its time. Counters of cycles and of
/// TLB entries need none of that.
class PerformanceMonitors : public smmu::Worker {
 public:
  PerformanceMonitors(const Parts& parts, RegisterFile& registers, Faults& faults);

  // ---- events

  bool counts_accesses() const { return m_counts_accesses; }
  /// A transaction has come, and where it goes is known.
  void access(const MonitoredTransaction& transaction) { event(access_events, transaction); }
  /// A walk for a transaction has filled the main TLB.
  void allocation(const MonitoredTransaction& transaction) { event(allocation_events, transaction); }

  // ---- registers

  /// Before software's accesses: cycles up to `now` are counted. Earlier times than one before change
  /// nothing.
  void advance(smmu::TimePs now);
  /// A register has been written. @return whether it is one of performance monitors
  bool written(Reg id, unsigned index, std::uint64_t old, std::uint64_t value, std::uint64_t written);
  /// What a performance monitors register of a bank reads as; nothing for other registers.
  std::optional<std::uint64_t> shown(Reg id, unsigned bank) const;

  // ---- overflows of cycle counters that raise an interrupt

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_no_op; }
  bool waiting() const override { return false; }
  void complete(const smmu::MemoryAnswer& answer) override { (void)answer; }

  /// After the registers. Opens TBUs, or closes them.
  void reset();
  /// As new, after reset().
  void renew() { m_counted_until = 0; }
  /// After the registers.
  void visit(Archive& archive);

 private:
  /// Registers that show the same bits, one for each counter: one sets them, the other clears.
  struct Pair {
    Reg set;
    Reg clear;
  };
  static constexpr Pair enables{PMCNTENSETx, PMCNTENCLRx};
  static constexpr Pair interrupts{PMINTENSETx, PMINTENCLRx};
  static constexpr Pair overflows{PMOVSSETx, PMOVSCLRx};
  /// Event classes (Table 6-1): of all, and then of reads and of writes.
  static constexpr std::uint32_t allocation_events = 0x8;
  static constexpr std::uint32_t access_events = 0x10;

  unsigned size() const { return m_parts.features.CGNC; }
  std::uint32_t reg(Reg id, unsigned index = 0) const {
    return static_cast<std::uint32_t>(m_registers.get(id, index));
  }
  bool bit(const Pair& pair, unsigned counter) const;
  void set_bit(const Pair& pair, unsigned counter, bool value);
  std::uint32_t bits_of_group(const Pair& pair, unsigned group) const;

  bool enabled(unsigned group) const;
  std::optional<unsigned> revealed(unsigned bank) const;
  void event(std::uint32_t events, const MonitoredTransaction& transaction);
  bool considers(unsigned group, const MonitoredTransaction& transaction) const;
  bool considers_privilege(unsigned counter, const MonitoredTransaction& transaction) const;
  smmu::TimePs period_of(unsigned counter) const;
  void add(unsigned counter, std::uint64_t events);
  void clear_counters(unsigned group);

  bool global_written(Reg id, unsigned index, std::uint64_t old, std::uint64_t value, std::uint64_t written);
  void bank_written(Reg id, unsigned bank, std::uint32_t written);
  void check_group(unsigned group);
  void refresh();
  void update_lines();

  Parts m_parts;
  RegisterFile& m_registers;
  Faults& m_faults;
  smmu::MemoryOp m_no_op;
  smmu::TimePs m_counted_until = 0;
  // What registers say, for refresh() to work out:
  std::vector<std::uint16_t> m_of_cycles;        // enabled counters, by what they count
  std::vector<std::uint16_t> m_of_transactions;  // likewise
  bool m_counts_accesses = false;
};

}  // namespace smmuvp::smmuv2
