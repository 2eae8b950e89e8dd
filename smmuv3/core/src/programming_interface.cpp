// What registers do beyond storing values.
#include <optional>
#include <string>
#include <string_view>

#include "smmuvp/base/number_text.h"
#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/attributes.h"
#include "smmuvp/smmuv3/mpam.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/register_access.h"
#include "smmuvp/smmuv3/register_fields.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr unsigned most_vmid_bits = 4;  // 6.3.9: larger values of VMW are Reserved, and behave as 0

pgtable::Attributes structure_attributes(std::uint32_t CR1, unsigned at) {
  const auto two = [CR1](unsigned bit) { return static_cast<std::uint8_t>((CR1 >> bit) & 3U); };
  // *_IC and *_OC: 0b11 is treated as 0b00, Non-cacheable (6.3.11).
  return pgtable::structure_attributes(
      {two(at), two(at + 2), static_cast<pgtable::Shareability>(two(at + 4))}, 0b0100);
}

// RA of what the SMMU reads and WA of what it writes are hints for cacheable types only (6.3.11).
pgtable::Attributes hinted(pgtable::Attributes a, std::uint64_t BASE) {
  const bool allocate = (BASE & BASE_hint) != 0;
  a.memory = smmu::with_hints(
      a.memory, allocate ? smmu::hint_read_allocate | smmu::hint_write_allocate : std::uint8_t{0});
  return a;
}

// 6.3.24 to 6.3.26, 6.3.29, 6.3.33: a table or queue that is not as it has to be is used as though it were.
// Told when it is enabled: before, software may still be writing.
void report_places(const ProgrammingInterface& interface, const Parts& parts, std::uint32_t enabled_now) {
  const RegisterFile& registers = interface.registers();
  const auto report = [&](Reg id, const char* site, const std::string& text) {
    parts.diag.guest_error(site, registers.info(id).name + text, registers.info(id).clause);
  };
  const auto report_base = [&](Reg id, const char* site, std::uint64_t base) {
    const std::uint64_t ADDR = registers.get(id) & low_bits(56) & ~low_bits(5);
    if (ADDR == base) return;
    report(id, site,
           ".ADDR is " + number_text(ADDR, Notation::Hexadecimal) +
               ", which is not aligned to the size of what it leads to; " +
               number_text(base, Notation::Hexadecimal) + " is used. Align it, or check the size");
  };
  const auto report_size = [&](Reg id, const char* site, const char* most_name, std::uint8_t most) {
    const std::uint64_t LOG2SIZE = registers.get(id) & low_bits(5);
    if (LOG2SIZE <= most) return;
    report(id, site,
           ".LOG2SIZE is " + std::to_string(LOG2SIZE) + ", and " + most_name + " is " + std::to_string(most) +
               ", which is used");
  };
  if ((enabled_now & CR0_SMMUEN) != 0) {
    const StreamTable& table = interface.stream_table();
    const std::uint32_t CFG = interface.reg(SMMU_STRTAB_BASE_CFG);
    report_base(SMMU_STRTAB_BASE, "STRTAB_BASE.ADDR", table.base);
    if (get(CFG, STRTAB_BASE_CFG_FMT) > 1) {
      report(SMMU_STRTAB_BASE_CFG, "STRTAB_BASE_CFG.FMT", ".FMT is Reserved; the table is a linear one");
    }
    if (table.two_level && get(CFG, STRTAB_BASE_CFG_SPLIT) != table.SPLIT) {
      report(SMMU_STRTAB_BASE_CFG, "STRTAB_BASE_CFG.SPLIT", ".SPLIT is Reserved; 6 is used");
    }
  }
  if ((enabled_now & CR0_CMDQEN) != 0) {
    report_size(SMMU_CMDQ_BASE, "CMDQ_BASE.LOG2SIZE", "IDR1.CMDQS", parts.features.CMDQS);
    report_base(SMMU_CMDQ_BASE, "CMDQ_BASE.ADDR", interface.command_queue().base);
  }
  if ((enabled_now & CR0_EVENTQEN) != 0) {
    report_size(SMMU_EVENTQ_BASE, "EVENTQ_BASE.LOG2SIZE", "IDR1.EVENTQS", parts.features.EVENTQS);
    report_base(SMMU_EVENTQ_BASE, "EVENTQ_BASE.ADDR", interface.event_queue().base);
  }
  if ((enabled_now & CR0_PRIQEN) != 0) {
    report_size(SMMU_PRIQ_BASE, "PRIQ_BASE.LOG2SIZE", "IDR1.PRIQS", parts.features.PRIQS);
    report_base(SMMU_PRIQ_BASE, "PRIQ_BASE.ADDR", interface.pri_queue().base);
  }
}

}  // namespace

