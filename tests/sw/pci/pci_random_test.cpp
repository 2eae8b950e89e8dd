// The guest's PCI core on random hierarchies, against what the specifications say of each, written down
// naively: who can reach whom as sets that are united, and addresses as requests that are routed.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "space.h"

namespace {

using pcitest::Bar;
using pcitest::Bus;
using pcitest::Function;
using pcitest::Kind;
using pcitest::Options;
using pcitest::Space;

constexpr unsigned kIsolation = 0x1d;  // Base 7.7.8.2: SV, RR, CR, UF
constexpr std::uint64_t k1M = 1ULL << 20, k4G = 1ULL << 32;

class Maker {
 public:
  Maker(Space& space, std::uint64_t seed) : m_random(seed) { fill_root(space.root()); }
  unsigned pick(unsigned n) { return static_cast<unsigned>(m_random() % n); }

 private:
  Options options(bool multifunction) {
    Options o;
    o.multifunction = multifunction;
    o.pref64 = pick(4) != 0;
    switch (pick(4)) {
      case 0:
        break;
      case 1:
        o.acs_cap = 0x1f;
        break;
      case 2:
        o.acs_cap = pick(0x80);
        break;
      default:
        o.acs_cap = 0x1f;
        o.acs_sticks = pick(0x80);
    }
    return o;
  }

  void bars(Function& f) {
    for (unsigned i = 0; i < (f.is_bridge() ? 2U : 6U); i++) {
      if (pick(3)) continue;
      const bool wide = pick(2) && i + 1 < (f.is_bridge() ? 2U : 6U);
      add_bar(f, i, Bar{16ULL << pick(14), wide, pick(2) != 0});
      if (wide) i++;
    }
  }

  Function& make(Bus& bus, Kind kind, unsigned slot, unsigned fn, bool multifunction) {
    Function& f = add(bus, kind, slot << 3 | fn, options(multifunction));
    bars(f);
    return f;
  }

  // A device of one or more functions of the kinds that may stand here.
  void device(Bus& bus, unsigned slot, const std::vector<Kind>& kinds, unsigned depth) {
    const unsigned functions = pick(3) ? 1 : 2 + pick(2);
    for (unsigned fn = 0; fn < functions; fn++) {
      const Kind kind = kinds[pick(static_cast<unsigned>(kinds.size()))];
      Function& f = make(bus, kind, slot, fn ? fn + pick(2) * 3 : 0, functions > 1);
      if (f.is_bridge()) fill(*f.below, depth + 1);
    }
  }

  void fill_root(Bus& bus) {
    const unsigned slots = 1 + pick(4);
    for (unsigned i = 0; i < slots; i++)
      device(bus, i * 5 + pick(5),
             {Kind::integrated, Kind::root_port, Kind::root_port, Kind::conventional, Kind::pci_bridge}, 0);
  }

  void fill(Bus& bus, unsigned depth) {
    const bool deep = depth < 4;
    switch (bus.self->kind) {
      case Kind::root_port:
      case Kind::downstream:
        if (pick(5))
          device(
              bus, 0,
              deep ? std::vector{Kind::endpoint, Kind::upstream, Kind::to_pci} : std::vector{Kind::endpoint},
              depth);
        break;
      case Kind::upstream:
        for (unsigned i = 0, n = 1 + pick(3); i < n; i++) device(bus, i, {Kind::downstream}, depth);
        break;
      default:
        for (unsigned i = 0, n = pick(3); i < n; i++)
          device(bus, i * 3 + pick(3),
                 deep ? std::vector{Kind::conventional, Kind::pci_bridge} : std::vector{Kind::conventional},
                 depth);
    }
  }

  std::mt19937_64 m_random;
};

// Sets of functions.
class Sets {
 public:
  explicit Sets(const std::vector<Function*>& all) {
    for (const Function* f : all) m_of[f] = f;
  }
  const Function* of(const Function* f) {
    while (m_of[f] != f) f = m_of[f];
    return f;
  }
  void unite(const Function* a, const Function* b) { m_of[of(a)] = of(b); }

