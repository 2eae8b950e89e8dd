#include "smmuvp/smmuv2/smmuv2.h"

#include <iterator>
#include <ostream>
#include <string>
#include <utility>

#include "contents.h"
#include "explain.h"
#include "lines.h"
#include "smmuv2_settings.h"
#include "smmuvp/smmu_sc/describe_quirks.h"
#include "smmuvp/smmu_sc/smmu_module.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/injection.h"
#include "smmuvp/smmuv2/smmu.h"
#include "smmuvp/smmuv2/trace_points.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/plugin.h"
#include "smmuvp/tlm/process.h"
#include "wiring_rules.h"

namespace smmuvp {

namespace {

/// Shows faults that it records on the interrupt lines, at its time.
class ShownAccess final : public smmuv2::Access {
 public:
  ShownAccess(smmuv2::Smmu& core, const smmu::AccessRequest& request, smmuv2::Lines& lines)
      : Access(core, request), m_lines(lines) {}
  ShownAccess(smmuv2::Smmu& core, smmuv2::Lines& lines) : Access(core), m_lines(lines) {}

  smmu::Step step() override {
    const smmu::Step step = Access::step();
    m_lines.show_at(time());
    return step;
  }

 private:
  smmuv2::Lines& m_lines;
};

/// Everything that does not depend on the width of the buses.
class Module : public smmu::WithCore<smmuv2::Smmu>, public smmu::SmmuModule {
 public:
  Module(const Component& owner, const smmuv2::Settings& s, Host& host, smmu::ForwardPort& walk,
         const smmuv2::Lines::Ports& ports)
      : WithCore(s.features, s.structures, owner.name(), &host.diag(), host.trace()),
        // IHI 0062 9.1: accesses of other sizes than a register's own are IMPLEMENTATION DEFINED; here
        // RAZ/WI.
        SmmuModule(owner, {core.engine(), core.workers(), core.diag(), s.structures.timing}, s,
                   {s.features.window_bytes(), "IHI 0062 9.1"}, walk),
        m_lines("lines", core.interface().faults(), ports, outputs(), core.engine().adversity()) {}

  bool translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) override {
    return core.translate_fast(request, answer);
  }
  std::unique_ptr<smmu::AccessObject> translate(const smmu::AccessRequest& request) override {
    return std::make_unique<ShownAccess>(core, checked(request), m_lines);
  }
  std::unique_ptr<smmu::AccessObject> blank() override {
    return std::make_unique<ShownAccess>(core, m_lines);
  }

  Explanation explain(const AccessQuestion& question) {
    return smmuv2::explanation_of(smmuv2::explain(core, checked(request_of(question)), debug_memory()),
                                  question.in_words);
  }
  DumpSection contents();

 private:
  smmu::AccessRequest checked(smmu::AccessRequest request);
  void tell_other_identity(const smmu::AccessRequest& request);
  bool access_registers(const RegisterAccess& access, AccessSecurity security, smmu::TimePs now,
                        std::uint64_t& value) override;
  // A debugger reads byte by byte, and registers are read as words.
  std::uint64_t peek_registers(std::uint32_t offset, unsigned) const override {
    std::uint64_t value = 0;
    core.interface().peek(offset & ~3U, 4, AccessSecurity::NonSecure, value);
    return value >> 8 * (offset & 3U);
  }
  bool has_answers() const override { return core.interface().stalls().has_answers(); }
  void hold_core(const char* why) override { core.hold(why != nullptr, why); }
  void reset_core() override {
    core.reset();
    m_lines.forget();
  }
  void abort_core() override { core.abort_transactions(); }
  void visit_core(Archive& archive) override {
    core.visit(archive);
    m_lines.visit(archive);
  }
  void show() override { m_lines.show(); }
  void core_statistics(StatVisitor& visitor) const override { core.statistics().report(visitor); }
  void reset_core_statistics() override { core.reset_statistics(); }

