// SHA-256 (FIPS 180-4), for the digest of a run.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smmuvp::platform {

class Sha256 {
 public:
  void update(const void* data, std::size_t bytes);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// A number, as eight little-endian bytes.
  void update_number(std::uint64_t value);
  /// The digest of all so far, in lower-case hexadecimal. Further updates go on from here.
  std::string hex() const;

 private:
  void block(const std::uint8_t* data);

  std::array<std::uint32_t, 8> m_state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> m_pending{};
  std::size_t m_pending_bytes = 0;
  std::uint64_t m_total = 0;
};

}  // namespace smmuvp::platform
