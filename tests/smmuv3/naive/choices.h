// SPDX-License-Identifier: MIT
#pragma once

#include "naive.h"

namespace naive_smmuv3 {

/// What IHI 0070 leaves to the implementation. One member for each choice, with its clause; the comparison
/// sets them as the model under test decided.
///
/// Left out, since only one behaviour is modelled (and the clauses permit it):
/// - An Update of CR0, IRQ_CTRL and GBPA completes with the write; so does ATOS.
/// - A write to a Guarded register is ignored (6.3.*, SMMUv3.1 and earlier permit other things).
/// - Reserved fields of structures and commands are ignored (chapter 5, 4.1.5).
/// - Out-of-range parameters: the command has no effect (4.1.7).
/// - Events are never merged (7.3.1), duplicate stall records never suppressed (3.12.2.1), stalled
/// transactions
///   never retried early (3.12.2.2).
/// - An error is active whenever GERROR[x] != GERRORN[x], also if software toggled an inactive one (6.3.20).
/// - Access sizes other than an aligned 4 or 8 bytes are RAZ/WI (6.2).
/// - MSIs and wired interrupts are not coalesced (3.18).
/// - What is UNKNOWN is zero: registers at reset, SubstreamID without SSV, Reason, IPA of a stage 1 fault.
struct Choices {
  /// Choices of the translation itself. `contiguous_extends_output`, `reserved_shareability` and so on.
  naive::Choices walk;

  // ---- registers

  /// 6.2: Page 1 shows the registers of Page 0 at the offsets that it does not define.
  bool page1_aliases_page0 = false;
  /// 6.2, 6.2.1: Page 0 offsets 0xA8, 0xAC, and 0xC8, 0xCC with PRI, are the queues' PROD and CONS, rather
  /// than RAZ/WI.
  bool page0_shows_event_indices = false;
  /// 6.2: a 64-bit access to two adjacent 32-bit registers reaches both, rather than being RAZ/WI.
  bool wide_access_reaches_both = true;
  /// 6.3.24, 6.3.26, 6.3.29, 6.3.21: address bits above the OAS are stored and read back. They have no
  /// effect.
  bool stores_addresses_above_oas = false;
  /// 6.3.27, 6.3.96: CMDQ_PROD and EVENTQ_CONS bits above the wrap flag are stored.
  bool stores_index_above_wrap = false;
  /// 6.3.28: a write to CMDQ_CONS with CMDQEN == 0 changes ERR; one to ECMDQ_CONS with EN == 0 ERR_REASON.
  bool writes_cmdq_cons_err = false;
  /// 6.3.109: a write to ECMDQ_CONS with EN == 0 changes ERR.
  bool writes_ecmdq_cons_err = true;
  /// 6.3.14: GBPA fields without effect (ATTR_TYPES_OVR, ATTR_PERMS_OVR) read back what was written.
  bool stores_ineffective_gbpa = false;
  /// 6.3.37, SMMUv3.1 and earlier: RUN written while SMMUEN == 0 is stored until SMMUEN is Updated to 1.
  bool stores_atos_run_while_disabled = false;
  /// 6.3.13: STATUSR.DORMANT, which is a hint.
  bool dormant = false;

  /// 3.11: the system lets Non-secure accesses reach S_INIT. It reads as zero: an invalidation is complete at
  /// once.
  bool s_init_is_open_to_non_secure = false;

  // ---- queues

  /// 3.5.1: in an inconsistent state of the indices, the SMMU does not consume commands, rather than
  /// consuming until PROD and CONS are equal.
  bool inconsistent_command_queue_stops = true;
  /// 3.5.1: in an inconsistent state of the indices, the Event queue counts as full, rather than as not full.
  bool inconsistent_event_queue_is_full = true;
  /// 7.2.2: an external abort on an Event queue write is asynchronous: PROD is incremented.
  bool event_write_abort_is_asynchronous = false;
  /// 7.2.2: a stall record whose write was aborted is lost (the transaction stays stalled, with its STAG),
  /// rather than pending until the queue is writable again.
  bool event_write_abort_loses_stall_record = true;
  /// 4.7.1: CMD_RESUME affects a stalled transaction whose record was lost.
  bool resumes_lost_stalls = true;
  /// 7.2.1, 7.4: with EVENTQ_ABT_ERR active, an event that is discarded from a queue that is full as well is
  /// an overflow.
  bool overflow_while_abort_is_active = false;

  // ---- commands

  /// 4.1.1: opcodes 0x80 to 0x8F are illegal, rather than consumed without effect.
  bool impdef_commands_are_illegal = true;
  /// 4.2.2, SMMUv3.0: a Stride that is not zero is CERROR_ILL.
  bool prefetch_stride_is_illegal = false;
  /// 4.4.1.1: without DS, SCALE's bit 25 is RES0 and ignored; here it counts for NUM == SCALE == TTL == 0.
  bool scale_has_six_bits_without_ds = false;

