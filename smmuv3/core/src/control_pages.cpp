#include "smmuvp/smmuv3/control_pages.h"

#include <algorithm>
#include <optional>

#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/register_access.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr std::uint32_t page_size = EcmdqFeatures::page_size;

// CMDQGS 0b01: 64 KiB. CMDQ_CONTROL_PAGE_PRESET: in registers (6.3.49).
constexpr std::uint64_t CMDQ_CONTROL_PAGE_BASE_fields = 1U << 1 | 1U << 0;

// Of a page's registers, or a queue's. Those of a queue have one name for both Security states, so that S_ is
// ours.
struct Name {
  const char* name;
  const char* secure;
  const char* clause;
  const char* secure_clause;
};
constexpr Name names[] = {
    {"SMMU_CMDQ_CONTROL_PAGE_BASEn", "SMMU_S_CMDQ_CONTROL_PAGE_BASEn", "IHI 0070 6.3.49", "IHI 0070 6.3.92"},
    {"SMMU_CMDQ_CONTROL_PAGE_CFGn", "SMMU_S_CMDQ_CONTROL_PAGE_CFGn", "IHI 0070 6.3.50", "IHI 0070 6.3.93"},
    {"SMMU_CMDQ_CONTROL_PAGE_STATUSn", "SMMU_S_CMDQ_CONTROL_PAGE_STATUSn", "IHI 0070 6.3.51",
     "IHI 0070 6.3.94"},
    {"SMMU_ECMDQ_BASEn", "SMMU_S_ECMDQ_BASEn", "IHI 0070 6.3.107", "IHI 0070 6.3.107"},
    {"SMMU_ECMDQ_PRODn", "SMMU_S_ECMDQ_PRODn", "IHI 0070 6.3.108", "IHI 0070 6.3.108"},
    {"SMMU_ECMDQ_CONSn", "SMMU_S_ECMDQ_CONSn", "IHI 0070 6.3.109", "IHI 0070 6.3.109"},
};

// 6.2.5: queues are spaced evenly, and pages have no gaps between them (6.3.49).
std::vector<RegisterInfo> table_of(const Features& f, SecSid sec_sid, std::uint32_t first) {
  const EcmdqFeatures& e = f.ecmdqs(sec_sid);
  const bool secure = sec_sid == SecSid::secure;
  const std::uint32_t told = EcmdqFeatures::told(sec_sid);
  const std::uint32_t spacing = page_size >> e.CMDQ_CONTROL_PAGE_LOG2NUMQ;
  const std::uint64_t base = BASE_hint | (low_bits(f.OAS) & ~low_bits(5)) | 0x1f;
  // ENACK is the SMMU's alone. Software makes ERR and ERRACK agree by either register (3.5.6.3).
  constexpr std::uint64_t cons = ECMDQ_ERR_REASON | ECMDQ_ERR | ECMDQ_index;
  constexpr std::uint64_t prod = ECMDQ_EN | ECMDQ_ERR | ECMDQ_index;
  std::vector<RegisterInfo> t;
  const auto add = [&](ControlPageReg id, std::uint32_t offset, std::uint8_t bytes, smmuvp::Access access,
                       std::uint64_t reset, std::uint64_t write_mask) {
    const Name& n = names[id];
    const bool of_page = id < ECMDQ_BASE;
    t.push_back({id, secure ? n.secure : n.name, offset, bytes, access, reset, write_mask,
                 secure ? n.secure_clause : n.clause,
                 secure ? SecurityBank::SecureOnly : SecurityBank::Common, of_page ? e.pages() : e.queues(),
                 of_page ? EcmdqFeatures::told_stride : spacing});
  };
  using enum smmuvp::Access;
  add(CMDQ_CONTROL_PAGE_BASE, told, 8, RO, 0, 0);
  add(CMDQ_CONTROL_PAGE_CFG, told + 8, 4, RO, 1, 0);      // EN
  add(CMDQ_CONTROL_PAGE_STATUS, told + 12, 4, RO, 1, 0);  // ENACK
  add(ECMDQ_BASE, first, 8, RW, 0, base);
  add(ECMDQ_PROD, first + 8, 4, RW, 0, prod);
  add(ECMDQ_CONS, first + 12, 4, RW, 0, cons);
  return t;
}

}  // namespace

