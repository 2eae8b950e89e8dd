// Transactions that are under way when an SMMUv3 is saved go on in another one. Masters, targets and memory
// are saved beside it, as a whole system is.
#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <sstream>

#include "../smmu/at/by_hand.h"
#include "at_bench.h"
#include "smmuvp/tlm/resume_extension.h"

namespace smmuvp::at {

Bench& bench() {
  static Bench b("bench");
  return b;
}

namespace {

/// Where states are loaded that bench() has saved.
Bench& other() {
  static Bench b("other");
  return b;
}

std::vector<Master*> masters_of(Bench& b) { return {&b.master, &b.master1}; }
std::vector<Target*> targets_of(Bench& b) { return {&b.target, &b.target1, &b.tables}; }

struct Snapshot {
  sc_time at;
  std::string smmu;
  smmu::TestMemory memory;
  std::vector<std::vector<Master::Saved>> masters;
  std::vector<std::vector<Target::Saved>> targets;
};

std::string saved_smmu(Bench& b) {
  std::ostringstream out;
  const auto error = b.smmu.save(out);
  EXPECT_FALSE(error) << to_text(*error);
  return out.str();
}

Snapshot save(Bench& b) {
  Snapshot s{sc_time_stamp(), saved_smmu(b), b.world.memory, {}, {}};
  for (const Master* m : masters_of(b)) s.masters.push_back(m->save());
  for (const Target* t : targets_of(b)) s.targets.push_back(t->save());
  return s;
}

void load_smmu(Bench& b, const std::string& saved) {
  std::istringstream in(saved);
  const auto error = b.smmu.load(in);
  EXPECT_FALSE(error) << to_text(*error);
}

/// In the simulation.
void load(Bench& b, const Snapshot& s) {
  b.world.memory = s.memory;
  load_smmu(b, s.smmu);
  for (Checker* c : b.checkers()) c->clear();
  for (std::size_t i = 0; i < s.targets.size(); ++i) targets_of(b)[i]->load(s.targets[i]);
  for (std::size_t i = 0; i < s.masters.size(); ++i) masters_of(b)[i]->load(s.masters[i]);
}

/// Where two states part behind length and checksum, for a reader: names stand before their values.
std::string difference(const std::string& a, const std::string& b) {
  if (a == b) return "";
  const auto from = a.begin() + static_cast<std::ptrdiff_t>(std::min(a.find("tbus"), a.size()));
  const auto b_from = b.begin() + static_cast<std::ptrdiff_t>(std::min(b.find("tbus"), b.size()));
  const auto at = std::mismatch(from, a.end(), b_from, b.end()).first - a.begin();
  std::string text = "they part behind ";
  for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, at - 200); i < at; ++i) {
    const char c = a[static_cast<std::size_t>(i)];
    if (c >= ' ' && c <= '~') text += c;
  }
  return text;
}

/// What happened after a moment, in times since then. What comes at that moment itself may have come before
/// the state was saved: a blocking operation of the SMMU's own that was under way then is made again.
struct Course {
  Strings responses;
  Strings forwarded;
  std::string end;  // the SMMU's state

  static Course of(Bench& b, const sc_time& from) {
    Course c;
    for (Master* m : masters_of(b)) {
      for (const Operation* op : m->order) {
        if (op->answered < from) continue;
        std::ostringstream line;
        line << m->basename() << " 0x" << std::hex << op->address << " sid " << op->stream_id << " status "
             << op->status << " at " << op->answered - from << " data";
        for (const std::uint8_t byte : op->data) line << ' ' << unsigned{byte};
        c.responses.push_back(line.str());
      }
      for (const Operation& op : m->operations) {
        std::ostringstream line;
        line << m->basename() << " 0x" << std::hex << op.address << " accepted at " << op.accepted - from;
        if (op.accepted >= from) c.responses.push_back(line.str());
      }
    }
    for (const Target* t : targets_of(b)) {
      for (const Target::Seen& s : t->seen) {
        std::ostringstream line;
        line << t->basename() << " 0x" << std::hex << s.address << " of " << s.length << " at "
             << s.at - from;
        if (s.at > from) c.forwarded.push_back(line.str());
      }
    }
    c.end = saved_smmu(b);
    return c;
  }
  void expect_same(const Course& whole) const {
    EXPECT_EQ(responses, whole.responses);
    EXPECT_EQ(forwarded, whole.forwarded);
    EXPECT_EQ(difference(end, whole.end), "") << "caches, bookings, counters, queues";
  }
};

