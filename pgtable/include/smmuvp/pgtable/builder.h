// Writes translation tables on the host side: for tests, examples and tools, never part of a model.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {

/// What a mapping shall allow and be.
struct Mapping {
  bool writable = true;
  bool unprivileged = true;           ///< unprivileged code may access it too (AP[1])
  bool privileged_execute = false;    ///< PXN=0
  bool unprivileged_execute = false;  ///< UXN=0
  bool accessed = true;               ///< AF
  bool nG = true;
  bool NS = false;
  bool contiguous = false;    ///< hint on every leaf; the caller sees to alignment and length
  std::uint8_t AttrIndx = 0;  ///< 0 to 7
  Shareability SH = Shareability::inner;
  /// Largest leaf: the level above which no block is written (1: 1 GiB blocks, 2: 2 MiB, 3: pages only).
  std::int8_t top_level = 1;
};

enum class BuildStatus : std::uint8_t {
  ok,
  bad_config,      ///< validate() refuses the Config
  misaligned,      ///< an address or a size is not a multiple of the page size, or the size is 0
  out_of_range,    ///< VA outside the range, or output address beyond output_size
  already_mapped,  ///< a leaf is in the way
  not_mapped,      ///< nothing to unmap
  splits_block,    ///< the region covers only part of a block
  no_memory,       ///< the allocator has no table left
  memory_error,    ///< the memory answered an abort
};

const char* to_string(BuildStatus status);

/// Outcome of map and unmap: `done` bytes from the start were changed, all of them with ok.
struct BuildResult {
  BuildStatus status = BuildStatus::ok;
  std::uint64_t done = 0;
  explicit operator bool() const { return status == BuildStatus::ok; }
};

/// Builds VMSAv8-64 stage 1 tables, 4 KiB granule, in any memory.
class Builder {
 public:
  /// Carries out reads and writes; the same callable serves walk().
  using Memory = std::function<MemoryResponse(const MemoryOp&)>;
  /// Answers the address of `size` zeroed bytes, aligned to `size`; nothing when there are none left.
  using Allocate = std::function<std::optional<std::uint64_t>(std::uint64_t size)>;

  /// Allocates the first table of each range that has EPD=0, and stores its address in config().
  Builder(const Config& config, Memory memory, Allocate allocate);

  /// The configuration to walk with.
  const Config& config() const { return m_config; }
  /// Whether the first tables could be made; every other member answers this when it is not ok.
  BuildStatus status() const { return m_status; }

  /// Maps [va, va+size) to [output, output+size) with the largest leaves that alignment allows. Addresses are
  /// canonical.
  BuildResult map(std::uint64_t va, std::uint64_t output, std::uint64_t size, const Mapping& mapping = {});
  /// Removes the leaves of [va, va+size). Tables stay.
  BuildResult unmap(std::uint64_t va, std::uint64_t size);

  /// Stores any value as the descriptor of `va` at `level`, making the tables above it: for broken tables in
  /// tests.
  BuildStatus set_descriptor(std::uint64_t va, int level, std::uint64_t descriptor);
  /// Address of that descriptor; nothing when a table above it is missing.
  std::optional<std::uint64_t> descriptor_address(std::uint64_t va, int level);

  /// Tables allocated, first tables included.
  std::uint64_t table_count() const { return m_table_count; }

 private:
  struct Slot {
    BuildStatus status = BuildStatus::ok;
    int level = 0;
    std::uint64_t address = 0;
    std::uint64_t descriptor = 0;
  };
  const TableConfig* range_of(std::uint64_t va) const;
  Slot find(std::uint64_t va, int level, bool create);
  std::optional<std::uint64_t> read(std::uint64_t address, int level);
  bool write(std::uint64_t address, int level, std::uint64_t descriptor);

  Config m_config;
  Memory m_memory;
  Allocate m_allocate;
  BuildStatus m_status = BuildStatus::ok;
  std::uint64_t m_table_count = 0;
};

}  // namespace smmuvp::pgtable
