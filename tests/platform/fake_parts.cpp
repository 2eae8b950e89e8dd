// A plugin of small stand-ins, so that the program's tests depend on no model.
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>

#include "smmuvp/base/params.h"
#include "smmuvp/tlm/console.h"
#include "smmuvp/tlm/cpu_control.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/dump_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "smmuvp/tlm/plugin.h"
#include "smmuvp/tlm/process.h"

namespace {

using namespace smmuvp;
using sc_core::sc_time;

constexpr unsigned width = platform_buswidth;

class Part : public Component {
 public:
  using Component::Component;
  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive&) override {}

 protected:
  std::vector<Port> m_ports;
};

// Sends its text to `uart`, one byte a microsecond, then ends the run as told.
class FakeCpu : public Part, public CpuControl {
 public:
  static constexpr TracePoint<std::uint32_t, std::string_view> event_point{
      "smmu.event", "a made-up event", {"sid", "event"}};

  FakeCpu(const sc_core::sc_module_name& name, const Params& params, Host& host)
      : Part(name, "fake", params, host),
        m_host(host),
        m_diag(&host.diag(), std::string(this->name())),
        m_tracer(host.trace(), std::string(this->name())),
        m_text(params.text("text") + params.text("file")),
        m_end(params.text("end")),
        m_uart(params.uint("uart")),
        m_status(params.uint("status")) {
    m_ports = {{"bus", &m_bus, "all accesses"},
               {"irq", &m_irq, "interrupt", true},
               {"timer_virt", &m_timer_virt, "virtual timer", true},
               {"timer_phys", &m_timer_phys, "physical timer", true}};
    SMMUVP_HAS_PROCESS(FakeCpu);
    SC_THREAD(go);
  }
  void add_memory(std::uint64_t base, std::uint64_t) override {
    if (base % 4096 != 0) throw ConfigError("", "memory does not start at a page");
    m_memory = base;
  }
  void set_start(std::uint64_t pc, std::uint64_t x0, std::uint64_t, std::uint64_t, std::uint64_t) override {
    m_pc = pc;
    m_x0 = x0;
  }
  MemoryWriteListener* write_listener() override { return nullptr; }
  std::uint64_t program_counter() const override { return m_pc; }
  std::uint64_t instructions() const override { return m_instructions; }
  void statistics(StatVisitor& visitor) const override {
    visitor.stat("bytes_sent", m_instructions, "bytes", "bytes sent to the UART");
    for (const char* core : {"0", "1"}) {
      if (StatVisitor* part = visitor.part("core", core)) part->stat("wakeups", 3, "1", "interrupts");
    }
  }
  void describe(DtNode& node) const override {
    node.set_name("cpu");
    node.strings("compatible", {"arm,cortex-a72"});
  }

 private:
  void write(std::uint64_t address, std::uint8_t byte) {
    tlm::tlm_generic_payload payload;
    payload.set_write();
    payload.set_address(address);
    payload.set_data_ptr(&byte);
    payload.set_data_length(1);
    payload.set_streaming_width(1);
    sc_time delay;
    m_bus->b_transport(payload, delay);
    ++m_instructions;
    wait(sc_time(1, sc_core::SC_US));
  }
  // Where the boot protocol says the device tree is, the text of its first long property.
  std::string bootargs() {
    std::string blob(4096, '\0');
    tlm::tlm_generic_payload payload;
    payload.set_read();
    payload.set_address(m_x0);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(blob.data()));
    payload.set_data_length(static_cast<unsigned>(blob.size()));
    payload.set_streaming_width(payload.get_data_length());
    m_bus->transport_dbg(payload);
    const std::size_t found = blob.find("console=");
    return found == std::string::npos ? "" : blob.c_str() + found;
  }
  void go() {
    if (m_end == "event") m_tracer.emit(1000, event_point, 0x100u, "F_TRANSLATION");
    if (m_end == "diagnostic") m_diag.guest_error("site", "broke a rule", "IHI 0070 4.1.3", 0x100u, 0x1234u);
    if (m_end == "host_error") m_diag.host_error("site", "a file has vanished");
    for (const char c : m_text) write(m_uart, static_cast<std::uint8_t>(c));
    write(m_memory + 0x100, 0x5a);
    if (m_end == "bootargs") {
      for (const char c : bootargs() + "\n") write(m_uart, static_cast<std::uint8_t>(c));
    }
    if (m_end == "spin") {
      for (;;) {
        ++m_instructions;
        wait(sc_time(10, sc_core::SC_US));
      }
    }
    if (m_end == "sleep") return;
    if (m_end == "busy") {
      // Gives the simulation back only when it is asked to, and then goes on.
      for (;;) {
        while (!m_host.pause_requested()) {
        }
        wait(sc_time(1, sc_core::SC_PS));
      }
    }
    // A model that never gives the simulation back; the volatile keeps the loop.
    for (volatile bool hang = m_end == "hang"; hang;) {
    }
    if (m_end == "throw") throw std::runtime_error("a model threw");
    if (m_end == "internal") return m_host.internal_error(name(), "the engine has failed");
    if (m_end == "status")
      return m_host.guest_exit({GuestExit::Kind::Status, m_status, "semihosting SYS_EXIT"});
    if (m_end == "reset") return m_host.guest_exit({GuestExit::Kind::Reset, 0, "PSCI SYSTEM_RESET"});
    m_host.guest_exit({GuestExit::Kind::PowerOff, 0, "PSCI SYSTEM_OFF"});
  }

  Host& m_host;
  Diag m_diag;
  Tracer m_tracer;
  std::string m_text;
  std::string m_end;
  std::uint64_t m_uart;
  std::uint64_t m_status;
  std::uint64_t m_memory = 0;
  std::uint64_t m_pc = 0;
  std::uint64_t m_x0 = 0;
  std::uint64_t m_instructions = 0;
  tlm_utils::simple_initiator_socket<FakeCpu, width> m_bus{"bus"};
  LineIn m_irq{"irq"};
  LineOut m_timer_virt{"timer_virt"};
  LineOut m_timer_phys{"timer_phys"};
};

