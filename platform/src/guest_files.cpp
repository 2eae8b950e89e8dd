#include "guest_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

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

bool read_file(const std::string& path, std::uint64_t most, std::vector<std::uint8_t>& data,
               std::string& error) {
  data.clear();
  std::error_code ec;
  if (fs::is_directory(path, ec)) {
    error = fmt::format("{} is a folder", path);
    return false;
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) {
    error = errno == ENOENT ? fmt::format("no such file: {}", path)
                            : fmt::format("cannot open {}: {}", path, std::strerror(errno));
    return false;
  }
  std::vector<std::uint8_t> chunk(1 << 16);
  while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    if (data.size() + n > most) {
      error = fmt::format("{} is larger than {:#x} bytes", path, most);
      return false;
    }
    data.insert(data.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(n));
  }
  if (std::ferror(file.get()) != 0) {
    error = fmt::format("cannot read {}: {}", path, std::strerror(errno));
    return false;
  }
  return true;
}

}  // namespace smmuvp::platform
