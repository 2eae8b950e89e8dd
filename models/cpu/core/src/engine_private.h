// EngineAccess by way of the library's own structures and functions.
#pragma once

#include "engine_access.h"
#include "engine_layout.h"

namespace smmuvp::cpu {

class PrivateAccess final : public EngineAccess {
 public:
  /// `layout` and `functions` are those of the installed library, and outlive this object.
  PrivateAccess(const EngineLayout& layout, const EngineFunctions& functions)
      : m_layout(layout), m_fn(functions) {}
  ~PrivateAccess() override;
  PrivateAccess(const PrivateAccess&) = delete;
  PrivateAccess& operator=(const PrivateAccess&) = delete;

  std::string limitation() const override { return {}; }
  void use_4k_pages(uc_engine* engine) override;
  std::string attach(uc_engine* engine, EngineOwner& owner) override;
  void detach() override;
  void memory_mapped() override;

  uint64_t pc() const override;
  void set_pc(uint64_t value) override;
  uint64_t x(unsigned n) const override;
  void set_x(unsigned n, uint64_t value) override;
  void registers_changed() override;
  void flush_tlb() override;
  std::optional<uint64_t> translate(uint64_t va) override;

  uc_err start() override { return uc_emu_start(m_engine, pc(), 0, 0, 0); }
  void stop() override { uc_emu_stop(m_engine); }
  bool resume() override { return false; }
  void set_lines(bool irq, bool fiq) override;
  bool look_at_lines() override;
  bool polls() const override { return false; }
  bool before_block(uint64_t) override { return true; }
  void set_exit(std::optional<uint64_t>) override {}
  void take_exception() override;

  Access begin_access(uint64_t physical, unsigned size) override;
  bool halves_accesses() const override { return false; }
  [[noreturn]] void external_abort(uint64_t va, uint64_t pa, unsigned size, bool write, bool fetch,
                                   bool slave_error) override;
  [[noreturn]] void alignment_fault(uint64_t va, bool write) override;
  [[noreturn]] void pc_alignment_fault(uint64_t va) override;

  void invalidate(const void* host, size_t length) override;
  void forget_page(const void* host_page) override;

  std::string watch_maintenance() override;
  void invalidate_translations(unsigned op2, uint64_t operand) override;
  std::optional<uint64_t> exclusive_address() const override;
  void clear_exclusive() override;

  bool replace(const SystemRegister& reg, void* owner, RegisterRead read, RegisterWrite write) override;
  bool remove(const SystemRegister& reg) override;
  bool set_constant(const SystemRegister& reg, uint64_t value) override;
  std::optional<uint64_t> constant(const SystemRegister& reg) const override;

  /// ESR and FAR of the exception that is being raised; for the self-test.
  uint32_t syndrome() const;
  uint64_t fault_address() const;

 private:
  static bool on_exception(uc_engine* engine, int exception);
  static bool on_exec_interrupt(void* cpu, int request);
  static bool on_tlb_fill(void* cpu, uint64_t va, int size, int access, int mmu_idx, bool probe,
                          uintptr_t return_address);
  static void on_interrupt(uc_engine* uc, uint32_t number, void* user);
  static uint32_t on_sys(uc_engine* uc, uc_arm64_reg reg, const uc_arm64_cp_reg* cp, void* user);
  void page_mapped(uint64_t va, int access, int mmu_idx);
  void* reginfo(const SystemRegister& reg) const;

  const EngineLayout& m_layout;
  const EngineFunctions& m_fn;
  uc_engine* m_engine = nullptr;
  EngineOwner* m_owner = nullptr;
  char* m_cpu = nullptr;  // CPUState, the start of ARMCPU
  char* m_env = nullptr;  // CPUARMState
  uintptr_t m_return_address = 0;
};

/// Runs code on an engine of its own. Empty when the library behaves as PrivateAccess assumes, else what it
/// does not do.
std::string test_private_access(const EngineLayout& layout, const EngineFunctions& functions);

}  // namespace smmuvp::cpu
