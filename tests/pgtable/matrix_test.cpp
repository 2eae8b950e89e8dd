// Every combination of format, granule, input size, output size, stage and start level: the legal ones are
// mapped at both ends of their range with every size of leaf, walked and unmapped; the illegal ones are
// refused by name.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "accounted_memory.h"
#include "matrix_rules.h"
#include "random_tables.h"
#include "smmuvp/pgtable/builder.h"
#include "smmuvp/pgtable/setup.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t power(unsigned n) { return std::uint64_t{1} << n; }

/// Input addresses that a tree translates, both included.
struct Span {
  std::uint64_t first;
  std::uint64_t last;
};

class Matrix {
 public:
  explicit Matrix(std::uint64_t seed) : m_random(seed) {}
  ~Matrix() {
    std::cout << "[          ] " << m_legal << " legal combinations, " << m_leaves
              << " leaves and runs mapped, " << m_illegal << " combinations refused\n";
  }

  unsigned legal() const { return m_legal; }
  unsigned illegal() const { return m_illegal; }

  /// Whether the combination is legal; when it is not, that validate() says so.
  bool is_legal(const Config& config) {
    const Objections expected = object_to(config);
    const std::vector<ConfigProblem> problems = validate(config);
    EXPECT_EQ(is_walkable(config), problems.empty());
    if (expected.empty()) {
      EXPECT_TRUE(problems.empty()) << describe(config) << problems.front().field;
      return problems.empty();
    }
    ++m_illegal;
    EXPECT_FALSE(problems.empty()) << describe(config) << expected.front();
    for (const ConfigProblem& p : problems) {
      EXPECT_EQ(std::count(expected.begin(), expected.end(), p.field), 1) << describe(config) << p.field;
      EXPECT_NE(std::string(p.reason), "");
    }
    for (const std::string& field : expected) {
      const auto is_field = [&](const ConfigProblem& p) { return p.field == field; };
      EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), is_field)) << describe(config) << field;
    }
    AccountedMemory memory;
    const Stage stage = config.stages == Stages::stage2 ? Stage::stage2 : Stage::stage1;
    EXPECT_EQ(make_builder(config, stage, memory).status(), BuildStatus::bad_config);
    EXPECT_EQ(memory.live_tables(), 0U);
    return false;
  }

  void check_stage1(Config config, unsigned range, Span span) {
    if (!is_legal(config)) return;
    config.space = m_random.once_in(2) ? AddressSpace::secure : AddressSpace::non_secure;
    config.stage1.big_endian = m_random.once_in(2);
    config.stage1.MAIR = 0x1817161514131211;
    config.stage1.tables[range].walk_attributes.SH = Shareability::outer;
    config.stage1.v7s.DACR = 0x55555555;
    config.stage1.v7s.AFE = m_random.once_in(2);
    check_tree(config, Stage::stage1, span, rules_of_stage1(config, range), range);
  }
  // Tables of stage 1 lie in the first 16 MiB of the IPA space, at physical_tables.
  void check_nested(const Config& wanted, std::uint64_t va) {
    if (!is_legal(wanted)) return;
    SCOPED_TRACE(describe(wanted));
    ++m_legal;
    constexpr std::uint64_t window = power(24);
    constexpr std::uint64_t physical_tables = power(30);
    constexpr std::uint64_t largest_page = power(16);
    const TreeRules rules1 = rules_of_stage1(wanted, 0);
    const TreeRules rules2 = rules_of_stage2(wanted.stage2);
    AccountedMemory memory;
    memory.set_end(power(rules2.output_bits));
    Builder stage2 = make_builder(wanted, Stage::stage2, memory);
    Mapping all;
    all.nG = false;
    ASSERT_TRUE(stage2.map(0, physical_tables, window, all));

    AccountedMemory ipas;
    ipas.set_end(window);
    Builder stage1(
        stage2.config(), Stage::stage1,
        [&](MemoryOp op) {
          op.address += physical_tables;
          return memory(op);
        },
        [&](std::uint64_t size) { return ipas.allocate(size); },
        [&](std::uint64_t address, std::uint64_t size) { ipas.free(address, size); });
    ASSERT_EQ(stage1.status(), BuildStatus::ok);
    const std::uint64_t tables1 = stage1.table_count();
    const std::uint64_t tables2 = stage2.table_count();
    const unsigned ipa_bits = std::min(rules1.output_bits, rules2.input_bits);
    const std::uint64_t page_mask = ~(largest_page - 1);
    const std::uint64_t ipa = ((m_random.bits() & (power(ipa_bits) - 1)) | window) & page_mask;
    const std::uint64_t output = m_random.bits() & (power(rules2.output_bits) - 1) & page_mask;
    ASSERT_TRUE(stage1.map(va, ipa, largest_page));
    ASSERT_TRUE(stage2.map(ipa, output, largest_page));
    ++m_leaves;

    WalkRequest request;
    request.va = va + (m_random.bits() & (largest_page - 1));
    const Result r = walk(stage1.config(), request, memory);
    ASSERT_TRUE(r.ok()) << to_string(r.fault.kind) << " stage " << static_cast<int>(r.fault.stage);
    EXPECT_EQ(r.ipa, ipa + (request.va - va));
    EXPECT_EQ(r.output, output + (request.va - va));
    EXPECT_EQ(r.stage1.level, wanted.stage1.format == Format::v7s ? 2 : 3);
    EXPECT_EQ(r.stage2.level, 3);
    EXPECT_EQ(r.block_shift, std::min(rules1.page_shift, rules2.page_shift));

    ASSERT_TRUE(stage2.unmap(ipa, largest_page));
    const Result unmapped = walk(stage1.config(), request, memory);
    EXPECT_EQ(unmapped.fault.kind, FaultKind::translation);
    EXPECT_EQ(unmapped.fault.stage, Stage::stage2);
    EXPECT_EQ(unmapped.fault.ipa, ipa + (request.va - va));
    ASSERT_TRUE(stage1.unmap(va, largest_page));
    EXPECT_EQ(walk(stage1.config(), request, memory).fault.stage, Stage::stage1);
    EXPECT_EQ(stage1.table_count(), tables1);
    EXPECT_EQ(stage2.table_count(), tables2);
    ASSERT_TRUE(stage2.unmap(0, window));
    EXPECT_TRUE(memory.all_zero());
    stage1.release();
    stage2.release();
    EXPECT_EQ(ipas.live_tables() + memory.live_tables(), 0U);
    EXPECT_EQ(ipas.wrong_frees() + memory.wrong_frees(), "");
  }
  void check_stage2(Config config) {
    config.stages = Stages::stage2;
    if (!is_legal(config)) return;
    config.stage2.big_endian = m_random.once_in(2);
    config.stage2.XNX = m_random.once_in(2);
    config.stage2.walk_attributes.SH = Shareability::outer;
    const TreeRules rules = rules_of_stage2(config.stage2);
    check_tree(config, Stage::stage2, {0, power(rules.input_bits) - 1}, rules, 0);
  }

 private:
  static std::string describe(const Config& c) {
    const TableConfig& t = c.stage1.tables[c.stage1.tables[0].EPD ? 1 : 0];
    std::ostringstream s;
    s << "stages " << static_cast<int>(c.stages) << " stage1 format " << static_cast<int>(c.stage1.format)
      << " TxSZ " << int{t.TxSZ} << " granule " << static_cast<int>(t.granule) << " output "
      << int{c.stage1.output_size} << " DS " << c.stage1.DS << " LPA " << c.stage1.LPA << " N "
      << int{c.stage1.v7s.N} << "; stage2 format " << static_cast<int>(c.stage2.format) << " T0SZ "
      << int{c.stage2.T0SZ} << " level " << int{c.stage2.start_level} << " granule "
      << static_cast<int>(c.stage2.granule) << " output " << int{c.stage2.output_size} << " DS "
      << c.stage2.DS << " LPA " << c.stage2.LPA << ": ";
    return s.str();
  }

  static bool two_privileges(const Config& c, Stage stage) {
    return stage == Stage::stage1 && c.stage1.format != Format::mali_lpae && c.regime == Regime::el1_0;
  }

  Mapping random_mapping(const Config& c, Stage stage) {
    Random& r = m_random;
    const Format format = stage == Stage::stage1 ? c.stage1.format : c.stage2.format;
    Mapping m;
    m.writable = r.once_in(2);
    m.unprivileged = r.once_in(2);
    m.accessed = !r.once_in(8) || format == Format::mali_lpae || (format == Format::v7s && !c.stage1.v7s.AFE);
    m.nG = r.once_in(2);
    m.SH = static_cast<Shareability>(r.below(4));
    m.MemAttr = static_cast<std::uint8_t>(r.below(16));
    m.AttrIndx = static_cast<std::uint8_t>(r.below(8));
    m.privileged_execute = r.once_in(2);
    if (stage == Stage::stage2) {
      m.readable = r.once_in(2) || format == Format::lpae32;
      m.unprivileged_execute = c.stage2.XNX ? r.once_in(2) : m.privileged_execute;
    } else if (format == Format::mali_lpae) {
      m.readable = r.once_in(2) || m.privileged_execute;
    } else {
      m.NS = r.once_in(2);
      if (two_privileges(c, stage)) m.unprivileged_execute = r.once_in(2);
      if (format != Format::vmsa64 && two_privileges(c, stage)) {
        m.unprivileged_execute = m.unprivileged && (m.unprivileged_execute || m.privileged_execute);
      }
    }
    if (format == Format::vmsa64) m.DBM = r.once_in(2);
    if (format == Format::v7s) {
      m.AttrIndx = r.once_in(2) ? 0b00111 : 0b00100;
      if (m.SH == Shareability::reserved) m.SH = Shareability::inner;
      m.domain = static_cast<std::uint8_t>(r.below(16));
    }
    return m;
  }

  // DDI 0487 D8.4, G5.6: what a leaf with these fields grants, without WXN, UWXN and PAN.
  static Rights expected_rights(const Config& c, Stage stage, const Mapping& m) {
    const Format format = stage == Stage::stage1 ? c.stage1.format : c.stage2.format;
    bool pr = m.readable;
    bool pw = m.writable;
    bool px = m.privileged_execute;
    bool ur = m.readable;
    bool uw = m.writable;
    bool ux = m.unprivileged_execute;
    if (two_privileges(c, stage)) {
      ur = m.unprivileged;
      uw = m.unprivileged && m.writable;
      if (format == Format::vmsa64 && uw) px = false;
    } else if (stage == Stage::stage1) {
      ux = px;
    }
    unsigned bits = 0;
    if (pr) bits |= Rights::privileged_read;
    if (pw) bits |= Rights::privileged_write;
    if (px) bits |= Rights::privileged_execute;
    if (ur) bits |= Rights::unprivileged_read;
    if (uw) bits |= Rights::unprivileged_write;
    if (ux) bits |= Rights::unprivileged_execute;
    return Rights{static_cast<std::uint8_t>(bits)};
  }

  void expect_translation(const Config& c, Stage stage, const Result& r, const Mapping& m,
                          const LeafKind& leaf, bool run, std::uint64_t output) {
    const Format format = stage == Stage::stage1 ? c.stage1.format : c.stage2.format;
    if (!m.accessed) {
      EXPECT_EQ(r.fault.kind, FaultKind::access_flag);
      EXPECT_EQ(r.fault.level, leaf.level);
      return;
    }
    ASSERT_TRUE(r.ok()) << to_string(r.fault.kind);
    const Leaf& found = stage == Stage::stage1 ? r.stage1 : r.stage2;
    EXPECT_EQ(r.output, output);
    EXPECT_EQ(found.level, leaf.level);
    const bool one_leaf = run && format == Format::v7s;
    EXPECT_EQ(r.block_shift, one_leaf ? leaf.run_shift : leaf.shift);
    EXPECT_EQ(r.range_shift, run ? leaf.run_shift : leaf.shift);
    EXPECT_EQ(r.rights, expected_rights(c, stage, m));
    if (stage == Stage::stage2) {
      EXPECT_EQ(r.stage2_attributes.MemAttr, m.MemAttr);
      const bool DS = c.stage2.DS && c.stage2.granule != Granule::size_64k && format == Format::vmsa64;
      EXPECT_EQ(r.stage2_attributes.SH, DS ? Shareability::outer : m.SH);
      EXPECT_FALSE(r.nG);
      return;
    }
    EXPECT_EQ(r.nG, m.nG && two_privileges(c, stage));
    EXPECT_EQ(r.space, m.NS ? AddressSpace::non_secure : c.space);
    if (format == Format::v7s) {  // G5.7.2, without TEX remap
      const bool cacheable = m.AttrIndx == 0b00111;
      EXPECT_EQ(r.attributes.memory, cacheable ? 0xff : 0x44);
      const bool shareable = m.SH != Shareability::non_shareable || !cacheable;
      EXPECT_EQ(r.attributes.SH, shareable ? Shareability::outer : Shareability::non_shareable);
      EXPECT_EQ(r.domain, m.domain);
    } else {
      EXPECT_EQ(r.attributes.memory, 0x11 + m.AttrIndx);
      const TableConfig& t = c.stage1.tables[r.range];
      const bool DS = c.stage1.DS && t.granule != Granule::size_64k;
      EXPECT_EQ(r.attributes.SH, DS ? Shareability::outer : m.SH);
    }
  }

  void check_tree(const Config& wanted, Stage stage, Span span, const TreeRules& rules, unsigned range) {
    SCOPED_TRACE(describe(wanted));
    ++m_legal;
    const bool v7s = stage == Stage::stage1 && wanted.stage1.format == Format::v7s;
    AccountedMemory memory;
    memory.set_end(power(rules.output_bits));
    Builder builder = make_builder(wanted, stage, memory);
    ASSERT_EQ(builder.status(), BuildStatus::ok);
    const std::uint64_t first_tables = builder.table_count();
    const WalkSetup setup(builder.config());
    const auto walk_at = [&](std::uint64_t va) {
      WalkRequest request;
      request.va = va;
      request.access = AccessType::none;
      return walk(setup, request, memory);
    };

    const std::uint64_t page = power(rules.page_shift);
    EXPECT_EQ(builder.map(span.first, 0, page / 2).status, BuildStatus::misaligned);
    EXPECT_EQ(builder.map(span.first, page / 2, page).status, BuildStatus::misaligned);
    if (span.last != ~std::uint64_t{0}) {
      const BuildStatus beyond = builder.map(span.last + 1 - page, 0, 2 * page).status;
      EXPECT_EQ(beyond, BuildStatus::out_of_range);
    }
    EXPECT_EQ(builder.map(span.first, power(v7s ? 40 : rules.output_bits), page).status,
              BuildStatus::out_of_range);

    for (const LeafKind& leaf : rules.leaves) {
      for (const bool run : {false, true}) {
        const unsigned shift = run ? leaf.run_shift : leaf.shift;
        if (run && leaf.run_shift == leaf.shift) continue;
        const std::uint64_t size = power(shift);
        Mapping mapping = random_mapping(wanted, stage);
        mapping.top_level = static_cast<std::int8_t>(leaf.level);
        mapping.contiguous = run;
        const bool supersection = v7s && run && leaf.level == 1;
        if (supersection) mapping.domain = 0;
        const unsigned output_bits = supersection ? 40 : rules.output_bits;
        const std::uint64_t low = (span.first + size - 1) & ~(size - 1);
        if (low < span.first || low > span.last || span.last - low < size - 1) continue;
        if (shift > output_bits) {
          if (!run) {
            EXPECT_EQ(builder.map(low, 0, size, mapping).status, BuildStatus::out_of_range);
          }
          continue;
        }
        const std::uint64_t high = (span.last - (size - 1)) & ~(size - 1);
        for (const std::uint64_t va : {low, high}) {
          const std::uint64_t random_output = m_random.bits() & (power(output_bits) - 1) & ~(size - 1);
          const std::uint64_t output = va == low ? random_output : power(output_bits) - size;
          const BuildResult mapped = builder.map(va, output, size, mapping);
          ASSERT_TRUE(mapped) << to_string(mapped.status) << ": " << mapped.reason << " level " << leaf.level
                              << " run " << run;
          EXPECT_EQ(mapped.done, size);
          ++m_leaves;
          // One table for each lookup but the first
          const int start_level = v7s ? 1 : 4 - static_cast<int>(rules.levels);
          EXPECT_EQ(builder.table_count(), first_tables + static_cast<unsigned>(leaf.level - start_level));
          EXPECT_EQ(builder.table_count(), memory.live_tables());
          EXPECT_EQ(builder.table_bytes(), memory.live_bytes());

          const std::uint64_t offsets[] = {0, size - 1, m_random.bits() & (size - 1)};
          for (const std::uint64_t offset : offsets) {
            const Result r = walk_at(va + offset);
            expect_translation(wanted, stage, r, mapping, leaf, run, output + offset);
            EXPECT_EQ(r.range, range);
          }
          if (va != span.first) {
            EXPECT_EQ(walk_at(va - 1).fault.kind, FaultKind::translation);
          }
          if (va + (size - 1) != span.last) {
            EXPECT_EQ(walk_at(va + size).fault.kind, FaultKind::translation);
          }
          EXPECT_EQ(builder.map(va, output, size, mapping).status, BuildStatus::already_mapped);

          ASSERT_TRUE(builder.unmap(va, size));
          EXPECT_EQ(walk_at(va).fault.kind, FaultKind::translation);
          EXPECT_EQ(builder.table_count(), first_tables);
          EXPECT_EQ(memory.live_tables(), first_tables);
          EXPECT_TRUE(memory.all_zero());
          EXPECT_EQ(builder.unmap(va, size).status, BuildStatus::not_mapped);
        }
      }
    }
    builder.release();
    EXPECT_EQ(memory.live_tables(), 0U);
    EXPECT_EQ(memory.wrong_frees(), "");
  }

  Random m_random;
  unsigned m_legal = 0;
  unsigned m_illegal = 0;
  unsigned m_leaves = 0;
};

