// One Enhanced Command queue: SMMU_ECMDQ_*n of a control page, and what consumes its commands (IHI 0070
// 3.5.6, 6.3.107 to 6.3.109).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv3/command_queue.h"
#include "smmuvp/smmuv3/command_queue_registers.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// Ids of the registers of control pages, and of those that tell of them (6.3.49 to 6.3.51).
enum ControlPageReg : std::uint16_t {
  CMDQ_CONTROL_PAGE_BASE,
  CMDQ_CONTROL_PAGE_CFG,
  CMDQ_CONTROL_PAGE_STATUS,
  ECMDQ_BASE,
  ECMDQ_PROD,
  ECMDQ_CONS,
};

constexpr std::uint32_t ECMDQ_EN = 1U << 31;   ///< of PROD; ENACK of CONS
constexpr std::uint32_t ECMDQ_ERR = 1U << 23;  ///< of CONS; ERRACK of PROD
constexpr std::uint32_t ECMDQ_ERR_REASON_shift = 24;
constexpr std::uint32_t ECMDQ_ERR_REASON = 7U << ECMDQ_ERR_REASON_shift;
constexpr std::uint32_t ECMDQ_index = 0xfffff;  ///< WR of PROD, RD of CONS

class Ecmdq : private CommandQueueRegisters {
 public:
  /// @param registers  those of all control pages of the interface. @param n  which queue of all pages
  /// @param let_others_before  see CommandQueueRegisters
  Ecmdq(const Parts& parts, ProgrammingInterface& interface, RegisterFile& registers, unsigned n,
        std::function<void(smmu::TimePs)> let_others_before)
      : m_parts(parts),
        m_interface(interface),
        m_registers(registers),
        m_n(n),
        m_let_others_before(std::move(let_others_before)),
        m_commands(parts, interface, *this) {}

  CommandQueue& commands() { return m_commands; }
  const CommandQueue& commands() const { return m_commands; }
  /// PROD.EN or CONS.ENACK.
  bool active() const { return wanted() || enabled(); }
  /// ENACK is as EN, or waits for the command in progress.
  bool settled() const { return wanted() == enabled() || (!wanted() && m_commands.busy()); }
  bool enabled() const override;
  const Queue& queue() const override { return m_queue; }
  pgtable::Attributes attributes() const override;
  std::uint32_t prod() const override;
  std::uint32_t cons() const override;

  // What writes do, after the register file has stored them.
  void base_written(std::uint64_t old);
  void prod_written(std::uint32_t old, smmu::TimePs now);
  void cons_written(std::uint32_t old);
  /// What reads give: bits of PROD and CONS above the wrap bit are RAZ (6.3.28).
  std::uint64_t visible_bits(std::uint16_t id) const;

  void reset();
  void visit(Archive& archive);

 private:
  unsigned number() const override { return m_n + 1; }
  bool wanted() const override;
  bool stopped() const override;
  void set_cons(std::uint32_t index) override;
  void stop(CommandError error, smmu::TimePs time) override;
  void update_ack(smmu::TimePs now) override;
  void let_others_before(smmu::TimePs now) override { m_let_others_before(now); }

  std::uint32_t PROD() const;
  std::uint32_t CONS() const;
  void refresh();
  void report(const char* site, const std::string& text, const char* clause) const;
  void report_place() const;

  Parts m_parts;
  ProgrammingInterface& m_interface;
  RegisterFile& m_registers;
  unsigned m_n;
  std::function<void(smmu::TimePs)> m_let_others_before;
  Queue m_queue;  // as BASE says
  CommandQueue m_commands;
};

}  // namespace smmuvp::smmuv3
