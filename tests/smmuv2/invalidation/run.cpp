#include "run.h"

#include <algorithm>
#include <memory>
#include <sstream>

#include "../two_states.h"
#include "invalidation/shrink.h"

namespace smmuvp::smmuv2::invalidation {
namespace {

constexpr const char* clause_answer =
    "IHI 0062 5.4.2: after a synchronisation no access may use what an operation before it has taken away; "
    "5.4.1, "
    "9.6.26 to 9.6.36, 16.5.30 to 16.5.35, 17.3.4: what each operation takes away; 2.5: whose translations "
    "an access "
    "may use";
constexpr const char* clause_hit =
    "Not of the architecture: a cache that is large enough keeps what no operation names";
constexpr const char* clause_fill = "Beyond IHI 0062 5.4.2: what an operation overtook fills no cache";
constexpr const char* clause_sync =
    "IHI 0062 5.4.2: a synchronisation is complete when the transactions have been observed that used what "
    "was "
    "discarded, and waits for no others";

Features features(const Schedule& s) {
  Features f = s.SSD_table ? with_table() : two_states();
  f.NUMCB = f.NUMSMRG = banks;
  return f;
}

Structures caches(const Schedule& s) {
  Structures c = World::untimed();
  const auto pick = [&](unsigned bit) { return (s.shape >> bit & 1U) != 0 ? 2U : 1U; };
  c.tlb_sets = c.walk_cache_sets = c.ipa_cache_sets = s.large_caches ? 16 : pick(0);
  c.tlb_ways = c.walk_cache_ways = c.ipa_cache_ways = s.large_caches ? 16 : pick(1);
  // Two TBUs. What their micro TLBs hit says nothing of the caches behind them: half of them are of one
  // entry.
  c.ports = 2;
  c.micro_tlb_geometry = {1, (s.shape & 4U) != 0 ? 1U : 32U};
  return c;
}

struct Slot : smmu::invalidation::SlotOf<Access> {
  EntryTag tag;  // as it was at the beginning
  std::optional<KnownTables> known;
  std::vector<DescriptorRead> reads;
};

// What software has asked of one synchronisation resource.
struct Resource {
  std::vector<std::size_t> posted;  // operations that no complete synchronisation has covered
  std::size_t covered = 0;          // so many of them by the latest one
  bool active = false;
  bool waited = false;
};

class Run : smmu::invalidation::RunBase {
 public:
  Run(const Schedule& schedule, Tallies& tallies, std::vector<std::string>* log)
      : RunBase(tallies, log, to_string),
        m_schedule(schedule),
        m_tallies(tallies),
        m_memory(image(schedule.image)),
        m_world(features(schedule), caches(schedule)),
        m_reference(m_memory) {
    using namespace offsets;
    m_world.write(SCR1, secure_bank << 8U | secure_bank, 4, true);
    if (schedule.SSD_table) m_world.write(4 * 0x1000, (1U << secure_bank) - 1, 4, true);  // SSDR0
    for (const bool side : {false, true}) m_world.write(sCR0, CR0_GFRE | CR0_USFCFG | CR0_SMCFCFG, 4, side);
    for (unsigned n = 0; n < banks; ++n) {
      m_world.write(S2CR0 + 4 * n, S2CR_translate | n, 4, is_secure(n));
      m_world.write(SMR0 + 4 * n, SMR_VALID | n, 4, is_secure(n));
      set_bank(n, schedule.banks_at_begin[n]);
    }
  }

  std::optional<Disagreement> run() {
    const std::vector<Step>& all = m_schedule.operations;
    for (m_at = 0; m_at < all.size() && !m_disagreement; ++m_at) {
      ++m_now;
      say([&] { return to_string(all[m_at]); });
      carry_out(all[m_at]);
      poll();
    }
    for (Slot& s : m_slots) {
      ++m_now;
      end(s);
      poll();
    }
    for (const Resource& r : m_resources) {
      if (r.active) disagree("a synchronisation does not come to its end", clause_sync);
    }
    ++m_tallies.schedules;
    m_tallies.operations += size_of(m_schedule);
    return m_disagreement;
  }

 private:
  void carry_out(const Step& s) {
    Slot& slot = m_slots[s.slot % slots];
    switch (s.act) {
      case Act::write_descriptor:
        m_memory.write(m_now, s.address, s.value);
        break;
      case Act::write_bank:
        set_bank(s.bank, s.bank_value);
        break;
      case Act::tlbi:
        carry_out(s.tlbi);
        break;
      case Act::sync:
        synchronise(s.bank);
        break;
      case Act::begin:
        begin(slot, s);
        break;
      case Act::step:
        step(slot);
        break;
      case Act::end:
        end(slot);
        break;
    }
  }

  // ---- software

