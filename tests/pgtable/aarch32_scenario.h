// What one round of the comparison with Unicorn's ARM MMU meets: registers and tables of the AArch32 formats,
// made by rapidcheck.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <string>
#include <vector>

#include "random_tables.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {

/// The content of tables is a function of the scenario, the address, and what the walk takes it for (stage
/// and level): any walk finds descriptors that mean something there, and nothing has to be stored.
struct AArch32Scenario {
  Config config;
  std::uint64_t seed = 0;
  // Once in n, 0 for never
  unsigned invalid = 0;
  unsigned block = 4;           ///< sections and blocks; in the last table large pages, or the reserved 0b01
  unsigned not_accessed = 8;    ///< AF, AP[0] with AFE
  unsigned restricted = 3;      ///< APTable, XNTable, PXNTable at random, else clear
  unsigned forbidden = 4;       ///< stage 2: S2AP at random, else everything is allowed
  unsigned far = 0;             ///< long descriptors: bits [47:40] at random, else clear
  unsigned RES0 = 0;            ///< bits of a block below its size, and [51:48], at random, else clear
  bool aligned_blocks = false;  ///< no bits of a block below its size: Unicorn would walk on with them
  unsigned stage1_bits = 40;    ///< addresses in stage 1 descriptors are below 2^this

  std::uint64_t descriptor(const MemoryOp& op) const;
  /// An input address: mostly inside a range, else at its edge.
  std::uint64_t address(Random& random) const;
};

std::string describe(const AArch32Scenario& scenario);

enum class AArch32Kind {
  short_stage1,
  long_stage1,
  long_pl2,
  stage2,  ///< inputs of 32 bits, as with stage 1 off
  // With both stages IPAs are below 4 GiB: Unicorn knows no others.
  short_nested,  ///< domains are clients and managers only: see the comparison
  long_nested,
};

rc::Gen<AArch32Scenario> aarch32_scenarios(AArch32Kind kind, bool big_endian = true);

/// The n-th scenario of a generator, in a sequence that never changes.
class AArch32Sequence {
 public:
  AArch32Sequence(rc::Gen<AArch32Scenario> gen, std::uint64_t seed) : m_gen(std::move(gen)), m_random(seed) {}
  AArch32Scenario next() { return m_gen(m_random.split()).value(); }

 private:
  rc::Gen<AArch32Scenario> m_gen;
  rc::Random m_random;
};

}  // namespace smmuvp::pgtable::test
