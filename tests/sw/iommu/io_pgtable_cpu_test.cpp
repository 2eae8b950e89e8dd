// The guest's tables before the MMUs of Arm CPUs (unicorn), both stages. Random mappings, at random
// addresses: the CPU finds what the tables' own lookup finds.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "io_pgtable_tables.h"
#include "unicorn_aarch32.h"
#include "unicorn_oracle.h"

using namespace smmuvp::pgtable;
using smmuvp::pgtable::test::Translator;
using smmuvp::pgtable::test::UnicornAArch32;

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

bool allowed(const Wanted& wanted, int prot, bool privileged, bool store) {
  if ((wanted.quirks & IO_PGTABLE_QUIRK_NO_PERMS) != 0) return true;
  const bool stage2 = wanted.format == ARM_64_LPAE_S2 || wanted.format == ARM_32_LPAE_S2;
  if (!privileged && !stage2 && (prot & IOMMU_PRIV) != 0) return false;
  return !store || (prot & IOMMU_WRITE) != 0;
}

/// Lets a CPU translate what lies in and beside random mappings. `translate` gives PAR for privileged, store
/// and address; `address_bits` says which of a PAR are the output address. Answers how many were translated.
template <class Translate, class AddressBits>
unsigned compare(Tables& tables, std::mt19937_64& rng, Translate translate, AddressBits address_bits) {
  const Wanted& wanted = tables.wanted();
  unsigned found = 0;
  const auto mappings = fill(tables, rng);
  for (const std::uint64_t va : addresses(tables, mappings, rng)) {
    const std::uint64_t pa = tables.lookup(va);
    for (unsigned access = 0; access < 4; ++access) {
      const bool privileged = (access & 1) != 0;
      const bool store = (access & 2) != 0;
      const std::uint64_t par = translate(privileged, store, va);
      const bool expected = pa != 0 && allowed(wanted, mapping_of(mappings, va).prot, privileged, store);
      EXPECT_EQ((par & PAR_F) == 0, expected) << wanted << std::hex << " va " << va << " PAR " << par;
      if (testing::Test::HasFailure()) return found;
      if (!expected) continue;
      const std::uint64_t bits = address_bits(par);
      EXPECT_EQ(par & bits, pa & bits) << wanted << std::hex << " va " << va << " PAR " << par;
      ++found;
    }
  }
  return found;
}

std::uint64_t long_address(std::uint64_t) { return 0xfffffffff000; }

/// Kinds of tables that the engine's CPUs know: 48 bits of input and output, Non-secure.
std::vector<Wanted> kinds_of(io_pgtable_fmt format) {
  std::vector<Wanted> kinds;
  for (const Wanted& w : every_kind())
    if (w.format == format && w.ias <= 48 && w.oas <= 48 && (w.quirks & IO_PGTABLE_QUIRK_ARM_NS) == 0)
      kinds.push_back(w);
  return kinds;
}

TEST(IoPgtableCpu, AarchSixtyFourWalksTheTablesOfStage1) {
  FormatModules modules;
  std::mt19937_64 rng(1);
  unsigned found = 0;
  for (const Wanted& wanted : kinds_of(ARM_64_LPAE_S1)) {
    Tables tables(wanted);
    Translator cpu(read64);
    cpu.set_registers(tables.config());
    found += compare(
        tables, rng,
        [&](bool privileged, bool store, std::uint64_t va) {
          return cpu.stage1(privileged, store, false, va);
        },
        long_address);
  }
  EXPECT_GT(found, 1000U);
}

TEST(IoPgtableCpu, AarchSixtyFourWalksTheTablesOfStage2) {
  FormatModules modules;
  std::mt19937_64 rng(2);
  unsigned found = 0;
  for (Wanted wanted : kinds_of(ARM_64_LPAE_S2)) {
    // Addresses pass through a stage 1 that is off, and the CPU's have 44 bits.
    wanted.ias = std::min(wanted.ias, 44U);
    wanted.oas = std::min(wanted.oas, 44U);
    Tables tables(wanted);
    Translator cpu(read64);
    cpu.set_registers(tables.config(), true);
    found += compare(
        tables, rng,
        [&](bool privileged, bool store, std::uint64_t va) { return cpu.both_stages(privileged, store, va); },
        long_address);
  }
  EXPECT_GT(found, 1000U);
}

TEST(IoPgtableCpu, AarchThirtyTwoWalksTheTablesOfItsLongDescriptors) {
  FormatModules modules;
  std::mt19937_64 rng(3);
  unsigned found = 0;
  UnicornAArch32 cpu(read32, UnicornAArch32::Mode::system);
  for (const Wanted& wanted : kinds_of(ARM_32_LPAE_S1)) {
    Tables tables(wanted);
    cpu.set_registers(tables.config());
    found += compare(
        tables, rng,
        [&](bool privileged, bool store, std::uint64_t va) { return cpu.stage1_long(privileged, store, va); },
        long_address);
  }
  EXPECT_GT(found, 200U);
}

// An input beyond 32 bits does not come out of a stage 1 that is off: those sizes are for the walker of
// pgtable/.
TEST(IoPgtableCpu, AarchThirtyTwoWalksTheTablesOfItsStage2) {
  FormatModules modules;
  std::mt19937_64 rng(4);
  unsigned found = 0;
  UnicornAArch32 cpu(read32, UnicornAArch32::Mode::hyp);
  for (const Wanted& wanted : kinds_of(ARM_32_LPAE_S2)) {
    if (wanted.ias > 32) continue;
    Tables tables(wanted);
    cpu.set_registers(tables.config());
    found += compare(
        tables, rng,
        [&](bool privileged, bool store, std::uint64_t va) { return cpu.both_stages(privileged, store, va); },
        long_address);
  }
  EXPECT_GT(found, 200U);
}

TEST(IoPgtableCpu, AarchThirtyTwoWalksTheTablesOfShortDescriptors) {
  FormatModules modules;
  std::mt19937_64 rng(5);
  unsigned found = 0;
  UnicornAArch32 cpu(read32, UnicornAArch32::Mode::system);
  for (Wanted wanted : every_kind()) {
    if (wanted.format != ARM_V7S) continue;
    // PAR has 32 bits of address here: outputs above 4 GiB are for the walker of pgtable/.
    wanted.oas = 32;
    Tables tables(wanted);
    cpu.set_registers(tables.config());
    found += compare(
        tables, rng,
        [&](bool privileged, bool store, std::uint64_t va) {
          return cpu.stage1_short(privileged, store, va);
        },
        // PAR.SS: a supersection, of which PA[31:24] are told
        [](std::uint64_t par) { return (par & 2) != 0 ? 0xff000000U : 0xfffff000U; });
  }
  EXPECT_GT(found, 200U);
}

}  // namespace