  void set_bank(unsigned n, const BankValue& v) {
    using namespace offsets;
    const bool secure = is_secure(n);
    const std::uint32_t type = is_stage2(n)    ? CBAR_stage2
                               : v.nested      ? CBAR_nested | stage2[v.second] << 8U
                               : n == hyp_bank ? CBAR_stage1 | CBAR_HYPC
                                               : CBAR_stage1;
    const std::uint32_t MONC = n == monitor_bank ? CBA2R_MONC : 0;
    m_world.write(m_world.gr1(CBA2R0 + 4 * n), (v.VA64() ? CBA2R_VA64 : 0) | MONC, 4, secure);
    m_world.write(m_world.gr1(CBAR0 + 4 * n), type | v.vmid, 4, secure);
    bank_registers(n, v, [&](std::uint32_t offset, std::uint64_t value, unsigned bytes) {
      m_world.write_cb(n, offset, value, bytes);
    });
    m_reference.set_bank(n, v, m_now);
    // What was read by registers that were is not kept.
    for (Slot& s : m_slots) s.overtaken = true;
    settle();
  }

  void carry_out(const Tlbi& t) {
    const OperationInfo& o = info(t.operation);
    const bool secure = is_secure(t.operation);
    if (is_global(t.operation)) {
      m_world.write(o.offset, t.value, o.bytes, secure);
    } else {
      m_world.write_cb(t.bank, o.offset, t.value, o.bytes);
    }
    const BankValue value = m_reference.bank(t.bank);
    m_known.invalidated([&](const Coverage& piece) { return covers(t, value, piece); });
    m_reference.carried_out(t, m_now);
    const bool of_secure_bank = !is_global(t.operation) && is_secure(t.bank);
    if (!is_global(t.operation)) m_resources[t.bank].posted.push_back(m_operations.size());
    m_resources[secure || of_secure_bank ? global_secure : global_non_secure].posted.push_back(
        m_operations.size());
    m_operations.push_back({t.operation, m_now});
    for (Slot& s : m_slots) {
      s.overtaken = true;
      s.known.reset();
      if (s.used && !s.fast && s.step == smmu::Step::need) {
        ++m_tallies.overtaken[static_cast<unsigned>(step_kind(s.object->op().address))];
      }
    }
  }

  void synchronise(unsigned resource) {
    using namespace offsets;
    if (resource < banks) {
      m_world.write_cb(resource, TLBSYNC, 0);
    } else {
      m_world.write(sTLBGSYNC, 0, 4, resource == global_secure);
    }
    Resource& r = m_resources[resource];
    r.covered = r.posted.size();
    r.active = true;
    r.waited = false;
  }

  // Software sees at once when a synchronisation is complete.
  void poll() {
    using namespace offsets;
    for (unsigned n = 0; n < sync_resources; ++n) {
      Resource& r = m_resources[n];
      if (!r.active) continue;
      const bool busy = n < banks ? (m_world.read_cb(n, TLBSTATUS) & 1U) != 0
                                  : (m_world.read(sTLBGSTATUS, 4, n == global_secure) & 1U) != 0;
      if (busy) {
        if (!r.waited) ++m_tallies.syncs_waited;
        r.waited = true;
        if (!anybody_before(r)) disagree("a synchronisation waits for nobody that it has to", clause_sync);
        continue;
      }
      r.active = false;
      say([&] { return "  the synchronisation of resource " + std::to_string(n) + " is complete"; });
      const auto end = r.posted.begin() + static_cast<std::ptrdiff_t>(r.covered);
      m_reference.complete(
          [&](std::size_t number) { return std::find(r.posted.begin(), end, number) != end; }, m_now);
      for (auto it = r.posted.begin(); it != end; ++it) {
        ++m_tallies.completed[static_cast<unsigned>(m_operations[*it].operation)];
      }
      r.posted.erase(r.posted.begin(), end);
    }
  }
  // Whether an access is under way that was when the latest covered operation was carried out.
  bool anybody_before(const Resource& r) const {
    if (r.covered == 0) return false;
    const Tick last = m_operations[r.posted[r.covered - 1]].at;
    return std::any_of(m_slots.begin(), m_slots.end(),
                       [&](const Slot& s) { return s.used && s.begin < last; });
  }

  // What registers were is used by nobody any more but accesses that began before.
  void settle() {
    Tick oldest = m_now;
    for (const Slot& s : m_slots) {
      if (s.used) oldest = std::min(oldest, s.begin);
    }
    m_reference.settle(oldest, m_now);
  }

  // ---- accesses

  void begin(Slot& slot, const Step& s) {
    end(slot);
    ++m_now;
    slot.used = true;
    slot.begin = m_now;
    slot.id = {s.bank, address_in(s), s.write};
    slot.overtaken = slot.waited = false;
    slot.tag = m_reference.tag(s.bank);
    slot.reads.clear();
    slot.known.reset();
    if (m_schedule.large_caches) slot.known = m_known.at_begin(slot.tag, slot.id, m_now);
    smmu::AccessRequest request =
        World::request(s.bank, slot.id.address, s.write ? smmu::AccessKind::write : smmu::AccessKind::read);
    // With a table it does not matter how a Secure device marks its access.
    const bool marked = !m_schedule.SSD_table || (s.address & 0x1000U) != 0;
    if (is_secure(s.bank) && marked) request.space = AddressSpace::secure;
    request.port = s.slot & 1U;
    request.can_wait = true;
    slot.fast = m_world.smmu.translate_fast(request, slot.answer);
    if (slot.fast) {
      slot.token = m_world.smmu.engine().in_flight().enter(m_world.now);
    } else {
      slot.object = std::make_unique<Access>(m_world.smmu, request);
      go_on(slot);
    }
    count_open(m_slots);
    if (slot.known && slot.known->leaf) expect_hit(slot, clause_hit);
  }
  // Where a bank has one range, or none, addresses are of the lower one.
  std::uint64_t address_in(const Step& s) const {
    const BankValue& v = m_reference.bank(s.bank);
    const bool two = has_two_ranges(s.bank, v) && v.M;
    return two ? s.address : s.address & 0xffff'ffffU;
  }

