#include "smmuvp/adreno/adreno.h"

#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint32_t, std::uint32_t> trace_packet{
    "adreno.packet",
    "a packet is finished; level is 0 for the ring, 1 and 2 for indirect buffers",
    {"level", "header"}};
constexpr TracePoint<std::uint64_t, std::uint32_t, bool, bool, std::uint32_t, std::uint64_t> trace_access{
    "adreno.access",
    "an access to memory has ended",
    {"address", "length", "write", "privileged", "response", "took_ps"}};
constexpr TracePoint<std::uint64_t, std::uint32_t, bool, std::uint32_t, std::uint64_t> trace_smmu{
    "adreno.smmu",
    "an access to the SMMU's registers has ended",
    {"address", "length", "write", "response", "took_ps"}};
constexpr TracePoint<bool> trace_irq{"adreno.irq", "the interrupt line changed", {"level"}};

std::uint64_t stamp() { return to_ps(sc_core::sc_time_stamp()); }

AdrenoConfig config(const Params& params) {
  AdrenoConfig c;
  c.stream_id = static_cast<std::uint32_t>(params.uint("stream_base"));
  if (const std::uint64_t base = params.uint("smmu_registers"); base != 0) c.smmu_registers = base;
  c.clock_hz = params.uint("clock_hz");
  return c;
}

}  // namespace

Adreno::Adreno(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : CoreDevice(name,
                 {"adreno", "registers", AdrenoCore::window, "registers, 256 KiB",
                  "high while RBBM_INT_0_STATUS & RBBM_INT_0_MASK is not 0",
                  "a rising edge resets everything", trace_irq, true},
                 params, host, m_core),
      dma("dma"),
      smmu("smmu"),
      m_core(config(params), diag()),
      m_bytes_per_us(params.uint("bytes_per_us")),
      m_memory("memory_master", AdrenoCore::Port::Memory, dma, *this),
      m_smmu("smmu_master", AdrenoCore::Port::Smmu, smmu, *this) {
  add_port({"dma", &dma, "packets and what they access, with stream and privilege"});
  add_port({"smmu", &smmu, "the SMMU's registers, by physical address"});
  m_core.set_packet_hook([this](unsigned level, std::uint32_t header) {
    if (tracer().on()) tracer().emit(stamp(), trace_packet, level, header);
  });
  SMMUVP_HAS_PROCESS(Adreno);
  SC_METHOD(time_has_come);
  sensitive << m_event;
  dont_initialize();
}

// ---- accesses

bool Adreno::Lane::next_operation(DmaOperation& operation, DmaBuffer& data) {
  m_device.now();
  if (m_device.m_core.next(m_port, operation, data)) return true;
  const AdrenoCore::Port other =
      m_port == AdrenoCore::Port::Memory ? AdrenoCore::Port::Smmu : AdrenoCore::Port::Memory;
  Lane& lane = m_port == AdrenoCore::Port::Memory ? m_device.m_smmu : m_device.m_memory;
  if (m_device.m_core.waiting(other)) lane.m_master.kick();
  m_device.settle();
  return false;
}

std::uint64_t Adreno::Lane::operation_ps(const DmaOperation& operation) const {
  return transfer_ps(operation.length, m_device.m_bytes_per_us);
}

void Adreno::Lane::operation_done(const DmaOperation& operation, DmaResponse response,
                                  const DmaBuffer& data) {
  m_device.now();
  Tracer& tracer = m_device.tracer();
  if (tracer.on() && m_port == AdrenoCore::Port::Memory) {
    tracer.emit(stamp(), trace_access, operation.address, operation.length, operation.write,
                operation.privileged, static_cast<std::uint32_t>(response), operation.took_ps(stamp()));
  } else if (tracer.on()) {
    tracer.emit(stamp(), trace_smmu, operation.address, operation.length, operation.write,
                static_cast<std::uint32_t>(response), operation.took_ps(stamp()));
  }
  m_device.m_core.complete(m_port, operation, response, data);
  m_device.settle();
}

void Adreno::kick() {
  m_memory.master().kick();
  m_smmu.master().kick();
}

// ---- time

void Adreno::now() { m_core.advance(stamp()); }

// Follows what the core has done: the line, and when there is something to do next.
void Adreno::settle() {
  CoreDevice::settle();
  m_event.cancel();
  if (const auto at = m_core.next_event())
    m_event.notify(*at > stamp() ? from_ps(*at - stamp()) : sc_core::SC_ZERO_TIME);
}

void Adreno::time_has_come() {
  now();
  kick();
  settle();
}

// ---- registers

std::uint64_t Adreno::read_register(std::uint32_t offset, unsigned bytes) {
  now();
  return CoreDevice::read_register(offset, bytes);
}

void Adreno::write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  now();
  CoreDevice::write_register(offset, bytes, value);
  kick();
}

