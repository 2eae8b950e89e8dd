// How TLB maintenance of processors reaches others: a capability of whom it comes from, and one of whom it
// concerns.
#pragma once

#include <systemc>

#include "smmuvp/base/broadcast_tlbi.h"
#include "smmuvp/base/export.h"

namespace smmuvp {

/// Somebody in the shareability domain of the processors that caches translations.
class SMMUVP_EXPORT TlbiListener {
 public:
  virtual ~TlbiListener() = default;
  /// False: nothing is to be sent, and senders may spare themselves the work. Does not change.
  virtual bool listens_to_tlbi() const = 0;
  /// The entries have gone when this returns, and pointers that were given have been withdrawn. Does not
  /// wait.
  virtual void tlbi_arrives(const BroadcastTlbi& tlbi) = 0;
  /// Synchronisation, as DSB asks for: all accesses that may have used what has gone have ended after
  /// `delay`, which the caller is ahead of simulated time. It grows to their end where that is known, and is
  /// waited for where it is not, from an SC_THREAD.
  virtual void complete_tlbis(sc_core::sc_time& delay) = 0;
};

/// A processor that broadcasts.
class SMMUVP_EXPORT TlbiSource {
 public:
  virtual ~TlbiSource() = default;
  /// To be told from now on, as long as it lives. Called before simulation, for one that listens.
  virtual void add_tlbi_listener(TlbiListener& listener) = 0;
};

}  // namespace smmuvp
