// Random sequences on every kind of tables, beside a plain map, with caches that keep what they may, walkers
// that look at every moment, and allocations that fail.
#include <gtest/gtest.h>

#include <cerrno>
#include <random>
#include <set>

#include "io_pgtable_tables.h"

using namespace smmuvp::pgtable;

namespace {

/// A TLB and a walk cache that keep whatever they may until they are told.
class Caches : public Tlb {
 public:
  void flush_all() override {
    m_tlb.clear();
    m_tables.clear();
  }
  void flush_walk(std::uint64_t iova, std::uint64_t size, std::uint64_t) override {
    drop(iova, size);
    for (auto& [page, vas] : m_tables) vas.erase(vas.lower_bound(iova), vas.lower_bound(iova + size));
  }
  void add_page(std::uint64_t iova, std::uint64_t size) override { drop(iova, size); }

  void keep(std::uint64_t va, const Result& r) {
    for (const std::uint64_t d : r.descriptors) m_tables[d & ~0xfffULL].insert(va);
    if (r.ok()) m_tlb[va] = r.output;
  }
  void freed(std::uint64_t phys) {
    const auto it = m_tables.find(phys);
    if (it == m_tables.end()) return;
    EXPECT_TRUE(it->second.empty()) << "a table that a walk may still use was freed";
    m_tables.erase(it);
  }
  void expect_of(const Model& model) const {
    for (const auto& [va, pa] : m_tlb) {
      const auto piece = model.find(va);
      ASSERT_TRUE(piece && piece->pa == pa) << std::hex << va << " is stale";
    }
  }

 private:
  void drop(std::uint64_t iova, std::uint64_t size) {
    m_tlb.erase(m_tlb.lower_bound(iova), iova + size == 0 ? m_tlb.end() : m_tlb.lower_bound(iova + size));
  }
  std::map<std::uint64_t, std::uint64_t> m_tlb;
  std::map<std::uint64_t, std::set<std::uint64_t>> m_tables;
};

/// One sequence: operations collide in a window of a few blocks of one size.
class Sequence {
 public:
  Sequence(const Wanted& wanted, std::uint64_t seed) : m_rng(seed), m_tables(wanted, &m_caches) {
    if (m_tables.error() != 0) return;
    host_hooks hooks{};
    hooks.context = this;
    hooks.page_freed = [](void* self, std::uint64_t phys) {
      static_cast<Sequence*>(self)->m_caches.freed(phys);
    };
    hooks.stored = [](void* self) { static_cast<Sequence*>(self)->look_at_any_moment(); };
    host_set_hooks(&hooks);
    const auto sizes = m_tables.sizes();
    const std::uint64_t block = sizes.size() > 1 ? sizes[1 + random(sizes.size() - 1)] : 512 * sizes[0];
    m_window = std::min<std::uint64_t>(4 * block, 1ULL << wanted.ias);
    // Across the middle of the input, where upper tables meet
    m_first = (1ULL << (wanted.ias - 1)) - m_window / 2;
    m_first = m_tables.base() + (m_first & ~(block - 1));
  }
  ~Sequence() { host_set_hooks(nullptr); }
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  int error() const { return m_tables.error(); }
  bool failing = false;  ///< allocations may fail

  void step() {
    if (random(2) != 0) {
      map();
    } else {
      unmap();
    }
    m_caches.expect_of(m_model);
    for (int i = 0; i < 8; ++i) check(m_first + random(m_window));
    for (const std::uint64_t va :
         {m_at - 1, m_at, m_at + random(m_bytes), m_at + m_bytes - 1, m_at + m_bytes})
      check(va);
  }
  void check_borders() {
    for (std::uint64_t va = m_first; va < m_first + m_window; va += m_window / 64) {
      check(va);
      check(va - 1);
    }
  }

 private:
  std::uint64_t random(std::uint64_t n) { return m_rng() % n; }

