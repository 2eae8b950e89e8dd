// Registers of the UnicornCore by name, for debuggers and checkpoints.
#include "engine_calls.h"
#include "unicorn_core.h"

namespace smmuvp::cpu {
namespace {

struct NamedSystemRegister {
  const char* name;
  SystemRegister reg;
};
// What EL1 and EL0 software can change; the order is that of a checkpoint.
constexpr NamedSystemRegister system_registers[] = {
    {"SCTLR_EL1", {3, 0, 1, 0, 0}},       {"CPACR_EL1", {3, 0, 1, 0, 2}},  {"TTBR0_EL1", {3, 0, 2, 0, 0}},
    {"TTBR1_EL1", {3, 0, 2, 0, 1}},       {"TCR_EL1", {3, 0, 2, 0, 2}},    {"SPSR_EL1", {3, 0, 4, 0, 0}},
    {"ELR_EL1", {3, 0, 4, 0, 1}},         {"ESR_EL1", {3, 0, 5, 2, 0}},    {"FAR_EL1", {3, 0, 6, 0, 0}},
    {"PAR_EL1", {3, 0, 7, 4, 0}},         {"MAIR_EL1", {3, 0, 10, 2, 0}},  {"VBAR_EL1", {3, 0, 12, 0, 0}},
    {"CONTEXTIDR_EL1", {3, 0, 13, 0, 1}}, {"TPIDR_EL1", {3, 0, 13, 0, 4}}, {"CNTKCTL_EL1", {3, 0, 14, 1, 0}},
    {"CSSELR_EL1", {3, 2, 0, 0, 0}},      {"TPIDR_EL0", {3, 3, 13, 0, 2}}, {"TPIDRRO_EL0", {3, 3, 13, 0, 3}},
    {"CNTFRQ_EL0", {3, 3, 14, 0, 0}},     {"MDSCR_EL1", {2, 0, 0, 2, 2}},
};

}  // namespace

uint64_t UnicornCore::get(int reg) const { return read_engine(m_engine, reg); }
void UnicornCore::set(int reg, uint64_t value) { write_engine(m_engine, reg, value); }
uint64_t UnicornCore::get_system(const SystemRegister& r) const { return read_engine(m_engine, r); }
void UnicornCore::set_system(const SystemRegister& r, uint64_t value) { write_engine(m_engine, r, value); }

unsigned UnicornCore::current_el() const { return (get(UC_ARM64_REG_PSTATE) >> 2) & 3; }

// The library keeps the current stack pointer apart from the two banked ones.
void UnicornCore::set_pstate(uint64_t value) {
  const uint64_t sp0 = *read_register("SP_EL0"), sp1 = *read_register("SP_EL1");
  set(UC_ARM64_REG_PSTATE, value);
  write_register("SP_EL0", sp0);
  write_register("SP_EL1", sp1);
}

void UnicornCore::make_register_table() {
  auto add = [&](const std::string& name, std::function<uint64_t()> read,
                 std::function<void(uint64_t)> write) {
    m_names.push_back(name);
    m_registers[name] = {std::move(read), std::move(write)};
  };
  for (unsigned i = 0; i <= 30; ++i) {
    add(
        "X" + std::to_string(i), [=] { return m_access->x(i); }, [=](uint64_t v) { m_access->set_x(i, v); });
  }
  add(
      "PC", [=] { return m_access->pc(); }, [=](uint64_t v) { m_access->set_pc(v); });
  add(
      "PSTATE", [=] { return get(UC_ARM64_REG_PSTATE) & 0xffffffffu; }, [=](uint64_t v) { set_pstate(v); });
  auto uses_sp0 = [=] { return (get(UC_ARM64_REG_PSTATE) & 1) == 0; };
  add(
      "SP_EL0", [=] { return uses_sp0() ? m_access->x(31) : get(UC_ARM64_REG_SP_EL0); },
      [=](uint64_t v) { uses_sp0() ? m_access->set_x(31, v) : set(UC_ARM64_REG_SP_EL0, v); });
  add(
      "SP_EL1", [=] { return uses_sp0() ? get(UC_ARM64_REG_SP_EL1) : m_access->x(31); },
      [=](uint64_t v) { uses_sp0() ? set(UC_ARM64_REG_SP_EL1, v) : m_access->set_x(31, v); });
  for (int i = 0; i < 32; ++i) {
    auto half = [=](size_t which) {
      add(
          "V" + std::to_string(i) + (which == 0 ? "_LO" : "_HI"),
          [=] {
            uint64_t v[2] = {};
            uc_reg_read(m_engine, UC_ARM64_REG_Q0 + i, v);
            return v[which];
          },
          [=](uint64_t value) {
            uint64_t v[2] = {};
            uc_reg_read(m_engine, UC_ARM64_REG_Q0 + i, v);
            v[which] = value;
            uc_reg_write(m_engine, UC_ARM64_REG_Q0 + i, v);
          });
    };
    half(0);
    half(1);
  }
  add(
      "FPCR", [=] { return get(UC_ARM64_REG_FPCR); }, [=](uint64_t v) { set(UC_ARM64_REG_FPCR, v); });
  add(
      "FPSR", [=] { return get(UC_ARM64_REG_FPSR); }, [=](uint64_t v) { set(UC_ARM64_REG_FPSR, v); });
  for (const auto& r : system_registers) {
    add(
        r.name, [=] { return get_system(r.reg); }, [=](uint64_t v) { set_system(r.reg, v); });
  }
  auto timer = [&](const std::string& prefix, GenericTimer& t) {
    add(
        prefix + "_CVAL_EL0", [&t] { return t.read_cval(); }, [&t](uint64_t v) { t.write_cval(v); });
    add(
        prefix + "_CTL_EL0", [&t] { return t.raw_ctl(); }, [&t](uint64_t v) { t.write_ctl(v); });
  };
  timer("CNTV", m_virt);
  timer("CNTP", m_phys);
}

std::optional<uint64_t> UnicornCore::read_register(const std::string& name) const {
  const auto found = m_registers.find(name);
  if (found == m_registers.end() || m_engine == nullptr) return std::nullopt;
  return found->second.read();
}

bool UnicornCore::write_register(const std::string& name, uint64_t value) {
  const auto found = m_registers.find(name);
  if (found == m_registers.end() || m_engine == nullptr || m_running) return false;
  found->second.write(value);
  m_access->registers_changed();
  m_access->flush_tlb();
  return true;
}

void UnicornCore::visit(Archive& archive) {
  // Translated code, TLBs and the exclusive monitor of another time are best forgotten with their engine.
  if (archive.loading()) {
    close();
    m_error = open();
    if (m_error.empty()) m_error = map_memory();
    if (!m_error.empty()) return archive.fail("engine", m_error);
  }
  for (const std::string& name : m_names) {
    uint64_t value = m_registers.at(name).read();
    archive.value(name, value);
    if (archive.loading() && archive.ok()) m_registers.at(name).write(value);
  }
  archive.value("DEBUG_REGISTERS", m_debug_registers);
  archive.value("VIRT_OUTPUT", m_virt_output);
  archive.value("PHYS_OUTPUT", m_phys_output);
  m_dead_end.visit(archive);
  m_semihosting.visit(archive);
  if (!archive.loading()) return;
  m_access->set_lines(m_irq, m_fiq);
  m_access->registers_changed();
  m_access->flush_tlb();
}

}  // namespace smmuvp::cpu
