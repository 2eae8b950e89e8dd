#include "smmuvp/base/registers.h"

#include <fmt/format.h>

#include <algorithm>

namespace smmuvp {

namespace {

std::uint32_t stride_of(const RegisterInfo& info) { return info.stride != 0 ? info.stride : info.bytes; }
std::uint64_t span_of(const RegisterInfo& info) {
  return static_cast<std::uint64_t>(info.count - 1) * stride_of(info) + info.bytes;
}
std::size_t copies(const RegisterInfo& info) { return info.bank == SecurityBank::Banked ? 2 : 1; }

constexpr std::size_t none = ~static_cast<std::size_t>(0);

/// The bits of a register that bytes [first, first + n) cover.
std::uint64_t byte_lanes(unsigned first, unsigned n) {
  const std::uint64_t mask = n >= 8 ? ~0ULL : (1ULL << (8 * n)) - 1;
  return mask << (8 * first);
}

}  // namespace

RegisterFile::RegisterFile(std::vector<RegisterInfo> table, RegisterObserver& observer)
    : m_table(std::move(table)), m_observer(observer) {
  std::sort(m_table.begin(), m_table.end(),
            [](const RegisterInfo& a, const RegisterInfo& b) { return a.offset < b.offset; });
  std::size_t slots = 0;
  for (std::size_t i = 0; i < m_table.size(); ++i) {
    const RegisterInfo& info = m_table[i];
    const auto bad = [&](const char* why) {
      throw ConfigError(info.name, fmt::format("register {} at {:#x}: {}", info.name, info.offset, why));
    };
    if (info.bytes != 4 && info.bytes != 8) bad("is neither 4 nor 8 bytes wide");
    if (info.offset % info.bytes != 0 || stride_of(info) % info.bytes != 0)
      bad("is not aligned to its width");
    if (info.count == 0 || stride_of(info) < info.bytes) bad("has an impossible array shape");
    if (info.id >= m_by_id.size()) m_by_id.resize(info.id + std::size_t{1}, none);
    if (m_by_id[info.id] != none) bad("repeats an id");
    m_by_id[info.id] = i;
    m_first.push_back(slots);
    slots += info.count * copies(info);
  }
  // Arrays may interleave (equal strides), so overlap is checked per element against the next ones in order.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const RegisterInfo& info : m_table) {
    for (std::uint32_t k = 0; k < info.count; ++k) {
      const std::uint64_t at = info.offset + static_cast<std::uint64_t>(k) * stride_of(info);
      ranges.emplace_back(at, at + info.bytes);
    }
    if (info.guard != RegisterInfo::no_guard &&
        (info.guard >= m_by_id.size() || m_by_id[info.guard] == none)) {
      throw ConfigError(info.name, fmt::format("register {}: its guard is no register", info.name));
    }
  }
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first < ranges[i - 1].second) {
      throw ConfigError("", fmt::format("two registers overlap at {:#x}", ranges[i].first));
    }
  }
  m_values.resize(slots);
  reset();
}

bool RegisterFile::find(std::uint32_t byte, Found& found) const {
  // The last entry that starts at or before the byte is the usual answer; interleaved arrays need a look
  // further back.
  auto it = std::upper_bound(m_table.begin(), m_table.end(), byte,
                             [](std::uint32_t b, const RegisterInfo& info) { return b < info.offset; });
  while (it != m_table.begin()) {
    --it;
    const std::uint32_t delta = byte - it->offset;
    if (delta < span_of(*it)) {
      const std::uint32_t index = delta / stride_of(*it);
      if (delta % stride_of(*it) < it->bytes) {
        found = {static_cast<std::size_t>(it - m_table.begin()), index, it->offset + index * stride_of(*it)};
        return true;
      }
    }
  }
  return false;
}

std::uint64_t& RegisterFile::slot(std::size_t entry, std::uint32_t index, AccessSecurity s) {
  const RegisterInfo& info = m_table[entry];
  const std::size_t bank = info.bank == SecurityBank::Banked && s == AccessSecurity::Secure ? info.count : 0;
  return m_values[m_first[entry] + bank + index];
}

template <class F>
RegisterHit RegisterFile::for_each_covered(std::uint32_t offset, unsigned bytes, F f) const {
  if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || offset % bytes != 0)
    return RegisterHit::Unmapped;
  RegisterHit hit = RegisterHit::Unmapped;
  for (unsigned done = 0; done < bytes;) {
    Found found{};
    if (!find(offset + done, found)) {
      // Registers are at least 4-byte aligned, so the next one cannot start sooner.
      done += std::min(4 - (offset + done) % 4, bytes - done);
      continue;
    }
    const unsigned first = offset + done - found.start;
    const unsigned n = std::min<unsigned>(m_table[found.entry].bytes - first, bytes - done);
    f(found, first, n, done);
    hit = RegisterHit::Hit;
    done += n;
  }
  return hit;
}

