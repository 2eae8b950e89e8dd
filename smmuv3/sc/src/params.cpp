#include "params.h"

#include <string>

#include "personalities.h"
#include "presets.h"
#include "smmuvp/smmu_settings/quirks.h"
#include "smmuvp/smmuv3/id_fields.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr const char* gem5 = "; default from gem5's SMMUv3 model";

std::vector<ParamInfo> make_params() {
  const auto flag = smmu::flag_param;
  const auto number = smmu::number_param;
  const auto choice = smmu::choice_param;
  std::vector<ParamInfo> p = {
      flag("S2P", true, "stage 2 translation (IDR0.S2P)"),
      flag("S1P", true, "stage 1 translation (IDR0.S1P)"),
      number("TTF", 2, 1, 3, "table formats; 1: VMSAv8-32 LPAE, 2: VMSAv8-64, 3: both (IDR0.TTF)"),
      flag("BTM", false, "takes part in TLB maintenance that processors broadcast (IDR0.BTM)"),
      flag("COHACC", true, "structures, queues and tables are accessed coherently (IDR0.COHACC)"),
      number("HTTU", 0, 0, 2,
             "hardware updates of tables; 0: none, 1: Access flag, 2: dirty state too (IDR0.HTTU)"),
      flag("Hyp", false, "stage 1 contexts of EL2 (IDR0.Hyp); needs S1P and S2P"),
      flag("ASID16", true, "16-bit ASIDs (IDR0.ASID16)"),
      flag("MSI", false, "message signalled interrupts (IDR0.MSI)"),
      flag("SEV", true, "wake-up events for WFE (IDR0.SEV)"),
      flag("ATS", false, "Address Translation Services of PCIe (IDR0.ATS)"),
      flag("NS1ATS", false, "split-stage ATS is not supported (IDR0.NS1ATS); needs ATS, S1P and S2P"),
      flag("ATSRECERR", false,
           "configuration errors of ATS requests can be recorded (IDR0.ATSRECERR, CR2.REC_CFG_ATS)"),
      flag("PRI", false,
           "page requests of PCIe, SMMU_PRIQ_* (IDR0.PRI); needs ATS, and PRIQS for a queue of some size"),
      flag("ATOS", false,
           "address translation operations, SMMU_GATOS_*, and with SECURE_IMPL SMMU_S_GATOS_* (IDR0.ATOS)"),
      flag("VATOS", false,
           "those of one VM, by a page of their own, SMMU_VATOS_*, and with SEL2 SMMU_S_VATOS_*, which make "
           "the register window longer (IDR0.VATOS); needs ATOS, S1P and S2P"),
      flag("VMID16", true, "16-bit VMIDs (IDR0.VMID16); needs S2P"),
      flag("VMW", false, "invalidations of a group of VMIDs, CR0.VMW (IDR0.VMW); needs S2P"),
      flag("CD2L", false, "two-level tables of Context Descriptors (IDR0.CD2L)"),
      choice("TTENDIAN", "mixed", "endianness of translation tables (IDR0.TTENDIAN)",
             {"mixed", "little", "big"}),
      number("STALL_MODEL", 1, 0, 2,
             "0: faults stall or terminate, 1: they terminate, 2: they stall (IDR0.STALL_MODEL)"),
      flag("TERM_MODEL", false, "terminated transactions always abort; CD.A must be 1 (IDR0.TERM_MODEL)"),
      number(
          "ST_LEVEL", 1, 0, 1,
          "1: two-level Stream tables besides linear ones (IDR0.ST_LEVEL); needed with SIDSIZE of 7 or more"),
      number("SIDSIZE", 16, 0, 32, "StreamID bits (IDR1.SIDSIZE)"),
      number("SSIDSIZE", 0, 0, 20, "SubstreamID bits (IDR1.SSIDSIZE); 0: no substreams"),
      number("EVENTQS", 16, 0, 19, "log2 of the most Event queue entries (IDR1.EVENTQS)"),
      number("PRIQS", 0, 0, 19, "log2 of the most PRI queue entries (IDR1.PRIQS)"),
      number("CMDQS", 16, 0, 19, "log2 of the most Command queue entries (IDR1.CMDQS)"),
      flag("ECMDQ", false, "Enhanced Command queues (IDR1.ECMDQ); needs COHACC and MSI"),
      number("CMDQ_CONTROL_PAGE_LOG2NUMP", 0, 0, 8,
             "log2 of the Command queue control pages (IDR6.CMDQ_CONTROL_PAGE_LOG2NUMP), with ECMDQ; pages "
             "have 256 queues together at most"),
      number("CMDQ_CONTROL_PAGE_LOG2NUMQ", 2, 0, 8,
             "log2 of the queues of a control page (IDR6.CMDQ_CONTROL_PAGE_LOG2NUMQ)"),
      number("ecmdq_offset", 0, 0, 0x1000000,
             "where in the register window control pages begin, a multiple of 64 KiB from 0x20000 on; 0: "
             "behind all other pages"),
      flag("ATTR_PERMS_OVR", true, "privilege and instruction/data can be overridden (IDR1.ATTR_PERMS_OVR)"),
      flag("ATTR_TYPES_OVR", true,
           "memory type, shareability and hints can be overridden (IDR1.ATTR_TYPES_OVR)"),
      number("BA_VATOS", 0, 0, 1023,
             "with VATOS: place of its page, in units of 64 KiB from 0x20000 on (IDR2.BA_VATOS)"),
      number("BA_S_VATOS", 1, 0, 1023, "likewise of that of the Secure state (S_IDR2.BA_S_VATOS)"),
      flag("HAD", true,
           "hierarchical attribute disable (IDR3.HAD); with stage 1 and without it the SMMU is version 3.0"),
      flag("PBHA", false,
           "bits [62:59] of descriptors can go downstream with accesses (IDR3.PBHA); needs HAD, S1P and "
           "SMMUv3.1"),
      flag("XNX", true,
           "stage 2 forbids execution by privilege (IDR3.XNX); with stage 2 and without it the SMMU is "
           "version 3.0"),
      flag("FWB", false, "stage 2 controls memory types (IDR3.FWB)"),
      flag(
          "MPAM", false,
          "PARTIDs and PMGs of accesses, for memory that partitions its resources by them (IDR3.MPAM); needs "
          "SMMUv3.2 and a maximum that is not 0"),
      flag("PPS", false,
           "automatic responses to page requests have PASIDs whatever STE.PPAR says (IDR3.PPS); needs PRI "
           "and SSIDSIZE"),
      flag("STT", false, "small translation tables (IDR3.STT)"),
      flag("RIL", false, "range invalidation and level hints (IDR3.RIL)"),
      number("BBML", 0, 0, 2, "break-before-make level (IDR3.BBML)"),
      flag("E0PD", false, "unprivileged accesses to a range can be refused (IDR3.E0PD)"),
      flag("PTWNNC", false, "stage 1 table walks mapped as Device are Normal Non-cacheable (IDR3.PTWNNC)"),
      flag("PASIDTT", false,
           "PASIDs of ATS Translated transactions count (IDR3.PASIDTT); needs ATS and SSIDSIZE"),
      flag("EPAN", false, "enhanced PAN (IDR3.EPAN)"),
      flag("GRAN4K", true, "4 KiB granule (IDR5.GRAN4K)"),
      flag("GRAN16K", false, "16 KiB granule (IDR5.GRAN16K)"),
      flag("GRAN64K", false, "64 KiB granule (IDR5.GRAN64K)"),
      flag("DS", false, "52-bit addresses with 4 and 16 KiB granules (IDR5.DS)"),
      number("VAX", 0, 0, 1, "1: virtual addresses of up to 52 bits (IDR5.VAX)"),
      choice("OAS", "44", "output address size in bits (IDR5.OAS)",
             {"32", "36", "40", "42", "44", "48", "52"}),
      number("STALL_MAX", 0, 0, 65535, "the most stall records that wait for an answer (IDR5.STALL_MAX)"),
      flag("SECURE_IMPL", false,
           "Secure state: a second programming interface, SMMU_S_* (S_IDR1.SECURE_IMPL); needs S1P"),
      flag("SEL2", false,
           "Secure EL2, and stage 2 of the Secure state (S_IDR1.SEL2); needs SECURE_IMPL and SMMUv3.2"),
      number("S_SIDSIZE", 16, 0, 32, "StreamID bits of Secure streams (S_IDR1.S_SIDSIZE)"),
      flag("S_ECMDQ", false,
           "Enhanced Command queues of the Secure state (S_IDR0.ECMDQ); needs SECURE_IMPL, COHACC and MSI"),
      number("S_CMDQ_CONTROL_PAGE_LOG2NUMP", 0, 0, 8,
             "as CMDQ_CONTROL_PAGE_LOG2NUMP, of the Secure state (S_IDR6)"),
      number("S_CMDQ_CONTROL_PAGE_LOG2NUMQ", 2, 0, 8,
             "as CMDQ_CONTROL_PAGE_LOG2NUMQ, of the Secure state (S_IDR6)"),
      number("s_ecmdq_offset", 0, 0, 0x1000000, "as ecmdq_offset, of the Secure state"),
      number("PARTID_MAX", 0, 0, 0xffff, "the largest Non-secure PARTID (MPAMIDR.PARTID_MAX); needs MPAM"),
      number("PMG_MAX", 0, 0, 0xff, "the largest Non-secure PMG (MPAMIDR.PMG_MAX); needs MPAM"),
      flag("HAS_MPAM_NS", false,
           "Secure accesses can have Non-secure PARTIDs (S_MPAMIDR.HAS_MPAM_NS); needs MPAM, SECURE_IMPL and "
           "SMMUv3.3"),
      number("S_PARTID_MAX", 0, 0, 0xffff,
             "the largest Secure PARTID (S_MPAMIDR.PARTID_MAX); needs MPAM and SECURE_IMPL"),
      number("S_PMG_MAX", 0, 0, 0xff,
             "the largest Secure PMG (S_MPAMIDR.PMG_MAX); needs MPAM and SECURE_IMPL"),
      flag(
          "GBPA_ABORT", false,
          "reset value of GBPA.ABORT, and of S_GBPA.ABORT: true denies all traffic until software says more"),
      number("IIDR", 0, 0, 0xffffffff, "SMMU_IIDR; drivers may switch on workarounds by it"),
      choice(
          "irq", "edge",
          "edge: eventq_irq and gerror_irq are pulses of a clock, as the architecture has them; level: they "
          "are high until software has read the events, or has acknowledged the error. cmdq_sync_irq is a "
          "pulse",
          {"edge", "level"}),
  };
  p.push_back(smmu::quirks_param(quirk_infos()));
  smmu::append(p, smmu::port_params());
  smmu::append(
      p, {
             smmu::preset_param(presets()),
             personality_param(),
             flag("personality_subset", false,
                  "true: a personality that claims what is not built starts without that, and tells what "
                  "it lacks"),
         });
  smmu::append(p, smmu::size_params(gem5));
  smmu::append(p,
               {
                   number("config_sets", 16, 1, 4096,
                          std::string("STE cache and CD cache, sets each: a power of two") + gem5),
                   number("config_ways", 4, 1, 64, std::string("STE cache and CD cache, ways each") + gem5),
               });
  smmu::append(p, smmu::latency_params(gem5));
  smmu::append(
      p,
      {
          number("event_merge_window", 0, 0, 1'000'000'000,
                 "clocks within which an event is merged with an identical record before it that software "
                 "has not read, where STE.MEV is 1 (IHI 0070 7.3.1); 0: each event has a record (no "
                 "outside source)"),
          number("atc_timeout", 1'000'000, 1, 1'000'000'000,
                 "clocks within which a device has to complete an ATS invalidation (IHI 0070 3.9.1.4; no "
                 "outside source)"),
          flag("tell_tlbi", false,
               "true: TLB maintenance that a processor broadcasts, and that leaves a cached translation of "
               "an ASID which CD.ASET shares with processors, is told once a kind: BTM is 0, or CR2.PTM 1; "
               "takes time of the host for each TLBI"),
          number("command_latency", 10, 0, 1000000, "clocks to execute a command (no outside source)"),
      });
  smmu::append(p, smmu::adversity_params());
  smmu::append(
      p, {
             number("adverse_command_burst", 0, 0, 1024,
                    "the most commands without adverse_command_delay before each that has it"),
             smmu::adverse_delay_param("consumption_delay",
                                       "from a command's execution until CMDQ_CONS says that it is consumed"),
             smmu::adverse_delay_param("event_delay", "before the record of an event is written"),
         });
  smmu::append(p, smmu::tbu_params());
  smmu::append(
      p,
      {
          number("register_window", 0x20000, 0x20000, 0x1000000,
                 "least bytes of the register window; where there is no register it is RAZ/WI"),
          flag("pmcg", false,
               "performance monitors: a counter group of the TCU, and one of each TBU; their registers make "
               "the window longer"),
          number("pmcg_counters", 4, 4, 64, "counters of each group (SMMU_PMCG_CFGR.NCTR + 1)"),
          choice("pmcg_bits", "32", "bits of a counter (SMMU_PMCG_CFGR.SIZE + 1)",
                 {"32", "36", "40", "44", "48", "64"}),
          flag("pmcg_reloc", true,
               "counters, overflow status and capture are in a page of their own, Page 1 "
               "(SMMU_PMCG_CFGR.RELOC_CTRS)"),
          flag("pmcg_msi", false,
               "groups can send message signalled interrupts (SMMU_PMCG_CFGR.MSI); the architecture "
               "recommends them where the SMMU has MSI"),
          flag("pmcg_capture", true, "counters can be captured (SMMU_PMCG_CFGR.CAPTURE)"),
          flag("pmcg_one_filter", false,
               "one StreamID filter for all counters of a group, and not one for each "
               "(SMMU_PMCG_CFGR.SID_FILTER_TYPE)"),
          number("pmcg_offset", 0x20000, 0x1000, 0x1000000,
                 "Page 0 of the TCU's group in the register window; MMU-700: 0x2000"),
          number("pmcg_page1", 0x10000, 0, 0x1000000, "from there to its Page 1; MMU-700: 0x20000"),
          number("pmcg_tbu_offset", 0x40000, 0x1000, 0x1000000,
                 "Page 0 of TBU 0's group in the register window; MMU-700: 0x42000"),
          number("pmcg_tbu_page1", 0x10000, 0, 0x1000000, "from the Page 0 of a TBU's group to its Page 1"),
          number("pmcg_tbu_stride", 0x20000, 0, 0x1000000, "from one TBU's group to the next"),
      });
  for (ParamInfo& info : p) {
    info.doc +=
        smmu::preset_values(presets(), info.name) + personality_values(info.name) + part_values(info.name);
  }
  return p;
}

}  // namespace

