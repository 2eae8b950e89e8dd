#include "pair.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace smmuvp::smmuv2::compare {

using Kind = naive_smmuv2::Outcome::Kind;
using smmu::Outcome;
using smmu::Step;

namespace {

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

Structures structures_of(bool large) {
  Structures s;
  s.timing = false;
  if (large) return s;
  s.tlb_sets = 4;
  s.tlb_ways = 2;
  s.micro_tlb_geometry = {1, 1};
  s.walk_cache_sets = s.ipa_cache_sets = 2;
  s.walk_cache_ways = s.ipa_cache_ways = 2;
  return s;
}

std::string to_string(Kind kind) {
  constexpr const char* names[] = {"forwarded", "aborted", "RAZ/WI", "stalled"};
  return names[static_cast<unsigned>(kind)];
}

}  // namespace

naive_smmuv2::Parameters parameters_of(const Features& f) {
  naive_smmuv2::Parameters p;
  p.version = f.version;
  p.SES = f.SES;
  p.S1TS = f.S1TS;
  p.S2TS = f.S2TS;
  p.NTS = f.NTS;
  p.SMS = f.SMS;
  p.ATOSNS = f.ATOSNS;
  p.PTFS = f.PTFS;
  p.NUMIRPT = f.NUMIRPT;
  p.CTTW = f.CTTW;
  p.NUMSIDB = f.NUMSIDB;
  p.EXIDS = f.EXIDS;
  p.NUMSMRG = f.NUMSMRG;
  p.PAGESIZE = f.PAGESIZE ? 1 : 0;
  p.NUMPAGENDXB = f.NUMPAGENDXB;
  p.HAFDBS = f.HAFDBS;
  p.NUMS2CB = f.NUMS2CB;
  p.SMCD = f.SMCD;
  p.SSDTP = f.SSDTP;
  p.NUMSSDNDXB = f.NUMSSDNDXB;
  p.NUMCB = f.NUMCB;
  p.DIPANS = f.DIPANS;
  p.HADS = f.HADS;
  p.VMID16S = f.VMID16S;
  p.PTFSv8_64KB = f.PTFSv8_64kB;
  p.PTFSv8_16KB = f.PTFSv8_16kB;
  p.PTFSv8_4KB = f.PTFSv8_4kB;
  p.UBS = f.version == 1 ? 0 : f.UBS_code();
  p.OAS = f.OAS_code();
  p.IAS = f.IAS_code();
  p.MAJOR = f.MAJOR;
  p.MINOR = f.MINOR;
  p.stall = f.stalls;
  p.GSE = f.GSE;
  p.counter_groups = f.counter_groups;
  p.CGNC = f.CGNC;
  return p;
}

// smmuv2/SPEC.md, Choices
naive_smmuv2::Choices choices_of(const Features& f) {
  naive_smmuv2::Choices c;
  c.configuration_access_faults = f.CAF;
  c.absent_registers_fault = false;
  c.secure_banks_fault = false;
  c.absent_secure_places_fault = true;
  if (f.SCR1_NSCAFRO == FixedBit::zero) c.fixed_NSCAFRO = false;
  if (f.SCR1_NSCAFRO == FixedBit::one) c.fixed_NSCAFRO = true;
  c.CBNDX_bits = c.nested_CBNDX_bits = f.CBNDX_bits;
  c.unsupported_reports = naive_smmuv2::Choices::Report::GFRE;
  c.undetected_conflict_takes_lowest = true;
  c.PMCEID0 = 0x70703;
  c.operations_update_flags = true;
  c.stage1_HD_is_RES0_without_support = false;
  c.stores_TTBR_above_sizes = false;
  c.walk.contiguous_extends_output = false;
  c.aarch32_stage1_TTBR_47_40_counts = false;
  c.aarch32_TTBR_size_fault_level = 0;
  return c;
}

// ---- memory

