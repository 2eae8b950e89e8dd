// Our SMMUv2 core and the naive one side by side: the same registers, tables and accesses for both, and what
// comes of them compared after each step.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../fuzz/fuzz_memory.h"
#include "model.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2::compare {

/// What the naive model is told of an instance.
naive_smmuv2::Parameters parameters_of(const Features& features);
/// How our core decided what IHI 0062 leaves open.
naive_smmuv2::Choices choices_of(const Features& features);

/// What happened, over many programs: the comparison says little about what never did.
struct Tally {
  std::uint64_t accesses = 0, translated = 0, bypassed = 0, aborted = 0, razwi = 0, stalled = 0, resumed = 0;
  std::array<std::uint64_t, 32> GFSR{}, FSR{};  // by bit, of faults as they are recorded
  std::array<std::uint64_t, 4> HUPCF_CFCFG{};   // of faults of banks
  std::uint64_t operations = 0, table_updates = 0, overlapped = 0, unordered = 0, fast = 0;
  std::uint64_t translated_by_SMMUv1 = 0, refused = 0, shared = 0, overflows = 0;
};

class Pair {
 public:
  Pair(const Features& features, bool large_caches);

  const Features& features() const { return m_smmu.features(); }
  // ---- software
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes, bool secure);
  void read(std::uint32_t offset, unsigned bytes, bool secure);
  /// A read, unless what there is is UNKNOWN or IMPLEMENTATION DEFINED.
  void look(std::uint32_t offset, unsigned bytes, bool secure);
  std::uint64_t value(std::uint32_t offset, unsigned bytes, bool secure);
  void put(std::uint64_t address, std::uint64_t word);
  // ---- devices
  void access(const smmu::AccessRequest& request);
  /// Whether a bank has registers for address translation operations.
  bool translates_addresses(unsigned bank) const {
    return features().S1TS && bank >= features().NUMS2CB && bank < features().NUMCB;
  }
  /// Everything that software can read, and memory.
  void compare_all();

  /// The first difference, or nothing.
  const std::string& difference() const { return m_difference; }
  /// What follows is each model's own, and not compared: a flag was updated in a word that one access read
  /// for both stages, and which of the two a cached descriptor is is open; or accesses and address
  /// translation operations wait, and which goes on first is open.
  bool left() const { return m_left; }
  Tally tally;
  std::uint64_t window() const { return m_smmu.features().window_bytes(); }
  std::uint32_t page() const { return m_smmu.features().page_bytes(); }
  std::uint32_t bank(unsigned n) const {
    return static_cast<std::uint32_t>(window() / 2 + n * std::uint64_t{page()});
  }

 private:
  class NaiveMemory final : public naive::Memory {
   public:
    smmu::FuzzMemory words;
    std::optional<Bytes> read(std::uint64_t address, unsigned size, naive::Space space) override;
    naive::Swap compare_and_swap(std::uint64_t address, unsigned size, naive::Space space,
                                 const Bytes& expected, const Bytes& desired) override;
  };
  struct Waiting {
    std::unique_ptr<Access> access;
    std::uint64_t naive = 0;
    std::string what;
    std::uint32_t stream = 0;
  };

  /// @return whether it has ended
  bool run(Access& access);
  std::string why_of(const Access& access) const;
  std::string faults_text();
  bool known(std::uint32_t offset, unsigned bytes, bool secure);
  std::uint64_t unpredictable(std::uint32_t offset, bool secure, std::uint64_t value) const;
  std::string bank_text(std::uint32_t offset);
  std::string stream_text(std::uint32_t stream);
  void work();
  void take_up(std::optional<std::uint64_t> first);
  void compare_ends(const Access& ours, const naive_smmuv2::Outcome& theirs, const std::string& what,
                    std::uint32_t stream);
  void compare_answers(const smmu::AccessAnswer& ours, const naive_smmuv2::Outcome& theirs,
                       const std::string& what, std::uint32_t stream);
  void compare_levels();
  void compare_words(std::uint64_t from);
  void count_faults();
  void note_order();
  void note_overlap(const std::vector<naive_smmuv2::Fetch>& fetches, std::uint64_t updates_before);
  void differ(const std::string& what);

  smmu::FuzzMemory m_memory;
  NaiveMemory m_naive_memory;
  Smmu m_smmu;
  naive_smmuv2::Smmu m_naive;
  std::uint64_t m_now = 0;
  std::vector<Waiting> m_waiting;
  std::array<std::uint64_t, 128> m_FSR{};
  std::array<bool, 128> m_of_stage2{};  // the bank, when FSR was last zero
  std::array<std::uint64_t, 2> m_GFSR{};
  std::string m_difference;
  bool m_left = false;
};

/// Addresses whose lowest bits say so are external aborts, for both models.
constexpr bool aborts(std::uint64_t address) { return (address & 0xff8) == 0xfe8; }
/// Memory that cannot compare and swap.
constexpr bool has_no_atomics(std::uint64_t address) { return (address & 0xff8) == 0xfe0; }

}  // namespace smmuvp::smmuv2::compare
