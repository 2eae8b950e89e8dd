// Accesses that fault: what is recorded, and who waits or is terminated (IHI 0062 3.7.2, 3.7.3, 3.8.1).
#include "smmuvp/smmu/trace_points.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/programming_interface.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

using pgtable::AddressSpace;
using smmu::Outcome;

// Of what came in.
GlobalFault Access::global_fault(std::uint32_t bit, bool nested) const {
  GlobalFault f;
  f.bit = bit;
  f.secure = m_path.secure && m_parts.features.SES;
  f.nested = nested;
  f.of_non_secure = !m_path.secure;
  f.non_secure_attr = m_request.space != AddressSpace::secure;
  f.instruction = m_request.instruction && !m_request.is_write();
  f.privileged = m_request.privileged;
  f.write = m_request.kind == smmu::AccessKind::write;  // far atomics are told as reads (9.6.17)
  f.address = m_request.address;
  f.StreamID = recorded_StreamID();
  f.SSD_Index = m_path.SSD_Index;
  return f;
}

// 9.6.18, 10.2.3: of bits that there are not, nothing.
std::uint16_t Access::recorded_StreamID() const {
  return static_cast<std::uint16_t>(m_request.stream_id & low_bits(m_parts.features.stream_id_bits()));
}

void Access::fail_global(std::uint32_t bit, bool nested, const char* why) {
  count_access(false);
  const GlobalFault f = global_fault(bit, nested);
  Faults& faults = m_interface.faults();
  m_fault = AccessFault{true, bit, 0, false, ""};
  if (m_foreseen) {
    because(why);
    m_foreseen->global = f;
    m_foreseen->global_fate = m_request.afresh ? FaultFate::recorded : faults.fate(f.secure);
  }
  if (counts()) {
    m_fault->recorded = faults.fate(f.secure) == FaultFate::recorded;
    faults.record(f);
  }
  const bool GFRE = is_set(m_interface.CR0(m_path.secure), sCR0_GFRE);
  end(GFRE ? Outcome::abort : Outcome::razwi);
}

void Access::because(const char* why) {
  if (m_foreseen) m_foreseen->why = why;
}

void Access::fail_context(const pgtable::Fault& fault) {
  const bool external = bit_of(fault.kind) == fsr::EF;
  const bool of_stage2 = fault.stage == pgtable::Stage::stage2;
  // 3.5, 3.10: of two stages, external faults are told in the bank of stage 2.
  const bool second = m_path.nested && (of_stage2 || external);
  if (fault.kind == pgtable::FaultKind::unsupported_atomic && counts()) {
    m_parts.diag.guest_error("HAFDBS.atomic",
                             "a descriptor has to be updated, and the memory behind the walk port did not "
                             "compare and swap it; EF is recorded. Set HAFDBS to 0, or let the memory answer "
                             "CompareSwapExtension",
                             "IHI 0062 9.6.1, 16.5.39", m_request.stream_id, fault.table_address);
  }
  bool write = m_request.kind == smmu::AccessKind::write;
  if (m_request.kind == smmu::AccessKind::atomic && fault.kind == pgtable::FaultKind::permission &&
      !fault.on_table_walk) {
    // 16.5.11: the permission that is missing; "read" if both are
    using pgtable::AccessType;
    const auto denied = [&](AccessType type) {
      return pgtable::check_permission(fault.rights, type, fault.privileged) ==
             pgtable::PermissionCheck::denied;
    };
    write = denied(AccessType::write) && !denied(AccessType::read);
  }
  const bool table =
      fault.on_table_walk || (external && fault.fault_class == pgtable::FaultClass::table && !of_stage2);
  // 17.3.2: of a descriptor of stage 1, its IPA; with a stage 2 that is off that is its address.
  const std::uint64_t ipa = of_stage2 ? fault.ipa : m_path.stage2_on ? fault.table_ipa : fault.table_address;
  fail_context(bit_of(fault.kind), second, fault.level, ipa, table, external, write);
}

