// SystemC module of the SMMUv2.
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <cstdint>
#include <iosfwd>
#include <memory>
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
#include "smmuvp/tlm/wiring_rules.h"

namespace smmuvp {

/// An Arm SMMUv2 or SMMUv1 (IHI 0062) with both stages of translation.
///
/// Transactions come in at tbu_in[i] and leave, translated, at tbu_out[i]. AccessExtension (of
/// smmuvp/tlm/access_extension.h) carries the StreamID, of 16 bits at most, and the Security state; a payload
/// without it belongs to the TBU's default StreamID, or to whom a hook says, and is Non-secure. An access
/// that the SMMU aborts gets TLM_ADDRESS_ERROR_RESPONSE, one that is RAZ/WI gets TLM_OK_RESPONSE and zeros.
/// transport_dbg translates without any side effect. An access with a wider StreamID, a SubstreamID, or of a
/// physical address space that there is none of, is the platform's mistake: told once, and recorded as an
/// unsupported transaction (sGFSR.UUT).
///
/// Direct memory pointers are given at TBUs that the parameter tbuN_fixed binds to one identity, and taken
/// back by whatever may change the translation, before it completes.
///
/// b_transport annotates the SMMU's time. nb_transport is the base protocol with its four phases: END_REQ
/// comes after the port's latency, or as soon as one of the TBU's slots is free. Transactions of one StreamID
/// stay in order, others overtake. With one transaction outstanding both styles take the same time. Masters
/// of both may be mixed. A transaction that stalls waits for SMMU_CBn_RESUME. A reset answers what is open
/// with TLM_ADDRESS_ERROR_RESPONSE.
///
/// visit() saves with nb_transport transactions open, but not these: a master that has some sends them again
/// after loading. With a b_transport open, saving fails.
///
/// A register access consumes the time that its initiator is ahead, by wait(), unless sync_registers is
/// false. It is Secure if its AccessExtension says so. A configuration access fault that is reported by an
/// abort (sCR0.GCFGFRE) answers TLM_GENERIC_ERROR_RESPONSE.
///
/// The interrupt outputs are levels (3.6, 6.8). A reset input becoming active resets, once or, if reset is
/// level, for as long as it is: accesses are then aborted, and registers answer TLM_GENERIC_ERROR_RESPONSE.
/// While `power` or `clock` is low registers answer so too; without power accesses are aborted, and state is
/// lost unless `retention` is true; without a clock accesses wait. Lines that nothing is bound to are tied
/// off.
///
/// All sockets have BUSWIDTH bits; WidthAdapter (smmuvp/tlm/width_adapter.h) binds others to them.
///
/// Instantiated for BUSWIDTH 32, 64, 128, 256 and 512. ports() lists the ports of BUSWIDTH 64 only, which is
/// what a platform wires.
template <unsigned BUSWIDTH = 64>
class SMMUVP_EXPORT SmmuV2 : public Component,
                             public DumpControl,
                             public ExplainControl,
                             public InjectionControl,
                             public WiringRules {
 public:
  /// @param params  values for the table that params() gives; what is not set is what its `personality` and
  /// `preset` say, and parameters() has that
  /// @param host  outlives the SMMU (see host.h)
  /// @throws ConfigError for a combination that cannot be. It names the instance and the parameter.
  SmmuV2(const sc_core::sc_module_name& name, const Params& params, Host& host = default_host());
  ~SmmuV2() override;

  /// Every parameter: name, type, default, range, meaning.
  static const std::vector<ParamInfo>& params();
  /// Parameters at their defaults. @param instance  whose they will be, for messages
  static Params default_params(const std::string& instance = {}) {
    return Params(params(), instance.empty() ? "smmuv2" : instance + " (smmuv2)");
  }

  // ---- Hooks, in place from the next transaction on; an empty one takes its predecessor away. See
  // smmuvp/tlm/smmu_hooks.h. They are not part of a saved state.

  /// For masters at a TBU that know no AccessExtension. @throws ConfigError if there is no such TBU
  void set_identity_hook(unsigned tbu, IdentityHook hook);
  /// Without a hook the key is the StreamID. @throws ConfigError if there is no such TBU
  void set_order_hook(unsigned tbu, OrderHook hook);
  /// For all that leaves by `walk`.
  void set_own_access_hook(OwnAccessHook hook);

  using TbuTarget = tlm::tlm_target_socket<BUSWIDTH>;
  using TbuInitiator = tlm::tlm_initiator_socket<BUSWIDTH>;

  /// Both halves of the register map: 4 * 2^NUMPAGENDXB pages of 4 or 64 KiB (8.1).
  tlm_utils::simple_target_socket<SmmuV2, BUSWIDTH> registers;
  /// Translation tables.
  tlm::tlm_initiator_socket<BUSWIDTH> walk;
  sc_core::sc_vector<TbuTarget> tbu_in;      ///< from client devices
  sc_core::sc_vector<TbuInitiator> tbu_out;  ///< to the system, physical addresses
  LineOut gfsr_irq;                          ///< NSgIrpt: a Non-secure global fault
  LineOut cfg_irq;                           ///< NSgCfgIrpt: a Non-secure configuration access fault
  LineOut sgfsr_irq;                         ///< gIrpt: a Secure global fault; with SES
  LineOut scfg_irq;                          ///< gCfgIrpt: a Secure configuration access fault; with SES
  /// Faults of context banks: a line each, or NUMIRPT of them that CBAR.IRPTNDX assigns (3.6.2).
  sc_core::sc_vector<LineOut> context_irq;
  /// Overflows of event counters: a line for each counter group (6.8).
  sc_core::sc_vector<LineOut> pm_irq;
  LineIn reset;  ///< active high unless reset_active_low
  LineIn power;  ///< high: there is power; tied high if nothing is bound
  LineIn clock;  ///< high: the clock runs; likewise

  const std::vector<Port>& ports() const override;
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void reset_statistics() override;
  void describe(DtNode& node) const override;
  /// What becomes of an access and why: the registers that decide, each descriptor of both stages, what
  /// caches hold of it and memory does not, and the verdict, with the fault and whether it would be recorded,
  /// merged or stalled. Changes nothing: no register, cache, counter, time or trace; memory is read by
  /// transport_dbg of `walk`. May be called whenever transport_dbg may, also while an access is under way. A
  /// TBU that is not there counts as TBU 0.
  Explanation explain(const AccessQuestion& question) const override;
  /// Of an unprivileged Non-secure read by TBU 0.
  Explanation explain(std::uint32_t stream_id, std::uint64_t address) const {
    AccessQuestion question;
    question.stream_id = stream_id;
    question.address = address;
    return explain(question);
  }

  /// Registers, caches, and what is under way. See dump_control.h.
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

extern template class SmmuV2<32>;
extern template class SmmuV2<64>;
extern template class SmmuV2<128>;
extern template class SmmuV2<256>;
extern template class SmmuV2<512>;

}  // namespace smmuvp
