// Random sequences of map, unmap, protect and split against a model that is an array of pages, in every
// format; and the same where memory and allocator fail at any moment.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "accounted_memory.h"
#include "random_tables.h"
#include "smmuvp/pgtable/builder.h"
#include "smmuvp/pgtable/setup.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t power(unsigned n) { return std::uint64_t{1} << n; }

/// A format, seen in units: pages, or blocks where a level above is to be tested.
struct Shape {
  std::string name;
  Config config;
  Stage stage;
  unsigned unit_shift;   ///< smallest size that is mapped
  unsigned block_shift;  ///< of the next larger leaf
  std::uint64_t base;    ///< first input address of the window, aligned to blocks
  unsigned output_bits;
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

Shape stage1(const char* name, Granule granule, bool wide, unsigned unit_shift, unsigned block_shift) {
  Config c;
  c.stage1.tables[1].EPD = false;
  c.stage1.tables[1].granule = granule;
  c.stage1.DS = c.stage1.LPA = wide;
  c.stage1.tables[1].TxSZ = wide ? 12 : 16;
  c.stage1.output_size = wide ? 52 : 48;
  const std::uint64_t base = 0 - power(block_shift + 3);
  return {name, c, Stage::stage1, unit_shift, block_shift, base, c.stage1.output_size};
}
Shape stage2(const char* name, Granule granule, int T0SZ, int start_level, unsigned unit_shift,
             unsigned block_shift) {
  Config c;
  c.stages = Stages::stage2;
  c.stage2.granule = granule;
  c.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
  c.stage2.start_level = static_cast<std::int8_t>(start_level);
  c.stage2.XNX = true;
  return {name, c, Stage::stage2, unit_shift, block_shift, 0, 48};
}
Shape other(const char* name, Format format, Stage stage, unsigned unit_shift, unsigned block_shift) {
  Config c;
  c.stages = stage == Stage::stage1 ? Stages::stage1 : Stages::stage2;
  c.stage1.format = c.stage2.format = format;
  c.stage1.output_size = c.stage2.output_size = 40;
  c.stage1.tables[0].EPD = false;
  c.stage1.tables[0].TxSZ = format == Format::mali_lpae ? 16 : 0;
  c.stage1.v7s.DACR = 0x55555555;
  c.stage2.T0SZ = -8;
  c.stage2.start_level = 1;
  return {name, c, stage, unit_shift, block_shift, 0, format == Format::v7s ? 32U : 40U};
}

/// What one unit is mapped to.
struct Unit {
  bool mapped = false;
  std::uint64_t output = 0;
  Rights rights;
  friend bool operator==(const Unit& a, const Unit& b) {
    return a.mapped == b.mapped && (!a.mapped || (a.output == b.output && a.rights == b.rights));
  }
};

class Model {
 public:
  Model(const Shape& shape, std::uint64_t seed)
      : m_shape(shape),
        m_random(seed),
        m_builder(
            (m_memory.set_end(power(shape.output_bits)), make_builder(shape.config, shape.stage, m_memory))),
        m_setup(m_builder.config()),
        m_first_tables(m_builder.table_count()),
        m_units(3 * power(shape.block_shift - shape.unit_shift)) {}

