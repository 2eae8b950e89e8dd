// Writes a flattened device tree; a thin layer over libfdt that keeps the first error.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace smmuvp::platform {

class FdtWriter {
 public:
  FdtWriter();

  void begin(const std::string& name);
  void end();
  void flag(const std::string& name);
  void cells(const std::string& name, const std::vector<std::uint32_t>& values);
  void text(const std::string& name, const std::string& value);
  void texts(const std::string& name, const std::vector<std::string>& values);

  /// The blob. @throws ConfigError if anything went wrong, with the node or property where it did
  std::vector<std::uint8_t> finish();

 private:
  void check(int result, const std::string& what);
  void property(const std::string& name, const void* data, std::size_t bytes);

  std::vector<std::uint8_t> m_blob;
  std::string m_error;
};

}  // namespace smmuvp::platform