std::optional<naive::Memory::Bytes> Pair::NaiveMemory::read(std::uint64_t address, unsigned size,
                                                            naive::Space /*space*/) {
  if (aborts(address)) return std::nullopt;
  Bytes b{};
  words.read(address, b.data(), size);
  return b;
}

naive::Swap Pair::NaiveMemory::compare_and_swap(std::uint64_t address, unsigned size, naive::Space /*space*/,
                                                const Bytes& expected, const Bytes& desired) {
  if (aborts(address)) return naive::Swap::external_abort;
  if (has_no_atomics(address)) return naive::Swap::unsupported;
  Bytes b{};
  words.read(address, b.data(), size);
  if (!std::equal(b.begin(), b.begin() + size, expected.begin())) return naive::Swap::differs;
  words.write(address, desired.data(), size);
  return naive::Swap::done;
}

// ---- both

Pair::Pair(const Features& features, bool large_caches)
    : m_smmu(features, structures_of(large_caches), "ours"),
      m_naive(parameters_of(features), m_naive_memory, choices_of(features)) {}

void Pair::differ(const std::string& what) {
  if (m_difference.empty() && !m_left) m_difference = what;
}

// Which goes on first of an access and an operation is open; what the one does the other may find.
void Pair::note_order() {
  const auto waiting = m_naive.waiting();
  const bool operation =
      std::any_of(waiting.begin(), waiting.end(), [](const naive_smmuv2::Waiting& w) { return w.operation; });
  if (m_left || !operation || waiting.size() == 1) return;
  m_left = true;
  ++tally.unordered;
}

void Pair::note_overlap(const std::vector<naive_smmuv2::Fetch>& fetches, std::uint64_t updates_before) {
  if (m_left || tally.table_updates == updates_before) return;
  for (const naive_smmuv2::Fetch& a : fetches) {
    for (const naive_smmuv2::Fetch& b : fetches)
      m_left |= a.stage != b.stage && a.address / 8 == b.address / 8;
  }
  if (m_left) ++tally.overlapped;
}

std::string Pair::why_of(const Access& access) const {
  const auto& fault = access.fault();
  if (!fault) return "";
  if (fault->global) return " (global " + std::string(gfsr_name(fault->bit)) + ")";
  return " (" + std::string(fsr_name(fault->bit)) + " of bank " + std::to_string(fault->bank) + ", " +
         fault->why + ")";
}

// What the bank is, whose register this is.
std::string Pair::bank_text(std::uint32_t offset) {
  if (offset < window() / 2) return "";
  const auto n = static_cast<unsigned>((offset - window() / 2) / page());
  std::string text =
      "; FSR " + hex(value(bank(n) + 0x58, 4, true)) + " FAR " + hex(value(bank(n) + 0x60, 8, true));
  text += " CBAR " + hex(value(page() + 4 * n, 4, true)) + " CBA2R " +
          hex(value(page() + 0x800 + 4 * n, 4, true));
  for (const std::uint32_t at : {0x0U, 0x10U, 0x30U}) text += " " + hex(value(bank(n) + at, 4, true));
  for (const std::uint32_t at : {0x20U, 0x28U}) text += " " + hex(value(bank(n) + at, 8, true));
  const Features& f = features();
  return text + " IAS " + std::to_string(f.IAS) + " OAS " + std::to_string(f.OAS) + " UBS " +
         std::to_string(f.UBS);
}

// The bank that the stream's own group names, if it is that which counts.
std::string Pair::stream_text(std::uint32_t stream) {
  if (stream >= features().NUMSMRG) return "";
  const std::uint64_t S2CR = value(0xc00 + 4 * stream, 4, true);
  return "; S2CR " + hex(S2CR) + bank_text(bank(S2CR & 0xffU));
}

