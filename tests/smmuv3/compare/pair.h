// Our SMMUv3 core and the naive one side by side: what is done is done to both, and what they say is
// compared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arena.h"
#include "draw.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/smmu.h"
#include "tally.h"

namespace smmuvp::compare {

class Pair {
 public:
  enum class Caches { small, large };

  Pair(const smmuv3::Features& features, Tally& tally, Caches caches = Caches::small);

  /// Both as after a reset; memory stays.
  void reset();

  /// Software of this Security state goes on: in its memory and with its registers.
  void act_as(bool secure) { m_secure = secure; }

  // ---- memory, of both
  std::uint64_t peek(std::uint64_t address, unsigned size = 8) const {
    return m_ours.read(address, size, m_secure);
  }
  void poke(std::uint64_t address, std::uint64_t value, unsigned size = 8);
  void set_abort(std::uint64_t address, bool aborts);
  void clear_aborts();

  // ---- registers: by the offset of the Non-secure one
  std::uint64_t read(std::uint32_t offset, unsigned size = 4);
  void write(std::uint32_t offset, std::uint64_t value, unsigned size = 4);

  // ---- accesses
  /// @return whether it is forwarded at once.
  bool access(const smmu::AccessRequest& request);
  /// A Translation Request. @return the answer, if it grants something.
  std::optional<smmu::AtsAnswer> request_translation(const smmu::AccessRequest& request);
  /// A page request. The SMMU has PRI.
  void request_page(const smmu::AccessRequest& request);
  /// Whether an access is stalled.
  bool any_stalled() const { return !m_waiting.empty(); }
  /// What hardware does to tables from here on, or from the last access on: see NaiveArena.
  void watch_tables() { m_naive_memory.begin_access(); }
  const NaiveArena& tables() const { return m_naive_memory; }
  /// What CD.A, say, makes no difference to: everything is compared after each step.
  void settle();

  /// Memory and registers at the end of a program.
  void compare_all();
  /// Both memories become the same again, and nothing differs.
  void forget_difference() {
    m_difference.clear();
    m_theirs.copy(m_ours);
  }
  /// What differs first, with what came before; empty: nothing.
  const std::string& difference() const { return m_difference; }
  /// Of the last access, where it was forwarded at once: how the naive model translated it.
  const std::shared_ptr<const naive_smmuv3::Lookup>& lookup() const { return m_lookup; }
  /// Whether ours found it in a TLB.
  bool hit() const { return m_hit; }
  /// Something that both agree about is not as it has to be.
  void differ(const std::string& what);
  /// The access, or Translation Request, that came last.
  const smmu::AccessRequest& last_request() const { return m_last_request; }
  /// How ours explains what would become of it now.
  std::string explain_last();
  const std::vector<std::string>& log() const { return m_log; }
  void note(const std::string& text) { m_log.push_back(text); }

  const smmuv3::Features& features() const { return m_features; }
  smmuv3::Smmu& ours() { return *m_smmu; }

 private:
  /// What our model says of software's mistakes goes into the log.
  class Said : public DiagSink {
   public:
    explicit Said(Pair& pair) : m_pair(pair) {}
    void report(const Diagnostic& d) override { m_pair.note("  ours says: " + d.text); }

   private:
    Pair& m_pair;
  };
  struct Waiting {
    std::uint64_t id;  ///< the naive model's
    smmu::AccessRequest request;
    std::unique_ptr<smmuv3::Access> access;
  };

  void compare_memory();
  void compare_msis();
  void compare_own_labels();
  void compare_label(const smmu::AccessRequest& request, const smmu::MpamLabel& ours,
                     const naive_smmuv3::MpamLabel& naive);
  void compare_messages();
  void compare_records(const char* what, std::uint64_t queue, unsigned count, unsigned bytes, bool secure);
  bool carry_messages();
  bool carry_messages(smmuv3::AtcMessages& messages);
  void compare_registers();
  std::uint32_t offset_here(std::uint32_t offset) const;
  smmuv3::ProgrammingInterface& interface() { return m_smmu->interface_of(m_secure); }
  /// Of each Security state.
  template <class F>
  void for_each_state(F f) {
    const bool before = std::exchange(m_secure, false);
    f();
    if (m_features.SECURE_IMPL) {
      m_secure = true;
      f();
    }
    m_secure = before;
  }
  bool run_ours(const smmu::AccessRequest& request, smmu::AccessAnswer& answer,
                std::unique_ptr<smmuv3::Access>& access);
  void work();
  void count_edges();
  void compare(const smmu::AccessRequest& request, const smmu::AccessAnswer& ours,
               const naive_smmuv3::Outcome& naive);
  smmu::Step go_on(smmuv3::Access& access);

  smmuv3::Features m_features;
  naive_smmuv3::Features m_naive_features;
  Tally& m_tally;
  Arena m_ours{m_features.SECURE_IMPL, m_features.MPAM}, m_theirs{m_features.SECURE_IMPL, m_features.MPAM};
  NaiveArena m_naive_memory{m_theirs};
  Said m_said{*this};
  std::unique_ptr<smmuv3::Smmu> m_smmu;
  std::unique_ptr<naive_smmuv3::Smmu> m_naive;
  const smmuv3::Access* m_new = nullptr;  // that the naive model does not know by number yet
  std::vector<Waiting> m_waiting;         // stalled, oldest first
  std::map<std::uint64_t, naive_smmuv3::Outcome> m_finished;
  using Edges = std::array<std::uint64_t, 5>;  // event, gerror, cmd_sync, priq, sev
  std::array<Edges, 2> m_edges{};              // ours: Non-secure, Secure
  bool m_secure = false;
  // Messages to devices since the last comparison
  std::vector<naive_smmuv3::AtcInvalidation> m_our_invalidations, m_their_invalidations;
  std::vector<naive_smmuv3::PrgResponse> m_our_responses;
  smmu::AccessRequest m_last_request;
  std::shared_ptr<const naive_smmuv3::Lookup> m_lookup;
  bool m_hit = false;
  std::string m_difference;
  std::vector<std::string> m_log;
};

}  // namespace smmuvp::compare
