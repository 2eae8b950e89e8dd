// What caches tell a walk before a lookup begins, and what a walk tells them.
#include "descriptor.h"
#include "short_descriptor.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {

using namespace detail;
namespace sd = short_descriptor;

std::optional<WalkQuestion> Walk::question() const {
  if (!asks()) return std::nullopt;
  WalkQuestion q;
  if (m_state == State::stage2_question) {
    q.stage = Stage::stage2;
    q.use = m_use;
    q.start_level = ipa_tables().start_level;
    q.granule_shift = ipa_tables().granule_shift;
    q.stride = ipa_tables().stride;
    q.input = m_ipa;
    q.space = m_ipa_space;
    return q;
  }
  q.input = m_request.va;
  if (m_stage1.format == Format::v7s) {
    q.start_level = 1;
    q.last_level = 2;
    q.granule_shift = sd::small_page_shift;
    q.stride = sd::section_shift - sd::small_page_shift;
    return q;
  }
  q.start_level = m_stage1.start_level;
  q.granule_shift = m_stage1.granule_shift;
  q.stride = m_stage1.stride;
  if (m_stage1.TBI) {
    constexpr std::uint64_t tag = ~low_bits(56);
    q.input = (q.input & bit(55)) != 0 ? q.input | tag : q.input & ~tag;
  }
  return q;
}

// Whether a walk that asks what is pending now could have found `table`: caches, restored ones too, may hold
// anything.
bool Walk::is_possible(const TablePointer& table) const {
  const bool stage1 = m_state == State::stage1_question;
  if (table.stage != (stage1 ? Stage::stage1 : Stage::stage2) || table.permissions > 0xf) return false;
  // From a Non-secure table of stage 1 there is no way back to Secure. Tables of stage 2 are all of one
  // space.
  if (!stage1 && table.space != ipa_tables().table_space) return false;
  if (stage1 && table.space != m_table_space && table.space != AddressSpace::non_secure) return false;
  if (stage1 && m_stage1.format == Format::v7s) {
    return table.level == 2 && table.region_shift == sd::section_shift &&
           (table.v7s_descriptor & sd::type_mask) == sd::table_type &&
           table.address == (table.v7s_descriptor & sd::table_address_mask);
  }
  const Lookup& l = stage1 ? m_stage1 : ipa_tables();
  return table.level > l.start_level && table.level <= last_level &&
         table.region_shift == level_shift(l, table.level - 1) &&
         (table.address & low_bits(l.granule_shift)) == 0 && !exceeds(table.address, l.output_size);
}

bool Walk::is_possible(const Stage2Translation& translation) const {
  const int level = translation.level;
  if (level < 0 || level < ipa_tables().start_level || level > last_level) return false;
  const unsigned shift = level_shift(ipa_tables(), level);
  if (translation.block_shift != shift || (translation.output & low_bits(shift)) != 0) return false;
  const std::uint64_t block = translation.output;
  return translation.range_shift == shift ||
         translation.range_shift == range_shift(ipa_tables(), level, translation.descriptor, block, block);
}

bool Walk::use(const Stage2Translation& translation) {
  if (m_state != State::stage2_question || !is_possible(translation)) return false;
  // In which order these are looked at matters to nobody: the walk that follows has its own.
  // IPA and output address agree in the bits between block and range.
  const std::uint64_t inside = low_bits(translation.range_shift);
  const std::uint64_t output = (translation.output & ~inside) | (m_ipa & inside);
  if (exceeds(output, ipa_tables().output_size)) return false;  // a block can be larger than the output size
  if (is_refused_table(ipa_tables(), table_use(), translation.descriptor)) return false;
  const AccessType access = stage2_access(m_use, m_request.access);
  const PermissionCheck check = check_permission(translation.rights, access, m_request.privileged);
  if (check == PermissionCheck::denied) return false;
  if (check == PermissionCheck::needs_update && m_request.side_effects) return false;
  m_state = State::memory;
  m_found = Found::nothing;
  m_stage2_level = translation.level;
  finish_stage2(translation.descriptor, translation.rights, output);
  return true;
}

std::optional<TablePointer> Walk::found_table() const {
  TablePointer table;
  if (m_found == Found::stage2_table) {
    table.stage = Stage::stage2;
    table.space = ipa_tables().table_space;
    table.level = m_stage2_level;
    table.region_shift = static_cast<std::uint8_t>(level_shift(ipa_tables(), m_stage2_level - 1));
    table.address = m_stage2_table;
    return table;
  }
  if (m_found != Found::stage1_table) return std::nullopt;
  table.level = m_level;
  table.space = m_table_space;
  if (m_stage1.format == Format::v7s) {
    table.region_shift = sd::section_shift;
    table.v7s_descriptor = m_v7s_table;
    table.address = m_v7s_table & sd::table_address_mask;
    return table;
  }
  table.region_shift = static_cast<std::uint8_t>(level_shift(m_stage1, m_level - 1));
  table.permissions = m_table_permissions;
  table.address = m_table;
  return table;
}

std::optional<Stage2Translation> Walk::found_stage2() const {
  if (m_found != Found::stage2) return std::nullopt;
  Stage2Translation translation;
  const unsigned shift = level_shift(ipa_tables(), m_stage2_level);
  translation.level = m_stage2_level;
  translation.block_shift = static_cast<std::uint8_t>(shift);
  translation.rights = m_stage2_rights;
  translation.attributes = stage2_attributes(ipa_tables(), m_stage2_leaf);
  translation.output = output_address(ipa_tables(), m_stage2_leaf) & ~low_bits(shift);
  translation.range_shift = static_cast<std::uint8_t>(
      range_shift(ipa_tables(), m_stage2_level, m_stage2_leaf, translation.output, m_ipa));
  translation.descriptor = m_stage2_leaf;
  return translation;
}

}  // namespace smmuvp::pgtable
