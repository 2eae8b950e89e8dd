#include "register_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "command_line.h"
#include "smmuvp/base/error.h"
#include "smmuvp/smmuv2/register_fields.h"
#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::tables {

namespace {

using Formats = std::vector<const StructureInfo*>;

constexpr unsigned most_banks = 128;  // IHI 0062 9.6.1, IDR1.NUMCB

/// By the name in capitals, without SMMU_, CBn_ and index; behind a small s, what both Security states have.
struct Entry {
  NamedRegister named;
  unsigned elements = 0;  ///< of an array, whose index may follow; else 0
};
using Entries = std::map<std::string, Entry>;

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  return text;
}

bool drop(std::string& word, std::string_view prefix) {
  if (upper(word.substr(0, prefix.size())) != prefix) return false;
  word.erase(0, prefix.size());
  return true;
}

/// Without SMMU_, what Linux's driver has for it, and CB_, CBn_ or CB3_.
/// @param bank  becomes 3 of CB3_
std::string without_prefixes(std::string word, std::string& bank) {
  drop(word, "ARM_");
  drop(word, "SMMU_");
  for (const char* space : {"GR0_", "GR1_", "CB_", "CBN_"}) {
    if (drop(word, space)) return word;
  }
  std::string name = word;
  if (!drop(name, "CB")) return word;
  const auto end = std::find_if_not(name.begin(), name.end(), is_digit);
  if (end == name.begin() || end == name.end() || *end != '_') return word;
  bank.assign(name.begin(), end);
  return {end + 1, name.end()};
}

std::string stem_of(const std::string& name) {
  std::string none;
  return without_prefixes(name, none);
}

Formats formats_named(std::initializer_list<std::string> stems) {
  Formats found;
  for (const StructureInfo* format : smmuv2::register_formats()) {
    if (std::find(stems.begin(), stems.end(), stem_of(format->name)) != stems.end()) found.push_back(format);
  }
  return found;
}

/// Whose fields a register has: operations share those of what they take. Without a small s.
std::string layout_of(const std::string& stem) {
  static const std::map<std::string, std::string> others = {
      {"FSRRESTORE", "FSR"},       {"GFSRRESTORE", "GFSR"},     {"TLBIVAL", "TLBIVA"},
      {"TLBIVAAL", "TLBIVAA"},     {"TLBIIPAS2L", "TLBIIPAS2"}, {"TLBIVMIDS1", "TLBIVMID"},
      {"TLBIVALH64", "TLBIVAH64"}, {"STLBIVAM", "TLBIVAH64"},   {"STLBIVALM", "TLBIVAH64"},
  };
  if (const auto found = others.find(stem); found != others.end()) return found->second;
  if (stem.rfind("ATS1", 0) == 0) return "ATS1";
  return stem.rfind("GATS1", 0) == 0 ? "GATS" : stem;
}

void add(Entries& to, const RegisterInfo& row, const std::string& name) {
  std::string stem = stem_of(name);
  const bool array = stem.back() == 'n';
  const unsigned elements = array ? row.count : 0;
  const auto put = [&](const std::string& key, const Formats& formats) {
    to.emplace(key, Entry{{{row.name, "no fields", row.clause, row.bytes, {}}, formats}, elements});
  };
  if (stem[0] != 's') {
    const std::string layout = layout_of(stem);
    if (array) stem.pop_back();
    // 16.5.40: both TTBRs have one format, 17.3.9: that of stage 2 is TTBR0's
    return put(upper(stem), formats_named({layout, stem.rfind("TTBR", 0) == 0 ? "TTBRm" : layout}));
  }
  const std::string key = stem.substr(1);
  const std::string layout = layout_of(key);
  put(key, formats_named({layout, "s" + layout}));
  put("NS" + key, formats_named({layout, "s" + layout}));
  put("S" + key, formats_named({"S" + layout, "s" + layout}));
  put("s" + key, formats_named({layout, "S" + layout, "s" + layout}));
}

