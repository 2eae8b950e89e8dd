// SPDX-License-Identifier: MIT
//
// Registers: IHI 0070 6.2, 6.3.
#include "bits.h"
#include "model.h"

namespace naive_smmuv3 {

namespace {

enum Offset : uint64_t {
  IDR0 = 0x00,
  IDR1 = 0x04,
  IDR3 = 0x0C,
  IDR4 = 0x10,
  IDR5 = 0x14,
  IIDR = 0x18,
  AIDR = 0x1C,
  CR0 = 0x20,
  CR0ACK = 0x24,
  CR1 = 0x28,
  CR2 = 0x2C,
  STATUSR = 0x40,
  GBPA = 0x44,
  IRQ_CTRL = 0x50,
  IRQ_CTRLACK = 0x54,
  GERROR = 0x60,
  GERRORN = 0x64,
  GERROR_IRQ_CFG0 = 0x68,
  GERROR_IRQ_CFG1 = 0x70,
  GERROR_IRQ_CFG2 = 0x74,
  STRTAB_BASE = 0x80,
  STRTAB_BASE_CFG = 0x88,
  CMDQ_BASE = 0x90,
  CMDQ_PROD = 0x98,
  CMDQ_CONS = 0x9C,
  EVENTQ_BASE = 0xA0,
  EVENTQ_IRQ_CFG0 = 0xB0,
  EVENTQ_IRQ_CFG1 = 0xB8,
  EVENTQ_IRQ_CFG2 = 0xBC,
  GATOS_CTRL = 0x100,
  GATOS_SID = 0x108,
  GATOS_ADDR = 0x110,
  GATOS_PAR = 0x118,
  EVENTQ_PROD = 0x100A8,
  EVENTQ_CONS = 0x100AC
};

constexpr uint64_t PAGE_1 = 0x10000;

// 6.2.1: the registers of 64 bits
bool is_64bit(uint64_t offset) {
  switch (offset) {
    case GERROR_IRQ_CFG0:
    case STRTAB_BASE:
    case CMDQ_BASE:
    case EVENTQ_BASE:
    case EVENTQ_IRQ_CFG0:
    case GATOS_SID:
    case GATOS_ADDR:
    case GATOS_PAR:
      return true;
    default:
      return false;
  }
}

uint32_t low_half(uint64_t value) { return static_cast<uint32_t>(value); }
uint32_t high_half(uint64_t value) { return static_cast<uint32_t>(value >> 32); }
uint64_t with_low(uint64_t old, uint32_t value) { return (old & ~uint64_t{0xFFFFFFFF}) | value; }
uint64_t with_high(uint64_t old, uint32_t value) { return (old & 0xFFFFFFFF) | (uint64_t{value} << 32); }

}  // namespace

Smmu::Smmu(const Features& features, Memory& memory, const Choices& choices)
    : m_features(features), m_memory(memory), m_choices(choices) {
  m_features.validate();
  m_GBPA = (m_features.GBPA_ABORT ? uint32_t{1} << 20 : 0) | gbpa_attributes(m_features.GBPA_ATTRIBUTES);
}

// 6.2: where an access goes. Page 1 defines the indices of the Event queue (there is no PRI queue).
std::optional<uint64_t> Smmu::register_at(uint64_t offset) const {
  if (offset >= 2 * PAGE_1) return std::nullopt;
  if (offset == 0xA8 || offset == 0xAC) {
    if (!m_choices.page0_shows_event_indices) return std::nullopt;
    return offset + PAGE_1;
  }
  if (offset < PAGE_1 || offset == EVENTQ_PROD || offset == EVENTQ_CONS) return offset;
  if (!m_choices.page1_aliases_page0) return std::nullopt;
  return offset - PAGE_1;
}

uint64_t Smmu::read(uint64_t offset, unsigned bytes) const {
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) return 0;
  auto word = [this](uint64_t at) -> uint64_t {
    const std::optional<uint64_t> where = register_at(at);
    return where.has_value() ? read32(*where) : 0;
  };
  if (bytes == 4) return word(offset);
  const std::optional<uint64_t> where = register_at(offset);
  const bool whole = where.has_value() && is_64bit(*where);
  if (!whole && !m_choices.wide_access_reaches_both) return 0;
  return word(offset) | (word(offset + 4) << 32);
}

