// Random banks, tables, maintenance and accesses beside walks of the same Configs: what maintenance has named
// is answered as memory has it now, all else as memory has it now or had it since it was named last.
#include <algorithm>
#include <utility>
#include <vector>

#include "context_banks_bench.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmu::banks {
namespace {

using pgtable::Granule;

constexpr std::uint64_t va_window = 0x400'0000;
constexpr std::uint64_t ipa_window = 0x8000'0000;
constexpr std::uint64_t window_size = 0x200'0000;
constexpr std::uint64_t ipa_window_size = 0x20'0000;
constexpr std::uint64_t tables_ipa = 0x4000'0000;

struct Region {
  std::uint64_t first, size;
};

/// The tables of one bank, their memory, and what it was before changes that no maintenance has named yet.
struct Tree {
  Tree(unsigned n, const pgtable::Config& config, Stage stage, std::uint64_t first_table)
      : bank(n),
        next(first_table),
        builder(
            config, stage, [this](const pgtable::MemoryOp& op) { return memory(op); },
            [this](std::uint64_t size) {
              next = (next + size - 1) & ~(size - 1);
              next += size;
              return std::optional<std::uint64_t>(next - size);
            }) {}
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  bool is_stage2() const { return builder.stage() == Stage::stage2; }
  std::uint64_t window() const { return is_stage2() ? ipa_window : va_window; }
  std::uint64_t size() const { return is_stage2() ? ipa_window_size : window_size; }
  std::uint64_t tables() const { return builder.tables_allocated() + builder.tables_freed(); }
  void clean() {
    past.clear();
    changed.clear();
    tables_known = tables();
  }

  unsigned bank;
  Memory memory;
  std::uint64_t next;
  Builder builder;
  bool globals = false;
  std::vector<Memory> past;
  std::vector<Region> changed;
  std::uint64_t tables_known = 0;
  /// Stage 2: what entries that combine it with stage 1 may still have.
  std::vector<Memory> combined_past;
};

/// A walk, or what a client saw, in the terms of both.
struct Answer {
  bool ok = false;
  std::uint64_t output = 0;
  Attributes attributes;
  pgtable::Fault fault;

  bool is(const Answer& o, bool exactly) const {
    if (ok != o.ok) return false;
    if (ok) return output == o.output && attributes == o.attributes;
    const pgtable::Fault& f = o.fault;
    if (fault.kind != f.kind || fault.stage != f.stage) return false;
    // A table that is not used any more can be passed until maintenance: the level tells of it.
    return !exactly ||
           (fault.level == f.level && fault.va == f.va && fault.on_table_walk == f.on_table_walk &&
            fault.ipa == f.ipa && fault.rights == f.rights);
  }
};

class World {
 public:
  explicit World(std::uint64_t seed) : m_random(seed) {
    const Format aarch32[] = {Format::v7s, Format::lpae32};
    const Format both[] = {Format::lpae32, Format::vmsa64};
    add_stage1(0, Format::v7s, 1, 1);
    add_stage1(1, Format::vmsa64, 1, 2);
    add_stage1(2, aarch32[m_random.below(2)], 2, 1).globals = true;
    add_stage2(4, both[m_random.below(2)], 3);
    add_nested(3, aarch32[m_random.below(2)], 4).globals = true;
    add_stage2(6, Format::vmsa64, 4);
    add_nested(5, Format::vmsa64, 6).globals = true;
    for (unsigned n = 0; n < banks; ++n) {
      smmu.S2CR[n] = n;
      smmu.bank(n).HUPCF = true;
    }
  }

  void step() {
    const std::uint64_t what = m_random.below(16);
    if (what < 6) {
      Tree& t = *m_trees[m_random.below(m_trees.size())];
      change(t, some_region(t));
      if (m_random.below(2) == 0) maintain(t);
    } else if (what == 6) {
      maintain(*m_trees[m_random.below(m_trees.size())]);
    } else if (what == 7) {
      overtake();
    }
    for (int i = 0; i < 6; ++i) access(some_access());
  }
  unsigned exact = 0, loose = 0, hits = 0, translated = 0;

 private:
  static constexpr unsigned banks = 7;
  static constexpr std::size_t most_past = 4;  // two more with a change

