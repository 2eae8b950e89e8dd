#include "program.h"

#include <cstdio>

namespace smmuvp::smmuv2::compare {

Features draw_features(test::Random& random) {
  const auto one_in = [&](unsigned n) { return random.below(n) == 0; };
  for (;;) {
    Features f;
    f.NUMCB = static_cast<std::uint8_t>(6 + random.below(3));
    f.NUMSMRG = 8;
    f.NUMPAGENDXB = 3;
    f.EF = false;
    f.SCR1_GEFRO = FixedBit::zero;
    f.CAF = false;
    f.SES = one_in(2);
    if (one_in(8)) f.S1TS = f.NTS = false;
    if (f.S1TS && one_in(8)) f.S2TS = f.NTS = false;
    if (one_in(8)) f.NTS = false;
    f.SMS = !one_in(6);
    if (!f.SMS) f.NUMSIDB = 6;
    f.EXIDS = f.SMS && one_in(2);
    f.ATOSNS = f.S1TS && one_in(6);
    constexpr std::uint8_t forms[] = {0, 0, 0, 1, 2};
    f.PTFS = forms[random.below(5)];
    if (one_in(3)) f.NUMIRPT = static_cast<std::uint8_t>(2 + random.below(6));
    f.PAGESIZE = one_in(4);
    f.HAFDBS = static_cast<std::uint8_t>(one_in(3) ? 0 : one_in(2) ? 1 : 3);
    if (f.S2TS && one_in(4)) f.NUMS2CB = 2;
    f.SMCD = !one_in(4);
    f.DIPANS = one_in(2);
    f.HADS = one_in(2);
    f.VMID16S = one_in(2);
    if (one_in(4)) f.PTFSv8_64kB = false;
    if (one_in(4)) f.PTFSv8_16kB = false;
    if (one_in(8)) f.PTFSv8_4kB = false;
    constexpr std::uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 48, 48};
    f.OAS = sizes[random.below(8)];
    f.IAS = f.S2TS ? sizes[random.below(8)] : f.OAS;
    constexpr std::uint8_t buses[] = {32, 36, 40, 42, 44, 49, 49, 49, 64};
    f.UBS = f.S1TS ? buses[random.below(9)] : f.IAS;
    f.stalls = !one_in(6);
    f.GSE = f.stalls && one_in(2);
    f.STALLD = f.stalls;
    if (f.problem() == nullptr) return f;
  }
}

void Program::write(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  if (bytes == 4) value &= 0xffff'ffffU;
  if (m_log != nullptr) {
    char text[96];
    std::snprintf(text, sizeof text, "%s writes 0x%llx to 0x%x (%u)", m_secure ? "Secure" : "Non-secure",
                  static_cast<unsigned long long>(value), offset, bytes);
    m_log->push_back(text);
  }
  m_pair.write(offset, value, bytes, m_secure);
}

void Program::write_bank(unsigned n, std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  write(m_pair.bank(n) + offset, value, bytes);
}

// ---- software

void Program::globals() {
  const Features& f = m_pair.features();
  if (f.SES && one_in(2)) {
    m_secure = true;
    m_secure_groups = static_cast<unsigned>(below(4));
    m_some_secure = m_secure_groups != 0;
    write(4, (f.NUMCB - m_secure_groups) | (8 - m_secure_groups) << 8 | below(8) << 16 | below(16) << 24 |
                 (one_in(8) ? 1U << 31 : 0) | (one_in(8) ? 1U << 30 : 0));
  }
  for (const bool secure : {false, true}) {
    m_secure = secure;
    std::uint64_t CR0 = m_random.next() & 0x3fff'f7ffU;
    CR0 &= ~(one_in(m_clean ? 64 : 8) ? 0ULL : 1ULL);  // CLIENTPD
    CR0 &= ~(one_in(8) ? 0ULL : 1ULL << 8);            // STALLD
    write(0, CR0);
  }
  m_secure = true;
}

