#include "smmuvp/smmu_settings/quirks.h"

#include <algorithm>
#include <string>

#include "smmuvp/base/error.h"

namespace smmuvp::smmu {

namespace {

constexpr const char* parameter = "quirks";
constexpr const char* separators = ", \t\n";

[[noreturn]] void refuse(const std::string& name, const std::vector<QuirkInfo>& infos) {
  std::vector<std::string> known;
  known.reserve(infos.size());
  for (const QuirkInfo& info : infos) known.emplace_back(info.name);
  std::string text = "parameter 'quirks' names '" + name + "', which is no quirk of this SMMU";
  const std::string near = nearest(name, known);
  text += near.empty() ? "." : "; did you mean '" + near + "'?";
  text += " They are:";
  for (const std::string& k : known) text += (&k == &known.front() ? " " : ", ") + k;
  throw ConfigError(parameter, text);
}

}  // namespace

ParamInfo quirks_param(const std::vector<QuirkInfo>& infos) {
  ParamInfo info{parameter, ParamType::Text, "",
                 "departures of silicon from the architecture that the SMMU shows, separated by commas "
                 "(docs/quirks.md)"};
  for (const QuirkInfo& q : infos) info.doc += std::string("; ") + q.name + ": " + q.what;
  return info;
}

std::vector<unsigned> quirk_numbers(const Params& params, const std::vector<QuirkInfo>& infos) {
  std::vector<unsigned> numbers;
  const std::string& text = params.text(parameter);
  for (std::size_t at = text.find_first_not_of(separators); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    const std::string name = text.substr(at, end - at);
    const auto found =
        std::find_if(infos.begin(), infos.end(), [&name](const QuirkInfo& q) { return q.name == name; });
    if (found == infos.end()) refuse(name, infos);
    numbers.push_back(static_cast<unsigned>(found - infos.begin()));
    at = text.find_first_not_of(separators, end);
  }
  return numbers;
}

}  // namespace smmuvp::smmu
