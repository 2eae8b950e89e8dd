// What large caches must still hold: configuration, besides what known.h says of translations.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "invalidation/known.h"
#include "reference.h"

namespace smmuvp::smmuv3::invalidation {

/// Something that an access read.
struct Read {
  StepKind kind = StepKind::ste;
  std::uint64_t address = 0;
  Word value = 0;
  StructureWords structure{};  ///< of an STE or CD, as it was read
};

struct Known {
  bool config = false;  ///< STE, and CD where there is one
  KnownTables tables;
};

class Hits {
 public:
  Known at_begin(const AccessId& access, Tick now) const;
  /// A reading that `known` makes needless. @return what should have been a hit, or nothing
  std::optional<std::string> needless(const Known& known, const AccessId& access, const Read& read) const;
  /// An access has read an STE or CD. Where accesses read different contents, without an invalidation in
  /// between, either may be cached, and nothing is required of the stream.
  void structure_read(std::uint32_t sid, const Read& read);
  /// An access has read this on its way to an output, and no invalidation came in between.
  void learn(const AccessId& access, const std::vector<Read>& reads, Tick now);
  void consumed(const Command& command);

 private:
  std::optional<EntryTag> tag_of(std::uint32_t sid) const;

  /// A structure, by StreamID
  struct Structure {
    StructureWords words{};
    bool cached = false;  // an access that nothing overtook has read it
    bool settled = true;  // all have read the same
  };
  using Structures = std::map<std::uint32_t, Structure>;
  static const StructureWords* cached(const Structures& in, std::uint32_t sid);

  Structures m_stes;
  Structures m_cds;
  KnownTranslations m_translations;
};

}  // namespace smmuvp::smmuv3::invalidation
