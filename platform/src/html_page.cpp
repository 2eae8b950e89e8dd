#include "html_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "duration.h"
#include "html_assets.h"
#include "html_data.h"
#include "html_tables.h"
#include "sha256.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::platform {

namespace {

int hex_digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// As a Content-Security-Policy names a script that may run: base64 of its SHA-256.
std::string hash_source(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Sha256 sha;
  sha.update(text);
  const std::string hex = sha.hex();
  std::string base64;
  for (std::size_t at = 0; at < hex.size(); at += 6) {
    unsigned three = 0, bytes = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      three <<= 8;
      if (at + 2 * i >= hex.size()) continue;
      three |= static_cast<unsigned>(hex_digit(hex[at + 2 * i]) << 4 | hex_digit(hex[at + 2 * i + 1]));
      ++bytes;
    }
    for (unsigned i = 0; i < 4; ++i) base64.push_back(i <= bytes ? digits[three >> (18 - 6 * i) & 63] : '=');
  }
  return "'sha256-" + base64 + "'";
}

// A word as a shell takes it.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string fact(const char* name, const std::string& value) {
  return value.empty() ? "" : fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escaped(value));
}

std::string facts(const RunRecord& record, const PlatformHost& host, const Recorder* recorder) {
  std::string command = "smmu-vp";
  for (const std::string& word : record.words) command += " " + quoted(word);
  std::string settings;
  for (const std::string& s : record.settings) settings += (settings.empty() ? "" : ", ") + s;
  std::string text = fact("Command line", record.words.empty() ? "" : command);
  text += fact("Run", record.name) + fact("Platform", record.platform);
  text += fact("Configuration", record.config_file) + fact("Settings (--set)", settings);
  text += fact("Digest", record.digest) + fact("Untimed digest", record.untimed_digest);
  if (recorder != nullptr) {
    text += fact("Simulated time", duration_text(record.sim_time_ps));
    text += fact("Instructions", fmt::format("{}", record.instructions));
    const KtapReport& k = record.ktap;
    text += fact("Tests", fmt::format("{} passed, {} failed, {} skipped; at least {} asked for",
                                      k.count(KtapCase::Result::Passed), k.count(KtapCase::Result::Failed),
                                      k.count(KtapCase::Result::Skipped), record.min_tests));
    text += fact("Event records", fmt::format("{}", host.trace_hub().event_count()));
    text += fact("Checker", record.check.on ? fmt::format("{} errors, {} warnings, {} notes",
                                                          record.check.count(checker::Severity::error),
                                                          record.check.count(checker::Severity::warn),
                                                          record.check.count(checker::Severity::note))
                                            : "off (--check)");
    text += fact("Diagnostics", fmt::format("{} guest errors, {} unimplemented, {} errors of the host",
                                            host.guest_errors(), host.unimplemented(), host.host_errors()));
  }
  for (const std::string& limitation : host.limitations()) text += fact("Limitation", limitation);
  return text + fact("Version", std::string("smmu-vp ") + program_version());
}

// Replaces "<!--@NAME@-->". What is put in is not looked at again.
template <class Value>
std::string filled(std::string_view page, Value value) {
  constexpr std::string_view begin = "<!--@", end = "@-->";
  std::string text;
  for (;;) {
    const std::size_t at = page.find(begin);
    if (at == std::string_view::npos) return text.append(page);
    const std::size_t to = page.find(end, at);
    text.append(page.substr(0, at));
    text += value(page.substr(at + begin.size(), to - at - begin.size()));
    page.remove_prefix(to + end.size());
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : printable(text, "\n\t")) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html.push_back(c);
    }
  }
  return html;
}

std::string html_report(const RunRecord& record, const PlatformHost& host, const Recorder* recorder) {
  const ExitCodeInfo& how = info(record.verdict.code);
  const bool passed = record.verdict.code == ExitCode::Pass;
  return filled(html_assets::report_html, [&](std::string_view name) -> std::string {
    if (name == "MARK") return html_report_mark;
    if (name == "SCRIPT_HASH") return hash_source(html_assets::report_js);
    if (name == "TITLE") return escaped(fmt::format("{}: {} - smmu-vp", how.name, record.name));
    if (name == "CSS") return std::string(html_assets::report_css);
    if (name == "SCRIPT") return std::string(html_assets::report_js);
    if (name == "RUN") return escaped(record.name);
    if (name == "VERDICT_CLASS") return passed ? "pass" : "fail";
    if (name == "VERDICT")
      return escaped(fmt::format("{} (exit code {})", how.name, static_cast<int>(how.code)));
    if (name == "REASON") return escaped(record.verdict.reason);
    if (name == "FACTS") return facts(record, host, recorder);
    if (name == "FINDINGS") return findings_table(record);
    if (name == "EVENTS") return events_table(host);
    if (name == "TESTS") return tests_table(record);
    if (name == "DIAGNOSTICS") return diagnostics_table(host);
    if (name == "MATCHES") return matches_table(record);
    if (name == "DATA") return html_data(record, host, recorder);
    return "";
  });
}

}  // namespace smmuvp::platform
