#include "smmuv2_settings.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include "smmuvp/base/config_errors.h"
#include "smmuvp/smmu_settings/quirks.h"
#include "smmuvp/smmuv2/id_fields.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr const char* gem5 = "; default from gem5's SMMUv3 model";

/// A parameter of the name of a feature.
struct FeatureParam {
  ParamInfo info;  ///< its default is that of the feature
  std::string (*text)(const Features& features);
  void (*read)(Features& features, const Params& params, const std::string& name);
};

template <auto Member>
std::string number_text_of(const Features& f) {
  return std::to_string(f.*Member);
}

template <auto Member>
FeatureParam flag(const char* name, const char* doc) {
  return {smmu::flag_param(name, Features{}.*Member, doc),
          [](const Features& f) -> std::string { return f.*Member ? "true" : "false"; },
          [](Features& f, const Params& p, const std::string& n) { f.*Member = p.flag(n); }};
}

template <auto Member>
FeatureParam number(const char* name, std::uint64_t min, std::uint64_t max, const char* doc) {
  return {smmu::number_param(name, Features{}.*Member, min, max, doc), number_text_of<Member>,
          [](Features& f, const Params& p, const std::string& n) {
            f.*Member = static_cast<std::decay_t<decltype(f.*Member)>>(p.uint(n));
          }};
}

template <auto Member>
FeatureParam size(const char* name, const char* doc, const std::vector<std::string>& choices) {
  return {smmu::choice_param(name, number_text_of<Member>(Features{}), doc, choices), number_text_of<Member>,
          [](Features& f, const Params& p, const std::string& n) {
            f.*Member = static_cast<std::uint8_t>(std::stoul(p.text(n)));
          }};
}

// In the order of FixedBit.
const std::vector<std::string>& fixed_bit_words() {
  static const std::vector<std::string> words{"programmable", "programmable_one", "zero", "one"};
  return words;
}

template <auto Member>
std::string fixed_bit_word(const Features& f) {
  return fixed_bit_words()[static_cast<std::size_t>(f.*Member)];
}

template <auto Member>
FeatureParam fixed_bit(const char* name, const char* doc) {
  return {smmu::choice_param(name, fixed_bit_word<Member>(Features{}), doc, fixed_bit_words()),
          fixed_bit_word<Member>, [](Features& f, const Params& p, const std::string& n) {
            const auto& words = fixed_bit_words();
            f.*Member =
                static_cast<FixedBit>(std::find(words.begin(), words.end(), p.text(n)) - words.begin());
          }};
}

