#include "unicorn_core.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "load_store.h"
#include "psci.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr uint64_t PSTATE_RESET = 0x3c5;  // EL1h, DAIF masked
constexpr uint32_t insn_wfe = 0xd503205f, insn_semihosting = 0xd45e0000;

constexpr SystemRegister scr_el3{3, 6, 1, 1, 0}, hcr_el2{3, 4, 1, 1, 0}, par_el1{3, 0, 7, 4, 0};
constexpr SystemRegister esr_el1{3, 0, 5, 2, 0}, elr_el1{3, 0, 4, 0, 1}, far_el1{3, 0, 6, 0, 0},
    spsr_el1{3, 0, 4, 0, 0}, vbar_el1{3, 0, 12, 0, 0};

struct NamedSystemRegister {
  const char* name;
  SystemRegister reg;
};
// What EL1 and EL0 software can change; the order is that of a checkpoint.
constexpr NamedSystemRegister system_registers[] = {
    {"SCTLR_EL1", {3, 0, 1, 0, 0}},       {"CPACR_EL1", {3, 0, 1, 0, 2}},  {"TTBR0_EL1", {3, 0, 2, 0, 0}},
    {"TTBR1_EL1", {3, 0, 2, 0, 1}},       {"TCR_EL1", {3, 0, 2, 0, 2}},    {"SPSR_EL1", {3, 0, 4, 0, 0}},
    {"ELR_EL1", {3, 0, 4, 0, 1}},         {"ESR_EL1", {3, 0, 5, 2, 0}},    {"FAR_EL1", {3, 0, 6, 0, 0}},
    {"PAR_EL1", {3, 0, 7, 4, 0}},         {"MAIR_EL1", {3, 0, 10, 2, 0}},  {"VBAR_EL1", {3, 0, 12, 0, 0}},
    {"CONTEXTIDR_EL1", {3, 0, 13, 0, 1}}, {"TPIDR_EL1", {3, 0, 13, 0, 4}}, {"CNTKCTL_EL1", {3, 0, 14, 1, 0}},
    {"CSSELR_EL1", {3, 2, 0, 0, 0}},      {"TPIDR_EL0", {3, 3, 13, 0, 2}}, {"TPIDRRO_EL0", {3, 3, 13, 0, 3}},
    {"CNTFRQ_EL0", {3, 3, 14, 0, 0}},     {"MDSCR_EL1", {2, 0, 0, 2, 2}},
};

}  // namespace

std::unique_ptr<CpuCore> make_unicorn_core(CpuHost& host, LibraryUse use, std::string& error) {
  const unsigned version = uc_version(nullptr, nullptr);
  const std::string library = "libunicorn " + std::to_string(version >> 24) + "." +
                              std::to_string((version >> 16) & 0xff) + "." +
                              std::to_string((version >> 8) & 0xff);
  std::string why = "as asked for", limitation;
  std::unique_ptr<EngineAccess> access;
  if (use == LibraryUse::automatic) access = make_private_access(why);
  if (access == nullptr) {
    access = make_public_access(error);
    if (access == nullptr) {
      error = library + " cannot serve as the CPU: " + error;
      return nullptr;
    }
    limitation = library + " is used " + access->limitation() + " (" + why + ")";
  }
  auto core = std::make_unique<UnicornCore>(host, std::move(access), limitation);
  error = core->open();
  if (!error.empty()) return nullptr;
  return core;
}

UnicornCore::UnicornCore(CpuHost& host, std::unique_ptr<EngineAccess> access, std::string limitation)
    : m_host(host),
      m_semihosting(host,
                    {[this](uint64_t va, void* data, size_t n) { return debug_read(va, data, n); },
                     [this](uint64_t va, const void* data, size_t n) { return debug_write(va, data, n); }}),
      m_access(std::move(access)),
      m_polls(m_access->polls()),
      m_limitation(std::move(limitation)) {
  make_register_table();
}
UnicornCore::~UnicornCore() { close(); }

// ---- Engine and memory map

