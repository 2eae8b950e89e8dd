#include "io_pgtable_tables.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace smmuvp::pgtable;

namespace {

const iommu_flush_ops flush_ops = {
    [](void* cookie) {
      if (cookie != nullptr) static_cast<Tlb*>(cookie)->flush_all();
    },
    [](unsigned long iova, size_t size, size_t granule, void* cookie) {
      if (cookie != nullptr) static_cast<Tlb*>(cookie)->flush_walk(iova, size, granule);
    },
    [](iommu_iotlb_gather*, unsigned long iova, size_t granule, void* cookie) {
      if (cookie != nullptr) static_cast<Tlb*>(cookie)->add_page(iova, granule);
    },
};

// DDI 0487 D23.2: TCR_EL1.IPS, TG0 and TG1
constexpr std::uint8_t output_sizes[] = {32, 36, 40, 42, 44, 48, 52};
Granule granule0(unsigned TG0) {
  return TG0 == 0 ? Granule::size_4k : TG0 == 1 ? Granule::size_64k : Granule::size_16k;
}
Granule granule1(unsigned TG1) {
  return TG1 == 2 ? Granule::size_4k : TG1 == 3 ? Granule::size_64k : Granule::size_16k;
}

WalkAttributes walk_attributes(unsigned irgn, unsigned orgn, unsigned sh) {
  return {static_cast<std::uint8_t>(irgn), static_cast<std::uint8_t>(orgn), static_cast<Shareability>(sh)};
}

int a_user = 0;

}  // namespace

FormatModules::FormatModules() {
  host_reset();
  EXPECT_EQ(host_init_arm(), 0);
  EXPECT_EQ(host_init_v7s(), 0);
}

FormatModules::~FormatModules() {
  host_set_hooks(nullptr);
  host_exit_arm();
  host_exit_v7s();
  EXPECT_EQ(host_pages_in_use(), 0U) << "tables leaked";
  EXPECT_EQ(host_objects_in_use(), 0U) << "memory leaked";
  EXPECT_EQ(host_references(&a_user), 0) << "references leaked";
}

std::ostream& operator<<(std::ostream& out, const Wanted& w) {
  return out << "format " << w.format << " ias " << w.ias << " oas " << w.oas << " sizes 0x" << std::hex
             << w.sizes << " quirks " << w.quirks << std::dec << (w.coherent ? "" : " not coherent");
}

std::vector<Wanted> every_kind() {
  std::vector<Wanted> all;
  const unsigned long k4 = SZ_4K | SZ_2M | SZ_1G;
  const unsigned long k16 = SZ_16K | SZ_32M;
  const unsigned long k64 = SZ_64K | SZ_512M | 1UL << 42;
  for (const io_pgtable_fmt stage : {ARM_64_LPAE_S1, ARM_64_LPAE_S2}) {
    for (const unsigned long sizes : {k4, k16, k64}) {
      all.push_back({stage, 25, 32, sizes});
      all.push_back({stage, 39, 40, sizes});
      all.push_back({stage, 48, 48, sizes});
      all.push_back({stage, 40, 44, sizes, 0, false});
    }
    all.push_back({stage, 52, 52, k64});
    all.push_back({stage, 42, 52, k64});
    all.push_back({stage, 48, 48, SZ_4K | SZ_2M});
    all.push_back({stage, 48, 48, SZ_4K});
  }
  for (const unsigned long sizes : {k4, k16, k64})
    all.push_back({ARM_64_LPAE_S1, 39, 48, sizes, IO_PGTABLE_QUIRK_ARM_TTBR1});
  all.push_back({ARM_64_LPAE_S1, 48, 48, k4, IO_PGTABLE_QUIRK_ARM_NS});
  all.push_back({ARM_64_LPAE_S1, 48, 48, k4, IO_PGTABLE_QUIRK_ARM_OUTER_WBWA, false});
  for (const unsigned ias : {25U, 30U, 31U, 32U}) all.push_back({ARM_32_LPAE_S1, ias, 40, k4});
  all.push_back({ARM_32_LPAE_S1, 32, 32, k4, IO_PGTABLE_QUIRK_ARM_NS, false});
  for (const unsigned ias : {25U, 32U, 34U, 35U, 40U}) all.push_back({ARM_32_LPAE_S2, ias, 40, k4});
  for (const unsigned ias : {25U, 39U, 48U}) all.push_back({ARM_MALI_LPAE, ias, 40, k4});
  all.push_back({ARM_MALI_LPAE, 32, 32, k4, 0, false});
  const unsigned long short_sizes = SZ_4K | SZ_64K | SZ_1M | SZ_16M;
  for (const unsigned ias : {25U, 30U, 32U}) all.push_back({ARM_V7S, ias, 40, short_sizes});
  all.push_back({ARM_V7S, 32, 32, short_sizes, 0, false});
  all.push_back({ARM_V7S, 32, 40, short_sizes, IO_PGTABLE_QUIRK_ARM_NS});
  all.push_back({ARM_V7S, 32, 40, short_sizes, IO_PGTABLE_QUIRK_NO_PERMS});
  return all;
}

