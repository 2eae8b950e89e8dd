// The register file beside a model that knows bytes only: random tables, random accesses, both security
// states.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "smmuvp/base/registers.h"

namespace smmuvp {
namespace {

constexpr AccessSecurity both[] = {AccessSecurity::NonSecure, AccessSecurity::Secure};
constexpr std::uint32_t window = 0x5000;

/// Everything an observer hears, in order.
using Call = std::tuple<char, unsigned, std::uint32_t, AccessSecurity, std::uint64_t, std::uint64_t,
                        std::uint64_t, std::uint64_t>;
struct Recorder : RegisterObserver {
  std::vector<Call> calls;
  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity s,
                              std::uint64_t stored) override {
    calls.emplace_back('r', id, index, s, stored, 0, 0, 0);
    return stored;
  }
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity s, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override {
    calls.emplace_back('w', id, index, s, old, value, written, lanes);
  }
  void register_write_ignored(std::uint16_t id, std::uint32_t index) override {
    calls.emplace_back('i', id, index, AccessSecurity::NonSecure, 0, 0, 0, 0);
  }
};

/// Follows the doc comments of registers.h for each byte, with maps and searches.
class Model {
 public:
  explicit Model(std::vector<RegisterInfo> table) : m_table(std::move(table)) {
    for (const RegisterInfo& row : m_table) {
      for (std::uint32_t k = 0; k < row.count; ++k) {
        for (AccessSecurity s : both) {
          m_policies[{row.id, k, s}] = {row.access, row.write_mask,
                                        row.bank != SecurityBank::SecureOnly || s == AccessSecurity::Secure};
          if (row.alias_of == RegisterInfo::no_alias) m_resets[{row.id, k, s}] = row.reset;
        }
      }
    }
    reset();
  }

  using Key = std::tuple<std::uint16_t, std::uint32_t, AccessSecurity>;
  const RegisterInfo& row(std::uint16_t id) const {
    for (const RegisterInfo& r : m_table) {
      if (r.id == id) return r;
    }
    throw ConfigError("", "no such row");
  }
  /// Follows aliases to what is stored, and to the copy that is reached.
  Key shown(std::uint16_t id, std::uint32_t index, AccessSecurity s) const {
    const RegisterInfo& r = row(id);
    if (r.alias_of == RegisterInfo::no_alias) return {id, index, s};
    if (r.alias_copy == AliasCopy::NonSecure) s = AccessSecurity::NonSecure;
    if (r.alias_copy == AliasCopy::Secure) s = AccessSecurity::Secure;
    return shown(r.alias_of, r.alias_index + index, s);
  }
  std::uint64_t& value(Key k) {
    if (row(std::get<0>(k)).bank != SecurityBank::Banked) std::get<2>(k) = AccessSecurity::NonSecure;
    return m_values[k];
  }
  void reset() {
    m_values.clear();
    for (const auto& [key, v] : m_resets) value(key) = v;
  }
  void set_reset(std::uint16_t id, std::uint32_t index, AccessSecurity s, std::uint64_t v) {
    for (AccessSecurity other : both) {
      if (other == s || row(id).bank != SecurityBank::Banked) m_resets[{id, index, other}] = v;
    }
    value({id, index, s}) = v;
  }
  RegisterPolicy& policy(std::uint16_t id, std::uint32_t index, AccessSecurity s) {
    return m_policies[{id, index, s}];
  }

  struct Place {
    const RegisterInfo* row;
    std::uint32_t index;
    unsigned byte;
  };
  /// The register that a byte belongs to, if anybody sees it.
  std::optional<Place> place(std::uint64_t byte) {
    for (const RegisterInfo& r : m_table) {
      for (std::uint32_t k = 0; k < r.count; ++k) {
        const std::uint64_t start = r.offset + std::uint64_t{k} * (r.stride != 0 ? r.stride : r.bytes);
        if (byte < start || byte >= start + r.bytes) continue;
        if (!policy(r.id, k, both[0]).visible && !policy(r.id, k, both[1]).visible) return std::nullopt;
        return Place{&r, k, static_cast<unsigned>(byte - start)};
      }
    }
    return std::nullopt;
  }

