#include "smmuvp/smmuv3/atos.h"

#include <algorithm>
#include <string_view>

#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/convert.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/register_fields.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

namespace {

// ATOS_PAR.FAULTCODE beside the numbers of events (9.1.5).
constexpr std::uint8_t INV_REQ = 0xff;
constexpr std::uint8_t INV_STAGE = 0xfe;
constexpr std::uint8_t INTERNAL_ERR = 0xfd;

// ATOS_PAR.REASON (6.3.40): 0 of stage 1, or of no stage.
constexpr unsigned reason_cd = 1;
constexpr unsigned reason_table = 2;
constexpr unsigned reason_input = 3;

constexpr std::uint8_t code(EventType type) { return static_cast<std::uint8_t>(type); }

}  // namespace

std::uint64_t Atos::SID() const { return m_interface.registers().get(m_group.SID); }

std::uint64_t Atos::ADDR() const { return m_interface.registers().get(m_group.ADDR); }

AtosType Atos::type() const { return static_cast<AtosType>(get(ADDR(), GATOS_ADDR_TYPE)); }

std::uint64_t Atos::address() const { return ADDR() & GATOS_ADDR_ADDR.in_word(); }

bool Atos::inhibits_updates() const { return get(ADDR(), GATOS_ADDR_HTTUI) != 0; }

bool Atos::is_write() const { return get(ADDR(), GATOS_ADDR_RnW) == 0; }

bool Atos::is_fetch() const { return !is_write() && get(ADDR(), GATOS_ADDR_InD) != 0; }

std::uint32_t Atos::stream_id() const { return static_cast<std::uint32_t>(get(SID(), GATOS_SID_STREAMID)); }

// 9.1.2: S_GATOS_SID.SSEC chooses; S_VATOS asks of Secure streams only, and the others of Non-secure ones.
ProgrammingInterface& Atos::stream_interface() const {
  return m_interface.named_by(m_group.of_one_vm || get(SID(), GATOS_SID_SSEC) != 0);
}

// 6.3.85: of the IPA of a Secure stream whose stage 1 does not translate. NS is RES0 without SEL2, and in
// S_VATOS_ADDR, whose operations never get to stage 2.
smmu::AddressSpace Atos::input_space() const {
  const bool NS = !stream_interface().secure() || get(ADDR(), GATOS_ADDR_NS) != 0;
  return NS ? smmu::AddressSpace::non_secure : smmu::AddressSpace::secure;
}

// 9.1.3, before any structure is read
bool Atos::is_malformed() const {
  const Features& f = m_parts.features;
  const AtosType wanted = type();
  bool malformed = wanted == AtosType::none;
  if (m_group.of_one_vm) malformed = malformed || wanted != AtosType::stage1;
  if (wanted != AtosType::stage2) malformed = malformed || !f.S1P;
  if (wanted != AtosType::stage1) malformed = malformed || !f.S2P;
  if (wanted == AtosType::stage2) malformed = malformed || get(SID(), GATOS_SID_SSID_VALID) != 0;
  return malformed;
}

void Atos::begin() {
  ++m_parts.statistics.atos;
  if (is_malformed()) return fail(INV_REQ);
  // 9: that of the streams has to be 1 as well, and not about to be 0
  const ProgrammingInterface& streams = stream_interface();
  if (&streams != &m_interface && !(streams.enabled(CR0_SMMUEN) && streams.wanted(CR0_SMMUEN))) {
    return fail(INTERNAL_ERR);
  }
  ConfigRequest request;
  request.stream_id = stream_id();
  request.substream_id = static_cast<std::uint32_t>(get(SID(), GATOS_SID_SUBSTREAMID));
  request.substream_valid = get(SID(), GATOS_SID_SSID_VALID) != 0;
  request.atos = type();
  if (m_group.of_one_vm) request.vmid = static_cast<std::uint16_t>(m_interface.reg(SMMU_VATOS_SEL));
  // Chapter 9: the tables of stage 2 behind stage 1 are left alone as well
  request.inhibit_updates = inhibits_updates();
  look_up(request);
}

void Atos::configured(const Configuration& found) {
  m_force_write_back = found.ste.stage2.FWB;
  if (found.fault && found.fault->stage2) return fail(*found.fault->stage2, true);
  if (found.fault) return fail(code(found.fault->type));
  if (found.lacks_stage) return fail(INV_STAGE);
  m_stage1 = found.stage1;
  if (found.stage1) return translate(found.context);
  // 3.4: the input of stage 2 is checked as that of a stage 1 that bypasses.
  const Features& f = m_parts.features;
  if (address() >> (found.ste.stage2_enabled() ? f.ias() : f.OAS) != 0) {
    return fail(code(EventType::F_ADDR_SIZE));
  }
  switch (type()) {
    case AtosType::stage1: {
      // 9.1.3, STE.S1DSS 0b01: the input, with the smallest size that may be told; the attributes are our
      // choice, and so is the space, that of the stream. 6.3.40: no bits above the OAS, though an input up to
      // the IAS is none that faults.
      const unsigned shift = f.GRAN4K ? 12 : f.GRAN16K ? 14 : 16;
      return succeed(address() & low_bits(f.OAS), shift, smmu::default_attributes,
                     stream_interface().space());
    }
    case AtosType::both:  // 6.3.57: of a stage 1 that bypasses
      if (found.ste.origin.secure() && stream_interface().enabled(CR0_SIF) && is_fetch() &&
          input_space() == smmu::AddressSpace::non_secure) {
        return fail(code(EventType::F_PERMISSION));
      }
      break;
    default:  // 9: the rights of stage 2 are those that count
      break;
  }
  translate(found.context);
}

