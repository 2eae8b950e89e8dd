// The digest of a run: equal if and only if console, events and final memory are.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sha256.h"

namespace smmuvp::platform {

struct MemoryView {
  std::uint64_t base;
  const std::uint8_t* data;
  std::uint64_t size;
};

/// SHA-256, in hexadecimal, over a fixed text, the hashes of the console's bytes and of the events, and each
/// memory: base, size, and for every 4 KiB page that is not all zero its number and a 128-bit hash. See
/// docs/report.md.
std::string run_digest(const Sha256& console, const Sha256& events, const std::vector<MemoryView>& memories);

}  // namespace smmuvp::platform
