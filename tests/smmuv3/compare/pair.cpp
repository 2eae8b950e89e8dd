#include "pair.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace smmuvp::compare {

namespace {

__attribute__((format(printf, 1, 2))) std::string text(const char* format, ...) {
  char buffer[400];
  va_list args;
  va_start(args, format);
  std::vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  return buffer;
}

using llu = unsigned long long;

/// Small ones replace entries as well, large ones never do in the course of a program.
smmuv3::Structures structures(Pair::Caches caches) {
  smmuv3::Structures s;
  s.timing = false;
  if (caches == Pair::Caches::large) {
    s.tlb_ways = s.ste_ways = s.cd_ways = 64;
    s.tlb_sets = s.ste_sets = s.cd_sets = 4;
    return s;
  }
  s.tlb_sets = 8;
  s.walk_cache_sets = 4;
  s.ipa_cache_sets = 4;
  s.micro_tlb_geometry.sets = 8;
  s.ste_sets = s.cd_sets = 4;
  return s;
}

const char* name_of(naive_smmuv3::Outcome::Kind kind) {
  using Kind = naive_smmuv3::Outcome::Kind;
  switch (kind) {
    case Kind::aborted:
      return "aborted";
    case Kind::razwi:
      return "RAZ/WI";
    case Kind::forwarded:
      return "forwarded";
    default:
      return "stalled";
  }
}

const char* name_of(smmu::Outcome outcome) {
  return outcome == smmu::Outcome::forward ? "forwarded"
         : outcome == smmu::Outcome::razwi ? "RAZ/WI"
                                           : "aborted";
}

std::string describe(const smmu::AccessRequest& r) {
  static constexpr const char* kinds[] = {"read", "write", "atomic", "translate"};
  std::string s =
      text("%s%s%s%s of %#llx by StreamID %u", r.unsupported != smmu::Unsupported::none ? "unsupported " : "",
           r.privileged ? "privileged " : "", r.instruction ? "instruction " : "",
           kinds[static_cast<int>(r.kind)], llu{r.address}, r.stream_id);
  if (r.substream_valid) s += text(", SubstreamID %u", r.substream_id);
  return s + text(", memory %#x SH %d", r.attributes.memory, static_cast<int>(r.attributes.SH));
}

}  // namespace

Pair::Pair(const smmuv3::Features& features, Tally& tally, Caches caches)
    : m_features(features),
      m_naive_features(naive_features(features)),
      m_tally(tally),
      m_smmu(std::make_unique<smmuv3::Smmu>(features, structures(caches), "smmu", &m_said)) {
  reset();
}

void Pair::reset() {
  m_waiting.clear();
  m_smmu->reset();
  m_smmu->reset_statistics();
  m_smmu->take_signals();
  m_naive = std::make_unique<naive_smmuv3::Smmu>(m_naive_features, m_naive_memory, our_choices(m_features));
  // Which tag a stall gets is ours to choose, and ours has it already.
  m_naive->set_stag_allocator([this](std::uint64_t id, const std::set<std::uint16_t>& in_use) {
    const smmuv3::Access* access = m_new;
    for (const Waiting& w : m_waiting) {
      if (w.id == id) access = w.access.get();
    }
    std::uint16_t stag = access != nullptr ? access->stag().value_or(0) : 0;
    for (std::uint16_t free = 0; in_use.count(stag) != 0; ++free) stag = free;  // the records will differ
    return stag;
  });
  m_edges = {};
  m_finished.clear();
  m_difference.clear();
  m_log.clear();
}

void Pair::poke(std::uint64_t address, std::uint64_t value, unsigned size) {
  m_ours.write(address, value, size);
  m_theirs.write(address, value, size);
}

void Pair::set_abort(std::uint64_t address, bool aborts) {
  m_ours.set_abort(address, aborts);
  m_theirs.set_abort(address, aborts);
}

void Pair::clear_aborts() {
  m_ours.clear_aborts();
  m_theirs.clear_aborts();
}

void Pair::differ(const std::string& what) {
  if (m_difference.empty()) m_difference = what;
}

std::uint64_t Pair::read(std::uint32_t offset, unsigned size) {
  std::uint64_t ours = 0;
  m_smmu->interface().read(offset, size, AccessSecurity::NonSecure, 0, ours);
  const std::uint64_t theirs = m_naive->read(offset, size);
  if (ours != theirs) {
    differ(text("register %#x, %u bytes: ours %#llx, naive %#llx", offset, size, llu{ours}, llu{theirs}));
  }
  return ours;
}

void Pair::write(std::uint32_t offset, std::uint64_t value, unsigned size) {
  note(text("write %#x, %u bytes: %#llx", offset, size, llu{value}));
  m_smmu->interface().write(offset, size, AccessSecurity::NonSecure, 0, value);
  work();
  m_naive->write(offset, size, value);
  settle();
}

