#include "dump_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::tables {

using namespace pgtable;

namespace {

/// @param size  of the whole file
DumpMemory::Dump opened(const std::string& path, std::uint64_t& size) {
  const std::string name = printable(path);
  // O_NONBLOCK: opening a pipe that nobody writes must not wait; it is refused below.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    throw ConfigError("dump", fmt::format("cannot read {}: {}", name, std::strerror(errno)));
  DumpMemory::Dump dump;
  dump.path = path;
  dump.file = std::shared_ptr<int>(new int(descriptor), [](const int* d) {
    close(*d);
    delete d;
  });
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw ConfigError("dump", fmt::format("{} is no regular file", name));
  }
  if (status.st_size <= 0) throw ConfigError("dump", fmt::format("{} is empty", name));
  size = static_cast<std::uint64_t>(status.st_size);
  return dump;
}

}  // namespace

void DumpMemory::add(const std::string& path, std::uint64_t base) {
  std::uint64_t size = 0;
  Dump dump = opened(path, size);
  dump.base = base;
  add(std::move(dump), size);
}

void DumpMemory::add(const std::string& path, const MemoryImage::Range& range) {
  std::uint64_t size = 0;
  Dump dump = opened(path, size);
  dump.base = range.base;
  dump.offset = range.offset;
  add(std::move(dump), range.bytes);
}

void DumpMemory::add(Dump dump, std::uint64_t size) {
  const std::string name = printable(dump.path);
  const std::uint64_t base = dump.base;
  if (base > ~std::uint64_t{0} - (size - 1)) {
    throw ConfigError("dump", fmt::format("{} has {:#x} bytes: at {:#x} it would end beyond the last address",
                                          name, size, base));
  }
  dump.last = base + (size - 1);
  for (const Dump& other : m_dumps) {
    if (dump.base <= other.last && other.base <= dump.last) {
      throw ConfigError("dump",
                        fmt::format("{} at {:#x} to {:#x} overlaps {} at {:#x} to {:#x}", name, dump.base,
                                    dump.last, printable(other.path), other.base, other.last));
    }
  }
  m_dumps.push_back(std::move(dump));
}

// A file that became shorter since it was opened holds less: no answer, no fault.
bool DumpMemory::read(std::uint64_t address, unsigned size, unsigned char* to) const {
  for (const Dump& dump : m_dumps) {
    if (address < dump.base || address > dump.last || dump.last - address < size - 1) continue;
    unsigned done = 0;
    while (done < size) {
      const ssize_t n = pread(*dump.file, to + done, size - done,
                              static_cast<off_t>(dump.offset + (address - dump.base) + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      done += static_cast<unsigned>(n);
    }
    return true;
  }
  return false;
}

MemoryResponse DumpMemory::access(const MemoryOp& op) {
  MemoryResponse response;
  unsigned char bytes[8] = {};
  const unsigned size = op.size <= sizeof bytes ? op.size : sizeof bytes;
  if (size == 0 || !read(op.address, size, bytes)) {
    response.status = MemoryStatus::external_abort;
    return response;
  }
  for (unsigned i = 0; i < size; ++i) {
    const auto written = m_written.find(op.address + i);
    if (written != m_written.end()) bytes[i] = written->second;
  }
  const auto shift = [&](unsigned i) { return 8 * (op.big_endian ? size - 1 - i : i); };
  for (unsigned i = 0; i < size; ++i) response.data |= std::uint64_t{bytes[i]} << shift(i);
  const bool store = op.kind == MemoryOpKind::write ||
                     (op.kind == MemoryOpKind::compare_and_swap && response.data == op.expected);
  if (store) {
    for (unsigned i = 0; i < size; ++i) {
      m_written[op.address + i] = static_cast<unsigned char>(op.desired >> shift(i));
    }
  }
  return response;
}

}  // namespace smmuvp::tables
