// GICv2 without SystemC (IHI 0048B), without the Security Extensions and virtualization, with an optional
// GICv2m MSI frame (Arm SBSA, GICv2m).
#pragma once
#include <array>
#include <cstdint>
#include <utility>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"

namespace smmuvp {

struct GicConfig {
  unsigned cpus = 1;           ///< 1 to 8
  unsigned num_spis = 96;      ///< a multiple of 32 up to 960, or 988
  unsigned priority_bits = 5;  ///< implemented bits of a priority, 4 to 8
  unsigned v2m_spi_base = 0;   ///< first SPI of the MSI frame, counted from 0 (INTID 32)
  unsigned v2m_spi_count = 0;  ///< 0: no frame
};

/// Interrupts are named by INTID: 0-15 SGI, 16-31 PPI (both banked by processor), 32 and up SPI.
class GicCore : private RegisterObserver {
 public:
  static constexpr std::uint32_t distributor_window = 0x1000;
  static constexpr std::uint32_t cpu_interface_window = 0x2000;
  static constexpr std::uint32_t v2m_window = 0x1000;
  static constexpr unsigned max_cpus = 8;
  static constexpr unsigned spurious = 1023;

  /// @throws ConfigError for numbers that GicConfig does not allow.
  GicCore(const GicConfig& config, Diag& diag);

  enum class Frame : std::uint8_t { Distributor, CpuInterface, V2m };
  /// Software's accesses. @param cpu  the processor that accesses, below GicConfig::cpus
  std::uint64_t read(Frame frame, unsigned cpu, std::uint32_t offset, unsigned bytes);
  void write(Frame frame, unsigned cpu, std::uint32_t offset, unsigned bytes, std::uint64_t value);
  /// Without side effects: acknowledges nothing.
  std::uint64_t peek(Frame frame, unsigned cpu, std::uint32_t offset, unsigned bytes);
  const RegisterFile& registers(Frame frame) const { return file(frame); }

  /// The level of an interrupt's input; `cpu` counts for PPIs only.
  void set_line(unsigned intid, bool level, unsigned cpu = 0);
  /// Levels of a processor's outputs.
  bool irq(unsigned cpu) const { return m_irq[cpu]; }
  bool fiq(unsigned cpu) const { return m_fiq[cpu]; }

  void reset();
  void visit(Archive& archive);

  std::uint64_t acknowledged() const { return m_acknowledged; }
  std::uint64_t spurious_reads() const { return m_spurious_reads; }
  std::uint64_t sgis() const { return m_sgis; }
  std::uint64_t msis() const { return m_msis; }

 private:
  /// One bit an interrupt.
  enum Bit : std::uint8_t { Group, Enable, Latch, Active, Edge, Line, BitCount };
  struct Candidate {
    unsigned intid = spurious;
    unsigned priority = 0x100;
    bool group1 = false;
  };
  struct Cpu {
    std::uint32_t CTLR, PMR, BPR, ABPR;
    std::array<std::uint32_t, 4> APR, NSAPR;
    std::array<std::uint32_t, BitCount> bits;  // of INTIDs 0 to 31
    std::array<std::uint8_t, 32> priority;     // likewise
    std::array<std::uint8_t, 16> sgi_sources;  // for each SGI, which processors have it pending here
  };

  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                              std::uint64_t stored) override;
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  const RegisterFile& file(Frame frame) const;
  RegisterFile& file(Frame frame) { return const_cast<RegisterFile&>(std::as_const(*this).file(frame)); }
  std::uint64_t distributor_value(std::uint16_t id, std::uint32_t n, std::uint64_t stored) const;
  std::uint64_t cpu_interface_value(std::uint16_t id, std::uint32_t n, std::uint64_t stored) const;
  void distributor_written(std::uint16_t id, std::uint32_t n, std::uint32_t v, std::uint32_t lanes);
  void cpu_interface_written(std::uint16_t id, std::uint32_t n, std::uint32_t v, std::uint32_t lanes);

  std::uint32_t& word(Bit bit, unsigned cpu, unsigned n);
  std::uint32_t word(Bit bit, unsigned cpu, unsigned n) const;
  bool test(Bit bit, unsigned cpu, unsigned intid) const;
  std::uint32_t implemented(unsigned n) const;
  std::uint32_t pending(unsigned cpu, unsigned n) const;
  unsigned priority(unsigned cpu, unsigned intid) const;
  Candidate highest_pending(unsigned cpu) const;
  bool sufficient(unsigned cpu, const Candidate& c) const;
  unsigned group_priority(unsigned cpu, unsigned priority, bool group1) const;
  unsigned running_priority(unsigned cpu) const;
  unsigned priority_shift() const;
  std::uint32_t with_source(unsigned cpu, unsigned intid) const;
  std::uint32_t acknowledge(unsigned cpu, bool alias);
  void end_of_interrupt(unsigned cpu, std::uint32_t value, bool alias);
  void deactivate(unsigned cpu, std::uint32_t value);
  void send_sgi(unsigned cpu, std::uint32_t value);
  void set_spi_by_message(std::uint32_t intid);
  void refresh_stored(Frame frame);
  void update();

  GicConfig m_config;
  Diag& m_diag;
  unsigned m_words;  // 32 interrupts each
  std::uint8_t m_priority_mask;
  unsigned m_min_bpr;
  RegisterFile m_distributor;
  RegisterFile m_cpu_interface;
  RegisterFile m_v2m;
  unsigned m_cpu = 0;  // who makes the access that is being worked on

  std::array<std::array<std::uint32_t, 32>, BitCount> m_bits{};  // of SPIs; word 0 is unused
  std::array<std::uint8_t, 1024> m_priority{};
  std::array<std::uint8_t, 1024> m_targets{};
  std::array<Cpu, max_cpus> m_cpus{};
  std::array<bool, max_cpus> m_irq{};
  std::array<bool, max_cpus> m_fiq{};

  std::uint64_t m_acknowledged = 0;
  std::uint64_t m_spurious_reads = 0;
  std::uint64_t m_sgis = 0;
  std::uint64_t m_msis = 0;
};

}  // namespace smmuvp
