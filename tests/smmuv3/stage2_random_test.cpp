// Random tables of both stages and random accesses: the SMMU answers, and records, what a walk of the same
// configuration says that knows no cache, no STE and no CD. And explanations of such accesses tell what
// becomes of them, also where caches hold what memory no longer does.
#include <vector>

#include "smmuvp/smmuv3/explain_access.h"
#include "smmuvp/test/core.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using smmu::Shareability;

Structures small_caches() {
  Structures s = World::untimed();
  s.micro_tlb_geometry = {2, 1};
  s.tlb_sets = 4;
  s.tlb_ways = 2;
  s.walk_cache_sets = s.ipa_cache_sets = 2;
  s.walk_cache_ways = s.ipa_cache_ways = 2;
  s.ste_sets = s.cd_sets = 1;
  s.ste_ways = s.cd_ways = 2;
  return s;
}

/// One guest's IPAs, and streams of each kind that use them.
class RandomTables {
 public:
  /// @param explained  hardware updates nothing: an explanation does not foresee that an update is refused
  RandomTables(std::uint64_t seed, bool warm, bool explained = false)
      : m_random(seed),
        m_warm(warm),
        m_updates(!explained),
        m_world(features(), m_random.below(2) != 0 ? small_caches() : World::untimed()) {
    make_stage2();
    for (std::uint32_t s = 0; s < stream_count; ++s) make_stream(s);
    spoil(12);
  }

  void run() {
    for (int i = 0; i < 200; ++i) {
      const auto q = random_request();
      if (!m_warm) {
        m_world.command(0x30);
        m_world.command(0x04, 31);
      }
      if (chance(10)) {
        EXPECT_FALSE(explained(q).stale()) << to_text(explained(q));
      }
      check(q);
      if (::testing::Test::HasFailure()) return;
      if (m_random.below(40) == 0) m_world.command(0x28 | 7ULL << 32);
      if (m_random.below(40) == 0) m_world.command(0x10 | 7ULL << 32);
      if (m_random.below(40) == 0) m_world.command(0x2a | 7ULL << 32, ipas[m_random.below(ipas.size())]);
    }
  }

  /// Software changes descriptors, structures and registers and invalidates little: caches grow stale.
  void run_explained() {
    for (int i = 0; i < 200; ++i) {
      check_explained(random_request());
      if (::testing::Test::HasFailure()) return;
      if (chance(8)) spoil(1);
      if (chance(10)) spoil_structure();
      if (chance(20)) write_structures(random_stream());
      if (chance(40)) m_world.command(0x30);      // CMD_TLBI_NSNH_ALL
      if (chance(40)) m_world.command(0x04, 31);  // CMD_CFGI_ALL
      if (chance(60)) m_world.write(0x2c, m_random.below(2) * CR2_RECINVSID);
      if (chance(60)) m_world.write(0x44, 1U << 31 | static_cast<std::uint32_t>(m_random.below(2)) << 20);
      m_world.write(0x20, chance(20) ? m_random.below(2) : std::uint64_t{CR0_implemented});
      m_world.work();
    }
  }

  unsigned forwarded = 0, hits = 0;
  std::size_t updates = 0, refused_updates = 0;
  unsigned stale_answers = 0, at_tbu = 0, lost = 0;    // of run_explained()
  std::array<std::array<unsigned, 3>, 0x14> faults{};  // by type and CLASS, those of stage 2

 private:
  static constexpr std::uint32_t stream_count = 5;
  struct Stream {
    pgtable::Config config;
    std::uint64_t cd = 0;  // its IPA; stages without stage 1: 0
    unsigned PRIVCFG = 0, INSTCFG = 0;
    std::optional<unsigned> MemAttr, SHCFG;
    bool A = true, R = true, S2R = true;
  };

  bool chance(unsigned of) { return m_random.below(of) == 0; }

