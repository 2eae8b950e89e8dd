// A hierarchy, software that has set it up, and the host's memory.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "smmuvp/pcie/hierarchy.h"
#include "smmuvp/test/core.h"
#include "software.h"

namespace smmuvp {

// docs/testdev.md
constexpr std::uint32_t DEV_ID = 0x000, DEV_CTRL = 0x008, DEV_STATUS = 0x00c, RING_BASE = 0x010,
                        RING_SIZE = 0x018, PROD = 0x01c, CONS = 0x020, IRQ_STATUS = 0x024, IRQ_ENABLE = 0x028;

/// Made of a topology; software has numbered the buses and given addresses.
class Host {
 public:
  static constexpr std::uint64_t mmio = 0x10000000;

  explicit Host(const std::string& topology, const std::vector<unsigned>& numbers = {}, unsigned buses = 64,
                const pcie::AtsConfig& ats = {})
      : diag(&captured, "pci0"),
        pci(config(topology, buses, ats), diag),
        software(
            [this](std::uint32_t offset, unsigned bytes) {
              return static_cast<std::uint32_t>(pci.config_read(offset, bytes));
            },
            [this](std::uint32_t offset, unsigned bytes, std::uint32_t value) {
              pci.config_write(offset, bytes, value);
            }) {
    software.enumerate(numbers);
    captured.diagnostics.clear();
  }
  static pcie::HierarchyConfig config(const std::string& topology, unsigned buses,
                                      const pcie::AtsConfig& ats = {}) {
    pcie::HierarchyConfig c;
    c.functions = pcie::parse_topology(topology);
    c.buses = buses;
    c.mmio_base = mmio;
    c.stream_count = buses * 256;
    c.ats = ats;
    return c;
  }

  std::uint64_t get(std::uint64_t address, unsigned bytes = 4) {
    std::uint8_t data[8] = {};
    pci.memory_access(address - mmio, false, data, bytes);
    std::uint64_t value = 0;
    std::memcpy(&value, data, bytes);
    return value;
  }
  void put(std::uint64_t address, std::uint64_t value, unsigned bytes = 4) {
    std::uint8_t data[8];
    std::memcpy(data, &value, 8);
    pci.memory_access(address - mmio, true, data, bytes);
  }
  /// The index of the function that software found at bus, device and function.
  std::size_t index(unsigned bus, unsigned device, unsigned number = 0) const {
    char name[16];
    std::snprintf(name, sizeof name, "%02x:%02x.%u", bus, device, number);
    for (std::size_t i = 0; i < pci.size(); ++i) {
      if (pci.name_of(i) == name) return i;
    }
    ADD_FAILURE() << "there is no function " << name;
    return 0;
  }

  test::CapturingDiag captured;
  Diag diag;
  pcie::Hierarchy pci;
  test::Software software;
};

}  // namespace smmuvp
