// PL031 real time clock without SystemC (ARM DDI 0224): registers, counter, match interrupt.
#pragma once
#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"

namespace smmuvp {

struct Pl031Config {
  std::uint32_t start = 0;     ///< RTCDR at time 0, if firmware_init
  bool firmware_init = false;  ///< reset leaves the clock running and set, as firmware would
};

/// Time is given to each call, in picoseconds from the start of simulation, and never goes back. CLK1HZ rises
/// at whole seconds of it: the counter runs freely, and RTCLR sets what is added to it (DDI 0224 2.1).
/// The owner calls elapsed() at the time that next_event() names.
class Pl031Core : private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x1000;
  static constexpr std::uint64_t second_ps = 1'000'000'000'000;

  Pl031Core(const Pl031Config& config, Diag& diag);

  // ---- software's side; see RegisterFile
  std::uint64_t read(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes);
  void write(std::uint64_t now_ps, std::uint32_t offset, unsigned bytes, std::uint64_t value);
  /// RTCDR and RTCRIS are those of the last call that gave a time.
  std::uint64_t peek(std::uint32_t offset, unsigned bytes) const;
  const RegisterFile& registers() const { return m_registers; }

  // ---- time
  /// Level of RTCINTR.
  bool irq() const;
  void elapsed(std::uint64_t now_ps);
  /// When the counter next reaches RTCMR; nothing while the clock is off, or beyond 2^64 ps.
  std::optional<std::uint64_t> next_event() const;

  void reset(std::uint64_t now_ps);
  void visit(Archive& archive);
  /// After visit() has loaded: the clock goes on from the saved second, whatever the time is now.
  void resume(std::uint64_t now_ps);
  std::uint64_t matches() const { return m_matches; }

 private:
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  bool running() const;
  std::uint32_t count() const;
  void load(std::uint64_t value);
  void compare();
  void show();

  Pl031Config m_config;
  Diag& m_diag;
  RegisterFile m_registers;
  std::uint64_t m_seconds = 0;  // rising edges of CLK1HZ so far
  std::uint32_t m_offset = 0;   // what is added to them
  bool m_equal = false;         // counter and RTCMR were equal: the interrupt comes from the transition
  std::uint64_t m_matches = 0;
};

}  // namespace smmuvp
