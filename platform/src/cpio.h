// Writes a cpio archive in the "newc" format, as Linux takes it for an initramfs.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace smmuvp::platform {

/// The result depends on names, modes and contents only: times and owners are 0, inode numbers count up.
class CpioWriter {
 public:
  /// Adds a regular file and the directories above it. @param path  absolute in the archive, "/lib/x".
  /// @param mode  permission bits, for example 0644.
  /// @return false if the path is not absolute, has more than 4096 bytes (Linux would leave it out), has an
  /// empty, "." or ".." part, is there already, or the content is 4 GiB or larger.
  bool add_file(const std::string& path, std::uint32_t mode, const std::vector<std::uint8_t>& content);

  /// The whole archive, trailer included, padded to 512 bytes.
  std::vector<std::uint8_t> finish() const;

 private:
  void entry(std::vector<std::uint8_t>& to, const std::string& name, std::uint32_t mode, std::uint32_t inode,
             const std::vector<std::uint8_t>& content) const;
  void add_directory(const std::string& name);

  std::set<std::string> m_names;
  std::vector<std::uint8_t> m_data;
  std::uint32_t m_inode = 0;
};

}  // namespace smmuvp::platform
