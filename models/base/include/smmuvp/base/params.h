// Self-describing parameters: what a component can be told before simulation starts.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/base/error.h"

namespace smmuvp {

enum class ParamType : std::uint8_t {
  Bool,    ///< true or false
  Uint,    ///< unsigned 64-bit; decimal, 0x hexadecimal, or with a binary suffix KiB, MiB, GiB
  Text,    ///< any text
  Choice,  ///< one of ParamInfo::choices
  Path,    ///< a file of the host. A configuration's owner makes relative ones start where it says they do
};

/// One parameter, as data. `smmu-vp params` and docs/ print it; Params enforces it.
struct ParamInfo {
  std::string name;  ///< lower_case, or the specification's name where it has one
  ParamType type;
  std::string default_value;              ///< text, as a configuration would give it
  std::string doc;                        ///< meaning and unit, one or two sentences
  std::uint64_t min = 0;                  ///< least value, Uint only
  std::uint64_t max = ~0ULL;              ///< greatest value, Uint only
  std::vector<std::string> choices = {};  ///< Choice only
};

/// The values of one component's parameters. Starts at the defaults; every change is checked.
class Params {
 public:
  /// Keeps a copy of the table. @throws ConfigError if a default breaks its own rule.
  explicit Params(std::vector<ParamInfo> infos);

  /// Sets a parameter from text. @throws ConfigError naming the parameter, the rule and the nearest known
  /// name.
  void set(std::string_view name, std::string_view text);
  void set(std::string_view name, std::uint64_t value);
  void set(std::string_view name, bool value);
  void set(std::string_view name, const char* text) { set(name, std::string_view(text)); }

  /// Reads a parameter. @throws ConfigError if there is none of that name and type.
  bool flag(std::string_view name) const;
  std::uint64_t uint(std::string_view name) const;
  const std::string& text(std::string_view name) const;  ///< Text, Choice and Path

  bool has(std::string_view name) const;
  /// @throws ConfigError if there is none of that name
  ParamType type(std::string_view name) const;
  const std::vector<ParamInfo>& infos() const { return m_infos; }
  /// The value as text, for dumps.
  std::string value_text(std::string_view name) const;

 private:
  struct Value {
    std::uint64_t number = 0;
    std::string text;
  };
  std::size_t find(std::string_view name) const;
  const Value& typed(std::string_view name, std::initializer_list<ParamType> types) const;
  void check_range(const ParamInfo& info, std::uint64_t value) const;

  std::vector<ParamInfo> m_infos;
  std::vector<Value> m_values;
};

/// Parses "4096", "0x1000", "4KiB". @return false if the text is no such number or above 64 bits.
bool parse_uint(std::string_view text, std::uint64_t& value);

/// The known word nearest to `word` by edit distance; empty if none is near enough to be a likely meaning.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace smmuvp