std::string UnicornCore::open() {
  auto check = [](uc_err e, const char* what) {
    return e == UC_ERR_OK ? std::string() : std::string(what) + ": " + uc_strerror(e);
  };
  std::string error = check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &m_engine), "uc_open");
  if (!error.empty()) return error;
  m_access->use_4k_pages(m_engine);
  error = check(uc_ctl_set_cpu_model(m_engine, UC_CPU_ARM64_A72), "the Cortex-A72 model");
  // Without exits of its own, the engine would stop at the address 0 that uc_emu_start is given.
  if (error.empty()) error = check(uc_ctl_exits_enable(m_engine), "uc_ctl_exits_enable");
  uint64_t none = 0;
  if (error.empty()) error = check(uc_ctl_set_exits(m_engine, &none, 0), "uc_ctl_set_exits");
  auto hook = [&](int type, void* function) {
    uc_hook handle = 0;
    if (error.empty())
      error = check(uc_hook_add(m_engine, &handle, type, function, this, 1, 0), "uc_hook_add");
  };
  // Its call-backs come before ours.
  if (error.empty()) error = m_access->attach(m_engine, *this);
  hook(UC_HOOK_BLOCK, reinterpret_cast<void*>(&on_block));
  if (!error.empty()) return error;
  replace_system_registers();
  replace_debug_registers();
  // The engine has EL3 and EL2, and resets with AArch32 below them; what firmware would set is set here:
  // Non-secure, EL2 and EL1 in AArch64, HVC enabled (DDI 0487 D13.2.117, SCR_EL3: NS, HCE, RW; HCR_EL2.RW).
  set_system(scr_el3, 0x501);
  set_system(hcr_el2, uint64_t{1} << 31);
  m_hooked.clear();
  for (const uint64_t va : m_breakpoints) {
    if (!hook_breakpoint(va)) return "a breakpoint cannot be set again after the reset";
  }
  m_mapped = false;
  return {};
}

void UnicornCore::close() {
  m_access->detach();
  if (m_engine != nullptr) uc_close(m_engine);
  m_engine = nullptr;
  m_gaps.clear();
}

std::string UnicornCore::add_ram(uint64_t base, uint64_t size, void* host) {
  if (m_mapped) return "memory is added before the CPU runs";
  if (size == 0 || base % PAGE != 0 || size % PAGE != 0 || base + (size - 1) < base) {
    return "a memory region starts and ends at a multiple of 4 KiB";
  }
  for (const Ram& r : m_ram) {
    if (base <= r.base + (r.size - 1) && r.base <= base + (size - 1)) return "memory regions overlap";
  }
  m_ram.push_back({base, size, static_cast<uint8_t*>(host), std::vector<uint64_t>((size / PAGE + 63) / 64)});
  std::sort(m_ram.begin(), m_ram.end(), [](const Ram& a, const Ram& b) { return a.base < b.base; });
  return {};
}

// The library 2.0.1 looks an access up twice: the virtual address in its list of regions (it must be in some
// region), then the physical address in the memory map. Regions that cover all 64-bit addresses make the
// first look-up always succeed, so that only the second decides; see docs/cpu.md.
std::string UnicornCore::map_memory() {
  if (m_ram.empty()) return "the CPU has no memory";
  uint64_t next = 0;
  auto gap = [&](uint64_t base, uint64_t size) {
    m_gaps.push_back({this, base});
    return uc_mmio_map(m_engine, base, size, &on_mmio_read, &m_gaps.back(), &on_mmio_write, &m_gaps.back());
  };
  uc_err e = UC_ERR_OK;
  for (Ram& r : m_ram) {
    if (e == UC_ERR_OK && r.base != next) e = gap(next, r.base - next);
    if (e == UC_ERR_OK) e = uc_mem_map_ptr(m_engine, r.base, r.size, UC_PROT_ALL, r.host);
    std::fill(r.code_pages.begin(), r.code_pages.end(), 0);
    next = r.base + r.size;
  }
  if (e == UC_ERR_OK && next != 0) e = gap(next, uint64_t{0} - next);
  if (e != UC_ERR_OK) return std::string("the memory map: ") + uc_strerror(e);
  m_access->memory_mapped();
  m_mapped = true;
  return {};
}

void UnicornCore::reset(uint64_t entry, const std::array<uint64_t, 4>& arguments) {
  // The library has no reset; a fresh engine has no state that could be forgotten.
  close();
  m_error = open();
  if (m_error.empty()) m_error = map_memory();
  if (!m_error.empty()) return;
  m_virt = GenericTimer();
  m_phys = GenericTimer();
  m_semihosting.reset();
  set(UC_ARM64_REG_PSTATE, PSTATE_RESET);
  for (unsigned i = 0; i < 4; ++i) m_access->set_x(i, arguments[i]);
  m_access->set_pc(entry);
  m_access->registers_changed();
  m_access->flush_tlb();
  m_access->set_lines(m_irq, m_fiq);
  update_timers();
}

// ---- Running

