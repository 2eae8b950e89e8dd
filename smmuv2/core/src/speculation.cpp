#include "smmuvp/smmuv2/speculation.h"

#include <algorithm>
#include <iterator>

#include "smmuvp/smmuv2/path.h"
#include "smmuvp/smmuv2/programming_interface.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

using smmu::Step;
using smmu::TimePs;

Speculation::Speculation(const Parts& parts, ProgrammingInterface& interface)
    : m_parts(parts), m_interface(interface), m_random(parts.structures.adversity.seed, "speculation") {}

void Speculation::accessed(const smmu::AccessRequest& request, TimePs time) {
  m_places[m_next] = {request.stream_id, request.address};
  m_next = (m_next + 1) % m_places.size();
  m_known = std::min(m_known + 1, m_places.size());
  rouse(time);
}

// What is roused while it is at work goes on with what is left, so that it comes to an end.
void Speculation::rouse(TimePs time) {
  if (m_known == 0) return;
  if (m_left == 0 && !m_translation) m_time = std::max(m_time, time);
  m_left = std::max(m_left, static_cast<std::uint32_t>(
                                m_random.below(m_parts.structures.adversity.speculation + std::uint64_t{1})));
}

std::optional<TimePs> Speculation::due() const {
  if (m_waiting || m_interface.held() || (m_left == 0 && !m_translation)) return std::nullopt;
  return m_time;
}

Step Speculation::step(TimePs now) {
  if (m_waiting) return Step::need;
  m_parts.engine.prune(now);
  while ((m_left != 0 || m_translation) && m_time <= now && !m_interface.held()) {
    if (!m_translation) {
      --m_left;
      begin(now);
      continue;
    }
    m_waiting = m_translation->step() == Step::need;
    m_time = m_translation->time();
    if (m_waiting) return Step::need;
    end();
  }
  return Step::done;
}

void Speculation::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;  // of before a reset
  m_waiting = false;
  m_time = std::max(m_time, answer.time);
  m_translation->complete(answer);
}

// Goes by the registers as an access does that finds no fault before its translation; others are left alone.
void Speculation::begin(TimePs now) {
  m_time = now;
  Place place = m_places[m_random.below(m_known)];
  // A neighbour within eight pages or blocks of some size, or the page itself.
  constexpr std::uint8_t shifts[] = {12, 12, 12, 16, 21};
  const std::uint8_t shift = shifts[m_random.below(std::size(shifts))];
  place.address += (m_random.below(17) - 8) << shift;
  if (is_set(m_interface.CR0(false), sCR0_CLIENTPD)) return;
  const StreamMatch match = m_interface.streams().find(place.StreamID, false);
  if (match.kind != StreamMatch::Kind::unique) return;
  const std::uint32_t S2CR = m_interface.reg(SMMU_S2CRn, match.group);
  if (get(S2CR, S2CR_TYPE) != 0) return;
  const Context& c = m_interface.context(static_cast<unsigned>(get(S2CR, S2CR_CBNDX)), false);
  if (c.refusal != Refusal::none || !c.translates() || c.EPD0 || c.stage2_unwalkable) return;
  // A table of stage 1 that a stage 2 which is off lets nobody reach (Table 3-4) is an access's to find.
  if (c.stage1_on && c.nested && !c.stage2_on) return;
  if (check_address(c, m_parts.features, place.address).bit != 0) return;
  smmu::TranslationRequest request;
  request.address = place.address;
  request.access = pgtable::AccessType::none;
  request.time = request.arrived = m_time;
  request.generation = m_parts.engine.generation();
  request.stream_id = place.StreamID;
  m_token = m_parts.engine.in_flight().enter(m_time);
  m_translation.emplace(m_parts.engine, c.translation, request);
}

// Some time passes before the next, so that software comes in between.
void Speculation::end() {
  m_translation.reset();
  m_parts.engine.in_flight().leave(m_token, m_time);
  m_token = {};
  m_time += m_random.below(1U << 20U);
}

void Speculation::reset() {
  m_translation.reset();
  m_token = {};  // the engine forgets all
  m_waiting = false;
  m_known = m_next = 0;
  m_left = 0;
  m_time = 0;
}

void Speculation::visit(Archive& archive) {
  archive.begin("speculation");
  m_random.visit(archive);
  for (Place& p : m_places) {
    archive.value("StreamID", p.StreamID);
    archive.value("address", p.address);
  }
  archive.value("known", m_known);
  archive.value("next", m_next);
  archive.value("left", m_left);
  archive.time("time", m_time);
  m_parts.engine.in_flight().visit(archive, m_token);
  bool translates = m_translation.has_value();
  archive.value("translates", translates);
  archive.value("waiting", m_waiting);
  if (archive.loading()) {
    m_translation.reset();
    if (translates) m_translation.emplace(m_parts.engine, nullptr);
  }
  if (m_translation) m_translation->visit(archive);
  archive.end();
  if (!archive.loading()) return;
  bool sane = m_known <= m_places.size() && m_next < m_places.size();
  sane = sane && translates == m_token.valid();
  sane = sane && (!m_waiting || (m_translation && m_translation->step() == Step::need));
  if (!sane) archive.fail("speculation", "no speculative translation can be in this state");
  if (archive.ok()) return;
  m_parts.engine.in_flight().leave(m_token, 0);
  reset();
}

}  // namespace smmuvp::smmuv2
