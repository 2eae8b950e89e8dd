// Registers and descriptor fields of testdev, for the files that know them by name.
#pragma once
#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/testdev/testdev_core.h"

namespace smmuvp::testdev_rows {

enum Id : std::uint16_t {
  ID,
  VERSION,
  CTRL,
  STATUS,
  RING_BASE,
  RING_SIZE,
  PROD,
  CONS,
  IRQ_STATUS,
  IRQ_ENABLE,
  SID_COUNT,
  SID_BASE,
  ATS_CAPS,
  ATS_CTRL,
  ATC_LIMIT,
  ATC_USED,
  PAGES_OUTSTANDING,
};

constexpr const char* sheet = "docs/testdev.md";
constexpr const char* pci_sheet = "docs/pcie.md, Jobs with PASID and ATS";
constexpr std::uint64_t CTRL_ENABLE = 1;
constexpr std::uint64_t CTRL_RESET = 2;
constexpr std::uint64_t STATUS_BUSY = 1;
constexpr std::uint64_t STATUS_RING_ERROR = 2;
constexpr std::uint64_t IRQ_DONE = 1;
constexpr std::uint64_t IRQ_ERROR = 2;
constexpr std::uint64_t IRQ_RING = 4;
constexpr std::uint64_t max_ring_size = 4096;

constexpr std::uint64_t ATS_NO_FILL = 1;
constexpr std::uint64_t ATS_FLUSH = 2;
constexpr std::uint64_t ATS_NO_COMPLETION = 4;
constexpr std::uint64_t ATS_RING = 8;
constexpr std::uint64_t ATS_GROUP = 0xff00;

enum Op : unsigned { NOP, READ, WRITE, COPY, CHECK, TRANSLATE, PASID_STOP };
constexpr std::uint32_t FLAGS_IRQ = 1U << 8;
constexpr std::uint32_t FLAGS_SSV = 1U << 9;
constexpr std::uint32_t FLAGS_PRIV = 1U << 10;
constexpr std::uint32_t FLAGS_INST = 1U << 11;
constexpr std::uint32_t FLAGS_TYPE = 3U << 12;
constexpr std::uint32_t FLAGS_PAGES = 1U << 14;
constexpr std::uint32_t FLAGS_NO_WRITE = 1U << 15;
constexpr std::uint32_t FLAGS_MARKER = 1U << 16;
constexpr std::uint32_t FLAGS_reserved = 0xfffff000;
constexpr std::uint32_t descriptor_bytes = 64;
constexpr std::uint32_t offset_STATUS = 0x28;
constexpr std::uint32_t offset_RESPONSE = 0x2c;

/// The registers that a PCI function with ATS or PASID has besides.
void add_express(std::vector<RegisterInfo>& table, const TestdevConfig& config);

}  // namespace smmuvp::testdev_rows
