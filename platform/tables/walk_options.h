// The command line of "walk", made into what a walk needs.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/pgtable/walk.h"

namespace smmuvp::tables {

struct WalkOptions {
  bool help = false;
  bool fields = false;  ///< list the fields of --set
  pgtable::Config config;
  /// Path and address; without an address it is a memory image.
  std::vector<std::pair<std::string, std::optional<std::uint64_t>>> dumps;
  std::vector<std::string> addresses;  ///< words: numbers, or "-"
  pgtable::WalkRequest request;        ///< without the address
  bool json = false;
  std::string colour = "auto";
  std::vector<std::string> notes;  ///< for the user, about registers and ranges
};

/// @throws ConfigError that says what is wrong and how to mend it; the reasons of pgtable::validate()
/// included
WalkOptions parse_walk_options(const std::vector<std::string>& arguments);

std::string walk_help();
std::string fields_text();

}  // namespace smmuvp::tables
