#include "smmuvp/smmuv3/smmuv3.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>

#include "explain.h"
#include "params.h"
#include "personalities.h"
#include "presets.h"
#include "smmuvp/smmu_sc/counted.h"
#include "smmuvp/smmu_sc/smmu_shell.h"
#include "smmuvp/smmu_sc/tbu_shell.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/smmu.h"
#include "smmuvp/smmuv3/trace_points.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/plugin.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"
#include "wired_outputs.h"

namespace smmuvp {

namespace {

/// Everything that does not depend on the width of the buses.
class Module : public smmu::Translator {
 public:
  Module(const char* name, const smmuv3::Settings& s, Host& host, smmu::ForwardPort& walk,
         const smmuv3::WiredOutputs::Ports& outputs)
      : settings(s),
        core(s.features, s.structures, name, &host.diag(), host.trace()),
        shell("shell", {core.engine(), *this, core.workers(), [this] { show(); }}, walk),
        m_outputs(outputs, s.level_irq, from_ps(s.clock_ps)) {}

  bool translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) override {
    return core.translate_fast(request, answer);
  }
  std::unique_ptr<smmu::AccessObject> translate(const smmu::AccessRequest& request) override {
    return std::make_unique<smmuv3::Access>(core, request);
  }
  std::unique_ptr<smmu::AccessObject> blank() override { return std::make_unique<smmuv3::Access>(core); }

  void register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned register_transport_dbg(tlm::tlm_generic_payload& payload);
  void reset();
  /// The reset input is, or is no longer, active.
  void hold(bool active);
  void visit(Archive& archive);
  void statistics(StatVisitor& visitor) const;
  void reset_statistics();
  Explanation explain(const AccessQuestion& question, const sc_core::sc_vector<smmu::TbuShell>& tbus);
  DumpSection contents(const std::string& title);

  smmuv3::Settings settings;
  smmuv3::Smmu core;
  smmu::SmmuShell shell;

 private:
  void synchronise(sc_core::sc_time& delay);
  void show() { m_outputs.update(core.interface()); }

  unsigned m_register_waits = 0;  // register accesses that wait for their time
  smmuv3::WiredOutputs m_outputs;
};

/// Lets simulated time come to that of a register access, so that it finds what the SMMU has done until then.
void Module::synchronise(sc_core::sc_time& delay) {
  if (!settings.sync_registers) return;
  const bool ahead = delay != sc_core::SC_ZERO_TIME;
  // Where nothing takes time a poll is never ahead: it lets a clock pass while the SMMU works.
  if (!ahead && (settings.structures.timing || !shell.has_work())) return;
  const sc_core::sc_curr_proc_kind process = sc_core::sc_get_current_process_handle().proc_kind();
  if (process != sc_core::SC_THREAD_PROC_ && process != sc_core::SC_CTHREAD_PROC_) {
    if (!ahead) return;
    core.diag().host_error("registers.sync",
                           "a register access with an annotated delay of " + delay.to_string() +
                               " comes from no thread, so that it cannot wait, and takes effect before its "
                               "time: expected b_transport from an SC_THREAD, or the parameter "
                               "sync_registers = false");
    return;
  }
  const smmu::Counted counted(m_register_waits);
  sc_core::wait(ahead ? delay : from_ps(settings.clock_ps));
  delay = sc_core::SC_ZERO_TIME;
}

void Module::register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  payload.set_dmi_allowed(false);
  synchronise(delay);
  if (core.interface().held()) {
    core.diag().guest_error("register.reset", "a register access while the SMMU is held in reset is an error",
                            "", {}, payload.get_address());
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  RegisterAccess access;
  if (!begin_register_access(payload, smmuv3::window_size, access)) {
    // IHI 0070 6.2: an access inside the window of a shape that no register has is RAZ/WI.
    if (!make_other_shape_raz_wi(payload)) return;
    core.diag().guest_error("register.shape",
                            "an access of a size, alignment, streaming width or byte enables that no "
                            "register has is RAZ/WI",
                            "IHI 0070 6.2", {}, payload.get_address());
    return;
  }
  const auto* e = payload.get_extension<AccessExtension>();
  const bool secure = e != nullptr && e->address_space == AddressSpace::secure;
  const AccessSecurity security = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  const std::uint64_t now = to_ps(sc_core::sc_time_stamp() + delay);
  std::uint64_t value = 0;
  if (access.write) {
    core.interface().write(access.offset, access.bytes, security, now, access.value);
    m_outputs.cancel_disabled(core.interface());
    show();
  } else {
    core.interface().read(access.offset, access.bytes, security, now, value);
  }
  end_register_access(payload, access, value);
  if (settings.structures.timing) delay += from_ps(settings.clock_ps);
  shell.kick(delay);
  if (core.interface().stalls().has_answers()) shell.may_progress();
}

unsigned Module::register_transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, smmuv3::window_size, [this](std::uint32_t offset, unsigned bytes) {
    std::uint64_t value = 0;
    core.interface().peek(offset, bytes, value);
    return value;
  });
}

