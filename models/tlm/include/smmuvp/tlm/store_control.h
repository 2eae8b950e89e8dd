// What a processor that stores to memory by pointer can tell of its stores.
#pragma once

#include <cstdint>

#include "smmuvp/base/export.h"

namespace smmuvp {

class StoreControl;

/// Told of stores that it has asked for. A processor executes instructions by blocks.
class SMMUVP_EXPORT StoreListener {
 public:
  virtual ~StoreListener() = default;
  /// Stores have been made, by instructions from `first` up to but not including `end`: before anything that
  /// the processor does behind them, an access to a device for example. Does not wait.
  /// @param time_ps  of the processor, which may be ahead of simulated time
  virtual void stores_made(StoreControl& by, std::uint64_t first, std::uint64_t end,
                           std::uint64_t time_ps) = 0;
};

/// A processor whose stores to memory are noticed by somebody else, a PageWatch for example.
class SMMUVP_EXPORT StoreControl {
 public:
  virtual ~StoreControl() = default;
  /// Called before simulation. nullptr: nobody
  virtual void set_store_listener(StoreListener* listener) = 0;
  /// A store has been noticed, by this processor or another one: the listener is to be called. May be called
  /// in a signal handler.
  virtual void note_store() = 0;
  /// Within stores_made(): which of those instructions stored to a physical address. The last that accesses
  /// it, as far as registers tell that now; else the first that accesses memory.
  virtual std::uint64_t store_site(std::uint64_t first, std::uint64_t end, std::uint64_t physical) = 0;
};

}  // namespace smmuvp