void Smmu::write(uint64_t offset, unsigned bytes, uint64_t value) {
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) return;
  auto word = [this](uint64_t at, uint64_t part) {
    const std::optional<uint64_t> where = register_at(at);
    if (where.has_value()) write32(*where, static_cast<uint32_t>(part));
  };
  if (bytes == 8) {
    const std::optional<uint64_t> where = register_at(offset);
    const bool whole = where.has_value() && is_64bit(*where);
    if (!whole && !m_choices.wide_access_reaches_both) return;
    word(offset, value);
    word(offset + 4, value >> 32);
  } else {
    word(offset, value);
  }
  serve_waiting();  // the Event queue may have become writable
}

uint32_t Smmu::read32(uint64_t offset) const {
  const bool upper = offset % 8 == 4;
  auto half = [upper](uint64_t value) { return upper ? high_half(value) : low_half(value); };
  switch (offset) {
    case IDR0:
      return m_features.idr0();
    case IDR1:
      return m_features.idr1();
    case IDR3:
      return m_features.idr3();
    case IDR4:
      return m_features.IDR4;
    case IDR5:
      return m_features.idr5();
    case IIDR:
      return m_features.iidr();
    case AIDR:
      return m_features.aidr();
    case CR0:
    case CR0ACK:  // an Update completes with the write (6.3.10)
      return m_CR0;
    case CR1:
      return m_CR1;
    case CR2:
      return m_CR2;
    case STATUSR:
      return m_features.DORMHINT && m_choices.dormant ? 1 : 0;
    case GBPA:
      return m_GBPA;
    case IRQ_CTRL:
    case IRQ_CTRLACK:
      return m_IRQ_CTRL;
    case GERROR:
      return m_GERROR;
    case GERRORN:
      return m_GERRORN;
    case GERROR_IRQ_CFG0:
    case GERROR_IRQ_CFG0 + 4:
      return half(m_GERROR_IRQ_CFG0);
    case GERROR_IRQ_CFG1:
      return m_GERROR_IRQ_CFG1;
    case GERROR_IRQ_CFG2:
      return m_GERROR_IRQ_CFG2;
    case STRTAB_BASE:
    case STRTAB_BASE + 4:
      return half(m_STRTAB_BASE);
    case STRTAB_BASE_CFG:
      return m_STRTAB_BASE_CFG;
    case CMDQ_BASE:
    case CMDQ_BASE + 4:
      return half(m_CMDQ_BASE);
    case CMDQ_PROD:
      return m_choices.stores_index_above_wrap ? m_CMDQ_PROD : command_queue().pointer(m_CMDQ_PROD);
    case CMDQ_CONS:  // 6.3.28: bits above the wrap flag are RAZ
      return (m_CMDQ_CONS & (0x7Fu << 24)) | command_queue().pointer(m_CMDQ_CONS);
    case EVENTQ_BASE:
    case EVENTQ_BASE + 4:
      return half(m_EVENTQ_BASE);
    case EVENTQ_IRQ_CFG0:
    case EVENTQ_IRQ_CFG0 + 4:
      return half(m_EVENTQ_IRQ_CFG0);
    case EVENTQ_IRQ_CFG1:
      return m_EVENTQ_IRQ_CFG1;
    case EVENTQ_IRQ_CFG2:
      return m_EVENTQ_IRQ_CFG2;
    case GATOS_CTRL:
      return m_GATOS_CTRL;
    case GATOS_SID:
    case GATOS_SID + 4:
      return half(m_GATOS_SID);
    case GATOS_ADDR:
    case GATOS_ADDR + 4:
      return half(m_GATOS_ADDR);
    case GATOS_PAR:
    case GATOS_PAR + 4:
      return half(m_GATOS_PAR);
    case EVENTQ_PROD:  // 6.3.95: bits above the wrap flag are RAZ
      return (m_EVENTQ_PROD & 0x80000000) | event_queue().pointer(m_EVENTQ_PROD);
    case EVENTQ_CONS:
      if (m_choices.stores_index_above_wrap) return m_EVENTQ_CONS;
      return (m_EVENTQ_CONS & 0x80000000) | event_queue().pointer(m_EVENTQ_CONS);
    default:
      return 0;  // IDR2, AGBPA, PRIQ, MPAM, VATOS, IDR6, DPT, Secure: RES0 (6.2 and their descriptions)
  }
}

