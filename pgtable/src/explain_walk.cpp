#include "smmuvp/pgtable/explain_walk.h"

#include <set>

#include "explain_fields.h"

namespace smmuvp::pgtable {

using detail::hex;

DescriptorFormat descriptor_format(const Config& config, Stage stage) {
  if (stage == Stage::stage2) {
    return config.stage2.format == Format::vmsa64 ? DescriptorFormat::lpae64_s2 : DescriptorFormat::lpae32_s2;
  }
  switch (config.stage1.format) {
    case Format::vmsa64:
      return DescriptorFormat::lpae64_s1;
    case Format::lpae32:
      return DescriptorFormat::lpae32_s1;
    case Format::v7s:
      return DescriptorFormat::v7s;
    case Format::mali_lpae:
      break;
  }
  return DescriptorFormat::mali;
}

ExplainSettings explain_settings(const Config& config, Stage stage, unsigned range, AddressSpace space) {
  ExplainSettings s;
  s.regime = config.regime;
  s.secure = config.space == AddressSpace::secure;
  const bool first = stage == Stage::stage1;
  const Stage1Config& s1 = config.stage1;
  const bool secure_ipa = !first && space == AddressSpace::secure && s.secure;
  const Stage2Config s2 = secure_ipa ? of_secure_ipas(config) : config.stage2;
  const bool vmsa64 = (first ? s1.format : s2.format) == Format::vmsa64;
  s.granule = !vmsa64 ? Granule::size_4k : (first ? s1.tables[range].granule : s2.granule);
  // Both may be on while only one has a meaning for this granule.
  const bool large = s.granule == Granule::size_64k;
  s.LPA = vmsa64 && large && (first ? s1.LPA : s2.LPA);
  s.DS = vmsa64 && !large && (first ? s1.DS : s2.DS);
  s.HPD = first && s1.tables[range].HPD;
  s.HD = first ? s1.HD : s2.HD;
  s.FWB = s2.FWB;
  s.XNX = s2.XNX;
  s.AFE = s1.v7s.AFE;
  s.TRE = s1.v7s.TRE;
  if (first) s.MAIR = s1.MAIR;
  s.PRRR = s1.v7s.PRRR;
  s.NMRR = s1.v7s.NMRR;
  s.DACR = s1.v7s.DACR;
  return s;
}

void explain_steps(ExplainedWalk& walk) {
  for (ExplainedStep& step : walk.steps) {
    if (!step.is_read() || step.response.status != MemoryStatus::ok) continue;
    step.explanation =
        explain(descriptor_format(walk.config, step.op.stage), step.op.level, step.response.data,
                explain_settings(walk.config, step.op.stage, walk.result.range & 1U, step.space));
  }
}

const char* access_words(AccessType access) {
  switch (access) {
    case AccessType::read:
      return "read";
    case AccessType::write:
      return "write";
    case AccessType::read_write:
      return "read-write";
    case AccessType::execute:
      return "execute";
    case AccessType::none:
      break;
  }
  return "none";
}

const char* space_words(AddressSpace space) {
  switch (space) {
    case AddressSpace::non_secure:
      return "Non-secure";
    case AddressSpace::secure:
      return "Secure";
    case AddressSpace::realm:
      return "Realm";
    case AddressSpace::root:
      break;
  }
  return "Root";
}

std::string rights_words(Rights rights, bool privileged) {
  const unsigned shift = privileged ? 0 : 3;
  const auto has = [&](unsigned bit) { return rights.has(static_cast<std::uint8_t>(bit << shift)); };
  std::string text;
  const auto add = [&](unsigned bit, const char* word) {
    if (has(bit)) text += (text.empty() ? "" : " ") + std::string(word);
  };
  add(Rights::privileged_read, "read");
  add(Rights::privileged_write, "write");
  add(Rights::privileged_execute, "execute");
  return text.empty() ? "none" : text;
}

std::string rights_words(Rights rights) {
  const std::string privileged = rights_words(rights, true);
  const std::string unprivileged = rights_words(rights, false);
  if (privileged == unprivileged) return "all: " + privileged;
  return "privileged: " + privileged + "; unprivileged: " + unprivileged;
}

namespace {

unsigned stage_number(Stage stage) { return stage == Stage::stage1 ? 1 : 2; }

// The last descriptor of the stage that faulted, if it was the last one read.
const ExplainedStep* last_of_fault(const ExplainedWalk& w) {
  const ExplainedStep* last = nullptr;
  for (const ExplainedStep& s : w.steps) {
    if (!s.is_read()) continue;
    const Fault& f = w.result.fault;
    last = s.op.stage == f.stage && s.op.level == f.level && s.explanation ? &s : nullptr;
  }
  return last;
}

// Why there was nothing to walk.
FaultCause input_cause(const ExplainedWalk& w) {
  const Fault& f = w.result.fault;
  if (f.kind == FaultKind::address_size) return FaultCause::first_table;
  if (f.stage == Stage::stage2) return FaultCause::input_size;
  const TableConfig& t = w.config.stage1.tables[w.result.range & 1U];
  if (t.EPD) return FaultCause::range_off;
  if (t.E0PD && !w.request.privileged) return FaultCause::E0PD;
  return FaultCause::input_size;
}

std::string input_reason(const ExplainedWalk& w) {
  switch (input_cause(w)) {
    case FaultCause::first_table:
      return "the first table lies beyond the output size";
    case FaultCause::range_off:
      return "TTBR" + std::to_string(w.result.range) + " is not walked: EPD is set";
    case FaultCause::E0PD:
      return "E0PD forbids unprivileged accesses to this range";
    default:
      return w.result.fault.stage == Stage::stage2
                 ? "the address is in no range: T0SZ says how large it is"
                 : "the address is in no range: TxSZ says how large they are";
  }
}

std::vector<DecidingField> fields_of_rights(const ExplainedWalk& w, const ExplainedStep& leaf) {
  static const std::set<std::string> data = {"AP[2:1]",   "AP[2]",  "AP[1]",       "AP[1:0]",
                                             "S2AP[1:0]", "access", "APTable[1:0]"};
  static const std::set<std::string> fetch = {"UXN",      "PXN",     "XN",      "XN[1:0]",
                                              "UXNTable", "XNTable", "PXNTable"};
  const bool execute = w.request.access == AccessType::execute;
  // What may be read or written decides about fetches too.
  const auto decides = [&](const std::string& name) {
    return data.count(name) != 0 || (execute && fetch.count(name) != 0);
  };
  std::vector<DecidingField> fields;
  const auto place = static_cast<std::size_t>(&leaf - w.steps.data());
  const bool v7s = leaf.explanation->kind >= DescriptorKind::section;
  for (const Field& f : leaf.explanation->fields) {
    // Of short descriptors AP[2] is explained with AP[1:0] or AP[1].
    const bool said = v7s && f.name == "AP[2]";
    if (!said && decides(f.name)) fields.push_back({place, &f});
  }
  if (leaf.op.stage == Stage::stage2) return fields;
  for (std::size_t i = 0; i < w.steps.size(); ++i) {
    const ExplainedStep& s = w.steps[i];
    if (s.op.stage != Stage::stage1 || !s.explanation || s.explanation->kind != DescriptorKind::table)
      continue;
    for (const Field& f : s.explanation->fields) {
      if (f.value != 0 && decides(f.name)) fields.push_back({i, &f});
    }
  }
  return fields;
}

// The fields and controls that decide about rights, in words: those of the leaf, of tables that take rights
// away, and what is switched on for all of stage 1.
std::string rights_reason(const ExplainedWalk& w, const ExplainedStep& leaf) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  for (const DecidingField& d : fields_of_rights(w, leaf)) {
    const ExplainedStep& s = w.steps[d.step];
    add(d.of->name + (&s == &leaf ? "" : " at level " + std::to_string(s.op.level)) + ": " + d.of->meaning);
  }
  if (leaf.op.stage == Stage::stage2) {
    if (w.result.fault.on_table_walk && w.config.stage2.PTW) add("PTW refuses tables in Device memory");
    return text;
  }
  const bool execute = w.request.access == AccessType::execute;
  const Stage1Config& s1 = w.config.stage1;
  if (s1.WXN && execute) add("WXN is on");
  if (s1.UWXN && execute) add("UWXN is on");
  if (s1.SIF && execute && w.config.space == AddressSpace::secure) add("SIF is on");
  if (s1.PAN && !execute && w.request.privileged) add("PAN is on");
  if (w.request.DIPAN) add("DIPAN is on");
  return text;
}

}  // namespace

