// The extended capabilities of a function: ACS, ATS, Page Request, PASID.
#include <algorithm>

#include "function_rows.h"

namespace smmuvp::pcie {

using namespace rows;

namespace {

constexpr std::uint32_t first_extended = 0x100;
constexpr std::uint32_t apart = 0x10;

// Upper halves: control registers stand behind 16 bits of capability.
constexpr std::uint64_t ATS_ENABLE = 1ULL << 31;
constexpr std::uint64_t ATS_STU = 0x1fULL << 16;
constexpr std::uint64_t PASID_ENABLE = 1ULL << 16;
constexpr std::uint64_t PASID_EXECUTE = 1ULL << 17;
constexpr std::uint64_t PASID_PRIVILEGED = 1ULL << 18;
constexpr std::uint64_t PRI_ENABLE = 1;
constexpr std::uint64_t PRI_RESET = 2;
constexpr std::uint64_t PRI_RESPONSE_FAILURE = 1ULL << 16;
constexpr std::uint64_t PRI_UNEXPECTED = 1ULL << 17;
constexpr std::uint64_t PRI_STOPPED = 1ULL << 24;
constexpr std::uint64_t PRI_PASID_REQUIRED = 1ULL << 31;

class Chain {
 public:
  explicit Chain(std::vector<RegisterInfo>& table) : m_table(table) {}
  // @return the offset of the capability
  std::uint32_t header(Id id, const char* name, std::uint32_t capability) {
    if (m_last != none) m_table[m_last].reset |= std::uint64_t{m_next} << 20;
    m_last = m_table.size();
    const std::uint32_t at = m_next;
    m_next += apart;
    row(id, name, at, 1U << 16 | capability);
    return at;
  }
  void row(Id id, const char* name, std::uint32_t offset, std::uint64_t reset, std::uint64_t writable = 0) {
    m_table.push_back({id, name, offset, 4, writable != 0 ? Access::RW : Access::RO, reset, writable, sheet});
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};
  std::vector<RegisterInfo>& m_table;
  std::uint32_t m_next = first_extended;
  std::size_t m_last = none;
};

std::uint32_t acs_bits(const FunctionInfo& info) {
  std::uint32_t bits = acs_request_redirect | acs_completion_redirect;
  if (info.is_bridge()) bits |= acs_source_validation | acs_translation_blocking | acs_upstream_forwarding;
  // Base 7.7.8.2: of ports that let ATS and traffic between peers pass.
  if (info.ats) bits |= acs_direct_translated;
  return bits;
}

}  // namespace

void rows::add_extended(std::vector<RegisterInfo>& table, const FunctionInfo& info, const AtsConfig& ats) {
  Chain chain(table);
  if (info.acs) {
    const std::uint32_t bits = acs_bits(info);
    const std::uint32_t at = chain.header(ACS_HEADER, "ACS Extended Capability Header", 0x000d);
    chain.row(ACS_CONTROL, "ACS Capability/ACS Control", at + 4, bits, std::uint64_t{bits} << 16);
  }
  if (info.is_bridge()) return;
  if (info.ats) {
    // Base 10.5.1.2: a depth of 0 is 32; Page Aligned Request; Global Invalidate Supported.
    const std::uint32_t global = info.pasid_bits != 0 ? 1U << 6 : 0;
    const std::uint32_t at = chain.header(ATS_HEADER, "ATS Extended Capability Header", 0x000f);
    chain.row(ATS_CONTROL, "ATS Capability/ATS Control", at + 4, (ats.queue_depth & 31) | 1U << 5 | global,
              ATS_ENABLE | ATS_STU);
  }
  if (info.pri) {
    const std::uint32_t at = chain.header(PRI_HEADER, "Page Request Extended Capability Header", 0x0013);
    chain.row(PRI_CONTROL_STATUS, "Page Request Control/Status", at + 4,
              PRI_STOPPED | (info.pri_takes_pasid ? PRI_PASID_REQUIRED : 0), PRI_ENABLE);
    chain.row(PRI_CAPACITY, "Outstanding Page Request Capacity", at + 8, ats.pri_capacity);
    chain.row(PRI_ALLOCATION, "Outstanding Page Request Allocation", at + 12, 0, 0xffffffff);
  }
  if (info.pasid_bits != 0) {
    // Base 7.8.8.2: Execute Permission and Privileged Mode Supported.
    const std::uint32_t at = chain.header(PASID_HEADER, "PASID Extended Capability Header", 0x001b);
    chain.row(PASID_CONTROL, "PASID Capability/PASID Control", at + 4,
              std::uint32_t{info.pasid_bits} << 8 | 1U << 2 | 1U << 1,
              PASID_ENABLE | PASID_EXECUTE | PASID_PRIVILEGED);
  }
}

void Function::ats_written(std::uint16_t id, std::uint64_t old, std::uint64_t value, std::uint64_t written) {
  if (m_info.is_bridge()) return;
  const bool ats_was_on = m_info.ats && (m_registers.get(ATS_CONTROL) & ATS_ENABLE) != 0;
  switch (id) {
    case ATS_CONTROL:
      // Base 10.5.1.3: STU has an effect on what the ATC holds.
      if ((old & value & ATS_ENABLE) != 0 && ((old ^ value) & ATS_STU) != 0) {
        m_registers.set(id, (value & ~ATS_STU) | (old & ATS_STU));
        m_complaint = "the Smallest Translation Unit was written while ATS Enable is 1";
      } else if ((~old & value & ATS_ENABLE) != 0 && !m_ats.upstream) {
        m_complaint = "ATS was enabled, and there is no SMMU upstream that knows it";
      }
      break;
    case PASID_CONTROL:
      // Base 7.8.8.3: the behaviour is undefined.
      if (ats_was_on && (old ^ value) != 0) m_complaint = "PASID Control was changed while ATS Enable is 1";
      break;
    case PRI_CONTROL_STATUS:
      m_registers.set(id, value & ~(written & (PRI_RESPONSE_FAILURE | PRI_UNEXPECTED)));
      if ((written & PRI_RESET) != 0) {
        if ((value & PRI_ENABLE) == 0) {
          m_effect = ConfigEffect::PageRequestReset;
        } else {
          m_complaint = "Reset of Page Request Control was written together with Enable";
        }
      }
      if ((~old & value & PRI_ENABLE) != 0) {
        if (!ats_was_on) m_complaint = "page requests were enabled while ATS Enable is 0";
        if (m_registers.get(PRI_ALLOCATION) == 0)
          m_complaint = "page requests were enabled with an Outstanding Page Request Allocation of 0";
      }
      break;
    case PRI_ALLOCATION:
      // Base 10.5.2.5: the behaviour is undefined.
      if ((m_registers.get(PRI_CONTROL_STATUS) & PRI_ENABLE) != 0 && old != value)
        m_complaint = "Outstanding Page Request Allocation was changed while page requests are enabled";
      if (value > m_ats.pri_capacity)
        m_complaint = "Outstanding Page Request Allocation is more than the capacity";
      break;
    default:
      break;
  }
}

AtsControl Function::ats() const {
  AtsControl c;
  if (m_info.is_bridge()) return c;
  c.awake = (m_registers.get(PMCSR) & 3) == 0;
  if (m_info.ats) {
    const std::uint64_t control = m_registers.get(ATS_CONTROL);
    c.enabled = (control & ATS_ENABLE) != 0;
    c.smallest_shift = 12 + static_cast<unsigned>((control & ATS_STU) >> 16);
  }
  if (m_info.pasid_bits != 0) {
    const std::uint64_t control = m_registers.get(PASID_CONTROL);
    c.pasid = (control & PASID_ENABLE) != 0;
    c.execute = c.pasid && (control & PASID_EXECUTE) != 0;
    c.privileged = c.pasid && (control & PASID_PRIVILEGED) != 0;
  }
  if (m_info.pri) {
    c.page_requests = (m_registers.get(PRI_CONTROL_STATUS) & PRI_ENABLE) != 0;
    c.allocation = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(m_registers.get(PRI_ALLOCATION), m_ats.pri_capacity));
  }
  return c;
}

void Function::set_page_request_status(bool stopped) {
  if (!m_info.pri) return;
  const std::uint64_t value = m_registers.get(PRI_CONTROL_STATUS);
  m_registers.set(PRI_CONTROL_STATUS, stopped ? value | PRI_STOPPED : value & ~PRI_STOPPED);
}

void Function::set_response_failure() {
  if (m_info.pri)
    m_registers.set(PRI_CONTROL_STATUS, m_registers.get(PRI_CONTROL_STATUS) | PRI_RESPONSE_FAILURE);
}

void Function::set_unexpected_response() {
  if (m_info.pri) m_registers.set(PRI_CONTROL_STATUS, m_registers.get(PRI_CONTROL_STATUS) | PRI_UNEXPECTED);
}

}  // namespace smmuvp::pcie
