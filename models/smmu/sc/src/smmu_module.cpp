#include "smmuvp/smmu_sc/smmu_module.h"

#include <variant>

#include "smmuvp/smmu/counted.h"
#include "smmuvp/smmu/held.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

SmmuModule::SmmuModule(const Component& owner, Parts parts, const ShellSettings& settings,
                       const Window& window, ForwardPort& walk)
    : m_owner(owner),
      m_settings(settings),
      m_window(window),
      m_engine(parts.engine),
      m_diag(parts.diag),
      m_timing(parts.timing),
      m_shell("shell", {parts.engine, *this, std::move(parts.workers), [this] { show(); }}, walk),
      m_outputs(parts.engine.adversity()) {}

sc_core::sc_time SmmuModule::clock() const { return from_ps(m_settings.clock_ps); }

/// Lets simulated time come to that of a register access, so that it finds what the SMMU has done until then.
void SmmuModule::synchronise(sc_core::sc_time& delay) {
  if (!m_settings.sync_registers) return;
  const bool ahead = delay != sc_core::SC_ZERO_TIME;
  // Where nothing takes time a poll is never ahead: it lets a clock pass while the SMMU works.
  if (!ahead && (m_timing || !m_shell.has_work())) return;
  const sc_core::sc_curr_proc_kind process = sc_core::sc_get_current_process_handle().proc_kind();
  if (process != sc_core::SC_THREAD_PROC_ && process != sc_core::SC_CTHREAD_PROC_) {
    if (!ahead) return;
    m_diag.host_error("registers.sync",
                      "a register access with an annotated delay of " + delay.to_string() +
                          " comes from no thread, so that it cannot wait, and takes effect before its "
                          "time: expected b_transport from an SC_THREAD, or the parameter "
                          "sync_registers = false");
    return;
  }
  const Counted counted(m_register_waits);
  sc_core::wait(ahead ? delay : clock());
  delay = sc_core::SC_ZERO_TIME;
}

/// Answers an access to registers that are not there now. @return whether that is so.
bool SmmuModule::refuses(tlm::tlm_generic_payload& payload) {
  const auto refuse = [&](const char* site, const char* text) {
    m_diag.guest_error(site, text, "", {}, payload.get_address());
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return true;
  };
  const Supply& supply = m_shell.supply();
  if (!supply.powered()) {
    return refuse("register.power",
                  "a register access while the SMMU has no power is an error: expected one after its power "
                  "domain has been switched on (runtime power management, in a driver)");
  }
  if (supply.stopped()) {
    return refuse("register.clock",
                  "a register access while the SMMU's clock is gated is an error: expected one after its "
                  "clocks have been enabled");
  }
  if (m_in_reset) {
    return refuse("register.reset", "a register access while the SMMU is held in reset is an error");
  }
  return false;
}

void SmmuModule::register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  payload.set_dmi_allowed(false);
  synchronise(delay);
  if (refuses(payload)) return;
  RegisterAccess access;
  if (!begin_register_access(payload, m_window.bytes, access)) {
    if (!make_other_shape_raz_wi(payload)) return;
    m_diag.guest_error("register.shape",
                       "an access of a size, alignment, streaming width or byte enables that no register has "
                       "is RAZ/WI",
                       m_window.shape_clause, {}, payload.get_address());
    return;
  }
  const auto* e = payload.get_extension<AccessExtension>();
  const bool secure = e != nullptr && e->address_space == AddressSpace::secure;
  access.privileged = e != nullptr && e->privileged;
  access.instruction = e != nullptr && e->instruction;
  const AccessSecurity security = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  const TimePs now = to_ps(sc_core::sc_time_stamp() + delay);
  std::uint64_t value = access.value;
  if (access_registers(access, security, now, value)) {
    end_register_access(payload, access, value);
  } else {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
  }
  if (m_timing) delay += clock();
  m_shell.kick(delay);
  if (has_answers()) m_shell.may_progress();
}

unsigned SmmuModule::register_transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, m_window.bytes, [this](std::uint32_t offset, unsigned bytes) {
    return peek_registers(offset, bytes);
  });
}

// What is retained without power does not see a reset: it is held then, and only a reset that lasts reaches
// it.
void SmmuModule::reset(bool active) {
  m_in_reset = active && m_settings.level_reset;
  if (!m_shell.supply().powered()) return;
  if (active) {
    reset_workers();
    end_transactions();
  }
  go_on();
}