constexpr Granule granules[] = {Granule::size_4k, Granule::size_16k, Granule::size_64k};
constexpr std::uint8_t output_sizes[] = {31, 32, 36, 40, 42, 44, 47, 48, 52, 56};
constexpr std::uint8_t long_output_sizes[] = {31, 32, 36, 40, 48};  // of AArch32 long descriptors
constexpr std::uint8_t fixed_output_sizes[] = {40, 48};             // of formats that are built for 40

TEST(Matrix, Vmsa64Stage1) {
  Matrix matrix(1);
  for (const Regime regime : {Regime::el1_0, Regime::el2}) {
    for (const unsigned range : {0U, 1U}) {
      if (regime == Regime::el2 && range == 1) continue;
      for (const Granule granule : granules) {
        for (unsigned TxSZ = 0; TxSZ < 64; ++TxSZ) {
          for (const std::uint8_t output_size : output_sizes) {
            for (const unsigned wide : {0U, 1U, 2U, 3U}) {
              Config config;
              config.regime = regime;
              config.stage1.DS = (wide & 1) != 0;
              config.stage1.LPA = (wide & 2) != 0;
              config.stage1.output_size = output_size;
              config.stage1.tables[range].EPD = false;
              config.stage1.tables[range].granule = granule;
              config.stage1.tables[range].TxSZ = static_cast<std::uint8_t>(TxSZ);
              const std::uint64_t size = TxSZ == 0 ? 0 : power(64 - TxSZ);
              const Span span = range == 0 ? Span{0, size - 1} : Span{0 - size, ~std::uint64_t{0}};
              matrix.check_stage1(config, range, span);
            }
          }
        }
      }
    }
  }
  // Input sizes: 33 of 4 and 16 KiB (37 with DS), 36 of 64 KiB; seven output sizes; three ranges
  EXPECT_EQ(matrix.legal(), 3U * 7U * (2 * (2 * 33 + 2 * 37) + 4 * 36));
}