Stop UnicornCore::run(uint64_t instructions) {
  if (m_error.empty() && !m_mapped) m_error = map_memory();
  m_count = 0;
  if (!m_error.empty()) return error();
  m_limit = m_budget = std::max<uint64_t>(instructions, 1);
  m_look_at_lines = (m_irq || m_fiq) && m_polls;
  if (m_look_at_lines) m_limit = 0;
  m_stop_requested = m_resuming = false;
  m_reason = StopReason::quantum;
  return execute();
}

Stop UnicornCore::error() const {
  return {m_unsupported ? StopReason::unsupported : StopReason::error, m_count, 0, m_error};
}

Stop UnicornCore::execute() {
  begin_step();
  m_debug_stop = false;
  m_running = true;
  uc_err e = UC_ERR_OK;
  do {
    e = m_access->start();
  } while (e == UC_ERR_OK && m_access->resume() && !m_debug_stop && !m_stop_requested && m_count < m_budget);
  m_running = false;
  if (e != UC_ERR_OK && m_error.empty()) m_error = std::string("the CPU engine stopped: ") + uc_strerror(e);
  end_step();
  if (m_debug_stop && m_error.empty()) {
    m_access->set_pc(m_debug_pc);
    return {StopReason::debug, m_count, 0, {}};
  }
  m_statistics.instructions += m_count;
  if (!m_error.empty()) return error();
  return {m_reason, m_count, m_status, m_reason == StopReason::dead_end ? m_dead_end.text() : std::string()};
}

void UnicornCore::request_stop() {
  m_stop_requested = true;
  m_limit = 0;
}

void UnicornCore::limit_quantum(uint64_t instructions) {
  m_budget = std::min(m_budget, instructions);
  m_limit = std::min(m_limit, m_budget);
}

void UnicornCore::stop(StopReason reason) {
  m_reason = reason;
  request_stop();
}

void UnicornCore::fail(const std::string& text) {
  if (m_error.empty()) m_error = text;
  stop(StopReason::error);
}

void UnicornCore::beyond_engine(const std::string& what) {
  if (m_error.empty()) m_unsupported = true;
  fail(what);
}

// Counts a block before it runs. A block that would start beyond the quantum is not run: the library tests
// for a stop after this call and before the block's first instruction.
void UnicornCore::on_block(uc_engine*, uint64_t address, uint32_t size, void* user) {
  auto* self = static_cast<UnicornCore*>(user);
  if (__builtin_expect(self->m_polls, 0) && !self->m_access->before_block(address)) return;
  self->m_block_end = address + size;
  if (__builtin_expect(self->m_count >= self->m_limit, 0)) {
    if (!self->block_at_limit(address)) return;
    if (self->m_step == Step::executing) size = 4;
  }
  self->m_count += size / 4;
  // The library would execute at a misaligned PC (DDI 0487 D1.8.1 wants a PC alignment fault).
  if (__builtin_expect((address & 3) != 0, 0)) {
    const bool a64 = (self->get(UC_ARM64_REG_PSTATE) & 0x10) == 0;
    if (a64) self->m_access->pc_alignment_fault(address);
  }
}

// What on_block does at the end of the quantum, or when something was asked for. False: the block is not run.
bool UnicornCore::block_at_limit(uint64_t address) {
  // While an address has a breakpoint, the library does not make PC that of a block that is not run.
  m_access->set_pc(address);
  if (m_step == Step::armed) {
    m_step = Step::executing;
    return true;
  }
  if (m_step == Step::executing) {
    debug_stop(address);
    return false;
  }
  if (m_resuming) {
    // This is the rest of a block that was counted against the quantum before.
    m_resuming = false;
    m_limit = m_stop_requested || m_look_at_lines ? 0 : m_budget;
    return true;
  }
  if (m_stop_requested || m_count >= m_budget) {
    m_access->stop();
    return false;
  }
  m_limit = m_budget;
  if (m_look_at_lines) {
    m_look_at_lines = m_polls;
    if (m_polls) m_limit = 0;
    if (m_access->look_at_lines()) return false;
  }
  return true;
}

