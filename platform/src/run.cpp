#include "run.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "adverse.h"
#include "boot.h"
#include "checks.h"
#include "console.h"
#include "coverage.h"
#include "digest.h"
#include "dumps.h"
#include "duration.h"
#include "fault_record.h"
#include "gdb_server.h"
#include "html_page.h"
#include "injections.h"
#include "junit.h"
#include "last_reports.h"
#include "memory_dump.h"
#include "messages.h"
#include "output_file.h"
#include "platform_host.h"
#include "plugins.h"
#include "progress.h"
#include "recorder.h"
#include "report.h"
#include "run_limits.h"
#include "smmu_monitor.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/tlm/console.h"
#include "smmuvp/tlm/cpu_control.h"
#include "smmuvp/tlm/explain_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/semihosting.h"
#include "stop_signals.h"
#include "stream_check.h"
#include "symbols.h"
#include "system.h"
#include "terminal.h"
#include "trace_outputs.h"

namespace smmuvp::platform {

namespace {

// The simulated time limit, GDB and progress are looked at this often, Ctrl-C and the wall clock's limit as
// often as components ask pause_requested(). Where a run is sliced changes nothing in it.
constexpr std::uint64_t slice_ps = 1'000'000'000;
// How long a simulation that does not come back is waited for after --timeout-wall.
constexpr unsigned wall_grace_seconds = 5;

// Standard output and standard error are the same terminal, pipe or file.
bool outputs_are_one() {
  struct stat out {};
  struct stat err {};
  return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 && out.st_dev == err.st_dev &&
         out.st_ino == err.st_ino;
}

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
  }

 private:
  std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

class CounterList : public StatVisitor {
 public:
  void stat(std::string_view name, std::uint64_t value, std::string_view unit,
            std::string_view doc) override {
    list.push_back({std::string(name), value, std::string(unit), std::string(doc)});
  }
  std::vector<Statistic> list;
};

class StatisticsCollector : public CounterList {
 public:
  StatVisitor* part(std::string_view kind, std::string_view name) override {
    take_part();
    m_part = PartStatistics{std::string(kind), std::string(name), {}};
    return &m_counters;
  }
  std::vector<PartStatistics> parts() {
    take_part();
    return std::move(m_parts);
  }

 private:
  void take_part() {
    if (!m_part) return;
    m_part->counters = std::move(m_counters.list);
    m_counters.list.clear();
    m_parts.push_back(std::move(*m_part));
    m_part.reset();
  }
  CounterList m_counters;  // of m_part, which is not over
  std::optional<PartStatistics> m_part;
  std::vector<PartStatistics> m_parts;
};

// Does something once when simulation begins. Components may refuse a configuration until their
// start_of_simulation(), whose end has no hook; the first processes run after it.
class Beginning : public sc_core::sc_module {
 public:
  SMMUVP_HAS_PROCESS(Beginning);
  explicit Beginning(std::function<void()> action)
      : sc_module(sc_core::sc_module_name(sc_core::sc_gen_unique_name("beginning"))),
        m_action(std::move(action)) {
    SC_METHOD(begin);
  }

 private:
  void begin() { m_action(); }
  std::function<void()> m_action;
};

// What the checker watches is known by its writer.
class CheckedWriters : public WriterSource {
 public:
  CheckedWriters(const Checks& checks, const Symbols& symbols) : m_checks(checks), m_symbols(symbols) {}
  std::optional<LastWriter> last_writer(std::uint64_t physical) const override {
    const checker::Writer* w = m_checks.last_writer(physical / 8 * 8);
    if (w == nullptr) return std::nullopt;
    return LastWriter{w->name, w->pc, w->pc ? m_symbols.place(*w->pc).name : std::string(), w->time_ps};
  }

 private:
  const Checks& m_checks;
  const Symbols& m_symbols;
};

class Run {
 public:
  Run(const PlatformConfig& config, const RunOptions& options);
  ExitCode go();

