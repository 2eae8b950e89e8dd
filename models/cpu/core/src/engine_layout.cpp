#include "engine_layout.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <type_traits>
#include <vector>

namespace smmuvp::cpu {
namespace {

// By offsetof in each release's sources. The releases between 2.0.1 and 2.1.4 are all there are.
constexpr EngineLayout layouts[] = {
    {"2.0.1", 0xc8, 0x180, 0x270, 0x748, 0x750, 0x88, 0x9680, 0x9750, 0xc910, 5, 0x18, 0},
    {"2.1.0, 2.1.1", 0xd0, 0x1a0, 0x298, 0x790, 0x798, 0x90, 0xa280, 0xa350, 0xd510, 6, 0x20, 1},
    {"2.1.2, 2.1.3", 0xd0, 0x1a8, 0x2a0, 0x798, 0x7a0, 0x90, 0xa280, 0xa350, 0xd510, 6, 0x20, -1},
    {"2.1.4", 0xe0, 0x1b8, 0x2b0, 0x7a8, 0x7b0, 0x90, 0xa280, 0xa350, 0xd510, 6, 0x20, -1},
};

constexpr const char* unknown_structures = "its structures are those of no known release";

// The offsets above are those of a host whose sigjmp_buf has the size of x86-64's.
constexpr size_t host_shift = sizeof(sigjmp_buf) - 200;

}  // namespace

size_t EngineLayout::cpu_env() { return 0x128 + host_shift; }
size_t EngineLayout::cpu_icount_decr() { return 0x130 + host_shift; }
size_t EngineLayout::cpu_mem_io_pc() { return 0x8178 + host_shift; }
size_t EngineLayout::cpu_uc() { return 0x81a8 + host_shift; }
size_t EngineLayout::cpu_class() { return 0x81b0 + host_shift; }
size_t EngineLayout::tlb() const { return arm_tlb + host_shift; }
size_t EngineLayout::env() const { return arm_env + host_shift; }
size_t EngineLayout::cp_regs() const { return arm_cp_regs + host_shift; }

// The kernel copies what it can read into a pipe, and answers EFAULT for the rest. Called without the C
// library's wrapper, in which sanitizers would look at the address first.
bool probe_memory(const void* address, void* value, size_t size) {
  static const std::array<int, 2> ends = [] {
    std::array<int, 2> e{-1, -1};
    if (pipe2(e.data(), O_CLOEXEC) != 0) e = {-1, -1};
    return e;
  }();
  if (syscall(SYS_write, ends[1], address, size) != static_cast<long>(size)) return false;
  return read(ends[0], value, size) == static_cast<ssize_t>(size);
}

bool in_library(const void* address) {
  Dl_info ours{}, theirs{};
  return address != nullptr && dladdr(reinterpret_cast<void*>(&uc_open), &ours) != 0 &&
         dladdr(address, &theirs) != 0 && ours.dli_fbase == theirs.dli_fbase;
}

std::string EngineFunctions::resolve() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&uc_version), &info) == 0) return "its file cannot be found";
  // Already loaded; asked for by name because a plugin's libraries are not in the global scope.
  void* library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return std::string("cannot open ") + info.dli_fname;
  std::string missing;
  auto find = [&](auto& pointer, const char* name) {
    void* symbol = dlsym(library, name);
    if (symbol == nullptr) missing += (missing.empty() ? "" : ", ") + std::string(name);
    pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(symbol);
  };
  find(do_interrupt, "arm_cpu_do_interrupt_aarch64");
  find(exec_interrupt, "arm_cpu_exec_interrupt_aarch64");
  find(tlb_fill, "arm_cpu_tlb_fill_aarch64");
  find(transaction_failed, "arm_cpu_do_transaction_failed_aarch64");
  find(unaligned_access, "arm_cpu_do_unaligned_access_aarch64");
  find(raise_exception, "raise_exception_aarch64");
  find(phys_page_debug, "arm_cpu_get_phys_page_attrs_debug_aarch64");
  find(page_addr_code_hostp, "get_page_addr_code_hostp_aarch64");
  find(restore_state, "cpu_restore_state_aarch64");
  find(invalidate_range, "tb_invalidate_phys_range_aarch64");
  find(ram_addr_from_host, "qemu_ram_addr_from_host_aarch64");
  find(rebuild_hflags, "arm_rebuild_hflags_aarch64");
  find(flush_tlb, "tlb_flush_aarch64");
  find(reset_dirty, "tlb_reset_dirty_aarch64");
  find(get_reginfo, "get_arm_cp_reginfo_aarch64");
  if (!missing.empty()) return std::string(info.dli_fname) + " lacks " + missing;
  return {};
}

// ---- The proof

