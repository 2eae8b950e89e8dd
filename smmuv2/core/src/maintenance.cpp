#include "smmuvp/smmuv2/maintenance.h"

#include <algorithm>

#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

using smmu::AddressRange;
using smmu::Invalidation;

constexpr std::uint8_t number(Regime regime) { return static_cast<std::uint8_t>(regime); }

// What holds information of stage 1.
constexpr smmu::StagesMask stage1_stages = smmu::of_stage1;

AddressRange page_at(std::uint64_t address) { return {address, address}; }

// Address[55:12] in bits [43:0], extended from bit 55.
std::uint64_t address_64(std::uint64_t value) {
  const std::uint64_t address = (value & low_bits(44)) << 12U;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 8U) >> 8U);
}

}  // namespace

Maintenance::Maintenance(const Parts& parts, RegisterFile& registers, LateMaintenance* late,
                         Speculation* speculation)
    : m_parts(parts),
      m_late(late),
      m_speculation(speculation),
      m_delays(parts.structures.adversity, "synchronisation", parts.structures.adversity.command_delay),
      m_banks{registers, parts.features},
      m_banks_state(parts.features.NUMCB) {}

void Maintenance::maintain(Resource& resource, bool secure, const Invalidation& what, std::string_view name,
                           smmu::TimePs now) {
  ++m_parts.statistics.tlbi;
  Point point;
  if (m_late != nullptr) {
    m_late->add(what, name, now);
    point.late = m_late->added();
  } else {
    m_parts.engine.invalidate(what, name, now);
    if (m_speculation != nullptr) m_speculation->invalidated(now);
  }
  point.barrier = m_parts.engine.in_flight().barrier();
  point.since = now;
  point.ready = now;
  if (m_parts.structures.timing) {
    point.ready = std::max(now, resource.last.ready) + m_parts.structures.maintenance.latency;
  }
  resource.last = point;
  // 5.4.2: a global synchronisation covers the banks of its Security state, too.
  Resource& global = m_global[secure ? 1 : 0];
  point.ready = std::max(point.ready, global.last.ready);
  global.last = point;
}

void Maintenance::synchronise(Resource& resource, std::string_view name, smmu::TimePs now) {
  ++m_parts.statistics.syncs;
  resource.sync = resource.last;
  const smmu::TimePs late = m_parts.engine.injected_sync_delay(name, now);
  if (late != 0) resource.sync.held = now + late;
  if (m_parts.structures.timing) {
    resource.sync.ready = std::max(resource.sync.ready, now) + m_parts.structures.maintenance.latency;
    resource.sync.ready += m_delays.draw();
  }
}

bool Maintenance::busy(const Point& point, smmu::TimePs now) {
  if (m_late != nullptr && m_late->busy(point.late, now)) return true;
  smmu::InFlight& flights = m_parts.engine.in_flight();
  if (!flights.done(point.barrier)) return true;
  if (now < point.held) return true;
  if (!m_parts.structures.timing) return false;
  return now < std::max(point.ready, flights.done_at(point.barrier, point.since));
}

// Whose entries a bank's operations are about (16.5.30).
Invalidation Maintenance::of_bank(const BankState& state) const {
  Invalidation what;
  what.regime = number(state.regime);
  what.vmid = state.VMID;
  what.stages = stage1_stages;
  return what;
}

