#include "engine_public.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine_calls.h"
#include "engine_trial.h"
#include "load_store.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t page_mask = 0xfff;
constexpr uint32_t insn_wfi = 0xd503207f, insn_wfe = 0xd503205f, insn_yield = 0xd503203f;
constexpr unsigned pstate_i = 1u << 7, pstate_f = 1u << 6, pstate_entered = 0x3c5;  // EL1h, DAIF masked
constexpr uint32_t il = 1u << 25;
constexpr unsigned vector_sync = 0, vector_irq = 0x80, vector_fiq = 0x100;

constexpr SystemRegister esr_el1{3, 0, 5, 2, 0}, far_el1{3, 0, 6, 0, 0}, elr_el1{3, 0, 4, 0, 1},
    spsr_el1{3, 0, 4, 0, 0}, vbar_el1{3, 0, 12, 0, 0}, par_el1{3, 0, 7, 4, 0}, tpidr_el1{3, 0, 13, 0, 4},
    cntkctl_el1{3, 0, 14, 1, 0}, tlbi_vmalle1{1, 0, 8, 7, 0};

constexpr const char* performance_monitors =
    "a Performance Monitors register, which this program reaches by private parts of libunicorn only";

constexpr uint32_t key(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
  return (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2;
}
constexpr uint32_t key(const SystemRegister& r) { return key(r.op0, r.op1, r.crn, r.crm, r.op2); }

int register_id(unsigned n) {
  return n == 31   ? UC_ARM64_REG_SP
         : n == 30 ? UC_ARM64_REG_X30
         : n == 29 ? UC_ARM64_REG_X29
                   : UC_ARM64_REG_X0 + static_cast<int>(n);
}

}  // namespace

PublicAccess::~PublicAccess() { detach(); }

std::string PublicAccess::limitation() const {
  std::string text = "by its public interface alone: slower";
  if (!m_traits.pages_of_4k) text += ", interrupts and devices see times that differ by some instructions";
  if (!m_traits.rebuilds_flags) text += ", no exceptions from EL0";
  if (m_traits.context_exclusive == 0)
    text += ", exclusives that do not see another master store the same value again";
  return text + ", no Performance Monitors registers to trap on";
}

void PublicAccess::use_4k_pages(uc_engine* engine) {
  if (m_traits.pages_of_4k) uc_ctl_set_page_size(engine, page_mask + 1);
}

std::string PublicAccess::attach(uc_engine* engine, EngineOwner& owner) {
  m_engine = engine;
  m_owner = &owner;
  m_inside = m_stopped = m_in_access = m_instruction_valid = m_refused = m_restart = false;
  m_clear_exclusive = false;
  m_pending_line = 0;
  m_raised = 0;
  m_pending_pc.reset();
  m_overrides.clear();
  m_views.clear();
  m_dropped.clear();
  tables_changed();
  uc_err e = uc_context_alloc(engine, &m_context);
  if (e == UC_ERR_OK) e = uc_context_alloc(engine, &m_refused_at);
  auto hook = [&](int type, auto* function, auto... more) {
    uc_hook handle = 0;
    if (e == UC_ERR_OK)
      e = uc_hook_add(engine, &handle, type, reinterpret_cast<void*>(function), this, 1, 0, more...);
  };
  hook(UC_HOOK_INTR, &on_interrupt);
  hook(UC_HOOK_CODE, &on_code);
  hook(UC_HOOK_MEM_FETCH_PROT, &on_fetch_prot);
  hook(UC_HOOK_INSN, &on_mrs, UC_ARM64_INS_MRS);
  hook(UC_HOOK_INSN, &on_msr, UC_ARM64_INS_MSR);
  hook(UC_HOOK_INSN, &on_sys, UC_ARM64_INS_SYS);
  return e == UC_ERR_OK ? std::string() : std::string("call-backs: ") + uc_strerror(e);
}

void PublicAccess::detach() {
  if (m_context != nullptr) uc_context_free(m_context);
  if (m_refused_at != nullptr) uc_context_free(m_refused_at);
  m_context = m_refused_at = nullptr;
  m_engine = nullptr;
}

