// Whatever a guest writes to its console: it is read as test results or ignored, and the reports can be made.
#include <cstdint>
#include <string>

#include "junit.h"
#include "ktap.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = smmuvp::platform::parse_ktap({reinterpret_cast<const char*>(data), size});
  smmuvp::platform::junit_xml("fuzz", report, "", 1);
  return 0;
}