void Module::hold(bool active) {
  if (active) reset();
  core.hold(active && settings.level_reset);
  show();
  shell.kick(sc_core::SC_ZERO_TIME);
}

void Module::reset() {
  core.reset();
  m_outputs.cancel();
  shell.was_reset();
}

void Module::visit(Archive& archive) {
  if (m_register_waits != 0) archive.fail("registers", "a register access is under way");
  if (!shell.begin_visit(archive)) return;
  core.visit(archive);
  shell.visit(archive);
  m_outputs.visit(archive);
  if (!archive.loading()) return;
  show();
  shell.kick(sc_core::SC_ZERO_TIME);
}

void Module::statistics(StatVisitor& visitor) const {
  core.engine_statistics().report(visitor);
  core.statistics().report(visitor);
  visitor.stat("interrupts_coalesced", m_outputs.coalesced(), "1",
               "interrupts that met one of their kind still waiting");
  core.engine().report_parts(visitor);
}

Explanation Module::explain(const AccessQuestion& question, const sc_core::sc_vector<smmu::TbuShell>& tbus) {
  smmu::AccessRequest request = smmuv3::request_of(question);
  if (question.tbu >= settings.tbus) request.port = 0;
  if (!tbus[request.port].takes(request)) request.unsupported = smmu::Unsupported::identity;
  return smmuv3::explanation_of(
      smmuv3::explain(core, request, [this](const smmu::MemoryOp& op) { return shell.carry_out_debug(op); }));
}

DumpSection Module::contents(const std::string& title) {
  DumpSection s =
      smmuv3::dump(core, title, [this](const smmu::MemoryOp& op) { return shell.carry_out_debug(op); });
  shell.add_dump(s);
  return s;
}

void Module::reset_statistics() {
  core.reset_statistics();
  m_outputs.reset_statistics();
}

}  // namespace

namespace {

smmuv3::Settings settings_of(const Params& params, const sc_core::sc_object& instance) {
  try {
    const smmuv3::Settings settings = smmuv3::settings_of(params);
    smmuv3::Smmu::check(settings.features, settings.structures);
    return settings;
  } catch (const ConfigError& e) {
    throw ConfigError(e.key(), std::string(instance.name()) + " (smmuv3)", e.text());
  }
}

// Before the first socket is made: SystemC 3.0.0 keeps a pointer to a convenience socket that is destroyed
// before simulation starts, so a program that goes on after a ConfigError would crash there.
const char* checked(const Params& params, const sc_core::sc_object& instance, const char* first_socket) {
  settings_of(params, instance);
  return first_socket;
}

}  // namespace

template <unsigned BUSWIDTH>
class SmmuV3<BUSWIDTH>::Impl : public Module {
 public:
  Impl(const char* name, const smmuv3::Settings& s, Host& host, SmmuV3& m)
      : Module(name, s, host, m.walk, {m.eventq_irq, m.gerror_irq, m.cmdq_sync_irq, m.event_out}) {}

  /// @throws ConfigError if there is none. @param call  that named it
  smmu::TbuShell& tbu(const sc_core::sc_object& smmu, const char* call, unsigned i);

  sc_core::sc_vector<smmu::TbuShell> tbus{"tbu"};
  std::vector<Port> ports;
  std::vector<std::unique_ptr<sc_core::sc_signal<bool>>> ties;
};