class AtCheckpoint : public At {
 protected:
  static constexpr double enough = 20'000;

  void SetUp() override {
    At::SetUp();
    for (Target* t : targets_of(o)) t->defaults();
    for (Master* m : {&o.master, &o.master1, &o.master2}) m->defaults();
    o.in_simulation([this] { o.fresh(); });
    for (Target* t : targets_of(o)) t->seen.clear();
    for (Checker* c : o.checkers()) c->clear();
  }
  void TearDown() override {
    At::TearDown();
    for (const Checker* c : o.checkers()) c->expect_idle();
    for (const Master* m : masters_of(o)) {
      EXPECT_TRUE(m->all_done());
      EXPECT_EQ(m->references(), 0);
    }
    for (const Target* t : targets_of(o)) EXPECT_EQ(t->missing(), 0U) << "was not sent again";
  }
  /// Page by page, so that a transaction can be cut; nothing behind 0x12000.
  void map_streams() {
    for (const std::uint32_t sid : {7U, 9U, 10U}) {
      const std::uint64_t pa = 0x8000'0000 + (std::uint64_t{sid} << 20);
      ASSERT_TRUE(map(sid, 0x10000, pa).map(0x11000, pa + 0x8000, 0x1000));
      for (std::uint64_t i = 0; i < 64; ++i) {
        b.world.memory.at(pa + i) = static_cast<std::uint8_t>(sid + i);
        b.world.memory.at(pa + 0xfc0 + i) = static_cast<std::uint8_t>(sid + 2 * i);
        b.world.memory.at(pa + 0x8000 + i) = static_cast<std::uint8_t>(sid + 3 * i);
      }
    }
  }
  /// In the simulation: misses, hits, parts, faults, an error from downstream, more than there are slots, and
  /// a CMD_SYNC. The second TBU's come between the cycles of the first one's: of what two TBUs do at one time
  /// no order is promised, nor saved.
  void begin() {
    std::uint64_t id = 0;
    const auto named = [&id](Operation& op) { op.id = ++id; };
    named(b.master.issue(0x10ff0, std::vector<std::uint8_t>(32, 0x5a), true, 7));
    named(b.master.issue(0x10ff0, std::vector<std::uint8_t>(32), false, 9));
    named(b.master.read(0x90000, 7));
    b.master.read(0x10020, 9);  // two of the same kind without a name
    b.master.read(0x10020, 9);
    named(b.master.read(0x11000, 7));
    named(b.master.read(0x10004, 0));
    wait(ns(0.25));
    b.master1.read(0x10008, 10);
    b.master1.issue(0x11ff8, std::vector<std::uint8_t>(16, 0xa5), true, 10);
    b.master1.read(0x10008, 9);
    b.push(0x46);
  }
  /// A course that is saved `at` after its beginning, and the rest of it from the saved state.
  void expect_same_course(const sc_time& at, const std::function<void()>& start,
                          const std::function<void()>& saved = {}) {
    Snapshot snapshot;
    Course whole;
    for (Master* m : masters_of(b)) m->clear();
    for (Target* t : targets_of(b)) t->seen.clear();
    b.in_simulation([&] {
      start();
      wait(at);
      snapshot = save(b);
      if (saved) saved();
      wait(ns(enough));
      whole = Course::of(b, snapshot.at);
    });
    Course rest;
    for (Master* m : masters_of(o)) m->clear();
    for (Target* t : targets_of(o)) t->seen.clear();
    o.in_simulation([&] {
      const sc_time from = sc_time_stamp();
      load(o, snapshot);
      EXPECT_EQ(difference(saved_smmu(o), snapshot.smmu), "") << "also while it goes on";
      wait(ns(enough));
      rest = Course::of(o, from);
    });
    rest.expect_same(whole);
  }

