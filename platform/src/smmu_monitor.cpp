#include "smmu_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "fault_json.h"
#include "fault_record.h"
#include "smmuvp/base/dump.h"
#include "smmuvp/base/utf8.h"
#include "story_text.h"

namespace smmuvp::platform {

namespace {

// What the user is told instead of an answer.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr const char* forms =
    "smmu why [N|last]                        why an access was denied, step by step; last if no N\n"
    "smmu walk [SMMU] SID[:SSID] ADDRESS [read|write|atomic|execute] [privileged] [secure]\n"
    "                                         what would become of an access now\n"
    "smmu ste [SMMU] SID                      the STE of a stream; of an SMMUv2 its SMR, S2CR and banks\n"
    "smmu cd [SMMU] SID [SSID]                its CD\n"
    "smmu tlb [SMMU] [TEXT]                   TLBs and other caches; lines with TEXT\n"
    "smmu queues [SMMU]                       entries between CONS and PROD\n"
    "smmu stalls [SMMU]                       accesses that wait for software\n";

std::optional<std::uint64_t> number(std::string_view text) {
  const bool hexadecimal = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (hexadecimal) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint64_t number(const std::string& text, const char* what, unsigned bits) {
  const auto n = number(std::string_view(text));
  if (!n || (bits < 64 && *n >> bits != 0))
    throw Refusal(fmt::format("'{}' is no {}; expected a number of up to {} bits, 0x... or decimal",
                              printable(text), what, bits));
  return *n;
}

bool holds(const std::string& row, const std::string& text) { return row.find(text) != std::string::npos; }

// Tables keep the rows that hold the text.
DumpSection filtered(DumpSection s, const std::string& text) {
  if (text.empty()) return s;
  s.rows.erase(std::remove_if(s.rows.begin(), s.rows.end(),
                              [&](const std::vector<std::string>& row) {
                                return std::none_of(row.begin(), row.end(), [&](const std::string& cell) {
                                  return holds(cell, text);
                                });
                              }),
               s.rows.end());
  for (DumpSection& below : s.sections) below = filtered(std::move(below), text);
  return s;
}

bool is_of(const std::string& title, const std::string& what) {
  if (what == "queues") return holds(title, "queue") || holds(title, "wait to be written");
  if (what == "stalls") return holds(title, "stall");
  return holds(title, "TLB") || holds(title, "cache");
}

std::string structure_text(const Explanation::Structure& s) {
  std::string text = s.name + (s.address ? fmt::format(" at {:#x}", *s.address) : std::string());
  text += s.aborted          ? ": memory does not answer"
          : s.memory.empty() ? ": memory leads to none"
          : s.legal          ? ": legal"
                             : ": not legal: " + s.why;
  text += "\n";
  const auto fields = [](const std::vector<Explanation::Field>& list) {
    std::string lines;
    for (const Explanation::Field& f : list) {
      if (f.value == 0 && !f.wrong && f.name != "V") continue;
      lines += fmt::format("    {} = {:#x}{}{}\n", f.name, f.value, f.meaning.empty() ? "" : "  " + f.meaning,
                           f.wrong ? " (!)" : "");
    }
    return lines;
  };
  text += fields(s.fields);
  if (s.cached.empty()) return text + (s.name == "STE" || s.name == "CD" ? "    not cached\n" : "");
  if (!s.stale()) return text + "    cached, as in memory\n";
  return text + "    STALE: cached is\n" + fields(s.cached_fields);
}

}  // namespace

const char* SmmuMonitor::help() { return forms; }

// Its name may be left out where there is one.
const SmmuMonitor::Smmu& SmmuMonitor::take_smmu(Words& words) const {
  std::string names;
  for (const Smmu& smmu : m_smmus) {
    names += (names.empty() ? "" : ", ") + smmu.name;
    if (words.empty() || words.front() != smmu.name) continue;
    words.erase(words.begin());
    return smmu;
  }
  if (m_smmus.size() == 1) return m_smmus.front();
  throw Refusal(fmt::format("there are several SMMUs; say first which: {}", names));
}

std::string SmmuMonitor::why(const Words& words) const {
  if (m_faults == nullptr) throw Refusal("no faults are recorded in this run");
  const auto& faults = m_faults->faults();
  if (faults.empty()) return "no access was denied so far\n";
  const std::string which = words.empty() ? "last" : words.front();
  std::size_t n = m_faults->last().value_or(faults.size() - 1);
  if (which != "last") {
    const auto asked = number(std::string_view(which));
    if (!asked || *asked >= faults.size())
      throw Refusal(
          fmt::format("'{}' is no fault; expected 0 to {}, or last", printable(which), faults.size() - 1));
    n = static_cast<std::size_t>(*asked);
  }
  std::string text;
  if (which == "last" && !m_faults->last())
    text = fmt::format("the last fault is not kept; the last of the {} that are:\n", faults.size());
  return text + story_text(json_of({faults[n]}, ~std::uint64_t{0}).front(), n, false);
}

std::string SmmuMonitor::walk(Words words) const {
  const Smmu& smmu = take_smmu(words);
  if (words.size() < 2)
    throw Refusal("expected: smmu walk [SMMU] SID[:SSID] ADDRESS [read|write|atomic|execute] [privileged]");
  AccessQuestion q;
  const std::size_t colon = words[0].find(':');
  q.stream_id = static_cast<std::uint32_t>(number(words[0].substr(0, colon), "StreamID", 32));
  if (colon != std::string::npos)
    q.substream_id = static_cast<std::uint32_t>(number(words[0].substr(colon + 1), "SubstreamID", 20));
  q.address = number(words[1], "address", 64);
  for (std::size_t i = 2; i < words.size(); ++i) {
    using Kind = AccessQuestion::Kind;
    const std::string& word = words[i];
    if (word == "read") {
      q.kind = Kind::read;
    } else if (word == "write") {
      q.kind = Kind::write;
    } else if (word == "atomic") {
      q.kind = Kind::atomic;
    } else if (word == "execute") {
      q.kind = Kind::execute;
    } else if (word == "privileged") {
      q.privileged = true;
    } else if (word == "secure") {
      q.secure = true;
    } else {
      throw Refusal(
          fmt::format("'{}' is none of read, write, atomic, execute, privileged, secure", printable(word)));
    }
  }
  return smmu.explain->explain(q).text;
}

std::string SmmuMonitor::structures(Words words, bool cd) const {
  const Smmu& smmu = take_smmu(words);
  if (words.empty() || words.size() > (cd ? 2U : 1U))
    throw Refusal(cd ? "expected: smmu cd [SMMU] SID [SSID]" : "expected: smmu ste [SMMU] SID");
  AccessQuestion q;
  q.stream_id = static_cast<std::uint32_t>(number(words[0], "StreamID", 32));
  if (words.size() > 1) q.substream_id = static_cast<std::uint32_t>(number(words[1], "SubstreamID", 20));
  const Explanation e = smmu.explain->explain(q);
  if (!smmu.smmuv3) {
    if (cd)
      throw Refusal(fmt::format("{} is an SMMUv2, which has no CDs; 'smmu ste' tells its banks", smmu.name));
    std::string text;
    for (const Explanation::Register& r : e.registers) {
      text += fmt::format("{} = {:#x}{}\n", r.name, r.value, r.meaning.empty() ? "" : "  " + r.meaning);
      for (const Explanation::Field& f : r.fields) {
        if (f.value != 0)
          text +=
              fmt::format("    {} = {:#x}{}\n", f.name, f.value, f.meaning.empty() ? "" : "  " + f.meaning);
      }
    }
    return text;
  }
  std::string text;
  for (const Explanation::Structure& s : e.structures) {
    const bool of_cd = s.name == "CD" || s.name == "L1CD" || s.name == "VMS";
    if (of_cd == cd) text += structure_text(s);
  }
  if (!text.empty()) return text;
  return fmt::format("stream {:#x} has no {}: {}\n", q.stream_id, cd ? "CD" : "STE",
                     e.now.fault.empty() ? "the SMMU is off, or stage 1 does not translate" : e.now.fault);
}

std::string SmmuMonitor::sections(Words words, const std::string& what) const {
  const Smmu& smmu = take_smmu(words);
  if (words.size() > (what == "tlb" ? 1U : 0U))
    throw Refusal(fmt::format("expected: smmu {} [SMMU]{}", what, what == "tlb" ? " [TEXT]" : ""));
  if (smmu.dump == nullptr) throw Refusal(fmt::format("{} does not tell what it holds", smmu.name));
  std::string text;
  for (DumpSection& s : smmu.dump->contents().sections) {
    if (is_of(s.title, what)) text += to_text(filtered(std::move(s), words.empty() ? "" : words.front()));
  }
  return text.empty() ? fmt::format("{} has none\n", smmu.name) : text;
}

std::string SmmuMonitor::run(const std::string& line) const {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  const std::string verb = words.empty() ? "" : words.front();
  if (!words.empty()) words.erase(words.begin());
  try {
    if (verb == "why") return why(words);
    for (const char* known : {"walk", "ste", "cd", "tlb", "queues", "stalls"}) {
      if (verb != known) continue;
      if (m_smmus.empty()) throw Refusal("this platform has no SMMU");
      if (verb == "walk") return walk(std::move(words));
      if (verb == "ste" || verb == "cd") return structures(std::move(words), verb == "cd");
      return sections(std::move(words), verb);
    }
    return (verb.empty() ? "" : fmt::format("'smmu {}' is no command\n", printable(verb))) + forms;
  } catch (const Refusal& refusal) {
    return std::string(refusal.what()) + "\n";
  }
}

}  // namespace smmuvp::platform
