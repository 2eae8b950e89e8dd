#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "common_points.h"
#include "coverage.h"
#include "smmuvp/smmuv2/faults.h"
#include "smmuvp/smmuv2/register_fields.h"
#include "smmuvp/smmuv2/registers.h"
#include "smmuvp/smmuv2/trace_points.h"

namespace smmuvp::coverage {

using namespace smmuv2;

namespace {

// Everything that an SMMU can have, so that its table has all rows.
Features all_features() {
  Features f;
  f.SES = true;
  f.SSDTP = 1;
  f.NUMSSDNDXB = 8;
  f.counter_groups = 1;
  f.CGNC = 15;
  return f;
}

// What decides which format a register of a context bank has (IHI 0062 16.5, 17.3).
struct Bank {
  std::uint64_t CBAR = 0, CBA2R = 0, TCR = 0;
};

bool is_stage2(const Bank& bank) { return get(bank.CBAR, CBAR_TYPE) == 0; }
bool is_64(const Bank& bank) { return get(bank.CBA2R, CBA2R_VA64) != 0; }
bool is_short(const Bank& bank) {
  constexpr std::uint64_t EAE = std::uint64_t{1} << 31;
  return !is_64(bank) && !is_stage2(bank) && (bank.TCR & EAE) == 0;
}

using Choice = const StructureInfo* (*)(const Bank&, std::uint64_t value);
struct Row {
  const char* name;  // of a register that has several formats, or one of another name
  Choice choose;
};

const Row choices[] = {
    // The trace does not tell the Secure copy, which has fields of its own.
    {"SMMU_sCR0", [](const Bank&, std::uint64_t) { return &CR0_format; }},
    {"SMMU_SMRn", [](const Bank&, std::uint64_t) { return &SMR_format; }},
    {"SMMU_S2CRn",
     [](const Bank&, std::uint64_t value) {
       const auto TYPE = get(value, S2CR_TYPE);
       return TYPE == 0 ? &S2CR_translation_format : TYPE == 1 ? &S2CR_bypass_format : &S2CR_fault_format;
     }},
    {"SMMU_CBARn",
     [](const Bank&, std::uint64_t value) {
       constexpr const StructureInfo* by_type[] = {&CBAR_stage2_format, &CBAR_stage1_format,
                                                   &CBAR_stage1_fault_format, &CBAR_nested_format};
       return by_type[get(value, CBAR_TYPE)];
     }},
    {"SMMU_CBn_SCTLR",
     [](const Bank& bank, std::uint64_t) {
       return is_stage2(bank) ? &SCTLR_stage2_format : &SCTLR_stage1_format;
     }},
    {"SMMU_CBn_TCR",
     [](const Bank& bank, std::uint64_t) {
       if (is_stage2(bank)) return is_64(bank) ? &TCR_stage2_64_format : &TCR_stage2_32_format;
       return is_64(bank) ? &TCR_64_format : is_short(bank) ? &TCR_short_format : &TCR_long_format;
     }},
    {"SMMU_CBn_TTBR0",
     [](const Bank& bank, std::uint64_t) {
       if (is_stage2(bank)) return &TTBR0_stage2_format;
       return is_64(bank) ? &TTBR_64_format : is_short(bank) ? &TTBR_short_format : &TTBR_long_format;
     }},
    {"SMMU_CBn_PRRR/SMMU_CBn_MAIR0",
     [](const Bank& bank, std::uint64_t) { return is_short(bank) ? &PRRR_format : &MAIR0_format; }},
    {"SMMU_CBn_NMRR/SMMU_CBn_MAIR1",
     [](const Bank& bank, std::uint64_t) { return is_short(bank) ? &NMRR_format : &MAIR1_format; }},
    {"SMMU_CBn_CONTEXTIDR",
     [](const Bank& bank, std::uint64_t) {
       return is_short(bank) ? &CONTEXTIDR_short_format : &CONTEXTIDR_long_format;
     }},
    {"SMMU_CBn_TLBIVA",
     [](const Bank& bank, std::uint64_t) { return is_64(bank) ? &TLBIVA_64_format : &TLBIVA_32_format; }},
    {"SMMU_CBn_TLBIVAA",
     [](const Bank& bank, std::uint64_t) { return is_64(bank) ? &TLBIVAA_64_format : &TLBIVAA_32_format; }},
};

// nullptr: its fields are not looked at.
const StructureInfo* format_of(std::string_view name, const Bank& bank, std::uint64_t value) {
  for (const Row& row : choices) {
    if (name == row.name) return row.choose(bank, value);
  }
  const StructureInfo* only = nullptr;
  for (const StructureInfo* info : register_formats()) {
    if (name != info->name) continue;
    if (only != nullptr) return nullptr;
    only = info;
  }
  return only;
}

// All that format_of() can answer for a register.
std::vector<const StructureInfo*> formats_of(std::string_view name) {
  std::vector<const StructureInfo*> all;
  for (std::uint64_t i = 0; i < 64; ++i) {
    Bank bank;
    bank.CBAR = (i & 3) << CBAR_TYPE.low;
    bank.CBA2R = i >> 2 & 1;
    bank.TCR = (i >> 3 & 1) << 31;
    const StructureInfo* info = format_of(name, bank, (i >> 4) << S2CR_TYPE.low);
    if (info != nullptr && std::find(all.begin(), all.end(), info) == all.end()) all.push_back(info);
  }
  return all;
}

// As trace points call an operation: "SMMU_CBn_TLBIVA" is "TLBIVA".
std::string_view operation(std::string_view name) { return name.substr(name.rfind('_') + 1); }

class Smmuv2Coverage : public SmmuCoverage {
 public:
  Smmuv2Coverage();
  bool wants(std::string_view point) const override;
  void record(std::string_view source, std::string_view point, const TraceValue* values) override;

