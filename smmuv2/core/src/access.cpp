#include "smmuvp/smmuv2/access.h"

#include <algorithm>

#include "smmuvp/smmu/trace_points.h"
#include "smmuvp/smmuv2/programming_interface.h"
#include "smmuvp/smmuv2/register_fields.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2 {

using pgtable::AddressSpace;
using smmu::Outcome;
using smmu::Step;

namespace {

constexpr bool exceeds(std::uint64_t address, unsigned bits) { return bits < 64 && address >> bits != 0; }

}  // namespace

Access::Access(Smmu& smmu, const smmu::AccessRequest& request)
    : Access(smmu.parts(), smmu.interface(), request) {}

Access::Access(const Parts& parts, ProgrammingInterface& interface, const smmu::AccessRequest& request)
    : ClientAccess(parts.engine, request), m_parts(parts), m_interface(interface) {
  if (request.debug && request.foresee) m_foreseen.emplace();
}

Access::Access(Smmu& smmu)
    : ClientAccess(smmu.engine()),
      m_parts(smmu.parts()),
      m_interface(smmu.interface()),
      m_state(State::done) {}

Access::~Access() {
  if (m_stall != 0) m_interface.stalls().forget(m_stall);
}

Step Access::step() {
  if (m_state != State::done && was_reset()) {
    m_stall = 0;
    m_fault = AccessFault{false, 0, 0, false, "the SMMU has been reset meanwhile"};
    end(Outcome::abort);
  }
  while (!m_waiting && m_state != State::done) {
    switch (m_state) {
      case State::start:
        start();
        break;
      case State::translation: {
        const std::uint64_t fills = m_engine.tcu_statistics().tlb_fills;
        const Step step = m_translation->step();
        // Nothing but its own walk fills meanwhile.
        if (m_engine.tcu_statistics().tlb_fills != fills) m_interface.monitors().allocation(monitored(true));
        if (step == Step::waits) return step;
        m_time = m_translation->time();
        if (step != Step::need) {
          translated();
          break;
        }
        // A descriptor of stage 1 that stage 2 lets nobody reach: it cannot be walked, or is off and its
        // output too large (Table 3-4).
        const std::uint64_t ipa = m_translation->op().address;
        if (m_path.stage2_unwalkable || exceeds(ipa, m_path.stage2_limit)) {
          because(m_path.stage2_unwalkable
                      ? "stage 2 cannot be walked, and a table is behind it"
                      : "stage 2 is off, and the address of a table has more bits than its output");
          fail_context(m_path.stage2_unwalkable ? fsr::TF : fsr::ASF, true, m_path.second_VA64 ? 0 : 1, ipa,
                       true);
          break;
        }
        m_waiting = true;
        break;
      }
      case State::stall:
        if (!resume()) return Step::stalled;
        break;
      case State::done:
        break;
    }
  }
  return m_waiting ? Step::need : Step::done;
}

void Access::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;
  m_waiting = false;
  trace_answer(op(), answer);
  m_translation->complete(answer);
}

void Access::start() {
  if (answered_at_tbu()) {
    m_state = State::done;
    return;
  }
  pass_port();
  if (m_interface.held()) {
    m_fault = AccessFault{false, 0, 0, false, m_interface.why_held()};
    end(Outcome::abort);
    return;
  }
  if (!m_retried) determine_security();
  if (!m_parts.features.SES && m_path.secure) {  // 7.2: none of the SMMU's business
    pass({}, false);
    return;
  }
  if (m_request.unsupported != smmu::Unsupported::none || m_request.ats != smmu::AtsPhase::none) {
    // 3.10: SMMUv1 has external faults for them.
    fail_global(m_parts.features.version == 1 ? gfsr::EF : gfsr::UUT, false,
                "no SMMU with these features can take the transaction");
    return;
  }
  m_path.SIF = m_path.secure && is_set(m_interface.reg(SMMU_SCR1), SCR1_SIF);
  go_to_tcu();
  map();
}

// 2.2. Where there is a table, the SSD_Index is the StreamID.
void Access::determine_security() {
  const Features& f = m_parts.features;
  m_path.secure = m_request.space == AddressSpace::secure;
  if (!f.SES) return;
  if (f.SSDTP != 0) {
    m_path.SSD_Index = static_cast<std::uint16_t>(m_request.stream_id & low_bits(f.ssd_index_bits()));
    m_path.secure = m_interface.ssd_secure(m_path.SSD_Index);
  }
}

