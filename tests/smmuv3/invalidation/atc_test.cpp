// An Address Translation Cache is one more cache: whatever software changes and invalidates, at any step of
// any request or access, no device uses an entry that a completed invalidation took away (IHI 0070 3.9.1,
// 4.5.1, 4.7.3).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "../ats_world.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint32_t sid = 1;
constexpr std::uint64_t first_va = 0x40'0000;
constexpr std::uint64_t first_pa = 0x8000'0000;
constexpr unsigned pages = 4;
constexpr unsigned pasids = 3;  // 0: none

struct Place {
  unsigned pasid = 0;
  unsigned page = 0;
  std::uint64_t va() const { return first_va + 0x1000ULL * page; }
};

/// Keeps what it was given until it is told otherwise. An answer that was on its way while an invalidation
/// named it is not kept (PCIe 10.3.7).
class Atc {
 public:
  struct Entry {
    Place place;
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint64_t translated = 0;
  };
  static bool names(const AtcMessage& m, const Place& place, std::uint64_t address, std::uint64_t bytes) {
    if (m.SSV && !m.Global && m.SubstreamID != place.pasid) return false;
    if (m.SSV && place.pasid == 0) return false;
    if (m.size_shift >= 64) return true;
    const std::uint64_t last = m.Address + ((std::uint64_t{1} << m.size_shift) - 1);
    return address <= last && m.Address <= address + (bytes - 1);
  }
  void invalidate(const AtcMessage& m) {
    m_entries.erase(std::remove_if(m_entries.begin(), m_entries.end(),
                                   [&](const Entry& e) { return names(m, e.place, e.address, e.bytes); }),
                    m_entries.end());
  }
  void keep(const Place& place, const AtsAnswer& a) {
    const std::uint64_t bytes = std::uint64_t{1} << a.size_shift;
    m_entries.push_back({place, place.va() & ~(bytes - 1), bytes, a.translated_address});
  }
  std::optional<std::uint64_t> find(const Place& place) const {
    for (auto e = m_entries.rbegin(); e != m_entries.rend(); ++e) {
      if (e->place.pasid != place.pasid || place.va() - e->address >= e->bytes) continue;
      return e->translated + (place.va() - e->address);
    }
    return std::nullopt;
  }
  std::size_t size() const { return m_entries.size(); }

 private:
  std::vector<Entry> m_entries;
};

