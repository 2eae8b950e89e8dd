#include "baseline.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>
#include <vector>

#include <nlohmann/json.hpp>

#include "config.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/checker/rules.h"

namespace smmuvp::platform {

namespace {

constexpr const char* schema = "smmu-vp-baseline-1";
// Nobody keeps that much; a file that is larger is another.
constexpr std::size_t most_bytes = 16U << 20;

// "descriptor of stage 1, level 3, of VMID 0x0, ASID 0x1, at 0x8000: it becomes ..." is about a "descriptor
// of stage 1, level 3": numbers in hexadecimal are addresses and identifiers, which software gives out anew.
std::string subject_of(const std::string& text) {
  static const std::regex numbers(",? ?(of )?[A-Za-z_]+ 0x[0-9a-f]+");
  const std::size_t colon = text.find(": ");
  if (colon == std::string::npos) return "";
  return std::regex_replace(text.substr(0, colon), numbers, "");
}

// Reads as the parser does, and knows how far that is.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  CountingIterator(const char* at, const char** furthest) : m_at(at), m_furthest(furthest) {}
  reference operator*() const { return *m_at; }
  CountingIterator& operator++() {
    *m_furthest = ++m_at;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return m_at == other.m_at; }
  bool operator!=(const CountingIterator& other) const { return m_at != other.m_at; }

 private:
  const char* m_at;
  const char** m_furthest;
};

class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Reader(const std::string& text, const std::string& file)
      : m_text(text), m_file(file), m_furthest(text.data()) {}

  FingerprintCounts read() {
    if (m_text.size() > most_bytes) fail("", fmt::format("more than {} bytes are no baseline", most_bytes));
    // The parser copes with any depth, and here two levels are enough for everything.
    const char* begin = m_text.data();
    nlohmann::json::sax_parse(CountingIterator(begin, &m_furthest),
                              CountingIterator(begin + m_text.size(), &m_furthest), this);
    if (!m_schema) fail("schema", fmt::format("there is no \"schema\": \"{}\": this is no baseline", schema));
    if (!m_list) fail("findings", "there is no list \"findings\"");
    return m_counts;
  }

