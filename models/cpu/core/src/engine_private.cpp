#include "engine_private.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine_calls.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t tlb_notdirty = 0x100, page_mask = 0xfff, no_code = ~uint64_t{0};
constexpr uint32_t request_irq = 0x2, request_fiq = 0x10;
constexpr int type_const = 0x2;
constexpr int access_data_load = 0, access_data_store = 1, access_fetch = 2;
constexpr uint32_t transaction_error = 1, transaction_decode_error = 2;
constexpr int trap_uncategorized = 2;
// No host return address: marks "no load, store or fetch in progress". Fetches leave 0.
constexpr uintptr_t no_access = 1;

// The library calls back with its own object; few engines exist, so a list serves.
struct Attachment {
  uc_engine* engine;
  void* cpu;
  PrivateAccess* access;
};
std::vector<Attachment>& attachments() {
  static std::vector<Attachment> list;
  return list;
}
PrivateAccess* attached_to(const void* cpu) {
  for (const Attachment& a : attachments()) {
    if (a.cpu == cpu) return a.access;
  }
  return nullptr;
}

struct Replacement {
  void* owner;
  EngineAccess::RegisterRead read;
  EngineAccess::RegisterWrite write;
};

uint64_t replaced_read(void* /*env*/, void* ri) {
  const auto* r = field<Replacement*>(ri, EngineLayout::ri_opaque);
  return r->read(r->owner);
}
void replaced_write(void* /*env*/, void* ri, uint64_t value) {
  const auto* r = field<Replacement*>(ri, EngineLayout::ri_opaque);
  if (r->write != nullptr) r->write(r->owner, value);
}
int always_undefined(void* /*env*/, const void* /*ri*/, bool /*isread*/) { return trap_uncategorized; }

// Replacements outlive their engine's register table, which points at them.
std::vector<std::pair<uc_engine*, Replacement*>>& replacements() {
  static std::vector<std::pair<uc_engine*, Replacement*>> list;
  return list;
}

}  // namespace

PrivateAccess::~PrivateAccess() { detach(); }

void PrivateAccess::use_4k_pages(uc_engine* engine) { field<int>(engine, m_layout.uc_target_bits) = 12; }

std::string PrivateAccess::attach(uc_engine* engine, EngineOwner& owner) {
  m_engine = engine;
  m_owner = &owner;
  m_cpu = field<char*>(engine, m_layout.uc_cpu);
  m_env = field<char*>(m_cpu, EngineLayout::cpu_env());
  attachments().push_back({engine, m_cpu, this});
  field<decltype(&on_exception)>(engine, m_layout.uc_stop_interrupt) = &on_exception;
  void* cpu_class = field<void*>(m_cpu, EngineLayout::cpu_class());
  field<decltype(&on_exec_interrupt)>(cpu_class, m_layout.class_exec_interrupt) = &on_exec_interrupt;
  field<decltype(&on_tlb_fill)>(cpu_class, EngineLayout::class_tlb_fill) = &on_tlb_fill;
  field<uintptr_t>(m_cpu, EngineLayout::cpu_mem_io_pc()) = no_access;
  uc_hook hook = 0;
  const uc_err e =
      uc_hook_add(engine, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(&on_interrupt), this, 1, 0);
  return e == UC_ERR_OK ? std::string() : std::string("uc_hook_add: ") + uc_strerror(e);
}

void PrivateAccess::detach() {
  if (m_engine == nullptr) return;
  auto& list = attachments();
  list.erase(
      std::remove_if(list.begin(), list.end(), [&](const Attachment& a) { return a.engine == m_engine; }),
      list.end());
  auto& ours = replacements();
  for (auto& r : ours) {
    if (r.first == m_engine) delete r.second;
  }
  ours.erase(std::remove_if(ours.begin(), ours.end(), [&](const auto& r) { return r.first == m_engine; }),
             ours.end());
  m_engine = nullptr;
}

