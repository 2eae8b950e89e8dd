// The order in which software enables an SMMUv3, by the registers that it writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "smmuvp/checker/command_log.h"
#include "smmuvp/checker/surroundings.h"

namespace smmuvp::checker {

/// Of the Non-secure interface.
class EnableRules {
 public:
  /// @param name  of the SMMU
  explicit EnableRules(std::string name) : m_name(std::move(name)) {}

  /// A register is written, by its name in the specification; before that has an effect.
  void written(Surroundings& surroundings, CommandLog& log, std::string_view name, std::uint64_t value,
               const Writer& writer);
  void read(Surroundings& surroundings, std::string_view name, std::uint64_t value);

 private:
  void enabled(Surroundings& surroundings, const CommandLog& log, const Writer& writer);
  void tell(Surroundings& surroundings, RuleId rule, std::string text, const Writer& writer) const;

  std::string m_name;
  std::uint32_t m_cr0 = 0;                     // as it was written last
  std::uint32_t m_cr0ack = 0;                  // as it was read last
  std::optional<std::uint32_t> m_eventq_prod;  // as it was read last
  // All that was seen is read, and an overflow not acknowledged: software has written CONS, and then read
  // PROD.
  enum class Drained : std::uint8_t { no, written, seen } m_drained = Drained::no;
  Writer m_drained_by;
  std::uint32_t m_eventq_cons = 0;  // as it was written last
  bool m_abort = false;             // of GBPA, as it was written last
  bool m_told_bypass = false;
};

}  // namespace smmuvp::checker
