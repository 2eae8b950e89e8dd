#include "smmuvp/pcie/function.h"

#include <algorithm>
#include <vector>

#include "function_rows.h"

namespace smmuvp::pcie {

using namespace rows;

namespace {

constexpr std::uint32_t vendor = 0x1af4;

constexpr std::uint64_t COMMAND_MEMORY = 1U << 1;
constexpr std::uint64_t COMMAND_BUS_MASTER = 1U << 2;
constexpr std::uint64_t COMMAND_INTERRUPT_DISABLE = 1U << 10;
constexpr std::uint64_t COMMAND_writable =
    COMMAND_MEMORY | COMMAND_BUS_MASTER | 1U << 6 | 1U << 8 | COMMAND_INTERRUPT_DISABLE;
constexpr std::uint64_t STATUS_INTERRUPT = 1ULL << 19;
constexpr std::uint64_t STATUS_CAPABILITIES = 1ULL << 20;
constexpr std::uint64_t STATUS_TARGET_ABORT = 1ULL << 28;
constexpr std::uint64_t STATUS_MASTER_ABORT = 1ULL << 29;
constexpr std::uint64_t SECONDARY_RESET = 1ULL << 22;
constexpr std::uint64_t PMCSR_NO_SOFT_RESET = 1U << 3;
constexpr std::uint64_t FUNCTION_RESET = 1U << 15;
constexpr std::uint64_t MSI_ENABLE = 1ULL << 16;

std::uint32_t device_id(Kind kind) {
  switch (kind) {
    case Kind::Endpoint:
      return 0x10f0;
    case Kind::RootPort:
      return 0x10f1;
    case Kind::UpstreamPort:
      return 0x10f2;
    case Kind::DownstreamPort:
      return 0x10f3;
    case Kind::ExpressToPciBridge:
      return 0x10f4;
    default:
      return 0x10f5;
  }
}

// Device/Port Type, Base 7.5.3.2.
std::uint32_t port_type(const FunctionInfo& info) {
  switch (info.kind) {
    case Kind::RootPort:
      return 4;
    case Kind::UpstreamPort:
      return 5;
    case Kind::DownstreamPort:
      return 6;
    case Kind::ExpressToPciBridge:
      return 7;
    default:
      return info.parent == FunctionInfo::bus0 ? 9 : 0;
  }
}

class Table {
 public:
  Table(const FunctionInfo& info, const AtsConfig& ats) : m_info(info) {
    common();
    if (info.is_bridge()) {
      bridge();
    } else {
      endpoint();
    }
    if (!info.conventional) express();
    add_extended(m_rows, info, ats);
  }
  std::vector<RegisterInfo> take() { return std::move(m_rows); }

 private:
  void row(Id id, const char* name, std::uint32_t offset, std::uint64_t reset, std::uint64_t writable = 0) {
    m_rows.push_back({id, name, offset, 4, writable != 0 ? Access::RW : Access::RO, reset, writable, sheet});
  }

  void common() {
    const std::uint32_t ids = device_id(m_info.kind) << 16 | vendor;
    const std::uint32_t header = (m_info.is_bridge() ? 1U : 0U) | (m_info.multifunction ? 0x80U : 0U);
    row(VENDOR_DEVICE, "Vendor ID/Device ID", 0x00, ids);
    row(COMMAND_STATUS, "Command/Status", 0x04, STATUS_CAPABILITIES, COMMAND_writable);
    row(REVISION_CLASS, "Revision ID/Class Code", 0x08, m_info.is_bridge() ? 0x06040001 : 0x08800001);
    row(CACHE_LINE_HEADER_TYPE, "Cache Line Size/Header Type", 0x0c, header << 16, 0xff);
    row(CAPABILITIES, "Capabilities Pointer", 0x34, 0x40);
    const std::uint32_t next = !m_info.is_bridge() || m_info.conventional ? 0x50 : 0x70;
    row(PM_CAPABILITY, "PMC", 0x40, 0x0003U << 16 | next << 8 | 0x01);
    row(PMCSR, "PMCSR", 0x44, PMCSR_NO_SOFT_RESET, 3);
  }

  void endpoint() {
    row(BAR0, "BAR0", 0x10, 0x4, ~std::uint64_t{Function::register_bar_bytes - 1} & 0xffffffff);
    row(BAR1, "BAR1", 0x14, 0, 0xffffffff);
    row(BAR2, "BAR2", 0x18, 0xc, ~std::uint64_t{Function::memory_bar_bytes - 1} & 0xffffffff);
    row(BAR3, "BAR3", 0x1c, 0, 0xffffffff);
    row(SUBSYSTEM, "Subsystem Vendor ID/Subsystem ID", 0x2c, device_id(m_info.kind) << 16 | vendor);
    row(INTERRUPT, "Interrupt Line/Interrupt Pin", 0x3c, (m_info.function % 4U + 1) << 8, 0xff);
    // 64-bit, per-vector masking, four messages (Base 7.7.1.2).
    const std::uint32_t control = 1U << 8 | 1U << 7 | 2U << 1;
    row(MSI_CONTROL, "MSI Message Control", 0x50, control << 16 | (m_info.conventional ? 0U : 0x70U) << 8 | 5,
        MSI_ENABLE | 7ULL << 20);
    row(MSI_ADDRESS, "MSI Message Address", 0x54, 0, 0xfffffffc);
    row(MSI_UPPER_ADDRESS, "MSI Message Upper Address", 0x58, 0, 0xffffffff);
    row(MSI_DATA, "MSI Message Data", 0x5c, 0, 0xffff);
    row(MSI_MASK, "MSI Mask Bits", 0x60, 0, 0xf);
    row(MSI_PENDING, "MSI Pending Bits", 0x64, 0);
  }

