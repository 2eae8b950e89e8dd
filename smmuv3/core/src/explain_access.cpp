#include "smmuvp/smmuv3/explain_access.h"

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmu/convert.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/config_fetch.h"
#include "smmuvp/smmuv3/register_fields.h"

namespace smmuvp::smmuv3 {

using smmu::Step;

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

std::string flag(const char* name, bool value) { return std::string(name) + (value ? " 1" : " 0"); }

std::vector<smmu::RegisterFact> register_facts(const ProgrammingInterface& interface) {
  std::vector<smmu::RegisterFact> facts;
  const auto add = [&](Reg id, const std::string& meaning) {
    facts.push_back({interface.registers().info(id).name, interface.registers().get(id), meaning, {}});
  };
  if (interface.held()) {
    facts.push_back({"reset",
                     1,
                     std::string(interface.why_held()) + ": everything is aborted, and nothing recorded",
                     {}});
    return facts;
  }
  const bool ATS = interface.parts().features.ATS && !interface.secure();
  add(SMMU_CR0ACK, flag("SMMUEN", interface.enabled(CR0_SMMUEN)) + ", " +
                       (ATS ? flag("ATSCHK", interface.enabled(CR0_ATSCHK)) + ", " : std::string()) +
                       flag("EVENTQEN", interface.enabled(CR0_EVENTQEN)) + ", " +
                       flag("CMDQEN", interface.enabled(CR0_CMDQEN)) +
                       (interface.secure() ? ", " + flag("SIF", interface.enabled(CR0_SIF)) : std::string()));
  if (!interface.enabled(CR0_SMMUEN)) {
    const bool aborts = (interface.reg(SMMU_GBPA) & GBPA_ABORT) != 0;
    add(SMMU_GBPA, aborts ? "ABORT 1: everything is aborted" : "ABORT 0: everything bypasses");
    if (interface.parts().features.MPAM) {
      const smmu::MpamLabel& label = interface.bypass_mpam();
      add(SMMU_GBPMPAM, "PARTID " + std::to_string(label.partid) + ", PMG " + std::to_string(label.pmg));
    }
    return facts;
  }
  if (interface.parts().features.MPAM) {
    const smmu::MpamLabel& own = interface.own_mpam();
    add(SMMU_GMPAM, "PARTID " + std::to_string(own.partid) + ", PMG " + std::to_string(own.pmg) +
                        " of the SMMU's own accesses");
  }
  add(SMMU_CR2, flag("RECINVSID", (interface.reg(SMMU_CR2) & CR2_RECINVSID) != 0) + ", " +
                    flag("E2H", (interface.reg(SMMU_CR2) & CR2_E2H) != 0) +
                    (ATS ? ", " + flag("REC_CFG_ATS", (interface.reg(SMMU_CR2) & CR2_REC_CFG_ATS) != 0)
                         : std::string()));
  const StreamTable& table = interface.stream_table();
  add(SMMU_STRTAB_BASE, "Stream table at " + hex(table.base));
  add(SMMU_STRTAB_BASE_CFG,
      (table.two_level ? "two levels, SPLIT " + std::to_string(table.SPLIT) : std::string("linear")) +
          ", 2^" + std::to_string(table.LOG2SIZE) + " streams");
  if (interface.reg(SMMU_GERROR) != interface.reg(SMMU_GERRORN)) {
    add(SMMU_GERROR, "active: " + hex(interface.reg(SMMU_GERROR) ^ interface.reg(SMMU_GERRORN)));
  }
  return facts;
}

/// A configuration as accesses find it.
struct Configuration {
  Ste ste;
  Cd cd;
  bool stage1 = false;         // stage 1 translates
  std::uint32_t cd_index = 0;  // of it, then
  std::optional<ConfigFault> fault;
  bool untranslated = false;  // ATS is refused, or lets its addresses pass
};

std::optional<StructureKind> kind_of(const smmu::MemoryOp& op) {
  const std::string purpose = op.purpose;
  if (purpose == "L1STD") return StructureKind::L1STD;
  if (purpose == "STE") return StructureKind::STE;
  if (purpose == "L1CD") return StructureKind::L1CD;
  if (purpose == "CD") return StructureKind::CD;
  if (purpose == "VMS") return StructureKind::VMS;
  return std::nullopt;  // a descriptor of stage 2
}

Configuration fetch(const Parts& parts, const ProgrammingInterface& interface,
                    const smmu::AccessRequest& request, const smmu::DebugMemory& memory,
                    std::vector<FoundStructure>* found) {
  ConfigRequest q;
  q.stream_id = request.stream_id;
  q.substream_id = request.substream_id;
  q.substream_valid = request.substream_valid;
  q.debug = true;
  q.ats = request.ats;
  q.ATSCHK = interface.enabled(CR0_ATSCHK);
  ConfigFetch f(parts, interface, q);
  while (f.step() == Step::need) {
    const smmu::MemoryAnswer answer = memory(f.op());
    const auto kind = kind_of(f.op());
    if (kind && found != nullptr) {
      FoundStructure s;
      s.kind = *kind;
      s.address = f.op().address;
      s.aborted = answer.status != smmu::MemoryStatus::ok;
      for (unsigned i = 0; !s.aborted && i < kind_info(*kind).words; ++i) {
        s.words.push_back(smmu::load_word(answer.data, i));
      }
      found->push_back(std::move(s));
    }
    f.complete(answer);
  }
  const bool refused = q.ats != smmu::AtsPhase::none && f.ats() == 0;
  const bool translated = q.ats == smmu::AtsPhase::translated;
  return {f.ste(),      f.cd(),    f.stage1() && !translated,
          f.cd_index(), f.fault(), refused || (translated && f.ats() != 2)};
}

template <class Words>
void add_cached(std::vector<FoundStructure>& structures, StructureKind kind, const Words& words) {
  std::vector<std::uint64_t> cached(words.begin(), words.end());
  for (FoundStructure& s : structures) {
    if (s.kind != kind) continue;
    s.cached = std::move(cached);
    return;
  }
  FoundStructure s;
  s.kind = kind;
  s.cached = std::move(cached);
  structures.push_back(std::move(s));
}

// What stage 2 translates before the CD is there: its address, after that of the L1CD which memory has.
std::vector<CdAddress> cd_ipas(const Configuration& c, const std::vector<FoundStructure>& structures,
                               const Features& features) {
  if (!c.ste.valid || !c.stage1 || !c.ste.stage2_enabled()) return {};
  const CdTable& table = c.ste.cds;
  const StructureKind first = table.two_level() ? StructureKind::L1CD : StructureKind::CD;
  std::vector<CdAddress> ipas{{first, table.address(c.cd_index), {}}};
  for (const FoundStructure& s : structures) {
    std::uint64_t address = 0;
    if (first == StructureKind::L1CD && s.kind == first && !s.words.empty() &&
        cd_address(s.words[0], table, c.cd_index, features.ias(), address)) {
      ipas.push_back({StructureKind::CD, address, {}});
    }
  }
  return ipas;
}

smmu::TranslationRequest translation_request(const smmu::AccessRequest& request, const Ste& ste) {
  smmu::TranslationRequest t;
  t.address = request.address;
  const bool instruction = !request.is_write() && ste.overrides.instruction().of(request.instruction);
  t.access = smmu::access_type(request.kind, instruction);
  t.privileged = ste.overrides.privileged().of(request.privileged);
  if (ste.origin.secure()) t.space = ste.overrides.space(request.space);
  t.debug = true;
  return t;
}

// What an access is translated by, if it is.
const smmu::TranslationContext* context_of(const Configuration& c, const smmu::AccessRequest& request,
                                           unsigned ias) {
  if (c.fault || c.ste.aborts() || c.untranslated) return nullptr;
  if (c.stage1) return &c.cd.translation;
  const bool inside = request.address >> ias == 0;
  return c.ste.stage2_enabled() && inside ? &c.ste.translation : nullptr;
}

pgtable::Config config_of(const Configuration& c) { return c.stage1 ? c.cd.config : c.ste.stage2_config(); }

ExplainedEnd end_of(const Parts& parts, ProgrammingInterface& interface, const smmu::AccessRequest& request,
                    const smmu::DebugMemory& memory) {
  smmu::AccessRequest q = request;
  q.foresee = true;
  Access access(parts, interface, q);
  smmu::run_foreseen(access, memory);
  ExplainedEnd end;
  end.answer = access.answer();
  end.event = access.event();
  end.why_not = access.why_not_recorded();
  if (!end.event) return end;
  end.stalls = end.event->Stall;
  if (end.why_not.empty()) end.why_not = interface.events().why_not_written();
  end.recorded = end.why_not.empty();
  return end;
}

// @param in_memory, in_use  STEs by which CDs in memory and in the cache are found
void explain_words(std::vector<FoundStructure>& structures, const Features& features, const Ste& in_memory,
                   const Ste& in_use) {
  for (FoundStructure& s : structures) {
    if (!s.words.empty()) s.memory_explanation = explain(s.kind, s.words.data(), features, in_memory);
    if (!s.cached.empty()) s.cached_explanation = explain(s.kind, s.cached.data(), features, in_use);
  }
}

}  // namespace