// ---- Registers

uint64_t PublicAccess::get(int reg) const { return read_engine(m_engine, reg); }
void PublicAccess::set(int reg, uint64_t value) { write_engine(m_engine, reg, value); }
uint64_t PublicAccess::get_system(const SystemRegister& r) const { return read_engine(m_engine, r); }
void PublicAccess::set_system(const SystemRegister& r, uint64_t value) { write_engine(m_engine, r, value); }

uint64_t PublicAccess::pc() const {
  if (m_pending_pc) return *m_pending_pc;
  return m_in_access ? m_instruction : get(UC_ARM64_REG_PC);
}

// Written from a call-back, PC would be a reason for the library to leave its loop.
void PublicAccess::set_pc(uint64_t value) {
  if (m_inside) {
    m_pending_pc = value;
  } else {
    m_pending_pc.reset();
    set(UC_ARM64_REG_PC, value);
  }
}

uint64_t PublicAccess::x(unsigned n) const { return get(register_id(n)); }
void PublicAccess::set_x(unsigned n, uint64_t value) { set(register_id(n), value); }

void PublicAccess::registers_changed() {
  set_system(tpidr_el1, get_system(tpidr_el1));
  tables_changed();
}

void PublicAccess::flush_tlb() {
  set_system(tlbi_vmalle1, 0);
  tables_changed();
}

std::optional<uint64_t> PublicAccess::translate(uint64_t va) { return locate(va, current_el() == 0); }

// By the CPU's own AT S1E1R or S1E0R (DDI 0487 C5.5). EL1 may read every page of either EL, those too that
// EL0 may only execute.
std::optional<uint64_t> PublicAccess::locate(uint64_t va, bool as_el0) {
  const uint64_t saved = get_system(par_el1);
  const bool outer = !std::exchange(m_translating, true);
  set_system({1, 0, 7, 8, as_el0 ? 2u : 0u}, va);
  if (outer) m_translating = false;
  const uint64_t par = get_system(par_el1);
  set_system(par_el1, saved);
  if ((par & 1) != 0) return std::nullopt;
  return (par & 0xffff'ffff'f000) | (va & page_mask);
}

// ---- The execution loop

uc_err PublicAccess::start() {
  const uint64_t begin = pc();
  m_pending_pc.reset();
  m_stopped = m_in_access = m_instruction_valid = false;
  m_inside = true;
  const uc_err e = uc_emu_start(m_engine, begin, 0, 0, 0);
  m_inside = false;
  return e;
}

void PublicAccess::stop() {
  if (!m_inside) return;
  m_stopped = true;
  uc_emu_stop(m_engine);
}

bool PublicAccess::resume() {
  m_in_access = false;
  if (m_pending_pc) set_pc(*m_pending_pc);
  int raised = std::exchange(m_raised, 0);
  if (std::exchange(m_refused, false)) {
    uc_context_restore(m_engine, m_refused_at);
    set_pc(m_fault.pc);
    // What was fetched is translated and remembered by virtual address, until the TLB is flushed.
    if (m_fault.number == uc_exception::prefetch_abort) flush_tlb();
    raised = m_fault.number;
  } else if (raised != 0) {
    read_fault(raised);
  }
  drop_code();  // which may disturb what read_fault() reads
  if (std::exchange(m_clear_exclusive, false)) clear_exclusive();
  if (raised != 0) {
    m_owner->exception_raised(raised);
    return true;
  }
  if (const unsigned vector = std::exchange(m_pending_line, 0); vector != 0) {
    enter(vector);
    m_owner->interrupt_taken();
    return true;
  }
  if (std::exchange(m_restart, false)) return true;
  if (m_stopped) return false;
  // The library leaves its loop by itself for two reasons. WFI does nothing while a line is high.
  const uint64_t at = get(UC_ARM64_REG_PC);
  if (m_exit == at) {
    m_owner->loop_left(uc_exception::wfi);
  } else if (code_word(at - 4) == insn_wfi) {
    if (!m_irq && !m_fiq) m_owner->loop_left(uc_exception::wfi);
  } else {
    m_owner->beyond_engine("the CPU engine stopped for no reason that it tells");
  }
  return true;
}

