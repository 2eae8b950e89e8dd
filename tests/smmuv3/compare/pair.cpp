#include "pair.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "places.h"
#include "smmuvp/smmuv3/explain_access.h"

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
  s.vms_ways = 2;
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
  if (r.ats == smmu::AtsPhase::page_request) {
    return text("page request %#llx%s%s%s%s%s, PRGI %u, by StreamID %u", llu{r.address},
                r.page_request.last ? " Last" : "", r.page_request.read ? " R" : "",
                r.page_request.write ? " W" : "", r.instruction ? " X" : "", r.privileged ? " Priv" : "",
                r.page_request.PRGI, r.stream_id) +
           (r.substream_valid ? text(", SubstreamID %u", r.substream_id) : "");
  }
  std::string s = r.ats == smmu::AtsPhase::translation_request
                      ? "Translation Request" + std::string(r.no_write ? ", NW, " : " ")
                  : r.ats == smmu::AtsPhase::translated ? "Translated "
                                                        : "";
  s +=
      text("%s%s%s%s of %#llx by StreamID %u", r.unsupported != smmu::Unsupported::none ? "unsupported " : "",
           r.privileged ? "privileged " : "", r.instruction ? "instruction " : "",
           kinds[static_cast<int>(r.kind)], llu{r.address}, r.stream_id);
  if (r.substream_valid) s += text(", SubstreamID %u", r.substream_id);
  if (r.secure_stream) s += r.space == smmu::AddressSpace::secure ? ", Secure" : ", Secure, NS";
  return s + text(", memory %#x SH %d", r.attributes.memory, static_cast<int>(r.attributes.SH));
}

naive_smmuv3::Space space_of(bool secure) {
  return secure ? naive_smmuv3::Space::secure : naive_smmuv3::Space::non_secure;
}

/// How a device answers. That there is none counts as completed (3.9.1.5).
smmuv3::AtcMessageEnd end_of(const naive_smmuv3::AtcInvalidation& message) {
  const std::uint64_t what = (message.StreamID + 3 * (message.address >> 12) + message.shift) % 11;
  return what == 0   ? smmuv3::AtcMessageEnd::failed
         : what == 1 ? smmuv3::AtcMessageEnd::no_device
                     : smmuv3::AtcMessageEnd::completed;
}

}  // namespace

Pair::Pair(const smmuv3::Features& features, Tally& tally, Caches caches)
    : m_features(features),
      m_naive_features(naive_features(features)),
      m_tally(tally),
      m_smmu(std::make_unique<smmuv3::Smmu>(features, structures(caches), "smmu", &m_said)) {
  for_each_state([this] { interface().atc_messages().connect(true); });
  reset();
}

void Pair::reset() {
  m_waiting.clear();
  m_smmu->reset();
  m_smmu->reset_statistics();
  for_each_state([this] { interface().take_signals(); });
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
  m_naive->set_atc_handler([this](const naive_smmuv3::AtcInvalidation& message) {
    m_their_invalidations.push_back(message);
    return end_of(message) == smmuv3::AtcMessageEnd::failed ? naive_smmuv3::AtcAnswer::timed_out
                                                            : naive_smmuv3::AtcAnswer::completed;
  });
  m_our_invalidations.clear();
  m_their_invalidations.clear();
  m_our_responses.clear();
  m_ours.take_msis();
  m_naive_memory.take_msis();
  m_edges = {};
  m_finished.clear();
  m_ours.take_labelled();
  m_naive_memory.take_labelled();
  m_difference.clear();
  m_log.clear();
}

void Pair::poke(std::uint64_t address, std::uint64_t value, unsigned size) {
  m_ours.write(address, value, size, m_secure);
  m_theirs.write(address, value, size, m_secure);
}

void Pair::set_abort(std::uint64_t address, bool aborts) {
  m_ours.set_abort(address, aborts, m_secure);
  m_theirs.set_abort(address, aborts, m_secure);
}

void Pair::clear_aborts() {
  m_ours.clear_aborts();
  m_theirs.clear_aborts();
}

void Pair::differ(const std::string& what) {
  if (m_difference.empty()) m_difference = what;
}

// 6.2: Secure registers lie 0x8000 above, without a Page 1.
std::uint32_t Pair::offset_here(std::uint32_t offset) const {
  const bool of_both_pages = offset < smmuv3::window_size;  // others are each state's own
  return m_secure && of_both_pages ? (offset & 0x7fff) | 0x8000 : offset;
}

