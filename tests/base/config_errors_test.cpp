// Several mistakes of a configuration at once.
#include "smmuvp/base/config_errors.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace smmuvp {
namespace {

std::vector<ConfigError> two() { return {{"first", "smmu0", "one"}, {"second", "two"}}; }

TEST(ConfigErrors, AreAConfigErrorOfTheFirstWhoseTextHasAll) {
  try {
    throw ConfigErrors(two());
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.key(), "first");
    EXPECT_STREQ(e.what(), "smmu0: one\ntwo");
  }
}

TEST(ConfigErrors, AreFoundOneByOne) {
  EXPECT_TRUE(config_errors_of([] {}).empty());
  const auto one = config_errors_of([] { throw ConfigError("key", "text"); });
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].key(), "key");
  const auto several = config_errors_of([] { throw ConfigErrors(two()); });
  ASSERT_EQ(several.size(), 2U);
  EXPECT_EQ(several[1].key(), "second");
  EXPECT_STREQ(several[0].text(), "one");
  EXPECT_THROW(config_errors_of([] { throw std::runtime_error("other"); }), std::runtime_error);
}

TEST(ConfigErrors, AreThrownOnlyIfThereAreAny) {
  EXPECT_NO_THROW(throw_config_errors({}));
  try {
    throw_config_errors({ConfigError("key", "text")});
    FAIL() << "nothing is thrown";
  } catch (const ConfigErrors&) {
    FAIL() << "one mistake is no list";
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.key(), "key");
  }
  EXPECT_THROW(throw_config_errors(two()), ConfigErrors);
}

}  // namespace
}  // namespace smmuvp
