// What the scripts of the HTML report draw from.
#pragma once
#include <string>

#include "recorder.h"
#include "report.h"

namespace smmuvp::platform {

/// One JSON document, in ASCII, that can stand in a script element: '<', '>' and '&' are escaped in it. Has
/// the JSON report but for the wall clock, so that two runs of the same words make the same document.
/// @param recorder  nullptr: the run has not begun
std::string html_data(const RunRecord& record, const PlatformHost& host, const Recorder* recorder);

}  // namespace smmuvp::platform
