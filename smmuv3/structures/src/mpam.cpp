#include "smmuvp/smmuv3/mpam.h"

namespace smmuvp::smmuv3 {

MpamSpace MpamSpace::of(const Features& f, SecSid sec_sid, bool MPAM_NS) {
  MpamSpace s;
  if (!f.MPAM) return s;
  if (sec_sid == SecSid::non_secure || (f.HAS_MPAM_NS && MPAM_NS)) {
    s.PARTID_MAX = f.PARTID_MAX;
    s.PMG_MAX = f.PMG_MAX;
  } else {
    s.PARTID_MAX = f.S_PARTID_MAX;
    s.PMG_MAX = f.S_PMG_MAX;
    s.space = smmu::AddressSpace::secure;
  }
  return s;
}

}  // namespace smmuvp::smmuv3
