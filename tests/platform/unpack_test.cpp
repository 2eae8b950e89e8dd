#include "unpack.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace smmuvp::platform {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t most = 1 << 20;

Bytes kernel() {
  Bytes file(100000);
  for (std::size_t i = 0; i < file.size(); ++i) file[i] = static_cast<std::uint8_t>(i * i >> 8);
  return file;
}

Bytes gzipped(const Bytes& file) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes to(file.size() + 1000);
  stream.next_in = const_cast<Bytef*>(file.data());
  stream.avail_in = static_cast<uInt>(file.size());
  stream.next_out = to.data();
  stream.avail_out = static_cast<uInt>(to.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  to.resize(to.size() - stream.avail_out);
  deflateEnd(&stream);
  return to;
}

Bytes zstd(const Bytes& file) {
  Bytes to(ZSTD_compressBound(file.size()));
  to.resize(ZSTD_compress(to.data(), to.size(), file.data(), file.size(), 19));
  // The unpacked size, as Linux's build appends it.
  for (const unsigned byte : {0xa0u, 0x86u, 0x01u, 0x00u}) to.push_back(static_cast<std::uint8_t>(byte));
  return to;
}

void put(Bytes& to, std::size_t at, std::uint32_t value) {
  std::memcpy(to.data() + at, &value, sizeof value);
}

