// Files that the program writes. Nothing is lost before it is certain that the run takes place.
#pragma once
#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "system.h"

namespace smmuvp::platform {

/// What stands for standard output where a file is asked for; a file of that name is ./-.
constexpr const char* standard_output_name = "-";

/// One file that an option names, or standard output. It is opened at once, so that a path that cannot be
/// written is told before a long run, but keeps what it holds until begin(). A file that was not there before
/// goes away again if nothing began.
class OutputFile {
 public:
  /// @param option  without "--". An empty path makes an output that is not wanted and takes nothing.
  /// @throws ConfigError if the file cannot be opened for writing, or is a pipe that nobody reads
  OutputFile(std::string option, std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  bool wanted() const { return m_file != nullptr; }
  const std::string& option() const { return m_option; }
  const std::string& path() const { return m_path; }
  bool is_standard_output() const { return m_path == standard_output_name; }
  /// -1 if it is not wanted. For others' writes; begin() keeps what they have written.
  int descriptor() const { return m_file ? fileno(m_file.get()) : -1; }

  /// From here on the file holds what this program writes and nothing else. May be called again.
  void begin();
  /// Begins, and adds to a buffer.
  void write(std::string_view text);
  /// Instead of what write() has written so far. Only a file of its own can take that back: standard output,
  /// a pipe or a device keeps what it has got, and no more follows.
  void replace(std::string_view text);
  /// Writes what is buffered. @return errno of the first write that failed, or 0.
  int flush();

 private:
  std::string m_option;
  std::string m_path;
  bool m_created = false;
  bool m_begun = false;
  off_t m_start = 0;  // of what this program writes
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> m_file;
};

/// Two outputs would write over each other, and an output that is an input would destroy it: the
/// configuration, what it boots, a file that a parameter names. Devices, /dev/null above all, take anything.
/// @throws ConfigError that names both
void refuse_same_file(const std::vector<const OutputFile*>& outputs, const System& system);

}  // namespace smmuvp::platform