  Features features() {
    Features f;
    f.TTF = 3;
    f.GRAN16K = f.GRAN64K = f.FWB = f.E0PD = f.EPAN = true;
    f.HTTU = m_updates ? 2 : 0;
    f.PTWNNC = chance(2);
    m_PTWNNC = f.PTWNNC;
    return f;
  }
  pgtable::Granule random_granule() {
    return chance(2)   ? pgtable::Granule::size_4k
           : chance(2) ? pgtable::Granule::size_16k
                       : pgtable::Granule::size_64k;
  }
  /// log2 of a leaf that a granule has.
  unsigned random_leaf(pgtable::Granule g) {
    if (g == pgtable::Granule::size_4k) return chance(8) ? 30 : chance(3) ? 21 : 12;
    if (g == pgtable::Granule::size_16k) return chance(3) ? 25 : 14;
    return chance(3) ? 29 : 16;
  }

  void make_stage2() {
    // T0SZ and level
    using Shape = std::pair<int, int>;
    static constexpr Shape of_4k[] = {{24, 1}, {21, 1}, {25, 1}, {20, 0}, {24, 0}};
    static constexpr Shape of_others[] = {{24, 2}, {20, 1}};
    const pgtable::Granule g = random_granule();
    const auto [T0SZ, level] =
        g == pgtable::Granule::size_4k ? of_4k[m_random.below(5)] : of_others[m_random.below(2)];
    pgtable::Config c = stage2_config(static_cast<std::int8_t>(T0SZ), static_cast<std::int8_t>(level));
    c.stage2.granule = g;
    c.stage2.AFFD = chance(3);
    c.stage2.PTW = chance(2);
    c.stage2.big_endian = chance(4);
    c.stage2.output_size = chance(2) ? 44 : 36;
    c.stage2.FWB = chance(4);
    c.stage2.PTWNNC = m_PTWNNC;
    c.stage2.HA = m_updates && chance(2);
    c.stage2.HD = c.stage2.HA && chance(2);
    if (chance(6)) {
      pgtable::Stage2Config& two = c.stage2;
      two.format = pgtable::Format::lpae32;
      two.granule = pgtable::Granule::size_4k;
      two.T0SZ = -8;
      two.start_level = 1;
      two.output_size = 40;
      two.FWB = two.HA = two.HD = false;
    }
    m_stage2 = &m_world.ipa_space(c);
    EXPECT_TRUE(m_stage2->map(Stage2World::ipa_of(World::cds), World::cds, 0x1'0000));
    // To update a descriptor of stage 1, its page has to be writable.
    pgtable::Mapping of_tables;
    of_tables.writable = !c.stage2.HD && !chance(4);
    of_tables.DBM = c.stage2.HD && !chance(4);
    EXPECT_TRUE(m_stage2->map(Stage2World::ipa_of(World::tables), World::tables, 0x10'0000, of_tables));
    for (int i = 0; i < 40; ++i) {
      const unsigned shift = random_leaf(c.stage2.granule);
      const std::uint64_t ipa = m_random.below(1ULL << (39 - shift)) << shift;
      const std::uint64_t pa = m_random.below(1ULL << (36 - shift)) << shift;
      const std::uint64_t size = (1ULL << shift) * (shift <= 16 ? 1 + m_random.below(4) : 1);
      if (m_stage2->map(ipa, pa, size, stage2_mapping())) ipas.push_back(ipa);
    }
  }
  pgtable::Mapping stage2_mapping() {
    static constexpr std::uint8_t types[] = {0, 1, 3, 5, 7, 10, 11, 13, 14, 15, 15, 15};
    pgtable::Mapping m;
    m.readable = !chance(6);
    m.writable = !chance(4);
    m.privileged_execute = chance(2);
    m.unprivileged_execute = chance(2);
    m.accessed = !chance(m_updates ? 3 : 8);
    m.MemAttr = types[m_random.below(12)];
    m.DBM = m_stage2->config().stage2.format == pgtable::Format::vmsa64 && chance(2);
    m.SH = chance(2) ? Shareability::inner : chance(2) ? Shareability::outer : Shareability::non_shareable;
    return m;
  }
  pgtable::Mapping stage1_mapping(bool lpae32) {
    pgtable::Mapping m;
    m.writable = !chance(4);
    m.unprivileged = !chance(4);
    m.unprivileged_execute = chance(2) && (m.unprivileged || !lpae32);
    m.privileged_execute = !(m.writable && m.unprivileged) && chance(2);
    if (lpae32 && m.unprivileged && !m.unprivileged_execute) m.privileged_execute = false;
    m.DBM = !lpae32 && chance(2);
    m.accessed = !chance(m_updates ? 3 : 8);
    m.AttrIndx = static_cast<std::uint8_t>(m_random.below(8));
    m.SH = chance(2) ? Shareability::inner : Shareability::non_shareable;
    return m;
  }

  void make_stream(std::uint32_t sid) {
    Stream& s = m_streams[sid];
    if (sid < 2) {
      s.config = m_stage2->config();
    } else {
      pgtable::Config c = Stage2World::stage1_config();
      c.stages = sid < 4 ? pgtable::Stages::nested : pgtable::Stages::stage1;
      c.stage1.MAIR = 0xbb0c'4404'f47a'00ffULL;
      c.stage1.WXN = chance(4);
      c.stage1.PAN = chance(4);
      c.stage1.AFFD = chance(3);
      c.stage1.big_endian = chance(4);
      c.stage1.output_size = chance(2) ? 44 : 40;
      c.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(chance(2) ? 25 : 16);
      c.stage1.tables[1].EPD = chance(4);
      c.stage1.tables[0].TBI = chance(3);
      c.stage1.EPAN = chance(2);
      c.stage1.HA = m_updates && chance(2);
      c.stage1.HD = c.stage1.HA && chance(2);
      for (auto& t : c.stage1.tables) {
        t.granule = random_granule();
        t.E0PD = chance(6);
      }
      c.stage2 = m_stage2->config().stage2;
      const bool over_32 = sid < 4 && c.stage2.format == pgtable::Format::lpae32;
      if (over_32 || chance(5)) make_32(c.stage1);
      pgtable::Config one = c;
      one.stages = pgtable::Stages::stage1;  // what the Builder has to know
      pgtable::Builder& b = sid < 4 ? m_world.nested_space(one) : m_world.builder(one);
      for (int i = 0; i < 40; ++i) map_stage1(b);
      s.config = c;
      s.config.stage1 = b.config().stage1;
      m_stage1[sid] = &b;
      s.cd = World::cd_address(sid) + (sid < 4 ? Stage2World::offset : 0);
    }
    s.PRIVCFG = chance(3) ? 2 + static_cast<unsigned>(m_random.below(2)) : 0;
    s.INSTCFG = chance(3) ? 2 + static_cast<unsigned>(m_random.below(2)) : 0;
    if (chance(3)) s.MemAttr = chance(2) ? 1 : 10;  // Device-nGnRE, Write-Through
    if (chance(3)) s.SHCFG = 3;
    s.A = !chance(4);
    s.R = !chance(4);
    s.S2R = !chance(4);
    write_structures(sid);
  }
  void make_32(pgtable::Stage1Config& c) {
    c.format = pgtable::Format::lpae32;
    c.output_size = 40;
    c.UWXN = chance(3);
    c.EPAN = c.HA = c.HD = false;
    for (auto& t : c.tables) {
      t.granule = pgtable::Granule::size_4k;
      t.TxSZ = 1;
      t.TBI = t.E0PD = false;
    }
  }
  void map_stage1(pgtable::Builder& b) {
    const auto& c = b.config().stage1;
    const bool lpae32 = c.format == pgtable::Format::lpae32;
    const bool high = chance(4) && !c.tables[1].EPD;
    const unsigned shift = random_leaf(c.tables[high ? 1 : 0].granule);
    const unsigned bits = lpae32 ? 31 : 38;
    std::uint64_t va = m_random.below(1ULL << (bits - shift)) << shift;
    if (high) va |= lpae32 ? 1ULL << 31 : ~0ULL << 39;
    // Mostly to where stage 2 maps something.
    std::uint64_t out = m_random.below(1ULL << (40 - shift)) << shift;
    if (!chance(4) && !ipas.empty()) out = ipas[m_random.below(ipas.size())] >> shift << shift;
    if (b.map(va, out, 1ULL << shift, stage1_mapping(lpae32))) vas.push_back(va);
  }
  void write_structures(std::uint32_t sid) {
    const Stream& s = m_streams[sid];
    const bool two = s.config.stages != pgtable::Stages::stage1;
    Structure ste = sid < 2 ? ste_bypass().set(1, 3, 6) : ste_stage1(s.cd).set(1, 3, two ? 7 : 5);
    if (two) add_stage2(ste, s.config.stage2, 7).set(176, 3, s.config.stage2.output_size == 44 ? 4 : 1);
    ste.set(128, 16, sid < 4 ? 7 : 9).set(112, 2, s.PRIVCFG).set(114, 2, s.INSTCFG).set(186, 1, s.S2R);
    if (s.MemAttr) ste.set(96, 4, *s.MemAttr).set(100, 1, 1);
    if (s.SHCFG) ste.set(108, 2, *s.SHCFG);
    m_world.put_ste(sid, ste);
    if (sid < 2) return;
    const auto& c = s.config.stage1;
    Structure cd = cd_for(s.config, static_cast<std::uint16_t>(sid), c.output_size == 44 ? 4 : 2);
    cd.set(35, 1, c.AFFD).set(36, 1, c.WXN).set(40, 1, c.PAN).set(38, 1, c.tables[0].TBI);
    m_world.put(World::cd_address(sid), cd.set(45, 1, s.R).set(46, 1, s.A));
  }

  std::uint32_t random_stream() { return static_cast<std::uint32_t>(m_random.below(stream_count)); }
  void spoil_structure() {
    const std::uint32_t sid = random_stream();
    const std::uint64_t at =
        (chance(2) ? World::cd_address(sid) : World::strtab + 64ULL * sid) + 8 * m_random.below(4);
    m_world.memory.write(at, m_world.memory.read(at, 8) ^ 1ULL << m_random.below(64));
  }
  /// Bits of descriptors of either stage, and memory that aborts.
  void spoil(int times) {
    for (int i = 0; i < times; ++i) {
      const std::uint64_t va = vas[m_random.below(vas.size())];
      const auto sid = static_cast<std::uint32_t>(2 + m_random.below(3));
      int level = 1 + static_cast<int>(m_random.below(3));
      std::optional<std::uint64_t> at;
      switch (m_random.below(8)) {
        case 0:
        case 1:
        case 2:  // of stage 1
          at = m_stage1[sid]->descriptor_address(va, level);
          if (at && sid < 4) *at -= Stage2World::offset;
          break;
        case 3:
        case 4:  // of stage 2, for a table of stage 1
          if (const auto table = m_stage1[2 + sid % 2]->descriptor_address(va, level)) {
            at = m_stage2->descriptor_address(*table, 3);
          }
          break;
        case 5:  // for the CDs
          if (chance(2)) at = m_stage2->descriptor_address(Stage2World::ipa_of(World::cds), 3);
          break;
        default:
          at = m_stage2->descriptor_address(ipas[m_random.below(ipas.size())], level);
          break;
      }
      if (!at) continue;
      if (chance(6)) {
        m_world.memory.make_abort(*at);
        continue;
      }
      static constexpr unsigned flipped[] = {0, 1, 2, 5, 6, 7, 10, 37, 40, 45, 51, 53, 54};
      const unsigned bit =
          chance(8) ? static_cast<unsigned>(m_random.below(64)) : flipped[m_random.below(13)];
      m_world.memory.write(*at, m_world.memory.read(*at, 8) ^ 1ULL << bit);
    }
  }

  smmu::AccessRequest random_request() {
    if (m_last && !chance(3)) {  // near the last one
      auto q = *m_last;
      q.address ^= m_random.below(0x1000);
      q.privileged = chance(2);
      return q;
    }
    const auto sid = static_cast<std::uint32_t>(m_random.below(stream_count));
    std::uint64_t address = m_random.below(8) == 0 ? m_random.likely() : m_random.below(0x3000);
    const auto& known = sid < 2 || chance(8) ? ipas : vas;
    if (!known.empty()) address += known[m_random.below(known.size())];
    if (chance(8)) address ^= 0x5aULL << 56;
    auto q = World::request(sid, address, static_cast<AccessKind>(m_random.below(3)));
    q.privileged = chance(2);
    q.instruction = chance(3);
    static constexpr std::uint8_t types[] = {0x00, 0x04, 0x44, 0xff, 0xbb, 0x4f};
    q.attributes = {types[m_random.below(6)], chance(2) ? Shareability::inner : Shareability::non_shareable};
    m_last = q;
    return q;
  }

  /// What it updates is in m_updated only: the SMMU has to do it.
  pgtable::Result walk(const pgtable::Config& config, const pgtable::WalkRequest& request) {
    return pgtable::walk(config, request, [this](const pgtable::MemoryOp& op) {
      pgtable::MemoryResponse r;
      if (m_world.memory.aborts(op.address)) {
        r.status = pgtable::MemoryStatus::external_abort;
        return r;
      }
      const auto updated = m_updated.find(op.address);
      r.data = updated != m_updated.end() ? updated->second : m_world.memory.read(op.address, op.size);
      if (op.big_endian) r.data = __builtin_bswap64(r.data);
      if (op.kind == pgtable::MemoryOpKind::compare_and_swap && r.data == op.expected) {
        m_updated[op.address] = op.big_endian ? __builtin_bswap64(op.desired) : op.desired;
      }
      return r;
    });
  }
  void check(const smmu::AccessRequest& q) {
    m_updated.clear();
    const unsigned swaps = m_world.memory.swaps;
    check_answer(q);
    for (const auto& [address, value] : m_updated) {
      EXPECT_EQ(m_world.memory.read(address, 8), value) << "descriptor at " << std::hex << address;
    }
    if (m_updated.empty()) {
      EXPECT_EQ(m_world.memory.swaps, swaps);
    }
    updates += m_updated.size();
  }

  void check_answer(const smmu::AccessRequest& q) {
    const Stream& s = m_streams[q.stream_id];
    const bool write = q.kind != AccessKind::read;
    Expected e;
    e.StreamID = q.stream_id;
    e.InputAddr = q.address;
    e.PnU = s.PRIVCFG != 0 ? s.PRIVCFG == 3 : q.privileged;
    e.InD = !write && (s.INSTCFG != 0 ? s.INSTCFG == 3 : q.instruction);
    e.RnW = !write;
    pgtable::WalkRequest request;
    request.va = q.address;
    request.privileged = e.PnU;
    request.access = q.kind == AccessKind::atomic  ? pgtable::AccessType::read_write
                     : q.kind == AccessKind::write ? pgtable::AccessType::write
                     : e.InD                       ? pgtable::AccessType::execute
                                                   : pgtable::AccessType::read;
    if (s.config.stages == pgtable::Stages::stage2 && q.address >> 44 != 0) {
      e.type = 0x11;
      e.S2 = false;
      return expect_abort(q, e, true);
    }
    if (s.config.stages == pgtable::Stages::nested) {
      pgtable::WalkRequest cd;
      cd.va = s.cd;
      cd.privileged = cd.table = true;
      pgtable::Config two = s.config;
      two.stages = pgtable::Stages::stage2;
      const auto r = walk(two, cd);
      if (!r.ok()) return expect_fault(q, s, e, r.fault, true);
      if (r.output != World::cd_address(q.stream_id)) return expect_bad_cd(q);  // there are zeros
    }
    const auto r = walk(s.config, request);
    if (!r.ok()) return expect_fault(q, s, e, r.fault, false);
    expect_forward(q, s, e, r);
  }

  AccessExplanation explained(const smmu::AccessRequest& q) {
    return explain(m_world.smmu, q, [this](const smmu::MemoryOp& op) {
      EXPECT_EQ(op.kind, smmu::MemoryOpKind::read);
      return m_world.memory.carry_out(op);
    });
  }
  /// Asks, sends the same access, and compares.
  void check_explained(smmu::AccessRequest q) {
    if (chance(16)) q.stream_id = static_cast<std::uint32_t>(m_random.likely());
    if (chance(16)) q.substream_valid = true;
    const auto before = test::save(m_world.smmu);
    const std::size_t diagnostics = m_world.diag.all.size();
    const AccessExplanation e = explained(q);
    to_text(e);
    ASSERT_EQ(test::save(m_world.smmu), before);
    ASSERT_EQ(m_world.diag.all.size(), diagnostics);

    const std::uint64_t micro_hits = m_world.smmu.engine().statistics().micro_tlb_hits;
    const std::uint32_t prod = m_world.read(0x100a8) & 0xfffff;
    smmu::AccessAnswer a;
    std::optional<Event> event;
    if (!m_world.smmu.translate_fast(q, a)) {
      Access access(m_world.smmu, q);
      m_world.finish(access);
      a = access.answer();
      event = access.event();
    }
    m_world.work();
    const bool recorded = (m_world.read(0x100a8) & 0xfffff) != prod;
    if (chance(4)) m_world.pop_event();

    const std::string context = to_text(e);
    ASSERT_EQ(e.now.answer.outcome, a.outcome) << context;
    ASSERT_EQ(e.now.event.has_value(), event.has_value()) << context;
    if (event) {
      ASSERT_EQ(e.now.event->words(), event->words()) << context;
      ASSERT_EQ(e.now.recorded, recorded) << context;
      lost += recorded ? 0 : 1;
    }
    EXPECT_EQ(e.now.at_tbu, m_world.smmu.engine().statistics().micro_tlb_hits != micro_hits) << context;
    at_tbu += e.now.at_tbu ? 1 : 0;
    stale_answers += same(e.now, e.memory) ? 0 : 1;
    if (a.outcome != Outcome::forward) return;
    ++forwarded;
    EXPECT_EQ(e.now.answer.output, a.output) << context;
    EXPECT_EQ(e.now.answer.space, a.space) << context;
    EXPECT_EQ(e.now.answer.attributes, a.attributes) << context;
    EXPECT_EQ(e.now.answer.privileged, a.privileged) << context;
    EXPECT_EQ(e.now.answer.instruction, a.instruction) << context;
  }

  void expect_fault(const smmu::AccessRequest& q, const Stream& s, Expected e, const pgtable::Fault& f,
                    bool cd) {
    const bool two = f.stage == pgtable::Stage::stage2;
    const bool abort = f.kind == pgtable::FaultKind::external_abort;
    switch (f.kind) {
      case pgtable::FaultKind::translation:
        e.type = 0x10;
        break;
      case pgtable::FaultKind::address_size:
        e.type = 0x11;
        break;
      case pgtable::FaultKind::access_flag:
        e.type = 0x12;
        break;
      case pgtable::FaultKind::permission:
        e.type = 0x13;
        break;
      default:
        ASSERT_TRUE(abort) << pgtable::to_string(f.kind);
        e.type = 0x0b;
        e.FetchAddr = f.table_address;
        break;
    }
    e.S2 = two;
    e.IPA = f.ipa;
    e.CLASS = cd ? 0 : f.fault_class == pgtable::FaultClass::table ? 1 : 2;
    const bool for_writing = f.table_update && !f.rights.has(pgtable::Rights::privileged_write);
    e.TTRnW = e.type == 0x13 && e.CLASS == 1 && !for_writing;
    refused_updates += e.type == 0x13 && e.CLASS == 1 && for_writing ? 1 : 0;
    const auto lacks = [&](std::uint8_t right) {
      return !f.rights.has(static_cast<std::uint8_t>(right << (e.PnU ? 0 : 3)));
    };
    if (e.type == 0x13 && e.CLASS == 2 && q.kind == AccessKind::atomic) {
      e.RnW = !lacks(pgtable::Rights::privileged_write) && lacks(pgtable::Rights::privileged_read);
    }
    if (two) ++faults[e.type][e.CLASS];
    const bool recorded = abort || (two ? s.S2R : s.R);
    expect_abort(q, e, recorded, !abort && !two && !s.A);
  }
  void expect_bad_cd(const smmu::AccessRequest& q) {
    EXPECT_EQ(m_world.access(q).outcome, Outcome::abort);
    EXPECT_EQ(m_world.event(), (Record{0x0a | std::uint64_t{q.stream_id} << 32, 0, 0, 0}));
  }
  void expect_abort(const smmu::AccessRequest& q, const Expected& e, bool recorded, bool razwi = false) {
    EXPECT_EQ(m_world.access(q).outcome, razwi ? Outcome::razwi : Outcome::abort);
    const auto record = m_world.pop_event();
    ASSERT_EQ(record.has_value(), recorded) << std::hex << q.address;
    if (record) {
      EXPECT_EQ(*record, e.record()) << "stream " << q.stream_id << " type " << e.type;
    }
  }
  void expect_forward(const smmu::AccessRequest& q, const Stream& s, const Expected& e,
                      const pgtable::Result& r) {
    const auto a = m_world.access(q);
    ASSERT_EQ(a.outcome, Outcome::forward) << std::hex << q.address;
    EXPECT_EQ(a.output, r.output);
    EXPECT_EQ(a.region_shift, r.block_shift);
    EXPECT_EQ(a.privileged, e.PnU);
    EXPECT_EQ(a.instruction, e.InD);
    pgtable::Attributes expected = pgtable::effective(r.attributes);
    // 13.1.4: what comes in uncached is Outer Shareable, whatever it becomes
    pgtable::Attributes in = pgtable::effective(q.attributes);
    // All hints that come in are Read- and Write-Allocate, as those of an overridden type.
    if (s.MemAttr) in.memory = *s.MemAttr == 1 ? 0x04 : 0xbb;
    if (s.SHCFG) in.SH = Shareability::inner;
    if (s.config.stages == pgtable::Stages::stage2) {
      expected = pgtable::combine(pgtable::effective(in), r.stage2_attributes, s.config.stage2.FWB);
    }
    EXPECT_EQ(a.attributes, expected) << "stream " << q.stream_id;
    EXPECT_FALSE(m_world.pop_event().has_value());
    ++forwarded;
    hits += a.tlb_hit ? 1 : 0;
  }

  test::Random m_random;
  bool m_warm;
  bool m_updates;
  bool m_PTWNNC = false;
  Stage2World m_world;
  std::map<std::uint64_t, std::uint64_t> m_updated;  // descriptors, as they are in memory
  pgtable::Builder* m_stage2 = nullptr;
  std::array<pgtable::Builder*, stream_count> m_stage1{};
  std::array<Stream, stream_count> m_streams;
  std::vector<std::uint64_t> ipas, vas;
  std::optional<smmu::AccessRequest> m_last;
};

void run(bool warm) {
  unsigned forwarded = 0, hits = 0;
  std::size_t updates = 0, refused_updates = 0;
  std::array<std::array<unsigned, 3>, 0x14> faults{};
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    RandomTables tables(seed, warm);
    tables.run();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    forwarded += tables.forwarded;
    hits += tables.hits;
    updates += tables.updates;
    refused_updates += tables.refused_updates;
    for (unsigned type = 0; type < faults.size(); ++type) {
      for (unsigned c = 0; c < 3; ++c) faults[type][c] += tables.faults[type][c];
    }
  }
  // What the tables are made for does happen.
  EXPECT_GT(forwarded, 5000U);
  EXPECT_GT(updates, 300U);
  EXPECT_GT(refused_updates, 0U);
  if (warm) {
    EXPECT_GT(hits, 1000U);
  }
  for (const unsigned type : {0x0bU, 0x10U, 0x11U, 0x12U, 0x13U}) {
    for (unsigned c = 0; c < 3; ++c) EXPECT_GT(faults[type][c], 0U) << std::hex << type << " CLASS " << c;
  }
}

TEST(RandomNested, AnswersAndRecordsAreThoseOfAWalkWithColdCaches) { run(false); }
TEST(RandomNested, AnswersAndRecordsAreThoseOfAWalkWithWarmCaches) { run(true); }

TEST(RandomNested, ExplanationsAgreeWithTheAccessThatFollows) {
  unsigned forwarded = 0, stale_answers = 0, at_tbu = 0, lost = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomTables tables(seed, true, true);
    tables.run_explained();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
    forwarded += tables.forwarded;
    stale_answers += tables.stale_answers;
    at_tbu += tables.at_tbu;
    lost += tables.lost;
  }
  EXPECT_GT(forwarded, 500U);
  EXPECT_GT(stale_answers, 200U);
  EXPECT_GT(at_tbu, 10U);
  EXPECT_GT(lost, 50U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
