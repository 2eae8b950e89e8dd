// Address translation operations: software asks what becomes of an address (IHI 0070 chapter 9).
#pragma once

#include <cstdint>

#include "smmuvp/smmuv3/lookup.h"
#include "smmuvp/smmuv3/registers.h"

namespace smmuvp::smmuv3 {

/// A group of registers: which of a programming interface's ask and answer.
struct AtosGroup {
  const char* section;  ///< its name in saved states
  Reg CTRL;
  Reg SID;
  Reg ADDR;
  Reg PAR;
  bool of_one_vm;  ///< by SMMU_VATOS_SEL, and of stage 1 alone
};
/// SMMU_GATOS_*, or SMMU_S_GATOS_*.
inline constexpr AtosGroup GATOS{"atos",          SMMU_GATOS_CTRL, SMMU_GATOS_SID,
                                 SMMU_GATOS_ADDR, SMMU_GATOS_PAR,  false};
/// SMMU_VATOS_*, or SMMU_S_VATOS_*.
inline constexpr AtosGroup VATOS{"vatos",         SMMU_VATOS_CTRL, SMMU_VATOS_SID,
                                 SMMU_VATOS_ADDR, SMMU_VATOS_PAR,  true};

/// What one group does: one operation at a time, beside those of other groups.
class Atos : public Lookup {
 public:
  /// @param interface  whose registers they are, of a group that it has
  Atos(const Parts& parts, ProgrammingInterface& interface, const AtosGroup& group)
      : Lookup(parts, interface, group.section, "address translation operation"), m_group(group) {}

  /// Software has set RUN. SID and ADDR are guarded by it until the answer is in PAR.
  void start(smmu::TimePs time) { enter(time); }
  /// Whether an operation is under way that looks up streams of this interface.
  bool asks(const ProgrammingInterface& interface) const {
    return running() && &stream_interface() == &interface;
  }
  void reset() override;
  /// As Lookup::visit(). An operation that is refused is no longer run.
  void visit(Archive& archive);

 private:
  std::uint64_t SID() const;
  std::uint64_t ADDR() const;
  AtosType type() const;
  std::uint64_t address() const;
  bool is_write() const;
  bool is_fetch() const;
  bool inhibits_updates() const;
  smmu::AddressSpace input_space() const;
  bool is_malformed() const;
  void begin() override;
  void configured(const Configuration& found) override;
  void translate(const smmu::TranslationContext& context);
  void translated(const smmu::Translation& translation) override;
  void succeed(std::uint64_t output, unsigned shift, const pgtable::Attributes& attributes,
               smmu::AddressSpace space);
  void fail(std::uint8_t FAULTCODE, unsigned REASON = 0, std::uint64_t FADDR = 0, bool NSIPA = false);
  void fail(const pgtable::Fault& fault, bool cd);
  void answer(std::uint64_t PAR);
  void finish() override;
  std::uint32_t stream_id() const override;
  ProgrammingInterface& stream_interface() const override;
  void visit_own(Archive& archive) override;
  bool sane() const override;

  const AtosGroup& m_group;
  bool m_force_write_back = false;  // STE.S2FWB
  bool m_stage1 = false;            // it translates, and stage 2 perhaps
  std::uint64_t m_answer = 0;       // PAR, once it is known
};

}  // namespace smmuvp::smmuv3
