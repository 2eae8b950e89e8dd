#include "unpack.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "smmuvp/base/utf8.h"

namespace smmuvp::platform {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t chunk_bytes = std::size_t{1} << 20;

bool fail(std::string& error, std::string text) {
  error = std::move(text);
  return false;
}

// What may be read, and nothing behind it.
struct Input {
  const std::uint8_t* data;
  std::size_t bytes;
};

// What comes out, piece by piece, up to a bound.
struct Limited {
  explicit Limited(std::uint64_t m) : most(m), chunk(chunk_bytes) {}

  bool take(std::size_t bytes, std::string& error) {
    if (all.size() + bytes > most)
      return fail(error, fmt::format("the compressed kernel unpacks to more than {:#x} bytes", most));
    all.insert(all.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(bytes));
    return true;
  }

  std::uint64_t most;
  Bytes chunk;
  Bytes all;
};

// What follows the last member or frame. Zeros are padding, as gzip(1) has it; anything else may be a member
// or frame whose first bytes are damaged, without which half a kernel would be booted.
bool is_padding(const char* what, const char* part, Input file, std::size_t at, std::string& error) {
  if (std::all_of(file.data + at, file.data + file.bytes, [](std::uint8_t byte) { return byte == 0; }))
    return true;
  return fail(error, fmt::format("corrupt {0} data: the {1:#x} bytes from byte {2:#x} on belong to no {3}; "
                                 "expected another {3}, zeros, or the end",
                                 what, file.bytes - at, at, part));
}

// Where in a file something is wrong.
std::string in_part(const char* part, unsigned number, std::size_t start, std::size_t at) {
  return fmt::format("in {} {}, which starts at byte {:#x}; found at byte {:#x}", part, number, start, at);
}

// RFC 1952 2.2: a file is a series of members, of which this inflates one. zlib compares CRC32 and ISIZE.
// @param at  where the member starts; moved behind it
bool gunzip_member(z_stream& stream, Input file, std::size_t& at, unsigned number, Limited& to,
                   std::string& error) {
  const std::size_t start = at;
  int result = Z_OK;
  stream.avail_in = 0;
  while (result == Z_OK) {
    if (stream.avail_in == 0) {
      const std::size_t part = std::min<std::size_t>(file.bytes - at, std::numeric_limits<uInt>::max());
      stream.next_in = const_cast<Bytef*>(file.data + at);
      stream.avail_in = static_cast<uInt>(part);
      at += part;
    }
    stream.next_out = to.chunk.data();
    stream.avail_out = static_cast<uInt>(to.chunk.size());
    result = inflate(&stream, Z_NO_FLUSH);
    if (!to.take(to.chunk.size() - stream.avail_out, error)) return false;
  }
  at -= stream.avail_in;
  if (result == Z_STREAM_END) return true;
  if (result == Z_BUF_ERROR)
    return fail(error, "truncated gzip data: the file ends " + in_part("member", number, start, at));
  return fail(error, fmt::format("corrupt gzip data: {} {}", stream.msg != nullptr ? stream.msg : "an error",
                                 in_part("member", number, start, at)));
}

bool starts_gzip_member(const std::uint8_t* data, std::size_t bytes) {
  return bytes >= 2 && data[0] == 0x1f && data[1] == 0x8b;  // RFC 1952 2.3.1, ID1 and ID2
}

bool gunzip(Input file, Limited& to, std::string& error) {
  z_stream stream{};
  constexpr int gzip_only = 16 + MAX_WBITS;
  if (inflateInit2(&stream, gzip_only) != Z_OK) return fail(error, "zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::size_t at = 0;
  for (unsigned number = 1; number == 1 || starts_gzip_member(file.data + at, file.bytes - at); ++number) {
    if (inflateReset(&stream) != Z_OK) return fail(error, "zlib cannot start");
    if (!gunzip_member(stream, file, at, number, to, error)) return false;
  }
  return is_padding("gzip", "member", file, at, error);
}

bool starts_zstd_frame(const std::uint8_t* data, std::size_t bytes) {
  std::uint32_t magic = 0;
  if (bytes < sizeof magic) return false;
  std::memcpy(&magic, data, sizeof magic);
  return magic == 0xfd2fb528 || (magic & 0xfffffff0) == 0x184d2a50;  // RFC 8878 3.1.1 and 3.1.2
}

// Linux's build appends the unpacked size, in 4 bytes.
bool is_size(const std::uint8_t* data, std::size_t bytes, std::size_t unpacked) {
  std::uint32_t size = 0;
  if (bytes != sizeof size) return false;
  std::memcpy(&size, data, sizeof size);
  return size == unpacked;
}

// RFC 8878 3.1: a file is a series of frames. Those to skip are skipped by libzstd.
// @param in  moved behind the frame
bool unzstd_frame(ZSTD_DStream* stream, ZSTD_inBuffer& in, unsigned number, Limited& to, std::string& error) {
  const std::size_t start = in.pos;
  for (;;) {
    ZSTD_outBuffer out{to.chunk.data(), to.chunk.size(), 0};
    const std::size_t before = in.pos;
    const std::size_t result = ZSTD_decompressStream(stream, &out, &in);
    if (ZSTD_isError(result) != 0) {
      return fail(error, fmt::format("corrupt zstd data: {} {}", ZSTD_getErrorName(result),
                                     in_part("frame", number, start, in.pos)));
    }
    if (!to.take(out.pos, error)) return false;
    if (result == 0) return true;
    if (in.pos == before && out.pos == 0)
      return fail(error, "truncated zstd data: the file ends " + in_part("frame", number, start, in.pos));
  }
}

bool unzstd(Input file, Limited& to, std::string& error) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             ZSTD_freeDStream);
  if (!stream) return fail(error, "libzstd cannot start");
  // Linux compresses kernels with windows of up to 128 MiB (zstd -22 --ultra).
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, 27);
  ZSTD_inBuffer in{file.data, file.bytes, 0};
  for (unsigned number = 1; number == 1 || starts_zstd_frame(file.data + in.pos, file.bytes - in.pos);
       ++number) {
    if (!unzstd_frame(stream.get(), in, number, to, error)) return false;
    if (is_size(file.data + in.pos, file.bytes - in.pos, to.all.size())) return true;
  }
  return is_padding("zstd", "frame", file, in.pos, error);
}

