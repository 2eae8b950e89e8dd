#include "smmuvp/testdev/testdev.h"

#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint32_t, bool, std::uint32_t, std::uint64_t>
    trace_burst{"testdev.burst",
                "a DMA access has ended",
                {"sid", "address", "length", "write", "response", "took_ps"}};
constexpr TracePoint<bool> trace_irq{"testdev.irq", "the interrupt line changed", {"level"}};

TestdevConfig config(const Params& params) {
  return {static_cast<std::uint32_t>(params.uint("stream_base")),
          static_cast<std::uint32_t>(params.uint("stream_count"))};
}

}  // namespace

Testdev::Testdev(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : DmaDevice(
          name,
          {"testdev", "registers", TestdevCore::window, "registers, 4 KiB",
           "high while IRQ_STATUS & IRQ_ENABLE is not 0", "a rising edge is as CTRL.RESET", trace_irq, true},
          "descriptors and data, with stream, substream and privilege", params.uint("bytes_per_us"), params,
          host, m_core),
      m_core(config(params), diag()),
      m_coherent(params.flag("coherent")),
      m_can_stall(params.flag("can_stall")),
      m_pasid_bits(static_cast<std::uint32_t>(params.uint("pasid_bits"))),
      m_adverse_delay_ps(params.uint("adverse_delay_ps")),
      m_delays(params.uint("adverse_seed"), "delays") {}

std::uint64_t Testdev::operation_ps(const DmaOperation& operation) const {
  const std::uint64_t ps = DmaDevice::operation_ps(operation);
  return m_adverse_delay_ps == 0 ? ps : ps + m_delays.below(m_adverse_delay_ps + 1);
}

void Testdev::visit_device(Archive& archive) {
  DmaDevice::visit_device(archive);
  if (m_adverse_delay_ps != 0) m_delays.visit(archive);
}

void Testdev::complete_operation(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) {
  if (tracer().on()) {
    const std::uint64_t now = to_ps(sc_core::sc_time_stamp());
    tracer().emit(now, trace_burst, operation.stream_id, operation.address, operation.length, operation.write,
                  static_cast<std::uint32_t>(response), operation.took_ps(now));
  }
  DmaDevice::complete_operation(operation, response, data);
}

void Testdev::statistics(StatVisitor& visitor) const {
  const TestdevCore::Counters& c = m_core.counters();
  visitor.stat("descriptors", c.descriptors, "1", "descriptors finished");
  visitor.stat("failed", c.failed, "1", "descriptors finished with a status other than OK");
  visitor.stat("bursts", c.bursts, "1", "data accesses (those to the ring are not counted)");
  visitor.stat("read_bytes", c.read_bytes, "bytes", "data read");
  visitor.stat("written_bytes", c.written_bytes, "bytes", "data written");
  visitor.stat("ring_errors", c.ring_errors, "1", "times that RING_ERROR rose");
  DmaDevice::statistics(visitor);
}

void Testdev::describe(DtNode& node) const {
  node.set_name("dma");
  node.strings("compatible", {"smmu-vp,testdev"});
  node.flag(m_coherent ? "dma-coherent" : "dma-noncoherent");
  // bindings/iommu/iommu.yaml: bits of SUBSTREAM, and that an access may take as long as a fault is handled.
  if (m_pasid_bits != 0) node.cells("pasid-num-bits", {m_pasid_bits});
  if (m_can_stall) node.flag("dma-can-stall");
}

const ComponentType& testdev_type() {
  static const ComponentType type{
      "testdev",
      "DMA master with a descriptor ring, for exercising an IOMMU",
      {{"stream_base", ParamType::Uint, "0x0", "StreamID of the first stream (register SID_BASE).", 0,
        0xffffffff},
       {"stream_count", ParamType::Uint, "1", "Number of streams (register SID_COUNT).", 1, 65536},
       {"bytes_per_us", ParamType::Uint, "16000",
        "Rate at which data moves, in bytes per microsecond; what the bus takes comes on top.", 1, 1'000'000},
       {"coherent", ParamType::Bool, "true",
        "The device tree says dma-coherent, or else dma-noncoherent: the driver sees to the caches. No cache "
        "is "
        "modelled, so the device behaves alike."},
       {"can_stall", ParamType::Bool, "true",
        "The device tree says dma-can-stall: an access may wait for as long as software takes to handle its "
        "fault. False for drivers that would let it wait for ever."},
       {"adverse_seed", ParamType::Uint, "0", "What adverse_delay_ps is drawn from (docs/adverse.md)."},
       {"adverse_delay_ps", ParamType::Uint, "0",
        "The most time that each access takes besides, drawn, in picoseconds.", 0, 1'000'000'000'000},
       {"pasid_bits", ParamType::Uint, "20",
        "Bits of SUBSTREAM that the device tree tells (pasid-num-bits); 0: the driver uses no substreams.", 0,
        20}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Testdev>(name, params, host);
      },
      {trace_burst, trace_irq}};
  return type;
}

}  // namespace smmuvp