// Regions are asked for permissions by virtual address in some releases, which says nothing; so all have all.
// An access of 8 bytes to a device shall arrive whole.
void PrivateAccess::memory_mapped() {
  void** blocks = field<void**>(m_engine, m_layout.uc_mapped_blocks);
  const auto count = field<uint32_t>(m_engine, m_layout.uc_mapped_block_count);
  for (uint32_t i = 0; i < count; ++i) {
    field<uint32_t>(blocks[i], EngineLayout::mr_perms) = UC_PROT_ALL;
    field<int32_t>(blocks[i], EngineLayout::mr_priority) = m_layout.watched_priority;
    void* ops = field<void*>(blocks[i], EngineLayout::mr_ops);
    // RAM has constant operations in the library itself, which are not ours to change.
    if (ops != nullptr && !in_library(ops)) field<uint32_t>(ops, EngineLayout::ops_impl_max_access_size) = 8;
  }
}

// ---- Registers

uint64_t PrivateAccess::pc() const { return field<uint64_t>(m_env, EngineLayout::env_pc); }
void PrivateAccess::set_pc(uint64_t value) { field<uint64_t>(m_env, EngineLayout::env_pc) = value; }
uint64_t PrivateAccess::x(unsigned n) const { return field<uint64_t>(m_env, EngineLayout::env_x + 8 * n); }
void PrivateAccess::set_x(unsigned n, uint64_t value) {
  field<uint64_t>(m_env, EngineLayout::env_x + 8 * n) = value;
}
uint32_t PrivateAccess::syndrome() const { return field<uint32_t>(m_env, EngineLayout::env_syndrome); }
uint64_t PrivateAccess::fault_address() const { return field<uint64_t>(m_env, EngineLayout::env_vaddress); }

void PrivateAccess::registers_changed() { m_fn.rebuild_hflags(m_env); }
void PrivateAccess::flush_tlb() { m_fn.flush_tlb(m_cpu); }

std::optional<uint64_t> PrivateAccess::translate(uint64_t va) {
  uint32_t attributes = 0;
  const uint64_t page = m_fn.phys_page_debug(m_cpu, va & ~page_mask, &attributes);
  if (page == ~uint64_t{0}) return std::nullopt;
  return (page & ~page_mask) | (va & page_mask);
}

// ---- The execution loop

// Installed as uc_struct.stop_interrupt, which the library asks in its exception path whether to stop with an
// error.
bool PrivateAccess::on_exception(uc_engine* engine, int exception) {
  if (exception < uc_exception::interrupt) return false;
  for (const Attachment& a : attachments()) {
    if (a.engine == engine) a.access->m_owner->loop_left(exception);
  }
  return false;
}

// Installed as CPUClass.cpu_exec_interrupt.
bool PrivateAccess::on_exec_interrupt(void* cpu, int request) {
  PrivateAccess* self = attached_to(cpu);
  if (!self->m_owner->takes_interrupts() || !self->m_fn.exec_interrupt(cpu, request)) return false;
  self->m_owner->interrupt_taken();
  return true;
}

void PrivateAccess::on_interrupt(uc_engine*, uint32_t number, void* user) {
  static_cast<PrivateAccess*>(user)->m_owner->exception_raised(static_cast<int>(number));
}

void PrivateAccess::set_lines(bool irq, bool fiq) {
  auto& request = field<uint32_t>(m_cpu, EngineLayout::cpu_interrupt_request);
  request = (request & ~(request_irq | request_fiq)) | (irq ? request_irq : 0) | (fiq ? request_fiq : 0);
}

// The library looks when PSTATE.DAIF unmasks, and when it enters its loop.
bool PrivateAccess::look_at_lines() {
  field<uint16_t>(field<void*>(m_cpu, EngineLayout::cpu_icount_decr()), 2) = 0xffff;
  return true;
}

void PrivateAccess::take_exception() { m_fn.do_interrupt(m_cpu); }

// ---- Accesses to devices

