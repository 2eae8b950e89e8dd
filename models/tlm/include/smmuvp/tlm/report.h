// SystemC reports of a component.
#pragma once
#include <string>

#include "smmuvp/base/export.h"

namespace smmuvp {

// In place of SC_REPORT_*, which tell the path of a source file on the machine that compiled it.

/// @param source  the component; part of the message type, "/smmu-vp/<source>"
SMMUVP_EXPORT void report_warning(const std::string& source, const std::string& text);
/// Throws, unless the program has told SystemC otherwise.
SMMUVP_EXPORT void report_error(const std::string& source, const std::string& text);

}  // namespace smmuvp
