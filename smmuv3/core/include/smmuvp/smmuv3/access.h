// One transaction on its way through the SMMU (IHI 0070 chapter 15).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/client_access.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmuv3/config_fetch.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

/// Looks up configuration and translation, or faults. A page request, which is posted, has ended when the PRI
/// queue has taken it. Counts as under way from construction to destruction.
///
///     Access access(smmu, request);
///     while (access.step() == Step::need) access.complete(memory(access.op()));
///     use(access.answer());
class Access : public smmu::ClientAccess {
 public:
  Access(Smmu& smmu, const smmu::AccessRequest& request);
  /// By caches that may be others than the interface's SMMU has. Both outlive it.
  Access(const Parts& parts, ProgrammingInterface& interface, const smmu::AccessRequest& request);
  /// One that visit() loads into. Is not under way before.
  explicit Access(Smmu& smmu);
  ~Access() override;

  /// Goes on until memory is needed or the access is over. Without a complete() in between it repeats its
  /// answer. `stalled`: the access has a record, and the Event queue's buffer has no room for it yet; step()
  /// again when the Event queue has gone on. Or it stalls, and waits for software (3.12.2): it is not under
  /// way then, and will be again when it goes on. `waits`: for another access's walk of the page.
  smmu::Step step() override;
  /// The operation to carry out; meaningful after step() answered `need`.
  const smmu::MemoryOp& op() const override {
    return m_state == State::config ? m_config->op() : m_translation->op();
  }
  /// Answers op(). Ignored when none is waiting.
  void complete(const smmu::MemoryAnswer& answer) override;
  /// The event that the access caused, recorded or not; CD.R suppresses recording only.
  const std::optional<Event>& event() const { return m_event; }
  /// What keeps event() from being recorded, of all that does so but a debug access and, before step()
  /// answered `done`, the queue's state. Where a terminated access has no event: why. Empty: nothing.
  const char* why_not_recorded() const { return m_why_not_recorded; }
  /// While it is stalled and has one.
  std::optional<std::uint16_t> stag() const { return m_interface->stalls().stag(m_stall); }
  /// Saves it wherever it is, under way from then on where it is loaded. After Smmu::visit(), and only over
  /// one that has been made for it.
  void visit(Archive& archive) override;

 private:
  enum class State : std::uint8_t { start, config, translation, record, stall, page_request, done };

  /// A Translation Request is translated more than once where its rights need it.
  enum class AtsPass : std::uint8_t {
    read,           ///< for a read, which every request asks for
    any_rights,     ///< for whatever rights there are: marks nothing
    stage1_rights,  ///< for those of stage 1 alone: marks nothing
    mark,           ///< marks the page accessed, since some are granted
    write,          ///< marks the page dirty
    ipa,            ///< by stage 1 alone: what a split-stage answer holds
  };

  void start();
  void find_configuration();
  void configured();
  void translate(const smmu::TranslationContext& context);
  void translated();
  bool request_page();
  void bypass();
  void tell_other_identity();
  void tell_no_atomics(const pgtable::Fault& fault) const;
  void override_attributes();
  bool is_refused_by_SIF() const;
  std::uint64_t stream() const;
  void forward(const smmu::CacheKey& key, smmu::FinishedAnswer answer);
  void terminate();
  // ---- ats_access.cpp
  smmu::AtsPhase ats() const;
  bool is_ats_request() const { return ats() == smmu::AtsPhase::translation_request; }
  bool checks_ats() const { return m_interface->enabled(CR0_ATSCHK); }
  void start_ats();
  void refuse_ats();
  void pass_translated();
  void configured_request();
  void configured_translated();
  void translate_request(AtsPass pass);
  void translated_request();
  void found_rights(pgtable::Rights rights);
  void count_as_dirty();
  void finish_request();
  void end_request();
  void fail_request(const Event& event);
  const char* why_not_recorded_of_translated(EventType type) const;
  // ----
  void fail(const Event& event);
  void tell();
  void record();
  bool stall();
  void retry(smmu::TimePs time);
  void restored(Archive& archive);
  Event event_of(EventType type) const;
  /// @param cd  stage 2 was translating the address of a CD
  Event event_of(const pgtable::Fault& fault, bool cd = false) const;

  Smmu* m_smmu = nullptr;  // of one that visit() loads into
  const Parts* m_parts;
  ProgrammingInterface* m_interface;
  State m_state = State::start;
  std::optional<Event> m_event;

  std::optional<ConfigFetch> m_config;                          // until the configuration is known
  Overrides m_overrides;                                        // of the STE, or of GBPA
  bool m_stage1 = false;                                        // translates; its CD says how its faults end:
  bool m_abort = false;                                         // CD.A
  bool m_recorded = false;                                      // CD.R
  bool m_stalls = false;                                        // CD.S
  bool m_stage2_recorded = false;                               // STE.S2R
  bool m_stage2_stalls = false;                                 // STE.S2S
  bool m_force_write_back = false;                              // STE.S2FWB
  bool m_merges = false;                                        // STE.MEV
  bool m_razwi = false;                                         // how a fault ends
  bool m_privileged = false;                                    // after the overrides of the STE
  bool m_instruction = false;                                   // likewise
  smmu::AddressSpace m_space = smmu::AddressSpace::non_secure;  // that it asks for, after the overrides
  const char* m_why_not_recorded = "";
  Stalls::Id m_stall = 0;  // while it waits for software
  bool m_held = false;     // has waited for room in the Event queue's buffer
  // Of a Translation Request, whose configuration stays until its end:
  smmu::AtsAnswer m_ats;
  AtsPass m_pass = AtsPass::read;
  pgtable::Rights m_rights;
};

/// The event that tells of a fault of a walk.
EventType event_type_of(pgtable::FaultKind kind);

}  // namespace smmuvp::smmuv3
