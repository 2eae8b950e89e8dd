// What a command does not name stays cached: this model forgets nothing else (smmuv3/SPEC.md, "Commands").
#include <algorithm>
#include <set>

#include "places.h"
#include "program.h"

namespace smmuvp::compare {

using naive_smmuv3::Lookup;
using naive_smmuv3::StreamWorld;

/// A translation that an access has left in the caches.
struct Programs::Cached {
  smmu::AccessRequest request;
  std::shared_ptr<const Lookup> lookup;
  unsigned CONT = 0;                // of its STE
  std::vector<std::uint64_t> read;  // all words, those of structures too

  const naive::Translation& translation() const { return *lookup->answer.translation(); }
  bool stage1() const { return lookup->stage1; }
  /// Of the stage that the commands of this translation name addresses of.
  const naive::StageResult& leaf() const { return stage1() ? *translation().stage1 : *translation().stage2; }
  /// The descriptor that was read last of that stage.
  std::uint64_t leaf_address() const {
    std::uint64_t at = 0;
    for (const naive::DescriptorRead& read : lookup->answer.reads) {
      if (read.stage == (stage1() ? 1U : 2U)) at = read.address % Arena::bytes;
    }
    return at;
  }
  /// As commands name it: bits above 55 are equal to it.
  std::uint64_t address() const {
    if (!stage1()) return request.address;
    if (!lookup->cd.AA64) return request.address & 0xffff'ffff;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(request.address << 8) >> 8);
  }
  unsigned granule() const {
    static constexpr unsigned of_stage2[] = {12, 16, 14, 12};
    if (!stage1()) return lookup->ste.S2AA64 ? of_stage2[lookup->ste.S2TG] : 12;
    return lookup->cd.AA64 ? lookup->cd.half[request.address >> 55 & 1].log2_granule : 12;
  }
  std::uint32_t cd_index() const { return request.substream_valid ? request.substream_id : 0; }
  /// Whether entries of both have the same name, but for the address.
  bool same_context(const Cached& other) const {
    if (lookup->world != other.lookup->world) return false;
    if (lookup->world == StreamWorld::el1 && lookup->ste.S2VMID != other.lookup->ste.S2VMID) return false;
    if (stage1() != other.stage1()) return false;
    return !stage1() || lookup->world == StreamWorld::el2 || lookup->cd.ASID == other.lookup->cd.ASID;
  }
};

enum class Fate { stays, may_go, goes };

/// What a command names.
struct Programs::Named {
  std::uint64_t word0 = 0, word1 = 0;
  bool matches_vmid = true;
  bool E2H = false;
  unsigned granule = 0, level = 0;    // TG and TTL; 0: of any
  std::uint64_t first = 0, last = 0;  // addresses

  unsigned opcode() const { return word0 & 0xff; }
  bool names_stes() const { return opcode() == 0x03 || opcode() == 0x04; }
  std::uint32_t stream_id() const { return static_cast<std::uint32_t>(word0 >> 32); }

