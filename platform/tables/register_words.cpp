#include "register_words.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "register_names.h"
#include "smmuvp/smmuv2/explain_register.h"
#include "smmuvp/smmuv3/explain.h"
#include "structure_words.h"

namespace smmuvp::tables {

namespace {

using Registers = std::map<std::string, std::uint64_t>;

// Of registers with several formats.
struct Surroundings {
  bool extended_ids = false;  // sCR0.EXIDENABLE (IHI 0062 9.6.2)
  bool aarch64 = false;       // CBA2Rn.VA64 (IHI 0062 10.2.2)
  bool stage2 = false;        // CBARn.TYPE is 0b00 (IHI 0062 10.2.1)
};

bool says(const StructureInfo& format, std::string_view text) {
  return std::string_view(format.title).find(text) != std::string_view::npos;
}

// The one that the value can be of, and that fits its surroundings as far as its title tells.
const StructureInfo* format_of(const NamedRegister& named, std::uint64_t value, const Surroundings& around) {
  if (named.formats.empty()) return nullptr;
  for (const Field* f : named.formats[0]->fields) {  // one format for each value, the last for what is above
    if (std::string_view(f->name) == "TYPE")
      return named.formats[std::min<std::size_t>(get(value, *f), named.formats.size() - 1)];
  }
  const StructureInfo* best = nullptr;
  int best_score = -1;
  for (const StructureInfo* format : named.formats) {
    const std::vector<ExplainedField> fields = smmuv2::explain_register(*format, value);
    const bool wrong =
        std::any_of(fields.begin(), fields.end(), [](const ExplainedField& f) { return f.wrong; });
    int score = wrong ? 0 : 1;
    score += says(*format, "AArch64") == around.aarch64 ? 4 : 0;
    score += says(*format, "Extended ID") == around.extended_ids ? 4 : 0;
    score += says(*format, "stage 2") == around.stage2 ? 2 : 0;
    if (score <= best_score) continue;
    best = format;
    best_score = score;
  }
  return best;
}

void add_register(const std::string& name, std::uint64_t value, const Surroundings& around, DumpSection& to) {
  const NamedRegister named = find_register_of_log(name);
  const StructureInfo* format = format_of(named, value, around);
  DumpSection& section = to.add(name + " = " + hex_text(value), {"bits", "field", "value", "meaning"});
  if (format == nullptr) return;
  section.title += ": " + std::string(format->title);
  section.notes.push_back(format->clause);
  for (const ExplainedField& f : smmuv2::explain_register(*format, value)) {
    if (f.value != 0 || f.wrong) section.rows.push_back({bits_words(f), f.name, f.text, f.meaning});
  }
}

// Registers of a bank by its number, "SMMU_CB2_TCR", "SMMU_CBAR2" and so on.
bool is_of_bank(const std::string& name, const std::string& number) {
  for (const char* whole : {"SMMU_CBAR", "SMMU_CBA2R", "SMMU_CBFRSYNRA"}) {
    if (name == whole + number) return true;
  }
  return name.rfind("SMMU_CB" + number + "_", 0) == 0;
}

std::optional<std::uint64_t> value_of(const Registers& registers, const std::string& name) {
  const auto at = registers.find(name);
  return at == registers.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

InWords event_in_words(const std::uint64_t* words) {
  smmuv3::StructureExplanation e = smmuv3::explain(smmuv3::StructureKind::event, words);
  return {std::move(e.title), std::move(e.clause), std::move(e.fields)};
}

DumpSection stream_mapping_of(const DumpSection& contents) {
  DumpSection mapping;
  mapping.title = "Stream mapping";
  Registers registers;
  std::vector<std::string> order;
  for (const DumpSection& section : contents.sections) {
    if (section.title != "registers") continue;
    for (const auto& row : section.rows) {
      if (row.size() < 3) continue;
      // Of two that share an offset the second is that of long descriptors: PRRR/MAIR0.
      const std::size_t slash = row[0].find('/');
      const std::string name = slash == std::string::npos ? row[0] : row[0].substr(slash + 1);
      registers[name] = std::strtoull(row[2].c_str(), nullptr, 0);
      order.push_back(name);
    }
  }
  Surroundings around;
  around.extended_ids = (value_of(registers, "SMMU_sCR0").value_or(0) >> 31 & 1) != 0;
  constexpr unsigned most_groups = 128;  // IHI 0062 9.6.23
  std::set<unsigned> banks;
  for (unsigned n = 0; n < most_groups; ++n) {
    const std::string number = std::to_string(n);
    const std::uint64_t smr = value_of(registers, "SMMU_SMR" + number).value_or(0);
    const std::uint64_t s2cr = value_of(registers, "SMMU_S2CR" + number).value_or(0);
    // SMRn.VALID, or S2CRn.EXIDVALID with Extended IDs
    if ((around.extended_ids ? s2cr >> 10 & 1 : smr >> 31 & 1) == 0) continue;
    DumpSection& group = mapping.add("stream mapping group " + number);
    const std::uint64_t low = around.extended_ids ? 0xffff : 0x7fff;
    group.title += ": StreamID " + hex_text(smr & low);
    if ((smr >> 16 & low) != 0) group.title += " but for bits " + hex_text(smr >> 16 & low);
    const unsigned type = s2cr >> 16 & 3;
    if (type == 0) {
      banks.insert(s2cr & 0xff);
      group.title += ", context bank " + std::to_string(s2cr & 0xff);
    } else {
      group.title += type == 1 ? ", bypass" : ", fault";
    }
    add_register("SMMU_SMR" + number, smr, around, group);
    add_register("SMMU_S2CR" + number, s2cr, around, group);
  }
  for (const unsigned bank : banks) {
    const std::string number = std::to_string(bank);
    DumpSection& section = mapping.add("context bank " + number);
    around.aarch64 = (value_of(registers, "SMMU_CBA2R" + number).value_or(0) & 1) != 0;
    around.stage2 = (value_of(registers, "SMMU_CBAR" + number).value_or(0) >> 16 & 3) == 0;
    for (const std::string& name : order) {
      if (is_of_bank(name, number)) add_register(name, registers[name], around, section);
    }
  }
  return mapping;
}

}  // namespace smmuvp::tables
