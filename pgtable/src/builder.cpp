#include "smmuvp/pgtable/builder.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "encoding.h"

namespace smmuvp::pgtable {
namespace {

using namespace detail;

BuildResult failure(BuildStatus status, const char* reason, std::uint64_t done = 0) {
  return {status, done, reason};
}
BuildResult memory_error(std::uint64_t done = 0) {
  return failure(BuildStatus::memory_error, "the memory answered an abort", done);
}
BuildResult after(BuildResult result, std::uint64_t done) {
  result.done += done;
  return result;
}

// DDI 0487 G5.5 (pseudocode AArch32.GetVARange): a range with TxSZ 0 takes what the other one leaves.
int lpae32_range(const Stage1Config& s1, bool two_ranges, std::uint64_t va) {
  constexpr std::uint64_t end = bit(32);
  const std::uint64_t low_end = end >> (s1.tables[0].TxSZ & 7);
  if (!two_ranges) return va < low_end ? 0 : -1;
  const unsigned T1SZ = s1.tables[1].TxSZ & 7;
  const std::uint64_t high_begin = T1SZ == 0 ? (low_end == end ? end : low_end) : end - (end >> T1SZ);
  if (va >= end) return -1;
  if (va >= high_begin) return 1;
  return va < low_end ? 0 : -1;
}

}  // namespace

Builder::Builder(const Config& config, Stage stage, Memory memory, Allocate allocate, Free free)
    : m_config(config),
      m_stage(stage),
      m_memory(std::move(memory)),
      m_allocate(std::move(allocate)),
      m_free(std::move(free)) {
  m_status = make_trees();
  if (m_status.status != BuildStatus::ok) {
    while (!m_tables.empty()) this->free(m_tables.begin()->first);
  }
}

Builder::Builder(const Config& config, Memory memory, Allocate allocate, Free free)
    : Builder(config, config.stages == Stages::stage2 ? Stage::stage2 : Stage::stage1, std::move(memory),
              std::move(allocate), std::move(free)) {}

Builder::~Builder() = default;
Builder::Builder(Builder&&) noexcept = default;
Builder& Builder::operator=(Builder&&) noexcept = default;

BuildResult Builder::make_trees() {
  const std::vector<ConfigProblem> problems = validate(m_config);
  if (!problems.empty()) return failure(BuildStatus::bad_config, problems.front().reason);
  const bool stage2 = m_stage == Stage::stage2;
  if (m_config.stages == (stage2 ? Stages::stage1 : Stages::stage2)) {
    return failure(BuildStatus::bad_config, "the Config does not have this stage");
  }
  const WalkSetup setup(m_config);
  m_two_ranges = !stage2 && setup.m_two_ranges;
  for (unsigned i = 0; i < (m_two_ranges ? 2U : 1U); ++i) {
    Tree& tree = m_trees[i];
    std::uint64_t* base = stage2 ? &m_config.stage2.base : &m_config.stage1.tables[i].base;
    if (stage2) {
      tree.encoding = make_long_encoding(setup.m_stage2, m_stage, false);
      tree.input_bits = setup.m_stage2.input_bits;
    } else if (m_two_ranges && m_config.stage1.tables[i].EPD) {  // else IGNORED: IHI 0070 5.4, CD.EPD0
      continue;
    } else if (m_config.stage1.format == Format::v7s) {
      tree.encoding = make_short_encoding(m_config.stage1, i);
      tree.input_bits = 32;
    } else {
      tree.encoding = make_long_encoding(setup.m_stage1[i], m_stage, setup.m_rules.unprivileged);
      tree.input_bits = setup.m_stage1[i].input_bits;
    }
    const BuildResult made = allocate(tree, tree.encoding->geometry().first_table_size(), tree.base);
    if (!made) return made;
    *base = tree.base;
  }
  return {};
}

// ---- Tables

BuildResult Builder::allocate(const Tree& tree, std::uint64_t size, std::uint64_t& address) {
  const std::optional<std::uint64_t> made = m_allocate(size);
  if (!made) return failure(BuildStatus::no_memory, "the allocator has no table left");
  const auto next = m_tables.lower_bound(*made);
  const bool overlaps =
      (next != m_tables.end() && next->first - *made < size) ||
      (next != m_tables.begin() && *made - std::prev(next)->first < std::prev(next)->second.size);
  if ((*made & (size - 1)) != 0 || exceeds(*made + (size - 1), tree.encoding->table_address_bits()) ||
      overlaps) {
    if (m_free && !overlaps) m_free(*made, size);
    return failure(BuildStatus::bad_table, "a table has to be aligned, unused, and within the output size");
  }
  address = *made;
  m_tables[address].size = size;
  m_table_bytes += size;
  ++m_allocated;
  return {};
}

void Builder::free(std::uint64_t address) {
  const auto table = m_tables.find(address);
  const std::uint64_t size = table->second.size;
  m_tables.erase(table);
  m_table_bytes -= size;
  ++m_freed;
  if (m_free) m_free(address, size);
}

void Builder::release() {
  while (!m_tables.empty()) free(m_tables.begin()->first);
  if (m_status.status == BuildStatus::ok)
    m_status = failure(BuildStatus::released, "the tables are released");
}

// Frees the tables on the way that are empty, from the last one up; false if one cannot be unlinked.
bool Builder::prune(Path& path) {
  while (Entry* parent = path.parent()) {
    const std::uint64_t address = path.last().table;
    const auto table = m_tables.find(address);
    if (table == m_tables.end() || table->second.used != 0) return true;
    if (!store(*path.tree, *parent, 0)) return false;
    free(address);
    --path.depth;
  }
  return true;
}

// The same for the tables of an address, which a memory that failed may have kept.
bool Builder::prune_at(const Tree& tree, std::uint64_t va, bool& pruned) {
  const std::size_t before = m_tables.size();
  Path path = find(tree, va, tree.encoding->geometry().last_level, nullptr);
  const bool good = path.result && prune(path);
  pruned = m_tables.size() != before;
  return good;
}

// ---- Descriptors

MemoryOp Builder::operation(const Tree& tree, std::uint64_t address, int level) const {
  MemoryOp op;
  op.size = static_cast<std::uint8_t>(1U << tree.encoding->geometry().entry_shift);
  op.big_endian = tree.encoding->big_endian();
  op.stage = m_stage;
  op.level = static_cast<std::int8_t>(level);
  op.address = address;
  if (m_stage == Stage::stage2) {
    op.attributes = m_config.stage2.walk_attributes;
  } else {
    const TableConfig& t = m_config.stage1.tables[&tree == m_trees.data() ? 0 : 1];
    op.space = t.NS ? AddressSpace::non_secure : m_config.space;
    op.attributes = t.walk_attributes;
  }
  return op;
}

bool Builder::read(const Tree& tree, Entry& entry) {
  const MemoryResponse response = m_memory(operation(tree, entry.address, entry.level));
  entry.value = response.data;
  return response.status == MemoryStatus::ok;
}

bool Builder::write(const Tree& tree, std::uint64_t address, int level, std::uint64_t value) {
  MemoryOp op = operation(tree, address, level);
  op.kind = MemoryOpKind::write;
  op.desired = value;
  return m_memory(op).status == MemoryStatus::ok;
}

// Writes a descriptor of a table in use, and counts. A table that set_descriptor() has pointed elsewhere is
// not ours to count.
bool Builder::store(const Tree& tree, Entry& entry, std::uint64_t value) {
  if (!write(tree, entry.address, entry.level, value)) return false;
  const auto table = m_tables.find(entry.table);
  if (table != m_tables.end()) {
    if (entry.value == 0 && value != 0) ++table->second.used;
    if (entry.value != 0 && value == 0) --table->second.used;
  }
  entry.value = value;
  return true;
}

// ---- The way to a descriptor

const Builder::Tree* Builder::tree_of(std::uint64_t va) const {
  int range = 0;
  if (m_stage == Stage::stage2) {
    range = exceeds(va, m_trees[0].input_bits) ? -1 : 0;
  } else {
    const Stage1Config& s1 = m_config.stage1;
    switch (s1.format) {
      case Format::vmsa64:
      case Format::mali_lpae: {
        range = m_two_ranges ? static_cast<int>((va >> 55) & 1) : 0;
        const Tree& tree = m_trees[static_cast<unsigned>(range)];
        if (tree.encoding && exceeds(range != 0 ? ~va : va, tree.input_bits)) range = -1;
        break;
      }
      case Format::lpae32:
        range = lpae32_range(s1, m_two_ranges, va);
        break;
      case Format::v7s:  // DDI 0487 G5.4: TTBCR.N
        range = exceeds(va, 32U - s1.v7s.N) ? (s1.v7s.N != 0 && !exceeds(va, 32) ? 1 : -1) : 0;
        break;
    }
  }
  if (range < 0) return nullptr;
  const Tree& tree = m_trees[static_cast<unsigned>(range)];
  return tree.encoding ? &tree : nullptr;
}

BuildResult Builder::check_region(std::uint64_t va, std::uint64_t size, const Tree*& tree) const {
  if (m_status.status != BuildStatus::ok) return m_status;
  tree = tree_of(va);
  const std::uint64_t last = va + (size - 1);
  if (size == 0) return failure(BuildStatus::misaligned, "the size is 0");
  if (tree == nullptr) return failure(BuildStatus::out_of_range, "the address is in no range that is built");
  if (((va | size) & low_bits(tree->encoding->geometry().page_shift)) != 0) {
    return failure(BuildStatus::misaligned, "address and size have to be multiples of the page size");
  }
  if (last < va || tree_of(last) != tree) {
    return failure(BuildStatus::out_of_range, "the region leaves the range that it begins in");
  }
  return {};
}

// The descriptor of va at `level`, or the first on the way that is no table. With `create` missing tables are
// made.
Builder::Path Builder::find(const Tree& tree, std::uint64_t va, int level, const Mapping* create,
                            bool any_table) {
  const Encoding& encoding = *tree.encoding;
  const Geometry& geometry = encoding.geometry();
  Path path;
  path.tree = &tree;
  Entry entry;
  entry.table = tree.base;
  for (entry.level = geometry.start_level;; ++entry.level) {
    entry.address = entry.table + geometry.offset(va, entry.level);
    path.entries[static_cast<unsigned>(path.depth++)] = entry;
    if (!read(tree, path.last())) {
      prune(path);
      path.result = memory_error();
      return path;
    }
    if (entry.level == level) return path;
    if (encoding.kind(path.last().value, entry.level) != Kind::table) {
      if (create == nullptr || encoding.kind(path.last().value, entry.level) == Kind::leaf) return path;
      path.result = make_table(path, *create);
      if (!path.result) return path;
    } else if (create != nullptr && !any_table && !encoding.table_takes(path.last().value, *create)) {
      path.result =
          failure(BuildStatus::table_conflict, "the level 2 table there is of another domain, NS or PXN");
      return path;
    }
    entry.table = encoding.table_address(path.last().value);
  }
}

BuildResult Builder::make_table(Path& path, const Mapping& mapping) {
  const Encoding& encoding = *path.tree->encoding;
  std::uint64_t address = 0;
  BuildResult result = allocate(*path.tree, encoding.geometry().table_size(), address);
  if (result && !store(*path.tree, path.last(), encoding.table(address, mapping))) {
    free(address);
    result = memory_error();
  }
  if (!result) prune(path);
  return result;
}

// ---- map

BuildResult Builder::map(std::uint64_t va, std::uint64_t output, std::uint64_t size, const Mapping& mapping) {
  const Tree* tree = nullptr;
  const BuildResult region = check_region(va, size, tree);
  if (!region) return region;
  const Encoding& encoding = *tree->encoding;
  const Geometry& geometry = encoding.geometry();
  if ((output & low_bits(geometry.page_shift)) != 0) {
    return failure(BuildStatus::misaligned, "the output address has to be a multiple of the page size");
  }
  if (const char* reason = encoding.refusal(mapping)) return failure(BuildStatus::unsupported, reason);
  const std::uint64_t last_output = output + (size - 1);
  if (last_output < output) return failure(BuildStatus::out_of_range, "the output addresses wrap around");

  std::uint64_t done = 0;
  int top = mapping.top_level;
  while (done < size) {
    const std::uint64_t in = va + done;
    const std::uint64_t out = output + done;
    const std::uint64_t left = size - done;
    const auto fits = [&](std::uint64_t block) { return ((in | out) & (block - 1)) == 0 && left >= block; };

    int level = std::min(std::max(top, geometry.start_level), geometry.last_level);
    while (level < geometry.last_level && !(encoding.has_leaves(level) && fits(bit(geometry.shift(level))))) {
      ++level;
    }
    const unsigned shift = geometry.shift(level);
    unsigned run = encoding.run(level, mapping);
    if (!fits(bit(shift + run))) run = 0;
    // v7s: only supersections reach beyond 32 bits.
    if (exceeds(out + (bit(shift + run) - 1), encoding.output_bits(level, run != 0))) {
      return failure(BuildStatus::out_of_range, "no leaf of this size can hold the output address", done);
    }

    Path path = find(*tree, in, level, &mapping);
    if (!path.result) return after(path.result, done);
    const Kind kind = encoding.kind(path.last().value, path.last().level);
    if (kind == Kind::leaf) {
      return failure(BuildStatus::already_mapped, "a leaf is in the way", done);
    }
    if (kind == Kind::table) {
      bool pruned = false;
      if (!prune_at(*tree, in, pruned)) return memory_error(done);
      // The table is gone if it was empty, else it may have room for smaller leaves.
      if (!pruned) top = level + 1;
      continue;
    }
    if (run != 0 && !run_is_free(path, bit(run))) run = 0;
    if (exceeds(out + (bit(shift + run) - 1), encoding.output_bits(level, run != 0))) {
      return failure(BuildStatus::already_mapped, "a leaf or table is in the way", done);
    }
    const BuildResult mapped = map_leaf(path, out, bit(run), mapping);
    done += mapped.done;
    if (!mapped) return after(mapped, done - mapped.done);
    top = mapping.top_level;
  }
  return {BuildStatus::ok, done};
}

bool Builder::run_is_free(Path& path, std::uint64_t count) {
  const unsigned entry_shift = path.tree->encoding->geometry().entry_shift;
  for (std::uint64_t i = 1; i < count; ++i) {
    Entry entry = path.last();
    entry.address += i << entry_shift;
    if (!read(*path.tree, entry)) return false;
    if (path.tree->encoding->kind(entry.value, entry.level) != Kind::invalid) return false;
  }
  return true;
}

// One leaf, or a run of them from the entry that the path ends at. A run of which a part cannot be written is
// taken back.
BuildResult Builder::map_leaf(Path& path, std::uint64_t output, std::uint64_t count, const Mapping& mapping) {
  const Encoding& encoding = *path.tree->encoding;
  const Geometry& geometry = encoding.geometry();
  const int level = path.last().level;
  const std::uint64_t block = bit(geometry.shift(level));
  const std::uint64_t first = path.last().address;
  for (std::uint64_t i = 0; i < count; ++i) {
    Entry entry = path.last();
    entry.address = first + (i << geometry.entry_shift);
    bool good = i == 0 || read(*path.tree, entry);
    good = good && store(*path.tree, entry, encoding.leaf(mapping, output + i * block, level, count > 1));
    if (good) continue;
    while (i-- > 0) {
      entry.address = first + (i << geometry.entry_shift);
      if (read(*path.tree, entry)) store(*path.tree, entry, 0);
    }
    prune(path);
    return memory_error();
  }
  return {BuildStatus::ok, count * block};
}

// ---- Leaves that are there

// Calls change(path, entry, input, left) for the leaves of the region, which lie in it whole. The answer's
// `done` is what was changed of the leaf.
template <class Change>
BuildResult Builder::change_leaves(std::uint64_t va, std::uint64_t size, Splitting splitting, Change change) {
  const Tree* tree = nullptr;
  const BuildResult region = check_region(va, size, tree);
  if (!region) return region;
  const Encoding& encoding = *tree->encoding;
  const Geometry& geometry = encoding.geometry();
  std::uint64_t done = 0;
  while (done < size) {
    const std::uint64_t in = va + done;
    const std::uint64_t left = size - done;
    Path path = find(*tree, in, geometry.last_level, nullptr);
    if (!path.result) return after(path.result, done);
    const Entry leaf = path.last();
    if (encoding.kind(leaf.value, leaf.level) != Kind::leaf) {
      return failure(BuildStatus::not_mapped, "there is no leaf", done);
    }
    const auto covers = [&](std::uint64_t block) { return (in & (block - 1)) == 0 && left >= block; };
    const unsigned shift = geometry.shift(leaf.level);
    const unsigned run = encoding.run_of(leaf.value, leaf.level);
    const bool may_split = splitting == Splitting::allowed;

    BuildResult step;
    if (run != 0 && covers(bit(shift + run))) {
      const auto change_one = [&](Entry& entry, std::uint64_t offset) {
        return change(path, entry, in + offset, left - offset);
      };
      step = change_run(path, bit(run), change_one);
    } else if (run != 0) {
      if (encoding.run_is_leaf() && !may_split) {
        return failure(BuildStatus::splits_block, "the region covers only part of a leaf", done);
      }
      step = break_run(path, in);
    } else if (!covers(bit(shift))) {
      if (!may_split) {
        return failure(BuildStatus::splits_block, "the region covers only part of a leaf", done);
      }
      step = split_leaf(path);
    } else {
      Entry entry = leaf;
      step = change(path, entry, in, left);
    }
    done += step.done;
    if (!step) return after(step, done - step.done);
  }
  return {BuildStatus::ok, done};
}

// A whole run, as long as its entries are of it.
template <class Change>
BuildResult Builder::change_run(Path& path, std::uint64_t count, Change& change) {
  const Encoding& encoding = *path.tree->encoding;
  const Geometry& geometry = encoding.geometry();
  const Entry first = path.last();
  std::uint64_t done = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    Entry entry = first;
    entry.address += i << geometry.entry_shift;
    if (i > 0) {
      if (!read(*path.tree, entry)) return memory_error(done);
      if (encoding.kind(entry.value, entry.level) != Kind::leaf) break;
      if (bit(encoding.run_of(entry.value, entry.level)) != count) break;
    }
    const BuildResult step = change(entry, i << geometry.shift(first.level));
    done += step.done;
    if (!step) return after(step, done - step.done);
  }
  return {BuildStatus::ok, done};
}