template <unsigned BUSWIDTH>
const std::vector<ParamInfo>& SmmuV3<BUSWIDTH>::params() {
  return smmuv3::smmuv3_params();
}

template <unsigned BUSWIDTH>
SmmuV3<BUSWIDTH>::SmmuV3(const sc_core::sc_module_name& name, const Params& params, Host& host)
    // What it was made with is what personality and preset have made of it: a saved state of other sizes is
    // refused.
    : Component(name, "smmuv3", smmuv3::with_preset(smmuv3::with_personality(params)), host),
      registers(checked(parameters(), *this, "registers")),
      walk("walk"),
      eventq_irq("eventq_irq"),
      gerror_irq("gerror_irq"),
      cmdq_sync_irq("cmdq_sync_irq"),
      event_out("event_out"),
      reset("reset") {
  const smmuv3::Settings settings = settings_of(parameters(), *this);
  m_impl = std::make_unique<Impl>(this->name(), settings, this->host(), *this);
  const std::string lacks = smmuv3::personality_difference(parameters());
  if (!lacks.empty()) {
    m_impl->core.diag().unimplemented("personality",
                                      "this " + parameters().text("personality") + " has " + lacks,
                                      "IHI 0070 6.3.1 to 6.3.8");
  }
  registers.register_b_transport(this, &SmmuV3::register_transport);
  registers.register_transport_dbg(this, &SmmuV3::register_transport_dbg);
  walk.bind(m_impl->shell);
  const auto named = [](const char* end) {
    return [end](std::size_t i) { return "tbu" + std::to_string(i) + end; };
  };
  tbu_in.init(settings.tbus, [name_of = named("_in")](const char*, std::size_t i) {
    return new TbuTarget(name_of(i).c_str());
  });
  tbu_out.init(settings.tbus, [name_of = named("_out")](const char*, std::size_t i) {
    return new TbuInitiator(name_of(i).c_str());
  });
  m_impl->tbus.init(settings.tbus, [&](const char* tbu, std::size_t i) {
    const smmu::TbuShell::Tbu which{static_cast<std::uint8_t>(i), settings.stream_id[i], settings.slots,
                                    settings.fixed[i]};
    return new smmu::TbuShell(tbu, m_impl->shell, which, tbu_out[i], tbu_in[i].get_base_port());
  });
  for (unsigned i = 0; i < settings.tbus; ++i) {
    tbu_in[i].bind(m_impl->tbus[i]);
    tbu_out[i].bind(m_impl->tbus[i]);
  }
  SMMUVP_HAS_PROCESS(SmmuV3);
  SC_METHOD(on_reset);
  sensitive << (settings.reset_active_low ? reset.neg() : reset.pos());
  if (settings.level_reset) sensitive << (settings.reset_active_low ? reset.pos() : reset.neg());
  this->dont_initialize();

  if constexpr (BUSWIDTH == platform_buswidth) {
    std::vector<Port>& p = m_impl->ports;
    p.push_back(Port::registers("registers", &registers, "programming interface, 128 KiB", 128 << 10));
    p.push_back({"walk", &walk, "structures, translation tables and queues"});
    for (unsigned i = 0; i < settings.tbus; ++i) {
      const std::string base = "tbu" + std::to_string(i);
      p.push_back({base + "_in", &tbu_in[i], "from client devices"});
      p.push_back({base + "_out", &tbu_out[i], "to the system, translated"});
    }
    const bool edge = !settings.level_irq;
    p.push_back({"eventq_irq", &eventq_irq,
                 edge ? "Event queue became non-empty" : "Event queue is non-empty", true, "eventq", edge});
    p.push_back({"gerror_irq", &gerror_irq, "global error", true, "gerror", edge});
    p.push_back({"cmdq_sync_irq", &cmdq_sync_irq, "CMD_SYNC completed", true, "cmdq-sync", true});
    p.push_back({"event_out", &event_out, "wake-up event for WFE", true, "", true});
    p.push_back({"reset", &reset, "resets the SMMU", true});
  }
}

