#include "smmuvp/smmuv2/explain_access.h"

#include "empty_caches.h"
#include "explain_registers.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

// 3.7.3, InTerminateMode
std::string why_no_stall(const ProgrammingInterface& interface, const Features& features, unsigned bank) {
  if (!features.stalls) return "there is no Stall fault model";
  if (interface.stalls_disabled(bank)) return "sCR0.STALLD is 1";
  return bank_name(bank, "SCTLR") + ".CFCFG is 0";
}

std::string fate_words(FaultFate fate, unsigned bank, const ProgrammingInterface& interface,
                       const Features& features) {
  const std::string FSR = bank_name(bank, "FSR");
  const std::string other = FSR + " is " + hex(interface.faults().FSR(bank));
  switch (fate) {
    case FaultFate::recorded:
      return "recorded; no stall: " + why_no_stall(interface, features, bank);
    case FaultFate::stalls:
      return "recorded; the access stalls until " + bank_name(bank, "RESUME");
    case FaultFate::waits:
      return "not recorded: " + other + ", the record of an access that stalls; this one waits for " +
             bank_name(bank, "RESUME") + ", and is then looked at afresh";
    case FaultFate::merged:
      return "not recorded, but MULTI is set: " + other;
    case FaultFate::lost:
      break;
  }
  return "not recorded: " + other + ", and HUPCF is 0";
}

ExplainedFault explained(const GlobalFault& f, FaultFate fate, const Faults& faults,
                         const Features& features) {
  const std::string GFSR = f.secure ? SGFSR_format.name : GFSR_format.name;
  ExplainedFault e{GFSR + "." + std::string(gfsr_name(f.bit)), fate, "recorded", registers_of(f, features)};
  if (fate != FaultFate::recorded) {
    e.fate_words = "not recorded, but MULTI is set: " + GFSR + " is " + hex(faults.GFSR(f.secure));
  }
  return e;
}

// What keeps an access without a fault of its own: of bank `waits_for`, or of the one that it has been killed
// at.
std::string why_kept(const Access& access, const ProgrammingInterface& interface) {
  const std::optional<unsigned> waits_for = access.foreseen()->waits_for;
  if (!waits_for && (!access.fault() || access.fault()->bit != 0)) return "";
  if (interface.held()) return access.fault()->why;
  const unsigned bank = waits_for ? *waits_for : access.fault()->bank;
  std::string text = bank_name(bank, "FSR") + " is " + hex(interface.faults().FSR(bank));
  if (!waits_for) {
    return text + ", and HUPCF is 0: what comes is terminated, whether or not it would fault";
  }
  if (interface.global_stall(access.path().secure)) {
    text += ", and sCR0.GSE is 1: all wait";
  } else {
    text += ", the record of an access that stalls, and HUPCF is 0: what comes waits";
  }
  return text + " for " + bank_name(bank, "RESUME");
}

ExplainedEnd end_of(const Access& access, ProgrammingInterface& interface, const Features& features) {
  const Foreseen& foreseen = *access.foreseen();
  const Faults& faults = interface.faults();
  ExplainedEnd end;
  end.answer = access.answer();
  end.stalls = foreseen.waits_for.has_value();
  end.why = foreseen.why;
  if (foreseen.context) {
    const ContextFault& f = *foreseen.context;
    const FaultFate fate = foreseen.context_fate;
    const bool stalls = fate == FaultFate::stalls;
    end.faults.push_back({bank_name(f.bank, "FSR") + "." + std::string(fsr_name(f.bit)), fate,
                          fate_words(fate, f.bank, interface, features),
                          registers_of(f, faults, interface.banks().state(f.bank), stalls)});
  }
  if (foreseen.global)
    end.faults.push_back(explained(*foreseen.global, foreseen.global_fate, faults, features));
  if (end.faults.empty()) {
    end.why_not = why_kept(access, interface);
    return end;
  }
  const ExplainedFault& first = end.faults.front();
  end.recorded = first.fate == FaultFate::recorded || first.fate == FaultFate::stalls;
  if (!end.recorded) end.why_not = first.fate_words;
  return end;
}

smmu::TranslationRequest translation_request(const smmu::AccessRequest& request, const Path& path,
                                             std::uint64_t address) {
  smmu::TranslationRequest t;
  t.address = address;
  t.access = smmu::access_type(request.kind, path.instruction(request));
  t.privileged = path.privileged(request);
  t.DIPAN = path.DIPAN();
  t.debug = true;
  return t;
}

}  // namespace

bool same(const ExplainedEnd& a, const ExplainedEnd& b) {
  const auto equal = [](const ExplainedFault& x, const ExplainedFault& y) {
    const auto value = [](const smmu::RegisterFact& r, const smmu::RegisterFact& s) {
      return r.name == s.name && r.value == s.value;
    };
    return x.name == y.name && x.fate == y.fate &&
           std::equal(x.registers.begin(), x.registers.end(), y.registers.begin(), y.registers.end(), value);
  };
  return a.stalls == b.stalls && smmu::same(a.answer, b.answer) &&
         std::equal(a.faults.begin(), a.faults.end(), b.faults.begin(), b.faults.end(), equal);
}

bool AccessExplanation::stale() const { return !same(now, memory) || (translation && translation->stale()); }

AccessExplanation explain(Smmu& smmu, const smmu::AccessRequest& asked, const smmu::DebugMemory& memory) {
  const Parts& parts = smmu.parts();
  ProgrammingInterface& interface = smmu.interface();
  AccessExplanation e;
  e.request = asked;
  e.request.debug = true;
  e.request.time = 0;
  smmu::AccessRequest request = e.request;
  request.foresee = true;
  Path path;
  {
    const EmptyCaches empty(parts);
    Access access(empty.parts(), interface, request);
    smmu::run_foreseen(access, memory);
    e.memory = end_of(access, interface, parts.features);
    path = access.path();
  }
  Access access(parts, interface, request);
  smmu::run_foreseen(access, memory);
  e.now = end_of(access, interface, parts.features);
  e.tbu = smmu::tbu_answer(smmu.engine(), e.request);
  if (e.tbu && e.tbu->serves) {
    e.now = {};
    e.now.at_tbu = true;
    e.now.answer = smmu::answer_by(*e.tbu, e.request);
  }

  Decided decided = deciding_registers(interface, parts.features, e.request, path);
  e.registers = std::move(decided.registers);
  e.mapping = std::move(decided.mapping);
  e.context = std::move(decided.context);
  const Context* c = decided.bank;
  if (asked.unsupported != smmu::Unsupported::none || asked.ats != smmu::AtsPhase::none) return e;
  if (c == nullptr || c->refusal != Refusal::none) return e;
  std::uint64_t address = e.request.address;
  if (!c->translates() || check_address(*c, parts.features, address).bit != 0) return e;
  path.take_stream(decided.S2CR, parts.features);
  path.take(*c);
  e.translation = smmu::explain_translation(parts.engine, c->config, c->translation,
                                            translation_request(e.request, path, address), memory);
  return e;
}

}  // namespace smmuvp::smmuv2