void PublicAccess::on_interrupt(uc_engine*, uint32_t number, void* user) {
  auto* self = static_cast<PublicAccess*>(user);
  self->m_raised = static_cast<int>(number);
  self->stop();
}

void PublicAccess::on_code(uc_engine*, uint64_t address, uint32_t, void* user) {
  auto* self = static_cast<PublicAccess*>(user);
  self->m_instruction = address;
  self->m_instruction_valid = true;
  self->m_in_access = true;
  self->m_pending_pc.reset();
}

// Release 2.0.1 looks up the permissions of a virtual address in the list of physical regions.
bool PublicAccess::on_fetch_prot(uc_engine*, uc_mem_type, uint64_t, int, int64_t, void*) { return true; }

bool PublicAccess::before_block(uint64_t address) {
  // WFE and YIELD end a block, and nothing else tells of them.
  if (std::exchange(m_instruction_valid, false) && address == m_instruction + 4) {
    const auto word = code_word(m_instruction);
    if (word == insn_wfe || word == insn_yield) {
      m_pending_pc = address;
      m_owner->loop_left(uc_exception::yield);
      if (m_stopped) return false;
      m_pending_pc.reset();  // a WFE that had nothing to wait for
    }
  }
  m_in_access = false;
  if (!m_dropped.empty() || m_clear_exclusive) {
    m_pending_pc = address;
    m_restart = true;
    uc_emu_stop(m_engine);
    return false;
  }
  if (const uint64_t page = address & ~page_mask; page != m_block_page) {
    m_block_page = page;
    if (const uint8_t* host = code_host(page)) {
      m_owner->code_translated(host);
      auto& views = m_views[host];
      const unsigned el = current_el();
      if (std::none_of(views.begin(), views.end(), [&](const View& v) { return v.va == page && v.el == el; }))
        views.push_back({page, el});
    }
  }
  return true;
}

void PublicAccess::set_lines(bool irq, bool fiq) {
  m_irq = irq;
  m_fiq = fiq;
}

bool PublicAccess::look_at_lines() {
  const unsigned state = pstate();
  m_pending_line = m_fiq && (state & pstate_f) == 0   ? vector_fiq
                   : m_irq && (state & pstate_i) == 0 ? vector_irq
                                                      : 0;
  if (m_pending_line == 0) return false;
  stop();
  return true;
}

// The library notes syndrome and address where a saved context shows them.
void PublicAccess::read_fault(int number) {
  m_fault = {number, 0, 0, 0};
  if (uc_context_save(m_engine, m_context) != UC_ERR_OK) return;
  m_fault.syndrome = context_value<uint32_t>(m_context, m_traits.context_syndrome);
  m_fault.address = context_value<uint64_t>(m_context, m_traits.context_fault_address);
  // The trap of FP has fields that only AArch32 has (DDI 0487 D13.2.37, EC 0b000111).
  if (m_fault.syndrome >> 26 == 0x07) m_fault.syndrome &= ~0xfffffu;
}

void PublicAccess::take_exception() {
  // Software step is on or off by cached state, too (DDI 0487 D13.2.37, EC 0x32 and 0x33).
  if (const uint32_t ec = m_fault.syndrome >> 26; !m_traits.rebuilds_flags && (ec == 0x32 || ec == 0x33))
    return m_owner->beyond_engine(
        "software step, which this program reaches by private parts of libunicorn only");
  set_system(esr_el1, m_fault.syndrome);
  if (m_fault.number == uc_exception::prefetch_abort || m_fault.number == uc_exception::data_abort)
    set_system(far_el1, m_fault.address);
  enter(vector_sync);
}

