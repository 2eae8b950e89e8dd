// What a platform asks of a component that is a PCI host, for its node of the device tree.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// A target port that is a window into PCI memory space.
struct PciWindow {
  std::string port;
  std::uint32_t space;    ///< phys.hi of `ranges` (IEEE 1275 PCI binding 2.2.1.1), 0x02000000: 32-bit memory
  std::uint64_t address;  ///< PCI address of the window's first byte
};

/// A capability, as those that component.h lists. bindings/pci/host-generic-pci.
class SMMUVP_EXPORT PciHost {
 public:
  virtual ~PciHost() = default;
  /// The target port with configuration space, the only one that `reg` lists.
  virtual std::string config_port() const = 0;
  virtual std::vector<PciWindow> windows() const = 0;
  /// Line outputs of INTA to INTD, as they are on the root bus.
  virtual std::vector<std::string> interrupt_pins() const = 0;
  /// How many requester IDs there are: the length of `msi-map`.
  virtual std::uint32_t requester_ids() const = 0;
};

}  // namespace smmuvp
