// What a program's structures and tables hold.
#include <algorithm>
#include <vector>

#include "places.h"
#include "program.h"

namespace smmuvp::compare {

namespace {

void set(std::array<std::uint64_t, 8>& words, unsigned low, unsigned width, std::uint64_t value) {
  const std::uint64_t mask = width >= 64 ? ~0ULL : (1ULL << width) - 1;
  std::uint64_t& w = words[low / 64];
  w = (w & ~(mask << low % 64)) | (value & mask) << low % 64;
}

}  // namespace

// A block, a page or a pointer to another page of tables: in 0b11 both readings are good.
std::uint64_t Programs::descriptor() {
  Random& r = m_random;
  const unsigned rare = m_tidy_tables ? 8 : 1;  // how much rarer faults are
  std::uint64_t d = r.one_in(16 * rare) ? r.below(4) : r.one_in(m_tidy_tables ? 14 : 8) ? 1U : 3U;
  d |= tables | (r.any() & 0x1f000);  // a page of tables
  if (r.one_in(24 * rare)) d |= (r.any() & 0xf'ffff'ffff'f000) >> r.below(24) & 0xf'ffff'fffc'0000;
  const unsigned AF = m_features.HTTU != 0 ? 10 : 12 * rare;
  d |= std::uint64_t{r.one_in(AF) ? 0U : 1U} << 10;
  // AP[2:1], S2AP: 0b01 lets stage 1 write, 0b11 stage 2
  d |= std::uint64_t{r.one_in(m_tidy_tables ? 12 : 3) ? r.below(4) : r.of({1U, 3U})} << 6;
  d |= std::uint64_t{r.below(4)} << 8;   // SH
  d |= std::uint64_t{r.below(16)} << 2;  // AttrIndx and NS, MemAttr
  d |= 1ULL << 11;                       // nG: no entry is of another context's
  if (r.one_in(3)) d |= 1ULL << 51;      // DBM
  if (r.one_in(m_tidy_tables ? 12 : 6)) d |= std::uint64_t{r.below(4)} << 53;  // PXN, UXN; XN
  if (r.one_in(6 * rare))
    d |= std::uint64_t{r.below(32)} << 59;  // of tables: NSTable, APTable, UXNTable, PXNTable
  if (r.one_in(24)) d |= 1ULL << 16;        // nT
  return m_features.TTENDIAN == 3 ? __builtin_bswap64(d) : d;
}

void Programs::fill_tables() {
  for (std::uint64_t at = tables; at < Arena::bytes; at += 8) {
    if ((at & 0xfff) < cds_in_page) m_pair.poke(at, descriptor());
  }
}

std::uint64_t Programs::ste_address(unsigned sid) const { return stream_table + 64 * sid; }

// Mostly one, else a run of two or four that are the same (5.2, CONT). What was a run before changes as a
// whole.
Programs::Run Programs::put_stes(unsigned sid) {
  const auto log2_of = [this](unsigned s) { return std::min(field(m_own->stes[s], 77, 4), 2U); };
  const unsigned CONT = chance(6) ? 1 + m_random.below(2) : 0;
  unsigned log2 = std::max(CONT, log2_of(sid));
  for (unsigned s = sid >> log2 << log2; s < (sid >> log2 << log2) + (1U << log2); ++s) {
    log2 = std::max(log2, log2_of(s));
  }
  const Run run{sid >> log2 << log2, 1U << log2};
  for (unsigned s = run.first; s < run.first + run.count; ++s) {
    if (log2 == CONT && s != run.first) {
      m_own->stes[s] = m_own->stes[run.first];
    } else {
      draw_ste(s, log2 == CONT ? CONT : 0);
    }
    for (unsigned i = 0; i < 8; ++i) m_pair.poke(ste_address(s) + 8 * i, m_own->stes[s][i]);
    m_own->vmids.insert(static_cast<std::uint16_t>(field(m_own->stes[s], 128, 16)));
    ++(m_secure ? m_tally.secure_configs : m_tally.configs)[field(m_own->stes[s], 1, 3)];
  }
  if (CONT != 0 && log2 == CONT) ++m_tally.runs;
  return run;
}

void Programs::draw_ste(unsigned sid, unsigned CONT) {
  Random& r = m_random;
  const smmuv3::Features& f = m_features;
  auto& w = m_own->stes[sid];
  w = {};
  set(w, 0, 1, 1);
  std::vector<unsigned> configs = {4};
  if (!m_tidy) configs = {4, 4, 0};
  const bool stage2 = m_secure ? f.SEL2 : f.S2P;
  for (unsigned n = 0; n < 4; ++n) {
    if (f.S1P) configs.push_back(5);
    if (stage2) configs.push_back(6);
    if (f.S1P && stage2) configs.push_back(7);
  }
  if (r.one_in(m_tidy ? 80 : 20)) configs.assign({0, 1, 2, 3, 4, 5, 6, 7});
  set(w, 1, 3, configs[r.below(static_cast<std::uint32_t>(configs.size()))]);
  // stage 1: a table of CDs at the end of any page of tables, or one of two levels
  // Where stage 2 leads to L1CDs nobody knows.
  const bool nested = field(w, 1, 3) == 7;
  const unsigned format = f.CD2L && r.one_in(nested && m_tidy ? 20 : 3) ? 1 + r.below(2) : 0;
  set(w, 4, 2, format);
  // Secure streams of stage 1 alone have no VMID, and so all the same CDs.
  const bool shares = m_secure && field(w, 1, 3) == 5;
  const std::uint64_t page = tables | (shares ? 0 : r.any() & 0x1f000);
  const std::uint64_t table = (format == 0 ? page | cds_in_page : l1_cds) >> 6;
  set(w, 6, 50, table);
  const unsigned most = f.SSIDSIZE;
  if (r.one_in(2)) set(w, 59, 5, std::min(most, r.below(4)));
  if (format != 0 && r.one_in(2)) set(w, 59, 5, std::min(most, 6 + r.below(8)));
  set(w, 64, 2, r.below(3));                                                      // S1DSS
  set(w, 66, 6, r.any());                                                         // S1CIR, S1COR, S1CSH
  if (r.one_in(4)) set(w, 83, 1, 1);                                              // MEV
  set(w, 94, 2, has_el2() && r.one_in(3) ? 2 : m_secure && r.one_in(3) ? 1 : 0);  // STRW
  if (f.STALL_MODEL == 0 && r.one_in(m_tidy ? 24 : 6)) set(w, 91, 1, 1);          // S1STALLD
  if (r.one_in(2)) set(w, 96, 5, r.any());                                        // MemAttr, MTCFG
  if (r.one_in(3)) set(w, 101, 4, r.any());                                       // ALLOCCFG
  set(w, 108, 2, r.one_in(2) ? 1 : r.any());                                      // SHCFG
  if (r.one_in(3)) set(w, 112, 4, r.any());                                       // PRIVCFG, INSTCFG
  if (m_secure && r.one_in(2)) set(w, 110, 2, r.any());                           // NSCFG
  // stage 2
  set(w, 128, 16, sid + 1);
  const unsigned granule = f.GRAN4K ? 0 : f.GRAN64K ? 1 : 2;
  const unsigned TG = !r.one_in(3) ? granule : f.GRAN64K && r.one_in(2) ? 1 : f.GRAN16K ? 2 : granule;
  set(w, 174, 2, TG);
  const bool lpae = (f.TTF & 1) != 0 && (f.TTF == 1 || (m_tidy ? m_lpae && !m_secure : r.one_in(4)));
  set(w, 179, 1, lpae ? 0 : 1);
  // an input size and the start level that goes with it, mostly
  const unsigned size =
      lpae ? 25 + r.below(16) : std::min<unsigned>(f.OAS, r.of({32U, 36U, 40U, 42U, 44U, 48U, 34U}));
  set(w, 160, 6, lpae ? (32 - size) & 0xf : 64 - size);
  const unsigned log2 = TG == 0 ? 12 : TG == 1 ? 16 : 14;
  unsigned level = 3;
  while (level > 0 && size > log2 + (log2 - 3) * (4 - level) + 4) --level;
  if (lpae) {
    set(w, 166, 2, size > 34 ? 1 : size < 31 ? 0 : r.below(2));
    if (!m_tidy) set(w, 160, 8, r.any() & 0xdf);
  } else {
    set(w, 166, 2, TG == 0 ? 2 - level : 3 - level);
  }
  set(w, 168, 6, r.any());                               // S2IR0, S2OR0, S2SH0
  set(w, 176, 3, r.one_in(3) ? r.any() : f.oas_code());  // S2PS
  set(w, 180, 1, f.TTENDIAN == 3);
  set(w, 181, 1, r.one_in(6));                                                // S2AFFD
  set(w, 182, 1, r.one_in(6));                                                // S2PTW
  if (f.HTTU != 0 && !(lpae && m_tidy)) set(w, 184, 1, r.one_in(2));          // S2HA
  if (f.HTTU == 2 && (w[2] >> 56 & 1) != 0) set(w, 183, 1, r.one_in(2));      // S2HD
  set(w, 185, 1, f.STALL_MODEL == 2 || (f.STALL_MODEL == 0 && r.one_in(2)));  // S2S
  set(w, 186, 1, !r.one_in(4));                                               // S2R
  if (f.FWB && !(lpae && m_tidy) && r.one_in(3)) set(w, 89, 1, 1);            // S2FWB
  set(w, 196, 48, (tables | (r.any() & 0x1f000)) >> 4);
  if (TG != 0) set(w, 196, 12, 0);
  if (m_secure) {
    set(w, 192, 2, r.any());                    // S2NSW, S2NSA
    set(w, 288, 8, w[2] >> 32);                 // S_S2T0SZ, S_S2SL0
    set(w, 302, 2, TG);                         // S_S2TG
    set(w, 384, 2, r.one_in(2) ? r.any() : 0);  // S2SW, S2SA
    set(w, 388, 48, (tables | (r.any() & 0x1f000)) >> 4);
    if (TG != 0) set(w, 388, 12, 0);
  }
  if (f.ATS && !r.one_in(3)) {
    const unsigned Config = field(w, 1, 3);
    const unsigned EATS = r.one_in(m_tidy ? 24 : 6)                 ? r.below(4)
                          : Config == 7 && !f.NS1ATS && r.one_in(2) ? 2
                                                                    : 1;
    set(w, 92, 2, EATS);
    if (!r.one_in(m_tidy ? 24 : 6)) set(w, 185, 1, 0);  // S2S, which does not go with stage 2 and EATS
  }
  if (f.PRI) set(w, 82, 1, r.one_in(2));  // PPAR
  if (f.MPAM) draw_label(w);
  // and what nobody expects
  for (unsigned n = r.one_in(m_tidy ? 24 : 4) ? 1 + r.below(4) : 0; n > 0; --n)
    w[r.below(8)] ^= 1ULL << r.below(64);
  if (r.one_in(m_tidy ? 200 : 30)) w[r.below(8)] = r.any();
  set(w, 128, 8, sid + 1);                 // no two streams share entries
  if (f.MPAM) set(w, 333, 5, vmss >> 13);  // elsewhere, VMSs would change behind the back of caches
  if (m_secure && field(w, 1, 3) == 5) {
    set(w, 4, 2, format);
    set(w, 6, 50, table);
  }
  // But of the regimes of EL2 and EL3, which have no ASIDs: there access() invalidates between contexts, and
  // none stalls, since it could be retried behind another one's accesses; nor is one that does retried there.
  if (m_pair.any_stalled()) set(w, 94, 2, 0);
  if ((w[1] >> 30 & 3) != 0)
    set(w, f.STALL_MODEL == 2 ? 94 : 91, f.STALL_MODEL == 2 ? 2 : 1, f.STALL_MODEL == 0);
  set(w, 77, 4, CONT);
}

// Mostly one that is not greater than the maximum.
std::uint16_t Programs::draw_PARTID(bool MPAM_NS) {
  const unsigned max = m_secure && !MPAM_NS ? m_features.S_PARTID_MAX : m_features.PARTID_MAX;
  return static_cast<std::uint16_t>(chance(8) ? m_random.any() : m_random.below(max + 1));
}

std::uint8_t Programs::draw_PMG(bool MPAM_NS) {
  const unsigned max = m_secure && !MPAM_NS ? m_features.S_PMG_MAX : m_features.PMG_MAX;
  return static_cast<std::uint8_t>(chance(8) ? m_random.any() : m_random.below(max + 1));
}

void Programs::draw_label(Words& ste) {
  Random& r = m_random;
  const bool MPAM_NS = m_secure && r.one_in(2);
  const bool selects = MPAM_NS && m_features.HAS_MPAM_NS;
  set(ste, 90, 1, !r.one_in(3));                // S1MPAM
  set(ste, 272, 16, draw_PARTID(selects));      // PARTID
  set(ste, 320, 8, draw_PMG(selects));          // PMG
  set(ste, 328, 1, MPAM_NS);                    // MPAM_NS
  set(ste, 332, 6, (vmss >> 12) + r.below(2));  // VMSPtr, which may have bits beyond the OAS
  if (r.one_in(4)) set(ste, 338, 38, (r.any() & ((1ULL << m_features.OAS) - 1)) >> 18);
  if (r.one_in(m_tidy ? 40 : 10)) set(ste, 338, 38, r.any());
}

// Not to be taken for an STE, a CD or a descriptor: no word has bits 0 or 56, nor the first one bit 31.
void Programs::put_vms(unsigned n) {
  for (unsigned i = 0; i < 8; ++i) {
    std::uint64_t four = 0;
    for (unsigned j = 0; j < 4; ++j) four = four << 16 | draw_PARTID(chance(2));
    m_pair.poke(vmss + 0x1000 * n + 8 * i, four & ~(1ULL | 1ULL << 56 | (i == 0 ? 1ULL << 31 : 0)));
  }
}

void Programs::put_cd(unsigned context) {
  Random& r = m_random;
  const smmuv3::Features& f = m_features;
  std::array<std::uint64_t, 8> w{};
  const bool lpae = (f.TTF & 1) != 0 && (f.TTF == 1 || (m_tidy && m_lpae) || r.one_in(4));
  for (unsigned half = 0; half < 2; ++half) {
    const unsigned at = half * 16;
    const unsigned granule = f.GRAN4K ? 0 : f.GRAN64K ? 1 : 2;
    const unsigned TG = !r.one_in(3) ? granule : f.GRAN64K && r.one_in(2) ? 1 : f.GRAN16K ? 2 : granule;
    static constexpr unsigned TG1[] = {2, 3, 1};
    set(w, at, 6, lpae ? r.below(8) : r.one_in(4) ? 16 + r.below(24) : r.of({16U, 25U, 20U, 28U, 32U}));
    set(w, at + 6, 2, half == 0 ? TG : TG1[TG]);
    set(w, at + 8, 6, r.any());                     // IR, OR, SH
    set(w, at + 14, 1, r.one_in(m_tidy ? 20 : 6));  // EPD
    set(w, 38 + half, 1, r.one_in(3));              // TBI
    set(w, (1 + half) * 64, 52, tables | (r.any() & 0x1f000));
    if (TG == 1) set(w, (1 + half) * 64, 16, 0);
    if (f.HAD) set(w, (1 + half) * 64 + 60, 1, r.one_in(4));
    if (m_secure) set(w, (1 + half) * 64, 1, r.one_in(3));  // NSCFG
    if (f.E0PD) set(w, (1 + half) * 64 + 55, 1, r.one_in(6));
  }
  set(w, 15, 1, f.TTENDIAN == 3);
  set(w, 31, 1, 1);
  set(w, 32, 3, r.one_in(3) ? r.any() : f.oas_code());
  set(w, 35, 1, r.one_in(6));  // AFFD
  set(w, 36, 1, r.one_in(8));  // WXN
  set(w, 37, 1, r.one_in(8));  // UWXN
  set(w, 40, 1, r.one_in(6));  // PAN
  set(w, 41, 1, !lpae);
  if (f.HTTU == 2 && r.one_in(2)) set(w, 42, 1, 1);                             // HD
  if (f.HTTU != 0 && ((w[0] >> 42 & 1) != 0 || r.one_in(2))) set(w, 43, 1, 1);  // HA
  set(w, 44, 1, f.STALL_MODEL == 2 || (f.STALL_MODEL == 0 && r.one_in(2)));
  set(w, 45, 1, !r.one_in(4));
  set(w, 46, 1, f.TERM_MODEL || r.one_in(2));
  set(w, 47, 1, r.one_in(2));  // ASET
  if (f.EPAN) set(w, 64 + 56, 1, r.one_in(2));
  if (f.MPAM) {
    const bool MPAM_NS = f.HAS_MPAM_NS && r.one_in(2);
    set(w, 352, 16, r.one_in(2) ? r.below(32) : draw_PARTID(MPAM_NS));  // PARTID, of a VM or not
    set(w, 368, 8, draw_PMG(MPAM_NS));                                  // PMG
  }
  w[3] = r.one_in(4) ? r.any() : 0xff44'0400'bb4f'f0ff;
  for (unsigned n = r.one_in(m_tidy ? 24 : 5) ? 1 + r.below(3) : 0; n > 0; --n)
    w[r.below(4)] ^= 1ULL << r.below(64);
  if (r.one_in(m_tidy ? 200 : 30)) w[r.below(8)] = r.any();
  set(w, 48, 8, context + 1);
  // 5.4: EPDx makes TxSZ IGNORED; what then divides the ranges of VMSAv8-32, whose sizes both have a say, is
  // not told.
  for (unsigned half = 0; half < 2; ++half) {
    if ((w[0] >> 41 & 1) == 0 && (w[0] >> (14 + 16 * half) & 1) != 0) set(w, 16 * half, 6, 0);
  }
  m_own->cds[context] = w;
  for (std::uint64_t page = tables; page < Arena::bytes; page += Arena::page) {
    for (unsigned i = 0; i < 8; ++i) m_pair.poke(page + cds_in_page + 64 * context + 8 * i, w[i]);
  }
  for (unsigned i = 0; i < 8; ++i) m_pair.poke(leaf_cds + 64 * context + 8 * i, w[i]);
}

void Programs::put_stream_table() {
  Random& r = m_random;
  for (unsigned sid = streams; sid < 16; ++sid) {
    for (unsigned i = 0; i < 8; ++i) m_pair.poke(ste_address(sid) + 8 * i, r.one_in(4) ? r.any() & ~1ULL : 0);
  }
  for (unsigned i = 0; i < 16; ++i) {
    m_pair.poke(l1_table + 8 * i, i == 0        ? stream_table | (r.one_in(8) ? r.below(16) : 4 + r.below(4))
                                  : r.one_in(2) ? 0
                                                : stream_table | r.below(32));
    m_pair.poke(l1_cds + 8 * i, i == 0 && !r.one_in(8) ? leaf_cds | 1 : r.any() & 0x3'f001);
  }
}

}  // namespace smmuvp::compare
