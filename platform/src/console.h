// The guest's serial console: to standard output, a file, and the report; from the terminal if interactive.
#pragma once
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "smmuvp/tlm/component.h"

namespace smmuvp::platform {

class Console : public ConsoleBackend {
 public:
  struct Options {
    bool interactive = false;  ///< standard input goes to the guest
    bool to_stdout = true;
    std::FILE* file = nullptr;  ///< a copy; not owned
  };
  /// What is kept for the verdict and reports: the first this many bytes. All bytes are passed on.
  static constexpr std::size_t most_kept = 64 << 20;

  explicit Console(Options options) : m_options(options) {}

  void put(std::uint8_t byte) override;
  int get() override;
  bool has_input() const override { return m_options.interactive && !m_input_ended; }

  /// Passes on what is buffered. Called between slices of simulation, and by put() at line ends.
  void flush();
  /// Called before bytes go to standard output, so that a progress line can make room.
  void set_before_output(std::function<void()> f) { m_before_output = std::move(f); }

  /// All the guest wrote.
  const std::string& text() const { return m_text; }
  /// True if the last byte was not a line end.
  bool in_line() const { return !m_text.empty() && m_text.back() != '\n'; }

 private:
  Options m_options;
  std::string m_text;
  std::string m_pending;
  bool m_input_ended = false;
  std::uint8_t m_input[256] = {};
  std::size_t m_input_at = 0;
  std::size_t m_input_count = 0;
  std::function<void()> m_before_output;
};

}  // namespace smmuvp::platform
