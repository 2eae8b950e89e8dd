#include <array>
#include <optional>
#include <utility>

#include "common_points.h"
#include "coverage.h"
#include "smmuvp/smmuv3/cd_fields.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/pmcg_registers.h"
#include "smmuvp/smmuv3/registers.h"
#include "smmuvp/smmuv3/ste_fields.h"
#include "smmuvp/smmuv3/trace_points.h"
#include "smmuvp/smmuv3/vms_fields.h"

namespace smmuvp::coverage {

using namespace smmuv3;

namespace {

constexpr std::string_view prefix = "smmuv3/";

// A field counts where its structure gives it a meaning (IHI 0070 5.2, 5.4).
bool counts_in_ste(const Field& f, const std::uint64_t* words) {
  const auto value = [words](const Field& of) { return get(words[of.word()], of); };
  if (&f == &STE_V) return true;
  if (value(STE_V) == 0) return false;
  const std::string_view name = f.name;
  const std::uint64_t Config = value(STE_Config);
  if (name.substr(0, 2) == "S1") return (Config & 0b101) == 0b101;
  if (name.substr(0, 2) == "S2" || name.substr(0, 4) == "S_S2") return (Config & 0b110) == 0b110;
  return true;
}

bool counts_in_cd(const Field& f, const std::uint64_t* words) {
  const auto value = [words](const Field& of) { return get(words[of.word()], of); };
  if (&f == &CD_V) return true;
  if (value(CD_V) == 0) return false;
  // Of a range that EPD disables nothing counts (5.4.1.1).
  for (const CdRangeFields& range : CD_range_fields) {
    if (&f == range.EPD || value(*range.EPD) == 0) continue;
    for (const Field* of :
         {range.TxSZ, range.TG, range.IR, range.OR, range.SH, range.TBI, range.HAD, range.E0PD, range.TTB,
          range.NSCFG, range.HWU[0], range.HWU[1], range.HWU[2], range.HWU[3]}) {
      if (&f == of) return false;
    }
  }
  return true;
}

// Everything that an SMMU can have, so that its tables have all rows.
Features all_features() {
  Features f;
  f.BTM = f.Hyp = f.MSI = f.PRI = f.ATOS = f.VATOS = f.VMW = f.CD2L = f.ATS = f.MPAM = f.RIL = f.FWB = true;
  f.SECURE_IMPL = f.SEL2 = f.HAS_MPAM_NS = true;
  f.SSIDSIZE = 20;
  f.PARTID_MAX = f.S_PARTID_MAX = 1;
  f.pmcg.counters = 64;
  f.pmcg.MSI = true;
  return f;
}

class Smmuv3Coverage : public SmmuCoverage {
 public:
  Smmuv3Coverage();
  bool wants(std::string_view point) const override;
  void record(std::string_view source, std::string_view point, const TraceValue* values) override;

 private:
  struct Item {
    std::size_t point = 0;
    std::vector<FieldBins> fields;
  };
  struct Structure {
    std::string_view name;
    std::vector<FieldBins> fields;
    bool (*counts)(const Field&, const std::uint64_t*);
  };
  struct Fault {
    std::string_view event;
    std::size_t abort;
    std::optional<std::size_t> razwi;
  };
  void structure(const TraceValue* values);
  void command(const TraceValue* values);