// DDI 0487 D1.10, AArch64.TakeException to EL1.
void PublicAccess::enter(unsigned vector) {
  const unsigned state = pstate(), el = (state >> 2) & 3;
  if (el == 0 && !m_traits.rebuilds_flags)
    return m_owner->beyond_engine(
        "an exception from EL0, which this program reaches by private parts of this libunicorn only");
  const bool sp_el0 = (state & 1) == 0;
  set_system(elr_el1, pc());
  set_system(spsr_el1, state);
  const uint64_t sp = x(31), sp1 = get(UC_ARM64_REG_SP_EL1);
  set(UC_ARM64_REG_PSTATE, pstate_entered);
  if (sp_el0) {
    set(UC_ARM64_REG_SP_EL0, sp);
    set_x(31, sp1);
  }
  if (el == 0) vector += (state & 0x10) != 0 ? 0x600 : 0x400;
  if (el == 1 && !sp_el0) vector += 0x200;
  set_pc(get_system(vbar_el1) + vector);
  registers_changed();
  m_instruction_valid = false;
}

// ---- Accesses to devices

bool PublicAccess::is_data_access(uint32_t word, uint64_t physical) {
  const auto insn = decode_load_store(word, m_instruction, [this](unsigned n) { return x(n); });
  if (!insn) return false;
  for (uint64_t va = insn->address & ~page_mask; va <= ((insn->address + insn->bytes - 1) & ~page_mask);
       va += page_mask + 1) {
    const auto pa = locate(va, false);
    if (pa && *pa == (physical & ~page_mask)) return true;
  }
  return false;
}

// Nothing tells loads and stores from table walks and fetches, so that is found out: a data access is one
// that the instruction makes, and a table that is not in RAM is asked for again when its address is
// translated.
EngineAccess::Access PublicAccess::begin_access(uint64_t physical, unsigned) {
  if (m_translating) {
    m_walked = true;
    return {Accessor::table_walk, {}};
  }
  if (m_refused) return {Accessor::abandoned, {}};
  if (m_in_access) {
    m_walked = false;
    const auto word = code_word(m_instruction);
    if (word && is_data_access(*word, physical)) return {Accessor::data, word};
    if (m_walked) return {Accessor::table_walk, {}};
  }
  m_instruction = get(UC_ARM64_REG_PC);
  m_walked = false;
  const auto pa = locate(m_instruction, false);
  if (m_walked) return {Accessor::table_walk, {}};
  if (pa && *pa == physical) {
    m_in_access = true;
    return {Accessor::fetch, {}};
  }
  m_owner->beyond_engine("a device access whose instruction cannot be told");
  return {Accessor::abandoned, {}};
}

// The registers are still those before the instruction; what the library does with it from here on is undone.
void PublicAccess::refuse(const Fault& fault) {
  uc_context_save(m_engine, m_refused_at);
  m_fault = fault;
  m_refused = true;
  stop();
}

// DDI 0487 D13.2.37, ISS of aborts: EA, WnR, DFSC.
void PublicAccess::external_abort(uint64_t va, uint64_t, unsigned, bool write, bool fetch, bool slave_error) {
  const uint32_t same_el = current_el() == 0 ? 0 : 1;
  const uint32_t ec = (fetch ? 0x20u : 0x24u) + same_el;
  refuse({fetch ? uc_exception::prefetch_abort : uc_exception::data_abort,
          ec << 26 | il | (slave_error ? 1u << 9 : 0) | (write ? 1u << 6 : 0) | 0x10, va, m_instruction});
}

void PublicAccess::alignment_fault(uint64_t va, bool write) {
  const uint32_t ec = 0x24u + (current_el() == 0 ? 0 : 1);
  refuse({uc_exception::data_abort, ec << 26 | il | (write ? 1u << 6 : 0) | 0x21, va, m_instruction});
}

void PublicAccess::pc_alignment_fault(uint64_t va) {
  refuse({uc_exception::prefetch_abort, 0x22u << 26 | il, va, va});
}

// ---- Translated code

const uint8_t* PublicAccess::code_host(uint64_t va) {
  if ((va & ~page_mask) != m_page) {
    const auto pa = locate(va & ~page_mask, false);
    const uint8_t* host = pa ? m_owner->host_address(*pa) : nullptr;
    if (host == nullptr) return nullptr;
    m_page = va & ~page_mask;
    m_page_host = host;
  }
  return m_page_host + (va & page_mask);
}

