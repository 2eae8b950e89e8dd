#include "terminal.h"

#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace smmuvp::platform {

namespace {
termios saved;
std::atomic<bool> raw{false};

// For signals that nobody else handles: give the terminal back, then die of the signal.
void restore_and_die(int signal) {
  RawTerminal::restore();
  std::signal(signal, SIG_DFL);
  raise(signal);
}
}  // namespace

RawTerminal::RawTerminal() {
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &saved) != 0) return;
  termios mode = saved;
  mode.c_iflag &= static_cast<tcflag_t>(~(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT | INPCK));
  // Output processing stays: messages of ours end in a plain newline. Bytes stay eight bits wide for UTF-8.
  mode.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO | ECHONL | IEXTEN));
  mode.c_lflag |= ISIG;
  mode.c_cflag = (mode.c_cflag & static_cast<tcflag_t>(~(CSIZE | PARENB))) | CS8;
  mode.c_cc[VMIN] = 0;
  mode.c_cc[VTIME] = 0;
  mode.c_cc[VSUSP] = _POSIX_VDISABLE;  // a stopped program would leave the terminal raw
  mode.c_cc[VQUIT] = _POSIX_VDISABLE;
  static bool registered = false;
  if (!registered) {
    registered = true;
    std::atexit([] { RawTerminal::restore(); });
  }
  raw = true;
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGQUIT}) {
    std::signal(signal, restore_and_die);
  }
  tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

RawTerminal::~RawTerminal() { restore(); }

void RawTerminal::restore() {
  if (raw.exchange(false)) tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

}  // namespace smmuvp::platform
