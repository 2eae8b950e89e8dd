// Saving and loading of caches, for their tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/test/edited_archive.h"

namespace smmuvp::smmu {

template <class Cache>
std::vector<std::uint8_t> saved(Cache& cache) {
  ArchiveWriter writer;
  cache.visit(writer);
  return writer.data();
}

/// What is wrong with `data`, or nothing.
template <class Cache>
std::string load_error(Cache& cache, const std::vector<std::uint8_t>& data) {
  ArchiveReader reader(data);
  cache.visit(reader);
  if (!reader.ok()) return reader.error();
  return reader.complete() ? "" : "data is left over";
}

/// The same with other values of some numbers.
template <class Cache>
std::string load_error(Cache& cache, const std::vector<std::uint8_t>& data, std::vector<test::Edit> edits) {
  test::EditedReader reader(data, std::move(edits));
  cache.visit(reader);
  EXPECT_TRUE(reader.edited()) << "not all of these numbers are there";
  return reader.error();
}

/// Every archive that a byte or an end distinguishes from `data` is refused, or loads into something that can
/// be saved and goes on; what is refused leaves nothing behind. @param use  goes on with a cache
template <class Cache, class Use>
void expect_damage_is_harmless(const std::vector<std::uint8_t>& data, Cache cache, Use use) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::vector<std::uint8_t> damaged = data;
    damaged.resize(i);
    ASSERT_NE(load_error(cache, damaged), "") << "cut at " << i;
    ASSERT_EQ(cache.size(), 0U);
    for (const unsigned bit : {0x01U, 0x80U, 0xffU}) {
      damaged = data;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ bit);
      if (!load_error(cache, damaged).empty()) {
        ASSERT_EQ(cache.size(), 0U) << "byte " << i;
      } else {
        ASSERT_EQ(saved(cache), damaged) << "byte " << i;
      }
      use(cache);
    }
  }
}

}  // namespace smmuvp::smmu
