#include "run.h"

#include <algorithm>
#include <memory>
#include <sstream>

#include "../world.h"
#include "hits.h"
#include "invalidation/shrink.h"
#include "reference.h"

namespace smmuvp::smmuv3::invalidation {
namespace {

constexpr const char* clause_answer =
    "IHI 0070 3.21.1, 3.21.3: after a CMD_SYNC no access may use what an invalidation before it has taken "
    "away; "
    "4.3, 4.4: what each command takes away; 3.17: whose translations an access may use";
constexpr const char* clause_hit =
    "Not of the architecture: a cache that is large enough keeps what no command names";

constexpr const char* clause_fill =
    "Beyond IHI 0070 3.21.1: what an invalidation overtook fills no cache, its configuration included";

Features features() {
  Features f;
  f.RIL = f.Hyp = true;
  return f;
}

Structures caches(const Schedule& s) {
  Structures c = World::untimed();
  const auto pick = [&](unsigned bit) { return (s.shape >> bit & 1U) != 0 ? 2U : 1U; };
  const unsigned sets = s.large_caches ? 16 : pick(0);
  const unsigned ways = s.large_caches ? 16 : pick(1);
  c.tlb_sets = c.walk_cache_sets = c.ipa_cache_sets = sets;
  c.tlb_ways = c.walk_cache_ways = c.ipa_cache_ways = ways;
  c.ste_sets = c.cd_sets = s.large_caches ? 16 : 1;
  c.ste_ways = c.cd_ways = s.large_caches ? 8 : pick(2);
  // Two TBUs. What their micro TLBs hit says nothing of the caches behind them: half of them are of one
  // entry.
  c.ports = 2;
  c.micro_tlb_geometry = {1, (s.shape & 1U) != 0 ? 1U : 32U};
  if (!s.adverse) return c;
  c.adversity.seed = s.seed;
  c.adversity.speculation = 8;
  c.adversity.invalidation_delay = 1U << 22U;
  return c;
}

struct Slot : smmu::invalidation::SlotOf<Access> {
  Known known;
  std::vector<Read> reads;
};

class Run : smmu::invalidation::RunBase {
 public:
  Run(const Schedule& schedule, Tallies& tallies, std::vector<std::string>* log)
      : RunBase(tallies, log, to_string),
        m_schedule(schedule),
        m_tallies(tallies),
        m_memory(image(schedule.image)),
        m_world(features(), caches(schedule)),
        m_reference(m_memory, schedule.two_level) {
    m_world.write(0x28, 0xd75);
    m_world.write(0x2c, CR2_E2H);
    m_world.write(0x80, schedule.two_level ? l1std_base : linear_base, 8);
    m_world.write(0x88, 7U | (schedule.two_level ? 1U << 16U | 6U << 6U : 0U));
    m_world.write(0x90, World::cmdq | World::log2_cmds, 8);
    m_world.write(0xa0, World::eventq | World::log2_events, 8);
    m_world.write(0x20, CR0_implemented);
  }

  std::optional<Disagreement> run() {
    const std::vector<Operation>& all = m_schedule.operations;
    for (m_at = 0; m_at < all.size() && !m_disagreement; ++m_at) {
      ++m_now;
      say([&] { return to_string(all[m_at]); });
      carry_out(all[m_at]);
      speculate();
    }
    for (Slot& s : m_slots) {
      ++m_now;
      end(s);
    }
    drain_events();
    while (!m_disagreement && (queue() || speculating())) {
      speculate();
      ++m_now;
    }
    if (!m_disagreement && !m_world.commands_done())
      disagree("the Command queue does not come to its end", "IHI 0070 4.7.3");
    ++m_tallies.schedules;
    m_tallies.operations += size_of(m_schedule);
    return m_disagreement;
  }

 private:
  void carry_out(const Operation& o) {
    Slot& slot = m_slots[o.slot % slots];
    switch (o.act) {
      case Act::write_descriptor:
        m_memory.write(m_now, o.address, o.value);
        break;
      case Act::write_cd:
        m_memory.write(m_now, cd_address(o.where & 15U, o.where >> 4U), encode(o.cd));
        break;
      case Act::write_ste:
        m_memory.write(m_now, ste_address(o.sid, m_schedule.two_level, o.where), encode(o.ste));
        break;
      case Act::write_l1std:
        m_memory.write(m_now, l1std_address(o.sid), l1std(o.sid, static_cast<unsigned>(o.value)));
        break;
      case Act::command:
        if (m_queued - m_consumed >= (1U << World::log2_cmds) - 1) break;  // no room
        m_commands.push_back(o.words);
        ++m_queued;
        m_world.push(o.words[0], o.words[1]);
        break;
      case Act::queue:
        queue();
        break;
      case Act::begin:
        begin(slot, o);
        break;
      case Act::step:
        step(slot);
        break;
      case Act::end:
        end(slot);
        break;
    }
    drain_events();
  }

