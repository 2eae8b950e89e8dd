// No access uses a translation whose invalidation has completed, in whatever order things happen.
#include <set>

#include "ats_fixture.h"

namespace smmuvp {
namespace {

using namespace test;

constexpr unsigned pasids = 2;     // 5 and 6, and none
constexpr unsigned va_pages = 16;  // in regions of 1 and of 4 pages
constexpr std::uint64_t first_va = 0x100000;
constexpr std::uint64_t first_pa = Upstream::base + 0x100000;

/// Gives each mapping memory that no other one ever had, and remembers what is gone.
class Reference {
 public:
  explicit Reference(test::Random& random) : m_random(random) {}

  void change(AtsHost& host) {
    const int pasid =
        m_random.below(3) == 0 ? Upstream::no_pasid : 5 + static_cast<int>(m_random.below(pasids));
    const std::uint64_t block = first_va + m_random.below(va_pages / 4) * 0x4000;
    std::vector<Gone> gone;
    for (std::uint64_t page = block; page < block + 0x4000; page += 0x1000) {
      const Mapping* m = host.up.find(pasid, page);
      if (m == nullptr) continue;
      gone.push_back({m->output & ~0xfffULL, m->shift});
      host.up.unmap(pasid, page >> m->shift << m->shift);
    }
    if (m_random.below(4) != 0) {
      const unsigned shift = m_random.below(2) != 0 ? 14 : 12;
      for (std::uint64_t page = block; page < block + 0x4000; page += 1ULL << shift) {
        Mapping m{fresh(), shift};
        m.write = m_random.below(8) != 0;
        m.untranslated_only = m_random.below(8) == 0;
        host.up.map(pasid, page, m);
      }
    }
    const bool global = m_random.below(4) == 0;
    // As a driver would, of the block, of a part that is in each region, or of everything.
    const bool whole = m_random.below(4) == 0;
    const auto begun = host.invalidate(pasid, whole ? 0 : block, whole ? ~0ULL : block + 0x3fff, global);
    EXPECT_FALSE(begun.lost);
    m_waiting.push_back({begun.use, gone});
    settle(host);
  }
  /// Invalidations that have completed make what they named unusable.
  void settle(AtsHost& host) {
    for (std::size_t i = 0; i < m_waiting.size();) {
      if (!host.endpoint().invalidated(m_waiting[i].use)) {
        ++i;
        ++waited;
        continue;
      }
      for (const Gone& g : m_waiting[i].gone) {
        for (std::uint64_t page = g.output; page < g.output + (1ULL << g.shift); page += 0x1000)
          m_dead.insert(page);
      }
      m_waiting.erase(m_waiting.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  bool dead(std::uint64_t physical) const { return m_dead.count(physical & ~0xfffULL) != 0; }
  bool exhausted() const { return m_next + 0x10000 > Upstream::base + Upstream::bytes; }
  std::size_t pending() const { return m_waiting.size(); }
  unsigned waited = 0;

 private:
  struct Gone {
    std::uint64_t output;
    unsigned shift;
  };
  struct Waiting {
    std::uint64_t use;
    std::vector<Gone> gone;
  };
  std::uint64_t fresh() {
    const std::uint64_t at = m_next;
    m_next += 0x4000;
    return at;
  }
  test::Random& m_random;
  std::uint64_t m_next = first_pa;
  std::vector<Waiting> m_waiting;
  std::set<std::uint64_t> m_dead;
};

TEST(AtsRandom, NoAccessUsesATranslationWhoseInvalidationHasCompleted) {
  unsigned translated = 0, overtaken = 0, waited = 0, jobs = 0;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    test::Random random(seed);
    AtsHost host(AtsHost::plain, {static_cast<unsigned>(1 + random.below(12)), 32, 32, true});
    host.enable();
    host.start();
    Reference reference(random);
    DmaOperation o;
    DmaBuffer data{};
    enum class At { Idle, Issued, Performed } at = At::Idle;
    DmaResponse response = DmaResponse::Ok;
    unsigned ready = 0;
    bool disabled = false;  // PASID Enable is 0
    for (unsigned step = 0; step < 3000 && !reference.exhausted(); ++step) {
      switch (random.below(10)) {
        case 0:
          reference.change(host);
          if (at == At::Performed && o.ats == DmaAts::TranslationRequest) ++overtaken;
          break;
        case 1:
          if (ready - host.get_register(CONS) < 7) {
            AtsHost::Job job;
            const unsigned who = static_cast<unsigned>(random.below(3));
            job.flags = (random.below(2) != 0 ? OP_WRITE : OP_COPY) | (who != 0 ? SSV : 0U) |
                        (random.below(3) == 0 ? PAGES : 0U) | (who != 0 && random.below(4) == 0 ? PRIV : 0U);
            job.pasid = 4 + who;
            job.src = first_va + random.below(va_pages * 0x1000);
            job.dst = first_va + random.below(va_pages * 0x1000);
            job.length = 1 + random.below(0x3000);
            host.submit(job);
            ++ready;
            ++jobs;
          }
          break;
        case 2:
          if (random.below(30) == 0) {
            host.put_register(ATS_CTRL, static_cast<std::uint32_t>(random.below(4) << 8 | random.below(4)));
          } else if (random.below(60) == 0) {
            // What a job waits for, or uses, goes.
            const auto pasid = host.capability(ID_PASID) + PASID_CONTROL;
            const auto pri = host.capability(ID_PRI) + PRI_CONTROL;
            if (random.below(2) != 0) {
              host.put_config(pasid, 0);
              disabled = true;
            } else {
              host.put_config(pri, random.below(2) != 0 ? 0 : PRI_RESET);
              host.put_config(pri, PRI_ENABLE);
            }
          } else if (disabled && random.below(8) == 0) {
            host.put_config(host.capability(ID_PASID) + PASID_CONTROL, 7);
            disabled = false;
          } else if (random.below(60) == 0) {
            host.put_config(host.capability(ID_ATS) + ATS_CONTROL, 0);
            host.put_config(host.capability(ID_ATS) + ATS_CONTROL, ATS_ENABLE);
          } else if (host.get_register(PAGES_OUTSTANDING) != 0) {
            const DmaOperation* last = nullptr;
            for (const DmaOperation& s : host.up.seen) {
              if (s.ats == DmaAts::PageRequest && s.ats_fields.last) last = &s;
            }
            if (last != nullptr)
              host.endpoint().page_response(last->ats_fields.PRGI, last->substream_valid, last->substream_id,
                                            random.below(4) == 0 ? 1 : 0);
          }
          break;
        case 3:
          if (random.below(8) == 0) {
            // A saved state is the same state.
            const auto saved = test::save(host.pci);
            ASSERT_EQ(test::load(host.pci, saved), "");
          }
          break;
        default:
          if (at == At::Idle) {
            if (host.endpoint().next(o, data)) at = At::Issued;
          } else if (at == At::Issued) {
            if (o.ats == DmaAts::Translated) {
              ++translated;
              ASSERT_FALSE(reference.dead(o.address))
                  << "seed " << seed << " step " << step << std::hex << " address " << o.address;
            }
            response = host.up.perform(o, data);
            at = At::Performed;
          } else {
            host.endpoint().complete(o, response, data);
            at = At::Idle;
            reference.settle(host);
            EXPECT_EQ(reference.pending(), 0U) << "nothing uses what they named";
          }
          break;
      }
    }
    waited += reference.waited;
    // With all page requests answered every job comes to its end.
    if (at == At::Issued) response = host.up.perform(o, data);
    if (at != At::Idle) host.endpoint().complete(o, response, data);
    for (unsigned turn = 0; turn < 100 && host.get_register(CONS) != ready; ++turn) {
      host.run();
      const std::vector<DmaOperation> seen = host.up.seen;
      host.up.seen.clear();
      for (const DmaOperation& s : seen) {
        if (s.ats == DmaAts::PageRequest && s.ats_fields.last)
          host.endpoint().page_response(s.ats_fields.PRGI, s.substream_valid, s.substream_id, 0);
      }
    }
    ASSERT_EQ(host.get_register(CONS), ready) << "seed " << seed << ": a job never ends";
  }
  EXPECT_GT(translated, 1500U);
  EXPECT_GT(overtaken, 150U);
  EXPECT_GT(waited, 150U);
  EXPECT_GT(jobs, 500U);
}

}  // namespace
}  // namespace smmuvp
