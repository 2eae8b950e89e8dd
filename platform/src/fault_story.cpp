#include "fault_story.h"

#include <fmt/format.h>

#include "fault_remedy.h"

namespace smmuvp::platform {

namespace {

using Outcome = Explanation::End::Outcome;

// "F_TRANSLATION" of "F_TRANSLATION", "TF" of "SMMU_CB2_FSR.TF": what the trace has.
std::string short_name(const std::string& fault) {
  const std::size_t dot = fault.rfind('.');
  return dot == std::string::npos ? fault : fault.substr(dot + 1);
}

// Whether an end of an access is the one that was traced.
bool is_end(const Explanation::End& end, const FaultTrace& fault) {
  if (fault.event == "none") return end.fault.empty() && end.outcome != Outcome::forward;
  if (fault.event == "waits") return end.outcome == Outcome::stall && end.fault.empty();
  return short_name(end.fault) == fault.event;
}

std::string end_words(const Explanation::End& end) {
  switch (end.outcome) {
    case Outcome::forward:
      return fmt::format("lets it pass to {:#x}", end.output);
    case Outcome::answered:
      return "answers it";
    default:
      return end.fault.empty() ? "ends it without a fault" : "gives " + end.fault;
  }
}

std::string place_of(const std::optional<Explanation::WalkFault>& fault) {
  return fault ? fault->place : "none";
}

class Telling {
 public:
  Telling(const FaultTrace& fault, const Explanation& e, const WriterSource* writers)
      : m_fault(fault), m_e(e), m_writers(writers) {}

  Story tell() {
    m_story.stale = m_e.stale;
    compare();
    const std::string event = event_key(fault_name(m_fault, m_e));
    Decided decided = decided_by(event, m_fault.question, m_e);
    if (m_cached) decided = {Decider::cache, ""};
    add_registers(decided);
    add_structures(decided);
    for (const Explanation::Step& s : m_e.steps) add(s, "");
    m_story.record = m_e.now.fault_fields;
    Remedy remedy = remedy_for(event, decided, m_fault.question, m_e);
    m_story.clause = remedy.clause;
    if (m_cached) {
      m_story.would_be_legal =
          "memory allows it, and caches do not: an invalidation after the change, of what the explanation "
          "marks as "
          "stale (CMD_CFGI_*, CMD_TLBI_* and CMD_SYNC; of an SMMUv2, TLBI and TLBSYNC)";
    } else if (m_story.agrees) {
      m_story.would_be_legal = std::move(remedy.text);
    }
    m_story.verdict = verdict();
    return std::move(m_story);
  }

 private:
  // What was recorded counts: an explanation that comes to something else explains something else.
  void compare() {
    // Of a malformed transaction nothing but its event is known afterwards.
    const bool of_the_transaction = m_fault.event == "F_UUT" || m_fault.event == "UUT";
    if (!is_end(m_e.now, m_fault)) {
      m_story.agrees = of_the_transaction;
      if (!of_the_transaction)
        m_story.disagrees = fmt::format(
            "the access ended with {}, and asked at once the SMMU {}: memory or registers "
            "have changed in between, or the access used what caches have lost since",
            m_fault.event == "none" ? "no fault" : m_fault.event, end_words(m_e.now));
      return;
    }
    const std::string place = place_of(m_e.structure_walk_fault ? m_e.structure_walk_fault : m_e.walk_fault);
    const bool in_memory = is_end(m_e.memory, m_fault);
    if (in_memory && (m_fault.walk == "none" || m_fault.walk == place)) return;
    if (!in_memory || m_e.stale) {
      m_cached = !in_memory;
      if (m_cached) {
        m_story.disagrees =
            fmt::format("what caches hold decided; with empty caches the SMMU {}", end_words(m_e.memory));
        return;
      }
    }
    m_story.agrees = false;
    m_story.disagrees = fmt::format("the fault was found at {}, and memory has it at {}{}", m_fault.walk,
                                    place, m_e.stale ? ": a cache held another table" : "");
  }

  void add_registers(const Decided& decided) {
    for (const Explanation::Register& r : m_e.registers) {
      StoryStep step;
      step.what = r.name;
      step.words = {r.value};
      step.meaning = r.meaning;
      step.fields = r.fields;
      step.decides = m_story.agrees &&
                     ((decided.by == Decider::range && r.name.find("STRTAB_BASE_CFG") != r.name.npos) ||
                      (decided.by == Decider::off && &r == &m_e.registers.back()));
      m_story.steps.push_back(std::move(step));
    }
  }

