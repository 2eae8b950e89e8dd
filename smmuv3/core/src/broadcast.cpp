// TLB maintenance that processors broadcast (IHI 0070 3.17).
#include <string>

#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

namespace {

using Regime = BroadcastTlbi::Regime;
using Scope = BroadcastTlbi::Scope;

constexpr std::uint8_t shared = 0, not_shared = 1;  // CD.ASET

/// What goes, or nothing: an operation of what is not implemented is ignored (3.17).
std::optional<smmu::Invalidation> invalidation_of(const BroadcastTlbi& t, const Features& f,
                                                  unsigned vmid_bits_ignored) {
  if (t.secure || t.regime == Regime::el3) return std::nullopt;
  // 3.17.4: of wider tags than it has, the SMMU need not match any; here it does not.
  if (!f.ASID16 && t.asid > 0xff) return std::nullopt;
  smmu::Invalidation what;
  what.leaf = t.leaf;
  if (t.regime == Regime::el1) {
    what.regime = static_cast<std::uint8_t>(StreamWorld::NS_EL1);
    // 3.17: without stage 2, VMID 0 is what all entries have.
    if (f.S2P ? !f.VMID16 && t.vmid > 0xff : t.vmid != 0) return std::nullopt;
    if (t.scope != Scope::all) {
      what.vmid = t.vmid;
      what.vmid_bits_ignored = static_cast<std::uint8_t>(vmid_bits_ignored);
      if (t.scope != Scope::vmid) what.stages = smmu::of_stage1;
    }
  } else {
    // 3.17.5: entries of the one need not go for the other, whatever CR2.E2H says.
    what.regime = static_cast<std::uint8_t>(t.regime == Regime::el2_e2h ? StreamWorld::NS_EL2_E2H
                                                                        : StreamWorld::NS_EL2);
    what.vmid = std::uint16_t{0};
  }
  if (t.scope < Scope::asid) return what;
  if (t.scope == Scope::asid) {
    what.asid = t.asid;
    what.asid_spares_global = true;
    return what;
  }
  if (t.scope == Scope::va && t.regime != Regime::el2) what.asid = t.asid;
  if (t.scope == Scope::ipa) what.stages = smmu::mask_of(pgtable::Stages::stage2);
  what.range = smmu::AddressRange{t.first, t.last};
  if (t.granule != 0) what.hint = smmu::TtlHint::of(t.granule, t.level);
  return what;
}

}  // namespace

void Smmu::broadcast(const BroadcastTlbi& t, smmu::TimePs now) {
  if (m_interface.held()) return;
  std::optional<smmu::Invalidation> what = invalidation_of(t, m_features, m_interface.vmid_bits_ignored());
  if (!what) return;
  const std::string name = std::string("TLBI ") + t.instruction;
  // 3.17: what is by ASID leaves translations of ASIDs that are not shared, as it may. It may leave those of
  // EL2 without ASIDs, too, but they are of no ASET here.
  const bool by_asid = what->asid.has_value();
  const auto tell = [&](const char* why, const std::string& text) {
    if (!m_structures.tell_tlbi) return;
    const std::string site = name + "." + why;
    if (m_diag.counts().count(site) != 0 || !m_engine.caches_translation(*what)) return;
    m_diag.guest_error(site,
                       name + " names a translation that this SMMU caches, and " + text +
                           ": it stays until a CMD_TLBI command takes it",
                       "IHI 0070 3.17", {}, t.scope >= Scope::va ? std::optional(t.first) : std::nullopt);
  };
  if (!takes_part_in_broadcasts()) {
    // Nobody expects those of ASIDs that are not shared to go.
    what->spared_asid_set = not_shared;
    if (m_features.BTM) {
      tell("PTM", "CR2.PTM is 1, so that the SMMU does not take part in broadcast TLB maintenance");
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
