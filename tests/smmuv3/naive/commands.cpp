// SPDX-License-Identifier: MIT
//
// The Command queue: IHI 0070 chapter 4, 7.1.
#include "bits.h"
#include "model.h"

namespace naive_smmuv3 {

namespace {

// 4.1.6: the commands that say whether their StreamID (or VMID) is Secure
bool has_ssec(unsigned opcode) {
  return (opcode >= 0x01 && opcode <= 0x07) || opcode == 0x44 || opcode == 0x45;
}

// 4.4.2, 4.4.3: those that take an address, and so the fields of 4.4.1.1
bool takes_address(unsigned opcode) {
  switch (opcode) {
    case 0x12:  // CMD_TLBI_NH_VA
    case 0x13:  // CMD_TLBI_NH_VAA
    case 0x22:  // CMD_TLBI_EL2_VA
    case 0x1A:  // CMD_TLBI_EL3_VA
    case 0x23:  // CMD_TLBI_EL2_VAA
    case 0x2A:  // CMD_TLBI_S2_IPA
    case 0x52:  // CMD_TLBI_S_EL2_VA
    case 0x53:  // CMD_TLBI_S_EL2_VAA
    case 0x5A:  // CMD_TLBI_S_S2_IPA
      return true;
    default:
      return false;
  }
}

/// Is the opcode one that a Command queue of this state knows? 4.1.1 and the descriptions. The stall model is
/// that of the state.
bool opcode_known(const Features& features, const Choices& choices, Space queue, unsigned opcode) {
  const bool secure = queue == Space::secure;
  switch (opcode) {
    case 0x01:  // CMD_PREFETCH_CONFIG
    case 0x02:  // CMD_PREFETCH_ADDR
    case 0x03:  // CMD_CFGI_STE
    case 0x04:  // CMD_CFGI_STE_RANGE, CMD_CFGI_ALL
      return true;
    case 0x05:  // CMD_CFGI_CD
    case 0x06:  // CMD_CFGI_CD_ALL
      return features.S1P;
    case 0x07:  // CMD_CFGI_VMS_PIDM, of the state that SSec names
      return features.MPAM;
    case 0x10:  // CMD_TLBI_NH_ALL
    case 0x11:  // CMD_TLBI_NH_ASID
    case 0x12:  // CMD_TLBI_NH_VA
    case 0x13:  // CMD_TLBI_NH_VAA
      return features.S1P;
    case 0x18:  // CMD_TLBI_EL3_ALL
    case 0x1A:  // CMD_TLBI_EL3_VA
      return secure && !features.RME_IMPL;
    case 0x20:  // CMD_TLBI_EL2_ALL
    case 0x21:  // CMD_TLBI_EL2_ASID
    case 0x22:  // CMD_TLBI_EL2_VA
    case 0x23:  // CMD_TLBI_EL2_VAA
      return features.Hyp;
    case 0x28:  // CMD_TLBI_S12_VMALL
    case 0x2A:  // CMD_TLBI_S2_IPA
      return features.S2P;
    case 0x30:  // CMD_TLBI_NSNH_ALL
      return true;
    case 0x40:  // CMD_ATC_INV
      return features.ATS && !(secure && features.SAMS);
    case 0x41:  // CMD_PRI_RESP
      return features.PRI && !(secure && features.SAMS);
    case 0x44:  // CMD_RESUME
    case 0x45:  // CMD_STALL_TERM
      return features.STALL_MODEL != 1;
    case 0x46:  // CMD_SYNC
      return true;
    case 0x50:  // CMD_TLBI_S_EL2_ALL
    case 0x51:  // CMD_TLBI_S_EL2_ASID
    case 0x52:  // CMD_TLBI_S_EL2_VA
    case 0x53:  // CMD_TLBI_S_EL2_VAA
    case 0x58:  // CMD_TLBI_S_S12_VMALL
    case 0x5A:  // CMD_TLBI_S_S2_IPA
    case 0x60:  // CMD_TLBI_SNH_ALL
      return secure && features.SEL2;
    default:
      // Reserved; or of absent features (0x70 and 0x73 CMD_DPTI_*)
      return opcode >= 0x80 && opcode <= 0x8F && !choices.impdef_commands_are_illegal;
  }
}

/// The state that the StreamID of a command belongs to (4.1.6), or the TLB entries that it invalidates
/// (4.4.2, 4.4.3).
Space concerns(unsigned opcode, Space queue, uint64_t low) {
  if (has_ssec(opcode)) return bit(low, 10) ? Space::secure : Space::non_secure;
  switch (opcode >> 4) {
    case 0x1:  // CMD_TLBI_NH_*, CMD_TLBI_EL3_*
      return queue;
    case 0x5:  // CMD_TLBI_S_*
    case 0x6:  // CMD_TLBI_SNH_ALL
      return Space::secure;
    default:  // CMD_TLBI_EL2_*, CMD_TLBI_S12_VMALL, CMD_TLBI_S2_IPA, CMD_TLBI_NSNH_ALL
      return Space::non_secure;
  }
}

bool is_invalidation(unsigned opcode) {
  return (opcode >= 0x03 && opcode <= 0x30) || (opcode >= 0x50 && opcode <= 0x60);
}

}  // namespace

// 4.1.3, 4.1.6, 4.2.2, 4.4.1.1, 4.7.3
bool Smmu::command_illegal(const Interface& regs, uint64_t low, uint64_t high) const {
  const unsigned opcode = field(low, 7, 0);
  if (!opcode_known(seen_by(regs.space), m_choices, regs.space, opcode)) return true;
  if (has_ssec(opcode) && bit(low, 10) && !regs.secure()) return true;
  if (opcode == 0x07) {  // 4.3.5
    const Space state = concerns(opcode, regs.space, low);
    if (!m_features.mpam_supported(state) || !m_features.vms_supported(state)) return true;
  }
  if (opcode == 0x02 && m_features.minor_version() == 0 && m_choices.prefetch_stride_is_illegal &&
      field(high, 9, 5) != 0) {
    return true;
  }
  if (takes_address(opcode) && m_features.RIL) {
    const unsigned TG = field(high, 11, 10);
    unsigned TTL = field(high, 9, 8);
    if (TG == 0b10 && TTL == 0b01 && !m_features.DS) TTL = 0b00;  // Reserved, treated as 0b00
    const unsigned NUM = field(low, 16, 12);
    const bool six_bits = m_features.DS || m_choices.scale_has_six_bits_without_ds;
    const unsigned SCALE = field(low, six_bits ? 25 : 24, 20);
    if (TG != 0 && NUM == 0 && SCALE == 0 && TTL == 0) return true;
  }
  if (opcode == 0x40 && atc_inv_illegal(high)) return true;
  if (opcode == 0x41 && field(high, 13, 12) == 0b11) return true;  // 4.5.2
  return opcode == 0x46 && field(low, 13, 12) == 0b11;
}

// What a command does before it counts as consumed. There are no caches: invalidations and prefetches do
// nothing.
void Smmu::execute(const Interface& regs, Invalidated& invalidated, uint64_t low, uint64_t high) {
  const unsigned opcode = field(low, 7, 0);
  const uint32_t StreamID = field(low, 63, 32);
  switch (opcode) {
    case 0x40:
      if (regs.SMMUEN() && !invalidate_atc(low, high)) invalidated.atc_timed_out = true;
      break;
    case 0x41:
      if (regs.SMMUEN()) respond_to_group(low, high);
      break;
    case 0x44:  // CMD_RESUME: Ac is bit 12, Ab bit 13, STAG bits [79:64]
      resume(concerns(opcode, regs.space, low), StreamID, static_cast<uint16_t>(field(high, 15, 0)),
             bit(low, 12), bit(low, 13));
      break;
    case 0x45:  // CMD_STALL_TERM
      terminate_stalls(concerns(opcode, regs.space, low), StreamID);
      break;
    case 0x46:
      // 4.7.3, 7.2.1: an event that was not recorded is now out of date, if anything was invalidated
      for (Stalled& stalled : m_stalled) {
        const bool any = m_choices.retries_unrecorded_stalls_of_both_states && invalidated.any();
        if (any || invalidated.of(stalled.request.SEC_SID)) stalled.stale = true;
      }
      invalidated = {};
      break;
    default:
      if (is_invalidation(opcode)) invalidated.add(concerns(opcode, regs.space, low));
      break;
  }
}

// 4.7.3: the signal of a CMD_SYNC, after CONS has moved
void Smmu::signal(Interface& regs, uint64_t low, uint64_t high) {
  switch (field(low, 13, 12)) {
    case 0b01:  // SIG_IRQ
      regs.wires.cmd_sync++;
      send_msi(regs, keep(high, 55, 2), field(low, 63, 32), field(low, 27, 24), field(low, 23, 22), 4);
      break;
    case 0b10:  // SIG_SEV
      if (m_features.SEV) regs.wires.sev++;
      break;
    default:
      break;
  }
}

// 4.1.2
void Smmu::consume(Interface& regs, const Consumer& consumer) {
  const Queue& queue = consumer.queue;
  while (consumer.running()) {
    const uint32_t waiting = queue.pointer(consumer.PROD - consumer.CONS);
    const uint32_t size = 1u << queue.log2_size;
    if (waiting == 0) return;
    if (waiting > size && m_choices.inconsistent_command_queue_stops) return;  // 3.5.1

    const uint64_t address = queue.base + 16 * uint64_t{queue.index(consumer.CONS)};
    m_memory.labels_next(own_label(regs));
    const auto bytes = m_memory.read_from(regs.space, truncate(address, m_features.oas_bits()), 16);
    if (!bytes.has_value()) return consumer.stop(2);  // CERROR_ABT
    const uint64_t low = little_endian(*bytes, 0, 8);
    const uint64_t high = little_endian(*bytes, 8, 8);
    if (command_illegal(regs, low, high)) return consumer.stop(1);  // CERROR_ILL
    if (field(low, 7, 0) == 0x46 && consumer.invalidated.atc_timed_out) {
      // 3.9.1.4, 4.7.3: not consumed. Retried, it waits for what has not timed out
      consumer.invalidated.atc_timed_out = false;
      return consumer.stop(3);  // CERROR_ATC_INV_SYNC
    }
    execute(regs, consumer.invalidated, low, high);
    consumer.CONS = (consumer.CONS & ~0xFFFFFu) | queue.pointer(consumer.CONS + 1);
    if (waiting == size && m_features.SEV) regs.wires.sev++;  // the queue is no longer full
    if (field(low, 7, 0) == 0x46) signal(regs, low, high);
  }
}

void Smmu::run_queues(Interface& regs) {
  auto running = [&] { return regs.CMDQEN() && !error_active(regs, 0); };
  // 7.1: ERR first, then the error
  auto stop = [&](unsigned CERROR) {
    regs.CMDQ_CONS = (regs.CMDQ_CONS & ~(0x7Fu << 24)) | (CERROR << 24);
    activate_error(regs, 0);
  };
  consume(regs, {command_queue(regs), regs.CMDQ_PROD, regs.CMDQ_CONS, regs.invalidated, running, stop});
  for (auto& [n, ecmdq] : regs.ecmdqs) run_ecmdq(regs, ecmdq);
}

// 3.5.6.1: there is no order between queues; here it is that of the states, and of the queues in each
void Smmu::run_commands() {
  run_queues(m_non_secure);
  run_queues(m_secure);
}

}  // namespace naive_smmuv3
