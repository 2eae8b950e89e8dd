// Writes translation tables on the host side: for tests, loaders and tools, never part of a model.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/result.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {
namespace detail {
class Encoding;
}

/// What a leaf allows by itself. WXN, UWXN, PAN and what VMSAv8-64 takes from privileged execution where
/// unprivileged code can write come on top. Rights that the format at hand cannot express are refused
/// (BuildStatus::unsupported).
struct MappingRights {
  /// Data reads. Stage 2, mali_lpae: free. v7s without AFE: false only together with `writable` (no access).
  /// Other stage 1 leaves are always readable: false is refused.
  bool readable = true;
  /// Data writes. All formats. With DBM: already dirty.
  bool writable = true;
  /// Unprivileged data accesses (AP[1]). Stage 1 of regimes with two privileges; ignored elsewhere.
  bool unprivileged = true;
  /// All formats. Where only one execute right exists (regimes el2 and el3, mali_lpae) this is the one.
  /// Stage 2 without XNX: both execute rights have to be equal. AArch32 formats: refused together with
  /// `unprivileged` unless unprivileged_execute is set too (XN is of both).
  bool privileged_execute = false;
  /// Refused where only privileged_execute exists; AArch32 formats: needs `unprivileged`.
  bool unprivileged_execute = false;
  /// Dirty Bit Modifier: with HD a leaf that is not writable is writable-clean. vmsa64, both stages.
  bool DBM = false;
};

/// What a mapping shall allow and be. A member that a format does not have is ignored if it says so here,
/// else only its default is taken.
struct Mapping : MappingRights {
  /// Access flag. v7s has one with AFE only; mali_lpae has none.
  bool accessed = true;
  /// Not global. Stage 1 of regimes with two privileges; ignored elsewhere.
  bool nG = true;
  /// Non-secure output. Stage 1 of vmsa64, lpae32 and v7s (there one for all pages of a level 2 table).
  bool NS = false;
  /// Mark runs of 16, 32 or 128 leaves (DDI 0487 D8.7.1) wherever a whole aligned run is mapped to an aligned
  /// output. v7s: make supersections (domain 0 only) and large pages. Not in mali_lpae.
  bool contiguous = false;
  /// Stage 1 of vmsa64 and lpae32: index into MAIR, mali_lpae: into MEMATTR, 0 to 7. v7s: {TEX, C, B}, 0 to
  /// 31; with TRE the low three bits index PRRR and NMRR.
  std::uint8_t AttrIndx = 0;
  /// All formats; v7s: the S bit, set for inner and outer. Ignored with DS, which has no place for it.
  Shareability SH = Shareability::inner;
  /// Stage 2 only, ignored elsewhere: MemAttr[3:0]. 0b1111 is Normal Write-Back, with FWB what stage 1 says.
  std::uint8_t MemAttr = 0xf;
  /// v7s only: 0 to 15, one for all pages of a level 2 table.
  std::uint8_t domain = 0;
  /// The level above which no leaf is written: as large as the format has by default.
  std::int8_t top_level = -1;
};

enum class BuildStatus : std::uint8_t {
  ok,
  bad_config,      ///< validate() refuses the Config, or it does not have the stage asked for
  misaligned,      ///< an address or a size is not a multiple of the page size, or the size is 0
  out_of_range,    ///< input address outside the ranges, or output address beyond what leaves can hold
  unsupported,     ///< the format cannot express what the Mapping asks for
  already_mapped,  ///< a leaf is in the way
  not_mapped,      ///< there is no leaf
  splits_block,    ///< the region covers only part of a leaf
  table_conflict,  ///< v7s: the level 2 table is of another domain, NS or PXN
  no_memory,       ///< the allocator has no table left
  bad_table,       ///< the allocator answered an address that is misaligned, or beyond the output size
  memory_error,    ///< the memory answered an abort
  released,        ///< release() has been called
};

