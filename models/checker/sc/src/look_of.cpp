#include "look_of.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "smmuvp/base/number_text.h"

namespace smmuvp {

namespace {

using checker::Look;

std::uint64_t value_of(const std::vector<Explanation::Field>& fields, std::string_view name) {
  for (const Explanation::Field& f : fields) {
    if (f.name == name) return f.value;
  }
  return 0;
}

std::optional<Look::Kind> kind_of(std::string_view name) {
  if (name == "L1STD") return Look::Kind::L1STD;
  if (name == "STE") return Look::Kind::STE;
  if (name == "L1CD") return Look::Kind::L1CD;
  if (name == "CD") return Look::Kind::CD;
  return std::nullopt;
}

std::string words_of(const Explanation::End& end) {
  using Outcome = Explanation::End::Outcome;
  const std::string fault = end.fault.empty() ? "" : " with " + end.fault;
  switch (end.outcome) {
    case Outcome::forward:
      return "goes on to " + number_text(end.output, Notation::Hexadecimal);
    case Outcome::stall:
      return "stalls" + fault;
    case Outcome::razwi:
      return "is RAZ/WI" + fault;
    default:
      return "is aborted" + fault;
  }
}

bool same(const Explanation::End& a, const Explanation::End& b) {
  return a.outcome == b.outcome && a.output == b.output && a.memory_type == b.memory_type &&
         a.shareability == b.shareability && a.fault == b.fault;
}

// TG0 and S2TG; TG1 is coded otherwise (IHI 0070 5.4).
unsigned granule_of(std::uint64_t TG, bool TG1) {
  if (TG1) return TG == 1 ? 14 : TG == 3 ? 16 : 12;
  return TG == 1 ? 16 : TG == 2 ? 14 : 12;
}

}  // namespace

Look look_of(const Explanation& e, const AccessQuestion& question) {
  Look look;
  look.iova = question.address;
  look.context.stream_id = question.stream_id;
  look.context.substream_id = question.substream_id;
  std::array<unsigned, 2> granules{12, 12};  // of stage 1, by range
  unsigned stage2_granule = 12;
  for (const Explanation::Register& r : e.registers) {
    if (r.name == "SMMU_CR2") look.context.e2h = (r.value & 1) != 0;
  }
  bool configuration = false;
  for (const Explanation::Structure& s : e.structures) {
    const auto kind = kind_of(s.name);
    if (!kind) continue;
    const std::vector<Explanation::Field>& fields = s.cached_fields.empty() ? s.fields : s.cached_fields;
    if (*kind == Look::Kind::STE) {
      look.context.vmid = static_cast<std::uint16_t>(value_of(fields, "S2VMID"));
      stage2_granule = granule_of(value_of(fields, "S2TG"), false);
      const bool one_stage = (value_of(fields, "Config") & 2) == 0;
      if (one_stage && value_of(fields, "STRW") == 2) look.context.regime = checker::Regime::EL2;
    } else if (*kind == Look::Kind::CD) {
      look.context.asid = static_cast<std::uint16_t>(value_of(fields, "ASID"));
      granules = {granule_of(value_of(fields, "TG0"), false), granule_of(value_of(fields, "TG1"), true)};
    }
    if (!s.address) continue;
    const bool one_word = *kind == Look::Kind::L1STD || *kind == Look::Kind::L1CD;
    look.structures.push_back({*kind, *s.address, one_word ? 1U : 8U, s.stale()});
    configuration = configuration || s.stale();
  }
  for (const auto* steps : {&e.structure_steps, &e.steps}) {
    for (const Explanation::Step& s : *steps) {
      if (s.aborted || s.level < 0) continue;
      const unsigned granule = s.stage == 2 ? stage2_granule : granules[question.address >> 55 & 1];
      look.steps.push_back(
          {s.stage, static_cast<unsigned>(s.level), granule, s.input, s.address, s.descriptor});
    }
  }
  look.stale = e.stale && !same(e.now, e.memory);
  look.now = words_of(e.now);
  look.memory = words_of(e.memory);
  return look;
}

}  // namespace smmuvp
