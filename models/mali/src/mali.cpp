#include "smmuvp/mali/mali.h"

#include <string>

#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint32_t> trace_chain{
    "mali.chain", "a job chain has ended; job is the last one worked on", {"slot", "job", "status"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint32_t> trace_fault{
    "mali.fault", "a fault was told in AS_FAULTSTATUS", {"as", "address", "status"}};
constexpr TracePoint<std::uint64_t, std::uint32_t, bool, std::uint32_t, std::uint64_t> trace_access{
    "mali.access", "an access has ended", {"address", "length", "write", "response", "took_ps"}};
constexpr TracePoint<std::string_view, bool> trace_irq{
    "mali.irq", "an interrupt line changed", {"line", "level"}};

constexpr std::array<const char*, 3> line_names{"job", "mmu", "gpu"};

std::uint64_t now() { return to_ps(sc_core::sc_time_stamp()); }

MaliConfig config(const Params& params) {
  const auto number = [&](const char* name) { return static_cast<std::uint32_t>(params.uint(name)); };
  MaliConfig c;
  c.gpu_id = number("gpu_id");
  c.slots = number("slots");
  c.address_spaces = number("address_spaces");
  c.shader_cores = number("shader_cores");
  c.tlb_entries = number("tlb_entries");
  c.clock_hz = params.uint("clock_hz");
  c.timestamp_hz = params.uint("timestamp_hz");
  c.reset_ps = params.uint("reset_ns") * 1000;
  c.power_ps = params.uint("power_ns") * 1000;
  c.mmu_command_ps = params.uint("mmu_command_ns") * 1000;
  c.stream_id = number("stream_base");
  return c;
}

// bindings/gpu/arm,mali-midgard.yaml and arm,mali-bifrost.yaml.
const char* compatible(std::uint32_t gpu_id) {
  switch (gpu_id >> 16) {
    case 0x750:
      return "arm,mali-t760";
    case 0x820:
      return "arm,mali-t820";
    case 0x830:
      return "arm,mali-t830";
    case 0x860:
      return "arm,mali-t860";
    case 0x880:
      return "arm,mali-t880";
    default:
      return (gpu_id >> 28) != 0 ? "arm,mali-bifrost" : "arm,mali-t860";
  }
}

}  // namespace

Mali::Mali(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "mali", params, host),
      registers("registers"),
      dma("dma"),
      job("job"),
      mmu("mmu"),
      gpu("gpu"),
      reset("reset"),
      m_diag(&this->host().diag(), this->name()),
      m_tracer(this->host().trace(), this->name()),
      m_core(config(params), m_diag),
      m_bytes_per_us(params.uint("bytes_per_us")),
      m_job_ps(params.uint("job_ns") * 1000),
      m_coherent(params.flag("coherent")),
      m_master("dma_master", dma, *this),
      m_lines{LineDriver{"job_driver", job}, LineDriver{"mmu_driver", mmu}, LineDriver{"gpu_driver", gpu}},
      m_ports{Port::registers("registers", &registers, "registers, 16 KiB", MaliCore::window),
              {"dma", &dma, "tables, jobs and data, with the StreamID"},
              {"job", &job, "high while JOB_INT_STAT is not 0", false, "job"},
              {"mmu", &mmu, "high while MMU_INT_STAT is not 0", false, "mmu"},
              {"gpu", &gpu, "high while GPU_INT_STAT is not 0", false, "gpu"},
              {"reset", &reset, "a rising edge resets everything", true}} {
  registers.register_b_transport(this, &Mali::b_transport);
  registers.register_transport_dbg(this, &Mali::transport_dbg);
  SMMUVP_HAS_PROCESS(Mali);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
  SC_METHOD(event);
  sensitive << m_event;
  dont_initialize();
}

void Mali::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const MaliCore::Counters before = m_core.counters();
  const bool done = register_transport(payload, MaliCore::window, [&](const RegisterAccess& access) {
    if (!access.write) return m_core.read(now(), access.offset, access.bytes);
    m_core.write(now(), access.offset, access.bytes, access.value);
    return access.value;
  });
  if (!done) {
    make_other_shape_raz_wi(payload);
    return;
  }
  trace_since(before);
  settle();
  m_master.kick();
}

unsigned Mali::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, MaliCore::window, [this](std::uint32_t offset, unsigned bytes) {
    return m_core.peek(offset, bytes);
  });
}

void Mali::reset_rises() {
  m_core.reset(now());
  settle();
}

// Something is due that the core does by itself.
void Mali::event() {
  const MaliCore::Counters before = m_core.counters();
  m_core.elapsed(now());
  trace_since(before);
  settle();
  m_master.kick();
}

// Lines, and the time of what is due next.
void Mali::settle() {
  for (unsigned i = 0; i < m_lines.size(); ++i) {
    const bool level = m_core.irq(static_cast<MaliCore::Line>(i));
    if (level == m_lines[i].level()) continue;
    m_lines[i].set(level);
    if (level) ++m_interrupts[i];
    m_tracer.emit(now(), trace_irq, std::string_view(line_names[i]), level);
  }
  m_event.cancel();
  if (const auto at = m_core.next_event()) m_event.notify(from_ps(*at > now() ? *at - now() : 0));
}

void Mali::trace_since(const MaliCore::Counters& before) {
  if (!m_tracer.on()) return;
  const MaliCore::Counters& c = m_core.counters();
  if (c.page_faults != before.page_faults) {
    const MaliCore::Told& f = m_core.last_fault();
    m_tracer.emit(now(), trace_fault, f.as, f.address, f.status);
  }
  if (c.ended_chains != before.ended_chains) {
    const MaliCore::Ended& e = m_core.last_end();
    m_tracer.emit(now(), trace_chain, e.slot, e.job, e.status);
  }
}

