// What the driver of an SMMUv3 core (smmuv3_driver.h) works with and keeps between inputs: memory, and an
// SMMU for each set of features, since making one takes longer than most inputs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "fuzz_memory.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

using smmu::FuzzMemory;

/// The bytes of an input that choose features; each bit wants one, and none is the default.
using FeatureBytes = std::array<std::uint8_t, 8>;

/// The second of them from any byte: one value for each meaning, so that few SMMUs are made.
inline std::uint8_t second_feature_byte(std::uint8_t any) {
  unsigned b = (any & 3U) != 0 ? 1 | (any & 4U) : 0;  // stage 2, with 16-bit VMIDs
  const unsigned model = any >> 3 & 3U;
  if (model != 0) b |= (model == 3 ? 1U : model) << 3 | (any & 32U);
  return static_cast<std::uint8_t>(b);
}

/// Formats of tables that belong together, as tests of walks have them.
inline void add_formats(FeatureBytes& b, std::uint8_t formats) {
  const auto add = [&](unsigned at, unsigned byte, unsigned bits) {
    if ((formats >> at & 1U) != 0) b[byte] = static_cast<std::uint8_t>(b[byte] | bits);
  };
  add(0, 2, 0x02);  // HTTU
  add(1, 2, 0x0c);  // GRAN16K, GRAN64K
  add(1, 3, 0xcc);  // FWB, STT, E0PD, PTWNNC
  add(1, 4, 0x01);  // EPAN
  add(2, 0, 0x08);  // HAD, which 52 bits need
  add(2, 2, 0xc0);  // VAX, OAS 52
  add(2, 4, 0x02);  // DS
  add(3, 2, 0x20);  // TTF 3
  add(4, 4, 0x80);  // TTF 1
}

inline Features features_of(const FeatureBytes& b) {
  Features f;
  f.OAS = 48;
  f.TTENDIAN = f.TERM_MODEL = f.HAD = f.ASID16 = f.S2P = f.VMID16 = false;
  f.CMDQS = f.EVENTQS = 4;
  // One by one: what is not legal with those before, or not built, is left out.
  const auto want = [&f](bool wanted, auto change) {
    if (!wanted) return;
    Features changed = f;
    change(changed);
    if (changed.problem() == nullptr) f = changed;
  };
  const auto bit = [&b](unsigned byte, unsigned at) { return (b[byte] >> at & 1U) != 0; };
  want(bit(0, 0), [](Features& n) { n.OAS = 32; });
  want(bit(0, 1), [](Features& n) { n.TTENDIAN = 2; });
  want(bit(0, 2), [](Features& n) { n.TERM_MODEL = true; });
  want(bit(0, 3), [](Features& n) { n.HAD = true; });
  want(bit(0, 4), [](Features& n) { n.ASID16 = true; });
  want(bit(1, 0), [](Features& n) { n.S2P = true; });
  want(bit(1, 2), [](Features& n) { n.VMID16 = true; });
  const unsigned model = b[1] >> 3 & 3U;
  want(model != 0, [&](Features& n) {
    n.STALL_MODEL = model == 2 ? 2 : 0;
    n.STALL_MAX = bit(1, 5) ? 4 : 1;
  });
  want(bit(0, 4), [](Features& n) { n.ATS = n.ATSRECERR = true; });
  want(bit(2, 0), [](Features& n) { n.HTTU = 1; });
  want(bit(2, 1), [](Features& n) { n.HTTU = 2; });
  want(bit(2, 2), [](Features& n) { n.GRAN16K = true; });
  want(bit(2, 3), [](Features& n) { n.GRAN64K = true; });
  want(bit(2, 4), [](Features& n) { n.GRAN4K = false; });
  want(bit(2, 5), [](Features& n) { n.TTF = 3; });
  want(bit(4, 1), [](Features& n) { n.DS = true, n.VAX = 1; });
  want(bit(2, 6), [](Features& n) { n.VAX = 1; });
  want(bit(2, 7), [](Features& n) { n.OAS = 52; });
  want(bit(3, 0), [](Features& n) { n.SSIDSIZE = 4; });
  want(bit(3, 0), [](Features& n) { n.PASIDTT = true; });
  want(true, [](Features& n) { n.PRI = true, n.PRIQS = 2; });  // with ATS
  want(bit(3, 1), [](Features& n) { n.PPS = true; });
  want(bit(3, 1), [](Features& n) { n.CD2L = true; });
  want(bit(3, 2), [](Features& n) { n.FWB = true; });
  want(bit(3, 3), [](Features& n) { n.STT = true; });
  want(bit(3, 4), [](Features& n) { n.RIL = true; });
  want(bit(3, 5), [](Features& n) { n.BBML = 2; });
  want(bit(3, 6), [](Features& n) { n.E0PD = true; });
  want(bit(3, 7), [](Features& n) { n.PTWNNC = true; });
  want(bit(4, 0), [](Features& n) { n.EPAN = true; });
  want(bit(4, 2), [](Features& n) { n.MSI = true; });
  want(bit(4, 3), [](Features& n) { n.ATOS = true; });
  want(bit(4, 4), [](Features& n) { n.XNX = false; });
  want(bit(4, 5), [](Features& n) { n.TTENDIAN = 3; });
  want(bit(4, 6), [](Features& n) { n.Hyp = true; });
  want(bit(4, 7), [](Features& n) { n.TTF = 1; });
  want(bit(5, 0), [](Features& n) { n.SIDSIZE = 6, n.ST_LEVEL = 0; });
  want(bit(5, 1), [](Features& n) { n.SIDSIZE = 32; });
  want(bit(5, 2), [](Features& n) { n.ATTR_PERMS_OVR = false; });
  want(bit(5, 3), [](Features& n) { n.ATTR_TYPES_OVR = false; });
  want(bit(5, 4), [](Features& n) { n.GBPA_ABORT = true; });
  want(bit(5, 5), [](Features& n) { n.CMDQS = 0; });
  want(bit(5, 6), [](Features& n) { n.EVENTQS = 0; });
  want(bit(5, 7), [](Features& n) { n.S1P = false; });
  want(bit(6, 0), [](Features& n) { n.pmcg.counters = 4; });
  want(bit(6, 1), [](Features& n) { n.pmcg.RELOC_CTRS = false; });
  want(bit(6, 2), [](Features& n) { n.pmcg.bits = 64; });
  want(bit(6, 3), [](Features& n) { n.pmcg.SID_FILTER_TYPE = true; });
  want(bit(6, 4), [](Features& n) { n.pmcg.MSI = true; });
  want(bit(6, 5), [](Features& n) { n.pmcg.CAPTURE = false; });
  want(bit(6, 6), [](Features& n) { n.VATOS = n.ATOS = true, n.BA_VATOS = 4, n.BA_S_VATOS = 5; });
  want(bit(7, 0) || bit(7, 1), [](Features& n) { n.SECURE_IMPL = true; });
  want(bit(7, 1), [](Features& n) {
    n.SEL2 = n.HAD = n.Hyp = n.RIL = n.FWB = true;
    if (n.BBML == 0) n.BBML = 1;
  });
  want(bit(7, 2), [](Features& n) { n.S_SIDSIZE = 2; });
  want(bit(7, 3), [](Features& n) {
    n.ecmdq.ECMDQ = n.MSI = true;
    n.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP = n.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ = 1;
  });
  want(bit(7, 4), [](Features& n) {
    n.s_ecmdq.ECMDQ = n.MSI = true;
    n.s_ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ = 1;
  });
  return f;
}

