#include "engine_trial.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

namespace smmuvp::cpu {
namespace {

class Trial {
 public:
  ~Trial() {
    if (m_context != nullptr) uc_context_free(m_context);
    if (m_engine != nullptr) uc_close(m_engine);
  }

  std::string run(PublicTraits& traits) {
    uint64_t no_exit = 0;
    if (uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &m_engine) != UC_ERR_OK) return "uc_open fails";
    traits.pages_of_4k = uc_ctl_set_page_size(m_engine, page) == UC_ERR_OK;
    uc_hook hook = 0;
    const bool ok =
        uc_ctl_set_cpu_model(m_engine, UC_CPU_ARM64_A72) == UC_ERR_OK &&
        uc_ctl_exits_enable(m_engine) == UC_ERR_OK && uc_ctl_set_exits(m_engine, &no_exit, 0) == UC_ERR_OK &&
        uc_mem_map_ptr(m_engine, ram_base, m_memory.size(), UC_PROT_ALL, m_memory.data()) == UC_ERR_OK &&
        uc_hook_add(m_engine, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(&on_interrupt), this, 1, 0) ==
            UC_ERR_OK &&
        uc_context_alloc(m_engine, &m_context) == UC_ERR_OK;
    if (!ok) return "an engine cannot be set up";
    uint32_t page_size = 0;
    traits.pages_of_4k =
        traits.pages_of_4k && uc_ctl_get_page_size(m_engine, &page_size) == UC_ERR_OK && page_size == page;
    // Syndromes are those of AArch64 only below an EL3 and EL2 that say so: SCR_EL3, HCR_EL2.
    system(1, 1, 3, 6, 0, 0x501);
    system(1, 1, 3, 4, 0, uint64_t{1} << 31);
    const auto syndrome = find_syndrome();
    if (!syndrome) return "a saved context does not show ESR";
    traits.context_syndrome = *syndrome;
    const auto address = find_fault_address();
    if (!address) return "a saved context does not show FAR";
    traits.context_fault_address = *address;
    traits.context_exclusive = find_exclusive().value_or(0);
    traits.rebuilds_flags = rebuilds_flags();
    return {};
  }

 private:
  static constexpr uint64_t ram_base = 0x10000, page = 0x1000, data = ram_base + page;
  static constexpr uint32_t svc_0 = 0xd4000001, eret = 0xd69f03e0;
  static constexpr uint32_t svc(uint32_t immediate) { return svc_0 | immediate << 5; }

  static void on_interrupt(uc_engine* uc, uint32_t number, void* user) {
    auto* self = static_cast<Trial*>(user);
    self->m_exception = static_cast<int>(number);
    uc_emu_stop(uc);
  }

  void system(unsigned crn, unsigned crm, unsigned op0, unsigned op1, unsigned op2, uint64_t value) {
    uc_arm64_cp_reg cp{crn, crm, op0, op1, op2, value};
    uc_reg_write(m_engine, UC_ARM64_REG_CP_REG, &cp);
  }

  // Each run is at an address of its own, so that no code changes.
  int run(std::initializer_list<uint32_t> code) {
    const uint64_t at = std::exchange(m_next, m_next + 64);
    std::copy(code.begin(), code.end(), reinterpret_cast<uint32_t*>(m_memory.data() + (at - ram_base)));
    return start(at);
  }
  int start(uint64_t pc) {
    m_exception = 0;
    uc_emu_start(m_engine, pc, 0, 0, 0);
    return m_exception;
  }

  // The one place in which contexts saved after different runs have each run's value.
  template <class T, size_t N>
  std::optional<size_t> find(const std::array<std::pair<std::vector<char>, T>, N>& runs) {
    std::optional<size_t> found;
    // Some releases begin a context with a header of an odd number of words.
    for (size_t offset = 0; offset + sizeof(T) <= runs[0].first.size(); offset += 4) {
      const bool all = std::all_of(runs.begin(), runs.end(), [&](const auto& r) {
        return std::memcmp(r.first.data() + offset, &r.second, sizeof(T)) == 0;
      });
      if (!all) continue;
      if (found) return std::nullopt;
      found = offset;
    }
    return found;
  }
  std::vector<char> context() {
    uc_context_save(m_engine, m_context);
    const char* start = reinterpret_cast<const char*>(m_context);
    return {start, start + uc_context_size(m_engine)};
  }

  std::optional<size_t> find_syndrome() {
    std::array<std::pair<std::vector<char>, uint32_t>, 2> runs;
    for (unsigned i = 0; i < 2; ++i) {
      const uint32_t immediate = i == 0 ? 0x5a5a : 0x1234;
      if (run({svc(immediate)}) != uc_exception::svc) return std::nullopt;
      runs[i] = {context(), 0x15u << 26 | 1u << 25 | immediate};
    }
    return find(runs);
  }

  // An exclusive load that is not aligned, by two registers.
  std::optional<size_t> find_fault_address() {
    std::array<std::pair<std::vector<char>, uint64_t>, 2> runs;
    for (unsigned i = 0; i < 2; ++i) {
      const uint64_t address = data + (i == 0 ? 0x123 : 0x567);
      uc_reg_write(m_engine, UC_ARM64_REG_X1 + static_cast<int>(i), &address);
      if (run({i == 0 ? 0xc85f7c20u : 0xc85f7c40u}) != uc_exception::data_abort) return std::nullopt;
      runs[i] = {context(), address};
    }
    return find(runs);
  }

  // An exclusive load whose register is overwritten then: only the monitor remembers the address.
  std::optional<size_t> find_exclusive() {
    std::array<std::pair<std::vector<char>, uint64_t>, 2> runs;
    for (unsigned i = 0; i < 2; ++i) {
      const uint64_t address = data + (i == 0 ? 0x128 : 0x560);
      uc_reg_write(m_engine, UC_ARM64_REG_X1, &address);
      // LDXR X2, [X1]; MOV X1, #0
      if (run({0xc85f7c22, 0xd2800001, svc_0}) != uc_exception::svc) return std::nullopt;
      runs[i] = {context(), address};
    }
    return find(runs);
  }

  // To EL0 by ERET, back by hand, then something that only EL1 may do.
  bool rebuilds_flags() {
    const uint64_t at_el0 = m_next + 64;
    std::copy_n(&svc_0, 1, reinterpret_cast<uint32_t*>(m_memory.data() + (at_el0 - ram_base)));
    system(4, 0, 3, 0, 0, 0);       // SPSR_EL1: EL0t
    system(4, 0, 3, 0, 1, at_el0);  // ELR_EL1
    if (run({eret}) != uc_exception::svc) return false;
    m_next += 64;
    const uint64_t pstate = 0x3c5;
    uc_reg_write(m_engine, UC_ARM64_REG_PSTATE, &pstate);
    system(13, 0, 3, 0, 4, 0);                             // TPIDR_EL1
    return run({0xd5381000, svc_0}) == uc_exception::svc;  // MRS X0, SCTLR_EL1
  }

  alignas(4096) std::array<uint8_t, 2 * page> m_memory{};
  uc_engine* m_engine = nullptr;
  uc_context* m_context = nullptr;
  uint64_t m_next = ram_base;
  int m_exception = 0;
};

}  // namespace

std::string try_public_interface(PublicTraits& traits) {
  Trial trial;
  return trial.run(traits);
}

}  // namespace smmuvp::cpu
