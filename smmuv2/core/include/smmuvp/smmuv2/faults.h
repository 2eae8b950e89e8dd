// How faults are told: fault status and syndrome registers, global and by bank, and the interrupt lines that
// follow them (IHI 0062 3.6, 3.7.2, 3.8.1); the lines of performance monitors stand beside them (6.8).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/pgtable/result.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmuv2/context.h"
#include "smmuvp/smmuv2/parts.h"

namespace smmuvp::smmuv2 {

/// Bits of sGFSR (9.6.15)
namespace gfsr {
constexpr std::uint32_t ICF = 1U << 0;
constexpr std::uint32_t USF = 1U << 1;
constexpr std::uint32_t SMCF = 1U << 2;
constexpr std::uint32_t UCBF = 1U << 3;
constexpr std::uint32_t UCIF = 1U << 4;
constexpr std::uint32_t CAF = 1U << 5;
constexpr std::uint32_t EF = 1U << 6;
constexpr std::uint32_t PF = 1U << 7;
constexpr std::uint32_t UUT = 1U << 8;
constexpr std::uint32_t MULTI = 1U << 31;
}  // namespace gfsr

/// Bits of SMMU_CBn_FSR (16.5.9)
namespace fsr {
constexpr std::uint32_t TF = 1U << 1;
constexpr std::uint32_t AFF = 1U << 2;
constexpr std::uint32_t PF = 1U << 3;
constexpr std::uint32_t EF = 1U << 4;
constexpr std::uint32_t TLBMCF = 1U << 5;
constexpr std::uint32_t TLBLKF = 1U << 6;
constexpr std::uint32_t ASF = 1U << 7;
constexpr std::uint32_t UUT = 1U << 8;
constexpr std::uint32_t Format = 3U << 9;
constexpr std::uint32_t SS = 1U << 30;
constexpr std::uint32_t MULTI = 1U << 31;

/// What SMMUv1 has instead of bits that are reserved in it: an address that is too large is a Translation
/// fault (16.5.40, 17.3.9), an unsupported transaction an external one (3.10).
constexpr std::uint32_t in_version(std::uint32_t bit, std::uint8_t version) {
  if (version != 1) return bit;
  return bit == ASF ? TF : bit == UUT ? EF : bit;
}
}  // namespace fsr

/// Which bit of fsr tells of what a walk has found. Those of PAR and GPAR stand at the same places (9.6.20,
/// 16.5.14).
std::uint32_t bit_of(pgtable::FaultKind kind);
/// "TF", "ICF": the names of bits.
std::string_view fsr_name(std::uint32_t bit);
std::string_view gfsr_name(std::uint32_t bit);

struct GlobalFault {
  std::uint32_t bit = 0;        ///< one of gfsr
  bool secure = false;          ///< which copy of the registers records it
  bool nested = false;          ///< found in the second bank, or in CBARn
  bool of_non_secure = true;    ///< NSSTATE
  bool non_secure_attr = true;  ///< NSATTR, as it came in
  bool instruction = false;     ///< IND, as it came in
  bool privileged = false;      ///< PNU, as it came in
  bool write = false;           ///< WNR
  bool ats = false;             ///< of an address translation operation of a bank
  std::uint64_t address = 0;
  std::uint16_t StreamID = 0;
  std::uint16_t SSD_Index = 0;
};

/// What the address and syndrome registers read of a recorded fault (9.6.14, 9.6.17, 9.6.18).
std::uint64_t GFAR_of(const GlobalFault& fault, const Features& features);
std::uint32_t GFSYNR0_of(const GlobalFault& fault);
std::uint32_t GFSYNR1_of(const GlobalFault& fault);

/// What becomes of a fault, and of the access that has it (3.7.2, 3.7.3, 3.8.1).
enum class FaultFate : std::uint8_t {
  recorded,  ///< in the fault status register, with its syndrome; the access is terminated
  stalls,    ///< likewise, and the access waits for RESUME
  waits,     ///< not before RESUME, for which the access waits: another one of the bank stalls
  merged,    ///< not, but for MULTI: another fault is recorded
  lost,      ///< not at all: another fault is recorded, and HUPCF is 0
};

struct ContextFault {
  std::uint32_t bit = 0;  ///< one of fsr
  unsigned bank = 0;
  std::uint64_t FAR = 0;
  std::uint64_t IPAFAR = 0;  ///< of stage 2 banks
  std::uint32_t FSYNR0 = 0;
  std::uint32_t CBFRSYNRA = 0;
};

/// What the interrupt outputs show.
struct Levels {
  bool NSgIrpt = false;     ///< a Non-secure global fault other than of configuration accesses
  bool NSgCfgIrpt = false;  ///< a Non-secure configuration access fault
  bool gIrpt = false;       ///< the same of Secure ones
  bool gCfgIrpt = false;
  std::vector<bool> context;  ///< Features::context_interrupts() of them
  std::vector<bool> pm;       ///< overflows of event counters, by counter group
};

/// Keeps nothing but lines: faults are in the registers.
class Faults {
 public:
  Faults(const Parts& parts, RegisterFile& registers);

  /// The first stays; any other sets MULTI (3.8.1).
  void record(const GlobalFault& fault);
  /// Into a bank whose FSR is 0, with SS where the access stalls (3.7.2).
  void record(const ContextFault& fault, bool stalls);
  /// Of a global fault of one Security state.
  FaultFate fate(bool secure) const { return GFSR(secure) == 0 ? FaultFate::recorded : FaultFate::merged; }
  /// Another fault of a bank (3.3).
  void record_another(unsigned bank);
  void clear_SS(unsigned bank);

  /// FSR but for Format: what counts as a fault (3.7.3, FaultSetIn).
  std::uint32_t FSR(unsigned bank) const;
  /// Whether IPAFAR is there to tell of a bank's fault (17.3.2).
  bool has_IPAFAR(unsigned bank) const;
  bool stalled(unsigned bank) const { return (FSR(bank) & fsr::SS) != 0; }
  /// Of a bank, as it reads (16.5.9).
  std::uint32_t Format(unsigned bank) const;
  std::uint32_t GFSR(bool secure) const;
  /// Whether a fault of a bank is to raise an interrupt that is not there (3.6.2).
  bool lacks_interrupt(unsigned bank) const { return wants(bank) && !has_line(bank); }
  /// The same, of a fault that is not recorded yet.
  bool would_lack_interrupt(unsigned bank) const { return interrupts(bank) && !has_line(bank); }

  /// After a write of what lines follow.
  void update_bank(unsigned bank);
  void update_global();
  void update_all();
  void set_monitor_line(unsigned group, bool level);
  const Levels& levels() const { return m_levels; }
  /// Whether a line has changed since this was asked last.
  bool take_changed();

 private:
  unsigned line_of(unsigned bank) const;
  bool interrupts(unsigned bank) const;
  bool wants(unsigned bank) const;
  bool has_line(unsigned bank) const;

  Parts m_parts;
  RegisterFile& m_registers;
  Banks m_banks;
  Levels m_levels;
  bool m_changed = true;
};

}  // namespace smmuvp::smmuv2
