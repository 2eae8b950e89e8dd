#include "program.h"

#include <cstdio>

namespace smmuvp::smmuv2::compare {

void Program::write(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
  if (bytes == 4) value &= 0xffff'ffffU;
  if (m_log != nullptr && m_pair.difference().empty()) {
    char text[96];
    std::snprintf(text, sizeof text, "%s writes 0x%llx to 0x%x (%u)", m_secure ? "Secure" : "Non-secure",
                  static_cast<unsigned long long>(value), offset, bytes);
    m_log->push_back(text);
  }
  m_pair.write(offset, value, bytes, m_secure);
}

// Of big-endian short descriptors other words are supersections: see short_descriptors().
bool Program::reads_short_descriptors(unsigned n) const {
  const std::uint32_t page = m_pair.page();
  const bool VA64 = m_pair.features().version == 2 && (m_pair.value(page + 0x800 + 4 * n, 4, true) & 1U) != 0;
  const bool stage1 = (m_pair.value(page + 4 * n, 4, true) >> 16 & 3U) != 0;
  return m_pair.features().PTFS == 0 && !VA64 && stage1;
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
  partition();
  for (const bool secure : {false, true}) {
    m_secure = secure;
    std::uint64_t CR0 = m_random.next() & 0x3fff'f7ffU;
    CR0 &= ~(one_in(m_clean ? 64 : 8) ? 0ULL : 1ULL);  // CLIENTPD
    CR0 &= ~(one_in(8) ? 0ULL : 1ULL << 8);            // STALLD
    write(0, CR0);
  }
  m_secure = true;
}

// Devices of Secure groups are Secure (13.1), as are some others.
void Program::partition() {
  const unsigned groups = m_pair.features().NUMSMRG;
  if (m_pair.features().SSDTP == 0) return;
  m_secure = true;
  std::uint64_t SSDR = m_random.next() | m_random.next() | m_random.next();
  for (unsigned n = 0; n < groups; ++n) {
    const bool secure = (n + m_secure_groups >= groups) != one_in(16);
    SSDR = secure ? SSDR & ~(1ULL << n) : SSDR | 1ULL << n;
  }
  write(4 * m_pair.page(), SSDR);
  write(4 * m_pair.page() + 4, SSDR >> 32);
}

// Counters of accesses (6.3): what is counted by time or by TLBs is each model's own.
void Program::monitors(unsigned group) {
  const Features& f = m_pair.features();
  const std::uint32_t at = 3 * m_pair.page();
  // Groups of their own for each bank that has one (6.7)
  const std::uint64_t NDX = group + f.counter_groups * below(8 / f.counter_groups);
  const std::uint64_t TCEFCFG = below(3);
  const bool CBAEN = TCEFCFG != 0 && one_in(2);
  write(at + 0x800 + 4 * group, (m_random.next() & 0x800) | (CBAEN ? 0x400 : 0) | TCEFCFG << 8 | NDX);
  write(at + 0xa00 + 4 * group, (one_in(2) ? m_random.next() & 0xffff'0000U : 0) | below(8));
  constexpr std::uint16_t events[] = {0x10, 0x10, 0x11, 0x12, 0x7f};
  for (unsigned n = group * f.CGNC; n < (group + 1U) * f.CGNC; ++n) {
    if (one_in(2)) write(at + 4 * n, 0U - below(8));
    write(at + 0x400 + 4 * n, (one_in(2) ? below(16) << 28 : 0) | events[below(5)]);
  }
  for (const std::uint32_t pair : {0xc00U, 0xc20U, 0xc40U, 0xc60U, 0xc80U, 0xcc0U})
    write(at + pair, one_in(3) ? m_random.next() : 0);
  write(at + 0xc00, m_random.next());
  write(at + 0xe04, one_in(4) ? below(4) : 1);
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

void Program::write_control(unsigned n, std::uint64_t SCTLR) {
  write_bank(n, 0, reads_short_descriptors(n) ? SCTLR & ~(1ULL << 4) : SCTLR);
}

void Program::control(unsigned n) {
  if (!shared(n)) return write_control(n, any_control());
  // All that goes into TLBs stays as it is.
  write_bank(n, 0, m_pair.value(m_pair.bank(n), 4, true) ^ (m_random.next() & 0x1e0U));
}

std::uint64_t Program::any_control() {
  std::uint64_t SCTLR = m_random.next() & 0x3fff'f7ffU;
  SCTLR = one_in(m_clean ? 24 : 8) ? SCTLR & ~1ULL : SCTLR | 1U;
  if (m_clean && !one_in(3)) SCTLR = (SCTLR | 1U << 8) & ~std::uint64_t{1U << 7};  // HUPCF without CFCFG
  if (!one_in(4)) SCTLR &= ~(1ULL << 4);                                           // E
  return SCTLR;
}

// SL0 and T0SZ of stage 2 (2.6.4), seldom such that nothing can be walked
std::uint32_t Program::stage2_range(bool VA64) {
  const bool any = one_in(m_clean ? 64 : 8);
  if (VA64) {
    // Of each granule these sizes begin at the level of SL0 1
    return static_cast<std::uint32_t>(any ? below(64) | below(4) << 6 : (25 + below(8)) | 1U << 6);
  }
  const std::uint64_t SL0 = below(2);
  const std::uint64_t T0SZ = any ? below(16) : SL0 == 1 ? below(10) - 8 : below(10) - 2;
  return static_cast<std::uint32_t>(SL0 << 6 | (T0SZ & 15U));
}

// 16.5.9: a bank with faults that nobody has handled is not to be configured. What waits goes through it
// while it is off.
void Program::quiesce(unsigned n) {
  write_bank(n, 0, 0x20);
  write_bank(n, 0x58, ~0U);
  write_bank(n, 8, 1);
}

bool Program::shared(unsigned n) const {
  for (unsigned k = 0; k < m_tags.size(); ++k) {
    if (k != n && m_tags[k] == m_tags[n]) return true;
  }
  return false;
}

bool Program::may_share(unsigned n, unsigned other) {
  const Features& f = m_pair.features();
  if (f.SES) {
    const std::uint64_t NSNUMCBO = m_pair.value(4, 4, true) & 0xffU;
    if ((n < NSNUMCBO) != (other < NSNUMCBO)) return false;
    // 2.8.3: what is Hyp's has no Security state, and SCR1 may yet part the two.
    const std::uint64_t CBAR = m_pair.value(m_pair.page() + 4 * other, 4, true);
    if ((CBAR >> 16 & 3U) == 1 && (CBAR >> 10 & 1U) != 0) return false;
  }
  return n != other && (n < f.NUMS2CB) == (other < f.NUMS2CB);
}

// 2.5: banks of the same tags share what TLBs hold, and are to say the same.
void Program::share(unsigned n, unsigned other) {
  invalidate_all();
  quiesce(n);
  const std::uint32_t page = m_pair.page();
  const auto copy = [&](std::uint32_t at, unsigned bytes) {
    write_bank(n, at, m_pair.value(m_pair.bank(other) + at, bytes, true), bytes);
  };
  if (m_pair.features().version == 2)
    write(page + 0x800 + 4 * n, m_pair.value(page + 0x800 + 4 * other, 4, true));
  write(page + 4 * n, (m_pair.value(page + 4 * other, 4, true) & 0xff'ffffU) | below(256) << 24);
  for (const std::uint32_t at : {0x20U, 0x28U}) copy(at, 8);
  for (const std::uint32_t at : {0x10U, 0x30U, 0x34U, 0x38U, 0x3cU, 0U}) copy(at, 4);
  m_tags[n] = m_tags[other];
  ++m_pair.tally.shared;
  control(n);
}

void Program::set_up(unsigned n) {
  const auto with = [&](unsigned k) { return k != n && m_tags[k] == n; };
  // What waits in them goes by what they and this one still have in common.
  for (unsigned k = 0; k < m_tags.size(); ++k) {
    if (with(k)) quiesce(k);
  }
  configure_bank(n);
  const unsigned other = bank();
  if (!shared(n)) {
    if (one_in(6) && may_share(n, other)) share(n, other);
    return;
  }
  for (unsigned k = 0; k < m_tags.size(); ++k) {
    if (with(k)) share(k, n);
  }
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
  quiesce(n);
  const std::uint32_t page = m_pair.page();
  std::uint64_t CBA2R = (VA64 ? 1U : 0U) | (n == 3 && one_in(2) ? 2U : 0U) | std::uint64_t{n} << 16;
  if (f.version == 2) write(page + 0x800 + 4 * n, CBA2R);
  // Each bank has tags of its own until share(), and one is of Hyp, one of the monitor.
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
      write_bank(n, 0x30,
                 stage2_range(VA64) | (m_random.next() & 0x3f00U) | below(3) << 14 |
                     (one_in(4) ? below(8) : 5) << 16 | below(4) << 21);
    } else {
      write_bank(n, 0x30, stage2_range(VA64) | (m_random.next() & 0x3f00U));
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
  m_tags[n] = n;
  write_control(n, any_control());
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
  const std::uint64_t at = below(0x400) << 6;
  if (m_short_tables || one_in(4)) return short_descriptors(at);
  for (unsigned i = 0; i < 64; i += 8) m_pair.put(at + i, long_descriptor());
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
  if (m_pair.features().SSDTP != 0 && one_in(8)) {
    m_secure = one_in(2);
    write(4 * m_pair.page() + 4 * static_cast<std::uint32_t>(below(4)), m_random.next());
    m_secure = true;
    return;
  }
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
  if (offset >= banks && (in_bank == 0 || in_bank == 0x38 || in_bank == 0x3c) &&
      shared((offset - banks) / m_pair.page()))
    return;
  if (offset == 0x50 || offset == 0x450 || offset == 0x4c || offset == 0x44c || (offset & ~0x404U) == 0x180)
    return;
  // Tags stay those that configure_bank() gives.
  const bool global1 = offset >= m_pair.page() && offset < 2 * m_pair.page();
  const std::uint32_t in_page = offset % m_pair.page();
  const bool v2 = m_pair.features().version == 2;
  if (global1 && (in_page < 0x200 || (v2 && in_page >= 0x800 && in_page < 0xa00))) return;
  if (offset >= banks && ((v2 && in_bank == 0x10) || (in_bank >= 0x20 && in_bank < 0x38))) return;
  if (offset >= banks && in_bank == 0 && reads_short_descriptors((offset - banks) / m_pair.page())) return;
  m_secure = one_in(2);
  const unsigned bytes = offset % 8 == 0 && one_in(3) ? 8 : 4;
  write(offset, one_in(2) ? m_random.next() : m_random.next() & m_random.next() & m_random.next(), bytes);
  m_pair.look(offset, bytes, one_in(2));
  m_secure = true;
  invalidate_all();
}

// What is there, what is not, and what is the other Security state's (3.9)
void Program::any_place() {
  const std::uint64_t half = m_pair.window() / 2;
  std::uint64_t offset = below(8) * m_pair.page() + below(0x1000);
  if (one_in(4)) offset = half + below(9) * m_pair.page() + below(0x1000);
  if (one_in(8)) offset = below(2 * half);
  const unsigned bytes = one_in(3) ? 8 : 4;
  if (one_in(4)) offset = 3 * m_pair.page() + 0xc00 + below(0x400);
  m_pair.look(static_cast<std::uint32_t>(offset & ~std::uint64_t{bytes - 1}), bytes, one_in(2));
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
  const unsigned bytes = m_pair.features().version == 1 && !one_in(16) ? 4 : 8;  // 9.6.5
  if (global) {
    m_secure = one_in(2);
    write(static_cast<std::uint32_t>(0x100 + 8 * below(8)), at | n, bytes);
    m_pair.read(0x180, 8, m_secure);
    m_secure = true;
  } else if (m_pair.translates_addresses(n)) {
    write_bank(n, static_cast<std::uint32_t>(0x800 + 8 * below(4)), at, bytes);
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
  // Mostly as SCR1 says of the stream, as far as globals() made a partition. With a table of SSD_Index it is
  // no more than what the bus says.
  const bool of_secure = r.stream_id < 8 && r.stream_id + m_secure_groups >= 8 && !one_in(m_clean ? 12 : 4);
  if (m_pair.features().SES && (of_secure || one_in(m_clean ? 48 : 3))) r.space = smmu::AddressSpace::secure;
  constexpr std::uint8_t memory[] = {0xff, 0x44, 0x00, 0x04, 0xbb, 0xf4, 0x4f, 0x77};
  constexpr smmu::Shareability shareabilities[] = {smmu::Shareability::non_shareable,
                                                   smmu::Shareability::outer, smmu::Shareability::inner};
  r.attributes = {memory[below(8)], shareabilities[below(3)]};
  if (m_log != nullptr && m_pair.difference().empty()) {
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
      quiesce(n);
      m_tags[n] = n;
    }
  }
  globals();
  tables();
  for (unsigned n = 0; n < 8; ++n) stream(n);
  for (unsigned n = 0; n < m_pair.features().NUMCB; ++n) set_up(n);
  const Features& f = m_pair.features();
  for (unsigned n = 0; n < f.counters(); ++n) write(3 * m_pair.page() + 0x400 + 4 * n, 0x7f);
  for (unsigned n = 0; n < f.counter_groups; ++n) monitors(n);
  invalidate_all();
  for (unsigned step = 0; step < 40 && m_pair.difference().empty() && !m_pair.left(); ++step) {
    if (one_in(8)) any_place();
    switch (below(16)) {
      case 0:
        if (f.counter_groups != 0 && one_in(4)) {
          monitors(static_cast<unsigned>(below(f.counter_groups)));
          break;
        }
        set_up(bank());
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
