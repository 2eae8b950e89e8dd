#include "console.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace smmuvp::platform {

Console::Console(Options options)
    : m_options(std::move(options)),
      m_terminal(m_options.interactive && isatty(STDIN_FILENO) != 0),
      m_output{m_options.output},
      m_file{m_options.file},
      m_lines([this](const ConsolePiece& piece) { take(piece); }),
      m_watch(m_options.fail_on) {}

void Console::put(std::uint8_t byte) {
  if (m_bytes == m_options.most_bytes) {
    m_full = true;
    return;
  }
  // Only a run that ends leaves so much: a call of semihosting brings megabytes at once, and what looks at
  // them may be slow.
  if (m_pending.size() >= piece_bytes) {
    m_cut = true;
    return;
  }
  ++m_bytes;
  m_pending.push_back(static_cast<char>(byte));
  if (m_pending.size() < piece_bytes && !(byte == '\n' && m_options.interactive)) return;
  if (!m_stopping || !m_stopping()) flush();
}

int Console::get() {
  if (m_input_at < m_input_count) return m_input[m_input_at++];
  if (!has_input()) return -1;
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  if (poll(&ready, 1, 0) <= 0) return -1;
  const ssize_t n = read(STDIN_FILENO, m_input, sizeof m_input);
  if (n <= 0) {
    // A terminal in raw mode may say "nothing"; a pipe or file has ended, as has a terminal that hung up.
    if (n == 0 && m_terminal && (ready.revents & POLLHUP) == 0) return -1;
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return -1;
    m_input_ended = true;
    return -1;
  }
  m_input_at = 0;
  m_input_count = static_cast<std::size_t>(n);
  if (m_terminal) take_keys();
  return m_input_at < m_input_count ? m_input[m_input_at++] : -1;
}

// What is for this program, and what a key stands for.
void Console::take_keys() {
  std::uint8_t* const end = m_input + m_input_count;
  std::replace(m_input, end, guest_interrupt_key, std::uint8_t{0x03});
  std::uint8_t* const rest = std::remove(m_input, end, dump_key);
  m_input_count = static_cast<std::size_t>(rest - m_input);
  if (rest != end && m_on_dump_key) m_on_dump_key();
}

void Console::write_out(Output& to) {
  std::string_view rest = m_pending;
  while (to.descriptor >= 0 && to.error == 0 && !rest.empty()) {
    const ssize_t n = write(to.descriptor, rest.data(), rest.size());
    const int error = n < 0 ? errno : 0;
    if (error == 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (error != EAGAIN && error != EINTR) {
      to.error = error;
    } else if (m_stopping && m_stopping()) {
      to.error = EINTR;
    } else if (error == EAGAIN) {
      pollfd room{to.descriptor, POLLOUT, 0};
      poll(&room, 1, -1);
    }
  }
}

void Console::take(const ConsolePiece& piece) {
  m_ktap.put(piece);
  m_modules.put(piece);
  if (m_line_listener) m_line_listener(piece);
  m_watch.put(piece);
  if (piece.first) {
    const std::size_t start = piece.text.find_first_not_of(" \t");
    m_comment = start != std::string_view::npos && piece.text[start] == '#';
  }
  if (m_comment) return;
  m_untimed_hash.update(piece.text);
  if (piece.last) m_untimed_hash.update("\n");
}

void Console::finish() {
  flush();
  m_lines.finish();
}

void Console::flush() {
  if (m_pending.empty()) return;
  m_hash.update(m_pending);
  m_lines.put(m_pending);
  if (m_options.copy) m_options.copy(m_pending);
  m_in_line = m_pending.back() != '\n';
  if (m_before_output && m_output.descriptor >= 0) m_before_output();
  write_out(m_output);
  write_out(m_file);
  m_pending.clear();
}

}  // namespace smmuvp::platform
