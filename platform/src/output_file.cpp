#include "output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace smmuvp::platform {

namespace {

struct Input {
  std::string what;
  std::string path;
};

std::vector<Input> inputs_of(const System& system) {
  const PlatformConfig& config = system.config();
  std::vector<Input> all = {{"the configuration", config.file}};
  const auto add = [&](const char* what, const HostFile& file) { all.push_back({what, file.path}); };
  const BootConfig& boot = config.boot;
  if (boot.kernel) add("the kernel", *boot.kernel);
  if (boot.init) add("init", *boot.init);
  if (boot.initrd) add("the initramfs", *boot.initrd);
  if (boot.dtb) add("the device tree", *boot.dtb);
  for (const HostFile& module : boot.modules) add("the module", module);
  for (const auto& entry : boot.files) add("the initramfs's file", entry.second);
  for (const auto& instance : system.instances()) {
    for (const ParamInfo& info : instance->params.infos()) {
      if (info.type == ParamType::Path)
        all.push_back(
            {fmt::format("{}.{}", instance->config->name, info.name), instance->params.text(info.name)});
    }
  }
  return all;
}

struct Identity {
  dev_t device;
  ino_t file;
  bool operator==(const Identity& other) const { return device == other.device && file == other.file; }
};

// Only what keeps what is written to it has one.
std::optional<Identity> identity(int result, const struct stat& status) {
  if (result != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

std::optional<Identity> identity_of(const OutputFile& output) {
  struct stat status = {};
  const int result = output.wanted() ? fstat(output.descriptor(), &status) : -1;
  return identity(result, status);
}

std::optional<Identity> identity_of(const Input& input) {
  struct stat status = {};
  const int result = input.path.empty() ? -1 : stat(input.path.c_str(), &status);
  return identity(result, status);
}

}  // namespace

OutputFile::OutputFile(std::string option, std::string path)
    : m_option(std::move(option)), m_path(std::move(path)), m_file(nullptr, std::fclose) {
  if (m_path.empty()) return;
  if (m_path == standard_output_name) {
    m_begun = true;  // what it held before is somebody else's
    const int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0) m_file.reset(fdopen(copy, "w"));
    if (!m_file) throw ConfigError(m_option, fmt::format("--{} -: standard output is closed", m_option));
    return;
  }
  // Without O_NONBLOCK it would wait for somebody who opens a pipe's other end, before any limit holds.
  constexpr int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  constexpr mode_t mode = 0666;
  int descriptor = open(m_path.c_str(), flags | O_EXCL, mode);
  m_created = descriptor >= 0;
  if (!m_created && errno == EEXIST) descriptor = open(m_path.c_str(), flags, mode);
  const int error = errno;
  // Writes do wait, for a reader that is slow.
  if (descriptor >= 0) fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  if (descriptor >= 0) m_file.reset(fdopen(descriptor, "wb"));
  if (!m_file) {
    struct stat status = {};
    const bool unread = error == ENXIO && stat(m_path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    throw ConfigError(m_option, fmt::format("--{}: cannot write {}: {}", m_option, m_path,
                                            unread ? "nobody reads this pipe; start its reader first"
                                                   : std::strerror(error)));
  }
}

OutputFile::~OutputFile() {
  if (m_file && m_created && !m_begun) unlink(m_path.c_str());
}

void OutputFile::begin() {
  if (!m_file || m_begun) return;
  m_begun = true;
  // Behind what somebody has written already. A pipe or a device has no such place, and nothing to lose.
  const off_t here = lseek(descriptor(), 0, SEEK_CUR);
  struct stat status = {};
  if (here < 0 || fstat(descriptor(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  m_start = here;
  // A file that cannot be made shorter cannot be written either, which flush() tells.
  if (ftruncate(descriptor(), here) != 0) return;
}

void OutputFile::write(std::string_view text) {
  if (!m_file) return;
  begin();
  std::fwrite(text.data(), 1, text.size(), m_file.get());
}

void OutputFile::replace(std::string_view text) {
  if (!m_file || is_standard_output()) return;
  struct stat status = {};
  std::fflush(m_file.get());
  if (fstat(descriptor(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (std::fseek(m_file.get(), m_start, SEEK_SET) != 0 || ftruncate(descriptor(), m_start) != 0) return;
  write(text);
}

int OutputFile::flush() {
  if (!m_file) return 0;
  errno = 0;
  // Flushed first: what the buffer still holds fails again, and says why.
  if (std::fflush(m_file.get()) == 0 && std::ferror(m_file.get()) == 0) return 0;
  return errno != 0 ? errno : EIO;
}

void refuse_same_file(const std::vector<const OutputFile*>& outputs, const System& system) {
  const std::vector<Input> inputs = inputs_of(system);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto own = identity_of(*outputs[i]);
    if (!own) continue;
    const std::string name = fmt::format("--{} {}", outputs[i]->option(), outputs[i]->path());
    for (std::size_t j = 0; j < i; ++j) {
      if (identity_of(*outputs[j]) == own) {
        throw ConfigError(outputs[i]->option(), fmt::format("--{} {} and {} are the same file",
                                                            outputs[j]->option(), outputs[j]->path(), name));
      }
    }
    for (const Input& input : inputs) {
      if (identity_of(input) == own) {
        throw ConfigError(outputs[i]->option(),
                          fmt::format("{} and {} {} are the same file, which this platform needs", name,
                                      input.what, input.path));
      }
    }
  }
}

}  // namespace smmuvp::platform
