// What a component that is a serial port can do, and where its bytes go.
#pragma once
#include <cstdint>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// Where a serial port's bytes go to and come from.
class SMMUVP_EXPORT ConsoleBackend {
 public:
  virtual ~ConsoleBackend() = default;
  virtual void put(std::uint8_t byte) = 0;
  /// @return the next input byte, or -1 if there is none now.
  virtual int get() = 0;
  /// True if input may still come; false lets the model stop polling.
  virtual bool has_input() const = 0;
};

class SMMUVP_EXPORT ConsoleControl {
 public:
  virtual ~ConsoleControl() = default;
  virtual void set_backend(ConsoleBackend* backend) = 0;
};

}  // namespace smmuvp
