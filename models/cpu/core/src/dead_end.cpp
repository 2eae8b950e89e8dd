#include "dead_end.h"

#include <fmt/format.h>

namespace smmuvp::cpu {
namespace {

// DDI 0487 D13.2, ESR_EL1: EC, and of the ISS of an abort EA and the fault status code.
constexpr unsigned ec_of(uint64_t esr) { return static_cast<unsigned>(esr >> 26) & 0x3f; }
constexpr unsigned ec_instruction_abort = 0x21, ec_data_abort = 0x25;
constexpr uint64_t esr_ea = 1 << 9;
constexpr unsigned fsc_external_abort = 0x10;
constexpr unsigned fsc_of(uint64_t esr) { return static_cast<unsigned>(esr) & 0x3f; }

std::string fault(uint64_t esr) {
  static constexpr const char* by_level[] = {"address size", "translation", "access flag", "permission"};
  const unsigned fsc = fsc_of(esr);
  if (fsc < 0x10) return fmt::format("{} fault, level {}", by_level[fsc >> 2], fsc & 3);
  if (fsc == fsc_external_abort) return "external abort";
  if (fsc >= 0x14 && fsc < 0x18) return "external abort on a table walk";
  if (fsc == 0x21) return "alignment fault";
  return fmt::format("fault status {:#x}", fsc);
}

std::string syndrome(uint64_t esr) {
  const unsigned ec = ec_of(esr);
  switch (ec) {
    case 0x00:
      return "undefined instruction";
    case 0x07:
      return "FP or SIMD instruction that CPACR_EL1.FPEN traps";
    case 0x0e:
      return "illegal execution state";
    case 0x15:
      return "SVC";
    case 0x18:
      return "trapped system register access";
    case ec_instruction_abort - 1:
    case ec_instruction_abort:
      return "instruction abort, " + fault(esr);
    case 0x22:
      return "PC alignment fault";
    case ec_data_abort - 1:
    case ec_data_abort:
      return "data abort, " + fault(esr);
    case 0x26:
      return "SP alignment fault";
    case 0x3c:
      return "BRK";
    default:
      return fmt::format("exception class {:#x}", ec);
  }
}

const char* advice(uint64_t esr) {
  switch (ec_of(esr)) {
    case ec_instruction_abort:
      return "VBAR_EL1 must name a vector table in memory that EL1 can execute";
    case ec_data_abort:
      return "is the stack pointer of EL1 set, and the stack mapped?";
    default:
      return "is there a vector table at VBAR_EL1?";
  }
}

// An asynchronous exception leaves ESR_EL1 as it is.
std::string origin(const ExceptionState& first, uint64_t vbar) {
  static constexpr const char* kinds[] = {"", "an IRQ", "an FIQ", "an SError"};
  if (first == ExceptionState()) return "no exception had entered a vector: the program itself came there";
  const uint64_t offset = first.pc - vbar;
  const unsigned kind = (offset >> 7) & 3;
  const std::string what =
      kind == 0 ? fmt::format("ESR {:#010x} ({})", first.esr, syndrome(first.esr)) : std::string(kinds[kind]);
  return fmt::format("vector {:#x} was entered by {} with ELR {:#x}", offset, what, first.elr);
}

}  // namespace

bool DeadEnd::taken(const ExceptionState& before, const ExceptionState& after, uint64_t vbar) {
  if (!concerns(before.elr, vbar)) m_first = before;
  if (!(before == after)) return false;
  if (ec_of(after.esr) == ec_data_abort && fsc_of(after.esr) == fsc_external_abort &&
      (after.esr & esr_ea) != 0)
    return false;
  m_text = fmt::format(
      "the first instruction of an exception's vector takes the same exception again, for ever: EL{}, PC "
      "{:#x}, ESR {:#010x} ({}), ELR {:#x}, FAR {:#x}, VBAR {:#x}; before, {}; {}",
      (after.pstate >> 2) & 3, after.pc, after.esr, syndrome(after.esr), after.elr, after.far, vbar,
      origin(m_first, vbar), advice(after.esr));
  return true;
}

void DeadEnd::visit(Archive& archive) {
  archive.value("FIRST_PC", m_first.pc);
  archive.value("FIRST_ESR", m_first.esr);
  archive.value("FIRST_ELR", m_first.elr);
}

}  // namespace smmuvp::cpu