  smmuv2::Lines m_lines;
  bool m_told = false;  // that an access has an identity that no SMMUv2 knows
};

// A StreamID has 16 bits at most (IHI 0062 2.3), no access has a substream, and of the physical address
// spaces there are two.
smmu::AccessRequest Module::checked(smmu::AccessRequest request) {
  if (request.unsupported == smmu::Unsupported::identity) {
    if (!request.debug) tell_other_identity(request);
    return request;
  }
  const bool space = request.space != AddressSpace::non_secure && request.space != AddressSpace::secure;
  if (request.stream_id >> 16 == 0 && !request.substream_valid && !space) return request;
  request.unsupported = smmu::Unsupported::identity;
  if (!m_told && !request.debug) {
    m_told = true;
    core.diag().host_error("identity", "an access of StreamID " + std::to_string(request.stream_id) +
                                           " at TBU " + std::to_string(request.port) +
                                           (request.substream_valid ? " has a SubstreamID"
                                            : space ? " is of the Realm or Root physical address space"
                                                    : " is of a StreamID of more than 16 bits") +
                                           ", which an SMMUv2 does not know, and is terminated");
  }
  return request;
}

// The platform is wrong, or a device: software cannot tell a TBU what comes in there.
void Module::tell_other_identity(const smmu::AccessRequest& request) {
  const std::string tbu = "tbu" + std::to_string(request.port);
  core.diag().guest_error(
      "TBU.identity",
      "an access at " + tbu + " is not Non-secure, unprivileged data of " + tbu +
          "_stream_id without SubstreamID, though " + tbu +
          "_fixed says that all are; it is terminated as an unsupported transaction. Set " + tbu +
          "_fixed to false for a master like this",
      "IHI 0062 3.8", request.stream_id, request.address);
}

bool Module::access_registers(const RegisterAccess& access, AccessSecurity security, smmu::TimePs now,
                              std::uint64_t& value) {
  smmuv2::ProgrammingInterface& interface = core.interface();
  const smmuv2::AccessMarks marks{access.privileged, access.instruction};
  const bool done = access.write ? interface.write(access.offset, access.bytes, security, now, value, marks)
                                 : interface.read(access.offset, access.bytes, security, now, value, marks);
  show();
  return done;
}

DumpSection Module::contents() {
  DumpSection s = smmuv2::contents_of(core, smmu::instance_words(owner()));
  shell().add_dump(s);
  return s;
}

smmuv2::Settings settings_of(const Params& params, const sc_core::sc_object& instance) {
  return smmu::for_instance(instance, [&] {
    const smmuv2::Settings settings = smmuv2::settings_of(params);
    smmuv2::Smmu::check(settings.features, settings.structures);
    return settings;
  });
}

std::string numbered(const char* base, std::size_t i) { return base + std::to_string(i); }

// Before the first socket is made: see SmmuV3.
const char* checked(const Params& params, const sc_core::sc_object& instance, const char* first_socket) {
  settings_of(params, instance);
  return first_socket;
}

}  // namespace

template <unsigned BUSWIDTH>
class SmmuV2<BUSWIDTH>::Impl : public Module {
 public:
  Impl(const smmuv2::Settings& s, Host& host, SmmuV2& m)
      : Module(m, s, host, m.walk, {m.gfsr_irq, m.cfg_irq, m.sgfsr_irq, m.scfg_irq, m.context_irq, m.pm_irq}),
        features(s.features) {}

  smmuv2::Features features;
  std::vector<Port> ports;
  std::vector<InjectionPlace> places;
};

template <unsigned BUSWIDTH>
const std::vector<ParamInfo>& SmmuV2<BUSWIDTH>::params() {
  return smmuv2::smmuv2_params();
}