std::string Pair::faults_text() {
  std::string text;
  for (unsigned n = 0; n < features().NUMCB; ++n) {
    std::uint64_t ours = 0;
    m_smmu.interface().peek(bank(n) + 0x58, 4, AccessSecurity::Secure, ours);
    const std::uint64_t theirs = value(bank(n) + 0x58, 4, true);
    if (ours != theirs) text += "; FSR" + std::to_string(n) + " " + hex(ours) + ", theirs " + hex(theirs);
  }
  return text;
}

bool Pair::run(Access& access) {
  for (unsigned i = 0; i < 1000; ++i) {
    switch (access.step()) {
      case Step::done:
        return true;
      case Step::stalled:
        return false;
      case Step::need: {
        smmu::MemoryAnswer a;
        const smmu::MemoryOp& op = access.op();
        a.time = op.time;
        if (aborts(op.address)) {
          a.status = smmu::MemoryStatus::external_abort;
        } else if (op.kind == smmu::MemoryOpKind::compare_and_swap && has_no_atomics(op.address)) {
          a.status = smmu::MemoryStatus::unsupported_atomic;
        } else {
          m_memory.read(op.address, a.data.data(), op.size);
          if (op.kind == smmu::MemoryOpKind::compare_and_swap && smmu::load_word(a.data, 0) == op.expected) {
            m_memory.write(op.address, op.data.data(), op.size);
            ++tally.table_updates;
          }
        }
        access.complete(a);
        break;
      }
      default:
        differ("an access waits for another one");
        return true;
    }
  }
  differ("an access does not end");
  return true;
}

// Address translation operations.
void Pair::work() {
  for (unsigned i = 0; i < 100'000; ++i) {
    bool worked = false;
    for (smmu::Worker* worker : m_smmu.workers()) {
      if (!worker->waiting()) {
        const auto due = worker->due();
        if (!due) continue;
        worked = true;
        m_now = std::max(m_now, *due);
        if (worker->step(m_now) != Step::need) continue;
      }
      worked = true;
      const smmu::MemoryOp& op = worker->op();
      smmu::MemoryAnswer a;
      a.time = op.time;
      if (aborts(op.address)) {
        a.status = smmu::MemoryStatus::external_abort;
      } else if (op.kind == smmu::MemoryOpKind::compare_and_swap && has_no_atomics(op.address)) {
        a.status = smmu::MemoryStatus::unsupported_atomic;
      } else {
        m_memory.read(op.address, a.data.data(), op.size);
        if (op.kind == smmu::MemoryOpKind::compare_and_swap && smmu::load_word(a.data, 0) == op.expected) {
          m_memory.write(op.address, op.data.data(), op.size);
        }
      }
      worker->complete(a);
    }
    if (!worked) return;
  }
  differ("operations do not end");
}

void Pair::write(std::uint32_t offset, std::uint64_t value, unsigned bytes, bool secure) {
  note_order();
  // Whose RESUME takes up which access first (16.5.28)
  std::optional<std::uint64_t> first;
  const std::uint64_t banks = window() / 2;
  if (offset >= banks && (offset - banks) % page() == 8) {
    for (const naive_smmuv2::Waiting& w : m_naive.waiting()) {
      if (w.bank == (offset - banks) / page() && w.recorded) first = w.id;
    }
  }
  const auto side = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  const bool ours = m_smmu.interface().write(offset, bytes, side, ++m_now, value);
  const bool theirs = !m_naive.write(offset, bytes, secure, value).error;
  if (!theirs) ++tally.refused;
  if (ours != theirs) differ("write of " + hex(offset) + ": " + (ours ? "we take it" : "we refuse it"));
  work();
  take_up(first);
  compare_levels();
  count_faults();
}