Tables::Tables(const Wanted& wanted, Tlb* tlb) : m_wanted(wanted), m_tlb(tlb) {
  m_cfg.quirks = wanted.quirks;
  m_cfg.pgsize_bitmap = wanted.sizes;
  m_cfg.ias = wanted.ias;
  m_cfg.oas = wanted.oas;
  m_cfg.coherent_walk = wanted.coherent;
  m_cfg.tlb = &flush_ops;
  m_error =
      alloc_io_pgtable_ops(wanted.format, &m_cfg, m_tlb, reinterpret_cast<struct module*>(&a_user), &m_ops);
  if (m_error == 0) configure();
}

Tables::~Tables() {
  if (m_error == 0) free_io_pgtable_ops(m_ops);
}

std::uint64_t Tables::base() const {
  return (m_cfg.quirks & IO_PGTABLE_QUIRK_ARM_TTBR1) != 0 ? ~0ULL << m_cfg.ias : 0;
}

std::uint64_t Tables::smallest() const { return m_cfg.pgsize_bitmap & -m_cfg.pgsize_bitmap; }

std::vector<std::uint64_t> Tables::sizes() const {
  std::vector<std::uint64_t> all;
  for (unsigned i = 0; i < 64; ++i)
    if ((m_cfg.pgsize_bitmap >> i & 1) != 0) all.push_back(1ULL << i);
  return all;
}

unsigned Tables::leaf_oas(std::uint64_t size) const {
  return m_wanted.format == ARM_V7S && size < SZ_16M ? 32 : m_cfg.oas;
}

int Tables::map(std::uint64_t iova, std::uint64_t pa, std::uint64_t size, std::uint64_t count, int prot,
                gfp_t gfp) {
  size_t mapped = 0;
  const int ret = m_ops->map_pages(m_ops, iova, pa, size, count, prot, gfp, &mapped);
  m_mapped = mapped;
  return ret;
}

std::uint64_t Tables::unmap(std::uint64_t iova, std::uint64_t size, std::uint64_t count) {
  return m_ops->unmap_pages(m_ops, iova, size, count, nullptr);
}

std::uint64_t Tables::lookup(std::uint64_t iova) const { return m_ops->iova_to_phys(m_ops, iova); }

void Tables::configure_long(unsigned range) {
  const auto& out = m_cfg.arm_lpae_s1_cfg;
  Stage1Config& s1 = m_config.stage1;
  TableConfig& t = s1.tables[range];
  t.EPD = false;
  t.base = out.ttbr;
  t.TxSZ = static_cast<std::uint8_t>(out.tcr.tsz);
  t.walk_attributes = walk_attributes(out.tcr.irgn, out.tcr.orgn, out.tcr.sh);
  s1.MAIR = out.mair;
}