RegisterHit RegisterFile::read(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                               std::uint64_t& value) {
  value = 0;
  return for_each_covered(offset, bytes, [&](const Found& found, unsigned first, unsigned n, unsigned done) {
    const RegisterInfo& info = m_table[found.entry];
    if (hidden(info, security)) return;
    const std::uint64_t stored = info.access == Access::WO ? 0 : slot(found.entry, found.index, security);
    const std::uint64_t v = m_observer.register_read(info.id, found.index, security, stored);
    value |= ((v & byte_lanes(first, n)) >> (8 * first)) << (8 * done);
  });
}

RegisterHit RegisterFile::peek(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                               std::uint64_t& value) const {
  value = 0;
  return for_each_covered(offset, bytes, [&](const Found& found, unsigned first, unsigned n, unsigned done) {
    const RegisterInfo& info = m_table[found.entry];
    if (hidden(info, security) || info.access == Access::WO) return;
    const std::uint64_t v = const_cast<RegisterFile*>(this)->slot(found.entry, found.index, security);
    value |= ((v & byte_lanes(first, n)) >> (8 * first)) << (8 * done);
  });
}

RegisterHit RegisterFile::write(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                std::uint64_t value) {
  return for_each_covered(offset, bytes, [&](const Found& found, unsigned first, unsigned n, unsigned done) {
    const RegisterInfo& info = m_table[found.entry];
    if (hidden(info, security) || info.access == Access::RO || info.access == Access::AckMirror) return;
    if (info.guard != RegisterInfo::no_guard && (get(info.guard, 0, security) & info.guard_mask) != 0) {
      m_observer.register_write_ignored(info.id, found.index);
      return;
    }
    const std::uint64_t lanes = byte_lanes(first, n);
    const std::uint64_t written = (value >> (8 * done) << (8 * first)) & lanes;
    const std::uint64_t mask = lanes & info.write_mask;
    std::uint64_t& stored = slot(found.entry, found.index, security);
    const std::uint64_t old = stored;
    stored = info.access == Access::W1C ? old & ~(written & mask) : (old & ~mask) | (written & mask);
    m_observer.register_written(info.id, found.index, security, old, stored, written, lanes);
  });
}

std::uint64_t RegisterFile::get(std::uint16_t id, std::uint32_t index, AccessSecurity s) const {
  return const_cast<RegisterFile*>(this)->slot(m_by_id[id], index, s);
}

void RegisterFile::set(std::uint16_t id, std::uint64_t value, std::uint32_t index, AccessSecurity s) {
  slot(m_by_id[id], index, s) = value;
}

void RegisterFile::reset() {
  for (std::size_t i = 0; i < m_table.size(); ++i) {
    std::fill_n(m_values.begin() + static_cast<std::ptrdiff_t>(m_first[i]),
                m_table[i].count * copies(m_table[i]), m_table[i].reset);
  }
}

void RegisterFile::set_reset(std::uint16_t id, std::uint64_t value) {
  const std::size_t i = m_by_id[id];
  m_table[i].reset = value;
  std::fill_n(m_values.begin() + static_cast<std::ptrdiff_t>(m_first[i]),
              m_table[i].count * copies(m_table[i]), value);
}

void RegisterFile::set_write_mask(std::uint16_t id, std::uint64_t mask) {
  m_table[m_by_id[id]].write_mask = mask;
}

std::string RegisterFile::name_at(std::uint32_t offset) const {
  Found found{};
  if (!find(offset, found)) return "";
  const RegisterInfo& info = m_table[found.entry];
  std::string name = info.name;
  if (info.count > 1) {
    if (!name.empty() && name.back() == 'n') name.pop_back();
    name += std::to_string(found.index);
  }
  return name;
}

void RegisterFile::visit(Archive& archive) {
  archive.begin("registers");
  for (std::size_t i = 0; i < m_table.size(); ++i) {
    const std::size_t n = m_table[i].count * copies(m_table[i]);
    for (std::size_t k = 0; k < n; ++k) archive.value(m_table[i].name, m_values[m_first[i] + k]);
  }
  archive.end();
}

}  // namespace smmuvp