// Makes leaves of their own of a run.
BuildResult Builder::break_run(Path& path, std::uint64_t va) {
  const Encoding& encoding = *path.tree->encoding;
  const Geometry& geometry = encoding.geometry();
  const Entry leaf = path.last();
  const unsigned shift = geometry.shift(leaf.level);
  const unsigned run = encoding.run_of(leaf.value, leaf.level);
  if (!encoding.can_leave_run(leaf.value, leaf.level)) {
    return failure(BuildStatus::unsupported, "only a supersection can hold the output address");
  }
  const std::uint64_t start = va & ~low_bits(shift + run);
  const std::uint64_t first = leaf.address - (((va - start) >> shift) << geometry.entry_shift);
  for (std::uint64_t i = 0; i < bit(run); ++i) {
    Entry entry = leaf;
    entry.address = first + (i << geometry.entry_shift);
    if (!read(*path.tree, entry)) return memory_error();
    if (encoding.kind(entry.value, entry.level) != Kind::leaf) continue;
    if (encoding.run_of(entry.value, entry.level) == 0) continue;
    const std::uint64_t alone = encoding.without_run(entry.value, entry.level, start + (i << shift));
    if (!store(*path.tree, entry, alone)) return memory_error();
  }
  return {};
}

// Replaces the leaf that the path ends at by a table. The table is complete before it is linked: translations
// are the same at every moment.
BuildResult Builder::split_leaf(Path& path) {
  const Encoding& encoding = *path.tree->encoding;
  const Geometry& geometry = encoding.geometry();
  Entry& leaf = path.last();
  std::uint64_t table = 0;
  const BuildResult made = allocate(*path.tree, geometry.table_size(), table);
  if (!made) return made;
  bool good = true;
  for (std::uint64_t i = 0; good && i < bit(geometry.stride); ++i) {
    good = write(*path.tree, table + (i << geometry.entry_shift), leaf.level + 1,
                 encoding.part(leaf.value, leaf.level, i));
  }
  m_tables[table].used = bit(geometry.stride);
  if (good && store(*path.tree, leaf, encoding.table_of_parts(table, leaf.value))) return {};
  free(table);
  return memory_error();
}

