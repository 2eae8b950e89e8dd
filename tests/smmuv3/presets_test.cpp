// What the parameter `preset` gives, and what it leaves alone.
#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "world.h"

namespace smmuvp {
namespace {

constexpr unsigned stream_id = 7;
constexpr unsigned pages = 128;

struct Soc : sc_core::sc_module {
  Soc(const sc_core::sc_module_name& name, const Params& params, Host& host, smmuv3::TestMemory& m)
      : sc_module(name), smmu("smmu0", params, host), memory(m) {
    cpu.socket.bind(smmu.registers);
    master.socket.bind(smmu.tbu_in[0]);
    smmu.tbu_out[0].bind(data);
    smmu.walk.bind(walks);
    for (auto* socket : {&data, &walks}) socket->register_b_transport(this, &Soc::transfer);
  }
  void transfer(tlm::tlm_generic_payload& p, sc_core::sc_time& /*delay*/) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      std::uint8_t& byte = memory.at(p.get_address() + i);
      (p.is_read() ? p.get_data_ptr()[i] : byte) = p.is_read() ? byte : p.get_data_ptr()[i];
    }
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void read_each_page() {
    for (unsigned i = 0; i < pages; ++i) master.get(std::uint64_t{i} << 12U);
  }
  std::uint64_t value(const std::string& parameter) const { return smmu.parameters().uint(parameter); }

