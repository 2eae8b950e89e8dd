// Cuts a console into lines, in bounded memory, without what printk puts before each.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace smmuvp::platform {

/// A line of the console, or a part of one that is longer than a piece can be.
struct ConsolePiece {
  std::string_view text;     ///< without printk's prefix, carriage returns at the end and the line end
  std::uint64_t number = 0;  ///< of its line, from 1
  bool first = true;         ///< the line starts with it
  bool last = true;          ///< the line ends with it
};

/// A console may be anything and end anywhere: a line that never ends comes in pieces. Where the console was
/// cut for put() changes nothing in them.
class ConsoleLines {
 public:
  static constexpr std::size_t most_bytes = 4096;  ///< of a piece
  using Take = std::function<void(const ConsolePiece&)>;

  explicit ConsoleLines(Take take) : m_take(std::move(take)) {}
  void put(std::string_view bytes);
  /// Passes on a line without an end; once, at the end.
  void finish();

 private:
  void pass(bool last);

  Take m_take;
  std::string m_text;
  std::uint64_t m_number = 1;
  bool m_first = true;
};

/// The line after printk's time, "[    1.234567] ", its caller (CONFIG_PRINTK_CALLER), "[    T1] " or
/// "[    C0] ", or both; blanks beyond the one that printk adds are the line's own.
std::string_view without_printk_prefix(std::string_view line);

/// At most so many bytes; what is longer ends in "...". A sequence of UTF-8 that the cut splits is replaced
/// where it is printed.
std::string bounded_text(std::string_view text, std::size_t most = 256);

}  // namespace smmuvp::platform
