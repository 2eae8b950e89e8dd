// Walk::visit(), for whoever saves walks. Archive is any type with begin(name), end(), value(name, v&),
// loading() and fail(name, why); this library depends on none in particular.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {
namespace detail {

template <class Archive>
void visit(Archive& archive, WalkAttributes& a) {
  archive.value("IRGN", a.IRGN);
  archive.value("ORGN", a.ORGN);
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
  archive.value("stage", op.stage);
  archive.value("level", op.level);
  archive.value("address", op.address);
  archive.value("expected", op.expected);
  archive.value("desired", op.desired);
  archive.end();
}

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
  archive.value("va", f.va);
  archive.value("ipa", f.ipa);
  archive.value("table_address", f.table_address);
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
void visit(Archive& archive, DescriptorTrace& trace) {
  archive.begin("descriptors");
  std::uint64_t count = trace.size();
  archive.value("count", count);
  const DescriptorTrace saved = trace;
  if (archive.loading()) {
    trace = DescriptorTrace();
    if (count > DescriptorTrace::capacity) {
      archive.fail("count", "more descriptors than a walk reads");
      count = 0;
    }
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t address = archive.loading() ? 0 : saved[i];
    archive.value("address", address);
    if (archive.loading()) trace.add(address);
  }
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
  archive.value("memory", r.attributes.memory);
  archive.value("SH", r.attributes.SH);
  archive.value("space", r.space);
  archive.value("output", r.output);
  archive.value("ipa", r.ipa);
  visit(archive, "stage1", r.stage1);
  visit(archive, "stage2", r.stage2);
  archive.value("descriptors_written", r.descriptors_written);
  visit(archive, r.descriptors);
  archive.end();
}

}  // namespace detail

template <class Archive>
void Walk::visit(Archive& archive) {
  archive.begin("walk");
  archive.value("va", m_request.va);
  archive.value("access", m_request.access);
  archive.value("privileged", m_request.privileged);
  archive.value("side_effects", m_request.side_effects);
  archive.value("done", m_done);
  archive.value("asked", m_asked);
  archive.value("HPD", m_hpd);
  archive.value("WXN", m_wxn);
  archive.value("PAN", m_pan);
  archive.value("AFFD", m_affd);
  archive.value("output_size", m_output_size);
  archive.value("ia_bits", m_ia_bits);
  archive.value("space", m_space);
  archive.value("MAIR", m_mair);
  archive.value("level", m_level);
  archive.value("table_permissions", m_table_permissions);
  archive.value("table_space", m_table_space);
  archive.value("table", m_table);
  detail::visit(archive, m_op);
  detail::visit(archive, m_result);
  archive.end();
  if (archive.loading() && !is_consistent()) {
    archive.fail("walk", "no walk can be in this state");
    m_result = Result();
    end_with(FaultKind::configuration);
  }
}

}  // namespace smmuvp::pgtable