void Tables::configure() {
  Stage1Config& s1 = m_config.stage1;
  Stage2Config& s2 = m_config.stage2;
  if ((m_cfg.quirks & IO_PGTABLE_QUIRK_ARM_NS) != 0) m_config.space = AddressSpace::secure;
  switch (m_wanted.format) {
    case ARM_64_LPAE_S1: {
      const unsigned range = base() != 0 ? 1 : 0;
      configure_long(range);
      const auto& tcr = m_cfg.arm_lpae_s1_cfg.tcr;
      s1.tables[range].granule = range != 0 ? granule1(tcr.tg) : granule0(tcr.tg);
      s1.output_size = output_sizes[tcr.ips];
      s1.LPA = s1.output_size == 52;
      return;
    }
    case ARM_32_LPAE_S1:
      s1.format = Format::lpae32;
      s1.output_size = 40;
      return configure_long(0);
    case ARM_64_LPAE_S2:
    case ARM_32_LPAE_S2: {
      const auto& out = m_cfg.arm_lpae_s2_cfg;
      m_config.stages = Stages::stage2;
      s2.base = out.vttbr;
      s2.granule = granule0(out.vtcr.tg);
      s2.walk_attributes = walk_attributes(out.vtcr.irgn, out.vtcr.orgn, out.vtcr.sh);
      const int last = s2.granule == Granule::size_4k ? 2 : 3;
      s2.start_level = static_cast<std::int8_t>(last - static_cast<int>(out.vtcr.sl));
      s2.XNX = true;
      s2.T0SZ = static_cast<std::int8_t>(out.vtcr.tsz);
      s2.output_size = output_sizes[out.vtcr.ps];
      if (m_wanted.format == ARM_32_LPAE_S2) {
        s2.format = Format::lpae32;
        s2.output_size = 40;
        if ((out.vtcr.tsz & 0x10) != 0)
          s2.T0SZ = static_cast<std::int8_t>(static_cast<int>(out.vtcr.tsz) - 32);
      }
      s2.LPA = s2.output_size == 52;
      return;
    }
    case ARM_V7S: {
      const auto& out = m_cfg.arm_v7s_cfg;
      s1.format = Format::v7s;
      s1.output_size = 40;
      s1.tables[0].EPD = false;
      s1.tables[0].base = out.ttbr & ~0x7fU;
      s1.tables[1].EPD = (out.tcr & 1U << 5) != 0;
      s1.v7s.N = out.tcr & 7;
      s1.v7s.DACR = 1;  // domain 0: client
      s1.v7s.TRE = true;
      s1.v7s.PRRR = out.prrr;
      s1.v7s.NMRR = out.nmrr;
      return;
    }
    default: {
      const auto& out = m_cfg.arm_mali_lpae_cfg;
      s1.format = Format::mali_lpae;
      s1.output_size = 40;
      s1.tables[0].EPD = false;
      s1.tables[0].base = out.transtab & ~0xfffULL;
      s1.tables[0].TxSZ = static_cast<std::uint8_t>(64 - m_cfg.ias);
      s1.MAIR = out.memattr;
    }
  }
}

MemoryResponse read_tables(const MemoryOp& op) {
  MemoryResponse response;
  std::uint64_t value = 0;
  if (host_read(op.address, op.size, &value) == 0) response.status = MemoryStatus::external_abort;
  response.data = value;
  return response;
}

Result Tables::walk(std::uint64_t iova) const {
  WalkRequest request;
  request.va = iova;
  request.access = AccessType::none;
  return smmuvp::pgtable::walk(m_config, request, read_tables);
}

// ---- the model

std::map<std::uint64_t, Model::Piece>::const_iterator Model::piece_of(std::uint64_t iova) const {
  auto it = m_pieces.upper_bound(iova);
  if (it == m_pieces.begin()) return m_pieces.end();
  --it;
  return iova - it->first < it->second.size ? it : m_pieces.end();
}

bool Model::overlaps(std::uint64_t iova, std::uint64_t size) const {
  if (piece_of(iova) != m_pieces.end()) return true;
  const auto it = m_pieces.lower_bound(iova);
  return it != m_pieces.end() && it->first - iova < size;
}

void Model::add(std::uint64_t iova, std::uint64_t pa, std::uint64_t size, int prot) {
  if (size != 0) m_pieces[iova] = {size, pa, prot};
}

std::uint64_t Model::covered(std::uint64_t iova, std::uint64_t size) const {
  std::uint64_t done = 0;
  while (done < size) {
    const auto it = piece_of(iova + done);
    if (it == m_pieces.end()) return done;
    done = it->first + it->second.size - iova;
  }
  return size;
}

