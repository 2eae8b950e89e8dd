// Register accesses, commands, answers and saved states of a test engine, in any order.
#include <vector>

#include "register_fuzz.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3testengine/smmuv3testengine_core.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Core = smmuvp::Smmuv3TestEngineCore;
  using smmuvp::AccessSecurity;
  smmuvp::fuzz::Input in(data, size);
  static smmuvp::Diag diag(nullptr, "te");
  static Core dev({1, 2, 0x100, 3, true}, diag);  // its table is too large to be made for each input
  dev.reset();
  smmuvp::DmaBuffer buffer{};
  // What every command needs, so that inputs get far with few bytes.
  for (std::uint32_t frame = 0; frame < 2; ++frame) {
    const std::uint32_t user = frame * Core::frame_bytes;
    dev.write(user + 0x30, 8, AccessSecurity::NonSecure, in.take(2));
    dev.write(user + 0x38, 8, AccessSecurity::NonSecure, 1);
    dev.write(user + 0x10008, 4, AccessSecurity::NonSecure, 0x100);
  }
  std::vector<smmuvp::DmaOperation> out;
  while (!in.empty()) {
    const std::uint64_t what = in.take(1);
    if (what % 8 == 0) {
      const auto a = smmuvp::fuzz::take_access(in, 0x100);
      const auto security = (what & 8) != 0 ? AccessSecurity::Secure : AccessSecurity::NonSecure;
      const std::uint32_t at = a.offset + ((what & 16) != 0 ? Core::page_bytes : 0);
      if (a.write) {
        dev.write(at, a.bytes, security, a.value);
      } else {
        dev.read(at, a.bytes, security);
      }
    } else if (what % 8 == 1) {
      smmuvp::ArchiveWriter writer;
      dev.visit(writer);
      std::vector<std::uint8_t> saved = writer.data();
      const bool damaged = (what & 8) != 0;
      if (damaged)
        saved[saved.size() - 1 - in.take(2) % 1024 % saved.size()] ^= static_cast<std::uint8_t>(what);
      smmuvp::ArchiveReader reader(saved);
      dev.visit(reader);
      if (!damaged && !reader.complete()) __builtin_trap();
    } else if (what % 8 == 2) {
      dev.reset();
    } else if (what % 8 <= 4 && out.size() < 64) {
      smmuvp::DmaOperation access;
      if (!dev.next((what & 8) != 0 ? 1 : 0, access, buffer)) continue;
      if (access.length == 0 || access.length > smmuvp::dma_burst_bytes) __builtin_trap();
      if (access.address > ~0ULL - (access.length - 1)) __builtin_trap();
      if (access.stream_id < 0x100 || access.stream_id > 0x102) __builtin_trap();
      if (access.substream_id > 0xfffff) __builtin_trap();
      out.push_back(access);
    } else if (!out.empty()) {
      const std::size_t k = in.take(1) % out.size();
      dev.complete(out[k], static_cast<smmuvp::DmaResponse>((what & 0x80) != 0 ? what >> 4 & 3 : 0), buffer);
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }
  return 0;
}
