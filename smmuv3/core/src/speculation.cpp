#include "smmuvp/smmuv3/speculation.h"

#include <algorithm>

#include "smmuvp/smmuv3/programming_interface.h"

namespace smmuvp::smmuv3 {

using smmu::TimePs;

Speculation::Speculation(const Parts& parts, ProgrammingInterface& interface)
    : Lookup(parts, interface, "speculation", "speculative lookup"),
      m_random(parts.structures.adversity.seed, interface.secure() ? "s_speculation" : "speculation") {}

// 3.21.3: while SMMUEN is 0 nothing is reachable.
bool Speculation::allowed() const {
  return m_interface.enabled(CR0_SMMUEN) && m_interface.wanted(CR0_SMMUEN);
}

void Speculation::accessed(const smmu::AccessRequest& request, TimePs time) {
  m_places[m_next] = {request.stream_id, request.substream_id, request.substream_valid, request.address};
  m_next = (m_next + 1) % m_places.size();
  m_known = std::min(m_known + 1, m_places.size());
  rouse(time);
}

// What is roused while it is at work goes on with what is left, so that it comes to an end.
void Speculation::rouse(TimePs time) {
  if (m_known == 0) return;
  if (m_left == 0) m_from = std::max(m_from, time);
  m_left = std::max(m_left, static_cast<std::uint32_t>(
                                m_random.below(m_parts.structures.adversity.speculation + std::uint64_t{1})));
}

std::optional<TimePs> Speculation::due() const {
  if (running()) return Lookup::due();
  if (m_left == 0 || m_interface.held() || !allowed()) return std::nullopt;
  return m_from;
}

// It is under way, and a CMD_SYNC waits for it, from here on.
smmu::Step Speculation::step(TimePs now) {
  if (!running()) {
    if (m_left == 0 || m_from > now || m_interface.held() || !allowed()) return smmu::Step::done;
    --m_left;
    m_place = m_places[m_random.below(m_known)];
    // A neighbour within eight pages or blocks of some size, or the page itself.
    constexpr std::uint8_t shifts[] = {12, 12, 12, 16, 21};
    const std::uint8_t shift = shifts[m_random.below(std::size(shifts))];
    m_place.address += (m_random.below(17) - 8) << shift;
    // 3.21.3: any STE within the table; another stream's addresses are not known.
    m_config_only = m_random.below(4) == 0;
    if (m_config_only) m_place.StreamID ^= static_cast<std::uint32_t>(m_random.below(8));
    enter(now);
  }
  return Lookup::step(now);
}

bool Speculation::abandoned() const { return !m_interface.wanted(CR0_SMMUEN); }

void Speculation::begin() {
  if (!m_interface.stream_table().in_range(m_place.StreamID)) return end();
  ConfigRequest request;
  request.stream_id = m_place.StreamID;
  request.substream_id = m_place.SubstreamID;
  request.substream_valid = m_place.SSV;
  request.speculative = true;
  look_up(request);
}

void Speculation::configured(const Configuration& found) {
  const bool translates = !found.fault && !found.ste.aborts() && (found.stage1 || found.ste.stage2_enabled());
  if (!translates || m_config_only) return end();
  // 3.13, 3.14: an Access flag may be set for what is not an access; a dirty state is not.
  smmu::TranslationRequest request;
  request.address = m_place.address;
  request.access = pgtable::AccessType::none;
  request.space = m_interface.space();
  translate(found.context, request);
}

// 7.2: a fault of what no transaction asks for is not recorded.
void Speculation::translated(const smmu::Translation&) { end(); }

// Some time passes before the next, so that software comes in between.
void Speculation::finish() { m_from = time() + m_random.below(1U << 20U); }

void Speculation::reset() {
  Lookup::reset();
  m_known = m_next = 0;
  m_place = {};
  m_left = 0;
  m_from = 0;
}

void Speculation::visit_own(Archive& archive) {
  const auto place = [&archive](Place& p) {
    archive.value("StreamID", p.StreamID);
    archive.value("SubstreamID", p.SubstreamID);
    archive.value("SSV", p.SSV);
    archive.value("address", p.address);
  };
  m_random.visit(archive);
  for (Place& p : m_places) place(p);
  archive.value("known", m_known);
  archive.value("next", m_next);
  place(m_place);
  archive.value("config_only", m_config_only);
  archive.value("left", m_left);
  archive.time("from", m_from);
}

}  // namespace smmuvp::smmuv3