/// Small caches, so that entries go often.
inline Structures structures_of(const FeatureBytes& b) {
  Structures s;
  s.tlb_sets = 4;
  s.tlb_ways = 2;
  s.ste_sets = s.cd_sets = 2;
  s.ste_ways = s.cd_ways = 2;
  s.event_buffer = 4;
  s.page_request_buffer = 2;
  s.event_merge_window = 100;
  s.atc_timeout = 500;
  s.micro_tlb_geometry = {1, 1};
  s.walk_cache_sets = s.ipa_cache_sets = 2;
  s.walk_cache_ways = s.ipa_cache_ways = 2;
  s.port = s.micro_tlb = s.link = s.tlb = s.config = {3, 3, 2};
  s.walk_cache = s.ipa_cache = s.walk_port = {3, 3, 2};
  s.walker = {5, 0, 2};
  s.timing = (b[0] & 32) != 0;
  return s;
}

inline std::vector<std::uint8_t> saved(Smmu& smmu) {
  ArchiveWriter a;
  smmu.visit(a);
  return a.data();
}

/// An SMMU, and another for comparisons.
class FuzzSmmu {
 public:
  explicit FuzzSmmu(const FeatureBytes& choice)
      : m_choice(choice),
        m_features(features_of(choice)),
        m_structures(structures_of(choice)),
        m_smmu(m_features, m_structures, "fuzz") {
    m_smmu.interface().atc_messages().connect(true);
  }
  const FeatureBytes& choice() const { return m_choice; }
  Smmu& smmu() { return m_smmu; }
  Smmu& twin() {
    if (!m_twin) {
      m_twin = std::make_unique<Smmu>(m_features, m_structures, "twin");
      m_twin->interface().atc_messages().connect(true);
    }
    return *m_twin;
  }
  /// It has loaded what no SMMU has saved: not to be used again.
  void spoil() { m_spoilt = true; }
  bool spoilt() const { return m_spoilt; }

 private:
  FeatureBytes m_choice;
  Features m_features;
  Structures m_structures;
  Smmu m_smmu;
  bool m_spoilt = false;
  std::unique_ptr<Smmu> m_twin;
};

/// What inputs that follow one another share. Nothing of one can be seen by the next.
class FuzzBench {
 public:
  FuzzMemory memory;

  /// An SMMU as new. Lasts until the next call.
  FuzzSmmu& smmu(const FeatureBytes& choice) {
    std::uint32_t hash = 0;
    for (const std::uint8_t b : choice) hash = (hash ^ b) * 0x0100'0193U;
    auto& place = m_smmus[(hash ^ hash >> 16) & (m_smmus.size() - 1)];
    if (place && place->choice() == choice && !place->spoilt()) {
      place->smmu().renew();
    } else {
      place = std::make_unique<FuzzSmmu>(choice);
    }
    return *place;
  }

 private:
  std::array<std::unique_ptr<FuzzSmmu>, 1024> m_smmus;  // bounds what all of them take
};

}  // namespace smmuvp::smmuv3
