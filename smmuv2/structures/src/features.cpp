#include "smmuvp/smmuv2/features.h"

#include <initializer_list>

#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr std::uint32_t bit(bool value, unsigned at) { return static_cast<std::uint32_t>(value) << at; }
constexpr std::uint32_t field(std::uint32_t value, unsigned at) { return value << at; }

// 9.6.1, IDR2: codes 0 to 5. UBS has one bit more at code 5, and 64 bits at code 15.
constexpr std::uint8_t size_code(std::uint8_t bits) {
  switch (bits) {
    case 32:
      return 0;
    case 36:
      return 1;
    case 40:
      return 2;
    case 42:
      return 3;
    case 44:
      return 4;
    case 48:
    case 49:
      return 5;
    default:
      return 15;
  }
}

bool is_address_size(std::uint8_t bits) { return bits != 49 && size_code(bits) <= 5; }
bool is_bus_size(std::uint8_t bits) { return bits == 64 || (bits != 48 && size_code(bits) <= 5); }

constexpr bool resets_to_one(FixedBit bit) {
  return bit == FixedBit::one || bit == FixedBit::programmable_one;
}

/// Collects what is wrong with a combination.
class Rules {
 public:
  explicit Rules(std::vector<FeatureProblem>& problems) : m_problems(problems) {}
  /// @param of    parameters that the rule is about, that of the text first
  /// @param text  what must be, beginning with its name
  void need(bool holds, std::initializer_list<const char*> of, const char* text) {
    if (!holds) m_problems.push_back({of, text});
  }

 private:
  std::vector<FeatureProblem>& m_problems;
};

// 1.1.4 and the notes of 9.6.1: what SMMUv1 has not got, or has otherwise.
void version_rules(const Features& f, Rules& r) {
  r.need(f.version == 1 || f.version == 2, {"version"}, "version is 1 or 2");
  if (f.version != 1) {
    r.need(!f.aarch64_in_v1, {"aarch64_in_v1", "version"}, "aarch64_in_v1 is for SMMUv1 (version 1)");
    return;
  }
  const auto absent = [&](bool is_set, const char* name, const char* text) {
    r.need(!is_set, {name, "version"}, text);
  };
  absent(f.EXIDS, "EXIDS", "EXIDS is 0 in SMMUv1 (version 1)");
  absent(f.ATOSNS, "ATOSNS", "ATOSNS is 0 in SMMUv1 (version 1)");
  absent(f.PTFS > 1, "PTFS", "PTFS is 0 or 1 in SMMUv1 (version 1)");
  absent(f.SSDTP > 1, "SSDTP", "SSDTP is 0 or 1 in SMMUv1 (version 1)");
  absent(f.HAFDBS != 0, "HAFDBS", "HAFDBS is 0 in SMMUv1 (version 1)");
  absent(f.DIPANS, "DIPANS", "DIPANS is 0 in SMMUv1 (version 1)");
  absent(f.HADS, "HADS", "HADS is 0 in SMMUv1 (version 1)");
  absent(f.VMID16S, "VMID16S", "VMID16S is 0 in SMMUv1 (version 1)");
  absent(f.PTFSv8_4kB, "PTFSv8_4kB", "PTFSv8_4kB is 0 in SMMUv1 (version 1)");
  absent(f.PTFSv8_16kB, "PTFSv8_16kB", "PTFSv8_16kB is 0 in SMMUv1 (version 1)");
  r.need(f.PTFSv8_64kB == f.aarch64_in_v1, {"PTFSv8_64kB", "aarch64_in_v1", "version"},
         "PTFSv8_64kB is 0 in SMMUv1 (version 1), but with aarch64_in_v1");
  r.need(f.OAS <= 40 || f.aarch64_in_v1, {"OAS", "aarch64_in_v1", "version"},
         "OAS is at most 40 in SMMUv1 (version 1)");
  r.need(f.IAS <= 40 || f.aarch64_in_v1, {"IAS", "aarch64_in_v1", "version"},
         "IAS is at most 40 in SMMUv1 (version 1)");
  r.need(f.UBS_code() == f.IAS_code(), {"UBS", "IAS", "version"},
         "UBS has the size of IAS in SMMUv1 (version 1)");
}

