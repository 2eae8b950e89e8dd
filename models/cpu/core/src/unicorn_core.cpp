#include "unicorn_core.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "psci.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr uint64_t PSTATE_RESET = 0x3c5;  // EL1h, DAIF masked
constexpr uint32_t insn_wfe = 0xd503205f, insn_semihosting = 0xd45e0000;

constexpr SystemRegister scr_el3{3, 6, 1, 1, 0}, hcr_el2{3, 4, 1, 1, 0};
constexpr SystemRegister esr_el1{3, 0, 5, 2, 0}, elr_el1{3, 0, 4, 0, 1}, far_el1{3, 0, 6, 0, 0},
    spsr_el1{3, 0, 4, 0, 0}, vbar_el1{3, 0, 12, 0, 0}, vmpidr_el2{3, 4, 0, 0, 5};
constexpr uint64_t mpidr_res1 = 0x80000000;  // DDI 0487 D13.2.97, MPIDR_EL1; U, bit 30, is 0

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
  // What MPIDR_EL1 reads at EL1 (DDI 0487 D13.2.158, VMPIDR_EL2).
  set_system(vmpidr_el2, mpidr_res1 | m_number);
  m_hooked.clear();
  m_each_block = m_polls;
  if (m_shared) {
    error = watch_others();
  } else if (m_broadcasts) {
    error = m_access->watch_maintenance();
  }
  if (!error.empty()) return error;
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
  m_stack_host = nullptr;
  if (!m_error.empty()) return error();
  m_limit = m_budget = std::max<uint64_t>(instructions, 1);
  m_look_at_lines = (m_irq || m_fiq) && m_polls;
  if (m_look_at_lines || m_store_noted) m_limit = 0;
  m_stop_requested = m_resuming = false;
  m_overrun = 0;
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
  if (m_store_noted) tell_stores(m_block_end);
  if (e != UC_ERR_OK && m_error.empty()) m_error = std::string("the CPU engine stopped: ") + uc_strerror(e);
  end_step();
  if (m_debug_stop && m_error.empty()) {
    m_access->set_pc(m_debug_pc);
    return {StopReason::debug, m_count, 0, {}};
  }
  m_statistics.instructions += m_count;
  if (m_shared) lose_monitor();
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
  if (__builtin_expect(self->m_each_block, 0)) {
    if (self->m_polls && !self->m_access->before_block(address)) return;
    if (self->m_search_blocks) self->find_hints(address, size);
  }
  if (__builtin_expect(self->m_count >= self->m_limit, 0)) {
    if (self->m_store_noted) self->tell_stores(self->m_block_end);  // of the block before
    self->m_block_end = address + size;
    if (!self->block_at_limit(address)) return;
    if (self->m_step == Step::executing) size = 4;
  }
  self->m_block = address;
  self->m_block_end = address + size;
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
    if (m_shared && wait_for_store_exclusive()) return true;
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

// What has set m_limit to 0 besides is still asked for: block_at_limit() looks.
void UnicornCore::tell_stores(uint64_t end) {
  m_store_noted = false;
  try {
    m_host.stores_noticed(m_block, end);
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("the call-back for stores threw");
  }
}

uint64_t UnicornCore::store_site(uint64_t first, uint64_t end, uint64_t phys) {
  constexpr uint64_t most = 4096;  // bytes: a block is in two pages at the most
  std::optional<uint64_t> site, other;
  for (uint64_t pc = first; pc < end && pc - first < most; pc += 4) {
    const auto word = read_word(pc);
    if (!word) break;
    const auto insn = decode_load_store(*word, pc, [this](unsigned n) { return m_access->x(n); });
    if (!insn) continue;
    if (!other) other = pc;
    const auto at = translate(insn->address);
    if (at && phys >= *at && phys - *at < insn->bytes) site = pc;
  }
  return site ? *site : other.value_or(first);
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
      if (m_shared && word == insn_wfe && m_host.take_event()) return;
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
  const FirmwareAnswer answer = answer_firmware_call(
      {m_access->x(0), m_access->x(1), m_access->x(2), m_access->x(3)}, m_host,
      [this](uint64_t address) { return address % 4 == 0 && find_ram(address, 4) != nullptr; });
  m_access->set_x(0, answer.x0);
  switch (answer.action) {
    case FirmwareAnswer::Action::none:
      break;
    case FirmwareAnswer::Action::standby:
      stop(m_irq || m_fiq ? StopReason::quantum : StopReason::wfi);
      break;
    case FirmwareAnswer::Action::cpu_off:
      stop(StopReason::cpu_off);
      break;
    case FirmwareAnswer::Action::power_off:
      stop(StopReason::power_off);
      break;
    case FirmwareAnswer::Action::reset:
      stop(StopReason::reset);
      break;
    case FirmwareAnswer::Action::warm_reset:
      stop(StopReason::warm_reset);
      break;
  }
}

bool UnicornCore::semihosting_call() {
  const uint64_t pc = m_access->pc();
  if (current_el() == 0 || read_word(pc) != insn_semihosting) return false;
  try {
    const SemihostingAnswer answer = m_semihosting.call(m_access->x(0), m_access->x(1));
    if (m_shared) lose_monitor();  // a read may have waited, and the others run
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

}  // namespace smmuvp::cpu
