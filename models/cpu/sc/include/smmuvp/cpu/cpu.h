// The AArch64 processor as a component: a Cortex-A72 that runs quanta in one SC_THREAD.
//
// Parameters  clock_hz      instructions a second; one instruction takes one cycle
//             quantum       instructions that may run ahead of the other models
//             adverse_seed  not 0: quanta and the order of processors are drawn
//             wfe_ps        how long WFE waits when nothing wakes it
//             libunicorn    auto, or public: its public interface alone
// Ports       bus           initiator: everything that is not RAM; RAM is reached by DMI
//             irq, fiq      inputs, level
//             event         input, rising edge: wakes WFE, as SEV of another observer does
//             reset         input, level: while high the processor is held in reset
//             timer_virt, timer_phys    outputs, level: CNTV and CNTP interrupts (PPI 27 and 30)
//             timer_sec_phys, timer_hyp outputs, always low: EL3 and EL2 are not modelled
//
// Several of them (CpuControl::join) are one cluster: accesses carry the processor's number as
// AccessExtension.tag, MPIDR_EL1.Aff0 is that number, and all but the first wait for PSCI CPU_ON. Quanta that
// are due at the same time run in the order of the numbers, but for adverse_seed.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "smmuvp/base/random.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/cpu/cpu_core.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/cpu_control.h"
#include "smmuvp/tlm/debug_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/semihosting.h"
#include "smmuvp/tlm/store_control.h"
#include "smmuvp/tlm/tlbi_broadcast.h"

namespace smmuvp {

/// An access over the bus first lets simulated time catch up with the instructions executed so far; it
/// carries an AccessExtension (Non-secure, data, privileged at EL1, no StreamID). An error response becomes a
/// synchronous external abort (EA = 0 for TLM_ADDRESS_ERROR_RESPONSE, else 1).
class Cpu : public Component,
            public CpuControl,
            public DebugControl,
            public SemihostingControl,
            public MemoryWriteListener,
            public TlbiSource,
            public StoreControl,
            private cpu::CpuHost {
 public:
  SMMUVP_HAS_PROCESS(Cpu);
  /// @throws ConfigError if the installed libunicorn cannot serve, or for a clock with a period
  /// that is no whole number of picoseconds.
  Cpu(const sc_core::sc_module_name& name, const Params& params, Host& host);
  ~Cpu() override;

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  void add_memory(std::uint64_t base, std::uint64_t size) override { m_memory.emplace_back(base, size); }
  void set_start(std::uint64_t pc, std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                 std::uint64_t x3) override;
  void restart() override;
  MemoryWriteListener* write_listener() override { return this; }
  std::uint64_t program_counter() const override;
  std::vector<std::uint64_t> return_addresses(std::size_t most) override {
    return m_core->return_addresses(most);
  }
  std::uint64_t instructions() const override;
  void join(const std::vector<CpuControl*>& all, unsigned number) override;
  bool is_running() const override;

  void memory_written(std::uint64_t address, std::uint64_t length) override;
  void add_tlbi_listener(TlbiListener& listener) override;

  void set_store_listener(StoreListener* listener) override { m_store_listener = listener; }
  void note_store() override { m_core->note_store(); }
  std::uint64_t store_site(std::uint64_t first, std::uint64_t end, std::uint64_t physical) override {
    return m_core->store_site(first, end, physical);
  }

  void set_surroundings(const Surroundings& surroundings) override;

  void set_debug_client(DebugClient* client) override { m_debug_client = client; }
  void request_break() override;
  void step() override;
  std::optional<std::uint64_t> debug_register(const std::string& name) const override;
  bool set_debug_register(const std::string& name, std::uint64_t value) override;
  std::size_t debug_read(std::uint64_t address, void* data, std::size_t length) override;
  std::size_t debug_write(std::uint64_t address, const void* data, std::size_t length) override;
  bool set_breakpoint(std::uint64_t address) override { return m_core->set_breakpoint(address); }
  void clear_breakpoint(std::uint64_t address) override { m_core->clear_breakpoint(address); }

  /// The core, for tests.
  cpu::CpuCore& core() { return *m_core; }

  tlm_utils::simple_initiator_socket<Cpu, platform_buswidth> bus;
  LineIn irq, fiq, event, reset;
  LineOut timer_virt, timer_phys, timer_sec_phys, timer_hyp;

 private:
  enum class Idle : std::uint8_t { no, wfi, wfe, off };

  void start_of_simulation() override;
  void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end);
  void run_thread();
  void lines_method();
  void reset_method();
  void event_method();
  void idle();
  void end_idle();
  void reset_core();
  void take_turn();
  bool is_ahead(const Cpu& other) const;
  bool precedes(const Cpu& other) const;
  void begin_pending();
  bool tell_tlbi(const cpu::Maintenance& maintenance);
  void event_arrives();
  void finish(const cpu::Stop& stop);
  void drive_timers();
  std::string core_register(const std::string& name) const;
  void settle();
  void catch_up();
  std::uint64_t budget();
  std::uint64_t local_time_ps() const;
  std::uint64_t instructions_until(std::uint64_t counter) const;
  void wait_ps(std::uint64_t ps);

