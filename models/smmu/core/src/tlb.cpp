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
  archive.value("stage2_allocation", stage2_attributes.allocation);
  archive.value("space", space);
  archive.value("of_unprivileged", of_unprivileged);
  archive.value("pbha", pbha);
  if (pbha <= 0xf) return;
  archive.fail("pbha", "four bits of a descriptor");
  pbha = 0;
}

void FinishedAnswer::work_out() {
  hints = allocation_hints(attributes.memory) & 0xfU;
  served = 0;
  passed_on = 0;
  for (unsigned index = 0; index < 8; ++index) {
    const bool write = (index & 4U) != 0;
    const bool as_instruction = !write && instruction.of((index & 2U) != 0);
    const bool as_privileged = privileged.of((index & 1U) != 0);
    if (permits(*this, write ? AccessKind::write : AccessKind::read, as_privileged, as_instruction)) {
      served = static_cast<std::uint8_t>(served | 1U << index);
    }
    const unsigned out = data_privileged ? 1U : (as_instruction ? 2U : 0U) | (as_privileged ? 1U : 0U);
    passed_on = static_cast<std::uint16_t>(passed_on | out << 2 * index);
  }
}

void FinishedAnswer::visit(Archive& archive) {
  archive.value("output", output);
  archive.value("memory", attributes.memory);
  archive.value("SH", attributes.SH);
  archive.value("space", space);
  std::uint8_t PBHA = pbha;
  archive.value("pbha", PBHA);
  if (PBHA > 0xf) archive.fail("pbha", "four bits of a descriptor");
  pbha = PBHA & 0xfU;
  mpam.visit(archive);
  archive.value("rights", rights.bits);
  archive.value("privileged_keep", privileged.keep);
  archive.value("privileged_force", privileged.force);
  archive.value("instruction_keep", instruction.keep);
  archive.value("instruction_force", instruction.force);
  archive.value("of_default_attributes", of_default_attributes);
  archive.value("translated", translated);
  archive.value("data_privileged", data_privileged);
  archive.value("counter", counter);
  if (counter >= TbuCounters::hit_counters) {
    archive.fail("counter", "no counter has this number");
    counter = 0;
  }
  if (archive.loading()) work_out();
}

}  // namespace smmuvp::smmu
