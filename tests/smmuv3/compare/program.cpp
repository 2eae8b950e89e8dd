#include "program.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "places.h"

namespace smmuvp::compare {

namespace {

constexpr std::uint32_t SMMUEN = 1, PRIQEN = 2, EVENTQEN = 4, CMDQEN = 8, ATSCHK = 16, SIF = 0x20,
                        NSSTALLD = 0x200;

}  // namespace

Programs::Programs(Pair& pair, std::uint64_t seed, Tally& tally)
    : m_pair(pair), m_tally(tally), m_features(pair.features()), m_random(seed) {
  m_tidy_tables = !m_random.one_in(4);
  for_each_state([this] { fill_tables(); });
}

void Programs::act_as(bool secure) {
  m_secure = secure;
  m_own = &m_software[secure ? 1 : 0];
  m_pair.act_as(secure);
}

void Programs::initialize() {
  Random& r = m_random;
  m_pair.clear_aborts();
  m_tidy = !r.one_in(5);
  m_lpae = r.one_in(4);
  for_each_state([this] { initialize_software(); });
}

void Programs::initialize_software() {
  Random& r = m_random;
  const std::array<Words, contexts> cds = m_own->cds;
  *m_own = Software();
  m_own->cds = cds;
  for (unsigned sid = 0; sid < streams;) {
    const Run run = put_stes(sid);
    sid = run.first + run.count;
  }
  for (unsigned context = 0; context < contexts; ++context) put_cd(context);
  put_stream_table();
  if (m_features.MPAM) initialize_mpam();
  for (unsigned n = 0; n < 64; ++n) {
    const std::uint64_t at = tables | (r.any() & 0x1'f078);
    m_pair.poke(at, descriptor());
  }
  m_own->two_level = m_features.ST_LEVEL != 0 && r.one_in(2);
  m_own->log2_commands = r.of({3U, 4U, 5U, 0U, 1U});
  m_own->log2_events = r.of({3U, 4U, 2U, 0U, 1U});
  m_pair.write(0x28, r.one_in(4) ? r.any() : 0xd75);
  m_pair.write(0x2c, r.one_in(8) ? r.any() : 2U | r.below(2) | (r.one_in(3) ? 0U : 8U));
  m_pair.write(0x80, (m_own->two_level ? l1_table : stream_table) | (r.any() & (1ULL << 62)), 8);
  const unsigned split = r.of({6U, 8U, 10U});
  m_pair.write(0x88, m_own->two_level ? 1U << 16 | split << 6 | (r.one_in(6) ? r.below(12) : split + 2)
                     : r.one_in(6)    ? r.below(8)
                                      : 4U);
  m_pair.write(0x90, command_queue | m_own->log2_commands, 8);
  m_pair.write(0xa0, event_queue | m_own->log2_events, 8);
  m_own->log2_requests = r.of({2U, 3U, 1U, 0U});
  if (m_features.PRI) m_pair.write(0xc0, pri_queue | m_own->log2_requests, 8);
  if (!r.one_in(4)) configure_msis();
  if (r.one_in(12)) m_pair.set_abort(msis, true);
  m_pair.write(0x44,
               0x8000'0000U | (r.one_in(2) ? 0x1000U : static_cast<std::uint32_t>(r.any() & 0x1f'ffff)));
  m_pair.write(0x50, r.one_in(8) ? r.below(8) : 7U);
  m_own->cr0 = SMMUEN | EVENTQEN | CMDQEN;
  if (m_features.ATS && !r.one_in(4)) m_own->cr0 |= ATSCHK;
  if (m_features.PRI && !r.one_in(6)) m_own->cr0 |= PRIQEN;
  if (m_secure) m_own->cr0 &= ~(ATSCHK | PRIQEN);
  if (m_secure && r.one_in(3)) m_own->cr0 |= SIF;
  if (m_secure && r.one_in(12)) m_own->cr0 |= NSSTALLD;
  m_pair.write(0x20, r.one_in(8) ? (r.any() & ~std::uint64_t{SIF | NSSTALLD}) | m_own->cr0 : m_own->cr0);
  if (!m_secure) enable_ecmdqs();
}

