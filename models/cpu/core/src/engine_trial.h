// Finds out on an engine of its own what PublicAccess can do with the installed library.
#pragma once

#include <cstring>

#include "engine_public.h"

namespace smmuvp::cpu {

/// A value of a saved context, at an offset that the trial found.
template <class T>
T context_value(const uc_context* context, size_t offset) {
  T value;
  std::memcpy(&value, reinterpret_cast<const char*>(context) + offset, sizeof value);
  return value;
}

/// Empty, or what the library cannot do that there is no way around.
std::string try_public_interface(PublicTraits& traits);

}  // namespace smmuvp::cpu