Bytes zboot(const char* type, const Bytes& payload) {
  Bytes file(0x200 + payload.size() + 0x100);
  std::memcpy(file.data(), "MZ\0\0zimg", 8);
  put(file, 8, 0x200);
  put(file, 12, static_cast<std::uint32_t>(payload.size()));
  std::strncpy(reinterpret_cast<char*>(file.data()) + 24, type, 32);
  put(file, 56, 0x818223cd);
  put(file, 60, 64);
  std::copy(payload.begin(), payload.end(), file.begin() + 0x200);
  return file;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string refusal(Bytes file, std::uint64_t limit = most) {
  const Bytes before = file;
  std::string error;
  if (unpack_kernel(file, limit, error)) return "";
  EXPECT_EQ(file, before);
  return error;
}

TEST(UnpackKernel, GzipAndBothKindsOfZbootGiveTheKernelInThem) {
  for (Bytes file : {gzipped(kernel()), zboot("gzip", gzipped(kernel())), zboot("zstd", zstd(kernel()))}) {
    std::string error;
    ASSERT_TRUE(unpack_kernel(file, most, error)) << error;
    EXPECT_EQ(file, kernel());
  }
}

// RFC 1952 2.2 and RFC 8878 3.1: what was compressed in pieces is the pieces' data behind each other.
TEST(UnpackKernel, AllMembersOfAGzipFileAndAllFramesOfZstdDataAreRead) {
  const Bytes whole = kernel();
  const Bytes first(whole.begin(), whole.begin() + 30000), last(whole.begin() + 30000, whole.end());
  const auto frame = [](const Bytes& data) {
    Bytes packed = zstd(data);
    packed.resize(packed.size() - 4);
    return packed;
  };
  const Bytes skippable{0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};
  for (Bytes file : {gzipped(first) + gzipped({}) + gzipped(last),
                     zboot("gzip", gzipped(first) + gzipped(last)), zboot("zstd", frame(first) + zstd(last)),
                     zboot("zstd", skippable + frame(first) + skippable + zstd(last))}) {
    EXPECT_NE(refusal(file, whole.size() - 1).find("more than"), std::string::npos);
    std::string error;
    ASSERT_TRUE(unpack_kernel(file, most, error)) << error;
    EXPECT_EQ(file, whole);
  }
}

TEST(UnpackKernel, DamageInAnyMemberIsToldWithItsNumberAndPlace) {
  const Bytes one = gzipped(kernel());
  for (unsigned number = 1; number <= 3; ++number) {
    const std::size_t start = (number - 1) * one.size();
    const auto expect = [&](const Bytes& file, const std::string& what) {
      const std::string text = refusal(file);
      char where[64];
      std::snprintf(where, sizeof where, "in member %u, which starts at byte 0x%zx", number, start);
      EXPECT_NE(text.find(where), std::string::npos) << text;
      EXPECT_NE(text.find(what), std::string::npos) << text;
    };
    const Bytes three = one + one + one;
    Bytes file = three;
    file[start + one.size() - 8] ^= 1;
    expect(file, "incorrect data check");  // CRC32
    file = three;
    file[start + one.size() - 1] ^= 1;
    expect(file, "incorrect length check");  // ISIZE
    file = three;
    file[start + 2] = 7;
    expect(file, "unknown compression method");
    file = three;
    file[start + 3] = 0xe0;
    expect(file, "unknown header flags set");
    for (const std::size_t bytes : {std::size_t{2}, std::size_t{10}, one.size() / 2, one.size() - 1}) {
      file = three;
      file.resize(start + bytes);
      expect(file, "truncated gzip data");
    }
  }
  Bytes frames = zstd(kernel());
  frames.resize(frames.size() - 4);
  const std::size_t start = frames.size();
  frames = frames + frames;
  EXPECT_NE(refusal(zboot("zstd", Bytes(frames.begin(), frames.end() - 1))).find("in frame 2"),
            std::string::npos);
  frames[start + 4] |= 8;  // a reserved bit (RFC 8878 3.1.1.1.1.4)
  EXPECT_NE(refusal(zboot("zstd", frames)).find("in frame 2"), std::string::npos);
}

std::string at_byte(std::size_t at) {
  char text[64];
  std::snprintf(text, sizeof text, "from byte 0x%zx on belong to no ", at);
  return text;
}

// As gzip(1): zeros are padding (of a tape, once).
TEST(UnpackKernel, OnlyZerosMayStandBehindTheLastMemberAndAnythingElseIsRefusedWithItsPlace) {
  const Bytes good = gzipped(kernel());
  for (const Bytes& file :
       {good + Bytes(1000), zboot("gzip", good + Bytes(3)), zboot("zstd", zstd(kernel()))})
    EXPECT_EQ(refusal(file), "");
  for (const Bytes& garbage : {Bytes{'s', 'i', 'g'}, Bytes{0x1f}, Bytes{0, 0, 1}, Bytes(8) + good}) {
    for (const Bytes& file : {good + garbage, zboot("gzip", good + garbage)})
      EXPECT_NE(refusal(file).find(at_byte(good.size()) + "member; expected"), std::string::npos)
          << refusal(file);
  }
  // ID1 and ID2 (RFC 1952 2.3.1), one bit in each.
  for (const std::size_t id : {0u, 1u}) {
    Bytes file = good + good;
    file[good.size() + id] ^= 0x10;
    EXPECT_NE(refusal(file).find(at_byte(good.size())), std::string::npos) << refusal(file);
  }
}

TEST(UnpackKernel, WhatIsBehindZstdDataIsItsSizeOrZerosOrTheBeginningOfAFrame) {
  const Bytes sized = zstd(kernel()), frame(sized.begin(), sized.end() - 4);
  for (const Bytes& rest : {Bytes{}, Bytes(3), Bytes(4), Bytes(9)})
    EXPECT_EQ(refusal(zboot("zstd", frame + rest)), "");
  for (std::size_t n = 1; n < 8; ++n) {
    const std::string text =
        refusal(zboot("zstd", frame + Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(n))));
    EXPECT_NE(text.find(n < 4 ? at_byte(frame.size()) + "frame" : "in frame 2"), std::string::npos) << text;
  }
  Bytes other_size = sized;
  other_size.back() ^= 1;
  for (const Bytes& file : {other_size, sized + Bytes{1}, sized + frame})
    EXPECT_NE(refusal(zboot("zstd", file)).find(at_byte(frame.size())), std::string::npos);
}

TEST(UnpackKernel, OtherFilesStayAsTheyAre) {
  for (const Bytes& file : {Bytes{}, Bytes{0x1f}, kernel(), Bytes(64, 'M')}) {
    Bytes same = file;
    std::string error;
    ASSERT_TRUE(unpack_kernel(same, most, error)) << error;
    EXPECT_EQ(same, file);
  }
}

