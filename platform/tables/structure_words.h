// Words of structures: from the command line, from text, from raw bytes.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/base/field_text.h"

namespace smmuvp::tables {

/// What a file of structures may have at most, unless a count says how much of it is wanted.
constexpr std::size_t most_bytes = std::size_t{64} << 20;

/// Hexadecimal words of 64 bits, 0x or not, with '_' between digits where it helps; several can stand in one
/// argument, separated by commas. "-" stands for those in `input`, with comments from '#' to the end of the
/// line. @throws ConfigError
std::vector<std::uint64_t> words_of_text(const std::vector<std::string>& texts, std::istream& input);

/// Raw little-endian bytes of a file, or of `input` for "-". @param limit  stop after so many bytes
/// @throws ConfigError if the file cannot be read, is no regular file, or has more than most_bytes
std::string bytes_of_file(const std::string& path, std::istream& input, std::optional<std::size_t> limit);

/// Eight bytes a word; what is left over is cut off.
std::vector<std::uint64_t> words_of_bytes(const std::string& bytes);

/// Where a field is: "[3]", "[5:0]".
std::string bits_words(const ExplainedField& field);

}  // namespace smmuvp::tables
