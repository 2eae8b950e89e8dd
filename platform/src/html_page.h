// The HTML report of a run: one file, for people.
#pragma once
#include <string>

#include "recorder.h"
#include "report.h"

namespace smmuvp::platform {

/// What the head of each of these files has, so that one can be told from other files.
constexpr const char* html_report_mark = "<meta name=\"generator\" content=\"smmu-vp run report\">";

/// The page of docs/html-report.md. Verdict, findings, events and failed tests are in it as tables; the rest
/// is drawn by its scripts. Nothing in it refers to another file or a network.
/// @param recorder  nullptr: the run has not begun
std::string html_report(const RunRecord& record, const PlatformHost& host, const Recorder* recorder);

/// Text of a guest or a user as HTML: no markup, and control characters in words.
std::string escaped(std::string_view text);

}  // namespace smmuvp::platform
