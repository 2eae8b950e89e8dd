#include "smmuvp/smmu_settings/params.h"

#include <iterator>
#include <utility>

#include "smmuvp/base/error.h"

namespace smmuvp::smmu {

namespace {

constexpr std::uint64_t longest = 1000000;  // latency, in clocks
constexpr std::uint64_t widest = 1024;

std::string tbu_name(unsigned i) { return "tbu" + std::to_string(i); }

std::uint32_t word(const Params& p, const std::string& name) {
  return static_cast<std::uint32_t>(p.uint(name));
}

void refuse_unused(const Params& p, const std::string& name, std::uint32_t tbus) {
  if (!p.given(name)) return;
  throw ConfigError(name, "parameter '" + name + "' is unused: tbus is " + std::to_string(tbus) +
                              ", so the last TBU is tbu" + std::to_string(tbus - 1));
}

}  // namespace

ParamInfo flag_param(std::string name, bool value, std::string doc) {
  return {std::move(name), ParamType::Bool, value ? "true" : "false", std::move(doc)};
}

ParamInfo number_param(std::string name, std::uint64_t value, std::uint64_t min, std::uint64_t max,
                       std::string doc) {
  return {std::move(name), ParamType::Uint, std::to_string(value), std::move(doc), min, max};
}

ParamInfo choice_param(std::string name, std::string value, std::string doc,
                       std::vector<std::string> choices) {
  return {std::move(name), ParamType::Choice, std::move(value), std::move(doc), 0, ~0ULL, std::move(choices)};
}

std::vector<ParamInfo> port_params() {
  return {
      choice_param(
          "reset", "edge",
          "edge: the reset input's becoming active resets; level: the SMMU is held in reset as long as it is",
          {"edge", "level"}),
      flag_param("reset_active_low", false, "the reset input is active when low: nRESET"),
      flag_param(
          "retention", false,
          "true: registers, queue positions and the like outlast a loss of power (input power); false: "
          "they are as after a reset then"),
      flag_param(
          "sync_registers", true,
          "a register access waits first for the time that its initiator is ahead; false: it takes effect at "
          "once"),
      number_param("tbus", 1, 1, max_tbus, "TBUs: pairs of tbuN_in and tbuN_out"),
  };
}

std::vector<ParamInfo> size_params(const std::string& source) {
  return {
      number_param("slots", 16, 1, widest,
                   "transactions at a time at each TBU, until their END_RESP (xlate_slots)" + source),
      number_param("clock_ps", 1000, 1, 1'000'000'000, "clock period in picoseconds"),
      flag_param("timing", true, "false: the SMMU takes no time of its own"),
      number_param("micro_tlb_sets", 128, 1, 65536,
                   "micro TLB of each TBU, sets: a power of two (no outside source)"),
      number_param("micro_tlb_ways", 4, 1, 64, "micro TLB of each TBU, ways (no outside source)"),
      number_param("tlb_sets", 512, 1, 65536, "main TLB, sets: a power of two" + source),
      number_param("tlb_ways", 4, 1, 64, "main TLB, ways" + source),
      number_param("walk_cache_sets", 128, 1, 65536, "walk cache, sets: a power of two" + source),
      number_param("walk_cache_ways", 4, 1, 64, "walk cache, ways" + source),
      number_param("ipa_cache_sets", 32, 1, 65536, "IPA cache, sets: a power of two" + source),
      number_param("ipa_cache_ways", 4, 1, 64, "IPA cache, ways" + source),
  };
}

std::vector<ParamInfo> latency_params(const std::string& source) {
  return {
      number_param("port_latency", 1, 0, longest, "clocks to accept an access at a TBU (utlb_lat)" + source),
      number_param("micro_tlb_latency", 1, 0, longest, "clocks of a micro TLB lookup (utlb_lat)" + source),
      number_param("link_latency", 8, 0, longest,
                   "clocks between a TBU and the TCU, each way (ifc_smmu_lat, smmu_ifc_lat)" + source),
      number_param("tlb_latency", 3, 0, longest, "clocks of a TLB lookup (tlb_lat)" + source),
      number_param("tlb_slots", 3, 1, widest, "TLB lookups at a time (tlb_slots)" + source),
      number_param("config_latency", 3, 0, longest,
                   "clocks of a configuration cache lookup (cfg_lat)" + source),
      number_param("config_slots", 3, 1, widest,
                   "configuration cache lookups at a time (cfg_slots)" + source),
      number_param("walk_cache_latency", 4, 0, longest, "clocks of a walk cache lookup (walk_lat)" + source),
      number_param("walk_cache_slots", 4, 1, widest, "walk cache lookups at a time (walk_slots)" + source),
      number_param("ipa_cache_latency", 3, 0, longest, "clocks of an IPA cache lookup (ipa_lat)" + source),
      number_param("ipa_cache_slots", 3, 1, widest, "IPA cache lookups at a time (ipa_slots)" + source),
      number_param("walker_latency", 0, 0, longest, "clocks to hand a miss to a walker (no outside source)"),
      number_param("walker_slots", 16, 1, widest, "walks at a time (ptw_slots)" + source),
      number_param("walk_port_latency", 1, 0, longest,
                   "clocks to send a request of the SMMU's own; one request a clock (no outside source)"),
      flag_param("merge_walks", true,
                 "an access that misses a page which another is walking for waits for that walk (no outside "
                 "source)"),
  };
}

ParamInfo adverse_delay_param(const std::string& name, const std::string& doc) {
  return number_param("adverse_" + name, 0, 0, longest,
                      "the most clocks " + doc + ", drawn by adverse_seed, with timing; 0: none");
}

std::vector<ParamInfo> adversity_params() {
  return {
      number_param("adverse_seed", 0, 0, ~std::uint64_t{0},
                   "what the drawn numbers of adverse_* come from (docs/adverse.md)"),
      adverse_delay_param("command_delay",
                          "before a command is executed, or until a TLB synchronisation is complete"),
      adverse_delay_param("invalidation_delay",
                          "until what asks for an invalidation takes effect; a synchronisation waits for it"),
      adverse_delay_param("interrupt_delay", "before an interrupt leaves"),
      adverse_delay_param("walk_delay", "of each access to tables, structures and queues"),
      number_param("adverse_speculation", 0, 0, 64,
                   "the most lookups that nobody has asked for after a miss or an invalidation, near to "
                   "accesses of before; they fill caches and nothing else"),
  };
}

std::vector<ParamInfo> tbu_params() {
  std::vector<ParamInfo> p;
  for (unsigned i = 0; i < max_tbus; ++i) {
    p.push_back(number_param(tbu_name(i) + "_stream_id", 0, 0, 0xffffffff,
                             "StreamID of accesses without AccessExtension at TBU " + std::to_string(i)));
  }
  for (unsigned i = 0; i < max_tbus; ++i) {
    p.push_back(flag_param(tbu_name(i) + "_fixed", false,
                           "true: all accesses at TBU " + std::to_string(i) +
                               " are Non-secure, unprivileged data of " + tbu_name(i) +
                               "_stream_id without SubstreamID; others are terminated, and DMI is granted"));
  }
  return p;
}

void append(std::vector<ParamInfo>& to, std::vector<ParamInfo> rows) {
  to.insert(to.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
}

void read_shell_settings(const Params& p, const StreamIdWidth& width, ShellSettings& to) {
  to.tbus = word(p, "tbus");
  for (unsigned i = 0; i < max_tbus; ++i) {
    const std::string name = tbu_name(i) + "_stream_id";
    const std::string fixed = tbu_name(i) + "_fixed";
    to.stream_id[i] = word(p, name);
    to.fixed[i] = p.flag(fixed);
    if (i >= to.tbus) {
      refuse_unused(p, name, to.tbus);
      refuse_unused(p, fixed, to.tbus);
    } else if (std::uint64_t{to.stream_id[i]} >> width.bits != 0) {
      throw ConfigError(name, "parameter '" + name + "': " + std::to_string(to.stream_id[i]) + " is beyond " +
                                  width.parameter + ", which is " + std::to_string(width.bits) +
                                  ": expected 0 to " + std::to_string((std::uint64_t{1} << width.bits) - 1));
    }
  }
  to.slots = word(p, "slots");
  to.clock_ps = p.uint("clock_ps");
  to.sync_registers = p.flag("sync_registers");
  to.level_reset = p.text("reset") == "level";
  to.reset_active_low = p.flag("reset_active_low");
  to.retention = p.flag("retention");
}

namespace {

// Without time nothing comes late.
void read_adversity(const Params& p, const ShellSettings& shell, Adversity& to) {
  to.seed = p.uint("adverse_seed");
  to.speculation = word(p, "adverse_speculation");
  if (!p.flag("timing")) return;
  const auto clocks = [&](const char* name) { return p.uint(name) * shell.clock_ps; };
  to.command_delay = clocks("adverse_command_delay");
  to.invalidation_delay = clocks("adverse_invalidation_delay");
  to.interrupt_delay = clocks("adverse_interrupt_delay");
  to.walk_delay = clocks("adverse_walk_delay");
}

}  // namespace

void read_structures(const Params& p, const ShellSettings& shell, EngineStructures& to) {
  to.timing = p.flag("timing");
  to.merge_walks = p.flag("merge_walks");
  to.ports = shell.tbus;
  to.micro_tlb_geometry.sets = word(p, "micro_tlb_sets");
  to.micro_tlb_geometry.ways = word(p, "micro_tlb_ways");
  to.tlb_sets = word(p, "tlb_sets");
  to.tlb_ways = word(p, "tlb_ways");
  to.walk_cache_sets = word(p, "walk_cache_sets");
  to.walk_cache_ways = word(p, "walk_cache_ways");
  to.ipa_cache_sets = word(p, "ipa_cache_sets");
  to.ipa_cache_ways = word(p, "ipa_cache_ways");
  const auto clocks = [&](const char* name) { return p.uint(name) * shell.clock_ps; };
  to.port = {clocks("port_latency"), shell.clock_ps, 1};
  to.micro_tlb = {clocks("micro_tlb_latency"), shell.clock_ps, 1};
  to.link = {clocks("link_latency"), shell.clock_ps, 1};
  to.tlb = {clocks("tlb_latency"), clocks("tlb_latency"), word(p, "tlb_slots")};
  to.config = {clocks("config_latency"), clocks("config_latency"), word(p, "config_slots")};
  to.walk_cache = {clocks("walk_cache_latency"), clocks("walk_cache_latency"), word(p, "walk_cache_slots")};
  to.ipa_cache = {clocks("ipa_cache_latency"), clocks("ipa_cache_latency"), word(p, "ipa_cache_slots")};
  to.walker = {clocks("walker_latency"), 0, word(p, "walker_slots")};
  to.walk_port = {clocks("walk_port_latency"), shell.clock_ps, 1};
  read_adversity(p, shell, to.adversity);
}

}  // namespace smmuvp::smmu
