// The reports of a run that does not come to write its own: it is refused, crashes, or is ended from outside.
#pragma once
#include <string>

#include "exit_codes.h"
#include "report.h"

namespace smmuvp::platform::last_reports {

/// Looks for --json, --junit and --html in the words of `smmu-vp run`, before anything is known to be right,
/// and empties those files that hold a report: an earlier run's must not pass for one of this run, not even
/// if this one is killed. Any other content stays; an option may be misspelt. --help and --version touch
/// nothing.
void claim(int argc, const char* const* argv);

/// What the reports can say of the run, as soon as it is known.
void describe(const RunRecord& record);

/// Writes how the run ended, wherever claim() found a report, an empty file, no file, or standard output.
void write(ExitCode code, const std::string& reason);

/// From here on write_now() may come.
void arm();
/// For signal handlers: the same, with a reason of its own for each code. Does nothing before arm().
void write_now(ExitCode code);

}  // namespace smmuvp::platform::last_reports