std::uint64_t Pair::read(std::uint32_t offset, unsigned size) {
  const std::uint32_t at = offset_here(offset);
  const AccessSecurity security = m_secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  std::uint64_t ours = 0;
  m_smmu->window().at(at).read(at, size, security, 0, ours);
  const std::uint64_t theirs =
      m_naive->read(at, size, m_secure ? naive_smmuv3::Space::secure : naive_smmuv3::Space::non_secure);
  if (ours != theirs) {
    differ(text("register %#x, %u bytes: ours %#llx, naive %#llx", at, size, llu{ours}, llu{theirs}));
  }
  return ours;
}

void Pair::write(std::uint32_t offset, std::uint64_t value, unsigned size) {
  const std::uint32_t at = offset_here(offset);
  const AccessSecurity security = m_secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  note(text("write %#x, %u bytes: %#llx", at, size, llu{value}));
  m_smmu->window().at(at).write(at, size, security, 0, value);
  work();
  m_naive->write(at, size, value, m_secure ? naive_smmuv3::Space::secure : naive_smmuv3::Space::non_secure);
  settle();
}

void Pair::count_edges() {
  for_each_state([this] {
    const smmuv3::Signals s = interface().take_signals();
    if (!s.any()) return;
    Edges& edges = m_edges[m_secure ? 1 : 0];
    edges[0] += s.eventq ? 1U : 0U;
    edges[1] += s.gerror ? 1U : 0U;
    edges[2] += s.cmdq_sync ? 1U : 0U;
    edges[3] += s.priq ? 1U : 0U;
    edges[4] += s.event ? 1U : 0U;
  });
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
    worked = carry_messages() || worked;
    if (!m_smmu->has_stall_answers()) continue;
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
  for_each_state([this] {
    for (const std::uint32_t offset : {0x60U, 0x98U, 0x9cU, 0x100a8U, 0x100c8U}) read(offset);
  });
  compare_msis();
  if (m_features.MPAM) compare_own_labels();
  compare_messages();
  static const bool each_step = std::getenv("SMMUVP_EACH_STEP") != nullptr;
  if (each_step) compare_memory();
  compare_records("event record", event_queue, 16, 32, false);
  compare_records("page request", pri_queue, 16, 16, false);
  if (m_features.SECURE_IMPL) compare_records("Secure event record", event_queue, 16, 32, true);
}

void Pair::compare_records(const char* what, std::uint64_t queue, unsigned count, unsigned bytes,
                           bool secure) {
  for (std::uint64_t at = queue; at < queue + count * bytes && m_difference.empty(); at += bytes) {
    bool same = true;
    std::string words[2];
    for (unsigned i = 0; i < bytes; i += 8) {
      const std::uint64_t ours = m_ours.read(at + i, 8, secure), theirs = m_theirs.read(at + i, 8, secure);
      same = same && ours == theirs;
    }
    if (same) continue;
    for (unsigned i = 0; i < bytes; i += 8) {
      words[0] += text(" %#llx", llu{m_ours.read(at + i, 8, secure)});
      words[1] += text(" %#llx", llu{m_theirs.read(at + i, 8, secure)});
    }
    differ(what + std::string(": ours") + words[0] + ", naive" + words[1]);
  }
}

// @return whether it is over; else it stalls.
bool Pair::run_ours(const smmu::AccessRequest& request, smmu::AccessAnswer& answer,
                    std::unique_ptr<smmuv3::Access>& access) {
  if (m_smmu->translate_fast(request, answer)) return true;
  access = std::make_unique<smmuv3::Access>(*m_smmu, request);
  for (smmu::Step step = go_on(*access);; step = go_on(*access)) {
    if (step == smmu::Step::done) {
      answer = access->answer();
      return true;
    }
    const bool posts = request.ats == smmu::AtsPhase::page_request;
    if (!posts && (!access->event() || access->event()->Stall)) return false;
    work();  // its record, or the request, finds no room in the buffer
  }
}

