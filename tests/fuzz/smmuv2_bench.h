// What the driver of an SMMUv2 core (smmuv2_driver.h) works with and keeps between inputs: memory, and an
// SMMU for each set of features, since making one takes longer than most inputs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "fuzz_memory.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2 {

/// The bits of an input that choose features; none is the default.
using FeatureBits = std::uint16_t;

inline Features features_of(FeatureBits bits) {
  Features f;
  f.NUMCB = 8;
  f.NUMSMRG = 8;
  f.NUMPAGENDXB = 3;
  f.CBNDX_bits = 8;
  f.HAFDBS = 0;
  f.EXIDS = f.DIPANS = f.HADS = f.VMID16S = false;
  // One by one: what is not legal with those before is left out.
  unsigned at = 0;
  const auto want = [&](auto change) {
    if ((bits >> at++ & 1U) == 0) return;
    Features changed = f;
    change(changed);
    if (changed.problem() == nullptr) f = changed;
  };
  want([](Features& n) { n.SES = true; });
  want([](Features& n) { n.SSDTP = 1, n.NUMSSDNDXB = 6; });
  want([](Features& n) { n.HAFDBS = 3; });
  want([](Features& n) { n.EXIDS = true; });
  want([](Features& n) { n.DIPANS = n.HADS = n.VMID16S = true; });
  want([](Features& n) { n.NUMS2CB = 3; });
  want([](Features& n) { n.NUMIRPT = 4; });
  want([](Features& n) { n.stalls = n.GSE = false; });
  want([](Features& n) { n.NTS = false; });
  want([](Features& n) { n.SMS = false, n.NUMSIDB = 4; });
  want([](Features& n) { n.OAS = n.IAS = n.UBS = 40; });
  want([](Features& n) { n.UBS = 64; });
  want([](Features& n) { n.mmu500_registers = true; });
  want([](Features& n) { n.counter_groups = 2, n.CGNC = 3; });
  want([](Features& n) { n.PAGESIZE = true; });
  return f;
}

/// Small caches, so that entries go often.
inline Structures structures_of(bool timing) {
  Structures s;
  s.tlb_sets = 4;
  s.tlb_ways = 2;
  s.micro_tlb_geometry = {1, 1};
  s.walk_cache_sets = s.ipa_cache_sets = 2;
  s.walk_cache_ways = s.ipa_cache_ways = 2;
  s.port = s.micro_tlb = s.link = s.tlb = {3, 3, 2};
  s.walk_cache = s.ipa_cache = s.walk_port = {3, 3, 2};
  s.walker = {5, 0, 2};
  s.maintenance = {7, 7, 1};
  s.timing = timing;
  return s;
}

/// An SMMU, and another for comparisons.
class FuzzSmmu {
 public:
  FuzzSmmu(FeatureBits bits, bool timing)
      : m_bits(bits),
        m_timing(timing),
        m_features(features_of(bits)),
        m_structures(structures_of(timing)),
        m_smmu(m_features, m_structures, "fuzz") {}
  bool is(FeatureBits bits, bool timing) const { return m_bits == bits && m_timing == timing; }
  Smmu& smmu() { return m_smmu; }
  Smmu& twin() {
    if (!m_twin) m_twin = std::make_unique<Smmu>(m_features, m_structures, "twin");
    return *m_twin;
  }
  /// It has loaded what no SMMU has saved: not to be used again.
  void spoil() { m_spoilt = true; }
  bool spoilt() const { return m_spoilt; }

 private:
  FeatureBits m_bits;
  bool m_timing;
  Features m_features;
  Structures m_structures;
  Smmu m_smmu;
  bool m_spoilt = false;
  std::unique_ptr<Smmu> m_twin;
};

/// What inputs that follow one another share. Nothing of one can be seen by the next.
class FuzzBench {
 public:
  smmu::FuzzMemory memory;

  /// An SMMU as new. Lasts until the next call.
  FuzzSmmu& smmu(FeatureBits bits, bool timing) {
    auto& place = m_smmus[((bits * 0x9e37U >> 8U) ^ (timing ? 1U : 0U)) & (m_smmus.size() - 1)];
    if (place && place->is(bits, timing) && !place->spoilt()) {
      place->smmu().renew();
    } else {
      place = std::make_unique<FuzzSmmu>(bits, timing);
    }
    return *place;
  }

 private:
  std::array<std::unique_ptr<FuzzSmmu>, 256> m_smmus;  // bounds what all of them take
};

}  // namespace smmuvp::smmuv2
