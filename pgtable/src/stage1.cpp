// Stage 1 of the Long-descriptor formats: VMSAv8-64, VMSAv8-32 LPAE, Mali.
#include <algorithm>

#include "descriptor.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {
namespace {

using namespace detail;

constexpr int outside = -1;

// Which range an address is of, or that it is of none. DDI 0487 D8.2.4, D8.8: all bits above the range, the
// tag excepted, equal VA[55].
int vmsa64_range(const std::array<Lookup, 2>& ranges, bool two_ranges, std::uint64_t va) {
  const int range = two_ranges ? static_cast<int>((va >> 55) & 1) : 0;
  const Lookup& l = ranges[static_cast<unsigned>(range)];
  const std::uint64_t excess = range != 0 ? ~va : va;
  const std::uint64_t examined = l.TBI ? excess & low_bits(56) : excess;
  return !l.EPD && exceeds(examined, l.input_bits) ? outside : range;
}

// DDI 0487 G5.5 (pseudocode AArch32.GetVARange): a range with TxSZ 0 takes what the other one leaves.
int lpae32_range(const std::array<std::uint8_t, 2>& TxSZ, bool two_ranges, std::uint64_t va) {
  if (exceeds(va, 32)) return outside;
  const bool low = !exceeds(va, 32U - TxSZ[0]);
  if (!two_ranges) return low ? 0 : outside;
  const bool high = !exceeds(~va & low_bits(32), 32U - TxSZ[1]);
  if (TxSZ[1] == 0) return low ? 0 : 1;
  if (high) return 1;
  return low ? 0 : outside;
}

struct Permissions {
  bool pr, pw, px, ur, uw, ux;
  Rights rights() const {
    const unsigned bits = (pr ? Rights::privileged_read : 0U) | (pw ? Rights::privileged_write : 0U) |
                          (px ? Rights::privileged_execute : 0U) | (ur ? Rights::unprivileged_read : 0U) |
                          (uw ? Rights::unprivileged_write : 0U) | (ux ? Rights::unprivileged_execute : 0U);
    return Rights{static_cast<std::uint8_t>(bits)};
  }
};

// A regime without unprivileged accesses: both sets of rights are the same. AP[1] and PXN have no effect.
Permissions single_privilege(std::uint64_t d, unsigned table, bool WXN) {
  const bool w = (d & AP_read_only) == 0 && (table & APTable_read_only) == 0;
  const bool x = (d & XN) == 0 && (table & XNTable) == 0 && !(WXN && w);
  return {true, w, x, true, w, x};
}

// Mali: rights of its own in place of AP; XN and AttrIndx as in stage 1.
Permissions mali(std::uint64_t d) {
  const bool r = (d & S2AP_read) != 0;
  const bool w = (d & S2AP_write) != 0;
  const bool x = (d & XN) == 0;
  return {r, w, x, r, w, x};
}

// DDI 0487 D8.4, G5.5: direct permissions of a regime with unprivileged accesses. The two architectures
// differ in execution: VMSAv8-64 has an UXN of unprivileged code alone, needs no read right, and takes
// execution by privileged code away from whatever unprivileged code can write; VMSAv8-32 does the latter with
// UWXN.
Permissions two_privileges(Format format, std::uint64_t d, unsigned table, bool WXN, bool UWXN) {
  const bool w = (d & AP_read_only) == 0 && (table & APTable_read_only) == 0;
  const bool ur = (d & AP_unprivileged) != 0 && (table & APTable_privileged_only) == 0;
  const bool uw = ur && w;
  const bool pxn = (d & PXN) != 0 || (table & PXNTable) != 0;
  const bool xn = (d & XN) != 0 || (table & XNTable) != 0;
  const bool aarch32 = format == Format::lpae32;
  const bool px = aarch32 ? !pxn && !xn && !(UWXN && uw) : !pxn && !uw;
  const bool ux = aarch32 ? ur && !xn : !xn;
  return {true, w, px && !(WXN && w), ur, uw, ux && !(WXN && uw)};
}

}  // namespace

void Walk::start_long(const WalkSetup& setup) {
  const std::uint64_t va = m_request.va;
  const Format format = setup.m_stage1[0].format;
  const int range = format == Format::lpae32 ? lpae32_range(setup.m_txsz, setup.m_two_ranges, va)
                                             : vmsa64_range(setup.m_stage1, setup.m_two_ranges, va);
  const int input_fault_level = setup.m_stage1[0].input_fault_level;
  if (range == outside) {
    if (format == Format::vmsa64 && setup.m_two_ranges)
      m_result.range = static_cast<std::uint8_t>((va >> 55) & 1);
    return end_with(Stage::stage1, FaultKind::translation, input_fault_level);
  }
  m_result.range = static_cast<std::uint8_t>(range);
  m_stage1 = setup.m_stage1[static_cast<unsigned>(range)];
  // D8.2.4: EPDx is a Translation fault, level 0; so is E0PDx for unprivileged accesses (FEAT_E0PD).
  if (m_stage1.EPD || (m_stage1.E0PD && m_rules.unprivileged && !m_request.privileged)) {
    return end_with(Stage::stage1, FaultKind::translation, input_fault_level);
  }
  // D8.2.3: Address size fault, level 0, for the address in TTBR, whatever level comes first. Misaligned bits
  // are taken as zero, one of the choices for this CONSTRAINED UNPREDICTABLE case.
  if (m_stage1.base_beyond_output) return end_with(Stage::stage1, FaultKind::address_size, 0);
  m_table_space = m_stage1.NS ? AddressSpace::non_secure : m_rules.space;
  m_state = State::stage1_question;
}

