// Exceptions that the processor cannot get out of.
#pragma once

#include <cstdint>
#include <string>

#include "smmuvp/base/archive.h"

namespace smmuvp::cpu {

/// All that taking an exception to EL1 changes (DDI 0487 D1.10).
struct ExceptionState {
  uint64_t pc = 0, pstate = 0;
  uint64_t esr = 0, elr = 0, far = 0, spsr = 0;
  bool operator==(const ExceptionState& o) const {
    return pc == o.pc && pstate == o.pstate && esr == o.esr && elr == o.elr && far == o.far && spsr == o.spsr;
  }
};

/// A dead end is an exception that leaves every register as it was: the first instruction of a vector took
/// it, it was taken to that same vector, and PC, PSTATE, ESR, ELR, FAR and SPSR have the values that they had
/// before. The processor stands where it stood, with interrupts masked, so the same follows for ever. A
/// handler that meets another exception later, or at its first instruction once, changes at least one of
/// them.
///
/// Two things outside the processor could still end the loop. A device that refuses the handler's first load
/// or store (an external abort with ESR.EA = 1) may answer the next one: that is no dead end. A DMA write
/// could change the tables or the code beneath: what waits for this is stopped all the same, since no
/// software is written to be rescued in this way.
class DeadEnd {
 public:
  /// Whether an exception taken by the instruction at `pc` has to be shown to taken().
  static bool concerns(uint64_t pc, uint64_t vbar) {
    return pc - vbar < table_bytes && (pc - vbar) % vector_bytes == 0;
  }

  /// True if the exception that has led from one state to the other is a dead end.
  bool taken(const ExceptionState& before, const ExceptionState& after, uint64_t vbar);

  /// Of the dead end that was found, one line: what was taken, and what came before it.
  const std::string& text() const { return m_text; }

  void visit(Archive& archive);

 private:
  // DDI 0487 D1.10.2: 16 vectors of 32 instructions.
  static constexpr uint64_t table_bytes = 0x800, vector_bytes = 0x80;

  ExceptionState m_first;  // as the exception left it whose handler could not start
  std::string m_text;
};

}  // namespace smmuvp::cpu