// Bits of a result of an address translation operation that say nothing: attributes of a reserved encoding,
// and transience, as in compare_ends().
std::uint64_t Pair::unpredictable(std::uint32_t offset, bool secure, std::uint64_t value) const {
  bool reserved = false;
  if (offset == 0x180 || offset == 0x580) {
    reserved = m_naive.GPAR_attributes_unpredictable(secure && features().SES && offset == 0x180);
  } else if (offset >= window() / 2 && (offset - window() / 2) % page() == 0x50) {
    reserved = m_naive.PAR_attributes_unpredictable(static_cast<unsigned>((offset - window() / 2) / page()));
  } else {
    return 0;
  }
  const bool long_form = (value >> 11 & 1U) != 0 || (features().version == 1 && value >> 56 != 0);
  if (reserved) return long_form ? 0xff00'0000'0000'0180 : 0x4fc;
  return long_form && value >> 56 > 0xfU ? 0x8800'0000'0000'0000 : 0;
}

void Pair::read(std::uint32_t offset, unsigned bytes, bool secure) {
  const auto side = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  std::uint64_t v = 0;
  const bool ours = m_smmu.interface().read(offset, bytes, side, ++m_now, v);
  const naive_smmuv2::Response theirs = m_naive.read(offset, bytes, secure);
  const std::uint64_t compared = ~unpredictable(offset, secure, v | theirs.value);
  if (theirs.error) ++tally.refused;
  if (ours == theirs.error || ((v ^ theirs.value) & compared) != 0) {
    differ("read of " + hex(offset) + " (" + m_smmu.interface().registers().name_at(offset) +
           (secure ? ", Secure) of " : ", Non-secure) of ") + std::to_string(bytes) + " bytes: " + hex(v) +
           ", theirs " + hex(theirs.value) + (ours == theirs.error ? "; one is refused" : "") +
           bank_text(offset));
  }
}

std::uint64_t Pair::value(std::uint32_t offset, unsigned bytes, bool secure) {
  return m_naive.peek(offset, bytes, secure);
}

void Pair::put(std::uint64_t address, std::uint64_t word) {
  std::array<std::uint8_t, 8> bytes{};
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(word >> (8 * i));
  m_memory.write(address, bytes.data(), 8);
  m_naive_memory.words.write(address, bytes.data(), 8);
}

// What waited and goes on, in the naive model's order.
void Pair::take_up(std::optional<std::uint64_t> first) {
  const auto finished = m_naive.take_finished();
  const auto over = [&](std::uint64_t id) -> const naive_smmuv2::Outcome* {
    for (const auto& [n, outcome] : finished) {
      if (n == id) return &outcome;
    }
    return nullptr;
  };
  if (first) {  // the recorded one is retried first, then the others by age
    std::stable_partition(m_waiting.begin(), m_waiting.end(),
                          [&](const Waiting& w) { return w.naive == *first; });
  }
  std::vector<Waiting> still;
  for (Waiting& w : m_waiting) {
    const std::uint64_t updates = tally.table_updates;
    const bool ours = run(*w.access);
    const naive_smmuv2::Outcome* theirs = over(w.naive);
    if (theirs != nullptr) note_overlap(theirs->fetches, updates);
    for (const naive_smmuv2::Waiting& n : m_naive.waiting()) {
      if (n.id == w.naive) note_overlap(n.fetches, updates);
    }
    if (ours && theirs != nullptr) {
      ++tally.resumed;
      compare_ends(*w.access, *theirs, w.what, w.stream);
    } else if (!ours && theirs == nullptr) {
      still.push_back(std::move(w));
    } else {
      differ(w.what + ", which waited, " + (ours ? "goes on with us alone" : "goes on with them alone"));
    }
  }
  std::sort(still.begin(), still.end(), [](const Waiting& a, const Waiting& b) { return a.naive < b.naive; });
  m_waiting = std::move(still);
}

