// Anything that software, devices and memory can do to an SMMUv3 core.
#include <cstddef>
#include <cstdint>

#include "smmuv3_driver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smmuvp::smmuv3::SmmuV3Driver(data, size).run();
  return 0;
}
