// An access to translate, and the rights that a translation grants.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/types.h"

namespace smmuvp::pgtable {

/// What the access does with the location.
enum class AccessType : std::uint8_t {
  read,        ///< data read
  write,       ///< data write
  read_write,  ///< atomic: needs both rights
  execute,     ///< instruction fetch
  /// Translate only: no permission check, no dirty update (address translation requests, debuggers). v7s: a
  /// domain without access is a Domain fault all the same.
  none,
};

/// One access. `va` is the IPA where a Config has stage 2 alone.
struct WalkRequest {
  std::uint64_t va = 0;
  AccessType access = AccessType::read;
  bool privileged = true;
  /// Stage 2 alone, of a Secure configuration: of the IPA.
  AddressSpace space = AddressSpace::non_secure;
  bool table = false;        ///< stage 2 alone: what is accessed is a table or structure of stage 1 (PTW)
  bool side_effects = true;  ///< false: hardware updates of AF and dirty state are not made (debug access)
  /// Nested: the answer is the IPA that stage 1 gives, by the rights of stage 1; stage 2 translates the
  /// addresses of tables only.
  bool stage1_only = false;
  /// Of this privileged access, beside Stage1Config::PAN: neither data nor instructions where stage 1 lets
  /// unprivileged accesses in (IHI 0062 9.6.1, IDR2.DIPANS).
  bool DIPAN = false;
};

/// Effective rights of a translation: leaf and hierarchical permissions, WXN and PAN applied; all stages
/// combined. One byte, so that a TLB entry can keep it.
struct Rights {
  static constexpr std::uint8_t privileged_read = 1U << 0;
  static constexpr std::uint8_t privileged_write = 1U << 1;
  static constexpr std::uint8_t privileged_execute = 1U << 2;
  static constexpr std::uint8_t unprivileged_read = 1U << 3;
  static constexpr std::uint8_t unprivileged_write = 1U << 4;
  static constexpr std::uint8_t unprivileged_execute = 1U << 5;
  /// A write is granted, but the descriptor must first be marked dirty: the translation has to be walked
  /// again.
  static constexpr std::uint8_t write_needs_update = 1U << 6;
  /// Every right, and no update due.
  static constexpr std::uint8_t all = write_needs_update - 1;

  std::uint8_t bits = 0;

  constexpr bool has(std::uint8_t mask) const { return (bits & mask) == mask; }
  friend constexpr bool operator==(Rights a, Rights b) { return a.bits == b.bits; }
  friend constexpr bool operator!=(Rights a, Rights b) { return a.bits != b.bits; }
};

/// What two stages grant together. An update that either needs is due where a write is granted at all.
constexpr Rights combine(Rights stage1, Rights stage2) {
  const unsigned granted = stage1.bits & stage2.bits & Rights::all;
  const bool writable = (granted & (Rights::privileged_write | Rights::unprivileged_write)) != 0;
  const unsigned update = writable ? (stage1.bits | stage2.bits) & Rights::write_needs_update : 0U;
  return Rights{static_cast<std::uint8_t>(granted | update)};
}

/// Answer of check_permission.
enum class PermissionCheck : std::uint8_t {
  allowed,
  denied,        ///< Permission fault
  needs_update,  ///< allowed once the descriptor is marked dirty: walk again
};

/// Whether a translation with these rights serves the access. Pure; what TLBs call on a hit. The address is
/// not looked at.
constexpr PermissionCheck check_permission(Rights rights, AccessType access, bool privileged) {
  const unsigned shift = privileged ? 0 : 3;  // the unprivileged bits are the privileged ones three places up
  unsigned needed = 0;
  switch (access) {
    case AccessType::read:
      needed = Rights::privileged_read;
      break;
    case AccessType::write:
      needed = Rights::privileged_write;
      break;
    case AccessType::read_write:
      needed = Rights::privileged_read | Rights::privileged_write;
      break;
    case AccessType::execute:
      needed = Rights::privileged_execute;
      break;  // DDI 0487 D8.4: no read right needed
    case AccessType::none:
      return PermissionCheck::allowed;
  }
  if (!rights.has(static_cast<std::uint8_t>(needed << shift))) return PermissionCheck::denied;
  const bool writes = access == AccessType::write || access == AccessType::read_write;
  return writes && rights.has(Rights::write_needs_update) ? PermissionCheck::needs_update
                                                          : PermissionCheck::allowed;
}

/// Whether there is any right of unprivileged accesses.
constexpr bool lets_unprivileged_in(Rights rights) {
  constexpr std::uint8_t unprivileged =
      Rights::unprivileged_read | Rights::unprivileged_write | Rights::unprivileged_execute;
  return (rights.bits & unprivileged) != 0;
}

/// What DIPAN leaves of the rights of stage 1.
constexpr Rights without_DIPAN_rights(Rights rights) {
  constexpr std::uint8_t privileged =
      Rights::privileged_read | Rights::privileged_write | Rights::privileged_execute;
  if (lets_unprivileged_in(rights)) rights.bits &= static_cast<std::uint8_t>(~privileged);
  return rights;
}

constexpr PermissionCheck check_permission(Rights rights, const WalkRequest& request) {
  return check_permission(rights, request.access, request.privileged);
}

}  // namespace smmuvp::pgtable
