// The Command queue control pages of a programming interface (IHI 0070 3.5.6, 6.2.5).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv3/ecmdq.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/register_window.h"

namespace smmuvp::smmuv3 {

/// Queues work beside one another, each in its own time. Those that are due at one time go on in the order of
/// their numbers, SMMU_CMDQ_* first.
class ControlPages : public RegisterBlock, private RegisterObserver {
 public:
  ControlPages(const Parts& parts, ProgrammingInterface& interface);
  /// The registers join the window, and what consumes commands the workers.
  void join(RegisterWindow& window, std::vector<smmu::Worker*>& workers);

  void read(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
            std::uint64_t& value) override;
  void write(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
             std::uint64_t value) override;
  void peek(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const override;
  const RegisterFile& registers() const { return m_registers; }

  /// Of all pages.
  unsigned size() const { return static_cast<unsigned>(m_queues.size()); }
  Ecmdq& queue(unsigned n) { return *m_queues[n]; }
  const Ecmdq& queue(unsigned n) const { return *m_queues[n]; }
  /// Whether one of them may access memory with the attributes that CR1 says (3.5.6.1).
  bool any_active() const;

  void reset();
  void visit(Archive& archive);

 private:
  std::uint64_t register_read(std::uint16_t id, std::uint32_t n, AccessSecurity security,
                              std::uint64_t stored) override;
  void register_written(std::uint16_t id, std::uint32_t n, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  void let_before(unsigned n, smmu::TimePs now);

  Parts m_parts;
  ProgrammingInterface& m_interface;
  std::uint32_t m_first;  // where in the window they begin
  RegisterFile m_registers;
  std::vector<std::unique_ptr<Ecmdq>> m_queues;
  smmu::TimePs m_written_at = 0;  // the time of the write that is being carried out
};

}  // namespace smmuvp::smmuv3
