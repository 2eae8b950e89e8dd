#include "smmuvp/smmuv3/smmuv3.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "params.h"
#include "smmuvp/smmu_sc/pulse_output.h"
#include "smmuvp/smmu_sc/transaction.h"
#include "smmuvp/smmu_sc/worker_process.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/plugin.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"
#include "smmuvp/v3/access.h"
#include "smmuvp/v3/smmu.h"
#include "smmuvp/v3/trace_points.h"

namespace smmuvp {

template <unsigned BUSWIDTH>
class SmmuV3<BUSWIDTH>::Impl {
 public:
  Impl(const char* name, const v3::Settings& s, Host& host, SmmuV3& m)
      : settings(s),
        core(s.features, s.structures, name, &host.diag(), host.trace()),
        eventq("eventq_pulse", m.eventq_irq, from_ps(s.clock_ps)),
        gerror("gerror_pulse", m.gerror_irq, from_ps(s.clock_ps)),
        cmdq_sync("cmdq_sync_pulse", m.cmdq_sync_irq, from_ps(s.clock_ps)),
        event("event_pulse", m.event_out, from_ps(s.clock_ps)) {
    const auto send = [&m](const smmu::MemoryOp& op, sc_core::sc_time& delay) {
      smmu::OpPayload p(op);
      m.walk->b_transport(p.payload(), delay);
      return p.answer(op.size, 0);
    };
    unsigned i = 0;
    for (smmu::Worker* worker : core.workers()) {
      const std::string process = "worker" + std::to_string(i++);
      workers.push_back(std::make_unique<smmu::WorkerProcess>(process.c_str(), *worker, kick, send,
                                                              [this] { progressed(); }));
    }
  }

  void pulses() {
    const v3::Signals s = core.take_signals();
    if (s.eventq) eventq.request();
    if (s.gerror) gerror.request();
    if (s.cmdq_sync) cmdq_sync.request();
    if (s.event) event.request();
  }
  /// IRQ_CTRL is acknowledged at once, so what waits for the end of a pulse must not follow (6.3.16).
  void cancel_disabled() {
    const auto ack = static_cast<std::uint32_t>(core.interface().registers().get(v3::SMMU_IRQ_CTRLACK));
    if ((ack & v3::IRQ_CTRL_EVENTQ_IRQEN) == 0) eventq.cancel();
    if ((ack & v3::IRQ_CTRL_GERROR_IRQEN) == 0) gerror.cancel();
  }
  /// A worker has made a step: others may get on, and so may accesses that wait for room.
  void progressed() {
    pulses();
    kick.notify(sc_core::SC_ZERO_TIME);
    room.notify(sc_core::SC_ZERO_TIME);
  }
  /// Wakes the workers where there is something to do, not before `delay` from now.
  void kick_if_needed(const sc_core::sc_time& delay) {
    for (const smmu::Worker* worker : core.workers()) {
      if (worker->due()) {
        kick.notify(delay);
        return;
      }
    }
  }

  v3::Settings settings;
  v3::Smmu core;
  smmu::PulseOutput eventq;
  smmu::PulseOutput gerror;
  smmu::PulseOutput cmdq_sync;
  smmu::PulseOutput event;
  sc_core::sc_event kick;
  sc_core::sc_event room;
  std::vector<std::unique_ptr<smmu::WorkerProcess>> workers;
  std::vector<Port> ports;
  std::vector<std::unique_ptr<sc_core::sc_signal<bool>>> ties;
};

/// The parts of one transaction, through the core and on to tbu_out.
template <unsigned BUSWIDTH>
class SmmuV3<BUSWIDTH>::Steps : public smmu::TransactionSteps {
 public:
  Steps(SmmuV3& m, std::size_t id, sc_core::sc_time* delay) : m_m(m), m_id(id), m_delay(delay) {}