 private:
  StopReason simulate(const BootPlan& plan);
  void restart(const BootPlan& plan);
  void explain_faults();
  SmmuMonitor smmu_monitor() const;
  void serve_gdb();
  void wait_for_real_time(std::uint64_t sim_ps);
  void report(const Reported& r);
  void print(const Reported& r);
  void print(const checker::Finding& finding, checker::Severity severity, bool known);
  void update_baseline(StopReason reason);
  void print(const InjectionRecord& record, const InjectionHit& hit);
  void dump(const std::string& reason);
  void finish(StopReason reason);
  void write_reports();
  void lost(const std::string& what, int error);
  void check_written(OutputFile& file);
  std::vector<OutputFile*> outputs();

  const PlatformConfig& m_config;
  const RunOptions& m_options;
  std::optional<WallLimit> m_wall_limit;
  bool m_colour;
  std::size_t m_findings = 0;  // of the checker
  std::size_t m_injected = 0;  // told of
  unsigned m_restarts = 0;     // of the processors alone
  // Opened first: a report that cannot be written is a mistake to be told before a long run.
  OutputFile m_json;
  OutputFile m_junit;
  OutputFile m_html;
  OutputFile m_console_file;
  TraceOutputs m_traces;
  OutputFile m_dump_file;
  OutputFile m_memory_file;
  OutputFile m_coverage_file;
  std::optional<Recorder> m_recorder;  // for m_html
  Progress m_progress;
  Console m_console;
  PlatformHost m_host;
  Symbols m_symbols;
  std::optional<Checks> m_checks;
  std::optional<coverage::Coverage> m_coverage;
  std::optional<Injections> m_injections;
  std::optional<CheckedWriters> m_writers;
  std::optional<FaultRecorder> m_faults;
  PluginCatalogue m_plugins;
  System m_system;
  Clock m_clock;
  RunRecord m_record;
  std::vector<BootPart> m_parts;
  std::string m_internal;
  std::unique_ptr<GdbServer> m_gdb;
  std::optional<Beginning> m_beginning;
};

bool want_colour(Colour colour) {
  if (colour != Colour::Auto) return colour == Colour::Always;
  const char* no = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) != 0 && (no == nullptr || *no == 0);
}

// What is asked for on standard output has it alone.
int console_output(const RunOptions& options) {
  const bool taken = options.json == standard_output_name || options.html == standard_output_name ||
                     options.junit == standard_output_name || options.trace_file == standard_output_name ||
                     options.dump_file == standard_output_name ||
                     options.perfetto_file == standard_output_name ||
                     options.vcd_file == standard_output_name;
  return taken ? STDERR_FILENO : STDOUT_FILENO;
}

// What is known of a run before it begins.
RunRecord described(const PlatformConfig& config, const RunOptions& options) {
  RunRecord record;
  record.name = options.name.empty() ? config.name : options.name;
  record.platform = config.name;
  record.config_file = config.file;
  record.words = options.words;
  record.settings = options.settings;
  record.adverse = config.adverse;
  record.min_tests = min_tests(options, config.run);
  record.waivers = options.allow;
  return record;
}

Run::Run(const PlatformConfig& config, const RunOptions& options)
    : m_config(config),
      m_options(options),
      m_wall_limit(wall_limit(options, config.run, isatty(STDOUT_FILENO) != 0)),
      m_colour(want_colour(options.colour)),
      m_json("json", options.json),
      m_junit("junit", options.junit),
      m_html("html", options.html),
      m_console_file("console-file", options.console_file),
      m_traces(options),
      m_dump_file("dump-on-exit", options.dump_file),
      m_memory_file("dump-memory", options.memory_file),
      m_coverage_file("coverage", options.coverage),
      m_progress(!options.quiet && !options.console && isatty(STDERR_FILENO) != 0),
      m_console({options.console, console_output(options), m_console_file.descriptor(),
                 console_limit(options, config.run), options.fail_on,
                 [this](std::string_view bytes) {
                   if (m_recorder) m_recorder->console().put(bytes);
                 }}),
      m_plugins(plugin_directories(config.plugin_directories)),
      m_system(config, m_plugins, [&]() -> Host& {
        // Components ask for the trace sink when they are made.
        if (options.check) {
          std::optional<FingerprintCounts> baseline;
          if (!options.baseline.empty()) baseline = read_baseline(options.baseline, !options.baseline_update);
          m_checks.emplace(
              *options.check, options.check_rules, m_symbols, baseline,
              [this](const checker::Finding& f, checker::Severity s, bool known) { print(f, s, known); });
          m_host.trace_hub().add_observer(m_checks->sink());
        }
        if (m_html.wanted()) m_host.trace_hub().add_observer(m_recorder.emplace());
        if (!options.json.empty() || !options.html.empty() || !options.gdb.empty()) {
          m_faults.emplace();
          m_host.trace_hub().add_observer(*m_faults);
        }
        if (m_coverage_file.wanted()) {
          m_coverage.emplace();
          m_host.trace_hub().add_observer(*m_coverage);
        }
        m_traces.join(m_host.trace_hub(), [this] {
          m_console.flush();
          m_progress.clear();
        });
        return m_host;
      }()) {
  const std::vector<OutputFile*> files = outputs();
  refuse_same_file({files.begin(), files.end()}, m_system);
  m_traces.choose_points(m_system);
  if (options.inject.empty()) return;
  m_injections.emplace(
      read_injection_plan(options.inject),
      [this](const InjectionRecord& record, const InjectionHit& hit) { print(record, hit); });
  m_injections->connect(m_system, m_host.trace());
}

