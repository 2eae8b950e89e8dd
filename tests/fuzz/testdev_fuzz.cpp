// Register accesses, descriptors, responses and saved states of a testdev, in any order.
#include <algorithm>

#include "register_fuzz.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/testdev/testdev_core.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using smmuvp::TestdevCore;
  smmuvp::fuzz::Input in(data, size);
  smmuvp::Diag diag(nullptr, "dma");
  TestdevCore dev({0x100, 3}, diag);
  smmuvp::DmaBuffer buffer{};
  smmuvp::DmaOperation access;
  dev.write(0x018, 4, in.take(1));
  dev.write(0x008, 4, 1);
  dev.write(0x01c, 4, in.take(1));
  while (!in.empty()) {
    const std::uint64_t what = in.take(1) % 8;
    if (what == 0) {
      const auto a = smmuvp::fuzz::take_access(in, 0x40);
      if (a.write) {
        dev.write(a.offset, a.bytes, a.value);
      } else {
        dev.read(a.offset, a.bytes);
      }
    } else if (what == 1) {
      smmuvp::ArchiveWriter writer;
      dev.visit(writer);
      smmuvp::ArchiveReader reader(writer.data());
      dev.visit(reader);
      if (!reader.complete()) __builtin_trap();
    } else if (dev.next(access, buffer)) {
      if (access.length == 0 || access.length > TestdevCore::burst_bytes) __builtin_trap();
      if (access.stream_id < 0x100 || access.stream_id > 0x102) __builtin_trap();
      if (!access.write) {
        const std::uint32_t n = std::min<std::uint32_t>(access.length, 64);
        for (std::uint32_t i = 0; i < n; ++i) buffer[i] = static_cast<std::uint8_t>(in.take(1));
      }
      const auto response =
          what == 2 ? static_cast<smmuvp::DmaResponse>(in.take(1) % 6) : smmuvp::DmaResponse::Ok;
      dev.complete(access, response, buffer);
    }
  }
  return 0;
}
