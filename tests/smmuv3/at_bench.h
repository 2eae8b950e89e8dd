// One elaborated system around an SMMUv3 for tests of non-blocking transactions.
#pragma once

#include "../smmu/at/system.h"
#include "smmuvp/smmuv3/smmuv3.h"
#include "stage2_world.h"

namespace smmuvp::at {

/// How many reads a miss of an unknown stream makes: STE, CD and three levels.
constexpr unsigned fetches = 5;
/// What it takes: besides a hit, the link both ways, configuration, TLB, walk cache, and the walk port and
/// memory for each.
inline sc_time miss_time() { return hit_time() + ns(2 * 8 + 3 + 3 + 4 + fetches * (1 + 20)); }

/// The world's memory and builders; its own core is not used. A base, to be there before the rest.
struct WithWorld {
  smmuv3::Stage2World world;
};

struct Bench : WithWorld, SystemOf<SmmuV3<>> {
  explicit Bench(const sc_core::sc_module_name& name, const Params& params = parameters())
      : SystemOf(name, params, world.memory) {
    smmu.cmdq_sync_irq.bind(sync_irq);
    smmu.eventq_irq.bind(eventq_irq);
    SMMUVP_HAS_PROCESS(Bench);
    SC_METHOD(on_sync);
    sensitive << sync_irq.posedge_event();
    dont_initialize();
    SC_METHOD(on_event);
    sensitive << eventq_irq.posedge_event();
    dont_initialize();
  }
  static Params parameters() {
    Params p = SmmuV3<>::default_params();
    p.set("HTTU", std::uint64_t{2});
    p.set("MSI", true);
    return p;
  }
  void on_sync() { synced_at = sc_time_stamp(); }
  void on_event() { event_at = sc_time_stamp(); }
  std::uint64_t reg(std::uint32_t offset, bool write = false, std::uint64_t value = 0, unsigned bytes = 4) {
    Payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(offset);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    sc_time d;
    cpu->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    return value;
  }
  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) { reg(offset, true, value, bytes); }
  /// A linear Stream table of 256 streams, or one of two levels; an Event queue of 256 records.
  void start(bool two_level = false) {
    set(0x28, 0xd75);
    set(0x2c, smmuv3::CR2_RECINVSID);
    set(0x80, smmuv3::World::strtab, 8);
    set(0x88, two_level ? 1 << 16 | 8 << 6 | 12 : 8);
    set(0x90, smmuv3::World::cmdq | 5, 8);
    set(0xa0, smmuv3::World::eventq | 8, 8);
    set(0x20, smmuv3::CR0_implemented);
  }
  void push(std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint64_t prod = reg(0x98);
    world.memory.write(smmuv3::World::cmdq + 16 * (prod & 31), word0);
    world.memory.write(smmuv3::World::cmdq + 16 * (prod & 31) + 8, word1);
    set(0x98, (prod + 1) & 63);
  }
  /// In the simulation: everything as at first, the SMMU on.
  void fresh(bool two_level = false) {
    pulse_reset();
    world.clear();
    start(two_level);
    wait(ns(100));
  }

  sc_core::sc_signal<bool> sync_irq{"sync_irq"}, eventq_irq{"eventq_irq"};
  sc_time synced_at, event_at;  ///< the last rising edges
};

Bench& bench();

class At : public AtOf<Bench> {
 protected:
  At() : AtOf(bench()) {}
  pgtable::Builder& map(std::uint32_t sid, std::uint64_t va, std::uint64_t pa, std::uint64_t size = 0x1000) {
    pgtable::Builder& builder = b.world.stream(sid, static_cast<std::uint16_t>(sid));
    EXPECT_TRUE(builder.map(va, pa, size));
    return builder;
  }
};

}  // namespace smmuvp::at