  /// One random operation; with `failing`, something may fail in it.
  void step(bool failing) {
    const std::size_t units = m_units.size();
    const std::size_t block = power(m_shape.block_shift - m_shape.unit_shift);
    m_first = m_random.bits() % units;
    const std::size_t limit = m_random.once_in(2) ? 40 : units;
    m_count = 1 + m_random.bits() % std::min(units - m_first, limit);
    if (m_random.once_in(3)) {  // whole blocks
      m_first = m_first / block * block;
      m_count = std::min(units - m_first, block * (1 + m_random.below(2)));
    } else if (m_random.once_in(2)) {  // whole runs
      m_first = m_first / 32 * 32;
      m_count = std::min<std::size_t>(units - m_first, 32 * (1 + m_random.below(8)));
    }
    m_failing = failing;
    if (failing) {
      const unsigned most = m_random.once_in(2) ? 8 : 300;
      const std::int64_t until = m_random.below(most);
      std::int64_t* const what[] = {&m_memory.writes_until_failure, &m_memory.reads_until_failure,
                                    &m_memory.allocations_until_failure};
      const unsigned kind = m_random.below(3);
      *what[kind] = kind == 2 ? until % 3 : until;
      m_memory.failures_last = m_random.once_in(3);
    }
    m_failures_before = m_memory.failures;
    switch (m_random.below(8)) {
      case 0:
      case 1:
      case 2:
        map();
        break;
      case 3:
      case 4:
        unmap();
        break;
      case 5:
      case 6:
        protect();
        break;
      default:
        split();
        break;
    }
    m_memory.stop_failing();
    check_accounts();
    check_units();
  }

  void finish() {
    for (std::size_t i = 0; i < m_units.size(); ++i) EXPECT_EQ(walk_unit(i), m_units[i]) << i;
    for (std::size_t i = 0; i < m_units.size(); ++i) {
      if (!m_units[i].mapped) continue;
      std::size_t end = i;
      while (end < m_units.size() && m_units[end].mapped) m_units[end++].mapped = false;
      const BuildResult r = m_builder.unmap(address(i), size_of(end - i), Splitting::allowed);
      ASSERT_TRUE(r) << to_string(r.status) << ' ' << r.reason;
    }
    if (!m_memory_failed) {  // else an empty table may still be linked
      EXPECT_TRUE(m_memory.all_zero());
      EXPECT_EQ(m_builder.table_count(), m_first_tables);
    }
    check_accounts();
    m_builder.release();
    EXPECT_EQ(m_memory.live_tables(), 0U);
    EXPECT_TRUE(m_memory.all_zero());
    EXPECT_EQ(m_builder.tables_allocated(), m_builder.tables_freed());
    EXPECT_EQ(m_builder.map(m_shape.base, 0, size_of(1)).status, BuildStatus::released);
    EXPECT_EQ(m_memory.wrong_frees(), "");
  }

  unsigned changed() const { return m_changed; }
  unsigned failed() const { return m_failed; }

 private:
  Format format() const {
    return m_shape.stage == Stage::stage1 ? m_shape.config.stage1.format : m_shape.config.stage2.format;
  }
  bool v7s() const { return format() == Format::v7s; }
  std::uint64_t address(std::size_t unit) const { return m_shape.base + (unit << m_shape.unit_shift); }
  std::uint64_t size_of(std::size_t units) const { return std::uint64_t{units} << m_shape.unit_shift; }

  Result walk_at(std::uint64_t va) {
    WalkRequest request;
    request.va = va;
    request.access = AccessType::none;
    return walk(m_setup, request, m_memory);
  }
  Unit walk_unit(std::size_t unit) {
    const std::uint64_t offset = m_random.bits() & (size_of(1) - 1);
    const Result r = walk_at(address(unit) + offset);
    if (!r.ok()) {
      EXPECT_EQ(r.fault.kind, FaultKind::translation);
      return {};
    }
    return {true, r.output - offset, r.rights};
  }

