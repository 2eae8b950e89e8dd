// SystemC module of the SMMUv3.
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

#include "smmuvp/base/export.h"
#include "smmuvp/base/params.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/dump_control.h"
#include "smmuvp/tlm/explain_control.h"
#include "smmuvp/tlm/explanation.h"
#include "smmuvp/tlm/host.h"
#include "smmuvp/tlm/injection_control.h"
#include "smmuvp/tlm/smmu_hooks.h"
#include "smmuvp/tlm/tlbi_broadcast.h"
#include "smmuvp/tlm/wiring_rules.h"

namespace smmuvp {

/// An Arm SMMUv3 (IHI 0070) with both stages of translation. docs/smmuv3.md tells what is modelled.
///
/// Transactions come in at tbu_in[i] and leave, translated, at tbu_out[i]. AccessExtension (of
/// smmuvp/tlm/access_extension.h) carries the StreamID; a payload without it belongs to the TBU's default
/// StreamID, or to whom a hook says. An access that the SMMU aborts gets TLM_ADDRESS_ERROR_RESPONSE, one that
/// is RAZ/WI (CD.A == 0) gets TLM_OK_RESPONSE and zeros. transport_dbg translates without any side
/// effect.
///
/// Direct memory pointers are given at TBUs that the parameter tbuN_fixed binds to one identity: for what the
/// TBU has translated, as far as the rights of all stages go and downstream gives a pointer. The command,
/// register write, reset, loading or downstream invalidation that may change this takes them back at once, by
/// invalidate_direct_mem_ptr, before a CMD_SYNC that follows completes.
///
/// b_transport annotates the SMMU's time. nb_transport is the base protocol with its four phases: END_REQ
/// comes after the port's latency, or as soon as one of the TBU's slots is free; payloads go on by
/// nb_transport, and so do the fetches that they need at `walk`. Transactions of one StreamID and SubstreamID
/// stay in order, others overtake. With one transaction outstanding both styles take the same time. Masters
/// of both may be mixed. A reset answers what is open with TLM_ADDRESS_ERROR_RESPONSE.
///
/// visit() saves with nb_transport transactions open, but not these: a master that has some sends them again
/// after loading, from a state that it has saved itself. Loading forgets those that are open. With a
/// b_transport open, saving fails.
///
/// AccessExtension says of a request whether its stream is a Secure one, and which address space it asks for;
/// of a register access, that it is Secure; and of what the SMMU sends, the address space.
///
/// A register access consumes the time that its initiator is ahead, by wait(), unless sync_registers is
/// false: what it reads is the state at the initiator's time.
///
/// The interrupt outputs are pulses of one SMMU clock; eventq_irq, gerror_irq and priq_irq are levels if irq
/// is level. A reset input becoming active resets, once or, if reset is level, for as long as it is: accesses
/// are then aborted, and registers answer TLM_GENERIC_ERROR_RESPONSE. While `power` or `clock` is low
/// registers answer so too; without power accesses are aborted, and state is lost unless `retention` is true;
/// without a clock accesses wait. Lines that nothing is bound to are tied off.
///
/// All sockets have BUSWIDTH bits; WidthAdapter (smmuvp/tlm/width_adapter.h) binds others to them.
///
/// Instantiated for BUSWIDTH 32, 64, 128, 256 and 512. ports() lists the ports of BUSWIDTH 64 only, which is
/// what a platform wires.
template <unsigned BUSWIDTH = 64>
class SMMUVP_EXPORT SmmuV3 : public Component,
                             public DumpControl,
                             public ExplainControl,
                             public InjectionControl,
                             public TlbiListener,
                             public WiringRules {
 public:
  /// @param params  values for the table that params() gives; what is not set is what its `preset` says, and
  /// parameters() has that
  /// @param host  outlives the SMMU (see host.h)
  /// @throws ConfigError for a combination that cannot be, for example SIDSIZE 16 with ST_LEVEL 0. It names
  /// the instance and the parameter.
  SmmuV3(const sc_core::sc_module_name& name, const Params& params, Host& host = default_host());
  ~SmmuV3() override;

  /// Every parameter: name, type, default, range, meaning.
  static const std::vector<ParamInfo>& params();
  /// Parameters at their defaults. @param instance  whose they will be, for messages
  static Params default_params(const std::string& instance = {}) {
    return Params(params(), instance.empty() ? "smmuv3" : instance + " (smmuv3)");
  }

  // ---- Hooks, in place from the next transaction on; an empty one takes its predecessor away. See
  // smmuvp/tlm/smmu_hooks.h. They are not part of a saved state.

  /// For masters at a TBU that know no AccessExtension. A StreamID beyond SIDSIZE is answered as that of an
  /// extension is: the access is terminated, with a diagnostic. @throws ConfigError if there is no such TBU
  void set_identity_hook(unsigned tbu, IdentityHook hook);
  /// Without a hook the key is StreamID and SubstreamID. @throws ConfigError if there is no such TBU
  void set_order_hook(unsigned tbu, OrderHook hook);
  /// For all that leaves by `walk`.
  void set_own_access_hook(OwnAccessHook hook);

  using TbuTarget = tlm::tlm_target_socket<BUSWIDTH>;
  using TbuInitiator = tlm::tlm_initiator_socket<BUSWIDTH>;

  /// Programming interface: Page 0 and Page 1, 128 KiB, and, with `pmcg`, pages of counter groups, with
  /// `VATOS` its page, or two.
  tlm_utils::simple_target_socket<SmmuV3, BUSWIDTH> registers;
  /// Structures, translation tables and queues.
  tlm::tlm_initiator_socket<BUSWIDTH> walk;
  /// Messages to devices with an Address Translation Cache (AtsMessageExtension of
  /// smmuvp/tlm/ats_extension.h). May stay unbound: CMD_ATC_INV is then IGNORED (4.5).
  tlm::tlm_initiator_socket<BUSWIDTH> ats;
  sc_core::sc_vector<TbuTarget> tbu_in;      ///< from client devices
  sc_core::sc_vector<TbuInitiator> tbu_out;  ///< to the system, physical addresses
  LineOut eventq_irq;                        ///< Event queue: empty to non-empty; by level: non-empty
  LineOut gerror_irq;                        ///< a global error became active; by level: is active
  LineOut cmdq_sync_irq;                     ///< CMD_SYNC with CS == SIG_IRQ completed
  LineOut s_eventq_irq;                      ///< as eventq_irq, of the Secure state; without one it is silent
  LineOut s_gerror_irq;                      ///< as gerror_irq, likewise
  LineOut s_cmdq_sync_irq;                   ///< as cmdq_sync_irq, likewise
  LineOut event_out;                         ///< wake-up event for processors in WFE
  LineOut priq_irq;  ///< page requests have come (IDR0.PRI); by level: PRI queue is non-empty
  LineIn reset;      ///< active high unless reset_active_low
  LineIn power;      ///< high: there is power; tied high if nothing is bound
  LineIn clock;      ///< high: the clock runs; likewise
  /// A counter overflowed: of the TCU's counter group, then of each TBU's. None without `pmcg`.
  sc_core::sc_vector<LineOut> pmcg_irq;

  // ---- What processors broadcast, with the parameter BTM (IHI 0070 3.17). See tlbi_broadcast.h.

  bool listens_to_tlbi() const override;
  void tlbi_arrives(const BroadcastTlbi& tlbi) override;
  void complete_tlbis(sc_core::sc_time& delay) override;

  const std::vector<Port>& ports() const override;
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void reset_statistics() override;
  void describe(DtNode& node) const override;
  /// What becomes of an access and why: registers, STE and CD, each descriptor of both stages, what caches
  /// hold of it and memory does not, and the verdict, with the event that would be recorded. Changes nothing:
  /// no cache, counter, time, event or trace; memory is read by transport_dbg of `walk`. May be called
  /// whenever transport_dbg may, also while an access or a command is under way. A TBU that is not there
  /// counts as TBU 0.
  Explanation explain(const AccessQuestion& question) const override;
  /// Of an unprivileged read by TBU 0.
  Explanation explain(std::uint32_t stream_id, std::optional<std::uint32_t> substream_id,
                      std::uint64_t address) const {
    AccessQuestion question;
    question.stream_id = stream_id;
    question.substream_id = substream_id;
    question.address = address;
    return explain(question);
  }

  /// Registers, Stream table with CDs, queues, caches, and what is under way, decoded. See dump_control.h.
  DumpSection contents() const override;
  std::vector<std::pair<std::string, std::uint64_t>> register_values() const override;
  /// Writes contents() as text.
  void dump(std::ostream& out) const override;

  // ---- Faults that are injected: see injection_control.h and docs/fault-injection.md.

  void set_injector(Injector* injector) override;
  const std::vector<InjectionPlace>& injection_places() const override;

  // For platforms that wire it by names: see wiring_rules.h.
  std::string refused_base(const std::string& port, std::uint64_t base) const override;
  std::string missing_port(const std::string& name) const override;
  std::vector<InterruptFinding> check_interrupts(const std::vector<std::string>& wired) const override;

 private:
  class __attribute__((visibility("hidden"))) Impl;

  void before_end_of_elaboration() override;
  void start_of_simulation() override;
  void register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned register_transport_dbg(tlm::tlm_generic_payload& payload);
  void on_reset();
  void on_supply();

  std::unique_ptr<Impl> m_impl;
};

extern template class SmmuV3<32>;
extern template class SmmuV3<64>;
extern template class SmmuV3<128>;
extern template class SmmuV3<256>;
extern template class SmmuV3<512>;

}  // namespace smmuvp