std::vector<OutputFile*> Run::outputs() {
  std::vector<OutputFile*> all = {&m_json,      &m_junit,       &m_html,         &m_console_file,
                                  &m_dump_file, &m_memory_file, &m_coverage_file};
  const std::vector<OutputFile*> traces = m_traces.files();
  all.insert(all.end() - 3, traces.begin(), traces.end());
  return all;
}

void Run::report(const Reported& r) {
  m_traces.diagnostic(r);
  if (!m_options.quiet) print(r);
}

void Run::print(const Reported& r) {
  m_console.flush();
  m_progress.clear();
  std::string where = duration_text(r.time_ps);
  if (r.pc) where += fmt::format(", pc {:#x}", *r.pc);
  tell("{}[{}] {}{}\n", m_colour ? "\033[33m" : "", where, printable(to_text(r.diagnostic), "\n"),
       m_colour ? "\033[0m" : "");
}

void Run::print(const checker::Finding& finding, checker::Severity severity, bool known) {
  constexpr std::size_t most_told = 50;
  if (m_options.quiet || m_findings++ >= most_told) return;
  m_console.flush();
  m_progress.clear();
  const checker::Rule& r = rule(finding.rule);
  const bool is_error = severity == checker::Severity::error && !known;
  tell("{}[{}] {}{}: {}: {}{}{}\n", m_colour ? is_error ? "\033[31m" : "\033[33m" : "",
       duration_text(finding.time_ps), known ? "known " : "", checker::to_string(severity), r.id,
       printable(to_text(finding), "\n"), m_findings == most_told ? "; more of them are not told" : "",
       m_colour ? "\033[0m" : "");
}

void Run::print(const InjectionRecord& record, const InjectionHit& hit) {
  constexpr std::size_t most_told = 50;
  if (m_options.quiet || m_injected++ >= most_told) return;
  m_console.flush();
  m_progress.clear();
  tell("{}[{}] injected '{}': {}{}{}\n", m_colour ? "\033[36m" : "", duration_text(hit.time_ps),
       printable(record.name), printable(to_text(record, hit)),
       m_injected == most_told ? "; more of them are not told" : "", m_colour ? "\033[0m" : "");
}

// An interactive guest that waits would otherwise run its clock as fast as the host can.
void Run::wait_for_real_time(std::uint64_t sim_ps) {
  const double ahead = static_cast<double>(sim_ps) / 1e12 - m_clock.seconds();
  if (ahead < 0.002) return;
  const int ms = ahead > 0.02 ? 20 : static_cast<int>(ahead * 1000);
  pollfd input{STDIN_FILENO, POLLIN, 0};
  poll(&input, m_console.has_input() ? 1 : 0, ms);
}

void Run::explain_faults() {
  if (!m_faults) return;
  if (m_checks) {
    m_writers.emplace(*m_checks, m_symbols);
    m_faults->set_writers(&*m_writers);
  }
  for (const auto& instance : m_system.instances()) {
    if (const auto* smmu = dynamic_cast<const ExplainControl*>(instance->component.get()))
      m_faults->add(instance->config->name, *smmu);
  }
}

