// One address space of a Mali's MMU: what UPDATE has taken over, its TLB, the locked region.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp {

/// docs/mali.md, MMU. Registers, commands in time and faults are the core's.
class MaliAddressSpace {
 public:
  enum class Mode : std::uint8_t { Unmapped, Identity, Tables };
  static constexpr unsigned page_shift = 12;
  static constexpr unsigned output_bits = 40;  ///< GPU_MMU_FEATURES[15:8]

  /// @param tlb_entries  0: nothing is kept  @param has_TRANSCFG  as MaliConfig has it
  MaliAddressSpace(std::uint32_t tlb_entries, bool has_TRANSCFG);

  // ---- commands
  /// UPDATE. @return what is wrong with the values, for a diagnostic; nullptr if nothing. Then it is
  /// unmapped.
  const char* update(std::uint64_t TRANSTAB, std::uint64_t MEMATTR, std::uint64_t TRANSCFG);
  void lock(std::uint64_t LOCKADDR);
  /// Takes the locked region's entries out, and ends the lock. @return false if there is none
  bool unlock();
  void empty_tlb();
  void reset();

  // ---- translation
  Mode mode() const { return m_mode; }
  /// Whether tables are VMSAv8-64's, in place of Mali LPAE.
  bool aarch64() const { return m_aarch64; }
  bool is_locked(std::uint64_t va) const { return m_locked && (va & m_lock_mask) == m_lock_base; }
  /// The TLB's answer; none where the page is not there or does not have the right.
  std::optional<std::uint64_t> find(std::uint64_t va, bool write) const;
  pgtable::Walk walk(std::uint64_t va, bool write) const;
  /// Keeps what a walk has found.
  void fill(std::uint64_t va, const pgtable::Result& result);
  /// Counts up with everything that may make a walk under way stale.
  std::uint64_t generation() const { return m_generation; }

  void visit(Archive& archive);

 private:
  struct Entry {
    std::uint64_t page = 0;    // va >> page_shift
    std::uint64_t output = 0;  // of the page's first byte
    pgtable::Rights rights;
  };

  const char* take();
  const char* take_tables(pgtable::Config& config, unsigned ADRMODE) const;

  std::uint32_t m_entries;
  bool m_has_transcfg;
  std::uint64_t m_transtab = 0;
  std::uint64_t m_memattr = 0;
  std::uint64_t m_transcfg = 0;
  Mode m_mode = Mode::Unmapped;  // this and the next two follow from those above
  bool m_aarch64 = false;
  pgtable::WalkSetup m_setup;
  std::vector<Entry> m_tlb;  // oldest first
  bool m_locked = false;
  std::uint64_t m_lock_base = 0;
  std::uint64_t m_lock_mask = 0;
  std::uint64_t m_generation = 0;
};

}  // namespace smmuvp
