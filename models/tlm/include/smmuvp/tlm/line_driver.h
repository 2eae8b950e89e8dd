// One process that writes an output line, whoever decides on its level.
#pragma once
#include <systemc>

#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/process.h"

namespace smmuvp {

/// A signal takes one writer process only, but a device's registers are written from the process of any
/// initiator. The level that set() asks for appears on the line one delta later.
class LineDriver : public sc_core::sc_module {
 public:
  LineDriver(const sc_core::sc_module_name& name, LineOut& line) : sc_core::sc_module(name), m_line(line) {
    SMMUVP_HAS_PROCESS(LineDriver);
    SC_METHOD(drive);
    sensitive << m_changed;
    dont_initialize();
  }
  void set(bool level) {
    if (level == m_level) return;
    m_level = level;
    m_changed.notify(sc_core::SC_ZERO_TIME);
  }
  /// The level last asked for.
  bool level() const { return m_level; }

 private:
  void drive() { m_line.write(m_level); }
  LineOut& m_line;
  bool m_level = false;
  sc_core::sc_event m_changed;
};

}  // namespace smmuvp