SmmuMonitor Run::smmu_monitor() const {
  std::vector<SmmuMonitor::Smmu> smmus;
  for (const auto& instance : m_system.instances()) {
    const Component* component = instance->component.get();
    const auto* explain = dynamic_cast<const ExplainControl*>(component);
    if (explain == nullptr) continue;
    smmus.push_back({instance->config->name, std::strcmp(component->kind(), "smmuv2") != 0, explain,
                     dynamic_cast<const DumpControl*>(component)});
  }
  return {std::move(smmus), m_faults ? &*m_faults : nullptr};
}

void Run::serve_gdb() {
  if (m_options.gdb.empty()) return;
  m_gdb = std::make_unique<GdbServer>(
      m_options.gdb, m_options.gdb_wait, m_system.debug_targets(),
      GdbServer::Surroundings{StopSignals::pause_requested,
                              [this] {
                                m_console.flush();
                                m_progress.clear();
                              },
                              [this](const std::string& text) {
                                m_progress.clear();
                                tell("smmu-vp: {}\n", text);
                              },
                              [this](const std::string& words) { return smmu_monitor().run(words); }});
}

// Of the processors alone (PSCI SYSTEM_RESET2). As firmware does, kernel, device tree and initramfs are
// loaded again; all other memory is as it was.
void Run::restart(const BootPlan& plan) {
  load(plan, m_system);
  for (CpuControl* cpu : m_system.cpus()) cpu->restart();
  constexpr unsigned most_told = 10;
  if (m_options.quiet || m_restarts++ >= most_told) return;
  m_console.flush();
  m_progress.clear();
  tell("smmu-vp: [{}] the processors begin again (PSCI SYSTEM_RESET2){}\n", duration_text(now_ps()),
       m_restarts == most_told ? "; more of it is not told" : "");
}

StopReason Run::simulate(const BootPlan& plan) {
  const auto limit_sim = m_options.timeout_sim_ps ? m_options.timeout_sim_ps : m_config.run.timeout_sim_ps;
  bool standstill = false;
  for (;;) {
    if (m_gdb) m_gdb->poll();
    if (DumpSignal::take()) dump("asked for");
    const std::uint64_t now = now_ps();
    if (StopSignals::requested() || (m_gdb && m_gdb->killed())) return StopReason::Interrupted;
    if (limit_sim && now >= *limit_sim) return StopReason::SimTimeout;
    if (StopSignals::wall_limit_passed()) return StopReason::WallTimeout;
    m_progress.show(m_clock.seconds(), now, m_system.instructions());
    // A guest that waits for ever can still be looked at.
    if (standstill && !sc_core::sc_pending_activity()) {
      if (!m_gdb || !m_gdb->wait_for_client()) return StopReason::Standstill;
      continue;
    }

    std::uint64_t slice = slice_ps;
    if (limit_sim) slice = std::min(slice, *limit_sim - now);
    if (m_recorder) slice = std::min(slice, m_recorder->sample(now));
    try {
      sc_core::sc_start(sc_core::sc_time(static_cast<double>(slice), sc_core::SC_PS));
    } catch (const ConfigError&) {
      throw;
    } catch (const std::exception& e) {
      m_internal = e.what();
      return StopReason::InternalError;
    }
    m_console.flush();
    if (!m_host.unsupported().empty()) {
      m_internal = m_host.unsupported();
      return StopReason::Unsupported;
    }
    if (!m_host.internal().empty()) {
      m_internal = m_host.internal();
      return StopReason::InternalError;
    }
    // What was dropped may have been a failed test, so this comes before the guest's own end.
    if (m_console.full()) return StopReason::ConsoleLimit;
    if (m_console.cut()) return StopSignals::requested() ? StopReason::Interrupted : StopReason::WallTimeout;
    if (m_host.exit()) return StopReason::GuestExit;
    if (m_host.take_warm_reset()) restart(plan);
    if (sc_core::sc_get_status() == sc_core::SC_STOPPED) {
      m_internal = "a component stopped the simulation";
      return StopReason::InternalError;
    }
    standstill = !sc_core::sc_pending_activity();
    if (m_options.console) wait_for_real_time(now_ps());
  }
}

