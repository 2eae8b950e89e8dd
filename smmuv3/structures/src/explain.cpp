#include "smmuvp/smmuv3/explain.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "smmuvp/base/check_fields.h"
#include "smmuvp/base/field_text.h"
#include "smmuvp/pgtable/explain.h"
#include "smmuvp/smmuv3/cd.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/page_request_fields.h"
#include "smmuvp/smmuv3/ste.h"
#include "smmuvp/smmuv3/vms.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr StructureKindInfo kinds[structure_kind_count] = {
    {"l1std", L1STD_structure.title, L1STD_structure.bytes / 8},
    {"ste", STE_structure.title, STE_structure.bytes / 8},
    {"l1cd", L1CD_structure.title, L1CD_structure.bytes / 8},
    {"cd", CD_structure.title, CD_structure.bytes / 8},
    {"cmd", "Command queue entry", 2},
    {"event", "Event queue record", 4},
    {"pri", PRI_structure.title, PRI_structure.bytes / 8},
    {"vms", VMS_structure.title, VMS_structure.bytes / 8},
};

using Words = std::array<std::uint64_t, 8>;  // what the kind has not got is 0

std::string meaning_of(const Field& f, std::uint64_t value, bool& wrong) {
  if (f.use != FieldUse::memory_types) return meaning_text(f, value, wrong);
  // MAIR1 goes on where MAIR0 ends.
  const unsigned first = &f == &CD_MAIR1 ? CD_MAIR0.width() / 8 : 0;
  return pgtable::memory_types_words(value, f.width() / 8, first);
}

// ---- fields that count for nothing because of others: the reason, or nullptr

const char* ste_ignores(const Field& f, const Words& words, const Ste& ste) {
  if (&f == &STE_V) return nullptr;
  if (!is_set(words, STE_V)) return "V is 0";
  if (&f == &STE_Config) return nullptr;
  const std::uint64_t Config = get(words, STE_Config);
  if (Config < 4) return &f == &STE_CONT ? nullptr : "Config aborts";  // 5.2.1
  if (&f == &STE_S2VMID) return Config == 4 ? "Config bypasses" : nullptr;
  if (begins_with(f.name, "S1") && (Config & 1) == 0) return "stage 1 bypasses";
  if ((begins_with(f.name, "S2") || begins_with(f.name, "S_S2")) && (Config & 2) == 0)
    return "stage 2 bypasses";
  if ((&f == &STE_STRW || &f == &STE_EATS) && Config == 4) return "Config bypasses";
  if (&f == &STE_STRW && (Config & 2) != 0) return "stage 2 translates";
  if ((&f == &STE_S1Fmt || &f == &STE_S1DSS) && !is_set(words, STE_S1CDMax)) return "S1CDMax is 0";
  if (&f == &STE_S2PTW && Config != 7) return "stage 1 bypasses";
  if (&f == &STE_S2PS && !is_set(words, STE_S2AA64)) return "S2AA64 is 0";
  if (&f == &STE_NSCFG && !ste.origin.secure()) return "the STE is Non-secure";
  if (&f == &STE_NSCFG && (Config & 1) != 0) return "stage 1 translates";
  if (&f == &STE_S2SA && is_set(words, STE_S2SW)) return "S2SW is 1";
  return nullptr;
}

bool is_one_of(const Field& f, std::initializer_list<const Field*> fields) {
  return std::find(fields.begin(), fields.end(), &f) != fields.end();
}

const char* cd_ignores(const Field& f, const Words& words, const Ste& ste) {
  if (&f == &CD_V) return nullptr;
  if (!is_set(words, CD_V)) return "V is 0";
  const bool el2 = has_one_range(ste.world);
  if (el2 && is_one_of(f, {&CD_EPD0, &CD_EPD1, &CD_PAN, &CD_ASID, &CD_UWXN})) {
    return ste.world == StreamWorld::EL3 ? "the StreamWorld is EL3" : "the StreamWorld is EL2";
  }
  if (!ste.origin.secure() && is_one_of(f, {&CD_NSCFG0, &CD_NSCFG1})) return "the STE is Non-secure";
  const bool AA64 = is_set(words, CD_AA64);
  if (!AA64 && is_one_of(f, {&CD_TG0, &CD_IPS, &CD_HA, &CD_HD})) return "AA64 is 0";
  if (!AA64 && !el2 && &f == &CD_TG1) return "AA64 is 0";
  if (AA64 && &f == &CD_UWXN) return "AA64 is 1";
  if (&f == &CD_AFFD && AA64 && is_set(words, CD_HA)) return "HA is 1";
  if (el2) return nullptr;
  for (unsigned i = 0; i < 2; ++i) {
    const CdRangeFields& r = CD_range_fields[i];
    if (!is_set(words, *r.EPD)) continue;
    for (const Field* of_range : {r.TxSZ, r.TG, r.IR, r.OR, r.SH, r.TTB}) {
      if (&f == of_range) return i == 0 ? "EPD0 is 1" : "EPD1 is 1";  // 5.4.1.1
    }
  }
  if (&f == &CD_ENDI && is_set(words, CD_EPD0) && is_set(words, CD_EPD1)) return "EPD0 and EPD1 are 1";
  return nullptr;
}

