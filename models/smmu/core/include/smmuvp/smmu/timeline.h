// How many requests a structure serves at each moment of the past that can still be asked for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// A step function of time with values 0 to `full`, 0 before its first step; the last value holds for ever.
/// Steps are kept in blocks, 6 bytes each. Stretches below `full` that are shorter than `shortest` and lie
/// between two that are full are filled up: nobody can use them, and so a search meets few steps.
class Timeline {
 public:
  struct Step {
    TimePs time = 0;
    std::uint16_t value = 0;
    friend bool operator==(const Step& a, const Step& b) { return a.time == b.time && a.value == b.value; }
  };

  /// @param shortest  at least 1
  Timeline(std::uint16_t full, TimePs shortest) : m_full(full), m_shortest(shortest) {}

  bool empty() const { return m_blocks.empty(); }
  void clear();
  /// The value is `value` from `time` on, which is not before the last step.
  void append(TimePs time, std::uint16_t value);
  /// The earliest time from `at` on that is followed by `length` below `full`; the maximum if the timeline
  /// ends full before there is one.
  TimePs find(TimePs at, TimePs length);
  /// One more, at most `full`, in [begin, end).
  void add(TimePs begin, TimePs end);
  /// Forgets what the value was before `now`.
  void prune(TimePs now);

  /// Stretches with a value other than 0.
  std::size_t size() const;
  std::size_t bytes() const;
  /// Times out of order or values above `full` fail.
  void visit(Archive& archive);

 private:
  static constexpr unsigned block_steps = 64;
  struct Block {
    std::uint32_t n = 0;
    std::array<std::uint32_t, block_steps> offset{};  // from the block's key
    std::array<std::uint16_t, block_steps> value{};
  };
  using Blocks = std::map<TimePs, Block>;
  // A step is in the block with the last key that is not after its time. No block is empty.
  struct Position {
    Blocks::iterator block;
    std::uint32_t i = 0;
  };
  // Where the last searches ended: initiators go on from where they were. A copy's are its own.
  struct Finger {
    TimePs from;
    TimePs to;  // the last time of the block
    Blocks::iterator block;
  };
  struct Fingers {
    Fingers() = default;
    Fingers(const Fingers& /*other*/) {}
    Fingers& operator=(const Fingers& /*other*/) {
      used = next = 0;
      return *this;
    }
    ~Fingers() = default;
    std::array<Finger, 4> at;
    unsigned used = 0;
    unsigned next = 0;
  };

  Step step(const Position& p) const {
    return {p.block->first + p.block->second.offset[p.i], p.block->second.value[p.i]};
  }
  bool at_end(const Position& p) const { return p.block == m_blocks.end(); }
  void advance(Position& p);
  Blocks::iterator block_of(TimePs time);
  bool locate(TimePs time, Position& p);
  bool becomes_full(TimePs begin, TimePs end);
  void fill_short_stretches();
  void replace(Position p, std::size_t first, std::size_t removed, std::size_t inserted);
  void insert(const Step& s);
  void erase(TimePs time);
  void pop_back();
  Blocks::iterator make_block(TimePs key);
  void drop(Blocks::iterator block);
  void merge(Blocks::iterator block);

  std::uint16_t m_full;
  TimePs m_shortest;
  Blocks m_blocks;
  Fingers m_fingers;
  std::vector<Step> m_old;  // of one add(), kept for their memory
  std::vector<Step> m_new;
};

}  // namespace smmuvp::smmu