std::vector<FeatureParam> make_feature_params() {
  const std::vector<std::string> address_sizes{"32", "36", "40", "42", "44", "48"};
  return {
      flag<&Features::SES>("SES", "two Security states (IDR0.SES)"),
      flag<&Features::S1TS>("S1TS", "stage 1 translation (IDR0.S1TS)"),
      flag<&Features::S2TS>("S2TS", "stage 2 translation (IDR0.S2TS)"),
      flag<&Features::NTS>("NTS", "stage 1 followed by stage 2 (IDR0.NTS)"),
      flag<&Features::SMS>("SMS", "stream matching; false: stream indexing (IDR0.SMS)"),
      flag<&Features::ATOSNS>("ATOSNS", "true: there are no address translation operations (IDR0.ATOSNS)"),
      number<&Features::PTFS>(
          "PTFS", 0, 2,
          "AArch32 table formats; 0: short and long descriptors, 1: long ones, 2: none (IDR0.PTFS)"),
      number<&Features::NUMIRPT>(
          "NUMIRPT", 0, 128, "context interrupts; in SMMUv2, 1 is one for each context bank (IDR0.NUMIRPT)"),
      flag<&Features::CTTW>("CTTW", "tables are walked coherently (IDR0.CTTW)"),
      number<&Features::NUMSIDB>("NUMSIDB", 0, 15, "StreamID bits (IDR0.NUMSIDB)"),
      flag<&Features::EXIDS>("EXIDS", "StreamIDs of 16 bits (IDR0.EXIDS)"),
      number<&Features::NUMSMRG>("NUMSMRG", 1, 128, "stream mapping register groups (IDR0.NUMSMRG)"),
      flag<&Features::PAGESIZE>("PAGESIZE", "true: register pages of 64 KiB; false: 4 KiB (IDR1.PAGESIZE)"),
      number<&Features::NUMPAGENDXB>("NUMPAGENDXB", 0, 7,
                                     "the register map has 4 * 2^NUMPAGENDXB pages (IDR1.NUMPAGENDXB)"),
      number<&Features::HAFDBS>(
          "HAFDBS", 0, 3,
          "hardware updates of tables; 0: none, 1: Access flag, 3: dirty state too (IDR1.HAFDBS)"),
      number<&Features::NUMS2CB>("NUMS2CB", 0, 128, "context banks for stage 2 alone (IDR1.NUMS2CB)"),
      flag<&Features::SMCD>("SMCD", "every stream match conflict is detected (IDR1.SMCD)"),
      number<&Features::SSDTP>(
          "SSDTP", 0, 3,
          "table of Security states by SSD_Index; 0: none, 1: of NUMSSDNDXB bits, 3: of 16 bits "
          "(IDR1.SSDTP)"),
      number<&Features::NUMSSDNDXB>("NUMSSDNDXB", 0, 15, "SSD_Index bits (IDR1.NUMSSDNDXB)"),
      number<&Features::NUMCB>("NUMCB", 0, 128, "context banks (IDR1.NUMCB)"),
      flag<&Features::DIPANS>("DIPANS", "privileged access never by S2CR.PRIVCFG (IDR2.DIPANS)"),
      flag<&Features::HADS>("HADS", "hierarchical attribute disable (IDR2.HADS)"),
      flag<&Features::VMID16S>("VMID16S", "16-bit VMIDs (IDR2.VMID16S)"),
      flag<&Features::PTFSv8_64kB>("PTFSv8_64kB", "AArch64 formats, 64 KiB granule (IDR2.PTFSv8_64kB)"),
      flag<&Features::PTFSv8_16kB>("PTFSv8_16kB", "AArch64 formats, 16 KiB granule (IDR2.PTFSv8_16kB)"),
      flag<&Features::PTFSv8_4kB>("PTFSv8_4kB", "AArch64 formats, 4 KiB granule (IDR2.PTFSv8_4kB)"),
      size<&Features::UBS>("UBS", "bits of addresses that come in (IDR2.UBS)",
                           {"32", "36", "40", "42", "44", "49", "64"}),
      size<&Features::OAS>("OAS", "bits of physical addresses (IDR2.OAS)", address_sizes),
      size<&Features::IAS>("IAS", "bits of intermediate physical addresses (IDR2.IAS)", address_sizes),
      number<&Features::IDR4>("IDR4", 0, 0xffffffff, "SMMU_IDR4 (IMPLEMENTATION DEFINED)"),
      number<&Features::IDR5>("IDR5", 0, 0xffffffff, "SMMU_IDR5 (IMPLEMENTATION DEFINED)"),
      number<&Features::MAJOR>(
          "MAJOR", 0, 15,
          "revision of the implementation (IDR7.MAJOR); drivers may switch on workarounds by it"),
      number<&Features::MINOR>("MINOR", 0, 15, "revision of the implementation (IDR7.MINOR)"),
      number<&Features::PIDR>(
          "PIDR", 0, ~0ULL,
          "Peripheral ID registers, PIDR0 in the lowest byte; 0: there are no ID registers"),
      number<&Features::CIDR>("CIDR", 0, 0xffffffff, "Component ID registers, CIDR0 in the lowest byte"),
      number<&Features::version>("version", 1, 2, "1: SMMUv1, 2: SMMUv2"),
      flag<&Features::aarch64_in_v1>(
          "aarch64_in_v1", "SMMUv1 with AArch64 contexts of the 64 KiB granule, which IDR2 does not tell of"),
      flag<&Features::stalls>("stalls", "the Stall fault model (3.7.3)"),
      flag<&Features::STALLD>("STALLD", "stalls can be disabled (sCR0.STALLD); needs stalls"),
      flag<&Features::GSE>("GSE", "global stalling (sCR0.GSE); needs stalls"),
      number<&Features::CBNDX_bits>("CBNDX_bits", 0, 8, "bits of S2CR.CBNDX and CBAR.CBNDX"),
      flag<&Features::CBFIXED>("CBFIXED", "banks of one stage have a fixed CBAR.TYPE (10.2.1)"),
      flag<&Features::NSNUMCBO_fixed>("NSNUMCBO_fixed",
                                      "SCR1.NSNUMCBO and SCR1.NSNUMIRPTO are read-only (9.6.24)"),
      flag<&Features::CAF>("CAF", "configuration access faults; false: such accesses are RAZ/WI (3.9)"),
      flag<&Features::EF>(
          "EF",
          "sGFSR.EF can be written; SMMUv2 never sets it, since what the memory system aborts "
          "goes back to the client (3.10)"),
      fixed_bit<&Features::SMCFCFG>("SMCFCFG", "sCR0.SMCFCFG (9.6.3)"),
      fixed_bit<&Features::SCR1_NSCAFRO>("SCR1_NSCAFRO", "SCR1.NSCAFRO (9.6.24)"),
      fixed_bit<&Features::SCR1_GEFRO>("SCR1_GEFRO", "SCR1.GEFRO (9.6.24)"),
      flag<&Features::SSDR_non_secure>("SSDR_non_secure", "SSDR resets to Non-secure for all (13.1)"),
      number<&Features::counter_groups>("counter_groups", 0, 128,
                                        "performance monitors: counter groups (6.5)"),
      number<&Features::CGNC>("CGNC", 0, 15,
                              "performance monitors: counters of each group, with counter_groups (6.5)"),
      flag<&Features::mmu500_registers>("mmu500_registers",
                                        "what MMU-500 has in sACR, ACTLR and debug registers"),
      number<&Features::reset_fill>("reset_fill", 0, ~0ULL,
                                    "what registers read that reset leaves UNKNOWN; 0: zeros, else a seed"),
  };
}

