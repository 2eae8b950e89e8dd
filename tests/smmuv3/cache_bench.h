// Everything of an SMMU that holds translations, filled by hand as walks fill it, and looked through after a
// command.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "world.h"

namespace smmuvp::smmuv3 {

using smmu::CacheKey;

enum class Cache : std::uint8_t { tlb, micro_tlb, grants, walk_cache, ipa_cache };
inline constexpr Cache caches[] = {Cache::tlb, Cache::micro_tlb, Cache::grants, Cache::walk_cache,
                                   Cache::ipa_cache};
inline constexpr const char* cache_names[] = {"TLB", "micro TLB", "grants", "walk cache", "IPA cache"};

struct Put {
  Cache cache;
  CacheKey key;
  std::uint64_t first;  ///< of a grant: the part of the page that it is of
};

/// A command as software means it.
struct Tlbi {
  std::uint8_t opcode = 0x12;
  std::uint16_t vmid = 1;
  std::uint16_t asid = 1;
  std::uint64_t address = 0;
  bool leaf = false;
  unsigned TG = 0;
  unsigned TTL = 0;
  unsigned NUM = 0;
  unsigned SCALE = 0;

  std::uint64_t word0() const {
    return opcode | std::uint64_t{NUM} << 12U | std::uint64_t{SCALE} << 20U | std::uint64_t{vmid} << 32U |
           std::uint64_t{asid} << 48U;
  }
  std::uint64_t word1() const {
    return (leaf ? 1U : 0U) | std::uint64_t{TTL} << 8U | std::uint64_t{TG} << 10U |
           (address & ~std::uint64_t{0xfff});
  }
  unsigned granule() const { return 10 + 2 * TG; }
};

class CacheBench {
 public:
  explicit CacheBench(const Features& f, bool E2H = false) : w(f, large()) {
    w.start(8, 0);
    w.write(0x2c, CR2_RECINVSID | (E2H ? CR2_E2H : 0));
    w.write(0x20, CR0_implemented);
    grants = &w.smmu.engine().allow_grants(
        0, 7, [this](const smmu::AddressRange& r) { withdrawn.push_back(r.first); });
  }
  static Structures large() {
    Structures s = World::untimed();
    s.tlb_ways = s.walk_cache_ways = s.ipa_cache_ways = 256;  // nothing goes for want of room
    s.tlb_sets = s.walk_cache_sets = s.ipa_cache_sets = 1;
    s.micro_tlb_geometry = {1, 256};
    return s;
  }

  /// log2 of what a leaf of that level translates.
  static unsigned leaf_shift(unsigned granule, int level) {
    return granule + (granule - 3) * static_cast<unsigned>(3 - level);
  }
  /// What walks tag by, of the kind of entry that a command names: of VMID 1 and ASID 1 where there are any.
  static smmu::Tag tag_for(std::uint8_t opcode) {
    smmu::Tag tag;
    if (opcode == 0x2a) tag.stages = pgtable::Stages::stage2;
    if (opcode == 0x22 || opcode == 0x23) {
      tag.regime = static_cast<std::uint8_t>(StreamWorld::NS_EL2);
      return tag;
    }
    tag.vmid = 1;
    if (opcode != 0x2a) tag.asid = 1;
    return tag;
  }
  static CacheKey page(std::uint64_t input, unsigned granule = 12, int level = 3,
                       std::uint8_t opcode = 0x12) {
    CacheKey k;
    k.tag = tag_for(opcode);
    k.shift = static_cast<std::uint8_t>(leaf_shift(granule, level));
    k.level = static_cast<std::int8_t>(level);
    k.granule = static_cast<std::uint8_t>(granule);
    k.input = input >> k.shift << k.shift;
    return k;
  }
  /// Of the table whose descriptors are of that level.
  static CacheKey table(std::uint64_t input, unsigned granule, int level, std::uint8_t opcode = 0x12) {
    CacheKey k = page(input, granule, level - 1, opcode);
    k.level = static_cast<std::int8_t>(level);
    return k;
  }

  void put(Cache cache, const CacheKey& key) {
    smmu::Engine& engine = w.smmu.engine();
    // Names of entries at TBUs are owners, and of grants their first addresses: each has another.
    const std::uint64_t number = all.size();
    const std::uint64_t first = key.input + 16 * number;
    switch (cache) {
      case Cache::tlb:
        engine.tlb().insert(key, {});
        break;
      case Cache::micro_tlb:
        engine.tbu_of(0).answers.insert(number, key, {});
        break;
      case Cache::grants: {
        smmu::DirectRegion region;
        region.key = key;
        region.input = {first, first + 15};
        region.output = region.input;
        ASSERT_TRUE(grants->add(region));
        break;
      }
      case Cache::walk_cache:
        engine.walk_cache().insert(key, {});
        break;
      case Cache::ipa_cache:
        engine.ipa_cache().insert(key, {});
        break;
    }
    all.push_back({cache, key, first});
  }
  void put_everywhere(const CacheKey& key) {
    for (const Cache c : {Cache::tlb, Cache::micro_tlb, Cache::grants}) put(c, key);
    if (key.tag.stages == pgtable::Stages::stage2) put(Cache::ipa_cache, key);
  }
  bool is_there(const Put& p) {
    smmu::Engine& engine = w.smmu.engine();
    const auto found = [&](const auto& cache) {
      bool there = false;
      cache.for_each([&](const auto& e) {
        const CacheKey k = e.key();
        there = there ||
                (k.input == p.key.input && k.shift == p.key.shift && k.level == p.key.level &&
                 k.granule == p.key.granule && k.global == p.key.global && k.tag.vmid == p.key.tag.vmid &&
                 k.tag.regime == p.key.tag.regime && k.tag.stages == p.key.tag.stages &&
                 k.tag.asid_set == p.key.tag.asid_set && (k.global || k.tag.asid == p.key.tag.asid));
      });
      return there;
    };
    switch (p.cache) {
      case Cache::tlb:
        return found(engine.tlb());
      case Cache::micro_tlb:
        return found(engine.tbu_of(0).answers);
      case Cache::grants:
        return std::find(withdrawn.begin(), withdrawn.end(), p.first) == withdrawn.end();
      case Cache::walk_cache:
        return found(engine.walk_cache());
      case Cache::ipa_cache:
        return found(engine.ipa_cache());
    }
    return false;
  }

  void forget() {
    smmu::Engine& engine = w.smmu.engine();
    engine.tlb().clear();
    engine.walk_cache().clear();
    engine.ipa_cache().clear();
    engine.tbu_of(0).answers.clear();
    grants->withdraw_all();
    withdrawn.clear();
    all.clear();
  }

  World w;
  smmu::Grants* grants = nullptr;
  std::vector<std::uint64_t> withdrawn;
  std::vector<Put> all;
};

}  // namespace smmuvp::smmuv3
