#include "smmuvp/checker/checker.h"

#include <algorithm>

#include "descriptor_words.h"
#include "finding_words.h"

namespace smmuvp::checker {

using smmuv3::Command;
using smmuv3::Opcode;

namespace {

constexpr std::uint64_t page_bits = ~std::uint64_t{0xfff};

}  // namespace

unsigned Checker::add(std::string name, const smmuv3::Features& features) {
  EnableRules enable(name);
  m_smmus.push_back({std::move(name), features, {}, {}, std::move(enable)});
  return static_cast<unsigned>(m_smmus.size()) - 1;
}

unsigned Checker::add(std::string name, const Smmuv2Rules::Sizes& sizes) {
  const unsigned n = add(name, smmuv3::Features());
  m_smmus[n].smmuv2.emplace(std::move(name), sizes);
  return n;
}

// ---- accesses

Checker::Page Checker::page_of(unsigned smmu, std::uint32_t stream_id,
                               std::optional<std::uint32_t> substream_id, std::uint64_t iova) {
  const std::uint64_t substream = substream_id ? std::uint64_t{1} << 32 | *substream_id : 0;
  return {smmu, stream_id, substream, iova >> 12};
}

bool Checker::access(unsigned smmu, std::uint32_t stream_id, std::optional<std::uint32_t> substream_id,
                     std::uint64_t iova, std::uint64_t time_ps) {
  const Page page = page_of(smmu, stream_id, substream_id, iova);
  const auto at = m_looked.find(page);
  if (at == m_looked.end()) return !walk(smmu, page, iova, time_ps);
  Looked& looked = at->second;
  if (looked.stale && looked.at < m_last_command) return true;
  if (looked.at < m_last_change) {
    for (const std::uint64_t word : looked.words) {
      if (changed_since(word, looked.at)) return looked.stale || !walk(smmu, page, iova, time_ps);
    }
  }
  if (looked.stale) return false;
  looked.at = ++m_now;
  for (const std::uint64_t word : looked.words) {
    if (const auto d = m_descriptors.find(word); d != m_descriptors.end()) use(d->second, d->second.value);
  }
  return false;
}

// Where the stream has been looked at, and nothing that this access goes by can be cached otherwise than it
// is in memory, the SMMU need not be asked.
bool Checker::walk(unsigned smmu, const Page& page, std::uint64_t iova, std::uint64_t time_ps) {
  const auto known = m_ways.find({smmu, page.stream_id, page.substream, (iova >> 55 & 1) != 0});
  if (known == m_ways.end()) return false;
  Way& way = known->second;
  if (way.at < m_smmus[smmu].configured) return false;
  for (const std::uint64_t address : way.structures) {
    const auto s = m_structures.find(address);
    if (s == m_structures.end() || s->second.last || s->second.settled || s->second.smmu != smmu)
      return false;
  }
  constexpr unsigned granule = 12;
  const unsigned bits = way.look.input_bits[way.stage - 1];
  if (bits == 0 || (bits < 64 && ((iova ^ way.input) >> bits) != 0)) return false;
  const auto shift_at = [](unsigned level) { return granule + (granule - 3) * (3 - level); };
  Look look = way.look;
  look.iova = iova;
  look.time_ps = time_ps;
  const unsigned first_shift = shift_at(way.level);
  std::uint64_t address = way.address + 8 * ((iova >> first_shift) - (way.input >> first_shift));
  for (unsigned level = way.level;; ++level) {
    const auto descriptor = m_surroundings.read(address);
    if (!descriptor) return false;
    if (const auto d = m_descriptors.find(address); d != m_descriptors.end()) {
      if (d->second.smmu != smmu || !settle(d->second)) return false;
    }
    look.steps.push_back({way.stage, level, granule, iova, address, *descriptor});
    if (level == 3 || (*descriptor & 3) != 3) break;
    address = (*descriptor & 0x0000'ffff'ffff'f000) + 8 * (iova >> shift_at(level + 1) & 0x1ff);
  }
  ++m_walks;
  ++m_now;
  remember(page, look);
  Looked& looked = m_looked[page];
  looked.words.insert(looked.words.end(), way.structures.begin(), way.structures.end());
  for (const std::uint64_t structure : way.structures) {
    Structure& s = m_structures[structure];
    s.used = m_now;
    s.users[{look.context.stream_id, look.context.substream_id}] = m_now;
  }
  check_spaces(smmu, look);
  for (const Look::Step& s : look.steps) use(smmu, look, s);
  return true;
}

// Of accesses by tables of 4 KiB, of stage 1 or stage 2 alone.
void Checker::learn_way(unsigned smmu, const Look& look) {
  if (look.stale || look.steps.empty() || look.translates[0] == look.translates[1]) return;
  const Look::Step& first = look.steps[0];
  if (first.granule != 12 || m_smmus[smmu].features.DS) return;
  for (const Look::Structure& s : look.structures) {
    if (s.stale) return;
  }
  const Page page = page_of(smmu, look.context.stream_id, look.context.substream_id, look.iova);
  Way& way = m_ways[{smmu, page.stream_id, page.substream, (look.iova >> 55 & 1) != 0}];
  way.at = m_now;
  way.structures.clear();
  for (const Look::Structure& s : look.structures) way.structures.push_back(s.address);
  way.look = look;
  way.look.steps.clear();
  way.look.structures.clear();
  way.stage = first.stage;
  way.level = first.level;
  way.input = first.input;
  way.address = first.address;
}

// Of a guest that goes through all of memory, the checker keeps no more than this.
void Checker::forget_what_is_too_much() {
  constexpr std::size_t most_pages = 1U << 17;
  constexpr std::size_t most_words = 1U << 20;
  if (m_looked.size() >= most_pages) m_looked.clear();
  if (m_ways.size() >= most_pages) m_ways.clear();
  if (m_descriptors.size() < most_words && m_structures.size() < most_words && m_retired.size() < most_words)
    return;
  m_looked.clear();
  m_descriptors.clear();
  m_structures.clear();
  m_retired.clear();
  m_pending.clear();
  m_global.clear();
}

bool Checker::changed_since(std::uint64_t address, Sequence since) const {
  if (const auto d = m_descriptors.find(address); d != m_descriptors.end()) {
    return d->second.last && d->second.last->at > since;
  }
  const auto s = m_structures.find(address);
  return s != m_structures.end() && s->second.last && s->second.last->at > since;
}

void Checker::remember(const Page& page, const Look& look) {
  forget_what_is_too_much();
  Looked& looked = m_looked[page];
  looked.at = m_now;
  looked.stale = look.stale;
  looked.words.clear();
  for (const Look::Structure& s : look.structures) looked.words.push_back(s.address);
  for (const Look::Step& s : look.steps) looked.words.push_back(s.address);
}

void Checker::accessed(unsigned smmu, const Look& look) {
  ++m_now;
  remember(page_of(smmu, look.context.stream_id, look.context.substream_id, look.iova), look);
  if (look.stale) {
    stale(smmu, look);
  } else {
    check_spaces(smmu, look);
  }
  for (const Look::Structure& s : look.structures) use(smmu, look, s);
  for (const Look::Step& s : look.steps) use(smmu, look, s);
  learn_way(smmu, look);
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
  if (static_cast<Opcode>(command.opcode) == Opcode::CMD_ATC_INV) {
    check_atcs(smmu, command, q.batches.empty() ? Issuer() : q.batches.front().issuer);
    s.atcs.invalidated(command);
  }
  if (auto invalidation = invalidation_of(command, s.features)) {
    if (invalidation->translations) check_kept(smmu, &*invalidation->translations, 0);
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

// ---- registers

void Checker::register_written(unsigned smmu, std::string_view name, std::uint64_t value,
                               const Writer& writer) {
  ++m_now;
  Smmu& s = m_smmus[smmu];
  const bool says_how = name.find("TLB") == std::string_view::npos &&
                        name.find("FSR") == std::string_view::npos &&
                        name.find("RESUME") == std::string_view::npos;
  if (name == "SMMU_CR0" || name == "SMMU_CR2" || (s.smmuv2 && says_how)) s.configured = m_now;
  if (s.smmuv2) {
    m_last_command = m_now;
    return s.smmuv2->written(m_surroundings, s.log, m_now, name, value, writer);
  }
  s.enable.written(m_surroundings, s.log, name, value, writer);
  if (name == "SMMU_CMDQ_PROD") issued(smmu, 0, static_cast<std::uint32_t>(value), writer);
}

void Checker::register_read(unsigned smmu, std::string_view name, std::uint64_t value) {
  Smmu& s = m_smmus[smmu];
  if (s.smmuv2) return s.smmuv2->read(m_surroundings, s.log, ++m_now, name, value);
  s.enable.read(m_surroundings, name, value);
  if (name == "SMMU_CMDQ_CONS") looked(smmu, 0);
}

Issuer Checker::issuer(unsigned smmu, unsigned queue) {
  const std::deque<Queue::Batch>& batches = m_smmus[smmu].queues[queue].batches;
  return batches.empty() ? Issuer() : batches.front().issuer;
}

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
  m_last_change = m_now;
  changed(s->second, static_cast<unsigned>((physical - s->first) / 8), change);
}

// ---- the end

void Checker::ended_translations(unsigned smmu, std::uint64_t time_ps) {
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
}

void Checker::ended(unsigned smmu, const std::map<std::string, std::uint64_t>& values,
                    std::uint64_t time_ps) {
  const Smmu& s = m_smmus[smmu];
  ended_translations(smmu, time_ps);
  if (const auto last = s.log.unsynchronised()) {
    tell_end(RuleId::sync_missing, s, "no TLBSYNC follows " + words_of(last->invalidation), time_ps,
             last->issuer);
  }
  s.smmuv2->ended(m_surroundings, values, time_ps);
}

void Checker::ended(unsigned smmu, const Registers& r, std::uint64_t time_ps) {
  const Smmu& s = m_smmus[smmu];
  check_kept(smmu, nullptr, time_ps);
  ended_translations(smmu, time_ps);
  for (auto& [address, structure] : m_structures) {
    if (structure.smmu != smmu || structure.settled || !structure.last ||
        structure.told >= structure.last->at)
      continue;
    const Answer answer = about(structure, structure.last->at);
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
  if (r.stalled != 0) {
    tell_end(RuleId::end_stalls, s,
             std::to_string(r.stalled) + " wait for CMD_RESUME or CMD_STALL_TERM, first StreamID " +
                 number(r.stalled_stream_id) + ", address " + number(r.stalled_address),
             time_ps);
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
