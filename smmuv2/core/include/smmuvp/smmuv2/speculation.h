// Translations that nobody has asked for: what may be in a TLB at any time, as in those of processors
// (IHI 0062 5.4, DDI 0487 D8.16).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv2/parts.h"

namespace smmuvp::smmuv2 {

class ProgrammingInterface;

/// After an access that caches could not answer, and after invalidations, translates what is near to
/// accesses of before. Of Non-secure streams whose stage 1, or stage 2, translates; records no fault, and
/// leaves dirty states alone.
class Speculation : public smmu::Worker {
 public:
  Speculation(const Parts& parts, ProgrammingInterface& interface);

  /// An access has come to tables, or would have.
  void accessed(const smmu::AccessRequest& request, smmu::TimePs time);
  /// Something has been invalidated.
  void invalidated(smmu::TimePs time) { rouse(time); }

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_translation->op(); }
  bool waiting() const override { return m_waiting; }
  void complete(const smmu::MemoryAnswer& answer) override;

  void reset();
  /// After Engine::visit() and InFlight::abandon(). What is refused is as after reset().
  void visit(Archive& archive);

 private:
  struct Place {
    std::uint32_t StreamID = 0;
    std::uint64_t address = 0;
  };

  void rouse(smmu::TimePs time);
  void begin(smmu::TimePs now);
  void end();

  Parts m_parts;
  ProgrammingInterface& m_interface;
  Random m_random;
  std::array<Place, 16> m_places;  // of accesses; the oldest is overwritten
  std::size_t m_known = 0;
  std::size_t m_next = 0;
  std::uint32_t m_left = 0;  // translations that are still to come
  smmu::TimePs m_time = 0;   // the next one, not before; or of the one that is under way
  bool m_waiting = false;
  smmu::FlightToken m_token;
  std::optional<smmu::Translation> m_translation;
};

}  // namespace smmuvp::smmuv2
