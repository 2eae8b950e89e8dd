#include "smmuvp/cpu/cpu.h"

#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/tlm/console.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr std::uint64_t ps_per_second = 1'000'000'000'000;
constexpr std::uint64_t counter_ps = 16'000;         // a tick of the 62.5 MHz system counter
constexpr std::uint64_t input_poll_ps = 10'000'000;  // as often as the PL011 looks for input

constexpr TracePoint<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t> trace_read{
    "cpu.read", "a load from a device", {"pc", "address", "size", "value"}};
constexpr TracePoint<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t> trace_write{
    "cpu.write", "a store to a device", {"pc", "address", "size", "value"}};
constexpr TracePoint<std::uint64_t, std::uint64_t, std::uint64_t> trace_abort{
    "cpu.external_abort", "an access that the bus refused", {"pc", "address", "size"}};

std::uint64_t period_of(std::uint64_t clock_hz) {
  if (ps_per_second % clock_hz != 0) {
    throw ConfigError(
        "clock_hz",
        fmt::format("a clock of {} Hz has a period that is no whole number of picoseconds", clock_hz));
  }
  return ps_per_second / clock_hz;
}

}  // namespace

Cpu::Cpu(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "cpu", params, host),
      bus("bus"),
      irq("irq"),
      fiq("fiq"),
      event("event"),
      reset("reset"),
      timer_virt("timer_virt"),
      timer_phys("timer_phys"),
      timer_sec_phys("timer_sec_phys"),
      timer_hyp("timer_hyp"),
      m_diag(&this->host().diag(), this->name()),
      m_tracer(this->host().trace(), this->name()),
      m_period_ps(period_of(params.uint("clock_hz"))),
      m_quantum(params.uint("quantum")),
      m_adverse_seed(params.uint("adverse_seed")),
      m_quanta_drawn(m_adverse_seed, this->basename()),
      m_wfe_ps(params.uint("wfe_ps")),
      m_ports{{"bus", &bus, "everything that is not RAM"},
              {"irq", &irq, "IRQ, level", true},
              {"fiq", &fiq, "FIQ, level", true},
              {"event", &event, "wakes WFE on a rising edge", true},
              {"reset", &reset, "holds the processor in reset while high", true},
              {"timer_sec_phys", &timer_sec_phys, "EL3 physical timer; always low", true, "sec-phys"},
              {"timer_phys", &timer_phys, "EL1 physical timer interrupt, level", true, "phys"},
              {"timer_virt", &timer_virt, "EL1 virtual timer interrupt, level", true, "virt"},
              {"timer_hyp", &timer_hyp, "EL2 physical timer; always low", true, "hyp-phys"}} {
  std::string error;
  const auto use =
      params.text("libunicorn") == "public" ? cpu::LibraryUse::public_only : cpu::LibraryUse::automatic;
  m_core = cpu::make_unicorn_core(*this, use, error);
  if (m_core == nullptr) throw ConfigError("type", error);
  if (const std::string limitation = m_core->limitation(); !limitation.empty())
    host.limitation(this->name(), limitation);
  m_payload.set_extension(&m_extension);
  bus.register_invalidate_direct_mem_ptr(this, &Cpu::invalidate_direct_mem_ptr);
  SC_THREAD(run_thread);
  m_thread = sc_core::sc_get_last_created_process_handle();
  // Translated code, the engine and the models that an access reaches all run on this stack.
  set_stack_size(4 << 20);
  SC_METHOD(lines_method);
  sensitive << irq << fiq;
  SC_METHOD(event_method);
  sensitive << event;
  dont_initialize();
  SC_METHOD(reset_method);
  sensitive << reset;
}

Cpu::~Cpu() { m_payload.clear_extension(&m_extension); }

void Cpu::set_start(std::uint64_t pc, std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                    std::uint64_t x3) {
  m_start_pc = pc;
  m_start_x = {x0, x1, x2, x3};
}

