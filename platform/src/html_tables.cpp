#include "html_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "duration.h"
#include "html_page.h"
#include "smmuvp/base/field_text.h"

namespace smmuvp::platform {

namespace {

// Rows are added as far as there is room.
class Table {
 public:
  Table(const char* caption, std::initializer_list<const char*> columns) {
    m_html = fmt::format("<div class=\"scroll\"><table><caption>{}</caption><thead><tr>", caption);
    for (const char* column : columns) m_html += fmt::format("<th scope=\"col\">{}</th>", column);
    m_html += "</tr></thead><tbody>\n";
  }
  void row(const std::vector<std::string>& cells) {
    if (m_rows++ >= most_static_rows) return;
    m_html += "<tr>";
    for (const std::string& cell : cells) m_html += "<td>" + escaped(cell) + "</td>";
    m_html += "</tr>\n";
  }
  /// @param none  what stands there instead of a table without rows
  std::string html(const char* none, std::uint64_t not_kept = 0) {
    if (m_rows == 0) return fmt::format("<p>{}</p>\n", none);
    std::string text = m_html + "</tbody></table></div>\n";
    const std::uint64_t more = not_kept + (m_rows > most_static_rows ? m_rows - most_static_rows : 0);
    if (more != 0) text += fmt::format("<p>{} more are not in this table.</p>\n", more);
    return text;
  }

 private:
  std::string m_html;
  std::uint64_t m_rows = 0;
};

std::string hex_or_none(const std::optional<std::uint64_t>& value) { return value ? hex_text(*value) : ""; }
std::string hex_or_none(const std::optional<std::uint32_t>& value) { return value ? hex_text(*value) : ""; }

}  // namespace

std::string findings_table(const RunRecord& record) {
  if (!record.check.on) return "<p>The run was not checked: --check looks at what drivers do.</p>\n";
  Table table("Findings of the checker of drivers",
              {"Time", "Severity", "Rule", "SMMU", "StreamID", "IOVA", "What", "Clause"});
  std::uint64_t all = 0;
  for (const std::uint64_t count : record.check.counts) all += count;
  for (const checker::Finding& f : record.check.findings) {
    const checker::Rule& r = rule(f.rule);
    std::string what = std::string(r.title) + ": " + f.text;
    if (f.issuer) what += "\nAsked for by " + to_text(*f.issuer);
    if (f.remover) what += "\nTaken away by " + to_text(*f.remover);
    if (f.writer) what += "\nLast stored to by " + to_text(*f.writer);
    table.row({duration_text(f.time_ps), std::string(checker::to_string(record.check.severity(f.rule))), r.id,
               f.smmu, hex_or_none(f.stream_id), hex_or_none(f.iova), what, r.clause});
  }
  return table.html("The checker has found nothing.", all - record.check.findings.size());
}

std::string events_table(const PlatformHost& host) {
  Table table("Event records", {"Time", "SMMU", "Event", "StreamID", "Address", "RnW"});
  const TraceHub& hub = host.trace_hub();
  for (const Event& e : hub.events()) {
    const auto field = [&](const char* name) {
      for (const auto& [field_name, value] : e.fields) {
        if (field_name == name) return value;
      }
      return std::string();
    };
    table.row({duration_text(e.time_ps), e.source, field("event"), field("sid"), field("address"),
               field("RnW") == "0x1" ? "1" : "0"});
  }
  return table.html("No event was recorded.", hub.event_count() - hub.events().size());
}

std::string tests_table(const RunRecord& record) {
  Table table("Tests that failed, and what is in doubt", {"Result", "Test", "Why"});
  for (const std::string& problem : record.ktap.problems) table.row({"problem", "", problem});
  for (const KtapCase& c : record.ktap.cases) {
    if (c.result != KtapCase::Result::Failed) continue;
    std::string why = c.reason;
    for (const std::string& line : c.diagnostics) why += (why.empty() ? "" : "\n") + line;
    table.row({"failed", c.suite.empty() ? c.name : c.suite + "." + c.name, why});
  }
  return table.html("No test failed.");
}

std::string diagnostics_table(const PlatformHost& host) {
  Table table("Diagnostics", {"Time", "Component", "Rule", "What", "Clause", "pc"});
  for (const Reported& r : host.diagnostics()) {
    const Diagnostic& d = r.diagnostic;
    table.row({duration_text(r.time_ps), d.source, d.site, d.text, d.clause, hex_or_none(r.pc)});
  }
  return table.html("There are none.", host.guest_errors() + host.unimplemented() + host.host_errors() -
                                           host.diagnostics().size());
}

std::string matches_table(const RunRecord& record) {
  Table table("Lines of the console that --fail-on matches", {"Line", "Text", "Pattern"});
  for (const ConsoleMatch& m : record.matches) table.row({std::to_string(m.line), m.text, m.pattern});
  return table.html("", record.match_count - record.matches.size());
}

}  // namespace smmuvp::platform
