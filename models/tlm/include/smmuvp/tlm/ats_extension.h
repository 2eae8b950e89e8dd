// What an SMMU and a device with an Address Translation Cache tell each other (IHI 0070 3.9; PCIe ATS and
// PRI).
#pragma once
#include <cstdint>
#include <tlm>

#include "smmuvp/base/export.h"

namespace smmuvp {
struct SMMUVP_EXPORT AtsExtension;
struct SMMUVP_EXPORT AtsMessageExtension;
}  // namespace smmuvp
// Their types and ids have one home, the library smmuvp-tlm, for whoever uses them.
extern template class SMMUVP_EXPORT tlm::tlm_extension<smmuvp::AtsExtension>;
extern template class SMMUVP_EXPORT tlm::tlm_extension<smmuvp::AtsMessageExtension>;

namespace smmuvp {

/// How a Translation Request ends.
enum class AtsStatus : std::uint8_t {
  unanswered,           ///< nobody knew what it was
  success,              ///< a Translation Completion with data, although it may give no rights
  unsupported_request,  ///< UR
  completer_abort,      ///< CA
};

/// From a device, upstream. With AccessExtension::ats it makes of a payload
///   TranslationRequest  a read of 8 bytes, which carry nothing, at the untranslated address;
///   PageRequest         a write of 8 bytes, which carry nothing, at the page's address.
/// StreamID, SubstreamID (PASID), `privileged` and `instruction` (Execute Requested, Privileged Mode
/// Requested) are those of AccessExtension. Whoever answers a Translation Request with a `status` gives
/// TLM_OK_RESPONSE, whatever the status. A Page Request is posted: TLM_OK_RESPONSE says that it was taken.
/// Translated transactions need no more than AccessExtension::ats.
struct SMMUVP_EXPORT AtsExtension : tlm::tlm_extension<AtsExtension> {
  // ---- in, Translation Request
  bool no_write = false;  ///< NW: the device does not ask for write permission

  // ---- in, Page Request
  std::uint16_t PRGI = 0;  ///< Page Request Group Index, 9 bits
  bool last = false;       ///< L: of its group. Without `read` and `write`: a Stop Marker
  bool read = false;       ///< R: asked for. Out, Translation Request: granted
  bool write = false;      ///< W: likewise

  // ---- out, Translation Request that ended with success
  AtsStatus status = AtsStatus::unanswered;
  std::uint64_t translated_address = 0;  ///< of the first byte of the region
  std::uint8_t size_shift = 12;          ///< log2 of the region's bytes, 12 at least; it holds the address
  bool execute = false;                  ///< Exe
  bool privileged = false;               ///< Priv
  bool global = false;                   ///< G
  bool untranslated_only = false;        ///< U: the region must be accessed by untranslated transactions
  bool no_snoop = false;                 ///< N
  std::uint8_t attributes = 0;           ///< AMA, 3 bits; 0 where not supported

  tlm_extension_base* clone() const override;
  void copy_from(const tlm_extension_base& other) override {
    *this = static_cast<const AtsExtension&>(other);
  }
};

enum class AtsMessage : std::uint8_t { invalidate, page_response };

/// Response Code of a Page Response (PCIe 10.4.2.2).
enum class PageResponseCode : std::uint8_t { success = 0, invalid_request = 1, response_failure = 15 };

/// From an SMMU to a device, by the SMMU's port `ats`: a write of 8 bytes, which carry nothing. StreamID and
/// SubstreamID, with its valid flag, are those of AccessExtension.
///   invalidate     Its transport returns when the device has completed the invalidation: nothing uses the
///                  entries any more, and what had used them has reached the SMMU. The address is that of the
///                  payload. TLM_GENERIC_ERROR_RESPONSE: no completion came in time.
///   page_response  posted
/// TLM_ADDRESS_ERROR_RESPONSE: there is no such device.
struct SMMUVP_EXPORT AtsMessageExtension : tlm::tlm_extension<AtsMessageExtension> {
  AtsMessage message = AtsMessage::invalidate;
  // ---- invalidate
  std::uint8_t size_shift = 12;  ///< log2 of the range's bytes, 12 to 64; 64: all addresses
  bool global = false;           ///< G: of all PASIDs
  // ---- page_response
  std::uint16_t PRGI = 0;
  PageResponseCode code = PageResponseCode::success;

  tlm_extension_base* clone() const override;
  void copy_from(const tlm_extension_base& other) override {
    *this = static_cast<const AtsMessageExtension&>(other);
  }
};

}  // namespace smmuvp
