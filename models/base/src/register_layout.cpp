// From a table of registers to what an access looks up: checks, aliases, page index.
#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/base/registers.h"

namespace smmuvp {

namespace {

std::uint32_t stride_of(const RegisterInfo& info) { return info.stride != 0 ? info.stride : info.bytes; }
bool is_alias(const RegisterInfo& info) { return info.alias_of != RegisterInfo::no_alias; }

[[noreturn]] void refuse(const RegisterInfo& info, const std::string& why) {
  throw ConfigError(info.name, fmt::format("register {} at {:#x} {}", info.name, info.offset, why));
}

void check_shape(const RegisterInfo& info) {
  if (info.bytes != 4 && info.bytes != 8) {
    refuse(info, fmt::format("is {} bytes wide; give it 4 or 8", info.bytes));
  }
  if (info.offset % info.bytes != 0) {
    refuse(info, fmt::format("is not aligned to its width; its offset must be a multiple of {}", info.bytes));
  }
  if (info.count == 0) refuse(info, "has no element; give it a count of 1 or more");
  if (stride_of(info) % info.bytes != 0) {
    refuse(info, fmt::format("has elements {} bytes apart; the stride must be a multiple of {}",
                             stride_of(info), info.bytes));
  }
  const std::uint64_t end =
      info.offset + static_cast<std::uint64_t>(info.count - 1) * stride_of(info) + info.bytes;
  if (end > std::uint64_t{1} << 32) {
    refuse(info, fmt::format("ends at {:#x}; offsets have 32 bits: lower its count or stride", end));
  }
}

}  // namespace

RegisterFile::RegisterFile(std::vector<RegisterInfo> table, RegisterObserver& observer)
    : m_table(std::move(table)), m_observer(observer) {
  std::sort(m_table.begin(), m_table.end(),
            [](const RegisterInfo& a, const RegisterInfo& b) { return a.offset < b.offset; });
  add_rows();
  std::vector<std::uint8_t> state(m_table.size());
  for (std::uint32_t entry = 0; entry < m_table.size(); ++entry) resolve(entry, state);
  check_guards();
  index_words();
  reset();
}

std::uint32_t RegisterFile::start_of(const RegisterInfo& info, std::uint32_t index) {
  return info.offset + index * stride_of(info);
}

RegisterPolicy RegisterFile::declared(const RegisterInfo& info, AccessSecurity s) {
  return {info.access, info.write_mask, info.bank != SecurityBank::SecureOnly || s == AccessSecurity::Secure};
}

void RegisterFile::add_rows() {
  for (std::uint32_t entry = 0; entry < m_table.size(); ++entry) {
    const RegisterInfo& info = m_table[entry];
    check_shape(info);
    if (knows(info.id)) {
      refuse(info, fmt::format("has the id {} of {} at {:#x}; each row needs its own", info.id,
                               this->info(info.id).name, this->info(info.id).offset));
    }
    if (info.id >= m_rows.size()) m_rows.resize(info.id + std::size_t{1}, Row{nowhere, nowhere});
    m_rows[info.id] = {entry, static_cast<std::uint32_t>(m_cells.size())};
    Cell cell;
    cell.id = cell.target = info.id;
    cell.guard = info.guard;
    cell.bytes = info.bytes;
    for (const AccessSecurity s : {AccessSecurity::NonSecure, AccessSecurity::Secure}) {
      const RegisterPolicy policy = declared(info, s);
      Side& side = cell.side(s);
      side.access = policy.access;
      side.write_mask = policy.write_mask;
      side.visible = policy.visible;
      side.copy = s;
    }
    for (std::uint32_t k = 0; k < info.count; ++k) {
      cell.index = cell.target_index = k;
      m_cells.push_back(cell);
    }
  }
}

// Gives a row's elements their storage: slots of their own, or those of the row that it is an alias of.
void RegisterFile::resolve(std::uint32_t entry, std::vector<std::uint8_t>& state) {
  enum : std::uint8_t { open, under_way, done };
  const RegisterInfo& info = m_table[entry];
  if (state[entry] == done) return;
  if (!is_alias(info)) {
    const auto first = static_cast<std::uint32_t>(m_values.size());
    const std::uint32_t second = info.bank == SecurityBank::Banked ? info.count : 0;
    for (std::uint32_t k = 0; k < info.count; ++k) {
      cell_of(info.id, k).side(AccessSecurity::NonSecure).slot = first + k;
      cell_of(info.id, k).side(AccessSecurity::Secure).slot = first + second + k;
    }
    m_values.resize(first + info.count + second);
    m_resets.resize(m_values.size(), info.reset);
    state[entry] = done;
    return;
  }
  if (!knows(info.alias_of)) {
    refuse(info, fmt::format("is an alias of id {}, which no row of the table has", info.alias_of));
  }
  const RegisterInfo& other = this->info(info.alias_of);
  const auto refuse_both = [&](const std::string& why) {
    refuse(info, fmt::format("is an alias of {} at {:#x}, {}", other.name, other.offset, why));
  };
  state[entry] = under_way;
  if (state[m_rows[other.id].entry] == under_way) {
    refuse_both("which is an alias that leads back to it; one of them must store the value");
  }
  if (info.bytes != other.bytes) {
    refuse_both(fmt::format("which is {} bytes wide; give both the same width", other.bytes));
  }
  if (info.count > other.count || info.alias_index > other.count - info.count) {
    refuse_both(fmt::format("which has {} elements; elements {} to {} are asked for", other.count,
                            info.alias_index, std::uint64_t{info.alias_index} + info.count - 1));
  }
  if (info.reset != 0) refuse_both("whose reset value counts; write 0 as its own");
  resolve(m_rows[other.id].entry, state);
  for (std::uint32_t k = 0; k < info.count; ++k) {
    const Cell& from = cell_of(other.id, info.alias_index + k);
    Cell& cell = cell_of(info.id, k);
    const bool banked = from.sides[0].slot != from.sides[1].slot;
    if (!banked && (info.alias_copy != AliasCopy::AsAccessed || info.bank == SecurityBank::Banked)) {
      refuse_both(
          "of which there is one copy; write AliasCopy::AsAccessed and SecurityBank::Common or SecureOnly");
    }
    cell.target = from.target;
    cell.target_index = from.target_index;
    for (const AccessSecurity s : {AccessSecurity::NonSecure, AccessSecurity::Secure}) {
      const Side& shown = info.alias_copy == AliasCopy::AsAccessed  ? from.side(s)
                          : info.alias_copy == AliasCopy::NonSecure ? from.side(AccessSecurity::NonSecure)
                                                                    : from.side(AccessSecurity::Secure);
      cell.side(s).slot = shown.slot;
      cell.side(s).copy = shown.copy;
    }
  }
  state[entry] = done;
}

void RegisterFile::check_guards() const {
  for (const RegisterInfo& info : m_table) {
    if (info.guard == RegisterInfo::no_guard || knows(info.guard)) continue;
    refuse(info, fmt::format("has the guard {}, which no row of the table has", info.guard));
  }
}

// Two steps from an offset to its register: the page, then the word in it. Pages without a register share
// one.
void RegisterFile::index_words() {
  m_words.resize(page_words);
  for (std::uint32_t number = 0; number < m_cells.size(); ++number) {
    const RegisterInfo& row = info(m_cells[number].id);
    const std::uint32_t start = start_of(row, m_cells[number].index);
    for (std::uint32_t at = start; at - start < row.bytes; at += 4) {
      const std::uint32_t page = at >> page_shift;
      if (page >= m_pages.size()) m_pages.resize(page + std::size_t{1});
      if (m_pages[page] == 0) {
        m_pages[page] = static_cast<std::uint32_t>(m_words.size());
        m_words.resize(m_words.size() + page_words);
      }
      std::uint32_t& word = word_at(at);
      if (word != 0) {
        const Cell& other = m_cells[word - 1];
        const RegisterInfo& taken = info(other.id);
        throw ConfigError(
            row.name,
            fmt::format(
                "registers {} at {:#x} and {} at {:#x} overlap; give one of them another offset or stride",
                element_name(taken, other.index), start_of(taken, other.index),
                element_name(row, m_cells[number].index), start));
      }
      word = number + 1;
    }
  }
}

}  // namespace smmuvp
