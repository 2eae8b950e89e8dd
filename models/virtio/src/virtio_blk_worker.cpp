// The bus side: walks the split virtqueue (Virtio 1.2 2.7) and carries out the requests (5.2.6).
#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/base/little_endian.h"
#include "smmuvp/virtio/virtio_blk_core.h"
#include "virtio_blk_registers.h"

namespace smmuvp {

using namespace virtio;

namespace {

constexpr const char* descriptor_table = "Virtio 1.2 2.7.5";
constexpr const char* operation = "Virtio 1.2 5.2.6.1";

}  // namespace

// 3.1.1: no buffer is used before DRIVER_OK; 4.2.2.1: none while QueueReady is 0.
bool VirtioBlkCore::live() const {
  const std::uint64_t status = m_registers.get(virtio::Status);
  return (status & DRIVER_OK) != 0 && (status & FEATURES_OK) != 0 && (status & DEVICE_NEEDS_RESET) == 0 &&
         m_queue.ready;
}

void VirtioBlkCore::stop() {
  ++m_epoch;
  if (m_access_out) m_held_ready = 1;
  m_state = State::Idle;
  m_chain.clear();
  m_readable = m_writable = 0;
}

void VirtioBlkCore::broken(const char* site, const std::string& why, const char* clause,
                           std::uint64_t address) {
  m_diag.guest_error(site, why + "; the device needs a reset", clause, m_config.stream_base, address);
  ++m_counters.needs_reset;
  stop();
  const std::uint64_t status = m_registers.get(virtio::Status);
  m_registers.set(virtio::Status, status | DEVICE_NEEDS_RESET);
  // 2.1.2: with DRIVER_OK the driver is told.
  if ((status & DRIVER_OK) != 0) {
    m_registers.set(InterruptStatus, m_registers.get(InterruptStatus) | INTERRUPT_CONFIG);
  }
}

bool VirtioBlkCore::next(DmaOperation& access, DmaBuffer& data) {
  if (m_state == State::Idle) {
    if (!m_notified || !live()) return false;
    m_notified = false;
    m_state = State::AvailIdx;
  }
  if (m_state == State::DataIn && !fill(data)) storage_failed("read");
  access = {};
  access.epoch = m_epoch;
  access.stream_id = m_config.stream_base;
  const auto make = [&](bool write, std::uint64_t address, std::uint32_t length) {
    access.write = write;
    access.address = address;
    access.length = length;
  };
  const std::uint32_t mask = m_queue.num - 1;
  switch (m_state) {
    case State::Idle:
      return false;
    case State::AvailIdx:
      make(false, m_queue.driver + 2, 2);
      break;
    case State::AvailRing:
      make(false, m_queue.driver + 4 + 2ULL * (m_next_avail & mask), 2);
      break;
    case State::Descriptor:
      make(false, m_queue.desc + 16ULL * m_descriptor, 16);
      break;
    case State::Header:
      make(false, m_chain[m_segment].address + m_offset, burst());
      access.starts_request = m_left == header_bytes;
      break;
    case State::DataIn:
      make(true, m_chain[m_segment].address + m_offset, burst());
      break;
    case State::DataOut:
      make(false, m_chain[m_segment].address + m_offset, burst());
      break;
    case State::Status: {
      const auto last = std::find_if(m_chain.rbegin(), m_chain.rend(),
                                     [](const Segment& s) { return s.write && s.length != 0; });
      if (last == m_chain.rend()) return false;  // chain_complete() lets no such chain through
      make(true, last->address + (last->length - 1), 1);
      data[0] = m_request.status;
      break;
    }
    case State::UsedRing:
      // 2.7.8.2: len counts what was written from the start of the writable part.
      make(true, m_queue.device + 4 + 8ULL * (m_used_idx & mask), 8);
      store_little_endian(&data[0], m_head, 4);
      store_little_endian(
          &data[4], std::min<std::uint64_t>(m_written + (m_written + 1 == m_writable ? 1 : 0), 0xffffffff),
          4);
      break;
    case State::UsedIdx:
      make(true, m_queue.device + 2, 2);
      store_little_endian(&data[0], m_used_idx + 1U, 2);
      break;
    case State::AvailFlags:
      make(false, m_queue.driver, 2);
      break;
  }
  m_access_out = true;
  return true;
}

void VirtioBlkCore::complete(const DmaOperation& access, DmaResponse response, const DmaBuffer& data) {
  m_access_out = false;
  m_held_status = m_held_ready = 0;
  if (access.epoch != m_epoch || m_state == State::Idle) return;
  if (response != DmaResponse::Ok) {
    // A buffer that cannot be reached fails its request alone (5.2.6); without rings, or a place for the
    // status, nothing can be told but by 2.1.2.
    if (m_state == State::Header || m_state == State::DataIn || m_state == State::DataOut) {
      fail("buffer", "an access to a buffer failed", access.address);
    } else {
      broken(
          "bus_error",
          fmt::format("an access to {} failed", m_state == State::Status ? "a status byte" : "the virtqueue"),
          "Virtio 1.2 2.1.2", access.address);
    }
    return;
  }
  switch (m_state) {
    case State::Idle:
      break;
    case State::AvailIdx:
      take_avail_idx(load_little_endian(&data[0], 2));
      break;
    case State::AvailRing:
      take_head(load_little_endian(&data[0], 2));
      break;
    case State::Descriptor:
      take_descriptor(data);
      break;
    case State::Header: {
      const std::uint32_t n = burst();
      std::copy_n(data.begin(), n, m_header.begin() + static_cast<std::ptrdiff_t>(header_bytes - m_left));
      advance(n);
      if (m_left == 0) decode_header();
      break;
    }
    case State::DataIn: {
      const std::uint32_t n = burst();
      m_counters.read_bytes += n;
      m_written += n;
      m_position += n;
      advance(n);
      if (m_left == 0) end_request(VIRTIO_BLK_S_OK);
      break;
    }
    case State::DataOut: {
      const std::uint32_t n = burst();
      if (!m_storage.write(m_position, data.data(), n)) {
        storage_failed("written");
        break;
      }
      m_counters.written_bytes += n;
      m_position += n;
      advance(n);
      if (m_left == 0) end_write();
      break;
    }
    case State::Status:
      m_state = State::UsedRing;
      break;
    case State::UsedRing:
      m_state = State::UsedIdx;
      break;
    case State::UsedIdx:
      m_state = State::AvailFlags;
      break;
    case State::AvailFlags:
      // 2.7.7.2: without VIRTIO_F_EVENT_IDX the flags decide on the notification.
      if ((load_little_endian(&data[0], 2) & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0) {
        m_registers.set(InterruptStatus, m_registers.get(InterruptStatus) | INTERRUPT_USED);
      }
      used();
      break;
  }
}

// ---- the virtqueue

void VirtioBlkCore::take_avail_idx(std::uint64_t idx) {
  m_avail_idx = static_cast<std::uint16_t>(idx);
  const auto ready = static_cast<std::uint16_t>(m_avail_idx - m_next_avail);
  if (ready > m_queue.num) {
    broken("avail.idx",
           fmt::format("the available ring is {} entries ahead; the queue has {}", ready, m_queue.num),
           "Virtio 1.2 2.7.6", m_queue.driver + 2);
    return;
  }
  m_state = ready == 0 ? State::Idle : State::AvailRing;
}

void VirtioBlkCore::take_head(std::uint64_t head) {
  if (head >= m_queue.num) {
    broken("avail.ring", fmt::format("descriptor {} is made available; the queue has {}", head, m_queue.num),
           "Virtio 1.2 2.7.6", m_queue.driver);
    return;
  }
  m_head = m_descriptor = static_cast<std::uint16_t>(head);
  m_chain.clear();
  m_readable = m_writable = 0;
  m_state = State::Descriptor;
}

void VirtioBlkCore::take_descriptor(const DmaBuffer& data) {
  const std::uint64_t at = m_queue.desc + 16ULL * m_descriptor;
  const std::uint64_t flags = load_little_endian(&data[12], 2);
  const std::uint64_t next = load_little_endian(&data[14], 2);
  Segment s;
  s.address = load_little_endian(&data[0], 8);
  s.length = static_cast<std::uint32_t>(load_little_endian(&data[8], 4));
  s.write = (flags & VIRTQ_DESC_F_WRITE) != 0;
  if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
    broken("desc.INDIRECT", "an indirect descriptor, but VIRTIO_F_INDIRECT_DESC is not negotiated",
           "Virtio 1.2 2.7.5.3.1", at);
  } else if (!s.write && m_writable != 0) {
    broken("desc.order", "a device-readable descriptor follows a device-writable one", "Virtio 1.2 2.7.4.2",
           at);
  } else if (s.length != 0 && s.address + (s.length - 1) < s.address) {
    broken("desc.wrap", fmt::format("a buffer of {} bytes at {:#x} wraps", s.length, s.address),
           descriptor_table, at);
  } else if (m_readable + m_writable + s.length > 1ULL << 32) {
    broken("desc.length", "a descriptor chain is longer than 2^32 bytes", "Virtio 1.2 2.7.5.2", at);
  } else if ((flags & VIRTQ_DESC_F_NEXT) != 0 && next >= m_queue.num) {
    broken("desc.next", fmt::format("the next descriptor is {}; the queue has {}", next, m_queue.num),
           descriptor_table, at);
  } else if ((flags & VIRTQ_DESC_F_NEXT) != 0 && m_chain.size() + 1 >= m_queue.num) {
    broken("desc.loop", "a descriptor chain is longer than the queue, so that it loops", "Virtio 1.2 2.7.5.2",
           at);
  } else {
    (s.write ? m_writable : m_readable) += s.length;
    m_chain.push_back(s);
    m_descriptor = static_cast<std::uint16_t>(next);
    if ((flags & VIRTQ_DESC_F_NEXT) == 0) chain_complete();
  }
}

void VirtioBlkCore::chain_complete() {
  m_descriptor = m_head;
  m_request = {};
  m_segment = m_offset = 0;
  m_written = 0;
  if (m_writable == 0) {
    broken("request.status", "a request has no byte for its status", operation,
           m_queue.desc + 16ULL * m_head);
  } else if (m_readable < header_bytes) {
    fail("request.header", fmt::format("a request has a header of {} bytes; expected 16", m_readable));
  } else {
    transfer(State::Header, header_bytes);
  }
}

// ---- requests. Nothing is assumed of how a request is cut into descriptors (2.7.4.1).

void VirtioBlkCore::transfer(State state, std::uint64_t bytes) {
  m_left = bytes;
  m_state = state;
  skip_empty();
}

void VirtioBlkCore::skip_empty() {
  while (m_left != 0 && m_segment < m_chain.size() && m_offset == m_chain[m_segment].length) {
    ++m_segment;
    m_offset = 0;
  }
}

void VirtioBlkCore::seek_writable() {
  m_offset = 0;
  m_segment = 0;
  while (m_segment < m_chain.size() && !m_chain[m_segment].write) ++m_segment;
}

std::uint32_t VirtioBlkCore::burst() const {
  const Segment& s = m_chain[m_segment];
  const std::uint64_t room = burst_bytes - ((s.address + m_offset) & (burst_bytes - 1));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>({m_left, s.length - m_offset, room}));
}

