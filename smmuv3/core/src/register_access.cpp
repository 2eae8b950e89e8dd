#include "smmuvp/smmuv3/register_access.h"

#include <optional>
#include <string>

namespace smmuvp::smmuv3 {

// Accesses of other sizes, and to two registers at once, are CONSTRAINED UNPREDICTABLE.
bool legal_register_access(const RegisterFile& registers, Diag& diag, std::uint32_t offset, unsigned bytes,
                           bool write, std::uint64_t value, const char* clause, std::uint32_t base) {
  const char* what = write ? "write" : "read";
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) {
    diag.guest_error("register.size",
                     std::string("a ") + what + " of " + std::to_string(bytes) +
                         " bytes is no aligned access of 4 or 8 bytes; it is RAZ/WI",
                     clause, {}, base + offset);
    return false;
  }
  const std::optional<Located> at = registers.locate(offset);
  const bool whole = at && at->bytes == 8;
  if (bytes == 8 && !whole && (at || registers.locate(offset + 4))) {
    diag.guest_error("register.pair", std::string("a 64-bit ") + what + " of two 32-bit registers is RAZ/WI",
                     clause, {}, base + offset);
    return false;
  }
  if (!at && write && value != 0) {
    diag.guest_error("register.reserved", "a write to a Reserved location has no effect", clause, {},
                     base + offset);
  }
  return true;
}

}  // namespace smmuvp::smmuv3
