// Faults that are injected into accesses of either SMMU: both styles meet the same ones, at the same times.
#include <vector>

#include "agreement.h"
#include "injector.h"

namespace smmuvp::at {
namespace {

class Injected : public Agreement {
 protected:
  ~Injected() override { b.smmu.set_injector(nullptr); }
  /// From the next prepare() on.
  void inject(InjectionPoint point, const char* what, const Injection& injection, unsigned nth = 1) {
    script.arm(point, what, injection, nth);
    b.smmu.set_injector(&script);
  }
  std::function<void()> mapped() {
    return [this] {
      map(7, 0x10000, 0x8000'0000);
      script.again();
    };
  }
  std::function<void()> warmed() {
    return [this] {
      map(7, 0x10000, 0x8000'0000);
      script.on = false;
      warm(0x10000);
      script.on = true;
      script.again();
    };
  }

  Script script;
};

TEST_F(Injected, AnAbortOfADescriptorTerminatesTheAccessAndTakesAsLongInBothStyles) {
  inject(InjectionPoint::own_access, "TTD", injected(InjectionKind::abort), 2);
  const Result r = agree(mapped(), 0x10010, 8, true);
  EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
  EXPECT_EQ(script.fired, 1U);
  ASSERT_GE(script.seen.size(), 2U);
  EXPECT_EQ(script.seen[1].stage, 1U);
  EXPECT_EQ(script.seen[1].level, script.seen[0].level.value() + 1);
  EXPECT_EQ(script.seen[1].stream, 7U);
  EXPECT_EQ(script.seen[1].iova, 0x10010U);
}

TEST_F(Injected, BitsOfADescriptorThatAreInvertedDecideAsThoughMemoryHadThem) {
  inject(InjectionPoint::own_access, "TTD", injected(InjectionKind::flip, 0, 1), 3);  // V
  EXPECT_EQ(agree(mapped(), 0x10010).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  inject(InjectionPoint::own_access, "TTD", injected(InjectionKind::flip, 0, 1U << 12), 3);
  const Result r = agree(mapped(), 0x10010);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.downstream, std::vector<std::uint64_t>{0x8000'1010});
}

TEST_F(Injected, ADescriptorThatIsDelayedDelaysTheAccessByAsMuch) {
  inject(InjectionPoint::own_access, "TTD", injected(InjectionKind::delay, 700'000), 1);
  const Result r = agree(mapped(), 0x10010);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.takes, miss_time() + ns(700));
}

TEST_F(Injected, AConflictTerminatesAMissAndAHit) {
  inject(InjectionPoint::lookup, "lookup", injected(InjectionKind::conflict));
  Result r = agree(mapped(), 0x10010);
  EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
  EXPECT_EQ(script.fired, 1U);
  EXPECT_EQ(script.seen.size(), 2U) << "each access is asked about once, this and the next";
  r = agree(warmed(), 0x10010);
  EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
  EXPECT_EQ(script.fired, 1U);
}

TEST_F(Injected, ATransactionThatIsAbortedDownstreamGetsThatResponseAndIsNotSent) {
  inject(InjectionPoint::transaction, "transaction", injected(InjectionKind::abort));
  Result r = agree(warmed(), 0x10010, 8, true);
  EXPECT_EQ(r.status, tlm::TLM_GENERIC_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
  ASSERT_EQ(script.seen.size(), 2U);
  EXPECT_EQ(script.seen[0].address, 0x8000'0010U);
  EXPECT_EQ(script.seen[0].iova, 0x10010U);
}

TEST_F(Injected, ThePartThatIsAbortedIsTheLast) {
  inject(InjectionPoint::transaction, "transaction", injected(InjectionKind::abort), 2);
  const Result r = agree(
      [this] {
        ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x11000, 0x9000'0000, 0x2000));
        script.again();
      },
      0x10fe0, 64, true);
  EXPECT_EQ(r.status, tlm::TLM_GENERIC_ERROR_RESPONSE);
  EXPECT_EQ(r.downstream, std::vector<std::uint64_t>{0x8000'0fe0});
  ASSERT_GE(script.seen.size(), 2U);
  EXPECT_EQ(script.seen[1].iova, 0x11000U);
  EXPECT_EQ(script.seen[1].address, 0x9000'0000U);
}

TEST_F(Injected, AnInjectorThatInjectsNothingChangesNothing) {
  const Result without = agree(mapped(), 0x10010);
  for (const InjectionPoint point :
       {InjectionPoint::own_access, InjectionPoint::lookup, InjectionPoint::transaction}) {
    inject(point, "nothing", {});
    const Result with = agree(mapped(), 0x10010);
    EXPECT_EQ(with.takes, without.takes);
    EXPECT_EQ(with.next, without.next);
    EXPECT_EQ(with.statistics, without.statistics);
  }
}

}  // namespace
}  // namespace smmuvp::at