void Smmu::write32(uint64_t offset, uint32_t value) {
  const bool upper = offset % 8 == 4;
  auto half = [upper, value](uint64_t old) { return upper ? with_high(old, value) : with_low(old, value); };
  const bool gerror_msi = m_features.MSI && !bit(m_IRQ_CTRL, 0);  // 6.3.21: present, and not Guarded
  const bool event_msi = m_features.MSI && !bit(m_IRQ_CTRL, 2);
  switch (offset) {
    case CR0:
      write_cr0(value);
      break;
    case CR1:
      write_cr1(value);
      break;
    case CR2:  // 6.3.12: RECINVSID, and E2H with Hyp
      if (!SMMUEN()) m_CR2 = value & (m_features.Hyp ? 3u : 2u);
      break;
    case GBPA:
      write_gbpa(value);
      break;
    case IRQ_CTRL:  // 6.3.16
      m_IRQ_CTRL = value & 0b101;
      break;
    case GERRORN:  // 6.3.20: SFM_ERR, EVENTQ_ABT_ERR, CMDQ_ERR; with MSI, MSI_{GERROR,EVENTQ,CMDQ}_ABT_ERR
      m_GERRORN = value & (m_features.MSI ? 0x1B5u : 0x105u);
      break;
    case GERROR_IRQ_CFG0:
    case GERROR_IRQ_CFG0 + 4:
      if (gerror_msi) m_GERROR_IRQ_CFG0 = address_field(half(m_GERROR_IRQ_CFG0), 2);
      break;
    case GERROR_IRQ_CFG1:
      if (gerror_msi) m_GERROR_IRQ_CFG1 = value;
      break;
    case GERROR_IRQ_CFG2:
      if (gerror_msi) m_GERROR_IRQ_CFG2 = value & 0x3F;
      break;
    case STRTAB_BASE:
    case STRTAB_BASE + 4:  // 6.3.24: RA, ADDR
      if (!SMMUEN()) m_STRTAB_BASE = base_register(half(m_STRTAB_BASE), 6, 0);
      break;
    case STRTAB_BASE_CFG:  // 6.3.25: FMT and SPLIT with two-level tables only
      if (!SMMUEN()) m_STRTAB_BASE_CFG = value & (m_features.ST_LEVEL != 0 ? 0x307FFu : 0x3Fu);
      break;
    case CMDQ_BASE:
    case CMDQ_BASE + 4:  // 6.3.26: RA, ADDR, LOG2SIZE
      if (!CMDQEN()) m_CMDQ_BASE = base_register(half(m_CMDQ_BASE), 5, 0x1F);
      break;
    case CMDQ_PROD:  // 6.3.27
      m_CMDQ_PROD = m_choices.stores_index_above_wrap ? value & 0xFFFFF : command_queue().pointer(value);
      break;
    case CMDQ_CONS:  // 6.3.28
      if (!CMDQEN()) {
        const uint32_t ERR = (m_choices.writes_cmdq_cons_err ? value : m_CMDQ_CONS) & (0x7Fu << 24);
        m_CMDQ_CONS = ERR | command_queue().pointer(value);
      }
      break;
    case EVENTQ_BASE:
    case EVENTQ_BASE + 4:  // 6.3.29: WA, ADDR, LOG2SIZE
      if (!EVENTQEN()) m_EVENTQ_BASE = base_register(half(m_EVENTQ_BASE), 5, 0x1F);
      break;
    case EVENTQ_IRQ_CFG0:
    case EVENTQ_IRQ_CFG0 + 4:
      if (event_msi) m_EVENTQ_IRQ_CFG0 = address_field(half(m_EVENTQ_IRQ_CFG0), 2);
      break;
    case EVENTQ_IRQ_CFG1:
      if (event_msi) m_EVENTQ_IRQ_CFG1 = value;
      break;
    case EVENTQ_IRQ_CFG2:
      if (event_msi) m_EVENTQ_IRQ_CFG2 = value & 0x3F;
      break;
    case EVENTQ_PROD:  // 6.3.95
      if (!EVENTQEN()) m_EVENTQ_PROD = (value & 0x80000000) | event_queue().pointer(value);
      break;
    case EVENTQ_CONS:  // 6.3.96
      m_EVENTQ_CONS = (value & 0x80000000) |
                      (m_choices.stores_index_above_wrap ? value & 0xFFFFF : event_queue().pointer(value));
      break;
    case GATOS_CTRL:
      write_gatos_ctrl(value);
      break;
    case GATOS_SID:
    case GATOS_SID + 4:
      if (m_features.ATOS && m_GATOS_CTRL == 0) m_GATOS_SID = gatos_sid(half(m_GATOS_SID));
      break;
    case GATOS_ADDR:
    case GATOS_ADDR + 4:  // 6.3.39
      if (m_features.ATOS && m_GATOS_CTRL == 0) m_GATOS_ADDR = keep(half(m_GATOS_ADDR), 63, 6);
      break;
    default:
      break;
  }
}

