#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "smmuvp/virtio/block_storage.h"

namespace smmuvp {

namespace {

// Moves all bytes, however many calls the host makes of it.
template <class Step>
bool all(std::uint64_t offset, std::uint32_t bytes, Step step) {
  std::uint32_t done = 0;
  while (done < bytes) {
    const ssize_t n = step(done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::uint32_t>(n);
  }
  return true;
}

}  // namespace

FileStorage::FileStorage(const std::string& path, bool read_only) : m_path(path) {
  const auto refuse = [&](const std::string& why) {
    if (m_fd >= 0) ::close(m_fd);
    throw ConfigError("image", fmt::format("disk image '{}': {}", path, why));
  };
  if (path.empty()) throw ConfigError("image", "no disk image is given; expected the path of a file");
  // NONBLOCK: a FIFO must be refused, not waited for.
  m_fd = ::open(path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
  if (m_fd < 0) {
    const std::string hint = read_only ? "" : "; read_only = true opens it for reading only";
    refuse(std::strerror(errno) + (errno == EACCES || errno == EROFS ? hint : ""));
  }
  struct stat info {};
  if (::fstat(m_fd, &info) != 0) refuse(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) refuse("not a regular file");
  // A lock of the open file, not of the process: two disks of one platform must not share an image either.
  struct flock lock {};
  lock.l_type = read_only ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(m_fd, F_OFD_SETLK, &lock) != 0) {
    refuse(errno == EAGAIN || errno == EACCES ? "in use by another disk, of this run or another one; only "
                                                "disks with read_only = true can share it"
                                              : fmt::format("cannot be locked: {}", std::strerror(errno)));
  }
  if (info.st_size == 0 || info.st_size % 512 != 0) {
    refuse(fmt::format("{} bytes; expected a multiple of 512, at least 512", info.st_size));
  }
  m_size = static_cast<std::uint64_t>(info.st_size);
}

FileStorage::~FileStorage() { ::close(m_fd); }

// Somebody else may have cut the file short meanwhile. A write would then make it grow again, with zeros
// where the rest was, and nobody would know.
bool FileStorage::inside(std::uint64_t offset, std::uint32_t bytes) {
  m_why.clear();
  struct stat info {};
  if (::fstat(m_fd, &info) != 0) return said(false);
  const auto there = static_cast<std::uint64_t>(info.st_size);
  if (there < m_size) m_why = fmt::format("'{}' has shrunk from {} to {} bytes", m_path, m_size, there);
  const std::uint64_t end = std::min(there, m_size);
  return offset <= end && bytes <= end - offset;
}

bool FileStorage::said(bool ok) {
  if (!ok) m_why = fmt::format("'{}': {}", m_path, std::strerror(errno));
  return ok;
}

bool FileStorage::read(std::uint64_t offset, std::uint8_t* to, std::uint32_t bytes) {
  return inside(offset, bytes) && said(all(offset, bytes, [&](std::uint32_t done, std::uint32_t n, off_t at) {
           return ::pread(m_fd, to + done, n, at);
         }));
}

bool FileStorage::write(std::uint64_t offset, const std::uint8_t* from, std::uint32_t bytes) {
  return inside(offset, bytes) && said(all(offset, bytes, [&](std::uint32_t done, std::uint32_t n, off_t at) {
           return ::pwrite(m_fd, from + done, n, at);
         }));
}

bool FileStorage::flush() { return said(::fdatasync(m_fd) == 0); }

}  // namespace smmuvp