void stages_rules(const Features& f, Rules& r) {
  r.need(f.S1TS || f.S2TS, {"S1TS", "S2TS"},
         "S1TS or S2TS has to be 1: an SMMU translates by one stage at least");
  r.need(!f.NTS || (f.S1TS && f.S2TS), {"NTS", "S1TS", "S2TS"},
         "NTS needs both stages of translation (S1TS and S2TS)");
  r.need(!f.ATOSNS || f.S1TS, {"ATOSNS", "S1TS"}, "ATOSNS is 0 without stage 1 translation (S1TS)");
  r.need(f.PTFS <= 2, {"PTFS"}, "PTFS is 0, 1 or 2");
  r.need(f.aarch32() || f.aarch64(), {"PTFS", "PTFSv8_4kB", "PTFSv8_16kB", "PTFSv8_64kB"},
         "PTFS 2 needs an AArch64 format (PTFSv8_4kB, PTFSv8_16kB or PTFSv8_64kB)");
}

void sizes_rules(const Features& f, Rules& r) {
  r.need(is_address_size(f.OAS), {"OAS"}, "OAS is 32, 36, 40, 42, 44 or 48");
  r.need(is_address_size(f.IAS), {"IAS"}, "IAS is 32, 36, 40, 42, 44 or 48");
  r.need(is_bus_size(f.UBS), {"UBS"}, "UBS is 32, 36, 40, 42, 44, 49 or 64");
  // 1.6.1: the same value of the fields, so that 49 goes with 48. With version 1 that is told already.
  r.need(f.S1TS || f.version == 1 || f.UBS_code() == f.IAS_code(), {"UBS", "IAS", "S1TS"},
         "UBS has the size of IAS without stage 1 translation (S1TS)");
  r.need(f.S2TS || f.IAS == f.OAS, {"IAS", "OAS", "S2TS"}, "IAS is OAS without stage 2 translation (S2TS)");
  r.need(f.HAFDBS <= 3 && f.HAFDBS != 2, {"HAFDBS"}, "HAFDBS is 0, 1 or 3");
  const bool formats = f.aarch64() || f.version == 1;
  r.need(formats || f.HAFDBS == 0, {"HAFDBS", "PTFSv8_4kB", "PTFSv8_16kB", "PTFSv8_64kB"},
         "HAFDBS needs an AArch64 format (PTFSv8_4kB, PTFSv8_16kB or PTFSv8_64kB)");
  r.need(formats || !f.HADS, {"HADS", "PTFSv8_4kB", "PTFSv8_16kB", "PTFSv8_64kB"},
         "HADS needs an AArch64 format (PTFSv8_4kB, PTFSv8_16kB or PTFSv8_64kB)");
}

void streams_rules(const Features& f, Rules& r) {
  r.need(f.NUMSIDB <= 15, {"NUMSIDB"}, "NUMSIDB is 0 to 15");
  r.need(!f.EXIDS || f.NUMSIDB >= 15, {"EXIDS", "NUMSIDB"}, "EXIDS needs NUMSIDB 15");
  r.need(f.NUMSMRG <= 128, {"NUMSMRG"}, "NUMSMRG is at most 128");
  r.need(f.NUMSMRG != 0, {"NUMSMRG"}, "NUMSMRG is at least 1: without a group no stream is mapped");
  // 2.3.2, Table 2-1
  r.need(f.SMS || !f.EXIDS, {"EXIDS", "SMS"}, "EXIDS needs stream matching (SMS)");
  r.need(f.SMS || f.NUMSIDB <= 7, {"NUMSIDB", "SMS"}, "NUMSIDB is at most 7 with stream indexing (SMS 0)");
}

