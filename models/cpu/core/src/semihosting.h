// The semihosting calls that the CPU answers itself ("Semihosting for AArch32 and AArch64", Arm abi-aa,
// 2020Q4), made by A64 code: a console, clocks, the command line, the end of a run. No file of the host is
// within reach.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "smmuvp/base/archive.h"
#include "smmuvp/cpu/cpu_core.h"

namespace smmuvp::cpu {

/// RAM by the caller's virtual addresses. Both return how many bytes from the start could be copied.
struct GuestMemory {
  std::function<size_t(uint64_t va, void* data, size_t length)> read;
  std::function<size_t(uint64_t va, const void* data, size_t length)> write;
};

/// What becomes of the caller.
struct SemihostingAnswer {
  uint64_t x0 = 0;
  std::optional<uint64_t> x1 = {};  ///< for the one operation that changes it
  bool exit = false;                ///< SYS_EXIT or SYS_EXIT_EXTENDED; there is nothing to go on with
  uint64_t status = 0;              ///< of the exit
};

class Semihosting {
 public:
  /// Bytes that one call moves at most, however long its buffer or string is.
  static constexpr uint64_t most_bytes = 1 << 20;
  static constexpr size_t most_handles = 16;
  /// SYS_TIME at the start of simulation, in seconds since 1970: that of the PL031 model.
  static constexpr uint64_t start_time = 1735689600;
  /// SYS_TICKFREQ: ticks are those of the system counter.
  static constexpr uint64_t counter_hz = 62'500'000;

  Semihosting(CpuHost& host, GuestMemory memory) : m_host(host), m_memory(std::move(memory)) {}

  /// Answers operation W0 with parameter X1. What the caller did wrong goes to CpuHost::diag().
  SemihostingAnswer call(uint64_t x0, uint64_t x1);
  /// Uses the files of another processor's, which outlives this one: a program opens them once.
  void share(Semihosting& other) { m_state = other.m_state; }
  /// Closes everything, as a reset of the machine does. Not what is another's.
  void reset();
  void visit(Archive& archive);

 private:
  enum class Stream : uint8_t { closed, console_in, console_out, console_error, features };
  struct File {
    Stream stream = Stream::closed;
    uint64_t position = 0;  // in Stream::features
  };
  static constexpr size_t chunk_bytes = 256;
  using Chunk = std::array<char, chunk_bytes>;

  uint64_t open(uint64_t block);
  uint64_t close(uint64_t block);
  uint64_t write_character(uint64_t address);
  uint64_t write_string(uint64_t address);
  uint64_t write(uint64_t block);
  uint64_t read(uint64_t block);
  uint64_t read_console(uint64_t address, uint64_t length);
  uint64_t read_features(File& file, uint64_t address, uint64_t length);
  uint64_t read_character();
  uint64_t is_error(uint64_t block);
  uint64_t is_tty(uint64_t block);
  uint64_t seek(uint64_t block);
  uint64_t file_length(uint64_t block);
  uint64_t command_line(uint64_t block);
  uint64_t heap_info(uint64_t pointer);
  uint64_t elapsed(uint64_t block);
  SemihostingAnswer exit(uint64_t block);
  uint64_t refuse(const std::string& name);

  template <size_t N>
  std::optional<std::array<uint64_t, N>> fields(uint64_t block);
  template <size_t N>
  bool put_fields(uint64_t block, const std::array<uint64_t, N>& fields);
  File* file_of(uint64_t handle);
  uint64_t fail(int error_number) {
    m_state->error_number = error_number;
    return ~uint64_t{0};
  }
  uint64_t guest_error(int error_number, const std::string& text, std::optional<uint64_t> address = {});
  uint64_t bad_pointer(const char* what, uint64_t address);
  std::string clause() const;

  CpuHost& m_host;
  GuestMemory m_memory;
  const char* m_name = "";  // of the operation that is being answered
  struct State {
    std::array<File, most_handles> files{};  // handle n is that at n - 1
    int error_number = 0;
  };
  State m_own;
  State* m_state = &m_own;
};

}  // namespace smmuvp::cpu
