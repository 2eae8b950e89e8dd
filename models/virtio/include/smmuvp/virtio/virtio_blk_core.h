// Virtio block device on the MMIO transport, without SystemC (OASIS Virtio 1.2): registers, split virtqueue,
// requests.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/virtio/block_storage.h"

namespace smmuvp {

struct VirtioBlkConfig {
  bool read_only = false;         ///< VIRTIO_BLK_F_RO; writes end in VIRTIO_BLK_S_IOERR
  std::string serial;             ///< what VIRTIO_BLK_T_GET_ID gives, at most 20 characters
  std::uint32_t stream_base = 0;  ///< StreamID of all accesses
};

/// Features that are offered: VIRTIO_F_VERSION_1 and VIRTIO_F_ACCESS_PLATFORM, without which FEATURES_OK is
/// refused; VIRTIO_BLK_F_SEG_MAX, BLK_SIZE, FLUSH, and RO if read-only. Not offered: indirect descriptors,
/// EVENT_IDX, packed ring, queue reset, several queues, discard, write zeroes.
///
/// The owner asks next() for an access, makes it in its own time, and gives the answer to complete(). One
/// access is out at a time. What an access brings that a reset, QueueReady 0 or a restored state has
/// overtaken is ignored; but until it is back, Status and QueueReady do not read 0, so that a driver that
/// waits for 0 knows that nothing reaches its memory any more. An access to a request's header or data that
/// fails ends the request in VIRTIO_BLK_S_IOERR. An access to the rings or to the status byte that fails, a
/// descriptor chain that breaks a rule of the split virtqueue, and a queue that is made ready with impossible
/// values set DEVICE_NEEDS_RESET, with a configuration change notification if the driver had set DRIVER_OK;
/// the queue then stands still until the driver resets the device.
class VirtioBlkCore : private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x200;
  static constexpr std::uint32_t burst_bytes = dma_burst_bytes;
  static constexpr std::uint32_t queue_size_max = 128;
  static constexpr std::uint32_t sector_bytes = 512;
  static constexpr std::uint32_t id_bytes = 20;

  /// @throws ConfigError if the serial is too long.
  VirtioBlkCore(const VirtioBlkConfig& config, BlockStorage& storage, Diag& diag);

  // ---- software's side
  std::uint64_t read(std::uint32_t offset, unsigned bytes);
  void write(std::uint32_t offset, unsigned bytes, std::uint64_t value);
  std::uint64_t peek(std::uint32_t offset, unsigned bytes) const;
  bool irq() const;
  const RegisterFile& registers() const { return m_registers; }

  // ---- the bus side
  /// @return false if there is nothing to do until a register is written. `data` is what a write writes.
  bool next(DmaOperation& access, DmaBuffer& data);
  /// `data` is what a read read.
  void complete(const DmaOperation& access, DmaResponse response, const DmaBuffer& data);

  void reset();
  void visit(Archive& archive);

  struct Counters {
    std::uint64_t requests, failed, unsupported, flushes, read_bytes, written_bytes, needs_reset;
  };
  const Counters& counters() const { return m_counters; }

  struct Request {
    std::uint32_t type = 0;
    std::uint64_t sector = 0;
    std::uint64_t bytes = 0;  ///< of data
    std::uint8_t status = 0;
  };
  /// The request that is being worked on, or was last.
  const Request& request() const { return m_request; }

 private:
  enum class State : std::uint8_t {
    Idle,
    AvailIdx,
    AvailRing,
    Descriptor,
    Header,
    DataIn,   // to the driver
    DataOut,  // from the driver
    Status,
    UsedRing,
    UsedIdx,
    AvailFlags,
  };
  struct Queue {
    std::uint32_t num = 0;
    std::uint64_t desc = 0, driver = 0, device = 0;
    bool ready = false;
  };
  struct Segment {
    std::uint64_t address = 0;
    std::uint32_t length = 0;
    bool write = false;
  };

  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  bool takes(std::uint32_t offset, unsigned bytes, const char* what);
  std::uint64_t features() const;
  void show_selected();
  void write_status(std::uint64_t old, std::uint64_t written);
  void write_driver_features(std::uint64_t value);
  void write_queue(std::uint16_t id, std::uint64_t value);
  void write_ready(std::uint64_t value);
  void notify(std::uint64_t value);

  std::uint64_t shown(std::uint32_t offset, std::uint64_t value) const;
  bool live() const;
  void stop();
  void broken(const char* site, const std::string& why, const char* clause, std::uint64_t address);
  void take_avail_idx(std::uint64_t idx);
  void take_head(std::uint64_t head);
  void take_descriptor(const DmaBuffer& data);
  void chain_complete();
  void decode_header();
  void transfer(State state, std::uint64_t bytes);
  void fail(const char* site, const std::string& why, std::optional<std::uint64_t> address = {});
  void end_request(std::uint8_t status);
  void end_write();
  void storage_failed(const char* what);
  void seek_writable();
  void skip_empty();
  std::uint32_t burst() const;
  void advance(std::uint32_t bytes);
  bool fill(DmaBuffer& data);
  void used();
  bool plausible() const;

  VirtioBlkConfig m_config;
  BlockStorage& m_storage;
  Diag& m_diag;
  std::uint64_t m_capacity;  // sectors
  RegisterFile m_registers;

  std::uint64_t m_driver_features = 0;
  bool m_unknown_features = false;  // a feature above 63 was accepted
  Queue m_queue;
  bool m_notified = false;
  State m_state = State::Idle;
  std::uint64_t m_epoch = 0;
  bool m_access_out = false;
  // What a register still reads in place of 0 while an access is out that a reset or QueueReady 0 has
  // overtaken.
  std::uint64_t m_held_status = 0;
  std::uint64_t m_held_ready = 0;
  std::uint16_t m_avail_idx = 0;   // the driver's, as last read
  std::uint16_t m_next_avail = 0;  // the entry that is, or will be, taken
  std::uint16_t m_used_idx = 0;
  std::uint16_t m_head = 0;
  std::uint16_t m_descriptor = 0;
  std::vector<Segment> m_chain;
  std::uint64_t m_readable = 0;  // bytes of the chain
  std::uint64_t m_writable = 0;
  std::uint32_t m_segment = 0;  // cursor into the chain
  std::uint32_t m_offset = 0;
  std::uint64_t m_left = 0;      // bytes of this transfer that are still to be moved
  std::uint64_t m_position = 0;  // in the storage, or in the ID string
  std::uint64_t m_written = 0;   // bytes written from the start of the writable part, without a gap
  std::array<std::uint8_t, 16> m_header{};
  Request m_request;
  Counters m_counters{};
};

}  // namespace smmuvp