  std::vector<Structure> m_structures;
  std::array<std::optional<Item>, 256> m_commands;
  std::array<std::optional<Item>, 256> m_events;
  std::vector<Fault> m_faults;
  InvalidationPoints m_invalidations;
  std::optional<LeafPoints> m_leaves;
  RegisterPoints m_registers;
};

Smmuv3Coverage::Smmuv3Coverage() {
  const std::string smmu(prefix.substr(0, prefix.size() - 1));
  for (const auto& [info, counts] :
       {std::pair<const StructureInfo*, bool (*)(const Field&, const std::uint64_t*)>{&L1STD_structure,
                                                                                      nullptr},
        {&STE_structure, counts_in_ste},
        {&L1CD_structure, nullptr},
        {&CD_structure, counts_in_cd},
        {&VMS_structure, nullptr}}) {
    m_structures.push_back(
        {info->name, bins_of(info->fields, smmu + "/" + info->name + "/", m_points), counts});
  }
  for_each_command([&](const CommandInfo& info) {
    if (info.refused != nullptr && info.allowed == nullptr) return;  // no SMMU executes it
    const std::string name = smmu + "/command/" + info.name;
    Item item{add(name, info.clause, "was executed"), {}};
    item.fields = bins_of(info.fields, name + "/", m_points, &CMD_Opcode);
    m_commands[static_cast<std::size_t>(info.opcode)] = std::move(item);
    if (std::string_view(info.name).find("TLBI") != std::string_view::npos)
      m_invalidations.add(smmu, info.name, info.clause, m_points);
  });
  for_each_event([&](const EventInfo& info) {
    const std::string name = smmu + "/event/" + info.name;
    Item item{add(name, info.clause, "was recorded"), {}};
    item.fields = bins_of(info.fields, name + "/", m_points, &EVT_Number);
    m_events[static_cast<std::size_t>(info.type)] = std::move(item);
    // Those that can stall are those that CD.A and STE.S2R say the end of (5.5).
    bool ends_as_software_says = false;
    for (const Field* f : info.fields) ends_as_software_says = ends_as_software_says || f == &EVT_Stall;
    const std::string fault = smmu + "/fault/" + info.name + "/";
    Fault row{info.name, add(fault + "abort", info.clause, "an access was aborted"), std::nullopt};
    if (ends_as_software_says)
      row.razwi = add(fault + "RAZ-WI", "IHI 0070 5.5", "an access was terminated without an abort");
    m_faults.push_back(row);
  });
  m_leaves.emplace(smmu, false, m_points);
  const Features all = all_features();
  for (const SecSid sec_sid : {SecSid::non_secure, SecSid::secure}) {
    for (const RegisterInfo& row : register_table(all, sec_sid)) m_registers.add(smmu, row, m_points);
  }
  for (const RegisterInfo& row : pmcg_register_table(all, true)) m_registers.add(smmu, row, m_points);
  made();
}

bool Smmuv3Coverage::wants(std::string_view point) const {
  return point == trace_structure.name || point == trace_command.name || point == smmu::trace_fault.name ||
         point == smmu::trace_leaf.name || point == smmu::trace_tlb_invalidate.name ||
         point == smmu::trace_register_read.name || point == smmu::trace_register_write.name;
}

void Smmuv3Coverage::structure(const TraceValue* values) {
  std::array<std::uint64_t, 8> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = values[3 + i].number;
  if (values[0].text == "event") {
    const auto& item = m_events[get(words, EVT_Number)];
    if (!item) return;
    ++m_counts[item->point];
    for (const FieldBins& bins : item->fields) bins.count(words.data(), m_counts);
    return;
  }
  for (const Structure& s : m_structures) {
    if (s.name != values[0].text) continue;
    for (const FieldBins& bins : s.fields) {
      if (s.counts == nullptr || s.counts(bins.field(), words.data())) bins.count(words.data(), m_counts);
    }
  }
}

void Smmuv3Coverage::command(const TraceValue* values) {
  const std::array<std::uint64_t, 2> words{values[1].number, values[2].number};
  const auto& item = m_commands[get(words, CMD_Opcode)];
  if (!item) return;
  ++m_counts[item->point];
  for (const FieldBins& bins : item->fields) bins.count(words.data(), m_counts);
}

void Smmuv3Coverage::record(std::string_view, std::string_view point, const TraceValue* values) {
  if (point == trace_structure.name) return structure(values);
  if (point == trace_command.name) return command(values);
  if (point == smmu::trace_leaf.name) return m_leaves->count(values, m_counts);
  if (point == smmu::trace_tlb_invalidate.name)
    return m_invalidations.count(values[0].text, values[1].number, m_counts);
  if (point == smmu::trace_fault.name) {
    for (const Fault& fault : m_faults) {
      if (fault.event != values[2].text) continue;
      if (values[3].text == "abort") {
        ++m_counts[fault.abort];
      } else if (fault.razwi) {
        ++m_counts[*fault.razwi];
      }
    }
    return;
  }
  m_registers.count(values[0].text, point == smmu::trace_register_write.name, m_counts);
}

}  // namespace

std::unique_ptr<SmmuCoverage> make_smmuv3_coverage() { return std::make_unique<Smmuv3Coverage>(); }

}  // namespace smmuvp::coverage
