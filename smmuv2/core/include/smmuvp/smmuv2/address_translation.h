// Address translation operations: ATS1* of a bank, GATS1* and GATS12* of the global registers (IHI 0062
// chapter 4).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv2/context.h"
#include "smmuvp/smmuv2/parts.h"
#include "smmuvp/smmuv2/registers.h"
#include "smmuvp/smmuv2/stalls.h"

namespace smmuvp::smmuv2 {

class ProgrammingInterface;

/// Carries out operations one after the other; one that stalls in its stage 2 stands aside meanwhile (4.2.4).
class AddressTranslation : public smmu::Worker {
 public:
  AddressTranslation(const Parts& parts, ProgrammingInterface& interface, RegisterFile& registers);

  /// A register has been written. @return whether it begins an operation
  /// @param index  of the bank, if it is one of a bank
  bool written(Reg id, unsigned index, AccessSecurity security, std::uint64_t written, std::uint64_t lanes,
               smmu::TimePs now);

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_translation->op(); }
  bool waiting() const override { return m_waiting; }
  void complete(const smmu::MemoryAnswer& answer) override;

  void reset();
  /// After Engine::visit(), InFlight::abandon() and Stalls::visit().
  void visit(Archive& archive);

 private:
  struct Operation {
    bool global = false;
    bool secure = false;  ///< global: of which copy of the registers
    std::uint32_t bank = 0;
    bool both_stages = false;
    bool write = false;
    bool privileged = false;
    std::uint64_t address = 0;
    smmu::TimePs time = 0;
    Stalls::Id stall = 0;
    std::uint32_t stalled_bank = 0;

    void visit(Archive& archive);
  };

  void start(const Operation& operation);
  void begin();
  void refused();
  void record_globally(std::uint32_t bit);
  bool begin_in_bank();
  bool refuse_table();
  void translated();
  void stage2_fault(std::uint32_t bit, int level, std::uint64_t ipa, bool table_walk, bool external);
  void succeed(std::uint64_t output, const smmu::TlbEntry* entry);
  void fail(std::uint32_t bit, bool stage2, int level);
  void finish(std::uint64_t PAR);
  void stall(unsigned bank, bool recorded);
  void take_resumed();
  std::uint64_t terminated(unsigned bank) const;
  std::uint64_t format_of(bool stage2) const;

  Parts m_parts;
  ProgrammingInterface& m_interface;
  RegisterFile& m_registers;
  std::deque<Operation> m_queue;    // the front is being carried out
  std::deque<Operation> m_stalled;  // stand aside
  bool m_begun = false;
  bool m_waiting = false;
  smmu::TimePs m_time = 0;
  smmu::FlightToken m_token;
  std::uint64_t m_generation = 0;
  Context m_context;  // of the one that is being carried out
  std::optional<smmu::Translation> m_translation;
};

}  // namespace smmuvp::smmuv2