void Program::stream(unsigned group) {
  std::uint64_t id = group;
  if (one_in(16)) id = below(8);
  const std::uint64_t mask = one_in(m_clean ? 48 : 12) ? 1U << below(3) : 0;
  write(0x800 + 4 * group, (one_in(m_clean ? 32 : 8) ? 0ULL : 1ULL << 31) | mask << 16 | id);
  std::uint64_t S2CR = m_random.next() & 0x3ffc'0000U;
  S2CR |= 1U << 10;  // EXIDVALID
  S2CR &= ~std::uint64_t{3U << 16};
  if (one_in(m_clean ? 24 : 6)) S2CR |= below(4) << 16;  // TYPE
  if (one_in(2)) S2CR &= 0x3U << 16 | 1U << 10;
  S2CR |= one_in(m_clean ? 64 : 16) ? below(16) : bank_of(group);
  if (one_in(32)) S2CR |= 0xf0;
  write(0xc00 + 4 * group, S2CR);
}

void Program::control(unsigned n) {
  std::uint64_t SCTLR = m_random.next() & 0x3fff'f7ffU;
  SCTLR = one_in(m_clean ? 24 : 8) ? SCTLR & ~1ULL : SCTLR | 1U;
  if (m_clean && !one_in(3)) SCTLR = (SCTLR | 1U << 8) & ~std::uint64_t{1U << 7};  // HUPCF without CFCFG
  if (!one_in(4)) SCTLR &= ~(1ULL << 4);                                           // E
  write_bank(n, 0, SCTLR);
}