void Adreno::reset_registers() {
  now();
  CoreDevice::reset_registers();
}

void Adreno::visit_device(Archive& archive) {
  CoreDevice::visit_device(archive);
  m_memory.master().visit(archive);
  m_smmu.master().visit(archive);
  if (!archive.loading() || !archive.ok()) return;
  if (m_core.out(AdrenoCore::Port::Memory) != m_memory.master().busy() ||
      m_core.out(AdrenoCore::Port::Smmu) != m_smmu.master().busy()) {
    archive.fail("adreno", "what is under way is not what the command processor waits for");
    m_core.reset();
  }
}

// ---- what it tells

void Adreno::statistics(StatVisitor& visitor) const {
  const AdrenoCore::Counters& c = m_core.counters();
  visitor.stat("packets", c.packets, "1", "packets finished");
  visitor.stat("table_updates", c.table_updates, "1", "CP_SMMU_TABLE_UPDATE finished");
  visitor.stat("errors", c.errors, "1", "packets that were refused or met an error, but for data accesses");
  visitor.stat("memory_errors", c.memory_errors, "1", "accesses to memory that met a bus error");
  visitor.stat("hangs", c.hangs, "1", "hangs detected");
  visitor.stat("read_bytes", c.read_bytes, "bytes", "read from memory, packets included");
  visitor.stat("written_bytes", c.written_bytes, "bytes", "written to memory");
  CoreDevice::statistics(visitor);
}

// bindings/display/msm/gpu.yaml, without what is not modelled. The platform makes the clock.
void Adreno::describe(DtNode& node) const {
  node.set_name("gpu");
  node.strings("compatible", {"qcom,adreno-650.2", "qcom,adreno"});
  node.strings("reg-names", {"kgsl_3d0_reg_memory"});
  node.strings("clock-names", {"core"});
}

const ComponentType& adreno_type() {
  static const ComponentType type{
      "adreno",
      "command processor in the manner of Adreno A6xx, which switches page tables in its SMMUv2",
      {{"stream_base", ParamType::Uint, "0x0", "StreamID of all accesses to memory.", 0, 0xffffffff},
       {"stream_count", ParamType::Uint, "1", "There is one stream.", 1, 1},
       {"smmu_registers", ParamType::Uint, "0x0",
        "Physical address of the registers of the SMMU that the GPU is behind, for CP_SMMU_TABLE_UPDATE; 0: "
        "that "
        "packet is refused.",
        0, ~std::uint64_t{0} >> 1},
       {"clock_hz", ParamType::Uint, "500000000", "Clock that hangs and polls are counted in.", 1'000'000,
        10'000'000'000},
       {"bytes_per_us", ParamType::Uint, "16000",
        "Rate at which data moves, in bytes per microsecond; what the bus takes comes on top.", 1,
        1'000'000}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Adreno>(name, params, host);
      },
      {trace_packet, trace_access, trace_smmu, trace_irq}};
  return type;
}

}  // namespace smmuvp
