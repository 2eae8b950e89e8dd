// CP_SMMU_TABLE_UPDATE: what the command processor does to the SMMU's registers (IHI 0062).
#include <fmt/format.h>

#include "adreno_registers.h"
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/base/little_endian.h"

namespace smmuvp {

using namespace adreno;

namespace {

constexpr std::uint32_t SMMU_IDR1 = 0x24;
constexpr std::uint32_t CBn_TTBR0 = 0x20;
constexpr std::uint32_t CBn_CONTEXTIDR = 0x34;
constexpr std::uint32_t CBn_TLBIALL = 0x618;
constexpr std::uint32_t CBn_TLBSYNC = 0x7f0;
constexpr std::uint32_t CBn_TLBSTATUS = 0x7f4;
constexpr std::uint32_t TLBSTATUS_SACTIVE = 1;

enum Step : std::uint32_t {
  READ_IDR1,
  WRITE_TTBR0,
  WRITE_CONTEXTIDR,
  WRITE_TLBIALL,
  WRITE_TLBSYNC,
  READ_TLBSTATUS,
  END
};

// Bits of SMMU_IDR1 (9.6.1): NUMCB 7:0, NUMPAGENDXB 30:28, PAGESIZE 31.
std::uint32_t banks(std::uint32_t IDR1) { return IDR1 & 0xff; }
std::uint64_t page_bytes(std::uint32_t IDR1) { return IDR1 >> 31 != 0 ? 0x10000 : 0x1000; }
std::uint64_t first_bank_page(std::uint32_t IDR1) { return std::uint64_t{2} << (IDR1 >> 28 & 7); }

}  // namespace

// m_sum: the bank's page, once IDR1 has been read.
void AdrenoCore::table_update() {
  if (!m_config.smmu_registers) {
    stop(CP_OPCODE_ERROR,
         "CP_SMMU_TABLE_UPDATE, but the parameter smmu_registers does not say where the SMMU is");
    return;
  }
  const auto answer = static_cast<std::uint32_t>(load_little_endian(m_data.data(), 4));
  const auto write = [this](std::uint32_t offset, std::uint64_t value, unsigned bytes) {
    store_little_endian(m_data.data(), value, bytes);
    want(Purpose::Packet, Port::Smmu, true, m_sum + offset, bytes);
  };
  if (m_step == WRITE_TTBR0) {
    if (word(3) >= banks(answer)) {
      stop(CP_OPCODE_ERROR,
           fmt::format("CONTEXTBANK of CP_SMMU_TABLE_UPDATE is {}; the SMMU has {}", word(3), banks(answer)));
      return;
    }
    m_sum = *m_config.smmu_registers + (first_bank_page(answer) + word(3)) * page_bytes(answer);
  }
  switch (m_step) {
    case READ_IDR1:
      want(Purpose::Packet, Port::Smmu, false, *m_config.smmu_registers + SMMU_IDR1, 4);
      break;
    case WRITE_TTBR0:  // of the AArch64 format: ASID in 63:48
      write(CBn_TTBR0, std::uint64_t{word(1)} << 32 | word(0), 8);
      break;
    case WRITE_CONTEXTIDR:
      write(CBn_CONTEXTIDR, word(2), 4);
      break;
    case WRITE_TLBIALL:
      write(CBn_TLBIALL, 0, 4);
      break;
    case WRITE_TLBSYNC:
      write(CBn_TLBSYNC, 0, 4);
      break;
    case READ_TLBSTATUS:
      want(Purpose::Packet, Port::Smmu, false, m_sum + CBn_TLBSTATUS, 4);
      break;
    default:
      if ((answer & TLBSTATUS_SACTIVE) != 0) {
        poll_again();
        m_step = READ_TLBSTATUS;
        return;
      }
      ++m_counters.table_updates;
      finish();
      break;
  }
}

}  // namespace smmuvp