  MappingRights random_rights() {
    MappingRights r;
    r.writable = m_random.once_in(2);
    r.unprivileged = m_random.once_in(2);
    r.privileged_execute = m_random.once_in(2);
    const bool stage2 = m_shape.stage == Stage::stage2;
    if (stage2) {
      r.unprivileged_execute = m_shape.config.stage2.XNX ? m_random.once_in(2) : r.privileged_execute;
    } else if (format() == Format::vmsa64) {
      r.unprivileged_execute = m_random.once_in(2);
    } else if (format() != Format::mali_lpae) {
      r.unprivileged_execute = r.unprivileged && (r.privileged_execute || m_random.once_in(4));
    }
    return r;
  }
  Rights expected(const MappingRights& m) const {
    const bool two = m_shape.stage == Stage::stage1 && format() != Format::mali_lpae;
    const bool ur = !two || m.unprivileged;
    const bool uw = m.writable && ur;
    const bool px = m.privileged_execute && !(two && format() == Format::vmsa64 && uw);
    const bool ux = format() == Format::mali_lpae ? px : m.unprivileged_execute;
    const unsigned bits = Rights::privileged_read | (m.writable ? Rights::privileged_write : 0U) |
                          (px ? Rights::privileged_execute : 0U) | (ur ? Rights::unprivileged_read : 0U) |
                          (uw ? Rights::unprivileged_write : 0U) | (ux ? Rights::unprivileged_execute : 0U);
    return Rights{static_cast<std::uint8_t>(bits)};
  }

  // First unit of the region that is (or is not) mapped; the region's end if there is none.
  std::size_t first_that_is(bool mapped) const {
    std::size_t i = m_first;
    while (i < m_first + m_count && m_units[i].mapped != mapped) ++i;
    return i;
  }

  // Takes over what was done, up to m_first + done. After a failure the rest of the region may be as it was
  // or as it was to be.
  template <class After>
  void adopt(const BuildResult& r, After after) {
    ASSERT_EQ(r.done % size_of(1), 0U);
    const std::size_t done = r.done >> m_shape.unit_shift;
    ASSERT_LE(done, m_count);
    if (r) {
      EXPECT_EQ(done, m_count);
      EXPECT_EQ(std::string(r.reason), "");
    } else {
      EXPECT_NE(std::string(r.reason), "");
    }
    m_changed += done != 0 ? 1 : 0;
    for (std::size_t i = m_first; i < m_first + done; ++i) m_units[i] = after(i);
    if (m_memory.failures == m_failures_before) return;
    ++m_failed;
    m_memory.stop_failing();
    if (r.status != BuildStatus::memory_error) return;
    m_memory_failed = true;
    for (std::size_t i = m_first + done; i < m_first + m_count; ++i) {
      const Unit now = walk_unit(i);
      const Unit to_be = after(i);
      // v7s: PXN of a whole table may have changed already.
      if (v7s() && now.mapped && now.output == m_units[i].output) {
        m_units[i] = now;
        continue;
      }
      EXPECT_TRUE(now == m_units[i] || now == to_be) << i;
      m_units[i] = now;
    }
  }

  bool may_fail(const BuildResult& r) const {
    return m_memory.failures != m_failures_before &&
           (r.status == BuildStatus::memory_error || r.status == BuildStatus::no_memory);
  }

  void map() {
    Mapping m;
    static_cast<MappingRights&>(m) = random_rights();
    m.contiguous = m_random.once_in(2) && format() != Format::mali_lpae;
    // Often aligned as the input is, so that blocks and runs are possible
    const unsigned aligned =
        m_random.once_in(2) ? m_shape.block_shift : m_shape.unit_shift + m_random.below(8);
    const std::uint64_t low = address(m_first) & (power(aligned) - 1);
    std::uint64_t output =
        (m_random.bits() & (power(m_shape.output_bits - 1) - 1) & ~(power(aligned) - 1)) | low;
    output = std::min(output, power(m_shape.output_bits - 1));
    const std::size_t conflict = first_that_is(true);
    const BuildResult r = m_builder.map(address(m_first), output, size_of(m_count), m);
    const std::uint64_t first = m_first;
    const Rights rights = expected(m);
    if (!may_fail(r) && !(v7s() && r.status == BuildStatus::table_conflict)) {
      EXPECT_EQ(r.status, conflict == m_first + m_count ? BuildStatus::ok : BuildStatus::already_mapped)
          << r.reason;
      EXPECT_EQ(r.done, size_of(conflict - m_first));
    }
    adopt(r, [&](std::size_t i) { return Unit{true, output + size_of(i - first), rights}; });
  }

