// Anything that software, devices and memory can do to an SMMUv2 core.
#include <cstddef>
#include <cstdint>

#include "smmuv2_driver.h"

using smmuvp::smmuv2::FuzzBench;
using smmuvp::smmuv2::SmmuV2Driver;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FuzzBench bench;
  SmmuV2Driver driver(bench, data, size, SmmuV2Driver::Checkpoints::none, 200);
  driver.run();
  return 0;
}