const char* to_string(BuildStatus status);

/// Outcome of a change: `done` bytes from the start of the region were changed, all of them with ok.
struct BuildResult {
  BuildStatus status = BuildStatus::ok;
  std::uint64_t done = 0;
  const char* reason = "";  ///< a literal: what was expected; empty with ok
  explicit operator bool() const { return status == BuildStatus::ok; }
};

/// Whether unmap() may turn a leaf that reaches beyond the region into smaller ones.
enum class Splitting : std::uint8_t { refused, allowed };

/// Builds the tables of one stage, of any format that validate() accepts, in any memory.
///
/// It keeps account of every table it allocates: unmap() frees those that become empty, and an operation that
/// fails half-way frees the empty ones it made. First tables stay until release(). A failing memory may keep
/// it from unlinking an empty table, which then stays, counted, until it is used or released.
///
/// Nested: stage 2 first, then stage 1 with the Config that it answers; addresses of the stage 1 tables are
/// IPAs, and so are those in the MemoryOps that its memory gets.
///
///     Builder stage2(config, Stage::stage2, memory, allocate_pa);
///     stage2.map(ipa, pa, size);  // of the stage 1 tables, and of what they map to
///     Builder stage1(stage2.config(), Stage::stage1,
///                    [&](MemoryOp op) { op.address += pa - ipa; return memory(op); }, allocate_ipa);
///     stage1.map(va, ipa, size);
///     walk(stage1.config(), request, memory);
class Builder {
 public:
  /// Carries out reads and writes of one descriptor; the same callable serves walk(). A write that answers an
  /// abort has changed nothing.
  using Memory = std::function<MemoryResponse(const MemoryOp&)>;
  /// Answers the address of `size` zeroed bytes, aligned to `size` (a power of two, 64 at least); nothing
  /// when there are none left.
  using Allocate = std::function<std::optional<std::uint64_t>(std::uint64_t size)>;
  /// Takes back what Allocate answered; it need not be zero any more.
  using Free = std::function<void(std::uint64_t address, std::uint64_t size)>;

  /// Allocates the first table of stage 1 for each range that has EPD=0, or of stage 2, and stores its
  /// address in config(). Without `free`, freed tables are forgotten.
  Builder(const Config& config, Stage stage, Memory memory, Allocate allocate, Free free = {});
  /// As above, for stage 2 if config.stages is stage2, else for stage 1.
  Builder(const Config& config, Memory memory, Allocate allocate, Free free = {});
  /// Frees nothing: tables outlive the Builder unless release() is called.
  ~Builder();
  Builder(Builder&&) noexcept;
  Builder& operator=(Builder&&) noexcept;

  /// The configuration to walk with.
  const Config& config() const { return m_config; }
  Stage stage() const { return m_stage; }
  /// Whether the first tables could be made; every other member answers this when it is not ok.
  BuildStatus status() const { return m_status.status; }

  /// Maps [va, va+size) to [output, output+size) with the largest leaves that alignment allows. Addresses of
  /// stage 1 are canonical; stage 2: va is the IPA.
  BuildResult map(std::uint64_t va, std::uint64_t output, std::uint64_t size, const Mapping& mapping = {});
  /// Removes the leaves of [va, va+size), and tables that become empty. A contiguous run that loses a part
  /// loses its hint.
  BuildResult unmap(std::uint64_t va, std::uint64_t size, Splitting splitting = Splitting::refused);
  /// Gives the leaves of [va, va+size) other rights. Leaves that reach beyond are split. v7s: where pages
  /// need another PXN the region has to cover their whole level 2 table.
  BuildResult protect(std::uint64_t va, std::uint64_t size, const MappingRights& rights);
  /// Makes the leaf of `va` smaller, with the same translation: takes the hint from all entries of a
  /// contiguous run; else turns a block into a table of the next level's leaves. v7s: a supersection into
  /// sections, a section into small pages, a large page into small ones. `done` is the size of the run or
  /// leaf.
  BuildResult split(std::uint64_t va);
  /// Frees all tables, first tables included, without touching memory. The end of the Builder's use.
  void release();

