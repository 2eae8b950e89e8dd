#include "smmuvp/smmu/open_walks.h"

#include <algorithm>

#include "smmuvp/pgtable/walk_visit.h"

namespace smmuvp::smmu {

namespace {

bool same(const WalkName& a, const WalkName& b) {
  return a.page == b.page && a.generation == b.generation && a.tag.asid_set == b.tag.asid_set &&
         EntryKey::local_word(a.tag) == EntryKey::local_word(b.tag);
}

}  // namespace

std::vector<OpenWalks::Walk>::iterator OpenWalks::find(Number walk) {
  return std::find_if(m_walks.begin(), m_walks.end(), [&](const Walk& w) { return w.number == walk; });
}

OpenWalks::Number OpenWalks::begin(const WalkName& name, const pgtable::WalkSetup& setup) {
  m_walks.push_back({++m_last, name, setup});
  return m_last;
}

void OpenWalks::end(Number walk, TimePs at) {
  const auto w = find(walk);
  if (w == m_walks.end()) return;
  if (w->waiting == 0) {
    m_walks.erase(w);
    return;
  }
  w->open = false;
  w->end = at;
  m_awaited_end = true;
}

OpenWalks::Number OpenWalks::join(const WalkName& name, const pgtable::WalkSetup& setup) {
  const auto w = std::find_if(m_walks.begin(), m_walks.end(), [&](const Walk& other) {
    return other.open && same(other.name, name) && other.setup == setup;
  });
  if (w == m_walks.end()) return none;
  ++w->waiting;
  return w->number;
}

bool OpenWalks::is_open(Number walk) const {
  return std::any_of(m_walks.begin(), m_walks.end(),
                     [&](const Walk& w) { return w.number == walk && w.open; });
}

TimePs OpenWalks::leave(Number walk) {
  const auto w = find(walk);
  if (w == m_walks.end()) return 0;
  const TimePs end = w->end;
  if (--w->waiting == 0 && !w->open) m_walks.erase(w);
  return end;
}

void OpenWalks::visit(Archive& archive) {
  archive.value("last_walk", m_last);
  if (archive.loading()) clear();
}

void OpenWalks::Saved::visit(Archive& archive) {
  archive.value("own_walk", own);
  if (own != none) setup.visit(archive);
  archive.value("awaited_walk", awaited);
  archive.value("ended", ended);
  archive.time("end", end);
}

OpenWalks::Saved OpenWalks::saved(Number awaited, Number own) const {
  Saved s;
  s.awaited = awaited;
  s.ended = awaited != none && !is_open(awaited);
  for (const Walk& w : m_walks) {
    if (w.number == own && w.open) {  // else a reset has taken it away
      s.own = own;
      s.setup = w.setup;
    }
    if (w.number == awaited && s.ended) s.end = w.end;
  }
  return s;
}

OpenWalks::Walk& OpenWalks::find_or_make(Number walk) {
  const auto w = find(walk);
  if (w != m_walks.end()) return *w;
  Walk& made = m_walks.emplace_back();
  made.number = walk;
  made.open = false;
  return made;
}

bool OpenWalks::restore(const Saved& saved, const WalkName& name) {
  if (saved.own > m_last || saved.awaited > m_last || is_open(saved.own)) return false;
  if (saved.own != none) {
    Walk& w = find_or_make(saved.own);
    w.name = name;
    w.setup = saved.setup;
    w.open = true;
  }
  if (saved.awaited != none) {
    Walk& w = find_or_make(saved.awaited);
    ++w.waiting;
    if (saved.ended && !w.open) w.end = saved.end;
  }
  return true;
}

}  // namespace smmuvp::smmu
