// As smmuv2_fuzz, with checkpoints at any moment, damaged ones included.
#include <cstddef>
#include <cstdint>

#include "smmuv2_driver.h"

using smmuvp::smmuv2::FuzzBench;
using smmuvp::smmuv2::SmmuV2Driver;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FuzzBench bench;
  SmmuV2Driver driver(bench, data, size, SmmuV2Driver::Checkpoints::many, 200);
  driver.run();
  return 0;
}
