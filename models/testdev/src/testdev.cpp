#include "smmuvp/testdev/testdev.h"

#include <algorithm>
#include <cstring>

#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint32_t, bool, std::uint32_t> trace_burst{
    "testdev.burst", "a DMA access has ended", {"sid", "address", "length", "write", "response"}};
constexpr TracePoint<bool> trace_irq{"testdev.irq", "the interrupt line changed", {"level"}};

TestdevConfig config(const Params& params) {
  return {static_cast<std::uint32_t>(params.uint("stream_base")),
          static_cast<std::uint32_t>(params.uint("stream_count"))};
}

TestdevResponse response_of(tlm::tlm_response_status status) {
  switch (status) {
    case tlm::TLM_OK_RESPONSE:
      return TestdevResponse::Ok;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
      return TestdevResponse::Address;
    case tlm::TLM_COMMAND_ERROR_RESPONSE:
      return TestdevResponse::Command;
    case tlm::TLM_BURST_ERROR_RESPONSE:
      return TestdevResponse::Burst;
    case tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE:
      return TestdevResponse::ByteEnable;
    default:
      return TestdevResponse::Generic;
  }
}

}  // namespace

Testdev::Testdev(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name),
      registers("registers"),
      dma("dma"),
      irq("irq"),
      reset("reset"),
      m_diag(&host.diag(), this->name()),
      m_tracer(host.trace(), this->name()),
      m_core(config(params), m_diag),
      m_bytes_per_us(params.uint("bytes_per_us")),
      m_irq_driver("irq_driver", irq),
      m_ports{Port::registers("registers", &registers, "registers, 4 KiB", TestdevCore::window),
              {"dma", &dma, "descriptors and data, with stream, substream and privilege"},
              {"irq", &irq, "high while IRQ_STATUS & IRQ_ENABLE is not 0"},
              {"reset", &reset, "a rising edge is as CTRL.RESET", true}} {
  registers.register_b_transport(this, &Testdev::b_transport);
  registers.register_transport_dbg(this, &Testdev::transport_dbg);
  SMMUVP_HAS_PROCESS(Testdev);
  SC_THREAD(work);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

void Testdev::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  RegisterAccess access;
  if (!begin_register_access(payload, TestdevCore::window, access)) {
    // The sheet: any shape of access inside the window that no register has reads zero and is ignored.
    const tlm::tlm_response_status status = payload.get_response_status();
    if (status != tlm::TLM_BURST_ERROR_RESPONSE && status != tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE) return;
    if (payload.get_data_ptr() == nullptr || payload.get_data_length() == 0) return;
    if (payload.is_read()) std::memset(payload.get_data_ptr(), 0, payload.get_data_length());
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return;
  }
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

unsigned Testdev::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, TestdevCore::window, [this](std::uint32_t offset, unsigned bytes) {
    return m_core.peek(offset, bytes);
  });
}

void Testdev::settle() {
  if (m_core.irq() == m_irq_driver.level()) return;
  m_irq_driver.set(m_core.irq());
  if (m_core.irq()) ++m_interrupts;
  m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_irq, m_core.irq());
}

sc_core::sc_time Testdev::time_of(std::uint32_t bytes) const {
  const std::uint64_t ps = std::max<std::uint64_t>(bytes * 1'000'000ULL / m_bytes_per_us, 1);
  return sc_core::sc_time(static_cast<double>(ps), sc_core::SC_PS);
}

tlm::tlm_response_status Testdev::transfer(const TestdevAccess& access, sc_core::sc_time& delay) {
  AccessExtension extension;
  extension.stream_id = access.stream_id;
  extension.stream_valid = true;
  extension.substream_id = access.substream_id;
  extension.substream_valid = access.substream_valid;
  extension.privileged = access.privileged;
  extension.instruction = access.instruction;
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

void Testdev::work() {
  for (;;) {
    TestdevAccess access;
    if (!m_core.next(access, m_buffer)) {
      settle();
      wait(m_work);
      continue;
    }
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const TestdevResponse response = response_of(transfer(access, delay));
    wait(delay + time_of(access.length));
    if (m_tracer.on()) {
      m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_burst, access.stream_id, access.address,
                    access.length, access.write, static_cast<std::uint32_t>(response));
    }
    m_core.complete(access.epoch, response, m_buffer);
    settle();
  }
}

void Testdev::reset_rises() {
  m_core.reset();
  settle();
}

void Testdev::visit(Archive& archive) {
  m_core.visit(archive);
  archive.value("interrupts", m_interrupts);
  if (!archive.loading()) return;
  m_irq_driver.set(m_core.irq());
  m_work.notify(sc_core::SC_ZERO_TIME);
}

void Testdev::statistics(StatVisitor& visitor) const {
  const TestdevCore::Counters& c = m_core.counters();
  visitor.stat("descriptors", c.descriptors, "1", "descriptors finished");
  visitor.stat("failed", c.failed, "1", "descriptors finished with a status other than OK");
  visitor.stat("bursts", c.bursts, "1", "data accesses (those to the ring are not counted)");
  visitor.stat("read_bytes", c.read_bytes, "bytes", "data read");
  visitor.stat("written_bytes", c.written_bytes, "bytes", "data written");
  visitor.stat("ring_errors", c.ring_errors, "1", "times that RING_ERROR rose");
  visitor.stat("interrupts", m_interrupts, "1", "rising edges of the interrupt line");
}

void Testdev::describe(DtNode& node) const {
  node.set_name("dma");
  node.strings("compatible", {"smmu-vp,testdev"});
  node.flag("dma-coherent");
}

const ComponentType& testdev_type() {
  static const ComponentType type{
      "testdev",
      "DMA master with a descriptor ring, for exercising an IOMMU",
      {{"stream_base", ParamType::Uint, "0x0", "StreamID of the first stream (register SID_BASE).", 0,
        0xffffffff},
       {"stream_count", ParamType::Uint, "1", "Number of streams (register SID_COUNT).", 1, 65536},
       {"bytes_per_us", ParamType::Uint, "16000",
        "Rate at which data moves, in bytes per microsecond; what the bus takes comes on top.", 1,
        1'000'000}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Testdev>(name, params, host);
      },
      {trace_burst, trace_irq}};
  return type;
}

}  // namespace smmuvp
