#include "wiring_rules.h"

#include <cstdint>
#include <string_view>

#include "smmuvp/base/params.h"

namespace smmuvp::smmuv3 {

namespace {

/// Whether a name is pmcgN_irq. @param n  that N
bool is_pmcg_irq(std::string_view name, std::uint64_t& n) {
  constexpr std::string_view begin = "pmcg";
  constexpr std::string_view end = "_irq";
  return name.size() > begin.size() + end.size() && name.substr(0, begin.size()) == begin &&
         name.substr(name.size() - end.size()) == end &&
         parse_uint(name.substr(begin.size(), name.size() - begin.size() - end.size()), n);
}

}  // namespace

std::string missing_port(const Features& features, unsigned tbus, const std::string& name) {
  std::uint64_t n = 0;
  if (is_pmcg_irq(name, n)) {
    if (features.pmcg.counters == 0) {
      return "pmcg is false, and counter groups have it; params.pmcg = true makes one for the TCU and one "
             "for "
             "each TBU";
    }
    return "tbus is " + std::to_string(tbus) +
           ", and pmcg gives the TCU and each TBU one; the last one is pmcg" + std::to_string(tbus) + "_irq";
  }
  if (!features.PRI && name == "priq_irq") return "PRI is false, and the PRI queue has it";
  if (!features.ATS && name == "ats") return "ATS is false, and no device has an ATC that it could tell";
  if (!features.SECURE_IMPL &&
      (name == "s_eventq_irq" || name == "s_gerror_irq" || name == "s_cmdq_sync_irq")) {
    return "SECURE_IMPL is false, and the Secure state has it";
  }
  return {};
}

std::string what_makes_the_window_longer(const Features& f) {
  std::string all;
  const auto add = [&all](bool on, const char* parameter) {
    if (on) all += (all.empty() ? "" : ", ") + std::string(parameter);
  };
  add(f.register_window > 0x20000, "register_window");
  add(f.pmcg.counters != 0, "pmcg");
  add(f.VATOS, "VATOS");
  add(f.ecmdq.ECMDQ, "ECMDQ");
  add(f.s_ecmdq.ECMDQ, "S_ECMDQ");
  return all;
}

}  // namespace smmuvp::smmuv3