const std::vector<ParamInfo>& smmuv3_params() {
  static const std::vector<ParamInfo> params = make_params();
  return params;
}

Settings settings_of(const Params& p) {
  check_personality(p);
  Settings s;
  Features& f = s.features;
  const auto byte = [&p](const char* name) { return static_cast<std::uint8_t>(p.uint(name)); };
  const auto word = [&p](const std::string& name) { return static_cast<std::uint32_t>(p.uint(name)); };
  f.S2P = p.flag("S2P");
  f.S1P = p.flag("S1P");
  f.TTF = byte("TTF");
  f.BTM = p.flag("BTM");
  f.COHACC = p.flag("COHACC");
  f.HTTU = byte("HTTU");
  f.Hyp = p.flag("Hyp");
  f.ASID16 = p.flag("ASID16");
  f.MSI = p.flag("MSI");
  f.SEV = p.flag("SEV");
  f.ATS = p.flag("ATS");
  f.NS1ATS = p.flag("NS1ATS");
  f.ATSRECERR = p.flag("ATSRECERR");
  f.PRI = p.flag("PRI");
  f.ATOS = p.flag("ATOS");
  f.VATOS = p.flag("VATOS");
  f.BA_VATOS = static_cast<std::uint16_t>(p.uint("BA_VATOS"));
  f.BA_S_VATOS = static_cast<std::uint16_t>(p.uint("BA_S_VATOS"));
  f.VMID16 = p.flag("VMID16");
  f.VMW = p.flag("VMW");
  f.CD2L = p.flag("CD2L");
  f.TTENDIAN = p.text("TTENDIAN") == "mixed" ? 0 : p.text("TTENDIAN") == "little" ? 2 : 3;
  f.STALL_MODEL = byte("STALL_MODEL");
  f.TERM_MODEL = p.flag("TERM_MODEL");
  f.ST_LEVEL = byte("ST_LEVEL");
  f.SIDSIZE = byte("SIDSIZE");
  f.SSIDSIZE = byte("SSIDSIZE");
  f.EVENTQS = byte("EVENTQS");
  f.PRIQS = byte("PRIQS");
  f.CMDQS = byte("CMDQS");
  f.ecmdq.ECMDQ = p.flag("ECMDQ");
  f.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP = byte("CMDQ_CONTROL_PAGE_LOG2NUMP");
  f.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ = byte("CMDQ_CONTROL_PAGE_LOG2NUMQ");
  f.ecmdq.offset = word("ecmdq_offset");
  f.s_ecmdq.ECMDQ = p.flag("S_ECMDQ");
  f.s_ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP = byte("S_CMDQ_CONTROL_PAGE_LOG2NUMP");
  f.s_ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ = byte("S_CMDQ_CONTROL_PAGE_LOG2NUMQ");
  f.s_ecmdq.offset = word("s_ecmdq_offset");
  f.ATTR_PERMS_OVR = p.flag("ATTR_PERMS_OVR");
  f.ATTR_TYPES_OVR = p.flag("ATTR_TYPES_OVR");
  f.HAD = p.flag("HAD");
  f.PBHA = p.flag("PBHA");
  f.XNX = p.flag("XNX");
  f.FWB = p.flag("FWB");
  f.MPAM = p.flag("MPAM");
  f.PPS = p.flag("PPS");
  f.STT = p.flag("STT");
  f.RIL = p.flag("RIL");
  f.BBML = byte("BBML");
  f.E0PD = p.flag("E0PD");
  f.PTWNNC = p.flag("PTWNNC");
  f.PASIDTT = p.flag("PASIDTT");
  f.EPAN = p.flag("EPAN");
  f.GRAN4K = p.flag("GRAN4K");
  f.GRAN16K = p.flag("GRAN16K");
  f.GRAN64K = p.flag("GRAN64K");
  f.DS = p.flag("DS");
  f.VAX = byte("VAX");
  f.OAS = static_cast<std::uint8_t>(std::stoul(p.text("OAS")));
  f.STALL_MAX = static_cast<std::uint16_t>(p.uint("STALL_MAX"));
  f.SECURE_IMPL = p.flag("SECURE_IMPL");
  f.SEL2 = p.flag("SEL2");
  f.S_SIDSIZE = byte("S_SIDSIZE");
  f.PARTID_MAX = static_cast<std::uint16_t>(p.uint("PARTID_MAX"));
  f.PMG_MAX = byte("PMG_MAX");
  f.HAS_MPAM_NS = p.flag("HAS_MPAM_NS");
  f.S_PARTID_MAX = static_cast<std::uint16_t>(p.uint("S_PARTID_MAX"));
  f.S_PMG_MAX = byte("S_PMG_MAX");
  f.GBPA_ABORT = p.flag("GBPA_ABORT");
  f.IIDR = word("IIDR");
  f.register_window = word("register_window");
  f.quirks = smmu::read_quirks<Quirk>(p, quirk_infos());
  if (p.flag("pmcg")) {
    PmcgFeatures& m = f.pmcg;
    m.counters = byte("pmcg_counters");
    m.bits = static_cast<std::uint8_t>(std::stoul(p.text("pmcg_bits")));
    m.RELOC_CTRS = p.flag("pmcg_reloc");
    m.MSI = p.flag("pmcg_msi");
    m.CAPTURE = p.flag("pmcg_capture");
    m.SID_FILTER_TYPE = p.flag("pmcg_one_filter");
    m.tcu = word("pmcg_offset");
    m.tcu_page1 = word("pmcg_page1");
    m.tbu = word("pmcg_tbu_offset");
    m.tbu_page1 = word("pmcg_tbu_page1");
    m.tbu_stride = word("pmcg_tbu_stride");
  }
  if (const char* problem = f.problem()) {
    std::string text = problem;  // begins with the name of a parameter
    const std::string parameter = text.substr(0, text.find_first_of(" ,"));
    const std::string& personality = p.text("personality");
    if (find_personality(personality) != nullptr) {
      text += "; personality '" + personality +
              "' gives parameters that are not set, and those that are set stand over it";
    }
    throw ConfigError(parameter, text);
  }

  // IHI 0070 6.3.2: StreamIDs have IDR1.SIDSIZE bits
  smmu::read_shell_settings(p, {f.SIDSIZE, "SIDSIZE"}, s);
  s.level_irq = p.text("irq") == "level";

  Structures& t = s.structures;
  smmu::read_structures(p, s, t);
  t.ste_sets = t.cd_sets = word("config_sets");
  t.ste_ways = t.cd_ways = word("config_ways");
  const auto clocks = [&](const char* name) { return p.uint(name) * s.clock_ps; };
  t.atc_timeout = clocks("atc_timeout");
  t.event_merge_window = clocks("event_merge_window");
  t.command = {clocks("command_latency"), 0, 1};
  t.tell_tlbi = p.flag("tell_tlbi");
  t.clock = s.clock_ps;
  t.adversity.command_burst = word("adverse_command_burst");
  if (t.timing) {
    t.adversity.consumption_delay = clocks("adverse_consumption_delay");
    t.adversity.event_delay = clocks("adverse_event_delay");
  }
  return s;
}

}  // namespace smmuvp::smmuv3
