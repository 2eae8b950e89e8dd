// What an Address Translation Cache holds, and how it loses it: docs/pcie.md, The ATC.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"

namespace smmuvp::pcie {

/// Whose translation: of a PASID or of none, and of which privilege.
struct AtcContext {
  bool pasid_valid = false;
  std::uint32_t pasid = 0;
  bool privileged = false;

  bool operator==(const AtcContext& o) const {
    return pasid_valid == o.pasid_valid && pasid == o.pasid && privileged == o.privileged;
  }
  void visit(Archive& archive);
};

/// What an access needs.
struct AtcRights {
  bool read = false;
  bool write = false;
  bool execute = false;
};

/// A translation of a region.
struct AtcEntry {
  AtcContext context;
  std::uint64_t first = 0;       ///< untranslated addresses
  std::uint64_t last = 0;        ///< inclusive
  std::uint64_t translated = 0;  ///< of `first`
  AtcRights rights;
  bool global = false;             ///< of all PASIDs
  bool untranslated_only = false;  ///< U

  bool holds(std::uint64_t address) const { return first <= address && address <= last; }
  std::uint64_t translate(std::uint64_t address) const { return translated + (address - first); }
  bool allows(const AtcRights& wanted) const {
    return (!wanted.read || rights.read) && (!wanted.write || rights.write) &&
           (!wanted.execute || rights.execute);
  }
  /// It was made for the same, or for all PASIDs.
  bool serves(const AtcContext& who) const {
    return context == who ||
           (global && who.pasid_valid && context.pasid_valid && context.privileged == who.privileged);
  }
  void visit(Archive& archive);
};

/// An Invalidate Request.
struct AtcInvalidation {
  bool pasid_valid = false;
  std::uint32_t pasid = 0;
  bool global = false;  ///< of all PASIDs, and of none
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< inclusive

  /// Whether translations of this context, or of all PASIDs, are meant.
  bool concerns(const AtcContext& context, bool global_entry) const;
  bool overlaps(std::uint64_t from, std::uint64_t to) const { return first <= to && from <= last; }
  bool hits(const AtcEntry& entry) const {
    return concerns(entry.context, entry.global) && overlaps(entry.first, entry.last);
  }
};

/// The entries. The one that was filled first is replaced.
class Atc {
 public:
  explicit Atc(std::size_t entries) : m_limit(entries), m_size(entries) {}

  std::optional<AtcEntry> find(const AtcContext& who, std::uint64_t address, const AtcRights& wanted) const;
  /// Replaces what it overlaps of the same context.
  void fill(const AtcEntry& entry);
  void invalidate(const AtcInvalidation& invalidation);
  /// Drops all, or those of PASIDs.
  void clear() { m_entries.clear(); }
  void clear_pasids();
  /// How many may be used, 1 to what there are.
  void set_limit(std::size_t limit);
  std::size_t used() const { return m_entries.size(); }

  void visit(Archive& archive);

 private:
  std::size_t m_limit;
  std::size_t m_size;
  std::vector<AtcEntry> m_entries;  // in the order in which they were filled
};

}  // namespace smmuvp::pcie