  smmu::AccessAnswer translate(const smmu::AccessRequest& shape) override {
    smmu::AccessRequest request = shape;
    request.debug = debug();
    request.time = to_ps(sc_core::sc_time_stamp()) + (debug() ? 0 : to_ps(*m_delay));
    smmu::AccessAnswer answer;
    v3::Smmu& core = m_m.m_impl->core;
    if (!core.translate_fast(request, answer)) {
      v3::Access access(core, request);
      smmu::Step step = access.step();
      while (step != smmu::Step::done) {
        if (step == smmu::Step::need) {
          access.complete(carry_out(access.op()));
        } else {
          sc_core::wait(m_m.m_impl->room);
        }
        step = access.step();
      }
      answer = access.answer();
    }
    if (!debug()) {
      const sc_core::sc_time at = from_ps(answer.time);
      *m_delay = at > sc_core::sc_time_stamp() ? at - sc_core::sc_time_stamp() : sc_core::SC_ZERO_TIME;
    }
    return answer;
  }

  void forward(tlm::tlm_generic_payload& payload, const smmu::AccessAnswer& answer) override {
    auto* given = payload.get_extension<AccessExtension>();
    AccessExtension own;
    AccessExtension& e = given != nullptr ? *given : own;
    if (given == nullptr) payload.set_extension(&own);
    smmu::set_output(e, answer);
    const bool privileged = e.privileged;
    const bool instruction = e.instruction;
    e.privileged = answer.privileged;  // 13.1.2: the output attributes are those after the overrides
    e.instruction = answer.instruction;
    auto& out = *m_m.tbu_out[m_id];
    if (debug()) {
      const unsigned part = payload.get_data_length();
      const unsigned n = out->transport_dbg(payload);
      m_bytes += n;
      payload.set_response_status(n == part ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE);
    } else {
      out->b_transport(payload, *m_delay);
    }
    e.privileged = privileged;
    e.instruction = instruction;
    if (given == nullptr) payload.clear_extension(&own);
  }

  unsigned bytes() const { return m_bytes; }

 private:
  bool debug() const { return m_delay == nullptr; }
  smmu::MemoryAnswer carry_out(const smmu::MemoryOp& op) {
    smmu::OpPayload p(op);
    if (debug()) return p.answer(debug_transport(p.payload()), op.time);
    const sc_core::sc_time& now = sc_core::sc_time_stamp();
    const sc_core::sc_time at = from_ps(op.time);
    sc_core::sc_time delay = at > now ? at - now : sc_core::SC_ZERO_TIME;
    m_m.walk->b_transport(p.payload(), delay);
    return p.answer(op.size, to_ps(sc_core::sc_time_stamp() + delay));
  }
  unsigned debug_transport(tlm::tlm_generic_payload& payload) {
    const unsigned n = m_m.walk->transport_dbg(payload);
    if (n == payload.get_data_length()) payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return n;
  }

