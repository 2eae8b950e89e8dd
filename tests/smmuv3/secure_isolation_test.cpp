// Secure and Non-secure streams at random, whose StreamIDs, VMIDs, ASIDs, addresses and tables overlap:
// memory has bytes of its own in each PA space, and the tables of both states stand at the same addresses
// there. Software changes mappings, invalidates what it has changed by any command that does, and meddles
// with registers. A plain reference says what each access has to give (IHI 0070 3.10.2, 13.4.4).
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "secure_world.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using test::Random;

constexpr AddressSpace NS = AddressSpace::non_secure;
constexpr AddressSpace S = AddressSpace::secure;
constexpr unsigned pages = 8;

constexpr std::uint64_t page(unsigned n) { return 0x1000ULL * n; }

/// Tables of one stage with one leaf a page; what a leaf says is kept beside it.
struct Tables {
  struct Leaf {
    bool valid = false;
    std::uint64_t output = 0;
    bool NS = false;
  };
  AddressSpace memory = AddressSpace::non_secure;
  std::uint64_t base = 0;
  std::array<std::uint64_t, pages> at{};
  std::array<Leaf, pages> leaves{};
};

/// An address space: what CDs and STEs lead to. Those with stage 2 have a number of Tables for IPAs.
struct Context {
  bool secure = false;
  unsigned STRW = 0;
  bool stage1 = false;
  bool stage2 = false;
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  bool NSCFG0 = false;
  std::size_t tables1 = 0;  // index of Tables
  std::size_t ipas = 0;     // of Ipas
};

/// Stage 2 of one VMID: of a Secure one both spaces.
struct Ipas {
  std::size_t tables[2] = {0, 0};  // of Non-secure, and of Secure IPAs
  unsigned controls = 0;           // SW, SA, NSW, NSA

  AddressSpace table_space(bool secure_ipa) const {
    return (controls & (secure_ipa ? 1U : 4U)) != 0 ? NS : S;
  }
  AddressSpace output_space(bool secure_ipa) const {
    const bool sipa_ns = (controls & 3) != 0;
    return (secure_ipa ? sipa_ns : sipa_ns || (controls & 12) != 0) ? NS : S;
  }
};

struct Answer {
  Outcome outcome = Outcome::abort;
  std::uint64_t output = 0;
  AddressSpace space = AddressSpace::non_secure;
};

class Isolation {
 public:
  explicit Isolation(std::uint64_t seed) : m_random(seed), w(with_sel2()) {
    w.start(3);
    w.s_start(3);
    make_contexts();
    for (const bool secure : {false, true}) {
      for (std::uint32_t sid = 0; sid < streams; ++sid) set_stream(secure, sid);
    }
  }
  void run(std::uint64_t accesses) {
    for (m_left = accesses; m_left != 0 && !::testing::Test::HasFatalFailure();) step();
  }
  std::uint64_t forwarded = 0, aborted = 0, changes = 0, hits = 0;

 private:
  static constexpr std::uint32_t streams = 8;
  static constexpr std::size_t none = ~std::size_t{0};

  // ---- making

