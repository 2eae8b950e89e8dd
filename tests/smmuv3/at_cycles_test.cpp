// What an access takes, as docs/smmu-engine.md derives it: sums of parameters, which both styles have to
// give.
#include <algorithm>
#include <string>
#include <vector>

#include "../smmu/at/agreement.h"

namespace smmuvp::at {
namespace {

/// Clocks of the default parameters; no word of the engine.
struct Clocks {
  std::uint64_t of(const std::string& name) const { return params.uint(name); }
  Params params = SmmuV3<>::default_params();
  std::uint64_t clock_ps = of("clock_ps");
  std::uint64_t port = of("port_latency");
  std::uint64_t micro_tlb = of("micro_tlb_latency");
  std::uint64_t link = of("link_latency");
  std::uint64_t config = of("config_latency");
  std::uint64_t tlb = of("tlb_latency");
  std::uint64_t walk_cache = of("walk_cache_latency");
  std::uint64_t ipa_cache = of("ipa_cache_latency");
  std::uint64_t walker = of("walker_latency");
  std::uint64_t command = of("command_latency");
  std::uint64_t memory = 20;  // the targets of the bench
  std::uint64_t fetch = of("walk_port_latency") + memory;
  std::uint64_t to_tcu = port + micro_tlb + link;
  /// Before stage 2 is walked: a lookup in the IPA cache that misses, and one in the walk cache.
  std::uint64_t stage2 = ipa_cache + walk_cache;
};

class Cycles : public Agreement {
 protected:
  /// One access, in both styles.
  void expect(std::uint64_t clocks, const std::function<void()>& prepare, std::uint64_t address,
              tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE) {
    const Result r = agree(prepare, address);
    EXPECT_EQ(r.takes, time(clocks));
    EXPECT_EQ(r.status, status);
  }
  sc_time time(std::uint64_t clocks) const {
    return {static_cast<double>(clocks * c.clock_ps), sc_core::SC_PS};
  }

  struct Sent {
    std::uint64_t at;  ///< clocks from the beginning; non-blocking ones may go earlier, and wait for END_REQ
    unsigned tbu;
    std::uint32_t stream_id;
    std::uint64_t address;
  };
  /// Several accesses, in both styles. @param ends  clocks from the beginning, of each, in order
  void expect(const std::vector<Sent>& all, const std::vector<std::uint64_t>& ends,
              const std::function<void()>& prepare) {
    for (const bool blocking : {true, false}) {
      b.tables.accept = b.target.accept = b.target1.accept = time(1);
      b.in_simulation([&] {
        b.fresh();
        prepare();
        wait(ns(1000));
        const sc_time begin = sc_time_stamp();
        std::vector<const Operation*> sent;
        for (std::size_t i = 0; i < all.size(); ++i) {
          const Sent& s = all[i];
          Master& master = s.tbu == 0 ? b.master : b.master1;
          if (blocking) {
            Operation op;
            op.address = s.address;
            op.data.resize(4);
            op.stream_id = s.stream_id;
            const Bench::Blocking r = b.blocking(master, op, begin + time(s.at) - sc_time_stamp());
            EXPECT_EQ(sc_time_stamp() + r.delay - begin, time(ends[i])) << i;
          } else {
            if (begin + time(s.at) > sc_time_stamp()) wait(begin + time(s.at) - sc_time_stamp());
            sent.push_back(&master.read(s.address, s.stream_id));
          }
        }
        wait(ns(5000));
        std::vector<sc_time> answered;  // what comes at one time has no order
        for (const Operation* op : sent) answered.push_back(op->answered - begin);
        std::sort(answered.begin(), answered.end());
        for (std::size_t i = 0; i < answered.size(); ++i) EXPECT_EQ(answered[i], time(ends[i])) << i;
      });
    }
  }