 private:
  std::map<const Function*, const Function*> m_of;
};

bool is_alone(const Function& f) {
  return std::count_if(f.on->functions.begin(), f.on->functions.end(),
                       [&](const auto& g) { return g->devfn >> 3 == f.devfn >> 3; }) == 1;
}

bool controls_access(const Function& f) {
  const unsigned wanted = kIsolation & f.get(0x104, 2);
  const bool does = f.acs && (f.get(0x106, 2) & wanted) == wanted;
  switch (f.kind) {
    case Kind::root_port:
    case Kind::downstream:
      return does;
    case Kind::endpoint:
    case Kind::integrated:
    case Kind::upstream:
      return does || is_alone(f);
    default:
      return false;
  }
}

void unite_below(Sets& sets, const Function* with, const Bus& bus) {
  for (const auto& f : bus.functions) {
    sets.unite(with, f.get());
    if (f->below) unite_below(sets, with, *f->below);
  }
}

void unite_who_reach_each_other(Sets& sets, const std::vector<Function*>& all) {
  for (const Function* f : all) {
    if (f->below && !controls_access(*f)) unite_below(sets, f, *f->below);
    for (const auto& g : f->on->functions) {
      // Functions of one device.
      if (g->devfn >> 3 == f->devfn >> 3 && !controls_access(*f) && !controls_access(*g))
        sets.unite(f, g.get());
      // Ports of one switch: what comes up in one goes down in the other.
      if (f->kind == Kind::downstream && g->kind == Kind::downstream && !controls_access(*f)) {
        sets.unite(f, g.get());
        unite_below(sets, f, *g->below);
      }
    }
  }
}

std::vector<unsigned> aliases(const Space& space, const Function& f) {
  std::vector<unsigned> ids{space.number_of(*f.on) << 8 | f.devfn};
  for (const Function* b = f.on->self; b; b = b->on->self) {
    if (b->kind == Kind::to_pci) ids.push_back(space.number_of(*b->below) << 8);
    if (b->kind == Kind::pci_bridge) ids.push_back(space.number_of(*b->on) << 8 | b->devfn);
  }
  return ids;
}

class Found {
 public:
  Found(Space& space, const std::vector<host_window>& windows) : m_interface(space.interface()) {
    m_there = host_pci_probe(&m_interface, 0, 255, windows.data(), static_cast<unsigned>(windows.size()));
    for (unsigned i = 0; m_there && i < host_pci_count(); i++) {
      host_function f;
      host_pci_function(i, &f);
      m_functions.emplace_back(space.find(f.bus, f.devfn), f);
    }
  }
  ~Found() {
    if (!m_there) return;
    EXPECT_EQ(host_pci_remove(), 0U) << "allocations are left behind";
  }
  Found(const Found&) = delete;
  Found& operator=(const Found&) = delete;
  [[nodiscard]] bool there() const { return m_there; }
  [[nodiscard]] const auto& functions() const { return m_functions; }

 private:
  host_config_space m_interface;
  bool m_there = false;
  std::vector<std::pair<Function*, host_function>> m_functions;
};

const std::vector<host_window> kRoomy{{0x10000000, 0x10000000, 0x40000000, false},
                                      {1ULL << 36, 1ULL << 40, 1ULL << 34, false}};

// gtest's own loop over parameters would print each.
template <typename Check>
void on_random_hierarchies(unsigned n, Check check) {
  for (std::uint64_t seed = 1; seed <= n && !::testing::Test::HasFailure(); seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Space space(0);
    const Maker maker(space, seed);
    check(space, seed);
  }
}

TEST(PciCore, EveryFunctionIsFoundOnceUnderANumberThatRoutesToIt) {
  on_random_hierarchies(400, [](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    std::vector<Function*> expected = space.all(), got;
    for (const auto& [f, h] : found.functions()) got.push_back(f);
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got, expected);
  });
}

TEST(PciCore, BusNumbersAreGivenDepthFirstWithoutGaps) {
  on_random_hierarchies(400, [](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    std::set<unsigned> numbers{0};
    for (const auto& [f, h] : found.functions()) {
      if (!f->below) continue;
      EXPECT_TRUE(numbers.insert(h.number).second) << "two buses have the number " << h.number;
      EXPECT_EQ(f->get(0x18, 4) & 0xffffff, h.bus | h.number << 8 | h.last << 16);
      EXPECT_GT(h.number, h.bus);
    }
    EXPECT_EQ(*numbers.rbegin() + 1, numbers.size());
  });
}

TEST(PciCore, TwoFunctionsShareAnIsolationRootIfAndOnlyIfTheyCannotBeKeptApart) {
  unsigned together = 0, apart = 0;
  on_random_hierarchies(1000, [&](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    const auto all = space.all();
    Sets sets(all);
    unite_who_reach_each_other(sets, all);
    for (const auto& [f, hf] : found.functions())
      for (const auto& [g, hg] : found.functions()) {
        const bool same = hf.root_bus == hg.root_bus && hf.root_devfn == hg.root_devfn;
        (same ? together : apart) += f != g;
        EXPECT_EQ(same, sets.of(f) == sets.of(g))
            << std::hex << hf.bus << ':' << hf.devfn << " and " << hg.bus << ':' << hg.devfn;
      }
  });
  EXPECT_GT(together, 1000U);
  EXPECT_GT(apart, 1000U);
}

