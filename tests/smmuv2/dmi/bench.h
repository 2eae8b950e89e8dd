// A system around an SMMUv2 whose client may hold direct memory pointers.
#pragma once

#include <cstdint>
#include <utility>

#include "../../smmu/dmi/parts.h"
#include "../module_driver.h"
#include "smmuvp/smmuv2/smmuv2.h"

namespace smmuvp::dmi {

using namespace smmuv2::offsets;

/// A base, to be there before the rest: its memory has the tables.
struct WithDriver {
  static constexpr std::uint32_t page = 0x1000;
  static constexpr std::uint32_t window = 0x10000;  // NUMPAGENDXB 2

  explicit WithDriver(smmuv2::ModuleDriver::Send send) : regs(page, window, std::move(send)) {}
  smmuv2::ModuleDriver regs;
};

/// Two Security states, unless told otherwise, eight context banks and an event counter.
class System : public WithDriver, public SystemOf<SmmuV2<>> {
 public:
  struct Kind {
    const char* reset = "edge";
    bool SSD_table = false;  ///< of 16 StreamIDs; else a transaction says itself of which state it is
    bool SES = true;
  };
  System(const sc_core::sc_module_name& name, const Kind& kind)
      : WithDriver([this](auto& p, auto& delay) { cpu.socket->b_transport(p, delay); }),
        SystemOf(name, parameters(kind), regs.memory) {}
  static Params parameters(const Kind& kind) {
    Params p = SmmuV2<>::default_params();
    p.set("reset", kind.reset);
    p.set("SES", kind.SES);
    if (kind.SSD_table) p.set("SSDTP", 1);
    if (kind.SSD_table) p.set("NUMSSDNDXB", 4);
    p.set("NUMCB", 8);
    p.set("NUMSMRG", 16);
    p.set("NUMPAGENDXB", 2);
    p.set("GSE", true);
    p.set("counter_groups", 1);
    p.set("CGNC", 1);
    return p;
  }

  /// As after power-on, enabled, without any stream.
  void restart() {
    restart_parts();
    regs.forget_tables();
    regs.start();
  }
};

}  // namespace smmuvp::dmi
