#include "unicorn_internals.h"

#include <dlfcn.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace smmuvp::cpu {
namespace {

// Byte offsets in the structures of libunicorn 2.0.1.post1, x86-64, by offsetof on its headers.
namespace at {
constexpr size_t uc_stop_interrupt = 0xc8;  // uc_struct
constexpr size_t uc_cpu = 0x180;
constexpr size_t uc_target_bits = 0x270;
constexpr size_t uc_mapped_blocks = 0x748;
constexpr size_t uc_mapped_block_count = 0x750;
constexpr size_t cpu_interrupt_request = 0x1c;  // CPUState
constexpr size_t cpu_env = 0x128;
constexpr size_t cpu_icount_decr = 0x130;
constexpr size_t cpu_mem_io_pc = 0x8178;
constexpr size_t cpu_uc = 0x81a8;
constexpr size_t cpu_class = 0x81b0;
constexpr size_t class_exec_interrupt = 0x88;  // CPUClass
constexpr size_t arm_tlb = 0x9680;             // ARMCPU.neg.tlb.f: {mask, table} for each of tlb_modes
constexpr size_t arm_neg = 0x81c0;             // ARMCPU
constexpr size_t arm_env = 0x9750;
constexpr size_t arm_cp_regs = 0xc910;
constexpr size_t env_x = 0x40;  // CPUARMState
constexpr size_t env_pc = 0x140;
constexpr size_t env_syndrome = 0xbd0;
constexpr size_t env_vaddress = 0xbd8;
constexpr size_t env_exclusive_addr = 0x2f00;
constexpr size_t ri_name = 0x0;  // ARMCPRegInfo
constexpr size_t ri_type = 0x14;
constexpr size_t ri_opaque = 0x20;
constexpr size_t ri_resetvalue = 0x28;
constexpr size_t ri_accessfn = 0x48;
constexpr size_t ri_readfn = 0x50;
constexpr size_t ri_writefn = 0x58;
constexpr size_t ri_raw_readfn = 0x60;
constexpr size_t ri_raw_writefn = 0x68;
constexpr size_t mr_ops = 0x10;  // MemoryRegion
constexpr size_t mr_addr = 0x40;
constexpr size_t mr_perms = 0x88;
constexpr size_t ops_impl_max_access_size = 0x44;  // MemoryRegionOps
}  // namespace at

constexpr size_t tlb_modes = 12, tlb_entry_bits = 5, tlb_entry_write = 8, tlb_entry_addend = 24;
constexpr uint64_t tlb_notdirty = 0x100, page_mask = 0xfff;
constexpr uint32_t request_irq = 0x2, request_fiq = 0x10;
constexpr int type_const = 0x2;
constexpr int access_data_load = 0, access_data_store = 1, access_fetch = 2;
constexpr uint32_t transaction_error = 1, transaction_decode_error = 2;
constexpr int trap_uncategorized = 2;
// No host return address: marks "no load, store or fetch in progress". Fetches leave 0.
constexpr uintptr_t no_access = 1;

template <class T>
T& field(void* object, size_t offset) {
  return *reinterpret_cast<T*>(static_cast<char*>(object) + offset);
}

// Exported, but in no header.
struct Functions {
  void (*do_interrupt)(void* cpu);
  bool (*exec_interrupt)(void* cpu, int request);
  void (*transaction_failed)(void* cpu, uint64_t pa, uint64_t va, unsigned size, int access, int mmu_idx,
                             uint32_t attrs, uint32_t response, uintptr_t return_address);
  void (*unaligned_access)(void* cpu, uint64_t va, int access, int mmu_idx, uintptr_t return_address);
  void (*raise_exception)(void* env, uint32_t exception, uint32_t syndrome, uint32_t target_el);
  uint64_t (*phys_page_debug)(void* cpu, uint64_t va, uint32_t* attrs);
  uint64_t (*page_addr_code_hostp)(void* env, uint64_t va, void** host);
  bool (*restore_state)(void* cpu, uintptr_t return_address, bool will_exit);
  void (*invalidate_range)(uc_engine* uc, uint64_t start, uint64_t end);
  uint64_t (*ram_addr_from_host)(uc_engine* uc, void* host);
  void (*rebuild_hflags)(void* env);
  void (*flush_tlb)(void* cpu);
  void (*reset_dirty)(void* cpu, uint64_t host, uint64_t length);
  void* (*get_reginfo)(void* table, uint32_t encoded);
};
Functions fn;

std::string resolve_functions() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&uc_open), &info) == 0) return "the file of libunicorn cannot be found";
  // Already loaded; asked for by name because a plugin's libraries are not in the global scope.
  void* library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return std::string("cannot open ") + info.dli_fname;
  std::string missing;
  auto find = [&](auto& pointer, const char* name) {
    void* symbol = dlsym(library, name);
    if (symbol == nullptr) missing += (missing.empty() ? "" : ", ") + std::string(name);
    pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(symbol);
  };
  find(fn.do_interrupt, "arm_cpu_do_interrupt_aarch64");
  find(fn.exec_interrupt, "arm_cpu_exec_interrupt_aarch64");
  find(fn.transaction_failed, "arm_cpu_do_transaction_failed_aarch64");
  find(fn.unaligned_access, "arm_cpu_do_unaligned_access_aarch64");
  find(fn.raise_exception, "raise_exception_aarch64");
  find(fn.phys_page_debug, "arm_cpu_get_phys_page_attrs_debug_aarch64");
  find(fn.page_addr_code_hostp, "get_page_addr_code_hostp_aarch64");
  find(fn.restore_state, "cpu_restore_state_aarch64");
  find(fn.invalidate_range, "tb_invalidate_phys_range_aarch64");
  find(fn.ram_addr_from_host, "qemu_ram_addr_from_host_aarch64");
  find(fn.rebuild_hflags, "arm_rebuild_hflags_aarch64");
  find(fn.flush_tlb, "tlb_flush_aarch64");
  find(fn.reset_dirty, "tlb_reset_dirty_aarch64");
  find(fn.get_reginfo, "get_arm_cp_reginfo_aarch64");
  if (!missing.empty()) return std::string(info.dli_fname) + " lacks " + missing;
  return {};
}

