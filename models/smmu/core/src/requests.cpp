// Saving what SMMUs are asked, and what they ask of memory.
#include <algorithm>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

namespace {

using Data = std::array<std::uint8_t, MemoryOp::max_size>;

void visit_data(Archive& archive, Data& data) {
  for (unsigned i = 0; i < data.size() / 8; ++i) {
    std::uint64_t word = load_word(data, i);
    archive.value("word", word);
    store_word(data, i, word);
  }
}

void visit_attributes(Archive& archive, Attributes& attributes) {
  archive.value("memory", attributes.memory);
  archive.value("SH", attributes.SH);
}

}  // namespace

void MpamLabel::visit(Archive& archive) {
  archive.value("partid", partid);
  archive.value("pmg", pmg);
  archive.value("partid_space", space);
}

void MpamLabels::visit(Archive& archive) {
  access.visit(archive);
  structures.visit(archive);
}

void MemoryOp::visit(Archive& archive) {
  archive.begin("op");
  archive.value("kind", kind);
  archive.value("size", size);
  archive.value("space", space);
  visit_attributes(archive, attributes);
  mpam.visit(archive);
  archive.value("address", address);
  visit_data(archive, data);
  archive.value("expected", expected);
  archive.time("time", time);
  // A physical address has 52 bits; parts of 8 bytes and less are aligned.
  const bool placed = address >> 52U == 0 && (size == 0 || address % std::min<unsigned>(size, 8) == 0);
  const bool known = space <= AddressSpace::secure && mpam.space <= AddressSpace::secure;
  if (kind > MemoryOpKind::compare_and_swap || size > max_size || !placed || !known) {
    archive.fail("kind", "no operation that an SMMU sends");
    *this = {};
  }
  archive.end();
}

void MemoryAnswer::visit(Archive& archive) {
  archive.begin("answer");
  archive.value("status", status);
  visit_data(archive, data);
  archive.time("time", time);
  if (status > MemoryStatus::unsupported_atomic) {
    archive.fail("status", "no answer that memory gives");
    status = MemoryStatus::external_abort;
  }
  archive.end();
}

void AccessRequest::visit(Archive& archive) {
  archive.begin("request");
  archive.value("address", address);
  archive.value("stream_id", stream_id);
  archive.value("substream_id", substream_id);
  archive.value("substream_valid", substream_valid);
  archive.value("space", space);
  archive.value("secure_stream", secure_stream);
  archive.value("kind", kind);
  archive.value("privileged", privileged);
  archive.value("instruction", instruction);
  archive.value("unsupported", unsupported);
  archive.value("ats", ats);
  archive.value("no_write", no_write);
  archive.value("last", page_request.last);
  archive.value("read", page_request.read);
  archive.value("write", page_request.write);
  archive.value("PRGI", page_request.PRGI);
  archive.value("debug", debug);
  archive.value("can_wait", can_wait);
  visit_attributes(archive, attributes);
  archive.value("port", port);
  archive.moment("time", time);
  if (kind > AccessKind::translate || unsupported > Unsupported::identity || ats > AtsPhase::page_request ||
      page_request.PRGI > 0x1ff) {
    archive.fail("kind", "no access that a client makes");
    *this = {};
  }
  archive.end();
}

void AtsAnswer::visit(Archive& archive) {
  archive.value("status", status);
  archive.value("read", read);
  archive.value("write", write);
  archive.value("execute", execute);
  archive.value("privileged", privileged);
  archive.value("size_shift", size_shift);
  archive.value("translated_address", translated_address);
  if (status > AtsStatus::completer_abort || size_shift < 12 || size_shift >= 64) {
    archive.fail("status", "no answer to a Translation Request");
    *this = {};
  }
}

void AccessAnswer::visit(Archive& archive) {
  archive.begin("answer");
  archive.value("outcome", outcome);
  archive.value("output", output);
  archive.value("region_shift", region_shift);
  archive.value("space", space);
  visit_attributes(archive, attributes);
  archive.value("pbha", pbha);
  pbha &= 0xfU;
  mpam.visit(archive);
  archive.value("privileged", privileged);
  archive.value("instruction", instruction);
  archive.value("tlb_hit", tlb_hit);
  archive.time("time", time);
  ats.visit(archive);
  if (outcome > Outcome::answered || region_shift >= 64) {
    archive.fail("outcome", "no end that an access has");
    *this = {};
  }
  archive.end();
}

}  // namespace smmuvp::smmu