  Bench& o = other();
};

// ---- each of its moments

struct Kind {
  Target::Style style;
  Master::End end;
  const char* name;
};
std::ostream& operator<<(std::ostream& out, const Kind& k) { return out << k.name; }

class EachMoment : public AtCheckpoint, public ::testing::WithParamInterface<Kind> {};

TEST_P(EachMoment, TransactionsGoOnAsIfNothingHadBeenSaved) {
  for (Bench* bench : {&b, &o}) {
    for (Target* t : targets_of(*bench)) t->style = GetParam().style;
    for (Master* m : masters_of(*bench)) {
      m->end = GetParam().end;
      m->end_delay = ns(7);
    }
  }
  for (double at = 0.5; at < 700 && !HasFailure(); at += 3) {
    SCOPED_TRACE(at);
    expect_same_course(ns(at), [this] {
      b.fresh();
      map_streams();
      begin();
    });
  }
}

INSTANTIATE_TEST_SUITE_P(
    Styles, EachMoment,
    ::testing::Values(Kind{Target::Style::accepted, Master::End::later, "Accepted"},
                      Kind{Target::Style::updated_request, Master::End::completed, "UpdatedRequest"},
                      Kind{Target::Style::updated_response, Master::End::later, "UpdatedResponse"},
                      Kind{Target::Style::completed, Master::End::later, "Completed"},
                      Kind{Target::Style::early_response, Master::End::updated, "EarlyResponse"}),
    [](const ::testing::TestParamInfo<Kind>& info) { return std::string(info.param.name); });

// ---- stalls

TEST_F(AtCheckpoint, AStalledTransactionAndThoseBehindItWaitOnAndAreAnsweredInOrder) {
  sc_core::sc_event release;
  constexpr std::uint64_t room = 16 + 1;
  bool stalled = false;
  for (double at = 0.5; at < 5000 && !stalled && !HasFailure(); at += 11) {
    SCOPED_TRACE(at);
    expect_same_course(
        ns(at),
        [&] {
          b.fresh();
          map_streams();
          warm(0x10000, 7);
          b.tables.blocked = &release;  // the Event queue is not written
          for (std::uint64_t i = 0; i < room; ++i) b.master.read(0x90000 + 16 * i, 7);
          b.master.read(0x10000, 7);
          b.master.read(0x90000, 7);
          b.master.read(0x10000, 9);
        },
        [&] {
          // One is stalled, those behind it wait, and that of another stream has overtaken them.
          stalled = b.master.order.size() == room && b.above.open() == 3;
          b.tables.blocked = nullptr;
          release.notify();
        });
    EXPECT_EQ(o.reg(0x100a8), room + 1) << "no record is lost, none is written twice";
    EXPECT_EQ(o.world.memory.read(smmuv3::World::eventq + 32 * room + 16, 8), 0x90000U);
  }
  EXPECT_TRUE(stalled) << "it has come to that";
}

// ---- what is not sent again, or wrongly

/// One transaction of each of two streams, the first downstream, the second in its walk.
class Resumed : public AtCheckpoint {
 protected:
  void SetUp() override {
    AtCheckpoint::SetUp();
    map_streams();
    b.in_simulation([&] {
      warm(0x10000, 7);
      b.target.held = b.tables.held = [](std::uint64_t) { return true; };
      b.master.read(0x10000, 7).id = 1;
      b.master.read(0x10010, 9).id = second_id;
      wait(ns(500));
      b.push(0x46);
      wait(ns(500));
      snapshot = save(b);
      b.target.release();
      b.tables.release();
    });
    o.world.memory = snapshot.memory;
  }
  struct Answer {
    tlm::tlm_sync_enum status;
    tlm::tlm_phase phase;
  };
  Answer resume(Raw& raw, std::uint64_t id, std::uint32_t stream_id) {
    extension.id = id;
    extension.resumed = true;
    raw.payload.set_extension(&extension);
    auto* access = raw.payload.get_extension<AccessExtension>();
    if (access == nullptr) raw.payload.set_auto_extension(access = new AccessExtension);
    access->stream_valid = true;
    access->stream_id = stream_id;
    Answer answer{tlm::TLM_ACCEPTED, tlm::BEGIN_REQ};
    sc_time delay;
    answer.status = o.tbu(0).nb_transport_fw(raw.payload, answer.phase, delay);
    raw.payload.clear_extension(&extension);
    return answer;
  }
  void expect_refused(const std::string& why) {
    ASSERT_FALSE(Errors::all().empty());
    EXPECT_NE(
        Errors::all().back().find("/smmu-vp/other.smmu0.tbu_0.at: BEGIN_REQ of a payload that is resumed"),
        std::string::npos)
        << Errors::all().back();
    EXPECT_NE(Errors::all().back().find(why), std::string::npos) << Errors::all().back();
  }

