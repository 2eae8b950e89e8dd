// Message signalled interrupts: one 32-bit write each (IHI 0070 3.18).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// What an MSI tells of. Those of before come first where several are due at a time.
enum class MsiSource : std::uint8_t { eventq, gerror, cmdq_sync, priq };

/// Where an MSI goes, and with what.
struct Msi {
  std::uint64_t address = 0;  ///< 0: none is sent; a wired interrupt may be there
  std::uint32_t data = 0;
  std::uint8_t MemAttr = 0;  ///< as STE.MemAttr
  std::uint8_t SH = 0;

  void visit(Archive& archive);
};

/// Bytes of the write that is an MSI.
inline std::uint8_t msi_bytes(const Features& features) {
  return features.quirks.has(Quirk::hisilicon_msi_64bit) ? 8 : 4;
}

/// The write that is the MSI. The address is truncated to the OAS (3.4.3).
smmu::MemoryOp msi_op(const Msi& msi, const Features& features);
/// After loading. @param sending  whether `op` is an MSI that is under way
void restore_msi_op(Archive& archive, smmu::MemoryOp& op, const Features& features, bool sending);

/// Sends MSIs one after the other. One of a source that is still to be sent stands for all its occurrences
/// until it leaves (3.18: identical interrupts may be coalesced); what happens after that is told by another.
class MsiWriter : public smmu::Worker {
 public:
  /// @param queues  Command queues of the interface
  MsiWriter(const Parts& parts, ProgrammingInterface& interface, unsigned queues);

  // `queue` is that of a CMD_SYNC (CommandQueueRegisters::number()), and 0 of other sources.

  /// Sends one, not before `time`. Nothing without IDR0.MSI, or to the address 0. A CMD_SYNC waits until that
  /// of its predecessor in its queue is complete (4.7.3), so that no two of a queue meet here.
  void send(MsiSource source, const Msi& msi, smmu::TimePs time, unsigned queue = 0);
  /// Whether one of the source is still to be sent, or under way (3.18.1).
  bool incomplete(MsiSource source, unsigned queue = 0) const {
    return m_slots[slot_of(source, queue)].due || m_sending == slot_of(source, queue);
  }
  /// When the last one of the source was complete.
  smmu::TimePs completed_at(MsiSource source, unsigned queue = 0) const {
    return m_slots[slot_of(source, queue)].completed;
  }

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_op; }
  bool waiting() const override { return m_sending.has_value(); }
  void complete(const smmu::MemoryAnswer& answer) override;

  void reset();
  void visit(Archive& archive);

 private:
  struct Slot {
    bool due = false;  // `msi` is still to be sent
    Msi msi;
    smmu::TimePs time = 0;
    smmu::TimePs completed = 0;
  };
  static constexpr unsigned sources = 4;

  // Slots of sources, then of the CMD_SYNCs of Enhanced Command queues.
  static unsigned slot_of(MsiSource source, unsigned queue) {
    return queue == 0 ? static_cast<unsigned>(source) : sources + queue - 1;
  }
  static MsiSource source_of(unsigned slot) {
    return slot < sources ? static_cast<MsiSource>(slot) : MsiSource::cmdq_sync;
  }
  std::optional<unsigned> next() const;

  Parts m_parts;
  ProgrammingInterface& m_interface;
  std::vector<Slot> m_slots;          // by slot_of()
  unsigned m_due = 0;                 // how many of them are
  std::optional<unsigned> m_sending;  // the slot whose m_op is unanswered
  smmu::MemoryOp m_op;
  smmu::TimePs m_time = 0;
  smmu::Delays m_delays;
};

}  // namespace smmuvp::smmuv3
