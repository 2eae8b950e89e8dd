// What large caches must still hold: what an access has left there, and no command has named since. The
// architecture lets an SMMU forget anything at any time (IHI 0070 16.2); this model says that it does not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reference.h"

namespace smmuvp::smmuv3::invalidation {

/// Something that an access read.
struct Read {
  StepKind kind = StepKind::ste;
  std::uint64_t address = 0;
  Word value = 0;
  StructureWords structure{};  ///< of an STE or CD, as it was read
};

/// What an access need not read, given what was known when it began. Writes may need more than they find:
/// what denies an access is walked again, so that the walk's fault is the fault.
struct Known {
  bool config = false;  ///< STE, and CD where there is one
  bool leaf = false;    ///< the whole translation
  unsigned table = 0;   ///< stage 1 tables down to the descriptor of this level; 0: none
  Tick since = 0;
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
  enum class Stages : std::uint8_t { none, stage1, stage2, nested };
  struct Tag {
    Stages stages = Stages::none;
    bool el2 = false;
    std::uint16_t vmid = 0;
    std::uint16_t asid = 0;
    bool aset = false;
  };
  struct Entry {
    Coverage coverage;
    Tag tag;
    std::uint64_t address = 0;  // of leaves: the page
    unsigned level = 0;         // of tables
  };
  struct Stage2Leaf {
    Coverage coverage;
    std::uint64_t descriptor = 0;
    Tick since = 0;
  };
  std::optional<Tag> tag_of(std::uint32_t sid) const;

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
  std::vector<Entry> m_leaves;
  std::vector<Entry> m_tables;
  std::vector<Stage2Leaf> m_stage2;
};

}  // namespace smmuvp::smmuv3::invalidation
