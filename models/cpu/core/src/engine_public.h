// EngineAccess by the public interface of libunicorn alone: for releases whose insides nobody here knows.
// What a call-back cannot do at once is noted there and done when uc_emu_start has come back.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "engine_access.h"

namespace smmuvp::cpu {

/// What a trial on an engine of its own found out about the library.
struct PublicTraits {
  size_t context_syndrome = 0, context_fault_address = 0;  ///< where a saved context has them, in bytes
  size_t context_exclusive = 0;  ///< where a saved context has the exclusive monitor's address; 0: nowhere
  bool rebuilds_flags = false;   ///< writing a system register makes the engine look at EL again
  bool pages_of_4k = false;      ///< the page size can be set
};

class PublicAccess final : public EngineAccess {
 public:
  explicit PublicAccess(const PublicTraits& traits) : m_traits(traits) {}
  ~PublicAccess() override;
  PublicAccess(const PublicAccess&) = delete;
  PublicAccess& operator=(const PublicAccess&) = delete;

  std::string limitation() const override;
  void use_4k_pages(uc_engine* engine) override;
  std::string attach(uc_engine* engine, EngineOwner& owner) override;
  void detach() override;
  void memory_mapped() override {}

  uint64_t pc() const override;
  void set_pc(uint64_t value) override;
  uint64_t x(unsigned n) const override;
  void set_x(unsigned n, uint64_t value) override;
  void registers_changed() override;
  void flush_tlb() override;
  std::optional<uint64_t> translate(uint64_t va) override;

  uc_err start() override;
  void stop() override;
  bool resume() override;
  void set_exit(std::optional<uint64_t> va) override { m_exit = va; }
  void set_lines(bool irq, bool fiq) override;
  bool look_at_lines() override;
  bool polls() const override { return true; }
  bool before_block(uint64_t address) override;
  void take_exception() override;

  Access begin_access(uint64_t physical, unsigned size) override;
  bool halves_accesses() const override { return true; }
  void external_abort(uint64_t va, uint64_t pa, unsigned size, bool write, bool fetch,
                      bool slave_error) override;
  void alignment_fault(uint64_t va, bool write) override;
  void pc_alignment_fault(uint64_t va) override;

  void invalidate(const void* host, size_t length) override;
  void forget_page(const void* host_page) override;

  std::string watch_maintenance() override { return {}; }  // it always does
  void invalidate_translations(unsigned op2, uint64_t operand) override;
  std::optional<uint64_t> exclusive_address() const override;
  void clear_exclusive() override;

  bool replace(const SystemRegister& reg, void* owner, RegisterRead read, RegisterWrite write) override;
  bool remove(const SystemRegister& reg) override;
  bool set_constant(const SystemRegister& reg, uint64_t value) override;
  std::optional<uint64_t> constant(const SystemRegister& reg) const override;

 private:
  struct Fault {
    int number;
    uint32_t syndrome;
    uint64_t address, pc;
  };
  struct Override {
    enum class Kind { functions, constant, undefined } kind;
    void* owner;
    RegisterRead read;
    RegisterWrite write;
    uint64_t value;
  };
  // A page of virtual addresses that code was executed from.
  struct View {
    uint64_t va;
    unsigned el;
  };

  static void on_interrupt(uc_engine* uc, uint32_t number, void* user);
  static void on_code(uc_engine* uc, uint64_t address, uint32_t size, void* user);
  static bool on_fetch_prot(uc_engine* uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                            void* user);
  static uint32_t on_mrs(uc_engine* uc, uc_arm64_reg reg, const uc_arm64_cp_reg* cp, void* user);
  static uint32_t on_msr(uc_engine* uc, uc_arm64_reg reg, const uc_arm64_cp_reg* cp, void* user);
  static uint32_t on_sys(uc_engine* uc, uc_arm64_reg reg, const uc_arm64_cp_reg* cp, void* user);

  uint64_t get(int reg) const;
  void set(int reg, uint64_t value);
  uint64_t get_system(const SystemRegister& reg) const;
  void set_system(const SystemRegister& reg, uint64_t value);
  unsigned pstate() const { return static_cast<unsigned>(get(UC_ARM64_REG_PSTATE)); }
  unsigned current_el() const { return (pstate() >> 2) & 3; }
  const Override* find(const uc_arm64_cp_reg& cp) const;
  bool allowed(const uc_arm64_cp_reg& cp) const;

  void refuse(const Fault& fault);
  void read_fault(int number);
  void enter(unsigned vector);
  std::optional<uint64_t> locate(uint64_t va, bool as_el0);
  const uint8_t* code_host(uint64_t va);
  std::optional<uint32_t> code_word(uint64_t va);
  bool is_data_access(uint32_t word, uint64_t physical);
  void tables_changed();
  bool drop_at(uint64_t va, size_t length);
  void drop_code();

  const PublicTraits m_traits;
  uc_engine* m_engine = nullptr;
  EngineOwner* m_owner = nullptr;
  uc_context* m_context = nullptr;  // scratch
  uc_context* m_refused_at = nullptr;

  bool m_inside = false;   // uc_emu_start
  bool m_stopped = false;  // stop() was called in there
  bool m_in_access = false;
  bool m_translating = false, m_walked = false;
  uint64_t m_instruction = 0;  // executed last
  bool m_instruction_valid = false;
  std::optional<uint64_t> m_pending_pc, m_exit;
  bool m_clear_exclusive = false;  // before the next block
  bool m_irq = false, m_fiq = false;
  unsigned m_pending_line = 0;  // vector offset
  int m_raised = 0;             // the exception that the library reported
  bool m_refused = false, m_restart = false;
  Fault m_fault{};

  std::unordered_map<uint32_t, Override> m_overrides;
  uint64_t m_page = ~uint64_t{0};  // the one that code_host() found last
  const uint8_t* m_page_host = nullptr;
  uint64_t m_block_page = ~uint64_t{0};
  std::map<const uint8_t*, std::vector<View>> m_views;       // by page of host memory
  std::vector<std::pair<const uint8_t*, size_t>> m_dropped;  // code to be forgotten
};

}  // namespace smmuvp::cpu