ProgrammingInterface::ProgrammingInterface(const Parts& parts, SecSid sec_sid,
                                           ProgrammingInterface* non_secure)
    : m_parts(parts),
      m_sec_sid(sec_sid),
      m_non_secure(non_secure),
      m_registers(register_table(parts.features, sec_sid), *this),
      m_events(parts, *this),
      m_cmdq_registers(*this),
      m_commands(parts, *this, m_cmdq_registers),
      m_msis(parts, *this, 1 + parts.features.ecmdqs(sec_sid).queues()),
      m_atos(parts, *this, GATOS),
      m_prefetch(parts, *this),
      m_atc_messages(parts, *this, 1 + parts.features.ecmdqs(sec_sid).queues()),
      m_page_requests(parts, *this) {
  if (parts.features.has_vatos(sec_sid)) m_vatos.emplace(parts, *this, VATOS);
  if (parts.structures.adversity.speculation != 0)
    m_speculation = std::make_unique<Speculation>(parts, *this);
  if (secure()) m_non_secure->m_secure = this;
  refresh();
  refresh_tbus();
  if (parts.features.ecmdqs(sec_sid).ECMDQ) m_control_pages = std::make_unique<ControlPages>(parts, *this);
}

pgtable::Attributes ProgrammingInterface::queue_attributes(std::uint64_t BASE) const {
  return hinted(structure_attributes(reg(SMMU_CR1), 0), BASE);
}

void ProgrammingInterface::refresh() {
  const bool was_enabled = enabled(CR0_SMMUEN);
  m_cr0ack = reg(SMMU_CR0ACK);
  if (enabled(CR0_SMMUEN) != was_enabled) refresh_tbus();
  m_stream_table = StreamTable::from_registers(m_registers.get(SMMU_STRTAB_BASE), reg(SMMU_STRTAB_BASE_CFG),
                                               m_parts.features, m_sec_sid);
  m_table_attributes = hinted(structure_attributes(reg(SMMU_CR1), 6), m_registers.get(SMMU_STRTAB_BASE));
  m_cmdq_attributes = queue_attributes(m_registers.get(SMMU_CMDQ_BASE));
  m_eventq_attributes = queue_attributes(m_registers.get(SMMU_EVENTQ_BASE));
  m_cmdq = Queue::from_register(m_registers.get(SMMU_CMDQ_BASE), m_parts.features.CMDQS, 16);
  m_eventq = Queue::from_register(m_registers.get(SMMU_EVENTQ_BASE), m_parts.features.EVENTQS, 32);
  m_own_mpam = mpam_of(SMMU_GMPAM);
  m_bypass_mpam = mpam_of(SMMU_GBPMPAM);
  if (m_sec_sid == SecSid::secure) return;  // 3.10: it has no PRI queue
  m_priq_attributes = queue_attributes(m_registers.get(SMMU_PRIQ_BASE));
  m_priq = Queue::from_register(m_registers.get(SMMU_PRIQ_BASE), m_parts.features.PRIQS, 16);
}

void ProgrammingInterface::read(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                smmu::TimePs now, std::uint64_t& value) {
  value = 0;
  if (!legal_register_access(m_registers, m_parts.diag, offset, bytes, false, 0, "IHI 0070 6.2")) return;
  m_registers.read(offset, bytes, security, value);
  if (m_parts.tracer.on())
    m_parts.tracer.emit(now, smmu::trace_register_read, m_registers.name_at(offset), value);
}

void ProgrammingInterface::write(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                 smmu::TimePs now, std::uint64_t value) {
  if (!legal_register_access(m_registers, m_parts.diag, offset, bytes, true, value, "IHI 0070 6.2")) return;
  m_written_at = now;
  if (m_parts.tracer.on())
    m_parts.tracer.emit(now, smmu::trace_register_write, m_registers.name_at(offset), value);
  m_registers.write(offset, bytes, security, value);
}

