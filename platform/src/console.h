// The guest's serial console: to standard output (or error), a file, and the report; from the terminal if
// interactive.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "console_lines.h"
#include "console_watch.h"
#include "ktap.h"
#include "module_lines.h"
#include "sha256.h"
#include "smmuvp/tlm/console.h"

namespace smmuvp::platform {

class Console : public ConsoleBackend {
 public:
  /// Ctrl-C at a terminal ends the run, so another key (Ctrl-]) gives the guest its Ctrl-C. Input that comes
  /// from no terminal is passed on as it is.
  static constexpr std::uint8_t guest_interrupt_key = 0x1d;
  /// Ctrl-^ at a terminal asks for a dump, and does not reach the guest.
  static constexpr std::uint8_t dump_key = 0x1e;

  /// The most that put() keeps before it passes it on.
  static constexpr std::size_t piece_bytes = 4096;

  struct Options {
    bool interactive = false;                         ///< standard input goes to the guest
    int output = -1;                                  ///< descriptor, as the next one not owned; -1: nowhere
    int file = -1;                                    ///< of a file for a copy
    std::uint64_t most_bytes = ~0ULL;                 ///< what comes after them is dropped
    std::vector<std::string> fail_on = {};            ///< patterns to look for
    std::function<void(std::string_view)> copy = {};  ///< gets all that is put, in pieces
  };
  /// A place that bytes go to.
  struct Output {
    int descriptor = -1;
    int error = 0;  ///< errno of the write that failed; nothing is written after it
  };

  /// @throws ConfigError for what is no pattern
  explicit Console(Options options);

  void put(std::uint8_t byte) override;
  int get() override;
  bool has_input() const override { return m_options.interactive && !m_input_ended; }

  /// Passes on what is buffered. Called between slices of simulation, and by put() at line ends.
  void flush();
  /// Called before bytes go out, so that a progress line can make room.
  void set_before_output(std::function<void()> f) { m_before_output = std::move(f); }

  /// Called for each piece of a line, as it is flushed.
  void set_line_listener(std::function<void(const ConsolePiece&)> f) { m_line_listener = std::move(f); }

  /// Called for each dump_key.
  void set_on_dump_key(std::function<void()> f) { m_on_dump_key = std::move(f); }

  /// Asked when a signal interrupts a write, and for each piece: true, for a stop or the wall clock's limit,
  /// gives up on that write, and takes no more than one piece from put() until the next flush(). Neither a
  /// reader that is stuck nor a guest that has much to say can keep the program from ending.
  void set_stopping(std::function<bool()> f) { m_stopping = std::move(f); }

  /// True if bytes were dropped.
  bool full() const { return m_full; }
  /// True if bytes were left out because the run ends.
  bool cut() const { return m_cut; }

  // What was put, up to the last flush().
  const Sha256& hash() const { return m_hash; }
  /// No more comes. What follows is of all of it.
  void finish();
  /// The test results in it; once.
  KtapReport ktap() { return m_ktap.finish(); }
  /// What it told of the guest's modules.
  const std::vector<ModuleFile>& modules() const { return m_modules.files(); }
  const ConsoleWatch& watch() const { return m_watch; }
  /// Of its lines, without what printk puts before each, and without those that begin with '#': tests tell
  /// there how long something took.
  const Sha256& untimed_hash() const { return m_untimed_hash; }
  /// True if the last byte was not a line end.
  bool in_line() const { return m_in_line; }
  const Output& output() const { return m_output; }
  const Output& file() const { return m_file; }

 private:
  void take_keys();
  void write_out(Output& to);
  void take(const ConsolePiece& piece);

  Options m_options;
  bool m_terminal;  // standard input is one
  Output m_output;
  Output m_file;
  std::string m_pending;
  std::uint64_t m_bytes = 0;
  bool m_full = false;
  bool m_cut = false;
  Sha256 m_hash;
  Sha256 m_untimed_hash;
  bool m_comment = false;  // the line begins with '#'
  ConsoleLines m_lines;
  KtapParser m_ktap;
  ModuleLines m_modules;
  ConsoleWatch m_watch;
  bool m_in_line = false;
  bool m_input_ended = false;
  std::uint8_t m_input[256] = {};
  std::size_t m_input_at = 0;
  std::size_t m_input_count = 0;
  std::function<void()> m_before_output;
  std::function<void(const ConsolePiece&)> m_line_listener;
  std::function<void()> m_on_dump_key;
  std::function<bool()> m_stopping;
};

}  // namespace smmuvp::platform