bool in_library(const void* address) {
  Dl_info ours{}, theirs{};
  return address != nullptr && dladdr(reinterpret_cast<void*>(&uc_open), &ours) != 0 &&
         dladdr(address, &theirs) != 0 && ours.dli_fbase == theirs.dli_fbase;
}

// Reads what may not be mapped: a wrong offset must end in a message, not in a crash.
template <class T>
bool probe(const void* address, T& value) {
  iovec local{&value, sizeof value};
  iovec remote{const_cast<void*>(address), sizeof value};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(sizeof value);
}

// The library calls back with its own object; few engines exist, so a list serves.
struct Attachment {
  uc_engine* engine;
  void* cpu;
  void* owner;
  UnicornInternals::Observer observer;
};
std::vector<Attachment>& attachments() {
  static std::vector<Attachment> list;
  return list;
}

// Installed as uc_struct.stop_interrupt, which the library asks in its exception path whether to stop with an
// error.
bool on_exception(uc_engine* engine, int exception) {
  if (exception < uc_exception::interrupt) return false;
  for (const Attachment& a : attachments()) {
    if (a.engine == engine) a.observer.loop_exit(a.owner, exception);
  }
  return false;
}

// Installed as CPUClass.cpu_exec_interrupt.
bool on_exec_interrupt(void* cpu, int request) {
  if (!fn.exec_interrupt(cpu, request)) return false;
  for (const Attachment& a : attachments()) {
    if (a.cpu == cpu) a.observer.interrupt_taken(a.owner);
  }
  return true;
}

struct Replacement {
  void* owner;
  UnicornInternals::SystemRegisterRead read;
  UnicornInternals::SystemRegisterWrite write;
};

uint64_t replaced_read(void* /*env*/, void* ri) {
  const auto* r = field<Replacement*>(ri, at::ri_opaque);
  return r->read(r->owner);
}
void replaced_write(void* /*env*/, void* ri, uint64_t value) {
  const auto* r = field<Replacement*>(ri, at::ri_opaque);
  if (r->write != nullptr) r->write(r->owner, value);
}
int always_undefined(void* /*env*/, const void* /*ri*/, bool /*isread*/) { return trap_uncategorized; }

