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

bool too_large(std::string& error, std::uint64_t most) {
  return fail(error, fmt::format("the compressed kernel unpacks to more than {:#x} bytes", most));
}

// RFC 1952. What follows the first member is ignored: signers append to it.
bool gunzip(const std::uint8_t* data, std::size_t bytes, std::uint64_t most, Bytes& to, std::string& error) {
  z_stream stream{};
  constexpr int gzip_only = 16 + MAX_WBITS;
  if (inflateInit2(&stream, gzip_only) != Z_OK) return fail(error, "zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  Bytes chunk(chunk_bytes);
  int result = Z_OK;
  while (result == Z_OK) {
    if (stream.avail_in == 0) {
      const std::size_t part = std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max());
      stream.next_in = const_cast<Bytef*>(data);
      stream.avail_in = static_cast<uInt>(part);
      data += part;
      bytes -= part;
    }
    stream.next_out = chunk.data();
    stream.avail_out = static_cast<uInt>(chunk.size());
    result = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = chunk.size() - stream.avail_out;
    if (to.size() + got > most) return too_large(error, most);
    to.insert(to.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got));
  }
  if (result == Z_STREAM_END) return true;
  if (result == Z_BUF_ERROR) return fail(error, "truncated gzip data: it ends before the kernel does");
  return fail(error,
              fmt::format("corrupt gzip data: {}", stream.msg != nullptr ? stream.msg : "zlib gave up"));
}

// RFC 8878. What follows the first frame is ignored: Linux's build appends the unpacked size to it.
bool unzstd(const std::uint8_t* data, std::size_t bytes, std::uint64_t most, Bytes& to, std::string& error) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             ZSTD_freeDStream);
  if (!stream) return fail(error, "libzstd cannot start");
  // Linux compresses kernels with windows of up to 128 MiB (zstd -22 --ultra).
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, 27);
  Bytes chunk(chunk_bytes);
  ZSTD_inBuffer in{data, bytes, 0};
  for (;;) {
    ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
    const std::size_t before = in.pos;
    const std::size_t result = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(result) != 0)
      return fail(error, fmt::format("corrupt zstd data: {}", ZSTD_getErrorName(result)));
    if (to.size() + out.pos > most) return too_large(error, most);
    to.insert(to.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(out.pos));
    if (result == 0) return true;
    if (in.pos == before && out.pos == 0)
      return fail(error, "truncated zstd data: it ends before the kernel does");
  }
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

bool unpack_zboot(const Bytes& file, std::uint64_t most, Bytes& to, std::string& error) {
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
    good = gunzip(file.data() + offset, bytes, most, to, why);
  } else if (name == "zstd") {
    good = unzstd(file.data() + offset, bytes, most, to, why);
  } else {
    why = fmt::format("its compression is '{}'; gzip and zstd are known", printable(name));
  }
  return good || fail(error, fmt::format("EFI zboot image: {}", why));
}

}  // namespace

std::uint64_t most_unpacked_bytes(std::uint64_t memory_bytes) {
  constexpr std::uint64_t far_above_any_kernel = std::uint64_t{1} << 30;
  return std::min(memory_bytes, far_above_any_kernel);
}

bool unpack_kernel(std::vector<std::uint8_t>& file, std::uint64_t most, std::string& error) try {
  Bytes unpacked;
  if (file.size() >= 2 && file[0] == 0x1f && file[1] == 0x8b) {
    if (!gunzip(file.data(), file.size(), most, unpacked, error)) return false;
  } else if (is_zboot(file)) {
    if (!unpack_zboot(file, most, unpacked, error)) return false;
  } else {
    return true;
  }
  if (unpacked.empty()) return fail(error, "the compressed kernel is empty");
  file = std::move(unpacked);
  return true;
} catch (const std::bad_alloc&) {
  return fail(error, "this machine has not enough memory to unpack the compressed kernel");
}

}  // namespace smmuvp::platform
