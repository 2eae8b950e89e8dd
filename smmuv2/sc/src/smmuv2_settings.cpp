#include "smmuv2_settings.h"

#include <string>

#include "smmuvp/base/error.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr const char* gem5 = "; default from gem5's SMMUv3 model";

using smmu::choice_param;
using smmu::flag_param;
using smmu::number_param;

const char* word_of(FixedBit bit) {
  return bit == FixedBit::zero ? "zero" : bit == FixedBit::one ? "one" : "programmable";
}

FixedBit fixed_bit(const std::string& word) {
  return word == "zero" ? FixedBit::zero : word == "one" ? FixedBit::one : FixedBit::programmable;
}

std::vector<ParamInfo> feature_params() {
  const Features f;
  const std::vector<std::string> address_sizes{"32", "36", "40", "42", "44", "48"};
  return {
      flag_param("SES", f.SES, "two Security states (IDR0.SES)"),
      flag_param("S1TS", f.S1TS, "stage 1 translation (IDR0.S1TS)"),
      flag_param("S2TS", f.S2TS, "stage 2 translation (IDR0.S2TS)"),
      flag_param("NTS", f.NTS, "stage 1 followed by stage 2 (IDR0.NTS)"),
      flag_param("SMS", f.SMS, "stream matching; false: stream indexing (IDR0.SMS)"),
      flag_param("ATOSNS", f.ATOSNS, "true: there are no address translation operations (IDR0.ATOSNS)"),
      number_param("PTFS", f.PTFS, 0, 2,
                   "AArch32 table formats; 0: short and long descriptors, 1: long ones, 2: none (IDR0.PTFS)"),
      number_param("NUMIRPT", f.NUMIRPT, 0, 128,
                   "context interrupts; in SMMUv2, 1 is one for each context bank (IDR0.NUMIRPT)"),
      flag_param("CTTW", f.CTTW, "tables are walked coherently (IDR0.CTTW)"),
      flag_param("BTM", f.BTM, "broadcast TLB maintenance (IDR0.BTM)"),
      number_param("NUMSIDB", f.NUMSIDB, 0, 15, "StreamID bits (IDR0.NUMSIDB)"),
      flag_param("EXIDS", f.EXIDS, "StreamIDs of 16 bits (IDR0.EXIDS)"),
      number_param("NUMSMRG", f.NUMSMRG, 0, 128, "stream mapping register groups (IDR0.NUMSMRG)"),
      flag_param("PAGESIZE", f.PAGESIZE, "true: register pages of 64 KiB; false: 4 KiB (IDR1.PAGESIZE)"),
      number_param("NUMPAGENDXB", f.NUMPAGENDXB, 0, 7,
                   "the register map has 4 * 2^NUMPAGENDXB pages (IDR1.NUMPAGENDXB)"),
      number_param("HAFDBS", f.HAFDBS, 0, 3,
                   "hardware updates of tables; 0: none, 1: Access flag, 3: dirty state too (IDR1.HAFDBS)"),
      number_param("NUMS2CB", f.NUMS2CB, 0, 128, "context banks for stage 2 alone (IDR1.NUMS2CB)"),
      flag_param("SMCD", f.SMCD, "every stream match conflict is detected (IDR1.SMCD)"),
      number_param("SSDTP", f.SSDTP, 0, 3,
                   "table of Security states by SSD_Index; 0: none, 1: of NUMSSDNDXB bits, 3: of 16 bits "
                   "(IDR1.SSDTP)"),
      number_param("NUMSSDNDXB", f.NUMSSDNDXB, 0, 15, "SSD_Index bits (IDR1.NUMSSDNDXB)"),
      number_param("NUMCB", f.NUMCB, 0, 128, "context banks (IDR1.NUMCB)"),
      flag_param("DIPANS", f.DIPANS, "privileged access never by S2CR.PRIVCFG (IDR2.DIPANS)"),
      flag_param("HADS", f.HADS, "hierarchical attribute disable (IDR2.HADS)"),
      flag_param("VMID16S", f.VMID16S, "16-bit VMIDs (IDR2.VMID16S)"),
      flag_param("PTFSv8_64kB", f.PTFSv8_64kB, "AArch64 formats, 64 KiB granule (IDR2.PTFSv8_64kB)"),
      flag_param("PTFSv8_16kB", f.PTFSv8_16kB, "AArch64 formats, 16 KiB granule (IDR2.PTFSv8_16kB)"),
      flag_param("PTFSv8_4kB", f.PTFSv8_4kB, "AArch64 formats, 4 KiB granule (IDR2.PTFSv8_4kB)"),
      choice_param("UBS", std::to_string(f.UBS), "bits of addresses that come in (IDR2.UBS)",
                   {"32", "36", "40", "42", "44", "49", "64"}),
      choice_param("OAS", std::to_string(f.OAS), "bits of physical addresses (IDR2.OAS)", address_sizes),
      choice_param("IAS", std::to_string(f.IAS), "bits of intermediate physical addresses (IDR2.IAS)",
                   address_sizes),
      number_param("IDR4", f.IDR4, 0, 0xffffffff, "SMMU_IDR4 (IMPLEMENTATION DEFINED)"),
      number_param("IDR5", f.IDR5, 0, 0xffffffff, "SMMU_IDR5 (IMPLEMENTATION DEFINED)"),
      number_param("MAJOR", f.MAJOR, 0, 15,
                   "revision of the implementation (IDR7.MAJOR); drivers may switch on workarounds by it"),
      number_param("MINOR", f.MINOR, 0, 15, "revision of the implementation (IDR7.MINOR)"),
      number_param("PIDR", f.PIDR, 0, ~0ULL,
                   "Peripheral ID registers, PIDR0 in the lowest byte; 0: there are no ID registers"),
      number_param("CIDR", f.CIDR, 0, 0xffffffff, "Component ID registers, CIDR0 in the lowest byte"),
      number_param("version", f.version, 1, 2, "1: SMMUv1, 2: SMMUv2"),
      flag_param("aarch64_in_v1", f.aarch64_in_v1,
                 "SMMUv1 with AArch64 contexts of the 64 KiB granule, which IDR2 does not tell of"),
      flag_param("stalls", f.stalls, "the Stall fault model (3.7.3)"),
      flag_param("GSE", f.GSE, "global stalling (sCR0.GSE); needs stalls"),
      number_param("CBNDX_bits", f.CBNDX_bits, 0, 8, "bits of S2CR.CBNDX and CBAR.CBNDX"),
      flag_param("CBFIXED", f.CBFIXED, "banks of one stage have a fixed CBAR.TYPE (10.2.1)"),
      flag_param("NSNUMCBO_fixed", f.NSNUMCBO_fixed,
                 "SCR1.NSNUMCBO and SCR1.NSNUMIRPTO are read-only (9.6.24)"),
      flag_param("CAF", f.CAF, "configuration access faults; false: such accesses are RAZ/WI (3.9)"),
      flag_param("EF", f.EF, "external faults are recorded globally; false: sGFSR.EF is RAZ/WI (3.10)"),
      choice_param("SCR1_NSCAFRO", word_of(f.SCR1_NSCAFRO), "SCR1.NSCAFRO (9.6.24)",
                   {"programmable", "zero", "one"}),
      choice_param("SCR1_GEFRO", word_of(f.SCR1_GEFRO), "SCR1.GEFRO (9.6.24)",
                   {"programmable", "zero", "one"}),
      number_param("counter_groups", f.counter_groups, 0, 256, "performance monitors: counter groups (6.3)"),
      number_param("CGNC", f.CGNC, 0, 15, "performance monitors: counters of each group (6.3)"),
      flag_param("mmu500_registers", f.mmu500_registers,
                 "what MMU-500 has in sACR, ACTLR and debug registers"),
      number_param("reset_fill", f.reset_fill, 0, ~0ULL,
                   "what registers read that reset leaves UNKNOWN; 0: zeros, else a seed"),
      flag_param("quirk_s2cr_bypass_faults", f.quirk_s2cr_bypass_faults,
                 "S2CR.TYPE bypass is taken as fault, as some firmware does"),
      flag_param("quirk_tlbival_base_page_only", f.quirk_tlbival_base_page_only,
                 "TLBIVA and TLBIVAL drop only what the base page of the last level covers"),
  };
}

