// Programs whose commands are of Enhanced Command queues at times (IHI 0070 3.5.6).
#include <cstdio>

#include "places.h"
#include "program.h"

namespace smmuvp::compare {

namespace {

constexpr std::uint32_t EN = 1U << 31;   // and ENACK
constexpr std::uint32_t ERR = 1U << 23;  // and ERRACK
constexpr std::uint64_t CERROR_ILL = 1;
constexpr unsigned log2_entries = 3;
constexpr unsigned index_mask = (2U << log2_entries) - 1;

std::uint64_t entry_of(unsigned n, std::uint64_t index) {
  return ecmdqs + (std::uint64_t{n} << (4 + log2_entries)) + 16 * (index & (index_mask >> 1));
}

}  // namespace

std::uint32_t Programs::ecmdq_place(unsigned n) const {
  const unsigned LOG2NUMQ = m_features.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ;
  return m_features.control_pages(smmuv3::SecSid::non_secure, 0) + (n << (16 - LOG2NUMQ));
}

void Programs::enable_ecmdqs() {
  m_queue = 0;
  for (unsigned n = 0; n < m_features.ecmdq.queues(); ++n) {
    m_pair.read(0x4000 + 32 * (n % m_features.ecmdq.pages()), 8);
    if (chance(6)) continue;  // never enabled: no command goes there
    m_pair.write(ecmdq_place(n), entry_of(n, 0) | log2_entries | (m_random.any() & (1ULL << 62)), 8);
    m_pair.write(ecmdq_place(n) + 8, EN);
  }
}

// A CMD_SYNC is about what its own queue had before.
void Programs::choose_queue() {
  m_queue = 0;
  const unsigned queues = m_features.ecmdq.queues();
  if (queues == 0 || chance(3)) return;
  const unsigned n = m_random.below(queues);
  if ((m_pair.read(ecmdq_place(n) + 8) & EN) != 0) m_queue = n + 1;
}

void Programs::ecmdq_command(std::uint64_t word0, std::uint64_t word1) {
  const unsigned n = m_queue - 1;
  const std::uint64_t PROD = m_pair.read(ecmdq_place(n) + 8);
  char text[80];
  std::snprintf(text, sizeof text, "command of ECMDQ %u %#llx %#llx", n,
                static_cast<unsigned long long>(word0), static_cast<unsigned long long>(word1));
  m_pair.note(text);
  m_pair.poke(entry_of(n, PROD), word0);
  m_pair.poke(entry_of(n, PROD) + 8, word1);
  if (chance(60)) m_pair.set_abort(entry_of(n, PROD), true);
  m_pair.write(ecmdq_place(n) + 8, (PROD & ~std::uint64_t{index_mask}) | ((PROD + 1) & index_mask));
  ++m_tally.ecmdq_commands;
  if (((m_pair.read(ecmdq_place(n) + 8) ^ m_pair.read(ecmdq_place(n) + 12)) & ERR) == 0) {
    ++m_tally.carried_out[word0 & 0xff];
  } else {
    mend_errors();  // what it asks for comes before what the program does next
  }
}

// A command that stopped a queue is read again when ERRACK is as ERR; one that is ILLEGAL becomes one that is
// legal. At times the queue is disabled and enabled meanwhile.
void Programs::mend_ecmdqs() {
  for (unsigned n = 0; n < m_features.ecmdq.queues(); ++n) {
    const std::uint32_t at = ecmdq_place(n);
    const std::uint64_t PROD = m_pair.read(at + 8);
    const std::uint64_t CONS = m_pair.read(at + 12);
    if ((PROD & EN) == 0 || ((PROD ^ CONS) & ERR) == 0) continue;
    ++m_tally.cerrors[CONS >> 24 & 3];
    m_pair.set_abort(entry_of(n, CONS), false);
    if ((CONS >> 24 & 3) == CERROR_ILL) {
      m_pair.poke(entry_of(n, CONS), 0x46);
      m_pair.poke(entry_of(n, CONS) + 8, 0);
    }
    if (chance(4)) m_pair.write(at + 8, PROD & ~std::uint64_t{EN});
    m_pair.write(at + 8, PROD ^ ERR);
  }
}

// Guarded ones, and those of queues that are not enabled.
void Programs::random_ecmdq_register() {
  const unsigned queues = m_features.ecmdq.queues();
  if (queues == 0) return;
  const unsigned n = m_random.below(queues);
  const std::uint32_t at = ecmdq_place(n);
  const bool enabled = (m_pair.read(at + 8) & EN) != 0;
  if (!enabled && chance(2)) {  // ERRACK as ERR
    m_pair.write(at + 12, m_random.any() & index_mask);
    m_pair.write(at + 8, m_random.any() & index_mask);
  }
  if (chance(2)) m_pair.write(at + m_random.of({0U, 4U}), m_random.any() & 0xffff'ffff);
  if (enabled && chance(2)) m_pair.write(at + 12, m_random.any() & 0xffff'ffff);
  m_pair.read(at + 4 * m_random.below(8));
}

}  // namespace smmuvp::compare
