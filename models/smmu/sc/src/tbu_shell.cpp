#include "smmuvp/smmu_sc/tbu_shell.h"

#include <algorithm>
#include <string>

#include "smmuvp/smmu/counted.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

using sc_core::sc_time;

TbuShell::TbuShell(const sc_core::sc_module_name& name, SmmuShell& smmu, const Tbu& tbu, ForwardPort& out,
                   BackwardPort& in)
    : sc_core::sc_module(name),
      m_smmu(smmu),
      m_engine(smmu.engine()),
      m_tbu(tbu),
      m_core(smmu.engine().tbu_of(tbu.index)),
      m_out(out),
      m_in(in),
      m_slots(StructureTiming{0, 0, tbu.slots}),
      m_at("at", smmu, m_slots, out, in,
           {[this](tlm::tlm_generic_payload& payload) { return shape(payload); },
            [this](const tlm::tlm_generic_payload& payload, const AccessRequest& request) {
              return order_key(payload, request);
            }}) {
  smmu.add(*this);
  follow_supply();
  if (!tbu.fixed) return;
  m_grants = &smmu.engine().allow_grants(tbu.index, tbu.stream_id,
                                         [this](const AddressRange& range) { withdraw(range); });
}

TransactionShape TbuShell::shape(tlm::tlm_generic_payload& payload) const {
  TransactionShape s = shape_of(payload, m_tbu.stream_id, m_tbu.index);
  if (m_identity) {
    Identity identity = identity_of(s.request);
    m_identity(payload, identity);
    set_identity(s.request, identity);
  }
  if (s.request.unsupported == Unsupported::none && !takes(s.request)) {
    s.request.unsupported = Unsupported::identity;
  }
  return s;
}

std::uint64_t TbuShell::order_key(const tlm::tlm_generic_payload& payload,
                                  const AccessRequest& request) const {
  if (m_order) return m_order(payload, identity_of(request));
  const std::uint64_t substream = request.substream_valid ? request.substream_id | 1U << 20 : 0;
  return substream << 32 | request.stream_id;
}

// As new: what is downstream may have written into one that comes back, and must not tell who the next is.
AccessExtension* TbuShell::take_extension() {
  if (m_extensions.empty()) return new AccessExtension;
  AccessExtension* extension = m_extensions.back().release();
  m_extensions.pop_back();
  *extension = AccessExtension();
  return extension;
}