  bool names_place_of(const Cached& c) const {
    const std::uint64_t block = c.address() >> c.leaf().shift << c.leaf().shift;
    return first <= (block | ((1ULL << c.leaf().shift) - 1)) && block <= last;
  }
  bool names_level_of(const Cached& c) const {
    return (granule == 0 || granule == c.granule()) &&
           (level == 0 || level == static_cast<unsigned>(c.leaf().leaf_level));
  }
  /// 4.4.2 to 4.4.4
  Fate of_translation(const Cached& c) const {
    const StreamWorld world = c.lookup->world;
    const unsigned group = opcode() >> 4;
    if (opcode() < 0x10) return Fate::stays;
    if (group == 2 && opcode() < 0x28) {
      if (world == StreamWorld::el1) return Fate::stays;
      if ((world == StreamWorld::el2_e2h) != E2H) return Fate::may_go;
    } else if (world != StreamWorld::el1) {
      return Fate::stays;
    }
    if (opcode() == 0x30) return Fate::goes;
    if (world == StreamWorld::el1 && matches_vmid && c.lookup->ste.S2VMID != (word0 >> 32 & 0xffff)) {
      return Fate::stays;
    }
    if (opcode() == 0x28) return Fate::goes;
    if (opcode() == 0x2a) {
      if (c.stage1() || !names_place_of(c)) return Fate::stays;
      return names_level_of(c) ? Fate::goes : Fate::stays;
    }
    if (!c.stage1()) return Fate::stays;
    const unsigned what = opcode() & 0xf;  // 0 all, 1 ASID, 2 VA, 3 VAA
    if (what == 0) return Fate::goes;
    const bool global = !c.translation().nG;
    const bool same_asid = c.lookup->cd.ASID == word0 >> 48 || (world == StreamWorld::el2 && what == 2);
    if (what == 1)
      return global || world == StreamWorld::el2 ? Fate::may_go : same_asid ? Fate::goes : Fate::stays;
    if (!names_place_of(c) || !names_level_of(c)) return Fate::stays;
    if (what == 2 && !same_asid) return global ? Fate::may_go : Fate::stays;
    return Fate::goes;
  }
  /// 4.3; of the STE and the CD
  Fate of_configuration(const Cached& c) const {
    if (c.CONT != 0 && names_stes()) {
      // One cached STE may be that of all of its run (5.2)
      const unsigned bits = std::max(c.CONT, opcode() == 0x03 ? 0U : static_cast<unsigned>(word1 & 31) + 1);
      return bits >= 32 || stream_id() >> bits == c.request.stream_id >> bits ? Fate::may_go : Fate::stays;
    }
    switch (opcode()) {
      case 0x03:
      case 0x06:
        return stream_id() == c.request.stream_id ? Fate::goes : Fate::stays;
      case 0x04: {
        const unsigned bits = (word1 & 31) + 1;
        return bits >= 32 || stream_id() >> bits == c.request.stream_id >> bits ? Fate::goes : Fate::stays;
      }
      case 0x05:
        return stream_id() == c.request.stream_id && (word0 >> 12 & 0xfffff) == c.cd_index() ? Fate::goes
                                                                                             : Fate::stays;
      default:
        return Fate::stays;
    }
  }
};

/// One that translates at once, and whose context is not another one's by name.
std::optional<Programs::Cached> Programs::cache() {
  Cached c;
  c.request = draw_access();
  c.request.unsupported = smmu::Unsupported::none;
  separate_el2_contexts(c.request.stream_id, c.cd_index());
  if (!m_pair.access(c.request) || m_pair.lookup() == nullptr) return std::nullopt;
  c.lookup = m_pair.lookup();
  c.CONT = c.request.stream_id < streams ? field(m_own->stes[c.request.stream_id], 77, 4) : 0;
  c.read = m_pair.tables().words_read();
  return c;
}

/// Translations of several contexts. Flags that hardware updates are updated before anything has to stay.
void Programs::fill_caches(std::vector<Cached>& cached) {
  for (unsigned n = 0; n < 24; ++n) {
    m_pair.watch_tables();
    const std::optional<Cached> c = cache();
    invalidate_what_was_updated();
    if (m_abandoned || !m_pair.difference().empty()) return;
    if (!c) continue;
    const bool ambiguous = std::any_of(cached.begin(), cached.end(), [&](const Cached& other) {
      return c->same_context(other) && c->stage1() && !(c->lookup->cd == other.lookup->cd);
    });
    if (!ambiguous) cached.push_back(*c);
  }
  command(0x04, 31);
  command(0x30, 0);
  if (m_features.Hyp) command(0x20, 0);
  command(0x46, 0);
}

Programs::Named Programs::draw_command(const std::vector<Cached>& cached) {
  Random& r = m_random;
  const smmuv3::Features& f = m_features;
  const Cached& c = cached[r.below(static_cast<std::uint32_t>(cached.size()))];
  std::vector<unsigned> opcodes = {0x03, 0x04, 0x30};
  if (f.S1P) opcodes.insert(opcodes.end(), {0x05, 0x06, 0x10, 0x11, 0x12, 0x12, 0x12, 0x13, 0x13});
  if (f.S2P) opcodes.insert(opcodes.end(), {0x28, 0x2a, 0x2a});
  if (f.Hyp) opcodes.insert(opcodes.end(), {0x20, 0x21, 0x22, 0x22, 0x23});
  Named n;
  n.word0 = opcodes[r.below(static_cast<std::uint32_t>(opcodes.size()))];
  n.matches_vmid = f.S2P;
  n.E2H = (m_pair.read(0x2c) & 1) != 0;
  if (n.opcode() < 0x10) {
    n.word0 |= std::uint64_t{c.request.stream_id} << 32;
    if (n.opcode() == 0x05) n.word0 |= std::uint64_t{c.cd_index()} << 12;
    n.word1 = n.opcode() == 0x04 ? r.of({0U, 1U, 31U}) : n.opcode() == 0x06 ? 0 : r.below(2);
    if (n.opcode() == 0x04) {
      const std::uint64_t first = std::uint64_t{c.request.stream_id} >> (1 + n.word1) << (1 + n.word1);
      n.word0 = first << 32 | 0x04;
    }
    return n;
  }
  if (n.opcode() == 0x30 || n.opcode() == 0x20) return n;
  if (n.opcode() < 0x20 || n.opcode() >= 0x28) n.word0 |= std::uint64_t{c.lookup->ste.S2VMID & 0xff} << 32;
  if (n.opcode() != 0x28 && n.opcode() != 0x2a && c.stage1())
    n.word0 |= std::uint64_t{c.lookup->cd.ASID & 0xff} << 48;
  const unsigned what = n.opcode() & 0xf;
  if (n.opcode() != 0x2a && (what < 2 || n.opcode() == 0x28)) return n;
  // an address, or a range of them
  const unsigned granule = c.granule();
  n.word1 = r.below(2);  // Leaf
  std::uint64_t bytes = 1;
  if (f.RIL && !r.one_in(3)) {
    n.granule = r.one_in(6) ? r.of({12U, 14U, 16U}) : granule;
    const bool hint = r.one_in(2) && c.leaf().leaf_level >= 2;
    if (hint)
      n.level = r.one_in(4) ? 5U - static_cast<unsigned>(c.leaf().leaf_level)
                            : static_cast<unsigned>(c.leaf().leaf_level);
    const unsigned NUM = r.below(4), SCALE = n.level != 0 ? r.below(3) : 1 + r.below(3);
    n.word0 |= std::uint64_t{NUM} << 12 | std::uint64_t{SCALE} << 20;
    n.word1 |= std::uint64_t{n.level} << 8 | std::uint64_t{(n.granule - 12) / 2 + 1} << 10;
    bytes = std::uint64_t{NUM + 1} << (SCALE + n.granule);
  }
  // 4.4.1.1: aligned to what TG and TTL name
  const unsigned align =
      n.granule == 0 ? 12 : n.granule + (n.level == 0 ? 0 : (3 - n.level) * (n.granule - 3));
  n.first = c.address() >> align << align;
  n.last = n.first + (bytes - 1);
  n.word1 |= n.opcode() == 0x2a ? n.first & 0xf'ffff'ffff'f000 : n.first;
  return n;
}

/// A leaf that only what goes is translated by gets other attributes.
void Programs::change_named(const std::vector<Cached>& cached, const Named& named) {
  std::set<std::uint64_t> kept, leaves;
  for (const Cached& c : cached) {
    const bool goes = named.of_translation(c) == Fate::goes;
    for (const std::uint64_t at : c.read) {
      const bool once = std::count(c.read.begin(), c.read.end(), at) == 1;
      if (!goes || at != c.leaf_address() || !once) kept.insert(at);
    }
    if (goes) leaves.insert(c.leaf_address());
  }
  for (const std::uint64_t at : leaves) {
    if (kept.count(at) != 0 || (at & 0xfff) >= cds_in_page) continue;
    const std::uint64_t change = std::uint64_t{1 + m_random.below(3)} << 8;  // SH
    m_pair.poke(at, m_pair.peek(at) ^ (m_features.TTENDIAN == 3 ? __builtin_bswap64(change) : change));
    ++m_tally.renewed;
  }
}

void Programs::look_at(std::vector<Cached>& cached, const Named& named) {
  std::set<std::uint32_t> streams_fetched;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cds_fetched;
  for (Cached& c : cached) {
    const std::uint64_t fetches = m_pair.ours().statistics().config_misses;
    const Fate translation = named.of_translation(c), configuration = named.of_configuration(c);
    const bool first_of_stream = streams_fetched.insert(c.request.stream_id).second;
    const bool first_of_cd = cds_fetched.insert({c.request.stream_id, c.cd_index()}).second && c.stage1();
    m_pair.watch_tables();
    const bool forwarded = m_pair.access(c.request);
    if (m_pair.tables().updated()) m_abandoned = true;  // other entries may have been made of it
    if (!forwarded || m_abandoned || !m_pair.difference().empty()) {
      c.lookup.reset();
      continue;
    }
    const bool fetched = m_pair.ours().statistics().config_misses != fetches;
    if (translation == Fate::stays && !m_pair.hit()) {
      m_pair.differ("a translation that the command does not name has gone");
    }
    if (configuration == Fate::stays && fetched) {
      m_pair.differ("a configuration that the command does not name has gone");
    }
    if (configuration == Fate::goes && !fetched && (named.names_stes() ? first_of_stream : first_of_cd)) {
      m_pair.differ("a configuration that the command names is still there");
    }
    if (translation == Fate::stays) ++m_tally.survived;
    c.lookup = m_pair.lookup();
    c.read = m_pair.tables().words_read();
  }
  std::erase_if(cached, [](const Cached& c) { return c.lookup == nullptr; });
}

bool Programs::run_survivors(std::uint64_t seed) {
  m_random = Random(seed);
  m_abandoned = false;
  m_pair.reset();
  initialize();
  m_pair.clear_aborts();
  std::vector<Cached> cached;
  fill_caches(cached);
  for (const Cached& c : cached) {
    if (m_abandoned) break;
    m_pair.watch_tables();
    m_pair.access(c.request);
    m_abandoned = m_pair.tables().updated();
  }
  if (!m_abandoned) look_at(cached, Named());  // nothing is named: all of it stays
  for (unsigned n = 0; n < 4 && !cached.empty() && !m_abandoned && m_pair.difference().empty(); ++n) {
    const Named named = draw_command(cached);
    change_named(cached, named);
    command(named.word0, named.word1);
    command(0x46, 0);
    look_at(cached, named);
  }
  ++m_tally.programs;
  if (m_abandoned) {
    ++m_tally.abandoned;
    m_pair.forget_difference();
    for_each_state([this] { fill_tables(); });
  }
  return m_pair.difference().empty();
}

}  // namespace smmuvp::compare
