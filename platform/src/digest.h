// The digest of a run: equal if and only if console, events and final memory are.
#pragma once
#include <cstdint>
#include <map>
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
/// @param memory  gets what is said of memories, to compare that alone
std::string run_digest(const Sha256& console, const Sha256& events, const std::vector<MemoryView>& memories,
                       Sha256& memory);

/// The same over what a change of times alone must leave as it is: the console's lines (see
/// Console::untimed_hash()), and each source's events without their times. Memory is left out, as a kernel
/// keeps times in it.
std::string untimed_digest(const Sha256& console, const std::map<std::string, Sha256>& events);

}  // namespace smmuvp::platform
