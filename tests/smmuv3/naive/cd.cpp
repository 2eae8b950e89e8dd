// SPDX-License-Identifier: MIT
#include "cd.h"

#include "bits.h"

namespace naive_smmuv3 {

// The positions are those of 5.4, bits [63:0] being word 0.
Cd Cd::decode(const Features& features, const std::vector<uint8_t>& bytes) {
  static constexpr unsigned tg0[] = {12, 16, 14, 0};
  static constexpr unsigned tg1[] = {0, 14, 12, 16};
  uint64_t w[8];
  for (unsigned n = 0; n < 8; n++) w[n] = little_endian(bytes, 8 * n, 8);
  // TTB0, TTB1: bits [51:4] of the address, [47:4] in SMMUv3.0; the rest is RES0
  const unsigned ttb_msb = features.minor_version() == 0 ? 47 : 51;
  Cd cd;
  for (unsigned n = 0; n < 2; n++) {
    Half& half = cd.half[n];
    half.TSZ = field(w[0], 16 * n + 5, 16 * n);
    half.TG = field(w[0], 16 * n + 7, 16 * n + 6);
    half.log2_granule = n == 0 ? tg0[half.TG] : tg1[half.TG];
    half.SH = field(w[0], 16 * n + 13, 16 * n + 12);
    half.EPD = bit(w[0], 16 * n + 14);
    half.TBI = bit(w[0], 38 + n);
    half.HAD = features.HAD && bit(w[1 + n], 1);
    half.E0PD = features.E0PD && bit(w[1 + n], 2);
    half.NSCFG = bit(w[1 + n], 0);
    half.TTB = keep(w[1 + n], ttb_msb, 4);
  }
  cd.ENDI = bit(w[0], 15);
  cd.V = bit(w[0], 31);
  cd.IPS = field(w[0], 34, 32);
  cd.AFFD = bit(w[0], 35);
  cd.WXN = bit(w[0], 36);
  cd.UWXN = bit(w[0], 37);
  cd.PAN = bit(w[0], 40);
  cd.AA64 = bit(w[0], 41);
  cd.HD = bit(w[0], 42);
  cd.HA = bit(w[0], 43);
  cd.S = bit(w[0], 44);
  cd.R = bit(w[0], 45);
  cd.A = bit(w[0], 46);
  cd.ASID = field(w[0], 63, 48);
  cd.EPAN = features.EPAN && bit(w[1], 123 - 64);
  // RES0 without IDR5.DS and for LPAE; without effect on a half with 64 KiB granules
  cd.DS = features.DS && cd.AA64 && bit(w[2], 186 - 128);
  cd.MAIR = w[3];
  // Looked at with STE.S1MPAM only
  cd.PARTID = field(w[5], 367 - 320, 352 - 320);
  cd.PMG = field(w[5], 375 - 320, 368 - 320);
  return cd;
}

namespace {

struct Range {
  unsigned low = 0, high = 0;
};

// CDTxSZInvalid(), 5.4.2
Range txsz_range(const Features& features, const Cd& cd, const Cd::Half& half) {
  const bool kb64 = half.log2_granule == 16;
  Range range;
  range.high = !features.STT ? 39 : kb64 ? 47 : 48;
  range.low = features.VAX >= 1 && (kb64 || cd.DS) ? 12 : 16;
  return range;
}

bool txsz_out_of_range(const Features& features, const Cd& cd, const Cd::Half& half) {
  const Range range = txsz_range(features, cd, half);
  return half.TSZ < range.low || half.TSZ > range.high;
}

// CDTTBxOutOfRange(), CDTTBxValidRange(): 5.4 TTB0
bool ttb_out_of_range(const Features& features, const Cd& cd, const Cd::Half& half) {
  unsigned limit = cd.AA64 ? features.effective_output_bits(cd.IPS) : 40;
  if (cd.AA64 && half.log2_granule != 16 && !cd.DS && limit > 48) limit = 48;
  return beyond(half.TTB, limit);
}

/// any-EL2 and EL3: one table, no ASID, all accesses privileged (5.4.1)
bool one_table(StreamWorld world) { return world == StreamWorld::el2 || world == StreamWorld::el3; }

// EffectiveCDEPD0(), EffectiveCDEPD1(). 5.4 EPD0: ignored in EL2 and EL3, as 0; 5.4.1: TTB1 is unreachable
// there and its fields are RES0, so nothing of it is checked.
bool walk_disabled(const Cd& cd, StreamWorld world, unsigned n) {
  if (one_table(world)) return n == 1;
  return cd.half[n].EPD;
}

}  // namespace

bool cd_illegal(const Features& features, const Choices& choices, const Ste& ste, StreamWorld world,
                const Cd& cd) {
  if (!cd.V) return true;
  if (ste.S1STALLD && cd.S) return true;
  if (features.TERM_MODEL && !cd.A) return true;
  if (features.STALL_MODEL == 1 && cd.S) return true;
  if (features.STALL_MODEL == 2 && !cd.S) return true;
  const bool walks = !walk_disabled(cd, world, 0) || !walk_disabled(cd, world, 1);
  if (walks && features.TTENDIAN == 0b10 && cd.ENDI) return true;
  if (walks && features.TTENDIAN == 0b11 && !cd.ENDI) return true;
  if (!cd.AA64 && (!features.lpae_tables() || world == StreamWorld::el2_e2h || world == StreamWorld::el3)) {
    return true;
  }
  if (!cd.AA64 && ste.secure && world == StreamWorld::el2) return true;
  if (cd.AA64 && (!features.vmsa64_tables() || (ste.stage2() && !ste.S2AA64))) return true;
  if (cd.AA64) {
    if ((cd.HA || cd.HD) && features.HTTU == 0) return true;
    if (cd.HD && features.HTTU == 1) return true;
  }
  if (!one_table(world) && !features.ASID16 && (cd.ASID >> 8) != 0) return true;
  const bool txsz_checked = features.minor_version() >= 1 || choices.txsz_out_of_range_is_illegal_v30;
  for (unsigned n = 0; n < 2; n++) {
    if (walk_disabled(cd, world, n)) continue;
    const Cd::Half& half = cd.half[n];
    if (cd.AA64 && txsz_checked && txsz_out_of_range(features, cd, half)) return true;
    if (cd.AA64 && !features.granule_supported(half.log2_granule)) return true;
    if (ttb_out_of_range(features, cd, half)) return true;
  }
  return false;
}

unsigned within_range(const Cd& cd, StreamWorld world, uint64_t address, unsigned shift) {
  const unsigned T0SZ = cd.half[0].TSZ & 7, T1SZ = cd.half[1].TSZ & 7;
  // With both sizes set the ranges do not touch, and no block is larger than its range
  if (cd.AA64 || world == StreamWorld::el2 || world == StreamWorld::el3 || (T0SZ != 0) == (T1SZ != 0))
    return shift;
  const uint64_t all = uint64_t{1} << 32;
  const uint64_t split = T0SZ != 0 ? all >> T0SZ : all - (all >> T1SZ);
  auto begins_outside = [&] { return (align_down(address, shift) < split) != (address < split); };
  auto ends_outside = [&] {
    return (align_down(address, shift) + (uint64_t{1} << shift) - 1 < split) != (address < split);
  };
  while (begins_outside() || ends_outside()) shift--;
  return shift;
}

namespace {

uint64_t ttbr(const Features& features, const Cd& cd, const Cd::Half& half) {
  const bool kb64 = half.log2_granule == 16;
  const bool form_52bit = (cd.DS && !kb64) || (kb64 && features.oas_bits() >= 52 && cd.IPS >= 0b110);
  return naive::ttbr_of_address(half.TTB, form_52bit);
}

// 5.4 T0SZ, SMMUv3.0: an out-of-range value that is not ILLEGAL counts as 39 or 16
unsigned effective_txsz(const Features& features, const Cd& cd, const Cd::Half& half) {
  if (features.minor_version() >= 1 || !txsz_out_of_range(features, cd, half)) return half.TSZ;
  return half.TSZ > 39 ? 39 : 16;
}

void configure_lpae(StreamWorld world, const Cd& cd, naive::Space stream, bool SIF,
                    naive::Configuration& configuration) {
  const bool el2 = world == StreamWorld::el2;
  naive::Stage1_LD s1;
  s1.regime = el2 ? naive::Regime::el2 : naive::Regime::el1_0;
  s1.space = stream;
  s1.NSCFG0 = cd.half[0].NSCFG;
  s1.NSCFG1 = cd.half[1].NSCFG;
  s1.SIF = SIF;
  s1.T0SZ = cd.half[0].TSZ & 7;
  s1.T1SZ = cd.half[1].TSZ & 7;
  s1.EPD0 = cd.half[0].EPD;
  s1.EPD1 = cd.half[1].EPD;
  s1.HPD0 = cd.half[0].HAD;
  s1.HPD1 = cd.half[1].HAD;
  s1.TTBR0 = cd.half[0].TTB;
  s1.TTBR1 = cd.half[1].TTB;
  s1.MAIR0 = static_cast<uint32_t>(cd.MAIR);
  s1.MAIR1 = static_cast<uint32_t>(cd.MAIR >> 32);
  s1.WXN = cd.WXN;
  s1.UWXN = cd.UWXN;
  s1.PAN = cd.PAN && !el2;
  s1.AFFD = cd.AFFD;
  s1.EE = cd.ENDI;
  configuration.stage1 = s1;
}

}  // namespace

void configure_stage1(const Features& features, StreamWorld world, const Cd& cd, naive::Space stream,
                      bool SIF, naive::Configuration& configuration) {
  if (!cd.AA64) {
    configure_lpae(world, cd, stream, SIF, configuration);
    return;
  }
  naive::Stage1_64 s1;
  s1.regime = world == StreamWorld::el1   ? naive::Regime::el1_0
              : world == StreamWorld::el2 ? naive::Regime::el2
              : world == StreamWorld::el3 ? naive::Regime::el3
                                          : naive::Regime::el2_0;
  s1.space = stream;
  s1.NSCFG0 = cd.half[0].NSCFG;
  s1.NSCFG1 = cd.half[1].NSCFG;
  s1.SIF = SIF;
  s1.T0SZ = effective_txsz(features, cd, cd.half[0]);
  s1.T1SZ = effective_txsz(features, cd, cd.half[1]);
  s1.TG0 = cd.half[0].TG;
  s1.TG1 = cd.half[1].TG;
  s1.SH0 = cd.half[0].SH;
  s1.SH1 = cd.half[1].SH;
  s1.EPD0 = cd.half[0].EPD;
  s1.EPD1 = cd.half[1].EPD;
  s1.TBI0 = cd.half[0].TBI;
  s1.TBI1 = cd.half[1].TBI;
  s1.HPD0 = cd.half[0].HAD;
  s1.HPD1 = cd.half[1].HAD;
  s1.E0PD0 = cd.half[0].E0PD;
  s1.E0PD1 = cd.half[1].E0PD;
  s1.IPS = cd.IPS;
  s1.TTBR0 = ttbr(features, cd, cd.half[0]);
  s1.TTBR1 = ttbr(features, cd, cd.half[1]);
  s1.MAIR = cd.MAIR;
  s1.WXN = cd.WXN;
  s1.PAN = cd.PAN;
  s1.EPAN = cd.EPAN;
  s1.HA = cd.HA;
  s1.HD = cd.HD;
  s1.AFFD = cd.AFFD;
  s1.DS = cd.DS;
  s1.EE = cd.ENDI;
  configuration.stage1 = s1;
}

}  // namespace naive_smmuv3
