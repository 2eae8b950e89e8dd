#include "stream_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "dump_json.h"
#include "params.h"
#include "personalities.h"
#include "presets.h"
#include "smmuvp/base/dump.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/explain_access.h"
#include "stream_request.h"
#include "stream_walk_smmuv2.h"

namespace smmuvp::tables {

using json = nlohmann::ordered_json;

namespace {

using Texts = std::vector<std::string>;

SavedSmmu chosen(const std::vector<SavedSmmu>& smmus, const StreamRequest& request) {
  std::vector<SavedSmmu> of_type;
  std::string names;
  for (const SavedSmmu& smmu : smmus) {
    if (smmu.type != "smmuv3" && smmu.type != "smmuv2") continue;
    if (smmu.name == request.smmu) return smmu;
    names += (names.empty() ? "" : ", ") + printable(smmu.name);
    of_type.push_back(smmu);
  }
  if (!request.smmu.empty()) {
    throw ConfigError("smmu", fmt::format("--smmu: the image has no SMMU {}; it has {}", quoted(request.smmu),
                                          names.empty() ? "none" : names));
  }
  if (of_type.size() > 1) {
    throw ConfigError("smmu", fmt::format("the image has several SMMUs: say by --smmu which: {}", names));
  }
  if (!of_type.empty()) return of_type.front();
  const auto given = [&](const char* name) {
    return std::any_of(request.registers.begin(), request.registers.end(),
                       [&](const auto& r) { return r.first == name; });
  };
  if (!given("SMMU_STRTAB_BASE") || !given("SMMU_STRTAB_BASE_CFG")) {
    throw ConfigError(
        "strtab-base",
        "the dump tells of no SMMU: say by --strtab-base and --strtab-base-cfg where its Stream table is "
        "(--register and --param for whatever else differs from an SMMU that is on)");
  }
  // On, with an Event queue that takes records.
  return {"smmu", "smmuv3", {}, {{"SMMU_CR0", 0xd}, {"SMMU_CR2", 0x2}, {"SMMU_EVENTQ_BASE", 7}}};
}

smmuv3::Features features_of(const SavedSmmu& saved, const StreamRequest& request) {
  Params params(smmuv3::smmuv3_params(), saved.name);
  for (const auto* list : {&saved.parameters, &request.parameters}) {
    for (const auto& [name, value] : *list) params.set(name, value);
  }
  return smmuv3::settings_of(smmuv3::with_preset(smmuv3::with_personality(params))).features;
}

/// An SMMU in the state of the image.
class Restored {
 public:
  Restored(const SavedSmmu& saved, const StreamRequest& request)
      : m_smmu(features_of(saved, request), untimed(), saved.name) {
    for (const auto& [name, value] : saved.registers) set(name, value, false);
    for (const auto& [name, value] : request.registers) set(name, value, true);
    // Last: it takes into use what the others say.
    m_smmu.interface().write(m_smmu.interface().registers().info(smmuv3::SMMU_CR0).offset, 4,
                             AccessSecurity::NonSecure, 0, m_cr0);
  }
  smmuv3::Smmu& smmu() { return m_smmu; }
  const std::vector<std::string>& notes() const { return m_notes; }

 private:
  static smmuv3::Structures untimed() {
    smmuv3::Structures s;
    s.timing = false;
    return s;
  }
  // An image of another version may have registers that this one has not; a user's word must be right.
  void set(const std::string& name, std::uint64_t value, bool by_user) {
    smmuv3::ProgrammingInterface& interface = m_smmu.interface();
    for (const RegisterInfo& info : interface.registers().table()) {
      if (name != info.name || info.bank == SecurityBank::SecureOnly) continue;
      const auto id = static_cast<smmuv3::Reg>(info.id);
      if (id == smmuv3::SMMU_CR0) {
        m_cr0 = value;
      } else if (info.access == smmuvp::Access::RW) {
        interface.set(id, value & info.write_mask);
      } else if (id == smmuv3::SMMU_GERROR) {
        interface.set(id, value);
      } else if (info.access == smmuvp::Access::RO && value != interface.registers().get(id)) {
        m_notes.push_back(fmt::format("{} is {:#x} in the image, and {:#x} with the parameters here", name,
                                      value, interface.registers().get(id)));
      }
      return;
    }
    if (!by_user) return;
    std::vector<std::string> known;
    for (const RegisterInfo& info : interface.registers().table()) known.emplace_back(info.name);
    throw ConfigError("register",
                      fmt::format("--register: there is no {}{}", quoted(name), suggestion(name, known)));
  }

