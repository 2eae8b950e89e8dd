// Random registers of every regime and random tables, for the comparison with the naive walker.
#pragma once

#include <cstdint>
#include <string>

#include "naive.h"
#include "random_tables.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {

/// Which family of regimes a scenario is of.
enum class Family : unsigned {
  stage1,  ///< VMSAv8-64, EL1&0, EL2&0, EL2, EL3, Secure and Non-secure
  stage2,  ///< VMSAv8-64 stage 2 alone
  nested,  ///< VMSAv8-64, both stages
  lpae32,  ///< AArch32 long descriptors, one or both stages, stage 1 before either stage 2
  v7s,     ///< short descriptors, alone or before either stage 2
  mali,
  count
};
const char* to_string(Family family);

struct NaiveScenario {
  Family family = Family::stage1;
  Config config;
  std::uint64_t seed = 0;
  // Descriptors: once in n, 0 for never
  unsigned invalid = 0;
  unsigned block = 4;
  unsigned not_accessed = 8;
  unsigned restricted = 4;
  unsigned unreadable = 4;
  unsigned far = 0;
  unsigned address_bits = 48;
  // Memory: once in n addresses
  unsigned aborts = 0;
  unsigned no_atomics = 0;

  std::uint64_t long_descriptor(std::uint64_t address) const;
  std::uint32_t short_descriptor(std::uint64_t address) const;
  /// A descriptor's bytes as a little-endian number.
  std::uint64_t memory(std::uint64_t address, unsigned size) const;
  bool read_aborts(std::uint64_t address) const {
    return aborts != 0 && mix(seed + 1 + address) % aborts == 0;
  }
  bool atomic_unsupported(std::uint64_t address) const {
    return no_atomics != 0 && mix(seed + 2 + address) % no_atomics == 0;
  }
  WalkRequest request(Random& random) const;
};

NaiveScenario random_naive_scenario(Family family, Random& random);

/// The same registers for the naive walker, with the choices that pgtable makes.
naive::Configuration to_naive(const Config& config);
naive::Request to_naive(const WalkRequest& request);

std::string describe(const NaiveScenario& scenario, const WalkRequest& request);

}  // namespace smmuvp::pgtable::test
