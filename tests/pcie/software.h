// What software does with a host: numbers the buses, gives addresses, switches functions on. From
// docs/pcie.md.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace smmuvp::test {

/// Offsets of configuration space.
constexpr std::uint32_t COMMAND = 0x04, STATUS = 0x06, HEADER_TYPE = 0x0e, BAR0 = 0x10, BAR2 = 0x18,
                        BUS_NUMBERS = 0x18, SECONDARY_STATUS = 0x1e, MEMORY_BASE = 0x20, MEMORY_LIMIT = 0x22,
                        PREFETCHABLE_BASE = 0x24, PREFETCHABLE_LIMIT = 0x26, BRIDGE_CONTROL = 0x3e,
                        PMCSR = 0x44, MSI_CONTROL = 0x52, MSI_ADDRESS = 0x54, MSI_UPPER = 0x58,
                        MSI_DATA = 0x5c, MSI_MASK = 0x60, MSI_PENDING = 0x64, DEVICE_CONTROL = 0x78,
                        ACS = 0x100, ACS_CONTROL = 0x106;
constexpr std::uint16_t MEMORY = 2, MASTER = 4, INTERRUPT_DISABLE = 0x400;
constexpr std::uint16_t RR = 4, UF = 16;

/// One function that software has found.
struct Found {
  std::uint32_t config = 0;  ///< offset of its registers in the window
  std::uint32_t ids = 0;
  bool bridge = false;
  std::uint64_t registers = 0;  ///< address of BAR0
  std::uint64_t memory = 0;     ///< address of BAR2
};

class Software {
 public:
  using Read = std::function<std::uint32_t(std::uint32_t offset, unsigned bytes)>;
  using Write = std::function<void(std::uint32_t offset, unsigned bytes, std::uint32_t value)>;

  Software(Read read, Write write, std::uint64_t base = 0x10000000)
      : m_read(std::move(read)), m_write(std::move(write)), m_next(base) {}

  static std::uint32_t at(unsigned bus, unsigned device, unsigned function = 0) {
    return bus << 20 | device << 15 | function << 12;
  }
  std::uint32_t read(std::uint32_t offset, unsigned bytes) { return m_read(offset, bytes); }
  void write(std::uint32_t offset, unsigned bytes, std::uint32_t value) { m_write(offset, bytes, value); }

  /// Depth first. @param numbers  bus numbers to give, in the order in which bridges are met; then counted on
  void enumerate(std::vector<unsigned> numbers = {}) {
    m_numbers = std::move(numbers);
    m_given = 0;
    scan(0);
  }
  const std::vector<Found>& functions() const { return m_found; }
  const Found& function(unsigned bus, unsigned device, unsigned number = 0) const {
    for (const Found& f : m_found) {
      if (f.config == at(bus, device, number)) return f;
    }
    static const Found none;
    return none;
  }
  /// Sets a bit of ACS Control of every function that has the capability.
  void set_acs(std::uint16_t bits) {
    for (const Found& f : m_found) {
      if ((read(f.config + ACS, 4) & 0xffff) == 0xd) write(f.config + ACS_CONTROL, 2, bits);
    }
  }

 private:
  void scan(unsigned bus) {
    for (unsigned device = 0; device < 32; ++device) {
      unsigned functions = 1;
      for (unsigned number = 0; number < functions; ++number) {
        const std::uint32_t config = at(bus, device, number);
        const std::uint32_t ids = read(config, 4);
        if (ids == 0xffffffff) continue;
        if (number == 0 && (read(config + HEADER_TYPE, 1) & 0x80) != 0) functions = 8;
        const std::size_t index = m_found.size();
        m_found.push_back({config, ids, (read(config + HEADER_TYPE, 1) & 0x7f) == 1});
        if (m_found[index].bridge) {
          bridge(bus, index);
        } else {
          m_found[index].registers = bar(config + BAR0);
          m_found[index].memory = bar(config + BAR2);
        }
        write(config + COMMAND, 2, MEMORY | MASTER);
      }
    }
  }
  std::uint64_t bar(std::uint32_t offset) {
    write(offset, 4, 0xffffffff);
    const std::uint64_t size = std::uint32_t{~(read(offset, 4) & ~0xfU) + 1};
    m_next = (m_next + size - 1) / size * size;
    const std::uint64_t address = m_next;
    write(offset, 4, static_cast<std::uint32_t>(address));
    write(offset + 4, 4, static_cast<std::uint32_t>(address >> 32));
    m_next += size;
    return address;
  }
  void bridge(unsigned bus, std::size_t index) {
    constexpr std::uint64_t mib = 1 << 20;
    const std::uint32_t config = m_found[index].config;
    const unsigned secondary = m_given < m_numbers.size() ? m_numbers[m_given] : ++m_last;
    ++m_given;
    m_last = secondary > m_last ? secondary : m_last;
    write(config + BUS_NUMBERS, 4, bus | secondary << 8 | 0xffU << 16);
    const std::uint64_t first = m_next = (m_next + mib - 1) / mib * mib;
    scan(secondary);
    m_next = (m_next + mib - 1) / mib * mib;
    write(config + BUS_NUMBERS + 2, 1, m_last);
    write(config + MEMORY_BASE, 2, static_cast<std::uint32_t>(first >> 16));
    // No function, no window: the limit is below the base.
    write(config + MEMORY_LIMIT, 2, static_cast<std::uint32_t>((m_next - mib) >> 16));
    write(config + PREFETCHABLE_BASE, 2, 0xfff0);
    write(config + PREFETCHABLE_LIMIT, 2, 0);
  }

  Read m_read;
  Write m_write;
  std::uint64_t m_next;
  std::vector<unsigned> m_numbers;
  std::size_t m_given = 0;
  unsigned m_last = 0;
  std::vector<Found> m_found;
};

}  // namespace smmuvp::test