// The library leaves the host return address of a load or store where we find it, but marks no table walks;
// so the mark is taken away here each time.
EngineAccess::Access PrivateAccess::begin_access(uint64_t, unsigned) {
  m_return_address = std::exchange(field<uintptr_t>(m_cpu, EngineLayout::cpu_mem_io_pc()), no_access);
  if (m_return_address == 0) return {Accessor::fetch, {}};
  if (m_return_address == no_access) return {Accessor::table_walk, {}};
  m_fn.restore_state(m_cpu, m_return_address, false);
  void* host = nullptr;
  if (m_fn.page_addr_code_hostp(m_env, pc(), &host) == ~uint64_t{0} || host == nullptr)
    return {Accessor::data, {}};
  uint32_t word = 0;
  std::memcpy(&word, host, sizeof word);
  return {Accessor::data, word};
}

void PrivateAccess::external_abort(uint64_t va, uint64_t pa, unsigned size, bool write, bool fetch,
                                   bool slave_error) {
  const int access = fetch ? access_fetch : write ? access_data_store : access_data_load;
  // The MMU index only matters for targets in AArch32; attributes are not looked at.
  m_fn.transaction_failed(m_cpu, pa, va, size, access, 0, 0,
                          slave_error ? transaction_error : transaction_decode_error, m_return_address);
  __builtin_unreachable();
}

void PrivateAccess::alignment_fault(uint64_t va, bool write) {
  m_fn.unaligned_access(m_cpu, va, write ? access_data_store : access_data_load, 0, m_return_address);
  __builtin_unreachable();
}

void PrivateAccess::pc_alignment_fault(uint64_t va) {
  set_pc(va);
  field<uint64_t>(m_env, EngineLayout::env_vaddress) = va;
  constexpr uint32_t ec_pc_alignment = 0x22, il = 1u << 25;  // DDI 0487 D13.2.37, ESR_EL1.EC
  m_fn.raise_exception(m_env, uc_exception::prefetch_abort, (ec_pc_alignment << 26) | il, 1);
  __builtin_unreachable();
}

// ---- Translated code

// Installed as CPUClass.tlb_fill.
bool PrivateAccess::on_tlb_fill(void* cpu, uint64_t va, int size, int access, int mmu_idx, bool probe,
                                uintptr_t return_address) {
  PrivateAccess* self = attached_to(cpu);
  if (!self->m_fn.tlb_fill(cpu, va, size, access, mmu_idx, probe, return_address)) return false;
  self->page_mapped(va, access, mmu_idx);
  return true;
}

// A new TLB entry lets no store through, so that the library can look for code to drop, and does that for
// ever in some releases; and it lets fetches through, even when it was made for a load. Here stores to pages
// without code go through from the start, and the first fetch from a page is always seen.
void PrivateAccess::page_mapped(uint64_t va, int access, int mmu_idx) {
  const uint64_t page = va & ~page_mask;
  char* tlb = m_cpu + m_layout.tlb() + 16 * static_cast<size_t>(mmu_idx);
  const auto mask = field<uintptr_t>(tlb, 0);
  char* entry = field<char*>(tlb, 8) + (((va >> 12) << m_layout.tlb_entry_bits) & mask);
  auto& write = field<uint64_t>(entry, EngineLayout::tlb_entry_write);
  auto& code = field<uint64_t>(entry, EngineLayout::tlb_entry_code);
  // The engine keeps host addresses as a difference to the guest's.
  const uintptr_t address = page + field<uintptr_t>(entry, m_layout.tlb_entry_addend);
  void* host = reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
  if (access == access_fetch) {
    if (code == page && m_owner->code_translated(host)) m_fn.reset_dirty(m_cpu, address, page_mask + 1);
    return;
  }
  if (write != (page | tlb_notdirty) && code != page) return;
  if (m_owner->holds_code(host)) return;
  if (write == (page | tlb_notdirty)) write = page;
  if (code == page) code = no_code;
}

void PrivateAccess::invalidate(const void* host, size_t length) {
  const uint64_t start = m_fn.ram_addr_from_host(m_engine, const_cast<void*>(host));
  if (start != ~uint64_t{0}) m_fn.invalidate_range(m_engine, start, start + length);
}

void PrivateAccess::forget_page(const void* host_page) {
  invalidate(host_page, page_mask + 1);
  flush_tlb();
}

// ---- Other processors