// The registers of the largest SMMU that there can be.
Entries make_entries() {
  smmuv2::Features f;
  f.SES = f.mmu500_registers = true;
  f.SSDTP = 3;
  f.NUMSSDNDXB = 15;
  f.NUMPAGENDXB = 7;
  f.NUMCB = most_banks;
  f.NUMSMRG = 128;
  f.counter_groups = 256;
  f.CGNC = 1;
  Entries entries;
  for (const RegisterInfo& row : smmuv2::register_table(f)) {
    // Counters of a bank are rows of their own; the array of all has the same names.
    if (row.id >= smmuv2::SMMU_CBn_PMEVCNTR0 && row.id < smmuv2::SMMU_CBn_PMCFGR) continue;
    const std::string names = row.name;  // or two that share an offset: "SMMU_CBn_PRRR/SMMU_CBn_MAIR0"
    const std::size_t slash = names.find('/');
    add(entries, row, names.substr(0, slash));
    if (slash != std::string::npos) add(entries, row, names.substr(slash + 1));
  }
  // What a family is called together, what SMMUv1 calls TCR, and what Linux prints.
  for (const auto& [key, of] :
       {std::pair{"ATS1", "ATS1PR"}, std::pair{"GATS", "GATS1PR"}, std::pair{"SGATS", "SGATS1PR"},
        std::pair{"sGATS", "sGATS1PR"}, std::pair{"TTBR", "TTBR0"}, std::pair{"TTBRM", "TTBR0"},
        std::pair{"TTBCR", "TCR"}, std::pair{"FSYNR", "FSYNR0"}}) {
    entries.emplace(key, entries.at(of));
  }
  return entries;
}

const Entries& entries() {
  static const Entries all = make_entries();
  return all;
}

/// A word, taken apart.
struct Word {
  const Entry* entry = nullptr;
  std::string stem;
  std::string bank;
  std::string index;

  static bool below(const std::string& digits, unsigned count) {
    return digits.size() <= 6 && std::stoul("0" + digits) < count;
  }
  bool bank_fits() const { return below(bank, most_banks); }
  bool index_fits() const { return index.empty() || below(index, entry->elements); }
};

Word take_apart(const std::string& text) {
  Word word;
  const std::string name = without_prefixes(text, word.bank);
  std::vector<std::string> keys{upper(name)};
  if (name.rfind('s', 0) == 0) keys.insert(keys.begin(), "s" + upper(name.substr(1)));
  for (const std::string& key : keys) {
    word.stem = key;
    if (const auto at = entries().find(key); at != entries().end()) {
      word.entry = &at->second;
      return word;
    }
    // An index, or the n for any
    const std::size_t end = key.find_last_not_of("0123456789");
    if (end == std::string::npos) continue;
    const bool any = end + 1 == key.size() && key.back() == 'N';
    const auto at = entries().find(key.substr(0, any ? end : end + 1));
    if (at == entries().end() || at->second.elements == 0) continue;
    word.stem = at->first;
    word.entry = &at->second;
    if (!any) word.index = key.substr(end + 1);
    return word;
  }
  return word;
}

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw ConfigError("", fmt::format("decode smmuv2: {}{}", quoted(text), why));
}

}  // namespace

NamedRegister find_register(const std::string& text) {
  const Word word = take_apart(text);
  if (word.entry == nullptr) {
    std::vector<std::string> known;
    for (const auto& [key, entry] : entries()) known.push_back(key);
    std::set<std::string> with_fields;
    for (const StructureInfo* format : smmuv2::register_formats()) with_fields.insert(stem_of(format->name));
    const std::string near = suggestion(word.stem, known);
    refuse(text, near.empty()
                     ? fmt::format(" is no register; those with fields are: {}", fmt::join(with_fields, ", "))
                     : " is no register" + near);
  }
  if (!word.bank_fits()) {
    refuse(text, fmt::format(": an SMMU has context banks 0 to {} at most", most_banks - 1));
  }
  if (!word.index_fits()) {
    refuse(text, fmt::format(": an SMMU has {0}0 to {0}{1} at most", word.stem, word.entry->elements - 1));
  }
  return word.entry->named;
}

NamedRegister find_register_of_log(const std::string& text) {
  const Word word = take_apart(text);
  if (word.entry == nullptr || !word.bank_fits() || !word.index_fits()) return {};
  return word.entry->named;
}

}  // namespace smmuvp::tables
