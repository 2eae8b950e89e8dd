#include "smmuvp/checker/command_log.h"

#include <utility>

namespace smmuvp::checker {

void CommandLog::asked(Invalidation invalidation, unsigned queue, Sequence now, Issuer issuer) {
  m_entries.push_back({std::move(invalidation), queue, now, std::move(issuer), 0, false, 0});
  if (m_entries.size() <= most) return;
  m_forgotten = m_entries.front().at;
  m_entries.pop_front();
}

void CommandLog::sync(unsigned queue, Sequence now) {
  for (auto e = m_entries.rbegin(); e != m_entries.rend(); ++e) {
    if (e->queue != queue) continue;
    if (e->sync_at != 0) break;
    e->sync_at = now;
  }
}

void CommandLog::synchronised(unsigned queue, Sequence now, bool known) {
  for (auto e = m_entries.rbegin(); e != m_entries.rend(); ++e) {
    if (e->queue != queue || e->sync_at == 0) continue;
    if (e->complete) break;
    e->complete = true;
  }
  if (known) looked(queue, now);
}

void CommandLog::looked(unsigned queue, Sequence now) {
  for (auto e = m_entries.rbegin(); e != m_entries.rend(); ++e) {
    if (e->queue != queue || !e->complete) continue;
    if (e->synced_at != 0) break;
    known(*e, now);
  }
}

void CommandLog::known(Entry& entry, Sequence now) {
  entry.synced_at = now;
  const Invalidation& i = entry.invalidation;
  if (i.configuration && i.configuration->mask == 0) m_all_configuration = now;
  if (!i.translations || i.translations->by_address || i.translations->regime != Regime::EL1) return;
  if (i.translations->stages == 3 && !i.translations->vmid) m_all_translations = now;
}

void CommandLog::sync_all(Sequence now) {
  for (Entry& e : m_entries) {
    if (e.sync_at == 0) e.sync_at = now;
  }
}

void CommandLog::synchronised_all(Sequence now) {
  for (Entry& e : m_entries) {
    if (e.sync_at == 0 || e.synced_at != 0) continue;
    e.complete = true;
    known(e, now);
  }
}

// The best of what there is: what reaches it and is complete, what reaches it, what misses it by little.
template <class Change>
Answer CommandLog::judge(Sequence since, const Change& change) const {
  Answer best;
  if (since < m_reset) {
    best.kind = Answer::Kind::done;
    return best;
  }
  for (auto e = m_entries.rbegin(); e != m_entries.rend() && e->at > since; ++e) {
    const Reach reach = reach_of(e->invalidation, change);
    if (reach.kind == Reach::Kind::elsewhere) continue;
    // One that may be meant for somebody else, or is one of several, counts when software goes on by it.
    if (reach.kind == Reach::Kind::misses && e->synced_at == 0) continue;
    Answer::Kind kind = Answer::Kind::near;
    if (reach.kind == Reach::Kind::reaches) {
      kind = e->synced_at != 0 ? Answer::Kind::done
             : e->sync_at != 0 ? Answer::Kind::syncing
                               : Answer::Kind::unsynced;
    }
    if (kind > best.kind) {
      best.kind = kind;
      best.rule = reach.rule;
      if (kind == Answer::Kind::done) return best;
      best.invalidation = e->invalidation;
      best.issuer = e->issuer;
    }
  }
  // What nobody knows any more may have been right.
  if (since < m_forgotten) best.kind = Answer::Kind::done;
  return best;
}

Answer CommandLog::about(const TranslationChange& change, Sequence since) const {
  return judge(since, change);
}

Answer CommandLog::about(const ConfigurationChange& change, Sequence since) const {
  return judge(since, change);
}

bool CommandLog::any_configuration(Sequence since) const {
  for (auto e = m_entries.rbegin(); e != m_entries.rend() && e->at > since; ++e) {
    const Invalidation& i = e->invalidation;
    const bool of_vms = i.command.opcode == static_cast<std::uint8_t>(smmuv3::Opcode::CMD_CFGI_VMS_PIDM);
    if (e->synced_at != 0 && (i.configuration || of_vms)) return true;
  }
  return false;
}

bool CommandLog::any(Sequence since) const {
  for (auto e = m_entries.rbegin(); e != m_entries.rend() && e->at > since; ++e) {
    if (e->synced_at != 0) return true;
  }
  return false;
}

std::optional<CommandLog::Unsynchronised> CommandLog::unsynchronised() const {
  for (const Entry& e : m_entries) {
    if (e.sync_at == 0) return Unsynchronised{e.invalidation, e.issuer};
  }
  return std::nullopt;
}

}  // namespace smmuvp::checker
