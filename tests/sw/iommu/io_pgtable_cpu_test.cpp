// The guest's tables before the MMUs of Arm CPUs (unicorn): stage 1 of VMSAv8-64, and both formats of
// VMSAv8-32. Random mappings, at random addresses: the CPU finds what the tables' own lookup finds.
#include <gtest/gtest.h>

#include <random>

#include "io_pgtable_tables.h"
#include "unicorn_aarch32.h"
#include "unicorn_oracle.h"

using namespace smmuvp::pgtable;

namespace {

constexpr std::uint64_t PAR_F = 1;
constexpr int prots[] = {
    IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE, IOMMU_READ,
    IOMMU_READ | IOMMU_WRITE | IOMMU_PRIV,  IOMMU_READ | IOMMU_PRIV | IOMMU_CACHE,
    IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO,
};

struct Mapping {
  std::uint64_t iova, pa, size;
  int prot;
};

/// Maps some leaves of each size at random places, and removes part of some.
std::vector<Mapping> fill(Tables& tables, std::mt19937_64& rng) {
  std::vector<Mapping> mappings;
  for (const std::uint64_t size : tables.sizes()) {
    for (int i = 0; i < 12; ++i) {
      const std::uint64_t places = (1ULL << tables.wanted().ias) / size;
      const std::uint64_t outputs = (1ULL << tables.leaf_oas(size)) / size;
      if (places < 2 || outputs < 2) continue;
      const std::uint64_t iova = tables.base() + rng() % places * size;
      const std::uint64_t pa = (1 + rng() % (outputs - 1)) * size;
      const int prot = prots[rng() % std::size(prots)];
      if (tables.map(iova, pa, size, 1, prot) != 0) continue;
      mappings.push_back({iova, pa, size, prot});
      if (i % 4 == 0)
        tables.unmap(iova + size / 2 / tables.smallest() * tables.smallest(), tables.smallest());
    }
  }
  return mappings;
}

/// Addresses in, before and behind each mapping.
std::vector<std::uint64_t> addresses(const Tables& tables, const std::vector<Mapping>& mappings,
                                     std::mt19937_64& rng) {
  const std::uint64_t mask = (1ULL << tables.wanted().ias) - 1;
  std::vector<std::uint64_t> all;
  for (const Mapping& m : mappings)
    for (const std::uint64_t va : {m.iova, m.iova + m.size - 1, m.iova - 1, m.iova + m.size,
                                   m.iova + rng() % m.size, m.iova + m.size / 2})
      all.push_back(tables.base() + (va & mask));
  return all;
}

/// The last one: another may have been there and have gone.
const Mapping& mapping_of(const std::vector<Mapping>& mappings, std::uint64_t va) {
  for (auto m = mappings.rbegin(); m != mappings.rend(); ++m)
    if (va - m->iova < m->size) return *m;
  static const Mapping none{};
  return none;
}

std::uint64_t read64(std::uint64_t address) {
  std::uint64_t value = 0;
  host_read(address, 8, &value);
  return value;
}

std::uint32_t read32(std::uint64_t address) {
  std::uint64_t value = 0;
  host_read(address, 4, &value);
  return static_cast<std::uint32_t>(value);
}

bool allowed(int prot, bool privileged, bool store) {
  return (privileged || (prot & IOMMU_PRIV) == 0) && (!store || (prot & IOMMU_WRITE) != 0);
}

TEST(IoPgtableCpu, AarchSixtyFourWalksTheTablesOfStage1) {
  FormatModules modules;
  std::mt19937_64 rng(1);
  unsigned found = 0;
  for (const Wanted& wanted : every_kind()) {
    // The engine's CPU has outputs and inputs of 48 bits, and no Secure state here.
    if (wanted.format != ARM_64_LPAE_S1 || wanted.ias > 48 || wanted.oas > 48) continue;
    if ((wanted.quirks & IO_PGTABLE_QUIRK_ARM_NS) != 0) continue;
    Tables tables(wanted);
    const auto mappings = fill(tables, rng);
    Config config = tables.config();
    config.stage1.tables[tables.base() != 0 ? 0 : 1].EPD = true;
    smmuvp::pgtable::test::Translator cpu(read64);
    cpu.set_registers(config);
    for (const std::uint64_t va : addresses(tables, mappings, rng)) {
      const std::uint64_t pa = tables.lookup(va);
      for (unsigned access = 0; access < 4; ++access) {
        const bool privileged = (access & 1) != 0;
        const bool store = (access & 2) != 0;
        const std::uint64_t par = cpu.stage1(privileged, store, false, va);
        const bool expected = pa != 0 && allowed(mapping_of(mappings, va).prot, privileged, store);
        ASSERT_EQ((par & PAR_F) == 0, expected) << wanted << std::hex << " va " << va << " PAR " << par;
        if (!expected) continue;
        ASSERT_EQ(par & 0xfffffffff000, pa & ~0xfffULL) << wanted << std::hex << " va " << va;
        ++found;
      }
    }
  }
  EXPECT_GT(found, 1000U);
}

TEST(IoPgtableCpu, AarchThirtyTwoWalksTheTablesOfItsLongDescriptors) {
  FormatModules modules;
  std::mt19937_64 rng(2);
  unsigned found = 0;
  smmuvp::pgtable::test::UnicornAArch32 cpu(read32, smmuvp::pgtable::test::UnicornAArch32::Mode::system);
  for (const Wanted& wanted : every_kind()) {
    if (wanted.format != ARM_32_LPAE_S1) continue;
    Tables tables(wanted);
    const auto mappings = fill(tables, rng);
    cpu.set_registers(tables.config());
    for (const std::uint64_t va : addresses(tables, mappings, rng)) {
      const std::uint64_t pa = tables.lookup(va);
      for (unsigned access = 0; access < 4; ++access) {
        const bool privileged = (access & 1) != 0;
        const bool store = (access & 2) != 0;
        const std::uint64_t par = cpu.stage1_long(privileged, store, va);
        const bool expected = pa != 0 && allowed(mapping_of(mappings, va).prot, privileged, store);
        ASSERT_EQ((par & PAR_F) == 0, expected) << wanted << std::hex << " va " << va << " PAR " << par;
        if (!expected) continue;
        ASSERT_EQ(par & 0xfffffff000, pa & ~0xfffULL) << wanted << std::hex << " va " << va;
        ++found;
      }
    }
  }
  EXPECT_GT(found, 200U);
}

TEST(IoPgtableCpu, AarchThirtyTwoWalksTheTablesOfShortDescriptors) {
  FormatModules modules;
  std::mt19937_64 rng(3);
  unsigned found = 0;
  smmuvp::pgtable::test::UnicornAArch32 cpu(read32, smmuvp::pgtable::test::UnicornAArch32::Mode::system);
  for (Wanted wanted : every_kind()) {
    if (wanted.format != ARM_V7S) continue;
    // PAR has 32 bits of address, but for supersections: those are for the walker of pgtable/.
    wanted.oas = 32;
    Tables tables(wanted);
    const auto mappings = fill(tables, rng);
    const bool permissions = (wanted.quirks & IO_PGTABLE_QUIRK_NO_PERMS) == 0;
    cpu.set_registers(tables.config());
    for (const std::uint64_t va : addresses(tables, mappings, rng)) {
      const std::uint64_t pa = tables.lookup(va);
      for (unsigned access = 0; access < 4; ++access) {
        const bool privileged = (access & 1) != 0;
        const bool store = (access & 2) != 0;
        const std::uint32_t par = cpu.stage1_short(privileged, store, va);
        const bool expected =
            pa != 0 && (!permissions || allowed(mapping_of(mappings, va).prot, privileged, store));
        ASSERT_EQ((par & PAR_F) == 0, expected) << wanted << std::hex << " va " << va << " PAR " << par;
        if (!expected) continue;
        // PAR.SS: a supersection, of which PA[31:24] are told
        const std::uint32_t mask = (par & 2) != 0 ? 0xff000000 : 0xfffff000;
        ASSERT_EQ(par & mask, pa & mask) << wanted << std::hex << " va " << va << " PAR " << par;
        ++found;
      }
    }
  }
  EXPECT_GT(found, 200U);
}

}  // namespace