  // A leaf size, and how many of it from where, within the window
  void choose(std::uint64_t& size, std::uint64_t& iova, std::uint64_t& count) {
    std::vector<std::uint64_t> sizes;
    for (const std::uint64_t s : m_tables.sizes())
      if (s <= m_window) sizes.push_back(s);
    size = sizes[random(sizes.size())];
    iova = (m_first + random(m_window)) & ~(size - 1);
    if (iova - m_first >= m_window) iova += size;  // the window's start is not aligned to it
    if (iova - m_tables.base() >= 1ULL << m_tables.wanted().ias) iova = m_first & ~(size - 1);
    const std::uint64_t left = m_first + m_window - iova;
    count = 1 + random(std::max<std::uint64_t>(
                    1, std::min<std::uint64_t>(left / size, size == m_tables.smallest() ? 600 : 4)));
    const std::uint64_t end = m_tables.base() + (1ULL << m_tables.wanted().ias);
    while (count > 1 && end - iova < count * size) --count;
    if (iova < m_tables.base() || end - iova < size) iova = m_tables.base();
    m_at = iova;
    m_bytes = count * size;
  }

  void map() {
    std::uint64_t size = 0;
    std::uint64_t iova = 0;
    std::uint64_t count = 0;
    choose(size, iova, count);
    const std::uint64_t limit = 1ULL << m_tables.leaf_oas(size);
    if (limit < (count + 1) * size) return;
    const std::uint64_t pa = (size + random(limit - (count + 1) * size + 1)) & ~(size - 1);
    const int prot = prots[random(std::size(prots))];
    std::uint64_t expected = 0;
    while (expected < count && !m_model.overlaps(iova + expected * size, size)) ++expected;
    m_pending = {iova, size * count, pa};
    const int ret = m_tables.map(iova, pa, size, count, prot);
    m_pending = {};
    ASSERT_EQ(m_tables.mapped() % size, 0U);
    if (ret == -ENOMEM && failing) {
      ASSERT_LE(m_tables.mapped(), expected * size);
    } else {
      ASSERT_EQ(ret, expected < count ? -EEXIST : 0) << m_tables.wanted();
      ASSERT_EQ(m_tables.mapped(), expected * size) << m_tables.wanted();
    }
    m_model.add(iova, pa, m_tables.mapped(), prot);
  }

  void unmap() {
    std::uint64_t size = 0;
    std::uint64_t iova = 0;
    std::uint64_t count = 0;
    choose(size, iova, count);
    const std::uint64_t there = m_model.covered(iova, size * count);
    const std::uint64_t removed = m_tables.unmap(iova, size, count);
    ASSERT_EQ(removed % m_tables.smallest(), 0U);
    if (removed != there) {
      // No memory, or a supersection above 4 GiB of which the range has a part
      const auto next = m_model.find(iova + removed);
      const bool whole_only = m_tables.wanted().format == ARM_V7S && next && next->pa >> 32 != 0;
      ASSERT_TRUE(failing || whole_only) << m_tables.wanted() << " removed " << removed << " of " << there;
      ASSERT_LT(removed, there);
    }
    m_model.remove(iova, removed);
  }

  void check(std::uint64_t va) {
    const Result r = m_tables.walk(va);
    const auto piece = m_model.find(va);
    ASSERT_EQ(r.ok(), piece.has_value()) << m_tables.wanted() << std::hex << " va " << va;
    ASSERT_EQ(m_tables.lookup(va), piece ? piece->pa : 0) << m_tables.wanted() << std::hex << " va " << va;
    if (r.ok()) {
      ASSERT_EQ(r.output, piece->pa) << m_tables.wanted() << std::hex << " va " << va;
      ASSERT_EQ(difference(m_tables, r, piece->prot), "") << m_tables.wanted();
    } else {
      ASSERT_EQ(r.fault.kind, FaultKind::translation) << m_tables.wanted();
    }
    m_caches.keep(va, r);
  }

