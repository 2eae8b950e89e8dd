// smmu-vp: chooses the command and turns what went wrong into an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <new>
#include <string_view>
#include <systemc>

#include "boot.h"
#include "compare.h"
#include "coverage.h"
#include "decode.h"
#include "last_reports.h"
#include "listings.h"
#include "messages.h"
#include "options.h"
#include "output_file.h"
#include "platform_host.h"
#include "plugins.h"
#include "run.h"
#include "smmuvp/base/config_errors.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/base/version.h"
#include "stream_check.h"
#include "system.h"
#include "systemc_reports.h"
#include "walk.h"
#include "why.h"

namespace smmuvp::platform {
namespace {

// errno of the first write to standard output that failed.
int print_error = 0;

// Text that was asked for.
void print(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && print_error == 0)
    print_error = errno != 0 ? errno : EIO;
}

// Text that nobody gets is no success.
ExitCode unless_lost(ExitCode code) {
  if (std::fflush(stdout) != 0 && print_error == 0) print_error = errno;
  if (print_error == 0) return code;
  tell("smmu-vp: cannot write to standard output: {}\n", std::strerror(print_error));
  return ExitCode::Internal;
}

// "check" and "dtb": everything that "run" does before simulation.
ExitCode prepare(const CommandLine& line) {
  const PlatformConfig config = configured(line.config, line.run);
  PlatformHost host;
  // What components say of themselves may explain a mistake that is found later.
  host.set_print([](const Reported& r) { tell("smmu-vp: {}\n", printable(to_text(r.diagnostic), "\n")); });
  PluginCatalogue plugins(plugin_directories(config.plugin_directories));
  const System system(config, plugins, host);
  std::string bootargs = config.boot.bootargs;
  if (!line.run.append.empty()) bootargs += (bootargs.empty() ? "" : " ") + line.run.append;
  const BootPlan plan = plan_boot(system, bootargs);
  std::vector<std::string> remarks = system.remarks();
  for (std::string& mismatch : stream_mismatches(system, plan.device_tree))
    remarks.push_back(std::move(mismatch));
  for (const std::string& remark : remarks) tell("smmu-vp: {}\n", printable(remark));
  if (line.command == CommandLine::Command::Check) {
    tell(
        "{}: {} components, kernel starts at {:#x}, device tree {} bytes, initramfs {} bytes: no "
        "{}mistakes found\n",
        printable(config.file), config.components.size(), plan.kernel.entry, plan.device_tree.size(),
        plan.initramfs.size(), remarks.empty() && host.diagnostics().empty() ? "" : "other ");
    return ExitCode::Pass;
  }
  OutputFile file("output", line.output);
  refuse_same_file({&file}, system);
  file.write({reinterpret_cast<const char*>(plan.device_tree.data()), plan.device_tree.size()});
  if (const int error = file.flush(); error != 0) {
    tell("smmu-vp: cannot write --output {}: {}\n", printable(line.output), std::strerror(error));
    return ExitCode::Internal;
  }
  return ExitCode::Pass;
}

// "decode" and "walk": their text is what was asked for, so it goes to standard output.
ExitCode look_at_tables(const CommandLine& line) {
  const char* no_colour = std::getenv("NO_COLOR");
  tables::Output output;
  output.print = print;
  output.terminal = isatty(STDOUT_FILENO) != 0 && (no_colour == nullptr || *no_colour == 0);
  bool translated = true;
  if (line.command == CommandLine::Command::Decode) {
    tables::decode(line.arguments, std::cin, output);
  } else {
    translated = tables::walk(line.arguments, std::cin, output);
  }
  return unless_lost(translated ? ExitCode::Pass : ExitCode::Fail);
}

ExitCode command(const CommandLine& line) {
  switch (line.command) {
    case CommandLine::Command::Help:
      print(help_text());
      return unless_lost(ExitCode::Pass);
    case CommandLine::Command::Version:
      print(fmt::format("smmu-vp {} ({}, plugin ABI {})\n", SMMUVP_VERSION_TEXT, sc_core::sc_version(),
                        plugin_abi_version));
      return unless_lost(ExitCode::Pass);
    case CommandLine::Command::Run:
      return run(line.config, line.run);
    case CommandLine::Command::Check:
    case CommandLine::Command::Dtb:
      return prepare(line);
    case CommandLine::Command::Params:
    case CommandLine::Command::Components:
    case CommandLine::Command::TracePoints: {
      PluginCatalogue plugins(plugin_directories({}));
      print(line.command == CommandLine::Command::Params        ? params_table(plugins, line.type)
            : line.command == CommandLine::Command::TracePoints ? trace_table(plugins, line.type)
                                                                : components_table(plugins));
      return unless_lost(ExitCode::Pass);
    }
    case CommandLine::Command::CoveragePoints: {
      OutputFile file("json", line.run.json);
      if (!file.wanted()) {
        print(coverage::points_table());
        return unless_lost(ExitCode::Pass);
      }
      file.write(coverage::points_json(SMMUVP_VERSION_TEXT));
      if (const int error = file.flush(); error != 0)
        throw ConfigError("json",
                          fmt::format("--json: cannot write {}: {}", line.run.json, std::strerror(error)));
      return ExitCode::Pass;
    }
    case CommandLine::Command::Compare:
      return unless_lost(compare(line.arguments, print) ? ExitCode::Pass : ExitCode::Fail);
    case CommandLine::Command::Why: {
      const char* no_colour = std::getenv("NO_COLOR");
      why(line.arguments, print, isatty(STDOUT_FILENO) != 0 && (no_colour == nullptr || *no_colour == 0));
      return unless_lost(ExitCode::Pass);
    }
    case CommandLine::Command::Decode:
    case CommandLine::Command::Walk:
      return look_at_tables(line);
  }
  return ExitCode::Internal;
}

// A file that is opened later would otherwise become standard output and be written over. Standard output
// that was closed is there for reading only, so that what is written to it fails and is told.
void open_standard_descriptors() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const int mode = descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    // open() takes the lowest descriptor that is free, which is this one.
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", mode) != descriptor)
      _exit(static_cast<int>(ExitCode::Internal));
  }
}

