#include "smmuvp/checker/enable_rules.h"

#include <utility>

#include "finding_words.h"

namespace smmuvp::checker {

namespace {

// IHI 0070 6.3.9
constexpr std::uint32_t SMMUEN = 1, PRIQEN = 2, EVENTQEN = 4, CMDQEN = 8, ATSCHK = 16;

struct NamedBit {
  std::uint32_t bit;
  const char* name;
};
constexpr NamedBit bits[] = {
    {SMMUEN, "SMMUEN"}, {PRIQEN, "PRIQEN"}, {EVENTQEN, "EVENTQEN"}, {CMDQEN, "CMDQEN"}, {ATSCHK, "ATSCHK"}};

}  // namespace

void EnableRules::tell(Surroundings& surroundings, RuleId rule, std::string text,
                       const Writer& writer) const {
  Finding f;
  f.rule = rule;
  f.smmu = m_name;
  f.text = std::move(text);
  f.time_ps = writer.time_ps;
  f.issuer = writer;
  surroundings.tell(f);
}

void EnableRules::read(Surroundings& surroundings, std::string_view name, std::uint64_t value) {
  const auto word = static_cast<std::uint32_t>(value);
  if (name == "SMMU_CR0ACK") m_cr0ack = word;
  if (name != "SMMU_EVENTQ_PROD") return;
  if (m_drained == Drained::seen) {
    tell(surroundings, RuleId::queue_overflow,
         "EVENTQ_PROD was read as " + number(*m_eventq_prod) + ", all records up to there were read, and " +
             "OVACKFLG did not become OVFLG before it is read again",
         m_drained_by);
    m_drained = Drained::no;
  } else if (m_drained == Drained::written && ((word ^ *m_eventq_prod) & 0xf'ffff) == 0) {
    m_drained = Drained::seen;
  }
  m_eventq_prod = word;
}

// 3.11: caches may hold anything after a reset.
void EnableRules::enabled(Surroundings& surroundings, const CommandLog& log, const Writer& writer) {
  std::string missing;
  if (!log.all_configuration()) missing = "CMD_CFGI_ALL";
  if (!log.all_translations()) missing += (missing.empty() ? "" : " and ") + std::string("CMD_TLBI_NSNH_ALL");
  if (missing.empty()) return;
  tell(surroundings, RuleId::enable_caches,
       "CR0.SMMUEN is set, and " + missing + " with a CMD_SYNC that is complete did not come before", writer);
}

void EnableRules::written(Surroundings& surroundings, CommandLog& log, std::string_view name,
                          std::uint64_t value, const Writer& writer) {
  const auto word = static_cast<std::uint32_t>(value);
  if (name == "SMMU_CR0") {
    const std::uint32_t changed = (word ^ m_cr0) & 0x1f;
    const std::uint32_t under_way = (m_cr0 ^ m_cr0ack) & 0x1f;
    for (const NamedBit& b : bits) {
      if ((changed & under_way & b.bit) == 0) continue;
      tell(surroundings, RuleId::enable_ack,
           std::string("CR0.") + b.name + " is changed again before CR0ACK was seen to have the value before",
           writer);
    }
    if ((changed & word & SMMUEN) != 0) {
      enabled(surroundings, log, writer);
      if ((word & EVENTQEN) == 0)
        tell(surroundings, RuleId::enable_events, "CR0 becomes " + number(word) + ": EVENTQEN is 0", writer);
    }
    if ((changed & SMMUEN) != 0 && !m_abort && !m_told_bypass) {
      m_told_bypass = true;
      tell(surroundings, RuleId::bypass_open,
           std::string("CR0.SMMUEN is ") + ((word & SMMUEN) != 0 ? "set" : "cleared") +
               ", and GBPA.ABORT was not: all streams pass untranslated while it is 0",
           writer);
    }
    m_cr0 = word;
  } else if (name == "SMMU_GBPA") {
    m_abort = (word >> 20 & 1) != 0;  // 6.3.14
  } else if (name == "SMMU_EVENTQ_CONS") {
    // 7.4: all that it has seen is read, and the flags differ.
    if (m_eventq_prod && (word ^ m_eventq_cons) >> 31 != 0 && (word ^ *m_eventq_prod) >> 31 != 0) {
      tell(surroundings, RuleId::queue_overflow,
           "EVENTQ_CONS becomes " + number(word) + " from " + number(m_eventq_cons) +
               ": OVACKFLG says that an overflow is not acknowledged that was, for EVENTQ_PROD was read as " +
               number(*m_eventq_prod),
           writer);
    }
    m_eventq_cons = word;
    m_drained = Drained::no;
    if (m_eventq_prod && ((*m_eventq_prod ^ word) & 0xf'ffff) == 0 && (*m_eventq_prod ^ word) >> 31 != 0) {
      m_drained = Drained::written;
      m_drained_by = writer;
    }
  } else if (name == "SMMU_CMDQ_PROD") {
    if ((m_cr0 & ~m_cr0ack & CMDQEN) != 0) {
      tell(surroundings, RuleId::enable_ack, "CMDQ_PROD is moved before CR0ACK.CMDQEN was seen to be 1",
           writer);
      m_cr0ack |= CMDQEN;  // once
    }
  }
}

}  // namespace smmuvp::checker