  std::uint64_t second_id = 2;
  Snapshot snapshot;
  ResumeExtension extension;
};

class ResumedOfOneId : public Resumed {
 protected:
  ResumedOfOneId() { second_id = 1; }
};

TEST_F(ResumedOfOneId, TransactionsOfSeveralMastersBehindABusAreToldApartByWhatTheyAskFor) {
  Raw walking(0x10010);
  Raw downstream(0x10000);
  o.in_simulation([&] {
    load_smmu(o, snapshot.smmu);
    o.above.relaxed = true;  // does not see what is sent past it
    o.master.others = [](Payload&) {};
    EXPECT_EQ(resume(walking, 1, 9).status, tlm::TLM_UPDATED);
    EXPECT_EQ(resume(downstream, 1, 7).status, tlm::TLM_UPDATED);
    wait(ns(2000));
  });
  for (Raw* raw : {&walking, &downstream}) {
    EXPECT_EQ(raw->payload.get_response_status(), tlm::TLM_OK_RESPONSE);
  }
  for (Checker* c : o.checkers()) c->clear();
}

TEST_F(Resumed, WhatNobodyResumesIsForgottenWithAWarningAndKeepsNothing) {
  Errors reports;
  o.in_simulation([&] {
    load_smmu(o, snapshot.smmu);
    wait(ns(1));
    ASSERT_EQ(Errors::all().size(), 2U);
    EXPECT_EQ(
        Errors::all().front(),
        "/smmu-vp/other.smmu0.tbu_0.at: nobody has resumed the transaction (read of 4 bytes at 0x10000, id "
        "1) that was under way when the state was saved: it is forgotten. Its initiator sends it again at "
        "the time of loading, with ResumeExtension::resumed set");
    wait(ns(100));
    EXPECT_EQ(o.reg(0x9c), 1U) << "CMD_SYNC has nothing to wait for";
    for (unsigned i = 0; i < 2 * slots; ++i) o.master.read(0x10000 + 4 * i, 7);
    wait(ns(5000));
    EXPECT_TRUE(o.master.all_done());
    for (const Operation& op : o.master.operations) EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
  });
}

TEST_F(Resumed, ABlockOfSynchronisationWaitsForWhatIsResumed) {
  o.in_simulation([&] {
    load(o, snapshot);
    wait(ns(1000));
    EXPECT_EQ(o.reg(0x9c), 0U);
    EXPECT_EQ(o.below.open(), 1U);
    EXPECT_EQ(o.walks.open(), 1U);
    o.target.release();
    o.tables.release();
    wait(ns(2000));
    EXPECT_EQ(o.reg(0x9c), 1U);
    for (const Operation& op : o.master.operations) EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
  });
}

