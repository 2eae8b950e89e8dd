#include "smmuvp/smmuv3/prefetch.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

bool Prefetch::is_prefetch(const Command& command) {
  const auto opcode = static_cast<Opcode>(command.opcode);
  return opcode == Opcode::CMD_PREFETCH_CONFIG || opcode == Opcode::CMD_PREFETCH_ADDR;
}

// 4.2.2: 2^Size of them, but no more than the TLB can hold, nor beyond the end of the address space.
// CMD_PREFETCH_CONFIG: one configuration, and no translation.
std::uint64_t Prefetch::translations() const {
  if (static_cast<Opcode>(m_command.opcode) == Opcode::CMD_PREFETCH_CONFIG) return 1;
  const std::uint64_t before_end = (~m_command.Address >> m_command.stride_shift(m_parts.features)) + 1;
  const std::uint64_t held = m_parts.engine.tlb().geometry().entries();
  return std::min({std::uint64_t{1} << m_command.Size, held, before_end});
}

void Prefetch::start(const Command& command, TimePs time) {
  // 4.2: out of range, or while SMMUEN is 0, it is consumed and does nothing
  if (!m_interface.enabled(CR0_SMMUEN) || !m_interface.wanted(CR0_SMMUEN)) return;
  if (!m_interface.stream_table().in_range(command.StreamID)) return;
  ++m_parts.statistics.prefetches;
  m_command = command;
  m_done = 0;
  m_state = State::next;
  m_time = std::max(m_time, time);
  m_token = m_parts.engine.in_flight().enter(m_time);
}

std::optional<TimePs> Prefetch::due() const {
  if (!running() || m_waiting || m_interface.held()) return std::nullopt;
  return m_time;
}

Step Prefetch::step(TimePs now) {
  if (m_waiting) return Step::need;
  m_parts.engine.prune(now);
  while (running() && m_time <= now) {
    // 6.3.9.6: nothing is fetched or updated once SMMUEN is acknowledged as 0
    if (!m_interface.wanted(CR0_SMMUEN)) {
      finish();
      break;
    }
    switch (m_state) {
      case State::next:
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
        m_translation.reset();  // found or not: no fault of it is recorded (4.2)
        ++m_done;
        m_state = State::next;
        break;
      case State::idle:
        break;
    }
  }
  return Step::done;
}

void Prefetch::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;  // of before a reset
  m_waiting = false;
  m_time = std::max(m_time, answer.time);
  m_parts.tracer.emit(m_time, trace_fetch, std::string_view(op().purpose), m_command.StreamID, op().address,
                      std::uint32_t{op().size}, answer.status == smmu::MemoryStatus::ok);
  if (m_config) {
    m_config->complete(answer);
  } else {
    m_translation->complete(answer);
  }
}

// Each address is looked up anew from the STE on, as that of an access is: an invalidation between two of
// them is obeyed.
void Prefetch::begin() {
  if (m_done >= translations()) return finish();
  m_generation = m_parts.engine.generation();
  ConfigRequest request;
  request.stream_id = m_command.StreamID;
  request.substream_id = m_command.SubstreamID;
  request.substream_valid = m_command.SSV;
  request.time = m_time;
  m_config.emplace(m_parts, m_interface, request);
  m_state = State::config;
}

void Prefetch::configured() {
  const Ste ste = m_config->ste();
  const auto fault = m_config->fault();
  const bool stage1 = m_config->stage1();
  const smmu::TranslationContext context = stage1 ? m_config->cd().translation : ste.translation;
  m_config.reset();
  if (fault && fault->type == EventType::C_BAD_SUBSTREAMID && m_command.SSV && ste.cds.S1CDMax == 0) {
    m_parts.diag.guest_error(std::string(opcode_name(m_command.opcode)) + ".SSV",
                             std::string(opcode_name(m_command.opcode)) +
                                 " has SSV 1, and the stream has no substreams: it prefetches no CD and no "
                                 "translation. Set SSV to 0",
                             "IHI 0070 4.2", m_command.StreamID);
  }
  const bool translates = !fault && !ste.aborts() && (stage1 || ste.stage2_enabled());
  if (!translates || static_cast<Opcode>(m_command.opcode) == Opcode::CMD_PREFETCH_CONFIG) return finish();
  translate(context);
}

// 3.14: no dirty state changes. 3.13.2: where a right lacks, the Access flag may be set all the same; which
// rights an access will need, the command does not say.
void Prefetch::translate(const smmu::TranslationContext& context) {
  smmu::TranslationRequest request;
  request.address = m_command.Address + (m_done << m_command.stride_shift(m_parts.features));
  request.access = pgtable::AccessType::none;
  request.time = request.arrived = m_time;
  request.generation = m_generation;
  m_translation.emplace(m_parts.engine, context, request);
  m_state = State::translation;
}

void Prefetch::finish() {
  m_state = State::idle;
  m_config.reset();
  m_translation.reset();
  m_parts.engine.in_flight().leave(m_token, m_time);
  m_token = {};
  m_interface.update_acks(m_time);
}

void Prefetch::reset() {
  m_state = State::idle;
  m_waiting = false;
  m_config.reset();
  m_translation.reset();
  m_token = {};  // the engine forgets all
  m_command = {};
  m_done = 0;
  m_time = 0;
}

void Prefetch::visit(Archive& archive) {
  archive.begin("prefetch");
  archive.value("state", m_state);
  archive.value("waiting", m_waiting);
  archive.time("time", m_time);
  m_parts.engine.in_flight().visit(archive, m_token);
  if (running()) m_parts.engine.visit_generation(archive, m_generation);
  archive.value("words", m_command.words);
  archive.value("done", m_done);
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

void Prefetch::restored(Archive& archive) {
  m_command = Command::decode(m_command.words);
  bool sane = m_state <= State::translation && running() == m_token.valid();
  sane = sane && (!running() || is_prefetch(m_command));
  sane = sane && m_config.has_value() == (m_state == State::config);
  sane = sane && m_translation.has_value() == (m_state == State::translation);
  sane = sane && (!m_waiting || (m_config && m_config->step() == Step::need) ||
                  (m_translation && m_translation->step() == Step::need));
  if (!sane) archive.fail("prefetch", "no prefetch can be in this state");
  if (archive.ok()) return;
  m_parts.engine.in_flight().leave(m_token, 0);
  reset();
}

}  // namespace smmuvp::smmuv3