void Program::configure_bank(unsigned n) {
  const Features& f = m_pair.features();
  const bool other = m_clean && n >= 4 ? one_in(48) : one_in(3);  // stage 2 of AArch64 is for both
  const bool VA64 = f.aarch64() && (!f.aarch32() || !other) && !(m_clean && m_short_tables && n < 4);
  constexpr std::uint8_t types[] = {1, 1, 1, 3, 3, 0, 0, 2};
  std::uint32_t TYPE = types[m_clean && !one_in(8) ? below(7) : below(8)];
  if (m_clean && TYPE == 3 && (!f.NTS || m_some_secure)) TYPE = 1;
  if (m_clean && TYPE == 1 && !f.S1TS) TYPE = 0;
  if (m_clean && TYPE == 0 && (!f.S2TS || m_some_secure)) TYPE = 1;
  const bool stage2 = f.S2TS && !(m_clean && m_some_secure && n + 3 >= f.NUMCB);
  if (n >= 4 && stage2 && !one_in(m_clean ? 24 : 4)) TYPE = 0;
  if (n < 2 && f.NUMS2CB == 0 && !one_in(4)) TYPE = one_in(2) ? 1 : 3;
  if (n < f.NUMS2CB && m_clean && !one_in(24)) TYPE = 0;
  if (TYPE == 3 && m_clean && (!f.NTS || m_some_secure)) TYPE = f.S1TS ? 1 : 0;
  // A bank with faults that nobody has handled is not to be configured (16.5.9). What waits goes through it
  // while it is off.
  write_bank(n, 0, 0x20);
  write_bank(n, 0x58, ~0U);
  write_bank(n, 8, 1);
  const std::uint32_t page = m_pair.page();
  std::uint64_t CBA2R = (VA64 ? 1U : 0U) | (n == 3 && one_in(2) ? 2U : 0U) | std::uint64_t{n} << 16;
  write(page + 0x800 + 4 * n, CBA2R);
  // Banks of the same tags would share entries: each has tags of its own, and one is of Hyp, one of the
  // monitor.
  std::uint64_t CBAR = TYPE << 16 | (m_random.next() & 0xfffc'0000U) | n;
  if (TYPE == 1) {
    CBAR |= m_random.next() & 0xfb00U;
    CBAR &= ~(std::uint64_t{1} << 10);
    if (n == 2 && one_in(2)) CBAR |= 1U << 10;  // HYPC
  }
  if (TYPE >= 2) CBAR |= (one_in(m_clean ? 48 : 8) ? below(16) : 4 + below(f.NUMCB - 4U)) << 8;
  write(page + 4 * n, CBAR);
  constexpr std::uint8_t s1_sizes[] = {16, 25, 25, 25, 28, 32};
  const auto TxSZ = [&] { return one_in(m_clean ? 200 : 32) ? below(64) : s1_sizes[below(6)]; };
  const std::uint64_t hints =
      (m_random.next() & 0x3f00U) << (one_in(2) ? 0 : 16) | (m_random.next() & 0x3f00U);
  const std::uint64_t table = below(16) << 12;
  const auto root = [&] {
    return one_in(m_clean ? 200 : 24) ? (m_random.next() & 0xffff'ffff'ffffU) | std::uint64_t{n} << 48
                                      : table | std::uint64_t{n} << 48;
  };
  if (TYPE == 0) {
    if (VA64) {
      // Of each granule these sizes begin at the level of SL0 1. What nothing can walk is
      // special_banks_test's.
      write_bank(n, 0x30,
                 (25 + below(8)) | 1U << 6 | (m_random.next() & 0x3f00U) | below(3) << 14 |
                     (one_in(4) ? below(8) : 5) << 16 | below(4) << 21);
    } else {
      const std::uint64_t SL0 = below(2);
      const std::uint64_t T0SZ = (SL0 == 1 ? below(10) - 8 : below(10) - 2) & 15U;
      write_bank(n, 0x30, (m_random.next() & 0x3f00U) | SL0 << 6 | T0SZ);
    }
    write_bank(n, 0x20, root(), 8);
  } else if (VA64) {
    write_bank(
        n, 0x10,
        (one_in(4) ? below(8) : 5) | (m_random.next() & 0x4000'4ff0U) | (one_in(4) ? below(8) : 7) << 15);
    write_bank(n, 0x30,
               TxSZ() | TxSZ() << 16 | (one_in(8) ? 1U << 7 : 0) | (one_in(4) ? 1U << 23 : 0) |
                   (hints & 0x3f00'3f00U) | below(3) << 14 | (1 + below(3)) << 30 | below(2) << 22);
    write_bank(n, 0x20, root(), 8);
    write_bank(n, 0x28, root(), 8);
  } else {
    const bool EAE = f.PTFS != 0 || (m_clean && !one_in(16) ? !m_short_tables : one_in(2));
    if (EAE) {
      write_bank(n, 0x30, 1U << 31 | (m_random.next() & 0x7f47'7f07U & ~(one_in(8) ? 0U : 0x80'0080U)));
    } else {
      write_bank(
          n, 0x30,
          (one_in(2) ? 0 : below(8)) | (one_in(8) ? below(4) << 4 : 0) | below(2) << 14 | below(2) << 30);
    }
    write_bank(n, 0x20, root(), 8);
    write_bank(n, 0x28, root(), 8);
    write_bank(n, 0x34, (m_random.next() & 0xffff'ff00U) | n);
  }
  constexpr std::uint8_t memory[] = {0xff, 0x44, 0x00, 0x04, 0xbb, 0xf4, 0x4f, 0x77};
  for (const std::uint32_t at : {0x38U, 0x3cU}) {
    std::uint64_t MAIR = 0;
    for (unsigned i = 0; i < 4; ++i) MAIR = MAIR << 8 | memory[below(8)];
    write_bank(n, at, one_in(2) ? MAIR : m_random.next() & 0xffff'ffffU);
  }
  control(n);
}

std::uint64_t Program::long_descriptor() {
  // No block where it may be read as a large page, whose sixteen entries are to say the same.
  const bool block = one_in(m_clean ? 24 : 6) && m_pair.features().PTFS != 0;
  std::uint64_t d = one_in(m_clean ? 100 : 16) ? 0 : block ? 1 : 3;
  // No supersection for those who read short descriptors: see below.
  d |= one_in(m_clean ? 200 : 16) ? m_random.next() & 0xffff'fffb'f000U : below(16) << 12;
  d |= one_in(m_clean ? 64 : 8) ? 0 : 0x400;
  d |= m_random.next() & 0xbfcU & ~std::uint64_t{0x20};
  if (m_some_secure) d |= 0x800;  // nG: Secure banks share what is global
  if (!one_in(m_clean ? 24 : 3)) d = (d & ~std::uint64_t{0xc0}) | (one_in(3) ? 0xc0 : 0x40);
  if (one_in(m_clean ? 24 : 4)) d |= below(4) << 53;
  if (one_in(4)) d |= 1ULL << 51;
  if (one_in(16)) d |= 1ULL << 52;
  if (one_in(m_clean ? 100 : 16)) d |= below(32) << 59;
  return d;
}

std::uint32_t Program::short_descriptor() {
  std::uint64_t d = m_random.next() & 0xffff'ffffU;
  d &= ~std::uint64_t{3} &
       ~std::uint64_t{0x1e0};  // domain 0, and no more than one bit of IMPLEMENTATION DEFINED
  d |= one_in(m_clean ? 100 : 16) ? 0 : one_in(2) ? 1 : 2 + below(2);
  if (!one_in(3)) d |= 0x30;  // AP
  if (m_some_secure) d |= 0x2'0800;
  return static_cast<std::uint32_t>(d);
}

// Supersections and large pages are sixteen entries that say the same; what else a cache may answer differs.
void Program::short_descriptors(std::uint64_t at) {
  const bool same = one_in(2);
  std::uint32_t d = short_descriptor();
  for (unsigned i = 0; i < 16; i += 2) {
    std::uint64_t word = 0;
    for (unsigned j = 0; j < 2; ++j) {
      if (!same) {
        while ((d = short_descriptor() & ~(1U << 18), (d & 3U) == 1)) continue;
      }
      word |= std::uint64_t{d} << (32 * j);
    }
    m_pair.put(at + 4 * i, word);
  }
}

void Program::tables() {
  m_short_tables = m_pair.features().PTFS == 0 && one_in(4);
  for (std::uint64_t at = 0; at < 0x10000; at += 64) {
    if (m_short_tables) {
      short_descriptors(at);
      continue;
    }
    for (unsigned i = 0; i < 64; i += 8) m_pair.put(at + i, long_descriptor());
  }
}

void Program::descriptor() {
  if (one_in(4)) return short_descriptors(below(0x400) << 6);
  m_pair.put(below(0x2000) << 3, long_descriptor());
}

std::uint64_t Program::address() {
  std::uint64_t a = m_random.next() & 0x3fff'ffffU;
  if (one_in(m_clean ? 24 : 6)) a = m_random.next() & 0xffff'ffffU;
  if (one_in(m_clean ? 32 : 8)) a = m_random.next() & 0x7f'ffff'ffffU;
  if (one_in(m_clean ? 48 : 12)) a = m_random.next() & 0xffff'ffff'ffffU;
  if (one_in(m_clean ? 12 : 4)) a |= ~0ULL << 39;
  if (one_in(m_clean ? 100 : 24)) a = m_random.next();
  const unsigned UBS = m_pair.features().UBS;
  // What the bus does not carry is another test's.
  if (UBS == 64) return a;
  return a & ((1ULL << UBS) - 1);
}

void Program::any_register() {
  std::uint32_t offset = 0;
  const std::uint32_t banks = static_cast<std::uint32_t>(m_pair.window() / 2);
  switch (below(4)) {
    case 0:
      offset = static_cast<std::uint32_t>(below(0x1000) & ~std::uint64_t{3});
      break;
    case 1:
      offset = m_pair.page() + static_cast<std::uint32_t>(below(0x1000) & ~std::uint64_t{3});
      break;
    default:
      offset = banks + static_cast<std::uint32_t>(below(m_pair.features().NUMCB)) * m_pair.page() +
               static_cast<std::uint32_t>((one_in(2) ? below(0x80) : below(0x1000)) & ~std::uint64_t{3});
  }
  // RESUME, which clear() writes. PAR and FSRRESTORE have storage that no fault and no result fills.
  const std::uint32_t in_bank = offset >= banks ? (offset - banks) % m_pair.page() : 0;
  if (in_bank == 8 || in_bank == 0x50 || in_bank == 0x54 || in_bank == 0x5c) return;
  if (in_bank >= 0x60 && in_bank < 0x78) return;  // nor does what says where a fault was
  if (offset == 0x50 || offset == 0x450 || offset == 0x4c || offset == 0x44c || (offset & ~0x404U) == 0x180)
    return;
  // Tags stay those that configure_bank() gives.
  const bool global1 = offset >= m_pair.page() && offset < 2 * m_pair.page();
  const std::uint32_t in_page = offset % m_pair.page();
  if (global1 && (in_page < 0x200 || (in_page >= 0x800 && in_page < 0xa00))) return;
  if (offset >= banks && (in_bank == 0x10 || (in_bank >= 0x20 && in_bank < 0x38))) return;
  m_secure = one_in(2);
  const unsigned bytes = offset % 8 == 0 && one_in(3) ? 8 : 4;
  write(offset, one_in(2) ? m_random.next() : m_random.next() & m_random.next() & m_random.next(), bytes);
  m_secure = true;
  invalidate_all();
}

void Program::clear(unsigned n) {
  if (one_in(4)) write(0x48, ~0U);
  if (one_in(4)) {
    m_secure = false;
    write(0x48, ~0U);
    m_secure = true;
  }
  if (one_in(4)) {
    control(n);
    invalidate_all();
  }
  write_bank(n, 0x58, ~0U);
  write_bank(n, 8, below(2));
}

void Program::operation() {
  const std::uint64_t at = address() & ~std::uint64_t{0xfff};
  const bool global = one_in(2);
  const unsigned n = one_in(16) ? static_cast<unsigned>(below(256)) : bank();
  if (global) {
    m_secure = one_in(2);
    write(static_cast<std::uint32_t>(0x100 + 8 * below(8)), at | n, 8);
    m_pair.read(0x180, 8, m_secure);
    m_secure = true;
  } else if (m_pair.translates_addresses(n)) {
    write_bank(n, static_cast<std::uint32_t>(0x800 + 8 * below(4)), at, 8);
    if (m_pair.value(m_pair.bank(n) + 0x8f0, 4, true) == 0) m_pair.read(m_pair.bank(n) + 0x50, 8, m_secure);
  }
  ++m_pair.tally.operations;
}

void Program::access() {
  smmu::AccessRequest r;
  r.stream_id = static_cast<std::uint32_t>(one_in(24) ? below(64) : m_clean ? below(8) : below(9));
  r.address = address();
  r.kind = static_cast<smmu::AccessKind>(below(3));
  r.privileged = one_in(2);
  r.instruction = r.kind == smmu::AccessKind::read && one_in(3);
  // Mostly as SCR1 says of the stream, as far as globals() made a partition.
  const bool of_secure = r.stream_id < 8 && r.stream_id + m_secure_groups >= 8 && !one_in(m_clean ? 12 : 4);
  if (m_pair.features().SES && (of_secure || one_in(m_clean ? 48 : 3))) r.space = smmu::AddressSpace::secure;
  constexpr std::uint8_t memory[] = {0xff, 0x44, 0x00, 0x04, 0xbb, 0xf4, 0x4f, 0x77};
  constexpr smmu::Shareability shareabilities[] = {smmu::Shareability::non_shareable,
                                                   smmu::Shareability::outer, smmu::Shareability::inner};
  r.attributes = {memory[below(8)], shareabilities[below(3)]};
  if (m_log != nullptr) {
    char text[96];
    std::snprintf(text, sizeof text, "stream %u %s 0x%llx", r.stream_id, r.is_write() ? "writes" : "reads",
                  static_cast<unsigned long long>(r.address));
    m_log->push_back(text);
  }
  m_pair.access(r);
  if (one_in(2)) m_pair.access(r);  // a hit, where there was none
}

void Program::invalidate_all() {
  const bool before = m_secure;
  for (const bool secure : {false, true}) {
    m_secure = secure;
    for (const std::uint32_t at : {0x60U, 0x68U, 0x6cU}) write(at, 0);
  }
  m_secure = before;
}

bool Program::run() {
  m_secure = true;
  m_clean = !one_in(4);
  m_some_secure = false;
  m_secure_groups = 0;
  // What waits goes on by the configuration that it has met, or stalls again elsewhere.
  for (unsigned i = 0; i < 4; ++i) {
    for (unsigned n = 0; n < m_pair.features().NUMCB; ++n) {
      write_bank(n, 0, 0x20);
      write_bank(n, 0x58, ~0U);
      write_bank(n, 8, 1);
    }
  }
  globals();
  tables();
  for (unsigned n = 0; n < 8; ++n) stream(n);
  for (unsigned n = 0; n < m_pair.features().NUMCB; ++n) {
    configure_bank(n);
  }
  invalidate_all();
  for (unsigned step = 0; step < 40 && m_pair.difference().empty() && !m_pair.left(); ++step) {
    switch (below(16)) {
      case 0:
        configure_bank(bank());
        invalidate_all();
        break;
      case 1:
        stream(static_cast<unsigned>(below(8)));
        break;
      case 2:
        descriptor();
        invalidate_all();
        break;
      case 3:
        any_register();
        break;
      case 4:
      case 5:
        clear(bank());
        break;
      case 6:
        operation();
        break;
      default:
        access();
    }
  }
  if (m_pair.difference().empty() && !m_pair.left()) m_pair.compare_all();
  return m_pair.difference().empty();
}

}  // namespace smmuvp::smmuv2::compare
