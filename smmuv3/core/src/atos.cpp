#include "smmuvp/smmuv3/atos.h"

#include <algorithm>
#include <string_view>

#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/register_fields.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

namespace {

// ATOS_PAR.FAULTCODE beside the numbers of events (9.1.5).
constexpr std::uint8_t INV_REQ = 0xff;
constexpr std::uint8_t INV_STAGE = 0xfe;

// ATOS_PAR.REASON (6.3.40): 0 of stage 1, or of no stage.
constexpr unsigned reason_cd = 1;
constexpr unsigned reason_table = 2;
constexpr unsigned reason_input = 3;

constexpr std::uint8_t code(EventType type) { return static_cast<std::uint8_t>(type); }

// 6.3.40: the lowest 1 of ADDR tells the size of anything larger than 4 KiB.
std::uint64_t success(std::uint64_t output, unsigned shift, const pgtable::Attributes& attributes) {
  std::uint64_t PAR = 0;
  PAR |= std::uint64_t{attributes.memory} << PAR_ATTR.low;
  PAR |= static_cast<std::uint64_t>(attributes.SH) << PAR_SH.low;
  std::uint64_t address = output & ~low_bits(shift);
  if (shift > 12) {
    address |= std::uint64_t{1} << (shift - 1);
    PAR |= PAR_Size.in_word();
  }
  return PAR | (address & PAR_ADDR.in_word());
}

}  // namespace

AtosType Atos::type() const {
  return static_cast<AtosType>(get(m_interface.registers().get(SMMU_GATOS_ADDR), GATOS_ADDR_TYPE));
}

std::uint64_t Atos::address() const {
  return m_interface.registers().get(SMMU_GATOS_ADDR) & GATOS_ADDR_ADDR.in_word();
}

bool Atos::inhibits_updates() const {
  return get(m_interface.registers().get(SMMU_GATOS_ADDR), GATOS_ADDR_HTTUI) != 0;
}

bool Atos::is_write() const { return get(m_interface.registers().get(SMMU_GATOS_ADDR), GATOS_ADDR_RnW) == 0; }

void Atos::start(TimePs time) {
  m_state = State::begin;
  m_time = std::max(m_time, time);
  m_token = m_parts.engine.in_flight().enter(m_time);
}

std::optional<TimePs> Atos::due() const {
  if (!running() || m_waiting || m_interface.held()) return std::nullopt;
  return m_time;
}

Step Atos::step(TimePs now) {
  if (m_waiting) return Step::need;
  m_parts.engine.prune(now);
  while (running() && m_time <= now) {
    switch (m_state) {
      case State::begin:
        begin();
        break;
      case State::config:
        m_waiting = m_config->step() == Step::need;
        m_time = m_config->time();
        if (m_waiting) return Step::need;
        configured();
        break;
      case State::translation:
        m_waiting = m_translation->step() == Step::need;
        m_time = m_translation->time();
        if (m_waiting) return Step::need;
        translated();
        break;
      case State::finish:
        finish();
        break;
      case State::idle:
        break;
    }
  }
  return Step::done;
}

void Atos::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;  // of before a reset
  m_waiting = false;
  m_time = std::max(m_time, answer.time);
  const auto sid = static_cast<std::uint32_t>(m_interface.registers().get(SMMU_GATOS_SID));
  m_parts.tracer.emit(m_time, trace_fetch, std::string_view(op().purpose), sid, op().address,
                      std::uint32_t{op().size}, answer.status == smmu::MemoryStatus::ok);
  if (m_config) {
    m_config->complete(answer);
  } else {
    m_translation->complete(answer);
  }
}