const char* command_ignores(const Field& f, const Words& words, const Ste&) {
  const auto opcode = get_as<Opcode>(words, CMD_Opcode);
  if (&f == &CMD_SubstreamID && opcode != Opcode::CMD_CFGI_CD && !is_set(words, CMD_SSV)) return "SSV is 0";
  if (&f == &CMD_Global && !is_set(words, CMD_SSV)) return "SSV is 0";
  if (&f == &CMD_StreamID && opcode == Opcode::CMD_CFGI_STE_RANGE &&
      get(words, CMD_Range) == CMD_Range.mask()) {
    return "Range is 31";
  }
  if (&f == &CMD_Abort && is_set(words, CMD_Action)) return "Action is 1";
  const bool msi = &f == &CMD_MSIAddress || &f == &CMD_MSIData || &f == &CMD_MSIAttr || &f == &CMD_MSH;
  if (msi && get(words, CMD_CS) != SIG_IRQ) return "CS asks for no interrupt";
  return nullptr;
}

const char* event_ignores(const Field& f, const Words& words, const Ste&) {
  const bool substream =
      &f == &EVT_SubstreamID && get_as<EventType>(words, EVT_Number) != EventType::C_BAD_SUBSTREAMID;
  if (substream && !is_set(words, EVT_SSV)) return "SSV is 0";
  if (&f == &EVT_IPA && !is_set(words, EVT_S2)) return "S2 is 0";
  if (&f == &EVT_TTRnW && get_as<EventClass>(words, EVT_CLASS) != EventClass::TTD) return "CLASS is not TTD";
  if (&f == &EVT_STAG && !is_set(words, EVT_Stall)) return "Stall is 0";
  return nullptr;
}

const char* page_request_ignores(const Field& f, const Words& words, const Ste&) {
  return &f == &PRI_SubstreamID && !is_set(words, PRI_SSV) ? "SSV is 0" : nullptr;
}

const char* l1std_ignores(const Field& f, const Words& words, const Ste&) {
  return &f == &L1STD_L2Ptr && !is_set(words, L1STD_Span) ? "Span is 0" : nullptr;
}

const char* l1cd_ignores(const Field& f, const Words& words, const Ste&) {
  return &f == &L1CD_L2Ptr && !is_set(words, L1CD_V) ? "V is 0" : nullptr;
}

// ---- fields that have to be 0 because of others: the reason, or nullptr

const char* nothing_reserved(const Field&, const Words&, const Ste&) { return nullptr; }

const char* ste_reserves(const Field& f, const Words& words, const Ste& ste) {
  if (&f == &STE_S2DS) {
    if (get(words, STE_S2TG) == 1) return "S2TG is 64 KiB";
    if (ste.origin.secure() && get(words, STE_S_S2TG) == 1) return "S_S2TG is 64 KiB";
  }
  return &f == &STE_S2TG && !is_set(words, STE_S2AA64) ? "S2AA64 is 0" : nullptr;
}

const char* cd_reserves(const Field& f, const Words& words, const Ste& ste) {
  const bool of_range1 =
      is_one_of(f, {&CD_T1SZ, &CD_TG1, &CD_IR1, &CD_OR1, &CD_SH1, &CD_TBI1, &CD_HAD1, &CD_NSCFG1, &CD_TTB1});
  const bool of_e0 = is_one_of(f, {&CD_E0PD0, &CD_E0PD1, &CD_EPAN});
  if (has_one_range(ste.world) && (of_range1 || of_e0)) {
    return ste.world == StreamWorld::EL3 ? "the StreamWorld is EL3" : "the StreamWorld is EL2";
  }
  const bool of_aa64 = of_e0 || is_one_of(f, {&CD_DS, &CD_PIE, &CD_PnCH});
  return of_aa64 && !is_set(words, CD_AA64) ? "AA64 is 0" : nullptr;
}

const char* page_request_reserves(const Field& f, const Words& words, const Ste&) {
  return is_one_of(f, {&PRI_X, &PRI_Priv}) && !is_set(words, PRI_SSV) ? "SSV is 0" : nullptr;
}

