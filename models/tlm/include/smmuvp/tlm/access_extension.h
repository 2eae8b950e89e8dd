// The payload extension that carries what the generic payload lacks for a System MMU.
#pragma once
#include <cstdint>
#include <tlm>

#include "smmuvp/base/export.h"
#include "smmuvp/pgtable/types.h"

namespace smmuvp {
struct SMMUVP_EXPORT AccessExtension;
}
// Its type and its id have one home, the library smmuvp-tlm, for whoever uses it.
extern template class SMMUVP_EXPORT tlm::tlm_extension<smmuvp::AccessExtension>;

namespace smmuvp {

using pgtable::AddressSpace;
using pgtable::Shareability;

/// What an ATS-capable device asks for (IHI 0070 3.9.1). None is an ordinary, untranslated access. Requests
/// have an AtsExtension (ats_extension.h).
enum class AtsPhase : std::uint8_t { None, TranslationRequest, Translated, PageRequest };

/// In: who asks and how. Out: what the translation found, for whatever is downstream.
/// A request without this extension is a Non-secure, unprivileged data access of the port's default StreamID.
struct SMMUVP_EXPORT AccessExtension : tlm::tlm_extension<AccessExtension> {
  // ---- in, set by the initiator
  AddressSpace address_space = AddressSpace::non_secure;  ///< of the request (NS, IHI 0070 3.10.1)
  /// The stream is a Secure one (SEC_SID, IHI 0070 3.10.1), as is that of every request of Secure space. It
  /// may ask for Non-secure space too.
  bool secure_stream = false;
  std::uint32_t stream_id = 0;     ///< StreamID, local to the SMMU
  bool stream_valid = false;       ///< false: the port's default StreamID applies
  std::uint32_t substream_id = 0;  ///< SubstreamID (PASID), 20 bits
  bool substream_valid = false;    ///< SSV
  bool privileged = false;         ///< PnU: privileged (true) or unprivileged
  bool instruction = false;        ///< InD: instruction fetch (true) or data
  AtsPhase ats = AtsPhase::None;
  /// The request brings memory attributes of its own. Else an SMMU takes it for Normal Write-Back, Read- and
  /// Write-Allocate, Non-shareable (IHI 0070 13.1.3).
  bool attributes_valid = false;
  std::uint8_t request_memory_type = 0;  ///< MAIR encoding, allocation hints included
  Shareability request_shareability = Shareability::non_shareable;
  std::uint64_t tag = 0;  ///< the initiator's own, kept unchanged; a processor gives its number

  // ---- out, set by the SMMU for the downstream access
  AddressSpace output_space = AddressSpace::non_secure;
  std::uint8_t memory_type = 0;  ///< MAIR encoding of the resulting memory type
  Shareability shareability = Shareability::non_shareable;
  std::uint8_t allocation_hints : 4;  ///< bit 0 read-allocate, bit 1 write-allocate, bit 2 transient
  /// Page-Based Hardware Attributes, PBHA[3:0]: bits [62:59] of the translation's descriptors where IDR3.PBHA
  /// is 1 and software has enabled them (IHI 0070 5.4, CD.HWU059), else 0. What they mean is IMPLEMENTATION
  /// DEFINED, by whatever is downstream.
  std::uint8_t pbha : 4;
  /// MPAM, for memory that partitions its resources by it (IHI 0070 chapter 17): PARTID and PMG of the stream
  /// or of the SMMU's own access where IDR3.MPAM is 1, else 0; and the space that they are of, Non-secure or
  /// Secure (MPAM_NS).
  std::uint8_t mpam_pmg = 0;
  AddressSpace mpam_space = AddressSpace::non_secure;
  std::uint16_t mpam_partid = 0;
  std::uint16_t mecid = 0;

  AccessExtension() : allocation_hints(0), pbha(0) {}
  tlm_extension_base* clone() const override;
  void copy_from(const tlm_extension_base& other) override {
    *this = static_cast<const AccessExtension&>(other);
  }
};

}  // namespace smmuvp
