#include "reference.h"

#include <algorithm>

namespace smmuvp::smmuv3::invalidation {
namespace {

constexpr std::uint64_t outputs = 0xffff'ffff'f000;  // [47:12] of a descriptor (DDI 0487 D8.3)
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

// ---- descriptors: 4 KiB granule (DDI 0487 D8.3.1)

bool is_valid(Word d) { return (d & 1U) != 0; }
bool is_table(Word d, unsigned level) { return level < 3 && (d & 2U) != 0; }
bool writable1(Word d) { return (d >> 7U & 1U) == 0; }  // AP[2]
bool writable2(Word d) { return (d >> 7U & 1U) != 0; }  // S2AP[1]
bool is_global(Word d) { return (d >> 11U & 1U) == 0; }
std::uint64_t index_of(std::uint64_t address, unsigned level, unsigned bits) {
  return (address >> shift_of(level)) & ((std::uint64_t{1} << bits) - 1);
}
/// Where a leaf leads to from `address`.
std::uint64_t output_of(Word d, unsigned level, std::uint64_t address) {
  const std::uint64_t offset = (std::uint64_t{1} << shift_of(level)) - 1;
  return (d & outputs & ~offset) | (address & offset);
}
unsigned ttb_of(std::uint64_t va) { return va >> 55U & 1U; }
bool beyond_ipas(std::uint64_t ipa) { return ipa >> 40U != 0; }  // S2T0SZ 24

// Answers
Answer to(std::uint64_t output) { return {true, output, 0, false}; }
Answer fault(std::uint8_t event, bool s2 = false) { return {false, 0, event, s2}; }

}  // namespace

std::string to_string(const Answer& a) {
  if (a.forward) return "output " + hex(a.output);
  if (a.event == 0) return "abort without an event";
  return "event " + hex(a.event) + (a.s2 ? " of stage 2" : "");
}

// ---- Invalidation

Invalidation Invalidation::decode(Word word0, Word word1) {
  Invalidation i;
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

bool Coverage::named_by(const Invalidation& i) const {
  if (!last_level && i.leaf) return false;
  if (i.granule == 0) return i.address >> shift == address >> shift;  // any address in the region names it
  if (i.granule != 12) return false;
  const std::uint64_t first = address >> shift << shift;
  const std::uint64_t end = first + ((std::uint64_t{1} << shift) - 1);
  if (end < i.address || first > i.last) return false;
  const unsigned level = (39U - shift) / 9U;
  if (i.level == 0) return true;
  return last_level ? level == i.level : level < i.level;
}

bool Coverage::covered_by(const Invalidation& i) const {
  const bool config = of == Of::l1std || of == Of::ste || of == Of::cd;
  const bool of_el1 = of == Of::stage1 && !el2;
  const bool of_el2 = of == Of::stage1 && el2;
  switch (i.opcode) {
    case 0x03:  // CMD_CFGI_STE (4.3.1)
      if (of == Of::l1std) return !i.leaf && i.sid >> 6U == sid >> 6U;
      return config && i.sid == sid;
    case 0x04: {  // CMD_CFGI_STE_RANGE, CMD_CFGI_ALL (4.3.2, 4.3.6)
      const unsigned below = i.range + 1U;
      const unsigned drop = of == Of::l1std && below < 6 ? 6 : below;
      return config && (std::uint64_t{i.sid} >> drop) == (std::uint64_t{sid} >> drop);
    }
    case 0x05:  // CMD_CFGI_CD (4.3.3)
    case 0x06:  // CMD_CFGI_CD_ALL (4.3.4)
      return of == Of::cd && i.sid == sid;
    case 0x10:  // CMD_TLBI_NH_ALL (4.4.2.1)
      return of_el1 && i.vmid == vmid;
    case 0x11:  // CMD_TLBI_NH_ASID (4.4.2.2)
      return of_el1 && i.vmid == vmid && !global && i.asid == asid;
    case 0x12:  // CMD_TLBI_NH_VA (4.4.2.4)
      return of_el1 && i.vmid == vmid && (global || i.asid == asid) && named_by(i);
    case 0x13:  // CMD_TLBI_NH_VAA (4.4.2.3)
      return of_el1 && i.vmid == vmid && named_by(i);
    case 0x20:  // CMD_TLBI_EL2_ALL (4.4.2.7)
      return of_el2;
    case 0x21:  // CMD_TLBI_EL2_ASID (4.4.2.10)
      return of_el2 && !global && i.asid == asid;
    case 0x22:  // CMD_TLBI_EL2_VA (4.4.2.8), CR2.E2H being 1
      return of_el2 && (global || i.asid == asid) && named_by(i);
    case 0x23:  // CMD_TLBI_EL2_VAA (4.4.2.9)
      return of_el2 && named_by(i);
    case 0x28:  // CMD_TLBI_S12_VMALL (4.4.3.2)
      return !config && !el2 && i.vmid == vmid;
    case 0x2a:  // CMD_TLBI_S2_IPA (4.4.3.1)
      return of == Of::stage2 && i.vmid == vmid && named_by(i);
    case 0x30:  // CMD_TLBI_NSNH_ALL (4.4.4.1)
      return !config && !el2;
    default:
      return false;
  }
}

void Reference::consumed(Word word0, Word word1, Tick now) {
  if ((word0 & 0xff) == 0x46) {  // CMD_SYNC (4.7.3)
    for (Invalidation& i : m_invalidations) {
      if (i.complete == never) i.complete = now;
    }
    return;
  }
  Invalidation i = Invalidation::decode(word0, word1);
  i.consumed = now;
  m_invalidations.push_back(i);
}

// ---- pieces

// 3.21.1, 3.21.3: an invalidation takes away what it covers, unless what led there could still be read when
// it became visible. Pieces that this invalidation takes away themselves lead nowhere: walks that used them
// are complete or begun anew.
bool Reference::takes_away(const Invalidation& i, const Piece& x) const {
  if (!x.coverage.covered_by(i)) return false;
  return x.read_until <= i.consumed || gone(x.from, i) || gone(x.by, i);
}

bool Reference::gone(int piece, const Invalidation& i) const {
  if (piece < 0) return false;
  const Piece& x = m_pieces[static_cast<std::size_t>(piece)];
  return !x.current && (x.last <= i.consumed || takes_away(i, x));
}

// The piece's number, or -1 if it could never be read: what leads to it was gone before it was there.
int Reference::add(Piece x) {
  Tick until = x.read_until;
  x.current = until == never;
  for (const int parent : {x.from, x.by}) {
    if (parent < 0) continue;
    const Piece& p = m_pieces[static_cast<std::size_t>(parent)];
    x.first = std::max(x.first, p.first);
    until = std::min(until, p.last);
    x.current = x.current && p.current;
  }
  if (x.first >= until) return -1;
  if (!x.current) {
    for (const Invalidation& i : m_invalidations) {
      if (i.complete < x.last && takes_away(i, x)) x.last = i.complete;
    }
  }
  m_pieces.push_back(x);
  return static_cast<int>(m_pieces.size()) - 1;
}

void Reference::add_failure(std::vector<Failure>& to, int from, int by, Tick first, Tick last,
                            std::uint8_t event, bool s2) {
  for (const int parent : {from, by}) {
    if (parent < 0) continue;
    const Piece& p = m_pieces[static_cast<std::size_t>(parent)];
    first = std::max(first, p.first);
    last = std::min(last, p.last);
  }
  if (first < last) to.push_back({first, last, fault(event, s2)});
}

void Reference::add_failures(std::vector<Failure>& to, int from, const std::vector<Failure>& failures) {
  for (const Failure& f : failures) add_failure(to, from, -1, f.first, f.last, f.answer.event, f.answer.s2);
}

// Ways to the same translation of which one can always be used say nothing that this one does not.
void Reference::keep(std::vector<Translated>& in, const Translated& t) {
  const Piece& x = m_pieces[static_cast<std::size_t>(t.piece)];
  for (Translated& other : in) {
    if (other.output != t.output || other.writable != t.writable) continue;
    const Piece& o = m_pieces[static_cast<std::size_t>(other.piece)];
    if (o.current && o.first <= x.first) return;
    if (x.current && x.first <= o.first) {
      other = t;
      return;
    }
  }
  in.push_back(t);
}

// ---- configuration

void Reference::find_configs() {
  m_configs.clear();
  for (const std::uint32_t sid : streams) {
    const auto at = [&](std::uint64_t address, int l1) {
      m_memory.for_each_structure(address, [&](const StructureWords& w, Tick from, Tick to) {
        Piece x;
        x.coverage.of = Coverage::Of::ste;
        x.coverage.sid = sid;
        x.first = from;
        x.read_until = to;
        x.from = l1;
        const int piece = add(x);
        if (piece >= 0) m_configs.push_back({sid, piece, w});
      });
    };
    if (!m_two_level) {
      at(ste_address(sid, false, 0), -1);
      continue;
    }
    m_memory.for_each_version(l1std_address(sid), [&](Word l1, Tick from, Tick to) {
      Piece x;
      x.coverage.of = Coverage::Of::l1std;
      x.coverage.sid = sid;
      x.first = from;
      x.read_until = to;
      at(ste_at(l1, sid), add(x));
    });
  }
}

void Reference::find_cds(const Config& config, std::uint64_t address, int by) {
  m_memory.for_each_structure(address, [&](const StructureWords& w, Tick from, Tick to) {
    Piece x;
    x.coverage.of = Coverage::Of::cd;
    x.coverage.sid = config.sid;
    x.first = from;
    x.read_until = to;
    x.from = config.piece;
    x.by = by;
    Context c;
    c.piece = add(x);
    if (c.piece < 0) return;
    c.sid = config.sid;
    c.ste = config.piece;
    c.el2 = kind_of(config.words) == Ste::stage1 && bits(config.words, 94, 2) == 2;  // STRW
    if (!c.el2) c.vmid = S2VMID(config.words);  // also without stage 2 (3.17)
    c.asid = static_cast<std::uint16_t>(bits(w, 48, 16));
    c.aset = bits(w, 47, 1) != 0;
    c.nested = has_stage2(kind_of(config.words));
    c.ttb = {TTB(w, 0), TTB(w, 1)};
    c.valid = bits(w, 31, 1) != 0;  // may be cached all the same, and leads to nothing (3.21.3)
    m_contexts.push_back(c);
  });
}

void Reference::find_contexts() {
  m_contexts.clear();
  for (const Config& config : m_configs) {
    const Ste kind = kind_of(config.words);
    if (!has_stage1(kind)) continue;
    const std::uint64_t address = S1ContextPtr(config.words);
    if (kind == Ste::stage1) {
      find_cds(config, address, -1);
      continue;
    }
    for (const Translated& t : stage2(S2VMID(config.words), address).found) {
      find_cds(config, t.output | (address & 0xfff), t.piece);
    }
  }
}

// ---- stage 2

const Reference::Stage2& Reference::stage2(std::uint16_t vmid, std::uint64_t ipa) {
  const std::uint64_t key = (ipa >> 12U) << 16U | vmid;
  for (const auto& known : m_stage2) {
    if (known.first == key) return known.second;
  }
  Stage2& result = m_stage2.emplace_back(key, Stage2{}).second;
  // What TLBs hold is tagged by VMID alone: all streams that ever had it can have filled them (3.17).
  for (const Config& config : m_configs) {
    if (!has_stage2(kind_of(config.words)) || S2VMID(config.words) != vmid) continue;
    walk_stage2(result, vmid, ipa, 1, S2TTB(config.words), config.piece);
  }
  return result;
}

void Reference::walk_stage2(Stage2& result, std::uint16_t vmid, std::uint64_t ipa, unsigned level,
                            std::uint64_t table, int from) {
  const std::uint64_t address =
      table + 8 * index_of(ipa, level, level == 1 ? 10 : 9);  // two tables (S2SL0 1)
  m_memory.for_each_version(address, [&](Word d, Tick first, Tick until) {
    if (!is_valid(d)) {
      add_failure(result.failures, from, -1, first, until, F_TRANSLATION, true);
      return;
    }
    Piece x;
    x.coverage.of = Coverage::Of::stage2;
    x.coverage.vmid = vmid;
    x.coverage.last_level = !is_table(d, level);
    x.coverage.shift = static_cast<std::uint8_t>(shift_of(level));
    x.coverage.address = ipa;
    x.first = first;
    x.read_until = until;
    x.from = from;
    const int piece = add(x);
    if (piece < 0) return;
    if (is_table(d, level)) {
      walk_stage2(result, vmid, ipa, level + 1, d & outputs, piece);
    } else {
      keep(result.found, {piece, output_of(d, level, ipa) & ~std::uint64_t{0xfff}, writable2(d)});
    }
  });
}

// ---- stage 1

// Whether global entries that come from `c` match lookups of `own` (3.17.1): they have the ASET of the walk
// that found them, and that may have begun at a cached table of the same ASID and another ASET.
bool Reference::shares_globals(const Context& c, const Context& own) const {
  return std::any_of(m_contexts.begin(), m_contexts.end(), [&](const Context& walker) {
    return walker.valid && walker.el2 == c.el2 && walker.vmid == c.vmid && walker.asid == c.asid &&
           walker.aset == own.aset;
  });
}

// All that translations tagged as `own` can come from.
void Reference::stage1(const AccessId& access, const Context& own) {
  const unsigned ttb = ttb_of(access.address);
  for (std::size_t n = 0; n < m_contexts.size(); ++n) {
    const Context c = m_contexts[n];
    if (!c.valid || c.el2 != own.el2 || c.vmid != own.vmid) continue;
    const bool own_tag = c.asid == own.asid;
    if (!own_tag && !shares_globals(c, own)) continue;
    const bool own_root = c.piece == own.piece;
    const std::uint64_t root = c.ttb[ttb];
    if (!c.nested) {
      walk_stage1(access, c, own_tag, own_root, 1, root, c.piece, -1);
      continue;
    }
    const Stage2& s2 = stage2(c.vmid, root);
    for (const Translated& t : s2.found)
      walk_stage1(access, c, own_tag, own_root, 1, t.output, c.piece, t.piece);
    if (own_root) add_failures(m_failures, c.piece, s2.failures);
  }
}

// own_tag: more than global leaves match the access. own_root: the access itself can begin here.
void Reference::walk_stage1(const AccessId& access, const Context& c, bool own_tag, bool own_root,
                            unsigned level, std::uint64_t table, int from, int by) {
  const std::uint64_t va = access.address;
  const std::uint64_t address = table + 8 * index_of(va, level, 9);
  m_memory.for_each_version(address, [&](Word d, Tick first, Tick until) {
    if (!is_valid(d)) {
      if (level == 1 ? own_root : own_tag)
        add_failure(m_failures, from, by, first, until, F_TRANSLATION, false);
      return;
    }
    Piece x;
    x.coverage.of = Coverage::Of::stage1;
    x.coverage.el2 = c.el2;
    x.coverage.vmid = c.vmid;
    x.coverage.asid = c.asid;
    x.coverage.last_level = !is_table(d, level);
    x.coverage.global = x.coverage.last_level && is_global(d);
    x.coverage.shift = static_cast<std::uint8_t>(shift_of(level));
    x.coverage.address = va;
    x.first = first;
    x.read_until = until;
    x.from = from;
    x.by = by;
    const int piece = add(x);
    if (piece < 0) return;
    if (x.coverage.last_level) {
      if (own_tag || x.coverage.global) end_stage1(access, c, piece, d, level);
      return;
    }
    const std::uint64_t next = d & outputs;
    if (!c.nested) {
      walk_stage1(access, c, own_tag, own_root, level + 1, next, piece, -1);
      return;
    }
    const Stage2& s2 = stage2(c.vmid, next);
    if (own_tag) add_failures(m_failures, piece, s2.failures);
    for (const Translated& t : s2.found) {
      // Both stages may be cached as one: it goes with stage 1, and need not with stage 2 (4.4.3.1, 16.2.1).
      Piece combined;
      combined.coverage = x.coverage;
      combined.from = piece;
      combined.by = t.piece;
      const int both = add(combined);
      if (both >= 0) walk_stage1(access, c, own_tag, own_root, level + 1, t.output, both, -1);
    }
  });
}

void Reference::end_stage1(const AccessId& access, const Context& c, int leaf, Word d, unsigned level) {
  const std::uint64_t output = output_of(d, level, access.address);
  if (access.write && !writable1(d)) {
    finish(leaf, fault(F_PERMISSION));
    return;
  }
  if (!c.nested) {
    finish(leaf, to(output));
    return;
  }
  const Stage2& s2 = stage2(c.vmid, output);
  add_failures(m_failures, leaf, s2.failures);
  for (const Translated& t : s2.found) {
    Piece combined;
    combined.coverage = m_pieces[static_cast<std::size_t>(leaf)].coverage;
    combined.from = leaf;
    combined.by = t.piece;
    const int both = add(combined);
    if (both < 0) continue;
    const bool denied = access.write && !t.writable;
    finish(both, denied ? fault(F_PERMISSION, true) : to(t.output | (output & 0xfff)));
  }
}

// ---- accesses

void Reference::evaluate(const AccessId& access, Tick begin, Tick end) {
  m_pieces.clear();
  m_stage2.clear();
  m_allowed.clear();
  find_configs();
  find_contexts();
  const auto usable = [&](int piece, Tick at) {
    return piece < 0 || m_pieces[static_cast<std::size_t>(piece)].last > at;
  };
  // What has gone while the access was under way can still be why it ends in a fault: that reaches no memory.
  // An output it must not give: CMD_SYNC would have waited for it (3.21.1, 3.21.3, 4.3.8).
  const auto allow = [&](const Answer& answer, std::initializer_list<int> pieces) {
    for (const int piece : pieces) {
      if (!usable(piece, answer.forward ? end : begin)) return;
    }
    m_allowed.push_back(answer);
  };
  const auto allow_failures = [&](const std::vector<Failure>& failures) {
    for (const Failure& f : failures) {
      if (f.last > begin) m_allowed.push_back(f.answer);
    }
  };
  for (const Config& config : m_configs) {
    if (config.sid != access.sid || !usable(config.piece, begin)) continue;
    switch (kind_of(config.words)) {
      case Ste::bad:
        allow(fault(C_BAD_STE), {config.piece});
        break;
      case Ste::abort:
        allow(fault(0), {config.piece});
        break;
      case Ste::bypass:
        if (ttb_of(access.address) != 0) {
          allow(fault(F_ADDR_SIZE), {config.piece});  // beyond OAS (3.4)
        } else {
          allow(to(access.address), {config.piece});
        }
        break;
      case Ste::stage2: {
        if (beyond_ipas(access.address)) {
          allow(fault(F_ADDR_SIZE), {config.piece});  // beyond IAS (3.4)
          break;
        }
        const Stage2& s2 = stage2(S2VMID(config.words), access.address);
        for (const Translated& t : s2.found) {
          const bool denied = access.write && !t.writable;
          allow(denied ? fault(F_PERMISSION, true) : to(t.output | (access.address & 0xfff)),
                {config.piece, t.piece});
        }
        allow_failures(s2.failures);
        break;
      }
      case Ste::nested:
        allow_failures(stage2(S2VMID(config.words), S1ContextPtr(config.words)).failures);
        break;
      case Ste::stage1:
        break;
    }
  }
  for (std::size_t n = 0; n < m_contexts.size(); ++n) {
    const Context own = m_contexts[n];
    if (own.sid != access.sid || !usable(own.ste, begin) || !usable(own.piece, begin)) continue;
    if (!own.valid) {
      allow(fault(C_BAD_CD), {own.ste, own.piece});
      continue;
    }
    m_ends.clear();
    m_failures.clear();
    stage1(access, own);
    for (const End& e : m_ends) allow(e.answer, {own.ste, own.piece, e.piece});
    allow_failures(m_failures);
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
  if (kind == Ste::bad) return fault(C_BAD_STE);
  if (kind == Ste::abort) return fault(0);
  if (kind == Ste::bypass) return ttb_of(access.address) != 0 ? fault(F_ADDR_SIZE) : to(access.address);
  // @return the leaf, or 0
  const auto walk = [&](std::uint64_t table, std::uint64_t address, unsigned first_bits, auto&& at) {
    for (unsigned level = 1; level <= 3; ++level) {
      std::uint64_t base = table;
      if (!at(base)) return std::pair<Word, unsigned>{0, 4};
      const Word d = m_memory.read(base + 8 * index_of(address, level, level == 1 ? first_bits : 9));
      if (!is_valid(d)) return std::pair<Word, unsigned>{0, level};
      if (!is_table(d, level)) return std::pair<Word, unsigned>{d, level};
      table = d & outputs;
    }
    return std::pair<Word, unsigned>{0, 3};
  };
  const auto plain = [](std::uint64_t& /*table*/) { return true; };
  // Translates by stage 2, where there is one
  Word last2 = 0;
  const auto by_stage2 = [&](std::uint64_t& address) {
    if (!has_stage2(kind)) return true;
    const auto [d, level] = walk(S2TTB(ste), address, 10, plain);
    last2 = d;
    if (d == 0) return false;
    address = output_of(d, level, address);
    return true;
  };
  std::uint64_t output = access.address;
  if (has_stage1(kind)) {
    std::uint64_t cd_at = S1ContextPtr(ste);
    if (!by_stage2(cd_at)) return fault(F_TRANSLATION, true);
    const StructureWords cd = m_memory.structure(cd_at);
    if (bits(cd, 31, 1) == 0) return fault(C_BAD_CD);
    const auto [d, level] = walk(TTB(cd, ttb_of(output)), output, 9, by_stage2);
    if (d == 0) return fault(F_TRANSLATION, level == 4);
    if (access.write && !writable1(d)) return fault(F_PERMISSION);
    output = output_of(d, level, output);
  } else if (beyond_ipas(output)) {
    return fault(F_ADDR_SIZE);
  }
  if (!by_stage2(output)) return fault(F_TRANSLATION, true);
  if (has_stage2(kind) && access.write && !writable2(last2)) return fault(F_PERMISSION, true);
  return to(output);
}

}  // namespace smmuvp::smmuv3::invalidation
