// Configuration and translations that nobody has asked for: what an SMMU may fetch at any time (IHI 0070
// 3.21.1, 3.21.3).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/lookup.h"

namespace smmuvp::smmuv3 {

/// After an access that caches could not answer, and after invalidations, looks up what is near to accesses
/// of before: their pages, those beside them, and the configuration of other streams. Caches keep what it
/// finds as they do of accesses. Records no event, leaves dirty states alone, and blames nobody.
class Speculation : public Lookup {
 public:
  Speculation(const Parts& parts, ProgrammingInterface& interface);

  /// An access has come to tables, or would have.
  void accessed(const smmu::AccessRequest& request, smmu::TimePs time);
  /// Something has been invalidated.
  void invalidated(smmu::TimePs time) { rouse(time); }

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  void reset() override;

 private:
  struct Place {
    std::uint32_t StreamID = 0;
    std::uint32_t SubstreamID = 0;
    bool SSV = false;
    std::uint64_t address = 0;
  };

  void rouse(smmu::TimePs time);
  bool allowed() const;
  void begin() override;
  void configured(const Configuration& found) override;
  void translated(const smmu::Translation& translation) override;
  void finish() override;
  bool abandoned() const override;
  std::uint32_t stream_id() const override { return m_place.StreamID; }
  void visit_own(Archive& archive) override;
  bool sane() const override { return m_known <= m_places.size() && m_next < m_places.size(); }

  Random m_random;
  std::array<Place, 16> m_places;  // of accesses; the oldest is overwritten
  std::size_t m_known = 0;
  std::size_t m_next = 0;
  Place m_place;  // that is being looked up
  bool m_config_only = false;
  std::uint32_t m_left = 0;  // lookups that are still to come
  smmu::TimePs m_from = 0;   // the next one, not before
};

}  // namespace smmuvp::smmuv3
