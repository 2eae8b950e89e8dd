#include "smmuvp/gic/gic.h"

#include <fmt/format.h>

#include <array>

#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<unsigned, unsigned, bool> trace_line{
    "gic.line", "an input changed", {"intid", "cpu", "level"}};
constexpr TracePoint<unsigned, std::uint64_t> trace_acknowledge{
    "gic.acknowledge", "GICC_IAR or GICC_AIAR was read", {"cpu", "value"}};
constexpr TracePoint<unsigned, std::uint64_t> trace_end{
    "gic.end", "GICC_EOIR or GICC_AEOIR was written", {"cpu", "value"}};
constexpr TracePoint<std::uint64_t> trace_message{"gic.message", "MSI_SETSPI_NS was written", {"intid"}};

constexpr std::array<std::uint32_t, 3> windows{GicCore::distributor_window, GicCore::cpu_interface_window,
                                               GicCore::v2m_window};

constexpr unsigned ppis = 16;  // of a processor: INTID 16 to 31

unsigned number(const Params& params, const char* name) { return static_cast<unsigned>(params.uint(name)); }

GicConfig config(const Params& params) {
  GicConfig c;
  c.cpus = number(params, "cpus");
  c.num_spis = number(params, "num_spis");
  c.priority_bits = number(params, "priority_bits");
  c.v2m_spi_base = number(params, "v2m_spi_base");
  c.v2m_spi_count = number(params, "v2m_spi_count");
  return c;
}

}  // namespace

Gic::Gic(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "gic", params, host),
      distributor("distributor"),
      cpu_interface("cpu_interface"),
      v2m("v2m"),
      reset("reset"),
      m_diag(&this->host().diag(), this->name()),
      m_tracer(this->host().trace(), this->name()),
      m_config(config(params)),
      m_core(m_config, m_diag) {
  // In the order of the device-tree binding's reg: distributor, CPU interface.
  m_ports = {Port::registers("distributor", &distributor, "distributor registers, 4 KiB", windows[0]),
             Port::registers("cpu_interface", &cpu_interface, "CPU interface registers, 8 KiB", windows[1]),
             Port::registers("v2m", &v2m, "GICv2m MSI frame, 4 KiB", windows[2], true),
             {"reset", &reset, "a rising edge resets all but the inputs", true}};
  int frame = 0;
  for (auto* socket : {&distributor, &cpu_interface, &v2m}) {
    socket->register_b_transport(this, &Gic::b_transport, frame);
    socket->register_transport_dbg(this, &Gic::transport_dbg, frame);
    ++frame;
  }
  make_outputs();
  make_inputs();
  SMMUVP_HAS_PROCESS(Gic);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

void Gic::make_outputs() {
  const auto port = [](std::size_t i) { return (i % 2 == 0 ? "irq" : "fiq") + std::to_string(i / 2); };
  m_outputs.init(2 * std::size_t{m_config.cpus},
                 [&](const char*, std::size_t i) { return new LineOut(port(i).c_str()); });
  m_drivers.init(m_outputs.size(), [&](const char*, std::size_t i) {
    return new LineDriver((port(i) + "_driver").c_str(), m_outputs[i]);
  });
  for (std::size_t i = 0; i < m_outputs.size(); ++i) {
    m_ports.push_back({port(i), &m_outputs[i], "to the processor", i % 2 == 1});
  }
}

void Gic::make_inputs() {
  m_spis.init(m_config.num_spis,
              [](const char*, std::size_t n) { return new LineIn(("spi" + std::to_string(n)).c_str()); });
  m_ppis.init(std::size_t{ppis} * m_config.cpus, [](const char*, std::size_t i) {
    return new LineIn(("ppi" + std::to_string(i / ppis) + "_" + std::to_string(i % ppis)).c_str());
  });
  for (unsigned n = 0; n < m_config.num_spis; ++n) {
    add_input(m_spis[n], "shared peripheral interrupt", 32 + n, 0);
    // A message and a wire on one SPI would be one interrupt to the guest.
    if (n - m_config.v2m_spi_base < m_config.v2m_spi_count) {
      m_ports.back().taken =
          fmt::format("one of the MSI frame's SPIs {} to {} (v2m_spi_base, v2m_spi_count)",
                      m_config.v2m_spi_base, m_config.v2m_spi_base + m_config.v2m_spi_count - 1);
    }
  }
  for (unsigned i = 0; i < ppis * m_config.cpus; ++i) {
    add_input(m_ppis[i], "private peripheral interrupt", 16 + i % ppis, i / ppis);
  }
}

void Gic::add_input(LineIn& line, const std::string& doc, unsigned intid, unsigned cpu) {
  const std::string port = line.basename();
  m_ports.push_back({port, &line, doc, true});
  sc_core::sc_spawn_options options;
  options.spawn_method();
  options.set_sensitivity(&line);
  // Initialized, so that a line that starts high is seen.
  sc_core::sc_spawn([this, &line, intid, cpu] { input_changed(line, intid, cpu); },
                    (port + "_changed").c_str(), &options);
}

void Gic::input_changed(const LineIn& line, unsigned intid, unsigned cpu) {
  const bool level = line.read();
  m_core.set_line(intid, level, cpu);
  m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_line, intid, cpu, level);
  settle();
}

