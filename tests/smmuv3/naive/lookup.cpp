// SPDX-License-Identifier: MIT
//
// Configuration lookup: IHI 0070 3.3.1, 3.3.2, 5.1 to 5.4, and the order of 7.3.22.
#include "bits.h"
#include "model.h"
#include "walk_memory.h"

namespace naive_smmuv3 {

// 3.3.1, 5.1, 6.3.24, 6.3.25, 7.3.3: where the STE is
std::optional<Smmu::Problem> Smmu::locate_ste(const Transaction& transaction, uint64_t& address) {
  const Interface& regs = interface(transaction.stream());
  Problem bad_streamid = problem_of(transaction, EventNumber::C_BAD_STREAMID);
  if (!bit(regs.CR2, 1)) bad_streamid.event.reset();  // CR2.RECINVSID

  const uint64_t StreamID = transaction.request.StreamID;
  const unsigned LOG2SIZE = field(regs.STRTAB_BASE_CFG, 5, 0);
  const unsigned SIDSIZE = regs.secure() ? m_features.S_SIDSIZE : m_features.SIDSIZE;
  const unsigned effective_size = LOG2SIZE < SIDSIZE ? LOG2SIZE : SIDSIZE;
  if (beyond(StreamID, effective_size)) return bad_streamid;

  const uint64_t ADDR = keep(regs.STRTAB_BASE, 55, 6);
  const bool two_level = m_features.ST_LEVEL != 0 && field(regs.STRTAB_BASE_CFG, 17, 16) == 0b01;
  if (!two_level) {
    address = align_down(ADDR, LOG2SIZE + 6) + 64 * StreamID;
    return std::nullopt;
  }

  unsigned SPLIT = field(regs.STRTAB_BASE_CFG, 10, 6);
  if (SPLIT != 6 && SPLIT != 8 && SPLIT != 10) SPLIT = 6;
  const unsigned table_bits = LOG2SIZE > SPLIT ? LOG2SIZE - SPLIT + 3 : 3;
  const uint64_t l1_address = align_down(ADDR, table_bits > 6 ? table_bits : 6) + 8 * (StreamID >> SPLIT);
  std::vector<uint8_t> bytes;
  if (auto problem = read_stream_table(transaction, l1_address, 8, bytes)) return problem;
  const uint64_t L1STD = little_endian(bytes, 0, 8);
  const unsigned Span = field(L1STD, 4, 0);
  if (Span == 0 || Span > 11 || Span > SPLIT + 1) return bad_streamid;
  const uint64_t l2_index = StreamID & ((uint64_t{1} << SPLIT) - 1);
  if (l2_index >= (uint64_t{1} << (Span - 1))) return bad_streamid;
  const uint64_t L2Ptr = keep(L1STD, 55, 6);
  address = align_down(L2Ptr, 5 + (Span - 1) + 1) + 64 * l2_index;
  return std::nullopt;
}

// 3.4.3 (5), 7.3.4
std::optional<Smmu::Problem> Smmu::read_stream_table(const Transaction& transaction, uint64_t address,
                                                     size_t size, std::vector<uint8_t>& bytes) {
  const unsigned oas = m_features.oas_bits();
  Problem fetch = problem_of(transaction, EventNumber::F_STE_FETCH);
  fetch.event->FetchAddr = truncate(address, oas);  // bits above the OAS are RES0
  if (beyond(address, oas) && m_choices.ste_beyond_oas_faults) return fetch;
  m_memory.labels_next(own_label(interface(transaction.stream())));
  const auto data = m_memory.read_from(transaction.stream(), truncate(address, oas), size);
  if (!data.has_value()) return fetch;
  bytes = *data;
  return std::nullopt;
}

// What the implementation has, as structures of this state are judged by: 3.12
Features Smmu::seen_by(Space space) const {
  Features features = m_features;
  features.STALL_MODEL = stall_model(space);
  return features;
}

std::optional<Smmu::Problem> Smmu::find_ste(const Transaction& transaction, Ste& ste) {
  uint64_t address = 0;
  if (auto problem = locate_ste(transaction, address)) return problem;
  std::vector<uint8_t> bytes;
  if (auto problem = read_stream_table(transaction, address, 64, bytes)) return problem;
  ste = Ste::decode(m_features, bytes, transaction.stream());
  bool illegal = ste_illegal(seen_by(transaction.stream()), m_choices, ste);
  if (m_choices.nsstalld_refuses_secure_s2s && ste.secure && ste.V && ste.stage2() && ste.S2S) {
    illegal = illegal || stall_model(Space::non_secure) == 1;
  }
  if (illegal) return problem_of(transaction, EventNumber::C_BAD_STE);
  return std::nullopt;
}

// 5.2 S1CDMax, S1DSS, S1Fmt; 7.3.7, 7.3.9. Says whether stage 1 translates, and with the CD of which index.
std::optional<Smmu::Problem> Smmu::choose_cd(const Transaction& transaction, Configuration& configuration,
                                             uint32_t& index) {
  const Ste& ste = configuration.ste;
  const AccessRequest& request = transaction.request;
  index = 0;
  configuration.stage1 = ste.stage1();
  if (!substreams_enabled(m_features, ste)) {
    if (request.SSV) return problem_of(transaction, EventNumber::C_BAD_SUBSTREAMID);
    return std::nullopt;
  }
  if (request.SSV) {
    if (beyond(request.SubstreamID, ste.S1CDMax)) {
      return problem_of(transaction, EventNumber::C_BAD_SUBSTREAMID);
    }
    if (request.SubstreamID == 0 && ste.S1DSS == 0b10) {
      return problem_of(transaction, EventNumber::F_STREAM_DISABLED);
    }
    index = request.SubstreamID;
    return std::nullopt;
  }
  switch (ste.S1DSS) {
    case 0b01:
      configuration.stage1 = false;
      return std::nullopt;
    case 0b10:
      return std::nullopt;  // the CD of Substream 0
    default:
      return problem_of(transaction, EventNumber::F_STREAM_DISABLED);
  }
}

// 3.3.2, 5.2 S1Fmt, 5.3, 5.4
std::optional<Smmu::Problem> Smmu::find_cd(const Transaction& transaction, Configuration& configuration,
                                           uint32_t index) {
  const Ste& ste = configuration.ste;
  const uint64_t pointer = ste.S1ContextPtr;
  auto table = [&](unsigned log2_bytes) {
    const unsigned alignment = log2_bytes > 6 ? log2_bytes : 6;
    return m_choices.aligns_s1contextptr ? align_down(pointer, alignment) : pointer;
  };
  uint64_t address = pointer;
  Choices::Beyond when_beyond = m_choices.s1contextptr_beyond_oas_v30;
  std::vector<uint8_t> bytes;

  const bool two_level = ste.S1Fmt == 0b01 || ste.S1Fmt == 0b10;
  if (!substreams_enabled(m_features, ste)) {
    address = pointer;  // one CD
  } else if (!two_level) {
    address = table(ste.S1CDMax + 6) + 64 * uint64_t{index};
  } else {
    const unsigned split = ste.S1Fmt == 0b01 ? 6 : 10;
    const unsigned l1_bits = ste.S1CDMax > split ? ste.S1CDMax - split : 0;
    const uint64_t l1_index = l1_bits == 0 ? 0 : index >> split;
    const uint64_t l1_address = table(l1_bits + 3) + 8 * l1_index;
    if (auto problem = read_cd_table(transaction, configuration, l1_address, when_beyond, 8, bytes)) {
      return problem;
    }
    const uint64_t L1CD = little_endian(bytes, 0, 8);
    const Problem bad = problem_of(transaction, EventNumber::C_BAD_SUBSTREAMID);
    if (!bit(L1CD, 0)) return bad;
    uint64_t L2Ptr = keep(L1CD, 55, 12);
    if (ste.S1Fmt == 0b10 && m_choices.ignores_l2ptr_15_12) L2Ptr = align_down(L2Ptr, 16);
    // 3.4.3 (3), (4)
    if (ste.stage2()) {
      if (m_choices.l2ptr_beyond_ias_is_bad && beyond(L2Ptr, m_features.ias_bits())) return bad;
    } else if (beyond(L2Ptr, m_features.oas_bits())) {
      const bool v31 = m_features.minor_version() >= 1;
      if (v31 || m_choices.l2ptr_beyond_oas_v30 == Choices::Beyond::bad_structure) return bad;
    }
    when_beyond = m_choices.l2ptr_beyond_oas_v30;
    address = L2Ptr + 64 * (uint64_t{index} & ((uint64_t{1} << split) - 1));
  }

  if (auto problem = read_cd_table(transaction, configuration, address, when_beyond, 64, bytes))
    return problem;
  configuration.cd = Cd::decode(m_features, bytes);
  if (cd_illegal(seen_by(transaction.stream()), m_choices, ste, configuration.world, configuration.cd)) {
    return problem_of(transaction, EventNumber::C_BAD_CD);
  }
  return std::nullopt;
}

// A CD or L1CD: from IPA space where stage 2 is enabled (5.4.1). 7.3.10
std::optional<Smmu::Problem> Smmu::read_cd_table(const Transaction& transaction,
                                                 const Configuration& configuration, uint64_t address,
                                                 Choices::Beyond when_beyond, size_t size,
                                                 std::vector<uint8_t>& bytes) {
  const unsigned oas = m_features.oas_bits();
  uint64_t pa = address;
  Space space = transaction.stream();
  Problem fetch = problem_of(transaction, EventNumber::F_CD_FETCH);
  if (configuration.ste.stage2()) {
    if (auto problem = translate_cd_address(transaction, configuration, address, pa, space)) return problem;
  } else if (beyond(address, oas) && when_beyond == Choices::Beyond::fetch_fault) {
    fetch.event->FetchAddr = truncate(address, oas);
    return fetch;
  }
  pa = truncate(pa, oas);
  m_memory.labels_next(structure_label(configuration.ste));
  const auto data = m_memory.read_from(space, pa, size);
  if (!data.has_value()) {
    fetch.event->FetchAddr = pa;
    return fetch;
  }
  bytes = *data;
  return std::nullopt;
}

// Stage 2 of a CD fetch: a read. 5.2 S2PTW, 3.13.2 and 3.13.3.1 (AF may be set, S2AP[1] never is), 7.3.13
std::optional<Smmu::Problem> Smmu::translate_cd_address(const Transaction& transaction,
                                                        const Configuration& configuration, uint64_t ipa,
                                                        uint64_t& pa, Space& space) {
  const Ste& ste = configuration.ste;
  naive::Configuration walk = walker(m_features, m_choices);
  configure_stage2(m_features, ste, walk);
  naive::Request request;
  request.address = ipa;
  request.access = naive::Access::read;
  request.input_space = transaction.stream();  // 3.10.2.2: a Secure IPA
  WalkMemory memory(m_features, m_memory, walk_labels(transaction, configuration));

  Event event = event_of(transaction, EventNumber::F_PERMISSION);
  event.S2 = true;
  event.CLASS = FaultClass::CD;
  event.IPA = event_ipa(ipa);

  request.side_effects = false;
  const naive::Answer peek = naive::translate(walk, request, memory);
  const bool to_device = peek.translation() != nullptr && is_device(peek.translation()->stage2->attributes);
  const bool protected_walk = ste.S2PTW && to_device;
  if (protected_walk && !m_choices.walk.permission_fault_updates_access_flag) {
    return stage2_problem(ste, event);
  }
  request.side_effects = transaction.side_effects;
  const naive::Answer answer = naive::translate(walk, request, memory);
  if (const naive::Fault* fault = answer.fault()) {
    event.number = number_of(fault->kind);
    if (event.number == EventNumber::F_WALK_EABT) event.FetchAddr = aborted_address(m_features, answer);
    return stage2_problem(ste, event);
  }
  if (protected_walk) return stage2_problem(ste, event);
  pa = answer.translation()->address;
  space = answer.translation()->space;
  return std::nullopt;
}

}  // namespace naive_smmuv3
