// The command line.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/checker/rules.h"
#include "waivers.h"

namespace smmuvp::platform {

enum class Colour { Auto, Always, Never };

struct RunOptions {
  bool console = false;
  std::vector<std::string> settings;     ///< component.param=value
  std::optional<std::uint64_t> adverse;  ///< the seed of a hostile platform
  std::string append;                    ///< to bootargs
  std::vector<std::string> modules;      ///< beside or instead of those of [boot]
  std::string kernel;                    ///< these four replace what [boot] says
  std::string init;
  std::string initrd;
  std::string dtb;
  std::optional<std::uint64_t> timeout_sim_ps;
  std::optional<std::uint64_t> timeout_wall_ps;
  bool strict = false;
  std::vector<Waiver> allow;                                           ///< with strict
  std::vector<std::pair<std::size_t, checker::Severity>> check_rules;  ///< of checker::rules, in order
  std::vector<std::string> symbols;        ///< files with names of the guest's functions
  std::optional<checker::Severity> check;  ///< the least severity that fails a run; none: nothing is checked
  std::string baseline;                    ///< with check: the file of findings that are known
  bool baseline_update = false;
  std::optional<std::uint64_t> min_tests;
  std::vector<std::string> fail_on;            ///< patterns, the default ones too
  std::optional<std::uint64_t> console_limit;  ///< bytes
  std::string name;                            ///< of the run, in reports; empty: the configuration's
  std::vector<std::string> words;              ///< the command line after the program's name, for reports
  bool quiet = false;
  Colour colour = Colour::Auto;
  std::string json;
  std::string junit;
  std::string html;
  std::string console_file;
  std::string coverage;
  std::vector<std::string> trace;
  std::string trace_file;
  std::optional<std::uint64_t> trace_ring;  ///< lines that are kept; none: each is written as it comes
  std::string perfetto_file;
  std::string vcd_file;
  std::string inject;       ///< --inject
  std::string memory_file;  ///< --dump-memory
  bool dump_on_exit = false;
  std::string dump_file;   ///< where dumps go; empty: standard error
  bool dump_json = false;  ///< dumps as JSON
  std::string gdb;         ///< where the GDB server listens; empty: there is none
  bool gdb_wait = false;
};

struct CommandLine {
  enum class Command {
    Help,
    Version,
    Run,
    Check,
    Dtb,
    Params,
    Components,
    TracePoints,
    CoveragePoints,
    Decode,
    Walk,
    Compare,
    Why
  } command = Command::Help;
  std::string config;
  std::string type;                    ///< params, trace-points: only this one
  std::string output;                  ///< dtb
  std::vector<std::string> arguments;  ///< decode, walk, compare: what follows the command
  RunOptions run;
};

/// @throws ConfigError that says what is wrong with the command line
CommandLine parse_command_line(int argc, const char* const* argv);

/// Text of --help.
std::string help_text();

}  // namespace smmuvp::platform
