#include "guest_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>

namespace smmuvp::platform {

namespace fs = std::filesystem;

std::string program_directory() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? std::string(".") : program.parent_path().string();
}

std::string resolve_path(const std::string& written, const std::string& directory) {
  constexpr const char* prefix = "guest:";
  if (written.rfind(prefix, 0) == 0) {
    const fs::path file = written.substr(std::strlen(prefix));
    const fs::path root = fs::path(program_directory()).parent_path();
    std::error_code error;
    const fs::path installed = root / "share/smmu-vp/guest" / file;
    if (fs::exists(installed, error)) return installed.string();
    return (root / "sw" / file).string();
  }
  const fs::path path = written;
  return path.is_absolute() ? path.string() : (fs::path(directory) / path).lexically_normal().string();
}

int open_regular_file(const std::string& path, std::string& error) {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would not come back.
  const int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) {
    error = errno == ENOENT ? fmt::format("no such file: {}", path)
                            : fmt::format("cannot open {}: {}", path, std::strerror(errno));
    return -1;
  }
  struct stat status = {};
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) return descriptor;
  error = S_ISDIR(status.st_mode) ? fmt::format("{} is a folder", path)
                                  : fmt::format("{} is no regular file", path);
  close(descriptor);
  return -1;
}

bool read_file(const std::string& path, std::uint64_t most, std::vector<std::uint8_t>& data,
               std::string& error) try {
  data.clear();
  const int descriptor = open_regular_file(path, error);
  if (descriptor < 0) return false;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(fdopen(descriptor, "rb"), std::fclose);
  struct stat status = {};
  if (!file || fstat(descriptor, &status) != 0) {
    error = fmt::format("cannot read {}: {}", path, std::strerror(errno));
    return false;
  }
  const auto too_large = [&] {
    error = fmt::format("{} is larger than {:#x} bytes", path, most);
    return false;
  };
  if (static_cast<std::uint64_t>(status.st_size) > most) return too_large();
  std::vector<std::uint8_t> chunk(1 << 16);
  while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    // The size may have been another one, or not known: files of /proc say 0.
    if (data.size() + n > most) return too_large();
    data.insert(data.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(n));
  }
  if (std::ferror(file.get()) != 0) {
    error = fmt::format("cannot read {}: {}", path, std::strerror(errno));
    return false;
  }
  return true;
} catch (const std::bad_alloc&) {
  error = fmt::format("this machine has not enough memory to read {}", path);
  return false;
}

}  // namespace smmuvp::platform
