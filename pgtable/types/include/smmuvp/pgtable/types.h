// What page tables share with whoever carries their answers: TLM payloads, too.
#pragma once

#include <cstdint>

namespace smmuvp::pgtable {

/// Physical address space (Realm and Root come with RME).
enum class AddressSpace : std::uint8_t { non_secure, secure, realm, root };

/// Shareability, encoded as SH fields are. Value 1 is reserved.
enum class Shareability : std::uint8_t { non_shareable = 0, reserved = 1, outer = 2, inner = 3 };

}  // namespace smmuvp::pgtable
