#include "smmuvp/smmu_sc/tbu_shell.h"

#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

using sc_core::sc_time;

namespace {

/// Counts a call for as long as it lasts, however it ends.
class Counted {
 public:
  explicit Counted(unsigned& count) : m_count(count) { ++m_count; }
  ~Counted() { --m_count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  unsigned& m_count;
};

}  // namespace

TbuShell::TbuShell(const sc_core::sc_module_name& name, SmmuShell& smmu, const Tbu& tbu, ForwardPort& out,
                   BackwardPort& in)
    : sc_core::sc_module(name),
      m_smmu(smmu),
      m_tbu(tbu),
      m_out(out),
      m_slots(StructureTiming{0, 0, tbu.slots}),
      m_at("at", smmu, m_slots, out, in,
           {[this](tlm::tlm_generic_payload& payload) { return shape(payload); },
            [this](const tlm::tlm_generic_payload& payload, const AccessRequest& request) {
              return order_key(payload, request);
            }}) {
  smmu.add(*this);
}

TransactionShape TbuShell::shape(tlm::tlm_generic_payload& payload) const {
  TransactionShape s = shape_of(payload, m_tbu.stream_id, m_tbu.index);
  if (m_identity) m_identity(payload, s.request);
  return s;
}

std::uint64_t TbuShell::order_key(const tlm::tlm_generic_payload& payload,
                                  const AccessRequest& request) const {
  if (m_order) return m_order(payload, request);
  const std::uint64_t substream = request.substream_valid ? request.substream_id | 1U << 20 : 0;
  return substream << 32 | request.stream_id;
}

void TbuShell::b_transport(tlm::tlm_generic_payload& payload, sc_time& delay) {
  const Counted counted(m_blocking);
  if (!pass_hit(payload, delay)) run(payload, delay);
}

AccessExtension* TbuShell::take_extension() {
  if (m_extensions.empty()) return new AccessExtension;
  AccessExtension* extension = m_extensions.back().release();
  m_extensions.pop_back();
  return extension;
}

// What run() does for a transaction of one part that the TBU has a finished answer for, and nothing else.
// False, and nothing has changed, for all others.
bool TbuShell::pass_hit(tlm::tlm_generic_payload& payload, sc_time& delay) {
  Engine& engine = m_smmu.engine();
  const bool write = payload.is_write();
  const std::uint64_t length = payload.get_data_length();
  if (m_identity || engine.tracer().on() || (!write && !payload.is_read()) || length == 0 ||
      payload.get_streaming_width() < length ||
      (write && payload.get_extension<CompareSwapExtension>() != nullptr)) {
    return false;
  }
  AccessExtension* extension = payload.get_extension<AccessExtension>();
  const TimePs kernel = to_ps(sc_core::sc_time_stamp());
  const TimePs arrival = kernel + to_ps(delay);
  AccessRequest request;
  request.address = payload.get_address();
  request.kind = write ? AccessKind::write : AccessKind::read;
  request.stream_id = m_tbu.stream_id;
  request.port = m_tbu.index;
  if (extension != nullptr) {
    if (extension->ats != AtsPhase::None) return false;
    if (extension->stream_valid) request.stream_id = extension->stream_id;
    request.space = extension->address_space;
    request.substream_valid = extension->substream_valid;
    request.privileged = extension->privileged;
    request.instruction = extension->instruction;
  }
  engine.prune(kernel);
  const bool timing = engine.timing();
  if (timing) m_slots.prune(kernel);
  request.time = timing ? m_slots.earliest(arrival) : arrival;
  AccessAnswer answer;
  if (!engine.answer_at_tbu(request, length, answer)) return false;

  const FlightToken token = engine.in_flight().enter();
  const std::uint64_t resets = engine.reset_count();
  const bool own = extension == nullptr;
  if (own) {
    extension = take_extension();
    payload.set_extension(extension);
  }
  const bool privileged = extension->privileged;
  const bool instruction = extension->instruction;
  set_output(*extension, answer);
  extension->privileged = answer.privileged;
  extension->instruction = answer.instruction;
  payload.set_address(answer.output);
  if (timing) delay = from_ps(answer.time - kernel);
  m_out->b_transport(payload, delay);
  payload.set_address(request.address);
  extension->privileged = privileged;
  extension->instruction = instruction;
  if (own) {
    payload.clear_extension(extension);
    m_extensions.emplace_back(extension);
  }
  payload.set_dmi_allowed(false);
  const bool was_reset = engine.reset_count() != resets;
  if (was_reset) payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  const TimePs end = to_ps(sc_core::sc_time_stamp()) + to_ps(delay);
  engine.in_flight().leave(token, end);
  if (timing && !was_reset) m_slots.occupy(request.time, end);
  if (engine.in_flight().has_barriers()) m_smmu.kick(sc_core::SC_ZERO_TIME);
  return true;
}

void TbuShell::run(tlm::tlm_generic_payload& payload, sc_time& delay) {
  const auto ahead = [&delay](TimePs time) {
    const sc_time at = from_ps(time);
    delay = at > sc_core::sc_time_stamp() ? at - sc_core::sc_time_stamp() : sc_core::SC_ZERO_TIME;
  };
  const auto now = [&delay] { return to_ps(sc_core::sc_time_stamp() + delay); };
  Engine& engine = m_smmu.engine();
  engine.prune(to_ps(sc_core::sc_time_stamp()));
  m_slots.prune(to_ps(sc_core::sc_time_stamp()));
  const FlightToken token = engine.in_flight().enter();
  const std::uint64_t resets = engine.reset_count();
  const TimePs begin = engine.timing() ? m_slots.earliest(now()) : now();
  Transaction t(payload, shape(payload), m_smmu.translator(), begin);
  for (auto next = t.advance(); next != Transaction::Next::finished; next = t.advance()) {
    switch (next) {
      case Transaction::Next::need:
        t.complete(m_smmu.carry_out(t.op(), delay));
        break;
      case Transaction::Next::stalled:
        wait(m_smmu.progress());
        break;
      case Transaction::Next::forward:
        ahead(t.time());
        m_out->b_transport(payload, delay);
        if (engine.reset_count() == resets) {
          t.forwarded(now());
        } else {
          t.abort(now());  // nothing of before a reset goes downstream after it
        }
        break;
      case Transaction::Next::finished:
        break;
    }
  }
  ahead(t.time());
  engine.in_flight().leave(token, t.time());
  if (engine.timing() && engine.reset_count() == resets) m_slots.occupy(begin, t.time());
  m_smmu.kick(sc_core::SC_ZERO_TIME);
}

bool TbuShell::get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi& dmi) {
  dmi.allow_none();  // for all addresses, as tlm_dmi's defaults are
  return false;
}

