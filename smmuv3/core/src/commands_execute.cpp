// What commands do, CMD_SYNC excepted.
#include <algorithm>
#include <optional>
#include <string>

#include "smmuvp/smmuv3/command_queue.h"
#include "smmuvp/smmuv3/programming_interface.h"

namespace smmuvp::smmuv3 {

using smmu::of_stage1;

namespace {

// 4.4: one address, or what NUM, SCALE, TG and TTL say (4.4.1.1), which does not go on from the last address
// to 0.
void set_place(smmu::Invalidation& what, const Command& command, const Features& features,
               std::uint64_t first) {
  what.range = smmu::AddressRange{first, first};
  const std::optional<CommandRange> range = range_of(command, features);
  if (!range) return;
  what.range->last = first + std::min(range->bytes - 1, ~first);
  what.hint = smmu::TtlHint::of(range->granule, range->level);
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

/// EL2 of a Security state.
struct El2 {
  StreamWorld plain;
  StreamWorld with_asids;
  bool E2H;  // as CR2 or S_CR2 has it when the command is carried out

  StreamWorld world() const { return E2H ? with_asids : plain; }
};

// EL2 and EL3 have no VMIDs.
void set_world(smmu::Invalidation& what, StreamWorld world) {
  what.regime = static_cast<std::uint8_t>(world);
  what.vmid = std::uint16_t{0};
  what.vmid_bits_ignored = 0;
}

// 4.7.1: Abort is IGNORED by a retry, and where IDR0.TERM_MODEL is 1, whose terminations are all aborts.
smmu::StallAnswer answer_of(const Command& command, const Features& features) {
  if (command.Action) return smmu::StallAnswer::retry;
  return command.Abort || features.TERM_MODEL ? smmu::StallAnswer::abort : smmu::StallAnswer::terminate;
}

}  // namespace

void CommandQueue::carry_out(const Command& command) {
  const char* name = opcode_name(command.opcode);
  smmu::Invalidation what;
  // 4.4.2: commands of EL1's stage 1 are about the queue's Security state
  const bool secure = m_interface.secure();
  what.regime = static_cast<std::uint8_t>(secure ? StreamWorld::Secure : StreamWorld::NS_EL1);
  // VMIDs are not matched where stage 2 is not implemented (4.4.2): all entries have 0.
  what.vmid = m_parts.features.has_stage2(m_interface.sec_sid()) ? command.VMID : std::uint16_t{0};
  what.vmid_bits_ignored = static_cast<std::uint8_t>(m_interface.vmid_bits_ignored());
  what.leaf = command.Leaf;
  ProgrammingInterface& named = m_interface.named_by(command.SSec);
  constexpr std::uint32_t one = ~0U;
  switch (static_cast<Opcode>(command.opcode)) {
    case Opcode::CMD_PREFETCH_CONFIG:
    case Opcode::CMD_PREFETCH_ADDR:
      if (!named.prefetch().running()) named.prefetch().start(command, m_time);
      break;
    case Opcode::CMD_CFGI_STE:
      invalidate_config(named, command.StreamID, one, std::nullopt, true);
      break;
    case Opcode::CMD_CFGI_STE_RANGE: {
      // 4.3.2: 2^(Range + 1) aligned StreamIDs, and 31 is all of them (CMD_CFGI_ALL)
      const unsigned n = command.Range + 1U;
      invalidate_config(named, command.StreamID, n >= 32 ? 0 : one << n, std::nullopt, true);
      break;
    }
    case Opcode::CMD_CFGI_CD: {
      // The index of the CD, whatever STE.S1DSS says; those out of range name none (4.1.7). L1CDs are not
      // cached, so that Leaf makes no difference.
      invalidate_config(named, command.StreamID, one, command.SubstreamID, false);
      break;
    }
    case Opcode::CMD_CFGI_CD_ALL:
      invalidate_config(named, command.StreamID, one, std::nullopt, false);
      break;
    case Opcode::CMD_CFGI_VMS_PIDM:  // 4.3.5. CR0.VMW makes no difference (5.6.2)
      named.parts().engine.overtake();
      named.parts().configs.vmss.invalidate(command.VMID, one);
      break;
    case Opcode::CMD_TLBI_NSNH_ALL:  // 4.4.4.1: of all VMIDs, stage 2 too
      what.regime = static_cast<std::uint8_t>(StreamWorld::NS_EL1);
      what.leaf = false;
      what.vmid.reset();
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_SNH_ALL:  // 4.4.4.2: likewise of the Secure state
      what.leaf = false;
      what.vmid.reset();
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_S12_VMALL:  // 4.4.3.2: Non-secure from any queue
      what.regime = static_cast<std::uint8_t>(StreamWorld::NS_EL1);
      what.vmid = command.VMID;
      what.leaf = false;
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_S_S12_VMALL:  // 4.4.3.4
      what.leaf = false;
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_S2_IPA:  // 4.4.3.1: entries of stage 2 alone; combined ones stay
      what.regime = static_cast<std::uint8_t>(StreamWorld::NS_EL1);
      what.vmid = command.VMID;
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
    case Opcode::CMD_TLBI_S_S2_IPA:  // 4.4.3.3: of one space of IPAs
      what.stages = smmu::mask_of(pgtable::Stages::stage2);
      what.asid = smmu::asid_of_ipas(is_set(command.words, CMD_TLBI_NS) ? smmu::AddressSpace::non_secure
                                                                        : smmu::AddressSpace::secure);
      set_ipa(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_EL3_ALL:  // 4.4.2.5
      what.leaf = false;
      set_world(what, StreamWorld::EL3);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_EL3_VA:  // 4.4.2.6
      set_world(what, StreamWorld::EL3);
      set_va(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_ATC_INV:
      invalidate_atc(command);
      break;
    case Opcode::CMD_PRI_RESP:
      respond_to_page_requests(command);
      break;
    case Opcode::CMD_RESUME:
      resume(command, named.stalls());
      break;
    case Opcode::CMD_STALL_TERM:  // 4.7.2
      named.stalls().terminate(command.StreamID, m_time);
      break;
    default:  // CMD_SYNC does nothing here; check_command() refuses the others
      invalidate_el2(command, what);
      break;
  }
}

// 4.4.2.7 to 4.4.2.14: of the Security state that the command names, whichever queue it is on.
void CommandQueue::invalidate_el2(const Command& command, smmu::Invalidation what) {
  const char* name = opcode_name(command.opcode);
  const bool secure = command.opcode >= static_cast<std::uint8_t>(Opcode::CMD_TLBI_S_EL2_ALL);
  const El2 el2 =
      secure ? El2{StreamWorld::S_EL2, StreamWorld::S_EL2_E2H, m_interface.origin().E2H}
             : El2{StreamWorld::NS_EL2, StreamWorld::NS_EL2_E2H, m_interface.non_secure().origin().E2H};
  switch (static_cast<Opcode>(command.opcode)) {
    case Opcode::CMD_TLBI_EL2_ALL:  // 4.4.2.7: those with ASIDs too, whatever E2H is
    case Opcode::CMD_TLBI_S_EL2_ALL:
      what.leaf = false;
      for (const StreamWorld world : {el2.plain, el2.with_asids}) {
        set_world(what, world);
        invalidate_tlb(what, name);
      }
      break;
    case Opcode::CMD_TLBI_EL2_ASID:  // 4.4.2.10: by EL2 without E2H there are none
    case Opcode::CMD_TLBI_S_EL2_ASID:
      what.leaf = false;
      set_world(what, el2.with_asids);
      what.asid = command.ASID;
      what.asid_spares_global = true;
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_EL2_VA:  // 4.4.2.8: ASID is IGNORED without E2H
    case Opcode::CMD_TLBI_S_EL2_VA:
      set_world(what, el2.world());
      if (el2.E2H) what.asid = command.ASID;
      set_va(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    case Opcode::CMD_TLBI_EL2_VAA:  // 4.4.2.9
    case Opcode::CMD_TLBI_S_EL2_VAA:
      set_world(what, el2.world());
      set_va(what, command, m_parts.features);
      invalidate_tlb(what, name);
      break;
    default:
      break;
  }
}

void CommandQueue::invalidate_config(ProgrammingInterface& of, std::uint32_t match, std::uint32_t mask,
                                     std::optional<std::uint32_t> substream, bool ste) {
  m_parts.engine.overtake();
  ConfigCaches& configs = of.parts().configs;
  if (ste && mask == 0) configs.vmss.clear();  // 4.3.6
  if (ste) configs.stes.invalidate(match, mask);
  configs.cds.invalidate(match, mask, substream);  // an STE's CDs go with it (4.3.1)
  // Clients are told of pointers that go, so everything else has gone before. TBUs keep nothing of Secure
  // streams.
  if (!of.secure()) m_parts.engine.forget_answers(match & mask, mask);
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
  message.queue = static_cast<std::uint16_t>(m_registers.number());
  ++m_parts.statistics.atc_invalidations;
  if (!m_interface.atc_messages().connected()) {
    m_parts.diag.unimplemented("CMD_ATC_INV.port",
                               "nothing is bound to the port 'ats': no device hears of the invalidation, and "
                               "one that keeps translations goes on using them. Bind it, on a platform by "
                               "wires = { ats = \"pci0.ats\" }",
                               "IHI 0070 4.5.1", command.StreamID, message.Address);
  }
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
                      command.PRGIndex, command.Resp, m_time, m_registers.number());
}

void CommandQueue::resume(const Command& command, Stalls& stalls) {
  const smmu::StallAnswer answer = answer_of(command, m_parts.features);
  if (stalls.resume(command.StreamID, command.STAG, answer, m_time)) return;
  m_parts.diag.guest_error("CMD_RESUME.STAG",
                           "CMD_RESUME names no stalled access whose record is visible: STAG " +
                               std::to_string(command.STAG) + "; it affects nothing",
                           "IHI 0070 4.7.1", command.StreamID, m_op.address);
}

}  // namespace smmuvp::smmuv3
