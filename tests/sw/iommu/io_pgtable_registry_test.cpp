// The registry of the guest's page-table formats, and what a set of tables is refused for.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "io_pgtable_tables.h"

namespace {

constexpr unsigned long k4 = SZ_4K | SZ_2M | SZ_1G;

io_pgtable* no_tables(io_pgtable_cfg*, void*) { return nullptr; }
void nothing_to_free(io_pgtable*) {}
constexpr io_pgtable_init_fns kFns = {no_tables, nothing_to_free};

io_pgtable_init_fns_node node_of(io_pgtable_fmt format) { return {format, "ANOTHER", &kFns, nullptr}; }

bool says(const std::string& text) { return std::string(host_messages()).find(text) != std::string::npos; }

TEST(Registry, FormatsComeAndGoWithTheirModules) {
  host_reset();
  EXPECT_FALSE(io_pgtable_format_registered(ARM_64_LPAE_S1));
  {
    FormatModules modules;
    for (int f = 0; f < IO_PGTABLE_NUM_FMTS; ++f)
      EXPECT_TRUE(io_pgtable_format_registered(static_cast<io_pgtable_fmt>(f))) << f;
    EXPECT_FALSE(io_pgtable_format_registered(IO_PGTABLE_NUM_FMTS));
    EXPECT_TRUE(says("format ARM_V7S registered"));
  }
  for (int f = 0; f < IO_PGTABLE_NUM_FMTS; ++f)
    EXPECT_FALSE(io_pgtable_format_registered(static_cast<io_pgtable_fmt>(f))) << f;
}

TEST(Registry, DeferredDevicesAreTriedAgainWhenFormatsCome) {
  host_reset();
  ASSERT_EQ(host_init_arm(), 0);
  EXPECT_EQ(host_deferred_triggers(), 1U);
  EXPECT_EQ(host_init_arm(), -EEXIST);
  EXPECT_EQ(host_deferred_triggers(), 1U) << "nothing has come";
  host_exit_arm();
}

TEST(Registry, AFormatThatNobodyProvidesIsNamedByWhatLoadsIt) {
  host_reset();
  const Tables tables({.format = ARM_V7S});
  EXPECT_EQ(tables.error(), -ENOENT);
  EXPECT_TRUE(says("format 4 is not registered")) << host_messages();
  EXPECT_TRUE(says("modprobe io-pgtable-fmt-4")) << host_messages();
}

TEST(Registry, ANumberThatIsNoFormatIsRefused) {
  host_reset();
  EXPECT_EQ(Tables({.format = IO_PGTABLE_NUM_FMTS}).error(), -EINVAL);
}

TEST(Registry, FormatsAreRegisteredAllOrNone) {
  FormatModules modules;
  host_exit_v7s();
  const io_pgtable_init_fns_node nodes[] = {node_of(ARM_V7S), node_of(ARM_64_LPAE_S1)};
  EXPECT_EQ(io_pgtable_register_formats(nodes, 2), -EEXIST);
  EXPECT_TRUE(says("format ARM_64_LPAE_S1 is registered already"));
  EXPECT_FALSE(io_pgtable_format_registered(ARM_V7S));
  const io_pgtable_init_fns_node twice[] = {node_of(ARM_V7S), node_of(ARM_V7S)};
  EXPECT_EQ(io_pgtable_register_formats(twice, 2), -EEXIST);
  EXPECT_FALSE(io_pgtable_format_registered(ARM_V7S));
  ASSERT_EQ(host_init_v7s(), 0);
}

TEST(Registry, AFormatOfOthersIsNotWithdrawn) {
  FormatModules modules;
  const io_pgtable_init_fns_node other = node_of(ARM_V7S);
  io_pgtable_unregister_formats(&other, 1);
  EXPECT_TRUE(io_pgtable_format_registered(ARM_V7S));
}

TEST(Registry, ANodeThatIsNotCompleteIsRefused) {
  host_reset();
  const io_pgtable_init_fns no_free = {no_tables, nullptr};
  const io_pgtable_init_fns no_alloc = {nullptr, nothing_to_free};
  const io_pgtable_init_fns_node bad[] = {
      {IO_PGTABLE_NUM_FMTS, "A", &kFns, nullptr}, {ARM_V7S, nullptr, &kFns, nullptr},
      {ARM_V7S, "A", nullptr, nullptr},           {ARM_V7S, "A", &no_free, nullptr},
      {ARM_V7S, "A", &no_alloc, nullptr},
  };
  for (const auto& node : bad) EXPECT_EQ(io_pgtable_register_formats(&node, 1), -EINVAL);
  EXPECT_FALSE(io_pgtable_format_registered(ARM_V7S));
}

TEST(Registry, TablesHoldTheFormatInTheNameOfTheirUser) {
  FormatModules modules;
  int user = 0;
  auto* holder = reinterpret_cast<struct module*>(&user);
  io_pgtable_cfg cfg{};
  cfg.pgsize_bitmap = k4;
  cfg.ias = cfg.oas = 48;
  io_pgtable_ops* first = nullptr;
  io_pgtable_ops* second = nullptr;
  ASSERT_EQ(alloc_io_pgtable_ops(ARM_64_LPAE_S1, &cfg, nullptr, holder, &first), 0);
  EXPECT_EQ(host_references(&user), 1);
  ASSERT_EQ(alloc_io_pgtable_ops(ARM_64_LPAE_S2, &cfg, nullptr, holder, &second), 0);
  EXPECT_EQ(host_references(&user), 2);
  free_io_pgtable_ops(first);
  EXPECT_EQ(host_references(&user), 1);
  free_io_pgtable_ops(second);
  free_io_pgtable_ops(nullptr);
  EXPECT_EQ(host_references(&user), 0);
}

TEST(Registry, AModuleThatIsLeavingIsAsGoodAsGone) {
  FormatModules modules;
  host_set_leaving(1);
  EXPECT_EQ(Tables({}).error(), -ENOENT);
  EXPECT_TRUE(says("the module of format ARM_64_LPAE_S1 is being unloaded"));
}

TEST(Registry, LackOfMemoryIsToldAsSuch) {
  FormatModules modules;
  // The reference, the tables' object, their first table
  for (unsigned n = 1; n <= 3; ++n) {
    host_forget_messages();
    host_fail_allocation(n);
    EXPECT_EQ(Tables({}).error(), -ENOMEM) << n;
    EXPECT_EQ(says("no memory for a reference to the module of format ARM_64_LPAE_S1"), n == 1);
    EXPECT_FALSE(says("unloaded"));
  }
}

struct Refusal {
  const char* why;
  Wanted wanted;
};

TEST(Registry, WhatNoTablesCanServeIsRefusedWithTheReason) {
  FormatModules modules;
  const Refusal refusals[] = {
      {"address bits", {ARM_64_LPAE_S1, 24, 48, k4}},
      {"address bits", {ARM_64_LPAE_S1, 49, 48, k4}},
      {"address bits", {ARM_64_LPAE_S1, 49, 48, SZ_16K}},
      {"address bits", {ARM_64_LPAE_S1, 53, 48, SZ_64K}},
      {"address bits", {ARM_64_LPAE_S1, 48, 33, k4}},
      {"address bits", {ARM_64_LPAE_S2, 49, 48, k4}},
      {"address bits", {ARM_32_LPAE_S1, 33, 40, k4}},
      {"address bits", {ARM_32_LPAE_S2, 41, 40, k4}},
      {"address bits", {ARM_MALI_LPAE, 49, 40, k4}},
      {"address bits", {ARM_V7S, 33, 32, SZ_4K}},
      {"address bits", {ARM_V7S, 24, 32, SZ_4K}},
      {"address bits", {ARM_V7S, 32, 31, SZ_4K}},
      {"granule", {ARM_64_LPAE_S1, 48, 48, SZ_2M}},
      {"granule", {ARM_32_LPAE_S1, 32, 40, SZ_16K | SZ_64K}},
      {"granule", {ARM_MALI_LPAE, 48, 40, SZ_64K}},
      {"small pages", {ARM_V7S, 32, 32, SZ_64K | SZ_1M}},
      {"quirks 0x2 ", {ARM_64_LPAE_S1, 48, 48, k4, IO_PGTABLE_QUIRK_NO_PERMS}},
      {"quirks 0x1 ", {ARM_64_LPAE_S2, 48, 48, k4, IO_PGTABLE_QUIRK_ARM_NS}},
      {"quirks 0x4 ", {ARM_32_LPAE_S1, 32, 40, k4, IO_PGTABLE_QUIRK_ARM_TTBR1}},
      {"quirks 0x8 ", {ARM_V7S, 32, 32, SZ_4K, IO_PGTABLE_QUIRK_ARM_OUTER_WBWA}},
      {"quirks 0x1 ", {ARM_MALI_LPAE, 48, 40, k4, IO_PGTABLE_QUIRK_ARM_NS}},
      {"quirks 0x100 ", {ARM_64_LPAE_S1, 48, 48, k4, 0x100}},
      {"ARM_OUTER_WBWA", {ARM_64_LPAE_S1, 48, 48, k4, IO_PGTABLE_QUIRK_ARM_OUTER_WBWA, true}},
  };
  for (const auto& r : refusals) {
    host_forget_messages();
    EXPECT_EQ(Tables(r.wanted).error(), -EINVAL) << r.wanted;
    EXPECT_TRUE(says(r.why)) << r.wanted << ": " << host_messages();
  }
}

TEST(Registry, TablesThatTheWalkerCannotReachAreRefused) {
  FormatModules modules;
  host_set_base(0x100000000);
  EXPECT_EQ(Tables({ARM_V7S, 32, 40, SZ_4K}).error(), -ENOMEM);
  EXPECT_TRUE(says("below 32 address bits")) << host_messages();
  EXPECT_TRUE((host_gfp_seen() & GFP_DMA32) != 0) << "memory below 4 GiB was not asked for";
  EXPECT_EQ(Tables({ARM_64_LPAE_S1, 48, 32, k4}).error(), -ENOMEM);
  host_forget_gfp();
  EXPECT_EQ(Tables({ARM_64_LPAE_S1, 48, 36, k4}).error(), 0);
  EXPECT_TRUE((host_gfp_seen() & GFP_DMA32) == 0);
  host_set_base(0x10000000000);
  EXPECT_EQ(Tables({ARM_MALI_LPAE, 48, 48, k4}).error(), -ENOMEM);
  EXPECT_EQ(Tables({ARM_32_LPAE_S2, 40, 48, k4}).error(), -ENOMEM);
  EXPECT_EQ(Tables({ARM_64_LPAE_S1, 48, 42, k4}).error(), 0);
}

TEST(Registry, SelfTestsRunOnRequestOnly) {
  host_reset();
  const unsigned before = host_allocations();
  ASSERT_EQ(host_init_arm(), 0);
  host_exit_arm();
  EXPECT_EQ(host_allocations(), before);
  *host_param_selftest_arm() = true;
  *host_param_selftest_v7s() = true;
  {
    FormatModules modules;
    EXPECT_TRUE(says(" passed, 0 failed")) << host_messages();
    EXPECT_FALSE(says("does not hold")) << host_messages();
    EXPECT_GT(host_allocations(), 100U);
  }
  // A failure keeps the formats out.
  host_fail_allocation(40);
  EXPECT_EQ(host_init_arm(), -EFAULT);
  EXPECT_FALSE(io_pgtable_format_registered(ARM_64_LPAE_S1));
  *host_param_selftest_arm() = false;
  *host_param_selftest_v7s() = false;
}

}  // namespace
