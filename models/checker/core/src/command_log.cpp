#include "smmuvp/checker/command_log.h"

#include <algorithm>

#include "smmuvp/base/fields.h"

namespace smmuvp::checker {

using smmuv3::Command;
using smmuv3::Opcode;

namespace {

/// What a command does for a change: reach it, or miss it by what `rule` says, or be about something else.
struct Reach {
  enum class Kind : std::uint8_t { elsewhere, misses, reaches } kind = Kind::elsewhere;
  RuleId rule{};

  static Reach misses(RuleId rule) { return {Kind::misses, rule}; }
  static Reach reaches() { return {Kind::reaches, {}}; }
};

/// What a TLB invalidation names (4.4).
struct Named {
  Regime regime = Regime::EL1;
  unsigned stages = 1;  // a bit each
  bool by_vmid = false;
  bool by_asid = false;
  bool by_address = false;
};

std::optional<Named> named_by(Opcode opcode) {
  switch (opcode) {
    case Opcode::CMD_TLBI_NH_ALL:
      return Named{Regime::EL1, 1, true, false, false};
    case Opcode::CMD_TLBI_NH_ASID:
      return Named{Regime::EL1, 1, true, true, false};
    case Opcode::CMD_TLBI_NH_VA:
      return Named{Regime::EL1, 1, true, true, true};
    case Opcode::CMD_TLBI_NH_VAA:
      return Named{Regime::EL1, 1, true, false, true};
    case Opcode::CMD_TLBI_EL2_ALL:
      return Named{Regime::EL2, 1, false, false, false};
    case Opcode::CMD_TLBI_EL2_ASID:
      return Named{Regime::EL2, 1, false, true, false};
    case Opcode::CMD_TLBI_EL2_VA:
      return Named{Regime::EL2, 1, false, true, true};
    case Opcode::CMD_TLBI_EL2_VAA:
      return Named{Regime::EL2, 1, false, false, true};
    case Opcode::CMD_TLBI_S12_VMALL:
      return Named{Regime::EL1, 3, true, false, false};
    case Opcode::CMD_TLBI_S2_IPA:
      return Named{Regime::EL1, 2, true, false, true};
    case Opcode::CMD_TLBI_NSNH_ALL:
      return Named{Regime::EL1, 3, false, false, false};
    default:
      return std::nullopt;
  }
}

enum class Place : std::uint8_t { elsewhere, beside, inside };

// Whether the addresses of a command are those of a change, or some of the same table of the last level.
Place place_of(const Command& command, const TranslationChange& change, const smmuv3::Features& features) {
  // As entries are named: with TBI by a copy of bit 55 (4.4.2), IPAs by 52 bits.
  const auto name = [&change](std::uint64_t address) {
    if (change.stage == 2) return address & low_bits(52);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 8) >> 8);
  };
  const std::uint64_t input = name(change.input);
  const std::uint64_t last = input + low_bits(change.shift);
  const std::uint64_t first_named = name(command.Address);
  std::uint64_t last_named = first_named;
  if (const auto range = smmuv3::range_of(command, features)) {
    last_named = first_named + std::min(range->bytes - 1, ~first_named);
  }
  // Of a block or page any address will do, and so it does of a table.
  if (first_named <= last && last_named >= input) return Place::inside;
  const unsigned near = change.granule + (change.granule - 3);
  return input >> near == first_named >> near ? Place::beside : Place::elsewhere;
}

Reach reach_of(const Command& command, const TranslationChange& change, const smmuv3::Features& features) {
  const auto opcode = static_cast<Opcode>(command.opcode);
  const auto named = named_by(opcode);
  if (!named) return {};
  const Place place = named->by_address ? place_of(command, change, features) : Place::inside;
  if (place == Place::elsewhere) return {};
  const Context& c = change.context;
  const bool vmid = !named->by_vmid || !features.S2P || command.VMID == c.vmid;
  const bool has_asid = c.regime == Regime::EL1 || c.e2h;
  bool asid = !named->by_asid || !has_asid || command.ASID == c.asid;
  // Global entries: by address whatever the ASID, by ASID never (4.4.2).
  if (change.global && named->by_asid) asid = named->by_address;
  const bool stage = named->regime == c.regime && (named->stages >> (change.stage - 1) & 1) != 0;
  if (!named->by_address) {  // says nothing of the place: it may be meant for somebody else
    if (stage && vmid && asid) return Reach::reaches();
    return {};
  }
  if (place == Place::beside) {
    return stage && vmid && asid ? Reach::misses(RuleId::tlbi_range) : Reach();
  }
  if (!stage) return Reach::misses(RuleId::tlbi_stage);
  if (!vmid) return Reach::misses(RuleId::tlbi_vmid);
  if (!asid) return Reach::misses(RuleId::tlbi_asid);
  if (change.table && command.Leaf) return Reach::misses(RuleId::tlbi_leaf);
  const auto range = smmuv3::range_of(command, features);
  if (range && range->granule != change.granule) return Reach::misses(RuleId::tlbi_level);
  if (range && range->level != 0 &&
      (change.table ? change.level > range->level : change.level != range->level)) {
    return Reach::misses(RuleId::tlbi_level);
  }
  return Reach::reaches();
}

