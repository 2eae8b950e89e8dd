#include "smmuvp/tlm/dma_master.h"

#include <algorithm>
#include <vector>

#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

DmaResponse response_of(tlm::tlm_response_status status) {
  switch (status) {
    case tlm::TLM_OK_RESPONSE:
      return DmaResponse::Ok;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
      return DmaResponse::Address;
    case tlm::TLM_COMMAND_ERROR_RESPONSE:
      return DmaResponse::Command;
    case tlm::TLM_BURST_ERROR_RESPONSE:
      return DmaResponse::Burst;
    case tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE:
      return DmaResponse::ByteEnable;
    default:
      return DmaResponse::Generic;
  }
}

AccessExtension extension_of(const DmaOperation& operation) {
  AccessExtension extension;
  extension.stream_id = operation.stream_id;
  extension.stream_valid = true;
  extension.substream_id = operation.substream_id;
  extension.substream_valid = operation.substream_valid;
  extension.privileged = operation.privileged;
  extension.instruction = operation.instruction;
  extension.address_space = operation.secure ? AddressSpace::secure : AddressSpace::non_secure;
  extension.attributes_valid = operation.attributes_valid;
  extension.request_memory_type = operation.memory_type;
  extension.request_shareability = static_cast<Shareability>(operation.shareability & 3U);
  extension.tag = operation.tag;
  extension.ats = static_cast<AtsPhase>(operation.ats);
  return extension;
}

// The phases and the states of an answer have one order in both, so that models/base need not know TLM.
static_assert(static_cast<int>(DmaAts::PageRequest) == static_cast<int>(AtsPhase::PageRequest));
static_assert(static_cast<int>(DmaTranslationStatus::CompleterAbort) ==
              static_cast<int>(AtsStatus::completer_abort));

bool has_ats_fields(const DmaOperation& operation) {
  return operation.ats == DmaAts::TranslationRequest || operation.ats == DmaAts::PageRequest;
}

AtsExtension ats_extension_of(const DmaAtsFields& fields) {
  AtsExtension extension;
  extension.no_write = fields.no_write;
  extension.PRGI = fields.PRGI;
  extension.last = fields.last;
  extension.read = fields.wants_read;
  extension.write = fields.wants_write;
  return extension;
}

DmaTranslation translation_of(const AtsExtension& extension) {
  DmaTranslation t;
  if (extension.status > AtsStatus::completer_abort) return t;
  t.status = static_cast<DmaTranslationStatus>(extension.status);
  t.address = extension.translated_address;
  t.size_shift = extension.size_shift;
  t.read = extension.read;
  t.write = extension.write;
  t.execute = extension.execute;
  t.privileged = extension.privileged;
  t.global = extension.global;
  t.untranslated_only = extension.untranslated_only;
  t.no_snoop = extension.no_snoop;
  return t;
}

}  // namespace

DmaMaster::DmaMaster(const sc_core::sc_module_name& name, DmaSocket& socket, DmaClient& client)
    : sc_core::sc_module(name), m_socket(socket), m_client(client) {
  SMMUVP_HAS_PROCESS(DmaMaster);
  SC_THREAD(work);
}

// The one place that knows how an operation travels. It returns when the target has answered.
void DmaMaster::transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  m_socket->b_transport(payload, delay);
}

void DmaMaster::work() {
  for (;;) {
    switch (m_phase) {
      case Phase::Idle:
        if (m_client.next_operation(m_operation, m_data)) {
          m_phase = Phase::Issued;
        } else {
          wait(m_kick);
        }
        break;
      case Phase::Issued:
        issue();
        break;
      case Phase::Answered:
        finish();
        break;
    }
  }
}

void DmaMaster::issue() {
  const std::uint64_t loadings = m_loadings;
  m_operation.issued_ps = to_ps(sc_core::sc_time_stamp());
  AccessExtension extension = extension_of(m_operation);
  AtsExtension ats = ats_extension_of(m_operation.ats_fields);
  const bool with_ats = has_ats_fields(m_operation);
  std::copy_n(m_data.begin(), m_operation.length, m_wire.begin());
  tlm::tlm_generic_payload payload;
  payload.set_command(m_operation.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(m_operation.address);
  payload.set_data_ptr(m_wire.data());
  payload.set_data_length(m_operation.length);
  payload.set_streaming_width(m_operation.length);
  payload.set_extension(&extension);
  if (with_ats) payload.set_extension(&ats);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  transport(payload, delay);
  payload.clear_extension(&extension);
  if (with_ats) payload.clear_extension(&ats);
  if (loadings != m_loadings) return;
  if (!m_operation.write) std::copy_n(m_wire.begin(), m_operation.length, m_data.begin());
  if (m_operation.ats == DmaAts::TranslationRequest) m_operation.ats_fields.translation = translation_of(ats);
  m_response = response_of(payload.get_response_status());
  const std::uint64_t own = std::max<std::uint64_t>(m_client.operation_ps(m_operation), 1);
  m_end = sc_core::sc_time_stamp() + delay + from_ps(own);
  m_phase = Phase::Answered;
}

void DmaMaster::finish() {
  const std::uint64_t loadings = m_loadings;
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  if (m_end > now) wait(m_end - now, m_loaded);
  if (loadings != m_loadings) return;
  m_phase = Phase::Idle;
  const DmaOperation done = m_operation;
  m_operation = {};
  m_client.operation_done(done, m_response, m_data);
}

void DmaMaster::visit(Archive& archive) {
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  const std::uint32_t length = busy() ? m_operation.length : 0;
  std::vector<std::uint8_t> data(m_data.begin(), m_data.begin() + length);
  std::uint64_t left = m_phase == Phase::Answered && m_end > now ? to_ps(m_end - now) : 0;
  archive.begin("dma");
  archive.value("phase", m_phase);
  m_operation.visit(archive);
  archive.value("response", m_response);
  archive.bytes("data", data);
  archive.value("time_left", left);
  archive.end();
  if (!archive.loading()) return;
  ++m_loadings;
  m_loaded.notify(sc_core::SC_ZERO_TIME);
  kick();
  const bool possible = m_phase == Phase::Idle ||
                        (m_phase <= Phase::Answered && m_response <= DmaResponse::Generic &&
                         m_operation.length != 0 && m_operation.ats <= DmaAts::PageRequest &&
                         m_operation.ats_fields.translation.status <= DmaTranslationStatus::CompleterAbort &&
                         data.size() == m_operation.length && data.size() <= m_data.size());
  if (!possible) archive.fail("dma", "the state of the operation that waits is impossible");
  if (!archive.ok()) {
    m_phase = Phase::Idle;
    m_operation = {};
    return;
  }
  std::copy(data.begin(), data.end(), m_data.begin());
  m_operation.issued_ps = to_ps(now);
  m_end = now + from_ps(left);
}

}  // namespace smmuvp
