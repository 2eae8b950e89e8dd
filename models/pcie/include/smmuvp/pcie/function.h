// The configuration space of one function: docs/pcie.md, Configuration space.
#pragma once
#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/pcie/topology.h"

namespace smmuvp::pcie {

/// Bits of the ACS Control register (Base 7.7.8.3).
enum AcsBit : std::uint16_t {
  acs_source_validation = 1U << 0,
  acs_translation_blocking = 1U << 1,
  acs_request_redirect = 1U << 2,
  acs_completion_redirect = 1U << 3,
  acs_upstream_forwarding = 1U << 4,
  acs_direct_translated = 1U << 6,
};

/// What a write to configuration space asks for beyond the value.
enum class ConfigEffect : std::uint8_t { None, FunctionReset, SecondaryBusReset, PageRequestReset };

/// What the capabilities of ATS, PASID and PRI tell that is none of the topology's business.
struct AtsConfig {
  unsigned atc_entries = 32;
  unsigned queue_depth = 32;   ///< Invalidate Queue Depth, 1 to 32
  unsigned pri_capacity = 32;  ///< Outstanding Page Request Capacity, 1 to 256
  bool upstream = true;        ///< there is an SMMU that knows ATS
};

/// What software has set up in the capabilities of ATS, PASID and PRI. All 0 where there is none.
struct AtsControl {
  bool enabled = false;          ///< ATS Enable
  unsigned smallest_shift = 12;  ///< log2 of the smallest translation unit's bytes
  bool pasid = false;            ///< PASID Enable
  bool execute = false;          ///< with PASID Enable: Execute Permission Enable
  bool privileged = false;       ///< with PASID Enable: Privileged Mode Enable
  bool page_requests = false;    ///< Enable of Page Request Control
  std::uint32_t allocation = 0;  ///< Outstanding Page Request Allocation, no more than the capacity
  bool awake = false;            ///< power state D0
};

/// Where an address is in a function's memory.
struct BarHit {
  unsigned bar = 0;  ///< 0 registers, 2 memory
  std::uint32_t offset = 0;
};

/// What software has set up in MSI capability and Command.
struct MessageControl {
  bool enabled = false;  ///< MSI Enable
  unsigned count = 1;    ///< messages: 1, 2 or 4
  std::uint64_t address = 0;
  std::uint16_t data = 0;
  std::uint32_t mask = 0;  ///< Mask Bits
};

/// Registers and what they decode. Knows nothing of other functions.
class Function : private RegisterObserver {
 public:
  static constexpr std::uint32_t config_bytes = 0x1000;
  static constexpr std::uint32_t register_bar_bytes = 0x1000;
  static constexpr std::uint32_t memory_bar_bytes = 0x10000;

  explicit Function(const FunctionInfo& info, const AtsConfig& ats = {});
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;

  const FunctionInfo& info() const { return m_info; }
  const RegisterFile& registers() const { return m_registers; }

  // ---- software's side. `offset` below config_bytes, aligned to `bytes`, 1, 2 or 4.
  std::uint32_t read(std::uint32_t offset, unsigned bytes);
  ConfigEffect write(std::uint32_t offset, unsigned bytes, std::uint32_t value);
  std::uint32_t peek(std::uint32_t offset, unsigned bytes) const;

  // ---- what it decodes
  /// Memory Space Enable, and power state D0.
  bool answers_memory() const;
  /// Bus Master Enable, and power state D0.
  bool makes_requests() const;
  bool acs(AcsBit bit) const;
  /// Endpoint: the BAR that holds all of the bytes.
  std::optional<BarHit> bar_hit(std::uint64_t address, std::uint32_t length) const;
  /// Bridge: a window holds all of the bytes, and forwards them.
  bool forwards_memory(std::uint64_t address, std::uint32_t length) const;
  std::uint8_t secondary_bus() const;
  std::uint8_t subordinate_bus() const;
  bool in_secondary_reset() const;

  // ---- ATS, PASID and PRI of an endpoint
  AtsControl ats() const;
  void set_page_request_status(bool stopped);
  void set_response_failure();
  void set_unexpected_response();
  /// What was wrong with the last write() to these capabilities; nullptr: nothing. One that changed nothing
  /// else is told of once.
  const char* take_complaint() {
    const char* complaint = m_complaint;
    m_complaint = nullptr;
    return complaint;
  }

  // ---- interrupts of an endpoint
  MessageControl messages() const;
  bool interrupt_disabled() const;
  /// 1 to 4: INTA to INTD.
  unsigned interrupt_pin() const;
  void set_interrupt_status(bool pending);
  void set_pending_messages(std::uint32_t bits);

  /// Received Master Abort or Received Target Abort of Status.
  void set_aborted(bool master_abort);
  /// Received Master Abort of a bridge's Secondary Status.
  void set_secondary_aborted();

  void reset() { m_registers.reset(); }
  void visit(Archive& archive) { m_registers.visit(archive); }

 private:
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;

  void ats_written(std::uint16_t id, std::uint64_t old, std::uint64_t value, std::uint64_t written);

  FunctionInfo m_info;
  AtsConfig m_ats;
  RegisterFile m_registers;
  const char* m_complaint = nullptr;
  ConfigEffect m_effect = ConfigEffect::None;  // of the write that is being made
};

}  // namespace smmuvp::pcie
