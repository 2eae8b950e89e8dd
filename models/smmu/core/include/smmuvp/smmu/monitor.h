// What performance monitors are told of accesses.
#pragma once

#include <cstdint>

#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// Things that happen on the way of a stream's accesses, and on that of what an SMMU looks up by itself.
enum class MonitoredEvent : std::uint8_t {
  access,          ///< a transaction, or a part of one, has come to a TBU; a retried one comes again
  micro_tlb_miss,  ///< its TBU asks the TCU
  config_miss,     ///< the TCU has to fetch configuration for it, once an access
  tlb_miss,        ///< it has to be walked for: nothing is in the TLB, or nothing that serves it
  walk_access,     ///< a table walk reads or updates a descriptor, for whomever
  config_access,   ///< a configuration structure is read, for whomever
  ats_request,     ///< an ATS Translation Request has come
  ats_translated,  ///< an ATS Translated transaction has come
};

/// Whose it is, and when.
struct MonitoredCause {
  std::uint8_t port = 0;  ///< the TBU, where one has to do with it
  std::uint32_t stream_id = 0;
  bool secure_stream = false;  ///< as AccessRequest::secure_stream
  TimePs time = 0;
};

class Monitor {
 public:
  virtual ~Monitor() = default;
  virtual void happened(MonitoredEvent event, const MonitoredCause& cause) = 0;
};

}  // namespace smmuvp::smmu