// 9.1.3: neither STE.INSTCFG, STE.PRIVCFG nor STE.NSCFG has a say.
void Atos::translate(const smmu::TranslationContext& context) {
  const auto kind = is_write() ? smmu::AccessKind::write : smmu::AccessKind::read;
  smmu::TranslationRequest request;
  request.address = address();
  request.access = smmu::access_type(kind, is_fetch());
  request.privileged = get(ADDR(), GATOS_ADDR_PnU) != 0;
  request.space = input_space();
  request.stage1_only = type() == AtosType::stage1 && context.tag.stages == pgtable::Stages::nested;
  request.inhibit_updates = inhibits_updates();
  Lookup::translate(context, request);
}

void Atos::translated(const smmu::Translation& translation) {
  if (!translation.ok()) return fail(translation.fault(), false);
  const smmu::TlbEntry& entry = translation.entry();
  // 6.3.40: of stage 2 alone with Read- and Write-Allocate, and not transient
  const pgtable::Attributes attributes =
      !m_stage1 ? pgtable::combine(smmu::default_attributes, entry.stage2_attributes, m_force_write_back)
                : pgtable::effective(entry.attributes);
  // 6.3.40: ADDR has the bits of the OAS, also where it is an IPA
  succeed(smmu::physical(translation.output(), m_parts.features.OAS), translation.shift(), attributes,
          entry.space);
}

// 6.3.40: the lowest 1 of ADDR tells the size of anything larger than 4 KiB. 6.3.86: NS is of the Secure
// groups, whosesoever the stream is.
void Atos::succeed(std::uint64_t output, unsigned shift, const pgtable::Attributes& attributes,
                   smmu::AddressSpace space) {
  std::uint64_t PAR = 0;
  PAR |= std::uint64_t{attributes.memory} << PAR_ATTR.low;
  PAR |= static_cast<std::uint64_t>(attributes.SH) << PAR_SH.low;
  if (m_interface.secure() && space == smmu::AddressSpace::non_secure) PAR |= PAR_NS.in_word();
  std::uint64_t address = output & ~low_bits(shift);
  if (shift > 12) {
    address |= std::uint64_t{1} << (shift - 1);
    PAR |= PAR_Size.in_word();
  }
  answer(PAR | (address & PAR_ADDR.in_word()));
}

void Atos::fail(std::uint8_t FAULTCODE, unsigned REASON, std::uint64_t FADDR, bool NSIPA) {
  answer(PAR_FAULT.in_word() | std::uint64_t{REASON} << PAR_REASON.low |
         std::uint64_t{FAULTCODE} << PAR_FAULTCODE.low | (NSIPA ? PAR_NSIPA.in_word() : 0) |
         (FADDR & low_bits(m_parts.features.OAS) & PAR_ADDR.in_word()));
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
  const unsigned REASON = cd ? reason_cd : table ? reason_table : reason_input;
  if (event == EventType::F_WALK_EABT) return fail(code(event), REASON);
  // 6.3.86: where there is an IPA, of a Secure stream
  const bool NSIPA = stream_interface().secure() && fault.ipa_space == smmu::AddressSpace::non_secure;
  fail(code(event), REASON, fault.ipa, NSIPA);
}

void Atos::answer(std::uint64_t PAR) {
  m_answer = PAR;
  end();
}

void Atos::finish() {
  m_interface.set(m_group.PAR, m_answer);
  m_interface.set(m_group.CTRL, 0);
  m_parts.tracer.emit(time(), trace_atos, stream_id(), address(), m_answer,
                      std::string_view(m_interface.registers().info(m_group.PAR).name));
}

void Atos::reset() {
  Lookup::reset();
  m_force_write_back = m_stage1 = false;
  m_answer = 0;
}

void Atos::visit(Archive& archive) {
  Lookup::visit(archive);
  if (archive.loading() && !archive.ok()) m_interface.set(m_group.CTRL, 0);
}

void Atos::visit_own(Archive& archive) {
  archive.value("force_write_back", m_force_write_back);
  archive.value("stage1", m_stage1);
  archive.value("PAR", m_answer);
}

bool Atos::sane() const { return running() == ((m_interface.reg(m_group.CTRL) & GATOS_CTRL_RUN) != 0); }

}  // namespace smmuvp::smmuv3