bool same(const ExplainedEnd& a, const ExplainedEnd& b) {
  if (a.event.has_value() != b.event.has_value()) return false;
  if (a.event && a.event->words() != b.event->words()) return false;
  return smmu::same(a.answer, b.answer);
}

bool AccessExplanation::stale() const {
  bool any = !same(now, memory) || (translation && translation->stale());
  for (const CdAddress& a : cd_addresses) any = any || a.translation.stale();
  for (const FoundStructure& s : structures) any = any || s.stale();
  return any;
}

std::vector<FoundStructure> find_structures(Smmu& smmu, const smmu::AccessRequest& request,
                                            const smmu::DebugMemory& memory, bool in_words) {
  const ProgrammingInterface& interface = smmu.interface_of(request);
  const Parts& parts = interface.parts();
  std::vector<FoundStructure> structures;
  const Configuration in_memory =
      fetch(smmu.empty_parts(request.secure_stream), interface, request, memory, &structures);
  const Configuration in_use = fetch(parts, interface, request, memory, nullptr);
  if (interface.stream_table().in_range(request.stream_id)) {
    const Ste* ste = parts.configs.stes.probe(request.stream_id, 0);
    const Cd* cd = parts.configs.cds.probe(request.stream_id, in_use.cd_index);
    if (ste != nullptr) add_cached(structures, StructureKind::STE, ste->words);
    if (cd != nullptr && in_use.stage1) add_cached(structures, StructureKind::CD, cd->words);
    const Vms* vms = in_use.ste.has_vms ? parts.configs.vmss.probe(in_use.ste.vmid, 0) : nullptr;
    if (vms != nullptr && in_use.stage1) add_cached(structures, StructureKind::VMS, vms->words);
  }
  if (in_words) explain_words(structures, parts.features, in_memory.ste, in_use.ste);
  return structures;
}

