// A cache of configuration structures, by StreamID and SubstreamID.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"

namespace smmuvp::smmu {

/// Set-associative, least recently used. `Value` is what a structure was decoded to; it has
/// `void visit(Archive&)` that stores enough to decode it again.
template <class Value>
class ConfigCache {
 public:
  /// @param sets  a power of two
  ConfigCache(std::uint32_t sets, std::uint32_t ways) : m_sets(sets), m_ways(ways), m_slots(sets * ways) {}

  /// nullptr on a miss. The pointer is good until the next insert or invalidation. Counts as a use.
  const Value* lookup(std::uint32_t stream, std::uint32_t substream) {
    Slot* slot = find(stream, substream);
    if (slot == nullptr) return nullptr;
    slot->used = ++m_use;
    return &slot->value;
  }
  const Value* probe(std::uint32_t stream, std::uint32_t substream) const {
    return const_cast<ConfigCache*>(this)->value_of(stream, substream);
  }
  void insert(std::uint32_t stream, std::uint32_t substream, const Value& value) {
    Slot* slot = find(stream, substream);
    if (slot == nullptr) {
      slot = set_begin(stream);
      for (std::uint32_t way = 1; way < m_ways && slot->valid; ++way) {
        Slot* other = set_begin(stream) + way;
        if (!other->valid || other->used < slot->used) slot = other;
      }
    }
    *slot = {true, stream, substream, ++m_use, value};
  }
  /// Drops entries of streams (stream & mask) == (match & mask), of one substream where `substream` is given.
  /// @return how many.
  std::uint64_t invalidate(std::uint32_t match, std::uint32_t mask,
                           const std::uint32_t* substream = nullptr) {
    std::uint64_t n = 0;
    for (Slot& slot : m_slots) {
      if (!slot.valid || ((slot.stream ^ match) & mask) != 0) continue;
      if (substream != nullptr && slot.substream != *substream) continue;
      slot.valid = false;
      ++n;
    }
    return n;
  }
  void clear() { m_slots.assign(m_slots.size(), Slot{}); }
  /// Calls f(Value&) for each entry, in the order of the slots.
  template <class F>
  void for_each(F f) {
    for (Slot& slot : m_slots) {
      if (slot.valid) f(slot.value);
    }
  }

  void visit(Archive& archive) {
    archive.begin("config_cache");
    archive.value("use", m_use);
    std::uint64_t slots = m_slots.size();
    archive.value("slots", slots);
    if (slots != m_slots.size()) archive.fail("slots", "another geometry");
    for (Slot& slot : m_slots) {
      archive.value("valid", slot.valid);
      if (!archive.ok() || !slot.valid) continue;
      archive.value("stream", slot.stream);
      archive.value("substream", slot.substream);
      archive.value("used", slot.used);
      slot.value.visit(archive);
    }
    archive.end();
  }

 private:
  struct Slot {
    bool valid = false;
    std::uint32_t stream = 0;
    std::uint32_t substream = 0;
    std::uint64_t used = 0;
    Value value{};
  };
  Slot* set_begin(std::uint32_t stream) {
    return m_slots.data() + static_cast<std::size_t>(stream & (m_sets - 1)) * m_ways;
  }
  Slot* find(std::uint32_t stream, std::uint32_t substream) {
    Slot* slot = set_begin(stream);
    for (std::uint32_t way = 0; way < m_ways; ++way, ++slot) {
      if (slot->valid && slot->stream == stream && slot->substream == substream) return slot;
    }
    return nullptr;
  }
  const Value* value_of(std::uint32_t stream, std::uint32_t substream) {
    const Slot* slot = find(stream, substream);
    return slot == nullptr ? nullptr : &slot->value;
  }

  std::uint32_t m_sets;
  std::uint32_t m_ways;
  std::vector<Slot> m_slots;
  std::uint64_t m_use = 0;
};

}  // namespace smmuvp::smmu