std::uint32_t word(const Bytes& file, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

// Offsets are those of Linux's drivers/firmware/efi/libstub/zboot-header.S.
constexpr std::size_t zboot_header_bytes = 64;
constexpr std::size_t zboot_type_offset = 24;
constexpr std::size_t zboot_type_bytes = 32;

bool is_zboot(const Bytes& file) {
  return file.size() >= zboot_header_bytes && std::memcmp(file.data(), "MZ", 2) == 0 &&
         std::memcmp(file.data() + 4, "zimg", 4) == 0;
}

bool unpack_zboot(const Bytes& file, Limited& to, std::string& error) {
  const std::uint32_t offset = word(file, 8);
  const std::uint32_t bytes = word(file, 12);
  if (offset > file.size() || bytes > file.size() - offset) {
    return fail(error,
                fmt::format("truncated EFI zboot image: the kernel in it ends at {:#x}, the file at {:#x}",
                            std::uint64_t{offset} + bytes, file.size()));
  }
  const char* type = reinterpret_cast<const char*>(file.data()) + zboot_type_offset;
  const std::string name(type, strnlen(type, zboot_type_bytes));
  std::string why;
  bool good = false;
  if (name == "gzip") {
    good = gunzip({file.data() + offset, bytes}, to, why);
  } else if (name == "zstd") {
    good = unzstd({file.data() + offset, bytes}, to, why);
  } else {
    why = fmt::format("its compression is '{}'; gzip and zstd are known", printable(name));
  }
  return good ||
         fail(error, fmt::format("EFI zboot image, in which bytes count from {:#x}: {}", offset, why));
}

}  // namespace

std::uint64_t most_unpacked_bytes(std::uint64_t memory_bytes) {
  constexpr std::uint64_t far_above_any_kernel = std::uint64_t{1} << 30;
  return std::min(memory_bytes, far_above_any_kernel);
}

bool unpack_kernel(std::vector<std::uint8_t>& file, std::uint64_t most, std::string& error) try {
  const bool gzip = starts_gzip_member(file.data(), file.size());
  if (!gzip && !is_zboot(file)) return true;
  Limited unpacked(most);
  const bool good =
      gzip ? gunzip({file.data(), file.size()}, unpacked, error) : unpack_zboot(file, unpacked, error);
  if (!good) return false;
  if (unpacked.all.empty()) return fail(error, "the compressed kernel is empty");
  file = std::move(unpacked.all);
  return true;
} catch (const std::bad_alloc&) {
  return fail(error, "this machine has not enough memory to unpack the compressed kernel");
}

}  // namespace smmuvp::platform
