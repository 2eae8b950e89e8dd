// What the commands "decode" and "walk" share: numbers and values of the command line, text in columns.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smmuvp/pgtable/explain.h"

namespace smmuvp::tables {

/// Where a command writes what it has to say, and what that can show.
struct Output {
  std::function<void(std::string_view)> print;
  bool terminal = false;  ///< colours with --color auto
};

/// A user's word in a message: in quotes, without what a terminal would obey, and cut if it is long.
std::string quoted(const std::string& word);

/// "0x1234" or "0". @param what  names the value in the message. @throws ConfigError
std::uint64_t parse_hex(const std::string& text, const std::string& what, unsigned bits = 64);

/// Calls take(number) for each of `words`; "-" stands for the numbers in `input`, separated by white space,
/// with comments from '#' to the end of the line. A word that is no number ends it, after the ones before it
/// were taken. @throws ConfigError; also if there is no number at all
void for_each_number(const std::vector<std::string>& words, std::istream& input, const std::string& what,
                     unsigned bits, const std::function<void(std::uint64_t)>& take);

/// @throws ConfigError with the nearest known name
pgtable::DescriptorFormat parse_format(const std::string& text);
pgtable::Granule parse_granule(const std::string& text, const std::string& option);
pgtable::Regime parse_regime(const std::string& text);

/// "4 KiB", "16 KiB", "64 KiB".
std::string granule_words(pgtable::Granule granule);

/// --color, and whether there is a terminal. @throws ConfigError
bool use_colour(const std::string& when, bool terminal);

using Row = std::vector<std::string>;
/// Lines whose columns are as wide as their content, two spaces between; no spaces at the end of a line.
std::vector<std::string> columns(const std::vector<Row>& rows);

/// Terminal colours around `text`, or `text` alone.
std::string bold(const std::string& text, bool colour);
std::string red(const std::string& text, bool colour);
std::string green(const std::string& text, bool colour);

/// The last words of unknown option names: "; did you mean '--level'?", or nothing.
std::string suggestion(const std::string& word, const std::vector<std::string>& known);

/// The options and positional arguments of a command, told apart. An option that is unknown gets a
/// suggestion.
/// @param command     its name, in errors. @param positional  what arguments without an option are stored as
/// @throws ConfigError
boost::program_options::variables_map parse_options(
    const boost::program_options::options_description& options, const std::string& positional,
    const std::string& command, const std::vector<std::string>& arguments);

/// The two sides of NAME=VALUE. @param option  whose value it is, in errors. @throws ConfigError
std::pair<std::string, std::string> assignment(const std::string& text, const char* option);

}  // namespace smmuvp::tables