void VirtioBlkCore::advance(std::uint32_t bytes) {
  m_offset += bytes;
  m_left -= bytes;
  skip_empty();
}

bool VirtioBlkCore::fill(DmaBuffer& data) {
  const std::uint32_t n = burst();
  if (m_request.type != VIRTIO_BLK_T_GET_ID) return m_storage.read(m_position, data.data(), n);
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint64_t at = m_position + i;
    data[i] = at < m_config.serial.size() ? static_cast<std::uint8_t>(m_config.serial[at]) : std::uint8_t{0};
  }
  return true;
}

void VirtioBlkCore::decode_header() {
  m_request.type = static_cast<std::uint32_t>(load_little_endian(&m_header[0], 4));
  m_request.sector = load_little_endian(&m_header[8], 8);
  const bool in = m_request.type == VIRTIO_BLK_T_IN;
  const std::uint64_t bytes = in ? m_writable - 1 : m_readable - header_bytes;
  switch (m_request.type) {
    case VIRTIO_BLK_T_IN:
    case VIRTIO_BLK_T_OUT:
      m_request.bytes = bytes;
      if (bytes % sector_bytes != 0) {
        fail("request.length", fmt::format("{} bytes of data are no multiple of 512", bytes));
      } else if (m_request.sector > m_capacity || bytes / sector_bytes > m_capacity - m_request.sector) {
        fail("request.capacity",
             fmt::format("{} bytes from sector {:#x} lie beyond the capacity of {:#x} sectors", bytes,
                         m_request.sector, m_capacity));
      } else if (!in && m_config.read_only) {
        fail("request.read_only", "a write to a read-only device");  // 5.2.6.2
      } else if (bytes == 0) {
        end_request(VIRTIO_BLK_S_OK);
      } else {
        m_position = m_request.sector * sector_bytes;
        if (in) seek_writable();
        transfer(in ? State::DataIn : State::DataOut, bytes);
      }
      break;
    case VIRTIO_BLK_T_FLUSH:
      ++m_counters.flushes;
      if (m_storage.flush()) {
        end_request(VIRTIO_BLK_S_OK);
      } else {
        storage_failed("flushed");
      }
      break;
    case VIRTIO_BLK_T_GET_ID:
      m_request.bytes = std::min<std::uint64_t>(m_writable - 1, id_bytes);
      if (m_request.bytes == 0) {
        end_request(VIRTIO_BLK_S_OK);
      } else {
        m_position = 0;
        seek_writable();
        transfer(State::DataIn, m_request.bytes);
      }
      break;
    default:
      end_request(VIRTIO_BLK_S_UNSUPP);
      break;
  }
}

