// What one round of the comparison with Unicorn's MMU meets: registers and tables, made by rapidcheck.
//
// The content of memory is a function of the scenario and the address, so that any walk finds descriptors and
// nothing has to be stored.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <string>

#include "random_tables.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {

/// How often descriptors of a scenario have which property: once in n, 0 for never.
struct DescriptorMix {
  unsigned invalid = 0;        ///< bit 0 clear
  unsigned block = 4;          ///< 0b01: a block, or reserved
  unsigned not_accessed = 8;   ///< AF clear
  unsigned restricted = 3;     ///< APTable, XNTable, PXNTable at random, else clear
  unsigned unreadable = 4;     ///< bit 6 clear: AP[1] of stage 1, S2AP[0] of stage 2
  unsigned far = 0;            ///< address bits up to 47, else below address_bits
  unsigned RES0 = 0;           ///< bits [50:48] at random, else clear
  bool aligned_blocks = true;  ///< no address bit below the size of a 1 GiB block in 0b01 descriptors
  unsigned address_bits = 48;
};

struct Scenario {
  Config config;
  bool normal_input = false;  ///< stage 2 alone: of Write-Back memory, else of Device-nGnRnE
  DescriptorMix mix;
  std::uint64_t seed = 0;

  /// The descriptor at an address, byte order undone.
  std::uint64_t descriptor(std::uint64_t address) const;
  /// The bytes there as a little-endian number.
  std::uint64_t memory(std::uint64_t address) const {
    const std::uint64_t d = descriptor(address);
    return big_endian() ? __builtin_bswap64(d) : d;
  }
  bool big_endian() const {
    return config.stages == Stages::stage2 ? config.stage2.big_endian : config.stage1.big_endian;
  }
  /// An input address: mostly inside a range, else at its edge, tagged, or anywhere.
  std::uint64_t address(Random& random) const;
};

std::string describe(const Scenario& scenario);

/// Scenarios whose every register Unicorn 2.0.1 knows: VMSAv8-64 with 48-bit addresses, TxSZ 16 to 39; stage
/// 2 with inputs of 25 to 44 bits. EL1&0 with any `stages`; EL2 and EL3 with stage 1.
rc::Gen<Scenario> scenarios(Stages stages, Regime regime, bool big_endian = true);

/// The n-th scenario of a generator, in a sequence that never changes.
class ScenarioSequence {
 public:
  ScenarioSequence(rc::Gen<Scenario> gen, std::uint64_t seed) : m_gen(std::move(gen)), m_random(seed) {}
  Scenario next() { return m_gen(m_random.split()).value(); }

 private:
  rc::Gen<Scenario> m_gen;
  rc::Random m_random;
};

}  // namespace smmuvp::pgtable::test