std::vector<ParamInfo> make_params() {
  std::vector<ParamInfo> p = feature_params();
  smmu::append(p, smmu::port_params());
  p.push_back(smmu::preset_param(presets()));
  smmu::append(p, smmu::size_params(gem5));
  smmu::append(p, smmu::latency_params(gem5));
  p.push_back(number_param("maintenance_latency", 10, 0, 1000000,
                           "clocks of a TLB maintenance operation (no outside source)"));
  smmu::append(p, smmu::tbu_params());
  for (ParamInfo& info : p) info.doc += smmu::preset_values(presets(), info.name);
  return p;
}

Features features_of(const Params& p) {
  const auto byte = [&p](const char* name) { return static_cast<std::uint8_t>(p.uint(name)); };
  const auto bits = [&p](const char* name) { return static_cast<std::uint8_t>(std::stoul(p.text(name))); };
  Features f;
  f.SES = p.flag("SES");
  f.S1TS = p.flag("S1TS");
  f.S2TS = p.flag("S2TS");
  f.NTS = p.flag("NTS");
  f.SMS = p.flag("SMS");
  f.ATOSNS = p.flag("ATOSNS");
  f.PTFS = byte("PTFS");
  f.NUMIRPT = byte("NUMIRPT");
  f.CTTW = p.flag("CTTW");
  f.BTM = p.flag("BTM");
  f.NUMSIDB = byte("NUMSIDB");
  f.EXIDS = p.flag("EXIDS");
  f.NUMSMRG = byte("NUMSMRG");
  f.PAGESIZE = p.flag("PAGESIZE");
  f.NUMPAGENDXB = byte("NUMPAGENDXB");
  f.HAFDBS = byte("HAFDBS");
  f.NUMS2CB = byte("NUMS2CB");
  f.SMCD = p.flag("SMCD");
  f.SSDTP = byte("SSDTP");
  f.NUMSSDNDXB = byte("NUMSSDNDXB");
  f.NUMCB = byte("NUMCB");
  f.DIPANS = p.flag("DIPANS");
  f.HADS = p.flag("HADS");
  f.VMID16S = p.flag("VMID16S");
  f.PTFSv8_64kB = p.flag("PTFSv8_64kB");
  f.PTFSv8_16kB = p.flag("PTFSv8_16kB");
  f.PTFSv8_4kB = p.flag("PTFSv8_4kB");
  f.UBS = bits("UBS");
  f.OAS = bits("OAS");
  f.IAS = bits("IAS");
  f.IDR4 = static_cast<std::uint32_t>(p.uint("IDR4"));
  f.IDR5 = static_cast<std::uint32_t>(p.uint("IDR5"));
  f.MAJOR = byte("MAJOR");
  f.MINOR = byte("MINOR");
  f.PIDR = p.uint("PIDR");
  f.CIDR = static_cast<std::uint32_t>(p.uint("CIDR"));
  f.version = byte("version");
  f.aarch64_in_v1 = p.flag("aarch64_in_v1");
  f.stalls = p.flag("stalls");
  f.GSE = p.flag("GSE");
  f.CBNDX_bits = byte("CBNDX_bits");
  f.CBFIXED = p.flag("CBFIXED");
  f.NSNUMCBO_fixed = p.flag("NSNUMCBO_fixed");
  f.CAF = p.flag("CAF");
  f.EF = p.flag("EF");
  f.SCR1_NSCAFRO = fixed_bit(p.text("SCR1_NSCAFRO"));
  f.SCR1_GEFRO = fixed_bit(p.text("SCR1_GEFRO"));
  f.counter_groups = static_cast<std::uint16_t>(p.uint("counter_groups"));
  f.CGNC = byte("CGNC");
  f.mmu500_registers = p.flag("mmu500_registers");
  f.reset_fill = p.uint("reset_fill");
  f.quirk_s2cr_bypass_faults = p.flag("quirk_s2cr_bypass_faults");
  f.quirk_tlbival_base_page_only = p.flag("quirk_tlbival_base_page_only");
  return f;
}

}  // namespace