bool Maintenance::written(Reg id, unsigned index, AccessSecurity security, std::uint64_t written,
                          std::uint64_t lanes, smmu::TimePs now) {
  // The upper word of a 64-bit register, written alone, is ignored (9.6.30, 16.5.32).
  if ((lanes & 0xffff'ffffU) == 0) return false;
  return global_written(id, is_secure(security), written, now) || bank_written(id, index, written, now);
}

bool Maintenance::bank_written(Reg id, unsigned bank, std::uint64_t value, smmu::TimePs now) {
  if (id == SMMU_CBn_TLBSYNC) {
    synchronise(m_banks_state[bank], "TLBSYNC", now);
    return true;
  }
  const BankState state = m_banks.state(bank);
  const bool stage2 = state.TYPE == BankType::stage2;
  const bool of_stage2 = id == SMMU_CBn_TLBIIPAS2 || id == SMMU_CBn_TLBIIPAS2L;
  Invalidation what = of_bank(state);
  std::string_view name;
  // Tags of a bank with TCR2.AS 0 have an ASID of 8 bits.
  const auto take_ASID_64 = [&](std::uint64_t ASID) {
    what.asid = static_cast<std::uint16_t>(ASID);
    if (ASID <= 0xff || stage2 || m_banks.wide_ASID(bank)) return;
    m_parts.diag.guest_error(
        "TLBI.ASID",
        "an invalidation by an ASID of more than 8 bits, in a bank with TCR2.AS 0, finds none "
        "of its entries but global ones; the upper 8 bits must be written as 0",
        "IHI 0062 16.5.31, 16.5.32", {}, value);
  };
  const bool has_ASIDs = state.regime != Regime::Hyp && state.regime != Regime::Monitor;
  const auto by_address = [&](const char* text, bool asid, bool leaf) {
    name = text;
    what.leaf = leaf;
    if (!state.VA64) {
      what.range = page_at(value & 0xffff'f000U);
      if (asid && has_ASIDs) what.asid = static_cast<std::uint16_t>(value & 0xffU);
    } else {
      what.range = page_at(address_64(value));
      if (asid && has_ASIDs) take_ASID_64(value >> 48U);
    }
    if (leaf && m_parts.features.quirks.has(Quirk::qcom_tlbival_base_page)) what.hint = smmu::TtlHint{12, 3};
  };
  switch (id) {
    case SMMU_CBn_TLBIALL:
      name = "TLBIALL";
      break;
    case SMMU_CBn_TLBIASID:
      name = "TLBIASID";
      if (state.VA64) {
        take_ASID_64(value & 0xffffU);
      } else {
        what.asid = static_cast<std::uint16_t>(value & 0xffU);
      }
      what.asid_spares_global = true;
      break;
    case SMMU_CBn_TLBIVA:
      by_address("TLBIVA", true, false);
      break;
    case SMMU_CBn_TLBIVAL:
      by_address("TLBIVAL", true, true);
      break;
    case SMMU_CBn_TLBIVAA:
      by_address("TLBIVAA", false, false);
      break;
    case SMMU_CBn_TLBIVAAL:
      by_address("TLBIVAAL", false, true);
      break;
    case SMMU_CBn_TLBIIPAS2:
    case SMMU_CBn_TLBIIPAS2L: {
      name = id == SMMU_CBn_TLBIIPAS2 ? "TLBIIPAS2" : "TLBIIPAS2L";
      // 17.3.4: for AArch32, bits [47:40] are treated as zero
      const std::uint64_t address = (value & low_bits(state.VA64 ? 36 : 28)) << 12U;
      what.range = page_at(address & low_bits(m_parts.features.IAS));
      what.stages = smmu::mask_of(pgtable::Stages::stage2);
      what.leaf = id == SMMU_CBn_TLBIIPAS2L;
      break;
    }
    default:
      return false;
  }
  if (stage2 != of_stage2) return true;  // the other format does not have the register (17.1)
  maintain(m_banks_state[bank], state.secure, what, name, now);
  return true;
}

bool Maintenance::global_written(Reg id, bool secure, std::uint64_t value, smmu::TimePs now) {
  Invalidation what;
  std::string_view name;
  const auto VMID = static_cast<std::uint16_t>(value & (m_parts.features.VMID16S ? 0xffffU : 0xffU));
  const auto of = [&](const char* text, Regime regime) {
    name = text;
    what.regime = number(regime);
  };
  switch (id) {
    case SMMU_sTLBGSYNC:
      synchronise(m_global[secure ? 1 : 0], secure ? "STLBGSYNC" : "TLBGSYNC", now);
      return true;
    case SMMU_STLBIALL:  // 9.6.26: Monitor entries too; not those of Hyp (IMPLEMENTATION DEFINED)
      of("STLBIALL", Regime::Monitor);
      maintain(m_global[1], true, what, name, now);
      of("STLBIALL", Regime::Secure);
      break;
    case SMMU_STLBIALLM:
      of("STLBIALLM", Regime::Monitor);
      break;
    case SMMU_TLBIALLH:
      of("TLBIALLH", Regime::Hyp);
      break;
    case SMMU_TLBIALLNSNH:
      of("TLBIALLNSNH", Regime::NonSecure);
      break;
    case SMMU_TLBIVMID:
      of("TLBIVMID", Regime::NonSecure);
      what.vmid = VMID;
      break;
    case SMMU_TLBIVMIDS1:
      of("TLBIVMIDS1", Regime::NonSecure);
      what.vmid = VMID;
      // 9.6.36: with both stages, whatever is tagged with the VMID
      if (!m_parts.features.NTS) what.stages = stage1_stages;
      break;
    case SMMU_TLBIVAH:
      of("TLBIVAH", Regime::Hyp);
      what.range = page_at(value & 0xffff'f000U);
      break;
    case SMMU_TLBIVAH64:
    case SMMU_TLBIVALH64:
      of(id == SMMU_TLBIVAH64 ? "TLBIVAH64" : "TLBIVALH64", Regime::Hyp);
      what.leaf = id == SMMU_TLBIVALH64;
      // 9.6.33: for AArch32, bits [55:32] are zero. Entries do not say of which scheme they are.
      if (m_parts.features.aarch32() && address_64(value) >> 32U != 0) {
        what.range = page_at(address_64(value) & 0xffff'ffffU);
        maintain(m_global[secure ? 1 : 0], secure, what, name, now);
      }
      what.range = page_at(address_64(value));
      break;
    case SMMU_STLBIVAM:
    case SMMU_STLBIVALM:
      of(id == SMMU_STLBIVAM ? "STLBIVAM" : "STLBIVALM", Regime::Monitor);
      what.range = page_at(address_64(value));
      what.leaf = id == SMMU_STLBIVALM;
      break;
    default:
      return false;
  }
  maintain(m_global[secure ? 1 : 0], secure, what, name, now);
  return true;
}

void Maintenance::reset() {
  for (Resource& r : m_banks_state) r = {};
  m_global = {};
}

void Maintenance::visit(Archive& archive) {
  const auto point = [&](Point& p) {
    archive.value("barrier", p.barrier);
    archive.time("since", p.since);
    archive.time("ready", p.ready);
    if (m_late != nullptr) archive.value("late", p.late);
  };
  const auto resource = [&](Resource& r) {
    point(r.last);
    point(r.sync);
  };
  archive.begin("maintenance");
  for (Resource& r : m_banks_state) resource(r);
  for (Resource& r : m_global) resource(r);
  m_delays.visit(archive);
  archive.end();
}

}  // namespace smmuvp::smmuv2
