// The course of a walk through both stages; what descriptors mean is in stage1.cpp, stage2.cpp and v7s.cpp.
#include "smmuvp/pgtable/walk.h"

#include "descriptor.h"
#include "short_descriptor.h"

namespace smmuvp::pgtable {

using namespace detail;
namespace sd = short_descriptor;

Walk::Walk(const WalkSetup& setup, const WalkRequest& request) : m_request(request) {
  m_result.va = request.va;
  start(setup);
}

Walk::Walk(const Config& config, const WalkRequest& request) : Walk(WalkSetup(config), request) {}

void Walk::start(const WalkSetup& setup) {
  if (!setup.m_ok) return end_with(Stage::stage1, FaultKind::configuration, 0);
  m_stages = setup.m_stages;
  if (m_stages != Stages::stage1) {
    m_stage2 = setup.m_stage2;
    m_secure_stage2 = setup.m_secure_stage2;
  }
  if (m_stages == Stages::stage2) {
    m_result.ipa = m_request.va;
    m_rules.space = setup.m_rules.space;
    // A Non-secure configuration has one IPA space.
    const bool secure =
        setup.m_rules.space == AddressSpace::secure && m_request.space == AddressSpace::secure;
    return start_stage2(m_request.va, secure ? AddressSpace::secure : AddressSpace::non_secure,
                        LookupUse::input);
  }
  m_rules = setup.m_rules;
  if (setup.m_stage1[0].format == Format::v7s) return start_v7s(setup);
  start_long(setup);
}

// Of m_op, what all reads of stage 1 share; those of stage 2 between them undo it.
void Walk::prepare_stage1_op(Attributes memory) {
  m_op.size = m_stage1.format == Format::v7s ? 4 : 8;
  m_op.big_endian = m_stage1.big_endian;
  m_op.attributes = m_stage1.walk_attributes;
  m_op.memory = memory;
  m_op.stage = Stage::stage1;
}

void Walk::start_at_base() {
  if (!asks()) return;
  const bool stage2 = m_state == State::stage2_question;
  m_state = State::memory;
  m_found = Found::nothing;
  if (stage2) {
    m_stage2_level = ipa_tables().start_level;
    m_stage2_table = ipa_tables().base;
    return need_stage2(ipa_tables().first_index_bits);
  }
  if (m_stages == Stages::stage1) prepare_stage1_op(m_stage1.memory);
  const std::uint64_t va = m_request.va;
  if (m_stage1.format == Format::v7s) {
    const std::uint64_t index = (va >> sd::section_shift) & low_bits(m_stage1.first_index_bits);
    return need_stage1(m_stage1.base | index << sd::descriptor_size_shift);
  }
  m_level = m_stage1.start_level;
  m_table = m_stage1.base;
  need_stage1(descriptor_address(m_stage1, m_table, m_level, va, m_stage1.first_index_bits));
}

Step Walk::step_from_base() {
  start_at_base();
  if (m_state != State::memory) return step();  // the descriptor of a first table can have an IPA
  m_asked = true;
  return Step::need;
}

bool Walk::start_at(const TablePointer& table) {
  if (!asks() || !is_possible(table)) return false;
  m_state = State::memory;
  m_found = Found::nothing;
  if (table.stage == Stage::stage2) {
    m_stage2_level = table.level;
    m_stage2_table = table.address;
    need_stage2(ipa_tables().stride);
    return true;
  }
  if (m_stages == Stages::stage1) prepare_stage1_op(m_stage1.memory);
  m_level = table.level;
  m_table_space = table.space;
  const std::uint64_t va = m_request.va;
  if (m_stage1.format == Format::v7s) {
    m_v7s_table = table.v7s_descriptor;
    m_result.domain = static_cast<std::uint8_t>(sd::domain_of(m_v7s_table));
    need_stage1(sd::level2_address(m_v7s_table, va));
    return true;
  }
  m_table = table.address;
  m_table_permissions = table.permissions;
  need_stage1(descriptor_address(m_stage1, m_table, m_level, va, m_stage1.stride));
  return true;
}

void Walk::complete(const MemoryResponse& response) {
  if (!m_asked) return;
  m_asked = false;
  m_found = Found::nothing;
  if (response.status != MemoryStatus::ok) return take_abort(response.status);
  switch (m_phase) {
    case Phase::stage1_read:
      return take_stage1(response.data);
    case Phase::stage2_read:
      return take_stage2(response.data);
    case Phase::stage1_update:
    case Phase::stage2_update:
      return take_update(response.data);
  }
}

// A stage 1 descriptor lies at an IPA where there is a stage 2.
void Walk::need_stage1(std::uint64_t address) {
  if (m_stages == Stages::stage1) return read_next_stage1(address);
  m_descriptor_ipa = address;
  m_update_translated = false;
  start_stage2(address, m_table_space, LookupUse::table_read);
}

void Walk::read_stage1(std::uint64_t address) {
  prepare_stage1_op(m_table_memory);
  read_next_stage1(address);
}

void Walk::read_next_stage1(std::uint64_t address) {
  m_phase = Phase::stage1_read;
  m_op.kind = MemoryOpKind::read;
  m_op.space = descriptor_space();
  m_op.level = m_level;
  m_op.address = address;
  m_result.descriptors.add(address);
}

void Walk::take_stage1(std::uint64_t descriptor) {
  if (m_stage1.format == Format::v7s) return take_v7s(static_cast<std::uint32_t>(descriptor));
  switch (kind_of(m_stage1.kinds, m_level, descriptor)) {
    case Kind::table:
      return take_stage1_table(descriptor);
    case Kind::leaf:
      return take_stage1_leaf(descriptor);
    default:
      return end_with(Stage::stage1, FaultKind::translation, m_level);
  }
}

// The update of a stage 1 descriptor is a write to its IPA: stage 2 has to allow it (DDI 0487 D8.5,
// pseudocode AArch64.S1Translate).
void Walk::need_stage1_update(std::uint64_t descriptor, std::uint64_t desired) {
  m_update_expected = descriptor;
  m_update_desired = desired;
  if (m_stages == Stages::nested && !m_update_translated) {
    return start_stage2(m_descriptor_ipa, m_table_space, LookupUse::table_update);
  }
  compare_and_swap(Phase::stage1_update, m_op.address, descriptor, desired);
}

void Walk::finish_stage1() {
  m_result.stage1_rights = m_result.rights;
  if (m_stages == Stages::stage1 || m_request.stage1_only) {
    m_result.stage2_rights.bits = Rights::all;
    m_state = State::done;
    return;
  }
  m_result.ipa = m_result.output;
  start_stage2(m_result.ipa, m_result.space, LookupUse::input);
}

void Walk::compare_and_swap(Phase phase, std::uint64_t address, std::uint64_t expected,
                            std::uint64_t desired) {
  const bool stage1 = phase == Phase::stage1_update;
  const Lookup& l = stage1 ? m_stage1 : ipa_tables();
  m_phase = phase;
  m_op.kind = MemoryOpKind::compare_and_swap;
  m_op.size = 8;
  m_op.big_endian = l.big_endian;
  m_op.space = stage1 ? descriptor_space() : ipa_tables().table_space;
  m_op.attributes = l.walk_attributes;
  m_op.memory = stage1 && m_stages == Stages::nested ? m_table_memory : l.memory;
  m_op.stage = stage1 ? Stage::stage1 : Stage::stage2;
  m_op.level = stage1 ? m_level : m_stage2_level;
  m_op.address = address;
  m_op.expected = expected;
  m_op.desired = desired;
}

// Done or overtaken, the descriptor is looked at afresh as it now is: an updated one needs no second update.
void Walk::take_update(std::uint64_t before) {
  std::uint64_t now = before;
  if (before == m_op.expected) {
    m_result.updates.add({m_op.address, m_op.expected, m_op.desired, m_op.stage, m_op.level});
    now = m_op.desired;
  } else if (m_retries++ == max_retries) {
    return take_abort(MemoryStatus::unsupported_atomic);
  }
  if (m_phase == Phase::stage2_update) return take_stage2(now);
  m_update_translated = true;
  take_stage1(now);
}

void Walk::take_abort(MemoryStatus status) {
  const bool no_atomic =
      status == MemoryStatus::unsupported_atomic && m_op.kind == MemoryOpKind::compare_and_swap;
  m_result.fault.table_address = m_op.address;
  end_with(m_op.stage, no_atomic ? FaultKind::unsupported_atomic : FaultKind::external_abort, m_op.level);
  // IHI 0070 7.3.12: stage 2 of the input is of class IN, whatever access of it was aborted.
  if (m_op.stage == Stage::stage2) return;
  m_result.fault.fault_class = FaultClass::table;
  if (m_stages == Stages::nested) m_result.fault.table_ipa = m_descriptor_ipa;
}

void Walk::end_with(Stage stage, FaultKind kind, int level) {
  Fault& f = m_result.fault;
  f.kind = kind;
  f.stage = stage;
  f.level = static_cast<std::int8_t>(level);
  f.domain = m_result.domain;
  f.access = m_request.access;
  f.privileged = m_request.privileged;
  f.va = m_request.va;
  if (stage == Stage::stage2) {
    f.ipa = m_ipa;
    f.ipa_space = m_ipa_space;
    f.on_table_walk = m_use != LookupUse::input;
    f.table_update = m_use == LookupUse::table_update;
    f.fault_class = f.on_table_walk ? FaultClass::table : FaultClass::input;
  }
  m_state = State::done;
}

// Whether the state is one that a walk can be in: an archive may hold anything. Whatever a walk shifts by or
// indexes with is looked at; its other members may hold any value.
bool Walk::is_consistent() const {
  const Result& r = m_result;
  if (r.range > 1 || r.stage1.block_shift > 52 || r.stage2.block_shift > 52 || r.block_shift > 52 ||
      r.range_shift > 52 || r.stage1.range_shift > 52) {
    return false;
  }
  if (m_state > State::done || m_found > Found::stage2) return false;
  const auto is_lookup = [](const Lookup& l, int level) {
    const bool granule = (l.granule_shift == 12 && l.stride == 9) ||
                         (l.granule_shift == 14 && l.stride == 11) ||
                         (l.granule_shift == 16 && l.stride == 13);
    bool good = granule && l.input_bits <= 52 && l.first_index_bits <= l.stride + 4 && l.output_size >= 32 &&
                l.output_size <= 52 && l.high_shift <= 42 &&
                (l.address_mask & low_bits(l.granule_shift)) == 0 && (l.base & low_bits(3)) == 0;
    good = good && (l.high_mask == 0 || (l.high_mask == 0xf000 && l.high_shift == 36) ||
                    (l.high_mask == 0x0300 && l.high_shift == 42));
    for (const int n : {level, static_cast<int>(l.start_level)}) {  // nested: stage 2 starts again and again
      good = good && n >= first_level && n <= last_level && level_shift(l, n) < 64;
    }
    for (const std::uint8_t c : l.contiguous) good = good && c <= 7;
    for (unsigned type = 0; type < 4; ++type) {
      good = good && kind_of(l.kinds, last_level, type) != Kind::table;
      good = good && kind_of(l.kinds, first_level, type) != Kind::leaf;
    }
    return good;
  };
  // found_stage2() looks at the descriptor again.
  if (m_found == Found::stage2 && (m_stage2_level < 0 || !is_lookup(ipa_tables(), m_stage2_level)))
    return false;
  if (m_state == State::done) return true;
  if (m_asked && m_state != State::memory) return false;
  if (m_phase > Phase::stage2_update || m_stages > Stages::nested || m_use > LookupUse::table_update)
    return false;
  const bool v7s = m_stage1.format == Format::v7s;
  const bool stage1 = m_stages != Stages::stage2;
  if (stage1 && !v7s && !is_lookup(m_stage1, m_level)) return false;
  if (stage1 && v7s && m_stage1.output_size > 52) return false;
  if (stage1 && v7s && (m_level < 1 || m_level > 2 || m_use == LookupUse::table_update)) return false;
  if (m_stages != Stages::stage1) {
    // What a walk goes on with may be an IPA of the other space.
    const bool secure = m_rules.space == AddressSpace::secure;
    const auto is_space = [secure](AddressSpace space) {
      return space == AddressSpace::non_secure || (secure && space == AddressSpace::secure);
    };
    if (!is_space(m_ipa_space) || !is_space(m_table_space) || !is_space(r.space)) return false;
    if (!is_lookup(ipa_tables(), m_stage2_level) || !is_lookup(m_stage2, m_stage2.start_level)) return false;
    if (secure && !is_lookup(m_secure_stage2, m_secure_stage2.start_level)) return false;
  }
  const unsigned descriptor_size = v7s ? 4 : 8;  // of stage 1
  const std::uint64_t table_ipa = m_use == LookupUse::input ? 0 : m_ipa;
  if (stage1 && ((m_descriptor_ipa | table_ipa) & (descriptor_size - 1)) != 0) return false;
  if (m_retries > max_retries) return false;
  // There is no operation yet.
  if (m_state == State::stage1_question) {
    return stage1 && m_stage1.first_index_bits < 64 && (m_stage1.base & (descriptor_size - 1)) == 0;
  }
  if (m_state == State::stage2_question)
    return m_stages != Stages::stage1 && !exceeds(m_ipa, ipa_tables().input_bits);
  const bool in_stage2 = m_phase == Phase::stage2_read || m_phase == Phase::stage2_update;
  if (in_stage2 ? m_stages == Stages::stage1 : !stage1) return false;
  if (m_stages == Stages::stage2 && m_use != LookupUse::input) return false;
  const bool update = m_phase == Phase::stage1_update || m_phase == Phase::stage2_update;
  const unsigned size = in_stage2 ? 8 : descriptor_size;
  return (m_op.address & (size - 1)) == 0 && m_op.size == size &&
         m_op.kind == (update ? MemoryOpKind::compare_and_swap : MemoryOpKind::read) &&
         !(update && size == 4);
}

const char* place_words(const Fault& fault) {
  constexpr const char* words[2][5] = {
      {"stage 1 level -1", "stage 1 level 0", "stage 1 level 1", "stage 1 level 2", "stage 1 level 3"},
      {"stage 2 level -1", "stage 2 level 0", "stage 2 level 1", "stage 2 level 2", "stage 2 level 3"}};
  constexpr const char* of_table[5] = {"stage 2 level -1, of a table", "stage 2 level 0, of a table",
                                       "stage 2 level 1, of a table", "stage 2 level 2, of a table",
                                       "stage 2 level 3, of a table"};
  const unsigned level = static_cast<unsigned>(fault.level + 1) % 5;
  if (fault.stage == Stage::stage1) return words[0][level];
  return fault.on_table_walk ? of_table[level] : words[1][level];
}

const char* to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::none:
      return "none";
    case FaultKind::translation:
      return "translation";
    case FaultKind::address_size:
      return "address size";
    case FaultKind::access_flag:
      return "access flag";
    case FaultKind::permission:
      return "permission";
    case FaultKind::domain:
      return "domain";
    case FaultKind::external_abort:
      return "external abort on a table access";
    case FaultKind::unsupported_atomic:
      return "unsupported atomic update of a table";
    case FaultKind::configuration:
      return "configuration";
  }
  return "?";
}

}  // namespace smmuvp::pgtable