TEST(Matrix, Vmsa64Stage2) {
  Matrix matrix(2);
  for (const Granule granule : granules) {
    for (int T0SZ = -1; T0SZ < 64; ++T0SZ) {
      for (int level = -2; level <= 4; ++level) {
        for (const std::uint8_t output_size : output_sizes) {
          for (const unsigned wide : {0U, 1U, 2U, 3U}) {
            Config config;
            config.stage2.DS = (wide & 1) != 0;
            config.stage2.LPA = (wide & 2) != 0;
            config.stage2.output_size = output_size;
            config.stage2.granule = granule;
            config.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
            config.stage2.start_level = static_cast<std::int8_t>(level);
            matrix.check_stage2(config);
          }
        }
      }
    }
  }
  // By granule, without and with DS or LPA: input sizes of each start level, from level 3 upward
  const unsigned sizes_4k = (10 + 13 + 13 + 9) + (10 + 13 + 13 + 13 + 4);
  const unsigned sizes_16k = (14 + 15 + 12) + (14 + 15 + 15 + 5);
  const unsigned sizes_64k = (17 + 17 + 6) + (17 + 17 + 10);
  EXPECT_EQ(matrix.legal(), 7U * 2U * (sizes_4k + sizes_16k + sizes_64k));
}

// DDI 0487 G5.5: which addresses each TTBR translates
TEST(Matrix, Lpae32Stage1) {
  Matrix matrix(3);
  constexpr std::uint64_t end = power(32);
  for (const Regime regime : {Regime::el1_0, Regime::el2, Regime::el3}) {
    for (unsigned T0SZ = 0; T0SZ < 10; ++T0SZ) {
      for (unsigned T1SZ = 0; T1SZ < 10; ++T1SZ) {
        for (const unsigned range : {0U, 1U}) {
          if (range == 1 && (regime != Regime::el1_0 || (T0SZ == 0 && T1SZ == 0))) continue;
          if ((range == 0 ? T1SZ : T0SZ) > 7) continue;  // of the disabled range
          for (const std::uint8_t output_size : long_output_sizes) {
            Config config;
            config.regime = regime;
            config.stage1.format = Format::lpae32;
            config.stage1.output_size = output_size;
            config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(T0SZ);
            config.stage1.tables[1].TxSZ = static_cast<std::uint8_t>(T1SZ);
            config.stage1.tables[range].EPD = false;
            const bool both = regime == Regime::el1_0;
            const std::uint64_t low_size = end >> T0SZ;
            const std::uint64_t high_size = T1SZ == 0 ? end - low_size : end >> T1SZ;
            Span span{0, low_size - 1};
            if (both && T0SZ == 0 && T1SZ != 0) span.last = end - high_size - 1;
            if (range == 1) span = {end - high_size, end - 1};
            matrix.check_stage1(config, range, span);
          }
        }
      }
    }
  }
  EXPECT_EQ(matrix.legal(), 3 * (64U + 63U + 64U));
}

