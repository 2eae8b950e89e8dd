#include "draw.h"

#include <array>
#include <functional>
#include <initializer_list>

namespace smmuvp::compare {

namespace {

// With what SMMUv3.3 asks for, whose feature they are: the naive model has them there only. Of machines
// without a Secure state.
void draw_ecmdqs(Random& r, smmuv3::Features& f) {
  if (f.SECURE_IMPL || !r.one_in(3)) return;
  smmuv3::Features x = f;
  x.RIL = x.FWB = x.XNX = x.E0PD = x.MSI = x.ecmdq.ECMDQ = true;
  x.HAD = x.S1P;
  x.Hyp = x.S1P && x.S2P;
  x.PTWNNC = x.S2P;
  if (x.BBML == 0) x.BBML = 1;
  x.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP = static_cast<std::uint8_t>(r.below(3));
  x.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ = static_cast<std::uint8_t>(r.below(3));
  x.ecmdq.offset = r.of({0U, 0x20000U, 0x70000U});
  if (!x.window_problem(0).empty()) x.ecmdq.offset = 0;
  if (x.problem() == nullptr && x.version() >= 3) f = x;
}

// Of a half of those machines that are SMMUv3.2 or later, which is a third of all. MPAM_NS is of SMMUv3.3:
// some of those with a Secure state become that.
void draw_mpam(Random& r, smmuv3::Features& f) {
  if (f.version() < 2 || r.one_in(2)) return;
  smmuv3::Features x = f;
  const auto draw_max = [&r](std::initializer_list<std::uint32_t> some, std::uint32_t most) {
    return r.one_in(4) ? static_cast<std::uint32_t>(r.any()) & most >> r.below(most == 0xff ? 8 : 16)
                       : r.of(some);
  };
  const auto draw_PARTID_MAX = [&] {
    return static_cast<std::uint16_t>(draw_max({0, 1, 0x1f, 0x34, 0xff, 0xffff}, 0xffff));
  };
  const auto draw_PMG_MAX = [&] { return static_cast<std::uint8_t>(draw_max({0, 1, 3, 5, 0xff}, 0xff)); };
  x.MPAM = true;
  x.PARTID_MAX = draw_PARTID_MAX();
  x.PMG_MAX = draw_PMG_MAX();
  if (x.SECURE_IMPL) {
    x.S_PARTID_MAX = draw_PARTID_MAX();
    x.S_PMG_MAX = draw_PMG_MAX();
    if (r.one_in(2)) x.E0PD = true, x.PTWNNC = x.S2P;
    x.HAS_MPAM_NS = x.version() >= 3 && !r.one_in(4);
  }
  if (x.problem() == nullptr) f = x;
}

}  // namespace

// Each field is changed from a combination that can be to another one that can be: what is not built, or does
// not go with the others, stays as it is.
smmuv3::Features draw_features(Random& r) {
  using F = smmuv3::Features;
  F f;
  f.CMDQS = f.EVENTQS = 19;
  const std::array<std::function<void(F&)>, 44> changes = {
      [&](F& x) { x.S2P = !r.one_in(5), x.VMID16 = x.VMID16 && x.S2P, x.PTWNNC = x.PTWNNC && x.S2P; },
      [&](F& x) { x.S1P = !r.one_in(8); },
      [&](F& x) {
        if (!r.one_in(4)) return;
        x.S1P = false, x.HAD = false, x.Hyp = false;
        x.S2P = true;
      },
      [&](F& x) { x.TTF = static_cast<std::uint8_t>(1 + r.below(3)); },
      [&](F& x) { x.HTTU = static_cast<std::uint8_t>(r.below(3)); },
      [&](F& x) { x.Hyp = !r.one_in(3); },
      [&](F& x) { x.ASID16 = !r.one_in(3); },
      [&](F& x) { x.MSI = r.one_in(2); },
      [&](F& x) { x.SEV = r.one_in(2); },
      [&](F& x) { x.ATOS = r.one_in(2); },
      [&](F& x) { x.VMID16 = !r.one_in(3) && x.S2P; },
      [&](F& x) { x.TTENDIAN = r.one_in(4) ? static_cast<std::uint8_t>(2 + r.below(2)) : 0; },
      [&](F& x) {
        x.STALL_MODEL = static_cast<std::uint8_t>(r.below(3));
        x.STALL_MAX = static_cast<std::uint16_t>(x.STALL_MODEL == 1 ? 0 : 1 + r.below(4));
      },
      [&](F& x) { x.TERM_MODEL = r.one_in(4); },
      [&](F& x) {
        x.SSIDSIZE = static_cast<std::uint8_t>(r.of({0, 1, 2, 3, 8, 20}));
      },
      [&](F& x) { x.CD2L = r.one_in(2); },
      [&](F& x) { x.ST_LEVEL = static_cast<std::uint8_t>(r.below(2)); },
      [&](F& x) {
        x.SIDSIZE = static_cast<std::uint8_t>(r.of({0, 2, 4, 6, 8, 16, 24, 32}));
      },
      [&](F& x) { x.ATTR_PERMS_OVR = !r.one_in(4); },
      [&](F& x) { x.ATTR_TYPES_OVR = !r.one_in(4); },
      [&](F& x) { x.HAD = !r.one_in(4); },
      [&](F& x) { x.XNX = !r.one_in(4); },
      [&](F& x) { x.FWB = r.one_in(2); },
      [&](F& x) { x.STT = r.one_in(2); },
      [&](F& x) { x.RIL = r.one_in(2); },
      [&](F& x) { x.BBML = static_cast<std::uint8_t>(r.below(3)); },
      [&](F& x) { x.E0PD = r.one_in(2); },
      [&](F& x) { x.PTWNNC = r.one_in(2); },
      [&](F& x) { x.EPAN = r.one_in(2); },
      [&](F& x) { x.GRAN16K = r.one_in(2); },
      [&](F& x) { x.GRAN64K = r.one_in(2); },
      [&](F& x) { x.GRAN4K = !r.one_in(4); },
      [&](F& x) {
        x.OAS = static_cast<std::uint8_t>(r.of({32, 36, 40, 42, 44, 48, 52}));
      },
      [&](F& x) { x.VAX = static_cast<std::uint8_t>(r.below(2)); },
      [&](F& x) { x.VAX = 1, x.DS = true; },
      [&](F& x) { x.VAX = 1, x.GRAN64K = true; },
      [&](F& x) { x.GBPA_ABORT = r.one_in(8); },
      [&](F& x) {
        x.ATS = !r.one_in(3);
        x.NS1ATS = x.ATS && r.one_in(4);
        x.ATSRECERR = x.ATS && !r.one_in(4);
        x.PRI = x.PPS = false;
      },
      [&](F& x) { x.PRI = true; },
      [&](F& x) {
        x.SECURE_IMPL = r.one_in(3) && x.S1P;
        x.SEL2 = x.SECURE_IMPL && r.one_in(2), x.STT = x.STT || x.SEL2;
        x.S_SIDSIZE = static_cast<std::uint8_t>(r.of({0, 2, 4, 6, 8, 16, 24, 32}));
      },
      [&](F& x) { x.SEL2 = x.SECURE_IMPL, x.STT = x.STT || x.SEL2; },
      [&](F& x) {
        if (!x.SECURE_IMPL || !x.S2P) return;
        x.BBML = 1, x.RIL = x.FWB = x.XNX = x.HAD = x.Hyp = x.SEL2 = x.STT = true;
      },
      [&](F& x) { x.PPS = r.one_in(2); },
      [&](F& x) { x.BBML = 1, x.RIL = x.FWB = x.XNX = x.HAD = true, x.Hyp = x.S1P && x.S2P; },
  };
  for (unsigned n = 0; n < 60; ++n) {
    F x = f;
    changes[r.below(changes.size())](x);
    // 6.3.4, 5.2: with Secure EL2 there is STT, and stage 2 of VMSAv8-64
    if (x.SEL2 && (!x.STT || (x.TTF & 2) == 0)) continue;
    if (x.problem() == nullptr) f = x;
  }
  f.PRIQS = f.PRI ? 19 : 0;
  f.VATOS = f.ATOS && f.S1P && f.S2P && !r.one_in(3);
  f.BA_VATOS = f.VATOS ? static_cast<std::uint16_t>(r.below(0x400)) : std::uint16_t{0};
  f.BA_S_VATOS = static_cast<std::uint16_t>((f.BA_VATOS + 1 + r.below(0x3ff)) & 0x3ff);
  // 6.3.6: which Security state takes a place that is free again is nowhere told. All have one.
  if (f.SECURE_IMPL && f.STALL_MODEL != 1) f.STALL_MAX = 64;
  draw_ecmdqs(r, f);
  draw_mpam(r, f);
  return f;
}

naive_smmuv3::Features naive_features(const smmuv3::Features& f) {
  naive_smmuv3::Features n;
  n.ST_LEVEL = f.ST_LEVEL;
  n.TERM_MODEL = f.TERM_MODEL;
  n.STALL_MODEL = f.STALL_MODEL;
  n.TTENDIAN = f.TTENDIAN;
  n.CD2L = f.CD2L;
  n.VMID16 = f.VMID16;
  n.ATOS = f.ATOS;
  n.VATOS = f.VATOS;
  n.BA_VATOS = f.BA_VATOS;
  n.BA_S_VATOS = f.has_vatos(smmuv3::SecSid::secure) ? f.BA_S_VATOS : std::uint16_t{0};
  n.SEV = f.SEV;
  n.ATS = f.ATS;
  n.NS1ATS = f.NS1ATS;
  n.ATSRECERR = f.ATSRECERR;
  n.PRI = f.PRI;
  n.PRIQS = f.PRIQS;
  n.PPS = f.PPS;
  n.MSI = f.MSI;
  n.ASID16 = f.ASID16;
  n.Hyp = f.Hyp;
  n.HTTU = f.HTTU;
  n.COHACC = f.COHACC;
  n.TTF = f.TTF;
  n.S1P = f.S1P;
  n.S2P = f.S2P;
  n.ATTR_TYPES_OVR = f.ATTR_TYPES_OVR;
  n.ATTR_PERMS_OVR = f.ATTR_PERMS_OVR;
  n.CMDQS = f.CMDQS;
  n.EVENTQS = f.EVENTQS;
  n.ECMDQ = f.ecmdq.ECMDQ;
  n.CMDQ_CONTROL_PAGES = {f.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP, f.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ,
                          f.control_pages(smmuv3::SecSid::non_secure, 0)};
  n.SSIDSIZE = f.SSIDSIZE;
  n.SIDSIZE = f.SIDSIZE;
  n.EPAN = f.EPAN;
  n.PTWNNC = f.PTWNNC;
  n.E0PD = f.E0PD;
  n.BBML = f.BBML;
  n.RIL = f.RIL;
  n.STT = f.STT;
  n.FWB = f.FWB;
  n.XNX = f.has_xnx();
  n.HAD = f.HAD && f.S1P;
  n.STALL_MAX = f.STALL_MAX;
  n.VAX = f.VAX;
  n.DS = f.DS;
  n.GRAN4K = f.GRAN4K;
  n.GRAN16K = f.GRAN16K;
  n.GRAN64K = f.GRAN64K;
  n.OAS = f.oas_code();
  n.SECURE_IMPL = f.SECURE_IMPL;
  n.SEL2 = f.SEL2;
  n.S_MSI = f.SECURE_IMPL && f.MSI;
  n.S_SIDSIZE = f.SECURE_IMPL ? f.S_SIDSIZE : 0;
  n.SAMS = f.SECURE_IMPL && f.ATS;
  n.MPAM = f.MPAM;
  n.MPAM_MAX = {f.PARTID_MAX, f.PMG_MAX};
  n.S_MPAM_MAX = {f.S_PARTID_MAX, f.S_PMG_MAX};
  n.HAS_MPAM_NS = f.HAS_MPAM_NS;
  n.S_GBPA_ATTRIBUTES = f.SECURE_IMPL && f.ATTR_TYPES_OVR ? 0x1000 : 0;
  n.GBPA_ABORT = f.GBPA_ABORT;
  n.GBPA_ATTRIBUTES = f.ATTR_TYPES_OVR ? 0x1000 : 0;
  return n;
}

naive_smmuv3::Choices our_choices(const smmuv3::Features& features) {
  naive_smmuv3::Choices c;
  c.wide_access_reaches_both = false;
  c.retries_unrecorded_stalls = false;
  c.resumes_lost_stalls = false;
  c.walk.contiguous_extends_output = false;
  c.waiting_stalls_come_before_retried = true;
  c.retries_unrecorded_stalls_of_both_states = true;
  c.atos_size_is_within_range = true;
  c.mpam_beyond_maximum_is_zero = true;
  c.ats_bypass_shift = features.OAS;
  c.split_request_flags = naive_smmuv3::Choices::SplitFlags::access_and_dirty;
  c.atos_bypass_shift = features.GRAN4K ? 12 : features.GRAN16K ? 14 : 16;
  return c;
}

}  // namespace smmuvp::compare
