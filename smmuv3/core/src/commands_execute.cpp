// What commands do, CMD_SYNC excepted.
#include <algorithm>
#include <optional>
#include <string>

#include "smmuvp/smmuv3/command_queue.h"
#include "smmuvp/smmuv3/programming_interface.h"

namespace smmuvp::smmuv3 {

namespace {

// 4.4: one address, or what NUM, SCALE, TG and TTL say (4.4.1.1), which does not go on from the last address
// to 0.
void set_place(smmu::Invalidation& what, const Command& command, const Features& features,
               std::uint64_t first) {
  what.range = smmu::AddressRange{first, first};
  const std::optional<CommandRange> range = range_of(command, features);
  if (!range) return;
  what.range->last = first + std::min(range->bytes - 1, ~first);
  what.hint = smmu::TtlHint{range->granule, smmu::TtlHint::any_level};
  if (range->level != 0) what.hint->level = static_cast<std::int8_t>(range->level);
}

// TLBI_*_VA: [63:12]; TLB entries have bits above 55 equal to it, and TBI may apply (4.4.2). Addresses of
// TTB0 and of TTB1 are thus further apart than any range is long.
void set_va(smmu::Invalidation& what, const Command& command, const Features& features) {
  const auto first = static_cast<std::uint64_t>(static_cast<std::int64_t>(command.Address << 8) >> 8);
  set_place(what, command, features, first);
}

// Bits [55:52] are RES0 (4.1.6).
void set_ipa(smmu::Invalidation& what, const Command& command, const Features& features) {
  set_place(what, command, features, get_address(command.words, CMD_PhysicalAddress) & low_bits(52));
}

// EL2 has no VMIDs.
void set_el2(smmu::Invalidation& what, bool E2H) {
  what.regime = static_cast<std::uint8_t>(E2H ? StreamWorld::NS_EL2_E2H : StreamWorld::NS_EL2);
  what.vmid = std::uint16_t{0};
  what.vmid_bits_ignored = 0;
}

// Stage 1 entries: combined ones of both stages are of stage 1, too.
constexpr smmu::StagesMask of_stage1 =
    smmu::mask_of(pgtable::Stages::stage1) | smmu::mask_of(pgtable::Stages::nested);

// 4.7.1: Abort is IGNORED by a retry, and where IDR0.TERM_MODEL is 1, whose terminations are all aborts.
smmu::StallAnswer answer_of(const Command& command, const Features& features) {
  if (command.Action) return smmu::StallAnswer::retry;
  return command.Abort || features.TERM_MODEL ? smmu::StallAnswer::abort : smmu::StallAnswer::terminate;
}

}  // namespace

void CommandQueue::carry_out(const Command& command) {
  const char* name = opcode_name(command.opcode);
  smmu::Invalidation what;
  what.regime = static_cast<std::uint8_t>(StreamWorld::NS_EL1);
  // VMIDs are not matched where stage 2 is not implemented (4.4.2): all entries have 0.
  what.vmid = m_parts.features.S2P ? command.VMID : std::uint16_t{0};
  what.vmid_bits_ignored = static_cast<std::uint8_t>(m_interface.vmid_bits_ignored());
  what.leaf = command.Leaf;
  const bool E2H = (m_interface.reg(SMMU_CR2) & CR2_E2H) != 0;  // decides when the command is carried out
  constexpr std::uint32_t one = ~0U;
  switch (static_cast<Opcode>(command.opcode)) {
    case Opcode::CMD_PREFETCH_CONFIG:
    case Opcode::CMD_PREFETCH_ADDR:
      m_interface.prefetch().start(command, m_time);
      break;
    case Opcode::CMD_CFGI_STE:
      invalidate_config(command.StreamID, one, std::nullopt, true);
      break;
    case Opcode::CMD_CFGI_STE_RANGE: {
      // 4.3.2: 2^(Range + 1) aligned StreamIDs, and 31 is all of them (CMD_CFGI_ALL)
      const unsigned n = command.Range + 1U;
      invalidate_config(command.StreamID, n >= 32 ? 0 : one << n, std::nullopt, true);
      break;
    }
    case Opcode::CMD_CFGI_CD: {
      // The index of the CD, whatever STE.S1DSS says; those out of range name none (4.1.7). L1CDs are not
      // cached, so that Leaf makes no difference.
      invalidate_config(command.StreamID, one, command.SubstreamID, false);
      break;
    }
    case Opcode::CMD_CFGI_CD_ALL:
      invalidate_config(command.StreamID, one, std::nullopt, false);
      break;
    case Opcode::CMD_TLBI_NSNH_ALL:  // 4.4.4.1: of all VMIDs, stage 2 too
      what.leaf = false;
      what.vmid.reset();
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_S12_VMALL:  // 4.4.3.2
      what.leaf = false;
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_S2_IPA:  // 4.4.3.1: entries of stage 2 alone; combined ones stay
      what.stages = smmu::mask_of(pgtable::Stages::stage2);
      set_ipa(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_NH_ALL:
      what.leaf = false;
      what.stages = of_stage1;
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_NH_ASID:
      what.leaf = false;
      what.stages = of_stage1;
      what.asid = command.ASID;
      what.asid_spares_global = true;
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_NH_VA:
      what.stages = of_stage1;
      what.asid = command.ASID;
      set_va(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_NH_VAA:
      what.stages = of_stage1;
      set_va(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_EL2_ALL:  // 4.4.2.7: those with ASIDs too, whatever E2H is
      what.leaf = false;
      what.vmid = std::uint16_t{0};
      what.vmid_bits_ignored = 0;
      for (const StreamWorld world : {StreamWorld::NS_EL2, StreamWorld::NS_EL2_E2H}) {
        what.regime = static_cast<std::uint8_t>(world);
        invalidate_tlb(what, name);
      }
      break;
    case Opcode::CMD_TLBI_EL2_ASID:  // 4.4.2.10: by EL2 without E2H there are none
      what.leaf = false;
      set_el2(what, true);
      what.asid = command.ASID;
      what.asid_spares_global = true;
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_EL2_VA:  // 4.4.2.8: ASID is IGNORED without E2H
      set_el2(what, E2H);
      if (E2H) what.asid = command.ASID;
      set_va(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_EL2_VAA:  // 4.4.2.9
      set_el2(what, E2H);
      set_va(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_ATC_INV:
      invalidate_atc(command);
      break;
    case Opcode::CMD_RESUME:
      resume(command);
      break;
    case Opcode::CMD_STALL_TERM:  // 4.7.2
      m_interface.stalls().terminate(command.StreamID, m_time);
      break;
    case Opcode::CMD_PRI_RESP:
      respond_to_page_requests(command);
      break;
    default:  // CMD_SYNC does nothing here; check_command() refuses the others
      break;
  }
}

void CommandQueue::invalidate_config(std::uint32_t match, std::uint32_t mask,
                                     std::optional<std::uint32_t> substream, bool ste) {
  m_parts.engine.overtake();
  if (ste) m_parts.configs.stes.invalidate(match, mask);
  m_parts.configs.cds.invalidate(match, mask, substream);  // an STE's CDs go with it (4.3.1)
  // Clients are told of pointers that go, so everything else has gone before.
  m_parts.engine.forget_answers(match & mask, mask);
}

void CommandQueue::invalidate_tlb(const smmu::Invalidation& what, const char* command) {
  m_parts.engine.invalidate(what, command, m_time);
}

// 4.5.1: IGNORED while SMMUEN is 0. Without PASIDs SSV counts as 0 (CONSTRAINED UNPREDICTABLE). What is out
// of range names no device (4.1.7).
void CommandQueue::invalidate_atc(const Command& command) {
  const Features& f = m_parts.features;
  if (!m_interface.enabled(CR0_SMMUEN) || std::uint64_t{command.StreamID} >> f.SIDSIZE != 0) return;
  AtcMessage message;
  message.StreamID = command.StreamID;
  message.SSV = command.SSV && f.SSIDSIZE != 0;
  if (message.SSV) {
    if (command.SubstreamID >> f.SSIDSIZE != 0) return;
    message.SubstreamID = command.SubstreamID;
    message.Global = command.Global;
  }
  message.size_shift = static_cast<std::uint8_t>(12 + command.ATC_Size);
  message.Address = command.Address & ~low_bits(message.size_shift);
  message.time = m_time;
  ++m_parts.statistics.atc_invalidations;
  m_interface.atc_messages().send(message);
}

// 4.5.2. SSV without SubstreamIDs: as though it were 0, one of the permitted behaviours.
void CommandQueue::respond_to_page_requests(const Command& command) {
  const Features& f = m_parts.features;
  if (!m_interface.enabled(CR0_SMMUEN)) return;
  const bool SSV = command.SSV && f.SSIDSIZE != 0;
  // 4.1.7
  if (std::uint64_t{command.StreamID} >> f.SIDSIZE != 0 || (SSV && command.SubstreamID >> f.SSIDSIZE != 0)) {
    return;
  }
  if (command.SSV && !SSV) {
    m_parts.diag.guest_error("CMD_PRI_RESP.SSV",
                             "CMD_PRI_RESP has SSV, and IDR1.SSIDSIZE is 0: the response has no PASID",
                             "IHI 0070 4.5.2", command.StreamID, m_op.address);
  }
  m_interface.respond(command.StreamID, SSV ? std::optional(command.SubstreamID) : std::nullopt,
                      command.PRGIndex, command.Resp, m_time);
}

void CommandQueue::resume(const Command& command) {
  const smmu::StallAnswer answer = answer_of(command, m_parts.features);
  if (m_interface.stalls().resume(command.StreamID, command.STAG, answer, m_time)) return;
  m_parts.diag.guest_error("CMD_RESUME.STAG",
                           "CMD_RESUME names no stalled access whose record is visible: STAG " +
                               std::to_string(command.STAG) + "; it affects nothing",
                           "IHI 0070 4.7.1", command.StreamID, m_op.address);
}

}  // namespace smmuvp::smmuv3