std::string fault_words(const Fault& f) {
  std::string text = to_string(f.kind);
  if (!text.empty()) text[0] = static_cast<char>(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 32 : text[0]);
  if (f.kind != FaultKind::external_abort && f.kind != FaultKind::unsupported_atomic) text += " fault";
  return text + ", stage " + std::to_string(stage_number(f.stage)) + ", level " + std::to_string(f.level);
}

FaultCause fault_cause(const ExplainedWalk& w) {
  const ExplainedStep* last = last_of_fault(w);
  switch (w.result.fault.kind) {
    case FaultKind::none:
      return FaultCause::none;
    case FaultKind::translation:
    case FaultKind::address_size:
      return last != nullptr ? FaultCause::descriptor : input_cause(w);
    case FaultKind::external_abort:
    case FaultKind::unsupported_atomic:
      return FaultCause::memory;
    case FaultKind::configuration:
      return FaultCause::other;
    default:
      return last != nullptr ? FaultCause::descriptor : FaultCause::other;
  }
}

std::vector<DecidingField> deciding_fields(const ExplainedWalk& w) {
  const ExplainedStep* last = last_of_fault(w);
  if (w.result.fault.kind != FaultKind::permission || last == nullptr) return {};
  return fields_of_rights(w, *last);
}

bool is_range_disabled(const ExplainedWalk& w) {
  const Fault& f = w.result.fault;
  return f.kind == FaultKind::translation && f.stage == Stage::stage1 && last_of_fault(w) == nullptr &&
         w.config.stage1.tables[w.result.range & 1U].EPD;
}

std::string fault_reason(const ExplainedWalk& w) {
  const Fault& f = w.result.fault;
  const ExplainedStep* last = last_of_fault(w);
  switch (f.kind) {
    case FaultKind::translation:
      if (last == nullptr) return input_reason(w);
      return std::string("the descriptor is ") + to_string(last->explanation->kind);
    case FaultKind::address_size:
      if (last == nullptr) return input_reason(w);
      return "the address in the descriptor has more than " +
             std::to_string(f.stage == Stage::stage1 ? w.config.stage1.output_size
                                                     : w.config.stage2.output_size) +
             " bits";
    case FaultKind::access_flag:
      return "the Access flag is 0, and hardware does not set it";
    case FaultKind::permission:
      return last == nullptr ? "" : rights_reason(w, *last);
    case FaultKind::domain:
      return "DACR gives no access to domain " + std::to_string(f.domain);
    case FaultKind::external_abort:
      return "memory answers " + hex(f.table_address) + " with an abort";
    default:
      return "";
  }
}

}  // namespace smmuvp::pgtable