// What the engine reports of pages with code, and asks.
bool UnicornCore::code_translated(const void* host_page) {
  Ram* r = find_host(host_page);
  if (r == nullptr) return false;
  const uint64_t page = static_cast<uint64_t>(static_cast<const uint8_t*>(host_page) - r->host) / PAGE;
  uint64_t& word = r->code_pages[page / 64];
  const uint64_t bit = uint64_t{1} << (page % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  return true;
}

uint8_t* UnicornCore::host_address(uint64_t physical) {
  const Ram* r = find_ram(physical, 1);
  return r == nullptr ? nullptr : r->host + (physical - r->base);
}

UnicornCore::Ram* UnicornCore::find_host(const void* host) {
  const auto* p = static_cast<const uint8_t*>(host);
  for (Ram& r : m_ram) {
    if (p >= r.host && p < r.host + r.size) return &r;
  }
  return nullptr;
}

bool UnicornCore::holds_code(const void* host) {
  const Ram* r = find_host(host);
  if (r == nullptr) return true;
  const uint64_t page = static_cast<uint64_t>(static_cast<const uint8_t*>(host) - r->host) / PAGE;
  return (r->code_pages[page / 64] >> (page % 64) & 1) != 0;
}

void UnicornCore::exception_raised(int number) {
  // An exception counts as an instruction, so that one whose vector faults again uses up the quantum.
  ++m_count;
  handle_exception(number);
  if (m_host.pause_requested()) request_stop();
  if (m_stop_requested || m_count >= m_budget) m_access->stop();
}

void UnicornCore::handle_exception(int number) {
  switch (number) {
    case uc_exception::hvc:
    case uc_exception::smc:
      firmware_call();
      return;
    case uc_exception::undefined:
      if (semihosting_call()) return;
      break;
    case uc_exception::svc:
    case uc_exception::prefetch_abort:
    case uc_exception::data_abort:
    case uc_exception::breakpoint:
      break;
    default:
      fail("the CPU engine raised exception " + std::to_string(number));
      return;
  }
  ++m_statistics.exceptions;
  take_exception();
}

void UnicornCore::take_exception() {
  const uint64_t vbar = get_system(vbar_el1);
  if (!DeadEnd::concerns(m_access->pc(), vbar)) {
    m_access->take_exception();
    return;
  }
  const ExceptionState before = exception_state();
  m_access->take_exception();
  if (m_dead_end.taken(before, exception_state(), vbar)) stop(StopReason::dead_end);
}

ExceptionState UnicornCore::exception_state() const {
  return {m_access->pc(),      get(UC_ARM64_REG_PSTATE) & 0xffffffffu,
          get_system(esr_el1), get_system(elr_el1),
          get_system(far_el1), get_system(spsr_el1)};
}

void UnicornCore::loop_left(int exception) {
  // The library imitates WFI at an address that it shall exit at, which is how a step ends.
  if (m_step == Step::executing && (exception == uc_exception::wfi || exception == uc_exception::yield)) {
    debug_stop(m_access->pc());
    return;
  }
  switch (exception) {
    case uc_exception::wfi:
      stop(StopReason::wfi);
      break;
    case uc_exception::yield: {
      const auto word = read_word(m_access->pc() - 4);
      stop(word == insn_wfe ? StopReason::wfe : StopReason::yield);
      break;
    }
    // A debug event becomes an exception inside the library; should it not, stopping avoids an endless loop
    // there.
    case uc_exception::debug:
      request_stop();
      break;
    case uc_exception::atomic:
      fail("the CPU engine asked for exclusive execution");
      break;
    default:
      return;
  }
  m_access->stop();
}

void UnicornCore::firmware_call() {
  const FirmwareAnswer answer = answer_firmware_call(m_access->x(0), m_access->x(1), m_access->x(2));
  m_access->set_x(0, answer.x0);
  switch (answer.action) {
    case FirmwareAnswer::Action::none:
      break;
    case FirmwareAnswer::Action::standby:
      stop(m_irq || m_fiq ? StopReason::quantum : StopReason::wfi);
      break;
    case FirmwareAnswer::Action::power_off:
      stop(StopReason::power_off);
      break;
    case FirmwareAnswer::Action::reset:
      stop(StopReason::reset);
      break;
  }
}

bool UnicornCore::semihosting_call() {
  const uint64_t pc = m_access->pc();
  if (current_el() == 0 || read_word(pc) != insn_semihosting) return false;
  try {
    const SemihostingAnswer answer = m_semihosting.call(m_access->x(0), m_access->x(1));
    if (answer.exit) {
      m_status = answer.status;
      stop(StopReason::exit);
    } else {
      m_access->set_x(0, answer.x0);
      if (answer.x1) m_access->set_x(1, *answer.x1);
    }
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("a semihosting call-back threw");
  }
  m_access->set_pc(pc + 4);
  return true;
}

// ---- Interrupts and timers

void UnicornCore::set_irq(bool level) {
  m_irq = level;
  lines_changed();
}

void UnicornCore::set_fiq(bool level) {
  m_fiq = level;
  lines_changed();
}

void UnicornCore::lines_changed() {
  if (m_step == Step::none) m_access->set_lines(m_irq, m_fiq);
  m_look_at_lines = m_irq || m_fiq;
  if (m_look_at_lines) m_limit = 0;
}

uint64_t UnicornCore::now() {
  try {
    return m_host.counter();
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("the system counter's call-back threw");
  }
  return 0;
}

void UnicornCore::update_timers() {
  const uint64_t counter = now();
  auto drive = [&](Timer timer, bool level, bool& output) {
    if (level == output) return;
    output = level;
    m_host.timer_output(timer, level);
  };
  drive(Timer::virt, m_virt.output(counter), m_virt_output);
  drive(Timer::phys, m_phys.output(counter), m_phys_output);
}

std::optional<uint64_t> UnicornCore::timer_deadline() const {
  const uint64_t counter = m_host.counter();
  const auto v = m_virt.deadline(counter), p = m_phys.deadline(counter);
  if (!v) return p;
  if (!p) return v;
  return std::min(*v, *p);
}

void UnicornCore::timer_written() {
  try {
    update_timers();
    m_host.timer_deadline_changed();
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("a timer's call-back threw");
  }
}

void UnicornCore::replace_system_registers() {
  // The library's timers run on the host's clock. CNTVOFF_EL2 is zero: both counters are one.
  using Self = UnicornCore;
  auto& r = *m_access;
  const auto counter = [](void* s) { return static_cast<Self*>(s)->now(); };
  r.replace({3, 3, 14, 0, 1}, this, counter, nullptr);  // CNTPCT_EL0
  r.replace({3, 3, 14, 0, 2}, this, counter, nullptr);  // CNTVCT_EL0
#define TIMER(field, crm)                                                                         \
  r.replace(                                                                                      \
      {3, 3, 14, crm, 0}, this,                                                                   \
      [](void* s) {                                                                               \
        auto* c = static_cast<Self*>(s);                                                          \
        return c->field.read_tval(c->now());                                                      \
      },                                                                                          \
      [](void* s, uint64_t v) {                                                                   \
        auto* c = static_cast<Self*>(s);                                                          \
        c->field.write_tval(v, c->now());                                                         \
        c->timer_written();                                                                       \
      });                                                                                         \
  r.replace(                                                                                      \
      {3, 3, 14, crm, 1}, this,                                                                   \
      [](void* s) {                                                                               \
        auto* c = static_cast<Self*>(s);                                                          \
        return c->field.read_ctl(c->now());                                                       \
      },                                                                                          \
      [](void* s, uint64_t v) {                                                                   \
        auto* c = static_cast<Self*>(s);                                                          \
        c->field.write_ctl(v);                                                                    \
        c->timer_written();                                                                       \
      });                                                                                         \
  r.replace(                                                                                      \
      {3, 3, 14, crm, 2}, this, [](void* s) { return static_cast<Self*>(s)->field.read_cval(); }, \
      [](void* s, uint64_t v) {                                                                   \
        auto* c = static_cast<Self*>(s);                                                          \
        c->field.write_cval(v);                                                                   \
        c->timer_written();                                                                       \
      })
  TIMER(m_phys, 2);
  TIMER(m_virt, 3);
#undef TIMER
  // The Performance Monitors count host time in the library. They are not built, and ID_AA64DFR0_EL1.PMUVer
  // says so.
  constexpr SystemRegister id_aa64dfr0{3, 0, 0, 5, 0};
  if (const auto value = r.constant(id_aa64dfr0)) r.set_constant(id_aa64dfr0, *value & ~uint64_t{0xf00});
  for (unsigned op2 = 0; op2 < 8; ++op2) {
    for (unsigned crm = 12; crm <= 14; ++crm) {
      r.remove({3, 3, 9, crm, op2});  // PMCR_EL0 ... PMOVSSET_EL0
      r.remove({3, 0, 9, crm, op2});  // PMINTENSET_EL1, PMINTENCLR_EL1
    }
    for (unsigned crm = 8; crm <= 15; ++crm)
      r.remove({3, 3, 14, crm, op2});  // PMEVCNTR<n>, PMEVTYPER<n>, PMCCFILTR
  }
}

// ---- Accesses to what is not RAM

uint64_t UnicornCore::on_mmio_read(uc_engine*, uint64_t offset, unsigned size, void* user) {
  const auto* gap = static_cast<const Gap*>(user);
  Outcome outcome{};
  gap->core->serve(gap->base + offset, size, false, 0, outcome);
  if (outcome.kind != Outcome::Kind::value) gap->core->raise(outcome);
  return outcome.value;
}

void UnicornCore::on_mmio_write(uc_engine*, uint64_t offset, unsigned size, uint64_t value, void* user) {
  const auto* gap = static_cast<const Gap*>(user);
  Outcome outcome{};
  gap->core->serve(gap->base + offset, size, true, value, outcome);
  if (outcome.kind != Outcome::Kind::value) gap->core->raise(outcome);
}

void UnicornCore::raise(const Outcome& o) {
  if (o.kind == Outcome::Kind::alignment_fault) {
    m_access->alignment_fault(o.va, o.write);
  } else {
    m_access->external_abort(o.va, o.address, o.size, o.write, o.fetch, o.slave_error);
  }
}

void UnicornCore::serve(uint64_t address, unsigned size, bool write, uint64_t value, Outcome& outcome) {
  const EngineAccess::Access access = m_access->begin_access(address, size);
  outcome.address = address;
  outcome.size = size;
  outcome.write = write;
  if (access.accessor == EngineAccess::Accessor::abandoned) return;
  if (access.accessor == EngineAccess::Accessor::table_walk) {
    m_host.diag().unimplemented("walk", "a translation table that is not in RAM reads as invalid descriptors",
                                "DDI 0487 D5.2", {}, address);
    return;
  }
  if (access.accessor == EngineAccess::Accessor::fetch) {
    // Instructions are fetched from RAM only; anything else answers with an external abort, and devices see
    // no speculative reads.
    ++m_statistics.external_aborts;
    outcome.kind = Outcome::Kind::external_abort;
    outcome.fetch = true;
    outcome.va = m_access->pc();
    return;
  }
  serve_data(address, size, write, value, outcome, access.instruction.has_value(),
             access.instruction.value_or(0));
}

// Joins the halves of an access that the library has cut: the device is read at the first, and written at the
// second.
BusStatus UnicornCore::bus_access(const std::optional<LoadStore>& insn, BusAccess& access) {
  Half half;
  if (m_access->halves_accesses() && access.size == 4 && insn && insn->element >= 8) {
    half = std::exchange(m_half, Half());
    if (half.valid && half.address == access.address) {
      if (!access.write) {
        access.value = half.value;
        return BusStatus::ok;
      }
      access.address -= 4;
      access.value = access.value << 32 | half.value;
      access.size = 8;
    } else if (access.address % 8 == 0) {
      half = {access.address + 4, access.value, true};
      if (access.write) {
        m_half = half;
        return BusStatus::ok;
      }
      access.size = 8;
    }
  }
  ++(access.write ? m_statistics.mmio_writes : m_statistics.mmio_reads);
  const bool low = access.size == 8 && half.valid && !access.write;
  const BusStatus status = m_host.bus_access(access);
  if (low && status == BusStatus::ok) {
    m_half = {half.address, access.value >> 32, true};
    access.value &= 0xffffffffu;
  }
  return status;
}

void UnicornCore::serve_data(uint64_t address, unsigned size, bool write, uint64_t value, Outcome& outcome,
                             bool known, uint32_t word) {
  try {
    std::optional<LoadStore> insn;
    if (known) insn = decode_load_store(word, m_access->pc(), [this](unsigned n) { return m_access->x(n); });
    outcome.va = address;
    if (insn) {
      // The library may have cut the access into aligned pieces; the page offset tells which piece this is.
      const uint64_t delta = (address - insn->address) & (PAGE - 1);
      outcome.va = delta < insn->bytes ? insn->address + delta : insn->address;
      // DDI 0487 B2.7.2 and C6.2, DC ZVA: unaligned accesses and DC ZVA fault on any Device memory.
      const bool unaligned = (insn->address & (insn->element - 1)) != 0;
      if ((unaligned || insn->zero_block) && is_device_memory(insn->address)) {
        outcome.kind = Outcome::Kind::alignment_fault;
        outcome.va = insn->address;
        return;
      }
    }
    BusAccess access;
    access.address = address;
    access.size = size;
    access.write = write;
    access.value = value;
    access.privileged = current_el() != 0 && !(insn && insn->unprivileged);
    access.pc = m_access->pc();
    const BusStatus status = bus_access(insn, access);
    outcome.va -= address - access.address;
    outcome.address = access.address;
    if (status == BusStatus::ok) {
      outcome.value = access.value;
      return;
    }
    ++m_statistics.external_aborts;
    outcome.kind = Outcome::Kind::external_abort;
    outcome.slave_error = status == BusStatus::slave_error;
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("the bus call-back threw");
  }
}

// By the CPU's own AT S1E1R or S1E0R: PAR_EL1.ATTR is 0b0000xxxx for Device (DDI 0487 D13.2.98).
bool UnicornCore::is_device_memory(uint64_t va) {
  const uint64_t saved = get_system(par_el1);
  set_system({1, 0, 7, 8, current_el() == 0 ? 2u : 0u}, va);
  const uint64_t par = get_system(par_el1);
  set_system(par_el1, saved);
  return (par & 1) == 0 && (par >> 60) == 0;
}

// ---- Memory from outside

UnicornCore::Ram* UnicornCore::find_ram(uint64_t phys, uint64_t length) {
  for (Ram& r : m_ram) {
    if (phys >= r.base && phys - r.base < r.size && length <= r.size - (phys - r.base)) return &r;
  }
  return nullptr;
}

void UnicornCore::invalidate_code(uint64_t phys, uint64_t length) {
  if (length == 0 || !m_mapped) return;
  const uint64_t last = std::max(phys, phys + (length - 1));
  bool any = false;
  for (Ram& r : m_ram) {
    const uint64_t from = std::max(phys, r.base), to = std::min(last, r.base + (r.size - 1));
    if (from > to) continue;
    for (uint64_t page = (from - r.base) / PAGE; page <= (to - r.base) / PAGE;) {
      if (page % 64 == 0 && r.code_pages[page / 64] == 0) {
        page += 64;
        continue;
      }
      const uint64_t bit = uint64_t{1} << (page % 64);
      if ((r.code_pages[page / 64] & bit) != 0) {
        const uint64_t start = std::max(from, r.base + page * PAGE),
                       end = std::min(to, r.base + page * PAGE + (PAGE - 1));
        if (end - start + 1 == PAGE) {
          r.code_pages[page / 64] &= ~bit;
          m_access->forget_page(r.host + (start - r.base));
        } else {
          m_access->invalidate(r.host + (start - r.base), end - start + 1);
        }
        any = true;
      }
      ++page;
    }
  }
  if (any) ++m_statistics.code_invalidations;
}

std::optional<uint64_t> UnicornCore::translate(uint64_t va) { return m_access->translate(va); }

template <class Copy>
size_t UnicornCore::debug_access(uint64_t va, size_t length, Copy copy) {
  size_t done = 0;
  while (done < length) {
    const auto phys = translate(va + done);
    const auto chunk =
        static_cast<size_t>(std::min<uint64_t>(length - done, PAGE - ((va + done) & (PAGE - 1))));
    Ram* r = phys ? find_ram(*phys, chunk) : nullptr;
    if (r == nullptr) break;
    copy(r->host + (*phys - r->base), done, chunk, *phys);
    done += chunk;
  }
  return done;
}

size_t UnicornCore::debug_read(uint64_t va, void* data, size_t length) {
  return debug_access(va, length, [&](const uint8_t* host, size_t offset, size_t n, uint64_t) {
    std::memcpy(static_cast<uint8_t*>(data) + offset, host, n);
  });
}

size_t UnicornCore::debug_write(uint64_t va, const void* data, size_t length) {
  return debug_access(va, length, [&](uint8_t* host, size_t offset, size_t n, uint64_t phys) {
    std::memcpy(host, static_cast<const uint8_t*>(data) + offset, n);
    invalidate_code(phys, n);
  });
}

std::optional<uint32_t> UnicornCore::read_word(uint64_t va) {
  uint32_t word = 0;
  if (debug_read(va, &word, sizeof word) != sizeof word) return std::nullopt;
  return word;
}

// ---- Registers

uint64_t UnicornCore::get(int reg) const {
  uint64_t value = 0;
  uc_reg_read(m_engine, reg, &value);
  return value;
}
void UnicornCore::set(int reg, uint64_t value) { uc_reg_write(m_engine, reg, &value); }

uint64_t UnicornCore::get_system(const SystemRegister& r) const {
  uc_arm64_cp_reg cp{r.crn, r.crm, r.op0, r.op1, r.op2, 0};
  uc_reg_read(m_engine, UC_ARM64_REG_CP_REG, &cp);
  return cp.val;
}
void UnicornCore::set_system(const SystemRegister& r, uint64_t value) {
  uc_arm64_cp_reg cp{r.crn, r.crm, r.op0, r.op1, r.op2, value};
  uc_reg_write(m_engine, UC_ARM64_REG_CP_REG, &cp);
}

unsigned UnicornCore::current_el() const { return (get(UC_ARM64_REG_PSTATE) >> 2) & 3; }

// The library keeps the current stack pointer apart from the two banked ones.
void UnicornCore::set_pstate(uint64_t value) {
  const uint64_t sp0 = *read_register("SP_EL0"), sp1 = *read_register("SP_EL1");
  set(UC_ARM64_REG_PSTATE, value);
  write_register("SP_EL0", sp0);
  write_register("SP_EL1", sp1);
}

void UnicornCore::make_register_table() {
  auto add = [&](const std::string& name, std::function<uint64_t()> read,
                 std::function<void(uint64_t)> write) {
    m_names.push_back(name);
    m_registers[name] = {std::move(read), std::move(write)};
  };
  for (unsigned i = 0; i <= 30; ++i) {
    add(
        "X" + std::to_string(i), [=] { return m_access->x(i); }, [=](uint64_t v) { m_access->set_x(i, v); });
  }
  add(
      "PC", [=] { return m_access->pc(); }, [=](uint64_t v) { m_access->set_pc(v); });
  add(
      "PSTATE", [=] { return get(UC_ARM64_REG_PSTATE) & 0xffffffffu; }, [=](uint64_t v) { set_pstate(v); });
  auto uses_sp0 = [=] { return (get(UC_ARM64_REG_PSTATE) & 1) == 0; };
  add(
      "SP_EL0", [=] { return uses_sp0() ? m_access->x(31) : get(UC_ARM64_REG_SP_EL0); },
      [=](uint64_t v) { uses_sp0() ? m_access->set_x(31, v) : set(UC_ARM64_REG_SP_EL0, v); });
  add(
      "SP_EL1", [=] { return uses_sp0() ? get(UC_ARM64_REG_SP_EL1) : m_access->x(31); },
      [=](uint64_t v) { uses_sp0() ? set(UC_ARM64_REG_SP_EL1, v) : m_access->set_x(31, v); });
  for (int i = 0; i < 32; ++i) {
    auto half = [=](size_t which) {
      add(
          "V" + std::to_string(i) + (which == 0 ? "_LO" : "_HI"),
          [=] {
            uint64_t v[2] = {};
            uc_reg_read(m_engine, UC_ARM64_REG_Q0 + i, v);
            return v[which];
          },
          [=](uint64_t value) {
            uint64_t v[2] = {};
            uc_reg_read(m_engine, UC_ARM64_REG_Q0 + i, v);
            v[which] = value;
            uc_reg_write(m_engine, UC_ARM64_REG_Q0 + i, v);
          });
    };
    half(0);
    half(1);
  }
  add(
      "FPCR", [=] { return get(UC_ARM64_REG_FPCR); }, [=](uint64_t v) { set(UC_ARM64_REG_FPCR, v); });
  add(
      "FPSR", [=] { return get(UC_ARM64_REG_FPSR); }, [=](uint64_t v) { set(UC_ARM64_REG_FPSR, v); });
  for (const auto& r : system_registers) {
    add(
        r.name, [=] { return get_system(r.reg); }, [=](uint64_t v) { set_system(r.reg, v); });
  }
  auto timer = [&](const std::string& prefix, GenericTimer& t) {
    add(
        prefix + "_CVAL_EL0", [&t] { return t.read_cval(); }, [&t](uint64_t v) { t.write_cval(v); });
    add(
        prefix + "_CTL_EL0", [&t] { return t.raw_ctl(); }, [&t](uint64_t v) { t.write_ctl(v); });
  };
  timer("CNTV", m_virt);
  timer("CNTP", m_phys);
}

std::optional<uint64_t> UnicornCore::read_register(const std::string& name) const {
  const auto found = m_registers.find(name);
  if (found == m_registers.end() || m_engine == nullptr) return std::nullopt;
  return found->second.read();
}

bool UnicornCore::write_register(const std::string& name, uint64_t value) {
  const auto found = m_registers.find(name);
  if (found == m_registers.end() || m_engine == nullptr || m_running) return false;
  found->second.write(value);
  m_access->registers_changed();
  m_access->flush_tlb();
  return true;
}

void UnicornCore::visit(Archive& archive) {
  // Translated code, TLBs and the exclusive monitor of another time are best forgotten with their engine.
  if (archive.loading()) {
    close();
    m_error = open();
    if (m_error.empty()) m_error = map_memory();
    if (!m_error.empty()) return archive.fail("engine", m_error);
  }
  for (const std::string& name : m_names) {
    uint64_t value = m_registers.at(name).read();
    archive.value(name, value);
    if (archive.loading() && archive.ok()) m_registers.at(name).write(value);
  }
  archive.value("DEBUG_REGISTERS", m_debug_registers);
  archive.value("VIRT_OUTPUT", m_virt_output);
  archive.value("PHYS_OUTPUT", m_phys_output);
  m_dead_end.visit(archive);
  m_semihosting.visit(archive);
  if (!archive.loading()) return;
  m_access->set_lines(m_irq, m_fiq);
  m_access->registers_changed();
  m_access->flush_tlb();
}

}  // namespace smmuvp::cpu
