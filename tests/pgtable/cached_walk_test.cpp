// Walks that are told what caches know end as walks that read everything do, in every format and stage.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "naive_scenario.h"
#include "oracle_scale.h"
#include "scenario_memory.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/walk_visit.h"

namespace smmuvp::pgtable::test {
namespace {

using ull = unsigned long long;

struct Counts {
  std::uint64_t walks = 0;
  std::uint64_t translated = 0;
  std::uint64_t by_table[3] = {};        // questions answered by a TablePointer, by stage
  std::uint64_t by_translation[3] = {};  // by a Stage2Translation, by LookupUse
  std::uint64_t refused[3] = {};         // Stage2Translations that could not serve, by LookupUse
  std::uint64_t unknown = 0;
  std::uint64_t not_read = 0;  // descriptors that the caches have saved

  void print(const char* what) const {
    std::printf("%s: %llu walks, %llu translated, %llu descriptors not read\n", what, ull{walks},
                ull{translated}, ull{not_read});
    std::printf("  answered by a table: stage 1 %llu, stage 2 %llu; not at all: %llu\n", ull{by_table[1]},
                ull{by_table[2]}, ull{unknown});
    std::printf("  by a stage 2 translation: input %llu, table read %llu, table update %llu\n",
                ull{by_translation[0]}, ull{by_translation[1]}, ull{by_translation[2]});
    std::printf("  refused: input %llu, table read %llu, table update %llu\n", ull{refused[0]},
                ull{refused[1]}, ull{refused[2]});
  }
};

// What an SMMU would keep of one WalkSetup: nothing is ever evicted.
class Caches {
 public:
  // Answers the question, if anything that helps is known.
  bool answer(Walk& walk, const WalkQuestion& q, Counts& counts) const {
    const auto use = static_cast<unsigned>(q.use);
    if (q.stage == Stage::stage2) {
      for (int level = q.last_level; level >= q.start_level; --level) {
        const auto found = m_translations.find({level, q.input >> q.block_shift(level)});
        if (found == m_translations.end()) continue;
        if (walk.use(found->second.translation)) {
          ++counts.by_translation[use];
          return true;
        }
        ++counts.refused[use];
      }
    }
    for (int level = q.last_level; level > q.start_level; --level) {
      const auto found = m_tables.find({q.stage, level, q.input >> q.region_shift(level)});
      if (found == m_tables.end()) continue;
      EXPECT_TRUE(walk.start_at(found->second));
      ++counts.by_table[static_cast<unsigned>(q.stage)];
      return true;
    }
    return false;
  }

  void keep(const TablePointer& table, std::uint64_t input) {
    m_tables[{table.stage, table.level, input >> table.region_shift}] = table;
  }
  void keep(const Stage2Translation& t, std::uint64_t ipa, std::uint64_t descriptor_address) {
    m_translations[{t.level, ipa >> t.block_shift}] = {t, descriptor_address};
  }
  // What software does after it has changed a descriptor.
  void forget(std::uint64_t descriptor_address) {
    for (auto i = m_translations.begin(); i != m_translations.end();) {
      i = i->second.descriptor_address == descriptor_address ? m_translations.erase(i) : std::next(i);
    }
  }

