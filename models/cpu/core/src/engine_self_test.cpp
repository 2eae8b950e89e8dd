// What PrivateAccess assumes of the library's behaviour, tried on an engine with memory of its own.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "engine_private.h"

namespace smmuvp::cpu {
namespace {

class SelfTest final : public EngineOwner {
 public:
  SelfTest(const EngineLayout& layout, const EngineFunctions& functions) : m_access(layout, functions) {}
  ~SelfTest() {
    m_access.detach();
    if (m_engine != nullptr) uc_close(m_engine);
  }

  std::string run_all() {
    if (!set_up()) return "an engine cannot be set up";
    uint32_t page_size = 0;
    if (uc_ctl_get_page_size(m_engine, &page_size) != UC_ERR_OK || page_size != page)
      return "it does not take 4 KiB pages";
    const char* error = loop();
    if (error == nullptr) error = memory();
    if (error == nullptr) error = registers();
    return error == nullptr ? std::string() : std::string("it ") + error;
  }

 private:
  static constexpr uint64_t ram_base = 0x10000, device_base = 0x20000, page = 0x1000;
  static constexpr uint32_t svc = 0xd4000001, nop = 0xd503201f;

  bool set_up() {
    if (uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &m_engine) != UC_ERR_OK) return false;
    m_access.use_4k_pages(m_engine);
    uint64_t no_exit = 0;
    if (uc_ctl_set_cpu_model(m_engine, UC_CPU_ARM64_A72) != UC_ERR_OK ||
        uc_ctl_exits_enable(m_engine) != UC_ERR_OK || uc_ctl_set_exits(m_engine, &no_exit, 0) != UC_ERR_OK ||
        uc_mem_map_ptr(m_engine, ram_base, m_memory.size(), UC_PROT_ALL, m_memory.data()) != UC_ERR_OK ||
        uc_mmio_map(m_engine, device_base, page, &on_read, this, &on_write, this) != UC_ERR_OK ||
        !m_access.attach(m_engine, *this).empty())
      return false;
    uc_hook hook = 0;
    if (uc_hook_add(m_engine, &hook, UC_HOOK_BLOCK, reinterpret_cast<void*>(&on_block), this, 1, 0) !=
        UC_ERR_OK)
      return false;
    // Exception syndromes are those of AArch64 only below an EL3 and EL2 that say so: SCR_EL3, HCR_EL2.
    uc_arm64_cp_reg scr{1, 1, 3, 6, 0, 0x501}, hcr{1, 1, 3, 4, 0, uint64_t{1} << 31};
    uc_reg_write(m_engine, UC_ARM64_REG_CP_REG, &scr);
    uc_reg_write(m_engine, UC_ARM64_REG_CP_REG, &hcr);
    m_access.memory_mapped();
    m_access.registers_changed();
    return true;
  }

  void load(std::initializer_list<uint32_t> code) {
    std::copy(code.begin(), code.end(), reinterpret_cast<uint32_t*>(m_memory.data()));
    m_access.invalidate(m_memory.data(), page);
  }
  void start(uint64_t pc = ram_base) {
    m_loop_left = m_exception = 0;
    m_reads = m_interrupts = 0;
    uc_emu_start(m_engine, pc, 0, 0, 0);
  }
  void run(std::initializer_list<uint32_t> code) {
    load(code);
    start();
  }

  const char* loop() {
    run({0xd503203f, svc});  // YIELD
    if (m_loop_left != uc_exception::yield) return "does not report YIELD";
    run({0xd503207f, svc});  // WFI
    if (m_loop_left != uc_exception::wfi) return "does not report WFI";
    run({svc});
    if (m_exception != uc_exception::svc || m_syndrome != (0x15u << 26 | 1u << 25))
      return "does not report SVC";
    // A line that rises while blocks are chained: MSR DAIFClr, #2; B .
    uc_arm64_cp_reg vbar{12, 0, 3, 0, 0, ram_base + 0x800};
    uc_reg_write(m_engine, UC_ARM64_REG_CP_REG, &vbar);
    std::copy_n(&svc, 1, reinterpret_cast<uint32_t*>(m_memory.data() + 0x800 + 0x280));
    m_raise_line = true;
    run({0xd50342ff, 0x14000000});
    m_access.set_lines(false, false);
    if (m_interrupts != 1 || m_exception != uc_exception::svc) return "does not take an interrupt";
    return nullptr;
  }