  // Until memory is needed, or the end
  void go_on(Slot& slot) {
    const std::uint64_t fills = m_world.smmu.engine_statistics().tlb_fills;
    slot.step = slot.object->step();
    if (slot.overtaken && m_world.smmu.engine_statistics().tlb_fills != fills) {
      disagree("an access that an operation overtook fills the TLB", clause_fill);
    }
    if (slot.step == smmu::Step::waits) {
      say([&] { return "  it waits for the walk of another"; });
      slot.waited = true;
      return;
    }
    if (slot.waited && slot.step == smmu::Step::done && slot.object->answer().tlb_hit) ++m_tallies.merged;
    slot.waited = false;
    if (slot.step == smmu::Step::done) {
      const bool forward = slot.object->answer().outcome == smmu::Outcome::forward;
      if (m_schedule.large_caches && !slot.overtaken && forward) {
        m_known.learn(slot.tag, slot.id, slot.reads, m_now);
      }
      return;
    }
    const std::uint64_t at = slot.object->op().address;
    say([&] { return "  it reads the " + std::string(to_string(step_kind(at))) + " at " + hex(at); });
    if (!slot.known) return;
    if (const auto what = m_known.needless(*slot.known, slot.tag, slot.id, descriptor_read(at), at)) {
      disagree(*what + " is read, although caches know it", clause_hit);
    }
  }

  void step(Slot& slot) {
    if (slot.used && !slot.fast && slot.step == smmu::Step::waits) return go_on(slot);
    if (!slot.used || slot.fast || slot.step != smmu::Step::need) return;
    const smmu::MemoryOp& op = slot.object->op();
    smmu::MemoryAnswer answer;
    answer.time = op.time;
    const Word word = m_memory.read(op.address);
    smmu::store_word(answer.data, 0, word);
    slot.reads.push_back({descriptor_read(op.address), op.address, word});
    say([&] { return "  memory has " + hex(word) + " there"; });
    slot.object->complete(answer);
    go_on(slot);
  }

  void end(Slot& slot) {
    if (!slot.used) return;
    finish(m_slots, slot, [this](Slot& s) { step(s); });
    Answer given;
    const smmu::AccessAnswer& answer = slot.result();
    given.forward = answer.outcome == smmu::Outcome::forward;
    if (given.forward) {
      given.output = answer.output;
    } else if (const std::optional<AccessFault>& fault = slot.object->fault()) {
      if (fault->global) disagree("a global fault", clause_answer);
      given.fault = static_cast<std::uint8_t>(fault->bit);
      given.s2 = is_stage2(fault->bank);
    }
    const auto allowed = [&] { return m_reference.allowed(slot.id, slot.begin, m_now); };
    judge(slot.id, given, answer.tlb_hit, m_reference.current(slot.id), allowed, clause_answer);
    if (slot.fast) m_world.smmu.engine().in_flight().leave(slot.token, m_world.now);
    slot.object.reset();
    slot.used = false;
    settle();
  }

  const Schedule& m_schedule;
  Tallies& m_tallies;
  Memory m_memory;
  World m_world;
  Reference m_reference;
  KnownTranslations m_known;
  std::array<Slot, slots> m_slots;
  std::array<Resource, sync_resources> m_resources;
  struct CarriedOut {
    Operation operation = Operation::TLBIALL;
    Tick at = 0;
  };
  std::vector<CarriedOut> m_operations;
};

}  // namespace

std::optional<Disagreement> run(const Schedule& schedule, Tallies& tallies, std::vector<std::string>* log) {
  return Run(schedule, tallies, log).run();
}

std::string report(const Schedule& schedule) {
  const Schedule small = shrink(schedule, [](const Schedule& s) {
    Tallies tallies;
    return run(s, tallies).has_value();
  });
  Tallies tallies;
  std::vector<std::string> log;
  const std::optional<Disagreement> d = run(small, tallies, &log);
  std::ostringstream s;
  s << "seed " << small.seed << ", " << (small.large_caches ? "large" : "small") << " caches, image "
    << unsigned{small.image} << "\n";
  for (unsigned n = 0; n < banks; ++n)
    s << "  bank " << n << ": " << to_string(small.banks_at_begin[n]) << "\n";
  return s.str() + smmu::invalidation::text_of(log, d);
}

}  // namespace smmuvp::smmuv2::invalidation
