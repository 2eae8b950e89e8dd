// Stage 2, VMSAv8-64 and VMSAv8-32: of the input, and of the addresses of stage 1 descriptors.
#include <algorithm>

#include "descriptor.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {

using namespace detail;

void Walk::start_stage2(std::uint64_t ipa, AddressSpace space, LookupUse use) {
  m_ipa = ipa;
  m_ipa_space = space;
  m_use = use;
  // DDI 0487 D8.2.4: Translation fault, level 0 (AArch32: 1), for an IPA outside the range.
  if (exceeds(ipa, ipa_tables().input_bits)) {
    return end_with(Stage::stage2, FaultKind::translation, ipa_tables().input_fault_level);
  }
  if (ipa_tables().base_beyond_output) return end_with(Stage::stage2, FaultKind::address_size, 0);
  m_state = State::stage2_question;
}

void Walk::need_stage2(unsigned index_bits) {
  m_op.size = 8;
  m_op.big_endian = ipa_tables().big_endian;
  m_op.space = ipa_tables().table_space;
  m_op.attributes = ipa_tables().walk_attributes;
  m_op.memory = ipa_tables().memory;
  m_op.stage = Stage::stage2;
  need_next_stage2(index_bits);
}

// Of m_op, what one read of stage 2 and the next do not share
void Walk::need_next_stage2(unsigned index_bits) {
  m_phase = Phase::stage2_read;
  m_op.kind = MemoryOpKind::read;
  m_op.level = m_stage2_level;
  m_op.address = descriptor_address(ipa_tables(), m_stage2_table, m_stage2_level, m_ipa, index_bits);
  m_result.descriptors.add(m_op.address);
}

void Walk::take_stage2(std::uint64_t descriptor) {
  switch (kind_of(ipa_tables().kinds, m_stage2_level, descriptor)) {
    case Kind::table:
      m_stage2_table = output_address(ipa_tables(), descriptor);
      if (exceeds(m_stage2_table, ipa_tables().output_size)) {
        return end_with(Stage::stage2, FaultKind::address_size, m_stage2_level);
      }
      ++m_stage2_level;
      m_found = Found::stage2_table;
      return need_next_stage2(ipa_tables().stride);
    case Kind::leaf:
      return take_stage2_leaf(descriptor);
    default:
      return end_with(Stage::stage2, FaultKind::translation, m_stage2_level);
  }
}

// Order of checks as in the pseudocode AArch64.S2Walk and AArch64.S2Translate.
void Walk::take_stage2_leaf(std::uint64_t descriptor) {
  const Lookup& l = ipa_tables();
  const unsigned shift = level_shift(l, m_stage2_level);
  const std::uint64_t block = output_address(l, descriptor) & ~low_bits(shift);
  const std::uint64_t output = block | (m_ipa & low_bits(shift));
  if (exceeds(output, l.output_size)) return end_with(Stage::stage2, FaultKind::address_size, m_stage2_level);

  const bool needs_AF = (descriptor & AF) == 0 && (l.HA || !l.AFFD);
  if (needs_AF && !l.HA) return end_with(Stage::stage2, FaultKind::access_flag, m_stage2_level);

  if (is_refused_table(l, table_use(), descriptor)) {
    return end_with(Stage::stage2, FaultKind::permission, m_stage2_level);
  }

  // D8.4: S2AP, XN[1:0]. With XNX 0b01 forbids privileged and 0b11 unprivileged execution, 0b10 both.
  const bool clean = l.HD && (descriptor & DBM) != 0 && (descriptor & S2AP_write) == 0;
  const bool r = (descriptor & S2AP_read) != 0;
  const bool w = (descriptor & S2AP_write) != 0 || clean;
  const unsigned xn = static_cast<unsigned>(descriptor >> S2XN_shift) & (l.XNX ? 0b11U : 0b10U);
  // G5.6.3: in AArch32 execution needs the right to read, too.
  const bool executable = r || l.format != Format::lpae32;
  const bool px = executable && (xn == 0b00 || xn == 0b11);
  const bool ux = executable && (xn == 0b00 || xn == 0b01);
  unsigned bits = 0;
  if (r) bits |= Rights::privileged_read | Rights::unprivileged_read;
  if (w) bits |= Rights::privileged_write | Rights::unprivileged_write;
  if (px) bits |= Rights::privileged_execute;
  if (ux) bits |= Rights::unprivileged_execute;
  Rights rights{static_cast<std::uint8_t>(bits)};

  const AccessType access = stage2_access(m_use, m_request.access);
  if (check_permission(rights, access, m_request.privileged) == PermissionCheck::denied) {
    m_result.fault.rights = rights;
    return end_with(Stage::stage2, FaultKind::permission, m_stage2_level);
  }

  if (m_request.side_effects) {
    const bool writes = access == AccessType::write || access == AccessType::read_write;
    std::uint64_t desired = descriptor;
    if (needs_AF) desired |= AF;
    if (clean && writes) desired |= S2AP_write;
    if (desired != descriptor) {
      return compare_and_swap(Phase::stage2_update, m_op.address, descriptor, desired);
    }
  }
  if (clean) rights.bits |= Rights::write_needs_update;

  // D8.5: an entry without its Access flag may not be cached.
  if (needs_AF) {
    m_unaccessed = true;
  } else {
    m_found = Found::stage2;
  }
  finish_stage2(descriptor, rights, output);
}

void Walk::finish_stage2(std::uint64_t descriptor, Rights rights, std::uint64_t output) {
  const Lookup& l = ipa_tables();
  m_stage2_leaf = descriptor;
  m_stage2_rights = rights;
  const Stage2Attributes attributes = stage2_attributes(l, descriptor);
  if (m_use != LookupUse::input) {
    m_table_memory = combine_for_table(m_stage1.memory, attributes, l.FWB, l.PTWNNC);
    if (l.SMMUv2) m_table_memory = with_allocation(m_table_memory, attributes.allocation);
    m_table_output_space = l.output_space;
    if (m_use == LookupUse::table_read) return read_stage1(output);
    return compare_and_swap(Phase::stage1_update, output, m_update_expected, m_update_desired);
  }

  Result& r = m_result;
  const unsigned shift = level_shift(l, m_stage2_level);
  r.stage2.valid = true;
  r.stage2.level = m_stage2_level;
  r.stage2.block_shift = static_cast<std::uint8_t>(shift);
  r.stage2.range_shift =
      static_cast<std::uint8_t>(range_shift(l, m_stage2_level, descriptor, output & ~low_bits(shift), m_ipa));
  r.stage2.descriptor = descriptor;
  r.stage2_attributes = attributes;
  r.stage2_rights = rights;
  r.output = output;
  r.space = l.output_space;

  if (m_stages == Stages::stage2) {
    r.block_shift = std::min(r.stage2.block_shift, l.output_size);
    r.range_shift = std::min(r.stage2.range_shift, l.output_size);
    r.rights = rights;
    r.stage1_rights.bits = Rights::all;
    // Of an input that asks for no more than stage 2 gives: Write-Back, Non-shareable.
    r.attributes = combine({0xff, Shareability::non_shareable}, r.stage2_attributes, l.FWB);
  } else {
    r.block_shift = std::min({r.block_shift, r.stage2.block_shift, l.output_size});
    r.range_shift = std::min({r.range_shift, r.stage2.range_shift, l.output_size});
    r.rights = combine(r.stage1_rights, r.stage2_rights);
    r.attributes = combine(r.attributes, r.stage2_attributes, l.FWB);
  }
  m_state = State::done;
}

}  // namespace smmuvp::pgtable
