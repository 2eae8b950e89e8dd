#include "judge_options.h"

#include <fmt/format.h>

#include "console_watch.h"
#include "run_limits.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/checker/rules.h"

namespace smmuvp::platform {

namespace po = boost::program_options;

std::uint64_t number_option(const po::variables_map& map, const char* name, const char* example) {
  const std::string text = map[name].as<std::string>();
  std::uint64_t value = 0;
  if (!parse_uint(text, value))
    throw ConfigError(name,
                      fmt::format("--{}: '{}' is no number (expected for example {})", name, text, example));
  return value;
}

namespace {

// "tlbi.lazy=off"
void take_rule(const std::string& text, RunOptions& run) {
  const std::size_t equals = text.rfind('=');
  const std::string rule = text.substr(0, equals);
  const auto severity = equals == std::string::npos
                            ? std::nullopt
                            : checker::find_severity(std::string_view(text).substr(equals + 1));
  if (!severity) {
    throw ConfigError("check-rule",
                      fmt::format("--check-rule: '{}' does not end in =error, =warn, =note or =off", text));
  }
  std::vector<std::string> known;
  bool any = false;
  for (std::size_t i = 0; i < std::size(checker::rules); ++i) {
    known.emplace_back(checker::rules[i].id);
    if (!trace_filter_matches(rule, checker::rules[i].id)) continue;
    run.check_rules.emplace_back(i, *severity);
    any = true;
  }
  if (any) return;
  const std::string near = nearest(rule, known);
  throw ConfigError("check-rule",
                    fmt::format("--check-rule: there is no rule '{}'{}; docs/rules.md lists them", rule,
                                near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near)));
}

}  // namespace

po::options_description judge_options() {
  const auto text = [] { return po::value<std::string>(); };
  const auto texts = [] { return po::value<std::vector<std::string>>()->composing(); };
  po::options_description options("Options that judge a run", 110, 60);
  options.add_options()  //
      ("strict", "fail if the guest breaks a rule of the architecture")(
          "allow", texts()->value_name("SITE[=N]"),
          "with --strict: put up with this diagnostic (at most N of it); SITE or COMPONENT:SITE, as --strict "
          "and the JSON report name it; may be repeated")(
          "check", text()->value_name("LEVEL"),
          "watch how drivers use SMMUs, and fail if one makes a mistake of this level or worse: error, warn "
          "or note; off: "
          "tell of mistakes, and fail for none; docs/rules.md")(
          "check-rule", texts()->value_name("RULE=LEVEL"),
          "with --check: let a rule of docs/rules.md count as error, warn, note or off; 'tlbi.*' takes all "
          "of a "
          "kind; may be repeated")(
          "symbols", texts()->value_name("FILE"),
          "with --check: take names of functions from a vmlinux, a System.map or a .ko besides those of the "
          "bundled guest; may be repeated")(
          "baseline", text()->value_name("FILE"),
          "with --check: findings that this file has are known, and fail no run; docs/report.md")(
          "baseline-update",
          "write what is found into the file of --baseline, when the run has come to its end; nothing that "
          "the checker finds fails it")(
          "min-tests", text()->value_name("N"),
          "fail if fewer tests ran on the guest's console; 0 asks for none; default: min_tests of the "
          "configuration's [run]")("fail-on", texts()->value_name("REGEX"),
                                   "fail if a line of the console matches, besides the default (oops, panic, "
                                   "BUG and WARNING of Linux and "
                                   "of the bundled guest); extended syntax, for example 'fault: .* sid "
                                   "0x1[0-9a-f]+'; may be repeated")(
          "no-default-fail-on", "look for what --fail-on says and nothing else")(
          "console-limit", text()->value_name("SIZE"),
          fmt::format("end the run when the guest prints more than this; default {}",
                      number_text(default_console_limit, Notation::Size))
              .c_str())("name", text()->value_name("NAME"),
                        "what the reports call the run; default: the configuration's name");
  return options;
}

void take_judge_options(const po::variables_map& map, RunOptions& run) {
  run.strict = map.count("strict") != 0;
  if (map.count("allow") != 0) {
    if (!run.strict) throw ConfigError("allow", "--allow needs --strict");
    for (const std::string& text : map["allow"].as<std::vector<std::string>>())
      run.allow.push_back(parse_waiver(text));
  }
  if (map.count("check") != 0) {
    const std::string level = map["check"].as<std::string>();
    run.check = checker::find_severity(level);
    if (!run.check)
      throw ConfigError("check", fmt::format("--check: '{}' is none of error, warn, note, off", level));
  }
  if (map.count("check-rule") != 0) {
    if (!run.check) throw ConfigError("check-rule", "--check-rule needs --check");
    for (const std::string& text : map["check-rule"].as<std::vector<std::string>>()) take_rule(text, run);
  }
  if (map.count("symbols") != 0) {
    if (!run.check) throw ConfigError("symbols", "--symbols needs --check");
    run.symbols = map["symbols"].as<std::vector<std::string>>();
  }
  if (map.count("baseline") != 0) {
    run.baseline = map["baseline"].as<std::string>();
    if (run.baseline.empty()) throw ConfigError("baseline", "--baseline is empty");
    if (!run.check) throw ConfigError("baseline", "--baseline needs --check");
  }
  run.baseline_update = map.count("baseline-update") != 0;
  if (run.baseline_update && run.baseline.empty())
    throw ConfigError("baseline-update", "--baseline-update needs --baseline FILE");
  if (map.count("min-tests") != 0) run.min_tests = number_option(map, "min-tests", "1");
  run.fail_on = map.count("no-default-fail-on") != 0 ? std::vector<std::string>() : default_fail_on();
  if (map.count("fail-on") != 0) {
    const auto& more = map["fail-on"].as<std::vector<std::string>>();
    run.fail_on.insert(run.fail_on.end(), more.begin(), more.end());
  }
  // A mistake is told now, not when the platform has been built.
  const ConsoleWatch check(run.fail_on);
  if (map.count("console-limit") != 0) {
    run.console_limit = number_option(map, "console-limit", "64MiB");
    if (run.console_limit == 0) throw ConfigError("console-limit", "--console-limit must be more than 0");
  }
  if (map.count("name") != 0) {
    run.name = map["name"].as<std::string>();
    if (run.name.empty()) throw ConfigError("name", "--name is empty");
  }
}

}  // namespace smmuvp::platform