class FakeTarget : public Part {
 public:
  using Part::Part;

 protected:
  virtual void written(std::uint8_t) {}
  void transport(tlm::tlm_generic_payload& payload, sc_time&) {
    if (payload.is_write()) written(*payload.get_data_ptr());
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void add_target(const char* name, bool optional = false, std::uint64_t bytes = 0) {
    auto& socket = m_sockets.emplace_back(name);
    socket.register_b_transport(this, &FakeTarget::transport);
    m_ports.push_back(Port::registers(name, &socket, "registers", bytes, optional));
  }
  std::deque<tlm_utils::simple_target_socket<FakeTarget, width>> m_sockets;
};

class FakeUart : public FakeTarget, public ConsoleControl {
 public:
  FakeUart(const sc_core::sc_module_name& name, const Params& params, Host& host)
      : FakeTarget(name, "fake", params, host) {
    add_target("registers");
    m_ports.push_back({"irq", &m_irq, "interrupt", true});
    SMMUVP_HAS_PROCESS(FakeUart);
    SC_THREAD(echo);
  }
  void set_backend(ConsoleBackend* backend) override { m_backend = backend; }
  void describe(DtNode& node) const override {
    node.set_name("serial");
    node.strings("compatible", {"arm,pl011", "arm,primecell"});
  }

 private:
  void written(std::uint8_t byte) override {
    if (m_backend != nullptr) m_backend->put(byte);
  }
  void echo() {
    while (m_backend != nullptr && m_backend->has_input()) {
      if (const int c = m_backend->get(); c >= 0) m_backend->put(static_cast<std::uint8_t>(c));
      wait(sc_time(100, sc_core::SC_US));
    }
  }
  ConsoleBackend* m_backend = nullptr;
  LineOut m_irq{"irq"};
};

class FakeGic : public FakeTarget {
 public:
  FakeGic(const sc_core::sc_module_name& name, const Params& params, Host& host)
      : FakeTarget(name, "fake", params, host) {
    add_target("distributor");
    add_target("cpu_interface");
    add_target("v2m", true);
    m_ports.push_back({"irq0", &m_irq, "to CPU 0", true});
    for (unsigned i = 0; i < 96; ++i) input("spi" + std::to_string(i));
    m_ports.back().taken = "one of the MSI frame's";
    for (unsigned i = 0; i < 16; ++i) input("ppi0_" + std::to_string(i));
  }
  void describe(DtNode& node) const override {
    node.set_name("interrupt-controller");
    node.strings("compatible", {"arm,cortex-a15-gic"});
    node.cells("#interrupt-cells", {3});
    node.flag("interrupt-controller");
    DtNode& frame = node.child("v2m");
    frame.strings("compatible", {"arm,gic-v2m-frame"});
    frame.flag("msi-controller");
  }