std::optional<smmu::AtsAnswer> Pair::request_translation(const smmu::AccessRequest& request) {
  note(describe(request));
  m_last_request = request;
  naive_smmuv3::TranslationRequest r;
  r.address = request.address;
  r.StreamID = request.stream_id;
  r.SSV = request.substream_valid;
  r.SubstreamID = request.substream_id;
  r.NW = request.no_write;
  r.Exe = request.instruction;
  r.Priv = request.privileged;
  r.SEC_SID = space_of(request.secure_stream);
  smmu::AccessAnswer answer;
  std::unique_ptr<smmuv3::Access> access;
  const bool over = run_ours(request, answer, access);
  work();
  m_naive_memory.begin_access();
  const naive_smmuv3::TranslationCompletion theirs = m_naive->request_translation(r);
  const smmu::AtsAnswer& ours = answer.ats;
  using Status = naive_smmuv3::TranslationCompletion::Status;
  static constexpr const char* names[] = {"success", "UR", "CA", "nothing"};
  const unsigned status = theirs.status == Status::success               ? 0U
                          : theirs.status == Status::unsupported_request ? 1U
                                                                         : 2U;
  const unsigned our_status = !over || answer.outcome != smmu::Outcome::answered    ? 3U
                              : ours.status == smmu::AtsStatus::success             ? 0U
                              : ours.status == smmu::AtsStatus::unsupported_request ? 1U
                                                                                    : 2U;
  bool same = status == our_status;
  if (same && status == 0) {
    same = ours.read == theirs.R && ours.write == theirs.W && ours.execute == theirs.Exe &&
           ours.privileged == theirs.Priv && ours.size_shift == theirs.shift &&
           ours.translated_address == theirs.address && !theirs.G && !theirs.U && !theirs.N;
  }
  if (!same) {
    differ(describe(request) + text(": ours %s %s%s%s%s %#llx, 2^%u; naive %s %s%s%s%s %#llx, 2^%u",
                                    names[our_status], ours.read ? "R" : "", ours.write ? "W" : "",
                                    ours.execute ? "X" : "", ours.privileged ? " Priv" : "",
                                    llu{ours.translated_address}, ours.size_shift, names[status],
                                    theirs.R ? "R" : "", theirs.W ? "W" : "", theirs.Exe ? "X" : "",
                                    theirs.Priv ? " Priv" : "", llu{theirs.address}, theirs.shift));
  }
  note(text("  %s %s%s%s %#llx, 2^%u", names[status], theirs.R ? "R" : "", theirs.W ? "W" : "",
            theirs.Exe ? "X" : "", llu{theirs.address}, theirs.shift));
  ++m_tally.completions[status != 0 ? status + 1 : ours.any() ? 0U : 1U];
  settle();
  if (status != 0 || !ours.any()) return std::nullopt;
  return ours;
}

void Pair::request_page(const smmu::AccessRequest& request) {
  note(describe(request));
  ++m_tally.page_requests;
  naive_smmuv3::PageRequest r;
  r.StreamID = request.stream_id;
  r.SSV = request.substream_valid;
  r.SubstreamID = request.substream_id;
  r.address = request.address;
  r.PRGIndex = request.page_request.PRGI;
  r.Last = request.page_request.last;
  r.W = request.page_request.write;
  r.R = request.page_request.read;
  r.X = request.instruction;
  r.Priv = request.privileged;
  r.SEC_SID = space_of(request.secure_stream);
  smmu::AccessAnswer answer;
  std::unique_ptr<smmuv3::Access> access;
  run_ours(request, answer, access);
  work();
  m_naive_memory.begin_access();
  m_naive->page_request(r);
  settle();
}

