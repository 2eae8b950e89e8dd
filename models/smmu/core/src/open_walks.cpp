#include "smmuvp/smmu/open_walks.h"

#include <algorithm>

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

}  // namespace smmuvp::smmu
