// Hardware breakpoints and watchpoints: the registers are there, and nothing stops at them. The library would
// throw translated code away while it runs, and crash.
#include <utility>

#include "unicorn_core.h"

namespace smmuvp::cpu {

namespace {

constexpr unsigned value_op2 = 4;  // DBGBVR<n>_EL1, DBGBCR 5, DBGWVR 6, DBGWCR 7: op0 2, op1 0, CRn 0, CRm n

template <unsigned I>
void replace_one(EngineAccess& access, UnicornCore* core) {
  constexpr SystemRegister reg{2, 0, 0, I / 4, value_op2 + I % 4};
  access.replace(
      reg, core, [](void* s) { return static_cast<UnicornCore*>(s)->debug_register(I); },
      [](void* s, uint64_t value) { static_cast<UnicornCore*>(s)->set_debug_register(I, value); });
}

template <unsigned... I>
void replace_all(EngineAccess& access, UnicornCore* core, std::integer_sequence<unsigned, I...>) {
  (replace_one<I>(access, core), ...);
}

}  // namespace

void UnicornCore::set_debug_register(unsigned i, uint64_t value) {
  m_debug_registers[i] = value;
  if (i % 2 != 0 && (value & 1) != 0) {  // a control register's E
    m_host.diag().unimplemented("debug", "hardware breakpoints and watchpoints never match", "DDI 0487 D2");
  }
}

void UnicornCore::replace_debug_registers() {
  m_debug_registers = {};
  replace_all(*m_access, this, std::make_integer_sequence<unsigned, debug_register_count>());
}

}  // namespace smmuvp::cpu