const smmu::Presets& presets() {
  static const smmu::Presets all = {
      {"gem5",
       "gem5's SMMUv3 model (src/dev/arm/SMMUv3.py); ours where a meaning says that there is no source",
       {}},
  };
  return all;
}

const std::vector<ParamInfo>& smmuv2_params() {
  static const std::vector<ParamInfo> params = make_params();
  return params;
}

Params with_defaults(Params params) { return smmu::with_preset(presets(), std::move(params)); }

Settings settings_of(const Params& p) {
  Settings s;
  s.features = features_of(p);
  if (const char* problem = s.features.problem()) {
    const std::string text = problem;  // begins with the name of a parameter
    throw ConfigError(text.substr(0, text.find_first_of(" ,")), text);
  }
  smmu::read_shell_settings(
      p, {s.features.stream_id_bits(), s.features.EXIDS ? "the width of StreamIDs" : "NUMSIDB"}, s);
  smmu::read_structures(p, s, s.structures);
  s.structures.maintenance = {p.uint("maintenance_latency") * s.clock_ps, 0, 1};
  return s;
}

std::vector<std::string> compatible_of(const Features& features) {
  if (features.mmu500_registers) return {"arm,mmu-500", "arm,smmu-v2"};
  if (features.version == 2) return {"arm,smmu-v2"};
  // Which a driver takes to have the format that no ID register tells of.
  if (features.aarch64_in_v1) return {"arm,mmu-401", "arm,smmu-v1"};
  return {"arm,smmu-v1"};
}

}  // namespace smmuvp::smmuv2
