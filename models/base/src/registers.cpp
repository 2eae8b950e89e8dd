#include "smmuvp/base/registers.h"

#include <fmt/format.h>

#include <algorithm>

namespace smmuvp {

namespace {

/// The bits of a register that bytes [first, first + n) cover; n is 1 to 8.
std::uint64_t byte_lanes(unsigned first, unsigned n) {
  return ~std::uint64_t{0} >> (64 - 8 * n) << (8 * first);
}

constexpr AccessSecurity both[] = {AccessSecurity::NonSecure, AccessSecurity::Secure};

}  // namespace

template <class F>
RegisterHit RegisterFile::for_each_covered(std::uint32_t offset, unsigned bytes, F f) const {
  if (bytes == 0 || bytes > 8 || (bytes & (bytes - 1)) != 0 || (offset & (bytes - 1)) != 0)
    return RegisterHit::Unmapped;
  RegisterHit hit = RegisterHit::Unmapped;
  unsigned done = 0;
  do {
    unsigned n = std::min(4U, bytes - done);  // registers are at least 4-byte aligned
    if (const Cell* cell = cell_at(offset + done)) {
      const unsigned first = (offset + done) & (cell->bytes - 1U);
      n = std::min(cell->bytes - first, bytes - done);
      f(*cell, first, n, done);
      hit = RegisterHit::Hit;
    }
    done += n;
  } while (done < bytes);
  return hit;
}

RegisterHit RegisterFile::read(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                               std::uint64_t& value) {
  value = 0;
  return for_each_covered(offset, bytes, [&](const Cell& cell, unsigned first, unsigned n, unsigned done) {
    const Side& side = cell.side(security);
    if (!side.visible) return;
    const std::uint64_t stored = side.access == Access::WO ? 0 : m_values[side.slot];
    const std::uint64_t v = m_observer.register_read(cell.target, cell.target_index, side.copy, stored);
    value |= (v >> (8 * first) & byte_lanes(0, n)) << (8 * done);
  });
}

RegisterHit RegisterFile::peek(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                               std::uint64_t& value) const {
  value = 0;
  return for_each_covered(offset, bytes, [&](const Cell& cell, unsigned first, unsigned n, unsigned done) {
    const Side& side = cell.side(security);
    if (!side.visible || side.access == Access::WO) return;
    value |= (m_values[side.slot] >> (8 * first) & byte_lanes(0, n)) << (8 * done);
  });
}

RegisterHit RegisterFile::write(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                std::uint64_t value) {
  return for_each_covered(offset, bytes, [&](const Cell& cell, unsigned first, unsigned n, unsigned done) {
    const Side& side = cell.side(security);
    if (!side.visible || side.access == Access::RO || side.access == Access::AckMirror) return;
    if (cell.guard != RegisterInfo::no_guard &&
        (get(cell.guard, 0, side.copy) & info(cell.id).guard_mask) != 0) {
      m_observer.register_write_ignored(cell.target, cell.target_index);
      return;
    }
    const std::uint64_t lanes = byte_lanes(first, n);
    const std::uint64_t written = (value >> (8 * done) << (8 * first)) & lanes;
    const std::uint64_t mask = lanes & side.write_mask;
    const std::uint64_t old = m_values[side.slot];
    const std::uint64_t now =
        side.access == Access::W1C ? old & ~(written & mask) : (old & ~mask) | (written & mask);
    m_values[side.slot] = now;
    m_observer.register_written(cell.target, cell.target_index, side.copy, old, now, written, lanes);
  });
}

void RegisterFile::reset() { m_values = m_resets; }

void RegisterFile::set_reset(std::uint16_t id, std::uint64_t value) {
  for (std::uint32_t k = 0; k < info(id).count; ++k) {
    for (const AccessSecurity s : both) set_reset(id, value, k, s);
  }
  m_table[m_rows[id].entry].reset = value;
}

void RegisterFile::set_reset(std::uint16_t id, std::uint64_t value, std::uint32_t index, AccessSecurity s) {
  const RegisterInfo& row = info(id);
  if (row.alias_of != RegisterInfo::no_alias) {
    throw ConfigError(row.name, fmt::format("register {} is an alias of {}: set the reset value of that",
                                            row.name, info(row.alias_of).name));
  }
  const std::uint32_t slot = cell_of(id, index).side(s).slot;
  m_resets[slot] = m_values[slot] = value;
}

void RegisterFile::set_write_mask(std::uint16_t id, std::uint64_t mask) {
  for (std::uint32_t k = 0; k < info(id).count; ++k) {
    for (const AccessSecurity s : both) cell_of(id, k).side(s).write_mask = mask;
  }
  m_table[m_rows[id].entry].write_mask = mask;
}

void RegisterFile::set_policy(std::uint16_t id, std::uint32_t index, AccessSecurity s,
                              const RegisterPolicy& policy) {
  apply(cell_of(id, index), s, policy);
}

void RegisterFile::apply(Cell& cell, AccessSecurity s, const RegisterPolicy& policy) {
  Side& side = cell.side(s);
  side.access = policy.access;
  side.write_mask = policy.write_mask;
  side.visible = policy.visible;
  // What nobody sees leaves the index, so that accesses need not ask.
  const auto number = static_cast<std::uint32_t>(&cell - m_cells.data());
  const std::uint32_t word = cell.sides[0].visible || cell.sides[1].visible ? number + 1 : 0;
  const std::uint32_t start = start_of(info(cell.id), cell.index);
  for (std::uint32_t byte = 0; byte < cell.bytes; byte += 4) word_at(start + byte) = word;
}

std::string RegisterFile::element_name(const RegisterInfo& info, std::uint32_t index) {
  std::string name = info.name;
  std::size_t inside = name.find("n_");
  if (inside != std::string::npos) {  // twice where two registers share an offset
    for (; inside != std::string::npos; inside = name.find("n_", inside + 1)) {
      name.replace(inside, 1, std::to_string(index));
    }
  } else if (info.count > 1) {
    if (!name.empty() && name.back() == 'n') name.pop_back();
    name += std::to_string(index);
  }
  return name;
}

std::string RegisterFile::name_at(std::uint32_t offset) const {
  const Cell* cell = cell_at(offset);
  return cell == nullptr ? "" : element_name(info(cell->id), cell->index);
}

// An archive may come from anywhere: no change of it is taken before all are known to name elements and
// values that exist.
void RegisterFile::visit(Archive& archive) {
  archive.begin("registers");
  for (const RegisterInfo& row : m_table) {
    if (row.alias_of != RegisterInfo::no_alias) continue;
    for (const AccessSecurity s : both) {
      if (s == AccessSecurity::Secure && row.bank != SecurityBank::Banked) continue;
      for (std::uint32_t k = 0; k < row.count; ++k) {
        archive.value(row.name, m_values[cell_of(row.id, k).side(s).slot]);
      }
    }
  }
  std::vector<Change> list = changes();
  archive.list("changes", list, 2 * m_cells.size(), [&](Change& c) {
    archive.value("id", c.id);
    archive.value("index", c.index);
    archive.value("security", c.security);
    archive.value("access", c.policy.access);
    archive.value("write_mask", c.policy.write_mask);
    archive.value("visible", c.policy.visible);
    archive.value("reset", c.reset);
    if (!knows(c.id) || c.index >= info(c.id).count || c.security > AccessSecurity::Secure ||
        c.policy.access > Access::AckMirror) {
      archive.fail("changes", "names a register or an access that does not exist");
    }
  });
  archive.end();
  if (archive.loading() && archive.ok()) take(list);
}

std::vector<RegisterFile::Change> RegisterFile::changes() const {
  std::vector<Change> list;
  for (const Cell& cell : m_cells) {
    const RegisterInfo& row = info(cell.id);
    const bool alias = row.alias_of != RegisterInfo::no_alias;
    for (const AccessSecurity s : both) {
      const RegisterPolicy is = policy(cell.id, cell.index, s);
      const RegisterPolicy was = declared(row, s);
      const std::uint64_t reset = m_resets[cell.side(s).slot];
      if (is.access != was.access || is.write_mask != was.write_mask || is.visible != was.visible ||
          (!alias && reset != row.reset)) {
        list.push_back({cell.id, cell.index, s, is, reset});
      }
    }
  }
  return list;
}

void RegisterFile::take(const std::vector<Change>& list) {
  for (Cell& cell : m_cells) {
    const RegisterInfo& row = info(cell.id);
    for (const AccessSecurity s : both) {
      apply(cell, s, declared(row, s));
      if (row.alias_of == RegisterInfo::no_alias) m_resets[cell.side(s).slot] = row.reset;
    }
  }
  for (const Change& c : list) {
    Cell& cell = cell_of(c.id, c.index);
    apply(cell, c.security, c.policy);
    if (info(c.id).alias_of == RegisterInfo::no_alias) m_resets[cell.side(c.security).slot] = c.reset;
  }
}

}  // namespace smmuvp