const std::vector<FeatureParam>& feature_params() {
  static const std::vector<FeatureParam> params = make_feature_params();
  return params;
}

/// What drivers and ID registers of real parts have a name for, and no value but false is built.
struct NotBuilt {
  const char* name;
  const char* what;   ///< the extension
  const char* field;  ///< where software looks for it
  const char* instead;
};

constexpr NotBuilt not_built[] = {
    {"BTM", "broadcast TLB maintenance", "IDR0.BTM",
     "Software invalidates by SMMU_TLBI* and SMMU_CBn_TLBI* (IHI 0062 5.4)"},
    {"EXSMRGS", "extended stream matching", "IDR0.EXSMRGS",
     "NUMSMRG is up to 128 stream mapping register groups (IHI 0062 2.3, chapter 14)"},
    {"COMPINDEXS", "StreamID compressed indexing", "IDR2.COMPINDEXS",
     "Streams are matched, or indexed with SMS false (IHI 0062 2.3, chapter 15)"},
};

constexpr const char* no_personality = "none";

ParamInfo personality_param() {
  ParamInfo info{
      "personality", ParamType::Choice, no_personality,
      "whose ID registers these are, and what it chooses, for parameters of features that are not set"};
  info.choices.emplace_back(no_personality);
  for (const Personality& p : personalities()) {
    info.doc += std::string("; ") + p.name + ": " + p.source;
    if (*p.unsourced != 0) info.doc += std::string(" (no source for: ") + p.unsourced + ")";
    info.choices.emplace_back(p.name);
  }
  return info;
}

Params with_personality(Params params) {
  const Personality* personality = find_personality(params.text("personality"));
  if (personality == nullptr) return params;
  const Features features = features_of(*personality);
  for (const FeatureParam& feature : feature_params()) {
    if (!params.given(feature.info.name)) params.preset_text(feature.info.name, feature.text(features));
  }
  return params;
}

