// SPDX-License-Identifier: MIT
//
// Where an access to registers lands: IHI 0070 6.1, 6.2.
#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

namespace {

// 6.2.3: within a group of ATOS registers
bool is_64bit_atos(uint64_t offset) {
  return offset == ATOS_SID || offset == ATOS_ADDR || offset == ATOS_PAR;
}

// 6.2.1: the registers of 64 bits
bool is_64bit(uint64_t offset) {
  if (offset >= GATOS && offset < GATOS_END) return is_64bit_atos(offset - GATOS);
  if (offset >= CONTROL_PAGES && offset < CONTROL_PAGES_END) return offset % 32 == CONTROL_PAGE_BASE;
  switch (offset) {
    case GERROR_IRQ_CFG0:
    case STRTAB_BASE:
    case CMDQ_BASE:
    case EVENTQ_BASE:
    case EVENTQ_IRQ_CFG0:
    case PRIQ_BASE:
    case PRIQ_IRQ_CFG0:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Smmu::is_wide(const Place& place) {
  if (place.block == Place::Block::ecmdq) return place.offset == ECMDQ_BASE;
  return place.block == Place::Block::vatos ? is_64bit_atos(place.offset) : is_64bit(place.offset);
}

// 6.2. Page 1 defines the indices of the Event and PRI queues.
std::optional<Smmu::Place> Smmu::locate(uint64_t offset, Space access) const {
  if (offset >= OPTIONAL_PAGES) return locate_optional(offset, access);
  auto is_index = [this](uint64_t at) {
    return at == EVENTQ_PROD || at == EVENTQ_CONS || (m_features.PRI && (at == PRIQ_PROD || at == PRIQ_CONS));
  };
  if (offset >= PAGE_1 && is_index(offset - PAGE_1)) {
    return Place{Space::non_secure, Place::Block::interface, offset - PAGE_1, 0};
  }
  if (is_index(offset)) {
    if (!m_choices.page0_shows_event_indices) return std::nullopt;
    return Place{Space::non_secure, Place::Block::interface, offset, 0};
  }
  if (offset >= PAGE_1) {
    if (!m_choices.page1_aliases_page0) return std::nullopt;
    offset -= PAGE_1;
  }
  if (offset >= SECURE) {
    // 6.2: RES0 without a Secure state, else RAZ/WI to Non-secure accesses
    if (!m_features.SECURE_IMPL) return std::nullopt;
    const bool open = offset == SECURE + INIT && m_choices.s_init_is_open_to_non_secure;
    if (access == Space::non_secure && !open) return std::nullopt;
    return Place{Space::secure, Place::Block::interface, offset - SECURE, 0};
  }
  return Place{Space::non_secure, Place::Block::interface, offset, 0};
}

// 6.2.3 to 6.2.5
std::optional<Smmu::Place> Smmu::locate_optional(uint64_t offset, Space access) const {
  for (Space space : {Space::non_secure, Space::secure}) {
    if (const std::optional<Place> place = locate_ecmdq(interface(space), offset)) {
      if (space == Space::secure && access == Space::non_secure) return std::nullopt;
      return place;
    }
    if (!has_vatos(interface(space))) continue;
    const unsigned BA = space == Space::secure ? m_features.BA_S_VATOS : m_features.BA_VATOS;
    const uint64_t group = OPTIONAL_PAGES + PAGE_1 * BA + VATOS_GROUP;
    if (offset < group || offset >= group + ATOS_END) continue;
    if (space == Space::secure && access == Space::non_secure) return std::nullopt;
    return Place{space, Place::Block::vatos, offset - group, 0};
  }
  return std::nullopt;
}

uint32_t Smmu::read32(const Place& place) const {
  const Interface& regs = interface(place.space);
  if (place.block == Place::Block::ecmdq) {
    const auto found = regs.ecmdqs.find(place.ecmdq);
    return read_ecmdq(found == regs.ecmdqs.end() ? Ecmdq{} : found->second, place.offset);
  }
  if (place.block == Place::Block::vatos) return read_atos(regs, regs.VATOS, place.offset);
  return read_interface(regs, place.offset);
}

void Smmu::write32(const Place& place, uint32_t value) {
  Interface& regs = interface(place.space);
  if (place.block == Place::Block::ecmdq) {
    return write_ecmdq(regs.ecmdqs[place.ecmdq], place.offset, value);
  }
  if (place.block == Place::Block::vatos) return write_atos(regs, regs.VATOS, place.offset, value);
  write_interface(regs, place.offset, value);
}

uint64_t Smmu::read(uint64_t offset, unsigned bytes, Space space) const {
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) return 0;
  auto word = [&](uint64_t at) -> uint64_t {
    const std::optional<Place> place = locate(at, space);
    return place.has_value() ? read32(*place) : 0;
  };
  if (bytes == 4) return word(offset);
  const std::optional<Place> place = locate(offset, space);
  const bool whole = place.has_value() && is_wide(*place);
  if (!whole && !m_choices.wide_access_reaches_both) return 0;
  return word(offset) | (word(offset + 4) << 32);
}

void Smmu::write(uint64_t offset, unsigned bytes, uint64_t value, Space space) {
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) return;
  auto word = [&](uint64_t at, uint64_t part) {
    const std::optional<Place> place = locate(at, space);
    if (place.has_value()) write32(*place, static_cast<uint32_t>(part));
  };
  if (bytes == 8) {
    const std::optional<Place> place = locate(offset, space);
    const bool whole = place.has_value() && is_wide(*place);
    if (!whole && !m_choices.wide_access_reaches_both) return;
    word(offset, value);
    word(offset + 4, value >> 32);
  } else {
    word(offset, value);
  }
  serve_waiting();  // an Event queue may have become writable
}

}  // namespace naive_smmuv3