void TbuShell::was_reset() {
  m_slots.clear();
  m_at.reset();
}

void TbuShell::visit(Archive& archive) {
  archive.begin("tbu");
  if (m_blocking != 0) archive.fail("b_transport", "a transaction is under way");
  if (archive.loading()) m_at.forget();
  m_slots.visit(archive);
  archive.end();
}

unsigned TbuShell::transport_dbg(tlm::tlm_generic_payload& payload) {
  // A debug payload need set neither streaming width nor byte enables nor a response.
  const SavedPayload saved(payload);
  const tlm::tlm_response_status status = payload.get_response_status();
  payload.set_streaming_width(payload.get_data_length());
  payload.set_byte_enable_ptr(nullptr);
  TransactionShape s = shape(payload);
  s.request.kind = AccessKind::translate;
  s.request.debug = true;
  unsigned bytes = 0;
  if (!s.malformed && !s.ignore) {
    Transaction t(payload, s, m_smmu.translator(), to_ps(sc_core::sc_time_stamp()));
    for (auto next = t.advance(); next != Transaction::Next::finished; next = t.advance()) {
      if (next == Transaction::Next::need) {
        t.complete(m_smmu.carry_out_debug(t.op()));
      } else if (next == Transaction::Next::stalled) {
        break;  // never: a debug access records nothing
      } else {
        const unsigned length = payload.get_data_length();
        const unsigned n = m_out->transport_dbg(payload);
        bytes += n;
        payload.set_response_status(n == length ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE);
        t.forwarded(t.time());
      }
    }
  }
  saved.restore(payload);
  payload.set_response_status(status);
  return bytes;
}

}  // namespace smmuvp::smmu
