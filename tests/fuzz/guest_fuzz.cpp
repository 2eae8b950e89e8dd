// The guest's readers of foreign bytes, compiled for the host (tests/sw). GUEST_TARGET is one of theirs.
#include <cstddef>
#include <cstdint>

extern "C" int GUEST_TARGET(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  GUEST_TARGET(data, size);
  return 0;
}