 private:
  void input(const std::string& name) {
    m_ports.push_back({name, &m_inputs.emplace_back(name.c_str()), "interrupt", true});
  }
  LineOut m_irq{"irq0"};
  std::deque<LineIn> m_inputs;
};

class FakeSmmu : public FakeTarget, public DumpControl {
 public:
  FakeSmmu(const sc_core::sc_module_name& name, const Params& params, Host& host)
      : FakeTarget(name, "fake", params, host), m_messages(params.flag("MSI")) {
    if (params.text("throws") == "exception") throw std::runtime_error("an exception");
    if (params.text("throws") == "number") throw 1;
    add_target("registers", false, 128 << 10);
    add_target("tbu0_in", true);
    add_target("tbu1_in", true);
    m_ports.push_back({"tbu0_out", &m_out, "translated"});
    m_ports.push_back({"walk", &m_walk, "walks"});
    for (auto& [line, dt] : m_lines) {
      m_ports.push_back({std::string(dt) + "_irq", &line, "interrupt", true, dt, true});
    }
  }
  DumpSection contents() const override {
    DumpSection s;
    s.title = "a made-up SMMU";
    s.add("registers", {"register", "value"}).rows = {{"SMMU_CR0", "0x1"}};
    s.sections.back().notes = {"one of them"};
    return s;
  }
  std::vector<std::pair<std::string, std::uint64_t>> register_values() const override {
    return {{"SMMU_CR0", 1}};
  }
  void describe(DtNode& node) const override {
    node.set_name("iommu");
    node.strings("compatible", {"arm,smmu-v3"});
    node.cells("#iommu-cells", {1});
    node.flag("dma-coherent");
    if (m_messages) node.flag("msi-parent");
  }

 private:
  bool m_messages;
  tlm_utils::simple_initiator_socket<FakeSmmu, width> m_out{"tbu0_out"};
  tlm_utils::simple_initiator_socket<FakeSmmu, width> m_walk{"walk"};
  struct Line {
    LineOut line;
    const char* dt;
  };
  std::array<Line, 3> m_lines{{{LineOut("eventq_irq"), "eventq"},
                               {LineOut("gerror_irq"), "gerror"},
                               {LineOut("sync_irq"), "cmdq-sync"}}};
};

class FakeDma : public FakeTarget {
 public:
  FakeDma(const sc_core::sc_module_name& name, const Params& params, Host& host)
      : FakeTarget(name, "fake", params, host) {
    add_target("registers");
    m_ports.push_back({"dma", &m_dma, "data"});
    m_ports.push_back({"irq", &m_irq, "interrupt"});
  }
  void describe(DtNode& node) const override {
    node.set_name("dma");
    node.strings("compatible", {"smmu-vp,fake-dma"});
  }

 private:
  tlm_utils::simple_initiator_socket<FakeDma, width> m_dma{"dma"};
  LineOut m_irq{"irq"};
};

template <class T>
std::unique_ptr<Component> make(const char* name, const Params& params, Host& host) {
  return std::make_unique<T>(name, params, host);
}

const ComponentType* types(std::size_t* count) {
  static const std::array<ComponentType, 5> all{{
      {"fake-cpu",
       "Writes a text and ends the run.",
       {{"text", ParamType::Text, "", "Sent to the UART."},
        {"file", ParamType::Path, "", "Sent to the UART after the text."},
        {"end",
         ParamType::Choice,
         "poweroff",
         "How the run ends.",
         0,
         0,
         {"poweroff", "status", "reset", "spin", "sleep", "internal", "event", "diagnostic", "host_error",
          "bootargs", "busy", "hang", "throw"}},
        {"status", ParamType::Uint, "0", "With end = status.", 0, 255},
        {"uart", ParamType::Uint, "0x09000000", "Address of the UART."}},
       make<FakeCpu>,
       {FakeCpu::event_point}},
      {"fake-uart", "A serial port.", {}, make<FakeUart>},
      {"fake-gic", "An interrupt controller.", {}, make<FakeGic>},
      {"fake-smmu",
       "An SMMU.",
       {{"SIDSIZE", ParamType::Uint, "16", "StreamID bits.", 0, 32},
        {"tbu0_stream_id", ParamType::Uint, "0", "StreamID of accesses without one.", 0, 0xffffffff},
        {"tbu0_fixed", ParamType::Bool, "false", "No other StreamID."},
        {"MSI", ParamType::Bool, "false", "Sends messages."},
        {"throws",
         ParamType::Choice,
         "nothing",
         "While it is made.",
         0,
         0,
         {"nothing", "exception", "number"}}},
       make<FakeSmmu>},
      {"fake-dma",
       "A bus master.",
       {{"stream_base", ParamType::Uint, "0", "First StreamID.", 0, 0xffffffff},
        {"stream_count", ParamType::Uint, "1", "StreamIDs.", 1, 16}},
       make<FakeDma>},
  }};
  *count = all.size();
  return all.data();
}

}  // namespace

SMMUVP_PLUGIN("stand-ins for tests", types)