  RegisterHit access(bool write, std::uint32_t offset, unsigned bytes, AccessSecurity s, std::uint64_t& data,
                     std::vector<Call>* calls) {
    if (!write) data = 0;
    if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || offset % bytes != 0)
      return RegisterHit::Unmapped;
    RegisterHit hit = RegisterHit::Unmapped;
    const RegisterInfo* last = nullptr;
    std::uint32_t last_index = 0;
    bool ignored = false;
    for (unsigned i = 0; i < bytes; ++i) {
      const auto at = place(std::uint64_t{offset} + i);
      if (!at) continue;
      hit = RegisterHit::Hit;
      const RegisterPolicy p = policy(at->row->id, at->index, s);
      if (!p.visible) continue;
      const bool first = last != at->row || last_index != at->index;
      last = at->row;
      last_index = at->index;
      const Key key = shown(at->row->id, at->index, s);
      const auto [id, index, copy] = key;
      std::uint64_t& stored = value(key);
      const std::uint64_t lane = std::uint64_t{0xff} << (8 * at->byte);
      if (!write) {
        const std::uint64_t v = p.access == Access::WO ? 0 : stored;
        if (first && calls != nullptr) calls->emplace_back('r', id, index, copy, v, 0, 0, 0);
        data |= (v >> (8 * at->byte) & 0xff) << (8 * i);
        continue;
      }
      if (p.access == Access::RO || p.access == Access::AckMirror) continue;
      if (first) {
        ignored = at->row->guard != RegisterInfo::no_guard &&
                  (value(shown(at->row->guard, 0, copy)) & at->row->guard_mask) != 0;
        if (ignored) {
          calls->emplace_back('i', id, index, AccessSecurity::NonSecure, 0, 0, 0, 0);
        } else {
          calls->emplace_back('w', id, index, copy, stored, stored, 0, 0);
        }
      }
      if (ignored) continue;
      const std::uint64_t written = (data >> (8 * i) & 0xff) << (8 * at->byte);
      const std::uint64_t reached = lane & p.write_mask;
      stored =
          p.access == Access::W1C ? stored & ~(written & reached) : (stored & ~reached) | (written & reached);
      std::get<5>(calls->back()) = stored;
      std::get<6>(calls->back()) |= written;
      std::get<7>(calls->back()) |= lane;
    }
    return hit;
  }

 private:
  std::vector<RegisterInfo> m_table;
  std::map<Key, RegisterPolicy> m_policies;
  std::map<Key, std::uint64_t> m_resets;
  std::map<Key, std::uint64_t> m_values;
};

class RandomRegisters : public ::testing::TestWithParam<unsigned> {
 protected:
  std::mt19937_64 random{GetParam()};
  std::uint64_t below(std::uint64_t n) { return random() % n; }
  bool chance(unsigned percent) { return below(100) < percent; }
  Access any_access() { return static_cast<Access>(below(5)); }
  std::uint64_t any_bits(unsigned bytes) {
    const std::uint64_t bits = chance(30) ? ~std::uint64_t{0} : random();
    return bytes == 8 ? bits : bits & 0xffff'ffff;
  }

  /// Rows wherever there is room, with strides that interleave, cross pages, and leave holes.
  std::vector<RegisterInfo> table() {
    std::vector<RegisterInfo> t;
    std::vector<bool> taken(window);
    for (unsigned tries = 0; tries < 60; ++tries) {
      RegisterInfo r{static_cast<std::uint16_t>(3 * t.size() + 1), "Rn", 0, 4, any_access(), 0, 0, "c"};
      r.bytes = chance(40) ? 8 : 4;
      r.write_mask = any_bits(r.bytes);
      r.bank = static_cast<SecurityBank>(below(3));
      r.count = chance(50) ? 1 : static_cast<std::uint32_t>(1 + below(6));
      const std::uint32_t strides[] = {0, r.bytes * 2U, 0x18, 0x400, 0x1000};
      r.stride = strides[below(5)];
      r.offset = static_cast<std::uint32_t>((chance(70) ? below(0x80) : below(window)) / r.bytes * r.bytes);
      if (!t.empty() && chance(35)) {
        r.alias_of = t[below(t.size())].id;
        alias(r, t);
      } else {
        r.reset = any_bits(r.bytes);
      }
      if (!t.empty() && chance(20)) {
        r.guard = t[below(t.size())].id;
        r.guard_mask = std::uint64_t{3} << below(31);
      }
      if (place(r, taken)) t.push_back(r);
    }
    std::shuffle(t.begin(), t.end(), random);
    return t;
  }

 private:
  static bool place(const RegisterInfo& r, std::vector<bool>& taken) {
    std::vector<std::uint32_t> bytes;
    for (std::uint32_t k = 0; k < r.count; ++k) {
      for (std::uint32_t b = 0; b < r.bytes; ++b) {
        bytes.push_back(r.offset + k * (r.stride != 0 ? r.stride : r.bytes) + b);
        if (bytes.back() >= window || taken[bytes.back()]) return false;
      }
    }
    for (std::uint32_t b : bytes) taken[b] = true;
    return true;
  }
  /// Makes r fit the row that it is an alias of.
  void alias(RegisterInfo& r, const std::vector<RegisterInfo>& t) {
    const auto row = [&](std::uint16_t id) -> const RegisterInfo& {
      return *std::find_if(t.begin(), t.end(), [&](const RegisterInfo& o) { return o.id == id; });
    };
    const RegisterInfo& other = row(r.alias_of);
    if (r.bytes != other.bytes) r.offset &= ~7U;
    if (r.stride != 0) r.stride = (r.stride + 7) & ~7U;
    r.bytes = other.bytes;
    r.alias_index = static_cast<std::uint32_t>(below(other.count));
    r.count = std::min(r.count, other.count - r.alias_index);
    bool two = true;  // does the row that it leads to show both copies?
    const RegisterInfo* end = &other;
    for (; end->alias_of != RegisterInfo::no_alias; end = &row(end->alias_of)) {
      two = two && end->alias_copy == AliasCopy::AsAccessed;
    }
    two = two && end->bank == SecurityBank::Banked;
    if (two) r.alias_copy = static_cast<AliasCopy>(below(3));
    if (!two && r.bank == SecurityBank::Banked) r.bank = SecurityBank::Common;
  }
};