std::vector<ParamInfo> make_params() {
  std::vector<ParamInfo> p;
  for (const FeatureParam& feature : feature_params()) p.push_back(feature.info);
  for (const NotBuilt& n : not_built) {
    p.push_back(smmu::flag_param(
        n.name, false, std::string(n.what) + " (" + n.field + "): not built, so that true is refused"));
  }
  p.push_back(smmu::quirks_param(quirk_infos()));
  smmu::append(p, smmu::port_params());
  p.push_back(smmu::preset_param(presets()));
  p.push_back(personality_param());
  smmu::append(p, smmu::size_params(gem5));
  smmu::append(p, smmu::latency_params(gem5));
  p.push_back(smmu::number_param("maintenance_latency", 10, 0, 1000000,
                                 "clocks of a TLB maintenance operation (no outside source)"));
  p.push_back(smmu::flag_param("mmu_masters", false,
                               "the device tree lists masters by mmu-masters of the SMMU, the binding before "
                               "iommus (bindings/iommu/arm,smmu of Linux 4.8)"));
  smmu::append(p, smmu::adversity_params());
  smmu::append(p, smmu::tbu_params());
  for (ParamInfo& info : p) info.doc += smmu::preset_values(presets(), info.name);
  return p;
}

Features read_features(const Params& p) {
  Features f;
  for (const FeatureParam& feature : feature_params()) feature.read(f, p, feature.info.name);
  f.quirks = smmu::read_quirks<Quirk>(p, quirk_infos());
  return f;
}

/// "NUMS2CB is at most NUMCB (NUMS2CB = 4 by personality, NUMCB = 0)", of the first parameter that was set.
ConfigError error_of(const FeatureProblem& problem, const Params& p) {
  const bool personality = find_personality(p.text("personality")) != nullptr;
  std::string key;
  std::string values;
  for (const char* name : problem.parameters) {
    const bool given = p.given(name);
    if (key.empty() && given) key = name;
    values += (values.empty() ? "" : ", ") + std::string(name) + " = " + p.value_text(name) +
              (given         ? ""
               : personality ? " by personality"
                             : " by default");
  }
  if (key.empty()) key = personality ? "personality" : problem.parameters.front();
  return {key, std::string(problem.text) + " (" + values + ")"};
}

void add(std::vector<ConfigError>& to, std::vector<ConfigError> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
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

Params with_defaults(Params params) {
  return smmu::with_preset(presets(), with_personality(std::move(params)));
}

Settings settings_of(const Params& p) {
  Settings s;
  s.features = read_features(p);
  std::vector<ConfigError> errors;
  for (const NotBuilt& n : not_built) {
    if (!p.flag(n.name)) continue;
    errors.emplace_back(n.name, std::string(n.name) + " is true, and " + n.what +
                                    " is not built: expected false. " + n.instead);
  }
  for (const FeatureProblem& problem : s.features.problems()) errors.push_back(error_of(problem, p));
  add(errors, config_errors_of([&] {
        smmu::read_shell_settings(
            p, {s.features.stream_id_bits(), s.features.EXIDS ? "the width of StreamIDs" : "NUMSIDB"}, s);
      }));
  throw_config_errors(std::move(errors));
  smmu::read_structures(p, s, s.structures);
  s.structures.clock = s.clock_ps;
  s.structures.maintenance = {p.uint("maintenance_latency") * s.clock_ps, 0, 1};
  return s;
}

std::string personality_difference(const Params& params) {
  const Personality* personality = find_personality(params.text("personality"));
  if (personality == nullptr) return {};
  const Features part = features_of(*personality);
  std::string text = to_text(id_differences(personality->id, id_registers(part)));
  if (!personality->is_part) return text;
  const Features features = read_features(params);
  for (const FeatureParam& feature : feature_params()) {
    const std::string name = feature.info.name;
    const std::string wanted = feature.text(part);
    const bool is_field = std::any_of(id_fields().begin(), id_fields().end(),
                                      [&](const IdField& field) { return name == field.name(); });
    // Of what no register tells, what the part is known for: not of seeds.
    if (!is_field && wanted == feature.text(Features{})) continue;
    const std::string is = feature.text(features);
    if (is == wanted) continue;
    if (!text.empty()) text += ", ";
    text += name;
    text += " " + is;
    text += " instead of " + wanted + " (set so)";
  }
  return text;
}

std::vector<std::string> compatible_of(const Params& params) {
  const Personality* personality = find_personality(params.text("personality"));
  std::string own = personality == nullptr ? "" : personality->compatible;
  const std::string generic = own == "qcom,adreno-smmu"     ? "qcom,smmu-v2"
                              : params.uint("version") == 1 ? "arm,smmu-v1"
                                                            : "arm,smmu-v2";
  if (own.empty() || own == generic) return {generic};
  return {std::move(own), generic};
}

}  // namespace smmuvp::smmuv2
