#include "cpio.h"

#include <fmt/format.h>

namespace smmuvp::platform {

namespace {

constexpr std::uint32_t regular_file = 0100000;
constexpr std::uint32_t directory = 0040000;

void pad(std::vector<std::uint8_t>& data, std::size_t alignment) {
  while (data.size() % alignment != 0) data.push_back(0);
}

// Linux's PATH_MAX. The name goes without its first '/', and with a null character.
constexpr std::size_t most_path_bytes = 4096;

bool good_path(const std::string& path) {
  if (path.size() < 2 || path.size() > most_path_bytes || path.front() != '/') return false;
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string::npos) return false;
    start = end + 1;
  }
  return true;
}

}  // namespace

void CpioWriter::entry(std::vector<std::uint8_t>& to, const std::string& name, std::uint32_t mode,
                       std::uint32_t inode, const std::vector<std::uint8_t>& content) const {
  const unsigned links = (mode & directory) != 0 ? 2 : 1;
  // Fields of newc: inode, mode, uid, gid, links, mtime, size, device and rdevice numbers, name size, check.
  const std::string header =
      fmt::format("070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
                  inode, mode, 0, 0, links, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
  to.insert(to.end(), header.begin(), header.end());
  to.insert(to.end(), name.begin(), name.end());
  to.push_back(0);
  pad(to, 4);
  to.insert(to.end(), content.begin(), content.end());
  pad(to, 4);
}

void CpioWriter::add_directory(const std::string& name) {
  if (!m_names.insert(name).second) return;
  entry(m_data, name, directory | 0755, ++m_inode, {});
}

bool CpioWriter::add_file(const std::string& path, std::uint32_t mode,
                          const std::vector<std::uint8_t>& content) {
  if (!good_path(path) || content.size() > 0xffffffff) return false;
  const std::string name = path.substr(1);
  if (m_names.count(name) != 0) return false;
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    add_directory(name.substr(0, slash));
  }
  m_names.insert(name);
  entry(m_data, name, regular_file | (mode & 07777), ++m_inode, content);
  return true;
}

std::vector<std::uint8_t> CpioWriter::finish() const {
  std::vector<std::uint8_t> all = m_data;
  entry(all, "TRAILER!!!", 0, 0, {});
  pad(all, 512);
  return all;
}

}  // namespace smmuvp::platform
