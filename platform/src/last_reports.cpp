#include "last_reports.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "html_page.h"
#include "junit.h"
#include "messages.h"
#include "output_file.h"
#include "report.h"
#include "signal_write.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::platform::last_reports {

namespace {

enum class Kind { Json, Junit, Html };

struct Target {
  Kind kind;
  std::string path;
};

// How a run may end in a signal handler, which cannot make text.
struct Ending {
  ExitCode code;
  const char* reason;
  std::string json;
  std::string junit;
  std::string html;
  const std::string& text(Kind kind) const {
    return kind == Kind::Json ? json : kind == Kind::Junit ? junit : html;
  }
};

struct State {
  std::vector<Target> targets;
  RunRecord record;
  std::vector<Ending> endings;
};

State& state() {
  static State one = [] {
    State first;
    first.record.name = first.record.platform = "smmu-vp";
    return first;
  }();
  return one;
}

std::string text_of(Kind kind, ExitCode code, const std::string& reason) {
  RunRecord record = state().record;
  record.verdict = {code, reason};
  if (kind == Kind::Html) return html_report(record, PlatformHost(), nullptr);
  return kind == Kind::Junit ? junit_xml(record) : json_report(record, PlatformHost());
}

// Not the whole format: enough that no configuration, kernel or disk image is taken for a report.
bool holds_report(Kind kind, int descriptor) {
  char head[4096];
  const ssize_t n = pread(descriptor, head, sizeof head, 0);
  const std::string_view text(head, n > 0 ? static_cast<std::size_t>(n) : 0);
  const std::string_view mark = kind == Kind::Json    ? "\"schema\": \"smmu-vp-report-"
                                : kind == Kind::Junit ? "<testsuite"
                                                      : html_report_mark;
  return text.find(mark) != std::string_view::npos;
}

bool is_file(int descriptor, off_t* size) {
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) return false;
  *size = status.st_size;
  return S_ISREG(status.st_mode);
}

void empty(const Target& target) {
  const int descriptor = open(target.path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return;
  off_t size = 0;
  // One that cannot be emptied is removed; where neither can be done, opening it tells the user.
  if (is_file(descriptor, &size) && holds_report(target.kind, descriptor) &&
      truncate(target.path.c_str(), 0) != 0 && unlink(target.path.c_str()) != 0) {
    tell("smmu-vp: the report of an earlier run stays in {}: {}\n", printable(target.path),
         std::strerror(errno));
  }
  close(descriptor);
}

// Only what a signal handler may call. The file is written over, whatever it holds.
void put(const char* path, std::string_view text) {
  // No wait for somebody who opens the other end of a pipe.
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const bool standard = std::strcmp(path, standard_output_name) == 0;
  const int descriptor = standard ? STDOUT_FILENO : open(path, flags, 0666);
  if (descriptor < 0) return;
  write_what_fits(descriptor, text);
  if (!standard) close(descriptor);
}

// Nobody's bytes are lost: the option may be a mistake, and name the configuration.
bool may_write(const Target& target) {
  if (target.path == standard_output_name) return true;
  const int descriptor = open(target.path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return errno == ENOENT;
  off_t size = 0;
  const bool may = !is_file(descriptor, &size) || size == 0 || holds_report(target.kind, descriptor);
  close(descriptor);
  return may;
}

std::optional<Kind> kind_of(std::string_view option) {
  if (option == "--json") return Kind::Json;
  if (option == "--junit") return Kind::Junit;
  if (option == "--html") return Kind::Html;
  return std::nullopt;
}

}  // namespace

void claim(int argc, const char* const* argv) {
  const std::vector<std::string_view> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || words[0] == "decode" || words[0] == "walk" || words[0] == "compare") return;
  if (std::find(words.begin(), words.end(), "run") == words.end()) return;
  // They run nothing.
  const auto options_end = std::find(words.begin(), words.end(), "--");
  for (const char* asks : {"--help", "-h", "--version"}) {
    if (std::find(words.begin(), options_end, asks) != options_end) return;
  }
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::size_t equals = words[i].find('=');
    const auto kind = kind_of(words[i].substr(0, equals));
    if (!kind) continue;
    std::string_view path;
    if (equals != std::string_view::npos) {
      path = words[i].substr(equals + 1);
    } else if (i + 1 < words.size()) {
      path = words[++i];
    }
    // Standard output has room for one; the command line will be refused.
    const bool again = path == standard_output_name &&
                       std::any_of(state().targets.begin(), state().targets.end(),
                                   [](const Target& t) { return t.path == standard_output_name; });
    if (!path.empty() && !again) state().targets.push_back({*kind, std::string(path)});
  }
  for (const Target& target : state().targets) {
    if (target.path != standard_output_name) empty(target);
  }
}

void describe(const RunRecord& record) { state().record = record; }

void write(ExitCode code, const std::string& reason) {
  for (const Target& target : state().targets) {
    if (may_write(target)) put(target.path.c_str(), text_of(target.kind, code, reason));
  }
}

void arm() {
  const char* twice = "a second signal ended the run at once";
  state().endings = {{ExitCode::WallTimeout,
                      "the limit of wall time has passed and the simulation does not come back",
                      {},
                      {},
                      {}},
                     {ExitCode::HungUp, twice, {}, {}, {}},
                     {ExitCode::Interrupted, twice, {}, {}, {}},
                     {ExitCode::Terminated, twice, {}, {}, {}}};
  for (Ending& ending : state().endings) {
    ending.json = text_of(Kind::Json, ending.code, ending.reason);
    ending.junit = text_of(Kind::Junit, ending.code, ending.reason);
    ending.html = text_of(Kind::Html, ending.code, ending.reason);
  }
}

void write_now(ExitCode code) {
  for (const Ending& ending : state().endings) {
    if (ending.code != code) continue;
    for (const Target& target : state().targets) put(target.path.c_str(), ending.text(target.kind));
  }
}

}  // namespace smmuvp::platform::last_reports