// 2.1.1, Figure 2-3
void Access::map() {
  const std::uint32_t CR0 = m_interface.CR0(m_path.secure);
  if (is_set(CR0, sCR0_CLIENTPD)) {
    pass(Override::from_sCR0(CR0), true);
    return;
  }
  const StreamMatch match = m_interface.streams().find(m_request.stream_id, m_path.secure);
  if (match.kind == StreamMatch::Kind::none) {
    if (is_set(CR0, sCR0_USFCFG)) return fail_global(gfsr::USF, false, "no group has the StreamID");
    return pass(Override::from_sCR0(CR0), true);
  }
  if (match.kind == StreamMatch::Kind::multiple && m_parts.features.SMCD) {
    if (is_set(CR0, sCR0_SMCFCFG)) return fail_global(gfsr::SMCF, false, "several groups match");
    return pass(Override::from_sCR0(CR0), true);
  }
  const std::uint32_t S2CR = m_interface.reg(SMMU_S2CRn, match.group);
  if (counts()) m_counted = m_engine.streams().add(m_request.stream_id);
  switch (get(S2CR, S2CR_TYPE)) {
    case 0:
      m_path.take_stream(S2CR, m_parts.features);
      enter_context(static_cast<unsigned>(get(S2CR, S2CR_CBNDX)));
      break;
    case 1:
      pass(Override::from_bypass(S2CR), true);
      break;
    default:  // 2.3.4, 9.6.23: TYPE 0b11 is as 0b10
      fail_global(gfsr::ICF, false, "S2CR.TYPE is a fault context");
  }
}

// Bypass of any kind: the address is truncated (1.6.2).
void Access::pass(const Override& override, bool with_SIF) {
  smmu::CacheKey key;
  key.tag.regime = smmu::no_regime;
  key.shift = m_parts.features.OAS;
  key.input = m_request.address >> key.shift << key.shift;
  smmu::FinishedAnswer answer;
  answer.translated = false;
  answer.rights.bits = pgtable::Rights::all;
  answer.attributes = override.attributes(m_request.attributes);
  answer.of_default_attributes = true;
  answer.privileged = override.privileged();
  answer.instruction = override.instruction();
  answer.space = m_path.secure ? override.space(m_request.space) : AddressSpace::non_secure;
  if (with_SIF && m_path.SIF && answer.space == AddressSpace::non_secure) {  // 2.3.5: of fetches
    answer.rights.bits &= static_cast<std::uint8_t>(
        ~(pgtable::Rights::privileged_execute | pgtable::Rights::unprivileged_execute));
    if (!smmu::permits(answer, m_request.kind, answer.privileged.of(m_request.privileged),
                       !m_request.is_write() && answer.instruction.of(m_request.instruction))) {
      fail_global(gfsr::PF, false, "SCR1.SIF: a Secure fetch from Non-secure memory");
      return;
    }
  }
  // 7.2: those of Secure devices, without Secure state, are not processed.
  if (m_parts.features.SES || !m_path.secure) count_access(false);
  m_state = State::done;
  if (counts()) m_interface.kept();
  forward(key, answer, of_its_device());
}

// 3.7.3, RequestBufferStateMachine
void Access::enter_context(unsigned bank) {
  const Context& c = m_interface.context(bank, m_path.secure);
  if (c.refusal != Refusal::none) {
    fail_global(c.refusal == Refusal::UCBF ? gfsr::UCBF : gfsr::ICF, c.refused_nested, c.refused_why);
    return;
  }
  m_path.take(c);
  count_access(true);
  if (counts() || (m_foreseen && !m_request.afresh)) {
    if (const auto stalled = m_interface.global_stall(m_path.secure)) return wait_for(*stalled, false);
    if (!check_for_faults(c.first) || (c.nested && !check_for_faults(c.second))) return;
  }
  m_address = m_request.address;
  if (const AddressFault f = check_address(c, m_parts.features, m_address); f.bit != 0) {
    because(f.why);
    fail_context(f.bit, f.second, f.level, m_address);
    return;
  }
  if (!c.translates()) {
    smmu::CacheKey key;
    key.tag.regime = smmu::no_regime;
    // Where sizes end what passes is another answer.
    key.shift = std::min({c.stage1 ? c.stage1_output : c.stage2_output, c.stage2_output, c.ipa_size});
    if (c.stage1 && !c.state.VA64) key.shift = std::min<std::uint8_t>(key.shift, 32);  // 3.8.4
    key.input = m_address >> key.shift << key.shift;
    forward_context(key, nullptr);
    return;
  }
  if (counts() && conflicts()) {  // 16.5.9
    fail_context(fsr::TLBMCF, false, m_path.VA64 ? 0 : 1, m_address);
    return;
  }
  if (m_path.EPD0) {
    // What walks finds is of no use: a miss is a fault, a hit is none.
    smmu::TranslationRequest request;
    request.address = m_address;
    request.access = smmu::access_type(m_request.kind, m_path.instruction(m_request));
    request.privileged = m_path.privileged(m_request);
    request.inhibit_updates = true;
    request.debug = m_request.debug;
    request.foresee = m_request.foresee;
    request.time = m_time;
    request.arrived = m_request.time;
    request.generation = m_generation;
    request.counters = &m_engine.counters(m_request.port, m_counted);
    m_translation.emplace(m_engine, c.translation, request);
  } else {
    translate(c.translation, m_address, m_path.privileged(m_request), m_path.instruction(m_request),
              m_path.DIPAN());
  }
  m_state = State::translation;
}

