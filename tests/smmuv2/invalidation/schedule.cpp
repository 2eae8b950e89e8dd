#include "schedule.h"

namespace smmuvp::smmuv2::invalidation {
namespace {

// What an access needs, and what a change is of: schedules return to the same few.
struct Focus {
  unsigned bank = 0;
  std::uint8_t ttb = 0;
  Place place;
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : m_random(seed * 2 + 1) {
    m_schedule.seed = seed;
    m_schedule.large_caches = chance(2);
    m_schedule.shape = static_cast<std::uint8_t>(below(8));
    m_schedule.image = static_cast<std::uint8_t>(below(images));
    m_schedule.SSD_table = chance(3);
    for (unsigned n = 0; n < banks; ++n) m_banks[n] = any_bank(n);
    m_schedule.banks_at_begin = m_banks;
    for (Focus& f : m_focus) f = {bank(), ttb(), Place::random(m_random)};
    if (chance(2)) m_focus[1].place = m_focus[0].place;
    if (chance(2)) m_focus[1].ttb = m_focus[0].ttb;
  }

  Schedule make() {
    const unsigned wanted = 20 + static_cast<unsigned>(below(12));
    while (size_of(m_schedule) < wanted) {
      if (chance(3)) {
        recipe();
      } else {
        anything();
      }
    }
    return std::move(m_schedule);
  }

 private:
  std::uint64_t below(std::uint64_t n) { return m_random.below(n); }
  std::uint8_t small(std::uint64_t n) { return static_cast<std::uint8_t>(below(n)); }
  bool chance(unsigned of) { return below(of) == 0; }
  std::uint8_t ttb() { return chance(3) ? 1 : 0; }
  unsigned bank() { return static_cast<unsigned>(chance(3) ? below(banks) : below(guest_banks)); }
  Focus focus() {
    Focus f = m_focus[below(m_focus.size())];
    if (chance(6)) f.place = Place::random(m_random);
    if (chance(8)) f.bank = bank();
    return f;
  }
  void add(const Step& s) { m_schedule.operations.push_back(s); }

  // ---- banks

  // 0x101 and 1 are different ASIDs to AArch64. Schemes share no ASID, and so no tables.
  std::uint16_t any_asid(Scheme scheme) {
    const auto asid = static_cast<std::uint16_t>(1 + below(2) + 2 * static_cast<unsigned>(scheme));
    return scheme == Scheme::AArch64 && chance(4) ? static_cast<std::uint16_t>(asid | 0x100U) : asid;
  }
  BankValue any_bank(unsigned n) {
    BankValue v;
    v.spaces = {small(stage1_spaces), small(stage1_spaces)};
    if (is_stage2(n)) {
      const unsigned which = n == stage2[0] ? 0 : 1;
      v.scheme = which == 0 ? Scheme::AArch64 : Scheme::Long;
      v.vmid = vmid_of_stage2(which);
      return v;
    }
    v.scheme = chance(2) ? Scheme::AArch64 : static_cast<Scheme>(1 + below(4));
    if (n == hyp_bank && v.scheme == Scheme::Short) v.scheme = Scheme::Long;  // EAE counts as 1 (16.5.38)
    if (n == monitor_bank && !v.VA64()) v.scheme = Scheme::AArch64;           // 10.2.2
    v.asid = any_asid(v.scheme);
    v.vmid = small(2);
    if (n < guest_banks && chance(2)) {
      v.nested = true;
      v.second = v.VA64() ? 0 : small(2);  // of AArch64, if stage 1 is (3.8.4)
      v.vmid = vmid_of_stage2(v.second);
    }
    return v;
  }
  void write_bank(unsigned n, const BankValue& v) {
    Step s;
    s.act = Act::write_bank;
    s.bank = static_cast<std::uint8_t>(n);
    s.bank_value = m_banks[n] = v;
    add(s);
  }
  BankValue changed(unsigned n) {
    BankValue v = m_banks[n];
    switch (below(4)) {
      case 0:
        if (!is_stage2(n)) v.asid = any_asid(v.scheme);
        break;
      case 1:
        v.M = !v.M;
        break;
      case 2:
        v.spaces[below(2)] = small(stage1_spaces);
        break;
      default:
        v = any_bank(n);
        if (is_special(n)) v.scheme = m_banks[n].scheme;  // there are no ASIDs
        break;
    }
    return v;
  }

  // ---- devices

  std::uint64_t address_of(const Focus& f) {
    const BankValue& v = m_banks[f.bank];
    const bool two = has_two_ranges(f.bank, v) && v.M;
    return f.place.address() | (two && f.ttb != 0 ? upper_range : 0) | 0x120;
  }
  void begin(const Focus& f, unsigned slot) {
    Step s;
    s.act = Act::begin;
    s.slot = static_cast<std::uint8_t>(slot);
    s.bank = static_cast<std::uint8_t>(f.bank);
    s.address = address_of(f);
    s.write = chance(3);
    add(s);
  }
  void step(unsigned slot, Act act = Act::step) {
    Step s;
    s.act = act;
    s.slot = static_cast<std::uint8_t>(slot);
    add(s);
  }

