// What large caches must still hold of translations: what an access has left there, and no invalidation has
// named since. Architectures let an SMMU forget anything at any time (IHI 0070 16.2, IHI 0062 5.4.1); these
// models say that they do not.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "translations.h"

namespace smmuvp::smmu::invalidation {

/// A descriptor that an access read.
struct DescriptorRead {
  TableRead of;
  std::uint64_t address = 0;
  Word value = 0;
};

/// What entries are named by.
struct EntryTag {
  enum class Stages : std::uint8_t { none, stage1, stage2, nested };

  Stages stages = Stages::none;
  std::uint8_t regime = 0;
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  bool asid_set = false;
  Format format = Format::long_descriptors;  ///< of stage 1
};

/// What an access need not read, given what was known when it began. Writes may need more than they find:
/// what denies an access is walked again, so that the walk's fault is the fault.
struct KnownTables {
  bool leaf = false;   ///< the whole translation
  unsigned table = 0;  ///< stage 1 tables down to the descriptor of this level; 0: none
  Tick since = 0;
};

class KnownTranslations {
 public:
  KnownTables at_begin(const EntryTag& tag, const AccessId& access, Tick now) const;
  /// A reading that `known` makes needless. @return what should have been a hit, or nothing
  std::optional<std::string> needless(const KnownTables& known, const EntryTag& tag, const AccessId& access,
                                      const TableRead& read, std::uint64_t descriptor) const;
  /// An access has read this on its way to an output, and no invalidation came in between.
  void learn(const EntryTag& tag, const AccessId& access, const std::vector<DescriptorRead>& reads, Tick now);
  /// An access has left there what is not known, for an address.
  void disturbed(std::uint64_t address);
  void invalidated(const std::function<bool(const Coverage&)>& covers);

 private:
  struct Entry {
    Coverage coverage;
    EntryTag tag;
    std::uint64_t address = 0;  // of leaves: the page
    unsigned level = 0;         // of tables
  };
  struct Stage2Leaf {
    Coverage coverage;
    std::uint64_t descriptor = 0;
    Tick since = 0;
  };
  std::vector<Entry> m_leaves;
  std::vector<Entry> m_tables;
  std::vector<Stage2Leaf> m_stage2;
};

}  // namespace smmuvp::smmu::invalidation
