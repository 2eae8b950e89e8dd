#include "junit.h"
#include "duration.h"
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

namespace {

std::string property(const std::string& name, const std::string& value) {
  return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", xml_escape(name), xml_escape(value));
}

// A word as a shell would take it.
std::string quoted(const std::string& word) {
  constexpr const char* plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string properties(const RunRecord& record) {
  std::string arguments;
  for (const std::string& word : record.words) arguments += (arguments.empty() ? "" : " ") + quoted(word);
  std::string xml = "    <properties>\n" + property("version", program_version()) +
                    property("platform", record.platform) + property("arguments", arguments);
  for (const std::string& setting : record.settings) {
    const std::size_t equals = setting.find('=');
    xml += property("set." + setting.substr(0, equals),
                    equals == std::string::npos ? "" : setting.substr(equals + 1));
  }
  xml += property("verdict", info(record.verdict.code).name);
  if (!record.digest.empty())
    xml += property("digest", record.digest) + property("untimed_digest", record.untimed_digest);
  return xml + "    </properties>\n";
}

std::string case_xml(const std::string& classname, const KtapCase& c) {
  std::string xml = fmt::format("    <testcase classname=\"{}\" name=\"{}\"", classname, xml_escape(c.name));
  switch (c.result) {
    case KtapCase::Result::Passed:
      return xml + "/>\n";
    case KtapCase::Result::Skipped:
      return xml + fmt::format("><skipped message=\"{}\"/></testcase>\n", xml_escape(c.reason));
    case KtapCase::Result::Failed:
      break;
  }
  std::string output;
  for (const std::string& line : c.diagnostics) output += line + "\n";
  return xml + fmt::format("><failure message=\"{}\">{}</failure></testcase>\n",
                           c.reason.empty() ? "not ok" : xml_escape("not ok: " + c.reason),
                           xml_escape(output));
}

// The checker's rules as tests, for each SMMU that was watched.
struct CheckCases {
  std::string xml;
  std::size_t count = 0, failures = 0, skipped = 0;
};

CheckCases check_cases(const CheckReport& check, const std::string& suite) {
  constexpr std::size_t most_texts = 100;  // of a rule; the JSON report has more
  CheckCases cases;
  for (const std::string& smmu : check.smmus) {
    for (std::size_t i = 0; i < std::size(checker::rules); ++i) {
      const checker::Rule& r = checker::rules[i];
      std::size_t known = 0;
      std::size_t others = 0;
      std::string texts;
      for (std::size_t f = 0; f < check.findings.size(); ++f) {
        if (static_cast<std::size_t>(check.findings[f].rule) != i || check.findings[f].smmu != smmu) continue;
        ++(check.is_known(f) ? known : others);
        if (known + others > most_texts) continue;
        texts += fmt::format("[{}] {}{}\n", duration_text(check.findings[f].time_ps),
                             check.is_known(f) ? "known: " : "", to_text(check.findings[f]));
      }
      if (known + others > most_texts) texts += fmt::format("{} more\n", known + others - most_texts);
      ++cases.count;
      cases.xml += fmt::format("    <testcase classname=\"{}.check.{}\" name=\"{}\"", suite, xml_escape(smmu),
                               xml_escape(r.id));
      const bool fails =
          check.fails_from != checker::Severity::off && check.severities[i] >= check.fails_from;
      if (others != 0 && fails) {
        ++cases.failures;
        cases.xml += fmt::format("><failure type=\"{}\" message=\"{}\">{}</failure></testcase>\n",
                                 checker::to_string(check.severities[i]),
                                 xml_escape(fmt::format("{}: {} finding{}, {} known", r.title, known + others,
                                                        known + others == 1 ? "" : "s", known)),
                                 xml_escape(texts));
      } else if (known != 0) {
        ++cases.skipped;
        cases.xml += fmt::format(
            "><skipped message=\"{} known finding{}: --baseline\"/>"
            "<system-out>{}</system-out></testcase>\n",
            known, known == 1 ? "" : "s", xml_escape(texts));
      } else if (others != 0) {
        cases.xml += fmt::format("><system-out>{}</system-out></testcase>\n", xml_escape(texts));
      } else {
        cases.xml += "/>\n";
      }
    }
  }
  return cases;
}

}  // namespace

std::string junit_xml(const RunRecord& record) {
  const KtapReport& ktap = record.ktap;
  const bool pass = record.verdict.code == ExitCode::Pass;
  const std::string suite = xml_escape(record.name);
  const std::string time = fmt::format("{}.{:06}", record.sim_time_ps / 1000'000'000'000,
                                       record.sim_time_ps % 1000'000'000'000 / 1000'000);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const CheckCases checked = check_cases(record.check, suite);
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" skipped=\"{}\" errors=\"0\" time=\"{}\"",
                  ktap.cases.size() + checked.count + 1,
                  ktap.count(KtapCase::Result::Failed) + checked.failures + (pass ? 0 : 1),
                  ktap.count(KtapCase::Result::Skipped) + checked.skipped, time);
  xml += fmt::format("<testsuites {}>\n  <testsuite name=\"{}\" {}>\n", counts, suite, counts);
  xml += properties(record);
  for (const KtapCase& c : ktap.cases)
    xml += case_xml(c.suite.empty() ? suite : suite + "." + xml_escape(c.suite), c);
  xml += checked.xml;
  xml += fmt::format("    <testcase classname=\"{}\" name=\"run\" time=\"{}\"", suite, time);
  if (pass) {
    xml += "/>\n";
  } else {
    std::string more;
    for (const ConsoleMatch& match : record.matches) more += match.describe() + "\n";
    for (const std::string& problem : ktap.problems) more += problem + "\n";
    xml += fmt::format("><failure message=\"{}\">{}</failure></testcase>\n",
                       xml_escape(record.verdict.reason), xml_escape(more));
  }
  xml += "  </testsuite>\n</testsuites>\n";
  return xml;
}

}  // namespace smmuvp::platform
