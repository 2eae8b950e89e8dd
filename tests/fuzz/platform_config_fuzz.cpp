// Whatever text a configuration has: it is read, or refused with a ConfigError.
#include <cstdint>
#include <string>

#include "config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    smmuvp::platform::read_config_text({reinterpret_cast<const char*>(data), size}, "fuzz.toml", "/");
  } catch (const smmuvp::ConfigError&) {
  }
  return 0;
}