void SmmuModule::supply_inputs(bool power, bool clock) {
  const bool powered = m_shell.supply().powered();
  if (!m_shell.set_supply(power, clock)) return;
  if (powered && !power) {
    hold_core(without_power);  // before clients are told that their pointers go: they may access at once
    if (m_settings.retention) {
      abort_core();
    } else {
      reset_workers();
    }
    end_transactions();
  } else if (!powered && power && m_in_reset) {
    reset_workers();
  }
  if (m_shell.supply().stopped()) m_engine.withdraw_grants();
  go_on();
}

void SmmuModule::reset_workers() {
  reset_core();
  m_shell.drop_operations();
}

void SmmuModule::end_transactions() {
  m_outputs.cancel();
  m_shell.was_reset();
}

void SmmuModule::go_on() {
  hold_core(!m_shell.supply().powered() ? without_power : m_in_reset ? held_in_reset : nullptr);
  show();
  m_shell.kick(sc_core::SC_ZERO_TIME);
}

void SmmuModule::list_inputs(LineIn& reset, LineIn& power, LineIn& clock, std::vector<Port>& to) const {
  to.push_back({"reset", &reset, "resets the SMMU", true});
  Port on{"power", &power, "high: there is power", true};
  on.open_high = true;
  to.push_back(on);
  on.name = "clock";
  on.object = &clock;
  on.doc = "high: the clock runs";
  to.push_back(on);
}

void SmmuModule::visit(Archive& archive) {
  if (m_register_waits != 0) archive.fail("registers", "a register access is under way");
  if (!m_shell.begin_visit(archive)) return;
  visit_core(archive);
  m_shell.visit(archive);
  m_outputs.visit(archive);
  if (!archive.loading()) return;
  show();
  m_shell.kick(sc_core::SC_ZERO_TIME);
}

void SmmuModule::statistics(StatVisitor& visitor) const {
  m_engine.statistics().report(visitor);
  core_statistics(visitor);
  visitor.stat("interrupts_coalesced", m_outputs.coalesced(), "1",
               "interrupts that met one of their kind still waiting");
  m_engine.report_parts(visitor);
}

void SmmuModule::reset_statistics() {
  reset_core_statistics();
  m_outputs.reset_statistics();
}

TbuShell& SmmuModule::tbu(const char* call, unsigned i) {
  if (i < m_tbus.size()) return m_tbus[i];
  throw ConfigError("tbus", instance_words(m_owner),
                    std::string(call) + ": there is no TBU " + std::to_string(i) + ", the last is TBU " +
                        std::to_string(m_tbus.size() - 1) + "; the parameter 'tbus' gives more");
}

AccessRequest SmmuModule::request_of(const AccessQuestion& question) {
  using Kind = AccessQuestion::Kind;
  using Ats = AccessQuestion::Ats;
  AccessRequest q;
  q.stream_id = question.stream_id;
  q.substream_valid = question.substream_id.has_value();
  q.substream_id = question.substream_id.value_or(0);
  q.address = question.address;
  if (question.secure) q.space = AddressSpace::secure;
  q.secure_stream = question.secure;
  if (question.kind == Kind::write) q.kind = AccessKind::write;
  if (question.kind == Kind::atomic) q.kind = AccessKind::atomic;
  q.instruction = question.kind == Kind::execute;
  q.privileged = question.privileged;
  q.port = static_cast<std::uint8_t>(question.tbu < m_settings.tbus ? question.tbu : 0);
  if (question.ats != Ats::none) q.ats = AtsPhase::translated;
  if (question.ats == Ats::translation_request) {
    q.ats = AtsPhase::translation_request;
    q.kind = AccessKind::read;
    q.no_write = question.no_write;
  }
  q.debug = true;
  q.afresh = question.afresh;
  if (!m_tbus[q.port].takes(q)) q.unsupported = Unsupported::identity;
  return q;
}

std::vector<std::string> line_names(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) {
    if (std::holds_alternative<LineOut*>(port.object)) names.push_back(port.name);
  }
  return names;
}

std::string instance_words(const sc_core::sc_object& instance) {
  return std::string(instance.name()) + " (" + instance.kind() + ")";
}

}  // namespace smmuvp::smmu
