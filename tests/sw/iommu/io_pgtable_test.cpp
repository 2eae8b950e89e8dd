// The guest's VMSAv8-64 stage 1 tables, read by a walker that knows only Arm DDI 0487.
#include "host_pgtable.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <optional>
#include <random>
#include <set>

namespace {

constexpr uint64_t k4K = 0x1000;
constexpr uint64_t k2M = 0x200000;
constexpr uint64_t k1G = 0x40000000;
constexpr int kArm64LpaeS1 = 2;
constexpr int kArmV7s = 4;
constexpr int kRead = 1;
constexpr int kWrite = 2;
constexpr int kCache = 4;
constexpr int kNoExec = 8;
constexpr int kMmio = 16;
constexpr int kPriv = 32;

struct Leaf {
  uint64_t pa;
  uint64_t size;
  uint64_t desc;
};

// DDI 0487 D8.2, D8.3: 4 KiB granule, stage 1, TTBR0. The tables seen on the way go to `tables`.
std::optional<Leaf> naive_walk(uint64_t ttbr, unsigned tsz, uint64_t va,
                               std::set<uint64_t>* tables = nullptr) {
  const unsigned va_bits = 64 - tsz;
  if (va >> va_bits) return std::nullopt;
  uint64_t table = ttbr;
  for (unsigned top = va_bits;;) {
    // The index of this level ends at the highest multiple of 9 above 12 that is below `top`.
    unsigned low = 12;
    while (low + 9 < top) low += 9;
    if (tables) tables->insert(table);
    const uint64_t index = (va >> low) & ((1ULL << (top - low)) - 1);
    const uint64_t desc = host_read_desc(table + index * 8);
    if (!(desc & 1)) return std::nullopt;
    const uint64_t out = desc & 0x0000fffffffff000ULL;
    if (low == 12) {
      if (!(desc & 2)) return std::nullopt;
      return Leaf{out | (va & 0xfff), k4K, desc};
    }
    if (!(desc & 2)) {
      if (low > 30) return std::nullopt;  // no block at level 0
      const uint64_t size = 1ULL << low;
      EXPECT_EQ(out & (size - 1), 0U) << "block output address has bits below its size";
      return Leaf{(out & ~(size - 1)) | (va & (size - 1)), size, desc};
    }
    table = out;
    top = low;
  }
}

class IoPgtable : public ::testing::Test {
 protected:
  void SetUp() override {
    host_set_hooks(nullptr);
    host_limit_pages(SIZE_MAX);
    host_set_incoherent(0);
    ASSERT_EQ(host_module_init(), 0);
    ASSERT_EQ(host_pages_in_use(), 0U);
  }

  void TearDown() override {
    if (m_table) host_free(m_table);
    host_set_hooks(nullptr);
    host_module_exit();
    EXPECT_EQ(host_pages_in_use(), 0U) << "tables leaked";
    EXPECT_EQ(host_references(&m_user), 0);
  }

  void make(unsigned ias, unsigned oas, uint64_t pgsizes = k4K | k2M | k1G, bool coherent = true) {
    const host_config cfg{ias, oas, pgsizes, coherent ? 1 : 0};
    ASSERT_EQ(host_alloc(kArm64LpaeS1, &cfg, &m_user, &m_table), 0);
  }

  int map(uint64_t iova, uint64_t pa, uint64_t pgsize, uint64_t count = 1,
          int prot = kRead | kWrite | kCache) {
    return host_map(m_table, iova, pa, pgsize, count, prot, &m_mapped);
  }

  std::optional<Leaf> walk(uint64_t iova) { return naive_walk(host_ttbr(m_table), host_tsz(m_table), iova); }

