#include "smmuvp/pgtable/builder.h"

#include <algorithm>
#include <utility>

#include "vmsa64.h"

namespace smmuvp::pgtable {
namespace {

constexpr std::uint64_t page_size = vmsa64::bit(vmsa64::granule_shift);

std::uint64_t leaf_descriptor(const Mapping& m, int level, std::uint64_t output) {
  std::uint64_t d = output | vmsa64::valid;
  if (level == vmsa64::last_level) d |= vmsa64::table_or_page;
  d |= static_cast<std::uint64_t>(m.AttrIndx & 7) << vmsa64::AttrIndx_shift;
  d |= static_cast<std::uint64_t>(m.SH) << vmsa64::SH_shift;
  if (m.NS) d |= vmsa64::NS;
  if (m.unprivileged) d |= vmsa64::AP_unprivileged;
  if (!m.writable) d |= vmsa64::AP_read_only;
  if (m.accessed) d |= vmsa64::AF;
  if (m.nG) d |= vmsa64::nG;
  if (m.contiguous) d |= vmsa64::Contiguous;
  if (!m.privileged_execute) d |= vmsa64::PXN;
  if (!m.unprivileged_execute) d |= vmsa64::UXN;
  return d;
}

bool is_table(std::uint64_t descriptor, int level) {
  const std::uint64_t type = vmsa64::valid | vmsa64::table_or_page;
  return level < vmsa64::last_level && (descriptor & type) == type;
}

}  // namespace

Builder::Builder(const Config& config, Memory memory, Allocate allocate)
    : m_config(config), m_memory(std::move(memory)), m_allocate(std::move(allocate)) {
  if (!is_walkable(m_config)) {
    m_status = BuildStatus::bad_config;
    return;
  }
  for (TableConfig& t : m_config.stage1.tables) {
    if (t.EPD) continue;
    // A whole page even for a smaller first table: simple, and always aligned.
    const std::optional<std::uint64_t> table = m_allocate(page_size);
    if (!table) {
      m_status = BuildStatus::no_memory;
      return;
    }
    t.base = *table;
    ++m_table_count;
  }
}

// The range that translates va, or nothing.
const TableConfig* Builder::range_of(std::uint64_t va) const {
  const unsigned range = static_cast<unsigned>((va >> 55) & 1);
  const TableConfig& t = m_config.stage1.tables[range];
  if (t.EPD) return nullptr;
  return ((range != 0 ? ~va : va) >> (64U - t.TxSZ)) == 0 ? &t : nullptr;
}

std::optional<std::uint64_t> Builder::read(std::uint64_t address, int level) {
  MemoryOp op;
  op.kind = MemoryOpKind::read;
  op.big_endian = m_config.stage1.big_endian;
  op.space = m_config.space;
  op.level = static_cast<std::int8_t>(level);
  op.address = address;
  const MemoryResponse response = m_memory(op);
  if (response.status != MemoryStatus::ok) return std::nullopt;
  return response.data;
}

bool Builder::write(std::uint64_t address, int level, std::uint64_t descriptor) {
  MemoryOp op;
  op.kind = MemoryOpKind::write;
  op.big_endian = m_config.stage1.big_endian;
  op.space = m_config.space;
  op.level = static_cast<std::int8_t>(level);
  op.address = address;
  op.desired = descriptor;
  return m_memory(op).status == MemoryStatus::ok;
}

// The descriptor of va at `level`, or a leaf or hole above it where no table is made (`create` false, or a
// leaf).
Builder::Slot Builder::find(std::uint64_t va, int level, bool create) {
  Slot slot;
  const TableConfig* t = range_of(va);
  if (t == nullptr) {
    slot.status = BuildStatus::out_of_range;
    return slot;
  }
  const unsigned ia_bits = 64U - t->TxSZ;
  slot.level = vmsa64::start_level(ia_bits);
  unsigned index_bits = ia_bits - vmsa64::level_shift(slot.level);
  if (level < slot.level || level > vmsa64::last_level) {
    slot.status = BuildStatus::out_of_range;
    return slot;
  }
  std::uint64_t table = t->base;
  for (;;) {
    const std::uint64_t index = (va >> vmsa64::level_shift(slot.level)) & vmsa64::low_bits(index_bits);
    slot.address = table + (index << vmsa64::descriptor_size_shift);
    const std::optional<std::uint64_t> descriptor = read(slot.address, slot.level);
    if (!descriptor) {
      slot.status = BuildStatus::memory_error;
      return slot;
    }
    slot.descriptor = *descriptor;
    if (slot.level == level) return slot;
    if (!is_table(slot.descriptor, slot.level)) {
      if (!create || (slot.descriptor & vmsa64::valid) != 0) return slot;
      const std::optional<std::uint64_t> made = m_allocate(page_size);
      if (!made) {
        slot.status = BuildStatus::no_memory;
        return slot;
      }
      ++m_table_count;
      slot.descriptor = *made | vmsa64::valid | vmsa64::table_or_page;
      if (!write(slot.address, slot.level, slot.descriptor)) {
        slot.status = BuildStatus::memory_error;
        return slot;
      }
    }
    table = slot.descriptor & vmsa64::address_mask;
    index_bits = vmsa64::bits_per_level;
    ++slot.level;
  }
}

BuildResult Builder::map(std::uint64_t va, std::uint64_t output, std::uint64_t size, const Mapping& mapping) {
  if (m_status != BuildStatus::ok) return {m_status, 0};
  if (size == 0 || ((va | output | size) & (page_size - 1)) != 0) return {BuildStatus::misaligned, 0};
  const TableConfig* t = range_of(va);
  const std::uint64_t last = va + (size - 1);
  if (t == nullptr || last < va || range_of(last) != t) return {BuildStatus::out_of_range, 0};
  const std::uint64_t last_output = output + (size - 1);
  if (last_output < output || (last_output >> m_config.stage1.output_size) != 0)
    return {BuildStatus::out_of_range, 0};

  // Blocks exist at levels 1 and 2 only, and not above the first table.
  const int top = std::max({1, static_cast<int>(mapping.top_level), vmsa64::start_level(64U - t->TxSZ)});
  std::uint64_t done = 0;
  while (done < size) {
    int level = std::min(top, vmsa64::last_level);
    while (level < vmsa64::last_level) {
      const std::uint64_t block = vmsa64::bit(vmsa64::level_shift(level));
      if ((((va + done) | (output + done)) & (block - 1)) == 0 && size - done >= block) break;
      ++level;
    }
    const Slot slot = find(va + done, level, true);
    if (slot.status != BuildStatus::ok) return {slot.status, done};
    if (slot.level != level || (slot.descriptor & vmsa64::valid) != 0) {
      // A table where a block would fit may still be free lower down.
      if (slot.level == level && is_table(slot.descriptor, level)) {
        Mapping lower = mapping;
        lower.top_level = static_cast<std::int8_t>(level + 1);
        const std::uint64_t block = vmsa64::bit(vmsa64::level_shift(level));
        const BuildResult part =
            map(va + done, output + done, block, lower);  // at most two deep: levels 2 and 3
        done += part.done;
        if (part.status != BuildStatus::ok) return {part.status, done};
        continue;
      }
      return {BuildStatus::already_mapped, done};
    }
    if (!write(slot.address, level, leaf_descriptor(mapping, level, output + done))) {
      return {BuildStatus::memory_error, done};
    }
    done += vmsa64::bit(vmsa64::level_shift(level));
  }
  return {BuildStatus::ok, done};
}

BuildResult Builder::unmap(std::uint64_t va, std::uint64_t size) {
  if (m_status != BuildStatus::ok) return {m_status, 0};
  if (size == 0 || ((va | size) & (page_size - 1)) != 0) return {BuildStatus::misaligned, 0};
  const TableConfig* t = range_of(va);
  const std::uint64_t last = va + (size - 1);
  if (t == nullptr || last < va || range_of(last) != t) return {BuildStatus::out_of_range, 0};
  std::uint64_t done = 0;
  while (done < size) {
    const Slot slot = find(va + done, vmsa64::last_level, false);
    if (slot.status != BuildStatus::ok) return {slot.status, done};
    if ((slot.descriptor & vmsa64::valid) == 0) return {BuildStatus::not_mapped, done};
    const std::uint64_t block = vmsa64::bit(vmsa64::level_shift(slot.level));
    if (((va + done) & (block - 1)) != 0 || size - done < block) return {BuildStatus::splits_block, done};
    if (!write(slot.address, slot.level, 0)) return {BuildStatus::memory_error, done};
    done += block;
  }
  return {BuildStatus::ok, done};
}

BuildStatus Builder::set_descriptor(std::uint64_t va, int level, std::uint64_t descriptor) {
  if (m_status != BuildStatus::ok) return m_status;
  const Slot slot = find(va, level, true);
  if (slot.status != BuildStatus::ok) return slot.status;
  if (slot.level != level) return BuildStatus::already_mapped;
  return write(slot.address, level, descriptor) ? BuildStatus::ok : BuildStatus::memory_error;
}

std::optional<std::uint64_t> Builder::descriptor_address(std::uint64_t va, int level) {
  if (m_status != BuildStatus::ok) return std::nullopt;
  const Slot slot = find(va, level, false);
  if (slot.status != BuildStatus::ok || slot.level != level) return std::nullopt;
  return slot.address;
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
    case BuildStatus::already_mapped:
      return "already mapped";
    case BuildStatus::not_mapped:
      return "not mapped";
    case BuildStatus::splits_block:
      return "would split a block";
    case BuildStatus::no_memory:
      return "no memory for a table";
    case BuildStatus::memory_error:
      return "memory error";
  }
  return "?";
}

}  // namespace smmuvp::pgtable
