// A driver for virtio-mmio block devices, written from the specification
// (Virtio 1.2 2.7, 3.1.1, 4.2.3, 5.2.6) and knowing nothing of the model: registers and memory are given to
// it as functions and bytes.
#pragma once
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

namespace smmuvp::test {

class SplitRingDriver {
 public:
  /// One element of a chain.
  struct Piece {
    std::uint64_t address;
    std::uint32_t length;
    bool device_writes;
  };
  struct Used {
    std::uint32_t id;
    std::uint32_t length;
  };

  static constexpr std::uint64_t ring_size = 8;
  static constexpr std::uint64_t desc = 0x1000, avail = 0x1100, used = 0x1200;
  static constexpr std::uint64_t header = 0x2000, status = 0x2100, buffer = 0x3000;
  static constexpr std::uint64_t version_1 = 1ULL << 32, access_platform = 1ULL << 33;

  SplitRingDriver(std::function<std::uint32_t(std::uint32_t)> get,
                  std::function<void(std::uint32_t, std::uint32_t)> put, std::uint8_t* memory)
      : m_get(std::move(get)), m_put(std::move(put)), m_memory(memory) {}

  std::uint32_t get(std::uint32_t offset) { return m_get(offset); }
  void put(std::uint32_t offset, std::uint32_t value) { m_put(offset, value); }
  std::uint64_t offered() {
    put(0x014, 0);
    const std::uint64_t low = get(0x010);
    put(0x014, 1);
    return low | static_cast<std::uint64_t>(get(0x010)) << 32;
  }
  /// Steps 1 to 6 of 3.1.1. @return true if the device kept FEATURES_OK.
  bool negotiate(std::uint64_t features) {
    put(0x070, 0);
    put(0x070, 1);
    put(0x070, 3);
    put(0x024, 0);
    put(0x020, static_cast<std::uint32_t>(features));
    put(0x024, 1);
    put(0x020, static_cast<std::uint32_t>(features >> 32));
    put(0x070, 0xb);
    return (get(0x070) & 8) != 0;
  }
  void set_queue(std::uint64_t size = ring_size) {
    put(0x030, 0);
    put(0x038, static_cast<std::uint32_t>(size));
    put(0x080, desc);
    put(0x084, 0);
    put(0x090, avail);
    put(0x094, 0);
    put(0x0a0, used);
    put(0x0a4, 0);
    put(0x044, 1);
  }
  /// The whole of it: afterwards requests can be made.
  void start(std::uint64_t features = version_1 | access_platform) {
    std::memset(m_memory + desc, 0, 0x300);
    m_made = m_seen = 0;
    negotiate(features);
    set_queue();
    put(0x070, 0xf);
  }

  void poke(std::uint64_t address, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) m_memory[address + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  std::uint64_t peek(std::uint64_t address, unsigned bytes) const {
    std::uint64_t v = 0;
    for (unsigned i = 0; i < bytes; ++i) v |= static_cast<std::uint64_t>(m_memory[address + i]) << (8 * i);
    return v;
  }
  void descriptor(std::uint64_t index, const Piece& p, unsigned flags, std::uint64_t next) {
    poke(desc + 16 * index, p.address, 8);
    poke(desc + 16 * index + 8, p.length, 4);
    poke(desc + 16 * index + 12, flags | (p.device_writes ? 2U : 0U), 2);
    poke(desc + 16 * index + 14, next, 2);
  }
  /// Puts the head into the available ring; the index follows with publish().
  void offer(std::uint64_t head) { poke(avail + 4 + 2 * (m_made++ % ring_size), head, 2); }
  void publish() { poke(avail + 2, m_made, 2); }
  void kick() { put(0x050, 0); }

  /// Describes a chain from descriptor `first` on, offers it and notifies.
  void submit(const std::vector<Piece>& pieces, std::uint64_t first = 0) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      descriptor(first + i, pieces[i], i + 1 < pieces.size() ? 1 : 0, first + i + 1);
    }
    offer(first);
    publish();
    kick();
  }
  void set_header(std::uint32_t type, std::uint64_t sector, std::uint64_t at = header) {
    poke(at, type, 4);
    poke(at + 4, 0, 4);
    poke(at + 8, sector, 8);
  }
  /// Header, one data buffer (none if `bytes` is 0), status.
  void request(std::uint32_t type, std::uint64_t sector, std::uint32_t bytes, bool device_writes) {
    set_header(type, sector);
    poke(status, 0xee, 1);
    std::vector<Piece> pieces{{header, 16, false}};
    if (bytes != 0) pieces.push_back({buffer, bytes, device_writes});
    pieces.push_back({status, 1, true});
    submit(pieces);
  }
  /// @return true if the device has used another chain.
  bool take(Used& one) {
    if (static_cast<std::uint16_t>(peek(used + 2, 2)) == m_seen) return false;
    const std::uint64_t at = used + 4 + 8 * (m_seen++ % ring_size);
    one = {static_cast<std::uint32_t>(peek(at, 4)), static_cast<std::uint32_t>(peek(at + 4, 4))};
    return true;
  }

 private:
  std::function<std::uint32_t(std::uint32_t)> m_get;
  std::function<void(std::uint32_t, std::uint32_t)> m_put;
  std::uint8_t* m_memory;
  std::uint16_t m_made = 0;
  std::uint16_t m_seen = 0;
};

}  // namespace smmuvp::test