  host_pgtable* m_table = nullptr;
  uint64_t m_mapped = 0;
  int m_user = 0;
};

TEST_F(IoPgtable, AFormatIsRegisteredOnce) { EXPECT_EQ(host_register_again(), -EEXIST); }

TEST_F(IoPgtable, AFormatThatNobodyProvidesIsRefused) {
  const host_config cfg{32, 32, k4K, 1};
  EXPECT_EQ(host_alloc(kArmV7s, &cfg, nullptr, &m_table), -ENOENT);
}

TEST_F(IoPgtable, TablesHoldTheFormatInTheNameOfTheirUser) {
  EXPECT_EQ(host_references(&m_user), 0);
  make(48, 48);
  EXPECT_EQ(host_references(&m_user), 1);
  host_free(m_table);
  m_table = nullptr;
  EXPECT_EQ(host_references(&m_user), 0);
}

TEST_F(IoPgtable, RefusedTablesHoldNothing) {
  const host_config small{24, 40, k4K, 1};
  EXPECT_EQ(host_alloc(kArm64LpaeS1, &small, &m_user, &m_table), -ENOMEM);
  const host_config odd_granule{40, 40, 0x10000, 1};
  EXPECT_EQ(host_alloc(kArm64LpaeS1, &odd_granule, &m_user, &m_table), -ENOMEM);
  EXPECT_EQ(host_references(&m_user), 0);
}

TEST_F(IoPgtable, EveryLeafSizeReadsBackAtEveryInputSize) {
  for (unsigned ias = 25; ias <= 48; ias++) {
    make(ias, 48);
    for (uint64_t size : {k4K, k2M, k1G}) {
      if (!(host_pgsizes(m_table) & size)) continue;
      const uint64_t iova = (1ULL << ias) - size;
      const uint64_t pa = 0xffff00000000ULL & ~(size - 1);
      ASSERT_EQ(map(iova, pa, size), 0) << ias;
      for (uint64_t offset : {uint64_t{0}, uint64_t{0x123}, size - 1}) {
        const auto leaf = walk(iova + offset);
        ASSERT_TRUE(leaf) << "ias " << ias << " size " << size;
        EXPECT_EQ(leaf->pa, pa + offset);
        EXPECT_EQ(leaf->size, size);
        EXPECT_EQ(host_lookup(m_table, iova + offset), pa + offset);
      }
      EXPECT_FALSE(walk(iova - 1));
      EXPECT_EQ(host_unmap(m_table, iova, size, 1), size);
      EXPECT_FALSE(walk(iova));
    }
    host_free(m_table);
    m_table = nullptr;
  }
}

TEST_F(IoPgtable, LargeLeavesNeedALevelThatHoldsThem) {
  make(30, 48);
  EXPECT_EQ(host_pgsizes(m_table), k4K | k2M);
  host_free(m_table);
  make(31, 48);
  EXPECT_EQ(host_pgsizes(m_table), k4K | k2M | k1G);
}

TEST_F(IoPgtable, RightsAndAttributesAreThoseOfTheArchitecture) {
  make(48, 48);
  struct {
    int prot;
    unsigned ap;  // AP[2:1]
    bool uxn, pxn;
    unsigned attr;
    unsigned sh;
  } const cases[] = {
      {kRead | kWrite | kCache, 1, false, false, 0xff, 3},
      {kRead | kCache, 3, false, false, 0xff, 3},
      {kWrite | kCache, 1, false, false, 0xff, 3},
      {kRead | kWrite | kPriv | kCache, 0, false, false, 0xff, 3},
      {kRead | kPriv | kCache, 2, false, false, 0xff, 3},
      {kRead | kNoExec | kCache, 3, true, true, 0xff, 3},
      {kRead | kWrite, 1, false, false, 0x44, 2},
      {kRead | kWrite | kMmio | kNoExec, 1, true, true, 0x04, 2},
  };
  uint64_t iova = 0;
  for (const auto& c : cases) {
    for (uint64_t size : {k4K, k2M, k1G}) {
      iova = (iova + 2 * size - 1) & ~(size - 1);
      ASSERT_EQ(map(iova, k1G, size, 1, c.prot), 0);
      const auto leaf = walk(iova);
      ASSERT_TRUE(leaf);
      const uint64_t d = leaf->desc;
      EXPECT_EQ((d >> 6) & 3, c.ap) << c.prot;
      EXPECT_EQ((d >> 54) & 1, c.uxn) << c.prot;
      EXPECT_EQ((d >> 53) & 1, c.pxn) << c.prot;
      EXPECT_EQ((d >> 8) & 3, c.sh) << c.prot;
      EXPECT_EQ((host_mair(m_table) >> (8 * ((d >> 2) & 7))) & 0xff, c.attr) << c.prot;
      EXPECT_EQ((d >> 10) & 1, 1U) << "AF";
      EXPECT_EQ((d >> 11) & 1, 1U) << "nG";
      EXPECT_EQ((d >> 5) & 1, 0U) << "NS";
      iova += size;
    }
  }
}

TEST_F(IoPgtable, WhatIsMappedIsNotReplaced) {
  make(40, 40);
  ASSERT_EQ(map(k2M, k2M, k2M), 0);
  EXPECT_EQ(map(k2M, 0, k2M), -EEXIST);
  EXPECT_EQ(map(k2M + k4K, 0, k4K), -EEXIST);
  EXPECT_EQ(map(0, 0, k1G), -EEXIST);
  EXPECT_EQ(m_mapped, 0U);
  EXPECT_EQ(walk(k2M)->pa, k2M);
}

TEST_F(IoPgtable, AddressesOutOfRangeAreRefused) {
  make(40, 36);
  EXPECT_EQ(map(1ULL << 40, 0, k4K), -ERANGE);
  EXPECT_EQ(map((1ULL << 40) - k4K, 0, k4K, 2), -ERANGE);
  EXPECT_EQ(map(0, 1ULL << 36, k4K), -ERANGE);
  EXPECT_EQ(map(0, (1ULL << 36) - k4K, k4K, 2), -ERANGE);
  EXPECT_EQ(map(0, 0, k4K, UINT64_MAX / k4K), -ERANGE);
  EXPECT_EQ(map(~0ULL << 12, 0, k4K), -ERANGE);
  EXPECT_EQ(map(0, 0, 0), -EINVAL);
  EXPECT_EQ(map(0, 0, k4K | k2M), -EINVAL);
  EXPECT_EQ(map(1, 0, k4K), -EINVAL);
  EXPECT_EQ(map(0, 0, k4K, 1, 0), -EINVAL);
  EXPECT_EQ(host_lookup(m_table, ~0ULL), 0U);
  EXPECT_EQ(host_unmap(m_table, 1ULL << 40, k4K, 1), 0U);
}

TEST_F(IoPgtable, LackOfMemoryLeavesWhatWasMapped) {
  make(48, 48);
  host_limit_pages(3);  // a table each for levels 1, 2, 3
  EXPECT_EQ(map(k2M - 2 * k4K, 0, k4K, 4), -ENOMEM);
  EXPECT_EQ(m_mapped, 2 * k4K);
  EXPECT_TRUE(walk(k2M - k4K));
  EXPECT_FALSE(walk(k2M));
  host_limit_pages(0);
  EXPECT_EQ(host_unmap(m_table, k2M - 2 * k4K, k4K, 2), 2 * k4K);
}

TEST_F(IoPgtable, AWalkerThatDoesNotSnoopSeesEveryChange) {
  host_set_incoherent(1);
  make(48, 48, k4K | k2M | k1G, false);
  ASSERT_EQ(map(k2M - 8 * k4K, 0x5000, k4K, 16), 0);
  for (uint64_t i = 0; i < 16; i++) EXPECT_EQ(walk(k2M - (8 - i) * k4K)->pa, 0x5000 + i * k4K);
  ASSERT_EQ(map(k1G, k1G, k2M), 0);
  ASSERT_EQ(host_unmap(m_table, k1G + k4K, k4K, 1), k4K);
  EXPECT_EQ(walk(k1G)->pa, k1G);
  EXPECT_FALSE(walk(k1G + k4K));
  EXPECT_EQ(walk(k1G + 2 * k4K)->pa, k1G + 2 * k4K);
}

// A TLB and a walk cache that keep whatever they may until they are told.
class Caches {
 public:
  Caches(uint64_t ttbr, unsigned tsz) : m_ttbr(ttbr), m_tsz(tsz) {
    host_hooks hooks{};
    hooks.context = this;
    hooks.flush_walk = [](void* c, uint64_t iova, uint64_t size, uint64_t) {
      auto* self = static_cast<Caches*>(c);
      self->drop(iova, size);
      self->drop_walks(iova, size);
    };
    hooks.add_page = [](void* c, uint64_t iova, uint64_t size) { static_cast<Caches*>(c)->drop(iova, size); };
    hooks.flush_all = [](void* c) {
      auto* self = static_cast<Caches*>(c);
      self->m_tlb.clear();
      self->m_walks.clear();
    };
    hooks.page_freed = [](void* c, uint64_t phys) { static_cast<Caches*>(c)->freed(phys); };
    host_set_hooks(&hooks);
  }

