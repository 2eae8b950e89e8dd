// The order in which software enables an SMMUv3, by the registers that it writes.
#pragma once

#include <cstdint>
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
  void read(std::string_view name, std::uint64_t value);

 private:
  void enabled(Surroundings& surroundings, const CommandLog& log, const Writer& writer);
  void tell(Surroundings& surroundings, RuleId rule, std::string text, const Writer& writer) const;

  std::string m_name;
  std::uint32_t m_CR0 = 0;       // as it was written last
  std::uint32_t m_CR0ACK = 0;    // as it was read last
  std::uint32_t m_IRQ_CTRL = 0;  // as it was written last
};

}  // namespace smmuvp::checker
