#include "smmuvp/smmuv3/smmuv3.h"

#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "ats_sender.h"
#include "explain.h"
#include "params.h"
#include "personalities.h"
#include "presets.h"
#include "smmuvp/smmu_sc/describe_quirks.h"
#include "smmuvp/smmu_sc/smmu_module.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/injection.h"
#include "smmuvp/smmuv3/smmu.h"
#include "smmuvp/smmuv3/trace_points.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/plugin.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"
#include "wired_outputs.h"
#include "wiring_rules.h"

namespace smmuvp {

namespace {

/// Everything that does not depend on the width of the buses.
class Module : public smmu::WithCore<smmuv3::Smmu>, public smmu::SmmuModule {
 public:
  Module(const Component& owner, const smmuv3::Settings& s, Host& host, smmu::ForwardPort& walk,
         smmu::ForwardPort& ats, const smmuv3::WiredOutputs::Ports& ports,
         const smmuv3::WiredOutputs::Ports& secure_ports)
      : WithCore(s.features, s.structures, owner.name(), &host.diag(), host.trace()),
        // IHI 0070 6.2: an access inside the window of a shape that no register has is RAZ/WI.
        SmmuModule(owner, {core.engine(), core.workers(), core.diag(), s.structures.timing}, s,
                   {core.window().size(), "IHI 0070 6.2"}, walk),
        m_wires(ports, s.level_irq, s.features.quirks.has(smmuv3::Quirk::cavium_126), clock(), outputs()) {
    if (s.features.ATS) add_sender("ats_sender", core.interface(), ats);
    if (core.secure_interface() == nullptr) return;
    if (s.features.ATS) add_sender("secure_ats_sender", *core.secure_interface(), ats);
    m_secure_wires.emplace(secure_ports, s.level_irq, s.features.quirks.has(smmuv3::Quirk::cavium_126),
                           clock(), outputs(), "s_", &m_wires);
  }

  /// The port `ats`, when whatever is bound to it has been. Ties it off where nothing is.
  void connect_ats(smmu::ForwardPort& ats) {
    const bool connected = ats.bind_count() != 0;
    if (!connected) ats.bind(m_no_device);
    core.interface().atc_messages().connect(connected);
    if (core.secure_interface() != nullptr) core.secure_interface()->atc_messages().connect(connected);
  }

  bool translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) override {
    return core.translate_fast(request, answer);
  }
  std::unique_ptr<smmu::AccessObject> translate(const smmu::AccessRequest& request) override {
    return std::make_unique<smmuv3::Access>(core, request);
  }
  std::unique_ptr<smmu::AccessObject> blank() override { return std::make_unique<smmuv3::Access>(core); }

  /// Nothing comes back by the port `ats`.
  tlm::tlm_bw_transport_if<>& no_device() { return m_no_device; }

  Explanation explain(const AccessQuestion& question);
  DumpSection contents();

 private:
  bool access_registers(const RegisterAccess& access, AccessSecurity security, smmu::TimePs now,
                        std::uint64_t& value) override;
  std::uint64_t peek_registers(std::uint32_t offset, unsigned bytes) const override {
    std::uint64_t value = 0;
    core.window().at(offset).peek(offset, bytes, value);
    return value;
  }
  bool has_answers() const override { return core.has_stall_answers(); }
  void hold_core(const char* why) override { core.hold(why != nullptr, why); }
  void reset_core() override { core.reset(); }
  void abort_core() override { core.abort_transactions(); }
  void visit_core(Archive& archive) override { core.visit(archive); }
  void show() override {
    m_wires.update(core.interface());
    m_wires.update(core.pmcgs());
    if (m_secure_wires) m_secure_wires->update(*core.secure_interface());
    for (const auto& sender : m_senders) sender->kick();
  }
  void core_statistics(StatVisitor& visitor) const override { core.statistics().report(visitor); }
  void reset_core_statistics() override { core.reset_statistics(); }

  void add_sender(const char* name, smmuv3::ProgrammingInterface& interface, smmu::ForwardPort& ats) {
    m_senders.push_back(std::make_unique<smmuv3::AtsSender>(
        name, interface.atc_messages(), interface.secure(), shell().supply(), ats, [this] {
          show();
          shell().may_progress();
        }));
  }