void map_rules(const Features& f, Rules& r) {
  const unsigned pages = f.NUMPAGENDXB <= 7 ? f.pages() : 256;
  r.need(f.NUMPAGENDXB <= 7, {"NUMPAGENDXB"}, "NUMPAGENDXB is 0 to 7");
  r.need(f.NUMCB <= 128, {"NUMCB"}, "NUMCB is 0 to 128");
  r.need(f.NUMCB > 128 || f.NUMCB <= pages, {"NUMCB", "NUMPAGENDXB"},
         "NUMCB does not fit into the pages that NUMPAGENDXB gives");
  r.need(f.NUMS2CB <= f.NUMCB, {"NUMS2CB", "NUMCB"}, "NUMS2CB is at most NUMCB");
  r.need(f.NUMS2CB == 0 || f.S2TS, {"NUMS2CB", "S2TS"}, "NUMS2CB is 0 without stage 2 translation (S2TS)");
  r.need(f.NUMIRPT <= 128, {"NUMIRPT"}, "NUMIRPT is 0 to 128");
  r.need(f.NUMIRPT != 0 || f.version == 1, {"NUMIRPT", "version"},
         "NUMIRPT is at least 1 in SMMUv2");  // 3.6.2
  r.need(f.CBNDX_bits <= 8 && (f.NUMCB <= 1 || (f.NUMCB - 1) >> f.CBNDX_bits == 0), {"CBNDX_bits", "NUMCB"},
         "CBNDX_bits is at most 8, and enough for all banks (NUMCB)");
  r.need(f.SSDTP <= 3 && f.SSDTP != 2, {"SSDTP"}, "SSDTP is 0, 1 or 3");
  r.need(f.NUMSSDNDXB <= 15, {"NUMSSDNDXB"}, "NUMSSDNDXB is 0 to 15");
  r.need(f.SSDTP != 3 || f.NUMSSDNDXB == 15, {"SSDTP", "NUMSSDNDXB"}, "SSDTP 3 needs NUMSSDNDXB 15");
  r.need(f.SSDTP == 0 || f.SES, {"SSDTP", "SES"}, "SSDTP needs two Security states (SES)");
  // 8.2: pages 4 and 5; with 64 KiB pages, page 4 has all
  const unsigned ssd_pages = f.SSDTP == 3 && !f.PAGESIZE ? 2 : 1;
  r.need(f.SSDTP == 0 || pages >= 4 + ssd_pages, {"SSDTP", "NUMPAGENDXB"},
         "SSDTP needs more pages than NUMPAGENDXB gives");
  r.need(f.counter_groups == 0 || pages >= 4, {"counter_groups", "NUMPAGENDXB"},
         "counter_groups need more pages than NUMPAGENDXB gives");
}

void choices_rules(const Features& f, Rules& r) {
  r.need(!f.GSE || f.stalls, {"GSE", "stalls"}, "GSE needs the Stall fault model (stalls)");
  r.need(!f.STALLD || f.stalls, {"STALLD", "stalls"}, "STALLD needs the Stall fault model (stalls)");
  r.need(!resets_to_one(f.SCR1_NSCAFRO) || (f.CAF && f.version != 1), {"SCR1_NSCAFRO", "CAF", "version"},
         "SCR1_NSCAFRO needs configuration access faults (CAF), and SMMUv2");
  // 12.1; 6.5 has 256, which the places of PMCGCRn and PMCGSMRn leave no room for
  r.need(f.counter_groups <= 128, {"counter_groups"}, "counter_groups is 0 to 128");
  r.need(f.CGNC <= 15, {"CGNC"}, "CGNC is at most 15");
  r.need(f.counter_groups == 0 || f.CGNC != 0, {"CGNC", "counter_groups"},
         "CGNC is at least 1 with performance monitors (counter_groups)");
  r.need(f.counter_groups != 0 || f.CGNC == 0, {"CGNC", "counter_groups"},
         "CGNC is 0 without performance monitors (counter_groups 0)");
  r.need(f.counters() <= 256, {"counter_groups", "CGNC"}, "counter_groups times CGNC is at most 256");
  r.need(f.MAJOR <= 15, {"MAJOR"}, "MAJOR is 0 to 15");
  r.need(f.MINOR <= 15, {"MINOR"}, "MINOR is 0 to 15");
}

}  // namespace

