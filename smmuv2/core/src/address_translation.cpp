#include "smmuvp/smmuv2/address_translation.h"

#include <algorithm>

#include "smmuvp/smmuv2/path.h"
#include "smmuvp/smmuv2/programming_interface.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

using pgtable::AddressSpace;
using smmu::Step;

constexpr std::uint64_t F = PAR_F.in_word();
constexpr std::uint64_t UCBF = PAR_UCBF.in_word();
constexpr std::uint64_t ICF = PAR_ICF.in_word();
constexpr std::uint64_t ATOT = PAR_ATOT.in_word();

constexpr bool exceeds(std::uint64_t address, unsigned bits) { return bits < 64 && address >> bits != 0; }

AccessSecurity side(bool secure) { return secure ? AccessSecurity::Secure : AccessSecurity::NonSecure; }

// ---- the Short-descriptor form of a result

constexpr bool non_cacheable(unsigned level) { return level == 0b0100U; }
constexpr bool write_back(unsigned level) { return (level & 0b0100U) != 0; }
constexpr bool write_allocate(unsigned level) { return (level & 1U) != 0; }

std::uint64_t inner_code(std::uint8_t memory) {
  if (pgtable::is_device(memory)) return memory == 0 ? 0b001 : 0b011;
  const unsigned level = memory & 0xfU;
  if (non_cacheable(level)) return 0b000;
  if (!write_back(level)) return 0b110;
  return write_allocate(level) ? 0b101 : 0b111;
}

// The codes of GPAR (9.6.20) and PAR (16.5.14) are not the same.
std::uint64_t outer_code(std::uint8_t memory, bool global) {
  const unsigned level = memory >> 4U;
  if (pgtable::is_device(memory) || non_cacheable(level)) return 0b11;
  const std::uint64_t write_through = global ? 0b10 : 0b01;
  const std::uint64_t write_back_allocate = global ? 0b01 : 0b10;
  if (!write_back(level)) return write_through;
  return write_allocate(level) ? write_back_allocate : 0b00;
}