void Run::dump(const std::string& reason) {
  const std::string text = dump_of(m_system, reason, now_ps(), m_options.dump_json);
  if (m_dump_file.wanted()) {
    m_dump_file.write(text);
    m_dump_file.flush();  // whoever asks looks at once; what cannot be written is told at the end
    return;
  }
  m_console.flush();
  m_progress.clear();
  std::fwrite(text.data(), 1, text.size(), stderr);
}

// What was asked for and could not be written: a run that nobody can read does not pass.
void Run::lost(const std::string& what, int error) {
  const std::string text = fmt::format("cannot write {}: {}", what, std::strerror(error));
  tell("smmu-vp: {}\n", printable(text));
  if (m_record.verdict.code == ExitCode::Pass) m_record.verdict = {ExitCode::Internal, text};
}

void Run::check_written(OutputFile& file) {
  if (const int error = file.flush(); error != 0)
    lost(fmt::format("--{} {}", file.option(), file.path()), error);
}

void Run::write_reports() {
  if (m_json.wanted() || m_junit.wanted() || m_html.wanted()) {
    std::vector<MemoryView> memories;
    for (const MemoryRange& m : m_system.memories()) memories.push_back({m.base, m.control->data(), m.size});
    Sha256 memory;
    m_record.digest = run_digest(m_console.hash(), m_host.trace_hub().event_hash(), memories, memory);
    m_record.digest_parts = {{"console", m_console.hash().hex()},
                             {"events", m_host.trace_hub().event_hash().hex()},
                             {"memory", memory.hex()}};
    m_record.untimed_digest =
        untimed_digest(m_console.untimed_hash(), m_host.trace_hub().untimed_event_hashes());
  }
  const ExitCode judged = m_record.verdict.code;
  std::vector<std::pair<OutputFile*, std::function<std::string()>>> written;
  const auto write = [&](OutputFile& file, std::function<std::string()> text) {
    if (!file.wanted()) return;
    const ExitCode told = m_record.verdict.code;
    file.write(text());
    check_written(file);
    if (m_record.verdict.code == told) written.emplace_back(&file, std::move(text));
  };
  write(m_json, [&] { return json_report(m_record, m_host); });
  write(m_html, [&] { return html_report(m_record, m_host, &*m_recorder); });
  write(m_junit, [&] { return junit_xml(m_record); });
  if (m_record.verdict.code == judged) return;
  // One that could not be written fails the run, and the others must not say that it passed.
  for (const auto& [file, text] : written) {
    file->replace(text());
    check_written(*file);
  }
}

// Of a run that was broken off, what it would have found is not known.
void Run::update_baseline(StopReason reason) {
  if (!m_options.baseline_update) return;
  if (reason != StopReason::GuestExit && reason != StopReason::Standstill) {
    tell("smmu-vp: the run has not come to its end: {} is left as it is\n", printable(m_options.baseline));
    return;
  }
  if (const int error = write_baseline(m_options.baseline, m_record.check.found); error != 0)
    lost(fmt::format("--baseline {}", m_options.baseline), error);
}

