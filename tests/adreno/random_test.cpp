// Repeatable random inputs for the fuzz target.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "smmuvp/test/core.h"
#include "smmuvp/test/course.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace smmuvp {
namespace {

TEST(AdrenoRandom, NothingThatSoftwareSendsBreaksARule) {
  const test::Course course(1, 3000);
  course.run([](std::uint64_t seed) {
    test::Random random(seed);
    std::vector<std::uint8_t> input(64 + random.below(2000));
    for (std::uint8_t& byte : input) byte = static_cast<std::uint8_t>(random.next());
    SCOPED_TRACE(seed);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return true;
  });
}

}  // namespace
}  // namespace smmuvp
