// SPDX-License-Identifier: MIT
//
// Registers of address translation operations: IHI 0070 6.3.37 to 6.3.40, 6.3.83 to 6.3.86, 6.3.99
// to 6.3.106.
#include <algorithm>

#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

bool Smmu::has_vatos(const Interface& regs) const {
  return regs.secure() ? m_features.secure_vatos() : m_features.VATOS;
}

uint32_t Smmu::read_atos(const Interface& regs, const AtosRegisters& atos, uint64_t offset) const {
  switch (offset) {
    case ATOS_CTRL:
      return atos.CTRL;
    case ATOS_SID:
    case ATOS_SID + 4:
      return half_of(atos_sid(regs, &atos == &regs.VATOS, atos.SID), offset);
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

// 6.3.38, 6.3.84, 6.3.104: bits outside of the supported range are RES0
uint64_t Smmu::atos_sid(const Interface& regs, bool virtual_atos, uint64_t value) const {
  const unsigned SIDSIZE =
      regs.secure() ? std::max(m_features.SIDSIZE, m_features.S_SIDSIZE) : m_features.SIDSIZE;
  const uint64_t STREAMID = truncate(keep(value, 31, 0), SIDSIZE);
  const uint64_t SUBSTREAMID = truncate(bits(value, 51, 32), m_features.SSIDSIZE);
  const uint64_t SSID_VALID = m_features.SSIDSIZE != 0 ? value & (uint64_t{1} << 52) : 0;
  uint64_t SSEC = 0;
  if (regs.secure()) SSEC = virtual_atos ? uint64_t{1} << 53 : value & (uint64_t{1} << 53);  // RES1 there
  return STREAMID | (SUBSTREAMID << 32) | SSID_VALID | SSEC;
}

// 6.3.39, 6.3.85, 6.3.105: HTTUI is the lowest field, but for the NS of S_GATOS
uint64_t Smmu::atos_addr(const Interface& regs, bool virtual_atos, uint64_t value) const {
  const bool has_NS = regs.secure() && !virtual_atos && m_features.SEL2;
  return keep(value, 63, 6) | (has_NS ? value & 0x10 : 0);
}

// 6.3.37: a translation is complete at once, so RUN reads as zero
void Smmu::write_atos(Interface& regs, AtosRegisters& atos, uint64_t offset, uint32_t value) {
  const bool virtual_atos = &atos == &regs.VATOS;
  if (atos.CTRL != 0) return;
  switch (offset) {
    case ATOS_CTRL:
      if (!bit(value, 0)) break;
      if (regs.SMMUEN()) {
        AtosRequest request{regs.space, atos_sid(regs, virtual_atos, atos.SID), atos.ADDR, std::nullopt};
        if (virtual_atos) request.VMID = regs.VATOS_SEL;
        atos.PAR = atos_lookup(request);
      } else if (m_features.minor_version() <= 1 && m_choices.stores_atos_run_while_disabled) {
        atos.CTRL = 1;
      }
      break;
    case ATOS_SID:
    case ATOS_SID + 4:
      atos.SID = atos_sid(regs, virtual_atos, with_half(atos.SID, offset, value));
      break;
    case ATOS_ADDR:
    case ATOS_ADDR + 4:
      atos.ADDR = atos_addr(regs, virtual_atos, with_half(atos.ADDR, offset, value));
      break;
    default:
      break;
  }
}

}  // namespace naive_smmuv3
