// What components hold, written when the run ends and when somebody asks meanwhile.
#pragma once
#include <string>

#include "output_file.h"
#include "system.h"

namespace smmuvp::platform {

/// From construction to destruction SIGUSR1 only sets a flag: the run looks at it between two slices, where
/// nothing is half done. Nothing of a run changes because of a dump.
class DumpSignal {
 public:
  DumpSignal();
  ~DumpSignal();
  DumpSignal(const DumpSignal&) = delete;
  DumpSignal& operator=(const DumpSignal&) = delete;

  /// As the signal does.
  static void request();
  /// Whether a dump has been asked for since the last call.
  static bool take();
};

/// Every component that shows what it holds (DumpControl), with a heading that tells time and reason; as
/// text, or as one JSON document in one line.
std::string dump_of(const System& system, const std::string& reason, std::uint64_t time_ps, bool json);

}  // namespace smmuvp::platform
