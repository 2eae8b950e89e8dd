// Self-describing parameters: what a component can be told before simulation starts.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "smmuvp/base/error.h"
#include "smmuvp/base/export.h"

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

/// What Params::set() takes as a number: integers of any width and sign, but neither bool nor characters.
template <class T>
constexpr bool is_param_number =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> &&
    !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;

/// The values of one component's parameters. Starts at the defaults; every change is checked.
class SMMUVP_EXPORT Params {
 public:
  /// Keeps a copy of the table. @param owner  whose parameters they are, for messages; may be empty
  /// @throws ConfigError if a default breaks its own rule.
  explicit Params(std::vector<ParamInfo> infos, std::string owner = {});

  // ---- Each set() throws ConfigError that names owner, parameter, value and what is allowed; an unknown
  // name is answered with the nearest known one. The value then stays as it was.

  /// From text, as a configuration would give it; for every type of parameter.
  void set(std::string_view name, std::string_view text);
  void set(std::string_view name, const std::string& text) { set(name, std::string_view(text)); }
  /// @param text  null is refused
  void set(std::string_view name, const char* text);
  /// Any integer: for Uint, for a Choice of numbers, and 0 or 1 for Bool.
  template <class T, std::enable_if_t<is_param_number<T>, int> = 0>
  void set(std::string_view name, T value) {
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) refuse_negative(name, static_cast<std::int64_t>(value));
    }
    set_number(name, static_cast<std::uint64_t>(value), true);
  }
  /// For Bool, and for a Choice between true and false.
  template <class T, std::enable_if_t<std::is_same_v<T, bool>, int> = 0>
  void set(std::string_view name, T value) {
    set_flag(name, value);
  }
  /// A number that follows from elsewhere: checked as by set(), but not counted by given().
  void preset(std::string_view name, std::uint64_t value) { set_number(name, value, false); }
  /// The same from text.
  void preset_text(std::string_view name, std::string_view text) { assign(find(name), text); }
  /// Whether set() has given it a value, be it the default.
  bool given(std::string_view name) const;

  /// Reads a parameter. @throws ConfigError if there is none of that name and type.
  bool flag(std::string_view name) const;
  std::uint64_t uint(std::string_view name) const;
  const std::string& text(std::string_view name) const;  ///< Text, Choice and Path

  bool has(std::string_view name) const;
  /// @throws ConfigError if there is none of that name
  ParamType type(std::string_view name) const;
  const std::vector<ParamInfo>& infos() const { return m_infos; }
  /// The value as text, for dumps and archives; set() takes it back.
  std::string value_text(std::string_view name) const;

 private:
  struct Value {
    std::uint64_t number = 0;
    std::string text;
    bool given = false;
  };
  std::size_t find(std::string_view name) const;
  const Value& typed(std::string_view name, std::initializer_list<ParamType> types) const;
  void assign(std::size_t i, std::string_view text);
  void set_number(std::string_view name, std::uint64_t value, bool given);
  void set_flag(std::string_view name, bool value);
  [[noreturn]] void refuse_negative(std::string_view name, std::int64_t value) const;
  [[noreturn]] void refuse(const ParamInfo& info, std::string_view value, std::string_view why) const;
  [[noreturn]] void out_of_range(const ParamInfo& info, std::string_view value) const;

  std::string m_owner;
  std::vector<ParamInfo> m_infos;
  std::vector<Value> m_values;
};

/// Parses "4096", "0x1000", "4KiB". @return false if the text is no such number or above 64 bits.
SMMUVP_EXPORT bool parse_uint(std::string_view text, std::uint64_t& value);

/// The known word nearest to `word` by edit distance; empty if none is near enough to be a likely meaning.
SMMUVP_EXPORT std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace smmuvp
