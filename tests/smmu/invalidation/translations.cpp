#include "translations.h"

#include <algorithm>

namespace smmuvp::smmu::invalidation {
namespace {

constexpr std::uint64_t outputs = 0xffff'ffff'f000;  // [47:12] of a Long-descriptor (DDI 0487 D8.3)

constexpr std::uint64_t low_bits(unsigned n) { return (std::uint64_t{1} << n) - 1; }

/// log2 of what a Long-descriptor of a level translates (DDI 0487 D8.2)
unsigned long_shift(Format format, unsigned level) {
  if (format == Format::long_16k) return level == 1 ? 25 : 14;
  if (format == Format::long_64k) return level == 1 ? 29 : 16;
  return shift_of(level);
}
unsigned last_level(Format format) { return format == Format::long_descriptors ? 3 : 2; }

Descriptor decode_long(Format format, unsigned stage, unsigned level, Word w) {
  Descriptor d;
  d.valid = (w & 1U) != 0;
  d.table = level < last_level(format) && (w & 2U) != 0;
  d.shift = static_cast<std::uint8_t>(long_shift(format, level));
  d.output = w & outputs & (d.table ? ~Word{0} : ~low_bits(d.shift));
  d.writable = stage == 1 ? (w >> 7U & 1U) == 0 : (w >> 7U & 1U) != 0;  // AP[2], S2AP[1]
  d.global = stage == 1 && (w >> 11U & 1U) == 0;
  return d;
}

// DDI 0406 B3.5.1
Descriptor decode_short(unsigned level, Word w) {
  Descriptor d;
  d.valid = (w & 3U) != 0;
  d.table = level == 1 && (w & 3U) == 1;
  d.shift = level == 1 ? 20 : 12;
  d.output = w & 0xffff'ffffU & ~low_bits(d.table ? 10 : d.shift);
  d.writable = (w >> (level == 1 ? 15U : 9U) & 1U) == 0;  // AP[2]
  d.global = (w >> (level == 1 ? 17U : 11U) & 1U) == 0;
  return d;
}

}  // namespace

Descriptor Descriptor::decode(Format format, unsigned stage, unsigned level, Word word) {
  if (format == Format::short_descriptors) return decode_short(level, word);
  return decode_long(format, stage, level, word);
}

std::uint64_t Descriptor::address(Format format, unsigned stage, unsigned level, std::uint64_t table,
                                  std::uint64_t input) {
  if (format == Format::short_descriptors) {
    return table + 4 * (level == 1 ? input >> 20U & 0xfffU : input >> 12U & 0xffU);
  }
  unsigned bits = stage == 2 && level == 1 ? 10 : 9;  // stage 2: two tables
  if (format == Format::long_16k) bits = 11;
  if (format == Format::long_64k) bits = level == 1 ? 10 : 13;  // 39 bits of address
  return table + 8 * (input >> long_shift(format, level) & low_bits(bits));
}

// ---- pieces

// An invalidation takes away what it covers, unless what led there could still be read when it became
// visible. Pieces that this invalidation takes away themselves lead nowhere: walks that used them are
// complete or begun anew.
bool Translations::takes_away(const Invalidation& i, const Piece& x) const {
  if (!i.covers(x.coverage)) return false;
  return x.read_until <= i.consumed || gone(x.from, i) || gone(x.by, i);
}

bool Translations::gone(int piece, const Invalidation& i) const {
  if (piece < 0) return false;
  const Piece& x = m_pieces[static_cast<std::size_t>(piece)];
  if (!x.cached) return x.read_until <= i.consumed;
  return !x.current && (x.last <= i.consumed || takes_away(i, x));
}

void Translations::begin() {
  m_pieces.clear();
  m_contexts.clear();
  m_stage2_contexts.clear();
  m_stage2.clear();
}

int Translations::add(Piece x) {
  Tick until = x.cached ? x.read_until : x.last;
  x.current = x.read_until == never;
  for (const int parent : {x.from, x.by}) {
    if (parent < 0) continue;
    const Piece& p = m_pieces[static_cast<std::size_t>(parent)];
    x.first = std::max(x.first, p.first);
    until = std::min(until, p.last);
    x.current = x.current && p.current;
  }
  if (x.first >= until) return -1;
  if (!x.current && x.cached) {
    for (const Invalidation& i : m_invalidations) {
      if (i.complete < x.last && takes_away(i, x)) x.last = i.complete;
    }
  }
  m_pieces.push_back(x);
  return static_cast<int>(m_pieces.size()) - 1;
}

void Translations::add_failure(std::vector<Failure>& to, int from, int by, Tick first, Tick last, bool s2) {
  for (const int parent : {from, by}) {
    if (parent < 0) continue;
    const Piece& p = m_pieces[static_cast<std::size_t>(parent)];
    first = std::max(first, p.first);
    last = std::min(last, p.last);
  }
  if (first < last) to.push_back({first, last, Answer::of(m_faults.translation, s2)});
}

void Translations::add_failures(std::vector<Failure>& to, int from, const std::vector<Failure>& failures) {
  for (const Failure& f : failures) add_failure(to, from, -1, f.first, f.last, f.answer.s2);
}

// Ways to the same translation of which one can always be used say nothing that this one does not.
void Translations::keep(std::vector<Translated>& in, const Translated& t) {
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

// ---- stage 2

const Stage2Result& Translations::stage2(std::uint16_t vmid, std::uint64_t ipa) {
  const std::uint64_t key = (ipa >> 12U) << 16U | vmid;
  for (const auto& known : m_stage2) {
    if (known.first == key) return known.second;
  }
  Stage2Result& result = m_stage2.emplace_back(key, Stage2Result{}).second;
  // What TLBs hold is tagged by VMID alone: all that ever had it can have filled them (IHI 0070 3.17, IHI
  // 0062 2.5).
  for (const Stage2Context& c : m_stage2_contexts) {
    if (c.vmid == vmid) walk_stage2(result, vmid, ipa, 1, c.table, c.piece);
  }
  return result;
}

void Translations::walk_stage2(Stage2Result& result, std::uint16_t vmid, std::uint64_t ipa, unsigned level,
                               std::uint64_t table, int from) {
  const std::uint64_t address = Descriptor::address(Format::long_descriptors, 2, level, table, ipa);
  m_memory.for_each_version(address, [&](Word w, Tick first, Tick until) {
    const Descriptor d = Descriptor::decode(Format::long_descriptors, 2, level, w);
    if (!d.valid) {
      add_failure(result.failures, from, -1, first, until, true);
      return;
    }
    Piece x;
    x.coverage.of = Coverage::Of::stage2;
    x.coverage.vmid = vmid;
    x.coverage.last_level = !d.table;
    x.coverage.shift = d.shift;
    x.coverage.address = ipa;
    x.first = first;
    x.read_until = until;
    x.from = from;
    const int piece = add(x);
    if (piece < 0) return;
    if (d.table) {
      walk_stage2(result, vmid, ipa, level + 1, d.output, piece);
    } else {
      keep(result.found, {piece, d.output_of(ipa) & ~std::uint64_t{0xfff}, d.writable});
    }
  });
}

// ---- stage 1

// Whether global entries that come from `c` match lookups of `own` (IHI 0070 3.17.1): they have the ASET of
// the walk that found them, and that may have begun at a cached table of the same ASID and another ASET.
bool Translations::shares_globals(const Stage1Context& c, const Stage1Context& own) const {
  return std::any_of(m_contexts.begin(), m_contexts.end(), [&](const Stage1Context& walker) {
    return walker.valid && walker.regime == c.regime && walker.vmid == c.vmid && walker.asid == c.asid &&
           walker.asid_set == own.asid_set;
  });
}

// All that translations tagged as `own` can come from.
const Translations::Stage1Result& Translations::stage1(const AccessId& access, const Stage1Context& own) {
  m_stage1.ends.clear();
  m_stage1.failures.clear();
  const unsigned ttb = ttb_of(access.address);
  for (const Stage1Context& c : m_contexts) {
    if (!c.valid || c.regime != own.regime || c.vmid != own.vmid || c.nested != own.nested) continue;
    const Walk walk{access, c, c.asid == own.asid, c.piece == own.piece};
    if (!walk.own_tag && !shares_globals(c, own)) continue;
    const std::uint64_t root = c.ttb[ttb];
    if (!c.nested) {
      walk_stage1(walk, 1, root, c.piece, -1);
      continue;
    }
    const std::uint64_t first = Descriptor::address(c.format, 1, 1, root, access.address) & ~Word{0xfff};
    const std::uint64_t distance = first - root;
    const Stage2Result& s2 = stage2(c.vmid, first);
    for (const Translated& t : s2.found) walk_stage1(walk, 1, t.output - distance, c.piece, t.piece);
    if (walk.own_root) add_failures(m_stage1.failures, c.piece, s2.failures);
  }
  return m_stage1;
}

void Translations::walk_stage1(const Walk& walk, unsigned level, std::uint64_t table, int from, int by) {
  const Stage1Context& c = walk.context;
  const std::uint64_t va = walk.access.address;
  const std::uint64_t address = Descriptor::address(c.format, 1, level, table, va);
  m_memory.for_each_version(address, [&](Word w, Tick first, Tick until) {
    const Descriptor d = Descriptor::decode(c.format, 1, level, w);
    if (!d.valid) {
      if (level == 1 ? walk.own_root : walk.own_tag)
        add_failure(m_stage1.failures, from, by, first, until, false);
      return;
    }
    Piece x;
    x.coverage.of = Coverage::Of::stage1;
    x.coverage.regime = c.regime;
    x.coverage.vmid = c.vmid;
    x.coverage.asid = c.asid;
    x.coverage.last_level = !d.table;
    x.coverage.global = !d.table && d.global;
    x.coverage.shift = d.shift;
    x.coverage.address = va;
    x.first = first;
    x.read_until = until;
    x.from = from;
    x.by = by;
    const int piece = add(x);
    if (piece < 0) return;
    if (x.coverage.last_level) {
      if (walk.own_tag || x.coverage.global) end_stage1(walk, piece, d);
      return;
    }
    if (!c.nested) {
      walk_stage1(walk, level + 1, d.output, piece, -1);
      return;
    }
    const Stage2Result& s2 = stage2(c.vmid, d.output);
    if (walk.own_tag) add_failures(m_stage1.failures, piece, s2.failures);
    for (const Translated& t : s2.found) {
      // Both stages may be cached as one: it goes with stage 1, and need not with stage 2 (IHI 0070 4.4.3.1,
      // 16.2.1, IHI 0062 5.4.1, 17.3.4).
      Piece combined;
      combined.coverage = x.coverage;
      combined.from = piece;
      combined.by = t.piece;
      const int both = add(combined);
      if (both >= 0) walk_stage1(walk, level + 1, t.output | (d.output & 0xfff), both, -1);
    }
  });
}

void Translations::end_stage1(const Walk& walk, int leaf, const Descriptor& d) {
  const auto finish = [&](int piece, const Answer& answer) { m_stage1.ends.push_back({piece, answer}); };
  const std::uint64_t output = d.output_of(walk.access.address);
  if (walk.access.write && !d.writable) return finish(leaf, Answer::of(m_faults.permission));
  if (!walk.context.nested) return finish(leaf, Answer::to(output));
  const Stage2Result& s2 = stage2(walk.context.vmid, output);
  add_failures(m_stage1.failures, leaf, s2.failures);
  for (const Translated& t : s2.found) {
    Piece combined;
    combined.coverage = m_pieces[static_cast<std::size_t>(leaf)].coverage;
    combined.from = leaf;
    combined.by = t.piece;
    const int both = add(combined);
    if (both < 0) continue;
    const bool denied = walk.access.write && !t.writable;
    finish(both, denied ? Answer::of(m_faults.permission, true) : Answer::to(t.output | (output & 0xfff)));
  }
}

// ---- without any cache

// The leaf, or what is not valid. `unreachable`: a table that stage 2 does not lead to
Descriptor Translations::leaf_now(const Now& context, Format format, unsigned stage, std::uint64_t table,
                                  std::uint64_t address, bool& unreachable) const {
  for (unsigned level = 1;; ++level) {
    std::uint64_t at = Descriptor::address(format, stage, level, table, address);
    unreachable = stage == 1 && !by_stage2(context, at);
    if (unreachable) return {};
    const Descriptor d = Descriptor::decode(format, stage, level, m_memory.read(at));
    if (!d.valid || !d.table) return d;
    table = d.output;
  }
}

bool Translations::by_stage2(const Now& context, std::uint64_t& address) const {
  if (!context.stage2) return true;
  bool unreachable = false;
  const Descriptor d = leaf_now(context, Format::long_descriptors, 2, context.table, address, unreachable);
  if (d.valid) address = d.output_of(address);
  return d.valid;
}

Answer Translations::now(const Now& context, const AccessId& access) const {
  std::uint64_t address = access.address;
  bool unreachable = false;
  if (context.stage1) {
    const std::uint64_t root = context.ttb[ttb_of(address)];
    const Descriptor d = leaf_now(context, context.format, 1, root, address, unreachable);
    if (!d.valid) return Answer::of(m_faults.translation, unreachable);
    if (access.write && !d.writable) return Answer::of(m_faults.permission);
    address = d.output_of(address);
  }
  if (!context.stage2) return Answer::to(address);
  const Descriptor d = leaf_now(context, Format::long_descriptors, 2, context.table, address, unreachable);
  if (!d.valid) return Answer::of(m_faults.translation, true);
  if (access.write && !d.writable) return Answer::of(m_faults.permission, true);
  return Answer::to(d.output_of(address));
}

}  // namespace smmuvp::smmu::invalidation
