// One transaction on its way through the SMMU (IHI 0062 2.1.1, 3.7.3).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/smmu/client_access.h"
#include "smmuvp/smmuv2/faults.h"
#include "smmuvp/smmuv2/path.h"
#include "smmuvp/smmuv2/performance_monitors.h"
#include "smmuvp/smmuv2/stalls.h"

namespace smmuvp::smmuv2 {

class Smmu;
class ProgrammingInterface;

/// Why an access did not go through.
struct AccessFault {
  bool global = false;
  std::uint32_t bit = 0;  ///< of gfsr, or of fsr
  unsigned bank = 0;      ///< whose fault it is, where it is not global
  bool recorded = false;  ///< with its syndrome: not behind another fault
  const char* why = "";   ///< where no bit tells
};

/// What software would be told of a foreseen access (AccessRequest::foresee), as registers are now.
struct Foreseen {
  std::optional<ContextFault> context;  ///< of a bank
  FaultFate context_fate = FaultFate::recorded;
  std::optional<GlobalFault> global;  ///< instead, or of the interrupt that the bank's fault lacks (3.6.2)
  FaultFate global_fate = FaultFate::recorded;
  std::optional<unsigned> waits_for;  ///< the bank whose RESUME the access waits for
  const char* why = "";               ///< what about registers or the address makes the fault, if no walk
};

/// Counts as under way from construction to destruction, but while it waits for RESUME.
///
///     Access access(smmu, request);
///     while (access.step() == Step::need) access.complete(memory(access.op()));
///     use(access.answer());
class Access : public smmu::ClientAccess {
 public:
  Access(Smmu& smmu, const smmu::AccessRequest& request);
  /// @param parts  outlives it, as does `interface`
  Access(const Parts& parts, ProgrammingInterface& interface, const smmu::AccessRequest& request);
  /// One that visit() loads into. Is not under way before.
  explicit Access(Smmu& smmu);
  ~Access() override;

  /// `stalled`: it waits for RESUME of a bank. `waits`: for another access's walk of the page.
  smmu::Step step() override;
  const smmu::MemoryOp& op() const override { return m_translation->op(); }
  void complete(const smmu::MemoryAnswer& answer) override;
  /// Meaningful after step() answered `done` or `stalled`.
  const std::optional<AccessFault>& fault() const { return m_fault; }
  /// Likewise; of accesses that ask for it alone.
  const std::optional<Foreseen>& foreseen() const { return m_foreseen; }
  /// Which way it has taken, as far as it has come.
  const Path& path() const { return m_path; }
  void visit(Archive& archive) override;

 private:
  enum class State : std::uint8_t { start, translation, stall, done };

  void start();
  void determine_security();
  void map();
  void enter_context(unsigned bank);
  MonitoredTransaction monitored(bool in_bank) const;
  void count_access(bool in_bank);
  bool check_for_faults(unsigned bank);
  void translated();
  void pass(const Override& override, bool with_SIF);
  void forward_context(const smmu::CacheKey& key, const smmu::TlbEntry* entry);

  GlobalFault global_fault(std::uint32_t bit, bool nested) const;
  /// SMMU_sGFSYNR1.StreamID, SMMU_CBFRSYNRAn.StreamID
  std::uint16_t recorded_StreamID() const;
  void fail_global(std::uint32_t bit, bool nested, const char* why);
  /// @param second  the fault is of the bank of stage 2
  void fail_context(std::uint32_t bit, bool second, int level, std::uint64_t ipa, bool table_walk = false,
                    bool external = false, bool write = false);
  void fail_context(const pgtable::Fault& fault);
  void foresee(const ContextFault& fault, bool second);
  void because(const char* why);
  void wait_for(unsigned bank, bool recorded);
  bool resume();
  void kill(unsigned bank);
  void end(smmu::Outcome outcome);
  bool keeps() const;
  bool of_its_device() const;
  void restored(Archive& archive);

  Parts m_parts;
  ProgrammingInterface& m_interface;
  State m_state = State::start;
  Path m_path;
  bool m_retried = false;
  std::uint64_t m_address = 0;  ///< as stage 1, or stage 2 alone, has it
  std::optional<AccessFault> m_fault;
  std::optional<Foreseen> m_foreseen;
  Stalls::Id m_stall = 0;
  std::uint32_t m_stalled_bank = 0;
};

}  // namespace smmuvp::smmuv2
