#include "junit.h"
#include "smmuvp/base/utf8.h"

#include <fmt/format.h>

namespace smmuvp::platform {

std::string xml_escape(const std::string& text) {
  constexpr const char* replacement = "\xef\xbf\xbd";
  std::string out;
  const std::string valid = to_valid_utf8(text);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    // XML 1.0, 2.2: U+FFFE and U+FFFF are no characters.
    if (valid.compare(i, 3, "\xef\xbf\xbe") == 0 || valid.compare(i, 3, "\xef\xbf\xbf") == 0) {
      out += replacement;
      i += 2;
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0, 2.2: no control characters besides tab and line ends.
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
          out += replacement;
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string junit_xml(const std::string& name, const KtapReport& ktap, const std::string& failure,
                      std::uint64_t time_ps) {
  const std::string suite = xml_escape(name);
  const std::string time =
      fmt::format("{}.{:06}", time_ps / 1000'000'000'000, time_ps % 1000'000'000'000 / 1000'000);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" skipped=\"{}\" errors=\"0\" time=\"{}\"",
                  ktap.cases.size() + 1, ktap.count(KtapCase::Result::Failed) + (failure.empty() ? 0 : 1),
                  ktap.count(KtapCase::Result::Skipped), time);
  xml += fmt::format("<testsuites {}>\n  <testsuite name=\"{}\" {}>\n", counts, suite, counts);
  for (const KtapCase& c : ktap.cases) {
    const std::string in = c.suite.empty() ? suite : suite + "." + xml_escape(c.suite);
    xml += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", in, xml_escape(c.name));
    std::string output;
    for (const std::string& line : c.diagnostics) output += line + "\n";
    switch (c.result) {
      case KtapCase::Result::Passed:
        xml += "/>\n";
        break;
      case KtapCase::Result::Skipped:
        xml += fmt::format("><skipped message=\"{}\"/></testcase>\n", xml_escape(c.reason));
        break;
      case KtapCase::Result::Failed:
        xml += fmt::format("><failure message=\"not ok\">{}</failure></testcase>\n", xml_escape(output));
        break;
    }
  }
  xml += fmt::format("    <testcase classname=\"{}\" name=\"run\" time=\"{}\"", suite, time);
  if (failure.empty()) {
    xml += "/>\n";
  } else {
    xml += fmt::format("><failure message=\"{}\"/></testcase>\n", xml_escape(failure));
  }
  xml += "  </testsuite>\n</testsuites>\n";
  return xml;
}

}  // namespace smmuvp::platform
