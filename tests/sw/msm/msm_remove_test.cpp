// What becomes of an Adreno GPU's users when it is unbound under them, with memory that is freed for good:
// the sanitizers see whoever touches it.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "host_msm.h"

namespace {

bool says(const std::string& text) { return std::string(host_messages()).find(text) != std::string::npos; }

class Removal : public ::testing::Test {
 protected:
  void SetUp() override {
    host_start();
    ASSERT_EQ(host_probe(), 0);
    ASSERT_EQ(host_get(), 0);
    ASSERT_EQ(host_open(), 0);
    host_let_work(false);
  }
};

TEST_F(Removal, EndsAJobUnderWayAndWaitsUntilItsUserHasGone) {
  ASSERT_EQ(host_submit(), 0);
  ASSERT_EQ(host_submit(), 0) << "one that waits behind it";
  EXPECT_EQ(host_status(), -EINPROGRESS);
  host_meanwhile([] {
    EXPECT_EQ(host_status(), -ENODEV);
    EXPECT_EQ(host_submit(), -ENODEV);
    EXPECT_TRUE(host_translates()) << "the user has tables yet";
    EXPECT_EQ(host_close(), 0);
    host_put();
  });
  host_remove();
  EXPECT_FALSE(host_translates());
  EXPECT_NE(host_get(), 0) << "nobody finds it any more";
  host_end_of_test(0, 0);
}

TEST_F(Removal, KeepsAJobThatWasDoneBefore) {
  ASSERT_EQ(host_submit(), 0);
  host_let_work(true);
  // Closing waits for the job, and for the tables to be out of use.
  EXPECT_EQ(host_close(), 0);
  EXPECT_EQ(host_status(), 0);
  host_put();
  host_remove();
  host_end_of_test(0, 0);
}

// Who has submitted comes to it only now.
TEST_F(Removal, ArmsNoWatchdogBehindItself) {
  ASSERT_EQ(host_submit(), 0);
  EXPECT_TRUE(host_timer_armed());
  host_in_reset([] {
    EXPECT_FALSE(host_timer_armed());
    EXPECT_EQ(host_status(), -EINPROGRESS);
    host_watch();
    EXPECT_FALSE(host_timer_armed());
    EXPECT_EQ(host_submit(), -ENODEV);
  });
  host_meanwhile([] {
    EXPECT_EQ(host_close(), 0);
    host_put();
  });
  host_remove();
  host_end_of_test(0, 0);
}

TEST_F(Removal, LeavesAGpuStoppedThatWasToBeReset) {
  ASSERT_EQ(host_submit(), 0);
  const unsigned before = host_starts();
  host_recover();
  host_meanwhile([] {
    EXPECT_FALSE(host_queue_exists());
    host_recover();
    EXPECT_NE(host_status(), -EINPROGRESS);
    EXPECT_EQ(host_close(), 0);
    host_put();
  });
  host_remove();
  EXPECT_EQ(host_starts(), before);
  host_end_of_test(0, 0);
}

// The user's process; the driver's own, the ring, what the GPU writes, the tables of the upper half.
TEST_F(Removal, FreesNothingThatABusyGpuMayReach) {
  ASSERT_EQ(host_submit(), 0);
  host_stay_busy();
  host_meanwhile([] {
    EXPECT_EQ(host_status(), -ENODEV);
    EXPECT_EQ(host_close(), -EIO);
    host_put();
  });
  host_remove();
  EXPECT_TRUE(says("stays busy"));
  EXPECT_TRUE(says("what process 1 had is not freed"));
  EXPECT_TRUE(says("its ring and its tables are not freed"));
  EXPECT_FALSE(host_translates());
  host_end_of_test(2 * 2 + 2 + 1, 2);
}

TEST_F(Removal, LetsTheGpuBeBoundAgain) {
  ASSERT_EQ(host_submit(), 0);
  host_meanwhile([] {
    EXPECT_EQ(host_close(), 0);
    host_put();
  });
  host_remove();
  host_let_work(true);
  ASSERT_EQ(host_probe(), 0);
  host_remove();
  host_end_of_test(0, 0);
}

}  // namespace
