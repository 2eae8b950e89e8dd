// SPDX-License-Identifier: MIT
//
// Context banks of both formats: IHI 0062 chapters 16 and 17.
#include "bits.h"
#include "model.h"
#include "register_access.h"

namespace naive_smmuv2 {

// ---- masks: storage is the union of the formats (16.4)

// 16.5.29, 17.3.3
uint32_t Smmu::sctlr_mask(unsigned n) const {
  uint32_t mask = 0x7FFFF77F;
  // UCI, MTCFG, ASIDPNE, UWXN and WXN are of stage 1 alone
  if (!m_parameters.S1TS) mask &= ~((1u << 30) | (1u << 20) | (1u << 12) | (3u << 9));
  if (!m_parameters.SES) mask &= ~(3u << 28);        // NSCFG
  if (!m_parameters.aarch64()) mask &= ~(1u << 30);  // UCI
  if (!m_parameters.NTS) mask &= ~(1u << 13);        // PTW
  if (!m_parameters.S2TS) mask &= ~(1u << 21);       // FB
  const bool secure = bank_secure(n);
  const bool no_stall =
      !m_parameters.stall ||
      (secure ? STALLD(secure_state) : STALLD(non_secure) || (m_parameters.SES && STALLD(secure_state)));
  if (!no_stall) mask |= 1u << 7;  // CFCFG
  return mask;
}

// 16.5.38, 17.3.8: what stage 2 has, where there is no stage 1
uint32_t Smmu::tcr_mask() const {
  if (m_parameters.S1TS) return 0xFFFFFFFF;
  uint32_t mask = m_parameters.aarch64() ? 0x0007FFFF : 0x00003FFF;
  if (m_parameters.HAFDBS != 0) mask |= 1u << 21;
  if (m_parameters.HAFDBS == 3) mask |= 1u << 22;
  return mask;
}

/// Bits that read one and ignore writes
uint32_t Smmu::tcr_ones(unsigned n) const {
  if (VA64(n)) return 0;
  return stage2_format(n) || m_parameters.PTFS == 1 ? 1u << 31 : 0;
}

// 16.5.39
uint32_t Smmu::tcr2_mask() const {
  uint32_t mask = 0x00038077;
  if (m_parameters.SES) mask |= (1u << 30) | (1u << 14);  // NSCFG1, NSCFG0
  if (m_parameters.HAFDBS != 0) mask |= 1u << 10;
  if (m_parameters.HAFDBS == 3) mask |= 1u << 11;
  if (m_parameters.HAFDBS == 1 && !m_choices.stage1_HD_is_RES0_without_support) mask |= 1u << 11;
  if (m_parameters.HADS) mask |= 3u << 8;
  return mask;
}

// 16.5.9: SS is read-only, Format comes from elsewhere
uint32_t Smmu::fsr_mask() const {
  return m_parameters.version == 1 ? 0x8000001E : 0x8000019E;  // without ASF and UUT
}

// 16.5.11, 17.3.1
uint32_t Smmu::fsynr0_mask() const { return m_parameters.NTS ? 0x00FF0F7F : 0x00000F73; }

// 16.5.8
uint64_t Smmu::far_mask() const { return ones(m_parameters.ubs_bits()); }

// 17.3.2
uint64_t Smmu::ipafar_mask() const {
  const unsigned ubs = m_parameters.ubs_bits();
  const unsigned ias = m_parameters.ias_bits();
  return ones(ubs > ias ? ubs : ias);
}

static uint64_t ttbr_mask(const Parameters& parameters, const Choices& choices) {
  const uint64_t ASID = parameters.S1TS ? uint64_t{0xFFFF} << 48 : 0;
  if (choices.stores_TTBR_above_sizes) return ones(48) | ASID;
  const unsigned larger =
      parameters.ias_bits() > parameters.oas_bits() ? parameters.ias_bits() : parameters.oas_bits();
  return ones(larger) | ASID;
}

// ---- accesses

uint64_t Smmu::bank_access(unsigned n, unsigned offset, unsigned bytes, const Place& place, uint64_t value) {
  Bank& bank = m_banks[n];
  const Access access{place.write, bytes, bytes == 4 && (offset & 4) != 0, value};
  const bool stage2 = stage2_format(n);
  const bool operations = m_parameters.address_translation_operations() && !stage2;

  // Both formats
  if (offset >= 0xE00) {
    bank_monitor_registers(n, offset, access);
    return value;
  }
  switch (offset) {
    case 0x000:
      access.rw32(bank.SCTLR, sctlr_mask(n));
      return value;
    case 0x008:  // RESUME, 16.5.28
      if (access.written32() && bit(bank.FSR, 30)) resume(n, bit(value, 0));
      return 0;
    case 0x020:
    case 0x024:
      access.rw64(bank.TTBR0, ttbr_mask(m_parameters, m_choices));
      return value;
    case 0x030: {
      uint32_t mask = tcr_mask();
      if (place.write && stage2 && !VA64(n)) mask &= ~((1u << 31) | (1u << 4));  // 17.3.8
      access.rw32(bank.TCR, mask, tcr_ones(n));
      return value;
    }
    case 0x058:
      access.w1c32(bank.FSR, fsr_mask(), fsr(n));
      return value;
    case 0x05C:  // FSRRESTORE, 16.5.10
      if (access.written32()) bank.FSR = uint32_t(merge(bank.FSR, value, fsr_mask()));
      return 0;
    case 0x060:
    case 0x064:
      access.rw64(bank.FAR, far_mask());
      return value;
    case 0x068:
      access.rw32(bank.FSYNR0, fsynr0_mask());
      return value;
    default:
      break;
  }
  if (stage2) {
    if ((offset == 0x070 || offset == 0x074) && m_parameters.version != 1) {
      if (m_parameters.NTS) {
        access.rw64(bank.IPAFAR, ipafar_mask());
      } else if (!place.write) {
        access.rw64(bank.FAR, far_mask());  // a read-only alias
      }
      return value;
    }
    return 0;
  }

  switch (offset) {
    case 0x010:
      if (m_parameters.version == 1) return 0;
      access.rw32(bank.TCR2, tcr2_mask());
      return value;
    case 0x028:
    case 0x02C:
      access.rw64(bank.TTBR1, ttbr_mask(m_parameters, m_choices));
      return value;
    case 0x034:
      access.rw32(bank.CONTEXTIDR, 0xFFFFFFFF);
      return value;
    case 0x038:
      access.rw32(bank.MAIR0, 0xFFFFFFFF);
      return value;
    case 0x03C:
      access.rw32(bank.MAIR1, 0xFFFFFFFF);
      return value;
    case 0x050:
    case 0x054:
      if (!operations) return 0;
      access.rw64(bank.PAR, par_mask());
      return value;
    case 0x8F0:
      access.ro32(operations && bank.ats_active ? 1 : 0);
      return value;
    default:
      break;
  }
  if (offset >= 0x800 && offset < 0x820) {
    // 16.5.2: 32 bits in SMMUv1
    const bool starts = m_parameters.version == 1 ? access.written32() && !access.upper : access.written64();
    if (operations && starts) bank_operation(n, offset & ~4u, value);
    return 0;
  }
  return 0;  // TLB maintenance, and what is not there (3.9)
}

}  // namespace naive_smmuv2