template <unsigned BUSWIDTH>
SmmuV3<BUSWIDTH>::~SmmuV3() = default;

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::before_end_of_elaboration() {
  const auto tie = [this](auto& port, const char* name, bool value = false) {
    if (port.bind_count() != 0) return;
    m_impl->ties.push_back(std::make_unique<sc_core::sc_signal<bool>>(name, value));
    port.bind(*m_impl->ties.back());
  };
  tie(eventq_irq, "eventq_irq_tie");
  tie(gerror_irq, "gerror_irq_tie");
  tie(cmdq_sync_irq, "cmdq_sync_irq_tie");
  tie(event_out, "event_out_tie");
  tie(reset, "reset_tie", m_impl->settings.reset_active_low);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::start_of_simulation() {
  Component::start_of_simulation();
  if (m_impl->settings.level_reset) on_reset();  // a line that is active from the start makes no edge
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  m_impl->register_transport(payload, delay);
}

template <unsigned BUSWIDTH>
unsigned SmmuV3<BUSWIDTH>::register_transport_dbg(tlm::tlm_generic_payload& payload) {
  return m_impl->register_transport_dbg(payload);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::on_reset() {
  m_impl->hold(reset.read() != m_impl->settings.reset_active_low);
}

template <unsigned BUSWIDTH>
smmu::TbuShell& SmmuV3<BUSWIDTH>::Impl::tbu(const sc_core::sc_object& smmu, const char* call, unsigned i) {
  if (i < tbus.size()) return tbus[i];
  throw ConfigError("tbus", std::string(smmu.name()) + " (smmuv3)",
                    std::string(call) + ": there is no TBU " + std::to_string(i) + ", the last is TBU " +
                        std::to_string(tbus.size() - 1) + "; the parameter 'tbus' gives more");
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::set_identity_hook(unsigned tbu, IdentityHook hook) {
  m_impl->tbu(*this, "set_identity_hook", tbu).set_identity_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::set_order_hook(unsigned tbu, OrderHook hook) {
  m_impl->tbu(*this, "set_order_hook", tbu).set_order_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::set_own_access_hook(OwnAccessHook hook) {
  m_impl->shell.set_own_access_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
const std::vector<Port>& SmmuV3<BUSWIDTH>::ports() const {
  return m_impl->ports;
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::visit(Archive& archive) {
  m_impl->visit(archive);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::statistics(StatVisitor& visitor) const {
  m_impl->statistics(visitor);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::reset_statistics() {
  m_impl->reset_statistics();
}

template <unsigned BUSWIDTH>
Explanation SmmuV3<BUSWIDTH>::explain(const AccessQuestion& question) const {
  return m_impl->explain(question, m_impl->tbus);
}

template <unsigned BUSWIDTH>
DumpSection SmmuV3<BUSWIDTH>::contents() const {
  return m_impl->contents(std::string(this->name()) + " (smmuv3)");
}

template <unsigned BUSWIDTH>
std::vector<std::pair<std::string, std::uint64_t>> SmmuV3<BUSWIDTH>::register_values() const {
  return smmuv3::register_values(m_impl->core.interface());
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::dump(std::ostream& out) const {
  out << to_text(contents());
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::describe(DtNode& node) const {
  node.set_name("iommu");
  node.strings("compatible", {"arm,smmu-v3"});
  node.cells("#iommu-cells", {1});
  if (m_impl->settings.features.COHACC) node.flag("dma-coherent");
  // The platform names the controller of the messages.
  if (m_impl->settings.features.MSI) node.flag("msi-parent");
}

template class SmmuV3<32>;
template class SmmuV3<64>;
template class SmmuV3<128>;
template class SmmuV3<256>;
template class SmmuV3<512>;

namespace {

const ComponentType* component_types(std::size_t* count) {
  static const ComponentType types[] = {
      {"smmuv3", "Arm SMMUv3: translation of both stages for client devices", smmuv3::smmuv3_params(),
       [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
         return std::make_unique<SmmuV3<platform_buswidth>>(name, params, host);
       },
       smmuv3::trace_points()},
  };
  *count = std::size(types);
  return types;
}

}  // namespace

}  // namespace smmuvp

SMMUVP_PLUGIN("Arm SMMUv3", smmuvp::component_types)
