// A system around an SMMUv3 whose client may hold direct memory pointers.
#pragma once

#include <cstdint>

#include "../../smmu/dmi/parts.h"
#include "../stage2_world.h"
#include "smmuvp/smmuv3/smmuv3.h"

namespace smmuvp::dmi {

/// The world's memory and builders; its own core is not used. A base, to be there before the rest.
struct WithWorld {
  smmuv3::Stage2World world;
};

class System : public WithWorld, public SystemOf<SmmuV3<>> {
 public:
  explicit System(const sc_core::sc_module_name& name, const Params& params = SmmuV3<>::default_params())
      : SystemOf(name, params, world.memory) {}

  /// As after power-on, enabled, without any stream.
  void restart() {
    restart_parts();
    world.clear();
    start();
  }
  void start() {
    cpu.put(0x28, 0xd75);
    cpu.put(0x2c, smmuv3::CR2_RECINVSID);
    cpu.put(0x80, smmuv3::World::strtab, 8);
    cpu.put(0x88, 8);
    cpu.put(0x90, smmuv3::World::cmdq | 5, 8);
    cpu.put(0xa0, smmuv3::World::eventq | 3, 8);
    cpu.put(0x20, smmuv3::CR0_implemented);
  }
  void push(std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint64_t prod = cpu.get(0x98);
    world.memory.write(smmuv3::World::cmdq + 16 * (prod & 31), word0);
    world.memory.write(smmuv3::World::cmdq + 16 * (prod & 31) + 8, word1);
    cpu.put(0x98, (prod + 1) & 63);
  }
  /// A command and CMD_SYNC, to their end.
  void command(std::uint64_t word0, std::uint64_t word1 = 0) {
    push(word0, word1);
    push(0x46);
    test::advance(10'000'000);
    EXPECT_EQ(cpu.get(0x9c), cpu.get(0x98));
  }
  /// The Event queue's record that is next, or zeros.
  smmuv3::Record pop_event() {
    smmuv3::Record r{};
    const std::uint64_t cons = cpu.get(0x100ac), prod = cpu.get(0x100a8);
    if (cons == prod) return r;
    for (unsigned i = 0; i < 4; ++i)
      r[i] = world.memory.read(smmuv3::World::eventq + 32 * (cons & 7) + 8 * i, 8);
    cpu.put(0x100ac, (cons + 1) & 15);
    return r;
  }
};

}  // namespace smmuvp::dmi
