// Memory attributes and protection of a test engine's accesses, as its frames encode them.
#pragma once
#include <cstdint>
#include <optional>

namespace smmuvp {

/// One half-word of `attributes`, or `msiattr`, decoded.
struct TestEngineAttributes {
  bool instruction = false;
  bool non_secure = false;
  bool privileged = false;
  std::uint8_t memory_type = 0;   ///< MAIR encoding
  std::uint8_t shareability = 0;  ///< encoded as SH fields are

  friend bool operator==(const TestEngineAttributes& a, const TestEngineAttributes& b) {
    return a.instruction == b.instruction && a.non_secure == b.non_secure && a.privileged == b.privileged &&
           a.memory_type == b.memory_type && a.shareability == b.shareability;
  }
};

/// The table of docs/smmuv3testengine.md, "Attributes". @return none for an encoding that is no memory type.
std::optional<TestEngineAttributes> decode_test_engine_attributes(std::uint16_t half_word);

}  // namespace smmuvp