void Run::finish(StopReason reason) {
  m_console.finish();
  m_progress.clear();
  m_record = described(m_config, m_options);
  m_record.sim_time_ps = now_ps();
  m_record.instructions = m_system.instructions();
  m_record.wall_seconds = m_clock.seconds();
  if (m_checks) m_record.check = m_checks->finish();
  if (m_injections) m_record.injections = m_injections->records();
  if (m_faults) {
    m_record.faults = m_faults->faults();
    m_record.fault_count = m_faults->count();
  }
  m_record.ktap = m_console.ktap();
  m_record.boot = m_parts;
  m_record.modules = m_console.modules();
  m_record.matches = m_console.watch().matches();
  m_record.match_count = m_console.watch().count();
  RunFacts facts;
  facts.reason = reason;
  facts.exit = m_host.exit();
  facts.internal = m_internal;
  facts.signal = StopSignals::signal();
  facts.reset_passes = m_config.run.reset_passes;
  facts.strict = m_options.strict;
  facts.guest_errors = apply_waivers(m_host.guest_error_sites(), m_record.waivers);
  if (m_options.check && *m_options.check != checker::Severity::off && !m_options.baseline_update) {
    facts.check_failures = m_record.check.failures();
    facts.first_check_failure = m_record.check.first_failure();
  }
  facts.missing_injections = missing(m_record.injections);
  facts.sim_time_ps = m_record.sim_time_ps;
  if (m_wall_limit && m_wall_limit->is_default) facts.default_wall_limit_ps = m_wall_limit->ps;
  facts.console_limit = console_limit(m_options, m_config.run);
  facts.min_tests = m_record.min_tests;
  if (!m_record.matches.empty()) facts.match = m_record.matches.front();
  facts.oops = m_console.watch().oops();
  m_record.verdict = judge(facts, m_record.ktap);
  // A reader that has seen enough closes its pipe; a run that was asked to stop does not wait for one.
  if (const int error = m_console.output().error; error != 0 && error != EPIPE && error != EINTR) {
    lost(fmt::format("the guest's console to standard {}",
                     console_output(m_options) == STDOUT_FILENO ? "output" : "error"),
         error);
  }
  if (const int error = m_console.file().error; error != 0)
    lost(fmt::format("--console-file {}", m_options.console_file), error);
  update_baseline(reason);
  m_host.trace_hub().flush();
  if (const int error = m_traces.finish(m_record.sim_time_ps, m_config.name, m_record.verdict); error != 0)
    lost(fmt::format("--vcd {}: its temporary file", m_options.vcd_file), error);
  for (OutputFile* file : m_traces.files()) check_written(*file);
  if (m_recorder) m_recorder->finish(m_record.sim_time_ps);
  if (m_options.dump_on_exit) dump("end of the run");
  check_written(m_dump_file);
  if (m_coverage) m_coverage_file.write(m_coverage->json(m_record.name, program_version()));
  check_written(m_coverage_file);
  if (m_memory_file.wanted()) {
    if (const int error = write_memory_dump(m_memory_file, m_system); error != 0)
      lost(fmt::format("--dump-memory {}", m_memory_file.path()), error);
  }
  for (const auto& instance : m_system.instances()) {
    StatisticsCollector collector;
    instance->component->statistics(collector);
    m_record.statistics.emplace_back(instance->config->name, std::move(collector.list));
    if (auto parts = collector.parts(); !parts.empty())
      m_record.parts.emplace_back(instance->config->name, std::move(parts));
  }
  write_reports();
  if (!m_options.quiet) {
    if (m_console.in_line() && (console_output(m_options) == STDERR_FILENO || outputs_are_one()))
      std::fputc('\n', stderr);
    const std::string text = summary(m_record, m_host, m_colour);
    std::fwrite(text.data(), 1, text.size(), stderr);
  } else if (m_record.verdict.code == ExitCode::Internal) {
    tell("smmu-vp: internal error: {}\n", printable(m_record.verdict.reason, "\n"));
  } else if (reason == StopReason::WallTimeout && facts.default_wall_limit_ps) {
    // Nobody has asked for this limit.
    tell("smmu-vp: {}\n", m_record.verdict.reason);
  }
}

