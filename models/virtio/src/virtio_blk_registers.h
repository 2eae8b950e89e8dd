// What the registers and the worker of the block device share: register ids, bits of Virtio 1.2.
#pragma once
#include <cstdint>

namespace smmuvp::virtio {

enum Id : std::uint16_t {
  MagicValue,
  Version,
  DeviceID,
  VendorID,
  DeviceFeatures,
  DeviceFeaturesSel,
  DriverFeatures,
  DriverFeaturesSel,
  QueueSel,
  QueueNumMax,
  QueueNum,
  QueueReady,
  QueueNotify,
  InterruptStatus,
  InterruptACK,
  Status,
  QueueDescLow,
  QueueDescHigh,
  QueueDriverLow,
  QueueDriverHigh,
  QueueDeviceLow,
  QueueDeviceHigh,
  SHMSel,
  SHMLenLow,
  SHMLenHigh,
  SHMBaseLow,
  SHMBaseHigh,
  ConfigGeneration,
  capacity,
  seg_max,
  blk_size,
};

// 2.1
constexpr std::uint64_t ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, DEVICE_NEEDS_RESET = 64,
                        FAILED = 128;
// 4.2.2, InterruptStatus
constexpr std::uint64_t INTERRUPT_USED = 1, INTERRUPT_CONFIG = 2;

// 5.2.3
constexpr std::uint64_t VIRTIO_BLK_F_SEG_MAX = 1ULL << 2, VIRTIO_BLK_F_RO = 1ULL << 5,
                        VIRTIO_BLK_F_BLK_SIZE = 1ULL << 6, VIRTIO_BLK_F_FLUSH = 1ULL << 9;
// 6
constexpr std::uint64_t VIRTIO_F_VERSION_1 = 1ULL << 32, VIRTIO_F_ACCESS_PLATFORM = 1ULL << 33;

// 5.2.6
constexpr std::uint32_t VIRTIO_BLK_T_IN = 0, VIRTIO_BLK_T_OUT = 1, VIRTIO_BLK_T_FLUSH = 4,
                        VIRTIO_BLK_T_GET_ID = 8;
constexpr std::uint8_t VIRTIO_BLK_S_OK = 0, VIRTIO_BLK_S_IOERR = 1, VIRTIO_BLK_S_UNSUPP = 2;
constexpr std::uint32_t header_bytes = 16;

// 2.7.5
constexpr std::uint64_t VIRTQ_DESC_F_NEXT = 1, VIRTQ_DESC_F_WRITE = 2, VIRTQ_DESC_F_INDIRECT = 4;
// 2.7.6
constexpr std::uint64_t VIRTQ_AVAIL_F_NO_INTERRUPT = 1;

}  // namespace smmuvp::virtio
