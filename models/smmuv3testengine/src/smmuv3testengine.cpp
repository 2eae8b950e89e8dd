#include "smmuvp/smmuv3testengine/smmuv3testengine.h"

#include <string>

#include "smmuvp/base/error.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint32_t, std::uint32_t, std::uint32_t> trace_command{
    "smmuv3testengine.command", "cmd was written", {"frame", "written", "cmd"}};
constexpr TracePoint<std::uint32_t, std::uint32_t, std::uint32_t, bool, std::uint64_t, std::uint32_t, bool,
                     std::uint32_t, std::uint64_t>
    trace_access{"smmuv3testengine.access",
                 "an access of a frame has ended",
                 {"frame", "sid", "ssid", "ssv", "address", "length", "write", "response", "took_ps"}};
constexpr TracePoint<std::uint32_t, std::uint32_t> trace_end{
    "smmuv3testengine.end", "a command has ended; cmd is what it reads now", {"frame", "cmd"}};

Smmuv3TestEngineConfig config(const Params& params) {
  const auto number = [&](const char* name) { return static_cast<std::uint32_t>(params.uint(name)); };
  return {number("pairs"), number("ports"), number("stream_base"), number("stream_count"),
          params.flag("non_secure")};
}

constexpr std::uint64_t max_lanes = 1024;

// Each access that may be under way has a process of its own.
std::uint64_t checked_lanes(const Params& params) {
  const std::uint64_t lanes = params.uint("ports") * params.uint("outstanding");
  if (lanes > max_lanes) {
    throw ConfigError("outstanding", "ports x outstanding is " + std::to_string(lanes) +
                                         ", expected at most " + std::to_string(max_lanes));
  }
  return lanes;
}

AccessSecurity security_of(const tlm::tlm_generic_payload& payload) {
  const auto* e = payload.get_extension<AccessExtension>();
  const bool secure =
      e != nullptr && (e->address_space == AddressSpace::secure || e->address_space == AddressSpace::root);
  return secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
}

}  // namespace

/// One access under way at a downstream port.
class Smmuv3TestEngine::Lane : public DmaClient {
 public:
  Lane(const std::string& name, std::uint32_t port, Smmuv3TestEngine& engine)
      : m_engine(engine), m_port(port), m_master(name.c_str(), engine.dma(port), *this) {}

  bool next_operation(DmaOperation& operation, DmaBuffer& data) override {
    return m_engine.m_core.next(m_port, operation, data);
  }
  std::uint64_t operation_ps(const DmaOperation& operation) const override {
    return transfer_ps(operation.length, m_engine.m_bytes_per_us);
  }
  void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) override {
    m_engine.operation_done(operation, response, data);
    // This lane asks again by itself. A frame may go on at another port than its message went out of.
    if (m_engine.m_dma.size() > 1) m_engine.kick_but(m_port);
  }
  std::uint32_t port() const { return m_port; }
  void kick() {
    if (!m_master.busy() && m_engine.m_core.has_work(m_port)) m_master.kick();
  }
  DmaMaster& master() { return m_master; }

 private:
  Smmuv3TestEngine& m_engine;
  const std::uint32_t m_port;
  DmaMaster m_master;
};

Smmuv3TestEngine::Smmuv3TestEngine(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "smmuv3testengine", params, host),
      registers("registers"),
      reset("reset"),
      m_diag(&this->host().diag(), this->name()),
      m_tracer(this->host().trace(), this->name()),
      m_core(config(params), m_diag),
      m_bytes_per_us(params.uint("bytes_per_us")) {
  registers.register_b_transport(this, &Smmuv3TestEngine::b_transport);
  registers.register_transport_dbg(this, &Smmuv3TestEngine::transport_dbg);
  m_ports.push_back(
      Port::registers("registers", &registers, "frames, 128 KiB a pair of pages", m_core.window()));
  m_lanes.reserve(checked_lanes(params));
  const auto outstanding = static_cast<std::uint32_t>(params.uint("outstanding"));
  for (std::uint32_t port = 0; port < params.uint("ports"); ++port) {
    const std::string dma_name = "dma" + std::to_string(port);
    m_dma.push_back(std::make_unique<DmaSocket>(dma_name.c_str()));
    m_ports.push_back({dma_name, m_dma.back().get(), "accesses of frames whose downstream port it is"});
    for (std::uint32_t i = 0; i < outstanding; ++i) {
      m_lanes.push_back(std::make_unique<Lane>(dma_name + "_lane" + std::to_string(i), port, *this));
    }
  }
  m_ports.push_back({"reset", &reset, "a rising edge stops all frames and resets their registers", true});
  SMMUVP_HAS_PROCESS(Smmuv3TestEngine);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

Smmuv3TestEngine::~Smmuv3TestEngine() = default;

void Smmuv3TestEngine::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const AccessSecurity security = security_of(payload);
  register_transport(payload, m_core.window(), [&](const RegisterAccess& access) {
    if (!access.write) return m_core.read(access.offset, access.bytes, security);
    write_register(access.offset, access.bytes, security, access.value);
    return access.value;
  });
}