  // ---- stalls

  enum class AtStallMax {
    wait,      ///< the transaction waits, unrecorded, and is retried when there is room
    terminate  ///< it is terminated, and reported with Stall == 0 (3.12, "stalling as terminating")
  };
  /// 6.3.6 STALL_MAX: what happens to the next transaction that would stall.
  AtStallMax at_stall_max = AtStallMax::wait;
  /// 4.7.1, 6.3.6: a transaction that is retried and would stall again stands behind those that wait for
  /// room, rather than in its own place. It is "as though it had just arrived".
  bool waiting_stalls_come_before_retried = false;
  /// 7.2.1, 3.12.2: a stalled transaction that has not recorded its event is retried when the queue becomes
  /// writable. Otherwise its first event is recorded then, unless an invalidation and a CMD_SYNC came
  /// between.
  bool retries_unrecorded_stalls = true;
  /// The same, where the invalidation was one for the other Security state, or SMMUEN or SIF of either has
  /// changed (3.12.2.2: an early retry is permitted).
  bool retries_unrecorded_stalls_of_both_states = false;

  /// 3.12.2.1: a stall that duplicates one whose record is out makes no record of its own; it is retried when
  /// that one is resumed. The page that both must access is of 2^duplicate_page_bits bytes.
  bool suppresses_duplicate_stalls = false;
  unsigned duplicate_page_bits = 12;

  // ---- configuration

  /// 5.2.2, 5.5: with S_CR0.NSSTALLD set, SteIllegal() refuses S2S in Secure STEs too, since it looks at the
  /// stall model of IDR0 there. 6.3.57.1 speaks of Non-secure structures only.
  bool nsstalld_refuses_secure_s2s = true;

  /// 3.4.3 (5): an STE or L1STD address beyond the OAS is F_STE_FETCH, rather than truncated.
  bool ste_beyond_oas_faults = true;
  /// 3.4.3 (1), SMMUv3.0 and stage 1 only: S1ContextPtr beyond the OAS. Later versions: always bad_structure.
  enum class Beyond { bad_structure, fetch_fault, truncated };
  Beyond s1contextptr_beyond_oas_v30 = Beyond::bad_structure;
  /// 3.4.3 (2), (4): S1ContextPtr or L1CD.L2Ptr beyond the IAS is C_BAD_STE or C_BAD_SUBSTREAMID, rather than
  /// a stage 2 Translation fault.
  bool s1contextptr_beyond_ias_is_bad = true;
  bool l2ptr_beyond_ias_is_bad = true;
  /// 3.4.3 (3), SMMUv3.0 and stage 1 only: L1CD.L2Ptr beyond the OAS.
  Beyond l2ptr_beyond_oas_v30 = Beyond::bad_structure;
  /// 5.2 S1Fmt: bits of S1ContextPtr below the table's size are taken as zero, rather than added.
  bool aligns_s1contextptr = true;
  /// 5.2 S1Fmt 0b10: L1CD.L2Ptr[15:12] are RES0: taken as zero, rather than used.
  bool ignores_l2ptr_15_12 = true;
  /// 5.2 S2T0SZ, 5.4 T0SZ, SMMUv3.0: an out-of-range value makes the structure ILLEGAL, rather than being
  /// clamped.
  bool s2t0sz_out_of_range_is_illegal_v30 = true;
  bool txsz_out_of_range_is_illegal_v30 = true;

  /// 5.6.1, 7.3.22: when the VMS is fetched, and what of it: the whole PARTID_MAP with the STE, even if stage
  /// 1 turns out to be bypassed; the map, or the eight bytes that hold the entry, once the CD is known.
  enum class VmsFetch { with_ste, map_when_needed, entry_when_needed };
  VmsFetch vms_fetch = VmsFetch::map_when_needed;
  /// 5.2, 5.4, 5.6, 6.3.42, 6.3.43: a PARTID or PMG greater than its maximum is UNKNOWN: 0, rather than not
  /// told.
  bool mpam_beyond_maximum_is_zero = false;

  // ---- translation and attributes

