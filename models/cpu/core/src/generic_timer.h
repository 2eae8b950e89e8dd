// The EL1 physical and virtual timers of the generic timer (DDI 0487 D11.2), as values: no clock of their
// own.
#pragma once

#include <cstdint>
#include <optional>

namespace smmuvp::cpu {

/// One timer: CVAL is compared with the counter, CTL gates the output.
class GenericTimer {
 public:
  static constexpr uint64_t ENABLE = 1, IMASK = 2, ISTATUS = 4;

  /// CNTx_CTL_EL0 as read. ISTATUS is UNKNOWN while disabled (D13.8.18); reads as zero here.
  uint64_t read_ctl(uint64_t counter) const { return m_ctl | (expired(counter) ? ISTATUS : 0); }
  void write_ctl(uint64_t value) { m_ctl = value & (ENABLE | IMASK); }
  uint64_t read_cval() const { return m_cval; }
  void write_cval(uint64_t value) { m_cval = value; }
  /// TVAL is a signed 32-bit view of CVAL - counter.
  uint64_t read_tval(uint64_t counter) const { return (m_cval - counter) & 0xffffffffu; }
  void write_tval(uint64_t value, uint64_t counter) {
    m_cval = counter +
             static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(static_cast<uint32_t>(value))));
  }

  bool output(uint64_t counter) const { return expired(counter) && (m_ctl & IMASK) == 0; }
  /// When the output will rise, if nothing is written before.
  std::optional<uint64_t> deadline(uint64_t counter) const {
    if ((m_ctl & (ENABLE | IMASK)) != ENABLE || expired(counter)) return std::nullopt;
    return m_cval;
  }
  uint64_t raw_ctl() const { return m_ctl; }

 private:
  bool expired(uint64_t counter) const { return (m_ctl & ENABLE) != 0 && counter >= m_cval; }
  uint64_t m_ctl = 0;
  uint64_t m_cval = 0;
};

}  // namespace smmuvp::cpu
