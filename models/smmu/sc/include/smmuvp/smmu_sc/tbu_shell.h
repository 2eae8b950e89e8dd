// A TBU of either SMMU: transactions come in, are translated, and go on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/calendar.h"
#include "smmuvp/smmu_sc/at_transactions.h"
#include "smmuvp/smmu_sc/ports.h"
#include "smmuvp/smmu_sc/smmu_shell.h"
#include "smmuvp/tlm/sim_time.h"
#include "smmuvp/tlm/smmu_hooks.h"

namespace smmuvp::smmu {

/// The logic behind a pair of sockets, whatever their width: the target socket's way forward and the
/// initiator socket's way back lead here. b_transport annotates the SMMU's time; nb_transport has the four
/// phases of the base protocol, for any number of transactions at a time (AtTransactions); transport_dbg
/// translates without any side effect. Blocking and non-blocking transactions book the same structures.
///
/// Direct memory pointers are given at TBUs that are fixed to one identity, since what withdraws them names
/// addresses alone. A pointer is for what the TBU holds a finished answer for and downstream gives a pointer
/// for, with the rights of both; a master asks when dmi_allowed is set after its b_transport. Whatever takes
/// the translation away calls invalidate_direct_mem_ptr upstream before it goes on.
class TbuShell : public sc_core::sc_module,
                 public tlm::tlm_fw_transport_if<>,
                 public tlm::tlm_bw_transport_if<> {
 public:
  struct Tbu {
    std::uint8_t index = 0;       ///< which TBU of its SMMU
    std::uint32_t stream_id = 0;  ///< of accesses that name none
    std::uint32_t slots = 1;      ///< transactions at a time, from acceptance to END_RESP
    /// All accesses are Non-secure, unprivileged data of stream_id, without SubstreamID: others are
    /// Unsupported::identity.
    bool fixed = false;
  };
  /// @param out  downstream. @param in  the way back upstream
  TbuShell(const sc_core::sc_module_name& name, SmmuShell& smmu, const Tbu& tbu, ForwardPort& out,
           BackwardPort& in);

  void set_identity_hook(IdentityHook hook) {
    m_identity = std::move(hook);
    follow_supply();
    if (m_grants != nullptr) m_engine.withdraw_grants();  // its accesses may be another's now
  }
  /// The SMMU's supply has changed, or who injects faults into it.
  void follow_supply() {
    m_is_plain = !m_tbu.fixed && !m_identity && !m_smmu.supply().stopped() && !m_smmu.injects_into_hits();
  }
  /// Whether accesses of a request's identity may come here.
  bool takes(const AccessRequest& request) const { return !m_tbu.fixed || is_fixed_identity(request); }
  /// Without a hook the key is the StreamID and the SubstreamID.
  void set_order_hook(OrderHook hook) { m_order = std::move(hook); }

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return m_at.nb_transport_fw(payload, phase, delay);
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return m_at.nb_transport_bw(payload, phase, delay);
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override;

  /// After a reset of the core.
  void was_reset();
  /// Fails while a blocking transaction is under way.
  void check_idle(Archive& archive) const;
  /// The system's state is about to be loaded.
  void forget() { m_at.forget(); }
  /// Saves or restores the bookings, and non-blocking transactions that are under way (AtTransactions).
  void visit(Archive& archive);
  /// Adds what is under way, as AtTransactions::add_dump() does. Blocking transactions live on their callers'
  /// stacks: of them there is a number.
  void add_dump(DumpSection& to) const;

 private:
  /// @param fixed  the TBU is
  bool pass_hit(tlm::tlm_generic_payload& payload, AccessExtension& extension, sc_core::sc_time& delay,
                bool fixed);
  __attribute__((noinline)) bool pass_other_hit(tlm::tlm_generic_payload& payload, AccessExtension* extension,
                                                sc_core::sc_time& delay);
  __attribute__((noinline)) void run(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  void run(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay, TimePs begin, FlightToken& token);
  /// Waits while the SMMU has no clock. @param delay  of the caller; shrinks by what it has waited.
  /// @return whether it has
  bool await_clock(sc_core::sc_time& delay);
  void abandon(FlightToken token);
  /// Simulated time has gone on: bookings that have ended are forgotten.
  void prune();
  AccessExtension* take_extension();
  TransactionShape shape(tlm::tlm_generic_payload& payload) const;
  std::uint64_t order_key(const tlm::tlm_generic_payload& payload, const AccessRequest& request) const;
  bool is_fixed_identity(const AccessRequest& request) const;
  /// Whether a pointer would be given for a payload that has gone through, if downstream gives one.
  bool would_grant(const tlm::tlm_generic_payload& payload) const {
    return m_grants != nullptr && m_grants->has_room() && would_grant_here(payload);
  }
  bool would_grant_here(const tlm::tlm_generic_payload& payload) const;
  void withdraw(const AddressRange& range);

  SmmuShell& m_smmu;
  Engine& m_engine;
  Tbu m_tbu;
  smmu::Tbu& m_core;
  ForwardPort& m_out;
  BackwardPort& m_in;
  Grants* m_grants = nullptr;  // where the TBU is fixed
  bool m_is_plain = true;      // extensions say whose transactions are, anybody's may come, and nobody waits
  IdentityHook m_identity;
  OrderHook m_order;
  const smmuvp::detail::TimeUnit m_unit = smmuvp::detail::time_unit();
  sc_core::sc_time m_stamp;  // simulated time at the last prune()
  TimePs m_now = 0;          // the same
  TimePs m_hit_ps = 0;       // what a hit took last: mostly what the next one takes
  sc_core::sc_time m_hit_time;
  Calendar m_slots;  // by blocking transactions, from acceptance to the end
  AtTransactions m_at;
  unsigned m_blocking = 0;  // b_transport calls under way
  /// For payloads that have none, while they are with us: b_transport calls can overlap.
  std::vector<std::unique_ptr<AccessExtension>> m_extensions;
};

}  // namespace smmuvp::smmu
