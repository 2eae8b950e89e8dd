// SystemC reports of this library.
#pragma once
#include <string>

namespace smmuvp {

// In place of SC_REPORT_*, which tell the path of a source file on the machine that compiled it.

/// @param source  the component; part of the message type, "/smmu-vp/<source>"
void report_warning(const std::string& source, const std::string& text);
/// Throws, unless the program has told SystemC otherwise.
void report_error(const std::string& source, const std::string& text);

}  // namespace smmuvp