void Pair::access(const smmu::AccessRequest& given) {
  smmu::AccessRequest request = given;
  request.time = ++m_now;
  m_smmu.prune(m_now);
  ++tally.accesses;
  naive_smmuv2::AccessRequest r;
  r.address = request.address;
  r.StreamID = r.SSD_Index = request.stream_id;
  r.secure = request.space == smmu::AddressSpace::secure;
  r.NS = !r.secure;
  r.type = static_cast<naive_smmuv2::AccessType>(request.kind);
  r.privileged = request.privileged;
  r.instruction = request.instruction;
  r.attributes = request.attributes.memory;
  r.shareability = static_cast<naive_smmuv2::Shareability>(request.attributes.SH);
  const naive_smmuv2::Outcome theirs = m_naive.access(r);
  const std::string what = std::string(request.is_write() ? "write" : "read") + " of stream " +
                           hex(request.stream_id) + " at " + hex(request.address) +
                           (r.secure ? ", Secure" : "") + (request.privileged ? ", privileged" : "") +
                           (request.instruction ? ", instruction" : "");
  // As a module does: what TBUs and the TLB answer needs no Access.
  smmu::AccessAnswer fast;
  if (m_smmu.translate_fast(request, fast)) {
    ++tally.fast;
    if (theirs.kind == Kind::forwarded) {
      compare_answers(fast, theirs, what, request.stream_id);
    } else {
      differ(what + ": caches answer, theirs " + to_string(theirs.kind) + faults_text() +
             stream_text(request.stream_id));
    }
    compare_levels();
    count_faults();
    return;
  }
  auto ours = std::make_unique<Access>(m_smmu, request);
  const std::uint64_t updates = tally.table_updates;
  const bool over = run(*ours);
  note_overlap(theirs.fetches, updates);
  if (!over) {
    ++tally.stalled;
    if (theirs.kind != Kind::stalled) {
      differ(what + ": we stall" + why_of(*ours) + ", they do not: " + to_string(theirs.kind) + " after " +
             std::to_string(theirs.fetches.size()) + " fetches");
    }
    m_waiting.push_back({std::move(ours), theirs.id, what, request.stream_id});
  } else if (theirs.kind == Kind::stalled) {
    const unsigned n = m_naive.waiting().empty() ? 0 : m_naive.waiting().back().bank;
    differ(what + ": they stall, we do not: outcome " +
           std::to_string(static_cast<int>(ours->answer().outcome)) + why_of(*ours) + "; bank " +
           std::to_string(n) + " has FSR " + hex(value(bank(n) + 0x58, 4, true)) + ", SCTLR " +
           hex(value(bank(n), 4, true)));
  } else {
    compare_ends(*ours, theirs, what, request.stream_id);
  }
  compare_levels();
  count_faults();
}

void Pair::compare_ends(const Access& ours, const naive_smmuv2::Outcome& theirs, const std::string& what,
                        std::uint32_t stream) {
  const smmu::AccessAnswer& a = ours.answer();
  const Kind kind = a.outcome == Outcome::forward ? Kind::forwarded
                    : a.outcome == Outcome::abort ? Kind::aborted
                                                  : Kind::razwi;
  if (kind != theirs.kind) {
    differ(what + ": " + to_string(kind) + why_of(ours) + ", theirs " + to_string(theirs.kind) + " after " +
           std::to_string(theirs.fetches.size()) + " fetches" +
           (theirs.kind == Kind::forwarded ? ", to " + hex(theirs.forwarded.address) : "") + faults_text() +
           stream_text(stream));
    return;
  }
  if (kind == Kind::aborted) ++tally.aborted;
  if (kind == Kind::razwi) ++tally.razwi;
  if (kind == Kind::forwarded) compare_answers(a, theirs, what, stream);
}