void Smmuv3TestEngine::write_register(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                      std::uint64_t value) {
  m_core.write(offset, bytes, security, value);
  if (const auto frame = m_core.frame_of_cmd(offset)) {
    if (m_tracer.on()) {
      m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_command, *frame, static_cast<std::uint32_t>(value),
                    m_core.cmd(*frame));
    }
    kick();
  }
}

unsigned Smmuv3TestEngine::transport_dbg(tlm::tlm_generic_payload& payload) {
  const AccessSecurity security = security_of(payload);
  return debug_register_read(payload, m_core.window(), [&](std::uint32_t offset, unsigned bytes) {
    return m_core.peek(offset, bytes, security);
  });
}

void Smmuv3TestEngine::reset_rises() { m_core.reset(); }

void Smmuv3TestEngine::kick() {
  for (const auto& lane : m_lanes) lane->kick();
}

void Smmuv3TestEngine::kick_but(std::uint32_t port) {
  for (const auto& lane : m_lanes) {
    if (lane->port() != port) lane->kick();
  }
}

void Smmuv3TestEngine::operation_done(const DmaOperation& operation, DmaResponse response,
                                      const DmaBuffer& data) {
  const std::uint32_t frame = m_core.frame_of(operation);
  const std::uint32_t before = m_core.cmd(frame);
  m_core.complete(operation, response, data);
  if (!m_tracer.on()) return;
  const std::uint64_t now = to_ps(sc_core::sc_time_stamp());
  m_tracer.emit(now, trace_access, frame, operation.stream_id, operation.substream_id,
                operation.substream_valid, operation.address, operation.length, operation.write,
                static_cast<std::uint32_t>(response), operation.took_ps(now));
  if (m_core.cmd(frame) != before) m_tracer.emit(now, trace_end, frame, m_core.cmd(frame));
}

void Smmuv3TestEngine::visit(Archive& archive) {
  m_core.visit(archive);
  for (const auto& lane : m_lanes) lane->master().visit(archive);
  if (!archive.loading()) return;
  for (const auto& lane : m_lanes) {
    const DmaOperation* access = lane->master().under_way();
    if (access != nullptr && archive.ok() && !m_core.resume(*access)) {
      archive.fail("dma", "an access is under way that no frame makes");
    }
  }
  if (!archive.ok()) m_core.reset();
}

void Smmuv3TestEngine::statistics(StatVisitor& visitor) const {
  const Smmuv3TestEngineCore::Counters& c = m_core.counters();
  visitor.stat("commands", c.commands, "1", "commands started");
  visitor.stat("failed", c.failed, "1", "commands that ended in ENGINE_ERROR");
  visitor.stat("misconfigured", c.misconfigured, "1", "commands refused with ENGINE_FRAME_MISCONFIGURED");
  visitor.stat("accesses", c.accesses, "1", "accesses that have been answered, messages included");
  visitor.stat("read_bytes", c.read_bytes, "bytes", "data read");
  visitor.stat("written_bytes", c.written_bytes, "bytes", "data written");
  visitor.stat("msis", c.msis, "1", "messages sent");
  visitor.stat("msis_aborted", c.msis_aborted, "1", "messages that met a bus error");
}

void Smmuv3TestEngine::describe(DtNode& node) const {
  node.set_name("test-engine");
  // The second is what Arm's driver for Linux, which is not in mainline, looks for.
  node.strings("compatible", {"smmu-vp,smmuv3testengine", "arm,smmute"});
}

const ComponentType& smmuv3testengine_type() {
  static const ComponentType type{
      "smmuv3testengine",
      "Arm's SMMUv3TestEngine: frames of registers that copy, fill and sum memory, many at a time",
      {{"pairs", ParamType::Uint, "1", "Pairs of a user page and a privileged page, 512 frames each.", 1,
        Smmuv3TestEngineCore::max_pairs},
       {"ports", ParamType::Uint, "1", "Downstream ports, dma0 upwards.", 1, Smmuv3TestEngineCore::max_ports},
       {"outstanding", ParamType::Uint, "16",
        "Accesses that each downstream port has under way at a time; a frame has one.", 1, 512},
       {"stream_base", ParamType::Uint, "0x0", "First StreamID that a frame may use.", 0, 0xffffffff},
       {"stream_count", ParamType::Uint, "0",
        "How many StreamIDs frames may use; others are misconfigured. 0 allows every StreamID.", 0,
        0xffffffff},
       {"bytes_per_us", ParamType::Uint, "16000",
        "Rate at which each frame moves data, in bytes per microsecond; what the bus takes comes on top.", 1,
        1'000'000},
       {"non_secure", ParamType::Bool, "true",
        "pctrl.SSD_NS of every frame after a reset: Non-secure software may use it. Without it, frames are "
        "RAZ/WI until Secure software gives them away."}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Smmuv3TestEngine>(name, params, host);
      },
      {trace_command, trace_access, trace_end}};
  return type;
}

}  // namespace smmuvp
