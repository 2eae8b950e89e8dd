#include "reference.h"

#include <algorithm>

namespace smmuvp::smmuv2::invalidation {
namespace {

std::uint8_t number(Regime regime) { return static_cast<std::uint8_t>(regime); }
Format format_of(const BankValue& v) {
  switch (v.scheme) {
    case Scheme::Granule16:
      return Format::long_16k;
    case Scheme::Granule64:
      return Format::long_64k;
    case Scheme::Short:
      return Format::short_descriptors;
    default:
      return Format::long_descriptors;
  }
}
/// Those of Secure and of Hyp banks do not count (IHI 0062 1.6.6, 2.8).
std::uint16_t vmid_of(unsigned bank, const BankValue& v) {
  return regime_of(bank) == Regime::NonSecure ? v.vmid : std::uint16_t{0};
}
std::uint16_t asid_of(unsigned bank, const BankValue& v) {
  return is_special(bank) ? std::uint16_t{0} : v.asid;
}

/// Address[55:12] in bits [43:0], extended from bit 55 (16.5.32).
std::uint64_t address_64(std::uint64_t value) {
  const std::uint64_t address = value << 12U & 0xff'ffff'ffff'ffffU;
  return (address >> 55U & 1U) != 0 ? address | 0xff00'0000'0000'0000U : address;
}

}  // namespace

std::string to_string(const Answer& a) {
  if (a.forward) return "output " + hex(a.output);
  return "FSR " + hex(a.fault) + (a.s2 ? " of stage 2" : "");
}

// ---- operations

const OperationInfo& info(Operation operation) {
  static constexpr OperationInfo all[] = {
      {"TLBIALL", 0x618, 4},   {"TLBIASID", 0x610, 4},   {"TLBIVA", 0x600, 8},      {"TLBIVAL", 0x620, 8},
      {"TLBIVAA", 0x608, 8},   {"TLBIVAAL", 0x628, 8},   {"TLBIIPAS2", 0x630, 8},   {"TLBIIPAS2L", 0x638, 8},
      {"TLBIVMID", 0x064, 4},  {"TLBIVMIDS1", 0x0b8, 4}, {"TLBIALLNSNH", 0x068, 4}, {"TLBIALLH", 0x06c, 4},
      {"TLBIVAH", 0x078, 4},   {"TLBIVAH64", 0x0c0, 8},  {"TLBIVALH64", 0x0b0, 8},  {"STLBIALL", 0x060, 4},
      {"STLBIALLM", 0x0bc, 4}, {"STLBIVAM", 0x0a8, 8},   {"STLBIVALM", 0x0a0, 8},
  };
  return all[static_cast<unsigned>(operation)];
}

std::string to_string(const Tlbi& t) {
  std::string s = std::string(info(t.operation).name) + " " + hex(t.value);
  if (!is_global(t.operation)) s += " in bank " + std::to_string(t.bank);
  return s;
}

bool covers(const Tlbi& t, const BankValue& bank, const Coverage& x) {
  if (x.of == Coverage::Of::configuration) return false;
  const bool stage1 = x.of == Coverage::Of::stage1;
  const auto of = [&](Regime regime) { return x.regime == number(regime); };
  // Whose entries a bank's operations are about
  const bool of_bank = stage1 && of(regime_of(t.bank)) && x.vmid == vmid_of(t.bank, bank);
  const auto named = [&](std::uint64_t address, bool last_level_only) {
    if (last_level_only && !x.last_level) return false;
    return address >> x.shift == x.address >> x.shift;
  };
  const std::uint64_t va = bank.VA64() ? address_64(t.value) : t.value & 0xffff'f000U;
  const auto asid = static_cast<std::uint16_t>(bank.VA64() ? t.value >> 48U : t.value & 0xffU);
  const bool of_asid = x.global || is_special(t.bank) || x.asid == asid;
  switch (t.operation) {
    case Operation::TLBIALL:
      return of_bank;
    case Operation::TLBIASID:
      return of_bank && !x.global && x.asid == (t.value & (bank.VA64() ? 0xffffU : 0xffU));
    case Operation::TLBIVA:
      return of_bank && of_asid && named(va, false);
    case Operation::TLBIVAL:
      return of_bank && of_asid && named(va, true);
    case Operation::TLBIVAA:
      return of_bank && named(va, false);
    case Operation::TLBIVAAL:
      return of_bank && named(va, true);
    case Operation::TLBIIPAS2:
    case Operation::TLBIIPAS2L:
      return !stage1 && x.vmid == bank.vmid &&
             named(t.value << 12U & 0xffff'ffff'f000U, t.operation == Operation::TLBIIPAS2L);
    case Operation::TLBIVMID:
      return of(Regime::NonSecure) && x.vmid == t.value;
    case Operation::TLBIVMIDS1:  // with nested translation: any entries of the VMID
      return of(Regime::NonSecure) && x.vmid == t.value;
    case Operation::TLBIALLNSNH:
      return of(Regime::NonSecure);
    case Operation::TLBIALLH:
      return of(Regime::Hyp);
    case Operation::TLBIVAH:
      return of(Regime::Hyp) && named(t.value & 0xffff'f000U, false);
    case Operation::TLBIVAH64:
      return of(Regime::Hyp) && named(address_64(t.value), false);
    case Operation::TLBIVALH64:
      return of(Regime::Hyp) && named(address_64(t.value), true);
    case Operation::STLBIALL:
      return of(Regime::Secure) || of(Regime::Monitor);
    case Operation::STLBIALLM:
      return of(Regime::Monitor);
    case Operation::STLBIVAM:
      return of(Regime::Monitor) && named(address_64(t.value), false);
    case Operation::STLBIVALM:
      return of(Regime::Monitor) && named(address_64(t.value), true);
    default:
      return false;
  }
}

// ---- what software does

Reference::Reference(const Memory& memory) : m_memory(memory), m_translations(memory, {TF, PF}) {}

void Reference::set_bank(unsigned bank, const BankValue& value, Tick now) {
  std::vector<Version>& versions = m_banks[bank];
  if (!versions.empty()) versions.back().until = now;
  versions.push_back({value, now, never, never});
}

void Reference::settle(Tick oldest, Tick now) {
  for (auto& versions : m_banks) {
    for (Version& v : versions) {
      if (v.until <= oldest && v.settled == never) v.settled = now;
    }
  }
}

void Reference::carried_out(const Tlbi& tlbi, Tick now) {
  const BankValue value = bank(tlbi.bank);
  m_translations.invalidated([tlbi, value](const Coverage& x) { return covers(tlbi, value, x); }, now);
}

// ---- what accesses may end with

void Reference::add_path(unsigned bank, const Version& first, const Version* second) {
  Path p;
  p.bank = bank;
  p.from = first.from;
  p.until = first.until;
  p.vmid = vmid_of(bank, first.value);
  p.stage1_on = !is_stage2(bank) && first.value.M;
  p.stage2_on = is_stage2(bank) && first.value.M;
  Piece x;  // registers are not cached (5.1, 16.5.29)
  x.cached = false;
  x.last = first.settled;
  if (second != nullptr) {
    p.from = std::max(p.from, second->from);
    p.until = std::min(p.until, second->until);
    p.stage2_on = second->value.M;
    x.last = std::min(x.last, second->settled);
  }
  if (p.from >= p.until) return;
  x.first = p.from;
  x.read_until = p.until;
  Stage1Context& c = p.stage1;
  c.piece = m_translations.add(x);
  c.regime = number(regime_of(bank));
  c.vmid = p.vmid;
  c.asid = asid_of(bank, first.value);
  c.nested = p.stage1_on && p.stage2_on;
  c.format = format_of(first.value);
  c.ttb = roots(bank, first.value);
  if (p.stage1_on) m_translations.add(c);
  if (is_stage2(bank) && p.stage2_on) m_translations.add(Stage2Context{c.piece, p.vmid, c.ttb[0]});
  m_paths.push_back(p);
}

void Reference::find_paths() {
  m_translations.begin();
  m_paths.clear();
  for (unsigned n = 0; n < banks; ++n) {
    for (const Version& v : m_banks[n]) {
      if (!v.value.nested) {
        add_path(n, v, nullptr);
        continue;
      }
      for (const Version& second : m_banks[stage2[v.value.second]]) add_path(n, v, &second);
    }
  }
}

std::vector<Answer> Reference::allowed(const AccessId& access, Tick begin, Tick end) {
  std::vector<Answer> all;
  const auto allow = [&](const Answer& answer) {
    if (std::find(all.begin(), all.end(), answer) == all.end()) all.push_back(answer);
  };
  // What has gone while the access was under way can still be why it ends in a fault: that reaches no memory.
  // An output it must not give: the synchronisation would have waited for it (5.4.2).
  const auto allow_by = [&](const Answer& answer, int piece) {
    if (m_translations.usable(piece, answer.forward ? end : begin)) allow(answer);
  };
  const auto allow_failures = [&](const std::vector<Failure>& failures) {
    for (const Failure& f : failures) {
      if (f.last > begin) allow(f.answer);
    }
  };
  find_paths();
  for (const Path& p : m_paths) {
    // What arrives after a write goes by it, and what was under way by either value (16.5.29).
    if (p.bank != access.sid || p.from > end || p.until <= begin) continue;
    if (p.stage1_on) {
      const Translations::Stage1Result& result = m_translations.stage1(access, p.stage1);
      for (const Translations::End& e : result.ends) allow_by(e.answer, e.piece);
      allow_failures(result.failures);
    } else if (p.stage2_on) {
      const Stage2Result& s2 = m_translations.stage2(p.vmid, access.address);
      for (const Translated& t : s2.found) {
        const bool denied = access.write && !t.writable;
        allow_by(denied ? Answer::of(PF, true) : Answer::to(t.output | (access.address & 0xfff)), t.piece);
      }
      allow_failures(s2.failures);
    } else {
      allow(Answer::to(access.address));
    }
  }
  return all;
}

EntryTag Reference::tag(unsigned n) const {
  using Stages = EntryTag::Stages;
  const BankValue& v = bank(n);
  const bool stage1 = !is_stage2(n) && v.M;
  const bool stage2_on = is_stage2(n) ? v.M : v.nested && bank(stage2[v.second]).M;
  EntryTag t;
  t.stages =
      stage1 ? (stage2_on ? Stages::nested : Stages::stage1) : (stage2_on ? Stages::stage2 : Stages::none);
  t.regime = number(regime_of(n));
  t.vmid = vmid_of(n, v);
  if (stage1) t.asid = asid_of(n, v);
  t.format = format_of(v);
  return t;
}

Answer Reference::current(const AccessId& access) const {
  const BankValue& v = bank(access.sid);
  Translations::Now now;
  now.stage1 = !is_stage2(access.sid) && v.M;
  now.format = format_of(v);
  now.ttb = roots(access.sid, v);
  const unsigned second = v.nested ? stage2[v.second] : access.sid;
  now.stage2 = is_stage2(second) && bank(second).M;
  now.table = roots(second, bank(second))[0];
  return m_translations.now(now, access);
}

}  // namespace smmuvp::smmuv2::invalidation