void Pair::compare_answers(const smmu::AccessAnswer& a, const naive_smmuv2::Outcome& theirs,
                           const std::string& what, std::uint32_t stream) {
  const naive_smmuv2::Forwarded& f = theirs.forwarded;
  const bool NS = a.space == smmu::AddressSpace::non_secure;
  std::string difference;
  const auto number = [&](const char* name, std::uint64_t own, std::uint64_t other) {
    if (own != other) difference += std::string(" ") + name + " " + hex(own) + ", theirs " + hex(other) + ";";
  };
  number("output", a.output, f.address);
  number("NS", NS, f.NS);
  number("privileged", a.privileged, f.privileged);
  number("instruction", a.instruction, f.instruction);
  if (!f.attributes_unpredictable) {
    // Transience of what no stage allocates has no encoding, and is gone for a stage that does.
    const unsigned transience = (a.attributes.memory ^ f.attributes) & 0x88U;
    const bool cacheable = a.attributes.memory > 0xfU;
    number("memory type", a.attributes.memory | (cacheable ? transience : 0U),
           f.attributes | (cacheable ? transience : 0U));
    number("shareability", static_cast<unsigned>(a.attributes.SH), static_cast<unsigned>(f.shareability));
  }
  if (!difference.empty()) differ(what + ":" + difference + stream_text(stream));
  ++(theirs.fetches.empty() ? tally.bypassed : tally.translated);
  if (!theirs.fetches.empty() && features().version == 1) ++tally.translated_by_SMMUv1;
}

void Pair::compare_levels() {
  const naive_smmuv2::Interrupts theirs = m_naive.interrupts();
  const Levels& ours = m_smmu.levels();
  const auto same = [&](const char* name, bool own, bool other) {
    if (own != other) differ(std::string(name) + " is " + (own ? "high" : "low") + " with us");
  };
  same("NSgIrpt", ours.NSgIrpt, theirs.NSgIrpt);
  same("NSgCfgIrpt", ours.NSgCfgIrpt, theirs.NSgCfgIrpt);
  same("gIrpt", ours.gIrpt, theirs.gIrpt);
  same("gCfgIrpt", ours.gCfgIrpt, theirs.gCfgIrpt);
  for (std::size_t i = 0; i < ours.context.size() && i < theirs.context.size(); ++i) {
    same(("context interrupt " + std::to_string(i)).c_str(), ours.context[i], theirs.context[i]);
  }
  for (std::size_t i = 0; i < theirs.monitors.size(); ++i) {
    same(("overflow interrupt " + std::to_string(i)).c_str(), ours.pm[i], theirs.monitors[i]);
  }
}

void Pair::count_faults() {
  for (unsigned n = 0; n < features().NUMCB; ++n) {
    const std::uint64_t FSR = value(bank(n) + 0x58, 4, true) & ~std::uint64_t{0x600};
    const std::uint64_t risen = FSR & ~m_FSR[n];
    if (m_FSR[n] == 0) m_of_stage2[n] = (value(page() + 4 * n, 4, true) >> 16 & 3U) == 0;
    m_FSR[n] = FSR;
    if (risen == 0) continue;
    const std::uint64_t SCTLR = value(bank(n), 4, true);
    ++tally.HUPCF_CFCFG[SCTLR >> 7 & 3U];
    for (unsigned b = 0; b < 32; ++b) tally.FSR[b] += risen >> b & 1U;
  }
  for (const bool secure : {false, true}) {
    const std::uint64_t GFSR = value(0x48, 4, secure);
    const std::uint64_t risen = GFSR & ~m_GFSR[secure ? 1 : 0];
    m_GFSR[secure ? 1 : 0] = GFSR;
    for (unsigned b = 0; b < 32; ++b) tally.GFSR[b] += risen >> b & 1U;
  }
}

