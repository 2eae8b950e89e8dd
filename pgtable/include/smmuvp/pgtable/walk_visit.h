// Walk::visit(), for whoever saves walks. Archive is any type with begin(name), end(), value(name, v&),
// loading() and fail(name, why); this library depends on none in particular.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {

/// For whoever saves faults.
template <class Archive>
void visit(Archive& archive, Fault& f) {
  archive.begin("fault");
  archive.value("kind", f.kind);
  archive.value("stage", f.stage);
  archive.value("level", f.level);
  archive.value("class", f.fault_class);
  archive.value("domain", f.domain);
  archive.value("access", f.access);
  archive.value("privileged", f.privileged);
  archive.value("on_table_walk", f.on_table_walk);
  archive.value("table_update", f.table_update);
  archive.value("va", f.va);
  archive.value("ipa", f.ipa);
  archive.value("ipa_space", f.ipa_space);
  archive.value("table_address", f.table_address);
  archive.value("table_ipa", f.table_ipa);
  archive.value("rights", f.rights.bits);
  archive.end();
}

namespace detail {

template <class Archive>
void visit(Archive& archive, WalkAttributes& a) {
  archive.value("IRGN", a.IRGN);
  archive.value("ORGN", a.ORGN);
  archive.value("SH", a.SH);
}

template <class Archive>
void visit(Archive& archive, Attributes& a) {
  archive.value("memory", a.memory);
  archive.value("SH", a.SH);
}

template <class Archive>
void visit(Archive& archive, MemoryOp& op) {
  archive.begin("op");
  archive.value("kind", op.kind);
  archive.value("size", op.size);
  archive.value("big_endian", op.big_endian);
  archive.value("space", op.space);
  visit(archive, op.attributes);
  visit(archive, op.memory);
  archive.value("stage", op.stage);
  archive.value("level", op.level);
  archive.value("address", op.address);
  archive.value("expected", op.expected);
  archive.value("desired", op.desired);
  archive.end();
}

template <class Archive>
void visit(Archive& archive, const char* name, Leaf& l) {
  archive.begin(name);
  archive.value("valid", l.valid);
  archive.value("level", l.level);
  archive.value("block_shift", l.block_shift);
  archive.value("range_shift", l.range_shift);
  archive.value("descriptor", l.descriptor);
  archive.end();
}

template <class Archive>
void visit(Archive& archive, std::uint64_t& address) {
  archive.value("address", address);
}

template <class Archive>
void visit(Archive& archive, DescriptorUpdate& u) {
  archive.value("address", u.address);
  archive.value("before", u.before);
  archive.value("after", u.after);
  archive.value("stage", u.stage);
  archive.value("level", u.level);
}

template <class Archive, class Value, std::size_t N>
void visit(Archive& archive, const char* name, WalkList<Value, N>& list) {
  archive.begin(name);
  std::uint64_t count = list.size();
  archive.value("count", count);
  const WalkList<Value, N> saved = list;
  if (archive.loading()) {
    list = WalkList<Value, N>();
    if (count > N) {
      archive.fail("count", "more than a walk makes");
      count = 0;
    }
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    Value value = archive.loading() ? Value{} : saved[i];
    visit(archive, value);
    if (archive.loading()) list.add(value);
  }
  archive.end();
}

template <class Archive>
void visit(Archive& archive, const char* name, Lookup& l) {
  archive.begin(name);
  archive.value("base", l.base);
  archive.value("address_mask", l.address_mask);
  archive.value("high_mask", l.high_mask);
  archive.value("kinds", l.kinds);
  archive.value("high_shift", l.high_shift);
  archive.value("granule_shift", l.granule_shift);
  archive.value("stride", l.stride);
  archive.value("input_bits", l.input_bits);
  archive.value("first_index_bits", l.first_index_bits);
  archive.value("output_size", l.output_size);
  archive.value("start_level", l.start_level);
  archive.value("input_fault_level", l.input_fault_level);
  for (std::uint8_t& entries : l.contiguous) archive.value("contiguous", entries);
  archive.value("format", l.format);
  visit(archive, l.walk_attributes);
  visit(archive, l.memory);
  archive.value("base_beyond_output", l.base_beyond_output);
  archive.value("big_endian", l.big_endian);
  archive.value("AFFD", l.AFFD);
  archive.value("HA", l.HA);
  archive.value("HD", l.HD);
  archive.value("DS", l.DS);
  archive.value("EPD", l.EPD);
  archive.value("TBI", l.TBI);
  archive.value("HPD", l.HPD);
  archive.value("E0PD", l.E0PD);
  archive.value("NS", l.NS);
  archive.value("PTW", l.PTW);
  archive.value("PTWNNC", l.PTWNNC);
  archive.value("FWB", l.FWB);
  archive.value("XNX", l.XNX);
  archive.value("SMMUv2", l.SMMUv2);
  archive.value("table_space", l.table_space);
  archive.value("output_space", l.output_space);
  archive.end();
}

}  // namespace detail

/// For whoever saves what caches keep. A walk looks at what it is given: what was restored may hold anything.
template <class Archive>
void visit(Archive& archive, TablePointer& t) {
  archive.begin("table");
  archive.value("stage", t.stage);
  archive.value("level", t.level);
  archive.value("region_shift", t.region_shift);
  archive.value("permissions", t.permissions);
  archive.value("space", t.space);
  archive.value("v7s_descriptor", t.v7s_descriptor);
  archive.value("address", t.address);
  archive.end();
}

