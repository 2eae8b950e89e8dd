// In what pieces and in which order a test engine works through a range of addresses, and with what numbers
// it fills it. Plain functions of docs/smmuv3testengine.md, "Order" and "Random numbers".
#pragma once
#include <cstdint>

#include "smmuvp/base/archive.h"

namespace smmuvp {

/// The generator: a 48-bit linear congruential one, as drand48's, whose numbers have 32 bits.
class TestEngineRandom {
 public:
  explicit TestEngineRandom(std::uint32_t seed) : m_state(std::uint64_t{seed} << 16 | 0x330e) {}
  std::uint32_t next();
  void visit(Archive& archive) { archive.value("random", m_state); }
  /// Whether a generator can be in this state: it has 48 bits.
  bool possible() const { return m_state >> 48 == 0; }

 private:
  std::uint64_t step();

  std::uint64_t m_state;
};

/// What one access covers.
struct TestEnginePiece {
  std::uint64_t offset = 0;  ///< from the start of the range
  std::uint32_t bytes = 0;
};

/// The part of a range that is left. It is made of units: bytes if the stride is 1, else 8 bytes every
/// `stride` bytes.
class TestEngineRange {
 public:
  TestEngineRange() = default;
  /// `begin` and `end_incl`, `stride` and `seed` are those of a frame; wrong() names nothing.
  TestEngineRange(std::uint64_t begin, std::uint64_t end_incl, std::uint64_t stride, std::uint32_t seed);

  /// Why software may not ask for this; nullptr if it may.
  static const char* wrong(std::uint64_t begin, std::uint64_t end_incl, std::uint64_t stride);

  /// Address of offset 0.
  std::uint64_t base() const { return m_base; }
  /// Offset of the last byte.
  std::uint64_t last() const;
  bool done() const { return m_left == 0; }
  /// Takes the next piece off an end: of a range with stride 1 up to 4096 bytes that lie within 4 KiB of the
  /// range and of `other`, the address that offset 0 has on the other side of a copy. Not if done().
  TestEnginePiece take(std::uint64_t other);
  bool strided() const { return m_stride != 1; }

  /// What take() changes; the rest follows from the frame. A piece that has been taken and is still worked on
  /// is not in here. @return false while loading, if no range that began as this one can be in this state
  bool visit(Archive& archive);

 private:
  std::uint64_t m_base = 0;
  std::uint64_t m_stride = 1;
  std::uint32_t m_seed = 0;
  std::uint64_t m_units = 0;
  std::uint64_t m_first = 0;  // unit at the front
  std::uint64_t m_left = 0;   // units
  TestEngineRandom m_order{0};
};

/// Fills `bytes` bytes at `address` as rand48 does with `seed`: the byte at an address depends on where the
/// stream of its 4 KiB page starts, which is `start` or the start of the page, whichever is higher.
void fill_rand48(std::uint8_t* data, std::uint64_t address, std::uint32_t bytes, std::uint64_t start,
                 std::uint32_t seed);

}  // namespace smmuvp