  smmuv3::Smmu m_smmu;
  std::uint64_t m_cr0 = 0;
  std::vector<std::string> m_notes;
};

// ---- in words

std::string outcome_words(const smmuv3::ExplainedEnd& end) {
  switch (end.answer.outcome) {
    case smmu::Outcome::forward:
      return fmt::format("goes on to {:#x}", end.answer.output);
    case smmu::Outcome::razwi:
      return "is terminated as RAZ/WI";
    case smmu::Outcome::answered:
    case smmu::Outcome::abort:
      break;
  }
  return "is aborted";
}

void add_registers(const smmuv3::AccessExplanation& e, DumpSection& to) {
  DumpSection& s = to.add("registers", {"register", "value", "meaning"});
  for (const smmu::RegisterFact& r : e.registers) {
    s.rows.push_back({r.name, fmt::format("{:#x}", r.value), r.meaning});
  }
}

void add_structures(const smmuv3::AccessExplanation& e, DumpSection& to) {
  for (const smmuv3::FoundStructure& s : e.structures) {
    const std::string title =
        s.memory_explanation.title.empty() ? smmuv3::kind_info(s.kind).title : s.memory_explanation.title;
    const std::string where = s.address ? fmt::format("{} at {:#x}", title, *s.address) : title;
    if (s.words.empty()) {
      to.add(where + (s.aborted ? ": no dump holds it" : ": memory leads to none"));
    } else {
      to.sections.push_back(smmuv3::section_of(where, s.memory_explanation, s.words));
    }
  }
}

void add_walk(const pgtable::ExplainedWalk& walk, const char* title, DumpSection& to) {
  DumpSection& s = to.add(title);
  for (const pgtable::ExplainedStep& step : walk.steps) {
    const bool first = step.op.stage == pgtable::Stage::stage1;
    DumpSection& d = s.add(fmt::format("stage {} level {}, {} {:#x}: descriptor at {:#x}", first ? 1 : 2,
                                       step.op.level, first ? "VA" : "IPA", step.input, step.op.address),
                           {"bits", "field", "value", "meaning"});
    if (step.response.status != pgtable::MemoryStatus::ok) {
      d.notes.emplace_back("no dump holds it: external abort");
      continue;
    }
    d.notes.push_back(fmt::format("{:#x}{}", step.response.data,
                                  step.explanation ? ", " + step.explanation->title : std::string()));
    if (!step.explanation) continue;
    for (const pgtable::Field& f : step.explanation->fields) {
      if (f.value == 0 && !f.wrong) continue;
      d.rows.push_back({f.high == f.low ? fmt::format("[{}]", f.high) : fmt::format("[{}:{}]", f.high, f.low),
                        f.name, fmt::format("{:#x}", f.value), f.wrong ? "! " + f.meaning : f.meaning});
    }
  }
  if (walk.result.ok()) {
    s.notes.push_back(fmt::format("{:#x} is translated to {:#x}", walk.request.va, walk.result.output));
  } else {
    const std::string reason = pgtable::fault_reason(walk);
    s.notes.push_back(pgtable::fault_words(walk.result.fault) + (reason.empty() ? "" : ": " + reason));
  }
}

void add_result(const smmuv3::ExplainedEnd& end, DumpSection& to) {
  DumpSection& s = to.add("result");
  s.notes.push_back("the access " + outcome_words(end) +
                    (!end.event && !end.why_not.empty() ? ": " + end.why_not : ""));
  if (end.answer.outcome == smmu::Outcome::forward) {
    s.notes.push_back(pgtable::memory_words(end.answer.attributes.memory) + ", " +
                      pgtable::shareability_words(end.answer.attributes.SH));
  }
  if (!end.event) return;
  const auto record = end.event->words();
  DumpSection event = smmuv3::section_of(std::string("event ") + smmuv3::to_string(end.event->type),
                                         smmuv3::explain(smmuv3::StructureKind::event, record.data()),
                                         {record.begin(), record.end()});
  event.notes.push_back(end.recorded ? "recorded" : "not recorded: " + end.why_not);
  s.sections.push_back(std::move(event));
}

DumpSection section_of(const smmuv3::AccessExplanation& e, const std::string& name) {
  const smmu::AccessRequest& q = e.request;
  DumpSection s;
  s.title = fmt::format("{}: stream {:#x}{}, address {:#x}: {}, {}", name, q.stream_id,
                        q.substream_valid ? fmt::format(", substream {:#x}", q.substream_id) : std::string(),
                        q.address, smmu::kind_name(q.kind, q.instruction),
                        q.privileged ? "privileged" : "unprivileged");
  add_registers(e, s);
  add_structures(e, s);
  for (const smmuv3::CdAddress& a : e.cd_addresses) {
    const bool cd = a.kind == smmuv3::StructureKind::CD;
    add_walk(a.translation.walk, cd ? "address of the CD, by stage 2" : "address of the L1CD, by stage 2", s);
  }
  if (e.translation) add_walk(e.translation->walk, "translation", s);
  add_result(e.memory, s);
  return s;
}

json walk_json(const smmuv3::AccessExplanation& e, const DumpSection& section) {
  const smmuv3::ExplainedEnd& end = e.memory;
  const bool forward = end.answer.outcome == smmu::Outcome::forward;
  json j = {{"address", fmt::format("{:#x}", e.request.address)},
            {"outcome", forward                                      ? "forward"
                        : end.answer.outcome == smmu::Outcome::razwi ? "razwi"
                                                                     : "abort"}};
  if (forward) j["output"] = fmt::format("{:#x}", end.answer.output);
  if (end.event) {
    j["event"] = smmuv3::to_string(end.event->type);
    j["recorded"] = end.recorded;
  }
  j.update(json_of(section));
  return j;
}

}  // namespace

bool asks_for_stream(const Texts& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& word) {
    return word == "--sid" || word.compare(0, 6, "--sid=") == 0;
  });
}