  void unmap() {
    const Splitting splitting = m_random.once_in(2) ? Splitting::allowed : Splitting::refused;
    const std::size_t hole = first_that_is(false);
    const BuildResult r = m_builder.unmap(address(m_first), size_of(m_count), splitting);
    if (r.status == BuildStatus::splits_block) {
      EXPECT_EQ(splitting, Splitting::refused);
      const std::uint64_t at = address(m_first) + r.done;
      m_memory.stop_failing();
      const Result leaf = walk_at(at);
      ASSERT_TRUE(leaf.ok());
      const std::uint64_t block = power(leaf.block_shift);
      EXPECT_TRUE((at & (block - 1)) != 0 || size_of(m_count) - r.done < block);
    } else if (!may_fail(r)) {
      EXPECT_EQ(r.status, hole == m_first + m_count ? BuildStatus::ok : BuildStatus::not_mapped) << r.reason;
      EXPECT_EQ(r.done, size_of(hole - m_first));
    }
    adopt(r, [](std::size_t) { return Unit{}; });
  }

  void protect() {
    const MappingRights rights = random_rights();
    const std::size_t hole = first_that_is(false);
    const BuildResult r = m_builder.protect(address(m_first), size_of(m_count), rights);
    if (!may_fail(r) && !(v7s() && r.status == BuildStatus::table_conflict)) {
      EXPECT_EQ(r.status, hole == m_first + m_count ? BuildStatus::ok : BuildStatus::not_mapped) << r.reason;
      EXPECT_EQ(r.done, size_of(hole - m_first));
    }
    adopt(r, [&](std::size_t i) {
      Unit unit = m_units[i];
      unit.rights = expected(rights);
      return unit;
    });
  }

  void split() {
    m_memory.stop_failing();  // what follows looks at memory first
    const Result leaf = walk_at(address(m_first));
    const bool page = leaf.ok() && leaf.range_shift == page_shift();
    if (leaf.ok() && !page && leaf.range_shift <= m_shape.unit_shift) return;
    const BuildResult r = m_builder.split(address(m_first));
    if (!m_units[m_first].mapped) {
      EXPECT_EQ(r.status, BuildStatus::not_mapped);
    } else if (page) {
      EXPECT_EQ(r.status, BuildStatus::unsupported);
    } else {
      ASSERT_TRUE(r) << r.reason;
      EXPECT_EQ(r.done, power(leaf.range_shift));
      EXPECT_LT(walk_at(address(m_first)).range_shift, leaf.range_shift);
      ++m_changed;
    }
  }
  unsigned page_shift() const {
    if (format() != Format::vmsa64) return 12;
    return static_cast<unsigned>(m_shape.stage == Stage::stage1 ? m_shape.config.stage1.tables[1].granule
                                                                : m_shape.config.stage2.granule);
  }

  void check_accounts() {
    EXPECT_EQ(m_builder.table_count(), m_memory.live_tables());
    EXPECT_EQ(m_builder.table_bytes(), m_memory.live_bytes());
    EXPECT_EQ(m_builder.tables_allocated() - m_builder.tables_freed(), m_memory.live_tables());
    // A memory that failed may have kept empty tables linked.
    if (!m_memory_failed && m_random.once_in(8)) {
      EXPECT_LE(m_memory.empty_tables(), m_first_tables);
    }
  }

  void check_units() {
    check_unit(m_first);
    check_unit(m_first + m_count - 1);
    if (m_first > 0) check_unit(m_first - 1);
    if (m_first + m_count < m_units.size()) check_unit(m_first + m_count);
    for (unsigned i = 0; i < 16; ++i) check_unit(m_random.bits() % m_units.size());
  }
  void check_unit(std::size_t i) {
    EXPECT_EQ(walk_unit(i), m_units[i]) << i;
    if (!m_units[i].mapped || m_memory_failed) return;
    // One entry may serve the whole contiguous range.
    const Result r = walk_at(address(i));
    if (r.range_shift <= m_shape.unit_shift) return;
    const std::uint64_t mask = power(r.range_shift) - 1;
    const std::uint64_t range = address(i) & ~mask;
    ASSERT_GE(range, m_shape.base);
    const std::size_t begin = (range - m_shape.base) >> m_shape.unit_shift;
    const std::size_t units = power(r.range_shift - m_shape.unit_shift);
    ASSERT_LE(begin + units, m_units.size());
    const std::size_t k = m_random.bits() % units;
    EXPECT_EQ(m_units[begin + k], (Unit{true, (r.output & ~mask) + size_of(k), r.rights}));
  }

