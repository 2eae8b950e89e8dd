// What a program may tell an SMMU about payloads that have no AccessExtension, and learn about the SMMU's
// own.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <tlm>

#include "smmuvp/pgtable/types.h"

namespace smmuvp {

/// Whose a transaction is, as AccessExtension has it: what an SMMU knows of the client beside the payload.
struct Identity {
  pgtable::AddressSpace address_space = pgtable::AddressSpace::non_secure;
  std::uint32_t stream_id = 0;     ///< StreamID, local to the SMMU
  std::uint32_t substream_id = 0;  ///< SubstreamID (PASID), 20 bits; the others are ignored
  bool substream_valid = false;    ///< SSV
  bool privileged = false;         ///< PnU
  bool instruction = false;        ///< InD; writes are data whatever it says
  bool secure_stream = false;      ///< SEC_SID of an SMMUv3; also where address_space is Secure
};

/// Tells whose a payload is, for masters that know no AccessExtension. `identity` comes with what the SMMU
/// has found, the TBU's default StreamID or an extension's content, and is changed in place. Called for each
/// transaction, debug ones included, some of them twice; may neither wait nor change the payload.
using IdentityHook = std::function<void(const tlm::tlm_generic_payload& payload, Identity& identity)>;

/// Tells what stays in order: non-blocking transactions of one TBU and the same key are forwarded and
/// answered in the order of their requests.
using OrderHook =
    std::function<std::uint64_t(const tlm::tlm_generic_payload& payload, const Identity& identity)>;

/// An access that an SMMU makes by itself.
struct OwnAccess {
  /// What is read or written, as the trace point smmu.fetch calls it: "L1STD", "STE", "CD" and "TTD" (a
  /// descriptor of a translation table) for transactions, "command" and "event" for queues.
  std::string_view purpose;
  /// For a transaction: at which TBU it is, and whose. None for queues.
  std::optional<unsigned> tbu = {};
  std::optional<Identity> client = {};
  bool debug = false;  ///< goes by transport_dbg
};

/// Called with each access of the SMMU's own, before it leaves by the walk socket: to attach what the bus
/// behind it asks for. An extension is made by new and attached by set_extension(); the SMMU frees it after
/// the access, by tlm_extension_base::free(). May neither wait nor change anything else of the payload.
using OwnAccessHook = std::function<void(tlm::tlm_generic_payload& payload, const OwnAccess& access)>;

}  // namespace smmuvp
