// Saving and restoring.
#include "mali_registers.h"
#include "smmuvp/mali/mali_core.h"

namespace smmuvp {

void MaliCore::visit(Archive& archive) {
  archive.begin("mali");
  m_registers.visit(archive);
  archive.value("resetting", m_resetting);
  archive.time("reset_due", m_reset_due);
  for (Power& p : m_power) {
    archive.begin("power");
    archive.value("ready", p.ready);
    archive.value("wanted", p.wanted);
    archive.value("moving", p.moving);
    archive.time("due", p.due);
    archive.end();
  }
  archive.value("counting", m_counting);
  archive.value("cycles_before", m_cycles_before);
  archive.moment("counting_since", m_counting_since);
  for (MaliAddressSpace& space : m_spaces) space.visit(archive);
  for (Command& c : m_commands) {
    archive.begin("command");
    archive.value("code", c.code);
    archive.value("LOCKADDR", c.LOCKADDR);
    archive.time("due", c.due);
    archive.end();
  }
  for (std::uint32_t& n : m_on_their_way) archive.value("on_their_way", n);
  for (MaliSlot& slot : m_slots) slot.visit(archive);
  archive.value("turn", m_turn);
  archive.value("chains", m_counters.chains);
  archive.value("ended_chains", m_counters.ended_chains);
  archive.value("failed_chains", m_counters.failed_chains);
  archive.value("jobs", m_counters.jobs);
  archive.value("page_faults", m_counters.page_faults);
  archive.value("walks", m_counters.walks);
  archive.value("tlb_hits", m_counters.tlb_hits);
  archive.value("read_bytes", m_counters.read_bytes);
  archive.value("written_bytes", m_counters.written_bytes);
  archive.value("copied_bytes", m_counters.copied_bytes);
  archive.value("resets", m_counters.resets);
  archive.end();
  if (!archive.loading()) return;
  m_now = archive.now();
  bool possible = m_turn < m_config.slots;
  for (const MaliSlot& slot : m_slots) possible = possible && slot.is_possible(m_config.address_spaces);
  for (const Command& c : m_commands) possible = possible && c.code <= 5;
  if (!possible) archive.fail("mali", "the state of a slot is impossible");
  if (!archive.ok()) clear_state();
  show();
}

}  // namespace smmuvp