  smmuv3::WiredOutputs m_wires;
  std::optional<smmuv3::WiredOutputs> m_secure_wires;
  std::vector<std::unique_ptr<smmuv3::AtsSender>> m_senders;
  smmuv3::NoAtsDevice m_no_device;
};

bool Module::access_registers(const RegisterAccess& access, AccessSecurity security, smmu::TimePs now,
                              std::uint64_t& value) {
  smmuv3::RegisterBlock& block = core.window().at(access.offset);
  if (!access.write) {
    block.read(access.offset, access.bytes, security, now, value);
    return true;
  }
  block.write(access.offset, access.bytes, security, now, value);
  m_wires.cancel_disabled(core.interface());
  m_wires.cancel_disabled(core.pmcgs());
  if (m_secure_wires) m_secure_wires->cancel_disabled(*core.secure_interface());
  show();
  return true;
}

Explanation Module::explain(const AccessQuestion& question) {
  AccessQuestion asked = question;
  asked.secure = question.secure && core.secure_interface() != nullptr;
  return smmuv3::explanation_of(smmuv3::explain(core, request_of(asked), debug_memory(), asked.in_words),
                                asked.in_words);
}

DumpSection Module::contents() {
  DumpSection s = smmuv3::dump(core, smmu::instance_words(owner()), debug_memory());
  shell().add_dump(s);
  return s;
}

smmuv3::Settings settings_of(const Params& params, const sc_core::sc_object& instance) {
  return smmu::for_instance(instance, [&] {
    const smmuv3::Settings settings = smmuv3::settings_of(params);
    smmuv3::Smmu::check(settings.features, settings.structures);
    return settings;
  });
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
  Impl(const smmuv3::Settings& s, Host& host, SmmuV3& m)
      : Module(m, s, host, m.walk, m.ats,
               {m.eventq_irq, m.gerror_irq, m.cmdq_sync_irq, m.event_out, &m.priq_irq, lines_of(m.pmcg_irq)},
               {m.s_eventq_irq, m.s_gerror_irq, m.s_cmdq_sync_irq, m.event_out}),
        features(s.features) {}

  smmuv3::Features features;
  std::vector<Port> ports;
  std::vector<InjectionPlace> places;

 private:
  static std::vector<LineOut*> lines_of(sc_core::sc_vector<LineOut>& lines) {
    std::vector<LineOut*> list;
    for (LineOut& line : lines) list.push_back(&line);
    return list;
  }
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
      ats("ats"),
      eventq_irq("eventq_irq"),
      gerror_irq("gerror_irq"),
      cmdq_sync_irq("cmdq_sync_irq"),
      s_eventq_irq("s_eventq_irq"),
      s_gerror_irq("s_gerror_irq"),
      s_cmdq_sync_irq("s_cmdq_sync_irq"),
      event_out("event_out"),
      priq_irq("priq_irq"),
      reset("reset"),
      power("power"),
      clock("clock") {
  const smmuv3::Settings settings = settings_of(parameters(), *this);
  if (settings.features.pmcg.counters != 0) {
    pmcg_irq.init(settings.tbus + 1, [](const char*, std::size_t i) {
      return new LineOut(("pmcg" + std::to_string(i) + "_irq").c_str());
    });
  }
  m_impl = std::make_unique<Impl>(settings, this->host(), *this);
  const std::string lacks = smmuv3::personality_difference(parameters());
  if (!lacks.empty()) {
    m_impl->core.diag().unimplemented("personality",
                                      "this " + parameters().text("personality") + " has " + lacks,
                                      "IHI 0070 6.3.1 to 6.3.8");
  }
  registers.register_b_transport(this, &SmmuV3::register_transport);
  registers.register_transport_dbg(this, &SmmuV3::register_transport_dbg);
  walk.bind(m_impl->shell());
  ats.bind(m_impl->no_device());
  m_impl->make_tbus(tbu_in, tbu_out);
  SMMUVP_HAS_PROCESS(SmmuV3);
  SC_METHOD(on_reset);
  sensitive << (settings.reset_active_low ? reset.neg() : reset.pos());
  if (settings.level_reset) sensitive << (settings.reset_active_low ? reset.pos() : reset.neg());
  this->dont_initialize();
  SC_METHOD(on_supply);  // lines that are low from the start make no edge: it looks at them first
  sensitive << power << clock;

  if constexpr (BUSWIDTH == platform_buswidth) {
    std::vector<Port>& p = m_impl->ports;
    const std::uint64_t window = m_impl->core.window().size();
    const std::string longer = smmuv3::what_makes_the_window_longer(settings.features);
    p.push_back(Port::registers("registers", &registers,
                                "programming interface, " + std::to_string(window >> 10) + " KiB" +
                                    (longer.empty() ? "" : " by " + longer),
                                window));
    p.push_back({"walk", &walk, "structures, translation tables and queues"});
    m_impl->list_tbus(tbu_in, tbu_out, p);
    if (m_impl->features.ATS) p.push_back({"ats", &ats, "messages to devices with an ATC", true});
    const bool edge = !settings.level_irq;
    // bindings/iommu/arm,smmu-v3.yaml: where there is one line, it stands alone, as "combined".
    const bool shared = settings.features.quirks.has(smmuv3::Quirk::cavium_126);
    const auto binding = [shared](const char* name) { return shared ? "" : name; };
    p.push_back({"eventq_irq", &eventq_irq,
                 edge ? "Event queue became non-empty" : "Event queue is non-empty", true,
                 shared ? "combined" : "eventq", edge});
    p.push_back({"gerror_irq", &gerror_irq, "global error", true, binding("gerror"), edge});
    p.push_back({"cmdq_sync_irq", &cmdq_sync_irq, "CMD_SYNC completed", true, binding("cmdq-sync"), true});
    if (settings.features.PRI) {
      p.push_back({"priq_irq", &priq_irq, edge ? "page requests have come" : "PRI queue is non-empty", true,
                   binding("priq"), edge});
    }
    if (settings.features.SECURE_IMPL) {
      p.push_back({"s_eventq_irq", &s_eventq_irq,
                   edge ? "Event queue of the Secure state became non-empty"
                        : "Event queue of the Secure state is non-empty",
                   true, "", edge});
      p.push_back({"s_gerror_irq", &s_gerror_irq, "global error of the Secure state", true, "", edge});
      p.push_back(
          {"s_cmdq_sync_irq", &s_cmdq_sync_irq, "CMD_SYNC of the Secure state completed", true, "", true});
    }
    p.push_back({"event_out", &event_out, "wake-up event for WFE", true, "", true});
    for (std::size_t i = 0; i < pmcg_irq.size(); ++i) {
      const std::string whose = i == 0 ? "the TCU" : "TBU " + std::to_string(i - 1);
      p.push_back({"pmcg" + std::to_string(i) + "_irq", &pmcg_irq[i],
                   "a performance monitor counter of " + whose + " overflowed", true, "", true});
    }
    m_impl->places = smmuv3::injection_places(smmu::line_names(p));
    m_impl->list_inputs(reset, power, clock, p);
  }
}

template <unsigned BUSWIDTH>
SmmuV3<BUSWIDTH>::~SmmuV3() = default;

template <unsigned BUSWIDTH>
bool SmmuV3<BUSWIDTH>::listens_to_tlbi() const {
  return m_impl->core.takes_broadcasts();
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::tlbi_arrives(const BroadcastTlbi& tlbi) {
  m_impl->core.broadcast(tlbi, to_ps(sc_core::sc_time_stamp()));
}

// 6.3.12: with PTM 1 nothing was invalidated that somebody could wait for.
template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::complete_tlbis(sc_core::sc_time& delay) {
  if (!m_impl->core.takes_part_in_broadcasts() || m_impl->shell().wait_for_accesses(delay)) return;
  m_impl->core.diag().guest_error(
      "broadcast.supply",
      "a DSB waits for accesses that do not end while the SMMU has no clock: it is "
      "completed without. Let the clock run, or set CR2.PTM, before it is gated",
      "IHI 0070 3.17");
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::before_end_of_elaboration() {
  m_impl->tie(eventq_irq);
  m_impl->tie(gerror_irq);
  m_impl->tie(cmdq_sync_irq);
  m_impl->tie(s_eventq_irq);
  m_impl->tie(s_gerror_irq);
  m_impl->tie(s_cmdq_sync_irq);
  m_impl->tie(event_out);
  m_impl->tie(priq_irq);
  for (LineOut& line : pmcg_irq) m_impl->tie(line);
  m_impl->tie_inputs(reset, power, clock);
  m_impl->connect_ats(ats);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::start_of_simulation() {
  Component::start_of_simulation();
  if (m_impl->settings().level_reset) on_reset();  // a line that is active from the start makes no edge
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
  m_impl->reset_input(reset.read());
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::on_supply() {
  m_impl->supply_inputs(power.read(), clock.read());
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::set_identity_hook(unsigned tbu, IdentityHook hook) {
  m_impl->tbu("set_identity_hook", tbu).set_identity_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::set_order_hook(unsigned tbu, OrderHook hook) {
  m_impl->tbu("set_order_hook", tbu).set_order_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::set_own_access_hook(OwnAccessHook hook) {
  m_impl->shell().set_own_access_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
const std::vector<Port>& SmmuV3<BUSWIDTH>::ports() const {
  return m_impl->ports;
}

template <unsigned BUSWIDTH>
std::string SmmuV3<BUSWIDTH>::refused_base(const std::string&, std::uint64_t) const {
  return {};
}

template <unsigned BUSWIDTH>
std::string SmmuV3<BUSWIDTH>::missing_port(const std::string& name) const {
  return smmuv3::missing_port(m_impl->features, m_impl->settings().tbus, name);
}

// All have names in a device tree, so that any may be left out.
template <unsigned BUSWIDTH>
std::vector<WiringRules::InterruptFinding> SmmuV3<BUSWIDTH>::check_interrupts(
    const std::vector<std::string>&) const {
  return {};
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
  return m_impl->explain(question);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::set_injector(Injector* injector) {
  m_impl->set_injector(injector);
}

template <unsigned BUSWIDTH>
const std::vector<InjectionPlace>& SmmuV3<BUSWIDTH>::injection_places() const {
  return m_impl->places;
}

template <unsigned BUSWIDTH>
DumpSection SmmuV3<BUSWIDTH>::contents() const {
  return m_impl->contents();
}

template <unsigned BUSWIDTH>
std::vector<std::pair<std::string, std::uint64_t>> SmmuV3<BUSWIDTH>::register_values() const {
  return smmuv3::register_values(m_impl->core);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::dump(std::ostream& out) const {
  out << to_text(contents());
}

namespace {

// IHI 0070 6.3.9: ProductID is [31:20], Implementer [11:0]. Arm's MMU-600 has 0x483, and Arm 0x43b.
bool is_mmu_600(std::uint32_t IIDR) { return IIDR >> 20 == 0x483 && (IIDR & 0xfffU) == 0x43b; }

}  // namespace

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::describe(DtNode& node) const {
  node.set_name("iommu");
  smmu::describe_quirks(node, m_impl->features.quirks, smmuv3::quirk_infos(), {"arm,smmu-v3"});
  node.cells("#iommu-cells", {1});
  if (m_impl->features.COHACC) node.flag("dma-coherent");
  // The platform names the controller of the messages.
  if (m_impl->features.MSI) node.flag("msi-parent");
  // bindings/perf/arm,smmu-v3-pmcg.yaml: a node of its own each, beside that of the SMMU.
  const smmuv3::PmcgFeatures& pmcg = m_impl->features.pmcg;
  for (unsigned i = 0; i < pmcg_irq.size(); ++i) {
    DtNode& pmu = node.beside("pmu");
    if (is_mmu_600(m_impl->features.IIDR)) {
      pmu.strings("compatible", {"arm,mmu-600-pmcg", "arm,smmu-v3-pmcg"});
    } else {
      pmu.strings("compatible", {"arm,smmu-v3-pmcg"});
    }
    pmu.reg("registers", pmcg.page0(i), smmuv3::PmcgFeatures::page_size);
    if (pmcg.RELOC_CTRS) pmu.reg("registers", pmcg.page1(i), smmuv3::PmcgFeatures::page_size);
    pmu.interrupt("pmcg" + std::to_string(i) + "_irq");
    if (pmcg.MSI) pmu.flag("msi-parent");
  }
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
       smmu::with_transactions(smmuv3::trace_points())},
  };
  *count = std::size(types);
  return types;
}

}  // namespace

}  // namespace smmuvp

SMMUVP_PLUGIN("Arm SMMUv3", smmuvp::component_types)