bool Pair::access(const smmu::AccessRequest& request) {
  note(describe(request));
  m_last_request = request;
  m_lookup.reset();
  naive_smmuv3::AccessRequest r;
  r.address = request.address;
  r.StreamID = request.stream_id;
  r.SEC_SID = space_of(request.secure_stream);
  r.NS = request.space != smmu::AddressSpace::secure;
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
  r.translated = m_features.ATS && request.ats == smmu::AtsPhase::translated;
  if (request.unsupported == smmu::Unsupported::ats) r.unsupported = smmuv3::reason_ats;
  ++m_tally.accesses;
  if (request.secure_stream) ++m_tally.secure_accesses;
  if (r.translated) ++m_tally.translated_accesses;

  smmu::AccessAnswer answer;
  std::unique_ptr<smmuv3::Access> access;
  const bool over = run_ours(request, answer, access);
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
    if (request.secure_stream) ++m_tally.secure_stalled;
    note("  stalls");
    m_waiting.push_back({naive.id, request, std::move(access)});
  } else {
    compare(request, answer, naive);
  }
  settle();
  m_lookup = naive.forwarded.lookup;
  m_hit = answer.tlb_hit;
  if (r.translated && naive.kind == naive_smmuv3::Outcome::Kind::forwarded) ++m_tally.translated_forwarded;
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
  bool same = ours.output == f.address && ours.privileged == f.privileged &&
              ours.instruction == f.instruction && (ours.space != smmu::AddressSpace::secure) == f.NS;
  if (request.secure_stream) ++(f.NS ? m_tally.secure_to_non_secure : m_tally.secure_to_secure);
  if (!f.attributes_unpredictable) {
    same = same && ours.attributes.memory == f.attributes &&
           static_cast<int>(ours.attributes.SH) == static_cast<int>(f.shareability);
  }
  if (m_features.MPAM) compare_label(request, ours.mpam, f.mpam);
  if (same) return;
  differ(describe(request) +
         text(": ours %#llx memory %#x SH %d %d %d NS %d, naive %#llx memory %#x SH %d %d %d NS %d",
              llu{ours.output}, ours.attributes.memory, static_cast<int>(ours.attributes.SH), ours.privileged,
              ours.instruction, ours.space != smmu::AddressSpace::secure, llu{f.address}, f.attributes,
              static_cast<int>(f.shareability), f.privileged, f.instruction, f.NS));
}

// 17.2, 17.3
void Pair::compare_label(const smmu::AccessRequest& request, const smmu::MpamLabel& ours,
                         const naive_smmuv3::MpamLabel& naive) {
  const bool NS = ours.space != smmu::AddressSpace::secure;
  if (ours.partid != 0) ++(request.secure_stream && !NS ? m_tally.secure_labels : m_tally.labels);
  if (request.secure_stream && NS) ++m_tally.labels_with_MPAM_NS;
  if (naive.unknown || (ours.partid == naive.PARTID && ours.pmg == naive.PMG && NS == naive.NS)) return;
  differ(describe(request) + text(": ours PARTID %#x PMG %#x MPAM_NS %d, naive %#x %#x %d", ours.partid,
                                  ours.pmg, NS, naive.PARTID, naive.PMG, naive.NS));
}

// 17.4. Caches save accesses, and prefetches make some more: what both have accessed is compared. A place may
// be accessed as several things.
void Pair::compare_own_labels() {
  std::vector<Labelled> theirs = m_naive_memory.take_labelled();
  const auto by_place = [](const Labelled& a, const Labelled& b) { return a.place < b.place; };
  std::sort(theirs.begin(), theirs.end(), by_place);
  for (const Labelled& ours : m_ours.take_labelled()) {
    const auto [first, last] = std::equal_range(theirs.begin(), theirs.end(), ours, by_place);
    if (first == last) continue;
    if (ours.PARTID != 0) ++m_tally.own_labels[ours.purpose];
    if (std::any_of(first, last, [&](const Labelled& their) { return their.same_label(ours); })) continue;
    differ(text("%s at %#llx: ours PARTID %#x PMG %#x MPAM_NS %d, naive %#x %#x %d", ours.purpose,
                llu{ours.place}, ours.PARTID, ours.PMG, ours.NS, first->PARTID, first->PMG, first->NS));
  }
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
      all += text(" %#llx to %#llx (%#x, SH %u%s)", llu{m.data}, llu{m.address}, m.memory, m.SH,
                  m.secure ? ", Secure" : "");
    if (msis == &ours) all += ", naive";
  }
  differ(all);
}

// Devices complete what they are asked for, or some of it not in time, by what it is.
bool Pair::carry_messages() {
  bool carried = false;
  for_each_state([this, &carried] { carried = carry_messages(interface().atc_messages()) || carried; });
  return carried;
}

