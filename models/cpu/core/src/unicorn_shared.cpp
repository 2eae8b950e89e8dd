// What the UnicornCore does because there are other processors: exclusives, events, and maintenance that
// reaches all of them.
#include <algorithm>
#include <cstring>

#include "unicorn_core.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr uint32_t insn_sev = 0xd503209f, insn_sevl = 0xd50320bf;
constexpr size_t most_hints = 4096;
// Bytes that an exclusive monitor guards: CTR_EL0.ERG of a Cortex-A72 is 4, 16 words.
constexpr uint64_t granule = 64;
// A load and a store exclusive that shall make progress are 128 bytes apart at most (DDI 0487 B2.9.5).
constexpr uint64_t most_overrun = 2 * 128 / 4;

}  // namespace

void UnicornCore::join(unsigned number, unsigned count, CpuCore& first) {
  m_number = number;
  m_shared = count > 1;
  m_semihosting.share(static_cast<UnicornCore&>(first).m_semihosting);
}

std::string UnicornCore::watch_others() {
  m_hints.clear();
  m_search_blocks = m_each_block = true;
  uc_hook handle = 0;
  const uc_err e = uc_hook_add(m_engine, &handle, UC_HOOK_EDGE_GENERATED,
                               reinterpret_cast<void*>(&on_translated), this, 1, 0);
  if (e != UC_ERR_OK) return std::string("a call-back for new blocks: ") + uc_strerror(e);
  return m_access->watch_maintenance();
}

// ---- Exclusives

// The library lets a store exclusive succeed when memory still has the value that was loaded. That is right
// only while nobody else runs, so the monitor is opened wherever others may. A quantum that is over goes on
// for some instructions while the monitor is set, so that the shortest quantum cannot keep a loop from
// succeeding.
bool UnicornCore::wait_for_store_exclusive() {
  if (m_reason != StopReason::quantum) return false;
  if (m_overrun == 0) m_overrun = std::max<uint64_t>(m_count, 1);
  return m_count - m_overrun < most_overrun && m_access->exclusive_address();
}

void UnicornCore::lose_monitor() { m_access->clear_exclusive(); }

// DDI 0487 B2.9.2: a store by another observer to the marked granule opens the global monitor.
void UnicornCore::lose_monitor_at(uint64_t phys, uint64_t length) {
  const auto va = m_access->exclusive_address();
  if (!va) return;
  const auto marked = translate(*va);
  if (!marked) return;
  const uint64_t first = *marked & ~(granule - 1);
  if (phys < first + granule && first <= phys + (length - 1)) lose_monitor();
}

// ---- Events

// The library executes SEV and SEVL as NOP and reports nothing; so new blocks are searched for them, and
// their addresses get a call-back. The library reports new blocks once a block has ended otherwise than by
// WFE and its like; until then, all that are executed are searched.
void UnicornCore::on_translated(uc_engine*, uc_tb* block, uc_tb*, void* user) {
  auto* self = static_cast<UnicornCore*>(user);
  self->m_search_blocks = false;
  self->m_each_block = self->m_polls;
  self->find_hints(block->pc, block->size);
}

void UnicornCore::find_hints(uint64_t va, unsigned size) {
  for (const uint64_t end = va + size; va < end;) {
    const uint64_t piece = std::min(end - va, PAGE - (va & (PAGE - 1)));
    const auto phys = translate(va);
    const Ram* r = phys ? find_ram(*phys, piece) : nullptr;
    if (r == nullptr) return;
    const uint8_t* host = r->host + (*phys - r->base);
    for (uint64_t offset = 0; offset + 4 <= piece; offset += 4) {
      uint32_t word = 0;
      std::memcpy(&word, host + offset, sizeof word);
      if (word != insn_sev && word != insn_sevl) continue;
      if (m_hints.size() >= most_hints || m_hints.count(va + offset) != 0) continue;
      uc_hook handle = 0;
      if (uc_hook_add(m_engine, &handle, UC_HOOK_CODE, reinterpret_cast<void*>(&on_hint), this, va + offset,
                      va + offset) != UC_ERR_OK)
        continue;
      m_hints.insert(va + offset);
      // This block was translated without the call-back, and is executed once before it is forgotten.
      hint(word);
      m_access->invalidate(host + offset, 4);
    }
    va += piece;
  }
}

void UnicornCore::on_hint(uc_engine*, uint64_t address, uint32_t, void* user) {
  auto* self = static_cast<UnicornCore*>(user);
  if (const auto word = self->read_word(address)) self->hint(*word);
}

// DDI 0487 D1.16.1: SEV sets the event registers of all processors, SEVL that of its own. The others learn of
// it when the quantum is over, because their time is behind this processor's.
void UnicornCore::hint(uint32_t word) {
  if (word != insn_sev && word != insn_sevl) return;
  m_host.set_event();
  if (word == insn_sevl) return;
  m_host.send_event();
  request_stop();
}

// ---- Maintenance

void UnicornCore::maintenance(const SystemRegister& op, uint64_t operand) {
  if (!m_shared && !m_broadcasts) return;
  Maintenance m;
  if (op.crn == 8 && op.op1 == 0 && op.crm == 3) {  // TLBI ...IS; UNDEFINED at EL0
    if (current_el() == 0) return;
    m.tlbi_op2 = op.op2;
    m.operand = operand;
  } else if (m_shared && op.crn == 7 && op.op1 == 3 && op.crm == 5 && op.op2 == 1) {  // IC IVAU
    constexpr uint64_t line = 64;                                                     // CTR_EL0.IminLine is 4
    const auto phys = translate(operand & ~(line - 1));
    if (!phys) return;
    m.kind = Maintenance::Kind::code;
    m.address = *phys;
    m.length = line;
  } else if (m_shared && op.crn == 7 && op.op1 == 0 && op.crm == 1 && op.op2 == 0) {  // IC IALLUIS
    if (current_el() == 0) return;                                                    // UNDEFINED
    m.kind = Maintenance::Kind::all_code;
  } else {
    return;
  }
  if (m_host.broadcast(m, m_access->pc()) && m_shared) lose_monitor();
}

void UnicornCore::receive(const Maintenance& m) {
  if (!m_mapped) return;
  switch (m.kind) {
    case Maintenance::Kind::translations:
      m_access->invalidate_translations(m.tlbi_op2, m.operand);
      break;
    case Maintenance::Kind::code:
      drop_code(m.address, m.length);
      break;
    case Maintenance::Kind::all_code:
      for (const Ram& r : m_ram) drop_code(r.base, r.size);
      break;
  }
}

}  // namespace smmuvp::cpu