  ~Caches() { host_set_hooks(nullptr); }
  Caches(const Caches&) = delete;
  Caches& operator=(const Caches&) = delete;

  // An access of the device: everything on its way may be cached.
  void access(uint64_t va) {
    std::set<uint64_t> tables;
    const auto leaf = naive_walk(m_ttbr, m_tsz, va, &tables);
    for (uint64_t t : tables) m_walks[t].insert(va & ~(k4K - 1));
    if (leaf) m_tlb[va & ~(k4K - 1)] = leaf->pa & ~(k4K - 1);
  }

  const std::map<uint64_t, uint64_t>& tlb() const { return m_tlb; }

 private:
  void drop(uint64_t iova, uint64_t size) {
    m_tlb.erase(m_tlb.lower_bound(iova), m_tlb.lower_bound(iova + size));
  }

  void drop_walks(uint64_t iova, uint64_t size) {
    for (auto& [table, vas] : m_walks) vas.erase(vas.lower_bound(iova), vas.lower_bound(iova + size));
  }

  void freed(uint64_t phys) {
    const auto it = m_walks.find(phys);
    if (it == m_walks.end()) return;
    EXPECT_TRUE(it->second.empty()) << "a table that a walk may still use was freed";
    m_walks.erase(it);
  }

  uint64_t m_ttbr;
  unsigned m_tsz;
  std::map<uint64_t, uint64_t> m_tlb;
  std::map<uint64_t, std::set<uint64_t>> m_walks;
};

TEST_F(IoPgtable, RandomMappingsReadBackAndNothingStaleIsLeftInTheTlb) {
  make(40, 48);
  Caches caches(host_ttbr(m_table), host_tsz(m_table));
  std::mt19937_64 rng(1);
  std::map<uint64_t, uint64_t> model;  // page to page
  constexpr uint64_t kSpan = 8 * k2M;  // small, so that operations collide

  const auto model_has = [&](uint64_t a, uint64_t b) {
    const auto it = model.lower_bound(a);
    return it != model.end() && it->first < b;
  };
  for (int step = 0; step < 4000; step++) {
    const uint64_t size = rng() % 4 ? k4K : k2M;
    const uint64_t count = size == k4K ? 1 + rng() % 600 : 1 + rng() % 2;
    const uint64_t iova = (rng() % kSpan) & ~(size - 1);
    if (rng() % 2) {
      const uint64_t pa = (rng() % (1ULL << 47)) & ~(size - 1);
      const int ret = map(iova, pa, size, count);
      EXPECT_EQ(ret, model_has(iova, iova + size * count) ? -EEXIST : 0);
      for (uint64_t o = 0; o < m_mapped; o += k4K) {
        EXPECT_FALSE(model.count(iova + o));
        model[iova + o] = pa + o;
      }
    } else {
      const uint64_t got = host_unmap(m_table, iova, size, count);
      for (uint64_t o = 0; o < got; o += k4K) EXPECT_EQ(model.erase(iova + o), 1U);
      if (got < size * count) {
        bool whole = true;  // of the leaf where it stopped
        for (uint64_t o = 0; o < size; o += k4K) whole = whole && model.count(iova + got + o);
        EXPECT_FALSE(whole) << "stopped at a leaf that was there";
      }
    }
    for (const auto& [va, pa] : caches.tlb()) {
      const auto it = model.find(va);
      ASSERT_TRUE(it != model.end() && it->second == pa) << std::hex << va << " is stale";
    }
    for (int i = 0; i < 20; i++) {
      const uint64_t va = rng() % (kSpan + 2 * k2M);
      const auto leaf = naive_walk(host_ttbr(m_table), host_tsz(m_table), va);
      const auto it = model.find(va & ~(k4K - 1));
      ASSERT_EQ(leaf.has_value(), it != model.end()) << std::hex << va;
      if (leaf) {
        ASSERT_EQ(leaf->pa, it->second | (va & (k4K - 1)));
      }
      ASSERT_EQ(host_lookup(m_table, va), leaf ? leaf->pa : 0);
      caches.access(va);
    }
  }
  host_free(m_table);
  m_table = nullptr;
}

}  // namespace
