#include "console.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace smmuvp::platform {

void Console::put(std::uint8_t byte) {
  if (m_text.size() < most_kept) m_text.push_back(static_cast<char>(byte));
  m_pending.push_back(static_cast<char>(byte));
  if (m_pending.size() >= 4096 || (byte == '\n' && m_options.interactive)) flush();
}

int Console::get() {
  if (m_input_at < m_input_count) return m_input[m_input_at++];
  if (!has_input()) return -1;
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  if (poll(&ready, 1, 0) <= 0) return -1;
  const ssize_t n = read(STDIN_FILENO, m_input, sizeof m_input);
  if (n <= 0) {
    // A terminal in raw mode may say "nothing"; a pipe or file has ended, as has a terminal that hung up.
    if (n == 0 && isatty(STDIN_FILENO) != 0 && (ready.revents & POLLHUP) == 0) return -1;
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return -1;
    m_input_ended = true;
    return -1;
  }
  m_input_at = 0;
  m_input_count = static_cast<std::size_t>(n);
  return m_input[m_input_at++];
}

void Console::flush() {
  if (m_pending.empty()) return;
  if (m_options.to_stdout) {
    if (m_before_output) m_before_output();
    std::fwrite(m_pending.data(), 1, m_pending.size(), stdout);
    std::fflush(stdout);
  }
  if (m_options.file != nullptr) {
    std::fwrite(m_pending.data(), 1, m_pending.size(), m_options.file);
    std::fflush(m_options.file);
  }
  m_pending.clear();
}

}  // namespace smmuvp::platform
