// Faults that are injected into what an SMMUv3 does by itself.
#include "../smmu/at/injector.h"
#include "at_bench.h"

namespace smmuvp::at {
namespace {

constexpr std::uint32_t eventq_prod = 0x100a8;
constexpr std::uint32_t gerror = 0x60;

class InjectedAlone : public At {
 protected:
  ~InjectedAlone() override { b.smmu.set_injector(nullptr); }
  void inject(InjectionPoint point, const char* what, const Injection& injection, unsigned nth = 1) {
    script.arm(point, what, injection, nth);
    b.smmu.set_injector(&script);
  }
  tlm::tlm_response_status access(std::uint64_t va, std::uint32_t sid = 7) {
    Operation op;
    op.address = va;
    op.data.resize(4);
    op.stream_id = sid;
    const auto status = b.blocking(b.master, op).status;
    wait(ns(5000));
    return status;
  }
  std::uint64_t event(unsigned n) { return b.world.memory.read(smmuv3::World::eventq + 32 * n, 8); }

  Script script;
};

// 7.3.4, 7.3.10
TEST_F(InjectedAlone, AnAbortOfAnStructureIsRecordedWithItsAddress) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    inject(InjectionPoint::own_access, "STE", injected(InjectionKind::abort));
    EXPECT_EQ(access(0x10000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(event(0) & 0xff, 0x03U);
    EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq + 24, 8), smmuv3::World::strtab + 64 * 7);
    inject(InjectionPoint::own_access, "CD", injected(InjectionKind::abort));
    EXPECT_EQ(access(0x10000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(event(1) & 0xff, 0x09U);
    EXPECT_EQ(access(0x10000), tlm::TLM_OK_RESPONSE) << "nothing of it is kept (5.2)";
  });
}

// 7.3.17
TEST_F(InjectedAlone, AConflictIsRecorded) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    warm(0x10000);
    inject(InjectionPoint::lookup, "lookup", injected(InjectionKind::conflict));
    EXPECT_EQ(access(0x10000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(event(0), 0x20U | 7ULL << 32);
    EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq + 16, 8), 0x10000U);
    EXPECT_EQ(access(0x10000), tlm::TLM_OK_RESPONSE);
  });
}

// 7.1
TEST_F(InjectedAlone, ACommandWhoseFetchAbortsIsFetchedAgainWhenTheErrorIsAcknowledged) {
  b.in_simulation([&] {
    inject(InjectionPoint::own_access, "command", injected(InjectionKind::abort), 2);
    b.push(0x46);
    b.push(0x46);
    wait(ns(5000));
    EXPECT_EQ(b.reg(0x9c), 2U << 24 | 1U) << "CERROR_ABT, at the second";
    EXPECT_EQ(b.reg(gerror), 1U);
    b.set(0x64, 1);
    wait(ns(5000));
    EXPECT_EQ(b.reg(0x9c) & 0xff, 2U);
    EXPECT_EQ(script.seen.size(), 3U);
  });
}

// 7.2.2
TEST_F(InjectedAlone, ARecordThatCannotBeWrittenIsLostAndTold) {
  b.in_simulation([&] {
    inject(InjectionPoint::own_access, "event", injected(InjectionKind::abort));
    EXPECT_EQ(access(0x10000, 9), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.reg(gerror), 1U << 2);
    EXPECT_EQ(b.reg(eventq_prod), 0U);
    EXPECT_EQ(event(0), 0U) << "it is not written";
  });
}

// 7.4: OVFLG is toggled, and the record is discarded
TEST_F(InjectedAlone, AQueueThatLooksFullOverflows) {
  b.in_simulation([&] {
    inject(InjectionPoint::record, "event-queue", injected(InjectionKind::full));
    access(0x10000, 9);
    EXPECT_EQ(b.reg(eventq_prod), 1U << 31);
    b.set(0x100ac, 1U << 31);
    access(0x10000, 9);
    EXPECT_EQ(b.reg(eventq_prod), 1U << 31 | 1U);
    EXPECT_EQ(script.seen.size(), 2U);
  });
}

// 4.7.3
TEST_F(InjectedAlone, ACmdSyncThatIsDelayedIsConsumedLater) {
  b.in_simulation([&] {
    inject(InjectionPoint::sync, "sync", injected(InjectionKind::delay, 50'000'000));
    b.push(0x46);
    wait(ns(49'000));
    EXPECT_EQ(b.reg(0x9c), 0U);
    wait(ns(2'000));
    EXPECT_EQ(b.reg(0x9c), 1U);
    ASSERT_EQ(script.seen.size(), 1U);
    EXPECT_EQ(script.seen[0].of, "CMD_SYNC");
    b.push(0x46);
    wait(ns(1'000));
    EXPECT_EQ(b.reg(0x9c), 2U);
  });
}

// 3.18, 7.5
TEST_F(InjectedAlone, AnMsiMayAbortGetLostOrComeLate) {
  constexpr std::uint64_t place = 0x7000'0040;
  const auto sync = [&] {
    b.world.memory.write(place, 0);
    b.push(6ULL << 32 | 1U << 12 | 0x46, place);
    wait(ns(5'000));
  };
  b.in_simulation([&] {
    inject(InjectionPoint::own_access, "MSI", injected(InjectionKind::abort));
    sync();
    EXPECT_EQ(b.world.memory.read(place, 4), 0U);
    EXPECT_EQ(b.reg(gerror), 1U << 4) << "MSI_CMDQ_ABT_ERR";
    EXPECT_EQ(script.seen.at(0).of, "cmdq_sync");
    b.set(0x64, 1U << 4);
    inject(InjectionPoint::own_access, "MSI", injected(InjectionKind::drop));
    sync();
    EXPECT_EQ(b.world.memory.read(place, 4), 0U);
    EXPECT_EQ(b.reg(gerror) ^ b.reg(0x64), 0U) << "nobody is told";
    inject(InjectionPoint::own_access, "MSI", injected(InjectionKind::delay, 100'000'000));
    sync();
    EXPECT_EQ(b.world.memory.read(place, 4), 0U);
    wait(ns(100'000));
    EXPECT_EQ(b.world.memory.read(place, 4), 6U);
  });
}

TEST_F(InjectedAlone, AWiredInterruptMayGetLostOrComeLate) {
  b.in_simulation([&] {
    const auto fault = [&] {  // the queue becomes non-empty
      b.set(0x100ac, b.reg(eventq_prod));
      access(0x10000, 9);
    };
    b.set(0x50, 4);  // EVENTQ_IRQEN
    inject(InjectionPoint::interrupt, "interrupt", injected(InjectionKind::drop));
    b.event_at = {};
    fault();
    EXPECT_EQ(b.event_at, sc_time());
    EXPECT_EQ(script.seen.at(0).of, "eventq_irq");
    fault();
    EXPECT_NE(b.event_at, sc_time());
    inject(InjectionPoint::interrupt, "interrupt", injected(InjectionKind::delay, 30'000'000));
    const sc_time begin = sc_time_stamp();
    fault();
    EXPECT_LT(b.event_at, begin);
    wait(ns(30'000));
    EXPECT_GE(b.event_at, begin + ns(30'000));
  });
}

}  // namespace
}  // namespace smmuvp::at