  Tree& add(unsigned n, const pgtable::Config& c, Stage stage) {
    const bool ipa = c.stages == pgtable::Stages::nested;
    m_trees.push_back(std::make_unique<Tree>(n, c, stage, ipa ? tables_ipa : tables_of(n)));
    (stage == Stage::stage1 ? m_stage1 : m_stage2)[n] = m_trees.back().get();
    if (stage == Stage::stage1) smmu.bank(n).stage1 = m_trees.back()->builder.config().stage1;
    if (stage == Stage::stage2) smmu.bank(n).stage2 = m_trees.back()->builder.config().stage2;
    m_trees.back()->clean();
    return *m_trees.back();
  }
  static std::uint64_t tables_of(unsigned n) { return 0x5000'0000 + n * 0x400'0000; }
  Granule some_granule() { return m_random.below(2) == 0 ? Granule::size_4k : Granule::size_64k; }
  pgtable::Config stage1_config(Format format) {
    pgtable::Config c;
    c.stage1 = stage1_of(format);
    c.stage1.MAIR = 0xff44bb04;
    if (format == Format::vmsa64) c.stage1.tables[0].granule = some_granule();
    return c;
  }
  Tree& add_stage1(unsigned n, Format format, std::uint16_t VMID, std::uint16_t ASID) {
    Bank& b = smmu.bank(n);
    b.VMID = VMID;
    b.ASID = ASID;
    b.VA64 = format == Format::vmsa64;
    return add(n, stage1_config(format), Stage::stage1);
  }
  void add_stage2(unsigned n, Format format, std::uint16_t VMID) {
    Bank& b = smmu.bank(n);
    b.TYPE = Type::stage2;
    b.VMID = VMID;
    b.VA64 = format == Format::vmsa64;
    pgtable::Config c;
    c.stages = pgtable::Stages::stage2;
    c.stage2 = stage2_of(format);
    if (format == Format::vmsa64 && some_granule() == Granule::size_64k) {
      c.stage2.granule = Granule::size_64k;
      c.stage2.start_level = 2;
    }
    // Tables of stage 1 stay where they are: at tables_of() the bank before.
    Mapping m;
    if (m_random.below(2) == 0) m.top_level = 3;
    Tree& t = add(n, c, Stage::stage2);
    EXPECT_TRUE(t.builder.map(tables_ipa, tables_of(n - 1), 0x40'0000, m));
    EXPECT_TRUE(t.builder.map(ipa_window, 0x1'0000'0000, ipa_window_size, m));
    t.clean();
  }
  Tree& add_nested(unsigned n, Format format, unsigned second) {
    Bank& b = smmu.bank(n);
    b.TYPE = Type::nested;
    b.CBNDX = second;
    b.VMID = smmu.bank(second).VMID;
    b.ASID = 1;
    b.VA64 = format == Format::vmsa64;
    pgtable::Config c = stage1_config(format);
    c.stages = pgtable::Stages::nested;
    c.stage2 = smmu.bank(second).stage2;
    return add(n, c, Stage::stage1);
  }

  // The memory of an operation: of tables that a nested bank has, by the IPA that the Builder knows.
  MemoryAnswer carry_out(const MemoryOp& op) {
    for (const auto& tree : m_trees) {
      const std::uint64_t first = tables_of(tree->bank);
      if (op.address < first || op.address >= first + 0x400'0000) continue;
      MemoryOp at = op;
      if (smmu.bank(tree->bank).TYPE == Type::nested) at.address += tables_ipa - first;
      return tree->memory(at);
    }
    return {};
  }

  // ---- software

  /// One that has been looked at lately, or another.
  Region some_region(const Tree& t) {
    static constexpr std::uint64_t sizes[] = {0x1000,    0x4000,    0x1'0000,  0x1'0000,
                                              0x10'0000, 0x20'0000, 0x100'0000};
    for (const Recent& recent : m_recent) {
      if (recent.bank == t.bank && m_random.below(3) == 0) return recent.region;
    }
    const std::uint64_t size = std::min(sizes[m_random.below(std::size(sizes))], t.size());
    const std::uint64_t reach = m_random.below(3) == 0 ? t.size() : std::max<std::uint64_t>(size, 0x20'0000);
    return {t.window() + m_random.below(reach / size) * size, size};
  }
  void change(Tree& t, const Region& region) {
    if (t.past.size() >= most_past || t.combined_past.size() >= most_past) maintain(t);
    if (t.past.size() >= most_past || t.combined_past.size() >= most_past) everything();
    const Bank& b = smmu.bank(t.bank);
    const bool v7s = !t.is_stage2() && b.stage1.format == Format::v7s;
    const bool to_ipas = b.TYPE == Type::nested;
    // Where leaves of a size can lead to; supersections of a nested bank lead beyond its IPAs
    const std::uint64_t outputs = std::max(to_ipas ? ipa_window_size : window_size, region.size);
    const std::uint64_t output =
        (to_ipas || v7s ? ipa_window : 0x1'0000'0000) + m_random.below(outputs / region.size) * region.size;
    Mapping m;
    m.AttrIndx = static_cast<std::uint8_t>(m_random.below(4));
    m.writable = m_random.below(4) != 0;
    m.unprivileged = m_random.below(4) != 0;
    m.nG = !t.globals || m_random.below(2) == 0;
    m.contiguous = m_random.below(4) == 0;
    m.accessed = v7s || m_random.below(8) != 0;
    m.MemAttr = m_random.below(2) == 0 ? 0xf : 5;
    if (region.size <= 0x10'0000 && m_random.below(2) == 0) m.top_level = v7s ? 2 : 3;

    const Memory before = t.memory;
    const std::uint64_t what = m_random.below(5);
    if (what == 0) {
      t.builder.protect(region.first, region.size, m);
    } else {
      t.builder.unmap(region.first, region.size, pgtable::Splitting::allowed);
      if (what != 1) {
        const Memory between = t.memory;
        t.past.push_back(between);
        if (t.is_stage2()) t.combined_past.push_back(between);
        t.builder.map(region.first, output, region.size, m);
      }
    }
    t.past.push_back(before);
    if (t.is_stage2()) t.combined_past.push_back(before);
    t.changed.push_back(region);
    m_recent.insert(m_recent.begin(), {t.bank, region});
    if (m_recent.size() > 8) m_recent.pop_back();
  }
  /// Names what has changed in one of the ways that there are, by an address of each old page or block.
  void maintain(Tree& t) {
    const Bank& b = smmu.bank(t.bank);
    if (t.is_stage2()) {
      switch (m_random.below(4)) {
        case 0:
        case 1:
          for_leaves(t, [&](std::uint64_t ipa) { smmu.TLBIIPAS2(t.bank, ipa >> 12); });
          t.clean();
          if (m_random.below(2) == 0) return;
          smmu.TLBIVMIDS1(b.VMID);
          t.combined_past.clear();
          return clean_stage1(b.VMID);
        case 2:
          return vmid(b.VMID);
        default:
          return everything();
      }
    }
    const std::uint64_t asid = b.VA64 ? std::uint64_t{b.ASID} << 48 : b.ASID;
    const unsigned bytes = b.VA64 ? 8 : 4;
    const auto operand = [&](std::uint64_t va) { return b.VA64 ? va >> 12 : va; };
    switch (m_random.below(8)) {
      case 0:
      case 1:
        for_leaves(t, [&](std::uint64_t va) { smmu.TLBIVA(t.bank, operand(va) | asid, bytes); });
        return t.clean();
      case 2:
        for_leaves(t, [&](std::uint64_t va) { smmu.TLBIVAA(t.bank, operand(va), bytes); });
        return t.clean();
      case 3:
        if (t.tables() != t.tables_known) return;  // tables have changed
        for_leaves(t, [&](std::uint64_t va) { smmu.TLBIVAL(t.bank, operand(va) | asid, bytes); });
        return t.clean();
      case 4:
        smmu.TLBIASID(t.bank, b.ASID);
        if (!t.globals) t.clean();
        return;
      case 5:
        smmu.TLBIALL(t.bank);
        return clean_stage1(b.VMID);
      case 6:
        smmu.TLBIVMIDS1(b.VMID);
        return clean_stage1(b.VMID);
      default:
        return m_random.below(2) == 0 ? vmid(b.VMID) : everything();
    }
  }
  void clean_stage1(std::uint16_t VMID) {
    for (const auto& t : m_trees) {
      if (!t->is_stage2() && smmu.bank(t->bank).VMID == VMID) t->clean();
    }
  }
  void vmid(std::uint16_t VMID) {
    smmu.TLBIVMID(VMID);
    for (const auto& t : m_trees) {
      if (smmu.bank(t->bank).VMID == VMID) forget(*t);
    }
  }
  void everything() {
    smmu.TLBIALLNSNH();
    for (const auto& t : m_trees) forget(*t);
  }
  static void forget(Tree& t) {
    t.clean();
    t.combined_past.clear();
  }
  /// One address, anywhere in it, of each page and block that was in a changed region.
  template <class F>
  void for_leaves(const Tree& t, F f) {
    pgtable::Config c = t.builder.config();
    if (!t.is_stage2()) c.stages = pgtable::Stages::stage1;
    c.stage1.v7s.DACR = 0x5555'5555;
    for (const Memory& memory : t.past) {
      for (const Region& region : t.changed) {
        for (std::uint64_t at = region.first; at < region.first + region.size;) {
          pgtable::WalkRequest request;
          request.va = at;
          request.access = pgtable::AccessType::none;
          const pgtable::Result r =
              pgtable::walk(c, request, [&](const pgtable::MemoryOp& op) { return memory.read(op); });
          const bool mapped = r.ok() || r.fault.kind == pgtable::FaultKind::access_flag;
          const std::uint64_t size = r.ok() ? std::uint64_t{1} << r.block_shift : 0x1000;
          if (mapped) f((at & ~(size - 1)) + m_random.below(size / 0x1000) * 0x1000);
          at = (at & ~(size - 1)) + size;
        }
      }
    }
  }

  // ---- clients

  AccessRequest some_access() {
    static constexpr AccessKind kinds[] = {AccessKind::read, AccessKind::read, AccessKind::write,
                                           AccessKind::atomic};
    const auto n = static_cast<std::uint32_t>(m_random.below(banks));
    const bool stage2 = smmu.bank(n).TYPE == Type::stage2;
    const std::uint64_t size = stage2 ? ipa_window_size : window_size;
    const std::uint64_t address = (stage2 ? ipa_window : va_window) + m_random.below(size / 16) * 16;
    AccessRequest r = request(n, address, kinds[m_random.below(std::size(kinds))]);
    if (!m_recent.empty() && m_random.below(8) != 0) {
      const Recent& recent = m_recent[m_random.below(m_recent.size())];
      const std::uint64_t near = m_random.below(2) == 0 ? 0x4000 : 0x10'0000;
      r.stream_id = recent.bank;
      r.address = recent.region.first + m_random.below(std::min(recent.region.size, near) / 16) * 16;
    }
    r.privileged = m_random.below(2) == 0;
    r.instruction = r.kind == AccessKind::read && m_random.below(8) == 0;
    return r;
  }
  /// What a walk would answer with these memories of the stages.
  Answer walk(const AccessRequest& access, const Memory* stage1, const Memory* stage2) {
    const pgtable::Config c = *smmu.config_of(access.stream_id);
    pgtable::WalkRequest request;
    request.va = access.address;
    request.access = Smmu::access_type(access);
    request.privileged = access.privileged;
    const std::uint64_t offset =
        c.stages == pgtable::Stages::nested ? tables_of(access.stream_id) - tables_ipa : 0;
    const pgtable::Result r = pgtable::walk(c, request, [&](pgtable::MemoryOp op) {
      if (op.stage == Stage::stage1) op.address -= offset;
      return (op.stage == Stage::stage1 ? *stage1 : *stage2).read(op);
    });
    Answer a;
    a.ok = r.ok();
    a.fault = r.fault;
    a.output = r.output;
    a.attributes = c.stages == pgtable::Stages::stage2
                       ? pgtable::combine(access.attributes, r.stage2_attributes, false)
                       : pgtable::effective(r.attributes);
    return a;
  }
  void access(const AccessRequest& r) {
    const Bank& b = smmu.bank(r.stream_id);
    std::vector<const Memory*> first{nullptr};
    std::vector<const Memory*> second{nullptr};
    const auto all_of = [](const Tree& t, const std::vector<Memory>& past) {
      std::vector<const Memory*> v{&t.memory};
      for (const Memory& m : past) v.push_back(&m);
      return v;
    };
    if (b.TYPE != Type::stage2) first = all_of(*m_stage1[r.stream_id], m_stage1[r.stream_id]->past);
    if (b.TYPE == Type::stage2) second = all_of(*m_stage2[r.stream_id], m_stage2[r.stream_id]->past);
    if (b.TYPE == Type::nested) second = all_of(*m_stage2[b.CBNDX], m_stage2[b.CBNDX]->combined_past);
    std::vector<Answer> allowed;
    for (const Memory* s1 : first) {
      for (const Memory* s2 : second) allowed.push_back(walk(r, s1, s2));
    }
    const Seen& s = run(smmu.arrive(r));
    Answer seen;
    seen.ok = s.end == Outcome::forward;
    seen.fault = s.fault;
    if (seen.ok) {
      seen.output = s.parts.at(0).output;
      seen.attributes = s.parts.at(0).attributes;
      hits += s.parts.at(0).hit ? 1 : 0;
      ++translated;
    }
    const bool exactly = allowed.size() == 1;
    ++(exactly ? exact : loose);
    const bool found =
        std::any_of(allowed.begin(), allowed.end(), [&](const Answer& a) { return a.is(seen, exactly); });
    EXPECT_TRUE(found) << "bank " << r.stream_id << std::hex << ", address 0x" << r.address << ": "
                       << (seen.ok ? "output" : pgtable::to_string(seen.fault.kind)) << " 0x" << seen.output
                       << ", one of " << allowed.size() << ", the first of which is "
                       << (allowed[0].ok ? "output" : pgtable::to_string(allowed[0].fault.kind)) << " 0x"
                       << allowed[0].output;
    if (s.faulted) smmu.write_FSR(*s.faulted, ~0U);
  }
  const Seen& run(Smmu::Id id) {
    while (smmu.step(id)) {
    }
    return smmu.seen(id);
  }
  /// Software changes what an access is reading, and says so. The access may see any of it; what it leaves in
  /// the caches may not.
  void overtake() {
    const AccessRequest r = some_access();
    const Smmu::Id id = smmu.arrive(r);
    bool under_way = true;
    for (std::uint64_t i = m_random.below(10); i != 0 && under_way; --i) under_way = smmu.step(id);
    const bool second = smmu.bank(r.stream_id).TYPE == Type::stage2;
    Tree& t = second ? *m_stage2[r.stream_id] : *m_stage1[r.stream_id];
    const std::uint64_t size = m_random.below(2) == 0 ? 0x1'0000 : 0x10'0000;
    change(t, {r.address & ~(size - 1), size});
    everything();
    smmu.TLBGSYNC();
    EXPECT_EQ(smmu.GSACTIVE(), under_way);
    const Seen& s = run(id);
    EXPECT_FALSE(smmu.GSACTIVE());
    if (s.faulted) smmu.write_FSR(*s.faulted, ~0U);
    access(r);
  }

  struct Recent {
    unsigned bank;
    Region region;
  };

  test::Random m_random;
  Smmu smmu{banks, [this](const MemoryOp& op) { return carry_out(op); }};
  std::vector<std::unique_ptr<Tree>> m_trees;
  std::map<unsigned, Tree*> m_stage1;
  std::map<unsigned, Tree*> m_stage2;
  std::vector<Recent> m_recent;
};

TEST(ContextBanksRandom, AnswersAreThoseOfWalksOfWhatMaintenanceHasNamed) {
  unsigned exact = 0, loose = 0, hits = 0, translated = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    World world(seed);
    for (int i = 0; i < 60; ++i) {
      world.step();
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed << ", step " << i;
    }
    exact += world.exact;
    loose += world.loose;
    hits += world.hits;
    translated += world.translated;
  }
  // None of what the test is for is rare.
  EXPECT_GT(exact, 5000U);
  EXPECT_GT(loose, 5000U);
  EXPECT_GT(translated, 5000U);
  EXPECT_GT(hits, 1000U);
}

}  // namespace
}  // namespace smmuvp::smmu::banks
