// SPDX-License-Identifier: MIT
//
// What goes over the ATS interface: IHI 0070 3.9.1, 4.5, chapter 8, 13.7.
#pragma once

#include <cstdint>
#include <memory>

#include "naive.h"

namespace naive_smmuv3 {

struct Lookup;

/// An ATS Translation Request. Without a PASID (SSV) there is no Exe and no Priv (13.7).
struct TranslationRequest {
  uint64_t address = 0;
  uint32_t StreamID = 0;
  bool SSV = false;
  uint32_t SubstreamID = 0;
  bool NW = true;  ///< No Write: the device does not ask for write permission
  bool Exe = false;
  bool Priv = false;
  naive::Space SEC_SID = naive::Space::non_secure;
  unsigned span = 1;  ///< in STUs. One entry is answered, whatever it says; F_BAD_ATS_TREQ records it
};

struct TranslationCompletion {
  enum class Status { success, unsupported_request, completer_abort };
  Status status = Status::unsupported_request;
  // With success, one Completion Data Entry
  bool R = false, W = false, Exe = false, Priv = false;
  bool G = false, U = false, N = false;  ///< never set (3.9.1, 13.6.2.1, 13.6.4)
  uint64_t address =
      0;               ///< of the span, aligned to it: a PA, or an IPA in Split-stage ATS. 0 with R == W == 0
  unsigned shift = 0;  ///< the span is of 2^shift bytes
  std::shared_ptr<const Lookup> lookup;  ///< where a walk granted something
};

/// An ATS Invalidate Request to a device (4.5.1)
struct AtcInvalidation {
  uint32_t StreamID = 0;
  bool SSV = false;
  uint32_t SubstreamID = 0;
  bool Global = false;
  uint64_t address = 0;  ///< aligned to the span; 0 where that is everything
  unsigned shift = 12;   ///< the span is of 2^shift bytes; 64 is everything
  bool operator==(const AtcInvalidation&) const = default;
};

/// What comes back for one. A UR of the device counts as completed (3.9.1.5).
enum class AtcAnswer { completed, timed_out };

/// A PRI message of a device. SSV && Last && !W && !R is a Stop PASID marker (chapter 8).
struct PageRequest {
  uint32_t StreamID = 0;
  bool SSV = false;
  uint32_t SubstreamID = 0;
  uint64_t address = 0;
  unsigned PRGIndex = 0;
  bool Last = false, W = false, R = false, X = false, Priv = false;
  naive::Space SEC_SID = naive::Space::non_secure;
};

/// A PRG Response Message to a device, of CMD_PRI_RESP or automatic. ResponseCode: 8.3
struct PrgResponse {
  uint32_t StreamID = 0;
  bool SSV = false;
  uint32_t SubstreamID = 0;
  unsigned PRGIndex = 0;
  unsigned ResponseCode = 0;
  naive::Space SEC_SID = naive::Space::non_secure;  ///< as of the request; of a command always Non-secure
  bool operator==(const PrgResponse&) const = default;
};

constexpr unsigned PRG_SUCCESS = 0b0000;
constexpr unsigned PRG_INVALID_REQUEST = 0b0001;
constexpr unsigned PRG_RESPONSE_FAILURE = 0b1111;

}  // namespace naive_smmuv3