  // ---- software: tables

  unsigned second_of(const Focus& f) { return stage2[m_banks[f.bank].second]; }
  std::uint8_t stage2_space(const Focus& f) {
    const unsigned n = is_stage2(f.bank) ? f.bank : second_of(f);
    return m_banks[n].spaces[0] % stage2_spaces;
  }
  void write(std::uint64_t address, Word value, unsigned stage, unsigned level, std::uint64_t of) {
    Step s;
    s.act = Act::write_descriptor;
    s.address = address;
    s.value = value;
    s.note = "stage " + std::to_string(stage) + " level " + std::to_string(level) + " of " + hex(of);
    add(s);
  }
  std::uint8_t level() { return chance(2) ? 3 : static_cast<std::uint8_t>(1 + below(3)); }
  // On the way of `f`, at any level
  void descriptor(const Focus& f, unsigned stage) {
    const BankValue& v = m_banks[f.bank];
    if (stage == 1 && v.two_levels()) return two_level_one(f);
    Node n;
    n.stage = static_cast<std::uint8_t>(stage);
    n.level = level();
    if (stage == 1) {
      n.ttb = ttb_of(address_of(f)) != 0 ? 1 : 0;
      n.space = chance(6) ? small(stage1_spaces) : v.spaces[n.ttb];
      n.bank = v.nested && chance(3) ? 1 : 0;
    } else {
      n.space = stage2_space(f);
    }
    n.copy = n.level > 1 && chance(2) ? 1 : 0;
    const Place p = stage == 2 && v.nested && chance(2) ? Place::random(m_random) : f.place;
    write(descriptor_address(n, p), value(n, p), stage, n.level, p.address());
  }
  Word value(const Node& n, const Place& p) {
    const unsigned what = small(8);
    if (what == 0) return 0;
    if (n.level < 3 && what < 6) {
      Node below_it = n;
      ++below_it.level;
      below_it.bank = 0;
      below_it.copy = small(2);
      return table(table_address(below_it, p));
    }
    const bool writable = !chance(3);
    return random_leaf(m_random, n, p, writable, !chance(3));
  }
  void two_level_one(const Focus& f) {
    const Scheme scheme = m_banks[f.bank].scheme;
    const unsigned space = m_banks[f.bank].spaces[0] % two_level_spaces;
    const unsigned bank = m_banks[f.bank].nested && chance(3) ? 1 : 0;
    const unsigned at = chance(3) ? 1 : 2;
    const unsigned copy = at == 2 ? small(2) : 0;
    Word w = 0;
    if (at == 1 && !chance(3)) {
      w = two_level_pointer(scheme, two_level_table(scheme, space, 2, small(2), f.place));
    } else if (!chance(8)) {
      Leaf l;
      l.output = Place::random(m_random).address();
      l.writable = !chance(3);
      l.nG = !chance(3);
      w = two_level_leaf(scheme, at, l);
    }
    write(two_level_descriptor(scheme, space, at, copy, bank, f.place), w, 1, at, f.place.address());
  }
  // A stage 1 table on the way of `f`, as stage 2 sees it
  std::uint64_t structure(const Focus& f) {
    const BankValue& v = m_banks[f.bank];
    if (v.two_levels()) {
      const unsigned space = v.spaces[0] % two_level_spaces;
      const std::uint64_t first = two_level_descriptor(v.scheme, space, 1, 0, 0, f.place);
      if (chance(2)) return first & ~std::uint64_t{0xfff};
      return two_level_table(v.scheme, space, 2, small(2), f.place);
    }
    Node n;
    n.ttb = ttb_of(address_of(f)) != 0 ? 1 : 0;
    n.space = v.spaces[n.ttb];
    n.level = static_cast<std::uint8_t>(1 + below(3));
    n.copy = n.level > 1 && chance(2) ? 1 : 0;
    return table_address(n, f.place);
  }
  void structure_mapping(const Focus& f, std::uint64_t ipa) {
    const std::uint8_t space = stage2_space(f);
    const unsigned at = chance(3) ? 2 : 3;
    const std::uint64_t bank = chance(2) ? bank_distance : 0;
    const std::uint64_t region = ipa & ~std::uint64_t{0x1f'ffff};
    Word w = 0;
    if (at == 2) {
      w = chance(2) ? table(structure_table(space, ipa)) : leaf2(2, {region + bank, true, true});
    } else if (!chance(6)) {
      w = leaf2(3, {ipa + bank, true, true});
    }
    write(structure_descriptor(space, at, ipa), w, 2, at, ipa);
  }

  // ---- software: maintenance

  void tlbi(Operation operation, std::uint64_t value = 0, unsigned bank = 0) {
    Step s;
    s.act = Act::tlbi;
    s.tlbi = {operation, static_cast<std::uint8_t>(bank), value};
    add(s);
    m_last = is_global(operation) ? (is_secure(operation) ? global_secure : global_non_secure) : bank;
  }
  // Of the last operation, by its own resource or the one that covers it
  void sync() {
    Step s;
    s.act = Act::sync;
    const bool secure = m_last == global_secure || (m_last < banks && is_secure(m_last));
    const unsigned wide = secure ? global_secure : global_non_secure;
    s.bank = static_cast<std::uint8_t>(chance(3) ? wide : m_last);
    if (chance(8)) s.bank = small(sync_resources);
    add(s);
  }
  std::uint8_t vmid_of(const Focus& f) { return chance(8) ? small(4) : m_banks[f.bank].vmid; }
  void of_stage1(const Focus& f) {
    if (regime_of(f.bank) == Regime::Hyp) return of_hyp(f);
    if (regime_of(f.bank) == Regime::Monitor) return of_monitor(f);
    // Another bank of the same entries does as well.
    const unsigned n = f.bank;
    const BankValue& v = m_banks[n];
    const std::uint16_t asid = chance(8) ? any_asid(v.scheme) : v.asid;
    const std::uint64_t va = address_of(f) >> 12U;
    const std::uint64_t place = v.VA64() ? va & 0xfff'ffff'ffffU : va << 12U & 0xffff'f000U;
    const std::uint64_t named = v.VA64() ? place | std::uint64_t{asid} << 48U : place | asid;
    switch (below(9)) {
      case 0:
        return tlbi(Operation::TLBIALL, 0, n);
      case 1:
        return tlbi(Operation::TLBIASID, asid, n);
      case 2:
      case 3:
        return tlbi(Operation::TLBIVA, named, n);
      case 4:
        return tlbi(Operation::TLBIVAL, named, n);
      case 5:
        return tlbi(Operation::TLBIVAA, place, n);
      case 6:
        return tlbi(Operation::TLBIVAAL, place, n);
      case 7:
        if (regime_of(n) == Regime::Secure) return tlbi(Operation::STLBIALL);
        return tlbi(chance(2) ? Operation::TLBIVMID : Operation::TLBIVMIDS1, vmid_of(f));
      default:
        return tlbi(chance(3) ? Operation::TLBIALLNSNH : Operation::TLBIVA, named, n);
    }
  }
  // ASID, VAA and VAAL are UNPREDICTABLE there (16.5.31, 16.5.33).
  void of_hyp(const Focus& f) {
    const std::uint64_t va = f.place.address();
    const std::uint64_t named = m_banks[f.bank].VA64() ? va >> 12U : va;
    switch (below(7)) {
      case 0:
        return tlbi(Operation::TLBIALL, 0, f.bank);
      case 1:
        return tlbi(Operation::TLBIVA, named, f.bank);
      case 2:
        return tlbi(Operation::TLBIVAL, named, f.bank);
      case 3:
        return tlbi(Operation::TLBIALLH);
      case 4:
        return tlbi(Operation::TLBIVAH, va);
      case 5:
        return tlbi(Operation::TLBIVAH64, va >> 12U);
      default:
        return tlbi(Operation::TLBIVALH64, va >> 12U);
    }
  }
  // Likewise (2.9.4, 9.6.30, 9.6.31).
  void of_monitor(const Focus& f) {
    const std::uint64_t page = f.place.address() >> 12U;
    switch (below(7)) {
      case 0:
        return tlbi(Operation::TLBIALL, 0, f.bank);
      case 1:
        return tlbi(Operation::TLBIVA, page, f.bank);
      case 2:
        return tlbi(Operation::TLBIVAL, page, f.bank);
      case 3:
        return tlbi(Operation::STLBIALLM);
      case 4:
        return tlbi(Operation::STLBIVAM, page);
      case 5:
        return tlbi(Operation::STLBIVALM, page);
      default:
        return tlbi(Operation::STLBIALL);
    }
  }
  void of_stage2(const Focus& f, std::uint64_t ipa) {
    const unsigned n = is_stage2(f.bank) ? f.bank : second_of(f);
    switch (below(6)) {
      case 0:
        return tlbi(Operation::TLBIALLNSNH);
      case 1:
        return tlbi(Operation::TLBIVMID, vmid_of(f));
      case 2:
        return tlbi(Operation::TLBIIPAS2L, ipa >> 12U, n);
      default:
        return tlbi(Operation::TLBIIPAS2, ipa >> 12U, n);
    }
  }
  void any_tlbi(const Focus& f) {
    const bool stage2 = is_stage2(f.bank) || (m_banks[f.bank].nested && chance(3));
    if (!stage2) return of_stage1(f);
    of_stage2(f, chance(2) || is_stage2(f.bank) ? f.place.address() : structure(f));
  }

  // ---- schedules

  void change(const Focus& f) {
    const bool nested = m_banks[f.bank].nested;
    switch (below(7)) {
      case 0: {
        const unsigned n = nested && chance(3) ? second_of(f) : f.bank;
        return write_bank(n, changed(n));
      }
      case 1:
        if (nested) return structure_mapping(f, structure(f));
        [[fallthrough]];
      default:
        return descriptor(f, is_stage2(f.bank) || (nested && chance(2)) ? 2 : 1);
    }
  }
  void anything() {
    const Focus f = focus();
    switch (below(13)) {
      case 0:
      case 1:
        return change(f);
      case 2:
      case 3:
        return any_tlbi(f);
      case 4:
        return sync();
      case 5:
        return step(static_cast<unsigned>(below(slots)), Act::end);
      case 6:
      case 7:
        return begin(f, static_cast<unsigned>(below(slots)));
      default:
        return noise();
    }
  }
  void noise() {
    for (std::uint64_t n = below(5); n-- > 0;) step(static_cast<unsigned>(below(slots)));
  }
  // Software as it should be: a change of what an access used, its invalidation, a synchronisation, the
  // access again.
  void recipe() {
    const Focus f = focus();
    const unsigned slot = static_cast<unsigned>(below(slots));
    const bool nested = m_banks[f.bank].nested;
    if (!chance(4)) {
      begin(f, slot);
      if (!chance(3)) step(slot, Act::end);
    }
    noise();
    switch (below(nested ? 6 : 4)) {
      case 0:
        new_bank(f);
        break;
      case 4: {
        const std::uint64_t ipa = structure(f);
        structure_mapping(f, ipa);
        of_stage2(f, ipa);
        stage1_step(f);
        break;
      }
      case 5:
        descriptor(f, 2);
        of_stage2(f, f.place.address());
        stage1_step(f);
        break;
      default:
        descriptor(f, is_stage2(f.bank) ? 2 : 1);
        if (is_stage2(f.bank)) {
          of_stage2(f, f.place.address());
        } else {
          of_stage1(f);
        }
        break;
    }
    if (!chance(4)) sync();
    noise();
    if (chance(2)) {
      for (unsigned s = 0; s < slots; ++s) step(s, Act::end);
    }
    begin(f, (slot + 1) % slots);
    if (chance(2)) step((slot + 1) % slots, Act::end);
  }
  // 17.3.4: by IPA, synchronise, then what has both stages
  void stage1_step(const Focus& f) {
    if (chance(4)) return;
    if (!chance(4)) sync();
    if (chance(3)) return of_stage1(f);
    tlbi(Operation::TLBIVMIDS1, m_banks[f.bank].vmid);
  }
  // 5.1: off, invalidate, synchronise, change, on
  void new_bank(const Focus& f) {
    BankValue v = m_banks[f.bank];
    v.M = false;
    write_bank(f.bank, v);
    any_tlbi(f);
    sync();
    if (chance(2)) noise();
    v = changed(f.bank);
    v.M = true;
    write_bank(f.bank, v);
  }

  test::Random m_random;
  Schedule m_schedule;
  std::array<Focus, 2> m_focus;
  std::array<BankValue, banks> m_banks;
  unsigned m_last = global_non_secure;
};

}  // namespace

unsigned size_of(const Schedule& schedule) {
  unsigned n = 0;
  for (const Step& s : schedule.operations) n += s.act != Act::step && s.act != Act::end ? 1 : 0;
  return n;
}

Schedule make_schedule(std::uint64_t seed) { return Maker(seed).make(); }

std::string to_string(const Step& s) {
  const std::string slot = "access " + std::to_string(s.slot);
  switch (s.act) {
    case Act::write_descriptor:
      return "software writes " + hex(s.value) + " as descriptor of " + s.note + ", at " + hex(s.address);
    case Act::write_bank:
      return "software writes bank " + std::to_string(s.bank) + ": " + to_string(s.bank_value);
    case Act::tlbi:
      return "software writes " + to_string(s.tlbi);
    case Act::sync:
      if (s.bank == global_non_secure) return "software writes TLBGSYNC";
      if (s.bank == global_secure) return "software writes STLBGSYNC";
      return "software writes TLBSYNC in bank " + std::to_string(s.bank);
    case Act::begin:
      return slot + " begins: stream " + std::to_string(s.bank) + (s.write ? " writes " : " reads ") +
             hex(s.address);
    case Act::step:
      return slot + " gets an answer from memory";
    case Act::end:
      return slot + " goes on to its end";
  }
  return {};
}

}  // namespace smmuvp::smmuv2::invalidation
