// What a component that is a memory can do.
#pragma once
#include <cstdint>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// Notified of writes to memory that come over a bus, so that translated code can be dropped.
class SMMUVP_EXPORT MemoryWriteListener {
 public:
  virtual ~MemoryWriteListener() = default;
  /// @param address  physical address of the first byte
  virtual void memory_written(std::uint64_t address, std::uint64_t length) = 0;
};

/// A memory: one buffer that CPUs and models share.
class SMMUVP_EXPORT MemoryControl {
 public:
  virtual ~MemoryControl() = default;
  virtual std::uint8_t* data() = 0;
  virtual std::uint64_t size() const = 0;  ///< bytes
  /// Where the configuration put it in the CPU's address map. Called once, before simulation.
  virtual void set_base(std::uint64_t base) = 0;
  /// `writer` is called for writes through sockets (not for a CPU's own stores through the shared buffer).
  virtual void add_write_listener(MemoryWriteListener* listener) = 0;
};

}  // namespace smmuvp
