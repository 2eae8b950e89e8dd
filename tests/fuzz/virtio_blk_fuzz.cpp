// Register accesses, rings, descriptors, bus errors and saved states of a virtio block device, in any order.
#include <algorithm>
#include <cstring>
#include <vector>

#include "register_fuzz.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/virtio/virtio_blk_core.h"

namespace {

struct Disk : smmuvp::BlockStorage {
  std::uint64_t size() const override { return bytes.size(); }
  bool read(std::uint64_t offset, std::uint8_t* to, std::uint32_t n) override {
    check(offset, n);
    std::memcpy(to, &bytes[offset], n);
    return true;
  }
  bool write(std::uint64_t offset, const std::uint8_t* from, std::uint32_t n) override {
    check(offset, n);
    std::memcpy(&bytes[offset], from, n);
    return true;
  }
  bool flush() override { return true; }
  void check(std::uint64_t offset, std::uint32_t n) const {
    if (n == 0 || offset >= bytes.size() || n > bytes.size() - offset) __builtin_trap();
  }
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(4096);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using smmuvp::VirtioBlkCore;
  smmuvp::fuzz::Input in(data, size);
  smmuvp::Diag diag(nullptr, "disk");
  Disk disk;
  smmuvp::VirtioBlkConfig config;
  config.serial = "fuzz";
  config.read_only = in.take(1) % 4 == 0;
  VirtioBlkCore dev(config, disk, diag);
  smmuvp::DmaBuffer buffer{};
  smmuvp::DmaOperation access;
  // A driver that has come up: most inputs would not get that far.
  for (const auto& [offset, value] :
       std::initializer_list<std::pair<std::uint32_t, std::uint32_t>>{{0x070, 3},
                                                                      {0x024, 1},
                                                                      {0x020, 3},
                                                                      {0x070, 0xb},
                                                                      {0x038, 8},
                                                                      {0x080, 0},
                                                                      {0x090, 0x80},
                                                                      {0x0a0, 0x100},
                                                                      {0x044, 1},
                                                                      {0x070, 0xf},
                                                                      {0x050, 0}}) {
    dev.write(offset, 4, value);
  }
  while (!in.empty()) {
    const std::uint64_t what = in.take(1) % 16;
    if (what == 0) {
      const auto a = smmuvp::fuzz::take_access(in, VirtioBlkCore::window);
      if (a.write) {
        dev.write(a.offset, a.bytes, a.value);
      } else {
        dev.read(a.offset, a.bytes);
      }
    } else if (what == 1) {
      smmuvp::ArchiveWriter writer;
      dev.visit(writer);
      auto saved = writer.data();
      const bool spoil = in.take(1) % 2 == 0;
      if (spoil) saved[in.take(2) % saved.size()] ^= static_cast<std::uint8_t>(in.take(1));
      smmuvp::ArchiveReader reader(saved);
      dev.visit(reader);
      if (!spoil && !reader.complete()) __builtin_trap();
    } else if (what == 2) {
      dev.write(0x050, 4, 0);
    } else if (dev.next(access, buffer)) {
      if (access.length == 0 || access.length > VirtioBlkCore::burst_bytes) __builtin_trap();
      if (!access.write) {
        const std::uint32_t n = std::min<std::uint32_t>(access.length, 16);
        for (std::uint32_t i = 0; i < n; ++i) buffer[i] = static_cast<std::uint8_t>(in.take(1));
      }
      dev.complete(access, what != 3 ? smmuvp::DmaResponse::Ok : smmuvp::DmaResponse::Generic, buffer);
    }
  }
  return 0;
}