std::uint64_t short_PAR(std::uint64_t output, pgtable::Attributes a, bool NS, bool supersection,
                        bool global) {
  std::uint64_t PAR = outer_code(a.memory, global) << 2U | inner_code(a.memory) << 4U;
  if (a.SH != pgtable::Shareability::non_shareable) PAR |= std::uint64_t{1} << 7U;
  if (a.SH != pgtable::Shareability::outer) PAR |= std::uint64_t{1} << 10U;
  if (NS) PAR |= std::uint64_t{1} << 9U;
  if (!supersection) return PAR | (output & 0xffff'f000U);
  return PAR | 2U | (output & 0xff00'0000U) | (output >> 32U & 0xffU) << 16U;
}

}  // namespace

AddressTranslation::AddressTranslation(const Parts& parts, ProgrammingInterface& interface,
                                       RegisterFile& registers)
    : m_parts(parts), m_interface(interface), m_registers(registers) {}

bool AddressTranslation::written(Reg id, unsigned index, AccessSecurity security, std::uint64_t written,
                                 std::uint64_t lanes, smmu::TimePs now) {
  Operation o;
  o.time = now;
  o.address = written & ~std::uint64_t{0xfff};
  o.secure = security == AccessSecurity::Secure;
  switch (id) {
    case SMMU_CBn_ATS1PR:
    case SMMU_CBn_ATS1PW:
    case SMMU_CBn_ATS1UR:
    case SMMU_CBn_ATS1UW:
      o.bank = index;
      o.privileged = id == SMMU_CBn_ATS1PR || id == SMMU_CBn_ATS1PW;
      o.write = id == SMMU_CBn_ATS1PW || id == SMMU_CBn_ATS1UW;
      break;
    case SMMU_sGATS1PR:
    case SMMU_sGATS1PW:
    case SMMU_sGATS1UR:
    case SMMU_sGATS1UW:
    case SMMU_sGATS12PR:
    case SMMU_sGATS12PW:
    case SMMU_sGATS12UR:
    case SMMU_sGATS12UW:
      o.global = true;
      o.bank = static_cast<std::uint32_t>(written & 0xffU);
      o.both_stages =
          id == SMMU_sGATS12PR || id == SMMU_sGATS12PW || id == SMMU_sGATS12UR || id == SMMU_sGATS12UW;
      o.privileged =
          id == SMMU_sGATS1PR || id == SMMU_sGATS1PW || id == SMMU_sGATS12PR || id == SMMU_sGATS12PW;
      o.write = id == SMMU_sGATS1PW || id == SMMU_sGATS1UW || id == SMMU_sGATS12PW || id == SMMU_sGATS12UW;
      break;
    default:
      return false;
  }
  // The upper half alone is ignored (16.5.2). Where there are no such operations the register is RAZ/WI.
  if ((lanes & 0xffff'ffffU) == 0 || !m_parts.features.address_translation_operations()) return true;
  start(o);
  return true;
}

void AddressTranslation::start(const Operation& o) {
  const std::uint64_t active =
      o.global ? m_registers.get(SMMU_sGATSR, 0, side(o.secure)) : m_registers.get(SMMU_CBn_ATSR, o.bank);
  if ((active & 1U) != 0) {  // 4.2.1, 4.3.1: UNPREDICTABLE
    m_parts.diag.guest_error("ATSR.ACTIVE",
                             "an address translation operation while another of the same registers is active "
                             "is ignored",
                             "IHI 0062 4.2.1, 4.3.1", {}, o.address);
    return;
  }
  if (o.global) {
    m_registers.set(SMMU_sGATSR, 1, 0, side(o.secure));
  } else {
    // 17.1: a bank of the stage 2 format has no such register.
    if (m_interface.banks().state(o.bank).TYPE == BankType::stage2) return;
    m_registers.set(SMMU_CBn_ATSR, 1, o.bank);
  }
  ++m_parts.statistics.address_translations;
  m_queue.push_back(o);
}

std::optional<smmu::TimePs> AddressTranslation::due() const {
  if (m_waiting || m_interface.held()) return std::nullopt;
  if (m_queue.empty()) {
    const Stalls& stalls = m_interface.stalls();  // accesses have answers there, too
    const bool resumed =
        stalls.has_answers() && std::any_of(m_stalled.begin(), m_stalled.end(),
                                            [&](const Operation& o) { return stalls.has_answer(o.stall); });
    if (!resumed) return std::nullopt;
  }
  return m_queue.empty() ? m_time : std::max(m_time, m_queue.front().time);
}

Step AddressTranslation::step(smmu::TimePs now) {
  if (m_waiting) return Step::need;
  m_parts.engine.prune(now);
  take_resumed();
  while (!m_queue.empty() && std::max(m_time, m_queue.front().time) <= now) {
    if (!m_begun) {
      begin();
      continue;
    }
    const bool asks = m_translation->step() == Step::need;
    m_time = m_translation->time();
    if (!asks) {
      translated();
    } else if (!refuse_table()) {
      m_waiting = true;
      return Step::need;
    }
  }
  return Step::done;
}

void AddressTranslation::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;
  m_waiting = false;
  m_translation->complete(answer);
}

// Those that have waited for RESUME of their stage 2.
void AddressTranslation::take_resumed() {
  for (auto at = m_stalled.begin(); at != m_stalled.end();) {
    const auto outcome = m_interface.stalls().answer(at->stall);
    if (!outcome) {
      ++at;
      continue;
    }
    Operation o = *at;
    at = m_stalled.erase(at);
    o.stall = 0;
    o.time = outcome->time;
    if (outcome->what == smmu::StallAnswer::retry) {
      m_queue.push_back(o);
      continue;
    }
    m_registers.set(SMMU_CBn_PAR, terminated(o.bank), o.bank);
    m_registers.set(SMMU_CBn_ATSR, 0, o.bank);
  }
}

void AddressTranslation::begin() {
  const Operation& o = m_queue.front();
  m_time = std::max(m_time, o.time);
  m_token = m_parts.engine.in_flight().enter(m_time);
  m_generation = m_parts.engine.generation();
  const Banks banks = m_interface.banks();
  const bool exists = banks.exists(o.bank);
  const bool bank_secure = exists && banks.is_secure(o.bank);
  if (o.global &&
      (!exists || (bank_secure && !o.secure) || banks.state(o.bank).TYPE == BankType::stage2)) {  // 4.3
    finish(F | UCBF);
    return;
  }
  m_context = decode_context(banks, o.bank, bank_secure, true);
  if (m_context.refusal != Refusal::none) {
    refused();
    return;
  }
  if (!o.global && !begin_in_bank()) return;
  const Context& c = m_context;
  const int level = c.state.VA64 ? 0 : 1;
  const std::uint64_t address = m_parts.features.version == 1 ? o.address & 0xffff'ffffU : o.address;
  // 3.8.4: what the bus cannot carry is a Translation fault.
  const unsigned UBS = m_parts.features.UBS;
  const bool tagged = c.translation.TBI[0] || c.translation.TBI[1];
  const std::uint64_t plain = tagged ? c.translation.tag_address(address) : address;
  const bool carried = UBS >= 64 || plain >> UBS == 0 || (UBS == 49 && plain >> 48U == 0xffffU);
  if (!carried || (!c.state.VA64 && address >> 32U != 0) || c.stage1_unwalkable) {
    fail(fsr::TF, false, level);
    return;
  }
  const bool stage2 = c.nested && o.both_stages;
  if (!c.stage1_on) {
    if (address >> c.stage1_output != 0) {
      fail(fsr::ASF, false, level);
      return;
    }
    if (!stage2 || !c.stage2_on) {
      if (stage2 && exceeds(address, c.stage2_limit)) {  // Table 3-4
        fail(fsr::ASF, true, c.second_VA64 ? 0 : 1);
        return;
      }
      succeed(address, nullptr);
      return;
    }
    if (address >> c.ipa_size != 0 || c.stage2_unwalkable) {
      fail(fsr::TF, true, c.second_VA64 ? 0 : 1);
      return;
    }
  }
  if (c.EPD0) {  // 16.5.38: nothing walks
    fail(fsr::TF, false, level);
    return;
  }
  smmu::TranslationRequest request;
  request.address = address;
  request.access = o.write ? pgtable::AccessType::write : pgtable::AccessType::read;
  request.privileged = o.privileged || c.state.HYPC || c.state.MONC;
  request.stage1_only = c.nested && c.stage2_on && !o.both_stages;
  request.time = request.arrived = m_time;
  request.generation = m_generation;
  m_translation.emplace(m_parts.engine, c.translation, request);
  m_begun = true;
}

// 3.8.4. Of the bank itself PAR alone tells; of what it leads to, which a hypervisor has configured, the
// global registers (4.2.4).
void AddressTranslation::refused() {
  const Operation& o = m_queue.front();
  const bool invalid = m_context.refusal == Refusal::ICF;
  // Both bits of it are reserved in SMMUv1 (9.6.20, 16.5.14).
  const std::uint64_t invalid_context = m_parts.features.version == 1 ? 0 : ICF | format_of(false);
  if (o.global) {
    finish(F | (invalid ? invalid_context : UCBF) | (m_context.nested ? PAR_STAGE.in_word() : 0));
    return;
  }
  if (!m_context.nested) {
    finish(F | invalid_context);
    return;
  }
  record_globally(invalid ? gfsr::ICF : gfsr::UCBF);
  finish(terminated(o.bank));
}

// 4.2.4, of what stage 2 cannot tell
void AddressTranslation::record_globally(std::uint32_t bit) {
  GlobalFault f;
  f.bit = bit;
  f.nested = true;
  f.ats = true;
  f.secure = m_interface.banks().is_secure(m_queue.front().bank) && m_parts.features.SES;
  f.of_non_secure = true;
  f.non_secure_attr = true;
  m_interface.faults().record(f);
}

// What stage 2 says before (4.2.4). @return whether it goes on
bool AddressTranslation::begin_in_bank() {
  const Context& c = m_context;
  if (!c.nested || !m_interface.blocks(c.second)) return true;
  if (m_interface.faults().stalled(c.second)) {
    stall(c.second, false);
  } else {
    finish(terminated(m_queue.front().bank));
  }
  return false;
}

// A descriptor of stage 1 that stage 2 lets nobody reach: it cannot be walked, or is off and its output too
// large (Table 3-4). @return whether that is so
bool AddressTranslation::refuse_table() {
  const Context& c = m_context;
  const std::uint64_t ipa = m_translation->op().address;
  if (!c.stage2_unwalkable && !exceeds(ipa, c.stage2_limit)) return false;
  const std::uint32_t bit = c.stage2_unwalkable ? fsr::TF : fsr::ASF;
  const int level = c.second_VA64 ? 0 : 1;
  if (m_queue.front().global) {
    fail(bit, true, level);
  } else {
    stage2_fault(bit, level, ipa, true, false);
  }
  return true;
}

void AddressTranslation::translated() {
  const Operation& o = m_queue.front();
  const Context& c = m_context;
  if (!m_translation->ok()) {
    const pgtable::Fault fault = m_translation->fault();
    const bool of_stage2 = fault.stage == pgtable::Stage::stage2;
    const bool external = bit_of(fault.kind) == fsr::EF;
    if (!o.global && c.nested && (of_stage2 || external)) {
      const std::uint64_t ipa = of_stage2 ? fault.ipa : c.stage2_on ? fault.table_ipa : fault.table_address;
      stage2_fault(bit_of(fault.kind), fault.level, ipa, of_stage2 ? fault.on_table_walk : true, external);
    } else {
      fail(bit_of(fault.kind), of_stage2, fault.level);
    }
    return;
  }
  if (o.both_stages && exceeds(m_translation->output(), c.stage2_limit)) {  // Table 3-4
    fail(fsr::ASF, true, c.second_VA64 ? 0 : 1);
    return;
  }
  succeed(m_translation->output(), &m_translation->entry());
}

// 4.2.4: told in the bank of stage 2
void AddressTranslation::stage2_fault(std::uint32_t bit, int level, std::uint64_t ipa, bool table_walk,
                                      bool external) {
  const Operation& o = m_queue.front();
  const unsigned bank = m_context.second;
  Faults& faults = m_interface.faults();
  if (faults.FSR(bank) != 0) {
    if (faults.stalled(bank)) {
      stall(bank, false);
      return;
    }
    faults.record_another(bank);
    finish(terminated(o.bank));
    return;
  }
  const auto flag = [](bool value, unsigned at) { return value ? 1U << at : 0U; };
  ContextFault f;
  f.bit = fsr::in_version(bit, m_parts.features.version);
  f.bank = bank;
  f.FAR = o.address & low_bits(m_parts.features.UBS);
  f.IPAFAR = ipa;
  f.FSYNR0 = static_cast<std::uint32_t>(level & 3) | flag(true, 2) | flag(table_walk, 3) | flag(o.write, 4) |
             flag(o.privileged, 5) | flag(true, 8) | flag(true, 9) | flag(external, 10) |
             m_context.first << 16U;
  const bool stalls = m_interface.stalls_at(bank);
  faults.record(f, stalls);
  if (faults.lacks_interrupt(bank)) record_globally(gfsr::UCIF);
  m_interface.hold_back(bank);
  if (stalls) {
    stall(bank, true);
  } else {
    finish(terminated(o.bank));
  }
}

void AddressTranslation::stall(unsigned bank, bool recorded) {
  Operation o = m_queue.front();
  m_queue.pop_front();
  m_translation.reset();
  m_begun = false;
  o.stall = m_interface.stalls().enter(bank, recorded);
  o.stalled_bank = bank;
  m_stalled.push_back(o);
  m_parts.engine.in_flight().leave(m_token, m_time);
  m_token = {};
}

// PAR of a bank whose operation software, or stage 2, has ended (16.5.14)
std::uint64_t AddressTranslation::terminated(unsigned bank) const {
  const bool v1 = m_parts.features.version == 1;
  return F | ATOT | (v1 ? 0 : std::uint64_t{m_interface.faults().Format(bank)} >> 1U);
}

// FSR.Format of the bank, at its place here
std::uint64_t AddressTranslation::format_of(bool stage2) const {
  if (m_parts.features.version == 1) return 0;
  const unsigned bank = stage2 && m_context.nested ? m_context.second : m_context.first;
  return std::uint64_t{m_interface.faults().Format(bank)} >> 1U;  // [10:9] to [9:8]
}

void AddressTranslation::fail(std::uint32_t bit, bool stage2, int level) {
  const std::uint64_t fault_bits = fsr::in_version(bit, m_parts.features.version);
  finish(F | fault_bits | format_of(stage2) | static_cast<std::uint64_t>(level & 3) << PAR_PLVL.low |
         (stage2 ? PAR_STAGE.in_word() : 0));
}

// @param entry  nullptr: nothing has translated
void AddressTranslation::succeed(std::uint64_t output, const smmu::TlbEntry* entry) {
  const Operation& o = m_queue.front();
  const Context& c = m_context;
  // As of an access with the attributes of Table 2-3, by the stages that are asked for.
  smmu::AccessRequest access;
  access.attributes = smmu::default_attributes;
  Path path;
  path.secure = c.state.secure;
  path.take(c);
  if (!o.both_stages) {
    path.stage2_on = false;
    path.stage2_attributes.reset();
  }
  const smmu::FinishedAnswer answer = path.answer(access, entry, output);
  const bool NS = c.state.secure && answer.space == AddressSpace::non_secure;
  const pgtable::Attributes a = pgtable::effective(answer.attributes);
  // An address of stage 2 has no room in the short form.
  if (!c.state.EAE && !(c.nested && o.both_stages)) {
    finish(short_PAR(output, a, NS, entry != nullptr && m_translation->shift() == 24, o.global));
    return;
  }
  const unsigned bits = std::max(m_parts.features.IAS, m_parts.features.OAS);
  std::uint64_t PAR = std::uint64_t{a.memory} << 56U | (output & low_bits(bits) & ~std::uint64_t{0xfff}) |
                      static_cast<std::uint64_t>(a.SH) << 7U;
  if (NS) PAR |= std::uint64_t{1} << 9U;
  if (m_parts.features.version != 1) PAR |= std::uint64_t{1} << 11U;
  finish(PAR);
}

void AddressTranslation::finish(std::uint64_t PAR) {
  const Operation o = m_queue.front();
  m_queue.pop_front();
  m_translation.reset();
  m_begun = false;
  if (o.global) {
    m_registers.set(SMMU_sGPAR, PAR, 0, side(o.secure));
    m_registers.set(SMMU_sGATSR, 0, 0, side(o.secure));
  } else {
    m_registers.set(SMMU_CBn_PAR, PAR, o.bank);
    m_registers.set(SMMU_CBn_ATSR, 0, o.bank);
  }
  m_parts.engine.in_flight().leave(m_token, m_time);
  m_token = {};
}

void AddressTranslation::reset() {
  m_queue.clear();
  m_stalled.clear();
  m_translation.reset();
  m_begun = m_waiting = false;
  m_token = {};  // the engine forgets all
  m_time = 0;
}

void AddressTranslation::Operation::visit(Archive& archive) {
  for (bool* flag : {&global, &secure, &both_stages, &write, &privileged}) archive.value("flag", *flag);
  archive.value("bank", bank);
  archive.value("address", address);
  archive.time("time", time);
  archive.value("stall", stall);
  archive.value("stalled_bank", stalled_bank);
}

void AddressTranslation::visit(Archive& archive) {
  constexpr std::uint64_t most = 512;
  archive.begin("address_translation");
  archive.list("queue", m_queue, most, [&archive](Operation& o) { o.visit(archive); });
  archive.list("stalled", m_stalled, most, [&archive](Operation& o) { o.visit(archive); });
  archive.time("time", m_time);
  archive.value("begun", m_begun);
  archive.value("waiting", m_waiting);
  if (archive.loading()) {
    m_translation.reset();
    m_token = {};
  }
  const bool possible = m_begun && !m_queue.empty() && archive.ok();
  if (possible) {
    const Operation& o = m_queue.front();
    // Of registers as they are: what was decoded of them before is not saved.
    const Banks banks = m_interface.banks();
    if (archive.loading()) {
      m_context = decode_context(banks, o.bank, banks.exists(o.bank) && banks.is_secure(o.bank), true);
      m_translation.emplace(m_parts.engine, nullptr);
    }
    m_parts.engine.in_flight().visit(archive, m_token);
    m_parts.engine.visit_generation(archive, m_generation);
    m_translation->visit(archive);
  }
  archive.end();
  if (!archive.loading()) return;
  bool sane = true;
  for (const std::deque<Operation>* list : {&m_queue, &m_stalled}) {
    for (const Operation& o : *list) {
      sane = sane && (o.global ? o.bank <= 0xff : o.bank < m_parts.features.NUMCB);
      sane = sane && (list == &m_stalled) == (o.stall != 0);
      sane = sane && (o.stall == 0 || (!o.global && m_interface.stalls().known(o.stall)));
    }
  }
  sane = sane && m_begun == possible && (m_begun || !m_waiting);
  sane = sane && (!m_waiting || m_translation->step() == Step::need);
  if (!sane) archive.fail("address_translation", "no operations can be like these");
  if (archive.ok()) return;
  m_parts.engine.in_flight().leave(m_token, 0);
  reset();
}

}  // namespace smmuvp::smmuv2