  // cpu::CpuHost
  cpu::BusStatus bus_access(cpu::BusAccess& access) override;
  std::uint64_t counter() override;
  void timer_output(cpu::Timer timer, bool level) override;
  void timer_deadline_changed() override;
  std::optional<cpu::Power> power(std::uint64_t affinity) override;
  bool power_off() override;
  void power_on(std::uint64_t affinity, std::uint64_t entry, std::uint64_t context) override;
  void set_event() override { m_event_register = true; }
  void send_event() override { m_send_event = true; }
  bool take_event() override { return std::exchange(m_event_register, false); }
  bool broadcast(const cpu::Maintenance& maintenance, std::uint64_t pc) override;
  Diag& diag() override { return m_diag; }
  bool pause_requested() override { return host().pause_requested(); }
  void stores_noticed(std::uint64_t first, std::uint64_t end) override {
    if (m_store_listener != nullptr) m_store_listener->stores_made(*this, first, end, local_time_ps());
  }
  void semihosting_write(std::string_view text) override;
  int semihosting_read(bool wait) override;
  const cpu::SemihostingEnvironment& semihosting_environment() override { return m_environment; }

  Diag m_diag;
  Tracer m_tracer;
  std::uint64_t m_period_ps;
  std::uint64_t m_quantum;
  std::uint64_t m_adverse_seed;
  Random m_quanta_drawn;  // with m_adverse_seed
  std::uint64_t m_wfe_ps;
  std::unique_ptr<cpu::CpuCore> m_core;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> m_memory;
  std::uint64_t m_start_pc = 0;
  std::array<std::uint64_t, 4> m_start_x{};
  std::vector<Port> m_ports;

  tlm::tlm_generic_payload m_payload;
  AccessExtension m_extension;
  sc_core::sc_event m_wake, m_reset_event;
  bool m_reset_pending = false;
  Idle m_idle = Idle::no;
  bool m_event_register = false;
  bool m_send_event = false;  // to the others, when the quantum is over

  std::vector<TlbiListener*> m_tlbi_listeners;

  // With others. Empty for a processor that is alone.
  std::vector<Cpu*> m_all;
  unsigned m_number = 0;
  cpu::Power m_power = cpu::Power::on;
  std::uint64_t m_on_ps = 0, m_on_entry = 0, m_on_context = 0;  // of Power::on_pending
  bool m_waits_for_turn = false;
  std::uint64_t m_turn_delta = 0;  // the delta cycle in which it began to wait, or had its turn
  sc_core::sc_process_handle m_thread;
  bool m_running = false;            // inside core().run()
  std::uint64_t m_synchronised = 0;  // instructions of this quantum that simulated time has caught up with
  std::uint64_t m_latency_ps = 0;    // of accesses, not yet waited for
  std::uint64_t m_access_pc = 0;
  bool m_in_access = false;
  StoreListener* m_store_listener = nullptr;
  DebugClient* m_debug_client = nullptr;
  bool m_break_requested = false;
  ConsoleBackend* m_console = nullptr;  // of semihosting
  cpu::SemihostingEnvironment m_environment;

  std::uint64_t m_quanta = 0;
  std::uint64_t m_wfi_count = 0;
  std::uint64_t m_wfi_ps = 0;
};

/// Type "cpu".
const ComponentType& cpu_type();

}  // namespace smmuvp
