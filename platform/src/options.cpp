#include "options.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <sstream>

#include "duration.h"
#include "exit_codes.h"
#include "judge_options.h"
#include "output_file.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/params.h"
#include "trace_ring.h"

namespace smmuvp::platform {

namespace po = boost::program_options;

namespace {

po::options_description run_options() {
  const auto text = [] { return po::value<std::string>(); };
  const auto texts = [] { return po::value<std::vector<std::string>>()->composing(); };
  po::options_description options(
      "Options of run (check and dtb take --set, --adverse, --append, --kernel, --module, --init, --initrd, "
      "--dtb)",
      110, 60);
  options.add_options()  //
      ("console",
       "connect standard input to the serial port and to semihosting; at a terminal Ctrl-C ends the run and "
       "Ctrl-] is the "
       "guest's "
       "Ctrl-C; a file or pipe that ends gives no more input, and the run goes on until the guest or a "
       "time-out "
       "ends it")                                                                                   //
      ("set", texts()->value_name("COMPONENT.PARAM=VALUE"), "change a parameter; may be repeated")  //
      ("adverse", text()->value_name("SEED"),
       "make the platform as hostile to drivers as the architecture allows, so that their races show: "
       "times, caches, speculation and quanta by this number; docs/adverse.md")                        //
      ("append", text()->value_name("BOOTARGS"), "add to the kernel's command line")                   //
      ("kernel", text()->value_name("FILE"), "boot this kernel: ELF or arm64 Image, gzip, EFI zboot")  //
      ("module", texts()->value_name("FILE"),
       "put this module into /lib/modules of the initramfs, instead of the configuration's if that has one "
       "of "
       "the same file name; may be repeated")                                                            //
      ("init", text()->value_name("FILE"), "run this init script instead of the configuration's")        //
      ("initrd", text()->value_name("FILE"), "give it this initramfs, as it is, and no other")           //
      ("dtb", text()->value_name("FILE"), "give it this device tree, with /chosen filled in")            //
      ("timeout-sim", text()->value_name("TIME"), "end the run after this simulated time (10s, 500ms)")  //
      ("timeout-wall", text()->value_name("TIME"),
       "end the run after this time of yours; default 30min where standard output is no terminal, else "
       "none")                                                                              //
      ("json", text()->value_name("FILE"), "write verdict, digest, statistics and events")  //
      ("junit", text()->value_name("FILE"), "write the guest's test results as JUnit XML")  //
      ("html", text()->value_name("FILE"),
       "write a page for people: verdict, timeline, faults with their records, findings, streams, "
       "statistics; "
       "docs/html-report.md")                                                             //
      ("console-file", text()->value_name("FILE"), "copy the guest's console to a file")  //
      ("coverage", text()->value_name("FILE"),
       "count what the guest has used of SMMUs: structures, commands, events, formats, registers; "
       "docs/ci.md")  //
      ("trace", texts()->value_name("POINT[,POINT]"),
       "trace points by name, as 'smmu-vp trace-points' lists them; 'smmu.*' takes all of a kind")(
          "trace-file", text()->value_name("FILE"),
          "where the trace goes, instead of standard error; without --trace, all points")  //
      ("trace-ring", po::value<std::uint64_t>()->value_name("N"),
       "keep the last N lines of the trace, and write them only when something goes wrong: an access that an "
       "SMMU terminates, an event record, a diagnostic, a run that does not pass; docs/traces.md")  //
      ("perfetto", text()->value_name("FILE"),
       "write translations, walks, commands, DMA, queues and lines as a trace for ui.perfetto.dev")  //
      ("vcd", text()->value_name("FILE"), "write lines, queue levels and slots in use for GTKWave")  //
      ("inject", text()->value_name("PLAN"),
       "inject the faults that this TOML file describes into SMMUs; a run in which one of them does not "
       "happen "
       "fails; docs/fault-injection.md")  //
      ("dump-memory", text()->value_name("FILE"),
       "write memory, and what SMMUs are set up to, when the run ends: an ELF core file with holes, for "
       "'smmu-vp "
       "walk'")  //
      ("dump-on-exit", text()->implicit_value("", "standard error")->value_name("FILE"),
       "show what SMMUs hold when the run ends: registers, stream tables, queues, caches; SIGUSR1, and "
       "Ctrl-^ at "
       "a terminal with --console, do so at any time, into the same FILE")  //
      ("dump-json", "dumps as JSON, a document a line")                     //
      ("gdb", text()->value_name("PORT|unix:PATH"),
       "let gdb connect, from this machine only; docs/debugging.md")         //
      ("gdb-wait", "with --gdb: wait for gdb before the first instruction")  //
      ("quiet", "no summary, no diagnostics, no progress")                   //
      ("color", text()->value_name("WHEN"), "auto, always or never");
  options.add(judge_options());
  return options;
}

std::uint64_t time_option(const po::variables_map& map, const char* name) {
  const std::string text = map[name].as<std::string>();
  std::uint64_t ps = 0;
  if (!parse_duration(text, ps)) {
    throw ConfigError(name,
                      fmt::format("--{}: '{}' is no time (expected for example 10s or 500ms)", name, text));
  }
  if (ps == 0) throw ConfigError(name, fmt::format("--{}: '{}' must be more than 0", name, text));
  return ps;
}

// "-" stands for standard output, which has room for one; the console then goes to standard error.
void check_standard_output(const RunOptions& run) {
  if (run.console_file == standard_output_name) {
    throw ConfigError(
        "console-file",
        "--console-file -: the guest's console is on standard output without it; a file of that "
        "name is ./-");
  }
  std::string first;
  for (const auto& [option, path] : {std::pair("--json", &run.json),
                                     {"--junit", &run.junit},
                                     {"--html", &run.html},
                                     {"--trace-file", &run.trace_file},
                                     {"--perfetto", &run.perfetto_file},
                                     {"--vcd", &run.vcd_file},
                                     {"--dump-on-exit", &run.dump_file}}) {
    if (*path != standard_output_name) continue;
    if (!first.empty()) {
      throw ConfigError("", fmt::format("{} - and {} - cannot both have standard output; give one of them a "
                                        "file",
                                        first, option));
    }
    first = option;
  }
}

void take_run_options(const po::variables_map& map, RunOptions& run) {
  const auto text = [&](const char* name, std::string& to) {
    if (map.count(name) == 0) return;
    to = map[name].as<std::string>();
    if (to.empty()) throw ConfigError(name, fmt::format("--{} is empty", name));
  };
  run.console = map.count("console") != 0;
  run.quiet = map.count("quiet") != 0;
  if (map.count("set") != 0) run.settings = map["set"].as<std::vector<std::string>>();
  if (map.count("adverse") != 0) run.adverse = number_option(map, "adverse", "1");
  text("append", run.append);
  text("kernel", run.kernel);
  if (map.count("module") != 0) run.modules = map["module"].as<std::vector<std::string>>();
  text("init", run.init);
  text("initrd", run.initrd);
  text("dtb", run.dtb);
  if (map.count("timeout-sim") != 0) run.timeout_sim_ps = time_option(map, "timeout-sim");
  if (map.count("timeout-wall") != 0) run.timeout_wall_ps = time_option(map, "timeout-wall");
  text("json", run.json);
  text("junit", run.junit);
  text("html", run.html);
  text("console-file", run.console_file);
  text("coverage", run.coverage);
  if (run.coverage == standard_output_name)
    throw ConfigError("coverage", "--coverage -: expected a file; one of that name is ./-");
  text("trace-file", run.trace_file);
  text("perfetto", run.perfetto_file);
  text("vcd", run.vcd_file);
  text("inject", run.inject);
  text("dump-memory", run.memory_file);
  if (run.memory_file == standard_output_name) {
    throw ConfigError(
        "dump-memory",
        "--dump-memory -: memory goes to a file, of which most is holes; a file of that name is ./-");
  }
  run.dump_on_exit = map.count("dump-on-exit") != 0;
  if (run.dump_on_exit) run.dump_file = map["dump-on-exit"].as<std::string>();
  run.dump_json = map.count("dump-json") != 0;
  check_standard_output(run);
  text("gdb", run.gdb);
  run.gdb_wait = map.count("gdb-wait") != 0;
  if (run.gdb_wait && run.gdb.empty()) throw ConfigError("gdb-wait", "--gdb-wait needs --gdb");
  if (map.count("trace") != 0) {
    for (const std::string& list : map["trace"].as<std::vector<std::string>>()) {
      std::istringstream stream(list);
      for (std::string word; std::getline(stream, word, ',');) {
        if (!word.empty()) run.trace.push_back(word);
      }
    }
    if (run.trace.empty()) throw ConfigError("trace", "--trace names no trace point");
  }
  if (map.count("trace-ring") != 0) {
    run.trace_ring = map["trace-ring"].as<std::uint64_t>();
    if (*run.trace_ring == 0 || *run.trace_ring > TraceRing::most_lines) {
      throw ConfigError("trace-ring", fmt::format("--trace-ring: {} is not from 1 to {} lines",
                                                  *run.trace_ring, TraceRing::most_lines));
    }
  }
  if ((!run.trace_file.empty() || run.trace_ring) && run.trace.empty()) run.trace.push_back("*");
  take_judge_options(map, run);
  if (map.count("color") != 0) {
    const std::string when = map["color"].as<std::string>();
    if (when == "always") {
      run.colour = Colour::Always;
    } else if (when == "never") {
      run.colour = Colour::Never;
    } else if (when != "auto") {
      throw ConfigError("color", fmt::format("--color: '{}' is none of auto, always, never", when));
    }
  }
}

void only(const po::variables_map& map, const std::string& command, const std::vector<std::string>& allowed) {
  for (const auto& [name, value] : map) {
    if (value.defaulted() || name == "arguments") continue;
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      throw ConfigError(name, fmt::format("'smmu-vp {}' takes no --{}", command, name));
    }
  }
}

// Commands that have options of their own.
std::optional<CommandLine::Command> command_of_its_own(const std::string& word) {
  if (word == "decode") return CommandLine::Command::Decode;
  if (word == "walk") return CommandLine::Command::Walk;
  if (word == "compare") return CommandLine::Command::Compare;
  if (word == "why") return CommandLine::Command::Why;
  return std::nullopt;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  if (const auto own = command_of_its_own(argc > 1 ? argv[1] : "")) {
    line.command = *own;
    line.arguments.assign(argv + 2, argv + argc);
    return line;
  }
  po::options_description all = run_options();
  all.add_options()("help,h", "")("version", "")("output,o", po::value<std::string>(), "")(
      "arguments", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("arguments", -1);
  po::variables_map map;
  try {
    po::store(po::command_line_parser(argc, argv)
                  .options(all)
                  .positional(positional)
                  .style(po::command_line_style::default_style & ~po::command_line_style::allow_guessing)
                  .run(),
              map);
    po::notify(map);
  } catch (const po::unknown_option& e) {
    std::vector<std::string> known;
    for (const auto& option : all.options()) known.push_back("--" + option->long_name());
    const std::string near = nearest(e.get_option_name(), known);
    throw ConfigError(
        "", near.empty() ? fmt::format("unknown option '{}'", e.get_option_name())
                         : fmt::format("unknown option '{}'; did you mean '{}'?", e.get_option_name(), near));
  } catch (const po::error& e) {
    throw ConfigError("", e.what());
  }
  // With --help, too: a script can ask whether its options are right before it does anything.
  take_run_options(map, line.run);
  if (map.count("help") != 0) return line;
  if (map.count("version") != 0) {
    line.command = CommandLine::Command::Version;
    return line;
  }
  std::vector<std::string> words;
  if (map.count("arguments") != 0) words = map["arguments"].as<std::vector<std::string>>();
  if (words.empty()) throw ConfigError("", "no command; 'smmu-vp --help' lists them");

  struct Form {
    const char* name;
    CommandLine::Command command;
    std::size_t least;
    std::size_t most;
    const char* argument;
    std::vector<std::string> options;
  };
  std::vector<std::string> run_names;
  const po::options_description run_only = run_options();
  for (const auto& option : run_only.options()) run_names.push_back(option->long_name());
  // What changes the platform or what it boots.
  const std::vector<std::string> platform_names = {"set",    "adverse", "append", "kernel",
                                                   "module", "init",    "initrd", "dtb"};
  std::vector<std::string> dtb_names = platform_names;
  dtb_names.emplace_back("output");
  const std::vector<Form> forms = {
      {"run", CommandLine::Command::Run, 1, 1, "CONFIG", run_names},
      {"check", CommandLine::Command::Check, 1, 1, "CONFIG", platform_names},
      {"dtb", CommandLine::Command::Dtb, 1, 1, "CONFIG", dtb_names},
      {"params", CommandLine::Command::Params, 0, 1, "[TYPE]", {}},
      {"components", CommandLine::Command::Components, 0, 0, "", {}},
      {"trace-points", CommandLine::Command::TracePoints, 0, 1, "[TYPE]", {}},
      {"coverage-points", CommandLine::Command::CoveragePoints, 0, 0, "", {"json"}},
      {"decode", CommandLine::Command::Decode, 0, 0, "KIND ... as the first words of the command line", {}},
      {"walk", CommandLine::Command::Walk, 0, 0, "... as the first word of the command line", {}},
      {"compare", CommandLine::Command::Compare, 0, 0, "A B as the first words of the command line", {}},
      {"why", CommandLine::Command::Why, 0, 0, "RUN.json as the first words of the command line", {}},
      {"help", CommandLine::Command::Help, 0, 1, "", {}},
  };
  std::vector<std::string> names;
  for (const Form& form : forms) {
    names.emplace_back(form.name);
    if (words[0] != form.name) continue;
    if (words.size() - 1 < form.least || words.size() - 1 > form.most) {
      throw ConfigError("", fmt::format("expected: smmu-vp {} {}", form.name, form.argument));
    }
    if (form.command == CommandLine::Command::Help && words.size() > 1) {
      if (const auto own = command_of_its_own(words[1])) {
        line.command = *own;
        line.arguments = {"--help"};
        return line;
      }
    }
    only(map, form.name, form.options);
    line.run.words.assign(argv + 1, argv + argc);
    line.command = form.command;
    const bool takes_type =
        form.command == CommandLine::Command::Params || form.command == CommandLine::Command::TracePoints;
    if (words.size() > 1) (takes_type ? line.type : line.config) = words[1];
    if (map.count("output") != 0) line.output = map["output"].as<std::string>();
    if (form.command == CommandLine::Command::Dtb && line.output.empty()) {
      throw ConfigError("output", "expected: smmu-vp dtb CONFIG -o FILE");
    }
    return line;
  }
  const std::string near = nearest(words[0], names);
  throw ConfigError("", near.empty()
                            ? fmt::format("unknown command '{}'; 'smmu-vp --help' lists them", words[0])
                            : fmt::format("unknown command '{}'; did you mean '{}'?", words[0], near));
}

std::string help_text() {
  std::ostringstream options;
  options << run_options();
  std::string codes;
  for (const ExitCodeInfo& i : exit_codes()) {
    codes += fmt::format("  {:>3}  {:<13} {}\n", static_cast<int>(i.code), i.name, i.text);
  }
  return fmt::format(R"(smmu-vp: a virtual platform with models of Arm's SMMUs, and a guest that drives them

  smmu-vp run CONFIG [options]   build the platform, start the guest, report how it ended
  smmu-vp check CONFIG           build the platform and stop before simulation
  smmu-vp dtb CONFIG -o FILE     write the device tree that the guest gets
  smmu-vp components             the types of components that plugins offer
  smmu-vp params [TYPE]          their parameters: type, default, range, meaning
  smmu-vp trace-points [TYPE]    what they can trace: name, fields, meaning
  smmu-vp coverage-points        what --coverage counts: name, clause, meaning; --json FILE as JSON
  smmu-vp decode pte OPTIONS...  what a translation-table descriptor says, field by field: decode --help
  smmu-vp decode KIND WORD...    the same for the SMMUv3's structures: ste, cd, cmd, vms, event, pri, l1std, l1cd
  smmu-vp decode smmuv2 REG=HEX  the same for the SMMUv2's registers, such as FSR=0x402
  smmu-vp walk DUMP OPTIONS...   walk the translation tables in a dump of memory, step by step: walk --help
  smmu-vp why RUN.json [FAULT]   why accesses were denied in a run with --json, step by step: why --help
  smmu-vp compare A B            what differs in the statistics of two JSON reports
  smmu-vp --help | --version

{}
Examples
  smmu-vp run vp-configs/gki-smmuv3.toml
  smmu-vp run vp-configs/gki-smmuv3.toml --console
  smmu-vp run my.toml --set smmu0.SIDSIZE=14 --timeout-sim 10s --json run.json --junit run.xml
  smmu-vp run my.toml --trace 'smmu.*' --trace-file trace.txt
  smmu-vp run my.toml --perfetto run.pftrace --vcd run.vcd
  smmu-vp run my.toml --inject plan.toml --trace inject.fired
  smmu-vp run my.toml --adverse 7 --check error
  smmu-vp run my.toml --strict --allow dma0:RING_ERROR=1 --min-tests 10 --fail-on 'timeout waiting'
  smmu-vp params smmuv3
  smmu-vp dtb my.toml -o my.dtb && dtc -I dtb -O dts my.dtb
  smmu-vp decode --help
  smmu-vp walk --help
  smmu-vp why run.json last
  smmu-vp compare before.json after.json --tolerance '*.tlb_misses=5%'

In a run the guest's console is the only thing on standard output; everything else goes to standard error. '-' for
a file of --json, --junit, --trace-file, --perfetto, --vcd or -o is standard output; the console then goes to
standard error.
Plugins are files libsmmuvp-<name>.so, looked for beside the program, then in the folders of
SMMU_VP_PLUGIN_PATH (separated by ':'), then in the configuration's 'plugins'.

Exit codes
{})",
                     options.str(), codes);
}

}  // namespace smmuvp::platform
