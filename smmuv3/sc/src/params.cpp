#include "params.h"

#include <string>

#include "personalities.h"
#include "presets.h"
#include "smmuvp/smmuv3/id_fields.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr const char* gem5 = "; default from gem5's SMMUv3 model";

ParamInfo preset_param() {
  ParamInfo info{"preset", ParamType::Choice, presets().front().name,
                 "what gives the sizes and widths that are not set; latencies are the same in all"};
  for (const Preset& preset : presets()) {
    info.doc += std::string("; ") + preset.name + ": " + preset.source;
    info.choices.emplace_back(preset.name);
  }
  return info;
}

std::vector<ParamInfo> make_params() {
  const auto flag = [](const char* name, bool value, const char* doc) {
    return ParamInfo{name, ParamType::Bool, value ? "true" : "false", doc + personality_values(name)};
  };
  const auto number = [](std::string name, std::uint64_t value, std::uint64_t min, std::uint64_t max,
                         const std::string& doc) {
    const std::string meaning = doc + preset_values(name) + personality_values(name);
    return ParamInfo{std::move(name), ParamType::Uint, std::to_string(value), meaning, min, max};
  };
  std::vector<ParamInfo> p = {
      flag("S2P", true, "stage 2 translation (IDR0.S2P)"),
      flag("S1P", true, "stage 1 translation (IDR0.S1P)"),
      number("TTF", 2, 1, 3, "table formats; 1: VMSAv8-32 LPAE, 2: VMSAv8-64, 3: both (IDR0.TTF)"),
      flag("COHACC", true, "structures, queues and tables are accessed coherently (IDR0.COHACC)"),
      number("HTTU", 0, 0, 2,
             "hardware updates of tables; 0: none, 1: Access flag, 2: dirty state too (IDR0.HTTU)"),
      flag("Hyp", false, "stage 1 contexts of EL2 (IDR0.Hyp); needs S1P and S2P"),
      flag("ASID16", true, "16-bit ASIDs (IDR0.ASID16)"),
      flag("MSI", false, "message signalled interrupts (IDR0.MSI)"),
      flag("SEV", true, "wake-up events for WFE (IDR0.SEV)"),
      flag("ATOS", false, "address translation operations, SMMU_GATOS_* (IDR0.ATOS)"),
      flag("VMID16", true, "16-bit VMIDs (IDR0.VMID16); needs S2P"),
      flag("CD2L", false, "two-level tables of Context Descriptors (IDR0.CD2L)"),
      {"TTENDIAN",
       ParamType::Choice,
       "mixed",
       "endianness of translation tables (IDR0.TTENDIAN)" + personality_values("TTENDIAN"),
       0,
       ~0ULL,
       {"mixed", "little", "big"}},
      number("STALL_MODEL", 1, 0, 2,
             "0: faults stall or terminate, 1: they terminate, 2: they stall (IDR0.STALL_MODEL)"),
      flag("TERM_MODEL", false, "terminated transactions always abort; CD.A must be 1 (IDR0.TERM_MODEL)"),
      number(
          "ST_LEVEL", 1, 0, 1,
          "1: two-level Stream tables besides linear ones (IDR0.ST_LEVEL); needed with SIDSIZE of 7 or more"),
      number("SIDSIZE", 16, 0, 32, "StreamID bits (IDR1.SIDSIZE)"),
      number("SSIDSIZE", 0, 0, 20, "SubstreamID bits (IDR1.SSIDSIZE); 0: no substreams"),
      number("EVENTQS", 16, 0, 19, "log2 of the most Event queue entries (IDR1.EVENTQS)"),
      number("CMDQS", 16, 0, 19, "log2 of the most Command queue entries (IDR1.CMDQS)"),
      flag("ATTR_PERMS_OVR", true, "privilege and instruction/data can be overridden (IDR1.ATTR_PERMS_OVR)"),
      flag("ATTR_TYPES_OVR", true,
           "memory type, shareability and hints can be overridden (IDR1.ATTR_TYPES_OVR)"),
      flag("HAD", true,
           "hierarchical attribute disable (IDR3.HAD); with stage 1 and without it the SMMU is version 3.0"),
      flag("XNX", true,
           "stage 2 forbids execution by privilege (IDR3.XNX); with stage 2 and without it the SMMU is "
           "version 3.0"),
      flag("FWB", false, "stage 2 controls memory types (IDR3.FWB)"),
      flag("STT", false, "small translation tables (IDR3.STT)"),
      flag("RIL", false, "range invalidation and level hints (IDR3.RIL)"),
      number("BBML", 0, 0, 2, "break-before-make level (IDR3.BBML)"),
      flag("E0PD", false, "unprivileged accesses to a range can be refused (IDR3.E0PD)"),
      flag("PTWNNC", false, "stage 1 table walks mapped as Device are Normal Non-cacheable (IDR3.PTWNNC)"),
      flag("EPAN", false, "enhanced PAN (IDR3.EPAN)"),
      flag("GRAN4K", true, "4 KiB granule (IDR5.GRAN4K)"),
      flag("GRAN16K", false, "16 KiB granule (IDR5.GRAN16K)"),
      flag("GRAN64K", false, "64 KiB granule (IDR5.GRAN64K)"),
      flag("DS", false, "52-bit addresses with 4 and 16 KiB granules (IDR5.DS)"),
      number("VAX", 0, 0, 1, "1: virtual addresses of up to 52 bits (IDR5.VAX)"),
      {"OAS",
       ParamType::Choice,
       "44",
       "output address size in bits (IDR5.OAS)" + personality_values("OAS"),
       0,
       ~0ULL,
       {"32", "36", "40", "42", "44", "48", "52"}},
      number("STALL_MAX", 0, 0, 65535, "the most stall records that wait for an answer (IDR5.STALL_MAX)"),
      flag("GBPA_ABORT", false,
           "reset value of GBPA.ABORT: true denies all traffic until software says more"),
      number("IIDR", 0, 0, 0xffffffff, "SMMU_IIDR; drivers may switch on workarounds by it"),
      {"irq",
       ParamType::Choice,
       "edge",
       "edge: eventq_irq and gerror_irq are pulses of a clock, as the architecture has them; level: they are "
       "high until software has read the events, or has acknowledged the error. cmdq_sync_irq is a pulse",
       0,
       ~0ULL,
       {"edge", "level"}},
      {"reset",
       ParamType::Choice,
       "edge",
       "edge: the reset input's becoming active resets; level: the SMMU is held in reset as long as it is",
       0,
       ~0ULL,
       {"edge", "level"}},
      flag("reset_active_low", false, "the reset input is active when low: nRESET"),
      flag(
          "sync_registers", true,
          "a register access waits first for the time that its initiator is ahead; false: it takes effect at "
          "once"),
      number("tbus", 1, 1, max_tbus, "TBUs: pairs of tbuN_in and tbuN_out"),
      preset_param(),
      personality_param(),
      flag("personality_subset", false,
           "true: a personality that claims what is not built starts without that, and tells what it lacks"),
      number("slots", 16, 1, 1024,
             std::string("transactions at a time at each TBU, until their END_RESP (xlate_slots)") + gem5),
      number("clock_ps", 1000, 1, 1'000'000'000, "clock period in picoseconds"),
      flag("timing", true, "false: the SMMU takes no time of its own"),
      number("micro_tlb_sets", 128, 1, 65536,
             "micro TLB of each TBU, sets: a power of two (no outside source)"),
      number("micro_tlb_ways", 4, 1, 64, "micro TLB of each TBU, ways (no outside source)"),
      number("tlb_sets", 512, 1, 65536, std::string("main TLB, sets: a power of two") + gem5),
      number("tlb_ways", 4, 1, 64, std::string("main TLB, ways") + gem5),
      number("walk_cache_sets", 128, 1, 65536, std::string("walk cache, sets: a power of two") + gem5),
      number("walk_cache_ways", 4, 1, 64, std::string("walk cache, ways") + gem5),
      number("ipa_cache_sets", 32, 1, 65536, std::string("IPA cache, sets: a power of two") + gem5),
      number("ipa_cache_ways", 4, 1, 64, std::string("IPA cache, ways") + gem5),
      number("config_sets", 16, 1, 4096,
             std::string("STE cache and CD cache, sets each: a power of two") + gem5),
      number("config_ways", 4, 1, 64, std::string("STE cache and CD cache, ways each") + gem5),
      number("port_latency", 1, 0, 1000000,
             std::string("clocks to accept an access at a TBU (utlb_lat)") + gem5),
      number("micro_tlb_latency", 1, 0, 1000000,
             std::string("clocks of a micro TLB lookup (utlb_lat)") + gem5),
      number("link_latency", 8, 0, 1000000,
             std::string("clocks between a TBU and the TCU, each way (ifc_smmu_lat, smmu_ifc_lat)") + gem5),
      number("tlb_latency", 3, 0, 1000000, std::string("clocks of a TLB lookup (tlb_lat)") + gem5),
      number("tlb_slots", 3, 1, 1024, std::string("TLB lookups at a time (tlb_slots)") + gem5),
      number("config_latency", 3, 0, 1000000,
             std::string("clocks of a configuration cache lookup (cfg_lat)") + gem5),
      number("config_slots", 3, 1, 1024,
             std::string("configuration cache lookups at a time (cfg_slots)") + gem5),
      number("walk_cache_latency", 4, 0, 1000000,
             std::string("clocks of a walk cache lookup (walk_lat)") + gem5),
      number("walk_cache_slots", 4, 1, 1024, std::string("walk cache lookups at a time (walk_slots)") + gem5),
      number("ipa_cache_latency", 3, 0, 1000000,
             std::string("clocks of an IPA cache lookup (ipa_lat)") + gem5),
      number("ipa_cache_slots", 3, 1, 1024, std::string("IPA cache lookups at a time (ipa_slots)") + gem5),
      number("walker_latency", 0, 0, 1000000, "clocks to hand a miss to a walker (no outside source)"),
      number("walker_slots", 16, 1, 1024, std::string("walks at a time (ptw_slots)") + gem5),
      number("walk_port_latency", 1, 0, 1000000,
             "clocks to send a request of the SMMU's own; one request a clock (no outside source)"),
      flag("merge_walks", true,
           "an access that misses a page which another is walking for waits for that walk (no outside "
           "source)"),
      number(
          "event_merge_window", 0, 0, 1'000'000'000,
          "clocks within which an event is merged with an identical record before it that software has not "
          "read, where STE.MEV is 1 (IHI 0070 7.3.1); 0: each event has a record (no outside source)"),
      number("command_latency", 10, 0, 1000000, "clocks to execute a command (no outside source)"),
  };
  for (unsigned i = 0; i < max_tbus; ++i) {
    p.push_back(number("tbu" + std::to_string(i) + "_stream_id", 0, 0, 0xffffffff,
                       "StreamID of accesses without AccessExtension at TBU " + std::to_string(i)));
  }
  for (unsigned i = 0; i < max_tbus; ++i) {
    const std::string tbu = "tbu" + std::to_string(i);
    p.push_back({tbu + "_fixed", ParamType::Bool, "false",
                 "true: all accesses at TBU " + std::to_string(i) + " are Non-secure, unprivileged data of " +
                     tbu + "_stream_id without SubstreamID; others are terminated, and DMI is granted"});
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
  f.COHACC = p.flag("COHACC");
  f.HTTU = byte("HTTU");
  f.Hyp = p.flag("Hyp");
  f.ASID16 = p.flag("ASID16");
  f.MSI = p.flag("MSI");
  f.SEV = p.flag("SEV");
  f.ATOS = p.flag("ATOS");
  f.VMID16 = p.flag("VMID16");
  f.CD2L = p.flag("CD2L");
  f.TTENDIAN = p.text("TTENDIAN") == "mixed" ? 0 : p.text("TTENDIAN") == "little" ? 2 : 3;
  f.STALL_MODEL = byte("STALL_MODEL");
  f.TERM_MODEL = p.flag("TERM_MODEL");
  f.ST_LEVEL = byte("ST_LEVEL");
  f.SIDSIZE = byte("SIDSIZE");
  f.SSIDSIZE = byte("SSIDSIZE");
  f.EVENTQS = byte("EVENTQS");
  f.CMDQS = byte("CMDQS");
  f.ATTR_PERMS_OVR = p.flag("ATTR_PERMS_OVR");
  f.ATTR_TYPES_OVR = p.flag("ATTR_TYPES_OVR");
  f.HAD = p.flag("HAD");
  f.XNX = p.flag("XNX");
  f.FWB = p.flag("FWB");
  f.STT = p.flag("STT");
  f.RIL = p.flag("RIL");
  f.BBML = byte("BBML");
  f.E0PD = p.flag("E0PD");
  f.PTWNNC = p.flag("PTWNNC");
  f.EPAN = p.flag("EPAN");
  f.GRAN4K = p.flag("GRAN4K");
  f.GRAN16K = p.flag("GRAN16K");
  f.GRAN64K = p.flag("GRAN64K");
  f.DS = p.flag("DS");
  f.VAX = byte("VAX");
  f.OAS = static_cast<std::uint8_t>(std::stoul(p.text("OAS")));
  f.STALL_MAX = static_cast<std::uint16_t>(p.uint("STALL_MAX"));
  f.GBPA_ABORT = p.flag("GBPA_ABORT");
  f.IIDR = word("IIDR");
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

  s.tbus = word("tbus");
  for (unsigned i = 0; i < max_tbus; ++i) {
    const std::string name = "tbu" + std::to_string(i) + "_stream_id";
    const std::string fixed = "tbu" + std::to_string(i) + "_fixed";
    s.stream_id[i] = word(name);
    s.fixed[i] = p.flag(fixed);
    for (const std::string& of_tbu : {name, fixed}) {
      if (i < s.tbus || !p.given(of_tbu)) continue;
      throw ConfigError(of_tbu, "parameter '" + of_tbu + "' is unused: tbus is " + std::to_string(s.tbus) +
                                    ", so the last TBU is tbu" + std::to_string(s.tbus - 1));
    }
    // IHI 0070 6.3.2: StreamIDs have IDR1.SIDSIZE bits
    if (i < s.tbus && std::uint64_t{s.stream_id[i]} >> f.SIDSIZE != 0) {
      throw ConfigError(name, "parameter '" + name + "': " + std::to_string(s.stream_id[i]) +
                                  " is beyond SIDSIZE, which is " + std::to_string(f.SIDSIZE) +
                                  ": expected 0 to " + std::to_string((std::uint64_t{1} << f.SIDSIZE) - 1));
    }
  }
  s.slots = word("slots");
  s.clock_ps = p.uint("clock_ps");
  s.sync_registers = p.flag("sync_registers");
  s.level_irq = p.text("irq") == "level";
  s.level_reset = p.text("reset") == "level";
  s.reset_active_low = p.flag("reset_active_low");

  Structures& t = s.structures;
  t.timing = p.flag("timing");
  t.merge_walks = p.flag("merge_walks");
  t.ports = s.tbus;
  t.micro_tlb_geometry.sets = word("micro_tlb_sets");
  t.micro_tlb_geometry.ways = word("micro_tlb_ways");
  t.tlb_sets = word("tlb_sets");
  t.tlb_ways = word("tlb_ways");
  t.walk_cache_sets = word("walk_cache_sets");
  t.walk_cache_ways = word("walk_cache_ways");
  t.ipa_cache_sets = word("ipa_cache_sets");
  t.ipa_cache_ways = word("ipa_cache_ways");
  t.ste_sets = t.cd_sets = word("config_sets");
  t.ste_ways = t.cd_ways = word("config_ways");
  const auto clocks = [&](const char* name) { return p.uint(name) * s.clock_ps; };
  t.port = {clocks("port_latency"), s.clock_ps, 1};
  t.micro_tlb = {clocks("micro_tlb_latency"), s.clock_ps, 1};
  t.link = {clocks("link_latency"), s.clock_ps, 1};
  t.tlb = {clocks("tlb_latency"), clocks("tlb_latency"), word("tlb_slots")};
  t.config = {clocks("config_latency"), clocks("config_latency"), word("config_slots")};
  t.walk_cache = {clocks("walk_cache_latency"), clocks("walk_cache_latency"), word("walk_cache_slots")};
  t.ipa_cache = {clocks("ipa_cache_latency"), clocks("ipa_cache_latency"), word("ipa_cache_slots")};
  t.walker = {clocks("walker_latency"), 0, word("walker_slots")};
  t.walk_port = {clocks("walk_port_latency"), s.clock_ps, 1};
  t.event_merge_window = clocks("event_merge_window");
  t.command = {clocks("command_latency"), 0, 1};
  return s;
}

}  // namespace smmuvp::smmuv3
