// Behind the ports of an SMMU's SystemC module, whatever the width of its buses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/config_errors.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/base/stats.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/explain.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmu_sc/output_group.h"
#include "smmuvp/smmu_sc/ports.h"
#include "smmuvp/smmu_sc/smmu_shell.h"
#include "smmuvp/smmu_sc/tbu_shell.h"
#include "smmuvp/smmu_sc/transaction.h"
#include "smmuvp/smmu_settings/params.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/explanation.h"
#include "smmuvp/tlm/register_access.h"

namespace smmuvp::smmu {

/// A member that is there before a base class that needs it.
template <class T>
struct WithCore {
  template <class... Arguments>
  explicit WithCore(Arguments&&... arguments) : core(std::forward<Arguments>(arguments)...) {}
  T core;
};

/// What modules of both SMMUs do alike: register accesses in time, reset by edge or level, TBUs, ties of
/// ports that nothing is bound to, what is saved in which order, statistics. An SMMU derives from its core,
/// by WithCore, and then from this.
class SmmuModule : public Translator {
 public:
  struct Parts {
    Engine& engine;
    std::vector<Worker*> workers;
    Diag& diag;
    bool timing;  ///< false: the SMMU takes no time of its own
  };
  struct Window {
    std::uint32_t bytes = 0;
    /// Where it is said that an access in the window, of a shape that no register has, is RAZ/WI.
    const char* shape_clause = "";
  };

  /// @param owner  whose logic this is; outlives it. Made in its constructor. @param settings  copied
  SmmuModule(const Component& owner, Parts parts, const ShellSettings& settings, const Window& window,
             ForwardPort& walk);
  SmmuModule(const SmmuModule&) = delete;
  SmmuModule& operator=(const SmmuModule&) = delete;

  void register_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned register_transport_dbg(tlm::tlm_generic_payload& payload);
  /// Whom to ask for faults that are to be injected; before simulation. nullptr: nobody
  void set_injector(Injector* injector) {
    m_shell.set_injector(injector);
    m_outputs.set_injector(injector);
  }
  /// What the reset input shows. @param line  its level
  void reset_input(bool line) { reset(line != m_settings.reset_active_low); }
  /// What the inputs power and clock show.
  void supply_inputs(bool power, bool clock);
  void visit(Archive& archive);
  void statistics(StatVisitor& visitor) const;
  void reset_statistics();

  const ShellSettings& settings() const { return m_settings; }
  SmmuShell& shell() { return m_shell; }
  const SmmuShell& shell() const { return m_shell; }
  /// @throws ConfigError if there is none. @param call  that named it
  TbuShell& tbu(const char* call, unsigned i);

  /// Makes the sockets of all TBUs, and what is behind them.
  template <class Target, class Initiator>
  void make_tbus(sc_core::sc_vector<Target>& in, sc_core::sc_vector<Initiator>& out);
  /// Adds the sockets of all TBUs.
  template <class Target, class Initiator>
  void list_tbus(sc_core::sc_vector<Target>& in, sc_core::sc_vector<Initiator>& out, std::vector<Port>& to);
  /// Ties a port off that nothing is bound to.
  template <class LinePort>
  void tie(LinePort& port, bool value = false);
  void tie_inputs(LineIn& reset, LineIn& power, LineIn& clock) {
    tie(reset, m_settings.reset_active_low);
    tie(power, true);
    tie(clock, true);
  }
  /// Adds the inputs.
  void list_inputs(LineIn& reset, LineIn& power, LineIn& clock, std::vector<Port>& to) const;

 protected:
  // ---- What only the SMMU itself knows

  /// A register access that has come to its time, and show() where it may have changed what outputs show.
  /// @param value  written, or to be read. @return false: it is answered with an error
  virtual bool access_registers(const RegisterAccess& access, AccessSecurity security, TimePs now,
                                std::uint64_t& value) = 0;
  /// A debugger's read.
  virtual std::uint64_t peek_registers(std::uint32_t offset, unsigned bytes) const = 0;
  /// Whether software has answered stalled accesses which do not know it yet.
  virtual bool has_answers() const = 0;
  /// @param why  it is held, nullptr: it is not
  virtual void hold_core(const char* why) = 0;
  virtual void reset_core() = 0;
  /// Power has gone and state is retained: as a reset for transactions, and for nothing else.
  virtual void abort_core() = 0;
  virtual void visit_core(Archive& archive) = 0;
  /// Shows on the outputs what has happened since the last call, and what holds.
  virtual void show() = 0;
  /// Counters that the engine does not have.
  virtual void core_statistics(StatVisitor& visitor) const = 0;
  virtual void reset_core_statistics() = 0;