// 4.3
Reach reach_of(const Command& command, const ConfigurationChange& change) {
  const Context& c = change.context;
  const bool same = command.StreamID == c.stream_id;
  switch (static_cast<Opcode>(command.opcode)) {
    case Opcode::CMD_CFGI_STE:
      if (!same) return Reach::misses(RuleId::cfgi_stream);
      if (change.of_table && !change.of_cd && command.Leaf) return Reach::misses(RuleId::cfgi_leaf);
      return Reach::reaches();
    case Opcode::CMD_CFGI_STE_RANGE: {  // Range 31: all
      const std::uint64_t mask = command.Range >= 31 ? 0 : ~((std::uint64_t{2} << command.Range) - 1);
      if (((command.StreamID ^ c.stream_id) & mask) != 0) return Reach::misses(RuleId::cfgi_stream);
      return Reach::reaches();
    }
    case Opcode::CMD_CFGI_CD:
      if (!change.of_cd) return {};
      if (!same || command.SubstreamID != c.substream_id.value_or(0))
        return Reach::misses(RuleId::cfgi_stream);
      if (change.of_table && command.Leaf) return Reach::misses(RuleId::cfgi_leaf);
      return Reach::reaches();
    case Opcode::CMD_CFGI_CD_ALL:
      if (!change.of_cd) return {};
      return same ? Reach::reaches() : Reach::misses(RuleId::cfgi_stream);
    default:
      return {};
  }
}

bool invalidates(const Command& command) {
  const unsigned opcode = command.opcode;
  return (opcode >= 0x03 && opcode <= 0x30) || opcode == 0x40 || (opcode >= 0x50 && opcode <= 0x60);
}

}  // namespace

void CommandLog::executed(const Command& command, unsigned queue, Sequence now) {
  if (static_cast<Opcode>(command.opcode) == Opcode::CMD_SYNC) {
    for (auto e = m_entries.rbegin(); e != m_entries.rend(); ++e) {
      if (e->queue != queue) continue;
      if (e->sync_at != 0) break;
      e->sync_at = now;
    }
    return;
  }
  if (!invalidates(command)) return;
  m_entries.push_back({command, queue, now, 0, 0});
  if (m_entries.size() <= most) return;
  m_forgotten = m_entries.front().at;
  m_entries.pop_front();
}

void CommandLog::synchronised(unsigned queue, Sequence now) {
  for (auto e = m_entries.rbegin(); e != m_entries.rend(); ++e) {
    if (e->queue == queue && e->sync_at != 0) {
      if (e->synced_at != 0) break;
      e->synced_at = now;
    }
  }
}

// The best of what there is: what reaches it and is complete, what reaches it, what misses it by little.
template <class Match>
Answer CommandLog::judge(Sequence since, Match match) const {
  Answer best;
  for (auto e = m_entries.rbegin(); e != m_entries.rend() && e->at > since; ++e) {
    const Reach reach = match(e->command);
    if (reach.kind == Reach::Kind::elsewhere) continue;
    // One that may be meant for somebody else, or is one of several, counts when software goes on by it.
    if (reach.kind == Reach::Kind::misses && e->synced_at == 0) continue;
    Answer::Kind kind = Answer::Kind::near;
    if (reach.kind == Reach::Kind::reaches) {
      kind = e->synced_at != 0 ? Answer::Kind::done
             : e->sync_at != 0 ? Answer::Kind::syncing
                               : Answer::Kind::unsynced;
    }
    if (kind > best.kind) best = {kind, reach.rule, e->command};
    if (kind == Answer::Kind::done) return best;
  }
  // What nobody knows any more may have been right.
  if (since < m_forgotten) best.kind = Answer::Kind::done;
  return best;
}

Answer CommandLog::about(const TranslationChange& change, Sequence since) const {
  return judge(since, [&](const Command& c) { return reach_of(c, change, m_features); });
}

Answer CommandLog::about(const ConfigurationChange& change, Sequence since) const {
  return judge(since, [&](const Command& c) { return reach_of(c, change); });
}

bool CommandLog::any_configuration(Sequence since) const {
  for (auto e = m_entries.rbegin(); e != m_entries.rend() && e->at > since; ++e) {
    if (e->synced_at != 0 && e->command.opcode <= 0x07) return true;
  }
  return false;
}

std::optional<Command> CommandLog::unsynchronised() const {
  for (const Entry& e : m_entries) {
    if (e.sync_at == 0) return e.command;
  }
  return std::nullopt;
}

}  // namespace smmuvp::checker
