#include "smmuvp/smmuv3/lookup.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

void Lookup::enter(TimePs time) {
  m_state = State::begin;
  m_time = std::max(m_time, time);
  m_token = m_parts.engine.in_flight().enter(m_time);
}

void Lookup::look_up(ConfigRequest request) {
  request.time = m_time;
  m_config.emplace(stream_interface().parts(), stream_interface(), request);
  m_state = State::config;
}

void Lookup::translate(const smmu::TranslationContext& context, smmu::TranslationRequest request) {
  request.time = request.arrived = m_time;
  request.generation = m_generation;
  request.stream_id = stream_id();
  request.secure_stream = stream_interface().secure();
  request.mpam = m_mpam;
  m_translation.emplace(m_parts.engine, context, request);
  m_state = State::translation;
}

void Lookup::end() { m_state = State::finish; }

std::optional<TimePs> Lookup::due() const {
  if (!running() || m_waiting || m_interface.held()) return std::nullopt;
  return m_time;
}

Step Lookup::step(TimePs now) {
  if (m_waiting) return Step::need;
  m_parts.engine.prune(now);
  while (running() && m_time <= now) {
    if (abandoned()) {
      m_config.reset();
      m_translation.reset();
      end();
    }
    switch (m_state) {
      case State::begin:
        m_generation = m_parts.engine.generation();
        begin();
        break;
      case State::config: {
        m_waiting = m_config->step() == Step::need;
        m_time = m_config->time();
        if (m_waiting) return Step::need;
        Configuration found{m_config->ste(),    m_config->fault(), m_config->lacks_stage(),
                            m_config->stage1(), m_config->mpam(),  {}};
        found.context = found.stage1 ? m_config->cd().translation : found.ste.translation;
        m_mpam = found.mpam;
        m_config.reset();
        configured(found);
        break;
      }
      case State::translation:
        m_waiting = m_translation->step() == Step::need;
        m_time = m_translation->time();
        if (m_waiting) return Step::need;
        translated(*m_translation);
        m_translation.reset();
        break;
      case State::finish:
        m_state = State::idle;
        finish();
        m_parts.engine.in_flight().leave(m_token, m_time);
        m_token = {};
        m_interface.update_acks(m_time);
        if (&stream_interface() != &m_interface) stream_interface().update_acks(m_time);
        break;
      case State::idle:
        break;
    }
  }
  return Step::done;
}

void Lookup::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;  // of before a reset
  m_waiting = false;
  m_time = std::max(m_time, answer.time);
  m_parts.tracer.emit(m_time, smmu::trace_fetch, std::string_view(op().purpose), stream_id(), op().address,
                      std::uint32_t{op().size}, answer.status == smmu::MemoryStatus::ok,
                      m_time - std::min(m_time, op().time));
  if (m_config) {
    m_config->complete(answer);
  } else {
    m_translation->complete(answer);
  }
}

void Lookup::reset() {
  m_state = State::idle;
  m_waiting = false;
  m_config.reset();
  m_translation.reset();
  m_token = {};  // the engine forgets all
  m_time = 0;
}

void Lookup::visit(Archive& archive) {
  archive.begin(m_section);
  archive.value("state", m_state);
  archive.value("waiting", m_waiting);
  archive.time("time", m_time);
  m_parts.engine.in_flight().visit(archive, m_token);
  if (running()) m_parts.engine.visit_generation(archive, m_generation);
  visit_own(archive);
  bool configures = m_config.has_value();
  bool translates = m_translation.has_value();
  archive.value("configures", configures);
  archive.value("translates", translates);
  if (archive.loading()) {
    m_config.reset();
    m_translation.reset();
    if (configures) m_config.emplace(stream_interface().parts(), stream_interface(), ConfigRequest());
    if (translates) m_translation.emplace(m_parts.engine, nullptr);
  }
  if (m_config) m_config->visit(archive);
  if (m_translation) m_translation->visit(archive);
  archive.end();
  if (!archive.loading()) return;
  if (!consistent()) archive.fail(m_section, std::string("no ") + m_what + " can be in this state");
  if (archive.ok()) return;
  m_parts.engine.in_flight().leave(m_token, 0);
  reset();
}

bool Lookup::consistent() {
  if (m_state > State::finish || running() != m_token.valid()) return false;
  if (m_config.has_value() != (m_state == State::config)) return false;
  if (m_translation.has_value() != (m_state == State::translation)) return false;
  if (m_waiting && !(m_config && m_config->step() == Step::need) &&
      !(m_translation && m_translation->step() == Step::need)) {
    return false;
  }
  return sane();
}

}  // namespace smmuvp::smmuv3