std::optional<uint32_t> PublicAccess::code_word(uint64_t va) {
  const uint8_t* host = (va & 3) == 0 ? code_host(va) : nullptr;
  if (host == nullptr) return std::nullopt;
  uint32_t word = 0;
  std::memcpy(&word, host, sizeof word);
  return word;
}

void PublicAccess::tables_changed() {
  m_page = m_block_page = ~uint64_t{0};
  m_page_host = nullptr;
}

void PublicAccess::invalidate(const void* host, size_t length) {
  m_dropped.emplace_back(static_cast<const uint8_t*>(host), length);
  if (!m_inside) drop_code();  // else before the next block
}

void PublicAccess::forget_page(const void* host_page) { invalidate(host_page, page_mask + 1); }

// The public call wants a virtual address that can be fetched from now, and says nothing where it cannot; but
// the abort that it met leaves its traces.
bool PublicAccess::drop_at(uint64_t va, size_t length) {
  if (uc_ctl_remove_cache(m_engine, va, va + length) != UC_ERR_OK ||
      uc_context_save(m_engine, m_context) != UC_ERR_OK)
    return false;
  const auto ec = context_value<uint32_t>(m_context, m_traits.context_syndrome) >> 26;
  const auto address = context_value<uint64_t>(m_context, m_traits.context_fault_address);
  return (ec != 0x20 && ec != 0x21) || (address & ~page_mask) != (va & ~page_mask);
}

// Where there is no such address, all code goes, which takes a fraction of a second.
void PublicAccess::drop_code() {
  if (m_dropped.empty()) return;
  tables_changed();
  const unsigned el = current_el();
  bool all = false;
  for (const auto& [host, length] : m_dropped) {
    const auto after = m_views.upper_bound(host);
    if (after == m_views.begin()) continue;
    const auto found = std::prev(after);
    const uint8_t* page = found->first;
    if (host - page > static_cast<ptrdiff_t>(page_mask)) continue;
    const auto view = std::find_if(found->second.begin(), found->second.end(),
                                   [&](const View& v) { return v.el == el && code_host(v.va) == page; });
    if (view == found->second.end()) {
      all = true;
      break;
    }
    if (!drop_at(view->va + static_cast<uint64_t>(host - page), length)) {
      all = true;
      break;
    }
  }
  m_dropped.clear();
  if (all) m_views.clear();
  if (all) uc_ctl(m_engine, UC_CTL_WRITE(UC_CTL_TB_FLUSH, 0));
}

// ---- Other processors

void PublicAccess::invalidate_translations(unsigned op2, uint64_t operand) {
  set_system(local_tlbi(op2), operand);
  tables_changed();
}

std::optional<uint64_t> PublicAccess::exclusive_address() const {
  if (m_traits.context_exclusive == 0 || uc_context_save(m_engine, m_context) != UC_ERR_OK)
    return std::nullopt;
  const auto address = context_value<uint64_t>(m_context, m_traits.context_exclusive);
  return address == monitor_open ? std::nullopt : std::optional<uint64_t>(address);
}

void PublicAccess::clear_exclusive() {
  if (!exclusive_address()) return;
  if (m_inside) {
    m_clear_exclusive = true;
    return;
  }
  std::memcpy(reinterpret_cast<char*>(m_context) + m_traits.context_exclusive, &monitor_open,
              sizeof monitor_open);
  uc_context_restore(m_engine, m_context);
}

// ---- System registers

const PublicAccess::Override* PublicAccess::find(const uc_arm64_cp_reg& cp) const {
  const auto found = m_overrides.find(key(cp.op0, cp.op1, cp.crn, cp.crm, cp.op2));
  return found == m_overrides.end() ? nullptr : &found->second;
}

// Whether the current EL may use a replaced register. Where not, the library's own check does the rest.
// CNTKCTL_EL1: DDI 0487 D13.8.14.
bool PublicAccess::allowed(const uc_arm64_cp_reg& cp) const {
  if (current_el() != 0) return true;
  if (cp.op0 != 3 || cp.op1 != 3 || cp.crn != 14) return false;
  const uint64_t control = get_system(cntkctl_el1);
  const unsigned bit = cp.crm == 0 ? (cp.op2 == 1 ? 0 : 1) : cp.crm == 3 ? 8 : 9;
  return (control >> bit & 1) != 0;
}

