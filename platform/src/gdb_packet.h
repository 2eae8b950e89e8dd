// Framing of the GDB remote serial protocol ("Overview" in the GDB manual's appendix E): bytes to packets and
// back. Knows no socket and no command.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smmuvp::platform {

/// Payload bytes that a packet may have, either way; the PacketSize of qSupported.
constexpr std::size_t gdb_packet_size = 0x4000;

/// Cuts a stream of any bytes into what the protocol knows. Holds no more than one packet.
class GdbPacketReader {
 public:
  enum class Event {
    Nothing,    ///< the byte completes nothing, or is noise between packets
    Packet,     ///< payload() is a packet with the right checksum, escapes resolved
    Damaged,    ///< a packet with a wrong checksum, or longer than gdb_packet_size
    Interrupt,  ///< the byte 0x03 between packets
    Nack,       ///< '-': the other side wants its last packet again
  };
  Event take(std::uint8_t byte);
  const std::string& payload() const { return m_payload; }
  /// Forgets a packet that is not complete.
  void reset() { m_state = State::Between; }

 private:
  enum class State { Between, Payload, Escape, Checksum1, Checksum2 };
  void add(std::uint8_t byte);

  State m_state = State::Between;
  std::string m_payload;
  bool m_too_long = false;
  std::uint8_t m_sum = 0;
  int m_digit = 0;
};

/// "$payload#checksum", with the bytes escaped that need it.
std::string gdb_frame(std::string_view payload);

std::string to_hex(std::string_view bytes);
/// None for an odd length or another character.
std::optional<std::string> from_hex(std::string_view digits);
/// A whole number of 1 to 16 hexadecimal digits, and nothing else.
std::optional<std::uint64_t> parse_hex(std::string_view digits);

}  // namespace smmuvp::platform