void Access::fail_context(std::uint32_t bit, bool second, int level, std::uint64_t ipa, bool table_walk,
                          bool external, bool write) {
  ContextFault f;
  f.bit = bit = fsr::in_version(bit, m_parts.features.version);
  f.bank = second ? m_path.second : m_path.first;
  f.FAR = m_request.address & low_bits(m_parts.features.UBS);
  f.IPAFAR = m_path.nested ? ipa : f.FAR;
  write = write || m_request.kind == smmu::AccessKind::write;
  const auto flag = [](bool value, unsigned at) { return value ? 1U << at : 0U; };
  const bool stage2_bank = second || !m_path.stage1;
  // 3.4: as S2CR has them; that a Hyp or monitor bank makes all privileged (2.8.5) is no part of it.
  f.FSYNR0 = static_cast<std::uint32_t>(level & 3) | flag(write, 4) |
             flag(m_path.stream.privileged().of(m_request.privileged), 5) |
             flag(m_path.instruction(m_request), 6) | flag(external, 10);
  if (stage2_bank) {  // 17.3.1
    f.FSYNR0 |= flag(true, 8);
    if (m_path.nested) f.FSYNR0 |= flag(true, 2) | flag(table_walk, 3) | m_path.first << 16U;
  } else if (m_path.secure) {
    f.FSYNR0 |= flag(m_path.stream.space(m_request.space) == AddressSpace::non_secure, 8);
  }
  f.CBFRSYNRA = std::uint32_t{m_path.SSD_Index} << 16U | recorded_StreamID();
  m_fault = AccessFault{false, bit, f.bank, false, ""};
  if (m_foreseen) foresee(f, second);
  if (!counts()) return kill(f.bank);
  Faults& faults = m_interface.faults();
  const FaultFate fate = m_interface.fate(f.bank);
  switch (fate) {
    case FaultFate::waits:
      return wait_for(f.bank, false);
    case FaultFate::merged:
      faults.record_another(f.bank);
      return kill(f.bank);
    case FaultFate::lost:
      ++m_parts.statistics.faults_unrecorded;
      return kill(f.bank);
    case FaultFate::recorded:
    case FaultFate::stalls:
      break;
  }
  m_fault->recorded = true;
  const bool stalls = fate == FaultFate::stalls;
  faults.record(f, stalls);
  if (faults.lacks_interrupt(f.bank)) faults.record(global_fault(gfsr::UCIF, second));  // 3.6.2
  m_interface.hold_back(f.bank);
  if (stalls) return wait_for(f.bank, true);
  kill(f.bank);
}

void Access::foresee(const ContextFault& fault, bool second) {
  m_foreseen->context = fault;
  m_foreseen->context_fate =
      m_request.afresh ? m_interface.first_fate(fault.bank) : m_interface.fate(fault.bank);
  const FaultFate fate = m_foreseen->context_fate;
  if (fate == FaultFate::stalls || fate == FaultFate::waits) m_foreseen->waits_for = fault.bank;
  const Faults& faults = m_interface.faults();
  const bool recorded = fate == FaultFate::recorded || fate == FaultFate::stalls;
  if (recorded && faults.would_lack_interrupt(fault.bank)) {
    m_foreseen->global = global_fault(gfsr::UCIF, second);
    m_foreseen->global_fate =
        m_request.afresh ? FaultFate::recorded : faults.fate(m_foreseen->global->secure);
  }
}

// Software is to write RESUME of the bank.
void Access::wait_for(unsigned bank, bool recorded) {
  if (m_foreseen) {
    m_foreseen->waits_for = bank;
    return end(Outcome::abort);
  }
  trace_stall(recorded ? fsr_name(m_fault->bit) : std::string_view("waits"));
  m_translation.reset();
  m_stall = m_interface.stalls().enter(bank, recorded);
  m_stalled_bank = bank;
  leave();
  m_state = State::stall;
}

// @return whether it goes on
bool Access::resume() {
  const auto outcome = m_interface.stalls().answer(m_stall);
  if (!outcome) return false;
  m_stall = 0;
  const smmu::TimePs since = m_time;
  enter(outcome->time);
  trace_resumption(since, outcome->what);
  if (outcome->what == smmu::StallAnswer::retry) {
    begin_again(m_time);
    const Path before = m_path;
    m_path = {};
    m_path.secure = before.secure;  // 16.5.28: it keeps its Security state
    m_path.SSD_Index = before.SSD_Index;
    m_retried = true;
    m_fault.reset();
    m_state = State::start;
  } else {
    kill(m_stalled_bank);
  }
  return true;
}

void Access::kill(unsigned bank) {
  const bool CFRE = is_set(m_interface.reg(SMMU_CBn_SCTLR, bank), SCTLR_CFRE);
  end(CFRE ? Outcome::abort : Outcome::razwi);
}

void Access::end(Outcome outcome) {
  m_state = State::done;
  const bool has_bit = m_fault && m_fault->bit != 0;
  const std::string_view name = !has_bit          ? std::string_view("none")
                                : m_fault->global ? gfsr_name(m_fault->bit)
                                                  : fsr_name(m_fault->bit);
  const char* told = !m_fault             ? "terminated by RESUME"
                     : m_fault->recorded  ? "recorded"
                     : *m_fault->why != 0 ? m_fault->why
                                          : "behind another fault";
  terminate(outcome, has_bit, name, told);
}

}  // namespace smmuvp::smmuv2
