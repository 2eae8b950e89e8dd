// Where libunicorn keeps what no public call reaches, for the versions that are known, and the proof that the
// installed library is one of them. Everything is read before it is believed, and so that a wrong offset ends
// in a message instead of a crash.
#pragma once

#include <unicorn/unicorn.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace smmuvp::cpu {

/// Byte offsets in structures of the library, which is compiled for AArch64 guests on LP64 hosts.
struct EngineLayout {
  const char* versions;  ///< the releases that are built so
  // uc_struct
  size_t uc_stop_interrupt, uc_cpu, uc_target_bits, uc_mapped_blocks, uc_mapped_block_count;
  size_t class_exec_interrupt;  ///< CPUClass
  // ARMCPU
  size_t arm_tlb, arm_env, arm_cp_regs;
  // CPUTLBEntry
  size_t tlb_entry_bits, tlb_entry_addend;
  /// MemoryRegion.priority with which the library leaves a page watched after a store to it.
  int32_t watched_priority;

  // CPUState begins with a sigjmp_buf, whose size is the host processor's.
  static constexpr size_t cpu_interrupt_request = 0x1c;
  static size_t cpu_env();
  static size_t cpu_icount_decr();
  static size_t cpu_mem_io_pc();
  static size_t cpu_uc();
  static size_t cpu_class();
  size_t tlb() const;
  size_t env() const;
  size_t cp_regs() const;

  static constexpr size_t class_tlb_fill = 0x48;
  // CPUARMState
  static constexpr size_t env_x = 0x40, env_pc = 0x140, env_syndrome = 0xbd0, env_vaddress = 0xbd8,
                          env_exclusive_addr = 0x2f00;
  // ARMCPRegInfo
  static constexpr size_t ri_name = 0x0, ri_type = 0x14, ri_opaque = 0x20, ri_resetvalue = 0x28,
                          ri_accessfn = 0x48, ri_readfn = 0x50, ri_writefn = 0x58, ri_raw_readfn = 0x60,
                          ri_raw_writefn = 0x68;
  // MemoryRegion, MemoryRegionOps
  static constexpr size_t mr_ops = 0x10, mr_addr = 0x40, mr_priority = 0x5c, mr_perms = 0x88;
  static constexpr size_t ops_impl_max_access_size = 0x44;
  // CPUTLBEntry
  static constexpr size_t tlb_entry_write = 8, tlb_entry_code = 16;
};

/// Functions of the library that it exports, but declares in no public header.
struct EngineFunctions {
  void (*do_interrupt)(void* cpu);
  bool (*exec_interrupt)(void* cpu, int request);
  bool (*tlb_fill)(void* cpu, uint64_t va, int size, int access, int mmu_idx, bool probe,
                   uintptr_t return_address);
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

  /// Empty, or what the library lacks.
  std::string resolve();
};

/// Reads `size` bytes of what may not be mapped.
bool probe_memory(const void* address, void* value, size_t size);
template <class T>
bool probe(const void* address, T& value) {
  return probe_memory(address, &value, sizeof value);
}

template <class T>
T& field(void* object, size_t offset) {
  return *reinterpret_cast<T*>(static_cast<char*>(object) + offset);
}

/// Whether an address lies in the file of the library.
bool in_library(const void* address);

/// The key of a register in the library's table.
constexpr uint32_t encode_register(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
  return (1u << 28) | (0x13u << 16) | (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2;
}

/// Empty when an engine of the installed library has this layout, else what differs.
std::string differs(const EngineLayout& layout, const EngineFunctions& functions);

/// The layout that the installed library has been shown to have; null with `why` when it has none of the
/// known ones. Makes engines of its own.
const EngineLayout* find_layout(const EngineFunctions& functions, std::string& why);

}  // namespace smmuvp::cpu
