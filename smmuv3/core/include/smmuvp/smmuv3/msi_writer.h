// Message signalled interrupts: one 32-bit write each (IHI 0070 3.18).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

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
  MsiWriter(const Parts& parts, ProgrammingInterface& interface) : m_parts(parts), m_interface(interface) {}

  /// Sends one, not before `time`. Nothing without IDR0.MSI, or to the address 0. A CMD_SYNC waits until its
  /// predecessor's is complete, so that no two of them meet here.
  void send(MsiSource source, const Msi& msi, smmu::TimePs time);
  /// Whether one of the source is still to be sent, or under way (3.18.1).
  bool incomplete(MsiSource source) const { return slot(source).due || m_sending == source; }
  /// When the last one of the source was complete.
  smmu::TimePs completed_at(MsiSource source) const { return slot(source).completed; }

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

  const Slot& slot(MsiSource source) const { return m_slots[static_cast<unsigned>(source)]; }
  Slot& slot(MsiSource source) { return m_slots[static_cast<unsigned>(source)]; }
  std::optional<MsiSource> next() const;

  Parts m_parts;
  ProgrammingInterface& m_interface;
  std::array<Slot, sources> m_slots;
  std::optional<MsiSource> m_sending;  // m_op is unanswered
  smmu::MemoryOp m_op;
  smmu::TimePs m_time = 0;
};

}  // namespace smmuvp::smmuv3
