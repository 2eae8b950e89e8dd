#include "smmuvp/checker/checker.h"
// Descriptors of tables: what has used them, what becomes of them, and what has to follow.
#include "descriptor_words.h"
#include "finding_words.h"
#include "smmuvp/base/fields.h"

namespace smmuvp::checker {

namespace {

constexpr std::uint64_t page_bits = ~std::uint64_t{0xfff};

unsigned shift_of(unsigned granule, unsigned level) { return granule + (granule - 3) * (3 - level); }

}  // namespace

// What was before a change may still be cached, and is followed.
void Checker::use(Descriptor& d, std::uint64_t descriptor) const {
  if (!settle(d)) return;
  d.cached = descriptor;
  d.may_be_cached = is_valid(descriptor);
  d.used = m_now;
}

void Checker::use(unsigned smmu, const Look& look, const Look::Step& from) {
  const auto [at, is_new] = m_descriptors.try_emplace(from.address);
  Descriptor& d = at->second;
  if (is_new || d.smmu != smmu) d = {};
  settle(d);  // as that of the context that has used it until now
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
  d.root = look.roots[from.stage - 1];
  if (from.stage == 1 && !is_table(d.value, d.what.level) && is_valid(d.value))
    check_global(look, from.address, d);
  if (look.stale) return;
  use(d, from.descriptor);
  check_run(from.address, d);
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

std::uint64_t Checker::last_of(const Descriptor& d) {
  return d.what.input + (std::uint64_t{1} << d.what.shift) - 1;
}

TranslationChange Checker::change_of(const Descriptor& d) {
  TranslationChange what = d.what;
  what.table = is_table(d.cached, d.what.level);
  what.global = d.what.stage == 1 && !what.table && is_global(d.cached);
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
  m_pending.insert(address);
  d.used_since = false;
  if (m_smmus[d.smmu].atcs.holds(d.what.context.stream_id, d.what.input, last_of(d), change.at))
    d.kept = change;
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
  if (d.kept && d.told < change.at &&
      needs_break(d.kept->before, change.after, d.what.stage, d.what.level, 0) &&
      m_smmus[d.smmu].atcs.holds(d.what.context.stream_id, d.what.input, last_of(d), d.kept->at)) {
    tell(RuleId::atc_missing, d, address,
         "it becomes " + number(change.after) + ", and the device may still keep what it was before, " +
             number(d.kept->before) + ": no CMD_ATC_INV names it",
         change.writer.time_ps);
    d.told = change.at;
  }
  d.kept.reset();
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

// What entries of a TLB are told apart by has to be told apart by tables, too.
void Checker::check_spaces(unsigned smmu, const Look& look) {
  const Context& c = look.context;
  const bool asids = c.regime == Regime::EL1 || c.e2h;
  if (look.translates[0] && asids)
    check_space(look, {smmu, 1, c.regime, c.vmid, c.asid, (look.iova >> 55 & 1) != 0}, look.roots[0]);
  if (look.translates[1]) check_space(look, {smmu, 2, Regime::EL1, c.vmid, 0, false}, look.roots[1]);
}

void Checker::check_space(const Look& look, const Space& space, std::uint64_t root) {
  const auto [at, is_new] = m_spaces.try_emplace(space, root);
  if (is_new || at->second == root) return;
  at->second = root;
  // Of those that may be cached, the one of the lowest address is named.
  std::optional<std::uint64_t> first;
  for (auto& [address, d] : m_descriptors) {
    const Context& c = d.what.context;
    if (d.smmu != space.smmu || d.what.stage != space.stage || d.root == root || c.vmid != space.vmid)
      continue;
    if (space.stage == 1 &&
        (c.asid != space.asid || c.regime != space.regime || ((d.what.input >> 55 & 1) != 0) != space.upper))
      continue;
    if (settle(d) && !d.may_be_cached) continue;
    if (m_smmus[d.smmu].log.about(change_of(d), d.used).kind == Answer::Kind::done) continue;
    if (!first || address < *first) first = address;
  }
  if (!first) return;
  const Descriptor& d = m_descriptors[*first];
  tell(space.stage == 1 ? RuleId::asid_reused : RuleId::vmid_reused, d, *first,
       "StreamID " + number(look.context.stream_id) + " uses tables at " + number(root) + " by the same " +
           (space.stage == 1 ? "ASID" : "VMID") + ", and this one, of tables at " + number(d.root) +
           ", may still be cached",
       look.time_ps);
}

// 4.5.1: the TLB's invalidation comes first, or the device fills its ATC anew from the TLB.
void Checker::check_atcs(unsigned smmu, const smmuv3::Command& command, const Issuer& issuer) {
  const std::uint64_t span = command.ATC_Size >= 52 ? ~std::uint64_t{0} : low_bits(command.ATC_Size + 12U);
  const std::uint64_t first = command.Address & ~span;
  const std::uint64_t last = command.Address | span;
  const Smmu& s = m_smmus[smmu];
  for (auto at = m_pending.begin(); at != m_pending.end();) {
    const auto found = m_descriptors.find(*at);
    if (found == m_descriptors.end() || settle(found->second)) {
      at = m_pending.erase(at);
      continue;
    }
    Descriptor& d = found->second;
    const std::uint64_t address = *at++;
    if (d.smmu != smmu || d.what.context.stream_id != command.StreamID || d.what.input > last ||
        last_of(d) < first || d.told >= *d.taken_away ||
        !s.atcs.holds(command.StreamID, d.what.input, last_of(d), *d.taken_away))
      continue;
    d.told = *d.taken_away;
    Answer answer;
    answer.issuer = issuer;
    tell(RuleId::atc_order, d, address,
         words_of(command) +
             " comes before the TLB invalidation for it is complete: the device may ask again, "
             "and is answered by what it was before",
         d.remover.time_ps, answer);
  }
}

// A global translation counts for all ASIDs of its VMID (DDI 0487 D8.16.3).
void Checker::check_global(const Look& look, std::uint64_t address, const Descriptor& d) {
  constexpr std::size_t most = 1U << 17;
  if (m_global.size() >= most) m_global.clear();
  const std::tuple key(d.smmu, d.what.context.vmid, d.what.input);
  const auto known = m_global.find(key);
  if (known != m_global.end() && known->second != address) {
    const auto other = m_descriptors.find(known->second);
    if (other != m_descriptors.end() && other->second.may_be_cached &&
        other->second.what.input == d.what.input && other->second.what.context.asid != d.what.context.asid &&
        is_global(other->second.cached) && address_of(other->second.cached) != address_of(d.value) &&
        m_smmus[d.smmu].log.about(change_of(other->second), other->second.used).kind != Answer::Kind::done) {
      tell(RuleId::asid_global, other->second, known->second,
           "it is global (nG is 0), and counts for all ASIDs; with ASID " + number(d.what.context.asid) +
               " the same address has the descriptor " + number(d.value) + " at " + number(address),
           look.time_ps);
      m_global.erase(known);
    }
  }
  if (is_global(d.value)) m_global[key] = address;
}

// Entries of a Contiguous run are alike but for their addresses, which follow each other (DDI 0487 D8.7.1).
void Checker::check_run(std::uint64_t address, Descriptor& d) {
  if ((d.value & contiguous_bit) == 0 || is_table(d.value, d.what.level) || d.run_told == d.value) return;
  const unsigned shift = d.what.shift;
  const std::uint64_t count = run_length(d.what.granule, d.what.level);
  const std::uint64_t run = address & ~(count * 8 - 1);
  const std::uint64_t index = (address - run) / 8;
  const std::uint64_t first_output = output_of(d.value, shift) - (index << shift);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto word = m_surroundings.read(run + 8 * i);
    if (!word) return;
    const std::uint64_t expected = first_output + (i << shift);
    const bool alike = ((*word ^ d.value) & alike_in_run) == 0 && output_of(*word, shift) == expected;
    if (alike && (first_output & ((count << shift) - 1)) == 0) continue;
    d.run_told = d.value;
    return tell(RuleId::contiguous_run, d, address,
                "it is one of a Contiguous run of " + std::to_string(count) + " from " + number(run) +
                    ", and entry " + std::to_string(i) + " of that is " + number(*word) + ": expected " +
                    number((d.value & alike_in_run) | expected) + ", aligned to the run",
                d.last ? d.last->writer.time_ps : 0);
  }
}

}  // namespace smmuvp::checker
