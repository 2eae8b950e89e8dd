// TLB maintenance that processors broadcast (IHI 0070 3.17).
#include <string>

#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

namespace {

using Regime = BroadcastTlbi::Regime;
using Scope = BroadcastTlbi::Scope;

constexpr std::uint8_t shared = 0, not_shared = 1;  // CD.ASET

// 3.17.5: entries of the one EL2 need not go for the other, whatever CR2.E2H says.
StreamWorld world_of(const BroadcastTlbi& t) {
  switch (t.regime) {
    case Regime::el1:
      return t.secure ? StreamWorld::Secure : StreamWorld::NS_EL1;
    case Regime::el2:
      return t.secure ? StreamWorld::S_EL2 : StreamWorld::NS_EL2;
    case Regime::el2_e2h:
      return t.secure ? StreamWorld::S_EL2_E2H : StreamWorld::NS_EL2_E2H;
    case Regime::el3:
      break;
  }
  return StreamWorld::EL3;
}

/// The VMID that it is of, or none. @param stage2  of the Security state
std::optional<std::uint16_t> vmid_of(const BroadcastTlbi& t, const Features& f, bool stage2) {
  if (stage2) return f.VMID16 || t.vmid <= 0xff ? std::optional(t.vmid) : std::nullopt;  // 3.17.4
  // Without stage 2 all entries have VMID 0. 3.17.2.1: in Secure state the VMID then makes no difference.
  return t.secure || t.vmid == 0 ? std::optional(std::uint16_t{0}) : std::nullopt;
}

/// What goes, or nothing: an operation of what is not implemented is ignored (3.17).
/// @param interface  of the Security state that it is of
std::optional<smmu::Invalidation> invalidation_of(const BroadcastTlbi& t, const Features& f,
                                                  const ProgrammingInterface& interface) {
  // 3.17.4: of wider tags than it has, the SMMU need not match any; here it does not.
  if (!f.ASID16 && t.asid > 0xff) return std::nullopt;
  const bool stage2 = f.has_stage2(interface.sec_sid());
  smmu::Invalidation what;
  what.leaf = t.leaf;
  what.regime = static_cast<std::uint8_t>(world_of(t));
  if (t.regime == Regime::el1) {
    const std::optional<std::uint16_t> vmid = vmid_of(t, f, stage2);
    if (!vmid) return std::nullopt;
    if (t.scope != Scope::all) {
      what.vmid = vmid;
      what.vmid_bits_ignored = static_cast<std::uint8_t>(interface.vmid_bits_ignored());
      if (t.scope != Scope::vmid) what.stages = smmu::of_stage1;
    }
  } else {
    what.vmid = std::uint16_t{0};
  }
  if (t.scope < Scope::asid) return what;
  if (t.scope == Scope::asid) {
    what.asid = t.asid;
    what.asid_spares_global = true;
    return what;
  }
  const bool has_asids = t.regime == Regime::el1 || t.regime == Regime::el2_e2h;
  if (t.scope == Scope::va && has_asids) what.asid = t.asid;
  if (t.scope == Scope::ipa) {
    what.stages = smmu::mask_of(pgtable::Stages::stage2);
    if (t.secure) {
      what.asid =
          smmu::asid_of_ipas(t.non_secure_ipa ? smmu::AddressSpace::non_secure : smmu::AddressSpace::secure);
    }
  }
  what.range = smmu::AddressRange{t.first, t.last};
  if (t.granule != 0) what.hint = smmu::TtlHint::of(t.granule, t.level);
  return what;
}

}  // namespace

void Smmu::broadcast(const BroadcastTlbi& t, smmu::TimePs now) {
  const bool secure = t.secure || t.regime == Regime::el3;
  if (m_interface.held() || (secure && !m_secure)) return;
  const ProgrammingInterface& interface = interface_of(secure);
  std::optional<smmu::Invalidation> what = invalidation_of(t, m_features, interface);
  if (!what) return;
  const std::string name = std::string("TLBI ") + t.instruction;
  // 3.17: what is by ASID leaves translations of ASIDs that are not shared, as it may. It may leave those of
  // EL2 and EL3 without ASIDs, too, but they are of no ASET here.
  const bool by_asid = t.scope == Scope::asid || (t.scope == Scope::va && what->asid.has_value());
  const auto tell = [&](const char* why, const std::string& text) {
    if (!m_structures.tell_tlbi) return;
    const std::string site = name + "." + why;
    if (m_diag.counts().count(site) != 0 || !m_engine.caches_translation(*what)) return;
    m_diag.guest_error(site,
                       name + " names a translation that this SMMU caches, and " + text +
                           ": it stays until a CMD_TLBI command takes it",
                       "IHI 0070 3.17", {}, t.scope >= Scope::va ? std::optional(t.first) : std::nullopt);
  };
  if (!takes_part_in_broadcasts(interface)) {
    // Nobody expects those of ASIDs that are not shared to go.
    what->spared_asid_set = not_shared;
    if (m_features.BTM) {
      const std::string PTM = secure ? "S_CR2.PTM" : "CR2.PTM";
      tell(secure ? "S_PTM" : "PTM",
           PTM + " is 1, so that the SMMU does not take part in broadcast TLB maintenance");
    } else {
      tell("BTM", "IDR0.BTM is 0: the SMMU does not take part in broadcast TLB maintenance");
    }
    return;
  }
  ++m_statistics.tlbi_broadcasts;
  if (by_asid) what->spared_asid_set = not_shared;
  m_engine.invalidate(*what, name, now);
  if (!by_asid || t.scope == Scope::asid) return;
  what->spared_asid_set = shared;
  tell("ASET", "CD.ASET is 1, which says that its ASID is not shared with processors");
}

}  // namespace smmuvp::smmuv3
