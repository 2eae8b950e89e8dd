#include "smmuvp/smmu_sc/payload.h"

#include <algorithm>

#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/attributes.h"
#include "smmuvp/tlm/ats_extension.h"

namespace smmuvp::smmu {

namespace {

// Messages whose payload lacks what they need to be asked and answered are of no phase.
void set_ats(AccessRequest& r, tlm::tlm_generic_payload& payload, smmuvp::AtsPhase phase) {
  const auto* e = payload.get_extension<AtsExtension>();
  switch (phase) {
    case smmuvp::AtsPhase::TranslationRequest:
      if (e == nullptr || !payload.is_read()) {
        r.unsupported = Unsupported::ats;
        break;
      }
      r.ats = AtsPhase::translation_request;
      r.no_write = e->no_write;
      break;
    case smmuvp::AtsPhase::Translated:
      r.ats = AtsPhase::translated;
      break;
    case smmuvp::AtsPhase::PageRequest:
      if (e == nullptr || !payload.is_write()) {
        r.unsupported = Unsupported::ats;
        break;
      }
      r.ats = AtsPhase::page_request;
      r.page_request = {e->last, e->read, e->write, static_cast<std::uint16_t>(e->PRGI & 0x1ffU)};
      break;
    case smmuvp::AtsPhase::None:
      break;
  }
}

}  // namespace

TransactionShape shape_of(tlm::tlm_generic_payload& payload, std::uint32_t default_stream_id,
                          std::uint8_t port) {
  TransactionShape s;
  s.ignore = payload.is_read() == payload.is_write();
  s.length = payload.get_data_length();
  s.window = std::min<std::uint64_t>(s.length, payload.get_streaming_width());
  AccessRequest& r = s.request;
  r.address = payload.get_address();
  r.kind = payload.is_write() ? AccessKind::write : AccessKind::read;
  if (payload.is_write() && payload.get_extension<CompareSwapExtension>() != nullptr) {
    r.kind = AccessKind::atomic;
  }
  r.stream_id = default_stream_id;
  r.port = port;
  if (const auto* e = payload.get_extension<AccessExtension>()) {
    if (e->stream_valid) r.stream_id = e->stream_id;
    r.space = e->address_space;
    r.secure_stream = e->secure_stream || e->address_space == AddressSpace::secure;
    r.substream_valid = e->substream_valid;
    r.substream_id = e->substream_id & 0xfffffU;
    r.privileged = e->privileged;
    r.instruction = e->instruction;
    if (e->attributes_valid) {
      r.attributes = {pgtable::effective_memory(e->request_memory_type), e->request_shareability};
    }
    if (e->ats != smmuvp::AtsPhase::None) set_ats(r, payload, e->ats);
  }
  s.malformed = s.window == 0 || s.request.address + (s.window - 1) < s.request.address;
  if (s.malformed) r.unsupported = Unsupported::malformed;
  return s;
}

Identity identity_of(const AccessRequest& r) {
  return {r.space,      r.stream_id,   r.substream_id, r.substream_valid,
          r.privileged, r.instruction, r.secure_stream};
}

void set_identity(AccessRequest& r, const Identity& identity) {
  r.space = identity.address_space;
  r.secure_stream = identity.secure_stream || identity.address_space == AddressSpace::secure;
  r.stream_id = identity.stream_id;
  r.substream_id = identity.substream_id & 0xfffffU;
  r.substream_valid = identity.substream_valid;
  r.privileged = identity.privileged;
  r.instruction = identity.instruction;
}

bool TransactionShape::same(const TransactionShape& other) const {
  const AccessRequest& a = request;
  const AccessRequest& b = other.request;
  return length == other.length && window == other.window && ignore == other.ignore &&
         a.address == b.address && a.kind == b.kind && a.stream_id == b.stream_id &&
         a.substream_valid == b.substream_valid && a.substream_id == b.substream_id && a.space == b.space &&
         a.secure_stream == b.secure_stream && a.ats == b.ats && a.no_write == b.no_write &&
         a.page_request == b.page_request;
}

void TransactionShape::visit(Archive& archive) {
  request.time = archive.now();  // of no meaning here: each part is asked for at a time of its own
  request.visit(archive);
  archive.value("length", length);
  archive.value("window", window);
  archive.value("ignore", ignore);
  archive.value("malformed", malformed);
  const bool wraps = window == 0 || request.address + (window - 1) < request.address;
  if (window > length || length > ~0U || malformed != wraps) {
    archive.fail("length", "nothing that a payload asks for");
    *this = {};
    malformed = true;
  }
}

void set_ats_answer(tlm::tlm_generic_payload& payload, const AtsAnswer& answer) {
  auto* e = payload.get_extension<AtsExtension>();
  if (e == nullptr) return;
  switch (answer.status) {
    case AtsStatus::success:
      e->status = smmuvp::AtsStatus::success;
      break;
    case AtsStatus::unsupported_request:
      e->status = smmuvp::AtsStatus::unsupported_request;
      break;
    case AtsStatus::completer_abort:
      e->status = smmuvp::AtsStatus::completer_abort;
      break;
    case AtsStatus::none:
      e->status = smmuvp::AtsStatus::unanswered;
      break;
  }
  e->read = answer.read;
  e->write = answer.write;
  e->execute = answer.execute;
  e->privileged = answer.privileged;
  e->size_shift = answer.size_shift;
  e->translated_address = answer.translated_address;
  // No SMMU here gives any of these.
  e->global = e->untranslated_only = e->no_snoop = false;
  e->attributes = 0;
}

void set_output(AccessExtension& e, const AccessAnswer& answer) {
  e.output_space = answer.space;
  e.memory_type = answer.attributes.memory;
  e.shareability = answer.attributes.SH;
  e.allocation_hints = allocation_hints(answer.attributes.memory) & 0xfU;
  e.pbha = answer.pbha & 0xfU;
  e.mpam_pmg = answer.mpam.pmg;
  e.mpam_space = answer.mpam.space;
  e.mpam_partid = answer.mpam.partid;
}

void SavedPayload::restore(tlm::tlm_generic_payload& p) const {
  p.set_address(address);
  p.set_data_ptr(data);
  p.set_data_length(length);
  p.set_streaming_width(width);
  p.set_byte_enable_ptr(enables);
  p.set_byte_enable_length(enable_length);
}

void visit(Archive& archive, tlm::tlm_response_status& status) {
  auto number = static_cast<std::int32_t>(status);
  archive.value("status", number);
  if (number > tlm::TLM_OK_RESPONSE || number < tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE) {
    archive.fail("status", "no response status");
    number = tlm::TLM_GENERIC_ERROR_RESPONSE;
  }
  status = static_cast<tlm::tlm_response_status>(number);
}

void OpPayload::prepare(const MemoryOp& op) {
  clear();
  m_injection.reset();
  m_data = op.data;
  m_size = op.size;
  m_kind = op.kind;
  m_payload.set_command(op.kind == MemoryOpKind::read ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
  m_payload.set_address(op.address);
  m_payload.set_data_ptr(m_data.data());
  m_payload.set_data_length(op.size);
  m_payload.set_streaming_width(op.size);
  m_payload.set_byte_enable_ptr(nullptr);
  m_payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  AccessAnswer attributes;
  attributes.space = op.space;
  attributes.attributes = op.attributes;
  attributes.mpam = op.mpam;
  m_extension = {};
  set_output(m_extension, attributes);
  m_extension.privileged = true;  // an SMMU's own accesses are Data, Privileged
  m_payload.set_extension(&m_extension);
  if (op.kind == MemoryOpKind::compare_and_swap) {
    m_compare_swap = {};
    m_compare_swap.expected = op.expected;
    m_payload.set_extension(&m_compare_swap);
  }
}

// A compare-and-swap that is aborted goes as a read: it takes as long, and nothing is written.
void OpPayload::inject(const Injection& injection) {
  m_injection = injection;
  if (injection.kind != InjectionKind::abort || m_kind != MemoryOpKind::compare_and_swap) return;
  m_payload.clear_extension(&m_compare_swap);
  m_payload.set_read();
  m_kind = MemoryOpKind::read;
}

void OpPayload::visit_response(Archive& archive) {
  tlm::tlm_response_status status = m_payload.get_response_status();
  visit(archive, status);
  m_payload.set_response_status(status);
  for (unsigned i = 0; i < m_size; ++i) archive.value("byte", m_data[i]);
  archive.value("observed", m_compare_swap.observed);
  archive.value("swapped", m_compare_swap.swapped);
  archive.value("answered", m_compare_swap.answered);
}

void OpPayload::clear() {
  m_payload.clear_extension(&m_extension);
  if (m_kind == MemoryOpKind::compare_and_swap) m_payload.clear_extension(&m_compare_swap);
  if (m_tagged) m_payload.free_all_extensions();
  m_tagged = false;
}

MemoryAnswer OpPayload::answer(std::uint64_t bytes, TimePs time) const {
  MemoryAnswer a;
  const bool ok = m_payload.get_response_status() == tlm::TLM_OK_RESPONSE && bytes == m_size;
  a.status = ok ? MemoryStatus::ok : MemoryStatus::external_abort;
  a.data = m_data;
  a.time = time;
  if (m_kind == MemoryOpKind::compare_and_swap) {
    // Whoever refuses the command, or does not answer the extension, has no compare-and-swap.
    const bool refused = m_payload.get_response_status() == tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (refused || (ok && !m_compare_swap.answered)) a.status = MemoryStatus::unsupported_atomic;
    store_word(a.data, 0, m_compare_swap.observed);
  }
  if (__builtin_expect(m_injection.has_value(), 0)) {
    if (m_injection->kind == InjectionKind::abort) a.status = MemoryStatus::external_abort;
    if (m_injection->kind == InjectionKind::flip) {
      for (unsigned i = 0; i < m_injection->flip.size(); ++i) {
        store_word(a.data, i, load_word(a.data, i) ^ m_injection->flip[i]);
      }
    }
  }
  return a;
}

}  // namespace smmuvp::smmu
