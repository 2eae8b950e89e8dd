#include "wiring_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/base/number_text.h"
#include "smmuvp/base/params.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr const char* context_irq = "context_irq";
constexpr const char* pm_irq = "pm_irq";

using Names = std::vector<std::string>;

Names numbered(const char* base, unsigned count) {
  Names names;
  for (unsigned i = 0; i < count; ++i) names.push_back(base + std::to_string(i));
  return names;
}

bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// "2", "2 to 5"
std::string range_text(const std::string& prefix, std::size_t first, std::size_t last) {
  return first == last ? fmt::format("{}{}", prefix, first)
                       : fmt::format("{}{} to {}{}", prefix, first, prefix, last);
}

std::string joined(const Names& names) { return fmt::format("{}", fmt::join(names, ", ")); }

/// The number of a name such as context_irq2. @return false: it is no such name
bool number_of(const std::string& name, const std::string& base, std::uint64_t& number) {
  return name.rfind(base, 0) == 0 && parse_uint(std::string_view(name).substr(base.size()), number);
}

}  // namespace

// IHI 0062 8.1, SMMU_BASE
std::string refused_base(const Features& features, std::uint64_t base) {
  const std::uint64_t size = features.window_bytes();
  if (base % size == 0) return {};
  const std::uint64_t below = base - base % size;
  return fmt::format(
      "{:#x} is no multiple of {}, the size of this SMMU's address space (IHI 0062 8.1); {:#x} "
      "and {:#x} are",
      base, number_text(size, Notation::Size), below, below + size);
}

std::string missing_port(const Features& features, const std::string& name) {
  std::uint64_t number = 0;
  if (number_of(name, context_irq, number)) {  // IHI 0062 3.6.2
    const unsigned count = features.context_interrupts();
    const std::string why =
        features.dedicated_interrupts()
            ? fmt::format("NUMCB is {}, with an interrupt for each context bank", count)
            : fmt::format("NUMIRPT is {}, and CBAR.IRPTNDX assigns so many to the banks", count);
    return count == 0 ? why : fmt::format("{}; the last one is {}{}", why, context_irq, count - 1);
  }
  if (number_of(name, pm_irq, number)) {  // IHI 0062 6.8
    return fmt::format("counter_groups is {}, with an interrupt for each", unsigned{features.counter_groups});
  }
  if (!features.SES && (name == "sgfsr_irq" || name == "scfg_irq")) {  // IHI 0062 3.6.1
    return "SES is false, and Secure software has interrupts of its own with two Security states alone";
  }
  return {};
}

std::vector<WiringRules::InterruptFinding> check_interrupts(const Features& features, const Names& wired) {
  std::vector<WiringRules::InterruptFinding> findings;
  const Names banks = numbered(context_irq, features.context_interrupts());
  Names list = banks;
  for (std::string& name : numbered(pm_irq, features.counter_groups)) list.push_back(std::move(name));
  const auto last = std::find_if(list.rbegin(), list.rend(),
                                 [&](const std::string& name) { return contains(wired, name); });
  const auto end = last.base();
  const auto first =
      std::find_if(list.begin(), end, [&](const std::string& name) { return contains(wired, name); });

  // Those of Secure software may be missing: #global-interrupts says how many there are.
  Names global;
  for (const char* name : {"gfsr_irq", "cfg_irq"}) {
    if (!contains(wired, name)) global.emplace_back(name);
  }
  if (first != end && !global.empty()) {
    findings.push_back({true, *first,
                        fmt::format("{} is wired, but {} {} not: a device tree lists the global interrupts "
                                    "before those of banks; wire gfsr_irq and cfg_irq, or none but them",
                                    *first, joined(global), global.size() == 1 ? "is" : "are")});
  }

  Names gap;
  std::string after;
  for (auto name = list.begin(); name != end; ++name) {
    if (!contains(wired, *name)) {
      gap.push_back(*name);
    } else if (!gap.empty() && after.empty()) {
      after = *name;
    }
  }
  if (!gap.empty()) {
    constexpr std::size_t most = 8;
    const std::size_t more = gap.size() > most ? gap.size() - most : 0;
    gap.resize(gap.size() - more);
    findings.push_back(
        {true, after,
         fmt::format("{} is wired, but {}{} {} not: a device tree lists interrupts of banks by "
                     "their place, without names, so that {} would be taken for that of an "
                     "earlier bank; wire all before {}, the last one that is wired, or none",
                     after, joined(gap), more == 0 ? "" : fmt::format(" and {} more", more),
                     gap.size() == 1 ? "is" : "are", after, *last)});
  }
  if (!findings.empty() || wired.empty()) return findings;

  const auto wired_banks = static_cast<std::size_t>(
      std::count_if(banks.begin(), banks.end(), [&](const std::string& n) { return contains(wired, n); }));
  if (wired_banks == banks.size()) return findings;
  const std::size_t last_bank = banks.size() - 1;
  const std::string numbers = range_text("", wired_banks, last_bank);
  const std::string ports = range_text(context_irq, wired_banks, last_bank);
  findings.push_back(
      {false, wired.back(),
       features.dedicated_interrupts()
           ? fmt::format(
                 "{} not wired: context bank{} {} of NUMCB {} raise{} no interrupt, and Linux refuses "
                 "an SMMUv2 that has fewer interrupts than banks",
                 ports + (wired_banks == last_bank ? " is" : " are"), wired_banks == last_bank ? "" : "s",
                 numbers, banks.size(), wired_banks == last_bank ? "s" : "")
           : fmt::format("{} not wired: banks with CBAR.IRPTNDX {}, below NUMIRPT {}, raise no interrupt",
                         ports + (wired_banks == last_bank ? " is" : " are"), numbers, banks.size())});
  return findings;
}

}  // namespace smmuvp::smmuv2
