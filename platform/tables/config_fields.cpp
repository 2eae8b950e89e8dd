#include "config_fields.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <type_traits>

#include "command_line.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/params.h"

namespace smmuvp::tables {

using namespace pgtable;

namespace {

template <class T>
struct Name {
  const char* text;
  T value;
};
template <class T>
struct Names;
template <>
struct Names<Format> {
  static constexpr Name<Format> list[] = {{"vmsa64", Format::vmsa64},
                                          {"lpae32", Format::lpae32},
                                          {"v7s", Format::v7s},
                                          {"mali_lpae", Format::mali_lpae}};
};
template <>
struct Names<Granule> {
  static constexpr Name<Granule> list[] = {
      {"4k", Granule::size_4k}, {"16k", Granule::size_16k}, {"64k", Granule::size_64k}};
};
template <>
struct Names<Stages> {
  static constexpr Name<Stages> list[] = {
      {"stage1", Stages::stage1}, {"stage2", Stages::stage2}, {"nested", Stages::nested}};
};
template <>
struct Names<Regime> {
  static constexpr Name<Regime> list[] = {
      {"el1_0", Regime::el1_0}, {"el2_0", Regime::el2_0}, {"el2", Regime::el2}, {"el3", Regime::el3}};
};
template <>
struct Names<AddressSpace> {
  static constexpr Name<AddressSpace> list[] = {{"non_secure", AddressSpace::non_secure},
                                                {"secure", AddressSpace::secure},
                                                {"realm", AddressSpace::realm},
                                                {"root", AddressSpace::root}};
};
template <>
struct Names<Shareability> {
  static constexpr Name<Shareability> list[] = {{"non_shareable", Shareability::non_shareable},
                                                {"reserved", Shareability::reserved},
                                                {"outer", Shareability::outer},
                                                {"inner", Shareability::inner}};
};

template <class T>
bool parse(const std::string& text, T& to) {
  if constexpr (std::is_same_v<T, bool>) {
    if (text != "true" && text != "1" && text != "false" && text != "0") return false;
    to = text == "true" || text == "1";
    return true;
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& name : Names<T>::list) {
      if (text != name.text) continue;
      to = name.value;
      return true;
    }
    return false;
  } else if constexpr (std::is_signed_v<T>) {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || last != end || value < std::numeric_limits<T>::min() ||
        value > std::numeric_limits<T>::max()) {
      return false;
    }
    to = static_cast<T>(value);
    return true;
  } else {
    std::uint64_t value = 0;
    if (!parse_uint(text, value) || value > std::numeric_limits<T>::max()) return false;
    to = static_cast<T>(value);
    return true;
  }
}

template <class T>
std::string print(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& name : Names<T>::list) {
      if (value == name.value) return name.text;
    }
    return "?";
  } else if constexpr (sizeof(T) >= 4) {
    return fmt::format("{:#x}", value);
  } else {
    return std::to_string(static_cast<int>(value));
  }
}

template <class T>
std::string values() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_enum_v<T>) {
    std::string text;
    const auto* last = std::end(Names<T>::list) - 1;
    for (const auto& name : Names<T>::list) {
      text += (text.empty() ? "" : &name == last ? " or " : ", ") + std::string(name.text);
    }
    return text;
  } else if constexpr (sizeof(T) >= 4) {
    return fmt::format("a number of {} bits", 8 * sizeof(T));
  } else {
    return fmt::format("{} to {}", static_cast<int>(std::numeric_limits<T>::min()),
                       static_cast<int>(std::numeric_limits<T>::max()));
  }
}

// `at` answers a reference to the member of the Config that it is given. `legal` is what some format takes,
// where that is less than the member holds; pgtable::validate() refuses the rest, and says why.
template <class At>
ConfigField field(std::string name, At at, const char* legal) {
  using T = std::remove_reference_t<decltype(at(std::declval<Config&>()))>;
  return {std::move(name), legal != nullptr ? legal : values<T>(),
          [at](Config& c, const std::string& text) { return parse(text, at(c)); },
          [at](const Config& c) {
            Config copy = c;
            return print(at(copy));
          }};
}

