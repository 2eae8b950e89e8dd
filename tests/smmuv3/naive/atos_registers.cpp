// SPDX-License-Identifier: MIT
//
// Registers of address translation operations: IHI 0070 6.3.37 to 6.3.40.
#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

uint32_t Smmu::read_atos(const AtosRegisters& atos, uint64_t offset) {
  switch (offset) {
    case ATOS_CTRL:
      return atos.CTRL;
    case ATOS_SID:
    case ATOS_SID + 4:
      return half_of(atos.SID, offset);
    case ATOS_ADDR:
    case ATOS_ADDR + 4:
      return half_of(atos.ADDR, offset);
    case ATOS_PAR:
    case ATOS_PAR + 4:
      return half_of(atos.PAR, offset);
    default:
      return 0;
  }
}

// 6.3.38: bits outside of the supported range are RES0
uint64_t Smmu::gatos_sid(uint64_t value) const {
  const uint64_t STREAMID = truncate(keep(value, 31, 0), m_features.SIDSIZE);
  const uint64_t SUBSTREAMID = truncate(bits(value, 51, 32), m_features.SSIDSIZE);
  const uint64_t SSID_VALID = m_features.SSIDSIZE != 0 ? value & (uint64_t{1} << 52) : 0;
  return STREAMID | (SUBSTREAMID << 32) | SSID_VALID;
}

// 6.3.37: a translation is complete at once, so RUN reads as zero
void Smmu::write_gatos(Interface& regs, uint64_t offset, uint32_t value) {
  AtosRegisters& atos = regs.GATOS;
  if (atos.CTRL != 0) return;
  switch (offset) {
    case ATOS_CTRL:
      if (!bit(value, 0)) break;
      if (regs.SMMUEN()) {
        atos.PAR = atos_lookup(regs);
      } else if (m_features.minor_version() <= 1 && m_choices.stores_atos_run_while_disabled) {
        atos.CTRL = 1;
      }
      break;
    case ATOS_SID:
    case ATOS_SID + 4:
      atos.SID = gatos_sid(with_half(atos.SID, offset, value));
      break;
    case ATOS_ADDR:
    case ATOS_ADDR + 4:  // 6.3.39
      atos.ADDR = keep(with_half(atos.ADDR, offset, value), 63, 6);
      break;
    default:
      break;
  }
}

}  // namespace naive_smmuv3
