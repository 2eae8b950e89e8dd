// SPDX-License-Identifier: MIT
//
// Where an access to registers lands: IHI 0070 6.1, 6.2.
#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

namespace {

// 6.2.1: the registers of 64 bits
bool is_64bit(uint64_t offset) {
  switch (offset) {
    case GERROR_IRQ_CFG0:
    case STRTAB_BASE:
    case CMDQ_BASE:
    case EVENTQ_BASE:
    case EVENTQ_IRQ_CFG0:
    case GATOS + ATOS_SID:
    case GATOS + ATOS_ADDR:
    case GATOS + ATOS_PAR:
      return true;
    default:
      return false;
  }
}

}  // namespace

// 6.2. Page 1 defines the indices of the Event queue (there is no PRI queue).
std::optional<Smmu::Place> Smmu::locate(uint64_t offset, Space) const {
  if (offset >= OPTIONAL_PAGES) return std::nullopt;
  if (offset == PAGE_1 + EVENTQ_PROD || offset == PAGE_1 + EVENTQ_CONS) {
    return Place{Space::non_secure, offset - PAGE_1};
  }
  if (offset == EVENTQ_PROD || offset == EVENTQ_CONS) {
    if (!m_choices.page0_shows_event_indices) return std::nullopt;
    return Place{Space::non_secure, offset};
  }
  if (offset >= PAGE_1) {
    if (!m_choices.page1_aliases_page0) return std::nullopt;
    offset -= PAGE_1;
  }
  return Place{Space::non_secure, offset};
}

uint32_t Smmu::read32(const Place& place) const {
  return read_interface(interface(place.space), place.offset);
}

void Smmu::write32(const Place& place, uint32_t value) {
  write_interface(interface(place.space), place.offset, value);
}

uint64_t Smmu::read(uint64_t offset, unsigned bytes, Space space) const {
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) return 0;
  auto word = [&](uint64_t at) -> uint64_t {
    const std::optional<Place> place = locate(at, space);
    return place.has_value() ? read32(*place) : 0;
  };
  if (bytes == 4) return word(offset);
  const std::optional<Place> place = locate(offset, space);
  const bool whole = place.has_value() && is_64bit(place->offset);
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
    const bool whole = place.has_value() && is_64bit(place->offset);
    if (!whole && !m_choices.wide_access_reaches_both) return;
    word(offset, value);
    word(offset + 4, value >> 32);
  } else {
    word(offset, value);
  }
  serve_waiting();  // an Event queue may have become writable
}

}  // namespace naive_smmuv3