  Shape m_shape;
  Random m_random;
  AccountedMemory m_memory;
  Builder m_builder;
  WalkSetup m_setup;
  std::uint64_t m_first_tables;
  std::vector<Unit> m_units;
  std::size_t m_first = 0;
  std::size_t m_count = 0;
  std::uint64_t m_failures_before = 0;
  bool m_failing = false;
  bool m_memory_failed = false;
  unsigned m_changed = 0;
  unsigned m_failed = 0;
};

class BuilderModel : public testing::TestWithParam<Shape> {};

TEST_P(BuilderModel, EverySequenceOfChangesTranslatesAsAnArrayOfPagesDoes) {
  unsigned changed = 0;
  for (std::uint64_t seed = 0; seed < 12 && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model model(GetParam(), seed);
    for (unsigned i = 0; i < 60 && !HasFailure(); ++i) model.step(false);
    model.finish();
    changed += model.changed();
  }
  EXPECT_GT(changed, 150U);
}

TEST_P(BuilderModel, FailuresOfMemoryAndAllocatorLoseNoTableAndNoTranslation) {
  unsigned failed = 0;
  for (std::uint64_t seed = 100; seed < 116 && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model model(GetParam(), seed);
    for (unsigned i = 0; i < 40 && !HasFailure(); ++i) model.step(true);
    model.finish();
    failed += model.failed();
  }
  EXPECT_GT(failed, 30U);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, BuilderModel,
    testing::Values(stage1("Vmsa64Stage1Pages4k", Granule::size_4k, false, 12, 21),
                    stage1("Vmsa64Stage1Blocks2M", Granule::size_4k, false, 21, 30),
                    stage1("Vmsa64Stage1Blocks1GWithDS", Granule::size_4k, true, 30, 39),
                    stage1("Vmsa64Stage1Pages16k", Granule::size_16k, false, 14, 25),
                    stage1("Vmsa64Stage1Blocks32MWithDS", Granule::size_16k, true, 25, 36),
                    stage1("Vmsa64Stage1Pages64k", Granule::size_64k, false, 16, 29),
                    stage1("Vmsa64Stage1Blocks512MWithLPA", Granule::size_64k, true, 29, 42),
                    stage2("Vmsa64Stage2Pages4k", Granule::size_4k, 24, 1, 12, 21),
                    stage2("Vmsa64Stage2Pages16k", Granule::size_16k, 24, 2, 14, 25),
                    stage2("Vmsa64Stage2Pages64k", Granule::size_64k, 24, 2, 16, 29),
                    other("Lpae32Stage1Pages", Format::lpae32, Stage::stage1, 12, 21),
                    other("Lpae32Stage1Blocks2M", Format::lpae32, Stage::stage1, 21, 30),
                    other("Lpae32Stage2Pages", Format::lpae32, Stage::stage2, 12, 21),
                    other("V7sPages", Format::v7s, Stage::stage1, 12, 20),
                    other("V7sSections", Format::v7s, Stage::stage1, 20, 24),
                    other("MaliPages", Format::mali_lpae, Stage::stage1, 12, 21),
                    other("MaliBlocks2M", Format::mali_lpae, Stage::stage1, 21, 30)),
    [](const testing::TestParamInfo<Shape>& info) { return info.param.name; });

}  // namespace
}  // namespace smmuvp::pgtable::test
