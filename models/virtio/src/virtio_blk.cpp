#include "smmuvp/virtio/virtio_blk.h"

#include <algorithm>

#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint64_t, std::uint32_t, bool, std::uint32_t> trace_access{
    "virtio_blk.access", "an access to ring or buffer has ended", {"address", "length", "write", "ok"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint64_t, std::uint32_t> trace_request{
    "virtio_blk.request", "a request was given back", {"type", "sector", "bytes", "status"}};
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
    : Component(name),
      registers("registers"),
      dma("dma"),
      irq("irq"),
      reset("reset"),
      m_diag(&host.diag(), this->name()),
      m_tracer(host.trace(), this->name()),
      m_storage(params.text("image"), params.flag("read_only")),
      m_core(config(params), m_storage, m_diag),
      m_latency_ps(params.uint("latency_ps")),
      m_bytes_per_us(params.uint("bytes_per_us")),
      m_irq_driver("irq_driver", irq),
      m_ports{Port::registers("registers", &registers, "registers and configuration space, 512 bytes",
                              VirtioBlkCore::window),
              {"dma", &dma, "virtqueue and buffers, with the StreamID"},
              {"irq", &irq, "high while InterruptStatus is not 0"},
              {"reset", &reset, "a rising edge is as writing 0 to Status", true}} {
  registers.register_b_transport(this, &VirtioBlk::b_transport);
  registers.register_transport_dbg(this, &VirtioBlk::transport_dbg);
  SMMUVP_HAS_PROCESS(VirtioBlk);
  SC_THREAD(work);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

void VirtioBlk::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  RegisterAccess access;
  if (!begin_register_access(payload, VirtioBlkCore::window, access)) return;
  std::uint64_t value = 0;
  if (access.write) {
    m_core.write(access.offset, access.bytes, access.value);
  } else {
    value = m_core.read(access.offset, access.bytes);
  }
  end_register_access(payload, access, value);
  settle();
  if (access.write) m_work.notify(sc_core::SC_ZERO_TIME);
}

unsigned VirtioBlk::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, VirtioBlkCore::window, [this](std::uint32_t offset, unsigned bytes) {
    return m_core.peek(offset, bytes);
  });
}

void VirtioBlk::settle() {
  if (m_core.irq() == m_irq_driver.level()) return;
  m_irq_driver.set(m_core.irq());
  if (m_core.irq()) ++m_interrupts;
  m_tracer.emit(sc_core::sc_time_stamp().value(), trace_irq, m_core.irq());
}

sc_core::sc_time VirtioBlk::time_of(const VirtioAccess& access) const {
  const std::uint64_t ps = std::max<std::uint64_t>(access.length * 1'000'000ULL / m_bytes_per_us, 1);
  return sc_core::sc_time(static_cast<double>(ps + (access.starts_request ? m_latency_ps : 0)),
                          sc_core::SC_PS);
}

tlm::tlm_response_status VirtioBlk::transfer(const VirtioAccess& access, sc_core::sc_time& delay) {
  AccessExtension extension;
  extension.stream_id = access.stream_id;
  extension.stream_valid = true;
  tlm::tlm_generic_payload payload;
  payload.set_command(access.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(access.address);
  payload.set_data_ptr(m_buffer.data());
  payload.set_data_length(access.length);
  payload.set_streaming_width(access.length);
  payload.set_extension(&extension);
  dma->b_transport(payload, delay);
  payload.clear_extension(&extension);
  return payload.get_response_status();
}

void VirtioBlk::work() {
  for (;;) {
    VirtioAccess access;
    if (!m_core.next(access, m_buffer)) {
      settle();
      wait(m_work);
      continue;
    }
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const bool ok = transfer(access, delay) == tlm::TLM_OK_RESPONSE;
    wait(delay + time_of(access));
    const std::uint64_t requests = m_core.counters().requests;
    m_core.complete(access.epoch, ok, m_buffer);
    if (m_tracer.on()) {
      const std::uint64_t now = sc_core::sc_time_stamp().value();
      m_tracer.emit(now, trace_access, access.address, access.length, access.write, ok ? 1U : 0U);
      if (m_core.counters().requests != requests) {
        const VirtioBlkCore::Request& r = m_core.request();
        m_tracer.emit(now, trace_request, r.type, r.sector, r.bytes, std::uint32_t{r.status});
      }
    }
    settle();
  }
}

void VirtioBlk::reset_rises() {
  m_core.reset();
  settle();
}

void VirtioBlk::visit(Archive& archive) {
  m_core.visit(archive);
  archive.value("interrupts", m_interrupts);
  if (!archive.loading()) return;
  m_irq_driver.set(m_core.irq());
  m_work.notify(sc_core::SC_ZERO_TIME);
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
  visitor.stat("interrupts", m_interrupts, "1", "rising edges of the interrupt line");
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
