#include "smmuvp/virtio/virtio_blk.h"

#include <algorithm>

#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint64_t, std::uint32_t, bool, std::uint32_t, std::uint64_t> trace_access{
    "virtio_blk.access",
    "an access to ring or buffer has ended",
    {"address", "length", "write", "ok", "took_ps"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint64_t, std::uint32_t, std::uint64_t> trace_request{
    "virtio_blk.request",
    "a request was given back; took_ps: since its header was asked for",
    {"type", "sector", "bytes", "status", "took_ps"}};
constexpr TracePoint<bool> trace_irq{"virtio_blk.irq", "the interrupt line changed", {"level"}};

VirtioBlkConfig config(const Params& params) {
  VirtioBlkConfig c;
  c.read_only = params.flag("read_only");
  c.serial = params.text("serial");
  c.stream_base = static_cast<std::uint32_t>(params.uint("stream_base"));
  return c;
}

}  // namespace

VirtioBlk::VirtioBlk(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : DmaDevice(
          name,
          {"virtio_blk", "registers", VirtioBlkCore::window, "registers and configuration space, 512 bytes",
           "high while InterruptStatus is not 0", "a rising edge is as writing 0 to Status", trace_irq},
          "virtqueue and buffers, with the StreamID", params.uint("bytes_per_us"), params, host, m_core),
      m_storage(params.text("image"), params.flag("read_only")),
      m_core(config(params), m_storage, diag()),
      m_latency_ps(params.uint("latency_ps")) {}

std::uint64_t VirtioBlk::operation_ps(const DmaOperation& operation) const {
  return DmaDevice::operation_ps(operation) + (operation.starts_request ? m_latency_ps : 0);
}

void VirtioBlk::complete_operation(const DmaOperation& operation, DmaResponse response,
                                   const DmaBuffer& data) {
  const std::uint64_t requests = m_core.counters().requests;
  DmaDevice::complete_operation(operation, response, data);
  if (operation.starts_request) m_request_since = operation.issued_ps;
  if (!tracer().on()) return;
  const std::uint64_t now = to_ps(sc_core::sc_time_stamp());
  tracer().emit(now, trace_access, operation.address, operation.length, operation.write,
                response == DmaResponse::Ok ? 1U : 0U, operation.took_ps(now));
  if (m_core.counters().requests == requests) return;
  const VirtioBlkCore::Request& r = m_core.request();
  tracer().emit(now, trace_request, r.type, r.sector, r.bytes, std::uint32_t{r.status},
                now - std::min(now, m_request_since));
}

void VirtioBlk::visit_device(Archive& archive) {
  DmaDevice::visit_device(archive);
  if (archive.loading()) m_request_since = to_ps(sc_core::sc_time_stamp());
}

void VirtioBlk::statistics(StatVisitor& visitor) const {
  const VirtioBlkCore::Counters& c = m_core.counters();
  visitor.stat("requests", c.requests, "1", "requests given back to the driver");
  visitor.stat("failed", c.failed, "1", "requests that ended in VIRTIO_BLK_S_IOERR");
  visitor.stat("unsupported", c.unsupported, "1", "requests that ended in VIRTIO_BLK_S_UNSUPP");
  visitor.stat("flushes", c.flushes, "1", "VIRTIO_BLK_T_FLUSH requests");
  visitor.stat("read_bytes", c.read_bytes, "bytes", "data written to the driver's buffers");
  visitor.stat("written_bytes", c.written_bytes, "bytes", "data written to the disk image");
  visitor.stat("needs_reset", c.needs_reset, "1", "times that DEVICE_NEEDS_RESET was set");
  DmaDevice::statistics(visitor);
}

// The binding is Linux's bindings/virtio/mmio.yaml.
void VirtioBlk::describe(DtNode& node) const {
  node.set_name("virtio");
  node.strings("compatible", {"virtio,mmio"});
}

const ComponentType& virtio_blk_type() {
  static const ComponentType type{
      "virtio-blk",
      "Virtio block device on the MMIO transport",
      {{"image", ParamType::Path, "",
        "Host file with the disk's sectors, used in place. It must exist and be a multiple of 512 bytes."},
       {"read_only", ParamType::Bool, "false",
        "The image is opened for reading only, and VIRTIO_BLK_F_RO is offered."},
       {"serial", ParamType::Text, "smmu-vp", "What VIRTIO_BLK_T_GET_ID gives, at most 20 characters."},
       {"stream_base", ParamType::Uint, "0", "StreamID of all accesses.", 0, 0xffffffff},
       {"stream_count", ParamType::Uint, "1", "Number of streams; the device uses one.", 1, 1},
       {"latency_ps", ParamType::Uint, "0", "Time that each request takes beside its data, in ps.", 0,
        1'000'000'000'000},
       {"bytes_per_us", ParamType::Uint, "4000",
        "Rate at which data moves, in bytes per microsecond; what the bus takes comes on top.", 1,
        1'000'000}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<VirtioBlk>(name, params, host);
      },
      {trace_access, trace_request, trace_irq}};
  return type;
}

}  // namespace smmuvp