AccessExplanation explain(Smmu& smmu, const smmu::AccessRequest& asked, const smmu::DebugMemory& memory,
                          bool in_words) {
  ProgrammingInterface& interface = smmu.interface_of(asked);
  const Parts& parts = interface.parts();
  AccessExplanation e;
  e.request = asked;
  e.request.debug = true;
  e.request.time = 0;
  if (in_words) e.registers = register_facts(interface);
  e.memory = end_of(smmu.empty_parts(asked.secure_stream), interface, e.request, memory);
  e.now = end_of(parts, interface, e.request, memory);
  e.tbu = smmu::tbu_answer(smmu.engine(), e.request);
  if (e.tbu && e.tbu->serves) {
    e.now = {};
    e.now.at_tbu = true;
    e.now.answer = smmu::answer_by(*e.tbu, e.request);
  }
  if (interface.held() || !interface.enabled(CR0_SMMUEN)) return e;
  if (asked.unsupported != smmu::Unsupported::none) return e;
  if (asked.ats != smmu::AtsPhase::none && !parts.features.ATS) return e;
  if (asked.ats == smmu::AtsPhase::translated && !interface.enabled(CR0_ATSCHK)) return e;

  e.structures = find_structures(smmu, e.request, memory, in_words);
  const Configuration in_use = fetch(parts, interface, e.request, memory, nullptr);
  e.cd_addresses = cd_ipas(in_use, e.structures, parts.features);
  for (CdAddress& a : e.cd_addresses) {
    smmu::TranslationRequest q;
    q.address = a.ipa;
    q.privileged = true;  // 13.1.2
    q.structure = true;
    q.debug = true;
    q.space = in_use.ste.space();
    a.translation = smmu::explain_translation(parts.engine, in_use.ste.stage2_config(),
                                              in_use.ste.translation, q, memory, in_words);
  }
  if (const auto* context = context_of(in_use, e.request, parts.features.ias())) {
    e.translation = smmu::explain_translation(parts.engine, config_of(in_use), *context,
                                              translation_request(e.request, in_use.ste), memory, in_words);
  }
  return e;
}

}  // namespace smmuvp::smmuv3