void Pair::count_edges() {
  const smmuv3::Signals s = m_smmu->take_signals();
  m_edges[0] += s.eventq ? 1U : 0U;
  m_edges[1] += s.gerror ? 1U : 0U;
  m_edges[2] += s.cmdq_sync ? 1U : 0U;
  m_edges[3] += s.event ? 1U : 0U;
}

// Our queues go on as far as they can.
void Pair::work() {
  for (bool worked = true; worked;) {
    worked = false;
    for (smmu::Worker* worker : m_smmu->workers()) {
      if (!worker->waiting()) {
        if (!worker->due()) continue;
        worked = true;
        const smmu::Step step = worker->step(*worker->due());
        count_edges();
        if (step != smmu::Step::need) continue;
      }
      worked = true;
      worker->complete(m_ours.carry_out(worker->op()));
      count_edges();
    }
    count_edges();
    if (!m_smmu->interface().stalls().has_answers()) continue;
    worked = true;
    std::vector<Waiting> again;  // those that stall again are the youngest ones
    for (std::size_t i = 0; i < m_waiting.size();) {
      const std::uint64_t before = m_smmu->statistics().stalls;
      go_on(*m_waiting[i].access);
      if (m_smmu->statistics().stalls == before) {
        ++i;
        continue;
      }
      again.push_back(std::move(m_waiting[i]));
      m_waiting.erase(m_waiting.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (Waiting& w : again) m_waiting.push_back(std::move(w));
  }
}

smmu::Step Pair::go_on(smmuv3::Access& access) {
  smmu::Step step = access.step();
  for (; step == smmu::Step::need; step = access.step()) access.complete(m_ours.carry_out(access.op()));
  return step;
}

void Pair::settle() {
  work();
  m_naive->run_commands();
  for (const auto& [id, outcome] : m_naive->take_finished()) m_finished[id] = outcome;
  for (std::size_t i = 0; i < m_waiting.size();) {
    Waiting& w = m_waiting[i];
    const smmu::Step step = go_on(*w.access);
    const auto finished = m_finished.find(w.id);
    if ((step == smmu::Step::done) != (finished != m_finished.end())) {
      differ("a stalled " + describe(w.request) +
             (step == smmu::Step::done
                  ? text(": ours has ended, %s; naive still waits", name_of(w.access->answer().outcome))
                  : text(": ours still waits; naive has ended, %s", name_of(finished->second.kind))));
      return;
    }
    if (step != smmu::Step::done) {
      ++i;
      continue;
    }
    compare(w.request, w.access->answer(), finished->second);
    m_finished.erase(finished);
    m_waiting.erase(m_waiting.begin() + static_cast<std::ptrdiff_t>(i));
    work();
  }
  for (const std::uint32_t offset : {0x60U, 0x98U, 0x9cU, 0x100a8U}) read(offset);
  compare_msis();
  static const bool each_step = std::getenv("SMMUVP_EACH_STEP") != nullptr;
  if (each_step) compare_memory();
  for (std::uint64_t at = 0x19000; at < 0x19200 && m_difference.empty(); at += 32) {
    for (unsigned i = 0; i < 4; ++i) {
      if (m_ours.read(at + 8 * i, 8) == m_theirs.read(at + 8 * i, 8)) continue;
      std::string words[2];
      for (unsigned k = 0; k < 4; ++k) {
        words[0] += text(" %#llx", llu{m_ours.read(at + 8 * k, 8)});
        words[1] += text(" %#llx", llu{m_theirs.read(at + 8 * k, 8)});
      }
      differ("event record: ours" + words[0] + ", naive" + words[1]);
    }
  }
}

bool Pair::access(const smmu::AccessRequest& request) {
  note(describe(request));
  m_last_stream = request.stream_id;
  m_lookup.reset();
  naive_smmuv3::AccessRequest r;
  r.address = request.address;
  r.StreamID = request.stream_id;
  r.SSV = request.substream_valid;
  r.SubstreamID = request.substream_id;
  r.type = request.kind == smmu::AccessKind::read    ? naive_smmuv3::AccessType::read
           : request.kind == smmu::AccessKind::write ? naive_smmuv3::AccessType::write
                                                     : naive_smmuv3::AccessType::atomic;
  r.instruction = request.instruction;
  r.privileged = request.privileged;
  r.attributes = request.attributes.memory;
  r.shareability = static_cast<naive::Shareability>(request.attributes.SH);
  if (request.unsupported == smmu::Unsupported::malformed) r.unsupported = smmuv3::reason_malformed;
  if (request.unsupported == smmu::Unsupported::ats) r.unsupported = smmuv3::reason_ats;
  ++m_tally.accesses;

  smmu::AccessAnswer answer;
  std::unique_ptr<smmuv3::Access> access;
  bool over = m_smmu->translate_fast(request, answer);
  if (!over) {
    access = std::make_unique<smmuv3::Access>(*m_smmu, request);
    for (smmu::Step step = go_on(*access); !over;) {
      if (step == smmu::Step::done) {
        over = true;
        answer = access->answer();
        break;
      }
      if (!access->event() || access->event()->Stall) break;
      work();  // its record finds no room in the buffer
      step = go_on(*access);
    }
  }
  work();
  m_naive_memory.begin_access();
  m_new = access.get();
  const naive_smmuv3::Outcome naive = m_naive->access(r);
  m_new = nullptr;
  const bool waits = naive.kind == naive_smmuv3::Outcome::Kind::stalled;
  if (over == waits) {
    differ(describe(request) + ": ours " + (over ? name_of(answer.outcome) : "stalled") + ", naive " +
           name_of(naive.kind));
    return false;
  }
  if (waits) {
    ++m_tally.stalled;
    note("  stalls");
    m_waiting.push_back({naive.id, request, std::move(access)});
  } else {
    compare(request, answer, naive);
  }
  settle();
  m_lookup = naive.forwarded.lookup;
  m_hit = answer.tlb_hit;
  return naive.kind == naive_smmuv3::Outcome::Kind::forwarded;
}

void Pair::compare(const smmu::AccessRequest& request, const smmu::AccessAnswer& ours,
                   const naive_smmuv3::Outcome& naive) {
  note(text("  %s", name_of(naive.kind)));
  if (std::string(name_of(ours.outcome)) != name_of(naive.kind)) {
    differ(describe(request) + ": ours " + name_of(ours.outcome) + ", naive " + name_of(naive.kind));
    return;
  }
  if (ours.outcome != smmu::Outcome::forward) {
    ++(ours.outcome == smmu::Outcome::razwi ? m_tally.razwi : m_tally.aborted);
    return;
  }
  ++m_tally.forwarded;
  if (ours.tlb_hit) ++m_tally.tlb_hits;
  if (ours.output != request.address) ++m_tally.translated;
  const naive_smmuv3::Forwarded& f = naive.forwarded;
  bool same =
      ours.output == f.address && ours.privileged == f.privileged && ours.instruction == f.instruction;
  if (!f.attributes_unpredictable) {
    same = same && ours.attributes.memory == f.attributes &&
           static_cast<int>(ours.attributes.SH) == static_cast<int>(f.shareability);
  }
  if (same) return;
  differ(describe(request) +
         text(": ours %#llx memory %#x SH %d %d %d, naive %#llx memory %#x SH %d %d %d", llu{ours.output},
              ours.attributes.memory, static_cast<int>(ours.attributes.SH), ours.privileged, ours.instruction,
              llu{f.address}, f.attributes, static_cast<int>(f.shareability), f.privileged, f.instruction));
}

// One that is still to be sent may stand for others that are the same (3.18); in which order those of two
// sources come is not told.
void Pair::compare_msis() {
  std::vector<SentMsi> ours = m_ours.take_msis(), theirs = m_naive_memory.take_msis();
  m_tally.msis += ours.size();
  for (std::vector<SentMsi>* msis : {&ours, &theirs}) {
    std::sort(msis->begin(), msis->end());
    msis->erase(std::unique(msis->begin(), msis->end()), msis->end());
  }
  if (ours == theirs) return;
  std::string all = "MSIs: ours";
  for (const std::vector<SentMsi>* msis : {&ours, &theirs}) {
    for (const SentMsi& m : *msis)
      all += text(" %#llx to %#llx (%#x, SH %u)", llu{m.data}, llu{m.address}, m.memory, m.SH);
    if (msis == &ours) all += ", naive";
  }
  differ(all);
}

// Where all of memory is compared after each step (SMMUVP_EACH_STEP), the step that made the difference is
// known.
void Pair::compare_memory() {
  if (!(m_ours == m_theirs)) {
    const std::uint64_t at = m_ours.first_difference(m_theirs) & ~std::uint64_t{31};
    std::string words[2];
    for (unsigned i = 0; i < 4; ++i) {
      words[0] += text(" %#llx", llu{m_ours.read(at + 8 * i, 8)});
      words[1] += text(" %#llx", llu{m_theirs.read(at + 8 * i, 8)});
    }
    differ(text("memory at %#llx: ours", llu{at}) + words[0] + ", naive" + words[1]);
  }
}

void Pair::compare_all() {
  settle();
  compare_memory();
  for (std::uint32_t offset = 0; offset < 0x200; offset += 4) read(offset);
  for (const std::uint32_t offset : {0x100a8U, 0x100acU}) read(offset);
  const naive_smmuv3::Wires& w = m_naive->wires();
  const std::array<std::uint64_t, 4> theirs{w.event, w.gerror, w.cmd_sync, w.sev};
  static constexpr const char* names[] = {"event queue", "GERROR", "CMD_SYNC"};
  // Several events for WFE at a time are one.
  for (unsigned i = 0; i < 3; ++i) {
    if (m_edges[i] != theirs[i]) {
      differ(text("edges of %s: ours %llu, naive %llu", names[i], llu{m_edges[i]}, llu{theirs[i]}));
    }
  }
}

}  // namespace smmuvp::compare
