// The bytes are configuration space: a word of it for each read, over again when they end, but for what a
// write has left.
#include <cstdint>
#include <map>

#include "host_pci.h"

namespace {

struct Bytes {
  const std::uint8_t* data;
  std::size_t size, at = 0;
  std::uint64_t requests = 0;
  std::map<unsigned, std::uint32_t> kept;

  std::uint8_t next() { return data[at++ % size]; }
  std::uint32_t word() {
    std::uint32_t v = 0;
    for (int i = 0; i < 4; i++) v = v << 8 | next();
    return v;
  }
};

std::uint32_t read(void* context, unsigned bus, unsigned devfn, unsigned where, unsigned size) {
  auto& b = *static_cast<Bytes*>(context);
  if (++b.requests > 20000000) __builtin_trap();
  const auto kept = b.kept.find(bus << 20 | devfn << 12 | (where & ~3U));
  // Most are not there, or one input would be 65536 functions.
  const bool there = devfn < 8 || devfn % 64 == 0;
  const std::uint32_t word = !there ? 0xffffffff : kept != b.kept.end() ? kept->second : b.word();
  return word >> (8 * (where & 3)) & (0xffffffffU >> (32 - 8 * size));
}

void write(void* context, unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value) {
  auto& b = *static_cast<Bytes*>(context);
  b.requests++;
  if (size == 4 && b.next() % 4) b.kept[bus << 20 | devfn << 12 | where] = value & b.word();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8) return 0;
  Bytes bytes{data + 1, size - 1, 0, 0, {}};
  const host_config_space space{&bytes, read, write};
  const host_window windows[] = {{0x10000000, 0x10000000, 1ULL << (12 + data[0] % 20), false},
                                 {1ULL << 32, 1ULL << 40, 1ULL << (20 + data[0] % 32), (data[0] & 1) != 0}};
  if (!host_pci_probe(&space, 0, 3, windows, 2)) return 0;
  for (unsigned i = 0; i < host_pci_count() && i < 100; i++) {
    host_function f;
    host_pci_function(i, &f);
    for (const host_bar& bar : f.bars)
      if (bar.assigned && (!bar.size || bar.pci % bar.size)) __builtin_trap();
  }
  if (host_pci_remove()) __builtin_trap();
  return 0;
}