void Atos::begin() {
  ++m_parts.statistics.atos;
  m_generation = m_parts.engine.generation();
  const std::uint64_t SID = m_interface.registers().get(SMMU_GATOS_SID);
  const Features& f = m_parts.features;
  const AtosType wanted = type();
  ConfigRequest request;
  request.stream_id = static_cast<std::uint32_t>(get(SID, GATOS_SID_STREAMID));
  request.substream_id = static_cast<std::uint32_t>(get(SID, GATOS_SID_SUBSTREAMID));
  request.substream_valid = get(SID, GATOS_SID_SSID_VALID) != 0;
  request.atos = wanted;
  // Chapter 9: the tables of stage 2 behind stage 1 are left alone as well
  request.inhibit_updates = inhibits_updates();
  request.time = m_time;
  // 9.1.3, before any structure is read
  bool malformed = wanted == AtosType::none;
  if (wanted != AtosType::stage2) malformed = malformed || !f.S1P;
  if (wanted != AtosType::stage1) malformed = malformed || !f.S2P;
  if (wanted == AtosType::stage2) malformed = malformed || request.substream_valid;
  if (malformed) return fail(INV_REQ);
  m_config.emplace(m_parts, m_interface, request);
  m_state = State::config;
}

void Atos::configured() {
  const Ste ste = m_config->ste();
  const auto fault = m_config->fault();
  const bool lacks_stage = m_config->lacks_stage();
  const bool stage1 = m_config->stage1();
  const smmu::TranslationContext context = stage1 ? m_config->cd().translation : ste.translation;
  m_config.reset();
  m_force_write_back = ste.stage2.FWB;
  if (fault && fault->stage2) return fail(*fault->stage2, true);
  if (fault) return fail(code(fault->type));
  if (lacks_stage) return fail(INV_STAGE);
  m_stage1 = stage1;
  if (stage1) return translate(context);
  // 3.4: the input of stage 2 is checked as that of a stage 1 that bypasses.
  const Features& f = m_parts.features;
  if (address() >> (ste.stage2_enabled() ? f.ias() : f.OAS) != 0) {
    return fail(code(EventType::F_ADDR_SIZE));
  }
  if (type() != AtosType::stage1) return translate(context);
  // 9.1.3, STE.S1DSS 0b01: the input, with the smallest size that may be told; the attributes are our choice.
  // 6.3.40: no bits above the OAS, though an input up to the IAS is none that faults.
  m_answer = success(address() & low_bits(f.OAS),
                     f.GRAN4K    ? 12
                     : f.GRAN16K ? 14
                                 : 16,
                     smmu::default_attributes);
  m_state = State::finish;
}

// 9.1.3: neither STE.INSTCFG nor STE.PRIVCFG has a say.
void Atos::translate(const smmu::TranslationContext& context) {
  const std::uint64_t ADDR = m_interface.registers().get(SMMU_GATOS_ADDR);
  const auto kind = is_write() ? smmu::AccessKind::write : smmu::AccessKind::read;
  smmu::TranslationRequest request;
  request.address = address();
  request.access = smmu::access_type(kind, !is_write() && get(ADDR, GATOS_ADDR_InD) != 0);
  request.privileged = get(ADDR, GATOS_ADDR_PnU) != 0;
  request.stage1_only = type() == AtosType::stage1 && context.tag.stages == pgtable::Stages::nested;
  request.inhibit_updates = inhibits_updates();
  request.time = request.arrived = m_time;
  request.generation = m_generation;
  m_translation.emplace(m_parts.engine, context, request);
  m_state = State::translation;
}

void Atos::translated() {
  if (!m_translation->ok()) return fail(m_translation->fault(), false);
  const smmu::TlbEntry& entry = m_translation->entry();
  // 6.3.40: of stage 2 alone with Read- and Write-Allocate, and not transient
  const pgtable::Attributes attributes =
      !m_stage1 ? pgtable::combine(smmu::default_attributes, entry.stage2_attributes, m_force_write_back)
                : pgtable::effective(entry.attributes);
  m_answer = success(m_translation->output(), m_translation->shift(), attributes);
  m_state = State::finish;
}