  // In the midst of an operation an address is translated as before or after it, or not at all.
  void look_at_any_moment() {
    if (++m_moments % 7 != 0) return;
    for (int i = 0; i < 2; ++i) {
      const std::uint64_t va = m_pending.size != 0 && i == 0 ? m_pending.iova + random(m_pending.size)
                                                             : m_first + random(m_window);
      const Result r = m_tables.walk(va);
      if (!r.ok()) {
        ASSERT_EQ(r.fault.kind, FaultKind::translation)
            << m_tables.wanted() << ": the walker meets what is not written yet";
        continue;
      }
      const auto before = m_model.find(va);
      const bool is_old = before && before->pa == r.output;
      const bool is_new =
          va - m_pending.iova < m_pending.size && r.output == m_pending.pa + (va - m_pending.iova);
      ASSERT_TRUE(is_old || is_new) << m_tables.wanted() << std::hex << " va " << va << " gives " << r.output;
    }
  }

  static constexpr int prots[] = {
      IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE,
      IOMMU_READ,
      IOMMU_WRITE | IOMMU_CACHE,
      IOMMU_READ | IOMMU_NOEXEC | IOMMU_CACHE,
      IOMMU_READ | IOMMU_WRITE | IOMMU_PRIV,
      IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO | IOMMU_NOEXEC,
      IOMMU_READ | IOMMU_PRIV | IOMMU_CACHE,
  };

  struct Pending {
    std::uint64_t iova = 0;
    std::uint64_t size = 0;
    std::uint64_t pa = 0;
  };

  std::mt19937_64 m_rng;
  Caches m_caches;
  Tables m_tables;
  Model m_model;
  std::uint64_t m_first = 0;
  std::uint64_t m_window = 0;
  std::uint64_t m_at = 0;  // where the last operation was
  std::uint64_t m_bytes = 1;
  Pending m_pending;
  unsigned m_moments = 0;
};

void run(const Wanted& wanted, std::uint64_t seed, int steps) {
  Sequence sequence(wanted, seed);
  ASSERT_EQ(sequence.error(), 0) << wanted;
  for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) sequence.step();
  sequence.check_borders();
}

TEST(IoPgtableRandom, MappingsReadBackAndNothingStaleIsLeftInTheTlb) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      run(wanted, seed, 100);
      if (HasFatalFailure()) return;
    }
  }
}

// A store of one descriptor is seen at once; anything else when a barrier comes.
TEST(IoPgtableRandom, AWalkerSeesTablesBeforeTheEntriesThatPointToThem) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    if (!wanted.coherent) continue;
    host_set_view(host_weak);
    run(wanted, 3, 40);
    if (HasFatalFailure()) return;
  }
}

TEST(IoPgtableRandom, AWalkerThatDoesNotSnoopSeesEveryChange) {
  FormatModules modules;
  for (Wanted wanted : every_kind()) {
    wanted.coherent = false;
    host_set_view(host_incoherent);
    run(wanted, 4, 40);
    if (HasFatalFailure()) return;
  }
}

TEST(IoPgtableRandom, AFailedAllocationLosesNothing) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    bool failed = true;
    for (unsigned n = 1; failed; ++n) {
      host_fail_allocation(n);
      const std::size_t pages = host_pages_in_use();
      {
        Sequence sequence(wanted, 5);
        sequence.failing = true;
        if (sequence.error() != 0) {
          ASSERT_EQ(sequence.error(), -ENOMEM);
        } else {
          const unsigned before = host_allocations();
          for (int i = 0; i < 60 && !HasFatalFailure(); ++i) sequence.step();
          sequence.check_borders();
          failed = n <= host_allocations() - before + 3;
        }
      }
      host_fail_allocation(0);
      ASSERT_EQ(host_pages_in_use(), pages) << wanted << " allocation " << n;
      ASSERT_EQ(host_objects_in_use(), 0U) << wanted << " allocation " << n;
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