TEST_P(RandomRegisters, DoWhatAModelOfSingleBytesDoes) {
  const std::vector<RegisterInfo> rows = table();
  Recorder recorder;
  RegisterFile file(rows, recorder);
  Model model(rows);
  for (unsigned step = 0; step < 3000; ++step) {
    const RegisterInfo& r = rows[below(rows.size())];
    const auto index = static_cast<std::uint32_t>(below(r.count));
    const AccessSecurity s = both[below(2)];
    const std::uint64_t what = below(100);
    if (what < 4) {
      const RegisterPolicy p{any_access(), any_bits(r.bytes), chance(70)};
      file.set_policy(r.id, index, s, p);
      model.policy(r.id, index, s) = p;
    } else if (what < 5 && r.alias_of == RegisterInfo::no_alias) {
      const std::uint64_t v = any_bits(r.bytes);
      file.set_reset(r.id, v, index, s);
      model.set_reset(r.id, index, s, v);
    } else if (what < 7) {
      const std::uint64_t v = any_bits(r.bytes);
      file.set(r.id, v, index, s);
      model.value(model.shown(r.id, index, s)) = v;
    } else if (what < 8) {
      file.reset();
      model.reset();
    } else {
      const unsigned bytes = chance(3) ? static_cast<unsigned>(below(10)) : 1U << below(4);
      std::uint64_t at = r.offset + index * (r.stride != 0 ? r.stride : r.bytes) + below(12);
      if (chance(10)) at = below(window + 0x100);
      if (bytes != 0 && !chance(3)) at = at / bytes * bytes;
      const auto offset = static_cast<std::uint32_t>(at);
      std::uint64_t got = random();
      std::uint64_t expected = got;
      std::vector<Call> calls;
      recorder.calls.clear();
      RegisterHit hit = RegisterHit::Unmapped;
      const bool write = chance(50);
      const bool peek = !write && chance(30);
      if (write) {
        hit = file.write(offset, bytes, s, got);
      } else if (peek) {
        hit = file.peek(offset, bytes, s, got);
      } else {
        hit = file.read(offset, bytes, s, got);
      }
      ASSERT_EQ(hit, model.access(write, offset, bytes, s, expected, peek ? nullptr : &calls)) << step;
      ASSERT_EQ(got, expected) << "step " << step << ", " << bytes << " bytes at " << std::hex << offset;
      ASSERT_EQ(recorder.calls, calls)
          << "step " << step << ", " << bytes << " bytes at " << std::hex << offset;
      const auto located = file.locate(offset);
      const auto place = model.place(offset);
      ASSERT_EQ(located.has_value(), place.has_value());
      if (located) {
        ASSERT_EQ(located->id, place->row->id);
        ASSERT_EQ(located->index, place->index);
        ASSERT_EQ(located->offset, place->byte);
        ASSERT_EQ(located->bytes, place->row->bytes);
      }
    }
    ASSERT_EQ(file.get(r.id, index, s), model.value(model.shown(r.id, index, s))) << step;
  }
  // What is restored elsewhere is the same in all that software can see.
  ArchiveWriter writer;
  file.visit(writer);
  RegisterFile copy(rows, recorder);
  ArchiveReader reader(writer.data());
  copy.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  for (unsigned resets = 0; resets < 2; ++resets) {
    for (const RegisterInfo& r : rows) {
      for (std::uint32_t k = 0; k < r.count; ++k) {
        for (AccessSecurity s : both) {
          EXPECT_EQ(copy.get(r.id, k, s), file.get(r.id, k, s));
          EXPECT_EQ(copy.policy(r.id, k, s).access, file.policy(r.id, k, s).access);
          EXPECT_EQ(copy.policy(r.id, k, s).write_mask, file.policy(r.id, k, s).write_mask);
          EXPECT_EQ(copy.policy(r.id, k, s).visible, file.policy(r.id, k, s).visible);
        }
      }
    }
    copy.reset();
    file.reset();
  }
}
INSTANTIATE_TEST_SUITE_P(Tables, RandomRegisters, ::testing::Range(1U, 41U));

}  // namespace
}  // namespace smmuvp
