// Without it <systemc> declares no sc_spawn().
#define SC_INCLUDE_DYNAMIC_PROCESSES

#include "smmuvp/smmu_sc/injectable_output.h"

#include <functional>
#include <set>
#include <utility>

#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

/// Calls back later, as often as it is told to.
class InjectableOutput::Late {
 public:
  Late(const std::string& name, std::function<void()> act) : m_act(std::move(act)) {
    sc_core::sc_spawn_options options;
    options.spawn_method();
    options.dont_initialize();
    options.set_sensitivity(&m_due);
    sc_core::sc_spawn([this] { run(); }, sc_core::sc_gen_unique_name(name.c_str()), &options);
  }
  void after(std::uint64_t ps) {
    m_times.insert(sc_core::sc_time_stamp() + from_ps(ps));
    m_due.notify(from_ps(ps));  // an earlier notification stays
  }
  void forget() { m_times.clear(); }

 private:
  void run() {
    const sc_core::sc_time& now = sc_core::sc_time_stamp();
    while (!m_times.empty() && *m_times.begin() <= now) {
      m_times.erase(m_times.begin());
      m_act();
    }
    if (!m_times.empty()) m_due.notify(*m_times.begin() - now);
  }

  std::function<void()> m_act;
  std::multiset<sc_core::sc_time> m_times;
  sc_core::sc_event m_due;
};

InjectableOutput::InjectableOutput(std::unique_ptr<InterruptOutput> output, std::string line)
    : m_output(std::move(output)), m_line(std::move(line)) {}

InjectableOutput::~InjectableOutput() = default;

void InjectableOutput::set_injector(Injector* injector) {
  m_injector = injector != nullptr && injector->wants(InjectionPoint::interrupt) ? injector : nullptr;
  if (m_injector == nullptr || m_late != nullptr) return;
  m_late = std::make_unique<Late>(m_line + "_late", [this] {
    m_hidden = false;
    m_output->request();
    m_output->set(m_level);
  });
}

Injection InjectableOutput::ask() const {
  InjectionSite site;
  site.point = InjectionPoint::interrupt;
  site.what = "interrupt";
  site.of = m_line;
  site.time_ps = to_ps(sc_core::sc_time_stamp());
  return m_injector->at(site);
}

void InjectableOutput::request() {
  if (__builtin_expect(m_injector == nullptr, 1)) return m_output->request();
  if (m_output->shows_level()) return;
  const Injection injection = ask();
  if (injection.kind == InjectionKind::delay) return m_late->after(injection.delay_ps);
  if (injection.kind == InjectionKind::none) m_output->request();
}

void InjectableOutput::cancel() {
  if (m_late != nullptr) m_late->forget();
  m_output->cancel();
}

void InjectableOutput::set(bool level) {
  if (__builtin_expect(m_injector == nullptr, 1)) return m_output->set(level);
  if (!m_output->shows_level() || level == m_level) return;
  m_level = level;
  if (level) {
    const Injection injection = ask();
    m_hidden = injection.kind != InjectionKind::none;
    if (injection.kind == InjectionKind::delay) m_late->after(injection.delay_ps);
  } else if (std::exchange(m_hidden, false)) {
    m_late->forget();
  }
  m_output->set(level && !m_hidden);
}

}  // namespace smmuvp::smmu
