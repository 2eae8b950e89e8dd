#include "reference.h"

#include <algorithm>

namespace smmuvp::smmuv3::invalidation {
namespace {

constexpr std::uint8_t F_TRANSLATION = 0x10;
constexpr std::uint8_t F_ADDR_SIZE = 0x11;
constexpr std::uint8_t F_PERMISSION = 0x13;
constexpr std::uint8_t C_BAD_STE = 0x04;
constexpr std::uint8_t C_BAD_CD = 0x0a;

Word bits(const StructureWords& w, unsigned low, unsigned width) {
  return (w[low / 64] >> (low % 64)) & ((Word{1} << width) - 1);
}

// ---- structures (IHI 0070 5.1, 5.2, 5.4)

enum class Ste : std::uint8_t { bad, abort, bypass, stage1, stage2, nested };
Ste kind_of(const StructureWords& ste) {
  if (bits(ste, 0, 1) == 0) return Ste::bad;
  switch (bits(ste, 1, 3)) {
    case 4:
      return Ste::bypass;
    case 5:
      return Ste::stage1;
    case 6:
      return Ste::stage2;
    case 7:
      return Ste::nested;
    default:
      return Ste::abort;
  }
}
bool has_stage1(Ste ste) { return ste == Ste::stage1 || ste == Ste::nested; }
bool has_stage2(Ste ste) { return ste == Ste::stage2 || ste == Ste::nested; }
std::uint64_t S1ContextPtr(const StructureWords& ste) { return ste[0] & 0xff'ffff'ffff'ffc0; }
std::uint16_t S2VMID(const StructureWords& ste) { return static_cast<std::uint16_t>(bits(ste, 128, 16)); }
std::uint64_t S2TTB(const StructureWords& ste) { return ste[3] & 0xf'ffff'ffff'fff0; }
std::uint64_t TTB(const StructureWords& cd, unsigned ttb) { return cd[1 + ttb] & 0xf'ffff'ffff'fff0; }
std::uint64_t ste_at(Word l1std, std::uint32_t sid) {
  return (l1std & 0xff'ffff'ffff'ffc0) + 64ULL * (sid & 63U);  // SPLIT 6
}

bool beyond_ipas(std::uint64_t ipa) { return ipa >> 40U != 0; }  // S2T0SZ 24

std::uint8_t number(Config kind) { return static_cast<std::uint8_t>(kind); }
std::uint8_t number(StreamWorld world) { return static_cast<std::uint8_t>(world); }

}  // namespace

std::string to_string(const Answer& a) {
  if (a.forward) return "output " + hex(a.output);
  if (a.fault == 0) return "abort without an event";
  return "event " + hex(a.fault) + (a.s2 ? " of stage 2" : "");
}

// ---- commands

Command Command::decode(Word word0, Word word1) {
  Command i;
  i.opcode = static_cast<std::uint8_t>(word0);
  i.sid = static_cast<std::uint32_t>(word0 >> 32U);
  i.range = static_cast<std::uint8_t>(word1 & 31U);
  i.vmid = static_cast<std::uint16_t>(word0 >> 32U);
  i.asid = static_cast<std::uint16_t>(word0 >> 48U);
  i.leaf = (word1 & 1U) != 0;
  i.address = word1 & ~std::uint64_t{0xfff};
  const unsigned TG = word1 >> 10U & 3U;
  if (TG == 0) return i;
  // 4.4.1.1: Range = (NUM + 1) * 2^SCALE granules, from Address on
  i.granule = 10 + 2 * TG;
  i.level = word1 >> 8U & 3U;
  if (TG == 2 && i.level == 1) i.level = 0;
  const std::uint64_t bytes = ((word0 >> 12U & 31U) + 1) << (word0 >> 20U & 31U) << i.granule;
  i.last = i.address + (bytes - 1);
  if (i.address + (bytes - 1) < i.address) i.last = ~std::uint64_t{0};
  return i;
}

bool Command::names(const Coverage& x) const {
  if (!x.last_level && leaf) return false;
  if (granule == 0) return address >> x.shift == x.address >> x.shift;  // any address in the region names it
  if (granule != 12) return false;
  const std::uint64_t begin = x.address >> x.shift << x.shift;
  const std::uint64_t end = begin + ((std::uint64_t{1} << x.shift) - 1);
  if (end < address || begin > last) return false;
  const unsigned of = (39U - x.shift) / 9U;
  if (level == 0) return true;
  return x.last_level ? of == level : of < level;
}

bool Command::covers(const Coverage& x) const {
  const bool config = x.of == Coverage::Of::configuration;
  const bool l1std = config && x.kind == number(Config::l1std);
  const bool el2 = x.regime == number(StreamWorld::el2_e2h);
  const bool of_el1 = x.of == Coverage::Of::stage1 && !el2;
  const bool of_el2 = x.of == Coverage::Of::stage1 && el2;
  switch (opcode) {
    case 0x03:  // CMD_CFGI_STE (4.3.1)
      if (l1std) return !leaf && sid >> 6U == x.sid >> 6U;
      return config && sid == x.sid;
    case 0x04: {  // CMD_CFGI_STE_RANGE, CMD_CFGI_ALL (4.3.2, 4.3.6)
      const unsigned below = range + 1U;
      const unsigned drop = l1std && below < 6 ? 6 : below;
      return config && (std::uint64_t{sid} >> drop) == (std::uint64_t{x.sid} >> drop);
    }
    case 0x05:  // CMD_CFGI_CD (4.3.3)
    case 0x06:  // CMD_CFGI_CD_ALL (4.3.4)
      return config && x.kind == number(Config::cd) && sid == x.sid;
    case 0x10:  // CMD_TLBI_NH_ALL (4.4.2.1)
      return of_el1 && vmid == x.vmid;
    case 0x11:  // CMD_TLBI_NH_ASID (4.4.2.2)
      return of_el1 && vmid == x.vmid && !x.global && asid == x.asid;
    case 0x12:  // CMD_TLBI_NH_VA (4.4.2.4)
      return of_el1 && vmid == x.vmid && (x.global || asid == x.asid) && names(x);
    case 0x13:  // CMD_TLBI_NH_VAA (4.4.2.3)
      return of_el1 && vmid == x.vmid && names(x);
    case 0x20:  // CMD_TLBI_EL2_ALL (4.4.2.7)
      return of_el2;
    case 0x21:  // CMD_TLBI_EL2_ASID (4.4.2.10)
      return of_el2 && !x.global && asid == x.asid;
    case 0x22:  // CMD_TLBI_EL2_VA (4.4.2.8), CR2.E2H being 1
      return of_el2 && (x.global || asid == x.asid) && names(x);
    case 0x23:  // CMD_TLBI_EL2_VAA (4.4.2.9)
      return of_el2 && names(x);
    case 0x28:  // CMD_TLBI_S12_VMALL (4.4.3.2)
      return !config && !el2 && vmid == x.vmid;
    case 0x2a:  // CMD_TLBI_S2_IPA (4.4.3.1)
      return x.of == Coverage::Of::stage2 && vmid == x.vmid && names(x);
    case 0x30:  // CMD_TLBI_NSNH_ALL (4.4.4.1)
      return !config && !el2;
    default:
      return false;
  }
}

Reference::Reference(const Memory& memory, bool two_level)
    : m_memory(memory), m_two_level(two_level), m_translations(memory, {F_TRANSLATION, F_PERMISSION}) {}

void Reference::consumed(Word word0, Word word1, Tick now) {
  if ((word0 & 0xff) == 0x46) {  // CMD_SYNC (4.7.3)
    m_translations.complete([](std::size_t /*number*/) { return true; }, now);
    return;
  }
  const Command command = Command::decode(word0, word1);
  m_translations.invalidated([command](const Coverage& x) { return command.covers(x); }, now);
}

// ---- configuration

void Reference::find_configs() {
  m_configs.clear();
  for (const std::uint32_t sid : streams) {
    const auto at = [&](std::uint64_t address, int l1) {
      m_memory.for_each_structure(address, [&](const StructureWords& w, Tick from, Tick to) {
        Piece x;
        x.coverage.kind = number(Config::ste);
        x.coverage.sid = sid;
        x.first = from;
        x.read_until = to;
        x.from = l1;
        const int piece = m_translations.add(x);
        if (piece >= 0) m_configs.push_back({sid, piece, w});
      });
    };
    if (!m_two_level) {
      at(ste_address(sid, false, 0), -1);
      continue;
    }
    m_memory.for_each_version(l1std_address(sid), [&](Word l1, Tick from, Tick to) {
      Piece x;
      x.coverage.kind = number(Config::l1std);
      x.coverage.sid = sid;
      x.first = from;
      x.read_until = to;
      at(ste_at(l1, sid), m_translations.add(x));
    });
  }
}

void Reference::find_cds(const ConfigOf& config, std::uint64_t address, int by) {
  m_memory.for_each_structure(address, [&](const StructureWords& w, Tick from, Tick to) {
    Piece x;
    x.coverage.kind = number(Config::cd);
    x.coverage.sid = config.sid;
    x.first = from;
    x.read_until = to;
    x.from = config.piece;
    x.by = by;
    ContextOf context;
    Stage1Context& c = context.stage1;
    c.piece = m_translations.add(x);
    if (c.piece < 0) return;
    context.sid = config.sid;
    context.ste = config.piece;
    const bool el2 = kind_of(config.words) == Ste::stage1 && bits(config.words, 94, 2) == 2;  // STRW
    c.regime = number(el2 ? StreamWorld::el2_e2h : StreamWorld::el1);
    if (!el2) c.vmid = S2VMID(config.words);  // also without stage 2 (3.17)
    c.asid = static_cast<std::uint16_t>(bits(w, 48, 16));
    c.asid_set = bits(w, 47, 1) != 0;
    c.nested = has_stage2(kind_of(config.words));
    c.ttb = {TTB(w, 0), TTB(w, 1)};
    c.valid = bits(w, 31, 1) != 0;  // may be cached all the same, and leads to nothing (3.21.3)
    m_contexts.push_back(context);
    m_translations.add(c);
  });
}

void Reference::find_contexts() {
  m_contexts.clear();
  for (const ConfigOf& config : m_configs) {
    if (!has_stage2(kind_of(config.words))) continue;
    m_translations.add(Stage2Context{config.piece, S2VMID(config.words), S2TTB(config.words)});
  }
  for (const ConfigOf& config : m_configs) {
    const Ste kind = kind_of(config.words);
    if (!has_stage1(kind)) continue;
    const std::uint64_t address = S1ContextPtr(config.words);
    if (kind == Ste::stage1) {
      find_cds(config, address, -1);
      continue;
    }
    for (const Translated& t : m_translations.stage2(S2VMID(config.words), address).found) {
      find_cds(config, t.output | (address & 0xfff), t.piece);
    }
  }
}

// ---- accesses

void Reference::evaluate(const AccessId& access, Tick begin, Tick end) {
  m_translations.begin();
  m_allowed.clear();
  find_configs();
  find_contexts();
  // What has gone while the access was under way can still be why it ends in a fault: that reaches no memory.
  // An output it must not give: CMD_SYNC would have waited for it (3.21.1, 3.21.3, 4.3.8).
  const auto allow = [&](const Answer& answer, std::initializer_list<int> pieces) {
    for (const int piece : pieces) {
      if (!m_translations.usable(piece, answer.forward ? end : begin)) return;
    }
    m_allowed.push_back(answer);
  };
  const auto allow_failures = [&](const std::vector<Failure>& failures) {
    for (const Failure& f : failures) {
      if (f.last > begin) m_allowed.push_back(f.answer);
    }
  };
  for (const ConfigOf& config : m_configs) {
    if (config.sid != access.sid || !m_translations.usable(config.piece, begin)) continue;
    switch (kind_of(config.words)) {
      case Ste::bad:
        allow(Answer::of(C_BAD_STE), {config.piece});
        break;
      case Ste::abort:
        allow(Answer::of(0), {config.piece});
        break;
      case Ste::bypass:
        if (ttb_of(access.address) != 0) {
          allow(Answer::of(F_ADDR_SIZE), {config.piece});  // beyond OAS (3.4)
        } else {
          allow(Answer::to(access.address), {config.piece});
        }
        break;
      case Ste::stage2: {
        if (beyond_ipas(access.address)) {
          allow(Answer::of(F_ADDR_SIZE), {config.piece});  // beyond IAS (3.4)
          break;
        }
        const Stage2Result& s2 = m_translations.stage2(S2VMID(config.words), access.address);
        for (const Translated& t : s2.found) {
          const bool denied = access.write && !t.writable;
          allow(denied ? Answer::of(F_PERMISSION, true) : Answer::to(t.output | (access.address & 0xfff)),
                {config.piece, t.piece});
        }
        allow_failures(s2.failures);
        break;
      }
      case Ste::nested:
        allow_failures(m_translations.stage2(S2VMID(config.words), S1ContextPtr(config.words)).failures);
        break;
      case Ste::stage1:
        break;
    }
  }
  for (const ContextOf& own : m_contexts) {
    const int cd = own.stage1.piece;
    if (own.sid != access.sid || !m_translations.usable(own.ste, begin) ||
        !m_translations.usable(cd, begin)) {
      continue;
    }
    if (!own.stage1.valid) {
      allow(Answer::of(C_BAD_CD), {own.ste, cd});
      continue;
    }
    const Translations::Stage1Result& result = m_translations.stage1(access, own.stage1);
    for (const Translations::End& e : result.ends) allow(e.answer, {own.ste, cd, e.piece});
    allow_failures(result.failures);
  }
}

bool Reference::allows(const AccessId& access, const Answer& answer, Tick begin, Tick end) {
  evaluate(access, begin, end);
  return std::find(m_allowed.begin(), m_allowed.end(), answer) != m_allowed.end();
}

std::vector<Answer> Reference::allowed(const AccessId& access, Tick begin, Tick end) {
  evaluate(access, begin, end);
  std::vector<Answer> all;
  for (const Answer& a : m_allowed) {
    if (std::find(all.begin(), all.end(), a) == all.end()) all.push_back(a);
  }
  return all;
}

// ---- without any cache

Answer Reference::current(const AccessId& access) const {
  std::uint64_t ste_address = linear_base + 64ULL * access.sid;
  if (m_two_level) ste_address = ste_at(m_memory.read(l1std_address(access.sid)), access.sid);
  const StructureWords ste = m_memory.structure(ste_address);
  const Ste kind = kind_of(ste);
  if (kind == Ste::bad) return Answer::of(C_BAD_STE);
  if (kind == Ste::abort) return Answer::of(0);
  if (kind == Ste::bypass)
    return ttb_of(access.address) != 0 ? Answer::of(F_ADDR_SIZE) : Answer::to(access.address);
  Translations::Now context;
  context.stage1 = has_stage1(kind);
  context.stage2 = has_stage2(kind);
  context.table = S2TTB(ste);
  if (!context.stage1) {
    if (beyond_ipas(access.address)) return Answer::of(F_ADDR_SIZE);
    return m_translations.now(context, access);
  }
  std::uint64_t cd_at = S1ContextPtr(ste);
  if (!m_translations.by_stage2(context, cd_at)) return Answer::of(F_TRANSLATION, true);
  const StructureWords cd = m_memory.structure(cd_at);
  if (bits(cd, 31, 1) == 0) return Answer::of(C_BAD_CD);
  context.ttb = {TTB(cd, 0), TTB(cd, 1)};
  return m_translations.now(context, access);
}

}  // namespace smmuvp::smmuv3::invalidation