void Atos::fail(std::uint8_t FAULTCODE, unsigned REASON, std::uint64_t FADDR) {
  m_answer = PAR_FAULT.in_word() | std::uint64_t{REASON} << PAR_REASON.low |
             std::uint64_t{FAULTCODE} << PAR_FAULTCODE.low |
             (FADDR & low_bits(m_parts.features.OAS) & PAR_ADDR.in_word());
  m_state = State::finish;
}

// The table in 9.1.4. @param cd  stage 2 was translating the address of a CD
void Atos::fail(const pgtable::Fault& fault, bool cd) {
  const EventType event = event_type_of(fault.kind);
  const bool table = fault.fault_class == pgtable::FaultClass::table;
  if (!cd && fault.stage == pgtable::Stage::stage1) return fail(code(event));
  switch (type()) {
    case AtosType::stage1:  // stage 2 is none of its business: a fetch has failed
      return fail(code(cd ? EventType::F_CD_FETCH : EventType::F_WALK_EABT));
    case AtosType::stage2:
      return fail(code(event), reason_input);
    default:
      break;
  }
  const bool related = event != EventType::F_WALK_EABT;
  fail(code(event), cd ? reason_cd : table ? reason_table : reason_input, related ? fault.ipa : 0);
}

void Atos::finish() {
  m_interface.set(SMMU_GATOS_PAR, m_answer);
  m_interface.set(SMMU_GATOS_CTRL, 0);
  m_state = State::idle;
  m_translation.reset();
  m_parts.engine.in_flight().leave(m_token, m_time);
  m_token = {};
  const auto sid = static_cast<std::uint32_t>(m_interface.registers().get(SMMU_GATOS_SID));
  m_parts.tracer.emit(m_time, trace_atos, sid, address(), m_answer);
  m_interface.update_acks(m_time);
}

void Atos::reset() {
  m_state = State::idle;
  m_waiting = false;
  m_config.reset();
  m_translation.reset();
  m_token = {};  // the engine forgets all
  m_time = 0;
  m_force_write_back = m_stage1 = false;
  m_answer = 0;
}

void Atos::visit(Archive& archive) {
  archive.begin("atos");
  archive.value("state", m_state);
  archive.value("waiting", m_waiting);
  archive.time("time", m_time);
  m_parts.engine.in_flight().visit(archive, m_token);
  if (running()) m_parts.engine.visit_generation(archive, m_generation);
  archive.value("force_write_back", m_force_write_back);
  archive.value("stage1", m_stage1);
  archive.value("PAR", m_answer);
  bool configures = m_config.has_value();
  bool translates = m_translation.has_value();
  archive.value("configures", configures);
  archive.value("translates", translates);
  if (archive.loading()) {
    m_config.reset();
    m_translation.reset();
    if (configures) m_config.emplace(m_parts, m_interface, ConfigRequest());
    if (translates) m_translation.emplace(m_parts.engine, nullptr);
  }
  if (m_config) m_config->visit(archive);
  if (m_translation) m_translation->visit(archive);
  archive.end();
  if (archive.loading()) restored(archive);
}

void Atos::restored(Archive& archive) {
  bool sane = m_state <= State::finish;
  sane = sane && running() == ((m_interface.reg(SMMU_GATOS_CTRL) & GATOS_CTRL_RUN) != 0);
  sane = sane && running() == m_token.valid();
  sane = sane && m_config.has_value() == (m_state == State::config);
  sane = sane && (m_translation.has_value() || m_state != State::translation);
  sane = sane && (!m_waiting || (m_config && m_config->step() == Step::need) ||
                  (m_translation && m_translation->step() == Step::need));
  if (!sane) archive.fail("atos", "no address translation operation can be in this state");
  if (archive.ok()) return;
  m_parts.engine.in_flight().leave(m_token, 0);
  reset();
  m_interface.set(SMMU_GATOS_CTRL, 0);
}

}  // namespace smmuvp::smmuv3
