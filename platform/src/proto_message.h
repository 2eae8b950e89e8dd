// Protocol Buffers on the wire, as much of it as a writer needs.
//
// Written by hand and not with libprotobuf: a trace needs two of the wire's types and no reading, which is
// what is below. libprotobuf would add a code generator to the build, for the machine that builds where that
// is another, and a library of some megabytes to each run, whose version differs between Debian 12 and 13.
// The tests decode traces with libprotobuf's own reader.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace smmuvp::platform {

/// A message that is being written, field by field in any order.
class ProtoMessage {
 public:
  /// A uint32, uint64, bool or enum; an int32 or int64 that is not negative.
  void add_number(unsigned field, std::uint64_t value) {
    add_varint(field << 3U);
    add_varint(value);
  }
  /// A string, or bytes.
  void add_text(unsigned field, std::string_view text) {
    add_varint(field << 3U | 2U);
    add_varint(text.size());
    m_bytes += text;
  }
  void add_message(unsigned field, const ProtoMessage& message) { add_text(field, message.m_bytes); }

  const std::string& bytes() const { return m_bytes; }
  bool empty() const { return m_bytes.empty(); }

 private:
  void add_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) m_bytes += static_cast<char>(0x80U | (value & 0x7fU));
    m_bytes += static_cast<char>(value);
  }
  std::string m_bytes;
};

}  // namespace smmuvp::platform
