// What can be seen when one bit of a valid structure is turned over: nothing changes, or what its field says,
// or the structure is ILLEGAL.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
using smmu::AccessRequest;

/// All that a client, memory, and a reader of the Event queue and of TLB tags can see of some accesses.
inline std::string seen(World& w, const std::vector<AccessRequest>& accesses) {
  std::ostringstream text;
  text << std::hex;
  for (const AccessRequest& r : accesses) {
    {
      Access a(w.smmu, r);
      smmu::Step step = a.step();
      for (; step != smmu::Step::done; step = a.step()) {
        if (step != smmu::Step::need) {
          w.work();
          continue;
        }
        text << a.op().purpose << " " << a.op().address << " " << int{a.op().attributes.memory} << " "
             << static_cast<int>(a.op().attributes.SH) << " " << a.op().mpam.partid << " "
             << int{a.op().mpam.pmg} << "\n";
        a.complete(w.memory.carry_out(a.op()));
      }
      const smmu::AccessAnswer& n = a.answer();
      text << static_cast<int>(n.outcome);
      if (n.outcome == smmu::Outcome::forward) {
        text << " " << n.output << " " << int{n.attributes.memory} << " " << static_cast<int>(n.attributes.SH)
             << " " << n.privileged << n.instruction << " " << n.mpam.partid << " " << int{n.mpam.pmg};
      }
      text << "\n";
    }
    w.work();
    while (const auto e = w.pop_event()) {
      for (const std::uint64_t word : *e) text << "event " << word << " ";
      text << "\n";
    }
  }
  w.smmu.engine().tlb().for_each([&](const smmu::Tlb::Entry& e) {
    const smmu::Tag tag = e.tag();
    text << int{tag.regime} << " " << tag.vmid << " " << tag.asid << " " << int{tag.asid_set} << "\n";
  });
  return text.str();
}

inline bool has_event(const std::string& text, unsigned type, std::uint32_t sid) {
  std::ostringstream word;
  word << std::hex << (std::uint64_t{sid} << 32 | type);
  return text.find("event " + word.str() + " ") != std::string::npos;
}

/// MPAM, with 6 bits of PARTID and 4 of PMG.
inline Features& add_mpam(Features& f) {
  f.Hyp = f.RIL = f.FWB = f.MPAM = true;
  f.BBML = 1;
  f.PARTID_MAX = 0x3f;
  f.PMG_MAX = 0x0f;
  return f;
}

/// What becomes of the bits [high:low].
enum Effect : char {
  same = '-',    ///< IGNORED, RES0, or not visible in what one stream does
  acts = 'E',    ///< what the field says, which can be seen
  illegal = 'I'  ///< C_BAD_STE, C_BAD_CD
};

}  // namespace smmuvp::smmuv3