namespace {

// An engine with a page of RAM and a page of device, initialised.
class Specimen {
 public:
  static constexpr uint64_t ram_base = 0x10000, device_base = 0x20000, page = 0x1000;

  Specimen() {
    uint64_t none = 0;
    uint32_t page_size = 0;
    m_ok = uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &m_engine) == UC_ERR_OK &&
           uc_ctl_set_cpu_model(m_engine, UC_CPU_ARM64_A72) == UC_ERR_OK &&
           uc_ctl_exits_enable(m_engine) == UC_ERR_OK && uc_ctl_set_exits(m_engine, &none, 0) == UC_ERR_OK &&
           uc_mem_map_ptr(m_engine, ram_base, page, UC_PROT_ALL, m_memory.data()) == UC_ERR_OK &&
           uc_mmio_map(m_engine, device_base, page, &on_read, nullptr, &on_write, nullptr) == UC_ERR_OK &&
           uc_ctl_get_page_size(m_engine, &page_size) == UC_ERR_OK;
  }
  ~Specimen() {
    if (m_engine != nullptr) uc_close(m_engine);
  }
  Specimen(const Specimen&) = delete;
  Specimen& operator=(const Specimen&) = delete;

  bool ok() const { return m_ok; }
  uc_engine* engine() { return m_engine; }

 private:
  static uint64_t on_read(uc_engine*, uint64_t, unsigned, void*) { return 0; }
  static void on_write(uc_engine*, uint64_t, unsigned, uint64_t, void*) {}

  alignas(4096) std::array<uint8_t, page> m_memory{};
  uc_engine* m_engine = nullptr;
  bool m_ok = false;
};

// The page size has a public setting, for the other architecture: it shows where the field is.
bool has_page_size(const EngineLayout& l) {
  uc_engine* engine = nullptr;
  if (uc_open(UC_ARCH_ARM, UC_MODE_ARM, &engine) != UC_ERR_OK) return false;
  const char* bits = reinterpret_cast<const char*>(engine) + l.uc_target_bits;
  int before = 0, small = 0, large = 0;
  const bool ok = probe(bits, before) && uc_ctl_set_page_size(engine, 4096) == UC_ERR_OK &&
                  probe(bits, small) && uc_ctl_set_page_size(engine, 16384) == UC_ERR_OK &&
                  probe(bits, large);
  uc_close(engine);
  return ok && before == 0 && (small == 12 || small == 13) && large == small + 2;
}

// The table of system registers is asked by calling into the library, so it must be one: its size and mask
// agree, and its functions are the library's. (GHashTable of the library's own glib.)
bool is_hash_table(const void* table) {
  struct {
    int size, mod;
    unsigned mask;
    int used, occupied;
    const void* nodes;
    const void *hash, *equal;
  } head{};
  char node = 0;
  return probe(table, head) && head.size > 0 && head.mask + 1 == static_cast<unsigned>(head.size) &&
         head.used > 0 && head.used <= head.occupied && head.occupied <= head.size &&
         probe(head.nodes, node) && in_library(head.hash) && in_library(head.equal);
}

bool has_structures(const EngineLayout& l, const EngineFunctions& fn, uc_engine* engine) {
  char* cpu = nullptr;
  char *env = nullptr, *decr = nullptr;
  void *back = nullptr, *table = nullptr, *cls = nullptr, *exec = nullptr, *fill = nullptr, *stop = nullptr;
  uintptr_t io_pc = 1;
  uint32_t request = 1;
  const char* e = reinterpret_cast<const char*>(engine);
  bool ok = probe(e + l.uc_cpu, cpu) && probe(cpu + l.cpu_env(), env) && env == cpu + l.env();
  ok = ok && probe(cpu + l.cpu_uc(), back) && back == engine;
  ok = ok && probe(cpu + l.cpu_icount_decr(), decr) && decr > cpu + l.cpu_class() && decr < env;
  ok = ok && probe(cpu + l.cpu_mem_io_pc(), io_pc) && io_pc == 0;
  ok = ok && probe(cpu + l.cpu_interrupt_request, request) && request == 0;
  ok = ok && probe(cpu + l.cp_regs(), table) && is_hash_table(table);
  ok = ok && probe(cpu + l.cpu_class(), cls) &&
       probe(static_cast<char*>(cls) + l.class_exec_interrupt, exec) &&
       exec == reinterpret_cast<void*>(fn.exec_interrupt) &&
       probe(static_cast<char*>(cls) + l.class_tlb_fill, fill) &&
       fill == reinterpret_cast<void*>(fn.tlb_fill);
  // Unused for this architecture, between two functions that are not.
  void *before = nullptr, *behind = nullptr;
  return ok && probe(e + l.uc_stop_interrupt, stop) && stop == nullptr &&
         probe(e + l.uc_stop_interrupt - 8, before) && in_library(before) &&
         probe(e + l.uc_stop_interrupt + 8, behind) && in_library(behind);
}

