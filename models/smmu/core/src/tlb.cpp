#include "smmuvp/smmu/tlb.h"

#include "smmuvp/smmu/attributes.h"
#include "smmuvp/smmu/tbu.h"

namespace smmuvp::smmu {

void TlbEntry::visit(Archive& archive) {
  archive.value("output", output);
  archive.value("rights", rights.bits);
  archive.value("memory", attributes.memory);
  archive.value("SH", attributes.SH);
  archive.value("MemAttr", stage2_attributes.MemAttr);
  archive.value("stage2_SH", stage2_attributes.SH);
  archive.value("space", space);
}

void FinishedAnswer::work_out() {
  hints = allocation_hints(attributes.memory);
  served = 0;
  passed_on = 0;
  for (const bool write : {false, true}) {
    for (const bool privileged_in : {false, true}) {
      for (const bool instruction_in : {false, true}) {
        AccessRequest request;
        request.kind = write ? AccessKind::write : AccessKind::read;
        request.privileged = privileged_in;
        request.instruction = instruction_in;
        AccessAnswer answer;
        apply(*this, request, 0, answer);
        const unsigned index = index_of(write, privileged_in, instruction_in);
        if (serves(*this, request)) served = static_cast<std::uint8_t>(served | 1U << index);
        const unsigned out = (answer.instruction ? 2U : 0U) | (answer.privileged ? 1U : 0U);
        passed_on = static_cast<std::uint16_t>(passed_on | out << 2 * index);
      }
    }
  }
}

void FinishedAnswer::visit(Archive& archive) {
  archive.value("output", output);
  archive.value("memory", attributes.memory);
  archive.value("SH", attributes.SH);
  archive.value("space", space);
  archive.value("rights", rights.bits);
  archive.value("privileged_keep", privileged.keep);
  archive.value("privileged_force", privileged.force);
  archive.value("instruction_keep", instruction.keep);
  archive.value("instruction_force", instruction.force);
  archive.value("of_default_attributes", of_default_attributes);
  archive.value("translated", translated);
  if (archive.loading()) work_out();
}

}  // namespace smmuvp::smmu
