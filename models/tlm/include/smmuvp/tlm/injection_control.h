// A component that faults can be injected into.
#pragma once

#include <vector>

#include "smmuvp/base/injection.h"

namespace smmuvp {

class InjectionControl {
 public:
  virtual ~InjectionControl() = default;
  /// Before simulation. No part of a saved state. @param injector  outlives the component; nullptr: nobody
  virtual void set_injector(Injector* injector) = 0;
  /// Where it asks.
  virtual const std::vector<InjectionPlace>& injection_places() const = 0;
};

}  // namespace smmuvp