std::string PrivateAccess::watch_maintenance() {
  uc_hook hook = 0;
  const uc_err e = uc_hook_add(m_engine, &hook, UC_HOOK_INSN, reinterpret_cast<void*>(&on_sys), this, 1, 0,
                               UC_ARM64_INS_SYS);
  return e == UC_ERR_OK ? std::string() : std::string("SYS instructions: ") + uc_strerror(e);
}

uint32_t PrivateAccess::on_sys(uc_engine*, uc_arm64_reg, const uc_arm64_cp_reg* cp, void* user) {
  static_cast<PrivateAccess*>(user)->m_owner->maintenance({cp->op0, cp->op1, cp->crn, cp->crm, cp->op2},
                                                          cp->val);
  return 0;  // the library executes it
}

void PrivateAccess::invalidate_translations(unsigned op2, uint64_t operand) {
  write_engine(m_engine, local_tlbi(op2), operand);
}

std::optional<uint64_t> PrivateAccess::exclusive_address() const {
  const auto address = field<uint64_t>(m_env, EngineLayout::env_exclusive_addr);
  return address == monitor_open ? std::nullopt : std::optional<uint64_t>(address);
}

void PrivateAccess::clear_exclusive() {
  field<uint64_t>(m_env, EngineLayout::env_exclusive_addr) = monitor_open;
}

// ---- System registers

void* PrivateAccess::reginfo(const SystemRegister& r) const {
  return m_fn.get_reginfo(field<void*>(m_cpu, m_layout.cp_regs()),
                          encode_register(r.op0, r.op1, r.crn, r.crm, r.op2));
}

bool PrivateAccess::replace(const SystemRegister& reg, void* owner, RegisterRead read, RegisterWrite write) {
  void* ri = reginfo(reg);
  if (ri == nullptr) return false;
  auto* r = new Replacement{owner, read, write};
  replacements().emplace_back(m_engine, r);
  field<Replacement*>(ri, EngineLayout::ri_opaque) = r;
  field<int>(ri, EngineLayout::ri_type) &= ~type_const;
  field<void*>(ri, EngineLayout::ri_readfn) = reinterpret_cast<void*>(&replaced_read);
  field<void*>(ri, EngineLayout::ri_raw_readfn) = reinterpret_cast<void*>(&replaced_read);
  field<void*>(ri, EngineLayout::ri_writefn) = reinterpret_cast<void*>(&replaced_write);
  field<void*>(ri, EngineLayout::ri_raw_writefn) = reinterpret_cast<void*>(&replaced_write);
  return true;
}

bool PrivateAccess::remove(const SystemRegister& reg) {
  void* ri = reginfo(reg);
  if (ri == nullptr) return false;
  field<void*>(ri, EngineLayout::ri_accessfn) = reinterpret_cast<void*>(&always_undefined);
  return true;
}

bool PrivateAccess::set_constant(const SystemRegister& reg, uint64_t value) {
  void* ri = reginfo(reg);
  if (ri == nullptr || (field<int>(ri, EngineLayout::ri_type) & type_const) == 0) return false;
  field<uint64_t>(ri, EngineLayout::ri_resetvalue) = value;
  return true;
}

std::optional<uint64_t> PrivateAccess::constant(const SystemRegister& reg) const {
  void* ri = reginfo(reg);
  if (ri == nullptr || (field<int>(ri, EngineLayout::ri_type) & type_const) == 0) return std::nullopt;
  return field<uint64_t>(ri, EngineLayout::ri_resetvalue);
}

std::unique_ptr<EngineAccess> make_private_access(std::string& why) {
  struct Known {
    EngineFunctions functions{};
    const EngineLayout* layout = nullptr;
    std::string why;
  };
  static const Known known = [] {
    Known k;
    k.why = k.functions.resolve();
    if (k.why.empty()) k.layout = find_layout(k.functions, k.why);
    if (k.layout != nullptr) k.why = test_private_access(*k.layout, k.functions);
    return k;
  }();
  why = known.why;
  if (!why.empty()) return nullptr;
  return std::make_unique<PrivateAccess>(*known.layout, known.functions);
}

}  // namespace smmuvp::cpu
