// Non-blocking transactions of an SMMUv3: synchronisation, stalls, checkpoints.
#include <sstream>

#include "../smmu/at/by_hand.h"
#include "at_bench.h"

namespace smmuvp::at {
namespace {

// ---- synchronisation

TEST_F(At, CmdSyncWaitsForATransactionUntilItsEndResp) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  b.master.end = Master::End::later;
  b.master.end_delay = ns(500);
  b.in_simulation([&] {
    warm(0x10000);
    const Operation& op = b.master.read(0x10000);
    wait(ns(100));
    b.push(0x46);
    wait(ns(2000));
    EXPECT_EQ(b.reg(0x9c), 0U);
    b.target.release();
    wait(ns(400));
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.reg(0x9c), 0U) << "END_RESP is still to come";
    wait(ns(200));
    EXPECT_EQ(b.reg(0x9c), 1U);
  });
}

TEST_F(At, CmdSyncDoesNotWaitForATransactionThatHasNotArrived) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    warm(0x10000);
    Raw raw(0x10000);
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay = ns(3000);
    EXPECT_EQ(b.tbu(2).nb_transport_fw(raw.payload, phase, delay), tlm::TLM_ACCEPTED);
    b.push(0x46);
    wait(ns(2000));
    EXPECT_EQ(b.reg(0x9c), 1U);
    b.pulse_reset();  // and a reset does not touch it
    EXPECT_EQ(raw.payload.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
    ArchiveWriter saved;  // away with it: nobody listens for its response
    b.smmu.visit(saved);
    ArchiveReader reader(saved.data());
    b.smmu.visit(reader);
    EXPECT_EQ(raw.payload.get_ref_count(), 1);
  });
}

// ---- stalls

TEST_F(At, AnAccessThatWaitsForRoomForItsRecordHoldsOnlyWhatMustStayBehindIt) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  sc_core::sc_event release;
  b.in_simulation([&] {
    warm(0x10000, 7);
    warm(0x10000, 9);
    b.tables.blocked = &release;  // the Event queue is not written
    const std::uint64_t room = 16 + 1;
    for (std::uint64_t i = 0; i < room; ++i) b.master.read(0x90000 + 16 * i, 7);
    wait(ns(30000));
    EXPECT_EQ(b.master.order.size(), room - 1);
    b.master.read(0x10000, 7);
    const Operation& other = b.master.read(0x10000, 9);
    wait(ns(1000));
    EXPECT_EQ(b.master.order.size(), room) << "the other stream's";
    EXPECT_EQ(b.master.order.back(), &other);
    b.tables.blocked = nullptr;
    release.notify();
    wait(ns(10000));
    EXPECT_TRUE(b.master.all_done());
    EXPECT_EQ(b.master.order.size(), room + 2);
    EXPECT_EQ(b.reg(0x100a8), room) << "no record is lost";
  });
}

// ---- checkpoints

TEST_F(At, AStateSavedWithTransactionsOpenIsLoadedWithoutThemAndTheirMasterSendsThemAgain) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.world.memory.write(0x8000'0000, 0x11, 4);
  b.world.memory.write(0x9000'0000, 0x22, 4);
  b.in_simulation([&] {
    warm(0x10000, 7);
    b.target.held = [](std::uint64_t) { return true; };
    b.tables.held = [](std::uint64_t) { return true; };
    Operation& downstream = b.master.read(0x10000, 7);
    Operation& walking = b.master.read(0x10000, 9);
    wait(ns(500));
    b.push(0x46);  // waits for both
    wait(ns(500));
    EXPECT_EQ(b.reg(0x9c), 0U);
    ArchiveWriter saved;
    b.smmu.visit(saved);
    ASSERT_TRUE(saved.ok()) << saved.error();
    EXPECT_EQ(b.above.open(), 2U) << "saving changes nothing";

    ArchiveReader reader(saved.data());
    b.smmu.visit(reader);
    EXPECT_TRUE(reader.complete()) << reader.error();
    b.master.forget_payloads();
    b.above.clear();
    wait(ns(100));
    EXPECT_EQ(b.reg(0x9c), 1U) << "there is nothing to wait for any more";
    b.target.held = {};
    b.tables.held = {};
    for (Operation* op : {&downstream, &walking}) b.master.send(*op);
    wait(ns(1000));
    EXPECT_EQ(downstream.data, (std::vector<std::uint8_t>{0x11, 0, 0, 0}));
    EXPECT_EQ(walking.data, (std::vector<std::uint8_t>{0x22, 0, 0, 0}));
    EXPECT_TRUE(b.master.all_done());
    b.target.release();  // what targets answer of before is dropped
    b.tables.release();
    wait(ns(100));
    EXPECT_EQ(b.master.order.size(), 2U);
  });
}

TEST_F(At, AStateIsNeitherSavedNorLoadedWhileABlockingTransactionIsUnderWay) {
  map(7, 0x10000, 0x8000'0000);
  sc_core::sc_event release;
  b.target.blocked = &release;
  b.in_simulation([&] {
    std::stringstream idle;
    EXPECT_FALSE(b.smmu.save(idle));
    sc_core::sc_spawn([&] {
      Operation op;
      op.address = 0x10000;
      op.data.resize(4);
      op.write = true;
      b.blocking(b.master, op);
    });
    b.target1.held = [](std::uint64_t) { return true; };
    const Operation& other = b.master1.read(0x10000);
    wait(ns(1000));
    std::ostringstream busy;
    for (const auto& error : {b.smmu.save(busy), b.smmu.load(idle)}) {
      ASSERT_TRUE(error);
      EXPECT_EQ(to_text(*error),
                "bench.smmu0 (smmuv3), tbus/b_transport: a transaction is under way in bench.smmu0.tbu_0, "
                "expected a time at which none is: it lives on its caller's stack");
    }
    EXPECT_EQ(busy.str(), "");
    b.target1.release();
    wait(ns(100));
    EXPECT_EQ(other.status, tlm::TLM_OK_RESPONSE) << "what could not be loaded has changed nothing";
    release.notify();
    wait(ns(1000));
    std::ostringstream after;
    EXPECT_FALSE(b.smmu.save(after));
  });
}

}  // namespace
}  // namespace smmuvp::at