ExitCode Run::go() {
  std::string bootargs = m_config.boot.bootargs;
  const auto append = [&](const std::string& words) {
    if (!words.empty()) bootargs += (bootargs.empty() ? "" : " ") + words;
  };
  append(m_options.append);
  if (m_options.console) append("shell=1");
  const BootPlan plan = plan_boot(m_system, bootargs);
  load(plan, m_system);
  m_parts = plan.parts;
  if (m_checks) {
    m_symbols.add(m_config.boot);
    for (const std::string& file : m_options.symbols) m_symbols.add_file(file);
    m_console.set_line_listener([this](const ConsolePiece& piece) { m_symbols.put(piece); });
    m_checks->connect(m_system);
    m_host.set_diagnostic_listener(
        [this](const Reported& r) { m_checks->diagnosed(r.diagnostic, r.time_ps); });
  }
  if (m_coverage) {
    for (const auto& instance : m_system.instances())
      m_coverage->add(instance->config->name, instance->component->kind());
  }
  explain_faults();
  if (m_recorder) m_recorder->connect(m_system);
  ConsoleControl* console = m_system.console();
  if (console != nullptr) console->set_backend(&m_console);
  const auto semihosting = m_system.semihosting();
  for (SemihostingControl* cpu : semihosting) {
    // As one growing region: the heap from below, the stack from above.
    cpu->set_surroundings(
        {&m_console, plan.command_line, plan.free_base, plan.free_end, plan.free_end, plan.free_base});
  }
  if (m_options.console && console == nullptr && semihosting.empty()) {
    config_error({m_config.file, 0, 0}, "console",
                 "--console: there is neither a serial port nor a CPU with semihosting");
  }
  m_console.set_before_output([this] { m_progress.clear(); });
  m_console.set_stopping(StopSignals::pause_requested);
  for (const std::string& remark : m_system.remarks()) tell("smmu-vp: {}\n", printable(remark));
  for (const std::string& mismatch : stream_mismatches(m_system, plan.device_tree))
    tell("smmu-vp: {}\n", printable(mismatch));
  for (const std::string& limitation : m_host.limitations()) tell("smmu-vp: {}\n", limitation);
  m_console.set_on_dump_key(DumpSignal::request);
  m_host.set_pausing(StopSignals::pause_requested);
  m_host.set_print([this](const Reported& r) { report(r); });
  m_host.set_program_counter([this] { return m_system.program_counter(); });

  StopSignals signals;
  const DumpSignal dump_signal;
  serve_gdb();
  m_beginning.emplace([this] {
    for (OutputFile* file : outputs()) file->begin();
    m_traces.begin();
  });
  std::optional<RawTerminal> terminal;
  if (m_options.console) terminal.emplace();
  m_clock = Clock();
  if (m_wall_limit) signals.arm_wall_limit(m_wall_limit->ps, wall_grace_seconds);
  const StopReason reason = simulate(plan);
  terminal.reset();
  finish(reason);
  if (m_gdb) m_gdb->finished(static_cast<int>(m_record.verdict.code));
  return m_record.verdict.code;
}

// --init and --module: into the initramfs that the configuration describes.
void change_initramfs(BootConfig& boot, const RunOptions& options) {
  const auto host_file = [&boot](const std::string& file, const char* option) {
    const Place place{fmt::format("--{} {}", option, file), 0, 0};
    if (boot.initrd) {
      config_error(
          place, option,
          fmt::format("nothing can be added to a whole initramfs, {}; leave that out, or put the file "
                      "into it",
                      boot.initrd->written));
    }
    return HostFile{file, file, place};
  };
  if (!options.init.empty()) boot.init = host_file(options.init, "init");
  const auto name = [](const HostFile& file) { return std::filesystem::path(file.path).filename(); };
  std::vector<HostFile> added;
  for (const std::string& path : options.modules) {
    added.push_back(host_file(path, "module"));
    boot.modules.erase(std::remove_if(boot.modules.begin(), boot.modules.end(),
                                      [&](const HostFile& m) { return name(m) == name(added.back()); }),
                       boot.modules.end());
  }
  boot.modules.insert(boot.modules.end(), added.begin(), added.end());
}

}  // namespace

PlatformConfig configured(const std::string& config_path, const RunOptions& options) {
  PlatformConfig config = read_config(config_path);
  for (const std::string& setting : options.settings) apply_setting(config, setting);
  if (options.adverse) make_adverse(config, *options.adverse);
  const auto replace = [](const std::string& file, const char* option, std::optional<HostFile>& to) {
    if (!file.empty()) to = HostFile{file, file, {fmt::format("--{} {}", option, file), 0, 0}};
  };
  BootConfig& boot = config.boot;
  replace(options.kernel, "kernel", boot.kernel);
  replace(options.dtb, "dtb", boot.dtb);
  replace(options.initrd, "initrd", boot.initrd);
  if (!options.initrd.empty()) {
    boot.modules.clear();
    boot.init.reset();
    boot.files.clear();
  }
  expand_modules(boot);
  change_initramfs(boot, options);
  // What the configuration promises to test is in its own kernel and initramfs.
  if (!options.kernel.empty() || !options.init.empty() || !options.initrd.empty()) config.run.min_tests = 0;
  return config;
}

ExitCode run(const std::string& config_path, const RunOptions& options) {
  PlatformConfig named;
  named.name = std::filesystem::path(config_path).stem().string();
  named.file = config_path;
  last_reports::describe(described(named, options));
  const PlatformConfig config = configured(config_path, options);
  last_reports::describe(described(config, options));
  return Run(config, options).go();
}

}  // namespace smmuvp::platform