// Each mode's TLB is a mask of whole entries and a table.
bool has_tlb(const EngineLayout& l, uc_engine* engine) {
  char *cpu = nullptr, *entry = nullptr;
  probe(reinterpret_cast<char*>(engine) + l.uc_cpu, cpu);
  for (size_t mode = 0; mode < 12; ++mode) {
    uintptr_t mask = 0;
    if (!probe(cpu + l.tlb() + 16 * mode, mask) || !probe(cpu + l.tlb() + 16 * mode + 8, entry)) return false;
    const uintptr_t entries = (mask >> l.tlb_entry_bits) + 1;
    if ((entries & (entries - 1)) != 0 || mask != (entries - 1) << l.tlb_entry_bits || entries < 2)
      return false;
    uint64_t address = 0;  // an empty entry has all ones everywhere
    if (!probe(entry + l.tlb_entry_write, address) || address != ~uint64_t{0}) return false;
  }
  return true;
}

bool has_registers(const EngineLayout& l, uc_engine* engine) {
  char *cpu = nullptr, *env = nullptr;
  probe(reinterpret_cast<char*>(engine) + l.uc_cpu, cpu);
  probe(cpu + l.cpu_env(), env);
  const uint64_t x7 = 0x0123456789abcdef, pc = Specimen::ram_base + 8;
  uint64_t seen = 0;
  uc_reg_write(engine, UC_ARM64_REG_X7, &x7);
  uc_reg_write(engine, UC_ARM64_REG_PC, &pc);
  return probe(env + l.env_x + 56, seen) && seen == x7 && probe(env + l.env_pc, seen) && seen == pc;
}

bool has_system_registers(const EngineLayout& l, const EngineFunctions& fn, uc_engine* engine) {
  char *cpu = nullptr, *name = nullptr;
  void *table = nullptr, *read = nullptr;
  probe(reinterpret_cast<char*>(engine) + l.uc_cpu, cpu);
  probe(cpu + l.cp_regs(), table);
  auto* ri = static_cast<char*>(fn.get_reginfo(table, encode_register(3, 3, 14, 0, 2)));
  std::array<char, 11> text{};
  return ri != nullptr && probe(ri + l.ri_name, name) && probe(name, text) &&
         std::memcmp(text.data(), "CNTVCT_EL0", 11) == 0 && probe(ri + l.ri_readfn, read) && in_library(read);
}

bool has_regions(const EngineLayout& l, uc_engine* engine) {
  void** blocks = nullptr;
  uint32_t count = 0;
  const char* e = reinterpret_cast<const char*>(engine);
  if (!probe(e + l.uc_mapped_blocks, blocks) || !probe(e + l.uc_mapped_block_count, count) || count != 2)
    return false;
  const uint64_t addresses[] = {Specimen::ram_base, Specimen::device_base};
  const uint32_t perms[] = {UC_PROT_ALL, UC_PROT_READ | UC_PROT_WRITE};
  for (unsigned i = 0; i < 2; ++i) {
    char* region = nullptr;
    uint64_t address = 0;
    uint32_t seen = 0;
    int32_t priority = 1;
    if (!probe(blocks + i, region) || !probe(region + l.mr_addr, address) || address != addresses[i] ||
        !probe(region + l.mr_perms, seen) || seen != perms[i] || !probe(region + l.mr_priority, priority) ||
        priority != 0)
      return false;
    char* ops = nullptr;
    uint32_t size = 1;
    if (i == 1 && (!probe(region + l.mr_ops, ops) || ops == nullptr || in_library(ops) ||
                   !probe(ops + l.ops_impl_max_access_size, size) || size != 0))
      return false;
  }
  return true;
}

}  // namespace

std::string differs(const EngineLayout& l, const EngineFunctions& functions) {
  Specimen specimen;
  if (!specimen.ok()) return "an engine cannot be set up";
  uc_engine* engine = specimen.engine();
  if (!has_structures(l, functions, engine) || !has_page_size(l)) return unknown_structures;
  const std::string like = std::string("it resembles ") + l.versions + ", but its ";
  if (!has_tlb(l, engine)) return like + "TLB has another layout";
  if (!has_registers(l, engine)) return like + "registers have another layout";
  if (!has_system_registers(l, functions, engine)) return like + "system registers are described differently";
  if (!has_regions(l, engine)) return like + "memory regions have another layout";
  return {};
}

const EngineLayout* find_layout(const EngineFunctions& functions, std::string& why) {
  why = unknown_structures;
  for (const EngineLayout& l : layouts) {
    const std::string difference = differs(l, functions);
    if (difference.empty()) return &l;
    if (difference != unknown_structures) why = difference;
  }
  return nullptr;
}

}  // namespace smmuvp::cpu