void Walk::take_stage1_table(std::uint64_t descriptor) {
  m_table = output_address(m_stage1, descriptor);
  if (exceeds(m_table, m_stage1.output_size)) {
    return end_with(Stage::stage1, FaultKind::address_size, m_level);
  }
  if (!m_stage1.HPD) {
    m_table_permissions |= static_cast<std::uint8_t>((descriptor >> table_permissions_shift) & 0xf);
  }
  // From a Non-secure table, or IPA, there is no way back to Secure; HPD does not disable NSTable.
  if ((descriptor & NSTable) != 0) m_table_space = AddressSpace::non_secure;
  ++m_level;
  if (!m_unaccessed) m_found = Found::stage1_table;
  need_stage1(descriptor_address(m_stage1, m_table, m_level, m_request.va, m_stage1.stride));
}

// Order of checks as in the pseudocode AArch64.S1Walk and AArch64.S1Translate: output size, Access flag,
// permission; then hardware updates.
void Walk::take_stage1_leaf(std::uint64_t descriptor) {
  const Lookup& l = m_stage1;
  const unsigned shift = level_shift(l, m_level);
  const std::uint64_t block = output_address(l, descriptor) & ~low_bits(shift);
  const std::uint64_t output = block | (m_request.va & low_bits(shift));
  // IHI 0070 5.4, CD.IPS: the output address counts, of which a block larger than the output size gives a
  // part.
  if (exceeds(output, l.output_size)) return end_with(Stage::stage1, FaultKind::address_size, m_level);

  const bool needs_AF = (descriptor & AF) == 0 && (l.HA || !l.AFFD);
  if (needs_AF && !l.HA) return end_with(Stage::stage1, FaultKind::access_flag, m_level);

  // D8.5: with HD, DBM makes a read-only descriptor writable-clean.
  const bool clean = l.HD && (descriptor & DBM) != 0 && (descriptor & AP_read_only) != 0;
  const std::uint64_t d = clean ? descriptor & ~AP_read_only : descriptor;
  Permissions p{};
  if (l.format == Format::mali_lpae) {
    p = mali(d);
  } else if (!m_rules.unprivileged) {
    p = single_privilege(d, m_table_permissions, m_rules.wxn);
  } else {
    p = two_privileges(l.format, d, m_table_permissions, m_rules.wxn, m_rules.uwxn);
  }
  // PAN concerns data accesses only: execution has seen the rights that PAN now takes away.
  if (m_rules.pan && (p.ur || (m_rules.epan && p.ux))) p.pr = p.pw = false;
  // An unprivileged access has not got here (start_long()); neither may it by what caches keep of this one.
  if (l.E0PD && m_rules.unprivileged) p.ur = p.uw = p.ux = false;
  const bool from_non_secure = m_table_space == AddressSpace::non_secure;
  const bool non_secure = from_non_secure || (descriptor & NS) != 0;
  if (m_rules.sif && non_secure) p.px = p.ux = false;  // IHI 0070 6.3.57, SIF
  Rights rights = p.rights();
  const Rights usable = m_request.DIPAN ? without_DIPAN_rights(rights) : rights;
  if (check_permission(usable, m_request) == PermissionCheck::denied) {
    m_result.fault.rights = usable;
    return end_with(Stage::stage1, FaultKind::permission, m_level);
  }

  if (m_request.side_effects) {
    const bool writes = m_request.access == AccessType::write || m_request.access == AccessType::read_write;
    std::uint64_t desired = descriptor;
    if (needs_AF) desired |= AF;
    if (clean && writes) desired &= ~AP_read_only;
    if (desired != descriptor) return need_stage1_update(descriptor, desired);
  }
  if (clean && (p.pw || p.uw)) rights.bits |= Rights::write_needs_update;

  Result& r = m_result;
  r.stage1.valid = true;
  r.stage1.level = m_level;
  r.stage1.block_shift = static_cast<std::uint8_t>(shift);
  r.stage1.range_shift = static_cast<std::uint8_t>(range_shift(l, m_level, descriptor, block, m_request.va));
  r.stage1.descriptor = descriptor;
  r.block_shift = std::min(r.stage1.block_shift, l.output_size);
  r.range_shift = std::min(r.stage1.range_shift, l.output_size);
  // A Secure translation that went through NSTable=1 is treated as non-global.
  r.nG = m_rules.unprivileged &&
         ((descriptor & nG) != 0 || (m_rules.space == AddressSpace::secure && from_non_secure));
  r.rights = rights;
  const unsigned attr_index = static_cast<unsigned>(descriptor >> AttrIndx_shift) & 7;
  r.attributes.memory = static_cast<std::uint8_t>(m_rules.mair >> (8 * attr_index));
  r.attributes.SH = l.DS ? l.walk_attributes.SH : static_cast<Shareability>((descriptor >> SH_shift) & 3);
  r.space = non_secure ? AddressSpace::non_secure : AddressSpace::secure;
  r.output = output;
  finish_stage1();
}

}  // namespace smmuvp::pgtable
