#include "program.h"

#include <algorithm>
#include <cstdio>

namespace smmuvp::compare {

namespace {

constexpr std::uint64_t stream_table = 0x10000;  // linear; two-level: its second level
constexpr std::uint64_t l1_table = 0x12000;
constexpr std::uint64_t l1_cds = 0x14000;     // two-level CD tables
constexpr std::uint64_t leaf_cds = 0x1'5000;  // their leaves with 4 KiB; 0x1'0000 aligned ones are the tables
constexpr std::uint64_t command_queue = 0x18000;
constexpr std::uint64_t event_queue = 0x19000;
constexpr std::uint64_t msis = 0x1a000;
constexpr std::uint64_t tables = 0x20000;
constexpr std::uint64_t cds_in_page = 0xf00;

void set(std::array<std::uint64_t, 8>& words, unsigned low, unsigned width, std::uint64_t value) {
  const std::uint64_t mask = width >= 64 ? ~0ULL : (1ULL << width) - 1;
  std::uint64_t& w = words[low / 64];
  w = (w & ~(mask << low % 64)) | (value & mask) << low % 64;
}

constexpr std::uint32_t SMMUEN = 1, EVENTQEN = 4, CMDQEN = 8;

}  // namespace

Programs::Programs(Pair& pair, std::uint64_t seed, Tally& tally)
    : m_pair(pair), m_tally(tally), m_features(pair.features()), m_random(seed) {
  fill_tables();
}

// A block, a page or a pointer to another page of tables: in 0b11 both readings are good.
std::uint64_t Programs::descriptor() {
  Random& r = m_random;
  std::uint64_t d = r.one_in(16) ? r.below(4) : r.one_in(8) ? 1U : 3U;
  d |= tables | (r.any() & 0x1f000);  // a page of tables
  if (r.one_in(24)) d |= (r.any() & 0xf'ffff'ffff'f000) >> r.below(24) & 0xf'ffff'fffc'0000;
  d |= std::uint64_t{r.one_in(12) ? 0U : 1U} << 10;         // AF
  d |= std::uint64_t{r.of({1U, 1U, 1U, 3U, 0U, 2U})} << 6;  // AP[2:1], S2AP
  d |= std::uint64_t{r.below(4)} << 8;                      // SH
  d |= std::uint64_t{r.below(16)} << 2;                     // AttrIndx and NS, MemAttr
  d |= 1ULL << 11;                                          // nG: no entry is of another context's
  if (r.one_in(3)) d |= 1ULL << 51;                         // DBM
  if (r.one_in(6)) d |= std::uint64_t{r.below(4)} << 53;    // PXN, UXN; XN
  if (r.one_in(12)) d |= std::uint64_t{r.below(32)} << 59;  // of tables: NSTable, APTable, UXNTable, PXNTable
  if (r.one_in(24)) d |= 1ULL << 16;                        // nT
  return m_features.TTENDIAN == 3 ? __builtin_bswap64(d) : d;
}

void Programs::fill_tables() {
  for (std::uint64_t at = tables; at < Arena::bytes; at += 8) {
    if ((at & 0xfff) < cds_in_page) m_pair.poke(at, descriptor());
  }
}

std::uint64_t Programs::ste_address(unsigned sid) const { return stream_table + 64 * sid; }

void Programs::put_ste(unsigned sid) {
  Random& r = m_random;
  const smmuv3::Features& f = m_features;
  auto& w = m_stes[sid];
  w = {};
  set(w, 0, 1, 1);
  std::vector<unsigned> configs = {4, 4, 0};
  for (unsigned n = 0; n < 5; ++n) {
    if (f.S1P) configs.push_back(5);
    if (f.S2P) configs.push_back(6);
    if (f.S1P && f.S2P) configs.push_back(7);
  }
  if (r.one_in(40)) configs.assign({0, 1, 2, 3, 4, 5, 6, 7});
  set(w, 1, 3, configs[r.below(static_cast<std::uint32_t>(configs.size()))]);
  // stage 1: a table of CDs at the end of any page of tables, or one of two levels
  const unsigned format = f.CD2L && r.one_in(3) ? 1 + r.below(2) : 0;
  set(w, 4, 2, format);
  const std::uint64_t page = tables | (r.any() & 0x1f000);
  set(w, 6, 50, (format == 0 ? page | cds_in_page : l1_cds) >> 6);
  const unsigned most = f.SSIDSIZE;
  if (r.one_in(2)) set(w, 59, 5, std::min(most, r.below(4)));
  if (format != 0 && r.one_in(2)) set(w, 59, 5, std::min(most, 6 + r.below(8)));
  set(w, 64, 2, r.below(3));                                // S1DSS
  set(w, 66, 6, r.any());                                   // S1CIR, S1COR, S1CSH
  if (r.one_in(4)) set(w, 83, 1, 1);                        // MEV
  set(w, 94, 2, f.Hyp && r.one_in(3) ? 2 : 0);              // STRW
  if (f.STALL_MODEL == 0 && r.one_in(6)) set(w, 91, 1, 1);  // S1STALLD
  if (r.one_in(2)) set(w, 96, 5, r.any());                  // MemAttr, MTCFG
  if (r.one_in(3)) set(w, 101, 4, r.any());                 // ALLOCCFG
  set(w, 108, 2, r.one_in(2) ? 1 : r.any());                // SHCFG
  if (r.one_in(3)) set(w, 112, 4, r.any());                 // PRIVCFG, INSTCFG
  // stage 2
  set(w, 128, 16, sid + 1);
  const unsigned granule = f.GRAN4K ? 0 : f.GRAN64K ? 1 : 2;
  const unsigned TG = !r.one_in(3) ? granule : f.GRAN64K && r.one_in(2) ? 1 : f.GRAN16K ? 2 : granule;
  set(w, 174, 2, TG);
  const bool lpae = (f.TTF & 1) != 0 && (f.TTF == 1 || r.one_in(4));
  set(w, 179, 1, lpae ? 0 : 1);
  // an input size and the start level that goes with it, mostly
  const unsigned size =
      lpae ? 32 + r.below(9) : std::min<unsigned>(f.OAS, r.of({32U, 36U, 40U, 42U, 44U, 48U, 34U}));
  set(w, 160, 6, lpae ? 16 + 8 - (size - 32) : 64 - size);
  const unsigned log2 = TG == 0 ? 12 : TG == 1 ? 16 : 14;
  unsigned level = 3;
  while (level > 0 && size > log2 + (log2 - 3) * (4 - level) + 4) --level;
  if (lpae) {
    set(w, 160, 6, r.below(32));
    set(w, 166, 2, r.below(2));
  } else {
    set(w, 166, 2, TG == 0 ? 2 - level : 3 - level);
  }
  set(w, 168, 6, r.any());                               // S2IR0, S2OR0, S2SH0
  set(w, 176, 3, r.one_in(3) ? r.any() : f.oas_code());  // S2PS
  set(w, 180, 1, f.TTENDIAN == 3);
  set(w, 181, 1, r.one_in(6));                                                // S2AFFD
  set(w, 182, 1, r.one_in(6));                                                // S2PTW
  if (f.HTTU != 0) set(w, 184, 1, r.one_in(2));                               // S2HA
  if (f.HTTU == 2 && (w[2] >> 56 & 1) != 0) set(w, 183, 1, r.one_in(2));      // S2HD
  set(w, 185, 1, f.STALL_MODEL == 2 || (f.STALL_MODEL == 0 && r.one_in(2)));  // S2S
  set(w, 186, 1, !r.one_in(4));                                               // S2R
  if (f.FWB && r.one_in(3)) set(w, 89, 1, 1);                                 // S2FWB
  set(w, 196, 48, (tables | (r.any() & 0x1f000)) >> 4);
  if (TG != 0) set(w, 196, 12, 0);
  // and what nobody expects
  for (unsigned n = r.one_in(5) ? 1 + r.below(4) : 0; n > 0; --n) w[r.below(8)] ^= 1ULL << r.below(64);
  if (r.one_in(50)) w[r.below(8)] = r.any();
  set(w, 128, 8, sid + 1);  // no two streams share entries
  // But of the EL2 regime, which has no ASIDs: there access() invalidates between contexts, and none stalls,
  // since it could be retried behind another one's accesses.
  if ((w[1] >> 30 & 3) != 0)
    set(w, f.STALL_MODEL == 2 ? 94 : 91, f.STALL_MODEL == 2 ? 2 : 1, f.STALL_MODEL == 0);
  set(w, 77, 4, 0);  // CONT: it promises neighbours that are the same
  for (unsigned i = 0; i < 8; ++i) m_pair.poke(ste_address(sid) + 8 * i, w[i]);
  m_tally.configs[w[0] >> 1 & 7] += 1;
}

void Programs::put_cd(unsigned context) {
  Random& r = m_random;
  const smmuv3::Features& f = m_features;
  std::array<std::uint64_t, 8> w{};
  const bool lpae = (f.TTF & 1) != 0 && (f.TTF == 1 || r.one_in(4));
  for (unsigned half = 0; half < 2; ++half) {
    const unsigned at = half * 16;
    const unsigned granule = f.GRAN4K ? 0 : f.GRAN64K ? 1 : 2;
    const unsigned TG = !r.one_in(3) ? granule : f.GRAN64K && r.one_in(2) ? 1 : f.GRAN16K ? 2 : granule;
    static constexpr unsigned TG1[] = {2, 3, 1};
    set(w, at, 6, lpae ? r.below(8) : r.one_in(4) ? 16 + r.below(24) : r.of({16U, 25U, 20U, 28U, 32U}));
    set(w, at + 6, 2, half == 0 ? TG : TG1[TG]);
    set(w, at + 8, 6, r.any());         // IR, OR, SH
    set(w, at + 14, 1, r.one_in(10));   // EPD
    set(w, 38 + half, 1, r.one_in(3));  // TBI
    set(w, (1 + half) * 64, 52, tables | (r.any() & 0x1f000));
    if (TG == 1) set(w, (1 + half) * 64, 16, 0);
    if (f.HAD) set(w, (1 + half) * 64 + 60, 1, r.one_in(4));
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
  w[3] = r.one_in(4) ? r.any() : 0xff44'0400'bb4f'f0ff;
  for (unsigned n = r.one_in(6) ? 1 + r.below(3) : 0; n > 0; --n) w[r.below(4)] ^= 1ULL << r.below(64);
  if (r.one_in(50)) w[r.below(8)] = r.any();
  set(w, 48, 8, context + 1);
  // 5.4: EPDx makes TxSZ IGNORED; what then divides the ranges of VMSAv8-32, whose sizes both have a say, is
  // not told.
  for (unsigned half = 0; half < 2; ++half) {
    if ((w[0] >> 41 & 1) == 0 && (w[0] >> (14 + 16 * half) & 1) != 0) set(w, 16 * half, 6, 0);
  }
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

void Programs::initialize() {
  Random& r = m_random;
  m_pair.clear_aborts();
  m_stalls.clear();
  m_last_context = ~0ULL;
  for (unsigned sid = 0; sid < streams; ++sid) put_ste(sid);
  for (unsigned context = 0; context < contexts; ++context) put_cd(context);
  put_stream_table();
  for (unsigned n = 0; n < 64; ++n) {
    const std::uint64_t at = tables | (r.any() & 0x1'f078);
    m_pair.poke(at, descriptor());
  }
  m_two_level = m_features.ST_LEVEL != 0 && r.one_in(2);
  m_log2_commands = r.of({3U, 4U, 5U, 0U, 1U});
  m_log2_events = r.of({3U, 4U, 2U, 0U, 1U});
  m_pair.write(0x28, r.one_in(4) ? r.any() : 0xd75);
  m_pair.write(0x2c, r.one_in(8) ? r.any() : 2U | r.below(2));
  m_pair.write(0x80, (m_two_level ? l1_table : stream_table) | (r.any() & (1ULL << 62)), 8);
  const unsigned split = r.of({6U, 8U, 10U});
  m_pair.write(0x88, m_two_level   ? 1U << 16 | split << 6 | (r.one_in(6) ? r.below(12) : split + 2)
                     : r.one_in(6) ? r.below(8)
                                   : 4U);
  m_pair.write(0x90, command_queue | m_log2_commands, 8);
  m_pair.write(0xa0, event_queue | m_log2_events, 8);
  if (r.one_in(3)) {
    for (const std::uint32_t cfg : {0x68U, 0xb0U}) {
      m_pair.write(cfg, msis + 4 * r.below(64), 8);
      m_pair.write(cfg + 8, r.any() & 0xffff'ffff);
      m_pair.write(cfg + 12, r.below(64));
    }
  }
  m_pair.write(0x44,
               0x8000'0000U | (r.one_in(2) ? 0x1000U : static_cast<std::uint32_t>(r.any() & 0x1f'ffff)));
  m_pair.write(0x50, r.one_in(8) ? r.below(8) : 5U);
  m_cr0 = SMMUEN | EVENTQEN | CMDQEN;
  m_pair.write(0x20, r.one_in(8) ? r.any() | m_cr0 : m_cr0);
}

void Programs::access() {
  Random& r = m_random;
  smmu::AccessRequest a;
  a.stream_id = r.one_in(20) ? static_cast<std::uint32_t>(r.any() >> (32 + r.below(32))) : r.below(streams);
  if (std::uint64_t{a.stream_id} >> m_features.SIDSIZE != 0)
    a.stream_id &= static_cast<std::uint32_t>((1ULL << m_features.SIDSIZE) - 1);
  if (m_features.SSIDSIZE != 0 && r.one_in(3)) {
    a.substream_valid = true;
    a.substream_id = r.one_in(10) ? r.below(1U << m_features.SSIDSIZE)
                                  : r.below(std::min(contexts, 1U << m_features.SSIDSIZE));
  }
  // Few indexes a level, so that pages are met again.
  std::uint64_t va = r.any() & 0xfff;
  for (const unsigned at : {12U, 14U, 16U, 21U, 25U, 29U, 30U, 36U}) {
    if (r.one_in(3)) va |= std::uint64_t{r.below(2)} << at;
  }
  if (r.one_in(10)) va |= r.any() >> r.below(52) & 0xffff'ffff'ffff;
  if (r.one_in(4)) va |= 0xffffULL << 48 | (r.one_in(8) ? 0U : 0xffffULL << 32);
  if (r.one_in(12)) va ^= std::uint64_t{r.below(256)} << 56;
  a.address = va;
  a.kind = r.of({smmu::AccessKind::read, smmu::AccessKind::read, smmu::AccessKind::write,
                 smmu::AccessKind::write, smmu::AccessKind::atomic});
  a.privileged = r.one_in(2);
  a.instruction = a.kind == smmu::AccessKind::read && r.one_in(4);
  if (r.one_in(3)) {
    a.attributes.memory =
        r.of<std::uint8_t>({0xff, 0x44, 0x00, 0x04, 0x08, 0x0c, 0xbb, 0x4f, 0xf4, 0x77, 0xee});
    a.attributes.SH = r.of(
        {pgtable::Shareability::non_shareable, pgtable::Shareability::inner, pgtable::Shareability::outer});
  }
  // The EL2 regime has no ASID: contexts are told apart by invalidations only.
  if (a.stream_id < streams && (m_stes[a.stream_id][1] >> 30 & 3) != 0 && m_features.Hyp) {
    const std::uint64_t context = (m_stes[a.stream_id][0] << 1) + (a.substream_valid ? a.substream_id : 0);
    if (context != m_last_context) {
      invalidate_tlbs();
      sync();
    }
    m_last_context = context;
  }
  m_pair.access(a);
  m_abandoned = m_pair.tables().updated_what_it_reads_twice();
  // Hardware may have changed what is a descriptor of others, or a CD, as well.
  if (m_pair.tables().updated() && !m_abandoned) {
    command(0x04, 31);
    invalidate_tlbs();
    sync();
  }
}

// ---- commands

void Programs::command(std::uint64_t word0, std::uint64_t word1) {
  mend_errors();
  const std::uint64_t prod = m_pair.read(0x98);
  const std::uint64_t slot = command_queue + 16 * (prod & ((1U << m_log2_commands) - 1));
  char text[64];
  std::snprintf(text, sizeof text, "command %#llx %#llx", static_cast<unsigned long long>(word0),
                static_cast<unsigned long long>(word1));
  m_pair.note(text);
  m_pair.poke(slot, word0);
  m_pair.poke(slot + 8, word1);
  ++m_tally.opcodes[word0 & 0xff];
  m_pair.write(0x98, (prod + 1) & ((2U << m_log2_commands) - 1));
}

// A command that stopped the queue becomes one that is legal; it is read again.
void Programs::mend_errors() {
  const std::uint64_t active = m_pair.read(0x60) ^ m_pair.read(0x64);
  if (active == 0) return;
  if ((active & 1) != 0) {
    const std::uint64_t cons = m_pair.read(0x9c);
    const std::uint64_t slot = command_queue + 16 * (cons & ((1U << m_log2_commands) - 1));
    m_pair.set_abort(slot, false);
    m_pair.poke(slot, 0x46);
    m_pair.poke(slot + 8, 0);
  }
  if ((active & 4) != 0) m_pair.set_abort(event_queue, false);
  m_pair.write(0x64, m_pair.read(0x60));
}

void Programs::sync() {
  Random& r = m_random;
  std::uint64_t word0 = 0x46;
  std::uint64_t word1 = 0;
  if (r.one_in(3)) {
    word0 |= std::uint64_t{r.below(3)} << 12 | (r.any() & 0xffff'ffff'0fc0'0000);
    word1 = r.one_in(4) ? 0 : msis + 4 * r.below(64);
  }
  command(word0, word1);
}

void Programs::invalidate_ste(unsigned sid) {
  Random& r = m_random;
  switch (r.below(3)) {
    case 0:
      return command(0x03 | std::uint64_t{sid} << 32, r.below(2));
    case 1: {
      const unsigned range = r.below(20);
      return command(0x04 | (std::uint64_t{sid} & ~((1ULL << (range + 1)) - 1)) << 32, range);
    }
    default:
      return command(0x04 | (r.any() & 0xffff'ffff'0000'0000), 31);
  }
}

void Programs::invalidate_all_cds() {
  Random& r = m_random;
  if (!m_features.S1P || r.one_in(3)) return command(0x04, 31);
  for (unsigned sid = 0; sid < streams; ++sid) command(0x06 | std::uint64_t{sid} << 32, 0);
}

void Programs::invalidate_tlbs() {
  Random& r = m_random;
  m_last_context = ~0ULL;
  if (r.one_in(3) && m_features.S2P) {
    for (unsigned vmid = 1; vmid <= streams; ++vmid) command(0x28 | std::uint64_t{vmid} << 32, 0);
    for (unsigned vmid = 1; vmid <= streams && m_features.VMID16; ++vmid) {
      command(0x30, 0);  // of VMIDs beyond 8 bits, which a changed STE may have
      break;
    }
  } else {
    command(0x30, 0);
  }
  if (m_features.Hyp) command(0x20, 0);
}

void Programs::random_command() {
  Random& r = m_random;
  if ((m_cr0 & CMDQEN) == 0) return;
  const std::uint64_t opcode =
      r.one_in(3) ? r.below(256) : r.of({1,    2,    3,    4,    5,    6,    0x10, 0x11, 0x12, 0x13, 0x20,
                                         0x21, 0x22, 0x23, 0x28, 0x2a, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46});
  std::uint64_t word0 = opcode | (r.any() & 0xffff'ffff'ffff'ff00 & (r.one_in(2) ? r.any() : ~0ULL));
  std::uint64_t word1 = r.one_in(2) ? r.any() & r.any() : r.any();
  if (!r.one_in(8)) word0 &= ~(1ULL << 10);  // SSec
  if (opcode == 0x46) {
    word1 = msis + 4 * r.below(64);
  }
  if (opcode == 0x44) {
    // one that names nobody, or resume()
    word0 = (word0 & 0xffff'ffff) | 99ULL << 32;
  }
  if (opcode == 0x45) m_stalls.clear();
  // 4.2: of a prefetch nothing can be seen but Access flags that it sets, which naive's does not.
  if (opcode == 0x01 || opcode == 0x02) {
    const std::uint64_t sid = m_features.HTTU == 0 ? r.below(streams) : 1ULL << 31;
    word0 = (word0 & 0xffff'ffff) | sid << 32;
  }
  command(word0, word1);
  sync();  // whether an invalidation counts before it is complete is a choice
}

void Programs::resume() {
  Random& r = m_random;
  if ((m_cr0 & CMDQEN) == 0 || m_features.STALL_MODEL == 1) return;
  read_events();
  if (m_stalls.empty() || r.one_in(8)) {
    const unsigned sid = r.below(streams);
    command(0x45 | std::uint64_t{sid} << 32, 0);
    std::erase_if(m_stalls, [sid](const Stall& s) { return s.StreamID == sid; });
    return;
  }
  const unsigned i = r.below(static_cast<std::uint32_t>(m_stalls.size()));
  const Stall s = m_stalls[i];
  m_stalls.erase(m_stalls.begin() + i);
  command(0x44 | std::uint64_t{r.below(4)} << 12 | std::uint64_t{s.StreamID} << 32, s.STAG);
}

// ---- the rest

void Programs::read_events() {
  const std::uint64_t prod = m_pair.read(0x100a8);
  std::uint64_t cons = m_pair.read(0x100ac);
  const std::uint64_t mask = (2U << m_log2_events) - 1;
  while (((prod ^ cons) & mask) != 0) {
    const std::uint64_t slot = event_queue + 32 * (cons & mask >> 1);
    const std::uint64_t word0 = m_pair.peek(slot), word1 = m_pair.peek(slot + 8);
    ++m_tally.events[word0 & 0xff];
    if ((word1 >> 31 & 1) != 0) {
      m_stalls.push_back({static_cast<std::uint32_t>(word0 >> 32), static_cast<std::uint16_t>(word1)});
    }
    cons = (cons + 1) & mask;
  }
  m_pair.write(0x100ac, (cons & mask) | (prod & 0x8000'0000));
}

void Programs::change_ste() {
  const unsigned sid = m_random.below(streams);
  put_ste(sid);
  m_pair.note("changed STE " + std::to_string(sid));
  invalidate_ste(sid);
  invalidate_tlbs();
  sync();
}

void Programs::change_cd() {
  const unsigned context = m_random.below(contexts);
  put_cd(context);
  m_pair.note("changed CD " + std::to_string(context));
  invalidate_all_cds();
  invalidate_tlbs();
  sync();
}

void Programs::change_tables() {
  m_pair.note("changed tables");
  for (unsigned n = 0; n < 8; ++n) m_pair.poke(tables | (m_random.any() & 0x1'f078), descriptor());
  if (m_random.one_in(8)) m_pair.set_abort(tables | (m_random.any() & 0x1'f000), m_random.one_in(2));
  if (m_random.one_in(8)) {
    m_pair.set_abort(
        m_random.of({stream_table, l1_table, l1_cds, leaf_cds, command_queue, event_queue, msis}),
        m_random.one_in(2));
    command(0x04, 31);
  }
  invalidate_all_cds();  // they lie among the tables
  invalidate_tlbs();
  sync();
}

void Programs::random_register() {
  Random& r = m_random;
  switch (r.below(5)) {
    case 0: {  // guarded, or without a meaning here
      const std::uint32_t offset = r.of({0x28U, 0x2cU, 0x80U, 0x88U, 0x90U, 0xa0U, 0x9cU, 0x100a8U, 0x24U,
                                         0x0U, 0x40U, 0x48U, 0x54U, 0x60U, 0x8000U, 0x8020U, 0x14U, 0x1cU});
      return m_pair.write(offset, r.any() & 0xffff'ffff, 4);
    }
    case 1:
      return m_pair.write(0x44, (r.one_in(2) ? 0x8000'0000U : 0U) | (r.any() & 0x1f'ffff));
    case 2:
      return m_pair.write(0x50, r.one_in(3) ? r.below(8) : 5U);
    case 3:  // enables
      m_cr0 ^= r.of({SMMUEN, EVENTQEN, EVENTQEN});
      if ((m_cr0 & SMMUEN) == 0) m_stalls.clear();
      // The Stream table may be another one now.
      if ((m_cr0 & SMMUEN) != 0) {
        command(0x04, 31);
        invalidate_tlbs();
        sync();
      }
      return m_pair.write(0x20, m_cr0);
    default: {
      const unsigned size = r.of({4U, 4U, 8U, 1U, 2U});
      const std::uint32_t offset = (r.below(0x200) | (r.one_in(4) ? 0x10000U : 0U)) & ~(size - 1);
      if (offset >= 0x100 && offset < 0x140) return;
      m_pair.read(offset, size);
    }
  }
}

// SMMU_GATOS_* (chapter 9)
void Programs::translate_address() {
  Random& r = m_random;
  if (!m_features.ATOS) return;
  ++m_tally.atos;
  m_pair.write(
      0x108,
      std::uint64_t{r.below(streams)} | (r.one_in(3) ? 1ULL << 52 | std::uint64_t{r.below(4)} << 32 : 0), 8);
  m_pair.write(0x110, (r.any() & 0x3'ffff'f000 & (r.one_in(4) ? ~0ULL : 0x4221'3000)) | (r.any() & 0xfc0) | 0,
               8);
  m_pair.write(0x100, 1);
  m_pair.read(0x100);
  m_pair.read(0x118, 8);
}

void Programs::step() {
  switch (m_random.below(24)) {
    case 0:
      return change_ste();
    case 1:
      return change_cd();
    case 2:
      return change_tables();
    case 3:
      return random_command();
    case 4:
      return random_register();
    case 5:
      return read_events();
    case 6:
    case 7:
      return resume();
    case 8:
      return translate_address();
    default:
      return access();
  }
}

std::string Programs::show_structures(std::uint32_t stream_id) const {
  std::string text = "STE:";
  for (unsigned i = 0; i < 8 && stream_id < streams; ++i) {
    char word[24];
    std::snprintf(word, sizeof word, " %#llx", static_cast<unsigned long long>(m_stes[stream_id][i]));
    text += word;
  }
  for (unsigned context = 0; context < contexts; ++context) {
    text += "\nCD " + std::to_string(context) + ":";
    for (unsigned i = 0; i < 4; ++i) {
      char word[24];
      std::snprintf(
          word, sizeof word, " %#llx",
          static_cast<unsigned long long>(m_pair.peek(tables + cds_in_page + 64 * context + 8 * i)));
      text += word;
    }
  }
  return text;
}

bool Programs::run(std::uint64_t seed) {
  m_random = Random(seed);
  m_abandoned = false;
  m_pair.reset();
  initialize();
  const unsigned steps = 12 + m_random.below(24);
  for (unsigned i = 0; i < steps && m_pair.difference().empty() && !m_abandoned; ++i) step();
  if (m_abandoned) {
    ++m_tally.abandoned;
    m_pair.forget_difference();
    fill_tables();
  } else if (m_pair.difference().empty()) {
    mend_errors();
    read_events();
    m_pair.compare_all();
  }
  ++m_tally.programs;
  return m_pair.difference().empty();
}

}  // namespace smmuvp::compare