ControlPages::ControlPages(const Parts& parts, ProgrammingInterface& interface)
    : m_parts(parts),
      m_interface(interface),
      m_first(parts.features.control_pages(interface.sec_sid(), parts.structures.ports + 1)),
      m_registers(table_of(parts.features, interface.sec_sid(), m_first), *this) {
  const EcmdqFeatures& f = parts.features.ecmdqs(interface.sec_sid());
  const AccessSecurity security = interface.secure() ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  for (std::uint32_t page = 0; page < f.pages(); ++page) {
    m_registers.set_reset(CMDQ_CONTROL_PAGE_BASE,
                          (m_first + page * page_size) | CMDQ_CONTROL_PAGE_BASE_fields, page, security);
  }
  for (unsigned n = 0; n < f.queues(); ++n) {
    m_queues.push_back(std::make_unique<Ecmdq>(parts, interface, m_registers, n,
                                               [this, n](smmu::TimePs now) { let_before(n, now); }));
  }
  reset();
}

void ControlPages::join(RegisterWindow& window, std::vector<smmu::Worker*>& workers) {
  const std::uint32_t told = EcmdqFeatures::told(m_interface.sec_sid());
  const std::uint32_t pages = m_parts.features.ecmdqs(m_interface.sec_sid()).pages();
  window.add(told, told + pages * EcmdqFeatures::told_stride - 1, *this);
  window.add(m_first, m_first + pages * page_size - 1, *this);
  for (const auto& queue : m_queues) workers.push_back(&queue->commands());
}

// Whoever drives workers steps those that are due at one time in any order.
void ControlPages::let_before(unsigned n, smmu::TimePs now) {
  const auto let = [now](CommandQueue& commands) {
    if (commands.waiting()) return;
    const auto due = commands.due();
    if (due && *due <= now) commands.go_on(now);
  };
  let(m_interface.commands());
  for (unsigned i = 0; i < n; ++i) let(m_queues[i]->commands());
}

void ControlPages::read(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
                        std::uint64_t& value) {
  value = 0;
  if (!legal_register_access(m_registers, m_parts.diag, offset, bytes, false, 0, "IHI 0070 6.2")) return;
  m_registers.read(offset, bytes, security, value);
  if (!m_parts.tracer.on()) return;
  m_parts.tracer.emit(now, smmu::trace_register_read, m_registers.name_at(offset), value);
}

void ControlPages::write(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
                         std::uint64_t value) {
  if (!legal_register_access(m_registers, m_parts.diag, offset, bytes, true, value, "IHI 0070 6.2")) return;
  m_written_at = now;
  if (m_parts.tracer.on()) {
    m_parts.tracer.emit(now, smmu::trace_register_write, m_registers.name_at(offset), value);
  }
  m_registers.write(offset, bytes, security, value);
}

void ControlPages::peek(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const {
  m_registers.peek(offset, bytes, m_interface.secure() ? AccessSecurity::Secure : AccessSecurity::NonSecure,
                   value);
  const std::uint32_t first = offset & ~3U;
  for (std::uint32_t word = first; word < offset + bytes; word += 4) {
    const std::optional<Located> at = m_registers.locate(word);
    if (!at || at->id < ECMDQ_PROD) continue;
    const std::uint64_t hidden = ~m_queues[at->index]->visible_bits(at->id) & 0xffff'ffffU;
    value &= ~(word >= offset ? hidden << (8 * (word - offset)) : hidden >> (8 * (offset - word)));
  }
}

std::uint64_t ControlPages::register_read(std::uint16_t id, std::uint32_t n, AccessSecurity,
                                          std::uint64_t stored) {
  return id < ECMDQ_PROD ? stored : stored & m_queues[n]->visible_bits(id);
}

void ControlPages::register_written(std::uint16_t id, std::uint32_t n, AccessSecurity, std::uint64_t old,
                                    std::uint64_t, std::uint64_t, std::uint64_t) {
  Ecmdq& queue = *m_queues[n];
  if (id == ECMDQ_BASE) queue.base_written(old);
  if (id == ECMDQ_PROD) queue.prod_written(static_cast<std::uint32_t>(old), m_written_at);
  if (id == ECMDQ_CONS) queue.cons_written(static_cast<std::uint32_t>(old));
}

bool ControlPages::any_active() const {
  return std::any_of(m_queues.begin(), m_queues.end(), [](const auto& queue) { return queue->active(); });
}

void ControlPages::reset() {
  m_registers.reset();
  for (const auto& queue : m_queues) queue->reset();
}

void ControlPages::visit(Archive& archive) {
  archive.begin("control_pages");
  m_registers.visit(archive);
  for (const auto& queue : m_queues) queue->visit(archive);
  archive.end();
}

}  // namespace smmuvp::smmuv3