bool Mali::next_operation(DmaOperation& operation, DmaBuffer& data) {
  const MaliCore::Counters before = m_core.counters();
  const bool found = m_core.next(now(), operation, data);
  trace_since(before);
  settle();
  return found;
}

std::uint64_t Mali::operation_ps(const DmaOperation& operation) const {
  return transfer_ps(operation.length, m_bytes_per_us) + (operation.starts_request ? m_job_ps : 0);
}

void Mali::operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) {
  const MaliCore::Counters before = m_core.counters();
  m_core.complete(now(), operation, response, data);
  m_tracer.emit(now(), trace_access, operation.address, operation.length, operation.write,
                static_cast<std::uint32_t>(response), operation.took_ps(now()));
  trace_since(before);
  settle();
}

void Mali::visit(Archive& archive) {
  m_core.visit(archive);
  m_master.visit(archive);
  archive.value("interrupts", m_interrupts);
  if (!archive.loading()) return;
  // No interrupt of its own: it has been counted when it came.
  for (unsigned i = 0; i < m_lines.size(); ++i) m_lines[i].set(m_core.irq(static_cast<MaliCore::Line>(i)));
  settle();
}

void Mali::statistics(StatVisitor& visitor) const {
  const MaliCore::Counters& c = m_core.counters();
  visitor.stat("chains", c.chains, "1", "job chains started");
  visitor.stat("failed_chains", c.failed_chains, "1", "job chains that ended otherwise than DONE");
  visitor.stat("jobs", c.jobs, "1", "jobs that are done");
  visitor.stat("page_faults", c.page_faults, "1", "faults told in AS_FAULTSTATUS");
  visitor.stat("walks", c.walks, "1", "translations that tables were walked for");
  visitor.stat("tlb_hits", c.tlb_hits, "1", "translations that a TLB answered");
  visitor.stat("read_bytes", c.read_bytes, "bytes", "jobs and data read; tables are not counted");
  visitor.stat("written_bytes", c.written_bytes, "bytes", "jobs and data written");
  visitor.stat("copied_bytes", c.copied_bytes, "bytes", "data that COPY jobs moved");
  visitor.stat("resets", c.resets, "1", "resets by GPU_CMD");
  visitor.stat("job_interrupts", m_interrupts[0], "1", "rising edges of the line job");
  visitor.stat("mmu_interrupts", m_interrupts[1], "1", "rising edges of the line mmu");
  visitor.stat("gpu_interrupts", m_interrupts[2], "1", "rising edges of the line gpu");
}

void Mali::reset_statistics() {
  m_core.reset_counters();
  m_interrupts = {};
}

// The platform makes the clock; the binding calls it core.
void Mali::describe(DtNode& node) const {
  node.set_name("gpu");
  node.strings("compatible",
               {"smmu-vp,mali", compatible(static_cast<std::uint32_t>(parameters().uint("gpu_id")))});
  node.strings("clock-names", {"core"});
  node.flag(m_coherent ? "dma-coherent" : "dma-noncoherent");
}

const ComponentType& mali_type() {
  static const ComponentType type{
      "mali",
      "Mali GPU without shaders: control, job manager, and an MMU with Mali LPAE tables",
      {{"gpu_id", ParamType::Uint, "0x08602000",
        "Register GPU_ID. The default is a Mali-T860 r2p0. Bits [31:28] other than 0 are products from "
        "Bifrost "
        "on, which have AS_TRANSCFG.",
        0, 0xffffffff},
       {"slots", ParamType::Uint, "3", "Job slots.", 1, MaliConfig::max_slots},
       {"address_spaces", ParamType::Uint, "8", "Address spaces of the MMU.", 1,
        MaliConfig::max_address_spaces},
       {"shader_cores", ParamType::Uint, "4", "Shader cores that are present. None executes anything.", 1,
        32},
       {"tlb_entries", ParamType::Uint, "64",
        "Pages of 4 KiB that the TLB of each address space keeps; 0: every access is walked.", 0, 4096},
       {"clock_hz", ParamType::Uint, "500000000", "Clock of the cycle counter, in Hz.", 1, 1'000'000'000'000},
       {"timestamp_hz", ParamType::Uint, "24000000", "Clock of the system timestamp, in Hz.", 1,
        1'000'000'000'000},
       {"reset_ns", ParamType::Uint, "1000", "Time from a reset to RESET_COMPLETED.", 0, 1'000'000'000},
       {"power_ns", ParamType::Uint, "1000", "Time of a power transition.", 0, 1'000'000'000},
       {"mmu_command_ns", ParamType::Uint, "100", "Time of a command of AS_COMMAND.", 0, 1'000'000'000},
       {"job_ns", ParamType::Uint, "100", "Time of each job beside its accesses.", 0, 1'000'000'000},
       {"bytes_per_us", ParamType::Uint, "16000",
        "Rate at which data moves, in bytes per microsecond; what the bus takes comes on top.", 1, 1'000'000},
       {"coherent", ParamType::Bool, "true",
        "The device tree says dma-coherent, or else dma-noncoherent. No cache is modelled, so the GPU "
        "behaves "
        "alike."},
       {"stream_base", ParamType::Uint, "0x0", "StreamID of all accesses.", 0, 0xffffffff},
       {"stream_count", ParamType::Uint, "1", "Number of streams; the GPU uses one.", 1, 1}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Mali>(name, params, host);
      },
      {trace_chain, trace_fault, trace_access, trace_irq}};
  return type;
}

}  // namespace smmuvp