 private:
  struct Format {
    const StructureInfo* info;
    std::vector<FieldBins> fields;
  };
  struct Fault {
    std::string_view name;
    std::size_t abort, razwi;
  };
  void written(std::string_view source, std::string_view name, std::uint64_t value);

  std::vector<Format> m_formats;
  std::vector<Fault> m_faults;
  InvalidationPoints m_invalidations;
  std::optional<LeafPoints> m_leaves;
  RegisterPoints m_registers;
  std::map<std::pair<std::string, int>, Bank> m_banks;  // of each SMMU
};

Smmuv2Coverage::Smmuv2Coverage() {
  const std::string smmu = "smmuv2";
  const std::vector<RegisterInfo> table = register_table(all_features());
  for (const RegisterInfo& row : table) m_registers.add(smmu, row, m_points);
  for (const RegisterInfo& row : table) {
    if (row.access == Access::RO || row.alias_of != RegisterInfo::no_alias) continue;
    for (const StructureInfo* info : formats_of(row.name)) {
      const auto same = [info](const Format& f) { return f.info == info; };
      if (std::any_of(m_formats.begin(), m_formats.end(), same)) continue;
      // Of several formats the part of the title behind the comma tells which.
      std::string name = smmu + "/field/" + info->name;
      const std::string title = info->title;
      const std::size_t comma = title.find(", ");
      if (comma != std::string::npos) name += "[" + title.substr(comma + 2) + "]";
      m_formats.push_back({info, bins_of(info->fields, name + "/", m_points)});
    }
  }
  std::vector<std::string_view> seen;
  for (unsigned bit = 0; bit < 32; ++bit) {
    for (const std::string_view name : {fsr_name(1U << bit), gfsr_name(1U << bit)}) {
      if (name == "none" || std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
      seen.push_back(name);
      const std::string fault = smmu + "/fault/" + std::string(name) + "/";
      const std::size_t abort = add(fault + "abort", "IHI 0062 9.6.15, 16.5.9", "an access was aborted");
      m_faults.push_back(
          {name, abort, add(fault + "RAZ-WI", "IHI 0062 3.7.2", "an access ended without an abort")});
    }
  }
  for (const RegisterInfo& row : table) {
    if (operation(row.name).find("TLBI") != std::string_view::npos)
      m_invalidations.add(smmu, std::string(operation(row.name)), row.clause, m_points);
  }
  m_leaves.emplace(smmu, true, m_points);
  made();
}

bool Smmuv2Coverage::wants(std::string_view point) const {
  return point == smmu::trace_fault.name || point == smmu::trace_leaf.name ||
         point == smmu::trace_tlb_invalidate.name || point == smmu::trace_register_read.name ||
         point == smmu::trace_register_write.name;
}

void Smmuv2Coverage::written(std::string_view source, std::string_view name, std::uint64_t value) {
  m_registers.count(name, true, m_counts);
  const std::string& canonical = m_registers.name_of(name);
  if (canonical.empty()) return;
  // Of a bank: the number stands where the table has "n".
  const std::size_t at = canonical.find('n');
  Bank none;
  Bank& bank = canonical.rfind("SMMU_CB", 0) == 0 && at != std::string::npos
                   ? m_banks[{std::string(source), std::atoi(std::string(name.substr(at)).c_str())}]
                   : none;
  if (canonical == "SMMU_CBARn") bank.CBAR = value;
  if (canonical == "SMMU_CBA2Rn") bank.CBA2R = value;
  if (canonical == "SMMU_CBn_TCR") bank.TCR = value;
  const StructureInfo* format = format_of(canonical, bank, value);
  if (format == nullptr) return;
  for (const Format& f : m_formats) {
    if (f.info != format) continue;
    for (const FieldBins& bins : f.fields) bins.count(&value, m_counts);
  }
}

void Smmuv2Coverage::record(std::string_view source, std::string_view point, const TraceValue* values) {
  if (point == smmu::trace_leaf.name) return m_leaves->count(values, m_counts);
  if (point == smmu::trace_tlb_invalidate.name)
    return m_invalidations.count(values[0].text, values[1].number, m_counts);
  if (point == smmu::trace_fault.name) {
    for (const Fault& fault : m_faults) {
      if (fault.name == values[2].text) ++m_counts[values[3].text == "abort" ? fault.abort : fault.razwi];
    }
    return;
  }
  if (point == smmu::trace_register_write.name) return written(source, values[0].text, values[1].number);
  m_registers.count(values[0].text, false, m_counts);
}

}  // namespace

std::unique_ptr<SmmuCoverage> make_smmuv2_coverage() { return std::make_unique<Smmuv2Coverage>(); }

}  // namespace smmuvp::coverage