void Cpu::start_of_simulation() {
  Component::start_of_simulation();
  for (const auto& [base, size] : m_memory) {
    for (std::uint64_t done = 0; done < size;) {
      tlm::tlm_generic_payload request;
      tlm::tlm_dmi dmi;
      request.set_address(base + done);
      request.set_read();
      const bool granted = bus->get_direct_mem_ptr(request, dmi) && dmi.is_read_write_allowed() &&
                           dmi.get_start_address() <= base + done && dmi.get_end_address() >= base + done;
      if (!granted) {
        throw ConfigError("memory",
                          fmt::format("{}: no DMI for reads and writes at {:#x}, which is declared as memory",
                                      name(), base + done));
      }
      const std::uint64_t length =
          std::min<std::uint64_t>(size - done, dmi.get_end_address() - (base + done) + 1);
      const std::string error =
          m_core->add_ram(base + done, length, dmi.get_dmi_ptr() + (base + done - dmi.get_start_address()));
      if (!error.empty())
        throw ConfigError("memory", fmt::format("{}: {:#x}: {}", name(), base + done, error));
      done += length;
    }
  }
  reset_core();
}

void Cpu::invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) {
  for (const auto& [base, size] : m_memory) {
    if (start <= base + (size - 1) && base <= end) {
      host().internal_error(
          name(), fmt::format("DMI for memory at {:#x} was withdrawn, which is not supported", start));
      return;
    }
  }
}

void Cpu::wait_ps(std::uint64_t ps) { sc_core::wait(from_ps(ps)); }

// Lets lines that somebody is changing at this time arrive: device, interrupt controller and this processor
// are each a delta cycle or two apart. The bound is for a model that never settles.
void Cpu::settle() {
  for (int i = 0; i < 16 && sc_core::sc_pending_activity_at_current_time(); ++i)
    sc_core::wait(sc_core::SC_ZERO_TIME);
}

// ---- The processor's own time

std::uint64_t Cpu::local_time_ps() const {
  const std::uint64_t ahead = m_running ? (m_core->quantum_instructions() - m_synchronised) * m_period_ps : 0;
  return to_ps(sc_core::sc_time_stamp()) + ahead + m_latency_ps;
}

std::uint64_t Cpu::counter() { return local_time_ps() / counter_ps; }

std::uint64_t Cpu::instructions_until(std::uint64_t counter) const {
  const std::uint64_t now = local_time_ps();
  if (counter > ~std::uint64_t{0} / counter_ps) return ~std::uint64_t{0} / 2;  // centuries away
  const std::uint64_t at = counter * counter_ps;
  return at <= now ? 0 : (at - now + m_period_ps - 1) / m_period_ps;
}

std::uint64_t Cpu::budget() {
  const std::uint64_t most = m_adverse_seed != 0 ? 1 + m_quanta_drawn.below(m_quantum) : m_quantum;
  const auto deadline = m_core->timer_deadline();
  return deadline ? std::clamp<std::uint64_t>(instructions_until(*deadline), 1, most) : most;
}

void Cpu::timer_deadline_changed() {
  if (!m_running) return;
  if (const auto deadline = m_core->timer_deadline()) {
    m_core->limit_quantum(m_core->quantum_instructions() + instructions_until(*deadline));
  }
}

void Cpu::timer_output(cpu::Timer timer, bool level) {
  (timer == cpu::Timer::virt ? timer_virt : timer_phys).write(level);
}

void Cpu::drive_timers() {
  m_core->update_timers();
  settle();
}

// ---- Running

void Cpu::run_thread() {
  for (;;) {
    if (m_reset_pending) {
      while (reset.read()) sc_core::wait(reset.negedge_event());
      m_reset_pending = false;
      reset_core();
    }
    drive_timers();
    if (m_debug_client != nullptr && std::exchange(m_break_requested, false)) {
      m_debug_client->stopped(*this, DebugClient::Reason::Break);
    }
    if (m_idle != Idle::no) {
      idle();
      continue;
    }
    take_turn();
    if (m_reset_pending) continue;
    m_synchronised = 0;
    m_running = true;
    cpu::Stop stop = m_core->run(budget());
    // Simulated time stands still while a debugger has the processor, and the quantum goes on as if nothing
    // had been.
    while (stop.reason == cpu::StopReason::debug) {
      if (m_debug_client != nullptr) m_debug_client->stopped(*this, DebugClient::Reason::Breakpoint);
      stop = m_core->resume();
    }
    m_running = false;
    ++m_quanta;
    host().pause_requested();
    const std::uint64_t ps =
        (stop.instructions - m_synchronised) * m_period_ps + std::exchange(m_latency_ps, 0);
    // Even a quantum of nothing but answered calls takes time, so that nothing can stop time.
    if (!m_reset_pending) sc_core::wait(from_ps(std::max(ps, m_period_ps)), m_reset_event);
    if (std::exchange(m_send_event, false)) {
      for (Cpu* other : m_all) {
        if (other != this) other->event_arrives();
      }
    }
    if (!m_reset_pending) finish(stop);
  }
}

