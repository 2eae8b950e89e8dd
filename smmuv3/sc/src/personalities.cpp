#include "personalities.h"

#include "params.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv3/id_fields.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr const char* none = "none";

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
  // The same document gives its sizes.
  if (std::string(personality->name) == "arm-mmu-600" && !params.given("preset")) {
    params.preset_text("preset", "mmu-600");
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
