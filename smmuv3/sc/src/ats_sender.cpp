#include "ats_sender.h"

#include <array>
#include <utility>

#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmuv3 {

namespace {

AtsMessageExtension extension_of(const AtcMessage& message) {
  AtsMessageExtension e;
  e.message =
      message.kind == AtcMessage::Kind::invalidate ? AtsMessage::invalidate : AtsMessage::page_response;
  e.size_shift = message.size_shift;
  e.global = message.Global;
  e.PRGI = message.PRGI;
  e.code = static_cast<PageResponseCode>(message.response);
  return e;
}

AtcMessageEnd end_of(tlm::tlm_response_status status) {
  switch (status) {
    case tlm::TLM_OK_RESPONSE:
      return AtcMessageEnd::completed;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
      return AtcMessageEnd::no_device;
    default:  // TLM_INCOMPLETE_RESPONSE too: nobody knows what it was
      return AtcMessageEnd::failed;
  }
}

}  // namespace

AtsSender::AtsSender(const sc_core::sc_module_name& name, AtcMessages& messages, bool secure,
                     const smmu::Supply& supply, smmu::ForwardPort& out, std::function<void()> progressed)
    : sc_core::sc_module(name),
      m_messages(messages),
      m_secure(secure),
      m_supply(supply),
      m_out(out),
      m_progressed(std::move(progressed)) {
  SMMUVP_HAS_PROCESS(AtsSender);
  SC_THREAD(run);
}

void AtsSender::kick() {
  const auto at = m_messages.departure();
  if (!at) return;
  const sc_core::sc_time time = from_ps(*at);
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  m_kick.notify(time > now ? time - now : sc_core::SC_ZERO_TIME);
}

void AtsSender::run() {
  while (true) {
    if (!m_supply.runs()) {
      wait(m_supply.changed());
      continue;
    }
    if (const auto taken = m_messages.take(to_ps(sc_core::sc_time_stamp()))) {
      carry(*taken);
      continue;
    }
    kick();
    wait(m_kick);
  }
}

void AtsSender::carry(const AtcMessages::Taken& taken) {
  AtsMessageExtension message = extension_of(taken.message);
  AccessExtension access;
  access.stream_id = taken.message.StreamID;
  access.stream_valid = true;
  access.secure_stream = m_secure;
  access.substream_id = taken.message.SubstreamID;
  access.substream_valid = taken.message.SSV;
  std::array<unsigned char, 8> data{};
  tlm::tlm_generic_payload payload;
  payload.set_write();
  payload.set_address(taken.message.Address);
  payload.set_data_ptr(data.data());
  payload.set_data_length(data.size());
  payload.set_streaming_width(data.size());
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  payload.set_extension(&access);
  payload.set_extension(&message);
  m_progressed();  // its timeout runs from here on
  sc_core::sc_time delay;
  m_out->b_transport(payload, delay);
  payload.clear_extension(&access);
  payload.clear_extension(&message);
  m_messages.ended(taken.number, end_of(payload.get_response_status()),
                   to_ps(sc_core::sc_time_stamp() + delay));
  m_progressed();
}

}  // namespace smmuvp::smmuv3