void Cpu::finish(const cpu::Stop& stop) {
  using cpu::StopReason;
  switch (stop.reason) {
    case StopReason::quantum:
    case StopReason::yield:
    case StopReason::debug:
      break;
    case StopReason::wfi:
      ++m_wfi_count;
      m_idle = Idle::wfi;
      break;
    case StopReason::wfe:
      m_idle = Idle::wfe;
      break;
    case StopReason::cpu_off:
      // Nothing is kept (DEN 0022 5.5, CPU_OFF): the timers and their outputs end here, too.
      m_core->reset(m_start_pc, m_start_x);
      m_event_register = false;
      m_idle = Idle::off;
      break;
    case StopReason::power_off:
      m_idle = Idle::off;
      host().guest_exit({GuestExit::Kind::PowerOff, 0, "PSCI SYSTEM_OFF"});
      break;
    case StopReason::reset:
      m_idle = Idle::off;
      host().guest_exit({GuestExit::Kind::Reset, 0, "PSCI SYSTEM_RESET"});
      break;
    case StopReason::warm_reset:
      m_idle = Idle::off;
      host().guest_exit({GuestExit::Kind::WarmReset, 0, "PSCI SYSTEM_RESET2"});
      break;
    case StopReason::exit:
      m_idle = Idle::off;
      host().guest_exit({GuestExit::Kind::Status, stop.status, "semihosting SYS_EXIT"});
      break;
    case StopReason::unsupported:
      m_idle = Idle::off;
      host().unsupported(name(), stop.text);
      break;
    case StopReason::dead_end:
      m_idle = Idle::off;
      m_diag.guest_error("exception.dead_end", stop.text, "DDI 0487 D1.10");
      host().guest_exit({GuestExit::Kind::DeadEnd, 0, stop.text});
      break;
    case StopReason::error:
      m_idle = Idle::off;
      host().internal_error(name(), stop.text);
      break;
  }
}

// Waits once; the caller looks at the timers and comes back if there is still nothing to do.
void Cpu::idle() {
  const std::uint64_t since = to_ps(sc_core::sc_time_stamp());
  if (m_reset_pending) return;
  if (m_idle == Idle::off) {
    if (m_power == cpu::Power::on_pending) {
      begin_pending();
    } else {
      sc_core::wait(m_wake);
    }
    return;
  }
  if (irq.read() || fiq.read() || (m_idle == Idle::wfe && m_event_register)) {
    if (m_idle == Idle::wfe) m_event_register = false;
    m_idle = Idle::no;
    return;
  }
  std::uint64_t ps = ~std::uint64_t{0};
  if (const auto deadline = m_core->timer_deadline();
      deadline && *deadline <= ~std::uint64_t{0} / counter_ps) {
    ps = *deadline * counter_ps - since;
  }
  if (m_idle == Idle::wfe) {
    // An implementation may end WFE at any time (DDI 0487 D1.16.1). This one does, because not all that sets
    // the event register is modelled: the event stream, a monitor that others open.
    ps = std::min(ps, m_wfe_ps);
    sc_core::wait(from_ps(ps), m_wake);
    m_event_register = false;
    m_idle = Idle::no;
    return;
  }
  if (ps == ~std::uint64_t{0}) {
    sc_core::wait(m_wake);
  } else {
    sc_core::wait(from_ps(ps), m_wake);
  }
  m_wfi_ps += to_ps(sc_core::sc_time_stamp()) - since;
}

void Cpu::lines_method() {
  m_core->set_irq(irq.read());
  m_core->set_fiq(fiq.read());
  if (irq.read() || fiq.read()) m_wake.notify();
}

void Cpu::event_method() {
  if (event.read()) event_arrives();
}

void Cpu::reset_method() {
  if (!reset.read()) return;
  m_reset_pending = true;
  m_core->request_stop();
  m_reset_event.notify();
  m_wake.notify();
}

