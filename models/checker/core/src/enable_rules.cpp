#include "smmuvp/checker/enable_rules.h"

#include <utility>

#include "finding_words.h"

namespace smmuvp::checker {

namespace {

// IHI 0070 6.3.9, 6.3.15
constexpr std::uint32_t SMMUEN = 1, PRIQEN = 2, EVENTQEN = 4, CMDQEN = 8, ATSCHK = 16;
constexpr std::uint32_t PRIQ_IRQEN = 2, EVENTQ_IRQEN = 4;

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

void EnableRules::read(std::string_view name, std::uint64_t value) {
  if (name == "SMMU_CR0ACK") m_CR0ACK = static_cast<std::uint32_t>(value);
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
    const std::uint32_t changed = (word ^ m_CR0) & 0x1f;
    const std::uint32_t under_way = (m_CR0 ^ m_CR0ACK) & 0x1f;
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
    m_CR0 = word;
  } else if (name == "SMMU_IRQ_CTRL") {
    const std::uint32_t set = word & ~m_IRQ_CTRL;
    if ((set & EVENTQ_IRQEN) != 0 && (m_CR0 & EVENTQEN) == 0) {
      tell(surroundings, RuleId::enable_interrupts, "IRQ_CTRL.EVENTQ_IRQEN is set while CR0.EVENTQEN is 0",
           writer);
    }
    if ((set & PRIQ_IRQEN) != 0 && (m_CR0 & PRIQEN) == 0) {
      tell(surroundings, RuleId::enable_interrupts, "IRQ_CTRL.PRIQ_IRQEN is set while CR0.PRIQEN is 0",
           writer);
    }
    m_IRQ_CTRL = word;
  } else if (name == "SMMU_CMDQ_PROD") {
    if ((m_CR0 & ~m_CR0ACK & CMDQEN) != 0) {
      tell(surroundings, RuleId::enable_ack, "CMDQ_PROD is moved before CR0ACK.CMDQEN was seen to be 1",
           writer);
      m_CR0ACK |= CMDQEN;  // once
    }
  }
}

}  // namespace smmuvp::checker