bool Pair::carry_messages(smmuv3::AtcMessages& messages) {
  bool carried = false;
  while (const auto at = messages.departure()) {
    const auto taken = messages.take(*at);
    if (!taken) break;
    carried = true;
    const smmuv3::AtcMessage& m = taken->message;
    smmuv3::AtcMessageEnd end = smmuv3::AtcMessageEnd::completed;
    if (m.kind == smmuv3::AtcMessage::Kind::invalidate) {
      naive_smmuv3::AtcInvalidation i;
      i.StreamID = m.StreamID;
      i.SSV = m.SSV;
      i.SubstreamID = m.SubstreamID;
      i.Global = m.Global;
      i.address = m.Address;
      i.shift = m.size_shift;
      end = end_of(i);
      ++m_tally.atc_invalidations;
      if (end == smmuv3::AtcMessageEnd::failed) ++m_tally.atc_timeouts;
      m_our_invalidations.push_back(i);
    } else {
      naive_smmuv3::PrgResponse p;
      p.StreamID = m.StreamID;
      p.SSV = m.SSV;
      p.SubstreamID = m.SubstreamID;
      p.PRGIndex = m.PRGI;
      p.ResponseCode = static_cast<unsigned>(m.response);
      p.SEC_SID = space_of(m_secure);
      ++m_tally.responses[p.ResponseCode & 15];
      m_our_responses.push_back(p);
    }
    messages.ended(taken->number, end, *at);
  }
  return carried;
}

void Pair::compare_messages() {
  const std::vector<naive_smmuv3::PrgResponse> theirs = m_naive->take_prg_responses();
  if (m_our_responses != theirs) {
    std::string all = "PRG responses: ours";
    for (const auto* responses : {&std::as_const(m_our_responses), &theirs}) {
      for (const naive_smmuv3::PrgResponse& p : *responses) {
        all += text(" %u to StreamID %u, PRGI %u, SSV %d %u;", p.ResponseCode, p.StreamID, p.PRGIndex, p.SSV,
                    p.SubstreamID);
      }
      if (responses != &theirs) all += " naive";
    }
    differ(all);
  }
  m_our_responses.clear();
  if (m_our_invalidations != m_their_invalidations) {
    std::string all = "Invalidate Requests: ours";
    for (const auto* messages : {&m_our_invalidations, &m_their_invalidations}) {
      for (const naive_smmuv3::AtcInvalidation& i : *messages) {
        all += text(" %#llx, 2^%u, to StreamID %u, SSV %d %u, Global %d;", llu{i.address}, i.shift,
                    i.StreamID, i.SSV, i.SubstreamID, i.Global);
      }
      if (messages == &m_our_invalidations) all += " naive";
    }
    differ(all);
  }
  m_our_invalidations.clear();
  m_their_invalidations.clear();
}

// Where all of memory is compared after each step (SMMUVP_EACH_STEP), the step that made the difference is
// known.
void Pair::compare_memory() {
  if (!(m_ours == m_theirs)) {
    const std::uint64_t place = m_ours.first_difference(m_theirs) & ~std::uint64_t{31};
    const std::uint64_t at = place % Arena::bytes;
    const bool secure = place >= Arena::bytes;
    std::string words[2];
    for (unsigned i = 0; i < 4; ++i) {
      words[0] += text(" %#llx", llu{m_ours.read(at + 8 * i, 8, secure)});
      words[1] += text(" %#llx", llu{m_theirs.read(at + 8 * i, 8, secure)});
    }
    differ(text("%smemory at %#llx: ours", secure ? "Secure " : "", llu{at}) + words[0] + ", naive" +
           words[1]);
  }
}

std::string Pair::explain_last() {
  const auto memory = [this](const smmu::MemoryOp& op) { return m_ours.carry_out(op); };
  return to_text(smmuv3::explain(*m_smmu, m_last_request, memory));
}

void Pair::compare_all() {
  settle();
  compare_memory();
  for_each_state([this] { compare_registers(); });
}

// Of a Security state.
void Pair::compare_registers() {
  for (std::uint32_t offset = 0; offset < 0x200; offset += 4) {
    read(offset);
  }
  for (const std::uint32_t offset : {0x100a8U, 0x100acU, 0x100c8U, 0x100ccU}) read(offset);
  const naive_smmuv3::Wires& w = m_naive->wires(space_of(m_secure));
  const std::array<std::uint64_t, 4> theirs{w.event, w.gerror, w.cmd_sync, w.priq};
  static constexpr const char* names[] = {"event queue", "GERROR", "CMD_SYNC", "PRI queue"};
  // Several events for WFE at a time are one: those are not compared.
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint64_t ours = m_edges[m_secure ? 1 : 0][i];
    if (ours == theirs[i]) continue;
    differ(text("edges of %s%s: ours %llu, naive %llu", m_secure ? "Secure " : "", names[i], llu{ours},
                llu{theirs[i]}));
  }
}

}  // namespace smmuvp::compare
