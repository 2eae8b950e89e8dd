// One programming interface: a register bank with its stream table, queues and interrupts (IHI 0070 chapter
// 6).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv3/atc_messages.h"
#include "smmuvp/smmuv3/atos.h"
#include "smmuvp/smmuv3/cmdq_registers.h"
#include "smmuvp/smmuv3/command_queue.h"
#include "smmuvp/smmuv3/control_pages.h"
#include "smmuvp/smmuv3/event_queue.h"
#include "smmuvp/smmuv3/msi_writer.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/prefetch.h"
#include "smmuvp/smmuv3/pri_queue.h"
#include "smmuvp/smmuv3/queue.h"
#include "smmuvp/smmuv3/register_window.h"
#include "smmuvp/smmuv3/registers.h"
#include "smmuvp/smmuv3/speculation.h"

namespace smmuvp::smmuv3 {

/// Edges on the wired outputs since they were last taken.
struct Signals {
  bool eventq = false;
  bool gerror = false;
  bool cmdq_sync = false;
  bool event = false;  ///< wake-up event for WFE (IDR0.SEV)
  bool priq = false;
  bool any() const { return eventq || gerror || cmdq_sync || event || priq; }
};

/// What holds that software has not answered yet, where it has the interrupt on: what a level-sensitive line
/// shows. The architecture has edges only (IHI 0070 3.18), and nothing that answers cmdq_sync.
struct Levels {
  bool eventq = false;  ///< EVENTQ_PROD.WR is not EVENTQ_CONS.RD: there are events to read
  bool gerror = false;  ///< GERROR differs from GERRORN: an error is active
  bool priq = false;    ///< PRIQ_PROD.WR is not PRIQ_CONS.RD: there are page requests to read
};

class ProgrammingInterface : public RegisterBlock, private RegisterObserver {
 public:
  /// @param sec_sid     whose streams it serves
  /// @param non_secure  of a Secure one: the other one, which it may act on
  ProgrammingInterface(const Parts& parts, SecSid sec_sid, ProgrammingInterface* non_secure = nullptr);

  SecSid sec_sid() const { return m_sec_sid; }
  bool secure() const { return m_sec_sid == SecSid::secure; }
  /// The interface that a command with SSec names, of those that this one may act on (4.1.6).
  ProgrammingInterface& named_by(bool SSec) { return SSec || !secure() ? *this : *m_non_secure; }
  /// The Non-secure one: itself, or the one that a Secure one may act on.
  ProgrammingInterface& non_secure() { return secure() ? *m_non_secure : *this; }
  const Parts& parts() const { return m_parts; }

  // ---- software