  void bridge() {
    row(BUS_NUMBERS, "Primary/Secondary/Subordinate Bus Number", 0x18, 0, 0xffffff);
    m_rows.push_back({IO_SECONDARY_STATUS, "I/O Base/I/O Limit/Secondary Status", 0x1c, 4, Access::W1C, 0,
                      STATUS_MASTER_ABORT, sheet});
    row(MEMORY_WINDOW, "Memory Base/Memory Limit", 0x20, 0, 0xfff0fff0);
    row(PREFETCHABLE_WINDOW, "Prefetchable Memory Base/Limit", 0x24, 0x00010001, 0xfff0fff0);
    row(PREFETCHABLE_BASE_UPPER, "Prefetchable Base Upper 32 Bits", 0x28, 0, 0xffffffff);
    row(PREFETCHABLE_LIMIT_UPPER, "Prefetchable Limit Upper 32 Bits", 0x2c, 0, 0xffffffff);
    row(INTERRUPT, "Interrupt Line/Interrupt Pin/Bridge Control", 0x3c, 0, SECONDARY_RESET | 0x0003'00ff);
    if (!m_info.conventional) return;
    row(SSID_CAPABILITY, "Subsystem capability", 0x50, 0x0d);
    row(SSID, "Subsystem Vendor ID/Subsystem ID", 0x54, device_id(m_info.kind) << 16 | vendor);
  }

  void express() {
    const std::uint32_t type = port_type(m_info);
    const bool link = type != 9;
    row(EXPRESS_CAPABILITY, "PCI Express Capabilities", 0x70, (type << 4 | 2) << 16 | 0x10);
    row(DEVICE_CAPABILITIES, "Device Capabilities", 0x74, m_info.is_bridge() ? 0x00008000 : 0x10008000);
    row(DEVICE_CONTROL, "Device Control/Device Status", 0x78, 0x2810, 0x78ff);
    row(LINK_CAPABILITIES, "Link Capabilities", 0x7c, link ? 0x11 : 0);
    row(LINK_CONTROL, "Link Control/Link Status", 0x80, link ? 0x00110000 : 0, link ? 0xcb : 0);
    if (m_info.kind == Kind::RootPort) row(ROOT_CONTROL, "Root Control/Root Capabilities", 0x8c, 0, 0x1f);
    // Base 7.5.3.15: End-End TLP Prefix Supported, of which PASID is one; one prefix.
    if (m_info.pasid_bits != 0) row(DEVICE_CAPABILITIES_2, "Device Capabilities 2", 0x94, 0x00600000);
    row(LINK_CAPABILITIES_2, "Link Capabilities 2", 0x9c, link ? 2 : 0);
  }

  const FunctionInfo& m_info;
  std::vector<RegisterInfo> m_rows;
};

bool holds(std::uint64_t first, std::uint64_t last, std::uint64_t address, std::uint32_t length) {
  return first <= address && address <= last && length - 1 <= last - address;
}

}  // namespace

Function::Function(const FunctionInfo& info, const AtsConfig& ats)
    : m_info(info), m_ats(ats), m_registers(Table(info, ats).take(), *this) {}

std::uint32_t Function::read(std::uint32_t offset, unsigned bytes) {
  std::uint64_t value = 0;
  m_registers.read(offset, bytes, AccessSecurity::NonSecure, value);
  return static_cast<std::uint32_t>(value);
}

std::uint32_t Function::peek(std::uint32_t offset, unsigned bytes) const {
  std::uint64_t value = 0;
  m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
  return static_cast<std::uint32_t>(value);
}

ConfigEffect Function::write(std::uint32_t offset, unsigned bytes, std::uint32_t value) {
  m_effect = ConfigEffect::None;
  m_registers.write(offset, bytes, AccessSecurity::NonSecure, value);
  return m_effect;
}

void Function::register_written(std::uint16_t id, std::uint32_t, AccessSecurity, std::uint64_t old,
                                std::uint64_t value, std::uint64_t written, std::uint64_t) {
  switch (id) {
    case COMMAND_STATUS:
      m_registers.set(id, value & ~(written & (STATUS_TARGET_ABORT | STATUS_MASTER_ABORT)));
      break;
    case PMCSR:
      // D1 and D2 are not there (PCI Power Management 1.2, 3.2.4: such a write is discarded).
      if ((value & 3) == 1 || (value & 3) == 2) m_registers.set(id, old);
      break;
    case DEVICE_CONTROL:
      if ((written & FUNCTION_RESET) != 0 && !m_info.is_bridge()) m_effect = ConfigEffect::FunctionReset;
      break;
    case INTERRUPT:
      if (m_info.is_bridge() && (~old & value & SECONDARY_RESET) != 0)
        m_effect = ConfigEffect::SecondaryBusReset;
      break;
    default:
      ats_written(id, old, value, written);
      break;
  }
}

bool Function::answers_memory() const {
  return (m_registers.get(COMMAND_STATUS) & COMMAND_MEMORY) != 0 && (m_registers.get(PMCSR) & 3) == 0;
}

bool Function::makes_requests() const {
  return (m_registers.get(COMMAND_STATUS) & COMMAND_BUS_MASTER) != 0 && (m_registers.get(PMCSR) & 3) == 0;
}

bool Function::acs(AcsBit bit) const { return m_info.acs && (m_registers.get(ACS_CONTROL) >> 16 & bit) != 0; }

std::optional<BarHit> Function::bar_hit(std::uint64_t address, std::uint32_t length) const {
  if (m_info.is_bridge() || !answers_memory()) return std::nullopt;
  const auto hit = [&](unsigned bar, Id low, Id high, std::uint32_t size) -> std::optional<BarHit> {
    const std::uint64_t base =
        m_registers.get(high) << 32 | (m_registers.get(low) & ~std::uint64_t{size - 1});
    if (!holds(base, base + (size - 1), address, length)) return std::nullopt;
    return BarHit{bar, static_cast<std::uint32_t>(address - base)};
  };
  if (const auto found = hit(0, BAR0, BAR1, register_bar_bytes)) return found;
  return hit(2, BAR2, BAR3, memory_bar_bytes);
}

bool Function::forwards_memory(std::uint64_t address, std::uint32_t length) const {
  if (!m_info.is_bridge() || !answers_memory()) return false;
  constexpr std::uint64_t low_bits = 0xfffff;  // PCI-to-PCI Bridge 3.2.5.6: windows are of 1 MiB
  const std::uint64_t memory = m_registers.get(MEMORY_WINDOW);
  if (holds((memory & 0xfff0) << 16, (memory & 0xfff00000) | low_bits, address, length)) return true;
  const std::uint64_t prefetchable = m_registers.get(PREFETCHABLE_WINDOW);
  return holds(m_registers.get(PREFETCHABLE_BASE_UPPER) << 32 | (prefetchable & 0xfff0) << 16,
               m_registers.get(PREFETCHABLE_LIMIT_UPPER) << 32 | (prefetchable & 0xfff00000) | low_bits,
               address, length);
}

std::uint8_t Function::secondary_bus() const {
  return m_info.is_bridge() ? static_cast<std::uint8_t>(m_registers.get(BUS_NUMBERS) >> 8) : 0;
}

std::uint8_t Function::subordinate_bus() const {
  return m_info.is_bridge() ? static_cast<std::uint8_t>(m_registers.get(BUS_NUMBERS) >> 16) : 0;
}

bool Function::in_secondary_reset() const {
  return m_info.is_bridge() && (m_registers.get(INTERRUPT) & SECONDARY_RESET) != 0;
}

MessageControl Function::messages() const {
  MessageControl m;
  if (m_info.is_bridge()) return m;
  const std::uint64_t control = m_registers.get(MSI_CONTROL);
  m.enabled = (control & MSI_ENABLE) != 0;
  m.count = 1U << std::min<std::uint64_t>(control >> 20 & 7, 2);
  m.address = m_registers.get(MSI_UPPER_ADDRESS) << 32 | m_registers.get(MSI_ADDRESS);
  m.data = static_cast<std::uint16_t>(m_registers.get(MSI_DATA));
  m.mask = static_cast<std::uint32_t>(m_registers.get(MSI_MASK));
  return m;
}

bool Function::interrupt_disabled() const {
  return (m_registers.get(COMMAND_STATUS) & COMMAND_INTERRUPT_DISABLE) != 0;
}

unsigned Function::interrupt_pin() const { return m_registers.get(INTERRUPT) >> 8 & 0xff; }

void Function::set_interrupt_status(bool pending) {
  const std::uint64_t value = m_registers.get(COMMAND_STATUS);
  m_registers.set(COMMAND_STATUS, pending ? value | STATUS_INTERRUPT : value & ~STATUS_INTERRUPT);
}

void Function::set_pending_messages(std::uint32_t bits) { m_registers.set(MSI_PENDING, bits); }

void Function::set_aborted(bool master_abort) {
  m_registers.set(COMMAND_STATUS, m_registers.get(COMMAND_STATUS) |
                                      (master_abort ? STATUS_MASTER_ABORT : STATUS_TARGET_ABORT));
}

void Function::set_secondary_aborted() {
  m_registers.set(IO_SECONDARY_STATUS, m_registers.get(IO_SECONDARY_STATUS) | STATUS_MASTER_ABORT);
}

}  // namespace smmuvp::pcie