  SmmuV3<> smmu;
  smmuv3::TestMemory& memory;
  test::Master cpu{"cpu"}, master{"master"};
  tlm_utils::simple_target_socket<Soc, 64> data{"data"}, walks{"walks"};
};

using Settings = std::vector<std::pair<std::string, std::string>>;

/// One SMMU for each list of settings, made in their order.
struct Bench {
  Bench() {
    pgtable::Builder& b = world.stream(stream_id);
    for (unsigned i = 0; i < pages; ++i) b.map(i << 12U, 0x8000'0000 + (i << 12U), 0x1000);
    try {
      const SmmuV3<> against("against", personality({{"personality", "minimal"}, {"Hyp", "true"}}), host);
    } catch (const ConfigError& e) {
      clash = e.what();
    }
    test::advance();
  }
  static Params params(const Settings& settings) {
    Params p = SmmuV3<>::default_params();
    p.set("tbu0_stream_id", stream_id);
    for (const auto& [name, value] : settings) p.set(name, value);
    return p;
  }
  test::CapturingHost host;
  smmuv3::World world;  // its memory and tables
  Soc plain{"plain", params({}), host, world.memory};
  Soc gem5{"gem5", params({{"preset", "gem5"}}), host, world.memory};
  Soc mmu_600{"mmu_600", params({{"preset", "mmu-600"}}), host, world.memory};
  Soc mmu_700{"mmu_700", params({{"preset", "mmu-700"}}), host, world.memory};
  Soc before{"before", params({{"tlb_sets", "8"}, {"tlb_ways", "4"}, {"preset", "mmu-700"}}), host,
             world.memory};
  static Params personality(const Settings& settings) {
    Params p = SmmuV3<>::default_params();
    for (const auto& [name, value] : settings) p.set(name, value);
    return p;
  }
  Soc part{"part", personality({{"personality", "arm-mmu-600"}, {"tbu0_stream_id", "7"}}), host,
           world.memory};
  Soc without_groups{"without_groups", personality({{"personality", "arm-mmu-600"}, {"pmcg", "false"}}), host,
                     world.memory};
  Soc minimal{"minimal", personality({{"personality", "minimal"}, {"SIDSIZE", "5"}, {"OAS", "40"}}), host,
              world.memory};
  std::string clash;  // of a parameter that the rest of a personality cannot be with
  Soc after{"after", params({{"preset", "mmu-700"}, {"tlb_sets", "8"}, {"tlb_ways", "4"}}), host,
            world.memory};
};

Bench& bench() {
  static Bench b;
  return b;
}

using Values = std::map<std::string, std::uint64_t>;

/// The sizes and widths of the parameters' own defaults.
const Values& defaults() {
  static const Values values = {{"slots", 16},
                                {"micro_tlb_sets", 128},
                                {"micro_tlb_ways", 4},
                                {"tlb_sets", 512},
                                {"tlb_ways", 4},
                                {"walk_cache_sets", 128},
                                {"walk_cache_ways", 4},
                                {"ipa_cache_sets", 32},
                                {"ipa_cache_ways", 4},
                                {"config_sets", 16},
                                {"config_ways", 4},
                                {"tlb_slots", 3},
                                {"config_slots", 3},
                                {"walk_cache_slots", 4},
                                {"ipa_cache_slots", 3},
                                {"walker_slots", 16},
                                {"port_latency", 1},
                                {"micro_tlb_latency", 1},
                                {"link_latency", 8},
                                {"tlb_latency", 3},
                                {"config_latency", 3},
                                {"ipa_cache_latency", 3},
                                {"walk_cache_latency", 4},
                                {"walker_latency", 0},
                                {"walk_port_latency", 1},
                                {"command_latency", 10},
                                {"clock_ps", 1000}};
  return values;
}

/// Expects the defaults, and `changed` where they differ.
void expect_values(const Soc& soc, Values changed) {
  changed.insert(defaults().begin(), defaults().end());
  for (const auto& [name, value] : changed) EXPECT_EQ(soc.value(name), value) << soc.name() << ", " << name;
}

TEST(Presets, TheDefaultIsThatOfGem5AndOfTheParametersOwnDefaults) {
  EXPECT_EQ(SmmuV3<>::default_params().text("preset"), "gem5");
  expect_values(bench().plain, {});
  expect_values(bench().gem5, {});
}

TEST(Presets, ThatOfMmu600HasTheCachesOfItsTableAndElseTheDefaults) {
  expect_values(bench().mmu_600, {{"tlb_sets", 64},
                                  {"walk_cache_sets", 64},
                                  {"walk_cache_ways", 24},
                                  {"ipa_cache_sets", 64},
                                  {"config_sets", 64}});
}

TEST(Presets, ThatOfMmu700HasTheSizesAndWidthsOfItsTablesAndElseTheDefaults) {
  expect_values(bench().mmu_700, {{"slots", 64},
                                  {"micro_tlb_sets", 16},
                                  {"tlb_sets", 64},
                                  {"tlb_ways", 8},
                                  {"walk_cache_sets", 32},
                                  {"walk_cache_ways", 8},
                                  {"ipa_cache_sets", 32},
                                  {"ipa_cache_ways", 8},
                                  {"config_sets", 128},
                                  {"walker_slots", 64}});
}

TEST(Presets, AValueThatIsSetWinsBeforeAndAfterIt) {
  for (const Soc* soc : {&bench().before, &bench().after}) {
    EXPECT_EQ(soc->value("tlb_sets"), 8U) << soc->name();
    EXPECT_EQ(soc->value("tlb_ways"), 4U) << soc->name() << ": a default that is set is one";
    EXPECT_EQ(soc->value("walk_cache_ways"), 8U) << soc->name();
  }
}

TEST(Presets, AnUnknownOneIsRefusedWithThoseThatThereAre) {
  Params p = SmmuV3<>::default_params("soc.smmu0");
  try {
    p.set("preset", "mmu-401");
    FAIL() << "accepted";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "soc.smmu0 (smmuv3): parameter 'preset': 'mmu-401' is none of gem5, mmu-600, mmu-700");
  }
}

TEST(Personalities, ThatCannotBeWithAParameterThatIsSetAreNamed) {
  EXPECT_NE(bench().clash.find("Hyp needs both stages"), std::string::npos) << bench().clash;
  EXPECT_NE(bench().clash.find("personality 'minimal' gives"), std::string::npos) << bench().clash;
}

TEST(Presets, AStateOfAnotherOneIsRefusedByTheName) {
  std::stringstream stream;
  ASSERT_FALSE(bench().plain.smmu.save(stream));
  const auto error = bench().mmu_700.smmu.load(stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(to_text(*error), "mmu_700.smmu0 (smmuv3), parameter 'preset': saved with gem5, expected mmu-700");
}

TEST(Presets, AStateOfTheSameOneWithAnotherSizeIsRefusedByTheSize) {
  std::stringstream stream;
  ASSERT_FALSE(bench().mmu_700.smmu.save(stream));
  const auto error = bench().before.smmu.load(stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(to_text(*error), "before.smmu0 (smmuv3), parameter 'tlb_sets': saved with 64, expected 8");
}

TEST(Presets, AStateOfTheSameOneIsLoaded) {
  std::stringstream stream;
  ASSERT_FALSE(bench().before.smmu.save(stream));
  const auto error = bench().after.smmu.load(stream);
  EXPECT_FALSE(error) << to_text(*error);
}

// 128 pages fit a micro TLB of 512 entries, and not one of 64.
TEST(Presets, ItsSizesAreThoseThatAccessesMeet) {
  const auto hits_of_the_second_round = [](Soc& soc) {
    soc.cpu.put(0x80, smmuv3::World::strtab, 8);
    soc.cpu.put(0x88, 8);
    soc.cpu.put(0x20, 1);
    soc.read_each_page();
    soc.smmu.reset_statistics();
    soc.read_each_page();
    return test::Statistics(soc.smmu)["micro_tlb_hits"];
  };
  EXPECT_EQ(hits_of_the_second_round(bench().plain), pages);
  EXPECT_LE(hits_of_the_second_round(bench().mmu_700), 64U);
}

TEST(Personalities, TheTableOfParametersTellsSourcesAndValues) {
  std::map<std::string, std::string> docs;
  for (const ParamInfo& info : SmmuV3<>::params()) docs[info.name] = info.doc;
  EXPECT_NE(docs["personality"].find("arm-mmu-600: reset values of the SMMU of Intel's Agilex 5"),
            std::string::npos);
  EXPECT_NE(docs["OAS"].find("arm-mmu-600: 48, intel-npu: 32, minimal: 32"), std::string::npos)
      << docs["OAS"];
  EXPECT_NE(docs["MSI"].find("arm-mmu-600: 1, intel-npu: 1, minimal: 0"), std::string::npos) << docs["MSI"];
  EXPECT_NE(docs["IIDR"].find("arm-mmu-600: 0x4832243b, minimal: 0x0"), std::string::npos) << docs["IIDR"];
  EXPECT_NE(docs["pmcg_offset"].find("arm-mmu-600: 0x2000"), std::string::npos) << docs["pmcg_offset"];
  EXPECT_EQ(SmmuV3<>::default_params().text("personality"), "none");
}

// Intel, Agilex 5, smmu_tcu Address Map. It starts without personality_subset, and tells of no difference.
TEST(Personalities, AnMmu600ReadsAsTheRegisterMapOfAgilex5) {
  const std::map<unsigned, std::uint32_t> published = {
      {0x0, 0x080f7e3f},  {0x4, 0x0e739d18},  {0x8, 0},           {0xc, 0x0000003c},
      {0x14, 0x00400075}, {0x18, 0x4832243b}, {0x1c, 0x00000001}, {0x2c, 4}};
  for (const auto& [offset, word] : published) EXPECT_EQ(bench().part.cpu.get(offset), word) << offset;
  EXPECT_EQ(bench().part.value("tlb_sets"), 64U) << "with the sizes of the same document";
  for (const Diagnostic& d : bench().host.diagnostics) EXPECT_NE(d.site, "personality") << d.text;
}

// The same map: SMMU_PMCG_CFGR is at 0x2e00, and SMMU_PMCG_EVCNTR3 at 0x2200c. Linux has the groups of its
// six TBUs at 0x42000 and every 0x20000 behind it, with Page 1 0x10000 further on (socfpga_agilex5.dtsi).
TEST(Personalities, AnMmu600HasItsCounterGroupsWhereAgilex5HasThem) {
  test::Master& cpu = bench().part.cpu;
  constexpr std::uint32_t page0[] = {0x2000, 0x42000};
  constexpr std::uint32_t page1[] = {0x22000, 0x52000};
  for (unsigned group = 0; group < 2; ++group) {
    EXPECT_EQ(cpu.get(page0[group] + 0xe00), 0x00d0'1f03U) << "SMMU_PMCG_CFGR of group " << group;
    EXPECT_EQ(cpu.get(page0[group] + 0xe08), 0x4832'243bU) << "SMMU_PMCG_IIDR of group " << group;
    cpu.put(page1[group] + 0xc, 0x1234 + group);
    EXPECT_EQ(cpu.get(page1[group] + 0xc), 0x1234U + group) << "SMMU_PMCG_EVCNTR3 of group " << group;
    EXPECT_EQ(cpu.get(page0[group] + 0xc), 0U) << "with SMMU_PMCG_CFGR.RELOC_CTRS 1";
  }
  EXPECT_EQ(bench().part.smmu.ports().front().size, 0x53000U);
}

// 256 KiB: 0x16000000 to 0x1603ffff there. What no register has is RAZ/WI (IHI 0070 6.2).
TEST(Personalities, AnMmu600WithoutCounterGroupsHasTheWindowOfItsTcu) {
  Soc& soc = bench().without_groups;
  EXPECT_EQ(soc.smmu.ports().front().size, 0x40000U);
  soc.cpu.put(0x3fffc, 1);
  for (const unsigned offset : {0x2e00U, 0x2200cU, 0x3fffcU}) EXPECT_EQ(soc.cpu.get(offset), 0U) << offset;
  EXPECT_EQ(bench().plain.smmu.ports().front().size, 0x20000U) << "the window of others";
}

// Bits [62:59] of the page's descriptor, with CD.HAD0, HWU059 and HWU062 1 (5.4). The hit clears what an
// access before left in the extension.
TEST(Personalities, AnMmu600SendsPageBasedHardwareAttributesDownstream) {
  Soc& soc = bench().part;
  smmuv3::World& w = bench().world;
  const auto cd = smmuv3::World::cd_address(stream_id);
  w.memory.write(cd + 8, w.memory.read(cd + 8, 8) | 1ULL << 1 | 9ULL << 60);
  const auto at = w.builders.front().descriptor_address(0, 3);
  ASSERT_TRUE(at.has_value());
  w.memory.write(*at, w.memory.read(*at, 8) | 11ULL << 59);
  soc.cpu.put(0x80, smmuv3::World::strtab, 8);
  soc.cpu.put(0x88, 8);
  soc.cpu.put(0x20, 1);
  AccessExtension extension;
  for (unsigned round = 0; round < 2; ++round) {
    for (const std::uint64_t address : {0x0U, 0x1000U}) {
      std::uint64_t data = 0;
      tlm::tlm_generic_payload payload;
      payload.set_read();
      payload.set_address(address);
      payload.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
      payload.set_data_length(8);
      payload.set_streaming_width(8);
      payload.set_extension(&extension);
      sc_core::sc_time delay;
      soc.master.socket->b_transport(payload, delay);
      payload.clear_extension(&extension);
      EXPECT_TRUE(payload.is_response_ok());
      EXPECT_EQ(extension.pbha, address == 0 ? 9U : 0U) << (round == 0 ? "walked" : "hit");
    }
  }
}

TEST(Personalities, AParameterThatIsSetWins) {
  EXPECT_EQ(bench().minimal.cpu.get(4), 5U) << "SIDSIZE";
  EXPECT_EQ(bench().minimal.cpu.get(0x14), 0x12U) << "OAS of 40 bits, GRAN4K";
  EXPECT_EQ(bench().minimal.cpu.get(0), 1U << 26 | 1U << 24 | 2U << 21 | 2U << 2 | 1U << 1);
  EXPECT_EQ(bench().minimal.cpu.get(0x1c), 0U) << "SMMUv3.0";
}

TEST(Presets, TheTableOfParametersTellsSourcesAndValues) {
  std::map<std::string, std::string> docs;
  for (const ParamInfo& info : SmmuV3<>::params()) docs[info.name] = info.doc;
  for (const char* part : {"gem5: gem5's SMMUv3 model", "mmu-600: caches of the TCU as in Intel's Agilex 5",
                           "mmu-700: the configuration of the reset values in Arm's MMU-700 TRM"}) {
    EXPECT_NE(docs["preset"].find(part), std::string::npos) << part;
  }
  EXPECT_EQ(docs["tlb_ways"], "main TLB, ways; default from gem5's SMMUv3 model; mmu-600: 4, mmu-700: 8");
  EXPECT_EQ(docs["clock_ps"], "clock period in picoseconds");
}

}  // namespace
}  // namespace smmuvp
