#include "smmuvp/smmuv3/cmdq_registers.h"

#include "smmuvp/smmuv3/programming_interface.h"

namespace smmuvp::smmuv3 {

bool CmdqRegisters::wanted() const { return m_interface.wanted(CR0_CMDQEN); }

bool CmdqRegisters::enabled() const { return m_interface.enabled(CR0_CMDQEN); }

bool CmdqRegisters::stopped() const { return m_interface.active(GERROR_CMDQ_ERR); }

const Queue& CmdqRegisters::queue() const { return m_interface.command_queue(); }

pgtable::Attributes CmdqRegisters::attributes() const { return m_interface.command_attributes(); }

std::uint32_t CmdqRegisters::prod() const { return m_interface.reg(SMMU_CMDQ_PROD); }

std::uint32_t CmdqRegisters::cons() const { return m_interface.reg(SMMU_CMDQ_CONS) & queue().index_mask(); }

void CmdqRegisters::set_cons(std::uint32_t index) {
  m_interface.set(SMMU_CMDQ_CONS, (m_interface.reg(SMMU_CMDQ_CONS) & CMDQ_CONS_ERR) | index);
}

// 7.1: RD stays at the command, ERR tells why, then GERROR makes it visible.
void CmdqRegisters::stop(CommandError error, smmu::TimePs time) {
  m_interface.set(SMMU_CMDQ_CONS, (m_interface.reg(SMMU_CMDQ_CONS) & 0xfffffU) |
                                      static_cast<std::uint32_t>(error) << CMDQ_CONS_ERR_shift);
  m_interface.activate(GERROR_CMDQ_ERR, time);
}

void CmdqRegisters::update_ack(smmu::TimePs now) { m_interface.update_acks(now); }

}  // namespace smmuvp::smmuv3
