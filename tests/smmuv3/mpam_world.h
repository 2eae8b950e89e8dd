// Streams with MPAM labels around an SMMUv3 core, and what its own accesses are labelled with.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "secure_world.h"

namespace smmuvp::smmu {

inline void PrintTo(const MpamLabel& label, std::ostream* to) {
  *to << "PARTID " << label.partid << ", PMG " << unsigned{label.pmg} << ", space "
      << static_cast<int>(label.space);
}

}  // namespace smmuvp::smmu

namespace smmuvp::smmuv3 {

using smmu::MpamLabel;

inline Features with_mpam() {
  Features f;
  f.Hyp = f.RIL = f.FWB = f.MPAM = true;
  f.BBML = 1;
  f.PARTID_MAX = 0x34;
  f.PMG_MAX = 0x0f;
  return f;
}
inline Features with_secure_mpam() {
  Features f = with_mpam();
  f.SECURE_IMPL = f.SEL2 = f.E0PD = f.PTWNNC = f.HAS_MPAM_NS = true;
  f.S_PARTID_MAX = 0x1f;
  f.S_PMG_MAX = 0x03;
  return f;
}

inline MpamLabel label(unsigned PARTID, unsigned PMG, AddressSpace space = AddressSpace::non_secure) {
  return {static_cast<std::uint8_t>(PMG), space, static_cast<std::uint16_t>(PARTID)};
}

// Fields by their bits (5.2, 5.4, 6.3.42, 6.3.43).
constexpr std::uint32_t MPAMIDR = 0x130, GMPAM = 0x138, GBPMPAM = 0x13c, Update = 1U << 31;
constexpr std::uint32_t S_MPAMIDR = 0x8130, S_GMPAM = 0x8138, S_GBPMPAM = 0x813c, MPAM_NS = 1U << 24;
constexpr std::uint32_t gmpam(unsigned PARTID, unsigned PMG) { return Update | PMG << 16 | PARTID; }
inline Structure ste_labelled(Structure s, unsigned PARTID, unsigned PMG, bool S1MPAM = false) {
  return s.set(272, 16, PARTID).set(320, 8, PMG).set(90, 1, S1MPAM);
}
inline Structure cd_labelled(Structure s, unsigned PARTID, unsigned PMG) {
  return s.set(352, 16, PARTID).set(368, 8, PMG);
}
inline Structure with_vms(Structure s, std::uint64_t VMSPtr) { return s.set(332, 44, VMSPtr >> 12); }

constexpr std::uint64_t cfgi_ste(std::uint32_t sid) { return 0x03 | std::uint64_t{sid} << 32; }
constexpr std::uint64_t cfgi_vms_pidm(std::uint16_t vmid) { return 0x07 | std::uint64_t{vmid} << 32; }
constexpr std::uint64_t cfgi_all = 0x04;  // with Range 31 in the second word

/// What of `seen` is for a purpose.
inline std::vector<MpamLabel> labels_of(const std::vector<smmu::MemoryOp>& seen, const std::string& purpose) {
  std::vector<MpamLabel> found;
  for (const smmu::MemoryOp& op : seen) {
    if (purpose == op.purpose) found.push_back(op.mpam);
  }
  return found;
}
inline std::vector<MpamLabel> times(std::size_t n, const MpamLabel& l) {
  return std::vector<MpamLabel>(n, l);
}

/// Streams with a page at `va`.
class MpamWorld : public Stage2World {
 public:
  static constexpr std::uint64_t va = 0x4000;
  static constexpr std::uint64_t ipa = 0x7000'0000;
  static constexpr std::uint64_t page = 0x9000'0000;
  static constexpr std::uint64_t vms = 0x6000'0000;

  explicit MpamWorld(const Features& features = with_mpam()) : Stage2World(features) { memory.seen = &seen; }

  /// By stage 1. @param STE, CD  PARTID and PMG
  void stage1(std::uint32_t sid, const MpamLabel& STE, const MpamLabel& CD, bool S1MPAM) {
    pgtable::Builder& b = space();
    ASSERT_TRUE(b.map(va, page, 0x1000));
    put(cd_address(sid), cd_labelled(cd_for(b.config(), static_cast<std::uint16_t>(sid)), CD.partid, CD.pmg));
    put_ste(sid, ste_labelled(ste_stage1(cd_address(sid)), STE.partid, STE.pmg, S1MPAM));
  }
  void stage2(std::uint32_t sid, const MpamLabel& STE, bool S1MPAM = false) {
    pgtable::Builder& ipas = ipa_space();
    ASSERT_TRUE(ipas.map(va, page, 0x1000));
    put_ste(sid, ste_labelled(ste_stage2(ipas.config().stage2, static_cast<std::uint16_t>(sid)), STE.partid,
                              STE.pmg, S1MPAM));
  }
  /// By both stages. @return stage 1
  pgtable::Builder& nested(std::uint32_t sid, const MpamLabel& STE, const MpamLabel& CD, bool S1MPAM,
                           std::uint16_t vmid = 7, std::uint64_t VMSPtr = vms) {
    pgtable::Builder& ipas = guest();
    EXPECT_TRUE(ipas.map(ipa, page, 0x1000));
    pgtable::Builder& vas = nested_stream(sid, ipas, vmid, static_cast<std::uint16_t>(sid));
    EXPECT_TRUE(vas.map(va, ipa, 0x1000));
    put(cd_address(sid),
        cd_labelled(cd_for(vas.config(), static_cast<std::uint16_t>(sid)), CD.partid, CD.pmg));
    const Structure s = ste_nested(ipa_of(cd_address(sid)), ipas.config().stage2, vmid);
    put_ste(sid, with_vms(ste_labelled(s, STE.partid, STE.pmg, S1MPAM), VMSPtr));
    return vas;
  }
  /// PARTID_MAP[index] of the VMS.
  void map(unsigned index, unsigned PARTID, std::uint64_t at = vms) {
    memory.write(at + 2 * index, PARTID, 2);
  }

  /// From the tables, from the TBU, and by the main TLB.
  void expect_label(std::uint32_t sid, const MpamLabel& expected, std::uint64_t address = va) {
    for (unsigned n = 0; n < 3; ++n) {
      const smmu::AccessAnswer a = access(sid, address);
      ASSERT_EQ(a.outcome, smmu::Outcome::forward) << "stream " << sid;
      EXPECT_EQ(a.mpam, expected) << "access " << n << " of stream " << sid;
    }
    smmu::AccessRequest r = request(sid, address);
    r.attributes.memory = 0xbb;  // no finished answer serves it
    Access object(smmu, r);
    finish(object);
    EXPECT_EQ(object.answer().mpam, expected) << "by the main TLB";
  }
  std::size_t fetches(const std::string& purpose) const { return labels_of(seen, purpose).size(); }

  std::vector<smmu::MemoryOp> seen;
};

}  // namespace smmuvp::smmuv3