  std::uint64_t room(AddressSpace space) { return m_next[space == S ? 1 : 0] += 0x1000; }
  std::size_t make_tables(AddressSpace memory, bool of_stage2) {
    Tables t;
    t.memory = memory;
    const std::uint64_t level3 = room(memory);
    const std::uint64_t level2 = room(memory);
    t.base = room(memory);  // of 39 bits: level 1
    put(memory, level2, level3 | 3);
    put(memory, t.base, level2 | 3);
    m_tables.push_back(t);
    for (unsigned i = 0; i < pages; ++i) {
      m_tables.back().at[i] = level3 + 8 * i;
      change(m_tables.size() - 1, i, of_stage2);
    }
    // Where structures and tables of stage 1 are: blocks of 1 GiB, at the addresses that they have.
    if (of_stage2) put(memory, t.base + 8, 0x4000'0000 | 1U << 10 | 3U << 6 | 0xfU << 2 | 1);
    return m_tables.size() - 1;
  }
  void put(AddressSpace space, std::uint64_t address, std::uint64_t value) {
    w.memory.write(SecureWorld::in(space, address), value);
  }
  /// A new leaf: of another page, or none. @param ipa  the output is one: a page that stage 2 may have
  void change(std::size_t tables, unsigned i, bool of_stage2, bool ipa = false, bool may_be_secure = true) {
    Tables& t = m_tables[tables];
    Tables::Leaf& leaf = t.leaves[i];
    leaf.valid = m_random.below(8) != 0;
    leaf.NS = !of_stage2 && may_be_secure && m_random.below(3) == 0;
    // Outputs of tables in Secure and in Non-secure memory are never the same.
    leaf.output = ipa ? page(static_cast<unsigned>(m_random.below(pages)))
                      : (t.memory == S ? 0x9000'0000ULL : 0x8000'0000ULL) +
                            page(static_cast<unsigned>(m_random.below(4096)));
    const std::uint64_t attributes =
        of_stage2 ? 1U << 10 | 3U << 6 | 0xfU << 2 | 3 : 1U << 11 | 1U << 10 | 1U << 6 | 3;
    put(t.memory, t.at[i], leaf.valid ? leaf.output | attributes | (leaf.NS ? 1U << 5 : 0U) : 0);
  }
  void make_contexts() {
    // Stage 2: VMIDs 3 and 4 of both states.
    std::size_t non_secure_ipas[2];
    std::size_t secure_ipas[2];
    for (unsigned v = 0; v < 2; ++v) {
      Ipas ns;
      ns.tables[0] = make_tables(NS, true);
      m_ipas.push_back(ns);
      non_secure_ipas[v] = m_ipas.size() - 1;
      Ipas s;
      s.controls = static_cast<unsigned>(m_random.below(16));
      s.tables[0] = make_tables(s.table_space(false), true);
      s.tables[1] = make_tables(s.table_space(true), true);
      m_ipas.push_back(s);
      secure_ipas[v] = m_ipas.size() - 1;
    }
    const auto add = [&](const Context& context, AddressSpace memory) {
      Context c = context;
      if (c.stage1) {
        c.tables1 = make_tables(memory, false);
        for (unsigned i = 0; i < pages; ++i) remap1(c, i);
      }
      m_contexts.push_back(c);
    };
    for (std::uint16_t asid = 1; asid <= 2; ++asid) {
      for (std::uint16_t vmid = 0; vmid <= 1; ++vmid)
        add({false, 0, true, false, vmid, asid, false, 0, none}, NS);
      for (const bool NSCFG0 : {false, true}) {
        const auto number = static_cast<std::uint16_t>(asid + (NSCFG0 ? 2 : 0));
        add({true, 0, true, false, 0, number, NSCFG0, 0, none}, NSCFG0 ? NS : S);
      }
      for (std::uint16_t v = 0; v < 2; ++v) {
        const auto vmid = static_cast<std::uint16_t>(3 + v);
        add({false, 0, true, true, vmid, asid, false, 0, non_secure_ipas[v]}, NS);
        const Ipas& s = m_ipas[secure_ipas[v]];
        add({true, 0, true, true, vmid, asid, asid == 2, 0, secure_ipas[v]}, s.output_space(asid != 2));
      }
    }
    for (unsigned STRW = 1; STRW <= 2; ++STRW) add({true, STRW, true, false, 0, 0, false, 0, none}, S);
    for (std::uint16_t v = 0; v < 2; ++v) {
      const auto vmid = static_cast<std::uint16_t>(3 + v);
      add({false, 0, false, true, vmid, 0, false, 0, non_secure_ipas[v]}, NS);
      add({true, 0, false, true, vmid, 0, false, 0, secure_ipas[v]}, S);
    }
    for (const bool secure : {false, true}) add({secure, 0, false, false, 0, 0, false, 0, none}, NS);
    for (const bool secure : {false, true}) {
      for (std::size_t i = 0; i < m_contexts.size(); ++i) {
        if (m_contexts[i].secure == secure) m_of_state[secure ? 1 : 0].push_back(i);
      }
    }
    // CDs stand at the same addresses of all spaces where one may be.
    for (std::size_t i = 0; i < m_contexts.size(); ++i) {
      const Context& c = m_contexts[i];
      if (!c.stage1) continue;
      pgtable::Config config = Stage2World::stage1_config();
      config.stage1.tables[0].base = m_tables[c.tables1].base;
      Structure cd = cd_for(config, c.asid).set(64, 1, c.NSCFG0).set(30, 1, 1);
      w.put(SecureWorld::in(cd_space(c), cd_of(i)), cd);
    }
  }
  AddressSpace cd_space(const Context& c) const {
    if (!c.secure) return NS;
    return c.stage2 ? m_ipas[c.ipas].output_space(true) : S;
  }
  std::uint64_t cd_of(std::size_t context) const {
    // The n-th of a state: both states use the same places, if these are of different spaces.
    const Context& c = m_contexts[context];
    const auto& all = m_of_state[c.secure ? 1 : 0];
    std::uint64_t n = 0;
    while (all[n] != context) ++n;
    return World::cds + 64 * n + (c.secure && cd_space(c) == NS ? 0x1000 : 0);
  }
  void set_stream(bool secure, std::uint32_t sid) {
    const auto& all = m_of_state[secure ? 1 : 0];
    const std::size_t i = all[m_random.below(all.size())];
    const Context& c = m_contexts[i];
    m_streams[secure ? 1 : 0][sid] = i;
    Structure s = c.stage1 ? ste_stage1(cd_of(i)).set(94, 2, c.STRW) : ste_bypass();
    m_NSCFG[sid] = secure ? static_cast<unsigned>(m_random.below(4)) : m_NSCFG[sid];
    s.set(110, 2, secure ? m_NSCFG[sid] : m_random.below(4)).set(128, 16, c.vmid);
    if (c.stage2) {
      const Ipas& ipas = m_ipas[c.ipas];
      pgtable::Stage2Config s2 = stage2_config(25, 1).stage2;
      s2.base = m_tables[ipas.tables[0]].base;
      s.set(1, 3, c.stage1 ? 7 : 6);
      add_stage2(s, s2, c.vmid);
      if (secure) {
        s.set(288, 6, 25).set(294, 2, 1).set(302, 2, 0);
        s.words[6] |= m_tables[ipas.tables[1]].base;
        for (unsigned bit = 0; bit < 2; ++bit) {
          s.set(384 + bit, 1, ipas.controls >> bit).set(192 + bit, 1, ipas.controls >> (2 + bit));
        }
      }
    }
    secure ? w.s_put_ste(sid, s) : w.put_ste(sid, s);
  }

  // ---- the reference

  Answer expected(bool secure, std::uint32_t sid, unsigned i, AddressSpace asked) const {
    const Context& c = m_contexts[m_streams[secure ? 1 : 0][sid]];
    const unsigned NSCFG = m_NSCFG[sid];
    AddressSpace space = !secure ? NS : NSCFG == 2 ? S : NSCFG == 3 ? NS : asked;
    std::uint64_t address = page(i);
    if (c.stage1) {
      const Tables::Leaf& leaf = m_tables[c.tables1].leaves[i];
      if (!leaf.valid) return {};
      address = leaf.output;
      space = !secure || c.NSCFG0 || leaf.NS ? NS : S;
    }
    if (c.stage2) {
      const Ipas& ipas = m_ipas[c.ipas];
      const bool secure_ipa = space == S;
      const Tables::Leaf& leaf = m_tables[ipas.tables[secure_ipa ? 1 : 0]].leaves[address >> 12];
      if (!leaf.valid) return {};
      address = leaf.output;
      space = secure ? ipas.output_space(secure_ipa) : NS;
    }
    return {Outcome::forward, address, space};
  }
  /// Whether a Secure stream may read Non-secure tables or CDs at all.
  bool may_be_non_secure(const Context& c) const {
    if (!c.secure) return true;
    if (c.NSCFG0) return true;
    return c.stage2 && m_ipas[c.ipas].controls != 0;
  }

  // ---- doing

  void step() {
    const std::uint64_t what = m_random.below(64);
    if (what < 58) return access();
    ++changes;
    switch (what) {
      case 58:
      case 59:
        return remap();
      case 60:
        return restream();
      case 61:
        return disturb();
      case 62:
        return disable();
      default:
        return any_invalidation();
    }
  }
  void access() {
    --m_left;
    const bool secure = m_random.below(2) != 0;
    const auto sid = static_cast<std::uint32_t>(m_random.below(streams));
    const auto i = static_cast<unsigned>(m_random.below(pages));
    const AddressSpace asked = m_random.below(2) != 0 ? S : NS;
    smmu::AccessRequest r =
        World::request(sid, page(i) + 0x10, m_random.below(2) != 0 ? AccessKind::read : AccessKind::write);
    r.secure_stream = secure;
    r.space = secure ? asked : NS;
    const Answer e = expected(secure, sid, i, asked);
    const Context& c = m_contexts[m_streams[secure ? 1 : 0][sid]];
    smmu::AccessAnswer a;
    if (!w.smmu.translate_fast(r, a)) {
      Access object(w.smmu, r);
      while (object.step() != smmu::Step::done) {
        const smmu::MemoryOp& op = object.op();
        const std::string purpose = op.purpose;
        const bool table = purpose == "STE";
        ASSERT_EQ(op.space == S && !secure, false) << "a Non-secure stream reads Secure memory: " << purpose;
        ASSERT_EQ(op.space == NS && secure && (table || !may_be_non_secure(c)), false)
            << "a Secure stream reads Non-secure memory: " << purpose;
        object.complete(w.memory.carry_out(op));
      }
      a = object.answer();
    }
    hits += a.tlb_hit ? 1U : 0U;
    ASSERT_EQ(a.outcome, e.outcome) << "stream " << sid << " secure " << secure << " page " << i;
    if (a.outcome == Outcome::forward) {
      ++forwarded;
      ASSERT_EQ(a.output, e.output + 0x10) << "stream " << sid << " secure " << secure << " page " << i;
      ASSERT_EQ(a.space, e.space) << "stream " << sid << " secure " << secure << " page " << i;
      return;
    }
    ++aborted;
    w.work();
    const auto record = secure ? w.s_pop_event() : w.pop_event();
    ASSERT_TRUE(record);
    ASSERT_EQ((*record)[0], 0x10U | of_stream(sid));
    ASSERT_FALSE(secure ? w.pop_event() : w.s_pop_event()) << "of the other state";
    if (bits(*record, 103, 103) != 0) {  // S2: NSIPA says through which tables
      const bool by_stage1 = c.stage1 && m_tables[c.tables1].leaves[i].NS;
      const unsigned NSCFG = m_NSCFG[sid];
      const AddressSpace bypass = NSCFG == 2 ? S : NSCFG == 3 ? NS : asked;
      const bool non_secure = c.stage1 ? by_stage1 || c.NSCFG0 : bypass == NS;
      ASSERT_EQ(bits(*record, 102, 102) != 0, secure && non_secure);
    }
  }
  void command(bool secure_queue, std::uint64_t word0, std::uint64_t word1 = 0) {
    secure_queue ? w.s_command(word0, word1) : static_cast<void>(w.command(word0, word1));
    ASSERT_TRUE(secure_queue ? w.s_commands_done() : w.commands_done()) << std::hex << word0;
  }
  std::uint64_t ids(const Context& c) const {
    return std::uint64_t{c.vmid} << 32 | std::uint64_t{c.asid} << 48;
  }
  void remap1(const Context& c, unsigned i) { change(c.tables1, i, false, c.stage2, c.secure); }
  void remap() {
    const Context& c = m_contexts[m_random.below(m_contexts.size())];
    const auto i = static_cast<unsigned>(m_random.below(pages));
    if (c.stage1 && (!c.stage2 || m_random.below(2) != 0)) {
      remap1(c, i);
      return invalidate_stage1(c, page(i));
    }
    if (!c.stage2) return;
    const std::size_t n = c.secure ? m_random.below(2) : 0;
    change(m_ipas[c.ipas].tables[n], i, true);
    invalidate_stage2(c, page(i), n == 0);
  }
  void invalidate_stage1(const Context& c, std::uint64_t va) {
    const std::uint64_t choice = m_random.below(6);
    if (c.STRW == 1) return command(true, choice < 3 ? 0x18 : 0x1a, choice < 3 ? 0 : va);
    if (c.STRW == 2) {
      constexpr std::uint64_t opcodes[] = {0x50, 0x52, 0x53};
      return command(true, opcodes[choice % 3], choice % 3 == 0 ? 0 : va);
    }
    if (choice == 5) return command(c.secure || m_random.below(2) != 0, c.secure ? 0x60 : 0x30);
    if (choice == 4 && c.stage2) {
      return command(c.secure || m_random.below(2) != 0, (c.secure ? 0x58 : 0x28) | ids(c));
    }
    constexpr std::uint64_t opcodes[] = {0x10, 0x11, 0x12, 0x13};
    const std::uint64_t opcode = opcodes[choice & 3];
    command(c.secure, opcode | ids(c), opcode >= 0x12 ? va | m_random.below(2) : 0);
  }
  void invalidate_stage2(const Context& c, std::uint64_t ipa, bool non_secure_ipa) {
    const bool queue = c.secure || m_random.below(2) != 0;
    switch (m_random.below(3)) {
      case 0:
        return command(queue, (c.secure ? 0x58 : 0x28) | ids(c));
      case 1:
        return command(queue, c.secure ? 0x60 : 0x30);
      default:  // the IPA, then whatever stage 1 has made of it
        command(queue, (c.secure ? 0x5a : 0x2a) | ids(c),
                ipa | (c.secure && non_secure_ipa ? 1ULL << 63 : 0));
        command(c.secure, 0x10 | std::uint64_t{c.vmid} << 32);
    }
  }
  void restream() {
    const bool secure = m_random.below(2) != 0;
    const auto sid = static_cast<std::uint32_t>(m_random.below(streams));
    set_stream(secure, sid);
    const bool queue = secure || m_random.below(2) != 0;
    const std::uint64_t ssec = secure ? SSec : 0;
    switch (m_random.below(3)) {
      case 0:
        return command(queue, 0x03 | of_stream(sid) | ssec);
      case 1:
        return command(queue, 0x04 | of_stream(sid) | ssec, 2);
      default:
        return command(queue, 0x04 | ssec, 31);
    }
  }
  /// Registers that change nothing about translations while SMMUENs are 1, and S_INIT.
  void disturb() {
    switch (m_random.below(5)) {
      case 0:
        w.s_write(0x803c, 1);
        w.diag.all.clear();
        return;
      case 1:
        return w.s_write(0x8044, GBPA_Update | (m_random.next() & 0x1f'ffff));
      case 2:
        return w.write(0x44, GBPA_Update | (m_random.next() & 0x1f'ffff));
      case 3:  // guarded
        w.s_write(0x8080, m_random.next(), 8);
        w.diag.all.clear();
        return;
      default:  // the Non-secure state has no say
        w.write_as(AccessSecurity::NonSecure, 0x8020, m_random.next());
        w.write_as(AccessSecurity::NonSecure, 0x803c, 1);
        w.write_as(AccessSecurity::NonSecure, 0x8044, GBPA_Update | GBPA_ABORT);
        w.diag.all.clear();
    }
  }
  /// One interface bypasses for a moment; the other goes on.
  void disable() {
    const bool secure = m_random.below(2) != 0;
    const auto set = [&](std::uint32_t cr0) {
      secure ? w.s_write(0x8020, cr0) : w.write(0x20, cr0);
      w.work();
    };
    set(CR0_CMDQEN | CR0_EVENTQEN);
    const unsigned NSCFG = static_cast<unsigned>(m_random.below(4));
    secure ? w.s_write(0x8044, GBPA_Update | NSCFG << 14) : w.write(0x44, GBPA_Update | NSCFG << 14);
    const AddressSpace asked = m_random.below(2) != 0 ? S : NS;
    smmu::AccessRequest r = World::request(1, 0x1000);
    r.secure_stream = secure;
    r.space = secure ? asked : NS;
    const smmu::AccessAnswer a = w.access(r);
    ASSERT_EQ(a.outcome, Outcome::forward);
    ASSERT_EQ(a.output, 0x1000U);
    ASSERT_EQ(a.space, !secure ? NS : NSCFG == 2 ? S : NSCFG == 3 ? NS : asked);
    set(CR0_implemented);
  }
  void any_invalidation() {
    constexpr std::uint64_t of_both[] = {0x10, 0x11, 0x12, 0x13, 0x20, 0x21,
                                         0x22, 0x23, 0x28, 0x2a, 0x30, 0x46};
    constexpr std::uint64_t of_secure[] = {0x18, 0x1a, 0x50, 0x51, 0x52, 0x53, 0x58, 0x5a, 0x60};
    const bool secure = m_random.below(2) != 0;
    const bool own = secure && m_random.below(2) != 0;
    const std::uint64_t opcode = own ? of_secure[m_random.below(9)] : of_both[m_random.below(12)];
    const std::uint64_t tags = m_random.below(5) << 32 | m_random.below(5) << 48;
    if (opcode == 0x46) return command(secure, opcode);
    const bool by_address = (opcode & 2) != 0;
    command(secure, opcode | tags, by_address ? page(static_cast<unsigned>(m_random.below(pages))) : 0);
    w.diag.all.clear();
  }

  Random m_random;
  SecureWorld w;
  std::uint64_t m_left = 0;
  std::uint64_t m_next[2] = {World::tables, World::tables};
  std::vector<Tables> m_tables;
  std::vector<Ipas> m_ipas;
  std::vector<Context> m_contexts;
  std::vector<std::size_t> m_of_state[2];
  std::array<std::size_t, streams> m_streams[2] = {};
  std::array<unsigned, streams> m_NSCFG{};  // of Secure STEs
};

// Longer runs take other seeds as well: SMMUVP_ACCESSES says of how many accesses.
TEST(SecureIsolation, NoStreamIsServedByTablesOfTheOtherStateButWhereTheTablesSaySo) {
  const char* wanted = std::getenv("SMMUVP_ACCESSES");
  const std::uint64_t accesses = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 300'000;
  constexpr std::uint64_t of_one = 20'000;
  std::uint64_t forwarded = 0, aborted = 0, changes = 0, hits = 0;
  for (std::uint64_t run = 0; run * of_one < accesses && !HasFatalFailure(); ++run) {
    SCOPED_TRACE("run " + std::to_string(run));
    Isolation isolation(0x5ec0'0000 + run);
    isolation.run(of_one);
    forwarded += isolation.forwarded;
    aborted += isolation.aborted;
    changes += isolation.changes;
    hits += isolation.hits;
  }
  std::printf("%llu accesses went on, %llu of them by TLBs, %llu faulted; %llu changes between them\n",
              static_cast<unsigned long long>(forwarded), static_cast<unsigned long long>(hits),
              static_cast<unsigned long long>(aborted), static_cast<unsigned long long>(changes));
  EXPECT_GT(hits, accesses / 8);
  EXPECT_GT(aborted, accesses / 20);
}

}  // namespace
}  // namespace smmuvp::smmuv3
