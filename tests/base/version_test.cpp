#include "smmuvp/base/version.h"

#include <gtest/gtest.h>

namespace {

TEST(Version, TheHeaderHasTheVersionOfTheProject) {
  EXPECT_STREQ(SMMUVP_VERSION_TEXT, PROJECT_VERSION);
  EXPECT_EQ(std::to_string(SMMUVP_VERSION_MAJOR) + "." + std::to_string(SMMUVP_VERSION_MINOR) + "." +
                std::to_string(SMMUVP_VERSION_PATCH),
            PROJECT_VERSION);
}

#if SMMUVP_VERSION < 100
#error "SMMUVP_VERSION of 0.1.0, the first version, is 100"
#endif

}  // namespace
