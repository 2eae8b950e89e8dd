// Which rule a diagnostic of an SMMU is about.
#include <gtest/gtest.h>

#include <string>

#include "smmuvp/checker/diagnosed.h"

namespace smmuvp::checker {
namespace {

std::string rule_named_by(const char* site) {
  const auto id = rule_of_diagnostic(site);
  return id ? rule(*id).id : "";
}

TEST(Diagnosed, ADiagnosticIsAboutTheRuleThatItsSiteNames) {
  struct Case {
    const char* site;
    const char* rule;
  };
  const Case cases[] = {
      {"CMD_RESUME.STAG", "stall.resumed"},
      {"CMD_PREFETCH_CONFIG", "command.illegal"},
      {"CMDQ.CERROR_ILL", "command.illegal"},
      {"TLBI.ASID", "command.illegal"},
      {"CMDQ_PROD.inconsistent", "queue.indexes"},
      {"EVENTQ_CONS.inconsistent", "queue.indexes"},
      {"CMDQ.abort", "queue.memory"},
      {"EVENTQ.abort", "queue.memory"},
      {"MSI.abort", "queue.memory"},
      {"STE.ILLEGAL", "structure.illegal"},
      {"CD.ILLEGAL", "structure.illegal"},
      {"STE.PARTID", "structure.illegal"},
      {"CR1.guard", "register.guarded"},
      {"GBPA.Update", "register.guarded"},
      {"register.size", "register.misused"},
      {"StreamID.SIDSIZE", ""},     // of a device
      {"CMD_ATC_INV.timeout", ""},  // of a device
      {"broadcast.supply", ""},     // of the system
  };
  for (const Case& c : cases) EXPECT_EQ(rule_named_by(c.site), c.rule) << c.site;
}

}  // namespace
}  // namespace smmuvp::checker