// What run() does for a transaction of one part that the TBU has a finished answer for, and nothing else.
// False, and nothing has changed, for all others.
__attribute__((always_inline)) inline bool TbuShell::pass_hit(tlm::tlm_generic_payload& payload,
                                                              AccessExtension& extension, sc_time& delay,
                                                              bool fixed) {
  Engine& engine = m_engine;
  const bool write = payload.is_write();
  const unsigned length = payload.get_data_length();
  if ((!write && !payload.is_read()) || length - 1 >= payload.get_streaming_width() ||
      payload.get_data_ptr() == nullptr || engine.tracer().on() ||
      (write && payload.get_extension<CompareSwapExtension>() != nullptr)) {
    return false;
  }
  const std::uint64_t address = payload.get_address();
  constexpr unsigned none = static_cast<unsigned>(smmuvp::AtsPhase::None);
  constexpr unsigned non_secure = static_cast<unsigned>(AddressSpace::non_secure);
  static_assert(none == 0 && non_secure == 0);
  if ((static_cast<unsigned>(extension.ats) | static_cast<unsigned>(extension.address_space) |
       static_cast<unsigned>(extension.secure_stream) | static_cast<unsigned>(extension.substream_valid) |
       static_cast<unsigned>(extension.attributes_valid)) != 0) {
    return false;
  }
  const std::uint32_t stream_id = extension.stream_valid ? extension.stream_id : m_tbu.stream_id;
  const bool privileged = extension.privileged;
  const bool instruction = extension.instruction;
  if (fixed && (stream_id != m_tbu.stream_id || privileged || instruction)) return false;
  const Engine::Found found = engine.find_at_tbu(m_core, stream_id, address);
  if (found.answer == nullptr) return false;
  const FinishedAnswer& answer = *found.answer;
  const std::uint64_t size = std::uint64_t{1} << found.shift;
  const std::uint64_t offset = address & (size - 1);
  const unsigned index = FinishedAnswer::index_of(write, privileged, instruction);
  if (length > size - offset || !answer.serves_index(index)) return false;

  const sc_core::sc_simcontext& kernel = *simcontext();
  if (kernel.time_stamp() != m_stamp) prune();
  const TimePs now = m_now;
  const bool timing = engine.timing();
  const TimePs asked = now + m_unit.to_ps(delay);
  TimePs begin = asked;
  if (timing) {
    begin = m_slots.earliest(asked);
    const TimePs passed = engine.count_at_tbu(m_core, found, begin);
    if (passed - asked == m_hit_ps) {
      delay += m_hit_time;
    } else {
      delay = from_ps(passed - now);
      if (m_unit.is_ps) {  // else sums of rounded times would drift
        m_hit_ps = passed - asked;
        m_hit_time = from_ps(m_hit_ps);
      }
    }
  } else {
    engine.count_at_tbu(m_core, found, begin);
  }
  const FlightToken token = engine.in_flight().enter(begin);
  const AddressSpace space = answer.space;
  const Attributes attributes = answer.attributes;
  const std::uint8_t hints = answer.hints;
  const std::uint8_t pbha = answer.pbha;
  const MpamLabel mpam = answer.mpam;
  extension.output_space = space;
  extension.memory_type = attributes.memory;
  extension.shareability = attributes.SH;
  extension.allocation_hints = hints & 0xfU;
  extension.pbha = pbha & 0xfU;
  extension.mpam_pmg = mpam.pmg;
  extension.mpam_space = mpam.space;
  extension.mpam_partid = mpam.partid;
  extension.privileged = answer.privileged_of_index(index);
  extension.instruction = answer.instruction_of_index(index);
  payload.set_address(answer.output | offset);
  if (fixed) payload.set_dmi_allowed(false);
  try {
    m_out->b_transport(payload, delay);
  } catch (...) {
    payload.set_address(address);
    extension.privileged = privileged;
    extension.instruction = instruction;
    abandon(token);
    throw;
  }
  payload.set_address(address);
  extension.privileged = privileged;
  extension.instruction = instruction;
  if (kernel.time_stamp() != m_stamp) {
    await_clock(delay);
    prune();
  }
  payload.set_dmi_allowed(fixed && payload.is_dmi_allowed() && would_grant(payload));
  const TimePs end = m_now + m_unit.to_ps(delay);
  if (engine.in_flight().leave(token, end)) {
    m_smmu.kick(sc_core::SC_ZERO_TIME);
    if (engine.in_flight().is_void(token)) {  // the SMMU has been reset meanwhile
      payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return true;
    }
  }
  if (timing) m_slots.occupy(begin, end);
  return true;
}

// As above, where the port is fixed to one identity, or the payload has no extension: a request of the port's
// own StreamID. Apart, since it would cost all others.
bool TbuShell::pass_other_hit(tlm::tlm_generic_payload& payload, AccessExtension* extension, sc_time& delay) {
  if (m_identity || m_smmu.supply().stopped() || m_smmu.injects_into_hits()) return false;
  const bool fixed = m_grants != nullptr;
  if (extension != nullptr) return pass_hit(payload, *extension, delay, fixed);
  struct Lent {
    TbuShell& tbu;
    tlm::tlm_generic_payload& payload;
    AccessExtension* extension;
    ~Lent() {
      payload.clear_extension(extension);
      tbu.m_extensions.emplace_back(extension);
    }
  };
  const Lent lent{*this, payload, take_extension()};
  payload.set_extension(lent.extension);
  return pass_hit(payload, *lent.extension, delay, fixed);
}

// A target has thrown, or the caller's process is being killed: nobody may wait for what it was doing.
void TbuShell::abandon(FlightToken token) {
  m_engine.in_flight().leave(token, token.begin);
  m_smmu.may_progress();
}

bool TbuShell::await_clock(sc_time& delay) {
  const Supply& supply = m_smmu.supply();
  if (__builtin_expect(!supply.stopped(), 1)) return false;
  const sc_time at = sc_core::sc_time_stamp() + delay;
  while (supply.stopped()) wait(supply.changed());
  const sc_time& now = sc_core::sc_time_stamp();
  delay = at > now ? at - now : sc_core::SC_ZERO_TIME;
  return true;
}

void TbuShell::prune() {
  m_stamp = sc_core::sc_time_stamp();
  m_now = to_ps(m_stamp);
  m_engine.prune(m_now);
  m_slots.prune(m_now);
}

