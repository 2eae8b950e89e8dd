// What software does with the registers of an SMMUv2: which invalidations it asks for, and what is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "smmuvp/checker/command_log.h"
#include "smmuvp/checker/surroundings.h"

namespace smmuvp::checker {

/// Of the Non-secure state. Registers count as they were written; what a reset leaves is not known.
class Smmuv2Rules {
 public:
  struct Sizes {
    unsigned groups = 0;           ///< IDR0.NUMSMRG
    bool stream_matching = false;  ///< IDR0.SMS
  };
  /// @param name  of the SMMU
  Smmuv2Rules(std::string name, const Sizes& sizes) : m_name(std::move(name)), m_sizes(sizes) {}

  /// A register is written, by its name in the specification ("SMMU_CB3_TLBIVAL"); before that has an effect.
  void written(Surroundings& surroundings, CommandLog& log, Sequence now, std::string_view name,
               std::uint64_t value, const Writer& writer);
  void read(Surroundings& surroundings, CommandLog& log, Sequence now, std::string_view name,
            std::uint64_t value);
  /// The run is over. @param values  of registers, by name
  void ended(Surroundings& surroundings, const std::map<std::string, std::uint64_t>& values,
             std::uint64_t time_ps) const;

 private:
  struct Bank {
    std::map<std::string, std::uint64_t, std::less<>> values;  // as they were written
    std::uint64_t FSR = 0;                                     // as it was read last
    bool fault_read = false;                                   // FAR, since FSR was read with a fault
    std::optional<Writer> cleared;                             // by whom FSR was, before
    std::optional<std::uint64_t> early_TTBR;                   // with an ASID, before TCR2.AS
    std::uint64_t value(std::string_view name) const;
    bool knows(std::string_view name) const { return values.find(name) != values.end(); }
  };
  struct Group {
    std::optional<std::uint64_t> SMR, S2CR;
  };

  void written_global(Surroundings& surroundings, CommandLog& log, Sequence now, std::string_view name,
                      std::uint64_t value, const Writer& writer);
  void written_bank(Surroundings& surroundings, CommandLog& log, Sequence now, unsigned n,
                    std::string_view name, std::uint64_t value, const Writer& writer);
  void ask(CommandLog& log, Sequence now, unsigned queue, Invalidation::Translations what,
           std::string_view name, std::uint64_t value, const Writer& writer) const;
  void enter(Surroundings& surroundings, unsigned n, const Writer& writer);
  void check_overlap(Surroundings& surroundings, unsigned n, const Writer& writer) const;
  bool is_valid(const Group& group) const;
  std::uint16_t vmid(const Bank& bank) const;
  void tell(Surroundings& surroundings, RuleId rule, std::string text, const char* clause,
            const Writer& writer) const;

  std::string m_name;
  Sizes m_sizes;
  std::uint64_t m_cr0 = 1;  // CLIENTPD
  bool m_gfsr_written = false;
  std::map<unsigned, Bank> m_banks;
  std::map<unsigned, Group> m_groups;
};

}  // namespace smmuvp::checker
