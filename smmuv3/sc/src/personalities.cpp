#include "personalities.h"

#include "params.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv3/id_fields.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr const char* none = "none";
constexpr const char* mmu_600 = "arm-mmu-600";

/// What the sources of arm-mmu-600 show beside ID registers. Sizes and the window are of the HPS register map
/// of Agilex 5, whose SMMU_PMCG_CFGR reads 0x00d01f03; places of TBUs' groups are of its device tree in
/// Linux.
struct PartValue {
  const char* parameter;
  const char* text;
};
constexpr PartValue part_of_mmu_600[] = {
    {"preset", "mmu-600"},
    {"register_window", "0x40000"},
    {"pmcg", "true"},
    {"pmcg_counters", "4"},
    {"pmcg_bits", "32"},
    {"pmcg_reloc", "true"},
    {"pmcg_msi", "false"},
    {"pmcg_capture", "true"},
    {"pmcg_one_filter", "true"},
    {"pmcg_offset", "0x2000"},
    {"pmcg_page1", "0x20000"},
    {"pmcg_tbu_offset", "0x42000"},
    {"pmcg_tbu_page1", "0x10000"},
    {"pmcg_tbu_stride", "0x20000"},
};

// A field's value, as the parameter of its name has it.
std::string parameter_text(const IdField& field, std::uint32_t value, ParamType type) {
  const std::string name = field.name;
  if (name == "TTENDIAN") return value == 0 ? "mixed" : value == 2 ? "little" : "big";
  if (name == "OAS") {
    Features features;
    field.set(features, value);
    return std::to_string(features.OAS);
  }
  if (type == ParamType::Bool) return value != 0 ? "true" : "false";
  return std::to_string(value);
}

// What is claimed and not there. Fields that software of this platform has set itself are its own matter.
std::vector<IdDifference> lacking(const Personality& personality, const Params& params,
                                  const IdRegisters& is) {
  std::vector<IdDifference> all;
  for (const IdDifference& d : id_differences(personality.id, is)) {
    if (d.field->set == nullptr || !params.given(d.field->name)) all.push_back(d);
  }
  return all;
}

}  // namespace

ParamInfo personality_param() {
  ParamInfo info{
      "personality", ParamType::Choice, none,
      "whose ID registers these are, for parameters of the names of their fields that are not set"};
  info.choices.emplace_back(none);
  for (const Personality& p : personalities()) {
    info.doc += std::string("; ") + p.name + ": " + p.source;
    info.choices.emplace_back(p.name);
  }
  return info;
}

std::string personality_values(const std::string& parameter) {
  std::string text;
  for (const Personality& p : personalities()) {
    if (!p.with_all) continue;  // follows what is built
    std::string value;
    for (const IdField& field : id_fields()) {
      if (field.set == nullptr || field.name != parameter || (field.secure() && p.id.S_IDR1 == 0)) continue;
      value = parameter_text(field, field.get(p.id), ParamType::Uint);
    }
    if (parameter == "IIDR" && p.has_IIDR) value = number_text(p.id.IIDR, Notation::Hexadecimal);
    if (value.empty()) continue;
    text += (text.empty() ? "; " : ", ") + std::string(p.name) + ": " + value;
  }
  return text;
}

std::string part_values(const std::string& parameter) {
  for (const PartValue& value : part_of_mmu_600) {
    if (value.parameter == parameter) return std::string("; ") + mmu_600 + ": " + value.text;
  }
  return {};
}

Params with_personality(Params params) {
  const Personality* personality = find_personality(params.text("personality"));
  if (personality == nullptr) return params;
  const IdRegisters is = id_registers(features_of(*personality));
  for (const IdField& field : id_fields()) {
    if (field.set == nullptr || params.given(field.name)) continue;
    if (field.secure() && is.S_IDR1 == 0) continue;  // it says nothing of a Secure state
    params.preset_text(field.name, parameter_text(field, field.get(is), params.type(field.name)));
  }
  if (personality->has_IIDR && !params.given("IIDR")) params.preset("IIDR", personality->id.IIDR);
  if (std::string(personality->name) != mmu_600) return params;
  for (const PartValue& value : part_of_mmu_600) {
    if (!params.given(value.parameter)) params.preset_text(value.parameter, value.text);
  }
  return params;
}

void check_personality(const Params& params) {
  const Personality* personality = find_personality(params.text("personality"));
  if (personality == nullptr || !personality->with_all || params.flag("personality_subset")) return;
  const std::vector<IdDifference> missing =
      lacking(*personality, params, id_registers(features_of(*personality)));
  if (missing.empty()) return;
  throw ConfigError("personality", "parameter 'personality': " + std::string(personality->name) +
                                       " claims what is not built: " + to_text(missing) +
                                       "; personality_subset = true starts without that");
}

std::string personality_difference(const Params& params) {
  const Personality* personality = find_personality(params.text("personality"));
  if (personality == nullptr || !personality->with_all) return {};
  const std::vector<IdDifference> missing =
      lacking(*personality, params, id_registers(settings_of(params).features));
  return to_text(missing);
}

}  // namespace smmuvp::smmuv3
