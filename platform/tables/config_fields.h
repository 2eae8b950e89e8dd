// Every field of a pgtable::Config by its name, as text: --set, --fields, and messages about refused ones.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "smmuvp/pgtable/config.h"

namespace smmuvp::tables {

struct ConfigField {
  std::string name;    ///< as in config.h and in ConfigProblem::field, for example "stage1.tables[0].TxSZ"
  std::string values;  ///< what the field can be: "true or false", "0 to 48", ...
  std::function<bool(pgtable::Config&, const std::string&)>
      set;  ///< false: the member cannot hold it; nothing is changed
  std::function<std::string(const pgtable::Config&)> get;
};

/// In the order of config.h.
const std::vector<ConfigField>& config_fields();

/// The field, or nullptr.
const ConfigField* find_field(const std::string& name);

/// Carries out one "FIELD=VALUE". @throws ConfigError with the nearest field or the values it takes
void set_field(pgtable::Config& config, const std::string& assignment);

}  // namespace smmuvp::tables
