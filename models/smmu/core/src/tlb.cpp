#include "smmuvp/smmu/tlb.h"

namespace smmuvp::smmu {

void TlbEntry::visit(Archive& archive) {
  archive.value("output", output);
  archive.value("ipa", ipa);
  archive.value("rights", rights.bits);
  archive.value("stage1_rights", stage1_rights.bits);
  archive.value("stage2_rights", stage2_rights.bits);
  archive.value("memory", attributes.memory);
  archive.value("SH", attributes.SH);
  archive.value("MemAttr", stage2_attributes.MemAttr);
  archive.value("stage2_SH", stage2_attributes.SH);
  archive.value("space", space);
}

}  // namespace smmuvp::smmu