void TbuShell::b_transport(tlm::tlm_generic_payload& payload, sc_time& delay) {
  const Counted counted(m_blocking);
  AccessExtension* extension = payload.get_extension<AccessExtension>();
  if (__builtin_expect(extension == nullptr || !m_is_plain, 0)) {
    if (!pass_other_hit(payload, extension, delay)) run(payload, delay);
  } else if (!pass_hit(payload, *extension, delay, false)) {
    run(payload, delay);
  }
}

void TbuShell::run(tlm::tlm_generic_payload& payload, sc_time& delay) {
  await_clock(delay);
  prune();
  TimePs begin = to_ps(sc_core::sc_time_stamp() + delay);
  if (m_engine.timing()) begin = m_slots.earliest(begin);
  FlightToken token = m_engine.in_flight().enter(begin);
  try {
    run(payload, delay, begin, token);
  } catch (...) {
    abandon(token);
    throw;
  }
}

void TbuShell::run(tlm::tlm_generic_payload& payload, sc_time& delay, TimePs begin, FlightToken& token) {
  const auto ahead = [&delay](TimePs time) {
    const sc_time at = from_ps(time);
    delay = at > sc_core::sc_time_stamp() ? at - sc_core::sc_time_stamp() : sc_core::SC_ZERO_TIME;
  };
  const auto now = [&delay] { return to_ps(sc_core::sc_time_stamp() + delay); };
  Engine& engine = m_smmu.engine();
  const std::uint64_t resets = engine.reset_count();
  bool first = true;
  bool dmi_hint = false;
  Transaction t(payload, shape(payload), m_smmu.translator(), begin);
  engine.trace_transaction(begin, t.request(), true);
  for (auto next = t.advance(); next != Transaction::Next::finished; next = t.advance()) {
    switch (next) {
      case Transaction::Next::need: {
        MemoryAnswer answer = m_smmu.carry_out(t.op(), delay, &t.request());
        if (await_clock(delay)) answer.time = std::max(answer.time, now());
        t.complete(answer);
        break;
      }
      case Transaction::Next::stalled:
        // Its parts so far have ended. Who waits for software must not keep a synchronisation open, for which
        // that software may wait first; an access that has to, by itself, is under way by its own token.
        engine.in_flight().leave(token, t.time());
        token = {};
        m_smmu.kick(sc_core::SC_ZERO_TIME);  // a record is to be written, a synchronisation may be complete
        wait(m_smmu.progress());
        await_clock(delay);
        token = engine.in_flight().enter(now());
        break;
      case Transaction::Next::waits:  // never: a caller that is blocked does not ask for it
        wait(m_smmu.progress());
        break;
      case Transaction::Next::forward:
        m_smmu.tell_walk_ends();
        ahead(t.time());
        if (!t.ends_by_injection(m_smmu.injector_at(InjectionPoint::transaction))) {
          m_out->b_transport(payload, delay);
        }
        await_clock(delay);
        if (engine.reset_count() == resets) {
          if (first) dmi_hint = payload.is_dmi_allowed();
          first = false;
          t.forwarded(now());
        } else {
          t.abort(now());  // nothing of before a reset goes downstream after it
        }
        break;
      case Transaction::Next::finished:
        break;
    }
  }
  payload.set_dmi_allowed(dmi_hint && would_grant(payload));
  ahead(t.time());
  engine.trace_transaction(t.time(), t.request(), false);
  engine.in_flight().leave(token, t.time());
  if (engine.timing() && engine.reset_count() == resets) m_slots.occupy(begin, t.time());
  m_smmu.kick(sc_core::SC_ZERO_TIME);
}

void TbuShell::was_reset() {
  m_slots.clear();
  m_at.reset();
}

void TbuShell::check_idle(Archive& archive) const {
  if (m_blocking == 0) return;
  archive.fail("b_transport", "a transaction is under way in " + std::string(name()),
               "a time at which none is: it lives on its caller's stack");
}

void TbuShell::visit(Archive& archive) {
  archive.begin("tbu");
  m_slots.visit(archive);
  m_at.visit(archive);
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
  // A debugger has nothing to ask that only an ATC could be answered.
  const bool asks = s.request.ats == AtsPhase::translation_request || s.request.ats == AtsPhase::page_request;
  if (!s.malformed && !s.ignore && !asks) {
    Transaction t(payload, s, m_smmu.translator(), to_ps(sc_core::sc_time_stamp()));
    for (auto next = t.advance(); next != Transaction::Next::finished; next = t.advance()) {
      if (next == Transaction::Next::need) {
        t.complete(m_smmu.carry_out_debug(t.op(), &t.request()));
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
