// What the architecture allows an access to end with, given all that software wrote and invalidated so far:
// by what registers there were, and by what rules operations take away what translations.h knows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "invalidation/known.h"
#include "layout.h"

namespace smmuvp::smmuv2::invalidation {

/// Answer::fault: bits of SMMU_CBn_FSR (IHI 0062 16.5.9).
constexpr std::uint8_t TF = 1U << 1U, PF = 1U << 3U;
std::string to_string(const Answer& answer);

/// Registers that begin an operation.
enum class Operation : std::uint8_t {
  // Of a bank
  TLBIALL,
  TLBIASID,
  TLBIVA,
  TLBIVAL,
  TLBIVAA,
  TLBIVAAL,
  TLBIIPAS2,
  TLBIIPAS2L,
  // Global
  TLBIVMID,
  TLBIVMIDS1,
  TLBIALLNSNH,
  TLBIALLH,
  TLBIVAH,
  TLBIVAH64,
  TLBIVALH64,
  STLBIALL,
  STLBIALLM,
  STLBIVAM,
  STLBIVALM,
  count,
};
struct OperationInfo {
  const char* name;
  std::uint32_t offset;  ///< in the bank, or in Global Register Space 0
  unsigned bytes;        ///< of the register
};
const OperationInfo& info(Operation operation);
constexpr bool is_global(Operation operation) { return operation >= Operation::TLBIVMID; }
/// Whether an operation is of Secure software's registers.
constexpr bool is_secure(Operation operation) { return operation >= Operation::STLBIALL; }

/// An operation, as software gave it.
struct Tlbi {
  Operation operation = Operation::TLBIALL;
  std::uint8_t bank = 0;  ///< of those of a bank
  std::uint64_t value = 0;
};
std::string to_string(const Tlbi& tlbi);
/// Whether an operation of a bank with that value has to take a piece away (5.4.1, 9.6.26 to 9.6.36, 16.5.30
/// to 16.5.35, 17.3.4, 17.3.5).
bool covers(const Tlbi& tlbi, const BankValue& bank, const Coverage& piece);

class Reference {
 public:
  explicit Reference(const Memory& memory);

  void set_bank(unsigned bank, const BankValue& value, Tick now);
  const BankValue& bank(unsigned n) const { return m_banks[n].back().value; }
  /// No access is under way any more that began before `oldest`.
  void settle(Tick oldest, Tick now);
  void carried_out(const Tlbi& tlbi, Tick now);
  /// A synchronisation has told that those are complete for which `which(number)` holds.
  template <class Which>
  void complete(Which which, Tick now) {
    m_translations.complete(which, now);
  }

  /// What entries of a bank are named by now.
  EntryTag tag(unsigned bank) const;
  /// What the access would end with if nothing were cached, and nothing changed meanwhile.
  Answer current(const AccessId& access) const;
  /// All that may be given at `end` to an access that began at `begin`.
  std::vector<Answer> allowed(const AccessId& access, Tick begin, Tick end);

 private:
  struct Version {
    BankValue value;
    Tick from = 0;
    Tick until = never;
    Tick settled = never;  ///< when the last access ended that may have begun before `until`
  };
  /// A bank, and the bank of its stage 2, as they were at the same time.
  struct Path {
    unsigned bank = 0;
    bool stage1_on = false;
    bool stage2_on = false;
    Tick from = 0;
    Tick until = never;
    std::uint16_t vmid = 0;
    Stage1Context stage1;
  };
  void find_paths();
  void add_path(unsigned bank, const Version& first, const Version* second);

  const Memory& m_memory;
  Translations m_translations;
  std::array<std::vector<Version>, banks> m_banks;
  std::vector<Path> m_paths;
};

}  // namespace smmuvp::smmuv2::invalidation