TEST(Matrix, Lpae32Stage2) {
  Matrix matrix(4);
  for (int T0SZ = -10; T0SZ <= 10; ++T0SZ) {
    for (int level = -1; level <= 4; ++level) {
      for (const std::uint8_t output_size : long_output_sizes) {
        for (const Granule granule : granules) {
          Config config;
          config.stage2.format = Format::lpae32;
          config.stage2.granule = granule;
          config.stage2.output_size = output_size;
          config.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
          config.stage2.start_level = static_cast<std::int8_t>(level);
          matrix.check_stage2(config);
        }
      }
    }
  }
  EXPECT_EQ(matrix.legal(), 3 * (10U + 10U));  // 31 to 40 bits from level 1, 25 to 34 from level 2
}

// DDI 0487 G5.4: TTBCR.N
TEST(Matrix, V7s) {
  Matrix matrix(5);
  for (const Regime regime : {Regime::el1_0, Regime::el2}) {
    for (unsigned N = 0; N < 10; ++N) {
      for (const unsigned range : {0U, 1U}) {
        if (range == 1 && N == 0) continue;
        for (const std::uint8_t output_size : fixed_output_sizes) {
          for (unsigned repeat = 0; repeat < 20; ++repeat) {
            Config config;
            config.regime = regime;
            config.stage1.format = Format::v7s;
            config.stage1.output_size = output_size;
            config.stage1.v7s.N = static_cast<std::uint8_t>(N);
            config.stage1.tables[range].EPD = false;
            const std::uint64_t split = power(32 - N);
            matrix.check_stage1(config, range, range == 0 ? Span{0, split - 1} : Span{split, power(32) - 1});
          }
        }
      }
    }
  }
  EXPECT_EQ(matrix.legal(), 20U * (8U + 7U));
}