/// Likewise.
template <class Archive>
void visit(Archive& archive, Stage2Translation& t) {
  archive.begin("leaf");
  archive.value("level", t.level);
  archive.value("block_shift", t.block_shift);
  archive.value("range_shift", t.range_shift);
  archive.value("rights", t.rights.bits);
  archive.value("MemAttr", t.attributes.MemAttr);
  archive.value("SH", t.attributes.SH);
  archive.value("output", t.output);
  archive.value("descriptor", t.descriptor);
  archive.end();
}

namespace detail {

template <class Archive>
void visit(Archive& archive, V7sConfig& v) {
  archive.begin("v7s");
  archive.value("N", v.N);
  archive.value("DACR", v.DACR);
  archive.value("AFE", v.AFE);
  archive.value("TRE", v.TRE);
  archive.value("PRRR", v.PRRR);
  archive.value("NMRR", v.NMRR);
  archive.end();
}

template <class Archive>
void visit(Archive& archive, Result& r) {
  archive.begin("result");
  visit(archive, r.fault);
  archive.value("va", r.va);
  archive.value("range", r.range);
  archive.value("nG", r.nG);
  archive.value("block_shift", r.block_shift);
  archive.value("range_shift", r.range_shift);
  archive.value("domain", r.domain);
  archive.value("rights", r.rights.bits);
  archive.value("stage1_rights", r.stage1_rights.bits);
  archive.value("stage2_rights", r.stage2_rights.bits);
  archive.value("memory", r.attributes.memory);
  archive.value("SH", r.attributes.SH);
  archive.value("MemAttr", r.stage2_attributes.MemAttr);
  archive.value("stage2_SH", r.stage2_attributes.SH);
  archive.value("stage2_allocation", r.stage2_attributes.allocation);
  archive.value("space", r.space);
  archive.value("output", r.output);
  archive.value("ipa", r.ipa);
  visit(archive, "stage1", r.stage1);
  visit(archive, "stage2", r.stage2);
  visit(archive, "descriptors", r.descriptors);
  visit(archive, "updates", r.updates);
  archive.end();
}

}  // namespace detail

template <class Archive>
void WalkSetup::visit(Archive& archive) {
  archive.begin("setup");
  archive.value("ok", m_ok);
  archive.value("stages", m_stages);
  archive.value("two_ranges", m_two_ranges);
  archive.value("unprivileged", m_rules.unprivileged);
  archive.value("WXN", m_rules.wxn);
  archive.value("UWXN", m_rules.uwxn);
  archive.value("PAN", m_rules.pan);
  archive.value("EPAN", m_rules.epan);
  archive.value("SIF", m_rules.sif);
  archive.value("space", m_rules.space);
  archive.value("MAIR", m_rules.mair);
  detail::visit(archive, m_v7s);
  for (std::uint8_t& txsz : m_txsz) archive.value("TxSZ", txsz);
  for (detail::Lookup& range : m_stage1) detail::visit(archive, "stage1", range);
  detail::visit(archive, "stage2", m_stage2);
  detail::visit(archive, "secure_stage2", m_secure_stage2);
  archive.end();
}

template <class Archive>
void Walk::visit(Archive& archive) {
  archive.begin("walk");
  archive.value("va", m_request.va);
  archive.value("access", m_request.access);
  archive.value("privileged", m_request.privileged);
  archive.value("request_space", m_request.space);
  archive.value("table", m_request.table);
  archive.value("side_effects", m_request.side_effects);
  archive.value("stage1_only", m_request.stage1_only);
  archive.value("DIPAN", m_request.DIPAN);
  archive.value("state", m_state);
  archive.value("asked", m_asked);
  archive.value("found", m_found);
  archive.value("phase", m_phase);
  archive.value("stages", m_stages);
  detail::visit(archive, "stage1", m_stage1);
  detail::visit(archive, "stage2", m_stage2);
  detail::visit(archive, "secure_stage2", m_secure_stage2);
  archive.value("unprivileged", m_rules.unprivileged);
  archive.value("WXN", m_rules.wxn);
  archive.value("UWXN", m_rules.uwxn);
  archive.value("PAN", m_rules.pan);
  archive.value("EPAN", m_rules.epan);
  archive.value("SIF", m_rules.sif);
  archive.value("space", m_rules.space);
  archive.value("MAIR", m_rules.mair);
  detail::visit(archive, m_v7s);
  archive.value("level", m_level);
  archive.value("table_permissions", m_table_permissions);
  archive.value("table_space", m_table_space);
  archive.value("v7s_table", m_v7s_table);
  detail::visit(archive, m_table_memory);
  archive.value("table_output_space", m_table_output_space);
  archive.value("table", m_table);
  archive.value("descriptor_ipa", m_descriptor_ipa);
  archive.value("update_expected", m_update_expected);
  archive.value("update_desired", m_update_desired);
  archive.value("update_translated", m_update_translated);
  archive.value("use", m_use);
  archive.value("stage2_level", m_stage2_level);
  archive.value("ipa", m_ipa);
  archive.value("ipa_space", m_ipa_space);
  archive.value("stage2_table", m_stage2_table);
  archive.value("stage2_leaf", m_stage2_leaf);
  archive.value("stage2_rights", m_stage2_rights.bits);
  archive.value("unaccessed", m_unaccessed);
  archive.value("retries", m_retries);
  detail::visit(archive, m_op);
  detail::visit(archive, m_result);
  archive.end();
  if (archive.loading() && !is_consistent()) {
    archive.fail("walk", "no walk can be in this state");
    m_result = Result();
    m_found = Found::nothing;
    end_with(Stage::stage1, FaultKind::configuration, 0);
  }
}

}  // namespace smmuvp::pgtable
