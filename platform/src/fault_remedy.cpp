#include "fault_remedy.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fault_rights.h"

namespace smmuvp::platform {

namespace {

using Cause = Explanation::WalkFault::Cause;

struct Row {
  const char* event;  // as event_key() has it
  Decider by;
  const char* structure;  // "": whichever
  const char* text;
};

// {at} is the address of what decided, {what} its name, {why} what is wrong with it.
constexpr Row rows[] = {
    {"F_UUT", Decider::any, "",
     "a transaction of at least one byte that ends below 2^64, without messages of ATS where IDR0.ATS is 0, "
     "and at a "
     "TBU with tbuN_fixed of that identity alone"},
    {"C_BAD_STREAMID", Decider::range, "",
     "SMMU_STRTAB_BASE_CFG.LOG2SIZE {log2size} makes a Stream table of 2^{log2size} entries, and StreamID "
     "{sid} is "
     "beyond: a larger table and LOG2SIZE, or a StreamID within it"},
    {"C_BAD_STREAMID", Decider::span, "",
     "the L1STD at {at} has Span {span}, which covers no STE of StreamID {sid}: L2Ptr of an array of STEs "
     "and Span = "
     "1 + log2 of their number, at most SPLIT + 1, then CMD_CFGI_STE with Leaf = 0 and CMD_SYNC"},
    {"F_STE_FETCH", Decider::structure, "L1STD",
     "memory does not answer at {at}: SMMU_STRTAB_BASE must lead to memory that the SMMU reaches"},
    {"F_STE_FETCH", Decider::structure, "STE",
     "memory does not answer at {at}: the L1STD's L2Ptr, or SMMU_STRTAB_BASE of a linear table, must lead to "
     "memory "
     "that the SMMU reaches"},
    {"F_STE_FETCH", Decider::any, "",
     "SMMU_STRTAB_BASE and L1STD.L2Ptr must lead to memory that the SMMU reaches, within IDR5.OAS"},
    {"C_BAD_STE", Decider::valid, "",
     "STE.V is 0 at {at}: V = 1, written last, then CMD_CFGI_STE of StreamID {sid} and CMD_SYNC"},
    {"C_BAD_STE", Decider::any, "",
     "{why}: an STE at {at} that is legal by IHI 0070 5.2.2, then CMD_CFGI_STE of StreamID {sid} and "
     "CMD_SYNC"},
    {"F_BAD_ATS_TREQ", Decider::off, "",
     "SMMU_CR0.SMMUEN is 0: SMMUEN = 1 before the device may send Translation Requests"},
    {"F_BAD_ATS_TREQ", Decider::any, "",
     "STE.EATS is {EATS}, which refuses Translation Requests: EATS = 0b01, or 0b10 with both stages, in the "
     "STE at "
     "{at}, then CMD_CFGI_STE and CMD_SYNC; a Secure stream takes none"},
    {"F_STREAM_DISABLED", Decider::any, "",
     "STE.S1DSS is 0b00 at {at}, so that an access needs a SubstreamID: send one, or S1DSS = 0b01 to bypass "
     "stage 1, or "
     "0b10 to use CD 0"},
    {"F_TRANSL_FORBIDDEN", Decider::off, "",
     "SMMU_CR0.SMMUEN is 0: SMMUEN = 1 before a device may send Translated transactions"},
    {"F_TRANSL_FORBIDDEN", Decider::any, "",
     "STE.EATS is {EATS}, so that a Translated transaction is refused: EATS = 0b01, or 0b10 with both "
     "stages, in the "
     "STE at {at}; or the device must drop its Address Translation Cache (CMD_ATC_INV) before EATS is "
     "cleared"},
    {"C_BAD_SUBSTREAMID", Decider::valid, "L1CD",
     "L1CD.V is 0 at {at}: a table of CDs in L2Ptr and V = 1, then CMD_CFGI_CD with Leaf = 0 of StreamID "
     "{sid}, "
     "SubstreamID {ssid}, and CMD_SYNC"},
    {"C_BAD_SUBSTREAMID", Decider::legality, "L1CD",
     "L1CD.L2Ptr at {at} is beyond what the SMMU can address: a table of CDs within it"},
    {"C_BAD_SUBSTREAMID", Decider::any, "",
     "STE.S1CDMax is {S1CDMax} at {at}, so that SubstreamIDs below 2^{S1CDMax} are taken (with 0, or where "
     "stage 1 is "
     "not enabled, none; with S1DSS 0b10 not 0), and the access has {ssid}: a larger S1CDMax and table of "
     "CDs, or "
     "another SubstreamID"},
    {"F_CD_FETCH", Decider::structure, "L1CD",
     "memory does not answer at {at}: STE.S1ContextPtr must lead to memory that the SMMU reaches"},
    {"F_CD_FETCH", Decider::structure, "CD",
     "memory does not answer at {at}: STE.S1ContextPtr, or the L1CD's L2Ptr, must lead to memory that the "
     "SMMU reaches"},
    {"F_CD_FETCH", Decider::any, "",
     "STE.S1ContextPtr and L1CD.L2Ptr must lead to memory that the SMMU reaches; with stage 2 they are IPAs"},
    {"C_BAD_CD", Decider::valid, "",
     "CD.V is 0 at {at}: V = 1, written last, then CMD_CFGI_CD of StreamID {sid}, SubstreamID {ssid}, and "
     "CMD_SYNC"},
    {"C_BAD_CD", Decider::any, "",
     "{why}: a CD at {at} that is legal by IHI 0070 5.4.2, then CMD_CFGI_CD of StreamID {sid}, SubstreamID "
     "{ssid}, and "
     "CMD_SYNC"},
    {"F_VMS_FETCH", Decider::any, "",
     "memory does not answer at {at}: STE.VMSPtr must lead to memory that the SMMU reaches"},
    {"F_WALK_EABT", Decider::any, "",
     "memory does not answer at {at}, or cannot compare and swap there: the {parent} must lead to memory "
     "that the SMMU "
     "reaches"},
    {"F_TRANSLATION", Decider::descriptor, "",
     "the descriptor at {at} is {kind}: a valid one there for {input}. An invalid one is not cached, so that "
     "no TLB "
     "invalidation is due"},
    {"F_TRANSLATION", Decider::input_size, "", "{size}"},
    {"F_TRANSLATION", Decider::range_off, "",
     "{EPD}: a table in that TTB and EPD = 0 in the CD, then CMD_CFGI_CD and CMD_SYNC, or an IOVA in the "
     "other range"},
    {"F_TRANSLATION", Decider::E0PD, "",
     "CD.E0PD forbids unprivileged accesses to the range of {iova}: E0PD = 0, or a privileged access "
     "(STE.PRIVCFG)"},
    {"F_TRANSLATION", Decider::any, "", "a valid descriptor at each level for {input}"},
    {"F_ADDR_SIZE", Decider::descriptor, "",
     "{reason}: an address within CD.IPS (stage 2: STE.S2PS) in the descriptor at {at}, or a larger size, up "
     "to "
     "IDR5.OAS; then invalidate TLBs"},
    {"F_ADDR_SIZE", Decider::first_table, "",
     "the table in CD.TTB0 or TTB1 (stage 2: STE.S2TTB) lies beyond CD.IPS (STE.S2PS): a table within it, or "
     "a larger "
     "size"},
    {"F_ADDR_SIZE", Decider::any, "",
     "{iova} is not translated by stage 1 and has more bits than IDR5.OAS, or than the IAS where stage 2 "
     "translates: a "
     "smaller address"},
    {"F_ACCESS", Decider::any, "",
     "AF is 0 in the descriptor at {at}: AF = 1; or hardware sets it with {HA} = 1 where IDR0.HTTU allows "
     "it; or {AFFD} = "
     "1 makes it count as set. A descriptor with AF = 0 is not cached"},
    {"F_PERMISSION", Decider::descriptor, "",
     "{rights}. Then invalidate TLBs, which may hold the old rights"},
    {"F_PERMISSION", Decider::any, "",
     "rights that allow it: {rights}; a Secure instruction fetch from Non-secure memory needs S_CR0.SIF = 0"},
    {"F_TLB_CONFLICT", Decider::any, "",
     "several TLB entries match {iova}: break before make, or a TLB invalidation of the whole range before "
     "another size "
     "of page is mapped"},
    {"F_CFG_CONFLICT", Decider::any, "",
     "several cached STEs match StreamID {sid}: STE.CONT alike in all STEs of a span, and CMD_CFGI_STE_RANGE "
     "when it "
     "changes"},
    {"E_PAGE_REQUEST", Decider::any, "", "nothing was denied: the device hints that it will want the page"},
    {"none", Decider::off, "",
     "{why}: SMMU_CR0.SMMUEN = 1 with a Stream table, or GBPA.ABORT = 0 (of an SMMUv2, what it says)"},
    {"none", Decider::setting, "STE",
     "STE.Config is 0b0xx at {at}, which aborts without an event: 0b100 to bypass, 0b101, 0b110 or 0b111 to "
     "translate, "
     "then CMD_CFGI_STE of StreamID {sid} and CMD_SYNC"},
    {"none", Decider::any, "", "{why}"},
    {"waits", Decider::any, "",
     "{why}: software clears FSR and writes SMMU_CBn_RESUME of the access that stalls; then this one goes "
     "on"},
    {"FSR.TF", Decider::descriptor, "",
     "the descriptor at {at} is {kind}: a valid one there for {input}. An invalid one is not cached, so that "
     "no TLB "
     "invalidation is due"},
    {"FSR.TF", Decider::input_size, "", "{size}"},
    {"FSR.TF", Decider::range_off, "",
     "{EPD}: a table in that TTBR and EPD = 0 in {bank}_TCR, or an IOVA in the other range"},
    {"FSR.TF", Decider::setting, "",
     "{why}: set {bank}_TCR, or IDR2's sizes, so that it fits, or use a smaller IOVA"},
    {"FSR.TF", Decider::any, "", "a valid descriptor at each level for {input}"},
    {"FSR.AFF", Decider::any, "",
     "AF is 0 in the descriptor at {at}: AF = 1; or hardware sets it with TCR.HA = 1 where there is HTTU; or "
     "{bank}_SCTLR."
     "AFFD = 1 (short descriptors: SCTLR.AFE = 0 makes AP[0] no Access flag)"},
    {"FSR.PF", Decider::descriptor, "", "{rights}. Then invalidate TLBs, which may hold the old rights"},
    {"FSR.PF", Decider::setting, "",
     "{why}: another S2CR.PRIVCFG, or SCR1.SIF = 0, or a page that the access may use"},
    {"FSR.PF", Decider::any, "", "rights that allow it: {rights}"},
    {"FSR.EF", Decider::any, "",
     "memory does not answer at {at}, or cannot compare and swap there: the {parent} must lead to memory "
     "that the SMMU "
     "reaches"},
    {"FSR.TLBMCF", Decider::any, "",
     "several TLB entries match {iova}: break before make, or a TLB invalidation before another size of page "
     "is mapped"},
    {"FSR.TLBLKF", Decider::any, "",
     "no TLB entry can be taken, as all are locked: unlock some (IMPLEMENTATION DEFINED)"},
    {"FSR.ASF", Decider::descriptor, "",
     "{reason}: an address within {bank}_TCR2.PASize (stage 2: TCR.PASize) in the descriptor at {at}, or a "
     "larger size; "
     "then invalidate TLBs"},
    {"FSR.ASF", Decider::first_table, "",
     "the table in {bank}_TTBR0 or TTBR1 lies beyond the output size: a table within it, or a larger PASize"},
    {"FSR.ASF", Decider::any, "", "{why}: a smaller address, or larger sizes in {bank}_TCR and TCR2"},
    {"FSR.UUT", Decider::any, "",
     "{why}: an address within IDR2.UBS, of a transaction that the SMMU can take"},
    {"FSR.SS", Decider::any, "",
     "the access stalls: software mends the cause, clears {bank}_FSR and writes {bank}_RESUME"},
    {"FSR.MULTI", Decider::any, "",
     "an earlier fault is in {bank}_FSR: its handler clears FSR, by writing 1s, when it has read the record"},
    {"GFSR.ICF", Decider::any, "",
     "{why}: S2CR.TYPE = 0b00 with a context bank whose CBAR fits, or 0b01 to bypass"},
    {"GFSR.USF", Decider::any, "",
     "no Stream mapping group has StreamID {sid}: an SMR with that ID, a MASK and VALID = 1, and its S2CR; "
     "or sCR0."
     "USFCFG = 0 to let it bypass"},
    {"GFSR.SMCF", Decider::any, "",
     "several Stream mapping groups match StreamID {sid}: SMRs whose IDs and MASKs do not overlap"},
    {"GFSR.UCBF", Decider::any, "",
     "{why}: S2CR.CBNDX and CBAR.CBNDX of context banks that there are (IDR1.NUMCB)"},
    {"GFSR.UCIF", Decider::any, "",
     "{bank}_SCTLR.CFIE asks for an interrupt that CBAR.IRPTNDX names and that is not there: an IRPTNDX "
     "below "
     "IDR0.NUMIRPT"},
    {"GFSR.CAF", Decider::any, "",
     "a register access that the SMMU takes: of its size, alignment and Security state"},
    {"GFSR.EF", Decider::any, "", "{why}: memory that answers, and a transaction that the SMMU can take"},
    {"GFSR.PF", Decider::any, "", "{why}: SCR1.SIF = 0, or a Secure instruction fetch from Secure memory"},
    {"GFSR.UUT", Decider::any, "",
     "{why}: a StreamID of as many bits as IDR0.NUMSIDB, no SubstreamID, no message of ATS, and at a TBU "
     "with tbuN_fixed "
     "of that identity alone"},
    {"GFSR.MULTI", Decider::any, "",
     "an earlier fault is in GFSR: its handler clears GFSR when it has read the record"},
};

struct Clause {
  const char* event;
  const char* clause;
};

constexpr Clause clauses[] = {
    {"F_UUT", "IHI 0070 7.3.2"},
    {"C_BAD_STREAMID", "IHI 0070 7.3.3"},
    {"F_STE_FETCH", "IHI 0070 7.3.4"},
    {"C_BAD_STE", "IHI 0070 7.3.5"},
    {"F_BAD_ATS_TREQ", "IHI 0070 7.3.6"},
    {"F_STREAM_DISABLED", "IHI 0070 7.3.7"},
    {"F_TRANSL_FORBIDDEN", "IHI 0070 7.3.8"},
    {"C_BAD_SUBSTREAMID", "IHI 0070 7.3.9"},
    {"F_CD_FETCH", "IHI 0070 7.3.10"},
    {"C_BAD_CD", "IHI 0070 7.3.11"},
    {"F_WALK_EABT", "IHI 0070 7.3.12"},
    {"F_TRANSLATION", "IHI 0070 7.3.13"},
    {"F_ADDR_SIZE", "IHI 0070 7.3.14"},
    {"F_ACCESS", "IHI 0070 7.3.15"},
    {"F_PERMISSION", "IHI 0070 7.3.16"},
    {"F_TLB_CONFLICT", "IHI 0070 7.3.17"},
    {"F_CFG_CONFLICT", "IHI 0070 7.3.18"},
    {"E_PAGE_REQUEST", "IHI 0070 7.3.19"},
    {"F_VMS_FETCH", "IHI 0070 7.3.20"},
};

std::string clause_of(std::string_view event) {
  for (const Clause& c : clauses) {
    if (event == c.event) return c.clause;
  }
  if (event.substr(0, 5) == "GFSR.") return "IHI 0062 9.6.15";
  return event.substr(0, 4) == "FSR." ? "IHI 0062 16.5.9" : "";
}

std::string hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

const Explanation::Structure* find(const Explanation& e, std::string_view name) {
  const auto at = std::find_if(e.structures.begin(), e.structures.end(),
                               [&](const Explanation::Structure& s) { return s.name == name; });
  return at == e.structures.end() ? nullptr : &*at;
}

template <class Holder>
std::optional<std::uint64_t> field(const Holder* holder, std::string_view name) {
  if (holder == nullptr) return std::nullopt;
  for (const Explanation::Field& f : holder->fields) {
    if (f.name == name) return f.value;
  }
  return std::nullopt;
}

std::string binary(std::optional<std::uint64_t> value) {
  return value ? fmt::format("{:#04b}", *value) : "unknown";
}

// In the last of the walks that has one.
const Explanation::WalkFault* walk_fault(const Explanation& e) {
  if (e.structure_walk_fault) return &*e.structure_walk_fault;
  return e.walk_fault ? &*e.walk_fault : nullptr;
}

const Explanation::Step* deciding_step(const Explanation& e) {
  for (const auto* steps : {&e.structure_steps, &e.steps}) {
    for (const Explanation::Step& s : *steps) {
      if (s.decides) return &s;
    }
  }
  return nullptr;
}

// The range of stage 1 that an address belongs to by its sign, and what T0SZ and T1SZ make of it.
std::string stage1_size(const Explanation& e, std::uint64_t iova, bool smmuv3) {
  const Explanation::Structure* CD = find(e, "CD");
  std::optional<std::uint64_t> sizes[2];
  std::optional<std::uint64_t> TBI0 = field(CD, "TBI0");
  std::string owner = "CD";
  for (unsigned i = 0; i < 2; ++i) sizes[i] = field(CD, i == 0 ? "T0SZ" : "T1SZ");
  for (const Explanation::Register& r : smmuv3 ? std::vector<Explanation::Register>() : e.registers) {
    if (r.name.size() < 4 || r.name.compare(r.name.size() - 4, 4, "_TCR") != 0) continue;
    if (sizes[0]) break;
    owner = r.name;
    for (unsigned i = 0; i < 2; ++i) sizes[i] = field(&r, i == 0 ? "T0SZ" : "T1SZ");
  }
  const unsigned upper = (iova >> 55 & 1) != 0 && sizes[1] && *sizes[1] != 0 ? 1 : 0;
  const std::string name = fmt::format("{}.T{}SZ", owner, upper);
  if (!sizes[upper] || *sizes[upper] >= 64)
    return fmt::format("{} is in no range: a smaller {}, or another IOVA", hex(iova), name);
  const unsigned bits = 64 - static_cast<unsigned>(*sizes[upper]);
  const std::uint64_t wrong = (upper != 0 ? ~iova : iova) >> bits << bits;
  unsigned bit = 63;
  while (bit > 0 && (wrong >> bit & 1) == 0) --bit;
  std::string text = fmt::format("{} {} allows {}-bit addresses, and bit {} of {} is {}: ", name,
                                 *sizes[upper], bits, bit, hex(iova), upper != 0 ? "clear" : "set");
  const bool tag_alone = wrong << 8 == 0 || (wrong & ~(std::uint64_t{0xff} << 56)) == 0;
  if (tag_alone && wrong != 0 && (!TBI0 || *TBI0 == 0 || upper != 0))
    text += fmt::format("TBI{} = 1 if the top byte is a tag, ", upper);
  return text + (tag_alone && wrong != 0 ? "or " : "") +
         "a smaller TxSZ with its start level, or an IOVA in range";
}

std::string size_words(const Explanation& e, const AccessQuestion& q, bool smmuv3) {
  const Explanation::WalkFault* fault = walk_fault(e);
  if (fault == nullptr || fault->stage == 1) return stage1_size(e, q.address, smmuv3);
  const std::optional<std::uint64_t> S2T0SZ = field(find(e, "STE"), "S2T0SZ");
  if (S2T0SZ && *S2T0SZ < 64) {
    return fmt::format(
        "STE.S2T0SZ {} allows {}-bit IPAs, and IPA {} has more: a smaller S2T0SZ with its S2SL0, or a "
        "smaller IPA",
        *S2T0SZ, 64 - *S2T0SZ, hex(fault->ipa));
  }
  return fmt::format("IPA {} has more bits than stage 2 translates: a smaller T0SZ, or a smaller IPA",
                     hex(fault->ipa));
}

// What led to the table of the descriptor that decides.
std::string parent_words(const Explanation& e, bool smmuv3) {
  for (const auto* steps : {&e.structure_steps, &e.steps}) {
    for (std::size_t i = 0; i < steps->size(); ++i) {
      const Explanation::Step& s = (*steps)[i];
      if (!s.decides) continue;
      for (std::size_t j = i; j-- > 0;) {
        const Explanation::Step& before = (*steps)[j];
        if (before.stage == s.stage && before.level < s.level)
          return fmt::format("table descriptor of stage {} level {} at {}", before.stage, before.level,
                             hex(before.address));
      }
      if (smmuv3) return s.stage == 1 ? "CD.TTB0 or TTB1" : "STE.S2TTB";
      return "TTBR of the context bank";
    }
  }
  return "table's address";
}

std::string EPD_words(const Explanation& e, const AccessQuestion& q, bool smmuv3) {
  const Explanation::Structure* CD = find(e, "CD");
  const unsigned upper = (q.address >> 55 & 1) != 0 ? 1 : 0;
  const std::string name = fmt::format("{}EPD{}", smmuv3 ? "CD." : "TCR.", upper);
  const std::string where =
      smmuv3 && CD != nullptr && CD->address ? fmt::format(" at {}", hex(*CD->address)) : "";
  return fmt::format("{} is 1{}: nothing is walked for {}", name, where, hex(q.address));
}

}  // namespace

std::string event_key(std::string_view fault) {
  const std::size_t dot = fault.rfind('.');
  if (dot == std::string_view::npos) return std::string(fault);
  const std::string_view reg = fault.substr(0, dot);
  return (reg.find("GFSR") != std::string_view::npos ? "GFSR." : "FSR.") + std::string(fault.substr(dot + 1));
}

Decided decided_by(std::string_view event, const AccessQuestion&, const Explanation& e) {
  const auto structure = [&](const char* name, bool fetched) -> std::optional<Decided> {
    const Explanation::Structure* s = find(e, name);
    if (s == nullptr) return std::nullopt;
    if (s->aborted) return Decided{Decider::structure, name};
    if (!fetched || s->memory.empty()) return std::nullopt;
    if (field(s, "V") == std::uint64_t{0}) return Decided{Decider::valid, name};
    if (!s->legal) return Decided{Decider::legality, name};
    return std::nullopt;
  };
  const bool off = e.structures.empty();
  if (event == "F_UUT" || event == "GFSR.UUT" || event == "FSR.UUT") return {Decider::access, ""};
  if (event == "C_BAD_STREAMID")
    return find(e, "L1STD") != nullptr ? Decided{Decider::span, "L1STD"} : Decided{Decider::range, ""};
  if (event == "F_STE_FETCH" || event == "C_BAD_STE") {
    for (const char* name : {"L1STD", "STE"}) {
      if (const auto d = structure(name, event == "C_BAD_STE")) return *d;
    }
    return {Decider::any, "STE"};
  }
  if (event == "F_BAD_ATS_TREQ" || event == "F_TRANSL_FORBIDDEN")
    return off ? Decided{Decider::off, ""} : Decided{Decider::setting, "STE"};
  if (event == "F_STREAM_DISABLED") return {Decider::setting, "STE"};
  if (event == "C_BAD_SUBSTREAMID") {
    const auto d = structure("L1CD", true);
    if (d) return *d;
    return find(e, "L1CD") != nullptr ? Decided{Decider::legality, "L1CD"} : Decided{Decider::setting, "STE"};
  }
  if (event == "F_CD_FETCH" || event == "C_BAD_CD") {
    for (const char* name : {"L1CD", "CD"}) {
      if (const auto d = structure(name, event == "C_BAD_CD")) return *d;
    }
    return {Decider::any, "CD"};
  }
  if (event == "F_VMS_FETCH") return {Decider::structure, "VMS"};
  if (event == "none") {
    if (off) return {Decider::off, ""};
    return {Decider::setting, "STE"};
  }
  if (const Explanation::WalkFault* fault = walk_fault(e)) {
    switch (fault->cause) {
      case Cause::descriptor:
        return {Decider::descriptor, ""};
      case Cause::memory:
        return {Decider::table, ""};
      case Cause::input_size:
        return {Decider::input_size, ""};
      case Cause::range_off:
        return {Decider::range_off, ""};
      case Cause::E0PD:
        return {Decider::E0PD, ""};
      case Cause::first_table:
        return {Decider::first_table, ""};
      case Cause::other:
        return {Decider::any, ""};
    }
  }
  if (event == "F_ADDR_SIZE") return {Decider::output_size, ""};
  return {e.now.why.empty() ? Decider::any : Decider::setting, ""};
}

Remedy remedy_for(std::string_view event, const Decided& decided, const AccessQuestion& q,
                  const Explanation& e) {
  const bool smmuv3 = event.find("FSR.") == std::string_view::npos && event != "waits";
  const Row* row = nullptr;
  const auto fits = [&](const Row& r, bool exactly) {
    if (event != r.event || (*r.structure != '\0' && decided.structure != r.structure)) return false;
    return exactly ? r.by == decided.by : r.by == Decider::any;
  };
  for (const bool exactly : {true, false}) {
    for (const Row& r : rows) {
      if (row == nullptr && fits(r, exactly)) row = &r;
    }
  }
  if (row == nullptr) return {"", clause_of(event)};
  const Explanation::Structure* s = find(e, decided.structure.empty() ? "STE" : decided.structure);
  const Explanation::Structure* STE = find(e, "STE");
  const Explanation::Step* step = deciding_step(e);
  const Explanation::WalkFault* walk = walk_fault(e);
  const bool of_walk = decided.structure.empty() && step != nullptr;
  const std::optional<std::uint64_t> at = of_walk        ? std::optional<std::uint64_t>(step->address)
                                          : s != nullptr ? s->address
                                                         : std::nullopt;
  std::string why = s != nullptr && !s->why.empty() ? s->why : e.now.why;
  if (why.empty()) why = e.now.why_not_recorded;
  if (why.empty()) why = "it is not taken";
  std::uint64_t log2size = 0;
  for (const Explanation::Register& r : e.registers) {
    if (r.name.find("STRTAB_BASE_CFG") != std::string::npos) log2size = r.value & 0x3f;
  }
  const bool stage2 = walk != nullptr && walk->stage == 2;
  std::string bank = "SMMU_CBn";
  if (const std::size_t end = e.now.fault.find("_FSR."); end != std::string::npos)
    bank = e.now.fault.substr(0, end);
  const std::string kind = step == nullptr ? "invalid" : step->meaning.substr(0, step->meaning.find(':'));
  Remedy remedy{"", clause_of(event)};
  remedy.text = fmt::format(
      fmt::runtime(row->text), fmt::arg("sid", hex(q.stream_id)),
      fmt::arg("ssid", q.substream_id ? hex(*q.substream_id) : std::string("none")),
      fmt::arg("iova", hex(q.address)),
      fmt::arg("at", at ? hex(*at) : std::string("an address that is not known")), fmt::arg("why", why),
      fmt::arg("log2size", log2size), fmt::arg("span", field(find(e, "L1STD"), "Span").value_or(0)),
      fmt::arg("EATS", binary(field(STE, "EATS"))), fmt::arg("S1CDMax", field(STE, "S1CDMax").value_or(0)),
      fmt::arg("parent", parent_words(e, smmuv3)), fmt::arg("kind", kind),
      fmt::arg("input",
               stage2 ? fmt::format("IPA {}", hex(walk->ipa)) : fmt::format("IOVA {}", hex(q.address))),
      fmt::arg("size", size_words(e, q, smmuv3)), fmt::arg("EPD", EPD_words(e, q, smmuv3)),
      fmt::arg("reason", walk != nullptr && !walk->reason.empty() ? walk->reason : why),
      fmt::arg("HA", stage2 ? "STE.S2HA" : "CD.HA"), fmt::arg("AFFD", stage2 ? "STE.S2AFFD" : "CD.AFFD"),
      fmt::arg("rights", rights_remedy(q, e)), fmt::arg("bank", bank));
  return remedy;
}

}  // namespace smmuvp::platform
