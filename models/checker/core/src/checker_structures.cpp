#include "smmuvp/checker/checker.h"

#include <utility>

// STEs, CDs and what leads to them: what has used them, what becomes of them, and what has to follow.
#include "finding_words.h"
#include "smmuvp/smmuv3/ste_fields.h"
#include "structure_rules.h"

namespace smmuvp::checker {

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
  s.memory = from.memory;
  check_words(s, look);
  constexpr std::size_t most_users = 64;
  if (s.users.size() >= most_users) s.users.clear();
  if (from.stale) return;
  s.users[{look.context.stream_id, look.context.substream_id}] = m_now;
  s.last.reset();  // what is used is what memory has
  s.used = m_now;
  s.settled = false;
}

// The least that software has done for one of the streams that may have it cached. An L1STD is the same for
// all of its streams.
Answer Checker::about(const Structure& s, Sequence since) const {
  const CommandLog& log = m_smmus[s.smmu].log;
  Answer least = log.about(s.what, since);
  if (s.kind != Look::Kind::CD) return least;
  ConfigurationChange what = s.what;
  for (const auto& [who, used] : s.users) {
    std::tie(what.context.stream_id, what.context.substream_id) = who;
    if (what.context == s.what.context) continue;
    if (Answer answer = log.about(what, used); answer.kind < least.kind) least = std::move(answer);
  }
  return least;
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

// What is told of a structure as an access finds it.
void Checker::check_words(Structure& s, const Look& look) {
  if (s.early) {
    tell(RuleId::structure_valid, s,
         "it is used, and was made valid before what had been stored to it was invalidated by a CMD_CFGI_* "
         "and a CMD_SYNC that is complete",
         look.time_ps);
    s.early.reset();
  }
  if (s.memory == s.checked) return;
  s.checked = s.memory;
  if (!is_valid(s.kind, s.memory[0])) return;
  if (const ReservedBits r = reserved_bits(s.kind, s.memory, s.words); r.bits != 0) {
    tell(RuleId::structure_reserved, s,
         "bits " + number(r.bits) + " of word " + std::to_string(r.word) + ", " + number(s.memory[r.word]) +
             ", are RES0",
         look.time_ps);
  }
  // Config 0b100, bypass, and SHCFG 0b00
  if (s.kind == Look::Kind::STE && get(s.memory, smmuv3::STE_Config) == 4 &&
      get(s.memory, smmuv3::STE_SHCFG) == 0) {
    tell(RuleId::structure_shareability, s,
         "SHCFG is 0b00 and Config bypass: cacheable accesses lose their shareability, and do not see what "
         "caches of processors hold; 0b01 takes it as it comes",
         look.time_ps);
  }
}

// An ATC's invalidation comes behind that of the STE (3.9.1), and before software goes on to other things: a
// TLB invalidation for another context, or the end. One for the context itself comes before that of the ATC
// (4.5.1). @param by  null: the end
void Checker::check_kept(unsigned smmu, const Invalidation::Translations* by, std::uint64_t time_ps) {
  for (auto next = m_kept.begin(); next != m_kept.end();) {
    const auto at = m_structures.find(*next);
    if (at == m_structures.end() || !at->second.kept) {
      next = m_kept.erase(next);
      continue;
    }
    Structure& s = at->second;
    const Context& c = s.what.context;
    const bool own = by != nullptr && by->regime == c.regime && (!by->vmid || *by->vmid == c.vmid) &&
                     (!by->asid || *by->asid == c.asid);
    if (s.smmu != smmu || own) {
      ++next;
      continue;
    }
    next = m_kept.erase(next);
    const Change kept = *std::exchange(s.kept, std::nullopt);
    if (!m_smmus[smmu].atcs.holds(c.stream_id, 0, ~std::uint64_t{0}, kept.at)) continue;
    tell(RuleId::atc_missing, s,
         "it has become another, and the device may still keep translations of what it led to before: no "
         "CMD_ATC_INV names them",
         time_ps != 0 ? time_ps : kept.writer.time_ps);
  }
}

void Checker::changed(Structure& s, unsigned word, const Change& change) {
  const CommandLog& log = m_smmus[s.smmu].log;
  const bool was_valid = is_valid(s.kind, s.memory[0]);
  s.memory[word] = change.after;
  const bool valid = is_valid(s.kind, s.memory[0]);
  if (!s.settled) {
    // What was invalidated since it was used, or since it was changed, is in no cache.
    const Sequence since = s.last ? s.last->at : s.used;
    s.settled = about(s, since).kind == Answer::Kind::done;
    if (s.settled) s.last.reset();
  }
  // 3.21.3.1: a structure that is not valid may be read, too, and what it holds be kept.
  if (!was_valid && !valid) s.filled_at = change.at;
  if (!was_valid && valid && s.kind == Look::Kind::STE && s.filled_at != 0 &&
      about(s, s.filled_at).kind != Answer::Kind::done) {
    s.early = change;
  }
  if (valid) s.filled_at = 0;
  if (!valid) s.early.reset();
  if (s.settled) {
    s.live_at = 0;
    return;
  }
  s.last = change;
  // What leads to tables, or lets a device keep translations of them (3.9.1).
  const std::uint64_t leads = word == 0 ? ~std::uint64_t{0} : word == 1 ? std::uint64_t{3} << 28 : 0;
  if (s.kind == Look::Kind::STE && ((change.before ^ change.after) & leads) != 0 &&
      m_smmus[s.smmu].atcs.holds(s.what.context.stream_id, 0, ~std::uint64_t{0}, change.at)) {
    s.kept = change;
    m_kept.insert(s.address);
  }
  if (!was_valid || !valid) {
    s.live_at = 0;
    return;
  }
  // 3.21.3: what is read at once is 64 bits, and may be read between two stores.
  if (((change.before ^ change.after) & used_bits(s.kind, s.memory, word)) == 0) return;
  if (s.live_at != 0 && about(s, s.live_at).kind == Answer::Kind::done) s.live_at = 0;
  // Software that has gone on in between has forgotten to tell of the first change.
  if (s.live_at != 0 && log.any(s.live_at)) {
    const Answer answer = about(s, s.live_at);
    if (s.told < s.live_at) {
      tell(answer.kind == Answer::Kind::nothing ? RuleId::cfgi_missing
                                                : *problem_of(answer, RuleId::cfgi_missing),
           s,
           "word " + std::to_string(s.live_word) +
               " was changed while it is valid, and is used as it was "
               "before until that is invalidated" +
               command_words(answer),
           change.writer.time_ps, answer);
      s.told = change.at;
    }
  } else if (s.live_at != 0 && s.live_word != word) {
    tell(
        RuleId::structure_live, s,
        "words " + std::to_string(s.live_word) + " and " + std::to_string(word) +
            " are changed one after the other while it is valid, with no CMD_CFGI_* and CMD_SYNC in between: "
            "accesses may find one of both; make it "
            "invalid first",
        change.writer.time_ps);
  }
  s.live_word = word;
  s.live_at = change.at;
}

}  // namespace smmuvp::checker