constexpr uint32_t encode(const UnicornInternals::SystemRegister& r) {
  return (1u << 28) | (0x13u << 16) | (r.op0 << 14) | (r.op1 << 11) | (r.crn << 7) | (r.crm << 3) | r.op2;
}

// Replacements outlive their engine's register table, which points at them.
std::vector<std::pair<uc_engine*, Replacement*>>& replacements() {
  static std::vector<std::pair<uc_engine*, Replacement*>> list;
  return list;
}

}  // namespace

UnicornInternals::~UnicornInternals() { detach(); }

void UnicornInternals::use_4k_pages(uc_engine* engine) { field<int>(engine, at::uc_target_bits) = 12; }

void UnicornInternals::attach(uc_engine* engine, void* owner, const Observer& observer) {
  m_engine = engine;
  m_cpu = field<char*>(engine, at::uc_cpu);
  m_env = field<char*>(m_cpu, at::cpu_env);
  attachments().push_back({engine, m_cpu, owner, observer});
  field<decltype(&on_exception)>(engine, at::uc_stop_interrupt) = &on_exception;
  field<decltype(&on_exec_interrupt)>(field<void*>(m_cpu, at::cpu_class), at::class_exec_interrupt) =
      &on_exec_interrupt;
  field<uintptr_t>(m_cpu, at::cpu_mem_io_pc) = no_access;
}

