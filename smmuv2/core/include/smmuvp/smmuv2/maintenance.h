// TLB maintenance by registers, and its synchronisation (IHI 0062 5.4, 9.6.21 to 9.6.36, 16.5.30 to 16.5.37,
// 17.3.4 to 17.3.7).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/smmu/in_flight.h"
#include "smmuvp/smmuv2/context.h"
#include "smmuvp/smmuv2/late_maintenance.h"
#include "smmuvp/smmuv2/parts.h"
#include "smmuvp/smmuv2/registers.h"
#include "smmuvp/smmuv2/speculation.h"

namespace smmuvp::smmuv2 {

/// An operation takes effect in the caches at once, or late, and is complete when the accesses that may have
/// used what it took away are observed. Any number is accepted, whatever clients do.
class Maintenance {
 public:
  /// @param late  what makes operations late; nullptr: they are not
  /// @param speculation  to be told of invalidations; nullptr: there is none
  Maintenance(const Parts& parts, RegisterFile& registers, LateMaintenance* late, Speculation* speculation);

  /// A write of a register that begins an operation, or a synchronisation.
  /// @return whether it does
  /// @param index  of the bank, if it is one of a bank
  bool written(Reg id, unsigned index, AccessSecurity security, std::uint64_t written, std::uint64_t lanes,
               smmu::TimePs now);
  /// TLBSTATUS.SACTIVE of a bank.
  bool SACTIVE(unsigned bank, smmu::TimePs now) { return busy(m_banks_state[bank].sync, now); }
  /// sTLBGSTATUS.GSACTIVE
  bool GSACTIVE(AccessSecurity security, smmu::TimePs now) {
    return busy(m_global[is_secure(security) ? 1 : 0].sync, now);
  }

  void reset();
  void visit(Archive& archive);

 private:
  /// What has to be over, and from when on it counts.
  struct Point {
    smmu::InFlight::Barrier barrier = 0;
    smmu::TimePs since = 0;
    smmu::TimePs ready = 0;
    smmu::TimePs held = 0;   ///< until then by an injected fault; not saved
    std::uint64_t late = 0;  ///< LateMaintenance::added()
  };
  struct Resource {
    Point last;  ///< the latest operation
    Point sync;  ///< what the latest synchronisation waits for
  };

  /// Whose resources an access uses. Without two Security states there are no others (7.2).
  bool is_secure(AccessSecurity security) const {
    return m_parts.features.SES && security == AccessSecurity::Secure;
  }
  bool bank_written(Reg id, unsigned bank, std::uint64_t value, smmu::TimePs now);
  bool global_written(Reg id, bool secure, std::uint64_t value, smmu::TimePs now);
  void maintain(Resource& resource, bool secure, const smmu::Invalidation& what, std::string_view name,
                smmu::TimePs now);
  void synchronise(Resource& resource, std::string_view name, smmu::TimePs now);
  bool busy(const Point& point, smmu::TimePs now);
  smmu::Invalidation of_bank(const BankState& state) const;

  Parts m_parts;
  LateMaintenance* m_late;
  Speculation* m_speculation;
  smmu::Delays m_delays;
  Banks m_banks;
  std::vector<Resource> m_banks_state;
  std::array<Resource, 2> m_global;  // Non-secure, Secure
};

}  // namespace smmuvp::smmuv2
