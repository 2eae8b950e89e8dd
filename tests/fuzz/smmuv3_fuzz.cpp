// Anything that software, devices and memory can do to an SMMUv3 core.
#include <cstddef>
#include <cstdint>

#include "smmuv3_driver.h"

using smmuvp::smmuv3::FuzzBench;
using smmuvp::smmuv3::SmmuV3Driver;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FuzzBench bench;
  SmmuV3Driver driver(bench, data, size, SmmuV3Driver::Checkpoints::none, 200);
  driver.run();
  return 0;
}