// 4.4.1.1
const char* command_reserves(const Field& f, const Words& words, const Ste&) {
  const bool range = is_one_of(f, {&CMD_NUM, &CMD_SCALE, &CMD_TTL, &CMD_TTL128});
  return range && get(words, CMD_TG) == 0 ? "TG is 0" : nullptr;
}

// ---- fields that mean something else because of others

// VMSAv8-32: TxSZ has three bits (5.4), and S2T0SZ four, signed (5.2).
std::optional<std::string> meaning_by_others(const Field& f, std::uint64_t value, const Words& words,
                                             const Ste& ste) {
  const auto size = [](int bits) { return std::to_string(bits) + "-bit input addresses"; };
  if (is_one_of(f, {&CD_T0SZ, &CD_T1SZ}) && !is_set(words, CD_AA64))
    return size(32 - static_cast<int>(value & 7));
  if (&f == &STE_S2T0SZ && !is_set(words, STE_S2AA64)) {
    const int T0SZ = static_cast<int>(value & 15);
    return size(32 - (T0SZ < 8 ? T0SZ : T0SZ - 16));
  }
  if (&f == &STE_STRW && value == 2 && ste.origin.E2H) {
    return ste.origin.secure() ? "S-EL2-E2H: S_CR2.E2H is 1" : "EL2-E2H: CR2.E2H is 1";
  }
  return std::nullopt;
}

using Rule = const char* (*)(const Field&, const Words&, const Ste&);

struct Source {
  FieldList fields;
  Rule ignores;
  Rule reserves;
  const char* ignored;      // "IGNORED" or "UNKNOWN"
  const char* all_ignored;  // why bits without a field are not looked at, or nullptr
};

ExplainedField explained(const Field& f, const Words& words, const Source& source, const Ste& found_by) {
  ExplainedField e;
  e.name = f.name;
  e.high = f.high;
  e.low = f.low;
  e.value = get(words, f);
  e.text = value_text(f, e.value);
  if (const char* why = source.ignores(f, words, found_by)) {
    e.ignored = true;
    e.meaning = std::string(source.ignored) + ": " + why;
    return e;
  }
  if (const char* why = source.reserves(f, words, found_by)) {
    e.wrong = e.value != 0;
    e.meaning = std::string("RES0: ") + why;
    return e;
  }
  const auto meaning = meaning_by_others(f, e.value, words, found_by);
  e.meaning = meaning ? *meaning : meaning_of(f, e.value, e.wrong);
  if (f.when != nullptr) e.meaning += std::string(e.meaning.empty() ? "" : "; ") + "only with " + f.when;
  if (f.use == FieldUse::implementation_defined && e.meaning.empty() && e.name != "IMPLEMENTATION DEFINED") {
    e.meaning = "IMPLEMENTATION DEFINED";
  }
  return e;
}

// Bits without a field that are not 0, in runs.
void add_reserved(const Words& words, unsigned count, const Source& source, std::vector<ExplainedField>& to) {
  Words left = words;
  for (const Field* f : source.fields) left[f->word()] &= ~f->in_word();
  for (unsigned bit = 0; bit < count * 64;) {
    if (((left[bit / 64] >> (bit % 64)) & 1) == 0) {
      ++bit;
      continue;
    }
    ExplainedField e;
    e.name = "RES0";
    e.low = bit;
    while (bit % 64 != 63 && ((left[bit / 64] >> ((bit + 1) % 64)) & 1) != 0) ++bit;
    e.high = bit++;
    e.value = (left[e.low / 64] >> (e.low % 64)) & low_bits(e.high - e.low + 1);
    e.text = e.high == e.low ? "1" : hex_text(e.value);
    e.ignored = source.all_ignored != nullptr;
    e.wrong = !e.ignored;
    e.meaning =
        e.ignored ? std::string(source.ignored) + ": " + source.all_ignored : std::string("must be 0");
    to.push_back(std::move(e));
  }
}

// A structure with V == 0 is no ILLEGAL one, though it ends the same way.
Verdict verdict_of(bool legal, bool V, const char* why, const char* clause) {
  return {legal, legal ? "legal" : V ? "ILLEGAL" : "invalid", legal ? "" : why, clause};
}

constexpr const Field* number_of_command[] = {&CMD_Opcode};
constexpr const Field* number_of_event[] = {&EVT_Number};

bool is_implementation_defined(StructureKind kind, std::uint64_t number) {
  const std::uint64_t range = number >> 4;
  return kind == StructureKind::command ? range == 0x8 : range == 0xe;  // 4.1.1, 7.3.21
}

}  // namespace

const StructureKindInfo& kind_info(StructureKind kind) { return kinds[static_cast<unsigned>(kind)]; }