BuildResult Builder::unmap(std::uint64_t va, std::uint64_t size, Splitting splitting) {
  return change_leaves(va, size, splitting, [&](Path& path, Entry& entry, std::uint64_t, std::uint64_t) {
    const std::uint64_t block = bit(path.tree->encoding->geometry().shift(entry.level));
    if (!store(*path.tree, entry, 0)) return memory_error();
    if (!prune(path)) return memory_error(block);
    return BuildResult{BuildStatus::ok, block};
  });
}

BuildResult Builder::protect(std::uint64_t va, std::uint64_t size, const MappingRights& rights) {
  const Tree* tree = nullptr;
  const BuildResult region = check_region(va, size, tree);
  if (!region) return region;
  if (const char* reason = tree->encoding->refusal_of_rights(rights)) {
    return failure(BuildStatus::unsupported, reason);
  }
  return change_leaves(
      va, size, Splitting::allowed, [&](Path& path, Entry& entry, std::uint64_t in, std::uint64_t left) {
        const Encoding& encoding = *path.tree->encoding;
        const BuildResult prepared = prepare_table(path, in, left, rights);
        if (!prepared) return prepared;
        if (!store(*path.tree, entry, encoding.with_rights(entry.value, entry.level, rights))) {
          return memory_error();
        }
        return BuildResult{BuildStatus::ok, bit(encoding.geometry().shift(entry.level))};
      });
}

