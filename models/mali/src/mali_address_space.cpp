#include "smmuvp/mali/mali_address_space.h"

#include <algorithm>

namespace smmuvp {

namespace {

// AS_TRANSTAB[1:0] (Linux, panfrost_regs.h)
constexpr std::uint64_t ADRMODE_IDENTITY = 2;
constexpr std::uint64_t ADRMODE_TABLE = 3;
// AS_TRANSCFG (Linux, panthor_regs.h)
enum : unsigned { LEGACY = 0, UNMAPPED = 1, IDENTITY = 2, AARCH64_4K = 6, AARCH64_64K = 8 };
constexpr std::uint64_t DISABLE_HIER_AP = 1ULL << 33;
constexpr std::uint64_t DISABLE_AF_FAULT = 1ULL << 34;

constexpr std::uint64_t min_lock_width = 14;  // 2^15 bytes: AS_LOCK_REGION_MIN_SIZE

bool bits(std::uint64_t value, unsigned high, unsigned low, std::uint64_t is) {
  return (value >> low & ((2ULL << (high - low)) - 1)) == is;
}

}  // namespace

MaliAddressSpace::MaliAddressSpace(std::uint32_t tlb_entries, bool has_TRANSCFG)
    : m_entries(tlb_entries), m_has_transcfg(has_TRANSCFG) {}

const char* MaliAddressSpace::update(std::uint64_t TRANSTAB, std::uint64_t MEMATTR, std::uint64_t TRANSCFG) {
  m_transtab = TRANSTAB;
  m_memattr = MEMATTR;
  m_transcfg = m_has_transcfg ? TRANSCFG : 0;
  ++m_generation;
  return take();
}

const char* MaliAddressSpace::take() {
  m_mode = Mode::Unmapped;
  m_aarch64 = false;
  m_setup = {};
  const auto ADRMODE = static_cast<unsigned>(m_transcfg & 0xf);
  const bool legacy = ADRMODE == LEGACY;
  if (legacy ? bits(m_transtab, 1, 0, ADRMODE_IDENTITY) : ADRMODE == IDENTITY) {
    m_mode = Mode::Identity;
    return nullptr;
  }
  if (legacy ? !bits(m_transtab, 1, 0, ADRMODE_TABLE) : ADRMODE == UNMAPPED) return nullptr;
  pgtable::Config config;
  if (const char* wrong = take_tables(config, ADRMODE)) return wrong;
  m_setup = pgtable::WalkSetup(config);
  if (!m_setup.ok()) return "AS_TRANSCFG.INA_BITS leaves no number of address bits that tables have";
  m_mode = Mode::Tables;
  m_aarch64 = !legacy;
  return nullptr;
}

const char* MaliAddressSpace::take_tables(pgtable::Config& config, unsigned ADRMODE) const {
  pgtable::Stage1Config& s1 = config.stage1;
  pgtable::TableConfig& range = s1.tables[0];
  s1.output_size = output_bits;
  s1.MAIR = m_memattr;
  range.EPD = false;
  if (ADRMODE == LEGACY) {
    s1.format = pgtable::Format::mali_lpae;
    range.base = m_transtab & ~0xfffULL;
    range.TxSZ = 64 - 48;  // GPU_MMU_FEATURES[7:0]
    return nullptr;
  }
  if (ADRMODE != AARCH64_4K && ADRMODE != AARCH64_64K) return "AS_TRANSCFG.ADRMODE is reserved";
  s1.format = pgtable::Format::vmsa64;
  range.granule = ADRMODE == AARCH64_4K ? pgtable::Granule::size_4k : pgtable::Granule::size_64k;
  range.base = m_transtab & ~0xfULL;
  // INA_BITS is 55 minus the bits of an address (Linux, panthor_mmu.c).
  range.TxSZ = static_cast<std::uint8_t>(64 - 55 + (m_transcfg >> 6 & 0x1f));
  range.HPD = (m_transcfg & DISABLE_HIER_AP) != 0;
  s1.AFFD = (m_transcfg & DISABLE_AF_FAULT) != 0;
  return nullptr;
}

void MaliAddressSpace::lock(std::uint64_t LOCKADDR) {
  const std::uint64_t width = std::max(LOCKADDR & 0x3f, min_lock_width);
  m_lock_mask = ~((2ULL << width) - 1);  // width 63: all addresses
  m_lock_base = LOCKADDR & ~0xfffULL & m_lock_mask;
  m_locked = true;
  ++m_generation;
}

bool MaliAddressSpace::unlock() {
  if (!m_locked) return false;
  const auto in_region = [this](const Entry& e) { return is_locked(e.page << page_shift); };
  m_tlb.erase(std::remove_if(m_tlb.begin(), m_tlb.end(), in_region), m_tlb.end());
  m_locked = false;
  ++m_generation;
  return true;
}

void MaliAddressSpace::empty_tlb() {
  m_tlb.clear();
  ++m_generation;
}

void MaliAddressSpace::reset() {
  empty_tlb();
  m_locked = false;
  update(0, 0, 0);
}

std::optional<std::uint64_t> MaliAddressSpace::find(std::uint64_t va, bool write) const {
  const std::uint64_t page = va >> page_shift;
  const auto entry =
      std::find_if(m_tlb.begin(), m_tlb.end(), [page](const Entry& e) { return e.page == page; });
  if (entry == m_tlb.end()) return std::nullopt;
  const auto access = write ? pgtable::AccessType::write : pgtable::AccessType::read;
  // What the entry does not grant is walked again: the fault is the walk's.
  if (pgtable::check_permission(entry->rights, access, !m_aarch64) != pgtable::PermissionCheck::allowed) {
    return std::nullopt;
  }
  return entry->output + (va & ((1U << page_shift) - 1));
}

pgtable::Walk MaliAddressSpace::walk(std::uint64_t va, bool write) const {
  pgtable::WalkRequest request;
  request.va = va;
  request.access = write ? pgtable::AccessType::write : pgtable::AccessType::read;
  request.privileged = !m_aarch64;  // a Mali LPAE table knows no other
  return {m_setup, request};
}

void MaliAddressSpace::fill(std::uint64_t va, const pgtable::Result& result) {
  if (m_entries == 0) return;
  const Entry entry{va >> page_shift, result.output & ~((1ULL << page_shift) - 1), result.rights};
  m_tlb.erase(
      std::remove_if(m_tlb.begin(), m_tlb.end(), [&](const Entry& e) { return e.page == entry.page; }),
      m_tlb.end());
  if (m_tlb.size() >= m_entries) m_tlb.erase(m_tlb.begin());
  m_tlb.push_back(entry);
}

void MaliAddressSpace::visit(Archive& archive) {
  archive.begin("address_space");
  archive.value("TRANSTAB", m_transtab);
  archive.value("MEMATTR", m_memattr);
  archive.value("TRANSCFG", m_transcfg);
  archive.list("tlb", m_tlb, m_entries, [&archive](Entry& e) {
    archive.begin("entry");
    archive.value("page", e.page);
    archive.value("output", e.output);
    archive.value("rights", e.rights.bits);
    archive.end();
  });
  archive.value("locked", m_locked);
  archive.value("lock_base", m_lock_base);
  archive.value("lock_mask", m_lock_mask);
  archive.value("generation", m_generation);
  archive.end();
  if (!archive.loading()) return;
  if (!m_has_transcfg) m_transcfg = 0;
  take();
}

}  // namespace smmuvp