void Programs::initialize_mpam() {
  for (unsigned n = 0; n < 2; ++n) {
    put_vms(n);
    random_mpam_register();
  }
  if (has_vms() && chance(6)) m_pair.set_abort(vmss + 0x1000 * m_random.below(2), true);
}

// Anywhere in the page of MSIs, which repeats through the address space; 0 is none.
std::uint64_t Programs::msi_address() {
  if (chance(8)) return 0;
  return msis + 4 * m_random.below(64) + (chance(4) ? m_random.any() & ~(Arena::bytes - 1) : 0);
}

void Programs::configure_msis() {
  for (const std::uint32_t cfg : {0x68U, 0xb0U, 0xd0U}) {
    m_pair.write(cfg, msi_address(), 8);
    m_pair.write(cfg + 8, m_random.any() & 0xffff'ffff);
    m_pair.write(cfg + 12, m_random.any() & (chance(4) ? 0xffff'ffff : 0x3f));
  }
}

// Few indexes a level, so that pages are met again; mostly no more bits than the first stage translates.
std::uint64_t Programs::draw_address(const smmu::AccessRequest& by) {
  Random& r = m_random;
  std::uint64_t va = r.any() & 0xfff;
  for (const unsigned at : {12U, 14U, 16U, 21U, 25U, 29U, 30U, 36U}) {
    if (r.one_in(3)) va |= std::uint64_t{r.below(2)} << at;
  }
  if (r.one_in(10)) va |= r.any() >> r.below(52) & 0xffff'ffff'ffff;
  bool upper = r.one_in(4);
  if (by.stream_id >= streams || r.one_in(m_tidy ? 24 : 3)) {
    if (upper) va |= 0xffffULL << 48 | (r.one_in(8) ? 0U : 0xffffULL << 32);
    if (r.one_in(6)) va ^= std::uint64_t{r.below(256)} << 56;
    return va;
  }
  const Words& ste = m_own->stes[by.stream_id];
  const unsigned config = field(ste, 1, 3);
  const bool stage1 = (config & 1) != 0;
  unsigned bits = std::min<unsigned>(m_features.OAS, 48);
  if (config == 6 && field(ste, 179, 1) != 0) {  // S2AA64
    bits = 64 - field(ste, 160, 6);              // S2T0SZ
  } else if (config == 6) {
    bits = 24 + ((8 - field(ste, 160, 4)) & 0xf);
  }
  const Words& cd = m_own->cds[by.substream_valid ? by.substream_id % contexts : 0];
  upper = upper && stage1 && (field(ste, 94, 2) == 0 || (!m_secure && !m_features.Hyp));  // STRW
  const bool AA64 = field(cd, 41, 1) != 0;
  if (stage1) bits = AA64 ? 64 - field(cd, upper ? 16 : 0, 6) : 32 - field(cd, upper ? 16 : 0, 3);  // TxSZ
  if (bits < 64) va &= (1ULL << bits) - 1;
  if (upper && bits < 64) va |= ~0ULL << bits & (AA64 ? ~0ULL : 0xffff'ffff);
  if (stage1 && AA64 && field(cd, upper ? 39 : 38, 1) != 0 && r.one_in(2)) {  // TBIx
    va ^= std::uint64_t{r.below(256)} << 56;
  }
  return va;
}

smmu::AccessRequest Programs::draw_access() {
  Random& r = m_random;
  smmu::AccessRequest a;
  a.stream_id = r.one_in(m_tidy ? 60 : 12) ? static_cast<std::uint32_t>(r.any() >> (32 + r.below(32)))
                                           : r.below(streams);
  const unsigned SIDSIZE = m_secure ? m_features.S_SIDSIZE : m_features.SIDSIZE;
  if (std::uint64_t{a.stream_id} >> SIDSIZE != 0)
    a.stream_id &= static_cast<std::uint32_t>((1ULL << SIDSIZE) - 1);
  if (m_secure) {
    a.secure_stream = true;
    a.space = r.one_in(2) ? smmu::AddressSpace::non_secure : smmu::AddressSpace::secure;
  }
  if (a.stream_id >= streams) m_wild.emplace_back(m_secure, a.stream_id);
  // Mostly with a SubstreamID where there are some, since S1DSS may ask for one.
  const bool stage1 = a.stream_id < streams && (field(m_own->stes[a.stream_id], 1, 3) & 5) == 5;
  const unsigned S1CDMax = stage1 ? field(m_own->stes[a.stream_id], 59, 5) : 0;
  if (m_features.SSIDSIZE != 0 && (S1CDMax != 0 ? !r.one_in(4) : r.one_in(m_tidy ? 50 : 8))) {
    a.substream_valid = true;
    a.substream_id =
        r.one_in(m_tidy ? 40 : 10)
            ? r.below(1U << m_features.SSIDSIZE)
            : r.below(std::min(contexts, 1U << std::min<unsigned>(S1CDMax, m_features.SSIDSIZE)));
  }
  a.address = draw_address(a);
  a.kind = r.one_in(2)   ? smmu::AccessKind::read
           : r.one_in(3) ? smmu::AccessKind::atomic
                         : smmu::AccessKind::write;
  a.privileged = r.one_in(2);
  a.instruction = a.kind == smmu::AccessKind::read && r.one_in(4);
  if (r.one_in(200)) a.unsupported = r.of({smmu::Unsupported::ats, smmu::Unsupported::malformed});
  if (r.one_in(3)) {
    a.attributes.memory =
        r.of<std::uint8_t>({0xff, 0x44, 0x00, 0x04, 0x08, 0x0c, 0xbb, 0x4f, 0xf4, 0x77, 0xee});
    a.attributes.SH = r.of(
        {pgtable::Shareability::non_shareable, pgtable::Shareability::inner, pgtable::Shareability::outer});
  }
  return a;
}

// The regimes of EL2 and EL3 have no ASID: contexts are told apart by invalidations only.
void Programs::separate_el2_contexts(std::uint32_t sid, std::uint32_t substream_id) {
  if (sid >= streams || field(m_own->stes[sid], 94, 2) == 0 || (!m_secure && !m_features.Hyp)) return;
  const std::uint64_t context = (m_own->stes[sid][0] << 1) + substream_id;
  if (context != m_own->last_context) {
    invalidate_tlbs();
    sync();
  }
  m_own->last_context = context;
}

void Programs::access() {
  Random& r = m_random;
  smmu::AccessRequest a = draw_access();
  // A page that was translated before: what was invalidated meanwhile has a new meaning, what was not may
  // hit.
  if (!m_own->known.empty() && r.one_in(2)) {
    const smmu::AccessRequest& before =
        m_own->known[r.below(static_cast<std::uint32_t>(m_own->known.size()))];
    a.stream_id = before.stream_id;
    a.substream_valid = before.substream_valid;
    a.substream_id = before.substream_id;
    a.address = (before.address & ~0xfffULL) | (a.address & 0xfff);
  }
  separate_el2_contexts(a.stream_id, a.substream_valid ? a.substream_id : 0);
  if (m_pair.access(a) && a.stream_id < streams) {
    if (m_own->known.size() < 8) {
      m_own->known.push_back(a);
    } else {
      m_own->known[r.below(8)] = a;
    }
  }
}

// Hardware may have changed what is a descriptor of others, or a CD, as well.
void Programs::invalidate_what_was_updated() {
  m_abandoned = m_pair.tables().updated_what_it_reads_twice();
  if (!m_pair.tables().updated() || m_abandoned) return;
  forget_everything();
}

// ---- commands

void Programs::command(std::uint64_t word0, std::uint64_t word1) {
  if (m_secure || !m_by_secure) return send_command(word0, word1);
  ++m_tally.for_non_secure;
  act_as(true);
  send_command(word0, word1);
  act_as(false);
}

void Programs::send_command(std::uint64_t word0, std::uint64_t word1) {
  mend_errors();
  ++m_tally.opcodes[word0 & 0xff];
  if (m_queue != 0) return ecmdq_command(word0, word1);
  const std::uint64_t prod = m_pair.read(0x98);
  const std::uint64_t slot = command_queue + 16 * (prod & ((1U << m_own->log2_commands) - 1));
  char text[64];
  std::snprintf(text, sizeof text, "command %#llx %#llx", static_cast<unsigned long long>(word0),
                static_cast<unsigned long long>(word1));
  m_pair.note(text);
  m_pair.poke(slot, word0);
  m_pair.poke(slot + 8, word1);
  m_pair.write(0x98, (prod + 1) & ((2U << m_own->log2_commands) - 1));
  if (((m_pair.read(0x60) ^ m_pair.read(0x64)) & 1) == 0)
    ++(m_secure ? m_tally.secure_carried_out : m_tally.carried_out)[word0 & 0xff];
}

// A command that stopped the queue is read again; one that is ILLEGAL becomes one that is legal.
void Programs::mend_errors() {
  mend_ecmdqs();
  const std::uint64_t active = m_pair.read(0x60) ^ m_pair.read(0x64);
  if (active == 0) return;
  if ((active & 1) != 0) {
    const std::uint64_t cons = m_pair.read(0x9c);
    ++m_tally.cerrors[cons >> 24 & 3];
    const std::uint64_t slot = command_queue + 16 * (cons & ((1U << m_own->log2_commands) - 1));
    m_pair.set_abort(slot, false);
    if ((cons >> 24 & 0x7f) == 1) {  // CERROR_ILL
      m_pair.poke(slot, 0x46);
      m_pair.poke(slot + 8, 0);
    }
  }
  auto& errors = m_secure ? m_tally.secure_errors : m_tally.errors;
  for (unsigned i = 0; i < 32; ++i) errors[i] += active >> i & 1;
  if ((active & 4) != 0) m_pair.set_abort(event_queue, false);
  if ((active & 8) != 0) m_pair.set_abort(pri_queue, false);
  m_pair.write(0x64, m_pair.read(0x60));
}

void Programs::sync() {
  Random& r = m_random;
  std::uint64_t word0 = 0x46;
  std::uint64_t word1 = 0;
  if (r.one_in(3)) {
    word0 |= std::uint64_t{r.below(3)} << 12 | (r.any() & 0xffff'ffff'0fc0'0000);
    word1 = msi_address();
  }
  command(word0, word1);
  choose_queue();
}

void Programs::invalidate_stes(const Run& run) {
  Random& r = m_random;
  const unsigned way = r.below(3);
  // 4.3.5.1: what CMD_CFGI_STE does not reach goes before what it does.
  if (has_vms() && way != 2) invalidate_vmss();
  switch (way) {
    case 0:
      for (unsigned sid = run.first; sid < run.first + run.count; ++sid) {
        command(0x03 | SSec() | std::uint64_t{sid} << 32, r.below(2));
      }
      break;
    case 1: {
      const unsigned range = r.below(20) + (run.count > 2 ? 1 : 0);  // 2^(Range + 1)
      command(0x04 | SSec() | (std::uint64_t{run.first} & ~((1ULL << (range + 1)) - 1)) << 32, range);
      break;
    }
    default:
      return command(0x04 | SSec() | (r.any() & 0xffff'ffff'0000'0000), 31);
  }
}

// 5.6.2: caches have them by the VMIDs of STEs, those of before too.
void Programs::invalidate_vmss() {
  for (const std::uint16_t vmid : m_own->vmids) command(0x07 | SSec() | std::uint64_t{vmid} << 32, 0);
  if (m_random.one_in(3)) sync();
  m_own->vmids.clear();
  for (const Words& ste : m_own->stes) m_own->vmids.insert(static_cast<std::uint16_t>(field(ste, 128, 16)));
}

void Programs::invalidate_all_cds() {
  Random& r = m_random;
  if (!m_features.S1P || r.one_in(3)) return command(0x04 | SSec(), 31);
  for (unsigned sid = 0; sid < streams; ++sid) command(0x06 | SSec() | std::uint64_t{sid} << 32, 0);
}

void Programs::invalidate_tlbs() {
  Random& r = m_random;
  m_own->last_context = ~0ULL;
  if (m_secure) return invalidate_secure_tlbs();
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

// 4.4.2, 4.4.3, on the Secure queue. What stage 1 alone translates has VMID 0.
void Programs::invalidate_secure_tlbs() {
  if (!m_features.SEL2) {
    command(0x10, 0);
  } else if (m_random.one_in(3) && !m_features.VMID16) {
    for (unsigned vmid = 0; vmid <= streams; ++vmid) command(0x58 | std::uint64_t{vmid} << 32, 0);
  } else {
    command(0x60, 0);
  }
  if (m_features.SEL2) command(0x50, 0);
  command(0x18, 0);
}

void Programs::forget_everything() {
  for_each_state([this] {
    command(0x04 | SSec(), 31);
    invalidate_tlbs();
    sync();
  });
}

// Secure streams may be translated by Non-secure tables, and have CDs there.
void Programs::forget_what_non_secure_tables_made() {
  if (m_secure || !m_features.SECURE_IMPL) return;
  act_as(true);
  command(0x04 | SSec(), 31);
  invalidate_tlbs();
  sync();
  act_as(false);
}

// What lies where no STE was put may be one all the same, and have a CONT that is not true of its neighbours.
void Programs::forget_wild_streams() {
  for (const auto& [secure, sid] : std::exchange(m_wild, {})) {
    act_as(secure);
    if (m_pair.any_stalled()) command(0x45 | SSec() | std::uint64_t{sid} << 32, 0);
    command(0x04 | SSec(), 31);
    sync();
  }
}

void Programs::random_command() {
  Random& r = m_random;
  if (m_secure && r.one_in(3)) {
    return random_command(r.of({0x18, 0x1a, 0x50, 0x51, 0x52, 0x53, 0x58, 0x5a, 0x60}));
  }
  if (has_vms() && r.one_in(12)) return random_command(0x07);
  random_command(r.one_in(3) ? r.below(256)
                             : r.of({1,    2,    3,    4,    5,    6,    0x10, 0x11, 0x12, 0x13, 0x20,
                                     0x21, 0x22, 0x23, 0x28, 0x2a, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46}));
}

void Programs::random_command(std::uint64_t opcode) {
  Random& r = m_random;
  if ((m_own->cr0 & CMDQEN) == 0) return;
  std::uint64_t word0 = opcode | (r.any() & 0xffff'ffff'ffff'ff00 & (r.one_in(2) ? r.any() : ~0ULL));
  std::uint64_t word1 = r.one_in(2) ? r.any() & r.any() : r.any();
  if (!m_secure && !r.one_in(8)) word0 &= ~(1ULL << 10);  // SSec
  if (opcode == 0x46) {
    word1 = msi_address();
  }
  if (opcode == 0x44) {
    // one that names nobody, or resume()
    word0 = (word0 & 0xffff'ffff) | 99ULL << 32;
  }
  if (opcode == 0x45) {
    for (Software& software : m_software) software.stalls.clear();
  }
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
  if ((m_own->cr0 & CMDQEN) == 0 || m_features.STALL_MODEL == 1) return;
  read_events();
  if (m_own->stalls.empty() || r.one_in(8)) {
    const unsigned sid = r.below(streams);
    command(0x45 | SSec() | std::uint64_t{sid} << 32, 0);
    std::erase_if(m_own->stalls, [sid](const Stall& s) { return s.StreamID == sid; });
    return;
  }
  const unsigned i = r.below(static_cast<std::uint32_t>(m_own->stalls.size()));
  const Stall s = m_own->stalls[i];
  m_own->stalls.erase(m_own->stalls.begin() + i);
  command(0x44 | SSec() | std::uint64_t{r.below(4)} << 12 | std::uint64_t{s.StreamID} << 32, s.STAG);
}

// ---- the rest

void Programs::read_events() {
  const std::uint64_t prod = m_pair.read(0x100a8);
  std::uint64_t cons = m_pair.read(0x100ac);
  const std::uint64_t mask = (2U << m_own->log2_events) - 1;
  while (((prod ^ cons) & mask) != 0) {
    const std::uint64_t slot = event_queue + 32 * (cons & mask >> 1);
    const std::uint64_t word0 = m_pair.peek(slot), word1 = m_pair.peek(slot + 8);
    ++(m_secure ? m_tally.secure_events : m_tally.events)[word0 & 0xff];
    if ((word1 >> 31 & 1) != 0) {
      m_own->stalls.push_back({static_cast<std::uint32_t>(word0 >> 32), static_cast<std::uint16_t>(word1)});
    }
    cons = (cons + 1) & mask;
  }
  m_pair.write(0x100ac, (cons & mask) | (prod & 0x8000'0000));
}

// Whoever waits for the error to be acknowledged is retried before the change, and not amid it.
void Programs::change_ste() {
  mend_errors();
  const unsigned sid = m_random.below(streams);
  const Run run = put_stes(sid);
  m_pair.note("changed STE " + std::to_string(run.first) + ", " + std::to_string(run.count) + " of them");
  m_by_secure = m_features.SECURE_IMPL && m_random.one_in(6);
  invalidate_stes(run);
  invalidate_tlbs();
  sync();
  m_by_secure = false;
}

void Programs::change_cd() {
  mend_errors();
  const unsigned context = m_random.below(contexts);
  put_cd(context);
  m_pair.note("changed CD " + std::to_string(context));
  m_by_secure = m_features.SECURE_IMPL && m_random.one_in(6);
  invalidate_all_cds();
  invalidate_tlbs();
  sync();
  m_by_secure = false;
  forget_what_non_secure_tables_made();
}

// PARTIDs are in no TLB (5.6.2): translations stay.
void Programs::change_vms() {
  mend_errors();
  put_vms(m_random.below(2));
  m_pair.set_abort(vmss + 0x1000 * m_random.below(2), m_random.one_in(2));
  m_pair.note("changed a VMS");
  m_by_secure = m_features.SECURE_IMPL && m_random.one_in(6);
  invalidate_stes({0, streams});
  sync();
  m_by_secure = false;
}

void Programs::change_tables() {
  mend_errors();
  m_pair.note("changed tables");
  m_by_secure = m_features.SECURE_IMPL && m_random.one_in(6);
  for (unsigned n = 0; n < 8; ++n) m_pair.poke(tables | (m_random.any() & 0x1'f078), descriptor());
  if (m_random.one_in(6)) {
    const std::uint64_t cds = m_own->stes[m_random.below(streams)][0];
    m_pair.set_abort(tables | ((m_random.one_in(2) ? cds : m_random.any()) & 0x1'f000), m_random.one_in(2));
  }
  if (m_random.one_in(3)) {
    m_pair.set_abort(
        m_random.of({stream_table, l1_table, l1_cds, leaf_cds, command_queue, event_queue, pri_queue, msis}),
        m_random.one_in(2));
    command(0x04 | SSec(), 31);
  }
  invalidate_all_cds();  // they lie among the tables
  invalidate_tlbs();
  sync();
  m_by_secure = false;
  forget_what_non_secure_tables_made();
}

// 6.3.57: what they change is seen once caches have forgotten what was before.
void Programs::change_secure_controls() {
  if (m_pair.any_stalled()) return;
  m_own->cr0 ^= m_random.of({SIF, NSSTALLD});
  m_pair.write(0x20, m_own->cr0);
  forget_everything();
}

// 6.3.62: S_INIT.INV_ALL invalidates all caches, those of Non-secure streams too.
void Programs::change_everything_while_disabled() {
  for_each_state([this] {
    m_own->stalls.clear();
    m_own->last_context = ~0ULL;
    m_pair.write(0x20, m_own->cr0 & ~SMMUEN);
  });
  for_each_state([this] {
    put_stes(m_random.below(streams));
    put_cd(m_random.below(contexts));
    if (m_features.MPAM) put_vms(m_random.below(2));
    for (unsigned n = 0; n < 8; ++n) m_pair.poke(tables | (m_random.any() & 0x1'f078), descriptor());
  });
  act_as(true);
  m_pair.write(0x3c, 1 | (m_random.any() & 0xffff'fffe));
  m_pair.read(0x3c);
  ++m_tally.whole_invalidations;
  for_each_state([this] { m_pair.write(0x20, m_own->cr0); });
}

// SMMU_GMPAM and SMMU_GBPMPAM; SMMU_MPAMIDR is read-only.
void Programs::random_mpam_register() {
  Random& r = m_random;
  const std::uint32_t offset = r.one_in(12) ? 0x130U : r.of({0x138U, 0x13cU});
  const bool MPAM_NS = m_secure && r.one_in(2);
  const bool selects = MPAM_NS && m_features.HAS_MPAM_NS;
  std::uint64_t value = draw_PARTID(selects) | std::uint64_t{draw_PMG(selects)} << 16;
  if (MPAM_NS) value |= 1ULL << 24;
  if (!r.one_in(6)) value |= 1ULL << 31;  // Update
  m_pair.write(offset, r.one_in(12) ? r.any() & 0xffff'ffff : value);
}

void Programs::random_register() {
  Random& r = m_random;
  if (m_features.MPAM && r.one_in(6)) return random_mpam_register();
  switch (r.below(5)) {
    case 0: {  // guarded, or without a meaning here
      random_ecmdq_register();
      const std::uint32_t offset =
          r.of({0x28U, 0x2cU, 0x80U, 0x88U, 0x90U,   0xa0U,   0x9cU, 0x100a8U, 0x24U, 0x0U,
                0x40U, 0x48U, 0x54U, 0x60U, 0x8000U, 0x8020U, 0x14U, 0x1cU,    0xc0U, 0x100c8U});
      if (m_secure && (offset & 0x7fff) == 0x20) return;
      return m_pair.write(offset, r.any() & 0xffff'ffff, 4);
    }
    case 1:
      return m_pair.write(0x44, (r.one_in(2) ? 0x8000'0000U : 0U) | (r.any() & 0x1f'ffff));
    case 2:
      m_pair.write(0x50, r.below(8));
      configure_msis();  // Guarded where it is enabled
      return m_pair.write(0x50, r.one_in(3) ? r.below(8) : 7U);
    case 3:  // enables
      if (m_secure && r.one_in(2)) return change_secure_controls();
      m_own->cr0 ^=
          m_secure ? r.of({SMMUEN, EVENTQEN, EVENTQEN}) : r.of({SMMUEN, EVENTQEN, EVENTQEN, ATSCHK, PRIQEN});
      if ((m_own->cr0 & SMMUEN) == 0) m_own->stalls.clear();
      // The Stream table may be another one now.
      if ((m_own->cr0 & SMMUEN) != 0) {
        command(0x04 | SSec(), 31);
        invalidate_tlbs();
        sync();
      }
      return m_pair.write(0x20, m_own->cr0);
    default: {
      const unsigned size = r.of({4U, 4U, 8U, 1U, 2U});
      const std::uint32_t offset = (r.below(0x200) | (r.one_in(4) ? 0x10000U : 0U)) & ~(size - 1);
      if (offset >= 0x100 && offset < 0x140) return;
      if (m_secure && (offset & 0x7fff) >= 0x100 && (offset & 0x7fff) < 0x140) return;
      m_pair.read(offset, size);
    }
  }
}

// SMMU_GATOS_* (chapter 9)
void Programs::translate_address() {
  Random& r = m_random;
  if (!m_features.ATOS) return;
  if (m_features.VATOS && r.one_in(3)) return translate_for_a_vm();
  ++m_tally.atos;
  // Secure software may ask of streams of both states.
  const bool by_secure = m_secure;
  const bool of_secure = by_secure && !r.one_in(4);
  act_as(of_secure);
  smmu::AccessRequest a = draw_access();
  if (!m_own->known.empty() && r.one_in(2))
    a = m_own->known[r.below(static_cast<std::uint32_t>(m_own->known.size()))];
  unsigned TYPE = r.below(4);
  if (a.stream_id < streams && !r.one_in(4)) {  // stages that there are
    const unsigned config = field(m_own->stes[a.stream_id], 1, 3);
    TYPE = config == 7 && !r.one_in(3) ? r.of({1U, 3U}) : config & 3;
  }
  separate_el2_contexts(a.stream_id, a.substream_valid ? a.substream_id : 0);
  act_as(by_secure);
  m_pair.write(0x108,
               std::uint64_t{a.stream_id} | std::uint64_t{a.substream_id} << 32 |
                   (a.substream_valid ? 1ULL << 52 : 0) | (of_secure ? 1ULL << 53 : 0),
               8);
  m_pair.write(0x110, (a.address & ~0xfffULL) | std::uint64_t{TYPE} << 10 | (r.any() & 0x3d0), 8);
  m_pair.write(0x100, 1);
  m_pair.read(0x100);
  const std::uint64_t PAR = m_pair.read(0x118, 8);
  if ((PAR & 1) != 0) ++m_tally.atos_faults[PAR >> 4 & 0xff];
  if (!by_secure) return;
  ++(of_secure ? m_tally.s_gatos : m_tally.s_gatos_of_non_secure);
  if ((PAR & 1) == 0) ++m_tally.s_gatos_successes;
}

void Programs::step() {
  if (m_features.SECURE_IMPL) act_as(m_random.one_in(2));
  m_pair.watch_tables();
  do_something();
  invalidate_what_was_updated();
  if (!m_abandoned) forget_wild_streams();
}

void Programs::do_something() {
  if (m_features.SECURE_IMPL && m_random.one_in(24)) return change_everything_while_disabled();
  if (has_vms() && m_random.one_in(20)) return change_vms();
  switch (m_random.below(m_features.PRI ? 38 : m_features.ATS ? 32 : 24)) {
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
    case 24:
    case 25:
    case 26:
    case 27:
      return request_translation();
    case 28:
    case 29:
    case 30:
      return access_translated();
    case 31:
      act_as(false);  // S_IDR3.SAMS
      return invalidate_atc();
    case 32:
    case 33:
    case 34:
    case 35:
      return request_page();
    case 36:
      act_as(false);
      return respond_to_page_request();
    case 37:
      act_as(false);
      return read_page_requests();
    default:
      return access();
  }
}

std::string Programs::show_structures(std::uint32_t stream_id) {
  act_as(m_pair.last_request().secure_stream);
  std::string text = m_secure ? "Secure STE:" : "STE:";
  for (unsigned i = 0; i < 8 && stream_id < streams; ++i) {
    char word[24];
    std::snprintf(word, sizeof word, " %#llx", static_cast<unsigned long long>(m_own->stes[stream_id][i]));
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
  m_wild.clear();
  m_pair.reset();
  initialize();
  const unsigned steps = 12 + m_random.below(24);
  for (unsigned i = 0; i < steps && m_pair.difference().empty() && !m_abandoned; ++i) step();
  if (!m_abandoned && m_pair.difference().empty()) {
    m_pair.watch_tables();
    for (unsigned i = 0; i < 2; ++i) {  // so that each of 256 opcodes comes often
      mend_errors();
      random_command(m_random.below(256));
    }
    for_each_state([this] {
      mend_errors();
      read_events();
    });
    m_pair.compare_all();
    m_abandoned = m_pair.tables().updated_what_it_reads_twice();
  }
  if (m_abandoned) {
    ++m_tally.abandoned;
    m_pair.forget_difference();
    for_each_state([this] { fill_tables(); });
  }
  ++m_tally.programs;
  act_as(false);
  return m_pair.difference().empty();
}

}  // namespace smmuvp::compare
