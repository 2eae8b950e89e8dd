// Address translation operations: software asks what becomes of an address (IHI 0070 chapter 9).
#pragma once

#include <cstdint>

#include "smmuvp/smmuv3/lookup.h"

namespace smmuvp::smmuv3 {

/// The registers SMMU_GATOS_*: one operation at a time.
class Atos : public Lookup {
 public:
  Atos(const Parts& parts, ProgrammingInterface& interface)
      : Lookup(parts, interface, "atos", "address translation operation") {}

  /// Software has set RUN. SID and ADDR are guarded by it until the answer is in PAR.
  void start(smmu::TimePs time) { enter(time); }
  void reset() override;
  /// As Lookup::visit(). An operation that is refused is no longer run.
  void visit(Archive& archive);

 private:
  AtosType type() const;
  std::uint64_t address() const;
  bool is_write() const;
  bool inhibits_updates() const;
  void begin() override;
  void configured(const Configuration& found) override;
  void translate(const smmu::TranslationContext& context);
  void translated(const smmu::Translation& translation) override;
  void fail(std::uint8_t FAULTCODE, unsigned REASON = 0, std::uint64_t FADDR = 0);
  void fail(const pgtable::Fault& fault, bool cd);
  void answer(std::uint64_t PAR);
  void finish() override;
  std::uint32_t stream_id() const override;
  void visit_own(Archive& archive) override;
  bool sane() const override;

  bool m_force_write_back = false;  // STE.S2FWB
  bool m_stage1 = false;            // it translates, and stage 2 perhaps
  std::uint64_t m_answer = 0;       // PAR, once it is known
};

}  // namespace smmuvp::smmuv3