  // ---- accesses

  void begin(Slot& slot, const Operation& o) {
    end(slot);
    ++m_now;
    slot.used = true;
    slot.begin = m_now;
    slot.id = {o.sid, o.address, o.write};
    slot.overtaken = false;
    slot.reads.clear();
    if (m_schedule.large_caches) slot.known = m_hits.at_begin(slot.id, m_now);
    smmu::AccessRequest request =
        World::request(o.sid, o.address, o.write ? smmu::AccessKind::write : smmu::AccessKind::read);
    request.port = o.slot & 1U;
    request.can_wait = true;
    slot.fast = m_world.smmu.translate_fast(request, slot.answer);
    if (slot.fast) {
      slot.token = m_world.smmu.engine().in_flight().enter(m_world.now);
    } else {
      slot.object = std::make_unique<Access>(m_world.smmu, request);
      go_on(slot);
    }
    count_open(m_slots);
    if (slot.known.tables.leaf) expect_hit(slot, clause_hit);
  }

  // Until memory is needed, or the end
  void go_on(Slot& slot) {
    const std::uint64_t fills = m_world.smmu.engine_statistics().tlb_fills;
    slot.step = slot.object->step();
    // A late invalidation overtakes later than it is consumed.
    if (!m_schedule.adverse && slot.overtaken && m_world.smmu.engine_statistics().tlb_fills != fills) {
      disagree("an access that an invalidation overtook fills the TLB", clause_fill);
    }
    while (slot.step == smmu::Step::stalled) {  // its record waits for room
      drain_events();
      slot.step = slot.object->step();
    }
    if (slot.step == smmu::Step::waits) {
      say([&] { return "  it waits for the walk of another"; });
      slot.waited = true;
      return;
    }
    if (slot.waited) {
      slot.waited = false;
      const bool merged = slot.step == smmu::Step::done && slot.object->answer().tlb_hit;
      ++(merged ? m_tallies.merged : slot.overtaken ? m_tallies.waited_overtaken : m_tallies.waited_in_vain);
    }
    if (slot.step == smmu::Step::done) {
      const bool forward = slot.object->answer().outcome == smmu::Outcome::forward;
      if (m_schedule.large_caches && !slot.overtaken && forward) m_hits.learn(slot.id, slot.reads, m_now);
      return;
    }
    const smmu::MemoryOp& op = slot.object->op();
    const Read read{step_kind(op.address), op.address, m_memory.read(op.address), {}};
    say([&] { return "  it reads the " + std::string(to_string(read.kind)) + " at " + hex(read.address); });
    if (!m_schedule.large_caches) return;
    if (const auto what = m_hits.needless(slot.known, slot.id, read)) {
      disagree(*what + " is read, although caches know it", clause_hit);
    }
  }

  void step(Slot& slot) {
    if (slot.used && !slot.fast && slot.step == smmu::Step::waits) {
      speculate();  // whose walk it may be
      return go_on(slot);
    }
    if (!slot.used || slot.fast || slot.step != smmu::Step::need) return;
    const smmu::MemoryOp& op = slot.object->op();
    smmu::MemoryAnswer answer;
    answer.time = op.time;
    for (unsigned n = 0; n < op.size / 8U; ++n)
      smmu::store_word(answer.data, n, m_memory.read(op.address + 8U * n));
    slot.reads.push_back({step_kind(op.address), op.address, m_memory.read(op.address), {}});
    say([&] { return "  memory has " + hex(slot.reads.back().value) + " there"; });
    Read& read = slot.reads.back();
    if (read.kind == StepKind::ste || read.kind == StepKind::cd) {
      read.structure = m_memory.structure(read.address);
      m_hits.structure_read(slot.id.sid, read);
    }
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
    } else if (const std::optional<Event>& event = slot.object->event()) {
      given.fault = static_cast<std::uint8_t>(event->type);
      given.s2 = event->S2;
    }
    const auto allowed = [&] {
      // Asking about one answer is cheaper.
      const bool allows = m_reference.allows(slot.id, given, slot.begin, m_now);
      return allows ? std::vector<Answer>{given} : m_reference.allowed(slot.id, slot.begin, m_now);
    };
    judge(slot.id, given, answer.tlb_hit, m_reference.current(slot.id), allowed, clause_answer);
    if (slot.fast) m_world.smmu.engine().in_flight().leave(slot.token, m_world.now);
    slot.object.reset();
    slot.used = false;
    slot.known = {};
  }

