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
      m_core(smmu.engine().tbu_of(tbu.index)),
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
  if ((!write && !payload.is_read()) || length == 0 || payload.get_streaming_width() < length || m_identity ||
      engine.tracer().on() || (write && payload.get_extension<CompareSwapExtension>() != nullptr)) {
    return false;
  }
  const std::uint64_t address = payload.get_address();
  AccessExtension* extension = payload.get_extension<AccessExtension>();
  std::uint32_t stream_id = m_tbu.stream_id;
  bool privileged = false;
  bool instruction = false;
  if (extension != nullptr) {
    if (extension->ats != AtsPhase::None || extension->substream_valid ||
        extension->address_space != AddressSpace::non_secure) {
      return false;
    }
    if (extension->stream_valid) stream_id = extension->stream_id;
    privileged = extension->privileged;
    instruction = extension->instruction;
  }
  const Engine::Found found = engine.find_at_tbu(m_core, stream_id, address);
  if (found.answer == nullptr) return false;
  const FinishedAnswer& answer = *found.answer;
  const std::uint64_t size = std::uint64_t{1} << found.shift;
  const std::uint64_t offset = address & (size - 1);
  if (length > size - offset || !serves_default(answer, write, privileged, instruction)) return false;

  const sc_core::sc_simcontext& kernel = *simcontext();
  const smmuvp::detail::TimeUnit& unit = smmuvp::detail::time_unit();
  const TimePs now = unit.to_ps(kernel.time_stamp());
  engine.prune(now);
  const bool timing = engine.timing();
  TimePs begin = now + unit.to_ps(delay);
  if (timing) {
    m_slots.prune(now);
    begin = m_slots.earliest(begin);
  }
  const TimePs passed = engine.count_at_tbu(m_core, found, begin);
  if (timing) delay = from_ps(passed - now);
  const FlightToken token = engine.in_flight().enter();
  const std::uint64_t resets = engine.reset_count();
  const bool own = extension == nullptr;
  if (own) {
    extension = take_extension();
    payload.set_extension(extension);
  }
  extension->output_space = answer.space;
  extension->memory_type = answer.attributes.memory;
  extension->shareability = answer.attributes.SH;
  extension->allocation_hints = answer.hints;
  extension->privileged = answer.privileged.of(privileged);
  extension->instruction = !write && answer.instruction.of(instruction);
  payload.set_address(answer.output | offset);
  m_out->b_transport(payload, delay);
  payload.set_address(address);
  extension->privileged = privileged;
  extension->instruction = instruction;
  if (own) {
    payload.clear_extension(extension);
    m_extensions.emplace_back(extension);
  }
  payload.set_dmi_allowed(false);
  const TimePs end = unit.to_ps(kernel.time_stamp()) + unit.to_ps(delay);
  engine.in_flight().leave(token, end);
  if (engine.in_flight().has_barriers()) m_smmu.kick(sc_core::SC_ZERO_TIME);
  if (engine.reset_count() != resets) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  } else if (timing) {
    m_slots.occupy(begin, end);
  }
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
  FlightToken token = engine.in_flight().enter();
  const std::uint64_t resets = engine.reset_count();
  const TimePs begin = engine.timing() ? m_slots.earliest(now()) : now();
  Transaction t(payload, shape(payload), m_smmu.translator(), begin);
  for (auto next = t.advance(); next != Transaction::Next::finished; next = t.advance()) {
    switch (next) {
      case Transaction::Next::need:
        t.complete(m_smmu.carry_out(t.op(), delay));
        break;
      case Transaction::Next::stalled:
        // Its parts so far have ended. Who waits for software must not keep a synchronisation open, for which
        // that software may wait first; an access that has to, by itself, is under way by its own token.
        engine.in_flight().leave(token, t.time());
        wait(m_smmu.progress());
        token = engine.in_flight().enter();
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