bool walk_stream(const Texts& arguments, std::istream& input, const Output& output) {
  const StreamRequest request = stream_request_of(arguments);
  DumpMemory memory;
  const std::vector<SavedSmmu> smmus = take_dumps(request.dumps, memory);
  const SavedSmmu saved = chosen(smmus, request);
  if (saved.type == "smmuv2") return walk_stream_smmuv2(saved, request, memory, input, output);
  Restored restored(saved, request);
  const smmu::DebugMemory read = debug_memory(memory);

  bool all = true;
  bool first = true;
  json walks = json::array();
  for_each_number(request.addresses, input, "address", 64, [&](std::uint64_t address) {
    const smmuv3::AccessExplanation e = smmuv3::explain(restored.smmu(), access_of(request, address), read);
    all = all && e.memory.answer.outcome == smmu::Outcome::forward;
    const DumpSection section = section_of(e, saved.name);
    if (request.json) {
      walks.push_back(walk_json(e, section));
      return;
    }
    for (const std::string& note : first ? restored.notes() : Texts()) {
      output.print("note: " + printable(note) + "\n");
    }
    if (!first) output.print("\n");
    first = false;
    output.print(to_text(section));
  });
  if (request.json) {
    const json document = {{"smmu", saved.name}, {"notes", restored.notes()}, {"walks", std::move(walks)}};
    output.print(document.dump(2, ' ', true, json::error_handler_t::replace) + "\n");
  }
  return all;
}

}  // namespace smmuvp::tables
