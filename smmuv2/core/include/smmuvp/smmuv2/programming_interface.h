// The registers of an SMMUv2, and what they do (IHI 0062 chapters 8 to 13, 16, 17).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv2/address_translation.h"
#include "smmuvp/smmuv2/context.h"
#include "smmuvp/smmuv2/faults.h"
#include "smmuvp/smmuv2/maintenance.h"
#include "smmuvp/smmuv2/parts.h"
#include "smmuvp/smmuv2/performance_monitors.h"
#include "smmuvp/smmuv2/registers.h"
#include "smmuvp/smmuv2/stalls.h"
#include "smmuvp/smmuv2/stream_map.h"

namespace smmuvp::smmuv2 {

/// What a configuration access is marked as, for the syndrome of its fault (9.6.17).
struct AccessMarks {
  bool privileged = false;
  bool instruction = false;
};

class ProgrammingInterface : private RegisterObserver {
 public:
  explicit ProgrammingInterface(const Parts& parts);

  // ---- software

  /// 4 bytes, or 8 at a 64-bit register, aligned; others are RAZ/WI, and diagnosed (9.1, 16.1).
  /// @return false: the access is terminated with an error (a configuration access fault, 3.9)
  bool read(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
            std::uint64_t& value, const AccessMarks& marks = {});
  bool write(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
             std::uint64_t value, const AccessMarks& marks = {});
  /// A debugger's read, without side effects.
  void peek(std::uint32_t offset, unsigned bytes, AccessSecurity security, std::uint64_t& value) const;
  const RegisterFile& registers() const { return m_registers; }
  /// Gives a register, of Banked ones the Non-secure copy, a value out of a saved state: no policy, no side
  /// effect.
  void restore(Reg id, unsigned index, std::uint64_t value);

  // ---- what accesses go by

  std::uint32_t reg(Reg id, unsigned index = 0) const {
    return static_cast<std::uint32_t>(m_registers.get(id, index));
  }
  std::uint32_t CR0(bool secure) const {
    return static_cast<std::uint32_t>(
        m_registers.get(SMMU_sCR0, 0, secure ? AccessSecurity::Secure : AccessSecurity::NonSecure));
  }
  const StreamMap& streams();
  /// Of an initial bank, which may not exist. Good until the next register write.
  const Context& context(unsigned bank, bool secure);
  /// Whether the bank holds or kills what comes, whether or not it would fault: its FSR has a fault, and
  /// HUPCF is 0 (3.7.3).
  bool blocks(unsigned bank) const;
  /// With GSE, a bank that has a stalled transaction, for which all others wait (3.7.5).
  std::optional<unsigned> global_stall(bool secure) const;
  /// What becomes of a fault that is found in a bank now (3.7.2, 3.7.3).
  FaultFate fate(unsigned bank) const;
  /// Of one in a bank that holds none.
  FaultFate first_fate(unsigned bank) const;
  /// Whether faults of a bank stall (3.7.3, InTerminateMode).
  bool stalls_at(unsigned bank) const;
  /// Whether sCR0.STALLD of either Security state keeps a bank from stalling.
  bool stalls_disabled(unsigned bank) const;
  /// SSDRn (13.1)
  bool ssd_secure(std::uint32_t SSD_Index) const;
  Banks banks() const { return {m_registers, m_parts.features}; }
  Faults& faults() { return m_faults; }
  const Faults& faults() const { return m_faults; }
  Stalls& stalls() { return m_stalls; }
  const Stalls& stalls() const { return m_stalls; }
  Maintenance& maintenance() { return m_maintenance; }
  /// nullptr: there is none (Adversity::speculation, Adversity::invalidation_delay).
  Speculation* speculation() { return m_speculation.get(); }
  LateMaintenance* late_maintenance() { return m_late.get(); }
  AddressTranslation& address_translation() { return m_address_translation; }
  PerformanceMonitors& monitors() { return m_monitors; }
  /// A TBU keeps something that the next change of configuration has to take away.
  void kept() { m_kept = true; }
  /// A fault of the bank has been recorded: what it holds or kills from now on, and what GSE holds, no TBU
  /// lets go on (3.7.3, 3.7.5).
  void hold_back(unsigned bank);

  /// While it is held, in reset or without power, every access is aborted. @param why  a text that stays
  void hold(bool held, const char* why) {
    m_held = held;
    m_why_held = why;
  }
  const char* why_held() const { return m_why_held; }
  bool held() const { return m_held; }
  void reset();
  void visit(Archive& archive);
  /// After Engine::visit(), whose generations it needs.
  void visit_stalls(Archive& archive) {
    m_stalls.visit(archive);
    m_address_translation.visit(archive);
    if (m_speculation) m_speculation->visit(archive);
  }

 private:
  enum class Permission : std::uint8_t { allowed, raz_wi, faults };

  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                              std::uint64_t stored) override;
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  std::uint64_t shown(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                      std::uint64_t stored) const;
  std::uint64_t id_register(std::uint16_t id, AccessSecurity security, std::uint64_t stored) const;
  bool in_format(Reg id, unsigned bank) const;
  /// Of the stage 2 format, and AArch32 (17.3.8).
  bool is_stage2_32(unsigned bank) const;
  /// Whether there is anything at an offset but a bus error.
  bool answers(std::uint32_t offset) const;
  AccessSecurity taken_as(AccessSecurity security) const;
  bool legal_access(std::uint32_t offset, unsigned bytes, bool write);
  Permission permission(std::uint32_t offset, AccessSecurity security) const;
  bool configuration_fault(std::uint32_t offset, bool write, AccessSecurity security,
                           const AccessMarks& marks);
  bool bank_written(Reg id, std::uint32_t bank, std::uint64_t old, std::uint64_t value,
                    std::uint64_t written);
  void global_written(Reg id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                      std::uint64_t value, std::uint64_t written);
  bool mmu500_locked() const;
  void configuration_changed();

  Parts m_parts;
  RegisterFile m_registers;
  Faults m_faults;
  Stalls m_stalls;
  std::unique_ptr<Speculation> m_speculation;
  std::unique_ptr<LateMaintenance> m_late;
  Maintenance m_maintenance;
  AddressTranslation m_address_translation;
  PerformanceMonitors m_monitors;
  StreamMap m_streams;
  bool m_streams_old = true;
  struct Decoded {
    std::uint64_t epoch = 0;
    Context context;
  };
  std::vector<Decoded> m_contexts;  // by bank and Security state
  Context m_other;                  // of a bank that does not exist
  std::uint64_t m_epoch = 1;
  bool m_kept = false;
  smmu::TimePs m_now = 0;                               // of the access that is being carried out
  AccessSecurity m_reader = AccessSecurity::NonSecure;  // likewise
  bool m_held = false;                                  // not saved: it follows a line
  const char* m_why_held = "";
};

}  // namespace smmuvp::smmuv2