template <unsigned BUSWIDTH>
SmmuV2<BUSWIDTH>::SmmuV2(const sc_core::sc_module_name& name, const Params& params, Host& host)
    // What it was made with is what personality and preset have made of it: a saved state of other sizes is
    // refused.
    : Component(name, "smmuv2", smmuv2::with_defaults(params), host),
      registers(checked(parameters(), *this, "registers")),
      walk("walk"),
      gfsr_irq("gfsr_irq"),
      cfg_irq("cfg_irq"),
      sgfsr_irq("sgfsr_irq"),
      scfg_irq("scfg_irq"),
      context_irq("context_irqs"),
      pm_irq("pm_irqs"),
      reset("reset"),
      power("power"),
      clock("clock") {
  const smmuv2::Settings settings = settings_of(parameters(), *this);
  const auto make_lines = [](sc_core::sc_vector<LineOut>& lines, const char* base, unsigned n) {
    lines.init(n, [base](const char*, std::size_t i) { return new LineOut(numbered(base, i).c_str()); });
  };
  make_lines(context_irq, "context_irq", settings.features.context_interrupts());
  make_lines(pm_irq, "pm_irq", settings.features.counter_groups);
  m_impl = std::make_unique<Impl>(settings, this->host(), *this);
  const std::string lacks = smmuv2::personality_difference(parameters());
  if (!lacks.empty()) {
    m_impl->core.diag().unimplemented(
        "personality", "this " + parameters().text("personality") + " has " + lacks, "IHI 0062 9.6.1");
  }
  registers.register_b_transport(this, &SmmuV2::register_transport);
  registers.register_transport_dbg(this, &SmmuV2::register_transport_dbg);
  walk.bind(m_impl->shell());
  m_impl->make_tbus(tbu_in, tbu_out);
  SMMUVP_HAS_PROCESS(SmmuV2);
  SC_METHOD(on_reset);
  sensitive << (settings.reset_active_low ? reset.neg() : reset.pos());
  if (settings.level_reset) sensitive << (settings.reset_active_low ? reset.pos() : reset.neg());
  this->dont_initialize();
  SC_METHOD(on_supply);  // lines that are low from the start make no edge: it looks at them first
  sensitive << power << clock;

  if constexpr (BUSWIDTH == platform_buswidth) {
    std::vector<Port>& p = m_impl->ports;
    p.push_back(
        Port::registers("registers", &registers, "programming interface", settings.features.window_bytes()));
    p.push_back({"walk", &walk, "translation tables"});
    m_impl->list_tbus(tbu_in, tbu_out, p);
    // In the order of the device tree's binding: global interrupts first. It has no names.
    p.push_back({"gfsr_irq", &gfsr_irq, "Non-secure global fault", true});
    p.push_back({"cfg_irq", &cfg_irq, "Non-secure configuration access fault", true});
    if (settings.features.SES) {
      p.push_back({"sgfsr_irq", &sgfsr_irq, "Secure global fault", true});
      p.push_back({"scfg_irq", &scfg_irq, "Secure configuration access fault", true});
    }
    for (std::size_t i = 0; i < context_irq.size(); ++i) {
      p.push_back({numbered("context_irq", i), &context_irq[i],
                   settings.features.dedicated_interrupts()
                       ? "fault of context bank " + std::to_string(i)
                       : "fault of banks with CBAR.IRPTNDX " + std::to_string(i),
                   true});
    }
    for (std::size_t i = 0; i < pm_irq.size(); ++i) {
      p.push_back(
          {numbered("pm_irq", i), &pm_irq[i], "overflow in counter group " + std::to_string(i), true});
    }
    m_impl->places = smmuv2::injection_places(smmu::line_names(p));
    m_impl->list_inputs(reset, power, clock, p);
  }
}

