// The registers of the Command queue that every programming interface has (IHI 0070 6.3.26 to 6.3.28).
#pragma once

#include "smmuvp/smmuv3/command_queue_registers.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// SMMU_CMDQ_*: enabled by CR0.CMDQEN, and its errors are GERROR.CMDQ_ERR.
class CmdqRegisters : public CommandQueueRegisters {
 public:
  explicit CmdqRegisters(ProgrammingInterface& interface) : m_interface(interface) {}

  unsigned number() const override { return 0; }
  bool wanted() const override;
  bool enabled() const override;
  bool stopped() const override;
  const Queue& queue() const override;
  pgtable::Attributes attributes() const override;
  std::uint32_t prod() const override;
  std::uint32_t cons() const override;
  void set_cons(std::uint32_t index) override;
  void stop(CommandError error, smmu::TimePs time) override;
  void update_ack(smmu::TimePs now) override;
  void let_others_before(smmu::TimePs) override {}

 private:
  ProgrammingInterface& m_interface;
};

}  // namespace smmuvp::smmuv3