  /// 3.4, 5.2 S1DSS: Config 0b101 with S1DSS 0b01 checks the input address against the OAS, as Config 0b100
  /// does, rather than against the IAS with silent truncation. They differ where TTF[0] is set and OAS < 40.
  bool s1dss_bypass_checks_oas = true;
  /// 13.1.1, SMMUv3.0: RnW of F_PERMISSION where an atomic may write but not read. Later versions: 1.
  bool atomic_read_permission_rnw_v30 = true;
  /// 5.2 ALLOCCFG: it has an effect where MTCFG is 0.
  bool alloccfg_without_mtcfg = true;
  /// 13.1.1, 13.1.4: incoming Device and Normal iNC-oNC count as Outer Shareable before the overrides, rather
  /// than as they were presented. Seen where MTCFG or S2FWB makes them cacheable and SHCFG uses incoming.
  bool incoming_uncached_is_outer_shareable = true;
  /// 13.4.2: hints of the input are combined with those of stage 1 in each of inner and outer where the input
  /// is cacheable there, rather than only if it is cacheable in both.
  bool combines_hints_by_level = true;
  /// 13.1.2, SMMUv3.4: the transaction leaves as Data, Privileged.
  bool v34_outputs_data_privileged = true;
  /// 7.3.13 and its like: IPA bits above the OAS are zero in events (3.4.3 asks for the whole address). Seen
  /// with TTF[0] and OAS < 40 only.
  bool masks_event_ipa_to_oas = false;

  // ---- ATOS

  /// 9.1.1: a request of the Secure interface for a Non-secure stream fails with INTERNAL_ERR while
  /// CR0.SMMUEN is 0, rather than looking at the Non-secure Stream table all the same.
  bool secure_atos_needs_smmuen_of_stream = true;
  /// 9.1.5: without SEL2, a request for stage 2 of a Secure stream is INV_STAGE before its STE is looked at.
  bool atos_looks_at_sel2_first = false;
  /// 9.1.3: S_GATOS_PAR.NS for a stage 1 lookup that S1DSS bypasses; SIF looks at it too.
  bool atos_bypass_NS = false;
  /// 9.1.3: Size of the PAR for a stage 1 lookup that S1DSS bypasses, as log2; ATTR and SH of it.
  unsigned atos_bypass_shift = 12;
  uint8_t atos_bypass_attributes = 0xFF;
  naive::Shareability atos_bypass_shareability = naive::Shareability::non_shareable;
  /// 6.3.40: the size in PAR is that of the contiguous region, where the hint is set.
  bool atos_size_is_contiguous = false;
  /// 6.3.40: the size may be that of a cached entry. With VMSAv8-32 a block of TTB1 can begin in the range of
  /// TTB0, or the other way round: the size in PAR is that of the largest aligned part which lies in one
  /// range.
  bool atos_size_is_within_range = false;

  // ---- ATS and PRI

  /// 5.2 EATS, SMMUv3.0: EATS 0b01 with S2S is ILLEGAL without stage 2 too.
  bool eats_with_s2s_is_illegal_v30 = false;
  /// 13.7: W is granted to a request with NW where the page is writable, and no flag has to be updated.
  bool grants_write_with_nw = true;
  /// 13.6.4: span of the identity mapping that S1DSS makes, as log2; the STU is the least.
  unsigned ats_bypass_shift = 0;
  /// 13.6.3: the span is that of the contiguous region, where the hint is set.
  bool ats_size_is_contiguous = false;
  /// 3.9.1.2, 13.6.3: as atos_size_is_within_range.
  bool ats_size_is_within_range = true;
  enum class SplitFlags { none, access, access_and_dirty };
  /// 3.13.7.1: flags of the final IPA's stage 2 descriptor that a Split-stage request updates.
  SplitFlags split_request_flags = SplitFlags::none;
  /// 3.9.1.1: a Translated transaction beyond the OAS is aborted, rather than truncated.
  bool translated_beyond_oas_aborts = true;
  /// 7.3.8: F_TRANSL_FORBIDDEN is recorded with SMMUEN == 0 ("permitted").
  bool records_translated_while_disabled = true;
  /// 3.9.1.3: without PASIDTT, a Translated transaction is subject to S1DSS 0b00 (F_STREAM_DISABLED). The
  /// table says so without PASIDTT too; 7.3.7 does not.
  bool translated_without_pasid_may_be_disabled = false;
  /// 13.7, Table 13.4: PRIVCFG and INSTCFG apply to Translated transactions with Full ATS and ATSCHK.
  bool translated_permission_overrides_apply = true;
  /// Table 13.5: ALLOCCFG applies to Translated transactions, with ATSCHK.
  bool translated_alloccfg_applies = false;
  enum class Oversized { illegal, invalidates_all, ignored };
  /// 4.5.1: CMD_ATC_INV with a Size above 52.
  Oversized atc_inv_beyond_52 = Oversized::illegal;
  /// 4.5.1, 4.5.2: SSV without support of PASIDs: no effect, rather than as SSV == 0.
  bool ssv_without_pasids_is_ignored = false;
  /// 3.5.1: as inconsistent_event_queue_is_full.
  bool inconsistent_pri_queue_is_full = true;
  /// 8.2: an external abort on a PRI queue write is asynchronous: PROD is incremented, no automatic response.
  bool pri_write_abort_is_asynchronous = false;
  /// 8.1: without support of PASIDs, the STE is looked up before an overflow is answered with Success.
  bool overflow_checks_ste_without_pasids = false;
};

}  // namespace naive_smmuv3