  void add_structures(const Decided& decided) {
    bool told = m_e.structure_steps.empty();
    for (const Explanation::Structure& s : m_e.structures) {
      // Stage 2 translates the addresses of what comes behind the STE.
      if (!told && (s.name == "L1CD" || s.name == "CD")) {
        for (const Explanation::Step& step : m_e.structure_steps) add(step, "for the address of a CD, ");
        told = true;
      }
      StoryStep step;
      step.what = s.name;
      step.address = s.address;
      step.words = s.memory;
      step.fields = s.fields;
      step.meaning = s.aborted          ? "memory does not answer"
                     : s.memory.empty() ? "memory leads to none"
                     : s.legal          ? "legal"
                     : s.why.empty()    ? "not legal"
                                        : "not legal: " + s.why;
      if (s.stale()) step.meaning += "; STALE: a cache holds another one";
      step.decides = m_story.agrees && !m_cached && decided.structure == s.name;
      find_writer(step);
      m_story.steps.push_back(std::move(step));
    }
    if (told) return;
    for (const Explanation::Step& step : m_e.structure_steps) add(step, "for the address of a CD, ");
  }

  void add(const Explanation::Step& s, const char* prefix) {
    StoryStep step;
    step.what = fmt::format("{}stage {} level {}, {} {:#x}", prefix, s.stage, s.level,
                            s.stage == 1 ? "VA" : "IPA", s.input);
    step.address = s.address;
    if (!s.aborted) step.words = {s.descriptor};
    step.meaning = s.aborted ? "memory does not answer" : s.meaning;
    step.fields = s.fields;
    step.decides = m_story.agrees && !m_cached && s.decides;
    for (Explanation::Field& f : step.fields) f.decides = f.decides && step.decides;
    // Tables take rights away, too.
    for (std::size_t i = 0; i < s.fields.size(); ++i) {
      if (m_story.agrees && !m_cached) step.fields[i].decides = s.fields[i].decides;
    }
    find_writer(step);
    m_story.steps.push_back(std::move(step));
  }

  // Of a structure of several words, whoever changed one of them last.
  void find_writer(StoryStep& step) {
    if (m_writers == nullptr || !step.address) return;
    for (std::size_t i = 0; i < step.words.size(); ++i) {
      std::optional<LastWriter> w = m_writers->last_writer(*step.address + 8 * i);
      if (w && (!step.writer || w->time_ps > step.writer->time_ps)) step.writer = std::move(w);
    }
  }

  std::string verdict() const {
    const std::string name = m_fault.event == "none"    ? "no fault"
                             : m_fault.event == "waits" ? "no fault of its own"
                                                        : fault_name(m_fault, m_e);
    std::string text = fmt::format("{}{}: ", name, m_fault.walk == "none" ? "" : ", " + m_fault.walk);
    if (m_fault.outcome == "stall") {
      text += "the access waits for software";
    } else if (m_fault.outcome == "RAZ/WI") {
      text += "the access is terminated as RAZ/WI";
    } else if (m_fault.outcome == "UR" || m_fault.outcome == "CA") {
      text += "the Translation Request is answered " + m_fault.outcome;
    } else {
      text += "the access is aborted";
    }
    if (!m_story.disagrees.empty()) return text + "; " + m_story.disagrees;
    const auto& walk = m_e.structure_walk_fault ? m_e.structure_walk_fault : m_e.walk_fault;
    const std::string& why = walk && !walk->reason.empty() ? walk->reason : m_e.now.why;
    return why.empty() ? text : text + "; " + why;
  }

  const FaultTrace& m_fault;
  const Explanation& m_e;
  const WriterSource* m_writers;
  Story m_story;
  bool m_cached = false;  // caches are the cause, not memory
};

}  // namespace

std::string fault_name(const FaultTrace& fault, const Explanation& e) {
  for (const Explanation::End* end : {&e.now, &e.memory}) {
    if (!end->fault.empty() && short_name(end->fault) == fault.event) return end->fault;
  }
  return fault.event;
}

std::string access_words(const AccessQuestion& q) {
  std::string text = fmt::format("stream {:#x}", q.stream_id);
  if (q.secure) text = "Secure " + text;
  if (q.substream_id) text += fmt::format(", substream {:#x}", *q.substream_id);
  text += fmt::format(", address {:#x}: ", q.address);
  if (q.ats == AccessQuestion::Ats::translation_request)
    return text + fmt::format("Translation Request, by TBU {}", q.tbu);
  if (q.ats == AccessQuestion::Ats::translated) text += "Translated ";
  text += q.kind == AccessQuestion::Kind::write     ? "write"
          : q.kind == AccessQuestion::Kind::atomic  ? "atomic"
          : q.kind == AccessQuestion::Kind::execute ? "instruction fetch"
                                                    : "read";
  return text + fmt::format(", {}, by TBU {}", q.privileged ? "privileged" : "unprivileged", q.tbu);
}

Story story_of(const FaultTrace& fault, const Explanation& explanation, const WriterSource* writers) {
  return Telling(fault, explanation, writers).tell();
}

}  // namespace smmuvp::platform