  const Component& owner() const { return m_owner; }
  sc_core::sc_vector<TbuShell>& tbus() { return m_tbus; }
  /// What an explanation is asked about, as its TBU would take it. One that is not there counts as TBU 0.
  AccessRequest request_of(const AccessQuestion& question);
  /// For dumps and explanations.
  DebugMemory debug_memory() {
    return [this](const MemoryOp& op) { return m_shell.carry_out_debug(op); };
  }
  OutputGroup& outputs() { return m_outputs; }
  sc_core::sc_time clock() const;

 private:
  void synchronise(sc_core::sc_time& delay);
  bool refuses(tlm::tlm_generic_payload& payload);
  void reset(bool active);
  void reset_workers();
  void end_transactions();
  void go_on();

  const Component& m_owner;
  ShellSettings m_settings;
  Window m_window;
  Engine& m_engine;
  Diag& m_diag;
  bool m_timing;
  SmmuShell m_shell;
  bool m_in_reset = false;        // by level; not saved: it follows a line
  unsigned m_register_waits = 0;  // register accesses that wait for their time
  OutputGroup m_outputs;
  sc_core::sc_vector<TbuShell> m_tbus{"tbu"};
  std::vector<std::unique_ptr<sc_core::sc_signal<bool>>> m_ties;
};

template <class Target, class Initiator>
void SmmuModule::make_tbus(sc_core::sc_vector<Target>& in, sc_core::sc_vector<Initiator>& out) {
  const auto named = [](const char* end) {
    return [end](std::size_t i) { return "tbu" + std::to_string(i) + end; };
  };
  in.init(m_settings.tbus,
          [name_of = named("_in")](const char*, std::size_t i) { return new Target(name_of(i).c_str()); });
  out.init(m_settings.tbus, [name_of = named("_out")](const char*, std::size_t i) {
    return new Initiator(name_of(i).c_str());
  });
  m_tbus.init(m_settings.tbus, [&](const char* name, std::size_t i) {
    const TbuShell::Tbu which{static_cast<std::uint8_t>(i), m_settings.stream_id[i], m_settings.slots,
                              m_settings.fixed[i]};
    return new TbuShell(name, m_shell, which, out[i], in[i].get_base_port());
  });
  for (unsigned i = 0; i < m_settings.tbus; ++i) {
    in[i].bind(m_tbus[i]);
    out[i].bind(m_tbus[i]);
  }
}

template <class Target, class Initiator>
void SmmuModule::list_tbus(sc_core::sc_vector<Target>& in, sc_core::sc_vector<Initiator>& out,
                           std::vector<Port>& to) {
  for (unsigned i = 0; i < m_settings.tbus; ++i) {
    const std::string base = "tbu" + std::to_string(i);
    to.push_back({base + "_in", &in[i], "from client devices"});
    to.push_back({base + "_out", &out[i], "to the system, translated"});
  }
}

template <class LinePort>
void SmmuModule::tie(LinePort& port, bool value) {
  if (port.bind_count() != 0) return;
  const std::string name = std::string(port.basename()) + "_tie";
  m_ties.push_back(std::make_unique<sc_core::sc_signal<bool>>(name.c_str(), value));
  port.bind(*m_ties.back());
}

/// The outputs among ports that are lines.
std::vector<std::string> line_names(const std::vector<Port>& ports);

/// "top.smmu0 (type)", for messages.
std::string instance_words(const sc_core::sc_object& instance);

/// What `make` gives, where errors are of the instance.
template <class Make>
auto for_instance(const sc_core::sc_object& instance, Make make) {
  try {
    return make();
  } catch (const ConfigErrors& e) {
    std::vector<ConfigError> all;
    for (const ConfigError& one : e.all()) {
      all.emplace_back(one.key(), instance_words(instance), one.text());
    }
    throw ConfigErrors(std::move(all));
  } catch (const ConfigError& e) {
    throw ConfigError(e.key(), instance_words(instance), e.text());
  }
}

}  // namespace smmuvp::smmu