ExitCode ended(ExitCode code, const std::string& reason) {
  last_reports::write(code, reason);
  return code;
}

ExitCode outcome(int argc, char** argv) {
  try {
    redirect_systemc_reports();
    return command(parse_command_line(argc, argv));
  } catch (const ConfigErrors& e) {
    for (const ConfigError& one : e.all()) tell("smmu-vp: {}\n", printable(one.what(), "\n"));
    return ended(ExitCode::Config, e.what());
  } catch (const ConfigError& e) {
    // Words of the command line and of files are in it; some messages have several lines.
    tell("smmu-vp: {}\n", printable(e.what(), "\n"));
    return ended(ExitCode::Config, e.what());
  } catch (const std::bad_alloc&) {
    tell("smmu-vp: this machine has not enough memory\n");
    return ended(ExitCode::Internal, "this machine has not enough memory");
  } catch (const std::exception& e) {
    tell("smmu-vp: internal error: {}\n", printable(e.what(), "\n"));
    return ended(ExitCode::Internal, e.what());
  } catch (...) {
    const char* reason = "a component threw something that is no std::exception";
    tell("smmu-vp: internal error: {}\n", reason);
    return ended(ExitCode::Internal, reason);
  }
}

}  // namespace
}  // namespace smmuvp::platform

int sc_main(int argc, char** argv) { return static_cast<int>(smmuvp::platform::outcome(argc, argv)); }

// Comes before libsystemc's own main(), whose banner would be the first thing to see.
int main(int argc, char** argv) {
  smmuvp::platform::open_standard_descriptors();
  smmuvp::platform::last_reports::claim(argc, argv);
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