template <unsigned BUSWIDTH>
SmmuV2<BUSWIDTH>::~SmmuV2() = default;

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::before_end_of_elaboration() {
  m_impl->tie(gfsr_irq);
  m_impl->tie(cfg_irq);
  m_impl->tie(sgfsr_irq);
  m_impl->tie(scfg_irq);
  for (LineOut& line : context_irq) m_impl->tie(line);
  for (LineOut& line : pm_irq) m_impl->tie(line);
  m_impl->tie_inputs(reset, power, clock);
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::start_of_simulation() {
  Component::start_of_simulation();
  if (m_impl->settings().level_reset) on_reset();  // a line that is active from the start makes no edge
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  m_impl->register_transport(payload, delay);
}

template <unsigned BUSWIDTH>
unsigned SmmuV2<BUSWIDTH>::register_transport_dbg(tlm::tlm_generic_payload& payload) {
  return m_impl->register_transport_dbg(payload);
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::on_reset() {
  m_impl->reset_input(reset.read());
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::on_supply() {
  m_impl->supply_inputs(power.read(), clock.read());
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::set_identity_hook(unsigned tbu, IdentityHook hook) {
  m_impl->tbu("set_identity_hook", tbu).set_identity_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::set_order_hook(unsigned tbu, OrderHook hook) {
  m_impl->tbu("set_order_hook", tbu).set_order_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::set_own_access_hook(OwnAccessHook hook) {
  m_impl->shell().set_own_access_hook(std::move(hook));
}

template <unsigned BUSWIDTH>
const std::vector<Port>& SmmuV2<BUSWIDTH>::ports() const {
  return m_impl->ports;
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::visit(Archive& archive) {
  m_impl->visit(archive);
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::statistics(StatVisitor& visitor) const {
  m_impl->statistics(visitor);
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::reset_statistics() {
  m_impl->reset_statistics();
}

template <unsigned BUSWIDTH>
Explanation SmmuV2<BUSWIDTH>::explain(const AccessQuestion& question) const {
  return m_impl->explain(question);
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::set_injector(Injector* injector) {
  m_impl->set_injector(injector);
}

template <unsigned BUSWIDTH>
const std::vector<InjectionPlace>& SmmuV2<BUSWIDTH>::injection_places() const {
  return m_impl->places;
}

template <unsigned BUSWIDTH>
DumpSection SmmuV2<BUSWIDTH>::contents() const {
  return m_impl->contents();
}

template <unsigned BUSWIDTH>
std::vector<std::pair<std::string, std::uint64_t>> SmmuV2<BUSWIDTH>::register_values() const {
  return smmuv2::register_values(m_impl->core.interface());
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::dump(std::ostream& out) const {
  out << to_text(contents());
}

template <unsigned BUSWIDTH>
void SmmuV2<BUSWIDTH>::describe(DtNode& node) const {
  node.set_name("iommu");
  smmu::describe_quirks(node, m_impl->features.quirks, smmuv2::quirk_infos(),
                        smmuv2::compatible_of(parameters()));
  if (parameters().flag("mmu_masters")) {
    node.flag("mmu-masters");
  } else {
    node.cells("#iommu-cells", {1});
  }
  node.cells("#global-interrupts", {m_impl->features.SES ? 4U : 2U});
  if (m_impl->features.CTTW) node.flag("dma-coherent");
}

template <unsigned BUSWIDTH>
std::string SmmuV2<BUSWIDTH>::refused_base(const std::string& port, std::uint64_t base) const {
  return port == "registers" ? smmuv2::refused_base(m_impl->features, base) : std::string();
}

template <unsigned BUSWIDTH>
std::string SmmuV2<BUSWIDTH>::missing_port(const std::string& name) const {
  return smmuv2::missing_port(m_impl->features, name);
}

template <unsigned BUSWIDTH>
std::vector<WiringRules::InterruptFinding> SmmuV2<BUSWIDTH>::check_interrupts(
    const std::vector<std::string>& wired) const {
  return smmuv2::check_interrupts(m_impl->features, wired);
}

template class SmmuV2<32>;
template class SmmuV2<64>;
template class SmmuV2<128>;
template class SmmuV2<256>;
template class SmmuV2<512>;

namespace {

const ComponentType* component_types(std::size_t* count) {
  static const ComponentType types[] = {
      {"smmuv2", "Arm SMMUv2 and SMMUv1: translation of both stages for client devices",
       smmuv2::smmuv2_params(),
       [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
         return std::make_unique<SmmuV2<platform_buswidth>>(name, params, host);
       },
       smmu::with_transactions(smmuv2::trace_points())},
  };
  *count = std::size(types);
  return types;
}

}  // namespace

}  // namespace smmuvp

SMMUVP_PLUGIN("Arm SMMUv2", smmuvp::component_types)
