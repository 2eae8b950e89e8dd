#include "look_of.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "smmuvp/base/fields.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv3/cd_fields.h"
#include "smmuvp/smmuv3/ste_fields.h"

namespace smmuvp {

namespace {

using checker::Look;

std::optional<Look::Kind> kind_of(std::string_view name) {
  if (name == "L1STD") return Look::Kind::L1STD;
  if (name == "STE") return Look::Kind::STE;
  if (name == "L1CD") return Look::Kind::L1CD;
  if (name == "CD") return Look::Kind::CD;
  return std::nullopt;
}

// TG0 and S2TG; TG1 is coded otherwise (IHI 0070 5.4).
unsigned granule_of(std::uint64_t TG, bool TG1) {
  if (TG1) return TG == 1 ? 14 : TG == 3 ? 16 : 12;
  return TG == 1 ? 16 : TG == 2 ? 14 : 12;
}

std::uint64_t address_in(const std::array<std::uint64_t, 8>& words, const Field& f) {
  return get(words, f) << (f.low % 64U);
}

}  // namespace

std::string words_of_end(const Explanation::End& end) {
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

bool same_end(const Explanation::End& a, const Explanation::End& b) {
  return a.outcome == b.outcome && a.output == b.output && a.memory_type == b.memory_type &&
         a.shareability == b.shareability && a.fault == b.fault;
}

Look look_of(const Explanation& e, const AccessQuestion& question, bool E2H) {
  Look look;
  look.iova = question.address;
  look.context.stream_id = question.stream_id;
  look.context.substream_id = question.substream_id;
  look.context.e2h = E2H;
  std::array<unsigned, 2> granules{12, 12};  // of stage 1, by range
  unsigned stage2_granule = 12;
  bool configuration = false;
  for (const Explanation::Structure& s : e.structures) {
    const auto kind = kind_of(s.name);
    if (!kind) continue;
    std::array<std::uint64_t, 8> words{};
    const std::vector<std::uint64_t>& in_use = s.cached.empty() ? s.memory : s.cached;
    std::copy_n(in_use.begin(), std::min(in_use.size(), words.size()), words.begin());
    if (*kind == Look::Kind::STE) {
      look.context.vmid = get_as<std::uint16_t>(words, smmuv3::STE_S2VMID);
      if (is_set(words, smmuv3::STE_S2AA64)) stage2_granule = granule_of(get(words, smmuv3::STE_S2TG), false);
      const bool one_stage = (get(words, smmuv3::STE_Config) & 2) == 0;
      if (one_stage && get(words, smmuv3::STE_STRW) == 2) look.context.regime = checker::Regime::EL2;
      const std::uint64_t config = get(words, smmuv3::STE_Config);
      look.translates = {(config & 5) == 5, (config & 6) == 6};
      look.input_bits[1] =
          is_set(words, smmuv3::STE_S2AA64) ? 64 - static_cast<unsigned>(get(words, smmuv3::STE_S2T0SZ)) : 0;
      look.roots[1] = address_in(words, smmuv3::STE_S2TTB);
    } else if (*kind == Look::Kind::CD) {
      look.context.asid = get_as<std::uint16_t>(words, smmuv3::CD_ASID);
      const bool upper = (question.address >> 55 & 1) != 0;
      look.input_bits[0] = 64 - static_cast<unsigned>(get(words, upper ? smmuv3::CD_T1SZ : smmuv3::CD_T0SZ));
      if (!is_set(words, smmuv3::CD_AA64)) look.input_bits[0] = 0;
      look.roots[0] = address_in(words, upper ? smmuv3::CD_TTB1 : smmuv3::CD_TTB0);
      if (is_set(words, smmuv3::CD_AA64))
        granules = {granule_of(get(words, smmuv3::CD_TG0), false),
                    granule_of(get(words, smmuv3::CD_TG1), true)};
    }
    if (!s.address) continue;
    const bool one_word = *kind == Look::Kind::L1STD || *kind == Look::Kind::L1CD;
    Look::Structure to{*kind, *s.address, one_word ? 1U : 8U, s.stale()};
    std::copy_n(s.memory.begin(), std::min<std::size_t>(s.memory.size(), to.words), to.memory.begin());
    look.structures.push_back(to);
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
  look.stale = e.stale && !same_end(e.now, e.memory);
  look.now = words_of_end(e.now);
  look.memory = words_of_end(e.memory);
  return look;
}

}  // namespace smmuvp
