#include "smmuvp/smmuv3/ste.h"

#include <algorithm>

#include "formats.h"
#include "smmuvp/base/check_fields.h"
#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/attributes.h"
#include "smmuvp/smmuv3/register_fields.h"

namespace smmuvp::smmuv3 {

static_assert(well_formed(L1STD_structure) && well_formed(STE_structure));

StreamTable StreamTable::from_registers(std::uint64_t BASE, std::uint32_t CFG, const Features& features,
                                        SecSid sec_sid) {
  StreamTable t;
  const auto literal = get_as<unsigned>(CFG, STRTAB_BASE_CFG_LOG2SIZE);
  // IHI 0070 6.3.25: the effective size is MIN(LOG2SIZE, IDR1.SIDSIZE).
  t.LOG2SIZE = static_cast<std::uint8_t>(std::min<unsigned>(literal, features.sidsize(sec_sid)));
  t.two_level =
      features.ST_LEVEL != 0 && get(CFG, STRTAB_BASE_CFG_FMT) == 1;  // other values behave as linear
  const auto split = get_as<std::uint8_t>(CFG, STRTAB_BASE_CFG_SPLIT);
  t.SPLIT = split == 8 || split == 10 ? split : 6;  // reserved values behave as 6
  // 6.3.24: aligned to the table's size by the literal LOG2SIZE, not the effective one.
  unsigned zero = literal + 6;
  if (t.two_level) {
    const unsigned indexes = literal > t.SPLIT ? literal - t.SPLIT : 0;
    zero = std::max(6U, indexes + 3);
  }
  t.base = get_address(BASE, STRTAB_BASE_ADDR) & ~low_bits(zero);
  return t;
}

std::uint64_t StreamTable::address(std::uint32_t stream_id) const {
  if (two_level) return base + (std::uint64_t{stream_id} >> SPLIT) * L1STD_structure.bytes;
  return base + std::uint64_t{stream_id} * ste_size;
}

void StreamTable::visit(Archive& archive) {
  archive.begin("stream_table");
  archive.value("base", base);
  archive.value("LOG2SIZE", LOG2SIZE);
  archive.value("two_level", two_level);
  archive.value("SPLIT", SPLIT);
  if (LOG2SIZE > 32 || (SPLIT != 6 && SPLIT != 8 && SPLIT != 10) || base >> 52 != 0) {
    archive.fail("base", "no Stream table");
    *this = {};
  }
  archive.end();
}

std::uint8_t level2_bits(std::uint64_t l1std) {
  const auto Span = get_as<std::uint8_t>(l1std, L1STD_Span);
  return static_cast<std::uint8_t>(Span == 0 ? 0 : Span - 1);
}

bool ste_address(std::uint64_t l1std, const StreamTable& table, std::uint32_t stream_id,
                 std::uint64_t& address) {
  const auto Span = get_as<unsigned>(l1std, L1STD_Span);
  // IHI 0070 7.3.3: zero, reserved or beyond SPLIT + 1.
  if (Span == 0 || Span > 11 || Span > table.SPLIT + 1U) return false;
  const std::uint64_t index = stream_id & low_bits(table.SPLIT);
  if (index >> (Span - 1) != 0) return false;
  // 5.1: L2Ptr[N:0] are treated as 0, N == 5 + (Span - 1).
  address = (get_address(l1std, L1STD_L2Ptr) & ~low_bits(6 + Span - 1)) + index * ste_size;
  return true;
}

Overrides Overrides::from_gbpa(std::uint32_t GBPA, const Features& features) {
  Overrides o;
  o.data_privileged = features.version() >= 4;
  if (features.ATTR_TYPES_OVR) {
    o.MemAttr = get_as<std::uint8_t>(GBPA, GBPA_MemAttr);
    o.MTCFG = is_set(GBPA, GBPA_MTCFG);
    o.ALLOCCFG = get_as<std::uint8_t>(GBPA, GBPA_ALLOCCFG);
    o.SHCFG = get_as<std::uint8_t>(GBPA, GBPA_SHCFG);
  }
  if (features.ATTR_PERMS_OVR) {
    o.PRIVCFG = get_as<std::uint8_t>(GBPA, GBPA_PRIVCFG);
    o.INSTCFG = get_as<std::uint8_t>(GBPA, GBPA_INSTCFG);
    o.NSCFG = get_as<std::uint8_t>(GBPA, GBPA_NSCFG);  // RES0 but in S_GBPA
  }
  return o;
}

smmu::AttributeRule Overrides::privileged() const {
  return PRIVCFG >= 2 ? smmu::AttributeRule::forced(PRIVCFG == 3) : smmu::AttributeRule{};
}

smmu::AttributeRule Overrides::instruction() const {
  return INSTCFG >= 2 ? smmu::AttributeRule::forced(INSTCFG == 3) : smmu::AttributeRule{};
}

void Overrides::finish(smmu::FinishedAnswer& answer) const {
  answer.privileged = privileged();
  answer.instruction = instruction();
  answer.data_privileged = data_privileged;
}

pgtable::Attributes Overrides::attributes(const pgtable::Attributes& incoming) const {
  // 13.1.4: incoming Device and Normal Non-cacheable are Outer Shareable, whatever they become.
  pgtable::Attributes a = {pgtable::effective_memory(incoming.memory), incoming.SH};
  a = pgtable::effective(a);
  if (MTCFG) {
    // 13.1.3: hints of a cacheable level go on; from one without they are RA, WA, not transient.
    a.memory = smmu::with_hints_of(smmu::mair_of_mem_attr(MemAttr), a.memory);
  }
  if ((ALLOCCFG & 8U) != 0) {  // 0b1RWT
    std::uint8_t hints = 0;
    if ((ALLOCCFG & 4U) != 0) hints |= smmu::hint_read_allocate;
    if ((ALLOCCFG & 2U) != 0) hints |= smmu::hint_write_allocate;
    if ((ALLOCCFG & 1U) != 0) hints |= smmu::hint_transient;
    a.memory = smmu::with_hints(a.memory, hints);
  }
  if (SHCFG != 1) a.SH = static_cast<pgtable::Shareability>(SHCFG);
  return pgtable::effective(a);
}

namespace {

/// Where an STE describes VMSAv8-64 tables of stage 2, and what it says where they are ILLEGAL.
struct Stage2Fields {
  const Field &TG, &TTB, &T0SZ, &SL0_2, &SL0;
  const char *bad_TG, *bad_TTB, *bad_T0SZ, *bad_SL0;
};

constexpr Stage2Fields stage2_fields = {STE_S2TG,
                                        STE_S2TTB,
                                        STE_S2T0SZ,
                                        STE_S2SL0_2,
                                        STE_S2SL0,
                                        "STE.S2TG is no supported granule",
                                        "STE.S2TTB is beyond the effective S2PS",
                                        "STE.S2T0SZ is out of range",
                                        "STE.S2SL0 does not fit STE.S2T0SZ and STE.S2TG"};

// Of Secure IPAs, in a Secure STE.
constexpr Stage2Fields secure_stage2_fields = {STE_S_S2TG,
                                               STE_S_S2TTB,
                                               STE_S_S2T0SZ,
                                               STE_S_S2SL0_2,
                                               STE_S_S2SL0,
                                               "STE.S_S2TG is no supported granule",
                                               "STE.S_S2TTB is beyond the effective S2PS",
                                               "STE.S_S2T0SZ is out of range",
                                               "STE.S_S2SL0 does not fit STE.S_S2T0SZ and STE.S_S2TG"};

// Either tables, in the order of 5.2.2. @return what is ILLEGAL, or an empty text.
template <class Tables>
const char* decode_tables(const std::array<std::uint64_t, 8>& words, const Stage2Fields& fields,
                          std::uint8_t output_size, bool DS, const Features& f, Tables& tables) {
  const auto granule = granule_by_tg0(get(words, fields.TG), f);
  if (!granule) return fields.bad_TG;
  tables.granule = *granule;
  tables.base = get_address(words, fields.TTB) & table_address_bits(f);
  if (is_beyond(tables.base, output_size, tables.granule, DS)) return fields.bad_TTB;
  const auto T0SZ = get_as<unsigned>(words, fields.T0SZ);
  if (!is_legal_s2t0sz(T0SZ, tables.granule, DS, f)) return fields.bad_T0SZ;
  tables.T0SZ = static_cast<std::int8_t>(T0SZ);
  const auto level = start_level(get_as<unsigned>(words, fields.SL0_2), get_as<unsigned>(words, fields.SL0),
                                 tables.granule, DS, f);
  if (!level) return fields.bad_SL0;
  tables.start_level = *level;
  return "";
}

}  // namespace

// What of stage 2 differs by format. @return what is ILLEGAL, or an empty text.
const char* Ste::decode_stage2_64(const Features& f) {
  const bool HA = is_set(words, STE_S2HA);
  const bool HD = is_set(words, STE_S2HD);
  if ((HA || HD) && f.HTTU == 0) return "STE.S2HA or STE.S2HD is 1, and IDR0.HTTU is 0";
  if (HD && f.HTTU == 1) return "STE.S2HD is 1, and IDR0.HTTU is 1";
  stage2.HA = HA;
  stage2.HD = HA && HD;  // HD without HA is Reserved, and acts as neither
  stage2.output_size = output_size(get(words, STE_S2PS), f);
  stage2.LPA = f.OAS == 52;
  // RES0 where a granule is of 64 KiB, of Secure streams for both their tables
  const bool large = get(words, STE_S2TG) == 1 || (origin.secure() && get(words, STE_S_S2TG) == 1);
  stage2.DS = f.DS && !large && is_set(words, STE_S2DS);
  return decode_tables(words, stage2_fields, stage2.output_size, stage2.DS, f, stage2);
}

const char* Ste::decode_stage2_32(const Features& f) {
  if (is_set(words, STE_S2HA) || is_set(words, STE_S2HD)) {
    return "STE.S2HA or STE.S2HD is 1, and STE.S2AA64 is 0";
  }
  stage2.format = pgtable::Format::lpae32;
  stage2.output_size = 40;  // S2PS is IGNORED, and S2TG RES0
  stage2.base = get_address(words, STE_S2TTB) & table_address_bits(f);
  if (stage2.base >> stage2.output_size != 0) return "STE.S2TTB is beyond 40 bits";
  const auto T0SZ = get_as<int>(words, STE_S2T0SZ) & 15;  // of four bits, signed
  stage2.T0SZ = static_cast<std::int8_t>(T0SZ < 8 ? T0SZ : T0SZ - 16);
  const auto S2SL0 = get_as<int>(words, STE_S2SL0);  // VTCR.SL0 (DDI 0487 G5.5): 0 is level 2, 1 is level 1
  if (S2SL0 > 1) return "STE.S2SL0 does not fit STE.S2T0SZ";
  stage2.start_level = static_cast<std::int8_t>(2 - S2SL0);
  return "";
}

// Those of S_S2TTB (5.2); Secure stage 2 has no VMSAv8-32.
const char* Ste::decode_secure_stage2(const Features& f) {
  pgtable::SecureStage2Config& s = secure_stage2;
  const char* problem = decode_tables(words, secure_stage2_fields, stage2.output_size, stage2.DS, f, s);
  if (problem[0] != '\0') return problem;
  s.SW = is_set(words, STE_S2SW);
  s.SA = is_set(words, STE_S2SA);
  s.NSW = is_set(words, STE_S2NSW);
  s.NSA = is_set(words, STE_S2NSA);
  return "";
}

pgtable::Config Ste::stage2_config() const {
  pgtable::Config config;
  config.stages = pgtable::Stages::stage2;
  config.space = space();
  config.stage2 = stage2;
  config.secure_stage2 = secure_stage2;
  return config;
}

// The fields of stage 2, in the order of 5.2.2.
const char* Ste::decode_stage2(const Features& f) {
  const bool AA64 = is_set(words, STE_S2AA64);
  stage2.FWB = f.FWB && is_set(words, STE_S2FWB);
  if (stage2.FWB && !AA64) return "STE.S2FWB is 1, and STE.S2AA64 is 0";
  S2S = is_set(words, STE_S2S);                             // 5.5
  const unsigned STALL_MODEL = origin.idr0_stall_model(f);  // of IDR0, whosesoever the STE is
  if (STALL_MODEL == 1 && S2S) return "STE.S2S is 1, and IDR0.STALL_MODEL is 0b01";
  if (STALL_MODEL == 2 && !S2S) return "STE.S2S is 0, and IDR0.STALL_MODEL is 0b10";
  if (!AA64 && (f.TTF & 1U) == 0) return "STE.S2AA64 is 0, and IDR0.TTF has no VMSAv8-32 LPAE";
  if (AA64 && (f.TTF & 2U) == 0) return "STE.S2AA64 is 1, and IDR0.TTF has no VMSAv8-64";
  const char* problem = AA64 ? decode_stage2_64(f) : decode_stage2_32(f);
  if (problem[0] != '\0') return problem;
  stage2.big_endian = is_set(words, STE_S2ENDI);
  stage2.AFFD = is_set(words, STE_S2AFFD);
  stage2.PTW = is_set(words, STE_S2PTW);
  stage2.PTWNNC = f.PTWNNC;
  stage2.XNX = f.has_xnx();
  stage2.walk_attributes.IRGN = get_as<std::uint8_t>(words, STE_S2IR0);
  stage2.walk_attributes.ORGN = get_as<std::uint8_t>(words, STE_S2OR0);
  stage2.walk_attributes.SH = get_as<pgtable::Shareability>(words, STE_S2SH0);
  pgtable::Config config = stage2_config();
  config.space = pgtable::AddressSpace::non_secure;
  if (!pgtable::is_walkable(config)) return "STE.S2SL0 does not fit STE.S2T0SZ and STE.S2TG";
  if (origin.secure()) {
    const char* secure_problem = decode_secure_stage2(f);
    if (secure_problem[0] != '\0') return secure_problem;
    config = stage2_config();
    if (!pgtable::is_walkable(config)) return "STE.S_S2SL0 does not fit STE.S_S2T0SZ and STE.S_S2TG";
  }
  if (f.TTENDIAN == 2 && stage2.big_endian) return "STE.S2ENDI is 1, and IDR0.TTENDIAN is little-endian";
  if (f.TTENDIAN == 3 && !stage2.big_endian) return "STE.S2ENDI is 0, and IDR0.TTENDIAN is big-endian";
  S2R = is_set(words, STE_S2R);
  if (f.PBHA) {
    const auto first = STE_S2HWU59.low % 64U;  // S2HWU59 to S2HWU62 are neighbours
    translation.hardware_use.stage2 = words[STE_S2HWU59.word()] >> first & 15U;
  }
  translation.setup = pgtable::WalkSetup(config);
  translation.address_bits = f.OAS;
  return "";
}

// EATS is IGNORED with IDR0.ATS == 0 and without translation; 3 is Reserved without DPT, and behaves as 0.
// @return what is ILLEGAL, or an empty text.
const char* Ste::decode_ats(const Features& f) {
  if (!f.ATS || Config == 4 || origin.secure()) return "";  // 3.9.1: of Non-secure streams
  const auto value = get_as<std::uint8_t>(words, STE_EATS);
  const bool stalls = is_set(words, STE_S2S);
  if (value == 2 && (Config != 7 || stalls || f.NS1ATS)) {
    return f.NS1ATS      ? "STE.EATS is 0b10, and IDR0.NS1ATS is 1"
           : Config != 7 ? "STE.EATS is 0b10, and STE.Config does not enable both stages"
                         : "STE.EATS is 0b10, and STE.S2S is 1";
  }
  if (value == 1 && stalls && stage2_enabled()) return "STE.EATS is 0b01, and STE.S2S is 1";
  EATS = value == 3 ? std::uint8_t{0} : value;
  return "";
}

// RES0 where MPAM is not supported in the Security state. @return what is ILLEGAL, or an empty text.
const char* Ste::decode_mpam(const Features& f) {
  const bool supported = f.has_mpam(origin.sec_sid);
  mpam_space = MpamSpace::of(f, origin.sec_sid, supported && is_set(words, STE_MPAM_NS));
  mpam = mpam_space.label(0, 0);
  if (!supported) return "";
  mpam = mpam_space.label(get_as<std::uint16_t>(words, STE_PARTID), get_as<std::uint8_t>(words, STE_PMG));
  S1MPAM = stage1_enabled() && is_set(words, STE_S1MPAM);
  has_vms = Config == 7 && S1MPAM && f.has_vms(origin.sec_sid) && mpam_space.PARTID_MAX != 0;
  if (!has_vms) return "";
  VMSPtr = get_address(words, STE_VMSPtr);
  return VMSPtr >> f.OAS != 0 ? "STE.VMSPtr is beyond the output address size" : "";
}

// Where CDs are, in the order of 5.2.2. @return what is ILLEGAL, or an empty text.
const char* Ste::decode_cds(const Features& f) {
  // S1CDMax, S1Fmt and S1DSS are IGNORED with IDR1.SSIDSIZE == 0, the latter two with S1CDMax == 0, too.
  const auto S1CDMax = f.SSIDSIZE != 0 ? get_as<std::uint8_t>(words, STE_S1CDMax) : std::uint8_t{0};
  const auto S1Fmt = get_as<std::uint8_t>(words, STE_S1Fmt);
  if (S1CDMax > f.SSIDSIZE) return "STE.S1CDMax is greater than IDR1.SSIDSIZE";
  if (S1CDMax != 0 && !f.CD2L && (S1Fmt == 1 || S1Fmt == 2)) {
    return "STE.S1Fmt asks for two levels of CDs, and IDR0.CD2L is 0";
  }
  const std::uint64_t S1ContextPtr = get_address(words, STE_S1ContextPtr);
  if (S1ContextPtr >> (stage2_enabled() ? f.ias() : f.OAS) != 0) {
    return stage2_enabled() ? "STE.S1ContextPtr is beyond the intermediate address size"
                            : "STE.S1ContextPtr is beyond the output address size";
  }
  cds = CdTable::from_ste(S1ContextPtr, S1CDMax, S1Fmt, get_as<std::uint8_t>(words, STE_S1DSS));
  return "";
}

ContextChoice Ste::choose(bool substream_valid, std::uint32_t substream_id) const {
  if (stage1_enabled()) return ContextChoice::of(cds, substream_valid, substream_id);
  // 7.3.9: independent of stage 2
  return {substream_valid ? ContextChoice::Kind::bad_substream : ContextChoice::Kind::bypass, 0};
}

// The StreamWorld, by STRW. It is RES0 with IDR0.Hyp == 0 in a Non-secure STE, and IGNORED where stage 1 does
// not translate alone. @return what is ILLEGAL, or an empty text.
const char* Ste::decode_world(const Features& f) {
  if (origin.secure()) world = StreamWorld::Secure;
  const bool used = stage1_enabled() && !stage2_enabled() && (origin.secure() || f.Hyp);
  if (!used) return "";
  switch (get(words, STE_STRW)) {
    case 0:
      return "";
    case 1:
      if (!origin.secure()) return "STE.STRW is Reserved";
      world = StreamWorld::EL3;
      return "";
    case 2:
      if (!origin.secure()) {
        world = origin.E2H ? StreamWorld::NS_EL2_E2H : StreamWorld::NS_EL2;
        return "";
      }
      if (!f.SEL2) return "STE.STRW asks for Secure EL2, and S_IDR1.SEL2 is 0";
      world = origin.E2H ? StreamWorld::S_EL2_E2H : StreamWorld::S_EL2;
      return "";
    default:
      return "STE.STRW is Reserved";
  }
}

Ste Ste::decode(const std::array<std::uint64_t, 8>& words, const Features& f, const Origin& origin) {
  Ste s;
  s.words = words;
  s.origin = origin;
  // IHI 0070 5.2.2, in its order.
  if (!is_set(words, STE_V)) {
    s.why = "STE.V is 0";
    return s;
  }
  s.Config = get_as<std::uint8_t>(words, STE_Config);
  if (s.aborts()) {
    s.valid = true;
    return s;
  }
  if (s.stage1_enabled() && !f.S1P) {
    s.why = "STE.Config enables stage 1, and IDR0.S1P is 0";
    return s;
  }
  if (s.stage2_enabled() && !f.S2P) {
    s.why = "STE.Config enables stage 2, and IDR0.S2P is 0";
    return s;
  }
  if (s.stage2_enabled() && origin.secure()) {
    s.why = !f.SEL2                      ? "STE.Config of a Secure STE enables stage 2, and S_IDR1.SEL2 is 0"
            : !is_set(words, STE_S2AA64) ? "STE.S2AA64 of a Secure STE is 0"
                                         : "";
    if (s.why[0] != '\0') return s;
  }
  s.why = s.decode_ats(f);
  if (s.why[0] != '\0') return s;
  s.why = s.decode_world(f);
  if (s.why[0] != '\0') return s;
  if (s.stage1_enabled()) {
    const unsigned STALL_MODEL = origin.stall_model(f);
    if (STALL_MODEL != 0 && is_set(words, STE_S1STALLD)) {  // 5.5
      s.why = STALL_MODEL == 1 ? "STE.S1STALLD is 1, and IDR0.STALL_MODEL is 0b01"
                               : "STE.S1STALLD is 1, and IDR0.STALL_MODEL is 0b10";
      return s;
    }
    s.why = s.decode_cds(f);
    if (s.why[0] != '\0') return s;
    pgtable::WalkAttributes cacheability;
    cacheability.IRGN = get_as<std::uint8_t>(words, STE_S1CIR);
    cacheability.ORGN = get_as<std::uint8_t>(words, STE_S1COR);
    cacheability.SH = get_as<pgtable::Shareability>(words, STE_S1CSH);
    s.cd_attributes = pgtable::structure_attributes(cacheability, 0b1101);  // 3: Write-Back, no Read-Allocate
  }
  if (s.stage2_enabled()) {
    s.why = s.decode_stage2(f);
    if (s.why[0] != '\0') return s;
  }
  // IGNORED where nothing is translated, without stage 2 in the Security state, by EL2 and EL3, and by a
  // Secure stage 1 alone, whose translations are tagged with 0.
  const bool tagged =
      origin.secure() ? f.SEL2 && s.stage2_enabled()
                      : f.S2P && s.world == StreamWorld::NS_EL1 && (s.stage1_enabled() || s.stage2_enabled());
  if (tagged) {
    s.vmid = get_as<std::uint16_t>(words, STE_S2VMID);
    if (!f.VMID16 && s.vmid > 0xff) {
      s.why = "STE.S2VMID[15:8] is not 0, and IDR0.VMID16 is 0";
      return s;
    }
  }
  s.why = s.decode_mpam(f);
  if (s.why[0] != '\0') return s;
  s.CONT = get_as<std::uint8_t>(words, STE_CONT);
  s.MEV = is_set(words, STE_MEV);
  s.translation.tag.regime = static_cast<std::uint8_t>(s.world);
  s.translation.tag.stages = pgtable::Stages::stage2;
  s.translation.tag.vmid = s.vmid;
  if (f.ATTR_TYPES_OVR) {
    s.overrides.MemAttr = get_as<std::uint8_t>(words, STE_MemAttr);
    s.overrides.MTCFG = is_set(words, STE_MTCFG);
    s.overrides.ALLOCCFG = get_as<std::uint8_t>(words, STE_ALLOCCFG);
    s.overrides.SHCFG = get_as<std::uint8_t>(words, STE_SHCFG);
  }
  if (f.ATTR_PERMS_OVR) {
    s.overrides.PRIVCFG = get_as<std::uint8_t>(words, STE_PRIVCFG);
    s.overrides.INSTCFG = get_as<std::uint8_t>(words, STE_INSTCFG);
    s.overrides.NSCFG = get_as<std::uint8_t>(words, STE_NSCFG);
  }
  s.overrides.data_privileged = f.version() >= 4;
  s.valid = true;
  return s;
}

void Overrides::visit(Archive& archive) {
  archive.value("MemAttr", MemAttr);
  archive.value("MTCFG", MTCFG);
  archive.value("ALLOCCFG", ALLOCCFG);
  archive.value("SHCFG", SHCFG);
  archive.value("PRIVCFG", PRIVCFG);
  archive.value("INSTCFG", INSTCFG);
  archive.value("NSCFG", NSCFG);
  archive.value("data_privileged", data_privileged);
  MemAttr &= 0xfU;
  SHCFG &= 3U;
}

void Ste::visit(Archive& archive) {
  for (std::uint64_t& word : words) archive.value("word", word);
  smmuv3::visit(archive, origin);
}

void visit(Archive& archive, Origin& origin) {
  archive.value("secure", origin.sec_sid);
  archive.value("E2H", origin.E2H);
  archive.value("SIF", origin.SIF);
  archive.value("NSSTALLD", origin.NSSTALLD);
  if (origin.sec_sid <= SecSid::secure) return;
  archive.fail("secure", "no Security state");
  origin.sec_sid = SecSid::non_secure;
}

}  // namespace smmuvp::smmuv3