// v7s: PXN of pages is in the descriptor of their table, so it can change for all of them only.
BuildResult Builder::prepare_table(Path& path, std::uint64_t va, std::uint64_t left,
                                   const MappingRights& rights) {
  const Encoding& encoding = *path.tree->encoding;
  Entry* parent = path.parent();
  if (parent == nullptr || encoding.table_takes_rights(parent->value, rights)) return {};
  const Geometry& geometry = encoding.geometry();
  const std::uint64_t range = bit(geometry.shift(parent->level));
  const auto table = m_tables.find(path.last().table);
  const bool full = table != m_tables.end() && table->second.used == bit(geometry.stride);
  if ((va & (range - 1)) != 0 || left < range || !full) {
    return failure(BuildStatus::table_conflict, "PXN of pages can change for a whole level 2 table only");
  }
  if (!store(*path.tree, *parent, encoding.table_for_rights(parent->value, rights))) return memory_error();
  return {};
}

BuildResult Builder::split(std::uint64_t va) {
  if (m_status.status != BuildStatus::ok) return m_status;
  const Tree* tree = tree_of(va);
  if (tree == nullptr) return failure(BuildStatus::out_of_range, "the address is in no range that is built");
  const Encoding& encoding = *tree->encoding;
  const Geometry& geometry = encoding.geometry();
  Path path = find(*tree, va, geometry.last_level, nullptr);
  if (!path.result) return path.result;
  const Entry leaf = path.last();
  if (encoding.kind(leaf.value, leaf.level) != Kind::leaf) {
    return failure(BuildStatus::not_mapped, "there is no leaf");
  }
  const unsigned run = encoding.run_of(leaf.value, leaf.level);
  const std::uint64_t size = bit(geometry.shift(leaf.level) + run);
  if (run == 0 && leaf.level == geometry.last_level) {
    return failure(BuildStatus::unsupported, "there is no leaf smaller than a page");
  }
  const BuildResult result = run != 0 ? break_run(path, va) : split_leaf(path);
  return result ? BuildResult{BuildStatus::ok, size} : result;
}