// Whether a register says something, and is not each model's own.
bool Pair::known(std::uint32_t offset, unsigned bytes, bool secure) {
  const std::uint32_t in_page = offset % page();
  if (offset < page()) {
    const bool alias = in_page >= 0x400;  // of the Non-secure copy (9.3)
    const std::uint32_t at = (alias ? in_page - 0x400 : in_page) & ~4U;
    // 4.2.4: of an address translation operation, GFSYNR0.ATS
    if (at == 0x40) return (value(alias ? 0x450 : 0x50, 4, secure) >> 6 & 1U) == 0;
    if (at == 0x50 && (in_page & 4U) != 0)
      return !m_naive.GFSYNR1_unknown(secure && features().SES && !alias);
    if (at == 0x180) return bytes == 8;  // unpredictable() has whole ones
    return true;
  }
  const auto ATOF = [&](unsigned n) { return (value(bank(n) + 0x68, 4, true) >> 9 & 1U) != 0; };
  if (offset < 2 * page() && in_page >= 0x400 && in_page < 0x400 + 4U * features().NUMCB)
    return !ATOF((in_page - 0x400) / 4);
  if (offset < window() / 2 || (offset - window() / 2) / page() >= features().NUMCB) return true;
  const auto n = static_cast<unsigned>((offset - window() / 2) / page());
  // Of a bank that has no stage 1 another CBAR.TYPE than stage 2's is nothing, and of others that one.
  const bool stage1_is_there = features().S1TS && n >= features().NUMS2CB;
  const bool is_stage2 = (value(page() + 4 * n, 4, true) >> 16 & 3U) == 0;
  if (is_stage2 ? !features().S2TS : !stage1_is_there) return false;
  const std::uint64_t FSR = value(bank(n) + 0x58, 4, true) & ~std::uint64_t{0x600};
  switch (in_page & ~4U) {
    case 0x50:
      return bytes == 8;
    case 0x60:
    case 0x68:
      return FSR != 0;  // where and how, while a fault is told
    case 0x70: {
      if (features().version == 1) return true;  // it has none
      // 17.3.2: TF, AFF, EF or ASF; PF of a walk of stage 1
      const bool walk_of_stage1 = (value(bank(n) + 0x68, 4, true) >> 3 & 1U) != 0;
      const bool IPA_is_known = (FSR & 8U) != 0 ? walk_of_stage1 : (FSR & 0x96U) != 0;
      return IPA_is_known && m_of_stage2[n];
    }
    default:
      return true;
  }
}

void Pair::look(std::uint32_t offset, unsigned bytes, bool secure) {
  if (known(offset, bytes, secure)) read(offset, bytes, secure);
}

// What the SMMU tells: configuration is compared by its effects, and its storage in register_table_test.
void Pair::compare_all() {
  for (const bool secure : {false, true}) {
    for (const std::uint32_t at : {0x20U, 0x24U, 0x28U, 0x3cU, 0x48U, 0x50U, 0x54U, 0x188U})
      look(at, 4, secure);
    look(0x180, 8, secure);
    look(0x40, 8, secure);
    for (std::uint32_t n = 0; n < features().NUMCB; ++n) {
      look(page() + 0x400 + 4 * n, 4, secure);
      for (const std::uint32_t at : {0x50U, 0x60U, 0x70U}) look(bank(n) + at, 8, secure);
      for (const std::uint32_t at : {0x58U, 0x68U, 0x8f0U}) look(bank(n) + at, 4, secure);
    }
  }
  const std::uint32_t monitors = 3 * page();
  for (unsigned n = 0; n < features().counters(); ++n) read(monitors + 4 * n, 4, true);
  if (features().counters() != 0) {
    read(monitors + 0xc80, 4, true);
    if (value(monitors + 0xc80, 4, true) != 0) ++tally.overflows;
  }
  std::array<std::uint8_t, 0x1000> ours{}, theirs{};
  for (std::uint32_t at = 0; at < 0x10000; at += 0x1000) {
    m_memory.read(at, ours.data(), 0x1000);
    m_naive_memory.words.read(at, theirs.data(), 0x1000);
    if (ours == theirs) continue;
    compare_words(at);
    break;
  }
}

void Pair::compare_words(std::uint64_t from) {
  for (std::uint64_t at = from;; at += 8) {
    if (m_memory.get(at) == m_naive_memory.words.get(at)) continue;
    differ("memory at " + hex(at) + ": " + hex(m_memory.get(at)) + ", theirs " +
           hex(m_naive_memory.words.get(at)));
    break;
  }
}

}  // namespace smmuvp::smmuv2::compare
