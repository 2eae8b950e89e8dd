#include "semihosting.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "smmuvp/base/utf8.h"

namespace smmuvp::cpu {
namespace {

// Numbers and names are the document's ("Semihosting operations").
enum Operation : uint32_t {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITEC = 0x03,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_READC = 0x07,
  SYS_ISERROR = 0x08,
  SYS_ISTTY = 0x09,
  SYS_SEEK = 0x0a,
  SYS_FLEN = 0x0c,
  SYS_TMPNAM = 0x0d,
  SYS_REMOVE = 0x0e,
  SYS_RENAME = 0x0f,
  SYS_CLOCK = 0x10,
  SYS_TIME = 0x11,
  SYS_SYSTEM = 0x12,
  SYS_ERRNO = 0x13,
  SYS_GET_CMDLINE = 0x15,
  SYS_HEAPINFO = 0x16,
  SYS_EXIT = 0x18,
  SYS_EXIT_EXTENDED = 0x20,
  SYS_ELAPSED = 0x30,
  SYS_TICKFREQ = 0x31,
};

constexpr struct {
  Operation operation;
  const char* name;
} names[] = {
    {SYS_OPEN, "SYS_OPEN"},
    {SYS_CLOSE, "SYS_CLOSE"},
    {SYS_WRITEC, "SYS_WRITEC"},
    {SYS_WRITE0, "SYS_WRITE0"},
    {SYS_WRITE, "SYS_WRITE"},
    {SYS_READ, "SYS_READ"},
    {SYS_READC, "SYS_READC"},
    {SYS_ISERROR, "SYS_ISERROR"},
    {SYS_ISTTY, "SYS_ISTTY"},
    {SYS_SEEK, "SYS_SEEK"},
    {SYS_FLEN, "SYS_FLEN"},
    {SYS_TMPNAM, "SYS_TMPNAM"},
    {SYS_REMOVE, "SYS_REMOVE"},
    {SYS_RENAME, "SYS_RENAME"},
    {SYS_CLOCK, "SYS_CLOCK"},
    {SYS_TIME, "SYS_TIME"},
    {SYS_SYSTEM, "SYS_SYSTEM"},
    {SYS_ERRNO, "SYS_ERRNO"},
    {SYS_GET_CMDLINE, "SYS_GET_CMDLINE"},
    {SYS_HEAPINFO, "SYS_HEAPINFO"},
    {SYS_EXIT, "SYS_EXIT"},
    {SYS_EXIT_EXTENDED, "SYS_EXIT_EXTENDED"},
    {SYS_ELAPSED, "SYS_ELAPSED"},
    {SYS_TICKFREQ, "SYS_TICKFREQ"},
};

const char* name_of(uint32_t operation) {
  for (const auto& entry : names) {
    if (entry.operation == operation) return entry.name;
  }
  return nullptr;
}

// SYS_ERRNO is "host-specific": these are the numbers of Linux.
constexpr int error_enoent = 2, error_e2big = 7, error_ebadf = 9, error_eacces = 13, error_efault = 14,
              error_einval = 22, error_emfile = 24, error_espipe = 29, error_enosys = 38;

constexpr uint64_t ADP_Stopped_ApplicationExit = 0x20026;

// "Semihosting extensions": SHFB_MAGIC_0 to 3, then feature byte 0 with SH_EXT_EXIT_EXTENDED (bit 0) and
// SH_EXT_STDOUT_STDERR (bit 1).
constexpr std::string_view features{"SHFB\x03", 5};
constexpr std::string_view features_name = ":semihosting-features", console_name = ":tt";

constexpr uint64_t minus_one = ~uint64_t{0};

}  // namespace

std::string Semihosting::clause() const {
  return std::string("Semihosting for AArch32 and AArch64, ") + m_name;
}

uint64_t Semihosting::guest_error(int error_number, const std::string& text,
                                  std::optional<uint64_t> address) {
  m_host.diag().guest_error(std::string("semihosting.") + m_name, std::string(m_name) + ": " + text, clause(),
                            {}, address);
  return fail(error_number);
}

uint64_t Semihosting::bad_pointer(const char* what, uint64_t address) {
  return guest_error(error_efault,
                     std::string(what) + " is not in RAM, as the caller's addresses are translated now",
                     address);
}

uint64_t Semihosting::refuse(const std::string& name) {
  // One site for all numbers that mean nothing: a guest could think of billions.
  const bool known = *m_name != 0;
  m_host.diag().unimplemented(
      std::string("semihosting.") + (known ? m_name : "operation"),
      "semihosting operation " + name + " is answered with -1",
      known ? clause() : "Semihosting for AArch32 and AArch64, Semihosting operations");
  return fail(error_enosys);
}

// Fields are as wide as a register of the caller ("Registers and field size").
template <size_t N>
std::optional<std::array<uint64_t, N>> Semihosting::fields(uint64_t block) {
  std::array<uint64_t, N> values{};
  if (m_memory.read(block, values.data(), sizeof values) == sizeof values) return values;
  bad_pointer("the parameter block", block);
  return std::nullopt;
}

template <size_t N>
bool Semihosting::put_fields(uint64_t block, const std::array<uint64_t, N>& values) {
  if (m_memory.write(block, values.data(), sizeof values) == sizeof values) return true;
  bad_pointer("the parameter block", block);
  return false;
}

Semihosting::File* Semihosting::file_of(uint64_t handle) {
  if (handle - 1 < m_state->files.size() && m_state->files[handle - 1].stream != Stream::closed)
    return &m_state->files[handle - 1];
  guest_error(error_ebadf, "no file with handle " + std::to_string(handle) +
                               " is open; SYS_OPEN of \":tt\" gives one of the console");
  return nullptr;
}

// ---- Files

uint64_t Semihosting::open(uint64_t block) {
  const auto f = fields<3>(block);
  if (!f) return minus_one;
  const auto [address, mode, length] = *f;
  if (mode > 11) return guest_error(error_einval, "mode " + std::to_string(mode) + "; 0 to 11 are valid");
  std::array<char, features_name.size() + 1> text{};
  if (length >= text.size()) {
    // No path of that length is known; it need not be read for that.
    m_host.diag().unimplemented("semihosting.SYS_OPEN",
                                "SYS_OPEN: files of the host are not given to a guest", clause(), {},
                                address);
    return fail(error_enoent);
  }
  const auto bytes = static_cast<size_t>(length) + 1;
  if (m_memory.read(address, text.data(), bytes) != bytes) return bad_pointer("the path", address);
  if (text[bytes - 1] != 0)
    return guest_error(error_einval, "the path does not end in a null character where its length says",
                       address);
  const std::string_view path(text.data(), bytes - 1);
  Stream stream = Stream::closed;
  if (path == console_name) {
    // Modes are those of fopen: r, rb, r+, r+b, w, wb, w+, w+b, a, ab, a+, a+b.
    stream = mode < 4 ? Stream::console_in : mode < 8 ? Stream::console_out : Stream::console_error;
  } else if (path == features_name) {
    if (mode > 1) return fail(error_eacces);  // "any other opening mode must fail"
    stream = Stream::features;
  } else {
    m_host.diag().unimplemented(
        "semihosting.SYS_OPEN",
        "SYS_OPEN of '" + printable(path) + "': files of the host are not given to a guest", clause(), {},
        address);
    return fail(error_enoent);
  }
  const auto free = std::find_if(m_state->files.begin(), m_state->files.end(),
                                 [](const File& file) { return file.stream == Stream::closed; });
  if (free == m_state->files.end())
    return guest_error(error_emfile, std::to_string(most_handles) + " files are open already");
  *free = {stream, 0};
  return static_cast<uint64_t>(free - m_state->files.begin()) + 1;
}

uint64_t Semihosting::close(uint64_t block) {
  const auto f = fields<1>(block);
  File* file = f ? file_of((*f)[0]) : nullptr;
  if (file == nullptr) return minus_one;
  *file = {};
  return 0;
}

uint64_t Semihosting::write(uint64_t block) {
  const auto f = fields<3>(block);
  if (!f) return minus_one;
  const auto [handle, address, length] = *f;
  const File* file = file_of(handle);
  if (file == nullptr) return minus_one;
  if (file->stream != Stream::console_out && file->stream != Stream::console_error)
    return guest_error(error_ebadf, "handle " + std::to_string(handle) + " is open for reading");
  const uint64_t wanted = std::min(length, most_bytes);
  uint64_t done = 0;
  while (done < wanted) {
    Chunk chunk;
    const auto want = static_cast<size_t>(std::min<uint64_t>(chunk.size(), wanted - done));
    const size_t got = m_memory.read(address + done, chunk.data(), want);
    m_host.semihosting_write({chunk.data(), got});
    done += got;
    if (got != want) {
      const uint64_t error = bad_pointer("the buffer", address + done);
      return done == 0 ? error : length - done;
    }
  }
  return length - done;
}

uint64_t Semihosting::read(uint64_t block) {
  const auto f = fields<3>(block);
  if (!f) return minus_one;
  const auto [handle, address, length] = *f;
  File* file = file_of(handle);
  if (file == nullptr) return minus_one;
  switch (file->stream) {
    case Stream::console_in:
      return read_console(address, length);
    case Stream::features:
      return read_features(*file, address, length);
    default:
      return guest_error(error_ebadf, "handle " + std::to_string(handle) + " is open for writing");
  }
}

// Waits for the first byte, and takes what is there behind it: a partly filled buffer is what the document
// expects of interactive devices.
uint64_t Semihosting::read_console(uint64_t address, uint64_t length) {
  const uint64_t wanted = std::min(length, most_bytes);
  uint64_t done = 0;
  while (done < wanted) {
    Chunk chunk;
    const auto want = static_cast<size_t>(std::min<uint64_t>(chunk.size(), wanted - done));
    // Looked at before anything is taken from the console, where it cannot be put back.
    const size_t room = m_memory.read(address + done, chunk.data(), want);
    if (room == 0) {
      const uint64_t error = bad_pointer("the buffer", address + done);
      return done == 0 ? error : length - done;
    }
    size_t got = 0;
    while (got < room) {
      const int byte = m_host.semihosting_read(done + got == 0);
      if (byte < 0) break;
      chunk[got++] = static_cast<char>(byte);
    }
    m_memory.write(address + done, chunk.data(), got);
    done += got;
    if (got < room) break;
  }
  return length - done;
}

uint64_t Semihosting::read_features(File& file, uint64_t address, uint64_t length) {
  const uint64_t rest = features.size() - std::min<uint64_t>(file.position, features.size());
  const auto bytes = static_cast<size_t>(std::min(length, rest));
  if (bytes != 0 && m_memory.write(address, features.data() + file.position, bytes) != bytes)
    return bad_pointer("the buffer", address);
  file.position += bytes;
  return length - bytes;
}

uint64_t Semihosting::is_tty(uint64_t block) {
  const auto f = fields<1>(block);
  const File* file = f ? file_of((*f)[0]) : nullptr;
  if (file == nullptr) return minus_one;
  return file->stream == Stream::features ? 0 : 1;
}

uint64_t Semihosting::seek(uint64_t block) {
  const auto f = fields<2>(block);
  File* file = f ? file_of((*f)[0]) : nullptr;
  if (file == nullptr) return minus_one;
  if (file->stream != Stream::features) return fail(error_espipe);
  if ((*f)[1] > features.size()) return fail(error_einval);
  file->position = (*f)[1];
  return 0;
}

// A console has no length; start-up code that asks nevertheless expects an answer, not an error.
uint64_t Semihosting::file_length(uint64_t block) {
  const auto f = fields<1>(block);
  const File* file = f ? file_of((*f)[0]) : nullptr;
  if (file == nullptr) return minus_one;
  return file->stream == Stream::features ? features.size() : 0;
}

// ---- The debug channel

uint64_t Semihosting::write_character(uint64_t address) {
  char c = 0;
  if (m_memory.read(address, &c, 1) != 1) return bad_pointer("the character", address);
  m_host.semihosting_write({&c, 1});
  return 0;
}

uint64_t Semihosting::write_string(uint64_t address) {
  for (uint64_t done = 0; done < most_bytes;) {
    Chunk chunk;
    const size_t got = m_memory.read(address + done, chunk.data(), chunk.size());
    const auto* end = static_cast<const char*>(std::memchr(chunk.data(), 0, got));
    const size_t bytes = end != nullptr ? static_cast<size_t>(end - chunk.data()) : got;
    m_host.semihosting_write({chunk.data(), bytes});
    if (end != nullptr) return 0;
    done += got;
    if (got != chunk.size()) return bad_pointer("the string, or its terminating null,", address + done);
  }
  return guest_error(error_e2big,
                     "no null character in " + std::to_string(most_bytes) + " bytes; the string is cut there",
                     address);
}

uint64_t Semihosting::read_character() {
  const int byte = m_host.semihosting_read(true);
  return byte < 0 ? minus_one : static_cast<uint64_t>(byte);
}

// ---- The rest

uint64_t Semihosting::is_error(uint64_t block) {
  const auto f = fields<1>(block);
  if (!f) return minus_one;
  return static_cast<int64_t>((*f)[0]) < 0 ? 1 : 0;
}

uint64_t Semihosting::command_line(uint64_t block) {
  const auto f = fields<2>(block);
  if (!f) return minus_one;
  const auto [address, size] = *f;
  const std::string& text = m_host.semihosting_environment().command_line;
  const size_t bytes = text.size() + 1;
  if (size < bytes) {
    return guest_error(error_e2big, "the command line needs " + std::to_string(bytes) +
                                        " bytes, the buffer has " + std::to_string(size));
  }
  if (m_memory.write(address, text.c_str(), bytes) != bytes) return bad_pointer("the buffer", address);
  return put_fields<2>(block, {address, text.size()}) ? 0 : minus_one;
}

// The parameter is the address of a pointer to the block.
uint64_t Semihosting::heap_info(uint64_t pointer) {
  const auto f = fields<1>(pointer);
  if (!f) return minus_one;
  const SemihostingEnvironment& e = m_host.semihosting_environment();
  return put_fields<4>((*f)[0], {e.heap_base, e.heap_limit, e.stack_base, e.stack_limit}) ? 0 : minus_one;
}

uint64_t Semihosting::elapsed(uint64_t block) {
  return put_fields<1>(block, {m_host.counter()}) ? 0 : minus_one;
}

SemihostingAnswer Semihosting::exit(uint64_t block) {
  SemihostingAnswer answer;
  answer.exit = true;
  const auto f = fields<2>(block);
  // An exit for another reason, or for one that cannot be read, is no success.
  answer.status = f && (*f)[0] == ADP_Stopped_ApplicationExit ? (*f)[1] : 1;
  return answer;
}

SemihostingAnswer Semihosting::call(uint64_t x0, uint64_t x1) {
  const auto operation = static_cast<uint32_t>(x0);  // "must not assume that the top 32 bits are 0"
  const char* name = name_of(operation);
  m_name = name != nullptr ? name : "";
  switch (operation) {
    case SYS_OPEN:
      return {open(x1)};
    case SYS_CLOSE:
      return {close(x1)};
    case SYS_WRITEC:
      return {write_character(x1)};
    case SYS_WRITE0:
      return {write_string(x1)};
    case SYS_WRITE:
      return {write(x1)};
    case SYS_READ:
      return {read(x1)};
    case SYS_READC:
      return {read_character()};
    case SYS_ISERROR:
      return {is_error(x1)};
    case SYS_ISTTY:
      return {is_tty(x1)};
    case SYS_SEEK:
      return {seek(x1)};
    case SYS_FLEN:
      return {file_length(x1)};
    case SYS_CLOCK:
      return {m_host.counter() / (counter_hz / 100)};
    case SYS_TIME:
      return {start_time + m_host.counter() / counter_hz};
    case SYS_ERRNO:
      return {static_cast<uint64_t>(m_state->error_number)};
    case SYS_GET_CMDLINE:
      return {command_line(x1)};
    case SYS_HEAPINFO:
      return {heap_info(x1)};
    case SYS_EXIT:
    case SYS_EXIT_EXTENDED:
      return exit(x1);
    case SYS_ELAPSED: {
      const uint64_t result = elapsed(x1);
      return {result, result == 0 ? std::nullopt : std::optional(minus_one)};
    }
    case SYS_TICKFREQ:
      return {counter_hz};
    default:
      return {refuse(name != nullptr ? name : std::to_string(operation))};
  }
}

void Semihosting::reset() {
  if (m_state == &m_own) m_own = State();
}

void Semihosting::visit(Archive& archive) {
  archive.begin("semihosting");
  for (File& file : m_own.files) {
    archive.value("stream", file.stream);
    archive.value("position", file.position);
    if (archive.loading() && (file.stream > Stream::features || file.position > features.size())) {
      file = {};
      archive.fail("stream", "no such file");
    }
  }
  archive.value("errno", m_own.error_number);
  archive.end();
}

}  // namespace smmuvp::cpu