void Gic::settle() {
  for (unsigned cpu = 0; cpu < m_config.cpus; ++cpu) {
    m_drivers[2 * std::size_t{cpu}].set(m_core.irq(cpu));
    m_drivers[2 * std::size_t{cpu} + 1].set(m_core.fiq(cpu));
  }
}

unsigned Gic::requester(const tlm::tlm_generic_payload& payload) const {
  const auto* extension = payload.get_extension<AccessExtension>();
  return extension != nullptr && extension->tag < m_config.cpus ? static_cast<unsigned>(extension->tag) : 0;
}

void Gic::b_transport(int frame, tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const auto f = static_cast<unsigned>(frame);
  const unsigned cpu = requester(payload);
  const bool done = register_transport(payload, windows[f], [&](const RegisterAccess& access) {
    std::uint64_t value = access.value;
    if (access.write) {
      m_core.write(static_cast<GicCore::Frame>(f), cpu, access.offset, access.bytes, value);
    } else {
      value = m_core.read(static_cast<GicCore::Frame>(f), cpu, access.offset, access.bytes);
    }
    if (m_tracer.on()) trace_access(f, cpu, access.offset, access.write, value);
    return value;
  });
  if (done) settle();
}

void Gic::trace_access(unsigned frame, unsigned cpu, std::uint32_t offset, bool write, std::uint64_t value) {
  const std::uint64_t now = to_ps(sc_core::sc_time_stamp());
  if (frame == 1 && !write && (offset == 0x0c || offset == 0x20)) {
    m_tracer.emit(now, trace_acknowledge, cpu, value);
  } else if (frame == 1 && write && (offset == 0x10 || offset == 0x24)) {
    m_tracer.emit(now, trace_end, cpu, value);
  } else if (frame == 2 && write && offset == 0x40) {
    m_tracer.emit(now, trace_message, value);
  }
}

unsigned Gic::transport_dbg(int frame, tlm::tlm_generic_payload& payload) {
  const auto f = static_cast<unsigned>(frame);
  const unsigned cpu = requester(payload);
  return debug_register_read(payload, windows[f], [&](std::uint32_t offset, unsigned bytes) {
    return m_core.peek(static_cast<GicCore::Frame>(f), cpu, offset, bytes);
  });
}

void Gic::reset_rises() {
  m_core.reset();
  settle();
}

void Gic::visit(Archive& archive) {
  m_core.visit(archive);
  if (archive.loading()) settle();
}

void Gic::statistics(StatVisitor& visitor) const {
  visitor.stat("acknowledged", m_core.acknowledged(), "1", "interrupts acknowledged");
  visitor.stat("spurious", m_core.spurious_reads(), "1", "reads of GICC_IAR that met no interrupt");
  visitor.stat("sgis", m_core.sgis(), "1", "writes to GICD_SGIR");
  visitor.stat("messages", m_core.msis(), "1", "interrupts by MSI_SETSPI_NS");
}

// Linux's arm,gic binding; the platform fills reg from the ports, that of the child from the port "v2m".
void Gic::describe(DtNode& node) const {
  node.set_name("interrupt-controller");
  node.strings("compatible", {"arm,gic-400", "arm,cortex-a15-gic"});
  node.cells("#interrupt-cells", {3});
  node.flag("interrupt-controller");
  node.cells("#address-cells", {2});
  node.cells("#size-cells", {2});
  node.flag("ranges");
  if (m_config.v2m_spi_count == 0) return;
  DtNode& frame = node.child("v2m");
  frame.strings("compatible", {"arm,gic-v2m-frame"});
  frame.flag("msi-controller");
  frame.cells("arm,msi-base-spi", {32 + m_config.v2m_spi_base});
  frame.cells("arm,msi-num-spis", {m_config.v2m_spi_count});
}

const ComponentType& gic_type() {
  static const ComponentType type{
      "gicv2",
      "GICv2 interrupt controller with a GICv2m MSI frame",
      {{"cpus", ParamType::Uint, "1", "Number of processors.", 1, GicCore::max_cpus},
       {"num_spis", ParamType::Uint, "96", "Number of SPIs, a multiple of 32 up to 960, or 988.", 32, 988},
       {"priority_bits", ParamType::Uint, "5", "Implemented bits of a priority.", 4, 8},
       {"v2m_spi_base", ParamType::Uint, "0", "First SPI of the MSI frame; SPI 0 is INTID 32.", 0, 987},
       {"v2m_spi_count", ParamType::Uint, "0", "Number of SPIs of the MSI frame; 0: no frame.", 0, 988}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Gic>(name, params, host);
      },
      {trace_line, trace_acknowledge, trace_end, trace_message}};
  return type;
}

}  // namespace smmuvp