void ProgrammingInterface::trace_level_of(std::uint16_t id) {
  switch (id) {
    case SMMU_CMDQ_BASE:
    case SMMU_CMDQ_PROD:
    case SMMU_CMDQ_CONS:
      return m_commands.trace_level(m_written_at);
    case SMMU_EVENTQ_BASE:
    case SMMU_EVENTQ_PROD:
    case SMMU_EVENTQ_CONS:
      return m_events.trace_level(m_written_at);
    case SMMU_PRIQ_BASE:
    case SMMU_PRIQ_PROD:
    case SMMU_PRIQ_CONS:
      return m_page_requests.trace_level(m_written_at);
    default:
      return;
  }
}

void ProgrammingInterface::peek(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const {
  m_registers.peek(offset, bytes,
                   m_sec_sid == SecSid::secure ? AccessSecurity::Secure : AccessSecurity::NonSecure, value);
  for (const Reg id :
       {SMMU_CMDQ_PROD, SMMU_CMDQ_CONS, SMMU_EVENTQ_PROD, SMMU_EVENTQ_CONS, SMMU_PRIQ_PROD, SMMU_PRIQ_CONS}) {
    if (m_sec_sid == SecSid::secure && (id == SMMU_PRIQ_PROD || id == SMMU_PRIQ_CONS)) continue;
    const RegisterInfo& info = m_registers.info(id);
    if (offset >= info.offset + info.bytes || info.offset >= offset + bytes) continue;
    const std::uint64_t hidden = ~visible_bits(id) & 0xffff'ffffU;
    value &= ~(info.offset >= offset ? hidden << (8 * (info.offset - offset))
                                     : hidden >> (8 * (offset - info.offset)));
  }
}

/// What reads give of the stored value.
std::uint64_t ProgrammingInterface::visible_bits(std::uint16_t id) const {
  switch (id) {  // bits above the wrap bit are RAZ (6.3.28)
    case SMMU_CMDQ_PROD:
      return m_cmdq.index_mask();
    case SMMU_CMDQ_CONS:
      return m_cmdq.index_mask() | 0x7f00'0000U;
    case SMMU_EVENTQ_PROD:
    case SMMU_EVENTQ_CONS:
      return m_eventq.index_mask() | EVENTQ_OVFLG;
    case SMMU_PRIQ_PROD:
    case SMMU_PRIQ_CONS:
      return m_priq.index_mask() | QUEUE_OVFLG;
    default:
      return ~std::uint64_t{0};
  }
}

std::uint64_t ProgrammingInterface::register_read(std::uint16_t id, std::uint32_t, AccessSecurity,
                                                  std::uint64_t stored) {
  return stored & visible_bits(id);
}

void ProgrammingInterface::register_written(std::uint16_t id, std::uint32_t, AccessSecurity,
                                            std::uint64_t old, std::uint64_t value, std::uint64_t written,
                                            std::uint64_t) {
  switch (id) {
    case SMMU_CR0:
      if (((old ^ value) & CR0_VMW) != 0 && (value & CR0_VMW) >> CR0_VMW_shift > most_vmid_bits) {
        const std::string field = short_name(SMMU_CR0) + ".VMW";
        m_parts.diag.guest_error(field, field + " is Reserved; VMIDs are matched exactly, as with 0",
                                 m_registers.info(SMMU_CR0).clause);
      }
      report_places(*this, m_parts, static_cast<std::uint32_t>(value & ~old));
      update_acks(m_written_at);
      break;
    case SMMU_CR1: {
      // 6.3.11: TABLE_* are guarded by SMMUEN, QUEUE_* by all queue enables.
      std::uint64_t keep = 0;
      if (((m_cr0ack | reg(SMMU_CR0)) & CR0_SMMUEN) != 0) keep |= CR1_TABLE;
      if (((m_cr0ack | reg(SMMU_CR0)) & (CR0_CMDQEN | CR0_EVENTQEN | CR0_PRIQEN)) != 0) keep |= CR1_QUEUE;
      if (m_control_pages && m_control_pages->any_active()) keep |= CR1_QUEUE;  // 3.5.6.1
      if (((old ^ value) & keep) != 0) {
        m_parts.diag.guest_error("CR1.guard", "a change of CR1 fields that an enable bit guards is ignored",
                                 "IHI 0070 6.3.11");
      }
      m_registers.set(SMMU_CR1, (value & ~keep) | (old & keep));
      refresh();
      break;
    }
    case SMMU_GBPA:
      // 6.3.14.1: only a write that sets Update counts. It takes effect at once, so Update reads as 0.
      if ((written & GBPA_Update) == 0) {
        m_parts.diag.guest_error("GBPA.Update", "a write of GBPA without Update is ignored",
                                 "IHI 0070 6.3.14.1");
        m_registers.set(SMMU_GBPA, old);
      } else {
        m_registers.set(SMMU_GBPA, value & ~std::uint64_t{GBPA_Update});
        refresh_tbus();
      }
      break;
    case SMMU_GMPAM:
    case SMMU_GBPMPAM:
      write_mpam(static_cast<Reg>(id), old, value, written);
      break;
    case SMMU_S_INIT:
      m_registers.set(SMMU_S_INIT, 0);  // complete at once
      if ((value & S_INIT_INV_ALL) != 0) invalidate_all();
      break;
    case SMMU_IRQ_CTRL:
      update_irq_acks();
      // 6.3.16: once the acknowledgement says 0, no edge of the source becomes visible.
      if ((value & IRQ_CTRL_EVENTQ_IRQEN) == 0) m_signals.eventq = false;
      if ((value & IRQ_CTRL_GERROR_IRQEN) == 0) m_signals.gerror = false;
      if ((value & IRQ_CTRL_PRIQ_IRQEN) == 0) m_signals.priq = false;
      break;
    case SMMU_GERRORN: {
      const std::uint64_t toggled = old ^ value;
      if ((toggled & ~(reg(SMMU_GERROR) ^ old)) != 0) {
        m_parts.diag.guest_error("GERRORN.inactive", "GERRORN toggles the bit of an error that is not active",
                                 "IHI 0070 6.3.20");
      }
      break;
    }
    case SMMU_STRTAB_BASE_CFG:
      if (m_parts.features.ST_LEVEL == 0 && get(written, STRTAB_BASE_CFG_FMT) != 0) {
        m_parts.diag.guest_error(
            "STRTAB_BASE_CFG.FMT",
            "STRTAB_BASE_CFG.FMT is RES0 with IDR0.ST_LEVEL 0; the table is a linear one", "IHI 0070 6.3.25");
      }
      refresh();
      break;
    case SMMU_STRTAB_BASE:
    case SMMU_CMDQ_BASE:
    case SMMU_EVENTQ_BASE:
    case SMMU_PRIQ_BASE:
      refresh();
      break;
    case SMMU_GATOS_CTRL:
      if ((value & GATOS_CTRL_RUN) != 0) run(m_atos, SMMU_GATOS_CTRL);
      break;
    case SMMU_VATOS_CTRL:
      if ((value & GATOS_CTRL_RUN) != 0) run(*m_vatos, SMMU_VATOS_CTRL);
      break;
    case SMMU_CMDQ_PROD:
      m_registers.set(SMMU_CMDQ_PROD, value & visible_bits(id));  // RES0 bits stay 0 in a larger queue
      if (enabled(CR0_CMDQEN) && !m_cmdq.consistent(reg(SMMU_CMDQ_PROD), reg(SMMU_CMDQ_CONS))) {
        m_parts.diag.guest_error("CMDQ_PROD.inconsistent",
                                 "more commands are ready than the queue has entries; none is consumed",
                                 "IHI 0070 3.5.1");
      }
      break;
    case SMMU_CMDQ_CONS:
    case SMMU_EVENTQ_PROD:
    case SMMU_PRIQ_PROD:
      m_registers.set(static_cast<Reg>(id), value & visible_bits(id));
      break;
    case SMMU_EVENTQ_CONS:
      m_registers.set(SMMU_EVENTQ_CONS, value & visible_bits(id));
      if (enabled(CR0_EVENTQEN) && !m_eventq.consistent(reg(SMMU_EVENTQ_PROD), reg(SMMU_EVENTQ_CONS))) {
        m_parts.diag.guest_error(
            "EVENTQ_CONS.inconsistent",
            "EVENTQ_CONS is not between the oldest event and EVENTQ_PROD; the queue counts as full",
            "IHI 0070 3.5.1");
      }
      break;
    case SMMU_PRIQ_CONS:
      m_registers.set(SMMU_PRIQ_CONS, value & visible_bits(id));
      if (enabled(CR0_PRIQEN) && !m_priq.consistent(reg(SMMU_PRIQ_PROD), reg(SMMU_PRIQ_CONS))) {
        m_parts.diag.guest_error("PRIQ_CONS.inconsistent",
                                 "PRIQ_CONS is not between the oldest page request and PRIQ_PROD; the queue "
                                 "counts as full",
                                 "IHI 0070 3.5.1");
      }
      break;
    default:
      break;
  }
  if (m_parts.tracer.on()) trace_level_of(id);
}

smmu::MpamLabel ProgrammingInterface::mpam_of(Reg id) const {
  const std::uint32_t value = reg(id);
  const MpamSpace space = MpamSpace::of(m_parts.features, m_sec_sid, (value & GMPAM_MPAM_NS) != 0);
  return space.label(static_cast<std::uint16_t>(value), static_cast<std::uint8_t>(value >> GMPAM_PMG_shift));
}

// 6.3.42, 6.3.43: as of GBPA, only a write that sets Update counts. It takes effect at once.
void ProgrammingInterface::write_mpam(Reg id, std::uint64_t old, std::uint64_t value, std::uint64_t written) {
  if (!m_parts.features.MPAM) return;
  const std::string name = short_name(id);
  const char* clause = m_registers.info(id).clause;
  if ((written & GMPAM_Update) == 0) {
    m_parts.diag.guest_error(name + ".Update", "a write of " + name + " without Update is ignored", clause);
    m_registers.set(id, old);
    return;
  }
  const bool MPAM_NS = (value & GMPAM_MPAM_NS) != 0;
  const MpamSpace space = MpamSpace::of(m_parts.features, m_sec_sid, MPAM_NS);
  const std::uint64_t PARTID = value & mpam_bits(space.PARTID_MAX);
  const std::uint64_t PMG = value >> GMPAM_PMG_shift & mpam_bits(space.PMG_MAX);
  if (PARTID > space.PARTID_MAX || PMG > space.PMG_MAX) {
    m_parts.diag.guest_error(
        name + ".max",
        name + " has a PARTID or PMG that is greater than " + short_name(SMMU_MPAMIDR) + " says; 0 is used",
        clause);
  }
  m_registers.set(id, (MPAM_NS ? GMPAM_MPAM_NS : 0U) | PMG << GMPAM_PMG_shift | PARTID);
  refresh();
  refresh_tbus();
}

void ProgrammingInterface::register_write_ignored(std::uint16_t id, std::uint32_t) {
  const RegisterInfo& info = m_registers.info(id);
  const std::string why = info.guard == SMMU_CR0ACK        ? "CR0 enables what it configures"
                          : info.guard == SMMU_IRQ_CTRLACK ? "IRQ_CTRL enables what it configures"
                                                           : short_name(info.guard) + ".RUN is 1";
  m_parts.diag.guest_error(std::string(info.name) + ".guard",
                           std::string("a write of ") + info.name + " is ignored while " + why, info.clause);
}

// "GATOS_CTRL", "S_CR0".
std::string ProgrammingInterface::short_name(std::uint16_t id) const {
  return std::string(m_registers.info(id).name).substr(std::string_view("SMMU_").size());
}

// Software has set RUN of a group. 6.3.37: ignored from SMMUv3.2 on, and permitted to be before
void ProgrammingInterface::run(Atos& atos, Reg CTRL) {
  if (enabled(CR0_SMMUEN) && wanted(CR0_SMMUEN)) return atos.start(m_written_at);
  m_registers.set(CTRL, 0);
  const std::string name = short_name(CTRL);
  m_parts.diag.guest_error(name + ".SMMUEN",
                           name + ".RUN is set while " + short_name(SMMU_CR0) + ".SMMUEN is 0; it is ignored",
                           m_registers.info(CTRL).clause);
}

// Whether an address translation operation is under way: by its own registers, or one of Secure software that
// asks of Non-secure streams.
bool ProgrammingInterface::is_asked() const {
  return m_atos.running() || (m_vatos && m_vatos->running()) ||
         (m_secure != nullptr && m_secure->m_atos.asks(*this));
}

// 6.3.9: each bit is acknowledged when its Update is complete.
void ProgrammingInterface::update_acks(smmu::TimePs now) {
  const std::uint32_t wanted = reg(SMMU_CR0) & cr0_fields(m_parts.features, m_sec_sid);
  const std::uint32_t before = m_cr0ack;
  // Updates of the others are complete at once: whatever invalidates looks VMW up when it does (6.3.9.1), and
  // no cache keeps ATSCHK (6.3.9.2); SIF and NSSTALLD have no side effects to wait for (6.3.57.1, 6.3.57.2)
  std::uint32_t after = wanted | (before & (CR0_implemented | CR0_PRIQEN));
  // 6.3.37, 6.3.9.6: when an address translation operation is over, and a prefetch has stopped; 6.3.9.5: when
  // page requests that came before are in the queue
  const bool looks_up = m_prefetch.running() || (m_speculation && m_speculation->running());
  if ((wanted & CR0_SMMUEN) == 0 && !is_asked() && !looks_up && !m_page_requests.committed()) {
    after &= ~CR0_SMMUEN;
  }
  if ((wanted & CR0_PRIQEN) == 0 && !m_page_requests.committed()) after &= ~CR0_PRIQEN;
  // 6.3.9.4: when committed records are visible
  if ((wanted & CR0_EVENTQEN) == 0 && m_events.empty()) {
    after &= ~CR0_EVENTQEN;
  }
  // 6.3.9.3: when commands in progress are consumed, and reads are complete
  if ((wanted & CR0_CMDQEN) == 0 && !m_commands.busy()) after &= ~CR0_CMDQEN;
  if (after == before) return;
  // No cache is filled while SMMUEN is 0, nor by walks that began before it changed (6.3.9.6).
  if (((before ^ after) & CR0_SMMUEN) != 0) m_parts.engine.overtake();
  if ((before & ~after & CR0_SMMUEN) != 0) m_events.stalls().terminate_all(now);  // 6.3.9.6
  m_registers.set(SMMU_CR0ACK, after);
  refresh();
  update_secure_controls(before, after);
}

// 6.3.57.2: a change of SIF is visible after a TLB invalidation, so that no configuration cache may keep the
// one of before.
void ProgrammingInterface::update_secure_controls(std::uint32_t before, std::uint32_t after) {
  if (!secure()) return;
  if (((before ^ after) & CR0_SIF) != 0) {
    m_parts.engine.overtake();
    m_parts.configs.clear();
  }
  m_non_secure->prohibit_stalls((after & CR0_NSSTALLD) != 0);
}

// 3.12, 6.3.1: IDR0.STALL_MODEL says so. What configuration caches hold stays as it is (6.3.57.1).
void ProgrammingInterface::prohibit_stalls(bool prohibited) {
  m_stalls_prohibited = prohibited;
  Features f = m_parts.features;
  f.STALL_MODEL = static_cast<std::uint8_t>(Origin{m_sec_sid, false, false, prohibited}.stall_model(f));
  m_registers.set(SMMU_IDR0, id_registers(f).IDR0);
}

Origin ProgrammingInterface::origin() const {
  Origin o;
  o.sec_sid = m_sec_sid;
  o.E2H = (reg(SMMU_CR2) & CR2_E2H) != 0;
  o.SIF = enabled(CR0_SIF);
  o.NSSTALLD = secure() ? enabled(CR0_NSSTALLD) : m_stalls_prohibited;
  return o;
}

// 6.3.62: all caches, of both Security states. With an SMMUEN 1 it is CONSTRAINED UNPREDICTABLE, and done.
void ProgrammingInterface::invalidate_all() {
  if (enabled(CR0_SMMUEN) || m_non_secure->enabled(CR0_SMMUEN)) {
    m_parts.diag.guest_error("S_INIT.SMMUEN", "S_INIT.INV_ALL is set while S_CR0.SMMUEN or CR0.SMMUEN is 1",
                             "IHI 0070 6.3.62");
  }
  m_parts.configs.clear();
  m_non_secure->m_parts.configs.clear();
  m_parts.engine.invalidate({}, "S_INIT.INV_ALL", m_written_at);
  m_parts.engine.forget_answers(0, 0);
}

// 6.3.16: an enable is acknowledged at once, the lack of it when the MSIs of before are complete.
void ProgrammingInterface::update_irq_acks() {
  const std::uint32_t wanted = reg(SMMU_IRQ_CTRL);
  std::uint32_t incomplete = 0;
  if (m_msis.incomplete(MsiSource::eventq)) incomplete |= IRQ_CTRL_EVENTQ_IRQEN;
  if (m_msis.incomplete(MsiSource::gerror)) incomplete |= IRQ_CTRL_GERROR_IRQEN;
  if (m_msis.incomplete(MsiSource::priq)) incomplete |= IRQ_CTRL_PRIQ_IRQEN;
  m_registers.set(SMMU_IRQ_CTRLACK, wanted | (reg(SMMU_IRQ_CTRLACK) & incomplete));
}

// What happens while a source is being disabled is not told: else that might never be complete.
bool ProgrammingInterface::interrupts(std::uint32_t irq_ctrl_bit) const {
  return (reg(SMMU_IRQ_CTRL) & reg(SMMU_IRQ_CTRLACK) & irq_ctrl_bit) != 0;
}

Msi ProgrammingInterface::msi_of(Reg CFG0, Reg CFG1, Reg CFG2) const {
  const std::uint32_t attributes = reg(CFG2);
  return {m_registers.get(CFG0), reg(CFG1), static_cast<std::uint8_t>(attributes & 0xfU),
          static_cast<std::uint8_t>(attributes >> 4U & 3U)};
}

void ProgrammingInterface::activate(std::uint32_t gerror_bit, smmu::TimePs time) {
  if (active(gerror_bit)) return;  // 6.3.19: a bit is not toggled while its error is active
  m_registers.set(SMMU_GERROR, reg(SMMU_GERROR) ^ gerror_bit);
  // 7.5.1: another to the same address might be aborted as well
  if (gerror_bit == GERROR_MSI_GERROR_ABT_ERR || !interrupts(IRQ_CTRL_GERROR_IRQEN)) return;
  m_signals.gerror = true;
  m_msis.send(MsiSource::gerror, msi_of(SMMU_GERROR_IRQ_CFG0, SMMU_GERROR_IRQ_CFG1, SMMU_GERROR_IRQ_CFG2),
              time);
}

void ProgrammingInterface::interrupt_eventq(smmu::TimePs time) {
  if (!interrupts(IRQ_CTRL_EVENTQ_IRQEN)) return;
  m_signals.eventq = true;
  m_msis.send(MsiSource::eventq, msi_of(SMMU_EVENTQ_IRQ_CFG0, SMMU_EVENTQ_IRQ_CFG1, SMMU_EVENTQ_IRQ_CFG2),
              time);
}

void ProgrammingInterface::interrupt_priq(smmu::TimePs time) {
  if (!interrupts(IRQ_CTRL_PRIQ_IRQEN)) return;
  m_signals.priq = true;
  m_msis.send(MsiSource::priq, msi_of(SMMU_PRIQ_IRQ_CFG0, SMMU_PRIQ_IRQ_CFG1, SMMU_PRIQ_IRQ_CFG2), time);
}

void ProgrammingInterface::respond(std::uint32_t StreamID, std::optional<std::uint32_t> SubstreamID,
                                   std::uint16_t PRGIndex, std::uint8_t Resp, smmu::TimePs time,
                                   std::optional<unsigned> queue) {
  AtcMessage message;
  message.kind = AtcMessage::Kind::page_response;
  message.StreamID = StreamID;
  message.SSV = SubstreamID.has_value();
  message.SubstreamID = SubstreamID.value_or(0);
  message.PRGI = PRGIndex;
  message.response = Resp == RESP_Success          ? AtcMessage::Response::success
                     : Resp == RESP_InvalidRequest ? AtcMessage::Response::invalid_request
                                                   : AtcMessage::Response::failure;
  message.time = time;
  message.queue = static_cast<std::uint16_t>(queue.value_or(0));
  message.own = !queue;
  m_atc_messages.send(message);
}

// What TBUs do by themselves. 6.3.9.6, 6.3.14: with SMMUEN == 0, GBPA says how accesses pass.
// A Secure stream has nothing that its TBU does by itself.
void ProgrammingInterface::refresh_tbus() {
  if (secure()) return;
  smmu::Engine& engine = m_parts.engine;
  const std::uint32_t GBPA = reg(SMMU_GBPA);
  if (!m_held && enabled(CR0_SMMUEN)) {
    engine.open_tbus();
  } else if (m_held || (GBPA & GBPA_ABORT) != 0) {
    engine.close_tbus();
  } else {
    smmu::FinishedAnswer answer =
        bypass_answer(Overrides::from_gbpa(GBPA, m_parts.features), smmu::default_attributes);
    answer.mpam = m_bypass_mpam;
    engine.close_tbus(answer, m_parts.features.OAS);
  }
}

unsigned ProgrammingInterface::vmid_bits_ignored() const {
  const unsigned VMW = (m_cr0ack & cr0_fields(m_parts.features, m_sec_sid) & CR0_VMW) >> CR0_VMW_shift;
  return VMW > most_vmid_bits ? 0 : VMW;
}

Signals ProgrammingInterface::take_signals() {
  const Signals s = m_signals;
  m_signals = {};
  return s;
}

Levels ProgrammingInterface::levels() const {
  Levels l;
  if (m_held) return l;
  l.eventq =
      interrupts(IRQ_CTRL_EVENTQ_IRQEN) && !m_eventq.empty(reg(SMMU_EVENTQ_PROD), reg(SMMU_EVENTQ_CONS));
  l.gerror = interrupts(IRQ_CTRL_GERROR_IRQEN) && active(~GERROR_MSI_GERROR_ABT_ERR);  // 7.5.1
  l.priq =
      !secure() && interrupts(IRQ_CTRL_PRIQ_IRQEN) && !m_priq.empty(reg(SMMU_PRIQ_PROD), reg(SMMU_PRIQ_CONS));
  return l;
}

void ProgrammingInterface::hold(bool held, const char* why) {
  m_held = held;
  m_why_held = why;
  refresh_tbus();
}

void ProgrammingInterface::reset() {
  m_registers.reset();
  m_events.reset();
  m_commands.reset();
  if (m_control_pages) m_control_pages->reset();
  m_msis.reset();
  m_atos.reset();
  if (m_vatos) m_vatos->reset();
  m_prefetch.reset();
  if (m_speculation) m_speculation->reset();
  m_atc_messages.reset();
  m_page_requests.reset();
  m_signals = {};
  refresh();
  refresh_tbus();
  if (secure()) m_non_secure->prohibit_stalls(false);
}

void ProgrammingInterface::visit(Archive& archive) {
  archive.begin(secure() ? "secure_programming_interface" : "programming_interface");
  m_registers.visit(archive);
  m_events.visit(archive);
  m_commands.visit(archive);
  if (m_control_pages) m_control_pages->visit(archive);
  m_msis.visit(archive);
  if (m_parts.features.ATS) m_atc_messages.visit(archive);
  archive.value("eventq", m_signals.eventq);
  archive.value("gerror", m_signals.gerror);
  archive.value("cmdq_sync", m_signals.cmdq_sync);
  archive.value("event", m_signals.event);
  archive.value("priq", m_signals.priq);
  archive.end();
  if (!archive.loading()) return;
  // An archive may come from anywhere: no address is beyond the output address size.
  for (const Reg id : {SMMU_STRTAB_BASE, SMMU_CMDQ_BASE, SMMU_EVENTQ_BASE, SMMU_PRIQ_BASE}) {
    if (m_sec_sid == SecSid::secure && id == SMMU_PRIQ_BASE) continue;
    m_registers.set(id, m_registers.get(id) & m_registers.info(id).write_mask);
  }
  // Nor is anything enabled that is not there.
  const auto mask = [this](Reg id, Reg as) {
    m_registers.set(id, m_registers.get(id) & m_registers.info(as).write_mask);
  };
  mask(SMMU_CR0, SMMU_CR0);
  mask(SMMU_CR0ACK, SMMU_CR0);
  mask(SMMU_IRQ_CTRL, SMMU_IRQ_CTRL);
  mask(SMMU_IRQ_CTRLACK, SMMU_IRQ_CTRL);
  refresh();
  refresh_tbus();
  if (secure()) m_non_secure->prohibit_stalls(enabled(CR0_NSSTALLD));
}

void ProgrammingInterface::visit_lookups(Archive& archive) {
  m_atos.visit(archive);
  if (m_vatos) m_vatos->visit(archive);
  m_prefetch.visit(archive);
  if (m_speculation) m_speculation->visit(archive);
  if (m_parts.features.PRI) m_page_requests.visit(archive);
  m_events.stalls().visit(archive);  // after the generations of the engine
}

}  // namespace smmuvp::smmuv3