TEST_F(Resumed, WhatIsResumedAfterTheTimeOfLoadingIsRefused) {
  Errors reports;
  Raw raw(0x10000);
  o.in_simulation([&] {
    load_smmu(o, snapshot.smmu);
    wait(ns(1));
    EXPECT_EQ(resume(raw, 1, 7).status, tlm::TLM_COMPLETED);
  });
  EXPECT_EQ(raw.payload.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
  EXPECT_EQ(raw.payload.get_ref_count(), 1);
  expect_refused("no such transaction was loaded at this time. Send it without ResumeExtension::resumed");
}

TEST_F(Resumed, AnIdThatWasNotSavedIsRefused) {
  Errors reports;
  Raw raw(0x10000);
  o.in_simulation([&] {
    load_smmu(o, snapshot.smmu);
    EXPECT_EQ(resume(raw, 3, 7).status, tlm::TLM_COMPLETED);
    expect_refused("is resumed with id 3, but no such transaction");
    EXPECT_EQ(resume(raw, 0, 7).status, tlm::TLM_COMPLETED);
    expect_refused("is resumed with id 0, but no such transaction");
  });
}

TEST_F(Resumed, AnIdWhosePayloadAskedForSomethingElseIsRefused) {
  Errors reports;
  Raw raw(0x10004);
  Raw good(0x10000);
  o.in_simulation([&] {
    load_smmu(o, snapshot.smmu);
    EXPECT_EQ(resume(raw, 1, 7).status, tlm::TLM_COMPLETED);
    expect_refused("what was saved with its id is a read of 4 bytes at 0x10000, id 1");
    EXPECT_EQ(resume(good, 1, 9).status, tlm::TLM_COMPLETED) << "another StreamID";
    EXPECT_EQ(resume(good, 2, 9).status, tlm::TLM_COMPLETED) << "another address";
  });
}

TEST_F(Resumed, AnIdIsResumedOnce) {
  Errors reports;
  Raw first(0x10000);
  Raw second(0x10000);
  o.in_simulation([&] {
    load_smmu(o, snapshot.smmu);
    const Answer answer = resume(first, 1, 7);
    EXPECT_EQ(answer.status, tlm::TLM_UPDATED);
    EXPECT_EQ(answer.phase, tlm::END_REQ);
    o.above.relaxed = true;  // has not seen what was sent past it
    EXPECT_EQ(resume(second, 1, 7).status, tlm::TLM_COMPLETED);
    expect_refused("no such transaction");
    o.master.others = [](Payload&) {};
    wait(ns(2000));
  });
  EXPECT_EQ(first.payload.get_response_status(), tlm::TLM_OK_RESPONSE);
  for (Checker* c : o.checkers()) c->clear();
}

TEST_F(Resumed, AResetAtTheTimeOfLoadingAbortsThemAndSendsNothingOfThemDownstream) {
  o.in_simulation([&] {
    load(o, snapshot);
    o.pulse_reset();
    wait(ns(100));
    EXPECT_EQ(o.master.operations[0].status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(o.master.operations[1].status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    for (Target* t : {&o.target, &o.tables}) {
      EXPECT_EQ(t->missing(), 1U);
      t->load({});
    }
  });
}

TEST_F(Resumed, AMasterThatKnowsNoResumingSendsThemAnew) {
  Errors reports;
  o.in_simulation([&] {
    o.master.resumes = false;
    load(o, snapshot);
    o.target.load({});
    o.tables.load({});
    for (Operation& op : o.master.operations) o.master.send(op);
    wait(ns(2000));
    EXPECT_TRUE(o.master.all_done());
    for (const Operation& op : o.master.operations) EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(o.reg(0x9c), 1U);
  });
}

// ---- damage

/// Loads `data`, resumes what `masters` had open, and goes on for a while. @return whether it was taken
bool survive(Bench& o, const std::vector<std::uint8_t>& data, const Snapshot& s,
             const std::vector<std::uint8_t>& idle) {
  bool taken = false;
  std::deque<Raw> raws;
  ResumeExtension resume;
  resume.resumed = true;
  o.in_simulation([&] {
    for (Checker* c : o.checkers()) c->relaxed = true;
    o.world.memory = s.memory;
    ArchiveReader reader(data);
    reader.set_now(to_ps(sc_time_stamp()));
    o.smmu.visit(reader);
    taken = reader.complete();
    EXPECT_EQ(reader.error().empty(), reader.ok());
    if (!reader.ok()) {
      EXPECT_FALSE(reader.failure()->where.empty());
    }
    for (const Master::Saved& saved : s.masters[0]) {
      if (!saved.begun) continue;
      Raw& raw = raws.emplace_back(saved.operation.address);
      Payload& p = raw.payload;
      AccessExtension access;
      access.stream_valid = true;
      access.stream_id = saved.operation.stream_id == 0 ? 7 : saved.operation.stream_id;
      if (saved.operation.write) p.set_command(tlm::TLM_WRITE_COMMAND);
      p.set_data_length(static_cast<unsigned>(saved.operation.data.size()));
      p.set_streaming_width(p.get_data_length());
      resume.id = saved.operation.id;
      p.set_extension(&resume);
      p.set_auto_extension(new AccessExtension(access));
      tlm::tlm_phase phase = tlm::BEGIN_REQ;
      sc_time delay;
      const tlm::tlm_sync_enum status = o.tbu(0).nb_transport_fw(p, phase, delay);
      p.clear_extension(&resume);
      if (status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP) {
        phase = tlm::END_RESP;
        o.tbu(0).nb_transport_fw(p, phase, delay);
      }
    }
    wait(ns(3000));
    o.fresh();
    o.world.memory = s.memory;
    wait(ns(1000));
  });
  ArchiveReader nothing(idle);  // whoever has still waited for something is left alone
  o.smmu.visit(nothing);
  EXPECT_TRUE(nothing.complete()) << nothing.error();
  o.in_simulation([&] {
    o.fresh();
    o.world.memory = s.memory;
    for (Checker* c : o.checkers()) c->clear();
  });
  return taken;
}

TEST_F(AtCheckpoint, EveryDamageOfASavedStateIsRefusedByNameOrHarmless) {
  // Of nothing else than what a master sends by itself.
  o.master.others = o.master1.others = [](Payload&) {};
  Errors reports;
  std::mt19937_64 random(1);
  ArchiveWriter idle;
  o.smmu.visit(idle);
  unsigned refused = 0;
  unsigned taken = 0;
  for (const double at : {4.5, 60.5, 150.5, 260.5, 400.5}) {
    Snapshot s;
    ArchiveWriter writer;
    for (Master* m : masters_of(b)) m->clear();
    b.in_simulation([&] {
      b.fresh();
      map_streams();
      begin();
      wait(ns(at));
      s = save(b);
      writer.set_now(to_ps(sc_time_stamp()));
      b.smmu.visit(writer);
    });
    EXPECT_TRUE(survive(o, writer.data(), s, idle.data()));
    // What is under way stands at the end, behind caches and registers.
    const std::size_t size = writer.data().size();
    const std::string text(writer.data().begin(), writer.data().end());
    const std::size_t shell = text.find("shell");
    ASSERT_NE(shell, std::string::npos);
    for (unsigned n = 0; n < 150; ++n) {
      std::vector<std::uint8_t> data = writer.data();
      const std::size_t place = n % 8 == 0 ? random() % size : shell + random() % (size - shell);
      const std::uint64_t words[] = {0, 1, 2, 5, 11, 12, 255, ~0ULL, 1ULL << 63, random()};
      switch (n % 4) {
        case 0:
          data[place] = static_cast<std::uint8_t>(data[place] ^ 1U << random() % 8);
          break;
        case 1:
          data[place] = static_cast<std::uint8_t>(random());
          break;
        case 2: {
          const std::uint64_t word = words[random() % 10];
          for (std::size_t i = 0; i < 8 && place + i < size; ++i) {
            data[place + i] = static_cast<std::uint8_t>(word >> 8 * i);
          }
          break;
        }
        default:
          data.resize(place);
          break;
      }
      ++(survive(o, data, s, idle.data()) ? taken : refused);
      if (HasFailure()) FAIL() << "at " << at << ", damage " << n;
    }
  }
  EXPECT_GT(refused, 300U);
  EXPECT_GT(taken, 10U) << "else nothing has been tried";
  o.master.others = o.master1.others = nullptr;
}

}  // namespace
}  // namespace smmuvp::at

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::at::bench();
  smmuvp::at::other();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