TEST(PciCore, TheRootIsInItsOwnSet) {
  on_random_hierarchies(400, [](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    for (const auto& [f, h] : found.functions()) {
      const Function* root = space.find(h.root_bus, h.root_devfn);
      const auto at = std::find_if(found.functions().begin(), found.functions().end(),
                                   [&](const auto& p) { return p.first == root; });
      ASSERT_NE(at, found.functions().end());
      EXPECT_EQ(at->second.root_bus, h.root_bus);
      EXPECT_EQ(at->second.root_devfn, h.root_devfn);
    }
  });
}

TEST(PciCore, RequesterIdsAreTheOwnAndThoseOfBridgesThatReplaceIt) {
  on_random_hierarchies(400, [](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    for (const auto& [f, h] : found.functions())
      EXPECT_EQ(std::vector<unsigned>(h.aliases, h.aliases + h.num_aliases), aliases(space, *f));
  });
}

TEST(PciCore, WhoHasARequesterIdInCommonSharesAnIsolationRoot) {
  on_random_hierarchies(400, [](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    // The host sees the last.
    std::map<unsigned, std::pair<unsigned, unsigned>> root_of;
    for (const auto& [f, h] : found.functions()) {
      const std::pair root{h.root_bus, h.root_devfn};
      const auto [at, fresh] = root_of.emplace(h.aliases[h.num_aliases - 1], root);
      EXPECT_TRUE(fresh || at->second == root) << std::hex << "requester ID " << at->first;
    }
  });
}

TEST(PciCore, APathIsControlledIfEveryFunctionOnItControlsAccess) {
  on_random_hierarchies(400, [](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    for (const auto& [f, h] : found.functions()) {
      bool all = true;
      for (const Function* g = f; g; g = g->on->self) all = all && controls_access(*g);
      EXPECT_EQ(h.path_enabled, all);
    }
  });
}

// What a driver will use leads to its function alone, from the first byte to the last, and to where the host
// says.
void check_addresses(const Space& space, const Found& found, const std::vector<host_window>& windows) {
  for (const auto& [f, h] : found.functions())
    for (const host_bar& bar : h.bars) {
      if (!bar.assigned) continue;
      EXPECT_EQ(bar.pci % bar.size, 0U);
      EXPECT_EQ(space.decode(bar.pci), std::vector<const Function*>{f});
      EXPECT_EQ(space.decode(bar.pci + bar.size - 1), std::vector<const Function*>{f});
      const auto window = std::find_if(windows.begin(), windows.end(), [&](const host_window& w) {
        return bar.pci >= w.pci && bar.pci + bar.size <= w.pci + w.size;
      });
      ASSERT_NE(window, windows.end());
      EXPECT_EQ(bar.cpu - window->cpu, bar.pci - window->pci);
    }
}

TEST(PciCore, WhereThereIsRoomEveryBarLeadsToItsFunctionAlone) {
  on_random_hierarchies(400, [](Space& space, std::uint64_t) {
    const Found found(space, kRoomy);
    check_addresses(space, found, kRoomy);
    for (const auto& [f, h] : found.functions())
      for (unsigned i = 0; i < 6; i++) {
        EXPECT_EQ(h.bars[i].size, f->bars[i].size);
        EXPECT_EQ(h.bars[i].assigned, f->bars[i].size != 0) << "BAR " << i;
      }
  });
}

TEST(PciCore, WhereRoomIsShortWhatHasAnAddressStillLeadsToItsFunctionAlone) {
  unsigned without = 0, with = 0;
  on_random_hierarchies(400, [&](Space& space, std::uint64_t seed) {
    const std::vector<host_window> windows{{0x10000000, 0x50000000, k1M << seed % 4, false},
                                           {k4G, k4G, 0x8000ULL << seed % 3, seed % 5 == 0}};
    const Found found(space, windows);
    check_addresses(space, found, windows);
    for (const auto& [f, h] : found.functions())
      for (const host_bar& bar : h.bars)
        if (bar.size) ++(bar.assigned ? with : without);
  });
  EXPECT_GT(with, 100U);
  EXPECT_GT(without, 100U);
}

TEST(PciCore, AnAllocationThatFailsLeavesNothingBehind) {
  unsigned failed = 0;
  on_random_hierarchies(60, [&](Space& space, std::uint64_t) {
    for (unsigned n = 1;; n += 1 + n / 4) {
      host_pci_fail_allocation(n);
      const Found found(space, kRoomy);
      const bool there = found.there();
      host_pci_fail_allocation(0);
      if (there) break;
      failed++;
    }
  });
  EXPECT_GT(failed, 300U);
}

}  // namespace
