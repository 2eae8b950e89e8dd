// Whatever a guest writes to its console: it is read as test results or ignored, patterns are found in it or
// not, it tells of modules or not, and the reports can be made. What patterns are found in also serves as a
// pattern.
#include <cstdint>
#include <string>
#include <string_view>

#include "console_watch.h"
#include "junit.h"
#include "ktap.h"
#include "module_lines.h"
#include "platform_host.h"
#include "report.h"
#include "smmuvp/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smmuvp::platform;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RunRecord record;
  record.ktap = parse_ktap(text);
  std::vector<std::string> patterns = default_fail_on();
  try {
    const std::string first_line(text.substr(0, text.find('\n')));
    const Pattern pattern(first_line, "fuzz");
    patterns.push_back(first_line);
  } catch (const smmuvp::ConfigError&) {
  }
  ConsoleWatch watch(patterns);
  ModuleLines modules;
  ConsoleLines lines([&](const ConsolePiece& piece) {
    watch.put(piece);
    modules.put(piece);
  });
  lines.put(text);
  lines.finish();
  record.matches = watch.matches();
  record.modules = modules.files();
  junit_xml(record);
  const PlatformHost host;
  json_report(record, host);
  summary(record, host, false);
  return 0;
}
