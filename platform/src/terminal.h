// The terminal that the program was started from.
#pragma once

namespace smmuvp::platform {

/// Puts the terminal on standard input into raw mode, if there is one, and gives it back on every way out: at
/// destruction, at exit(), and on signals that end the program. Ctrl-C still raises SIGINT; everything else
/// goes to the guest as it is.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  /// Gives the terminal back. May be called from a signal handler, and more than once.
  static void restore();
};

}  // namespace smmuvp::platform
