// SystemC's messages, kept off standard output.
#pragma once

namespace smmuvp::platform {

/// From now on SystemC's reports go to standard error, its notice of a stopped simulation nowhere. Errors are
/// thrown, as SystemC does by itself.
void redirect_systemc_reports();

}  // namespace smmuvp::platform