std::optional<StructureKind> kind_of_word(const std::string& word) {
  for (unsigned i = 0; i < structure_kind_count; ++i) {
    if (word == kinds[i].word) return static_cast<StructureKind>(i);
  }
  return std::nullopt;
}

StructureExplanation explain(StructureKind kind, const std::uint64_t* words) {
  return explain(kind, words, Features());
}

StructureExplanation explain(StructureKind kind, const std::uint64_t* words, const Features& features) {
  return explain(kind, words, features, Ste());
}

StructureExplanation explain(StructureKind kind, const std::uint64_t* words, const Features& features,
                             const Ste& found_by) {
  const unsigned count = kind_info(kind).words;
  Words w{};
  std::copy(words, words + count, w.begin());
  StructureExplanation result;
  Source source{};
  source.ignored = "IGNORED";
  bool known = true;
  source.reserves = nothing_reserved;
  const auto describe = [&](const StructureInfo& s, auto ignores) {
    result.title = s.name;
    result.clause = s.clause;
    source.fields = s.fields;
    source.ignores = ignores;
  };
  switch (kind) {
    case StructureKind::L1STD:
      describe(L1STD_structure, l1std_ignores);
      break;
    case StructureKind::VMS:
      describe(VMS_structure, nothing_reserved);
      break;
    case StructureKind::L1CD:
      describe(L1CD_structure, l1cd_ignores);
      break;
    case StructureKind::STE: {
      describe(STE_structure, ste_ignores);
      source.reserves = ste_reserves;
      source.all_ignored = !is_set(w, STE_V) ? "V is 0" : get(w, STE_Config) < 4 ? "Config aborts" : nullptr;
      const Ste ste = Ste::decode(w, features, found_by.origin);
      result.verdict = verdict_of(ste.valid, is_set(w, STE_V), ste.why, "IHI 0070 5.2.2");
      break;
    }
    case StructureKind::CD: {
      describe(CD_structure, cd_ignores);
      source.reserves = cd_reserves;
      source.all_ignored = !is_set(w, CD_V) ? "V is 0" : nullptr;
      const Cd cd = Cd::decode(w, features, found_by);
      result.verdict = verdict_of(cd.valid, is_set(w, CD_V), cd.why, "IHI 0070 5.4.2");
      break;
    }
    case StructureKind::command: {
      const Command command = Command::decode({w[0], w[1]});
      const CommandInfo* info = find_command(command.opcode);
      known = info != nullptr;
      const bool all =
          known && info->opcode == Opcode::CMD_CFGI_STE_RANGE && command.Range == CMD_Range.mask();
      result.title = all ? "CMD_CFGI_ALL" : known ? info->name : "Reserved opcode";
      result.clause = all ? "IHI 0070 4.3.6" : known ? info->clause : CMD_Opcode.clause;
      source.fields = known ? info->fields : FieldList(number_of_command);
      source.ignores = command_ignores;
      source.reserves = command_reserves;
      const char* why = "";
      const CommandError error = check_command(command, features, why, found_by.origin);
      const bool legal = error == CommandError::CERROR_NONE;
      result.verdict = Verdict{legal, legal ? "legal" : "CERROR_ILL", why, "IHI 0070 4.1.3"};
      break;
    }
    case StructureKind::event: {
      const EventInfo* info = find_event(get_as<std::uint8_t>(w, EVT_Number));
      known = info != nullptr;
      result.title = known ? info->name : "Reserved event number";
      result.clause = known ? info->clause : EVT_Number.clause;
      source.fields = known ? info->fields : FieldList(number_of_event);
      source.ignores = event_ignores;
      source.ignored = "UNKNOWN";
      break;
    }
    case StructureKind::page_request: {
      describe(PRI_structure, page_request_ignores);
      const bool stop = is_set(w, PRI_SSV) && is_set(w, PRI_Last) && !is_set(w, PRI_W) && !is_set(w, PRI_R);
      if (stop) result.title = "Stop PASID marker";
      source.reserves = page_request_reserves;
      source.ignored = "UNKNOWN";
      break;
    }
  }
  if (!known) {
    const std::uint64_t number = get(w, *number_of_command[0]);
    if (is_implementation_defined(kind, number)) {
      result.title = "IMPLEMENTATION DEFINED";
      if (kind == StructureKind::event) result.title = "IMPDEF_EVENT" + std::to_string(number & 0xf);
    }
  }
  for (const Field* f : source.fields) result.fields.push_back(explained(*f, w, source, found_by));
  if (known) {
    add_reserved(w, count, source, result.fields);
    std::stable_sort(result.fields.begin(), result.fields.end(),
                     [](const ExplainedField& a, const ExplainedField& b) { return a.low < b.low; });
  }
  return result;
}

}  // namespace smmuvp::smmuv3