void Model::cut(std::uint64_t iova) {
  const auto it = piece_of(iova);
  if (it == m_pieces.end() || it->first == iova) return;
  const Piece whole = it->second;
  const std::uint64_t head = iova - it->first;
  m_pieces[it->first].size = head;
  m_pieces[iova] = {whole.size - head, whole.pa + head, whole.prot};
}

void Model::remove(std::uint64_t iova, std::uint64_t size) {
  if (size == 0) return;
  ASSERT_EQ(covered(iova, size), size) << "more was removed than was there";
  cut(iova);
  cut(iova + size);
  while (size != 0) {
    const auto it = m_pieces.find(iova);
    const std::uint64_t piece = it->second.size;
    m_pieces.erase(it);
    iova += piece;
    size -= piece;
  }
}

std::optional<Model::Piece> Model::find(std::uint64_t iova) const {
  const auto it = piece_of(iova);
  if (it == m_pieces.end()) return std::nullopt;
  return Piece{1, it->second.pa + (iova - it->first), it->second.prot};
}

// ---- what rights and attributes mean

namespace {

std::uint8_t rights_bits(bool pr, bool pw, bool px, bool ur, bool uw, bool ux) {
  return static_cast<std::uint8_t>(
      (pr ? Rights::privileged_read : 0U) | (pw ? Rights::privileged_write : 0U) |
      (px ? Rights::privileged_execute : 0U) | (ur ? Rights::unprivileged_read : 0U) |
      (uw ? Rights::unprivileged_write : 0U) | (ux ? Rights::unprivileged_execute : 0U));
}

std::uint8_t expected_rights(const Wanted& w, int prot) {
  const bool r = (prot & IOMMU_READ) != 0;
  const bool wr = (prot & IOMMU_WRITE) != 0;
  const bool x = (prot & IOMMU_NOEXEC) == 0;
  const bool u = (prot & IOMMU_PRIV) == 0;
  switch (w.format) {
    case ARM_64_LPAE_S1:  // what unprivileged code can write, privileged code does not execute
      return rights_bits(true, wr, x && !(u && wr), u, u && wr, x);
    case ARM_32_LPAE_S1:
      return rights_bits(true, wr, x, u, u && wr, u && x);
    case ARM_32_LPAE_S2:  // execution needs the right to read
      return rights_bits(r, wr, r && x, r, wr, r && x);
    case ARM_V7S:
      if ((w.quirks & IO_PGTABLE_QUIRK_NO_PERMS) != 0) return Rights::all;
      return rights_bits(true, wr, x, u, u && wr, u && x);
    default:
      return rights_bits(r, wr, x, r, wr, x);
  }
}

}  // namespace

std::string difference(const Tables& tables, const Result& r, int prot) {
  const Wanted& w = tables.wanted();
  const bool stage2 = w.format == ARM_64_LPAE_S2 || w.format == ARM_32_LPAE_S2;
  const bool mali = w.format == ARM_MALI_LPAE;
  const bool device = (prot & IOMMU_MMIO) != 0;
  const bool cached = !device && (prot & IOMMU_CACHE) != 0;
  std::string text;
  const auto compare = [&](const char* what, unsigned is, unsigned expected) {
    if (is != expected)
      text += std::string(what) + " is " + std::to_string(is) + ", not " + std::to_string(expected) + "; ";
  };
  compare("rights", r.rights.bits, expected_rights(w, prot));
  const unsigned SH = cached && !mali ? 3 : 2;
  if (stage2) {
    compare("MemAttr", r.stage2_attributes.MemAttr, device ? 0b0001 : cached ? 0b1111 : 0b0101);
    compare("SH", static_cast<unsigned>(r.stage2_attributes.SH), SH);
  } else if (mali) {
    compare("MEMATTR", r.attributes.memory, cached ? 0x8d : 0x88);
    compare("SH", static_cast<unsigned>(r.attributes.SH), SH);
  } else {
    compare("MAIR", r.attributes.memory, device ? 0x04 : cached ? 0xff : 0x44);
    compare("SH", static_cast<unsigned>(r.attributes.SH), SH);
    compare("nG", r.nG ? 1 : 0, 1);
    compare("space", static_cast<unsigned>(r.space), static_cast<unsigned>(AddressSpace::non_secure));
  }
  return text;
}
