#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable {
namespace {

struct RangeNames {
  const char* granule;
  const char* TxSZ;
  const char* TBI;
  const char* E0PD;
};
constexpr RangeNames range_names[2] = {
    {"stage1.tables[0].granule", "stage1.tables[0].TxSZ", "stage1.tables[0].TBI", "stage1.tables[0].E0PD"},
    {"stage1.tables[1].granule", "stage1.tables[1].TxSZ", "stage1.tables[1].TBI", "stage1.tables[1].E0PD"}};

// DDI 0487 D17 (TCR_EL1.IPS), without the 56-bit encoding
// What SMMUv2s narrow VMSAv8-32 outputs to (IHI 0062 1.5.2, 3.7.2).
constexpr bool is_narrow_output_size(unsigned bits) { return bits == 32 || bits == 36; }

constexpr bool is_output_size(unsigned bits) {
  return bits == 32 || bits == 36 || bits == 40 || bits == 42 || bits == 44 || bits == 48 || bits == 52;
}

constexpr bool is_granule(Granule g) {
  return g == Granule::size_4k || g == Granule::size_16k || g == Granule::size_64k;
}

constexpr bool is_aarch32(Format f) { return f == Format::lpae32 || f == Format::v7s; }

constexpr bool has_two_ranges(const Config& config) {
  return (config.regime == Regime::el1_0 || config.regime == Regime::el2_0) &&
         config.stage1.format != Format::mali_lpae;
}

// Calls report(field, reason) for each problem until it answers false. One list serves both public functions,
// so that they cannot disagree.
template <class Report>
class Check {
 public:
  explicit Check(Report report) : m_report(report) {}

  bool good() const { return m_good; }

  void config(const Config& c) {
    if (!require(c.stages == Stages::stage1 || c.stages == Stages::stage2 || c.stages == Stages::nested,
                 "stages", "must be stage1, stage2 or nested")) {
      return;
    }
    require(c.space == AddressSpace::non_secure || c.space == AddressSpace::secure, "space",
            "only Non-secure and Secure are built");
    if (c.stages != Stages::stage2) stage1(c);
    if (c.stages != Stages::stage1) {
      stage2(c.stage2);
      if (c.space == AddressSpace::secure) secure_stage2(c);
    }
    if (c.stages == Stages::nested) {
      require(c.stage1.format != Format::mali_lpae, "stage1.format", "a Mali has no stage 2");
    }
    // IHI 0070 5.4, CD.AA64: a 64-bit stage 1 is not supported on a 32-bit stage 2.
    if (c.stages == Stages::nested && c.stage2.format == Format::lpae32) {
      require(is_aarch32(c.stage1.format), "stage1.format",
              "must be an AArch32 format before a stage 2 in lpae32");
    }
  }

 private:
  bool require(bool condition, const char* field, const char* reason) {
    if (condition || m_stop) return condition;
    m_good = false;
    m_stop = !m_report(field, reason);
    return false;
  }

  void stage1(const Config& c) {
    const Stage1Config& s1 = c.stage1;
    const bool vmsa64 = s1.format == Format::vmsa64;
    if (!require(vmsa64 || is_aarch32(s1.format) || s1.format == Format::mali_lpae, "stage1.format",
                 "must be vmsa64, lpae32, v7s or mali_lpae")) {
      return;
    }
    if (s1.format == Format::v7s) require(s1.v7s.N <= 7, "stage1.v7s.N", "must be 0 to 7");
    if (!require(c.regime == Regime::el1_0 || c.regime == Regime::el2_0 || c.regime == Regime::el2 ||
                     c.regime == Regime::el3,
                 "regime", "must be el1_0, el2_0, el2 or el3")) {
      return;
    }
    // IHI 0070 5.2, STE.Config: stage 2 belongs to the EL1 translation regime.
    require(c.stages != Stages::nested || c.regime == Regime::el1_0, "regime",
            "must be el1_0 with a stage 2");
    if (is_aarch32(s1.format)) {
      require(c.regime == Regime::el1_0 || (c.regime == Regime::el2 && s1.format == Format::lpae32), "regime",
              "must be el1_0 (PL1&0) in an AArch32 format, or el2 (PL2) in lpae32");
    }
    if (vmsa64) {
      require(is_output_size(s1.output_size), "stage1.output_size", "must be 32, 36, 40, 42, 44, 48 or 52");
    } else {
      const bool narrow = s1.format != Format::mali_lpae && is_narrow_output_size(s1.output_size);
      require(s1.output_size == 40 || narrow, "stage1.output_size",
              "must be 40 in this format, or in lpae32 and v7s 32 or 36");
      require(!s1.HA, "stage1.HA", "only vmsa64 has hardware update of the Access flag");
      require(!s1.DS, "stage1.DS", "only vmsa64 has 52-bit descriptors");
      require(!s1.EPAN, "stage1.EPAN", "only vmsa64 has it");
    }
    // IHI 0070 5.4, CD.HD: Reserved without HA
    require(!s1.HD || s1.HA, "stage1.HD", "needs HA");
    for (unsigned i = 0; i < (has_two_ranges(c) ? 2U : 1U); ++i) {
      const TableConfig& t = s1.tables[i];
      if (t.EPD && has_two_ranges(c)) continue;  // the other fields of the range then have no effect
      range(c, t, range_names[i]);
    }
  }