void UnicornInternals::detach() {
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

uint64_t UnicornInternals::pc() const { return field<uint64_t>(m_env, at::env_pc); }
void UnicornInternals::set_pc(uint64_t value) { field<uint64_t>(m_env, at::env_pc) = value; }
uint64_t UnicornInternals::x(unsigned n) const { return field<uint64_t>(m_env, at::env_x + 8 * n); }
void UnicornInternals::set_x(unsigned n, uint64_t value) {
  field<uint64_t>(m_env, at::env_x + 8 * n) = value;
}

void UnicornInternals::set_lines(bool irq, bool fiq) {
  auto& request = field<uint32_t>(m_cpu, at::cpu_interrupt_request);
  request = (request & ~(request_irq | request_fiq)) | (irq ? request_irq : 0) | (fiq ? request_fiq : 0);
}

void UnicornInternals::leave_block_chain() {
  field<uint16_t>(field<void*>(m_cpu, at::cpu_icount_decr), 2) = 0xffff;
}

void UnicornInternals::take_exception() { fn.do_interrupt(m_cpu); }
void UnicornInternals::registers_changed() { fn.rebuild_hflags(m_env); }
void UnicornInternals::flush_tlb() { fn.flush_tlb(m_cpu); }
void UnicornInternals::clear_exclusive_monitor() {
  field<uint64_t>(m_env, at::env_exclusive_addr) = ~uint64_t{0};
}

void UnicornInternals::invalidate(const void* host, size_t length) {
  const uint64_t start = fn.ram_addr_from_host(m_engine, const_cast<void*>(host));
  if (start != ~uint64_t{0}) fn.invalidate_range(m_engine, start, start + length);
}

UnicornInternals::Accessor UnicornInternals::accessor() const {
  switch (field<uintptr_t>(m_cpu, at::cpu_mem_io_pc)) {
    case 0:
      return Accessor::fetch;
    case no_access:
      return Accessor::table_walk;
    default:
      return Accessor::data;
  }
}

uintptr_t UnicornInternals::enter_access() {
  return std::exchange(field<uintptr_t>(m_cpu, at::cpu_mem_io_pc), no_access);
}

void UnicornInternals::restore_state(uintptr_t return_address) {
  fn.restore_state(m_cpu, return_address, false);
}

const void* UnicornInternals::code_host(uint64_t va) {
  void* host = nullptr;
  return fn.page_addr_code_hostp(m_env, va, &host) == ~uint64_t{0} ? nullptr : host;
}

std::optional<uint32_t> UnicornInternals::instruction_at_pc() {
  const void* host = code_host(pc());
  if (host == nullptr) return std::nullopt;
  uint32_t word = 0;
  std::memcpy(&word, host, sizeof word);
  return word;
}

void UnicornInternals::external_abort(uint64_t va, uint64_t pa, unsigned size, bool write, bool fetch,
                                      bool slave_error, uintptr_t return_address) {
  const int access = fetch ? access_fetch : write ? access_data_store : access_data_load;
  // The MMU index only matters for targets in AArch32; attributes are not looked at.
  fn.transaction_failed(m_cpu, pa, va, size, access, 0, 0,
                        slave_error ? transaction_error : transaction_decode_error, return_address);
  __builtin_unreachable();
}

void UnicornInternals::alignment_fault(uint64_t va, bool write, uintptr_t return_address) {
  fn.unaligned_access(m_cpu, va, write ? access_data_store : access_data_load, 0, return_address);
  __builtin_unreachable();
}

void UnicornInternals::pc_alignment_fault(uint64_t va) {
  set_pc(va);
  field<uint64_t>(m_env, at::env_vaddress) = va;
  constexpr uint32_t ec_pc_alignment = 0x22, il = 1u << 25;  // DDI 0487 D13.2.37, ESR_EL1.EC
  fn.raise_exception(m_env, uc_exception::prefetch_abort, (ec_pc_alignment << 26) | il, 1);
  __builtin_unreachable();
}

std::optional<uint64_t> UnicornInternals::translate(uint64_t va) const {
  uint32_t attributes = 0;
  const uint64_t page = fn.phys_page_debug(m_cpu, va & ~uint64_t{0xfff}, &attributes);
  if (page == ~uint64_t{0}) return std::nullopt;
  return (page & ~uint64_t{0xfff}) | (va & 0xfff);
}

void UnicornInternals::prepare_regions() {
  void** blocks = field<void**>(m_engine, at::uc_mapped_blocks);
  const uint32_t count = field<uint32_t>(m_engine, at::uc_mapped_block_count);
  for (uint32_t i = 0; i < count; ++i) {
    field<uint32_t>(blocks[i], at::mr_perms) &= ~uint32_t{UC_PROT_WRITE};
    void* ops = field<void*>(blocks[i], at::mr_ops);
    // RAM has constant operations in the library itself, which are not ours to change.
    if (ops != nullptr && !in_library(ops)) field<uint32_t>(ops, at::ops_impl_max_access_size) = 8;
  }
}

void UnicornInternals::unwatch_stores(uint64_t va, bool (*holds_code)(void*, const void*), void* owner) {
  const uint64_t page = va & ~page_mask;
  for (size_t mode = 0; mode < tlb_modes; ++mode) {
    const auto mask = field<uintptr_t>(m_cpu, at::arm_tlb + 16 * mode);
    auto* table = field<char*>(m_cpu, at::arm_tlb + 16 * mode + 8);
    if (table == nullptr) continue;
    char* entry = table + (((va >> 12) & (mask >> tlb_entry_bits)) << tlb_entry_bits);
    auto& write = field<uint64_t>(entry, tlb_entry_write);
    if (write != (page | tlb_notdirty)) continue;
    // The engine keeps host addresses as a difference to the guest's.
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* host = reinterpret_cast<const void*>(page + field<uintptr_t>(entry, tlb_entry_addend));
    if (!holds_code(owner, host)) write = page;
  }
}

void UnicornInternals::watch_stores(const void* host_page) {
  fn.reset_dirty(m_cpu, reinterpret_cast<uint64_t>(host_page), page_mask + 1);
}

void* UnicornInternals::reginfo(const SystemRegister& reg) const {
  return fn.get_reginfo(field<void*>(m_cpu, at::arm_cp_regs), encode(reg));
}

bool UnicornInternals::replace(const SystemRegister& reg, SystemRegisterRead read,
                               SystemRegisterWrite write) {
  void* ri = reginfo(reg);
  if (ri == nullptr) return false;
  auto owner = std::find_if(attachments().begin(), attachments().end(),
                            [&](const Attachment& a) { return a.engine == m_engine; });
  auto* r = new Replacement{owner->owner, read, write};
  replacements().emplace_back(m_engine, r);
  field<Replacement*>(ri, at::ri_opaque) = r;
  field<int>(ri, at::ri_type) &= ~type_const;
  field<void*>(ri, at::ri_readfn) = reinterpret_cast<void*>(&replaced_read);
  field<void*>(ri, at::ri_raw_readfn) = reinterpret_cast<void*>(&replaced_read);
  field<void*>(ri, at::ri_writefn) = reinterpret_cast<void*>(&replaced_write);
  field<void*>(ri, at::ri_raw_writefn) = reinterpret_cast<void*>(&replaced_write);
  return true;
}

bool UnicornInternals::remove(const SystemRegister& reg) {
  void* ri = reginfo(reg);
  if (ri == nullptr) return false;
  field<void*>(ri, at::ri_accessfn) = reinterpret_cast<void*>(&always_undefined);
  return true;
}

bool UnicornInternals::set_constant(const SystemRegister& reg, uint64_t value) {
  void* ri = reginfo(reg);
  if (ri == nullptr || (field<int>(ri, at::ri_type) & type_const) == 0) return false;
  field<uint64_t>(ri, at::ri_resetvalue) = value;
  return true;
}

std::optional<uint64_t> UnicornInternals::constant(const SystemRegister& reg) const {
  void* ri = reginfo(reg);
  if (ri == nullptr || (field<int>(ri, at::ri_type) & type_const) == 0) return std::nullopt;
  return field<uint64_t>(ri, at::ri_resetvalue);
}

// ---- Self-test

struct UnicornInternals::Test {
  static constexpr uint64_t ram_base = 0x10000, device_base = 0x20000, page = 0x1000;
  // Page-aligned, as translations of host addresses are by page.
  alignas(4096) std::array<uint8_t, 2 * page> memory{};
  uc_engine* engine = nullptr;
  UnicornInternals internals;
  int last_loop_exit = 0;
  uint32_t last_exception = 0;
  unsigned device_reads = 0, device_read_size = 0;
  uint64_t last_syndrome = 0, last_va = 0;
  bool abort_next = false;
  uint64_t timer_written = 0;
  unsigned watched_stores = 0;

  ~Test() {
    internals.detach();
    if (engine != nullptr) uc_close(engine);
  }

  static uint64_t on_read(uc_engine* /*uc*/, uint64_t offset, unsigned size, void* user) {
    auto* t = static_cast<Test*>(user);
    ++t->device_reads;
    t->device_read_size = size;
    const bool data = t->internals.accessor() == Accessor::data;
    const uintptr_t ra = t->internals.enter_access();
    if (t->abort_next && data) {
      t->internals.external_abort(0x123456789abcu, device_base + offset, size, false, false, false, ra);
    }
    return data ? 0x1122334455667788u : 0;
  }
  static void on_write(uc_engine* /*uc*/, uint64_t, unsigned, uint64_t, void*) {}
  static void on_interrupt(uc_engine* uc, uint32_t number, void* user) {
    auto* t = static_cast<Test*>(user);
    t->last_exception = number;
    t->last_syndrome = field<uint32_t>(t->internals.m_env, at::env_syndrome);
    t->last_va = field<uint64_t>(t->internals.m_env, at::env_vaddress);
    uc_emu_stop(uc);
  }

  static bool on_watched_store(uc_engine*, uc_mem_type, uint64_t va, int, int64_t, void* user) {
    auto* t = static_cast<Test*>(user);
    ++t->watched_stores;
    t->internals.unwatch_stores(
        va, [](void*, const void*) { return false; }, nullptr);
    return true;
  }

  bool layout(std::string& error) {
    char* cpu = nullptr;
    char *env = nullptr, *decr = nullptr;
    void *back = nullptr, *table = nullptr, *cls = nullptr, *exec = nullptr, *stop = nullptr;
    const char* e = reinterpret_cast<const char*>(engine);
    bool ok = probe(e + at::uc_cpu, cpu) && probe(cpu + at::cpu_env, env) && env == cpu + at::arm_env;
    ok = ok && probe(cpu + at::cpu_uc, back) && back == engine;
    ok = ok && probe(cpu + at::cpu_icount_decr, decr) && decr > cpu + at::arm_neg && decr < env;
    ok = ok && probe(cpu + at::arm_cp_regs, table) && table != nullptr;
    ok = ok && probe(cpu + at::cpu_class, cls) &&
         probe(static_cast<char*>(cls) + at::class_exec_interrupt, exec) &&
         exec == reinterpret_cast<void*>(fn.exec_interrupt);
    ok = ok && probe(e + at::uc_stop_interrupt, stop) && stop == nullptr;
    if (!ok) {
      error = "its structures have another layout";
      return false;
    }
    const uint64_t x7 = 0x0123456789abcdef, pc = ram_base + 8;
    uint64_t seen = 0;
    uc_reg_write(engine, UC_ARM64_REG_X7, &x7);
    uc_reg_write(engine, UC_ARM64_REG_PC, &pc);
    if (!probe(env + at::env_x + 56, seen) || seen != x7 || !probe(env + at::env_pc, seen) || seen != pc) {
      error = "its registers have another layout";
      return false;
    }
    return true;
  }

  bool system_registers(std::string& error) {
    char *cpu = nullptr, *name = nullptr;
    void *table = nullptr, *read = nullptr;
    probe(reinterpret_cast<char*>(engine) + at::uc_cpu, cpu);
    probe(cpu + at::arm_cp_regs, table);
    auto* ri = static_cast<char*>(fn.get_reginfo(table, encode({3, 3, 14, 0, 2})));
    std::array<char, 11> text{};
    const bool ok = ri != nullptr && probe(ri + at::ri_name, name) && probe(name, text) &&
                    std::memcmp(text.data(), "CNTVCT_EL0", 11) == 0 && probe(ri + at::ri_readfn, read) &&
                    in_library(read);
    if (!ok) error = "its system registers are described differently";
    return ok;
  }

  bool regions(std::string& error) {
    void** blocks = nullptr;
    uint32_t count = 0;
    const char* e = reinterpret_cast<const char*>(engine);
    bool ok =
        probe(e + at::uc_mapped_blocks, blocks) && probe(e + at::uc_mapped_block_count, count) && count == 2;
    char *region = nullptr, *ops = nullptr;
    uint64_t address = 0;
    uint32_t size = 1;
    ok = ok && probe(blocks + 1, region) && probe(region + at::mr_addr, address) && address == device_base;
    ok =
        ok && probe(region + at::mr_ops, ops) && probe(ops + at::ops_impl_max_access_size, size) && size == 0;
    uint32_t ram = 0, device = 0;
    char* ram_region = nullptr;
    ok = ok && probe(blocks, ram_region) && probe(ram_region + at::mr_perms, ram) && ram == UC_PROT_ALL;
    ok = ok && probe(region + at::mr_perms, device) && device == (UC_PROT_READ | UC_PROT_WRITE);
    if (!ok) error = "its memory regions have another layout";
    return ok;
  }

  void run(std::initializer_list<uint32_t> code) {
    std::copy(code.begin(), code.end(), reinterpret_cast<uint32_t*>(memory.data()));
    internals.invalidate(memory.data(), page);
    last_loop_exit = 0;
    last_exception = 0;
    device_reads = 0;
    uc_emu_start(engine, ram_base, 0, 0, 0);
  }

  bool behaviour(std::string& error) {
    auto fails = [&](bool bad, const char* what) {
      if (bad) error = what;
      return bad;
    };
    const uint32_t svc = 0xd4000001;
    run({0xd503203f, svc});  // YIELD
    if (fails(last_loop_exit != uc_exception::yield, "it does not report YIELD")) return false;
    run({0xd503207f, svc});  // WFI
    if (fails(last_loop_exit != uc_exception::wfi, "it does not report WFI")) return false;
    uint64_t base = device_base;
    uc_reg_write(engine, UC_ARM64_REG_X1, &base);
    internals.prepare_regions();
    run({0xf9400022, svc});  // LDR X2, [X1]
    if (fails(device_reads != 1 || device_read_size != 8 || internals.x(2) != 0x1122334455667788u,
              "it does not pass 8-byte accesses to a device")) {
      return false;
    }
    base = ram_base + page;
    uc_reg_write(engine, UC_ARM64_REG_X1, &base);
    run({0xf9000022, 0xf9000022, 0xf9000022, 0xf9000022, svc});  // STR X2, [X1], four times
    if (fails(watched_stores != 2, "it does not let stores through its TLB")) return false;
    internals.watch_stores(memory.data() + page);
    run({0xf9000022, svc});
    if (fails(watched_stores != 3, "it does not stop stores in its TLB")) return false;
    base = device_base;
    uc_reg_write(engine, UC_ARM64_REG_X1, &base);
    abort_next = true;
    run({0xd503201f, 0xf9400023, svc});  // NOP; LDR X3, [X1]
    abort_next = false;
    const uint64_t abort = (0x25u << 26) | (1u << 25) | 0x10;
    if (fails(last_exception != uc_exception::data_abort || last_syndrome != abort ||
                  last_va != 0x123456789abcu || internals.pc() != ram_base + 4,
              "it does not take an external abort from a device access")) {
      return false;
    }
    internals.replace(
        {3, 3, 14, 0, 2}, [](void*) { return uint64_t{0x5eed}; }, nullptr);
    internals.replace(
        {3, 3, 14, 3, 2}, [](void*) { return uint64_t{0}; },
        [](void* t, uint64_t v) { static_cast<Test*>(t)->timer_written = v; });
    run({0xd53be044, 0xd51be344, svc});  // MRS X4, CNTVCT_EL0; MSR CNTV_CVAL_EL0, X4
    return !fails(internals.x(4) != 0x5eed || timer_written != 0x5eed,
                  "it does not take replaced system registers");
  }

  std::string run_all() {
    const unsigned version = uc_version(nullptr, nullptr);
    if ((version >> 8) != 0x020001) {
      return "libunicorn 2.0.1 is needed, found " + std::to_string(version >> 24) + "." +
             std::to_string((version >> 16) & 0xff) + "." + std::to_string((version >> 8) & 0xff);
    }
    std::string error = resolve_functions();
    if (!error.empty()) return error;
    if (uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine) != UC_ERR_OK) return "uc_open failed";
    use_4k_pages(engine);
    uint64_t no_exit = 0;
    bool ok = uc_ctl_set_cpu_model(engine, UC_CPU_ARM64_A72) == UC_ERR_OK &&
              uc_ctl_exits_enable(engine) == UC_ERR_OK &&
              uc_ctl_set_exits(engine, &no_exit, 0) == UC_ERR_OK &&
              uc_mem_map_ptr(engine, ram_base, memory.size(), UC_PROT_ALL, memory.data()) == UC_ERR_OK &&
              uc_mmio_map(engine, device_base, page, &on_read, this, &on_write, this) == UC_ERR_OK;
    uc_hook hook = 0;
    ok = ok && uc_hook_add(engine, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(&on_interrupt), this, 1, 0) ==
                   UC_ERR_OK;
    ok = ok && uc_hook_add(engine, &hook, UC_HOOK_MEM_WRITE_PROT, reinterpret_cast<void*>(&on_watched_store),
                           this, 1, 0) == UC_ERR_OK;
    if (!ok) return "an engine cannot be set up";
    uint32_t page_size = 0;
    if (uc_ctl_get_page_size(engine, &page_size) != UC_ERR_OK || page_size != page)
      return "it does not take 4 KiB pages";
    if (!layout(error) || !system_registers(error) || !regions(error)) return error;
    // Exception syndromes are those of AArch64 only below an EL3 and EL2 that say so: SCR_EL3, HCR_EL2.
    uc_arm64_cp_reg scr{1, 1, 3, 6, 0, 0x501}, hcr{1, 1, 3, 4, 0, uint64_t{1} << 31};
    uc_reg_write(engine, UC_ARM64_REG_CP_REG, &scr);
    uc_reg_write(engine, UC_ARM64_REG_CP_REG, &hcr);
    Observer observer{[](void* t, int exception) {
                        auto* test = static_cast<Test*>(t);
                        if (exception == uc_exception::interrupt) return;
                        test->last_loop_exit = exception;
                        uc_emu_stop(test->engine);
                      },
                      [](void*) {}};
    internals.attach(engine, this, observer);
    internals.registers_changed();
    if (!behaviour(error)) return error;
    return {};
  }
};

const std::string& UnicornInternals::self_test() {
  static const std::string result = [] {
    Test test;
    const std::string error = test.run_all();
    return error.empty()
               ? error
               : "the installed libunicorn is not the one this CPU model was written for (Debian 12's "
                 "libunicorn2 2.0.1, x86-64): " +
                     error;
  }();
  return result;
}

}  // namespace smmuvp::cpu
