// What transactions of clients have in common on their way through either SMMU.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "smmuvp/smmu/access_object.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/stall_table.h"
#include "smmuvp/smmu/translation.h"

namespace smmuvp::smmu {

/// Counts as under way from construction to destruction, but for what leave() and enter() say. Asks its TBU,
/// goes to the TCU, translates, and ends: let through, or terminated. Which configuration it goes by, and how
/// faults are told, is each SMMU's.
class ClientAccess : public AccessObject {
 public:
  ~ClientAccess() override;
  ClientAccess(const ClientAccess&) = delete;
  ClientAccess& operator=(const ClientAccess&) = delete;

  const AccessAnswer& answer() const override { return m_answer; }
  /// When it has got as far as it has.
  TimePs time() const { return m_time; }

 protected:
  /// @param engine  outlives it
  ClientAccess(Engine& engine, const AccessRequest& request);
  /// One that visit_base() loads into. Is not under way before.
  explicit ClientAccess(Engine& engine);

  /// Whether it leaves traces, and takes time: it is no debugger's.
  bool counts() const { return !m_request.debug; }
  /// Whether the SMMU has been reset since it began.
  bool was_reset() const { return m_reset_count != m_engine.reset_count(); }

  // ---- on its way

  /// Whether its TBU has a finished answer: it is over then.
  bool answered_at_tbu();
  /// Whether its lookup of a translation is to meet a conflict in the TLB, which is injected. Asked once.
  bool conflicts();
  void pass_port();
  void go_to_tcu();
  /// Begins m_translation. @param address  as configuration has made it of the request's
  void translate(const TranslationContext& context, std::uint64_t address, bool privileged, bool instruction,
                 bool DIPAN = false, AddressSpace space = AddressSpace::non_secure);
  /// What translate() asks: of an access at its time, counted as this one.
  TranslationRequest translation_request(std::uint64_t address, pgtable::AccessType access,
                                         bool privileged) const;
  void translate(const TranslationContext& context, const TranslationRequest& request) {
    m_translation.emplace(m_engine, context, request);
  }
  /// It waits for software: no synchronisation waits for it. enter() when it goes on.
  void leave();
  void enter(TimePs time);
  /// As though it had just arrived.
  void begin_again(TimePs time);
  /// An answer to its operation has come.
  void trace_answer(const MemoryOp& op, const MemoryAnswer& answer);
  /// Software has answered an access that stalled at `since`.
  void trace_resumption(TimePs since, StallAnswer answer);

  // ---- its end

  /// Goes downstream. @param answer  what the TBU may keep, of default attributes where it says so
  /// @param keep  whether it may
  void forward(const CacheKey& key, const FinishedAnswer& answer, bool keep = true);
  /// @param fault   what traces call it; "none" where there is no fault
  /// @param told    "recorded", or what keeps software from being told
  void terminate(Outcome outcome, bool counts_as_fault, std::string_view fault, std::string_view told);
  /// It waits for software. @param fault  as of terminate()
  void trace_stall(std::string_view fault);
  /// It is over. @param outcome  how, in a word
  void trace_fault(std::string_view outcome, std::string_view fault, std::string_view told);

  /// A Translation Request.
  void answer_request(const AtsAnswer& ats);

  // ---- the rest

  /// Saves or restores what is here, m_translation if it translates. After Engine::visit() and
  /// InFlight::abandon().
  void visit_base(Archive& archive, bool translates);
  /// Whether a waiting or translating state fits what has been loaded.
  bool sane_base() const { return m_counted < CountedStreams::slots; }
  void give_up();

  Engine& m_engine;
  AccessRequest m_request;
  std::uint64_t m_generation;
  bool m_waiting = false;  // for memory
  TimePs m_time;
  AccessAnswer m_answer;
  MpamLabels m_mpam;  // once its configuration is known
  std::optional<Translation> m_translation;
  std::uint16_t m_counted = CountedStreams::other;  // slot of the stream in statistics

 private:
  bool conflicts_at_tbu();
  void keep_at_tbu(const CacheKey& key, const FinishedAnswer& answer);
  std::string_view walk_name() const;
  AccessStatistics& count();

  FlightToken m_token;
  std::uint64_t m_reset_count;
  bool m_at_tcu = false;     // has left its TBU
  bool m_looked_up = false;  // as far as injected faults are concerned, which are not saved
  bool m_conflicts = false;
};

/// An access's kind in traces: "read", "write", "atomic" or "execute".
std::string_view kind_name(AccessKind kind, bool instruction);

}  // namespace smmuvp::smmu
