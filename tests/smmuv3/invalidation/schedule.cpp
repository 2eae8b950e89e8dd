#include "schedule.h"

#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3::invalidation {
namespace {

// What an access needs, and what a change is of: schedules return to the same few.
struct Focus {
  std::uint32_t sid = 0;
  std::uint8_t ttb = 0;
  Place place;
  std::uint64_t address() const { return place.address() | (ttb != 0 ? upper_range : 0) | 0x120; }
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : m_random(seed * 2 + 1) {
    m_schedule.seed = seed;
    m_schedule.two_level = chance(2);
    m_schedule.large_caches = chance(2);
    m_schedule.shape = static_cast<std::uint8_t>(below(8));
    m_schedule.image = static_cast<std::uint8_t>(below(images));
    for (Focus& f : m_focus) f = {streams[below(streams.size())], ttb(), place()};
    if (chance(2)) m_focus[1].place = m_focus[0].place;
    if (chance(2)) m_focus[1].ttb = m_focus[0].ttb;
    // What streams are, as far as software remembers: images tell less.
    for (std::uint32_t sid : streams) {
      for (unsigned copy = 0; copy < 2; ++copy) decode(sid, copy);
    }
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
  bool chance(unsigned of) { return below(of) == 0; }
  std::uint8_t ttb() { return chance(3) ? 1 : 0; }
  Place place() {
    return {static_cast<std::uint8_t>(2 + below(2)), static_cast<std::uint8_t>(below(2)),
            static_cast<std::uint8_t>(below(3))};
  }
  Focus focus() {
    Focus f = m_focus[below(m_focus.size())];
    if (chance(6)) f.place = place();
    if (chance(8)) f.sid = streams[below(streams.size())];
    return f;
  }
  void add(const Operation& o) { m_schedule.operations.push_back(o); }

  void decode(std::uint32_t sid, unsigned copy) {
    const Image& image = invalidation::image(m_schedule.image);
    const std::uint64_t at = ste_address(sid, m_schedule.two_level, copy);
    if (copy != 0 && !m_schedule.two_level) return;
    SteValue& v = ste(sid, copy);
    const unsigned config = static_cast<unsigned>(image.word(at) >> 1U) & 7U;
    v.type = config == 4   ? SteType::bypass
             : config == 5 ? SteType::stage1
             : config == 6 ? SteType::stage2
                           : SteType::nested;
    v.cd_slot = static_cast<std::uint8_t>((image.word(at) & 0xf000) >> 12U);
    v.vmid = static_cast<std::uint16_t>(image.word(at + 16));
    v.el2 = v.type == SteType::stage1 && (image.word(at + 8) >> 30U & 3U) == 2;
    v.stage2_space = (image.word(at + 24) & 0xf'f000) >= 0x2'0000 ? 1 : 0;
  }
  SteValue& ste(std::uint32_t sid, unsigned copy) { return m_stes[sid][copy]; }
  SteValue& ste(std::uint32_t sid) { return ste(sid, m_copy[sid >> 6U]); }
  std::uint8_t space_of(const SteValue& v, unsigned ttb, unsigned bank) {
    const Word root = image(m_schedule.image).word(cd_address(v.cd_slot, bank) + 8 + 8ULL * ttb);
    const auto changed = m_cds.find(v.cd_slot + 16U * bank);
    if (changed != m_cds.end()) return changed->second.spaces[ttb];
    return static_cast<std::uint8_t>((root - stage1_base) / 0x1000 / 26);
  }
  CdValue cd_of(unsigned slot, unsigned bank) {
    const auto changed = m_cds.find(slot + 16U * bank);
    if (changed != m_cds.end()) return changed->second;
    const Image& image = invalidation::image(m_schedule.image);
    CdValue v;
    const std::uint64_t at = cd_address(slot, bank);
    for (unsigned t = 0; t < 2; ++t) {
      v.spaces[t] = static_cast<std::uint8_t>((image.word(at + 8 + 8ULL * t) - stage1_base) / 0x1000 / 26);
    }
    v.asid = static_cast<std::uint16_t>(image.word(at) >> 48U);
    v.aset = (image.word(at) >> 47U & 1U) != 0;
    return v;
  }

  // ---- devices

  void begin(const Focus& f, unsigned slot) {
    Operation o;
    o.act = Act::begin;
    o.slot = static_cast<std::uint8_t>(slot);
    o.sid = f.sid;
    o.address = f.address();
    o.write = chance(3);
    if (ste(f.sid).type == SteType::stage2 || ste(f.sid).type == SteType::bypass)
      o.address = f.place.address() | 0x120;
    add(o);
  }
  void step(unsigned slot, Act act = Act::step) {
    Operation o;
    o.act = act;
    o.slot = static_cast<std::uint8_t>(slot);
    add(o);
  }
  void queue(unsigned times) {
    Operation o;
    o.act = Act::queue;
    while (times-- > 0) add(o);
  }

  // ---- software: changes

  // A descriptor of `stage` on the way of `f`, at any level
  void descriptor(const Focus& f, unsigned stage) {
    const SteValue& v = ste(f.sid);
    Operation o;
    o.act = Act::write_descriptor;
    Node n;
    n.stage = static_cast<std::uint8_t>(stage);
    n.level = static_cast<std::uint8_t>(chance(3) ? 1 + below(2) : 1 + below(3));
    if (chance(2)) n.level = 3;
    if (stage == 1) {
      n.ttb = f.ttb;
      n.space = chance(6) ? static_cast<std::uint8_t>(below(stage1_spaces)) : space_of(v, f.ttb, 0);
      n.bank = v.type == SteType::nested && chance(3) ? 1 : 0;
    } else {
      n.space = v.stage2_space;
    }
    n.copy = n.level > 1 && chance(2) ? 1 : 0;
    Place p = f.place;
    if (stage == 2 && v.type == SteType::nested) p = chance(2) ? p : place();
    o.address = descriptor_address(n, p);
    o.value = value(n, p);
    o.note = std::string("stage ") + static_cast<char>('0' + n.stage) + " level " +
             static_cast<char>('0' + n.level) + " of " + hex(p.address()) + (n.ttb != 0 ? " (TTB1)" : "");
    add(o);
  }
  Word value(const Node& n, const Place& p) {
    const unsigned what = static_cast<unsigned>(below(8));
    if (what == 0) return 0;
    if (n.level < 3 && what < 6) {
      Node below_it = n;
      ++below_it.level;
      below_it.bank = 0;
      below_it.copy = static_cast<std::uint8_t>(below(2));
      return table(table_address(below_it, p));
    }
    Leaf l;
    const std::uint64_t mask = ~((std::uint64_t{1} << shift_of(n.level)) - 1);
    l.writable = !chance(3);
    l.nG = !chance(3);
    l.output =
        n.stage == 1 ? place().address() & mask : (p.address() & mask) + (1 + below(7)) * bank_distance;
    return n.stage == 1 ? leaf1(n.level, l) : leaf2(n.level, l);
  }
  // Stage 2 of a CD or of a stage 1 table on the way of `f`
  std::uint64_t structure(const Focus& f) {
    const SteValue& v = ste(f.sid);
    if (chance(4)) return cd_address(v.cd_slot, 0);
    Node n;
    n.space = space_of(v, f.ttb, 0);
    n.ttb = f.ttb;
    n.level = static_cast<std::uint8_t>(1 + below(3));
    n.copy = n.level > 1 && chance(2) ? 1 : 0;
    return table_address(n, f.place);
  }
  void structure_mapping(const Focus& f, std::uint64_t ipa) {
    const SteValue& v = ste(f.sid);
    Operation o;
    o.act = Act::write_descriptor;
    const unsigned level = chance(3) ? 2 : 3;
    o.address = structure_descriptor(v.stage2_space, level, ipa);
    const std::uint64_t bank = chance(2) ? bank_distance : 0;
    const std::uint64_t region = ipa & ~std::uint64_t{0x1f'ffff};
    if (level == 2) {
      o.value =
          chance(2) ? table(structure_table(v.stage2_space, ipa)) : leaf2(2, {region + bank, true, true});
    } else {
      o.value = chance(6) ? 0 : leaf2(3, {ipa + bank, true, true});
    }
    o.note = std::string("stage 2 level ") + static_cast<char>('0' + level) + " of " + hex(ipa);
    add(o);
  }
  void cd(const Focus& f) {
    const SteValue& v = ste(f.sid);
    const unsigned bank = v.type == SteType::nested && chance(4) ? 1 : 0;
    CdValue c = cd_of(v.cd_slot, bank);
    switch (below(6)) {
      case 0:
        c.valid = !c.valid;
        break;
      case 1:
        c.aset = !c.aset;
        break;
      case 2:
      case 3:
        c.asid = static_cast<std::uint16_t>(1 + below(3));
        break;
      default:
        c.spaces[below(2)] = static_cast<std::uint8_t>(below(stage1_spaces));
        break;
    }
    Operation o;
    o.act = Act::write_cd;
    o.where = static_cast<std::uint8_t>(v.cd_slot + 16U * bank);
    o.cd = c;
    m_cds[o.where] = c;
    add(o);
  }
  void change_ste(const Focus& f) {
    const unsigned copy = m_schedule.two_level && chance(3) ? 1 : m_copy[f.sid >> 6U];
    SteValue v = ste(f.sid, copy);
    switch (below(6)) {
      case 0:
        v.type = chance(2) ? SteType::invalid : chance(2) ? SteType::abort : SteType::bypass;
        break;
      case 1:
        v.type = SteType::stage1;
        v.el2 = chance(2);
        break;
      case 2:
        v.type = chance(3) ? SteType::stage2 : SteType::nested;
        break;
      case 3:
        v.vmid ^= 1U;
        break;
      case 4:
        v.stage2_space ^= 1U;
        break;
      default:
        v.cd_slot = static_cast<std::uint8_t>(below(cd_slots));
        break;
    }
    // Streams with and without stage 2 must not share a VMID (3.17).
    const bool stage1_only = v.type == SteType::stage1;
    if (stage1_only != (v.vmid < 2)) v.vmid ^= 2U;
    Operation o;
    o.act = Act::write_ste;
    o.sid = f.sid;
    o.where = static_cast<std::uint8_t>(copy);
    o.ste = v;
    ste(f.sid, copy) = v;
    add(o);
  }
  void change_l1std(const Focus& f) {
    Operation o;
    o.act = Act::write_l1std;
    o.sid = f.sid;
    std::uint8_t& copy = m_copy[f.sid >> 6U];
    copy ^= 1U;
    o.value = copy;
    add(o);
  }

  // ---- software: commands

  void command(Opcode opcode, Word word0 = 0, Word word1 = 0) {
    Operation o;
    o.act = Act::command;
    o.words = {word0 | static_cast<Word>(opcode), word1};
    add(o);
  }
  void sync() { command(Opcode::CMD_SYNC); }
  std::uint16_t vmid_of(const Focus& f) {
    return chance(8) ? static_cast<std::uint16_t>(below(4)) : ste(f.sid).vmid;
  }
  std::uint16_t asid_of(const Focus& f) {
    return chance(8) ? static_cast<std::uint16_t>(1 + below(3)) : cd_of(ste(f.sid).cd_slot, 0).asid;
  }
  // A command by address: of one, or of a range, of entries of one level or any (4.4.1.1).
  void by_address(Opcode opcode, Word word0, std::uint64_t address) {
    const Word leaf = chance(3) ? 1 : 0;
    address &= ~Word{0xfff};
    if (chance(2)) return command(opcode, word0, address | leaf);
    const Word TG = chance(16) ? 2 + below(2) : 1;
    const Word TTL = below(4);
    Word NUM = chance(2) ? 0 : below(4);
    const Word SCALE = chance(2) ? 0 : below(20);
    if (TG == 1 && (TTL == 1 || TTL == 2)) {
      address &= ~((Word{1} << shift_of(static_cast<unsigned>(TTL))) - 1);  // else UNPREDICTABLE
    } else if (chance(3)) {
      address -= below(3) << 12U;
    }
    if (NUM == 0 && SCALE == 0 && (TTL == 0 || TG == 2)) NUM = 1;  // else Reserved
    command(opcode, word0 | NUM << 12U | SCALE << 20U, address | leaf | TTL << 8U | TG << 10U);
  }
  void tlbi_stage1(const Focus& f) {
    const bool el2 = chance(8) != (ste(f.sid).type == SteType::stage1 && ste(f.sid).el2);
    const Word vmid = el2 ? 0 : Word{vmid_of(f)} << 32U;
    const Word asid = Word{asid_of(f)} << 48U;
    switch (below(6)) {
      case 0:
        command(el2 ? Opcode::CMD_TLBI_EL2_ALL : Opcode::CMD_TLBI_NH_ALL, vmid);
        break;
      case 1:
        command(el2 ? Opcode::CMD_TLBI_EL2_ASID : Opcode::CMD_TLBI_NH_ASID, vmid | asid);
        break;
      case 2:
      case 3:
        by_address(el2 ? Opcode::CMD_TLBI_EL2_VA : Opcode::CMD_TLBI_NH_VA, vmid | asid, f.address());
        break;
      default:
        by_address(el2 ? Opcode::CMD_TLBI_EL2_VAA : Opcode::CMD_TLBI_NH_VAA, vmid, f.address());
        break;
    }
  }
  void tlbi_stage2(const Focus& f, std::uint64_t ipa) {
    const Word vmid = Word{vmid_of(f)} << 32U;
    switch (below(8)) {
      case 0:
        command(Opcode::CMD_TLBI_NSNH_ALL);
        break;
      case 1:
        command(Opcode::CMD_TLBI_S12_VMALL, vmid);
        break;
      default:
        by_address(Opcode::CMD_TLBI_S2_IPA, vmid, ipa);
        break;
    }
  }
  void cfgi(const Focus& f, bool cd_alone) {
    const Word sid = Word{f.sid} << 32U;
    const Word leaf = chance(2) ? 1 : 0;
    if (cd_alone && !chance(4)) {
      command(chance(3) ? Opcode::CMD_CFGI_CD_ALL : Opcode::CMD_CFGI_CD, sid, leaf);
      return;
    }
    switch (below(5)) {
      case 0:
        command(Opcode::CMD_CFGI_STE_RANGE, sid, 31);  // CMD_CFGI_ALL
        break;
      case 1:
        command(Opcode::CMD_CFGI_STE_RANGE, sid, below(8));
        break;
      default:
        command(Opcode::CMD_CFGI_STE, sid, leaf);
        break;
    }
  }
  void any_command(const Focus& f) {
    switch (below(6)) {
      case 0:
        sync();
        break;
      case 1:
        cfgi(f, chance(2));
        break;
      case 2:
        tlbi_stage2(f, chance(2) ? f.place.address() : structure(f));
        break;
      default:
        tlbi_stage1(f);
        break;
    }
  }

  // ---- schedules

  void anything() {
    const Focus f = focus();
    switch (below(16)) {
      case 0:
      case 1:
        change(f);
        break;
      case 2:
      case 3:
        any_command(f);
        break;
      case 4:
      case 5:
      case 6:
        queue(1 + static_cast<unsigned>(below(5)));
        break;
      case 7:
        step(static_cast<unsigned>(below(slots)), Act::end);
        break;
      case 8:
      case 9:
        begin(f, static_cast<unsigned>(below(slots)));
        break;
      default:
        for (std::uint64_t n = below(4); n-- > 0;) step(static_cast<unsigned>(below(slots)));
        break;
    }
  }
  void change(const Focus& f) {
    const bool nested = ste(f.sid).type == SteType::nested;
    switch (below(8)) {
      case 0:
        cd(f);
        break;
      case 1:
        change_ste(f);
        break;
      case 2:
        if (m_schedule.two_level) change_l1std(f);
        break;
      case 3:
        descriptor(f, 2);
        break;
      case 4:
        structure_mapping(f, structure(f));
        break;
      default:
        descriptor(f, nested && chance(2) ? 2 : 1);
        break;
    }
  }
  void noise() {
    for (std::uint64_t n = below(5); n-- > 0;) {
      if (chance(3)) {
        queue(1);
      } else {
        step(static_cast<unsigned>(below(slots)));
      }
    }
  }
  // Software as it should be: a change of what an access used, its invalidation, CMD_SYNC, the access again.
  void recipe() {
    const Focus f = focus();
    const unsigned slot = static_cast<unsigned>(below(slots));
    const bool nested = ste(f.sid).type == SteType::nested;
    if (!chance(4)) {
      begin(f, slot);
      if (!chance(3)) step(slot, Act::end);
    }
    noise();
    switch (below(nested ? 7 : 5)) {
      case 0:
        cd(f);
        cfgi(f, true);
        break;
      case 1:
        if (m_schedule.two_level && chance(2)) {
          change_l1std(f);
        } else {
          change_ste(f);
        }
        cfgi(f, false);
        break;
      case 5: {
        const std::uint64_t ipa = structure(f);
        structure_mapping(f, ipa);
        tlbi_stage2(f, ipa);
        if (chance(3)) {
          sync();
          tlbi_stage1(f);
        }
        break;
      }
      case 6:
        descriptor(f, 2);
        tlbi_stage2(f, f.place.address());
        if (chance(2)) sync();
        if (!chance(3)) tlbi_stage1(f);
        break;
      case 2:
        if (ste(f.sid).type == SteType::stage2) {
          descriptor(f, 2);
          tlbi_stage2(f, f.place.address());
          break;
        }
        descriptor(f, 1);
        tlbi_stage1(f);
        break;
      default:
        descriptor(f, ste(f.sid).type == SteType::stage2 ? 2 : 1);
        if (ste(f.sid).type == SteType::stage2) {
          tlbi_stage2(f, f.place.address());
        } else {
          tlbi_stage1(f);
        }
        break;
    }
    if (!chance(4)) sync();
    noise();
    if (chance(2)) {
      for (unsigned s = 0; s < slots; ++s) step(s, Act::end);
    }
    queue(static_cast<unsigned>(below(3)) * 5);
    begin(f, (slot + 1) % slots);
    if (chance(2)) step((slot + 1) % slots, Act::end);
  }

  test::Random m_random;
  Schedule m_schedule;
  std::array<Focus, 2> m_focus;
  std::unordered_map<std::uint32_t, std::array<SteValue, 2>> m_stes;
  std::array<std::uint8_t, 2> m_copy{};  // of the STE tables in use
  std::unordered_map<unsigned, CdValue> m_cds;
};

}  // namespace

unsigned size_of(const Schedule& schedule) {
  unsigned n = 0;
  for (const Operation& o : schedule.operations) {
    n += o.act != Act::step && o.act != Act::queue && o.act != Act::end ? 1 : 0;
  }
  return n;
}

Schedule make_schedule(std::uint64_t seed) { return Maker(seed).make(); }

std::string to_string(const Operation& o) {
  const std::string slot = "access " + std::to_string(o.slot);
  switch (o.act) {
    case Act::write_descriptor:
      return "software writes " + hex(o.value) + " as descriptor of " + o.note + ", at " + hex(o.address);
    case Act::write_cd:
      return "software writes CD " + std::to_string(o.where & 15U) + (o.where >= 16 ? " of bank 1" : "") +
             ": V " + (o.cd.valid ? "1" : "0") + ", ASID " + std::to_string(o.cd.asid) + ", ASET " +
             (o.cd.aset ? "1" : "0") + ", spaces " + std::to_string(o.cd.spaces[0]) + " and " +
             std::to_string(o.cd.spaces[1]);
    case Act::write_ste:
      return "software writes STE " + std::to_string(o.sid) + (o.where != 0 ? " of copy 1" : "") + ": " +
             to_string(o.ste.type) + (o.ste.el2 ? " of EL2" : "") + ", CD " + std::to_string(o.ste.cd_slot) +
             ", VMID " + std::to_string(o.ste.vmid) + ", stage 2 " + std::to_string(o.ste.stage2_space);
    case Act::write_l1std:
      return "software lets the L1STD of stream " + std::to_string(o.sid) + " point to copy " +
             std::to_string(o.value);
    case Act::command:
      return std::string("software queues ") + opcode_name(static_cast<std::uint8_t>(o.words[0])) + " " +
             hex(o.words[0]) + " " + hex(o.words[1]);
    case Act::queue:
      return "the Command queue goes on";
    case Act::begin:
      return slot + " begins: stream " + std::to_string(o.sid) + (o.write ? " writes " : " reads ") +
             hex(o.address);
    case Act::step:
      return slot + " gets an answer from memory";
    case Act::end:
      return slot + " goes on to its end";
  }
  return {};
}

}  // namespace smmuvp::smmuv3::invalidation