void Cpu::restart() {
  m_reset_pending = true;
  m_core->request_stop();
  m_reset_event.notify(sc_core::SC_ZERO_TIME);
  m_wake.notify(sc_core::SC_ZERO_TIME);
}

// ---- Bus

// Lets simulated time pass for the instructions that have been executed.
void Cpu::catch_up() {
  const std::uint64_t executed = m_core->quantum_instructions();
  wait_ps((executed - m_synchronised) * m_period_ps + std::exchange(m_latency_ps, 0));
  m_synchronised = executed;
}

cpu::BusStatus Cpu::bus_access(cpu::BusAccess& access) {
  m_access_pc = access.pc;
  m_in_access = true;
  catch_up();
  take_turn();
  std::array<unsigned char, 8> data{};
  for (unsigned i = 0; i < access.size; ++i) data[i] = static_cast<unsigned char>(access.value >> (8 * i));
  m_extension = AccessExtension{};
  m_extension.privileged = access.privileged;
  m_extension.tag = m_number;
  m_payload.set_command(access.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  m_payload.set_address(access.address);
  m_payload.set_data_ptr(data.data());
  m_payload.set_data_length(access.size);
  m_payload.set_streaming_width(access.size);
  m_payload.set_byte_enable_ptr(nullptr);
  m_payload.set_byte_enable_length(0);
  m_payload.set_dmi_allowed(false);
  m_payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  bus->b_transport(m_payload, delay);
  m_latency_ps += to_ps(delay);
  // What a store did to interrupt lines shall be seen by the next block of instructions.
  if (access.write) settle();
  if (m_turn_delta != sc_core::sc_delta_count()) take_turn();
  m_in_access = false;

  if (!m_payload.is_response_ok()) {
    m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_abort, access.pc, access.address, access.size);
    return m_payload.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE ? cpu::BusStatus::decode_error
                                                                              : cpu::BusStatus::slave_error;
  }
  if (!access.write) {
    access.value = 0;
    for (unsigned i = 0; i < access.size; ++i) access.value |= std::uint64_t{data[i]} << (8 * i);
  }
  m_tracer.emit(to_ps(sc_core::sc_time_stamp()), access.write ? trace_write : trace_read, access.pc,
                access.address, access.size, access.value);
  return cpu::BusStatus::ok;
}

void Cpu::memory_written(std::uint64_t address, std::uint64_t length) {
  m_core->invalidate_code(address, length);
}

// ---- Semihosting

void Cpu::set_surroundings(const Surroundings& s) {
  m_console = s.console;
  m_environment = {s.command_line, s.heap_base, s.heap_limit, s.stack_base, s.stack_limit};
}

void Cpu::semihosting_write(std::string_view text) {
  if (m_console == nullptr) return;
  for (const char c : text) m_console->put(static_cast<std::uint8_t>(c));
}

// While the processor waits for somebody to type, time passes for everything else.
int Cpu::semihosting_read(bool wait) {
  if (m_console == nullptr) return -1;
  if (wait) {
    catch_up();
    take_turn();
  }
  for (;;) {
    const int byte = m_console->has_input() ? m_console->get() : -1;
    if (byte >= 0 || !wait || !m_console->has_input() || m_reset_pending) return byte;
    sc_core::wait(from_ps(input_poll_ps), m_reset_event);
    take_turn();
  }
}

// ---- For the platform

std::uint64_t Cpu::program_counter() const {
  return m_in_access ? m_access_pc : m_core->read_register("PC").value_or(0);
}

std::uint64_t Cpu::instructions() const {
  return m_core->statistics().instructions + (m_running ? m_core->quantum_instructions() : 0);
}

// ---- For a debugger

void Cpu::request_break() {
  m_break_requested = true;
  if (m_idle != Idle::no) m_wake.notify(sc_core::SC_ZERO_TIME);
}

// WFI and WFE may end at any time (DDI 0487 D1.16). A processor that is off stays off.
void Cpu::end_idle() {
  if (m_idle != Idle::off) m_idle = Idle::no;
}

void Cpu::step() {
  end_idle();
  m_core->step_next();
}