  /// Stores any value as the descriptor of `va` at `level`, making the tables above it: for broken tables in
  /// tests.
  BuildStatus set_descriptor(std::uint64_t va, int level, std::uint64_t descriptor);
  /// Address of that descriptor; nothing when a table above it is missing.
  std::optional<std::uint64_t> descriptor_address(std::uint64_t va, int level);

  /// Tables in use, first tables included; concatenated ones count as one.
  std::uint64_t table_count() const { return m_tables.size(); }
  std::uint64_t table_bytes() const { return m_table_bytes; }
  std::uint64_t tables_allocated() const { return m_allocated; }  ///< so far
  std::uint64_t tables_freed() const { return m_freed; }          ///< so far

 private:
  // One tree of tables: a VA range of stage 1, or stage 2
  struct Tree {
    std::unique_ptr<detail::Encoding> encoding;  // none: the range is not built
    std::uint64_t base = 0;
    unsigned input_bits = 0;
  };
  struct Table {
    std::uint64_t size = 0;
    std::uint64_t used = 0;  // descriptors that are not zero
  };
  struct Entry {
    std::uint64_t table = 0;
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    int level = 0;
  };
  // The way from the first table to a descriptor
  struct Path {
    BuildResult result;
    const Tree* tree = nullptr;
    int depth = 0;
    std::array<Entry, 5> entries;
    Entry& last() { return entries[static_cast<unsigned>(depth - 1)]; }
    Entry* parent() { return depth > 1 ? &entries[static_cast<unsigned>(depth - 2)] : nullptr; }
  };

  BuildResult make_trees();
  const Tree* tree_of(std::uint64_t va) const;
  BuildResult check_region(std::uint64_t va, std::uint64_t size, const Tree*& tree) const;
  BuildResult allocate(const Tree& tree, std::uint64_t size, std::uint64_t& address);
  void free(std::uint64_t address);
  MemoryOp operation(const Tree& tree, std::uint64_t address, int level) const;
  bool read(const Tree& tree, Entry& entry);
  bool write(const Tree& tree, std::uint64_t address, int level, std::uint64_t value);
  bool store(const Tree& tree, Entry& entry, std::uint64_t value);
  Path find(const Tree& tree, std::uint64_t va, int level, const Mapping* create, bool any_table = false);
  BuildResult make_table(Path& path, const Mapping& mapping);
  bool prune(Path& path);
  bool prune_at(const Tree& tree, std::uint64_t va, bool& pruned);
  bool run_is_free(Path& path, std::uint64_t count);
  BuildResult map_leaf(Path& path, std::uint64_t output, std::uint64_t count, const Mapping& mapping);
  BuildResult break_run(Path& path, std::uint64_t va);
  BuildResult split_leaf(Path& path);
  BuildResult prepare_table(Path& path, std::uint64_t va, std::uint64_t left, const MappingRights& rights);
  template <class Change>
  BuildResult change_run(Path& path, std::uint64_t count, Change& change);
  template <class Change>
  BuildResult change_leaves(std::uint64_t va, std::uint64_t size, Splitting splitting, Change change);

  Config m_config;
  Stage m_stage = Stage::stage1;
  Memory m_memory;
  Allocate m_allocate;
  Free m_free;
  BuildResult m_status;
  std::array<Tree, 2> m_trees;  // stage 1: as Stage1Config::tables; stage 2: the first
  bool m_two_ranges = false;
  std::map<std::uint64_t, Table> m_tables;  // by address
  std::uint64_t m_table_bytes = 0;
  std::uint64_t m_allocated = 0;
  std::uint64_t m_freed = 0;
};

}  // namespace smmuvp::pgtable
