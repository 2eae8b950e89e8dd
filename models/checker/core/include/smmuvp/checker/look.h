// What decides about an access of a client, in memory and in an SMMU's caches.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/checker/command_log.h"

namespace smmuvp::checker {

struct Look {
  enum class Kind : std::uint8_t { L1STD, STE, L1CD, CD };
  struct Structure {
    Kind kind = Kind::STE;
    std::uint64_t address = 0;              ///< physical
    unsigned words = 8;                     ///< of 64 bits
    bool stale = false;                     ///< what is cached of it differs from memory
    std::array<std::uint64_t, 8> memory{};  ///< its words, as far as it has them
  };
  /// A descriptor, as memory has it.
  struct Step {
    unsigned stage = 1;
    unsigned level = 0;
    unsigned granule = 12;      ///< log2
    std::uint64_t input = 0;    ///< VA or IPA that is looked up
    std::uint64_t address = 0;  ///< physical, of the descriptor
    std::uint64_t descriptor = 0;
  };

  std::uint64_t iova = 0;
  std::uint64_t time_ps = 0;
  Context context;
  std::vector<Structure> structures;
  std::vector<Step> steps;
  std::array<bool, 2> translates{};      ///< stage 1, stage 2
  std::array<std::uint64_t, 2> roots{};  ///< TTB of each: TTB0 or TTB1 by the address, S2TTB
  /// Stage 1 by the half of the address, stage 2: how many bits an input address may have; 0: not known.
  std::array<unsigned, 2> input_bits{};
  bool stale = false;  ///< an access ends otherwise than it would if caches held nothing
  std::string now;     ///< how it ends, in words
  std::string memory;  ///< how it would end by memory
};

}  // namespace smmuvp::checker