TEST(UnpackKernel, AKernelThatUnpacksToMoreThanTheMemoryIsRefused) {
  for (const Bytes& file : {gzipped(kernel()), zboot("zstd", zstd(kernel()))}) {
    EXPECT_NE(refusal(file, 99999).find("more than"), std::string::npos);
    EXPECT_EQ(refusal(file, 100000), "");
  }
}

TEST(UnpackKernel, IsAllowedTheMemoryButNotMoreThan1GiB) {
  EXPECT_EQ(most_unpacked_bytes(0x1234), 0x1234u);
  EXPECT_EQ(most_unpacked_bytes(std::uint64_t{8} << 30), std::uint64_t{1} << 30);
}

// In a process of its own, which gets little more address space than it has.
void unpack_in_a_narrow_place(Bytes file) {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  const rlim_t bytes = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (32 << 20);
  const rlimit limit{bytes, bytes};
  std::string error;
  if (setrlimit(RLIMIT_AS, &limit) != 0 || unpack_kernel(file, 1 << 30, error)) _exit(1);
  std::fputs(error.c_str(), stderr);
  _exit(0);
}

TEST(UnpackKernel, AKernelForWhichTheMachineHasNotEnoughMemoryIsRefused) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer ends the program where memory runs out";
#endif
  const Bytes bomb = gzipped(Bytes(std::size_t{80} << 20));
  EXPECT_EXIT(unpack_in_a_narrow_place(bomb), ::testing::ExitedWithCode(0), "not enough memory to unpack");
}

TEST(UnpackKernel, WhatIsWrongInAZbootImageIsNamed) {
  EXPECT_NE(refusal(zboot("lzma", zstd(kernel()))).find("'lzma'"), std::string::npos);
  EXPECT_NE(refusal(zboot("gzip", zstd(kernel()))).find("corrupt gzip"), std::string::npos);
  EXPECT_NE(refusal(zboot("zstd", gzipped(kernel()))).find("corrupt zstd"), std::string::npos);
  EXPECT_NE(refusal(zboot("gzip", {})).find("truncated"), std::string::npos);
  EXPECT_NE(refusal(zboot("gzip", gzipped({}))).find("empty"), std::string::npos);
  Bytes file = zboot("gzip", gzipped(kernel()));
  put(file, 8, 0xffffffff);
  EXPECT_NE(refusal(file).find("truncated"), std::string::npos);
  put(file, 8, 0x200);
  put(file, 12, 0xffffffff);
  EXPECT_NE(refusal(file).find("truncated"), std::string::npos);
}

TEST(UnpackKernel, ATruncationOfTheCompressedPartIsRefused) {
  const Bytes gzip = gzipped(kernel());
  for (std::size_t n = 2; n < gzip.size(); n += 7)
    EXPECT_NE(refusal(Bytes(gzip.begin(), gzip.begin() + static_cast<std::ptrdiff_t>(n))), "") << n;
  const Bytes packed = zstd(kernel());
  for (std::size_t n = 0; n + 4 < packed.size(); n += 7)
    EXPECT_NE(refusal(zboot("zstd", Bytes(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(n)))),
              "")
        << n;
}

TEST(UnpackKernel, CorruptionAnywhereIsSafe) {
  std::mt19937_64 random(1);
  for (const Bytes& good :
       {gzipped(kernel()), zboot("gzip", gzipped(kernel())), zboot("zstd", zstd(kernel()))}) {
    for (int round = 0; round < 500; ++round) {
      Bytes file = good;
      for (std::uint64_t n = 1 + random() % 4; n > 0; --n)
        file[random() % (random() % 2 == 0 ? 0x240 : file.size()) % file.size()] =
            static_cast<std::uint8_t>(random());
      std::string error;
      if (unpack_kernel(file, most, error)) {
        EXPECT_LE(file.size(), most);
      } else {
        EXPECT_NE(error, "");
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp::platform
