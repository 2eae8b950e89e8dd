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
#include "decode.h"
#include "listings.h"
#include "options.h"
#include "output_file.h"
#include "platform_host.h"
#include "plugins.h"
#include "run.h"
#include "smmuvp/base/utf8.h"
#include "system.h"
#include "systemc_reports.h"
#include "walk.h"

namespace smmuvp::platform {
namespace {

// "check" and "dtb": everything that "run" does before simulation.
ExitCode prepare(const CommandLine& line) {
  const PlatformConfig config = configured(line.config, line.run);
  PlatformHost host;
  PluginCatalogue plugins(plugin_directories(config.plugin_directories));
  const System system(config, plugins, host);
  std::string bootargs = config.boot.bootargs;
  if (!line.run.append.empty()) bootargs += (bootargs.empty() ? "" : " ") + line.run.append;
  const BootPlan plan = plan_boot(system, bootargs);
  if (line.command == CommandLine::Command::Check) {
    fmt::print(stderr,
               "{}: {} components, kernel starts at {:#x}, device tree {} bytes, initramfs {} bytes: no "
               "mistakes found\n",
               printable(config.file), config.components.size(), plan.kernel.entry, plan.device_tree.size(),
               plan.initramfs.size());
    return ExitCode::Pass;
  }
  OutputFile file("output", line.output);
  refuse_same_file({&file}, system);
  file.write({reinterpret_cast<const char*>(plan.device_tree.data()), plan.device_tree.size()});
  if (const int error = file.flush(); error != 0)
    throw ConfigError("output", fmt::format("cannot write {}: {}", line.output, std::strerror(error)));
  return ExitCode::Pass;
}

// "decode" and "walk": their text is what was asked for, so it goes to standard output.
ExitCode look_at_tables(const CommandLine& line) {
  const char* no_colour = std::getenv("NO_COLOR");
  tables::Output output;
  output.print = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); };
  output.terminal = isatty(STDOUT_FILENO) != 0 && (no_colour == nullptr || *no_colour == 0);
  bool translated = true;
  if (line.command == CommandLine::Command::Decode) {
    tables::decode(line.arguments, std::cin, output);
  } else {
    translated = tables::walk(line.arguments, std::cin, output);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    fmt::print(stderr, "smmu-vp: cannot write to standard output: {}\n", std::strerror(errno));
    return ExitCode::Internal;
  }
  return translated ? ExitCode::Pass : ExitCode::Fail;
}

ExitCode command(const CommandLine& line) {
  switch (line.command) {
    case CommandLine::Command::Help:
      fmt::print("{}", help_text());
      return ExitCode::Pass;
    case CommandLine::Command::Version:
      fmt::print("smmu-vp {} ({}, plugin ABI {})\n", SMMUVP_VERSION, sc_core::sc_version(),
                 plugin_abi_version);
      return ExitCode::Pass;
    case CommandLine::Command::Run:
      return run(line.config, line.run);
    case CommandLine::Command::Check:
    case CommandLine::Command::Dtb:
      return prepare(line);
    case CommandLine::Command::Params:
    case CommandLine::Command::Components:
    case CommandLine::Command::TracePoints: {
      PluginCatalogue plugins(plugin_directories({}));
      fmt::print("{}", line.command == CommandLine::Command::Params        ? params_table(plugins, line.type)
                       : line.command == CommandLine::Command::TracePoints ? trace_table(plugins, line.type)
                                                                           : components_table(plugins));
      return ExitCode::Pass;
    }
    case CommandLine::Command::Decode:
    case CommandLine::Command::Walk:
      return look_at_tables(line);
  }
  return ExitCode::Internal;
}

// A file that is opened later would otherwise become standard output and be written over.
void open_standard_descriptors() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open() takes the lowest descriptor that is free, which is this one.
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor)
      _exit(static_cast<int>(ExitCode::Internal));
  }
}

}  // namespace
}  // namespace smmuvp::platform

int sc_main(int argc, char** argv) {
  using namespace smmuvp::platform;
  try {
    redirect_systemc_reports();
    const ExitCode code = command(parse_command_line(argc, argv));
    if (code != ExitCode::Pass || std::fflush(stdout) == 0) return static_cast<int>(code);
    fmt::print(stderr, "smmu-vp: cannot write to standard output: {}\n", std::strerror(errno));
    return static_cast<int>(ExitCode::Internal);
  } catch (const smmuvp::ConfigError& e) {
    // Words of the command line and of files are in it; some messages have several lines.
    fmt::print(stderr, "smmu-vp: {}\n", smmuvp::printable(e.what(), "\n"));
    return static_cast<int>(ExitCode::Config);
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "smmu-vp: this machine has not enough memory\n");
    return static_cast<int>(ExitCode::Internal);
  } catch (const std::exception& e) {
    fmt::print(stderr, "smmu-vp: internal error: {}\n", smmuvp::printable(e.what(), "\n"));
    return static_cast<int>(ExitCode::Internal);
  } catch (...) {
    fmt::print(stderr, "smmu-vp: internal error: a component threw something that is no std::exception\n");
    return static_cast<int>(ExitCode::Internal);
  }
}

// Comes before libsystemc's own main(), whose banner would be the first thing to see.
int main(int argc, char** argv) {
  smmuvp::platform::open_standard_descriptors();
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