class Run {
 public:
  Run(std::uint64_t seed, bool split) : m_random(seed), m_split(split) {
    if (split) {
      m_ipas = &w.guest();
      EXPECT_TRUE(m_ipas->map(first_pa, first_pa + offset, 0x100'0000));
    }
    // CD 0 is that of requests without a PASID (S1DSS 0b10).
    for (unsigned p = 0; p < pasids; ++p) {
      pgtable::Builder& b = split ? w.nested_space(Stage2World::stage1_config()) : w.space();
      m_spaces.push_back(&b);
      w.put(World::cds + 64 * p, cd_for(b.config(), static_cast<std::uint16_t>(p + 1)));
      for (unsigned page = 0; page < pages; ++page) map({p, page});
    }
    Structure s =
        split ? ste_nested(Stage2World::ipa_of(World::cds), m_ipas->config().stage2) : ste_stage1(World::cds);
    s.set(59, 5, 2).set(64, 2, 2);
    w.put_ste(sid, with_ats(s, split ? split_stage : full_ats));
  }

  void run(unsigned steps) {
    for (unsigned i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
  }
  unsigned used = 0;       // accesses by entries
  unsigned waited = 0;     // times that an access kept a CMD_SYNC waiting whose messages had ended
  unsigned discarded = 0;  // answers that an invalidation met on their way

 private:
  static constexpr std::uint64_t offset = 0x10'0000'0000;
  struct Asking {
    Place place;
    std::unique_ptr<Access> object;
    bool named = false;  // by an invalidation, since it began
  };
  struct Using {
    std::uint64_t address = 0;
    std::unique_ptr<Access> object;
  };
  /// What software does to take a mapping away, one after the other; each is followed by a CMD_SYNC.
  struct Change {
    Place place;
    std::uint64_t old = 0;
    bool atc = false;  // the TLB has been invalidated
  };

  void map(const Place& place) {
    const std::uint64_t pa = m_next;
    m_next += 0x1000;
    EXPECT_TRUE(m_spaces[place.pasid]->map(place.va(), pa, 0x1000));
    m_now[place.pasid][place.page] = pa;
  }

  void step() {
    switch (m_random.below(8)) {
      case 0:
        return change();
      case 1:
        return software();
      case 2:
        return queue();
      case 3:
        return device();
      case 4:
        return begin_request();
      case 5:
        return begin_use();
      case 6:
        return go_on_asking();
      default:
        return go_on_using();
    }
  }

  // Software remaps a page. It may be used until its invalidations are complete.
  void change() {
    if (m_change) return;
    const Place place{static_cast<unsigned>(m_random.below(pasids)),
                      static_cast<unsigned>(m_random.below(pages))};
    m_change = Change{place, m_now[place.pasid][place.page]};
    EXPECT_TRUE(m_spaces[place.pasid]->unmap(place.va(), 0x1000));
    map(place);
    const std::uint64_t ASID = place.pasid + 1;
    w.push(0x12 | std::uint64_t{m_split ? 7U : 0U} << 32 | ASID << 48, place.va() | 1);
    w.push(0x46);
  }
  void software() {
    if (!m_change || !w.commands_done()) return;
    const Place& place = m_change->place;
    if (m_change->atc) {  // complete
      m_retired.insert(m_change->old);
      m_change.reset();
      for (const Using& u : m_using) {
        EXPECT_EQ(m_retired.count(u.address), 0U) << "an access by a retired entry is still under way";
      }
      return;
    }
    m_change->atc = true;
    std::uint64_t low = 0x40 | std::uint64_t{sid} << 32;
    if (place.pasid != 0) {
      low |= 1U << 11 | std::uint64_t{place.pasid} << 12;
      if (m_random.below(4) == 0) low |= 1U << 9;
    }
    static constexpr std::uint64_t sizes[] = {0, 0, 1, 4, 20, 52};
    w.push(low, place.va() | sizes[m_random.below(std::size(sizes))]);
    w.push(0x46);
  }
  void queue() {
    w.work_on(w.commands());
    while (w.work_on(w.events())) {
    }
    if (m_change && m_change->atc && !w.commands_done() && m_messages_ended) ++waited;
  }
  void device() {
    AtcMessages& m = w.smmu.interface().atc_messages();
    if (m_carried) {
      // It drops entries when it likes, and has drained before it tells so.
      m_atc.invalidate(m_carried->message);
      for (Asking& a : m_asking) {
        a.named = a.named || Atc::names(m_carried->message, a.place, a.place.va(), 0x1000);
      }
      m.ended(m_carried->number, AtcMessageEnd::completed, w.now);
      m_carried.reset();
      m_messages_ended = true;
    } else if (m.departure()) {
      m_messages_ended = false;
      m_carried = m.take(w.now);
    }
  }
  void begin_request() {
    if (m_asking.size() >= 3) return;
    const Place place{static_cast<unsigned>(m_random.below(pasids)),
                      static_cast<unsigned>(m_random.below(pages))};
    auto q = AtsWorld::translation_request(sid, place.va(), m_random.below(2) == 0);
    q.substream_valid = place.pasid != 0;
    q.substream_id = place.pasid;
    m_asking.push_back({place, std::make_unique<Access>(w.smmu, q), false});
  }
  void go_on_asking() {
    if (m_asking.empty()) return;
    const std::size_t i = m_random.below(m_asking.size());
    Asking& a = m_asking[i];
    const smmu::Step step = a.object->step();
    if (step == smmu::Step::need) return a.object->complete(w.memory.carry_out(a.object->op()));
    if (step != smmu::Step::done) return;
    const AtsAnswer answer = a.object->answer().ats;
    EXPECT_EQ(answer.status, AtsStatus::success);
    if (answer.any() && !a.named) m_atc.keep(a.place, answer);
    discarded += a.named ? 1 : 0;
    m_asking.erase(m_asking.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void begin_use() {
    if (m_using.size() >= 3) return;
    const Place place{static_cast<unsigned>(m_random.below(pasids)),
                      static_cast<unsigned>(m_random.below(pages))};
    const auto address = m_atc.find(place);
    if (!address) return;
    ++used;
    EXPECT_EQ(m_retired.count(*address), 0U)
        << "page " << place.page << " of PASID " << place.pasid << " is used after its invalidation";
    m_using.push_back({*address, std::make_unique<Access>(w.smmu, AtsWorld::translated(sid, *address))});
  }
  void go_on_using() {
    if (m_using.empty()) return;
    const std::size_t i = m_random.below(m_using.size());
    Using& u = m_using[i];
    const smmu::Step step = u.object->step();
    if (step == smmu::Step::need) return u.object->complete(w.memory.carry_out(u.object->op()));
    if (step != smmu::Step::done || m_random.below(3) != 0) return;  // it is downstream for a while
    EXPECT_EQ(u.object->answer().outcome, smmu::Outcome::forward);
    EXPECT_EQ(u.object->answer().output, u.address + (m_split ? offset : 0));
    m_using.erase(m_using.begin() + static_cast<std::ptrdiff_t>(i));
  }

  AtsWorld w;
  test::Random m_random;
  bool m_split;
  pgtable::Builder* m_ipas = nullptr;
  std::vector<pgtable::Builder*> m_spaces;
  std::uint64_t m_next = first_pa;
  std::array<std::array<std::uint64_t, pages>, pasids> m_now{};
  std::set<std::uint64_t> m_retired;
  std::optional<Change> m_change;
  std::optional<AtcMessages::Taken> m_carried;
  bool m_messages_ended = false;
  Atc m_atc;
  std::vector<Asking> m_asking;
  std::vector<Using> m_using;
};

void run_many(bool split) {
  unsigned used = 0;
  unsigned waited = 0;
  unsigned discarded = 0;
  for (std::uint64_t seed = 1; seed <= 60 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Run run(seed, split);
    run.run(4000);
    used += run.used;
    waited += run.waited;
    discarded += run.discarded;
  }
  EXPECT_GT(used, 1000U);
  EXPECT_GT(waited, 50U) << "else the accesses of devices keep no CMD_SYNC waiting";
  EXPECT_GT(discarded, 20U);
}

TEST(AtcRandom, NoEntryIsUsedAfterACompletedInvalidation) { run_many(false); }

TEST(AtcRandom, NoEntryOfSplitStagesIsUsedAfterACompletedInvalidation) { run_many(true); }

}  // namespace
}  // namespace smmuvp::smmuv3