  /// As warm(), at the third TBU: the TCU knows the answer, and the other TBUs do not.
  void warm_tcu(std::uint64_t va, std::uint32_t sid = 7) {
    Operation op;
    op.address = va;
    op.data.resize(4);
    op.stream_id = sid;
    EXPECT_EQ(b.blocking(b.master2, op).status, tlm::TLM_OK_RESPONSE);
    wait(ns(1000));
  }
  pgtable::Builder& nested() {
    pgtable::Builder& ipas = b.world.guest();
    EXPECT_TRUE(ipas.map(0x2000'0000, 0x9000'0000, 0x2000));
    return b.world.nested_stream(7, ipas);
  }

  const Clocks c;
};

// ---- hits

TEST_F(Cycles, AHitOfTheMicroTlb) {
  expect(
      c.port + c.micro_tlb + c.memory,
      [this] {
        map(7, 0x10000, 0x8000'0000);
        warm(0x10000);
      },
      0x10010);
}

TEST_F(Cycles, AHitOfTheMainTlb) {
  expect(
      c.to_tcu + c.config + c.tlb + c.link + c.memory,
      [this] {
        map(7, 0x10000, 0x8000'0000);
        warm_tcu(0x10000);
      },
      0x10010);
}

TEST_F(Cycles, ConfigurationIsFetchedAndTheMainTlbHits) {
  expect(
      c.to_tcu + c.config + 2 * c.fetch + c.tlb + c.link + c.memory,
      [this] {  // another stream has the same tables and ASID
        pgtable::Builder& t = map(9, 0x10000, 0x8000'0000);
        warm_tcu(0x10000, 9);
        b.world.put(smmuv3::World::cd_address(7), smmuv3::cd_for(t.config(), 9));
        b.world.put_ste(7, smmuv3::ste_stage1(smmuv3::World::cd_address(7)));
      },
      0x10010);
}

// ---- stage 1

TEST_F(Cycles, TheWalkCacheHasTheLastTable) {
  expect(
      c.to_tcu + c.config + c.tlb + c.walker + c.walk_cache + c.fetch + c.link + c.memory,
      [this] {
        map(7, 0x10000, 0x8000'0000, 0x2000);
        warm(0x10000);
      },
      0x11010);
}

TEST_F(Cycles, AColdAccessThroughFourLevelsOfStage1) {
  expect(
      c.to_tcu + c.config + 2 * c.fetch + c.tlb + c.walker + c.walk_cache + 4 * c.fetch + c.link + c.memory,
      [this] {
        pgtable::Config config = smmuv3::Stage2World::stage1_config();
        for (auto& t : config.stage1.tables) t.TxSZ = 16;
        pgtable::Builder& t = b.world.builder(config);
        ASSERT_TRUE(t.map(0x10000, 0x8000'0000, 0x1000));
        b.world.put(smmuv3::World::cd_address(7), smmuv3::cd_for(t.config(), 7));
        b.world.put_ste(7, smmuv3::ste_stage1(smmuv3::World::cd_address(7)));
      },
      0x10010);
}

// ---- stage 2 and both

TEST_F(Cycles, AColdAccessThroughThreeLevelsOfStage2) {
  expect(
      c.to_tcu + c.config + c.fetch + c.tlb + c.walker + c.stage2 + 3 * c.fetch + c.link + c.memory,
      [this] {
        pgtable::Builder& ipas = b.world.ipa_space();
        ASSERT_TRUE(ipas.map(0x10000, 0x8000'0000, 0x1000));
        b.world.stage2_stream(7, ipas);
      },
      0x10010);
}

TEST_F(Cycles, AColdAccessThroughBothStages) {
  // CD and tables of stage 1 share a table of level 2 of stage 2, the tables share one of level 3 too; the
  // page shares none with them.
  const std::uint64_t cd = c.walker + c.stage2 + 3 * c.fetch + c.fetch;
  const std::uint64_t tables = (c.stage2 + 2 * c.fetch + c.fetch) + 2 * (c.stage2 + c.fetch + c.fetch);
  const std::uint64_t page = c.stage2 + 3 * c.fetch;
  expect(
      c.to_tcu + c.config + c.fetch + cd + c.tlb + c.walker + c.walk_cache + tables + page + c.link +
          c.memory,
      [this] { ASSERT_TRUE(nested().map(0x10000, 0x2000'0000, 0x1000)); }, 0x10010);
}

TEST_F(Cycles, TheCachesKnowTheTablesOfBothStagesAndTheIpa) {
  // The last table of stage 1, and where stage 2 has it; one descriptor; and where stage 2 has the page.
  expect(
      c.to_tcu + c.config + c.tlb + c.walker + c.walk_cache + c.ipa_cache + c.fetch + c.ipa_cache + c.link +
          c.memory,
      [this] {
        pgtable::Builder& t = nested();
        ASSERT_TRUE(t.map(0x10000, 0x2000'0000, 0x1000));
        ASSERT_TRUE(t.map(0x11000, 0x2000'0000, 0x1000));
        warm(0x10000);
      },
      0x11010);
}

// ---- no translation

TEST_F(Cycles, ABypassOfTheSteIsFetchedOnce) {
  const auto bypass = [this] { b.world.put_ste(7, smmuv3::ste_bypass()); };
  expect(c.to_tcu + c.config + c.fetch + c.link + c.memory, bypass, 0x8000'0010);
  expect(
      c.port + c.micro_tlb + c.memory,
      [&] {
        bypass();
        warm(0x8000'0000);
      },
      0x8000'0010);
}

TEST_F(Cycles, ADisabledSmmuTakesItsPortAlone) {
  expect(
      c.port + c.memory, [this] { b.set(0x20, 0); }, 0x8000'0010);
}

// ---- contention

TEST_F(Cycles, TwoTbusShareTheWalkPort) {
  const std::uint64_t alone =
      c.to_tcu + c.config + 2 * c.fetch + c.tlb + c.walker + c.walk_cache + 3 * c.fetch + c.link + c.memory;
  expect({{0, 0, 7, 0x10000}, {0, 1, 9, 0x10000}}, {alone, alone + 1}, [this] {  // a request a clock
    map(7, 0x10000, 0x8000'0000);
    map(9, 0x10000, 0x9000'0000);
  });
}

TEST_F(Cycles, TwoTbusShareTheLanesOfTheConfigurationCache) {
  const std::uint64_t alone = c.to_tcu + c.config + c.tlb + c.link + c.memory;
  ASSERT_EQ(c.of("config_slots"), 3U);
  ASSERT_EQ(c.of("tlb_slots"), 3U);
  // Four come in three clocks: the last waits for the lane of the first, and then finds the main TLB free.
  expect({{0, 0, 7, 0x10000}, {0, 1, 7, 0x10000}, {1, 0, 7, 0x11000}, {2, 1, 7, 0x11000}},
         {alone, alone, 1 + alone, c.config + alone}, [this] {
           map(7, 0x10000, 0x8000'0000, 0x2000);
           warm_tcu(0x10000);
           warm_tcu(0x11000);
         });
}

TEST_F(Cycles, TwoTbusThatMissOnePageShareAWalk) {
  const std::uint64_t alone =
      c.to_tcu + c.config + c.tlb + c.walker + c.walk_cache + c.fetch + c.link + c.memory;
  const std::uint64_t hit = c.to_tcu + c.config + c.tlb + c.link + c.memory;
  const std::uint64_t walk_begin = c.to_tcu + c.config + c.tlb;  // and looks up there as late as that
  const std::uint64_t walk_end = walk_begin + c.walker + c.walk_cache + c.fetch;
  const auto prepare = [this] {
    map(7, 0x10000, 0x8000'0000, 0x2000);
    warm_tcu(0x10000);
  };
  const std::uint64_t last = walk_end - walk_begin - 1;
  for (const std::uint64_t at :
       {std::uint64_t{1}, last}) {  // within the walk: both have their answer at once
    expect({{0, 0, 7, 0x11000}, {at, 1, 7, 0x11010}}, {alone, alone}, prepare);
  }
  expect({{0, 0, 7, 0x11000}, {last + 1, 1, 7, 0x11010}}, {alone, last + 1 + hit}, prepare);
}

TEST_F(Cycles, TwoTbusThatAreColdFetchConfigurationEachAndShareAWalk) {
  const std::uint64_t alone =
      c.to_tcu + c.config + 2 * c.fetch + c.tlb + c.walker + c.walk_cache + 3 * c.fetch + c.link + c.memory;
  for (const std::uint64_t at : {1U, 5U, 40U}) {
    expect({{0, 0, 7, 0x10000}, {at, 1, 7, 0x10010}}, {alone, alone},
           [this] { map(7, 0x10000, 0x8000'0000); });
  }
}

TEST_F(Cycles, AnAccessWaitsForTheFirstSlotThatIsFree) {
  const std::uint64_t memory = 500;
  b.target.latency = [&](const Payload&) { return time(memory); };
  const std::uint64_t alone = c.port + c.micro_tlb + memory;
  std::vector<Sent> all;
  std::vector<std::uint64_t> ends;
  for (unsigned i = 0; i < slots; ++i) {
    all.push_back({i, 0, 7, 0x10000});
    ends.push_back(i + alone);
  }
  all.push_back({slots, 0, 7, 0x10000});
  ends.push_back(ends.front() + alone);
  expect(all, ends, [this] {
    map(7, 0x10000, 0x8000'0000);
    warm(0x10000);
  });
}

// ---- commands and faults

TEST_F(Cycles, AnInvalidationAndASynchronisationTakeTwoCommandsAndWaitForTheAccessThatIsOpen) {
  const std::uint64_t commands = 2 * (c.fetch + c.command);
  const std::uint64_t written = 1;  // the write of PROD takes a clock
  for (const std::uint64_t memory : {0ULL, 500ULL}) {
    for (const bool blocking : {true, false}) {
      b.target.latency = [&](const Payload&) { return time(memory); };
      b.in_simulation([&] {
        b.fresh();
        map(7, 0x10000, 0x8000'0000);
        warm(0x10000);
        b.world.memory.write(smmuv3::World::cmdq, 0x30);
        b.world.memory.write(smmuv3::World::cmdq + 16, 0x46 | 1 << 12);
        const sc_time begin = sc_time_stamp();
        Operation op;
        op.address = 0x10010;
        op.data.resize(4);
        if (memory != 0 && blocking) b.blocking(b.master, op);
        if (memory != 0 && !blocking) b.master.read(op.address);
        wait(ns(10));
        b.set(0x98, 2);
        wait(ns(2000));
        EXPECT_EQ(b.reg(0x9c), 2U);
        const std::uint64_t end = memory == 0 ? 10 + written + commands : c.port + c.micro_tlb + memory;
        EXPECT_EQ(b.synced_at - begin, time(end));
      });
    }
  }
}

TEST_F(Cycles, AFaultIsAnsweredOverTheLinkAndItsRecordIsWrittenMeanwhile) {
  const std::uint64_t known =
      c.to_tcu + c.config + 2 * c.fetch + c.tlb + c.walker + c.walk_cache + 3 * c.fetch;
  const auto prepare = [this] {
    map(7, 0x10000, 0x8000'0000);
    b.set(0x50, 4);  // EVENTQ_IRQEN
  };
  expect(known + c.link, prepare, 0x11000, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  for (const bool blocking : {true, false}) {
    b.in_simulation([&] {
      b.fresh();
      prepare();
      wait(ns(100));
      const sc_time begin = sc_time_stamp();
      Operation op;
      op.address = 0x11000;
      op.data.resize(4);
      if (blocking) b.blocking(b.master, op);
      if (!blocking) b.master.read(op.address);
      wait(ns(2000));
      EXPECT_EQ(b.event_at - begin, time(known + c.fetch));
    });
  }
}

}  // namespace
}  // namespace smmuvp::at
