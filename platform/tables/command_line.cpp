#include "command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

#include "smmuvp/base/error.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::tables {

namespace po = boost::program_options;

using namespace pgtable;

namespace {

char lower(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return lower(c); });
  return text;
}

}  // namespace

std::string quoted(const std::string& word) {
  constexpr std::size_t most = 60;
  std::size_t end = std::min(word.size(), most);
  if (end < word.size()) {
    // Not within a character of several bytes.
    while (end != 0 && (static_cast<unsigned char>(word[end]) & 0xc0) == 0x80) --end;
  }
  return "'" + printable(word.substr(0, end)) + (end < word.size() ? "..." : "") + "'";
}

std::uint64_t parse_hex(const std::string& text, const std::string& what, unsigned bits) {
  std::string_view digits = text;
  const bool prefixed = digits.substr(0, 2) == "0x" || digits.substr(0, 2) == "0X";
  if (prefixed) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, value, 16);
  // from_chars takes a sign only for signed types; an empty or partial number ends early.
  if (digits.empty() || last != end || (error != std::errc() && error != std::errc::result_out_of_range)) {
    throw ConfigError("", fmt::format("{}: {} is no hexadecimal number (expected for example 0x80000000)",
                                      what, quoted(text)));
  }
  if (!prefixed && text != "0") {
    throw ConfigError(
        "", fmt::format("{}: {} has no 0x; did you mean {}?", what, quoted(text), quoted("0x" + text)));
  }
  if (error == std::errc::result_out_of_range || (bits < 64 && (value >> bits) != 0)) {
    throw ConfigError("", fmt::format("{}: {} has more than {} bits", what, quoted(text), bits));
  }
  return value;
}

void for_each_number(const std::vector<std::string>& words, std::istream& input, const std::string& what,
                     unsigned bits, const std::function<void(std::uint64_t)>& take) {
  bool any = false;
  for (const std::string& word : words) {
    if (word != "-") {
      any = true;
      take(parse_hex(word, what, bits));
      continue;
    }
    std::size_t number = 0;
    for (std::string line; std::getline(input, line);) {
      ++number;
      const std::string_view text = std::string_view(line).substr(0, line.find('#'));
      const char* space = " \t\r\v\f,";
      for (std::size_t i = text.find_first_not_of(space); i != std::string_view::npos;) {
        any = true;
        const std::size_t end = std::min(text.find_first_of(space, i), text.size());
        take(parse_hex(std::string(text.substr(i, end - i)),
                       fmt::format("standard input, line {}: {}", number, what), bits));
        i = text.find_first_not_of(space, end);
      }
    }
  }
  if (!any) throw ConfigError("", fmt::format("no {} given: standard input has none", what));
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  std::string near = nearest(word, known);
  for (const std::string& k : known) {
    if (lower(k) == lower(word)) near = k;
  }
  return near.empty() ? "" : fmt::format("; did you mean '{}'?", near);
}

DescriptorFormat parse_format(const std::string& text) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < descriptor_format_count; ++i) {
    names.emplace_back(to_string(static_cast<DescriptorFormat>(i)));
    if (names.back() == text) return static_cast<DescriptorFormat>(i);
  }
  throw ConfigError("format", fmt::format("--format: {} is none of {}{}", quoted(text),
                                          fmt::join(names, ", "), suggestion(text, names)));
}

Granule parse_granule(const std::string& text, const std::string& option) {
  const std::string wanted = lower(text);
  for (const Granule g : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    const std::string size = std::to_string(1U << (static_cast<unsigned>(g) - 10));
    if (wanted == size + "k" || wanted == size + "kb" || wanted == size + "kib") return g;
  }
  throw ConfigError("granule", fmt::format("{}: {} is none of 4k, 16k, 64k", option, quoted(text)));
}

Regime parse_regime(const std::string& text) {
  if (text == "el1") return Regime::el1_0;
  if (text == "el2-e2h") return Regime::el2_0;
  if (text == "el2") return Regime::el2;
  if (text == "el3") return Regime::el3;
  throw ConfigError(
      "regime", fmt::format("--regime: {} is none of el1 (EL1&0), el2-e2h (EL2&0), el2, el3", quoted(text)));
}

std::string granule_words(Granule granule) { return size_words(static_cast<unsigned>(granule)); }

bool use_colour(const std::string& when, bool terminal) {
  if (when == "always") return true;
  if (when == "never") return false;
  if (when != "auto") {
    throw ConfigError("color", fmt::format("--color: {} is none of auto, always, never", quoted(when)));
  }
  return terminal;
}

std::vector<std::string> columns(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  }
  return lines;
}

namespace {
std::string in(const char* code, const std::string& text, bool colour) {
  return colour ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
}
}  // namespace

std::string bold(const std::string& text, bool colour) { return in("1", text, colour); }
std::string red(const std::string& text, bool colour) { return in("31", text, colour); }
std::string green(const std::string& text, bool colour) { return in("32", text, colour); }

po::variables_map parse_options(const po::options_description& options, const std::string& positional,
                                const std::string& command, const std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(options).add_options()(positional.c_str(), po::value<std::vector<std::string>>());
  po::positional_options_description positions;
  positions.add(positional.c_str(), -1);
  po::variables_map map;
  try {
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(positions)
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              map);
  } catch (const po::unknown_option& e) {
    std::vector<std::string> known;
    for (const auto& o : options.options()) known.push_back("--" + o->long_name());
    throw ConfigError("", fmt::format("{}: unknown option {}{}", command, quoted(e.get_option_name()),
                                      suggestion(e.get_option_name(), known)));
  } catch (const po::error& e) {
    throw ConfigError("", fmt::format("{}: {}", command, printable(e.what())));
  }
  return map;
}

std::pair<std::string, std::string> assignment(const std::string& text, const char* option) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0) {
    throw ConfigError(option, fmt::format("--{}: {} is no NAME=VALUE", option, quoted(text)));
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace smmuvp::tables
