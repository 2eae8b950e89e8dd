#include "smmuvp/smmu/grants.h"

#include <algorithm>
#include <utility>

namespace smmuvp::smmu {

bool DirectRegion::clip(const AddressRange& allowed, std::uint64_t address) {
  const std::uint64_t wanted = output.first + (address - input.first);
  if (wanted < allowed.first || wanted > allowed.last) return false;
  const std::uint64_t first = std::max(output.first, allowed.first);
  const std::uint64_t last = std::min(output.last, allowed.last);
  input.last = input.first + (last - output.first);
  input.first += first - output.first;
  output = {first, last};
  return true;
}

Grants::Grants(std::uint32_t stream_id, Withdraw withdraw)
    : TaggedStore({1, most}, "grants"), m_stream_id(stream_id), m_withdraw(std::move(withdraw)) {}

// The first address is the owner of an entry: several grants may be parts of one page or block.
bool Grants::add(const DirectRegion& region) {
  const EntryKey key(region.key);
  const AddressRange& input = region.input;
  if (const Entry* same = find(input.first, key.page(), key.shift())) {
    if (same->word() != key.word() || same->span() != key.span() || same->level() != key.level() ||
        same->granule() != key.granule() || same->value.output != region.output.first) {
      return false;
    }
    if (same->value.input.last >= input.last) return true;
  } else if (!has_room()) {
    return false;
  }
  put(Entry{key, 0, input.first, {input, region.output.first, &m_dropped}});
  return true;
}

std::uint64_t Grants::invalidate(const Invalidation& what) {
  return TaggedStore::invalidate(what) == 0 ? 0 : tell();
}

std::uint64_t Grants::withdraw_all() {
  return drop_of(all(), [](const Entry&) { return true; }) == 0 ? 0 : tell();
}

std::uint64_t Grants::forget(std::uint64_t match, std::uint64_t mask) {
  return (m_stream_id & mask) == match ? withdraw_all() : 0;
}

std::uint64_t Grants::invalidate_output(const AddressRange& output, std::uint64_t& excess) {
  const std::uint64_t n = drop_of(all(), [&](const Entry& e) {
    const std::uint64_t first = e.value.output;
    const std::uint64_t last = first + (e.value.input.last - e.value.input.first);
    if (first > output.last || last < output.first) return false;
    if (first < output.first || last > output.last) ++excess;
    return true;
  });
  return n == 0 ? 0 : tell();
}

std::uint64_t Grants::tell() {
  const std::vector<AddressRange> dropped = std::exchange(m_dropped, {});
  ++m_telling;
  for (const AddressRange& range : dropped) m_withdraw(range);
  --m_telling;
  return dropped.size();
}

}  // namespace smmuvp::smmu
