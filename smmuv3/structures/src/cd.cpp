#include "smmuvp/smmuv3/cd.h"

#include "formats.h"
#include "smmuvp/base/check_fields.h"
#include "smmuvp/pgtable/attributes.h"

namespace smmuvp::smmuv3 {

static_assert(well_formed(L1CD_structure) && well_formed(CD_structure));

namespace {

// What is of one range only and differs by format; @return what is ILLEGAL, or an empty text.
const char* decode_range64(const std::array<std::uint64_t, 8>& words, const Features& f, unsigned i,
                           pgtable::Stage1Config& s1) {
  const CdRangeFields& range = CD_range_fields[i];
  pgtable::TableConfig& t = s1.tables[i];
  const std::uint64_t TG = get(words, *range.TG);
  const auto granule = i == 0 ? granule_by_tg0(TG, f) : granule_by_tg1(TG, f);
  if (!granule) return i == 0 ? "CD.TG0 is no supported granule" : "CD.TG1 is no supported granule";
  t.granule = *granule;
  t.TxSZ = get_as<std::uint8_t>(words, *range.TxSZ);
  if (!is_legal_txsz(t.TxSZ, t.granule, s1.DS, f)) {
    return i == 0 ? "CD.T0SZ is out of range" : "CD.T1SZ is out of range";
  }
  t.base = get_address(words, *range.TTB) & table_address_bits(f);
  if (is_beyond(t.base, s1.output_size, t.granule, s1.DS)) {
    return i == 0 ? "CD.TTB0 is beyond the effective IPS" : "CD.TTB1 is beyond the effective IPS";
  }
  t.E0PD = f.E0PD && is_set(words, *range.E0PD);
  return "";
}

// TxSZ has three bits; TGx is IGNORED, and E0PDx is RES0.
const char* decode_range32(const std::array<std::uint64_t, 8>& words, const Features& f, unsigned i,
                           pgtable::Stage1Config& s1) {
  const CdRangeFields& range = CD_range_fields[i];
  pgtable::TableConfig& t = s1.tables[i];
  t.TxSZ = get_as<std::uint8_t>(words, *range.TxSZ) & 7U;
  t.base = get_address(words, *range.TTB) & table_address_bits(f);
  if (t.base >> s1.output_size != 0) {
    return i == 0 ? "CD.TTB0 is beyond 40 bits" : "CD.TTB1 is beyond 40 bits";
  }
  return "";
}

pgtable::Regime regime_of(StreamWorld world) {
  switch (world) {
    case StreamWorld::NS_EL2:
    case StreamWorld::S_EL2:
      return pgtable::Regime::el2;
    case StreamWorld::NS_EL2_E2H:
    case StreamWorld::S_EL2_E2H:
      return pgtable::Regime::el2_0;
    case StreamWorld::EL3:
      return pgtable::Regime::el3;
    default:
      return pgtable::Regime::el1_0;
  }
}

}  // namespace

Cd Cd::decode(const std::array<std::uint64_t, 8>& words, const Features& f, const Ste& ste) {
  Cd c;
  c.words = words;
  c.ste_words = ste.words;
  c.ste_origin = ste.origin;
  const auto illegal = [&c](const char* why) {
    c.why = why;
    return c;
  };
  // IHI 0070 5.4.2, in its order.
  if (!is_set(words, CD_V)) return illegal("CD.V is 0");
  c.A = is_set(words, CD_A);
  c.R = is_set(words, CD_R);
  if (f.TERM_MODEL && !c.A) return illegal("CD.A is 0, and IDR0.TERM_MODEL is 1");
  c.S = is_set(words, CD_S);  // 5.5
  const unsigned STALL_MODEL = ste.origin.stall_model(f);
  if (STALL_MODEL == 1 && c.S) return illegal("CD.S is 1, and IDR0.STALL_MODEL is 0b01");
  if (STALL_MODEL == 2 && !c.S) return illegal("CD.S is 0, and IDR0.STALL_MODEL is 0b10");
  if (c.S && is_set(ste.words, STE_S1STALLD)) return illegal("CD.S is 1, and STE.S1STALLD is 1");
  // 5.4.1: by EL2 and EL3 there is no TTB1, and no disabling of walks; ASIDs and unprivileged accesses
  // neither.
  const bool el2 = has_one_range(ste.world);
  const bool EPD[2] = {!el2 && is_set(words, CD_EPD0), el2 || is_set(words, CD_EPD1)};
  const bool ENDI = is_set(words, CD_ENDI);
  if (!EPD[0] || !EPD[1]) {
    if (f.TTENDIAN == 2 && ENDI) return illegal("CD.ENDI is 1, and IDR0.TTENDIAN is little-endian");
    if (f.TTENDIAN == 3 && !ENDI) return illegal("CD.ENDI is 0, and IDR0.TTENDIAN is big-endian");
  }
  const bool AA64 = is_set(words, CD_AA64);
  if (!AA64 && (f.TTF & 1U) == 0) return illegal("CD.AA64 is 0, and IDR0.TTF has no VMSAv8-32 LPAE");
  const bool e2h = ste.world == StreamWorld::NS_EL2_E2H || ste.world == StreamWorld::S_EL2_E2H;
  if (!AA64 && e2h) return illegal("CD.AA64 is 0, and the StreamWorld is EL2-E2H");
  if (!AA64 && ste.world == StreamWorld::S_EL2) return illegal("CD.AA64 is 0, and the StreamWorld is S-EL2");
  if (!AA64 && ste.world == StreamWorld::EL3) return illegal("CD.AA64 is 0, and the StreamWorld is EL3");
  if (AA64 && (f.TTF & 2U) == 0) return illegal("CD.AA64 is 1, and IDR0.TTF has no VMSAv8-64");
  if (AA64 && ste.stage2_enabled() && ste.stage2.format == pgtable::Format::lpae32) {
    return illegal("CD.AA64 is 1, and STE.S2AA64 is 0");
  }
  const bool HA = AA64 && is_set(words, CD_HA);  // IGNORED with VMSAv8-32
  const bool HD = AA64 && is_set(words, CD_HD);
  if ((HA || HD) && f.HTTU == 0) return illegal("CD.HA or CD.HD is 1, and IDR0.HTTU is 0");
  if (HD && f.HTTU == 1) return illegal("CD.HD is 1, and IDR0.HTTU is 1");
  if (!el2) {  // 3.17: EL2 need not tell ASETs apart
    c.ASID = get_as<std::uint16_t>(words, CD_ASID);
    if (!f.ASID16 && c.ASID > 0xff) return illegal("CD.ASID[15:8] is not 0, and IDR0.ASID16 is 0");
    c.ASET = get_as<std::uint8_t>(words, CD_ASET);
  }

  pgtable::Stage1Config& s1 = c.config.stage1;
  if (AA64) {
    s1.output_size = output_size(get(words, CD_IPS), f);
    s1.LPA = f.OAS == 52;
    s1.DS = f.DS && is_set(words, CD_DS);
    s1.HA = HA;
    s1.HD = HA && HD;  // HD without HA is Reserved, and acts as neither
    s1.EPAN = f.EPAN && is_set(words, CD_EPAN);
  } else {
    s1.format = pgtable::Format::lpae32;
    s1.output_size = 40;  // IPS is IGNORED
    s1.UWXN = is_set(words, CD_UWXN);
  }
  s1.big_endian = ENDI;
  s1.AFFD = is_set(words, CD_AFFD);
  s1.WXN = is_set(words, CD_WXN);
  s1.PAN = !el2 && is_set(words, CD_PAN);
  s1.SIF = ste.origin.SIF;
  const std::uint64_t MAIR = get(words, CD_MAIR1) << CD_MAIR0.width() | get(words, CD_MAIR0);
  for (unsigned i = 0; i < 8; ++i) {
    const auto mair = pgtable::effective_memory(static_cast<std::uint8_t>(MAIR >> (8 * i)));
    s1.MAIR |= std::uint64_t{mair} << (8 * i);
  }
  for (unsigned i = 0; i < (el2 ? 1U : 2U); ++i) {
    const CdRangeFields& range = CD_range_fields[i];
    pgtable::TableConfig& t = s1.tables[i];
    t.EPD = EPD[i];
    t.TBI = c.TBI[i] = AA64 && is_set(words, *range.TBI);
    if (t.EPD) continue;  // 5.4.1.1: TxSZ, TGx, IRx, ORx, SHx and TTBx are IGNORED
    const char* why = AA64 ? decode_range64(words, f, i, s1) : decode_range32(words, f, i, s1);
    if (why[0] != '\0') return illegal(why);
    t.HPD = f.HAD && is_set(words, *range.HAD);
    // IGNORED without PBHA, or where HADx is 0
    unsigned uses = 0;
    for (unsigned n = 0; f.PBHA && t.HPD && n < 4; ++n) uses |= is_set(words, *range.HWU[n]) ? 1U << n : 0U;
    c.translation.hardware_use.stage1[i] = static_cast<std::uint8_t>(uses);
    t.NS = ste.origin.secure() && is_set(words, *range.NSCFG);
    t.walk_attributes.IRGN = get_as<std::uint8_t>(words, *range.IR);
    t.walk_attributes.ORGN = get_as<std::uint8_t>(words, *range.OR);
    t.walk_attributes.SH = get_as<pgtable::Shareability>(words, *range.SH);
  }
  if (ste.stage2_enabled()) {
    c.config.stages = pgtable::Stages::nested;
    c.config.stage2 = ste.stage2;
    c.config.secure_stage2 = ste.secure_stage2;
  }
  // 17.2. RES0 with STE.S1MPAM == 0. Where there is no VMS, since there is one PARTID only, that is it.
  c.mpam = ste.mpam;
  if (ste.S1MPAM) {
    const auto PARTID = get_as<std::uint16_t>(words, CD_PARTID);
    c.virtual_PARTID = PARTID & 31U;
    c.mpam = ste.mpam_space.label(ste.stage2_enabled() ? std::uint16_t{0} : PARTID,
                                  get_as<std::uint8_t>(words, CD_PMG));
  }
  c.config.space = ste.space();
  c.config.regime = regime_of(ste.world);
  c.translation.setup = pgtable::WalkSetup(c.config);
  c.translation.tag = {static_cast<std::uint8_t>(ste.world), c.config.stages, c.ASET, ste.vmid, c.ASID};
  c.translation.TBI = c.TBI;
  c.translation.hardware_use.stage2 = ste.translation.hardware_use.stage2;
  c.translation.address_bits = f.OAS;
  if (!AA64) {
    const std::uint64_t end = std::uint64_t{1} << 32;
    const unsigned T0SZ = EPD[0] ? 0 : s1.tables[0].TxSZ;  // IGNORED: as 0
    const unsigned T1SZ = EPD[1] ? 0 : s1.tables[1].TxSZ;
    if (T1SZ == 0 && T0SZ != 0) c.translation.split = end >> T0SZ;
    if (T0SZ == 0 && T1SZ != 0) c.translation.split = end - (end >> T1SZ);
  }
  c.valid = true;
  return c;
}

void Cd::visit(Archive& archive) {
  for (std::uint64_t& word : words) archive.value("word", word);
  for (std::uint64_t& word : ste_words) archive.value("ste_word", word);
  smmuv3::visit(archive, ste_origin);
}

}  // namespace smmuvp::smmuv3