// @param in_bank  a bank processes it, or two
MonitoredTransaction Access::monitored(bool in_bank) const {
  MonitoredTransaction t;
  t.StreamID = m_request.stream_id;
  t.secure = m_path.secure;
  t.privileged = m_request.privileged;
  t.write = m_request.kind == smmu::AccessKind::write;
  if (in_bank) t.first = m_path.first;
  if (in_bank && m_path.nested) t.second = m_path.second;
  return t;
}

// 6.3: a new one. What is retried has been counted.
void Access::count_access(bool in_bank) {
  PerformanceMonitors& monitors = m_interface.monitors();
  if (counts() && !m_retried && monitors.counts_accesses()) monitors.access(monitored(in_bank));
}

// CheckForFaultsInBank. @return whether it goes on
bool Access::check_for_faults(unsigned bank) {
  if (!m_interface.blocks(bank)) return true;
  if (m_interface.faults().stalled(bank)) {
    wait_for(bank, false);
  } else {
    m_fault = AccessFault{false, 0, bank, false, "SMMU_CBn_FSR has a fault, and HUPCF is 0"};
    kill(bank);
  }
  return false;
}

void Access::translated() {
  if (Speculation* s = m_interface.speculation(); s != nullptr && counts() && !m_path.secure) {
    s->accessed(m_request, m_time);
  }
  if (m_path.EPD0 && !m_translation->hit()) {
    m_translation.reset();
    because("TCR.EPD0 is 1, and the TLB has no entry");
    fail_context(fsr::TF, false, m_path.VA64 ? 0 : 1, 0);
    return;
  }
  if (!m_translation->ok()) {
    const pgtable::Fault fault = m_translation->fault();
    fail_context(fault);
    return;
  }
  // Table 3-4, where no walk has looked at it
  const std::uint64_t output = m_translation->output();
  if (exceeds(output, m_path.stage2_limit)) {
    because("stage 2 is off, and what stage 1 translates to has more bits than its output");
    fail_context(fsr::ASF, true, m_path.second_VA64 ? 0 : 1, output);
  } else {
    forward_context(m_translation->key(), &m_translation->entry());
  }
}

void Access::forward_context(const smmu::CacheKey& key, const smmu::TlbEntry* entry) {
  const smmu::FinishedAnswer answer = m_path.answer(m_request, entry, key.input);
  if (m_path.refused(m_request, answer)) {
    // PAN or SIF: the last level of the walk, if there was one (3.7.1, 16.5.11)
    because("S2CR.PRIVCFG denies privileged accesses to unprivileged memory, or SCR1.SIF a Secure fetch");
    fail_context(fsr::PF, false, entry != nullptr ? key.level : m_path.VA64 ? 0 : 1, 0);
    return;
  }
  m_state = State::done;
  if (counts()) m_interface.kept();
  forward(key, answer, keeps());
}

// 16.5.28: a retried access has the Security state of before, which is not that of others any more where
// SSDRn has changed.
bool Access::of_its_device() const {
  const bool by_table = m_parts.features.SES && m_parts.features.SSDTP != 0;
  return !m_retried || !by_table || m_interface.ssd_secure(m_path.SSD_Index) == m_path.secure;
}

// A TBU that answered would go on where the bank holds or kills what comes (3.7.3).
bool Access::keeps() const {
  return of_its_device() && !m_interface.blocks(m_path.first) &&
         !(m_path.nested && m_interface.blocks(m_path.second)) && !m_interface.global_stall(m_path.secure) &&
         !m_path.EPD0;
}

// ---- state

void Access::visit(Archive& archive) {
  archive.begin("access");
  archive.value("state", m_state);
  visit_base(archive, m_state == State::translation);
  m_path.visit(archive);
  archive.value("retried", m_retried);
  archive.value("address", m_address);
  archive.optional("fault", m_fault, [&archive](AccessFault& f) {
    archive.value("global", f.global);
    archive.value("bit", f.bit);
    archive.value("bank", f.bank);
    archive.value("recorded", f.recorded);
    if (archive.loading()) f.why = "";
  });
  // A reset has forgotten the stall, and this access has not seen that yet.
  if (!archive.loading() && !m_interface.stalls().known(m_stall)) m_stall = 0;
  archive.value("stall", m_stall);
  archive.value("stalled_bank", m_stalled_bank);
  archive.end();
  if (archive.loading()) restored(archive);
}

void Access::restored(Archive& archive) {
  const auto there = [this](unsigned bank) { return bank < std::max<unsigned>(m_parts.features.NUMCB, 1); };
  bool sane = m_state <= State::done && sane_base() && there(m_path.first) && there(m_path.second) &&
              there(m_stalled_bank) && (!m_fault || there(m_fault->bank));
  sane = sane && (m_stall == 0 || (m_state == State::stall && m_interface.stalls().known(m_stall)));
  sane = sane && (!m_waiting || (m_translation && m_translation->step() == Step::need));
  if (!sane) archive.fail("access", "no access can be in this state");
  if (archive.ok()) return;
  give_up();
  m_path = {};
  m_fault.reset();
  m_stall = 0;
  m_stalled_bank = 0;
  m_state = State::done;
}

}  // namespace smmuvp::smmuv2
