#include "smmuvp/smmuv2/quirks.h"

namespace smmuvp::smmuv2 {

namespace {

struct Row {
  Quirk quirk;
  QuirkInfo info;
};

constexpr Row rows[] = {
    {Quirk::calxeda_secure_access,
     {"calxeda_secure_access", "each register access counts as Secure",
      "Linux, bindings/iommu/arm,smmu.yaml: calxeda,smmu-secure-config-access",
      "calxeda,smmu-secure-config-access"}},
    {Quirk::marvell_582743,
     {"marvell_582743", "64-bit accesses to registers are RAZ/WI; 32-bit ones of their halves work",
      "Linux, silicon-errata: Marvell ARM-MMU-500 #582743", nullptr, "marvell,ap806-smmu-500"}},
    {Quirk::qcom_last_bank,
     {"qcom_last_bank", "accesses to the last context bank, which IDR1.NUMCB counts, get a bus error",
      "Linux 3a8990b8a778, MSM8998 LPASS", nullptr, "qcom,msm8998-smmu-v2"}},
    {Quirk::qcom_s2cr_bypass_faults,
     {"qcom_s2cr_bypass_faults", "S2CR.TYPE bypass is taken as fault, as some firmware does",
      "Linux, arm-smmu-qcom.c"}},
    {Quirk::qcom_tlbival_base_page,
     {"qcom_tlbival_base_page",
      "TLBIVAL and TLBIVAAL drop pages of 4 KiB alone, and not the block that an address lies in",
      "users of Qualcomm's MMU-500 (no erratum is published)"}},
};

static_assert(quirks_in_order(rows));

}  // namespace

const std::vector<QuirkInfo>& quirk_infos() {
  static const std::vector<QuirkInfo> infos = quirk_infos_of(rows);
  return infos;
}

}  // namespace smmuvp::smmuv2