// SP is that of the current Exception level (DDI 0487 C5.2.18, SPSel).
std::string Cpu::core_register(const std::string& name) const {
  if (name != "SP") return name;
  const std::uint64_t pstate = m_core->read_register("PSTATE").value_or(0);
  return (pstate & 1) != 0 ? "SP_EL1" : "SP_EL0";
}

std::optional<std::uint64_t> Cpu::debug_register(const std::string& name) const {
  return m_core->read_register(core_register(name));
}

bool Cpu::set_debug_register(const std::string& name, std::uint64_t value) {
  if (name == "PC") end_idle();  // who is sent elsewhere does not wait there
  return m_core->write_register(core_register(name), value);
}

std::size_t Cpu::debug_read(std::uint64_t address, void* data, std::size_t length) {
  return m_core->debug_read(address, data, length);
}

std::size_t Cpu::debug_write(std::uint64_t address, const void* data, std::size_t length) {
  return m_core->debug_write(address, data, length);
}

void Cpu::visit(Archive& archive) {
  archive.begin("cpu");
  m_core->visit(archive);
  archive.value("idle", m_idle);
  archive.value("event_register", m_event_register);
  archive.value("quanta", m_quanta);
  archive.value("wfi_count", m_wfi_count);
  archive.value("wfi_ps", m_wfi_ps);
  archive.value("send_event", m_send_event);
  archive.value("power", m_power);
  archive.value("on_ps", m_on_ps);
  archive.value("on_entry", m_on_entry);
  archive.value("on_context", m_on_context);
  if (m_adverse_seed != 0) m_quanta_drawn.visit(archive);
  if (archive.loading() && m_idle > Idle::off) {
    m_idle = Idle::no;
    archive.fail("idle", "no such state");
  }
  if (archive.loading() && m_power > cpu::Power::on_pending) {
    m_power = cpu::Power::on;
    archive.fail("power", "no such state");
  }
  if (archive.loading()) m_wake.notify(sc_core::SC_ZERO_TIME);  // it may wait for what is no longer so
  archive.end();
}

void Cpu::describe(DtNode& node) const {
  node.set_name("cpu");
  node.strings("compatible", {"arm,cortex-a72"});
}

void Cpu::statistics(StatVisitor& v) const {
  const cpu::CpuStatistics& s = m_core->statistics();
  v.stat("instructions", instructions(), "1", "instructions executed, each exception counted as one more");
  v.stat("quanta", m_quanta, "1", "quanta run");
  v.stat("exceptions", s.exceptions, "1", "synchronous exceptions taken");
  v.stat("interrupts", s.interrupts, "1", "IRQs and FIQs taken");
  v.stat("mmio_reads", s.mmio_reads, "1", "loads from devices");
  v.stat("mmio_writes", s.mmio_writes, "1", "stores to devices");
  v.stat("external_aborts", s.external_aborts, "1", "accesses that the bus refused");
  v.stat("code_invalidations", s.code_invalidations, "1", "writes by others that hit translated code");
  v.stat("wfi_count", m_wfi_count, "1", "times WFI had to wait");
  v.stat("wfi_ps", m_wfi_ps, "ps", "time spent in WFI");
}

const ComponentType& cpu_type() {
  static const ComponentType type{
      "cpu",
      "AArch64 processor, Cortex-A72, on libunicorn",
      {{"clock_hz", ParamType::Uint, "1000000000",
        "Instructions a second. The period is a whole number of picoseconds.", 1'000'000, 10'000'000'000},
       {"quantum", ParamType::Uint, "10000", "Instructions that may run ahead of the other models.", 1,
        10'000'000},
       {"adverse_seed", ParamType::Uint, "0",
        "Not 0: each quantum is drawn, from 1 to the parameter quantum, and so is the order of processors "
        "that "
        "go on at the same time (docs/adverse.md)."},
       {"wfe_ps", ParamType::Uint, "1000000", "How long WFE waits when nothing wakes it, in picoseconds.",
        1000, 1'000'000'000'000},
       {"libunicorn",
        ParamType::Choice,
        "auto",
        "How the library is used: auto by its private parts where they are known, public by its public "
        "interface alone, which is slower; docs/cpu.md.",
        0,
        ~0ULL,
        {"auto", "public"}}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Cpu>(name, params, host);
      },
      {trace_read, trace_write, trace_abort}};
  return type;
}

}  // namespace smmuvp
