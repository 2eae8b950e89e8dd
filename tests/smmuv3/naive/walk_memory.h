// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "bits.h"
#include "model.h"

namespace naive_smmuv3 {

/// The memory that a walk sees. A physical address above the OAS can only come from VMSAv8-32 LPAE, and is
/// truncated (3.4, 7.3.12).
class WalkMemory : public naive::Memory {
 public:
  WalkMemory(const Features& features, naive_smmuv3::Memory& memory, const WalkLabels& labels)
      : m_features(features), m_memory(memory), m_labels(labels) {}

  void of_stage(unsigned stage) override {
    m_memory.labels_next(stage == 1 ? m_labels.stage1 : m_labels.stage2);
  }
  std::optional<Bytes> read(uint64_t address, unsigned size, naive::Space space) override {
    const auto data = m_memory.read_from(space, truncate(address, m_features.oas_bits()), size);
    if (!data.has_value()) return std::nullopt;
    Bytes bytes{};
    std::copy(data->begin(), data->end(), bytes.begin());
    return bytes;
  }
  naive::Swap compare_and_swap(uint64_t address, unsigned, naive::Space space, const Bytes& expected,
                               const Bytes& desired) override {
    return m_memory.compare_and_swap_in(space, truncate(address, m_features.oas_bits()), expected, desired);
  }

 private:
  const Features& m_features;
  naive_smmuv3::Memory& m_memory;
  WalkLabels m_labels;
};

/// Number of the event for a fault of a walk (3.12, 7.3)
inline EventNumber number_of(naive::FaultKind kind) {
  switch (kind) {
    case naive::FaultKind::translation:
      return EventNumber::F_TRANSLATION;
    case naive::FaultKind::address_size:
      return EventNumber::F_ADDR_SIZE;
    case naive::FaultKind::access_flag:
      return EventNumber::F_ACCESS;
    case naive::FaultKind::permission:
      return EventNumber::F_PERMISSION;
    default:
      return EventNumber::F_WALK_EABT;
  }
}

/// Physical address of the descriptor whose read or update was aborted
inline uint64_t aborted_address(const Features& features, const naive::Answer& answer) {
  const bool on_read = !answer.reads.empty() && answer.reads.back().aborted;
  const uint64_t address = on_read ? answer.reads.back().address : answer.updates.back().address;
  return truncate(address, features.oas_bits());
}

/// Is the MAIR encoding a Device type?
inline bool is_device(uint8_t mair) { return (mair >> 4) == 0; }

}  // namespace naive_smmuv3