// 6.3.24 and others: bits of an address field above the OAS are RES0, and need not be stored
uint64_t Smmu::address_field(uint64_t value, unsigned lsb) const {
  const uint64_t address = keep(value, 55, lsb);
  return m_choices.stores_addresses_above_oas ? address : truncate(address, m_features.oas_bits());
}

/// *_BASE: the hint in bit 62, the address, and fields below it
uint64_t Smmu::base_register(uint64_t value, unsigned lsb, uint64_t low_fields) const {
  return (value & (uint64_t{1} << 62)) | address_field(value, lsb) | (value & low_fields);
}

// 6.3.9: CMDQEN, EVENTQEN, SMMUEN; the rest is RES0 here
void Smmu::write_cr0(uint32_t value) {
  const bool was_enabled = SMMUEN();
  m_CR0 = value & 0b1101;
  if (was_enabled && !SMMUEN()) terminate_stalls(std::nullopt);  // 6.3.9.6
  if (!was_enabled && SMMUEN()) m_GATOS_CTRL = 0;                // 6.3.37
}

// 6.3.11: TABLE_* are Guarded by SMMUEN, QUEUE_* by EVENTQEN and CMDQEN
void Smmu::write_cr1(uint32_t value) {
  constexpr uint32_t TABLE = 0xFC0;
  constexpr uint32_t QUEUE = 0x03F;
  if (!SMMUEN()) m_CR1 = (m_CR1 & ~TABLE) | (value & TABLE);
  if (!EVENTQEN() && !CMDQEN()) m_CR1 = (m_CR1 & ~QUEUE) | (value & QUEUE);
}

// 6.3.14: without ATTR_TYPES_OVR or ATTR_PERMS_OVR some fields have no effect
uint32_t Smmu::gbpa_attributes(uint32_t value) const {
  constexpr uint32_t types = 0x3F1F;
  constexpr uint32_t perms = 0xF0000;
  uint32_t mask = types | perms;
  if (!m_choices.stores_ineffective_gbpa) {
    if (!m_features.ATTR_TYPES_OVR) mask &= ~types;
    if (!m_features.ATTR_PERMS_OVR) mask &= ~perms;
  }
  return value & mask;
}

// 6.3.14.1: only a write with Update set counts, and the Update is complete at once
void Smmu::write_gbpa(uint32_t value) {
  if (!bit(value, 31)) return;
  m_GBPA = (value & (uint32_t{1} << 20)) | gbpa_attributes(value);
}

// 6.3.38: bits outside of the supported range are RES0
uint64_t Smmu::gatos_sid(uint64_t value) const {
  const uint64_t STREAMID = truncate(keep(value, 31, 0), m_features.SIDSIZE);
  const uint64_t SUBSTREAMID = truncate(bits(value, 51, 32), m_features.SSIDSIZE);
  const uint64_t SSID_VALID = m_features.SSIDSIZE != 0 ? value & (uint64_t{1} << 52) : 0;
  return STREAMID | (SUBSTREAMID << 32) | SSID_VALID;
}

// 6.3.37: the translation is complete at once, so RUN reads as zero
void Smmu::write_gatos_ctrl(uint32_t value) {
  if (!m_features.ATOS || m_GATOS_CTRL != 0 || !bit(value, 0)) return;
  if (SMMUEN()) {
    m_GATOS_PAR = atos_lookup();
  } else if (m_features.minor_version() <= 1 && m_choices.stores_atos_run_while_disabled) {
    m_GATOS_CTRL = 1;
  }
}

}  // namespace naive_smmuv3