  // ---- queues

  // @return whether there was anything to do
  bool queue() {
    const bool worked = m_world.work_on(m_world.commands());
    const std::uint32_t cons = m_world.read(0x9c);
    if ((cons & CMDQ_CONS_ERR) != 0) disagree("a command is refused", "IHI 0070 7.1");
    const std::uint32_t mask = (2U << World::log2_cmds) - 1;
    while ((m_consumed & mask) != (cons & mask)) {
      consumed(m_commands[m_consumed]);
      ++m_consumed;
    }
    drain_events();
    if (!worked && m_world.commands().busy()) ++m_tallies.syncs_waited;
    return worked;
  }

  bool speculating() {
    const Speculation* speculation = m_world.smmu.interface().speculation();
    return speculation != nullptr && speculation->running();
  }

  // One operation of a lookup that nobody has asked for, or its beginning.
  void speculate() {
    Speculation* speculation = m_world.smmu.interface().speculation();
    if (speculation == nullptr) return;
    if (!speculation->waiting()) {
      const auto due = speculation->due();
      if (!due) return;
      m_world.now = std::max(m_world.now, *due);
      if (speculation->step(m_world.now) != smmu::Step::need) return;
    }
    ++m_now;
    const smmu::MemoryOp& op = speculation->op();
    smmu::MemoryAnswer answer;
    answer.time = op.time;
    for (unsigned n = 0; n < op.size / 8U; ++n)
      smmu::store_word(answer.data, n, m_memory.read(op.address + 8U * n));
    say([&] { return "  speculation reads " + std::string(op.purpose) + " at " + hex(op.address); });
    speculation->complete(answer);
    speculation->step(m_world.now);
    ++m_tallies.speculative_reads;
  }

  void consumed(const std::array<Word, 2>& words) {
    say([&] {
      return std::string("  ") + opcode_name(static_cast<std::uint8_t>(words[0])) + " is carried out";
    });
    m_reference.consumed(words[0], words[1], m_now);
    if ((words[0] & 0xff) == 0x46) return;
    const Command command = Command::decode(words[0], words[1]);
    m_hits.consumed(command);
    for (Slot& s : m_slots) {
      s.overtaken = true;
      s.known = {};
      if (s.used && !s.fast && s.step == smmu::Step::need) {
        ++m_tallies.overtaken[static_cast<unsigned>(step_kind(s.object->op().address))];
      }
    }
  }

  // Software takes events as they come.
  void drain_events() {
    while (m_world.work_on(m_world.events())) {
    }
    const std::uint32_t prod = m_world.read(0x100a8);
    if (prod != m_events) m_world.write(0x100ac, prod);
    m_events = prod;
  }

  const Schedule& m_schedule;
  Tallies& m_tallies;
  Memory m_memory;
  World m_world;
  Reference m_reference;
  Hits m_hits;
  std::array<Slot, slots> m_slots;
  std::vector<std::array<Word, 2>> m_commands;
  std::uint32_t m_queued = 0;
  std::uint32_t m_consumed = 0;
  std::uint32_t m_events = 0;
};

}  // namespace

std::optional<Disagreement> run(const Schedule& schedule, Tallies& tallies, std::vector<std::string>* log) {
  return Run(schedule, tallies, log).run();
}

Schedule shrink(Schedule schedule) {
  return smmu::invalidation::shrink(std::move(schedule), [](const Schedule& s) {
    Tallies tallies;
    return run(s, tallies).has_value();
  });
}

std::string report(const Schedule& schedule) {
  Tallies tallies;
  std::vector<std::string> log;
  const std::optional<Disagreement> d = run(schedule, tallies, &log);
  std::ostringstream s;
  s << "seed " << schedule.seed << ", " << (schedule.two_level ? "two-level" : "linear") << " Stream table, "
    << (schedule.large_caches ? "large" : "small") << " caches, image " << unsigned{schedule.image} << "\n";
  return s.str() + smmu::invalidation::text_of(log, d);
}

}  // namespace smmuvp::smmuv3::invalidation