  /// 4 bytes, or 8 bytes at a 64-bit register, aligned; all others are RAZ/WI, and diagnosed (IHI 0070 6.2).
  void read(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
            std::uint64_t& value) override;
  void write(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
             std::uint64_t value) override;
  void peek(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const override;
  const RegisterFile& registers() const { return m_registers; }
  /// Enhanced Command queues; nullptr: IDR1.ECMDQ, or S_IDR0.ECMDQ, is 0.
  ControlPages* control_pages() { return m_control_pages.get(); }
  const ControlPages* control_pages() const { return m_control_pages.get(); }

  // ---- what accesses go by

  std::uint32_t reg(Reg id) const { return static_cast<std::uint32_t>(m_registers.get(id)); }
  /// By the acknowledged value: a field in transition counts as its old value (6.3.9).
  bool enabled(std::uint32_t cr0_bit) const { return (m_cr0ack & cr0_bit) != 0; }
  /// By CR0.VMW: so many low bits of a VMID make no difference to invalidations (3.17.6).
  unsigned vmid_bits_ignored() const;
  /// What says, beside its words, what a structure or command of this interface means.
  Origin origin() const;
  /// Of its queues, its Stream table and its MSIs (3.10.2.1, 3.18).
  smmu::AddressSpace space() const {
    return secure() ? smmu::AddressSpace::secure : smmu::AddressSpace::non_secure;
  }
  /// Of accesses to its Stream table and its VMSs, of its queues and MSIs (17.4; the table there has no VMS,
  /// which is fetched with the attributes of an STE by 5.6).
  const smmu::MpamLabel& own_mpam() const { return m_own_mpam; }
  /// Of clients that bypass: with SMMUEN 0, or Translated ones with ATSCHK 0 (6.3.43).
  const smmu::MpamLabel& bypass_mpam() const { return m_bypass_mpam; }
  const StreamTable& stream_table() const { return m_stream_table; }
  const pgtable::Attributes& table_attributes() const { return m_table_attributes; }
  EventQueue& events() { return m_events; }
  Stalls& stalls() { return m_events.stalls(); }
  const EventQueue& events() const { return m_events; }
  CommandQueue& commands() { return m_commands; }
  MsiWriter& msis() { return m_msis; }
  Atos& atos() { return m_atos; }
  /// nullptr where there are no address translation operations of one VM.
  Atos* vatos() { return m_vatos ? &*m_vatos : nullptr; }
  Prefetch& prefetch() { return m_prefetch; }
  /// nullptr: there is none (Adversity::speculation).
  Speculation* speculation() { return m_speculation.get(); }
  AtcMessages& atc_messages() { return m_atc_messages; }
  const AtcMessages& atc_messages() const { return m_atc_messages; }
  PriQueue& page_requests() { return m_page_requests; }
  const PriQueue& page_requests() const { return m_page_requests; }

  // ---- what queues go by

  bool wanted(std::uint32_t cr0_bit) const { return (reg(SMMU_CR0) & cr0_bit) != 0; }
  void set(Reg id, std::uint64_t value) { m_registers.set(id, value); }
  const Queue& command_queue() const { return m_cmdq; }
  const Queue& event_queue() const { return m_eventq; }
  const Queue& pri_queue() const { return m_priq; }
  const pgtable::Attributes& command_attributes() const { return m_cmdq_attributes; }
  const pgtable::Attributes& event_attributes() const { return m_eventq_attributes; }
  const pgtable::Attributes& pri_attributes() const { return m_priq_attributes; }
  /// Of accesses to a queue with this BASE register.
  pgtable::Attributes queue_attributes(std::uint64_t BASE) const;
  /// Whether a global error is active: GERROR and GERRORN differ (6.3.19).
  bool active(std::uint32_t gerror_bit) const {
    return ((reg(SMMU_GERROR) ^ reg(SMMU_GERRORN)) & gerror_bit) != 0;
  }
  /// A global error arose at `time`; its interrupt goes out.
  void activate(std::uint32_t gerror_bit, smmu::TimePs time);
  /// The Event queue became non-empty at `time`: its interrupt goes out.
  void interrupt_eventq(smmu::TimePs time);
  /// PRIQ_IRQ_CFG2.LO: only what has Last interrupts, and it always does (6.3.36).
  bool last_only() const { return (reg(SMMU_PRIQ_IRQ_CFG2) & PRIQ_IRQ_CFG2_LO) != 0; }
  /// The PRI queue has something to tell at `time`: its interrupt goes out.
  void interrupt_priq(smmu::TimePs time);
  /// A PRG Response to a device. @param Resp  as in CMD_PRI_RESP
  /// @param queue  the Command queue that says so, see AtcMessage; none: the SMMU itself
  void respond(std::uint32_t StreamID, std::optional<std::uint32_t> SubstreamID, std::uint16_t PRGIndex,
               std::uint8_t Resp, smmu::TimePs time, std::optional<unsigned> queue = {});
  /// Acknowledges in CR0ACK what has become complete by `now`.
  void update_acks(smmu::TimePs now);
  /// The same for IRQ_CTRLACK.
  void update_irq_acks();
  Signals& signals() { return m_signals; }
  Signals take_signals();
  Levels levels() const;

  /// While it is held, in reset or without power, every access is aborted and none recorded, queues stand
  /// still, and no level is high. After reset(), only a state that is loaded meanwhile shows the latter two.
  /// @param why  a text that stays
  void hold(bool held, const char* why);
  bool held() const { return m_held; }
  const char* why_held() const { return m_why_held; }
  void reset();
  /// All but what visit_lookups() has.
  void visit(Archive& archive);
  /// What needs the engine to be there first: atos(), vatos(), prefetch(), stalls(), page_requests().
  void visit_lookups(Archive& archive);

 private:
  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                              std::uint64_t stored) override;
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  void register_write_ignored(std::uint16_t id, std::uint32_t index) override;
  std::uint64_t visible_bits(std::uint16_t id) const;
  bool interrupts(std::uint32_t irq_ctrl_bit) const;
  Msi msi_of(Reg CFG0, Reg CFG1, Reg CFG2) const;
  std::string short_name(std::uint16_t id) const;
  void run(Atos& atos, Reg CTRL);
  bool is_asked() const;
  void refresh();
  void refresh_tbus();
  smmu::MpamLabel mpam_of(Reg id) const;
  /// Of the queue that a register with this id belongs to, if any.
  void trace_level_of(std::uint16_t id);
  void write_mpam(Reg id, std::uint64_t old, std::uint64_t value, std::uint64_t written);
  void update_secure_controls(std::uint32_t before, std::uint32_t after);
  void prohibit_stalls(bool prohibited);
  void invalidate_all();

  Parts m_parts;
  SecSid m_sec_sid;
  ProgrammingInterface* m_non_secure;              // of a Secure one
  const ProgrammingInterface* m_secure = nullptr;  // of a Non-secure one, if there is one
  RegisterFile m_registers;
  EventQueue m_events;
  CmdqRegisters m_cmdq_registers;
  CommandQueue m_commands;
  std::unique_ptr<ControlPages> m_control_pages;
  MsiWriter m_msis;
  Atos m_atos;
  std::optional<Atos> m_vatos;
  Prefetch m_prefetch;
  std::unique_ptr<Speculation> m_speculation;
  AtcMessages m_atc_messages;
  PriQueue m_page_requests;

  // Copies of registers in the form that accesses and queues need; refresh() makes them.
  std::uint32_t m_cr0ack = 0;
  StreamTable m_stream_table;
  pgtable::Attributes m_table_attributes;
  pgtable::Attributes m_cmdq_attributes;
  pgtable::Attributes m_eventq_attributes;
  pgtable::Attributes m_priq_attributes;
  smmu::MpamLabel m_own_mpam;
  smmu::MpamLabel m_bypass_mpam;
  Queue m_cmdq;
  Queue m_eventq;
  Queue m_priq;
  bool m_stalls_prohibited = false;  // of a Non-secure one: S_CR0.NSSTALLD
  Signals m_signals;
  smmu::TimePs m_written_at = 0;  // the time of the write that is being carried out
  bool m_held = false;            // not saved: it follows a line
  const char* m_why_held = "";
};

}  // namespace smmuvp::smmuv3