  void range(const Config& c, const TableConfig& t, const RangeNames& names) {
    const Stage1Config& s1 = c.stage1;
    switch (s1.format) {
      case Format::vmsa64:
        if (require(is_granule(t.granule), names.granule, "must be 4, 16 or 64 KiB")) {
          vmsa64_size(t.TxSZ, t.granule, s1.DS, names.TxSZ);
        }
        return;
      case Format::lpae32:
        require(t.TxSZ <= 7, names.TxSZ, "must be 0 to 7 in this format");
        break;
      case Format::mali_lpae:
        require(t.TxSZ >= 16 && t.TxSZ <= 39, names.TxSZ, "must be 16 to 39 in this format");
        break;
      case Format::v7s:
        break;
    }
    require(t.granule == Granule::size_4k, names.granule, "must be 4 KiB in this format");
    require(!t.TBI, names.TBI, "only vmsa64 has tagged addresses");
    require(!t.E0PD, names.E0PD, "only vmsa64 has it");
  }

  // IHI 0070 5.4, CD.T0SZ: 16 to 39; to 48, or 47 with 64 KiB, with small tables; from 12 where 52-bit
  // addresses can be.
  bool vmsa64_size(int TxSZ, Granule granule, bool DS, const char* field) {
    const bool large = granule == Granule::size_64k;
    const int from = large || DS ? 12 : 16;
    const int to = large ? 47 : 48;
    return require(TxSZ >= from && TxSZ <= to, field,
                   large ? "must be 12 to 47" : (DS ? "must be 12 to 48" : "must be 16 to 48 (12 with DS)"));
  }

  void stage2(const Stage2Config& s2) {
    const bool vmsa64 = s2.format == Format::vmsa64;
    if (!require(vmsa64 || s2.format == Format::lpae32, "stage2.format", "must be vmsa64 or lpae32")) return;
    require(!s2.HD || s2.HA, "stage2.HD", "needs HA");
    if (!vmsa64) {
      require(s2.output_size == 40 || is_narrow_output_size(s2.output_size), "stage2.output_size",
              "must be 32, 36 or 40 in this format");
      require(!s2.HA, "stage2.HA", "only vmsa64 has hardware update of the Access flag");
      require(!s2.DS, "stage2.DS", "only vmsa64 has 52-bit descriptors");
      require(s2.granule == Granule::size_4k, "stage2.granule", "must be 4 KiB in this format");
      if (require(s2.T0SZ >= -8 && s2.T0SZ <= 7, "stage2.T0SZ", "must be -8 to 7 in this format") &&
          require(s2.start_level == 1 || s2.start_level == 2, "stage2.start_level", "must be 1 or 2")) {
        start_level(32 - s2.T0SZ, s2.start_level, Granule::size_4k);
      }
      return;
    }
    require(is_output_size(s2.output_size), "stage2.output_size", "must be 32, 36, 40, 42, 44, 48 or 52");
    if (!require(is_granule(s2.granule), "stage2.granule", "must be 4, 16 or 64 KiB")) return;
    if (!vmsa64_size(s2.T0SZ, s2.granule, s2.DS, "stage2.T0SZ")) return;
    // IHI 0070 5.2, STE.S2T0SZ: the input size is at most the implementation's output size, which is 52 with
    // LPA only (DDI 0487 D8.2, pseudocode AArch64.S2MinTxSZ).
    if (!require(s2.granule != Granule::size_64k || s2.LPA || s2.T0SZ >= 16, "stage2.T0SZ",
                 "must be 16 to 47 without LPA")) {
      return;
    }
    // DDI 0487 D8.2 (pseudocode AArch64.S2InvalidSL): the levels that SL0 and SL2 can name
    const int first = s2.granule == Granule::size_4k ? (s2.DS ? -1 : 0)
                                                     : (s2.granule == Granule::size_16k && s2.DS ? 0 : 1);
    if (require(s2.start_level >= first && s2.start_level <= 3, "stage2.start_level",
                "must be 0 to 3 with 4 KiB, 1 to 3 with 16 and 64 KiB, one less with DS and 4 or 16 KiB")) {
      start_level(64 - s2.T0SZ, s2.start_level, s2.granule);
    }
  }

  // IHI 0070 3.10.2.2; which of the fields is wrong is told as though it were one of stage2.
  void secure_stage2(const Config& c) {
    if (require(c.stage2.format == Format::vmsa64, "stage2.format", "must be vmsa64 in the Secure space")) {
      stage2(of_secure_ipas(c));
    }
  }

  // DDI 0487 D8.2 (pseudocode AArch64.S2InconsistentSL): the first lookup resolves at least one bit, and at
  // most four bits, sixteen concatenated tables, more than one table.
  void start_level(int input_bits, int level, Granule granule) {
    const int stride = static_cast<int>(granule) - 3;
    const int below = static_cast<int>(granule) + stride * (3 - level);  // bits that later lookups resolve
    const int most = level < 0 ? stride : stride + 4;
    require(input_bits > below && input_bits <= below + most, "stage2.start_level",
            "does not fit T0SZ: the first lookup has to resolve 1 bit at least, and one table and 4 bits at "
            "most");
  }

  Report m_report;
  bool m_good = true;
  bool m_stop = false;
};

}  // namespace

Stage2Config of_secure_ipas(const Config& config) {
  Stage2Config s2 = config.stage2;
  s2.base = config.secure_stage2.base;
  s2.T0SZ = config.secure_stage2.T0SZ;
  s2.start_level = config.secure_stage2.start_level;
  s2.granule = config.secure_stage2.granule;
  return s2;
}

std::vector<ConfigProblem> validate(const Config& config) {
  std::vector<ConfigProblem> problems;
  const auto report = [&](const char* field, const char* reason) {
    problems.push_back({field, reason});
    return true;
  };
  Check<decltype(report)>(report).config(config);
  return problems;
}

bool is_walkable(const Config& config) {
  const auto report = [](const char*, const char*) { return false; };
  Check<decltype(report)> check(report);
  check.config(config);
  return check.good();
}

}  // namespace smmuvp::pgtable