// ---- For tests

BuildStatus Builder::set_descriptor(std::uint64_t va, int level, std::uint64_t descriptor) {
  if (m_status.status != BuildStatus::ok) return m_status.status;
  const Tree* tree = tree_of(va);
  if (tree == nullptr) return BuildStatus::out_of_range;
  const Geometry& geometry = tree->encoding->geometry();
  if (level < geometry.start_level || level > geometry.last_level) return BuildStatus::out_of_range;
  const Mapping any;
  Path path = find(*tree, va, level, &any, true);
  if (!path.result) return path.result.status;
  if (path.last().level != level) return BuildStatus::already_mapped;
  return store(*tree, path.last(), descriptor) ? BuildStatus::ok : BuildStatus::memory_error;
}

std::optional<std::uint64_t> Builder::descriptor_address(std::uint64_t va, int level) {
  if (m_status.status != BuildStatus::ok) return std::nullopt;
  const Tree* tree = tree_of(va);
  if (tree == nullptr || level < tree->encoding->geometry().start_level) return std::nullopt;
  Path path = find(*tree, va, std::min(level, tree->encoding->geometry().last_level), nullptr);
  if (!path.result || path.last().level != level) return std::nullopt;
  return path.last().address;
}

const char* to_string(BuildStatus status) {
  switch (status) {
    case BuildStatus::ok:
      return "ok";
    case BuildStatus::bad_config:
      return "configuration refused";
    case BuildStatus::misaligned:
      return "misaligned";
    case BuildStatus::out_of_range:
      return "out of range";
    case BuildStatus::unsupported:
      return "unsupported by the format";
    case BuildStatus::already_mapped:
      return "already mapped";
    case BuildStatus::not_mapped:
      return "not mapped";
    case BuildStatus::splits_block:
      return "would split a block";
    case BuildStatus::table_conflict:
      return "conflicts with the table";
    case BuildStatus::no_memory:
      return "no memory for a table";
    case BuildStatus::bad_table:
      return "unusable table address";
    case BuildStatus::memory_error:
      return "memory error";
    case BuildStatus::released:
      return "released";
  }
  return "?";
}

}  // namespace smmuvp::pgtable
