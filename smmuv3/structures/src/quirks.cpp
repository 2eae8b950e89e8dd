#include "smmuvp/smmuv3/quirks.h"

#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

namespace {

struct Row {
  Quirk quirk;
  QuirkInfo info;
  bool (*possible)(const Features& f);
  const char* problem;  ///< where it is not possible; begins with the parameter's name
};

constexpr bool always(const Features&) { return true; }
constexpr bool with_SEV(const Features& f) { return f.SEV; }
constexpr bool with_MSI(const Features& f) { return f.MSI; }
constexpr bool with_pmcg(const Features& f) { return f.pmcg.counters != 0; }

constexpr Row rows[] = {
    {Quirk::arm_1076982,
     {"arm_1076982", "no wake-up event when a full Command queue has room again",
      "Linux f322e8af35c7, MMU-600 r0p0 to r0p2"},
     with_SEV,
     "quirks has arm_1076982, which needs SEV"},
    {Quirk::cavium_74,
     {"cavium_74", "registers of Page 1 are at their offsets in Page 0 alone",
      "Linux, silicon-errata: ThunderX2 SMMUv3 #74", "cavium,cn9900-broken-page1-regspace"},
     always,
     ""},
    {Quirk::cavium_126,
     {"cavium_126", "all interrupts of the SMMU leave by eventq_irq",
      "Linux, silicon-errata: ThunderX2 SMMUv3 #126"},
     always,
     ""},
    {Quirk::hisilicon_161010701,
     {"hisilicon_161010701", "CMD_PREFETCH_* are illegal commands",
      "Linux, silicon-errata: Hip06, Hip07 #161010701", "hisilicon,broken-prefetch-cmd"},
     always,
     ""},
    {Quirk::hisilicon_162001800,
     {"hisilicon_162001800", "event counters of performance monitors cannot be written",
      "Linux, silicon-errata: Hip08 SMMU PMCG #162001800"},
     with_pmcg,
     "quirks has hisilicon_162001800, which needs pmcg"},
    {Quirk::hisilicon_162001900,
     {"hisilicon_162001900", "counters of performance monitors go on when their group is disabled",
      "Linux 0242737dc4eb, Hip08 and later SMMU PMCG"},
     with_pmcg,
     "quirks has hisilicon_162001900, which needs pmcg"},
    {Quirk::hisilicon_msi_64bit,
     {"hisilicon_msi_64bit", "message signalled interrupts are writes of 64 bits, the upper 32 zero",
      "Linux, arm-smmu-v3.c: Hi16xx"},
     with_MSI,
     "quirks has hisilicon_msi_64bit, which needs MSI"},
    {Quirk::nvidia_invalidation_race,
     {"nvidia_invalidation_race", "CMD_CFGI_* and CMD_TLBI_* that race with traffic have to be sent twice",
      "Linux, series of 2026-07 on Tegra264", nullptr, "nvidia,tegra264-smmu"},
     always,
     ""},
};

static_assert(quirks_in_order(rows));

}  // namespace

const std::vector<QuirkInfo>& quirk_infos() {
  static const std::vector<QuirkInfo> infos = quirk_infos_of(rows);
  return infos;
}

const char* quirk_problem(const Features& features) {
  for (const Row& row : rows) {
    if (features.quirks.has(row.quirk) && !row.possible(features)) return row.problem;
  }
  return nullptr;
}

}  // namespace smmuvp::smmuv3
