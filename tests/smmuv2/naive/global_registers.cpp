// SPDX-License-Identifier: MIT
//
// Global register spaces 0 and 1, and the SSD address space: IHI 0062 chapters 9, 10 and 13.
#include "bits.h"
#include "model.h"
#include "register_access.h"

namespace naive_smmuv2 {

static Access access_of(bool write, unsigned bytes, uint64_t offset, uint64_t& value) {
  return Access{write, bytes, bytes == 4 && (offset & 4) != 0, value};
}

// ---- masks

// 9.6.3
uint32_t Smmu::cr0_mask(Security which) const {
  const Parameters& p = m_parameters;
  uint32_t mask = 0x0FFFF4C7;  // [27:12], USFCFG, TRANSIENTCFG, GFIE, GFRE, CLIENTPD
  if (p.stall && p.GSE) mask |= 1u << 9;
  if (p.stall || m_choices.stores_STALLD_without_stall) mask |= 1u << 8;
  if (m_choices.configuration_access_faults) mask |= 3u << 4;  // GCFGFIE, GCFGFRE
  if (p.EXIDS && p.SMS) mask |= 1u << 3;                       // EXIDENABLE
  if (which == secure_state) return mask | (3u << 28);         // NSCFG
  if (p.VMID16S) mask |= 1u << 31;
  return mask | (1u << 11);  // VMIDPNE
}

uint32_t Smmu::cr2_mask() const { return m_choices.stores_BPVMID ? 0xFF : 0; }

// 9.6.24
uint32_t Smmu::scr1_mask() const {
  uint32_t mask = 0x0D00FFFF;  // SPMEN, SIF, GASRAE, NSNUMSMRGO, NSNUMCBO
  if (!m_parameters.dedicated_interrupts()) mask |= 0xFFu << 16;
  if (m_parameters.version == 1) return mask;
  if (m_choices.configuration_access_faults && !m_choices.fixed_NSCAFRO.has_value()) mask |= 1u << 28;
  return mask;
}

// 9.6.15
uint32_t Smmu::gfsr_mask(Security which) const {
  uint32_t mask = 0x8000001F;                                  // MULTI, UCIF, UCBF, SMCF, USF, ICF
  if (m_parameters.version != 1) mask |= 1u << 8;              // UUT
  if (which == secure_state) mask |= 1u << 7;                  // PF
  if (m_choices.configuration_access_faults) mask |= 1u << 5;  // CAF
  return mask;
}

// 9.6.17
uint32_t Smmu::gfsynr0_mask(Security which) const {
  if (which == secure_state) {
    // 3.10: NSSTATE is RAZ/WI where external faults go upstream; configuration access faults need it
    return m_choices.configuration_access_faults ? 0x7E : 0x6E;
  }
  return m_choices.operation_sets_reserved_syndrome ? 0x7F : 0x4F;
}

// 9.6.18, 10.2.3
uint32_t Smmu::syndrome_mask(bool secure) const {
  uint64_t mask = ones(m_parameters.stream_id_bits());
  if (secure) mask |= ones(m_parameters.ssd_index_bits()) << 16;
  return static_cast<uint32_t>(mask);
}

// 9.6.25
uint32_t Smmu::smr_mask() const {
  if (!m_parameters.SMS) return 0;
  if (m_parameters.EXIDS) return 0xFFFFFFFF;
  const uint32_t id = static_cast<uint32_t>(ones(m_parameters.NUMSIDB));
  return (1u << 31) | (id << 16) | id;
}

// 9.6.23
uint32_t Smmu::s2cr_mask() const {
  uint32_t mask = 0x3FF3FB00 | static_cast<uint32_t>(ones(m_choices.CBNDX_bits));
  if (m_parameters.SES) mask |= 3u << 18;  // NSCFG
  if (m_parameters.EXIDS) mask |= 1u << 10;
  return mask;
}

// 10.2.1: CBNDX of TYPE 11 shares its bits with MemAttr, FB, HYPC and BPSHCFG of TYPE 01, which has WACFG,
// RACFG and BSU too
uint32_t Smmu::cbar_mask() const {
  uint32_t mask = 0x000300FF;
  if (!m_parameters.dedicated_interrupts()) mask |= 0xFFu << 24;
  if (m_parameters.S1TS) mask |= 0x00FCFF00;
  return mask;
}

// 10.2.2
uint32_t Smmu::cba2r_mask() const {
  uint32_t mask = 0;
  if (m_parameters.VMID16S) mask |= 0xFFFFu << 16;
  if (m_parameters.SES) mask |= 1u << 1;
  if (m_parameters.aarch64()) mask |= 1u;
  return mask;
}

// 16.5.14, 9.6.20
uint64_t Smmu::par_mask() const {
  return m_parameters.version == 1 ? 0xFF0000FFFFFFFFFF : 0xFF00FFFFFFFFFFFF;
}

// 13.1
uint32_t Smmu::ssdr_mask(unsigned n) const {
  const unsigned width = m_parameters.ssd_index_bits();
  if (!m_parameters.SES || m_parameters.SSDTP == 0) return 0;
  const uint64_t count = uint64_t{1} << width;
  if (32 * uint64_t{n} >= count) return 0;
  return count >= 32 ? 0xFFFFFFFF : static_cast<uint32_t>(ones(unsigned(count)));
}

// ---- global register space 0

// 9.1, 9.3. `which` is the copy of a banked register that is meant.
Smmu::Found Smmu::global0_banked(const Place& place, unsigned bytes, uint64_t offset, Security which,
                                 bool alias, uint64_t& value) {
  Global& global = m_global[which];
  const Access access = access_of(place.write, bytes, offset, value);
  const bool operations = m_parameters.address_translation_operations();
  if (offset >= 0x100 && offset < 0x140) {
    if (!operations) return Found::absent;
    if (m_parameters.version == 1) {  // 9.6.5: 32 bits
      if (access.upper) return Found::absent;
      if (access.written32()) global_operation(which, unsigned(offset), value);
    } else if (access.written64()) {
      global_operation(which, unsigned(offset), value);
    }
    access.razwi();
    return Found::here;
  }
  switch (offset) {
    case 0x000: {
      access.rw32(global.CR0, cr0_mask(which));
      if (!access.written32()) return Found::here;
      if (bit(global.CR0, 8)) global.CR0 &= ~(1u << 9);  // STALLD makes GSE RAZ/WI
      if (m_choices.fixed_SMCFCFG.has_value()) {
        global.CR0 = (global.CR0 & ~(1u << 21)) | (unsigned(*m_choices.fixed_SMCFCFG) << 21);
      }
      return Found::here;
    }
    case 0x008:
      access.rw32(global.CR2, cr2_mask());
      return Found::here;
    case 0x010:
      access.rw32(global.ACR, 0);
      return Found::here;
    case 0x040:
    case 0x044:
      access.rw64(global.GFAR, far_mask());
      return Found::here;
    case 0x048:
      access.w1c32(global.GFSR, gfsr_mask(which), global.GFSR);
      return Found::here;
    case 0x04C:  // GFSRRESTORE, 9.6.16
      if (access.written32()) global.GFSR = static_cast<uint32_t>(value) & gfsr_mask(which);
      access.razwi();
      return Found::here;
    case 0x050:
      access.rw32(global.GFSYNR0, gfsynr0_mask(which));
      return Found::here;
    case 0x054:
      access.rw32(global.GFSYNR1, syndrome_mask(place.secure));
      return Found::here;
    case 0x058:
      access.rw32(global.GFSYNR2, 0);
      return Found::here;
    case 0x070:  // TLBGSYNC
    case 0x074:  // TLBGSTATUS
      access.razwi();
      return Found::here;
    case 0x180:
    case 0x184:
      if (!operations) return Found::absent;
      access.rw64(global.GPAR, par_mask());
      return Found::here;
    case 0x188:  // GATSR: never active
      if (!operations) return Found::absent;
      access.razwi();
      return Found::here;
    default:
      break;
  }
  if (alias) return Found::absent;
  // Not banked, or without an alias
  switch (offset) {
    case 0x064:  // TLBIVMID
    case 0x068:  // TLBIALLNSNH
    case 0x06C:  // TLBIALLH
    case 0x078:  // TLBIVAH
      access.razwi();
      return Found::here;
    case 0x0B0:  // TLBIVALH64
    case 0x0B4:
    case 0x0B8:  // TLBIVMIDS1
    case 0x0C0:  // TLBIVAH64
    case 0x0C4:
      access.razwi();
      return m_parameters.version == 1 ? Found::absent : Found::here;
    default:
      break;
  }
  if (offset >= 0x080 && offset < 0x0A0) {  // TLB debug
    access.razwi();
    return Found::here;
  }
  return Found::absent;
}

Smmu::Found Smmu::global0(const Place& place, unsigned bytes, uint64_t& value) {
  const uint64_t offset = place.offset % m_parameters.page_bytes();
  const Access access = access_of(place.write, bytes, offset, value);
  const bool SES = m_parameters.SES;
  auto secure_register = [&place, SES] {
    if (!SES) return Found::absent;
    return place.secure ? Found::here : Found::secure_only;
  };

  switch (offset) {
    case 0x004: {
      const Found found = secure_register();
      if (found == Found::here) {
        access.rw32(m_SCR1, scr1_mask());
        access.ro32(m_SCR1);
      }
      return found;
    }
    case 0x0A0:  // STLBIVALM
    case 0x0A4:
    case 0x0A8:  // STLBIVAM
    case 0x0AC:
    case 0x0BC:  // STLBIALLM
      if (m_parameters.version == 1) return not_in_SMMUv1(place, true);
      [[fallthrough]];
    case 0x060:  // STLBIALL
      access.razwi();
      return SES ? secure_register() : Found::here;  // 9.6.26: reserved, RAZ/WI
    default:
      break;
  }
  if (offset >= 0x020 && offset < 0x040) {
    access.ro32(idr(unsigned(offset - 0x020) / 4, place.secure));
    return Found::here;
  }
  if (offset < 0x400) {
    return global0_banked(place, bytes, offset, place.secure ? secure_state : non_secure, false, value);
  }
  if (offset < 0x800) {
    if (place.secure) return global0_banked(place, bytes, offset - 0x400, non_secure, true, value);
    uint64_t unseen = 0;
    const Place looked_at{place.offset, false, false};
    const Found found = global0_banked(looked_at, bytes, offset - 0x400, non_secure, true, unseen);
    const bool starts =
        offset >= 0x500 && offset < 0x540 && !(m_parameters.version == 1 && (offset & 4) != 0);
    const bool result = offset >= 0x580 && offset < 0x58C;
    const bool keeps_place = (starts || result) && !m_parameters.address_translation_operations() &&
                             m_choices.absent_secure_places_fault;
    return found == Found::here || keeps_place ? secure_register() : found;
  }
  if (offset < 0xA00 || (offset >= 0xC00 && offset < 0xE00)) {
    const unsigned n = unsigned(offset & 0x1FF) / 4;
    if (n >= m_parameters.NUMSMRG) return Found::absent;
    if (!place.secure && n >= ns_groups()) return Found::secure_only;
    if (offset < 0xA00) {
      access.rw32(m_SMR[n], smr_mask());
    } else {
      access.rw32(m_S2CR[n], s2cr_mask());
    }
    return Found::here;
  }
  if (offset >= 0xFD0 && offset < 0x1000) {
    access.razwi();
    return Found::here;
  }
  return Found::absent;
}

/// A place that has a register in version 2 (1.1.4).
Smmu::Found Smmu::not_in_SMMUv1(const Place& place, bool secure_register) const {
  const bool closed = m_parameters.SES && !place.secure && secure_register;
  return closed && m_choices.absent_secure_places_fault ? Found::secure_only : Found::absent;
}

// ---- global register space 1 (10.1)

Smmu::Found Smmu::global1(const Place& place, unsigned bytes, uint64_t& value) {
  const uint64_t offset = place.offset % m_parameters.page_bytes();
  const Access access = access_of(place.write, bytes, offset, value);
  if (offset >= 0xA00 || (offset & 0x200) != 0) return Found::absent;
  const unsigned n = unsigned(offset & 0x1FF) / 4;
  if (n >= m_parameters.NUMCB) return Found::absent;
  if (m_parameters.version == 1 && offset >= 0x800) return not_in_SMMUv1(place, bank_secure(n));
  if (!place.secure && bank_secure(n)) return Found::secure_only;
  switch (offset >> 10) {
    case 0:
      access.rw32(m_CBAR[n], cbar_mask());
      break;
    case 1:
      access.rw32(m_CBFRSYNRA[n], syndrome_mask(place.secure));
      break;
    default:
      access.rw32(m_CBA2R[n], cba2r_mask(), m_parameters.aarch32() ? 0 : 1);
      break;
  }
  return Found::here;
}

// ---- SSD address space

// 13.1: UNKNOWN and ignoring writes where there is no SSDR, and for Non-secure software
Smmu::Found Smmu::ssd(const Place& place, unsigned bytes, uint64_t& value) {
  const uint64_t offset = place.offset - 4 * m_parameters.page_bytes();
  const Access access = access_of(place.write, bytes, offset, value);
  access.razwi();
  if (offset >= (m_parameters.version == 1 ? 0x1000 : 0x2000)) return Found::absent;
  const unsigned n = unsigned(offset / 4);
  if (place.secure) {
    access.rw32(m_SSDR[n], ssdr_mask(n));
  } else if (m_choices.SSDR_fault && ssdr_mask(n) != 0) {
    return Found::secure_only;
  }
  return Found::here;
}

}  // namespace naive_smmuv2
