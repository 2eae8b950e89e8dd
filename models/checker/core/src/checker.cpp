#include "smmuvp/checker/checker.h"

#include <algorithm>

#include "descriptor_words.h"
#include "finding_words.h"

namespace smmuvp::checker {

using smmuv3::Command;
using smmuv3::Opcode;

namespace {

constexpr std::uint64_t page_bits = ~std::uint64_t{0xfff};

unsigned shift_of(unsigned granule, unsigned level) { return granule + (granule - 3) * (3 - level); }

/// What is wrong where a change has got no further than this; none: nothing is.
std::optional<RuleId> problem_of(const Answer& answer, RuleId nothing) {
  switch (answer.kind) {
    case Answer::Kind::nothing:
      return nothing;
    case Answer::Kind::near:
      return answer.rule;
    case Answer::Kind::unsynced:
      return RuleId::sync_missing;
    case Answer::Kind::syncing:
      return RuleId::sync_not_awaited;
    default:
      return std::nullopt;
  }
}

}  // namespace

unsigned Checker::add(std::string name, const smmuv3::Features& features) {
  m_smmus.push_back({std::move(name), features, {}, {}});
  return static_cast<unsigned>(m_smmus.size()) - 1;
}

// ---- accesses

Checker::Page Checker::page_of(unsigned smmu, std::uint32_t stream_id,
                               std::optional<std::uint32_t> substream_id, std::uint64_t iova) {
  const std::uint64_t substream = substream_id ? std::uint64_t{1} << 32 | *substream_id : 0;
  return {smmu, stream_id, substream, iova >> 12};
}

bool Checker::access(unsigned smmu, std::uint32_t stream_id, std::optional<std::uint32_t> substream_id,
                     std::uint64_t iova) {
  const auto at = m_looked.find(page_of(smmu, stream_id, substream_id, iova));
  if (at == m_looked.end()) return true;
  Looked& looked = at->second;
  if (looked.stale && looked.at < m_last_command) return true;
  if (looked.at < m_last_change) {
    for (const std::uint64_t word : looked.words) {
      if (changed_since(word, looked.at)) return true;
    }
  }
  if (looked.stale) return false;
  looked.at = ++m_now;
  for (const std::uint64_t word : looked.words) {
    if (const auto d = m_descriptors.find(word); d != m_descriptors.end()) use(d->second, d->second.value);
  }
  return false;
}

// Of a guest that goes through all of memory, the checker keeps no more than this.
void Checker::forget_what_is_too_much() {
  constexpr std::size_t most_pages = 1U << 17;
  constexpr std::size_t most_words = 1U << 20;
  if (m_looked.size() >= most_pages) m_looked.clear();
  if (m_descriptors.size() < most_words && m_structures.size() < most_words && m_retired.size() < most_words)
    return;
  m_looked.clear();
  m_descriptors.clear();
  m_structures.clear();
  m_retired.clear();
}

// What was before a change may still be cached, and is followed.
void Checker::use(Descriptor& d, std::uint64_t descriptor) const {
  if (!settle(d)) return;
  d.cached = descriptor;
  d.may_be_cached = is_valid(descriptor);
  d.used = m_now;
}

bool Checker::changed_since(std::uint64_t address, Sequence since) const {
  if (const auto d = m_descriptors.find(address); d != m_descriptors.end()) {
    return d->second.last && d->second.last->at > since;
  }
  const auto s = m_structures.find(address);
  return s != m_structures.end() && s->second.last && s->second.last->at > since;
}

void Checker::accessed(unsigned smmu, const Look& look) {
  ++m_now;
  forget_what_is_too_much();
  Looked& looked = m_looked[page_of(smmu, look.context.stream_id, look.context.substream_id, look.iova)];
  looked.at = m_now;
  looked.stale = look.stale;
  looked.words.clear();
  for (const Look::Structure& s : look.structures) looked.words.push_back(s.address);
  for (const Look::Step& s : look.steps) looked.words.push_back(s.address);
  if (look.stale) stale(smmu, look);
  for (const Look::Structure& s : look.structures) use(smmu, look, s);
  for (const Look::Step& s : look.steps) use(smmu, look, s);
}

void Checker::use(unsigned smmu, const Look& look, const Look::Structure& from) {
  const auto [at, is_new] = m_structures.try_emplace(from.address);
  Structure& s = at->second;
  if (is_new) {
    s.smmu = smmu;
    s.kind = from.kind;
    s.address = from.address;
    s.words = from.words;
  }
  m_surroundings.watch(from.address);
  // Of a page that held a table before.
  for (unsigned i = 0; i < from.words; ++i) m_descriptors.erase(from.address + 8ULL * i);
  s.what.context = look.context;
  s.what.of_cd = from.kind == Look::Kind::CD || from.kind == Look::Kind::L1CD;
  s.what.of_table = from.kind == Look::Kind::L1STD || from.kind == Look::Kind::L1CD;
  if (from.stale) return;
  s.last.reset();  // what is used is what memory has
  s.used = m_now;
}

void Checker::use(unsigned smmu, const Look& look, const Look::Step& from) {
  const auto [at, is_new] = m_descriptors.try_emplace(from.address);
  Descriptor& d = at->second;
  if (is_new || d.smmu != smmu) d = {};
  d.smmu = smmu;
  m_surroundings.watch(from.address);
  d.what.context = look.context;
  d.what.stage = from.stage;
  d.what.level = from.level;
  d.what.granule = from.granule;
  d.what.shift = shift_of(from.granule, from.level);
  d.what.input = from.input >> d.what.shift << d.what.shift;
  d.iova = look.iova;
  d.value = from.descriptor;
  if (!look.stale) use(d, from.descriptor);
}

// Structures that differ explain everything behind them.
void Checker::stale(unsigned smmu, const Look& look) {
  (void)smmu;
  bool configuration = false;
  for (const Look::Structure& from : look.structures) {
    const auto at = m_structures.find(from.address);
    if (!from.stale || at == m_structures.end()) continue;
    configuration = true;
    stale_structure(look, at->second);
  }
  if (configuration) return;
  for (const Look::Step& step : look.steps) {
    const auto at = m_descriptors.find(step.address);
    if (at == m_descriptors.end() || settle(at->second)) continue;
    return stale_descriptor(look, step.address, at->second);
  }
}

void Checker::stale_structure(const Look& look, Structure& s) {
  if (!s.last || s.told >= s.last->at) return;
  const CommandLog& log = m_smmus[s.smmu].log;
  // Until software has gone through another change it may be amid this one.
  if (!log.any_configuration(s.last->at)) return;
  const Answer answer = log.about(s.what, s.last->at);
  if (answer.kind > Answer::Kind::near) return;
  s.told = s.last->at;
  const RuleId rule = answer.kind == Answer::Kind::near ? answer.rule : RuleId::cfgi_missing;
  tell(rule, s, "an access uses the " + name_of(s.kind) + " as it was before" + command_words(answer),
       look.time_ps, answer);
}

void Checker::stale_descriptor(const Look& look, std::uint64_t address, Descriptor& d) {
  d.used_since = true;
  d.iova = look.iova;
  if (!d.last || d.told >= d.last->at) return;
  const Answer answer = m_smmus[d.smmu].log.about(change_of(d), *d.taken_away);
  if (answer.kind > Answer::Kind::near) return;
  d.told = d.last->at;
  RuleId rule = RuleId::tlbi_missing;
  if (answer.kind == Answer::Kind::near) {
    rule = answer.rule;
  } else if (!is_valid(d.last->after)) {
    rule = RuleId::tlbi_lazy;
  }
  tell(rule, d, address,
       "an access " + look.now + ", by a translation that memory no longer has: there it " + look.memory +
           command_words(answer),
       look.time_ps, answer);
}

// @return whether nothing that a descriptor was before may be cached still
bool Checker::settle(Descriptor& d) const {
  if (!d.taken_away) return true;
  if (m_smmus[d.smmu].log.about(change_of(d), *d.taken_away).kind != Answer::Kind::done) return false;
  d.taken_away.reset();
  d.may_be_cached = false;
  return true;
}

// ---- commands

void Checker::issued(unsigned smmu, unsigned queue, std::uint32_t prod, Writer writer) {
  constexpr std::size_t most = 1U << 16;
  std::deque<Queue::Batch>& batches = m_smmus[smmu].queues[queue].batches;
  if (batches.size() == most) batches.pop_front();
  batches.push_back({prod, std::make_shared<const Writer>(std::move(writer))});
}

void Checker::executed(unsigned smmu, const Command& command, unsigned queue, std::uint32_t cons) {
  Smmu& s = m_smmus[smmu];
  Queue& q = s.queues[queue];
  while (!q.batches.empty() && q.batches.front().prod == cons) q.batches.pop_front();
  ++m_now;
  if (static_cast<Opcode>(command.opcode) == Opcode::CMD_SYNC) {
    q.sync_is_signalled = command.CS != smmuv3::SIG_NONE;
    return s.log.sync(queue, m_now);
  }
  m_last_command = m_now;
  if (auto invalidation = invalidation_of(command, s.features)) {
    s.log.asked(std::move(*invalidation), queue, m_now,
                q.batches.empty() ? Issuer() : q.batches.front().issuer);
  }
}

// Software knows of it by an interrupt, an event or an MSI; else it has to look at CONS.
void Checker::synchronised(unsigned smmu, unsigned queue) {
  Smmu& s = m_smmus[smmu];
  s.log.synchronised(queue, ++m_now, s.queues[queue].sync_is_signalled || queue != 0);
}

void Checker::looked(unsigned smmu, unsigned queue) { m_smmus[smmu].log.looked(queue, ++m_now); }

// ---- memory

bool Checker::means_something(std::uint64_t physical) const {
  if (m_descriptors.count(physical) != 0 || m_retired.count(physical & page_bits) != 0) return true;
  auto s = m_structures.upper_bound(physical);
  return s != m_structures.begin() && physical - (--s)->first < 8ULL * s->second.words;
}

void Checker::stored(std::uint64_t physical, std::uint64_t before, std::uint64_t after,
                     const Writer& writer) {
  if (before == after) return;
  const Change change{++m_now, before, after, writer};
  reuse(physical, change);
  if (const auto at = m_descriptors.find(physical); at != m_descriptors.end()) {
    m_last_change = m_now;
    changed(physical, at->second, change);
  }
  auto s = m_structures.upper_bound(physical);
  if (s == m_structures.begin()) return;
  --s;
  if (physical - s->first >= 8ULL * s->second.words) return;
  Structure& structure = s->second;
  // What was invalidated since it was used, or since it was changed, is memory like any other.
  const Sequence since = structure.last ? structure.last->at : structure.used;
  if (m_smmus[structure.smmu].log.about(structure.what, since).kind == Answer::Kind::done) {
    m_structures.erase(s);
    return;
  }
  m_last_change = m_now;
  structure.last = change;
}

TranslationChange Checker::change_of(const Descriptor& d) {
  TranslationChange what = d.what;
  what.table = is_table(d.cached, d.what.level);
  what.global = d.what.stage == 1 && !what.table && (d.cached & (1U << 11)) == 0;  // nG
  return what;
}

void Checker::changed(std::uint64_t address, Descriptor& d, const Change& change) {
  d.last = change;
  d.value = change.after;
  settle(d);
  // What was invalidated since it was used is in no cache.
  if (d.may_be_cached && !d.taken_away &&
      m_smmus[d.smmu].log.about(change_of(d), d.used).kind == Answer::Kind::done) {
    d.may_be_cached = false;
  }
  const bool live = d.may_be_cached && !d.taken_away;
  if (!is_valid(change.before)) {
    if (is_valid(change.after)) becomes_valid(address, d, change);
    return;
  }
  if (live && is_table(change.before, d.what.level)) {
    m_retired[change.before & 0x0000'ffff'ffff'f000] = {address, change.at};
  }
  if (live && is_valid(change.after)) {
    if (const auto rule = needs_break(change.before, change.after, d.what.stage, d.what.level,
                                      m_smmus[d.smmu].features.BBML)) {
      tell(*rule, d, address,
           "it becomes " + number(change.after) + " without having been invalid in between",
           change.writer.time_ps);
      d.told = change.at;
    }
  }
  if (!live) return;
  d.cached = change.before;
  d.taken_away = change.at;
  d.remover = change.writer;
  d.used_since = false;
}

// Break-before-make: what was before is invalidated, and that is complete.
void Checker::becomes_valid(std::uint64_t address, Descriptor& d, const Change& change) {
  if (d.taken_away && needs_break(d.cached, change.after, d.what.stage, d.what.level, 0)) {
    const Answer answer = m_smmus[d.smmu].log.about(change_of(d), *d.taken_away);
    if (const auto rule = problem_of(answer, RuleId::tlbi_missing)) {
      tell(*rule, d, address,
           "it becomes " + number(change.after) + ", and what it was before, " + number(d.cached) +
               ", may still be cached" + command_words(answer),
           change.writer.time_ps, answer);
      d.told = change.at;
    }
  }
  const bool as_before = d.taken_away && change.after == d.cached;
  // Where nothing had to be said it may be cached as it was before, all the same.
  if (d.taken_away && d.told < change.at && !as_before) return;
  d.taken_away.reset();
  d.may_be_cached = as_before;
}

void Checker::reuse(std::uint64_t address, const Change& change) {
  const auto at = m_retired.find(address & page_bits);
  if (at == m_retired.end()) return;
  const Retired retired = at->second;
  m_retired.erase(at);
  const auto parent = m_descriptors.find(retired.parent);
  if (parent == m_descriptors.end()) return;
  const Descriptor& d = parent->second;
  TranslationChange what = d.what;
  what.table = true;
  const Answer answer = m_smmus[d.smmu].log.about(what, retired.since);
  if (answer.kind == Answer::Kind::done) return forget_table(address & page_bits);
  tell(RuleId::table_reused, d, address,
       "the table of level " + std::to_string(d.what.level + 1) + " that the descriptor at " +
           number(retired.parent) + " led to is written to, and may still be walked" + command_words(answer),
       change.writer.time_ps, answer, &change.writer);
}

// It is memory like any other now.
void Checker::forget_table(std::uint64_t page) {
  for (std::uint64_t at = page; at < page + ~page_bits + 1; at += 8) m_descriptors.erase(at);
  m_surroundings.unwatch(page);
}

// ---- the end

void Checker::ended(unsigned smmu, const Registers& r, std::uint64_t time_ps) {
  const Smmu& s = m_smmus[smmu];
  for (auto& [address, d] : descriptors_in_order()) {
    if (d->smmu != smmu || !d->used_since || !d->taken_away) continue;
    const Answer answer = s.log.about(change_of(*d), *d->taken_away);
    if (answer.kind == Answer::Kind::done) continue;
    tell(*problem_of(answer, RuleId::tlbi_missing), *d, address,
         "accesses have used what it was before, and until the end it was not invalidated" +
             command_words(answer),
         time_ps, answer);
  }
  for (auto& [address, structure] : m_structures) {
    if (structure.smmu != smmu || !structure.last || structure.told >= structure.last->at) continue;
    const Answer answer = s.log.about(structure.what, structure.last->at);
    if (answer.kind == Answer::Kind::done) continue;
    tell(*problem_of(answer, RuleId::cfgi_missing), structure,
         "it has changed, and until the end the caches were not told" + command_words(answer), time_ps,
         answer);
  }
  if (const auto last = s.log.unsynchronised(); last && (r.CR0 & 8) != 0) {
    tell_end(RuleId::sync_missing, s, "no CMD_SYNC follows " + words_of(last->invalidation), time_ps,
             last->issuer);
  }
  if (((r.CMDQ_PROD ^ r.CMDQ_CONS) & 0xf'ffff) != 0 && (r.CR0 & 8) != 0) {
    tell_end(RuleId::end_cmdq, s,
             "CMDQ_PROD is " + number(r.CMDQ_PROD) + " and CMDQ_CONS " + number(r.CMDQ_CONS), time_ps);
  }
  if (((r.EVENTQ_PROD ^ r.EVENTQ_CONS) & 0xf'ffff) != 0) {
    tell_end(RuleId::end_eventq, s,
             "EVENTQ_PROD is " + number(r.EVENTQ_PROD) + " and EVENTQ_CONS " + number(r.EVENTQ_CONS),
             time_ps);
  }
  if (((r.EVENTQ_PROD ^ r.EVENTQ_CONS) >> 31) != 0) {
    tell_end(RuleId::end_overflow, s, "EVENTQ_PROD.OVFLG and EVENTQ_CONS.OVACKFLG differ", time_ps);
  }
  if (r.GERROR != r.GERRORN) {
    tell_end(RuleId::end_gerror, s, "GERROR is " + number(r.GERROR) + " and GERRORN " + number(r.GERRORN),
             time_ps);
  }
}

// By address, whatever the order in which they were met.
std::map<std::uint64_t, Checker::Descriptor*> Checker::descriptors_in_order() {
  std::map<std::uint64_t, Descriptor*> all;
  for (auto& [address, d] : m_descriptors) all.emplace(address, &d);
  return all;
}

// ---- findings

void Checker::tell(RuleId rule, const Descriptor& d, std::uint64_t address, std::string text,
                   std::uint64_t time_ps, const Answer& answer, const Writer* writer) {
  Finding f;
  f.rule = rule;
  f.smmu = m_smmus[d.smmu].name;
  const Context& c = d.what.context;
  const bool asid = d.what.stage == 1 && (c.regime == Regime::EL1 || c.e2h);
  f.text = "descriptor of stage " + std::to_string(d.what.stage) + ", level " + std::to_string(d.what.level) +
           (c.regime == Regime::EL1 ? ", of VMID " + number(c.vmid) : ", of EL2") +
           (asid ? ", ASID " + number(c.asid) : "") + ", at " + number(address) + ": " + std::move(text);
  f.time_ps = time_ps;
  f.stream_id = d.what.context.stream_id;
  f.substream_id = d.what.context.substream_id;
  f.iova = d.what.stage == 1 ? d.what.input : d.iova;
  f.address = address;
  if (writer != nullptr) {
    f.writer = *writer;
  } else if (d.last) {
    f.writer = d.last->writer;
    if (d.taken_away && *d.taken_away != d.last->at) f.remover = d.remover;
  }
  if (answer.issuer) f.issuer = *answer.issuer;
  m_surroundings.tell(f);
}

void Checker::tell(RuleId rule, const Structure& s, std::string text, std::uint64_t time_ps,
                   const Answer& answer) {
  Finding f;
  f.rule = rule;
  f.smmu = m_smmus[s.smmu].name;
  f.text = name_of(s.kind) + " at " + number(s.address) + ": " + std::move(text);
  f.time_ps = time_ps;
  f.stream_id = s.what.context.stream_id;
  if (s.what.of_cd) f.substream_id = s.what.context.substream_id;
  f.address = s.address;
  if (s.last) f.writer = s.last->writer;
  if (answer.issuer) f.issuer = *answer.issuer;
  m_surroundings.tell(f);
}

void Checker::tell_end(RuleId rule, const Smmu& smmu, std::string text, std::uint64_t time_ps,
                       const Issuer& issuer) {
  Finding f;
  f.rule = rule;
  f.smmu = smmu.name;
  f.text = std::move(text);
  f.time_ps = time_ps;
  if (issuer) f.issuer = *issuer;
  m_surroundings.tell(f);
}

}  // namespace smmuvp::checker
