// SPDX-License-Identifier: MIT
//
// MPAM and the Virtual Machine Structure: IHI 0070 5.6, 6.3.41 to 6.3.43, 6.3.87 to 6.3.89, chapter 17.
#include "mpam.h"

#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

namespace {

/// "bit width" of a maximum: 6.3.41
unsigned width(unsigned max) {
  unsigned n = 0;
  while ((max >> n) != 0) n++;
  return n;
}

}  // namespace

// 17.1
bool Features::mpam_supported(naive::Space state) const {
  const MpamMax& max = state == naive::Space::secure ? S_MPAM_MAX : MPAM_MAX;
  return MPAM && (max.PARTID != 0 || max.PMG != 0);
}

// 17.7: what bounds the values of a state, where a field MPAM_NS beside them says this
const MpamMax& Features::mpam_max(naive::Space state, bool MPAM_NS) const {
  const bool secure = state == naive::Space::secure && !(HAS_MPAM_NS && MPAM_NS);
  return secure ? S_MPAM_MAX : MPAM_MAX;
}

// 5.6.1
bool Features::vms_supported(naive::Space state) const {
  if (!MPAM || !S1P || !S2P) return false;
  if (state == naive::Space::non_secure) return MPAM_MAX.PARTID != 0;
  return SEL2 && (S_MPAM_MAX.PARTID != 0 || (HAS_MPAM_NS && MPAM_MAX.PARTID != 0));
}

// 5.2 VMSPtr
bool vms_enabled(const Features& features, const Ste& ste) {
  const naive::Space state = ste.secure ? naive::Space::secure : naive::Space::non_secure;
  if (!features.vms_supported(state) || ste.Config != 0b111 || !ste.S1MPAM) return false;
  return features.mpam_max(state, ste.MPAM_NS).PARTID != 0;
}

uint32_t Smmu::read_mpam(const Interface& regs, uint64_t offset) const {
  const MpamMax& max = regs.secure() ? m_features.S_MPAM_MAX : m_features.MPAM_MAX;
  if (!m_features.MPAM) return 0;
  switch (offset) {
    case MPAMIDR:
      return (regs.secure() && m_features.HAS_MPAM_NS ? 1u << 25 : 0) | (max.PMG << 16) | max.PARTID;
    case GMPAM:
      return regs.GMPAM;
    case GBPMPAM:
      return regs.GBPMPAM;
    default:
      return 0;
  }
}

// 6.3.42, 6.3.43, 6.3.88, 6.3.89: as GBPA, only a write with Update set counts, and it is complete at once
void Smmu::write_mpam(Interface& regs, uint64_t offset, uint32_t value) const {
  if (!m_features.MPAM || !bit(value, 31)) return;
  const bool MPAM_NS = regs.secure() && m_features.HAS_MPAM_NS && bit(value, 24);
  const MpamMax& max = m_features.mpam_max(regs.space, MPAM_NS);
  const auto PMG = static_cast<uint32_t>(truncate(field(value, 23, 16), width(max.PMG)));
  const auto PARTID = static_cast<uint32_t>(truncate(field(value, 15, 0), width(max.PARTID)));
  const uint32_t stored = (MPAM_NS ? 1u << 24 : 0) | (PMG << 16) | PARTID;
  if (offset == GMPAM) regs.GMPAM = stored;
  if (offset == GBPMPAM) regs.GBPMPAM = stored;
}

MpamLabel Smmu::mpam_label(Space stream, bool MPAM_NS, unsigned PARTID, unsigned PMG) const {
  MpamLabel label;
  label.NS = stream == Space::non_secure || (m_features.HAS_MPAM_NS && MPAM_NS);
  const MpamMax& max = m_features.mpam_max(stream, MPAM_NS);
  const bool zero = m_choices.mpam_beyond_maximum_is_zero;
  label.PARTID = zero && PARTID > max.PARTID ? 0 : PARTID;
  label.PMG = zero && PMG > max.PMG ? 0 : PMG;
  label.unknown = label.PARTID > max.PARTID || label.PMG > max.PMG;
  return label;
}