uint32_t PublicAccess::on_mrs(uc_engine*, uc_arm64_reg reg, const uc_arm64_cp_reg* cp, void* user) {
  auto* self = static_cast<PublicAccess*>(user);
  const Override* o = self->find(*cp);
  if (o == nullptr || (o->kind != Override::Kind::undefined && !self->allowed(*cp))) return 0;
  uint64_t value = o->value;
  if (o->kind == Override::Kind::undefined) {
    self->m_owner->beyond_engine(performance_monitors);
  } else if (o->kind == Override::Kind::functions) {
    value = o->read(o->owner);
  }
  if (reg != UC_ARM64_REG_XZR) self->set(reg, value);
  return 1;
}

uint32_t PublicAccess::on_msr(uc_engine*, uc_arm64_reg, const uc_arm64_cp_reg* cp, void* user) {
  auto* self = static_cast<PublicAccess*>(user);
  self->m_instruction_valid = false;  // no YIELD, and may become unreadable
  if (cp->crn == 1 || cp->crn == 2) self->tables_changed();
  const Override* o = self->find(*cp);
  if (o == nullptr) return 0;
  if (o->kind == Override::Kind::undefined) {
    self->m_owner->beyond_engine(performance_monitors);
    return 1;
  }
  // What cannot be written is UNDEFINED, as the library itself knows.
  if (o->kind == Override::Kind::constant || o->write == nullptr || !self->allowed(*cp)) return 0;
  o->write(o->owner, cp->val);
  return 1;
}

// TLBI changes what pages are; IC says that code has changed (DDI 0487 C5.5, B2.4.4).
uint32_t PublicAccess::on_sys(uc_engine*, uc_arm64_reg, const uc_arm64_cp_reg* cp, void* user) {
  auto* self = static_cast<PublicAccess*>(user);
  self->m_instruction_valid = false;
  self->m_owner->maintenance({cp->op0, cp->op1, cp->crn, cp->crm, cp->op2}, cp->val);
  if (cp->crn == 8) self->tables_changed();
  if (cp->crn != 7) return 0;
  if (cp->op1 == 3 && cp->crm == 5 && cp->op2 == 1) {  // IC IVAU
    const uint8_t* host = self->code_host(cp->val & ~uint64_t{63});
    if (host != nullptr && self->m_owner->holds_code(host)) self->invalidate(host, 64);
  } else if (cp->op1 == 0 && (cp->crm == 1 || cp->crm == 5) && cp->op2 == 0) {  // IC IALLUIS, IC IALLU
    for (const auto& [page, views] : self->m_views) self->m_dropped.emplace_back(page, page_mask + 1);
  }
  return 0;
}

bool PublicAccess::replace(const SystemRegister& reg, void* owner, RegisterRead read, RegisterWrite write) {
  m_overrides[key(reg)] = {Override::Kind::functions, owner, read, write, 0};
  return true;
}

bool PublicAccess::remove(const SystemRegister& reg) {
  m_overrides[key(reg)] = {Override::Kind::undefined, nullptr, nullptr, nullptr, 0};
  return true;
}

bool PublicAccess::set_constant(const SystemRegister& reg, uint64_t value) {
  m_overrides[key(reg)] = {Override::Kind::constant, nullptr, nullptr, nullptr, value};
  return true;
}

std::optional<uint64_t> PublicAccess::constant(const SystemRegister& reg) const { return get_system(reg); }

std::unique_ptr<EngineAccess> make_public_access(std::string& why) {
  struct Tried {
    PublicTraits traits;
    std::string why;
  };
  static const Tried tried = [] {
    Tried t;
    t.why = try_public_interface(t.traits);
    return t;
  }();
  why = tried.why;
  if (!why.empty()) return nullptr;
  return std::make_unique<PublicAccess>(tried.traits);
}

}  // namespace smmuvp::cpu
