// What a component that is a processor can do.
#pragma once
#include <cstdint>

#include "smmuvp/base/export.h"

namespace smmuvp {

class MemoryWriteListener;

/// A processor.
class SMMUVP_EXPORT CpuControl {
 public:
  virtual ~CpuControl() = default;
  /// A range that is memory: the CPU asks for DMI on it when simulation starts. Called before simulation.
  virtual void add_memory(std::uint64_t base, std::uint64_t size) = 0;
  /// Start state: program counter, X0 to X3. Called before simulation.
  virtual void set_start(std::uint64_t pc, std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                         std::uint64_t x3) = 0;
  virtual MemoryWriteListener* write_listener() = 0;
  /// For messages: where the processor is now, or was last.
  virtual std::uint64_t program_counter() const = 0;
  virtual std::uint64_t instructions() const = 0;
};

}  // namespace smmuvp