// Each shape of stage 1 over each of stage 2; 26 bits of input at least, for the tables of stage 1
TEST(Matrix, Nested) {
  Matrix matrix(7);
  std::vector<Config> shapes;
  const auto add_shape = [&](Format format, Granule granule, unsigned TxSZ, bool wide) {
    Config c;
    c.stages = Stages::nested;
    c.stage1.format = format;
    c.stage1.output_size = format != Format::vmsa64 ? 40 : (wide ? 52 : 48);
    c.stage1.DS = c.stage1.LPA = wide;
    c.stage1.v7s.DACR = 0x55555555;
    c.stage1.tables[0].EPD = false;
    c.stage1.tables[0].granule = granule;
    c.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
    shapes.push_back(c);
  };
  for (const Granule granule : granules) {
    for (const unsigned TxSZ : {12U, 16U, 25U, 32U, 39U, 44U}) {
      add_shape(Format::vmsa64, granule, TxSZ, false);
      add_shape(Format::vmsa64, granule, TxSZ, true);
    }
  }
  add_shape(Format::lpae32, Granule::size_4k, 0, false);
  add_shape(Format::lpae32, Granule::size_4k, 7, false);
  add_shape(Format::v7s, Granule::size_4k, 0, false);
  add_shape(Format::mali_lpae, Granule::size_4k, 16, false);

  for (const Config& shape : shapes) {
    // Within 2^20: the smallest input that is used
    const std::uint64_t va = 0xf0000;
    const auto check = [&](Config config) {
      for (int level = -1; level <= 3; ++level) {
        config.stage2.start_level = static_cast<std::int8_t>(level);
        matrix.check_nested(config, va);
      }
    };
    Config config = shape;
    for (const Granule granule : granules) {
      config.stage2.granule = granule;
      for (int T0SZ = 11; T0SZ <= 38; T0SZ += 3) {
        config.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
        for (const bool wide : {false, true}) {
          config.stage2.DS = config.stage2.LPA = wide;
          config.stage2.output_size = wide ? 52 : 40;
          check(config);
        }
      }
    }
    config = shape;
    config.stage2.format = Format::lpae32;
    config.stage2.output_size = 40;
    for (int T0SZ = -8; T0SZ <= 6; T0SZ += 2) {
      config.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
      check(config);
    }
  }
  EXPECT_GT(matrix.legal(), 1000U);
}

TEST(Matrix, MaliLpae) {
  Matrix matrix(6);
  for (unsigned TxSZ = 0; TxSZ < 64; ++TxSZ) {
    for (const std::uint8_t output_size : fixed_output_sizes) {
      for (const Granule granule : granules) {
        Config config;
        config.stage1.format = Format::mali_lpae;
        config.stage1.output_size = output_size;
        config.stage1.tables[0].EPD = false;
        config.stage1.tables[0].granule = granule;
        config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
        matrix.check_stage1(config, 0, {0, TxSZ == 0 ? ~std::uint64_t{0} : power(64 - TxSZ) - 1});
      }
    }
  }
  EXPECT_EQ(matrix.legal(), 24U);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
