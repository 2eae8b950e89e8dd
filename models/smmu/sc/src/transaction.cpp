#include "smmuvp/smmu_sc/transaction.h"

#include <algorithm>

#include "smmuvp/smmu_sc/injection.h"

namespace smmuvp::smmu {

Transaction::Transaction(tlm::tlm_generic_payload& payload, const TransactionShape& shape,
                         Translator& translator, TimePs time)
    : m_payload(&payload),
      m_shape(shape),
      m_translator(translator),
      m_saved(payload),
      m_parts(shape.request.address, shape.length, shape.window),
      m_time(time) {
  m_payload->set_dmi_allowed(false);  // the hint of a target behind a translation would be wrong
  if (shape.ignore) {
    finish(tlm::TLM_OK_RESPONSE);
  } else if (m_saved.data == nullptr && shape.length != 0) {
    finish(tlm::TLM_GENERIC_ERROR_RESPONSE);  // nothing that an SMMU's software or a device could mean
  }
}

Transaction::Transaction(Translator& translator)
    : m_payload(nullptr), m_translator(translator), m_time(0), m_next(Next::finished) {}

Transaction::~Transaction() {
  // Nobody goes on with it. With a detach() before, the payload may have gone already.
  if (m_payload != nullptr && m_next != Next::finished) finish(tlm::TLM_INCOMPLETE_RESPONSE);
}

Transaction::Next Transaction::advance() {
  if (m_next == Next::finished || m_next == Next::forward) return m_next;
  if (!m_access) {
    AccessRequest request = m_shape.request;
    request.address = m_shape.malformed ? request.address : m_parts.address();
    request.time = m_time;
    AccessAnswer answer;
    if (m_translator.translate_fast(request, answer)) {
      use(answer);
      return m_next;
    }
    m_access = m_translator.translate(request);
  }
  switch (m_access->step()) {
    case Step::need:
      return m_next = Next::need;
    case Step::stalled:
      return m_next = Next::stalled;
    case Step::waits:
      return m_next = Next::waits;
    case Step::done:
      break;
  }
  const AccessAnswer answer = m_access->answer();
  m_access.reset();
  use(answer);
  return m_next;
}

void Transaction::use(const AccessAnswer& answer) {
  m_time = answer.time;
  if (answer.outcome == Outcome::abort) return finish(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  if (answer.outcome == Outcome::answered) {
    m_answer = answer;
    set_ats_answer(*m_payload, answer.ats);
    return finish(tlm::TLM_OK_RESPONSE);
  }
  if (answer.outcome == Outcome::razwi) {
    read_zero();
    return finish(tlm::TLM_OK_RESPONSE);
  }
  const bool whole = m_parts.covered_by(answer.region_shift);
  if (m_shape.request.kind == AccessKind::atomic && (!whole || m_shape.window < m_shape.length)) {
    return finish(tlm::TLM_BURST_ERROR_RESPONSE);
  }
  m_part = m_parts.take(answer.region_shift);
  m_answer = answer;
  prepare(m_part, m_answer);
  m_next = Next::forward;
}

void Transaction::read_zero() {
  if (!m_payload->is_read() || m_saved.data == nullptr) return;
  for (std::uint64_t i = m_parts.offset(); i < m_shape.length; ++i) {
    if (m_saved.enabled(i)) m_saved.data[i] = 0;
  }
}

// The payload becomes the part.
void Transaction::prepare(const Part& part, const AccessAnswer& answer) {
  m_payload->set_address(answer.output);
  if (!part.whole) {
    m_payload->set_data_ptr(m_saved.data + part.offset);
    m_payload->set_data_length(static_cast<unsigned>(part.length));
    m_payload->set_streaming_width(static_cast<unsigned>(part.length));
    if (m_saved.enables != nullptr && m_saved.enable_length != 0) {
      m_enables.resize(static_cast<std::size_t>(part.length));
      for (std::uint64_t i = 0; i < part.length; ++i) {
        m_enables[static_cast<std::size_t>(i)] = m_saved.enables[(part.offset + i) % m_saved.enable_length];
      }
      m_payload->set_byte_enable_ptr(m_enables.data());
      m_payload->set_byte_enable_length(static_cast<unsigned>(part.length));
    }
    m_payload->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  }
  if (m_extension == nullptr) {
    m_extension = m_payload->get_extension<AccessExtension>();
    m_extended = m_extension == nullptr;
    if (m_extended) {
      m_extension = &m_own;
      m_payload->set_extension(&m_own);
    }
    m_privileged = m_extension->privileged;
    m_instruction = m_extension->instruction;
  }
  set_output(*m_extension, answer);
  m_extension->privileged = answer.privileged;  // the output attributes are those after overrides
  m_extension->instruction = answer.instruction;
}

bool Transaction::ends_by_injection(Injector* injector) {
  if (__builtin_expect(injector == nullptr, 1)) return false;
  if (m_shape.request.debug || !aborts(*injector, m_shape.request, m_shape.request.address + m_part.offset,
                                       m_payload->get_address(), m_time)) {
    return false;
  }
  m_payload->set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
  return true;
}

void Transaction::forwarded(TimePs time) {
  if (m_next != Next::forward) return;
  m_time = time;
  const tlm::tlm_response_status status = m_payload->get_response_status();
  if (status != tlm::TLM_OK_RESPONSE || m_parts.done()) return finish(status);
  m_next = Next::need;
}

void Transaction::abort(TimePs time) {
  if (m_next == Next::finished) return;
  if (m_access) advance();  // it sees the reset itself, and counts
  m_time = std::max(m_time, time);
  if (m_next != Next::finished) finish(tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

void Transaction::finish(tlm::tlm_response_status status) {
  m_saved.restore(*m_payload);
  if (m_extension != nullptr) {
    m_extension->privileged = m_privileged;
    m_extension->instruction = m_instruction;
    if (m_extended) m_payload->clear_extension(m_extension);
  }
  m_payload->set_dmi_allowed(false);
  m_payload->set_response_status(status);
  m_next = Next::finished;
}

void Transaction::take_back(TimePs time) {
  if (m_next != Next::forward) return;
  m_parts.put_back(m_part);
  m_saved.restore(*m_payload);
  m_time = std::max(m_time, time);
  m_next = Next::need;
}

void Transaction::visit(Archive& archive) {
  archive.begin("transaction");
  m_shape.visit(archive);
  m_parts.visit(archive);
  archive.time("time", m_time);
  archive.value("next", m_next);
  m_part.visit(archive);
  m_answer.visit(archive);
  bool translates = m_access != nullptr;
  archive.value("translates", translates);
  if (archive.loading()) m_access = translates ? m_translator.blank() : nullptr;
  if (m_access) m_access->visit(archive);
  archive.end();
  if (!archive.loading()) return;
  const bool forwards = m_next == Next::forward;
  bool sane = m_next <= Next::finished && (!translates || (!forwards && m_next != Next::finished));
  sane = sane && m_parts.fits(m_shape.length, m_shape.window);
  if (forwards) {
    sane = sane && m_part.offset < m_parts.offset() && m_part.length == m_parts.offset() - m_part.offset &&
           (!m_part.whole || m_part.length == m_shape.length);
  }
  if (!sane) archive.fail("transaction", "no transaction can be in this state");
  if (archive.ok()) return;
  m_access.reset();
  m_next = Next::finished;
}

void Transaction::attach(tlm::tlm_generic_payload& payload, const TransactionShape& shape) {
  m_payload = &payload;
  m_shape = shape;
  m_saved = SavedPayload(payload);
  payload.set_dmi_allowed(false);
  if (m_next == Next::forward) return prepare(m_part, m_answer);
  if (m_next == Next::finished && m_answer.outcome == Outcome::answered) {
    set_ats_answer(payload, m_answer.ats);
  }
  auto* extension = payload.get_extension<AccessExtension>();
  if (extension != nullptr && m_parts.offset() != 0) set_output(*extension, m_answer);
}

}  // namespace smmuvp::smmu
