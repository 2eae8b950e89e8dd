#include "smmuvp/smmu/tlb.h"

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
  archive.value("hints", hints);
}

}  // namespace smmuvp::smmu
