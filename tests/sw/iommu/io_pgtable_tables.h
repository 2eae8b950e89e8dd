// A set of tables of one of the guest's formats, with a walker of ours before it, and a plain map beside it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "host_pgtable.h"
#include "smmuvp/pgtable/walk.h"

extern "C" {
#include <io-pgtable.h>
#include <iommu.h>
#include <sizes.h>
}

/// Registers both modules' formats; at its end nothing may be left of them.
class FormatModules {
 public:
  FormatModules();
  ~FormatModules();
  FormatModules(const FormatModules&) = delete;
  FormatModules& operator=(const FormatModules&) = delete;
};

/// What tables are asked for.
struct Wanted {
  io_pgtable_fmt format = ARM_64_LPAE_S1;
  unsigned ias = 48;
  unsigned oas = 48;
  unsigned long sizes = SZ_4K | SZ_2M | SZ_1G;
  unsigned long quirks = 0;
  bool coherent = true;

  friend std::ostream& operator<<(std::ostream& out, const Wanted& w);
};

/// Every format, granule, quirk, and the ends of the input and output sizes.
std::vector<Wanted> every_kind();

/// The TLB of an IOMMU, as the tables see it.
class Tlb {
 public:
  virtual ~Tlb() = default;
  virtual void flush_all() {}
  virtual void flush_walk(std::uint64_t iova, std::uint64_t size, std::uint64_t granule) = 0;
  virtual void add_page(std::uint64_t iova, std::uint64_t size) = 0;
};

/// A set of tables. `error()` says why there is none.
class Tables {
 public:
  explicit Tables(const Wanted& wanted, Tlb* tlb = nullptr);
  ~Tables();
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  int error() const { return m_error; }
  const io_pgtable_cfg& cfg() const { return m_cfg; }
  io_pgtable_ops* ops() const { return m_ops; }
  const Wanted& wanted() const { return m_wanted; }
  std::uint64_t base() const;                ///< the first input address
  std::uint64_t smallest() const;            ///< leaf size
  std::vector<std::uint64_t> sizes() const;  ///< leaf sizes, ascending
  unsigned leaf_oas(std::uint64_t size) const;

  int map(std::uint64_t iova, std::uint64_t pa, std::uint64_t size, std::uint64_t count = 1,
          int prot = IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE, gfp_t gfp = GFP_KERNEL);
  std::uint64_t mapped() const { return m_mapped; }
  std::uint64_t unmap(std::uint64_t iova, std::uint64_t size, std::uint64_t count = 1);
  std::uint64_t lookup(std::uint64_t iova) const;

  /// The registers that an IOMMU would be given.
  const smmuvp::pgtable::Config& config() const { return m_config; }
  smmuvp::pgtable::Result walk(std::uint64_t iova) const;

 private:
  void configure();
  void configure_long(unsigned range);

  Wanted m_wanted;
  io_pgtable_cfg m_cfg{};
  io_pgtable_ops* m_ops = nullptr;
  int m_error = 0;
  std::uint64_t m_mapped = 0;
  smmuvp::pgtable::Config m_config;
  Tlb* m_tlb;
};

/// Reads descriptors out of the host kernel's memory.
smmuvp::pgtable::MemoryResponse read_tables(const smmuvp::pgtable::MemoryOp& op);

/// What ought to be mapped, kept as pieces.
class Model {
 public:
  struct Piece {
    std::uint64_t size;
    std::uint64_t pa;
    int prot;
  };
  bool overlaps(std::uint64_t iova, std::uint64_t size) const;
  void add(std::uint64_t iova, std::uint64_t pa, std::uint64_t size, int prot);
  /// Bytes from iova to the first hole, no more than size.
  std::uint64_t covered(std::uint64_t iova, std::uint64_t size) const;
  /// Removes bytes that are all there.
  void remove(std::uint64_t iova, std::uint64_t size);
  /// The output of one address and its rights.
  std::optional<Piece> find(std::uint64_t iova) const;

 private:
  std::map<std::uint64_t, Piece>::const_iterator piece_of(std::uint64_t iova) const;
  void cut(std::uint64_t iova);
  std::map<std::uint64_t, Piece> m_pieces;
};

/// Rights, memory type, shareability, nG and space of a walk are what `prot` means in that format; else text.
std::string difference(const Tables& tables, const smmuvp::pgtable::Result& r, int prot);
