#include "smmuvp/virtio/virtio_blk_core.h"

#include <fmt/format.h>

#include "virtio_blk_registers.h"

namespace smmuvp {

using namespace virtio;

namespace {

constexpr const char* layout = "Virtio 1.2 4.2.2";
constexpr const char* config_layout = "Virtio 1.2 5.2.4";
constexpr std::uint64_t all = 0xffffffff;

std::vector<RegisterInfo> table() {
  return {
      {MagicValue, "MagicValue", 0x000, 4, Access::RO, 0x74726976, 0, layout},
      {Version, "Version", 0x004, 4, Access::RO, 2, 0, layout},
      {DeviceID, "DeviceID", 0x008, 4, Access::RO, 2, 0, "Virtio 1.2 5.2.1"},
      {VendorID, "VendorID", 0x00c, 4, Access::RO, 0x50564d53, 0, layout},
      {DeviceFeatures, "DeviceFeatures", 0x010, 4, Access::RO, 0, 0, layout},
      {DeviceFeaturesSel, "DeviceFeaturesSel", 0x014, 4, Access::WO, 0, all, layout},
      {DriverFeatures, "DriverFeatures", 0x020, 4, Access::WO, 0, all, layout},
      {DriverFeaturesSel, "DriverFeaturesSel", 0x024, 4, Access::WO, 0, all, layout},
      {QueueSel, "QueueSel", 0x030, 4, Access::WO, 0, all, layout},
      {QueueNumMax, "QueueNumMax", 0x034, 4, Access::RO, VirtioBlkCore::queue_size_max, 0, layout},
      {QueueNum, "QueueNum", 0x038, 4, Access::WO, 0, all, layout},
      {QueueReady, "QueueReady", 0x044, 4, Access::RW, 0, 1, layout},
      {QueueNotify, "QueueNotify", 0x050, 4, Access::WO, 0, all, layout},
      {InterruptStatus, "InterruptStatus", 0x060, 4, Access::RO, 0, 0, layout},
      {InterruptACK, "InterruptACK", 0x064, 4, Access::WO, 0, all, layout},
      {Status, "Status", 0x070, 4, Access::RW, 0, 0xff, layout},
      {QueueDescLow, "QueueDescLow", 0x080, 4, Access::WO, 0, all, layout},
      {QueueDescHigh, "QueueDescHigh", 0x084, 4, Access::WO, 0, all, layout},
      {QueueDriverLow, "QueueDriverLow", 0x090, 4, Access::WO, 0, all, layout},
      {QueueDriverHigh, "QueueDriverHigh", 0x094, 4, Access::WO, 0, all, layout},
      {QueueDeviceLow, "QueueDeviceLow", 0x0a0, 4, Access::WO, 0, all, layout},
      {QueueDeviceHigh, "QueueDeviceHigh", 0x0a4, 4, Access::WO, 0, all, layout},
      {SHMSel, "SHMSel", 0x0ac, 4, Access::WO, 0, all, layout},
      // There is no shared memory region: length -1, base all ones.
      {SHMLenLow, "SHMLenLow", 0x0b0, 4, Access::RO, all, 0, layout},
      {SHMLenHigh, "SHMLenHigh", 0x0b4, 4, Access::RO, all, 0, layout},
      {SHMBaseLow, "SHMBaseLow", 0x0b8, 4, Access::RO, all, 0, layout},
      {SHMBaseHigh, "SHMBaseHigh", 0x0bc, 4, Access::RO, all, 0, layout},
      // The configuration never changes, so that its generation does not either.
      {ConfigGeneration, "ConfigGeneration", 0x0fc, 4, Access::RO, 0, 0, layout},
      {capacity, "capacity", 0x100, 8, Access::RO, 0, 0, config_layout},
      // A request of seg_max data segments, its header and its status fill the queue.
      {seg_max, "seg_max", 0x10c, 4, Access::RO, VirtioBlkCore::queue_size_max - 2, 0, config_layout},
      {blk_size, "blk_size", 0x114, 4, Access::RO, VirtioBlkCore::sector_bytes, 0, config_layout},
  };
}

std::uint64_t with_half(std::uint64_t whole, bool high, std::uint64_t half) {
  return high ? (whole & 0xffffffff) | half << 32 : (whole & ~0xffffffffULL) | half;
}

}  // namespace

VirtioBlkCore::VirtioBlkCore(const VirtioBlkConfig& config, BlockStorage& storage, Diag& diag)
    : m_config(config),
      m_storage(storage),
      m_diag(diag),
      m_capacity(storage.size() / sector_bytes),
      m_registers(table(), *this) {
  if (m_config.serial.size() > id_bytes) {
    throw ConfigError("serial", fmt::format("'{}' has {} characters; at most {} are possible",
                                            m_config.serial, m_config.serial.size(), id_bytes));
  }
  m_registers.set_reset(capacity, m_capacity);
  reset();
}

void VirtioBlkCore::reset() {
  if (m_access_out && m_held_status == 0) m_held_status = m_registers.get(Status);
  stop();
  m_registers.reset();
  m_driver_features = 0;
  m_unknown_features = false;
  m_queue = {};
  m_notified = false;
  show_selected();
}

std::uint64_t VirtioBlkCore::features() const {
  return VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE |
         VIRTIO_BLK_F_FLUSH | (m_config.read_only ? VIRTIO_BLK_F_RO : 0);
}

// ---- registers

// Control registers take 32-bit accesses only; the configuration space takes any (4.2.2.2).
bool VirtioBlkCore::takes(std::uint32_t offset, unsigned bytes, const char* what) {
  if (bytes == 4 || offset >= 0x100) return true;
  m_diag.guest_error(
      "width", fmt::format("a {} of {} bytes at offset {:#x}; control registers take 4", what, bytes, offset),
      "Virtio 1.2 4.2.2.2");
  return false;
}

std::uint64_t VirtioBlkCore::read(std::uint32_t offset, unsigned bytes) {
  std::uint64_t value = 0;
  if (takes(offset, bytes, "read")) m_registers.read(offset, bytes, AccessSecurity::NonSecure, value);
  return shown(offset, value);
}

void VirtioBlkCore::write(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  if (takes(offset, bytes, "write")) m_registers.write(offset, bytes, AccessSecurity::NonSecure, value);
}

std::uint64_t VirtioBlkCore::peek(std::uint32_t offset, unsigned bytes) const {
  std::uint64_t value = 0;
  m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
  return shown(offset, value);
}

// 2.4.1: a Status of 0 says that the reset is complete, and no queue is touched after that; 4.2.2.1: none
// while QueueReady is 0.
std::uint64_t VirtioBlkCore::shown(std::uint32_t offset, std::uint64_t value) const {
  if (value != 0) return value;
  if (offset == m_registers.info(Status).offset) return m_held_status;
  if (offset == m_registers.info(QueueReady).offset && m_registers.get(QueueSel) == 0) return m_held_ready;
  return value;
}

bool VirtioBlkCore::irq() const { return m_registers.get(InterruptStatus) != 0; }

void VirtioBlkCore::show_selected() {
  const std::uint64_t word = m_registers.get(DeviceFeaturesSel);
  m_registers.set(DeviceFeatures, word < 2 ? features() >> (32 * word) & 0xffffffff : 0);
  const bool selected = m_registers.get(QueueSel) == 0;
  m_registers.set(QueueNumMax, selected ? queue_size_max : 0);
  m_registers.set(QueueReady, selected && m_queue.ready ? 1 : 0);
}

void VirtioBlkCore::register_written(std::uint16_t id, std::uint32_t, AccessSecurity, std::uint64_t old,
                                     std::uint64_t value, std::uint64_t written, std::uint64_t) {
  switch (id) {
    case DeviceFeaturesSel:
    case QueueSel:
      show_selected();
      break;
    case DriverFeatures:
      write_driver_features(value);
      break;
    case QueueReady:
      write_ready(value);
      show_selected();
      break;
    case QueueNotify:
      notify(value);
      break;
    case InterruptACK:
      m_registers.set(InterruptStatus, m_registers.get(InterruptStatus) & ~written);
      break;
    case Status:
      write_status(old, written);
      break;
    case QueueNum:
    case QueueDescLow:
    case QueueDescHigh:
    case QueueDriverLow:
    case QueueDriverHigh:
    case QueueDeviceLow:
    case QueueDeviceHigh:
      write_queue(id, value);
      break;
    default:
      break;
  }
}

void VirtioBlkCore::write_driver_features(std::uint64_t value) {
  if ((m_registers.get(Status) & FEATURES_OK) != 0) {
    m_diag.guest_error("DriverFeatures", "DriverFeatures was written after FEATURES_OK; ignored",
                       "Virtio 1.2 3.1.1");
    return;
  }
  const std::uint64_t word = m_registers.get(DriverFeaturesSel);
  if (word < 2) {
    m_driver_features = with_half(m_driver_features, word == 1, value);
  } else if (value != 0) {
    m_unknown_features = true;
  }
}

void VirtioBlkCore::write_status(std::uint64_t old, std::uint64_t written) {
  if (written == 0) {
    m_registers.set(Status, old);
    reset();
    return;
  }
  constexpr std::uint64_t drivers = ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED;
  if ((old & drivers & ~written) != 0) {
    m_diag.guest_error(
        "Status.cleared",
        fmt::format("Status {:#x} was written over {:#x}; only a reset clears its bits", written, old),
        "Virtio 1.2 2.1.1");
  }
  std::uint64_t status = old | (written & drivers);
  if ((old & FEATURES_OK) == 0 && (status & FEATURES_OK) != 0) {
    // 2.2.2: a subset that the device cannot work with leaves FEATURES_OK clear.
    constexpr std::uint64_t needed = VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM;
    if (m_unknown_features || (m_driver_features & ~features()) != 0) {
      m_diag.guest_error(
          "FEATURES_OK.not_offered",
          fmt::format("the driver accepts features {:#x}; offered are {:#x}", m_driver_features, features()),
          "Virtio 1.2 2.2.1");
      status &= ~FEATURES_OK;
    } else if ((m_driver_features & needed) != needed) {
      m_diag.guest_error("FEATURES_OK.needed",
                         "the driver must accept VIRTIO_F_VERSION_1 and VIRTIO_F_ACCESS_PLATFORM",
                         "Virtio 1.2 6.1");
      status &= ~FEATURES_OK;
    }
  }
  if ((status & DRIVER_OK) != 0 && (status & FEATURES_OK) == 0) {
    m_diag.guest_error("DRIVER_OK", "DRIVER_OK was set without FEATURES_OK; the queue stands still",
                       "Virtio 1.2 3.1.1");
  }
  m_registers.set(Status, status);
}

void VirtioBlkCore::write_queue(std::uint16_t id, std::uint64_t value) {
  if (m_registers.get(QueueSel) != 0) return;  // there is no such queue: QueueNumMax is 0
  if (m_queue.ready) {
    m_diag.guest_error(
        "QueueReady.set",
        fmt::format("{} was written while QueueReady is 1; ignored", m_registers.info(id).name),
        "Virtio 1.2 4.2.2.2");
    return;
  }
  switch (id) {
    case QueueNum:
      m_queue.num = static_cast<std::uint32_t>(value);
      break;
    case QueueDescLow:
    case QueueDescHigh:
      m_queue.desc = with_half(m_queue.desc, id == QueueDescHigh, value);
      break;
    case QueueDriverLow:
    case QueueDriverHigh:
      m_queue.driver = with_half(m_queue.driver, id == QueueDriverHigh, value);
      break;
    default:
      m_queue.device = with_half(m_queue.device, id == QueueDeviceHigh, value);
      break;
  }
}

void VirtioBlkCore::write_ready(std::uint64_t value) {
  if (m_registers.get(QueueSel) != 0) {
    if (value != 0) {
      m_diag.guest_error("QueueReady.none", "QueueReady was written for a queue that is not there",
                         "Virtio 1.2 4.2.2");
    }
    return;
  }
  if (value == 0) {
    stop();
    m_queue.ready = false;
    return;
  }
  if (m_queue.ready) return;
  const Queue& q = m_queue;
  const auto fits = [](std::uint64_t address, std::uint64_t alignment, std::uint64_t bytes) {
    return address % alignment == 0 && address + (bytes - 1) >= address;
  };
  // 2.7: a power of 2, and the alignment of each part.
  const bool size_ok = q.num != 0 && q.num <= queue_size_max && (q.num & (q.num - 1)) == 0;
  if (!size_ok || !fits(q.desc, 16, 16ULL * q.num) || !fits(q.driver, 2, 6 + 2ULL * q.num) ||
      !fits(q.device, 4, 6 + 8ULL * q.num)) {
    broken("QueueReady.values",
           fmt::format("a queue of {} descriptors at {:#x}, driver area {:#x}, device area {:#x}: expected a "
                       "power of 2 up to {}, and multiples of 16, 2 and 4",
                       q.num, q.desc, q.driver, q.device, queue_size_max),
           "Virtio 1.2 2.7", q.desc);
    return;
  }
  m_queue.ready = true;
  m_notified = false;
  m_avail_idx = m_next_avail = m_used_idx = 0;
}

void VirtioBlkCore::notify(std::uint64_t value) {
  if (value != 0) {
    m_diag.guest_error("QueueNotify", fmt::format("QueueNotify names queue {}; there is only queue 0", value),
                       "Virtio 1.2 4.2.2");
  } else if ((m_registers.get(Status) & DRIVER_OK) == 0) {
    m_diag.guest_error("QueueNotify.early", "QueueNotify was written before DRIVER_OK; ignored",
                       "Virtio 1.2 3.1.1");
  } else {
    m_notified = true;
  }
}

// ---- state

bool VirtioBlkCore::plausible() const {
  const Queue& q = m_queue;
  if (m_state > State::AvailFlags || m_chain.size() > queue_size_max) return false;
  if (q.ready && (q.num == 0 || q.num > queue_size_max || (q.num & (q.num - 1)) != 0)) return false;
  if (m_state == State::Idle) return true;
  if (!live()) return false;
  std::uint64_t readable = 0;
  std::uint64_t writable = 0;
  for (const Segment& s : m_chain) (s.write ? writable : readable) += s.length;
  if (readable != m_readable || writable != m_writable) return false;
  if (m_state == State::AvailIdx || m_state == State::AvailRing) return true;
  if (m_descriptor >= q.num || m_head >= q.num) return false;
  if (m_state == State::Descriptor) return m_chain.size() < q.num;
  if (m_writable == 0 || m_written >= m_writable) return false;
  if (m_state > State::DataOut) return true;
  // The rest of the transfer lies in the rest of the chain's part, and in the storage.
  if (m_left == 0 || m_segment >= m_chain.size()) return false;
  const bool to_driver = m_state == State::DataIn;
  if (m_offset >= m_chain[m_segment].length || m_chain[m_segment].write != to_driver) return false;
  std::uint64_t room = m_chain[m_segment].length - m_offset;
  for (std::size_t i = m_segment + 1; i < m_chain.size(); ++i) {
    if (m_chain[i].write == to_driver) room += m_chain[i].length;
  }
  if (m_left > room - (to_driver && room > 0 ? 1 : 0)) return false;
  if (m_state == State::Header) return m_left <= header_bytes;
  if (to_driver && m_written + m_left >= m_writable) return false;
  const bool id = to_driver && m_request.type == VIRTIO_BLK_T_GET_ID;
  const std::uint64_t size = id ? id_bytes : m_storage.size();
  return m_position <= size && m_left <= size - m_position;
}

void VirtioBlkCore::visit(Archive& archive) {
  archive.begin("virtio-blk");
  m_registers.visit(archive);
  archive.value("driver_features", m_driver_features);
  archive.value("unknown_features", m_unknown_features);
  archive.value("num", m_queue.num);
  archive.value("desc", m_queue.desc);
  archive.value("driver", m_queue.driver);
  archive.value("device", m_queue.device);
  archive.value("ready", m_queue.ready);
  archive.value("notified", m_notified);
  archive.value("state", m_state);
  archive.value("epoch", m_epoch);
  archive.value("access_out", m_access_out);
  archive.value("held_status", m_held_status);
  archive.value("held_ready", m_held_ready);
  archive.value("avail_idx", m_avail_idx);
  archive.value("next_avail", m_next_avail);
  archive.value("used_idx", m_used_idx);
  archive.value("head", m_head);
  archive.value("descriptor", m_descriptor);
  archive.list("chain", m_chain, queue_size_max, [&](Segment& s) {
    archive.value("address", s.address);
    archive.value("length", s.length);
    archive.value("write", s.write);
  });
  archive.value("readable", m_readable);
  archive.value("writable", m_writable);
  archive.value("segment", m_segment);
  archive.value("offset", m_offset);
  archive.value("left", m_left);
  archive.value("position", m_position);
  archive.value("written", m_written);
  archive.value("header", m_header);
  archive.value("type", m_request.type);
  archive.value("sector", m_request.sector);
  archive.value("bytes", m_request.bytes);
  archive.value("status", m_request.status);
  archive.value("requests", m_counters.requests);
  archive.value("failed", m_counters.failed);
  archive.value("unsupported", m_counters.unsupported);
  archive.value("flushes", m_counters.flushes);
  archive.value("read_bytes", m_counters.read_bytes);
  archive.value("written_bytes", m_counters.written_bytes);
  archive.value("needs_reset", m_counters.needs_reset);
  archive.end();
  if (!archive.loading()) return;
  if (m_registers.get(capacity) != m_capacity) {
    archive.fail("capacity", "the disk image has another size");
    m_registers.set(capacity, m_capacity);
  } else if (!plausible()) {
    archive.fail("virtio-blk", "the state of the worker is impossible");
  }
  if (!archive.ok()) m_access_out = false;
  if (!m_access_out) m_held_status = m_held_ready = 0;
  if (!archive.ok()) reset();
  show_selected();
}

}  // namespace smmuvp
