// The interrupt of a performance monitor counter group: an edge on a wire, and an MSI (IHI 0070 10.2.1).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmuv3/msi_writer.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

/// An MSI that is still to be sent.
struct PmcgMsi {
  Msi msi;
  smmu::TimePs time = 0;
};

/// Interrupts arise at the time of the access that makes a counter overflow, which may be ahead of simulated
/// time: software sees them when that has come. One that is still to come stands for later ones.
class PmcgInterrupt {
 public:
  explicit PmcgInterrupt(const Parts& parts) : m_parts(parts) {}

  void raise(smmu::TimePs time, const Msi& msi);
  /// No edge that has not been seen ever is.
  void drop_edge() {
    m_edge.reset();
    m_signal = false;
  }
  /// Whether an MSI is still to be sent, or under way.
  bool msi_incomplete() const { return m_msi.has_value() || m_sending; }
  /// Whether there was an edge since it was last asked.
  bool take_edge() { return std::exchange(m_signal, false); }

  // ---- as a Worker has them
  std::optional<smmu::TimePs> due() const;
  smmu::Step step(smmu::TimePs now);
  const smmu::MemoryOp& op() const { return m_op; }
  bool waiting() const { return m_sending; }
  /// @return whether the MSI has been written; it met an abort
  bool complete(const smmu::MemoryAnswer& answer);

  void reset();
  void visit(Archive& archive);

 private:
  Parts m_parts;
  std::optional<smmu::TimePs> m_edge;  // still to come
  bool m_signal = false;               // has come
  std::optional<PmcgMsi> m_msi;
  bool m_sending = false;  // m_op is unanswered
  smmu::MemoryOp m_op;
  smmu::TimePs m_time = 0;
};

}  // namespace smmuvp::smmuv3