 private:
  struct Kept {
    Stage2Translation translation;
    std::uint64_t descriptor_address;
  };
  std::map<std::tuple<Stage, int, std::uint64_t>, TablePointer> m_tables;
  std::map<std::tuple<int, std::uint64_t>, Kept> m_translations;
};

Result cached_walk(const WalkSetup& setup, const WalkRequest& request, Overlay& memory, Caches& caches,
                   Counts& counts) {
  Walk walk(setup, request);
  std::uint64_t input = 0;
  for (;;) {
    while (const auto question = walk.question()) {
      if (question->stage == Stage::stage1) input = question->input;
      if (caches.answer(walk, *question, counts)) continue;
      ++counts.unknown;
      walk.start_at_base();
    }
    if (walk.step() == Step::done) break;
    const MemoryOp op = walk.op();
    walk.complete(respond(memory, op));
    if (const auto table = walk.found_table()) {
      caches.keep(*table, table->stage == Stage::stage1 ? input : walk.stage2_input());
    }
    if (const auto translation = walk.found_stage2()) {
      caches.keep(*translation, walk.stage2_input(), op.address);
    }
  }
  for (const DescriptorUpdate& u : walk.result().updates) caches.forget(u.address);
  return walk.result();
}

// Every fact of an answer but the descriptors that were read.
std::vector<std::uint8_t> facts(Result r) {
  r.descriptors = DescriptorTrace();
  ArchiveWriter writer;
  detail::visit(writer, r);
  return writer.data();
}

std::string outcome(const Result& r) {
  char text[200];
  if (r.ok()) {
    std::snprintf(text, sizeof text, "output 0x%llx rights 0x%x nG %d space %d, %zu updates, %zu read",
                  ull{r.output}, unsigned{r.rights.bits}, r.nG, static_cast<int>(r.space), r.updates.size(),
                  r.descriptors.size());
  } else {
    std::snprintf(text, sizeof text, "%s stage %d level %d ipa 0x%llx table %d at 0x%llx, %zu read",
                  to_string(r.fault.kind), static_cast<int>(r.fault.stage), int{r.fault.level},
                  ull{r.fault.ipa}, r.fault.on_table_walk, ull{r.fault.table_address}, r.descriptors.size());
  }
  return text;
}

// Mostly near an address of before, so that caches know something of it.
WalkRequest near_request(const NaiveScenario& scenario, std::vector<std::uint64_t>& addresses,
                         Random& random) {
  WalkRequest request = scenario.request(random);
  if (addresses.size() < 3) {
    addresses.push_back(request.va);
  } else if (!random.once_in(8)) {
    const std::uint64_t offset = random.bits() & ((std::uint64_t{1} << random.below(36)) - 1);
    request.va = addresses[random.below(static_cast<unsigned>(addresses.size()))] ^ offset;
    if (scenario.config.stage1.format == Format::v7s || scenario.config.stage1.format == Format::lpae32) {
      request.va &= 0xffffffff;
    }
  }
  return request;
}

Counts compare_family(Family family, std::uint64_t walks) {
  Random random(700 + static_cast<unsigned>(family));
  Counts counts;
  while (counts.walks < walks * oracle_scale()) {
    const NaiveScenario scenario = random_naive_scenario(family, random);
    const WalkSetup setup(scenario.config);
    EXPECT_TRUE(setup.ok());
    Overlay memory(scenario);
    Caches caches;
    std::vector<std::uint64_t> addresses;
    for (unsigned i = 0; i < 64; ++i) {
      const WalkRequest request = near_request(scenario, addresses, random);
      Overlay same_memory = memory;
      const Result all_read =
          walk(setup, request, [&](const MemoryOp& op) { return respond(same_memory, op); });
      const Result cached = cached_walk(setup, request, memory, caches, counts);
      ++counts.walks;
      if (all_read.ok()) ++counts.translated;
      counts.not_read += all_read.descriptors.size() - cached.descriptors.size();
      EXPECT_EQ(facts(cached), facts(all_read))
          << "walk " << counts.walks << ": " << describe(scenario, request)
          << "\n  all read: " << outcome(all_read) << "\n  cached: " << outcome(cached);
      EXPECT_EQ(memory.written(), same_memory.written()) << "walk " << counts.walks;
      if (cached.ok()) {
        EXPECT_EQ(cached.rights.bits, combine(cached.stage1_rights, cached.stage2_rights).bits);
      }
      if (::testing::Test::HasFailure()) return counts;
    }
  }
  counts.print(to_string(family));
  EXPECT_GT(counts.translated, counts.walks / 30);
  return counts;
}

void expect_stage1_answers(const Counts& counts) { EXPECT_GT(counts.by_table[1], 0U); }
void expect_stage2_answers(const Counts& counts) {
  EXPECT_GT(counts.by_table[2], 0U);
  EXPECT_GT(counts.by_translation[static_cast<unsigned>(LookupUse::input)], 0U);
  EXPECT_GT(counts.refused[static_cast<unsigned>(LookupUse::input)], 0U);
}
void expect_nested_answers(const Counts& counts) {
  expect_stage1_answers(counts);
  expect_stage2_answers(counts);
  EXPECT_GT(counts.by_translation[static_cast<unsigned>(LookupUse::table_read)], 0U);
}

TEST(CachedWalk, Stage1EndsAsItDoesWithoutCaches) {
  expect_stage1_answers(compare_family(Family::stage1, 200000));
}
TEST(CachedWalk, Stage2EndsAsItDoesWithoutCaches) {
  expect_stage2_answers(compare_family(Family::stage2, 200000));
}
TEST(CachedWalk, NestedStagesEndAsTheyDoWithoutCaches) {
  const Counts counts = compare_family(Family::nested, 400000);
  expect_nested_answers(counts);
  EXPECT_GT(counts.by_translation[static_cast<unsigned>(LookupUse::table_update)], 0U);
  EXPECT_GT(counts.refused[static_cast<unsigned>(LookupUse::table_update)], 0U);
}
TEST(CachedWalk, AArch32LongDescriptorsEndAsTheyDoWithoutCaches) {
  expect_nested_answers(compare_family(Family::lpae32, 200000));
}
TEST(CachedWalk, ShortDescriptorsEndAsTheyDoWithoutCaches) {
  expect_nested_answers(compare_family(Family::v7s, 200000));
}
TEST(CachedWalk, MaliTablesEndAsTheyDoWithoutCaches) {
  expect_stage1_answers(compare_family(Family::mali, 100000));
}

}  // namespace
}  // namespace smmuvp::pgtable::test