// 17.2 (1). 6.3.89: MPAM_NS may be the way of a Secure state that has no PARTIDs of its own
MpamLabel Smmu::bypass_label(const Interface& regs) const {
  return mpam_label(regs.space, bit(regs.GBPMPAM, 24), field(regs.GBPMPAM, 15, 0),
                    field(regs.GBPMPAM, 23, 16));
}

// 17.4, 6.3.42: the Stream table, queues and MSIs
MpamLabel Smmu::own_label(const Interface& regs) const {
  return mpam_label(regs.space, bit(regs.GMPAM, 24), field(regs.GMPAM, 15, 0), field(regs.GMPAM, 23, 16));
}

// 17.4: L1CDs and CDs, and stage 2 tables
MpamLabel Smmu::structure_label(const Ste& ste) const {
  const Space stream = ste.secure ? Space::secure : Space::non_secure;
  return mpam_label(stream, ste.MPAM_NS, ste.PARTID, ste.PMG);
}

WalkLabels Smmu::walk_labels(const Transaction& transaction, const Configuration& configuration) const {
  return {stream_label(transaction, configuration), structure_label(configuration.ste)};
}

// 17.2 (2)
MpamLabel Smmu::stream_label(const Transaction& transaction, const Configuration& configuration) const {
  const Ste& ste = configuration.ste;
  const Cd& cd = configuration.cd;
  if (!configuration.stage1 || !ste.S1MPAM) return structure_label(ste);
  unsigned PARTID = cd.PARTID;
  if (ste.stage2()) {
    // Without a VMS, where the only PARTID is 0, there is nothing to map to
    PARTID = configuration.PARTID_MAP.has_value() ? configuration.PARTID_MAP->at(cd.PARTID & 0x1F) : 0;
  }
  return mpam_label(transaction.stream(), ste.MPAM_NS, PARTID, cd.PMG);
}

// 5.6, 7.3.20. Of the whole map, or of the eight bytes that hold the entry of CD.PARTID
std::optional<Smmu::Problem> Smmu::fetch_vms(const Transaction& transaction, Configuration& configuration,
                                             bool whole) {
  const uint64_t map = configuration.ste.VMSPtr;
  const unsigned first = whole ? 0 : (configuration.cd.PARTID & 0x1F) & ~3u;
  const uint64_t address = map + 2 * uint64_t{first};
  const unsigned entries = whole ? 32 : 4;
  // 17.4 does not name it. 5.2: STE.MPAM_NS does not count, so it is as the STE
  m_memory.labels_next(own_label(interface(transaction.stream())));
  const auto bytes = m_memory.read_from(transaction.stream(), address, 2 * entries);
  if (!bytes.has_value()) {
    Problem problem = problem_of(transaction, EventNumber::F_VMS_FETCH);
    problem.event->FetchAddr = address;
    return problem;
  }
  auto& PARTID_MAP = configuration.PARTID_MAP.emplace();
  for (unsigned n = 0; n < entries; n++) {
    PARTID_MAP.at(first + n) = static_cast<uint16_t>(little_endian(*bytes, 2 * size_t{n}, 2));
  }
  return std::nullopt;
}

// 7.3.22: after C_BAD_STE, and else where the implementation likes
std::optional<Smmu::Problem> Smmu::vms_after_ste(const Transaction& transaction,
                                                 Configuration& configuration) {
  if (m_choices.vms_fetch != Choices::VmsFetch::with_ste) return std::nullopt;
  if (!vms_enabled(m_features, configuration.ste)) return std::nullopt;
  return fetch_vms(transaction, configuration, true);
}

std::optional<Smmu::Problem> Smmu::vms_after_cd(const Transaction& transaction,
                                                Configuration& configuration) {
  if (m_choices.vms_fetch == Choices::VmsFetch::with_ste) return std::nullopt;
  if (!vms_enabled(m_features, configuration.ste)) return std::nullopt;
  return fetch_vms(transaction, configuration, m_choices.vms_fetch == Choices::VmsFetch::map_when_needed);
}

}  // namespace naive_smmuv3