// 5.2.6.2: a driver that has not accepted the FLUSH that was offered takes a completed write for stable.
void VirtioBlkCore::end_write() {
  if ((m_driver_features & VIRTIO_BLK_F_FLUSH) == 0 && !m_storage.flush()) {
    storage_failed("flushed");
  } else {
    end_request(VIRTIO_BLK_S_OK);
  }
}

void VirtioBlkCore::fail(const char* site, const std::string& why, std::optional<std::uint64_t> address) {
  m_diag.guest_error(site, why, operation, m_config.stream_base, address);
  end_request(VIRTIO_BLK_S_IOERR);
}

// Nothing that a driver asks for makes the storage fail: ranges have been checked, and it is the host's file.
void VirtioBlkCore::storage_failed(const char* what) {
  const std::string why = m_storage.why();
  m_diag.host_error("storage",
                    fmt::format("the disk image could not be {}{}{}", what, why.empty() ? "" : ": ", why));
  end_request(VIRTIO_BLK_S_IOERR);
}

void VirtioBlkCore::end_request(std::uint8_t status) {
  m_request.status = status;
  m_left = 0;
  m_state = State::Status;
}

void VirtioBlkCore::used() {
  ++m_counters.requests;
  if (m_request.status == VIRTIO_BLK_S_IOERR) ++m_counters.failed;
  if (m_request.status == VIRTIO_BLK_S_UNSUPP) ++m_counters.unsupported;
  ++m_used_idx;
  ++m_next_avail;
  m_chain.clear();
  m_readable = m_writable = 0;
  // 2.7.13: more may have become available without a notification that comes in time.
  m_state = State::AvailIdx;
}

}  // namespace smmuvp