  SmmuV3& m_m;
  std::size_t m_id;
  sc_core::sc_time* m_delay;  // nullptr: transport_dbg
  unsigned m_bytes = 0;
};

template <unsigned BUSWIDTH>
const std::vector<ParamInfo>& SmmuV3<BUSWIDTH>::params() {
  return v3::smmuv3_params();
}

template <unsigned BUSWIDTH>
SmmuV3<BUSWIDTH>::SmmuV3(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name),
      registers("registers"),
      walk("walk"),
      eventq_irq("eventq_irq"),
      gerror_irq("gerror_irq"),
      cmdq_sync_irq("cmdq_sync_irq"),
      event_out("event_out"),
      reset("reset") {
  const v3::Settings settings = v3::settings_of(params);
  m_impl = std::make_unique<Impl>(this->basename(), settings, host, *this);
  registers.register_b_transport(this, &SmmuV3::register_transport);
  registers.register_transport_dbg(this, &SmmuV3::register_transport_dbg);
  for (unsigned i = 0; i < settings.tbus; ++i) {
    const std::string base = "tbu" + std::to_string(i);
    tbu_in.push_back(std::make_unique<TbuTarget>((base + "_in").c_str()));
    tbu_out.push_back(std::make_unique<TbuInitiator>((base + "_out").c_str()));
    tbu_in.back()->register_b_transport(this, &SmmuV3::tbu_transport, static_cast<int>(i));
    tbu_in.back()->register_transport_dbg(this, &SmmuV3::tbu_transport_dbg, static_cast<int>(i));
  }
  SMMUVP_HAS_PROCESS(SmmuV3);
  SC_METHOD(on_reset);
  sensitive << reset.pos();
  this->dont_initialize();

  if constexpr (BUSWIDTH == platform_buswidth) {
    std::vector<Port>& p = m_impl->ports;
    p.push_back(Port::registers("registers", &registers, "programming interface, 128 KiB", 128 << 10));
    p.push_back({"walk", &walk, "structures, translation tables and queues"});
    for (unsigned i = 0; i < settings.tbus; ++i) {
      const std::string base = "tbu" + std::to_string(i);
      p.push_back({base + "_in", tbu_in[i].get(), "from client devices"});
      p.push_back({base + "_out", tbu_out[i].get(), "to the system, translated"});
    }
    p.push_back({"eventq_irq", &eventq_irq, "Event queue became non-empty", true, "eventq", true});
    p.push_back({"gerror_irq", &gerror_irq, "global error", true, "gerror", true});
    p.push_back({"cmdq_sync_irq", &cmdq_sync_irq, "CMD_SYNC completed", true, "cmdq-sync", true});
    p.push_back({"event_out", &event_out, "wake-up event for WFE", true, "", true});
    p.push_back({"reset", &reset, "a rising edge resets the SMMU", true});
  }
}

template <unsigned BUSWIDTH>
SmmuV3<BUSWIDTH>::~SmmuV3() = default;

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::before_end_of_elaboration() {
  const auto tie = [this](auto& port, const char* name) {
    if (port.bind_count() != 0) return;
    m_impl->ties.push_back(std::make_unique<sc_core::sc_signal<bool>>(name));
    port.bind(*m_impl->ties.back());
  };
  tie(eventq_irq, "eventq_irq_tie");
  tie(gerror_irq, "gerror_irq_tie");
  tie(cmdq_sync_irq, "cmdq_sync_irq_tie");
  tie(event_out, "event_out_tie");
  tie(reset, "reset_tie");
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::tbu_transport(int id, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto i = static_cast<std::size_t>(id);
  const auto shape = smmu::shape_of(payload, m_impl->settings.stream_id[i], static_cast<std::uint8_t>(id));
  m_impl->core.prune(to_ps(sc_core::sc_time_stamp()));
  const smmu::FlightToken token = m_impl->core.enter();
  Steps steps(*this, i, &delay);
  smmu::run_transaction(payload, shape, steps);
  m_impl->core.leave(token, to_ps(sc_core::sc_time_stamp() + delay));
  m_impl->kick_if_needed(sc_core::SC_ZERO_TIME);
}

template <unsigned BUSWIDTH>
unsigned SmmuV3<BUSWIDTH>::tbu_transport_dbg(int id, tlm::tlm_generic_payload& payload) {
  const auto i = static_cast<std::size_t>(id);
  Steps steps(*this, i, nullptr);
  smmu::run_debug_transaction(payload, m_impl->settings.stream_id[i], static_cast<std::uint8_t>(id), steps);
  return steps.bytes();
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  payload.set_dmi_allowed(false);
  RegisterAccess access;
  if (!begin_register_access(payload, v3::window_size, access)) {
    // IHI 0070 6.2: an access inside the window of a shape that no register has is RAZ/WI.
    const tlm::tlm_response_status status = payload.get_response_status();
    if (status != tlm::TLM_BURST_ERROR_RESPONSE && status != tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE) return;
    if (payload.get_data_ptr() == nullptr || payload.get_data_length() == 0) return;
    m_impl->core.diag().guest_error("register.shape",
                                    "an access of a size, alignment, streaming width or byte enables that no "
                                    "register has is RAZ/WI",
                                    "IHI 0070 6.2", {}, payload.get_address());
    if (payload.is_read()) std::memset(payload.get_data_ptr(), 0, payload.get_data_length());
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return;
  }
  const auto* e = payload.get_extension<AccessExtension>();
  const bool secure = e != nullptr && e->address_space == AddressSpace::Secure;
  const AccessSecurity security = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  const std::uint64_t now = to_ps(sc_core::sc_time_stamp() + delay);
  std::uint64_t value = 0;
  if (access.write) {
    m_impl->core.interface().write(access.offset, access.bytes, security, now, access.value);
    m_impl->cancel_disabled();
    m_impl->pulses();
  } else {
    m_impl->core.interface().read(access.offset, access.bytes, security, now, value);
  }
  end_register_access(payload, access, value);
  if (m_impl->settings.structures.timing) delay += from_ps(m_impl->settings.clock_ps);
  m_impl->kick_if_needed(delay);
}

template <unsigned BUSWIDTH>
unsigned SmmuV3<BUSWIDTH>::register_transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, v3::window_size, [this](std::uint32_t offset, unsigned bytes) {
    std::uint64_t value = 0;
    m_impl->core.interface().peek(offset, bytes, value);
    return value;
  });
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::on_reset() {
  m_impl->core.reset();
  m_impl->room.notify(sc_core::SC_ZERO_TIME);
  m_impl->eventq.cancel();
  m_impl->gerror.cancel();
  m_impl->cmdq_sync.cancel();
  m_impl->event.cancel();
}

template <unsigned BUSWIDTH>
const std::vector<Port>& SmmuV3<BUSWIDTH>::ports() const {
  return m_impl->ports;
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::visit(Archive& archive) {
  archive.set_now(to_ps(sc_core::sc_time_stamp()));
  m_impl->core.visit(archive);
  m_impl->eventq.visit(archive);
  m_impl->gerror.visit(archive);
  m_impl->cmdq_sync.visit(archive);
  m_impl->event.visit(archive);
  if (!archive.loading()) return;
  m_impl->pulses();
  m_impl->kick_if_needed(sc_core::SC_ZERO_TIME);
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::statistics(StatVisitor& visitor) const {
  m_impl->core.engine_statistics().report(visitor);
  m_impl->core.statistics().report(visitor);
  const std::uint64_t coalesced = m_impl->eventq.coalesced() + m_impl->gerror.coalesced() +
                                  m_impl->cmdq_sync.coalesced() + m_impl->event.coalesced();
  visitor.stat("interrupts_coalesced", coalesced, "1", "interrupts that met one of their kind still waiting");
}

template <unsigned BUSWIDTH>
void SmmuV3<BUSWIDTH>::describe(DtNode& node) const {
  node.set_name("iommu");
  node.strings("compatible", {"arm,smmu-v3"});
  node.cells("#iommu-cells", {1});
  if (m_impl->settings.features.COHACC) node.flag("dma-coherent");
}

template class SmmuV3<32>;
template class SmmuV3<64>;
template class SmmuV3<128>;
template class SmmuV3<256>;
template class SmmuV3<512>;

namespace {

const ComponentType* component_types(std::size_t* count) {
  static const ComponentType types[] = {
      {"smmuv3", "Arm SMMUv3: stage 1 translation for client devices", v3::smmuv3_params(),
       [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
         return std::make_unique<SmmuV3<platform_buswidth>>(name, params, host);
       },
       v3::trace_points()},
  };
  *count = std::size(types);
  return types;
}

}  // namespace

}  // namespace smmuvp

SMMUVP_PLUGIN("Arm SMMUv3", smmuvp::component_types)