std::vector<ConfigField> make_fields() {
  std::vector<ConfigField> all;
  const char* output_sizes = "32, 36, 40, 42, 44, 48 or 52";
  const auto add = [&](std::string name, auto at, const char* legal = nullptr) {
    all.push_back(field(std::move(name), at, legal));
  };
  // validate() takes any value here.
  const auto two_bits = [&](const std::string& name, auto at) {
    add(name, at, "0 to 3");
    all.back().set = [at](Config& c, const std::string& text) {
      std::uint8_t value = 0;
      if (!parse(text, value) || value > 3) return false;
      at(c) = value;
      return true;
    };
  };
  const auto add_walk_attributes = [&](const std::string& of, auto at) {
    two_bits(
        of + ".walk_attributes.IRGN", [at](Config & c) -> auto& { return at(c).walk_attributes.IRGN; });
    two_bits(
        of + ".walk_attributes.ORGN", [at](Config & c) -> auto& { return at(c).walk_attributes.ORGN; });
    add(
        of + ".walk_attributes.SH", [at](Config & c) -> auto& { return at(c).walk_attributes.SH; });
  };
  add(
      "stages", [](Config & c) -> auto& { return c.stages; });
  add(
      "regime", [](Config & c) -> auto& { return c.regime; });
  add(
      "space", [](Config & c) -> auto& { return c.space; });

  add(
      "stage1.format", [](Config & c) -> auto& { return c.stage1.format; });
  for (unsigned i = 0; i < 2; ++i) {
    const std::string of = fmt::format("stage1.tables[{}]", i);
    const auto at = [i](Config& c) -> TableConfig& { return c.stage1.tables[i]; };
    add(
        of + ".base", [at](Config & c) -> auto& { return at(c).base; });
    add(
        of + ".TxSZ", [at](Config & c) -> auto& { return at(c).TxSZ; }, "0 to 48");
    add(
        of + ".granule", [at](Config & c) -> auto& { return at(c).granule; });
    add(
        of + ".EPD", [at](Config & c) -> auto& { return at(c).EPD; });
    add(
        of + ".TBI", [at](Config & c) -> auto& { return at(c).TBI; });
    add(
        of + ".HPD", [at](Config & c) -> auto& { return at(c).HPD; });
    add(
        of + ".E0PD", [at](Config & c) -> auto& { return at(c).E0PD; });
    add(
        of + ".NS", [at](Config & c) -> auto& { return at(c).NS; });
    add_walk_attributes(of, at);
  }
  add(
      "stage1.MAIR", [](Config & c) -> auto& { return c.stage1.MAIR; });
  add(
      "stage1.output_size", [](Config & c) -> auto& { return c.stage1.output_size; }, output_sizes);
  add(
      "stage1.LPA", [](Config & c) -> auto& { return c.stage1.LPA; });
  add(
      "stage1.DS", [](Config & c) -> auto& { return c.stage1.DS; });
  add(
      "stage1.WXN", [](Config & c) -> auto& { return c.stage1.WXN; });
  add(
      "stage1.UWXN", [](Config & c) -> auto& { return c.stage1.UWXN; });
  add(
      "stage1.PAN", [](Config & c) -> auto& { return c.stage1.PAN; });
  add(
      "stage1.EPAN", [](Config & c) -> auto& { return c.stage1.EPAN; });
  add(
      "stage1.big_endian", [](Config & c) -> auto& { return c.stage1.big_endian; });
  add(
      "stage1.AFFD", [](Config & c) -> auto& { return c.stage1.AFFD; });
  add(
      "stage1.HA", [](Config & c) -> auto& { return c.stage1.HA; });
  add(
      "stage1.HD", [](Config & c) -> auto& { return c.stage1.HD; });
  add(
      "stage1.SIF", [](Config & c) -> auto& { return c.stage1.SIF; });
  add(
      "stage1.v7s.N", [](Config & c) -> auto& { return c.stage1.v7s.N; }, "0 to 7");
  add(
      "stage1.v7s.DACR", [](Config & c) -> auto& { return c.stage1.v7s.DACR; });
  add(
      "stage1.v7s.AFE", [](Config & c) -> auto& { return c.stage1.v7s.AFE; });
  add(
      "stage1.v7s.TRE", [](Config & c) -> auto& { return c.stage1.v7s.TRE; });
  add(
      "stage1.v7s.PRRR", [](Config & c) -> auto& { return c.stage1.v7s.PRRR; });
  add(
      "stage1.v7s.NMRR", [](Config & c) -> auto& { return c.stage1.v7s.NMRR; });

  add(
      "stage2.format", [](Config & c) -> auto& { return c.stage2.format; });
  add(
      "stage2.base", [](Config & c) -> auto& { return c.stage2.base; });
  add(
      "stage2.T0SZ", [](Config & c) -> auto& { return c.stage2.T0SZ; }, "-8 to 48");
  add(
      "stage2.start_level", [](Config & c) -> auto& { return c.stage2.start_level; }, "-1 to 3");
  add(
      "stage2.granule", [](Config & c) -> auto& { return c.stage2.granule; });
  add(
      "stage2.output_size", [](Config & c) -> auto& { return c.stage2.output_size; }, output_sizes);
  add(
      "stage2.LPA", [](Config & c) -> auto& { return c.stage2.LPA; });
  add(
      "stage2.DS", [](Config & c) -> auto& { return c.stage2.DS; });
  add(
      "stage2.big_endian", [](Config & c) -> auto& { return c.stage2.big_endian; });
  add(
      "stage2.AFFD", [](Config & c) -> auto& { return c.stage2.AFFD; });
  add(
      "stage2.HA", [](Config & c) -> auto& { return c.stage2.HA; });
  add(
      "stage2.HD", [](Config & c) -> auto& { return c.stage2.HD; });
  add(
      "stage2.PTW", [](Config & c) -> auto& { return c.stage2.PTW; });
  add(
      "stage2.PTWNNC", [](Config & c) -> auto& { return c.stage2.PTWNNC; });
  add(
      "stage2.FWB", [](Config & c) -> auto& { return c.stage2.FWB; });
  add(
      "stage2.XNX", [](Config & c) -> auto& { return c.stage2.XNX; });
  add(
      "stage2.SMMUv2", [](Config & c) -> auto& { return c.stage2.SMMUv2; });
  add_walk_attributes("stage2", [](Config& c) -> Stage2Config& { return c.stage2; });
  add(
      "secure_stage2.base", [](Config & c) -> auto& { return c.secure_stage2.base; });
  add(
      "secure_stage2.T0SZ", [](Config & c) -> auto& { return c.secure_stage2.T0SZ; }, "-8 to 48");
  add(
      "secure_stage2.start_level", [](Config & c) -> auto& { return c.secure_stage2.start_level; },
      "-1 to 3");
  add(
      "secure_stage2.granule", [](Config & c) -> auto& { return c.secure_stage2.granule; });
  add(
      "secure_stage2.SW", [](Config & c) -> auto& { return c.secure_stage2.SW; });
  add(
      "secure_stage2.SA", [](Config & c) -> auto& { return c.secure_stage2.SA; });
  add(
      "secure_stage2.NSW", [](Config & c) -> auto& { return c.secure_stage2.NSW; });
  add(
      "secure_stage2.NSA", [](Config & c) -> auto& { return c.secure_stage2.NSA; });
  return all;
}

}  // namespace

const std::vector<ConfigField>& config_fields() {
  static const std::vector<ConfigField> fields = make_fields();
  return fields;
}

const ConfigField* find_field(const std::string& name) {
  for (const ConfigField& f : config_fields()) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

void set_field(Config& config, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos) {
    throw ConfigError("set", fmt::format("--set: {} is no FIELD=VALUE; 'smmu-vp walk --fields' lists fields",
                                         quoted(assignment)));
  }
  const std::string name = assignment.substr(0, equals);
  const std::string text = assignment.substr(equals + 1);
  const ConfigField* found = find_field(name);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const ConfigField& f : config_fields()) names.push_back(f.name);
    const std::string near = suggestion(name, names);
    throw ConfigError("set", fmt::format("--set: there is no field {}{}", quoted(name),
                                         near.empty() ? "; 'smmu-vp walk --fields' lists them" : near));
  }
  if (!found->set(config, text)) {
    throw ConfigError("set", fmt::format("--set: {} must be {}, not {}", name, found->values, quoted(text)));
  }
}

}  // namespace smmuvp::tables
