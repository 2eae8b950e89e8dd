#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable {
namespace {

struct RangeNames {
  const char* granule;
  const char* TxSZ;
};
constexpr RangeNames range_names[2] = {{"stage1.tables[0].granule", "stage1.tables[0].TxSZ"},
                                       {"stage1.tables[1].granule", "stage1.tables[1].TxSZ"}};

constexpr bool is_output_size(
    unsigned bits) {  // DDI 0487 D17 (TCR_EL1.IPS), without the 52- and 56-bit encodings
  return bits == 32 || bits == 36 || bits == 40 || bits == 42 || bits == 44 || bits == 48;
}

// Calls report(field, reason) for each problem until it answers false. One list serves both public functions,
// so that they cannot disagree.
template <class Report>
bool check(const Config& config, Report&& report) {
  bool good = true;
  const auto require = [&](bool condition, const char* field, const char* reason) {
    if (condition) return true;
    good = false;
    return report(field, reason);
  };
  const Stage1Config& s1 = config.stage1;
  if (!require(config.stages == Stages::stage1, "stages", "only stage 1 alone is built")) return false;
  if (!require(config.regime == Regime::el1_0 || config.regime == Regime::el2_0, "regime",
               "only EL1&0 and EL2&0 are built")) {
    return false;
  }
  if (!require(config.space == AddressSpace::non_secure || config.space == AddressSpace::secure, "space",
               "only Non-secure and Secure are built")) {
    return false;
  }
  if (!require(s1.format == Format::vmsa64, "stage1.format", "only VMSAv8-64 is built")) return false;
  if (!require(is_output_size(s1.output_size), "stage1.output_size", "must be 32, 36, 40, 42, 44 or 48"))
    return false;
  if (!require(!s1.HA, "stage1.HA", "hardware update of the Access flag is not built")) return false;
  if (!require(!s1.HD, "stage1.HD", "hardware management of dirty state is not built")) return false;
  for (unsigned i = 0; i < 2; ++i) {
    const TableConfig& t = s1.tables[i];
    if (t.EPD) continue;  // the other fields of the range then have no effect
    if (!require(t.granule == Granule::size_4k, range_names[i].granule, "only the 4 KiB granule is built"))
      return false;
    // DDI 0487 D8.2: 16 to 39 without FEAT_LVA and FEAT_TTST
    if (!require(t.TxSZ >= 16 && t.TxSZ <= 39, range_names[i].TxSZ, "must be 16 to 39")) return false;
  }
  return good;
}

}  // namespace

std::vector<ConfigProblem> validate(const Config& config) {
  std::vector<ConfigProblem> problems;
  check(config, [&](const char* field, const char* reason) {
    problems.push_back({field, reason});
    return true;
  });
  return problems;
}

bool is_walkable(const Config& config) {
  return check(config, [](const char*, const char*) { return false; });
}

}  // namespace smmuvp::pgtable
