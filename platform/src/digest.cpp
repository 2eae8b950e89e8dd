#include "digest.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace smmuvp::platform {

namespace {

constexpr std::uint64_t page_bytes = 4096;

// Tells which pages of an untouched mapping the host never gave us: they are zero and need no look.
// Without /proc/self/pagemap every page is read; the result is the same.
class TouchedPages {
 public:
  TouchedPages() : m_file(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}
  ~TouchedPages() {
    if (m_file >= 0) close(m_file);
  }
  TouchedPages(const TouchedPages&) = delete;
  TouchedPages& operator=(const TouchedPages&) = delete;

  /// @param flags  one a page; nonzero: may hold data
  void read(const std::uint8_t* start, std::uint64_t pages, std::vector<std::uint8_t>& flags) const {
    flags.assign(pages, 1);
    if (m_file < 0 || sysconf(_SC_PAGESIZE) != static_cast<long>(page_bytes) ||
        reinterpret_cast<std::uintptr_t>(start) % page_bytes != 0) {
      return;
    }
    std::vector<std::uint64_t> entries(pages);
    const auto bytes = pages * sizeof(std::uint64_t);
    const auto offset = reinterpret_cast<std::uintptr_t>(start) / page_bytes * sizeof(std::uint64_t);
    if (pread(m_file, entries.data(), bytes, static_cast<off_t>(offset)) != static_cast<ssize_t>(bytes))
      return;
    // Bit 63: present, bit 62: swapped (Linux, Documentation/admin-guide/mm/pagemap.rst).
    for (std::uint64_t i = 0; i < pages; ++i) flags[i] = (entries[i] >> 62) != 0 ? 1 : 0;
  }

 private:
  int m_file;
};

bool all_zero(const std::uint8_t* data, std::uint64_t bytes) {
  return bytes == 0 || (data[0] == 0 && std::memcmp(data, data + 1, bytes - 1) == 0);
}

// Each lane is a bijection of its word and state at every step, so one changed word always changes the hash.
void hash_page(const std::uint8_t* data, std::array<std::uint64_t, 2>& result) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
  for (std::uint64_t i = 0; i < page_bytes; i += 32) {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), data + i, sizeof words);
    for (std::size_t lane = 0; lane < 4; ++lane) {
      lanes[lane] = (lanes[lane] ^ words[lane]) * odd;
      lanes[lane] ^= lanes[lane] >> 29;
    }
  }
  result[0] = (lanes[0] * odd) ^ lanes[1];
  result[1] = (lanes[2] * odd) ^ lanes[3];
}

// The digest of the whole, and of memory alone.
struct TwoHashes {
  Sha256& first;
  Sha256& second;
  void update_number(std::uint64_t value) const {
    first.update_number(value);
    second.update_number(value);
  }
};

void hash_memory(const MemoryView& memory, const TouchedPages& touched, const TwoHashes& hash) {
  constexpr std::uint64_t window = 1 << 16;  // pages at a time
  hash.update_number(memory.base);
  hash.update_number(memory.size);
  std::vector<std::uint8_t> flags;
  const std::uint64_t pages = (memory.size + page_bytes - 1) / page_bytes;
  for (std::uint64_t first = 0; first < pages; first += window) {
    const std::uint64_t count = std::min(window, pages - first);
    touched.read(memory.data + first * page_bytes, count, flags);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (flags[i] == 0) continue;
      const std::uint64_t page = first + i;
      const std::uint8_t* data = memory.data + page * page_bytes;
      const std::uint64_t bytes = std::min(page_bytes, memory.size - page * page_bytes);
      if (all_zero(data, bytes)) continue;
      std::array<std::uint64_t, 2> page_hash{};
      if (bytes == page_bytes) {
        hash_page(data, page_hash);
      } else {
        std::array<std::uint8_t, page_bytes> padded{};
        std::memcpy(padded.data(), data, bytes);
        hash_page(padded.data(), page_hash);
      }
      hash.update_number(page);
      hash.update_number(page_hash[0]);
      hash.update_number(page_hash[1]);
    }
  }
}

}  // namespace

std::string run_digest(const Sha256& console, const Sha256& events, const std::vector<MemoryView>& memories,
                       Sha256& memory) {
  Sha256 hash;
  hash.update("smmu-vp digest 2\n");
  hash.update(console.hex());
  hash.update(events.hex());
  const TouchedPages touched;
  const TwoHashes both{hash, memory};
  both.update_number(memories.size());
  for (const MemoryView& view : memories) hash_memory(view, touched, both);
  return hash.hex();
}

std::string untimed_digest(const Sha256& console, const std::map<std::string, Sha256>& events) {
  Sha256 hash;
  hash.update("smmu-vp untimed digest 1\n");
  hash.update(console.hex());
  hash.update_number(events.size());
  for (const auto& [source, events_of_it] : events) {
    hash.update(source);
    hash.update("\n");
    hash.update(events_of_it.hex());
  }
  return hash.hex();
}

}  // namespace smmuvp::platform
