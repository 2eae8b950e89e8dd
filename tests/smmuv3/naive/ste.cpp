// SPDX-License-Identifier: MIT
#include "ste.h"

#include "bits.h"

namespace naive_smmuv3 {

// The positions are those of 5.2, bits [63:0] being word 0.
Ste Ste::decode(const Features& features, const std::vector<uint8_t>& bytes, naive::Space stream) {
  uint64_t w[8];
  for (unsigned n = 0; n < 8; n++) w[n] = little_endian(bytes, 8 * n, 8);
  const bool v30 = features.minor_version() == 0;
  Ste s;
  s.secure = stream == naive::Space::secure;
  s.V = bit(w[0], 0);
  s.Config = field(w[0], 3, 1);
  s.S1Fmt = field(w[0], 5, 4);
  s.S1ContextPtr = keep(w[0], 55, 6);
  s.S1CDMax = field(w[0], 63, 59);
  s.S1DSS = field(w[1], 1, 0);
  s.S2FWB = features.FWB && bit(w[1], 89 - 64);
  s.S1STALLD = bit(w[1], 91 - 64);
  s.PPAR = features.PRI && bit(w[1], 82 - 64);
  s.EATS = features.ATS && !s.secure ? field(w[1], 93 - 64, 92 - 64) : 0;
  s.STRW = field(w[1], 95 - 64, 94 - 64);
  s.MemAttr = field(w[1], 99 - 64, 96 - 64);
  s.MTCFG = bit(w[1], 100 - 64);
  s.ALLOCCFG = field(w[1], 104 - 64, 101 - 64);
  s.SHCFG = field(w[1], 109 - 64, 108 - 64);
  s.NSCFG = field(w[1], 111 - 64, 110 - 64);
  s.PRIVCFG = field(w[1], 113 - 64, 112 - 64);
  s.INSTCFG = field(w[1], 115 - 64, 114 - 64);
  s.S2VMID = field(w[2], 15, 0);
  s.S2T0SZ = field(w[2], 165 - 128, 160 - 128);
  s.S2SL0 = field(w[2], 167 - 128, 166 - 128);
  s.S2SH0 = field(w[2], 173 - 128, 172 - 128);
  s.S2TG = field(w[2], 175 - 128, 174 - 128);
  s.S2PS = field(w[2], 178 - 128, 176 - 128);
  s.S2AA64 = bit(w[2], 179 - 128);
  s.S2ENDI = bit(w[2], 180 - 128);
  s.S2AFFD = bit(w[2], 181 - 128);
  s.S2PTW = bit(w[2], 182 - 128);
  s.S2HD = bit(w[2], 183 - 128);
  s.S2HA = bit(w[2], 184 - 128);
  s.S2S = bit(w[2], 185 - 128);
  s.S2R = bit(w[2], 186 - 128);
  // S2DS and S2SL0_2 are RES0 without IDR5.DS, for LPAE, and S2DS for 64 KiB granules; S2SL0_2 counts with
  // S2DS and 4 KiB only (S2SL0)
  if (s.secure) s.S_S2TG = field(w[4], 303 - 256, 302 - 256);
  const bool kb64 = s.S2TG == 0b01 || (s.secure && s.S_S2TG == 0b01);
  const bool ds_applies = features.DS && s.S2AA64 && !kb64;
  s.S2DS = ds_applies && bit(w[3], 195 - 192);
  s.S2SL0_2 = s.S2DS && s.S2TG == 0b00 && bit(w[3], 194 - 192);
  // S2TTB: bits [51:4] of the address, [47:4] in SMMUv3.0; the rest is RES0
  s.S2TTB = keep(w[3], v30 ? 47 : 51, 4);
  // RES0 where the state has no MPAM
  if (features.mpam_supported(stream)) {
    s.S1MPAM = bit(w[1], 90 - 64);
    s.PARTID = field(w[4], 287 - 256, 272 - 256);
    s.PMG = field(w[5], 327 - 320, 320 - 320);
    s.MPAM_NS = s.secure && features.HAS_MPAM_NS && bit(w[5], 328 - 320);
    s.VMSPtr = keep(w[5], 375 - 320, 332 - 320);
  }
  // 5.2 S2NSW and others: RES0 in a Non-secure STE
  if (s.secure) {
    s.S2NSW = bit(w[3], 192 - 192);
    s.S2NSA = bit(w[3], 193 - 192);
    s.S_S2T0SZ = field(w[4], 293 - 256, 288 - 256);
    s.S_S2SL0 = field(w[4], 295 - 256, 294 - 256);
    s.S2SW = bit(w[6], 384 - 384);
    s.S2SA = bit(w[6], 385 - 384);
    s.S_S2SL0_2 = s.S2DS && s.S_S2TG == 0b00 && bit(w[6], 386 - 384);
    s.S_S2TTB = keep(w[6], v30 ? 47 : 51, 4);
  }
  return s;
}

Overrides Ste::overrides() const {
  // 5.2 NSCFG: ignored in the Non-secure Stream table
  return {MTCFG, MemAttr, ALLOCCFG, SHCFG, secure ? NSCFG : 0, PRIVCFG, INSTCFG, true};
}

bool ignores_strw(const Features& features, const Ste& ste) {
  if (!features.S1P) return true;
  if (!ste.secure && !features.Hyp) return true;
  if (ste.stage2()) return true;
  return ste.Config == 0b100;
}

StreamWorld stream_world(const Features& features, const Ste& ste, bool E2H) {
  if (ignores_strw(features, ste) || ste.STRW == 0b00) return StreamWorld::el1;
  if (ste.secure && ste.STRW == 0b01) return StreamWorld::el3;
  return E2H ? StreamWorld::el2_e2h : StreamWorld::el2;
}

bool substreams_enabled(const Features& features, const Ste& ste) {
  return ste.stage1() && features.SSIDSIZE != 0 && ste.S1CDMax != 0;
}

namespace {

unsigned log2_granule(unsigned S2TG) {
  static constexpr unsigned sizes[] = {12, 16, 14, 0};
  return sizes[S2TG];
}

// IgnoreSTES2VMID(), 5.2.2
bool ignores_s2vmid(const Features& features, const Ste& ste) {
  if (!ste.translates()) return true;
  if (ste.secure ? !features.SEL2 : !features.S2P) return true;
  if (ste.Config == 0b100) return true;
  if (ste.STRW != 0 && !ignores_strw(features, ste)) return true;
  return ste.secure && ste.Config == 0b101;
}

struct Range {
  unsigned low = 0, high = 0;
};

// STES2T0SZInvalid(), 5.2.2
Range s2t0sz_range(const Features& features, const Ste& ste, unsigned S2TG) {
  const bool kb64 = log2_granule(S2TG) == 16;
  Range range;
  range.high = !features.STT ? 39 : kb64 ? 47 : 48;
  const unsigned by_ias = 64 - features.ias_bits();
  unsigned floor = 16;
  if (kb64 || ste.S2DS) floor = 12;
  if (features.minor_version() == 0) floor = 0;
  range.low = by_ias > floor ? by_ias : floor;
  return range;
}

bool s2t0sz_out_of_range(const Features& features, const Ste& ste, unsigned S2TG, unsigned S2T0SZ) {
  const Range range = s2t0sz_range(features, ste, S2TG);
  return S2T0SZ < range.low || S2T0SZ > range.high;
}

// STES2TTBOutOfRange(): 5.2 S2TTB
bool s2ttb_out_of_range(const Features& features, const Ste& ste, unsigned S2TG, uint64_t S2TTB) {
  unsigned limit = ste.S2AA64 ? features.effective_output_bits(ste.S2PS) : 40;
  if (ste.S2AA64 && log2_granule(S2TG) != 16 && !ste.S2DS && limit > 48) limit = 48;
  return beyond(S2TTB, limit);
}

// STES1ContextPtrOutOfRange(): 3.4.3 (1), (2)
bool s1contextptr_out_of_range(const Features& features, const Choices& choices, const Ste& ste) {
  if (ste.stage2()) {
    return choices.s1contextptr_beyond_ias_is_bad && beyond(ste.S1ContextPtr, features.ias_bits());
  }
  const bool bad =
      features.minor_version() >= 1 || choices.s1contextptr_beyond_oas_v30 == Choices::Beyond::bad_structure;
  return bad && beyond(ste.S1ContextPtr, features.oas_bits());
}

// 5.2 STRW
bool strw_illegal(const Features& features, const Ste& ste) {
  if (!ste.secure) return (ste.STRW & 1) != 0;
  return ste.STRW == 0b11 || (ste.STRW == 0b10 && !features.SEL2);
}

bool stage1_illegal(const Features& features, const Choices& choices, const Ste& ste) {
  if (ste.S1STALLD && features.STALL_MODEL != 0) return true;
  if (features.SSIDSIZE != 0) {
    if (ste.S1CDMax > features.SSIDSIZE) return true;
    if (ste.S1CDMax != 0 && !features.CD2L && (ste.S1Fmt == 0b01 || ste.S1Fmt == 0b10)) return true;
  }
  return s1contextptr_out_of_range(features, choices, ste);
}

// "Secure version" of the checks of the tables, 5.2.2
bool secure_tables_illegal(const Features& features, const Choices& choices, const Ste& ste) {
  if (!features.granule_supported(log2_granule(ste.S_S2TG))) return true;
  if (s2ttb_out_of_range(features, ste, ste.S_S2TG, ste.S_S2TTB)) return true;
  if (s2t0sz_out_of_range(features, ste, ste.S_S2TG, ste.S_S2T0SZ)) return true;
  naive::Configuration configuration = walker(features, choices);
  configure_stage2(features, ste, configuration);
  const naive::Stage2_64 tables =
      naive::stage2_of_ipa(std::get<naive::Stage2_64>(configuration.stage2), naive::Space::secure);
  return !naive::stage2_start(configuration.system, configuration.choices, tables).has_value();
}

bool stage2_illegal(const Features& features, const Choices& choices, const Ste& ste) {
  const bool lpae = !ste.S2AA64;
  if (ste.secure && (!features.SEL2 || lpae)) return true;
  if (lpae && ste.S2FWB) return true;
  if (ste.S2S && features.STALL_MODEL == 1) return true;
  if (!ste.S2S && features.STALL_MODEL == 2) return true;
  if (lpae && !features.lpae_tables()) return true;
  if (!lpae && !features.vmsa64_tables()) return true;
  if ((ste.S2HA || ste.S2HD) && (lpae || features.HTTU == 0)) return true;
  if (ste.S2HD && features.HTTU == 1) return true;
  if (!lpae && !features.granule_supported(log2_granule(ste.S2TG))) return true;
  if (s2ttb_out_of_range(features, ste, ste.S2TG, ste.S2TTB)) return true;
  const bool t0sz_checked = features.minor_version() >= 1 || choices.s2t0sz_out_of_range_is_illegal_v30;
  if (!lpae && t0sz_checked && s2t0sz_out_of_range(features, ste, ste.S2TG, ste.S2T0SZ)) return true;
  // STEWalkConfigInconsistentAA32(), STEWalkConfigInconsistentAA64(): the VMSA decides
  naive::Configuration configuration = walker(features, choices);
  configure_stage2(features, ste, configuration);
  if (const auto* ld = std::get_if<naive::Stage2_LD>(&configuration.stage2)) {
    if (!naive::stage2_start(*ld).has_value()) return true;
  } else {
    const auto& vmsa64 = std::get<naive::Stage2_64>(configuration.stage2);
    if (!naive::stage2_start(configuration.system, configuration.choices, vmsa64).has_value()) return true;
    if (ste.secure && secure_tables_illegal(features, choices, ste)) return true;
  }
  if (features.TTENDIAN == 0b10 && ste.S2ENDI) return true;
  return features.TTENDIAN == 0b11 && !ste.S2ENDI;
}

}  // namespace

std::optional<unsigned> vmid_tag(const Features& features, const Ste& ste) {
  if (!ignores_s2vmid(features, ste)) return ste.S2VMID;
  // Stage 1 of the Secure StreamWorld alone: tagged with 0
  const bool el1 = ste.STRW == 0 || ignores_strw(features, ste);
  if (ste.secure && features.SEL2 && ste.Config == 0b101 && el1) return 0u;
  return std::nullopt;
}

// 5.2 EATS
static bool eats_illegal(const Features& features, const Choices& choices, const Ste& ste) {
  if (ste.Config == 0b100) return false;
  if (ste.EATS == 0b10) return ste.Config != 0b111 || ste.S2S || features.NS1ATS;
  const bool checked =
      ste.stage2() || (features.minor_version() == 0 && choices.eats_with_s2s_is_illegal_v30);
  return ste.EATS == 0b01 && ste.S2S && checked;
}

bool ste_illegal(const Features& features, const Choices& choices, const Ste& ste) {
  if (!ste.V) return true;
  if (!ste.translates()) return false;
  if (eats_illegal(features, choices, ste)) return true;
  if (ste.stage1() && !features.S1P) return true;
  if (ste.stage2() && !features.S2P) return true;
  if (!ignores_strw(features, ste) && strw_illegal(features, ste)) return true;
  if (ste.stage1() && stage1_illegal(features, choices, ste)) return true;
  if (ste.stage2() && stage2_illegal(features, choices, ste)) return true;
  if (vms_enabled(features, ste) && beyond(ste.VMSPtr, features.oas_bits())) return true;
  return !ignores_s2vmid(features, ste) && !features.VMID16 && (ste.S2VMID >> 8) != 0;
}

naive::Configuration walker(const Features& features, const Choices& choices) {
  naive::Configuration configuration;
  configuration.system.PAMax = features.oas_bits();
  configuration.system.have_52bit_va = features.VAX >= 1;
  configuration.system.TTST = features.STT;
  configuration.system.have_aarch32 = features.lpae_tables();
  configuration.choices = choices.walk;
  return configuration;
}

void configure_stage2(const Features& features, const Ste& ste, naive::Configuration& configuration) {
  if (!ste.S2AA64) {
    naive::Stage2_LD ld;
    // 5.2 S2T0SZ: four bits, -8 to 7
    const int T0SZ = int(ste.S2T0SZ & 0xF);
    ld.T0SZ = T0SZ >= 8 ? T0SZ - 16 : T0SZ;
    ld.SL0 = ste.S2SL0;
    ld.VTTBR = ste.S2TTB;
    ld.PTW = ste.S2PTW;
    ld.AFFD = ste.S2AFFD;
    ld.EE = ste.S2ENDI;
    ld.XNX = features.XNX;
    configuration.stage2 = ld;
    return;
  }
  naive::Stage2_64 s2;
  s2.T0SZ = ste.S2T0SZ;
  // 5.2 S2T0SZ, SMMUv3.0: an out-of-range value that is not ILLEGAL is clamped
  if (features.minor_version() == 0) {
    const Range range = s2t0sz_range(features, ste, ste.S2TG);
    if (s2.T0SZ < range.low) s2.T0SZ = range.low;
    if (s2.T0SZ > range.high) s2.T0SZ = range.high;
  }
  s2.TG0 = ste.S2TG;
  s2.SL0 = ste.S2SL0;
  s2.SL2 = ste.S2SL0_2;
  s2.SH0 = ste.S2SH0;
  s2.PS = ste.S2PS;
  auto vttbr = [&](unsigned S2TG, uint64_t S2TTB) {
    const bool kb64_52bit = log2_granule(S2TG) == 16 && features.oas_bits() >= 52 && ste.S2PS >= 0b110;
    return naive::ttbr_of_address(S2TTB, ste.S2DS || kb64_52bit);
  };
  s2.VTTBR = vttbr(ste.S2TG, ste.S2TTB);
  s2.HA = ste.S2HA;
  s2.HD = ste.S2HD;
  s2.AFFD = ste.S2AFFD;
  s2.PTW = ste.S2PTW;
  s2.FWB = ste.S2FWB;
  s2.DS = ste.S2DS;
  s2.EE = ste.S2ENDI;
  s2.XNX = features.XNX;
  if (ste.secure) {  // 3.10.2.2
    naive::Stage2_64::Secure& secure = s2.secure.emplace();
    secure.T0SZ = ste.S_S2T0SZ;
    secure.TG0 = ste.S_S2TG;
    secure.SL0 = ste.S_S2SL0;
    secure.SL2 = ste.S_S2SL0_2;
    secure.VTTBR = vttbr(ste.S_S2TG, ste.S_S2TTB);
    secure.SW = ste.S2SW;
    secure.SA = ste.S2SA;
    secure.NSW = ste.S2NSW;
    secure.NSA = ste.S2NSA;
  }
  configuration.stage2 = s2;
}

}  // namespace naive_smmuv3
