#include "console_lines.h"

#include <algorithm>

namespace smmuvp::platform {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

// '[', blanks, then what `rest` takes to the last character before ']'. @return bytes, 0: there is none
template <class Rest>
std::size_t bracketed(std::string_view line, Rest rest) {
  constexpr std::size_t most = 24;
  if (line.empty() || line.front() != '[') return 0;
  const std::size_t close = line.substr(0, most).find(']');
  if (close == std::string_view::npos) return 0;
  std::string_view inside = line.substr(1, close - 1);
  inside.remove_prefix(std::min(inside.find_first_not_of(' '), inside.size()));
  return !inside.empty() && rest(inside) ? close + 1 : 0;
}

bool is_time(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == text.size()) return false;
  const std::string_view decimals = text.substr(dot + 1);
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(dot), digit) &&
         std::all_of(decimals.begin(), decimals.end(), digit);
}

// A task or a CPU: "T12", "C0".
bool is_caller(std::string_view text) {
  return text.size() > 1 && (text[0] == 'T' || text[0] == 'C') &&
         std::all_of(text.begin() + 1, text.end(), digit);
}

}  // namespace

std::string_view without_printk_prefix(std::string_view line) {
  std::string_view rest = line;
  rest.remove_prefix(bracketed(rest, is_time));
  rest.remove_prefix(bracketed(rest, is_caller));
  if (rest.size() == line.size()) return line;
  if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  return rest;
}

std::string bounded_text(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  return std::string(text.substr(0, most - 3)) + "...";
}

void ConsoleLines::pass(bool last) {
  std::string_view text = m_text;
  while (last && !text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (m_first) text = without_printk_prefix(text);
  m_take({text, m_number, m_first, last});
  m_text.clear();
  m_first = last;
  if (last) ++m_number;
}

void ConsoleLines::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    if (end != 0 && m_text.size() == most_bytes) pass(false);
    const std::size_t kept = std::min(end, most_bytes - m_text.size());
    m_text.append(bytes.substr(0, kept));
    bytes.remove_prefix(kept);
    if (kept < end || bytes.empty()) continue;
    pass(true);
    bytes.remove_prefix(1);
  }
}

void ConsoleLines::finish() {
  if (!m_text.empty() || !m_first) pass(true);
}

}  // namespace smmuvp::platform