  bool null() override { return wrong("null"); }
  bool boolean(bool) override { return wrong("true or false"); }
  bool number_integer(number_integer_t) override { return wrong("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return wrong("a number with a point"); }
  bool binary(binary_t&) override { return wrong("binary"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (m_depth != 3 || m_key != "count") return wrong("a number");
    if (value == 0) fail(path(), "0 is no count: leave the entry out");
    m_count = value;
    return true;
  }

  bool string(string_t& value) override {
    m_token = value.size() + 1;
    if (m_depth == 1 && m_key == "schema") {
      if (value != schema)
        fail("schema", fmt::format("'{}' is not '{}', which this version knows", value, schema));
      m_schema = true;
      m_token = 0;
      return true;
    }
    if (m_depth != 3 || m_key == "count") return wrong("a text");
    if (m_key == "rule") {
      check_rule(value);
      m_entry.rule = value;
    } else if (m_key == "smmu") {
      m_entry.smmu = value;
    } else if (m_key == "stream_id") {
      std::uint64_t number = 0;
      if (!parse_uint(value, number) || number > 0xffff'ffff)
        fail(path(), fmt::format("'{}' is no StreamID (expected for example \"0x100\")", value));
      m_entry.stream_id = static_cast<std::uint32_t>(number);
    } else if (m_key == "what") {
      m_entry.what = value;
    } else {
      m_entry.function = value;
    }
    m_token = 0;
    return true;
  }

  bool start_object(std::size_t) override {
    if (m_depth != 0 && m_depth != 2) return wrong("an object");
    ++m_depth;
    if (m_depth == 3) {
      m_entry = {};
      m_count.reset();
      m_seen.clear();
    }
    return true;
  }

  bool key(string_t& name) override {
    const std::vector<std::string> known =
        m_depth == 1 ? std::vector<std::string>{"schema", "findings"}
                     : std::vector<std::string>{"rule", "smmu", "stream_id", "what", "function", "count"};
    m_key = name;
    m_token = name.size() + 1;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string near = nearest(name, known);
      fail(path(), fmt::format("there is no key '{}' here{}", name,
                               near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
    std::vector<std::string>& seen = m_depth == 1 ? m_seen_above : m_seen;
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      fail(path(), fmt::format("'{}' is there twice", name));
    seen.push_back(name);
    m_token = 0;
    return true;
  }

  bool end_object() override {
    if (--m_depth != 2) return true;
    m_key.clear();
    if (m_entry.rule.empty()) fail(path(), "this finding has no \"rule\"");
    if (m_entry.smmu.empty()) fail(path(), "this finding has no \"smmu\"");
    if (!m_count) fail(path(), "this finding has no \"count\"");
    if (!m_counts.emplace(m_entry, *m_count).second)
      fail(path(), "this finding is there twice: add up their counts");
    ++m_index;
    return true;
  }

  bool start_array(std::size_t) override {
    if (m_depth != 1 || m_key != "findings") return wrong("a list");
    m_list = true;
    ++m_depth;
    m_key.clear();
    return true;
  }
  bool end_array() override {
    --m_depth;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& e) override {
    m_token = 0;
    m_furthest = m_text.data() + std::min(position, m_text.size());
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..."
    std::string why = e.what();
    if (const std::size_t colon = why.find(": "); colon != std::string::npos) why = why.substr(colon + 2);
    fail("", why);
  }

 private:
  std::string path() const {
    if (m_depth < 2) return m_key;
    return fmt::format("findings[{}]{}{}", m_index, m_key.empty() ? "" : ".", m_key);
  }
  [[noreturn]] void fail(const std::string& key, const std::string& text) const {
    Place place{m_file, 1, 1};
    for (const char* c = m_text.data(); c + 1 + m_token < m_furthest; ++c) {
      ++place.column;
      if (*c == '\n') ++place.line, place.column = 1;
    }
    config_error(place, "baseline", to_valid_utf8(key.empty() ? text : fmt::format("{}: {}", key, text)));
  }
  bool wrong(const char* what) const {
    fail(path(),
         fmt::format("{} does not belong here{}", what,
                     m_depth == 0   ? fmt::format(" (expected an object with \"schema\": \"{}\")", schema)
                     : m_depth == 2 ? " (expected an object, a finding)"
                                    : ""));
  }
  void check_rule(const std::string& id) const {
    if (checker::find_rule(id) != nullptr) return;
    std::vector<std::string> known;
    for (const checker::Rule& r : checker::rules) known.emplace_back(r.id);
    const std::string near = nearest(id, known);
    fail(path(), fmt::format("there is no rule '{}'{}; docs/rules.md has them", id,
                             near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }

  const std::string& m_text;
  const std::string& m_file;
  const char* m_furthest;
  std::size_t m_token = 0;  // of a text that is looked at: what is behind its first character
  unsigned m_depth = 0;     // 1: the whole, 2: the list, 3: a finding
  std::size_t m_index = 0;
  bool m_schema = false;
  bool m_list = false;
  std::string m_key;
  std::vector<std::string> m_seen_above;
  std::vector<std::string> m_seen;
  Fingerprint m_entry;
  std::optional<std::uint64_t> m_count;
  FingerprintCounts m_counts;
};

std::string quoted(const std::string& text) { return nlohmann::json(to_valid_utf8(text)).dump(); }

}  // namespace

std::string Fingerprint::text() const {
  std::string text = fmt::format("{}, {}", rule, smmu);
  if (stream_id) text += fmt::format(", StreamID {:#x}", *stream_id);
  if (!what.empty()) text += ", " + what;
  if (!function.empty()) text += ", by " + function;
  return text;
}

Fingerprint fingerprint_of(const checker::Finding& finding) {
  const auto& who = finding.writer ? finding.writer : finding.issuer;
  const bool named = who && !who->functions.empty();
  return {rule(finding.rule).id, finding.smmu, finding.stream_id, subject_of(finding.text),
          named ? who->functions[0] : ""};
}

FingerprintCounts parse_baseline(const std::string& text, const std::string& file) {
  return Reader(text, file).read();
}

FingerprintCounts read_baseline(const std::string& file, bool must_exist) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (!stream && errno == ENOENT && !must_exist) return {};
  if (!stream || !(text << stream.rdbuf())) {
    throw ConfigError("baseline", fmt::format("--baseline: cannot read {}: {}{}", file, std::strerror(errno),
                                              errno == ENOENT ? "; --baseline-update writes one" : ""));
  }
  return parse_baseline(text.str(), file);
}

std::string baseline_text(const FingerprintCounts& counts) {
  std::string text = fmt::format("{{\n  \"schema\": \"{}\",\n  \"findings\": [", schema);
  const char* before = "\n";
  for (const auto& [f, count] : counts) {
    text += fmt::format("{}    {{\"rule\": {}, \"smmu\": {}", before, quoted(f.rule), quoted(f.smmu));
    if (f.stream_id) text += fmt::format(", \"stream_id\": \"{:#x}\"", *f.stream_id);
    if (!f.what.empty()) text += fmt::format(", \"what\": {}", quoted(f.what));
    if (!f.function.empty()) text += fmt::format(", \"function\": {}", quoted(f.function));
    text += fmt::format(", \"count\": {}}}", count);
    before = ",\n";
  }
  return text + (counts.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

int write_baseline(const std::string& file, const FingerprintCounts& counts) {
  const std::string other = fmt::format("{}.{}", file, getpid());
  const std::string text = baseline_text(counts);
  std::FILE* stream = std::fopen(other.c_str(), "wbx");
  if (stream == nullptr) return errno;
  const bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
  const bool closed = std::fclose(stream) == 0;
  if (written && closed && std::rename(other.c_str(), file.c_str()) == 0) return 0;
  const int error = errno != 0 ? errno : EIO;
  unlink(other.c_str());
  return error;
}

}  // namespace smmuvp::platform
