#include "gdb_packet.h"

namespace smmuvp::platform {

namespace {

constexpr std::uint8_t escape = '}', escape_flip = 0x20, interrupt = 0x03;
constexpr char hex_digits[] = "0123456789abcdef";

int digit(std::uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void GdbPacketReader::add(std::uint8_t byte) {
  if (m_payload.size() < gdb_packet_size) {
    m_payload.push_back(static_cast<char>(byte));
  } else {
    m_too_long = true;
  }
}

GdbPacketReader::Event GdbPacketReader::take(std::uint8_t byte) {
  // A packet that starts anew was cut off by the other side; '$' is escaped inside of one.
  if (byte == '$') {
    m_state = State::Payload;
    m_payload.clear();
    m_too_long = false;
    m_sum = 0;
    return Event::Nothing;
  }
  switch (m_state) {
    case State::Between:
      if (byte == interrupt) return Event::Interrupt;
      return byte == '-' ? Event::Nack : Event::Nothing;
    case State::Payload:
      if (byte == '#') {
        m_state = State::Checksum1;
        return Event::Nothing;
      }
      m_sum = static_cast<std::uint8_t>(m_sum + byte);
      if (byte == escape) {
        m_state = State::Escape;
      } else {
        add(byte);
      }
      return Event::Nothing;
    case State::Escape:
      m_sum = static_cast<std::uint8_t>(m_sum + byte);
      m_state = State::Payload;
      add(byte ^ escape_flip);
      return Event::Nothing;
    case State::Checksum1:
      m_digit = digit(byte);
      m_state = State::Checksum2;
      return Event::Nothing;
    case State::Checksum2: {
      m_state = State::Between;
      const int low = digit(byte);
      const bool good = m_digit >= 0 && low >= 0 && m_digit * 16 + low == m_sum && !m_too_long;
      return good ? Event::Packet : Event::Damaged;
    }
  }
  return Event::Nothing;
}

std::string gdb_frame(std::string_view payload) {
  std::string frame = "$";
  std::uint8_t sum = 0;
  const auto put = [&](std::uint8_t byte) {
    frame.push_back(static_cast<char>(byte));
    sum = static_cast<std::uint8_t>(sum + byte);
  };
  for (const char c : payload) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '$' || c == '#' || c == '}' || c == '*') {
      put(escape);
      put(byte ^ escape_flip);
    } else {
      put(byte);
    }
  }
  frame.push_back('#');
  frame.push_back(hex_digits[sum >> 4]);
  frame.push_back(hex_digits[sum & 15]);
  return frame;
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    text.push_back(hex_digits[byte >> 4]);
    text.push_back(hex_digits[byte & 15]);
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit(static_cast<std::uint8_t>(digits[i]));
    const int low = digit(static_cast<std::uint8_t>(digits[i + 1]));
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const int d = digit(static_cast<std::uint8_t>(c));
    if (d < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(d);
  }
  return value;
}

}  // namespace smmuvp::platform