std::uint8_t Features::UBS_code() const { return size_code(UBS); }
std::uint8_t Features::OAS_code() const { return size_code(OAS); }
std::uint8_t Features::IAS_code() const { return size_code(IAS); }

namespace {

void quirk_rules(const Features& f, Rules& r) {
  r.need(!f.quirks.has(Quirk::calxeda_secure_access) || f.SES, {"quirks", "SES"},
         "quirks has calxeda_secure_access, which needs SES");
}

}  // namespace

std::vector<FeatureProblem> Features::problems() const {
  std::vector<FeatureProblem> found;
  Rules rules(found);
  for (const auto add :
       {version_rules, stages_rules, sizes_rules, streams_rules, map_rules, choices_rules, quirk_rules}) {
    add(*this, rules);
  }
  return found;
}

const char* Features::problem() const {
  const std::vector<FeatureProblem> all = problems();
  return all.empty() ? nullptr : all.front().text;
}

std::uint32_t SCR1_reset(const Features& f) {
  if (!f.SES) return 0;
  return bit(resets_to_one(f.SCR1_NSCAFRO), SCR1_NSCAFRO.low) |
         bit(resets_to_one(f.SCR1_GEFRO), SCR1_GEFRO.low) | field(f.NUMIRPT, SCR1_NSNUMIRPTO.low) |
         field(f.NUMSMRG, SCR1_NSNUMSMRGO.low) | f.NUMCB;
}

IdRegisters id_registers(const Features& f) { return id_registers(f, AccessSecurity::Secure, SCR1_reset(f)); }

// 9.6.1. What is not set here is reserved, or belongs to what is not built: EXSMRGS, BTM, COMPINDEXS, E2HS,
// EXNUMSMRG.
IdRegisters id_registers(const Features& f, AccessSecurity reader, std::uint32_t SCR1) {
  const bool v2 = f.version != 1;
  // Non-secure software sees what SCR1 leaves to it.
  const bool all = !f.SES || reader == AccessSecurity::Secure;
  const auto count = [&](std::uint8_t implemented, const Field& left) {
    return all ? implemented : static_cast<std::uint32_t>(get(SCR1, left));
  };
  IdRegisters id;
  id.IDR0 = bit(f.SES && all, 31) | bit(f.S1TS, 30) | bit(f.S2TS, 29) | bit(f.NTS, 28) | bit(f.SMS, 27) |
            bit(f.ATOSNS, 26) | field(f.PTFS, 24) | field(count(f.NUMIRPT, SCR1_NSNUMIRPTO), 16) |
            bit(f.CTTW, 14) | field(f.NUMSIDB, 9) | bit(f.EXIDS, 8) | count(f.NUMSMRG, SCR1_NSNUMSMRGO);
  id.IDR1 = bit(f.PAGESIZE, 31) | field(f.NUMPAGENDXB, 28) | field(f.HAFDBS, 24) | field(f.NUMS2CB, 16) |
            bit(f.SMCD, 15) | field(all ? f.SSDTP : 0, 12) | field(all ? f.NUMSSDNDXB : 0, 8) |
            count(f.NUMCB, SCR1_NSNUMCBO);
  id.IDR2 = bit(f.DIPANS, 30) | bit(f.HADS, 28) | bit(f.VMID16S, 15) | bit(v2 && f.PTFSv8_64kB, 14) |
            bit(f.PTFSv8_16kB, 13) | bit(f.PTFSv8_4kB, 12) | field(v2 ? f.UBS_code() : 0, 8) |
            field(f.OAS_code(), 4) | f.IAS_code();
  id.IDR4 = f.IDR4;
  id.IDR5 = f.IDR5;
  id.IDR7 = field(f.MAJOR, 4) | f.MINOR;
  if (f.PIDR != 0) {
    for (unsigned i = 0; i < 8; ++i) id.PIDR[i] = static_cast<std::uint8_t>(f.PIDR >> (8 * i));
    for (unsigned i = 0; i < 4; ++i) id.CIDR[i] = static_cast<std::uint8_t>(f.CIDR >> (8 * i));
  }
  return id;
}

}  // namespace smmuvp::smmuv2
