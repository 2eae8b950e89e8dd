// An interrupt output that a parameter makes edge or level.
#pragma once
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/export.h"
#include "smmuvp/tlm/line_driver.h"

namespace smmuvp {

/// Its owner tells both what happens and what holds, and need not know which of them the line shows:
/// PulseOutput shows the requests, LevelOutput the level.
class SMMUVP_EXPORT InterruptOutput {
 public:
  virtual ~InterruptOutput() = default;
  /// Something has happened that is to interrupt, whether or not the reason for the last one still holds.
  virtual void request() = 0;
  /// Forgets requests that are not on the line yet, for example because the interrupt was switched off.
  virtual void cancel() = 0;
  /// Whether there is a reason to interrupt.
  virtual void set(bool level) = 0;
  /// Which of the two it shows.
  virtual bool shows_level() const { return false; }
  /// Requests that met one of their kind still waiting, and are not seen by themselves.
  virtual std::uint64_t coalesced() const { return 0; }
  virtual void reset_statistics() {}
  /// After loading, the owner calls set() again: a level is saved where its reason is.
  virtual void visit(Archive& archive) = 0;
};

/// High while there is a reason to interrupt.
class LevelOutput : public InterruptOutput {
 public:
  LevelOutput(const sc_core::sc_module_name& name, LineOut& line) : m_driver(name, line) {}
  void request() override {}
  void cancel() override {}
  void set(bool level) override { m_driver.set(level); }
  bool shows_level() const override { return true; }
  void visit(Archive&) override {}

 private:
  LineDriver m_driver;
};

}  // namespace smmuvp