  const char* memory() {
    m_access.set_x(1, device_base);
    run({0xf9400022, svc});  // LDR X2, [X1]
    if (m_reads != 1 || m_read_size != 8 || m_access.x(2) != 0x1122334455667788u)
      return "does not pass 8-byte accesses to a device";
    m_abort_next = true;
    run({nop, 0xf9400023, svc});  // NOP; LDR X3, [X1]
    m_abort_next = false;
    const uint64_t abort = (0x25u << 26) | (1u << 25) | 0x10;
    if (m_exception != uc_exception::data_abort || m_syndrome != abort || m_va != 0x123456789abcu ||
        m_access.pc() != ram_base + 4)
      return "does not take an external abort from a device access";
    // Code that stores into its own page, twice: each time the code behind is to be seen anew.
    m_access.set_x(1, ram_base + 0x100);
    for (const uint32_t value : {1u, 2u, 3u}) {
      m_access.set_x(2, 0xd2800003u | value << 5);  // MOV X3, #value
      auto* code = reinterpret_cast<uint32_t*>(m_memory.data() + 0x100);
      if (value == 1) code[0] = code[1] = svc;
      run({0xb9000022, svc});  // STR W2, [X1]
      start(ram_base + 0x100);
      if (m_access.x(3) != value) return "does not see stores to translated code";
    }
    m_access.set_x(1, ram_base + 0x108);
    run({0xc85f7c22, 0xd2800001, svc});  // LDXR X2, [X1]; MOV X1, #0
    if (m_access.exclusive_address() != ram_base + 0x108) return "does not show the exclusive monitor";
    m_access.set_x(1, ram_base + 0x108);
    m_access.clear_exclusive();
    run({0xc8037c22, svc});  // STXR W3, X2, [X1]
    if (m_access.x(3) != 1) return "does not let the exclusive monitor be opened";
    if (m_code_reports == 0) return "does not report where code is";
    return nullptr;
  }

  const char* registers() {
    m_access.replace(
        {3, 3, 14, 0, 2}, this, [](void*) { return uint64_t{0x5eed}; }, nullptr);
    m_access.replace(
        {3, 3, 14, 3, 2}, this, [](void*) { return uint64_t{0}; },
        [](void* t, uint64_t v) { static_cast<SelfTest*>(t)->m_timer_written = v; });
    run({0xd53be044, 0xd51be344, svc});  // MRS X4, CNTVCT_EL0; MSR CNTV_CVAL_EL0, X4
    if (m_access.x(4) != 0x5eed || m_timer_written != 0x5eed)
      return "does not take replaced system registers";
    return nullptr;
  }

  // ---- EngineOwner
  void exception_raised(int number) override {
    m_exception = number;
    m_syndrome = m_access.syndrome();
    m_va = m_access.fault_address();
    uc_emu_stop(m_engine);
  }
  void loop_left(int number) override {
    if (number == uc_exception::interrupt) return;
    m_loop_left = number;
    uc_emu_stop(m_engine);
  }
  bool takes_interrupts() const override { return true; }
  void interrupt_taken() override { ++m_interrupts; }
  void beyond_engine(const std::string&) override {}
  bool code_translated(const void* host_page) override {
    ++m_code_reports;
    return !std::exchange(host_page == m_memory.data() ? m_holds_code[0] : m_holds_code[1], true);
  }
  bool holds_code(const void* host_page) override {
    return host_page == m_memory.data() ? m_holds_code[0] : m_holds_code[1];
  }
  void maintenance(const SystemRegister&, uint64_t) override {}
  uint8_t* host_address(uint64_t) override { return nullptr; }

  static uint64_t on_read(uc_engine* /*uc*/, uint64_t offset, unsigned size, void* user) {
    auto* t = static_cast<SelfTest*>(user);
    ++t->m_reads;
    t->m_read_size = size;
    if (t->m_access.begin_access(device_base + offset, size).accessor != EngineAccess::Accessor::data)
      return 0;
    if (t->m_abort_next)
      t->m_access.external_abort(0x123456789abcu, device_base + offset, size, false, false, false);
    return 0x1122334455667788u;
  }
  static void on_write(uc_engine* /*uc*/, uint64_t, unsigned, uint64_t, void*) {}
  static void on_block(uc_engine*, uint64_t address, uint32_t, void* user) {
    auto* t = static_cast<SelfTest*>(user);
    if (!t->m_raise_line || address == ram_base) return;
    t->m_raise_line = false;
    t->m_access.set_lines(true, false);
    t->m_access.look_at_lines();
  }

  alignas(4096) std::array<uint8_t, 2 * page> m_memory{};
  uc_engine* m_engine = nullptr;
  PrivateAccess m_access;
  int m_loop_left = 0, m_exception = 0;
  unsigned m_reads = 0, m_read_size = 0, m_interrupts = 0, m_code_reports = 0;
  uint32_t m_syndrome = 0;
  uint64_t m_va = 0, m_timer_written = 0;
  bool m_abort_next = false, m_raise_line = false;
  std::array<bool, 2> m_holds_code{};
};

}  // namespace

std::string test_private_access(const EngineLayout& layout, const EngineFunctions& functions) {
  SelfTest test(layout, functions);
  return test.run_all();
}

}  // namespace smmuvp::cpu
